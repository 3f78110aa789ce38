/* datetime_interval.c - intervals: text in three input notations and four output styles, and
 * arithmetic.
 *
 * An interval has three parts that never mix by themselves: months, days, microseconds.  A
 * fraction spills downward only ("1.5 months" is a month and 15 days), and every sum is checked
 * for overflow. */
#include "types/datetime_int.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Input.  Years and months are added up apart; `usec` is the only part that a time sets rather
 * than adds to. */

struct sums {
    int64_t usec;
    int32_t years, months, days;
};

static bool add_int32(int32_t *sum, int64_t value, int32_t scale)
{
    int32_t product;
    return value >= INT_MIN && value <= INT_MAX &&
           !__builtin_mul_overflow((int32_t)value, scale, &product) &&
           !__builtin_add_overflow(*sum, product, sum);
}

static bool add_usec(struct sums *s, int64_t value, int64_t scale)
{
    int64_t product;
    return !__builtin_mul_overflow(value, scale, &product) &&
           !__builtin_add_overflow(s->usec, product, &s->usec);
}

/* Fractions lie between -1 and 1. */
static bool add_fraction_usec(struct sums *s, double fraction, int64_t scale)
{
    if (fraction == 0)
        return true;
    fraction *= (double)scale;
    int64_t usec = (int64_t)fraction;
    fraction -= (double)usec;
    if (fraction > 0.5)
        usec++;
    else if (fraction < -0.5)
        usec--;
    return !__builtin_add_overflow(s->usec, usec, &s->usec);
}

static bool add_fraction_days(struct sums *s, double fraction, int scale)
{
    if (fraction == 0)
        return true;
    fraction *= scale;
    int days = (int)fraction;
    return add_int32(&s->days, days, 1) && add_fraction_usec(s, fraction - days, USEC_PER_DAY);
}

static bool add_fraction_years(struct sums *s, double fraction, int scale)
{
    return add_int32(&s->months, (int)rint(fraction * scale * 12), 1);
}

/* value + fraction of a unit; false on overflow.  `known` tells whether the unit may be used at
 * all. */
static bool add_unit(struct sums *s, enum datetime_unit unit, int64_t value, double fraction,
                     bool *known)
{
    *known = true;
    switch (unit) {
    case UNIT_MICROSECOND:
        return add_usec(s, value, 1) && add_fraction_usec(s, fraction, 1);
    case UNIT_MILLISECOND:
        return add_usec(s, value, 1000) && add_fraction_usec(s, fraction, 1000);
    case UNIT_SECOND:
        return add_usec(s, value, USEC_PER_SEC) && add_fraction_usec(s, fraction, USEC_PER_SEC);
    case UNIT_MINUTE:
        return add_usec(s, value, USEC_PER_MINUTE) &&
               add_fraction_usec(s, fraction, USEC_PER_MINUTE);
    case UNIT_HOUR:
        return add_usec(s, value, USEC_PER_HOUR) && add_fraction_usec(s, fraction, USEC_PER_HOUR);
    case UNIT_DAY:
        return add_int32(&s->days, value, 1) && add_fraction_usec(s, fraction, USEC_PER_DAY);
    case UNIT_WEEK:
        return add_int32(&s->days, value, 7) && add_fraction_days(s, fraction, 7);
    case UNIT_MONTH:
        return add_int32(&s->months, value, 1) && add_fraction_days(s, fraction, 30);
    case UNIT_YEAR:
        return add_int32(&s->years, value, 1) && add_fraction_years(s, fraction, 1);
    case UNIT_DECADE:
        return add_int32(&s->years, value, 10) && add_fraction_years(s, fraction, 10);
    case UNIT_CENTURY:
        return add_int32(&s->years, value, 100) && add_fraction_years(s, fraction, 100);
    case UNIT_MILLENNIUM:
        return add_int32(&s->years, value, 1000) && add_fraction_years(s, fraction, 1000);
    default:
        *known = false;
        return true;
    }
}

/* Which of the fields a text has given already: one bit per unit, and seconds with a fraction take
 * the smaller units with them. */
#define UNIT_BIT(unit) (1u << (unit))
#define SECONDS_BITS                                                                               \
    (UNIT_BIT(UNIT_SECOND) | UNIT_BIT(UNIT_MILLISECOND) | UNIT_BIT(UNIT_MICROSECOND))
#define TIME_BITS (UNIT_BIT(UNIT_HOUR) | UNIT_BIT(UNIT_MINUTE) | SECONDS_BITS)

/* The unit of a number that has none and is the last of the text: the smallest that the column's
 * fields allow. */
static enum datetime_unit rightmost_unit(int range)
{
    if (range == INTERVAL_FULL_RANGE || (range & INTERVAL_SECOND))
        return UNIT_SECOND;
    if (range & INTERVAL_MINUTE)
        return UNIT_MINUTE;
    if (range & INTERVAL_HOUR)
        return UNIT_HOUR;
    if (range & INTERVAL_DAY)
        return UNIT_DAY;
    if (range & INTERVAL_MONTH)
        return UNIT_MONTH;
    return range & INTERVAL_YEAR ? UNIT_YEAR : UNIT_SECOND;
}

struct decoder {
    struct sums sums;
    int range;
    bool all_negative; /* SQL standard style: one leading sign is for all fields */
    bool ago;
    enum datetime_unit unit; /* of the number to the left; UNIT_NONE: nothing read yet */
    unsigned have;
};

/* A time token sets the microseconds. */
static enum dt_status decode_time(struct decoder *d, const char *text, unsigned *found)
{
    int64_t hours;
    int minute, second, usec;
    *found = TIME_BITS;
    enum dt_status status = dt_time(text, d->range == (INTERVAL_MINUTE | INTERVAL_SECOND), &hours,
                                    &minute, &second, &usec);
    if (status != DT_OK)
        return status;
    d->sums.usec = 0;
    return add_usec(&d->sums, hours, USEC_PER_HOUR) &&
                   add_usec(&d->sums, minute, USEC_PER_MINUTE) &&
                   add_usec(&d->sums, second, USEC_PER_SEC) && add_usec(&d->sums, usec, 1)
               ? DT_OK
               : DT_FIELD_OVERFLOW;
}

/* "years-months", after the years. */
static enum dt_status decode_months(const char *text, const char *dash, int64_t *value)
{
    int months;
    if (!dt_take_int(dash + 1, &dash, &months) || months < 0 || months >= 12)
        return DT_FIELD_OVERFLOW;
    if (*dash != '\0')
        return DT_BAD_FORMAT;
    if (*text == '-')
        months = -months;
    return __builtin_mul_overflow(*value, 12, value) ||
                   __builtin_add_overflow(*value, months, value)
               ? DT_FIELD_OVERFLOW
               : DT_OK;
}

static enum dt_status decode_number(struct decoder *d, const char *text, unsigned *found)
{
    const char *end;
    int64_t value;
    double fraction = 0;
    enum dt_status status = DT_OK;
    if (d->unit == UNIT_NONE)
        d->unit = rightmost_unit(d->range);
    if (!dt_take_int64(text, &end, &value))
        return DT_FIELD_OVERFLOW;
    if (*end == '-') {
        status = decode_months(text, end, &value);
        d->unit = UNIT_MONTH;
    } else if (*end == '.') {
        status = dt_fraction(end, &fraction);
        if (*text == '-')
            fraction = -fraction;
    } else if (*end != '\0') {
        status = DT_BAD_FORMAT;
    }
    if (status != DT_OK)
        return status;
    if (d->all_negative) {
        value = value > 0 ? -value : value;
        fraction = fraction > 0 ? -fraction : fraction;
    }
    bool known;
    if (!add_unit(&d->sums, d->unit, value, fraction, &known))
        return DT_FIELD_OVERFLOW;
    *found = d->unit == UNIT_SECOND && fraction != 0 ? SECONDS_BITS : UNIT_BIT(d->unit);
    if (d->unit == UNIT_HOUR)
        d->unit = UNIT_DAY; /* "3 4:05": a day comes before the hours */
    return known ? DT_OK : DT_BAD_FORMAT;
}

static void make_time_negative(struct decoder *d)
{
    if (d->all_negative && d->sums.usec > 0)
        d->sums.usec = -d->sums.usec;
}

static enum dt_status decode_signed(struct decoder *d, const char *text, unsigned *found)
{
    /* A wrong time is read as a number instead, and keeps what it has set. */
    if (strchr(text + 1, ':') && decode_time(d, text + 1, found) == DT_OK) {
        if (*text == '-') {
            if (d->sums.usec == INT64_MIN)
                return DT_FIELD_OVERFLOW;
            d->sums.usec = -d->sums.usec;
        }
        make_time_negative(d);
        d->unit = UNIT_DAY;
        return DT_OK;
    }
    return decode_number(d, text, found);
}

static enum dt_status decode_token(struct decoder *d, enum dt_token_kind kind, const char *text,
                                   unsigned *found)
{
    enum dt_status status;
    struct dt_word word;
    *found = 0;
    switch (kind) {
    case TOKEN_TIME:
        status = decode_time(d, text, found);
        make_time_negative(d);
        d->unit = UNIT_DAY;
        return status;
    case TOKEN_ZONE:
        return decode_signed(d, text, found);
    case TOKEN_DATE:
    case TOKEN_NUMBER:
        return decode_number(d, text, found);
    case TOKEN_WORD:
    case TOKEN_SPECIAL:
        break;
    }
    word = dt_interval_word_find(text);
    switch (word.kind) {
    case WORD_IGNORE:
        return DT_OK;
    case WORD_UNIT:
        d->unit = (enum datetime_unit)word.value;
        return DT_OK;
    case WORD_AGO:
        d->ago = true;
        d->unit = UNIT_OTHER;
        return DT_OK;
    default:
        return DT_BAD_FORMAT;
    }
}

static bool negate_sums(struct sums *s)
{
    if (s->usec == INT64_MIN || s->days == INT_MIN || s->months == INT_MIN || s->years == INT_MIN)
        return false;
    *s = (struct sums){-s->usec, -s->years, -s->months, -s->days};
    return true;
}

/* PostgreSQL's and the SQL standard's notations, from right to left, so that a unit is known
 * before its number. */
static enum dt_status decode_tokens(struct decoder *d, const struct dt_tokens *tokens,
                                    bool sql_standard)
{
    if (sql_standard && tokens->n > 0 && *tokens->text[0] == '-') {
        d->all_negative = true;
        for (int i = 1; i < tokens->n; i++)
            if (*tokens->text[i] == '-' || *tokens->text[i] == '+')
                d->all_negative = false;
    }
    for (int i = tokens->n - 1; i >= 0; i--) {
        unsigned found;
        enum dt_status status = decode_token(d, tokens->kind[i], tokens->text[i], &found);
        if (status != DT_OK)
            return status;
        if (d->have & found)
            return DT_BAD_FORMAT;
        d->have |= found;
    }
    if (d->have == 0)
        return DT_BAD_FORMAT;
    return d->ago && !negate_sums(&d->sums) ? DT_FIELD_OVERFLOW : DT_OK;
}

/* ISO 8601: P1Y2M3DT4H5M6.7S, and its alternative forms P0001-02-03T04:05:06 and P00010203T040506.
 */

static enum dt_status iso_number(const char **text, int64_t *whole, double *fraction)
{
    char *end;
    const char *p = *text;
    if (!((*p >= '0' && *p <= '9') || *p == '-' || *p == '.'))
        return DT_BAD_FORMAT;
    errno = 0;
    double value = strtod(p, &end);
    if (end == p || errno != 0)
        return DT_BAD_FORMAT;
    if (isnan(value) || value < -1.0e15 || value > 1.0e15)
        return DT_FIELD_OVERFLOW;
    *whole = (int64_t)value;
    *fraction = value - (double)*whole;
    *text = end;
    return DT_OK;
}

static size_t iso_digits(const char *text)
{
    return strspn(text + (*text == '-'), "0123456789");
}

static const struct iso_unit {
    char letter;
    bool of_time;
    enum datetime_unit unit;
} iso_units[] = {
    {'Y', false, UNIT_YEAR},  {'M', false, UNIT_MONTH}, {'W', false, UNIT_WEEK},
    {'D', false, UNIT_DAY},   {'H', true, UNIT_HOUR},   {'M', true, UNIT_MINUTE},
    {'S', true, UNIT_SECOND},
};

static enum datetime_unit iso_unit_find(char letter, bool of_time)
{
    for (size_t i = 0; i < ARRAY_COUNT(iso_units); i++)
        if (iso_units[i].letter == letter && iso_units[i].of_time == of_time)
            return iso_units[i].unit;
    return UNIT_NONE;
}

/* The alternative forms after their first number: units[0] is read, more numbers follow, each
 * after `separator`. */
static enum dt_status iso_alternative(struct sums *s, const char **text, char separator,
                                      const enum datetime_unit units[3], bool *time_follows)
{
    *time_follows = false;
    for (int i = 1; i < 3; i++) {
        int64_t value;
        double fraction;
        bool known;
        if (i == 2) {
            if (**text != separator)
                return DT_BAD_FORMAT;
            (*text)++;
        }
        enum dt_status status = iso_number(text, &value, &fraction);
        if (status != DT_OK)
            return status;
        if (!add_unit(s, units[i], value, fraction, &known))
            return DT_FIELD_OVERFLOW;
        if (**text == '\0')
            return DT_OK;
        if (separator == '-' && **text == 'T') {
            *time_follows = true;
            return DT_OK;
        }
    }
    return DT_BAD_FORMAT;
}

static bool add_run_together(struct sums *s, bool of_time, int64_t value, double fraction)
{
    if (of_time)
        return add_usec(s, value / 10000, USEC_PER_HOUR) &&
               add_usec(s, value / 100 % 100, USEC_PER_MINUTE) &&
               add_usec(s, value % 100, USEC_PER_SEC) && add_fraction_usec(s, fraction, 1);
    return add_int32(&s->years, value / 10000, 1) && add_int32(&s->months, value / 100 % 100, 1) &&
           add_int32(&s->days, value % 100, 1) && add_fraction_usec(s, fraction, USEC_PER_DAY);
}

static enum dt_status decode_iso(struct sums *s, const char *text)
{
    static const enum datetime_unit date_units[] = {UNIT_YEAR, UNIT_MONTH, UNIT_DAY};
    static const enum datetime_unit time_units[] = {UNIT_HOUR, UNIT_MINUTE, UNIT_SECOND};
    bool of_time = false, have_field = false, known;
    *s = (struct sums){0};
    if (strlen(text) < 2 || *text++ != 'P')
        return DT_BAD_FORMAT;
    while (*text) {
        if (*text == 'T') {
            of_time = true;
            have_field = false;
            text++;
            continue;
        }
        const char *start = text;
        int64_t value;
        double fraction;
        enum dt_status status = iso_number(&text, &value, &fraction);
        if (status != DT_OK)
            return status;
        char letter = *text;
        enum datetime_unit unit = iso_unit_find(letter, of_time);
        if (unit != UNIT_NONE) {
            text++;
            if (!add_unit(s, unit, value, fraction, &known))
                return DT_FIELD_OVERFLOW;
            have_field = true;
            continue;
        }
        char separator = of_time ? ':' : '-';
        bool ends = letter == '\0' || (!of_time && letter == 'T');
        if (!ends && letter != separator)
            return DT_BAD_FORMAT;
        if (ends && iso_digits(start) == (of_time ? 6 : 8) && !have_field) {
            if (!add_run_together(s, of_time, value, fraction))
                return DT_FIELD_OVERFLOW;
            continue;
        }
        if (have_field)
            return DT_BAD_FORMAT;
        if (!add_unit(s, of_time ? UNIT_HOUR : UNIT_YEAR, value, fraction, &known))
            return DT_FIELD_OVERFLOW;
        if (ends)
            continue;
        text++;
        bool time_follows;
        status =
            iso_alternative(s, &text, separator, of_time ? time_units : date_units, &time_follows);
        if (status != DT_OK || !time_follows)
            return status;
    }
    return DT_OK;
}

enum dt_status dt_decode_interval(const struct settings *settings, const char *text, size_t n,
                                  int32_t typmod, struct interval *interval)
{
    struct dt_tokens tokens;
    struct decoder d = {.range =
                            typmod >= 0 ? typmod >> 16 & INTERVAL_FULL_RANGE : INTERVAL_FULL_RANGE};
    enum dt_status status = dt_lex(text, n, DT_WORK_INTERVAL, &tokens);
    if (status == DT_OK)
        status = decode_tokens(&d, &tokens,
                               settings && settings->interval_style == INTERVAL_SQL_STANDARD);
    if (status == DT_BAD_FORMAT) {
        char copy[DT_WORK_INTERVAL * 2];
        if (n >= sizeof(copy))
            return DT_BAD_FORMAT;
        memcpy(copy, text, n);
        copy[n] = '\0';
        status = decode_iso(&d.sums, copy);
    }
    if (status != DT_OK)
        return status;
    int64_t months = d.sums.years * INT64_C(12) + d.sums.months;
    if (months < INT_MIN || months > INT_MAX)
        return DT_MONTH_DAY_OVERFLOW;
    *interval = (struct interval){d.sums.usec, d.sums.days, (int32_t)months};
    return DT_OK;
}

/* Output. */

void interval_split(const struct interval *interval, struct interval_fields *f)
{
    int64_t usec = interval->usec;
    *f = (struct interval_fields){
        .years = interval->months / 12, .months = interval->months % 12, .days = interval->days};
    f->hours = usec / USEC_PER_HOUR;
    usec %= USEC_PER_HOUR;
    f->minutes = (int)(usec / USEC_PER_MINUTE);
    usec %= USEC_PER_MINUTE;
    f->seconds = (int)(usec / USEC_PER_SEC);
    f->usec = (int)(usec % USEC_PER_SEC);
}

static bool time_is_negative(const struct interval_fields *f)
{
    return f->hours < 0 || f->minutes < 0 || f->seconds < 0 || f->usec < 0;
}

static bool time_is_zero(const struct interval_fields *f)
{
    return f->hours == 0 && f->minutes == 0 && f->seconds == 0 && f->usec == 0;
}

static int64_t absolute(int64_t v)
{
    return v < 0 ? -v : v;
}

/* hh:mm:ss[.ffffff] without its sign. */
static void print_clock(const struct interval_fields *f, int hour_width, struct buf *out)
{
    buf_printf(out, "%0*lld:%02lld:%02lld", hour_width, (long long)absolute(f->hours),
               (long long)absolute(f->minutes), (long long)absolute(f->seconds));
    dt_print_fraction(f->usec, out);
}

struct part {
    int64_t value;
    const char *unit;
};

/* "1 year 2 mons -3 days +04:05:06": a plus sign follows a negative field. */
static void print_postgres(const struct interval_fields *f, struct buf *out)
{
    const struct part parts[] = {{f->years, "year"}, {f->months, "mon"}, {f->days, "day"}};
    bool first = true, after_negative = false;
    for (size_t i = 0; i < ARRAY_COUNT(parts); i++) {
        int64_t value = parts[i].value;
        if (value == 0)
            continue;
        buf_printf(out, "%s%s%lld %s%s", first ? "" : " ", after_negative && value > 0 ? "+" : "",
                   (long long)value, parts[i].unit, value != 1 ? "s" : "");
        after_negative = value < 0;
        first = false;
    }
    if (!first && time_is_zero(f))
        return;
    buf_printf(out, "%s%s", first ? "" : " ",
               time_is_negative(f) ? "-"
               : after_negative    ? "+"
                                   : "");
    print_clock(f, 2, out);
}

/* "@ 1 year 2 mons 3 days 4 hours 5 mins 6 secs ago": signs are relative to that of the first
 * field. */
static void print_verbose(const struct interval_fields *f, struct buf *out)
{
    const struct part parts[] = {
        {f->years, "year"}, {f->months, "mon"},  {f->days, "day"},
        {f->hours, "hour"}, {f->minutes, "min"},
    };
    bool first = true, ago = false;
    buf_putc(out, '@');
    for (size_t i = 0; i < ARRAY_COUNT(parts); i++) {
        int64_t value = parts[i].value;
        if (value == 0)
            continue;
        if (first) {
            ago = value < 0;
            value = absolute(value);
        } else if (ago) {
            value = -value;
        }
        buf_printf(out, " %lld %s%s", (long long)value, parts[i].unit, value != 1 ? "s" : "");
        first = false;
    }
    if (f->seconds != 0 || f->usec != 0) {
        bool negative = f->seconds < 0 || f->usec < 0;
        if (first)
            ago = negative;
        buf_printf(out, " %s%lld", negative != ago ? "-" : "", (long long)absolute(f->seconds));
        dt_print_fraction(f->usec, out);
        buf_printf(out, " sec%s", absolute(f->seconds) != 1 || f->usec != 0 ? "s" : "");
        first = false;
    }
    if (first)
        buf_puts(out, " 0");
    if (ago)
        buf_puts(out, " ago");
}

static void print_iso8601(const struct interval_fields *f, struct buf *out)
{
    const struct part date[] = {{f->years, "Y"}, {f->months, "M"}, {f->days, "D"}};
    const struct part time[] = {{f->hours, "H"}, {f->minutes, "M"}};
    bool no_time = time_is_zero(f);
    if (no_time && f->years == 0 && f->months == 0 && f->days == 0) {
        buf_puts(out, "PT0S");
        return;
    }
    buf_putc(out, 'P');
    for (size_t i = 0; i < ARRAY_COUNT(date); i++)
        if (date[i].value != 0)
            buf_printf(out, "%lld%s", (long long)date[i].value, date[i].unit);
    if (no_time)
        return;
    buf_putc(out, 'T');
    for (size_t i = 0; i < ARRAY_COUNT(time); i++)
        if (time[i].value != 0)
            buf_printf(out, "%lld%s", (long long)time[i].value, time[i].unit);
    if (f->seconds != 0 || f->usec != 0) {
        buf_printf(out, "%s%lld", f->seconds < 0 || f->usec < 0 ? "-" : "",
                   (long long)absolute(f->seconds));
        dt_print_fraction(f->usec, out);
        buf_putc(out, 'S');
    }
}

/* "1-2", "3 4:05:06", or, where the standard has no form for it, every part with its sign. */
static void print_sql_standard(const struct interval_fields *f, struct buf *out)
{
    bool year_month = f->years != 0 || f->months != 0;
    bool day_time = f->days != 0 || !time_is_zero(f);
    bool negative = f->years < 0 || f->months < 0 || f->days < 0 || time_is_negative(f);
    bool positive = f->years > 0 || f->months > 0 || f->days > 0 || f->hours > 0 ||
                    f->minutes > 0 || f->seconds > 0 || f->usec > 0;
    if (!negative && !positive) {
        buf_putc(out, '0');
        return;
    }
    if ((negative && positive) || (year_month && day_time)) {
        buf_printf(out, "%c%lld-%lld %c%lld %c", f->years < 0 || f->months < 0 ? '-' : '+',
                   (long long)absolute(f->years), (long long)absolute(f->months),
                   f->days < 0 ? '-' : '+', (long long)absolute(f->days),
                   time_is_negative(f) ? '-' : '+');
        print_clock(f, 1, out);
        return;
    }
    if (negative)
        buf_putc(out, '-');
    if (year_month) {
        buf_printf(out, "%lld-%lld", (long long)absolute(f->years), (long long)absolute(f->months));
        return;
    }
    if (f->days != 0)
        buf_printf(out, "%lld ", (long long)absolute(f->days));
    print_clock(f, 1, out);
}

void interval_print(const struct interval *interval, enum interval_style style, struct buf *out)
{
    struct interval_fields f;
    interval_split(interval, &f);
    switch (style) {
    case INTERVAL_POSTGRES:
        print_postgres(&f, out);
        break;
    case INTERVAL_POSTGRES_VERBOSE:
        print_verbose(&f, out);
        break;
    case INTERVAL_SQL_STANDARD:
        print_sql_standard(&f, out);
        break;
    case INTERVAL_ISO_8601:
        print_iso8601(&f, out);
        break;
    }
}

/* Arithmetic. */

static bool out_of_range(struct err *err)
{
    return err_set(err, ERR_DATETIME_VALUE_OUT_OF_RANGE, "interval out of range");
}

bool interval_plus(const struct interval *a, const struct interval *b, struct interval *sum,
                   struct err *err)
{
    struct interval s;
    if (__builtin_add_overflow(a->months, b->months, &s.months) ||
        __builtin_add_overflow(a->days, b->days, &s.days) ||
        __builtin_add_overflow(a->usec, b->usec, &s.usec))
        return out_of_range(err);
    *sum = s;
    return true;
}

bool interval_minus(const struct interval *a, const struct interval *b, struct interval *difference,
                    struct err *err)
{
    struct interval d;
    if (__builtin_sub_overflow(a->months, b->months, &d.months) ||
        __builtin_sub_overflow(a->days, b->days, &d.days) ||
        __builtin_sub_overflow(a->usec, b->usec, &d.usec))
        return out_of_range(err);
    *difference = d;
    return true;
}

bool interval_negate(const struct interval *a, struct interval *result, struct err *err)
{
    static const struct interval zero = {0, 0, 0};
    return interval_minus(&zero, a, result, err);
}

/* To a microsecond, so that floating-point noise does not cross to the next unit. */
static double round_to_usec(double v)
{
    return rint(v * 1000000.0) / 1000000.0;
}

static bool fits_int32(double v)
{
    return !isnan(v) && v <= INT_MAX && v >= INT_MIN;
}

/* Products of the three parts, whose fractions spill: months into days, days into microseconds. */
static bool cascade(double months, double days, double usec, struct interval *result,
                    struct err *err)
{
    if (!fits_int32(months) || !fits_int32(days))
        return out_of_range(err);
    struct interval r = {.months = (int32_t)months, .days = (int32_t)days};
    double spilled_days = round_to_usec((months - r.months) * 30);
    double spilled_seconds =
        round_to_usec((days - r.days + spilled_days - (int)spilled_days) * SEC_PER_DAY);
    int64_t day_sum = r.days;
    if (fabs(spilled_seconds) >= SEC_PER_DAY) {
        day_sum += (int)(spilled_seconds / SEC_PER_DAY);
        spilled_seconds -= (int)(spilled_seconds / SEC_PER_DAY) * SEC_PER_DAY;
    }
    day_sum += (int32_t)spilled_days;
    double total = rint(usec + spilled_seconds * USEC_PER_SEC);
    bool fits = total >= (double)INT64_MIN && total < -(double)INT64_MIN; /* false for NaN */
    if (day_sum < INT_MIN || day_sum > INT_MAX || !fits)
        return out_of_range(err);
    r.days = (int32_t)day_sum;
    r.usec = (int64_t)total;
    *result = r;
    return true;
}

bool interval_times(const struct interval *a, double factor, struct interval *result,
                    struct err *err)
{
    return cascade(a->months * factor, a->days * factor, (double)a->usec * factor, result, err);
}

bool interval_divided(const struct interval *a, double divisor, struct interval *result,
                      struct err *err)
{
    if (divisor == 0)
        return err_set(err, ERR_DIVISION_BY_ZERO, "division by zero");
    return cascade(a->months / divisor, a->days / divisor, (double)a->usec / divisor, result, err);
}
