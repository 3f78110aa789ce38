/* ddl_table.c - CREATE TABLE in its forms.
 *
 * Order of work: the relation with all its columns; defaults, sequences and generated columns (which may name any column);
 * distribution; the files; then constraints and their indexes, keys before foreign keys.  Constraint names are chosen in that order, as
 * PostgreSQL chooses them. */
#include <string.h>

#include "catalog/ddl_int.h"
#include "sql/format_type.h"
#include "sql/parse.h"

/* ---- storage parameters ---- */

static const struct {
    const char *name;
    int64_t min, max; /* 0, 0: a Boolean or other text, not checked */
} table_options[] = {
    {"fillfactor", 10, 100},
    {"parallel_workers", 0, 1024},
    {"toast_tuple_target", 128, 8160},
    {"autovacuum_enabled", 0, 0},
    {"vacuum_index_cleanup", 0, 0},
    {"vacuum_truncate", 0, 0},
    {"user_catalog_table", 0, 0},
    {"autovacuum_vacuum_threshold", 0, 2147483647},
    {"autovacuum_vacuum_insert_threshold", -1, 2147483647},
    {"autovacuum_analyze_threshold", 0, 2147483647},
    {"autovacuum_vacuum_scale_factor", 0, 0},
    {"autovacuum_vacuum_insert_scale_factor", 0, 0},
    {"autovacuum_analyze_scale_factor", 0, 0},
    {"autovacuum_vacuum_cost_delay", 0, 0},
    {"autovacuum_vacuum_cost_limit", 1, 10000},
    {"autovacuum_freeze_min_age", 0, 1000000000},
    {"autovacuum_freeze_max_age", 100000, 2000000000},
    {"autovacuum_freeze_table_age", 0, 2000000000},
    {"autovacuum_multixact_freeze_min_age", 0, 1000000000},
    {"autovacuum_multixact_freeze_max_age", 10000, 2000000000},
    {"autovacuum_multixact_freeze_table_age", 0, 2000000000},
    {"log_autovacuum_min_duration", -1, 2147483647},
    {"deduplicate_items", 0, 0},
    {"buffering", 0, 0},
    {"fastupdate", 0, 0},
    {"gin_pending_list_limit", 64, 2147483647},
    {"pages_per_range", 1, 131072},
    {"autosummarize", 0, 0},
    {"security_barrier", 0, 0},
    {"security_invoker", 0, 0},
    {"check_option", 0, 0},
};

static bool check_option_value(struct ddl *d, const DefElem *option)
{
    for (size_t k = 0; k < ARRAY_COUNT(table_options); k++) {
        int64_t value;
        if (strcmp(table_options[k].name, option->defname) != 0)
            continue;
        if (table_options[k].min == 0 && table_options[k].max == 0)
            return true;
        const char *text = option_text(d, option);
        if (!option_int(d, option, &value))
            return err_set(d->err, ERR_INVALID_PARAMETER_VALUE,
                           "invalid value for integer option \"%s\": %s", option->defname,
                           text ? text : "true");
        if (value >= table_options[k].min && value <= table_options[k].max)
            return true;
        err_set(d->err, ERR_INVALID_PARAMETER_VALUE, "value %s out of bounds for option \"%s\"",
                text, option->defname);
        return err_detail(d->err, "Valid values are between \"%lld\" and \"%lld\".",
                          (long long)table_options[k].min, (long long)table_options[k].max);
    }
    return err_set(d->err, ERR_INVALID_PARAMETER_VALUE, "unrecognized parameter \"%s\"",
                   option->defname);
}

static bool same_option(const char *kept, const char *name)
{
    size_t n = strlen(name);
    return strncmp(kept, name, n) == 0 && kept[n] == '=';
}

/* The merged list, NULL-terminated; NULL without error when it is empty.  Distribution options are not kept here. */
const char *const *reloptions(struct ddl *d, struct arena *arena, const char *const *before,
                              const List *options, bool reset)
{
    VEC(const char *) out = {0};
    for (size_t k = 0; before && before[k]; k++) {
        bool replaced = false;
        for (int o = 0; o < list_n(options); o++)
            replaced |= same_option(before[k], ((const DefElem *)list_at(options, o))->defname);
        if (!replaced)
            VEC_PUSH(arena, &out, (const char *)arena_strdup(arena, before[k]));
    }
    for (int o = 0; o < list_n(options); o++) {
        const DefElem *option = list_at(options, o);
        if (is_distribution_option(option->defname) || strcmp(option->defname, "oids") == 0)
            continue;
        if (option->defnamespace && strcmp(option->defnamespace, "toast") != 0) {
            err_set(d->err, ERR_INVALID_PARAMETER_VALUE, "unrecognized parameter namespace \"%s\"",
                    option->defnamespace);
            return NULL;
        }
        if (!reset && !check_option_value(d, option))
            return NULL;
        if (reset || option->defnamespace)
            continue;
        const char *text = option_text(d, option);
        VEC_PUSH(arena, &out,
                 (const char *)arena_printf(arena, "%s=%s", option->defname, text ? text : "true"));
    }
    if (!out.n)
        return NULL;
    VEC_PUSH(arena, &out, (const char *)NULL);
    return out.items;
}

/* ---- the relation ---- */

struct relation *new_relation(struct ddl *d, struct object **object,
                              const struct namespace *namespace, const char *name, char kind)
{
    *object = object_new(OBJ_RELATION, catalog_new_oid(d->fork));
    struct arena *arena = object_arena(*object);
    struct relation *relation = object_relation(*object);
    relation->name = arena_strdup(arena, name);
    relation->namespace_oid = namespace->oid;
    relation->namespace_name = arena_strdup(arena, namespace->name);
    relation->owner_oid = d->c->user_oid;
    relation->kind = kind;
    relation->temp = namespace->temp;
    relation->persistence = namespace->temp ? 't' : 'p';
    relation->populated = true;
    relation->distribution = namespace->temp ? DIST_TEMP : DIST_LOCAL;
    if (kind != 'S') {
        relation->rowtype_oid = catalog_new_oid(d->fork);
        object_set_rowtype_array(*object, catalog_new_oid(d->fork));
    }
    return relation;
}

/* Free for a relation with a row type? */
static bool check_new_name(struct ddl *d, const struct namespace *namespace, const char *name,
                           bool if_not_exists, bool *exists)
{
    *exists = relation_name_taken(d->fork, namespace->oid, name);
    if (*exists && if_not_exists) {
        notice_full(d, "NOTICE", ERR_DUPLICATE_TABLE,
                    arena_printf(d->arena, "relation \"%s\" already exists, skipping", name), NULL,
                    NULL);
        return true;
    }
    if (*exists)
        return err_set(d->err, ERR_DUPLICATE_TABLE, "relation \"%s\" already exists", name);
    if (!type_name_taken(d->fork, namespace->oid, name))
        return true;
    err_set(d->err, ERR_DUPLICATE_OBJECT, "type \"%s\" already exists", name);
    return err_hint(d->err, "A relation has an associated type of the same name, so you must use a "
                            "name that doesn't conflict with any"
                            " existing type.");
}

static bool refuse_forms(struct ddl *d, const CreateStmt *stmt)
{
    if (stmt->partspec || stmt->partbound)
        return unsupported(d, "table partitioning");
    if (stmt->inhRelations)
        return unsupported(d, "table inheritance");
    if (stmt->ofTypename)
        return unsupported(d, "CREATE TABLE ... OF");
    if (stmt->tablespacename && strcmp(stmt->tablespacename, "pg_default") != 0)
        return err_set(d->err, ERR_UNDEFINED_OBJECT, "tablespace \"%s\" does not exist",
                       stmt->tablespacename);
    if (stmt->accessMethod && strcmp(stmt->accessMethod, "heap") != 0)
        return err_set(d->err, ERR_UNDEFINED_OBJECT, "access method \"%s\" does not exist",
                       stmt->accessMethod);
    if (stmt->oncommit != ONCOMMIT_NOOP && stmt->relation->relpersistence != 't')
        return err_set(d->err, ERR_INVALID_TABLE_DEFINITION,
                       "ON COMMIT can only be used on temporary tables");
    return true;
}

static bool column_exists(struct ddl *d, const struct relation *relation, const char *name)
{
    if (!relation_column(relation, name))
        return false;
    err_set(d->err, ERR_DUPLICATE_COLUMN, "column \"%s\" specified more than once", name);
    return true;
}

/* ---- LIKE ---- */

struct like {
    const struct relation *source;
    bits32 options;
    int16_t first; /* of its columns in the new table, as a 0-based offset */
    int16_t *map;  /* source attnum - 1 -> new attnum, 0: dropped there */
};
struct likes {
    struct like *items;
    size_t n, cap;
};

static bool like_columns(struct ddl *d, const TableLikeClause *clause, struct relation *relation,
                         struct arena *arena, struct likes *likes)
{
    const struct relation *source = find_relation(d, clause->relation, false, NULL);
    if (!source) {
        err_position(d->err, sql_position(d->c->text, clause->relation->location));
        return false;
    }
    if (source->kind != 'r' && source->kind != 'v' && source->kind != 'm' && source->kind != 'c') {
        fail_at(d, clause->relation->location, ERR_WRONG_OBJECT_TYPE,
                "relation \"%s\" is invalid in LIKE clause", source->name);
        return err_detail(d->err, "This operation is not supported for %ss.",
                          relation_kind_word(source->kind));
    }
    struct like like = {source, clause->options, (int16_t)relation->n_columns,
                        ARENA_ARRAY(d->arena, int16_t, source->n_columns + 1u)};
    for (uint16_t k = 0; k < source->n_columns; k++) {
        const struct column *from = &source->columns[k];
        if (from->dropped)
            continue;
        if (column_exists(d, relation, from->name))
            return false;
        struct column column = {
            .name = from->name,
            .type = from->type,
            .typmod = from->typmod,
            .collation_oid = from->collation_oid,
            .not_null = from->not_null,
            .statistics_target = -1,
        };
        like.map[k] = append_column(d, relation, arena, &column);
    }
    VEC_PUSH(d->arena, likes, like);
    return true;
}

/* A text kept for one relation, read again and written for another whose columns have other numbers (and maybe names). */
static const char *transfer_expr(struct ddl *d, const struct like *like, const char *sql,
                                 const struct relation *target, const struct type *type,
                                 int32_t typmod, struct depends *depends)
{
    struct analyze_context context = stored_analysis(d);
    /* The columns have the same names in both, so the text is the same; it is analysed again for what it depends on. */
    struct expr *expr = analyze_catalog_expr(&context, sql, target, type, typmod, d->err);
    if (!expr)
        return NULL;
    depends_of_expr(d, expr, target->oid, depends);
    return canonical_expr(d, expr, target);
}

static bool like_defaults(struct ddl *d, uint32_t relation_oid, const struct like *like)
{
    for (uint16_t k = 0; k < like->source->n_columns; k++) {
        const struct column *from = &like->source->columns[k];
        bool wanted = from->generated ? like->options & CREATE_TABLE_LIKE_GENERATED
                                      : like->options & CREATE_TABLE_LIKE_DEFAULTS;
        if (from->dropped)
            continue;
        if (from->identity && (like->options & CREATE_TABLE_LIKE_IDENTITY)) {
            if (!add_column_sequence(d, relation_oid, like->map[k], NULL, from->identity))
                return false;
            continue;
        }
        if (!from->default_sql || !wanted)
            continue;
        struct depends depends = {0};
        const char *sql = transfer_expr(d, like, from->default_sql, rel(d, relation_oid),
                                        from->type, from->typmod, &depends);
        if (!sql)
            return false;
        struct relation *relation = catalog_edit_relation(d->fork, relation_oid);
        struct column *column = &columns_of(relation)[like->map[k] - 1];
        column->default_sql = edit_text(d, relation_oid, sql);
        column->generated = from->generated;
        column->depends = dependencies_copy(catalog_edit_arena(d->fork, relation_oid),
                                            depends.items, (uint16_t)depends.n);
        column->n_depends = (uint16_t)depends.n;
    }
    return true;
}

static bool like_checks(struct ddl *d, uint32_t relation_oid, const struct like *like)
{
    for (uint16_t k = 0; k < like->source->n_constraints; k++) {
        const struct constraint *from = like->source->constraints[k];
        if (from->kind != 'c')
            continue;
        struct depends depends = {0};
        const struct relation *relation = rel(d, relation_oid);
        const char *sql = transfer_expr(d, like, from->check_sql, relation, builtin_type(TYPE_BOOL),
                                        -1, &depends);
        if (!sql)
            return false;
        struct object *object = object_new(OBJ_CONSTRAINT, catalog_new_oid(d->fork));
        struct arena *arena = object_arena(object);
        struct constraint *made = object_constraint(object);
        int16_t *columns = ARENA_ARRAY(arena, int16_t, from->n_columns + 1u);
        for (uint16_t c = 0; c < from->n_columns; c++)
            columns[c] = like->map[from->columns[c] - 1];
        made->relation_oid = relation_oid;
        made->namespace_oid = relation->namespace_oid;
        made->name = arena_strdup(arena, from->name);
        made->kind = 'c';
        made->check_sql = arena_strdup(arena, sql);
        made->columns = columns;
        made->n_columns = from->n_columns;
        made->validated = true;
        made->no_inherit = from->no_inherit;
        made->depends = dependencies_copy(arena, depends.items, (uint16_t)depends.n);
        made->n_depends = (uint16_t)depends.n;
        catalog_add(d->fork, object);
    }
    return true;
}

static Node *string_node(struct ddl *d, const char *text)
{
    String *node = ARENA_NEW(d->arena, String);
    node->type = T_String;
    node->sval = (char *)text;
    return (Node *)node;
}

static List *list_of(struct ddl *d, void *const *items, int n)
{
    List *list = arena_zalloc(d->arena, sizeof(List) + (size_t)(n + 1) * sizeof(ListCell));
    list->type = T_List;
    list->length = list->max_length = n;
    list->elements = list->initial_elements;
    for (int k = 0; k < n; k++)
        list->elements[k].ptr_value = items[k];
    return list;
}

/* The index as a request on the new table: columns by name, expressions by their text. */
static bool like_index(struct ddl *d, uint32_t relation_oid, const struct like *like,
                       const struct index *from)
{
    uint16_t n = from->n_keys + from->n_include;
    const struct relation *relation = rel(d, relation_oid);
    for (uint16_t k = 0; from->primary && k < relation->n_constraints; k++)
        if (relation->constraints[k]->kind == 'p')
            return err_set(d->err, ERR_INVALID_TABLE_DEFINITION,
                           "multiple primary keys for table \"%s\" are not allowed",
                           relation->name);
    void **params = ARENA_ARRAY(d->arena, void *, n + 1u);
    for (uint16_t k = 0; k < n; k++) {
        const struct index_key *key = &from->keys[k];
        IndexElem *elem = ARENA_NEW(d->arena, IndexElem);
        elem->type = T_IndexElem;
        if (key->attnum) {
            elem->name = (char *)like->source->columns[key->attnum - 1].name;
        } else {
            struct raw_statements parsed;
            if (!sql_parse(d->arena, arena_printf(d->arena, "SELECT %s", key->expr_sql), &parsed,
                           d->err))
                return false;
            const SelectStmt *select = parsed.items[0].node;
            elem->expr = ((ResTarget *)list_at(select->targetList, 0))->val;
        }
        elem->ordering = key->descending ? SORTBY_DESC : SORTBY_ASC;
        elem->nulls_ordering = key->nulls_first ? SORTBY_NULLS_FIRST : SORTBY_NULLS_LAST;
        if (key->opclass) {
            void *one = string_node(d, key->opclass);
            elem->opclass = list_of(d, &one, 1);
        }
        params[k] = elem;
    }
    const Node *where = NULL;
    if (from->where_sql) {
        struct raw_statements parsed;
        if (!sql_parse(d->arena, arena_printf(d->arena, "SELECT %s", from->where_sql), &parsed,
                       d->err))
            return false;
        where =
            ((ResTarget *)list_at(((const SelectStmt *)parsed.items[0].node)->targetList, 0))->val;
    }
    struct index_request request = {
        .method = from->method,
        .params = list_of(d, params, from->n_keys),
        .including = from->n_include ? list_of(d, params + from->n_keys, from->n_include) : NULL,
        .where = where,
        .unique = from->unique,
        .primary = from->primary,
        .nulls_not_distinct = from->nulls_not_distinct,
        .constraint = from->constraint_oid != 0,
        .deferrable = from->deferrable,
        .deferred = from->deferred,
        .new_table = true,
    };
    uint32_t index_oid;
    return make_index(d, relation_oid, &request, &index_oid) &&
           (!from->constraint_oid ||
            add_key_constraint(d, relation_oid, index_oid, from->primary ? 'p' : 'u'));
}

static bool like_comments(struct ddl *d, uint32_t relation_oid, const struct like *like)
{
    for (uint16_t k = 0; k < like->source->n_columns; k++) {
        const char *text =
            catalog_comment(d->fork, CLASS_RELATION, like->source->oid, (int16_t)(k + 1));
        if (text && like->map[k])
            catalog_set_comment(d->fork, CLASS_RELATION, relation_oid, like->map[k], text);
    }
    return true;
}

static bool like_rest(struct ddl *d, uint32_t relation_oid, const struct like *like)
{
    if ((like->options & CREATE_TABLE_LIKE_CONSTRAINTS) && !like_checks(d, relation_oid, like))
        return false;
    for (uint16_t k = 0; (like->options & CREATE_TABLE_LIKE_INDEXES) && k < like->source->n_indexes;
         k++)
        if (!like_index(d, relation_oid, like, like->source->indexes[k]))
            return false;
    return !(like->options & CREATE_TABLE_LIKE_COMMENTS) || like_comments(d, relation_oid, like);
}

/* ---- CREATE TABLE ---- */

struct parts {
    VEC(const ColumnDef *) defs;
    VEC(int16_t) attnums; /* parallel to defs */
    VEC(bool) serial;     /* parallel to defs */
    struct likes likes;
    struct constraint_list constraints;
};

static bool add_elements(struct ddl *d, const CreateStmt *stmt, struct relation *relation,
                         struct arena *arena, struct parts *parts)
{
    for (int k = 0; k < list_n(stmt->tableElts); k++) {
        const Node *element = list_at(stmt->tableElts, k);
        if (IS_NODE(element, ColumnDef)) {
            const ColumnDef *def = (const ColumnDef *)element;
            struct column column;
            bool is_serial;
            if (column_exists(d, relation, def->colname) ||
                !column_from_def(d, def, &column, &is_serial))
                return false;
            int16_t attnum = append_column(d, relation, arena, &column);
            VEC_PUSH(d->arena, &parts->defs, def);
            VEC_PUSH(d->arena, &parts->attnums, attnum);
            VEC_PUSH(d->arena, &parts->serial, is_serial);
        } else if (IS_NODE(element, TableLikeClause)) {
            if (!like_columns(d, (const TableLikeClause *)element, relation, arena, &parts->likes))
                return false;
        } else if (IS_NODE(element, Constraint)) {
            int16_t none = 0;
            VEC_PUSH(d->arena, &parts->constraints, (const Constraint *)element);
            VEC_PUSH(d->arena, &parts->constraints.columns, none);
        }
    }
    return true;
}

static bool apply_parts(struct ddl *d, uint32_t oid, const CreateStmt *stmt, struct parts *parts)
{
    struct constraint_list all = {0};
    for (size_t k = 0; k < parts->defs.n; k++)
        if (!apply_column_def(d, oid, parts->attnums.items[k], parts->defs.items[k],
                              parts->serial.items[k], &all))
            return false;
    for (size_t k = 0; k < parts->likes.n; k++)
        if (!like_defaults(d, oid, &parts->likes.items[k]))
            return false;
    for (size_t k = 0; k < parts->constraints.n; k++) {
        VEC_PUSH(d->arena, &all, parts->constraints.items[k]);
        VEC_PUSH(d->arena, &all.columns, parts->constraints.columns.items[k]);
    }
    if (!mark_primary_columns(d, oid, &all) ||
        !choose_distribution_early(d, oid, stmt->options, &all) || !storage_create(d, oid))
        return false;
    catalog_changed(d->fork, oid);
    if (!add_constraints(d, oid, &all, true))
        return false;
    for (size_t k = 0; k < parts->likes.n; k++)
        if (!like_rest(d, oid, &parts->likes.items[k]))
            return false;
    return true;
}

bool create_table(struct ddl *d, const CreateStmt *stmt)
{
    const struct namespace *namespace;
    struct object *object;
    struct parts parts = {0};
    bool exists;
    if (!refuse_forms(d, stmt))
        return false;
    if (!creation_namespace_of(d, stmt->relation, &namespace)) {
        if (strcmp(d->err->sqlstate, ERR_INVALID_SCHEMA_NAME) == 0)
            err_position(d->err, sql_position(d->c->text, stmt->relation->location));
        return false;
    }
    const char *name = clip_name(d, stmt->relation->relname);
    if (!check_new_name(d, namespace, name, stmt->if_not_exists, &exists))
        return false;
    if (exists)
        return true;
    struct relation *relation = new_relation(d, &object, namespace, name, 'r');
    uint32_t oid = relation->oid;
    if (stmt->relation->relpersistence == 'u')
        relation->persistence = 'u';
    relation->on_commit = stmt->oncommit == ONCOMMIT_DELETE_ROWS ? 'd'
                          : stmt->oncommit == ONCOMMIT_DROP      ? 'x'
                                                                 : 0;
    relation->options = reloptions(d, object_arena(object), NULL, stmt->options, false);
    if (d->err->sqlstate[0] || !add_elements(d, stmt, relation, object_arena(object), &parts)) {
        arena_free(object_arena(object));
        return false;
    }
    catalog_add(d->fork, object);
    return apply_parts(d, oid, stmt, &parts);
}

/* ---- from a query ---- */

static bool columns_from_query(struct ddl *d, const struct ddl_new_table *table,
                               const IntoClause *into, struct relation *relation,
                               struct arena *arena)
{
    if (list_n(into->colNames) > table->n_columns)
        return err_set(d->err, ERR_SYNTAX_ERROR, "too many column names were specified");
    for (uint16_t k = 0; k < table->n_columns; k++) {
        const struct ddl_column *from = &table->columns[k];
        const char *name = k < list_n(into->colNames) ? list_str(into->colNames, k) : from->name;
        const struct type *type =
            from->type->oid == TYPE_UNKNOWN ? builtin_type(TYPE_TEXT) : from->type;
        if (type->kind == 'p')
            return err_set(d->err, ERR_INVALID_TABLE_DEFINITION, "column \"%s\" has pseudo-type %s",
                           name, format_type_name(d->arena, d->fork, &d->c->path, type));
        if (column_exists(d, relation, name))
            return false;
        struct column column = {
            .name = name,
            .type = type,
            .typmod = from->typmod,
            .collation_oid = from->collation_oid ? from->collation_oid : type->collation_oid,
            .statistics_target = -1,
        };
        append_column(d, relation, arena, &column);
    }
    return true;
}

bool create_table_as(struct ddl *d, const struct ddl_new_table *table, uint32_t *oid)
{
    const IntoClause *into = table->into;
    const struct namespace *namespace;
    struct object *object;
    bool exists;
    if (into->accessMethod && strcmp(into->accessMethod, "heap") != 0)
        return err_set(d->err, ERR_UNDEFINED_OBJECT, "access method \"%s\" does not exist",
                       into->accessMethod);
    if (!creation_namespace_of(d, into->rel, &namespace))
        return false;
    const char *name = clip_name(d, into->rel->relname);
    if (!check_new_name(d, namespace, name, table->if_not_exists, &exists))
        return false;
    if (exists)
        return true;
    struct relation *relation =
        new_relation(d, &object, namespace, name, table->materialized_view ? 'm' : 'r');
    struct arena *arena = object_arena(object);
    if (into->rel->relpersistence == 'u')
        relation->persistence = 'u';
    relation->on_commit = into->onCommit == ONCOMMIT_DELETE_ROWS ? 'd'
                          : into->onCommit == ONCOMMIT_DROP      ? 'x'
                                                                 : 0;
    relation->populated = !into->skipData;
    relation->options = reloptions(d, arena, NULL, into->options, false);
    if (d->err->sqlstate[0] || !columns_from_query(d, table, into, relation, arena)) {
        arena_free(arena);
        return false;
    }
    if (table->materialized_view && table->query) {
        struct depends depends = {0};
        depends_of_query(d, table->query, &depends);
        relation->view_sql = arena_strdup(arena, canonical_query(d, table->query));
        relation->depends = dependencies_copy(arena, depends.items, (uint16_t)depends.n);
        relation->n_depends = (uint16_t)depends.n;
    }
    *oid = relation->oid;
    catalog_add(d->fork, object);
    struct constraint_list none = {0};
    if (!choose_distribution_early(d, *oid, into->options, &none) || !storage_create(d, *oid))
        return false;
    catalog_changed(d->fork, *oid);
    uint64_t n_rows = 0;
    if (table->materialized_view && !into->skipData && !fill_matview(d, *oid, &n_rows))
        return false;
    if (table->n_rows)
        *table->n_rows = n_rows;
    return true;
}
