/* fiber_test.c - fibers on a host, waiters across threads, interrupts, deadlines, the stack's end. */
#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fiber_host.h"

Suite *base_fiber_suite(void);

static struct fiber_host *host;
static atomic_int n_notified;

static void notify(void *arg)
{
    atomic_fetch_add(&n_notified, 1);
}

static void setup(void)
{
    atomic_store(&n_notified, 0);
    host = fiber_host_new(notify, NULL);
    fiber_host_enter(host);
}

static void teardown(void)
{
    fiber_host_free(host);
}

static void run_until_none(void)
{
    while (fiber_host_count(host)) {
        fiber_host_run(host);
        deadlines_run(fiber_host_deadlines(host), clock_monotonic_us());
    }
}

/* ---- waking ---- */

struct sleeper {
    struct waiter waiter;
    int64_t deadline_us;
    bool interruptible;
    enum waiter_end end;
    struct fiber *fiber;
    char sqlstate[6];
};

static void sleep_once(void *arg)
{
    struct sleeper *sleeper = arg;
    sleeper->fiber = fiber_current();
    waiter_init(&sleeper->waiter);
    sleeper->end = waiter_sleep(&sleeper->waiter, sleeper->deadline_us, sleeper->interruptible);
    struct err err = ERR_IN(arena_new("test"));
    if (!fiber_check_interrupt(&err))
        memcpy(sleeper->sqlstate, err.sqlstate, 6);
    arena_free(err.arena);
}

static void *wake_from_afar(void *arg)
{
    waiter_wake(arg);
    return NULL;
}

START_TEST(another_thread_wakes_a_fiber_and_its_host)
{
    struct sleeper sleeper = {0};
    pthread_t thread;
    fiber_start(host, sleep_once, &sleeper);
    ck_assert_uint_eq(fiber_host_count(host), 1);
    pthread_create(&thread, NULL, wake_from_afar, &sleeper.waiter);
    pthread_join(thread, NULL);
    ck_assert_int_eq(atomic_load(&n_notified), 1);
    run_until_none();
    ck_assert_int_eq(sleeper.end, WAITER_WOKEN);
}
END_TEST

START_TEST(a_wake_up_before_the_sleep_is_remembered_once)
{
    struct waiter waiter;
    waiter_init(&waiter);
    waiter_wake(&waiter);
    ck_assert_int_eq(waiter_sleep(&waiter, 0, false), WAITER_WOKEN);
    ck_assert_int_eq(waiter_sleep(&waiter, clock_monotonic_us() + 1000, false), WAITER_TIMEOUT);
}
END_TEST

START_TEST(a_deadline_ends_a_sleep)
{
    struct sleeper sleeper = {.deadline_us = clock_monotonic_us() + 2000};
    fiber_start(host, sleep_once, &sleeper);
    run_until_none();
    ck_assert_int_eq(sleeper.end, WAITER_TIMEOUT);
}
END_TEST

START_TEST(an_interrupt_ends_only_sleeps_that_allow_it)
{
    struct sleeper willing = {.interruptible = true}, deaf = {0};
    fiber_start(host, sleep_once, &willing);
    fiber_start(host, sleep_once, &deaf);
    fiber_interrupt(willing.fiber, FIBER_CANCEL);
    fiber_interrupt(deaf.fiber, FIBER_STATEMENT_TIMEOUT);
    fiber_host_run(host);
    ck_assert_int_eq(willing.end, WAITER_INTERRUPTED);
    ck_assert_str_eq(willing.sqlstate, ERR_QUERY_CANCELED);
    ck_assert_uint_eq(fiber_host_count(host), 1);
    waiter_wake(&deaf.waiter);
    run_until_none();
    ck_assert_int_eq(deaf.end, WAITER_WOKEN);
    ck_assert_str_eq(deaf.sqlstate, ERR_QUERY_CANCELED);
}
END_TEST

/* Wake-up and time-out race many times: neither is lost, nothing is woken twice. */
static atomic_uint_fast64_t woken;
static struct waiter *_Atomic published;

static void race(void *arg)
{
    for (int i = 0; i < 2000; i++) {
        struct waiter waiter;
        waiter_init(&waiter);
        atomic_store(&published, &waiter);
        enum waiter_end end = waiter_sleep(&waiter, clock_monotonic_us() + i % 5, false);
        if (end == WAITER_TIMEOUT && !atomic_exchange(&published, NULL)) {
            /* The waker took it: its wake-up is still to come, and must be waited for. */
            end = waiter_sleep(&waiter, 0, false);
        }
        if (end == WAITER_WOKEN)
            atomic_fetch_add(&woken, 1);
    }
    atomic_store(&published, (struct waiter *)1);
}

static void *waker(void *arg)
{
    uint64_t *n = arg;
    for (;;) {
        struct waiter *waiter = atomic_load(&published);
        if (waiter == (struct waiter *)1)
            return NULL;
        if (waiter && (waiter = atomic_exchange(&published, NULL)) &&
            waiter != (struct waiter *)1) {
            waiter_wake(waiter);
            ++*n;
        } else if (waiter == (struct waiter *)1) {
            return NULL;
        }
    }
}

START_TEST(wake_up_and_time_out_race)
{
    uint64_t n = 0;
    pthread_t thread;
    atomic_store(&woken, 0);
    atomic_store(&published, NULL);
    pthread_create(&thread, NULL, waker, &n);
    fiber_start(host, race, NULL);
    run_until_none();
    pthread_join(thread, NULL);
    ck_assert_uint_eq(atomic_load(&woken), n);
}
END_TEST

/* ---- slices and stacks ---- */

static void breathe_long(void *arg)
{
    int *order = arg;
    int64_t until = clock_monotonic_us() + 20000;
    while (clock_monotonic_us() < until)
        if (!fiber_breathe())
            return;
    *order = 2;
}

static void be_short(void *arg)
{
    int *order = arg;
    *order = 1;
}

START_TEST(a_long_fiber_lets_others_run)
{
    int order = 0;
    fiber_start(host, breathe_long, &order); /* comes back after its slice */
    ck_assert_int_eq(order, 0);
    ck_assert_uint_eq(fiber_host_count(host), 1);
    fiber_start(host, be_short, &order);
    ck_assert_int_eq(order, 1);
    run_until_none();
    ck_assert_int_eq(order, 2);
}
END_TEST

static int descend(int depth)
{
    struct err err = ERR_IN(arena_new("test"));
    bool ok = stack_check(&err);
    if (!ok)
        ck_assert_str_eq(err.sqlstate, ERR_STATEMENT_TOO_COMPLEX);
    arena_free(err.arena);
    volatile char room[512];
    room[0] = (char)depth;
    return ok ? descend(depth + 1) + (room[0] & 0) : depth;
}

static void go_deep(void *arg)
{
    *(int *)arg = descend(0);
}

START_TEST(recursion_is_stopped_before_the_stack_ends)
{
    int depth = 0;
    fiber_start(host, go_deep, &depth);
    ck_assert_int_gt(depth, 100);
    ck_assert_int_lt(depth, 3000);
}
END_TEST

static void set_flag(void *arg)
{
    ++*(int *)arg;
}

START_TEST(deadlines_fire_in_order_and_not_when_cleared)
{
    struct deadlines all = {0};
    int fired[50] = {0};
    struct deadline list[50];
    for (int i = 0; i < 50; i++) {
        list[i] = (struct deadline){.fn = set_flag, .arg = &fired[i]};
        deadline_set(&all, &list[i], (i * 37) % 50);
    }
    for (int i = 0; i < 50; i += 3)
        deadline_clear(&all, &list[i]);
    ck_assert_int_eq(deadlines_next_us(&all), 1);
    deadlines_run(&all, 24);
    for (int i = 0; i < 50; i++)
        ck_assert_int_eq(fired[i], i % 3 != 0 && (i * 37) % 50 <= 24);
    deadlines_run(&all, 100);
    ck_assert_int_eq(deadlines_next_us(&all), INT64_MAX);
    deadlines_free(&all);
}
END_TEST

Suite *base_fiber_suite(void)
{
    Suite *suite = suite_create("base/fiber");
    TCase *tests = tcase_create("fibers");
    tcase_set_timeout(tests, 30);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, another_thread_wakes_a_fiber_and_its_host);
    tcase_add_test(tests, a_wake_up_before_the_sleep_is_remembered_once);
    tcase_add_test(tests, a_deadline_ends_a_sleep);
    tcase_add_test(tests, an_interrupt_ends_only_sleeps_that_allow_it);
    tcase_add_test(tests, wake_up_and_time_out_race);
    tcase_add_test(tests, a_long_fiber_lets_others_run);
    tcase_add_test(tests, recursion_is_stopped_before_the_stack_ends);
    tcase_add_test(tests, deadlines_fire_in_order_and_not_when_cleared);
    suite_add_tcase(suite, tests);
    return suite;
}
