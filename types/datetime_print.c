/* datetime_print.c - dates, times and timestamps as text, in the four DateStyles.
 *
 * ISO is what machines get.  The others differ in the order of the fields and in showing the zone
 * by its name. */
#include "types/datetime_int.h"

#define ZONE_NAME_MAX 10 /* letters of a zone's abbreviation that are shown */

static const char *const month_names[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
static const char *const weekday_names[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

static long long shown_year(const struct civil *c)
{
    return c->year > 0 ? c->year : 1 - c->year;
}

static void print_era(const struct civil *c, struct buf *out)
{
    if (c->year <= 0)
        buf_puts(out, " BC");
}

/* Fixed-width decimal of a small number. */
static void put_digits(struct buf *out, long long value, int width)
{
    char digits[24];
    int n = 0;
    do {
        digits[n++] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    while (n < width)
        digits[n++] = '0';
    while (n > 0)
        buf_putc(out, digits[--n]);
}

void dt_print_fraction(int usec, struct buf *out)
{
    if (usec == 0)
        return;
    if (usec < 0)
        usec = -usec;
    int width = 6;
    for (; usec % 10 == 0; width--)
        usec /= 10;
    buf_putc(out, '.');
    put_digits(out, usec, width);
}

static void print_time_of_day(const struct civil *c, struct buf *out)
{
    put_digits(out, c->hour, 2);
    buf_putc(out, ':');
    put_digits(out, c->minute, 2);
    buf_putc(out, ':');
    put_digits(out, c->second, 2);
    dt_print_fraction(c->usec, out);
}

/* +hh[:mm[:ss]] */
static void print_offset(int32_t west, bool minutes_always, struct buf *out)
{
    int32_t seconds = west < 0 ? -west : west;
    buf_putc(out, west <= 0 ? '+' : '-');
    put_digits(out, seconds / 3600, 2);
    if (seconds % 3600 == 0 && !minutes_always)
        return;
    buf_putc(out, ':');
    put_digits(out, seconds / 60 % 60, 2);
    if (seconds % 60 == 0)
        return;
    buf_putc(out, ':');
    put_digits(out, seconds % 60, 2);
}

/* The date alone: numbers with a separator between them. */
static void print_date(const struct civil *c, enum date_style style, enum date_order order,
                       struct buf *out)
{
    bool day_first = order == DATE_ORDER_DMY;
    char separator = style == DATE_STYLE_SQL ? '/' : style == DATE_STYLE_GERMAN ? '.' : '-';
    switch (style) {
    case DATE_STYLE_ISO:
        put_digits(out, shown_year(c), 4);
        buf_putc(out, separator);
        put_digits(out, c->month, 2);
        buf_putc(out, separator);
        put_digits(out, c->day, 2);
        return;
    case DATE_STYLE_GERMAN:
        day_first = true;
        break;
    case DATE_STYLE_SQL:
    case DATE_STYLE_POSTGRES:
        break;
    }
    put_digits(out, day_first ? c->day : c->month, 2);
    buf_putc(out, separator);
    put_digits(out, day_first ? c->month : c->day, 2);
    buf_putc(out, separator);
    put_digits(out, shown_year(c), 4);
}

static void print_day_month(const struct civil *c, enum date_order order, struct buf *out)
{
    if (order == DATE_ORDER_DMY) {
        put_digits(out, c->day, 2);
        buf_printf(out, " %s", month_names[c->month - 1]);
    } else {
        buf_printf(out, "%s ", month_names[c->month - 1]);
        put_digits(out, c->day, 2);
    }
}

/* `period` is NULL for a timestamp without time zone. */
static void print_timestamp(const struct civil *c, const struct zone_period *period,
                            const struct settings *settings, struct buf *out)
{
    enum date_style style = settings ? settings->date_style : DATE_STYLE_ISO;
    enum date_order order = settings ? settings->date_order : DATE_ORDER_MDY;
    if (style == DATE_STYLE_POSTGRES) {
        int weekday = julian_weekday(civil_to_julian(c->year, c->month, c->day));
        buf_printf(out, "%s ", weekday_names[weekday]);
        print_day_month(c, order, out);
        buf_putc(out, ' ');
        print_time_of_day(c, out);
        buf_putc(out, ' ');
        put_digits(out, shown_year(c), 4);
    } else {
        print_date(c, style, order, out);
        buf_putc(out, ' ');
        print_time_of_day(c, out);
    }
    if (period && style == DATE_STYLE_ISO)
        print_offset(-period->offset, false, out);
    else if (period)
        buf_printf(out, " %.*s", ZONE_NAME_MAX, period->abbrev);
    print_era(c, out);
}

static bool print_infinity(bool infinite, bool positive, struct buf *out)
{
    if (infinite)
        buf_puts(out, positive ? "infinity" : "-infinity");
    return infinite;
}

static bool out_of_range(struct err *err)
{
    return err_set(err, ERR_DATETIME_VALUE_OUT_OF_RANGE, "timestamp out of range");
}

void date_print(int64_t date, const struct settings *settings, struct buf *out)
{
    if (print_infinity(DATE_IS_INFINITE(date), date == DATE_INFINITY, out))
        return;
    struct civil c = {0};
    julian_to_civil(date + JULIAN_2000, &c);
    print_date(&c, settings ? settings->date_style : DATE_STYLE_ISO,
               settings ? settings->date_order : DATE_ORDER_MDY, out);
    print_era(&c, out);
}

bool timestamp_print(int64_t timestamp, const struct settings *settings, struct buf *out,
                     struct err *err)
{
    struct civil c;
    if (print_infinity(TIMESTAMP_IS_INFINITE(timestamp), timestamp == TIMESTAMP_INFINITY, out))
        return true;
    if (!timestamp_to_civil(timestamp, &c))
        return out_of_range(err);
    print_timestamp(&c, NULL, settings, out);
    return true;
}

bool timestamptz_print(int64_t timestamp, const struct settings *settings, struct buf *out,
                       struct err *err)
{
    struct civil c;
    struct zone_period period;
    if (print_infinity(TIMESTAMP_IS_INFINITE(timestamp), timestamp == TIMESTAMP_INFINITY, out))
        return true;
    if (!timestamptz_to_civil(timestamp, settings_timezone(settings), &c, &period))
        return out_of_range(err);
    print_timestamp(&c, &period, settings, out);
    return true;
}

void time_print(int64_t usec, struct buf *out)
{
    struct civil c = {0};
    usec_to_civil_time(usec, &c);
    print_time_of_day(&c, out);
}

void timetz_print(const struct timetz *timetz, struct buf *out)
{
    time_print(timetz->usec, out);
    print_offset(timetz->west, false, out);
}

void date_print_iso(int64_t date, struct buf *out)
{
    date_print(date, NULL, out);
}

static void print_iso(const struct civil *c, const struct zone_period *period, struct buf *out)
{
    print_date(c, DATE_STYLE_ISO, DATE_ORDER_YMD, out);
    buf_putc(out, 'T');
    print_time_of_day(c, out);
    if (period)
        print_offset(-period->offset, true, out);
    print_era(c, out);
}

bool timestamp_print_iso(int64_t timestamp, struct buf *out, struct err *err)
{
    struct civil c;
    if (print_infinity(TIMESTAMP_IS_INFINITE(timestamp), timestamp == TIMESTAMP_INFINITY, out))
        return true;
    if (!timestamp_to_civil(timestamp, &c))
        return out_of_range(err);
    print_iso(&c, NULL, out);
    return true;
}

bool timestamptz_print_iso(int64_t timestamp, const struct timezone *zone, struct buf *out,
                           struct err *err)
{
    struct civil c;
    struct zone_period period;
    if (print_infinity(TIMESTAMP_IS_INFINITE(timestamp), timestamp == TIMESTAMP_INFINITY, out))
        return true;
    if (!timestamptz_to_civil(timestamp, zone, &c, &period))
        return out_of_range(err);
    print_iso(&c, &period, out);
    return true;
}
