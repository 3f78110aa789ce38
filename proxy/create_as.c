/* create_as.c - CREATE TABLE AS, SELECT INTO, CREATE MATERIALIZED VIEW: catalog/ddl.h makes the relation, the query's rows fill it.
 *
 * A relation made a moment ago has no constraints, defaults or indexes, so the rows go straight to the transaction.  They are
 * read to the end first: the query sees the state before. */
#include <string.h>

#include "proxy/session_int.h"
#include "router/placement.h"
#include "sql/pgnodes.h"

#define EXISTING NULL

struct source {
    struct stmt *stmt; /* a reference */
    const struct datum *params;
    struct store *rows;
};

static bool find_source(struct session *s, struct portal *portal, struct source *source,
                        struct err *err)
{
    struct stmt *inner = portal->stmt->inner;
    if (!inner)
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "%s is not supported", portal->stmt->tag);
    if (IS_NODE(inner->node, ExecuteStmt))
        return resolve_execute(s, portal->stmt, inner->node, portal->arena, &source->stmt,
                               &source->params, err);
    source->stmt = stmt_ref(inner);
    source->params = portal->params;
    return true;
}

static bool create(struct session *s, struct portal *portal, const CreateTableAsStmt *stmt,
                   const struct source *source, const struct relation **relation, struct err *err)
{
    const struct result_columns *from = &source->stmt->columns;
    struct ddl_column *columns = ARENA_ARRAY(portal->arena, struct ddl_column, from->n + 1);
    for (size_t i = 0; i < from->n; i++)
        columns[i] = (struct ddl_column){.name = from->items[i].name,
                                         .type = from->items[i].type,
                                         .typmod = from->items[i].typmod,
                                         .collation_oid = from->items[i].type->collation_oid};
    struct ddl_new_table table = {
        .into = stmt->into,
        .if_not_exists = stmt->if_not_exists,
        .materialized_view = stmt->objtype == OBJECT_MATVIEW,
        .query = source->stmt->query,
        .columns = columns,
        .n_columns = (uint16_t)from->n,
    };
    struct ddl_context context;
    session_ddl_context(s, &context, portal->arena, &portal->env, portal->stmt->text);
    bool ok = ddl_create_table_from_columns(&context, &table, relation, err);
    session_ddl_done(s, &context);
    return ok;
}

static bool read_rows(struct session *s, struct portal *portal, struct source *source,
                      struct err *err)
{
    struct env *env = ARENA_NEW(portal->arena, struct env);
    session_env(s, env, portal->arena, source->stmt->catalog);
    source->rows = rows_of(portal->arena, &source->stmt->columns);
    struct exec *exec =
        session_exec_start(s, source->stmt, portal->arena, env, source->params, err);
    if (!exec)
        return false;
    const struct datum *row;
    bool ok;
    while ((ok = exec_next(exec, &row, err)) && row)
        if (!(ok = store_add(source->rows, row, err)))
            break;
    exec_end(exec);
    return ok;
}

static bool insert_rows(struct session *s, struct portal *portal, const struct relation *relation,
                        const struct source *source, struct err *err)
{
    const struct catalog *catalog = session_catalog(s);
    struct env *env = ARENA_NEW(portal->arena, struct env);
    session_env(s, env, portal->arena, catalog);
    uint32_t n_shards;
    const uint32_t *shards = placement_all(catalog, relation, portal->arena, &n_shards);
    if (!txn_statement_begin(s->txn, shards, n_shards, err))
        return false;
    size_t n = store_count(source->rows);
    bool ok = true;
    for (size_t i = 0; ok && i < n; i++) {
        const struct datum *values;
        ok = store_row(source->rows, i, &values, err);
        if (!ok)
            break;
        uint32_t shard = placement_of_row(catalog, relation, values, i);
        ok = txn_insert(s->txn, env, relation, shard, txn_new_rid(s->txn, relation, shard), values,
                        err);
        if (ok && !fiber_breathe())
            ok = fiber_check_interrupt(err);
    }
    if (!ok)
        txn_statement_undo(s->txn);
    txn_statement_end(s->txn);
    return ok;
}

static bool fill(struct session *s, struct portal *portal, struct source *source,
                 const struct relation *relation, uint64_t *n_rows, struct err *err)
{
    if (!read_rows(s, portal, source, err) || !insert_rows(s, portal, relation, source, err))
        return false;
    *n_rows = store_count(source->rows);
    return true;
}

/* A materialized view was filled when it was made; the command tag tells how many rows it has. */
static bool count_rows(struct session *s, struct portal *portal, const struct relation *view,
                       uint64_t *n_rows, struct err *err)
{
    const struct catalog *catalog = session_catalog(s);
    struct arena *arena = arena_child(portal->arena, "count");
    struct env *env = ARENA_NEW(arena, struct env);
    session_env(s, env, arena, catalog);
    uint32_t n_shards;
    const uint32_t *shards = placement_all(catalog, view, arena, &n_shards);
    uint8_t *columns = ARENA_ARRAY(arena, uint8_t, view->n_columns / 8u + 1u); /* none of them */
    struct scan_spec spec = {
        .relation = view, .shards = shards, .n_shards = n_shards, .columns = columns};
    if (!txn_statement_begin(s->txn, shards, n_shards, err))
        return false;
    struct scan *scan = scan_open(s->txn, arena, env, &spec, err);
    bool ok = scan != NULL, found = true;
    for (struct row row; ok && found; *n_rows += ok && found)
        ok = scan_next(scan, &row, &found, err);
    if (scan)
        scan_close(scan);
    txn_statement_end(s->txn);
    arena_free(arena);
    return ok;
}

bool run_create_as(struct session *s, struct portal *portal, const void *node,
                   struct utility_result *result, struct err *err)
{
    const CreateTableAsStmt *stmt = node;
    struct source source = {0};
    const struct relation *relation = EXISTING;
    uint64_t n_rows = 0;
    bool matview = stmt->objtype == OBJECT_MATVIEW;
    const char *tag = matview                ? "CREATE MATERIALIZED VIEW"
                      : stmt->is_select_into ? "SELECT INTO"
                                             : "CREATE TABLE AS";
    if (!refuse_utility_if_read_only(s, tag, err) || !transaction_start(s, err) ||
        !find_source(s, portal, &source, err))
        return false;
    s->had_query = true;
    session_env(s, &portal->env, portal->arena, portal->stmt->catalog);
    bool ok =
        session_may_run(s, source.stmt, err) && create(s, portal, stmt, &source, &relation, err);
    bool filled = ok && relation && !stmt->into->skipData;
    if (filled)
        ok = matview ? count_rows(s, portal, relation, &n_rows, err)
                     : fill(s, portal, &source, relation, &n_rows, err);
    stmt_unref(source.stmt);
    result->tag = matview ? "CREATE MATERIALIZED VIEW" : "CREATE TABLE AS";
    if (ok && filled) {
        result->tag = "SELECT";
        result->has_count = true;
        result->n_rows = n_rows;
    }
    return ok;
}
