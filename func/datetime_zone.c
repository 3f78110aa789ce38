/* datetime_zone.c - AT TIME ZONE: timezone(zone, time).
 *
 * A timestamp becomes the instant at which clocks of the zone show it; a timestamptz becomes what
 * they show. */
#include "func/registry.h"
#include "types/datetime.h"
#include "types/datetime_int.h"

static bool out_of_range(struct fcall *c)
{
    return err_set(c->err, ERR_DATETIME_VALUE_OUT_OF_RANGE, "timestamp out of range");
}

static bool return_timestamp(struct fcall *c, int64_t timestamp)
{
    return TIMESTAMP_IN_RANGE(timestamp) ? return_int(c, timestamp) : out_of_range(c);
}

static int64_t unix_seconds(int64_t timestamp)
{
    int64_t usec = timestamp % USEC_PER_SEC;
    return (timestamp - usec) / USEC_PER_SEC - (usec < 0) - UNIX_EPOCH_DAYS * INT64_C(86400);
}

static bool zone_argument(struct fcall *c, struct zone_choice *choice)
{
    return zone_choose(ARG_P(c, 0), ARG_N(c, 0), c->arena, choice, c->err);
}

/* timestamp AT TIME ZONE name */
static bool timestamp_zone(struct fcall *c)
{
    struct zone_choice choice;
    struct civil civil;
    int64_t timestamp = ARG_I(c, 1);
    if (TIMESTAMP_IS_INFINITE(timestamp))
        return return_int(c, timestamp);
    if (!zone_argument(c, &choice))
        return false;
    if (!timestamp_to_civil(timestamp, &civil))
        return out_of_range(c);
    return return_timestamp(c,
                            timestamp + zone_choice_west_at_local(&choice, &civil) * USEC_PER_SEC);
}

/* timestamptz AT TIME ZONE name */
static bool timestamptz_zone(struct fcall *c)
{
    struct zone_choice choice;
    int64_t timestamp = ARG_I(c, 1);
    if (TIMESTAMP_IS_INFINITE(timestamp))
        return return_int(c, timestamp);
    if (!zone_argument(c, &choice))
        return false;
    return return_timestamp(c, timestamp - zone_choice_west_at(&choice, unix_seconds(timestamp)) *
                                               USEC_PER_SEC);
}

/* Turns a time with one zone into the same time in another. */
static bool move_timetz(struct fcall *c, const struct timetz *time, int32_t west)
{
    int64_t usec = (time->usec + (time->west - west) * USEC_PER_SEC) % USEC_PER_DAY;
    if (usec < 0)
        usec += USEC_PER_DAY;
    c->result = timetz_datum(c->arena, (struct timetz){.usec = usec, .west = west});
    return true;
}

/* timetz AT TIME ZONE name: the zone as it is now. */
static bool timetz_zone(struct fcall *c)
{
    struct zone_choice choice;
    if (!zone_argument(c, &choice))
        return false;
    return move_timetz(c, timetz_of(&c->args[1]),
                       zone_choice_west_at(&choice, unix_seconds(dt_now(c->env))));
}

/* An offset given as an interval, in seconds west. */
static bool interval_argument(struct fcall *c, int32_t *west)
{
    const struct interval *v = interval_of(&c->args[0]);
    if (v->months != 0 || v->days != 0) {
        struct buf text = BUF_IN(c->arena);
        interval_print(v, c->env->settings->interval_style, &text);
        return err_set(c->err, ERR_INVALID_PARAMETER_VALUE,
                       "interval time zone \"%s\" must not include months or days",
                       buf_cstr(&text));
    }
    *west = (int32_t) - (v->usec / USEC_PER_SEC);
    return true;
}

static bool timestamp_izone(struct fcall *c)
{
    int32_t west = 0;
    int64_t timestamp = ARG_I(c, 1), result;
    if (TIMESTAMP_IS_INFINITE(timestamp))
        return return_int(c, timestamp);
    if (!interval_argument(c, &west))
        return false;
    return __builtin_add_overflow(timestamp, west * USEC_PER_SEC, &result)
               ? out_of_range(c)
               : return_timestamp(c, result);
}

static bool timestamptz_izone(struct fcall *c)
{
    int32_t west = 0;
    int64_t timestamp = ARG_I(c, 1), result;
    if (TIMESTAMP_IS_INFINITE(timestamp))
        return return_int(c, timestamp);
    if (!interval_argument(c, &west))
        return false;
    return __builtin_sub_overflow(timestamp, west * USEC_PER_SEC, &result)
               ? out_of_range(c)
               : return_timestamp(c, result);
}

static bool timetz_izone(struct fcall *c)
{
    int32_t west = 0;
    return interval_argument(c, &west) && move_timetz(c, timetz_of(&c->args[1]), west);
}

FUNC_TABLE(datetime_zone_funcs) = {
    {"timestamp_zone", timestamp_zone},
    {"timestamptz_zone", timestamptz_zone},
    {"timetz_zone", timetz_zone},
    {"timestamp_izone", timestamp_izone},
    {"timestamptz_izone", timestamptz_izone},
    {"timetz_izone", timetz_izone},
    {NULL, NULL},
};
