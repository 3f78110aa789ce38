/* func_privilege.c - has_table_privilege() and all its kin, pg_has_role(). */
#include <strings.h>

#include "catalog/acl.h"
#include "catalog/cluster.h"
#include "catalog/func_int.h"
#include "catalog/system_acl.h"
#include "types/reg.h"

enum by { BY_CURRENT, BY_NAME, BY_OID };

/* ---- the words: "select, update with grant option" ---- */

struct wanted {
    uint16_t bits[16];
    bool grantable[16];
    int n;
};

static bool parse_words(struct fcall *c, int arg, uint16_t allowed, struct wanted *wanted)
{
    const char *p = ARG_P(c, arg), *end = p + ARG_N(c, arg);
    static const char suffix[] = " WITH GRANT OPTION";
    size_t suffix_bytes = sizeof(suffix) - 1;
    wanted->n = 0;
    while (p <= end && wanted->n < 16) {
        const char *comma = p;
        while (comma < end && *comma != ',')
            comma++;
        const char *start = p, *stop = comma;
        while (start < stop && *start == ' ')
            start++;
        while (stop > start && stop[-1] == ' ')
            stop--;
        size_t n = (size_t)(stop - start);
        bool grantable =
            n > suffix_bytes && strncasecmp(stop - suffix_bytes, suffix, suffix_bytes) == 0;
        uint16_t bit = privilege_by_name(start, grantable ? n - suffix_bytes : n);
        if (!bit || !(bit & allowed))
            return err_set(c->err, ERR_INVALID_PARAMETER_VALUE,
                           "unrecognized privilege type: \"%.*s\"", (int)n, start);
        wanted->bits[wanted->n] = bit;
        wanted->grantable[wanted->n++] = grantable;
        p = comma + 1;
    }
    return true;
}

/* ---- users ---- */

static bool user_argument(struct fcall *c, int arg, enum by by, uint32_t *oid)
{
    *oid = c->env->user_oid;
    if (by == BY_OID)
        *oid = (uint32_t)ARG_I(c, arg);
    if (by != BY_NAME)
        return true;
    const char *name = text_argument(c, arg);
    const struct role *role = catalog_role_by_name(c->env->catalog, name);
    if (!role && strcmp(name, "public") == 0) {
        *oid = 0;
        return true;
    }
    if (!role)
        return err_set(c->err, ERR_UNDEFINED_OBJECT, "role \"%s\" does not exist", name);
    *oid = role->oid;
    return true;
}

/* ---- objects ---- */

struct guarded {
    enum acl_object kind;
    const struct acl *acl;
    uint32_t owner_oid;
    const struct relation *relation;
};

/* False: an error, or (without one) no such object: the answer is NULL. */
static bool find_relation_object(struct fcall *c, int arg, enum by by, struct guarded *object)
{
    const struct relation *relation;
    if (by == BY_NAME) {
        if (!relation_argument(c, arg, &relation))
            return false;
    } else if (!(relation = catalog_relation(c->env->catalog, (uint32_t)ARG_I(c, arg)))) {
        return false;
    }
    *object = (struct guarded){relation->kind == 'S' ? ACL_SEQUENCE : ACL_RELATION, relation->acl,
                               relation->owner_oid, relation};
    if (relation->oid < FIRST_USER_OID)
        object->acl = system_relation_acl(relation);
    return true;
}

static bool find_database_object(struct fcall *c, int arg, enum by by, struct guarded *object)
{
    const struct cluster_database *database = NULL;
    if (by == BY_NAME) {
        const char *name = text_argument(c, arg);
        database = catalog_cluster_database(c->env->catalog, name);
        if (!database)
            return err_set(c->err, ERR_UNDEFINED_DATABASE, "database \"%s\" does not exist", name);
    } else if (catalog_cluster(c->env->catalog)) {
        database =
            cluster_database_by_oid(catalog_cluster(c->env->catalog), (uint32_t)ARG_I(c, arg));
    }
    if (database)
        *object = (struct guarded){ACL_DATABASE, database->acl, database->owner_oid, NULL};
    return database != NULL;
}

static bool find_schema_object(struct fcall *c, int arg, enum by by, struct guarded *object)
{
    const struct namespace *namespace;
    if (by == BY_NAME) {
        const char *name = text_argument(c, arg);
        namespace = catalog_namespace_by_name(c->env->catalog, name);
        if (!namespace)
            return err_set(c->err, ERR_INVALID_SCHEMA_NAME, "schema \"%s\" does not exist", name);
    } else {
        namespace = catalog_namespace(c->env->catalog, (uint32_t)ARG_I(c, arg));
    }
    if (!namespace)
        return false;
    *object = (struct guarded){ACL_NAMESPACE, namespace->acl, namespace->owner_oid, NULL};
    if (namespace->oid < FIRST_USER_OID && namespace->oid != NAMESPACE_PUBLIC)
        object->acl = system_namespace_acl(namespace->oid);
    return true;
}

/* Objects named by the text of a reg* type. */
static bool reg_argument(struct fcall *c, int arg, uint32_t reg_type, uint32_t *oid)
{
    struct type_io io = fcall_io(c, builtin_type(reg_type));
    struct datum value;
    if (!type_in(&io, ARG_P(c, arg), ARG_N(c, arg), &value))
        return false;
    *oid = (uint32_t)value.i;
    return true;
}

static bool find_function_object(struct fcall *c, int arg, enum by by, struct guarded *object)
{
    uint32_t oid = (uint32_t)ARG_I(c, arg);
    if (by == BY_NAME && !reg_argument(c, arg, TYPE_REGPROCEDURE, &oid))
        return false;
    const struct proc *proc = catalog_proc(c->env->catalog, oid);
    if (proc)
        *object = (struct guarded){ACL_FUNCTION, proc->acl, proc->owner_oid, NULL};
    return proc != NULL;
}

static bool find_type_object(struct fcall *c, int arg, enum by by, struct guarded *object)
{
    uint32_t oid = (uint32_t)ARG_I(c, arg);
    if (by == BY_NAME && !reg_argument(c, arg, TYPE_REGTYPE, &oid))
        return false;
    const struct type *type = catalog_type(c->env->catalog, oid);
    if (type)
        *object = (struct guarded){ACL_TYPE, NULL, type->owner_oid, NULL};
    return type != NULL;
}

static bool find_language_object(struct fcall *c, int arg, enum by by, struct guarded *object)
{
    *object = (struct guarded){ACL_LANGUAGE, NULL, ROLE_BOOTSTRAP, NULL};
    if (by != BY_NAME)
        return ARG_I(c, arg) >= 12 && ARG_I(c, arg) <= 14;
    const char *name = text_argument(c, arg);
    return strcmp(name, "sql") == 0 || strcmp(name, "internal") == 0 || strcmp(name, "c") == 0 ||
           err_set(c->err, ERR_UNDEFINED_OBJECT, "language \"%s\" does not exist", name);
}

static bool find_tablespace_object(struct fcall *c, int arg, enum by by, struct guarded *object)
{
    *object = (struct guarded){ACL_TABLESPACE, NULL, ROLE_BOOTSTRAP, NULL};
    if (by != BY_NAME)
        return ARG_I(c, arg) == 1663 || ARG_I(c, arg) == 1664;
    const char *name = text_argument(c, arg);
    return strcmp(name, "pg_default") == 0 || strcmp(name, "pg_global") == 0 ||
           err_set(c->err, ERR_UNDEFINED_OBJECT, "tablespace \"%s\" does not exist", name);
}

/* There are no foreign servers or wrappers: no name is one, and an OID of none gives NULL. */
static bool find_no_server(struct fcall *c, int arg, enum by by, struct guarded *object UNUSED)
{
    return by == BY_NAME && err_set(c->err, ERR_UNDEFINED_OBJECT, "server \"%s\" does not exist",
                                    text_argument(c, arg));
}

static bool find_no_wrapper(struct fcall *c, int arg, enum by by, struct guarded *object UNUSED)
{
    return by == BY_NAME &&
           err_set(c->err, ERR_UNDEFINED_OBJECT, "foreign-data wrapper \"%s\" does not exist",
                   text_argument(c, arg));
}

typedef bool (*find_object)(struct fcall *c, int arg, enum by by, struct guarded *object);

static bool holds(struct fcall *c, const struct guarded *object, uint32_t role, uint16_t bit,
                  bool grantable)
{
    return acl_held(c->env->catalog, object->acl, object->kind, object->owner_oid, role, bit,
                    grantable) != 0;
}

static bool any_wanted(struct fcall *c, const struct guarded *object, uint32_t role,
                       const struct wanted *wanted)
{
    for (int k = 0; k < wanted->n; k++)
        if (holds(c, object, role, wanted->bits[k], wanted->grantable[k]))
            return true;
    return false;
}

static bool has_privilege(struct fcall *c, find_object find, uint16_t allowed, enum by user_by,
                          enum by object_by)
{
    int at = user_by != BY_CURRENT;
    uint32_t role;
    struct guarded object;
    struct wanted wanted;
    if (!user_argument(c, 0, user_by, &role) || !parse_words(c, at + 1, allowed, &wanted))
        return false;
    if (!find(c, at, object_by, &object))
        return c->err->sqlstate[0] ? false : return_null(c);
    return return_bool(c, any_wanted(c, &object, role, &wanted));
}

#define SIX(name, find, allowed)                                                                   \
    static bool name##_name_name(struct fcall *c)                                                  \
    {                                                                                              \
        return has_privilege(c, find, allowed, BY_NAME, BY_NAME);                                  \
    }                                                                                              \
    static bool name##_name_id(struct fcall *c)                                                    \
    {                                                                                              \
        return has_privilege(c, find, allowed, BY_NAME, BY_OID);                                   \
    }                                                                                              \
    static bool name##_id_name(struct fcall *c)                                                    \
    {                                                                                              \
        return has_privilege(c, find, allowed, BY_OID, BY_NAME);                                   \
    }                                                                                              \
    static bool name##_id_id(struct fcall *c)                                                      \
    {                                                                                              \
        return has_privilege(c, find, allowed, BY_OID, BY_OID);                                    \
    }                                                                                              \
    static bool name##_name(struct fcall *c)                                                       \
    {                                                                                              \
        return has_privilege(c, find, allowed, BY_CURRENT, BY_NAME);                               \
    }                                                                                              \
    static bool name##_id(struct fcall *c)                                                         \
    {                                                                                              \
        return has_privilege(c, find, allowed, BY_CURRENT, BY_OID);                                \
    }

#define TABLE_PRIVILEGES                                                                           \
    (PRIV_INSERT | PRIV_SELECT | PRIV_UPDATE | PRIV_DELETE | PRIV_TRUNCATE | PRIV_REFERENCES |     \
     PRIV_TRIGGER)
SIX(has_table_privilege, find_relation_object, TABLE_PRIVILEGES)
SIX(has_sequence_privilege, find_relation_object, PRIV_USAGE | PRIV_SELECT | PRIV_UPDATE)
SIX(has_database_privilege, find_database_object, PRIV_CREATE | PRIV_TEMPORARY | PRIV_CONNECT)
SIX(has_schema_privilege, find_schema_object, PRIV_USAGE | PRIV_CREATE)
SIX(has_function_privilege, find_function_object, PRIV_EXECUTE)
SIX(has_type_privilege, find_type_object, PRIV_USAGE)
SIX(has_language_privilege, find_language_object, PRIV_USAGE)
SIX(has_tablespace_privilege, find_tablespace_object, PRIV_CREATE)
SIX(has_server_privilege, find_no_server, PRIV_USAGE)
SIX(has_foreign_data_wrapper_privilege, find_no_wrapper, PRIV_USAGE)

/* GRANT ... ON PARAMETER is not there, so superusers alone hold something. */
static bool parameter_privilege(struct fcall *c, enum by user_by)
{
    int at = user_by != BY_CURRENT;
    uint32_t oid;
    if (!user_argument(c, 0, user_by, &oid))
        return false;
    const char *p = text_argument(c, at + 1);
    for (;;) {
        p += strspn(p, " ");
        size_t n = strcspn(p, ","), next = n;
        while (n && p[n - 1] == ' ')
            n--;
        static const char *const words[] = {"SET", "SET WITH GRANT OPTION", "ALTER SYSTEM",
                                            "ALTER SYSTEM WITH GRANT OPTION"};
        size_t k = 0;
        while (k < ARRAY_COUNT(words) &&
               !(strlen(words[k]) == n && strncasecmp(words[k], p, n) == 0))
            k++;
        if (k == ARRAY_COUNT(words))
            return err_set(c->err, ERR_INVALID_PARAMETER_VALUE,
                           "unrecognized privilege type: \"%.*s\"", (int)n, p);
        if (!p[next])
            break;
        p += next + 1;
    }
    return return_bool(c, role_is_superuser(c->env->catalog, oid));
}
static bool has_parameter_privilege_name_name(struct fcall *c)
{
    return parameter_privilege(c, BY_NAME);
}
static bool has_parameter_privilege_id_name(struct fcall *c)
{
    return parameter_privilege(c, BY_OID);
}
static bool has_parameter_privilege_name(struct fcall *c)
{
    return parameter_privilege(c, BY_CURRENT);
}

/* ---- columns ---- */

#define COLUMN_PRIVILEGES (PRIV_INSERT | PRIV_SELECT | PRIV_UPDATE | PRIV_REFERENCES)

static bool column_wanted(struct fcall *c, const struct guarded *table, const struct column *column,
                          uint32_t role, const struct wanted *wanted)
{
    struct guarded one = {ACL_COLUMN, column->acl, table->owner_oid, table->relation};
    return any_wanted(c, table, role, wanted) || (column->acl && any_wanted(c, &one, role, wanted));
}

static bool has_column(struct fcall *c, enum by user_by, enum by table_by, bool by_number)
{
    int at = user_by != BY_CURRENT;
    uint32_t role;
    struct guarded table;
    struct wanted wanted;
    const struct column *column;
    if (!user_argument(c, 0, user_by, &role) || !parse_words(c, at + 2, COLUMN_PRIVILEGES, &wanted))
        return false;
    if (!find_relation_object(c, at, table_by, &table))
        return c->err->sqlstate[0] ? false : return_null(c);
    if (by_number) {
        int64_t attnum = ARG_I(c, at + 1);
        column = attnum >= 1 && attnum <= table.relation->n_columns
                     ? &table.relation->columns[attnum - 1]
                     : NULL;
        if (!column || column->dropped)
            return return_null(c);
    } else {
        const char *name = text_argument(c, at + 1);
        column = relation_column(table.relation, name);
        if (!column)
            return err_set(c->err, ERR_UNDEFINED_COLUMN,
                           "column \"%s\" of relation \"%s\" does not exist", name,
                           table.relation->name);
    }
    return return_bool(c, column_wanted(c, &table, column, role, &wanted));
}

#define COLUMN_TWO(suffix, user_by, table_by)                                                      \
    static bool has_column_privilege_##suffix##_name(struct fcall *c)                              \
    {                                                                                              \
        return has_column(c, user_by, table_by, false);                                            \
    }                                                                                              \
    static bool has_column_privilege_##suffix##_attnum(struct fcall *c)                            \
    {                                                                                              \
        return has_column(c, user_by, table_by, true);                                             \
    }
COLUMN_TWO(name_name, BY_NAME, BY_NAME)
COLUMN_TWO(name_id, BY_NAME, BY_OID)
COLUMN_TWO(id_name, BY_OID, BY_NAME)
COLUMN_TWO(id_id, BY_OID, BY_OID)
COLUMN_TWO(name, BY_CURRENT, BY_NAME)
COLUMN_TWO(id, BY_CURRENT, BY_OID)

static bool has_any_column(struct fcall *c, enum by user_by, enum by table_by)
{
    int at = user_by != BY_CURRENT;
    uint32_t role;
    struct guarded table;
    struct wanted wanted;
    if (!user_argument(c, 0, user_by, &role) || !parse_words(c, at + 1, COLUMN_PRIVILEGES, &wanted))
        return false;
    if (!find_relation_object(c, at, table_by, &table))
        return c->err->sqlstate[0] ? false : return_null(c);
    bool any = any_wanted(c, &table, role, &wanted);
    for (uint16_t k = 0; !any && k < table.relation->n_columns; k++)
        any = !table.relation->columns[k].dropped &&
              column_wanted(c, &table, &table.relation->columns[k], role, &wanted);
    return return_bool(c, any);
}

static bool has_any_column_privilege_name_name(struct fcall *c)
{
    return has_any_column(c, BY_NAME, BY_NAME);
}
static bool has_any_column_privilege_name_id(struct fcall *c)
{
    return has_any_column(c, BY_NAME, BY_OID);
}
static bool has_any_column_privilege_id_name(struct fcall *c)
{
    return has_any_column(c, BY_OID, BY_NAME);
}
static bool has_any_column_privilege_id_id(struct fcall *c)
{
    return has_any_column(c, BY_OID, BY_OID);
}
static bool has_any_column_privilege_name(struct fcall *c)
{
    return has_any_column(c, BY_CURRENT, BY_NAME);
}
static bool has_any_column_privilege_id(struct fcall *c)
{
    return has_any_column(c, BY_CURRENT, BY_OID);
}

/* ---- roles ---- */

static bool has_role(struct fcall *c, enum by user_by, enum by role_by)
{
    int at = user_by != BY_CURRENT;
    uint32_t user, role;
    const struct catalog *catalog = c->env->catalog;
    if (!user_argument(c, 0, user_by, &user) || !user_argument(c, at, role_by, &role))
        return false;
    const char *words = text_argument(c, at + 1);
    bool super = role_is_superuser(catalog, user);
    bool any = false;
    while (*words) {
        size_t n = strcspn(words, ",");
        const char *p = words;
        size_t length = n;
        while (length && *p == ' ')
            p++, length--;
        while (length && p[length - 1] == ' ')
            length--;
        if (length == 5 && strncasecmp(p, "USAGE", 5) == 0)
            any |= super || role_is_member(catalog, user, role, true);
        else if (length >= 6 && strncasecmp(p, "MEMBER", 6) == 0)
            any |= super || role_is_member(catalog, user, role, false);
        else if (length >= 5 && strncasecmp(p, "USAGE", 5) == 0)
            any |= super;
        else
            return err_set(c->err, ERR_INVALID_PARAMETER_VALUE,
                           "unrecognized privilege type: \"%.*s\"", (int)length, p);
        words += n;
        if (*words)
            words++;
    }
    return return_bool(c, any);
}

static bool pg_has_role_name_name(struct fcall *c)
{
    return has_role(c, BY_NAME, BY_NAME);
}
static bool pg_has_role_name_id(struct fcall *c)
{
    return has_role(c, BY_NAME, BY_OID);
}
static bool pg_has_role_id_name(struct fcall *c)
{
    return has_role(c, BY_OID, BY_NAME);
}
static bool pg_has_role_id_id(struct fcall *c)
{
    return has_role(c, BY_OID, BY_OID);
}
static bool pg_has_role_name(struct fcall *c)
{
    return has_role(c, BY_CURRENT, BY_NAME);
}
static bool pg_has_role_id(struct fcall *c)
{
    return has_role(c, BY_CURRENT, BY_OID);
}

#define ENTRY(name)                                                                                \
    {                                                                                              \
#name, name                                                                                \
    }
#define SIX_ENTRIES(name)                                                                          \
    ENTRY(name##_name_name), ENTRY(name##_name_id), ENTRY(name##_id_name), ENTRY(name##_id_id),    \
        ENTRY(name##_name), ENTRY(name##_id)

FUNC_TABLE(catalog_privilege_funcs) = {
    SIX_ENTRIES(has_table_privilege),
    SIX_ENTRIES(has_sequence_privilege),
    SIX_ENTRIES(has_database_privilege),
    SIX_ENTRIES(has_schema_privilege),
    SIX_ENTRIES(has_function_privilege),
    SIX_ENTRIES(has_type_privilege),
    SIX_ENTRIES(has_language_privilege),
    SIX_ENTRIES(has_tablespace_privilege),
    SIX_ENTRIES(has_server_privilege),
    SIX_ENTRIES(has_foreign_data_wrapper_privilege),
    ENTRY(has_parameter_privilege_name_name),
    ENTRY(has_parameter_privilege_id_name),
    ENTRY(has_parameter_privilege_name),
    SIX_ENTRIES(has_any_column_privilege),
    SIX_ENTRIES(pg_has_role),
    ENTRY(has_column_privilege_name_name_name),
    ENTRY(has_column_privilege_name_name_attnum),
    ENTRY(has_column_privilege_name_id_name),
    ENTRY(has_column_privilege_name_id_attnum),
    ENTRY(has_column_privilege_id_name_name),
    ENTRY(has_column_privilege_id_name_attnum),
    ENTRY(has_column_privilege_id_id_name),
    ENTRY(has_column_privilege_id_id_attnum),
    ENTRY(has_column_privilege_name_name),
    ENTRY(has_column_privilege_name_attnum),
    ENTRY(has_column_privilege_id_name),
    ENTRY(has_column_privilege_id_attnum),
    {NULL, NULL},
};
