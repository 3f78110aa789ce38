#include "tests/unit/txn/fixture.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct type int8_type = {
    .oid = TYPE_INT8, .name = "bigint", .len = 8, .by_value = true, .kind = 'b'};
static struct type text_type = {.oid = TYPE_TEXT, .name = "text", .len = -1, .kind = 'b'};

static const struct type *no_type(const struct env *env, uint32_t oid)
{
    return NULL;
}

static void make_relation(struct fixture *f, struct relation *relation, uint32_t oid,
                          const char *name, enum distribution distribution)
{
    static const char *const names[] = {"id", "v", "name"};
    struct column *columns = ARENA_ARRAY(f->arena, struct column, 3);
    for (int k = 0; k < 3; k++)
        columns[k] = (struct column){.name = names[k],
                                     .attnum = (int16_t)(k + 1),
                                     .type = k < 2 ? &int8_type : &text_type,
                                     .typmod = -1,
                                     .not_null = k == 0,
                                     .stored_as = names[k],
                                     .stored_next = names[k]};
    *relation = (struct relation){.oid = oid,
                                  .name = name,
                                  .kind = 'r',
                                  .persistence = distribution == DIST_TEMP ? 't' : 'p',
                                  .columns = columns,
                                  .n_columns = 3,
                                  .distribution = distribution,
                                  .stored_as = name,
                                  .stored_next = name,
                                  .generation = oid};
}

const uint32_t *fx_shards(const struct fixture *f)
{
    static const uint32_t shards[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    ck_assert_uint_le(f->n_shards, ARRAY_COUNT(shards));
    return shards;
}

static void open_storage(struct fixture *f, bool create)
{
    struct err err = ERR_IN(f->arena);
    struct storage_options options = {.data_dir = f->dir,
                                      .n_shards = f->n_shards,
                                      .max_open_readers = 200,
                                      .log_segment_bytes = 1 << 20,
                                      .create = create};
    f->storage = storage_open(&options, &err);
    ck_assert_msg(f->storage != NULL, "%s", err.message);
    if (create)
        ck_assert_msg(storage_create_database(f->storage, "db", f->n_shards, &err), "%s",
                      err.message);
    f->files = storage_database(f->storage, "db");
    ck_assert(f->files != NULL);
    f->manager = txn_manager_new(f->storage);
}

static void create_tables(struct fixture *f)
{
    static const char *const sql[] = {
        "CREATE TABLE t (_rid INTEGER PRIMARY KEY, id INTEGER, v INTEGER, name TEXT)",
        "CREATE INDEX t_id ON t (id)",
        ("CREATE TABLE g (_rid INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, shard INTEGER NOT "
         "NULL, rid INTEGER NOT NULL)")};
    struct err err = ERR_IN(f->arena);
    struct txn *txn = fx_begin(f, ISOLATION_READ_COMMITTED, 1);
    for (uint32_t shard = 0; shard < f->n_shards; shard++)
        for (size_t k = 0; k < ARRAY_COUNT(sql); k++) {
            struct op op = {.kind = OP_SQL, .shard = shard, .sql = sql[k]};
            ck_assert(txn_add_op(txn, &op, &err));
        }
    fx_commit(txn);
}

void fixture_open(struct fixture *f, uint32_t n_shards)
{
    *f = (struct fixture){.arena = arena_new("fixture"), .n_shards = n_shards};
    int8_type.ops = type_ops_builtin(TYPE_INT8);
    text_type.ops = type_ops_builtin(TYPE_TEXT);
    snprintf(f->dir, sizeof(f->dir), "%s/txn-test-XXXXXX",
             getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    ck_assert(mkdtemp(f->dir) != NULL);
    f->env = (struct env){.settings = &settings_default, .arena = f->arena, .type = no_type};
    make_relation(f, &f->table, 16400, "t", DIST_SHARDED);
    make_relation(f, &f->temp, 16500, "tmp", DIST_TEMP);
    f->index = (struct index){
        .oid = GLOBAL_INDEX_OID, .name = "g", .stored_as = "g", .stored_next = "g", .global = true};
    open_storage(f, true);
    create_tables(f);
}

void fixture_reopen(struct fixture *f)
{
    txn_manager_free(f->manager);
    storage_close(f->storage);
    open_storage(f, false);
}

void fixture_open_again(struct fixture *f)
{
    open_storage(f, false);
}

void fixture_close(struct fixture *f)
{
    txn_manager_free(f->manager);
    storage_close(f->storage);
    char command[128];
    snprintf(command, sizeof(command), "rm -rf '%s'", f->dir);
    ck_assert_int_eq(system(command), 0);
    arena_free(f->arena);
}

struct txn *fx_begin(struct fixture *f, enum isolation isolation, int32_t pid)
{
    struct txn_options options = {.database = f->files,
                                  .isolation = isolation,
                                  .session_pid = pid,
                                  .database_oid = 5,
                                  .deadlock_timeout_us = 20000};
    return txn_begin(f->manager, &options);
}

struct txn *fx_begin_temp(struct fixture *f, struct temp_store *store)
{
    struct txn_options options = {
        .database = f->files, .session_pid = 1, .database_oid = 5, .temp = store};
    return txn_begin(f->manager, &options);
}

void fx_commit(struct txn *txn)
{
    struct arena *arena = arena_new("commit");
    struct err err = ERR_IN(arena);
    ck_assert_msg(txn_commit(txn, &err), "%s", err.message);
    arena_free(arena);
}

void fx_insert_into(struct fixture *f, struct txn *txn, const struct relation *relation, int64_t id,
                    int64_t v)
{
    struct arena *arena = arena_new("insert");
    struct err err = ERR_IN(arena);
    uint32_t shard =
        relation->distribution == DIST_TEMP ? 0 : (uint32_t)((uint64_t)id % f->n_shards);
    struct datum values[] = {datum_int(id), datum_int(v), {.null = true}};
    char *name = arena_printf(arena, "n%" PRId64, id);
    values[2] = datum_bytes(name, strlen(name));
    ck_assert(txn_statement_begin(txn, NULL, 0, &err));
    int64_t rid = txn_new_rid(txn, relation, shard);
    ck_assert_msg(txn_insert(txn, &f->env, relation, shard, rid, values, &err), "%s", err.message);
    txn_statement_end(txn);
    arena_free(arena);
}

void fx_insert(struct fixture *f, struct txn *txn, int64_t id, int64_t v)
{
    fx_insert_into(f, txn, &f->table, id, v);
}

/* Runs one change of the rows with `id`; TXN_RESTART when it must run again. */
static enum txn_result change_once(struct fixture *f, struct txn *txn, int64_t id, bool delete,
                                   int64_t add, int *n, struct err *err)
{
    uint32_t shard = (uint32_t)((uint64_t)id % f->n_shards);
    struct arena *arena = arena_new("change");
    struct datum key = datum_int(id);
    struct scan_qual qual = {1, QUAL_EQ, &key, 1};
    struct scan_spec spec = {
        .relation = &f->table, .shards = &shard, .n_shards = 1, .quals = &qual, .n_quals = 1};
    enum txn_result result = TXN_OK;
    bool found = true;
    struct row row;
    *n = 0;
    if (!txn_statement_begin(txn, NULL, 0, err)) {
        arena_free(arena);
        return TXN_ERROR;
    }
    struct scan *scan = scan_open(txn, arena, &f->env, &spec, err);
    if (!scan)
        result = TXN_ERROR;
    while (result == TXN_OK && found) {
        static const uint8_t changed[] = {2};
        if (!scan_next(scan, &row, &found, err))
            result = TXN_ERROR;
        if (result != TXN_OK || !found)
            break;
        result = txn_lock_row(txn, &f->table, row.shard, row.rid,
                              delete ? ROW_UPDATE : ROW_NO_KEY_UPDATE, WAIT_BLOCK, err);
        if (result != TXN_OK)
            break;
        struct datum values[] = {row.values[0], datum_int(row.values[1].i + add), row.values[2]};
        bool ok =
            delete ? txn_delete(txn, &f->table, row.shard, row.rid, err)
                   : txn_update(txn, &f->env, &f->table, row.shard, row.rid, values, changed, err);
        result = ok ? TXN_OK : TXN_ERROR;
        ++*n;
    }
    scan_close(scan);
    if (result != TXN_OK)
        txn_statement_undo(txn);
    txn_statement_end(txn);
    arena_free(arena);
    return result;
}

static int change(struct fixture *f, struct txn *txn, int64_t id, bool delete, int64_t add,
                  struct err *err)
{
    int n;
    for (;;)
        switch (change_once(f, txn, id, delete, add, &n, err)) {
        case TXN_OK:
            return n;
        case TXN_RESTART:
            break;
        default:
            return -1;
        }
}

int fx_add(struct fixture *f, struct txn *txn, int64_t id, int64_t add, struct err *err)
{
    return change(f, txn, id, false, add, err);
}

int fx_delete(struct fixture *f, struct txn *txn, int64_t id, struct err *err)
{
    return change(f, txn, id, true, 0, err);
}

int64_t fx_get(struct fixture *f, struct txn *txn, int64_t id)
{
    uint32_t shard = (uint32_t)((uint64_t)id % f->n_shards);
    struct arena *arena = arena_new("get");
    struct err err = ERR_IN(arena);
    struct datum key = datum_int(id);
    struct scan_qual qual = {1, QUAL_EQ, &key, 1};
    static const uint8_t columns[] = {2};
    struct scan_spec spec = {.relation = &f->table,
                             .shards = &shard,
                             .n_shards = 1,
                             .columns = columns,
                             .quals = &qual,
                             .n_quals = 1};
    struct row row;
    bool found;
    ck_assert_msg(txn_statement_begin(txn, NULL, 0, &err), "%s", err.message);
    struct scan *scan = scan_open(txn, arena, &f->env, &spec, &err);
    ck_assert_msg(scan_next(scan, &row, &found, &err), "%s", err.message);
    int64_t v = found ? row.values[1].i : NO_ROW;
    scan_close(scan);
    txn_statement_end(txn);
    arena_free(arena);
    return v;
}

const char *fx_rows(struct fixture *f, struct txn *txn, const struct relation *relation,
                    const struct scan_qual *quals, uint32_t n_quals, int16_t order, bool desc)
{
    struct arena *arena = arena_new("rows");
    struct err err = ERR_IN(arena);
    struct buf out = BUF_IN(f->arena);
    struct scan_spec spec = {.relation = relation,
                             .shards = fx_shards(f),
                             .n_shards = f->n_shards,
                             .quals = quals,
                             .n_quals = n_quals,
                             .order_attnum = order,
                             .order_desc = desc};
    struct row row;
    bool found;
    ck_assert_msg(txn_statement_begin(txn, fx_shards(f), f->n_shards, &err), "%s", err.message);
    struct scan *scan = scan_open(txn, arena, &f->env, &spec, &err);
    ck_assert(scan != NULL);
    for (;;) {
        ck_assert_msg(scan_next(scan, &row, &found, &err), "%s", err.message);
        if (!found)
            break;
        buf_printf(&out, "%s%" PRId64 "=%" PRId64, out.n ? " " : "", row.values[0].i,
                   row.values[1].i);
        char name[32];
        snprintf(name, sizeof(name), "n%" PRId64, row.values[0].i);
        ck_assert(row.values[2].n == strlen(name) &&
                  memcmp(row.values[2].p, name, row.values[2].n) == 0);
    }
    scan_close(scan);
    txn_statement_end(txn);
    arena_free(arena);
    return buf_cstr(&out);
}

const char *fx_all(struct fixture *f, struct txn *txn)
{
    return fx_rows(f, txn, &f->table, NULL, 0, 1, false);
}
