/* err.h - an error is a value with a SQLSTATE.
 *
 * Fallible calls return false (or NULL) and fill `err`, which their caller made with ERR_IN().  All
 * strings live in err's arena.  The fields are those of PostgreSQL's ErrorResponse. */
#ifndef SHARDLITE_BASE_ERR_H
#define SHARDLITE_BASE_ERR_H

#include "base/arena.h"
#include "base/sqlstate.h"

struct err {
    struct arena *arena;
    char sqlstate[6]; /* empty: no error */
    const char *message, *detail, *hint, *where;
    int position; /* 1-based, in characters of the statement; 0 = none */
    const char *schema, *table, *column, *datatype, *constraint;
};

#define ERR_IN(arena_) ((struct err){.arena = (arena_)})

/* All return false, so that `return err_set(...)` ends a function.  `err_set` replaces what was there. */
bool err_set(struct err *err, const char *sqlstate, const char *format, ...) PRINTF_LIKE(3, 4);
bool err_detail(struct err *err, const char *format, ...) PRINTF_LIKE(2, 3);
bool err_hint(struct err *err, const char *format, ...) PRINTF_LIKE(2, 3);
/* 1-based character position; kept if one is set already (the innermost knows best). */
bool err_position(struct err *err, int position);
/* "message" becomes "<context>: message": for internal and I/O errors on their way out. */
bool err_context(struct err *err, const char *format, ...) PRINTF_LIKE(2, 3);
bool err_is(const struct err *err, const char *sqlstate);
void err_clear(struct err *err);
/* Deep copy into `to`'s arena. */
void err_copy(struct err *to, const struct err *from);

#endif
