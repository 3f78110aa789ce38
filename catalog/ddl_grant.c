/* ddl_grant.c - GRANT and REVOKE on objects. */
#include <string.h>

#include "catalog/cluster.h"
#include "catalog/ddl_int.h"

/* One object whose ACL changes. */
struct grant_target {
    enum acl_object kind;
    const char *name, *noun; /* noun: for errors */
    uint32_t owner_oid;
    const struct acl *acl;
    uint32_t oid;   /* relation, namespace, function, database */
    int16_t attnum; /* a column of the relation */
    ObjectType objtype;
};

static const char *noun_of(enum acl_object kind)
{
    switch ((int)kind) {
    case ACL_SEQUENCE:
        return "sequence";
    case ACL_DATABASE:
        return "database";
    case ACL_FUNCTION:
        return "function";
    case ACL_NAMESPACE:
        return "schema";
    case ACL_TYPE:
        return "type";
    case ACL_COLUMN:
        return "column";
    case ACL_LANGUAGE:
        return "language";
    default:
        return "table";
    }
}

/* ---- writing ACLs back ---- */

static void store_acl(struct ddl *d, const struct grant_target *target, const struct acl *acl)
{
    struct arena *arena;
    switch ((int)target->kind) {
    case ACL_NAMESPACE: {
        struct namespace *namespace = catalog_edit_namespace(d->fork, target->oid);
        if (namespace)
        namespace->acl = acl_copy(catalog_edit_arena(d->fork, target->oid), acl);
        break;
    }
    case ACL_FUNCTION: {
        struct proc *proc = catalog_edit_proc(d->fork, target->oid);
        if (proc)
            proc->acl = acl_copy(catalog_edit_arena(d->fork, target->oid), acl);
        break;
    }
    case ACL_DATABASE: {
        struct cluster_database *database = catalog_edit_database(d->fork, target->oid);
        arena = catalog_shared_arena(d->fork, target->oid);
        if (database)
            database->acl = acl_copy(arena, acl);
        break;
    }
    case ACL_COLUMN: {
        struct relation *relation = catalog_edit_relation(d->fork, target->oid);
        columns_of(relation)[target->attnum - 1].acl =
            acl && acl->n ? acl_copy(catalog_edit_arena(d->fork, target->oid), acl) : NULL;
        break;
    }
    case ACL_RELATION:
    case ACL_SEQUENCE: {
        struct relation *relation = catalog_edit_relation(d->fork, target->oid);
        if (relation)
            relation->acl = acl_copy(catalog_edit_arena(d->fork, target->oid), acl);
        break;
    }
    default:
        break; /* types and languages: usable by everybody */
    }
}

static const struct acl *current_acl(struct ddl *d, const struct grant_target *target)
{
    switch ((int)target->kind) {
    case ACL_NAMESPACE:
        return catalog_namespace(d->fork, target->oid)->acl;
    case ACL_FUNCTION:
        return catalog_proc(d->fork, target->oid)->acl;
    case ACL_COLUMN:
        return rel(d, target->oid)->columns[target->attnum - 1].acl;
    case ACL_RELATION:
    case ACL_SEQUENCE:
        return rel(d, target->oid)->acl;
    case ACL_DATABASE:
        return target->acl;
    default:
        return NULL;
    }
}

/* ---- who may grant ---- */

static bool may_grant(struct ddl *d, const struct grant_target *target, uint16_t wanted,
                      uint16_t *allowed, uint32_t *grantor)
{
    *grantor = target->owner_oid;
    *allowed = wanted;
    if (role_is_superuser(d->fork, d->c->user_oid) ||
        role_is_member(d->fork, d->c->user_oid, target->owner_oid, true))
        return true;
    *grantor = d->c->user_oid;
    *allowed = acl_held(d->fork, current_acl(d, target), target->kind, target->owner_oid,
                        d->c->user_oid, wanted, true);
    if (*allowed)
        return true;
    if (acl_held(d->fork, current_acl(d, target), target->kind, target->owner_oid, d->c->user_oid,
                 acl_all_privileges(target->kind), false)) {
        notice_full(d, "WARNING", ERR_WARNING_PRIVILEGE_NOT_GRANTED,
                    arena_printf(d->arena, "no privileges were granted for \"%s\"", target->name),
                    NULL, NULL);
        return true;
    }
    return err_set(d->err, ERR_INSUFFICIENT_PRIVILEGE, "permission denied for %s %s", target->noun,
                   target->name);
}

static bool change(struct ddl *d, const GrantStmt *stmt, const struct grant_target *target,
                   uint16_t privileges)
{
    uint32_t grantor;
    uint16_t allowed;
    if (!may_grant(d, target, privileges, &allowed, &grantor))
        return false;
    if (!allowed)
        return true;
    for (int k = 0; k < list_n(stmt->grantees); k++) {
        uint32_t grantee;
        if (!find_role(d, list_at(stmt->grantees, k), &grantee))
            return false;
        if (!grantee && stmt->is_grant && stmt->grant_option)
            return err_set(d->err, ERR_INVALID_GRANT_OPERATION,
                           "grant options can only be granted to roles");
        struct grant_target now = *target;
        if (target->kind == ACL_DATABASE && cluster_database_of(d, target->oid))
            now.acl = cluster_database_of(d, target->oid)->acl;
        const struct acl *acl =
            acl_change(d->arena, current_acl(d, &now), target->kind, target->owner_oid,
                       stmt->is_grant, grantee, grantor, allowed, stmt->grant_option);
        store_acl(d, target, acl);
    }
    return true;
}

/* ---- privileges of one statement ---- */

static bool check_privilege(struct ddl *d, const AccessPriv *node, enum acl_object kind,
                            uint16_t *bit)
{
    *bit = privilege_by_name(node->priv_name, strlen(node->priv_name));
    if (!*bit)
        return err_set(d->err, ERR_SYNTAX_ERROR, "unrecognized privilege type \"%s\"",
                       node->priv_name);
    if (*bit & acl_all_privileges(kind))
        return true;
    const char *name = privilege_name(*bit);
    return err_set(d->err, ERR_INVALID_GRANT_OPERATION, "invalid privilege type %s for %s", name,
                   kind == ACL_RELATION && *bit != PRIV_USAGE ? "relation" : noun_of(kind));
}

/* GRANT on TABLE may name a sequence too, with the sequence's privileges. */
static enum acl_object effective_kind(const struct grant_target *target, const GrantStmt *stmt)
{
    if (target->kind == ACL_SEQUENCE && stmt->objtype == OBJECT_TABLE)
        return ACL_RELATION;
    return target->kind;
}

static bool grant_columns(struct ddl *d, const GrantStmt *stmt, const struct grant_target *target,
                          const AccessPriv *node)
{
    uint16_t bit = acl_all_privileges(ACL_COLUMN);
    const struct relation *relation = rel(d, target->oid);
    if (node->priv_name && !check_privilege(d, node, ACL_COLUMN, &bit))
        return false;
    for (int k = 0; k < list_n(node->cols); k++) {
        const struct column *column = relation_column(relation, list_str(node->cols, k));
        if (!column)
            return err_set(d->err, ERR_UNDEFINED_COLUMN,
                           "column \"%s\" of relation \"%s\" does not exist",
                           list_str(node->cols, k), relation->name);
        struct grant_target one = *target;
        one.kind = ACL_COLUMN;
        one.attnum = column->attnum;
        if (!change(d, stmt, &one, bit))
            return false;
        relation = rel(d, target->oid);
    }
    return true;
}

/* What is taken from everything of a relation is taken from its columns too. */
static bool change_whole(struct ddl *d, const GrantStmt *stmt, const struct grant_target *target,
                         uint16_t privileges)
{
    if (!change(d, stmt, target, privileges))
        return false;
    privileges &= acl_all_privileges(ACL_COLUMN);
    if (stmt->is_grant || target->kind != ACL_RELATION || !privileges)
        return true;
    for (uint16_t k = 0; k < rel(d, target->oid)->n_columns; k++) {
        struct grant_target one = *target;
        one.kind = ACL_COLUMN;
        one.attnum = (int16_t)(k + 1);
        if (current_acl(d, &one) && !change(d, stmt, &one, privileges))
            return false;
    }
    return true;
}

static bool grant_on(struct ddl *d, const GrantStmt *stmt, const struct grant_target *target)
{
    uint16_t privileges = 0;
    if (!stmt->privileges)
        return change_whole(d, stmt, target, acl_all_privileges(target->kind));
    for (int k = 0; k < list_n(stmt->privileges); k++) {
        const AccessPriv *node = list_at(stmt->privileges, k);
        uint16_t bit = 0;
        if (node->cols) {
            if (target->kind != ACL_RELATION)
                return err_set(d->err, ERR_INVALID_GRANT_OPERATION,
                               "column privileges are only valid for relations");
            if (!grant_columns(d, stmt, target, node))
                return false;
            continue;
        }
        if (!check_privilege(d, node, effective_kind(target, stmt), &bit))
            return false;
        privileges |= bit;
    }
    return !privileges || change_whole(d, stmt, target, privileges);
}

/* ---- targets ---- */

static struct grant_target relation_target(const struct relation *relation)
{
    enum acl_object kind = relation->kind == 'S' ? ACL_SEQUENCE : ACL_RELATION;
    return (struct grant_target){
        kind, relation->name, noun_of(kind), relation->owner_oid, relation->acl, relation->oid,
        0,    OBJECT_TABLE};
}

static bool grant_relation(struct ddl *d, const GrantStmt *stmt, const RangeVar *name)
{
    const struct relation *relation = find_relation(d, name, false, NULL);
    if (!relation)
        return false;
    if (stmt->objtype == OBJECT_SEQUENCE && relation->kind != 'S')
        return err_set(d->err, ERR_WRONG_OBJECT_TYPE, "\"%s\" is not a sequence", relation->name);
    if (relation->oid < FIRST_USER_OID)
        return true; /* readable by everybody, and nothing else */
    struct grant_target target = relation_target(relation);
    return grant_on(d, stmt, &target);
}

static bool grant_function(struct ddl *d, const GrantStmt *stmt, const struct proc *proc)
{
    struct grant_target target = {ACL_FUNCTION, proc->name, "function", proc->owner_oid,
                                  proc->acl,    proc->oid,  0,          OBJECT_FUNCTION};
    if (proc->oid < FIRST_USER_OID)
        return true;
    return grant_on(d, stmt, &target);
}

static bool grant_schema(struct ddl *d, const GrantStmt *stmt, const char *name)
{
    const struct namespace *namespace = find_namespace(d, name, false);
    if (!namespace)
        return false;
    if (namespace->oid < FIRST_USER_OID && namespace->oid != NAMESPACE_PUBLIC)
        return true;
    struct grant_target target = {ACL_NAMESPACE,  namespace->name, "schema", namespace->owner_oid,
                                  namespace->acl, namespace->oid,  0,        OBJECT_SCHEMA};
    return grant_on(d, stmt, &target);
}

const struct cluster_database *cluster_database_of(struct ddl *d, uint32_t oid)
{
    const struct cluster_database *const *list;
    size_t n = catalog_databases(d->fork, d->arena, &list);
    for (size_t k = 0; k < n; k++)
        if (list[k]->oid == oid)
            return list[k];
    return NULL;
}

static bool grant_database(struct ddl *d, const GrantStmt *stmt, const char *name)
{
    const struct cluster_database *database = catalog_cluster_database(d->fork, name);
    if (!database)
        return err_set(d->err, ERR_UNDEFINED_DATABASE, "database \"%s\" does not exist", name);
    struct grant_target target = {ACL_DATABASE,  database->name, "database", database->owner_oid,
                                  database->acl, database->oid,  0,          OBJECT_DATABASE};
    return grant_on(d, stmt, &target);
}

static bool grant_type(struct ddl *d, const GrantStmt *stmt, const List *names)
{
    const struct type *type = find_ddl_type(d, names, false);
    struct grant_target target = {.kind = ACL_TYPE, .noun = "type", .objtype = OBJECT_TYPE};
    if (!type)
        return false;
    target.name = type->name;
    target.owner_oid = type->owner_oid;
    return grant_on(d, stmt, &target);
}

static bool grant_object(struct ddl *d, const GrantStmt *stmt, const Node *object)
{
    switch ((int)stmt->objtype) {
    case OBJECT_TABLE:
    case OBJECT_SEQUENCE:
        return grant_relation(d, stmt, (const RangeVar *)object);
    case OBJECT_FUNCTION:
    case OBJECT_PROCEDURE:
    case OBJECT_ROUTINE: {
        const struct proc *proc =
            find_function(d, (const ObjectWithArgs *)object, stmt->objtype, false);
        return proc && grant_function(d, stmt, proc);
    }
    case OBJECT_SCHEMA:
        return grant_schema(d, stmt, STR_OF(object));
    case OBJECT_DATABASE:
        return grant_database(d, stmt, STR_OF(object));
    case OBJECT_TYPE:
    case OBJECT_DOMAIN:
        return grant_type(d, stmt, (const List *)object);
    case OBJECT_LANGUAGE:
        return true;
    default:
        return unsupported(d, "GRANT on this kind of object");
    }
}

/* ON ALL TABLES | SEQUENCES | FUNCTIONS IN SCHEMA */
static bool grant_all_in(struct ddl *d, const GrantStmt *stmt, const char *schema)
{
    const struct namespace *namespace = find_namespace(d, schema, false);
    const struct relation *relation;
    const struct proc *proc;
    if (!namespace)
        return false;
    bool relations = stmt->objtype == OBJECT_TABLE || stmt->objtype == OBJECT_SEQUENCE;
    for (size_t at = builtin_n_relations;
         relations && (relation = catalog_next_relation(d->fork, &at));) {
        bool wanted = stmt->objtype == OBJECT_SEQUENCE
                          ? relation->kind == 'S'
                          : relation->kind != 'S' && relation->kind != 'c';
        if (relation->namespace_oid != namespace->oid || !wanted)
            continue;
        struct grant_target target = relation_target(relation);
        if (!grant_on(d, stmt, &target))
            return false;
    }
    for (size_t at = 0; !relations && (proc = catalog_next_proc(d->fork, &at));) {
        bool wanted = stmt->objtype == OBJECT_ROUTINE ||
                      (stmt->objtype == OBJECT_PROCEDURE) == (proc->kind == 'p');
        if (proc->namespace_oid == namespace->oid && wanted && !grant_function(d, stmt, proc))
            return false;
    }
    return true;
}

bool grant(struct ddl *d, const GrantStmt *stmt)
{
    if (stmt->targtype == ACL_TARGET_DEFAULTS)
        return unsupported(d, "ALTER DEFAULT PRIVILEGES");
    for (int k = 0; k < list_n(stmt->objects); k++) {
        const Node *object = list_at(stmt->objects, k);
        bool ok = stmt->targtype == ACL_TARGET_ALL_IN_SCHEMA ? grant_all_in(d, stmt, STR_OF(object))
                                                             : grant_object(d, stmt, object);
        if (!ok)
            return false;
    }
    return true;
}
