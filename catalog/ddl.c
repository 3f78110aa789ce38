/* ddl.c - one DDL statement: the fork it works on, the dispatch, and what its parts share.
 *
 * Steps: take the DDL lock of the database (not for what only touches temporary objects), fork the transaction's private catalog or the
 * published one, run the statement on the fork, write the changed objects to the transaction, hand it the fork.  An error leaves the fork to be
 * freed; row operations and locks that were added meanwhile go with the caller's undo. */
#include "catalog/ddl_int.h"

#include <stdlib.h>
#include <string.h>

#include "catalog/store.h"
#include "sql/format_type.h"
#include "sql/parse.h"

/* ---- errors and notices ---- */

bool fail_at(struct ddl *d, int location, const char *sqlstate, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *message = arena_vprintf(d->arena, format, args);
    va_end(args);
    err_set(d->err, sqlstate, "%s", message);
    if (location >= 0)
        err_position(d->err, sql_position(d->c->text, location));
    return false;
}

bool unsupported(struct ddl *d, const char *what)
{
    return err_set(d->err, ERR_FEATURE_NOT_SUPPORTED, "%s is not supported", what);
}

void notice_full(struct ddl *d, const char *severity, const char *sqlstate, const char *message,
                 const char *detail, const char *hint)
{
    struct ddl_notice made = {severity, sqlstate, message, detail, hint};
    if (d->c->notice && !d->quiet)
        d->c->notice(d->c->arg, &made);
}

void notice(struct ddl *d, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *message = arena_vprintf(d->arena, format, args);
    va_end(args);
    notice_full(d, "NOTICE", ERR_SUCCESSFUL_COMPLETION, message, NULL, NULL);
}

bool prevent_in_block(struct ddl *d, const char *what)
{
    if (!d->c->in_block)
        return true;
    return err_set(d->err, ERR_ACTIVE_SQL_TRANSACTION, "%s cannot run inside a transaction block",
                   what);
}

/* ---- analysis and queries ---- */

struct analyze_context analysis(struct ddl *d)
{
    return (struct analyze_context){
        .arena = d->arena,
        .catalog = d->fork,
        .path = d->c->path,
        .env = &d->env,
        .text = d->c->text,
        .fixed_params = true,
        .user = d->env.user,
    };
}

struct analyze_context stored_analysis(struct ddl *d)
{
    struct analyze_context context = analysis(d);
    context.path = (struct search_path){0};
    context.text = NULL;
    return context;
}

const char *canonical_expr(struct ddl *d, const struct expr *expr, const struct relation *relation)
{
    struct buf out = BUF_IN(d->arena);
    struct analyze_context context = stored_analysis(d);
    struct env env = d->env;
    env.path = NULL;
    env.catalog = NULL; /* regclass and its kin are kept as numbers, which no renaming can break */
    context.env = &env;
    deparse_expr(&context, expr, relation, false, &out);
    return buf_cstr(&out);
}

const char *canonical_query(struct ddl *d, const struct query *query)
{
    struct buf out = BUF_IN(d->arena);
    struct analyze_context context = stored_analysis(d);
    struct env env = d->env;
    env.path = NULL;
    env.catalog = NULL;
    context.env = &env;
    deparse_query(&context, query, false, &out);
    while (out.n && (out.p[out.n - 1] == ';' || out.p[out.n - 1] == '\n'))
        out.n--;
    return buf_cstr(&out);
}

bool run_sql(struct ddl *d, const char *sql, row_fn fn, void *arg, uint64_t *n_rows)
{
    struct raw_statements statements;
    struct analyze_context context = stored_analysis(d);
    context.text = sql;
    if (!sql_parse(d->arena, sql, &statements, d->err))
        return false;
    ASSERT(statements.n == 1);
    struct query *query = analyze(&context, &statements.items[0], d->err);
    if (!query)
        return false;
    struct plan *plan = plan_query(d->arena, &d->env, query, d->err);
    struct exec *exec = plan ? exec_start(plan, d->arena, &d->env, NULL, d->err) : NULL;
    if (!exec)
        return false;
    bool ok = true;
    uint64_t n = 0;
    for (;;) {
        const struct datum *row = NULL;
        ok = exec_next(exec, &row, d->err);
        if (!ok || !row)
            break;
        n++;
        if (fn && !fn(arg, row))
            break;
    }
    if (n_rows)
        *n_rows = fn ? n : exec_rows_changed(exec);
    exec_end(exec);
    return ok;
}

static bool stop_at_first(void *arg, const struct datum *row)
{
    *(bool *)arg = true;
    return false;
}

bool sql_has_row(struct ddl *d, const char *sql, bool *found)
{
    *found = false;
    return run_sql(d, sql, stop_at_first, found, NULL);
}

const char *edit_text(struct ddl *d, uint32_t oid, const char *text)
{
    return text ? arena_strdup(catalog_edit_arena(d->fork, oid), text) : NULL;
}

/* ---- options ---- */

const DefElem *option_named(const List *options, const char *name)
{
    for (int k = 0; k < list_n(options); k++) {
        const DefElem *option = list_at(options, k);
        if (strcmp(option->defname, name) == 0)
            return option;
    }
    return NULL;
}

const char *option_text(struct ddl *d, const DefElem *option)
{
    const Node *value = option ? option->arg : NULL;
    if (!value)
        return NULL;
    switch ((int)TAG_OF(value)) {
    case T_Integer:
        return arena_printf(d->arena, "%d", ((const Integer *)value)->ival);
    case T_Float:
        return ((const Float *)value)->fval;
    case T_Boolean:
        return ((const Boolean *)value)->boolval ? "true" : "false";
    case T_String:
        return STR_OF(value);
    case T_TypeName:
        return list_n(((const TypeName *)value)->names)
                   ? list_str(((const TypeName *)value)->names,
                              list_n(((const TypeName *)value)->names) - 1)
                   : "";
    case T_List:
        return list_n((const List *)value)
                   ? list_str((const List *)value, list_n((const List *)value) - 1)
                   : "";
    default:
        return "";
    }
}

bool option_bool(struct ddl *d, const DefElem *option, bool *value)
{
    const char *text = option_text(d, option);
    *value = true;
    if (!text)
        return true;
    if (strcasecmp(text, "true") == 0 || strcasecmp(text, "on") == 0 || strcmp(text, "1") == 0)
        return true;
    *value = false;
    if (strcasecmp(text, "false") == 0 || strcasecmp(text, "off") == 0 || strcmp(text, "0") == 0)
        return true;
    return err_set(d->err, ERR_SYNTAX_ERROR, "%s requires a Boolean value", option->defname);
}

bool option_int(struct ddl *d, const DefElem *option, int64_t *value)
{
    const char *text = option_text(d, option);
    if (!text)
        return err_set(d->err, ERR_SYNTAX_ERROR, "%s requires a numeric value", option->defname);
    char *end;
    *value = strtoll(text, &end, 10);
    if (*end || end == text)
        return err_set(d->err, ERR_INVALID_TEXT_REPRESENTATION,
                       "invalid input syntax for type bigint: \"%s\"", text);
    return true;
}

/* ---- dispatch ---- */

static bool alter_any_table(struct ddl *d, const AlterTableStmt *stmt)
{
    return stmt->objtype == OBJECT_TYPE ? alter_composite(d, stmt) : alter_table(d, stmt);
}

/* Kinds of statement that exist in PostgreSQL and not here, by the name of what they would make or change. */
static const struct {
    NodeTag tag;
    const char *what;
} refused[] = {
    {T_CreateTrigStmt, "CREATE TRIGGER"},
    {T_RuleStmt, "CREATE RULE"},
    {T_DefineStmt, "this kind of CREATE"},
    {T_CreateCastStmt, "CREATE CAST"},
    {T_CreateConversionStmt, "CREATE CONVERSION"},
    {T_CreateOpClassStmt, "CREATE OPERATOR CLASS"},
    {T_CreateOpFamilyStmt, "CREATE OPERATOR FAMILY"},
    {T_AlterOpFamilyStmt, "ALTER OPERATOR FAMILY"},
    {T_AlterOperatorStmt, "ALTER OPERATOR"},
    {T_AlterTypeStmt, "ALTER TYPE ... SET"},
    {T_CreateRangeStmt, "CREATE TYPE ... AS RANGE"},
    {T_CreateTransformStmt, "CREATE TRANSFORM"},
    {T_CreatePLangStmt, "CREATE LANGUAGE"},
    {T_CreateFdwStmt, "CREATE FOREIGN DATA WRAPPER"},
    {T_AlterFdwStmt, "ALTER FOREIGN DATA WRAPPER"},
    {T_CreateForeignServerStmt, "CREATE SERVER"},
    {T_AlterForeignServerStmt, "ALTER SERVER"},
    {T_CreateForeignTableStmt, "CREATE FOREIGN TABLE"},
    {T_CreateUserMappingStmt, "CREATE USER MAPPING"},
    {T_AlterUserMappingStmt, "ALTER USER MAPPING"},
    {T_DropUserMappingStmt, "DROP USER MAPPING"},
    {T_ImportForeignSchemaStmt, "IMPORT FOREIGN SCHEMA"},
    {T_CreatePolicyStmt, "CREATE POLICY"},
    {T_AlterPolicyStmt, "ALTER POLICY"},
    {T_CreateEventTrigStmt, "CREATE EVENT TRIGGER"},
    {T_AlterEventTrigStmt, "ALTER EVENT TRIGGER"},
    {T_CreatePublicationStmt, "CREATE PUBLICATION"},
    {T_AlterPublicationStmt, "ALTER PUBLICATION"},
    {T_CreateSubscriptionStmt, "CREATE SUBSCRIPTION"},
    {T_AlterSubscriptionStmt, "ALTER SUBSCRIPTION"},
    {T_DropSubscriptionStmt, "DROP SUBSCRIPTION"},
    {T_CreateStatsStmt, "CREATE STATISTICS"},
    {T_AlterStatsStmt, "ALTER STATISTICS"},
    {T_CreateTableSpaceStmt, "CREATE TABLESPACE"},
    {T_DropTableSpaceStmt, "DROP TABLESPACE"},
    {T_AlterTableSpaceOptionsStmt, "ALTER TABLESPACE"},
    {T_AlterTableMoveAllStmt, "ALTER ... ALL IN TABLESPACE"},
    {T_CreateAmStmt, "CREATE ACCESS METHOD"},
    {T_SecLabelStmt, "SECURITY LABEL"},
    {T_AlterObjectDependsStmt, "ALTER ... DEPENDS ON EXTENSION"},
    {T_AlterExtensionContentsStmt, "ALTER EXTENSION"},
    {T_AlterCollationStmt, "ALTER COLLATION"},
    {T_AlterTSDictionaryStmt, "ALTER TEXT SEARCH DICTIONARY"},
    {T_AlterTSConfigurationStmt, "ALTER TEXT SEARCH CONFIGURATION"},
};

static const char *refused_statement(const void *node)
{
    for (size_t k = 0; k < ARRAY_COUNT(refused); k++)
        if (TAG_OF(node) == refused[k].tag)
            return refused[k].what;
    return NULL;
}

/* Errors in domains do not say where. */
static bool without_position(struct ddl *d, bool ok)
{
    if (!ok)
        d->err->position = 0;
    return ok;
}

static bool default_privileges(struct ddl *d, const AlterDefaultPrivilegesStmt *stmt)
{
    return unsupported(d, "ALTER DEFAULT PRIVILEGES");
}

bool ddl_dispatch(struct ddl *d, const void *node, bool *handled)
{
    *handled = true;
    switch ((int)TAG_OF(node)) {
    case T_CreateStmt:
        return create_table(d, node);
    case T_AlterTableStmt:
        return alter_any_table(d, node);
    case T_DropStmt:
        return drop_statement(d, node);
    case T_IndexStmt:
        return create_index(d, node);
    case T_ViewStmt:
        return create_view(d, node);
    case T_RefreshMatViewStmt:
        return refresh_matview(d, node);
    case T_CreateSeqStmt:
        return create_sequence_statement(d, node);
    case T_AlterSeqStmt:
        return alter_sequence_statement(d, node);
    case T_CreateSchemaStmt:
        return create_schema(d, node);
    case T_CreateEnumStmt:
        return create_enum(d, node);
    case T_AlterEnumStmt:
        return alter_enum(d, node);
    case T_CompositeTypeStmt:
        return create_composite(d, node);
    case T_CreateDomainStmt:
        return without_position(d, create_domain(d, node));
    case T_AlterDomainStmt:
        return without_position(d, alter_domain(d, node));
    case T_CreateFunctionStmt:
        return create_function(d, node);
    case T_AlterFunctionStmt:
        return alter_function(d, node);
    case T_CommentStmt:
        return comment_on(d, node);
    case T_TruncateStmt:
        return truncate_statement(d, node);
    case T_RenameStmt:
        return rename_statement(d, node);
    case T_AlterObjectSchemaStmt:
        return set_schema_statement(d, node);
    case T_AlterOwnerStmt:
        return owner_statement(d, node);
    case T_GrantStmt:
        return grant(d, node);
    case T_GrantRoleStmt:
        return grant_role(d, node);
    case T_AlterDefaultPrivilegesStmt:
        return default_privileges(d, node);
    case T_CreateRoleStmt:
        return create_role(d, node);
    case T_AlterRoleStmt:
        return alter_role(d, node);
    case T_AlterRoleSetStmt:
        return alter_role_set(d, node);
    case T_DropRoleStmt:
        return drop_role(d, node);
    case T_DropOwnedStmt:
        return drop_owned(d, node);
    case T_ReassignOwnedStmt:
        return reassign_owned(d, node);
    case T_CreatedbStmt:
        return create_database(d, node);
    case T_DropdbStmt:
        return drop_database(d, node);
    case T_AlterDatabaseStmt:
        return alter_database(d, node);
    case T_AlterDatabaseSetStmt:
        return alter_database_set(d, node);
    case T_CreateExtensionStmt:
        return create_extension(d, node);
    case T_AlterExtensionStmt:
        return alter_extension(d, node);
    default:
        *handled = false;
        return false;
    }
}

bool ddl_handles(const void *node)
{
    switch ((int)TAG_OF(node)) {
    case T_CreateStmt:
    case T_AlterTableStmt:
    case T_DropStmt:
    case T_IndexStmt:
    case T_ViewStmt:
    case T_RefreshMatViewStmt:
    case T_CreateSeqStmt:
    case T_AlterSeqStmt:
    case T_CreateSchemaStmt:
    case T_CreateEnumStmt:
    case T_AlterEnumStmt:
    case T_CompositeTypeStmt:
    case T_CreateDomainStmt:
    case T_AlterDomainStmt:
    case T_CreateFunctionStmt:
    case T_AlterFunctionStmt:
    case T_CommentStmt:
    case T_TruncateStmt:
    case T_RenameStmt:
    case T_AlterObjectSchemaStmt:
    case T_AlterOwnerStmt:
    case T_GrantStmt:
    case T_GrantRoleStmt:
    case T_AlterDefaultPrivilegesStmt:
    case T_CreateRoleStmt:
    case T_AlterRoleStmt:
    case T_AlterRoleSetStmt:
    case T_DropRoleStmt:
    case T_DropOwnedStmt:
    case T_ReassignOwnedStmt:
    case T_CreatedbStmt:
    case T_DropdbStmt:
    case T_AlterDatabaseStmt:
    case T_AlterDatabaseSetStmt:
    case T_CreateExtensionStmt:
    case T_AlterExtensionStmt:
        return true;
    default:
        return refused_statement(node) != NULL;
    }
}

/* ---- the fork ---- */

static void publish(void *arg, struct catalog *catalog)
{
    database_publish(arg, catalog);
}

/* Statements that touch nothing but the session's own temporary objects need not wait for other sessions' DDL. */
static bool only_temporary(const struct ddl_context *c, const void *node)
{
    if (IS_NODE(node, CreateStmt))
        return ((const CreateStmt *)node)->relation->relpersistence == 't';
    if (IS_NODE(node, ViewStmt))
        return ((const ViewStmt *)node)->view->relpersistence == 't';
    if (IS_NODE(node, CreateSeqStmt))
        return ((const CreateSeqStmt *)node)->sequence->relpersistence == 't';
    if (IS_NODE(node, TruncateStmt))
        return true; /* changes rows, not the schema */
    if (IS_NODE(node, IndexStmt)) {
        const RangeVar *name = ((const IndexStmt *)node)->relation;
        const struct relation *relation =
            catalog_relation_by_name(c->env->catalog, &c->path, name->schemaname, name->relname);
        return relation && relation->temp;
    }
    return false;
}

/* `seen` has the session's temporary objects. */
static struct catalog *fork_published(struct ddl_context *c, const struct catalog *seen)
{
    struct catalog *current = database_catalog(c->database);
    struct catalog *fork =
        catalog_has_temp(seen) ? catalog_with_temp(current, seen) : catalog_fork(current);
    catalog_unref(current);
    return fork;
}

static bool begin(struct ddl *d, struct ddl_context *c, bool temporary, struct err *err)
{
    *d = (struct ddl){.c = c, .arena = c->arena, .err = err};
    if (!temporary && !txn_lock_ddl(c->txn, err))
        return false;
    const struct catalog *private = txn_catalog(c->txn);
    if (private && (temporary || catalog_has_shared_changes(private)))
        d->fork = catalog_fork(private);
    else /* a private catalog without the lock may be older than what is published */
        d->fork = fork_published(c, private ? private : c->env->catalog);
    d->env = *c->env;
    d->env.catalog = d->fork;
    d->env.arena = c->arena;
    d->env.path = &c->path;
    return true;
}

/* The statement is done: what it changed goes to the transaction. */
static bool finish(struct ddl *d, bool ok)
{
    const struct catalog_change *changes;
    ok = ok && catalog_store_changes(d->c->txn, d->fork, d->err);
    bool changed = catalog_changes(d->fork, &changes) > 0 || catalog_has_shared_changes(d->fork);
    if (!ok || !changed) {
        catalog_unref(d->fork);
        return ok;
    }
    txn_on_publish(d->c->txn, publish, d->c->database);
    txn_set_catalog(d->c->txn, d->fork);
    return true;
}

static bool needs_write(struct ddl_context *c, const char *tag, struct err *err)
{
    if (!txn_is_read_only(c->txn))
        return true;
    return err_set(err, ERR_READ_ONLY_SQL_TRANSACTION,
                   "cannot execute %s in a read-only transaction", tag);
}

bool ddl_execute(struct ddl_context *context, const void *node, const char **tag, struct err *err)
{
    struct ddl d;
    bool handled, temporary = only_temporary(context, node);
    const char *what = refused_statement(node);
    *tag = sql_statement_tag(node);
    if (what)
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "%s is not supported", what);
    if (!(temporary && !IS_NODE(node, TruncateStmt)) && !needs_write(context, *tag, err))
        return false;
    if (!begin(&d, context, temporary, err))
        return false;
    bool ok = ddl_dispatch(&d, node, &handled);
    if (!handled)
        ok = err_set(err, ERR_FEATURE_NOT_SUPPORTED, "this statement is not supported");
    return finish(&d, ok);
}

/* ---- entry points that are no statements of their own ---- */

bool ddl_distribute(struct ddl_context *context, uint32_t relation_oid,
                    enum distribution distribution, const char *key, const char *strategy,
                    const char *colocate_with, struct err *err)
{
    struct ddl d;
    if (!begin(&d, context, false, err))
        return false;
    return finish(&d, distribute(&d, relation_oid, distribution, key, strategy, colocate_with));
}

bool ddl_create_table_from_columns(struct ddl_context *context, const struct ddl_new_table *table,
                                   const struct relation **relation, struct err *err)
{
    struct ddl d;
    const IntoClause *into = table->into;
    uint32_t oid = 0;
    *relation = NULL;
    bool temporary = into->rel->relpersistence == 't' && !table->materialized_view;
    if (!temporary &&
        !needs_write(context,
                     table->materialized_view ? "CREATE MATERIALIZED VIEW" : "CREATE TABLE AS",
                     err))
        return false;
    if (!begin(&d, context, temporary, err))
        return false;
    if (!finish(&d, create_table_as(&d, table, &oid)))
        return false;
    if (oid)
        *relation = catalog_relation(txn_catalog(context->txn), oid);
    return true;
}

static bool drop_temp_objects(struct ddl *d, bool all)
{
    VEC(struct object_address) objects = {0};
    const struct relation *relation;
    for (size_t at = 0; (relation = catalog_next_relation(d->fork, &at));)
        if (relation->temp && relation->namespace_oid == d->c->temp_namespace &&
            (all || relation->on_commit == 'x')) {
            struct object_address address = {CLASS_RELATION, relation->oid, 0};
            VEC_PUSH(d->arena, &objects, address);
        }
    d->quiet = true;
    return drop_objects(d, objects.items, objects.n, true, true);
}

static bool wants_commit_action(const struct catalog *catalog)
{
    const struct relation *relation;
    for (size_t at = builtin_n_relations; (relation = catalog_next_relation(catalog, &at));)
        if (relation->temp && relation->on_commit)
            return true;
    return false;
}

bool ddl_before_commit(struct ddl_context *context, struct err *err)
{
    struct ddl d;
    const struct catalog *seen =
        txn_catalog(context->txn) ? txn_catalog(context->txn) : context->env->catalog;
    if (!catalog_has_temp(seen) || !wants_commit_action(seen))
        return true;
    if (!begin(&d, context, true, err))
        return false;
    const struct relation *relation;
    bool ok = true;
    for (size_t at = builtin_n_relations; ok && (relation = catalog_next_relation(d.fork, &at));)
        if (relation->temp && relation->on_commit == 'd')
            ok = txn_truncate(context->txn, relation, err);
    return finish(&d, ok && drop_temp_objects(&d, false));
}

bool ddl_discard_temp(struct ddl_context *context, struct err *err)
{
    struct ddl d;
    const struct catalog *seen =
        txn_catalog(context->txn) ? txn_catalog(context->txn) : context->env->catalog;
    if (!catalog_has_temp(seen))
        return true;
    if (!begin(&d, context, true, err))
        return false;
    return finish(&d, drop_temp_objects(&d, true));
}

/* ---- the session's view ---- */

struct catalog *temp_view_catalog(struct temp_view *temp, struct database *database)
{
    if (!temp->view)
        return database_catalog(database);
    if (temp->base_version != database_catalog_version(database)) {
        struct catalog *current = database_catalog(database);
        struct catalog *view = catalog_with_temp(current, temp->view);
        temp->base_version = catalog_version(current);
        catalog_unref(current);
        catalog_unref(temp->view);
        temp->view = view;
    }
    return catalog_ref(temp->view);
}

void temp_view_committed(struct temp_view *temp, const struct catalog *catalog)
{
    if (!catalog)
        return;
    catalog_unref(temp->view);
    temp->view = NULL;
    if (!catalog_has_temp(catalog))
        return;
    temp->view = catalog_fork(catalog);
    temp->base_version = 0; /* made anew over the published version at next use */
}

void temp_view_free(struct temp_view *temp)
{
    catalog_unref(temp->view);
    temp->view = NULL;
}
