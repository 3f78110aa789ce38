/* timezone_posix.c - POSIX time zone specifications: "EST5EDT,M3.2.0,M11.1.0".
 *
 * They come from users, and as the footer of a TZif file, where they tell what holds after its
 * last transition.  A rule is evaluated by listing the changes of three neighbouring years: those
 * around any instant are among them. */
#include "types/timezone_int.h"

#include <string.h>

#define DAY_SECONDS 86400
/* What a daylight saving name without a rule means: the practice of the United States since 2007.
 */
#define DEFAULT_CHANGES ",M3.2.0,M11.1.0"

static bool is_leap(int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Days from 1970-01-01 to January 1 of `year`. */
static int64_t year_start_days(int64_t year)
{
    int64_t y = year - 1;
    int64_t quads = y >= 0 ? y / 4 : (y - 3) / 4;
    int64_t centuries = y >= 0 ? y / 100 : (y - 99) / 100;
    int64_t cycles = y >= 0 ? y / 400 : (y - 399) / 400;
    return y * 365 + quads - centuries + cycles - 719162;
}

static int64_t year_of(int64_t utc)
{
    int64_t days = utc / DAY_SECONDS - (utc % DAY_SECONDS < 0);
    int64_t year = 1970 + days * 400 / 146097;
    while (year_start_days(year) > days)
        year--;
    while (year_start_days(year + 1) <= days)
        year++;
    return year;
}

/* The day of the year, from 0, on which the change falls. */
static int change_day(const struct zone_change *change, int64_t year)
{
    static const int month_start[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};
    bool leap = is_leap(year);
    switch (change->kind) {
    case CHANGE_JULIAN:
        return change->day - 1 + (leap && change->day >= 60);
    case CHANGE_DAY:
        return change->day;
    case CHANGE_WEEKDAY:
        break;
    }
    int first = month_start[change->month - 1] + (leap && change->month > 2);
    int length =
        month_start[change->month] - month_start[change->month - 1] + (leap && change->month == 2);
    int64_t days = year_start_days(year) + first;
    int weekday = (int)(((days + 4) % 7 + 7) % 7); /* 1970-01-01 was a Thursday */
    int day = (change->day - weekday + 7) % 7 + 7 * (change->week - 1);
    while (day >= length)
        day -= 7;
    return first + day;
}

struct change_at {
    int64_t utc;
    bool to_dst;
};

/* The changes of the years around `utc`, in order. */
static int list_changes(const struct zone_rule *rule, int64_t utc, struct change_at changes[6])
{
    int n = 0;
    int64_t year = year_of(utc);
    for (int64_t y = year - 1; y <= year + 1; y++) {
        int64_t start = year_start_days(y);
        int64_t dst = (start + change_day(&rule->to_dst, y)) * DAY_SECONDS + rule->to_dst.second -
                      rule->standard.offset;
        int64_t standard = (start + change_day(&rule->to_standard, y)) * DAY_SECONDS +
                           rule->to_standard.second - rule->dst.offset;
        changes[n++] = (struct change_at){dst, true};
        changes[n++] = (struct change_at){standard, false};
    }
    for (int i = 1; i < n; i++)
        for (int k = i; k > 0 && changes[k].utc < changes[k - 1].utc; k--) {
            struct change_at swap = changes[k];
            changes[k] = changes[k - 1];
            changes[k - 1] = swap;
        }
    return n;
}

struct zone_period zone_rule_at(const struct zone_rule *rule, int64_t utc)
{
    if (!rule->has_dst)
        return rule->standard;
    struct change_at changes[6];
    int n = list_changes(rule, utc, changes);
    while (n > 0 && changes[n - 1].utc > utc)
        n--;
    return n > 0 && changes[n - 1].to_dst ? rule->dst : rule->standard;
}

bool zone_rule_next(const struct zone_rule *rule, int64_t utc, int64_t *at,
                    struct zone_period *after)
{
    if (!rule->has_dst)
        return false;
    struct change_at changes[6];
    int n = list_changes(rule, utc, changes);
    for (int i = 0; i < n; i++)
        if (changes[i].utc > utc) {
            *at = changes[i].utc;
            *after = changes[i].to_dst ? rule->dst : rule->standard;
            return true;
        }
    return false;
}

/* Parsing.  Each step moves *text past what it took. */

static bool take_number(const char **text, int min, int max, int *number)
{
    const char *p = *text;
    int n = 0;
    if (*p < '0' || *p > '9')
        return false;
    for (; *p >= '0' && *p <= '9'; p++) {
        n = n * 10 + (*p - '0');
        if (n > max)
            return false;
    }
    if (n < min)
        return false;
    *text = p;
    *number = n;
    return true;
}

/* [+-]hh[:mm[:ss]], up to a week. */
static bool take_time(const char **text, int32_t *seconds)
{
    int sign = 1, hours, minutes = 0, secs = 0;
    if (**text == '-' || **text == '+')
        sign = *(*text)++ == '-' ? -1 : 1;
    if (!take_number(text, 0, 24 * 7 - 1, &hours))
        return false;
    if (**text == ':') {
        (*text)++;
        if (!take_number(text, 0, 59, &minutes))
            return false;
        if (**text == ':') {
            (*text)++;
            if (!take_number(text, 0, 60, &secs))
                return false;
        }
    }
    *seconds = sign * (hours * 3600 + minutes * 60 + secs);
    return true;
}

static bool take_change(const char **text, struct zone_change *change)
{
    *change = (struct zone_change){.second = 2 * 3600};
    if (**text == 'J') {
        (*text)++;
        change->kind = CHANGE_JULIAN;
        if (!take_number(text, 1, 365, &change->day))
            return false;
    } else if (**text == 'M') {
        (*text)++;
        change->kind = CHANGE_WEEKDAY;
        if (!take_number(text, 1, 12, &change->month) || *(*text)++ != '.' ||
            !take_number(text, 1, 5, &change->week) || *(*text)++ != '.' ||
            !take_number(text, 0, 6, &change->day))
            return false;
    } else {
        change->kind = CHANGE_DAY;
        if (!take_number(text, 0, 365, &change->day))
            return false;
    }
    if (**text != '/')
        return true;
    (*text)++;
    return take_time(text, &change->second);
}

/* A name: letters and the like, or anything between angle brackets.  Appends it to rule->abbrevs.
 */
static bool take_name(const char **text, struct zone_rule *rule, size_t *used, const char **name)
{
    const char *start = *text, *end;
    if (*start == '<') {
        end = strchr(++start, '>');
        if (!end)
            return false;
        *text = end + 1;
    } else {
        end = start + strcspn(start, "0123456789,-+");
        *text = end;
    }
    size_t n = (size_t)(end - start);
    if (*used + n + 1 > sizeof(rule->abbrevs) - 2)
        return false;
    memcpy(rule->abbrevs + *used, start, n);
    rule->abbrevs[*used + n] = '\0';
    *name = rule->abbrevs + *used;
    *used += n + 1;
    return true;
}

bool zone_rule_parse(const char *text, struct zone_rule *rule)
{
    size_t used = 0;
    int32_t west;
    *rule = (struct zone_rule){.has_dst = false};
    if (!take_name(&text, rule, &used, &rule->standard.abbrev) || !take_time(&text, &west))
        return false;
    rule->standard.offset = -west;
    if (*text == '\0')
        return true;

    rule->has_dst = true;
    rule->dst.is_dst = true;
    if (!take_name(&text, rule, &used, &rule->dst.abbrev) || *rule->dst.abbrev == '\0')
        return false;
    west -= 3600;
    if (*text != '\0' && *text != ',' && *text != ';' && !take_time(&text, &west))
        return false;
    rule->dst.offset = -west;
    if (*text == '\0')
        text = DEFAULT_CHANGES;
    if (*text != ',' && *text != ';')
        return false;
    text++;
    return take_change(&text, &rule->to_dst) && *text++ == ',' &&
           take_change(&text, &rule->to_standard) && *text == '\0';
}
