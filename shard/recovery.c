/* recovery.c - what a start does about the last stop.
 *
 * Two passes over the commit log:
 *   1. survey   which transactions are decided (of those in several records, the last one is there), which databases were dropped;
 *   2. replay   in log order, each decided transaction's ops go to each file whose position says that it lacks them; prepared
 *               transactions go into the table, and leave it where a later record ends them.
 * Before the second pass, a file that is ahead of the log is cut back (wal_cut.c).  Then every file touched is committed and synced, prepared transactions are logged again in a new segment, and the rest of the log is cut.
 * A crash anywhere in here changes nothing: a file's position moves in the same SQLite transaction as its rows, and only
 * between whole transactions.
 *
 * Rules for what the folders do not have: a database named in a DROP record is removed if its folder is still there, and its records are void;
 * any other database that records name and no folder has is an error: someone removed it by hand, or restored half a backup. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/map.h"
#include "base/waiter.h"
#include "shard/checkpointer.h"
#include "shard/directory.h"
#include "shard/fault.h"
#include "shard/prepared.h"
#include "shard/wal_cut.h"
#include "shard/writer.h"

#define OPS_PER_COMMIT 20000

struct recovery {
    struct storage *storage;
    struct writers writers;
    struct imap *undecided; /* seq of transactions whose last record is missing */
    struct imap *dropped;   /* uid of databases */
    uint64_t last_seq;      /* replayed so far */
    uint64_t n_records, n_ops, n_ops_open;
    VEC(struct file *) touched; /* in `arena`; each has its `dirty` set meanwhile */
    struct arena *arena;
};

static bool survey(void *arg, const struct record *record, struct err *err)
{
    struct recovery *recovery = arg;
    recovery->n_records++;
    if (record->more)
        imap_put(recovery->undecided, record->seq, recovery);
    else
        imap_remove(recovery->undecided, record->seq);
    if (record->kind == RECORD_DROP_DATABASE)
        imap_put(recovery->dropped, record->database_uid, recovery);
    return true;
}

static bool is_dropped(const struct recovery *recovery, uint64_t uid)
{
    return uid && imap_get(recovery->dropped, uid);
}

static bool finish_drops(struct recovery *recovery, struct err *err)
{
    size_t at = 0;
    uint64_t uid;
    void *value;
    while (imap_next(recovery->dropped, &at, &uid, &value)) {
        struct database_files *database = storage_database_by_uid(recovery->storage, uid);
        if (!database)
            continue;
        log_line(LOG_INFO_, "finishing the drop of database \"%s\"", database->name);
        database->gone = true;
        if (!directory_remove_database(recovery->storage, database->dir, uid, err))
            return false;
    }
    return true;
}

/* A file may be ahead of the log by asynchronous commits. */
static bool cut_ahead(struct recovery *recovery, struct err *err)
{
    struct storage *storage = recovery->storage;
    uint64_t last_seq = storage->log_ops->last_seq(storage->log);
    bool cut = false;
    bool ok = wal_cut(storage->cluster->catalog, last_seq, &cut, err);
    for (struct database_files *database = storage->databases; database;
         database = database->next) {
        for (uint32_t k = 0; ok && k <= database->n_shards && !database->gone; k++)
            ok = wal_cut(k < database->n_shards ? database->shards[k] : database->catalog, last_seq,
                         &cut, err);
    }
    return ok;
}

/* ---- replay ---- */

static bool missing(const struct record *record, uint32_t shard, struct err *err)
{
    err_set(err, ERR_UNDEFINED_FILE,
            "the commit log has changes for database \"%s\" (shard %" PRId64
            "), whose files are not in the data directory",
            record->database, (int64_t)(int32_t)shard);
    return err_hint(err, "Restore the whole data directory from one backup. To give a database up, "
                         "start with its folder in "
                         "place and drop it.");
}

/* Synced at the end even if nothing is replayed: what the file has may be in the kernel's cache only. */
static void note_touched(struct recovery *recovery, struct file *file)
{
    if (file->dirty)
        return;
    file->dirty = true;
    VEC_PUSH(recovery->arena, &recovery->touched, file);
}

static bool sync_touched(struct recovery *recovery, struct err *err)
{
    bool ok = checkpointer_sync_files(recovery->storage, recovery->touched.items,
                                      recovery->touched.n, err);
    for (size_t k = 0; k < recovery->touched.n; k++)
        recovery->touched.items[k]->dirty = false;
    return ok;
}

static bool replay_op(struct recovery *recovery, const struct record *record, const struct op *op,
                      struct err *err)
{
    struct database_files *database =
        storage_database_by_uid(recovery->storage, record->database_uid);
    struct file *file = storage_file(recovery->storage, database, op->shard);
    if (!file)
        return missing(record, op->shard, err);
    struct writer *writer = writer_acquire(&recovery->writers, file, err);
    if (!writer)
        return false;
    note_touched(recovery, file);
    if (writer->position >= record->seq)
        return true;
    recovery->n_ops++;
    recovery->n_ops_open++;
    return writer_begin(writer, err) && writer_apply(writer, op, err);
}

/* Between two transactions: files may take over what they have. */
static bool commit_files(struct recovery *recovery, struct err *err)
{
    for (struct writer *writer = recovery->writers.newest; writer; writer = writer->older) {
        if (!writer->begun)
            continue;
        if (!writer_set_position(writer, recovery->last_seq, err) || !writer_commit(writer, err))
            return false;
        writer->position = recovery->last_seq;
        FAILPOINT("recovery.file_committed");
    }
    recovery->n_ops_open = 0;
    return true;
}

static bool replay_commit(struct recovery *recovery, const struct record *record, struct err *err)
{
    struct arena *arena = arena_new("replay");
    struct op_reader reader = {record->ops, record->ops + record->n_ops_bytes, .arena = arena};
    bool ok = true;
    for (struct op op; ok && op_next(&reader, &op);)
        ok = replay_op(recovery, record, &op, err);
    if (ok && reader.damaged)
        ok = err_set(err, ERR_DATA_CORRUPTED,
                     "commit log record %" PRIu64 " has the right checksum but makes no sense",
                     record->seq);
    arena_free(arena);
    return ok;
}

static bool replay(void *arg, const struct record *record, struct err *err)
{
    struct recovery *recovery = arg;
    struct prepared_table *prepared = recovery->storage->prepared;
    if (imap_get(recovery->undecided, record->seq) || is_dropped(recovery, record->database_uid))
        return true;
    bool whole = recovery->last_seq != record->seq; /* a new transaction begins */
    bool many_open =
        recovery->n_ops_open >= OPS_PER_COMMIT || recovery->writers.n >= recovery->writers.max;
    if (whole && many_open && !commit_files(recovery, err))
        return false;
    switch (record->kind) {
    case RECORD_COMMIT:
        if (!replay_commit(recovery, record, err))
            return false;
        if (record->gid[0])
            prepared_remove(prepared, record->gid);
        break;
    case RECORD_PREPARE:
        prepared_add(prepared, record);
        break;
    case RECORD_ROLLBACK_PREPARED:
        prepared_remove(prepared, record->gid);
        break;
    case RECORD_DROP_DATABASE:
        break;
    }
    recovery->last_seq = record->seq;
    return true;
}

/* ---- afterwards ---- */

struct relog {
    struct arena *arena;
    uint64_t seq;
    VEC(struct record) records;
};

static void add_again(void *arg, const struct prepared_entry *entry)
{
    struct relog *relog = arg;
    struct record *parts;
    size_t n = prepared_records(entry, relog->arena, &parts);
    relog->seq++;
    for (size_t k = 0; k < n; k++) {
        parts[k].seq = relog->seq;
        parts[k].more = k + 1 < n;
        VEC_PUSH(relog->arena, &relog->records, parts[k]);
    }
}

/* The records so far hold nothing that is not in the files or logged again. */
bool recovery_begin_log(struct storage *storage, struct err *err)
{
    const struct commit_log_ops *ops = storage->log_ops;
    struct relog relog = {.arena = arena_new("relog")};
    uint64_t first_seq = 0;
    bool ok = ops->start(storage->log, &first_seq, err);
    FAILPOINT("recovery.log_started");
    relog.seq = first_seq;
    prepared_each(storage->prepared, add_again, &relog);
    if (ok && relog.records.n)
        ok = ops->append(storage->log, relog.records.items, relog.records.n, err) &&
             ops->sync(storage->log, err);
    FAILPOINT("recovery.before_cut");
    ok = ok && ops->cut(storage->log, first_seq, err);
    storage->published_seq = relog.seq;
    arena_free(relog.arena);
    return ok;
}

bool recovery_run(struct storage *storage, struct err *err)
{
    struct recovery recovery = {.storage = storage,
                                .undecided = imap_new(),
                                .dropped = imap_new(),
                                .arena = arena_new("recovery")};
    recovery.writers.max = storage->options.max_open_writers;
    int64_t start_us = clock_monotonic_us();
    const struct commit_log_ops *ops = storage->log_ops;
    bool ok = ops->replay(storage->log, survey, &recovery, err) && finish_drops(&recovery, err) &&
              cut_ahead(&recovery, err) && ops->replay(storage->log, replay, &recovery, err) &&
              commit_files(&recovery, err);
    FAILPOINT("recovery.replayed");
    writers_close_all(&recovery.writers);
    ok = ok && sync_touched(&recovery, err) && recovery_begin_log(storage, err);
    if (ok && recovery.n_ops)
        log_line(LOG_INFO_,
                 "recovery: replayed %" PRIu64 " changes of %" PRIu64 " log records in %.3f s",
                 recovery.n_ops, recovery.n_records,
                 (double)(clock_monotonic_us() - start_us) / 1e6);
    arena_free(recovery.arena);
    imap_free(recovery.undecided);
    imap_free(recovery.dropped);
    return ok || err_context(err, "recovery failed");
}
