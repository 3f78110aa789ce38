/* info.h - writing rows of information_schema: column after column, in the view's order. */
#ifndef SHARDLITE_CATALOG_INFO_H
#define SHARDLITE_CATALOG_INFO_H

#include "catalog/acl.h"
#include "catalog/cluster.h"
#include "catalog/func_int.h"
#include "catalog/sysrel_int.h"

struct info {
    struct sysrel_scan *scan;
    const char *database;
    int at; /* the column that was written last */
};

static inline struct info info_row(struct sysrel_scan *scan)
{
    row_begin(scan);
    return (struct info){scan, catalog_database(scan->catalog), 0};
}
static inline void put_info(struct info *i, const char *text) /* NULL: NULL */
{
    row_text(i->scan, ++i->at, text);
}
static inline void put_catalog(struct info *i)
{
    put_info(i, i->database);
}
static inline void put_yes(struct info *i, bool yes)
{
    put_info(i, yes ? "YES" : "NO");
}
static inline void put_count(struct info *i, int64_t value)
{
    row_int(i->scan, ++i->at, value);
}
static inline void put_nulls(struct info *i, int n)
{
    i->at += n;
}
/* "catalog, schema, name" */
static inline void put_name(struct info *i, const char *schema, const char *name)
{
    put_catalog(i);
    put_info(i, schema);
    put_info(i, name);
}

/* ---- info_type.c ---- */
/* Below domains: *typmod becomes the domain's. */
const struct type *info_base_type(const struct type *type, int32_t *typmod);
/* "ARRAY", the name of a built-in type, or "USER-DEFINED". */
const char *info_data_type(struct sysrel_scan *scan, const struct type *base);
void put_data_type(struct info *i, const struct type *base);
void put_character_lengths(struct info *i, const struct type *base, int32_t typmod); /* 2 columns */
void put_numeric_facts(struct info *i, const struct type *base,
                       int32_t typmod); /* precision, radix, scale */
void put_datetime_facts(struct info *i, const struct type *base,
                        int32_t typmod);               /* precision, interval type, its precision */
void put_udt(struct info *i, const struct type *base); /* catalog, schema, name */
void put_collation(struct info *i, uint32_t collation_oid); /* catalog, schema, name */

/* ---- what the current user may see ---- */
bool info_owns(const struct sysrel_scan *scan, uint32_t owner_oid);
bool info_sees(
    const struct sysrel_scan *scan,
    const struct relation *relation); /* owns, or has any privilege on it or its columns */

#endif
