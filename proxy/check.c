/* check.c - see check.h.
 *
 * First the storage looks at its files with nobody else in the directory (shard/check.h).  Then the databases are opened and each
 * table's rows are read shard by shard: they must be readable as the catalog describes them, a sharded row must lie where its key
 * leads, and the copies of a reference table must be the same everywhere. */
#include "proxy/check.h"

#include <stdio.h>
#include <string.h>

#include "base/map.h"
#include "catalog/builtin.h"
#include "catalog/database.h"
#include "config/config.h"
#include "func/env.h"
#include "router/placement.h"
#include "shard/check.h"
#include "txn/txn.h"

#define PROBLEMS_SHOWN_PER_TABLE 10

struct check {
    struct storage *storage;
    struct txn_manager *transactions;
    struct databases *databases;
    uint32_t n_tables, n_problems;
    uint64_t n_rows;
};

static void on_problem(void *arg, const char *path, const char *what)
{
    (void)arg;
    printf("PROBLEM  %s: %s\n", path, what);
}

static void on_remark(void *arg, const char *path, const char *what)
{
    (void)arg;
    printf("note     %s: %s\n", path, what);
}

static int could_not(const struct err *err)
{
    fprintf(stderr, "shardlite: %s\n", err->message ? err->message : "unknown error");
    if (err->hint)
        fprintf(stderr, "  %s\n", err->hint);
    return 2;
}

/* ---- rows against the catalog ---- */

struct table_check {
    struct check *check;
    struct arena *arena, *row_arena;
    const char *database;
    const struct relation *relation;
    const struct catalog *catalog;
    struct env env;
    struct txn *txn;
    uint32_t n_problems;
    uint64_t n_rows, digest; /* of the shard being read; the digest does not depend on order */
};

static void problem(struct table_check *table, uint32_t shard, const char *what)
{
    table->check->n_problems++;
    if (table->n_problems++ < PROBLEMS_SHOWN_PER_TABLE)
        printf("PROBLEM  %s, table %s.%s, shard %u: %s\n", table->database,
               table->relation->namespace_name, table->relation->name, shard, what);
}

static uint64_t digest_of(struct table_check *table, const struct row *row)
{
    struct buf bytes = BUF_IN(table->row_arena);
    for (uint16_t i = 0; i < table->relation->n_columns; i++) {
        const struct column *column = &table->relation->columns[i];
        const struct datum *value = &row->values[i];
        buf_putc(&bytes, column->dropped || value->null ? 0 : 1);
        if (column->dropped || value->null)
            continue;
        if (value->n)
            buf_append(&bytes, value->p, value->n);
        else
            buf_append(&bytes, &value->i, sizeof(value->i));
    }
    return hash_bytes(bytes.p, bytes.n) ^ hash_u64((uint64_t)row->rid);
}

static void check_row(struct table_check *table, uint32_t shard, const struct row *row)
{
    const struct relation *relation = table->relation;
    table->n_rows++;
    if (relation->distribution == DIST_REFERENCE)
        table->digest += digest_of(table, row);
    if (relation->distribution != DIST_SHARDED)
        return;
    uint32_t home = placement_of_row(table->catalog, relation, row->values, 0);
    if (home != shard)
        problem(table, shard,
                arena_printf(table->row_arena, "row %lld belongs to shard %u", (long long)row->rid,
                             home));
}

static void check_shard(struct table_check *table, uint32_t shard)
{
    struct err err = ERR_IN(table->arena);
    struct scan_spec spec = {.relation = table->relation, .shards = &shard, .n_shards = 1};
    table->n_rows = table->digest = 0;
    if (!txn_statement_begin(table->txn, &shard, 1, &err)) {
        problem(table, shard, err.message);
        return;
    }
    struct scan *scan = scan_open(table->txn, table->arena, &table->env, &spec, &err);
    bool ok = scan != NULL, found = true;
    while (ok && found) {
        struct row row;
        ok = scan_next(scan, &row, &found, &err);
        if (ok && found)
            check_row(table, shard, &row);
        arena_reset(table->row_arena);
    }
    if (!ok)
        problem(table, shard, err.message);
    if (scan)
        scan_close(scan);
    txn_statement_end(table->txn);
    table->check->n_rows += table->n_rows;
}

static const struct type *type_of(const struct env *env, uint32_t oid)
{
    return catalog_type(env->catalog, oid);
}

static void check_table(struct check *check, struct database *database,
                        const struct catalog *catalog, const struct relation *relation)
{
    struct arena *arena = arena_new("table");
    struct table_check table = {.check = check,
                                .arena = arena,
                                .row_arena = arena_child(arena, "row"),
                                .relation = relation,
                                .catalog = catalog,
                                .database = database_name_of(database)};
    struct txn_options options = {.database = database_files_of(database),
                                  .catalog = catalog,
                                  .read_only = true,
                                  .isolation = ISOLATION_READ_COMMITTED};
    table.txn = txn_begin(check->transactions, &options);
    table.env = (struct env){.settings = &settings_default,
                             .arena = arena,
                             .type = type_of,
                             .catalog = catalog,
                             .txn = table.txn};
    check->n_tables++;
    uint32_t n_shards = catalog_n_shards(catalog), n_used;
    uint32_t *used = placement_all(catalog, relation, arena, &n_used);
    bool everywhere = relation->distribution == DIST_REFERENCE;
    uint64_t first_rows = 0, first_digest = 0;
    for (uint32_t i = 0; i < (everywhere ? n_shards : n_used); i++) {
        uint32_t shard = everywhere ? i : used[i];
        check_shard(&table, shard);
        if (everywhere && i > 0 && (table.n_rows != first_rows || table.digest != first_digest))
            problem(&table, shard, "this copy differs from that on shard 0");
        if (i == 0) {
            first_rows = table.n_rows;
            first_digest = table.digest;
        }
    }
    txn_rollback(table.txn);
    arena_free(arena);
}

static bool check_database(struct check *check, const char *name, struct err *err)
{
    struct database *database = database_acquire(check->databases, name, err);
    if (!database)
        return false;
    struct catalog *catalog = database_catalog(database);
    size_t at = 0;
    const struct relation *relation;
    while ((relation = catalog_next_relation(catalog, &at)))
        if ((relation->kind == 'r' || relation->kind == 'm') &&
            relation->distribution != DIST_SYSTEM && relation->distribution != DIST_TEMP)
            check_table(check, database, catalog, relation);
    catalog_unref(catalog);
    database_release(database);
    return true;
}

static bool check_databases(struct check *check, const struct config *config, struct arena *arena,
                            struct err *err)
{
    struct cluster *cluster = cluster_open(check->storage, (uint32_t)config->shards, err);
    if (!cluster)
        return false;
    check->transactions = txn_manager_new(check->storage);
    check->databases = databases_new(cluster);
    const struct cluster_database *const *list;
    size_t n = cluster_databases(cluster, arena, &list);
    bool ok = true;
    for (size_t i = 0; ok && i < n; i++)
        ok = list[i]->no_files || check_database(check, list[i]->name, err);
    databases_free(check->databases);
    cluster_close(cluster);
    txn_manager_free(check->transactions);
    return ok;
}

int check_main(int argc, char *const *argv)
{
    struct arena *arena = arena_new("check");
    struct err err = ERR_IN(arena);
    struct config *config = config_load(argc, argv, &err);
    if (!config)
        return could_not(&err);
    builtin_init();
    struct storage_options options = {.data_dir = config->data_dir,
                                      .n_shards = (uint32_t)config->shards,
                                      .max_open_readers = (uint32_t)config->max_open_readers,
                                      .log_segment_bytes = (uint64_t)config->log_segment_bytes};
    struct check_report report = {.problem = on_problem, .remark = on_remark};
    if (!storage_check(&options, &report, &err))
        return could_not(&err);
    struct check check = {0};
    if (report.n_problems == 0) { /* opening replays what the log holds: not on top of damage */
        check.storage = storage_open(&options, &err);
        if (!check.storage)
            return could_not(&err);
        bool ok = check_databases(&check, config, arena, &err);
        storage_close(check.storage);
        if (!ok)
            return could_not(&err);
    }
    printf("%u files, %u tables, %llu rows checked, %u problem(s)\n", report.n_files,
           check.n_tables, (unsigned long long)check.n_rows, report.n_problems + check.n_problems);
    int status = report.n_problems + check.n_problems ? 1 : 0;
    config_free(config);
    arena_free(arena);
    return status;
}
