/* datetime_zone.c - where dates and time zones meet: local times, AT TIME ZONE's argument,
 * CURRENT_TIMESTAMP and its kin. */
#include "types/datetime_int.h"

#include <string.h>

#include "func/env.h"

#define UNIX_SECONDS_2000 (INT64_C(-1) * UNIX_EPOCH_DAYS * SEC_PER_DAY)

/* Unix seconds at or before a timestamp. */
static int64_t unix_seconds(int64_t timestamp)
{
    return timestamp / USEC_PER_SEC - (timestamp % USEC_PER_SEC < 0) + UNIX_SECONDS_2000;
}

const struct timezone *settings_timezone(const struct settings *settings)
{
    return settings && settings->timezone ? settings->timezone : timezone_utc();
}

bool timestamptz_to_civil(int64_t timestamp, const struct timezone *zone, struct civil *civil,
                          struct zone_period *period)
{
    struct zone_period here = timezone_at(zone, unix_seconds(timestamp));
    if (period)
        *period = here;
    if (!TIMESTAMP_IN_RANGE(timestamp))
        return false;
    /* Local time may lie a little outside the range of timestamps, but 64 bits hold it. */
    dt_break(timestamp + here.offset * USEC_PER_SEC, civil);
    return true;
}

/* The Unix time that the local time would be if it were UTC; false outside the years of the
 * calendar. */
static bool civil_unix_seconds(const struct civil *c, int64_t *seconds)
{
    if (!julian_in_range(c->year, c->month, c->day))
        return false;
    *seconds = (civil_to_julian(c->year, c->month, c->day) - JULIAN_1970) * SEC_PER_DAY +
               (c->hour * 60 + c->minute) * INT64_C(60) + c->second;
    return true;
}

int32_t civil_west(const struct civil *civil, const struct timezone *zone)
{
    int64_t local;
    return civil_unix_seconds(civil, &local) ? -timezone_at_local(zone, local).offset : 0;
}

bool civil_to_timestamptz(const struct civil *civil, const struct timezone *zone,
                          int64_t *timestamp)
{
    return civil_to_timestamp(civil, civil_west(civil, zone), timestamp);
}

bool zone_choose(const char *text, size_t n, struct arena *arena, struct zone_choice *choice,
                 struct err *err)
{
    const char *name = arena_strndup(arena, text, MIN(n, TIMEZONE_NAME_MAX));
    *choice = (struct zone_choice){.fixed = false};
    const struct zone_abbrev *abbrev = zone_abbrev_find(name);
    if (abbrev && !abbrev->zone) {
        choice->fixed = true;
        choice->west = -abbrev->offset;
        return true;
    }
    choice->zone = timezone_find(abbrev ? abbrev->zone : name);
    choice->abbrev = abbrev ? abbrev->name : NULL;
    if (!choice->zone)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "time zone \"%s\" not recognized", name);
    return true;
}

int32_t zone_choice_west_at(const struct zone_choice *choice, int64_t utc)
{
    struct zone_period period;
    if (choice->fixed)
        return choice->west;
    if (choice->abbrev && timezone_interpret_abbrev(choice->zone, choice->abbrev, utc, &period))
        return -period.offset;
    return -timezone_at(choice->zone, utc).offset;
}

int32_t zone_choice_west_at_local(const struct zone_choice *choice, const struct civil *civil)
{
    struct zone_period period;
    int64_t local;
    if (choice->fixed)
        return choice->west;
    if (!civil_unix_seconds(civil, &local))
        return 0;
    int32_t east = timezone_at_local(choice->zone, local).offset;
    if (choice->abbrev &&
        timezone_interpret_abbrev(choice->zone, choice->abbrev, local - east, &period))
        return -period.offset;
    return -east;
}

static bool now_civil(const struct env *env, struct err *err, struct civil *civil,
                      struct zone_period *period)
{
    if (timestamptz_to_civil(dt_now(env), settings_timezone(env ? env->settings : NULL), civil,
                             period))
        return true;
    return err_set(err, ERR_DATETIME_VALUE_OUT_OF_RANGE, "timestamp out of range");
}

bool datetime_current_date(const struct env *env, struct err *err, int64_t *date)
{
    struct civil now = {0};
    if (!now_civil(env, err, &now, NULL))
        return false;
    *date = civil_to_julian(now.year, now.month, now.day) - JULIAN_2000;
    return true;
}

bool datetime_current_time(const struct env *env, struct arena *arena, struct err *err,
                           int32_t precision, struct datum *timetz)
{
    struct civil now;
    struct zone_period period;
    if (!now_civil(env, err, &now, &period))
        return false;
    struct timetz value = {.usec = civil_time_usec(&now), .west = -period.offset};
    time_apply_typmod(&value.usec, precision);
    *timetz = timetz_datum(arena, value);
    return true;
}

bool datetime_current_timestamp(const struct env *env, struct err *err, int32_t precision,
                                int64_t *timestamptz)
{
    *timestamptz = dt_now(env);
    return timestamp_apply_typmod(timestamptz, precision, err);
}

bool datetime_localtime(const struct env *env, struct err *err, int32_t precision, int64_t *time)
{
    struct civil now = {0};
    if (!now_civil(env, err, &now, NULL))
        return false;
    *time = civil_time_usec(&now);
    time_apply_typmod(time, precision);
    return true;
}

bool datetime_localtimestamp(const struct env *env, struct err *err, int32_t precision,
                             int64_t *timestamp)
{
    return timestamptz_to_timestamp(dt_now(env), settings_timezone(env ? env->settings : NULL),
                                    timestamp, err) &&
           timestamp_apply_typmod(timestamp, precision, err);
}
