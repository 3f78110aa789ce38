/* commit_log_test.c - what was appended is replayed; torn ends are cut, damage in the middle is refused. */
#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shard/commit_log.h"
#include "tests/unit/shard/fixture.h"

Suite *shard_commit_log_suite(void);

#define SEGMENT (64 * 1024)
static const struct commit_log_ops *const ops = &commit_log_file;
static uint64_t identity = 42;

static struct commit_log *try_log(bool create)
{
    struct commit_log_options options = {
        .dir = fixture_data, .segment_bytes = SEGMENT, .identity = identity};
    return ops->open(&options, create, &fixture_err);
}

/* Opens and replays; what was read is a text "seq:bytes seq:bytes ...", or the error's SQLSTATE. */
static bool note(void *arg, const struct record *record, struct err *err)
{
    buf_printf(arg, "%s%u:%u%s", ((struct buf *)arg)->n ? " " : "",
               (unsigned)(record->seq & 0xffffffff), (unsigned)record->n_ops_bytes,
               record->more ? "+" : "");
    return true;
}

static const char *replayed(struct commit_log *log)
{
    struct buf text = BUF_IN(fixture_arena);
    if (!ops->replay(log, note, &text, &fixture_err))
        return fixture_err.sqlstate;
    return buf_cstr(&text);
}

static struct commit_log *start(void)
{
    uint64_t first;
    struct commit_log *log = try_log(true);
    must(log != NULL);
    replayed(log);
    must(ops->start(log, &first, &fixture_err));
    return log;
}

static uint8_t payload[300000];

static void append(struct commit_log *log, uint64_t seq, size_t n_bytes)
{
    struct record record = {
        .kind = RECORD_COMMIT, .seq = seq, .ops = payload, .n_ops_bytes = n_bytes};
    must(ops->append(log, &record, 1, &fixture_err));
}

static void append_synced(struct commit_log *log, uint64_t seq, size_t n_bytes)
{
    append(log, seq, n_bytes);
    must(ops->sync(log, &fixture_err));
}

static void expect_replay(const char *expected)
{
    struct commit_log *log = try_log(false);
    must(log != NULL);
    ck_assert_str_eq(replayed(log), expected);
    ops->close(log);
}

static void damage(unsigned segment, off_t at)
{
    char path[400];
    snprintf(path, sizeof(path), "%s/%012u.log", fixture_data, segment);
    int fd = open(path, O_RDWR);
    uint8_t byte;
    ck_assert(fd >= 0 && pread(fd, &byte, 1, at) == 1);
    byte ^= 0x40;
    ck_assert(pwrite(fd, &byte, 1, at) == 1);
    close(fd);
}

static int n_files(void)
{
    int n = 0;
    DIR *dir = opendir(fixture_data);
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
        n += entry->d_name[0] != '.';
    closedir(dir);
    return n;
}

START_TEST(what_was_appended_is_replayed)
{
    struct commit_log *log = start();
    append(log, 1, 10);
    append(log, 2, 2000);
    must(ops->sync(log, &fixture_err));
    struct record pair[] = {
        {.kind = RECORD_COMMIT, .seq = 3, .more = true, .ops = payload, .n_ops_bytes = 7},
        {.kind = RECORD_COMMIT, .seq = 3, .ops = payload, .n_ops_bytes = 8}};
    must(ops->append(log, pair, 2, &fixture_err));
    ops->close(log); /* not synced, but nothing was lost either */
    expect_replay("1:10 2:2000 3:7+ 3:8");
}
END_TEST

START_TEST(records_larger_than_a_segment_get_one_of_their_own)
{
    struct commit_log *log = start();
    append_synced(log, 1, 10);
    append_synced(log, 2, sizeof(payload));
    append_synced(log, 3, 10);
    ops->close(log);
    expect_replay("1:10 2:300000 3:10");
}
END_TEST

START_TEST(segments_follow_each_other_and_are_reused)
{
    struct commit_log *log = start();
    for (uint64_t seq = 1; seq <= 100; seq++) {
        append_synced(log, seq, 10000); /* 6 to a segment */
        must(ops->cut(log, seq > 10 ? seq - 10 : 0, &fixture_err));
        ck_assert_int_le(n_files(), 7);
    }
    ck_assert_uint_le(ops->size(log), 4 * SEGMENT);
    ops->close(log);
    log = try_log(false);
    const char *text = replayed(log);
    ops->close(log);
    ck_assert_str_eq(strstr(text, "91:"),
                     "91:10000 92:10000 93:10000 94:10000 95:10000 96:10000 97:10000 98:10000 "
                     "99:10000 100:10000");
}
END_TEST

START_TEST(a_torn_end_is_left_out)
{
    struct commit_log *log = start();
    append_synced(log, 1, 100);
    append(log, 2, 3000); /* nobody knows that it is on disk */
    ops->close(log);
    damage(1, 512 + 512 + 2000);
    expect_replay("1:100");
    log = start(); /* and it stays left out when the log goes on */
    append_synced(log, 3, 100);
    ops->close(log);
    expect_replay("1:100 3:100");
}
END_TEST

START_TEST(damage_before_the_end_is_refused)
{
    struct commit_log *log = start();
    append_synced(log, 1, 100);
    append_synced(log, 2, 3000);
    append_synced(log, 3, 100); /* written when 2 was durable */
    ops->close(log);
    damage(1, 512 + 512 + 2000);
    expect_replay("XX001");
}
END_TEST

START_TEST(damage_at_the_end_of_a_finished_segment_is_refused)
{
    struct commit_log *log = start();
    append_synced(log, 1, 40000);
    append_synced(log, 2, 40000);
    ops->close(log);
    damage(1, 1000);
    expect_replay("XX001");
}
END_TEST

START_TEST(a_missing_segment_is_refused)
{
    struct commit_log *log = start();
    for (uint64_t seq = 1; seq <= 3; seq++)
        append_synced(log, seq, 40000);
    ops->close(log);
    ck_assert_int_eq(fixture_shell("rm data/000000000002.log"), 0);
    ck_assert_ptr_null(try_log(false));
    ck_assert_str_eq(fixture_err.sqlstate, ERR_DATA_CORRUPTED);
}
END_TEST

START_TEST(a_log_of_another_directory_is_refused)
{
    ops->close(start());
    identity = 43;
    ck_assert_ptr_null(try_log(false));
    ck_assert_str_eq(fixture_err.sqlstate, ERR_DATA_CORRUPTED);
}
END_TEST

START_TEST(an_empty_log_is_refused_unless_created)
{
    ck_assert_int_eq(fixture_shell("mkdir data"), 0);
    ck_assert_ptr_null(try_log(false));
    ck_assert_str_eq(fixture_err.sqlstate, ERR_DATA_CORRUPTED);
}
END_TEST

START_TEST(each_start_begins_a_greater_epoch)
{
    uint64_t first = 0;
    for (int k = 0; k < 3; k++) {
        uint64_t before = first;
        struct commit_log *log = try_log(true);
        replayed(log);
        must(ops->start(log, &first, &fixture_err));
        ck_assert_uint_gt(first, before + 1000000);
        must(ops->cut(log, first, &fixture_err));
        ops->close(log);
    }
}
END_TEST

/* ---- the tee ---- */

static bool count(void *arg, const struct record *record, struct err *err)
{
    ++*(int *)arg;
    return true;
}

START_TEST(a_tee_writes_a_line_per_record)
{
    char path[400];
    snprintf(path, sizeof(path), "%s/audit.txt", fixture_dir);
    struct commit_log_tee tee = {&commit_log_file, path};
    struct commit_log_options options = {
        .dir = fixture_data, .segment_bytes = SEGMENT, .identity = 1, .arg = &tee};
    struct commit_log *log = commit_log_tee.open(&options, true, &fixture_err);
    must(log != NULL);
    uint64_t first;
    must(commit_log_tee.start(log, &first, &fixture_err));
    struct op list[] = {op_insert(0, 1, 2, "x"), op_delete(1, 5), op_sql(0, "CREATE TABLE u (a)")};
    struct buf bytes = BUF_IN(fixture_arena);
    struct op_writer writer = {.out = &bytes};
    for (size_t k = 0; k < ARRAY_COUNT(list); k++)
        op_put(&writer, &list[k]);
    struct record records[] = {
        {.kind = RECORD_COMMIT,
         .seq = 1,
         .database = "shop",
         .time_us = 1000001,
         .ops = (uint8_t *)bytes.p,
         .n_ops_bytes = bytes.n},
        {.kind = RECORD_PREPARE, .seq = 2, .database = "shop", .gid = "a b\n", .owner = "ann"}};
    must(commit_log_tee.append(log, records, 2, &fixture_err));
    ck_assert_int_ne(fixture_shell("test -s audit.txt"), 0); /* not before it is durable */
    must(commit_log_tee.sync(log, &fixture_err));
    commit_log_tee.close(log);
    ck_assert_int_eq(fixture_shell("test \"$(cat audit.txt)\" = \"1970-01-01T00:00:01.000001Z "
                                   "commit seq=1 database=shop insert=1 update=0 delete=1 "
                                   "truncate=0 ddl=1 tables=t\n"
                                   "1970-01-01T00:00:00.000000Z prepare seq=2 database=shop "
                                   "gid=a%%20b%%0A owner=ann insert=0 update=0 delete=0 "
                                   "truncate=0 ddl=0\""),
                     0);
    log = commit_log_tee.open(&options, false, &fixture_err);
    must(log != NULL);
    int n = 0;
    must(commit_log_tee.replay(log, count, &n, &fixture_err));
    ck_assert_int_eq(n, 2);
    commit_log_tee.close(log);
}
END_TEST

Suite *shard_commit_log_suite(void)
{
    Suite *suite = suite_create("shard/commit_log");
    TCase *log = tcase_create("files");
    tcase_add_checked_fixture(log, fixture_setup, fixture_teardown);
    tcase_add_test(log, what_was_appended_is_replayed);
    tcase_add_test(log, records_larger_than_a_segment_get_one_of_their_own);
    tcase_add_test(log, segments_follow_each_other_and_are_reused);
    tcase_add_test(log, a_torn_end_is_left_out);
    tcase_add_test(log, damage_before_the_end_is_refused);
    tcase_add_test(log, damage_at_the_end_of_a_finished_segment_is_refused);
    tcase_add_test(log, a_missing_segment_is_refused);
    tcase_add_test(log, a_log_of_another_directory_is_refused);
    tcase_add_test(log, an_empty_log_is_refused_unless_created);
    tcase_add_test(log, each_start_begins_a_greater_epoch);
    suite_add_tcase(suite, log);
    TCase *tee = tcase_create("tee");
    tcase_add_checked_fixture(tee, fixture_setup, fixture_teardown);
    tcase_add_test(tee, a_tee_writes_a_line_per_record);
    suite_add_tcase(suite, tee);
    return suite;
}
