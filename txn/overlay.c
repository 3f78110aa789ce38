/* overlay.c - versions, their hash, their log.
 *
 * Versions are cut from chunks in the order made, so the log is also the order of memory: undo pops the log and hands the memory
 * back.  A row's slot points at its newest version; popping it restores the older one or frees the slot.
 *
 * A large transaction's versions spill: past SPILL_BYTES chunks are mapped from temporary files.
 *
 * Truncation replaces the table's list of parts by an empty one; its log record remembers the old list.  Parts are freed with the
 * overlay only.
 *
 * Invariants: (1) every version in a slot or behind one is in the log, older ones earlier; (2) rows[] has each row in a slot exactly
 * once, in log order of first versions; (3) `fresh` is the same in all versions of a row. */
#include "txn/overlay.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define CHUNK_MIN (8 * 1024)
#define CHUNK_MAX (1024 * 1024)
#define SPILL_BYTES (256u << 20) /* beyond this, memory comes from temporary files */
#define SPILL_CHUNK (64u << 20)
#define MANY_TABLES 16

struct chunk {
    struct chunk *below;
    size_t bytes, used;
    size_t mapped_bytes; /* 0: malloc()ed */
    char data[];
};

struct truncation { /* the payload of a VERSION_TRUNCATE record */
    struct overlay_table *table;
    uint32_t *parts;
    uint32_t n_parts, cap_parts;
    bool truncated;
};

static void *checked(void *p)
{
    ASSERT(p != NULL);
    return p;
}

/* ---- memory ---- */

/* A chunk in an unlinked file, so that the kernel can put it out of memory; NULL when there is no room for one. */
static struct chunk *chunk_map(size_t bytes)
{
    const char *dir = getenv("TMPDIR");
    char path[256];
    int n =
        snprintf(path, sizeof(path), "%s/shardlite-overlay-XXXXXX", dir && *dir ? dir : "/var/tmp");
    int fd = n > 0 && (size_t)n < sizeof(path) ? mkostemp(path, O_CLOEXEC) : -1;
    if (fd < 0)
        return NULL;
    unlink(path);
    size_t mapped = sizeof(struct chunk) + bytes;
    /* Reserved now: a page that finds the disk full later would be a SIGBUS. */
    void *p = posix_fallocate(fd, 0, (off_t)mapped) == 0
                  ? mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)
                  : MAP_FAILED;
    close(fd);
    if (p == MAP_FAILED)
        return NULL;
    struct chunk *chunk = p;
    chunk->mapped_bytes = mapped;
    return chunk;
}

static struct chunk *chunk_new(const struct overlay *overlay, size_t least)
{
    const struct chunk *last = overlay->chunks;
    size_t bytes = MAX(last ? MIN(last->bytes * 2, (size_t)CHUNK_MAX) : CHUNK_MIN, least);
    struct chunk *chunk =
        overlay->n_bytes >= SPILL_BYTES ? chunk_map(MAX((size_t)SPILL_CHUNK, least)) : NULL;
    if (chunk) {
        chunk->bytes = MAX((size_t)SPILL_CHUNK, least);
    } else {
        chunk = malloc(sizeof(*chunk) + bytes);
        if (!chunk)
            return NULL;
        chunk->mapped_bytes = 0;
        chunk->bytes = bytes;
    }
    chunk->used = 0;
    return chunk;
}

static void chunk_free(struct chunk *chunk)
{
    if (chunk->mapped_bytes)
        munmap(chunk, chunk->mapped_bytes);
    else
        free(chunk);
}

static void *chunk_alloc(struct overlay *overlay, size_t bytes)
{
    struct chunk *chunk = overlay->chunks;
    bytes = (bytes + 7) & ~(size_t)7;
    if (UNLIKELY(!chunk || chunk->bytes - chunk->used < bytes)) {
        struct chunk *fresh = chunk_new(overlay, bytes);
        if (!fresh)
            return NULL;
        fresh->below = chunk;
        overlay->chunks = chunk = fresh;
        overlay->n_bytes += fresh->bytes;
    }
    void *p = chunk->data + chunk->used;
    chunk->used += bytes;
    return p;
}

static void chunks_release(struct overlay *overlay, struct chunk *to, size_t used)
{
    while (overlay->chunks != to) {
        struct chunk *chunk = overlay->chunks;
        overlay->chunks = chunk->below;
        overlay->n_bytes -= chunk->bytes;
        chunk_free(chunk);
    }
    if (to)
        to->used = used;
}

void overlay_init(struct overlay *overlay)
{
    *overlay = (struct overlay){0};
}

static void part_free(struct overlay *overlay, struct overlay_part *part)
{
    if (overlay->base)
        for (size_t k = 0; k < part->n_slots; k++)
            free(part->slots[k]);
    part_index_drop(part);
    free(part->slots);
    free(part->rows);
    free(part);
}

void overlay_clear(struct overlay *overlay)
{
    if (LIKELY(!overlay->tables && !overlay->cap_log && !overlay->chunks))
        return;
    for (size_t k = 0; k < overlay->n_log; k++)
        if (overlay->log[k]->kind == VERSION_TRUNCATE)
            free(((struct truncation *)overlay->log[k]->data)->parts);
    for (uint32_t k = 0; k < overlay->n_parts; k++)
        part_free(overlay, overlay->parts[k]);
    struct overlay_table *next;
    for (struct overlay_table *table = overlay->tables; table; table = next) {
        next = table->next;
        for (uint32_t k = 0; k < table->n_layouts; k++)
            layout_unref(table->layouts[k]);
        free(table->parts);
        free(table);
    }
    if (overlay->by_oid)
        imap_free(overlay->by_oid);
    chunks_release(overlay, NULL, 0);
    free(overlay->parts);
    free(overlay->log);
    bool base = overlay->base;
    *overlay = (struct overlay){.base = base};
}

/* ---- tables and parts ---- */

struct overlay_table *overlay_find(const struct overlay *overlay, uint32_t oid)
{
    if (overlay->by_oid)
        return imap_get(overlay->by_oid, oid);
    struct overlay_table *table = overlay->tables;
    while (table && table->oid != oid)
        table = table->next;
    return table;
}

struct overlay_table *overlay_table(struct overlay *overlay, uint32_t oid)
{
    struct overlay_table *table = overlay_find(overlay, oid);
    if (table)
        return table;
    table = checked(calloc(1, sizeof(*table)));
    table->oid = oid;
    table->last_shard = UINT32_MAX;
    table->next = overlay->tables;
    overlay->tables = table;
    overlay->n_tables++;
    if (overlay->by_oid) {
        imap_put(overlay->by_oid, oid, table);
    } else if (overlay->n_tables > MANY_TABLES) {
        overlay->by_oid = imap_new();
        for (struct overlay_table *each = table; each; each = each->next)
            imap_put(overlay->by_oid, each->oid, each);
    }
    return table;
}

uint32_t overlay_layout(struct overlay_table *table, struct row_layout *layout)
{
    for (uint32_t k = table->n_layouts; k-- > 0;)
        if (table->layouts[k] == layout)
            return k;
    if (table->n_layouts == OVERLAY_LAYOUTS_MAX)
        return UINT32_MAX;
    table->layouts[table->n_layouts] = layout_ref(layout);
    return table->n_layouts++;
}

struct overlay_part *overlay_find_part(const struct overlay *overlay, struct overlay_table *table,
                                       uint32_t shard)
{
    if (table->last_shard == shard)
        return overlay->parts[table->last_part];
    for (uint32_t k = 0; k < table->n_parts; k++) {
        struct overlay_part *part = overlay->parts[table->parts[k]];
        if (part->shard == shard) {
            table->last_shard = shard;
            table->last_part = part->index;
            return part;
        }
    }
    return NULL;
}

struct overlay_part *overlay_part(struct overlay *overlay, struct overlay_table *table,
                                  uint32_t shard, bool keyed)
{
    struct overlay_part *part = overlay_find_part(overlay, table, shard);
    if (part)
        return part;
    part = checked(calloc(1, sizeof(*part)));
    part->table = table;
    part->shard = shard;
    part->keyed = keyed;
    part->index = overlay->n_parts;
    if (overlay->n_parts == overlay->cap_parts) {
        overlay->cap_parts = MAX(8u, overlay->cap_parts * 2);
        overlay->parts =
            checked(realloc(overlay->parts, overlay->cap_parts * sizeof(*overlay->parts)));
    }
    overlay->parts[overlay->n_parts++] = part;
    if (table->n_parts == table->cap_parts) {
        table->cap_parts = MAX(4u, table->cap_parts * 2);
        table->parts = checked(realloc(table->parts, table->cap_parts * sizeof(*table->parts)));
    }
    table->parts[table->n_parts++] = part->index;
    return part;
}

/* ---- the hash of rows ---- */

static size_t home_of(const struct overlay_part *part, int64_t rid)
{
    /* Eight rids in a row share a cache line: rows are mostly touched in the order of their rids. */
    return (size_t)((((uint64_t)rid >> 3) * 0x9e3779b97f4a7c15ULL >> 20 << 3) |
                    ((uint64_t)rid & 7)) &
           (part->n_slots - 1);
}

static const struct global_entry *entry_of(const struct version *version)
{
    return (const struct global_entry *)(const void *)(version->data + version->n_changed);
}

static bool is_row(const struct overlay_part *part, const struct version *version, int64_t rid,
                   const void *key, size_t key_bytes)
{
    if (version->rid != rid)
        return false;
    return !part->keyed || (entry_of(version)->key_bytes == key_bytes &&
                            memcmp(entry_of(version)->key, key, key_bytes) == 0);
}

/* The row's slot, or the free one where it belongs.  There is always a free one. */
static struct version **slot_of(const struct overlay_part *part, int64_t rid, const void *key,
                                size_t key_bytes)
{
    size_t k = home_of(part, rid);
    while (part->slots[k] && !is_row(part, part->slots[k], rid, key, key_bytes))
        k = (k + 1) & (part->n_slots - 1);
    return &part->slots[k];
}

static struct version **slot_of_version(const struct overlay_part *part,
                                        const struct version *version)
{
    const struct global_entry *entry = part->keyed ? entry_of(version) : NULL;
    return slot_of(part, version->rid, entry ? entry->key : NULL, entry ? entry->key_bytes : 0);
}

struct version *overlay_newest(const struct overlay_part *part, int64_t rid, const void *key,
                               size_t key_bytes)
{
    return part->n_slots ? *slot_of(part, rid, key, key_bytes) : NULL;
}

struct version *overlay_newest_at(const struct overlay_part *part, size_t k)
{
    struct version *first = part->rows[k];
    return part->rewritten ? *slot_of_version(part, first) : first;
}

/* Where a row goes that has no slot yet. */
static struct version **free_slot(const struct overlay_part *part, int64_t rid)
{
    size_t k = home_of(part, rid);
    while (part->slots[k])
        k = (k + 1) & (part->n_slots - 1);
    return &part->slots[k];
}

/* Rows are mostly inserted in the order of their rids: a rid above all others needs no look at the rows on its way. */
static struct version **slot_to_put(struct overlay_part *part, int64_t rid, const void *key,
                                    size_t key_bytes)
{
    if (part->n_rows > 0 && rid <= part->top_rid)
        return slot_of(part, rid, key, key_bytes);
    part->top_rid = rid;
    return free_slot(part, rid);
}

/* In the order of rows[], which is that of memory, where it names what the slots do. */
static void slots_grow(struct overlay_part *part)
{
    struct version **old = part->slots;
    struct version **from = part->rewritten ? old : part->rows;
    size_t n_from = part->rewritten ? part->n_slots : part->n_order;
    part->n_slots = part->n_slots ? part->n_slots * 2 : 16;
    part->slots = checked(calloc(part->n_slots, sizeof(*part->slots)));
    for (size_t k = 0; k < n_from; k++)
        if (from[k])
            *free_slot(part, from[k]->rid) = from[k];
    free(old);
}

/* Closes the gap at `slot`, so that no run of slots is cut. */
static void slot_remove(struct overlay_part *part, struct version **slot)
{
    size_t mask = part->n_slots - 1, gap = (size_t)(slot - part->slots), k = gap;
    for (;;) {
        k = (k + 1) & mask;
        if (!part->slots[k])
            break;
        size_t home = home_of(part, part->slots[k]->rid);
        if (((k - home) & mask) >= ((k - gap) & mask)) {
            part->slots[gap] = part->slots[k];
            gap = k;
        }
    }
    part->slots[gap] = NULL;
    part->n_rows--;
}

static void rows_push(struct overlay_part *part, struct version *version)
{
    if (part->n_order == part->cap_order) {
        part->cap_order = MAX((size_t)16, part->cap_order * 2);
        part->rows = checked(realloc(part->rows, part->cap_order * sizeof(*part->rows)));
    }
    part->rows[part->n_order++] = version;
}

/* ---- versions ---- */

static void log_push(struct overlay *overlay, struct version *version)
{
    if (overlay->n_log == overlay->cap_log) {
        overlay->cap_log = MAX((size_t)32, overlay->cap_log * 2);
        overlay->log = checked(realloc(overlay->log, overlay->cap_log * sizeof(*overlay->log)));
    }
    overlay->log[overlay->n_log++] = version;
}

static struct version *version_make(struct overlay *overlay, const struct overlay_part *part,
                                    int64_t rid, const struct version_parts *parts)
{
    uint16_t n_changed = parts->changed ? parts->n_changed : 0;
    size_t n = sizeof(struct version) + n_changed + parts->n_bytes;
    struct version *version = overlay->base ? malloc(n) : chunk_alloc(overlay, n);
    if (!version || parts->n_bytes > UINT32_MAX)
        return NULL;
    *version = (struct version){.rid = rid,
                                .command = parts->command,
                                .n_bytes = (uint32_t)parts->n_bytes,
                                .part = part->index,
                                .n_changed = n_changed,
                                .kind = (uint8_t)parts->kind,
                                .fresh = parts->fresh,
                                .layout = parts->layout & 0x7f};
    if (n_changed)
        memcpy(version->data, parts->changed, n_changed);
    if (parts->n_bytes)
        memcpy(version->data + n_changed, parts->bytes, parts->n_bytes);
    return version;
}

struct version *overlay_put(struct overlay *overlay, struct overlay_part *part, int64_t rid,
                            const struct version_parts *parts)
{
    struct version *version = version_make(overlay, part, rid, parts);
    if (!version)
        return NULL;
    if ((part->n_rows + 1) * 4 > part->n_slots * 3)
        slots_grow(part);
    struct version **slot = slot_to_put(part, rid, parts->key, parts->key_bytes);
    version->older = *slot;
    if (!*slot) {
        part->n_rows++;
        part->n_hiding += !version->fresh;
        rows_push(part, version);
    } else {
        version->fresh = (*slot)->fresh;
        part->rewritten = true;
    }
    *slot = version;
    log_push(overlay, version);
    return version;
}

void overlay_truncate(struct overlay *overlay, struct overlay_table *table, uint32_t command)
{
    struct truncation saved = {table, table->parts, table->n_parts, table->cap_parts,
                               table->truncated};
    struct version *version = checked(chunk_alloc(overlay, sizeof(*version) + sizeof(saved)));
    *version =
        (struct version){.kind = VERSION_TRUNCATE, .command = command, .n_bytes = sizeof(saved)};
    memcpy(version->data, &saved, sizeof(saved));
    log_push(overlay, version);
    table->parts = NULL;
    table->n_parts = table->cap_parts = 0;
    table->truncated = true;
    table->last_shard = UINT32_MAX;
}

struct hook { /* the payload of a VERSION_HOOK record */
    void (*fn)(void *arg);
    void *arg;
};

void overlay_hook(struct overlay *overlay, void (*fn)(void *arg), void *arg)
{
    struct hook hook = {fn, arg};
    struct version *version = checked(chunk_alloc(overlay, sizeof(*version) + sizeof(hook)));
    *version = (struct version){.kind = VERSION_HOOK, .n_bytes = sizeof(hook)};
    memcpy(version->data, &hook, sizeof(hook));
    log_push(overlay, version);
    overlay->n_hooks++;
}

/* ---- undo ---- */

struct overlay_mark overlay_mark(const struct overlay *overlay)
{
    return (struct overlay_mark){overlay->n_log, overlay->chunks,
                                 overlay->chunks ? overlay->chunks->used : 0};
}

static void undo_truncate(const struct version *version)
{
    struct truncation saved;
    memcpy(&saved, version->data, sizeof(saved));
    free(saved.table->parts);
    saved.table->parts = saved.parts;
    saved.table->n_parts = saved.n_parts;
    saved.table->cap_parts = saved.cap_parts;
    saved.table->truncated = saved.truncated;
    saved.table->last_shard = UINT32_MAX;
}

static void undo_version(struct overlay *overlay, const struct version *version)
{
    struct overlay_part *part = overlay->parts[version->part];
    struct version **slot = slot_of_version(part, version);
    ASSERT(*slot == version);
    part_index_undo(part, version, overlay->n_log);
    if (version->older) {
        *slot = version->older;
        return;
    }
    ASSERT(part->rows[part->n_order - 1] == version);
    part->n_order--;
    part->n_hiding -= !version->fresh;
    slot_remove(part, slot);
}

void overlay_undo(struct overlay *overlay, const struct overlay_mark *mark)
{
    while (overlay->n_log > mark->n_log) {
        struct version *version = overlay->log[--overlay->n_log];
        switch ((enum version_kind)version->kind) {
        case VERSION_TRUNCATE:
            undo_truncate(version);
            break;
        case VERSION_HOOK: {
            struct hook hook;
            memcpy(&hook, version->data, sizeof(hook));
            overlay->n_hooks--;
            hook.fn(hook.arg);
            break;
        }
        case VERSION_LIVE:
        case VERSION_DEAD:
            undo_version(overlay, version);
            break;
        }
    }
    chunks_release(overlay, mark->chunk, mark->chunk_used);
}

/* ---- base overlays ----
 * A base row has one version, which rows[] and its slot both name; its `part` is its place in rows[]. */

static void base_remove(struct overlay_part *part, struct version **slot)
{
    struct version *gone = *slot;
    part->rows[gone->part] = NULL;
    part->n_holes++;
    slot_remove(part, slot);
    free(gone);
    if (part->n_holes * 2 < part->n_order || part->n_order < 32)
        return;
    size_t n = 0;
    for (size_t k = 0; k < part->n_order; k++)
        if (part->rows[k]) {
            part->rows[k]->part = (uint32_t)n;
            part->rows[n++] = part->rows[k];
        }
    part->n_order = n;
    part->n_holes = 0;
}

void overlay_replace(struct overlay_part *part, const struct version *version, uint32_t layout)
{
    if ((part->n_rows + 1) * 4 > part->n_slots * 3)
        slots_grow(part);
    struct version **slot = slot_of(part, version->rid, NULL, 0);
    if (*slot)
        part_index_drop(part);
    if (version->kind == VERSION_DEAD) {
        if (*slot)
            base_remove(part, slot);
        return;
    }
    struct version *copy = checked(malloc(sizeof(*version) + version->n_bytes));
    *copy = (struct version){.rid = version->rid,
                             .n_bytes = version->n_bytes,
                             .kind = VERSION_LIVE,
                             .fresh = true,
                             .layout = layout & 0x7f};
    memcpy(copy->data, version->data + version->n_changed, version->n_bytes);
    if (*slot) {
        copy->part = (*slot)->part;
        part->rows[copy->part] = copy;
        free(*slot);
    } else {
        copy->part = (uint32_t)part->n_order;
        part->top_rid = part->n_rows ? MAX(part->top_rid, copy->rid) : copy->rid;
        part->n_rows++;
        rows_push(part, copy);
    }
    *slot = copy;
}

void overlay_empty(struct overlay *base, struct overlay_table *table)
{
    for (uint32_t k = 0; k < table->n_parts; k++) {
        struct overlay_part *part = base->parts[table->parts[k]];
        for (size_t slot = 0; slot < part->n_slots; slot++)
            free(part->slots[slot]);
        free(part->slots);
        part_index_drop(part);
        part->slots = NULL;
        part->n_slots = part->n_rows = part->n_order = part->n_holes = 0;
    }
    for (uint32_t k = 0; k < table->n_layouts; k++)
        layout_unref(table->layouts[k]);
    table->n_layouts = 0;
}
