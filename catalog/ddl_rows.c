/* ddl_rows.c - rows that DDL has to read or write: table rewrites, key columns, hidden tables of unique indexes, moves to other shards.
 *
 * The table is locked ACCESS EXCLUSIVE meanwhile, and its rows are read as they are now, whatever snapshot the transaction has.  Rows are collected
 * before any is written, since a scan sees its own transaction's changes. */
#include <string.h>

#include "catalog/ddl_int.h"
#include "router/placement.h"
#include "types/type.h"

static struct datum *copy_row(struct ddl *d, const struct relation *relation,
                              const struct datum *values)
{
    struct datum *copy = ARENA_ARRAY(d->arena, struct datum, relation->n_columns + 1u);
    for (uint16_t k = 0; k < relation->n_columns; k++)
        copy[k] = relation->columns[k].dropped
                      ? datum_null()
                      : datum_copy(relation->columns[k].type, d->arena, values[k]);
    return copy;
}

bool read_rows(struct ddl *d, const struct relation *relation, struct table_rows *rows)
{
    uint32_t n_shards;
    const uint32_t *shards = placement_all(d->fork, relation, d->arena, &n_shards);
    struct scan_spec spec = {
        .relation = relation, .shards = shards, .n_shards = n_shards, .latest = true};
    *rows = (struct table_rows){0};
    if (!txn_statement_begin(d->c->txn, shards, n_shards, d->err))
        return false;
    struct arena *scratch = arena_child(d->arena, "table scan");
    struct scan *scan = scan_open(d->c->txn, scratch, &d->env, &spec, d->err);
    bool ok = scan != NULL, found = true;
    while (ok && found) {
        struct row row;
        ok = scan_next(scan, &row, &found, d->err);
        if (ok && found) {
            row.values = copy_row(d, relation, row.values);
            VEC_PUSH(d->arena, rows, row);
        }
    }
    if (scan)
        scan_close(scan);
    arena_free(scratch);
    txn_statement_end(d->c->txn);
    return ok;
}

/* ---- writing ---- */

static bool compute(struct ddl *d, struct arena *scratch, const struct row *row,
                    const struct new_value *value, struct datum *out)
{
    if (value->expr)
        return exec_over_row(scratch, &d->env, value->expr, row->values, out, d->err);
    int64_t next;
    if (!sequence_next(d->c->txn, rel(d, value->sequence_oid), &next, d->err))
        return false;
    *out = datum_int(next);
    return true;
}

/* A row of new storage keeps its shard and id, unless its shard key has become another. */
static bool insert_row(struct ddl *d, const struct relation *after, const struct row *row,
                       const struct datum *values)
{
    uint32_t shard = after->distribution == DIST_SHARDED
                         ? placement_of_row(d->fork, after, values, 0)
                         : row->shard;
    int64_t rid = shard == row->shard ? row->rid : txn_new_rid(d->c->txn, after, shard);
    return txn_insert(d->c->txn, &d->env, after, shard, rid, values, d->err);
}

static bool write_row(struct ddl *d, const struct relation *after, const struct row *row,
                      const struct datum *values, const uint8_t *changed, bool insert)
{
    if (insert)
        return insert_row(d, after, row, values);
    return txn_update(d->c->txn, &d->env, after, row->shard, row->rid, values, changed, d->err);
}

static bool rewrite_row(struct ddl *d, struct arena *scratch, const struct relation *before,
                        const struct relation *after, const struct row *row,
                        const struct new_value *values, size_t n, bool insert)
{
    struct datum *next = ARENA_ARRAY(scratch, struct datum, after->n_columns + 1u);
    uint8_t *changed = ARENA_ARRAY(scratch, uint8_t, after->n_columns / 8u + 1u);
    for (uint16_t k = 0; k < after->n_columns; k++)
        next[k] = k < before->n_columns ? row->values[k] : datum_null();
    for (size_t k = 0; k < n; k++) {
        int16_t at = (int16_t)(values[k].attnum - 1);
        if (!compute(d, scratch, row, &values[k], &next[at]))
            return false;
        changed[at / 8] |= (uint8_t)(1u << (at % 8));
    }
    return write_row(d, after, row, next, changed, insert);
}

bool rewrite_columns(struct ddl *d, const struct relation *before, uint32_t relation_oid,
                     const struct new_value *values, size_t n, bool new_storage)
{
    struct table_rows rows;
    if (!read_rows(d, before, &rows) || (new_storage && !txn_truncate(d->c->txn, before, d->err)))
        return false;
    const struct relation *after = rel(d, relation_oid);
    uint32_t n_shards;
    const uint32_t *shards = placement_all(d->fork, after, d->arena, &n_shards);
    if (rows.n && !txn_statement_begin(d->c->txn, shards, n_shards, d->err))
        return false;
    struct arena *scratch = arena_child(d->arena, "table rewrite");
    bool ok = true;
    for (size_t k = 0; k < rows.n && ok; k++) {
        arena_reset(scratch);
        ok = rewrite_row(d, scratch, before, after, &rows.items[k], values, n, new_storage);
    }
    arena_free(scratch);
    if (rows.n)
        txn_statement_end(d->c->txn);
    return ok;
}

bool touch_columns(struct ddl *d, uint32_t relation_oid, int16_t attnum)
{
    const struct relation *relation = rel(d, relation_oid);
    struct table_rows rows;
    if (!read_rows(d, relation, &rows))
        return false;
    if (!rows.n)
        return true;
    uint32_t n_shards;
    const uint32_t *shards = placement_all(d->fork, relation, d->arena, &n_shards);
    uint8_t *changed = ARENA_ARRAY(d->arena, uint8_t, relation->n_columns / 8u + 1u);
    changed[(attnum - 1) / 8] |= (uint8_t)(1u << ((attnum - 1) % 8));
    if (!txn_statement_begin(d->c->txn, shards, n_shards, d->err))
        return false;
    bool ok = true;
    for (size_t k = 0; k < rows.n && ok; k++)
        ok = write_row(d, relation, &rows.items[k], rows.items[k].values, changed, false);
    txn_statement_end(d->c->txn);
    return ok;
}

/* ---- hidden tables of unique indexes ---- */

struct index_keys {
    const struct index *index;
    const struct relation *relation;
    struct expr **exprs; /* per key; NULL: a plain column */
    struct expr *where;
};

static bool prepare_keys(struct ddl *d, const struct index *index, struct index_keys *keys)
{
    struct analyze_context context = stored_analysis(d);
    keys->index = index;
    keys->relation = rel(d, index->relation_oid);
    keys->exprs = ARENA_ARRAY(d->arena, struct expr *, index->n_keys + 1u);
    for (uint16_t k = 0; k < index->n_keys; k++)
        if (!index->keys[k].attnum &&
            !(keys->exprs[k] = analyze_catalog_expr(&context, index->keys[k].expr_sql,
                                                    keys->relation, NULL, -1, d->err)))
            return false;
    if (index->where_sql)
        keys->where = analyze_catalog_expr(&context, index->where_sql, keys->relation,
                                           builtin_type(TYPE_BOOL), -1, d->err);
    return !index->where_sql || keys->where;
}

/* The key as exec/ encodes it: per column its sort key, ascending, NULLs last.  *has false: the row is not in the index. */
static bool encode_key(struct ddl *d, struct arena *scratch, const struct index_keys *keys,
                       const struct datum *values, struct buf *out, bool *has)
{
    struct datum value;
    *has = true;
    if (keys->where) {
        if (!exec_over_row(scratch, &d->env, keys->where, values, &value, d->err))
            return false;
        if (value.null || !value.i)
            *has = false;
    }
    for (uint16_t k = 0; *has && k < keys->index->n_keys; k++) {
        int16_t attnum = keys->index->keys[k].attnum;
        const struct type *type =
            attnum ? keys->relation->columns[attnum - 1].type : keys->exprs[k]->type;
        if (attnum)
            value = values[attnum - 1];
        else if (!exec_over_row(scratch, &d->env, keys->exprs[k], values, &value, d->err))
            return false;
        if (value.null && !keys->index->nulls_not_distinct)
            *has = false;
        else
            type_sort_key(type, &value, false, false, out);
    }
    return true;
}

bool fill_global_index(struct ddl *d, uint32_t index_oid)
{
    const struct index *index = catalog_index(d->fork, index_oid);
    const struct relation *relation = rel(d, index->relation_oid);
    struct index_keys keys = {0};
    struct table_rows rows;
    if (!read_rows(d, relation, &rows) || !prepare_keys(d, index, &keys))
        return false;
    if (!rows.n)
        return true;
    uint32_t n_shards;
    const uint32_t *shards = placement_all(d->fork, relation, d->arena, &n_shards);
    if (!txn_statement_begin(d->c->txn, shards, n_shards, d->err))
        return false;
    struct arena *scratch = arena_child(d->arena, "index build");
    bool ok = true;
    for (size_t k = 0; k < rows.n && ok; k++) {
        bool has;
        arena_reset(scratch);
        struct buf key = BUF_IN(scratch);
        ok = encode_key(d, scratch, &keys, rows.items[k].values, &key, &has);
        if (ok && has)
            ok = txn_global_put(d->c->txn, index, key.p, key.n, rows.items[k].shard,
                                rows.items[k].rid, d->err);
    }
    arena_free(scratch);
    txn_statement_end(d->c->txn);
    return ok;
}

/* ---- moving ---- */

bool move_rows(struct ddl *d, const struct relation *before, uint32_t relation_oid)
{
    struct table_rows rows;
    if (!read_rows(d, before, &rows) || !txn_truncate(d->c->txn, before, d->err))
        return false;
    if (!rows.n)
        return true;
    const struct relation *after = rel(d, relation_oid);
    uint32_t n_shards;
    const uint32_t *shards = placement_all(d->fork, after, d->arena, &n_shards);
    if (!txn_statement_begin(d->c->txn, shards, n_shards, d->err))
        return false;
    bool ok = true;
    for (size_t k = 0; k < rows.n && ok; k++) {
        uint32_t shard = placement_of_row(d->fork, after, rows.items[k].values, k);
        int64_t rid = txn_new_rid(d->c->txn, after, shard);
        ok = txn_insert(d->c->txn, &d->env, after, shard, rid, rows.items[k].values, d->err);
    }
    txn_statement_end(d->c->txn);
    for (uint16_t k = 0; ok && k < after->n_indexes; k++)
        if (after->indexes[k]->global)
            ok = fill_global_index(d, after->indexes[k]->oid);
    return ok;
}
