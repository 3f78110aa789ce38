/* sysrel.h - system relations whose rows are made by code: pg_catalog's tables and some of its views.
 *
 * A scan materialises its rows in the arena when it is opened: the catalogs are small, and a row maker is straight-line
 * code.  Hints (equality on an OID or name column) let a maker skip the rest; they are only hints: the executor checks its quals again. */
#ifndef SHARDLITE_CATALOG_SYSREL_H
#define SHARDLITE_CATALOG_SYSREL_H

#include "catalog/catalog.h"
#include "func/env.h"

struct sysrel;
struct sysrel_scan;

struct sysrel_hint {
    int16_t attnum;     /* column = value */
    struct datum value; /* of the column's type, not NULL */
};

/* Opens a scan of a relation with `system` set.  Everything lives in `arena`.  NULL with err on failure. */
struct sysrel_scan *sysrel_open(const struct relation *relation, const struct env *env, struct arena *arena,
                                const struct sysrel_hint *hints, size_t n_hints, struct err *err);
/* The next row, one datum a column; NULL at the end. */
const struct datum *sysrel_next(struct sysrel_scan *scan);
void sysrel_rewind(struct sysrel_scan *scan);
size_t sysrel_n_rows(const struct sysrel_scan *scan);

/* Never NULL: relations without content of their own are empty. */
const struct sysrel *sysrel_find(const char *schema, const char *name);
/* The definition of a system view that is written in SQL; NULL: rows are made by code. */
const char *sysview_sql(const char *schema, const char *name);

/* ---- content that upper layers own (pg_settings, pg_stat_activity, pg_locks, pg_prepared_statements, pg_cursors, ...) ----
 * A provider makes the rows of one relation by name; installed once at start, before the first session. */
typedef bool (*sysrel_rows_fn)(struct sysrel_scan *scan);
void sysrel_install(const char *name, sysrel_rows_fn rows);

/* ---- for row makers ---- */

struct sysrel_scan {
    struct arena *arena;
    struct err *err;
    const struct env *env;
    const struct relation *relation;
    const struct sysrel_hint *hints;
    size_t n_hints;
    VEC(struct datum *) rows;
    size_t at;
    struct datum *row; /* being filled by row_* */
};
/* Starts a row of NULLs; it is emitted right away. */
void row_begin(struct sysrel_scan *scan);
/* Set one column of the current row; attnum from 1. */
void row_int(struct sysrel_scan *scan, int attnum, int64_t value); /* bool, "char", ints, oid, reg*, timestamptz */
void row_float(struct sysrel_scan *scan, int attnum, double value);
void row_text(struct sysrel_scan *scan, int attnum, const char *text); /* NULL stays NULL; text, name */
void row_datum(struct sysrel_scan *scan, int attnum, struct datum value);
void row_oids(struct sysrel_scan *scan, int attnum, const uint32_t *oids, size_t n); /* oidvector or oid[] by the column's type */
void row_ints(struct sysrel_scan *scan, int attnum, const int16_t *values, size_t n); /* int2vector or int2[] */
void row_texts(struct sysrel_scan *scan, int attnum, const char *const *texts, size_t n); /* text[], name[] */
/* Through the type's input function: any type. */
MUST_CHECK bool row_input(struct sysrel_scan *scan, int attnum, const char *text);
/* The hint on a column, or NULL. */
const struct sysrel_hint *scan_hint(const struct sysrel_scan *scan, int attnum);
/* False when a hint on the OID column `attnum` rules this object out. */
bool scan_wants_oid(const struct sysrel_scan *scan, int attnum, uint32_t oid);
bool scan_wants_name(const struct sysrel_scan *scan, int attnum, const char *name);

#endif
