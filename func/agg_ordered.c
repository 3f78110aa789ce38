/* agg_ordered.c - ordered-set and hypothetical-set aggregates.
 *
 * step gets the values in order; they are kept, and final picks among them.  The hypothetical ones
 * keep sort keys, and find the place that a row of the direct arguments would have among them. */
#include <math.h>
#include <string.h>

#include "func/registry.h"
#include "types/array.h"
#include "types/datetime.h"

struct ordered {
    const struct type *type;
    VEC(struct datum) values;
};

static bool ordered_step(struct fcall *c, void *state)
{
    struct ordered *s = state;
    s->type = c->arg_types[0];
    VEC_PUSH(c->site_arena, &s->values, datum_copy(s->type, c->site_arena, c->args[0]));
    return true;
}

/* ---- mode ---- */

/* The most frequent value; of several, the first in order.  Equal values are neighbours. */
static bool mode_final(struct fcall *c, void *state)
{
    const struct ordered *s = state;
    size_t best = 0, best_length = 0, start = 0;
    if (!s->values.n)
        return return_null(c);
    for (size_t k = 1; k <= s->values.n; k++) {
        if (k < s->values.n && type_cmp(s->type, &s->values.items[start], &s->values.items[k]) == 0)
            continue;
        if (k - start > best_length) {
            best = start;
            best_length = k - start;
        }
        start = k;
    }
    c->result = s->values.items[best];
    return true;
}

/* ---- percentiles ---- */

static bool check_fraction(struct fcall *c, double fraction)
{
    if (fraction >= 0 && fraction <= 1)
        return true;
    return err_set(c->err, ERR_NUMERIC_VALUE_OUT_OF_RANGE,
                   "percentile value %g is not between 0 and 1", fraction);
}

typedef bool pick_fn(struct fcall *c, const struct ordered *s, double fraction, struct datum *out);

static bool pick_discrete(struct fcall *c, const struct ordered *s, double fraction,
                          struct datum *out)
{
    double row = ceil(fraction * (double)s->values.n);
    *out = s->values.items[row < 1 ? 0 : (size_t)row - 1];
    return true;
}

static bool pick_float(struct fcall *c, const struct ordered *s, double fraction, struct datum *out)
{
    double row = fraction * (double)(s->values.n - 1);
    size_t low = (size_t)floor(row), high = (size_t)ceil(row);
    double a = s->values.items[low].f, b = s->values.items[high].f;
    *out = datum_float(low == high ? a : a + (row - (double)low) * (b - a));
    return true;
}

static bool pick_interval(struct fcall *c, const struct ordered *s, double fraction,
                          struct datum *out)
{
    double row = fraction * (double)(s->values.n - 1);
    size_t low = (size_t)floor(row), high = (size_t)ceil(row);
    const struct interval *a = interval_of(&s->values.items[low]),
                          *b = interval_of(&s->values.items[high]);
    struct interval v = *a;
    if (low != high &&
        !(interval_minus(b, a, &v, c->err) && interval_times(&v, row - (double)low, &v, c->err) &&
          interval_plus(&v, a, &v, c->err)))
        return false;
    *out = interval_datum(c->arena, v);
    return true;
}

static bool percentile(struct fcall *c, const struct ordered *s, pick_fn *pick)
{
    if (c->args[0].null)
        return return_null(c);
    if (!check_fraction(c, ARG_F(c, 0)))
        return false;
    return s->values.n ? pick(c, s, ARG_F(c, 0), &c->result) : return_null(c);
}

/* One result for each fraction, in an array of the same shape. */
static bool percentiles(struct fcall *c, const struct ordered *s, pick_fn *pick)
{
    if (c->args[0].null || !s->values.n)
        return return_null(c);
    const struct type *float8 = c->arg_types[0]->elem;
    const struct array *fractions = array_of(&c->args[0]);
    struct datum *results = ARENA_ARRAY(c->arena, struct datum, fractions->n_items + 1);
    for (uint32_t k = 0; k < fractions->n_items; k++) {
        struct datum fraction = array_item(float8, fractions, k);
        results[k] = fraction;
        if (fraction.null)
            continue;
        if (!check_fraction(c, fraction.f) || !pick(c, s, fraction.f, &results[k]))
            return false;
    }
    c->result = array_build(c->arena, c->result_type->elem, fractions->ndim, array_dims(fractions),
                            array_lbounds(fractions), results);
    return true;
}

static bool disc_final(struct fcall *c, void *state)
{
    return percentile(c, state, pick_discrete);
}
static bool disc_array_final(struct fcall *c, void *state)
{
    return percentiles(c, state, pick_discrete);
}
static bool cont_final(struct fcall *c, void *state)
{
    return percentile(c, state, pick_float);
}
static bool cont_array_final(struct fcall *c, void *state)
{
    return percentiles(c, state, pick_float);
}
static bool cont_interval_final(struct fcall *c, void *state)
{
    return percentile(c, state, pick_interval);
}
static bool cont_interval_array_final(struct fcall *c, void *state)
{
    return percentiles(c, state, pick_interval);
}

/* ---- rank, dense_rank, percent_rank, cume_dist of a hypothetical row ---- */

struct row_key {
    const char *bytes;
    size_t n;
};

struct hypothetical {
    const struct type **types; /* of the ORDER BY keys */
    const struct agg_order *order;
    int n_keys;
    VEC(struct row_key) rows;
};

static void make_key(const struct hypothetical *s, const struct datum *values, struct buf *out)
{
    for (int k = 0; k < s->n_keys; k++) {
        bool descending = s->order && s->order[k].descending;
        type_sort_key(s->types[k], &values[k], descending, s->order && s->order[k].nulls_first,
                      out);
    }
}

static bool hypothetical_step(struct fcall *c, void *state)
{
    struct hypothetical *s = state;
    if (!s->types) {
        size_t n = (size_t)c->n_args;
        s->n_keys = c->n_args;
        s->types = arena_memdup(c->site_arena, c->arg_types, n * sizeof(s->types[0]));
        s->order = c->agg_order ? arena_memdup(c->site_arena, c->agg_order, n * sizeof(s->order[0]))
                                : NULL;
    }
    struct buf key = BUF_IN(c->arena);
    make_key(s, c->args, &key);
    struct row_key row = {arena_memdup(c->site_arena, key.p, key.n), key.n};
    VEC_PUSH(c->site_arena, &s->rows, row);
    return true;
}

static int cmp_keys(const struct row_key *a, const struct row_key *b)
{
    int order = memcmp(a->bytes, b->bytes, MIN(a->n, b->n));
    return order ? order : (a->n > b->n) - (a->n < b->n);
}

struct place {
    int64_t before, distinct_before, equal;
};

static struct place find_place(struct fcall *c, const struct hypothetical *s)
{
    struct place place = {0};
    struct buf key = BUF_IN(c->arena);
    if (!s->rows.n)
        return place;
    make_key(s, c->args, &key);
    struct row_key row = {key.p, key.n};
    for (size_t k = 0; k < s->rows.n; k++) {
        int order = cmp_keys(&s->rows.items[k], &row);
        place.equal += order == 0;
        if (order >= 0)
            continue;
        place.before++;
        place.distinct_before += !k || cmp_keys(&s->rows.items[k - 1], &s->rows.items[k]) != 0;
    }
    return place;
}

static bool rank_final(struct fcall *c, void *state)
{
    return return_int(c, find_place(c, state).before + 1);
}
static bool dense_rank_final(struct fcall *c, void *state)
{
    return return_int(c, find_place(c, state).distinct_before + 1);
}
static bool percent_rank_final(struct fcall *c, void *state)
{
    const struct hypothetical *s = state;
    return return_float(c, s->rows.n ? (double)find_place(c, s).before / (double)s->rows.n : 0);
}
static bool cume_dist_final(struct fcall *c, void *state)
{
    const struct hypothetical *s = state;
    struct place place = find_place(c, s);
    return return_float(c, (double)(place.before + place.equal + 1) / (double)(s->rows.n + 1));
}

#define ORDERED(name, final)                                                                       \
    {                                                                                              \
        name, sizeof(struct ordered), true, ordered_step, final, NULL, NULL                        \
    }
#define HYPOTHETICAL(name, final)                                                                  \
    {                                                                                              \
        name, sizeof(struct hypothetical), false, hypothetical_step, final, NULL, NULL             \
    }

AGG_TABLE(ordered_aggs) = {
    ORDERED("mode(anyelement)", mode_final),
    ORDERED("percentile_disc(float8,anyelement)", disc_final),
    ORDERED("percentile_disc(_float8,anyelement)", disc_array_final),
    ORDERED("percentile_cont(float8,float8)", cont_final),
    ORDERED("percentile_cont(_float8,float8)", cont_array_final),
    ORDERED("percentile_cont(float8,interval)", cont_interval_final),
    ORDERED("percentile_cont(_float8,interval)", cont_interval_array_final),
    HYPOTHETICAL("rank(any)", rank_final),
    HYPOTHETICAL("dense_rank(any)", dense_rank_final),
    HYPOTHETICAL("percent_rank(any)", percent_rank_final),
    HYPOTHETICAL("cume_dist(any)", cume_dist_final),
    {NULL},
};
