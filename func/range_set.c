/* range_set.c - operations that make ranges and multiranges: union, intersection, difference,
 * range_merge, unnest, and the aggregates over them; distances between bounds. */
#include <string.h>

#include "func/range_int.h"
#include "func/registry.h"
#include "types/datetime.h"
#include "types/numeric.h"

struct pieces { /* ranges being collected */
    struct fcall *c;
    const struct type *type;
    VEC(struct datum) ranges;
};

static bool add_piece(struct pieces *out, const struct range_bound *lower,
                      const struct range_bound *upper)
{
    struct datum range;
    if (!range_make(out->c->arena, out->c->err, out->type, *lower, *upper, &range))
        return false;
    VEC_PUSH(out->c->arena, &out->ranges, range);
    return true;
}

static bool return_pieces(struct pieces *out)
{
    out->c->result =
        multirange_make(out->c->arena, out->type, out->ranges.items, (uint32_t)out->ranges.n);
    return true;
}

/* Of equal bounds, which may look different (1.0 and 1.00), the first. */
static const struct range_bound *smaller(const struct type *type, const struct range_bound *a,
                                         const struct range_bound *b)
{
    return range_cmp_bounds(type, a, b) <= 0 ? a : b;
}
static const struct range_bound *greater(const struct type *type, const struct range_bound *a,
                                         const struct range_bound *b)
{
    return range_cmp_bounds(type, a, b) >= 0 ? a : b;
}

/* The same place, as the bound of what is on the other side of it. */
static struct range_bound turned(const struct range_bound *bound)
{
    struct range_bound turned = *bound;
    turned.lower = !bound->lower;
    turned.inclusive = !bound->inclusive;
    return turned;
}

/* ---- union ---- */

static bool touch(const struct type *type, const struct span *a, const struct span *b)
{
    return (range_cmp_bounds(type, &a->lower, &b->upper) <= 0 &&
            range_cmp_bounds(type, &b->lower, &a->upper) <= 0) ||
           range_bounds_adjacent(type, &a->upper, &b->lower) ||
           range_bounds_adjacent(type, &b->upper, &a->lower);
}

static bool unite(struct fcall *c, bool gap_allowed)
{
    struct spans a, b;
    spans_of_arg(c, 0, &a);
    spans_of_arg(c, 1, &b);
    if (!a.n || !b.n) {
        c->result = c->args[a.n ? 0 : 1];
        return true;
    }
    if (!gap_allowed && !touch(a.type, &a.one, &b.one))
        return err_set(c->err, ERR_DATA_EXCEPTION, "result of range union would not be contiguous");
    return range_make(c->arena, c->err, a.type, *smaller(a.type, &b.one.lower, &a.one.lower),
                      *greater(a.type, &b.one.upper, &a.one.upper), &c->result);
}

static bool range_union(struct fcall *c)
{
    return unite(c, false);
}
static bool range_merge(struct fcall *c)
{
    return unite(c, true);
}

static bool multirange_span(struct fcall *c)
{
    struct spans a;
    spans_of_arg(c, 0, &a);
    if (a.n)
        return range_make(c->arena, c->err, a.type, a.items[0].lower, a.items[a.n - 1].upper,
                          &c->result);
    c->result = range_make_empty(c->arena);
    return true;
}

static void add_ranges(struct pieces *out, const struct datum *multirange)
{
    for (uint32_t k = 0; k < multirange_count(multirange); k++)
        VEC_PUSH(out->c->arena, &out->ranges, multirange_item(multirange, k));
}

static bool multirange_union(struct fcall *c)
{
    struct pieces out = {.c = c, .type = range_type_of(c->result_type)};
    add_ranges(&out, &c->args[0]);
    add_ranges(&out, &c->args[1]);
    return return_pieces(&out);
}

/* ---- intersection ---- */

static bool intersect(struct pieces *out, const struct spans *a, const struct spans *b)
{
    for (uint32_t j = 0, k = 0; j < a->n && k < b->n;) {
        const struct span *x = &a->items[j], *y = &b->items[k];
        const struct range_bound *lower = greater(a->type, &x->lower, &y->lower),
                                 *upper = smaller(a->type, &x->upper, &y->upper);
        if (range_cmp_bounds(a->type, lower, upper) <= 0 && !add_piece(out, lower, upper))
            return false;
        if (upper == &x->upper)
            j++;
        else
            k++;
    }
    return true;
}

static bool intersect_into(struct pieces *out, const struct datum *a, const struct datum *b)
{
    struct spans x, y;
    spans_of(out->c->arena, out->c->arg_types[0], a, &x);
    spans_of(out->c->arena, out->c->arg_types[0], b, &y);
    out->type = x.type;
    return intersect(out, &x, &y);
}

static struct datum first_piece(struct pieces *out)
{
    return out->ranges.n ? out->ranges.items[0] : range_make_empty(out->c->arena);
}

static bool range_intersect(struct fcall *c)
{
    struct pieces out = {.c = c};
    if (!intersect_into(&out, &c->args[0], &c->args[1]))
        return false;
    c->result = first_piece(&out);
    return true;
}

static bool multirange_intersect(struct fcall *c)
{
    struct pieces out = {.c = c};
    return intersect_into(&out, &c->args[0], &c->args[1]) && return_pieces(&out);
}

/* ---- difference ---- */

/* What is left of one span; `*first` is where in `b` the next span has to start looking. */
static bool subtract_from(struct pieces *out, const struct span *span, const struct spans *b,
                          uint32_t *first)
{
    const struct type *type = b->type;
    struct range_bound lower = span->lower;
    while (*first < b->n && range_cmp_bounds(type, &b->items[*first].upper, &lower) < 0)
        ++*first;
    for (uint32_t k = *first; k < b->n; k++) {
        const struct span *cut = &b->items[k];
        if (range_cmp_bounds(type, &cut->lower, &span->upper) > 0)
            break;
        struct range_bound end = turned(&cut->lower);
        if (range_cmp_bounds(type, &lower, &cut->lower) < 0 && !add_piece(out, &lower, &end))
            return false;
        if (cut->upper.infinite)
            return true;
        lower = turned(&cut->upper);
        if (range_cmp_bounds(type, &lower, &span->upper) > 0)
            return true;
    }
    return add_piece(out, &lower, &span->upper);
}

static bool subtract(struct pieces *out)
{
    struct spans a, b;
    uint32_t first = 0;
    spans_of_arg(out->c, 0, &a);
    spans_of_arg(out->c, 1, &b);
    out->type = a.type;
    for (uint32_t k = 0; k < a.n; k++)
        if (!subtract_from(out, &a.items[k], &b, &first))
            return false;
    return true;
}

static bool range_minus(struct fcall *c)
{
    struct pieces out = {.c = c};
    if (!subtract(&out))
        return false;
    if (out.ranges.n > 1)
        return err_set(c->err, ERR_DATA_EXCEPTION,
                       "result of range difference would not be contiguous");
    c->result = first_piece(&out);
    return true;
}

static bool multirange_minus(struct fcall *c)
{
    struct pieces out = {.c = c};
    return subtract(&out) && return_pieces(&out);
}

/* ---- unnest ---- */

struct unnesting {
    struct datum multirange;
    uint32_t next;
};

static bool unnest(struct fcall *c)
{
    struct unnesting *s = *c->site;
    if (!s) {
        *c->site = s = ARENA_NEW(c->site_arena, struct unnesting);
        s->multirange = datum_copy(c->arg_types[0], c->site_arena, c->args[0]);
    }
    if (s->next == multirange_count(&s->multirange))
        *c->done = true;
    else
        c->result = multirange_item(&s->multirange, s->next++);
    return true;
}

/* ---- distances between bounds ---- */

static bool int_distance(struct fcall *c)
{
    return return_float(c, (double)ARG_I(c, 0) - (double)ARG_I(c, 1));
}

static bool date_distance(struct fcall *c)
{
    return return_float(c, (double)(ARG_I(c, 0) - ARG_I(c, 1)));
}

static bool timestamp_distance(struct fcall *c)
{
    return return_float(c, ((double)ARG_I(c, 0) - (double)ARG_I(c, 1)) / (double)USEC_PER_SEC);
}

static bool numeric_distance(struct fcall *c)
{
    const struct numeric *difference =
        numeric_sub(c->arena, c->err, numeric_of(&c->args[0]), numeric_of(&c->args[1]));
    return difference && return_float(c, numeric_to_float8(difference));
}

FUNC_TABLE(range_set_funcs) = {
    {"range_union", range_union},
    {"range_merge", range_merge},
    {"range_merge_from_multirange", multirange_span},
    {"multirange_union", multirange_union},
    {"range_intersect", range_intersect},
    {"multirange_intersect", multirange_intersect},
    {"range_minus", range_minus},
    {"multirange_minus", multirange_minus},
    {"multirange_unnest", unnest},
    {"int4range_subdiff", int_distance},
    {"int8range_subdiff", int_distance},
    {"daterange_subdiff", date_distance},
    {"numrange_subdiff", numeric_distance},
    {"tsrange_subdiff", timestamp_distance},
    {"tstzrange_subdiff", timestamp_distance},
    {NULL, NULL},
};

/* ---- range_agg: the union of all; NULL only when no value came ---- */

struct union_state {
    bool any;
    VEC(struct datum) ranges;
};

static bool union_add(struct fcall *c, struct union_state *state, const struct datum *range)
{
    VEC_PUSH(c->site_arena, &state->ranges, datum_copy(c->arg_types[0], c->site_arena, *range));
    return true;
}

static bool union_step(struct fcall *c, void *state)
{
    struct union_state *u = state;
    u->any = true;
    return union_add(c, u, &c->args[0]);
}

static bool union_step_multi(struct fcall *c, void *state)
{
    struct union_state *u = state;
    u->any = true;
    for (uint32_t k = 0; k < multirange_count(&c->args[0]); k++) {
        struct datum range = multirange_item(&c->args[0], k);
        union_add(c, u, &range);
    }
    return true;
}

static bool union_merge(struct fcall *c, void *into, const void *from)
{
    struct union_state *u = into;
    const struct union_state *other = from;
    u->any |= other->any;
    for (size_t k = 0; k < other->ranges.n; k++)
        union_add(c, u, &other->ranges.items[k]);
    return true;
}

static bool union_final(struct fcall *c, void *state)
{
    const struct union_state *u = state;
    if (!u->any)
        return return_null(c);
    c->result = multirange_make(c->arena, range_type_of(c->arg_types[0]), u->ranges.items,
                                (uint32_t)u->ranges.n);
    return true;
}

/* ---- range_intersect_agg ---- */

struct common_state {
    bool any;
    struct datum value;
    char *bytes;
    uint32_t cap;
};

static bool common_set(struct fcall *c, struct common_state *state, const struct datum *value)
{
    state->any = true;
    if (state->cap < value->n) {
        state->cap = MAX(value->n, state->cap * 2);
        state->bytes = arena_alloc(c->site_arena, state->cap);
    }
    memcpy(state->bytes, value->p, value->n);
    state->value = datum_bytes(state->bytes, value->n);
    return true;
}

static bool common_take(struct fcall *c, struct common_state *state, const struct datum *value)
{
    struct pieces out = {.c = c};
    if (!state->any)
        return common_set(c, state, value);
    if (!intersect_into(&out, &state->value, value))
        return false;
    struct datum both =
        c->arg_types[0]->kind == 'm'
            ? multirange_make(c->arena, out.type, out.ranges.items, (uint32_t)out.ranges.n)
            : first_piece(&out);
    return common_set(c, state, &both);
}

static bool common_step(struct fcall *c, void *state)
{
    return common_take(c, state, &c->args[0]);
}

static bool common_merge(struct fcall *c, void *into, const void *from)
{
    const struct common_state *other = from;
    return !other->any || common_take(c, into, &other->value);
}

static bool common_final(struct fcall *c, void *state)
{
    const struct common_state *s = state;
    c->result = s->any ? s->value : datum_null();
    return true;
}

AGG_TABLE(range_aggs) = {
    {"range_agg(anyrange)", sizeof(struct union_state), true, union_step, union_final, union_merge,
     NULL},
    {"range_agg(anymultirange)", sizeof(struct union_state), true, union_step_multi, union_final,
     union_merge, NULL},
    {"range_intersect_agg(anyrange)", sizeof(struct common_state), true, common_step, common_final,
     common_merge, NULL},
    {"range_intersect_agg(anymultirange)", sizeof(struct common_state), true, common_step,
     common_final, common_merge, NULL},
    {NULL, 0, false, NULL, NULL, NULL, NULL},
};
