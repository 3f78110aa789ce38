/* foreign_key.c - foreign keys and deferrable unique keys.
 *
 * Row operations queue what must be checked; the queue runs at the end of the statement, or, for deferred constraints, when the
 * transaction commits (or SET CONSTRAINTS ... IMMEDIATE asks).  A new reference locks the row it points at (KEY SHARE) so
 * that it cannot go away before the referrer commits; a parent that goes away has its row locked for update already.  Checks
 * read what is committed now plus this transaction's own changes, never the statement's snapshot, as PostgreSQL's RI checks do.
 * They look at the state, not at what was queued: an item whose row has meanwhile changed again (or was undone by a savepoint) passes. */
#include <string.h>

#include "exec/deferred.h"
#include "exec/eval_int.h"
#include "exec/modify.h"
#include "sql/analyze.h"
#include "router/placement.h"

enum fk_event { FK_CHILD, FK_PARENT_DELETE, FK_PARENT_UPDATE, UNIQUE_AGAIN };

struct fk_item {
    struct fk_item *next;
    enum fk_event event;
    const struct constraint *constraint; /* FK_* */
    const struct index *index;           /* UNIQUE_AGAIN */
    const struct relation *relation;     /* whose row `values` is */
    const struct datum *values, *new_values;
};

struct fk_queue {
    struct fk_item *first, **last;
};

/* A transaction's deferred items; hangs on txn_attachment(). */
struct deferred {
    struct arena *arena;
    struct env env; /* of the statement that queued last: the commit check runs with it */
    struct catalog *catalog;
    struct fk_queue queue;
    bool all_set, all_deferred; /* SET CONSTRAINTS ALL */
    VEC(uint32_t) deferred, immediate;
};

/* ---- the transaction's deferred set ---- */

static void deferred_free(void *arg, bool committed)
{
    struct deferred *d = arg;
    if (d->catalog)
        catalog_unref(d->catalog);
    arena_free(d->arena);
}

static bool run_queue(struct exec *x, struct fk_queue *queue);

static bool run_deferred(struct deferred *d, const struct env *env, struct err *err)
{
    struct arena *arena = arena_child(d->arena, "deferred checks");
    struct exec x = {.arena = arena, .env = env, .txn = env->txn, .err = err};
    struct fk_queue queue = d->queue;
    d->queue = (struct fk_queue){.last = &d->queue.first};
    x.fk_queue = ARENA_NEW(arena, struct fk_queue);
    x.fk_queue->last = &x.fk_queue->first;
    bool ok = txn_statement_begin(x.txn, NULL, 0, err);
    if (ok) {
        ok = run_queue(&x, &queue) && run_queue(&x, x.fk_queue);
        if (!ok)
            txn_statement_undo(x.txn);
        txn_statement_end(x.txn);
    }
    arena_free(arena);
    return ok;
}

static bool check_at_commit(void *arg, struct err *err)
{
    struct deferred *d = arg;
    return !d->queue.first || run_deferred(d, &d->env, err);
}

static struct deferred *deferred_of(struct txn *txn, bool create)
{
    void **slot = txn_attachment(txn);
    if (*slot || !create)
        return *slot;
    struct arena *arena = arena_new("deferred constraints");
    struct deferred *d = ARENA_NEW(arena, struct deferred);
    d->arena = arena;
    d->queue.last = &d->queue.first;
    *slot = d;
    txn_on_commit_check(txn, check_at_commit, d);
    txn_on_end(txn, deferred_free, d);
    return d;
}

static bool in_list(const uint32_t *oids, size_t n, uint32_t oid)
{
    for (size_t k = 0; k < n; k++)
        if (oids[k] == oid)
            return true;
    return false;
}

static bool is_deferred(struct txn *txn, bool deferrable, bool initially, uint32_t oid)
{
    struct deferred *d = deferrable ? deferred_of(txn, false) : NULL;
    if (!deferrable)
        return false;
    if (d && in_list(d->deferred.items, d->deferred.n, oid))
        return true;
    if (d && in_list(d->immediate.items, d->immediate.n, oid))
        return false;
    return d && d->all_set ? d->all_deferred : initially;
}

static void remove_oid(uint32_t *oids, size_t *n, uint32_t oid)
{
    for (size_t k = 0; k < *n; k++)
        if (oids[k] == oid)
            oids[k--] = oids[--*n];
}

bool deferred_set(const struct env *env, uint32_t constraint_oid, bool deferred, struct err *err)
{
    struct deferred *d = deferred_of(env->txn, true);
    if (!constraint_oid) {
        d->all_set = true;
        d->all_deferred = deferred;
        d->deferred.n = d->immediate.n = 0;
    } else {
        remove_oid(d->deferred.items, &d->deferred.n, constraint_oid);
        remove_oid(d->immediate.items, &d->immediate.n, constraint_oid);
        if (deferred)
            VEC_PUSH(d->arena, &d->deferred, constraint_oid);
        else
            VEC_PUSH(d->arena, &d->immediate, constraint_oid);
    }
    return deferred || !d->queue.first || run_deferred(d, env, err);
}

/* ---- queueing ---- */

static const struct datum *keep_row(struct arena *arena, const struct relation *relation,
                                    const struct datum *values)
{
    struct datum *copy = arena_alloc(arena, sizeof(*copy) * (relation->n_columns + 1u));
    for (int k = 0; k < relation->n_columns; k++) {
        const struct type *type = relation->columns[k].type;
        copy[k] = values[k].null || !type || !type_by_ref(type)
                      ? values[k]
                      : datum_copy(type, arena, values[k]);
    }
    return copy;
}

static void push(struct arena *arena, struct fk_queue *queue, const struct fk_item *item)
{
    struct fk_item *kept = arena_memdup(arena, item, sizeof(*item));
    kept->next = NULL;
    kept->values = keep_row(arena, item->relation, item->values);
    kept->new_values = item->new_values ? keep_row(arena, item->relation, item->new_values) : NULL;
    *queue->last = kept;
    queue->last = &kept->next;
}

static void defer(struct exec *x, const struct fk_item *item)
{
    struct deferred *d = deferred_of(x->txn, true);
    d->env = *x->env;
    d->env.arena = d->arena;
    if (!d->catalog)
        d->catalog = catalog_ref((struct catalog *)x->env->catalog);
    push(d->arena, &d->queue, item);
}

static bool enqueue(struct frame *f, const struct fk_item *item, bool deferred)
{
    struct exec *x = f->exec;
    if (deferred) {
        defer(x, item);
        return true;
    }
    if (!x->fk_queue) {
        x->fk_queue = ARENA_NEW(x->arena, struct fk_queue);
        x->fk_queue->last = &x->fk_queue->first;
    }
    push(x->arena, x->fk_queue, item);
    return true;
}

static bool any_null(const int16_t *attnums, int n, const struct datum *values, bool *all)
{
    bool any = false;
    *all = true;
    for (int k = 0; k < n; k++) {
        any |= values[attnums[k] - 1].null;
        *all &= values[attnums[k] - 1].null;
    }
    return any;
}

static bool match_full_violation(struct frame *f, const struct relation *relation,
                                 const struct constraint *fk)
{
    struct err *err = f->exec->err;
    err_set(err, ERR_FOREIGN_KEY_VIOLATION,
            "insert or update on table \"%s\" violates foreign key constraint \"%s\"",
            relation->name, fk->name);
    err_detail(err, "MATCH FULL does not allow mixing of null and nonnull key values.");
    err->schema = relation->namespace_name;
    err->table = relation->name;
    err->constraint = fk->name;
    return false;
}

static bool queue_child(struct frame *f, const struct relation *relation,
                        const struct constraint *fk, const struct datum *values)
{
    bool all, any = any_null(fk->columns, fk->n_columns, values, &all);
    if (any && fk->match == 'f' && !all)
        return match_full_violation(f, relation, fk);
    if (any)
        return true;
    struct fk_item item = {
        .event = FK_CHILD, .constraint = fk, .relation = relation, .values = values};
    return enqueue(f, &item, is_deferred(f->exec->txn, fk->deferrable, fk->deferred, fk->oid));
}

bool fk_after_insert(struct frame *f, const struct relation *relation,
                     const struct datum *new_values)
{
    for (int k = 0; k < relation->n_constraints; k++)
        if (relation->constraints[k]->kind == 'f' &&
            !queue_child(f, relation, relation->constraints[k], new_values))
            return false;
    return true;
}

static bool columns_differ(const struct relation *relation, const int16_t *attnums, int n,
                           const struct datum *a, const struct datum *b)
{
    for (int k = 0; k < n; k++)
        if (type_cmp(relation->columns[attnums[k] - 1].type, &a[attnums[k] - 1],
                     &b[attnums[k] - 1]) != 0)
            return true;
    return false;
}

/* Only NO ACTION can wait for the commit; the actions themselves happen at the end of the statement. */
static bool queue_parent(struct frame *f, const struct relation *relation,
                         const struct constraint *fk, enum fk_event event,
                         const struct datum *old_values, const struct datum *new_values)
{
    bool all;
    enum fk_action action = event == FK_PARENT_DELETE ? fk->on_delete : fk->on_update;
    if (any_null(fk->ref_columns, fk->n_columns, old_values, &all))
        return true;
    struct fk_item item = {.event = event,
                           .constraint = fk,
                           .relation = relation,
                           .values = old_values,
                           .new_values = new_values};
    return enqueue(f, &item,
                   action == FK_NO_ACTION &&
                       is_deferred(f->exec->txn, fk->deferrable, fk->deferred, fk->oid));
}

bool fk_after_update(struct frame *f, const struct relation *relation,
                     const struct datum *old_values, const struct datum *new_values,
                     const uint8_t *changed)
{
    for (int k = 0; k < relation->n_constraints; k++) {
        const struct constraint *fk = relation->constraints[k];
        if (fk->kind == 'f' &&
            columns_differ(relation, fk->columns, fk->n_columns, old_values, new_values) &&
            !queue_child(f, relation, fk, new_values))
            return false;
    }
    for (int k = 0; k < relation->n_referenced_by; k++) {
        const struct constraint *fk = relation->referenced_by[k];
        if (columns_differ(relation, fk->ref_columns, fk->n_columns, old_values, new_values) &&
            !queue_parent(f, relation, fk, FK_PARENT_UPDATE, old_values, new_values))
            return false;
    }
    return true;
}

bool fk_after_delete(struct frame *f, const struct relation *relation,
                     const struct datum *old_values)
{
    for (int k = 0; k < relation->n_referenced_by; k++)
        if (!queue_parent(f, relation, relation->referenced_by[k], FK_PARENT_DELETE, old_values,
                          NULL))
            return false;
    return true;
}

bool unique_later(struct frame *f, const struct modify_table *table,
                  const struct unique_index *unique, const struct datum *values)
{
    const struct index *index = unique->index;
    struct buf key = BUF_IN(f->arena);
    bool comparable;
    if (!unique_key(f, table, unique, values, &key, &comparable))
        return false;
    if (!comparable)
        return true;
    if (table->relation->distribution != DIST_TEMP &&
        txn_lock_key(f->exec->txn, index->oid, key.p, key.n, true, WAIT_BLOCK, f->exec->err) ==
            TXN_ERROR)
        return false;
    struct fk_item item = {
        .event = UNIQUE_AGAIN, .index = index, .relation = table->relation, .values = values};
    return enqueue(
        f, &item,
        is_deferred(f->exec->txn, index->deferrable, index->deferred, index->constraint_oid));
}

/* ---- finding rows by column values ---- */

struct found_row {
    struct found_row *next;
    uint32_t shard;
    int64_t rid;
    const struct datum *values;
};

/* The value as the column's type, for quals, routing and comparison. */
static bool as_column(struct frame *f, const struct type *from, const struct type *to,
                      const struct datum *value, struct datum *out)
{
    if (from->oid == to->oid || (!type_by_ref(from) && !type_by_ref(to))) {
        *out = *value;
        return true;
    }
    return io_cast(f, from, to, -1, *value, out);
}

static bool pruned_shards(struct frame *f, const struct relation *relation, const int16_t *attnums,
                          const struct datum *values, int n, uint32_t **shards, uint32_t *n_shards)
{
    const struct catalog *catalog = f->exec->env->catalog;
    const struct datum **key =
        ARENA_ARRAY(f->arena, const struct datum *, relation->n_shard_key + 1u);
    bool pinned = relation->distribution == DIST_SHARDED;
    for (int s = 0; pinned && s < relation->n_shard_key; s++) {
        for (int k = 0; k < n; k++)
            if (attnums[k] == relation->shard_key[s])
                key[s] = &values[k];
        pinned = key[s] != NULL;
    }
    if (!pinned) {
        *shards = placement_all(catalog, relation, f->arena, n_shards);
        return true;
    }
    *shards = ARENA_ARRAY(f->arena, uint32_t, 1);
    **shards = placement_of_key(catalog, relation, key);
    *n_shards = 1;
    return true;
}

/* Rows whose columns equal the values (already of the columns' types), copied into f->exec->arena; as they are now, or (not `latest`)
 * in the statement's snapshot. */
static bool find_rows_at(struct frame *f, const struct relation *relation, const int16_t *attnums,
                         const struct datum *values, int n, size_t max, bool latest,
                         struct found_row **first)
{
    struct exec *x = f->exec;
    struct arena *arena = arena_child(x->arena, "find rows");
    struct scan_qual *quals = ARENA_ARRAY(arena, struct scan_qual, n + 1);
    struct scan_spec spec = {.relation = relation, .latest = latest, .quals = quals};
    uint32_t *shards;
    struct found_row **last = first;
    *first = NULL;
    for (int k = 0; k < n; k++) {
        const struct column *column = &relation->columns[attnums[k] - 1];
        if (column->type->ops->native_order || column->key_stored_as)
            quals[spec.n_quals++] = (struct scan_qual){
                .attnum = attnums[k], .op = QUAL_EQ, .values = &values[k], .n_values = 1};
    }
    if (!pruned_shards(f, relation, attnums, values, n, &shards, &spec.n_shards))
        return false;
    spec.shards = shards;
    struct scan *scan = scan_open(x->txn, arena, x->env, &spec, x->err);
    bool ok = scan != NULL, more = ok;
    for (size_t count = 0; ok && more && count < max;) {
        struct row row;
        bool equal = true;
        ok = exec_breathe(x) && scan_next(scan, &row, &more, x->err);
        if (!ok || !more)
            break;
        for (int k = 0; equal && k < n; k++)
            equal = !row.values[attnums[k] - 1].null &&
                    type_cmp(relation->columns[attnums[k] - 1].type, &row.values[attnums[k] - 1],
                             &values[k]) == 0;
        if (!equal)
            continue;
        struct found_row *found = ARENA_NEW(x->arena, struct found_row);
        *found = (struct found_row){
            .shard = row.shard, .rid = row.rid, .values = keep_row(x->arena, relation, row.values)};
        *last = found;
        last = &found->next;
        count++;
    }
    if (scan)
        scan_close(scan);
    arena_free(arena);
    return ok;
}

static bool find_rows(struct frame *f, const struct relation *relation, const int16_t *attnums,
                      const struct datum *values, int n, size_t max, struct found_row **first)
{
    return find_rows_at(f, relation, attnums, values, n, max, true, first);
}

/* ---- checks ---- */

static bool key_for(struct frame *f, const struct relation *from, const int16_t *from_attnums,
                    const struct datum *row, const struct relation *to, const int16_t *to_attnums,
                    int n, struct datum *key)
{
    for (int k = 0; k < n; k++)
        if (!as_column(f, from->columns[from_attnums[k] - 1].type,
                       to->columns[to_attnums[k] - 1].type, &row[from_attnums[k] - 1], &key[k]))
            return false;
    return true;
}

static bool own_key(const struct relation *relation, const int16_t *attnums,
                    const struct datum *row, int n, struct datum *key)
{
    for (int k = 0; k < n; k++)
        key[k] = row[attnums[k] - 1];
    return relation != NULL;
}

static bool child_violation(struct frame *f, const struct fk_item *item,
                            const struct relation *parent)
{
    struct err *err = f->exec->err;
    const struct constraint *fk = item->constraint;
    err_set(err, ERR_FOREIGN_KEY_VIOLATION,
            "insert or update on table \"%s\" violates foreign key constraint \"%s\"",
            item->relation->name, fk->name);
    err_detail(err, "Key %s is not present in table \"%s\".",
               key_description(f, item->relation, fk->columns, fk->n_columns, item->values),
               parent->name);
    err->schema = item->relation->namespace_name;
    err->table = item->relation->name;
    err->constraint = fk->name;
    return false;
}

static bool lock_parent(struct frame *f, const struct relation *parent, const struct found_row *row,
                        bool *again)
{
    *again = false;
    if (parent->distribution == DIST_TEMP)
        return true;
    switch (txn_lock_row(f->exec->txn, parent, row->shard, row->rid, ROW_KEY_SHARE, WAIT_BLOCK,
                         f->exec->err)) {
    case TXN_ERROR:
        return false;
    case TXN_RESTART:
        *again = true;
        return true;
    case TXN_OK:
    case TXN_SKIPPED:
    case TXN_CONFLICT:
        return true;
    }
    return false;
}

/* REPEATABLE READ goes by its snapshot: a parent that came since does not count (*row becomes NULL), one that went since is 40001. */
static bool parent_of_snapshot(struct frame *f, const struct relation *parent,
                               const struct constraint *fk, const struct datum *key,
                               struct found_row **row)
{
    struct exec *x = f->exec;
    bool visible = true;
    if (txn_isolation(x->txn) == ISOLATION_READ_COMMITTED || parent->distribution == DIST_TEMP)
        return true;
    if (*row) {
        if (!txn_row_visible(x->txn, parent, (*row)->shard, (*row)->rid, &visible, x->err))
            return false;
        if (!visible)
            *row = NULL;
        return true;
    }
    struct found_row *before;
    if (!find_rows_at(f, parent, fk->ref_columns, key, fk->n_columns, 1, false, &before))
        return false;
    return !before || txn_row_touched(x->txn, parent, before->shard, before->rid) ||
           err_set(x->err, ERR_T_R_SERIALIZATION_FAILURE,
                   "could not serialize access due to concurrent delete");
}

static bool check_child(struct frame *f, const struct fk_item *item)
{
    const struct constraint *fk = item->constraint;
    const struct relation *parent = catalog_relation(f->exec->env->catalog, fk->ref_relation_oid);
    struct datum *key = ARENA_ARRAY(f->arena, struct datum, fk->n_columns),
                 *own = ARENA_ARRAY(f->arena, struct datum, fk->n_columns);
    struct found_row *row;
    bool again = false;
    if (!parent || !key_for(f, item->relation, fk->columns, item->values, parent, fk->ref_columns,
                            fk->n_columns, key))
        return false;
    for (int round = 0; round < 2; round++) {
        if (!find_rows(f, parent, fk->ref_columns, key, fk->n_columns, 1, &row) ||
            !parent_of_snapshot(f, parent, fk, key, &row))
            return false;
        if (!row)
            break;
        if (round)
            return true; /* locked by the first round, and still there */
        if (!lock_parent(f, parent, row, &again))
            return false;
        if (!again)
            return true;
    }
    /* No such parent: a violation if the child is still there. */
    own_key(item->relation, fk->columns, item->values, fk->n_columns, own);
    if (!find_rows(f, item->relation, fk->columns, own, fk->n_columns, 1, &row))
        return false;
    return !row || child_violation(f, item, parent);
}

static bool parent_violation(struct frame *f, const struct fk_item *item,
                             const struct relation *child)
{
    struct err *err = f->exec->err;
    const struct constraint *fk = item->constraint;
    err_set(
        err, ERR_FOREIGN_KEY_VIOLATION,
        "update or delete on table \"%s\" violates foreign key constraint \"%s\" on table \"%s\"",
        item->relation->name, fk->name, child->name);
    err_detail(err, "Key %s is still referenced from table \"%s\".",
               key_description(f, item->relation, fk->ref_columns, fk->n_columns, item->values),
               child->name);
    err->schema = child->namespace_name;
    err->table = child->name;
    err->constraint = fk->name;
    return false;
}

/* ---- actions ---- */

static const struct modify_table *table_of(struct frame *f, const struct relation *relation)
{
    struct modify_table *table = ARENA_NEW(f->exec->arena, struct modify_table);
    if (!make_modify_table(f->exec->arena, f->exec->env, relation, table, f->exec->err))
        return NULL;
    uint32_t greatest = 0;
    for (int k = 0; k < table->n_uniques; k++) {
        for (int e = 0; table->uniques[k].exprs && e < table->uniques[k].index->n_keys; e++) {
            uint32_t n = table->uniques[k].exprs[e]
                             ? plan_expression(f->exec->arena, f->exec->env,
                                               &table->uniques[k].exprs[e], f->exec->err)
                             : 1;
            greatest = MAX(greatest, n);
        }
        if (table->uniques[k].where)
            greatest = MAX(greatest, plan_expression(f->exec->arena, f->exec->env,
                                                     &table->uniques[k].where, f->exec->err));
    }
    f->exec->sites = ARENA_ARRAY(f->exec->arena, void *, greatest + 1);
    return table;
}

static bool lock_child(struct frame *f, const struct relation *child, const struct found_row *row,
                       enum row_lock mode)
{
    if (child->distribution == DIST_TEMP)
        return true;
    enum txn_result result =
        txn_lock_row(f->exec->txn, child, row->shard, row->rid, mode, WAIT_BLOCK, f->exec->err);
    if (result == TXN_RESTART)
        f->exec->restart = true;
    return result != TXN_ERROR && result != TXN_RESTART;
}

static bool default_value(struct frame *f, const struct column *column, struct datum *out)
{
    *out = datum_null();
    if (!column->default_sql)
        return true;
    struct analyze_context context = {.arena = f->exec->arena,
                                      .catalog = f->exec->env->catalog,
                                      .env = f->exec->env,
                                      .text = column->default_sql,
                                      .fixed_params = true};
    struct expr *e = analyze_catalog_expr(&context, column->default_sql, NULL, column->type,
                                          column->typmod, f->exec->err);
    return e && exec_constant(f->exec->arena, f->exec->env, e, NULL, out, f->exec->err);
}

static bool is_set_column(const struct constraint *fk, int16_t attnum)
{
    for (int k = 0; k < fk->n_set_columns; k++)
        if (fk->set_columns[k] == attnum)
            return true;
    return fk->n_set_columns == 0;
}

static bool set_child(struct frame *f, const struct fk_item *item, const struct relation *child,
                      const struct modify_table *table, const struct found_row *row,
                      enum fk_action action)
{
    const struct constraint *fk = item->constraint;
    uint8_t *changed = ARENA_ARRAY(f->exec->arena, uint8_t, child->n_columns / 8u + 1);
    struct datum *values = arena_memdup(f->arena, row->values, sizeof(*values) * child->n_columns);
    for (int k = 0; k < fk->n_columns; k++) {
        int16_t attnum = fk->columns[k];
        struct datum *to = &values[attnum - 1];
        const struct column *column = &child->columns[attnum - 1];
        if (item->event == FK_PARENT_DELETE && !is_set_column(fk, attnum))
            continue;
        bit_set(changed, attnum);
        if (action == FK_SET_NULL)
            *to = datum_null();
        else if (action == FK_SET_DEFAULT) {
            if (!default_value(f, column, to))
                return false;
        } else if (!as_column(f, item->relation->columns[fk->ref_columns[k] - 1].type, column->type,
                              &item->new_values[fk->ref_columns[k] - 1], to))
            return false;
    }
    for (int k = 0; k < child->n_columns; k++)
        if (child->columns[k].generated && child->columns[k].default_sql) {
            struct analyze_context context = {.arena = f->exec->arena,
                                              .catalog = f->exec->env->catalog,
                                              .env = f->exec->env,
                                              .text = child->columns[k].default_sql,
                                              .fixed_params = true};
            struct expr *e = analyze_catalog_expr(&context, child->columns[k].default_sql, child,
                                                  child->columns[k].type, child->columns[k].typmod,
                                                  f->exec->err);
            if (!e ||
                !exec_over_row(f->exec->arena, f->exec->env, e, values, &values[k], f->exec->err))
                return false;
            bit_set(changed, (int16_t)(k + 1));
        }
    struct modify_table checked = *table;
    return lock_child(f, child, row, update_lock_mode(child, changed)) &&
           check_row(f, &checked, 0, values) &&
           apply_update(f, table, row->shard, row->rid, row->values, values, changed) &&
           /* The default may be the very key that went away. */
           (action != FK_SET_DEFAULT || queue_child(f, child, fk, values));
}

static bool parent_still_there(struct frame *f, const struct fk_item *item, bool *there)
{
    const struct constraint *fk = item->constraint;
    struct datum *key = ARENA_ARRAY(f->arena, struct datum, fk->n_columns);
    struct found_row *row;
    own_key(item->relation, fk->ref_columns, item->values, fk->n_columns, key);
    if (!find_rows(f, item->relation, fk->ref_columns, key, fk->n_columns, 1, &row))
        return false;
    *there = row != NULL;
    return true;
}

static bool run_parent(struct frame *f, const struct fk_item *item)
{
    const struct constraint *fk = item->constraint;
    const struct relation *child = catalog_relation(f->exec->env->catalog, fk->relation_oid);
    enum fk_action action = item->event == FK_PARENT_DELETE ? fk->on_delete : fk->on_update;
    bool checks_only = action == FK_NO_ACTION || action == FK_RESTRICT;
    struct datum *key = ARENA_ARRAY(f->arena, struct datum, fk->n_columns);
    struct found_row *row;
    if (!child || !key_for(f, item->relation, fk->ref_columns, item->values, child, fk->columns,
                           fk->n_columns, key))
        return false;
    if (!find_rows(f, child, fk->columns, key, fk->n_columns, checks_only ? 1 : SIZE_MAX, &row))
        return false;
    if (!row)
        return true;
    if (checks_only) {
        bool there = false;
        if (action == FK_NO_ACTION && !parent_still_there(f, item, &there))
            return false;
        return there || parent_violation(f, item, child);
    }
    if (!txn_lock_table(f->exec->txn, child->oid, 3, false, f->exec->err))
        return false;
    const struct modify_table *table = table_of(f, child);
    if (!table)
        return false;
    for (; row; row = row->next) {
        bool ok = action == FK_CASCADE && item->event == FK_PARENT_DELETE
                      ? lock_child(f, child, row, ROW_UPDATE) &&
                            apply_delete(f, table, row->shard, row->rid, row->values)
                      : set_child(f, item, child, table, row, action);
        if (!ok)
            return false;
    }
    return true;
}

static bool run_unique(struct frame *f, const struct fk_item *item)
{
    const struct modify_table *table = table_of(f, item->relation);
    struct found_row *rows = NULL;
    if (!table)
        return false;
    for (int k = 0; k < table->n_uniques; k++) {
        const struct unique_index *unique = &table->uniques[k];
        if (unique->index->oid != item->index->oid)
            continue;
        int n = unique->index->n_keys;
        int16_t *attnums = ARENA_ARRAY(f->arena, int16_t, n);
        struct datum *key = ARENA_ARRAY(f->arena, struct datum, n);
        for (int c = 0; c < n; c++) {
            attnums[c] = unique->index->keys[c].attnum;
            key[c] = item->values[attnums[c] - 1];
        }
        if (!find_rows(f, item->relation, attnums, key, n, 2, &rows))
            return false;
        if (rows && rows->next)
            return unique_violation(f, item->relation, unique, item->values);
    }
    return true;
}

static bool run_item(struct exec *x, const struct fk_item *item)
{
    static const struct query no_query;
    static const struct plan no_plan = {.query = &no_query};
    struct rowref row = {0};
    struct frame f = {.exec = x,
                      .plan = &no_plan,
                      .rows = &row,
                      .arena = arena_child(x->arena, "constraint check")};
    void **sites = x->sites;
    bool ok = false;
    switch (item->event) {
    case FK_CHILD:
        ok = check_child(&f, item);
        break;
    case FK_PARENT_DELETE:
    case FK_PARENT_UPDATE:
        ok = run_parent(&f, item);
        break;
    case UNIQUE_AGAIN:
        ok = run_unique(&f, item);
        break;
    }
    x->sites = sites;
    arena_free(f.arena);
    return ok;
}

/* Actions add to the queue while it runs. */
static bool run_queue(struct exec *x, struct fk_queue *queue)
{
    for (struct fk_item *item = queue->first; item; item = item->next)
        if (!exec_breathe(x) || !run_item(x, item))
            return false;
    return true;
}

bool fk_run(struct exec *x)
{
    if (!x->fk_queue)
        return true;
    bool ok = run_queue(x, x->fk_queue);
    x->fk_queue = NULL;
    return ok;
}
