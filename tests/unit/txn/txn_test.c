/* txn_test.c - what a transaction sees, undoes and commits. */
#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/wait.h>
#include <unistd.h>

#include "catalog/edit.h"
#include "tests/unit/txn/fixture.h"

Suite *txn_txn_suite(void);

#define ROWS(txn, want) ck_assert_str_eq(fx_all(&f, txn), want)

START_TEST(own_changes_are_seen_by_the_next_statement_and_by_others_after_commit)
{
    struct fixture f;
    fixture_open(&f, 2);
    struct err err = ERR_IN(f.arena);
    struct txn *a = fx_begin(&f, ISOLATION_READ_COMMITTED, 1),
               *b = fx_begin(&f, ISOLATION_READ_COMMITTED, 2);
    for (int64_t id = 1; id <= 4; id++)
        fx_insert(&f, a, id, id * 10);
    ROWS(a, "2=20 4=40 1=10 3=30");
    ROWS(b, "");
    fx_commit(a);
    ROWS(b, "2=20 4=40 1=10 3=30");

    a = fx_begin(&f, ISOLATION_READ_COMMITTED, 1);
    ck_assert_int_eq(fx_add(&f, a, 2, 5, &err), 1);
    ck_assert_int_eq(fx_add(&f, a, 2, 5, &err), 1);
    ck_assert_int_eq(fx_delete(&f, a, 3, &err), 1);
    ck_assert_int_eq(fx_delete(&f, a, 3, &err), 0);
    fx_insert(&f, a, 6, 60);
    ck_assert_int_eq(fx_add(&f, a, 6, 1, &err), 1);
    fx_insert(&f, a, 7, 70);
    ck_assert_int_eq(fx_delete(&f, a, 7, &err), 1);
    ROWS(a, "2=30 4=40 6=61 1=10");
    ROWS(b, "2=20 4=40 1=10 3=30");
    txn_rollback(a);
    a = fx_begin(&f, ISOLATION_READ_COMMITTED, 1);
    ROWS(a, "2=20 4=40 1=10 3=30");
    ck_assert_int_eq(fx_add(&f, a, 2, 5, &err), 1);
    ck_assert_int_eq(fx_delete(&f, a, 3, &err), 1);
    fx_commit(a);
    ROWS(b, "2=25 4=40 1=10");
    fx_commit(b);
    fixture_reopen(&f);
    b = fx_begin(&f, ISOLATION_READ_COMMITTED, 2);
    ROWS(b, "2=25 4=40 1=10");
    fx_insert(&f, b, 8, 1); /* behind the highest rid of the file */
    fx_commit(b);
    b = fx_begin(&f, ISOLATION_READ_COMMITTED, 2);
    ROWS(b, "2=25 4=40 8=1 1=10");
    fx_commit(b);
    fixture_close(&f);
}
END_TEST

START_TEST(conditions_and_order_hold_over_files_and_overlay)
{
    struct fixture f;
    fixture_open(&f, 1);
    struct err err = ERR_IN(f.arena);
    struct txn *a = fx_begin(&f, ISOLATION_READ_COMMITTED, 1);
    for (int64_t id = 1; id <= 9; id += 2)
        fx_insert(&f, a, id, 10 - id);
    fx_commit(a);
    a = fx_begin(&f, ISOLATION_READ_COMMITTED, 1);
    for (int64_t id = 2; id <= 8; id += 2)
        fx_insert(&f, a, id, 10 - id);
    ck_assert_int_eq(fx_add(&f, a, 5, 100, &err), 1);
    ck_assert_str_eq(fx_rows(&f, a, &f.table, NULL, 0, 1, false),
                     "1=9 2=8 3=7 4=6 5=105 6=4 7=3 8=2 9=1");
    ck_assert_str_eq(fx_rows(&f, a, &f.table, NULL, 0, 2, false),
                     "9=1 8=2 7=3 6=4 4=6 3=7 2=8 1=9 5=105");
    ck_assert_str_eq(fx_rows(&f, a, &f.table, NULL, 0, 1, true),
                     "9=1 8=2 7=3 6=4 5=105 4=6 3=7 2=8 1=9");
    struct datum low = datum_int(3), high = datum_int(7),
                 list[] = {datum_int(2), datum_int(5), datum_int(2), datum_int(99)};
    struct datum name = datum_bytes("n4", 2);
    struct scan_qual between[] = {{1, QUAL_GT, &low, 1}, {1, QUAL_LE, &high, 1}};
    ck_assert_str_eq(fx_rows(&f, a, &f.table, between, 2, 1, false), "4=6 5=105 6=4 7=3");
    struct scan_qual in = {1, QUAL_IN, list, 4}, named = {3, QUAL_EQ, &name, 1},
                     null = {2, QUAL_IS_NULL, NULL, 0};
    ck_assert_str_eq(fx_rows(&f, a, &f.table, &in, 1, 1, false), "2=8 5=105");
    ck_assert_str_eq(fx_rows(&f, a, &f.table, &named, 1, 0, false), "4=6");
    ck_assert_str_eq(fx_rows(&f, a, &f.table, &null, 1, 0, false), "");
    txn_rollback(a);
    fixture_close(&f);
}
END_TEST

START_TEST(savepoints_and_statements_are_undone)
{
    struct fixture f;
    fixture_open(&f, 2);
    struct err err = ERR_IN(f.arena);
    struct txn *a = fx_begin(&f, ISOLATION_READ_COMMITTED, 1);
    fx_insert(&f, a, 1, 1);
    fx_insert(&f, a, 2, 2);
    fx_commit(a);
    a = fx_begin(&f, ISOLATION_READ_COMMITTED, 1);
    ck_assert_int_eq(fx_add(&f, a, 1, 10, &err), 1);
    ck_assert_uint_eq(txn_savepoint(a), 1);
    ck_assert_int_eq(fx_add(&f, a, 1, 100, &err), 1);
    fx_insert(&f, a, 3, 3);
    ck_assert_uint_eq(txn_savepoint(a), 2);
    ck_assert(txn_statement_begin(a, NULL, 0, &err));
    ck_assert(txn_truncate(a, &f.table, &err));
    txn_statement_end(a);
    fx_insert(&f, a, 4, 4);
    ROWS(a, "4=4");
    txn_rollback_to(a, 2);
    ROWS(a, "2=2 1=111 3=3");
    txn_release(a, 2);
    txn_rollback_to(a, 1);
    ROWS(a, "2=2 1=11");
    ck_assert(txn_statement_begin(a, NULL, 0, &err));
    ck_assert(txn_truncate(a, &f.table, &err));
    txn_statement_undo(a);
    txn_statement_end(a);
    ROWS(a, "2=2 1=11");
    fx_commit(a);
    a = fx_begin(&f, ISOLATION_READ_COMMITTED, 1);
    ROWS(a, "2=2 1=11");
    ck_assert(txn_statement_begin(a, NULL, 0, &err));
    ck_assert(txn_truncate(a, &f.table, &err));
    txn_statement_end(a);
    fx_insert(&f, a, 5, 5);
    fx_commit(a);
    a = fx_begin(&f, ISOLATION_READ_COMMITTED, 1);
    ROWS(a, "5=5");
    fx_commit(a);
    fixture_close(&f);
}
END_TEST

START_TEST(a_cursor_does_not_see_what_came_later)
{
    struct fixture f;
    fixture_open(&f, 1);
    struct err err = ERR_IN(f.arena);
    struct txn *a = fx_begin(&f, ISOLATION_READ_COMMITTED, 1), *b;
    for (int64_t id = 1; id <= 4; id++)
        fx_insert(&f, a, id, id);
    fx_commit(a);
    a = fx_begin(&f, ISOLATION_READ_COMMITTED, 1);
    ck_assert_int_eq(fx_add(&f, a, 2, 10, &err), 1);
    ck_assert(txn_statement_begin(a, NULL, 0, &err));
    struct snapshot *snapshot = txn_snapshot_ref(a);
    struct scan_spec spec = {
        .relation = &f.table, .shards = fx_shards(&f), .n_shards = 1, .order_attnum = 1};
    struct scan *scan = scan_open(a, f.arena, &f.env, &spec, &err);
    txn_statement_end(a);
    struct row row;
    bool found;
    ck_assert(scan_next(scan, &row, &found, &err) && found && row.values[1].i == 1);
    ck_assert_int_eq(fx_add(&f, a, 2, 100, &err), 1);
    ck_assert_int_eq(fx_delete(&f, a, 3, &err), 1);
    fx_insert(&f, a, 9, 9);
    b = fx_begin(&f, ISOLATION_READ_COMMITTED, 2);
    ck_assert_int_eq(fx_delete(&f, b, 4, &err), 1);
    fx_commit(b);
    ck_assert(scan_next(scan, &row, &found, &err) && found && row.values[1].i == 12);
    ck_assert(scan_next(scan, &row, &found, &err) && found && row.values[1].i == 3);
    ck_assert(scan_next(scan, &row, &found, &err) && found && row.values[1].i == 4);
    ck_assert(scan_next(scan, &row, &found, &err) && !found);
    scan_close(scan);
    txn_snapshot_unref(snapshot);
    ROWS(a, "1=1 2=112 9=9");
    fx_commit(a);
    fixture_close(&f);
}
END_TEST

START_TEST(repeatable_read_keeps_its_moment_and_refuses_stale_writes)
{
    struct fixture f;
    fixture_open(&f, 3);
    struct err err = ERR_IN(f.arena);
    struct txn *a = fx_begin(&f, ISOLATION_READ_COMMITTED, 1), *b;
    for (int64_t id = 0; id < 6; id++)
        fx_insert(&f, a, id, id);
    fx_commit(a);
    a = fx_begin(&f, ISOLATION_REPEATABLE_READ, 1);
    ck_assert_int_eq(fx_get(&f, a, 0), 0);
    b = fx_begin(&f, ISOLATION_READ_COMMITTED, 2);
    ck_assert_int_eq(fx_add(&f, b, 4, 10, &err), 1);
    ck_assert_int_eq(fx_delete(&f, b, 5, &err), 1);
    fx_insert(&f, b, 7, 7);
    fx_commit(b);
    ROWS(a, "0=0 3=3 1=1 4=4 2=2 5=5");
    ck_assert_int_eq(fx_add(&f, a, 1, 1, &err), 1);
    ck_assert_int_eq(fx_add(&f, a, 4, 1, &err), -1);
    ck_assert(err_is(&err, "40001"));
    ck_assert_str_eq(err.message, "could not serialize access due to concurrent update");
    ck_assert_int_eq(fx_add(&f, a, 5, 1, &err), -1);
    ck_assert_str_eq(err.message, "could not serialize access due to concurrent delete");
    /* A table that was made meanwhile is empty for it. */
    struct relation late = f.table;
    late.oid = late.generation = 16999;
    late.name = late.stored_as = late.stored_next = "late";
    b = fx_begin(&f, ISOLATION_READ_COMMITTED, 2);
    for (uint32_t shard = 0; shard < f.n_shards; shard++) {
        struct op op = {.kind = OP_SQL,
                        .shard = shard,
                        .sql = "CREATE TABLE late (_rid INTEGER PRIMARY KEY, id, v, name)"};
        ck_assert(txn_add_op(b, &op, &err));
    }
    fx_insert_into(&f, b, &late, 1, 1);
    fx_commit(b);
    ck_assert_str_eq(fx_rows(&f, a, &late, NULL, 0, 1, false), "");
    txn_rollback(a);
    a = fx_begin(&f, ISOLATION_REPEATABLE_READ, 1);
    ck_assert_str_eq(fx_rows(&f, a, &late, NULL, 0, 1, false), "1=1");
    ck_assert_int_eq(fx_add(&f, a, 4, 1, &err), 1);
    fx_commit(a);
    fixture_close(&f);
}
END_TEST

START_TEST(global_index_entries)
{
    struct fixture f;
    fixture_open(&f, 4);
    struct err err = ERR_IN(f.arena);
    struct txn *a = fx_begin(&f, ISOLATION_READ_COMMITTED, 1);
    bool found;
    uint32_t shard;
    int64_t rid;
    char key[8];
    for (int k = 0; k < 50; k++) {
        int n = snprintf(key, sizeof(key), "k%d", k);
        ck_assert(txn_global_put(a, &f.index, key, (size_t)n, (uint32_t)k, k * 2, &err));
    }
    ck_assert(txn_global_get(a, &f.index, "k7", 2, &found, &shard, &rid, &err) && found &&
              shard == 7 && rid == 14);
    ck_assert(txn_global_get(a, &f.index, "no", 2, &found, &shard, &rid, &err) && !found);
    fx_commit(a);
    a = fx_begin(&f, ISOLATION_READ_COMMITTED, 1);
    ck_assert(txn_global_get(a, &f.index, "k49", 3, &found, &shard, &rid, &err) && found &&
              rid == 98);
    ck_assert(txn_global_remove(a, &f.index, "k49", 3, &err));
    ck_assert(txn_global_remove(a, &f.index, "k48", 3, &err));
    ck_assert(txn_global_get(a, &f.index, "k49", 3, &found, &shard, &rid, &err) && !found);
    ck_assert_uint_eq(txn_savepoint(a), 1);
    ck_assert(txn_global_put(a, &f.index, "k49", 3, 1, 1, &err));
    ck_assert(txn_global_get(a, &f.index, "k49", 3, &found, &shard, &rid, &err) && found &&
              rid == 1);
    txn_rollback_to(a, 1);
    ck_assert(txn_global_get(a, &f.index, "k49", 3, &found, &shard, &rid, &err) && !found);
    ck_assert(txn_global_put(a, &f.index, "k49", 3, 3, 5, &err));
    fx_commit(a);
    a = fx_begin(&f, ISOLATION_READ_COMMITTED, 1);
    ck_assert(txn_global_get(a, &f.index, "k49", 3, &found, &shard, &rid, &err) && found &&
              shard == 3 && rid == 5);
    ck_assert(txn_global_get(a, &f.index, "k48", 3, &found, &shard, &rid, &err) && !found);
    fx_commit(a);
    fixture_close(&f);
}
END_TEST

START_TEST(temporary_rows_live_in_the_session)
{
    struct fixture f;
    fixture_open(&f, 2);
    struct err err = ERR_IN(f.arena);
    struct temp_store *store = temp_store_new();
    struct txn *a = fx_begin_temp(&f, store);
    for (int64_t id = 1; id <= 40; id++)
        fx_insert_into(&f, a, &f.temp, id, id);
    fx_commit(a);
    a = fx_begin_temp(&f, store);
    struct datum seven = datum_int(7);
    struct scan_qual qual = {1, QUAL_EQ, &seven, 1};
    ck_assert_str_eq(fx_rows(&f, a, &f.temp, &qual, 1, 0, false), "7=7");
    ck_assert(txn_statement_begin(a, NULL, 0, &err));
    struct datum values[] = {datum_int(7), datum_int(70), datum_bytes("n7", 2)};
    ck_assert(txn_update(a, &f.env, &f.temp, 0, 7, values, NULL, &err));
    for (int64_t rid = 10; rid <= 40; rid++)
        ck_assert(txn_delete(a, &f.temp, 0, rid, &err));
    txn_statement_end(a);
    ck_assert_str_eq(fx_rows(&f, a, &f.temp, &qual, 1, 0, false), "7=70");
    ck_assert_str_eq(fx_rows(&f, a, &f.temp, NULL, 0, 1, false),
                     "1=1 2=2 3=3 4=4 5=5 6=6 7=70 8=8 9=9");
    fx_commit(a);
    a = fx_begin_temp(&f, store);
    fx_insert_into(&f, a, &f.temp, 0, 0);
    ck_assert_str_eq(fx_rows(&f, a, &f.temp, NULL, 0, 1, true),
                     "9=9 8=8 7=70 6=6 5=5 4=4 3=3 2=2 1=1 0=0");
    ck_assert(txn_statement_begin(a, NULL, 0, &err));
    ck_assert(txn_truncate(a, &f.temp, &err));
    txn_statement_end(a);
    ck_assert_str_eq(fx_rows(&f, a, &f.temp, NULL, 0, 1, true), "");
    txn_rollback(a);
    a = fx_begin_temp(&f, store);
    ck_assert_str_eq(fx_rows(&f, a, &f.temp, &qual, 1, 0, false), "7=70");
    fx_commit(a);
    temp_store_free(store);
    fixture_close(&f);
}
END_TEST

static void expect_next(struct txn *txn, const struct relation *sequence, int64_t want)
{
    struct arena *arena = arena_new("sequence");
    struct err err = ERR_IN(arena);
    int64_t value;
    ck_assert_msg(sequence_next(txn, sequence, &value, &err), "%s", err.message);
    ck_assert_int_eq(value, want);
    arena_free(arena);
}

START_TEST(sequences_count_and_stop)
{
    struct fixture f;
    fixture_open(&f, 1);
    struct err err = ERR_IN(f.arena);
    struct sequence up = {.start = 1, .increment = 1, .min = 1, .max = 100},
                    down = {.start = -1, .increment = -4, .min = -9, .max = -1};
    struct relation s = {.oid = 300, .name = "s", .kind = 'S', .persistence = 'p', .sequence = &up};
    struct relation d = {
        .oid = 301, .name = "d", .kind = 'S', .persistence = 'p', .sequence = &down};
    struct txn *a = fx_begin(&f, ISOLATION_READ_COMMITTED, 1);
    int64_t value;
    bool called;
    ck_assert(sequence_get(a, &s, &value, &called, &err) && value == 1 && !called);
    for (int64_t k = 1; k <= 100; k++)
        expect_next(a, &s, k);
    ck_assert(!sequence_next(a, &s, &value, &err));
    ck_assert(err_is(&err, "2200H"));
    ck_assert_str_eq(err.message, "nextval: reached maximum value of sequence \"s\" (100)");
    expect_next(a, &d, -1);
    expect_next(a, &d, -5);
    expect_next(a, &d, -9);
    ck_assert(!sequence_next(a, &d, &value, &err));
    ck_assert_str_eq(err.message, "nextval: reached minimum value of sequence \"d\" (-9)");
    ck_assert(!sequence_set(a, &s, 101, true, &err));
    ck_assert_str_eq(err.message, "setval: value 101 is out of bounds for sequence \"s\" (1..100)");
    ck_assert(sequence_set(a, &s, 42, true, &err));
    txn_rollback(a);
    a = fx_begin(&f, ISOLATION_READ_COMMITTED, 1);
    expect_next(a, &s, 43);
    ck_assert(sequence_restart(a, &s, 7, &err));
    expect_next(a, &s, 7);
    txn_rollback(a);
    a = fx_begin(&f, ISOLATION_READ_COMMITTED, 1);
    expect_next(a, &s, 44);
    down.cycle = true;
    expect_next(a, &d, -1);
    expect_next(a, &d, -5);
    fx_commit(a);
    fixture_reopen(&f);
    a = fx_begin(&f, ISOLATION_READ_COMMITTED, 1);
    expect_next(a, &s, 45); /* nothing is skipped by a clean shutdown */
    expect_next(a, &d, -9);
    fx_commit(a);
    fixture_close(&f);
}
END_TEST

START_TEST(prepared_transactions_keep_their_locks_over_a_restart)
{
    struct fixture f;
    fixture_open(&f, 2);
    struct err err = ERR_IN(f.arena);
    struct txn *a = fx_begin(&f, ISOLATION_READ_COMMITTED, 1), *b;
    fx_insert(&f, a, 1, 1);
    fx_insert(&f, a, 2, 2);
    fx_commit(a);
    a = fx_begin(&f, ISOLATION_READ_COMMITTED, 1);
    ck_assert(txn_lock_table(a, f.table.oid, 3, false, &err));
    ck_assert_int_eq(fx_add(&f, a, 1, 10, &err), 1);
    fx_insert(&f, a, 4, 4);
    ck_assert_int_eq(txn_lock_key(a, 77, "key", 3, true, WAIT_BLOCK, &err), TXN_OK);
    ck_assert_msg(txn_prepare(a, "g1", "joe", &err), "%s", err.message);
    for (int round = 0; round < 2; round++) {
        b = fx_begin(&f, ISOLATION_READ_COMMITTED, 2);
        ROWS(b, "2=2 1=1");
        txn_set_lock_timeout(b, 20000);
        ck_assert_int_eq(fx_add(&f, b, 1, 1, &err), -1);
        ck_assert(err_is(&err, "55P03"));
        ck_assert_int_eq(txn_lock_key(b, 77, "key", 3, false, WAIT_SKIP, &err), TXN_SKIPPED);
        ck_assert(!txn_lock_table(b, f.table.oid, 8, true, &err));
        fx_insert(&f, b, 6 + 2 * round, 6);
        txn_rollback(b);
        if (round == 0)
            fixture_reopen(&f);
    }
    b = fx_begin(&f, ISOLATION_READ_COMMITTED, 2);
    ck_assert(!txn_prepare(b, "g1", "joe", &err));
    ck_assert(err_is(&err, "42710"));
    b = fx_begin(&f, ISOLATION_READ_COMMITTED, 2);
    fx_insert(&f, b, 8, 8); /* must not get the rid of row 4 */
    fx_commit(b);
    ck_assert_msg(txn_resolve_prepared(f.manager, "g1", true, &err), "%s", err.message);
    ck_assert(!txn_resolve_prepared(f.manager, "g1", true, &err));
    ck_assert(err_is(&err, "42704"));
    b = fx_begin(&f, ISOLATION_READ_COMMITTED, 2);
    ROWS(b, "2=2 4=4 8=8 1=11");
    ck_assert_int_eq(fx_add(&f, b, 1, 1, &err), 1);
    fx_commit(b);
    fixture_close(&f);
}
END_TEST

/* Two doctors on call: each may leave if the other stays. */
START_TEST(write_skew_fails_one_when_serializable)
{
    struct fixture f;
    fixture_open(&f, 2);
    struct err err = ERR_IN(f.arena);
    for (int serializable = 0; serializable < 2; serializable++) {
        enum isolation isolation =
            serializable ? ISOLATION_SERIALIZABLE : ISOLATION_REPEATABLE_READ;
        int64_t id = serializable * 10;
        struct txn *a = fx_begin(&f, ISOLATION_READ_COMMITTED, 1), *b;
        fx_insert(&f, a, id, 1);
        fx_insert(&f, a, id + 1, 1);
        fx_commit(a);
        a = fx_begin(&f, isolation, 1);
        b = fx_begin(&f, isolation, 2);
        ck_assert_int_eq(fx_get(&f, a, id + 1), 1);
        ck_assert_int_eq(fx_get(&f, b, id), 1);
        ck_assert_int_eq(fx_add(&f, a, id, -1, &err), 1);
        ck_assert_int_eq(fx_add(&f, b, id + 1, -1, &err), 1);
        fx_commit(a);
        ck_assert_int_eq(txn_commit(b, &err), !serializable);
    }
    ck_assert(err_is(&err, "40001"));
    ck_assert_str_eq(
        err.message,
        "could not serialize access due to read/write dependencies among transactions");
    /* Readers of other rows are left alone. */
    struct txn *a = fx_begin(&f, ISOLATION_SERIALIZABLE, 1),
               *b = fx_begin(&f, ISOLATION_SERIALIZABLE, 2);
    ck_assert_int_eq(fx_add(&f, a, 0, 5, &err), 1);
    ck_assert_int_eq(fx_add(&f, b, 1, 5, &err), 1);
    fx_insert(&f, a, 20, 1);
    fx_insert(&f, b, 21, 1);
    fx_commit(a);
    fx_commit(b);
    fixture_close(&f);
}
END_TEST

static const char *third_columns(struct fixture *f, struct txn *txn,
                                 const struct relation *relation)
{
    struct err err = ERR_IN(f->arena);
    struct buf out = BUF_IN(f->arena);
    struct scan_spec spec = {
        .relation = relation, .shards = fx_shards(f), .n_shards = f->n_shards, .order_attnum = 1};
    struct row row;
    bool found = true;
    ck_assert(txn_statement_begin(txn, NULL, 0, &err));
    struct scan *scan = scan_open(txn, f->arena, &f->env, &spec, &err);
    while (found) {
        ck_assert_msg(scan_next(scan, &row, &found, &err), "%s", err.message);
        if (found)
            buf_printf(&out, " %" PRId64 ":%.*s:%" PRId64, row.values[0].i, (int)row.values[2].n,
                       (const char *)row.values[2].p, row.values[3].i);
    }
    scan_close(scan);
    txn_statement_end(txn);
    return buf_cstr(&out);
}

/* ALTER TABLE t ADD COLUMN w int8 DEFAULT 7, RENAME name TO label, in a transaction that changes rows before and after. */
START_TEST(rows_written_before_a_schema_change_fit_the_table_after_it)
{
    struct fixture f;
    struct oid_source oids = {20000};
    fixture_open(&f, 1);
    struct err err = ERR_IN(f.arena);
    struct catalog *catalog = catalog_new("db", 5, 1, &oids, NULL);
    struct object *object = object_new(OBJ_RELATION, f.table.oid);
    struct relation *altered = object_relation(object);
    *altered = f.table;
    altered->generation = 12345;
    altered->namespace_oid = 2200;
    altered->n_columns = 4;
    struct column *columns = arena_zalloc(object_arena(object), 4 * sizeof(*columns));
    memcpy(columns, f.table.columns, 3 * sizeof(*columns));
    columns[2].stored_next = "label";
    columns[3] = (struct column){.name = "w",
                                 .attnum = 4,
                                 .type = columns[0].type,
                                 .typmod = -1,
                                 .has_missing = true,
                                 .missing = datum_int(7),
                                 .stored_next = "w"};
    altered->columns = columns;
    catalog_add(catalog, object);

    struct txn *a = fx_begin(&f, ISOLATION_READ_COMMITTED, 1);
    for (int64_t id = 1; id <= 3; id++)
        fx_insert(&f, a, id, id);
    fx_commit(a);
    a = fx_begin(&f, ISOLATION_READ_COMMITTED, 1);
    fx_insert(&f, a, 4, 4);
    ck_assert_int_eq(fx_add(&f, a, 2, 20, &err), 1);
    for (int k = 0; k < 2; k++) {
        struct op op = {.kind = OP_SQL,
                        .sql = k ? "ALTER TABLE t RENAME COLUMN name TO label"
                                 : "ALTER TABLE t ADD COLUMN w INTEGER DEFAULT 7"};
        ck_assert(txn_add_op(a, &op, &err));
    }
    txn_set_catalog(a, catalog);
    const struct relation *now = catalog_relation(catalog, f.table.oid);
    ck_assert(txn_statement_begin(a, NULL, 0, &err));
    struct datum values[] = {datum_int(5), datum_int(5), datum_bytes("n5", 2), datum_int(50)};
    ck_assert(txn_insert(a, &f.env, now, 0, txn_new_rid(a, now, 0), values, &err));
    values[0] = datum_int(3);
    static const uint8_t changed[] = {8};
    values[2] = datum_bytes("n3", 2);
    ck_assert_int_eq(txn_lock_row(a, now, 0, 3, ROW_NO_KEY_UPDATE, WAIT_BLOCK, &err), TXN_OK);
    ck_assert(txn_update(a, &f.env, now, 0, 3, values, changed, &err));
    txn_statement_end(a);
    ck_assert_str_eq(third_columns(&f, a, now), " 1:n1:7 2:n2:7 3:n3:50 4:n4:7 5:n5:50");
    struct relation settled = *now;
    struct column *after = ARENA_ARRAY(f.arena, struct column, 4);
    memcpy(after, now->columns, 4 * sizeof(*after));
    after[2].stored_as = "label";
    after[3].stored_as = "w";
    settled.columns = after;
    settled.generation = 12346;
    fx_commit(a);
    a = fx_begin(&f, ISOLATION_READ_COMMITTED, 1);
    ck_assert_str_eq(third_columns(&f, a, &settled), " 1:n1:7 2:n2:7 3:n3:50 4:n4:7 5:n5:50");
    fx_commit(a);
    fixture_close(&f);
}
END_TEST

/* A process that draws values, commits some, and dies without a word; what it said through the pipe must not come again. */
START_TEST(a_crash_repeats_no_value)
{
    struct fixture f;
    struct sequence up = {.start = 1, .increment = 1, .min = 1, .max = 1000000};
    struct relation s = {.oid = 300, .name = "s", .kind = 'S', .persistence = 'p', .sequence = &up};
    fixture_open(&f, 2);
    txn_manager_free(f.manager);
    storage_close(f.storage);
    int64_t highest = 0, committed = 0;
    for (int round = 0; round < 5; round++) {
        int ends[2];
        ck_assert_int_eq(pipe(ends), 0);
        pid_t pid = fork();
        if (pid == 0) {
            struct storage_options options = {
                .data_dir = f.dir, .max_open_readers = 50, .log_segment_bytes = 1 << 20};
            struct err err = ERR_IN(f.arena);
            f.storage = storage_open(&options, &err);
            if (!f.storage)
                _exit(3);
            f.files = storage_database(f.storage, "db");
            f.manager = txn_manager_new(f.storage);
            struct txn *txn = fx_begin(&f, ISOLATION_READ_COMMITTED, 1);
            int64_t value = 0;
            for (int k = 0; k < 40 + 7 * round; k++)
                if (!sequence_next(txn, &s, &value, &err))
                    _exit(4);
            fx_insert(&f, txn, value, round);
            if (round % 2 == 0 && !txn_commit(txn, &err))
                _exit(5);
            int64_t said[2] = {round % 2 == 0 ? value : 0, value};
            _exit(write(ends[1], said, sizeof(said)) == sizeof(said) ? 0 : 6);
        }
        int64_t said[2];
        int status;
        ck_assert_int_eq(read(ends[0], said, sizeof(said)), sizeof(said));
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert_int_eq(status, 0);
        close(ends[0]);
        close(ends[1]);
        ck_assert_int_gt(said[1], committed);
        committed = MAX(committed, said[0]);
        highest = MAX(highest, said[1]);
    }
    ck_assert_int_ge(highest, 200);
    f.storage = NULL;
    fixture_open_again(&f);
    struct txn *txn = fx_begin(&f, ISOLATION_READ_COMMITTED, 1);
    ck_assert_int_eq(fx_get(&f, txn, committed), 4);
    fx_commit(txn);
    fixture_close(&f);
}
END_TEST

static int n_hooks;
static void count_hook(void *arg)
{
    n_hooks += *(const int *)arg;
}

START_TEST(undo_hooks_run_once_latest_first)
{
    struct fixture f;
    static const int one = 1, ten = 10;
    fixture_open(&f, 1);
    n_hooks = 0;
    struct txn *a = fx_begin(&f, ISOLATION_READ_COMMITTED, 1);
    txn_on_undo(a, count_hook, (void *)(uintptr_t)&one);
    txn_savepoint(a);
    txn_on_undo(a, count_hook, (void *)(uintptr_t)&ten);
    txn_rollback_to(a, 1);
    ck_assert_int_eq(n_hooks, 10);
    txn_rollback(a);
    ck_assert_int_eq(n_hooks, 11);
    a = fx_begin(&f, ISOLATION_READ_COMMITTED, 1);
    txn_on_undo(a, count_hook, (void *)(uintptr_t)&one);
    fx_commit(a);
    ck_assert_int_eq(n_hooks, 11);
    fixture_close(&f);
}
END_TEST

/* Against a model: an array of values per id, copied at each savepoint. */
#define MODEL_IDS 40
struct model {
    int64_t v[MODEL_IDS];
};

static void compare_model(struct fixture *f, struct txn *txn, const struct model *model)
{
    for (int64_t id = 0; id < MODEL_IDS; id++)
        ck_assert_int_eq(fx_get(f, txn, id), model->v[id]);
}

START_TEST(random_changes_agree_with_a_model)
{
    struct fixture f;
    fixture_open(&f, 3);
    struct err err = ERR_IN(f.arena);
    struct model committed, now, saved[4];
    uint32_t n_saved = 0;
    srand(_i + 1);
    for (int k = 0; k < MODEL_IDS; k++)
        committed.v[k] = NO_ROW;
    for (int round = 0; round < 25; round++) {
        struct txn *txn =
            fx_begin(&f, round % 2 ? ISOLATION_READ_COMMITTED : ISOLATION_REPEATABLE_READ, 1);
        now = committed;
        n_saved = 0;
        for (int step = 0; step < 30; step++) {
            int64_t id = rand() % MODEL_IDS, add = rand() % 100;
            switch (rand() % 8) {
            case 0:
            case 1:
            case 2:
                if (now.v[id] == NO_ROW) {
                    fx_insert(&f, txn, id, add);
                    now.v[id] = add;
                    break;
                } /* fall through */
            case 3:
                ck_assert_int_eq(fx_add(&f, txn, id, add, &err), now.v[id] != NO_ROW);
                if (now.v[id] != NO_ROW)
                    now.v[id] += add;
                break;
            case 4:
                ck_assert_int_eq(fx_delete(&f, txn, id, &err), now.v[id] != NO_ROW);
                now.v[id] = NO_ROW;
                break;
            case 5:
                if (n_saved < 4) {
                    saved[n_saved++] = now;
                    ck_assert_uint_eq(txn_savepoint(txn), n_saved);
                }
                break;
            case 6:
                if (n_saved && rand() % 2) {
                    n_saved = (uint32_t)rand() % n_saved + 1;
                    now = saved[n_saved - 1];
                    txn_rollback_to(txn, n_saved);
                } else if (n_saved) {
                    txn_release(txn, n_saved--);
                }
                break;
            case 7:
                if (rand() % 10 == 0) {
                    ck_assert(txn_statement_begin(txn, NULL, 0, &err));
                    ck_assert(txn_truncate(txn, &f.table, &err));
                    txn_statement_end(txn);
                    for (int k = 0; k < MODEL_IDS; k++)
                        now.v[k] = NO_ROW;
                }
                break;
            }
        }
        compare_model(&f, txn, &now);
        if (rand() % 4) {
            fx_commit(txn);
            committed = now;
        } else {
            txn_rollback(txn);
        }
        txn = fx_begin(&f, ISOLATION_READ_COMMITTED, 1);
        compare_model(&f, txn, &committed);
        fx_commit(txn);
    }
    fixture_close(&f);
}
END_TEST

Suite *txn_txn_suite(void)
{
    Suite *suite = suite_create("txn/txn");
    TCase *cases = tcase_create("transactions");
    tcase_set_timeout(cases, 120);
    tcase_add_test(cases, own_changes_are_seen_by_the_next_statement_and_by_others_after_commit);
    tcase_add_test(cases, conditions_and_order_hold_over_files_and_overlay);
    tcase_add_test(cases, savepoints_and_statements_are_undone);
    tcase_add_test(cases, a_cursor_does_not_see_what_came_later);
    tcase_add_test(cases, repeatable_read_keeps_its_moment_and_refuses_stale_writes);
    tcase_add_test(cases, global_index_entries);
    tcase_add_test(cases, temporary_rows_live_in_the_session);
    tcase_add_test(cases, sequences_count_and_stop);
    tcase_add_test(cases, prepared_transactions_keep_their_locks_over_a_restart);
    tcase_add_test(cases, write_skew_fails_one_when_serializable);
    tcase_add_test(cases, rows_written_before_a_schema_change_fit_the_table_after_it);
    tcase_add_test(cases, a_crash_repeats_no_value);
    tcase_add_test(cases, undo_hooks_run_once_latest_first);
    tcase_add_loop_test(cases, random_changes_agree_with_a_model, 0, 4);
    suite_add_tcase(suite, cases);
    return suite;
}
