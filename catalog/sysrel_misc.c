/* sysrel_misc.c - time zones, statistics views, settings without a session, extensions that could be made.
 *
 * Shardlite keeps no per-table counters of PostgreSQL's kind; the statistics views list the objects, with zeros. */
#include <string.h>

#include "catalog/cluster.h"
#include "catalog/objects.h"
#include "catalog/extension.h"
#include "catalog/sysrel_int.h"
#include "types/datetime.h"
#include "types/timezone.h"

/* ---- time zones ---- */

static void put_offset(struct sysrel_scan *scan, int attnum, int32_t seconds)
{
    struct interval *interval = ARENA_NEW(scan->arena, struct interval);
    interval->usec = seconds * USEC_PER_SEC;
    row_datum(scan, attnum, datum_bytes(interval, sizeof(*interval)));
}

static int64_t now_unix(const struct sysrel_scan *scan)
{
    return (scan->env->statement_us - UNIX_EPOCH_USEC) / USEC_PER_SEC;
}

static bool zone_row(void *arg, const struct timezone *zone)
{
    struct sysrel_scan *scan = arg;
    struct zone_period period = timezone_at(zone, now_unix(scan));
    row_begin(scan);
    row_text(scan, 1, timezone_name(zone));
    row_text(scan, 2, period.abbrev);
    put_offset(scan, 3, period.offset);
    row_int(scan, 4, period.is_dst);
    return true;
}

static bool pg_timezone_names(struct sysrel_scan *scan)
{
    timezone_each(zone_row, scan);
    return true;
}

static bool pg_timezone_abbrevs(struct sysrel_scan *scan)
{
    const struct zone_abbrev *abbrev;
    for (size_t k = 0; (abbrev = zone_abbrev_at(k)); k++) {
        int32_t offset = abbrev->offset;
        bool is_dst = abbrev->is_dst;
        const struct timezone *zone = abbrev->zone ? timezone_find(abbrev->zone) : NULL;
        struct zone_period period;
        if (zone && timezone_interpret_abbrev(zone, abbrev->name, now_unix(scan), &period)) {
            offset = period.offset;
            is_dst = period.is_dst;
        }
        row_begin(scan);
        row_text(scan, 1, abbrev->name);
        put_offset(scan, 2, offset);
        row_int(scan, 3, is_dst);
    }
    return true;
}

/* ---- statistics ---- */

static void zeros(struct sysrel_scan *scan, int first, int last)
{
    for (int attnum = first; attnum <= last; attnum++) {
        uint32_t type = scan->relation->columns[attnum - 1].type->oid;
        if (type == TYPE_FLOAT8)
            row_float(scan, attnum, 0);
        else if (type == TYPE_INT8 || type == TYPE_INT4)
            row_int(scan, attnum, 0);
    }
}

static bool is_system_schema(const char *name)
{
    return strcmp(name, "pg_catalog") == 0 || strcmp(name, "information_schema") == 0 ||
           strncmp(name, "pg_toast", 8) == 0;
}

/* The _user_ and _sys_ views take their share of all tables. */
static bool in_share(const struct sysrel_scan *scan, const char *schema)
{
    const char *name = scan->relation->name;
    if (strstr(name, "_user_"))
        return !is_system_schema(schema);
    if (strstr(name, "_sys_"))
        return is_system_schema(schema);
    return true;
}

static bool stat_tables(struct sysrel_scan *scan)
{
    const struct relation *relation;
    for (size_t at = 0; (relation = catalog_next_relation(scan->catalog, &at));) {
        if ((relation->kind != 'r' && relation->kind != 'm') ||
            !in_share(scan, relation->namespace_name))
            continue;
        row_begin(scan);
        row_int(scan, 1, relation->oid);
        row_text(scan, 2, relation->namespace_name);
        row_text(scan, 3, relation->name);
        zeros(scan, 4, scan->relation->n_columns);
    }
    return true;
}

static bool stat_indexes(struct sysrel_scan *scan)
{
    const struct index *index;
    for (size_t at = 0; (index = catalog_next_index(scan->catalog, &at));) {
        const struct relation *relation = catalog_relation(scan->catalog, index->relation_oid);
        if (!relation || !in_share(scan, relation->namespace_name))
            continue;
        row_begin(scan);
        row_int(scan, 1, relation->oid);
        row_int(scan, 2, index->oid);
        row_text(scan, 3, relation->namespace_name);
        row_text(scan, 4, relation->name);
        row_text(scan, 5, index->name);
        zeros(scan, 6, scan->relation->n_columns);
    }
    return true;
}

static bool stat_sequences(struct sysrel_scan *scan)
{
    const struct relation *relation;
    for (size_t at = 0; (relation = catalog_next_relation(scan->catalog, &at));) {
        if (relation->kind != 'S' || !in_share(scan, relation->namespace_name))
            continue;
        row_begin(scan);
        row_int(scan, 1, relation->oid);
        row_text(scan, 2, relation->namespace_name);
        row_text(scan, 3, relation->name);
        zeros(scan, 4, scan->relation->n_columns);
    }
    return true;
}

static bool pg_stat_database(struct sysrel_scan *scan)
{
    const struct cluster_database *const *list;
    size_t n = catalog_databases(scan->catalog, scan->keep, &list);
    row_begin(scan);
    row_int(scan, 1, 0);
    zeros(scan, 4, scan->relation->n_columns);
    row_datum(scan, 17, datum_null());
    for (size_t k = 0; k < n; k++) {
        row_begin(scan);
        row_int(scan, 1, list[k]->oid);
        row_text(scan, 2, list[k]->name);
        zeros(scan, 3, scan->relation->n_columns);
        row_datum(scan, 17, datum_null());
    }
    return true;
}

static bool one_row_of_zeros(struct sysrel_scan *scan)
{
    row_begin(scan);
    zeros(scan, 1, scan->relation->n_columns);
    return true;
}

/* ---- settings: what a fresh session has; a session installs its own ---- */

static bool pg_settings(struct sysrel_scan *scan)
{
    for (size_t k = 0; k < builtin_n_settings; k++) {
        const struct builtin_setting *setting = &builtin_settings[k];
        if (!scan_wants_name(scan, 1, setting->name))
            continue;
        row_begin(scan);
        row_text(scan, 1, setting->name);
        row_text(scan, 2, setting->setting);
        row_text(scan, 3, setting->unit);
        row_text(scan, 4, setting->category);
        row_text(scan, 5, "");
        row_text(scan, 7, setting->context);
        row_text(scan, 8, setting->vartype);
        row_text(scan, 9, "default");
        row_text(scan, 10, setting->min);
        row_text(scan, 11, setting->max);
        if (setting->enums && !row_input(scan, 12, setting->enums))
            return false;
        row_text(scan, 13, setting->boot);
        row_text(scan, 14, setting->setting);
        row_int(scan, 17, false);
    }
    return true;
}

static bool pg_available_extensions(struct sysrel_scan *scan)
{
    for (size_t k = 0; k < n_known_extensions; k++) {
        const struct extension_facts *known = &known_extensions[k];
        const struct extension *extension = catalog_extension_by_name(scan->catalog, known->name);
        row_begin(scan);
        row_text(scan, 1, known->name);
        row_text(scan, 2, known->version);
        row_text(scan, 3,
                 extension                             ? extension->version
                 : strcmp(known->name, "plpgsql") == 0 ? known->version
                                                       : NULL);
        row_text(scan, 4, known->comment);
    }
    return true;
}

const struct sysrel_entry sysrel_misc_rows[] = {
    {"pg_timezone_names", pg_timezone_names},
    {"pg_timezone_abbrevs", pg_timezone_abbrevs},
    {"pg_stat_all_tables", stat_tables},
    {"pg_stat_user_tables", stat_tables},
    {"pg_stat_sys_tables", stat_tables},
    {"pg_stat_xact_all_tables", stat_tables},
    {"pg_stat_xact_user_tables", stat_tables},
    {"pg_stat_xact_sys_tables", stat_tables},
    {"pg_statio_all_tables", stat_tables},
    {"pg_statio_user_tables", stat_tables},
    {"pg_statio_sys_tables", stat_tables},
    {"pg_stat_all_indexes", stat_indexes},
    {"pg_stat_user_indexes", stat_indexes},
    {"pg_stat_sys_indexes", stat_indexes},
    {"pg_statio_all_indexes", stat_indexes},
    {"pg_statio_user_indexes", stat_indexes},
    {"pg_statio_sys_indexes", stat_indexes},
    {"pg_statio_all_sequences", stat_sequences},
    {"pg_statio_user_sequences", stat_sequences},
    {"pg_statio_sys_sequences", stat_sequences},
    {"pg_stat_database", pg_stat_database},
    {"pg_stat_bgwriter", one_row_of_zeros},
    {"pg_stat_archiver", one_row_of_zeros},
    {"pg_stat_wal", one_row_of_zeros},
    {"pg_settings", pg_settings},
    {"pg_available_extensions", pg_available_extensions},
    {NULL, NULL},
};
