/* check_test.c - "shardlite check" finds what is wrong with a data directory, and nothing else. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shard/check.h"
#include "tests/unit/shard/fixture.h"

Suite *shard_check_suite(void);

static struct buf found;

static void note_problem(void *arg, const char *path, const char *what)
{
    const char *name = strrchr(path, '/');
    buf_printf(&found, "%s: %s\n", name ? name + 1 : path, what);
}

static void note_remark(void *arg, const char *path, const char *what)
{
    const char *name = strrchr(path, '/');
    buf_printf(&found, "(%s: %s)\n", name ? name + 1 : path, what);
}

static uint32_t n_progress;

static void note_progress(void *arg, const char *path, uint32_t done, uint32_t total)
{
    ck_assert_uint_eq(done, n_progress++);
    ck_assert_uint_lt(done, total);
}

static const char *check(void)
{
    struct check_report report = {
        .progress = note_progress, .problem = note_problem, .remark = note_remark};
    struct storage_options options = {.data_dir = fixture_data};
    found = BUF_IN(fixture_arena);
    n_progress = 0;
    must(storage_check(&options, &report, &fixture_err));
    ck_assert_uint_eq(report.n_files, n_progress);
    return buf_cstr(&found);
}

static struct storage *with_rows(void)
{
    struct storage *storage = open_data(NULL);
    struct database_files *shop = make_shop(storage, 2);
    for (int k = 0; k < 200; k++) {
        struct op op = op_insert(1, k, k, "some text that takes a bit of room in the file");
        commit_these(storage, shop, &op, 1);
    }
    return storage;
}

START_TEST(a_whole_directory_has_no_problems)
{
    struct storage *storage = with_rows();
    struct check_report report = {0};
    struct storage_options options = {.data_dir = fixture_data};
    ck_assert(!storage_check(&options, &report, &fixture_err)); /* a server runs */
    ck_assert_str_eq(fixture_err.sqlstate, ERR_OBJECT_IN_USE);
    storage_close(storage);
    ck_assert_str_eq(check(), "");
    ck_assert_uint_eq(n_progress, 4);
}
END_TEST

START_TEST(after_a_crash_it_says_what_a_start_will_do)
{
    pid_t pid = fork();
    if (pid == 0) {
        with_rows();
        kill(getpid(), SIGKILL);
    }
    waitpid(pid, NULL, 0);
    ck_assert_int_eq(
        fixture_shell(
            "truncate -s 0 data/shop/shard-0001.db-wal && rm data/shop/shard-0001.db-shm"),
        0); /* as a power loss may */
    ck_assert_str_eq(
        check(),
        "(shard-0001.db: the commit log has changes that it lacks; the next start replays them)\n");
    struct storage *storage = open_data(NULL);
    ck_assert_int_eq(ask(storage_database(storage, "shop"), 1, "SELECT count(*) FROM t"), 200);
    storage_close(storage);
    ck_assert_str_eq(check(), "");
}
END_TEST

START_TEST(what_is_wrong_is_found)
{
    storage_close(with_rows());
    ck_assert_int_eq(fixture_shell("cp data/shop/shard-0000.db x && cp x data/shop/shard-0001.db"),
                     0); /* a file in another's place */
    ck_assert_str_eq(check(), "shard-0001.db: it says that it is shard 0 of 2\n");
    ck_assert_int_eq(fixture_shell("rm data/shop/shard-0001.db && echo > data/shop/shard-0002.db"),
                     0);
    ck_assert_ptr_nonnull(strstr(check(), "shard-0001.db: shard file"));
    ck_assert_ptr_nonnull(strstr(check(), "is missing"));
    ck_assert_ptr_nonnull(strstr(check(), "shard-0002.db: this file does not belong here"));
}
END_TEST

START_TEST(damaged_pages_and_logs_are_found)
{
    storage_close(with_rows());
    ck_assert_int_eq(
        fixture_shell("printf '\\377\\377\\377\\377\\377' | dd of=data/shop/shard-0001.db bs=1 "
                      "seek=16384 conv=notrunc status=none"),
        0);
    ck_assert_ptr_nonnull(strstr(check(), "shard-0001.db: "));
    ck_assert_int_eq(fixture_shell("printf 'x' | dd of=$(ls data/commit.log/0*.log) bs=1 seek=20 "
                                   "conv=notrunc status=none"),
                     0);
    ck_assert_ptr_nonnull(strstr(check(), "commit.log: commit log file"));
}
END_TEST

Suite *shard_check_suite(void)
{
    Suite *suite = suite_create("shard/check");
    TCase *cases = tcase_create("check");
    tcase_add_checked_fixture(cases, fixture_setup, fixture_teardown);
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, a_whole_directory_has_no_problems);
    tcase_add_test(cases, after_a_crash_it_says_what_a_start_will_do);
    tcase_add_test(cases, what_is_wrong_is_found);
    tcase_add_test(cases, damaged_pages_and_logs_are_found);
    suite_add_tcase(suite, cases);
    return suite;
}
