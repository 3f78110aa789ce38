/* datetime.c - the calendar, conversions between the date and time types, and their type ops.
 *
 * Storage keeps what a person with a stock SQLite shell can read and SQLite can compare: dates as
 * days and timestamps as microseconds since 1970-01-01, where SQLite's own epoch functions start.
 * PostgreSQL's range goes 30 years beyond what 64 bits of microseconds hold from there: those last
 * years, and infinity, are stored as text ("294250-01-01 00:00:00.000000", "infinity"), which
 * SQLite sorts after all numbers, in the right order among themselves. */
#include "types/datetime.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "types/datetime_int.h"
#include "types/key.h"
#include "types/registry.h"

/* Calendar.  Years are counted from March 1 inside, so that the leap day comes last. */

#define CYCLE_DAYS 146097         /* of 400 years */
#define JULIAN_0000_03_01 1721120 /* Julian day of March 1 of year 0 */

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

int64_t civil_to_julian(int64_t year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t cycle = floor_div(y, 400);
    int64_t year_of_cycle = y - cycle * 400;
    int64_t day_of_year = floor_div(153 * (month + (month > 2 ? -3 : 9)) + 2, 5) + day - 1;
    return cycle * CYCLE_DAYS + year_of_cycle * 365 + year_of_cycle / 4 - year_of_cycle / 100 +
           day_of_year + JULIAN_0000_03_01;
}

void julian_to_civil(int64_t julian, struct civil *civil)
{
    int64_t days = julian - JULIAN_0000_03_01;
    int64_t cycle = floor_div(days, CYCLE_DAYS);
    int64_t day_of_cycle = days - cycle * CYCLE_DAYS;
    int64_t year_of_cycle = (day_of_cycle - day_of_cycle / 1460 + day_of_cycle / 36524 -
                             day_of_cycle / (CYCLE_DAYS - 1)) /
                            365;
    int64_t day_of_year =
        day_of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
    int64_t shifted_month = (5 * day_of_year + 2) / 153;
    civil->day = (int)(day_of_year - (153 * shifted_month + 2) / 5 + 1);
    civil->month = (int)(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
    civil->year = year_of_cycle + cycle * 400 + (civil->month <= 2);
}

int julian_weekday(int64_t julian)
{
    return (int)(((julian + 1) % 7 + 7) % 7);
}

bool julian_in_range(int64_t year, int month, int day)
{
    return (year > -4713 || (year == -4713 && month >= 11)) &&
           (year < 5874898 || (year == 5874898 && month < 6));
}

static bool is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int month_days(int64_t year, int month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year));
}

int civil_yearday(const struct civil *c)
{
    return (int)(civil_to_julian(c->year, c->month, c->day) - civil_to_julian(c->year, 1, 1)) + 1;
}

int64_t iso_week_julian(int64_t year, int week)
{
    int64_t january_4 = civil_to_julian(year, 1, 4); /* always in week 1 */
    return january_4 - (julian_weekday(january_4) + 6) % 7 + (int64_t)(week - 1) * 7;
}

/* The parts of an interval, which need not be a date ("40 days"), are counted from their own year.
 */
int iso_week(int64_t year, int month, int day)
{
    int64_t julian = civil_to_julian(year, month, day), start = iso_week_julian(year, 1);
    if (julian < start)
        start = iso_week_julian(year - 1, 1);
    int week = (int)((julian - start) / 7) + 1;
    int64_t next = iso_week_julian(year + 1, 1);
    return week >= 52 && julian >= next ? (int)((julian - next) / 7) + 1 : week;
}

int64_t iso_year(int64_t year, int month, int day)
{
    int64_t julian = civil_to_julian(year, month, day);
    if (julian < iso_week_julian(year, 1))
        year--;
    int64_t week = (julian - iso_week_julian(year, 1)) / 7 + 1;
    return week >= 52 && julian >= iso_week_julian(year + 1, 1) ? year + 1 : year;
}

int64_t civil_time_usec(const struct civil *c)
{
    return ((c->hour * 60 + c->minute) * INT64_C(60) + c->second) * USEC_PER_SEC + c->usec;
}

void usec_to_civil_time(int64_t usec, struct civil *civil)
{
    civil->hour = (int)(usec / USEC_PER_HOUR);
    civil->minute = (int)(usec / USEC_PER_MINUTE % 60);
    civil->second = (int)(usec / USEC_PER_SEC % 60);
    civil->usec = (int)(usec % USEC_PER_SEC);
}

void dt_break(int64_t timestamp, struct civil *civil)
{
    int64_t days = floor_div(timestamp, USEC_PER_DAY);
    julian_to_civil(days + JULIAN_2000, civil);
    usec_to_civil_time(timestamp - days * USEC_PER_DAY, civil);
}

bool timestamp_to_civil(int64_t timestamp, struct civil *civil)
{
    if (timestamp < TIMESTAMP_MIN)
        return false;
    dt_break(timestamp, civil);
    return true;
}

bool civil_to_timestamp(const struct civil *c, int32_t west, int64_t *timestamp)
{
    if (!julian_in_range(c->year, c->month, c->day))
        return false;
    int64_t days = civil_to_julian(c->year, c->month, c->day) - JULIAN_2000;
    return !__builtin_mul_overflow(days, USEC_PER_DAY, timestamp) &&
           !__builtin_add_overflow(*timestamp, civil_time_usec(c), timestamp) &&
           !__builtin_add_overflow(*timestamp, west * USEC_PER_SEC, timestamp) &&
           TIMESTAMP_IN_RANGE(*timestamp);
}

struct datum interval_datum(struct arena *arena, struct interval interval)
{
    return datum_bytes(arena_memdup(arena, &interval, sizeof(interval)), sizeof(interval));
}

struct datum timetz_datum(struct arena *arena, struct timetz timetz)
{
    timetz.pad = 0;
    return datum_bytes(arena_memdup(arena, &timetz, sizeof(timetz)), sizeof(timetz));
}

/* Conversions. */

static bool timestamp_out_of_range(struct err *err)
{
    return err_set(err, ERR_DATETIME_VALUE_OUT_OF_RANGE, "timestamp out of range");
}

/* +-infinity of a date, as a timestamp. */
static int64_t infinite_timestamp(int64_t date)
{
    return date == DATE_INFINITY ? TIMESTAMP_INFINITY : TIMESTAMP_NEG_INFINITY;
}

bool date_to_timestamp(int64_t date, int64_t *timestamp, struct err *err)
{
    if (DATE_IS_INFINITE(date)) {
        *timestamp = infinite_timestamp(date);
        return true;
    }
    if (date >= TIMESTAMP_END / USEC_PER_DAY)
        return err_set(err, ERR_DATETIME_VALUE_OUT_OF_RANGE, "date out of range for timestamp");
    *timestamp = date * USEC_PER_DAY;
    return true;
}

bool date_to_timestamptz(int64_t date, const struct timezone *zone, int64_t *timestamp,
                         struct err *err)
{
    if (!date_to_timestamp(date, timestamp, err))
        return false;
    if (TIMESTAMP_IS_INFINITE(*timestamp))
        return true;
    struct civil civil = {0};
    julian_to_civil(date + JULIAN_2000, &civil);
    *timestamp += civil_west(&civil, zone) * USEC_PER_SEC;
    if (!TIMESTAMP_IN_RANGE(*timestamp))
        return err_set(err, ERR_DATETIME_VALUE_OUT_OF_RANGE, "date out of range for timestamp");
    return true;
}

int64_t date_as_timestamp(int64_t date)
{
    if (DATE_IS_INFINITE(date))
        return infinite_timestamp(date);
    return date >= TIMESTAMP_END / USEC_PER_DAY ? TIMESTAMP_INFINITY - 1 : date * USEC_PER_DAY;
}

int64_t timestamp_as_timestamptz(int64_t timestamp, const struct timezone *zone)
{
    if (timestamp < TIMESTAMP_MIN || timestamp >= TIMESTAMP_END)
        return timestamp;
    struct civil civil;
    dt_break(timestamp, &civil);
    timestamp += civil_west(&civil, zone) * USEC_PER_SEC;
    if (timestamp < TIMESTAMP_MIN)
        return TIMESTAMP_NEG_INFINITY + 1;
    return timestamp >= TIMESTAMP_END ? TIMESTAMP_INFINITY - 1 : timestamp;
}

int64_t date_as_timestamptz(int64_t date, const struct timezone *zone)
{
    return timestamp_as_timestamptz(date_as_timestamp(date), zone);
}

bool timestamp_to_date(int64_t timestamp, int64_t *date, struct err *err)
{
    if (TIMESTAMP_IS_INFINITE(timestamp)) {
        *date = timestamp == TIMESTAMP_INFINITY ? DATE_INFINITY : DATE_NEG_INFINITY;
        return true;
    }
    struct civil civil;
    if (!timestamp_to_civil(timestamp, &civil))
        return timestamp_out_of_range(err);
    *date = floor_div(timestamp, USEC_PER_DAY);
    return true;
}

bool timestamptz_to_date(int64_t timestamp, const struct timezone *zone, int64_t *date,
                         struct err *err)
{
    if (TIMESTAMP_IS_INFINITE(timestamp))
        return timestamp_to_date(timestamp, date, err);
    struct civil civil;
    if (!timestamptz_to_civil(timestamp, zone, &civil, NULL))
        return timestamp_out_of_range(err);
    *date = civil_to_julian(civil.year, civil.month, civil.day) - JULIAN_2000;
    return true;
}

bool timestamp_to_timestamptz(int64_t timestamp, const struct timezone *zone, int64_t *result,
                              struct err *err)
{
    *result = timestamp;
    if (TIMESTAMP_IS_INFINITE(timestamp))
        return true;
    struct civil civil;
    if (!timestamp_to_civil(timestamp, &civil) || !civil_to_timestamptz(&civil, zone, result))
        return timestamp_out_of_range(err);
    return true;
}

bool timestamptz_to_timestamp(int64_t timestamp, const struct timezone *zone, int64_t *result,
                              struct err *err)
{
    *result = timestamp;
    if (TIMESTAMP_IS_INFINITE(timestamp))
        return true;
    struct civil civil;
    if (!timestamptz_to_civil(timestamp, zone, &civil, NULL) ||
        !civil_to_timestamp(&civil, 0, result))
        return timestamp_out_of_range(err);
    return true;
}

bool timestamp_plus_interval(int64_t timestamp, const struct interval *interval,
                             const struct timezone *zone, int64_t *result, struct err *err)
{
    *result = timestamp;
    if (TIMESTAMP_IS_INFINITE(timestamp))
        return true;
    if (interval->months != 0 || interval->days != 0) {
        struct civil c;
        if (!(zone ? timestamptz_to_civil(timestamp, zone, &c, NULL)
                   : timestamp_to_civil(timestamp, &c)))
            return timestamp_out_of_range(err);
        if (interval->months != 0) {
            int64_t month = c.month - 1 + (int64_t)interval->months;
            c.year += floor_div(month, 12);
            c.month = (int)(month - floor_div(month, 12) * 12) + 1;
            c.day = MIN(c.day, month_days(c.year, c.month));
            if (!civil_to_timestamp(&c, zone ? civil_west(&c, zone) : 0, result))
                return timestamp_out_of_range(err);
        }
        if (interval->days != 0) {
            /* The month's step went through an instant: a time in a gap has moved. */
            if (interval->months != 0 && !(zone ? timestamptz_to_civil(*result, zone, &c, NULL)
                                                : timestamp_to_civil(*result, &c)))
                return timestamp_out_of_range(err);
            int64_t julian = civil_to_julian(c.year, c.month, c.day) + interval->days;
            if (julian < 0)
                return timestamp_out_of_range(err);
            julian_to_civil(julian, &c);
            if (!civil_to_timestamp(&c, zone ? civil_west(&c, zone) : 0, result))
                return timestamp_out_of_range(err);
        }
    }
    if (__builtin_add_overflow(*result, interval->usec, result) || !TIMESTAMP_IN_RANGE(*result))
        return timestamp_out_of_range(err);
    return true;
}

/* Type modifiers. */

static const int64_t precision_unit[] = {1000000, 100000, 10000, 1000, 100, 10, 1};

/* To the nearest multiple of `unit`, halves away from zero. */
static int64_t round_usec(int64_t usec, int precision)
{
    int64_t unit = precision_unit[precision];
    int64_t half = unit / 2;
    return usec >= 0 ? (usec + half) / unit * unit : -((-usec + half) / unit * unit);
}

bool timestamp_apply_typmod(int64_t *timestamp, int32_t typmod, struct err *err)
{
    if (typmod == -1 || typmod == 6 || TIMESTAMP_IS_INFINITE(*timestamp))
        return true;
    if (typmod < 0 || typmod > 6)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE,
                       "timestamp(%d) precision must be between %d and %d", typmod, 0, 6);
    *timestamp = round_usec(*timestamp, typmod);
    return true;
}

void time_apply_typmod(int64_t *usec, int32_t typmod)
{
    if (typmod >= 0 && typmod < 6)
        *usec = round_usec(*usec, typmod);
}

/* Clears the fields that a mask of fields leaves out: all that is smaller than its last one. */
static bool interval_apply_range(struct interval *interval, int range)
{
    int64_t unit = 0; /* of time that stays */
    switch (range) {
    case INTERVAL_YEAR:
        interval->months = interval->months / 12 * 12;
        interval->days = 0;
        break;
    case INTERVAL_MONTH:
    case INTERVAL_YEAR | INTERVAL_MONTH:
        interval->days = 0;
        break;
    case INTERVAL_DAY:
        break;
    case INTERVAL_HOUR:
    case INTERVAL_DAY | INTERVAL_HOUR:
        unit = USEC_PER_HOUR;
        break;
    case INTERVAL_MINUTE:
    case INTERVAL_HOUR | INTERVAL_MINUTE:
    case INTERVAL_DAY | INTERVAL_HOUR | INTERVAL_MINUTE:
        unit = USEC_PER_MINUTE;
        break;
    case INTERVAL_SECOND:
    case INTERVAL_MINUTE | INTERVAL_SECOND:
    case INTERVAL_HOUR | INTERVAL_MINUTE | INTERVAL_SECOND:
    case INTERVAL_DAY | INTERVAL_HOUR | INTERVAL_MINUTE | INTERVAL_SECOND:
    case INTERVAL_FULL_RANGE:
        return true;
    default:
        return false;
    }
    interval->usec = unit ? interval->usec / unit * unit : 0;
    return true;
}

bool interval_apply_typmod(struct interval *interval, int32_t typmod, struct err *err)
{
    if (typmod < 0)
        return true;
    int precision = typmod & INTERVAL_FULL_PRECISION;
    if (!interval_apply_range(interval, typmod >> 16 & INTERVAL_FULL_RANGE))
        return err_set(err, ERR_INTERNAL_ERROR, "unrecognized interval typmod: %d", typmod);
    if (precision == INTERVAL_FULL_PRECISION)
        return true;
    if (precision > 6)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE,
                       "interval(%d) precision must be between %d and %d", precision, 0, 6);
    interval->usec = round_usec(interval->usec, precision);
    return true;
}

static bool precision_typmod_in(const struct type_io *io, const int32_t *args, int n_args,
                                int32_t *typmod, const char *name, const char *suffix)
{
    if (n_args != 1)
        return err_set(io->err, ERR_INVALID_PARAMETER_VALUE, "invalid type modifier");
    if (args[0] < 0)
        return err_set(io->err, ERR_INVALID_PARAMETER_VALUE,
                       "%s(%d)%s precision must not be negative", name, args[0], suffix);
    *typmod = MIN(args[0], 6);
    return true;
}

static bool timestamp_typmod_in(const struct type_io *io, const int32_t *args, int n_args,
                                int32_t *typmod)
{
    return precision_typmod_in(io, args, n_args, typmod, "TIMESTAMP", "");
}

static bool timestamptz_typmod_in(const struct type_io *io, const int32_t *args, int n_args,
                                  int32_t *typmod)
{
    return precision_typmod_in(io, args, n_args, typmod, "TIMESTAMP", " WITH TIME ZONE");
}

static bool time_typmod_in(const struct type_io *io, const int32_t *args, int n_args,
                           int32_t *typmod)
{
    return precision_typmod_in(io, args, n_args, typmod, "TIME", "");
}

static bool timetz_typmod_in(const struct type_io *io, const int32_t *args, int n_args,
                             int32_t *typmod)
{
    return precision_typmod_in(io, args, n_args, typmod, "TIME", " WITH TIME ZONE");
}

static void without_zone_typmod_out(int32_t typmod, struct buf *out)
{
    if (typmod >= 0)
        buf_printf(out, "(%d)", typmod);
    buf_puts(out, " without time zone");
}

static void with_zone_typmod_out(int32_t typmod, struct buf *out)
{
    if (typmod >= 0)
        buf_printf(out, "(%d)", typmod);
    buf_puts(out, " with time zone");
}

static const struct interval_range_name {
    int range;
    const char *name;
} interval_range_names[] = {
    {INTERVAL_YEAR, " year"},
    {INTERVAL_MONTH, " month"},
    {INTERVAL_DAY, " day"},
    {INTERVAL_HOUR, " hour"},
    {INTERVAL_MINUTE, " minute"},
    {INTERVAL_SECOND, " second"},
    {INTERVAL_YEAR | INTERVAL_MONTH, " year to month"},
    {INTERVAL_DAY | INTERVAL_HOUR, " day to hour"},
    {INTERVAL_DAY | INTERVAL_HOUR | INTERVAL_MINUTE, " day to minute"},
    {INTERVAL_DAY | INTERVAL_HOUR | INTERVAL_MINUTE | INTERVAL_SECOND, " day to second"},
    {INTERVAL_HOUR | INTERVAL_MINUTE, " hour to minute"},
    {INTERVAL_HOUR | INTERVAL_MINUTE | INTERVAL_SECOND, " hour to second"},
    {INTERVAL_MINUTE | INTERVAL_SECOND, " minute to second"},
    {INTERVAL_FULL_RANGE, ""},
};

static const char *interval_range_name(int range)
{
    for (size_t i = 0; i < ARRAY_COUNT(interval_range_names); i++)
        if (interval_range_names[i].range == range)
            return interval_range_names[i].name;
    return NULL;
}

static bool interval_typmod_in(const struct type_io *io, const int32_t *args, int n_args,
                               int32_t *typmod)
{
    if (n_args < 1 || n_args > 2 || !interval_range_name(args[0]))
        return err_set(io->err, ERR_INVALID_PARAMETER_VALUE, "invalid INTERVAL type modifier");
    *typmod = -1;
    if (n_args == 1) {
        if (args[0] != INTERVAL_FULL_RANGE)
            *typmod = args[0] << 16 | INTERVAL_FULL_PRECISION;
        return true;
    }
    if (args[1] < 0)
        return err_set(io->err, ERR_INVALID_PARAMETER_VALUE,
                       "INTERVAL(%d) precision must not be negative", args[1]);
    *typmod = args[0] << 16 | MIN(args[1], 6);
    return true;
}

static void interval_typmod_out(int32_t typmod, struct buf *out)
{
    if (typmod < 0)
        return;
    const char *name = interval_range_name(typmod >> 16 & INTERVAL_FULL_RANGE);
    int precision = typmod & INTERVAL_FULL_PRECISION;
    buf_puts(out, name ? name : "");
    if (precision != INTERVAL_FULL_PRECISION)
        buf_printf(out, "(%d)", precision);
}

/* Text. */

static bool date_in(const struct type_io *io, const char *text, size_t n, struct datum *out)
{
    *out = datum_int(0);
    return dt_parse_date(io, text, n, &out->i);
}

static bool timestamp_in(const struct type_io *io, const char *text, size_t n, struct datum *out)
{
    *out = datum_int(0);
    return dt_parse_timestamp(io, text, n, false, &out->i) &&
           timestamp_apply_typmod(&out->i, io->typmod, io->err);
}

static bool timestamptz_in(const struct type_io *io, const char *text, size_t n, struct datum *out)
{
    *out = datum_int(0);
    return dt_parse_timestamp(io, text, n, true, &out->i) &&
           timestamp_apply_typmod(&out->i, io->typmod, io->err);
}

static bool time_in(const struct type_io *io, const char *text, size_t n, struct datum *out)
{
    struct timetz time;
    if (!dt_parse_time(io, text, n, false, &time))
        return false;
    *out = datum_int(time.usec);
    time_apply_typmod(&out->i, io->typmod);
    return true;
}

static bool timetz_in(const struct type_io *io, const char *text, size_t n, struct datum *out)
{
    struct timetz time;
    if (!dt_parse_time(io, text, n, true, &time))
        return false;
    time_apply_typmod(&time.usec, io->typmod);
    *out = timetz_datum(io->arena, time);
    return true;
}

static bool interval_in(const struct type_io *io, const char *text, size_t n, struct datum *out)
{
    struct interval interval;
    enum dt_status status = dt_decode_interval(io->settings, text, n, io->typmod, &interval);
    if (status == DT_MONTH_DAY_OVERFLOW) /* the sum of the fields: not a fault of any of them */
        return err_set(io->err, ERR_DATETIME_VALUE_OUT_OF_RANGE, "interval out of range");
    if (status == DT_FIELD_OVERFLOW)
        status = DT_INTERVAL_OVERFLOW;
    if (!dt_report(io, status, text, n, "interval") ||
        !interval_apply_typmod(&interval, io->typmod, io->err))
        return false;
    *out = interval_datum(io->arena, interval);
    return true;
}

static bool date_out(const struct type_io *io, const struct datum *value, struct buf *out)
{
    date_print(value->i, io->settings, out);
    return true;
}

static bool timestamp_out(const struct type_io *io, const struct datum *value, struct buf *out)
{
    return timestamp_print(value->i, io->settings, out, io->err);
}

static bool timestamptz_out(const struct type_io *io, const struct datum *value, struct buf *out)
{
    return timestamptz_print(value->i, io->settings, out, io->err);
}

static bool time_out(const struct type_io *io, const struct datum *value, struct buf *out)
{
    time_print(value->i, out);
    return true;
}

static bool timetz_out(const struct type_io *io, const struct datum *value, struct buf *out)
{
    timetz_print(timetz_of(value), out);
    return true;
}

static bool interval_out(const struct type_io *io, const struct datum *value, struct buf *out)
{
    interval_print(interval_of(value),
                   io->settings ? io->settings->interval_style : INTERVAL_POSTGRES, out);
    return true;
}

/* Binary. */

static bool date_recv(const struct type_io *io, const uint8_t *bytes, size_t n, struct datum *out)
{
    if (!recv_exact(io, n, 4))
        return false;
    *out = datum_int((int32_t)get_u32(bytes));
    if (!DATE_IS_INFINITE(out->i) && (out->i < DATE_MIN || out->i >= DATE_END))
        return err_set(io->err, ERR_DATETIME_VALUE_OUT_OF_RANGE, "date out of range");
    return true;
}

static bool timestamp_recv(const struct type_io *io, const uint8_t *bytes, size_t n,
                           struct datum *out)
{
    if (!recv_exact(io, n, 8))
        return false;
    *out = datum_int((int64_t)get_u64(bytes));
    if (!TIMESTAMP_IS_INFINITE(out->i) && !TIMESTAMP_IN_RANGE(out->i))
        return timestamp_out_of_range(io->err);
    return timestamp_apply_typmod(&out->i, io->typmod, io->err);
}

static bool time_in_day(const struct type_io *io, int64_t usec)
{
    if (usec < 0 || usec > USEC_PER_DAY)
        return err_set(io->err, ERR_DATETIME_VALUE_OUT_OF_RANGE, "time out of range");
    return true;
}

static bool time_recv(const struct type_io *io, const uint8_t *bytes, size_t n, struct datum *out)
{
    if (!recv_exact(io, n, 8))
        return false;
    *out = datum_int((int64_t)get_u64(bytes));
    if (!time_in_day(io, out->i))
        return false;
    time_apply_typmod(&out->i, io->typmod);
    return true;
}

static bool timetz_recv(const struct type_io *io, const uint8_t *bytes, size_t n, struct datum *out)
{
    if (!recv_exact(io, n, 12))
        return false;
    struct timetz time = {.usec = (int64_t)get_u64(bytes), .west = (int32_t)get_u32(bytes + 8)};
    if (!time_in_day(io, time.usec))
        return false;
    if (time.west <= -16 * 3600 || time.west >= 16 * 3600)
        return err_set(io->err, ERR_INVALID_TIME_ZONE_DISPLACEMENT_VALUE,
                       "time zone displacement out of range");
    time_apply_typmod(&time.usec, io->typmod);
    *out = timetz_datum(io->arena, time);
    return true;
}

static bool interval_recv(const struct type_io *io, const uint8_t *bytes, size_t n,
                          struct datum *out)
{
    if (!recv_exact(io, n, 16))
        return false;
    struct interval interval = {(int64_t)get_u64(bytes), (int32_t)get_u32(bytes + 8),
                                (int32_t)get_u32(bytes + 12)};
    if (!interval_apply_typmod(&interval, io->typmod, io->err))
        return false;
    *out = interval_datum(io->arena, interval);
    return true;
}

static bool date_send(const struct type_io *io, const struct datum *value, struct buf *out)
{
    buf_put_u32(out, (uint32_t)value->i);
    return true;
}

static bool int64_send(const struct type_io *io, const struct datum *value, struct buf *out)
{
    buf_put_u64(out, (uint64_t)value->i);
    return true;
}

static bool timetz_send(const struct type_io *io, const struct datum *value, struct buf *out)
{
    const struct timetz *time = timetz_of(value);
    buf_put_u64(out, (uint64_t)time->usec);
    buf_put_u32(out, (uint32_t)time->west);
    return true;
}

static bool interval_send(const struct type_io *io, const struct datum *value, struct buf *out)
{
    const struct interval *interval = interval_of(value);
    buf_put_u64(out, (uint64_t)interval->usec);
    buf_put_u32(out, (uint32_t)interval->days);
    buf_put_u32(out, (uint32_t)interval->months);
    return true;
}

/* Order. */

__int128 interval_span(const struct interval *interval)
{
    int64_t days = interval->months * INT64_C(30) + interval->days;
    return (__int128)days * USEC_PER_DAY + interval->usec;
}

int interval_compare(const struct interval *a, const struct interval *b)
{
    __int128 x = interval_span(a), y = interval_span(b);
    return (x > y) - (x < y);
}

static int64_t timetz_utc(const struct timetz *time)
{
    return time->usec + time->west * USEC_PER_SEC;
}

int timetz_compare(const struct timetz *a, const struct timetz *b)
{
    int order = cmp_i64(timetz_utc(a), timetz_utc(b));
    return order != 0 ? order : cmp_i64(a->west, b->west);
}

static int int_cmp(const struct type *type, const struct datum *a, const struct datum *b)
{
    return cmp_i64(a->i, b->i);
}

static int timetz_cmp(const struct type *type, const struct datum *a, const struct datum *b)
{
    return timetz_compare(timetz_of(a), timetz_of(b));
}

static int interval_cmp(const struct type *type, const struct datum *a, const struct datum *b)
{
    return interval_compare(interval_of(a), interval_of(b));
}

/* Keys: big-endian with the sign bit flipped, so that memcmp() orders them as numbers. */
#define SIGN64 (UINT64_C(1) << 63)

static void date_key(const struct type *type, const struct datum *value, struct buf *out)
{
    buf_put_u32(out, (uint32_t)value->i ^ 0x80000000u);
}

static void int64_key(const struct type *type, const struct datum *value, struct buf *out)
{
    buf_put_u64(out, (uint64_t)value->i ^ SIGN64);
}

static void timetz_key(const struct type *type, const struct datum *value, struct buf *out)
{
    buf_put_u64(out, (uint64_t)timetz_utc(timetz_of(value)) ^ SIGN64);
    buf_put_u32(out, (uint32_t)timetz_of(value)->west ^ 0x80000000u);
}

static void interval_key(const struct type *type, const struct datum *value, struct buf *out)
{
    __int128 span = interval_span(interval_of(value));
    buf_put_u64(out, (uint64_t)(span >> 64) ^ SIGN64);
    buf_put_u64(out, (uint64_t)span);
}

/* Storage. */

static void store_text(const struct type_io *io, struct stored *out, const char *text)
{
    *out =
        (struct stored){.kind = STORED_TEXT, .p = arena_strdup(io->arena, text), .n = strlen(text)};
}

static bool corrupt(const struct type_io *io, const char *type_name)
{
    return err_set(io->err, ERR_DATA_CORRUPTED, "stored value is not a valid %s", type_name);
}

static bool stored_is(const struct stored *value, const char *text)
{
    return value->kind == STORED_TEXT && value->n == strlen(text) &&
           memcmp(value->p, text, value->n) == 0;
}

static bool date_store(const struct type_io *io, const struct datum *value, struct stored *out)
{
    if (value->i == DATE_INFINITY)
        store_text(io, out, "infinity");
    else
        *out = (struct stored){.kind = STORED_INTEGER,
                               .i = value->i == DATE_NEG_INFINITY ? INT64_MIN
                                                                  : value->i - UNIX_EPOCH_DAYS};
    return true;
}

static bool date_load(const struct type_io *io, const struct stored *value, struct datum *out)
{
    if (stored_is(value, "infinity")) {
        *out = datum_int(DATE_INFINITY);
        return true;
    }
    if (value->kind != STORED_INTEGER)
        return corrupt(io, "date");
    *out = datum_int(value->i == INT64_MIN ? DATE_NEG_INFINITY : value->i + UNIX_EPOCH_DAYS);
    return true;
}

static bool timestamp_store(const struct type_io *io, const struct datum *value, struct stored *out)
{
    int64_t unix_usec;
    if (value->i == TIMESTAMP_INFINITY) {
        store_text(io, out, "infinity");
    } else if (value->i == TIMESTAMP_NEG_INFINITY) {
        *out = (struct stored){.kind = STORED_INTEGER, .i = INT64_MIN};
    } else if (__builtin_sub_overflow(value->i, UNIX_EPOCH_USEC, &unix_usec)) {
        struct civil c;
        dt_break(value->i, &c);
        store_text(io, out,
                   arena_printf(io->arena, "%06lld-%02d-%02d %02d:%02d:%02d.%06d",
                                (long long)c.year, c.month, c.day, c.hour, c.minute, c.second,
                                c.usec));
    } else {
        *out = (struct stored){.kind = STORED_INTEGER, .i = unix_usec};
    }
    return true;
}

/* A cursor over stored text: digits, signs and the letters between them. */
struct scan {
    const char *at, *end;
    bool ok;
};

static void scan_char(struct scan *s, char c)
{
    s->ok = s->ok && s->at < s->end && *s->at == c;
    s->at += s->ok;
}

static bool scan_sign(struct scan *s)
{
    bool negative = s->ok && s->at < s->end && *s->at == '-';
    s->at += negative;
    return negative;
}

static uint64_t scan_number(struct scan *s)
{
    uint64_t v = 0;
    const char *start = s->at;
    while (s->at < s->end && *s->at >= '0' && *s->at <= '9' && s->at - start < 19)
        v = v * 10 + (uint64_t)(*s->at++ - '0');
    s->ok = s->ok && s->at > start;
    return v;
}

static bool timestamp_load_text(const char *text, size_t n, int64_t *timestamp)
{
    struct scan s = {text, text + n, true};
    struct civil c;
    c.year = (int64_t)scan_number(&s);
    scan_char(&s, '-');
    c.month = (int)scan_number(&s);
    scan_char(&s, '-');
    c.day = (int)scan_number(&s);
    scan_char(&s, ' ');
    c.hour = (int)scan_number(&s);
    scan_char(&s, ':');
    c.minute = (int)scan_number(&s);
    scan_char(&s, ':');
    c.second = (int)scan_number(&s);
    scan_char(&s, '.');
    c.usec = (int)scan_number(&s);
    return s.ok && c.month >= 1 && c.month <= 12 && civil_to_timestamp(&c, 0, timestamp);
}

static bool timestamp_load(const struct type_io *io, const struct stored *value, struct datum *out)
{
    *out = datum_int(0);
    if (value->kind == STORED_INTEGER && value->i == INT64_MIN)
        out->i = TIMESTAMP_NEG_INFINITY;
    else if (value->kind == STORED_INTEGER)
        out->i = (int64_t)((uint64_t)value->i + (uint64_t)UNIX_EPOCH_USEC);
    else if (stored_is(value, "infinity"))
        out->i = TIMESTAMP_INFINITY;
    else if (value->kind != STORED_TEXT || !timestamp_load_text(value->p, value->n, &out->i))
        return corrupt(io, "timestamp");
    return true;
}

/* "10:00:00.5+02": as it is shown. */
static bool timetz_store(const struct type_io *io, const struct datum *value, struct stored *out)
{
    struct buf text = BUF_IN(io->arena);
    timetz_print(timetz_of(value), &text);
    *out = (struct stored){.kind = STORED_TEXT, .p = text.p, .n = text.n};
    return true;
}

/* hh[:mm[:ss]], in seconds. */
static int64_t scan_clock(struct scan *s)
{
    int64_t unit = 3600, seconds = 0;
    do {
        seconds += (int64_t)(scan_number(s) % 1000) * unit;
        unit /= 60;
    } while (s->ok && unit > 0 && s->at < s->end && *s->at == ':' && s->at++);
    return seconds;
}

static bool timetz_load(const struct type_io *io, const struct stored *value, struct datum *out)
{
    if (value->kind != STORED_TEXT)
        return corrupt(io, "time with time zone");
    struct scan s = {value->p, (const char *)value->p + value->n, true};
    struct timetz time = {.usec = scan_clock(&s) * USEC_PER_SEC};
    if (s.at < s.end && *s.at == '.') {
        const char *start = ++s.at;
        int64_t fraction = (int64_t)scan_number(&s);
        for (ptrdiff_t digits = s.at - start; digits < 6; digits++)
            fraction *= 10;
        time.usec += fraction;
    }
    bool west = scan_sign(&s);
    if (!west)
        scan_char(&s, '+');
    int32_t offset = (int32_t)scan_clock(&s);
    time.west = west ? offset : -offset;
    if (!s.ok || s.at != s.end)
        return corrupt(io, "time with time zone");
    *out = timetz_datum(io->arena, time);
    return true;
}

/* "P14M3DT-4.000005S": months, days and seconds, each with its sign, in ISO 8601's manner. */
static bool interval_store(const struct type_io *io, const struct datum *value, struct stored *out)
{
    const struct interval *v = interval_of(value);
    uint64_t usec = v->usec < 0 ? -(uint64_t)v->usec : (uint64_t)v->usec;
    char text[80];
    int n = snprintf(text, sizeof(text), "P%dM%dDT%s%llu.%06lluS", v->months, v->days,
                     v->usec < 0 ? "-" : "", (unsigned long long)(usec / USEC_PER_SEC),
                     (unsigned long long)(usec % USEC_PER_SEC));
    *out = (struct stored){
        .kind = STORED_TEXT, .p = arena_strndup(io->arena, text, (size_t)n), .n = (size_t)n};
    return true;
}

static bool interval_load(const struct type_io *io, const struct stored *value, struct datum *out)
{
    if (value->kind != STORED_TEXT)
        return corrupt(io, "interval");
    struct scan s = {value->p, (const char *)value->p + value->n, true};
    scan_char(&s, 'P');
    bool minus = scan_sign(&s);
    int64_t months = (int64_t)scan_number(&s);
    months = minus ? -months : months;
    scan_char(&s, 'M');
    minus = scan_sign(&s);
    int64_t days = (int64_t)scan_number(&s);
    days = minus ? -days : days;
    scan_char(&s, 'D');
    scan_char(&s, 'T');
    minus = scan_sign(&s);
    uint64_t usec = scan_number(&s) * (uint64_t)USEC_PER_SEC;
    scan_char(&s, '.');
    usec += scan_number(&s);
    scan_char(&s, 'S');
    if (!s.ok)
        return corrupt(io, "interval");
    *out = interval_datum(io->arena, (struct interval){(int64_t)(minus ? -usec : usec),
                                                       (int32_t)days, (int32_t)months});
    return true;
}

static const struct type_ops date_ops = {
    .name = "date",
    .storage = STORAGE_INTEGER,
    .native_order = true,
    .in = date_in,
    .out = date_out,
    .recv = date_recv,
    .send = date_send,
    .cmp = int_cmp,
    .key = date_key,
    .store = date_store,
    .load = date_load,
};

static const struct type_ops time_ops = {
    .name = "time",
    .storage = STORAGE_INTEGER,
    .native_order = true,
    .in = time_in,
    .out = time_out,
    .recv = time_recv,
    .send = int64_send,
    .cmp = int_cmp,
    .key = int64_key,
    .typmod_in = time_typmod_in,
    .typmod_out = without_zone_typmod_out,
};

static const struct type_ops timestamp_ops = {
    .name = "timestamp",
    .storage = STORAGE_INTEGER,
    .native_order = true,
    .in = timestamp_in,
    .out = timestamp_out,
    .recv = timestamp_recv,
    .send = int64_send,
    .cmp = int_cmp,
    .key = int64_key,
    .store = timestamp_store,
    .load = timestamp_load,
    .typmod_in = timestamp_typmod_in,
    .typmod_out = without_zone_typmod_out,
};

static const struct type_ops timestamptz_ops = {
    .name = "timestamptz",
    .storage = STORAGE_INTEGER,
    .native_order = true,
    .in = timestamptz_in,
    .out = timestamptz_out,
    .recv = timestamp_recv,
    .send = int64_send,
    .cmp = int_cmp,
    .key = int64_key,
    .store = timestamp_store,
    .load = timestamp_load,
    .typmod_in = timestamptz_typmod_in,
    .typmod_out = with_zone_typmod_out,
};

static const struct type_ops timetz_ops = {
    .name = "timetz",
    .storage = STORAGE_TEXT,
    .in = timetz_in,
    .out = timetz_out,
    .recv = timetz_recv,
    .send = timetz_send,
    .cmp = timetz_cmp,
    .key = timetz_key,
    .store = timetz_store,
    .load = timetz_load,
    .typmod_in = timetz_typmod_in,
    .typmod_out = with_zone_typmod_out,
};

static const struct type_ops interval_ops = {
    .name = "interval",
    .storage = STORAGE_TEXT,
    .in = interval_in,
    .out = interval_out,
    .recv = interval_recv,
    .send = interval_send,
    .cmp = interval_cmp,
    .key = interval_key,
    .store = interval_store,
    .load = interval_load,
    .typmod_in = interval_typmod_in,
    .typmod_out = interval_typmod_out,
};

const struct type_ops_entry datetime_type_ops[] = {
    {TYPE_DATE, &date_ops},
    {TYPE_TIME, &time_ops},
    {TYPE_TIMETZ, &timetz_ops},
    {TYPE_TIMESTAMP, &timestamp_ops},
    {TYPE_TIMESTAMPTZ, &timestamptz_ops},
    {TYPE_INTERVAL, &interval_ops},
    {0, NULL},
};
