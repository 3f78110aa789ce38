/* ddl_rename.c - RENAME, SET SCHEMA and OWNER TO for all kinds of object. */
#include <string.h>

#include "catalog/cluster.h"
#include "catalog/ddl_int.h"
#include "catalog/restamp.h"
#include "sql/format_type.h"

/* ---- relations ---- */

static bool type_gives_way(struct ddl *d, uint32_t namespace_oid, const char *name)
{
    if (!type_name_taken(d->fork, namespace_oid, name))
        return true;
    return err_set(d->err, ERR_DUPLICATE_OBJECT, "type \"%s\" already exists", name);
}

static bool rename_relation(struct ddl *d, const struct relation *relation, const char *name)
{
    uint32_t oid = relation->oid;
    struct object_address self = {CLASS_RELATION, oid, 0};
    if (relation_name_taken(d->fork, relation->namespace_oid, name))
        return err_set(d->err, ERR_DUPLICATE_TABLE, "relation \"%s\" already exists", name);
    if (relation->rowtype_oid && !type_gives_way(d, relation->namespace_oid, name))
        return false;
    struct restamp *restamp = restamp_collect(d, &self);
    if (!restamp)
        return false;
    catalog_edit_relation(d->fork, oid)->name = edit_text(d, oid, name);
    catalog_renamed(d->fork, oid);
    return restamp_apply(d, restamp) && storage_rename(d, oid);
}

static bool rename_index(struct ddl *d, const struct index *index, const char *name)
{
    uint32_t oid = index->oid, constraint_oid = index->constraint_oid;
    if (relation_name_taken(d->fork, index->namespace_oid, name))
        return err_set(d->err, ERR_DUPLICATE_TABLE, "relation \"%s\" already exists", name);
    catalog_edit_index(d->fork, oid)->name = edit_text(d, oid, name);
    catalog_renamed(d->fork, oid);
    if (constraint_oid)
        catalog_edit_constraint(d->fork, constraint_oid)->name = edit_text(d, constraint_oid, name);
    return storage_rename_index(d, oid);
}

static int kinds_of(ObjectType type)
{
    switch ((int)type) {
    case OBJECT_VIEW:
        return KIND_VIEW;
    case OBJECT_MATVIEW:
        return KIND_MATVIEW;
    case OBJECT_SEQUENCE:
        return KIND_SEQUENCE;
    default: /* ALTER INDEX renames tables too */
        return KIND_ANY & ~KIND_COMPOSITE;
    }
}

static bool wrong_kind(struct ddl *d, const char *name, ObjectType type)
{
    const char *word = type == OBJECT_VIEW       ? "a view"
                       : type == OBJECT_MATVIEW  ? "a materialized view"
                       : type == OBJECT_SEQUENCE ? "a sequence"
                                                 : "a table";
    return err_set(d->err, ERR_WRONG_OBJECT_TYPE, "\"%s\" is not %s", name, word);
}

/* The relation or index that a statement names; both NULL without error when it is missing and may be. */
static bool named_relation(struct ddl *d, const RangeVar *name, ObjectType type, bool missing_ok,
                           const struct relation **relation, const struct index **index)
{
    bool missing;
    *relation = NULL;
    *index = catalog_index_by_name(d->fork, &d->c->path, name->schemaname, name->relname);
    if (*index)
        return must_be_owner(d, rel(d, (*index)->relation_oid)->owner_oid, "index",
                             (*index)->name) &&
               lock_relation(d, (*index)->relation_oid, LOCK_ACCESS_EXCLUSIVE);
    *relation = find_relation(d, name, missing_ok, &missing);
    if (!*relation) {
        if (missing)
            notice(d, "relation \"%s\" does not exist, skipping", name->relname);
        return missing;
    }
    if (!(kind_mask((*relation)->kind) & kinds_of(type))) {
        if ((*relation)->kind == 'c') {
            err_set(d->err, ERR_WRONG_OBJECT_TYPE, "\"%s\" is a composite type", (*relation)->name);
            return err_hint(d->err, "Use ALTER TYPE instead.");
        }
        return wrong_kind(d, (*relation)->name, type);
    }
    return must_own_relation(d, *relation) &&
           lock_relation(d, (*relation)->oid, LOCK_ACCESS_EXCLUSIVE);
}

static bool rename_any_relation(struct ddl *d, const RenameStmt *stmt)
{
    const struct relation *relation;
    const struct index *index;
    const char *name = clip_name(d, stmt->newname);
    if (!named_relation(d, stmt->relation, stmt->renameType, stmt->missing_ok, &relation, &index))
        return false;
    if (index)
        return rename_index(d, index, name);
    return !relation || rename_relation(d, relation, name);
}

/* ---- columns ---- */

bool rename_column(struct ddl *d, uint32_t relation_oid, const char *before, const char *after)
{
    const struct relation *relation = rel(d, relation_oid);
    const struct column *column = relation_column(relation, before);
    struct object_address self = {CLASS_RELATION, relation_oid, 0};
    if (!column && is_system_column(before))
        return err_set(d->err, ERR_FEATURE_NOT_SUPPORTED, "cannot rename system column \"%s\"",
                       before);
    if (!column)
        return err_set(d->err, ERR_UNDEFINED_COLUMN, "column \"%s\" does not exist", before);
    if (is_system_column(after))
        return err_set(d->err, ERR_DUPLICATE_COLUMN,
                       "column name \"%s\" conflicts with a system column name", after);
    if (relation_column(relation, after))
        return err_set(d->err, ERR_DUPLICATE_COLUMN,
                       "column \"%s\" of relation \"%s\" already exists", after, relation->name);
    int16_t attnum = column->attnum;
    struct restamp *restamp = restamp_collect(d, &self);
    if (!restamp)
        return false;
    struct query *own = relation->view_sql ? restamp_query(restamp, relation_oid) : NULL;
    int16_t at = 0;
    for (size_t k = 0; own && k < own->targets.n; k++)
        if (!own->targets.items[k].junk && ++at == attnum)
            own->targets.items[k].name = arena_strdup(d->arena, after);
    struct relation *edited = catalog_edit_relation(d->fork, relation_oid);
    columns_of(edited)[attnum - 1].name = edit_text(d, relation_oid, after);
    catalog_changed(d->fork, relation_oid);
    return restamp_apply(d, restamp) && storage_rename_column(d, relation_oid, attnum);
}

static bool rename_column_statement(struct ddl *d, const RenameStmt *stmt, bool attribute)
{
    bool missing;
    const struct relation *relation = find_relation(d, stmt->relation, stmt->missing_ok, &missing);
    if (!relation) {
        if (missing)
            notice(d, "relation \"%s\" does not exist, skipping", stmt->relation->relname);
        return missing;
    }
    if (attribute && relation->kind != 'c')
        return err_set(d->err, ERR_WRONG_OBJECT_TYPE, "\"%s\" is not a composite type",
                       relation->name);
    if (relation->kind == 'S') {
        err_set(d->err, ERR_WRONG_OBJECT_TYPE, "cannot rename columns of relation \"%s\"",
                relation->name);
        return err_detail(d->err, "This operation is not supported for sequences.");
    }
    if (!must_own_relation(d, relation) || !lock_relation(d, relation->oid, LOCK_ACCESS_EXCLUSIVE))
        return false;
    return rename_column(d, relation->oid, stmt->subname, clip_name(d, stmt->newname));
}

/* ---- constraints ---- */

static bool rename_table_constraint(struct ddl *d, const RenameStmt *stmt)
{
    bool missing;
    const struct relation *relation = find_relation(d, stmt->relation, stmt->missing_ok, &missing);
    if (!relation) {
        if (missing)
            notice(d, "relation \"%s\" does not exist, skipping", stmt->relation->relname);
        return missing;
    }
    if (!must_own_relation(d, relation) || !lock_relation(d, relation->oid, LOCK_ACCESS_EXCLUSIVE))
        return false;
    const struct constraint *constraint = constraint_named(relation, stmt->subname);
    if (!constraint)
        return err_set(d->err, ERR_UNDEFINED_OBJECT,
                       "constraint \"%s\" for table \"%s\" does not exist", stmt->subname,
                       relation->name);
    const char *name = clip_name(d, stmt->newname);
    if ((constraint->kind == 'p' || constraint->kind == 'u') &&
        catalog_index(d->fork, constraint->index_oid))
        return rename_index(d, catalog_index(d->fork, constraint->index_oid), name);
    if (constraint_named(relation, name))
        return err_set(d->err, ERR_DUPLICATE_OBJECT,
                       "constraint \"%s\" for relation \"%s\" already exists", name,
                       relation->name);
    catalog_edit_constraint(d->fork, constraint->oid)->name = edit_text(d, constraint->oid, name);
    return true;
}

static bool rename_domain_constraint(struct ddl *d, const RenameStmt *stmt)
{
    const struct type *type = find_ddl_type(d, (const List *)stmt->object, false);
    if (!type)
        return false;
    struct domain_info *domain =
        type->kind == 'd' ? catalog_edit_type(d->fork, type->oid)->domain : NULL;
    for (uint16_t k = 0; domain && k < domain->n_checks; k++)
        if (strcmp(domain->checks[k].name, stmt->subname) == 0) {
            ((struct domain_check *)domain->checks)[k].name =
                edit_text(d, type->oid, stmt->newname);
            return true;
        }
    return err_set(d->err, ERR_UNDEFINED_OBJECT, "constraint \"%s\" for domain %s does not exist",
                   stmt->subname, type->name);
}

/* ---- types, functions, schemas ---- */

static bool rename_type(struct ddl *d, const RenameStmt *stmt)
{
    const struct type *type = find_ddl_type(d, (const List *)stmt->object, false);
    if (!type || !must_be_owner(d, type->owner_oid, "type", type->name))
        return false;
    if (stmt->renameType == OBJECT_DOMAIN && type->kind != 'd')
        return err_set(d->err, ERR_WRONG_OBJECT_TYPE, "%s is not a domain",
                       format_type_name(d->arena, d->fork, &d->c->path, type));
    const struct relation *relation = type->rel_oid ? rel(d, type->rel_oid) : NULL;
    if (relation && relation->kind != 'c') {
        err_set(d->err, ERR_WRONG_OBJECT_TYPE, "%s is a table's row type",
                format_type_name(d->arena, d->fork, &d->c->path, type));
        return err_hint(d->err, "Use ALTER TABLE instead.");
    }
    if (type->elem_oid) {
        err_set(d->err, ERR_WRONG_OBJECT_TYPE, "cannot alter array type %s",
                format_type_name(d->arena, d->fork, &d->c->path, type));
        return err_hint(d->err, "You can alter type %s, which will alter the array type as well.",
                        format_type_name(d->arena, d->fork, &d->c->path, type->elem));
    }
    const char *name = clip_name(d, stmt->newname);
    if (!type_gives_way(d, type->namespace_oid, name))
        return false;
    struct restamp *restamp = restamp_collect(d, NULL);
    if (!restamp)
        return false;
    uint32_t oid = relation ? relation->oid : type->oid;
    if (relation)
        catalog_edit_relation(d->fork, oid)->name = edit_text(d, oid, name);
    else
        catalog_edit_type(d->fork, oid)->name = edit_text(d, oid, name);
    catalog_renamed(d->fork, oid);
    return restamp_apply(d, restamp);
}

static const struct proc *same_in(struct ddl *d, const struct proc *proc, const char *schema,
                                  const char *name)
{
    size_t n;
    const struct proc *const *list =
        catalog_procs_by_name(d->fork, d->arena, NULL, schema, name, &n);
    for (size_t k = 0; k < n; k++)
        if (list[k]->n_args == proc->n_args &&
            (!proc->n_args ||
             memcmp(list[k]->arg_types, proc->arg_types, proc->n_args * sizeof(uint32_t)) == 0))
            return list[k];
    return NULL;
}

static bool function_taken(struct ddl *d, const struct proc *proc, const char *schema,
                           const char *name)
{
    if (!same_in(d, proc, schema, name))
        return false;
    const char *signature = function_signature(d, proc);
    const char *args = strchr(signature, '(');
    err_set(d->err, ERR_DUPLICATE_FUNCTION, "function %s%s already exists in schema \"%s\"", name,
            args ? args : "()", schema);
    return true;
}

static bool rename_function(struct ddl *d, const RenameStmt *stmt)
{
    const struct proc *proc =
        find_function(d, (const ObjectWithArgs *)stmt->object, stmt->renameType, false);
    if (!proc || !must_be_owner(d, proc->owner_oid, "function", proc->name))
        return false;
    const char *name = clip_name(d, stmt->newname);
    if (function_taken(d, proc, namespace_name(d->fork, proc->namespace_oid), name))
        return false;
    struct object_address self = {CLASS_PROC, proc->oid, 0};
    struct restamp *restamp = restamp_collect(d, &self);
    if (!restamp)
        return false;
    uint32_t oid = proc->oid;
    const char *old_name = arena_strdup(d->arena, proc->name);
    struct proc *edited = catalog_edit_proc(d->fork, oid);
    edited->name = edit_text(d, oid, name);
    catalog_renamed(d->fork, oid);
    catalog_function_renamed(d->fork, old_name);
    return restamp_apply(d, restamp);
}

static bool check_schema_name(struct ddl *d, const char *name)
{
    if (strncmp(name, "pg_", 3) != 0)
        return true;
    err_set(d->err, ERR_RESERVED_NAME, "unacceptable schema name \"%s\"", name);
    return err_detail(d->err, "The prefix \"pg_\" is reserved for system schemas.");
}

static bool rename_schema(struct ddl *d, const RenameStmt *stmt)
{
    const struct namespace *namespace = find_namespace(d, stmt->subname, false);
    const struct relation *relation;
    const struct index *index;
    if (!namespace || !must_be_owner(d, namespace->owner_oid, "schema", namespace->name))
        return false;
    if (namespace->oid < FIRST_USER_OID && namespace->oid != NAMESPACE_PUBLIC)
        return err_set(d->err, ERR_INSUFFICIENT_PRIVILEGE, "permission denied for schema %s",
                       namespace->name);
    const char *name = clip_name(d, stmt->newname);
    if (catalog_namespace_by_name(d->fork, name))
        return err_set(d->err, ERR_DUPLICATE_SCHEMA, "schema \"%s\" already exists", name);
    if (!check_schema_name(d, name))
        return false;
    struct restamp *restamp = restamp_collect(d, NULL);
    if (!restamp)
        return false;
    uint32_t oid = namespace->oid;
    catalog_edit_namespace(d->fork, oid)->name = edit_text(d, oid, name);
    catalog_renamed(d->fork, oid);
    for (size_t at = builtin_n_relations; (relation = catalog_next_relation(d->fork, &at));) {
        if (relation->namespace_oid != oid)
            continue;
        uint32_t relation_oid = relation->oid;
        catalog_edit_relation(d->fork, relation_oid)->namespace_name =
            edit_text(d, relation_oid, name);
        if (!storage_rename(d, relation_oid))
            return false;
    }
    for (size_t at = 0; (index = catalog_next_index(d->fork, &at));)
        if (index->namespace_oid == oid && !storage_rename_index(d, index->oid))
            return false;
    return restamp_apply(d, restamp);
}

/* ---- roles and databases ---- */

static bool rename_role(struct ddl *d, const RenameStmt *stmt)
{
    const struct role *role = catalog_role_by_name(d->fork, stmt->subname);
    if (!role)
        return err_set(d->err, ERR_UNDEFINED_OBJECT, "role \"%s\" does not exist", stmt->subname);
    if (role->predefined || strncmp(stmt->newname, "pg_", 3) == 0)
        return err_set(d->err, ERR_RESERVED_NAME, "role name \"%s\" is reserved",
                       role->predefined ? stmt->subname : stmt->newname);
    if (catalog_role_by_name(d->fork, stmt->newname))
        return err_set(d->err, ERR_DUPLICATE_OBJECT, "role \"%s\" already exists", stmt->newname);
    if (strcmp(d->env.session_user, stmt->subname) == 0)
        return err_set(d->err, ERR_FEATURE_NOT_SUPPORTED, "session user cannot be renamed");
    if (!role_is_superuser(d->fork, d->c->user_oid)) {
        const struct role *self = catalog_role(d->fork, d->c->user_oid);
        if (role->super || !self || !self->create_role)
            return err_set(d->err, ERR_INSUFFICIENT_PRIVILEGE,
                           role->super ? "must be superuser to rename superusers"
                                       : "permission denied to rename role");
    }
    struct role *edited = catalog_edit_role(d->fork, role->oid);
    edited->name = arena_strdup(catalog_shared_arena(d->fork, edited->oid), stmt->newname);
    return true;
}

static bool rename_database(struct ddl *d, const RenameStmt *stmt)
{
    const struct cluster_database *database = catalog_cluster_database(d->fork, stmt->subname);
    if (!database)
        return err_set(d->err, ERR_UNDEFINED_DATABASE, "database \"%s\" does not exist",
                       stmt->subname);
    if (!must_be_owner(d, database->owner_oid, "database", database->name))
        return false;
    if (catalog_cluster_database(d->fork, stmt->newname))
        return err_set(d->err, ERR_DUPLICATE_DATABASE, "database \"%s\" already exists",
                       stmt->newname);
    if (database->oid == catalog_database_oid(d->fork))
        return err_set(d->err, ERR_FEATURE_NOT_SUPPORTED, "current database cannot be renamed");
    struct cluster_database *edited = catalog_edit_database(d->fork, database->oid);
    edited->name = arena_strdup(catalog_shared_arena(d->fork, edited->oid), stmt->newname);
    return true;
}

bool rename_statement(struct ddl *d, const RenameStmt *stmt)
{
    switch ((int)stmt->renameType) {
    case OBJECT_TABLE:
    case OBJECT_VIEW:
    case OBJECT_MATVIEW:
    case OBJECT_SEQUENCE:
    case OBJECT_INDEX:
    case OBJECT_FOREIGN_TABLE:
        return rename_any_relation(d, stmt);
    case OBJECT_COLUMN:
    case OBJECT_ATTRIBUTE:
        return rename_column_statement(d, stmt, stmt->renameType == OBJECT_ATTRIBUTE);
    case OBJECT_TABCONSTRAINT:
        return rename_table_constraint(d, stmt);
    case OBJECT_DOMCONSTRAINT:
        return rename_domain_constraint(d, stmt);
    case OBJECT_TYPE:
    case OBJECT_DOMAIN:
        return rename_type(d, stmt);
    case OBJECT_FUNCTION:
    case OBJECT_PROCEDURE:
    case OBJECT_ROUTINE:
    case OBJECT_AGGREGATE:
        return rename_function(d, stmt);
    case OBJECT_SCHEMA:
        return rename_schema(d, stmt);
    case OBJECT_ROLE:
        return rename_role(d, stmt);
    case OBJECT_DATABASE:
        return rename_database(d, stmt);
    default:
        return unsupported(d, "renaming this kind of object");
    }
}

/* ---- SET SCHEMA ---- */

static bool target_schema(struct ddl *d, const char *name, const struct namespace *from,
                          const struct namespace **to)
{
    *to = find_namespace(d, name, false);
    if (!*to || !must_create_in(d, *to))
        return false;
    if ((*to)->temp || from->temp)
        return *to == from || err_set(d->err, ERR_FEATURE_NOT_SUPPORTED,
                                      "cannot move objects into or out of temporary schemas");
    return true;
}

static bool move_relation(struct ddl *d, uint32_t oid, const struct namespace *to);

/* What goes where its table goes: indexes, constraints, owned sequences. */
static bool move_parts(struct ddl *d, uint32_t oid, const struct namespace *to)
{
    const struct relation *other;
    for (uint16_t k = 0; k < rel(d, oid)->n_indexes; k++) {
        uint32_t index_oid = rel(d, oid)->indexes[k]->oid;
        catalog_edit_index(d->fork, index_oid)->namespace_oid = to->oid;
        catalog_renamed(d->fork, index_oid);
        if (!storage_rename_index(d, index_oid))
            return false;
    }
    for (uint16_t k = 0; k < rel(d, oid)->n_constraints; k++)
        catalog_edit_constraint(d->fork, rel(d, oid)->constraints[k]->oid)->namespace_oid = to->oid;
    for (size_t at = builtin_n_relations; (other = catalog_next_relation(d->fork, &at));)
        if (other->sequence && other->sequence->owned_by_relation == oid &&
            !move_relation(d, other->oid, to))
            return false;
    return true;
}

static bool move_relation(struct ddl *d, uint32_t oid, const struct namespace *to)
{
    const struct relation *relation = rel(d, oid);
    if (relation_name_taken(d->fork, to->oid, relation->name))
        return err_set(d->err, ERR_DUPLICATE_TABLE,
                       "relation \"%s\" already exists in schema \"%s\"", relation->name, to->name);
    struct relation *edited = catalog_edit_relation(d->fork, oid);
    edited->namespace_oid = to->oid;
    edited->namespace_name = edit_text(d, oid, to->name);
    catalog_renamed(d->fork, oid);
    return move_parts(d, oid, to) && storage_rename(d, oid);
}

static bool set_relation_schema(struct ddl *d, const AlterObjectSchemaStmt *stmt)
{
    const struct relation *relation;
    const struct index *index;
    const struct namespace *to;
    if (!named_relation(d, stmt->relation, stmt->objectType, stmt->missing_ok, &relation, &index))
        return false;
    if (index)
        return wrong_kind(d, index->name, stmt->objectType);
    if (!relation)
        return true;
    if (relation->sequence && relation->sequence->owned_by_relation) {
        err_set(d->err, ERR_FEATURE_NOT_SUPPORTED,
                "cannot move an owned sequence into another schema");
        return err_detail(d->err, "Sequence \"%s\" is linked to table \"%s\".", relation->name,
                          rel(d, relation->sequence->owned_by_relation)->name);
    }
    if (!target_schema(d, stmt->newschema, catalog_namespace(d->fork, relation->namespace_oid),
                       &to))
        return false;
    if (to->oid == relation->namespace_oid)
        return true;
    struct restamp *restamp = restamp_collect(d, NULL);
    return restamp && move_relation(d, relation->oid, to) && restamp_apply(d, restamp);
}

static bool set_type_schema(struct ddl *d, const AlterObjectSchemaStmt *stmt)
{
    const struct type *type = find_ddl_type(d, (const List *)stmt->object, false);
    const struct namespace *to;
    if (!type || !must_be_owner(d, type->owner_oid, "type", type->name) ||
        !target_schema(d, stmt->newschema, catalog_namespace(d->fork, type->namespace_oid), &to))
        return false;
    if (to->oid == type->namespace_oid)
        return true;
    if (type_name_taken(d->fork, to->oid, type->name))
        return err_set(d->err, ERR_DUPLICATE_OBJECT, "type \"%s\" already exists in schema \"%s\"",
                       type->name, to->name);
    struct restamp *restamp = restamp_collect(d, NULL);
    if (!restamp)
        return false;
    if (type->rel_oid) {
        if (!move_relation(d, type->rel_oid, to))
            return false;
    } else {
        catalog_edit_type(d->fork, type->oid)->namespace_oid = to->oid;
        catalog_renamed(d->fork, type->oid);
    }
    return restamp_apply(d, restamp);
}

static bool set_function_schema(struct ddl *d, const AlterObjectSchemaStmt *stmt)
{
    const struct proc *proc =
        find_function(d, (const ObjectWithArgs *)stmt->object, stmt->objectType, false);
    const struct namespace *to;
    if (!proc || !must_be_owner(d, proc->owner_oid, "function", proc->name) ||
        !target_schema(d, stmt->newschema, catalog_namespace(d->fork, proc->namespace_oid), &to))
        return false;
    if (to->oid == proc->namespace_oid)
        return true;
    if (function_taken(d, proc, to->name, proc->name))
        return false;
    struct object_address self = {CLASS_PROC, proc->oid, 0};
    struct restamp *restamp = restamp_collect(d, &self);
    if (!restamp)
        return false;
    catalog_edit_proc(d->fork, proc->oid)->namespace_oid = to->oid;
    return restamp_apply(d, restamp);
}

bool set_schema_statement(struct ddl *d, const AlterObjectSchemaStmt *stmt)
{
    switch ((int)stmt->objectType) {
    case OBJECT_TABLE:
    case OBJECT_VIEW:
    case OBJECT_MATVIEW:
    case OBJECT_SEQUENCE:
        return set_relation_schema(d, stmt);
    case OBJECT_TYPE:
    case OBJECT_DOMAIN:
        return set_type_schema(d, stmt);
    case OBJECT_FUNCTION:
    case OBJECT_PROCEDURE:
    case OBJECT_ROUTINE:
        return set_function_schema(d, stmt);
    case OBJECT_EXTENSION:
        return true;
    default:
        return unsupported(d, "moving this kind of object to another schema");
    }
}

/* ---- OWNER TO ---- */

static bool may_give_to(struct ddl *d, uint32_t owner)
{
    const struct role *role = catalog_role(d->fork, owner);
    if (role_is_superuser(d->fork, d->c->user_oid) ||
        role_is_member(d->fork, d->c->user_oid, owner, false))
        return true;
    return err_set(d->err, ERR_INSUFFICIENT_PRIVILEGE, "must be member of role \"%s\"",
                   role ? role->name : "?");
}

bool change_relation_owner(struct ddl *d, uint32_t oid, uint32_t owner)
{
    const struct relation *other;
    uint32_t before = rel(d, oid)->owner_oid;
    if (!may_give_to(d, owner))
        return false;
    if (before == owner)
        return true;
    struct relation *relation = catalog_edit_relation(d->fork, oid);
    relation->owner_oid = owner;
    relation->acl =
        acl_change_owner(catalog_edit_arena(d->fork, oid), relation->acl, before, owner);
    catalog_changed(d->fork, oid);
    for (size_t at = builtin_n_relations; (other = catalog_next_relation(d->fork, &at));)
        if (other->sequence && other->sequence->owned_by_relation == oid &&
            !change_relation_owner(d, other->oid, owner))
            return false;
    return true;
}

bool change_schema_owner(struct ddl *d, uint32_t oid, uint32_t owner)
{
    struct namespace *edited = catalog_edit_namespace(d->fork, oid);
    if (!edited)
        return err_set(d->err, ERR_INSUFFICIENT_PRIVILEGE, "permission denied for schema %s",
                       namespace_name(d->fork, oid));
    edited->acl =
        acl_change_owner(catalog_edit_arena(d->fork, oid), edited->acl, edited->owner_oid, owner);
    edited->owner_oid = owner;
    return true;
}

bool change_function_owner(struct ddl *d, uint32_t oid, uint32_t owner)
{
    struct proc *edited = catalog_edit_proc(d->fork, oid);
    if (!edited)
        return err_set(d->err, ERR_INSUFFICIENT_PRIVILEGE, "must be owner of function %s",
                       catalog_proc(d->fork, oid)->name);
    edited->acl =
        acl_change_owner(catalog_edit_arena(d->fork, oid), edited->acl, edited->owner_oid, owner);
    edited->owner_oid = owner;
    return true;
}

void change_database_owner(struct ddl *d, uint32_t oid, uint32_t owner)
{
    struct cluster_database *edited = catalog_edit_database(d->fork, oid);
    edited->acl =
        acl_change_owner(catalog_shared_arena(d->fork, oid), edited->acl, edited->owner_oid, owner);
    edited->owner_oid = owner;
}

static bool own_type(struct ddl *d, const List *names, uint32_t owner)
{
    const struct type *type = find_ddl_type(d, names, false);
    if (!type || !must_be_owner(d, type->owner_oid, "type", type->name) || !may_give_to(d, owner))
        return false;
    if (type->rel_oid)
        return change_relation_owner(d, type->rel_oid, owner);
    catalog_edit_type(d->fork, type->oid)->owner_oid = owner;
    catalog_changed(d->fork, type->oid);
    return true;
}

bool owner_statement(struct ddl *d, const AlterOwnerStmt *stmt)
{
    uint32_t owner;
    if (!find_role(d, stmt->newowner, &owner))
        return false;
    switch ((int)stmt->objectType) {
    case OBJECT_SCHEMA: {
        const struct namespace *namespace = find_namespace(d, STR_OF(stmt->object), false);
        return namespace && must_be_owner(d, namespace->owner_oid, "schema", namespace->name) &&
               may_give_to(d, owner) && change_schema_owner(d, namespace->oid, owner);
    }
    case OBJECT_TYPE:
    case OBJECT_DOMAIN:
        return own_type(d, (const List *)stmt->object, owner);
    case OBJECT_FUNCTION:
    case OBJECT_PROCEDURE:
    case OBJECT_ROUTINE: {
        const struct proc *proc =
            find_function(d, (const ObjectWithArgs *)stmt->object, stmt->objectType, false);
        return proc && must_be_owner(d, proc->owner_oid, "function", proc->name) &&
               may_give_to(d, owner) && change_function_owner(d, proc->oid, owner);
    }
    case OBJECT_DATABASE: {
        const struct cluster_database *database =
            catalog_cluster_database(d->fork, STR_OF(stmt->object));
        if (!database)
            return err_set(d->err, ERR_UNDEFINED_DATABASE, "database \"%s\" does not exist",
                           STR_OF(stmt->object));
        if (!must_be_owner(d, database->owner_oid, "database", database->name) ||
            !may_give_to(d, owner))
            return false;
        change_database_owner(d, database->oid, owner);
        return true;
    }
    default:
        return unsupported(d, "changing the owner of this kind of object");
    }
}
