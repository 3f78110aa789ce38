/* crash_test.c - the n-th write, sync or open fails, is torn, or is the last thing the process does; the power goes; memory runs
 * out.  After each: open again, and nothing acknowledged is lost, nothing is half done.
 *
 * Every n would take minutes: a stride picks some, another each day; SHARDLITE_FAULT_STRIDE=1 tries all. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "shard/fault.h"
#include "shard/vfs.h"
#include "tests/unit/shard/fixture.h"
#include "tests/unit/shard/workload.h"

Suite *shard_crash_suite(void);

#define STEPS 24

static struct workload_notes *notes;
static bool power_lost;
static char pristine[320], shadow[320];

struct trial {
    enum fault_kind kind;
    enum fault_action action;
    uint64_t nth;
    uint64_t malloc_nth;
    uint64_t seed; /* 0: no power loss */
    const char *failpoints;
    bool while_opening;         /* the fault is armed before storage_open() */
    const char *dir_not_synced; /* planted bug: ending of the directories that nobody syncs */
};

/* ---- processes ---- */

enum { CHILD_OK = 0, CHILD_FAULT_NOT_MET = 3, CHILD_OPEN_FAILED = 4, CHILD_WRONG = 5 };

/* Everything that touches SQLite happens in processes of their own: locks and memory hooks are clean in each. */
static int in_process(int (*fn)(const void *), const void *arg)
{
    pid_t pid = fork();
    if (pid == 0) {
        if (!getenv("SHARDLITE_FAULT_VERBOSE"))
            (void)!freopen("/dev/null", "w",
                           stderr); /* the last words of those that are meant to die */
        _exit(fn(arg));
    }
    int status;
    ck_assert(waitpid(pid, &status, 0) == pid);
    return status;
}

static int make_pristine(const void *arg)
{
    struct storage_options options = workload_options(fixture_data, NULL);
    struct storage *storage = storage_open(&options, &fixture_err);
    bool ok = storage && workload_create(storage, &fixture_err);
    if (ok)
        workload_run(storage, notes, 1, 1, 3);
    storage_close(storage);
    return ok && notes->acked[0] == 3 ? CHILD_OK : CHILD_WRONG;
}

static void arm(const struct trial *trial)
{
    if (trial->nth)
        fault_arm(trial->kind, trial->action, trial->nth);
    if (trial->malloc_nth)
        fault_malloc_arm(trial->malloc_nth);
}

static int run_trial(const void *arg)
{
    const struct trial *trial = arg;
    if (trial->malloc_nth)
        fault_malloc_install();
    const char *vfs = fault_vfs_register(vfs_register());
    struct storage_options options = workload_options(fixture_data, vfs);
    fault_watch(fixture_data, trial->seed ? shadow : NULL);
    fault_plant_missing_dir_sync(trial->dir_not_synced);
    if (!failpoints_set(trial->failpoints, &fixture_err))
        return CHILD_WRONG;
    if (trial->while_opening)
        arm(trial);
    struct storage *storage = storage_open(&options, &fixture_err);
    if (!storage)
        return CHILD_OPEN_FAILED;
    if (!trial->while_opening)
        arm(trial);
    uint32_t next = MAX(notes->acked[0] + 1, 4);
    workload_run(storage, notes, 1, next, STEPS);
    bool met = (trial->nth && fault_fired()) || (trial->malloc_nth && fault_malloc_fired());
    fault_disarm();
    fault_malloc_arm(0);
    return met ? CHILD_OK : CHILD_FAULT_NOT_MET; /* without closing */
}

static int verify(const void *arg)
{
    struct storage_options options = workload_options(fixture_data, NULL);
    struct storage *storage = storage_open(&options, &fixture_err);
    bool ok = storage && workload_check(storage, notes, 1, STEPS, power_lost, &fixture_err);
    if (ok) { /* and it goes on */
        uint32_t next = notes->acked[0] + 2;
        struct workload_notes more = {.acked = {next - 1}};
        workload_run(storage, &more, 1, next, next + 3);
        ok = more.acked[0] == next + 3 ||
             err_set(&fixture_err, ERR_INTERNAL_ERROR, "it does not go on");
    }
    if (!ok) {
        FILE *out = fopen(arg, "w");
        fprintf(out, "%s: %s", fixture_err.sqlstate, fixture_err.message);
        fclose(out);
    }
    storage_close(storage);
    return ok ? CHILD_OK : CHILD_WRONG;
}

static void check_after(const struct trial *trial, const char *what)
{
    char report[320], text[1000] = "?";
    snprintf(report, sizeof(report), "%s/report", fixture_dir);
    int status = in_process(verify, report);
    if (status == CHILD_OK)
        return;
    FILE *in = fopen(report, "r");
    if (in) {
        text[fread(text, 1, sizeof(text) - 1, in)] = 0;
        fclose(in);
    }
    ck_abort_msg("%s kind %d action %d n %d malloc %d seed %d: status %x: %s", what, trial->kind,
                 trial->action, (int)trial->nth, (int)trial->malloc_nth, (int)trial->seed, status,
                 text);
}

static void reset_data(void)
{
    ck_assert_int_eq(
        fixture_shell(
            "rm -rf data shadow shadow.names && cp -r pristine data && cp -r pristine shadow"),
        0);
    *notes = (struct workload_notes){.acked = {3}, .durable = {3}};
}

/* False when the fault was never met: n is beyond the end. */
static bool try_once(const struct trial *trial)
{
    reset_data();
    power_lost = trial->seed != 0;
    int status = in_process(run_trial, trial);
    ck_assert_msg(WIFEXITED(status) ? WEXITSTATUS(status) != CHILD_WRONG
                                    : WTERMSIG(status) == SIGKILL || WTERMSIG(status) == SIGABRT,
                  "status %x", status);
    if (trial->seed)
        must(fault_power_loss(fixture_data, shadow, trial->seed, &fixture_err));
    check_after(trial, "after the fault");
    return !(WIFEXITED(status) && WEXITSTATUS(status) == CHILD_FAULT_NOT_MET);
}

/* ---- sweeps ---- */

static void setup(void)
{
    fixture_setup();
    notes = workload_notes_new();
    snprintf(pristine, sizeof(pristine), "%s/pristine", fixture_dir);
    snprintf(shadow, sizeof(shadow), "%s/shadow", fixture_dir);
    ck_assert_int_eq(in_process(make_pristine, NULL), CHILD_OK);
    ck_assert_int_eq(fixture_shell("mv data pristine && rm -f pristine/*-shm pristine/*/*-shm"), 0);
}

static uint64_t stride(uint64_t usual)
{
    const char *text = getenv("SHARDLITE_FAULT_STRIDE");
    return text ? strtoull(text, NULL, 10) : usual;
}

static void sweep(struct trial trial, uint64_t usual_stride)
{
    uint64_t step = stride(usual_stride), n_tried = 0;
    bool met = true;
    for (uint64_t nth = 1 + (uint64_t)time(NULL) / 86400 % step; met; nth += step, n_tried++) {
        if (trial.kind == FAULT_OPEN || !trial.malloc_nth)
            trial.nth = nth;
        else
            trial.malloc_nth = nth;
        trial.seed = trial.seed ? nth : 0;
        met = try_once(&trial);
    }
    ck_assert_uint_gt(n_tried, 1);
}

START_TEST(dying_at_a_write)
{
    sweep((struct trial){.kind = FAULT_WRITE, .action = FAULT_CRASH}, 401);
}
END_TEST

START_TEST(a_torn_write)
{
    sweep((struct trial){.kind = FAULT_WRITE, .action = FAULT_TEAR}, 397);
}
END_TEST

START_TEST(a_failing_write)
{
    sweep((struct trial){.kind = FAULT_WRITE, .action = FAULT_FAIL}, 409);
}
END_TEST

START_TEST(a_full_disk)
{
    sweep((struct trial){.kind = FAULT_WRITE, .action = FAULT_FULL}, 383);
}
END_TEST

START_TEST(a_failing_sync)
{
    sweep((struct trial){.kind = FAULT_SYNC, .action = FAULT_FAIL}, 23);
}
END_TEST

START_TEST(a_failing_open)
{
    sweep((struct trial){.kind = FAULT_OPEN, .action = FAULT_FAIL}, 11);
}
END_TEST

START_TEST(power_loss_at_a_write)
{
    sweep((struct trial){.kind = FAULT_WRITE, .action = FAULT_CRASH, .seed = 1}, 211);
}
END_TEST

START_TEST(power_loss_at_a_sync)
{
    sweep((struct trial){.kind = FAULT_SYNC, .action = FAULT_CRASH, .seed = 1}, 11);
}
END_TEST

START_TEST(no_memory)
{
    reset_data();
    for (uint64_t nth = 1, step = stride(499);; nth += step) {
        if (!try_once(&(struct trial){.malloc_nth = nth}))
            break;
    }
}
END_TEST

static const char *const failpoints[] = {
    "commit.applied=crash",
    "commit.before_log=crash@2",
    "log.before_write=crash@3",
    "log.after_write=crash@3",
    "commit.before_decision=crash@2",
    "log.before_sync=crash@4",
    "log.after_sync=crash@4",
    "commit.after_decision=crash@3",
    "commit.file_committed=crash@1",
    "commit.file_committed=crash@4",
    "commit.published=crash@2",
    "checkpoint.file=crash@1",
    "cut.sync_file=crash@1",
    "cut.before_cut=crash@1",
    "log.cut=crash@1",
};

START_TEST(dying_at_a_named_step)
{
    try_once(&(struct trial){.failpoints = failpoints[_i]});
    try_once(&(struct trial){.failpoints = failpoints[_i], .seed = 7});
}
END_TEST

/* The first process dies with much to replay; the second one dies replaying it. */
START_TEST(dying_while_recovering)
{
    struct trial second = {
        .kind = FAULT_WRITE, .action = FAULT_CRASH, .seed = 1, .while_opening = true};
    uint64_t step = stride(41);
    bool died = true;
    for (uint64_t nth = 1; died && nth < 200; nth += step) {
        reset_data();
        power_lost = true;
        in_process(run_trial,
                   &(struct trial){.failpoints = "commit.after_decision=crash@19", .seed = 3});
        ck_assert_uint_ge(notes->acked[0], 10);
        must(fault_power_loss(fixture_data, shadow, nth, &fixture_err));
        ck_assert_int_eq(fixture_shell("rm -rf shadow && cp -r data shadow"), 0);
        second.nth = nth;
        second.seed = nth;
        int status = in_process(run_trial, &second);
        died = WIFSIGNALED(status);
        must(fault_power_loss(fixture_data, shadow, nth, &fixture_err));
        check_after(&second, "after dying while recovering");
    }
}
END_TEST

/* The kernel wrote all WALs but one, and not the log: files are ahead by asynchronous commits, which are taken back on all. */
START_TEST(losing_the_log_of_asynchronous_commits)
{
    int n_ahead = 0;
    for (int nth = 1; nth <= 24; nth++) {
        reset_data();
        power_lost = true;
        struct trial trial = {.seed = 1};
        trial.failpoints = arena_printf(fixture_arena, "commit.published=crash@%d", nth);
        int status = in_process(run_trial, &trial);
        ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        n_ahead +=
            fixture_shell("cmp -s data/commit.log/$(ls data/commit.log | grep log | tail -1) "
                          "shadow/commit.log/$(ls shadow/commit.log | grep log | tail -1)") != 0;
        ck_assert_int_eq(
            fixture_shell("rm -rf data/*/*-shm data/commit.log && cp -r shadow/commit.log data/ && "
                          "cp shadow/shop/shard-%04d.db* data/shop/",
                          nth % WORKLOAD_SHARDS),
            0);
        check_after(&trial, trial.failpoints);
    }
    ck_assert_int_gt(n_ahead, 1);
}
END_TEST

/* A segment of the log that was appended to under a name which is not durable. */
START_TEST(a_forgotten_directory_sync_is_noticed)
{
    int n_noticed = 0;
    char report[320];
    snprintf(report, sizeof(report), "%s/report", fixture_dir);
    struct trial trial = {.failpoints = "commit.published=crash@18",
                          .dir_not_synced = "/commit.log"};
    for (trial.seed = 1; trial.seed <= 8; trial.seed++) {
        reset_data();
        power_lost = true;
        int status = in_process(run_trial, &trial);
        ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        must(fault_power_loss(fixture_data, shadow, trial.seed, &fixture_err));
        n_noticed += in_process(verify, report) != CHILD_OK;
    }
    ck_assert_int_gt(n_noticed, 0);
}
END_TEST

/* Databases are made and removed whole. */
static int make_and_drop(const void *arg)
{
    const struct trial *trial = arg;
    const char *vfs = trial->seed ? fault_vfs_register(vfs_register()) : NULL;
    struct storage_options options = workload_options(fixture_data, vfs);
    fault_watch(fixture_data, trial->seed ? shadow : NULL);
    fault_plant_missing_dir_sync(trial->dir_not_synced);
    struct storage *storage = storage_open(&options, &fixture_err);
    if (!storage || !failpoints_set(trial->failpoints, &fixture_err) ||
        !storage_create_database(storage, "new", 2, &fixture_err))
        return CHILD_WRONG;
    notes->acked[1] = 1;
    return storage_drop_database(storage, "new", &fixture_err) ? CHILD_OK : CHILD_WRONG;
}

static int expect_whole_or_gone(const void *arg)
{
    struct storage *storage = open_data(NULL);
    struct database_files *database = storage_database(storage, "new");
    if (database && ask(database, 1, "SELECT count(*) FROM _shardlite_file") != 1)
        return CHILD_WRONG;
    int there = database != NULL;
    storage_close(storage);
    return fixture_shell("! ls -A data | grep -q '^[.]'") == 0 ? (there ? 10 : 11) : CHILD_WRONG;
}

static const char *const database_failpoints[] = {
    "database.file_made=crash@1", "database.file_made=crash@3", "database.drop_logged=crash",
    "database.renamed_away=crash"};

START_TEST(dying_while_making_or_dropping_a_database)
{
    for (uint64_t seed = 0; seed < 3; seed++) {
        reset_data();
        int status = in_process(
            make_and_drop, &(struct trial){.failpoints = database_failpoints[_i], .seed = seed});
        ck_assert(WIFSIGNALED(status));
        if (seed)
            must(fault_power_loss(fixture_data, shadow, seed, &fixture_err));
        ck_assert_int_eq(WEXITSTATUS(in_process(expect_whole_or_gone, NULL)),
                         11); /* not made yet, or dropped */
    }
}
END_TEST

static int make_and_die(const void *arg)
{
    const struct trial *trial = arg;
    struct storage_options options =
        workload_options(fixture_data, fault_vfs_register(vfs_register()));
    fault_watch(fixture_data, shadow);
    fault_plant_missing_dir_sync(trial->dir_not_synced);
    struct storage *storage = storage_open(&options, &fixture_err);
    if (!storage || !storage_create_database(storage, "new", 2, &fixture_err))
        return CHILD_WRONG;
    kill(getpid(), SIGKILL);
    return CHILD_WRONG;
}

/* How often of 8 power losses right after it was made the database is not there. */
static int count_lost_databases(const char *dir_not_synced)
{
    int n_lost = 0;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        reset_data();
        int status = in_process(make_and_die,
                                &(struct trial){.seed = seed, .dir_not_synced = dir_not_synced});
        ck_assert(WIFSIGNALED(status));
        must(fault_power_loss(fixture_data, shadow, seed, &fixture_err));
        n_lost += WEXITSTATUS(in_process(expect_whole_or_gone, NULL)) != 10;
    }
    return n_lost;
}

START_TEST(a_database_survives_a_power_loss)
{
    ck_assert_int_eq(count_lost_databases(NULL), 0);
    ck_assert_int_gt(count_lost_databases("/data"), 0);
}
END_TEST

Suite *shard_crash_suite(void)
{
    Suite *suite = suite_create("shard/crash");
    TCase *cases = tcase_create("crash");
    tcase_add_checked_fixture(cases, setup, fixture_teardown);
    tcase_set_timeout(cases, getenv("SHARDLITE_FAULT_STRIDE") ? 3600 : 300);
    tcase_add_test(cases, dying_at_a_write);
    tcase_add_test(cases, a_torn_write);
    tcase_add_test(cases, a_failing_write);
    tcase_add_test(cases, a_full_disk);
    tcase_add_test(cases, a_failing_sync);
    tcase_add_test(cases, a_failing_open);
    tcase_add_test(cases, power_loss_at_a_write);
    tcase_add_test(cases, power_loss_at_a_sync);
    tcase_add_test(cases, no_memory);
    tcase_add_loop_test(cases, dying_at_a_named_step, 0, (int)ARRAY_COUNT(failpoints));
    tcase_add_test(cases, dying_while_recovering);
    tcase_add_test(cases, losing_the_log_of_asynchronous_commits);
    tcase_add_test(cases, a_forgotten_directory_sync_is_noticed);
    tcase_add_test(cases, a_database_survives_a_power_loss);
    tcase_add_loop_test(cases, dying_while_making_or_dropping_a_database, 0,
                        (int)ARRAY_COUNT(database_failpoints));
    suite_add_tcase(suite, cases);
    return suite;
}
