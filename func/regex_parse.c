/* regex_parse.c - from a pattern to its syntax tree and its plan (see regex_int.h).
 *
 * Lexical rules, the cases that are errors, and the shape of the plan follow PostgreSQL's manual
 * (9.7.3) and, where that is silent, what PostgreSQL does.  The shape decides what groups
 * capture, so its rules matter:
 *
 *   - A branch grows one plain part as long as its atoms hold no group or back reference and do
 *     not mix greedy with non-greedy.  At the first atom that does, the branch becomes prefix .
 *     (atom . rest).
 *   - A repeated atom with a group becomes (plain repetition of one less) . atom where it has to
 *     occur at least once, and an iteration otherwise.
 *   - A part prefers what its first part with a preference prefers; alternatives prefer the
 *     longest. */
#include <string.h>

#include "base/fiber.h"
#include "func/regex_int.h"

enum token {
    T_EMPTY, /* nothing read yet */
    T_END,
    T_CHAR,
    T_DIGIT,
    T_OR,
    T_STAR,
    T_PLUS,
    T_QUESTION,
    T_BRACE,
    T_BRACE_CLOSE,
    T_COMMA,
    T_PAREN,
    T_PAREN_CLOSE,
    T_LOOK,
    T_BRACKET,
    T_BRACKET_CLOSE,
    T_DOT,
    T_CARET,
    T_DOLLAR,
    T_TEXT_START,
    T_TEXT_END,
    T_WORD_START,
    T_WORD_END,
    T_WORD_EDGE,
    T_NO_WORD_EDGE,
    T_CLASS,
    T_NO_CLASS,
    T_BACKREF,
    T_RANGE,
    T_COLLATING,
    T_EQUIVALENCE,
    T_NAMED_CLASS,
    T_NAME_END,
};

enum context { IN_PATTERN, IN_QUOTE, IN_BOUND, IN_BRACKET, IN_NAME };

enum { LOOK_AHEAD, LOOK_AHEAD_NOT, LOOK_BEHIND, LOOK_BEHIND_NOT };

struct parser {
    struct regex *regex;
    struct arena *arena;
    struct err *err;
    const char *p, *end;
    unsigned flags;
    enum context context;
    char name_mark; /* of [. [= [: */
    enum token token, last;
    uint32_t value;
    int n_opened;                    /* groups so far */
    VEC(const struct node *) groups; /* bodies of closed groups, by number - 1; NULL: still open */
};

bool regex_fail(struct err *err, const char *why)
{
    return err_set(err, ERR_INVALID_REGULAR_EXPRESSION, "invalid regular expression: %s", why);
}

static bool fail(struct parser *r, const char *why)
{
    return regex_fail(r->err, why);
}

#define BAD_REPEAT "quantifier operand invalid"
#define BAD_ESCAPE "invalid escape \\ sequence"
#define BAD_BRACKET "brackets [] not balanced"
#define BAD_PAREN "parentheses () not balanced"
#define BAD_BRACE "braces {} not balanced"
#define BAD_BOUND "invalid repetition count(s)"
#define BAD_RANGE "invalid character range"
#define BAD_COLLATING "invalid collating element"
#define BAD_CLASS "invalid character class"
#define BAD_OPTION "invalid embedded option"
#define BAD_BACKREF "invalid backreference number"
#define TOO_COMPLEX "regular expression is too complex"

/* ---- lexer ---- */

static bool advanced(const struct parser *r)
{
    return (r->flags & REGEX_ADVANCED) != 0;
}
static bool basic(const struct parser *r)
{
    return !(r->flags & (REGEX_ADVANCED | REGEX_EXTENDED));
}
static bool at_end(const struct parser *r)
{
    return r->p >= r->end;
}
static bool next_is(const struct parser *r, const char *text)
{
    size_t n = strlen(text);
    return (size_t)(r->end - r->p) >= n && memcmp(r->p, text, n) == 0;
}
static bool is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool token(struct parser *r, enum token t, uint32_t value)
{
    r->token = t;
    r->value = value;
    return true;
}

static uint32_t take_char(struct parser *r)
{
    size_t bytes;
    uint32_t code = utf8_decode(r->p, &bytes);
    r->p += bytes;
    return code;
}

/* `*?` and the like: value 1 is greedy. */
static bool quantifier(struct parser *r, enum token t)
{
    bool lazy = advanced(r) && next_is(r, "?");
    r->p += lazy;
    return token(r, t, !lazy);
}

static int digit_value(char c)
{
    return is_digit(c)            ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : 99;
}

static bool read_digits(struct parser *r, int base, int least, int most, uint32_t *value)
{
    int n = 0;
    *value = 0;
    for (; n < most && !at_end(r) && digit_value(*r->p) < base; n++)
        *value = *value > 0xfffffff ? 0xffffffff
                                    : *value * (uint32_t)base + (uint32_t)digit_value(*r->p++);
    return n >= least || fail(r, BAD_ESCAPE);
}

static bool code_escape(struct parser *r, int least, int most)
{
    uint32_t code;
    if (!read_digits(r, 16, least, most, &code))
        return false;
    return code < 0x7fffffff ? token(r, T_CHAR, code) : fail(r, BAD_ESCAPE);
}

/* A back reference if it is one digit or there are as many groups; else an octal code. */
static bool number_escape(struct parser *r)
{
    const char *start = r->p - 1, *after_first = r->p;
    uint32_t value;
    r->p = start;
    if (*start != '0') {
        if (!read_digits(r, 10, 1, 255, &value))
            return false;
        if (r->p == after_first || (value > 0 && value <= (uint32_t)r->n_opened))
            return token(r, T_BACKREF, value);
        r->p = start;
    }
    if (!read_digits(r, 8, 1, 3, &value))
        return false;
    if (value > 0xff) {
        r->p--;
        value >>= 3;
    }
    return token(r, T_CHAR, value);
}

static bool escape(struct parser *r)
{
    static const struct {
        char letter;
        uint8_t token;
        uint8_t value;
    } escapes[] = {
        {'a', T_CHAR, 7},         {'A', T_TEXT_START, 0},      {'b', T_CHAR, '\b'},
        {'B', T_CHAR, '\\'},      {'d', T_CLASS, UC_DIGIT},    {'D', T_NO_CLASS, UC_DIGIT},
        {'e', T_CHAR, 27},        {'f', T_CHAR, '\f'},         {'m', T_WORD_START, 0},
        {'M', T_WORD_END, 0},     {'n', T_CHAR, '\n'},         {'r', T_CHAR, '\r'},
        {'s', T_CLASS, UC_SPACE}, {'S', T_NO_CLASS, UC_SPACE}, {'t', T_CHAR, '\t'},
        {'v', T_CHAR, '\v'},      {'w', T_CLASS, UC_ALNUM},    {'W', T_NO_CLASS, UC_ALNUM},
        {'y', T_WORD_EDGE, 0},    {'Y', T_NO_WORD_EDGE, 0},    {'Z', T_TEXT_END, 0},
    };
    if (at_end(r))
        return fail(r, BAD_ESCAPE);
    if (!is_alpha(*r->p) && !is_digit(*r->p))
        return token(r, T_CHAR, take_char(r));
    char c = *r->p++;
    for (size_t k = 0; k < ARRAY_COUNT(escapes); k++)
        if (escapes[k].letter == c)
            return token(r, (enum token)escapes[k].token, escapes[k].value);
    switch (c) {
    case 'c':
        return at_end(r) ? fail(r, BAD_ESCAPE) : token(r, T_CHAR, take_char(r) & 037);
    case 'u':
        return code_escape(r, 4, 4);
    case 'U':
        return code_escape(r, 8, 8);
    case 'x':
        return code_escape(r, 1, 255);
    default:
        return is_digit(c) ? number_escape(r) : fail(r, BAD_ESCAPE);
    }
}

static void skip_blanks(struct parser *r)
{
    for (;;) {
        while (!at_end(r) && (*r->p == ' ' || (*r->p >= '\t' && *r->p <= '\r')))
            r->p++;
        if (at_end(r) || *r->p != '#')
            return;
        while (!at_end(r) && *r->p != '\n')
            r->p++;
    }
}

static bool lex(struct parser *r);

static bool lex_bound(struct parser *r)
{
    if (at_end(r))
        return fail(r, BAD_BRACE);
    char c = *r->p++;
    if (is_digit(c))
        return token(r, T_DIGIT, (uint32_t)(c - '0'));
    if (c == ',')
        return token(r, T_COMMA, 0);
    if (c == '}' && !basic(r)) {
        r->context = IN_PATTERN;
        return quantifier(r, T_BRACE_CLOSE);
    }
    if (c == '\\' && basic(r) && next_is(r, "}")) {
        r->p++;
        r->context = IN_PATTERN;
        return token(r, T_BRACE_CLOSE, 1);
    }
    return fail(r, BAD_BOUND);
}

static bool lex_bracket_escape(struct parser *r)
{
    if (at_end(r))
        return fail(r, BAD_ESCAPE);
    if (!escape(r))
        return false;
    return r->token == T_CHAR || r->token == T_CLASS || r->token == T_NO_CLASS
               ? true
               : fail(r, BAD_ESCAPE);
}

static bool lex_bracket(struct parser *r)
{
    if (at_end(r))
        return fail(r, BAD_BRACKET);
    bool first = r->last == T_BRACKET;
    uint32_t c = take_char(r);
    switch (c) {
    case '\\':
        return advanced(r) ? lex_bracket_escape(r) : token(r, T_CHAR, c);
    case '-':
        return first || next_is(r, "]") ? token(r, T_CHAR, c) : token(r, T_RANGE, c);
    case ']':
        if (first)
            return token(r, T_CHAR, c);
        r->context = IN_PATTERN;
        return token(r, T_BRACKET_CLOSE, 0);
    case '[':
        if (at_end(r))
            return fail(r, BAD_BRACKET);
        if (*r->p != '.' && *r->p != '=' && *r->p != ':')
            return token(r, T_CHAR, c);
        r->name_mark = *r->p++;
        r->context = IN_NAME;
        return token(r,
                     r->name_mark == '.'   ? T_COLLATING
                     : r->name_mark == '=' ? T_EQUIVALENCE
                                           : T_NAMED_CLASS,
                     0);
    default:
        return token(r, T_CHAR, c);
    }
}

static bool lex_name(struct parser *r)
{
    if (at_end(r))
        return fail(r, BAD_BRACKET);
    uint32_t c = take_char(r);
    if (c == (uint32_t)r->name_mark && next_is(r, "]")) {
        r->p++;
        r->context = IN_BRACKET;
        return token(r, T_NAME_END, 0);
    }
    return token(r, T_CHAR, c);
}

/* After "(?". */
static bool lex_group_option(struct parser *r)
{
    if (at_end(r))
        return fail(r, BAD_REPEAT);
    switch (*r->p++) {
    case ':':
        return token(r, T_PAREN, 0);
    case '#':
        while (!at_end(r) && *r->p != ')')
            r->p++;
        r->p += !at_end(r);
        return lex(r);
    case '=':
        return token(r, T_LOOK, LOOK_AHEAD);
    case '!':
        return token(r, T_LOOK, LOOK_AHEAD_NOT);
    case '<':
        if (at_end(r))
            return fail(r, BAD_REPEAT);
        switch (*r->p++) {
        case '=':
            return token(r, T_LOOK, LOOK_BEHIND);
        case '!':
            return token(r, T_LOOK, LOOK_BEHIND_NOT);
        default:
            return fail(r, BAD_REPEAT);
        }
    default:
        return fail(r, BAD_REPEAT);
    }
}

static bool lex_open_bracket(struct parser *r)
{
    if (next_is(r, "[:<:]]") || next_is(r, "[:>:]]")) {
        bool start = r->p[2] == '<';
        r->p += 6;
        return token(r, start ? T_WORD_START : T_WORD_END, 0);
    }
    r->context = IN_BRACKET;
    bool negated = next_is(r, "^");
    r->p += negated;
    return token(r, T_BRACKET, !negated);
}

static bool lex_basic(struct parser *r, uint32_t c)
{
    switch (c) {
    case '*':
        return r->last == T_EMPTY || r->last == T_PAREN || r->last == T_OR ? token(r, T_CHAR, c)
                                                                           : token(r, T_STAR, 1);
    case '[':
        return lex_open_bracket(r);
    case '.':
        return token(r, T_DOT, 0);
    case '^':
        return r->last == T_EMPTY || r->last == T_PAREN ? token(r, T_CARET, 0)
                                                        : token(r, T_CHAR, c);
    case '$':
        if (r->flags & REGEX_EXPANDED)
            skip_blanks(r);
        return at_end(r) || next_is(r, "\\)") ? token(r, T_DOLLAR, 0) : token(r, T_CHAR, c);
    case '\\':
        break;
    default:
        return token(r, T_CHAR, c);
    }
    if (at_end(r))
        return fail(r, BAD_ESCAPE);
    c = take_char(r);
    switch (c) {
    case '{':
        r->context = IN_BOUND;
        return token(r, T_BRACE, 0);
    case '(':
        return token(r, T_PAREN, 1);
    case ')':
        return token(r, T_PAREN_CLOSE, c);
    case '<':
        return token(r, T_WORD_START, 0);
    case '>':
        return token(r, T_WORD_END, 0);
    default:
        return c >= '1' && c <= '9' ? token(r, T_BACKREF, c - '0') : token(r, T_CHAR, c);
    }
}

static bool lex_pattern(struct parser *r)
{
    uint32_t c = take_char(r);
    if (basic(r))
        return lex_basic(r, c);
    switch (c) {
    case '|':
        return token(r, T_OR, 0);
    case '*':
        return quantifier(r, T_STAR);
    case '+':
        return quantifier(r, T_PLUS);
    case '?':
        return quantifier(r, T_QUESTION);
    case '{':
        if (r->flags & REGEX_EXPANDED)
            skip_blanks(r);
        if (at_end(r) || !is_digit(*r->p))
            return token(r, T_CHAR, c);
        r->context = IN_BOUND;
        return token(r, T_BRACE, 0);
    case '(':
        if (advanced(r) && next_is(r, "?")) {
            r->p++;
            return lex_group_option(r);
        }
        return token(r, T_PAREN, 1);
    case ')':
        return token(r, T_PAREN_CLOSE, c);
    case '[':
        return lex_open_bracket(r);
    case '.':
        return token(r, T_DOT, 0);
    case '^':
        return token(r, T_CARET, 0);
    case '$':
        return token(r, T_DOLLAR, 0);
    case '\\':
        if (at_end(r))
            return fail(r, BAD_ESCAPE);
        return advanced(r) ? escape(r) : token(r, T_CHAR, take_char(r));
    default:
        return token(r, T_CHAR, c);
    }
}

/* Reads the next token. */
static bool lex(struct parser *r)
{
    r->last = r->token;
    if ((r->flags & REGEX_EXPANDED) && (r->context == IN_PATTERN || r->context == IN_BOUND))
        skip_blanks(r);
    switch (r->context) {
    case IN_QUOTE:
        return at_end(r) ? token(r, T_END, 0) : token(r, T_CHAR, take_char(r));
    case IN_BOUND:
        return lex_bound(r);
    case IN_BRACKET:
        return lex_bracket(r);
    case IN_NAME:
        return lex_name(r);
    case IN_PATTERN:
        break;
    }
    return at_end(r) ? token(r, T_END, 0) : lex_pattern(r);
}

/* ---- what stands at the start of a pattern ---- */

static bool take_option(struct parser *r, char c)
{
    switch (c) {
    case 'b':
        r->flags &= ~(unsigned)(REGEX_ADVANCED | REGEX_EXTENDED | REGEX_QUOTE);
        return true;
    case 'c':
        r->flags &= ~(unsigned)REGEX_ICASE;
        return true;
    case 'e':
        r->flags = (r->flags | REGEX_EXTENDED) & ~(unsigned)(REGEX_ADVANCED | REGEX_QUOTE);
        return true;
    case 'i':
        r->flags |= REGEX_ICASE;
        return true;
    case 'm':
    case 'n':
        r->flags |= REGEX_NEWLINE;
        return true;
    case 'p':
        r->flags = (r->flags | REGEX_NLSTOP) & ~(unsigned)REGEX_NLANCH;
        return true;
    case 'q':
        r->flags = (r->flags | REGEX_QUOTE) & ~(unsigned)REGEX_ADVANCED;
        return true;
    case 's':
        r->flags &= ~(unsigned)REGEX_NEWLINE;
        return true;
    case 't':
        r->flags &= ~(unsigned)REGEX_EXPANDED;
        return true;
    case 'w':
        r->flags = (r->flags | REGEX_NLANCH) & ~(unsigned)REGEX_NLSTOP;
        return true;
    case 'x':
        r->flags |= REGEX_EXPANDED;
        return true;
    default:
        return fail(r, BAD_OPTION);
    }
}

/* A letter of any script asks for an option, though only some ASCII ones are one. */
static bool is_option_letter(const char *p)
{
    size_t bytes;
    return is_alpha(*p) || ((uint8_t)*p >= 0x80 && uc_is(UC_ALPHA, utf8_decode(p, &bytes)));
}

static bool take_prefixes(struct parser *r)
{
    if (r->flags & REGEX_QUOTE)
        return true;
    if (r->end - r->p >= 4 && next_is(r, "***")) {
        switch (r->p[3]) {
        case '?':
            return fail(r, "invalid regexp (reg version 0.8)");
        case '=':
            r->flags |= REGEX_QUOTE;
            r->flags &= ~(unsigned)(REGEX_ADVANCED | REGEX_EXPANDED | REGEX_NEWLINE);
            r->p += 4;
            return true;
        case ':':
            r->flags |= REGEX_ADVANCED | REGEX_EXTENDED;
            r->p += 4;
            break;
        default:
            return fail(r, BAD_REPEAT);
        }
    }
    if (!advanced(r) || r->end - r->p < 3 || !next_is(r, "(?") || !is_option_letter(r->p + 2))
        return true;
    for (r->p += 2; !at_end(r) && is_alpha(*r->p); r->p++)
        if (!take_option(r, *r->p))
            return false;
    if (!next_is(r, ")"))
        return fail(r, BAD_OPTION);
    r->p++;
    if (r->flags & REGEX_QUOTE)
        r->flags &= ~(unsigned)(REGEX_EXPANDED | REGEX_NEWLINE);
    return true;
}

/* ---- sets ---- */

static uint32_t add_set(struct parser *r, struct charset *set)
{
    struct regex *regex = r->regex;
    charset_finish(set);
    if (regex->sets.n > REGEX_MAX_SETS) /* regex_compile() notices */
        return 0;
    for (size_t k = 0; k < regex->sets.n; k++) {
        const struct charset *other = &regex->sets.items[k];
        if (other->n == set->n &&
            memcmp(other->ranges, set->ranges, set->n * sizeof(struct range)) == 0)
            return (uint32_t)k;
    }
    VEC_PUSH(r->arena, &regex->sets, *set);
    return (uint32_t)regex->sets.n - 1;
}

/* Finishes a set of a pattern: cases, and the complement if asked. */
static uint32_t finish_set(struct parser *r, struct charset *set, bool negate)
{
    if (r->flags & REGEX_ICASE) {
        charset_finish(set);
        charset_add_cases(r->arena, set);
    }
    charset_finish(set);
    if (negate)
        *set = charset_complement(r->arena, set);
    return add_set(r, set);
}

static void add_word_chars(struct parser *r, struct charset *set)
{
    charset_add_all(r->arena, set, charset_class(UC_ALNUM));
    charset_add(r->arena, set, '_', '_');
}

/* \d \s \w; UC_ALNUM stands for \w. */
static struct charset shorthand(struct parser *r, uint32_t which, bool negate)
{
    struct charset set = {0};
    if (which == UC_ALNUM)
        add_word_chars(r, &set);
    else
        charset_add_all(r->arena, &set, charset_class((enum uc_class)which));
    charset_finish(&set);
    return negate ? charset_complement(r->arena, &set) : set;
}

static uint32_t need_word_set(struct parser *r)
{
    if (r->regex->word_set == NO_SET) {
        struct charset set = {0};
        add_word_chars(r, &set);
        r->regex->word_set = add_set(r, &set);
    }
    return r->regex->word_set;
}

static void need_newline_set(struct parser *r)
{
    struct charset set = {0};
    charset_add(r->arena, &set, '\n', '\n');
    r->regex->newline_set = add_set(r, &set);
}

/* Names of single characters, as in [[.hyphen.]]. */
static bool named_char(const char *name, size_t n, uint32_t *code)
{
    static const struct {
        const char *name;
        char code;
    } names[] = {
        {"NUL", 0},
        {"SOH", 1},
        {"STX", 2},
        {"ETX", 3},
        {"EOT", 4},
        {"ENQ", 5},
        {"ACK", 6},
        {"BEL", 7},
        {"alert", 7},
        {"BS", 8},
        {"backspace", 8},
        {"HT", 9},
        {"tab", 9},
        {"LF", 10},
        {"newline", 10},
        {"VT", 11},
        {"vertical-tab", 11},
        {"FF", 12},
        {"form-feed", 12},
        {"CR", 13},
        {"carriage-return", 13},
        {"SO", 14},
        {"SI", 15},
        {"DLE", 16},
        {"DC1", 17},
        {"DC2", 18},
        {"DC3", 19},
        {"DC4", 20},
        {"NAK", 21},
        {"SYN", 22},
        {"ETB", 23},
        {"CAN", 24},
        {"EM", 25},
        {"SUB", 26},
        {"ESC", 27},
        {"IS4", 28},
        {"FS", 28},
        {"IS3", 29},
        {"GS", 29},
        {"IS2", 30},
        {"RS", 30},
        {"IS1", 31},
        {"US", 31},
        {"space", ' '},
        {"exclamation-mark", '!'},
        {"quotation-mark", '"'},
        {"number-sign", '#'},
        {"dollar-sign", '$'},
        {"percent-sign", '%'},
        {"ampersand", '&'},
        {"apostrophe", '\''},
        {"left-parenthesis", '('},
        {"right-parenthesis", ')'},
        {"asterisk", '*'},
        {"plus-sign", '+'},
        {"comma", ','},
        {"hyphen", '-'},
        {"hyphen-minus", '-'},
        {"period", '.'},
        {"full-stop", '.'},
        {"slash", '/'},
        {"solidus", '/'},
        {"zero", '0'},
        {"one", '1'},
        {"two", '2'},
        {"three", '3'},
        {"four", '4'},
        {"five", '5'},
        {"six", '6'},
        {"seven", '7'},
        {"eight", '8'},
        {"nine", '9'},
        {"colon", ':'},
        {"semicolon", ';'},
        {"less-than-sign", '<'},
        {"equals-sign", '='},
        {"greater-than-sign", '>'},
        {"question-mark", '?'},
        {"commercial-at", '@'},
        {"left-square-bracket", '['},
        {"backslash", '\\'},
        {"reverse-solidus", '\\'},
        {"right-square-bracket", ']'},
        {"circumflex", '^'},
        {"circumflex-accent", '^'},
        {"underscore", '_'},
        {"low-line", '_'},
        {"grave-accent", '`'},
        {"left-brace", '{'},
        {"left-curly-bracket", '{'},
        {"vertical-line", '|'},
        {"right-brace", '}'},
        {"right-curly-bracket", '}'},
        {"tilde", '~'},
        {"DEL", 127},
    };
    for (size_t k = 0; k < ARRAY_COUNT(names); k++)
        if (strlen(names[k].name) == n && memcmp(names[k].name, name, n) == 0) {
            *code = (uint8_t)names[k].code;
            return true;
        }
    return false;
}

static bool named_class(struct parser *r, const char *name, size_t n, struct charset *set)
{
    static const struct {
        const char *name;
        enum uc_class which;
    } names[] = {{"alnum", UC_ALNUM}, {"alpha", UC_ALPHA}, {"digit", UC_DIGIT},
                 {"graph", UC_GRAPH}, {"lower", UC_LOWER}, {"print", UC_PRINT},
                 {"punct", UC_PUNCT}, {"space", UC_SPACE}, {"upper", UC_UPPER}};
    struct arena *arena = r->arena;
#define IS(word) (n == sizeof(word) - 1 && memcmp(name, word, n) == 0)
    if (IS("word")) {
        add_word_chars(r, set);
    } else if (IS("blank")) {
        charset_add(arena, set, ' ', ' ');
        charset_add(arena, set, '\t', '\t');
    } else if (IS("ascii")) {
        charset_add(arena, set, 0, 0x7f);
    } else if (IS("cntrl")) {
        charset_add(arena, set, 0, 0x1f);
        charset_add(arena, set, 0x7f, 0x9f);
    } else if (IS("xdigit")) {
        charset_add(arena, set, '0', '9');
        charset_add(arena, set, 'a', 'f');
        charset_add(arena, set, 'A', 'F');
    } else {
#undef IS
        for (size_t k = 0; k < ARRAY_COUNT(names); k++)
            if (strlen(names[k].name) == n && memcmp(names[k].name, name, n) == 0) {
                enum uc_class which = names[k].which;
                if ((r->flags & REGEX_ICASE) && (which == UC_LOWER || which == UC_UPPER))
                    which = UC_ALPHA;
                charset_add_all(arena, set, charset_class(which));
                return true;
            }
        return fail(r, BAD_CLASS);
    }
    return true;
}

/* The name inside [. .], [= =] or [: :]; ends on the token after it. */
static bool take_name(struct parser *r, const char **name, size_t *n)
{
    *name = r->p;
    do
        if (!lex(r))
            return false;
    while (r->token == T_CHAR);
    *n = (size_t)(r->p - *name) - 2;
    return lex(r);
}

/* A character or the name of one. */
static bool take_element(struct parser *r, const char *name, size_t n, uint32_t *code)
{
    size_t bytes;
    if (n == 0)
        return fail(r, BAD_COLLATING);
    *code = utf8_decode(name, &bytes);
    return bytes == n || named_char(name, n, code) || fail(r, BAD_COLLATING);
}

/* The upper end of a range; at its token. */
static bool range_end(struct parser *r, uint32_t *code)
{
    const char *name;
    size_t n;
    if (r->token == T_CHAR || r->token == T_RANGE) {
        *code = r->value;
        return lex(r);
    }
    if (r->token != T_COLLATING)
        return fail(r, BAD_RANGE);
    return take_name(r, &name, &n) && take_element(r, name, n, code);
}

/* One item of a bracket expression. */
static bool bracket_item(struct parser *r, struct charset *set)
{
    const char *name;
    size_t n;
    uint32_t first, last;
    struct charset class_;
    switch (r->token) {
    case T_RANGE:
        return fail(r, BAD_RANGE);
    case T_CLASS:
    case T_NO_CLASS:
        class_ = shorthand(r, r->value, r->token == T_NO_CLASS);
        charset_add_all(r->arena, set, &class_);
        return lex(r);
    case T_NAMED_CLASS:
        if (!take_name(r, &name, &n))
            return false;
        return n ? named_class(r, name, n, set) : fail(r, BAD_CLASS);
    case T_EQUIVALENCE:
        if (!take_name(r, &name, &n) || !take_element(r, name, n, &first))
            return false;
        charset_add(r->arena, set, first, first);
        return true;
    case T_COLLATING:
        if (!take_name(r, &name, &n) || !take_element(r, name, n, &first))
            return false;
        break;
    default:
        first = r->value;
        if (!lex(r))
            return false;
    }
    last = first;
    if (r->token == T_RANGE && (!lex(r) || !range_end(r, &last)))
        return false;
    if (last < first)
        return fail(r, BAD_RANGE);
    charset_add(r->arena, set, first, last);
    return true;
}

static bool take_bracket(struct parser *r, uint32_t *set_index)
{
    struct charset set = {0};
    bool negate = !r->value;
    if (!lex(r))
        return false;
    while (r->token != T_BRACKET_CLOSE && r->token != T_END)
        if (!bracket_item(r, &set))
            return false;
    if (r->token == T_END)
        return fail(r, BAD_BRACKET);
    if (negate && (r->flags & REGEX_NLSTOP)) /* the complement then lacks newline */
        charset_add(r->arena, &set, '\n', '\n');
    *set_index = finish_set(r, &set, negate);
    return lex(r);
}

/* ---- nodes and parts ---- */

static const struct node *new_node(struct parser *r, struct node node)
{
    struct node *copy = ARENA_NEW(r->arena, struct node);
    *copy = node;
    return copy;
}
static const struct node *set_node(struct parser *r, uint32_t set)
{
    return new_node(r, (struct node){.op = NODE_SET, .set = set});
}
static const struct node *at_node(struct parser *r, enum at at)
{
    return new_node(r, (struct node){.op = NODE_AT, .at = (uint8_t)at});
}
static const struct node *cat(struct parser *r, const struct node *left, const struct node *right)
{
    if (left->op == NODE_EMPTY)
        return right;
    if (right->op == NODE_EMPTY)
        return left;
    return new_node(r, (struct node){.op = NODE_CAT, .left = left, .right = right});
}
static const struct node *empty_node(void)
{
    static const struct node empty = {.op = NODE_EMPTY};
    return &empty;
}
static const struct node *repeat(struct parser *r, const struct node *body, int min, int max)
{
    if (min == 1 && max == 1)
        return body;
    if (max == 0 || body->op == NODE_EMPTY)
        return empty_node();
    return new_node(
        r,
        (struct node){.op = NODE_REPEAT, .min = (int16_t)min, .max = (int16_t)max, .left = body});
}

static struct part *new_part(struct parser *r, char op, unsigned flags, const struct node *node)
{
    struct part *part = ARENA_NEW(r->arena, struct part);
    part->op = op;
    part->flags = (uint8_t)flags;
    part->node = node;
    return part;
}

#define PREFERENCE (PART_LONGER | PART_SHORTER)
#define MESSY (PART_MIXED | PART_CAPTURE | PART_BACKREF)

static unsigned up(unsigned flags) /* what a part tells the one above of itself */
{
    bool both = (flags & PREFERENCE) == PREFERENCE;
    return (flags & ~(unsigned)PREFERENCE) | (both ? PART_MIXED : 0);
}
static unsigned combine(unsigned first, unsigned second)
{
    return up(first | second) | ((first & PREFERENCE) ? first & PREFERENCE : second & PREFERENCE);
}

/* ---- parser ---- */

static struct part *parse_alternatives(struct parser *r, bool in_group, bool in_look);
static struct part *parse_branch(struct parser *r, bool in_group, bool in_look);

static bool branch_ends(const struct parser *r, bool in_group)
{
    return r->token == T_END || r->token == T_OR || (r->token == T_PAREN_CLOSE && in_group);
}

static const struct node *line_node(struct parser *r, bool start)
{
    if (!(r->flags & REGEX_NLANCH))
        return at_node(r, start ? AT_TEXT_START : AT_TEXT_END);
    need_newline_set(r);
    return at_node(r, start ? AT_LINE_START : AT_LINE_END);
}

static const struct node *word_node(struct parser *r, enum at at)
{
    need_word_set(r);
    return at_node(r, at);
}

/* (?=...) and its kin. */
static const struct node *parse_look(struct parser *r)
{
    uint32_t kind = r->value;
    struct look *look = ARENA_NEW(r->arena, struct look);
    if (!lex(r))
        return NULL;
    struct part *body = parse_alternatives(r, true, true);
    if (!body)
        return NULL;
    look->behind = kind == LOOK_BEHIND || kind == LOOK_BEHIND_NOT;
    look->negative = kind == LOOK_AHEAD_NOT || kind == LOOK_BEHIND_NOT;
    look->body = body->node;
    look->index = (int)r->regex->looks.n;
    VEC_PUSH(r->arena, &r->regex->looks, look);
    return new_node(r, (struct node){.op = NODE_LOOK, .look = look});
}

/* Conditions on a place; NULL with *is_one false when the token is none of them. */
static const struct node *parse_condition(struct parser *r, bool *is_one)
{
    const struct node *node = NULL;
    *is_one = true;
    switch (r->token) {
    case T_CARET:
        node = line_node(r, true);
        break;
    case T_DOLLAR:
        node = line_node(r, false);
        break;
    case T_TEXT_START:
        node = at_node(r, AT_TEXT_START);
        break;
    case T_TEXT_END:
        node = at_node(r, AT_TEXT_END);
        break;
    case T_WORD_START:
        node = word_node(r, AT_WORD_START);
        break;
    case T_WORD_END:
        node = word_node(r, AT_WORD_END);
        break;
    case T_WORD_EDGE:
        node = word_node(r, AT_WORD_EDGE);
        break;
    case T_NO_WORD_EDGE:
        node = word_node(r, AT_NO_WORD_EDGE);
        break;
    case T_LOOK:
        node = parse_look(r);
        break;
    default:
        *is_one = false;
        return NULL;
    }
    return node && lex(r) ? node : NULL;
}

struct atom {
    struct part *part;
    bool boxed; /* a capturing group or a back reference: never part of a plain stretch */
    bool backref;
};

static bool parse_group(struct parser *r, struct atom *atom, bool in_look)
{
    bool capture = r->value && !in_look;
    int group = 0;
    if (capture) {
        group = ++r->n_opened;
        VEC_PUSH(r->arena, &r->groups, NULL);
    }
    if (!lex(r))
        return false;
    struct part *part = parse_alternatives(r, true, in_look);
    if (!part || !lex(r))
        return false;
    if (capture) {
        r->groups.items[group - 1] = part->node;
        if (part->group) { /* ((x)) */
            struct part *wrapper = new_part(r, '(', part->flags, part->node);
            wrapper->child = part;
            part = wrapper;
        }
        part->flags |= PART_CAPTURE;
        part->group = group;
        atom->boxed = true;
    }
    atom->part = part;
    return true;
}

static bool parse_backref(struct parser *r, struct atom *atom, bool in_look)
{
    uint32_t group = r->value;
    if (in_look || group == 0 || group > r->groups.n || !r->groups.items[group - 1])
        return fail(r, BAD_BACKREF);
    const struct node *text =
        new_node(r, (struct node){.op = NODE_FREE, .left = r->groups.items[group - 1]});
    atom->part = new_part(r, 'b', PART_BACKREF, text);
    atom->part->backref = (int)group;
    atom->boxed = atom->backref = true;
    return lex(r);
}

static bool parse_char(struct parser *r, struct atom *atom)
{
    struct charset set = {0};
    charset_add(r->arena, &set, r->value, r->value);
    atom->part = new_part(r, '=', 0, set_node(r, finish_set(r, &set, false)));
    return lex(r);
}

static bool parse_class(struct parser *r, struct atom *atom)
{
    struct charset set = shorthand(r, r->value, r->token == T_NO_CLASS);
    atom->part = new_part(r, '=', 0, set_node(r, add_set(r, &set)));
    return lex(r);
}

static bool parse_dot(struct parser *r, struct atom *atom)
{
    struct charset set = {0};
    if (r->flags & REGEX_NLSTOP)
        charset_add(r->arena, &set, '\n', '\n');
    set = charset_complement(r->arena, &set);
    atom->part = new_part(r, '=', 0, set_node(r, add_set(r, &set)));
    return lex(r);
}

static bool parse_atom(struct parser *r, struct atom *atom, bool in_look)
{
    uint32_t set = 0;
    switch (r->token) {
    case T_STAR:
    case T_PLUS:
    case T_QUESTION:
    case T_BRACE:
        return fail(r, BAD_REPEAT);
    case T_PAREN:
        return parse_group(r, atom, in_look);
    case T_BACKREF:
        return parse_backref(r, atom, in_look);
    case T_BRACKET:
        if (!take_bracket(r, &set))
            return false;
        atom->part = new_part(r, '=', 0, set_node(r, set));
        return true;
    case T_CLASS:
    case T_NO_CLASS:
        return parse_class(r, atom);
    case T_DOT:
        return parse_dot(r, atom);
    case T_PAREN_CLOSE:
        if (advanced(r) || basic(r))
            return fail(r, BAD_PAREN);
        return parse_char(r, atom); /* in an ERE a lone ) is a character */
    default:
        return parse_char(r, atom);
    }
}

static bool take_count(struct parser *r, int *value)
{
    *value = 0;
    while (r->token == T_DIGIT && *value <= REGEX_MAX_REPEAT) {
        *value = *value * 10 + (int)r->value;
        if (!lex(r))
            return false;
    }
    return (r->token != T_DIGIT && *value <= REGEX_MAX_REPEAT) || fail(r, BAD_BOUND);
}

static bool take_bound(struct parser *r, int *min, int *max, unsigned *prefers)
{
    bool exact = true;
    if (!lex(r) || !take_count(r, min))
        return false;
    *max = *min;
    if (r->token == T_COMMA) {
        exact = false;
        *max = REGEX_INFINITE;
        if (!lex(r) || (r->token == T_DIGIT && !take_count(r, max)))
            return false;
        if (*max != REGEX_INFINITE && *min > *max)
            return fail(r, BAD_BOUND);
    }
    if (r->token != T_BRACE_CLOSE)
        return fail(r, BAD_BOUND);
    *prefers = exact      ? 0
               : r->value ? PART_LONGER
                          : PART_SHORTER; /* {m} leaves its operand's preference */
    return lex(r);
}

static bool take_quantifier(struct parser *r, int *min, int *max, unsigned *prefers)
{
    *min = *max = 1;
    *prefers = 0;
    switch (r->token) {
    case T_STAR:
        *min = 0;
        *max = REGEX_INFINITE;
        break;
    case T_PLUS:
        *max = REGEX_INFINITE;
        break;
    case T_QUESTION:
        *min = 0;
        break;
    case T_BRACE:
        return take_bound(r, min, max, prefers);
    default:
        return true;
    }
    *prefers = r->value ? PART_LONGER : PART_SHORTER;
    return lex(r);
}

/* A boxed or mixed atom with its quantifier, as a part of its own. */
static struct part *quantified(struct parser *r, const struct atom *atom, int min, int max,
                               unsigned prefers)
{
    struct part *part = atom->part;
    unsigned flags = combine(prefers, part->flags), own = part->flags & (PREFERENCE | PART_MIXED);
    const struct node *node = repeat(r, part->node, min, max);
    if (atom->backref) {
        part->min = min;
        part->max = max;
        part->flags |= (uint8_t)flags;
        part->node = node;
        return part;
    }
    if (min == 1 && max == 1 && (prefers == 0 || own == 0 || prefers == own))
        return part;
    if (!(part->flags & (PART_CAPTURE | PART_BACKREF)))
        return new_part(r, '=', flags, node);
    if (min > 0 && !(part->flags & PART_BACKREF)) { /* only the last round's captures count */
        int max_before = max == REGEX_INFINITE ? max : max - 1;
        struct part *pair = new_part(r, '.', flags, node);
        pair->child =
            new_part(r, '=', flags & PREFERENCE, repeat(r, part->node, min - 1, max_before));
        pair->child->sibling = part;
        return pair;
    }
    struct part *loop = new_part(r, '*', flags, node);
    loop->min = min;
    loop->max = max;
    loop->child = part;
    return loop;
}

/* Parses one atom into `top`, a plain part, or turns top into prefix . (atom . rest) and takes
 * the rest of the branch. */
static bool parse_quantified_atom(struct parser *r, struct part *top, bool in_group, bool in_look)
{
    bool is_condition;
    const struct node *condition = parse_condition(r, &is_condition);
    if (is_condition) {
        if (condition)
            top->node = cat(r, top->node, condition);
        return condition != NULL;
    }
    struct atom atom = {0};
    int min, max;
    unsigned prefers;
    if (!parse_atom(r, &atom, in_look) || !take_quantifier(r, &min, &max, &prefers))
        return false;
    if (min == 0 && max == 0) /* {0}: nothing, though its groups may be referred to */
        return true;
    unsigned flags = top->flags | prefers | atom.part->flags;
    if (!atom.boxed && !(up(flags) & MESSY)) {
        top->node = cat(r, top->node, repeat(r, atom.part->node, min, max));
        top->flags = (uint8_t)flags;
        return true;
    }
    unsigned tail_flags = combine(prefers, atom.part->flags);
    struct part *prefix = new_part(r, '=', top->flags, top->node);
    struct part *middle = quantified(r, &atom, min, max, prefers), *rest;
    if (branch_ends(r, in_group))
        rest = new_part(r, '=', 0, empty_node());
    else
        rest = parse_branch(r, in_group, in_look);
    if (!rest)
        return false;
    struct part *tail = new_part(r, '.', tail_flags | combine(tail_flags, rest->flags),
                                 cat(r, middle->node, rest->node));
    tail->child = middle;
    middle->sibling = rest;
    top->op = '.';
    top->child = prefix;
    prefix->sibling = tail;
    top->flags |= (uint8_t)combine(top->flags, tail->flags);
    top->node = cat(r, prefix->node, tail->node);
    return true;
}

static struct part *parse_branch(struct parser *r, bool in_group, bool in_look)
{
    struct part *top = new_part(r, '=', 0, empty_node());
    if (stack_left_bytes() < STACK_RESERVE_BYTES) {
        fail(r, TOO_COMPLEX);
        return NULL;
    }
    while (!branch_ends(r, in_group) && top->op == '=')
        if (!parse_quantified_atom(r, top, in_group, in_look))
            return NULL;
    return top;
}

/* branch | branch | ...; a group's end is left as the current token's successor. */
static struct part *parse_alternatives(struct parser *r, bool in_group, bool in_look)
{
    struct part *all = NULL, *last = NULL;
    for (;;) {
        struct part *branch = parse_branch(r, in_group, in_look);
        if (!branch)
            return NULL;
        if (!last) {
            all = last = branch;
        } else {
            if (all == last) {
                all = new_part(r, '|', PART_LONGER, last->node);
                all->child = last;
                all->flags |= (uint8_t)up(all->flags | last->flags);
            }
            last->sibling = branch;
            last = branch;
            all->flags |= (uint8_t)up(all->flags | branch->flags);
            all->node = new_node(
                r, (struct node){.op = NODE_ALT, .left = all->node, .right = branch->node});
        }
        if (r->token != T_OR)
            break;
        if (!lex(r))
            return NULL;
    }
    if (all->op == '|' && !(all->flags & MESSY)) {
        all->op = '=';
        all->child = NULL;
    }
    bool closed = in_group ? r->token == T_PAREN_CLOSE : r->token == T_END;
    if (!closed)
        fail(r, BAD_PAREN);
    return closed ? all : NULL;
}

bool regex_parse(struct regex *regex, const char *pattern, size_t n, unsigned flags,
                 struct err *err)
{
    struct parser r = {.regex = regex,
                       .arena = regex->arena,
                       .err = err,
                       .p = pattern,
                       .end = pattern + n,
                       .flags = flags};
    if (!take_prefixes(&r))
        return false;
    r.context = r.flags & REGEX_QUOTE ? IN_QUOTE : IN_PATTERN;
    if (!lex(&r))
        return false;
    r.last = T_EMPTY;
    regex->plan = parse_alternatives(&r, false, false);
    regex->flags = r.flags;
    regex->n_groups = r.n_opened;
    return regex->plan != NULL;
}
