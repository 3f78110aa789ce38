/* datetime_extract.c - EXTRACT (numeric), date_part (float8) and date_trunc.
 *
 * A field is found once, as struct field: exact for EXTRACT, and as the double that PostgreSQL's
 * own arithmetic gives for date_part.  Units that go round (day, hour) are NULL for an infinite
 * time; those that only grow are infinite. */
#include <math.h>

#include "func/registry.h"
#include "types/datetime.h"
#include "types/datetime_int.h"
#include "types/numeric.h"

struct field {
    enum { FIELD_EXACT, FIELD_NULL, FIELD_INFINITE, FIELD_JULIAN } kind;
    __int128 value; /* * 10^-scale; infinite: its sign; Julian: the day, with the time in `usec` */
    int scale;
    int64_t usec;
    double f;
};

static struct field whole(int64_t v)
{
    return (struct field){.kind = FIELD_EXACT, .value = v, .f = (double)v};
}

static struct field scaled(__int128 v, int scale, double f)
{
    return (struct field){.kind = FIELD_EXACT, .value = v, .scale = scale, .f = f};
}

/* The text argument in lower case, for look-up and for messages. */
static const char *unit_name(struct fcall *c, size_t *n)
{
    *n = MIN(ARG_N(c, 0), 63);
    char *name = arena_strndup(c->arena, ARG_P(c, 0), *n);
    for (size_t i = 0; i < *n; i++)
        if (name[i] >= 'A' && name[i] <= 'Z')
            name[i] = (char)(name[i] + 32);
    return name;
}

static bool not_recognized(struct fcall *c, const char *unit, const char *type_name)
{
    return err_set(c->err, ERR_INVALID_PARAMETER_VALUE, "unit \"%s\" not recognized for type %s",
                   unit, type_name);
}

static bool not_supported(struct fcall *c, const char *unit, const char *type_name)
{
    return err_set(c->err, ERR_FEATURE_NOT_SUPPORTED, "unit \"%s\" not supported for type %s", unit,
                   type_name);
}

static bool out_of_range(struct fcall *c)
{
    return err_set(c->err, ERR_DATETIME_VALUE_OUT_OF_RANGE, "timestamp out of range");
}

static bool return_numeric(struct fcall *c, const struct field *f)
{
    const struct numeric *v = NULL;
    switch (f->kind) {
    case FIELD_NULL:
        return return_null(c);
    case FIELD_EXACT:
        v = numeric_scaled(c->arena, f->value, f->scale);
        break;
    case FIELD_INFINITE:
        v = numeric_special(f->value > 0 ? NUMERIC_INF : NUMERIC_NEG_INF);
        break;
    case FIELD_JULIAN: {
        const struct numeric *part =
            numeric_div(c->arena, c->err, numeric_from_i64(c->arena, f->usec),
                        numeric_from_i64(c->arena, USEC_PER_DAY));
        v = part
                ? numeric_add(c->arena, c->err, numeric_from_i64(c->arena, (int64_t)f->value), part)
                : NULL;
        if (!v)
            return false;
        break;
    }
    }
    c->result = numeric_datum(v);
    return true;
}

static bool return_field(struct fcall *c, const struct field *f)
{
    if (c->result_type->oid == TYPE_NUMERIC)
        return return_numeric(c, f);
    if (f->kind == FIELD_NULL)
        return return_null(c);
    return return_float(c,
                        f->kind == FIELD_INFINITE ? (f->value > 0 ? INFINITY : -INFINITY) : f->f);
}

/* Fields of the time of day. */
static bool time_field(enum datetime_unit unit, int64_t hours, int minute, int second, int usec,
                       struct field *f)
{
    int64_t second_usec = second * USEC_PER_SEC + usec;
    switch (unit) {
    case UNIT_MICROSECOND:
        *f = whole(second_usec);
        return true;
    case UNIT_MILLISECOND:
        *f = scaled(second_usec, 3, second * 1000.0 + usec / 1000.0);
        return true;
    case UNIT_SECOND:
        *f = scaled(second_usec, 6, second + usec / 1000000.0);
        return true;
    case UNIT_MINUTE:
        *f = whole(minute);
        return true;
    case UNIT_HOUR:
        *f = whole(hours);
        return true;
    default:
        return false;
    }
}

static int64_t decade_of(int64_t year)
{
    return year >= 0 ? year / 10 : -((8 - (year - 1)) / 10);
}

/* Centuries and millennia: the first begins with the year 1, and there is none before it but -1. */
static int64_t era_of(int64_t year, int length)
{
    return year > 0 ? (year + length - 1) / length : -((length - 1 - (year - 1)) / length);
}

/* Fields of the date. */
static bool date_field(enum datetime_unit unit, const struct civil *c, struct field *f)
{
    int64_t julian = civil_to_julian(c->year, c->month, c->day), v;
    switch (unit) {
    case UNIT_DAY:
        v = c->day;
        break;
    case UNIT_MONTH:
        v = c->month;
        break;
    case UNIT_QUARTER:
        v = (c->month - 1) / 3 + 1;
        break;
    case UNIT_WEEK:
        v = iso_week(c->year, c->month, c->day);
        break;
    case UNIT_YEAR:
        v = c->year > 0 ? c->year : c->year - 1;
        break;
    case UNIT_DECADE:
        v = decade_of(c->year);
        break;
    case UNIT_CENTURY:
        v = era_of(c->year, 100);
        break;
    case UNIT_MILLENNIUM:
        v = era_of(c->year, 1000);
        break;
    case UNIT_ISOYEAR:
        v = iso_year(c->year, c->month, c->day);
        v = v > 0 ? v : v - 1;
        break;
    case UNIT_DOW:
        v = julian_weekday(julian);
        break;
    case UNIT_ISODOW:
        v = (julian_weekday(julian) + 6) % 7 + 1;
        break;
    case UNIT_DOY:
        v = civil_yearday(c);
        break;
    default:
        return false;
    }
    *f = whole(v);
    return true;
}

static bool zone_field(enum datetime_unit unit, int32_t east, struct field *f)
{
    switch (unit) {
    case UNIT_TZ:
        *f = whole(east);
        return true;
    case UNIT_TZ_MINUTE:
        *f = whole(east / 60 % 60);
        return true;
    case UNIT_TZ_HOUR:
        *f = whole(east / 3600);
        return true;
    default:
        return false;
    }
}

/* Of an infinite date or timestamp. */
static bool infinite_field(enum datetime_unit unit, bool positive, bool time_units, struct field *f)
{
    switch (unit) {
    case UNIT_YEAR:
    case UNIT_DECADE:
    case UNIT_CENTURY:
    case UNIT_MILLENNIUM:
    case UNIT_JULIAN:
    case UNIT_ISOYEAR:
    case UNIT_EPOCH:
        *f = (struct field){.kind = FIELD_INFINITE, .value = positive ? 1 : -1};
        return true;
    case UNIT_DAY:
    case UNIT_MONTH:
    case UNIT_QUARTER:
    case UNIT_WEEK:
    case UNIT_DOW:
    case UNIT_ISODOW:
    case UNIT_DOY:
        *f = (struct field){.kind = FIELD_NULL};
        return true;
    case UNIT_MICROSECOND:
    case UNIT_MILLISECOND:
    case UNIT_SECOND:
    case UNIT_MINUTE:
    case UNIT_HOUR:
    case UNIT_TZ:
    case UNIT_TZ_HOUR:
    case UNIT_TZ_MINUTE:
        *f = (struct field){.kind = FIELD_NULL};
        return time_units;
    default:
        return false;
    }
}

static struct field epoch_field(int64_t timestamp)
{
    __int128 usec = (__int128)timestamp - UNIX_EPOCH_USEC;
    /* Below the limit the difference is exact in 64 bits; beyond it PostgreSQL subtracts doubles.
     */
    double f = timestamp < INT64_MAX + UNIX_EPOCH_USEC
                   ? (double)(int64_t)usec / 1000000.0
                   : ((double)timestamp - UNIX_EPOCH_USEC) / 1000000.0;
    return scaled(usec, 6, f);
}

static struct field julian_field(const struct civil *c)
{
    int64_t day = civil_to_julian(c->year, c->month, c->day);
    double seconds = (c->hour * 60 + c->minute) * 60 + c->second + c->usec / 1000000.0;
    return (struct field){.kind = FIELD_JULIAN,
                          .value = day,
                          .usec = civil_time_usec(c),
                          .f = (double)day + seconds / (double)SEC_PER_DAY};
}

/* `zone` NULL: a timestamp without time zone. */
static bool timestamp_field_of(struct fcall *c, int64_t timestamp, const struct timezone *zone)
{
    size_t n;
    const char *name = unit_name(c, &n),
               *type_name = zone ? "timestamp with time zone" : "timestamp without time zone";
    enum datetime_unit unit = datetime_unit_find(name, n);
    struct field f;
    struct civil civil;
    struct zone_period period = {0};
    if (unit == UNIT_NONE)
        return not_recognized(c, name, type_name);
    if (TIMESTAMP_IS_INFINITE(timestamp)) {
        if (!infinite_field(unit, timestamp > 0, true, &f))
            return not_supported(c, name, type_name);
        return return_field(c, &f);
    }
    if (!(zone ? timestamptz_to_civil(timestamp, zone, &civil, &period)
               : timestamp_to_civil(timestamp, &civil)))
        return out_of_range(c);
    if (unit == UNIT_EPOCH)
        f = epoch_field(timestamp);
    else if (unit == UNIT_JULIAN)
        f = julian_field(&civil);
    else if (!time_field(unit, civil.hour, civil.minute, civil.second, civil.usec, &f) &&
             !date_field(unit, &civil, &f) && !(zone && zone_field(unit, period.offset, &f)))
        return not_supported(c, name, type_name);
    return return_field(c, &f);
}

static bool timestamp_part(struct fcall *c)
{
    return timestamp_field_of(c, ARG_I(c, 1), NULL);
}

static bool timestamptz_part(struct fcall *c)
{
    return timestamp_field_of(c, ARG_I(c, 1), settings_timezone(c->env->settings));
}

/* date_part of a date is that of the timestamp. */
static bool date_part_date(struct fcall *c)
{
    int64_t timestamp;
    return date_to_timestamp(ARG_I(c, 1), &timestamp, c->err) &&
           timestamp_field_of(c, timestamp, NULL);
}

static bool extract_date(struct fcall *c)
{
    size_t n;
    const char *name = unit_name(c, &n);
    enum datetime_unit unit = datetime_unit_find(name, n);
    int64_t date = ARG_I(c, 1);
    struct field f;
    struct civil civil = {0};
    if (unit == UNIT_NONE)
        return not_recognized(c, name, "date");
    if (DATE_IS_INFINITE(date)) {
        if (!infinite_field(unit, date > 0, false, &f))
            return not_supported(c, name, "date");
        return return_field(c, &f);
    }
    julian_to_civil(date + JULIAN_2000, &civil);
    if (unit == UNIT_JULIAN)
        f = whole(date + JULIAN_2000);
    else if (unit == UNIT_EPOCH)
        f = whole((date - UNIX_EPOCH_DAYS) * SEC_PER_DAY);
    else if (!date_field(unit, &civil, &f))
        return not_supported(c, name, "date");
    return return_field(c, &f);
}

/* `time` in microseconds, `west` NULL for a time without zone. */
static bool time_field_of(struct fcall *c, int64_t time, const int32_t *west)
{
    size_t n;
    const char *name = unit_name(c, &n),
               *type_name = west ? "time with time zone" : "time without time zone";
    enum datetime_unit unit = datetime_unit_find(name, n);
    struct field f;
    struct civil civil;
    if (unit == UNIT_NONE || unit == UNIT_OTHER)
        return not_recognized(c, name, type_name);
    usec_to_civil_time(time, &civil);
    if (unit == UNIT_EPOCH) {
        int64_t usec = time + (west ? *west * USEC_PER_SEC : 0);
        f = scaled(usec, 6, west ? (double)time / 1000000.0 + *west : (double)time / 1000000.0);
    } else if (!time_field(unit, civil.hour, civil.minute, civil.second, civil.usec, &f) &&
               !(west && zone_field(unit, -*west, &f))) {
        return not_supported(c, name, type_name);
    }
    return return_field(c, &f);
}

static bool time_part(struct fcall *c)
{
    return time_field_of(c, ARG_I(c, 1), NULL);
}

static bool timetz_part(struct fcall *c)
{
    const struct timetz *time = timetz_of(&c->args[1]);
    return time_field_of(c, time->usec, &time->west);
}

/* An interval in seconds: a year has 365.25 days, a month of the rest 30. */
static struct field interval_epoch(const struct interval *v)
{
    int32_t years = v->months / 12, months = v->months % 12;
    int64_t quarter_days = INT64_C(1461) * years + INT64_C(120) * months + INT64_C(4) * v->days;
    __int128 usec = (__int128)quarter_days * (SEC_PER_DAY / 4) * USEC_PER_SEC + v->usec;
    double f = (double)v->usec / 1000000.0;
    f += 365.25 * SEC_PER_DAY * years;
    f += 30.0 * SEC_PER_DAY * months;
    f += (double)SEC_PER_DAY * v->days;
    return scaled(usec, 6, f);
}

static bool interval_part(struct fcall *c)
{
    size_t n;
    const char *name = unit_name(c, &n);
    enum datetime_unit unit = datetime_unit_find(name, n);
    const struct interval *interval = interval_of(&c->args[1]);
    struct interval_fields v;
    struct field f;
    interval_split(interval, &v);
    switch (unit) {
    case UNIT_NONE:
    case UNIT_OTHER:
        return not_recognized(c, name, "interval");
    case UNIT_EPOCH:
        f = interval_epoch(interval);
        break;
    case UNIT_DAY:
        f = whole(v.days);
        break;
    case UNIT_MONTH:
        f = whole(v.months);
        break;
    case UNIT_QUARTER:
        f = whole(v.months / 3 + 1);
        break;
    case UNIT_YEAR:
        f = whole(v.years);
        break;
    case UNIT_DECADE:
        f = whole(v.years / 10);
        break;
    case UNIT_CENTURY:
        f = whole(v.years / 100);
        break;
    case UNIT_MILLENNIUM:
        f = whole(v.years / 1000);
        break;
    default:
        if (!time_field(unit, v.hours, v.minutes, v.seconds, v.usec, &f))
            return not_supported(c, name, "interval");
        break;
    }
    return return_field(c, &f);
}

/* date_trunc.  Its units are the words of intervals. */

static enum datetime_unit trunc_unit(const char *name)
{
    struct dt_word word = dt_interval_word_find(name);
    return word.kind == WORD_UNIT ? (enum datetime_unit)word.value : UNIT_NONE;
}

/* Clears what is smaller than the unit; false if the unit does not fit.  *date_changed: a new day,
 * so a new zone offset. */
static bool trunc_civil(struct civil *c, enum datetime_unit unit, bool *date_changed)
{
    *date_changed = true;
    switch (unit) {
    case UNIT_WEEK: {
        int64_t julian = civil_to_julian(c->year, c->month, c->day);
        julian_to_civil(julian - (julian_weekday(julian) + 6) % 7, c);
        break;
    }
    case UNIT_MILLENNIUM:
        c->year = c->year > 0 ? (c->year + 999) / 1000 * 1000 - 999
                              : -((999 - (c->year - 1)) / 1000) * 1000 + 1;
        c->month = c->day = 1;
        break;
    case UNIT_CENTURY:
        c->year =
            c->year > 0 ? (c->year + 99) / 100 * 100 - 99 : -((99 - (c->year - 1)) / 100) * 100 + 1;
        c->month = c->day = 1;
        break;
    case UNIT_DECADE:
        c->year = c->year > 0 ? c->year / 10 * 10 : -((8 - (c->year - 1)) / 10) * 10;
        c->month = c->day = 1;
        break;
    case UNIT_YEAR:
        c->month = c->day = 1;
        break;
    case UNIT_QUARTER:
        c->month = 3 * ((c->month - 1) / 3) + 1;
        c->day = 1;
        break;
    case UNIT_MONTH:
        c->day = 1;
        break;
    case UNIT_DAY:
        break;
    case UNIT_HOUR:
    case UNIT_MINUTE:
    case UNIT_SECOND:
    case UNIT_MILLISECOND:
    case UNIT_MICROSECOND:
        *date_changed = false;
        break;
    default:
        return false;
    }
    if (*date_changed)
        c->hour = 0;
    if (*date_changed || unit == UNIT_HOUR)
        c->minute = 0;
    if (*date_changed || unit == UNIT_HOUR || unit == UNIT_MINUTE)
        c->second = 0;
    if (unit == UNIT_MILLISECOND)
        c->usec = c->usec / 1000 * 1000;
    else if (unit != UNIT_MICROSECOND)
        c->usec = 0;
    return true;
}

static bool trunc_timestamp(struct fcall *c, int64_t timestamp, const struct timezone *zone)
{
    size_t n;
    const char *name = unit_name(c, &n),
               *type_name = zone ? "timestamp with time zone" : "timestamp without time zone";
    enum datetime_unit unit = trunc_unit(name);
    struct civil civil;
    struct zone_period period = {0};
    bool date_changed;
    if (TIMESTAMP_IS_INFINITE(timestamp))
        return return_int(c, timestamp);
    if (unit == UNIT_NONE)
        return not_recognized(c, name, type_name);
    if (!(zone ? timestamptz_to_civil(timestamp, zone, &civil, &period)
               : timestamp_to_civil(timestamp, &civil)))
        return out_of_range(c);
    if (!trunc_civil(&civil, unit, &date_changed))
        return not_supported(c, name, type_name);
    int32_t west = zone && date_changed ? civil_west(&civil, zone) : -period.offset;
    if (!civil_to_timestamp(&civil, west, &timestamp))
        return out_of_range(c);
    return return_int(c, timestamp);
}

static bool timestamp_trunc(struct fcall *c)
{
    return trunc_timestamp(c, ARG_I(c, 1), NULL);
}

static bool timestamptz_trunc(struct fcall *c)
{
    return trunc_timestamp(c, ARG_I(c, 1), settings_timezone(c->env->settings));
}

static bool timestamptz_trunc_zone(struct fcall *c)
{
    struct zone_choice choice;
    if (TIMESTAMP_IS_INFINITE(ARG_I(c, 1)))
        return return_int(c, ARG_I(c, 1));
    if (!zone_choose(ARG_P(c, 2), ARG_N(c, 2), c->arena, &choice, c->err))
        return false;
    return trunc_timestamp(c, ARG_I(c, 1),
                           choice.fixed ? timezone_fixed(-choice.west) : choice.zone);
}

static int64_t trunc_to(int64_t v, int64_t unit)
{
    return v / unit * unit;
}

static bool interval_trunc(struct fcall *c)
{
    size_t n;
    const char *name = unit_name(c, &n);
    struct interval v = *interval_of(&c->args[1]);
    int64_t time_unit = 0; /* of the time that stays */
    int month_unit = 0;    /* of the months that stay; 0: all, and days too */
    switch (trunc_unit(name)) {
    case UNIT_NONE:
        return not_recognized(c, name, "interval");
    case UNIT_MILLENNIUM:
        month_unit = 12000;
        break;
    case UNIT_CENTURY:
        month_unit = 1200;
        break;
    case UNIT_DECADE:
        month_unit = 120;
        break;
    case UNIT_YEAR:
        month_unit = 12;
        break;
    case UNIT_QUARTER:
        month_unit = 3;
        break;
    case UNIT_MONTH:
        month_unit = 1;
        break;
    case UNIT_DAY:
        break;
    case UNIT_HOUR:
        time_unit = USEC_PER_HOUR;
        break;
    case UNIT_MINUTE:
        time_unit = USEC_PER_MINUTE;
        break;
    case UNIT_SECOND:
        time_unit = USEC_PER_SEC;
        break;
    case UNIT_MILLISECOND:
        time_unit = 1000;
        break;
    case UNIT_MICROSECOND:
        time_unit = 1;
        break;
    case UNIT_WEEK:
        not_supported(c, name, "interval");
        return err_detail(c->err, "Months usually have fractional weeks.");
    default:
        return not_supported(c, name, "interval");
    }
    if (month_unit) {
        v.months = (int32_t)trunc_to(v.months, month_unit);
        v.days = 0;
    }
    v.usec = time_unit ? trunc_to(v.usec, time_unit) : 0;
    c->result = interval_datum(c->arena, v);
    return true;
}

FUNC_TABLE(datetime_extract_funcs) = {
    {"extract_date", extract_date},
    {"extract_time", time_part},
    {"extract_timetz", timetz_part},
    {"extract_timestamp", timestamp_part},
    {"extract_timestamptz", timestamptz_part},
    {"extract_interval", interval_part},
    {"date_part(text,date)", date_part_date},
    {"time_part", time_part},
    {"timetz_part", timetz_part},
    {"timestamp_part", timestamp_part},
    {"timestamptz_part", timestamptz_part},
    {"interval_part", interval_part},
    {"timestamp_trunc", timestamp_trunc},
    {"timestamptz_trunc", timestamptz_trunc},
    {"timestamptz_trunc_zone", timestamptz_trunc_zone},
    {"interval_trunc", interval_trunc},
    {NULL, NULL},
};
