/* array_text.c - arrays as text: {1,NULL,"a b"}, {{1,2},{3,4}}, [0:1]={1,2}.
 *
 * Reading takes two passes, so that a malformed literal is reported before any bad element in it:
 * the first walks the braces, finds the shape and notes where each element lies; the second
 * unquotes elements and has the element type read them. */
#include <stdlib.h>

#include "base/fiber.h"
#include "types/array_int.h"
#include "types/key.h"
#include "types/settings.h"
#include "types/text.h"

/* What has been seen last; decides what may follow. */
enum state { AT_START, LEVEL_OPENED, ITEM_DONE, ITEM_DELIMITED, LEVEL_CLOSED, LEVEL_DELIMITED };

struct item {
    const char *start, *end; /* without the quotes */
    bool quoted;
};

struct reader {
    const struct type_io *io;
    const char *text, *p, *end;
    char delim;
    enum state state;
    int depth, ndim;
    int32_t dims[ARRAY_MAX_DIMS], lbounds[ARRAY_MAX_DIMS];
    int32_t counts[ARRAY_MAX_DIMS]; /* of items so far, at each open level */
    bool known[ARRAY_MAX_DIMS];     /* dims[k] is settled by a closed level */
    VEC(struct item) items;
};

static bool malformed(const struct reader *r, const char *detail)
{
    err_set(r->io->err, ERR_INVALID_TEXT_REPRESENTATION, "malformed array literal: \"%.*s\"",
            (int)(r->end - r->text), r->text);
    return err_detail(r->io->err, "%s", detail);
}

static bool unexpected(const struct reader *r, char c)
{
    return malformed(r, arena_printf(r->io->arena, "Unexpected \"%c\" character.", c));
}

static bool too_many_dims(const struct reader *r, int n)
{
    return err_set(r->io->err, ERR_PROGRAM_LIMIT_EXCEEDED,
                   "number of array dimensions (%d) exceeds the maximum allowed (%d)", n,
                   ARRAY_MAX_DIMS);
}

static void skip_space(struct reader *r)
{
    while (r->p < r->end && is_space(*r->p))
        r->p++;
}

/* ---- [l:u][l:u]= ---- */

static bool take_int(struct reader *r, int32_t *out)
{
    char copy[16];
    size_t n = 0;
    const char *p = r->p;
    while (p < r->end && n < sizeof(copy) - 1 &&
           ((*p >= '0' && *p <= '9') || (n == 0 && (*p == '-' || *p == '+'))))
        copy[n++] = *p++;
    copy[n] = 0;
    char *stop;
    long v = strtol(copy, &stop, 10);
    if (stop == copy)
        return false;
    *out = v > INT32_MAX ? INT32_MAX : v < INT32_MIN ? INT32_MIN : (int32_t)v;
    r->p = p;
    return true;
}

static bool read_bounds(struct reader *r, int *ndim)
{
    for (*ndim = 0;; ++*ndim) {
        int32_t lower = 1, upper;
        skip_space(r);
        if (r->p == r->end || *r->p != '[')
            return true;
        r->p++;
        if (*ndim == ARRAY_MAX_DIMS)
            return too_many_dims(r, *ndim + 1);
        if (!take_int(r, &upper))
            return malformed(r, "\"[\" must introduce explicitly-specified array dimensions.");
        if (r->p < r->end && *r->p == ':') {
            r->p++;
            lower = upper;
            if (!take_int(r, &upper))
                return malformed(r, "Missing array dimension value.");
        }
        if (r->p == r->end || *r->p++ != ']')
            return malformed(r, "Missing \"]\" after array dimensions.");
        if (upper < lower)
            return err_set(r->io->err, ERR_ARRAY_SUBSCRIPT_ERROR,
                           "upper bound cannot be less than lower bound");
        if ((int64_t)upper - lower + 1 > ARRAY_MAX_ITEMS)
            return err_set(r->io->err, ERR_PROGRAM_LIMIT_EXCEEDED,
                           "array size exceeds the maximum allowed (%d)", ARRAY_MAX_ITEMS_TOLD);
        r->dims[*ndim] = upper - lower + 1;
        r->lbounds[*ndim] = lower;
    }
}

/* ---- braces ---- */

static bool open_level(struct reader *r)
{
    if (r->state != AT_START && r->state != LEVEL_OPENED && r->state != LEVEL_DELIMITED)
        return unexpected(r, '{');
    if (r->depth == ARRAY_MAX_DIMS)
        return too_many_dims(r, r->depth + 1);
    r->state = LEVEL_OPENED;
    r->counts[r->depth++] = 0;
    r->ndim = MAX(r->ndim, r->depth);
    r->p++;
    return true;
}

static bool close_level(struct reader *r)
{
    bool empty = r->state == LEVEL_OPENED && r->depth == 1;
    if (r->state != ITEM_DONE && r->state != LEVEL_CLOSED && !empty)
        return unexpected(r, '}');
    r->state = LEVEL_CLOSED;
    r->depth--;
    if (r->known[r->depth] && r->dims[r->depth] != r->counts[r->depth])
        return malformed(r,
                         "Multidimensional arrays must have sub-arrays with matching dimensions.");
    r->known[r->depth] = true;
    r->dims[r->depth] = r->counts[r->depth];
    if (r->depth)
        r->counts[r->depth - 1]++;
    r->p++;
    return true;
}

static bool take_delim(struct reader *r)
{
    if (r->state != ITEM_DONE && r->state != LEVEL_CLOSED)
        return unexpected(r, r->delim);
    r->state = r->state == LEVEL_CLOSED ? LEVEL_DELIMITED : ITEM_DELIMITED;
    r->p++;
    return true;
}

/* Stops at the closing quote. */
static bool skip_quoted(struct reader *r)
{
    for (; r->p < r->end && *r->p != '"'; r->p++)
        if (*r->p == '\\')
            r->p++;
    return r->p < r->end || malformed(r, "Unexpected end of input.");
}

static bool skip_plain(struct reader *r)
{
    for (; r->p < r->end && *r->p != r->delim && *r->p != '}'; r->p++) {
        if (*r->p == '{')
            return unexpected(r, '{');
        if (*r->p == '"')
            return malformed(r, "Unexpected array element.");
        if (*r->p == '\\')
            r->p++;
    }
    return r->p < r->end || malformed(r, "Unexpected end of input.");
}

static bool take_item(struct reader *r)
{
    if (r->state != LEVEL_OPENED && r->state != ITEM_DELIMITED)
        return *r->p == '\\' ? unexpected(r, '\\') : malformed(r, "Unexpected array element.");
    if (r->depth < r->ndim) /* an element where another sub-array has a level */
        return malformed(r,
                         "Multidimensional arrays must have sub-arrays with matching dimensions.");
    struct item item = {.quoted = *r->p == '"'};
    r->p += item.quoted;
    item.start = r->p;
    if (!(item.quoted ? skip_quoted(r) : skip_plain(r)))
        return false;
    item.end = r->p;
    r->p += item.quoted;
    VEC_PUSH(r->io->arena, &r->items, item);
    r->counts[r->depth - 1]++;
    r->state = ITEM_DONE;
    return true;
}

static bool read_braces(struct reader *r)
{
    do {
        skip_space(r);
        if (r->p == r->end)
            return malformed(r, "Unexpected end of input.");
        bool ok = *r->p == '{'        ? open_level(r)
                  : *r->p == '}'      ? close_level(r)
                  : *r->p == r->delim ? take_delim(r)
                                      : take_item(r);
        if (!ok)
            return false;
    } while (r->depth);
    skip_space(r);
    return r->p == r->end || malformed(r, "Junk after closing right brace.");
}

/* ---- elements ---- */

static bool is_null_word(const struct item *item)
{
    return !item->quoted && item->end - item->start == 4 &&
           strncasecmp(item->start, "NULL", 4) == 0;
}

/* Without backslashes, and without blanks around if it was not quoted (blanks behind a backslash
 * stay). */
static size_t unquote(const struct item *item, char *out)
{
    size_t n = 0, kept = 0;
    for (const char *p = item->start; p < item->end; p++) {
        bool escaped = *p == '\\' && p + 1 < item->end;
        p += escaped;
        out[n++] = *p;
        if (escaped || item->quoted || !is_space(*p))
            kept = n;
    }
    return kept;
}

static bool read_items(struct reader *r, struct datum *items)
{
    struct type_io io = *r->io;
    io.type = r->io->type->elem;
    char *text = arena_alloc(io.arena, (size_t)(r->end - r->text) + 1);
    for (size_t k = 0; k < r->items.n; k++) {
        struct item *item = &r->items.items[k];
        if (!item->quoted) {
            const char *trimmed = item->start;
            size_t length = (size_t)(item->end - item->start);
            while (length && is_space(trimmed[length - 1]))
                length--;
            struct item bare = {trimmed, trimmed + length, false};
            if (io.settings->array_nulls && is_null_word(&bare)) {
                items[k] = datum_null();
                continue;
            }
        }
        if (!type_in(&io, text, unquote(item, text), &items[k]))
            return false;
    }
    return true;
}

bool array_in(const struct type_io *io, const char *text, size_t n, struct datum *out)
{
    struct reader r = {
        .io = io, .text = text, .p = text, .end = text + n, .delim = io->type->elem->delim};
    int n_bounds;
    uint32_t n_items;
    if (!r.delim)
        r.delim = ',';
    if (!stack_check(io->err) || !read_bounds(&r, &n_bounds))
        return false;
    int32_t wanted[ARRAY_MAX_DIMS];
    memcpy(wanted, r.dims, sizeof(wanted));
    if (n_bounds) {
        if (r.p == r.end || *r.p++ != '=')
            return malformed(&r, "Missing \"=\" after array dimensions.");
        skip_space(&r);
    }
    if (r.p == r.end || *r.p != '{')
        return malformed(&r, n_bounds
                                 ? "Array contents must start with \"{\"."
                                 : "Array value must start with \"{\" or dimension information.");
    r.text = r.p; /* PostgreSQL's messages about what is inside start at the brace */
    if (!read_braces(&r))
        return false;
    r.text = text;
    if (!r.items.n)
        r.ndim = 0;
    if (n_bounds &&
        (n_bounds != r.ndim || memcmp(wanted, r.dims, (size_t)n_bounds * sizeof(int32_t)) != 0))
        return malformed(&r, "Specified array dimensions do not match array contents.");
    if (!array_count(io->err, r.ndim, r.dims, &n_items))
        return false;
    struct datum *items = ARENA_ARRAY(io->arena, struct datum, r.items.n + 1);
    if (!read_items(&r, items))
        return false;
    *out =
        array_build(io->arena, io->type->elem, r.ndim, r.dims, n_bounds ? r.lbounds : NULL, items);
    return true;
}

/* ---- output ---- */

static bool needs_quotes(const char *p, size_t n, char delim)
{
    if (!n || (n == 4 && strncasecmp(p, "NULL", 4) == 0))
        return true;
    for (size_t k = 0; k < n; k++)
        if (p[k] == '"' || p[k] == '\\' || p[k] == '{' || p[k] == '}' || p[k] == delim ||
            is_space(p[k]))
            return true;
    return false;
}

static bool put_item(const struct type_io *io, const struct datum *item, char delim,
                     struct buf *scratch, struct buf *out)
{
    if (item->null) {
        buf_puts(out, "NULL");
        return true;
    }
    scratch->n = 0;
    if (!type_out(io, item, scratch))
        return false;
    if (!needs_quotes(scratch->p, scratch->n, delim)) {
        buf_append(out, scratch->p, scratch->n);
        return true;
    }
    buf_putc(out, '"');
    for (size_t k = 0; k < scratch->n; k++) {
        if (scratch->p[k] == '"' || scratch->p[k] == '\\')
            buf_putc(out, '\\');
        buf_putc(out, scratch->p[k]);
    }
    buf_putc(out, '"');
    return true;
}

static void put_bounds(const struct array *array, struct buf *out)
{
    const int32_t *dims = array_dims(array), *lbounds = array_lbounds(array);
    bool plain = true;
    for (int k = 0; k < array->ndim; k++)
        plain = plain && lbounds[k] == 1;
    if (plain)
        return;
    for (int k = 0; k < array->ndim; k++)
        buf_printf(out, "[%d:%d]", lbounds[k], lbounds[k] + dims[k] - 1);
    buf_putc(out, '=');
}

bool array_out(const struct type_io *io, const struct datum *value, struct buf *out)
{
    const struct array *array = array_of(value);
    struct type_io item_io = *io;
    struct buf scratch = BUF_IN(io->arena);
    item_io.type = io->type->elem;
    item_io.typmod = -1;
    char delim = item_io.type->delim ? item_io.type->delim : ',';
    if (!array->n_items) {
        buf_puts(out, "{}");
        return true;
    }
    if (!stack_check(io->err))
        return false;
    put_bounds(array, out);
    const int32_t *dims = array_dims(array);
    for (uint32_t k = 0; k < array->n_items; k++) {
        uint32_t span = 1; /* of the innermost levels that start, or end, with this item */
        if (k)
            buf_putc(out, delim);
        for (int d = array->ndim - 1; d >= 0; d--) {
            span *= (uint32_t)dims[d];
            if (k % span == 0)
                buf_putc(out, '{');
        }
        struct datum item = array_item(item_io.type, array, k);
        if (!put_item(&item_io, &item, delim, &scratch, out))
            return false;
        span = 1;
        for (int d = array->ndim - 1; d >= 0; d--) {
            span *= (uint32_t)dims[d];
            if ((k + 1) % span == 0)
                buf_putc(out, '}');
        }
    }
    return true;
}

/* ---- int2vector, oidvector: numbers with blanks between ---- */

bool vector_in(const struct type_io *io, const char *text, size_t n, struct datum *out)
{
    struct type_io item_io = *io;
    item_io.type = io->type->elem;
    VEC(struct datum) items = {0};
    const char *p = text, *end = text + n;
    for (;;) {
        while (p < end && is_space(*p))
            p++;
        if (p == end)
            break;
        const char *start = p;
        while (p < end && !is_space(*p))
            p++;
        struct datum item;
        if (!type_in(&item_io, start, (size_t)(p - start), &item))
            return false;
        VEC_PUSH(io->arena, &items, item);
    }
    *out = vector_build(io->arena, item_io.type, items.items, (uint32_t)items.n);
    return true;
}

bool vector_out(const struct type_io *io, const struct datum *value, struct buf *out)
{
    const struct array *array = array_of(value);
    for (uint32_t k = 0; k < array->n_items; k++) {
        if (k)
            buf_putc(out, ' ');
        int_print(out, array_item(io->type->elem, array, k).i);
    }
    return true;
}
