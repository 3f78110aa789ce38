/* formatting.c - parse templates.
 *
 * Patterns are found by the first entry of a table that the text begins with, so longer names
 * stand before their own beginnings.  Their case matters: "Day" and "DAY" are different patterns,
 * "dAy" is none. */
#include "func/formatting.h"

#include <string.h>

const char *const format_months[12] = {"January",   "February", "March",    "April",
                                       "May",       "June",     "July",     "August",
                                       "September", "October",  "November", "December"};
const char *const format_weekdays[7] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                        "Thursday", "Friday", "Saturday"};
const char *const format_roman_months[12] = {"I",   "II",   "III", "IV", "V",  "VI",
                                             "VII", "VIII", "IX",  "X",  "XI", "XII"};

#define G CALENDAR_GREGORIAN
#define W CALENDAR_ISO_WEEK

static const struct pattern date_patterns[] = {
    {"A.D.", DATE_AD, CASE_UPPER, 0, 0, false},
    {"A.M.", DATE_AM, CASE_UPPER, 0, 0, false},
    {"AD", DATE_AD, CASE_UPPER, 0, 0, false},
    {"AM", DATE_AM, CASE_UPPER, 0, 0, false},
    {"B.C.", DATE_AD, CASE_UPPER, 0, 0, false},
    {"BC", DATE_AD, CASE_UPPER, 0, 0, false},
    {"CC", DATE_CC, CASE_UPPER, 2, 0, true},
    {"DAY", DATE_DAY, CASE_UPPER, 0, 0, false},
    {"DDD", DATE_DDD, CASE_UPPER, 3, G, true},
    {"DD", DATE_DD, CASE_UPPER, 2, G, true},
    {"DY", DATE_DY, CASE_UPPER, 0, 0, false},
    {"Day", DATE_DAY, CASE_CAPITAL, 0, 0, false},
    {"Dy", DATE_DY, CASE_CAPITAL, 0, 0, false},
    {"D", DATE_D, CASE_UPPER, 1, G, true},
    {"FF1", DATE_FF, CASE_UPPER, 1, 0, true},
    {"FF2", DATE_FF, CASE_UPPER, 2, 0, true},
    {"FF3", DATE_FF, CASE_UPPER, 3, 0, true},
    {"FF4", DATE_FF, CASE_UPPER, 4, 0, true},
    {"FF5", DATE_FF, CASE_UPPER, 5, 0, true},
    {"FF6", DATE_FF, CASE_UPPER, 6, 0, true},
    {"FX", DATE_FX, CASE_UPPER, 0, 0, false},
    {"HH24", DATE_HH24, CASE_UPPER, 2, 0, true},
    {"HH12", DATE_HH12, CASE_UPPER, 2, 0, true},
    {"HH", DATE_HH12, CASE_UPPER, 2, 0, true},
    {"IDDD", DATE_IDDD, CASE_UPPER, 3, W, true},
    {"ID", DATE_ID, CASE_UPPER, 1, W, true},
    {"IW", DATE_IW, CASE_UPPER, 2, W, true},
    {"IYYY", DATE_ISO_YEAR, CASE_UPPER, 4, W, true},
    {"IYY", DATE_ISO_YEAR, CASE_UPPER, 3, W, true},
    {"IY", DATE_ISO_YEAR, CASE_UPPER, 2, W, true},
    {"I", DATE_ISO_YEAR, CASE_UPPER, 1, W, true},
    {"J", DATE_J, CASE_UPPER, 1, 0, true},
    {"MI", DATE_MI, CASE_UPPER, 2, 0, true},
    {"MM", DATE_MM, CASE_UPPER, 2, G, true},
    {"MONTH", DATE_MONTH, CASE_UPPER, 0, G, false},
    {"MON", DATE_MON, CASE_UPPER, 0, G, false},
    {"MS", DATE_FF, CASE_UPPER, 3, 0, true},
    {"Month", DATE_MONTH, CASE_CAPITAL, 0, G, false},
    {"Mon", DATE_MON, CASE_CAPITAL, 0, G, false},
    {"OF", DATE_OF, CASE_UPPER, 0, 0, false},
    {"P.M.", DATE_AM, CASE_UPPER, 0, 0, false},
    {"PM", DATE_AM, CASE_UPPER, 0, 0, false},
    {"Q", DATE_Q, CASE_UPPER, 1, 0, true},
    {"RM", DATE_RM, CASE_UPPER, 0, G, false},
    {"SSSSS", DATE_SSSS, CASE_UPPER, 5, 0, true},
    {"SSSS", DATE_SSSS, CASE_UPPER, 4, 0, true},
    {"SS", DATE_SS, CASE_UPPER, 2, 0, true},
    {"TZH", DATE_TZH, CASE_UPPER, 2, 0, false},
    {"TZM", DATE_TZM, CASE_UPPER, 2, 0, true},
    {"TZ", DATE_TZ, CASE_UPPER, 0, 0, false},
    {"US", DATE_FF, CASE_UPPER, 6, 0, true},
    {"WW", DATE_WW, CASE_UPPER, 2, G, true},
    {"W", DATE_W, CASE_UPPER, 1, G, true},
    {"Y,YYY", DATE_Y_YYY, CASE_UPPER, 4, G, true},
    {"YYYY", DATE_YEAR, CASE_UPPER, 4, G, true},
    {"YYY", DATE_YEAR, CASE_UPPER, 3, G, true},
    {"YY", DATE_YEAR, CASE_UPPER, 2, G, true},
    {"Y", DATE_YEAR, CASE_UPPER, 1, G, true},
    {"a.d.", DATE_AD, CASE_LOWER, 0, 0, false},
    {"a.m.", DATE_AM, CASE_LOWER, 0, 0, false},
    {"ad", DATE_AD, CASE_LOWER, 0, 0, false},
    {"am", DATE_AM, CASE_LOWER, 0, 0, false},
    {"b.c.", DATE_AD, CASE_LOWER, 0, 0, false},
    {"bc", DATE_AD, CASE_LOWER, 0, 0, false},
    {"cc", DATE_CC, CASE_UPPER, 2, 0, true},
    {"day", DATE_DAY, CASE_LOWER, 0, 0, false},
    {"ddd", DATE_DDD, CASE_UPPER, 3, G, true},
    {"dd", DATE_DD, CASE_UPPER, 2, G, true},
    {"dy", DATE_DY, CASE_LOWER, 0, 0, false},
    {"d", DATE_D, CASE_UPPER, 1, G, true},
    {"ff1", DATE_FF, CASE_UPPER, 1, 0, true},
    {"ff2", DATE_FF, CASE_UPPER, 2, 0, true},
    {"ff3", DATE_FF, CASE_UPPER, 3, 0, true},
    {"ff4", DATE_FF, CASE_UPPER, 4, 0, true},
    {"ff5", DATE_FF, CASE_UPPER, 5, 0, true},
    {"ff6", DATE_FF, CASE_UPPER, 6, 0, true},
    {"fx", DATE_FX, CASE_UPPER, 0, 0, false},
    {"hh24", DATE_HH24, CASE_UPPER, 2, 0, true},
    {"hh12", DATE_HH12, CASE_UPPER, 2, 0, true},
    {"hh", DATE_HH12, CASE_UPPER, 2, 0, true},
    {"iddd", DATE_IDDD, CASE_UPPER, 3, W, true},
    {"id", DATE_ID, CASE_UPPER, 1, W, true},
    {"iw", DATE_IW, CASE_UPPER, 2, W, true},
    {"iyyy", DATE_ISO_YEAR, CASE_UPPER, 4, W, true},
    {"iyy", DATE_ISO_YEAR, CASE_UPPER, 3, W, true},
    {"iy", DATE_ISO_YEAR, CASE_UPPER, 2, W, true},
    {"i", DATE_ISO_YEAR, CASE_UPPER, 1, W, true},
    {"j", DATE_J, CASE_UPPER, 1, 0, true},
    {"mi", DATE_MI, CASE_UPPER, 2, 0, true},
    {"mm", DATE_MM, CASE_UPPER, 2, G, true},
    {"month", DATE_MONTH, CASE_LOWER, 0, G, false},
    {"mon", DATE_MON, CASE_LOWER, 0, G, false},
    {"ms", DATE_FF, CASE_UPPER, 3, 0, true},
    {"of", DATE_OF, CASE_UPPER, 0, 0, false},
    {"p.m.", DATE_AM, CASE_LOWER, 0, 0, false},
    {"pm", DATE_AM, CASE_LOWER, 0, 0, false},
    {"q", DATE_Q, CASE_UPPER, 1, 0, true},
    {"rm", DATE_RM, CASE_LOWER, 0, G, false},
    {"sssss", DATE_SSSS, CASE_UPPER, 5, 0, true},
    {"ssss", DATE_SSSS, CASE_UPPER, 4, 0, true},
    {"ss", DATE_SS, CASE_UPPER, 2, 0, true},
    {"tzh", DATE_TZH, CASE_UPPER, 2, 0, false},
    {"tzm", DATE_TZM, CASE_UPPER, 2, 0, true},
    {"tz", DATE_TZ, CASE_LOWER, 0, 0, false},
    {"us", DATE_FF, CASE_UPPER, 6, 0, true},
    {"ww", DATE_WW, CASE_UPPER, 2, G, true},
    {"w", DATE_W, CASE_UPPER, 1, G, true},
    {"y,yyy", DATE_Y_YYY, CASE_UPPER, 4, G, true},
    {"yyyy", DATE_YEAR, CASE_UPPER, 4, G, true},
    {"yyy", DATE_YEAR, CASE_UPPER, 3, G, true},
    {"yy", DATE_YEAR, CASE_UPPER, 2, G, true},
    {"y", DATE_YEAR, CASE_UPPER, 1, G, true},
    {NULL},
};

#undef G
#undef W

static const struct pattern number_patterns[] = {
    {",", NUMBER_COMMA},
    {".", NUMBER_POINT},
    {"0", NUMBER_0},
    {"9", NUMBER_9},
    {"B", NUMBER_B},
    {"C", NUMBER_C},
    {"D", NUMBER_D},
    {"EEEE", NUMBER_E},
    {"FM", NUMBER_FM},
    {"G", NUMBER_G},
    {"L", NUMBER_L},
    {"MI", NUMBER_MI},
    {"PL", NUMBER_PL},
    {"PR", NUMBER_PR},
    {"RN", NUMBER_RN},
    {"SG", NUMBER_SG},
    {"SP", NUMBER_SP},
    {"S", NUMBER_S},
    {"TH", NUMBER_TH},
    {"V", NUMBER_V},
    {"b", NUMBER_B},
    {"c", NUMBER_C},
    {"d", NUMBER_D},
    {"eeee", NUMBER_E},
    {"fm", NUMBER_FM},
    {"g", NUMBER_G},
    {"l", NUMBER_L},
    {"mi", NUMBER_MI},
    {"pl", NUMBER_PL},
    {"pr", NUMBER_PR},
    {"rn", NUMBER_RN, CASE_LOWER},
    {"sg", NUMBER_SG},
    {"sp", NUMBER_SP},
    {"s", NUMBER_S},
    {"th", NUMBER_TH, CASE_LOWER},
    {"v", NUMBER_V},
    {NULL},
};

static const struct {
    const char *text;
    unsigned modifier;
} prefixes[] = {{"FM", MODIFIER_FM}, {"fm", MODIFIER_FM}, {"TM", MODIFIER_TM}, {"tm", MODIFIER_TM}},
  suffixes[] = {{"TH", MODIFIER_TH_UPPER}, {"th", MODIFIER_TH_LOWER}, {"SP", MODIFIER_SP}};

bool format_is_separator(char ch)
{
    return ch > ' ' && ch < 0x7f && !format_is_digit(ch) && !(ch >= 'A' && ch <= 'Z') &&
           !(ch >= 'a' && ch <= 'z');
}

size_t format_char_bytes(const char *p, size_t n)
{
    unsigned char first = (unsigned char)*p;
    size_t bytes = first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    return MIN(bytes, n);
}

void format_put_name(struct buf *out, const char *name, enum letter_case letter_case)
{
    for (size_t i = 0; name[i]; i++) {
        char ch = name[i];
        bool upper = letter_case == CASE_UPPER || (letter_case == CASE_CAPITAL && i == 0);
        if (upper && ch >= 'a' && ch <= 'z')
            ch = (char)(ch - 32);
        else if (!upper && ch >= 'A' && ch <= 'Z')
            ch = (char)(ch + 32);
        buf_putc(out, ch);
    }
}

void format_put_ordinal(struct buf *out, size_t start, bool upper)
{
    char last = out->n > start ? out->p[out->n - 1] : '0';
    bool teen = out->n - start > 1 && out->p[out->n - 2] == '1';
    const char *ending = "th";
    if (!teen && last >= '1' && last <= '3')
        ending = last == '1' ? "st" : last == '2' ? "nd" : "rd";
    format_put_name(out, ending, upper ? CASE_UPPER : CASE_LOWER);
}

/* Parsing. */

struct parser {
    struct fcall *c;
    const char *at, *end;
    bool dates;
    struct format *format;
    size_t n_nodes;
};

static bool starts_with(const struct parser *p, const char *text)
{
    size_t n = strlen(text);
    return (size_t)(p->end - p->at) >= n && memcmp(p->at, text, n) == 0;
}

static const struct pattern *take_pattern(struct parser *p)
{
    if (p->at == p->end)
        return NULL;
    for (const struct pattern *pattern = p->dates ? date_patterns : number_patterns; pattern->name;
         pattern++)
        if (starts_with(p, pattern->name)) {
            p->at += strlen(pattern->name);
            return pattern;
        }
    return NULL;
}

static unsigned take_prefix(struct parser *p)
{
    for (size_t i = 0; p->dates && i < ARRAY_COUNT(prefixes); i++)
        if (starts_with(p, prefixes[i].text)) {
            p->at += 2;
            return prefixes[i].modifier;
        }
    return 0;
}

static unsigned take_suffix(struct parser *p)
{
    for (size_t i = 0; p->dates && i < ARRAY_COUNT(suffixes); i++)
        if (starts_with(p, suffixes[i].text)) {
            p->at += 2;
            return suffixes[i].modifier;
        }
    return 0;
}

static void take_char(struct parser *p, enum node_kind kind)
{
    struct format_node *node = &p->format->nodes[p->n_nodes++];
    size_t n = format_char_bytes(p->at, (size_t)(p->end - p->at));
    *node = (struct format_node){.kind = kind};
    memcpy(node->text, p->at, n);
    p->at += n;
}

/* Text in double quotes; a backslash takes the next character as it is. */
static void take_quoted(struct parser *p)
{
    p->at++;
    while (p->at < p->end) {
        if (*p->at == '"') {
            p->at++;
            return;
        }
        if (*p->at == '\\' && p->at + 1 < p->end)
            p->at++;
        take_char(p, NODE_CHAR);
    }
}

static bool syntax(struct fcall *c, const char *message)
{
    return err_set(c->err, ERR_SYNTAX_ERROR, "%s", message);
}

static bool note_digit(struct fcall *c, struct number_format *f, bool zero)
{
    if (f->bracket)
        return syntax(c, zero ? "\"0\" must be ahead of \"PR\"" : "\"9\" must be ahead of \"PR\"");
    if (!zero && f->multiply) {
        f->multiply_digits++;
        return true;
    }
    if (zero && !f->zero && !f->decimal) {
        f->zero = true;
        f->zero_start = f->digits_before + 1;
    }
    if (f->decimal)
        f->digits_after++;
    else
        f->digits_before++;
    if (zero)
        f->zero_end = f->digits_before + f->digits_after;
    return true;
}

static bool note_sign(struct fcall *c, struct number_format *f)
{
    if (f->sign)
        return syntax(c, "cannot use \"S\" twice");
    if (f->plus || f->minus || f->bracket)
        return syntax(c, "cannot use \"S\" and \"PL\"/\"MI\"/\"SG\"/\"PR\" together");
    f->sign = true;
    f->sign_first = !f->decimal;
    f->digits_before_sign = f->digits_before;
    return true;
}

static bool note_scientific(struct fcall *c, struct number_format *f)
{
    if (f->blank || f->fill_mode || f->sign || f->bracket || f->minus || f->plus || f->roman ||
        f->multiply) {
        syntax(c, "\"EEEE\" is incompatible with other formats");
        return err_detail(
            c->err, "\"EEEE\" may only be used together with digit and decimal point patterns.");
    }
    f->scientific = true;
    return true;
}

/* Takes a pattern into account, and refuses what cannot be combined. */
static bool note_number_pattern(struct fcall *c, struct number_format *f, enum pattern_id id)
{
    if (f->scientific && id != NUMBER_E)
        return syntax(c, "\"EEEE\" must be the last pattern used");
    switch (id) {
    case NUMBER_9:
    case NUMBER_0:
        return note_digit(c, f, id == NUMBER_0);
    case NUMBER_B:
        if (f->digits_before == 0 && f->digits_after == 0 && !f->zero)
            f->blank = true;
        return true;
    case NUMBER_D:
    case NUMBER_POINT:
        if (id == NUMBER_D)
            f->local_decimal = true;
        if (f->decimal)
            return syntax(c, "multiple decimal points");
        if (f->multiply)
            return syntax(c, "cannot use \"V\" and decimal point together");
        f->decimal = true;
        return true;
    case NUMBER_FM:
        f->fill_mode = true;
        return true;
    case NUMBER_S:
        return note_sign(c, f);
    case NUMBER_MI:
        if (f->sign)
            return syntax(c, "cannot use \"S\" and \"MI\" together");
        f->minus = true;
        return true;
    case NUMBER_PL:
        if (f->sign)
            return syntax(c, "cannot use \"S\" and \"PL\" together");
        f->plus = true;
        return true;
    case NUMBER_SG:
        if (f->sign)
            return syntax(c, "cannot use \"S\" and \"SG\" together");
        f->minus = f->plus = true;
        return true;
    case NUMBER_PR:
        if (f->sign || f->plus || f->minus)
            return syntax(c, "cannot use \"PR\" and \"S\"/\"PL\"/\"MI\"/\"SG\" together");
        f->bracket = true;
        return true;
    case NUMBER_RN:
        f->roman = true;
        return true;
    case NUMBER_V:
        if (f->decimal)
            return syntax(c, "cannot use \"V\" and decimal point together");
        f->multiply = true;
        return true;
    case NUMBER_E:
        if (f->scientific)
            return syntax(c, "cannot use \"EEEE\" twice");
        return note_scientific(c, f);
    default:
        return true;
    }
}

static bool parse_format(struct parser *p)
{
    while (p->at < p->end) {
        unsigned modifiers = take_prefix(p);
        const struct pattern *pattern = take_pattern(p);
        if (pattern) {
            if (!p->dates && !note_number_pattern(p->c, &p->format->number, pattern->id))
                return false;
            modifiers |= take_suffix(p);
            p->format->nodes[p->n_nodes++] = (struct format_node){
                .kind = NODE_PATTERN, .pattern = pattern, .modifiers = modifiers};
        } else if (p->at < p->end && *p->at == '"') {
            take_quoted(p);
        } else if (p->at < p->end) {
            if (*p->at == '\\' && p->at + 1 < p->end && p->at[1] == '"')
                p->at++;
            bool separator = p->dates && format_is_separator(*p->at);
            take_char(p, separator                 ? NODE_SEPARATOR
                         : format_is_space(*p->at) ? NODE_SPACE
                                                   : NODE_CHAR);
        }
    }
    p->format->nodes[p->n_nodes].kind = NODE_END;
    return true;
}

static const struct format *format_of(struct fcall *c, const struct datum *template, bool dates)
{
    const struct format *kept = c->site ? *c->site : NULL;
    if (kept && kept->text_bytes == template->n &&
        memcmp(kept->text, template->p, template->n) == 0)
        return kept;
    /* The first template of a call site is kept: nearly always it is a constant. */
    bool keep = c->site && !kept;
    struct arena *arena = keep ? c->site_arena : c->arena;
    struct format *format = ARENA_NEW(arena, struct format);
    format->text = arena_strndup(arena, template->p, template->n);
    format->text_bytes = template->n;
    format->nodes = ARENA_ARRAY(arena, struct format_node, template->n + 1);
    struct parser p = {c, format->text, format->text + format->text_bytes, dates, format, 0};
    if (!parse_format(&p))
        return NULL;
    if (keep)
        *c->site = format;
    return format;
}

const struct format *format_of_dates(struct fcall *c, const struct datum *template)
{
    return format_of(c, template, true);
}

const struct format *format_of_numbers(struct fcall *c, const struct datum *template)
{
    return format_of(c, template, false);
}
