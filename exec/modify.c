/* modify.c - collecting the rows that a modification changes (see modify.h). */
#include "exec/modify.h"

#include <string.h>

#include "base/map.h"
#include "exec/copy.h"
#include "exec/store.h"
#include "router/placement.h"

struct collector {
    struct frame *f;
    struct exec *x;
    const struct query *q;
    const struct relation *relation;
    const struct modify *modify;
    struct modify_run *run;
    struct store *returning;
    struct arena *scratch; /* one row */
    struct imap *seen;     /* target rows already taken */
    bool nested;           /* a CTE: applied at the end of the statement */
    struct datum *returning_row;
};

static void free_seen(void *arg)
{
    imap_free(arg);
}

static void collector_init(struct collector *c, struct frame *f, struct store *returning)
{
    struct exec *x = f->exec;
    *c = (struct collector){.f = f,
                            .x = x,
                            .q = f->plan->query,
                            .modify = f->plan->modify,
                            .returning = returning,
                            .nested = f->parent != NULL,
                            .relation = f->plan->query->target};
    c->scratch = arena_child(x->arena, "modify");
    c->returning_row = ARENA_ARRAY(x->arena, struct datum, c->q->returning.n + 1);
    c->run = ARENA_NEW(x->arena, struct modify_run);
    c->run->plan = f->plan;
    c->run->frame = f;
    c->run->last = &c->run->first;
    c->seen = imap_new();
    arena_on_free(x->arena, free_seen, c->seen);
    struct modify_run **end = &x->modify_runs;
    while (*end)
        end = &(*end)->next;
    *end = c->run;
}

static uint64_t row_identity(uint32_t shard, int64_t rid)
{
    return (uint64_t)rid ^ (uint64_t)shard << 44;
}

/* True the first time. */
static bool take_row(struct collector *c, uint32_t shard, int64_t rid)
{
    return imap_put(c->seen, row_identity(shard, rid), c) == NULL;
}

static void add_pending(struct collector *c, enum pending_kind kind, const struct rowref *row,
                        const struct datum *old_values, const struct datum *new_values,
                        const uint8_t *changed)
{
    struct arena *arena = c->x->arena;
    int n = c->relation->n_columns;
    struct pending *pending = ARENA_NEW(arena, struct pending);
    *pending = (struct pending){.kind = kind,
                                .shard = row ? row->shard : 0,
                                .rid = row ? row->rid : 0,
                                .old_values = old_values ? row_copy(arena, old_values, n) : NULL,
                                .new_values = new_values ? row_copy(arena, new_values, n) : NULL,
                                .changed = changed};
    *c->run->last = pending;
    c->run->last = &pending->next;
}

/* RETURNING over the frame's rows, the target's entry being the new row (the old one for DELETE). */
static bool return_row(struct collector *c, const struct datum *values)
{
    struct frame *f = c->f;
    if (!c->q->returning.n)
        return true;
    struct rowref saved = f->rows[c->q->target_rte];
    f->rows[c->q->target_rte].values = values;
    for (size_t k = 0; k < c->q->returning.n; k++)
        if (!eval(c->q->returning.items[k].expr, f, &c->returning_row[k]))
            return false;
    f->rows[c->q->target_rte] = saved;
    return store_add(c->returning, c->returning_row, c->x->err);
}

static bool compute_generated(struct frame *f, const struct query *q, struct datum *values)
{
    struct rowref saved = f->rows[q->target_rte];
    f->rows[q->target_rte].values = values;
    for (size_t k = 0; k < q->generated.n; k++)
        if (!eval(q->generated.items[k].expr, f, &values[q->generated.items[k].attnum - 1]))
            return false;
    f->rows[q->target_rte] = saved;
    return true;
}

static bool assign(struct frame *f, const struct assignments *set, struct datum *values)
{
    for (size_t k = 0; k < set->n; k++) {
        struct datum v = datum_null();
        if (set->items[k].expr && !eval(set->items[k].expr, f, &v))
            return false;
        values[set->items[k].attnum - 1] = v;
    }
    return true;
}

static bool check_views(struct collector *c, const struct datum *values)
{
    struct frame *f = c->f;
    struct rowref saved = f->rows[c->q->target_rte];
    f->rows[c->q->target_rte].values = values;
    for (size_t k = 0; k < c->q->view_checks.n; k++) {
        bool pass;
        if (!eval_bool(c->q->view_checks.items[k], f, &pass))
            return false;
        if (!pass) {
            err_set(c->x->err, ERR_WITH_CHECK_OPTION_VIOLATION,
                    "new row violates check option for view \"%s\"", c->q->view_check_names[k]);
            return err_detail(c->x->err, "Failing row contains %s.",
                              row_description(f, c->relation, values));
        }
    }
    f->rows[c->q->target_rte] = saved;
    return true;
}

/* ---- INSERT ---- */

static bool on_conflict_update(struct collector *c, uint32_t shard, int64_t rid,
                               const struct datum *proposed, bool *retry)
{
    struct frame *f = c->f;
    const struct on_conflict *oc = c->q->on_conflict;
    struct datum *current = ARENA_ARRAY(c->scratch, struct datum, c->relation->n_columns + 1u);
    bool found, wanted = true;
    *retry = false;
    if (imap_get(c->seen, row_identity(shard, rid))) {
        err_set(c->x->err, ERR_CARDINALITY_VIOLATION,
                "ON CONFLICT DO UPDATE command cannot affect row a second time");
        return err_hint(c->x->err, "Ensure that no rows proposed for insertion within the same "
                                   "command have duplicate constrained values.");
    }
    uint8_t *changed = ARENA_ARRAY(c->scratch, uint8_t, c->relation->n_columns / 8u + 1);
    for (size_t k = 0; k < oc->set.n; k++)
        bit_set(changed, oc->set.items[k].attnum);
    for (size_t k = 0; k < c->q->generated.n; k++)
        bit_set(changed, c->q->generated.items[k].attnum);
    switch (txn_lock_row(c->x->txn, c->relation, shard, rid, update_lock_mode(c->relation, changed),
                         WAIT_BLOCK, c->x->err)) {
    case TXN_ERROR:
        return false;
    case TXN_OK:
    case TXN_RESTART: /* locked now: what counts is the row as it is */
    case TXN_SKIPPED:
    case TXN_CONFLICT:
        break;
    }
    if (!txn_fetch_row(c->x->txn, c->scratch, c->x->env, c->relation, shard, rid, current, &found,
                       c->x->err))
        return false;
    if (!found) {
        *retry = true;
        return true;
    }
    f->rows[c->q->target_rte] = (struct rowref){.values = current, .shard = shard, .rid = rid};
    f->excluded = proposed;
    if (oc->where && !eval_bool(oc->where, f, &wanted))
        return false;
    if (!wanted)
        return true;
    struct datum *values =
        arena_memdup(c->scratch, current, sizeof(*current) * c->relation->n_columns);
    if (!assign(f, &oc->set, values) || !compute_generated(f, c->q, values) ||
        !check_views(c, values) || !check_row(f, &c->modify->table, c->q->target_rte, values))
        return false;
    take_row(c, shard, rid);
    if (!apply_update(f, &c->modify->table, shard, rid, current, values, changed))
        return false;
    c->x->changed += !c->nested;
    return return_row(c, values);
}

/* DO NOTHING on account of a row that a snapshot for the whole transaction cannot see would be an answer from the future. */
static bool is_visible(struct collector *c, uint32_t shard, int64_t rid)
{
    bool visible = true;
    if (txn_isolation(c->x->txn) == ISOLATION_READ_COMMITTED)
        return true;
    return txn_row_visible(c->x->txn, c->relation, shard, rid, &visible, c->x->err) &&
           (visible || err_set(c->x->err, ERR_T_R_SERIALIZATION_FAILURE,
                               "could not serialize access due to concurrent update"));
}

/* Looks for a row that the new one conflicts with under ON CONFLICT; *done when the row is dealt with. */
static bool resolve_conflict(struct collector *c, uint32_t home, const struct datum *values,
                             bool *done)
{
    const struct on_conflict *oc = c->q->on_conflict;
    const struct modify_table *table = &c->modify->table;
    *done = false;
    for (int k = 0; k < table->n_uniques; k++) {
        const struct unique_index *unique = &table->uniques[k];
        bool found, retry;
        uint32_t shard;
        int64_t rid;
        if (oc->n_arbiters && !unique->is_arbiter)
            continue;
        do {
            retry = false;
            if (!find_unique(c->f, table, unique, home, values, false, 0, 0, &found, &shard, &rid))
                return false;
            if (found && oc->do_update && !on_conflict_update(c, shard, rid, values, &retry))
                return false;
        } while (retry);
        if (found) {
            *done = true;
            return oc->do_update || is_visible(c, shard, rid);
        }
    }
    return true;
}

static bool insert_with_conflicts(struct collector *c, const struct datum *values)
{
    bool done;
    uint32_t home = placement_of_row(c->x->env->catalog, c->relation, values, 0);
    if (!check_row(c->f, &c->modify->table, c->q->target_rte, values) ||
        !resolve_conflict(c, home, values, &done))
        return false;
    if (done)
        return true;
    if (!apply_insert(c->f, &c->modify->table, values))
        return false;
    c->x->changed += !c->nested;
    /* The new row may be proposed again by this very command. */
    for (int k = 0; c->q->on_conflict->do_update && k < c->modify->table.n_uniques; k++) {
        bool found;
        uint32_t shard;
        int64_t rid;
        if (!c->modify->table.uniques[k].is_arbiter)
            continue;
        if (!find_unique(c->f, &c->modify->table, &c->modify->table.uniques[k], home, values, false,
                         0, 0, &found, &shard, &rid))
            return false;
        if (found)
            take_row(c, shard, rid);
    }
    return return_row(c, values);
}

static bool collect_insert_row(struct collector *c)
{
    struct frame *f = c->f;
    struct datum *values = ARENA_ARRAY(c->scratch, struct datum, c->relation->n_columns + 1u);
    for (int k = 0; k < c->relation->n_columns; k++)
        values[k] = datum_null();
    if (!assign(f, &c->q->set, values) || !compute_generated(f, c->q, values))
        return false;
    if (c->q->on_conflict) {
        add_pending(c, PENDING_INSERT, NULL, NULL, values, NULL);
        return true;
    }
    if (!check_views(c, values))
        return false;
    add_pending(c, PENDING_INSERT, NULL, NULL, values, NULL);
    return return_row(c, values);
}

static bool collect_inserts(struct collector *c)
{
    struct frame *f = c->f;
    f->arena = c->scratch;
    if (!f->plan->source)
        return collect_insert_row(c);
    struct frame *source = frame_new(c->x, f->plan->source, f);
    int n = f->plan->source->n_visible;
    bool ok = true, found;
    struct datum *row = ARENA_ARRAY(c->x->arena, struct datum, n + 1);
    if (f->plan->source->modify)
        return err_set(c->x->err, ERR_FEATURE_NOT_SUPPORTED,
                       "a data-modifying source of INSERT is not supported");
    if (!frame_open(source))
        return false;
    for (;;) {
        ok = frame_next(source, &found);
        if (!ok || !found)
            break;
        for (int k = 0; k < n; k++)
            row[k] = source->out[source->plan->visible[k]];
        arena_reset(c->scratch);
        f->arena = c->scratch;
        f->slots = row;
        ok = collect_insert_row(c);
        if (!ok)
            break;
    }
    frame_close(source);
    return ok;
}

/* ON CONFLICT decides row by row, on what the rows before it did. */
static bool run_conflicting_inserts(struct collector *c)
{
    for (struct pending *p = c->run->first; p; p = p->next) {
        arena_reset(c->scratch);
        c->f->arena = c->scratch;
        c->f->excluded = NULL;
        if (!exec_breathe(c->x) || !check_views(c, p->new_values) ||
            !insert_with_conflicts(c, p->new_values))
            return false;
    }
    c->run->applied = true;
    return true;
}

/* ---- UPDATE, DELETE, MERGE ---- */

static bool lock_target(struct collector *c, const struct rowref *row, enum row_lock mode,
                        bool *skip)
{
    *skip = false;
    if (c->relation->distribution == DIST_TEMP)
        return true;
    switch (
        txn_lock_row(c->x->txn, c->relation, row->shard, row->rid, mode, WAIT_BLOCK, c->x->err)) {
    case TXN_OK:
    case TXN_CONFLICT:
        return true;
    case TXN_SKIPPED:
        *skip = true;
        return true;
    case TXN_RESTART:
        c->x->restart = true;
        return false;
    case TXN_ERROR:
        return false;
    }
    return false;
}

static bool collect_update(struct collector *c, const struct assignments *set,
                           const uint8_t *changed)
{
    struct frame *f = c->f;
    struct rowref row = f->rows[c->q->target_rte];
    bool skip;
    if (!lock_target(c, &row, update_lock_mode(c->relation, changed), &skip) || skip)
        return skip;
    struct datum *values = arena_memdup(c->scratch, row.values,
                                        sizeof(*row.values) * (c->relation->n_columns + 0u) + 1);
    if (!assign(f, set, values) || !compute_generated(f, c->q, values) || !check_views(c, values))
        return false;
    add_pending(c, PENDING_UPDATE, &row, row.values, values, changed);
    return return_row(c, values);
}

static bool collect_delete(struct collector *c)
{
    struct rowref row = c->f->rows[c->q->target_rte];
    bool skip;
    if (!lock_target(c, &row, ROW_UPDATE, &skip) || skip)
        return skip;
    add_pending(c, PENDING_DELETE, &row, row.values, NULL, NULL);
    return return_row(c, row.values);
}

static const uint8_t *columns_of_set(struct collector *c, const struct assignments *set)
{
    uint8_t *changed = ARENA_ARRAY(c->x->arena, uint8_t, c->relation->n_columns / 8u + 1);
    for (size_t k = 0; k < set->n; k++)
        bit_set(changed, set->items[k].attnum);
    for (size_t k = 0; k < c->q->generated.n; k++)
        bit_set(changed, c->q->generated.items[k].attnum);
    return changed;
}

static bool collect_merge(struct collector *c)
{
    struct frame *f = c->f;
    struct rowref *row = &f->rows[c->q->target_rte];
    bool matched = row->values != NULL;
    for (size_t k = 0; k < c->q->n_merge; k++) {
        const struct merge_when *when = &c->q->merge[k];
        bool applies = when->matched == matched;
        if (applies && when->condition && !eval_bool(when->condition, f, &applies))
            return false;
        if (!applies)
            continue;
        if (when->action == MERGE_NOTHING_)
            return true;
        if (matched && !take_row(c, row->shard, row->rid)) {
            err_set(c->x->err, ERR_CARDINALITY_VIOLATION,
                    "MERGE command cannot affect row a second time");
            return err_hint(c->x->err,
                            "Ensure that not more than one source row matches any one target row.");
        }
        if (when->action == MERGE_UPDATE_)
            return collect_update(c, &when->set, columns_of_set(c, &when->set));
        if (when->action == MERGE_DELETE_)
            return collect_delete(c);
        struct datum *values = ARENA_ARRAY(c->scratch, struct datum, c->relation->n_columns + 1u);
        for (int v = 0; v < c->relation->n_columns; v++)
            values[v] = datum_null();
        if (!assign(f, &when->set, values) || !compute_generated(f, c->q, values) ||
            !check_views(c, values))
            return false;
        add_pending(c, PENDING_INSERT, NULL, NULL, values, NULL);
        return true;
    }
    return true;
}

static bool collect_joined_row(struct collector *c)
{
    const struct rowref *row = &c->f->rows[c->q->target_rte];
    if (c->q->command == CMD_MERGE_)
        return collect_merge(c);
    if (!row->values || !take_row(c, row->shard, row->rid))
        return true; /* joined with several rows: the first one counts */
    return c->q->command == CMD_DELETE_ ? collect_delete(c)
                                        : collect_update(c, &c->q->set, c->modify->set_columns);
}

static bool collect_joined(struct collector *c)
{
    struct frame *f = c->f;
    f->root = state_open(f->plan->root, f);
    if (!f->root)
        return false;
    for (;;) {
        bool found;
        if (!state_next(f->root, &found))
            return false;
        if (!found)
            break;
        arena_reset(c->scratch);
        f->arena = c->scratch;
        if (!collect_joined_row(c))
            return false;
    }
    state_close(f->root);
    f->root = NULL;
    return true;
}

/* ---- both steps ---- */

static bool apply_pending(struct modify_run *run, struct pending *p)
{
    struct frame *f = run->frame;
    const struct modify_table *table = &run->plan->modify->table;
    uint16_t rte = run->plan->query->target_rte;
    if (p->new_values && !check_row(f, table, rte, p->new_values))
        return false;
    switch (p->kind) {
    case PENDING_INSERT:
        return apply_insert(f, table, p->new_values);
    case PENDING_UPDATE:
        return apply_update(f, table, p->shard, p->rid, p->old_values, p->new_values, p->changed);
    case PENDING_DELETE:
        return apply_delete(f, table, p->shard, p->rid, p->old_values);
    }
    return false;
}

static bool apply_run(struct exec *x, struct modify_run *run)
{
    struct arena *scratch = arena_child(x->arena, "apply");
    for (struct pending *p = run->first; p; p = p->next) {
        arena_reset(scratch);
        run->frame->arena = scratch;
        if (!exec_breathe(x) || !apply_pending(run, p))
            return false;
        x->changed += run->frame->parent == NULL;
    }
    run->applied = true;
    return true;
}

bool modify_run(struct frame *f, struct store *returning)
{
    struct collector c;
    collector_init(&c, f, returning);
    if (f->plan->query->command != CMD_INSERT_)
        return collect_joined(&c);
    if (!collect_inserts(&c))
        return false;
    return !c.q->on_conflict || run_conflicting_inserts(&c);
}

bool modify_apply_all(struct exec *x)
{
    for (struct modify_run *run = x->modify_runs; run; run = run->next)
        if (!run->applied && !apply_run(x, run))
            return false;
    return fk_run(x);
}

/* ---- COPY FROM ---- */

struct copy_in {
    struct exec x;
    struct frame *f, *source;
    struct collector c;
    struct datum *row;
    uint64_t rows;
};

struct copy_in *exec_copy_begin(const struct plan *plan, struct arena *arena, const struct env *env,
                                struct err *err)
{
    struct copy_in *copy = ARENA_NEW(arena, struct copy_in);
    struct exec *x = &copy->x;
    *x = (struct exec){.plan = plan, .arena = arena, .env = env, .txn = env->txn, .err = err};
    x->sites = ARENA_ARRAY(arena, void *, plan->n_sites + 1);
    for (int k = 0; k < plan->n_tables; k++)
        if (plan->tables[k].relation->distribution != DIST_TEMP &&
            plan->tables[k].relation->distribution != DIST_SYSTEM &&
            !txn_lock_table(x->txn, plan->tables[k].relation->oid, plan->tables[k].lock_mode, false,
                            err))
            return NULL;
    if (txn_is_read_only(x->txn) && plan->query->target->distribution != DIST_TEMP) {
        err_set(err, ERR_READ_ONLY_SQL_TRANSACTION,
                "cannot execute COPY FROM in a read-only transaction");
        return NULL;
    }
    if (!txn_statement_begin(x->txn, NULL, 0, err))
        return NULL;
    x->statement_open = true;
    copy->f = frame_new(x, plan, NULL);
    copy->source = frame_new(x, plan->source, copy->f);
    collector_init(&copy->c, copy->f, NULL);
    copy->row = ARENA_ARRAY(arena, struct datum, plan->source->n_visible + 1);
    if (!frame_open(copy->source))
        return NULL;
    return copy;
}

static bool copy_one(struct copy_in *copy)
{
    struct collector *c = &copy->c;
    struct frame *f = copy->f;
    bool found;
    if (!frame_rewind(copy->source) || !frame_next(copy->source, &found))
        return false;
    for (int k = 0; k < copy->source->plan->n_visible; k++)
        copy->row[k] = copy->source->out[copy->source->plan->visible[k]];
    arena_reset(c->scratch);
    f->arena = c->scratch;
    f->slots = copy->row;
    struct datum *values = ARENA_ARRAY(c->scratch, struct datum, c->relation->n_columns + 1u);
    for (int k = 0; k < c->relation->n_columns; k++)
        values[k] = datum_null();
    return assign(f, &c->q->set, values) && compute_generated(f, c->q, values) &&
           check_views(c, values) && check_row(f, &c->modify->table, c->q->target_rte, values) &&
           apply_insert(f, &c->modify->table, values);
}

bool exec_copy_row(struct copy_in *copy, const struct datum *params, struct err *err)
{
    copy->x.err = err;
    copy->f->params = copy->source->params = params;
    if (!exec_breathe(&copy->x) || !copy_one(copy))
        return false;
    copy->rows++;
    return true;
}

bool exec_copy_finish(struct copy_in *copy, uint64_t *rows, struct err *err)
{
    copy->x.err = err;
    *rows = copy->rows;
    frame_close(copy->source);
    copy->source = NULL;
    bool ok = fk_run(&copy->x);
    if (!ok)
        txn_statement_undo(copy->x.txn);
    txn_statement_end(copy->x.txn);
    copy->x.statement_open = false;
    return ok;
}

void exec_copy_abort(struct copy_in *copy)
{
    if (!copy || !copy->x.statement_open)
        return;
    frame_close(copy->source);
    txn_statement_undo(copy->x.txn);
    txn_statement_end(copy->x.txn);
    copy->x.statement_open = false;
}
