/* datetime_compare.c - comparing dates and times, also across types; window frames by interval.
 *
 * A date and a timestamp compare as timestamps, either of them and a timestamptz as instants, for
 * which the session's time zone says when a local time was.  What lies outside the range of
 * timestamps is beyond all of them, but short of infinity. */
#include "func/registry.h"
#include "types/datetime.h"
#include "types/key.h"

static const struct timezone *call_zone(const struct fcall *c)
{
    return settings_timezone(c->env->settings);
}

/* Defines <family>_eq, _ne, _lt, _le, _gt, _ge and _cmp over an order of two arguments. */
#define COMPARISONS(family, order)                                                                 \
    static bool family##_eq(struct fcall *c)                                                       \
    {                                                                                              \
        return return_bool(c, (order) == 0);                                                       \
    }                                                                                              \
    static bool family##_ne(struct fcall *c)                                                       \
    {                                                                                              \
        return return_bool(c, (order) != 0);                                                       \
    }                                                                                              \
    static bool family##_lt(struct fcall *c)                                                       \
    {                                                                                              \
        return return_bool(c, (order) < 0);                                                        \
    }                                                                                              \
    static bool family##_le(struct fcall *c)                                                       \
    {                                                                                              \
        return return_bool(c, (order) <= 0);                                                       \
    }                                                                                              \
    static bool family##_gt(struct fcall *c)                                                       \
    {                                                                                              \
        return return_bool(c, (order) > 0);                                                        \
    }                                                                                              \
    static bool family##_ge(struct fcall *c)                                                       \
    {                                                                                              \
        return return_bool(c, (order) >= 0);                                                       \
    }                                                                                              \
    static bool family##_cmp(struct fcall *c)                                                      \
    {                                                                                              \
        return return_int(c, (order));                                                             \
    }

/* Of two equal values the second wins, as in PostgreSQL: '1 mon' and '30 days' are equal but not
 * the same. */
#define LARGER_SMALLER(family, order)                                                              \
    static bool family##_larger(struct fcall *c)                                                   \
    {                                                                                              \
        c->result = c->args[(order) > 0 ? 0 : 1];                                                  \
        return true;                                                                               \
    }                                                                                              \
    static bool family##_smaller(struct fcall *c)                                                  \
    {                                                                                              \
        c->result = c->args[(order) < 0 ? 0 : 1];                                                  \
        return true;                                                                               \
    }

#define LINEAR_ORDER cmp_i64(ARG_I(c, 0), ARG_I(c, 1))
#define TIMETZ_ORDER timetz_compare(timetz_of(&c->args[0]), timetz_of(&c->args[1]))
#define INTERVAL_ORDER interval_compare(interval_of(&c->args[0]), interval_of(&c->args[1]))

COMPARISONS(linear, LINEAR_ORDER)
LARGER_SMALLER(linear, LINEAR_ORDER)
COMPARISONS(timetz, TIMETZ_ORDER)
LARGER_SMALLER(timetz, TIMETZ_ORDER)
COMPARISONS(interval, INTERVAL_ORDER)
LARGER_SMALLER(interval, INTERVAL_ORDER)
COMPARISONS(date_timestamp, cmp_i64(date_as_timestamp(ARG_I(c, 0)), ARG_I(c, 1)))
COMPARISONS(timestamp_date, cmp_i64(ARG_I(c, 0), date_as_timestamp(ARG_I(c, 1))))
COMPARISONS(date_timestamptz, cmp_i64(date_as_timestamptz(ARG_I(c, 0), call_zone(c)), ARG_I(c, 1)))
COMPARISONS(timestamptz_date, cmp_i64(ARG_I(c, 0), date_as_timestamptz(ARG_I(c, 1), call_zone(c))))
COMPARISONS(timestamp_timestamptz,
            cmp_i64(timestamp_as_timestamptz(ARG_I(c, 0), call_zone(c)), ARG_I(c, 1)))
COMPARISONS(timestamptz_timestamp,
            cmp_i64(ARG_I(c, 0), timestamp_as_timestamptz(ARG_I(c, 1), call_zone(c))))

/* in_range(value, base, offset, subtract, less): is value <= (or >=) base -+ offset?  For window
 * frames with RANGE. */

static bool bad_frame_size(struct fcall *c)
{
    return err_set(c->err, ERR_INVALID_PRECEDING_OR_FOLLOWING_SIZE,
                   "invalid preceding or following size in window function");
}

static bool return_in_range(struct fcall *c, int value_against_sum)
{
    return return_bool(c, ARG_I(c, 4) ? value_against_sum <= 0 : value_against_sum >= 0);
}

/* The offset, with its sign turned if it is to be subtracted.  Must not be negative. */
static bool frame_offset(struct fcall *c, struct interval *offset)
{
    *offset = *interval_of(&c->args[2]);
    if (interval_span(offset) < 0)
        return bad_frame_size(c);
    return !ARG_I(c, 3) || interval_negate(offset, offset, c->err);
}

static bool in_range_instants(struct fcall *c, int64_t value, int64_t base,
                              const struct timezone *zone)
{
    struct interval offset;
    int64_t sum;
    return frame_offset(c, &offset) && timestamp_plus_interval(base, &offset, zone, &sum, c->err) &&
           return_in_range(c, cmp_i64(value, sum));
}

static bool in_range_timestamp(struct fcall *c)
{
    return in_range_instants(c, ARG_I(c, 0), ARG_I(c, 1), NULL);
}

static bool in_range_timestamptz(struct fcall *c)
{
    return in_range_instants(c, ARG_I(c, 0), ARG_I(c, 1), call_zone(c));
}

static bool in_range_date(struct fcall *c)
{
    int64_t value, base;
    return date_to_timestamp(ARG_I(c, 0), &value, c->err) &&
           date_to_timestamp(ARG_I(c, 1), &base, c->err) && in_range_instants(c, value, base, NULL);
}

static bool in_range_interval(struct fcall *c)
{
    struct interval offset, sum;
    return frame_offset(c, &offset) &&
           interval_plus(interval_of(&c->args[1]), &offset, &sum, c->err) &&
           return_in_range(c, interval_compare(interval_of(&c->args[0]), &sum));
}

/* Times of day: only the offset's time counts, and the sum does not wrap around. */
static bool in_range_time(struct fcall *c)
{
    int64_t offset = interval_of(&c->args[2])->usec, sum;
    if (offset < 0)
        return bad_frame_size(c);
    if (ARG_I(c, 3))
        sum = ARG_I(c, 1) - offset;
    else if (__builtin_add_overflow(ARG_I(c, 1), offset, &sum))
        return return_bool(c, ARG_I(c, 4));
    return return_in_range(c, cmp_i64(ARG_I(c, 0), sum));
}

static bool in_range_timetz(struct fcall *c)
{
    int64_t offset = interval_of(&c->args[2])->usec;
    struct timetz sum = *timetz_of(&c->args[1]);
    if (offset < 0)
        return bad_frame_size(c);
    if (ARG_I(c, 3))
        sum.usec -= offset;
    else if (__builtin_add_overflow(sum.usec, offset, &sum.usec))
        return return_bool(c, ARG_I(c, 4));
    return return_in_range(c, timetz_compare(timetz_of(&c->args[0]), &sum));
}

#define SEVEN(prefix, suffix, family)                                                              \
    {prefix "eq" suffix, family##_eq}, {prefix "ne" suffix, family##_ne},                          \
        {prefix "lt" suffix, family##_lt}, {prefix "le" suffix, family##_le},                      \
        {prefix "gt" suffix, family##_gt}, {prefix "ge" suffix, family##_ge},                      \
    {                                                                                              \
        prefix "cmp" suffix, family##_cmp                                                          \
    }
#define MIN_MAX(prefix, family)                                                                    \
    {prefix "larger", family##_larger},                                                            \
    {                                                                                              \
        prefix "smaller", family##_smaller                                                         \
    }

FUNC_TABLE(datetime_compare_funcs) = {
    SEVEN("date_", "", linear),
    SEVEN("time_", "", linear),
    SEVEN("timestamp_", "", linear),
    SEVEN("timetz_", "", timetz),
    SEVEN("interval_", "", interval),
    SEVEN("date_", "_timestamp", date_timestamp),
    SEVEN("date_", "_timestamptz", date_timestamptz),
    SEVEN("timestamp_", "_date", timestamp_date),
    SEVEN("timestamp_", "_timestamptz", timestamp_timestamptz),
    SEVEN("timestamptz_", "_date", timestamptz_date),
    SEVEN("timestamptz_", "_timestamp", timestamptz_timestamp),
    MIN_MAX("date_", linear),
    MIN_MAX("time_", linear),
    MIN_MAX("timestamp_", linear),
    MIN_MAX("timetz_", timetz),
    MIN_MAX("interval_", interval),
    {"in_range_date_interval", in_range_date},
    {"in_range_timestamp_interval", in_range_timestamp},
    {"in_range_timestamptz_interval", in_range_timestamptz},
    {"in_range_interval_interval", in_range_interval},
    {"in_range_time_interval", in_range_time},
    {"in_range_timetz_interval", in_range_timetz},
    {NULL, NULL},
};
