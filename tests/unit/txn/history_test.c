/* history_test.c - concurrent transactions over several shards leave no forbidden history; planted bugs are found. */
#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/txn/history.h"
#include "tests/unit/txn/fixture.h"

Suite *txn_history_suite(void);

#define KEYS 10
#define THREADS 6
#define TXNS 120

enum plant { PLANT_NOTHING, PLANT_NO_LOCKS, PLANT_WEAK_SNAPSHOT, PLANT_DIRTY, PLANT_SNAPSHOT_ONLY };

struct run {
    struct fixture f;
    struct history *history;
    enum isolation isolation;
    enum plant plant;
    _Atomic int64_t next_value;
    _Atomic int n_failed;
};

struct hand {
    struct run *run;
    unsigned seed;
    pthread_t thread;
    struct arena *arena;
    int32_t pid;
};

/* Reads one register, or all of them in one statement; with `write`, replaces the one. */
static enum txn_result statement(struct hand *hand, struct txn *txn, struct history_txn *record,
                                 int64_t id, bool all, bool write, struct err *err)
{
    struct fixture *f = &hand->run->f;
    struct arena *arena = arena_new("statement");
    struct datum key = datum_int(id);
    struct scan_qual qual = {1, QUAL_EQ, &key, 1};
    uint32_t shard = (uint32_t)id % f->n_shards;
    struct scan_spec spec = {.relation = &f->table,
                             .shards = all ? fx_shards(f) : &shard,
                             .n_shards = all ? f->n_shards : 1,
                             .quals = &qual,
                             .n_quals = all ? 0 : 1};
    enum txn_result result = TXN_OK;
    struct row row;
    bool found = true;
    struct {
        int64_t id, v;
    } seen[KEYS];
    int n = 0;
    int64_t value = 0;
    if (!txn_statement_begin(txn, all ? spec.shards : NULL, all ? spec.n_shards : 0, err)) {
        arena_free(arena);
        return TXN_ERROR;
    }
    struct scan *scan = scan_open(txn, arena, &f->env, &spec, err);
    if (!scan)
        result = TXN_ERROR;
    while (result == TXN_OK) {
        if (!scan_next(scan, &row, &found, err))
            result = TXN_ERROR;
        if (result != TXN_OK || !found)
            break;
        ck_assert_int_lt(n, KEYS);
        seen[n].id = row.values[0].i;
        seen[n++].v = row.values[1].i;
        if (!write)
            continue;
        static const uint8_t changed[] = {2};
        if (hand->run->plant != PLANT_NO_LOCKS)
            result = txn_lock_row(txn, &f->table, row.shard, row.rid, ROW_NO_KEY_UPDATE, WAIT_BLOCK,
                                  err);
        if (result != TXN_OK)
            break;
        value = atomic_fetch_add(&hand->run->next_value, 1);
        struct datum values[] = {row.values[0], datum_int(value), row.values[2]};
        if (!txn_update(txn, &f->env, &f->table, row.shard, row.rid, values, changed, err))
            result = TXN_ERROR;
    }
    scan_close(scan);
    if (result != TXN_OK)
        txn_statement_undo(txn);
    txn_statement_end(txn);
    arena_free(arena);
    for (int k = 0; result == TXN_OK && k < n; k++) {
        if (write)
            history_write(record, (uint32_t)seen[k].id, seen[k].v, value);
        else
            history_read(record, (uint32_t)seen[k].id, seen[k].v);
    }
    return result;
}

static void transaction(struct hand *hand)
{
    struct run *run = hand->run;
    int n_statements = 1 + rand_r(&hand->seed) % 4;
    enum isolation isolation = run->plant == PLANT_WEAK_SNAPSHOT   ? ISOLATION_READ_COMMITTED
                               : run->plant == PLANT_SNAPSHOT_ONLY ? ISOLATION_REPEATABLE_READ
                                                                   : run->isolation;
    arena_reset(hand->arena);
    struct err err = ERR_IN(hand->arena);
    struct history_txn *record =
        history_begin(run->history, run->isolation != ISOLATION_READ_COMMITTED || n_statements == 1,
                      run->isolation == ISOLATION_SERIALIZABLE);
    struct txn *txn = fx_begin(&run->f, isolation, hand->pid);
    enum txn_result result = TXN_OK;
    for (int k = 0; k < n_statements && result == TXN_OK; k++) {
        int64_t id = rand_r(&hand->seed) % KEYS;
        int what = rand_r(&hand->seed) % 4;
        do
            result = statement(hand, txn, record, id, what == 0, what >= 2, &err);
        while (result == TXN_RESTART);
    }
    bool ok = result == TXN_OK;
    bool abort = ok && rand_r(&hand->seed) % 8 == 0;
    if (abort && run->plant == PLANT_DIRTY) {
        ok = txn_commit(txn, &err); /* the client was told that it rolled back */
        history_end(record, false);
        return;
    }
    if (!ok || abort)
        txn_rollback(txn);
    else
        ok = txn_commit(txn, &err);
    if (!ok) {
        ck_assert_msg(err_is(&err, "40001") || err_is(&err, "40P01"), "%s", err.message);
        atomic_fetch_add(&run->n_failed, 1);
    }
    history_end(record, ok && !abort);
}

static void *work(void *arg)
{
    struct hand *hand = arg;
    for (int k = 0; k < TXNS; k++)
        transaction(hand);
    return NULL;
}

static const char *play(enum isolation isolation, enum plant plant, unsigned seed)
{
    static struct arena *arena;
    struct run run = {.history = history_new(), .isolation = isolation, .plant = plant};
    struct hand hands[THREADS];
    fixture_open(&run.f, 3);
    atomic_init(&run.next_value, 1000);
    struct txn *txn = fx_begin(&run.f, ISOLATION_READ_COMMITTED, 1);
    for (int64_t id = 0; id < KEYS; id++)
        fx_insert(&run.f, txn, id, id);
    fx_commit(txn);
    for (int k = 0; k < THREADS; k++) {
        hands[k] = (struct hand){.run = &run,
                                 .seed = seed * 100 + (unsigned)k,
                                 .arena = arena_new("hand"),
                                 .pid = k + 10};
        pthread_create(&hands[k].thread, NULL, work, &hands[k]);
    }
    for (int k = 0; k < THREADS; k++) {
        pthread_join(hands[k].thread, NULL);
        arena_free(hands[k].arena);
    }
    ck_assert_uint_gt(history_n_committed(run.history), THREADS * TXNS / 10);
    arena_free(arena);
    arena = arena_new("found");
    const char *found = history_check(run.history, arena);
    if (getenv("HISTORY_VERBOSE"))
        printf("isolation %d plant %d: %zu committed, %d failed: %s\n", isolation, plant,
               history_n_committed(run.history), run.n_failed, found ? found : "clean");
    history_free(run.history);
    fixture_close(&run.f);
    return found;
}

START_TEST(read_committed)
{
    const char *found = play(ISOLATION_READ_COMMITTED, PLANT_NOTHING, (unsigned)_i);
    ck_assert_msg(!found, "%s", found);
}
END_TEST

START_TEST(repeatable_read)
{
    const char *found = play(ISOLATION_REPEATABLE_READ, PLANT_NOTHING, (unsigned)_i + 50);
    ck_assert_msg(!found, "%s", found);
}
END_TEST

START_TEST(serializable)
{
    const char *found = play(ISOLATION_SERIALIZABLE, PLANT_NOTHING, (unsigned)_i + 90);
    ck_assert_msg(!found, "%s", found);
}
END_TEST

/* Write skew is what snapshots alone allow: the checker finds it, so the watch above has something to prevent. */
START_TEST(snapshots_alone_are_not_serializable)
{
    const char *found = NULL;
    for (unsigned seed = 30; !found && seed < 40; seed++)
        found = play(ISOLATION_SERIALIZABLE, PLANT_SNAPSHOT_ONLY, seed);
    ck_assert(found && strncmp(found, "G2", 2) == 0);
}
END_TEST

START_TEST(writing_without_locks_loses_updates)
{
    const char *found = play(ISOLATION_READ_COMMITTED, PLANT_NO_LOCKS, 7);
    ck_assert(found && strncmp(found, "lost update", 11) == 0);
}
END_TEST

START_TEST(a_snapshot_per_statement_is_read_skew_in_repeatable_read)
{
    const char *found = play(ISOLATION_REPEATABLE_READ, PLANT_WEAK_SNAPSHOT, 8);
    ck_assert(found && strncmp(found, "G-single", 8) == 0);
}
END_TEST

START_TEST(committing_what_was_rolled_back_is_an_aborted_read)
{
    const char *found = play(ISOLATION_READ_COMMITTED, PLANT_DIRTY, 9);
    ck_assert(found && strncmp(found, "G1a", 3) == 0);
}
END_TEST

/* Hand-made histories, so that each rule of the checker is known to work. */
START_TEST(the_checker_knows_the_anomalies)
{
    struct arena *arena = arena_new("checker");
    struct history *h = history_new();
    struct history_txn *a = history_begin(h, true, true), *b = history_begin(h, true, true);
    history_read(a, 1, 0);
    history_read(b, 2, 0);
    history_write(a, 2, 0, 10); /* write skew: each missed the other's write */
    history_write(b, 1, 0, 20);
    history_end(a, true);
    history_end(b, true);
    const char *found = history_check(h, arena);
    ck_assert(found && strncmp(found, "G2", 2) == 0);
    history_free(h);

    h = history_new();
    a = history_begin(h, false, false);
    b = history_begin(h, false, false);
    history_write(a, 1, 0, 10);
    history_write(b, 2, 0, 20);
    history_write(a, 2, 20, 11);
    history_write(b, 1, 10, 21);
    history_end(a, true);
    history_end(b, true);
    found = history_check(h, arena);
    ck_assert(found && strncmp(found, "G0", 2) == 0);
    history_free(h);

    h = history_new();
    a = history_begin(h, false, false);
    history_write(a, 1, 0, 10);
    history_end(a, true);
    b = history_begin(h, true, false);
    history_read(b, 1, 0);
    history_end(b, true);
    found = history_check(h, arena);
    ck_assert(found && strncmp(found, "stale read", 10) == 0);
    history_free(h);
    arena_free(arena);
}
END_TEST

Suite *txn_history_suite(void)
{
    Suite *suite = suite_create("txn/history");
    TCase *cases = tcase_create("histories");
    tcase_set_timeout(cases, 120);
    tcase_add_test(cases, the_checker_knows_the_anomalies);
    tcase_add_loop_test(cases, read_committed, 0, 4);
    tcase_add_loop_test(cases, repeatable_read, 0, 4);
    tcase_add_loop_test(cases, serializable, 0, 8);
    tcase_add_test(cases, snapshots_alone_are_not_serializable);
    tcase_add_test(cases, writing_without_locks_loses_updates);
    tcase_add_test(cases, a_snapshot_per_statement_is_read_skew_in_repeatable_read);
    tcase_add_test(cases, committing_what_was_rolled_back_is_an_aborted_read);
    suite_add_tcase(suite, cases);
    return suite;
}
