/* call.c - see call.h. */
#include "func/call.h"

#include <string.h>

#include "types/array.h"

bool result_fits(struct fcall *c, size_t n)
{
    if (LIKELY(n <= RESULT_BYTES_MAX))
        return true;
    return err_set(c->err, ERR_PROGRAM_LIMIT_EXCEEDED, "invalid memory alloc request size %zu",
                   n + 4);
}

char *result_alloc(struct fcall *c, size_t n)
{
    if (!result_fits(c, n))
        return NULL;
    char *p = arena_try_alloc(c->arena, n + 1);
    if (!p)
        err_set(c->err, ERR_OUT_OF_MEMORY, "out of memory");
    return p;
}

struct row_list *row_list_of(struct fcall *c, int n_columns, bool *is_new)
{
    *is_new = *c->site == NULL;
    if (*is_new) {
        struct row_list *list = ARENA_NEW(c->site_arena, struct row_list);
        list->n_columns = n_columns;
        list->arena = c->site_arena;
        *c->site = list;
    }
    return *c->site;
}

struct datum *row_list_add(struct row_list *list)
{
    size_t width = (size_t)list->n_columns;
    if (list->n == list->cap) {
        size_t cap = list->cap ? list->cap * 2 : 16;
        list->values =
            arena_realloc(list->arena, list->values, list->cap * width * sizeof(struct datum),
                          cap * width * sizeof(struct datum));
        list->cap = cap;
    }
    struct datum *row = list->values + list->n++ * width;
    for (size_t k = 0; k < width; k++)
        row[k] = datum_null();
    return row;
}

bool row_list_emit(struct fcall *c, struct row_list *list)
{
    if (list->next == list->n) {
        *c->done = true;
        return true;
    }
    struct datum *row = list->values + list->next++ * (size_t)list->n_columns;
    c->result = list->n_columns == 1 ? row[0] : datum_int(0);
    if (c->row)
        memcpy(c->row, row, (size_t)list->n_columns * sizeof(row[0]));
    return true;
}

bool type_is_array(const struct type *type)
{
    return (type->category == 'A' || type->oid == TYPE_RECORD_ARRAY) && type->elem_oid != 0;
}

const struct type *call_type(const struct fcall *c, uint32_t oid)
{
    return env_type(c->env, oid);
}

struct variadic variadic_of(struct fcall *c, int first)
{
    if (!c->variadic_array || c->n_args != first + 1 || !type_is_array(c->arg_types[first]))
        return (struct variadic){
            .n = c->n_args - first, .values = c->args + first, .types = c->arg_types + first};
    if (c->args[first].null)
        return (struct variadic){.null_array = true};
    const struct array *array = array_of(&c->args[first]);
    const struct type *elem = c->arg_types[first]->elem;
    const struct type **types = ARENA_ARRAY(c->arena, const struct type *, array->n_items + 1);
    for (uint32_t k = 0; k < array->n_items; k++)
        types[k] = elem;
    return (struct variadic){
        .n = (int)array->n_items,
        .values = array_items(c->arena, elem, array),
        .types = types,
    };
}

bool call_out(const struct fcall *c, const struct type *type, const struct datum *value,
              struct buf *out)
{
    switch (type->oid) {
    case TYPE_TEXT:
    case TYPE_VARCHAR:
    case TYPE_BPCHAR:
    case TYPE_NAME:
    case TYPE_UNKNOWN:
    case TYPE_CSTRING:
        buf_append(out, value->p, value->n);
        return true;
    default:
        break;
    }
    struct type_io io = fcall_io(c, type);
    return type_out(&io, value, out);
}
