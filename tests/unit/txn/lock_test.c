/* lock_test.c - who waits for whom, who is refused, who is the victim. */
#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/waiter.h"
#include "tests/unit/txn/fixture.h"
#include "txn/lock.h"

Suite *txn_lock_suite(void);

/* ---- the table alone ---- */

static uint64_t zero(void *arg)
{
    return 0;
}
static uint64_t one_more(void *arg)
{
    static _Atomic uint64_t xid = 1000;
    return atomic_fetch_add(&xid, 1);
}

struct actor {
    struct lock_owner owner;
    _Atomic uint64_t xid;
    struct lock_request request;
    enum lock_result result;
    struct arena *arena;
    struct err err;
    pthread_t thread;
    atomic_bool done;
};

static void *act(void *arg)
{
    struct actor *actor = arg;
    actor->result = lock_acquire(&actor->owner, &actor->request, NULL, &actor->err);
    atomic_store(&actor->done, true);
    return NULL;
}

static struct lock_table *table;
static struct actor actors[8];

static void setup(void)
{
    memset(actors, 0, sizeof(actors));
    table = lock_table_new(zero, one_more, NULL);
    for (size_t k = 0; k < ARRAY_COUNT(actors); k++) {
        lock_owner_init(&actors[k].owner, table, &actors[k].xid);
        actors[k].owner.pid = (int32_t)(100 + k);
        actors[k].arena = arena_new("actor");
        actors[k].err = ERR_IN(actors[k].arena);
    }
}

static void teardown(void)
{
    for (size_t k = 0; k < ARRAY_COUNT(actors); k++) {
        lock_release(&actors[k].owner, 0);
        lock_owner_destroy(&actors[k].owner);
        arena_free(actors[k].arena);
    }
    lock_table_free(table);
}

static struct lock_tag tag(enum lock_kind kind, uint32_t object, uint64_t id)
{
    return (struct lock_tag){.kind = kind, .database = 5, .object = object, .id = id};
}

static enum lock_result try_lock(int who, struct lock_tag t, int mode)
{
    struct lock_request request = {.tag = t, .mode = mode, .policy = WAIT_ERROR};
    return lock_acquire(&actors[who].owner, &request, NULL, &actors[who].err);
}

static void start(int who, struct lock_tag t, int mode, int64_t deadlock_us, int64_t timeout_us)
{
    struct actor *actor = &actors[who];
    actor->request = (struct lock_request){.tag = t,
                                           .mode = mode,
                                           .policy = WAIT_BLOCK,
                                           .lock_timeout_us = timeout_us,
                                           .deadlock_timeout_us = deadlock_us};
    atomic_store(&actor->done, false);
    pthread_create(&actor->thread, NULL, act, actor);
    for (int k = 0; k < 4000 && !atomic_load(&actor->done); k++) { /* until it waits */
        int32_t *pids;
        struct arena *arena = arena_new("pids");
        size_t n = lock_table_blockers(table, actor->owner.pid, arena, &pids);
        arena_free(arena);
        if (n)
            return;
        usleep(500);
    }
}

static enum lock_result finish(int who)
{
    pthread_join(actors[who].thread, NULL);
    return actors[who].result;
}

START_TEST(modes_conflict_as_in_postgresql)
{
    static const char *const rows[] = {"...x", "..xx", ".xxx", "xxxx"};
    static const char *const tables[] = {".......x", "......xx", "....xxxx", "...xxxxx",
                                         "..xx.xxx", "..xxxxxx", ".xxxxxxx", "xxxxxxxx"};
    for (int a = 1; a <= 8; a++)
        for (int b = 1; b <= 8; b++) {
            struct lock_tag t = tag(LOCK_TABLE, 10, 0);
            ck_assert_int_eq(try_lock(0, t, a), LOCK_GRANTED);
            ck_assert_int_eq(try_lock(1, t, b),
                             tables[a - 1][b - 1] == 'x' ? LOCK_BUSY : LOCK_GRANTED);
            lock_release(&actors[0].owner, 0);
            lock_release(&actors[1].owner, 0);
            if (a > 4 || b > 4)
                continue;
            t = tag(LOCK_ROW, 10, 7);
            ck_assert_int_eq(try_lock(0, t, a), LOCK_GRANTED);
            ck_assert_int_eq(try_lock(1, t, b),
                             rows[a - 1][b - 1] == 'x' ? LOCK_BUSY : LOCK_GRANTED);
            lock_release(&actors[0].owner, 0);
            lock_release(&actors[1].owner, 0);
        }
}
END_TEST

START_TEST(waiting_is_first_come_first_served)
{
    struct lock_tag t = tag(LOCK_ROW, 10, 1);
    ck_assert_int_eq(try_lock(0, t, ROW_KEY_SHARE), LOCK_GRANTED);
    start(1, t, ROW_UPDATE, 1000000, 0);
    start(2, t, ROW_KEY_SHARE, 1000000,
          0); /* would go with the holder, but not past the first in the queue */
    start(3, t, ROW_UPDATE, 1000000, 0);
    ck_assert(!atomic_load(&actors[2].done));
    ck_assert_int_eq(try_lock(4, t, ROW_KEY_SHARE), LOCK_BUSY);
    lock_release(&actors[0].owner, 0);
    ck_assert_int_eq(finish(1), LOCK_WAITED);
    ck_assert(!atomic_load(&actors[2].done));
    lock_release(&actors[1].owner, 0);
    ck_assert_int_eq(finish(2), LOCK_WAITED);
    ck_assert(!atomic_load(&actors[3].done));
    lock_release(&actors[2].owner, 0);
    ck_assert_int_eq(finish(3), LOCK_WAITED);
}
END_TEST

START_TEST(a_cycle_ends_the_one_who_looks)
{
    struct lock_tag a = tag(LOCK_ROW, 10, 1), b = tag(LOCK_TABLE, 16385, 0),
                    c = tag(LOCK_ADVISORY, 1, 0x500000007);
    ck_assert_int_eq(try_lock(0, a, ROW_UPDATE), LOCK_GRANTED);
    ck_assert_int_eq(try_lock(1, b, 3), LOCK_GRANTED); /* weak: through the fast path */
    ck_assert_int_eq(try_lock(2, c, LOCK_EXCLUSIVE), LOCK_GRANTED);
    start(0, b, 8, 60000000, 0);
    start(1, c, LOCK_SHARE, 60000000, 0);
    start(2, a, ROW_SHARE, 0, 0);
    ck_assert_int_eq(finish(2), LOCK_FAILED);
    ck_assert(err_is(&actors[2].err, "40P01"));
    ck_assert_str_eq(actors[2].err.message, "deadlock detected");
    ck_assert_str_eq(actors[2].err.hint, "See server log for query details.");
    char *want = arena_printf(
        actors[0].arena,
        "Process 102 waits for ShareLock on transaction %llu; blocked by process 100.\n"
        "Process 100 waits for AccessExclusiveLock on relation 16385 of database 5; blocked by "
        "process 101.\n"
        "Process 101 waits for ShareLock on advisory lock [5,5,7,1]; blocked by process 102.",
        (unsigned long long)actors[0].xid);
    ck_assert_str_eq(actors[2].err.detail, want);
    lock_release(&actors[2].owner, 0);
    ck_assert_int_eq(finish(1), LOCK_WAITED);
    lock_release(&actors[1].owner, 0);
    ck_assert_int_eq(finish(0), LOCK_WAITED);
}
END_TEST

START_TEST(a_soft_cycle_is_undone_by_reordering_the_queue)
{
    struct lock_tag a = tag(LOCK_TABLE, 1, 0), b = tag(LOCK_TABLE, 2, 0);
    ck_assert_int_eq(try_lock(0, a, 3), LOCK_GRANTED);
    ck_assert_int_eq(try_lock(2, b, 8), LOCK_GRANTED);
    ck_assert_int_eq(try_lock(1, b, 1), LOCK_BUSY);
    start(2, a, 8, 60000000, 0); /* 2 waits for 0 */
    start(3, a, 1, 60000000, 0); /* 3 waits behind 2 */
    ck_assert_int_eq(try_lock(4, a, 2), LOCK_BUSY);
    /* 0 asks for b: it is held by 2, who waits for 0: a hard cycle */
    start(0, b, 1, 0, 0);
    ck_assert_int_eq(finish(0), LOCK_FAILED);
    lock_release(&actors[0].owner, 0);
    ck_assert_int_eq(finish(2), LOCK_WAITED);
    lock_release(&actors[2].owner, 0);
    ck_assert_int_eq(finish(3), LOCK_WAITED);
    lock_release(&actors[3].owner, 0);

    /* 1 holds b and waits on a behind 2, who waits on a for 0, which is idle; 0 then wants b: hard edge to 1, soft edge 1 -> 2. */
    ck_assert_int_eq(try_lock(0, a, 3), LOCK_GRANTED);
    ck_assert_int_eq(try_lock(1, b, 8), LOCK_GRANTED);
    start(2, a, 8, 60000000, 0);
    start(1, a, 1, 60000000, 0);
    ck_assert(!atomic_load(&actors[1].done));
    start(0, b, 1, 0, 0);
    ck_assert_int_eq(finish(1), LOCK_WAITED); /* let past 2 */
    lock_release(&actors[1].owner, 0);
    ck_assert_int_eq(finish(0), LOCK_WAITED);
    lock_release(&actors[0].owner, 0);
    ck_assert_int_eq(finish(2), LOCK_WAITED);
}
END_TEST

START_TEST(a_timeout_gives_up_and_lets_others_pass)
{
    struct lock_tag t = tag(LOCK_ROW, 10, 1);
    ck_assert_int_eq(try_lock(0, t, ROW_KEY_SHARE), LOCK_GRANTED);
    start(1, t, ROW_UPDATE, 1000000, 100000);
    start(2, t, ROW_SHARE, 1000000, 0);
    ck_assert_int_eq(finish(1), LOCK_FAILED);
    ck_assert(err_is(&actors[1].err, "55P03"));
    ck_assert_str_eq(actors[1].err.message, "canceling statement due to lock timeout");
    ck_assert_int_eq(finish(2), LOCK_WAITED);
}
END_TEST

START_TEST(partial_release_restores_what_was_held)
{
    struct lock_tag row = tag(LOCK_ROW, 10, 1), rel = tag(LOCK_TABLE, 10, 0);
    ck_assert_int_eq(try_lock(0, row, ROW_KEY_SHARE), LOCK_GRANTED);
    ck_assert_int_eq(try_lock(0, rel, 2), LOCK_GRANTED);
    size_t mark = actors[0].owner.n_held;
    ck_assert_int_eq(try_lock(0, row, ROW_UPDATE), LOCK_GRANTED);
    ck_assert_int_eq(try_lock(0, rel, 3), LOCK_GRANTED);
    ck_assert_int_eq(try_lock(0, rel, 6), LOCK_GRANTED);
    ck_assert_int_eq(try_lock(0, rel, 1), LOCK_GRANTED);
    ck_assert_int_eq(try_lock(1, row, ROW_KEY_SHARE), LOCK_BUSY);
    ck_assert_int_eq(try_lock(1, rel, 3), LOCK_BUSY);
    ck_assert_uint_eq(lock_modes_held(&actors[0].owner, &rel), 1 << 1 | 1 << 2 | 1 << 3 | 1 << 6);
    lock_release(&actors[0].owner, mark);
    ck_assert_uint_eq(lock_modes_held(&actors[0].owner, &rel), 1 << 2);
    ck_assert_int_eq(try_lock(1, row, ROW_KEY_SHARE), LOCK_GRANTED);
    ck_assert_int_eq(try_lock(1, row, ROW_UPDATE), LOCK_BUSY);
    ck_assert_int_eq(try_lock(1, rel, 6), LOCK_GRANTED);
    ck_assert_int_eq(try_lock(1, rel, 7), LOCK_BUSY);
    lock_release(&actors[0].owner, 0);
    ck_assert_int_eq(try_lock(1, rel, 7), LOCK_GRANTED);
}
END_TEST

/* Threads take random locks in random order and check that nobody else is inside; deadlocks end in errors, never in a hang. */
#define STRESS_TAGS 6
static _Atomic int inside[STRESS_TAGS], n_deadlocks, n_taken;

static void *stress(void *arg)
{
    struct actor *actor = arg;
    unsigned seed = (unsigned)actor->owner.pid;
    for (int round = 0; round < 300; round++) {
        bool mine[STRESS_TAGS] = {false}, ok = true;
        for (int k = 0; ok && k < 3; k++) {
            int t = rand_r(&seed) % STRESS_TAGS;
            bool row = t % 2;
            struct lock_request request = {
                .tag = tag(row ? LOCK_ROW : LOCK_TABLE, (uint32_t)(t + 1), 0),
                .mode = row ? ROW_UPDATE : 8,
                .policy = WAIT_BLOCK,
                .deadlock_timeout_us = 200};
            if (rand_r(&seed) % 3 == 0) { /* weak ones in between */
                request.tag = tag(LOCK_TABLE, (uint32_t)((t & ~1) + 1), 0);
                request.mode = 1 + rand_r(&seed) % 3;
                ok = lock_acquire(&actor->owner, &request, NULL, &actor->err) != LOCK_FAILED;
                continue;
            }
            ok = lock_acquire(&actor->owner, &request, NULL, &actor->err) != LOCK_FAILED;
            if (ok && !mine[t]) {
                ck_assert_int_eq(atomic_fetch_add(&inside[t], 1), 0);
                mine[t] = true;
                atomic_fetch_add(&n_taken, 1);
            }
        }
        if (!ok) {
            ck_assert(err_is(&actor->err, "40P01"));
            atomic_fetch_add(&n_deadlocks, 1);
        }
        if (round % 16 == 0)
            usleep(50);
        for (int t = 0; t < STRESS_TAGS; t++)
            if (mine[t])
                atomic_fetch_sub(&inside[t], 1);
        lock_release(&actor->owner, 0);
        arena_reset(actor->arena);
        actor->err = ERR_IN(actor->arena);
    }
    return NULL;
}

START_TEST(many_threads_exclude_each_other_and_never_hang)
{
    for (size_t k = 0; k < ARRAY_COUNT(actors); k++)
        pthread_create(&actors[k].thread, NULL, stress, &actors[k]);
    for (size_t k = 0; k < ARRAY_COUNT(actors); k++)
        pthread_join(actors[k].thread, NULL);
    ck_assert_int_gt(n_taken, 1000);
    ck_assert_int_gt(n_deadlocks, 0);
}
END_TEST

/* ---- through transactions ---- */

struct worker {
    struct fixture *f;
    struct txn *txn;
    int64_t id, add;
    int n;
    struct err err;
    pthread_t thread;
};

static void *add_in_thread(void *arg)
{
    struct worker *worker = arg;
    worker->n = fx_add(worker->f, worker->txn, worker->id, worker->add, &worker->err);
    return NULL;
}

static struct worker *start_add(struct fixture *f, struct txn *txn, int64_t id, int64_t add)
{
    struct worker *worker = ARENA_NEW(f->arena, struct worker);
    *worker = (struct worker){
        .f = f, .txn = txn, .id = id, .add = add, .err = ERR_IN(arena_child(f->arena, "worker"))};
    pthread_create(&worker->thread, NULL, add_in_thread, worker);
    usleep(30000);
    return worker;
}

static int end_add(struct worker *worker)
{
    pthread_join(worker->thread, NULL);
    return worker->n;
}

START_TEST(a_waiter_builds_on_what_was_committed)
{
    struct fixture f;
    fixture_open(&f, 2);
    struct err err = ERR_IN(f.arena);
    struct txn *a = fx_begin(&f, ISOLATION_READ_COMMITTED, 1), *b;
    fx_insert(&f, a, 1, 100);
    fx_insert(&f, a, 2, 100);
    fx_commit(a);
    for (int commit = 0; commit < 2; commit++) {
        a = fx_begin(&f, ISOLATION_READ_COMMITTED, 1);
        ck_assert_int_eq(fx_add(&f, a, 1, 10, &err), 1);
        b = fx_begin(&f, ISOLATION_READ_COMMITTED, 2);
        struct worker *worker = start_add(&f, b, 1, 1);
        if (commit)
            fx_commit(a);
        else
            txn_rollback(a);
        ck_assert_int_eq(end_add(worker), 1);
        fx_commit(b);
        b = fx_begin(&f, ISOLATION_READ_COMMITTED, 2);
        ck_assert_int_eq(fx_get(&f, b, 1), commit ? 112 : 101);
        fx_commit(b);
    }
    /* A row that goes while we wait is not there any more. */
    a = fx_begin(&f, ISOLATION_READ_COMMITTED, 1);
    ck_assert_int_eq(fx_delete(&f, a, 1, &err), 1);
    b = fx_begin(&f, ISOLATION_READ_COMMITTED, 2);
    struct worker *worker = start_add(&f, b, 1, 1);
    fx_commit(a);
    ck_assert_int_eq(end_add(worker), 0);
    fx_commit(b);
    /* REPEATABLE READ fails instead. */
    b = fx_begin(&f, ISOLATION_REPEATABLE_READ, 2);
    ck_assert_int_eq(fx_get(&f, b, 2), 100);
    a = fx_begin(&f, ISOLATION_READ_COMMITTED, 1);
    ck_assert_int_eq(fx_add(&f, a, 2, 10, &err), 1);
    worker = start_add(&f, b, 2, 1);
    fx_commit(a);
    ck_assert_int_eq(end_add(worker), -1);
    ck_assert(err_is(&worker->err, "40001"));
    txn_rollback(b);
    fixture_close(&f);
}
END_TEST

/* DELETE ... WHERE v = 10 while another transaction adds one to the rows with 9 and 10: as the manual says, nothing is deleted. */
static int delete_tens(struct fixture *f, struct txn *txn, int *n_rounds)
{
    struct err err = ERR_IN(f->arena);
    struct datum ten = datum_int(10);
    struct scan_qual qual = {2, QUAL_EQ, &ten, 1};
    struct scan_spec spec = {.relation = &f->table,
                             .shards = fx_shards(f),
                             .n_shards = f->n_shards,
                             .quals = &qual,
                             .n_quals = 1};
    for (*n_rounds = 1;; ++*n_rounds) {
        enum txn_result result = TXN_OK;
        struct row row;
        bool found = true;
        int n = 0;
        ck_assert(txn_statement_begin(txn, fx_shards(f), f->n_shards, &err));
        struct scan *scan = scan_open(txn, f->arena, &f->env, &spec, &err);
        while (result == TXN_OK) {
            ck_assert(scan_next(scan, &row, &found, &err));
            if (!found)
                break;
            result = txn_lock_row(txn, &f->table, row.shard, row.rid, ROW_UPDATE, WAIT_BLOCK, &err);
            if (result == TXN_OK) {
                ck_assert_int_eq(row.values[1].i, 10);
                ck_assert(txn_delete(txn, &f->table, row.shard, row.rid, &err));
                n++;
            }
        }
        scan_close(scan);
        if (result != TXN_OK)
            txn_statement_undo(txn);
        txn_statement_end(txn);
        if (result == TXN_OK)
            return n;
        ck_assert_int_eq(result, TXN_RESTART);
    }
}

struct deleter {
    struct fixture *f;
    struct txn *txn;
    int n, n_rounds;
};

static void *delete_in_thread(void *arg)
{
    struct deleter *deleter = arg;
    deleter->n = delete_tens(deleter->f, deleter->txn, &deleter->n_rounds);
    return NULL;
}

START_TEST(a_statement_that_waited_keeps_its_snapshot_but_for_what_changed)
{
    struct fixture f;
    fixture_open(&f, 2);
    struct err err = ERR_IN(f.arena);
    struct txn *a = fx_begin(&f, ISOLATION_READ_COMMITTED, 1);
    for (int64_t id = 0; id < 40; id++)
        fx_insert(&f, a, id, id % 2 ? 9 : 10);
    fx_commit(a);
    a = fx_begin(&f, ISOLATION_READ_COMMITTED, 1);
    for (int64_t id = 0; id < 20; id++)
        ck_assert_int_eq(fx_add(&f, a, id, 1, &err), 1);
    fx_insert(&f, a, 100, 10);
    struct deleter deleter = {.f = &f, .txn = fx_begin(&f, ISOLATION_READ_COMMITTED, 2)};
    pthread_t thread;
    pthread_create(&thread, NULL, delete_in_thread, &deleter);
    usleep(30000);
    fx_commit(a);
    pthread_join(thread, NULL);
    ck_assert_int_eq(deleter.n, 10); /* of 20..39; not those that have become 10, nor the new one */
    ck_assert_int_eq(deleter.n_rounds, 2);
    /* The next statement has a snapshot of its own. */
    ck_assert_int_eq(delete_tens(&f, deleter.txn, &deleter.n_rounds), 11);
    fx_commit(deleter.txn);
    fixture_close(&f);
}
END_TEST

START_TEST(rolling_back_to_a_savepoint_frees_its_row_locks)
{
    struct fixture f;
    fixture_open(&f, 1);
    struct err err = ERR_IN(f.arena);
    struct txn *a = fx_begin(&f, ISOLATION_READ_COMMITTED, 1), *b;
    fx_insert(&f, a, 1, 1);
    fx_insert(&f, a, 2, 2);
    fx_commit(a);
    a = fx_begin(&f, ISOLATION_READ_COMMITTED, 1);
    ck_assert_int_eq(fx_add(&f, a, 1, 1, &err), 1);
    txn_savepoint(a);
    ck_assert_int_eq(fx_add(&f, a, 2, 1, &err), 1);
    b = fx_begin(&f, ISOLATION_READ_COMMITTED, 2);
    struct worker *worker = start_add(&f, b, 2, 5);
    txn_rollback_to(a, 1);
    ck_assert_int_eq(end_add(worker), 1);
    fx_commit(b);
    ck_assert_int_eq(fx_add(&f, a, 2, 1, &err), 1);
    fx_commit(a);
    a = fx_begin(&f, ISOLATION_READ_COMMITTED, 1);
    ck_assert_str_eq(fx_all(&f, a), "1=2 2=8");
    fx_commit(a);
    fixture_close(&f);
}
END_TEST

START_TEST(advisory_locks_of_sessions_and_transactions)
{
    struct fixture f;
    fixture_open(&f, 1);
    struct err err = ERR_IN(f.arena);
    struct txn *a = fx_begin(&f, ISOLATION_READ_COMMITTED, 1),
               *b = fx_begin(&f, ISOLATION_READ_COMMITTED, 2);
    bool got;
    ck_assert(advisory_lock(f.manager, 1, a, 42, 1, false, false, false, &got, &err) && got);
    ck_assert(advisory_lock(f.manager, 1, a, 42, 1, false, false, false, &got, &err) && got);
    ck_assert(advisory_lock(f.manager, 1, a, 42, 1, true, true, true, &got, &err) &&
              got); /* own process: never in the way */
    ck_assert(advisory_lock(f.manager, 2, b, 42, 1, true, false, true, &got, &err) && !got);
    ck_assert(advisory_lock(f.manager, 2, b, 42, 2, false, false, true, &got, &err) &&
              got); /* another class */
    fx_commit(a);
    ck_assert(!advisory_unlock(f.manager, 1, 42, 1, true));
    ck_assert(advisory_unlock(f.manager, 1, 42, 1, false));
    ck_assert(advisory_lock(f.manager, 2, b, 42, 1, false, false, true, &got, &err) && !got);
    ck_assert(advisory_unlock(f.manager, 1, 42, 1, false));
    ck_assert(!advisory_unlock(f.manager, 1, 42, 1, false));
    ck_assert(advisory_lock(f.manager, 2, b, 42, 1, false, true, true, &got, &err) && got);
    struct lock_view *list;
    size_t n = lock_table_view(f.manager, f.arena, &list);
    ck_assert_uint_eq(n, 3); /* with its own virtual transaction id */
    uint64_t xid = txn_id(b), xmin, xmax, *xids;
    ck_assert_uint_eq(txn_ids_in_progress(f.manager, f.arena, &xmin, &xmax, &xids), 1);
    ck_assert(xids[0] == xid && xmin == xid && xmax == xid + 1);
    ck_assert_int_eq(txn_id_status(f.manager, xid), 'p');
    ck_assert_int_eq(txn_id_status(f.manager, xid + 1), 'f');
    fx_commit(b);
    ck_assert_int_eq(txn_id_status(f.manager, xid), 'c');
    ck_assert_uint_eq(lock_table_view(f.manager, f.arena, &list), 1);
    ck_assert_str_eq(list[0].type, "advisory");
    ck_assert_int_eq(list[0].pid, 2);
    advisory_unlock_all(f.manager, 2);
    ck_assert_uint_eq(lock_table_view(f.manager, f.arena, &list), 0);
    fixture_close(&f);
}
END_TEST

Suite *txn_lock_suite(void)
{
    Suite *suite = suite_create("txn/lock");
    TCase *alone = tcase_create("table"), *cases = tcase_create("transactions");
    tcase_set_timeout(alone, 60);
    tcase_add_checked_fixture(alone, setup, teardown);
    tcase_add_test(alone, modes_conflict_as_in_postgresql);
    tcase_add_test(alone, waiting_is_first_come_first_served);
    tcase_add_test(alone, a_cycle_ends_the_one_who_looks);
    tcase_add_test(alone, a_soft_cycle_is_undone_by_reordering_the_queue);
    tcase_add_test(alone, a_timeout_gives_up_and_lets_others_pass);
    tcase_add_test(alone, partial_release_restores_what_was_held);
    tcase_add_test(alone, many_threads_exclude_each_other_and_never_hang);
    suite_add_tcase(suite, alone);
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, a_waiter_builds_on_what_was_committed);
    tcase_add_test(cases, a_statement_that_waited_keeps_its_snapshot_but_for_what_changed);
    tcase_add_test(cases, rolling_back_to_a_savepoint_frees_its_row_locks);
    tcase_add_test(cases, advisory_locks_of_sessions_and_transactions);
    suite_add_tcase(suite, cases);
    return suite;
}
