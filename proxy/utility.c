/* utility.c - statements that are not queries: who runs which, and the small ones.
 *
 * What catalog/ddl.h handles goes there.  The rest is the session's own business: parameters, prepared statements, cursors, COPY,
 * notifications, locks, and maintenance commands that have nothing to do here but are part of every script. */
#include <string.h>

#include "exec/deferred.h"
#include "proxy/session_int.h"
#include "sql/pgnodes.h"

#define ROLE_PG_CHECKPOINT 4544u

void add_column(struct arena *arena, struct result_columns *columns, const char *name,
                const struct type *type, int32_t typmod)
{
    struct result_column *items = ARENA_ARRAY(arena, struct result_column, columns->n + 1);
    if (columns->n)
        memcpy(items, columns->items, columns->n * sizeof(*items));
    items[columns->n++] = (struct result_column){.name = name, .type = type, .typmod = typmod};
    columns->items = items;
}

struct store *rows_of(struct arena *arena, const struct result_columns *columns)
{
    return store_new(arena, NULL, (int)columns->n);
}

void add_text_row(struct store *store, struct arena *arena, const char *const *texts, size_t n)
{
    struct datum *row = ARENA_ARRAY(arena, struct datum, n + 1);
    for (size_t i = 0; i < n; i++)
        row[i] = texts[i] ? datum_bytes(texts[i], strlen(texts[i])) : datum_null();
    struct err err = ERR_IN(arena);
    bool ok = store_add(store, row, &err);
    ASSERT(ok); /* so few rows never leave memory */
}

/* ---- LOCK TABLE ---- */

#define ACCESS_EXCLUSIVE 8

static const struct relation *relation_of_name(struct session *s, const struct stmt *stmt,
                                               const RangeVar *name, struct err *err)
{
    const struct catalog *catalog = stmt->catalog;
    const struct relation *relation = catalog_relation_by_name(catalog, session_path(s, catalog),
                                                               name->schemaname, name->relname);
    if (relation)
        return relation;
    if (name->schemaname && !catalog_namespace_by_name(catalog, name->schemaname)) {
        err_set(err, ERR_UNDEFINED_SCHEMA, "schema \"%s\" does not exist", name->schemaname);
        return NULL;
    }
    err_set(err, ERR_UNDEFINED_TABLE,
            name->schemaname ? "relation \"%s.%s\" does not exist"
                             : "relation \"%s%s\" does not exist",
            name->schemaname ? name->schemaname : "", name->relname);
    return NULL;
}

static bool may_lock(struct session *s, const struct catalog *catalog,
                     const struct relation *relation, int mode, struct err *err)
{
    uint16_t any = PRIV_UPDATE | PRIV_DELETE | PRIV_TRUNCATE;
    if (mode == 1)
        any |= PRIV_SELECT;
    if (mode <= 3)
        any |= PRIV_INSERT;
    return s->superuser || privilege_check_any(catalog, relation, s->current_role, any, err);
}

static bool run_lock(struct session *s, const struct stmt *stmt, struct err *err)
{
    const LockStmt *lock = stmt->node;
    if (!transaction_require_block(s, "LOCK TABLE", err) || !transaction_start(s, err))
        return false;
    if (lock->mode > 3 && transaction_is_read_only(s))
        return err_set(err, ERR_READ_ONLY_SQL_TRANSACTION,
                       "cannot execute LOCK TABLE in a read-only transaction");
    ASSERT(lock->mode >= 1 && lock->mode <= ACCESS_EXCLUSIVE);
    for (int i = 0; i < list_n(lock->relations); i++) {
        const struct relation *relation =
            relation_of_name(s, stmt, list_at(lock->relations, i), err);
        if (!relation)
            return false;
        if (relation->kind != 'r' && relation->kind != 'v') {
            err_set(err, ERR_WRONG_OBJECT_TYPE, "\"%s\" is not a table or view", relation->name);
            return false;
        }
        if (!may_lock(s, stmt->catalog, relation, lock->mode, err))
            return false;
        if (!txn_lock_table(s->txn, relation->oid, lock->mode, lock->nowait, err)) {
            if (lock->nowait && err_is(err, ERR_LOCK_NOT_AVAILABLE))
                err_set(err, ERR_LOCK_NOT_AVAILABLE, "could not obtain lock on relation \"%s\"",
                        relation->name);
            return false;
        }
    }
    return true;
}

/* ---- maintenance ---- */

static bool columns_need_analyze(const VacuumStmt *vacuum, const VacuumRelation *target,
                                 struct err *err)
{
    bool analyzes = false;
    for (int i = 0; i < list_n(vacuum->options); i++)
        analyzes |= strcmp(((const DefElem *)list_at(vacuum->options, i))->defname, "analyze") == 0;
    return analyzes || !target->va_cols ||
           err_set(err, ERR_FEATURE_NOT_SUPPORTED,
                   "ANALYZE option must be specified when a column list is provided");
}

static bool run_vacuum(struct session *s, const struct stmt *stmt, struct utility_result *result,
                       struct err *err)
{
    const VacuumStmt *vacuum = stmt->node;
    result->tag = vacuum->is_vacuumcmd ? "VACUUM" : "ANALYZE";
    if (vacuum->is_vacuumcmd && !transaction_forbid_block(s, "VACUUM", err))
        return false;
    for (int i = 0; i < list_n(vacuum->rels) && vacuum->is_vacuumcmd; i++)
        if (!columns_need_analyze(vacuum, list_at(vacuum->rels, i), err))
            return false;
    for (int i = 0; i < list_n(vacuum->rels); i++) {
        const VacuumRelation *target = list_at(vacuum->rels, i);
        const struct relation *relation = relation_of_name(s, stmt, target->relation, err);
        if (!relation)
            return false;
        for (int k = 0; k < list_n(target->va_cols); k++) {
            const char *name = list_str(target->va_cols, k);
            bool found = false;
            for (uint16_t c = 0; c < relation->n_columns; c++)
                found |=
                    !relation->columns[c].dropped && strcmp(relation->columns[c].name, name) == 0;
            if (!found)
                return err_set(err, ERR_UNDEFINED_COLUMN,
                               "column \"%s\" of relation \"%s\" does not exist", name,
                               relation->name);
        }
        if (relation->kind != 'r' && relation->kind != 'm')
            session_notice(s, NOTICE_WARNING, ERR_WARNING,
                           "skipping \"%s\" --- cannot %s non-tables or special system tables",
                           relation->name, vacuum->is_vacuumcmd ? "vacuum" : "analyze");
    }
    return true;
}

static bool index_exists(struct session *s, const struct catalog *catalog, const RangeVar *name,
                         struct err *err)
{
    const struct search_path *path = session_path(s, catalog);
    const struct namespace *namespace =
        name->schemaname ? catalog_namespace_by_name(catalog, name->schemaname) : NULL;
    size_t at = 0;
    const struct relation *relation;
    while ((relation = catalog_next_relation(catalog, &at)))
        for (uint16_t i = 0; i < relation->n_indexes; i++) {
            const struct index *index = relation->indexes[i];
            bool visible = namespace && index->namespace_oid == namespace->oid;
            for (uint16_t k = 0; !name->schemaname && k < path->n; k++)
                visible |= index->namespace_oid == path->namespaces[k];
            if (visible && strcmp(index->name, name->relname) == 0)
                return true;
        }
    return err_set(err, ERR_UNDEFINED_TABLE, "relation \"%s\" does not exist", name->relname);
}

static bool run_reindex(struct session *s, const struct stmt *stmt, struct err *err)
{
    const ReindexStmt *reindex = stmt->node;
    switch (reindex->kind) {
    case REINDEX_OBJECT_INDEX:
        return index_exists(s, stmt->catalog, reindex->relation, err);
    case REINDEX_OBJECT_TABLE:
        return relation_of_name(s, stmt, reindex->relation, err) != NULL;
    case REINDEX_OBJECT_SCHEMA:
        if (!catalog_namespace_by_name(stmt->catalog, reindex->name))
            return err_set(err, ERR_UNDEFINED_SCHEMA, "schema \"%s\" does not exist",
                           reindex->name);
        return transaction_forbid_block(s, "REINDEX SCHEMA", err);
    case REINDEX_OBJECT_SYSTEM:
        return transaction_forbid_block(s, "REINDEX SYSTEM", err);
    case REINDEX_OBJECT_DATABASE:
        if (reindex->name && strcmp(reindex->name, s->database_name) != 0)
            return err_set(err, ERR_FEATURE_NOT_SUPPORTED,
                           "can only reindex the currently open database");
        return transaction_forbid_block(s, "REINDEX DATABASE", err);
    }
    return true;
}

static bool run_cluster(struct session *s, const struct stmt *stmt, struct err *err)
{
    const ClusterStmt *cluster = stmt->node;
    if (!cluster->relation)
        return transaction_forbid_block(s, "CLUSTER", err);
    return relation_of_name(s, stmt, cluster->relation, err) != NULL;
}

/* Commits are durable when they are acknowledged, and the storage checkpoints by itself: there is nothing to wait for. */
static bool run_checkpoint(struct session *s, struct err *err)
{
    if (s->superuser ||
        role_is_member(session_catalog(s), s->current_role, ROLE_PG_CHECKPOINT, true))
        return true;
    return err_set(err, ERR_INSUFFICIENT_PRIVILEGE,
                   "must be superuser or have privileges of pg_checkpoint to do CHECKPOINT");
}

/* ---- notifications ---- */

static bool run_notify(struct session *s, const NotifyStmt *stmt, struct err *err)
{
    const char *payload = stmt->payload ? stmt->payload : "";
    if (strlen(payload) >= 8000)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "payload string too long");
    notify_send(s, stmt->conditionname, payload);
    return true;
}

/* ---- those that are refused ---- */

static bool refuse(const char *what, struct err *err)
{
    return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "%s is not supported", what);
}

static const struct constraint *find_constraint(struct session *s, const struct catalog *catalog,
                                                const char *schema, const char *name)
{
    const struct search_path *path = session_path(s, catalog);
    const struct namespace *namespace = schema ? catalog_namespace_by_name(catalog, schema) : NULL;
    size_t at = 0;
    const struct relation *relation;
    while ((relation = catalog_next_relation(catalog, &at)))
        for (uint16_t i = 0; i < relation->n_constraints; i++) {
            const struct constraint *constraint = relation->constraints[i];
            bool visible = schema && namespace && constraint->namespace_oid == namespace->oid;
            for (uint16_t k = 0; !schema && k < path->n; k++)
                visible |= constraint->namespace_oid == path->namespaces[k];
            if (visible && strcmp(constraint->name, name) == 0)
                return constraint;
        }
    return NULL;
}

static bool run_constraints_set(struct session *s, struct portal *portal, struct err *err)
{
    const struct stmt *stmt = portal->stmt;
    const ConstraintsSetStmt *set = stmt->node;
    transaction_warn_no_block(s, "SET CONSTRAINTS");
    if (!transaction_start(s, err))
        return false;
    session_env(s, &portal->env, portal->arena, stmt->catalog);
    if (!set->constraints)
        return deferred_set(&portal->env, 0, set->deferred, err);
    for (int i = 0; i < list_n(set->constraints); i++) {
        const RangeVar *name = list_at(set->constraints, i);
        const struct constraint *found =
            find_constraint(s, stmt->catalog, name->schemaname, name->relname);
        if (!found)
            return err_set(err, ERR_UNDEFINED_OBJECT, "constraint \"%s\" does not exist",
                           name->relname);
        if (!found->deferrable)
            return err_set(err, ERR_WRONG_OBJECT_TYPE, "constraint \"%s\" is not deferrable",
                           name->relname);
        if (!deferred_set(&portal->env, found->oid, set->deferred, err))
            return false;
    }
    return true;
}

bool utility_run(struct session *s, struct portal *portal, struct utility_result *result,
                 struct err *err)
{
    const struct stmt *stmt = portal->stmt;
    const void *node = stmt->node;
    result->tag = stmt->tag;
    switch ((int)TAG_OF(node)) {
    case T_TransactionStmt:
        return transaction_utility(s, node, &result->tag, err);
    case T_VariableSetStmt:
        return run_set(s, node, result, err);
    case T_VariableShowStmt:
        return run_show(s, node, portal->arena, result, err);
    case T_DiscardStmt:
        return run_discard(s, node, result, err);
    case T_PrepareStmt:
        return run_prepare(s, portal, node, result, err);
    case T_ExecuteStmt:
        return run_execute(s, portal, node, result, err);
    case T_DeallocateStmt:
        return run_deallocate(s, node, result, err);
    case T_DeclareCursorStmt:
        return run_declare(s, portal, node, result, err);
    case T_FetchStmt:
        return run_fetch(s, portal, node, result, err);
    case T_ClosePortalStmt:
        return run_close(s, node, result, err);
    case T_ExplainStmt:
        return run_explain(s, portal, node, result, err);
    case T_CopyStmt:
        return run_copy(s, portal, node, result, err);
    case T_CreateTableAsStmt:
        return run_create_as(s, portal, node, result, err);
    case T_LockStmt:
        return run_lock(s, stmt, err);
    case T_VacuumStmt:
        return run_vacuum(s, stmt, result, err);
    case T_ReindexStmt:
        return run_reindex(s, stmt, err);
    case T_ClusterStmt:
        return run_cluster(s, stmt, err);
    case T_CheckPointStmt:
        return run_checkpoint(s, err);
    case T_NotifyStmt:
        return run_notify(s, node, err);
    case T_ListenStmt:
        notify_listen(s, ((const ListenStmt *)node)->conditionname);
        return true;
    case T_UnlistenStmt:
        notify_unlisten(s, ((const UnlistenStmt *)node)->conditionname);
        return true;
    case T_ConstraintsSetStmt:
        return run_constraints_set(s, portal, err);
    case T_DoStmt:
        return run_do(s, portal, result, err);
    case T_LoadStmt:
        return refuse("LOAD", err);
    default:
        break;
    }
    if (ddl_handles(node))
        return run_ddl(s, portal, result, err);
    return refuse(stmt->tag, err);
}

bool utility_columns(struct session *s, const struct stmt *stmt, struct arena *arena,
                     struct result_columns *columns, struct err *err)
{
    const void *node = stmt->node;
    *columns = (struct result_columns){0};
    if (!node)
        return true;
    switch ((int)TAG_OF(node)) {
    case T_VariableShowStmt:
        return show_columns(s, node, arena, columns) || true;
    case T_ExplainStmt:
        return explain_columns(s, node, arena, columns) || true;
    case T_FetchStmt:
        return fetch_columns(s, node, arena, columns) || true;
    case T_ExecuteStmt: {
        struct prepared_statement *prepared =
            session_prepared(s, ((const ExecuteStmt *)node)->name, err);
        if (!prepared || !prepared_refresh(s, prepared, err))
            return false;
        if (prepared->stmt) {
            columns->n = prepared->stmt->columns.n;
            columns->items = arena_memdup(arena, prepared->stmt->columns.items,
                                          columns->n * sizeof(*columns->items));
        }
        return true;
    }
    default:
        return true;
    }
}
