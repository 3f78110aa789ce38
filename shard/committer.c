/* committer.c - group commit.
 *
 * storage_commit() encodes the caller's ops as log records on the caller's thread, queues a request and sleeps.  One thread takes
 * what is queued as a batch (a caller who is alone may run its own instead: may_run_here()) and does, for the whole batch:
 *
 *   1. apply    each file concerned begins one SQLite transaction; every op is run.  This validates: a request whose op fails is
 *               answered with the error, all is rolled back, and the batch is applied again without it.  Errors are rare, and
 *               success then costs no savepoints.  The file's new log position is written in the same SQLite transaction.
 *   2. reserve  a WAL that may have to grow takes the changed pages now (not committed yet), so that a full disk shows up here.
 *   3. log      all records are appended, then synced: the decision.
 *   4. publish  inside the gate: COMMIT in each file (no sync), the requests' callbacks, the new sequence number.
 *   5. answer   wake the callers.
 *
 * Invariants:
 *   (1) a file shows a commit only if the commit is in the log, synced (but see 5);
 *   (2) a file's position is that of the last batch that touched it: recovery replays exactly the records beyond it;
 *   (3) between the decision and the last COMMIT nothing may fail: what does ends the process, and recovery carries on;
 *   (4) sequence numbers ascend in log order, and the published one is never ahead of what all files show;
 *   (5) a batch of nothing but asynchronous commits is published before its records are synced, and synced a little
 *       later.  Until then no WAL is copied into its database file, so that recovery can take back from a file what the log does
 *       not know (wal_cut.c): whoever copies holds n_sync_holds, or is this thread.
 *
 * PREPARE TRANSACTION skips steps 1, 2 and 4: its ops are logged and kept (prepared.c).  Its end is an ordinary commit of those ops.
 *
 * The steps have failpoints named as in docs/model/commit.pml. */
#include "shard/committer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fiber.h"
#include "base/log.h"
#include "base/waiter.h"
#include "shard/checkpointer.h"
#include "shard/fatal.h"
#include "shard/fault.h"
#include "shard/prepared.h"
#include "shard/writer.h"

#define BATCH_MAX 1024
#define BATCH_BYTES_MAX (8u << 20)
#define QUIET_BATCHES 8
#define ASYNCHRONOUS_SYNC_MS                                                                       \
    10 /* asynchronous commits are synced this much later, if nothing else does it */
#define PART_BYTES                                                                                 \
    (1u << 20) /* ops of a large transaction are split into records of about this size */

enum request_kind {
    REQUEST_COMMIT,
    REQUEST_APPEND,
    REQUEST_DROP_DATABASE,
    REQUEST_RELEASE_DATABASE,
    REQUEST_LOG_PREPARED,
    REQUEST_SYNC,
};

struct request {
    enum request_kind kind;
    struct commit *commit;           /* COMMIT, APPEND */
    struct database_files *database; /* DROP, RELEASE */
    VEC(struct buf) parts;           /* ops as log records carry them */
    size_t n_bytes;                  /* of all parts */
    const struct op *ops; /* to apply; those of the prepared transaction for COMMIT PREPARED */
    size_t n_ops;
    struct arena *arena; /* of parts and ops made here */
    struct prepared_entry *resolves;
    uint64_t seq; /* 0: logs nothing */
    bool failed;
    struct err *err; /* the sleeping caller's */
    bool here;       /* run by its caller, who need not be woken */
    struct waiter waiter;
    struct request *next;
};

struct committer {
    struct storage *storage;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    struct request *first, **last; /* the queue */
    bool sleeping, stopping;       /* `sleeping`: the thread waits for `wake` */
    bool
        busy; /* a batch is being run, by the thread or by a caller: what follows is its runner's */
    uint32_t n_quiet; /* batches of late during which nobody else came */
    bool sync_due;    /* `unsynced`, as the thread sees it */
    /* The runner's. */
    struct writers writers;
    struct arena *arena; /* of one batch */
    struct request *batch[BATCH_MAX];
    uint32_t n_batch;
    struct file *files; /* of the batch, by next_in_batch */
    uint64_t last_seq;
    uint64_t bytes_since_cut;
    bool thread_wanted; /* the next batch is better run by the thread */
    bool unsynced;      /* files show commits whose records are not synced */
};

static void run_batch(struct committer *committer);

/* ---- the caller's side ---- */

/* Ops as records: one part, or several for a large transaction, each readable by itself.  False with err set if the statement was
 * cancelled meanwhile. */
static bool encode_ops(struct request *request, const struct op *ops, size_t n_ops,
                       bool whole_images, struct err *err)
{
    for (size_t k = 0; k < n_ops || request->parts.n == 0;) {
        if (k > 0 && !fiber_breathe() && !fiber_check_interrupt(err))
            return false;
        struct buf part = BUF_IN(request->arena);
        struct op_writer writer = {.out = &part, .whole_images = whole_images};
        while (k < n_ops && part.n < PART_BYTES)
            op_put(&writer, &ops[k++]);
        request->n_bytes += part.n;
        VEC_PUSH(request->arena, &request->parts, part);
    }
    return true;
}

static bool enqueue(struct committer *committer, struct request *request, struct err *err)
{
    pthread_mutex_lock(&committer->mutex);
    bool stopping = committer->stopping;
    bool wake = committer->sleeping && !committer->busy && !stopping;
    if (!stopping) {
        *committer->last = request;
        committer->last = &request->next;
    }
    pthread_mutex_unlock(&committer->mutex);
    if (wake)
        pthread_cond_signal(&committer->wake);
    return !stopping || err_set(err, ERR_CANNOT_CONNECT_NOW, "the storage is shutting down");
}

/* A caller may run its commit as a batch of its own, if nobody else is there to share or to be kept waiting: two thread switches are half of
 * what a lone commit takes. */
static bool may_run_here(struct committer *committer)
{
    if (fiber_siblings() > 0)
        return false;
    pthread_mutex_lock(&committer->mutex);
    bool free = !committer->busy && !committer->first && !committer->stopping &&
                committer->n_quiet >= QUIET_BATCHES;
    committer->busy = committer->busy || free;
    pthread_mutex_unlock(&committer->mutex);
    return free;
}

static void end_run(struct committer *committer)
{
    pthread_mutex_lock(&committer->mutex);
    committer->busy = false;
    bool quiet = committer->n_batch == 1 && !committer->first && !committer->thread_wanted;
    committer->n_quiet = quiet ? committer->n_quiet + 1 : 0;
    committer->thread_wanted = false;
    bool wake =
        committer->sleeping && (committer->first || (committer->unsynced && !committer->sync_due));
    committer->sync_due = committer->unsynced;
    pthread_mutex_unlock(&committer->mutex);
    if (wake)
        pthread_cond_signal(&committer->wake);
}

static bool send_and_wait(struct committer *committer, struct request *request, struct err *err)
{
    request->err = err;
    if (request->kind == REQUEST_COMMIT && may_run_here(committer)) {
        request->here = true;
        committer->batch[0] = request;
        committer->n_batch = 1;
        run_batch(committer);
        end_run(committer);
        return !request->failed;
    }
    waiter_init(&request->waiter);
    if (!enqueue(committer, request, err))
        return false;
    enum waiter_end end = waiter_sleep(&request->waiter, 0, false);
    ASSERT(end == WAITER_WOKEN);
    return !request->failed;
}

static bool check_ops(struct storage *storage, struct database_files *database,
                      const struct op *ops, size_t n_ops, struct err *err)
{
    for (size_t k = 0; k < n_ops; k++) {
        if (!storage_file(storage, database, ops[k].shard))
            return err_set(err, ERR_INTERNAL_ERROR, "database \"%s\" has no shard %u",
                           database ? database->name : "", ops[k].shard);
    }
    return true;
}

bool storage_commit(struct storage *storage, struct commit *commit, struct err *err)
{
    if (!check_ops(storage, commit->database, commit->ops, commit->n_ops, err))
        return false;
    struct request request = {
        .kind = REQUEST_COMMIT, .commit = commit, .ops = commit->ops, .n_ops = commit->n_ops};
    request.arena = arena_new("commit");
    bool ok = commit->resolve_gid ||
              encode_ops(&request, commit->ops, commit->n_ops, commit->prepare_gid != NULL, err);
    ok = ok && send_and_wait(storage->committer, &request, err);
    arena_free(request.arena);
    return ok;
}

static const struct op *copy_ops(struct arena *arena, const struct buf *part, size_t n_ops)
{
    struct op *copy = ARENA_ARRAY(arena, struct op, n_ops);
    struct op_reader reader = {(uint8_t *)part->p, (uint8_t *)part->p + part->n, .arena = arena};
    for (size_t k = 0; k < n_ops; k++) {
        bool more = op_next(&reader, &copy[k]);
        ASSERT(more);
    }
    return copy;
}

bool storage_append(struct storage *storage, struct database_files *database, const struct op *ops,
                    size_t n_ops, struct err *err)
{
    if (!check_ops(storage, database, ops, n_ops, err))
        return false;
    struct arena *arena = arena_new("append");
    struct request *request = ARENA_NEW(arena, struct request);
    request->kind = REQUEST_APPEND;
    request->arena = arena;
    request->commit = ARENA_NEW(arena, struct commit);
    request->commit->database = database;
    struct buf part = BUF_IN(arena);
    struct op_writer writer = {.out = &part};
    for (size_t k = 0; k < n_ops; k++)
        op_put(&writer, &ops[k]);
    request->n_bytes = part.n;
    VEC_PUSH(arena, &request->parts, part);
    request->ops = copy_ops(arena, &part, n_ops);
    request->n_ops = n_ops;
    if (enqueue(storage->committer, request, err))
        return true;
    arena_free(arena);
    return false;
}

static bool send(struct committer *committer, enum request_kind kind,
                 struct database_files *database, struct err *err)
{
    struct request request = {.kind = kind, .database = database, .arena = arena_new("commit")};
    bool ok = send_and_wait(committer, &request, err);
    arena_free(request.arena);
    return ok;
}

bool committer_drop_database(struct committer *committer, struct database_files *database,
                             struct err *err)
{
    return send(committer, REQUEST_DROP_DATABASE, database, err);
}

bool committer_release_database(struct committer *committer, struct database_files *database,
                                struct err *err)
{
    return send(committer, REQUEST_RELEASE_DATABASE, database, err);
}

bool committer_sync_log(struct committer *committer, struct err *err)
{
    return send(committer, REQUEST_SYNC, NULL, err);
}

bool committer_log_prepared(struct committer *committer, struct err *err)
{
    return send(committer, REQUEST_LOG_PREPARED, NULL, err);
}

/* ---- the thread: taking a batch ---- */

/* False when it is time to sync what asynchronous commits left. */
static bool wait_for_work(struct committer *committer)
{
    if (!committer->sync_due)
        return pthread_cond_wait(&committer->wake, &committer->mutex) == 0;
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += ASYNCHRONOUS_SYNC_MS * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    return pthread_cond_timedwait(&committer->wake, &committer->mutex, &until) == 0;
}

/* False when stopping and nothing is left.  The batch may be empty: then something is to be synced. */
static bool take_batch(struct committer *committer)
{
    size_t n_bytes = 0;
    pthread_mutex_lock(&committer->mutex);
    bool late = false;
    while (committer->busy || (!committer->first && !committer->stopping && !late)) {
        committer->sleeping = true;
        late = !wait_for_work(committer) && committer->sync_due;
    }
    committer->sleeping = false;
    committer->busy = true;
    committer->n_batch = 0;
    while (committer->first && committer->n_batch < BATCH_MAX &&
           (n_bytes < BATCH_BYTES_MAX || !committer->n_batch)) {
        struct request *request = committer->first;
        committer->first = request->next;
        request->next = NULL;
        n_bytes += request->n_bytes;
        committer->batch[committer->n_batch++] = request;
    }
    if (!committer->first)
        committer->last = &committer->first;
    pthread_mutex_unlock(&committer->mutex);
    return committer->n_batch > 0 || late;
}

/* The request is the caller's again (or freed) after this. */
static void answer(struct request *request)
{
    if (request->kind != REQUEST_APPEND) {
        if (!request->here)
            waiter_wake(&request->waiter);
        return;
    }
    if (request->failed)
        log_err(LOG_WARNING_, 0, "could not append to the commit log", request->err);
    arena_free(request->arena);
}

static void fail(struct request *request, const struct err *why)
{
    if (!request->err) { /* nobody waits */
        request->err = ARENA_NEW(request->arena, struct err);
        request->err->arena = request->arena;
    }
    err_copy(request->err, why);
    request->failed = true;
}

/* ---- step 1: apply ---- */

static void roll_back(struct committer *committer)
{
    for (struct file *file = committer->files; file; file = file->next_in_batch) {
        if (file->writer)
            writer_rollback(file->writer);
        file->in_batch = false;
    }
    committer->files = NULL;
}

static struct writer *begin_file(struct committer *committer, struct file *file, struct err *err)
{
    if (file->in_batch)
        return file->writer;
    struct writer *writer = writer_acquire(&committer->writers, file, err);
    if (!writer || !writer_begin(writer, err))
        return NULL;
    file->in_batch = true;
    file->next_in_batch = committer->files;
    committer->files = file;
    return writer;
}

static bool apply_ops(struct committer *committer, struct request *request, struct err *err)
{
    const struct database_files *database = request->commit->database;
    if (database && __atomic_load_n(&database->gone, __ATOMIC_SEQ_CST))
        return err_set(err, ERR_DATABASE_DROPPED, "database \"%s\" does not exist any more",
                       database->name);
    for (size_t k = 0; k < request->n_ops; k++) {
        const struct op *op = &request->ops[k];
        struct file *file = storage_file(committer->storage, request->commit->database, op->shard);
        struct writer *writer = begin_file(committer, file, err);
        if (!writer || !writer_apply(writer, op, err))
            return false;
    }
    return true;
}

/* COMMIT PREPARED and ROLLBACK PREPARED take the ops that were prepared. */
static bool load_prepared(struct committer *committer, struct request *request, struct err *err)
{
    struct commit *commit = request->commit;
    request->resolves = prepared_find(committer->storage->prepared, commit->resolve_gid);
    for (uint32_t k = 0; k < committer->n_batch && request->resolves;
         k++) { /* resolved a moment ago? */
        struct request *other = committer->batch[k];
        if (other != request && !other->failed && other->resolves == request->resolves)
            request->resolves = NULL;
    }
    if (!request->resolves)
        return err_set(err, ERR_UNDEFINED_OBJECT,
                       "prepared transaction with identifier \"%s\" does not exist",
                       commit->resolve_gid);
    struct record *records;
    size_t n = prepared_records(request->resolves, request->arena, &records);
    commit->database =
        storage_database_by_uid(committer->storage, prepared_database_uid(request->resolves));
    VEC(struct op) ops = {0};
    request->parts.n = 0;
    for (size_t k = 0; k < n && commit->resolve_commit; k++) {
        struct op_reader reader = {records[k].ops, records[k].ops + records[k].n_ops_bytes,
                                   .arena = request->arena};
        for (struct op op; op_next(&reader, &op);)
            VEC_PUSH(request->arena, &ops, op);
        if (reader.damaged)
            return err_set(err, ERR_DATA_CORRUPTED, "prepared transaction \"%s\" is not readable",
                           commit->resolve_gid);
        struct buf part = {.p = (char *)records[k].ops, .n = records[k].n_ops_bytes};
        VEC_PUSH(request->arena, &request->parts, part);
    }
    if (!request->parts.n)
        VEC_PUSH(request->arena, &request->parts, (struct buf){0});
    request->ops = ops.items;
    request->n_ops = ops.n;
    return check_ops(committer->storage, commit->database, ops.items, ops.n, err);
}

static bool gid_in_use(struct committer *committer, const struct request *request)
{
    const char *gid = request->commit->prepare_gid;
    for (uint32_t k = 0; k < committer->n_batch; k++) {
        const struct request *other = committer->batch[k];
        if (other == request)
            break;
        if (other->kind == REQUEST_COMMIT && !other->failed && other->commit->prepare_gid &&
            strcmp(other->commit->prepare_gid, gid) == 0)
            return true;
    }
    return prepared_find(committer->storage->prepared, gid) != NULL;
}

static bool apply_request(struct committer *committer, struct request *request, struct err *err)
{
    switch (request->kind) {
    case REQUEST_COMMIT:
        if (request->commit->prepare_gid)
            return !gid_in_use(committer, request) ||
                   err_set(err, ERR_DUPLICATE_OBJECT,
                           "transaction identifier \"%s\" is already in use",
                           request->commit->prepare_gid);
        if (request->commit->resolve_gid && !load_prepared(committer, request, err))
            return false;
        return apply_ops(committer, request, err);
    case REQUEST_APPEND:
        return apply_ops(committer, request, err);
    case REQUEST_DROP_DATABASE:
    case REQUEST_RELEASE_DATABASE:
    case REQUEST_LOG_PREPARED:
    case REQUEST_SYNC:
        return true;
    }
    return true;
}

/* A failed request is taken out and the rest starts over. */
static void apply_batch(struct committer *committer)
{
    for (uint32_t k = 0; k < committer->n_batch; k++) {
        struct request *request = committer->batch[k];
        struct err err = ERR_IN(committer->arena);
        if (request->failed || apply_request(committer, request, &err))
            continue;
        fail(request, &err);
        roll_back(committer);
        for (uint32_t other = 0; other < committer->n_batch; other++)
            committer->batch[other]->resolves = NULL;
        k = UINT32_MAX; /* from the start */
    }
}

/* ---- steps 2 and 3: reserve and log ---- */

static bool is_logged(const struct request *request)
{
    return !request->failed &&
           (request->kind == REQUEST_COMMIT || request->kind == REQUEST_APPEND ||
            request->kind == REQUEST_DROP_DATABASE);
}

/* Prepared transactions that are to be logged again come first: a record of this batch may end one of them. */
static void assign_seqs(struct committer *committer)
{
    for (uint32_t k = 0; k < committer->n_batch; k++) {
        if (committer->batch[k]->kind != REQUEST_LOG_PREPARED)
            continue;
        committer->batch[k]->seq = committer->last_seq + 1;
        committer->last_seq += prepared_count(committer->storage->prepared);
    }
    for (uint32_t k = 0; k < committer->n_batch; k++) {
        if (is_logged(committer->batch[k]))
            committer->batch[k]->seq = ++committer->last_seq;
    }
}

/* If a file can't take its position or its pages, no request of the batch can be told from another: all fail. */
static bool finish_files(struct committer *committer, struct err *err)
{
    for (struct file *file = committer->files; file; file = file->next_in_batch) {
        if (!writer_set_position(file->writer, committer->last_seq, err) ||
            !writer_reserve(file->writer, err))
            return false;
    }
    return true;
}

struct records {
    struct arena *arena;
    VEC(struct record) list;
};

static void add_parts(struct records *records, struct record record, const struct request *request)
{
    for (size_t k = 0; k < request->parts.n; k++) {
        record.ops = (const uint8_t *)request->parts.items[k].p;
        record.n_ops_bytes = request->parts.items[k].n;
        record.more = k + 1 < request->parts.n;
        VEC_PUSH(records->arena, &records->list, record);
    }
}

static void add_commit(struct records *records, const struct request *request)
{
    const struct commit *commit = request->commit;
    struct record record = {.kind = RECORD_COMMIT,
                            .seq = request->seq,
                            .database_uid = commit->database ? commit->database->uid : 0,
                            .database = commit->database ? commit->database->name : "",
                            .gid = commit->resolve_gid,
                            .time_us = clock_realtime_us()};
    if (commit->prepare_gid) {
        record.kind = RECORD_PREPARE;
        record.gid = commit->prepare_gid;
        record.owner = commit->prepare_owner;
    } else if (commit->resolve_gid && !commit->resolve_commit) {
        record.kind = RECORD_ROLLBACK_PREPARED;
    }
    add_parts(records, record, request);
}

struct relog {
    struct records *records;
    uint64_t next_seq;
};

static void add_prepared_again(void *arg, const struct prepared_entry *entry)
{
    struct relog *relog = arg;
    struct record *parts;
    size_t n = prepared_records(entry, relog->records->arena, &parts);
    uint64_t seq = relog->next_seq++;
    for (size_t k = 0; k < n; k++) {
        parts[k].seq = seq;
        parts[k].more = k + 1 < n;
        VEC_PUSH(relog->records->arena, &relog->records->list, parts[k]);
    }
}

static void add_drop(struct records *records, const struct request *request)
{
    struct record record = {.kind = RECORD_DROP_DATABASE,
                            .seq = request->seq,
                            .database_uid = request->database->uid,
                            .database = request->database->name,
                            .time_us = clock_realtime_us()};
    VEC_PUSH(records->arena, &records->list, record);
}

static void collect_records(struct committer *committer, struct records *records)
{
    for (uint32_t k = 0; k < committer->n_batch; k++) {
        struct request *request = committer->batch[k];
        if (request->kind == REQUEST_LOG_PREPARED)
            prepared_each(committer->storage->prepared, add_prepared_again,
                          &(struct relog){records, request->seq});
    }
    for (uint32_t k = 0; k < committer->n_batch; k++) {
        struct request *request = committer->batch[k];
        if (!is_logged(request))
            continue;
        if (request->kind == REQUEST_DROP_DATABASE)
            add_drop(records, request);
        else
            add_commit(records, request);
    }
}

/* Nobody in the batch waits for the disk, and nothing is under way that may copy a WAL into its file. */
static bool may_sync_later(const struct committer *committer)
{
    if (__atomic_load_n(&committer->storage->n_sync_holds, __ATOMIC_SEQ_CST) > 0)
        return false;
    for (uint32_t k = 0; k < committer->n_batch; k++) {
        const struct request *request = committer->batch[k];
        bool lazy = request->kind == REQUEST_APPEND ||
                    (request->kind == REQUEST_COMMIT && request->commit->asynchronous &&
                     !request->commit->prepare_gid && !request->commit->resolve_gid);
        if (!request->failed && !lazy)
            return false;
    }
    return committer->n_batch > 0;
}

static void sync_log(struct committer *committer)
{
    struct err err = ERR_IN(committer->arena);
    FAILPOINT("commit.before_decision");
    if (!committer->storage->log_ops->sync(committer->storage->log, &err))
        fatal_stop(&err);
    committer->unsynced = false;
    FAILPOINT("commit.after_decision");
}

static bool write_log(struct committer *committer, struct err *err)
{
    struct storage *storage = committer->storage;
    struct records records = {.arena = committer->arena};
    collect_records(committer, &records);
    if (records.list.n) {
        FAILPOINT("commit.before_log");
        if (!storage->log_ops->append(storage->log, records.list.items, records.list.n, err))
            return false;
        committer->unsynced = true;
    }
    for (size_t k = 0; k < records.list.n; k++)
        committer->bytes_since_cut += record_bytes(&records.list.items[k]);
    if (committer->unsynced && !may_sync_later(committer))
        sync_log(committer);
    return true;
}

/* ---- step 4: publish ---- */

static void commit_files(struct committer *committer)
{
    struct err err = ERR_IN(committer->arena);
    for (struct file *file = committer->files; file; file = file->next_in_batch) {
        if (!writer_commit(file->writer, &err))
            fatal_stop(&err); /* invariant (3) */
        FAILPOINT("commit.file_committed");
    }
}

static void publish_prepared(struct committer *committer, struct request *request)
{
    struct prepared_table *table = committer->storage->prepared;
    struct commit *commit = request->commit;
    if (commit->resolve_gid) {
        request->resolves = NULL;
        prepared_remove(table, commit->resolve_gid);
    }
    if (!commit->prepare_gid)
        return;
    struct records records = {.arena = committer->arena};
    add_commit(&records, request);
    for (size_t k = 0; k < records.list.n; k++)
        prepared_add(table, &records.list.items[k]);
}

static void publish(struct committer *committer)
{
    struct storage *storage = committer->storage;
    pthread_rwlock_wrlock(&storage->gate);
    commit_files(committer);
    if (committer->files)
        checkpointer_note_dirty(storage->checkpointer, committer->files);
    for (uint32_t k = 0; k < committer->n_batch; k++) {
        struct request *request = committer->batch[k];
        if (request->failed || request->kind != REQUEST_COMMIT)
            continue;
        if (request->commit->prepare_gid || request->commit->resolve_gid)
            publish_prepared(committer, request);
        if (request->commit->published)
            request->commit->published(request->commit, request->seq);
    }
    __atomic_store_n(&storage->published_seq, committer->last_seq, __ATOMIC_RELEASE);
    pthread_rwlock_unlock(&storage->gate);
    FAILPOINT("commit.published");
}

/* ---- step 5, and what comes after the answers ---- */

static void close_writers_of(struct committer *committer, const struct database_files *database)
{
    for (struct writer *writer = committer->writers.newest; writer;) {
        struct writer *older = writer->older;
        if (writer->file->database == database)
            writer_close(&committer->writers, writer);
        writer = older;
    }
}

static void finish_database_requests(struct committer *committer)
{
    for (uint32_t k = 0; k < committer->n_batch; k++) {
        struct request *request = committer->batch[k];
        if (request->failed || !request->database)
            continue;
        close_writers_of(committer, request->database);
        if (request->kind == REQUEST_DROP_DATABASE)
            prepared_remove_database(committer->storage->prepared, request->database->uid);
    }
}

/* The checkpointer has copied all but the newest frames of a WAL that never stops growing; the rest is copied here, where
 * nothing is added meanwhile, so that the WAL can start over. */
static void catch_up(struct committer *committer, struct writer *writer)
{
    if (committer->unsynced) /* invariant (5) */
        sync_log(committer);
    int rc = sqlite3_wal_checkpoint_v2(writer->connection.db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL,
                                       NULL);
    if ((rc & 0xff) != SQLITE_IOERR)
        return;
    struct arena *scratch = arena_new("catch up");
    struct err err = ERR_IN(scratch);
    connection_error(&writer->connection, rc, &err);
    fatal_stop(&err); /* a failed sync may have lost what the WAL is about to be emptied of */
}

/* `here`: on a caller's thread, whose event loop two syncs would hold up for too long. */
static void care_for_files(struct committer *committer, struct file *first, bool here)
{
    const struct storage_options *options = &committer->storage->options;
    struct checkpointer *checkpointer = committer->storage->checkpointer;
    for (struct file *file = first; file; file = file->next_in_batch) {
        if (!file->writer)
            continue;
        bool due = __atomic_load_n(&file->catch_up, __ATOMIC_ACQUIRE);
        committer->thread_wanted = committer->thread_wanted || (due && here);
        if (due && !here && __atomic_exchange_n(&file->catch_up, false, __ATOMIC_ACQ_REL))
            catch_up(committer, file->writer);
        else if (file->writer->wal_frames >= options->checkpoint_frames)
            checkpointer_queue(checkpointer, file);
    }
    if (committer->bytes_since_cut < options->log_segment_bytes)
        return;
    committer->bytes_since_cut = 0;
    checkpointer_cut_log(checkpointer);
}

static void run_batch(struct committer *committer)
{
    struct err err = ERR_IN(committer->arena);
    uint64_t seq_before = committer->last_seq;
    apply_batch(committer);
    FAILPOINT("commit.applied");
    assign_seqs(committer);
    bool ok = finish_files(committer, &err) && write_log(committer, &err);
    if (ok) {
        publish(committer);
    } else {
        roll_back(committer);
        committer->last_seq = seq_before;
        for (uint32_t k = 0; k < committer->n_batch; k++) {
            if (!committer->batch[k]->failed)
                fail(committer->batch[k], &err);
        }
    }
    struct file *files = committer->files;
    for (struct file *file = files; file; file = file->next_in_batch)
        file->in_batch = false;
    committer->files = NULL;
    finish_database_requests(committer);
    bool here = committer->n_batch == 1 && committer->batch[0]->here;
    for (uint32_t k = 0; k < committer->n_batch; k++)
        answer(committer->batch[k]);
    care_for_files(committer, files, here);
    arena_reset(committer->arena);
}

static void *committer_main(void *arg)
{
    struct committer *committer = arg;
    pthread_setname_np(pthread_self(), "committer");
    while (take_batch(committer)) {
        run_batch(committer);
        end_run(committer);
    }
    if (committer->unsynced)
        sync_log(committer);
    writers_close_all(&committer->writers);
    return NULL;
}

struct committer *committer_start(struct storage *storage)
{
    struct committer *committer = calloc(1, sizeof(*committer));
    ASSERT(committer != NULL);
    committer->storage = storage;
    committer->last = &committer->first;
    committer->arena = arena_new("commit batch");
    committer->last_seq = storage->published_seq;
    committer->writers.keep_shapes = true;
    committer->writers.max = storage->options.max_open_writers;
    pthread_mutex_init(&committer->mutex, NULL);
    pthread_cond_init(&committer->wake, NULL);
    int rc = pthread_create(&committer->thread, NULL, committer_main, committer);
    ASSERT(rc == 0);
    return committer;
}

void committer_stop(struct committer *committer)
{
    pthread_mutex_lock(&committer->mutex);
    committer->stopping = true;
    pthread_mutex_unlock(&committer->mutex);
    pthread_cond_signal(&committer->wake);
    pthread_join(committer->thread, NULL);
    arena_free(committer->arena);
    pthread_mutex_destroy(&committer->mutex);
    pthread_cond_destroy(&committer->wake);
    free(committer);
}
