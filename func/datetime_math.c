/* datetime_math.c - arithmetic on dates, times and intervals; casts between them; making them from
 * numbers.
 *
 * What has a meaning of its own (adding a month, which time zone applies) lives in
 * types/datetime*.c; these are the functions of pg_proc around it. */
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "func/registry.h"
#include "types/datetime.h"

#include "types/datetime_int.h"

static const struct timezone *call_zone(const struct fcall *c)
{
    return settings_timezone(c->env->settings);
}

static const struct interval *arg_interval(const struct fcall *c, int k)
{
    return interval_of(&c->args[k]);
}

static bool return_interval(struct fcall *c, struct interval interval)
{
    c->result = interval_datum(c->arena, interval);
    return true;
}

static bool return_timetz(struct fcall *c, int64_t usec, int32_t west)
{
    c->result = timetz_datum(c->arena, (struct timetz){.usec = usec, .west = west});
    return true;
}

static bool out_of_range(struct fcall *c, const char *what)
{
    return err_set(c->err, ERR_DATETIME_VALUE_OUT_OF_RANGE, "%s out of range", what);
}

/* Sets a 64-bit result by a call that fills `value` and may fail. */
#define RETURN_I64(c, call)                                                                        \
    do {                                                                                           \
        int64_t value;                                                                             \
        return (call) && return_int((c), value);                                                   \
    } while (0)

/* Dates. */

static bool date_shift(struct fcall *c, int64_t date, int64_t days)
{
    if (DATE_IS_INFINITE(date))
        return return_int(c, date);
    date += days;
    if (date < DATE_MIN || date >= DATE_END)
        return out_of_range(c, "date");
    return return_int(c, date);
}

static bool date_pli(struct fcall *c)
{
    return date_shift(c, ARG_I(c, 0), ARG_I(c, 1));
}

static bool integer_pl_date(struct fcall *c)
{
    return date_shift(c, ARG_I(c, 1), ARG_I(c, 0));
}

static bool date_mii(struct fcall *c)
{
    return date_shift(c, ARG_I(c, 0), -ARG_I(c, 1));
}

static bool date_mi(struct fcall *c)
{
    if (DATE_IS_INFINITE(ARG_I(c, 0)) || DATE_IS_INFINITE(ARG_I(c, 1)))
        return err_set(c->err, ERR_DATETIME_VALUE_OUT_OF_RANGE, "cannot subtract infinite dates");
    return return_int(c, (int32_t)(ARG_I(c, 0) - ARG_I(c, 1)));
}

static bool date_finite(struct fcall *c)
{
    return return_bool(c, !DATE_IS_INFINITE(ARG_I(c, 0)));
}

static bool timestamp_finite(struct fcall *c)
{
    return return_bool(c, !TIMESTAMP_IS_INFINITE(ARG_I(c, 0)));
}

static bool interval_finite(struct fcall *c)
{
    return return_bool(c, true);
}

/* Adding an interval. */

/* As PostgreSQL has it, the negation of the least numbers is silent. */
static struct interval negated(const struct interval *v)
{
    return (struct interval){(int64_t) - (uint64_t)v->usec, (int32_t) - (uint32_t)v->days,
                             (int32_t) - (uint32_t)v->months};
}

static bool add_interval(struct fcall *c, int64_t timestamp, const struct interval *interval,
                         const struct timezone *zone)
{
    RETURN_I64(c, timestamp_plus_interval(timestamp, interval, zone, &value, c->err));
}

static bool timestamp_pl_interval(struct fcall *c)
{
    return add_interval(c, ARG_I(c, 0), arg_interval(c, 1), NULL);
}

static bool interval_pl_timestamp(struct fcall *c)
{
    return add_interval(c, ARG_I(c, 1), arg_interval(c, 0), NULL);
}

static bool timestamp_mi_interval(struct fcall *c)
{
    struct interval minus = negated(arg_interval(c, 1));
    return add_interval(c, ARG_I(c, 0), &minus, NULL);
}

static bool timestamptz_pl_interval(struct fcall *c)
{
    return add_interval(c, ARG_I(c, 0), arg_interval(c, 1), call_zone(c));
}

static bool interval_pl_timestamptz(struct fcall *c)
{
    return add_interval(c, ARG_I(c, 1), arg_interval(c, 0), call_zone(c));
}

static bool timestamptz_mi_interval(struct fcall *c)
{
    struct interval minus = negated(arg_interval(c, 1));
    return add_interval(c, ARG_I(c, 0), &minus, call_zone(c));
}

static bool add_to_date(struct fcall *c, int64_t date, const struct interval *interval)
{
    int64_t timestamp;
    return date_to_timestamp(date, &timestamp, c->err) &&
           add_interval(c, timestamp, interval, NULL);
}

static bool date_pl_interval(struct fcall *c)
{
    return add_to_date(c, ARG_I(c, 0), arg_interval(c, 1));
}

static bool interval_pl_date(struct fcall *c)
{
    return add_to_date(c, ARG_I(c, 1), arg_interval(c, 0));
}

static bool date_mi_interval(struct fcall *c)
{
    struct interval minus = negated(arg_interval(c, 1));
    return add_to_date(c, ARG_I(c, 0), &minus);
}

/* Times of day wrap around. */
/* An interval near the ends of 64 bits wraps around, as on PostgreSQL. */
static int64_t wrap_time(int64_t time, int64_t usec)
{
    int64_t sum = (int64_t)((uint64_t)time + (uint64_t)usec) % USEC_PER_DAY;
    return sum < 0 ? sum + USEC_PER_DAY : sum;
}

static bool time_pl_interval(struct fcall *c)
{
    return return_int(c, wrap_time(ARG_I(c, 0), arg_interval(c, 1)->usec));
}

static bool interval_pl_time(struct fcall *c)
{
    return return_int(c, wrap_time(ARG_I(c, 1), arg_interval(c, 0)->usec));
}

static bool time_mi_interval(struct fcall *c)
{
    return return_int(c, wrap_time(ARG_I(c, 0), (int64_t)(-(uint64_t)arg_interval(c, 1)->usec)));
}

static bool timetz_add(struct fcall *c, const struct timetz *time, int64_t usec)
{
    return return_timetz(c, wrap_time(time->usec, usec), time->west);
}

static bool timetz_pl_interval(struct fcall *c)
{
    return timetz_add(c, timetz_of(&c->args[0]), arg_interval(c, 1)->usec);
}

static bool interval_pl_timetz(struct fcall *c)
{
    return timetz_add(c, timetz_of(&c->args[1]), arg_interval(c, 0)->usec);
}

static bool timetz_mi_interval(struct fcall *c)
{
    return timetz_add(c, timetz_of(&c->args[0]), (int64_t)(-(uint64_t)arg_interval(c, 1)->usec));
}

static bool time_mi_time(struct fcall *c)
{
    return return_interval(c, (struct interval){.usec = ARG_I(c, 0) - ARG_I(c, 1)});
}

/* A date and a time. */

static bool add_time_to_date(struct fcall *c, int64_t date, int64_t time)
{
    int64_t timestamp;
    if (!date_to_timestamp(date, &timestamp, c->err))
        return false;
    if (!TIMESTAMP_IS_INFINITE(timestamp)) {
        timestamp += time;
        if (!TIMESTAMP_IN_RANGE(timestamp))
            return out_of_range(c, "timestamp");
    }
    return return_int(c, timestamp);
}

static bool datetime_timestamp(struct fcall *c)
{
    return add_time_to_date(c, ARG_I(c, 0), ARG_I(c, 1));
}

static bool timedate_pl(struct fcall *c)
{
    return add_time_to_date(c, ARG_I(c, 1), ARG_I(c, 0));
}

/* timestamptz(date, time): a local time of the session's zone. */
static bool datetime_timestamptz(struct fcall *c)
{
    if (!add_time_to_date(c, ARG_I(c, 0), ARG_I(c, 1)))
        return false;
    RETURN_I64(c, timestamp_to_timestamptz(c->result.i, call_zone(c), &value, c->err));
}

static bool add_timetz_to_date(struct fcall *c, int64_t date, const struct timetz *time)
{
    int64_t timestamp;
    if (!date_to_timestamp(date, &timestamp, c->err))
        return false;
    if (!TIMESTAMP_IS_INFINITE(timestamp)) {
        timestamp += time->usec + time->west * USEC_PER_SEC;
        if (!TIMESTAMP_IN_RANGE(timestamp))
            return err_set(c->err, ERR_DATETIME_VALUE_OUT_OF_RANGE,
                           "date out of range for timestamp");
    }
    return return_int(c, timestamp);
}

static bool datetimetz_timestamptz(struct fcall *c)
{
    return add_timetz_to_date(c, ARG_I(c, 0), timetz_of(&c->args[1]));
}

static bool timetzdate_pl(struct fcall *c)
{
    return add_timetz_to_date(c, ARG_I(c, 1), timetz_of(&c->args[0]));
}

/* Casts. */

static bool date_timestamp(struct fcall *c)
{
    RETURN_I64(c, date_to_timestamp(ARG_I(c, 0), &value, c->err));
}

static bool date_timestamptz(struct fcall *c)
{
    RETURN_I64(c, date_to_timestamptz(ARG_I(c, 0), call_zone(c), &value, c->err));
}

static bool timestamp_date(struct fcall *c)
{
    RETURN_I64(c, timestamp_to_date(ARG_I(c, 0), &value, c->err));
}

static bool timestamptz_date(struct fcall *c)
{
    RETURN_I64(c, timestamptz_to_date(ARG_I(c, 0), call_zone(c), &value, c->err));
}

static bool timestamp_timestamptz(struct fcall *c)
{
    RETURN_I64(c, timestamp_to_timestamptz(ARG_I(c, 0), call_zone(c), &value, c->err));
}

static bool timestamptz_timestamp(struct fcall *c)
{
    RETURN_I64(c, timestamptz_to_timestamp(ARG_I(c, 0), call_zone(c), &value, c->err));
}

static bool timestamp_time(struct fcall *c)
{
    struct civil civil;
    if (TIMESTAMP_IS_INFINITE(ARG_I(c, 0)))
        return return_null(c);
    if (!timestamp_to_civil(ARG_I(c, 0), &civil))
        return out_of_range(c, "timestamp");
    return return_int(c, civil_time_usec(&civil));
}

static bool timestamptz_time(struct fcall *c)
{
    struct civil civil;
    if (TIMESTAMP_IS_INFINITE(ARG_I(c, 0)))
        return return_null(c);
    if (!timestamptz_to_civil(ARG_I(c, 0), call_zone(c), &civil, NULL))
        return out_of_range(c, "timestamp");
    return return_int(c, civil_time_usec(&civil));
}

static bool timestamptz_timetz(struct fcall *c)
{
    struct civil civil;
    struct zone_period period;
    if (TIMESTAMP_IS_INFINITE(ARG_I(c, 0)))
        return return_null(c);
    if (!timestamptz_to_civil(ARG_I(c, 0), call_zone(c), &civil, &period))
        return out_of_range(c, "timestamp");
    return return_timetz(c, civil_time_usec(&civil), -period.offset);
}

static bool time_interval(struct fcall *c)
{
    return return_interval(c, (struct interval){.usec = ARG_I(c, 0)});
}

static bool interval_time(struct fcall *c)
{
    return return_int(c, wrap_time(0, arg_interval(c, 0)->usec));
}

static bool timetz_time(struct fcall *c)
{
    return return_int(c, timetz_of(&c->args[0])->usec);
}

/* The zone is the session's, as it is at that time today. */
static bool time_timetz(struct fcall *c)
{
    struct civil civil;
    if (!timestamptz_to_civil(dt_now(c->env), call_zone(c), &civil, NULL))
        return out_of_range(c, "timestamp");
    usec_to_civil_time(ARG_I(c, 0), &civil);
    return return_timetz(c, ARG_I(c, 0), civil_west(&civil, call_zone(c)));
}

/* Casts to a precision: the type modifier is the second argument. */

static bool timestamp_scale(struct fcall *c)
{
    int64_t value = ARG_I(c, 0);
    return timestamp_apply_typmod(&value, (int32_t)ARG_I(c, 1), c->err) && return_int(c, value);
}

static bool time_scale(struct fcall *c)
{
    int64_t value = ARG_I(c, 0);
    time_apply_typmod(&value, (int32_t)ARG_I(c, 1));
    return return_int(c, value);
}

static bool timetz_scale(struct fcall *c)
{
    struct timetz value = *timetz_of(&c->args[0]);
    time_apply_typmod(&value.usec, (int32_t)ARG_I(c, 1));
    return return_timetz(c, value.usec, value.west);
}

static bool interval_scale(struct fcall *c)
{
    struct interval value = *arg_interval(c, 0);
    return interval_apply_typmod(&value, (int32_t)ARG_I(c, 1), c->err) && return_interval(c, value);
}

/* Interval arithmetic. */

static bool interval_pl(struct fcall *c)
{
    struct interval sum;
    return interval_plus(arg_interval(c, 0), arg_interval(c, 1), &sum, c->err) &&
           return_interval(c, sum);
}

static bool interval_mi(struct fcall *c)
{
    struct interval difference;
    return interval_minus(arg_interval(c, 0), arg_interval(c, 1), &difference, c->err) &&
           return_interval(c, difference);
}

static bool interval_um(struct fcall *c)
{
    struct interval result;
    return interval_negate(arg_interval(c, 0), &result, c->err) && return_interval(c, result);
}

static bool interval_mul(struct fcall *c)
{
    struct interval product;
    return interval_times(arg_interval(c, 0), ARG_F(c, 1), &product, c->err) &&
           return_interval(c, product);
}

static bool mul_d_interval(struct fcall *c)
{
    struct interval product;
    return interval_times(arg_interval(c, 1), ARG_F(c, 0), &product, c->err) &&
           return_interval(c, product);
}

static bool interval_div(struct fcall *c)
{
    struct interval quotient;
    return interval_divided(arg_interval(c, 0), ARG_F(c, 1), &quotient, c->err) &&
           return_interval(c, quotient);
}

/* Moves whole days out of the time; false on overflow. */
static bool take_days(struct interval *v)
{
    int64_t whole = v->usec / USEC_PER_DAY;
    v->usec -= whole * USEC_PER_DAY;
    return !__builtin_add_overflow(v->days, (int32_t)whole, &v->days);
}

static bool take_months(struct interval *v)
{
    int32_t whole = v->days / 30;
    v->days -= whole * 30;
    return !__builtin_add_overflow(v->months, whole, &v->months);
}

/* Gives the time the sign of the days. */
static void align_time(struct interval *v)
{
    if (v->days > 0 && v->usec < 0) {
        v->usec += USEC_PER_DAY;
        v->days--;
    } else if (v->days < 0 && v->usec > 0) {
        v->usec -= USEC_PER_DAY;
        v->days++;
    }
}

static bool interval_justify_hours(struct fcall *c)
{
    struct interval v = *arg_interval(c, 0);
    if (!take_days(&v))
        return out_of_range(c, "interval");
    align_time(&v);
    return return_interval(c, v);
}

static bool interval_justify_days(struct fcall *c)
{
    struct interval v = *arg_interval(c, 0);
    if (!take_months(&v))
        return out_of_range(c, "interval");
    if (v.months > 0 && v.days < 0) {
        v.days += 30;
        v.months--;
    } else if (v.months < 0 && v.days > 0) {
        v.days -= 30;
        v.months++;
    }
    return return_interval(c, v);
}

static bool interval_justify_interval(struct fcall *c)
{
    struct interval v = *arg_interval(c, 0);
    /* Months first where days and time have one sign, so that the days cannot overflow. */
    if (((v.days > 0 && v.usec > 0) || (v.days < 0 && v.usec < 0)) && !take_months(&v))
        return out_of_range(c, "interval");
    if (!take_days(&v) || !take_months(&v))
        return out_of_range(c, "interval");
    if (v.months > 0 && (v.days < 0 || (v.days == 0 && v.usec < 0))) {
        v.days += 30;
        v.months--;
    } else if (v.months < 0 && (v.days > 0 || (v.days == 0 && v.usec > 0))) {
        v.days -= 30;
        v.months++;
    }
    align_time(&v);
    return return_interval(c, v);
}

/* Differences of timestamps. */

static bool timestamp_mi(struct fcall *c)
{
    struct interval v = {0};
    if (TIMESTAMP_IS_INFINITE(ARG_I(c, 0)) || TIMESTAMP_IS_INFINITE(ARG_I(c, 1)))
        return err_set(c->err, ERR_DATETIME_VALUE_OUT_OF_RANGE,
                       "cannot subtract infinite timestamps");
    /* More than 292,000 years apart the difference wraps around, as it does in PostgreSQL 15. */
    v.usec = (int64_t)((uint64_t)ARG_I(c, 0) - (uint64_t)ARG_I(c, 1));
    return take_days(&v) ? return_interval(c, v) : out_of_range(c, "interval");
}

/* Borrows from `upper` until *lower is not negative. */
static void borrow(int64_t *lower, int64_t unit, int64_t *upper)
{
    while (*lower < 0) {
        *lower += unit;
        --*upper;
    }
}

/* The time between in years, months, days: what people call an age.  A borrowed month is as long
 * as that of the earlier date (of the later, counting back). */
static bool return_age(struct fcall *c, const struct civil *a, const struct civil *b,
                       bool backwards)
{
    int64_t sign = backwards ? -1 : 1;
    int64_t usec = sign * (a->usec - b->usec), second = sign * (a->second - b->second);
    int64_t minute = sign * (a->minute - b->minute), hour = sign * (a->hour - b->hour);
    int64_t day = sign * (a->day - b->day), month = sign * (a->month - b->month),
            year = sign * (a->year - b->year);
    const struct civil *earlier = backwards ? a : b;
    borrow(&usec, USEC_PER_SEC, &second);
    borrow(&second, 60, &minute);
    borrow(&minute, 60, &hour);
    borrow(&hour, 24, &day);
    borrow(&day, month_days(earlier->year, earlier->month), &month);
    borrow(&month, 12, &year);
    int64_t months = sign * (year * 12 + month);
    if (months < INT_MIN || months > INT_MAX)
        return out_of_range(c, "interval");
    usec += ((hour * 60 + minute) * 60 + second) * USEC_PER_SEC;
    return return_interval(c,
                           (struct interval){sign * usec, (int32_t)(sign * day), (int32_t)months});
}

static bool timestamp_age_of(struct fcall *c, int64_t a, int64_t b)
{
    struct civil x, y;
    if (!timestamp_to_civil(a, &x) || !timestamp_to_civil(b, &y))
        return out_of_range(c, "timestamp");
    return return_age(c, &x, &y, a < b);
}

/* Infinity has an age, too: it is the last microsecond that 64 bits can count. */
static bool age_civil(struct fcall *c, int64_t timestamp, struct civil *civil)
{
    if (timestamp != TIMESTAMP_INFINITY)
        return timestamptz_to_civil(timestamp, call_zone(c), civil, NULL);
    struct zone_period last;
    if (!timestamptz_to_civil(TIMESTAMP_END - 1, call_zone(c), civil, &last))
        return false;
    const int64_t two_days = 2 * USEC_PER_DAY;
    dt_break(timestamp - two_days + last.offset * USEC_PER_SEC, civil);
    julian_to_civil(civil_to_julian(civil->year, civil->month, civil->day) + 2, civil);
    return true;
}

static bool timestamptz_age_of(struct fcall *c, int64_t a, int64_t b)
{
    struct civil x, y;
    if (!age_civil(c, a, &x) || !age_civil(c, b, &y))
        return out_of_range(c, "timestamp");
    return return_age(c, &x, &y, a < b);
}

static bool timestamp_age(struct fcall *c)
{
    return timestamp_age_of(c, ARG_I(c, 0), ARG_I(c, 1));
}

static bool timestamptz_age(struct fcall *c)
{
    return timestamptz_age_of(c, ARG_I(c, 0), ARG_I(c, 1));
}

static bool timestamp_age_today(struct fcall *c)
{
    int64_t today, midnight;
    return datetime_current_date(c->env, c->err, &today) &&
           date_to_timestamp(today, &midnight, c->err) &&
           timestamp_age_of(c, midnight, ARG_I(c, 0));
}

static bool timestamptz_age_today(struct fcall *c)
{
    int64_t today, midnight;
    return datetime_current_date(c->env, c->err, &today) &&
           date_to_timestamptz(today, call_zone(c), &midnight, c->err) &&
           timestamptz_age_of(c, midnight, ARG_I(c, 0));
}

/* date_bin(stride, timestamp, origin): the latest origin + n * stride that is not later. */
static bool date_bin(struct fcall *c)
{
    const struct interval *stride = arg_interval(c, 0);
    int64_t timestamp = ARG_I(c, 1), origin = ARG_I(c, 2), step, distance;
    if (TIMESTAMP_IS_INFINITE(timestamp))
        return return_int(c, timestamp);
    if (TIMESTAMP_IS_INFINITE(origin))
        return out_of_range(c, "origin");
    if (stride->months != 0)
        return err_set(c->err, ERR_FEATURE_NOT_SUPPORTED,
                       "timestamps cannot be binned into intervals containing months or years");
    if (__builtin_mul_overflow((int64_t)stride->days, USEC_PER_DAY, &step) ||
        __builtin_add_overflow(step, stride->usec, &step))
        return out_of_range(c, "interval");
    if (step <= 0)
        return err_set(c->err, ERR_DATETIME_VALUE_OUT_OF_RANGE, "stride must be greater than zero");
    if (__builtin_sub_overflow(timestamp, origin, &distance))
        return out_of_range(c, "interval");
    int64_t rest = distance % step, result = timestamp - rest;
    if (rest < 0 && __builtin_sub_overflow(result, step, &result))
        return out_of_range(c, "timestamp");
    if (!TIMESTAMP_IN_RANGE(result))
        return out_of_range(c, "timestamp");
    return return_int(c, result);
}

/* make_date() and so on. */

/* A year below 0 is before Christ; there is no year 0.  make_date() names the astronomical one. */
static bool civil_from_numbers(struct fcall *c, bool is_date, struct civil *civil)
{
    int year = (int)ARG_I(c, 0), month = (int)ARG_I(c, 1), day = (int)ARG_I(c, 2);
    *civil =
        (struct civil){.year = year < 0 ? year + INT64_C(1) : year, .month = month, .day = day};
    if (is_date && year < 0 && year != INT32_MIN)
        year++;
    if (year == INT32_MIN || (year == 0 && ARG_I(c, 0) == 0) || month < 1 || month > 12 ||
        day < 1 || day > month_days(civil->year, month))
        return err_set(c->err, ERR_DATETIME_FIELD_OVERFLOW,
                       "date field value out of range: %d-%02d-%02d", year, month, day);
    if (!julian_in_range(civil->year, month, day))
        return err_set(c->err, ERR_DATETIME_VALUE_OUT_OF_RANGE, "date out of range: %d-%02d-%02d",
                       year, month, day);
    return true;
}

/* Seconds in messages: as C prints them with %02g, but infinity and NaN as SQL does. */
static const char *seconds_text(struct fcall *c, double seconds)
{
    if (isnan(seconds))
        return "NaN";
    if (isinf(seconds))
        return seconds > 0 ? "Infinity" : "-Infinity";
    return arena_printf(c->arena, "%02g", seconds);
}

static bool time_from_numbers(struct fcall *c, int first, int64_t *time)
{
    int hour = (int)ARG_I(c, first), minute = (int)ARG_I(c, first + 1);
    double second = ARG_F(c, first + 2), usec = rint(second * USEC_PER_SEC);
    bool ok = hour >= 0 && hour <= 24 && minute >= 0 && minute < 60 && usec >= 0 &&
              usec <= 60 * USEC_PER_SEC;
    if (ok)
        *time = (hour * 60 + minute) * USEC_PER_MINUTE + (int64_t)usec;
    if (!ok || *time > USEC_PER_DAY)
        return err_set(c->err, ERR_DATETIME_FIELD_OVERFLOW,
                       "time field value out of range: %d:%02d:%s", hour, minute,
                       seconds_text(c, second));
    return true;
}

static bool timestamp_from_numbers(struct fcall *c, int64_t *timestamp)
{
    struct civil civil;
    int64_t time = 0;
    if (!civil_from_numbers(c, false, &civil) || !time_from_numbers(c, 3, &time))
        return false;
    int64_t days = civil_to_julian(civil.year, civil.month, civil.day) - JULIAN_2000;
    if (__builtin_mul_overflow(days, USEC_PER_DAY, timestamp) ||
        __builtin_add_overflow(*timestamp, time, timestamp) || !TIMESTAMP_IN_RANGE(*timestamp))
        return err_set(c->err, ERR_DATETIME_VALUE_OUT_OF_RANGE,
                       "timestamp out of range: %d-%02d-%02d %d:%02d:%02g", (int)ARG_I(c, 0),
                       (int)ARG_I(c, 1), (int)ARG_I(c, 2), (int)ARG_I(c, 3), (int)ARG_I(c, 4),
                       ARG_F(c, 5));
    return true;
}

static bool make_date(struct fcall *c)
{
    struct civil civil;
    if (!civil_from_numbers(c, true, &civil))
        return false;
    int64_t date = civil_to_julian(civil.year, civil.month, civil.day) - JULIAN_2000;
    if (date < DATE_MIN || date >= DATE_END)
        return err_set(c->err, ERR_DATETIME_VALUE_OUT_OF_RANGE, "date out of range: %d-%02d-%02d",
                       (int)civil.year, civil.month, civil.day);
    return return_int(c, date);
}

static bool make_time(struct fcall *c)
{
    int64_t time;
    return time_from_numbers(c, 0, &time) && return_int(c, time);
}

static bool make_timestamp(struct fcall *c)
{
    int64_t timestamp;
    return timestamp_from_numbers(c, &timestamp) && return_int(c, timestamp);
}

static bool make_timestamptz(struct fcall *c)
{
    int64_t timestamp;
    if (!timestamp_from_numbers(c, &timestamp))
        return false;
    RETURN_I64(c, timestamp_to_timestamptz(timestamp, call_zone(c), &value, c->err));
}

/* The zone is an offset with its sign, an abbreviation or a name. */
static bool zone_argument(struct fcall *c, const char *text, const struct civil *civil,
                          int32_t *west)
{
    struct zone_choice choice;
    if (*text >= '0' && *text <= '9') {
        err_set(c->err, ERR_INVALID_PARAMETER_VALUE, "invalid input syntax for type %s: \"%s\"",
                "numeric time zone", text);
        return err_hint(c->err, "Numeric time zones must have \"-\" or \"+\" as first character.");
    }
    switch (dt_zone_offset(text, west)) {
    case DT_OK:
        return true;
    case DT_ZONE_OVERFLOW:
        return err_set(c->err, ERR_INVALID_PARAMETER_VALUE, "numeric time zone \"%s\" out of range",
                       text);
    default:
        break;
    }
    if (!zone_choose(text, strlen(text), c->arena, &choice, c->err))
        return false;
    *west = zone_choice_west_at_local(&choice, civil);
    return true;
}

static bool make_timestamptz_at_timezone(struct fcall *c)
{
    int64_t timestamp;
    struct civil civil;
    int32_t west = 0;
    if (!timestamp_from_numbers(c, &timestamp))
        return false;
    if (!timestamp_to_civil(timestamp, &civil))
        return out_of_range(c, "timestamp");
    if (!zone_argument(c, arena_strndup(c->arena, ARG_P(c, 6), MIN(ARG_N(c, 6), TIMEZONE_NAME_MAX)),
                       &civil, &west))
        return false;
    timestamp += west * USEC_PER_SEC;
    if (!TIMESTAMP_IN_RANGE(timestamp))
        return out_of_range(c, "timestamp");
    return return_int(c, timestamp);
}

/* The whole numbers are not checked: they wrap around, as in PostgreSQL. */
static bool make_interval(struct fcall *c)
{
    uint32_t n[6];
    double seconds = ARG_F(c, 6);
    for (int i = 0; i < 6; i++)
        n[i] = (uint32_t)ARG_I(c, i);
    if (isinf(seconds) || isnan(seconds))
        return out_of_range(c, "interval");
    seconds = rint(seconds * USEC_PER_SEC);
    int64_t usec = fabs(seconds) < 0x1p63 ? (int64_t)seconds : INT64_MIN;
    usec = (int64_t)((uint64_t)usec + (uint64_t)((int32_t)n[4] * USEC_PER_HOUR) +
                     (uint64_t)((int32_t)n[5] * USEC_PER_MINUTE));
    return return_interval(
        c, (struct interval){usec, (int32_t)(n[2] * 7 + n[3]), (int32_t)(n[0] * 12 + n[1])});
}

/* to_timestamp(seconds since 1970). */
static bool float8_timestamptz(struct fcall *c)
{
    double seconds = ARG_F(c, 0), original = seconds;
    const double min = (double)SEC_PER_DAY * -JULIAN_1970,
                 end = (double)SEC_PER_DAY * (TIMESTAMP_END / USEC_PER_DAY - UNIX_EPOCH_DAYS);
    if (isnan(seconds))
        return err_set(c->err, ERR_DATETIME_VALUE_OUT_OF_RANGE, "timestamp cannot be NaN");
    if (isinf(seconds))
        return return_int(c, seconds > 0 ? TIMESTAMP_INFINITY : TIMESTAMP_NEG_INFINITY);
    int64_t timestamp = 0;
    bool ok = seconds >= min && seconds < end;
    if (ok) {
        seconds += (double)SEC_PER_DAY * UNIX_EPOCH_DAYS;
        timestamp = (int64_t)rint(seconds * USEC_PER_SEC);
    }
    if (!ok || !TIMESTAMP_IN_RANGE(timestamp))
        return err_set(c->err, ERR_DATETIME_VALUE_OUT_OF_RANGE, "timestamp out of range: \"%g\"",
                       original);
    return return_int(c, timestamp);
}

/* OVERLAPS.  A NULL end of a period makes the answer NULL unless the other ends decide it. */

typedef int (*datum_order)(const struct datum *a, const struct datum *b);

static int order_i64(const struct datum *a, const struct datum *b)
{
    return (a->i > b->i) - (a->i < b->i);
}

static int order_timetz(const struct datum *a, const struct datum *b)
{
    return timetz_compare(timetz_of(a), timetz_of(b));
}

/* Puts the known, lower end first. */
static bool sort_period(struct datum period[2], datum_order order)
{
    if (period[0].null && period[1].null)
        return false;
    if (period[0].null || (!period[1].null && order(&period[0], &period[1]) > 0)) {
        struct datum swap = period[0];
        period[0] = period[1];
        period[1] = swap;
    }
    return true;
}

static bool periods_overlap(struct fcall *c, struct datum a[2], struct datum b[2],
                            datum_order order)
{
    if (!sort_period(a, order) || !sort_period(b, order))
        return return_null(c);
    int starts = order(&a[0], &b[0]);
    if (starts == 0)
        return a[1].null || b[1].null ? return_null(c) : return_bool(c, true);
    const struct datum *later = starts > 0 ? a : b, *earlier = starts > 0 ? b : a;
    if (earlier[1].null)
        return return_null(c);
    if (order(&later[0], &earlier[1]) < 0)
        return return_bool(c, true);
    return later[1].null ? return_null(c) : return_bool(c, false);
}

static bool overlaps_i64(struct fcall *c)
{
    struct datum a[2] = {c->args[0], c->args[1]}, b[2] = {c->args[2], c->args[3]};
    return periods_overlap(c, a, b, order_i64);
}

static bool overlaps_timetz(struct fcall *c)
{
    struct datum a[2] = {c->args[0], c->args[1]}, b[2] = {c->args[2], c->args[3]};
    return periods_overlap(c, a, b, order_timetz);
}

/* An end given as an interval becomes start + interval. */
static bool period_end(struct fcall *c, const struct datum *start, const struct datum *length,
                       struct datum *end)
{
    *end = datum_null();
    if (start->null || length->null)
        return true;
    *end = datum_int(0);
    if (c->arg_types[0]->oid == TYPE_TIME) {
        end->i = wrap_time(start->i, interval_of(length)->usec);
        return true;
    }
    const struct timezone *zone = c->arg_types[0]->oid == TYPE_TIMESTAMPTZ ? call_zone(c) : NULL;
    return timestamp_plus_interval(start->i, interval_of(length), zone, &end->i, c->err);
}

static bool overlaps_interval_end(struct fcall *c)
{
    struct datum ends[4] = {c->args[0], c->args[1], c->args[2], c->args[3]};
    for (int k = 1; k < 4; k += 2)
        if (c->arg_types[k]->oid == TYPE_INTERVAL &&
            !period_end(c, &c->args[k - 1], &c->args[k], &ends[k]))
            return false;
    return periods_overlap(c, ends, ends + 2, order_i64);
}

/* generate_series(start, stop, step). */

struct series {
    int64_t next, stop;
    struct interval step;
    int direction;
};

static bool series_next(struct fcall *c, const struct timezone *zone)
{
    struct series *s = *c->site;
    if (!s) {
        static const struct interval zero = {0, 0, 0};
        s = ARENA_NEW(c->site_arena, struct series);
        *s = (struct series){ARG_I(c, 0), ARG_I(c, 1), *arg_interval(c, 2),
                             interval_compare(arg_interval(c, 2), &zero)};
        *c->site = s;
        if (s->direction == 0)
            return err_set(c->err, ERR_INVALID_PARAMETER_VALUE, "step size cannot equal zero");
    }
    if (s->direction > 0 ? s->next > s->stop : s->next < s->stop) {
        *c->done = true;
        return true;
    }
    int64_t now = s->next;
    return timestamp_plus_interval(now, &s->step, zone, &s->next, c->err) && return_int(c, now);
}

static bool generate_series_timestamp(struct fcall *c)
{
    return series_next(c, NULL);
}

static bool generate_series_timestamptz(struct fcall *c)
{
    return series_next(c, call_zone(c));
}

FUNC_TABLE(datetime_math_funcs) = {
    {"date_pli", date_pli},
    {"date_mii", date_mii},
    {"date_mi", date_mi},
    {"integer_pl_date(int4,date)", integer_pl_date},
    {"date_finite", date_finite},
    {"timestamp_finite", timestamp_finite},
    {"interval_finite", interval_finite},
    {"timestamp_pl_interval", timestamp_pl_interval},
    {"timestamp_mi_interval", timestamp_mi_interval},
    {"timestamptz_pl_interval", timestamptz_pl_interval},
    {"timestamptz_mi_interval", timestamptz_mi_interval},
    {"interval_pl_timestamp(interval,timestamp)", interval_pl_timestamp},
    {"interval_pl_timestamptz(interval,timestamptz)", interval_pl_timestamptz},
    {"date_pl_interval", date_pl_interval},
    {"date_mi_interval", date_mi_interval},
    {"interval_pl_date(interval,date)", interval_pl_date},
    {"time_pl_interval", time_pl_interval},
    {"time_mi_interval", time_mi_interval},
    {"interval_pl_time(interval,time)", interval_pl_time},
    {"timetz_pl_interval", timetz_pl_interval},
    {"timetz_mi_interval", timetz_mi_interval},
    {"interval_pl_timetz(interval,timetz)", interval_pl_timetz},
    {"time_mi_time", time_mi_time},
    {"datetime_timestamp", datetime_timestamp},
    {"timedate_pl(time,date)", timedate_pl},
    {"timestamptz(date,time)", datetime_timestamptz},
    {"datetimetz_timestamptz", datetimetz_timestamptz},
    {"timetzdate_pl(timetz,date)", timetzdate_pl},
    {"date_timestamp", date_timestamp},
    {"date_timestamptz", date_timestamptz},
    {"timestamp_date", timestamp_date},
    {"timestamptz_date", timestamptz_date},
    {"timestamp_timestamptz", timestamp_timestamptz},
    {"timestamptz_timestamp", timestamptz_timestamp},
    {"timestamp_time", timestamp_time},
    {"timestamptz_time", timestamptz_time},
    {"timestamptz_timetz", timestamptz_timetz},
    {"time_interval", time_interval},
    {"interval_time", interval_time},
    {"timetz_time", timetz_time},
    {"time_timetz", time_timetz},
    {"timestamp_scale", timestamp_scale},
    {"timestamptz_scale", timestamp_scale},
    {"time_scale", time_scale},
    {"timetz_scale", timetz_scale},
    {"interval_scale", interval_scale},
    {"interval_pl", interval_pl},
    {"interval_mi", interval_mi},
    {"interval_um", interval_um},
    {"interval_mul", interval_mul},
    {"mul_d_interval", mul_d_interval},
    {"interval_div", interval_div},
    {"interval_justify_hours", interval_justify_hours},
    {"interval_justify_days", interval_justify_days},
    {"interval_justify_interval", interval_justify_interval},
    {"timestamp_mi", timestamp_mi},
    {"timestamp_age", timestamp_age},
    {"timestamptz_age", timestamptz_age},
    {"age(timestamp)", timestamp_age_today},
    {"age(timestamptz)", timestamptz_age_today},
    {"timestamp_bin", date_bin},
    {"timestamptz_bin", date_bin},
    {"make_date", make_date},
    {"make_time", make_time},
    {"make_timestamp", make_timestamp},
    {"make_timestamptz", make_timestamptz},
    {"make_timestamptz_at_timezone", make_timestamptz_at_timezone},
    {"make_interval", make_interval},
    {"float8_timestamptz", float8_timestamptz},
    {"overlaps_time", overlaps_i64},
    {"overlaps_timestamp", overlaps_i64},
    {"overlaps_timetz", overlaps_timetz},
    {"overlaps(time,interval,time,interval)", overlaps_interval_end},
    {"overlaps(time,interval,time,time)", overlaps_interval_end},
    {"overlaps(time,time,time,interval)", overlaps_interval_end},
    {"overlaps(timestamp,interval,timestamp,interval)", overlaps_interval_end},
    {"overlaps(timestamp,interval,timestamp,timestamp)", overlaps_interval_end},
    {"overlaps(timestamp,timestamp,timestamp,interval)", overlaps_interval_end},
    {"overlaps(timestamptz,interval,timestamptz,interval)", overlaps_interval_end},
    {"overlaps(timestamptz,interval,timestamptz,timestamptz)", overlaps_interval_end},
    {"overlaps(timestamptz,timestamptz,timestamptz,interval)", overlaps_interval_end},
    {"generate_series_timestamp", generate_series_timestamp},
    {"generate_series_timestamptz", generate_series_timestamptz},
    {NULL, NULL},
};
