/* info_privilege.c - information_schema: who may do what.  Where no ACL is set, the defaults are listed. */
#include "catalog/info.h"

static const char *role_name(struct sysrel_scan *scan, uint32_t oid)
{
    const struct role *role = oid ? catalog_role(scan->catalog, oid) : NULL;
    return role ? role->name : "PUBLIC";
}

/* The grantor or grantee is a role the user has. */
static bool concerns_user(struct sysrel_scan *scan, const struct acl_item *item, bool with_public)
{
    return (with_public && !item->grantee) ||
           role_is_member(scan->catalog, scan->env->user_oid, item->grantor, false) ||
           role_is_superuser(scan->catalog, scan->env->user_oid) ||
           (item->grantee &&
            role_is_member(scan->catalog, scan->env->user_oid, item->grantee, false));
}

/* One row for each privilege of each entry; `fn` writes what lies between the grantee and the privilege. */
struct object {
    enum acl_object kind;
    uint32_t owner_oid;
    const struct acl *acl;
    const char *schema, *name, *column, *type;
};
typedef void (*between_fn)(struct info *i, const struct object *object);

static void grant_rows(struct sysrel_scan *scan, const struct object *object, bool with_public,
                       uint16_t shown, between_fn between, bool with_hierarchy, const char *word)
{
    const struct acl *acl =
        object->acl ? object->acl : acl_default(scan->keep, object->kind, object->owner_oid);
    for (uint16_t k = 0; k < acl->n; k++) {
        const struct acl_item *item = &acl->items[k];
        if (!concerns_user(scan, item, with_public) || (!with_public && !item->grantee))
            continue;
        for (unsigned bit = 0; bit < 14; bit++) {
            if (!(item->privileges & shown & 1u << bit))
                continue;
            struct info i = info_row(scan);
            put_info(&i, role_name(scan, item->grantor));
            put_info(&i, role_name(scan, item->grantee));
            between(&i, object);
            put_info(&i, word ? word : privilege_name((uint16_t)(1u << bit)));
            put_yes(&i, item->grantee == object->owner_oid || (item->grantable & 1u << bit));
            if (with_hierarchy)
                put_yes(&i, 1u << bit == PRIV_SELECT);
        }
    }
}

static void table_between(struct info *i, const struct object *object)
{
    put_name(i, object->schema, object->name);
}
static void column_between(struct info *i, const struct object *object)
{
    put_name(i, object->schema, object->name);
    put_info(i, object->column);
}
static void usage_between(struct info *i, const struct object *object)
{
    put_name(i, object->schema, object->name);
    put_info(i, object->type);
}
static void routine_between(struct info *i, const struct object *object)
{
    put_name(i, object->schema, object->column);
    put_name(i, object->schema, object->name);
}

/* System relations can be read by everybody. */
static const struct acl *acl_of(struct sysrel_scan *scan, const struct relation *relation)
{
    if (relation->oid >= FIRST_USER_OID)
        return relation->acl;
    struct acl *acl = arena_zalloc(scan->keep, sizeof(*acl) + 2 * sizeof(acl->items[0]));
    acl->n = 2;
    acl->items[0] =
        (struct acl_item){ROLE_BOOTSTRAP, ROLE_BOOTSTRAP, acl_all_privileges(ACL_RELATION), 0};
    acl->items[1] = (struct acl_item){0, ROLE_BOOTSTRAP, PRIV_SELECT, 0};
    return acl;
}

static bool table_grants(struct sysrel_scan *scan, bool with_public)
{
    const struct relation *relation;
    for (size_t at = 0; (relation = catalog_next_relation(scan->catalog, &at));) {
        if ((relation->kind != 'r' && relation->kind != 'v') ||
            !scan_wants_name(scan, 4, relation->namespace_name) ||
            !scan_wants_name(scan, 5, relation->name))
            continue;
        struct object object = {ACL_RELATION,
                                relation->owner_oid,
                                acl_of(scan, relation),
                                relation->namespace_name,
                                relation->name,
                                NULL,
                                NULL};
        grant_rows(scan, &object, with_public, acl_all_privileges(ACL_RELATION), table_between,
                   true, NULL);
    }
    return true;
}

static bool role_table_grants(struct sysrel_scan *scan)
{
    return table_grants(scan, false);
}
static bool table_privileges(struct sysrel_scan *scan)
{
    return table_grants(scan, true);
}

static bool column_grants(struct sysrel_scan *scan, bool with_public)
{
    const struct relation *relation;
    for (size_t at = 0; (relation = catalog_next_relation(scan->catalog, &at));) {
        if ((relation->kind != 'r' && relation->kind != 'v') ||
            !scan_wants_name(scan, 4, relation->namespace_name) ||
            !scan_wants_name(scan, 5, relation->name))
            continue;
        const struct acl *table = acl_of(scan, relation);
        for (uint16_t k = 0; k < relation->n_columns; k++) {
            const struct column *column = &relation->columns[k];
            if (column->dropped)
                continue;
            struct object object = {
                ACL_RELATION,   relation->owner_oid, table, relation->namespace_name,
                relation->name, column->name,        NULL};
            grant_rows(scan, &object, with_public, acl_all_privileges(ACL_COLUMN), column_between,
                       false, NULL);
            if (!column->acl)
                continue;
            object.kind = ACL_COLUMN;
            object.acl = column->acl;
            grant_rows(scan, &object, with_public, acl_all_privileges(ACL_COLUMN), column_between,
                       false, NULL);
        }
    }
    return true;
}

static bool role_column_grants(struct sysrel_scan *scan)
{
    return column_grants(scan, false);
}
static bool column_privileges(struct sysrel_scan *scan)
{
    return column_grants(scan, true);
}

static bool usage_grants(struct sysrel_scan *scan, bool with_public)
{
    const struct type *type;
    const struct relation *relation;
    for (size_t at = 0; (type = catalog_next_type(scan->catalog, &at));) {
        if (type->kind != 'd')
            continue;
        struct object object = {ACL_TYPE,   type->owner_oid,
                                NULL,       namespace_name(scan->catalog, type->namespace_oid),
                                type->name, NULL,
                                "DOMAIN"};
        grant_rows(scan, &object, with_public, PRIV_USAGE, usage_between, false, NULL);
    }
    for (size_t at = builtin_n_relations; (relation = catalog_next_relation(scan->catalog, &at));) {
        if (!relation->sequence)
            continue;
        struct object object = {ACL_SEQUENCE,   relation->owner_oid,
                                relation->acl,  relation->namespace_name,
                                relation->name, NULL,
                                "SEQUENCE"};
        grant_rows(scan, &object, with_public, PRIV_USAGE, usage_between, false, NULL);
    }
    return true;
}

static bool usage_privileges(struct sysrel_scan *scan)
{
    return usage_grants(scan, true);
}
static bool role_usage_grants(struct sysrel_scan *scan)
{
    return usage_grants(scan, false);
}

static bool udt_privileges(struct sysrel_scan *scan)
{
    const struct relation *relation;
    for (size_t at = builtin_n_relations; (relation = catalog_next_relation(scan->catalog, &at));) {
        if (!relation->rowtype_oid)
            continue;
        struct object object = {
            ACL_TYPE, relation->owner_oid, NULL, relation->namespace_name, relation->name, NULL,
            NULL};
        grant_rows(scan, &object, true, PRIV_USAGE, table_between, false, "TYPE USAGE");
    }
    return true;
}

static void routine_rows(struct sysrel_scan *scan, const struct proc *proc, bool with_public)
{
    struct object object = {ACL_FUNCTION, proc->owner_oid,
                            proc->acl,    namespace_name(scan->catalog, proc->namespace_oid),
                            proc->name,   arena_printf(scan->keep, "%s_%u", proc->name, proc->oid),
                            NULL};
    grant_rows(scan, &object, with_public, PRIV_EXECUTE, routine_between, false, NULL);
}

static bool routine_privileges(struct sysrel_scan *scan)
{
    const struct proc *proc;
    for (size_t k = 0; k < builtin_n_procs; k++)
        if (scan_wants_name(scan, 4,
                            namespace_name(scan->catalog, builtin_procs[k].namespace_oid)) &&
            scan_wants_name(scan, 7, namespace_name(scan->catalog, builtin_procs[k].namespace_oid)))
            routine_rows(scan, &builtin_procs[k], true);
    for (size_t at = 0; (proc = catalog_next_proc(scan->catalog, &at));)
        routine_rows(scan, proc, true);
    return true;
}

static bool role_routine_grants(struct sysrel_scan *scan)
{
    const struct proc *proc;
    for (size_t at = 0; (proc = catalog_next_proc(scan->catalog, &at));)
        routine_rows(scan, proc, false);
    return true;
}

/* ---- roles ---- */

static bool enabled_roles(struct sysrel_scan *scan)
{
    const struct role *const *list;
    size_t n = catalog_roles(scan->catalog, scan->keep, &list);
    for (size_t k = 0; k < n; k++) {
        if (!role_is_superuser(scan->catalog, scan->env->user_oid) &&
            !role_is_member(scan->catalog, scan->env->user_oid, list[k]->oid, true))
            continue;
        struct info i = info_row(scan);
        put_info(&i, list[k]->name);
    }
    return true;
}

static bool role_rows(struct sysrel_scan *scan, bool administrable)
{
    const struct role *const *list;
    size_t n = catalog_roles(scan->catalog, scan->keep, &list);
    bool super = role_is_superuser(scan->catalog, scan->env->user_oid);
    for (size_t k = 0; k < n; k++)
        for (uint16_t m = 0; m < list[k]->n_memberships; m++) {
            const struct membership *membership = &list[k]->memberships[m];
            if ((administrable && !membership->admin) ||
                (!super && !role_is_member(scan->catalog, scan->env->user_oid, list[k]->oid, true)))
                continue;
            struct info i = info_row(scan);
            put_info(&i, list[k]->name);
            put_info(&i, role_name(scan, membership->role_oid));
            put_yes(&i, membership->admin);
        }
    return true;
}

static bool applicable_roles(struct sysrel_scan *scan)
{
    return role_rows(scan, false);
}
static bool administrable_roles(struct sysrel_scan *scan)
{
    return role_rows(scan, true);
}

const struct sysrel_entry info_privilege_rows[] = {
    {"role_table_grants", role_table_grants},
    {"table_privileges", table_privileges},
    {"role_column_grants", role_column_grants},
    {"column_privileges", column_privileges},
    {"usage_privileges", usage_privileges},
    {"role_usage_grants", role_usage_grants},
    {"udt_privileges", udt_privileges},
    {"routine_privileges", routine_privileges},
    {"role_routine_grants", role_routine_grants},
    {"enabled_roles", enabled_roles},
    {"applicable_roles", applicable_roles},
    {"administrable_role_authorizations", administrable_roles},
    {NULL, NULL},
};
