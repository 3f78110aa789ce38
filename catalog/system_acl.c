/* system_acl.c - what the system's own relations grant: mostly all to their owner and reading to everybody.
 *
 * Passwords, statistics and what tells of the server's files are for superusers only. */
#include <string.h>

#include "catalog/acl.h"
#include "catalog/builtin.h"
#include "catalog/cluster.h"
#include "catalog/system_acl.h"

#define ROLE_READ_ALL_STATS 3375u
#define PRIV_ALL_OF_TABLE                                                                          \
    (PRIV_INSERT | PRIV_SELECT | PRIV_UPDATE | PRIV_DELETE | PRIV_TRUNCATE | PRIV_REFERENCES |     \
     PRIV_TRIGGER)

static const char *const for_superusers[] = {
    "pg_authid",
    "pg_config",
    "pg_file_settings",
    "pg_hba_file_rules",
    "pg_ident_file_mappings",
    "pg_largeobject",
    "pg_replication_origin_status",
    "pg_shadow",
    "pg_statistic",
    "pg_statistic_ext_data",
    "pg_subscription",
    "pg_user_mapping",
    NULL,
};
static const char *const without[] = {
    "sql_parts",
    "transforms",
    "_pg_foreign_table_columns",
    "_pg_foreign_data_wrappers",
    "_pg_foreign_servers",
    "_pg_foreign_tables",
    "_pg_user_mappings",
    NULL,
};

static bool is_one_of(const char *const *names, const char *name)
{
    for (; *names; names++)
        if (strcmp(*names, name) == 0)
            return true;
    return false;
}

const struct acl *system_relation_acl(const struct relation *relation)
{
    static const struct acl owner = {1, {{ROLE_BOOTSTRAP, ROLE_BOOTSTRAP, PRIV_ALL_OF_TABLE, 0}}};
    static const struct acl readable = {2,
                                        {{ROLE_BOOTSTRAP, ROLE_BOOTSTRAP, PRIV_ALL_OF_TABLE, 0},
                                         {0, ROLE_BOOTSTRAP, PRIV_SELECT, 0}}};
    static const struct acl settings = {2,
                                        {{ROLE_BOOTSTRAP, ROLE_BOOTSTRAP, PRIV_ALL_OF_TABLE, 0},
                                         {0, ROLE_BOOTSTRAP, PRIV_SELECT | PRIV_UPDATE, 0}}};
    static const struct acl statistics = {2,
                                          {{ROLE_BOOTSTRAP, ROLE_BOOTSTRAP, PRIV_ALL_OF_TABLE, 0},
                                           {ROLE_READ_ALL_STATS, ROLE_BOOTSTRAP, PRIV_SELECT, 0}}};
    if (is_one_of(for_superusers, relation->name))
        return &owner;
    if (is_one_of(without, relation->name))
        return NULL;
    if (strcmp(relation->name, "pg_settings") == 0)
        return &settings;
    if (strcmp(relation->name, "pg_shmem_allocations") == 0 ||
        strcmp(relation->name, "pg_backend_memory_contexts") == 0)
        return &statistics;
    return &readable;
}

const struct acl *system_column_acl(const struct relation *relation, const struct column *column)
{
    static const struct acl readable = {1, {{0, ROLE_BOOTSTRAP, PRIV_SELECT, 0}}};
    if (strcmp(relation->name, "pg_subscription") != 0 || strcmp(column->name, "subconninfo") == 0)
        return NULL;
    return &readable;
}

const struct acl *system_namespace_acl(uint32_t namespace_oid)
{
    static const struct acl usable = {
        2,
        {{ROLE_BOOTSTRAP, ROLE_BOOTSTRAP, PRIV_USAGE | PRIV_CREATE, 0},
         {0, ROLE_BOOTSTRAP, PRIV_USAGE, 0}}};
    static const struct acl public = {
        2,
        {{ROLE_DATABASE_OWNER, ROLE_DATABASE_OWNER, PRIV_USAGE | PRIV_CREATE, 0},
         {0, ROLE_DATABASE_OWNER, PRIV_USAGE, 0}}};
    if (namespace_oid == NAMESPACE_PUBLIC)
        return &public;
    return namespace_oid < FIRST_USER_OID && namespace_oid != NAMESPACE_PG_TOAST ? &usable : NULL;
}
