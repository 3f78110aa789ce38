/* datetime_clock.c - what time it is, and sleeping.
 *
 * now() is the start of the transaction and statement_timestamp() that of the statement, both set
 * by the session; clock_timestamp() is the clock's. */
#include <limits.h>
#include <math.h>

#include "base/fiber.h"
#include "base/waiter.h"
#include "func/registry.h"
#include "types/datetime.h"

static int64_t clock_now(void)
{
    return clock_realtime_us() + UNIX_EPOCH_USEC;
}

static bool now(struct fcall *c)
{
    return return_int(c, c->env->transaction_us);
}

static bool statement_timestamp(struct fcall *c)
{
    return return_int(c, c->env->statement_us);
}

static bool clock_timestamp(struct fcall *c)
{
    return return_int(c, clock_now());
}

/* "Wed Nov 25 16:59:43.324750 2026 UTC" */
static bool timeofday(struct fcall *c)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct civil t;
    struct zone_period period;
    struct buf out = BUF_IN(c->arena);
    if (!timestamptz_to_civil(clock_now(), settings_timezone(c->env->settings), &t, &period))
        return err_set(c->err, ERR_DATETIME_VALUE_OUT_OF_RANGE, "timestamp out of range");
    buf_printf(&out, "%s %s %02d %02d:%02d:%02d.%06d %lld %s",
               days[julian_weekday(civil_to_julian(t.year, t.month, t.day))], months[t.month - 1],
               t.day, t.hour, t.minute, t.second, t.usec, (long long)t.year, period.abbrev);
    return return_bytes(c, out.p, out.n);
}

static bool sleep_seconds(struct fcall *c, double seconds)
{
    int64_t start = clock_monotonic_us();
    struct waiter waiter;
    c->result = datum_bytes("", 0); /* void */
    if (isnan(seconds) || seconds <= 0)
        return true;
    int64_t deadline = seconds < 1e12 ? start + (int64_t)ceil(seconds * 1e6) : INT64_MAX;
    waiter_init(&waiter);
    while (clock_monotonic_us() < deadline)
        if (waiter_sleep(&waiter, deadline, true) == WAITER_INTERRUPTED &&
            !fiber_check_interrupt(c->err))
            return false;
    return true;
}

static bool pg_sleep(struct fcall *c)
{
    return sleep_seconds(c, ARG_F(c, 0));
}

static bool pg_sleep_for(struct fcall *c)
{
    int64_t start = clock_now(), end;
    if (!timestamp_plus_interval(start, interval_of(&c->args[0]),
                                 settings_timezone(c->env->settings), &end, c->err))
        return false;
    return sleep_seconds(c, (double)(end - start) / 1e6);
}

static bool pg_sleep_until(struct fcall *c)
{
    int64_t end = ARG_I(c, 0);
    if (TIMESTAMP_IS_INFINITE(end))
        return sleep_seconds(c, end == TIMESTAMP_INFINITY ? INFINITY : 0);
    return sleep_seconds(c, (double)(end - clock_now()) / 1e6);
}

FUNC_TABLE(datetime_clock_funcs) = {
    {"now", now},
    {"statement_timestamp", statement_timestamp},
    {"clock_timestamp", clock_timestamp},
    {"timeofday", timeofday},
    {"pg_sleep", pg_sleep},
    {"pg_sleep_for(interval)", pg_sleep_for},
    {"pg_sleep_until(timestamptz)", pg_sleep_until},
    {NULL, NULL},
};
