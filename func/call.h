/* call.h - what many implementations need: large results, rows of set-returning functions,
 * VARIADIC "any". */
#ifndef SHARDLITE_FUNC_CALL_H
#define SHARDLITE_FUNC_CALL_H

#include "func/func.h"

/* The largest value there can be, as in PostgreSQL. */
#define RESULT_BYTES_MAX ((size_t)0x3fffffff - 4)

/* Room for a result of `n` bytes in c->arena; NULL with the error filled in when it is too
 * large. */
MUST_CHECK char *result_alloc(struct fcall *c, size_t n);
/* False with the error filled in when a result of `n` bytes would be too large: for results that
 * grow. */
MUST_CHECK bool result_fits(struct fcall *c, size_t n);

/* The rows of a set-returning function, made at its first call and handed out one by one. */
struct row_list {
    struct datum *values; /* n_columns per row */
    size_t n, cap, next;
    int n_columns;
    struct arena *arena;
};
/* The call site's list; *is_new tells that it is empty and the function has to fill it. */
struct row_list *row_list_of(struct fcall *c, int n_columns, bool *is_new);
/* Room for one more row: n_columns NULLs.  Values put there must live in list->arena. */
struct datum *row_list_add(struct row_list *list);
/* Sets c->result or c->row to the next row, or *c->done. */
bool row_list_emit(struct fcall *c, struct row_list *list);
static inline struct datum bytes_in(struct arena *arena, const void *p, size_t n)
{
    return datum_bytes(arena_memdup(arena, p, n), n);
}

/* The arguments of a VARIADIC "any" function from `first` on: those of the call, or the elements
 * of the array of f(VARIADIC array). */
struct variadic {
    int n;
    const struct datum *values;
    const struct type *const *types; /* of each */
    bool null_array;                 /* f(VARIADIC NULL) */
};
struct variadic variadic_of(struct fcall *c, int first);

/* Type `oid` as this statement sees it; never NULL for built-in ones. */
const struct type *call_type(const struct fcall *c, uint32_t oid);
/* Is this a true array type? */
bool type_is_array(const struct type *type);
/* Appends the text form of a value; text-like types without a call. */
MUST_CHECK bool call_out(const struct fcall *c, const struct type *type, const struct datum *value,
                         struct buf *out);

#endif
