/* agg_regr.c - regr_*, covar_*, corr over pairs (Y, X) of floats, by Youngs and Cramer's
 * recurrence. */
#include <math.h>

#include "func/float.h"
#include "func/registry.h"

struct pairs {
    int64_t n;
    double x, y;       /* sums */
    double xx, yy, xy; /* sums of products of differences from the means */
};

static bool not_finite(double v)
{
    return isnan(v) || isinf(v);
}

static bool any_infinite(const struct pairs *p)
{
    return isinf(p->x) || isinf(p->xx) || isinf(p->y) || isinf(p->yy) || isinf(p->xy);
}

static bool pairs_step(struct fcall *c, void *state)
{
    struct pairs *p = state, before = *p;
    double y = ARG_F(c, 0), x = ARG_F(c, 1), n = (double)++p->n;
    p->x += x;
    p->y += y;
    if (p->n == 1) {
        if (not_finite(x))
            p->xx = p->xy = NAN;
        if (not_finite(y))
            p->yy = p->xy = NAN;
        return true;
    }
    double part_x = x * n - p->x, part_y = y * n - p->y, scale = 1.0 / (n * (n - 1));
    p->xx += part_x * part_x * scale;
    p->yy += part_y * part_y * scale;
    p->xy += part_x * part_y * scale;
    if (!any_infinite(p))
        return true;
    if (((isinf(p->x) || isinf(p->xx)) && !isinf(before.x) && !isinf(x)) ||
        ((isinf(p->y) || isinf(p->yy)) && !isinf(before.y) && !isinf(y)) ||
        (isinf(p->xy) && !isinf(before.x) && !isinf(x) && !isinf(before.y) && !isinf(y)))
        return float_overflow(c);
    if (isinf(p->xx))
        p->xx = NAN;
    if (isinf(p->yy))
        p->yy = NAN;
    if (isinf(p->xy))
        p->xy = NAN;
    return true;
}

static bool pairs_merge(struct fcall *c, void *into, const void *from)
{
    struct pairs *p = into;
    const struct pairs *q = from;
    if (!q->n)
        return true;
    if (!p->n) {
        *p = *q;
        return true;
    }
    double n1 = (double)p->n, n2 = (double)q->n, n = n1 + n2;
    double part_x = p->x / n1 - q->x / n2, part_y = p->y / n1 - q->y / n2;
    struct pairs sum = {
        .n = p->n + q->n,
        .x = p->x + q->x,
        .y = p->y + q->y,
        .xx = p->xx + q->xx + n1 * n2 * part_x * part_x / n,
        .yy = p->yy + q->yy + n1 * n2 * part_y * part_y / n,
        .xy = p->xy + q->xy + n1 * n2 * part_x * part_y / n,
    };
    if (any_infinite(&sum) && !any_infinite(p) && !any_infinite(q))
        return float_overflow(c);
    *p = sum;
    return true;
}

/* NULL below `least` pairs, or when `undefined`. */
#define RESULT(name, least, undefined, expression)                                                 \
    static bool name(struct fcall *c, void *state)                                                 \
    {                                                                                              \
        const struct pairs *p = state;                                                             \
        if (p->n < (least) || (undefined))                                                         \
            return return_null(c);                                                                 \
        double n = (double)p->n;                                                                   \
        (void)n;                                                                                   \
        return return_float(c, expression);                                                        \
    }
RESULT(final_sxx, 1, false, p->xx)
RESULT(final_syy, 1, false, p->yy)
RESULT(final_sxy, 1, false, p->xy)
RESULT(final_avgx, 1, false, p->x / n)
RESULT(final_avgy, 1, false, p->y / n)
RESULT(final_covar_pop, 1, false, p->xy / n)
RESULT(final_covar_samp, 2, false, p->xy / (n - 1))
RESULT(final_corr, 1, p->xx == 0 || p->yy == 0, p->xy / sqrt(p->xx * p->yy))
RESULT(final_r2, 1, p->xx == 0, p->yy == 0 ? 1 : (p->xy * p->xy) / (p->xx * p->yy))
RESULT(final_slope, 1, p->xx == 0, p->xy / p->xx)
RESULT(final_intercept, 1, p->xx == 0, (p->y - p->x * p->xy / p->xx) / n)

static bool final_count(struct fcall *c, void *state)
{
    return return_int(c, ((struct pairs *)state)->n);
}

static bool count_step(struct fcall *c, void *state)
{
    ((struct pairs *)state)->n++;
    return true;
}

static bool count_merge(struct fcall *c, void *into, const void *from)
{
    ((struct pairs *)into)->n += ((const struct pairs *)from)->n;
    return true;
}

static bool count_unstep(struct fcall *c, void *state)
{
    ((struct pairs *)state)->n--;
    return true;
}

#define ENTRY(name, final)                                                                         \
    {                                                                                              \
        name "(float8,float8)", sizeof(struct pairs), true, pairs_step, final, pairs_merge, NULL   \
    }

AGG_TABLE(regr_aggs) = {
    {"regr_count(float8,float8)", sizeof(struct pairs), true, count_step, final_count, count_merge,
     count_unstep},
    ENTRY("regr_sxx", final_sxx),
    ENTRY("regr_syy", final_syy),
    ENTRY("regr_sxy", final_sxy),
    ENTRY("regr_avgx", final_avgx),
    ENTRY("regr_avgy", final_avgy),
    ENTRY("regr_r2", final_r2),
    ENTRY("regr_slope", final_slope),
    ENTRY("regr_intercept", final_intercept),
    ENTRY("covar_pop", final_covar_pop),
    ENTRY("covar_samp", final_covar_samp),
    ENTRY("corr", final_corr),
    {NULL},
};
