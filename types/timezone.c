/* timezone.c - find and read time zones, and ask them.
 *
 * A zone is read from the system's database once and kept for ever, in a map from its upper-case
 * name that a mutex guards; whoever holds a `struct timezone *` needs no lock.  A TZif file (RFC
 * 8536) gives a list of transitions; the POSIX rule in its footer takes over after the last of
 * them.  Invariants:
 *   (1) `at` is ascending, and period_index[i] holds from at[i] on;
 *     (2) before at[0], `initial` holds; after the last at, the rule if has_rule, else the last
 *       period;
 *   (3) a zone without transitions is its rule.
 * Files with leap seconds are refused: PostgreSQL's time has none. */
#include "types/timezone.h"

#include <ctype.h>
#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/map.h"
#include "types/timezone_int.h"

#define ZONE_DIR "/usr/share/zoneinfo"
#define ZONE_FILE_BYTES_MAX (1024 * 1024)
#define DAY_SECONDS 86400

struct timezone {
    char name[TIMEZONE_NAME_MAX + 1];
    uint32_t n_transitions, n_periods;
    int64_t *at;
    uint8_t *period_index;
    struct zone_period *periods;
    char *abbrevs;
    struct zone_period initial;
    bool has_rule;
    struct zone_rule rule;
};

static pthread_mutex_t zones_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct map *zones; /* upper-case name -> struct timezone; guarded by zones_mutex */

/* Reading a TZif file. */

struct tzif_header {
    uint32_t n_isut, n_isstd, n_leap, n_time, n_type, n_char;
};

static uint32_t be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int64_t be64(const uint8_t *p)
{
    return (int64_t)((uint64_t)be32(p) << 32 | be32(p + 4));
}

#define TZIF_HEADER_BYTES 44

static bool tzif_header(const uint8_t *p, size_t n, struct tzif_header *header)
{
    if (n < TZIF_HEADER_BYTES || memcmp(p, "TZif", 4) != 0)
        return false;
    *header = (struct tzif_header){be32(p + 20), be32(p + 24), be32(p + 28),
                                   be32(p + 32), be32(p + 36), be32(p + 40)};
    return header->n_isut < 65536 && header->n_isstd < 65536 && header->n_leap < 65536 &&
           header->n_time < 65536 && header->n_type > 0 && header->n_type < 256 &&
           header->n_char < 65536;
}

static size_t tzif_body_bytes(const struct tzif_header *h, size_t time_bytes)
{
    return h->n_time * (time_bytes + 1) + h->n_type * 6 + h->n_char + h->n_leap * (time_bytes + 4) +
           h->n_isstd + h->n_isut;
}

/* The period before the first transition: type 0, unless that is used later as well and the first
 * change goes to daylight saving time; then the nearest standard type below that. */
static uint32_t initial_type(const struct timezone *zone)
{
    bool zero_used = false;
    for (uint32_t i = 0; i < zone->n_transitions; i++)
        zero_used = zero_used || zone->period_index[i] == 0;
    if (!zero_used)
        return 0;
    if (zone->n_transitions > 0 && zone->periods[zone->period_index[0]].is_dst)
        for (uint32_t i = zone->period_index[0]; i-- > 0;)
            if (!zone->periods[i].is_dst)
                return i;
    for (uint32_t i = 0; i < zone->n_periods; i++)
        if (!zone->periods[i].is_dst)
            return i;
    return 0;
}

/* The 64-bit block of a version 2+ file. */
static bool tzif_block(struct timezone *zone, const uint8_t *p, const struct tzif_header *h)
{
    const uint8_t *times = p, *indexes = p + h->n_time * 8, *types = indexes + h->n_time,
                  *chars = types + h->n_type * 6;
    zone->n_transitions = h->n_time;
    zone->n_periods = h->n_type;
    zone->at = calloc(h->n_time + 1, sizeof(*zone->at));
    zone->period_index = calloc(h->n_time + 1, 1);
    zone->periods = calloc(h->n_type, sizeof(*zone->periods));
    zone->abbrevs = calloc(h->n_char + 1, 1);
    if (!zone->at || !zone->period_index || !zone->periods || !zone->abbrevs)
        return false;
    memcpy(zone->abbrevs, chars, h->n_char);
    for (uint32_t i = 0; i < h->n_type; i++) {
        const uint8_t *type = types + i * 6;
        if (type[5] > h->n_char)
            return false;
        zone->periods[i] =
            (struct zone_period){(int32_t)be32(type), type[4] != 0, zone->abbrevs + type[5]};
    }
    for (uint32_t i = 0; i < h->n_time; i++) {
        zone->at[i] = be64(times + i * 8);
        zone->period_index[i] = indexes[i];
        if (indexes[i] >= h->n_type || (i > 0 && zone->at[i] < zone->at[i - 1]))
            return false;
    }
    zone->initial = zone->periods[initial_type(zone)];
    return true;
}

static bool tzif_parse(struct timezone *zone, const uint8_t *p, size_t n)
{
    struct tzif_header h;
    if (!tzif_header(p, n, &h) ||
        p[4] < '2') /* version 1: 32-bit times and no footer; no system has these any more */
        return false;
    size_t skip = TZIF_HEADER_BYTES + tzif_body_bytes(&h, 4);
    if (skip > n || !tzif_header(p + skip, n - skip, &h) || h.n_leap > 0)
        return false;
    p += skip + TZIF_HEADER_BYTES;
    n -= skip + TZIF_HEADER_BYTES;
    size_t body = tzif_body_bytes(&h, 8);
    if (body > n || !tzif_block(zone, p, &h))
        return false;

    char footer[TIMEZONE_NAME_MAX + 1];
    const char *start = (const char *)p + body;
    size_t left = n - body;
    const char *end = left > 1 ? memchr(start + 1, '\n', left - 1) : NULL;
    if (end && *start == '\n' && end - start - 1 < (ptrdiff_t)sizeof(footer)) {
        memcpy(footer, start + 1, (size_t)(end - start - 1));
        footer[end - start - 1] = '\0';
        zone->has_rule = *footer && zone_rule_parse(footer, &zone->rule);
    }
    return true;
}

static void zone_free(struct timezone *zone)
{
    if (!zone)
        return;
    free(zone->at);
    free(zone->period_index);
    free(zone->periods);
    free(zone->abbrevs);
    free(zone);
}

static struct timezone *zone_read(const char *path, const char *name)
{
    struct stat st;
    FILE *file = stat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size < ZONE_FILE_BYTES_MAX
                     ? fopen(path, "rbe")
                     : NULL;
    if (!file)
        return NULL;
    size_t size = (size_t)st.st_size;
    uint8_t *bytes = malloc(size + 1);
    struct timezone *zone = calloc(1, sizeof(*zone));
    bool ok = bytes && zone && fread(bytes, 1, size, file) == size && tzif_parse(zone, bytes, size);
    fclose(file);
    free(bytes);
    if (!ok) {
        zone_free(zone);
        return NULL;
    }
    snprintf(zone->name, sizeof(zone->name), "%s", name);
    return zone;
}

/* Finds the entry of `dir` that spells `part`, letter case aside; hidden files don't count. */
static bool find_entry(const char *dir, const char *part, size_t part_bytes, char *found,
                       size_t found_bytes)
{
    DIR *d = opendir(dir);
    bool ok = false;
    if (!d)
        return false;
    for (struct dirent *e; !ok && (e = readdir(d));)
        if (e->d_name[0] != '.' && strlen(e->d_name) == part_bytes &&
            strncasecmp(e->d_name, part, part_bytes) == 0 && part_bytes < found_bytes) {
            memcpy(found, e->d_name, part_bytes + 1);
            ok = true;
        }
    closedir(d);
    return ok;
}

static struct timezone *zone_from_file(const char *name)
{
    char path[sizeof(ZONE_DIR) + TIMEZONE_NAME_MAX + 2] = ZONE_DIR;
    size_t used = sizeof(ZONE_DIR) - 1;
    if (*name == ':')
        name++;
    if (*name == '\0')
        return NULL;
    for (const char *part = name; part;) {
        const char *slash = strchr(part, '/');
        size_t n = slash ? (size_t)(slash - part) : strlen(part);
        if (n == 0 || used + 1 + n >= sizeof(path))
            return NULL;
        char found[TIMEZONE_NAME_MAX + 1];
        if (!find_entry(path, part, n, found, sizeof(found)))
            return NULL;
        path[used] = '/';
        memcpy(path + used + 1, found, n + 1);
        used += n + 1;
        part = slash ? slash + 1 : NULL;
    }
    return zone_read(path, path + sizeof(ZONE_DIR));
}

static struct timezone *zone_from_spec(const char *spec)
{
    struct timezone *zone = calloc(1, sizeof(*zone));
    if (!zone || !zone_rule_parse(spec, &zone->rule)) {
        free(zone);
        return NULL;
    }
    zone->has_rule = true;
    zone->initial = zone->rule.standard;
    snprintf(zone->name, sizeof(zone->name), "%s", spec);
    return zone;
}

const struct timezone *timezone_utc(void)
{
    static const struct timezone utc = {
        .name = "UTC",
        .initial = {0, false, "UTC"},
        .has_rule = true,
        .rule = {.standard = {0, false, "UTC"}},
    };
    return &utc;
}

const struct timezone *timezone_find(const char *name)
{
    char upper[TIMEZONE_NAME_MAX + 1];
    size_t n = strlen(name);
    if (n > TIMEZONE_NAME_MAX)
        return NULL;
    memcpy(upper, name, n + 1);
    for (char *p = upper; *p; p++)
        if (*p >= 'a' && *p <= 'z')
            *p = (char)(*p - 32);

    pthread_mutex_lock(&zones_mutex);
    if (!zones)
        zones = map_new();
    struct timezone *zone = map_get(zones, upper, n);
    if (!zone) {
        zone = zone_from_file(upper);
        if (!zone && *upper != ':')
            zone = zone_from_spec(upper);
        if (zone)
            map_put(zones, upper, n, zone);
    }
    pthread_mutex_unlock(&zones_mutex);
    return zone;
}

const struct timezone *timezone_fixed(int32_t offset)
{
    char digits[32], name[80];
    int32_t absolute = offset < 0 ? -offset : offset;
    int n = snprintf(digits, sizeof(digits), "%02d", absolute / 3600);
    absolute %= 3600;
    if (absolute != 0)
        n += snprintf(digits + n, sizeof(digits) - (size_t)n, ":%02d", absolute / 60);
    if (absolute % 60 != 0)
        snprintf(digits + n, sizeof(digits) - (size_t)n, ":%02d", absolute % 60);
    if (offset < 0)
        snprintf(name, sizeof(name), "<-%s>+%s", digits, digits);
    else
        snprintf(name, sizeof(name), "<+%s>-%s", digits, digits);
    return timezone_find(name);
}

/* INTERVAL '[+-]hh[:mm[:ss]]' and what may follow it. */
static const struct timezone *zone_from_interval(const char *text)
{
    int32_t sign = 1, seconds = 0;
    while (isspace((unsigned char)*text))
        text++;
    if (*text++ != '\'')
        return NULL;
    if (*text == '-' || *text == '+')
        sign = *text++ == '-' ? -1 : 1;
    for (int32_t unit = 3600; unit > 0; unit /= 60) {
        char *end;
        long part = strtol(text, &end, 10);
        if (end == text || part < 0 || part > (unit == 3600 ? 167 : 59))
            return NULL;
        seconds += (int32_t)part * unit;
        text = end;
        if (*text != ':')
            break;
        text++;
    }
    return *text == '\'' ? timezone_fixed(sign * seconds) : NULL;
}

const struct timezone *timezone_from_setting(const char *value)
{
    char *end;
    if (strncasecmp(value, "interval", 8) == 0)
        return zone_from_interval(value + 8);
    double hours = strtod(value, &end);
    if (end != value && *end == '\0')
        return hours > -168 && hours < 168 ? timezone_fixed((int32_t)(hours * 3600)) : NULL;
    return timezone_find(value);
}

const char *timezone_name(const struct timezone *zone)
{
    return zone->name;
}

/* Asking a zone. */

/* The number of transitions at or before `utc`. */
static uint32_t transitions_until(const struct timezone *zone, int64_t utc)
{
    uint32_t low = 0, high = zone->n_transitions;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (zone->at[middle] <= utc)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct zone_period period_after(const struct timezone *zone, uint32_t transition)
{
    return zone->periods[zone->period_index[transition]];
}

struct zone_period timezone_at(const struct timezone *zone, int64_t utc)
{
    uint32_t n = transitions_until(zone, utc);
    if (n == zone->n_transitions && zone->has_rule)
        return zone_rule_at(&zone->rule, utc);
    return n == 0 ? zone->initial : period_after(zone, n - 1);
}

/* The period at `utc`, and the change that ends it; false: it never ends. */
static bool next_change(const struct timezone *zone, int64_t utc, struct zone_period *before,
                        int64_t *at, struct zone_period *after)
{
    uint32_t n = transitions_until(zone, utc);
    *before = n == 0 ? zone->initial : period_after(zone, n - 1);
    if (n < zone->n_transitions) {
        *at = zone->at[n];
        *after = period_after(zone, n);
        return true;
    }
    if (!zone->has_rule)
        return false;
    *before = zone_rule_at(&zone->rule, utc);
    return zone_rule_next(&zone->rule, utc, at, after);
}

struct zone_period timezone_at_local(const struct timezone *zone, int64_t local)
{
    struct zone_period before, after;
    int64_t change;
    /* No zone is a day off, so the period a day earlier or the one after it is the one we look
     * for. */
    if (!next_change(zone, local - DAY_SECONDS, &before, &change, &after))
        return before;
    int64_t by_before = local - before.offset, by_after = local - after.offset;
    if (by_before < change && by_after < change)
        return before;
    if (by_before > change && by_after >= change)
        return after;
    return by_before > by_after ? before : after; /* in the gap : in the overlap */
}

bool timezone_is_fixed(const struct timezone *zone, int32_t *offset)
{
    if (zone->n_periods == 0) {
        *offset = zone->rule.standard.offset;
        return !zone->rule.has_dst || zone->rule.dst.offset == *offset;
    }
    *offset = zone->periods[0].offset;
    for (uint32_t i = 1; i < zone->n_periods; i++)
        if (zone->periods[i].offset != *offset)
            return false;
    return true;
}

bool timezone_has_whole_minutes(const struct timezone *zone)
{
    return timezone_at(zone, INT64_C(946684800)).offset % 60 == 0; /* on 2000-01-01 */
}

bool timezone_interpret_abbrev(const struct timezone *zone, const char *abbrev, int64_t utc,
                               struct zone_period *period)
{
    uint32_t n = transitions_until(zone, utc);
    if (n == zone->n_transitions && zone->has_rule) {
        const struct zone_rule *rule = &zone->rule;
        if (strcasecmp(rule->standard.abbrev, abbrev) == 0) {
            *period = rule->standard;
            return true;
        }
        if (rule->has_dst && strcasecmp(rule->dst.abbrev, abbrev) == 0) {
            *period = rule->dst;
            return true;
        }
    }
    for (uint32_t i = n; i-- > 0;)
        if (strcasecmp(period_after(zone, i).abbrev, abbrev) == 0) {
            *period = period_after(zone, i);
            return true;
        }
    for (uint32_t i = n; i < zone->n_transitions; i++)
        if (strcasecmp(period_after(zone, i).abbrev, abbrev) == 0) {
            *period = period_after(zone, i);
            return true;
        }
    return false;
}

/* Walks the zone directory; `prefix` is the name so far, empty or ending in a slash. */
static bool each_in_dir(const char *prefix, int depth, bool (*fn)(void *, const struct timezone *),
                        void *arg)
{
    char path[sizeof(ZONE_DIR) + TIMEZONE_NAME_MAX + 2];
    snprintf(path, sizeof(path), "%s/%s", ZONE_DIR, prefix);
    DIR *dir = opendir(path);
    bool more = true;
    if (!dir)
        return true;
    for (struct dirent *e; more && (e = readdir(dir));) {
        char name[TIMEZONE_NAME_MAX + 1];
        struct stat st;
        if (e->d_name[0] == '.' || strlen(prefix) + strlen(e->d_name) + 2 > sizeof(name))
            continue;
        int n = snprintf(name, sizeof(name), "%s%s", prefix, e->d_name);
        char full[sizeof(path) + TIMEZONE_NAME_MAX];
        snprintf(full, sizeof(full), "%s/%s", ZONE_DIR, name);
        if (n < 0 || stat(full, &st) != 0)
            continue;
        if (S_ISDIR(st.st_mode)) {
            if (depth < 3 && n + 1 < (int)sizeof(name)) {
                name[n] = '/';
                name[n + 1] = '\0';
                more = each_in_dir(name, depth + 1, fn, arg);
            }
            continue;
        }
        struct timezone *zone = zone_read(full, name);
        if (zone)
            more = fn(arg, zone);
        zone_free(zone);
    }
    closedir(dir);
    return more;
}

void timezone_each(bool (*fn)(void *arg, const struct timezone *zone), void *arg)
{
    each_in_dir("", 0, fn, arg);
}
