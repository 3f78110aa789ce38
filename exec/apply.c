/* apply.c - one changed row: constraints, unique keys, row operations, hidden index tables.
 *
 * Uniqueness.  A new key is locked (exclusively, until the transaction ends) before it is looked for, so two transactions that insert
 * the same key meet at the lock.  A committed row with that key may be on its way out: its row lock is asked for, which waits
 * for its deleter, and the search is repeated.  Keys that can collide only within one shard are looked up in that shard's
 * index; the others in the hidden table of the index, which is spread by the key. */
#include <string.h>

#include "exec/modify.h"
#include "router/placement.h"
#include "sql/analyze.h"

/* ---- what a table needs ---- */

static struct expr *catalog_expr(struct arena *arena, const struct env *env,
                                 const struct relation *relation, const char *sql, struct err *err)
{
    struct analyze_context context = {
        .arena = arena, .catalog = env->catalog, .env = env, .text = sql, .fixed_params = true};
    return analyze_catalog_expr(&context, sql, relation, NULL, -1, err);
}

static bool make_unique(struct arena *arena, const struct env *env, const struct relation *relation,
                        const struct index *index, struct unique_index *out, struct err *err)
{
    out->index = index;
    for (int k = 0; k < index->n_keys; k++) {
        if (index->keys[k].attnum)
            continue;
        if (!out->exprs)
            out->exprs = ARENA_ARRAY(arena, struct expr *, index->n_keys);
        out->exprs[k] = catalog_expr(arena, env, relation, index->keys[k].expr_sql, err);
        if (!out->exprs[k])
            return false;
    }
    if (index->where_sql) {
        out->where = catalog_expr(arena, env, relation, index->where_sql, err);
        return out->where != NULL;
    }
    return true;
}

bool make_modify_table(struct arena *arena, const struct env *env, const struct relation *relation,
                       struct modify_table *out, struct err *err)
{
    *out = (struct modify_table){.relation = relation};
    out->uniques = ARENA_ARRAY(arena, struct unique_index, relation->n_indexes + 1u);
    for (int k = 0; k < relation->n_indexes; k++) {
        const struct index *index = relation->indexes[k];
        if (index->unique &&
            !make_unique(arena, env, relation, index, &out->uniques[out->n_uniques++], err))
            return false;
    }
    return true;
}

enum row_lock update_lock_mode(const struct relation *relation, const uint8_t *changed)
{
    for (int k = 0; k < relation->n_indexes; k++) {
        const struct index *index = relation->indexes[k];
        for (int c = 0; index->unique && !index->where_sql && c < index->n_keys; c++)
            if (index->keys[c].attnum && bit_is_set(changed, index->keys[c].attnum))
                return ROW_UPDATE;
    }
    return ROW_NO_KEY_UPDATE;
}

/* ---- texts ---- */

#define DESCRIBED_BYTES_MAX 64

static void describe_value(struct frame *f, const struct type *type, const struct datum *value,
                           struct buf *out, bool shorten)
{
    struct err ignored = ERR_IN(f->exec->arena);
    struct type_io io = {.arena = f->exec->arena,
                         .err = &ignored,
                         .type = type,
                         .typmod = -1,
                         .settings = f->exec->env->settings,
                         .env = f->exec->env};
    struct buf text = BUF_IN(f->exec->arena);
    if (value->null) {
        buf_puts(out, "null");
        return;
    }
    if (!type_out(&io, value, &text))
        return;
    if (shorten && text.n > DESCRIBED_BYTES_MAX) {
        size_t n = DESCRIBED_BYTES_MAX;
        while (n && ((unsigned char)text.p[n] & 0xc0) == 0x80)
            n--;
        buf_append(out, text.p, n);
        buf_puts(out, "...");
        return;
    }
    buf_append(out, text.p, text.n);
}

const char *row_description(struct frame *f, const struct relation *relation,
                            const struct datum *values)
{
    struct buf out = BUF_IN(f->exec->arena);
    buf_putc(&out, '(');
    for (int k = 0; k < relation->n_columns; k++) {
        if (relation->columns[k].dropped)
            continue;
        if (out.n > 1)
            buf_puts(&out, ", ");
        describe_value(f, relation->columns[k].type, &values[k], &out, true);
    }
    buf_putc(&out, ')');
    return buf_cstr(&out);
}

const char *key_description(struct frame *f, const struct relation *relation,
                            const int16_t *attnums, int n, const struct datum *values)
{
    struct buf out = BUF_IN(f->exec->arena);
    buf_putc(&out, '(');
    for (int k = 0; k < n; k++)
        buf_printf(&out, "%s%s", k ? ", " : "", relation->columns[attnums[k] - 1].name);
    buf_puts(&out, ")=(");
    for (int k = 0; k < n; k++) {
        if (k)
            buf_puts(&out, ", ");
        describe_value(f, relation->columns[attnums[k] - 1].type, &values[attnums[k] - 1], &out,
                       false);
    }
    buf_putc(&out, ')');
    return buf_cstr(&out);
}

/* ---- NOT NULL, CHECK ---- */

static bool not_null_violation(struct frame *f, const struct relation *relation,
                               const struct column *column, const struct datum *values)
{
    struct err *err = f->exec->err;
    err_set(err, ERR_NOT_NULL_VIOLATION,
            "null value in column \"%s\" of relation \"%s\" violates not-null constraint",
            column->name, relation->name);
    err_detail(err, "Failing row contains %s.", row_description(f, relation, values));
    err->schema = relation->namespace_name;
    err->table = relation->name;
    err->column = column->name;
    return false;
}

static bool check_violation(struct frame *f, const struct relation *relation, const char *name,
                            const struct datum *values)
{
    struct err *err = f->exec->err;
    err_set(err, ERR_CHECK_VIOLATION,
            "new row for relation \"%s\" violates check constraint \"%s\"", relation->name, name);
    err_detail(err, "Failing row contains %s.", row_description(f, relation, values));
    err->schema = relation->namespace_name;
    err->table = relation->name;
    err->constraint = name;
    return false;
}

bool check_row(struct frame *f, const struct modify_table *table, uint16_t rte,
               const struct datum *values)
{
    const struct relation *relation = table->relation;
    for (int k = 0; k < relation->n_columns; k++)
        if (relation->columns[k].not_null && !relation->columns[k].dropped && values[k].null)
            return not_null_violation(f, relation, &relation->columns[k], values);
    struct rowref saved = f->rows[rte];
    f->rows[rte].values = values;
    bool ok = true;
    for (size_t k = 0; ok && k < table->checks.n; k++) {
        struct datum v;
        ok = eval(table->checks.items[k], f, &v);
        if (ok && !v.null && !v.i)
            ok = check_violation(f, relation, table->check_names[k], values);
    }
    f->rows[rte] = saved;
    return ok;
}

/* ---- unique keys ---- */

/* The values of an index's key columns over a row.  The expressions are over {0, 0, attnum}. */
static bool key_values(struct frame *f, const struct unique_index *unique,
                       const struct datum *values, struct datum *key, bool *in_index)
{
    struct rowref row = {.values = values};
    struct frame over = *f;
    over.rows = &row;
    over.parent = NULL;
    *in_index = true;
    if (unique->where && !eval_bool(unique->where, &over, in_index))
        return false;
    for (int k = 0; *in_index && k < unique->index->n_keys; k++) {
        int16_t attnum = unique->index->keys[k].attnum;
        if (attnum)
            key[k] = values[attnum - 1];
        else if (!eval(unique->exprs[k], &over, &key[k]))
            return false;
    }
    return true;
}

static const struct type *key_type(const struct modify_table *table,
                                   const struct unique_index *unique, int k)
{
    int16_t attnum = unique->index->keys[k].attnum;
    return attnum ? table->relation->columns[attnum - 1].type : unique->exprs[k]->type;
}

/* The encoded key; *comparable false when a NULL makes it equal to nothing, or a partial index leaves the row out. */
bool unique_key(struct frame *f, const struct modify_table *table,
                const struct unique_index *unique, const struct datum *values, struct buf *out,
                bool *comparable)
{
    struct datum *key = ARENA_ARRAY(f->arena, struct datum, unique->index->n_keys);
    if (!key_values(f, unique, values, key, comparable) || !*comparable)
        return f->exec->err->sqlstate[0] == 0;
    out->n = 0;
    for (int k = 0; k < unique->index->n_keys; k++) {
        if (key[k].null && !unique->index->nulls_not_distinct) {
            *comparable = false;
            return true;
        }
        type_sort_key(key_type(table, unique, k), &key[k], false, false, out);
    }
    return true;
}

static const struct scan_qual *local_quals(struct frame *f, const struct modify_table *table,
                                           const struct unique_index *unique,
                                           const struct datum *values, uint32_t *n)
{
    const struct index *index = unique->index;
    struct scan_qual *quals = ARENA_ARRAY(f->arena, struct scan_qual, index->n_keys + 1u);
    *n = 0;
    for (int k = 0; k < index->n_keys; k++) {
        int16_t attnum = index->keys[k].attnum;
        if (!attnum)
            continue;
        const struct column *column = &table->relation->columns[attnum - 1];
        const struct datum *value = &values[attnum - 1];
        if (value->null)
            quals[(*n)++] = (struct scan_qual){.attnum = attnum, .op = QUAL_IS_NULL};
        else if (column->type->ops->native_order || column->key_stored_as)
            quals[(*n)++] =
                (struct scan_qual){.attnum = attnum, .op = QUAL_EQ, .values = value, .n_values = 1};
    }
    return quals;
}

/* A row with that key on the shard, as committed now or written by this transaction. */
static bool probe_local(struct frame *f, const struct modify_table *table,
                        const struct unique_index *unique, uint32_t home,
                        const struct datum *values, const struct buf *key, bool exclude,
                        uint32_t not_shard, int64_t not_rid, bool *found, uint32_t *shard,
                        int64_t *rid)
{
    struct exec *x = f->exec;
    struct arena *arena = arena_child(f->arena, "probe");
    struct scan_spec spec = {
        .relation = table->relation, .shards = &home, .n_shards = 1, .latest = true};
    spec.quals = local_quals(f, table, unique, values, &spec.n_quals);
    struct scan *scan = scan_open(x->txn, arena, x->env, &spec, x->err);
    bool ok = scan != NULL, more = ok;
    struct buf other = BUF_IN(arena);
    *found = false;
    while (ok && more && !*found) {
        struct row row;
        bool comparable;
        ok = exec_breathe(x) && scan_next(scan, &row, &more, x->err);
        if (!ok || !more || (exclude && row.shard == not_shard && row.rid == not_rid))
            continue;
        ok = unique_key(f, table, unique, row.values, &other, &comparable);
        if (ok && comparable && other.n == key->n && memcmp(other.p, key->p, key->n) == 0) {
            *found = true;
            *shard = row.shard;
            *rid = row.rid;
        }
    }
    if (scan)
        scan_close(scan);
    arena_free(arena);
    return ok;
}

static bool probe(struct frame *f, const struct modify_table *table,
                  const struct unique_index *unique, uint32_t home, const struct datum *values,
                  const struct buf *key, bool exclude, uint32_t not_shard, int64_t not_rid,
                  bool *found, uint32_t *shard, int64_t *rid)
{
    if (!unique->index->global)
        return probe_local(f, table, unique, home, values, key, exclude, not_shard, not_rid, found,
                           shard, rid);
    if (!txn_global_get(f->exec->txn, unique->index, key->p, key->n, found, shard, rid,
                        f->exec->err))
        return false;
    if (*found && exclude && *shard == not_shard && *rid == not_rid)
        *found = false;
    return true;
}

bool find_unique(struct frame *f, const struct modify_table *table,
                 const struct unique_index *unique, uint32_t home, const struct datum *values,
                 bool exclude, uint32_t not_shard, int64_t not_rid, bool *found, uint32_t *shard,
                 int64_t *rid)
{
    struct exec *x = f->exec;
    struct buf key = BUF_IN(f->arena);
    bool comparable;
    *found = false;
    if (!unique_key(f, table, unique, values, &key, &comparable))
        return false;
    if (!comparable)
        return true;
    bool shared_storage = table->relation->distribution != DIST_TEMP;
    if (shared_storage && txn_lock_key(x->txn, unique->index->oid, key.p, key.n, true, WAIT_BLOCK,
                                       x->err) == TXN_ERROR)
        return false;
    for (;;) {
        if (!probe(f, table, unique, home, values, &key, exclude, not_shard, not_rid, found, shard,
                   rid))
            return false;
        if (!*found || !shared_storage)
            return true;
        switch (txn_lock_row(x->txn, table->relation, *shard, *rid, ROW_KEY_SHARE, WAIT_BLOCK,
                             x->err)) {
        case TXN_ERROR:
            return false;
        case TXN_OK:
        case TXN_SKIPPED:
        case TXN_CONFLICT:
            return true;
        case TXN_RESTART: /* it changed while we waited, or before: is it still there with that key? */
            if (!probe(f, table, unique, home, values, &key, exclude, not_shard, not_rid, found,
                       shard, rid))
                return false;
            return true;
        }
    }
}

bool unique_violation(struct frame *f, const struct relation *relation,
                      const struct unique_index *unique, const struct datum *values)
{
    struct err *err = f->exec->err;
    const struct index *index = unique->index;
    struct datum *key = ARENA_ARRAY(f->arena, struct datum, index->n_keys);
    struct buf names = BUF_IN(err->arena), texts = BUF_IN(err->arena);
    bool in_index;
    if (!key_values(f, unique, values, key, &in_index))
        return false;
    for (int k = 0; k < index->n_keys; k++) {
        int16_t attnum = index->keys[k].attnum;
        buf_printf(&names, "%s%s", k ? ", " : "",
                   attnum ? relation->columns[attnum - 1].name : index->keys[k].expr_sql);
        if (k)
            buf_puts(&texts, ", ");
        describe_value(f, attnum ? relation->columns[attnum - 1].type : unique->exprs[k]->type,
                       &key[k], &texts, false);
    }
    err_set(err, ERR_UNIQUE_VIOLATION, "duplicate key value violates unique constraint \"%s\"",
            index->name);
    err_detail(err, "Key (%s)=(%s) already exists.", buf_cstr(&names), buf_cstr(&texts));
    err->schema = relation->namespace_name;
    err->table = relation->name;
    err->constraint = index->name;
    return false;
}

static bool check_unique(struct frame *f, const struct modify_table *table,
                         const struct unique_index *unique, uint32_t home,
                         const struct datum *values, bool exclude, uint32_t shard, int64_t rid)
{
    bool found;
    uint32_t found_shard;
    int64_t found_rid;
    if (unique->index->deferrable)
        return unique_later(f, table, unique, values);
    if (!find_unique(f, table, unique, home, values, exclude, shard, rid, &found, &found_shard,
                     &found_rid))
        return false;
    return !found || unique_violation(f, table->relation, unique, values);
}

/* ---- hidden tables of unique indexes that span shards ---- */

static bool change_global(struct frame *f, const struct modify_table *table,
                          const struct datum *values, uint32_t shard, int64_t rid, bool put)
{
    for (int k = 0; k < table->n_uniques; k++) {
        const struct unique_index *unique = &table->uniques[k];
        struct buf key = BUF_IN(f->arena);
        bool comparable, ok;
        if (!unique->index->global)
            continue;
        if (!unique_key(f, table, unique, values, &key, &comparable))
            return false;
        if (!comparable)
            continue;
        ok = put ? txn_global_put(f->exec->txn, unique->index, key.p, key.n, shard, rid,
                                  f->exec->err)
                 : txn_global_remove(f->exec->txn, unique->index, key.p, key.n, f->exec->err);
        if (!ok)
            return false;
    }
    return true;
}

static bool has_global(const struct modify_table *table)
{
    for (int k = 0; k < table->n_uniques; k++)
        if (table->uniques[k].index->global)
            return true;
    return false;
}

/* ---- rows ---- */

static bool insert_at(struct frame *f, const struct modify_table *table, uint32_t home, int64_t rid,
                      const struct datum *values)
{
    for (int k = 0; k < table->n_uniques; k++)
        if (!check_unique(f, table, &table->uniques[k], home, values, true, home, rid))
            return false;
    return txn_insert(f->exec->txn, f->exec->env, table->relation, home, rid, values,
                      f->exec->err) &&
           change_global(f, table, values, home, rid, true);
}

static bool pick_home(struct frame *f, const struct relation *relation, const struct datum *values,
                      uint32_t *home, int64_t *rid)
{
    struct exec *x = f->exec;
    if (relation->distribution != DIST_ROW) {
        *home = placement_of_row(x->env->catalog, relation, values, 0);
        *rid = txn_new_rid(x->txn, relation, *home);
        return true;
    }
    *rid = txn_new_rid(x->txn, relation, 0);
    *home = placement_of_row(x->env->catalog, relation, values, (uint64_t)*rid);
    if (*home != 0)
        *rid = txn_new_rid(x->txn, relation, *home);
    return true;
}

bool apply_insert(struct frame *f, const struct modify_table *table, const struct datum *values)
{
    uint32_t home;
    int64_t rid;
    return pick_home(f, table->relation, values, &home, &rid) &&
           insert_at(f, table, home, rid, values) && fk_after_insert(f, table->relation, values);
}

bool apply_delete(struct frame *f, const struct modify_table *table, uint32_t shard, int64_t rid,
                  const struct datum *old_values)
{
    if (has_global(table) && !change_global(f, table, old_values, shard, rid, false))
        return false;
    return txn_delete(f->exec->txn, table->relation, shard, rid, f->exec->err) &&
           fk_after_delete(f, table->relation, old_values);
}

static bool key_changes(const struct modify_table *table, const struct unique_index *unique,
                        const uint8_t *changed)
{
    if (unique->exprs || unique->where)
        return true;
    for (int k = 0; k < unique->index->n_keys; k++)
        if (bit_is_set(changed, unique->index->keys[k].attnum))
            return true;
    return false;
}

static bool shard_key_changes(const struct relation *relation, const uint8_t *changed)
{
    for (int k = 0; k < relation->n_shard_key; k++)
        if (bit_is_set(changed, relation->shard_key[k]))
            return true;
    return false;
}

static bool move_row(struct frame *f, const struct modify_table *table, uint32_t shard, int64_t rid,
                     const struct datum *old_values, const struct datum *new_values, uint32_t home)
{
    if (has_global(table) && !change_global(f, table, old_values, shard, rid, false))
        return false;
    return txn_delete(f->exec->txn, table->relation, shard, rid, f->exec->err) &&
           insert_at(f, table, home, txn_new_rid(f->exec->txn, table->relation, home), new_values);
}

static bool update_in_place(struct frame *f, const struct modify_table *table, uint32_t shard,
                            int64_t rid, const struct datum *old_values,
                            const struct datum *new_values, const uint8_t *changed)
{
    struct exec *x = f->exec;
    bool global = false;
    for (int k = 0; k < table->n_uniques; k++) {
        if (!key_changes(table, &table->uniques[k], changed))
            continue;
        if (!check_unique(f, table, &table->uniques[k], shard, new_values, true, shard, rid))
            return false;
        global |= table->uniques[k].index->global;
    }
    if (global && (!change_global(f, table, old_values, shard, rid, false) ||
                   !change_global(f, table, new_values, shard, rid, true)))
        return false;
    return txn_update(x->txn, x->env, table->relation, shard, rid, new_values, changed, x->err);
}

bool apply_update(struct frame *f, const struct modify_table *table, uint32_t shard, int64_t rid,
                  const struct datum *old_values, const struct datum *new_values,
                  const uint8_t *changed)
{
    const struct relation *relation = table->relation;
    uint32_t home = shard;
    if (relation->distribution == DIST_SHARDED && shard_key_changes(relation, changed))
        home = placement_of_row(f->exec->env->catalog, relation, new_values, 0);
    bool ok = home != shard
                  ? move_row(f, table, shard, rid, old_values, new_values, home)
                  : update_in_place(f, table, shard, rid, old_values, new_values, changed);
    return ok && fk_after_update(f, relation, old_values, new_values, changed);
}
