/* range.c - constructors, accessors and relations of ranges and multiranges.
 *
 * A relation does not care which of the two an argument is: both are lists of spans (range_int.h),
 * so each relation is written once and serves all four combinations.  Operations that make ranges
 * are in range_set.c. */
#include "func/range_int.h"
#include "func/registry.h"
#include "types/array.h"

static struct span span_of(const struct type *type, const struct datum *range)
{
    struct span span;
    range_bounds(type, range, &span.lower, &span.upper);
    return span;
}

void spans_of(struct arena *arena, const struct type *type, const struct datum *value,
              struct spans *spans)
{
    while (type->kind == 'd' && type->elem)
        type = type->elem;
    spans->type = range_type_of(type);
    spans->items = &spans->one;
    if (type->kind != 'm') {
        spans->n = !range_is_empty(value);
        if (spans->n)
            spans->one = span_of(type, value);
        return;
    }
    spans->n = multirange_count(value);
    struct span *items = spans->n > 1 ? ARENA_ARRAY(arena, struct span, spans->n) : &spans->one;
    for (uint32_t k = 0; k < spans->n; k++) {
        struct datum range = multirange_item(value, k);
        items[k] = span_of(spans->type, &range);
    }
    spans->items = items;
}

void spans_of_arg(const struct fcall *c, int index, struct spans *spans)
{
    spans_of(c->arena, c->arg_types[index], &c->args[index], spans);
}

/* ---- constructors ---- */

static bool construct(struct fcall *c, bool lower_inclusive, bool upper_inclusive)
{
    struct range_bound lower = {c->args[0], c->args[0].null, lower_inclusive, true};
    struct range_bound upper = {c->args[1], c->args[1].null, upper_inclusive, false};
    return range_make(c->arena, c->err, range_type_of(c->result_type), lower, upper, &c->result);
}

static bool constructor2(struct fcall *c)
{
    return construct(c, true, false);
}

static bool constructor3(struct fcall *c)
{
    if (c->args[2].null)
        return err_set(c->err, ERR_DATA_EXCEPTION,
                       "range constructor flags argument must not be null");
    const char *flags = ARG_P(c, 2);
    if (ARG_N(c, 2) != 2 || (flags[0] != '[' && flags[0] != '(') ||
        (flags[1] != ']' && flags[1] != ')')) {
        err_set(c->err, ERR_SYNTAX_ERROR, "invalid range bound flags");
        return err_hint(c->err, "Valid values are \"[]\", \"[)\", \"(]\", and \"()\".");
    }
    return construct(c, flags[0] == '[', flags[1] == ']');
}

static bool multi_of_none(struct fcall *c)
{
    c->result = multirange_make(c->arena, range_type_of(c->result_type), NULL, 0);
    return true;
}

static bool multi_of_one(struct fcall *c)
{
    c->result = multirange_make(c->arena, range_type_of(c->result_type), &c->args[0], 1);
    return true;
}

static bool multi_of_array(struct fcall *c)
{
    const struct type *type = range_type_of(c->result_type);
    const struct array *array = array_of(&c->args[0]);
    if (array->ndim > 1)
        return err_set(c->err, ERR_CARDINALITY_VIOLATION,
                       "multiranges cannot be constructed from multidimensional arrays");
    if (array->flags & ARRAY_HAS_NULL)
        return err_set(c->err, ERR_NULL_VALUE_NOT_ALLOWED,
                       "multirange values cannot contain null members");
    c->result = multirange_make(c->arena, type, array_items(c->arena, type, array), array->n_items);
    return true;
}

/* Values are kept canonical. */
static bool identity(struct fcall *c)
{
    c->result = c->args[0];
    return true;
}

/* ---- accessors ---- */

/* The outermost bounds; false if there is nothing at all. */
static bool outer(const struct fcall *c, int index, struct spans *spans, struct span *out)
{
    spans_of_arg(c, index, spans);
    if (!spans->n)
        return false;
    *out = (struct span){spans->items[0].lower, spans->items[spans->n - 1].upper};
    return true;
}

static bool return_bound(struct fcall *c, bool lower)
{
    struct spans spans;
    struct span span;
    if (!outer(c, 0, &spans, &span))
        return return_null(c);
    const struct range_bound *bound = lower ? &span.lower : &span.upper;
    c->result = bound->infinite ? datum_null() : bound->value;
    return true;
}

static bool lower(struct fcall *c)
{
    return return_bound(c, true);
}
static bool upper(struct fcall *c)
{
    return return_bound(c, false);
}

static bool is_empty(struct fcall *c)
{
    struct spans spans;
    spans_of_arg(c, 0, &spans);
    return return_bool(c, spans.n == 0);
}

static bool lower_inc(struct fcall *c)
{
    struct spans spans;
    struct span span;
    return return_bool(c, outer(c, 0, &spans, &span) && span.lower.inclusive);
}
static bool upper_inc(struct fcall *c)
{
    struct spans spans;
    struct span span;
    return return_bool(c, outer(c, 0, &spans, &span) && span.upper.inclusive);
}
static bool lower_inf(struct fcall *c)
{
    struct spans spans;
    struct span span;
    return return_bool(c, outer(c, 0, &spans, &span) && span.lower.infinite);
}
static bool upper_inf(struct fcall *c)
{
    struct spans spans;
    struct span span;
    return return_bool(c, outer(c, 0, &spans, &span) && span.upper.infinite);
}

/* ---- order ---- */

static int order_of(const struct fcall *c)
{
    return type_cmp(c->arg_types[0], &c->args[0], &c->args[1]);
}
static bool cmp(struct fcall *c)
{
    return return_int(c, order_of(c));
}
static bool eq(struct fcall *c)
{
    return return_bool(c, order_of(c) == 0);
}
static bool ne(struct fcall *c)
{
    return return_bool(c, order_of(c) != 0);
}
static bool lt(struct fcall *c)
{
    return return_bool(c, order_of(c) < 0);
}
static bool le(struct fcall *c)
{
    return return_bool(c, order_of(c) <= 0);
}
static bool gt(struct fcall *c)
{
    return return_bool(c, order_of(c) > 0);
}
static bool ge(struct fcall *c)
{
    return return_bool(c, order_of(c) >= 0);
}

/* ---- relations by the outermost bounds; nothing is nowhere ---- */

struct two { /* both arguments */
    struct spans spans_a, spans_b;
    struct span a, b;
};

static bool outer_two(const struct fcall *c, struct two *two)
{
    return outer(c, 0, &two->spans_a, &two->a) && outer(c, 1, &two->spans_b, &two->b);
}

static int cmp_in(const struct two *two, const struct range_bound *x, const struct range_bound *y)
{
    return range_cmp_bounds(two->spans_a.type, x, y);
}

static bool before(struct fcall *c)
{
    struct two t;
    return return_bool(c, outer_two(c, &t) && cmp_in(&t, &t.a.upper, &t.b.lower) < 0);
}
static bool after(struct fcall *c)
{
    struct two t;
    return return_bool(c, outer_two(c, &t) && cmp_in(&t, &t.a.lower, &t.b.upper) > 0);
}
static bool overleft(struct fcall *c)
{
    struct two t;
    return return_bool(c, outer_two(c, &t) && cmp_in(&t, &t.a.upper, &t.b.upper) <= 0);
}
static bool overright(struct fcall *c)
{
    struct two t;
    return return_bool(c, outer_two(c, &t) && cmp_in(&t, &t.a.lower, &t.b.lower) >= 0);
}
static bool adjacent(struct fcall *c)
{
    struct two t;
    return return_bool(c, outer_two(c, &t) &&
                              (range_bounds_adjacent(t.spans_a.type, &t.a.upper, &t.b.lower) ||
                               range_bounds_adjacent(t.spans_a.type, &t.b.upper, &t.a.lower)));
}

/* ---- relations span by span ---- */

static bool before_span(const struct spans *s, const struct span *a, const struct span *b)
{
    return range_cmp_bounds(s->type, &a->upper, &b->lower) < 0;
}

static bool overlaps(struct fcall *c)
{
    struct spans a, b;
    spans_of_arg(c, 0, &a);
    spans_of_arg(c, 1, &b);
    for (uint32_t j = 0, k = 0; j < a.n && k < b.n;) {
        if (before_span(&a, &a.items[j], &b.items[k]))
            j++;
        else if (before_span(&a, &b.items[k], &a.items[j]))
            k++;
        else
            return return_bool(c, true);
    }
    return return_bool(c, false);
}

/* Every span of `inside` lies in one span of `outside`. */
static bool contains_all(struct fcall *c, int outside, int inside)
{
    struct spans a, b;
    spans_of_arg(c, outside, &a);
    spans_of_arg(c, inside, &b);
    for (uint32_t j = 0, k = 0; k < b.n; k++) {
        while (j < a.n && before_span(&a, &a.items[j], &b.items[k]))
            j++;
        if (j == a.n || range_cmp_bounds(a.type, &a.items[j].lower, &b.items[k].lower) > 0 ||
            range_cmp_bounds(a.type, &a.items[j].upper, &b.items[k].upper) < 0)
            return return_bool(c, false);
    }
    return return_bool(c, true);
}

static bool contains(struct fcall *c)
{
    return contains_all(c, 0, 1);
}
static bool contained(struct fcall *c)
{
    return contains_all(c, 1, 0);
}

/* The value as a range of one, whatever the type. */
static bool has_value(struct fcall *c, int set, int elem)
{
    struct spans spans;
    spans_of_arg(c, set, &spans);
    struct range_bound from = {c->args[elem], false, true, true},
                       to = {c->args[elem], false, true, false};
    uint32_t low = 0, high = spans.n;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (range_cmp_bounds(spans.type, &spans.items[middle].upper, &from) < 0)
            low = middle + 1;
        else if (range_cmp_bounds(spans.type, &spans.items[middle].lower, &to) > 0)
            high = middle;
        else
            return return_bool(c, true);
    }
    return return_bool(c, false);
}

static bool contains_elem(struct fcall *c)
{
    return has_value(c, 0, 1);
}
static bool elem_contained(struct fcall *c)
{
    return has_value(c, 1, 0);
}

/* Both orders of a relation between the two kinds, and each with itself. */
#define RELATION(verb, impl)                                                                       \
    {"range_" verb, impl}, {"range_" verb "_multirange", impl},                                    \
        {"multirange_" verb "_range", impl},                                                       \
    {                                                                                              \
        "multirange_" verb "_multirange", impl                                                     \
    }
/* The same function of ranges and of multiranges. */
#define BOTH(name, impl)                                                                           \
    {"range_" name, impl},                                                                         \
    {                                                                                              \
        "multirange_" name, impl                                                                   \
    }

FUNC_TABLE(range_funcs) = {
    {"range_constructor2", constructor2},
    {"range_constructor3", constructor3},
    {"multirange_constructor0", multi_of_none},
    {"multirange_constructor1", multi_of_one},
    {"multirange_constructor2", multi_of_array},
    {"int4range_canonical", identity},
    {"int8range_canonical", identity},
    {"daterange_canonical", identity},
    BOTH("lower", lower),
    BOTH("upper", upper),
    BOTH("empty", is_empty),
    BOTH("lower_inc", lower_inc),
    BOTH("upper_inc", upper_inc),
    BOTH("lower_inf", lower_inf),
    BOTH("upper_inf", upper_inf),
    BOTH("cmp", cmp),
    BOTH("eq", eq),
    BOTH("ne", ne),
    BOTH("lt", lt),
    BOTH("le", le),
    BOTH("gt", gt),
    BOTH("ge", ge),
    RELATION("before", before),
    RELATION("after", after),
    RELATION("overleft", overleft),
    RELATION("overright", overright),
    RELATION("adjacent", adjacent),
    RELATION("overlaps", overlaps),
    RELATION("contains", contains),
    {"range_contained_by", contained},
    {"range_contained_by_multirange", contained},
    {"multirange_contained_by_range", contained},
    {"multirange_contained_by_multirange", contained},
    BOTH("contains_elem", contains_elem),
    {"elem_contained_by_range", elem_contained},
    {"elem_contained_by_multirange", elem_contained},
    {NULL, NULL},
};
