/* ddl_role.c - roles, memberships, databases, and settings kept for them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "catalog/cluster.h"
#include "catalog/ddl_int.h"
#include "types/type.h"

/* ---- rights ---- */

static const struct role *self(struct ddl *d)
{
    return catalog_role(d->fork, d->c->user_oid);
}

static bool may_create_roles(struct ddl *d)
{
    const struct role *me = self(d);
    return me && (me->super || me->create_role);
}

static bool check_role_name(struct ddl *d, const char *name, int location)
{
    if (strcmp(name, "public") == 0 || strcmp(name, "none") == 0)
        return fail_at(d, location, ERR_RESERVED_NAME, "role name \"%s\" is reserved", name);
    if (strncmp(name, "pg_", 3) == 0) {
        err_set(d->err, ERR_RESERVED_NAME, "role name \"%s\" is reserved", name);
        return err_detail(d->err, "Role names starting with \"pg_\" are reserved.");
    }
    return true;
}

static const char *role_name(struct ddl *d, uint32_t oid)
{
    const struct role *role = catalog_role(d->fork, oid);
    return role ? role->name : "?";
}

/* ---- attributes ---- */

static bool set_password(struct ddl *d, struct role *role, struct arena *arena,
                         const DefElem *option)
{
    const char *password = option->arg ? option_text(d, option) : NULL;
    role->password = NULL;
    if (!password)
        return true;
    if (!password[0]) {
        notice(d, "empty string is not a valid password, clearing password");
        return true;
    }
    const char *verifier =
        d->c->make_verifier ? d->c->make_verifier(d->c->arg, d->arena, password) : NULL;
    if (!verifier)
        return err_set(d->err, ERR_FEATURE_NOT_SUPPORTED, "passwords are not supported here");
    role->password = arena_strdup(arena, verifier);
    return true;
}

static bool set_valid_until(struct ddl *d, struct role *role, const DefElem *option)
{
    const char *text = option_text(d, option);
    struct type_io io = {.arena = d->arena,
                         .err = d->err,
                         .type = builtin_type(TYPE_TIMESTAMPTZ),
                         .typmod = -1,
                         .settings = d->env.settings,
                         .env = &d->env};
    struct datum value = datum_null();
    if (!type_in(&io, text, strlen(text), &value))
        return false;
    role->has_valid_until = true;
    role->valid_until = value.i;
    return true;
}

static bool set_flag(struct ddl *d, struct role *role, const DefElem *option, bool *known)
{
    static const struct {
        const char *name;
        size_t offset;
        bool super_only;
    } flags[] = {
        {"superuser", offsetof(struct role, super), true},
        {"inherit", offsetof(struct role, inherit), false},
        {"createrole", offsetof(struct role, create_role), false},
        {"createdb", offsetof(struct role, create_db), false},
        {"canlogin", offsetof(struct role, login), false},
        {"isreplication", offsetof(struct role, replication), true},
        {"bypassrls", offsetof(struct role, bypass_rls), true},
    };
    *known = true;
    for (size_t k = 0; k < ARRAY_COUNT(flags); k++) {
        bool value;
        if (strcmp(flags[k].name, option->defname) != 0)
            continue;
        if (!option_bool(d, option, &value))
            return false;
        if (flags[k].super_only && value && !role_is_superuser(d->fork, d->c->user_oid))
            return err_set(d->err, ERR_INSUFFICIENT_PRIVILEGE, "must be superuser to create %s",
                           k == 0   ? "superusers"
                           : k == 5 ? "replication users"
                                    : "bypassrls users");
        *(bool *)((char *)role + flags[k].offset) = value;
        return true;
    }
    *known = false;
    return true;
}

static bool apply_role_options(struct ddl *d, uint32_t oid, const List *options)
{
    struct role *role = catalog_edit_role(d->fork, oid);
    struct arena *arena = catalog_shared_arena(d->fork, oid);
    for (int k = 0; k < list_n(options); k++) {
        const DefElem *option = list_at(options, k);
        bool known;
        int64_t limit;
        for (int j = 0; j < k; j++)
            if (strcmp(((const DefElem *)list_at(options, j))->defname, option->defname) == 0)
                return fail_at(d, option->location, ERR_SYNTAX_ERROR,
                               "conflicting or redundant options");
        if (!set_flag(d, role, option, &known))
            return false;
        if (known)
            continue;
        if (strcmp(option->defname, "password") == 0) {
            if (!set_password(d, role, arena, option))
                return false;
        } else if (strcmp(option->defname, "connectionlimit") == 0) {
            if (!option_int(d, option, &limit))
                return false;
            if (limit < -1)
                return err_set(d->err, ERR_INVALID_PARAMETER_VALUE, "invalid connection limit: %d",
                               (int)limit);
            role->connection_limit = (int32_t)limit;
        } else if (strcmp(option->defname, "validUntil") == 0) {
            if (!set_valid_until(d, role, option))
                return false;
        }
    }
    return true;
}

/* ---- memberships ---- */

static bool add_member(struct ddl *d, uint32_t role_oid, uint32_t member_oid, bool admin)
{
    if (role_oid == member_oid || role_is_member(d->fork, role_oid, member_oid, false))
        return err_set(d->err, ERR_INVALID_GRANT_OPERATION,
                       "role \"%s\" is a member of role \"%s\"", role_name(d, role_oid),
                       role_name(d, member_oid));
    struct role *member = catalog_edit_role(d->fork, member_oid);
    struct arena *arena = catalog_shared_arena(d->fork, member_oid);
    for (uint16_t k = 0; k < member->n_memberships; k++) {
        struct membership *known = (struct membership *)&member->memberships[k];
        if (known->role_oid != role_oid)
            continue;
        if (known->admin || !admin) {
            notice(d, "role \"%s\" is already a member of role \"%s\"", member->name,
                   role_name(d, role_oid));
            return true;
        }
        known->admin = true;
        return true;
    }
    struct membership *memberships =
        ARENA_ARRAY(arena, struct membership, member->n_memberships + 1u);
    if (member->n_memberships)
        memcpy(memberships, member->memberships, member->n_memberships * sizeof(*memberships));
    memberships[member->n_memberships++] = (struct membership){role_oid, d->c->user_oid, admin};
    member->memberships = memberships;
    return true;
}

static bool remove_member(struct ddl *d, uint32_t role_oid, uint32_t member_oid, bool admin_only)
{
    const struct role *now = catalog_role(d->fork, member_oid);
    for (uint16_t k = 0; k < now->n_memberships; k++) {
        if (now->memberships[k].role_oid != role_oid)
            continue;
        struct role *member = catalog_edit_role(d->fork, member_oid);
        struct membership *memberships = (struct membership *)member->memberships;
        if (admin_only) {
            memberships[k].admin = false;
            return true;
        }
        memmove(memberships + k, memberships + k + 1,
                (member->n_memberships - k - 1u) * sizeof(*memberships));
        member->n_memberships--;
        return true;
    }
    notice_full(d, "WARNING", ERR_WARNING,
                arena_printf(d->arena, "role \"%s\" is not a member of role \"%s\"", now->name,
                             role_name(d, role_oid)),
                NULL, NULL);
    return true;
}

static bool may_grant_role(struct ddl *d, uint32_t role_oid)
{
    const struct role *me = self(d), *role = catalog_role(d->fork, role_oid);
    if (me && me->super)
        return true;
    if (role && role->super)
        return err_set(d->err, ERR_INSUFFICIENT_PRIVILEGE, "must be superuser to alter superusers");
    if (me && me->create_role)
        return true;
    for (uint16_t k = 0; me && k < me->n_memberships; k++)
        if (me->memberships[k].role_oid == role_oid && me->memberships[k].admin)
            return true;
    return err_set(d->err, ERR_INSUFFICIENT_PRIVILEGE, "must have admin option on role \"%s\"",
                   role_name(d, role_oid));
}

bool grant_role(struct ddl *d, const GrantRoleStmt *stmt)
{
    for (int r = 0; r < list_n(stmt->granted_roles); r++) {
        const AccessPriv *node = list_at(stmt->granted_roles, r);
        const struct role *role = catalog_role_by_name(d->fork, node->priv_name);
        if (!role)
            return err_set(d->err, ERR_UNDEFINED_OBJECT, "role \"%s\" does not exist",
                           node->priv_name);
        if (node->cols)
            return err_set(d->err, ERR_INVALID_GRANT_OPERATION,
                           "column names cannot be included in GRANT/REVOKE ROLE");
        uint32_t role_oid = role->oid;
        if (!may_grant_role(d, role_oid))
            return false;
        for (int m = 0; m < list_n(stmt->grantee_roles); m++) {
            uint32_t member;
            if (!find_role(d, list_at(stmt->grantee_roles, m), &member))
                return false;
            bool ok = stmt->is_grant ? add_member(d, role_oid, member, stmt->admin_opt)
                                     : remove_member(d, role_oid, member, stmt->admin_opt);
            if (!ok)
                return false;
        }
    }
    return true;
}

/* ---- CREATE, ALTER, DROP ROLE ---- */

static bool apply_role_lists(struct ddl *d, uint32_t oid, const List *options)
{
    static const char *const names[] = {"addroleto", "rolemembers", "adminmembers"};
    for (size_t n = 0; n < ARRAY_COUNT(names); n++) {
        const DefElem *option = option_named(options, names[n]);
        const List *roles = option ? (const List *)option->arg : NULL;
        for (int k = 0; k < list_n(roles); k++) {
            uint32_t other;
            if (!find_role(d, list_at(roles, k), &other))
                return false;
            if (n == 0 ? !add_member(d, other, oid, false) : !add_member(d, oid, other, n == 2))
                return false;
        }
    }
    return true;
}

bool create_role(struct ddl *d, const CreateRoleStmt *stmt)
{
    const char *name = clip_name(d, stmt->role);
    if (!may_create_roles(d))
        return err_set(d->err, ERR_INSUFFICIENT_PRIVILEGE, "permission denied to create role");
    if (!check_role_name(d, name, -1))
        return false;
    if (catalog_role_by_name(d->fork, name))
        return err_set(d->err, ERR_DUPLICATE_OBJECT, "role \"%s\" already exists", name);
    struct role *role = catalog_add_role(d->fork, name);
    uint32_t oid = role->oid;
    role->login = stmt->stmt_type == ROLESTMT_USER;
    return apply_role_options(d, oid, stmt->options) && apply_role_lists(d, oid, stmt->options);
}

static bool may_alter(struct ddl *d, uint32_t oid, const List *options)
{
    const struct role *role = catalog_role(d->fork, oid), *me = self(d);
    if (me && me->super)
        return true;
    if (role->super)
        return err_set(d->err, ERR_INSUFFICIENT_PRIVILEGE,
                       "must be superuser to alter superuser roles or change superuser attribute");
    if (me && me->create_role)
        return true;
    /* Everybody may change his own password. */
    bool only_password = list_n(options) == 1 &&
                         strcmp(((const DefElem *)list_at(options, 0))->defname, "password") == 0;
    return (only_password && oid == d->c->user_oid) ||
           err_set(d->err, ERR_INSUFFICIENT_PRIVILEGE, "permission denied");
}

bool alter_role(struct ddl *d, const AlterRoleStmt *stmt)
{
    uint32_t oid;
    if (!find_role(d, stmt->role, &oid))
        return false;
    const struct role *role = catalog_role(d->fork, oid);
    if (role->predefined)
        return err_set(d->err, ERR_RESERVED_NAME, "role name \"%s\" is reserved", role->name);
    const DefElem *members = option_named(stmt->options, "rolemembers");
    if (members) { /* ALTER GROUP ADD|DROP USER */
        const List *list = (const List *)members->arg;
        for (int k = 0; k < list_n(list); k++) {
            uint32_t member;
            if (!may_grant_role(d, oid) || !find_role(d, list_at(list, k), &member))
                return false;
            if (stmt->action > 0 ? !add_member(d, oid, member, false)
                                 : !remove_member(d, oid, member, false))
                return false;
        }
        return true;
    }
    return may_alter(d, oid, stmt->options) && apply_role_options(d, oid, stmt->options);
}

struct owned_line {
    uint32_t oid;
    const char *text;
};

struct owned {
    struct ddl *d;
    uint32_t role;
    VEC(struct owned_line) lines;
};

static void owned_line(struct owned *o, uint32_t oid, const char *text)
{
    struct owned_line line = {oid, text};
    VEC_PUSH(o->d->arena, &o->lines, line);
}

static int by_oid(const void *a, const void *b)
{
    uint32_t left = ((const struct owned_line *)a)->oid,
             right = ((const struct owned_line *)b)->oid;
    return (left > right) - (left < right);
}

/* A line each, oldest objects first. */
static const char *owned_text(struct owned *o)
{
    struct buf text = BUF_IN(o->d->arena);
    qsort(o->lines.items, o->lines.n, sizeof(o->lines.items[0]), by_oid);
    for (size_t k = 0; k < o->lines.n; k++)
        buf_printf(&text, "%s%s", k ? "\n" : "", o->lines.items[k].text);
    return buf_cstr(&text);
}

static bool in_acl(const struct acl *acl, uint32_t role)
{
    for (uint16_t k = 0; acl && k < acl->n; k++)
        if (acl->items[k].grantee == role || acl->items[k].grantor == role)
            return true;
    return false;
}

static void owned_object(struct owned *o, uint32_t class_oid, uint32_t oid, uint32_t owner,
                         const struct acl *acl)
{
    struct object_address address = {class_oid, oid, 0};
    if (owner == o->role)
        owned_line(o, oid,
                   arena_printf(o->d->arena, "owner of %s", describe_object(o->d, &address)));
    else if (in_acl(acl, o->role))
        owned_line(o, oid,
                   arena_printf(o->d->arena, "privileges for %s", describe_object(o->d, &address)));
}

/* What keeps a role from being dropped, in this database and of the cluster. */
static void collect_owned(struct owned *o)
{
    const struct catalog *fork = o->d->fork;
    const struct relation *relation;
    const struct namespace *namespace;
    const struct proc *proc;
    const struct type *type;
    const struct cluster_database *const *databases;
    for (size_t at = builtin_n_relations; (relation = catalog_next_relation(fork, &at));)
        if (relation->kind != 'c')
            owned_object(o, CLASS_RELATION, relation->oid, relation->owner_oid, relation->acl);
    for (size_t at = 0; (namespace = catalog_next_namespace(fork, &at));)
        owned_object(o, CLASS_NAMESPACE, namespace->oid, namespace->owner_oid, namespace->acl);
    for (size_t at = 0; (proc = catalog_next_proc(fork, &at));)
        owned_object(o, CLASS_PROC, proc->oid, proc->owner_oid, proc->acl);
    for (size_t at = 0; (type = catalog_next_type(fork, &at));)
        if (!type->elem_oid || type->kind == 'd') {
            const struct relation *row =
                type->rel_oid ? catalog_relation(fork, type->rel_oid) : NULL;
            if (!row || row->kind == 'c')
                owned_object(o, CLASS_TYPE, type->oid, type->owner_oid, NULL);
        }
    size_t n = catalog_databases(fork, o->d->arena, &databases);
    for (size_t k = 0; k < n; k++)
        if (databases[k]->owner_oid == o->role || in_acl(databases[k]->acl, o->role))
            owned_line(
                o, databases[k]->oid,
                arena_printf(o->d->arena, "%s database %s",
                             databases[k]->owner_oid == o->role ? "owner of" : "privileges for",
                             databases[k]->name));
}

static void forget_memberships(struct ddl *d, uint32_t role_oid)
{
    const struct role *const *list;
    size_t n = catalog_roles(d->fork, d->arena, &list);
    for (size_t k = 0; k < n; k++)
        for (uint16_t m = 0; m < list[k]->n_memberships; m++)
            if (list[k]->memberships[m].role_oid == role_oid) {
                struct role *member = catalog_edit_role(d->fork, list[k]->oid);
                struct membership *memberships = (struct membership *)member->memberships;
                memmove(memberships + m, memberships + m + 1,
                        (member->n_memberships - m - 1u) * sizeof(*memberships));
                member->n_memberships--;
                break;
            }
}

static bool drop_one_role(struct ddl *d, const RoleSpec *spec, bool missing_ok)
{
    if (spec->roletype != ROLESPEC_CSTRING)
        return err_set(d->err, ERR_INVALID_PARAMETER_VALUE,
                       "cannot use special role specifier in DROP ROLE");
    const struct role *role = catalog_role_by_name(d->fork, spec->rolename);
    if (!role) {
        if (!missing_ok)
            return err_set(d->err, ERR_UNDEFINED_OBJECT, "role \"%s\" does not exist",
                           spec->rolename);
        notice(d, "role \"%s\" does not exist, skipping", spec->rolename);
        return true;
    }
    if (role->oid == d->c->user_oid)
        return err_set(d->err, ERR_OBJECT_IN_USE, "current user cannot be dropped");
    if (strcmp(d->env.session_user, role->name) == 0)
        return err_set(d->err, ERR_OBJECT_IN_USE, "session user cannot be dropped");
    if (role->super && !role_is_superuser(d->fork, d->c->user_oid))
        return err_set(d->err, ERR_INSUFFICIENT_PRIVILEGE, "must be superuser to drop superusers");
    struct owned owned = {.d = d, .role = role->oid};
    collect_owned(&owned);
    if (role->predefined || role->oid == ROLE_BOOTSTRAP)
        return err_set(d->err, ERR_DEPENDENT_OBJECTS_STILL_EXIST,
                       "cannot drop role %s because it is required by the database system",
                       role->name);
    if (owned.lines.n) {
        err_set(d->err, ERR_DEPENDENT_OBJECTS_STILL_EXIST,
                "role \"%s\" cannot be dropped because some objects depend on it", role->name);
        return err_detail(d->err, "%s", owned_text(&owned));
    }
    uint32_t oid = role->oid;
    forget_memberships(d, oid);
    catalog_drop_role(d->fork, oid);
    return true;
}

bool drop_role(struct ddl *d, const DropRoleStmt *stmt)
{
    if (!may_create_roles(d))
        return err_set(d->err, ERR_INSUFFICIENT_PRIVILEGE, "permission denied to drop role");
    for (int k = 0; k < list_n(stmt->roles); k++)
        if (!drop_one_role(d, list_at(stmt->roles, k), stmt->missing_ok))
            return false;
    return true;
}

/* ---- DROP OWNED, REASSIGN OWNED ---- */

static const struct acl *acl_without(struct arena *arena, const struct acl *acl, uint32_t role)
{
    if (!in_acl(acl, role))
        return acl;
    struct acl *kept = arena_zalloc(arena, sizeof(*kept) + acl->n * sizeof(acl->items[0]));
    for (uint16_t k = 0; k < acl->n; k++)
        if (acl->items[k].grantee != role && acl->items[k].grantor != role)
            kept->items[kept->n++] = acl->items[k];
    return kept;
}

static void revoke_all_from(struct ddl *d, uint32_t role)
{
    const struct relation *relation;
    const struct namespace *namespace;
    const struct proc *proc;
    for (size_t at = builtin_n_relations; (relation = catalog_next_relation(d->fork, &at));)
        if (in_acl(relation->acl, role)) {
            struct relation *edited = catalog_edit_relation(d->fork, relation->oid);
            edited->acl = acl_without(catalog_edit_arena(d->fork, edited->oid), edited->acl, role);
        }
    for (size_t at = 0; (namespace = catalog_next_namespace(d->fork, &at));)
        if (in_acl(namespace->acl, role)) {
            struct namespace *edited = catalog_edit_namespace(d->fork, namespace->oid);
            edited->acl = acl_without(catalog_edit_arena(d->fork, edited->oid), edited->acl, role);
        }
    for (size_t at = 0; (proc = catalog_next_proc(d->fork, &at));)
        if (in_acl(proc->acl, role)) {
            struct proc *edited = catalog_edit_proc(d->fork, proc->oid);
            edited->acl = acl_without(catalog_edit_arena(d->fork, edited->oid), edited->acl, role);
        }
    const struct cluster_database *const *databases;
    size_t n = catalog_databases(d->fork, d->arena, &databases);
    for (size_t k = 0; k < n; k++)
        if (in_acl(databases[k]->acl, role)) {
            struct cluster_database *edited = catalog_edit_database(d->fork, databases[k]->oid);
            struct arena *arena = catalog_shared_arena(d->fork, edited->oid);
            edited->acl = acl_without(arena, edited->acl, role);
        }
}

bool drop_owned(struct ddl *d, const DropOwnedStmt *stmt)
{
    VEC(struct object_address) objects = {0};
    for (int k = 0; k < list_n(stmt->roles); k++) {
        const struct relation *relation;
        const struct namespace *namespace;
        const struct proc *proc;
        const struct type *type;
        uint32_t role;
        if (!find_role(d, list_at(stmt->roles, k), &role))
            return false;
        for (size_t at = builtin_n_relations; (relation = catalog_next_relation(d->fork, &at));)
            if (relation->owner_oid == role &&
                !(relation->sequence && relation->sequence->owned_by_relation) &&
                relation->kind != 'c') {
                struct object_address address = {CLASS_RELATION, relation->oid, 0};
                VEC_PUSH(d->arena, &objects, address);
            }
        for (size_t at = 0; (proc = catalog_next_proc(d->fork, &at));)
            if (proc->owner_oid == role) {
                struct object_address address = {CLASS_PROC, proc->oid, 0};
                VEC_PUSH(d->arena, &objects, address);
            }
        for (size_t at = 0; (type = catalog_next_type(d->fork, &at));)
            if (type->owner_oid == role && !type->elem_oid && !type->rel_oid) {
                struct object_address address = {CLASS_TYPE, type->oid, 0};
                VEC_PUSH(d->arena, &objects, address);
            }
        for (size_t at = 0; (namespace = catalog_next_namespace(d->fork, &at));)
            if (namespace->owner_oid == role) {
                struct object_address address = {CLASS_NAMESPACE, namespace->oid, 0};
                VEC_PUSH(d->arena, &objects, address);
            }
        revoke_all_from(d, role);
    }
    return !objects.n ||
           drop_objects(d, objects.items, objects.n, stmt->behavior == DROP_CASCADE, false);
}

bool reassign_owned(struct ddl *d, const ReassignOwnedStmt *stmt)
{
    uint32_t to;
    if (!find_role(d, stmt->newrole, &to))
        return false;
    for (int k = 0; k < list_n(stmt->roles); k++) {
        const struct relation *relation;
        const struct namespace *namespace;
        const struct proc *proc;
        const struct type *type;
        const struct cluster_database *const *databases;
        uint32_t from;
        if (!find_role(d, list_at(stmt->roles, k), &from))
            return false;
        for (size_t at = builtin_n_relations; (relation = catalog_next_relation(d->fork, &at));)
            if (relation->owner_oid == from && !change_relation_owner(d, relation->oid, to))
                return false;
        for (size_t at = 0; (proc = catalog_next_proc(d->fork, &at));)
            if (proc->owner_oid == from && !change_function_owner(d, proc->oid, to))
                return false;
        for (size_t at = 0; (type = catalog_next_type(d->fork, &at));)
            if (type->owner_oid == from && !type->elem_oid && !type->rel_oid)
                catalog_edit_type(d->fork, type->oid)->owner_oid = to;
        for (size_t at = 0; (namespace = catalog_next_namespace(d->fork, &at));)
            if (namespace->owner_oid == from && !change_schema_owner(d, namespace->oid, to))
                return false;
        size_t n = catalog_databases(d->fork, d->arena, &databases);
        for (size_t b = 0; b < n; b++)
            if (databases[b]->owner_oid == from && !databases[b]->no_files)
                change_database_owner(d, databases[b]->oid, to);
    }
    return true;
}

/* ---- settings of roles and databases ---- */

static bool same_name(const char *text, const char *name)
{
    size_t n = strlen(name);
    return strncasecmp(text, name, n) == 0 && text[n] == '=';
}

struct setting_change {
    const char *name, *value;
    bool removes, all;
};

static bool checked_setting(struct ddl *d, const VariableSetStmt *set,
                            struct setting_change *change)
{
    *change = (struct setting_change){
        .name = set->name,
        .value = "",
        .removes = set->kind == VAR_RESET || set->kind == VAR_SET_DEFAULT,
        .all = set->kind == VAR_RESET_ALL,
    };
    return change->all || !d->c->setting ||
           d->c->setting(d->c->arg, set, &change->name, &change->value, d->err);
}

/* The list with the change of one SET or RESET made; a parameter keeps its place. */
static const struct role_setting *changed_settings(struct arena *arena,
                                                   const struct setting_change *change,
                                                   const struct role_setting *before, uint16_t *n,
                                                   uint32_t role_oid, uint32_t database_oid)
{
    struct role_setting *after = ARENA_ARRAY(arena, struct role_setting, *n + 1u);
    struct role_setting made = {database_oid, role_oid, ""};
    bool removes = change->all || change->removes, placed = removes;
    uint16_t kept = 0;
    if (!removes)
        made.text = arena_printf(arena, "%s=%s", change->name, change->value);
    for (uint16_t k = 0; k < *n; k++) {
        bool here = before[k].database_oid == database_oid || !role_oid;
        if (!here || !(change->all || same_name(before[k].text, change->name))) {
            after[kept++] = before[k];
        } else if (!placed) {
            after[kept++] = made;
            placed = true;
        }
    }
    if (!placed)
        after[kept++] = made;
    *n = kept;
    return after;
}

bool alter_role_set(struct ddl *d, const AlterRoleSetStmt *stmt)
{
    uint32_t oid, database_oid = 0;
    if (!stmt->role)
        return unsupported(d, "ALTER ROLE ALL SET");
    if (!find_role(d, stmt->role, &oid))
        return false;
    if (stmt->database) {
        const struct cluster_database *database = catalog_cluster_database(d->fork, stmt->database);
        if (!database)
            return err_set(d->err, ERR_UNDEFINED_DATABASE, "database \"%s\" does not exist",
                           stmt->database);
        database_oid = database->oid;
    }
    if (oid != d->c->user_oid && !may_create_roles(d))
        return err_set(d->err, ERR_INSUFFICIENT_PRIVILEGE, "permission denied");
    struct setting_change change;
    if (!checked_setting(d, stmt->setstmt, &change))
        return false;
    struct role *role = catalog_edit_role(d->fork, oid);
    role->settings = changed_settings(catalog_shared_arena(d->fork, oid), &change, role->settings,
                                      &role->n_settings, oid, database_oid);
    return true;
}

/* ---- databases ---- */

static bool check_encoding(struct ddl *d, const DefElem *option)
{
    const char *text = option ? option_text(d, option) : NULL;
    if (!text || strcasecmp(text, "utf8") == 0 || strcasecmp(text, "utf-8") == 0 ||
        strcasecmp(text, "unicode") == 0 || strcmp(text, "6") == 0 ||
        strcasecmp(text, "default") == 0)
        return true;
    for (size_t k = 0; k < builtin_n_encodings; k++)
        if (strcasecmp(builtin_encodings[k].name, text) == 0) {
            err_set(d->err, ERR_INVALID_PARAMETER_VALUE,
                    "encoding \"%s\" does not match locale \"%s\"", builtin_encodings[k].name,
                    "C.UTF-8");
            return err_detail(d->err, "The chosen LC_CTYPE setting requires encoding \"UTF8\".");
        }
    return err_set(d->err, ERR_UNDEFINED_OBJECT, "%s is not a valid encoding name", text);
}

static bool check_locale(struct ddl *d, const DefElem *option)
{
    static const char *const known[] = {"C",      "POSIX",       "C.UTF-8",
                                        "C.utf8", "en_US.UTF-8", "en_US.utf8"};
    const char *text = option ? option_text(d, option) : NULL;
    for (size_t k = 0; text && k < ARRAY_COUNT(known); k++)
        if (strcmp(known[k], text) == 0)
            return true;
    return !text || err_set(d->err, ERR_WRONG_OBJECT_TYPE, "invalid locale name: \"%s\"", text);
}

static bool check_template(struct ddl *d, const DefElem *option)
{
    const char *name = option ? option_text(d, option) : NULL;
    if (!name)
        return true;
    const struct cluster_database *database = catalog_cluster_database(d->fork, name);
    if (!database)
        return err_set(d->err, ERR_UNDEFINED_DATABASE, "template database \"%s\" does not exist",
                       name);
    return database->no_files ||
           unsupported(d, "CREATE DATABASE with a template other than template0 and template1");
}

static bool database_flags(struct ddl *d, const List *options, struct cluster_database *database)
{
    const DefElem *option;
    int64_t limit;
    if ((option = option_named(options, "is_template")) &&
        !option_bool(d, option, &database->is_template))
        return false;
    if ((option = option_named(options, "allow_connections")) &&
        !option_bool(d, option, &database->allow_connections))
        return false;
    if ((option = option_named(options, "connection_limit"))) {
        if (!option_int(d, option, &limit))
            return false;
        if (limit < -1)
            return err_set(d->err, ERR_INVALID_PARAMETER_VALUE, "invalid connection limit: %d",
                           (int)limit);
        database->connection_limit = (int32_t)limit;
    }
    return true;
}

static bool database_owner(struct ddl *d, const List *options, uint32_t *owner)
{
    const DefElem *option = option_named(options, "owner");
    const char *name = option ? option_text(d, option) : NULL;
    *owner = d->c->user_oid;
    if (!name)
        return true;
    const struct role *role = catalog_role_by_name(d->fork, name);
    if (!role)
        return err_set(d->err, ERR_UNDEFINED_OBJECT, "role \"%s\" does not exist", name);
    *owner = role->oid;
    return true;
}

/* Folder names are lower-case letters, digits and _; anything else is written as a number. */
static const char *directory_for(struct ddl *d, const char *name)
{
    struct buf out = BUF_IN(d->arena);
    for (const char *p = name; *p; p++) {
        if ((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') || *p == '_' || *p == '-')
            buf_putc(&out, *p);
        else
            buf_printf(&out, "%%%02x", (uint8_t)*p);
    }
    const struct cluster_database *const *list;
    size_t n = catalog_databases(d->fork, d->arena, &list);
    const char *directory = buf_cstr(&out);
    for (int pass = 1;; pass++) {
        bool taken = strcmp(directory, "commit.log") == 0;
        for (size_t k = 0; k < n; k++)
            taken |= strcmp(list[k]->directory, directory) == 0 && !list[k]->no_files;
        if (!taken)
            return directory;
        directory = arena_printf(d->arena, "%s-%d", buf_cstr(&out), pass);
    }
}

bool create_database(struct ddl *d, const CreatedbStmt *stmt)
{
    const struct role *me = self(d);
    struct cluster_database database = {.allow_connections = true, .connection_limit = -1};
    if (!prevent_in_block(d, "CREATE DATABASE"))
        return false;
    if (!me || (!me->super && !me->create_db))
        return err_set(d->err, ERR_INSUFFICIENT_PRIVILEGE, "permission denied to create database");
    database.name = clip_name(d, stmt->dbname);
    if (!database_owner(d, stmt->options, &database.owner_oid) ||
        !check_template(d, option_named(stmt->options, "template")) ||
        !check_encoding(d, option_named(stmt->options, "encoding")) ||
        !check_locale(d, option_named(stmt->options, "lc_collate")) ||
        !check_locale(d, option_named(stmt->options, "lc_ctype")) ||
        !check_locale(d, option_named(stmt->options, "locale")) ||
        !database_flags(d, stmt->options, &database))
        return false;
    if (catalog_cluster_database(d->fork, database.name))
        return err_set(d->err, ERR_DUPLICATE_DATABASE, "database \"%s\" already exists",
                       database.name);
    database.directory = directory_for(d, database.name);
    return databases_create(database_all(d->c->database), &database, d->err);
}

bool drop_database(struct ddl *d, const DropdbStmt *stmt)
{
    const struct cluster_database *database = catalog_cluster_database(d->fork, stmt->dbname);
    if (!prevent_in_block(d, "DROP DATABASE"))
        return false;
    if (!database) {
        if (!stmt->missing_ok)
            return err_set(d->err, ERR_UNDEFINED_DATABASE, "database \"%s\" does not exist",
                           stmt->dbname);
        notice(d, "database \"%s\" does not exist, skipping", stmt->dbname);
        return true;
    }
    if (!must_be_owner(d, database->owner_oid, "database", stmt->dbname))
        return false;
    if (database->is_template)
        return err_set(d->err, ERR_WRONG_OBJECT_TYPE, "cannot drop a template database");
    if (database->oid == catalog_database_oid(d->fork))
        return err_set(d->err, ERR_OBJECT_IN_USE, "cannot drop the currently open database");
    return databases_drop(database_all(d->c->database), stmt->dbname, d->err);
}

bool alter_database(struct ddl *d, const AlterDatabaseStmt *stmt)
{
    const struct cluster_database *database = catalog_cluster_database(d->fork, stmt->dbname);
    if (!database)
        return err_set(d->err, ERR_UNDEFINED_DATABASE, "database \"%s\" does not exist",
                       stmt->dbname);
    if (!must_be_owner(d, database->owner_oid, "database", stmt->dbname))
        return false;
    if (database->no_files)
        return err_set(d->err, ERR_OBJECT_NOT_IN_PREREQUISITE_STATE,
                       "database \"%s\" cannot be altered", stmt->dbname);
    return database_flags(d, stmt->options, catalog_edit_database(d->fork, database->oid));
}

bool alter_database_set(struct ddl *d, const AlterDatabaseSetStmt *stmt)
{
    const struct cluster_database *now = catalog_cluster_database(d->fork, stmt->dbname);
    if (!now)
        return err_set(d->err, ERR_UNDEFINED_DATABASE, "database \"%s\" does not exist",
                       stmt->dbname);
    if (!must_be_owner(d, now->owner_oid, "database", stmt->dbname))
        return false;
    uint32_t oid = now->oid;
    struct setting_change change;
    if (!checked_setting(d, stmt->setstmt, &change))
        return false;
    struct cluster_database *database = catalog_edit_database(d->fork, oid);
    database->settings = changed_settings(catalog_shared_arena(d->fork, oid), &change,
                                          database->settings, &database->n_settings, 0, oid);
    return true;
}
