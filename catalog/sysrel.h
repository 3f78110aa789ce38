/* sysrel.h - system relations whose rows are made by code: pg_catalog's tables and some of its views.
 *
 * A scan calls back with each row; a row maker is straight-line code.  A hint (equality on an OID or name column) lets a maker
 * skip the rest; it is only a hint: the executor checks its quals again. */
#ifndef SHARDLITE_CATALOG_SYSREL_H
#define SHARDLITE_CATALOG_SYSREL_H

#include "catalog/catalog.h"
#include "func/env.h"

struct sysrel;
struct sysrel_scan; /* the state of one scan */

struct sysrel_hint {
    int16_t attnum;            /* column = value */
    const struct datum *value; /* of the column's type, not NULL */
};

/* Takes one row, borrowed for the call: one datum a column.  False ends the scan. */
typedef bool (*sysrel_emit_fn)(void *arg, const struct datum *row);
/* All rows of the relation that `system` belongs to, as env's catalog has them.  `hint` may be NULL.  False: err is filled, or
 * `emit` returned false. */
MUST_CHECK bool sysrel_scan(const struct sysrel *system, const struct env *env,
                            const struct sysrel_hint *hint, sysrel_emit_fn emit, void *arg,
                            struct err *err);

/* Never NULL: relations without content of their own are empty. */
const struct sysrel *sysrel_find(const char *schema, const char *name);
/* The one row of a sequence: SELECT last_value FROM s.  In `arena`. */
const struct sysrel *sysrel_of_sequence(struct arena *arena, uint32_t sequence_oid);
/* The definition of a system view that is written in SQL; NULL: rows are made by code. */
const char *sysview_sql(const char *schema, const char *name);

/* ---- content that upper layers own (pg_settings, pg_stat_activity, pg_locks, pg_prepared_statements, pg_cursors, ...) ----
 * A provider makes the rows of one relation by name; installed once at start, before the first session. */
typedef bool (*sysrel_rows_fn)(struct sysrel_scan *scan);
void sysrel_install(const char *name, sysrel_rows_fn rows);

/* ---- for row makers ---- */

struct sysrel_scan {
    struct arena *arena; /* of the current row: emptied by the next row_begin() */
    struct arena *keep;  /* of the scan */
    struct err *err;
    const struct env *env;
    const struct catalog *catalog;
    const struct relation *relation;
    const struct sysrel_hint *hint;
    sysrel_emit_fn emit;
    void *arg;
    struct datum *row; /* being filled by row_* */
    bool has_row, stopped;
};
/* Starts a row of NULLs and emits the one before. */
void row_begin(struct sysrel_scan *scan);
/* Set one column of the current row; attnum from 1. */
void row_int(struct sysrel_scan *scan, int attnum,
             int64_t value); /* bool, "char", ints, oid, reg*, timestamptz */
void row_float(struct sysrel_scan *scan, int attnum, double value);
void row_text(struct sysrel_scan *scan, int attnum,
              const char *text); /* NULL stays NULL; text, name */
void row_datum(struct sysrel_scan *scan, int attnum, struct datum value);
void row_oids(struct sysrel_scan *scan, int attnum, const uint32_t *oids,
              size_t n); /* oidvector or oid[] by the column's type */
void row_ints(struct sysrel_scan *scan, int attnum, const int16_t *values,
              size_t n); /* int2vector or int2[] */
void row_texts(struct sysrel_scan *scan, int attnum, const char *const *texts,
               size_t n); /* text[], name[] */
/* Through the type's input function: any type. */
MUST_CHECK bool row_input(struct sysrel_scan *scan, int attnum, const char *text);
/* The value that a column is to equal, or NULL. */
const struct datum *scan_hint(const struct sysrel_scan *scan, int attnum);
/* False when a hint on the OID column `attnum` rules this object out. */
bool scan_wants_oid(const struct sysrel_scan *scan, int attnum, uint32_t oid);
bool scan_wants_name(const struct sysrel_scan *scan, int attnum, const char *name);

#endif
