/* layout.c - building layouts, images out of rows and rows out of images.
 *
 * An image has the live columns in attnum order and then the hidden key columns.  A layout is immutable but for its cache of
 * SELECTs; the cache of layouts is emptied when it has grown large, users keep their references. */
#include "txn/layout.h"

#include <stdlib.h>
#include <string.h>

#define CACHE_MAX 2048

struct layout_cache {
    pthread_mutex_t mutex;
    struct imap *layouts; /* by cache_key() */
};

static uint64_t cache_key(const struct relation *relation)
{
    return hash_u64(relation->generation) ^ relation->oid;
}

struct layout_cache *layout_cache_new(void)
{
    struct layout_cache *cache = calloc(1, sizeof(*cache));
    ASSERT(cache != NULL);
    pthread_mutex_init(&cache->mutex, NULL);
    cache->layouts = imap_new();
    return cache;
}

static void cache_clear(struct layout_cache *cache)
{
    size_t at = 0;
    uint64_t key;
    void *layout;
    while (imap_next(cache->layouts, &at, &key, &layout))
        layout_unref(layout);
    imap_free(cache->layouts);
}

void layout_cache_free(struct layout_cache *cache)
{
    if (!cache)
        return;
    cache_clear(cache);
    pthread_mutex_destroy(&cache->mutex);
    free(cache);
}

struct row_layout *layout_ref(struct row_layout *layout)
{
    atomic_fetch_add(&layout->refs, 1);
    return layout;
}

void layout_unref(struct row_layout *layout)
{
    if (!layout || atomic_fetch_sub(&layout->refs, 1) != 1)
        return;
    map_free(layout->shapes);
    pthread_mutex_destroy(&layout->mutex);
    arena_free(layout->arena);
}

static const char *copy_name(struct arena *arena, const char *name)
{
    return name ? arena_strdup(arena, name) : NULL;
}

static const char *next_name(const struct column *column)
{
    return column->stored_next ? column->stored_next
           : column->stored_as ? column->stored_as
                               : column->name;
}

static void add_fields(struct row_layout *layout, const struct relation *relation)
{
    struct arena *arena = layout->arena;
    struct row_field *fields = ARENA_ARRAY(arena, struct row_field, relation->n_columns * 2u + 1u);
    const char **names = ARENA_ARRAY(arena, const char *, relation->n_columns * 2u + 1u);
    uint16_t n = 0;
    layout->field_of = ARENA_ARRAY(arena, uint16_t, relation->n_columns + 1u);
    layout->key_of = ARENA_ARRAY(arena, uint16_t, relation->n_columns + 1u);
    for (uint16_t k = 0; k < relation->n_columns; k++) {
        const struct column *column = &relation->columns[k];
        layout->field_of[k] = layout->key_of[k] = NO_FIELD;
        if (column->dropped)
            continue;
        layout->field_of[k] = n;
        names[n] = copy_name(arena, next_name(column));
        fields[n++] = (struct row_field){.attnum = column->attnum};
    }
    for (uint16_t k = 0; k < relation->n_columns; k++) {
        const struct column *column = &relation->columns[k];
        if (column->dropped || !column->key_stored_next || relation->distribution == DIST_TEMP)
            continue;
        layout->key_of[k] = n;
        names[n] = copy_name(arena, column->key_stored_next);
        fields[n++] = (struct row_field){.attnum = column->attnum, .key = true};
    }
    layout->fields = fields;
    layout->next.n_columns = n;
    layout->next.columns = names;
}

void sql_put_name(struct buf *sql, const char *name)
{
    buf_putc(sql, '"');
    for (const char *c = name; *c; c++) {
        if (*c == '"')
            buf_putc(sql, '"');
        buf_putc(sql, *c);
    }
    buf_putc(sql, '"');
}

static const char *fetch_sql(const struct row_layout *layout)
{
    struct buf sql = BUF_IN(layout->arena);
    buf_puts(&sql, "SELECT _rid");
    for (uint16_t k = 0; k < layout->n_attributes; k++)
        if (layout->stored_as[k]) {
            buf_puts(&sql, ", ");
            sql_put_name(&sql, layout->stored_as[k]);
        }
    buf_puts(&sql, " FROM ");
    sql_put_name(&sql, layout->table);
    buf_puts(&sql, " WHERE _rid = ?");
    return buf_cstr(&sql);
}

static struct row_layout *layout_make(const struct relation *relation)
{
    struct arena *arena = arena_new("layout");
    struct row_layout *layout = ARENA_NEW(arena, struct row_layout);
    atomic_init(&layout->refs, 1);
    layout->arena = arena;
    layout->oid = relation->oid;
    layout->generation = relation->generation;
    layout->n_attributes = relation->n_columns;
    layout->committed =
        relation->stored_as && !relation->truncated_here && relation->distribution != DIST_TEMP;
    layout->table = layout->committed ? copy_name(arena, relation->stored_as) : NULL;
    layout->stored_as = ARENA_ARRAY(arena, const char *, relation->n_columns + 1u);
    layout->key_stored_as = ARENA_ARRAY(arena, const char *, relation->n_columns + 1u);
    for (uint16_t k = 0; k < relation->n_columns; k++) {
        layout->stored_as[k] =
            relation->columns[k].dropped ? NULL : copy_name(arena, relation->columns[k].stored_as);
        layout->key_stored_as[k] = copy_name(arena, relation->columns[k].key_stored_as);
    }
    if (layout->committed)
        layout->fetch_sql = fetch_sql(layout);
    layout->next.table = copy_name(arena, relation->stored_next ? relation->stored_next
                                          : relation->stored_as ? relation->stored_as
                                                                : relation->name);
    layout->next.rid_column = "_rid";
    add_fields(layout, relation);
    pthread_mutex_init(&layout->mutex, NULL);
    layout->shapes = map_new();
    return layout;
}

struct row_layout *layout_get(struct layout_cache *cache, const struct relation *relation)
{
    uint64_t key = cache_key(relation);
    pthread_mutex_lock(&cache->mutex);
    struct row_layout *layout = imap_get(cache->layouts, key);
    if (UNLIKELY(!layout || layout->oid != relation->oid ||
                 layout->generation != relation->generation)) {
        if (imap_count(cache->layouts) >= CACHE_MAX) {
            cache_clear(cache);
            cache->layouts = imap_new();
        }
        layout = layout_make(relation);
        layout_unref(imap_put(cache->layouts, key, layout));
    }
    layout_ref(layout);
    pthread_mutex_unlock(&cache->mutex);
    return layout;
}

const struct type *type_base(const struct type *type)
{
    while (type->kind == 'd' && type->elem)
        type = type->elem;
    return type;
}

void layout_key(const struct type *type, const struct datum *value, struct buf *out)
{
    type = type_base(type);
    type->ops->key(type, value, out);
}

bool layout_encode(const struct row_layout *layout, const struct relation *relation,
                   struct type_io *io, const struct datum *values, struct buf *image)
{
    struct buf key = BUF_IN(io->arena);
    struct stored stored;
    for (uint16_t k = 0; k < layout->next.n_columns; k++) {
        const struct row_field *field = &layout->fields[k];
        const struct column *column = &relation->columns[field->attnum - 1];
        const struct datum *value = &values[field->attnum - 1];
        io->type = column->type;
        io->typmod = -1;
        if (!field->key) {
            if (!type_store(io, value, &stored))
                return false;
        } else if (value->null) {
            stored = (struct stored){.kind = STORED_NULL};
        } else {
            key.n = 0;
            layout_key(column->type, value, &key);
            stored = (struct stored){.kind = STORED_BLOB, .p = key.p, .n = key.n};
        }
        image_put(image, &stored);
    }
    return true;
}

bool layout_decode(const struct row_layout *layout, const struct relation *relation,
                   struct type_io *io, const struct image *image, const uint8_t *columns,
                   struct datum *values)
{
    uint32_t at = 0;
    struct stored stored;
    for (uint16_t k = 0; k < relation->n_columns; k++)
        values[k] = k < layout->n_attributes && layout->field_of[k] != NO_FIELD
                        ? datum_null()
                        : column_missing(&relation->columns[k]);
    for (uint16_t k = 0; k < layout->next.n_columns && !layout->fields[k].key; k++) {
        uint32_t attribute = (uint32_t)layout->fields[k].attnum - 1;
        if (!image_next(image, &at, &stored))
            return err_set(io->err, ERR_DATA_CORRUPTED, "a row image of \"%s\" is damaged",
                           relation->name);
        if (attribute >= relation->n_columns || (columns && !bitmap_has(columns, attribute)) ||
            relation->columns[attribute].dropped)
            continue;
        io->type = relation->columns[attribute].type;
        io->typmod = relation->columns[attribute].typmod;
        if (!type_load(io, &stored, &values[attribute]))
            return false;
    }
    return true;
}
