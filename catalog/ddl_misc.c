/* ddl_misc.c - CREATE SCHEMA, COMMENT ON, TRUNCATE, CREATE EXTENSION. */
#include <string.h>

#include "catalog/cluster.h"
#include "catalog/ddl_int.h"
#include "sql/format_type.h"

/* ---- CREATE SCHEMA ---- */

static bool schema_owner(struct ddl *d, const CreateSchemaStmt *stmt, uint32_t *owner)
{
    *owner = d->c->user_oid;
    if (!stmt->authrole)
        return true;
    if (!find_role(d, stmt->authrole, owner))
        return false;
    if (role_is_superuser(d->fork, d->c->user_oid) ||
        role_is_member(d->fork, d->c->user_oid, *owner, false))
        return true;
    return err_set(d->err, ERR_INSUFFICIENT_PRIVILEGE, "must be member of role \"%s\"",
                   catalog_role(d->fork, *owner)->name);
}

static bool may_create_schema(struct ddl *d)
{
    const struct cluster_database *database = cluster_database_of(d, catalog_database_oid(d->fork));
    if (!database || acl_held(d->fork, database->acl, ACL_DATABASE, database->owner_oid,
                              d->c->user_oid, PRIV_CREATE, false))
        return true;
    return err_set(d->err, ERR_INSUFFICIENT_PRIVILEGE, "permission denied for database %s",
                   database->name);
}

/* Statements inside CREATE SCHEMA: unqualified names are the new schema's. */
static bool run_elements(struct ddl *d, const List *elements, uint32_t namespace_oid)
{
    struct search_path outer = d->c->path;
    uint32_t *namespaces = ARENA_ARRAY(d->arena, uint32_t, outer.n + 1u);
    bool ok = true, handled;
    namespaces[0] = namespace_oid;
    if (outer.n)
        memcpy(namespaces + 1, outer.namespaces, outer.n * sizeof(uint32_t));
    d->c->path = (struct search_path){namespaces, (uint16_t)(outer.n + 1), outer.temp_namespace};
    for (int k = 0; ok && k < list_n(elements); k++) {
        ok = ddl_dispatch(d, list_at(elements, k), &handled);
        if (!handled)
            ok = unsupported(d, "this element of CREATE SCHEMA");
    }
    d->c->path = outer;
    return ok;
}

bool create_schema(struct ddl *d, const CreateSchemaStmt *stmt)
{
    uint32_t owner;
    if (!schema_owner(d, stmt, &owner) || !may_create_schema(d))
        return false;
    const struct role *role = catalog_role(d->fork, owner);
    const char *name = clip_name(d, stmt->schemaname ? stmt->schemaname : role ? role->name : "");
    if (strncmp(name, "pg_", 3) == 0) {
        err_set(d->err, ERR_RESERVED_NAME, "unacceptable schema name \"%s\"", name);
        return err_detail(d->err, "The prefix \"pg_\" is reserved for system schemas.");
    }
    if (catalog_namespace_by_name(d->fork, name)) {
        if (!stmt->if_not_exists)
            return err_set(d->err, ERR_DUPLICATE_SCHEMA, "schema \"%s\" already exists", name);
        notice_full(d, "NOTICE", ERR_DUPLICATE_SCHEMA,
                    arena_printf(d->arena, "schema \"%s\" already exists, skipping", name), NULL,
                    NULL);
        return true;
    }
    struct object *object = object_new(OBJ_NAMESPACE, catalog_new_oid(d->fork));
    struct namespace *namespace = object_namespace(object);
    namespace->name = arena_strdup(object_arena(object), name);
    namespace->owner_oid = owner;
    uint32_t oid = namespace->oid;
    catalog_add(d->fork, object);
    return run_elements(d, stmt->schemaElts, oid);
}

/* ---- COMMENT ON ---- */

static bool comment_relation(struct ddl *d, const CommentStmt *stmt, int kinds,
                             const char *article_word)
{
    RangeVar *name = range_var_of(d, (const List *)stmt->object);
    if (!name)
        return false;
    const struct index *index =
        catalog_index_by_name(d->fork, &d->c->path, name->schemaname, name->relname);
    if (index) {
        if (!(kinds & KIND_INDEX))
            return err_set(d->err, ERR_WRONG_OBJECT_TYPE, "\"%s\" is not %s", index->name,
                           article_word);
        if (!must_be_owner(d, rel(d, index->relation_oid)->owner_oid, "index", index->name))
            return false;
        catalog_set_comment(d->fork, CLASS_RELATION, index->oid, 0, stmt->comment);
        return true;
    }
    const struct relation *relation = find_relation(d, name, false, NULL);
    if (!relation)
        return false;
    if (!(kind_mask(relation->kind) & kinds))
        return err_set(d->err, ERR_WRONG_OBJECT_TYPE, "\"%s\" is not %s", relation->name,
                       article_word);
    if (!must_own_relation(d, relation))
        return false;
    catalog_set_comment(d->fork, CLASS_RELATION, relation->oid, 0, stmt->comment);
    return true;
}

/* The relation named by all but the last of the names. */
static const struct relation *owner_of_part(struct ddl *d, const List *names)
{
    List *place = arena_memdup(d->arena, names, sizeof(List));
    place->length--;
    RangeVar *name = range_var_of(d, place);
    return name ? find_relation(d, name, false, NULL) : NULL;
}

static bool comment_column(struct ddl *d, const List *names, const char *text)
{
    const char *column_name = list_str(names, list_n(names) - 1);
    if (list_n(names) < 2)
        return err_set(d->err, ERR_SYNTAX_ERROR, "column name must be qualified");
    const struct relation *relation = owner_of_part(d, names);
    if (!relation || !must_own_relation(d, relation))
        return false;
    const struct column *column = relation_column(relation, column_name);
    if (!column)
        return err_set(d->err, ERR_UNDEFINED_COLUMN,
                       "column \"%s\" of relation \"%s\" does not exist", column_name,
                       relation->name);
    if (relation->kind == 'S') {
        err_set(d->err, ERR_WRONG_OBJECT_TYPE, "cannot set comment on relation \"%s\"",
                relation->name);
        return err_detail(d->err, "This operation is not supported for sequences.");
    }
    catalog_set_comment(d->fork, CLASS_RELATION, relation->oid, column->attnum, text);
    return true;
}

static bool comment_constraint(struct ddl *d, const List *names, const char *text)
{
    const char *name = list_str(names, list_n(names) - 1);
    const struct relation *relation = owner_of_part(d, names);
    if (!relation || !must_own_relation(d, relation))
        return false;
    const struct constraint *constraint = constraint_named(relation, name);
    if (!constraint)
        return err_set(d->err, ERR_UNDEFINED_OBJECT,
                       "constraint \"%s\" for table \"%s\" does not exist", name, relation->name);
    catalog_set_comment(d->fork, CLASS_CONSTRAINT, constraint->oid, 0, text);
    return true;
}

/* Triggers, rules and policies: of these there are only the rules that views are made of. */
static bool comment_on_part(struct ddl *d, const CommentStmt *stmt)
{
    const List *names = (const List *)stmt->object;
    const char *name = list_str(names, list_n(names) - 1);
    const struct relation *relation = owner_of_part(d, names);
    if (!relation)
        return false;
    bool rule = stmt->objtype == OBJECT_RULE;
    if (rule && (relation->kind == 'v' || relation->kind == 'm') && strcmp(name, "_RETURN") == 0)
        return unsupported(d, "COMMENT ON RULE");
    return err_set(d->err, ERR_UNDEFINED_OBJECT, "%s \"%s\" for %s \"%s\" does not exist",
                   rule                              ? "rule"
                   : stmt->objtype == OBJECT_TRIGGER ? "trigger"
                                                     : "policy",
                   name, rule ? "relation" : "table", relation->name);
}

static bool comment_type(struct ddl *d, const TypeName *name, const char *text, bool domain)
{
    const struct type *type = find_ddl_type(d, name->names, false);
    if (!type || !must_be_owner(d, type->owner_oid, "type", type->name))
        return false;
    if (domain && type->kind != 'd')
        return err_set(d->err, ERR_WRONG_OBJECT_TYPE, "\"%s\" is not a domain", type->name);
    catalog_set_comment(d->fork, CLASS_TYPE, type->oid, 0, text);
    return true;
}

static bool comment_domain_constraint(struct ddl *d, const List *parts, const char *text)
{
    const TypeName *name = list_at(parts, 0);
    const char *constraint = STR_OF(list_at(parts, 1));
    const struct type *type = find_ddl_type(d, name->names, false);
    if (!type)
        return false;
    const struct domain_info *domain = type->domain;
    for (uint16_t k = 0; domain && k < domain->n_checks; k++)
        if (strcmp(domain->checks[k].name, constraint) == 0) {
            catalog_set_comment(d->fork, CLASS_CONSTRAINT, domain->checks[k].oid, 0, text);
            return true;
        }
    return err_set(d->err, ERR_UNDEFINED_OBJECT, "constraint \"%s\" for domain %s does not exist",
                   constraint, type->name);
}

static bool comment_database(struct ddl *d, const char *name, const char *text)
{
    const struct cluster_database *database = catalog_cluster_database(d->fork, name);
    if (!database) {
        notice_full(d, "WARNING", ERR_UNDEFINED_DATABASE,
                    arena_printf(d->arena, "database \"%s\" does not exist", name), NULL, NULL);
        return true;
    }
    if (!must_be_owner(d, database->owner_oid, "database", name))
        return false;
    if (database->no_files)
        return true;
    struct cluster_database *edited = catalog_edit_database(d->fork, database->oid);
    edited->comment = text ? arena_strdup(catalog_shared_arena(d->fork, edited->oid), text) : NULL;
    return true;
}

static bool comment_role(struct ddl *d, const char *name, const char *text)
{
    const struct role *role = catalog_role_by_name(d->fork, name);
    if (!role)
        return err_set(d->err, ERR_UNDEFINED_OBJECT, "role \"%s\" does not exist", name);
    struct role *edited = catalog_edit_role(d->fork, role->oid);
    edited->comment = text ? arena_strdup(catalog_shared_arena(d->fork, edited->oid), text) : NULL;
    return true;
}

static bool comment_extension(struct ddl *d, const char *name, const char *text)
{
    const struct extension *extension = catalog_extension_by_name(d->fork, name);
    if (!extension && strcmp(name, "plpgsql") != 0)
        return err_set(d->err, ERR_UNDEFINED_OBJECT, "extension \"%s\" does not exist", name);
    if (extension)
        catalog_set_comment(d->fork, CLASS_EXTENSION, extension->oid, 0, text);
    return true;
}

bool comment_on(struct ddl *d, const CommentStmt *stmt)
{
    const struct namespace *namespace;
    const struct proc *proc;
    switch ((int)stmt->objtype) {
    case OBJECT_TABLE:
        return comment_relation(d, stmt, KIND_TABLE, "a table");
    case OBJECT_VIEW:
        return comment_relation(d, stmt, KIND_VIEW, "a view");
    case OBJECT_MATVIEW:
        return comment_relation(d, stmt, KIND_MATVIEW, "a materialized view");
    case OBJECT_SEQUENCE:
        return comment_relation(d, stmt, KIND_SEQUENCE, "a sequence");
    case OBJECT_INDEX:
        return comment_relation(d, stmt, KIND_INDEX, "an index");
    case OBJECT_COLUMN:
        return comment_column(d, (const List *)stmt->object, stmt->comment);
    case OBJECT_TABCONSTRAINT:
        return comment_constraint(d, (const List *)stmt->object, stmt->comment);
    case OBJECT_DOMCONSTRAINT:
        return comment_domain_constraint(d, (const List *)stmt->object, stmt->comment);
    case OBJECT_TYPE:
    case OBJECT_DOMAIN:
        return comment_type(d, (const TypeName *)stmt->object, stmt->comment,
                            stmt->objtype == OBJECT_DOMAIN);
    case OBJECT_SCHEMA:
        namespace
        = find_namespace(d, STR_OF(stmt->object), false);
        if (!namespace || !must_be_owner(d, namespace->owner_oid, "schema", namespace->name))
            return false;
        catalog_set_comment(d->fork, CLASS_NAMESPACE, namespace->oid, 0, stmt->comment);
        return true;
    case OBJECT_FUNCTION:
    case OBJECT_PROCEDURE:
    case OBJECT_ROUTINE:
    case OBJECT_AGGREGATE:
        proc = find_function(d, (const ObjectWithArgs *)stmt->object, stmt->objtype, false);
        if (!proc || !must_be_owner(d, proc->owner_oid, "function", proc->name))
            return false;
        catalog_set_comment(d->fork, CLASS_PROC, proc->oid, 0, stmt->comment);
        return true;
    case OBJECT_DATABASE:
        return comment_database(d, STR_OF(stmt->object), stmt->comment);
    case OBJECT_ROLE:
        return comment_role(d, STR_OF(stmt->object), stmt->comment);
    case OBJECT_EXTENSION:
        return comment_extension(d, STR_OF(stmt->object), stmt->comment);
    case OBJECT_LANGUAGE:
        return true;
    case OBJECT_TRIGGER:
    case OBJECT_RULE:
    case OBJECT_POLICY:
        return comment_on_part(d, stmt);
    default:
        return unsupported(d, "COMMENT on this kind of object");
    }
}

/* ---- TRUNCATE ---- */

struct truncated {
    uint32_t *items;
    size_t n, cap;
};

static bool listed(const struct truncated *list, uint32_t oid)
{
    for (size_t k = 0; k < list->n; k++)
        if (list->items[k] == oid)
            return true;
    return false;
}

static bool add_table(struct ddl *d, const struct relation *relation, struct truncated *list)
{
    if (relation->kind != 'r')
        return err_set(d->err, ERR_WRONG_OBJECT_TYPE, "\"%s\" is not a table", relation->name);
    if (relation->oid < FIRST_USER_OID)
        return err_set(d->err, ERR_INSUFFICIENT_PRIVILEGE,
                       "permission denied: \"%s\" is a system catalog", relation->name);
    if (!acl_held(d->fork, relation->acl, ACL_RELATION, relation->owner_oid, d->c->user_oid,
                  PRIV_TRUNCATE, false))
        return err_set(d->err, ERR_INSUFFICIENT_PRIVILEGE, "permission denied for table %s",
                       relation->name);
    VEC_PUSH(d->arena, list, relation->oid);
    return true;
}

/* Tables that refer to a listed one must be listed as well; CASCADE lists them. */
static bool add_referencing(struct ddl *d, bool cascade, struct truncated *list)
{
    for (size_t k = 0; k < list->n; k++) {
        const struct relation *relation = rel(d, list->items[k]);
        for (uint16_t r = 0; r < relation->n_referenced_by; r++) {
            const struct relation *other = rel(d, relation->referenced_by[r]->relation_oid);
            if (listed(list, other->oid))
                continue;
            if (cascade) {
                notice(d, "truncate cascades to table \"%s\"", other->name);
                if (!add_table(d, other, list))
                    return false;
                continue;
            }
            err_set(d->err, ERR_FEATURE_NOT_SUPPORTED,
                    "cannot truncate a table referenced in a foreign key constraint");
            err_detail(d->err, "Table \"%s\" references \"%s\".", other->name, relation->name);
            return err_hint(d->err,
                            "Truncate table \"%s\" at the same time, or use TRUNCATE ... CASCADE.",
                            other->name);
        }
    }
    return true;
}

static bool restart_sequences(struct ddl *d, uint32_t relation_oid)
{
    const struct relation *sequence;
    for (size_t at = builtin_n_relations; (sequence = catalog_next_relation(d->fork, &at));)
        if (sequence->sequence && sequence->sequence->owned_by_relation == relation_oid &&
            !sequence_set(d->c->txn, sequence, sequence->sequence->start, false, d->err))
            return false;
    return true;
}

bool truncate_statement(struct ddl *d, const TruncateStmt *stmt)
{
    struct truncated list = {0};
    for (int k = 0; k < list_n(stmt->relations); k++) {
        const struct relation *relation =
            find_relation(d, list_at(stmt->relations, k), false, NULL);
        if (!relation || (!listed(&list, relation->oid) && !add_table(d, relation, &list)))
            return false;
    }
    if (!add_referencing(d, stmt->behavior == DROP_CASCADE, &list))
        return false;
    for (size_t k = 0; k < list.n; k++)
        if (!lock_relation(d, list.items[k], LOCK_ACCESS_EXCLUSIVE))
            return false;
    for (size_t k = 0; k < list.n; k++)
        if (!txn_truncate(d->c->txn, rel(d, list.items[k]), d->err) ||
            (stmt->restart_seqs && !restart_sequences(d, list.items[k])))
            return false;
    return true;
}
