/* datetime_agg.c - sum and avg of intervals. */
#include "func/registry.h"
#include "types/datetime.h"

struct interval_sum {
    struct interval sum;
    int64_t n;
};

static bool sum_step(struct fcall *c, void *state)
{
    struct interval_sum *s = state;
    s->n++;
    return interval_plus(&s->sum, interval_of(&c->args[0]), &s->sum, c->err);
}

static bool sum_unstep(struct fcall *c, void *state)
{
    struct interval_sum *s = state;
    s->n--;
    return interval_minus(&s->sum, interval_of(&c->args[0]), &s->sum, c->err);
}

static bool sum_merge(struct fcall *c, void *into, const void *from)
{
    struct interval_sum *s = into;
    const struct interval_sum *other = from;
    s->n += other->n;
    return interval_plus(&s->sum, &other->sum, &s->sum, c->err);
}

static bool sum_final(struct fcall *c, void *state)
{
    const struct interval_sum *s = state;
    c->result = s->n == 0 ? datum_null() : interval_datum(c->arena, s->sum);
    return true;
}

static bool avg_final(struct fcall *c, void *state)
{
    const struct interval_sum *s = state;
    struct interval average;
    if (s->n == 0)
        return return_null(c);
    if (!interval_divided(&s->sum, (double)s->n, &average, c->err))
        return false;
    c->result = interval_datum(c->arena, average);
    return true;
}

AGG_TABLE(datetime_aggs) = {
    {"sum(interval)", sizeof(struct interval_sum), true, sum_step, sum_final, sum_merge,
     sum_unstep},
    {"avg(interval)", sizeof(struct interval_sum), true, sum_step, avg_final, sum_merge,
     sum_unstep},
    {NULL},
};
