/* param_check.c - one value's check: booleans, numbers with units, enumerations, and strings with a syntax. */
#include "proxy/param_check.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "types/timezone.h"

struct unit {
    const char *name;
    double factor; /* bytes or microseconds */
};
static const struct unit memory_units[] = {
    {"B", 1}, {"kB", 1024}, {"MB", 1048576}, {"GB", 1073741824.0}, {"TB", 1099511627776.0}};
static const struct unit time_units[] = {{"us", 1},     {"ms", 1e3},   {"s", 1e6},
                                         {"min", 60e6}, {"h", 3600e6}, {"d", 86400e6}};

static bool is_time(const char *unit)
{
    return strcmp(unit, "ms") == 0 || strcmp(unit, "s") == 0 || strcmp(unit, "min") == 0 ||
           strcmp(unit, "us") == 0;
}

static void units_of(const char *unit, const struct unit **units, size_t *n, double *base)
{
    if (is_time(unit)) {
        *units = time_units;
        *n = ARRAY_COUNT(time_units);
    } else {
        *units = memory_units;
        *n = ARRAY_COUNT(memory_units);
    }
    *base = strcmp(unit, "8kB") == 0 ? 8192 : 1;
    for (size_t i = 0; i < *n; i++)
        if (strcmp((*units)[i].name, unit) == 0)
            *base = (*units)[i].factor;
}

bool param_parse_bool(const char *text, bool *value)
{
    static const struct {
        const char *word;
        size_t least; /* shortest unambiguous prefix */
        bool value;
    } words[] = {{"true", 1, true}, {"false", 1, false}, {"yes", 1, true}, {"no", 1, false},
                 {"on", 2, true},   {"off", 2, false},   {"1", 1, true},   {"0", 1, false}};
    size_t n = strlen(text);
    for (size_t i = 0; i < ARRAY_COUNT(words); i++)
        if (n >= words[i].least && n <= strlen(words[i].word) &&
            strncasecmp(text, words[i].word, n) == 0) {
            *value = words[i].value;
            return true;
        }
    return false;
}

static bool invalid_value(const char *name, const char *text, struct err *err)
{
    return err_set(err, ERR_INVALID_PARAMETER_VALUE, "invalid value for parameter \"%s\": \"%s\"",
                   name, text);
}

/* Reads a number and its unit, in base units.  False with the hint set for what is wrong. */
static bool parse_number(const struct param_def *def, const char *text, double *value,
                         struct err *err)
{
    char *end;
    const char *start = text;
    errno = 0;
    double number;
    if (def->kind == PARAM_INTEGER) {
        number = (double)strtoll(text, &end, 0);
        if (*end == '.' || *end == 'e' || *end == 'E' || errno == ERANGE) {
            errno = 0;
            number = strtod(text, &end);
        }
    } else {
        number = strtod(text, &end);
    }
    if (end == start || isnan(number))
        return invalid_value(def->name, text, err);
    if (errno == ERANGE)
        number = HUGE_VAL;
    while (isspace((unsigned char)*end))
        end++;
    if (*end) {
        if (!def->unit)
            return invalid_value(def->name, text, err);
        const struct unit *units;
        size_t n_units, length = strcspn(end, " \t\n\r\f\v");
        double base;
        units_of(def->unit, &units, &n_units, &base);
        const struct unit *found = NULL;
        for (size_t i = 0; i < n_units; i++)
            if (strlen(units[i].name) == length && strncmp(units[i].name, end, length) == 0)
                found = &units[i];
        const char *rest = end + length;
        while (isspace((unsigned char)*rest))
            rest++;
        if (!found || *rest) {
            invalid_value(def->name, text, err);
            return err_hint(err, is_time(def->unit) ? "Valid units for this parameter are \"us\", "
                                                      "\"ms\", \"s\", \"min\", \"h\", and \"d\"."
                                                    : "Valid units for this parameter are \"B\", "
                                                      "\"kB\", \"MB\", \"GB\", and \"TB\".");
        }
        number = number * found->factor / base;
    }
    *value = number;
    return true;
}

static bool check_integer(const struct param_def *def, const char *text, const char **value,
                          struct err *err)
{
    double number;
    if (!parse_number(def, text, &number, err))
        return false;
    number = rint(number);
    if (number > INT32_MAX || number < INT32_MIN) {
        invalid_value(def->name, text, err);
        return err_hint(err, "Value exceeds integer range.");
    }
    if (number < def->min || number > def->max)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE,
                       "%d%s%s is outside the valid range for parameter \"%s\" (%d .. %d)",
                       (int)number, def->unit ? " " : "", def->unit ? def->unit : "", def->name,
                       (int)def->min, (int)def->max);
    *value = arena_printf(err->arena, "%d", (int)number);
    return true;
}

static bool check_real(const struct param_def *def, const char *text, const char **value,
                       struct err *err)
{
    double number;
    if (!parse_number(def, text, &number, err))
        return false;
    if (number < def->min || number > def->max)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE,
                       "%g%s%s is outside the valid range for parameter \"%s\" (%g .. %g)", number,
                       def->unit ? " " : "", def->unit ? def->unit : "", def->name, def->min,
                       def->max);
    *value = arena_printf(err->arena, "%g", number);
    return true;
}

static bool has_label(const struct param_def *def, const char *label, const char **found)
{
    for (size_t i = 0; def->enums[i]; i++)
        if (strcasecmp(def->enums[i], label) == 0) {
            *found = def->enums[i];
            return true;
        }
    return false;
}

static bool check_enum(const struct param_def *def, const char *text, const char **value,
                       struct err *err)
{
    if (has_label(def, text, value))
        return true;
    /* Spellings that PostgreSQL takes but does not list. */
    bool on;
    const char *ignored;
    if (has_label(def, "on", &ignored) && has_label(def, "off", &ignored) && strlen(text) > 0 &&
        (strcasecmp(text, "true") == 0 || strcasecmp(text, "false") == 0 ||
         strcasecmp(text, "yes") == 0 || strcasecmp(text, "no") == 0 || strcmp(text, "1") == 0 ||
         strcmp(text, "0") == 0) &&
        param_parse_bool(text, &on))
        return has_label(def, on ? "on" : "off", value);
    if (has_label(def, "debug2", value) && strcasecmp(text, "debug") == 0)
        return true;
    if (def->id == PARAM_CLIENT_MIN_MESSAGES && strcasecmp(text, "info") == 0) {
        *value = "info";
        return true;
    }
    struct buf list = BUF_IN(err->arena);
    for (size_t i = 0; def->enums[i]; i++)
        buf_printf(&list, "%s%s", i ? ", " : "", def->enums[i]);
    invalid_value(def->name, text, err);
    return err_hint(err, "Available values: %s.", buf_cstr(&list));
}

bool param_check(const struct param_def *def, const char *text, const char **value, struct err *err)
{
    bool flag;
    switch (def->kind) {
    case PARAM_BOOL:
        if (!param_parse_bool(text, &flag))
            return err_set(err, ERR_INVALID_PARAMETER_VALUE,
                           "parameter \"%s\" requires a Boolean value", def->name);
        *value = flag ? "on" : "off";
        return true;
    case PARAM_INTEGER:
        return check_integer(def, text, value, err);
    case PARAM_REAL:
        return check_real(def, text, value, err);
    case PARAM_ENUM:
        return check_enum(def, text, value, err);
    case PARAM_STRING:
        break;
    }
    switch ((int)def->id) {
    case PARAM_DATE_STYLE:
        return check_date_style(text, value, err);
    case PARAM_TIMEZONE:
        return check_timezone(text, value, err);
    case PARAM_CLIENT_ENCODING:
        return check_client_encoding(text, value, err);
    case PARAM_APPLICATION_NAME:
        return check_application_name(text, value, err);
    case PARAM_SEARCH_PATH:
        return check_name_list(def->name, text, value, err);
    default:
        *value = arena_strdup(err->arena, text);
        return true;
    }
}

const char *param_show(const struct param_def *def, const char *value, struct arena *arena)
{
    if (!def->unit || (def->kind != PARAM_INTEGER && def->kind != PARAM_REAL))
        return value;
    double number = strtod(value, NULL);
    if (number <= 0)
        return value;
    const struct unit *units;
    size_t n_units;
    double base;
    units_of(def->unit, &units, &n_units, &base);
    double amount = number * base;
    for (size_t i = n_units; i-- > 0;) {
        double in_unit = amount / units[i].factor;
        if (in_unit >= 1 && in_unit == rint(in_unit))
            return arena_printf(arena, "%.0f%s", in_unit, units[i].name);
    }
    return arena_printf(arena, "%g%s", number, def->unit);
}

/* ---- strings with a syntax ---- */

bool split_identifiers(struct arena *arena, const char *text, const char ***names, size_t *n)
{
    VEC(const char *) list = {0};
    const char *p = text;
    while (isspace((unsigned char)*p))
        p++;
    *names = NULL;
    *n = 0;
    if (!*p)
        return true;
    for (;;) {
        struct buf name = BUF_IN(arena);
        if (*p == '"') {
            for (p++; *p; p++) {
                if (*p == '"' && p[1] != '"')
                    break;
                p += *p == '"';
                buf_putc(&name, *p);
            }
            if (*p != '"')
                return false;
            p++;
        } else {
            const char *start = p;
            for (; *p && *p != ',' && !isspace((unsigned char)*p); p++)
                buf_putc(&name, (unsigned char)*p < 0x80 ? (char)tolower((unsigned char)*p) : *p);
            if (p == start)
                return false;
        }
        const char *item = buf_cstr(&name);
        VEC_PUSH(arena, &list, item);
        while (isspace((unsigned char)*p))
            p++;
        if (!*p)
            break;
        if (*p != ',')
            return false;
        for (p++; isspace((unsigned char)*p);)
            p++;
    }
    *names = list.items;
    *n = list.n;
    return true;
}

bool check_name_list(const char *param, const char *text, const char **value, struct err *err)
{
    const char **names;
    size_t n;
    if (!split_identifiers(err->arena, text, &names, &n)) {
        invalid_value(param, text, err);
        return err_detail(err, "List syntax is invalid.");
    }
    *value = arena_strdup(err->arena, text);
    return true;
}

static const char *const style_names[] = {[DATE_STYLE_ISO] = "ISO",
                                          [DATE_STYLE_SQL] = "SQL",
                                          [DATE_STYLE_POSTGRES] = "Postgres",
                                          [DATE_STYLE_GERMAN] = "German"};
static const char *const order_names[] = {
    [DATE_ORDER_MDY] = "MDY", [DATE_ORDER_DMY] = "DMY", [DATE_ORDER_YMD] = "YMD"};

void date_style_parse(const char *value, enum date_style *style, enum date_order *order)
{
    for (size_t i = 0; i < ARRAY_COUNT(style_names); i++)
        if (strncmp(value, style_names[i], strlen(style_names[i])) == 0)
            *style = (enum date_style)i;
    const char *comma = strchr(value, ',');
    for (size_t i = 0; comma && i < ARRAY_COUNT(order_names); i++)
        if (strcmp(comma + 2, order_names[i]) == 0)
            *order = (enum date_order)i;
}

bool check_date_style(const char *text, const char **value, struct err *err)
{
    const char **words;
    size_t n;
    int style = -1, order = -1;
    bool conflict = false;
    if (!split_identifiers(err->arena, text, &words, &n)) {
        invalid_value("DateStyle", text, err);
        return err_detail(err, "List syntax is invalid.");
    }
    for (size_t i = 0; i < n; i++) {
        const char *word = words[i];
        int this_style = -1, this_order = -1;
        if (strcasecmp(word, "iso") == 0)
            this_style = DATE_STYLE_ISO;
        else if (strcasecmp(word, "sql") == 0)
            this_style = DATE_STYLE_SQL;
        else if (strncasecmp(word, "postgres", 8) == 0)
            this_style = DATE_STYLE_POSTGRES;
        else if (strcasecmp(word, "german") == 0)
            this_style = DATE_STYLE_GERMAN;
        else if (strcasecmp(word, "ymd") == 0)
            this_order = DATE_ORDER_YMD;
        else if (strcasecmp(word, "dmy") == 0 || strncasecmp(word, "euro", 4) == 0)
            this_order = DATE_ORDER_DMY;
        else if (strcasecmp(word, "mdy") == 0 || strcasecmp(word, "us") == 0 ||
                 strncasecmp(word, "noneuro", 7) == 0)
            this_order = DATE_ORDER_MDY;
        else if (strcasecmp(word, "default") == 0)
            continue;
        else {
            invalid_value("DateStyle", text, err);
            return err_detail(err, "Unrecognized key word: \"%s\".", word);
        }
        conflict |= (this_style >= 0 && style >= 0 && style != this_style) ||
                    (this_order >= 0 && order >= 0 && order != this_order);
        style = this_style >= 0 ? this_style : style;
        order = this_order >= 0 ? this_order : order;
        if (this_style == DATE_STYLE_GERMAN && order < 0)
            order = DATE_ORDER_DMY;
    }
    if (conflict) {
        invalid_value("DateStyle", text, err);
        return err_detail(err, "Conflicting \"datestyle\" specifications.");
    }
    /* What is not said here is kept by the session: it passes the missing half (session_params.c). */
    *value = arena_printf(err->arena, "%s, %s", style < 0 ? "-" : style_names[style],
                          order < 0 ? "-" : order_names[order]);
    return true;
}

bool check_timezone(const char *text, const char **value, struct err *err)
{
    const struct timezone *zone = timezone_from_setting(text);
    if (!zone)
        return invalid_value("TimeZone", text, err);
    *value = arena_strdup(err->arena, timezone_name(zone));
    return true;
}

/* Encodings that PostgreSQL converts, by name without punctuation. */
static bool is_other_encoding(const char *name)
{
    static const char *const names[] = {
        "latin1",      "latin2",      "latin3",       "latin4",       "latin5",      "latin6",
        "latin7",      "latin8",      "latin9",       "latin10",      "iso88591",    "iso88592",
        "iso88593",    "iso88594",    "iso88595",     "iso88596",     "iso88597",    "iso88598",
        "iso88599",    "iso885910",   "iso885913",    "iso885914",    "iso885915",   "iso885916",
        "win1250",     "win1251",     "win1252",      "win1253",      "win1254",     "win1255",
        "win1256",     "win1257",     "win1258",      "win866",       "win874",      "windows1250",
        "windows1251", "windows1252", "windows1253",  "windows1254",  "windows1255", "windows1256",
        "windows1257", "windows1258", "windows866",   "windows874",   "koi8r",       "koi8u",
        "koi8",        "euccn",       "eucjp",        "eucjis2004",   "euckr",       "euctw",
        "sjis",        "shiftjis",    "shiftjis2004", "mskanji",      "big5",        "gbk",
        "gb18030",     "uhc",         "johab",        "muleinternal", "alt",         "abc",
        "tcvn",        "tcvn5712",    "vscii"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

bool check_client_encoding(const char *text, const char **value, struct err *err)
{
    char name[32];
    size_t n = 0;
    for (const char *p = text; *p && n + 1 < sizeof(name); p++)
        if (isalnum((unsigned char)*p))
            name[n++] = (char)tolower((unsigned char)*p);
    name[n] = 0;
    if (strcmp(name, "utf8") == 0 || strcmp(name, "unicode") == 0)
        *value = "UTF8";
    else if (strcmp(name, "sqlascii") == 0)
        *value = "SQL_ASCII";
    else if (is_other_encoding(name))
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED,
                       "conversion between %s and UTF8 is not supported", text);
    else
        return invalid_value("client_encoding", text, err);
    return true;
}

bool check_application_name(const char *text, const char **value, struct err *err)
{
    size_t n = strlen(text);
    char *clean = arena_strndup(err->arena, text, MIN(n, 63));
    for (char *p = clean; *p; p++)
        if ((unsigned char)*p < 32 || (unsigned char)*p > 126)
            *p = '?';
    *value = clean;
    return true;
}

enum interval_style interval_style_parse(const char *value)
{
    if (strcmp(value, "postgres_verbose") == 0)
        return INTERVAL_POSTGRES_VERBOSE;
    if (strcmp(value, "sql_standard") == 0)
        return INTERVAL_SQL_STANDARD;
    if (strcmp(value, "iso_8601") == 0)
        return INTERVAL_ISO_8601;
    return INTERVAL_POSTGRES;
}
