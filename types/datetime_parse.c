/* datetime_parse.c - what a text of dates and times means.
 *
 * The tokens of datetime_lex.c are read left to right.  Each fills one or more fields of struct
 * parse and sets their bits in `have`; a field may be given once.  The meaning of a bare number
 * depends on the fields that came before it, on how many digits it has, on DateStyle's order, and
 * on a label in front of it ("J2451187").  Only when everything has been read are the fields
 * checked, the year completed and the zone (which may depend on the date) resolved. */
#include "types/datetime_int.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/waiter.h"
#include "func/env.h"

enum have {
    HAVE_YEAR = 1 << 0,
    HAVE_MONTH = 1 << 1,
    HAVE_DAY = 1 << 2,
    HAVE_HOUR = 1 << 3,
    HAVE_MINUTE = 1 << 4,
    HAVE_SECOND = 1 << 5,
    HAVE_FRACTION = 1 << 6,
    HAVE_ZONE = 1 << 7,
    HAVE_DST = 1 << 8, /* from an abbreviation of summer time, or "dst" */
    HAVE_DST_MODIFIER = 1 << 9,
    HAVE_YEARDAY = 1 << 10,
    HAVE_WEEKDAY = 1 << 11,
    HAVE_AMPM = 1 << 12,
    HAVE_ERA = 1 << 13,
    HAVE_VARYING_ZONE = 1 << 14,
    HAVE_SPECIAL = 1 << 15, /* epoch or an infinity: what else the text says does not matter */
    HAVE_DATE = HAVE_YEAR | HAVE_MONTH | HAVE_DAY,
    HAVE_SECONDS = HAVE_SECOND | HAVE_FRACTION,
    HAVE_TIME = HAVE_HOUR | HAVE_MINUTE | HAVE_SECONDS,
};

struct parse {
    const struct type_io *io;
    enum date_order order;
    struct dt_tokens tokens;
    bool time_only; /* a time or timetz is wanted */
    unsigned have;
    struct civil civil;
    int yearday;
    int32_t west;
    bool text_month, two_digit_year, julian, bc;
    int meridian;                     /* -1: 24 hours; 0: am; 1: pm */
    enum datetime_unit label;         /* of the number that follows; UNIT_NONE: none */
    bool label_time;                  /* the label was "t" */
    const struct timezone *zone;      /* named */
    const struct zone_abbrev *abbrev; /* one that varies; its zone is in `zone` */
    int special;                      /* enum dt_special for epoch and the infinities; else -1 */
};

int64_t dt_now(const struct env *env)
{
    return env ? env->transaction_us : clock_realtime_us() + UNIX_EPOCH_USEC;
}

static const struct timezone *session_zone(const struct parse *p)
{
    return settings_timezone(p->io->settings);
}

static bool has_label(const struct parse *p)
{
    return p->label != UNIT_NONE || p->label_time;
}

static void drop_label(struct parse *p)
{
    p->label = UNIT_NONE;
    p->label_time = false;
}

static int number_of(const char *text, size_t n)
{
    char digits[32];
    n = MIN(n, sizeof(digits) - 1);
    memcpy(digits, text, n);
    digits[n] = '\0';
    return (int)strtol(digits, NULL, 10);
}

/* Digits run together: [y]yymmdd while the date is incomplete (`have`), else hhmmss or hhmm;
 * seconds may have a fraction. */
static enum dt_status run_together(struct parse *p, char *text, unsigned have, unsigned *found)
{
    char *dot = strchr(text, '.');
    size_t n = dot ? (size_t)(dot - text) : strlen(text);
    if (dot) {
        double fraction = dot[1] == '\0' ? 0 : strtod(dot, NULL);
        p->civil.usec = (int)rint(fraction * 1000000);
    } else if ((have & HAVE_DATE) != HAVE_DATE && n >= 6) {
        *found = HAVE_DATE;
        p->civil.day = number_of(text + n - 2, 2);
        p->civil.month = number_of(text + n - 4, 2);
        p->civil.year = number_of(text, n - 4);
        if (n == 6)
            p->two_digit_year = true;
        return DT_OK;
    }
    if ((have & HAVE_TIME) == HAVE_TIME || (n != 6 && n != 4))
        return DT_BAD_FORMAT;
    *found = HAVE_TIME;
    p->civil.hour = number_of(text, 2);
    p->civil.minute = number_of(text + 2, 2);
    p->civil.second = n == 6 ? number_of(text + 4, 2) : 0;
    return DT_OK;
}

/* The field that a bare number is, given the parts of a date that we have. */
static enum dt_status bare_number(struct parse *p, size_t len, int value, unsigned have,
                                  unsigned *found)
{
    struct civil *civil = &p->civil;
    bool first_is_year = len >= 3 || p->order == DATE_ORDER_YMD;
    switch (have & HAVE_DATE) {
    case 0:
        *found = first_is_year ? HAVE_YEAR : p->order == DATE_ORDER_DMY ? HAVE_DAY : HAVE_MONTH;
        break;
    case HAVE_YEAR:
    case HAVE_DAY:
        *found = HAVE_MONTH;
        break;
    case HAVE_MONTH:
        *found = p->text_month && first_is_year ? HAVE_YEAR : HAVE_DAY;
        break;
    case HAVE_YEAR | HAVE_MONTH:
        if (p->text_month && len >= 3 &&
            p->two_digit_year) { /* what we took for the year was the day */
            *found = HAVE_DAY;
            civil->day = (int)civil->year;
            civil->year = value;
            p->two_digit_year = false;
            return DT_OK;
        }
        *found = HAVE_DAY;
        break;
    case HAVE_MONTH | HAVE_DAY:
        *found = HAVE_YEAR;
        break;
    default:
        return DT_BAD_FORMAT;
    }
    if (*found == HAVE_YEAR) {
        civil->year = value;
        p->two_digit_year = len <= 2;
    } else if (*found == HAVE_MONTH) {
        civil->month = value;
    } else {
        civil->day = value;
    }
    return DT_OK;
}

static enum dt_status number(struct parse *p, char *text, unsigned have, unsigned *found)
{
    const char *end;
    int value;
    size_t len = strlen(text);
    *found = 0;
    if (!dt_take_int(text, &end, &value))
        return DT_FIELD_OVERFLOW;
    if (end == text)
        return DT_BAD_FORMAT;
    if (*end == '.') {
        if (end - text > 2)
            return run_together(p, text, have | HAVE_DATE, found);
        enum dt_status status = dt_fraction_usec(end, &p->civil.usec);
        if (status != DT_OK)
            return status;
    } else if (*end != '\0') {
        return DT_BAD_FORMAT;
    }
    if (len == 3 && (have & HAVE_DATE) == HAVE_YEAR && value >= 1 && value <= 366) {
        *found = HAVE_YEARDAY | HAVE_MONTH | HAVE_DAY;
        p->yearday = value;
        return DT_OK;
    }
    if ((have & HAVE_DATE) == HAVE_DATE)
        return run_together(p, text, have, found);
    return bare_number(p, len, value, have, found);
}

/* Cuts a date token into runs of digits and of letters; one character after each run is lost. */
static int split_date(char *text, char *parts[DT_TOKENS_MAX])
{
    int n = 0;
    while (*text != '\0' && n < DT_TOKENS_MAX) {
        while (*text != '\0' && !((*text >= '0' && *text <= '9') || (*text >= 'a' && *text <= 'z')))
            text++;
        if (*text == '\0')
            return -1;
        parts[n++] = text;
        if (*text <= '9')
            while (*text >= '0' && *text <= '9')
                text++;
        else
            while (*text >= 'a' && *text <= 'z')
                text++;
        if (*text != '\0')
            *text++ = '\0';
    }
    return n;
}

static enum dt_status date_token(struct parse *p, char *text, unsigned *found)
{
    char *parts[DT_TOKENS_MAX];
    int n = split_date(text, parts);
    unsigned have = p->have, part;
    bool outer_text_month = p->text_month; /* a month's name counts within its own token only */
    *found = 0;
    if (n < 0)
        return DT_BAD_FORMAT;
    p->text_month = false;
    for (int i = 0; i < n; i++) {
        if (*parts[i] < 'a')
            continue;
        struct dt_word word = dt_word_find(parts[i]);
        if (word.kind == WORD_IGNORE)
            continue;
        if (word.kind != WORD_MONTH || (have & HAVE_MONTH))
            return DT_BAD_FORMAT;
        p->civil.month = word.value;
        p->text_month = true;
        have |= HAVE_MONTH;
        *found |= HAVE_MONTH;
        parts[i] = NULL;
    }
    for (int i = 0; i < n; i++) {
        if (!parts[i])
            continue;
        enum dt_status status = number(p, parts[i], have, &part);
        if (status != DT_OK)
            return status;
        if (have & part)
            return DT_BAD_FORMAT;
        have |= part;
        *found |= part;
    }
    p->text_month = outer_text_month;
    return (have & ~(unsigned)(HAVE_YEARDAY | HAVE_ZONE)) == HAVE_DATE ? DT_OK : DT_BAD_FORMAT;
}

/* +hh[:mm[:ss]], +hhmm. */
enum dt_status dt_zone_offset(const char *text, int32_t *west)
{
    const char *p;
    int hour, minute = 0, second = 0;
    if (*text != '+' && *text != '-')
        return DT_BAD_FORMAT;
    if (!dt_take_int(text + 1, &p, &hour))
        return DT_ZONE_OVERFLOW;
    if (*p == ':') {
        if (!dt_take_int(p + 1, &p, &minute))
            return DT_ZONE_OVERFLOW;
        if (*p == ':' && !dt_take_int(p + 1, &p, &second))
            return DT_ZONE_OVERFLOW;
    } else if (*p == '\0' && strlen(text) > 3) {
        minute = hour % 100;
        hour /= 100;
    }
    if (hour < 0 || hour > 15 || minute < 0 || minute >= 60 || second < 0 || second >= 60)
        return DT_ZONE_OVERFLOW;
    int32_t seconds = (hour * 60 + minute) * 60 + second;
    *west = *text == '-' ? seconds : -seconds;
    return *p == '\0' ? DT_OK : DT_BAD_FORMAT;
}

/* hhmmss-zz. */
static enum dt_status time_with_zone(struct parse *p, char *text, unsigned have, unsigned *found)
{
    if ((p->have & HAVE_TIME) == HAVE_TIME)
        return DT_BAD_FORMAT;
    char *sign = strchr(text, '-');
    if (!sign)
        return DT_BAD_FORMAT;
    enum dt_status status = dt_zone_offset(sign, &p->west);
    if (status != DT_OK)
        return status;
    *sign = '\0';
    status = run_together(p, text, have, found);
    *found |= HAVE_ZONE;
    return status;
}

static enum dt_status named_zone(struct parse *p, const char *text, unsigned *found)
{
    p->zone = timezone_find(text);
    p->abbrev = NULL;
    if (!p->zone) {
        err_set(p->io->err, ERR_INVALID_PARAMETER_VALUE, "time zone \"%s\" not recognized", text);
        return DT_REPORTED;
    }
    *found = HAVE_ZONE;
    return DT_OK;
}

/* A date token where the date is already there: a zone, or a time with a zone. */
static enum dt_status late_date_token(struct parse *p, char *text, unsigned *found)
{
    if ((*text >= '0' && *text <= '9') || has_label(p)) {
        if (has_label(p) && !p->label_time)
            return DT_BAD_FORMAT;
        drop_label(p);
        return time_with_zone(p, text, p->have, found);
    }
    return named_zone(p, text, found);
}

/* A Julian day with a zone run on to it: J2451187+04. */
static enum dt_status julian_with_zone(struct parse *p, const char *text, unsigned *found)
{
    const char *end;
    int value;
    if (!dt_take_int(text, &end, &value) || value < 0)
        return DT_FIELD_OVERFLOW;
    julian_to_civil(value, &p->civil);
    p->julian = true;
    *found = HAVE_DATE | HAVE_TIME | HAVE_ZONE;
    drop_label(p);
    return dt_zone_offset(end, &p->west);
}

static enum dt_status on_date(struct parse *p, int i, unsigned *found)
{
    char *text = p->tokens.text[i];
    const unsigned month_day = HAVE_MONTH | HAVE_DAY;
    if (p->time_only) {
        if (i == 0 && p->tokens.n >= 2 &&
            (p->tokens.kind[p->tokens.n - 1] == TOKEN_DATE || p->tokens.kind[1] == TOKEN_TIME))
            return date_token(p, text, found);
        if (*text < '0' || *text > '9') {
            p->tokens.kind[i] = TOKEN_ZONE;
            return named_zone(p, text, found);
        }
        return time_with_zone(p, text, p->have | HAVE_DATE, found);
    }
    if (p->label == UNIT_JULIAN)
        return julian_with_zone(p, text, found);
    if (has_label(p) || (p->have & month_day) == month_day)
        return late_date_token(p, text, found);
    return date_token(p, text, found);
}

static bool time_of_day_ok(const struct civil *c)
{
    if (c->hour < 0 || c->hour > 24 || c->minute < 0 || c->minute > 59 || c->second < 0 ||
        c->second > 60 || c->usec < 0 || c->usec > USEC_PER_SEC)
        return false;
    return civil_time_usec(c) <= USEC_PER_DAY;
}

static enum dt_status on_time(struct parse *p, const char *text, unsigned *found)
{
    int64_t hours;
    if (!p->time_only && has_label(p)) {
        if (!p->label_time)
            return DT_BAD_FORMAT;
        drop_label(p);
    }
    struct civil *c = &p->civil;
    enum dt_status status = dt_time(text, false, &hours, &c->minute, &c->second, &c->usec);
    if (status != DT_OK)
        return status;
    if (hours > INT32_MAX)
        return DT_FIELD_OVERFLOW;
    c->hour = (int)hours;
    *found = HAVE_TIME;
    return p->time_only || time_of_day_ok(c) ? DT_OK : DT_FIELD_OVERFLOW;
}

/* A number after "julian": may carry the time of day as a fraction. */
static enum dt_status julian_number(struct parse *p, int value, const char *end, unsigned *found)
{
    if (value < 0)
        return DT_FIELD_OVERFLOW;
    julian_to_civil(value, &p->civil);
    p->julian = true;
    *found = HAVE_DATE;
    if (*end == '.') {
        double fraction;
        enum dt_status status = dt_fraction(end, &fraction);
        if (status != DT_OK)
            return status;
        usec_to_civil_time((int64_t)(fraction * USEC_PER_DAY), &p->civil);
        *found |= HAVE_TIME;
    }
    return DT_OK;
}

/* "y2001m02d04h10mm20s30.5": a number whose label went before it. */
static enum dt_status labelled_number(struct parse *p, char *text, unsigned *found)
{
    const char *end;
    int value;
    enum datetime_unit label = p->label;
    bool label_time = p->label_time;
    if (!dt_take_int(text, &end, &value))
        return DT_FIELD_OVERFLOW;
    if (*end == '.' ? !(label == UNIT_JULIAN || label_time || label == UNIT_SECOND) : *end != '\0')
        return DT_BAD_FORMAT;
    drop_label(p);
    p->special = -1;
    if (label_time) {
        enum dt_status status = run_together(p, text, p->have | HAVE_DATE, found);
        return status == DT_OK && *found != HAVE_TIME ? DT_BAD_FORMAT : status;
    }
    struct civil *civil = &p->civil;
    switch (label) {
    case UNIT_YEAR:
        civil->year = value;
        *found = HAVE_YEAR;
        return DT_OK;
    case UNIT_MONTH: /* "m" after an hour is the minute */
        if ((p->have & HAVE_MONTH) && (p->have & HAVE_HOUR)) {
            civil->minute = value;
            *found = HAVE_MINUTE;
        } else {
            civil->month = value;
            *found = HAVE_MONTH;
        }
        return DT_OK;
    case UNIT_DAY:
        civil->day = value;
        *found = HAVE_DAY;
        return DT_OK;
    case UNIT_HOUR:
        civil->hour = value;
        *found = HAVE_HOUR;
        return DT_OK;
    case UNIT_MINUTE:
        civil->minute = value;
        *found = HAVE_MINUTE;
        return DT_OK;
    case UNIT_SECOND:
        civil->second = value;
        *found = HAVE_SECOND;
        if (*end == '.') {
            *found = HAVE_SECONDS;
            return dt_fraction_usec(end, &civil->usec);
        }
        return DT_OK;
    case UNIT_JULIAN:
        return julian_number(p, value, end, found);
    default:
        return DT_BAD_FORMAT;
    }
}

static enum dt_status on_number(struct parse *p, int i, unsigned *found)
{
    char *text = p->tokens.text[i];
    if (has_label(p))
        return labelled_number(p, text, found);
    size_t len = strlen(text);
    const char *dot = strchr(text, '.');
    if (p->time_only) {
        if (dot && i == 0 && p->tokens.n >= 2 && p->tokens.kind[p->tokens.n - 1] == TOKEN_DATE)
            return date_token(p, text, found);
        if (dot ? dot - text > 2 : len > 4)
            return run_together(p, text, p->have | HAVE_DATE, found);
        return dot ? DT_BAD_FORMAT : number(p, text, p->have | HAVE_DATE, found);
    }
    if (dot && !(p->have & HAVE_DATE))
        return date_token(p, text, found);
    if (dot && dot - text > 2)
        return run_together(p, text, p->have, found);
    if (len >= 6 && (!(p->have & HAVE_DATE) || !(p->have & HAVE_TIME)))
        return run_together(p, text, p->have, found);
    return number(p, text, p->have, found);
}

static enum dt_status set_now(struct parse *p)
{
    struct zone_period period;
    if (!timestamptz_to_civil(dt_now(p->io->env), session_zone(p), &p->civil, &period))
        return DT_FIELD_OVERFLOW;
    p->west = -period.offset;
    return DT_OK;
}

static enum dt_status set_day(struct parse *p, int days_from_today)
{
    struct civil now;
    if (!timestamptz_to_civil(dt_now(p->io->env), session_zone(p), &now, NULL))
        return DT_FIELD_OVERFLOW;
    julian_to_civil(civil_to_julian(now.year, now.month, now.day) + days_from_today, &p->civil);
    return DT_OK;
}

static enum dt_status on_special(struct parse *p, enum dt_special special, unsigned *found)
{
    if (p->time_only && special != SPECIAL_NOW && special != SPECIAL_ALLBALLS)
        return DT_BAD_FORMAT;
    *found = HAVE_DATE;
    p->special = -1; /* an ordinary date after all */
    switch (special) {
    case SPECIAL_NOW:
        *found = p->time_only ? HAVE_TIME : HAVE_DATE | HAVE_TIME | HAVE_ZONE;
        int32_t west = p->west;
        enum dt_status status = set_now(p);
        if (p->time_only)
            p->west = west;
        return status;
    case SPECIAL_TODAY:
        return set_day(p, 0);
    case SPECIAL_TOMORROW:
        return set_day(p, 1);
    case SPECIAL_YESTERDAY:
        return set_day(p, -1);
    case SPECIAL_ALLBALLS:
        *found = HAVE_TIME | HAVE_ZONE;
        p->civil.hour = p->civil.minute = p->civil.second = 0;
        p->west = 0;
        return DT_OK;
    case SPECIAL_EPOCH:
    case SPECIAL_INFINITY:
    case SPECIAL_NEG_INFINITY:
        p->special = (int)special;
        *found = HAVE_SPECIAL;
        return DT_OK;
    }
    return DT_BAD_FORMAT;
}

static enum dt_status on_month(struct parse *p, int month, unsigned *found)
{
    *found = HAVE_MONTH;
    /* "8 Jan": the number that we took for a month was the day. */
    if (!p->time_only && (p->have & HAVE_MONTH) && !p->text_month && !(p->have & HAVE_DAY) &&
        p->civil.month >= 1 && p->civil.month <= 31) {
        p->civil.day = p->civil.month;
        *found = HAVE_DAY;
    }
    p->text_month = true;
    p->civil.month = month;
    return DT_OK;
}

/* "t" between a date and a time. */
static enum dt_status on_t(struct parse *p, int i)
{
    if (!p->time_only && (p->have & HAVE_DATE) != HAVE_DATE)
        return DT_BAD_FORMAT;
    if (i >= p->tokens.n - 1)
        return DT_BAD_FORMAT;
    enum dt_token_kind next = p->tokens.kind[i + 1];
    if (next != TOKEN_NUMBER && next != TOKEN_TIME && next != TOKEN_DATE)
        return DT_BAD_FORMAT;
    drop_label(p);
    p->label_time = true;
    return DT_OK;
}

static enum dt_status on_word(struct parse *p, int i, unsigned *found, bool *ignored)
{
    const char *text = p->tokens.text[i];
    struct dt_word word = dt_zone_word_find(text);
    if (word.kind == WORD_UNKNOWN)
        word = dt_word_find(text);
    switch (word.kind) {
    case WORD_IGNORE:
        *ignored = true;
        return DT_OK;
    case WORD_SPECIAL:
        return on_special(p, (enum dt_special)word.value, found);
    case WORD_MONTH:
        return p->time_only ? DT_BAD_FORMAT : on_month(p, word.value, found);
    case WORD_WEEKDAY:
        *found = HAVE_WEEKDAY;
        return p->time_only ? DT_BAD_FORMAT : DT_OK;
    case WORD_AMPM:
        *found = HAVE_AMPM;
        p->meridian = word.value;
        return DT_OK;
    case WORD_ERA:
        *found = HAVE_ERA;
        p->bc = word.value == 1;
        return DT_OK;
    case WORD_DST:
        *found = HAVE_DST_MODIFIER | HAVE_DST;
        p->west -= word.value;
        return DT_OK;
    case WORD_ZONE:
    case WORD_ZONE_DST:
        *found = HAVE_ZONE | (word.kind == WORD_ZONE_DST ? HAVE_DST : 0);
        p->west = -word.value;
        return DT_OK;
    case WORD_ZONE_VARIES:
        *found = HAVE_ZONE | HAVE_VARYING_ZONE;
        p->abbrev = word.abbrev;
        p->zone = timezone_find(word.abbrev->zone);
        return p->zone ? DT_OK : DT_BAD_FORMAT;
    case WORD_UNIT:
        p->label = (enum datetime_unit)word.value;
        p->label_time = false;
        return DT_OK;
    case WORD_T:
        return on_t(p, i);
    case WORD_AGO:
        return DT_BAD_FORMAT;
    case WORD_UNKNOWN:
        break;
    }
    p->zone = timezone_find(text);
    p->abbrev = NULL;
    *found = HAVE_ZONE;
    return p->zone ? DT_OK : DT_BAD_FORMAT;
}

static enum dt_status read_token(struct parse *p, int i)
{
    unsigned found = 0;
    bool ignored = false;
    enum dt_status status = DT_BAD_FORMAT;
    switch (p->tokens.kind[i]) {
    case TOKEN_DATE:
        status = on_date(p, i, &found);
        break;
    case TOKEN_TIME:
        status = on_time(p, p->tokens.text[i], &found);
        break;
    case TOKEN_ZONE:
        status = dt_zone_offset(p->tokens.text[i], &p->west);
        found = HAVE_ZONE;
        break;
    case TOKEN_NUMBER:
        status = on_number(p, i, &found);
        break;
    case TOKEN_WORD:
    case TOKEN_SPECIAL:
        status = on_word(p, i, &found, &ignored);
        break;
    }
    if (status != DT_OK || ignored)
        return status;
    if (p->have & found)
        return DT_BAD_FORMAT;
    p->have |= found;
    return DT_OK;
}

/* Completes the year, and checks what we have of the date. */
static enum dt_status check_date(struct parse *p)
{
    struct civil *c = &p->civil;
    if ((p->have & HAVE_YEAR) && !p->julian) {
        if (p->bc) {
            if (c->year <= 0)
                return DT_FIELD_OVERFLOW;
            c->year = 1 - c->year;
        } else if (p->two_digit_year) {
            if (c->year < 0)
                return DT_FIELD_OVERFLOW;
            c->year += c->year < 70 ? 2000 : c->year < 100 ? 1900 : 0;
        } else if (c->year <= 0) {
            return DT_FIELD_OVERFLOW;
        }
    }
    if (p->have & HAVE_YEARDAY)
        julian_to_civil(civil_to_julian(c->year, 1, 1) + p->yearday - 1, c);
    if ((p->have & HAVE_MONTH) && (c->month < 1 || c->month > 12))
        return DT_MONTH_DAY_OVERFLOW;
    if ((p->have & HAVE_DAY) && (c->day < 1 || c->day > 31))
        return DT_MONTH_DAY_OVERFLOW;
    if ((p->have & HAVE_DATE) == HAVE_DATE && c->day > month_days(c->year, c->month))
        return DT_FIELD_OVERFLOW;
    return DT_OK;
}

static enum dt_status apply_meridian(struct parse *p)
{
    if (p->meridian < 0)
        return DT_OK;
    if (p->civil.hour > 12)
        return DT_FIELD_OVERFLOW;
    if (p->meridian == 0 && p->civil.hour == 12)
        p->civil.hour = 0;
    else if (p->meridian == 1 && p->civil.hour != 12)
        p->civil.hour += 12;
    return DT_OK;
}

static int32_t abbrev_west(const struct parse *p, const struct civil *civil)
{
    struct zone_choice choice = {false, 0, p->zone, p->abbrev->name};
    return zone_choice_west_at_local(&choice, civil);
}

/* A date: the zone, which may depend on it.  A text without a date is none. */
static enum dt_status finish_date(struct parse *p)
{
    if (p->special >= 0)
        return DT_OK;
    if ((p->have & HAVE_DATE) != HAVE_DATE)
        return DT_BAD_FORMAT;
    bool modifier = p->have & HAVE_DST_MODIFIER;
    if (p->zone || !(p->have & HAVE_ZONE)) {
        if (modifier)
            return DT_BAD_FORMAT;
        if (p->abbrev)
            p->west = abbrev_west(p, &p->civil);
        else
            p->west = civil_west(&p->civil, p->zone ? p->zone : session_zone(p));
    }
    return DT_OK;
}

/* A time: the zone is that of the date if one was given, else of today. */
static enum dt_status finish_time(struct parse *p)
{
    if (!time_of_day_ok(&p->civil))
        return DT_FIELD_OVERFLOW;
    if ((p->have & HAVE_TIME) != HAVE_TIME)
        return DT_BAD_FORMAT;
    if (!p->zone && (p->have & HAVE_ZONE))
        return DT_OK;
    if (p->have & HAVE_DST_MODIFIER)
        return DT_BAD_FORMAT;
    int32_t east;
    bool complete = (p->have & HAVE_DATE) == HAVE_DATE;
    if (p->zone && !p->abbrev) {
        if (timezone_is_fixed(p->zone, &east))
            p->west = -east;
        else if (complete)
            p->west = civil_west(&p->civil, p->zone);
        else
            return DT_BAD_FORMAT;
        return DT_OK;
    }
    struct civil when = p->civil;
    if (!(p->have & HAVE_DATE)) {
        struct civil now;
        if (!timestamptz_to_civil(dt_now(p->io->env), session_zone(p), &now, NULL))
            return DT_FIELD_OVERFLOW;
        when.year = now.year;
        when.month = now.month;
        when.day = now.day;
    } else if (!complete) {
        return DT_BAD_FORMAT;
    }
    p->west = p->abbrev ? abbrev_west(p, &when) : civil_west(&when, session_zone(p));
    return DT_OK;
}

static enum dt_status parse_text(struct parse *p, const struct type_io *io, const char *text,
                                 size_t n, size_t work_bytes, bool time_only)
{
    *p = (struct parse){
        .io = io,
        .order = io->settings ? io->settings->date_order : DATE_ORDER_MDY,
        .time_only = time_only,
        .meridian = -1,
        .special = -1,
    };
    enum dt_status status = dt_lex(text, n, work_bytes, &p->tokens);
    for (int i = 0; status == DT_OK && i < p->tokens.n; i++)
        status = read_token(p, i);
    if (status == DT_OK)
        status = check_date(p);
    if (status == DT_OK)
        status = apply_meridian(p);
    if (status == DT_OK)
        status = time_only ? finish_time(p) : finish_date(p);
    return status;
}

bool dt_parse_date(const struct type_io *io, const char *text, size_t n, int64_t *date)
{
    struct parse p;
    enum dt_status status = parse_text(&p, io, text, n, DT_WORK_DATE, false);
    if (status != DT_OK)
        return dt_report(io, status, text, n, "date");
    if (p.special == SPECIAL_EPOCH) {
        *date = UNIX_EPOCH_DAYS;
    } else if (p.special >= 0) {
        *date = p.special == SPECIAL_INFINITY ? DATE_INFINITY : DATE_NEG_INFINITY;
    } else {
        *date = civil_to_julian(p.civil.year, p.civil.month, p.civil.day) - JULIAN_2000;
        if (!julian_in_range(p.civil.year, p.civil.month, p.civil.day) || *date < DATE_MIN ||
            *date >= DATE_END)
            return err_set(io->err, ERR_DATETIME_VALUE_OUT_OF_RANGE, "date out of range: \"%.*s\"",
                           (int)n, text);
    }
    return true;
}

bool dt_parse_timestamp(const struct type_io *io, const char *text, size_t n, bool with_zone,
                        int64_t *timestamp)
{
    struct parse p;
    enum dt_status status = parse_text(&p, io, text, n, DT_WORK_TIMESTAMP, false);
    if (status != DT_OK)
        return dt_report(io, status, text, n, with_zone ? "timestamp with time zone" : "timestamp");
    if (p.special == SPECIAL_EPOCH)
        *timestamp = UNIX_EPOCH_USEC;
    else if (p.special >= 0)
        *timestamp = p.special == SPECIAL_INFINITY ? TIMESTAMP_INFINITY : TIMESTAMP_NEG_INFINITY;
    else if (!civil_to_timestamp(&p.civil, with_zone ? p.west : 0, timestamp))
        return err_set(io->err, ERR_DATETIME_VALUE_OUT_OF_RANGE, "timestamp out of range: \"%.*s\"",
                       (int)n, text);
    return true;
}

bool dt_parse_time(const struct type_io *io, const char *text, size_t n, bool with_zone,
                   struct timetz *time)
{
    struct parse p;
    enum dt_status status = parse_text(&p, io, text, n, DT_WORK_DATE, true);
    if (status != DT_OK)
        return dt_report(io, status, text, n, with_zone ? "time with time zone" : "time");
    *time = (struct timetz){.usec = civil_time_usec(&p.civil), .west = p.west};
    return true;
}
