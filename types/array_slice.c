/* array_slice.c - array elements and slices by subscript: fetched, and replaced in a copy. */
#include "types/array_int.h"
#include "types/key.h"

/* ---- fetching ---- */

struct datum array_get(const struct type *elem, const struct array *array, int n,
                       const int32_t *subscripts)
{
    if (array->ndim != n || !n)
        return datum_null();
    const int32_t *dims = array_dims(array), *lbounds = array_lbounds(array);
    uint32_t index = 0;
    for (int k = 0; k < n; k++) {
        int64_t at = (int64_t)subscripts[k] - lbounds[k];
        if (at < 0 || at >= dims[k])
            return datum_null();
        index = index * (uint32_t)dims[k] + (uint32_t)at;
    }
    return array_item(elem, array, index);
}

/* Visits the row-major indexes, within an array of `dims`, of the block that starts at `from` with
 * extents `span`. */
struct walk {
    int ndim;
    const int32_t *dims;
    int32_t from[ARRAY_MAX_DIMS], span[ARRAY_MAX_DIMS], at[ARRAY_MAX_DIMS];
};

static uint32_t walk_index(const struct walk *w)
{
    uint32_t index = 0;
    for (int k = 0; k < w->ndim; k++)
        index = index * (uint32_t)w->dims[k] + (uint32_t)(w->from[k] + w->at[k]);
    return index;
}

static void walk_next(struct walk *w)
{
    for (int k = w->ndim - 1; k >= 0; k--) {
        if (++w->at[k] < w->span[k])
            return;
        w->at[k] = 0;
    }
}

static uint32_t walk_count(const struct walk *w)
{
    uint32_t n = 1;
    for (int k = 0; k < w->ndim; k++)
        n *= (uint32_t)w->span[k];
    return n;
}

bool array_slice(struct arena *arena, struct err *err, const struct type *elem,
                 const struct array *array, int n, const struct array_bound *lower,
                 const struct array_bound *upper, struct datum *out)
{
    *out = array_empty(arena, elem);
    if (array->ndim < n || !array->ndim)
        return true;
    struct walk w = {.ndim = array->ndim, .dims = array_dims(array)};
    const int32_t *lbounds = array_lbounds(array);
    for (int k = 0; k < array->ndim; k++) {
        int64_t first = lbounds[k], last = first + w.dims[k] - 1;
        if (k < n && lower[k].given)
            first = MAX(first, lower[k].value);
        if (k < n && upper[k].given)
            last = MIN(last, upper[k].value);
        if (first > last)
            return true;
        w.from[k] = (int32_t)(first - lbounds[k]);
        w.span[k] = (int32_t)(last - first + 1);
    }
    uint32_t count = walk_count(&w);
    struct datum *items = ARENA_ARRAY(arena, struct datum, count);
    for (uint32_t k = 0; k < count; k++, walk_next(&w))
        items[k] = array_item(elem, array, walk_index(&w));
    *out = array_build(arena, elem, w.ndim, w.span, NULL, items);
    return true;
}

/* ---- replacing ---- */

static bool wrong_number(struct err *err)
{
    return err_set(err, ERR_ARRAY_SUBSCRIPT_ERROR, "wrong number of array subscripts");
}

static bool out_of_range(struct err *err)
{
    return err_set(err, ERR_ARRAY_SUBSCRIPT_ERROR, "array subscript out of range");
}

/* The items of a one-dimensional array stretched to hold lower..upper, NULLs in between. */
struct stretched {
    struct datum *items;
    int32_t dim, lbound;
};

static bool stretch(struct arena *arena, struct err *err, const struct type *elem,
                    const struct array *array, int32_t lower, int32_t upper, struct stretched *out)
{
    int64_t old_lower = array_lbounds(array)[0], old_upper = old_lower + array_dims(array)[0] - 1;
    int64_t first = MIN(old_lower, lower), last = MAX(old_upper, upper), dim = last - first + 1;
    if (dim > ARRAY_MAX_ITEMS)
        return err_set(err, ERR_PROGRAM_LIMIT_EXCEEDED,
                       "array size exceeds the maximum allowed (%d)", ARRAY_MAX_ITEMS_TOLD);
    out->dim = (int32_t)dim;
    out->lbound = (int32_t)first;
    out->items = ARENA_ARRAY(arena, struct datum, (size_t)dim);
    for (int64_t k = 0; k < dim; k++)
        out->items[k] = datum_null();
    for (uint32_t k = 0; k < array->n_items; k++)
        out->items[old_lower - first + k] = array_item(elem, array, k);
    return true;
}

static bool set_first(struct arena *arena, struct err *err, const struct type *elem, int n,
                      const int32_t *subscripts, struct datum value, struct datum *out)
{
    int32_t dims[ARRAY_MAX_DIMS];
    for (int k = 0; k < n; k++)
        dims[k] = 1;
    *out = array_build(arena, elem, n, dims, subscripts, &value);
    return true;
}

bool array_set_element(struct arena *arena, struct err *err, const struct type *elem,
                       const struct array *array, int n, const int32_t *subscripts,
                       struct datum value, struct datum *out)
{
    if (n < 1 || n > ARRAY_MAX_DIMS)
        return wrong_number(err);
    if (!array || !array->ndim)
        return set_first(arena, err, elem, n, subscripts, value, out);
    if (array->ndim != n)
        return wrong_number(err);
    if (n == 1) {
        struct stretched s;
        if (!stretch(arena, err, elem, array, subscripts[0], subscripts[0], &s))
            return false;
        s.items[(int64_t)subscripts[0] - s.lbound] = value;
        *out = array_build(arena, elem, 1, &s.dim, &s.lbound, s.items);
        return true;
    }
    const int32_t *dims = array_dims(array), *lbounds = array_lbounds(array);
    uint32_t index = 0;
    for (int k = 0; k < n; k++) {
        int64_t at = (int64_t)subscripts[k] - lbounds[k];
        if (at < 0 || at >= dims[k])
            return out_of_range(err);
        index = index * (uint32_t)dims[k] + (uint32_t)at;
    }
    struct datum *items = array_items(arena, elem, array);
    items[index] = value;
    *out = array_build(arena, elem, n, dims, lbounds, items);
    return true;
}

static bool bounds_crossed(struct err *err)
{
    return err_set(err, ERR_ARRAY_SUBSCRIPT_ERROR, "upper bound cannot be less than lower bound");
}

static bool source_too_small(struct err *err)
{
    return err_set(err, ERR_ARRAY_SUBSCRIPT_ERROR, "source array too small");
}

static bool set_first_slice(struct arena *arena, struct err *err, const struct type *elem, int n,
                            const struct array_bound *lower, const struct array_bound *upper,
                            const struct array *source, struct datum *out)
{
    int32_t dims[ARRAY_MAX_DIMS], lbounds[ARRAY_MAX_DIMS];
    uint32_t count;
    for (int k = 0; k < n; k++) {
        if (!lower[k].given || !upper[k].given) {
            err_set(err, ERR_ARRAY_SUBSCRIPT_ERROR,
                    "array slice subscript must provide both boundaries");
            return err_detail(
                err,
                "When assigning to a slice of an empty array value, slice boundaries must be fully "
                "specified.");
        }
        if (lower[k].value > upper[k].value)
            return bounds_crossed(err);
        int64_t dim = (int64_t)upper[k].value - lower[k].value + 1;
        dims[k] = (int32_t)MIN(dim, INT32_MAX);
        lbounds[k] = lower[k].value;
    }
    if (!array_count(err, n, dims, &count))
        return false;
    if (count > source->n_items)
        return source_too_small(err);
    *out = array_build(arena, elem, n, dims, lbounds, array_items(arena, elem, source));
    return true;
}

static bool set_slice_1d(struct arena *arena, struct err *err, const struct type *elem,
                         const struct array *array, struct array_bound lower,
                         struct array_bound upper, const struct array *source, struct datum *out)
{
    struct stretched s;
    int32_t first = lower.given ? lower.value : array_lbounds(array)[0];
    int32_t last = upper.given ? upper.value : array_lbounds(array)[0] + array_dims(array)[0] - 1;
    if (first > last)
        return bounds_crossed(err);
    if (!stretch(arena, err, elem, array, first, last, &s))
        return false;
    uint32_t count = (uint32_t)(last - first + 1);
    if (source->n_items < count)
        return source_too_small(err);
    for (uint32_t k = 0; k < count; k++)
        s.items[first - s.lbound + (int64_t)k] = array_item(elem, source, k);
    *out = array_build(arena, elem, 1, &s.dim, &s.lbound, s.items);
    return true;
}

bool array_set_slice(struct arena *arena, struct err *err, const struct type *elem,
                     const struct array *array, int n, const struct array_bound *lower,
                     const struct array_bound *upper, const struct array *source, struct datum *out)
{
    if (n < 1 || n > ARRAY_MAX_DIMS)
        return wrong_number(err);
    if (!array || !array->ndim)
        return set_first_slice(arena, err, elem, n, lower, upper, source, out);
    if (array->ndim < n)
        return wrong_number(err);
    if (array->ndim == 1)
        return set_slice_1d(arena, err, elem, array, lower[0], upper[0], source, out);
    struct walk w = {.ndim = array->ndim, .dims = array_dims(array)};
    const int32_t *lbounds = array_lbounds(array);
    for (int k = 0; k < array->ndim; k++) {
        int64_t first = k < n && lower[k].given ? lower[k].value : lbounds[k];
        int64_t last =
            k < n && upper[k].given ? upper[k].value : (int64_t)lbounds[k] + w.dims[k] - 1;
        if (first > last)
            return bounds_crossed(err);
        if (first < lbounds[k] || last >= (int64_t)lbounds[k] + w.dims[k])
            return out_of_range(err);
        w.from[k] = (int32_t)(first - lbounds[k]);
        w.span[k] = (int32_t)(last - first + 1);
    }
    uint32_t count = walk_count(&w);
    if (source->n_items < count)
        return source_too_small(err);
    struct datum *items = array_items(arena, elem, array);
    for (uint32_t k = 0; k < count; k++, walk_next(&w))
        items[walk_index(&w)] = array_item(elem, source, k);
    *out = array_build(arena, elem, w.ndim, w.dims, lbounds, items);
    return true;
}
