/* formatting.h - the templates of to_char, to_date, to_timestamp and to_number ("YYYY-MM-DD",
 * "999D99"), parsed.
 *
 * A template is a list of nodes: patterns, and characters between them.  There are two sets of
 * patterns, for dates and for numbers, with one parser. */
#ifndef SHARDLITE_FUNC_FORMATTING_H
#define SHARDLITE_FUNC_FORMATTING_H

#include "func/func.h"

enum pattern_id {
    /* dates */
    DATE_AD,
    DATE_AM,
    DATE_CC,
    DATE_D,
    DATE_DAY,
    DATE_DD,
    DATE_DDD,
    DATE_DY,
    DATE_FF, /* FF1..FF6, MS, US: `digits` tells how many */
    DATE_FX,
    DATE_HH12,
    DATE_HH24,
    DATE_ID,
    DATE_IDDD,
    DATE_IW,
    DATE_J,
    DATE_MI,
    DATE_MM,
    DATE_MON,
    DATE_MONTH,
    DATE_OF,
    DATE_Q,
    DATE_RM,
    DATE_SS,
    DATE_SSSS,
    DATE_TZ,
    DATE_TZH,
    DATE_TZM,
    DATE_W,
    DATE_WW,
    DATE_Y_YYY,
    DATE_YEAR,     /* `digits` of it */
    DATE_ISO_YEAR, /* likewise */
    /* numbers */
    NUMBER_COMMA,
    NUMBER_POINT,
    NUMBER_0,
    NUMBER_9,
    NUMBER_B,
    NUMBER_C, /* taken and without effect */
    NUMBER_D,
    NUMBER_E,
    NUMBER_FM,
    NUMBER_G,
    NUMBER_L,
    NUMBER_MI,
    NUMBER_PL,
    NUMBER_PR,
    NUMBER_RN,
    NUMBER_SG,
    NUMBER_S,
    NUMBER_SP,
    NUMBER_TH,
    NUMBER_V,
};

enum letter_case { CASE_UPPER, CASE_CAPITAL, CASE_LOWER };
enum calendar { CALENDAR_ANY, CALENDAR_GREGORIAN, CALENDAR_ISO_WEEK };

struct pattern {
    const char *name; /* as written in the template */
    uint8_t id;
    uint8_t letter_case;
    uint8_t digits;   /* of a fraction or a year */
    uint8_t calendar; /* which the pattern belongs to */
    bool is_number;   /* it reads digits, so that digits next to it are its neighbour's */
};

enum node_kind { NODE_PATTERN, NODE_CHAR, NODE_SEPARATOR, NODE_SPACE, NODE_END };

/* Before and after a pattern of dates. */
enum modifier {
    MODIFIER_FM = 1 << 0,       /* no padding */
    MODIFIER_TM = 1 << 1,       /* names in the session's language: English */
    MODIFIER_TH_UPPER = 1 << 2, /* "1ST" */
    MODIFIER_TH_LOWER = 1 << 3,
    MODIFIER_SP = 1 << 4, /* taken, without effect */
};

struct format_node {
    enum node_kind kind;
    const struct pattern *pattern;
    unsigned modifiers;
    char text[5]; /* of a character, in UTF-8, NUL-terminated */
};

/* What a number template says as a whole. */
struct number_format {
    bool zero, blank, fill_mode, decimal, local_decimal, sign, sign_first, minus, plus, bracket,
        roman, multiply, scientific;
    int digits_before, digits_after; /* the point */
    int zero_start, zero_end;        /* positions of the first and the last '0', from 1; 0: none */
    int digits_before_sign;          /* when S came first */
    int multiply_digits;             /* after V */
};

struct format {
    const char *text;
    size_t text_bytes;
    struct format_node *nodes; /* ended by NODE_END */
    struct number_format number;
};

/* The parsed template of a call; kept at the call site while it stays the same text.  NULL on
 * error. */
MUST_CHECK const struct format *format_of_dates(struct fcall *c, const struct datum *template);
MUST_CHECK const struct format *format_of_numbers(struct fcall *c, const struct datum *template);

/* The name's letters as the pattern wants them. */
void format_put_name(struct buf *out, const char *name, enum letter_case letter_case);
/* "st", "nd", "rd" or "th" after the digits from `start` on. */
void format_put_ordinal(struct buf *out, size_t start, bool upper);
/* Bytes of the UTF-8 character at `p`, at most `n`. */
size_t format_char_bytes(const char *p, size_t n);
static inline bool format_is_space(char ch)
{
    return ch == ' ' || (ch >= '\t' && ch <= '\r');
}
static inline bool format_is_digit(char ch)
{
    return ch >= '0' && ch <= '9';
}
/* Printable ASCII, neither letter nor digit nor space. */
bool format_is_separator(char ch);

extern const char *const format_months[12];  /* "January" */
extern const char *const format_weekdays[7]; /* "Sunday" */
extern const char *const format_roman_months[12];

#endif
