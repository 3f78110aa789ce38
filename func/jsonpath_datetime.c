/* jsonpath_datetime.c - .datetime(): ISO 8601 text, or text by a template, as a date or time;
 * and its comparison.
 *
 * Without a template the text is YYYY-MM-DD, HH:MI:SS or both, with or without a fraction and a
 * zone.  A template is made of YYYY MM DD HH24 HH12 MI SS MS US FF1..FF6 AM TZH TZM, separators,
 * and text in double quotes. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "func/jsonpath_int.h"
#include "types/datetime.h"
#include "types/key.h"

struct parts {
    struct civil civil;
    bool date, time, zone, pm, am;
    int32_t east; /* seconds */
    int zone_sign;
};

struct text {
    const char *p, *end;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static void skip_spaces(struct text *t)
{
    while (t->p < t->end && is_space(*t->p))
        t->p++;
}

/* One to `most` digits. */
static bool number(struct text *t, int most, int *value)
{
    int n = 0;
    for (*value = 0; n < most && t->p < t->end && is_digit(*t->p); n++)
        *value = *value * 10 + (*t->p++ - '0');
    return n > 0;
}

static bool literal(struct text *t, char c)
{
    if (t->p >= t->end || *t->p != c)
        return false;
    t->p++;
    return true;
}

/* One to `most` digits after the point, as microseconds. */
static bool fraction(struct text *t, int most, int *usec)
{
    int n = 0, value = 0;
    for (; n < most && t->p < t->end && is_digit(*t->p); n++)
        value = value * 10 + (*t->p++ - '0');
    for (int k = n; k < 6; k++)
        value *= 10;
    *usec = value;
    return n > 0;
}

static bool zone(struct text *t, struct parts *parts)
{
    int hours, minutes = 0;
    if (t->p >= t->end || (*t->p != '+' && *t->p != '-'))
        return false;
    int sign = *t->p++ == '-' ? -1 : 1;
    if (!number(t, 2, &hours) || (literal(t, ':') && !number(t, 2, &minutes)))
        return false;
    parts->zone = true;
    parts->east = sign * (hours * 3600 + minutes * 60);
    return hours <= 15 && minutes < 60;
}

static bool date_part(struct text *t, struct parts *parts)
{
    int year;
    parts->date = true;
    if (!number(t, 4, &year) || !literal(t, '-') || !number(t, 2, &parts->civil.month) ||
        !literal(t, '-') || !number(t, 2, &parts->civil.day))
        return false;
    parts->civil.year = year;
    return true;
}

static bool time_part(struct text *t, struct parts *parts)
{
    parts->time = true;
    if (!number(t, 2, &parts->civil.hour) || !literal(t, ':') ||
        !number(t, 2, &parts->civil.minute) || !literal(t, ':') ||
        !number(t, 2, &parts->civil.second) ||
        (literal(t, '.') && !fraction(t, 6, &parts->civil.usec)))
        return false;
    struct text rest = *t;
    skip_spaces(&rest);
    if (rest.p == rest.end)
        return true;
    if (rest.p > t->p && *rest.p == '-') /* PostgreSQL takes " +3" but not " -3" */
        return false;
    *t = rest;
    return zone(t, parts);
}

static bool parse_iso(const struct json *v, struct parts *parts)
{
    struct text t = {v->text, v->text + v->n};
    skip_spaces(&t);
    const char *start = t.p;
    while (t.p < t.end && is_digit(*t.p))
        t.p++;
    bool date = t.p < t.end && *t.p == '-';
    t.p = start;
    if (date ? !date_part(&t, parts) : !time_part(&t, parts))
        return false;
    if (date && t.p < t.end && (*t.p == 'T' || *t.p == ' ')) {
        struct text rest = {t.p + 1, t.end};
        skip_spaces(&rest);
        if (rest.p < rest.end) {
            t = rest;
            if (!time_part(&t, parts))
                return false;
        }
    }
    skip_spaces(&t);
    return t.p == t.end;
}

/* ---- templates ---- */

static bool bad_format(struct path_eval *e, const char *message, const char *p, size_t n)
{
    path_error(e, ERR_INVALID_DATETIME_FORMAT, message, (int)n, p);
    return false;
}

enum pattern {
    P_NONE,
    P_YEAR,
    P_MONTH,
    P_DAY,
    P_HOUR24,
    P_HOUR12,
    P_MINUTE,
    P_SECOND,
    P_FRACTION,
    P_AM,
    P_ZONE_HOUR,
    P_ZONE_MINUTE
};

static enum pattern pattern_at(struct text *t, int *digits, const char **name)
{
    static const struct {
        const char *name;
        enum pattern pattern;
        int digits;
    } patterns[] = {
        {"YYYY", P_YEAR, 4},       {"YYY", P_YEAR, 3},     {"YY", P_YEAR, 2},
        {"Y", P_YEAR, 1},          {"MM", P_MONTH, 2},     {"DD", P_DAY, 2},
        {"HH24", P_HOUR24, 2},     {"HH12", P_HOUR12, 2},  {"HH", P_HOUR12, 2},
        {"MI", P_MINUTE, 2},       {"SS", P_SECOND, 2},    {"MS", P_FRACTION, 3},
        {"US", P_FRACTION, 6},     {"FF1", P_FRACTION, 1}, {"FF2", P_FRACTION, 2},
        {"FF3", P_FRACTION, 3},    {"FF4", P_FRACTION, 4}, {"FF5", P_FRACTION, 5},
        {"FF6", P_FRACTION, 6},    {"A.M.", P_AM, 0},      {"P.M.", P_AM, 0},
        {"AM", P_AM, 0},           {"PM", P_AM, 0},        {"TZH", P_ZONE_HOUR, 2},
        {"TZM", P_ZONE_MINUTE, 2},
    };
    for (size_t k = 0; k < ARRAY_COUNT(patterns); k++) {
        size_t n = strlen(patterns[k].name);
        if ((size_t)(t->end - t->p) >= n && strncasecmp(t->p, patterns[k].name, n) == 0) {
            t->p += n;
            *digits = patterns[k].digits;
            *name = patterns[k].name;
            return patterns[k].pattern;
        }
    }
    return P_NONE;
}

static bool day_half(struct text *t, struct parts *parts)
{
    if (t->end - t->p < 2)
        return false;
    char c = t->p[0] | 32;
    parts->pm = c == 'p';
    parts->am = c == 'a';
    size_t n = t->p[1] == '.' ? 4 : 2;
    if ((!parts->pm && !parts->am) || (size_t)(t->end - t->p) < n)
        return false;
    t->p += n;
    return true;
}

static bool read_pattern(struct text *t, enum pattern pattern, int digits, struct parts *parts)
{
    int value;
    switch (pattern) {
    case P_YEAR:
        parts->date = true;
        if (!number(t, digits, &value))
            return false;
        parts->civil.year = digits < 4 ? (value < 70 ? 2000 : 1900) + value % 100 : value;
        return true;
    case P_MONTH:
        parts->date = true;
        return number(t, 2, &parts->civil.month);
    case P_DAY:
        parts->date = true;
        return number(t, 2, &parts->civil.day);
    case P_HOUR24:
    case P_HOUR12:
        parts->time = true;
        return number(t, 2, &parts->civil.hour);
    case P_MINUTE:
        parts->time = true;
        return number(t, 2, &parts->civil.minute);
    case P_SECOND:
        parts->time = true;
        return number(t, 2, &parts->civil.second);
    case P_FRACTION:
        parts->time = true;
        return fraction(t, digits, &parts->civil.usec);
    case P_AM:
        return day_half(t, parts);
    case P_ZONE_HOUR:
        parts->zone = true;
        skip_spaces(t);
        parts->zone_sign = literal(t, '-') ? -1 : 1;
        literal(t, '+');
        if (!number(t, 2, &value))
            return false;
        parts->east = parts->zone_sign * value * 3600;
        return true;
    case P_ZONE_MINUTE:
        parts->zone = true;
        if (!number(t, 2, &value))
            return false;
        parts->east += (parts->zone_sign < 0 ? -1 : 1) * value * 60;
        return true;
    case P_NONE:
        break;
    }
    return false;
}

static bool parse_by_template(struct path_eval *e, const struct json *v,
                              const struct json *template, struct parts *parts)
{
    struct text t = {v->text, v->text + v->n}, f = {template->text, template->text + template->n};
    while (f.p < f.end) {
        int digits = 0;
        const char *name = "";
        enum pattern pattern = pattern_at(&f, &digits, &name);
        if (pattern != P_NONE) {
            const char *start = t.p;
            if (t.p >= t.end) {
                path_error(e, ERR_INVALID_DATETIME_FORMAT,
                           "input string is too short for datetime format");
                return false;
            }
            if (!read_pattern(&t, pattern, digits, parts)) {
                path_error(e, ERR_INVALID_DATETIME_FORMAT, "invalid value \"%.*s\" for \"%s\"",
                           (int)MIN(t.end - start, digits), start, name);
                return false;
            }
            continue;
        }
        bool quoted = *f.p == '"';
        if (!quoted && !strchr("-./,':; ", *f.p))
            return bad_format(e, "invalid datetime format separator: \"%.*s\"", f.p, 1);
        for (f.p += quoted; f.p < f.end && (!quoted || *f.p != '"'); f.p++) {
            if (!literal(&t, *f.p))
                return bad_format(e,
                                  t.p >= t.end ? "input string is too short for datetime format%.*s"
                                               : "unmatched format separator \"%.*s\"",
                                  f.p, t.p >= t.end ? 0 : 1);
            if (!quoted) {
                f.p++;
                break;
            }
        }
        if (quoted && f.p < f.end)
            f.p++;
    }
    if (t.p < t.end) {
        path_error(e, ERR_INVALID_DATETIME_FORMAT,
                   "trailing characters remain in input string after datetime format");
        return false;
    }
    if (parts->pm && parts->civil.hour < 12)
        parts->civil.hour += 12;
    if (parts->am && parts->civil.hour == 12)
        parts->civil.hour = 0;
    return true;
}

/* ---- values ---- */

static bool in_range(const struct parts *p)
{
    const struct civil *c = &p->civil;
    if (p->date && (c->year < 0 || c->month < 1 || c->month > 12 || c->day < 1 ||
                    c->day > month_days(c->year, c->month)))
        return false;
    return !p->time || (c->hour < 24 && c->minute < 60 && c->second < 60);
}

static bool make_value(struct parts *p, struct json_datetime *d)
{
    int64_t day =
        p->date ? civil_to_julian(p->civil.year, p->civil.month, p->civil.day) - JULIAN_2000 : 0;
    int64_t usec =
        ((int64_t)p->civil.hour * 3600 + p->civil.minute * 60 + p->civil.second) * USEC_PER_SEC +
        p->civil.usec;
    d->west = -p->east;
    if (p->date && p->time) {
        d->oid = p->zone ? TYPE_TIMESTAMPTZ : TYPE_TIMESTAMP;
        d->value = day * USEC_PER_DAY + usec + (p->zone ? d->west * USEC_PER_SEC : 0);
    } else if (p->date) {
        d->oid = TYPE_DATE;
        d->value = day;
    } else if (p->time) {
        d->oid = p->zone ? TYPE_TIMETZ : TYPE_TIME;
        d->value = usec;
    } else {
        return false;
    }
    return true;
}

enum path_result path_datetime(struct path_eval *e, const struct json *text,
                               const struct json *template, const struct json **out)
{
    struct parts parts = {.civil = {.year = 1, .month = 1, .day = 1}};
    struct json_datetime *d = ARENA_NEW(e->arena, struct json_datetime);
    if (text->kind != JSON_STRING)
        return path_error(e, ERR_INVALID_ARGUMENT_FOR_SQL_JSON_DATETIME_FUNCTION,
                          "jsonpath item method .%s() can only be applied to a string", "datetime");
    if (template) {
        if (!parse_by_template(e, text, template, &parts))
            return PATH_ERROR;
        if (!in_range(&parts) || !make_value(&parts, d))
            return path_error(e, ERR_DATETIME_FIELD_OVERFLOW,
                              "date/time field value out of range: \"%.*s\"", (int)text->n,
                              text->text);
    } else if (!parse_iso(text, &parts) || !in_range(&parts) || !make_value(&parts, d)) {
        path_error(e, ERR_INVALID_ARGUMENT_FOR_SQL_JSON_DATETIME_FUNCTION,
                   "datetime format is not recognized: \"%.*s\"", (int)text->n, text->text);
        if (e->failed)
            err_hint(e->err, "Use a datetime template argument to specify the input data format.");
        return PATH_ERROR;
    }
    struct json *value = ARENA_NEW(e->arena, struct json);
    *value = (struct json){.kind = JSON_DATETIME, .datetime = d};
    *out = value;
    return PATH_OK;
}

const char *path_datetime_type(const struct json_datetime *d)
{
    switch (d->oid) {
    case TYPE_DATE:
        return "date";
    case TYPE_TIME:
        return "time without time zone";
    case TYPE_TIMETZ:
        return "time with time zone";
    case TYPE_TIMESTAMP:
        return "timestamp without time zone";
    default:
        return "timestamp with time zone";
    }
}

static void print_zone(int32_t west, struct buf *out)
{
    int32_t east = -west, size = east < 0 ? -east : east;
    buf_printf(out, "%c%02d:%02d", east < 0 ? '-' : '+', size / 3600, size / 60 % 60);
}

void path_datetime_print(const struct json_datetime *d, struct buf *out)
{
    struct err ignored = ERR_IN(out->arena);
    bool ok = true;
    switch (d->oid) {
    case TYPE_DATE:
        date_print_iso(d->value, out);
        break;
    case TYPE_TIME:
    case TYPE_TIMETZ:
        time_print(d->value, out);
        break;
    default:
        ok = timestamp_print_iso(d->oid == TYPE_TIMESTAMPTZ ? d->value - d->west * USEC_PER_SEC
                                                            : d->value,
                                 out, &ignored);
    }
    if (ok && (d->oid == TYPE_TIMETZ || d->oid == TYPE_TIMESTAMPTZ))
        print_zone(d->west, out);
}

/* ---- comparison ---- */

static bool needs_zone(struct path_eval *e, const char *from, const char *to)
{
    if (e->use_zone)
        return true;
    if (!e->failed) {
        err_set(e->err, ERR_FEATURE_NOT_SUPPORTED,
                "cannot convert value from %s to %s without time zone usage", from, to);
        err_hint(e->err, "Use *_tz() function for time zone support.");
        e->failed = true;
    }
    return false;
}

/* As a timestamptz; a time has none. */
static bool as_timestamptz(struct path_eval *e, const struct json_datetime *d, int64_t *out)
{
    const struct timezone *session = settings_timezone(e->c->env->settings);
    struct err ignored = ERR_IN(e->arena);
    if (d->oid == TYPE_TIMESTAMPTZ) {
        *out = d->value;
        return true;
    }
    if (d->oid == TYPE_DATE)
        return needs_zone(e, "date", "timestamptz") &&
               date_to_timestamptz(d->value, session, out, &ignored);
    return needs_zone(e, "timestamp", "timestamptz") &&
           timestamp_to_timestamptz(d->value, session, out, &ignored);
}

static int compare_timetz(const struct json_datetime *a, const struct json_datetime *b)
{
    struct timetz x = {.usec = a->value, .west = a->west}, y = {.usec = b->value, .west = b->west};
    return timetz_compare(&x, &y);
}

/* A time is in the session's zone now. */
static bool with_session_zone(struct path_eval *e, const struct json_datetime *d,
                              struct json_datetime *out)
{
    struct civil civil;
    *out = *d;
    if (d->oid == TYPE_TIMETZ)
        return true;
    const struct timezone *session = settings_timezone(e->c->env->settings);
    if (!needs_zone(e, "time", "timetz") ||
        !timestamptz_to_civil(e->c->env->transaction_us, session, &civil, NULL))
        return false;
    out->west = civil_west(&civil, session);
    return true;
}

bool path_datetime_compare(struct path_eval *e, const struct json_datetime *a,
                           const struct json_datetime *b, int *order)
{
    bool time_a = a->oid == TYPE_TIME || a->oid == TYPE_TIMETZ,
         time_b = b->oid == TYPE_TIME || b->oid == TYPE_TIMETZ;
    int64_t x = a->value, y = b->value;
    struct json_datetime zoned_a, zoned_b;
    if (time_a != time_b)
        return false;
    if (time_a && (a->oid == TYPE_TIMETZ || b->oid == TYPE_TIMETZ)) {
        if (!with_session_zone(e, a, &zoned_a) || !with_session_zone(e, b, &zoned_b))
            return false;
        *order = compare_timetz(&zoned_a, &zoned_b);
        return true;
    }
    if (a->oid == TYPE_TIMESTAMPTZ || b->oid == TYPE_TIMESTAMPTZ) {
        if (!as_timestamptz(e, a, &x) || !as_timestamptz(e, b, &y))
            return false;
    } else if (a->oid != b->oid) {
        x = a->oid == TYPE_DATE ? date_as_timestamp(x) : x;
        y = b->oid == TYPE_DATE ? date_as_timestamp(y) : y;
    }
    *order = cmp_i64(x, y);
    return true;
}
