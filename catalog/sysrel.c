/* sysrel.c - scans of system relations, and which code makes which relation's rows.
 *
 * Three sources: row makers of sysrel_*.c, whole rows kept as text in catalog/data (catalogs that never change), and providers installed by upper
 * layers.  A relation with none of them exists and is empty. */
#include "catalog/sysrel.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "catalog/builtin.h"
#include "catalog/sysrel_int.h"
#include "txn/txn.h"
#include "types/array.h"

struct sysrel {
    const char *name;
    sysrel_rows_fn rows;
    const struct builtin_rows *constant;
    uint32_t sequence_oid; /* the row of one sequence */
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct map *sysrels; /* name -> struct sysrel, made on demand, never freed */

static const struct sysrel_entry *const tables[] = {
    sysrel_relation_rows, sysrel_object_rows, sysrel_cluster_rows,
    sysrel_misc_rows,     info_table_rows,    info_constraint_rows,
    info_type_rows,       info_routine_rows,  info_privilege_rows,
};

static sysrel_rows_fn maker_of(const char *name)
{
    for (size_t t = 0; t < ARRAY_COUNT(tables); t++)
        for (const struct sysrel_entry *entry = tables[t]; entry->name; entry++)
            if (strcmp(entry->name, name) == 0)
                return entry->rows;
    return NULL;
}

static struct sysrel *get(const char *name)
{
    pthread_mutex_lock(&mutex);
    if (!sysrels)
        sysrels = map_new();
    struct sysrel *sysrel = map_get(sysrels, name, strlen(name));
    if (!sysrel) {
        sysrel = calloc(1, sizeof(*sysrel));
        ASSERT(sysrel != NULL);
        sysrel->name = strdup(name);
        sysrel->rows = maker_of(name);
        if (!sysrel->rows)
            sysrel->constant = builtin_rows_of(name);
        map_put(sysrels, name, strlen(name), sysrel);
    }
    pthread_mutex_unlock(&mutex);
    return sysrel;
}

const struct sysrel *sysrel_find(const char *schema, const char *name)
{
    return get(name);
}

void sysrel_install(const char *name, sysrel_rows_fn rows)
{
    get(name)->rows = rows;
}

/* ---- scans ---- */

/* Rows kept as text, column by column in the relation's order. */
static bool constant_rows(struct sysrel_scan *scan, const struct builtin_rows *rows)
{
    ASSERT(rows->n_columns == scan->relation->n_columns);
    const struct datum *hint = scan_hint(scan, 1);
    for (uint32_t r = 0; r < rows->n_rows; r++) {
        const char *const *cells = rows->cells + (size_t)r * rows->n_columns;
        if (hint && scan->relation->columns[0].type->oid == TYPE_OID && cells[0] &&
            strtoul(cells[0], NULL, 10) != (uint64_t)hint->i)
            continue;
        row_begin(scan);
        for (uint16_t c = 0; c < rows->n_columns; c++)
            if (cells[c] && !row_input(scan, c + 1, cells[c]))
                return false;
    }
    return true;
}

static bool sequence_row(struct sysrel_scan *scan)
{
    int64_t last_value = scan->relation->sequence->start;
    bool is_called = false;
    if (scan->env->txn &&
        !sequence_get(scan->env->txn, scan->relation, &last_value, &is_called, scan->err))
        return false;
    row_begin(scan);
    row_int(scan, 1, last_value);
    row_int(scan, 2, 0);
    row_int(scan, 3, is_called);
    return true;
}

const struct sysrel *sysrel_of_sequence(struct arena *arena, uint32_t sequence_oid)
{
    struct sysrel *sysrel = ARENA_NEW(arena, struct sysrel);
    sysrel->sequence_oid = sequence_oid;
    sysrel->rows = sequence_row;
    return sysrel;
}

static const struct relation *relation_of(const struct sysrel *sysrel,
                                          const struct catalog *catalog)
{
    if (sysrel->sequence_oid)
        return catalog_relation(catalog, sysrel->sequence_oid);
    const struct relation *relation = builtin_relation_by_name(NAMESPACE_PG_CATALOG, sysrel->name);
    return relation ? relation
                    : builtin_relation_by_name(builtin_information_schema(), sysrel->name);
}

static void emit_row(struct sysrel_scan *scan)
{
    if (scan->has_row && !scan->stopped && !scan->emit(scan->arg, scan->row))
        scan->stopped = true;
    scan->has_row = false;
}

bool sysrel_scan(const struct sysrel *system, const struct env *env, const struct sysrel_hint *hint,
                 sysrel_emit_fn emit, void *arg, struct err *err)
{
    struct sysrel_scan scan = {
        .keep = arena_new("system relation"),
        .err = err,
        .env = env,
        .catalog = env->catalog,
        .relation = relation_of(system, env->catalog),
        .hint = hint && hint->value && !hint->value->null ? hint : NULL,
        .emit = emit,
        .arg = arg,
    };
    ASSERT(scan.relation != NULL);
    scan.arena = arena_child(scan.keep, "row");
    scan.row = ARENA_ARRAY(scan.keep, struct datum, scan.relation->n_columns);
    bool ok = true;
    if (system->rows)
        ok = system->rows(&scan);
    else if (system->constant)
        ok = constant_rows(&scan, system->constant);
    if (ok)
        emit_row(&scan);
    arena_free(scan.keep);
    return ok && !scan.stopped;
}

/* ---- rows ---- */

void row_begin(struct sysrel_scan *scan)
{
    emit_row(scan);
    arena_reset(scan->arena);
    scan->has_row = true;
    for (uint16_t k = 0; k < scan->relation->n_columns; k++)
        scan->row[k] = datum_null();
}

static const struct type *row_type(const struct sysrel_scan *scan, int attnum)
{
    ASSERT(attnum >= 1 && attnum <= scan->relation->n_columns);
    return scan->relation->columns[attnum - 1].type;
}

void row_datum(struct sysrel_scan *scan, int attnum, struct datum value)
{
    ASSERT(attnum >= 1 && attnum <= scan->relation->n_columns);
    scan->row[attnum - 1] = value;
}

void row_int(struct sysrel_scan *scan, int attnum, int64_t value)
{
    row_datum(scan, attnum, datum_int(value));
}

void row_float(struct sysrel_scan *scan, int attnum, double value)
{
    row_datum(scan, attnum, datum_float(value));
}

void row_text(struct sysrel_scan *scan, int attnum, const char *text)
{
    if (text)
        row_datum(scan, attnum, datum_cstring(scan->arena, text));
}

/* int2vector and oidvector count from 0, arrays from 1. */
static void put_array(struct sysrel_scan *scan, int attnum, struct datum *items, size_t n)
{
    const struct type *type = row_type(scan, attnum);
    const struct type *elem = type->elem;
    bool vector = type->oid == TYPE_INT2VECTOR || type->oid == TYPE_OIDVECTOR;
    int32_t dims[1] = {(int32_t)n}, lower[1] = {vector ? 0 : 1};
    row_datum(scan, attnum,
              array_build(scan->arena, elem, n || vector ? 1 : 0, dims, lower, items));
}

void row_oids(struct sysrel_scan *scan, int attnum, const uint32_t *oids, size_t n)
{
    struct datum *items = ARENA_ARRAY(scan->arena, struct datum, n + 1);
    for (size_t k = 0; k < n; k++)
        items[k] = datum_int(oids[k]);
    put_array(scan, attnum, items, n);
}

void row_ints(struct sysrel_scan *scan, int attnum, const int16_t *values, size_t n)
{
    struct datum *items = ARENA_ARRAY(scan->arena, struct datum, n + 1);
    for (size_t k = 0; k < n; k++)
        items[k] = datum_int(values[k]);
    put_array(scan, attnum, items, n);
}

void row_texts(struct sysrel_scan *scan, int attnum, const char *const *texts, size_t n)
{
    struct datum *items = ARENA_ARRAY(scan->arena, struct datum, n + 1);
    for (size_t k = 0; k < n; k++)
        items[k] = texts[k] ? datum_cstring(scan->arena, texts[k]) : datum_null();
    put_array(scan, attnum, items, n);
}

bool row_input(struct sysrel_scan *scan, int attnum, const char *text)
{
    struct type_io io = {
        .arena = scan->arena,
        .err = scan->err,
        .type = row_type(scan, attnum),
        .typmod = -1,
        .settings = &settings_default,
        .env = scan->env,
    };
    struct datum value = datum_null();
    if (!type_in(&io, text, strlen(text), &value))
        return false;
    row_datum(scan, attnum, value);
    return true;
}

const struct datum *scan_hint(const struct sysrel_scan *scan, int attnum)
{
    return scan->hint && scan->hint->attnum == attnum ? scan->hint->value : NULL;
}

bool scan_wants_oid(const struct sysrel_scan *scan, int attnum, uint32_t oid)
{
    const struct datum *hint = scan_hint(scan, attnum);
    return !hint || hint->i == (int64_t)oid;
}

bool scan_wants_name(const struct sysrel_scan *scan, int attnum, const char *name)
{
    const struct datum *hint = scan_hint(scan, attnum);
    return !hint || (hint->n == strlen(name) && memcmp(hint->p, name, hint->n) == 0);
}
