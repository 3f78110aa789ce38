/* datetime_int.h - what the files of types/datetime*.c share: the lexer of dates and its words. */
#ifndef SHARDLITE_TYPES_DATETIME_INT_H
#define SHARDLITE_TYPES_DATETIME_INT_H

#include "types/datetime.h"

/* Why a text is no date.  Turned into an error by dt_report(). */
enum dt_status {
    DT_OK,
    DT_BAD_FORMAT,
    DT_FIELD_OVERFLOW,     /* a field has a value it cannot have */
    DT_MONTH_DAY_OVERFLOW, /* the same, for a month or day: DateStyle may be the reason */
    DT_INTERVAL_OVERFLOW,
    DT_ZONE_OVERFLOW,
    DT_REPORTED, /* the error is already in io->err */
};

enum dt_token_kind {
    TOKEN_NUMBER,  /* digits, perhaps with a fraction */
    TOKEN_WORD,    /* letters */
    TOKEN_DATE,    /* parts joined by - / or . */
    TOKEN_TIME,    /* digits and colons */
    TOKEN_ZONE,    /* + or - and digits */
    TOKEN_SPECIAL, /* + or - and letters: "-infinity" */
};

#define DT_TOKENS_MAX 25

struct dt_tokens {
    int n;
    enum dt_token_kind kind[DT_TOKENS_MAX];
    char *text[DT_TOKENS_MAX]; /* lower case, NUL-terminated, in `work`; the parser may cut them */
    char work[256];
};

/* Work space that limits how long a text may be, by type. */
#define DT_WORK_TIMESTAMP 153
#define DT_WORK_DATE 129
#define DT_WORK_INTERVAL 256

enum dt_status dt_lex(const char *text, size_t n, size_t work_bytes, struct dt_tokens *tokens);
bool dt_report(const struct type_io *io, enum dt_status status, const char *text, size_t n,
               const char *type_name);

/* Words.  The `value` depends on the kind. */
enum dt_word_kind {
    WORD_UNKNOWN,
    WORD_IGNORE,  /* "at", "on", "@" */
    WORD_SPECIAL, /* enum dt_special: now, today, infinity ... */
    WORD_MONTH,   /* 1..12 */
    WORD_WEEKDAY, /* 0 = Sunday */
    WORD_AMPM,    /* 0 = am, 1 = pm */
    WORD_ERA,     /* 0 = AD, 1 = BC */
    WORD_DST,     /* "dst": an hour, in seconds east */
    WORD_UNIT,    /* enum datetime_unit: what the next (interval: the previous) number is */
    WORD_T,       /* "t": a time follows */
    WORD_AGO,
    WORD_ZONE, /* abbreviations: seconds east */
    WORD_ZONE_DST,
    WORD_ZONE_VARIES, /* an abbreviation whose meaning changes with time: struct zone_abbrev */
};

enum dt_special {
    SPECIAL_NOW,
    SPECIAL_TODAY,
    SPECIAL_TOMORROW,
    SPECIAL_YESTERDAY,
    SPECIAL_ALLBALLS,
    SPECIAL_EPOCH,
    SPECIAL_INFINITY,
    SPECIAL_NEG_INFINITY,
};

struct dt_word {
    enum dt_word_kind kind;
    int value;
    const struct zone_abbrev *abbrev;
};

struct dt_word dt_word_find(const char *text);          /* words of dates, without zones */
struct dt_word dt_zone_word_find(const char *text);     /* zone abbreviations */
struct dt_word dt_interval_word_find(const char *text); /* words of intervals */

/* strtol in base 10 into an int / int64: false on overflow. */
bool dt_take_int(const char *text, const char **end, int *value);
bool dt_take_int64(const char *text, const char **end, int64_t *value);
/* ".digits" to the end of the text; "." alone is 0. */
enum dt_status dt_fraction(const char *text, double *fraction);
enum dt_status dt_fraction_usec(const char *text, int *usec);
/* hh:mm[:ss[.ffffff]].  `hours` may be any 64-bit number.  `short_seconds`: "a:b" is minutes and
 * seconds. */
enum dt_status dt_time(const char *text, bool short_seconds, int64_t *hours, int *minute,
                       int *second, int *usec);

/* +hh[:mm[:ss]] or +hhmm, as seconds west. */
enum dt_status dt_zone_offset(const char *text, int32_t *west);

enum dt_status dt_decode_interval(const struct settings *settings, const char *text, size_t n,
                                  int32_t typmod, struct interval *interval);
/* What DateStyle-dependent input makes of a text: an instant, or one of the special values. */
bool dt_parse_date(const struct type_io *io, const char *text, size_t n, int64_t *date);
bool dt_parse_timestamp(const struct type_io *io, const char *text, size_t n, bool with_zone,
                        int64_t *timestamp);
bool dt_parse_time(const struct type_io *io, const char *text, size_t n, bool with_zone,
                   struct timetz *time);

int64_t dt_now(const struct env *env); /* the transaction's time, or the clock's without an env */

void dt_break(int64_t timestamp, struct civil *civil); /* timestamp_to_civil() without its check */

/* Printing: `.ffffff` without trailing zeros; nothing when 0. */
void dt_print_fraction(int usec, struct buf *out);

#endif
