/* sysrel_cluster.c - rows about what all databases share: pg_database, pg_authid, pg_auth_members, pg_db_role_setting, pg_shdescription,
 * pg_tablespace. */
#include <string.h>

#include "catalog/cluster.h"
#include "catalog/sysrel_int.h"

#define ENCODING_UTF8 6
#define TABLESPACE_DEFAULT 1663
#define TABLESPACE_GLOBAL 1664

static bool pg_database(struct sysrel_scan *scan)
{
    const struct cluster_database *const *list;
    size_t n = catalog_databases(scan->catalog, scan->keep, &list);
    for (size_t k = 0; k < n; k++) {
        const struct cluster_database *database = list[k];
        if (!scan_wants_oid(scan, 1, database->oid) || !scan_wants_name(scan, 2, database->name))
            continue;
        row_begin(scan);
        row_int(scan, 1, database->oid);
        row_text(scan, 2, database->name);
        row_int(scan, 3, database->owner_oid);
        row_int(scan, 4, ENCODING_UTF8);
        row_int(scan, 5, 'c');
        row_int(scan, 6, database->is_template);
        row_int(scan, 7, database->allow_connections);
        row_int(scan, 8, database->connection_limit);
        row_int(scan, 9, 716);
        row_int(scan, 10, 1);
        row_int(scan, 11, TABLESPACE_DEFAULT);
        row_text(scan, 12, "C.UTF-8");
        row_text(scan, 13, "C.UTF-8");
        row_acl(scan, 16, database->acl);
    }
    return true;
}

static bool pg_authid(struct sysrel_scan *scan)
{
    const struct role *const *list;
    size_t n = catalog_roles(scan->catalog, scan->keep, &list);
    for (size_t k = 0; k < n; k++) {
        const struct role *role = list[k];
        if (!scan_wants_oid(scan, 1, role->oid) || !scan_wants_name(scan, 2, role->name))
            continue;
        row_begin(scan);
        row_int(scan, 1, role->oid);
        row_text(scan, 2, role->name);
        row_int(scan, 3, role->super);
        row_int(scan, 4, role->inherit);
        row_int(scan, 5, role->create_role);
        row_int(scan, 6, role->create_db);
        row_int(scan, 7, role->login);
        row_int(scan, 8, role->replication);
        row_int(scan, 9, role->bypass_rls);
        row_int(scan, 10, role->connection_limit);
        row_text(scan, 11, role->password);
        if (role->has_valid_until)
            row_int(scan, 12, role->valid_until);
    }
    return true;
}

static bool pg_auth_members(struct sysrel_scan *scan)
{
    const struct role *const *list;
    size_t n = catalog_roles(scan->catalog, scan->keep, &list);
    for (size_t k = 0; k < n; k++)
        for (uint16_t m = 0; m < list[k]->n_memberships; m++) {
            const struct membership *membership = &list[k]->memberships[m];
            row_begin(scan);
            row_int(scan, 1, membership->role_oid);
            row_int(scan, 2, list[k]->oid);
            row_int(scan, 3, membership->grantor_oid);
            row_int(scan, 4, membership->admin);
        }
    return true;
}

/* One row for each (database, role) that has settings; a list is ordered as it was set. */
static void setting_rows(struct sysrel_scan *scan, const struct role_setting *settings, uint16_t n)
{
    for (uint16_t k = 0; k < n; k++) {
        bool first = true;
        for (uint16_t j = 0; j < k; j++)
            first = first && settings[j].database_oid != settings[k].database_oid;
        if (!first)
            continue;
        row_begin(scan);
        const char **texts = ARENA_ARRAY(scan->arena, const char *, n);
        size_t n_texts = 0;
        for (uint16_t j = k; j < n; j++)
            if (settings[j].database_oid == settings[k].database_oid)
                texts[n_texts++] = settings[j].text;
        row_int(scan, 1, settings[k].database_oid);
        row_int(scan, 2, settings[k].role_oid);
        row_texts(scan, 3, texts, n_texts);
    }
}

static bool pg_db_role_setting(struct sysrel_scan *scan)
{
    const struct role *const *roles;
    const struct cluster_database *const *databases;
    size_t n = catalog_databases(scan->catalog, scan->keep, &databases);
    for (size_t k = 0; k < n; k++)
        setting_rows(scan, databases[k]->settings, databases[k]->n_settings);
    n = catalog_roles(scan->catalog, scan->keep, &roles);
    for (size_t k = 0; k < n; k++)
        setting_rows(scan, roles[k]->settings, roles[k]->n_settings);
    return true;
}

static void description_row(struct sysrel_scan *scan, uint32_t oid, uint32_t class_oid,
                            const char *text)
{
    if (!text || !scan_wants_oid(scan, 1, oid))
        return;
    row_begin(scan);
    row_int(scan, 1, oid);
    row_int(scan, 2, class_oid);
    row_text(scan, 3, text);
}

static bool pg_shdescription(struct sysrel_scan *scan)
{
    const struct role *const *roles;
    const struct cluster_database *const *databases;
    size_t n = catalog_databases(scan->catalog, scan->keep, &databases);
    for (size_t k = 0; k < n; k++)
        description_row(scan, databases[k]->oid, CLASS_DATABASE, databases[k]->comment);
    n = catalog_roles(scan->catalog, scan->keep, &roles);
    for (size_t k = 0; k < n; k++)
        description_row(scan, roles[k]->oid, CLASS_AUTHID, roles[k]->comment);
    return true;
}

static bool pg_tablespace(struct sysrel_scan *scan)
{
    static const struct {
        uint32_t oid;
        const char *name;
    } spaces[] = {{TABLESPACE_DEFAULT, "pg_default"}, {TABLESPACE_GLOBAL, "pg_global"}};
    for (size_t k = 0; k < ARRAY_COUNT(spaces); k++) {
        row_begin(scan);
        row_int(scan, 1, spaces[k].oid);
        row_text(scan, 2, spaces[k].name);
        row_int(scan, 3, ROLE_BOOTSTRAP);
    }
    return true;
}

const struct sysrel_entry sysrel_cluster_rows[] = {
    {"pg_database", pg_database},
    {"pg_authid", pg_authid},
    {"pg_auth_members", pg_auth_members},
    {"pg_db_role_setting", pg_db_role_setting},
    {"pg_shdescription", pg_shdescription},
    {"pg_tablespace", pg_tablespace},
    {NULL, NULL},
};
