/* timezone_int.h - what the files of types/timezone*.c share. */
#ifndef SHARDLITE_TYPES_TIMEZONE_INT_H
#define SHARDLITE_TYPES_TIMEZONE_INT_H

#include "types/timezone.h"

#define ZONE_ABBREV_BYTES 52 /* of all abbreviations in one specification, with their NULs */

/* When in a year clocks change. */
struct zone_change {
    enum { CHANGE_JULIAN, CHANGE_DAY, CHANGE_WEEKDAY } kind;
    int day;   /* JULIAN: 1..365, never counting February 29; DAY: 0..365; WEEKDAY: 0 (Sunday)..6 */
    int week;  /* WEEKDAY: 1..5, 5 = the last */
    int month; /* WEEKDAY: 1..12 */
    int32_t
        second; /* of that day, by the clock in force before the change; may be negative or beyond a day */
};

/* A POSIX TZ specification: what the zone does for ever. */
struct zone_rule {
    struct zone_period standard, dst;
    bool has_dst;
    struct zone_change to_dst, to_standard;
    char abbrevs[ZONE_ABBREV_BYTES];
};

/* False if `text` is no specification.  The periods' abbreviations point into rule->abbrevs. */
bool zone_rule_parse(const char *text, struct zone_rule *rule);

/* The period at `utc`, and the next change after it (false: there is none). */
struct zone_period zone_rule_at(const struct zone_rule *rule, int64_t utc);
bool zone_rule_next(const struct zone_rule *rule, int64_t utc, int64_t *at,
                    struct zone_period *after);

#endif
