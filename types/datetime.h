/* datetime.h - date, time, timetz, timestamp, timestamptz and interval: values, calendar,
 * arithmetic, text.
 *
 * A date counts days, a timestamp microseconds since 2000-01-01; a timestamptz is a timestamp in
 * UTC.  Zone offsets called `west` are seconds WEST of Greenwich, as in PostgreSQL's timetz and on
 * the wire; types/timezone.h counts east. */
#ifndef SHARDLITE_TYPES_DATETIME_H
#define SHARDLITE_TYPES_DATETIME_H

#include "types/settings.h"
#include "types/timezone.h"
#include "types/type.h"

struct env;

#define USEC_PER_SEC INT64_C(1000000)
#define USEC_PER_MINUTE (60 * USEC_PER_SEC)
#define USEC_PER_HOUR (3600 * USEC_PER_SEC)
#define USEC_PER_DAY (86400 * USEC_PER_SEC)
#define SEC_PER_DAY 86400

#define DATE_INFINITY INT32_MAX
#define DATE_NEG_INFINITY INT32_MIN
#define TIMESTAMP_INFINITY INT64_MAX
#define TIMESTAMP_NEG_INFINITY INT64_MIN
#define DATE_IS_INFINITE(d) ((d) == DATE_INFINITY || (d) == DATE_NEG_INFINITY)
#define TIMESTAMP_IS_INFINITE(t) ((t) == TIMESTAMP_INFINITY || (t) == TIMESTAMP_NEG_INFINITY)

#define JULIAN_2000 2451545 /* Julian day of 2000-01-01 */
#define JULIAN_1970 2440588
#define DATE_MIN (-JULIAN_2000)                      /* 4714-11-24 BC */
#define DATE_END (INT64_C(2147483494) - JULIAN_2000) /* 5874898-01-01 */
#define TIMESTAMP_MIN INT64_C(-211813488000000000)   /* 4714-11-24 BC */
#define TIMESTAMP_END INT64_C(9223371331200000000)   /* 294277-01-01 */
#define TIMESTAMP_IN_RANGE(t) ((t) >= TIMESTAMP_MIN && (t) < TIMESTAMP_END)
#define UNIX_EPOCH_DAYS (JULIAN_1970 - JULIAN_2000)      /* 1970-01-01 as a date: -10957 */
#define UNIX_EPOCH_USEC (UNIX_EPOCH_DAYS * USEC_PER_DAY) /* 1970-01-01 as a timestamp */

struct interval {
    int64_t usec;
    int32_t days, months;
};

struct timetz {
    int64_t usec; /* since local midnight */
    int32_t west;
    int32_t pad; /* 0 */
};

/* A point in time as people write it.  Years are astronomical: 0 is 1 BC. */
struct civil {
    int64_t year;
    int month, day;           /* 1..12, 1..31 */
    int hour, minute, second; /* 24:00:00 and second 60 may come from input */
    int usec;
};

/* An interval cut up for people: each field has its own sign. */
struct interval_fields {
    int64_t years, months, days;
    int64_t hours;
    int minutes, seconds, usec;
};

/* Calendar (proleptic Gregorian).  Julian day 0 is 4714-11-24 BC; month and day must be valid. */
int64_t civil_to_julian(int64_t year, int month, int day);
void julian_to_civil(int64_t julian, struct civil *civil); /* sets year, month, day */
int julian_weekday(int64_t julian);                        /* 0 = Sunday */
bool julian_in_range(int64_t year, int month,
                     int day); /* the years that PostgreSQL takes for Julian days */
int month_days(int64_t year, int month);
int civil_yearday(const struct civil *civil); /* 1..366 */
/* ISO 8601 weeks. */
int iso_week(int64_t year, int month, int day);
int64_t iso_year(int64_t year, int month, int day);
int64_t iso_week_julian(int64_t year, int week); /* Monday of that week */

int64_t civil_time_usec(const struct civil *civil); /* the time of day */
void usec_to_civil_time(int64_t usec, struct civil *civil);
/* False when out of range.  `timestamp` is finite. */
MUST_CHECK bool timestamp_to_civil(int64_t timestamp, struct civil *civil);
MUST_CHECK bool civil_to_timestamp(const struct civil *civil, int32_t west, int64_t *timestamp);
/* Local time in `zone`; the period in force goes to *period (may be NULL). */
MUST_CHECK bool timestamptz_to_civil(int64_t timestamp, const struct timezone *zone,
                                     struct civil *civil, struct zone_period *period);
int32_t civil_west(const struct civil *civil, const struct timezone *zone); /* of a local time */
MUST_CHECK bool civil_to_timestamptz(const struct civil *civil, const struct timezone *zone,
                                     int64_t *timestamp);

const struct timezone *settings_timezone(const struct settings *settings); /* never NULL */

static inline const struct interval *interval_of(const struct datum *d)
{
    return (const struct interval *)d->p;
}
static inline const struct timetz *timetz_of(const struct datum *d)
{
    return (const struct timetz *)d->p;
}
struct datum interval_datum(struct arena *arena, struct interval interval);
struct datum timetz_datum(struct arena *arena, struct timetz timetz);

int interval_compare(const struct interval *a, const struct interval *b);
int timetz_compare(const struct timetz *a, const struct timetz *b);
__int128
interval_span(const struct interval
                  *interval); /* microseconds, a month being 30 days: the order of intervals */
void interval_split(const struct interval *interval, struct interval_fields *fields);

/* Conversions; each fails with PostgreSQL's error.  A date becomes the timestamp of its midnight.
 */
MUST_CHECK bool date_to_timestamp(int64_t date, int64_t *timestamp, struct err *err);
MUST_CHECK bool date_to_timestamptz(int64_t date, const struct timezone *zone, int64_t *timestamp,
                                    struct err *err);
MUST_CHECK bool timestamp_to_date(int64_t timestamp, int64_t *date, struct err *err);
MUST_CHECK bool timestamptz_to_date(int64_t timestamp, const struct timezone *zone, int64_t *date,
                                    struct err *err);
MUST_CHECK bool timestamp_to_timestamptz(int64_t timestamp, const struct timezone *zone,
                                         int64_t *result, struct err *err);
MUST_CHECK bool timestamptz_to_timestamp(int64_t timestamp, const struct timezone *zone,
                                         int64_t *result, struct err *err);
/* For comparing across types: clamps to the ends instead of failing. */
int64_t date_as_timestamp(int64_t date);
int64_t date_as_timestamptz(int64_t date, const struct timezone *zone);
int64_t timestamp_as_timestamptz(int64_t timestamp, const struct timezone *zone);

/* Arithmetic.  `zone` NULL: a plain timestamp. */
MUST_CHECK bool timestamp_plus_interval(int64_t timestamp, const struct interval *interval,
                                        const struct timezone *zone, int64_t *result,
                                        struct err *err);
MUST_CHECK bool interval_plus(const struct interval *a, const struct interval *b,
                              struct interval *sum, struct err *err);
MUST_CHECK bool interval_minus(const struct interval *a, const struct interval *b,
                               struct interval *difference, struct err *err);
MUST_CHECK bool interval_negate(const struct interval *a, struct interval *result, struct err *err);
MUST_CHECK bool interval_times(const struct interval *a, double factor, struct interval *result,
                               struct err *err);
MUST_CHECK bool interval_divided(const struct interval *a, double divisor, struct interval *result,
                                 struct err *err);

/* Type modifiers: the number of decimals of a second; for intervals, that and a mask of fields. */
#define INTERVAL_FULL_RANGE 0x7FFF
#define INTERVAL_FULL_PRECISION 0xFFFF
enum interval_field_bit { /* as in the grammar's type modifiers */
                          INTERVAL_MONTH = 1 << 1,
                          INTERVAL_YEAR = 1 << 2,
                          INTERVAL_DAY = 1 << 3,
                          INTERVAL_HOUR = 1 << 10,
                          INTERVAL_MINUTE = 1 << 11,
                          INTERVAL_SECOND = 1 << 12,
};
MUST_CHECK bool interval_apply_typmod(struct interval *interval, int32_t typmod, struct err *err);
MUST_CHECK bool timestamp_apply_typmod(int64_t *timestamp, int32_t typmod, struct err *err);
void time_apply_typmod(int64_t *usec, int32_t typmod);

/* Text.  Dates and timestamps may be infinite. */
void date_print(int64_t date, const struct settings *settings, struct buf *out);
MUST_CHECK bool timestamp_print(int64_t timestamp, const struct settings *settings, struct buf *out,
                                struct err *err);
MUST_CHECK bool timestamptz_print(int64_t timestamp, const struct settings *settings,
                                  struct buf *out, struct err *err);
void time_print(int64_t usec, struct buf *out);
void timetz_print(const struct timetz *timetz, struct buf *out);
void interval_print(const struct interval *interval, enum interval_style style, struct buf *out);
/* ISO 8601 with a 'T' and "+hh:mm", as in JSON and XML, whatever the settings; `zone` is used by
 * timestamptz_print_iso. */
void date_print_iso(int64_t date, struct buf *out);
MUST_CHECK bool timestamp_print_iso(int64_t timestamp, struct buf *out, struct err *err);
MUST_CHECK bool timestamptz_print_iso(int64_t timestamp, const struct timezone *zone,
                                      struct buf *out, struct err *err);

/* CURRENT_DATE and its kin: the transaction's time as the session's clocks show it.  `precision`
 * -1: all six digits. */
MUST_CHECK bool datetime_current_date(const struct env *env, struct err *err, int64_t *date);
MUST_CHECK bool datetime_current_time(const struct env *env, struct arena *arena, struct err *err,
                                      int32_t precision, struct datum *timetz);
MUST_CHECK bool datetime_current_timestamp(const struct env *env, struct err *err,
                                           int32_t precision, int64_t *timestamptz);
MUST_CHECK bool datetime_localtime(const struct env *env, struct err *err, int32_t precision,
                                   int64_t *time);
MUST_CHECK bool datetime_localtimestamp(const struct env *env, struct err *err, int32_t precision,
                                        int64_t *timestamp);

/* A time zone as AT TIME ZONE takes it: an abbreviation, a name or a POSIX specification.  For an
 * abbreviation *fixed is true and *west its offset around `utc` (where the abbreviation's meaning
 * changes with time).  22023 if unknown. */
struct zone_choice {
    bool fixed;
    int32_t west;
    const struct timezone *zone; /* when not fixed; also set for abbreviations that change */
    const char *abbrev;          /* of a changing abbreviation; borrowed from the text */
};
MUST_CHECK bool zone_choose(const char *text, size_t n, struct arena *arena,
                            struct zone_choice *choice, struct err *err);
int32_t zone_choice_west_at(const struct zone_choice *choice,
                            int64_t utc); /* at an instant, Unix seconds */
int32_t zone_choice_west_at_local(const struct zone_choice *choice,
                                  const struct civil *civil); /* at a local time */

/* Names of fields, as in EXTRACT and date_trunc. */
enum datetime_unit {
    UNIT_NONE,
    UNIT_MICROSECOND,
    UNIT_MILLISECOND,
    UNIT_SECOND,
    UNIT_MINUTE,
    UNIT_HOUR,
    UNIT_DAY,
    UNIT_WEEK,
    UNIT_MONTH,
    UNIT_QUARTER,
    UNIT_YEAR,
    UNIT_DECADE,
    UNIT_CENTURY,
    UNIT_MILLENNIUM,
    UNIT_EPOCH,
    UNIT_DOW,
    UNIT_DOY,
    UNIT_ISODOW,
    UNIT_ISOYEAR,
    UNIT_JULIAN,
    UNIT_TZ,
    UNIT_TZ_HOUR,
    UNIT_TZ_MINUTE,
    UNIT_OTHER, /* a special word that is no field ("today", "infinity") */
};
enum datetime_unit datetime_unit_find(const char *text,
                                      size_t n); /* letter case aside; UNIT_NONE: unknown */

#endif
