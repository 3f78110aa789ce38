/* formatting_parse.c - to_date and to_timestamp: read a text by a template.
 *
 * The template's nodes are matched one by one.  Outside FX mode spaces are skipped before fields,
 * and a separator matches any separator or none.  Fields collect in struct found, where 0 means
 * "not given" and a second value must equal the first; at the end they are put together to a date:
 * later sources (day of year, week) fill in what is missing. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "func/formatting.h"
#include "func/registry.h"
#include "types/datetime.h"
#include "types/datetime_int.h"

struct found {
    enum calendar calendar;
    int hour, pm, minute, second, day_seconds;
    int weekday; /* 1 = Sunday */
    int day, yearday, month, year, bc;
    int year_digits; /* as written */
    int week, week_of_month, century, julian;
    int msec, usec, precision;
    bool twelve_hours;
    int zone_sign, zone_hour, zone_minute;
};

struct reader {
    struct fcall *c;
    const char *at, *end; /* the text left; *end is NUL */
    bool fixed;           /* FX: no liberties */
    int skipped;          /* characters of the text that went beyond the template's */
    struct found found;
};

static bool bad(struct fcall *c, const char *format, ...) PRINTF_LIKE(2, 3);
static bool bad(struct fcall *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    err_set(c->err, ERR_INVALID_DATETIME_FORMAT, "%s", arena_vprintf(c->arena, format, args));
    va_end(args);
    return false;
}

static bool set_field(struct reader *r, int *field, int value, const struct format_node *node)
{
    if (*field != 0 && *field != value) {
        bad(r->c, "conflicting values for \"%s\" field in formatting string", node->pattern->name);
        return err_detail(r->c->err,
                          "This value contradicts a previous setting for the same field type.");
    }
    *field = value;
    return true;
}

/* Whether what follows a number in the template is no digit, so that the number may be as long as
 * it likes. */
static bool digits_end_here(const struct format_node *node)
{
    if (node->modifiers & (MODIFIER_TH_UPPER | MODIFIER_TH_LOWER))
        return true;
    node++;
    if (node->kind == NODE_END)
        return true;
    if (node->kind == NODE_PATTERN)
        return !node->pattern->is_number;
    return !format_is_digit(node->text[0]);
}

static const char *hint_fm =
    "If your source string is not fixed-width, try using the \"FM\" modifier.";

/* Reads an integer of `width` characters, or of any length where its end is clear.  *read_bytes
 * counts the spaces before it, too.  `field` NULL: the value is not kept. */
static bool read_number(struct reader *r, const struct format_node *node, int width, int *field,
                        int *read_bytes)
{
    const char *start = r->at, *name = node->pattern->name;
    char copy[32], *stop;
    while (r->at < r->end && format_is_space(*r->at))
        r->at++;
    int left = (int)(r->end - r->at), n = MIN(left, width);
    memcpy(copy, r->at, (size_t)n);
    copy[n] = '\0';
    errno = 0;
    long value;
    if ((node->modifiers & MODIFIER_FM) || digits_end_here(node)) {
        value = strtol(start, &stop, 10);
        r->at = stop;
    } else {
        if (left < width) {
            bad(r->c, "source string too short for \"%s\" formatting field", name);
            err_detail(r->c->err, "Field requires %d characters, but only %d remain.", width, left);
            return err_hint(r->c->err, "%s", hint_fm);
        }
        value = strtol(copy, &stop, 10);
        int used = (int)(stop - copy);
        if (used > 0 && used < width) {
            bad(r->c, "invalid value \"%s\" for \"%s\"", copy, name);
            err_detail(r->c->err, "Field requires %d characters, but only %d could be parsed.",
                       width, used);
            return err_hint(r->c->err, "%s", hint_fm);
        }
        r->at += used;
    }
    if (r->at == start) {
        bad(r->c, "invalid value \"%s\" for \"%s\"", copy, name);
        return err_detail(r->c->err, "Value must be an integer.");
    }
    if (errno == ERANGE || value < INT_MIN || value > INT_MAX) {
        err_set(r->c->err, ERR_DATETIME_FIELD_OVERFLOW,
                "value for \"%s\" in source string is out of range", name);
        return err_detail(r->c->err, "Value must be in the range %d to %d.", INT_MIN, INT_MAX);
    }
    if (read_bytes)
        *read_bytes = (int)(r->at - start);
    return !field || set_field(r, field, (int)value, node);
}

/* Most patterns are as wide as their names are long. */
static bool read_plain(struct reader *r, const struct format_node *node, int *field)
{
    return read_number(r, node, (int)strlen(node->pattern->name), field, NULL);
}

/* Reads one of `names`, letter case aside, of each its first `letters`.  *index tells which. */
static bool read_name(struct reader *r, const struct format_node *node, const char *const *names,
                      int n_names, size_t letters, int *index)
{
    for (int i = 0; i < n_names; i++) {
        size_t n = MIN(strlen(names[i]), letters);
        if ((size_t)(r->end - r->at) >= n && strncasecmp(r->at, names[i], n) == 0) {
            r->at += n;
            *index = i;
            return true;
        }
    }
    size_t n = 0;
    while (r->at + n < r->end && !format_is_space(r->at[n]))
        n++;
    bad(r->c, "invalid value \"%.*s\" for \"%s\"", (int)n, r->at, node->pattern->name);
    return err_detail(r->c->err,
                      "The given value did not match any of the allowed values for this field.");
}

/* "am"/"pm" or "ad"/"bc": sets the field to 0 or 1. */
static bool read_pair(struct reader *r, const struct format_node *node, const char *const dotted[2],
                      const char *const plain[2], int *field)
{
    int index;
    bool is_dotted = node->pattern->name[1] == '.';
    return read_name(r, node, is_dotted ? dotted : plain, 2, SIZE_MAX, &index) &&
           set_field(r, field, index, node);
}

static bool read_month(struct reader *r, const struct format_node *node, size_t letters)
{
    int index;
    return read_name(r, node, format_months, 12, letters, &index) &&
           set_field(r, &r->found.month, index + 1, node);
}

static bool read_weekday(struct reader *r, const struct format_node *node, size_t letters)
{
    int index;
    if (!read_name(r, node, format_weekdays, 7, letters, &index) ||
        !set_field(r, &r->found.weekday, index, node))
        return false;
    r->found.weekday++;
    return true;
}

/* From the longest name to the shortest beginning with the same letter: XII before XI before X. */
static bool read_roman_month(struct reader *r, const struct format_node *node)
{
    const char *names[12];
    int index;
    for (int i = 0; i < 12; i++)
        names[i] = format_roman_months[11 - i];
    return read_name(r, node, names, 12, SIZE_MAX, &index) &&
           set_field(r, &r->found.month, 12 - index, node);
}

/* A fraction: as many digits as there are count from the left. */
static bool read_fraction(struct reader *r, const struct format_node *node)
{
    bool msec = (node->pattern->name[0] | 0x20) == 'm';
    int width = node->pattern->digits, full = msec ? 3 : 6, read;
    int *field = msec ? &r->found.msec : &r->found.usec;
    if ((node->pattern->name[0] | 0x20) == 'f')
        r->found.precision = width;
    if (!read_number(r, node, width, field, &read))
        return false;
    for (; read < full; read++)
        *field *= 10;
    return true;
}

static int complete_year(int year)
{
    if (year < 70)
        return year + 2000;
    if (year < 100)
        return year + 1900;
    if (year < 520)
        return year + 2000;
    return year < 1000 ? year + 1000 : year;
}

static bool read_year(struct reader *r, const struct format_node *node)
{
    int read;
    if (!read_number(r, node, (int)strlen(node->pattern->name), &r->found.year, &read))
        return false;
    if (node->pattern->digits < 4 && read < 4)
        r->found.year = complete_year(r->found.year);
    r->found.year_digits = node->pattern->digits;
    return true;
}

/* 2,024: at most three digits after the comma. */
static bool read_year_with_comma(struct reader *r, const struct format_node *node)
{
    char *end, rest[4] = "";
    long thousands = strtol(r->at, &end, 10), below = 0;
    bool ok = end != r->at && *end == ',';
    if (ok) {
        const char *tail = end + 1;
        while (format_is_space(*tail))
            tail++;
        for (size_t n = 0; n < 3 && tail[n]; n++)
            rest[n] = tail[n];
        below = strtol(rest, &end, 10);
        ok = end != rest;
        r->at = tail + (end - rest);
    }
    if (!ok)
        return bad(r->c, "invalid input string for \"Y,YYY\"");
    r->found.year_digits = 4;
    return set_field(r, &r->found.year, (int)((uint32_t)below + (uint32_t)thousands * 1000u), node);
}

static bool read_zone_hour(struct reader *r, const struct format_node *node)
{
    /* A minus sign may have gone for a separator. */
    bool swallowed_minus = r->skipped > 0 && r->at[-1] == '-';
    if (*r->at == '+' || *r->at == '-' || *r->at == ' ')
        r->found.zone_sign = *r->at++ == '-' ? -1 : 1;
    else
        r->found.zone_sign = swallowed_minus ? -1 : 1;
    return read_number(r, node, 2, &r->found.zone_hour, NULL);
}

static bool read_iso_weekday(struct reader *r, const struct format_node *node)
{
    if (!read_number(r, node, 1, &r->found.weekday, NULL))
        return false;
    if (++r->found.weekday > 7)
        r->found.weekday = 1;
    return true;
}

/* One pattern; *ordinal: "th" may follow it. */
static bool read_pattern(struct reader *r, const struct format_node *node, bool *ordinal)
{
    static const char *const am_dotted[] = {"a.m.", "p.m."}, *const am_plain[] = {"am", "pm"};
    static const char *const ad_dotted[] = {"a.d.", "b.c."}, *const ad_plain[] = {"ad", "bc"};
    struct found *f = &r->found;
    *ordinal = false;
    switch ((enum pattern_id)node->pattern->id) {
    case DATE_FX:
        r->fixed = true;
        return true;
    case DATE_AM:
        f->twelve_hours = true;
        return read_pair(r, node, am_dotted, am_plain, &f->pm);
    case DATE_AD:
        return read_pair(r, node, ad_dotted, ad_plain, &f->bc);
    case DATE_MONTH:
        return read_month(r, node, SIZE_MAX);
    case DATE_MON:
        return read_month(r, node, 3);
    case DATE_DAY:
        return read_weekday(r, node, SIZE_MAX);
    case DATE_DY:
        return read_weekday(r, node, 3);
    case DATE_RM:
        return read_roman_month(r, node);
    case DATE_TZ:
    case DATE_OF:
        return err_set(r->c->err, ERR_FEATURE_NOT_SUPPORTED,
                       "formatting field \"%s\" is only supported in to_char", node->pattern->name);
    case DATE_TZH:
        return read_zone_hour(r, node);
    case DATE_TZM:
        if (f->zone_sign == 0)
            f->zone_sign = 1;
        return read_number(r, node, 2, &f->zone_minute, NULL);
    default:
        break;
    }
    *ordinal = true;
    switch ((enum pattern_id)node->pattern->id) {
    case DATE_HH12:
        f->twelve_hours = true;
        return read_number(r, node, 2, &f->hour, NULL);
    case DATE_HH24:
        return read_number(r, node, 2, &f->hour, NULL);
    case DATE_MI:
        return read_plain(r, node, &f->minute);
    case DATE_SS:
        return read_plain(r, node, &f->second);
    case DATE_SSSS:
        return read_plain(r, node, &f->day_seconds);
    case DATE_FF:
        return read_fraction(r, node);
    case DATE_MM:
        return read_plain(r, node, &f->month);
    case DATE_DDD:
        return read_plain(r, node, &f->yearday);
    case DATE_IDDD:
        return read_number(r, node, 3, &f->yearday, NULL);
    case DATE_DD:
        return read_plain(r, node, &f->day);
    case DATE_D:
        return read_plain(r, node, &f->weekday);
    case DATE_ID:
        return read_iso_weekday(r, node);
    case DATE_WW:
    case DATE_IW:
        return read_plain(r, node, &f->week);
    case DATE_Q: /* which month it means is anyone's guess */
        return read_plain(r, node, NULL);
    case DATE_CC:
        return read_plain(r, node, &f->century);
    case DATE_Y_YYY:
        return read_year_with_comma(r, node);
    case DATE_YEAR:
    case DATE_ISO_YEAR:
        return read_year(r, node);
    case DATE_W:
        return read_plain(r, node, &f->week_of_month);
    case DATE_J:
        return read_plain(r, node, &f->julian);
    default:
        return true;
    }
}

static void skip_char(struct reader *r)
{
    if (r->at < r->end)
        r->at += format_char_bytes(r->at, (size_t)(r->end - r->at));
}

static void skip_spaces(struct reader *r)
{
    for (; r->at < r->end && format_is_space(*r->at); r->at++)
        r->skipped++;
}

/* A character of the template that is no pattern. */
static void read_between(struct reader *r, const struct format_node *node)
{
    if (r->fixed) {
        skip_char(r);
    } else if (node->kind == NODE_CHAR) {
        if (r->skipped > 0) /* it may stand for what was skipped already */
            r->skipped--;
        else
            skip_char(r);
    } else {
        r->skipped--;
        if (format_is_space(*r->at) || format_is_separator(*r->at)) {
            r->at++;
            r->skipped++;
        }
    }
}

static bool read_by(struct reader *r, const struct format *format)
{
    for (const struct format_node *node = format->nodes; node->kind != NODE_END && r->at < r->end;
         node++) {
        bool is_pattern = node->kind == NODE_PATTERN, ordinal;
        if (!r->fixed && !(is_pattern && node->pattern->id == DATE_FX) &&
            (is_pattern || node == format->nodes))
            skip_spaces(r);
        if (!is_pattern) {
            read_between(r, node);
            continue;
        }
        enum calendar calendar = (enum calendar)node->pattern->calendar;
        if (calendar != CALENDAR_ANY && r->found.calendar != CALENDAR_ANY &&
            calendar != r->found.calendar) {
            bad(r->c, "invalid combination of date conventions");
            return err_hint(
                r->c->err,
                "Do not mix Gregorian and ISO week date conventions in a formatting template.");
        }
        if (calendar != CALENDAR_ANY)
            r->found.calendar = calendar;
        if (!read_pattern(r, node, &ordinal))
            return false;
        if (ordinal && (node->modifiers & (MODIFIER_TH_UPPER | MODIFIER_TH_LOWER))) {
            skip_char(r);
            skip_char(r);
        }
        if (!r->fixed) {
            r->skipped = 0;
            skip_spaces(r);
        }
    }
    return true;
}

/* Putting the fields together. */

struct reading {
    struct civil civil;
    bool has_zone;
    int32_t west;
    int precision; /* 0: as given */
};

#define HAVE_YEAR 1u
#define HAVE_MONTH 2u
#define HAVE_DAY 4u
#define HAVE_ALL 7u

/* The year, of itself or from its century.  0 is 1 BC. */
static void set_year(struct found *f, struct civil *civil, unsigned *have)
{
    int64_t century = f->bc ? -(int64_t)f->century : f->century;
    if (f->year && f->century && f->year_digits <= 2) {
        int64_t year = f->year % 100;
        if (year)
            civil->year =
                century >= 0 ? year + (century - 1) * 100 : (century + 1) * 100 - year + 1;
        else
            civil->year = century * 100 + (century >= 0 ? 0 : 1);
    } else if (f->year) {
        civil->year = f->bc ? -(int64_t)f->year : f->year;
        if (civil->year < 0)
            civil->year++;
    } else if (f->century) {
        civil->year = century >= 0 ? (century - 1) * 100 + 1 : century * 100 + 1;
    } else {
        return;
    }
    *have |= HAVE_YEAR;
}

static bool set_from_yearday(struct fcall *c, struct found *f, struct civil *civil, unsigned *have)
{
    if (civil->year == 0 && !f->bc)
        return bad(c, "cannot calculate day of year without year information");
    if (f->calendar == CALENDAR_ISO_WEEK) {
        julian_to_civil(iso_week_julian(civil->year, 1) - 1 + f->yearday, civil);
        *have |= HAVE_ALL;
        return true;
    }
    int month = 1, before = 0;
    while (month <= 12 && f->yearday > before + month_days(civil->year, month))
        before += month_days(civil->year, month++);
    if (civil->month <= 1)
        civil->month = month;
    if (civil->day <= 1)
        civil->day = f->yearday - before;
    *have |= HAVE_MONTH | HAVE_DAY;
    return true;
}

static bool set_date(struct fcall *c, struct found *f, struct civil *civil, unsigned *have)
{
    set_year(f, civil, have);
    if (f->julian) {
        julian_to_civil(f->julian, civil);
        *have |= HAVE_ALL;
    }
    if (f->week && f->calendar == CALENDAR_ISO_WEEK) {
        int64_t monday = iso_week_julian(civil->year, f->week);
        julian_to_civil(f->weekday == 0 ? monday : monday + (f->weekday > 1 ? f->weekday - 2 : 6),
                        civil);
        *have |= HAVE_ALL;
    } else if (f->week) {
        f->yearday = (int)((uint32_t)(f->week - 1) * 7u + 1);
    }
    if (f->week_of_month)
        f->day = (int)((uint32_t)(f->week_of_month - 1) * 7u + 1);
    if (f->day) {
        civil->day = f->day;
        *have |= HAVE_DAY;
    }
    if (f->month) {
        civil->month = f->month;
        *have |= HAVE_MONTH;
    }
    if (f->yearday && (civil->month <= 1 || civil->day <= 1))
        return set_from_yearday(c, f, civil, have);
    return true;
}

static bool set_time(struct fcall *c, const struct found *f, struct civil *civil)
{
    civil->hour = f->hour ? f->hour : f->day_seconds / 3600;
    civil->minute = f->minute ? f->minute : f->day_seconds % 3600 / 60;
    civil->second = f->second ? f->second : f->day_seconds % 60;
    if (!f->twelve_hours)
        return true;
    if (civil->hour < 1 || civil->hour > 12) {
        bad(c, "hour \"%d\" is invalid for the 12-hour clock", civil->hour);
        return err_hint(c->err, "Use the 24-hour clock, or give an hour between 1 and 12.");
    }
    if (f->pm && civil->hour < 12)
        civil->hour += 12;
    else if (!f->pm && civil->hour == 12)
        civil->hour = 0;
    return true;
}

static bool date_is_valid(const struct civil *civil, unsigned have)
{
    if ((have & HAVE_MONTH) && (civil->month < 1 || civil->month > 12))
        return false;
    if ((have & HAVE_DAY) && (civil->day < 1 || civil->day > 31))
        return false;
    return have != HAVE_ALL || civil->day <= month_days(civil->year, civil->month);
}

static bool field_out_of_range(struct fcall *c, const char *text)
{
    return err_set(c->err, ERR_DATETIME_FIELD_OVERFLOW,
                   "date/time field value out of range: \"%s\"", text);
}

static bool put_together(struct fcall *c, const char *text, struct found *f,
                         struct reading *reading)
{
    struct civil *civil = &reading->civil;
    unsigned have = 0;
    *reading = (struct reading){.civil = {.month = 1, .day = 1}, .precision = f->precision};
    if (!set_time(c, f, civil) || !set_date(c, f, civil, &have))
        return false;
    int64_t usec = f->msec * INT64_C(1000) + f->usec;
    if (!date_is_valid(civil, have))
        return field_out_of_range(c, text);
    if (civil->hour < 0 || civil->hour >= 24 || civil->minute < 0 || civil->minute >= 60 ||
        civil->second < 0 || civil->second >= 60 || usec < 0 || usec >= USEC_PER_SEC)
        return field_out_of_range(c, text);
    civil->usec = (int)usec;
    if (f->zone_sign) {
        if (f->zone_hour < 0 || f->zone_hour > 15 || f->zone_minute < 0 || f->zone_minute >= 60)
            return err_set(c->err, ERR_INVALID_TIME_ZONE_DISPLACEMENT_VALUE,
                           "time zone displacement out of range: \"%s\"", text);
        reading->has_zone = true;
        reading->west = -f->zone_sign * (f->zone_hour * 60 + f->zone_minute) * 60;
    }
    return true;
}

static bool read_text(struct fcall *c, const char **text, struct reading *reading)
{
    *text = arena_strndup(c->arena, ARG_P(c, 0), ARG_N(c, 0));
    struct reader r = {.c = c, .at = *text, .end = *text + ARG_N(c, 0)};
    const struct format *format = format_of_dates(c, &c->args[1]);
    return format && read_by(&r, format) && put_together(c, *text, &r.found, reading);
}

static bool to_timestamp(struct fcall *c)
{
    const char *text;
    struct reading reading;
    int64_t timestamp;
    if (!read_text(c, &text, &reading))
        return false;
    int32_t west = reading.has_zone
                       ? reading.west
                       : civil_west(&reading.civil, settings_timezone(c->env->settings));
    if (!civil_to_timestamp(&reading.civil, west, &timestamp))
        return err_set(c->err, ERR_DATETIME_VALUE_OUT_OF_RANGE, "timestamp out of range");
    if (reading.precision && !timestamp_apply_typmod(&timestamp, reading.precision, c->err))
        return false;
    return return_int(c, timestamp);
}

static bool to_date(struct fcall *c)
{
    const char *text;
    struct reading reading;
    if (!read_text(c, &text, &reading))
        return false;
    const struct civil *civil = &reading.civil;
    int64_t date = civil_to_julian(civil->year, civil->month, civil->day) - JULIAN_2000;
    if (!julian_in_range(civil->year, civil->month, civil->day) || date < DATE_MIN ||
        date >= DATE_END)
        return err_set(c->err, ERR_DATETIME_VALUE_OUT_OF_RANGE, "date out of range: \"%s\"", text);
    return return_int(c, date);
}

FUNC_TABLE(formatting_parse_funcs) = {
    {"to_timestamp", to_timestamp},
    {"to_date", to_date},
    {NULL, NULL},
};
