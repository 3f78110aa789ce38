/* statement.c - from text to an analysed and planned statement.
 *
 * A statement's key in the plan cache is all that its plan depends on: the text, the declared parameter types, the database and its
 * catalog version, the resolved search path, the role, and the settings that constants are read by.  A text gets in when it is seen for
 * the second time, so that texts that come once do not push out those that come again.  Statements of a transaction that ran DDL see
 * a private catalog: never cached.  Statements that differ in their literals are literals.c's. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "proxy/param_check.h"
#include "proxy/session_int.h"
#include "sql/parse.h"

#define CACHED_TEXT_MAX 16384

/* ---- references ---- */

void parsed_unref(struct parsed *parsed)
{
    if (parsed && --parsed->refs == 0)
        arena_free(parsed->arena); /* it lives in its own arena */
}

struct stmt *stmt_ref(struct stmt *stmt)
{
    stmt->refs++;
    return stmt;
}

void stmt_unref(struct stmt *stmt)
{
    if (!stmt || --stmt->refs)
        return;
    ASSERT(!stmt->in_cache);
    catalog_unref(stmt->catalog);
    stmt_unref(stmt->inner);
    struct parsed *parsed = stmt->parsed;
    arena_free(stmt->arena);
    parsed_unref(parsed);
}

/* ---- keys ---- */

/* All that a plan depends on but text and parameter types. */
struct key_head {
    uint32_t database, role, session_role, temp_namespace;
    uint64_t catalog_version;
    const void *timezone;
    int32_t styles[6];
    uint32_t n_path;
};

const struct buf *stmt_key_head(struct session *s, const struct catalog *catalog)
{
    uint64_t version = catalog_version(catalog);
    if (s->key_head.n && s->key_catalog_version == version && s->key_epoch == s->settings_epoch)
        return &s->key_head;
    const struct search_path *path = session_path(s, catalog);
    struct key_head head;
    memset(&head, 0, sizeof(head));
    head.database = database_oid(s->database);
    head.role = s->current_role;
    head.session_role = s->session_role;
    head.temp_namespace = path->temp_namespace;
    head.catalog_version = version;
    head.timezone = s->settings.timezone;
    head.styles[0] = s->settings.date_style;
    head.styles[1] = s->settings.date_order;
    head.styles[2] = s->settings.interval_style;
    head.styles[3] = s->settings.standard_conforming_strings;
    head.styles[4] = s->settings.extra_float_digits;
    head.styles[5] = s->settings.array_nulls;
    head.n_path = path->n;
    s->key_head.n = 0;
    buf_append(&s->key_head, &head, sizeof(head));
    buf_append(&s->key_head, path->namespaces, path->n * sizeof(*path->namespaces));
    s->key_catalog_version = version;
    s->key_epoch = s->settings_epoch;
    return &s->key_head;
}

static struct buf make_key(struct session *s, const struct catalog *catalog, const char *text,
                           size_t text_bytes, const struct stmt_params *params)
{
    struct buf key = BUF_IN(s->scratch);
    const struct buf *head = stmt_key_head(s, catalog);
    buf_reserve(&key, head->n + text_bytes + 3 + 4u * params->n_declared);
    buf_append(&key, head->p, head->n);
    buf_putc(&key, params->fixed ? 'f' : 'p');
    buf_put_u16(&key, params->n_declared);
    for (uint16_t i = 0; i < params->n_declared; i++)
        buf_put_u32(&key, params->declared[i] ? params->declared[i]->oid : 0);
    buf_append(&key, text, text_bytes);
    return key;
}

struct plan_cache *stmt_cache(const struct session *s, size_t text_bytes)
{
    struct plan_cache *cache = server.plan_caches[loop_index(s->loop)];
    bool usable = plan_cache_is_on(cache) && text_bytes <= CACHED_TEXT_MAX &&
                  !(s->txn && txn_catalog(s->txn));
    return usable ? cache : NULL;
}

struct stmt *stmt_cached(struct session *s, const char *text, size_t text_bytes,
                         const struct stmt_params *params)
{
    struct plan_cache *cache = stmt_cache(s, text_bytes);
    if (!cache)
        return NULL;
    struct buf key = make_key(s, session_catalog(s), text, text_bytes, params);
    return plan_cache_find(cache, key.p, key.n);
}

/* 'now' and its kin are turned into constants when they are read: such a text means something else each time. */
bool stmt_text_has_clock(const char *text)
{
    static const char *const words[] = {"now", "today", "tomorrow", "yesterday"};
    for (const char *p = strchr(text, '\''); p; p = strchr(p + 1, '\'')) {
        const char *word = p + 1;
        while (isspace((unsigned char)*word))
            word++;
        for (size_t i = 0; i < ARRAY_COUNT(words); i++)
            if (strncasecmp(word, words[i], strlen(words[i])) == 0)
                return true;
    }
    return false;
}

/* Utilities whose trees are only read by those who run them. */
static bool utility_may_be_cached(const void *node)
{
    return IS_NODE(node, TransactionStmt) || IS_NODE(node, VariableSetStmt) ||
           IS_NODE(node, VariableShowStmt);
}

static void offer_to_cache(struct session *s, struct stmt *stmt, const struct stmt_params *params)
{
    size_t text_bytes = strlen(stmt->text);
    struct plan_cache *cache = stmt_cache(s, text_bytes);
    if (!cache || stmt->parsed->list.n != 1 ||
        (stmt->is_utility && !utility_may_be_cached(stmt->node)) || stmt_text_has_clock(stmt->text))
        return;
    struct buf key = make_key(s, stmt->catalog, stmt->text, text_bytes, params);
    if (plan_cache_seen(cache, key.p, key.n))
        plan_cache_add(cache, stmt, key.p, key.n);
}

/* ---- what analysis sees ---- */

const struct catalog *session_catalog(struct session *s)
{
    const struct catalog *private = s->txn ? txn_catalog(s->txn) : NULL;
    if (private)
        return private;
    uint64_t version = database_catalog_version(s->database);
    if (!s->catalog || s->catalog_base != version) {
        catalog_unref(s->catalog);
        s->catalog = temp_view_catalog(&s->temp, s->database);
        s->catalog_base = version;
    }
    return s->catalog;
}

const struct type *session_type(struct session *s, uint32_t oid)
{
    return catalog_type(session_catalog(s), oid);
}

static const struct type *env_type_of(const struct env *env, uint32_t oid)
{
    return catalog_type(env->catalog, oid);
}

static const char *role_name(struct session *s, const struct catalog *catalog)
{
    const struct role *role = catalog_role(catalog, s->current_role);
    return role ? role->name : s->user;
}

static const char *session_user_name(struct session *s, const struct catalog *catalog)
{
    const struct role *role =
        s->session_role == s->auth_role ? NULL : catalog_role(catalog, s->session_role);
    return role ? role->name : s->user;
}

static void note_sequence(const struct env *env, uint32_t sequence_oid, int64_t value)
{
    session_note_sequence(env->session, sequence_oid, value);
}

static bool may_run(const struct env *env, const struct query *query, struct err *err)
{
    struct privilege_needs needs = {0};
    privileges_collect(env->arena, query, &needs);
    return privileges_check(env->catalog, &needs, env->user_oid, err);
}

void session_env(struct session *s, struct env *env, struct arena *arena,
                 const struct catalog *catalog)
{
    *env = (struct env){
        .settings = &s->settings,
        .transaction_us = s->txn_open ? s->transaction_us : s->statement_us,
        .statement_us = s->statement_us,
        .arena = arena,
        .type = env_type_of,
        .catalog = catalog,
        .session = s,
        .txn = s->txn,
        .user = role_name(s, catalog),
        .session_user = session_user_name(s, catalog),
        .user_oid = s->current_role,
        .path = session_path(s, catalog),
        .note_sequence = note_sequence,
        .may_run = may_run,
        .random_seed = {s->random_state[0], s->random_state[1]},
    };
}

static void add_namespace(struct session *s, uint32_t oid, uint16_t *n)
{
    for (uint16_t i = 0; i < *n; i++)
        if (s->path_oids[i] == oid)
            return;
    s->path_oids[(*n)++] = oid;
}

const struct search_path *session_path(struct session *s, const struct catalog *catalog)
{
    uint64_t version = catalog_version(catalog);
    if (s->path_oids && s->path_catalog_version == version && s->path_epoch == s->settings_epoch)
        return &s->path;
    const char **names;
    size_t n_names;
    struct arena *arena = arena_new("search path");
    if (!split_identifiers(arena, session_param_named(s, "search_path"), &names, &n_names))
        n_names = 0;
    s->path_oids = realloc(s->path_oids, (n_names + 1) * sizeof(*s->path_oids));
    ASSERT(s->path_oids != NULL);
    uint16_t n = 0;
    for (size_t i = 0; i < n_names; i++) {
        const char *name = names[i];
        if (strcmp(name, "$user") == 0) {
            const struct role *role = catalog_role(catalog, s->current_role);
            name = role ? role->name : s->user;
        } else if (strcmp(name, "pg_temp") == 0) {
            if (s->temp_namespace)
                add_namespace(s, s->temp_namespace, &n);
            continue;
        }
        const struct namespace *namespace = catalog_namespace_by_name(catalog, name);
        if (namespace)
            add_namespace(s, namespace->oid, &n);
    }
    arena_free(arena);
    s->path = (struct search_path){
        .namespaces = s->path_oids, .n = n, .temp_namespace = s->temp_namespace};
    s->path_catalog_version = version;
    s->path_epoch = s->settings_epoch;
    return &s->path;
}

struct analyze_context *session_analyze_context(struct session *s, struct arena *arena,
                                                const struct catalog *catalog,
                                                const struct env *env, const char *text)
{
    struct analyze_context *context = ARENA_NEW(arena, struct analyze_context);
    const struct search_path *path = session_path(s, catalog);
    *context = (struct analyze_context){
        .arena = arena,
        .catalog = catalog,
        .path = {.namespaces =
                     arena_memdup(arena, path->namespaces, path->n * sizeof(*path->namespaces)),
                 .n = path->n,
                 .temp_namespace = path->temp_namespace},
        .env = env,
        .text = text,
        .fixed_params = true,
        .user = arena_strdup(arena, role_name(s, catalog)),
    };
    return context;
}

/* ---- making statements ---- */

struct parsed *stmt_parse(struct session *s, const char *text, size_t text_bytes, struct err *err)
{
    struct arena *arena = arena_new("parsed");
    struct parsed *parsed = ARENA_NEW(arena, struct parsed);
    parsed->refs = 1;
    parsed->arena = arena;
    parsed->text = arena_strndup(arena, text, text_bytes);
    if (sql_parse(arena, parsed->text, &parsed->list, err))
        return parsed;
    parsed_unref(parsed);
    return NULL;
}

/* The largest n of any "$n" in the text: an upper bound of its parameters. */
static uint32_t largest_param(const char *text)
{
    uint32_t largest = 0;
    for (const char *p = strchr(text, '$'); p; p = strchr(p + 1, '$')) {
        uint32_t n = 0;
        for (const char *q = p + 1; isdigit((unsigned char)*q) && n <= UINT16_MAX; q++)
            n = n * 10 + (uint32_t)(*q - '0');
        if (n > largest && n <= UINT16_MAX)
            largest = n;
    }
    return largest;
}

static void set_params(struct analyze_context *context, struct arena *arena, const char *text,
                       const struct stmt_params *params)
{
    uint32_t capacity = params->literals ? params->literals->n
                        : params->fixed  ? params->n_declared
                                         : MAX(params->n_declared, largest_param(text));
    context->param_types = ARENA_ARRAY(arena, const struct type *, capacity + 1);
    for (uint16_t i = 0; i < params->n_declared; i++)
        context->param_types[i] = params->declared[i];
    context->n_params = params->n_declared;
    context->max_params = (uint16_t)capacity;
    context->fixed_params = params->fixed;
}

static void columns_of_query(struct stmt *stmt)
{
    const struct query *query = stmt->query;
    const struct targets *targets =
        query->command == CMD_SELECT_ ? &query->targets : &query->returning;
    stmt->returns_rows = query->returns_rows;
    if (!query->returns_rows)
        return;
    struct result_column *columns = ARENA_ARRAY(stmt->arena, struct result_column, targets->n + 1);
    size_t n = 0;
    for (size_t i = 0; i < targets->n; i++) {
        const struct target *target = &targets->items[i];
        if (target->junk)
            continue;
        columns[n++] = (struct result_column){
            .name = target->name ? target->name : "?column?",
            .type = target->expr->type,
            .typmod = target->expr->typmod,
            .table_oid = target->origin_rel_oid,
            .attnum = target->origin_attnum,
        };
    }
    stmt->columns = (struct result_columns){.items = columns, .n = n};
}

/* What a utility statement is about, if that is a query. */
static const Node *inner_node(const void *node)
{
    switch ((int)TAG_OF(node)) {
    case T_ExplainStmt:
        return ((const ExplainStmt *)node)->query;
    case T_DeclareCursorStmt:
        return ((const DeclareCursorStmt *)node)->query;
    case T_CreateTableAsStmt:
        return ((const CreateTableAsStmt *)node)->query;
    case T_CopyStmt:
        return ((const CopyStmt *)node)->query;
    default:
        return NULL;
    }
}

static bool analyse_inner(struct session *s, struct stmt *stmt, const struct stmt_params *params,
                          struct err *err)
{
    const Node *node = inner_node(stmt->node);
    stmt->n_params = 0;
    stmt->param_types = NULL;
    if (!node)
        return true;
    stmt->inner = stmt_of_node(s, stmt, node, params, err);
    if (!stmt->inner)
        return false;
    stmt->n_params = stmt->inner->n_params;
    stmt->param_types = stmt->inner->param_types;
    return true;
}

static bool analyse(struct session *s, struct stmt *stmt, const struct raw_statement *raw,
                    const struct stmt_params *params, struct err *err)
{
    struct env *env = ARENA_NEW(stmt->arena, struct env);
    session_env(s, env, stmt->arena, stmt->catalog);
    struct analyze_context *context =
        session_analyze_context(s, stmt->arena, stmt->catalog, env, stmt->text);
    set_params(context, stmt->arena, stmt->text, params);
    if (params->literals) {
        context->literals = params->literals;
        context->literal_uses = params->literal_uses;
    }
    stmt->query = raw ? analyze(context, raw, err) : analyze_node(context, stmt->node, err);
    if (!stmt->query)
        return false;
    stmt->is_utility = stmt->query->command == CMD_UTILITY_;
    stmt->n_params = stmt->query->n_params;
    stmt->param_types = stmt->query->param_types;
    if (stmt->is_utility) {
        stmt->node = stmt->query->utility ? stmt->query->utility : stmt->node;
        return analyse_inner(s, stmt, params, err);
    }
    columns_of_query(stmt);
    privileges_collect(stmt->arena, stmt->query, &stmt->needs);
    stmt->plan = plan_query(stmt->arena, env, stmt->query, err);
    return stmt->plan != NULL;
}

static const SelectStmt *first_select(const SelectStmt *select)
{
    while (select->op != SETOP_NONE)
        select = select->larg;
    return select;
}

/* A copy of the tree down to the first SELECT, there without INTO. */
static SelectStmt *without_into(struct arena *arena, const SelectStmt *select)
{
    SelectStmt *copy = arena_memdup(arena, select, sizeof(*select));
    if (select->op != SETOP_NONE)
        copy->larg = without_into(arena, select->larg);
    else
        copy->intoClause = NULL;
    return copy;
}

/* SELECT ... INTO t is CREATE TABLE t AS SELECT ... in other words. */
static const void *without_select_into(struct arena *arena, const void *node)
{
    if (!IS_NODE(node, SelectStmt) || !first_select(node)->intoClause)
        return node;
    CreateTableAsStmt *stmt = arena_zalloc(arena, sizeof(*stmt));
    stmt->type = T_CreateTableAsStmt;
    stmt->query = (Node *)without_into(arena, node);
    stmt->into = first_select(node)->intoClause;
    stmt->objtype = OBJECT_TABLE;
    stmt->is_select_into = true;
    return stmt;
}

static List *one_item(struct arena *arena, void *item)
{
    List *list = arena_zalloc(arena, sizeof(*list));
    ListCell *cells = ARENA_ARRAY(arena, ListCell, 1);
    cells[0].ptr_value = item;
    list->type = T_List;
    list->length = list->max_length = 1;
    list->elements = cells;
    return list;
}

static Node *ctid_equals(struct arena *arena, const char *place)
{
    String *column = arena_zalloc(arena, sizeof(*column)),
           *type = arena_zalloc(arena, sizeof(*type)),
           *equals = arena_zalloc(arena, sizeof(*equals));
    *column = (String){.type = T_String, .sval = arena_strdup(arena, "ctid")};
    *type = (String){.type = T_String, .sval = arena_strdup(arena, "tid")};
    *equals = (String){.type = T_String, .sval = arena_strdup(arena, "=")};
    ColumnRef *ref = arena_zalloc(arena, sizeof(*ref));
    *ref = (ColumnRef){.type = T_ColumnRef, .fields = one_item(arena, column), .location = -1};
    A_Const *text = arena_zalloc(arena, sizeof(*text));
    text->type = T_A_Const;
    text->val.sval = (String){.type = T_String, .sval = arena_strdup(arena, place)};
    text->location = -1;
    TypeName *name = arena_zalloc(arena, sizeof(*name));
    *name = (TypeName){
        .type = T_TypeName, .names = one_item(arena, type), .typemod = -1, .location = -1};
    TypeCast *cast = arena_zalloc(arena, sizeof(*cast));
    *cast = (TypeCast){.type = T_TypeCast, .arg = (Node *)text, .typeName = name, .location = -1};
    A_Expr *expr = arena_zalloc(arena, sizeof(*expr));
    *expr = (A_Expr){.type = T_A_Expr,
                     .kind = AEXPR_OP,
                     .name = one_item(arena, equals),
                     .lexpr = (Node *)ref,
                     .rexpr = (Node *)cast,
                     .location = -1};
    return (Node *)expr;
}

/* WHERE CURRENT OF c becomes WHERE ctid = (where the cursor is now).  False with err when it is nowhere. */
static bool without_current_of(struct session *s, struct stmt *stmt, struct err *err)
{
    const void *node = stmt->node;
    const Node *where = IS_NODE(node, UpdateStmt)   ? ((const UpdateStmt *)node)->whereClause
                        : IS_NODE(node, DeleteStmt) ? ((const DeleteStmt *)node)->whereClause
                                                    : NULL;
    if (!where || !IS_NODE(where, CurrentOfExpr))
        return true;
    const RangeVar *table = IS_NODE(node, UpdateStmt) ? ((const UpdateStmt *)node)->relation
                                                      : ((const DeleteStmt *)node)->relation;
    const char *place = cursor_current_row(s, ((const CurrentOfExpr *)where)->cursor_name,
                                           table->schemaname, table->relname, err);
    if (!place)
        return false;
    Node *equals = ctid_equals(stmt->arena, place);
    if (IS_NODE(node, UpdateStmt)) {
        UpdateStmt *copy = arena_memdup(stmt->arena, node, sizeof(*copy));
        copy->whereClause = equals;
        stmt->node = copy;
    } else {
        DeleteStmt *copy = arena_memdup(stmt->arena, node, sizeof(*copy));
        copy->whereClause = equals;
        stmt->node = copy;
    }
    stmt->bound_to_cursor = true;
    return true;
}

static struct stmt *make(struct session *s, struct parsed *parsed, const void *node,
                         const char *tag, const struct raw_statement *raw,
                         const struct stmt_params *params, struct err *err)
{
    struct arena *arena = arena_new("statement");
    struct stmt *stmt = ARENA_NEW(arena, struct stmt);
    const struct catalog *catalog = session_catalog(s);
    *stmt = (struct stmt){
        .refs = 1,
        .arena = arena,
        .catalog = catalog_ref((struct catalog *)catalog),
        .catalog_version = catalog_version(catalog),
        .parsed = parsed,
        .text = parsed->text,
        .node = without_select_into(arena, node),
        .raw_node = node,
        .tag = tag,
        .raw_index = SIZE_MAX,
    };
    parsed->refs++;
    if (!without_current_of(s, stmt, err)) {
        stmt_unref(stmt);
        return NULL;
    }
    if (stmt->node != node)
        raw = NULL;
    if (IS_NODE(node, TransactionStmt)) {
        stmt->is_utility = true;
        return stmt;
    }
    if (analyse(s, stmt, raw, params, err))
        return stmt;
    stmt_unref(stmt);
    return NULL;
}

struct stmt *stmt_new(struct session *s, struct parsed *parsed, size_t index,
                      const struct stmt_params *params, struct err *err)
{
    const struct raw_statement *raw = &parsed->list.items[index];
    struct stmt *stmt = make(s, parsed, raw->node, raw->tag, raw, params, err);
    if (!stmt)
        return NULL;
    stmt->raw_index = index;
    if (!params->literals && !stmt->bound_to_cursor)
        offer_to_cache(s, stmt, params);
    return stmt;
}

struct stmt *stmt_of_node(struct session *s, const struct stmt *outer, const void *node,
                          const struct stmt_params *params, struct err *err)
{
    return make(s, outer->parsed, node, sql_statement_tag(node), NULL, params, err);
}

/* ---- prepared statements ---- */

void prepared_statement_free(struct prepared_statement *prepared)
{
    if (!prepared)
        return;
    stmt_unref(prepared->stmt);
    free(prepared->name);
    free(prepared->text);
    free(prepared->declared);
    free(prepared);
}

struct prepared_statement *session_prepared(struct session *s, const char *name, struct err *err)
{
    struct prepared_statement *prepared =
        *name ? (s->statements ? map_get(s->statements, name, strlen(name)) : NULL) : s->unnamed;
    if (!prepared && *name)
        err_set(err, ERR_UNDEFINED_PSTATEMENT, "prepared statement \"%s\" does not exist", name);
    else if (!prepared)
        err_set(err, ERR_UNDEFINED_PSTATEMENT, "unnamed prepared statement does not exist");
    return prepared;
}

bool session_add_prepared(struct session *s, struct prepared_statement *prepared, struct err *err)
{
    if (!*prepared->name) {
        prepared_statement_free(s->unnamed);
        s->unnamed = prepared;
        return true;
    }
    if (!s->statements)
        s->statements = map_new();
    if (map_get(s->statements, prepared->name, strlen(prepared->name))) {
        err_set(err, ERR_DUPLICATE_PSTATEMENT, "prepared statement \"%s\" already exists",
                prepared->name);
        prepared_statement_free(prepared);
        return false;
    }
    map_put(s->statements, prepared->name, strlen(prepared->name), prepared);
    return true;
}

void session_drop_prepared(struct session *s, const char *name)
{
    if (!*name) {
        prepared_statement_free(s->unnamed);
        s->unnamed = NULL;
    } else if (s->statements) {
        prepared_statement_free(map_remove(s->statements, name, strlen(name)));
    }
}

void session_drop_all_prepared(struct session *s)
{
    prepared_statement_free(s->unnamed);
    s->unnamed = NULL;
    const void *key;
    size_t at = 0, key_bytes;
    void *value;
    while (s->statements && map_next(s->statements, &at, &key, &key_bytes, &value))
        prepared_statement_free(value);
    map_free(s->statements);
    s->statements = NULL;
}

static bool same_columns(const struct stmt *a, const struct stmt *b)
{
    if (a->returns_rows != b->returns_rows || a->columns.n != b->columns.n)
        return false;
    for (size_t i = 0; i < a->columns.n; i++) {
        const struct result_column *x = &a->columns.items[i], *y = &b->columns.items[i];
        if (x->type->oid != y->type->oid || x->typmod != y->typmod || strcmp(x->name, y->name) != 0)
            return false;
    }
    return true;
}

struct stmt *stmt_remake(struct session *s, struct stmt *old, bool may_differ, struct err *err)
{
    const struct catalog *catalog = session_catalog(s);
    const struct type **types = ARENA_ARRAY(s->scratch, const struct type *, old->n_params + 1u);
    for (uint16_t i = 0; i < old->n_params; i++) {
        types[i] = old->param_types[i] ? catalog_type(catalog, old->param_types[i]->oid) : NULL;
        if (!types[i] && old->param_types[i]) {
            err_set(err, ERR_UNDEFINED_OBJECT, "type of parameter $%d was dropped", i + 1);
            return NULL;
        }
    }
    struct stmt_params params = {.declared = types, .n_declared = old->n_params, .fixed = true};
    size_t index = old->raw_index;
    bool alone = old->parsed->list.n == 1 && index == 0;
    struct stmt *fresh = alone ? stmt_cached(s, old->text, strlen(old->text), &params) : NULL;
    if (!fresh)
        fresh = index < old->parsed->list.n ? stmt_new(s, old->parsed, index, &params, err)
                                            : stmt_of_node(s, old, old->raw_node, &params, err);
    if (fresh && !may_differ && !same_columns(old, fresh)) {
        stmt_unref(fresh);
        err_set(err, ERR_FEATURE_NOT_SUPPORTED, "cached plan must not change result type");
        return NULL;
    }
    return fresh;
}

bool stmt_is_stale(struct session *s, const struct stmt *stmt)
{
    return stmt->catalog_version != catalog_version(session_catalog(s));
}

bool prepared_refresh(struct session *s, struct prepared_statement *prepared, struct err *err)
{
    struct stmt *old = prepared->stmt;
    if (!old ||
        (!stmt_is_stale(s, old) && prepared->epoch == s->settings_epoch && !old->bound_to_cursor))
        return true;
    struct stmt *fresh = stmt_remake(s, old, false, err);
    if (!fresh)
        return false;
    stmt_unref(old);
    prepared->stmt = fresh;
    prepared->epoch = s->settings_epoch;
    return true;
}
