/* scan.c - the leaves of a plan: tables, catalogs, sub-selects in FROM, functions, VALUES, CTEs, and the single empty row.
 *
 * A table scan works out, when it starts, the values its conditions compare with and the shards that can hold matching rows; the
 * rest is the transaction's scan (txn.h).  Pruning may keep a shard too many, never one too few. */
#include <string.h>

#include "catalog/sysrel.h"
#include "exec/exec_int.h"
#include "exec/scan_prune.h"
#include "exec/store.h"
#include "types/record.h"

/* ---- the single empty row ---- */

struct result_state {
    struct state base;
    bool given;
};

static bool result_next(struct state *state, bool *found)
{
    struct result_state *result = (struct result_state *)state;
    *found = !result->given;
    result->given = true;
    return true;
}

static bool result_rewind(struct state *state)
{
    ((struct result_state *)state)->given = false;
    return true;
}

const struct node_ops result_ops = {.name = "Result",
                                    .state_bytes = sizeof(struct result_state),
                                    .next = result_next,
                                    .rewind = result_rewind};

/* ---- tables ---- */

struct scan_state {
    struct state base;
    struct arena *arena; /* the scan's, replaced on rewind when it was reopened */
    struct scan *scan;
    struct scan_prune prune;
    bool empty; /* a condition is NULL: no row can match */
    bool started;
};

/* Are this table's rows changed or locked here?  Then those that changed during a wait are read anew; all others stay as they were. */
static bool is_locked(const struct frame *f, int rte)
{
    const struct query *q = f->plan->query;
    if (f->plan->modify && rte == q->target_rte)
        return true;
    for (size_t k = 0; k < q->n_row_marks; k++)
        if ((int)q->row_marks[k].rte == rte)
            return true;
    return false;
}

static bool scan_start(struct scan_state *s)
{
    const struct node *node = s->base.node;
    struct frame *f = s->base.frame;
    struct exec *x = f->exec;
    arena_reset(s->arena);
    struct arena *saved = f->arena;
    f->arena = s->arena;
    bool ok = scan_prune(node, f, s->arena, &s->prune);
    f->arena = saved;
    if (!ok)
        return false;
    s->empty = s->prune.nothing;
    s->started = true;
    if (s->empty)
        return true;
    struct scan_spec spec = {
        .relation = node->scan.relation,
        .shards = s->prune.shards,
        .n_shards = s->prune.n_shards,
        .columns = node->scan.columns,
        .quals = s->prune.quals,
        .n_quals = s->prune.n_quals,
        .order_attnum = node->scan.order_attnum,
        .order_desc = node->scan.order_desc,
        .limit_hint = s->prune.limit,
        .as_begun = !is_locked(f, node->rte),
    };
    s->scan = scan_open(x->txn, s->arena, x->env, &spec, x->err);
    return s->scan != NULL;
}

static bool scan_state_open(struct state *state)
{
    struct scan_state *s = (struct scan_state *)state;
    s->arena = arena_child(state->frame->exec->arena, "scan");
    return true; /* started by the first next, when outer rows are there */
}

static bool scan_state_next(struct state *state, bool *found)
{
    struct scan_state *s = (struct scan_state *)state;
    struct frame *f = state->frame;
    struct rowref *ref = &f->rows[state->node->rte];
    if (!s->started && !scan_start(s))
        return false;
    *found = false;
    if (s->empty)
        return true;
    for (;;) {
        struct row row;
        bool pass;
        if (!exec_breathe(f->exec) || !scan_next(s->scan, &row, found, f->exec->err))
            return false;
        if (!*found)
            return true;
        *ref = (struct rowref){.values = row.values, .shard = row.shard, .rid = row.rid};
        if (!state->node->quals.n)
            return true;
        arena_reset(state->scratch);
        f->arena = state->scratch;
        if (!eval_quals(&state->node->quals, f, &pass))
            return false;
        if (pass)
            return true;
    }
}

static void scan_stop(struct scan_state *s)
{
    if (s->scan)
        scan_close(s->scan);
    s->scan = NULL;
    s->started = false;
}

static bool scan_state_rewind(struct state *state)
{
    scan_stop((struct scan_state *)state);
    return true;
}

static void scan_state_close(struct state *state)
{
    scan_stop((struct scan_state *)state);
}

const struct node_ops scan_ops = {.name = "Scan",
                                  .state_bytes = sizeof(struct scan_state),
                                  .open = scan_state_open,
                                  .next = scan_state_next,
                                  .rewind = scan_state_rewind,
                                  .close = scan_state_close};

/* ---- system relations: rows made by code, kept for the statement ---- */

struct system_state {
    struct state base;
    struct store *rows;
    size_t at;
    bool loaded, keyed; /* keyed: rows were cut down by a value that may change */
};

static bool add_system_row(void *arg, const struct datum *row)
{
    struct system_state *s = arg;
    return store_add(s->rows, row, s->base.frame->exec->err);
}

static bool system_open(struct state *state)
{
    struct system_state *s = (struct system_state *)state;
    struct exec *x = state->frame->exec;
    s->rows = store_new(x->arena, exec_workspace(x), state->node->scan.relation->n_columns);
    return true;
}

static bool system_load(struct system_state *s)
{
    const struct node *node = s->base.node;
    struct frame *f = s->base.frame;
    struct datum value = datum_null();
    struct sysrel_hint hint = {.value = &value};
    store_clear(s->rows);
    s->at = 0;
    s->loaded = true;
    arena_reset(s->base.scratch);
    f->arena = s->base.scratch;
    for (int k = 0; k < node->scan.n_conds && !hint.attnum; k++) {
        if (node->scan.conds[k].op != QUAL_EQ)
            continue;
        if (!eval(node->scan.conds[k].value, f, &value))
            return false;
        hint.attnum = node->scan.conds[k].attnum;
        s->keyed = true;
    }
    if (hint.attnum && value.null)
        return true;
    return sysrel_scan(node->scan.relation->system, f->exec->env, hint.attnum ? &hint : NULL,
                       add_system_row, s, f->exec->err);
}

static bool system_next(struct state *state, bool *found)
{
    struct system_state *s = (struct system_state *)state;
    struct frame *f = state->frame;
    if (!s->loaded && !system_load(s))
        return false;
    for (;;) {
        bool pass;
        const struct datum *row;
        *found = s->at < store_count(s->rows);
        if (!*found)
            return true;
        if (!store_row(s->rows, s->at++, &row, f->exec->err))
            return false;
        f->rows[state->node->rte] = (struct rowref){.values = row, .rid = (int64_t)s->at};
        arena_reset(state->scratch);
        f->arena = state->scratch;
        if (!exec_breathe(f->exec) || !eval_quals(&state->node->quals, f, &pass))
            return false;
        if (pass)
            return true;
    }
}

static bool system_rewind(struct state *state)
{
    struct system_state *s = (struct system_state *)state;
    s->at = 0;
    s->loaded = s->loaded && !s->keyed;
    return true;
}

const struct node_ops system_ops = {.name = "System Scan",
                                    .state_bytes = sizeof(struct system_state),
                                    .open = system_open,
                                    .next = system_next,
                                    .rewind = system_rewind};

/* ---- sub-selects in FROM ---- */

struct subquery_state {
    struct state base;
    struct frame *inner;
    bool opened;
    struct datum *row;
};

static bool subquery_open(struct state *state)
{
    struct subquery_state *s = (struct subquery_state *)state;
    s->inner = frame_new(state->frame->exec, state->node->subquery.plan, state->frame);
    s->row = ARENA_ARRAY(state->frame->exec->arena, struct datum,
                         state->node->subquery.plan->n_visible + 1);
    return true;
}

static bool subquery_next(struct state *state, bool *found)
{
    struct subquery_state *s = (struct subquery_state *)state;
    struct frame *f = state->frame;
    const struct plan *plan = state->node->subquery.plan;
    if (!s->opened) {
        s->opened = true;
        if (!frame_open(s->inner))
            return false;
    }
    for (;;) {
        bool pass;
        if (!frame_next(s->inner, found))
            return false;
        if (!*found)
            return true;
        for (int k = 0; k < plan->n_visible; k++)
            s->row[k] = s->inner->out[plan->visible[k]];
        f->rows[state->node->rte] = (struct rowref){.values = s->row};
        if (!state->node->quals.n)
            return true;
        arena_reset(state->scratch);
        f->arena = state->scratch;
        if (!eval_quals(&state->node->quals, f, &pass))
            return false;
        if (pass)
            return true;
    }
}

static bool subquery_rewind(struct state *state)
{
    struct subquery_state *s = (struct subquery_state *)state;
    return !s->opened || frame_rewind(s->inner);
}

static void subquery_close(struct state *state)
{
    struct subquery_state *s = (struct subquery_state *)state;
    if (s->opened)
        frame_close(s->inner);
}

const struct node_ops subquery_ops = {.name = "Subquery Scan",
                                      .state_bytes = sizeof(struct subquery_state),
                                      .open = subquery_open,
                                      .next = subquery_next,
                                      .rewind = subquery_rewind,
                                      .close = subquery_close};

/* ---- functions in FROM ---- */

struct function_state {
    struct state base;
    struct srf_iter *iters;
    struct datum *row;
    int64_t ordinal;
    bool started;
};

static bool function_open(struct state *state)
{
    struct function_state *s = (struct function_state *)state;
    const struct rte *rte = state->node->function.rte;
    struct arena *arena = state->frame->exec->arena;
    s->iters = ARENA_ARRAY(arena, struct srf_iter, rte->n_functions);
    s->row = ARENA_ARRAY(arena, struct datum, rte->n_columns + 1u);
    const struct type **types = ARENA_ARRAY(arena, const struct type *, rte->n_columns + 1u);
    const char **names = ARENA_ARRAY(arena, const char *, rte->n_columns + 1u);
    for (int k = 0; k < rte->n_columns; k++) {
        types[k] = rte->columns[k].type;
        names[k] = rte->columns[k].name;
    }
    int at = 0;
    for (int k = 0; k < rte->n_functions; k++) {
        srf_init(&s->iters[k], rte->functions[k].call, state->frame, rte->functions[k].n_columns,
                 types + at, names + at);
        at += rte->functions[k].n_columns;
    }
    return true;
}

static bool function_row(struct function_state *s, bool *found)
{
    const struct rte *rte = s->base.node->function.rte;
    struct frame *f = s->base.frame;
    int at = 0;
    *found = false;
    for (int k = 0; k < rte->n_functions; k++) {
        struct srf_iter *iter = &s->iters[k];
        bool got = false;
        if (!iter->done && !srf_next(iter, f, s->row + at, &got))
            return false;
        if (!got)
            for (int c = 0; c < iter->n_columns; c++)
                s->row[at + c] = datum_null();
        *found |= got;
        at += iter->n_columns;
    }
    if (rte->ordinality)
        s->row[at] = datum_int(++s->ordinal);
    return true;
}

static bool function_next(struct state *state, bool *found)
{
    struct function_state *s = (struct function_state *)state;
    const struct rte *rte = state->node->function.rte;
    struct frame *f = state->frame;
    if (!s->started) {
        s->started = true;
        s->ordinal = 0;
        for (int k = 0; k < rte->n_functions; k++)
            if (!srf_start(&s->iters[k], f))
                return false;
    }
    for (;;) {
        bool pass;
        arena_reset(state->scratch);
        f->arena = state->scratch;
        if (!exec_breathe(f->exec) || !function_row(s, found))
            return false;
        if (!*found)
            return true;
        f->rows[state->node->rte] = (struct rowref){.values = s->row, .rid = s->ordinal};
        f->arena = state->scratch;
        if (!eval_quals(&state->node->quals, f, &pass))
            return false;
        if (pass)
            return true;
    }
}

static bool function_rewind(struct state *state)
{
    ((struct function_state *)state)->started = false;
    return true;
}

const struct node_ops function_ops = {.name = "Function Scan",
                                      .state_bytes = sizeof(struct function_state),
                                      .open = function_open,
                                      .next = function_next,
                                      .rewind = function_rewind};

/* ---- VALUES ---- */

struct values_state {
    struct state base;
    size_t at;
    struct datum *row;
};

static bool values_open(struct state *state)
{
    struct values_state *s = (struct values_state *)state;
    s->row = ARENA_ARRAY(state->frame->exec->arena, struct datum,
                         state->node->values.rte->n_columns + 1u);
    return true;
}

static bool values_next(struct state *state, bool *found)
{
    struct values_state *s = (struct values_state *)state;
    const struct rte *rte = state->node->values.rte;
    struct frame *f = state->frame;
    for (;;) {
        bool pass;
        *found = s->at < rte->n_value_rows;
        if (!*found)
            return true;
        arena_reset(state->scratch);
        f->arena = state->scratch;
        const struct exprs *exprs = &rte->value_rows[s->at++];
        for (size_t k = 0; k < exprs->n; k++)
            if (!eval(exprs->items[k], f, &s->row[k]))
                return false;
        f->rows[state->node->rte] = (struct rowref){.values = s->row};
        if (!exec_breathe(f->exec) || !eval_quals(&state->node->quals, f, &pass))
            return false;
        if (pass)
            return true;
    }
}

static bool values_rewind(struct state *state)
{
    ((struct values_state *)state)->at = 0;
    return true;
}

const struct node_ops values_ops = {.name = "Values Scan",
                                    .state_bytes = sizeof(struct values_state),
                                    .open = values_open,
                                    .next = values_next,
                                    .rewind = values_rewind};

/* ---- CTE references ---- */

struct cte_ref_state {
    struct state base;
    struct store_cursor *cursor;
    size_t at;
};

static bool cte_ref_next(struct state *state, bool *found)
{
    struct cte_ref_state *s = (struct cte_ref_state *)state;
    struct frame *f = state->frame, *owner = f;
    for (int k = 0; k < state->node->cte.levels_up; k++)
        owner = owner->parent;
    for (;;) {
        const struct datum *row;
        bool pass;
        bool ok = state->node->cte.self
                      ? cte_fetch_self(owner, state->node->cte.cte, &s->cursor, s->at, &row)
                      : cte_fetch(owner, state->node->cte.cte, &s->cursor, s->at, &row);
        if (!ok || !exec_breathe(f->exec))
            return false;
        *found = row != NULL;
        if (!row)
            return true;
        s->at++;
        f->rows[state->node->rte] = (struct rowref){.values = row};
        arena_reset(state->scratch);
        f->arena = state->scratch;
        if (!eval_quals(&state->node->quals, f, &pass))
            return false;
        if (pass)
            return true;
    }
}

static bool cte_ref_rewind(struct state *state)
{
    ((struct cte_ref_state *)state)->at = 0;
    return true;
}

const struct node_ops cte_ops = {.name = "CTE Scan",
                                 .state_bytes = sizeof(struct cte_ref_state),
                                 .next = cte_ref_next,
                                 .rewind = cte_ref_rewind};

/* ---- filters above joins and the like ---- */

static bool filter_next(struct state *state, bool *found)
{
    struct frame *f = state->frame;
    for (;;) {
        bool pass;
        if (!state_next(state->left, found))
            return false;
        if (!*found)
            return true;
        arena_reset(state->scratch);
        f->arena = state->scratch;
        if (!eval_quals(&state->node->quals, f, &pass))
            return false;
        if (pass)
            return true;
    }
}

const struct node_ops filter_ops = {
    .name = "Filter", .state_bytes = sizeof(struct state), .next = filter_next};
