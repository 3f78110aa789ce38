/* storage_test.c - the storage as its users see it: commits, snapshots, databases, prepared transactions, limits. */
#include <check.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/waiter.h"
#include "tests/unit/shard/fixture.h"

Suite *shard_storage_suite(void);

#define EXPECT_ERR(call, state)                                                                    \
    do {                                                                                           \
        ck_assert(!(call));                                                                        \
        ck_assert_str_eq(fixture_err.sqlstate, state);                                             \
    } while (0)

/* Runs fn in another process that then ends like one that was killed. */
static void in_killed_process(void (*fn)(void))
{
    pid_t pid = fork();
    if (pid == 0) {
        fn();
        kill(getpid(), SIGKILL);
    }
    int status;
    ck_assert(waitpid(pid, &status, 0) == pid);
    ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "status %x", status);
}

/* ---- commits ---- */

START_TEST(rows_are_written_changed_and_removed)
{
    struct storage *storage = open_data(NULL);
    struct database_files *shop = make_shop(storage, 2);
    struct op ops[] = {op_insert(0, 1, 10, "one"), op_insert(1, 2, 20, "two"),
                       op_insert(1, 3, 30, "three")};
    commit_these(storage, shop, ops, 3);
    ck_assert_int_eq(ask(shop, 1, "SELECT sum(a) FROM t"), 50);
    struct op changes[] = {op_update_a(1, 2, 21), op_delete(1, 3), op_insert(0, 1, 11, "again")};
    commit_these(storage, shop, changes, 3);
    ck_assert_int_eq(ask(shop, 1, "SELECT a FROM t WHERE b = 'two'"),
                     21); /* b was not in `changed` */
    ck_assert_int_eq(ask(shop, 1, "SELECT count(*) FROM t"), 1);
    ck_assert_int_eq(ask(shop, 0, "SELECT a FROM t WHERE b = 'again' AND _rid = 1"), 11);
    struct op truncate = {.kind = OP_TRUNCATE, .shard = 1, .layout = &fixture_layout};
    commit_these(storage, shop, &truncate, 1);
    ck_assert_int_eq(ask(shop, 1, "SELECT count(*) FROM t"), 0);
    storage_close(storage);
    storage = open_data(NULL);
    ck_assert_int_eq(ask(storage_database(storage, "shop"), 0, "SELECT a FROM t"), 11);
    storage_close(storage);
}
END_TEST

START_TEST(a_failing_op_undoes_its_transaction_on_all_shards)
{
    struct storage *storage = open_data(NULL);
    struct database_files *shop = make_shop(storage, 2);
    struct op ops[] = {op_insert(0, 1, 1, "x"), op_update_a(1, 99, 1)}; /* there is no row 99 */
    EXPECT_ERR(try_commit(storage, shop, ops, 2), ERR_INTERNAL_ERROR);
    struct op ddl[] = {op_insert(0, 1, 1, "x"), op_sql(1, "CREATE TABLE t (again)")};
    EXPECT_ERR(try_commit(storage, shop, ddl, 2), ERR_INTERNAL_ERROR);
    struct op nowhere = op_insert(7, 1, 1, "x");
    EXPECT_ERR(try_commit(storage, shop, &nowhere, 1), ERR_INTERNAL_ERROR);
    ck_assert_int_eq(ask(shop, 0, "SELECT count(*) FROM t"), 0);
    storage_close(storage);
}
END_TEST

static struct storage *shared;
static struct database_files *shared_shop;
static bool stop_reading;

/* Each thread's odd commits fail; its neighbours in the batch must not notice. */
static struct op mixed[4][50][2];

static void *commit_some_fail(void *arg)
{
    struct op(*list)[2] = arg;
    struct arena *arena = arena_new("thread");
    for (int k = 0; k < 50; k++) {
        struct err err = ERR_IN(arena);
        struct commit commit = {.database = shared_shop, .ops = list[k], .n_ops = 2};
        ck_assert(storage_commit(shared, &commit, &err) == (k % 2 == 0));
    }
    arena_free(arena);
    return NULL;
}

START_TEST(a_failing_op_leaves_its_batch_alone)
{
    shared = open_data(NULL);
    shared_shop = make_shop(shared, 2);
    pthread_t threads[4];
    for (int id = 0; id < 4; id++) {
        for (int k = 0; k < 50; k++) {
            mixed[id][k][0] = op_insert(0, id * 1000 + k, id, "x");
            mixed[id][k][1] = k % 2 ? op_update_a(1, -1, 0) : op_insert(1, id * 1000 + k, id, "y");
        }
    }
    for (int id = 0; id < 4; id++)
        pthread_create(&threads[id], NULL, commit_some_fail, mixed[id]);
    for (int id = 0; id < 4; id++)
        pthread_join(threads[id], NULL);
    ck_assert_int_eq(ask(shared_shop, 0, "SELECT count(*) FROM t"), 100);
    ck_assert_int_eq(ask(shared_shop, 1, "SELECT count(*) FROM t"), 100);
    storage_close(shared);
}
END_TEST

/* ---- snapshots ---- */

static struct op transfer_ops[2][2];

static void *transfer(void *arg)
{
    struct arena *arena = arena_new("thread");
    struct err err = ERR_IN(arena);
    for (int k = 0; k < 400; k++) {
        struct commit commit = {.database = shared_shop, .ops = transfer_ops[k % 2], .n_ops = 2};
        ck_assert(storage_commit(shared, &commit, &err));
    }
    __atomic_store_n(&stop_reading, true, __ATOMIC_RELEASE);
    arena_free(arena);
    return NULL;
}

START_TEST(a_snapshot_of_several_shards_is_one_moment)
{
    static const uint32_t shards[] = {0, 1};
    shared = open_data(NULL);
    shared_shop = make_shop(shared, 2);
    struct op start[] = {op_insert(0, 1, 100, "x"), op_insert(1, 1, 0, "y")};
    commit_these(shared, shared_shop, start, 2);
    for (int k = 0; k < 2; k++) {
        transfer_ops[k][0] = op_update_a(0, 1, k ? 100 : 40);
        transfer_ops[k][1] = op_update_a(1, 1, k ? 0 : 60);
    }
    pthread_t thread;
    pthread_create(&thread, NULL, transfer, NULL);
    int n = 0, n_moved = 0;
    uint64_t last_seq = 0;
    while (!__atomic_load_n(&stop_reading, __ATOMIC_ACQUIRE)) {
        struct reader *readers[2];
        uint64_t seq;
        int64_t sum = 0, first = 0;
        must(snapshot_begin(shared_shop, shards, 2, readers, &seq, &fixture_err));
        ck_assert_uint_ge(seq, last_seq);
        last_seq = seq;
        for (int k = 0; k < 2; k++) {
            sqlite3_stmt *statement = reader_statement(readers[k], "SELECT a FROM t", &fixture_err);
            ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
            sum += sqlite3_column_int64(statement, 0);
            first = k == 0 ? sum : first;
            reader_finish_statement(readers[k], statement);
            reader_release(readers[k]);
        }
        ck_assert_int_eq(sum, 100);
        n_moved += first == 40;
        n++;
    }
    pthread_join(thread, NULL);
    ck_assert_int_gt(n, 10);
    ck_assert_int_gt(n_moved, 0);
    storage_close(shared);
}
END_TEST

START_TEST(a_read_transaction_is_fixed_when_it_begins)
{
    struct storage *storage = open_data(NULL);
    struct database_files *shop = make_shop(storage, 1);
    struct reader *reader = reader_acquire(shop, 0, &fixture_err);
    must(reader_begin(reader, &fixture_err));
    struct op op = op_insert(0, 1, 1, "x");
    commit_these(storage, shop, &op, 1);
    sqlite3_stmt *statement = reader_statement(reader, "SELECT count(*) FROM t", &fixture_err);
    ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
    ck_assert_int_eq(sqlite3_column_int64(statement, 0), 0);
    sqlite3_stmt *twin = reader_statement(reader, "SELECT count(*) FROM t", &fixture_err);
    ck_assert_ptr_ne(statement, twin); /* nested use of the same text */
    reader_finish_statement(reader, twin);
    reader_finish_statement(reader, statement);
    reader_end(reader);
    ck_assert_int_eq(ask(shop, 0, "SELECT count(*) FROM t"), 1);
    reader_release(reader);
    storage_close(storage);
}
END_TEST

static void *release_later(void *arg)
{
    usleep(50000);
    reader_release(arg);
    return NULL;
}

START_TEST(readers_beyond_the_limit_wait_and_idle_ones_make_room)
{
    struct storage *storage = open_data(&(struct storage_options){.max_open_readers = 8});
    struct database_files *shop = make_shop(storage, 12);
    for (uint32_t k = 0; k < 12; k++) /* one after the other: idle ones are closed */
        ck_assert_int_eq(ask(shop, k, "SELECT count(*) FROM t"), 0);
    struct reader *readers[8];
    for (uint32_t k = 0; k < 8; k++)
        ck_assert_ptr_nonnull(readers[k] = reader_acquire(shop, k, &fixture_err));
    pthread_t thread;
    pthread_create(&thread, NULL, release_later, readers[3]);
    int64_t before_us = clock_monotonic_us();
    ck_assert_int_eq(ask(shop, 11, "SELECT count(*) FROM t"), 0); /* waits for readers[3] */
    ck_assert_int_ge(clock_monotonic_us() - before_us, 40000);
    pthread_join(thread, NULL);
    for (uint32_t k = 0; k < 8; k++) {
        if (k != 3)
            reader_release(readers[k]);
    }
    storage_close(storage);
}
END_TEST

START_TEST(a_damaged_file_is_named)
{
    struct storage *storage = open_data(NULL);
    make_shop(storage, 1);
    storage_close(storage);
    ck_assert_int_eq(fixture_shell("printf garbage-garbage-garbage | dd of=data/shop/shard-0000.db "
                                   "conv=notrunc status=none"),
                     0);
    storage = open_data(NULL);
    struct reader *reader = reader_acquire(storage_database(storage, "shop"), 0, &fixture_err);
    if (reader) /* opening may not look at the header yet */
        ck_assert_ptr_null(reader_statement(reader, "SELECT count(*) FROM t", &fixture_err));
    ck_assert_str_eq(fixture_err.sqlstate, ERR_DATA_CORRUPTED);
    ck_assert_ptr_nonnull(strstr(fixture_err.message, "shop/shard-0000.db"));
    ck_assert_ptr_nonnull(fixture_err.hint);
    reader_release(reader);
    storage_close(storage);
}
END_TEST

/* ---- the directory ---- */

START_TEST(a_second_server_is_refused)
{
    struct storage *volatile storage = open_data(NULL); /* the child has it too, as valgrind sees */
    pid_t pid = fork();
    if (pid == 0)
        _exit(!try_open(NULL) && strcmp(fixture_err.sqlstate, ERR_OBJECT_IN_USE) == 0 &&
                      strstr(fixture_err.message, "process")
                  ? 0
                  : 1);
    int status;
    waitpid(pid, &status, 0);
    ck_assert_int_eq(status, 0);
    EXPECT_ERR(try_open(NULL), ERR_OBJECT_IN_USE); /* in this process neither */
    storage_close(storage);
    storage_close(open_data(NULL));
}
END_TEST

START_TEST(unknown_formats_are_refused)
{
    struct storage *storage = open_data(NULL);
    make_shop(storage, 1);
    storage_close(storage);
    ck_assert_int_eq(fixture_shell("sqlite3 data/shop/catalog.db 'PRAGMA user_version = 99'"), 0);
    EXPECT_ERR(try_open(NULL), ERR_FEATURE_NOT_SUPPORTED);
    ck_assert_int_eq(
        fixture_shell(
            "sqlite3 data/shop/catalog.db 'PRAGMA user_version = 1; PRAGMA application_id = 5'"),
        0);
    EXPECT_ERR(try_open(NULL), ERR_DATA_CORRUPTED);
}
END_TEST

START_TEST(databases_come_and_go)
{
    struct storage *storage = open_data(NULL);
    make_shop(storage, 2);
    EXPECT_ERR(storage_create_database(storage, "shop", 1, &fixture_err), ERR_DUPLICATE_DATABASE);
    EXPECT_ERR(storage_drop_database(storage, "nope", &fixture_err), ERR_UNDEFINED_DATABASE);
    EXPECT_ERR(storage_create_database(storage, "big", 10000, &fixture_err),
               ERR_INVALID_PARAMETER_VALUE);
    must(storage_create_database(storage, "../commit.log", 3,
                                 &fixture_err)); /* any name makes a folder of its own */
    struct reader *reader = reader_acquire(storage_database(storage, "shop"), 0, &fixture_err);
    EXPECT_ERR(storage_drop_database(storage, "shop", &fixture_err), ERR_OBJECT_IN_USE);
    reader_release(reader);
    must(storage_drop_database(storage, "shop", &fixture_err));
    ck_assert_ptr_null(storage_database(storage, "shop"));
    ck_assert_int_ne(fixture_shell("test -e data/shop"), 0);
    make_shop(storage, 1); /* the same name, other files */
    must(storage_rename_database(storage, "shop", "Läden & mehr", &fixture_err));
    struct op op = op_insert(0, 1, 5, "x");
    commit_these(storage, storage_database(storage, "Läden & mehr"), &op, 1);
    storage_close(storage);
    storage = open_data(NULL);
    const char **names;
    ck_assert_uint_eq(storage_database_names(storage, fixture_arena, &names), 2);
    ck_assert_ptr_null(storage_database(storage, "shop"));
    ck_assert_uint_eq(database_n_shards(storage_database(storage, "../commit.log")), 3);
    ck_assert_int_eq(ask(storage_database(storage, "Läden & mehr"), 0, "SELECT a FROM t"), 5);
    storage_close(storage);
}
END_TEST

static void drop_and_remake(void)
{
    struct storage *storage = open_data(NULL);
    struct database_files *shop = make_shop(storage, 1);
    struct op op = op_insert(0, 1, 1, "of the first");
    commit_these(storage, shop, &op, 1);
    must(storage_drop_database(storage, "shop", &fixture_err));
    shop = make_shop(storage, 1);
    op = op_insert(0, 2, 2, "of the second");
    commit_these(storage, shop, &op, 1);
}

START_TEST(a_dropped_databases_log_is_not_replayed_into_its_successor)
{
    in_killed_process(drop_and_remake);
    struct storage *storage = open_data(NULL);
    ck_assert_int_eq(ask(storage_database(storage, "shop"), 0, "SELECT group_concat(_rid) FROM t"),
                     2);
    storage_close(storage);
}
END_TEST

static void shop_with_rows(void)
{
    struct storage *storage = open_data(NULL);
    struct op op = op_insert(0, 1, 1, "x");
    commit_these(storage, make_shop(storage, 1), &op, 1);
}

START_TEST(a_missing_folder_is_refused)
{
    in_killed_process(shop_with_rows);
    ck_assert_int_eq(fixture_shell("mv data/shop ."), 0);
    EXPECT_ERR(try_open(NULL), ERR_UNDEFINED_FILE);
    ck_assert_int_eq(fixture_shell("mv shop data/ && mv data/commit.log ."), 0);
    EXPECT_ERR(try_open(NULL), ERR_IO_ERROR);
    ck_assert_int_eq(fixture_shell("mv commit.log data/ && mv data/shardlite.db ."), 0);
    EXPECT_ERR(try_open(NULL), ERR_UNDEFINED_FILE);
    ck_assert_int_eq(fixture_shell("mv shardlite.db data/"), 0);
    struct storage *storage = open_data(NULL);
    ck_assert_int_eq(ask(storage_database(storage, "shop"), 0, "SELECT a FROM t"), 1);
    storage_close(storage);
}
END_TEST

/* ---- large transactions, appends, WALs ---- */

static void large_commit(void)
{
    struct storage *storage = open_data(&(struct storage_options){.log_segment_bytes = 256 * 1024});
    struct database_files *shop = make_shop(storage, 2);
    enum { N = 30000 };
    struct op *ops = ARENA_ARRAY(fixture_arena, struct op, N);
    char text[200];
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = 0;
    for (int k = 0; k < N; k++)
        ops[k] = op_insert((uint32_t)k % 2, k, k, text);
    commit_these(storage, shop, ops, N); /* 6 MB: several records */
}

START_TEST(a_large_transaction_is_whole_after_a_crash)
{
    in_killed_process(large_commit);
    struct storage *storage = open_data(NULL);
    struct database_files *shop = storage_database(storage, "shop");
    ck_assert_int_eq(ask(shop, 0, "SELECT count(*) FROM t"), 15000);
    ck_assert_int_eq(ask(shop, 1, "SELECT sum(a) FROM t"), 15000 * 15000);
    storage_close(storage);
}
END_TEST

static void append_then_commit(void)
{
    struct storage *storage = open_data(NULL);
    struct database_files *shop = make_shop(storage, 2);
    struct op mark = op_insert(0, 1, 32, "high-water mark"), row = op_insert(1, 1, 1, "x");
    must(storage_append(storage, shop, &mark, 1, &fixture_err));
    memset((void *)mark.image.bytes, 0xff,
           mark.image.n_bytes); /* the caller's memory is not kept */
    commit_these(storage, shop, &row, 1);
}

START_TEST(appended_ops_are_durable_before_the_next_commit)
{
    in_killed_process(append_then_commit);
    struct storage *storage = open_data(NULL);
    ck_assert_int_eq(ask(storage_database(storage, "shop"), 0, "SELECT a FROM t"), 32);
    storage_close(storage);
}
END_TEST

START_TEST(wals_and_the_log_stay_short)
{
    struct storage *storage = open_data(
        &(struct storage_options){.log_segment_bytes = 64 * 1024, .checkpoint_frames = 50});
    struct database_files *shop = make_shop(storage, 1);
    for (int k = 0; k < 3000; k++) {
        struct op op = op_insert(0, k % 300, k, "some text that takes a bit of room");
        commit_these(storage, shop, &op, 1);
    }
    ck_assert_int_eq(fixture_shell("test $(stat -c %%s data/shop/shard-0000.db-wal) -lt 3000000"),
                     0);
    ck_assert_int_eq(fixture_shell("test $(cat data/commit.log/* | wc -c) -lt 1000000"), 0);
    ck_assert_int_eq(ask(shop, 0, "SELECT sum(a) FROM t"), 300 * (2700 + 2999) / 2);
    storage_close(storage);
    ck_assert_int_eq(fixture_shell("test ! -s data/shop/shard-0000.db-wal"), 0);
}
END_TEST

START_TEST(closed_files_are_plain_sqlite_files)
{
    struct storage *storage = open_data(NULL);
    struct op op = op_insert(0, 1, 42, "x");
    commit_these(storage, make_shop(storage, 1), &op, 1);
    storage_close(storage);
    ck_assert_int_eq(fixture_shell("mkdir copy && cp data/shop/shard-0000.db copy && "
                                   "test \"$(sqlite3 copy/shard-0000.db 'SELECT a FROM t; PRAGMA "
                                   "integrity_check')\" = \"42\nok\""),
                     0);
}
END_TEST

/* ---- prepared transactions ---- */

static void prepare(struct storage *storage, struct database_files *shop, const char *gid,
                    const struct op *ops, size_t n)
{
    struct commit commit = {
        .database = shop, .ops = ops, .n_ops = n, .prepare_gid = gid, .prepare_owner = "ann"};
    must(storage_commit(storage, &commit, &fixture_err));
}

static bool resolve(struct storage *storage, const char *gid, bool commit_it)
{
    struct commit commit = {.resolve_gid = gid, .resolve_commit = commit_it};
    return storage_commit(storage, &commit, &fixture_err);
}

static void prepare_three(void)
{
    struct storage *storage = open_data(&(struct storage_options){.log_segment_bytes = 64 * 1024});
    struct database_files *shop = make_shop(storage, 2);
    struct op first = op_insert(0, 100, 5, "old");
    commit_these(storage, shop, &first, 1);
    struct op ops[] = {op_insert(0, 1, 1, "x"), op_insert(1, 1, 1, "y"), op_update_a(0, 100, 6)};
    prepare(storage, shop, "one", ops, 3);
    ops[0].rid = ops[1].rid = 2;
    prepare(storage, shop, "two", ops, 2);
    ops[0].rid = ops[1].rid = 3;
    prepare(storage, shop, "three", ops, 2);
    struct commit again = {.database = shop, .ops = ops, .n_ops = 2, .prepare_gid = "two"};
    EXPECT_ERR(storage_commit(storage, &again, &fixture_err), ERR_DUPLICATE_OBJECT);
    must(resolve(storage, "two", false));
    must(resolve(storage, "three", true));
    EXPECT_ERR(resolve(storage, "three", true), ERR_UNDEFINED_OBJECT);
    ck_assert_int_eq(ask(shop, 1, "SELECT group_concat(_rid) FROM t"), 3);
    for (int k = 0; k < 2000; k++) { /* many cuts: the log must keep "one" */
        struct op op = op_insert(1, 1000, k, "some text that takes a bit of room");
        commit_these(storage, shop, &op, 1);
    }
}

START_TEST(prepared_transactions_survive)
{
    in_killed_process(prepare_three);
    for (int k = 0; k < 2; k++) { /* and survive a second start */
        struct storage *storage = open_data(NULL);
        struct prepared *list;
        ck_assert_uint_eq(storage_prepared(storage, fixture_arena, &list), 1);
        ck_assert_str_eq(list->gid, "one");
        ck_assert_str_eq(list->owner, "ann");
        ck_assert_str_eq(list->database, "shop");
        ck_assert_int_lt(llabs(list->prepared_us - clock_realtime_us()), 60 * 1000000ll);
        ck_assert_uint_eq(list->n_ops, 3);
        ck_assert(list->ops[2].kind == OP_UPDATE && list->ops[2].layout->n_columns == 2 &&
                  *list->ops[2].changed == 1);
        storage_close(storage);
    }
    struct storage *storage = open_data(NULL);
    must(resolve(storage, "one", true));
    struct database_files *shop = storage_database(storage, "shop");
    ck_assert_int_eq(ask(shop, 0, "SELECT count(*) FROM t WHERE _rid = 1 AND a = 1"), 1);
    ck_assert_int_eq(ask(shop, 0, "SELECT a FROM t WHERE b = 'old'"), 6);
    storage_close(storage);
    storage = open_data(NULL);
    struct prepared *list;
    ck_assert_uint_eq(storage_prepared(storage, fixture_arena, &list), 0);
    storage_close(storage);
}
END_TEST

Suite *shard_storage_suite(void)
{
    Suite *suite = suite_create("shard/storage");
    TCase *cases = tcase_create("storage");
    tcase_add_checked_fixture(cases, fixture_setup, fixture_teardown);
    tcase_set_timeout(cases, 120);
    tcase_add_test(cases, rows_are_written_changed_and_removed);
    tcase_add_test(cases, a_failing_op_undoes_its_transaction_on_all_shards);
    tcase_add_test(cases, a_failing_op_leaves_its_batch_alone);
    tcase_add_test(cases, a_snapshot_of_several_shards_is_one_moment);
    tcase_add_test(cases, a_read_transaction_is_fixed_when_it_begins);
    tcase_add_test(cases, readers_beyond_the_limit_wait_and_idle_ones_make_room);
    tcase_add_test(cases, a_damaged_file_is_named);
    tcase_add_test(cases, a_second_server_is_refused);
    tcase_add_test(cases, unknown_formats_are_refused);
    tcase_add_test(cases, databases_come_and_go);
    tcase_add_test(cases, a_dropped_databases_log_is_not_replayed_into_its_successor);
    tcase_add_test(cases, a_missing_folder_is_refused);
    tcase_add_test(cases, a_large_transaction_is_whole_after_a_crash);
    tcase_add_test(cases, appended_ops_are_durable_before_the_next_commit);
    tcase_add_test(cases, wals_and_the_log_stay_short);
    tcase_add_test(cases, closed_files_are_plain_sqlite_files);
    tcase_add_test(cases, prepared_transactions_survive);
    suite_add_tcase(suite, cases);
    return suite;
}
