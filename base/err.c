/* err.c - see err.h. */
#include "base/err.h"

#include <stdarg.h>
#include <string.h>

bool err_set(struct err *err, const char *sqlstate, const char *format, ...)
{
    struct arena *arena = err->arena;
    va_list args;
    va_start(args, format);
    const char *message = arena_vprintf(arena, format, args);
    va_end(args);
    *err = (struct err){.arena = arena, .message = message};
    memcpy(err->sqlstate, sqlstate, 6);
    return false;
}

bool err_detail(struct err *err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    err->detail = arena_vprintf(err->arena, format, args);
    va_end(args);
    return false;
}

bool err_hint(struct err *err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    err->hint = arena_vprintf(err->arena, format, args);
    va_end(args);
    return false;
}

bool err_position(struct err *err, int position)
{
    if (!err->position && position > 0)
        err->position = position;
    return false;
}

bool err_context(struct err *err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *context = arena_vprintf(err->arena, format, args);
    va_end(args);
    err->message = arena_printf(err->arena, "%s: %s", context, err->message ? err->message : "");
    return false;
}

bool err_is(const struct err *err, const char *sqlstate)
{
    return memcmp(err->sqlstate, sqlstate, 5) == 0;
}

void err_clear(struct err *err)
{
    *err = ERR_IN(err->arena);
}

static const char *copy_text(struct arena *arena, const char *text)
{
    return text ? arena_strdup(arena, text) : NULL;
}

void err_copy(struct err *to, const struct err *from)
{
    struct arena *arena = to->arena;
    *to = *from;
    to->arena = arena;
    to->message = copy_text(arena, from->message);
    to->detail = copy_text(arena, from->detail);
    to->hint = copy_text(arena, from->hint);
    to->where = copy_text(arena, from->where);
    to->schema = copy_text(arena, from->schema);
    to->table = copy_text(arena, from->table);
    to->column = copy_text(arena, from->column);
    to->datatype = copy_text(arena, from->datatype);
    to->constraint = copy_text(arena, from->constraint);
}
