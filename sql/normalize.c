/* normalize.c - the small lexer of the fast path.
 *
 * Taken are single SELECT, INSERT, UPDATE and DELETE statements made of plain words, numbers, '...' strings and operators.  Refused
 * (and so parsed as they are): comments, E'' U&'' B'' X'' and dollar-quoted strings, quoted identifiers, parameters, numbers with
 * a fraction or beyond int8, type names in front of a string (date '...'), a second statement.  After ORDER or GROUP literals stay in the
 * text, because a number there is a column's position.  A minus in front of a literal stays an operator on the parameter, so
 * a literal that is int8 only for want of its minus is refused.  Numbers of different size are different statements: the key names
 * the parameter's class after it. */
#include "sql/normalize.h"

#include <string.h>

struct lexer {
    const char *text;
    size_t n, at;
    struct normalized *normalized;
    struct buf *out;
    bool structural; /* after ORDER or GROUP */
    bool after_word; /* the last token was a word that a string may not follow */
    bool after_minus;
};

static bool is_word_start(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(unsigned char c)
{
    return c >= '0' && c <= '9';
}

static bool is_word(unsigned char c)
{
    return is_word_start(c) || is_digit(c);
}

static bool is_blank(unsigned char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static bool word_is(const char *p, size_t n, const char *word)
{
    if (strlen(word) != n)
        return false;
    for (size_t k = 0; k < n; k++)
        if ((p[k] | 0x20) != word[k])
            return false;
    return true;
}

static bool is_one_of(const char *p, size_t n, const char *const *words, size_t n_words)
{
    for (size_t k = 0; k < n_words; k++)
        if (word_is(p, n, words[k]))
            return true;
    return false;
}

/* Words that a string literal may follow without being part of "type 'string'". */
static const char *const before_string[] = {"and",  "or",     "not",  "in",   "like",  "ilike", "then",   "else", "when", "where",
                                            "set",  "select", "on",   "by",   "from",  "case",  "values", "between", "returning",
                                            "is",   "similar", "to",  "escape", "limit", "offset", "having"};
static const char *const starts[] = {"select", "insert", "update", "delete"};
/* Words whose statements are better read whole. */
static const char *const refused[] = {"interval", "over", "within", "grouping", "extract",   "position", "overlay",
                                      "substring", "trim", "tablesample", "window", "union", "intersect", "except"};

static bool take_word(struct lexer *x, bool first)
{
    size_t begin = x->at;
    while (x->at < x->n && (is_word((unsigned char)x->text[x->at]) || x->text[x->at] == '$'))
        x->at++;
    const char *p = x->text + begin;
    size_t n = x->at - begin;
    if (first && !is_one_of(p, n, starts, ARRAY_COUNT(starts)))
        return false;
    if (is_one_of(p, n, refused, ARRAY_COUNT(refused)))
        return false;
    if (word_is(p, n, "order") || word_is(p, n, "group"))
        x->structural = true;
    x->after_word = !is_one_of(p, n, before_string, ARRAY_COUNT(before_string));
    x->after_minus = false;
    buf_append(x->out, p, n);
    /* e'...', b'...', x'...', u&'...', n'...' */
    return !(x->at < x->n && (x->text[x->at] == '\'' || (x->text[x->at] == '&' && n == 1)));
}

static bool add_literal(struct lexer *x, const struct literal *literal)
{
    static const char classes[] = {'i', 'l', 's'};
    if (x->normalized->n_literals == NORMALIZE_LITERALS_MAX)
        return false;
    x->normalized->literals[x->normalized->n_literals++] = *literal;
    buf_printf(x->out, "$%d /*%c*/", x->normalized->n_literals, classes[literal->kind]);
    x->after_word = true;
    x->after_minus = false;
    return true;
}

static bool take_number(struct lexer *x)
{
    size_t begin = x->at;
    uint64_t value = 0;
    while (x->at < x->n && is_digit((unsigned char)x->text[x->at])) {
        if (x->at - begin >= 18)
            return false;
        value = value * 10 + (uint64_t)(x->text[x->at++] - '0');
    }
    if (x->at < x->n && (x->text[x->at] == '.' || is_word((unsigned char)x->text[x->at])))
        return false;
    struct literal literal = {.kind = value <= INT32_MAX ? LITERAL_INT4 : LITERAL_INT8, .offset = (uint32_t)begin,
                              .n = (uint32_t)(x->at - begin), .value = (int64_t)value};
    if (literal.kind == LITERAL_INT8 && x->after_minus)
        return false;
    if (x->structural) {
        buf_append(x->out, x->text + begin, x->at - begin);
        return true;
    }
    return add_literal(x, &literal);
}

static bool take_string(struct lexer *x)
{
    size_t begin = ++x->at;
    struct literal literal = {.kind = LITERAL_STRING, .offset = (uint32_t)begin};
    if (x->after_word || x->structural)
        return false;
    for (;; x->at++) {
        if (x->at >= x->n)
            return false;
        if (x->text[x->at] != '\'')
            continue;
        if (x->at + 1 < x->n && x->text[x->at + 1] == '\'') {
            literal.escaped = true;
            x->at++;
            continue;
        }
        break;
    }
    literal.n = (uint32_t)(x->at++ - begin);
    return add_literal(x, &literal);
}

static bool take_symbol(struct lexer *x)
{
    char c = x->text[x->at], next = x->at + 1 < x->n ? x->text[x->at + 1] : 0;
    if (c == '"' || c == '$' || c == '\\' || (c == '-' && next == '-') || (c == '/' && next == '*') || (c == '.' && is_digit((unsigned char)next)) ||
        c == '[' || (unsigned char)c >= 0x80 || c == 0)
        return false;
    if (c == ';') {
        for (size_t k = x->at + 1; k < x->n; k++)
            if (!is_blank((unsigned char)x->text[k]))
                return false;
        x->at = x->n;
        return true;
    }
    x->after_minus = c == '-';
    x->after_word = c == ')';
    x->at++;
    buf_putc(x->out, c);
    return true;
}

bool sql_normalize(const char *text, size_t n_bytes, struct normalized *normalized, struct buf *out)
{
    struct lexer x = {.text = text, .n = n_bytes, .normalized = normalized, .out = out};
    bool first = true;
    normalized->n_literals = 0;
    while (x.at < x.n) {
        unsigned char c = (unsigned char)text[x.at];
        bool ok;
        if (is_blank(c)) {
            x.at++;
            if (out->n && out->p[out->n - 1] != ' ')
                buf_putc(out, ' ');
            continue;
        }
        if (is_word_start(c))
            ok = take_word(&x, first);
        else if (first)
            return false;
        else if (is_digit(c))
            ok = take_number(&x);
        else if (c == '\'')
            ok = take_string(&x);
        else
            ok = take_symbol(&x);
        first = false;
        if (!ok)
            return false;
    }
    return normalized->n_literals > 0;
}
