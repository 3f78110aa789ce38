/* sysrel_int.h - the tables of row makers, one a file, ended by a NULL name; and what they share. */
#ifndef SHARDLITE_CATALOG_SYSREL_INT_H
#define SHARDLITE_CATALOG_SYSREL_INT_H

#include "catalog/builtin.h"
#include "catalog/sysrel.h"

struct sysrel_entry {
    const char *name;
    sysrel_rows_fn rows;
};
extern const struct sysrel_entry
    sysrel_relation_rows[]; /* pg_class, pg_attribute, pg_index, pg_constraint ... */
extern const struct sysrel_entry
    sysrel_object_rows[]; /* pg_type, pg_proc, pg_namespace, pg_depend ... */
extern const struct sysrel_entry sysrel_cluster_rows[]; /* pg_database, pg_authid ... */
extern const struct sysrel_entry sysrel_misc_rows[];    /* statistics, time zones, locale */
extern const struct sysrel_entry
    info_table_rows[]; /* information_schema: schemata, tables, columns, views, sequences ... */
extern const struct sysrel_entry
    info_constraint_rows[];                           /* table_constraints, key_column_usage ... */
extern const struct sysrel_entry info_type_rows[];    /* domains, attributes, element_types ... */
extern const struct sysrel_entry info_routine_rows[]; /* routines, parameters */
extern const struct sysrel_entry info_privilege_rows[]; /* grants, roles */

/* acl as aclitem[]; NULL stays NULL. */
void row_acl(struct sysrel_scan *scan, int attnum, const struct acl *acl);

#endif
