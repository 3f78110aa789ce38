/* scan_sql.c - the SELECT of a scan, built once per shape and kept in the layout.
 *
 * A shape is everything but the values: which columns, which conditions on which columns, order, limit or not.  A condition
 * is left to the scan itself when the files cannot evaluate it: the column is not in them yet, it has neither native order nor a key
 * column, or an IN list is too long to bind. */
#include <string.h>

#include "txn/layout.h"

/* IN lists are padded to a power of two, so that few shapes serve all lengths. */
static uint32_t padded(uint32_t n)
{
    uint32_t size = 1;
    while (size < n)
        size *= 2;
    return size;
}

/* The column that the files compare for this condition; NULL: they cannot. */
static const char *qual_column(const struct row_layout *layout, const struct relation *relation,
                               const struct scan_qual *qual)
{
    uint32_t k = (uint32_t)qual->attnum - 1;
    if (!layout->stored_as[k])
        return NULL;
    if (qual->op == QUAL_IS_NULL || qual->op == QUAL_NOT_NULL)
        return layout->stored_as[k];
    if (qual->op == QUAL_IN && (qual->n_values > SHAPE_PARAMS_MAX || qual->n_values == 0))
        return NULL;
    if (type_base(relation->columns[k].type)->ops->native_order)
        return layout->stored_as[k];
    return qual->op == QUAL_EQ || qual->op == QUAL_IN ? layout->key_stored_as[k] : NULL;
}

static uint16_t put_qual(struct buf *sql, const char *column, const struct scan_qual *qual)
{
    static const char *const operators[] = {
        [QUAL_EQ] = " = ?",          [QUAL_LT] = " < ?",
        [QUAL_LE] = " <= ?",         [QUAL_GT] = " > ?",
        [QUAL_GE] = " >= ?",         [QUAL_IN] = " IN (?",
        [QUAL_IS_NULL] = " IS NULL", [QUAL_NOT_NULL] = " IS NOT NULL"};
    sql_put_name(sql, column);
    buf_puts(sql, operators[qual->op]);
    if (qual->op == QUAL_IS_NULL || qual->op == QUAL_NOT_NULL)
        return 0;
    if (qual->op != QUAL_IN)
        return 1;
    uint32_t n = padded(qual->n_values);
    for (uint32_t k = 1; k < n; k++)
        buf_puts(sql, ",?");
    buf_putc(sql, ')');
    return (uint16_t)n;
}

static void put_order(struct buf *sql, const struct relation *relation, const char *column,
                      const struct scan_spec *spec)
{
    buf_puts(sql, " ORDER BY ");
    sql_put_name(sql, column);
    if (spec->order_desc)
        buf_puts(sql, " DESC");
    if (!relation->columns[spec->order_attnum - 1].not_null)
        buf_puts(sql, spec->order_desc ? " NULLS FIRST" : " NULLS LAST");
}

static void put_agg(struct buf *sql, const struct row_layout *layout, const struct file_agg *agg)
{
    static const char *const opening[] = {
        [FILE_COUNT_ROWS] = "count(", [FILE_COUNT] = "count(", [FILE_SUM] = "sum(",
        [FILE_SUM_HIGH] = "sum(",     [FILE_SUM_LOW] = "sum(", [FILE_MIN] = "min(",
        [FILE_MAX] = "max("};
    buf_puts(sql, opening[agg->kind]);
    if (agg->kind == FILE_COUNT_ROWS)
        buf_putc(sql, '*');
    else
        sql_put_name(sql, layout->stored_as[agg->attnum - 1]);
    if (agg->kind == FILE_SUM_HIGH)
        buf_puts(sql, " >> 32");
    else if (agg->kind == FILE_SUM_LOW)
        buf_puts(sql, " & 4294967295");
    buf_putc(sql, ')');
}

static void put_from(struct scan_shape *shape, struct buf *sql, const struct row_layout *layout,
                     const struct scan_spec *spec)
{
    const char *glue = " WHERE ";
    buf_puts(sql, " FROM ");
    sql_put_name(sql, layout->table);
    for (uint32_t k = 0; k < spec->n_quals; k++) {
        const char *column = qual_column(layout, spec->relation, &spec->quals[k]);
        shape->pushed[k] = column != NULL;
        if (!column)
            continue;
        buf_puts(sql, glue);
        shape->n_params[k] = put_qual(sql, column, &spec->quals[k]);
        glue = " AND ";
    }
}

/* SQLite finds a lone min or max through an index, but not several of them. */
static void put_aggs(struct scan_shape *shape, struct buf *sql, const struct row_layout *layout,
                     const struct scan_spec *spec)
{
    for (uint32_t k = 0; k < spec->n_aggs; k++) {
        buf_puts(sql, spec->aggs_by_index ? ", (SELECT " : ", ");
        put_agg(sql, layout, &spec->aggs[k]);
        if (spec->aggs_by_index) {
            put_from(shape, sql, layout, spec);
            buf_putc(sql, ')');
        }
    }
    if (!spec->aggs_by_index)
        put_from(shape, sql, layout, spec);
}

static struct scan_shape *agg_shape_make(struct row_layout *layout, const struct scan_spec *spec)
{
    struct arena *arena = layout->arena;
    struct scan_shape *shape = ARENA_NEW(arena, struct scan_shape);
    uint16_t *columns = ARENA_ARRAY(arena, uint16_t, spec->n_aggs);
    struct buf sql = BUF_IN(arena);
    for (uint16_t k = 0; k < spec->n_aggs; k++)
        columns[k] = k;
    shape->pushed = ARENA_ARRAY(arena, bool, spec->n_quals + 1u);
    shape->n_params = ARENA_ARRAY(arena, uint16_t, spec->n_quals + 1u);
    shape->n_columns = (uint16_t)spec->n_aggs;
    shape->columns = columns;
    buf_puts(&sql, "SELECT 0");
    put_aggs(shape, &sql, layout, spec);
    shape->sql = buf_cstr(&sql);
    return shape;
}

static struct scan_shape *shape_make(struct row_layout *layout, const struct scan_spec *spec)
{
    struct arena *arena = layout->arena;
    struct scan_shape *shape = ARENA_NEW(arena, struct scan_shape);
    uint16_t *columns = ARENA_ARRAY(arena, uint16_t, layout->n_attributes + 1u);
    shape->pushed = ARENA_ARRAY(arena, bool, spec->n_quals + 1u);
    shape->n_params = ARENA_ARRAY(arena, uint16_t, spec->n_quals + 1u);
    struct buf sql = BUF_IN(arena);
    bool all_pushed = true;
    /* A condition that the scan has to check itself needs its column loaded. */
    uint8_t *extra = ARENA_ARRAY(arena, uint8_t, layout->n_attributes / 8u + 1u);
    for (uint32_t k = 0; k < spec->n_quals; k++)
        if (!qual_column(layout, spec->relation, &spec->quals[k]))
            extra[(spec->quals[k].attnum - 1) / 8] |=
                (uint8_t)(1u << ((spec->quals[k].attnum - 1) % 8));
    if (spec->order_attnum)
        extra[(spec->order_attnum - 1) / 8] |= (uint8_t)(1u << ((spec->order_attnum - 1) % 8));
    buf_puts(&sql, "SELECT _rid");
    for (uint16_t k = 0; k < layout->n_attributes; k++) {
        if (!layout->stored_as[k] ||
            (spec->columns && !bitmap_has(spec->columns, k) && !bitmap_has(extra, k)))
            continue;
        columns[shape->n_columns++] = k;
        buf_puts(&sql, ", ");
        sql_put_name(&sql, layout->stored_as[k]);
    }
    shape->columns = columns;
    put_from(shape, &sql, layout, spec);
    for (uint32_t k = 0; k < spec->n_quals; k++)
        all_pushed = all_pushed && shape->pushed[k];
    if (spec->order_attnum && layout->stored_as[spec->order_attnum - 1])
        put_order(&sql, spec->relation, layout->stored_as[spec->order_attnum - 1], spec);
    shape->limited = spec->limit_hint && all_pushed;
    if (shape->limited)
        buf_puts(&sql, " LIMIT ?");
    shape->sql = buf_cstr(&sql);
    return shape;
}

struct qual_shape {
    int16_t attnum;
    uint8_t op, log2_values;
};

struct agg_shape_key {
    int16_t attnum, kind;
};

static uint8_t log2_of(uint32_t n)
{
    uint8_t log2 = 0;
    while ((1u << log2) < n && log2 < 31)
        log2++;
    return n == 0 ? 255 : log2;
}

/* Everything that shape_make() reads from the spec. */
static size_t shape_key(const struct row_layout *layout, const struct scan_spec *spec, uint8_t *key,
                        size_t size)
{
    size_t bitmap = (layout->n_attributes + 7u) / 8u, n = 0;
    if (8 + bitmap + spec->n_quals * sizeof(struct qual_shape) +
            spec->n_aggs * sizeof(struct agg_shape_key) >
        size)
        return 0;
    int16_t head[3] = {spec->order_attnum,
                       (int16_t)(spec->order_desc | (spec->limit_hint != 0) << 1 |
                                 (spec->columns != NULL) << 2 | (spec->n_aggs != 0) << 3 |
                                 spec->aggs_by_index << 4),
                       (int16_t)spec->n_quals};
    memcpy(key, head, sizeof(head));
    n = sizeof(head);
    if (spec->columns) {
        memcpy(key + n, spec->columns, bitmap);
        n += bitmap;
    }
    for (uint32_t k = 0; k < spec->n_quals; k++) {
        struct qual_shape qual = {spec->quals[k].attnum, (uint8_t)spec->quals[k].op,
                                  spec->quals[k].op == QUAL_IN ? log2_of(spec->quals[k].n_values)
                                                               : 0};
        memcpy(key + n, &qual, sizeof(qual));
        n += sizeof(qual);
    }
    for (uint32_t k = 0; k < spec->n_aggs; k++) {
        struct agg_shape_key agg = {spec->aggs[k].attnum, (int16_t)spec->aggs[k].kind};
        memcpy(key + n, &agg, sizeof(agg));
        n += sizeof(agg);
    }
    return n;
}

const struct scan_shape *layout_shape(struct row_layout *layout, const struct scan_spec *spec)
{
    uint8_t key[4096];
    size_t n = shape_key(layout, spec, key, sizeof(key));
    pthread_mutex_lock(&layout->mutex);
    struct scan_shape *shape = n ? map_get(layout->shapes, key, n) : NULL;
    if (UNLIKELY(!shape)) {
        shape = spec->n_aggs ? agg_shape_make(layout, spec) : shape_make(layout, spec);
        if (n)
            map_put(layout->shapes, key, n, shape);
    }
    pthread_mutex_unlock(&layout->mutex);
    return shape;
}
