#include "tests/unit/exec/sqlbox.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/database.h"
#include "catalog/ddl.h"
#include "catalog/reg_names.h"
#include "exec/exec_int.h"
#include "exec/spill.h"
#include "sql/analyze.h"

struct sqlbox {
    char dir[64];
    struct arena *arena;
    struct storage *storage;
    struct txn_manager *transactions;
    struct cluster *cluster;
    struct databases *databases;
    struct database *database;
    uint64_t spilled_bytes;
};

static const uint32_t path[] = {NAMESPACE_PUBLIC};

struct sqlbox *sqlbox_open(uint32_t n_shards, size_t memory_bytes)
{
    struct arena *arena = arena_new("sqlbox");
    struct sqlbox *box = ARENA_NEW(arena, struct sqlbox);
    struct err err = ERR_IN(arena);
    const char *folder = getenv("TMPDIR");
    box->arena = arena;
    snprintf(box->dir, sizeof(box->dir), "%s/sqlbox-XXXXXX", folder ? folder : "/tmp");
    ck_assert(mkdtemp(box->dir) != NULL);
    static bool installed;
    if (!installed)
        catalog_install();
    installed = true;
    spill_configure(memory_bytes, NULL);
    struct storage_options options = {
        .data_dir = box->dir, .n_shards = n_shards, .log_segment_bytes = 1 << 20, .create = true};
    box->storage = storage_open(&options, &err);
    ck_assert_msg(box->storage != NULL, "%s", err.message);
    box->transactions = txn_manager_new(box->storage);
    box->cluster = cluster_open(box->storage, n_shards, &err);
    ck_assert_msg(box->cluster != NULL, "%s", err.message);
    box->databases = databases_new(box->cluster);
    box->database = database_acquire(box->databases, "postgres", &err);
    ck_assert_msg(box->database != NULL, "%s", err.message);
    return box;
}

void sqlbox_close(struct sqlbox *box)
{
    char command[96];
    database_release(box->database);
    databases_free(box->databases);
    cluster_close(box->cluster);
    txn_manager_free(box->transactions);
    storage_close(box->storage);
    snprintf(command, sizeof(command), "rm -rf '%s'", box->dir);
    ck_assert_int_eq(system(command), 0);
    arena_free(box->arena);
}

static const struct type *type_of(const struct env *env, uint32_t oid)
{
    return catalog_type(env->catalog, oid);
}

struct run {
    struct sqlbox *box;
    struct arena *arena;
    struct catalog *catalog;
    struct txn *txn;
    struct env env;
    struct search_path path;
    const char *sql;
    struct err *err;
    struct buf out;
};

static bool run_utility(struct run *r, const struct query *query)
{
    struct ddl_context context = {.arena = r->arena,
                                  .env = &r->env,
                                  .txn = r->txn,
                                  .database = r->box->database,
                                  .path = r->path,
                                  .user_oid = r->env.user_oid,
                                  .text = r->sql,
                                  .session_pid = 1};
    const char *tag;
    ck_assert_msg(ddl_handles(query->utility), "not for a sqlbox: %s", r->sql);
    return ddl_execute(&context, query->utility, &tag, r->err);
}

static bool put_row(struct run *r, const struct plan *plan, const struct datum *row)
{
    struct type_io io = {.arena = r->arena,
                         .err = r->err,
                         .typmod = -1,
                         .settings = r->env.settings,
                         .env = &r->env};
    const struct targets *targets = plan->modify ? &plan->query->returning : &plan->targets;
    int n = plan->modify ? (int)targets->n : plan->n_visible;
    for (int k = 0; k < n; k++) {
        io.type = targets->items[plan->modify ? k : plan->visible[k]].expr->type;
        if (k)
            buf_putc(&r->out, '|');
        if (row[k].null)
            buf_putc(&r->out, '~');
        else if (!type_out(&io, &row[k], &r->out))
            return false;
    }
    buf_putc(&r->out, '\n');
    return true;
}

static bool run_plan(struct run *r, const struct query *query)
{
    struct plan *plan = plan_query(r->arena, &r->env, query, r->err);
    struct exec *exec = plan ? exec_start(plan, r->arena, &r->env, NULL, r->err) : NULL;
    const struct datum *row;
    bool ok = exec != NULL;
    if (!exec)
        return false;
    while (ok && (ok = exec_next(exec, &row, r->err)) && row)
        ok = put_row(r, plan, row);
    if (exec->workspace)
        r->box->spilled_bytes += exec->workspace->spilled_bytes;
    exec_end(exec);
    return ok;
}

static struct query *analyse(struct run *r)
{
    struct raw_statements statements;
    struct analyze_context context = {.arena = r->arena,
                                      .catalog = r->catalog,
                                      .path = r->path,
                                      .env = &r->env,
                                      .text = r->sql,
                                      .user = "postgres"};
    if (!sql_parse(r->arena, r->sql, &statements, r->err))
        return NULL;
    ck_assert_msg(statements.n == 1, "one statement at a time: %s", r->sql);
    return analyze(&context, &statements.items[0], r->err);
}

static void run_begin(struct run *r, struct sqlbox *box, struct arena *arena, const char *sql,
                      struct err *err)
{
    *r = (struct run){.box = box,
                      .arena = arena,
                      .sql = sql,
                      .err = err,
                      .path = {.namespaces = path, .n = 1},
                      .out = BUF_IN(arena)};
    r->catalog = database_catalog(box->database);
    struct txn_options options = {.database = database_files_of(box->database),
                                  .session_pid = 1,
                                  .database_oid = database_oid(box->database),
                                  .catalog = r->catalog};
    r->txn = txn_begin(box->transactions, &options);
    r->env = (struct env){.settings = &settings_default,
                          .arena = arena,
                          .type = type_of,
                          .catalog = r->catalog,
                          .txn = r->txn,
                          .user = "postgres",
                          .session_user = "postgres",
                          .user_oid = 10,
                          .path = &r->path};
}

const char *sqlbox_run(struct sqlbox *box, struct arena *arena, const char *sql)
{
    struct run r;
    struct err err = ERR_IN(arena);
    run_begin(&r, box, arena, sql, &err);
    struct query *query = analyse(&r);
    bool ok =
        query && (query->command == CMD_UTILITY_ ? run_utility(&r, query) : run_plan(&r, query));
    if (ok)
        ok = txn_commit(r.txn, &err);
    else
        txn_rollback(r.txn);
    catalog_unref(r.catalog);
    if (!ok)
        return arena_printf(arena, "ERROR %s %s\n", err.sqlstate, err.message);
    return r.out.n ? buf_cstr(&r.out) : "";
}

const char *sqlbox_explain(struct sqlbox *box, struct arena *arena, const char *sql)
{
    struct run r;
    struct err err = ERR_IN(arena);
    run_begin(&r, box, arena, sql, &err);
    struct query *query = analyse(&r);
    struct plan *plan = query ? plan_query(arena, &r.env, query, &err) : NULL;
    ck_assert_msg(plan != NULL, "%s: %s", sql, err.message);
    plan_explain(plan, &r.env, false, arena, &r.out);
    txn_rollback(r.txn);
    catalog_unref(r.catalog);
    return buf_cstr(&r.out);
}

bool sqlbox_spilled(const struct sqlbox *box)
{
    return box->spilled_bytes > 0;
}
