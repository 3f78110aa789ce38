/* ddl_index.c - CREATE INDEX, and the indexes of PRIMARY KEY and UNIQUE constraints.
 *
 * All methods are accepted; btree and hash become SQLite indexes over the plain columns that come first, the others exist in the catalog
 * only.  A unique index is checked by looking at one shard when equal keys can only be on one, and otherwise through a hidden table
 * spread by the key ("global"). */
#include <string.h>

#include "catalog/ddl_int.h"
#include "sql/format_type.h"

static const struct {
    const char *name;
    bool unique, many, include, ordered;
} methods[] = {
    {"btree", true, true, true, true},     {"hash", false, false, false, false},
    {"gist", false, true, true, false},    {"gin", false, true, false, false},
    {"spgist", false, false, true, false}, {"brin", false, true, false, false},
};

static bool check_method(struct ddl *d, const struct index_request *request, const char *method)
{
    size_t m = 0;
    while (m < ARRAY_COUNT(methods) && strcmp(methods[m].name, method) != 0)
        m++;
    if (m == ARRAY_COUNT(methods))
        return err_set(d->err, ERR_UNDEFINED_OBJECT, "access method \"%s\" does not exist", method);
    if (request->unique && !methods[m].unique)
        return err_set(d->err, ERR_FEATURE_NOT_SUPPORTED,
                       "access method \"%s\" does not support unique indexes", method);
    if (list_n(request->including) && !methods[m].include)
        return err_set(d->err, ERR_FEATURE_NOT_SUPPORTED,
                       "access method \"%s\" does not support included columns", method);
    if (list_n(request->params) > 1 && !methods[m].many)
        return err_set(d->err, ERR_FEATURE_NOT_SUPPORTED,
                       "access method \"%s\" does not support multicolumn indexes", method);
    for (int k = 0; k < list_n(request->params); k++) {
        const IndexElem *elem = list_at(request->params, k);
        if (methods[m].ordered)
            continue;
        if (elem->ordering != SORTBY_DEFAULT)
            return err_set(d->err, ERR_FEATURE_NOT_SUPPORTED,
                           "access method \"%s\" does not support ASC/DESC options", method);
        if (elem->nulls_ordering != SORTBY_NULLS_DEFAULT)
            return err_set(d->err, ERR_FEATURE_NOT_SUPPORTED,
                           "access method \"%s\" does not support NULLS FIRST/LAST options",
                           method);
    }
    return true;
}

/* ---- keys ---- */

struct keys {
    struct index_key *items;
    size_t n, cap;
    struct depends depends;
};

static bool check_opclass(struct ddl *d, const char *method, const IndexElem *elem,
                          struct index_key *key)
{
    uint32_t method_oid = access_method_oid(method);
    const char *type_name = format_type_name(d->arena, d->fork, &d->c->path, key->type);
    if (elem->opclass) {
        const char *name = list_str(elem->opclass, list_n(elem->opclass) - 1);
        if (!builtin_opclass_by_name(method_oid, name, NULL))
            return err_set(d->err, ERR_UNDEFINED_OBJECT,
                           "operator class \"%s\" does not exist for access method \"%s\"", name,
                           method);
        if (!builtin_opclass_by_name(method_oid, name, key->type))
            return err_set(d->err, ERR_DATATYPE_MISMATCH,
                           "operator class \"%s\" does not accept data type %s", name, type_name);
        const struct builtin_opclass *usual = builtin_default_opclass(method_oid, key->type);
        if (!usual || strcmp(usual->name, name) != 0)
            key->opclass = name;
        return true;
    }
    if (builtin_default_opclass(method_oid, key->type))
        return true;
    err_set(d->err, ERR_UNDEFINED_OBJECT,
            "data type %s has no default operator class for access method \"%s\"", type_name,
            method);
    return err_hint(d->err, "You must specify an operator class for the index or define a default "
                            "operator class for the data type.");
}

static bool column_key(struct ddl *d, const struct relation *relation, const char *name,
                       struct index_key *key)
{
    const struct column *column = relation_column(relation, name);
    if (!column)
        return err_set(d->err, ERR_UNDEFINED_COLUMN, "column \"%s\" does not exist", name);
    key->attnum = column->attnum;
    key->type = column->type;
    key->collation_oid = column->collation_oid;
    return true;
}

static bool expression_key(struct ddl *d, const struct relation *relation, const Node *node,
                           struct index_key *key, struct depends *depends)
{
    struct analyze_context context = analysis(d);
    struct expr *expr =
        analyze_raw_expr(&context, node, relation, NULL, -1, "index expression", d->err);
    if (!expr)
        return false;
    if (expr->kind == EXPR_COLUMN && expr->column.attnum > 0)
        return column_key(d, relation, relation->columns[expr->column.attnum - 1].name, key);
    if (expr_is_mutable(expr))
        return err_set(d->err, ERR_INVALID_OBJECT_DEFINITION,
                       "functions in index expression must be marked IMMUTABLE");
    depends_of_expr(d, expr, relation->oid, depends);
    key->expr_sql = canonical_expr(d, expr, relation);
    key->name = figure_index_name(node);
    key->type = expr->type;
    key->collation_oid = expr->collation_oid ? expr->collation_oid : expr->type->collation_oid;
    return true;
}

static bool key_collation(struct ddl *d, const List *names, struct index_key *key)
{
    const CollateClause clause = {
        .type = T_CollateClause, .collname = (List *)(uintptr_t)names, .location = -1};
    return resolve_collation(d, &clause, key->type, &key->collation_oid);
}

static bool add_key(struct ddl *d, const struct relation *relation, const IndexElem *elem,
                    const char *method, bool included, struct keys *keys)
{
    struct index_key key = {0};
    bool ok = elem->name ? column_key(d, relation, elem->name, &key)
                         : expression_key(d, relation, elem->expr, &key, &keys->depends);
    if (!ok)
        return false;
    if (included) {
        if (!key.attnum)
            return err_set(d->err, ERR_FEATURE_NOT_SUPPORTED,
                           "expressions are not supported in included columns");
        VEC_PUSH(d->arena, keys, key);
        return true;
    }
    if (elem->collation && !key_collation(d, elem->collation, &key))
        return false;
    if (!check_opclass(d, method, elem, &key))
        return false;
    key.descending = elem->ordering == SORTBY_DESC;
    key.nulls_first =
        elem->nulls_ordering == SORTBY_NULLS_FIRST ||
        (elem->nulls_ordering == SORTBY_NULLS_DEFAULT && elem->ordering == SORTBY_DESC);
    VEC_PUSH(d->arena, keys, key);
    return true;
}

static const char *predicate(struct ddl *d, const struct relation *relation, const Node *where,
                             struct depends *depends)
{
    struct analyze_context context = analysis(d);
    struct expr *expr = analyze_raw_expr(&context, where, relation, builtin_type(TYPE_BOOL), -1,
                                         "index predicate", d->err);
    if (!expr)
        return NULL;
    if (expr_is_mutable(expr)) {
        err_set(d->err, ERR_INVALID_OBJECT_DEFINITION,
                "functions in index predicate must be marked IMMUTABLE");
        return NULL;
    }
    depends_of_expr(d, expr, relation->oid, depends);
    return canonical_expr(d, expr, relation);
}

/* ---- names ---- */

/* "a_b", expressions by the name PostgreSQL would give their column; cut when long. */
static const char *joined_columns(struct ddl *d, const struct relation *relation,
                                  const struct index *probe)
{
    const char *const *names = index_column_names(d->arena, relation, probe);
    struct buf out = BUF_IN(d->arena);
    for (uint16_t k = 0; k < probe->n_keys + probe->n_include && out.n < 64; k++) {
        if (k)
            buf_putc(&out, '_');
        buf_puts(&out, names[k]);
    }
    return buf_cstr(&out);
}

static const char *choose_index_name(struct ddl *d, const struct relation *relation,
                                     const struct index_request *request, const struct index *probe)
{
    if (request->primary)
        return choose_relation_name(d, relation->name, NULL, "pkey", relation->namespace_oid, true);
    return choose_relation_name(d, relation->name, joined_columns(d, relation, probe),
                                request->constraint ? "key" : "idx", relation->namespace_oid,
                                request->constraint);
}

/* ---- storage ---- */

static bool contains_shard_key(const struct relation *relation, const struct index *index)
{
    for (uint16_t s = 0; s < relation->n_shard_key; s++) {
        bool found = false;
        for (uint16_t k = 0; k < index->n_keys && !found; k++)
            found = index->keys[k].attnum == relation->shard_key[s];
        if (!found)
            return false;
    }
    return relation->n_shard_key > 0;
}

void decide_index_storage(struct ddl *d, const struct relation *relation, struct index *index)
{
    bool sortable = strcmp(index->method, "btree") == 0 || strcmp(index->method, "hash") == 0;
    index->stored = index->global = false;
    if (relation->distribution == DIST_TEMP)
        return;
    index->stored = sortable && index->n_keys && index->keys[0].attnum > 0;
    if (!index->unique)
        return;
    bool spread = relation->distribution == DIST_SHARDED ? !contains_shard_key(relation, index)
                                                         : relation->distribution == DIST_ROW;
    index->global = (spread && catalog_n_shards(d->fork) > 1) || !index->stored;
}

/* ---- existing rows ---- */

struct duplicate {
    struct ddl *d;
    uint16_t n;
    const char **values;
};

static bool take_duplicate(void *arg, const struct datum *row)
{
    struct duplicate *duplicate = arg;
    for (uint16_t k = 0; k < duplicate->n; k++)
        duplicate->values[k] =
            row[k].null ? "null" : arena_strndup(duplicate->d->arena, row[k].p, row[k].n);
    return false;
}

static void put_qualified(struct buf *out, const struct relation *relation)
{
    quote_ident(out, relation->namespace_name);
    buf_putc(out, '.');
    quote_ident(out, relation->name);
}

static void put_key(struct buf *out, const struct relation *relation, const struct index_key *key)
{
    if (key->attnum)
        quote_ident(out, relation->columns[key->attnum - 1].name);
    else
        buf_printf(out, "(%s)", key->expr_sql);
}

static bool check_unique(struct ddl *d, const struct relation *relation, const struct index *index)
{
    struct buf sql = BUF_IN(d->arena), detail = BUF_IN(d->arena);
    struct duplicate duplicate = {.d = d,
                                  .n = index->n_keys,
                                  .values =
                                      ARENA_ARRAY(d->arena, const char *, index->n_keys + 1u)};
    buf_puts(&sql, "SELECT ");
    for (uint16_t k = 0; k < index->n_keys; k++) {
        buf_puts(&sql, k ? ", (" : "(");
        put_key(&sql, relation, &index->keys[k]);
        buf_puts(&sql, ")::pg_catalog.text");
    }
    buf_puts(&sql, " FROM ");
    put_qualified(&sql, relation);
    buf_puts(&sql, " WHERE true");
    if (index->where_sql)
        buf_printf(&sql, " AND (%s)", index->where_sql);
    for (uint16_t k = 0; !index->nulls_not_distinct && k < index->n_keys; k++) {
        buf_puts(&sql, " AND (");
        put_key(&sql, relation, &index->keys[k]);
        buf_puts(&sql, ") IS NOT NULL");
    }
    buf_puts(&sql, " GROUP BY ");
    for (uint16_t k = 0; k < index->n_keys; k++) {
        if (k)
            buf_puts(&sql, ", ");
        put_key(&sql, relation, &index->keys[k]);
    }
    buf_puts(&sql, " HAVING pg_catalog.count(*) > 1 LIMIT 1");
    uint64_t n;
    if (!run_sql(d, buf_cstr(&sql), take_duplicate, &duplicate, &n))
        return false;
    if (!n)
        return true;
    buf_puts(&detail, "Key (");
    for (uint16_t k = 0; k < index->n_keys; k++) {
        if (k)
            buf_puts(&detail, ", ");
        if (index->keys[k].attnum)
            buf_puts(&detail, relation->columns[index->keys[k].attnum - 1].name);
        else
            buf_puts(&detail, index->keys[k].expr_sql);
    }
    buf_puts(&detail, ")=(");
    for (uint16_t k = 0; k < index->n_keys; k++)
        buf_printf(&detail, "%s%s", k ? ", " : "", duplicate.values[k]);
    buf_puts(&detail, ") is duplicated.");
    err_set(d->err, ERR_UNIQUE_VIOLATION, "could not create unique index \"%s\"", index->name);
    d->err->schema = arena_strdup(d->err->arena, relation->namespace_name);
    d->err->table = arena_strdup(d->err->arena, relation->name);
    d->err->constraint = arena_strdup(d->err->arena, index->name);
    return err_detail(d->err, "%s", buf_cstr(&detail));
}

/* ---- making it ---- */

static bool check_relation_kind(struct ddl *d, const struct relation *relation)
{
    if (relation->kind == 'r' || relation->kind == 'm')
        return must_own_relation(d, relation);
    err_set(d->err, ERR_WRONG_OBJECT_TYPE, "cannot create index on relation \"%s\"",
            relation->name);
    return err_detail(d->err, "This operation is not supported for %ss.",
                      relation_kind_word(relation->kind));
}

static void fill_index(struct ddl *d, struct object *object, const struct relation *relation,
                       const struct index_request *request, const char *method, const char *where,
                       const struct keys *keys)
{
    struct index *index = object_index(object);
    struct arena *arena = object_arena(object);
    struct index_key *copy = arena_memdup(arena, keys->items, keys->n * sizeof(*keys->items));
    for (size_t k = 0; k < keys->n; k++) {
        copy[k].expr_sql = copy[k].expr_sql ? arena_strdup(arena, copy[k].expr_sql) : NULL;
        copy[k].opclass = copy[k].opclass ? arena_strdup(arena, copy[k].opclass) : NULL;
        copy[k].name = copy[k].name ? arena_strdup(arena, copy[k].name) : NULL;
    }
    index->relation_oid = relation->oid;
    index->namespace_oid = relation->namespace_oid;
    index->constraint_oid = request->constraint_oid;
    index->method = arena_strdup(arena, method);
    index->unique = request->unique;
    index->primary = request->primary;
    index->nulls_not_distinct = request->nulls_not_distinct;
    index->deferrable = request->deferrable;
    index->deferred = request->deferred;
    index->keys = copy;
    index->n_include = (uint16_t)list_n(request->including);
    index->n_keys = (uint16_t)(keys->n - index->n_include);
    index->where_sql = where ? arena_strdup(arena, where) : NULL;
    index->depends = dependencies_copy(arena, keys->depends.items, (uint16_t)keys->depends.n);
    index->n_depends = (uint16_t)keys->depends.n;
    index->options = reloptions(d, arena, NULL, request->options, false);
}

static bool build_storage(struct ddl *d, uint32_t index_oid, bool new_table)
{
    const struct index *index = catalog_index(d->fork, index_oid);
    uint32_t relation_oid = index->relation_oid;
    uint16_t n_keys = index->n_keys;
    for (uint16_t k = 0; index->stored && k < n_keys; k++) {
        int16_t attnum = catalog_index(d->fork, index_oid)->keys[k].attnum;
        if (!attnum)
            break;
        if (!storage_need_key(d, relation_oid, attnum))
            return false;
    }
    if (!storage_create_index(d, index_oid))
        return false;
    return new_table || !catalog_index(d->fork, index_oid)->global ||
           fill_global_index(d, index_oid);
}

static bool all_keys(struct ddl *d, const struct relation *relation,
                     const struct index_request *request, const char *method, struct keys *keys)
{
    for (int k = 0; k < list_n(request->params); k++)
        if (!add_key(d, relation, list_at(request->params, k), method, false, keys))
            return false;
    for (int k = 0; k < list_n(request->including); k++)
        if (!add_key(d, relation, list_at(request->including, k), method, true, keys))
            return false;
    return true;
}

bool make_index(struct ddl *d, uint32_t relation_oid, const struct index_request *request,
                uint32_t *index_oid)
{
    const struct relation *relation = rel(d, relation_oid);
    const char *method = request->method ? request->method : "btree", *where = NULL;
    struct keys keys = {0};
    *index_oid = 0;
    if (!request->new_table && !check_relation_kind(d, relation))
        return false;
    if (list_n(request->params) + list_n(request->including) > 32)
        return err_set(d->err, ERR_TOO_MANY_COLUMNS, "cannot use more than 32 columns in an index");
    if (!check_method(d, request, method) || !all_keys(d, relation, request, method, &keys))
        return false;
    if (request->where && !(where = predicate(d, relation, request->where, &keys.depends)))
        return false;
    if (request->name && relation_name_taken(d->fork, relation->namespace_oid, request->name)) {
        const char *message =
            arena_printf(d->arena, "relation \"%s\" already exists", request->name);
        if (!request->if_not_exists)
            return err_set(d->err, ERR_DUPLICATE_TABLE, "%s", message);
        notice_full(d, "NOTICE", ERR_DUPLICATE_TABLE,
                    arena_printf(d->arena, "%s, skipping", message), NULL, NULL);
        return true;
    }
    struct object *object = object_new(OBJ_INDEX, catalog_new_oid(d->fork));
    struct index *index = object_index(object);
    fill_index(d, object, relation, request, method, where, &keys);
    if (d->err->sqlstate[0]) {
        arena_free(object_arena(object));
        return false;
    }
    const char *name = request->name ? clip_name(d, request->name)
                                     : choose_index_name(d, relation, request, index);
    index->name = arena_strdup(object_arena(object), name);
    decide_index_storage(d, relation, index);
    if (index->unique && !request->new_table && !check_unique(d, relation, index)) {
        arena_free(object_arena(object));
        return false;
    }
    *index_oid = object_index(object)->oid;
    catalog_add(d->fork, object);
    if (request->comment)
        catalog_set_comment(d->fork, CLASS_RELATION, *index_oid, 0, request->comment);
    return build_storage(d, *index_oid, request->new_table);
}

bool rebuild_index_storage(struct ddl *d, uint32_t index_oid, bool check_rows)
{
    struct index *index = catalog_edit_index(d->fork, index_oid);
    decide_index_storage(d, rel(d, index->relation_oid), index);
    index->stored_next = NULL;
    if (check_rows && index->unique && !check_unique(d, rel(d, index->relation_oid), index))
        return false;
    return build_storage(d, index_oid, false);
}

bool create_index(struct ddl *d, const IndexStmt *stmt)
{
    uint32_t index_oid;
    if (stmt->concurrent && !prevent_in_block(d, "CREATE INDEX CONCURRENTLY"))
        return false;
    const struct relation *relation = find_relation(d, stmt->relation, false, NULL);
    if (!relation || !lock_relation(d, relation->oid, LOCK_SHARE))
        return false;
    struct index_request request = {
        .name = stmt->idxname,
        .method = stmt->accessMethod,
        .params = stmt->indexParams,
        .including = stmt->indexIncludingParams,
        .where = stmt->whereClause,
        .options = stmt->options,
        .unique = stmt->unique,
        .nulls_not_distinct = stmt->nulls_not_distinct,
        .if_not_exists = stmt->if_not_exists,
        .comment = stmt->idxcomment,
    };
    return make_index(d, relation->oid, &request, &index_oid);
}
