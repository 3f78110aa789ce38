/* snapshot.c - which moment a statement reads, and readers of the present.
 *
 * A snapshot holds one read transaction per shard.  Those named when it is opened start together, with no multi-shard commit in
 * between (snapshot_begin in shard/); others are opened when they are first read.  Before anything is opened the transaction
 * announces in `oldest` a sequence number that the snapshot includes for sure, and only then reads the number again: the lock table's
 * sweeper reads the current number first and the announcements second, so it never drops a stamp that a snapshot still needs.
 *
 * TXN_RESTART: a statement of READ COMMITTED met a row that was changed after its snapshot.  As in PostgreSQL it goes on with the same
 * snapshot, only with that row (and others of its relation that are out of date) as it is now: rows that did not match before are not looked
 * at again.  The transaction keeps the snapshot over the undone statement's end for the next one to begin with (`carried`), and scans of
 * relations marked stale() replace what they read by the present version.  shown() remembers which commits a row given in a newer version
 * includes, so that locking it finds it up to date.
 *
 * The present: a lease on the statement's own snapshot when nothing was committed on the shard since, else on a reader that is
 * moved forward whenever something was. */
#include <stdlib.h>
#include <string.h>

#include "txn/txn_int.h"

static void announce(struct txn *txn)
{
    if (atomic_load_explicit(&txn->oldest, memory_order_relaxed) == SEQ_NONE)
        atomic_store(&txn->oldest, storage_commit_seq(txn->manager->storage));
}

uint64_t txn_oldest_seq(struct txn_manager *manager)
{
    uint64_t oldest = storage_commit_seq(manager->storage);
    for (struct txn *txn = atomic_load(&manager->all_txns); txn; txn = txn->all_next) {
        uint64_t seq = atomic_load(&txn->oldest);
        oldest = MIN(oldest, seq);
    }
    return oldest;
}

struct snapshot *snapshot_new(struct txn *txn)
{
    struct snapshot *snapshot = txn->free_snapshots;
    uint32_t n_shards = database_n_shards(txn->database->files);
    if (snapshot)
        txn->free_snapshots = snapshot->next;
    else
        snapshot = calloc(1, sizeof(*snapshot));
    ASSERT(snapshot != NULL);
    if (snapshot->n_shards < n_shards) {
        snapshot->readers = realloc(snapshot->readers, n_shards * sizeof(struct reader *));
        snapshot->open = realloc(snapshot->open, n_shards * sizeof(uint32_t));
        ASSERT(snapshot->readers && snapshot->open);
        memset(snapshot->readers, 0, n_shards * sizeof(struct reader *));
        snapshot->n_shards = n_shards;
    }
    announce(txn);
    snapshot->txn = txn;
    snapshot->refs = 1;
    snapshot->n_open = 0;
    snapshot->n_refreshed = 0;
    snapshot->seq = storage_commit_seq(txn->manager->storage);
    snapshot->next = txn->snapshots;
    txn->snapshots = snapshot;
    return snapshot;
}

bool snapshot_open(struct snapshot *snapshot, const uint32_t *shards, uint32_t n, struct err *err)
{
    struct txn *txn = snapshot->txn;
    if (n == 0)
        return true;
    struct reader *few[16], **readers = few;
    if (n > ARRAY_COUNT(few)) {
        readers = calloc(n, sizeof(*readers));
        ASSERT(readers != NULL);
    }
    bool ok = snapshot_begin(txn->database->files, shards, n, readers, &snapshot->seq, err);
    for (uint32_t k = 0; ok && k < n; k++) {
        snapshot->readers[shards[k]] = readers[k];
        snapshot->open[snapshot->n_open++] = shards[k];
    }
    if (readers != few)
        free(readers);
    return ok;
}

struct reader *snapshot_reader(struct snapshot *snapshot, uint32_t shard, struct err *err)
{
    if (LIKELY(shard < snapshot->n_shards && snapshot->readers[shard]))
        return snapshot->readers[shard];
    if (shard >= snapshot->n_shards || !snapshot->txn) {
        err_set(err, ERR_INTERNAL_ERROR, "shard %u is not part of the snapshot", shard);
        return NULL;
    }
    struct txn *txn = snapshot->txn;
    if (snapshot->n_open == 0)
        snapshot->seq = storage_commit_seq(txn->manager->storage);
    struct reader *reader = reader_acquire(txn->database->files, shard, err);
    if (!reader)
        return NULL;
    if (!reader_begin(reader, err)) {
        reader_release(reader);
        return NULL;
    }
    snapshot->readers[shard] = reader;
    snapshot->open[snapshot->n_open++] = shard;
    return reader;
}

static void snapshot_close(struct snapshot *snapshot)
{
    for (uint32_t k = 0; k < snapshot->n_open; k++) {
        struct reader **reader = &snapshot->readers[snapshot->open[k]];
        reader_release(*reader);
        *reader = NULL;
    }
    snapshot->n_open = 0;
}

static void snapshot_free(struct snapshot *snapshot)
{
    if (snapshot->shown)
        imap_free(snapshot->shown);
    free(snapshot->readers);
    free(snapshot->open);
    free(snapshot);
}

void snapshot_unref(struct snapshot *snapshot)
{
    if (!snapshot || --snapshot->refs > 0)
        return;
    struct txn *txn = snapshot->txn;
    if (!txn) {
        snapshot_free(snapshot);
        return;
    }
    snapshot_close(snapshot);
    if (snapshot->shown) {
        imap_free(snapshot->shown);
        snapshot->shown = NULL;
    }
    struct snapshot **at = &txn->snapshots;
    while (*at != snapshot)
        at = &(*at)->next;
    *at = snapshot->next;
    snapshot->next = txn->free_snapshots;
    txn->free_snapshots = snapshot;
    if (!txn->snapshots)
        atomic_store(&txn->oldest, SEQ_NONE);
}

void snapshots_end(struct txn *txn)
{
    struct snapshot *next;
    for (struct snapshot *snapshot = txn->snapshots; snapshot; snapshot = next) {
        next = snapshot->next;
        snapshot_close(snapshot);
        snapshot->txn = NULL; /* some handle still names it */
    }
    txn->snapshots = NULL;
    atomic_store(&txn->oldest, SEQ_NONE);
}

/* ---- going on after a conflict ---- */

void snapshot_stale(struct snapshot *snapshot, uint32_t relation_oid)
{
    if (snapshot_is_stale(snapshot, relation_oid))
        return;
    if (snapshot->n_refreshed < SNAPSHOT_REFRESHED_MAX)
        snapshot->refreshed[snapshot->n_refreshed] = relation_oid;
    snapshot->n_refreshed++; /* beyond the limit: all relations are */
}

bool snapshot_is_stale(const struct snapshot *snapshot, uint32_t relation_oid)
{
    if (LIKELY(snapshot->n_refreshed == 0) || snapshot->n_refreshed > SNAPSHOT_REFRESHED_MAX)
        return snapshot->n_refreshed != 0;
    for (uint32_t k = 0; k < snapshot->n_refreshed; k++)
        if (snapshot->refreshed[k] == relation_oid)
            return true;
    return false;
}

static uint64_t row_id(uint32_t relation_oid, uint32_t shard, int64_t rid)
{
    return hash_u64((uint64_t)rid) ^ hash_u64((uint64_t)relation_oid << 32 | shard);
}

void snapshot_show(struct snapshot *snapshot, uint32_t relation_oid, uint32_t shard, int64_t rid,
                   uint64_t seq)
{
    if (!snapshot->shown)
        snapshot->shown = imap_new();
    imap_put(snapshot->shown, row_id(relation_oid, shard, rid), (void *)(uintptr_t)seq);
}

uint64_t snapshot_shown(const struct snapshot *snapshot, uint32_t relation_oid, uint32_t shard,
                        int64_t rid)
{
    return snapshot->shown
               ? (uint64_t)(uintptr_t)imap_get(snapshot->shown, row_id(relation_oid, shard, rid))
               : 0;
}

void restart_forget(struct txn *txn)
{
    txn->restarting = NULL;
    snapshot_unref(txn->carried);
    txn->carried = NULL;
}

struct snapshot *txn_snapshot_ref(struct txn *txn)
{
    struct statement_frame *frame = txn_frame(txn);
    if (!frame || !frame->snapshot)
        return NULL;
    frame->snapshot->refs++;
    return frame->snapshot;
}

void txn_snapshot_unref(struct snapshot *snapshot)
{
    snapshot_unref(snapshot);
}

/* ---- the present ---- */

static struct latest *latest_slot(struct txn *txn, uint32_t shard)
{
    uint32_t n_shards = database_n_shards(txn->database->files);
    if (UNLIKELY(txn->n_latest < n_shards)) {
        txn->latest = realloc(txn->latest, n_shards * sizeof(struct latest));
        txn->latest_open = realloc(txn->latest_open, n_shards * sizeof(uint32_t));
        ASSERT(txn->latest && txn->latest_open);
        memset(txn->latest + txn->n_latest, 0, (n_shards - txn->n_latest) * sizeof(struct latest));
        txn->n_latest = n_shards;
    }
    return shard < n_shards ? &txn->latest[shard] : NULL;
}

static bool reader_at_present(struct txn *txn, struct reader **reader, uint32_t shard,
                              struct err *err)
{
    *reader = reader_acquire(txn->database->files, shard, err);
    if (!*reader)
        return false;
    if (reader_begin(*reader, err))
        return true;
    reader_release(*reader);
    *reader = NULL;
    return false;
}

bool latest_acquire(struct txn *txn, uint32_t shard, struct latest_lease *lease, struct err *err)
{
    uint64_t seq = shard < TXN_SHARDS_MAX ? atomic_load(&txn->database->shard_seq[shard]) : 0;
    const struct statement_frame *frame = txn_frame(txn);
    struct snapshot *snapshot = frame ? frame->snapshot : NULL;
    *lease = (struct latest_lease){.shard = shard, .seq = seq};
    if (snapshot && shard < snapshot->n_shards && snapshot->readers[shard] &&
        snapshot->seq >= seq) {
        lease->reader = snapshot->readers[shard];
        return true;
    }
    struct latest *latest = latest_slot(txn, shard);
    if (!latest)
        return err_set(err, ERR_INTERNAL_ERROR, "there is no shard %u", shard);
    if (latest->reader && latest->seq < seq && latest->n_scans > 0) {
        lease->own = true;
        return reader_at_present(txn, &lease->reader, shard, err);
    }
    if (!latest->reader) {
        if (!reader_at_present(txn, &latest->reader, shard, err))
            return false;
        txn->latest_open[txn->n_latest_open++] = shard;
    } else if (latest->seq < seq) {
        reader_end(latest->reader);
        if (!reader_begin(latest->reader, err))
            return false;
    }
    latest->seq = seq;
    latest->n_scans++;
    lease->counted = true;
    lease->reader = latest->reader;
    return true;
}

void latest_release(struct txn *txn, struct latest_lease *lease)
{
    if (lease->own)
        reader_release(lease->reader);
    if (lease->counted)
        txn->latest[lease->shard].n_scans--;
    *lease = (struct latest_lease){0};
}

void latest_end(struct txn *txn)
{
    for (uint32_t k = 0; k < txn->n_latest_open; k++) {
        struct latest *latest = &txn->latest[txn->latest_open[k]];
        reader_release(latest->reader);
        *latest = (struct latest){0};
    }
    txn->n_latest_open = 0;
}
