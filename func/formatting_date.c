/* formatting_date.c - to_char of timestamps and intervals. */
#include <string.h>

#include "func/formatting.h"
#include "func/registry.h"
#include "types/datetime.h"

/* What is printed.  An interval has the same fields, but they are numbers and no date. */
struct moment {
    bool is_interval;
    int64_t year, month, day, hour;
    int minute, second, usec;
    int weekday, yearday;
    const char *zone; /* NULL: none */
    int32_t east;
};

static long long absolute(long long v)
{
    return v < 0 ? -v : v;
}

/* A number of at least `width` characters, its sign included. */
static void put_padded(struct buf *out, int width, long long v)
{
    char digits[24];
    int n = 0;
    for (long long rest = absolute(v); rest > 0 || n == 0; rest /= 10)
        digits[n++] = (char)('0' + rest % 10);
    if (v < 0)
        buf_putc(out, '-');
    for (int i = n + (v < 0); i < width; i++)
        buf_putc(out, '0');
    while (n > 0)
        buf_putc(out, digits[--n]);
}

static void put_ordinal(struct buf *out, const struct format_node *node, size_t start)
{
    if (node->modifiers & (MODIFIER_TH_UPPER | MODIFIER_TH_LOWER))
        format_put_ordinal(out, start, node->modifiers & MODIFIER_TH_UPPER);
}

/* A number of `width` characters, with the pattern's modifiers. */
static void put_fixed(struct buf *out, const struct format_node *node, int width, long long v)
{
    size_t start = out->n;
    put_padded(out, node->modifiers & MODIFIER_FM ? 0 : width, v);
    put_ordinal(out, node, start);
}

/* The same, of `width` digits: a negative number is a character wider. */
static void put_number(struct buf *out, const struct format_node *node, int width, long long v)
{
    put_fixed(out, node, width && v < 0 ? width + 1 : width, v);
}

/* A name, padded on the right. */
static void put_name(struct buf *out, const struct format_node *node, const char *name,
                     size_t letters, size_t width)
{
    char cut[16];
    size_t n = MIN(strlen(name), MIN(letters, sizeof(cut) - 1));
    memcpy(cut, name, n);
    cut[n] = '\0';
    format_put_name(out, cut, node->pattern->letter_case);
    if (!(node->modifiers & (MODIFIER_FM | MODIFIER_TM)))
        for (; n < width; n++)
            buf_putc(out, ' ');
}

static bool not_for_intervals(struct fcall *c)
{
    err_set(c->err, ERR_INVALID_DATETIME_FORMAT,
            "invalid format specification for an interval value");
    return err_hint(c->err, "Intervals are not tied to specific calendar dates.");
}

static bool is_dotted(const struct format_node *node)
{
    return node->pattern->name[1] == '.';
}

static void put_meridian(struct buf *out, const struct format_node *node, const struct moment *m)
{
    bool pm = m->hour % 24 >= 12;
    const char *text = is_dotted(node) ? (pm ? "p.m." : "a.m.") : (pm ? "pm" : "am");
    format_put_name(out, text, node->pattern->letter_case);
}

static void put_era(struct buf *out, const struct format_node *node, const struct moment *m)
{
    bool bc = m->year <= 0;
    const char *text = is_dotted(node) ? (bc ? "b.c." : "a.d.") : (bc ? "bc" : "ad");
    format_put_name(out, text, node->pattern->letter_case);
}

/* There is no year 0 among dates. */
static long long shown_year(const struct moment *m, int64_t year)
{
    return m->is_interval || year > 0 ? year : 1 - year;
}

static void put_century(struct buf *out, const struct format_node *node, const struct moment *m)
{
    int64_t century;
    if (m->is_interval)
        century = m->year / 100;
    else
        century = m->year > 0 ? (m->year - 1) / 100 + 1 : m->year / 100 - 1;
    put_number(out, node, century <= 99 && century >= -99 ? 2 : 0, century);
}

/* The sign of the calendar year decides the width, also that of an ISO year. */
static void put_year(struct buf *out, const struct format_node *node, const struct moment *m)
{
    static const int modulus[] = {1, 10, 100, 1000};
    int digits = node->pattern->digits;
    int width = digits == 1 ? 0 : digits + (shown_year(m, m->year) < 0);
    int64_t year = m->year;
    if (node->pattern->id == DATE_ISO_YEAR)
        year = iso_year(m->year, (int)m->month, (int)m->day);
    long long v = shown_year(m, year);
    put_fixed(out, node, width, digits < 4 ? v % modulus[digits] : v);
}

static void put_year_with_comma(struct buf *out, const struct format_node *node,
                                const struct moment *m)
{
    size_t start = out->n;
    long long year = shown_year(m, m->year), thousands = year / 1000;
    buf_printf(out, "%lld,%03lld", thousands, year - thousands * 1000);
    put_ordinal(out, node, start);
}

/* Whole years of an interval have no month: January, or December when they are negative; negative
 * months count back from December. */
static void put_roman_month(struct buf *out, const struct format_node *node, const struct moment *m)
{
    int64_t month = m->month;
    if (month == 0 && m->year == 0)
        return;
    if (month == 0)
        month = m->year >= 0 ? 12 : 1;
    else if (month < 0)
        month = 13 + month;
    const char *name = format_roman_months[month - 1];
    format_put_name(out, name, node->pattern->letter_case);
    if (!(node->modifiers & MODIFIER_FM))
        for (size_t n = strlen(name); n < 4; n++)
            buf_putc(out, ' ');
}

static void put_offset(struct buf *out, const struct format_node *node, const struct moment *m)
{
    int seconds = (int)absolute(m->east);
    buf_putc(out, m->east >= 0 ? '+' : '-');
    put_padded(out, node->modifiers & MODIFIER_FM ? 0 : 2, seconds / 3600);
    if (seconds % 3600 != 0) {
        buf_putc(out, ':');
        put_padded(out, 2, seconds % 3600 / 60);
    }
}

static bool for_dates_only(enum pattern_id id)
{
    switch (id) {
    case DATE_AD:
    case DATE_MONTH:
    case DATE_MON:
    case DATE_DAY:
    case DATE_DY:
    case DATE_D:
    case DATE_ID:
    case DATE_TZ:
    case DATE_TZH:
    case DATE_TZM:
    case DATE_OF:
        return true;
    default:
        return false;
    }
}

static int iso_yearday(const struct moment *m)
{
    int64_t year = iso_year(m->year, (int)m->month, (int)m->day);
    return (int)(civil_to_julian(m->year, (int)m->month, (int)m->day) - iso_week_julian(year, 1)) +
           1;
}

static void put_pattern(struct buf *out, const struct format_node *node, const struct moment *m)
{
    static const int fraction_unit[] = {0, 100000, 10000, 1000, 100, 10, 1};
    switch ((enum pattern_id)node->pattern->id) {
    case DATE_AM:
        put_meridian(out, node, m);
        break;
    case DATE_AD:
        put_era(out, node, m);
        break;
    case DATE_HH12: /* the width goes by the sign of the hour itself */
        put_fixed(out, node, m->hour >= 0 ? 2 : 3, m->hour % 12 == 0 ? 12 : m->hour % 12);
        break;
    case DATE_HH24:
        put_number(out, node, 2, m->hour);
        break;
    case DATE_MI:
        put_number(out, node, 2, m->minute);
        break;
    case DATE_SS:
        put_number(out, node, 2, m->second);
        break;
    case DATE_FF: {
        size_t start = out->n;
        put_padded(out, node->pattern->digits, m->usec / fraction_unit[node->pattern->digits]);
        put_ordinal(out, node, start);
        break;
    }
    case DATE_SSSS:
        put_number(out, node, 0, (m->hour * 60 + m->minute) * 60 + m->second);
        break;
    case DATE_TZ:
        if (m->zone && node->pattern->letter_case == CASE_LOWER)
            format_put_name(out, m->zone, CASE_LOWER);
        else if (m->zone)
            buf_puts(out, m->zone);
        break;
    case DATE_TZH:
        buf_putc(out, m->east >= 0 ? '+' : '-');
        put_padded(out, 2, absolute(m->east) / 3600);
        break;
    case DATE_TZM:
        put_padded(out, 2, absolute(m->east) % 3600 / 60);
        break;
    case DATE_OF:
        put_offset(out, node, m);
        break;
    case DATE_MONTH:
        put_name(out, node, format_months[m->month - 1], 9, 9);
        break;
    case DATE_MON:
        put_name(out, node, format_months[m->month - 1], 3, 0);
        break;
    case DATE_MM:
        put_number(out, node, 2, m->month);
        break;
    case DATE_DAY:
        put_name(out, node, format_weekdays[m->weekday], 9, 9);
        break;
    case DATE_DY:
        put_name(out, node, format_weekdays[m->weekday], 3, 0);
        break;
    case DATE_DDD:
        put_fixed(out, node, 3, m->yearday);
        break;
    case DATE_IDDD:
        put_fixed(out, node, 3, iso_yearday(m));
        break;
    case DATE_DD:
        put_fixed(out, node, 2, m->day);
        break;
    case DATE_D:
        put_number(out, node, 0, m->weekday + 1);
        break;
    case DATE_ID:
        put_number(out, node, 0, m->weekday == 0 ? 7 : m->weekday);
        break;
    case DATE_WW:
        put_fixed(out, node, 2, (m->yearday - 1) / 7 + 1);
        break;
    case DATE_IW:
        put_fixed(out, node, 2, iso_week(m->year, (int)m->month, (int)m->day));
        break;
    case DATE_Q:
        if (m->month != 0)
            put_number(out, node, 0, (m->month - 1) / 3 + 1);
        break;
    case DATE_CC:
        put_century(out, node, m);
        break;
    case DATE_Y_YYY:
        put_year_with_comma(out, node, m);
        break;
    case DATE_YEAR:
    case DATE_ISO_YEAR:
        put_year(out, node, m);
        break;
    case DATE_RM:
        put_roman_month(out, node, m);
        break;
    case DATE_W:
        put_number(out, node, 0, (m->day - 1) / 7 + 1);
        break;
    case DATE_J:
        put_number(out, node, 0, civil_to_julian(m->year, (int)m->month, (int)m->day));
        break;
    default: /* FX means nothing here */
        break;
    }
}

static bool print_moment(struct fcall *c, const struct format *format, const struct moment *m)
{
    struct buf out = BUF_IN(c->arena);
    for (const struct format_node *node = format->nodes; node->kind != NODE_END; node++) {
        if (node->kind != NODE_PATTERN) {
            buf_puts(&out, node->text);
            continue;
        }
        if (m->is_interval && for_dates_only(node->pattern->id))
            return not_for_intervals(c);
        put_pattern(&out, node, m);
    }
    return return_bytes(c, out.n ? out.p : "", out.n);
}

static struct moment moment_of(const struct civil *civil, const struct zone_period *period)
{
    int64_t julian = civil_to_julian(civil->year, civil->month, civil->day);
    return (struct moment){
        .year = civil->year,
        .month = civil->month,
        .day = civil->day,
        .hour = civil->hour,
        .minute = civil->minute,
        .second = civil->second,
        .usec = civil->usec,
        .weekday = julian_weekday(julian),
        .yearday = civil_yearday(civil),
        .zone = period ? period->abbrev : NULL,
        .east = period ? period->offset : 0,
    };
}

static bool timestamp_to_char_in(struct fcall *c, const struct timezone *zone)
{
    int64_t timestamp = ARG_I(c, 0);
    struct civil civil;
    struct zone_period period;
    if (ARG_N(c, 1) == 0 || TIMESTAMP_IS_INFINITE(timestamp))
        return return_null(c);
    if (!(zone ? timestamptz_to_civil(timestamp, zone, &civil, &period)
               : timestamp_to_civil(timestamp, &civil)))
        return err_set(c->err, ERR_DATETIME_VALUE_OUT_OF_RANGE, "timestamp out of range");
    const struct format *format = format_of_dates(c, &c->args[1]);
    if (!format)
        return false;
    struct moment moment = moment_of(&civil, zone ? &period : NULL);
    return print_moment(c, format, &moment);
}

static bool timestamp_to_char(struct fcall *c)
{
    return timestamp_to_char_in(c, NULL);
}

static bool timestamptz_to_char(struct fcall *c)
{
    return timestamp_to_char_in(c, settings_timezone(c->env->settings));
}

static bool interval_to_char(struct fcall *c)
{
    struct interval_fields f;
    if (ARG_N(c, 1) == 0)
        return return_null(c);
    const struct format *format = format_of_dates(c, &c->args[1]);
    if (!format)
        return false;
    interval_split(interval_of(&c->args[0]), &f);
    struct moment moment = {
        .is_interval = true,
        .year = f.years,
        .month = f.months,
        .day = f.days,
        .hour = f.hours,
        .minute = f.minutes,
        .second = f.seconds,
        .usec = f.usec,
        .yearday =
            (int)((f.years * 12 + f.months) * 30 + f.days), /* all the days there are, nearly */
    };
    return print_moment(c, format, &moment);
}

FUNC_TABLE(formatting_date_funcs) = {
    {"timestamp_to_char", timestamp_to_char},
    {"timestamptz_to_char", timestamptz_to_char},
    {"interval_to_char", interval_to_char},
    {NULL, NULL},
};
