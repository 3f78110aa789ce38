/* ddl_name.c - names in DDL: finding what exists, choosing where new objects go and what they are called. */
#include <string.h>

#include "catalog/cluster.h"
#include "catalog/ddl_int.h"
#include "sql/format_type.h"

#define NAME_BYTES 63 /* identifiers are cut to this */

int kind_mask(char kind)
{
    switch (kind) {
    case 'r':
        return KIND_TABLE;
    case 'v':
        return KIND_VIEW;
    case 'm':
        return KIND_MATVIEW;
    case 'S':
        return KIND_SEQUENCE;
    case 'c':
        return KIND_COMPOSITE;
    default:
        return KIND_INDEX;
    }
}

const char *range_var_text(struct arena *arena, const RangeVar *name)
{
    return name->schemaname ? arena_printf(arena, "%s.%s", name->schemaname, name->relname)
                            : name->relname;
}

static bool check_database_name(struct ddl *d, const RangeVar *name)
{
    if (!name->catalogname || strcmp(name->catalogname, catalog_database(d->fork)) == 0)
        return true;
    return err_set(d->err, ERR_FEATURE_NOT_SUPPORTED,
                   "cross-database references are not implemented: \"%s.%s.%s\"", name->catalogname,
                   name->schemaname, name->relname);
}

const struct relation *find_relation(struct ddl *d, const RangeVar *name, bool missing_ok,
                                     bool *missing)
{
    if (missing)
        *missing = false;
    if (!check_database_name(d, name))
        return NULL;
    const char *schema = name->schemaname;
    const struct relation *relation =
        catalog_relation_by_name(d->fork, &d->c->path, schema, name->relname);
    if (relation)
        return relation;
    if (missing_ok) {
        *missing = true;
        return NULL;
    }
    if (schema && !catalog_namespace_by_name(d->fork, schema))
        fail_at(d, -1, ERR_INVALID_SCHEMA_NAME, "schema \"%s\" does not exist", schema);
    else
        fail_at(d, -1, ERR_UNDEFINED_TABLE, "relation \"%s\" does not exist",
                range_var_text(d->arena, name));
    return NULL;
}

bool split_names(struct ddl *d, const List *names, const char **schema, const char **name)
{
    int n = list_n(names);
    *schema = NULL;
    if (n == 1) {
        *name = list_str(names, 0);
        return true;
    }
    if (n > 3)
        return err_set(d->err, ERR_SYNTAX_ERROR, "improper qualified name (too many dotted names)");
    *schema = list_str(names, n - 2);
    *name = list_str(names, n - 1);
    if (n == 3 && strcmp(list_str(names, 0), catalog_database(d->fork)) != 0)
        return err_set(d->err, ERR_FEATURE_NOT_SUPPORTED,
                       "cross-database references are not implemented: %s.%s.%s",
                       list_str(names, 0), *schema, *name);
    return true;
}

RangeVar *range_var_of(struct ddl *d, const List *names)
{
    const char *schema, *name;
    if (!split_names(d, names, &schema, &name))
        return NULL;
    RangeVar *made = ARENA_NEW(d->arena, RangeVar);
    made->type = T_RangeVar;
    made->schemaname = (char *)schema;
    made->relname = (char *)name;
    made->relpersistence = 'p';
    made->location = -1;
    return made;
}

bool is_system_column(const char *name)
{
    static const char *const system[] = {"tableoid", "cmax", "xmax", "cmin", "xmin", "ctid"};
    for (size_t k = 0; k < ARRAY_COUNT(system); k++)
        if (strcmp(system[k], name) == 0)
            return true;
    return false;
}

/* ---- schemas ---- */

const struct namespace *find_namespace(struct ddl *d, const char *name, bool missing_ok)
{
    const struct namespace *namespace = strcmp(name, "pg_temp") == 0 && d->c->temp_namespace
                                            ? catalog_namespace(d->fork, d->c->temp_namespace)
                                            : catalog_namespace_by_name(d->fork, name);
    if (!namespace && !missing_ok)
        err_set(d->err, ERR_INVALID_SCHEMA_NAME, "schema \"%s\" does not exist", name);
    return namespace;
}

static const struct namespace *temp_namespace(struct ddl *d)
{
    if (!d->c->temp_namespace)
        d->c->temp_namespace = catalog_new_oid(d->fork);
    const struct namespace *existing = catalog_namespace(d->fork, d->c->temp_namespace);
    if (existing)
        return existing;
    struct object *object = object_new(OBJ_NAMESPACE, d->c->temp_namespace);
    struct namespace *namespace = object_namespace(object);
    namespace->name = arena_printf(object_arena(object), "pg_temp_%d", d->c->session_pid);
    namespace->owner_oid = ROLE_BOOTSTRAP;
    namespace->temp = true;
    catalog_add(d->fork, object);
    d->c->path.temp_namespace = d->c->temp_namespace;
    return namespace;
}

bool must_create_in(struct ddl *d, const struct namespace *namespace)
{
    if (namespace->temp)
        return true;
    if (namespace->oid < FIRST_USER_OID && namespace->oid != NAMESPACE_PUBLIC) {
        err_set(d->err, ERR_INSUFFICIENT_PRIVILEGE, "permission denied for schema %s",
                namespace->name);
        return false;
    }
    if (acl_held(d->fork, namespace->acl, ACL_NAMESPACE, namespace->owner_oid, d->c->user_oid,
                 PRIV_CREATE, false))
        return true;
    return err_set(d->err, ERR_INSUFFICIENT_PRIVILEGE, "permission denied for schema %s",
                   namespace->name);
}

bool creation_namespace(struct ddl *d, const char *schema, bool temp,
                        const struct namespace **namespace)
{
    if (temp) {
        if (schema && strcmp(schema, "pg_temp") != 0) {
            const struct namespace *named = catalog_namespace_by_name(d->fork, schema);
            if (!named || !named->temp)
                return err_set(d->err, ERR_INVALID_TABLE_DEFINITION,
                               "cannot create temporary relation in non-temporary schema");
        }
        *namespace = temp_namespace(d);
        return true;
    }
    if (schema && strcmp(schema, "pg_temp") == 0) {
        *namespace = temp_namespace(d);
        return true;
    }
    if (schema) {
        *namespace = find_namespace(d, schema, false);
        return *namespace && must_create_in(d, *namespace);
    }
    for (uint16_t k = 0; k < d->c->path.n; k++) {
        *namespace = catalog_namespace(d->fork, d->c->path.namespaces[k]);
        if (*namespace)
            return must_create_in(d, *namespace);
    }
    return err_set(d->err, ERR_INVALID_SCHEMA_NAME, "no schema has been selected to create in");
}

bool creation_namespace_of(struct ddl *d, const RangeVar *name, const struct namespace **namespace)
{
    if (!check_database_name(d, name))
        return false;
    if (name->schemaname && strcmp(name->schemaname, "pg_catalog") == 0 &&
        role_is_superuser(d->fork, d->c->user_oid)) {
        err_set(d->err, ERR_INSUFFICIENT_PRIVILEGE, "permission denied to create \"pg_catalog.%s\"",
                name->relname);
        return err_detail(d->err, "System catalog modifications are currently disallowed.");
    }
    return creation_namespace(d, name->schemaname, name->relpersistence == 't', namespace);
}

/* ---- making names ---- */

static size_t clip_length(const char *text, size_t n)
{
    while (n && ((uint8_t)text[n] & 0xc0) == 0x80)
        n--;
    return n;
}

const char *clip_name(struct ddl *d, const char *name)
{
    size_t n = strlen(name);
    if (n <= NAME_BYTES)
        return name;
    const char *clipped = arena_strndup(d->arena, name, clip_length(name, NAME_BYTES));
    notice_full(
        d, "NOTICE", ERR_NAME_TOO_LONG,
        arena_printf(d->arena, "identifier \"%s\" will be truncated to \"%s\"", name, clipped),
        NULL, NULL);
    return clipped;
}

/* The longer of the two names loses bytes first. */
char *make_object_name(struct arena *arena, const char *name1, const char *name2, const char *label)
{
    size_t overhead = (name2 ? 1 : 0) + (label ? strlen(label) + 1 : 0);
    size_t n1 = strlen(name1), n2 = name2 ? strlen(name2) : 0;
    size_t available = NAME_BYTES - overhead;
    while (n1 + n2 > available) {
        if (n1 > n2)
            n1--;
        else
            n2--;
    }
    n1 = clip_length(name1, n1);
    if (name2)
        n2 = clip_length(name2, n2);
    return arena_printf(arena, "%.*s%s%.*s%s%s", (int)n1, name1, name2 ? "_" : "", (int)n2,
                        name2 ? name2 : "", label ? "_" : "", label ? label : "");
}

bool relation_name_taken(const struct catalog *fork, uint32_t namespace_oid, const char *name)
{
    const struct search_path only = {&namespace_oid, 1, 0};
    const struct namespace *namespace = catalog_namespace(fork, namespace_oid);
    if (!namespace)
        return false;
    return catalog_relation_by_name(fork, &only, namespace->name, name) ||
           catalog_index_by_name(fork, &only, namespace->name, name);
}

bool type_name_taken(const struct catalog *fork, uint32_t namespace_oid, const char *name)
{
    const struct namespace *namespace = catalog_namespace(fork, namespace_oid);
    return namespace && catalog_type_by_name(fork, NULL, namespace->name, name);
}

/* A constraint of that name on the relation or, with relation 0, on anything in the schema. */
static bool constraint_name_taken(const struct catalog *fork, uint32_t namespace_oid,
                                  uint32_t relation_oid, const char *name)
{
    const struct constraint *constraint;
    const struct type *type;
    for (size_t at = 0; (constraint = catalog_next_constraint(fork, &at));)
        if (strcmp(constraint->name, name) == 0 &&
            (relation_oid ? constraint->relation_oid == relation_oid
                          : constraint->namespace_oid == namespace_oid))
            return true;
    for (size_t at = 0; !relation_oid && (type = catalog_next_type(fork, &at));) {
        const struct domain_info *domain = type->domain;
        for (uint16_t k = 0; domain && type->namespace_oid == namespace_oid && k < domain->n_checks;
             k++)
            if (strcmp(domain->checks[k].name, name) == 0)
                return true;
    }
    return false;
}

const char *choose_relation_name(struct ddl *d, const char *name1, const char *name2,
                                 const char *label, uint32_t namespace_oid, bool is_constraint)
{
    const char *numbered = label;
    for (int pass = 1;; pass++) {
        const char *name = make_object_name(d->arena, name1, name2, numbered);
        if (!relation_name_taken(d->fork, namespace_oid, name) &&
            !(is_constraint && constraint_name_taken(d->fork, namespace_oid, 0, name)))
            return name;
        numbered = arena_printf(d->arena, "%s%d", label, pass);
    }
}

const char *choose_constraint_name(struct ddl *d, const char *name1, const char *name2,
                                   const char *label, uint32_t namespace_oid, uint32_t relation_oid)
{
    const char *numbered = label;
    for (int pass = 1;; pass++) {
        const char *name = make_object_name(d->arena, name1, name2, numbered);
        if (!constraint_name_taken(d->fork, namespace_oid, 0, name))
            return name;
        numbered = arena_printf(d->arena, "%s%d", label, pass);
    }
}

/* ---- rights and locks ---- */

bool must_be_owner(struct ddl *d, uint32_t owner_oid, const char *kind, const char *name)
{
    if (role_is_superuser(d->fork, d->c->user_oid) ||
        role_is_member(d->fork, d->c->user_oid, owner_oid, true))
        return true;
    return err_set(d->err, ERR_INSUFFICIENT_PRIVILEGE, "must be owner of %s %s", kind, name);
}

bool must_own_relation(struct ddl *d, const struct relation *relation)
{
    if (relation->oid < FIRST_USER_OID)
        return err_set(d->err, ERR_INSUFFICIENT_PRIVILEGE,
                       "permission denied: \"%s\" is a system catalog", relation->name);
    return must_be_owner(d, relation->owner_oid, relation_kind_word(relation->kind),
                         relation->name);
}

bool lock_relation(struct ddl *d, uint32_t oid, int mode)
{
    return txn_lock_table(d->c->txn, oid, mode, false, d->err);
}

uint32_t superuser_or_self(struct ddl *d)
{
    return d->c->user_oid;
}

bool find_role(struct ddl *d, const RoleSpec *spec, uint32_t *oid)
{
    const struct role *role = NULL;
    switch (spec->roletype) {
    case ROLESPEC_CURRENT_ROLE:
    case ROLESPEC_CURRENT_USER:
        *oid = d->c->user_oid;
        return true;
    case ROLESPEC_SESSION_USER:
        role = catalog_role_by_name(d->fork, d->env.session_user);
        break;
    case ROLESPEC_PUBLIC:
        *oid = 0;
        return true;
    case ROLESPEC_CSTRING:
        if (strcmp(spec->rolename, "public") == 0) {
            return fail_at(d, spec->location, ERR_UNDEFINED_OBJECT, "role \"%s\" does not exist",
                           spec->rolename);
        }
        role = catalog_role_by_name(d->fork, spec->rolename);
        break;
    }
    if (!role)
        return err_set(d->err, ERR_UNDEFINED_OBJECT, "role \"%s\" does not exist",
                       spec->rolename ? spec->rolename : "");
    *oid = role->oid;
    return true;
}
