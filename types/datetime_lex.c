/* datetime_lex.c - cut a date, time or interval into tokens, and know the words in it.
 *
 * The kind of a token follows from its first characters alone, as PostgreSQL does it: "2024-01-31"
 * is a date, "10:30" a time, "-08" a zone.  What a number means is left to the parser.  Letters
 * are lowered; punctuation that begins nothing only separates. */
#include "types/datetime_int.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_punct(char c)
{
    return c > ' ' && c < 0x7f && !is_digit(c) && !is_alpha(c);
}

struct lexer {
    const char *at, *end;
    char *out, *out_end;
    bool full; /* the work space ran out */
};

static char peek(const struct lexer *l)
{
    return l->at < l->end ? *l->at : '\0';
}

static void take(struct lexer *l)
{
    char c = *l->at++;
    if (l->out + 1 >= l->out_end)
        l->full = true;
    else
        *l->out++ = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

static void take_digits_and(struct lexer *l, const char *others)
{
    while (peek(l) != '\0' && (is_digit(peek(l)) || strchr(others, peek(l))))
        take(l);
}

static void take_letters(struct lexer *l)
{
    while (is_alpha(peek(l)))
        take(l);
}

/* Digits came first; a date goes on with - / or . and more. */
static enum dt_token_kind lex_after_digits(struct lexer *l)
{
    take_digits_and(l, "");
    char delimiter = peek(l);
    if (delimiter == ':') {
        take_digits_and(l, ":.");
        return TOKEN_TIME;
    }
    if (delimiter != '-' && delimiter != '/' && delimiter != '.')
        return TOKEN_NUMBER;
    take(l);
    if (is_digit(peek(l))) {
        enum dt_token_kind kind = delimiter == '.' ? TOKEN_NUMBER : TOKEN_DATE;
        take_digits_and(l, "");
        if (peek(l) == delimiter) {
            kind = TOKEN_DATE;
            take_digits_and(l, (char[]){delimiter, '\0'});
        }
        return kind;
    }
    while (is_digit(peek(l)) || is_alpha(peek(l)) || peek(l) == delimiter)
        take(l);
    return TOKEN_DATE;
}

/* Letters came first: a word, unless it goes on like a date or a zone's name. */
static enum dt_token_kind lex_after_letter(struct lexer *l)
{
    char *start = l->out;
    take_letters(l);
    char c = peek(l);
    bool is_date = c == '-' || c == '/' || c == '.';
    if (!is_date && (c == '+' || is_digit(c))) {
        *l->out = '\0';
        is_date = dt_word_find(start).kind == WORD_UNKNOWN;
    }
    if (!is_date)
        return TOKEN_WORD;
    do {
        take(l);
        c = peek(l);
    } while (is_digit(c) || is_alpha(c) || (c != '\0' && strchr("+-/_.:", c)));
    return TOKEN_DATE;
}

/* False: a sign before neither digit nor letter. */
static bool lex_after_sign(struct lexer *l, enum dt_token_kind *kind)
{
    take(l);
    while (is_space(peek(l)))
        l->at++;
    if (is_digit(peek(l))) {
        *kind = TOKEN_ZONE;
        take_digits_and(l, ":.-");
        return true;
    }
    *kind = TOKEN_SPECIAL;
    take_letters(l);
    return is_alpha(l->out[-1]);
}

enum dt_status dt_lex(const char *text, size_t n, size_t work_bytes, struct dt_tokens *tokens)
{
    struct lexer l = {text, text + n, tokens->work, tokens->work + work_bytes, false};
    tokens->n = 0;
    while (l.at < l.end && *l.at != '\0') {
        char c = peek(&l);
        if (is_space(c)) {
            l.at++;
            continue;
        }
        if (tokens->n == DT_TOKENS_MAX)
            return DT_BAD_FORMAT;
        tokens->text[tokens->n] = l.out;
        enum dt_token_kind *kind = &tokens->kind[tokens->n];
        if (is_digit(c)) {
            *kind = lex_after_digits(&l);
        } else if (c == '.') {
            *kind = TOKEN_NUMBER;
            take(&l);
            take_digits_and(&l, "");
        } else if (is_alpha(c)) {
            *kind = lex_after_letter(&l);
        } else if (c == '+' || c == '-') {
            if (!lex_after_sign(&l, kind))
                return DT_BAD_FORMAT;
        } else if (is_punct(c)) {
            l.at++;
            continue;
        } else {
            return DT_BAD_FORMAT;
        }
        if (l.full)
            return DT_BAD_FORMAT;
        *l.out++ = '\0';
        tokens->n++;
    }
    return DT_OK;
}

/* Numbers inside tokens. */

bool dt_take_int64(const char *text, const char **end, int64_t *value)
{
    char *stop;
    errno = 0;
    *value = strtoll(text, &stop, 10);
    *end = stop;
    return errno != ERANGE;
}

bool dt_take_int(const char *text, const char **end, int *value)
{
    int64_t wide;
    bool ok = dt_take_int64(text, end, &wide) && wide >= INT_MIN && wide <= INT_MAX;
    *value = (int)wide;
    return ok;
}

enum dt_status dt_fraction(const char *text, double *fraction)
{
    char *end;
    if (text[1] == '\0') {
        *fraction = 0;
        return DT_OK;
    }
    errno = 0;
    *fraction = strtod(text, &end);
    return *end != '\0' || errno != 0 ? DT_BAD_FORMAT : DT_OK;
}

enum dt_status dt_fraction_usec(const char *text, int *usec)
{
    double fraction;
    enum dt_status status = dt_fraction(text, &fraction);
    *usec = (int)rint(fraction * 1000000);
    return status;
}

enum dt_status dt_time(const char *text, bool short_seconds, int64_t *hours, int *minute,
                       int *second, int *usec)
{
    const char *p;
    enum dt_status status = DT_OK;
    *second = *usec = 0;
    if (!dt_take_int64(text, &p, hours))
        return DT_FIELD_OVERFLOW;
    if (*p != ':')
        return DT_BAD_FORMAT;
    if (!dt_take_int(p + 1, &p, minute))
        return DT_FIELD_OVERFLOW;
    bool shift = false; /* the two fields are minutes and seconds */
    if (*p == '\0') {
        shift = short_seconds;
    } else if (*p == '.') {
        status = dt_fraction_usec(p, usec);
        shift = true;
    } else if (*p == ':') {
        if (!dt_take_int(p + 1, &p, second))
            return DT_FIELD_OVERFLOW;
        if (*p == '.')
            status = dt_fraction_usec(p, usec);
        else if (*p != '\0')
            return DT_BAD_FORMAT;
    } else {
        return DT_BAD_FORMAT;
    }
    if (status != DT_OK)
        return status;
    if (shift) {
        if (*hours > INT_MAX || *hours < INT_MIN)
            return DT_FIELD_OVERFLOW;
        *second = *minute;
        *minute = (int)*hours;
        *hours = 0;
    }
    if (*hours < 0 || *minute < 0 || *minute > 59 || *second < 0 || *second > 60 || *usec < 0 ||
        *usec > USEC_PER_SEC)
        return DT_FIELD_OVERFLOW;
    return DT_OK;
}

/* Words.  Both tables are sorted; only the first ten letters of a word count. */

#define WORD_LETTERS 10

struct word_entry {
    char text[WORD_LETTERS + 1];
    uint8_t kind;
    int value;
};

static const struct word_entry date_words[] = {
    {"-infinity", WORD_SPECIAL, SPECIAL_NEG_INFINITY},
    {"ad", WORD_ERA, 0},
    {"allballs", WORD_SPECIAL, SPECIAL_ALLBALLS},
    {"am", WORD_AMPM, 0},
    {"apr", WORD_MONTH, 4},
    {"april", WORD_MONTH, 4},
    {"at", WORD_IGNORE, 0},
    {"aug", WORD_MONTH, 8},
    {"august", WORD_MONTH, 8},
    {"bc", WORD_ERA, 1},
    {"d", WORD_UNIT, UNIT_DAY},
    {"dec", WORD_MONTH, 12},
    {"december", WORD_MONTH, 12},
    {"dow", WORD_UNIT, UNIT_DOW},
    {"doy", WORD_UNIT, UNIT_DOY},
    {"dst", WORD_DST, 3600},
    {"epoch", WORD_SPECIAL, SPECIAL_EPOCH},
    {"feb", WORD_MONTH, 2},
    {"february", WORD_MONTH, 2},
    {"fri", WORD_WEEKDAY, 5},
    {"friday", WORD_WEEKDAY, 5},
    {"h", WORD_UNIT, UNIT_HOUR},
    {"infinity", WORD_SPECIAL, SPECIAL_INFINITY},
    {"isodow", WORD_UNIT, UNIT_ISODOW},
    {"isoyear", WORD_UNIT, UNIT_ISOYEAR},
    {"j", WORD_UNIT, UNIT_JULIAN},
    {"jan", WORD_MONTH, 1},
    {"january", WORD_MONTH, 1},
    {"jd", WORD_UNIT, UNIT_JULIAN},
    {"jul", WORD_MONTH, 7},
    {"julian", WORD_UNIT, UNIT_JULIAN},
    {"july", WORD_MONTH, 7},
    {"jun", WORD_MONTH, 6},
    {"june", WORD_MONTH, 6},
    {"m", WORD_UNIT, UNIT_MONTH},
    {"mar", WORD_MONTH, 3},
    {"march", WORD_MONTH, 3},
    {"may", WORD_MONTH, 5},
    {"mm", WORD_UNIT, UNIT_MINUTE},
    {"mon", WORD_WEEKDAY, 1},
    {"monday", WORD_WEEKDAY, 1},
    {"nov", WORD_MONTH, 11},
    {"november", WORD_MONTH, 11},
    {"now", WORD_SPECIAL, SPECIAL_NOW},
    {"oct", WORD_MONTH, 10},
    {"october", WORD_MONTH, 10},
    {"on", WORD_IGNORE, 0},
    {"pm", WORD_AMPM, 1},
    {"s", WORD_UNIT, UNIT_SECOND},
    {"sat", WORD_WEEKDAY, 6},
    {"saturday", WORD_WEEKDAY, 6},
    {"sep", WORD_MONTH, 9},
    {"sept", WORD_MONTH, 9},
    {"september", WORD_MONTH, 9},
    {"sun", WORD_WEEKDAY, 0},
    {"sunday", WORD_WEEKDAY, 0},
    {"t", WORD_T, 0},
    {"thu", WORD_WEEKDAY, 4},
    {"thur", WORD_WEEKDAY, 4},
    {"thurs", WORD_WEEKDAY, 4},
    {"thursday", WORD_WEEKDAY, 4},
    {"today", WORD_SPECIAL, SPECIAL_TODAY},
    {"tomorrow", WORD_SPECIAL, SPECIAL_TOMORROW},
    {"tue", WORD_WEEKDAY, 2},
    {"tues", WORD_WEEKDAY, 2},
    {"tuesday", WORD_WEEKDAY, 2},
    {"wed", WORD_WEEKDAY, 3},
    {"wednesday", WORD_WEEKDAY, 3},
    {"weds", WORD_WEEKDAY, 3},
    {"y", WORD_UNIT, UNIT_YEAR},
    {"yesterday", WORD_SPECIAL, SPECIAL_YESTERDAY},
};

static const struct word_entry interval_words[] = {
    {"@", WORD_IGNORE, 0},
    {"ago", WORD_AGO, 0},
    {"c", WORD_UNIT, UNIT_CENTURY},
    {"cent", WORD_UNIT, UNIT_CENTURY},
    {"centuries", WORD_UNIT, UNIT_CENTURY},
    {"century", WORD_UNIT, UNIT_CENTURY},
    {"d", WORD_UNIT, UNIT_DAY},
    {"day", WORD_UNIT, UNIT_DAY},
    {"days", WORD_UNIT, UNIT_DAY},
    {"dec", WORD_UNIT, UNIT_DECADE},
    {"decade", WORD_UNIT, UNIT_DECADE},
    {"decades", WORD_UNIT, UNIT_DECADE},
    {"decs", WORD_UNIT, UNIT_DECADE},
    {"h", WORD_UNIT, UNIT_HOUR},
    {"hour", WORD_UNIT, UNIT_HOUR},
    {"hours", WORD_UNIT, UNIT_HOUR},
    {"hr", WORD_UNIT, UNIT_HOUR},
    {"hrs", WORD_UNIT, UNIT_HOUR},
    {"m", WORD_UNIT, UNIT_MINUTE},
    {"microsecon", WORD_UNIT, UNIT_MICROSECOND},
    {"mil", WORD_UNIT, UNIT_MILLENNIUM},
    {"millennia", WORD_UNIT, UNIT_MILLENNIUM},
    {"millennium", WORD_UNIT, UNIT_MILLENNIUM},
    {"millisecon", WORD_UNIT, UNIT_MILLISECOND},
    {"mils", WORD_UNIT, UNIT_MILLENNIUM},
    {"min", WORD_UNIT, UNIT_MINUTE},
    {"mins", WORD_UNIT, UNIT_MINUTE},
    {"minute", WORD_UNIT, UNIT_MINUTE},
    {"minutes", WORD_UNIT, UNIT_MINUTE},
    {"mon", WORD_UNIT, UNIT_MONTH},
    {"mons", WORD_UNIT, UNIT_MONTH},
    {"month", WORD_UNIT, UNIT_MONTH},
    {"months", WORD_UNIT, UNIT_MONTH},
    {"ms", WORD_UNIT, UNIT_MILLISECOND},
    {"msec", WORD_UNIT, UNIT_MILLISECOND},
    {"msecond", WORD_UNIT, UNIT_MILLISECOND},
    {"mseconds", WORD_UNIT, UNIT_MILLISECOND},
    {"msecs", WORD_UNIT, UNIT_MILLISECOND},
    {"qtr", WORD_UNIT, UNIT_QUARTER},
    {"quarter", WORD_UNIT, UNIT_QUARTER},
    {"s", WORD_UNIT, UNIT_SECOND},
    {"sec", WORD_UNIT, UNIT_SECOND},
    {"second", WORD_UNIT, UNIT_SECOND},
    {"seconds", WORD_UNIT, UNIT_SECOND},
    {"secs", WORD_UNIT, UNIT_SECOND},
    {"timezone", WORD_UNIT, UNIT_TZ},
    {"timezone_h", WORD_UNIT, UNIT_TZ_HOUR},
    {"timezone_m", WORD_UNIT, UNIT_TZ_MINUTE},
    {"us", WORD_UNIT, UNIT_MICROSECOND},
    {"usec", WORD_UNIT, UNIT_MICROSECOND},
    {"usecond", WORD_UNIT, UNIT_MICROSECOND},
    {"useconds", WORD_UNIT, UNIT_MICROSECOND},
    {"usecs", WORD_UNIT, UNIT_MICROSECOND},
    {"w", WORD_UNIT, UNIT_WEEK},
    {"week", WORD_UNIT, UNIT_WEEK},
    {"weeks", WORD_UNIT, UNIT_WEEK},
    {"y", WORD_UNIT, UNIT_YEAR},
    {"year", WORD_UNIT, UNIT_YEAR},
    {"years", WORD_UNIT, UNIT_YEAR},
    {"yr", WORD_UNIT, UNIT_YEAR},
    {"yrs", WORD_UNIT, UNIT_YEAR},
};

static struct dt_word find_word(const struct word_entry *words, size_t n, const char *text)
{
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strncmp(text, words[middle].text, WORD_LETTERS);
        if (order == 0)
            return (struct dt_word){.kind = words[middle].kind, .value = words[middle].value};
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return (struct dt_word){.kind = WORD_UNKNOWN};
}

struct dt_word dt_word_find(const char *text)
{
    return find_word(date_words, ARRAY_COUNT(date_words), text);
}

struct dt_word dt_interval_word_find(const char *text)
{
    return find_word(interval_words, ARRAY_COUNT(interval_words), text);
}

struct dt_word dt_zone_word_find(const char *text)
{
    const struct zone_abbrev *abbrev = zone_abbrev_find(text);
    if (!abbrev)
        return (struct dt_word){.kind = WORD_UNKNOWN};
    if (abbrev->zone)
        return (struct dt_word){.kind = WORD_ZONE_VARIES, .abbrev = abbrev};
    return (struct dt_word){abbrev->is_dst ? WORD_ZONE_DST : WORD_ZONE, abbrev->offset, abbrev};
}

enum datetime_unit datetime_unit_find(const char *text, size_t n)
{
    char lower[64];
    if (n >= sizeof(lower))
        n = sizeof(lower) - 1; /* longer than any word: only the first letters count anyway */
    for (size_t i = 0; i < n; i++)
        lower[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] + 32 : text[i]);
    lower[n] = '\0';
    struct dt_word word = dt_interval_word_find(lower);
    if (word.kind == WORD_UNKNOWN)
        word = dt_word_find(lower);
    if (word.kind == WORD_UNIT)
        return (enum datetime_unit)word.value;
    if (word.kind == WORD_SPECIAL)
        return word.value == SPECIAL_EPOCH ? UNIT_EPOCH : UNIT_OTHER;
    return UNIT_NONE;
}

bool dt_report(const struct type_io *io, enum dt_status status, const char *text, size_t n,
               const char *type_name)
{
    int len = (int)n;
    switch (status) {
    case DT_OK:
        return true;
    case DT_REPORTED:
        return false;
    case DT_FIELD_OVERFLOW:
        return err_set(io->err, ERR_DATETIME_FIELD_OVERFLOW,
                       "date/time field value out of range: \"%.*s\"", len, text);
    case DT_MONTH_DAY_OVERFLOW:
        err_set(io->err, ERR_DATETIME_FIELD_OVERFLOW,
                "date/time field value out of range: \"%.*s\"", len, text);
        return err_hint(io->err, "Perhaps you need a different \"datestyle\" setting.");
    case DT_INTERVAL_OVERFLOW:
        return err_set(io->err, ERR_INTERVAL_FIELD_OVERFLOW,
                       "interval field value out of range: \"%.*s\"", len, text);
    case DT_ZONE_OVERFLOW:
        return err_set(io->err, ERR_INVALID_TIME_ZONE_DISPLACEMENT_VALUE,
                       "time zone displacement out of range: \"%.*s\"", len, text);
    case DT_BAD_FORMAT:
        break;
    }
    return err_set(io->err, ERR_INVALID_DATETIME_FORMAT,
                   "invalid input syntax for type %s: \"%.*s\"", type_name, len, text);
}
