/* timezone.h - time zones: the system's TZif files, POSIX specifications, and abbreviations.
 *
 * A `struct timezone` is immutable and lives until the process ends, so pointers may be kept
 * anywhere and used from any thread without a lock.  Times are seconds since 1970-01-01 00:00 UTC;
 * offsets are seconds EAST of Greenwich (PostgreSQL's `timetz` counts west: negate there). */
#ifndef SHARDLITE_TYPES_TIMEZONE_H
#define SHARDLITE_TYPES_TIMEZONE_H

#include "base/util.h"

struct timezone;

#define TIMEZONE_NAME_MAX 255 /* bytes of a zone name */

/* What clocks show from some instant on. */
struct zone_period {
    int32_t offset; /* seconds east */
    bool is_dst;
    const char *abbrev; /* "CEST"; lives as long as the zone */
};

const struct timezone *timezone_utc(void);
/* By file name, letter case aside ("europe/berlin"), or by POSIX specification ("EST5EDT",
 * "<+03>-3", "UTC+3"). NULL: no such zone. */
const struct timezone *timezone_find(const char *name);
/* "<+05:30>-05:30" and so on: a zone that is always `offset` seconds east. */
const struct timezone *timezone_fixed(int32_t offset);
/* What SET TimeZone accepts: hours as a number ("-3.5"), INTERVAL '...' HOUR TO MINUTE in text
 * form, or a name. NULL: invalid. */
const struct timezone *timezone_from_setting(const char *value);
/* Zones that are whole minutes off; SET TimeZone takes no others ("time zone \"%s\" appears to use
 * leap seconds"). */
bool timezone_has_whole_minutes(const struct timezone *zone);
const char *timezone_name(const struct timezone *zone);

/* In force at the instant `utc`. */
struct zone_period timezone_at(const struct timezone *zone, int64_t utc);
/* In force when clocks of the zone show `local` (seconds since 1970 as if it were UTC).  As
 * PostgreSQL has it: a time inside a gap is read with the offset before it, a repeated time with
 * the offset after the change. */
struct zone_period timezone_at_local(const struct timezone *zone, int64_t local);
/* True if all periods of the zone have one offset, which goes to *offset. */
bool timezone_is_fixed(const struct timezone *zone, int32_t *offset);
/* What `abbrev` (letter case aside) means in the zone around `utc`; false if the zone never used
 * it. */
bool timezone_interpret_abbrev(const struct timezone *zone, const char *abbrev, int64_t utc,
                               struct zone_period *period);

/* The abbreviations of PostgreSQL's "Default" set. */
struct zone_abbrev {
    const char *name; /* upper case */
    int32_t offset;   /* seconds east; meaningless when `zone` is set */
    bool is_dst;
    const char
        *zone; /* NULL: a fixed offset.  Otherwise the meaning changes with time as in this zone */
};
const struct zone_abbrev *zone_abbrev_find(const char *name); /* letter case aside; NULL: unknown */
const struct zone_abbrev *zone_abbrev_at(size_t index); /* in order of name; NULL past the end */

/* Calls `fn` for each zone of the system, in no particular order, until it returns false.  Here
 * the zone is lent for the call only. */
void timezone_each(bool (*fn)(void *arg, const struct timezone *zone), void *arg);

#endif
