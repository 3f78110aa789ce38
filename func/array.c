/* array.c - functions and operators of arrays.
 *
 * Elements are compared with the element type's own order; where NULLs matter, two NULLs are the
 * same (array_position, array_remove, array_replace) or never match (@>, <@, &&), as in
 * PostgreSQL. */
#include "types/array.h"

#include <string.h>

#include "func/call.h"
#include "func/registry.h"

static const struct type *elem_of(const struct type *array_type)
{
    while (array_type->kind == 'd' && array_type->elem)
        array_type = array_type->elem;
    return array_type->elem;
}

static bool require_equality(struct fcall *c, const struct type *elem)
{
    if (elem->ops->key)
        return true;
    return err_set(c->err, ERR_UNDEFINED_FUNCTION,
                   "could not identify an equality operator for type %s", elem->name);
}

static bool subscript_error(struct fcall *c, const char *message)
{
    return err_set(c->err, ERR_ARRAY_SUBSCRIPT_ERROR, "%s", message);
}

/* ---- append, prepend, concatenate ---- */

/* One more element at the front or the back; `array` may be NULL. */
static bool add_element(struct fcall *c, const struct datum *array_arg, const struct datum *item,
                        bool front)
{
    const struct type *elem = elem_of(c->result_type);
    const struct array *array = array_arg->null ? NULL : array_of(array_arg);
    int32_t n = array ? (int32_t)array->n_items : 0,
            lbound = array && array->ndim ? array_lbounds(array)[0] : 1;
    if (array && array->ndim > 1)
        return err_set(c->err, ERR_DATA_EXCEPTION,
                       "argument must be empty or one-dimensional array");
    if ((int64_t)lbound + n > INT32_MAX || (front && lbound == INT32_MIN))
        return err_set(c->err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "integer out of range");
    struct datum *items = ARENA_ARRAY(c->arena, struct datum, (size_t)n + 1);
    for (int32_t k = 0; k < n; k++)
        items[k + front] = array_item(elem, array, (uint32_t)k);
    items[front ? 0 : n] = *item;
    int32_t dim = n + 1;
    c->result = array_build(c->arena, elem, 1, &dim, &lbound, items);
    return true;
}

static bool append(struct fcall *c)
{
    return add_element(c, &c->args[0], &c->args[1], false);
}
static bool prepend(struct fcall *c)
{
    return add_element(c, &c->args[1], &c->args[0], true);
}

static bool incompatible(struct fcall *c, const char *detail)
{
    subscript_error(c, "cannot concatenate incompatible arrays");
    return err_detail(c->err, "%s", detail);
}

/* Do the inner dimensions agree, the outer array leaving out its first `skip`? */
static bool same_shape(const struct array *outer, const struct array *inner, int skip_outer,
                       int skip_inner, bool lbounds_too)
{
    int n = outer->ndim - skip_outer;
    size_t bytes = (size_t)n * sizeof(int32_t);
    return memcmp(array_dims(outer) + skip_outer, array_dims(inner) + skip_inner, bytes) == 0 &&
           (!lbounds_too || memcmp(array_lbounds(outer) + skip_outer,
                                   array_lbounds(inner) + skip_inner, bytes) == 0);
}

static bool concatenate(struct fcall *c, const struct array *a, const struct array *b)
{
    const struct type *elem = elem_of(c->result_type);
    int32_t dims[ARRAY_MAX_DIMS];
    const struct array
        *shape; /* whose bounds the result has, but for the first dimension's length */
    uint32_t n_items;
    if (a->ndim == b->ndim) {
        if (!same_shape(a, b, 1, 1, true))
            return incompatible(
                c,
                "Arrays with differing element dimensions are not compatible for concatenation.");
        shape = a;
        memcpy(dims, array_dims(a), (size_t)a->ndim * sizeof(int32_t));
        dims[0] += array_dims(b)[0];
    } else if (a->ndim == b->ndim - 1 || b->ndim == a->ndim - 1) {
        shape = a->ndim > b->ndim ? a : b;
        if (!same_shape(shape, a->ndim > b->ndim ? b : a, 1, 0, true))
            return incompatible(
                c, "Arrays with differing dimensions are not compatible for concatenation.");
        memcpy(dims, array_dims(shape), (size_t)shape->ndim * sizeof(int32_t));
        dims[0]++;
    } else {
        return incompatible(
            c, arena_printf(c->arena,
                            "Arrays of %d and %d dimensions are not compatible for concatenation.",
                            a->ndim, b->ndim));
    }
    if (!array_count(c->err, shape->ndim, dims, &n_items))
        return false;
    struct datum *items = ARENA_ARRAY(c->arena, struct datum, n_items);
    for (uint32_t k = 0; k < a->n_items; k++)
        items[k] = array_item(elem, a, k);
    for (uint32_t k = 0; k < b->n_items; k++)
        items[a->n_items + k] = array_item(elem, b, k);
    c->result = array_build(c->arena, elem, shape->ndim, dims, array_lbounds(shape), items);
    return true;
}

static bool cat(struct fcall *c)
{
    const struct datum *a = &c->args[0], *b = &c->args[1];
    if (a->null || b->null) {
        c->result = a->null ? *b : *a;
        return true;
    }
    if (!array_of(a)->ndim || !array_of(b)->ndim) {
        c->result = array_of(a)->ndim ? *a : *b;
        return true;
    }
    return concatenate(c, array_of(a), array_of(b));
}

/* ---- shape ---- */

static bool dims_text(struct fcall *c)
{
    const struct array *array = array_of(&c->args[0]);
    struct buf out = BUF_IN(c->arena);
    if (!array->ndim)
        return return_null(c);
    for (int k = 0; k < array->ndim; k++)
        buf_printf(&out, "[%d:%d]", array_lbounds(array)[k],
                   array_lbounds(array)[k] + array_dims(array)[k] - 1);
    return return_bytes(c, out.p, out.n);
}

static bool ndims(struct fcall *c)
{
    const struct array *array = array_of(&c->args[0]);
    return array->ndim ? return_int(c, array->ndim) : return_null(c);
}

static bool has_dim(const struct fcall *c)
{
    return ARG_I(c, 1) >= 1 && ARG_I(c, 1) <= array_of(&c->args[0])->ndim;
}
static bool length(struct fcall *c)
{
    return has_dim(c) ? return_int(c, array_dims(array_of(&c->args[0]))[ARG_I(c, 1) - 1])
                      : return_null(c);
}
static bool lower(struct fcall *c)
{
    return has_dim(c) ? return_int(c, array_lbounds(array_of(&c->args[0]))[ARG_I(c, 1) - 1])
                      : return_null(c);
}
static bool upper(struct fcall *c)
{
    const struct array *array = array_of(&c->args[0]);
    int64_t k = ARG_I(c, 1) - 1;
    return has_dim(c) ? return_int(c, array_lbounds(array)[k] + array_dims(array)[k] - 1)
                      : return_null(c);
}
static bool cardinality(struct fcall *c)
{
    return return_int(c, array_of(&c->args[0])->n_items);
}

/* ---- containment ---- */

static bool has_item(const struct type *elem, const struct datum *items, uint32_t n,
                     const struct datum *item)
{
    for (uint32_t k = 0; k < n; k++)
        if (!items[k].null && type_cmp(elem, &items[k], item) == 0)
            return true;
    return false;
}

/* Every element (or, with `any`, some element) of `b` is in `a`. */
static bool match(struct fcall *c, const struct datum *a, const struct datum *b, bool any)
{
    const struct type *elem = elem_of(c->arg_types[0]);
    const struct array *x = array_of(a), *y = array_of(b);
    if (!require_equality(c, elem))
        return false;
    struct datum *items = array_items(c->arena, elem, x), *wanted = array_items(c->arena, elem, y);
    for (uint32_t k = 0; k < y->n_items; k++) {
        bool found = !wanted[k].null && has_item(elem, items, x->n_items, &wanted[k]);
        if (found == any)
            return return_bool(c, any);
    }
    return return_bool(c, !any);
}

static bool contains(struct fcall *c)
{
    return match(c, &c->args[0], &c->args[1], false);
}
static bool contained(struct fcall *c)
{
    return match(c, &c->args[1], &c->args[0], false);
}
static bool overlap(struct fcall *c)
{
    return match(c, &c->args[0], &c->args[1], true);
}

/* ---- search and replace ---- */

static bool same(const struct type *elem, const struct datum *a, const struct datum *b)
{
    return type_cmp(elem, a, b) == 0; /* NULLs are equal */
}

static bool remove_items(struct fcall *c)
{
    const struct type *elem = elem_of(c->result_type);
    if (c->args[0].null)
        return return_null(c);
    const struct array *array = array_of(&c->args[0]);
    if (array->ndim > 1)
        return err_set(c->err, ERR_FEATURE_NOT_SUPPORTED,
                       "removing elements from multidimensional arrays is not supported");
    if (!require_equality(c, elem))
        return false;
    struct datum *items = array_items(c->arena, elem, array);
    int32_t kept = 0;
    for (uint32_t k = 0; k < array->n_items; k++)
        if (!same(elem, &items[k], &c->args[1]))
            items[kept++] = items[k];
    c->result = c->args[0];
    if (kept < (int32_t)array->n_items)
        c->result = array_build(c->arena, elem, 1, &kept, array_lbounds(array), items);
    return true;
}

static bool replace_items(struct fcall *c)
{
    const struct type *elem = elem_of(c->result_type);
    if (c->args[0].null)
        return return_null(c);
    const struct array *array = array_of(&c->args[0]);
    if (!require_equality(c, elem))
        return false;
    struct datum *items = array_items(c->arena, elem, array);
    for (uint32_t k = 0; k < array->n_items; k++)
        if (same(elem, &items[k], &c->args[1]))
            items[k] = c->args[2];
    c->result =
        array_build(c->arena, elem, array->ndim, array_dims(array), array_lbounds(array), items);
    return true;
}

static bool check_searchable(struct fcall *c, const struct array *array)
{
    if (array->ndim > 1)
        return err_set(c->err, ERR_FEATURE_NOT_SUPPORTED,
                       "searching for elements in multidimensional arrays is not supported");
    return require_equality(c, elem_of(c->arg_types[0]));
}

static bool position(struct fcall *c)
{
    const struct type *elem = elem_of(c->arg_types[0]);
    if (c->args[0].null)
        return return_null(c);
    const struct array *array = array_of(&c->args[0]);
    if (!check_searchable(c, array))
        return false;
    if (!array->ndim || (c->args[1].null && !(array->flags & ARRAY_HAS_NULL)))
        return return_null(c);
    if (c->n_args > 2 && c->args[2].null)
        return err_set(c->err, ERR_NULL_VALUE_NOT_ALLOWED, "initial position must not be null");
    for (uint32_t k = 0; k < array->n_items; k++) {
        int64_t at = (int64_t)array_lbounds(array)[0] + k;
        struct datum item = array_item(elem, array, k);
        if ((c->n_args < 3 || at >= ARG_I(c, 2)) && same(elem, &item, &c->args[1]))
            return return_int(c, at);
    }
    return return_null(c);
}

static bool positions(struct fcall *c)
{
    const struct type *elem = elem_of(c->arg_types[0]);
    if (c->args[0].null)
        return return_null(c);
    const struct array *array = array_of(&c->args[0]);
    if (!check_searchable(c, array))
        return false;
    struct datum *found = ARENA_ARRAY(c->arena, struct datum, array->n_items + 1);
    uint32_t n = 0;
    for (uint32_t k = 0; k < array->n_items; k++) {
        struct datum item = array_item(elem, array, k);
        if (same(elem, &item, &c->args[1]))
            found[n++] = datum_int((int64_t)array_lbounds(array)[0] + k);
    }
    c->result = array_build_1d(c->arena, elem_of(c->result_type), found, n);
    return true;
}

/* ---- fill, trim ---- */

static bool dimension_error(struct fcall *c, const char *detail)
{
    subscript_error(c, "wrong number of array subscripts");
    return err_detail(c->err, "%s", detail);
}

static bool read_dims(struct fcall *c, const struct datum *arg, int *n, int32_t *out)
{
    const struct array *array = array_of(arg);
    const struct type *int4 = call_type(c, TYPE_INT4);
    if (array->ndim > 1)
        return dimension_error(c, "Dimension array must be one dimensional.");
    if (array->flags & ARRAY_HAS_NULL)
        return err_set(c->err, ERR_NULL_VALUE_NOT_ALLOWED, "dimension values cannot be null");
    *n = (int)array->n_items;
    if (*n > ARRAY_MAX_DIMS)
        return err_set(c->err, ERR_PROGRAM_LIMIT_EXCEEDED,
                       "number of array dimensions (%d) exceeds the maximum allowed (%d)", *n,
                       ARRAY_MAX_DIMS);
    for (int k = 0; k < *n; k++)
        out[k] = (int32_t)array_item(int4, array, (uint32_t)k).i;
    return true;
}

static bool fill(struct fcall *c)
{
    const struct type *elem = elem_of(c->result_type);
    int32_t dims[ARRAY_MAX_DIMS], lbounds[ARRAY_MAX_DIMS] = {1, 1, 1, 1, 1, 1};
    int n, n_lbounds;
    uint32_t n_items;
    if (c->args[1].null || (c->n_args > 2 && c->args[2].null))
        return err_set(c->err, ERR_NULL_VALUE_NOT_ALLOWED,
                       "dimension array or low bound array cannot be null");
    if (!read_dims(c, &c->args[1], &n, dims))
        return false;
    if (c->n_args > 2) {
        if (!read_dims(c, &c->args[2], &n_lbounds, lbounds))
            return false;
        if (n_lbounds != n)
            return dimension_error(c, "Low bound array has different size than dimensions array.");
    }
    for (int k = 0; k < n; k++)
        if (dims[k] < 0)
            return err_set(c->err, ERR_PROGRAM_LIMIT_EXCEEDED,
                           "array size exceeds the maximum allowed (%d)", ARRAY_MAX_ITEMS_TOLD);
    if (!array_count(c->err, n, dims, &n_items))
        return false;
    struct datum *items = ARENA_ARRAY(c->arena, struct datum, n_items + 1);
    for (uint32_t k = 0; k < n_items; k++)
        items[k] = c->args[0];
    c->result = array_build(c->arena, elem, n, dims, lbounds, items);
    return true;
}

static bool trim(struct fcall *c)
{
    const struct array *array = array_of(&c->args[0]);
    int32_t n = array->ndim ? array_dims(array)[0] : 0;
    int64_t cut = ARG_I(c, 1);
    if (cut < 0 || cut > n)
        return err_set(c->err, ERR_ARRAY_SUBSCRIPT_ERROR,
                       "number of elements to trim must be between 0 and %d", n);
    struct array_bound lower = {0, false}, upper = {0, true};
    if (array->ndim)
        upper.value = (int32_t)(array_lbounds(array)[0] + n - 1 - cut);
    return array_slice(c->arena, c->err, elem_of(c->arg_types[0]), array, 1, &lower, &upper,
                       &c->result);
}

/* ---- text ---- */

static bool to_text(struct fcall *c)
{
    if (c->args[0].null || c->args[1].null)
        return return_null(c);
    const struct type *elem = elem_of(c->arg_types[0]);
    const struct array *array = array_of(&c->args[0]);
    const struct datum *null_text = c->n_args > 2 && !c->args[2].null ? &c->args[2] : NULL;
    struct buf out = BUF_IN(c->arena);
    bool first = true;
    for (uint32_t k = 0; k < array->n_items; k++) {
        struct datum item = array_item(elem, array, k);
        if (item.null && !null_text)
            continue;
        if (!first)
            buf_append(&out, ARG_P(c, 1), ARG_N(c, 1));
        first = false;
        if (item.null)
            buf_append(&out, null_text->p, null_text->n);
        else if (!call_out(c, elem, &item, &out))
            return false;
    }
    return return_bytes(c, out.p ? out.p : "", out.n);
}

/* ---- unnest ---- */

struct unnesting {
    struct datum array;
    uint32_t next;
};

static bool unnest(struct fcall *c)
{
    struct unnesting *s = *c->site;
    if (!s) {
        *c->site = s = ARENA_NEW(c->site_arena, struct unnesting);
        s->array = datum_copy(c->arg_types[0], c->site_arena, c->args[0]);
    }
    if (s->next == array_of(&s->array)->n_items)
        *c->done = true;
    else
        c->result = array_item(elem_of(c->arg_types[0]), array_of(&s->array), s->next++);
    return true;
}

/* ---- width_bucket over ascending thresholds: how many are not above the operand ---- */

static bool width_bucket(struct fcall *c)
{
    const struct type *elem = elem_of(c->arg_types[1]);
    const struct array *thresholds = array_of(&c->args[1]);
    if (thresholds->ndim > 1)
        return subscript_error(c, "thresholds must be one-dimensional array");
    if (thresholds->flags & ARRAY_HAS_NULL)
        return err_set(c->err, ERR_NULL_VALUE_NOT_ALLOWED,
                       "thresholds array must not contain NULLs");
    if (!require_equality(c, elem))
        return false;
    uint32_t low = 0, high = thresholds->n_items;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        struct datum threshold = array_item(elem, thresholds, middle);
        if (type_cmp(elem, &c->args[0], &threshold) < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return return_int(c, low);
}

FUNC_TABLE(array_funcs) = {
    {"array_append", append},
    {"array_prepend", prepend},
    {"array_cat", cat},
    {"array_dims", dims_text},
    {"array_ndims", ndims},
    {"array_length", length},
    {"array_lower", lower},
    {"array_upper", upper},
    {"array_cardinality", cardinality},
    {"arraycontains", contains},
    {"arraycontained", contained},
    {"arrayoverlap", overlap},
    {"array_remove", remove_items},
    {"array_replace", replace_items},
    {"array_position", position},
    {"array_position_start", position},
    {"array_positions", positions},
    {"array_fill", fill},
    {"array_fill_with_lower_bounds", fill},
    {"trim_array", trim},
    {"array_to_text", to_text},
    {"array_to_text_null", to_text},
    {"array_unnest", unnest},
    {"width_bucket_array", width_bucket},
    {NULL, NULL},
};
