/* series.c - generate_series and generate_subscripts: rows made one at a time. */
#include "func/registry.h"
#include "types/array.h"
#include "types/numeric.h"

static bool finish(struct fcall *c)
{
    *c->done = true;
    return true;
}

static bool bad_argument(struct fcall *c, const char *message)
{
    return err_set(c->err, ERR_INVALID_PARAMETER_VALUE, "%s", message);
}

/* ---- integers ---- */

struct int_series {
    int64_t next, stop, step;
    bool done;
};

static bool int_series_next(struct fcall *c, struct int_series *s)
{
    if (s->done || (s->step > 0 ? s->next > s->stop : s->next < s->stop))
        return finish(c);
    c->result = datum_int(s->next);
    s->done = __builtin_add_overflow(s->next, s->step, &s->next);
    return true;
}

static bool series_int(struct fcall *c)
{
    struct int_series *s = *c->site;
    if (!s) {
        *c->site = s = ARENA_NEW(c->site_arena, struct int_series);
        *s = (struct int_series){ARG_I(c, 0), ARG_I(c, 1), c->n_args > 2 ? ARG_I(c, 2) : 1, false};
        if (!s->step)
            return bad_argument(c, "step size cannot equal zero");
    }
    return int_series_next(c, s);
}

static bool subscripts(struct fcall *c)
{
    struct int_series *s = *c->site;
    if (!s) {
        const struct array *array = array_of(&c->args[0]);
        int64_t dim = ARG_I(c, 1);
        bool reverse = c->n_args > 2 && ARG_I(c, 2);
        *c->site = s = ARENA_NEW(c->site_arena, struct int_series);
        if (dim < 1 || dim > array->ndim) {
            s->done = true;
            return finish(c);
        }
        int64_t first = array_lbounds(array)[dim - 1],
                last = first + array_dims(array)[dim - 1] - 1;
        *s = reverse ? (struct int_series){last, first, -1, false}
                     : (struct int_series){first, last, 1, false};
    }
    return int_series_next(c, s);
}

/* ---- numeric ---- */

struct numeric_series {
    const struct numeric *next, *stop, *step;
    struct arena *arenas[2]; /* `next` lives in one of them */
    int live;
};

static const struct numeric *keep(struct arena *arena, const struct numeric *v)
{
    return arena_memdup(arena, v, numeric_datum(v).n);
}

static bool check_bound(struct fcall *c, const struct numeric *v, const char *what)
{
    if (!v->kind)
        return true;
    return err_set(c->err, ERR_INVALID_PARAMETER_VALUE, "%s cannot be %s", what,
                   v->kind == NUMERIC_NAN ? "NaN" : "infinity");
}

static struct numeric_series *start_numeric(struct fcall *c)
{
    struct numeric_series *s = ARENA_NEW(c->site_arena, struct numeric_series);
    const struct numeric *start = numeric_of(&c->args[0]), *stop = numeric_of(&c->args[1]);
    const struct numeric *step =
        c->n_args > 2 ? numeric_of(&c->args[2]) : numeric_from_i64(c->arena, 1);
    if (!check_bound(c, start, "start value") || !check_bound(c, stop, "stop value") ||
        !check_bound(c, step, "step size"))
        return NULL;
    if (numeric_is_zero(step)) {
        bad_argument(c, "step size cannot equal zero");
        return NULL;
    }
    s->arenas[0] = arena_child(c->site_arena, "numeric series");
    s->arenas[1] = arena_child(c->site_arena, "numeric series");
    s->next = keep(s->arenas[0], start);
    s->stop = keep(c->site_arena, stop);
    s->step = keep(c->site_arena, step);
    return s;
}

static bool series_numeric(struct fcall *c)
{
    struct numeric_series *s = *c->site;
    if (!s) {
        *c->site = s = start_numeric(c);
        if (!s)
            return false;
    }
    int order = numeric_cmp(s->next, s->stop);
    if (numeric_signum(s->step) > 0 ? order > 0 : order < 0)
        return finish(c);
    c->result = numeric_datum(keep(c->arena, s->next));
    const struct numeric *next = numeric_add(c->arena, c->err, s->next, s->step);
    if (!next)
        return false;
    s->live = !s->live;
    arena_reset(s->arenas[s->live]);
    s->next = keep(s->arenas[s->live], next);
    return true;
}

FUNC_TABLE(series_funcs) = {
    {"generate_series_int4", series_int},
    {"generate_series_step_int4", series_int},
    {"generate_series_int8", series_int},
    {"generate_series_step_int8", series_int},
    {"generate_series_numeric", series_numeric},
    {"generate_series_step_numeric", series_numeric},
    {"generate_subscripts", subscripts},
    {"generate_subscripts_nodir", subscripts},
    {NULL, NULL},
};
