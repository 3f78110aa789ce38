/* exec.c - one execution of a plan: locks, snapshot, and the loop that runs a statement again when a row it met was changed.
 *
 * READ COMMITTED: a statement that changes or locks rows runs to its end before its first row is given out.  When it meets a row that
 * another transaction changed after its snapshot (after waiting for that transaction, usually), its own changes are undone, its locks
 * stay, and it starts again on what is committed now.  It terminates: each round holds at least the locks of the one before.  Plain
 * reads stream. */
#include "exec/exec.h"

#include <stdlib.h>
#include <string.h>

#include "exec/exec_int.h"
#include "exec/fold.h"
#include "exec/modify.h"
#include "exec/scan_prune.h"
#include "exec/store.h"
#include "router/placement.h"

#define RESTARTS_MAX 10000

static bool lock_tables(struct exec *x)
{
    for (int k = 0; k < x->plan->n_tables; k++) {
        const struct plan_table *table = &x->plan->tables[k];
        if (table->relation->distribution == DIST_SYSTEM ||
            table->relation->distribution == DIST_TEMP)
            continue;
        if (!txn_lock_table(x->txn, table->relation->oid, table->lock_mode, false, x->err))
            return false;
    }
    return true;
}

bool exec_lock_tables(const struct plan *plan, const struct env *env, struct err *err)
{
    struct exec x = {.plan = plan, .env = env, .txn = env->txn, .err = err};
    return lock_tables(&x);
}

static int compare_u32(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

/* The shards that any scan of the statement may touch, ascending. */
static bool find_shards(struct exec *x)
{
    VEC(uint32_t) all = {0};
    struct frame frame = {.exec = x, .params = x->params, .arena = x->arena};
    x->n_shards = 0;
    for (int k = 0; k < x->plan->n_scans; k++) {
        const struct node *scan = x->plan->scans[k];
        const struct relation *relation = scan->scan.relation;
        struct scan_prune prune = {0};
        if (relation->distribution == DIST_TEMP)
            continue;
        if (scan->scan.whole_shard_set)
            prune.shards = placement_all(x->env->catalog, relation, x->arena, &prune.n_shards);
        else if (!scan_prune(scan, &frame, x->arena, &prune))
            return false;
        for (uint32_t s = 0; s < prune.n_shards; s++)
            VEC_PUSH(x->arena, &all, prune.shards[s]);
    }
    if (all.n > 1)
        qsort(all.items, all.n, sizeof(*all.items), compare_u32);
    for (size_t k = 0; k < all.n; k++)
        if (!x->n_shards || all.items[x->n_shards - 1] != all.items[k])
            all.items[x->n_shards++] = all.items[k];
    x->shards = all.items;
    return true;
}

static bool is_read_only_violation(struct exec *x)
{
    const struct query *q = x->plan->query;
    if (!txn_is_read_only(x->txn))
        return false;
    bool temporary_only = true;
    for (int k = 0; k < x->plan->n_tables; k++)
        if (x->plan->tables[k].lock_mode >= 2 &&
            x->plan->tables[k].relation->distribution != DIST_TEMP)
            temporary_only = false;
    if (temporary_only || !(q->writes || x->plan->locks_rows))
        return false;
    const char *what = q->tag;
    if (q->command == CMD_SELECT_ && x->plan->locks_rows)
        what = "SELECT FOR UPDATE";
    err_set(x->err, ERR_READ_ONLY_SQL_TRANSACTION, "cannot execute %s in a read-only transaction",
            what);
    return true;
}

static int n_returned(const struct plan *plan)
{
    return plan->modify ? (int)plan->query->returning.n : plan->n_visible;
}

/* One round of a statement that changes or locks rows. */
static bool run_to_end(struct exec *x, struct arena *round)
{
    int n = n_returned(x->plan);
    x->result = store_new(x->arena, exec_workspace(x), n);
    x->visible_row = ARENA_ARRAY(x->arena, struct datum, n + 1);
    x->frame = frame_new(x, x->plan, NULL);
    if (x->plan->modify) {
        if (!cte_prepare(x->frame) || !modify_run(x->frame, x->result))
            return false;
        return modify_apply_all(x);
    }
    if (!frame_open(x->frame))
        return false;
    for (;;) {
        bool found;
        if (!frame_next(x->frame, &found))
            return false;
        if (!found)
            break;
        for (int k = 0; k < n; k++)
            x->visible_row[k] = x->frame->out[x->plan->visible[k]];
        if (!store_add(x->result, x->visible_row, x->err))
            return false;
    }
    frame_close(x->frame);
    return modify_apply_all(x);
}

static bool begin_statement(struct exec *x)
{
    if (!txn_statement_begin(x->txn, x->shards, x->n_shards, x->err))
        return false;
    x->statement_open = true;
    return true;
}

static void end_statement(struct exec *x, bool undo)
{
    if (!x->statement_open)
        return;
    if (x->frame && x->frame->root)
        frame_close(x->frame);
    if (undo)
        txn_statement_undo(x->txn);
    txn_statement_end(x->txn);
    x->statement_open = false;
}

static bool run_with_restarts(struct exec *x)
{
    for (int round = 0; round < RESTARTS_MAX; round++) {
        x->restart = false;
        x->changed = 0;
        x->modify_runs = NULL;
        memset(x->sites, 0, (x->plan->n_sites + 1) * sizeof(void *));
        if (!begin_statement(x))
            return false;
        bool ok = run_to_end(x, x->arena);
        end_statement(x, !ok);
        if (ok)
            return true;
        if (!x->restart)
            return false;
        err_clear(x->err);
        if (!exec_breathe(x))
            return false;
    }
    return err_set(x->err, ERR_T_R_SERIALIZATION_FAILURE,
                   "could not serialize access due to concurrent update");
}

static bool writes(const struct plan *plan)
{
    if (plan->modify || plan->locks_rows)
        return true;
    for (int k = 0; k < plan->n_ctes; k++)
        if (plan->ctes[k].modifies)
            return true;
    return plan->query->writes;
}

struct exec *exec_start(const struct plan *plan, struct arena *arena, const struct env *env,
                        const struct datum *params, struct err *err)
{
    struct exec *x = ARENA_NEW(arena, struct exec);
    x->plan = plan;
    x->arena = arena;
    x->env = env;
    x->txn = env->txn;
    x->params = params;
    x->err = err;
    x->sites = ARENA_ARRAY(arena, void *, plan->n_sites + 1);
    if (is_read_only_violation(x) || !lock_tables(x) || !exec_fold(x) || !find_shards(x))
        return NULL;
    if (writes(plan)) {
        if (!run_with_restarts(x))
            return NULL;
        return x;
    }
    if (!begin_statement(x))
        return NULL;
    x->visible_row = ARENA_ARRAY(arena, struct datum, plan->n_visible + 1);
    x->frame = frame_new(x, plan, NULL);
    if (!frame_open(x->frame)) {
        end_statement(x, true);
        return NULL;
    }
    return x;
}

bool exec_next(struct exec *x, const struct datum **row, struct err *err)
{
    *row = NULL;
    x->err = err;
    if (x->result) {
        return x->result_at == store_count(x->result) ||
               store_row(x->result, x->result_at++, row, err);
    }
    bool found;
    if (x->done)
        return true;
    if (!frame_next(x->frame, &found))
        return false;
    if (!found) {
        x->done = true;
        return true;
    }
    for (int k = 0; k < x->plan->n_visible; k++)
        x->visible_row[k] = x->frame->out[x->plan->visible[k]];
    *row = x->visible_row;
    return true;
}

uint64_t exec_rows_changed(const struct exec *x)
{
    return x->changed;
}

void exec_end(struct exec *x)
{
    if (x)
        end_statement(x, false);
}

/* ---- lone expressions ---- */

static bool eval_lone(struct arena *arena, const struct env *env, const struct expr *expr,
                      const struct datum *params, const struct datum *row, struct datum *value,
                      struct err *err)
{
    struct expr *e = (struct expr *)expr;
    uint32_t n_sites = plan_expression(arena, env, &e, err);
    if (!n_sites)
        return false;
    static const struct query no_query;
    static const struct plan no_plan = {.query = &no_query};
    struct rowref ref = {.values = row};
    struct exec x = {.plan = &no_plan,
                     .arena = arena,
                     .env = env,
                     .txn = env->txn,
                     .params = params,
                     .err = err};
    struct frame f = {.exec = &x, .plan = &no_plan, .rows = &ref, .arena = arena, .params = params};
    x.sites = ARENA_ARRAY(arena, void *, n_sites + 1);
    return eval(e, &f, value);
}

bool exec_constant(struct arena *arena, const struct env *env, const struct expr *expr,
                   const struct datum *params, struct datum *value, struct err *err)
{
    return eval_lone(arena, env, expr, params, NULL, value, err);
}

bool exec_over_row(struct arena *arena, const struct env *env, const struct expr *expr,
                   const struct datum *row, struct datum *value, struct err *err)
{
    return eval_lone(arena, env, expr, NULL, row, value, err);
}
