/* workload.c - see workload.h. */
#include "tests/unit/shard/workload.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static const char *const columns[] = {"a", "b"};
static const struct layout layout = {"t", "_rid", 2, columns};

struct workload_notes *workload_notes_new(void)
{
    void *notes = mmap(NULL, sizeof(struct workload_notes), PROT_READ | PROT_WRITE,
                       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ASSERT(notes != MAP_FAILED);
    return notes;
}

struct storage_options workload_options(const char *data_dir, const char *vfs)
{
    return (struct storage_options){.data_dir = data_dir,
                                    .create = true,
                                    .log_segment_bytes = 64 * 1024,
                                    .checkpoint_frames = 40,
                                    .vfs = vfs};
}

bool workload_create(struct storage *storage, struct err *err)
{
    struct op ops[WORKLOAD_SHARDS];
    for (uint32_t k = 0; k < WORKLOAD_SHARDS; k++)
        ops[k] = (struct op){.kind = OP_SQL,
                             .shard = k,
                             .sql = "CREATE TABLE t (_rid INTEGER PRIMARY KEY, a INTEGER, b TEXT)"};
    if (!storage_create_database(storage, "shop", WORKLOAD_SHARDS, err))
        return false;
    struct commit commit = {
        .database = storage_database(storage, "shop"), .ops = ops, .n_ops = WORKLOAD_SHARDS};
    return storage_commit(storage, &commit, err);
}

/* ---- running ---- */

static int64_t row_rid(uint32_t worker, uint32_t step)
{
    return (int64_t)worker * 1000000 + step;
}

static int64_t last_rid(uint32_t worker)
{
    return -(int64_t)worker - 1;
}

static uint32_t first_shard(uint32_t worker, uint32_t step)
{
    return (worker + step) % WORKLOAD_SHARDS;
}

static struct op put_row(struct arena *arena, uint32_t shard, int64_t rid, int64_t a,
                         size_t n_bytes)
{
    struct buf image = BUF_IN(arena);
    char *text = arena_zalloc(arena, n_bytes + 1);
    memset(text, 'x', n_bytes);
    image_put(&image, &(struct stored){.kind = STORED_INTEGER, .i = a});
    image_put(&image, &(struct stored){.kind = STORED_TEXT, .p = text, .n = n_bytes});
    return (struct op){.kind = OP_INSERT,
                       .shard = shard,
                       .layout = &layout,
                       .rid = rid,
                       .image = {(const uint8_t *)image.p, (uint32_t)image.n}};
}

static bool is_prepared(uint32_t step)
{
    return step % 5 == 2;
}

static bool is_asynchronous(uint32_t step)
{
    return step % 7 % 2 == 1 && !is_prepared(step);
}

static bool run_step(struct storage *storage, uint32_t worker, uint32_t step, struct arena *arena,
                     struct err *err)
{
    uint32_t first = first_shard(worker, step), second = (first + 1) % WORKLOAD_SHARDS;
    size_t n_bytes = step % 11 == 10 ? 1200000 : 50; /* more than one record's worth */
    struct op ops[] = {
        put_row(arena, first, row_rid(worker, step), step, n_bytes),
        put_row(arena, second, row_rid(worker, step), step, n_bytes),
        put_row(arena, first, last_rid(worker), step, 5),
        put_row(arena, second, last_rid(worker), step, 5),
    };
    struct commit commit = {.database = storage_database(storage, "shop"),
                            .ops = ops,
                            .n_ops = ARRAY_COUNT(ops),
                            .asynchronous = is_asynchronous(step)};
    if (!is_prepared(step))
        return storage_commit(storage, &commit, err);
    char gid[32];
    snprintf(gid, sizeof(gid), "%u/%u", worker, step);
    commit.prepare_gid = gid;
    struct commit resolve = {.resolve_gid = gid, .resolve_commit = true};
    return storage_commit(storage, &commit, err) && storage_commit(storage, &resolve, err);
}

struct job {
    struct storage *storage;
    struct workload_notes *notes;
    uint32_t worker, first, last;
};

static void *run_worker(void *arg)
{
    struct job *job = arg;
    struct arena *arena = arena_new("worker");
    for (uint32_t step = job->first; step <= job->last && !job->notes->failed[job->worker];
         step++) {
        struct err err = ERR_IN(arena);
        bool ok = run_step(job->storage, job->worker, step, arena, &err);
        if (ok)
            __atomic_store_n(&job->notes->acked[job->worker], step, __ATOMIC_SEQ_CST);
        else
            job->notes->failed[job->worker] = step;
        if (ok && !is_asynchronous(step))
            __atomic_store_n(&job->notes->durable[job->worker], step, __ATOMIC_SEQ_CST);
        arena_reset(arena);
    }
    arena_free(arena);
    return NULL;
}

void workload_run(struct storage *storage, struct workload_notes *notes, uint32_t n_workers,
                  uint32_t first, uint32_t last)
{
    pthread_t threads[WORKLOAD_WORKERS];
    struct job jobs[WORKLOAD_WORKERS];
    for (uint32_t k = 0; k < n_workers; k++) {
        jobs[k] = (struct job){storage, notes, k, first ? first : notes->acked[k] + 1, last};
        if (n_workers > 1)
            pthread_create(&threads[k], NULL, run_worker, &jobs[k]);
        else
            run_worker(&jobs[k]);
    }
    for (uint32_t k = 0; k < n_workers && n_workers > 1; k++)
        pthread_join(threads[k], NULL);
}

/* ---- checking ---- */

static bool end_prepared(struct storage *storage, const struct workload_notes *notes,
                         struct err *err)
{
    struct prepared *list;
    size_t n = storage_prepared(storage, err->arena, &list);
    for (size_t k = 0; k < n; k++) {
        unsigned worker, step;
        if (sscanf(list[k].gid, "%u/%u", &worker, &step) != 2 || step != notes->acked[worker] + 1)
            return err_set(err, ERR_INTERNAL_ERROR, "prepared \"%s\" with %u steps acknowledged",
                           list[k].gid, notes->acked[worker]);
        struct commit commit = {.resolve_gid = list[k].gid, .resolve_commit = true};
        if (!storage_commit(storage, &commit, err))
            return false;
    }
    return true;
}

static bool ask(struct storage *storage, uint32_t shard, int64_t rid, int64_t *a, struct err *err)
{
    struct reader *reader = reader_acquire(storage_database(storage, "shop"), shard, err);
    sqlite3_stmt *statement =
        reader ? reader_statement(reader, "SELECT a FROM t WHERE _rid = ?1", err) : NULL;
    bool ok = statement != NULL;
    *a = 0;
    if (ok) {
        sqlite3_bind_int64(statement, 1, rid);
        int rc = sqlite3_step(statement);
        ok = rc == SQLITE_ROW || rc == SQLITE_DONE || reader_error(reader, rc, err);
        if (rc == SQLITE_ROW)
            *a = sqlite3_column_int64(statement, 0);
        reader_finish_statement(reader, statement);
    }
    reader_release(reader);
    return ok;
}

/* Up to `sure` it must be there. */
static bool check_step(struct storage *storage, uint32_t worker, uint32_t step, uint32_t sure,
                       uint32_t acked, bool *there, struct err *err)
{
    uint32_t first = first_shard(worker, step);
    int64_t a, b;
    if (!ask(storage, first, row_rid(worker, step), &a, err) ||
        !ask(storage, (first + 1) % WORKLOAD_SHARDS, row_rid(worker, step), &b, err))
        return false;
    *there = a != 0;
    if (a != b)
        return err_set(err, ERR_INTERNAL_ERROR,
                       "step %u of worker %u is half done (%u acknowledged)", step, worker, acked);
    if (!*there && step <= sure)
        return err_set(err, ERR_INTERNAL_ERROR, "step %u of worker %u is lost (%u acknowledged)",
                       step, worker, acked);
    if (*there && step > acked + 1)
        return err_set(err, ERR_INTERNAL_ERROR,
                       "step %u of worker %u was never run (%u acknowledged)", step, worker, acked);
    return true;
}

bool workload_check(struct storage *storage, const struct workload_notes *notes, uint32_t n_workers,
                    uint32_t last, bool power_lost, struct err *err)
{
    if (!end_prepared(storage, notes, err))
        return false;
    for (uint32_t worker = 0; worker < n_workers; worker++) {
        int64_t latest[WORKLOAD_SHARDS] = {0}, a;
        uint32_t sure = power_lost ? notes->durable[worker] : notes->acked[worker];
        uint32_t missing = 0;
        for (uint32_t step = 1; step <= last; step++) {
            bool there;
            if (!check_step(storage, worker, step, sure, notes->acked[worker], &there, err))
                return false;
            uint32_t first = first_shard(worker, step);
            if (there)
                latest[first] = latest[(first + 1) % WORKLOAD_SHARDS] = step;
            else if (!missing)
                missing = step;
            if (there && missing)
                return err_set(err, ERR_INTERNAL_ERROR,
                               "worker %u: step %u is there, but not step %u", worker, step,
                               missing);
            if (there && step == notes->failed[worker] &&
                !is_prepared(step)) /* that may have failed at its end only */
                return err_set(err, ERR_INTERNAL_ERROR,
                               "step %u of worker %u was refused, but is there", step, worker);
        }
        for (uint32_t shard = 0; shard < WORKLOAD_SHARDS; shard++) {
            if (!ask(storage, shard, last_rid(worker), &a, err))
                return false;
            if (a != latest[shard])
                return err_set(err, ERR_INTERNAL_ERROR,
                               "worker %u: shard %u says %d last, its rows say %d", worker, shard,
                               (int)a, (int)latest[shard]);
        }
    }
    return true;
}
