/* vfs_test.c - what an outside sqlite3 process can and can't do to a live shard. */
#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shard/vfs.h"
#include "tests/unit/shard/fixture.h"

Suite *shard_vfs_suite(void);

#define ROWS 50
#define COMMITS 3000

static struct storage *storage;
static struct database_files *shop;
static struct op rounds[2][2 * ROWS];

/* All rows hold the same number after each commit; a snapshot that mixes two commits shows several. */
static void setup(void)
{
    fixture_setup();
    storage = open_data(
        &(struct storage_options){.checkpoint_frames = 30, .log_segment_bytes = 64 * 1024});
    shop = make_shop(storage, 1);
    struct op ops[ROWS];
    char text[1500];
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = 0;
    for (int k = 0; k < ROWS; k++)
        ops[k] = op_insert(0, k, 0, text);
    commit_these(storage, shop, ops, ROWS);
}

static void teardown(void)
{
    storage_close(storage);
    fixture_teardown();
}

static void *write_rounds(void *arg)
{
    struct arena *arena = arena_new("writer");
    struct err err = ERR_IN(arena);
    for (int n = 1; n <= COMMITS; n++) {
        struct commit commit = {.database = shop, .ops = rounds[n % 2], .n_ops = ROWS};
        ck_assert(storage_commit(storage, &commit, &err));
    }
    arena_free(arena);
    return NULL;
}

static void make_rounds(void)
{
    for (int k = 0; k < ROWS; k++) {
        for (int n = 0; n < 2; n++)
            rounds[n][k] = op_update_a(0, k, n);
    }
}

START_TEST(our_own_connections_use_it)
{
    ck_assert_str_eq(vfs_register(), "shardlite");
    sqlite3_vfs *vfs = sqlite3_vfs_find("shardlite");
    ck_assert_ptr_nonnull(vfs);
}
END_TEST

/* An outside shell reads all the time while commits, checkpoints and WAL restarts go on. */
START_TEST(outside_readers_see_whole_commits)
{
    make_rounds();
    pthread_t threads[2];
    FILE *script = fopen(arena_printf(fixture_arena, "%s/reads.sql", fixture_dir), "w");
    fprintf(script, ".timeout 5000\nPRAGMA cache_size = 5;\n"); /* pages must come from the files */
    for (int k = 0; k < 400; k++)
        fprintf(script, "SELECT count(DISTINCT a), count(*), sum(length(b)) FROM t;\n");
    fprintf(
        script,
        "BEGIN; SELECT count(DISTINCT a), count(*), sum(length(b)) FROM t;\n"); /* a long one, and its file stays whole */
    for (int k = 0; k < 100; k++)
        fprintf(script, "SELECT count(DISTINCT a), count(*), sum(length(b)) FROM t;\n");
    fprintf(script, "COMMIT; PRAGMA integrity_check;\n");
    fclose(script);
    pthread_create(&threads[0], NULL, write_rounds, NULL);
    for (int k = 0; k < 3; k++)
        ck_assert_int_eq(
            fixture_shell("sqlite3 data/shop/shard-0000.db < reads.sql > out%d 2>&1", k), 0);
    pthread_join(threads[0], NULL);
    for (int k = 0; k < 3; k++)
        ck_assert_int_eq(
            fixture_shell(
                "test \"$(sort out%d | uniq -c | tr -s ' ')\" = \" 501 1|50|74950\n 1 ok\"", k),
            0);
    ck_assert_int_eq(ask(shop, 0, "SELECT sum(a) FROM t"), (COMMITS % 2) * ROWS);
}
END_TEST

/* Holds a snapshot from before any later commit; checkpoints must not pass it. */
START_TEST(a_long_outside_snapshot_is_respected)
{
    make_rounds();
    ck_assert_int_eq(
        fixture_shell("mkfifo go; (printf 'PRAGMA cache_size = 5; BEGIN; SELECT sum(a) FROM "
                      "t;\\n'; cat go; printf 'SELECT sum(a), sum(length(b)) FROM t;\\n') "
                      "| sqlite3 data/shop/shard-0000.db > out 2>&1 & echo $! > pid; "
                      "while ! test -s out; do sleep 0.01; done"),
        0);
    write_rounds(NULL);
    for (int k = 0; k < 100; k++) /* enough for the last value to be what a checkpoint copies */
        commit_these(storage, shop, rounds[1], ROWS);
    ck_assert_int_eq(fixture_shell("echo > go; while test $(wc -l < out) -lt 2; do sleep 0.01; "
                                   "done; test \"$(cat out)\" = \"0\n0|74950\""),
                     0);
    ck_assert_int_eq(ask(shop, 0, "SELECT sum(a) FROM t"), ROWS);
}
END_TEST

START_TEST(outside_writers_are_told_busy)
{
    static const char *const writes[] = {"INSERT INTO t VALUES (1000, 1, 1)", "VACUUM",
                                         "PRAGMA journal_mode = delete", "CREATE TABLE u (a)"};
    struct reader *reader = reader_acquire(shop, 0, &fixture_err); /* a file of ours is open */
    must(reader_begin(reader, &fixture_err));
    for (size_t k = 0; k < ARRAY_COUNT(writes); k++) {
        fixture_shell("sqlite3 data/shop/shard-0000.db '%s' > out 2>&1", writes[k]);
        ck_assert_msg(fixture_shell("grep -q 'database is locked' out") == 0, "%s", writes[k]);
    }
    fixture_shell("sqlite3 data/shop/shard-0000.db 'PRAGMA wal_checkpoint(TRUNCATE)' > out 2>&1");
    ck_assert_int_eq(fixture_shell("grep -q '^1' out"), 0); /* busy */
    reader_release(reader);
    struct op op = op_update_a(0, 1, 7);
    commit_these(storage, shop, &op, 1);
    ck_assert_int_eq(ask(shop, 0, "SELECT count(*) FROM t WHERE a = 7"), 1);
    ck_assert_int_eq(
        fixture_shell("test \"$(sqlite3 data/shop/shard-0000.db 'PRAGMA integrity_check')\" = ok"),
        0);
}
END_TEST

/* Many of our own threads on one file: readers see whole commits, through checkpoints and WAL restarts. */
static bool stop;

static void *read_rounds(void *arg)
{
    struct arena *arena = arena_new("reader");
    struct err err = ERR_IN(arena);
    uint64_t n = 0;
    while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
        struct reader *reader = reader_acquire(shop, 0, &err);
        sqlite3_stmt *statement =
            reader_statement(reader, "SELECT count(DISTINCT a), count(*) FROM t", &err);
        ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
        ck_assert_int_eq(sqlite3_column_int(statement, 0), 1);
        ck_assert_int_eq(sqlite3_column_int(statement, 1), ROWS);
        reader_finish_statement(reader, statement);
        reader_release(reader);
        n++;
    }
    ck_assert_uint_gt(n, 10);
    arena_free(arena);
    return NULL;
}

START_TEST(our_threads_see_whole_commits)
{
    make_rounds();
    pthread_t threads[3];
    for (int k = 0; k < 3; k++)
        pthread_create(&threads[k], NULL, read_rounds, NULL);
    write_rounds(NULL);
    __atomic_store_n(&stop, true, __ATOMIC_RELEASE);
    for (int k = 0; k < 3; k++)
        pthread_join(threads[k], NULL);
    ck_assert_int_eq(
        ask(shop, 0, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"),
        1);
}
END_TEST

Suite *shard_vfs_suite(void)
{
    Suite *suite = suite_create("shard/vfs");
    TCase *cases = tcase_create("vfs");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_set_timeout(cases, 120);
    tcase_add_test(cases, our_own_connections_use_it);
    tcase_add_test(cases, outside_readers_see_whole_commits);
    tcase_add_test(cases, a_long_outside_snapshot_is_respected);
    tcase_add_test(cases, outside_writers_are_told_busy);
    tcase_add_test(cases, our_threads_see_whole_commits);
    suite_add_tcase(suite, cases);
    return suite;
}
