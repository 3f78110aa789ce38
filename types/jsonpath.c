/* jsonpath.c - parsing of paths (SQL/JSON path language, as PostgreSQL 15 has it) and the type's
 * I/O.
 *
 * A recursive-descent parser: or, and, comparison, sum, product, sign, then a primary with its
 * accessors.  Predicates and values are different things: only predicates may be joined by &&
 * and ||, and only values compared; each parse function tells which of them it has read by the
 * item's op. */
#include "types/jsonpath.h"

#include <stdlib.h>
#include <string.h>

#include "base/fiber.h"
#include "base/utf8.h"
#include "types/key.h"
#include "types/numeric.h"
#include "types/registry.h"

bool (*jsonpath_check_regex)(const struct jsonpath_item *item, struct err *err);

enum token {
    T_END,
    T_MARK, /* one character: value.mark */
    T_AND,
    T_OR,
    T_ANY,
    T_EQ,
    T_NE,
    T_LE,
    T_GE,
    T_STRING,
    T_VARIABLE,
    T_NUMBER,
    T_INT,
    T_WORD,
};

struct parser {
    struct arena *arena;
    struct err *err;
    const char *p, *end;
    const char *start; /* of the token */
    enum token token;
    char mark;
    struct buf text;   /* of a string, a variable, a word, a number */
    const char *shown; /* what an error shows of the token */
    size_t n_shown;
    int filters, subscripts; /* how deep in ?() and [] */
    const char *late_error;  /* of a path that is well-formed; the first one */
};

/* ---- lexer ---- */

/* Flex reports what it has matched last; nothing means the end of the input. */
static bool fail_at(struct parser *r, const char *message)
{
    if (r->n_shown == 0)
        return err_set(r->err, ERR_SYNTAX_ERROR, "%s at end of jsonpath input", message);
    return err_set(r->err, ERR_SYNTAX_ERROR, "%s at or near \"%.*s\" of jsonpath input", message,
                   (int)r->n_shown, r->shown);
}

static bool show(struct parser *r, const char *from, const char *to)
{
    r->shown = from;
    r->n_shown = (size_t)(to - from);
    return true;
}

static struct jsonpath_item *syntax_error(struct parser *r)
{
    fail_at(r, "syntax error");
    return NULL;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}
static bool is_special(char c)
{
    return c != '\0' && strchr("?%$.[]{}()|&!=<>@#,*:-+/", c) != NULL;
}
static bool is_word_char(char c)
{
    return !is_special(c) && !is_blank(c) && c != '"' && c != '\\';
}
static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int hex_value(char c)
{
    return is_digit(c)            ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

static void put_code(struct buf *out, uint32_t code)
{
    char bytes[4];
    size_t n = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t k = n; k-- > 1; code >>= 6)
        bytes[k] = (char)(0x80 | (code & 0x3f));
    bytes[0] = (char)(n == 1 ? code : code | (0xf00u >> n & 0xff));
    buf_append(out, bytes, n);
}

/* \uXXXX or \u{X...} at r->p (its backslash). */
static bool read_unicode(struct parser *r, uint32_t *code)
{
    const char *p = r->p + 2;
    bool braces = p < r->end && *p == '{';
    int n = 0, most = braces ? 6 : 4;
    p += braces;
    for (*code = 0; n < most && p < r->end && hex_value(*p) >= 0; n++, p++)
        *code = *code << 4 | (uint32_t)hex_value(*p);
    if (n == 0 || (!braces && n < 4) || (braces && (p >= r->end || *p != '}'))) {
        show(r, r->p, p < r->end ? p : r->end);
        return fail_at(r, "invalid unicode sequence");
    }
    r->p = p + braces;
    return true;
}

static bool bad_surrogate(struct parser *r, const char *detail)
{
    err_set(r->err, ERR_INVALID_TEXT_REPRESENTATION, "invalid input syntax for type %s",
            "jsonpath");
    return err_detail(r->err, "%s", detail);
}

static bool no_zero(struct parser *r)
{
    err_set(r->err, ERR_UNTRANSLATABLE_CHARACTER, "unsupported Unicode escape sequence");
    return err_detail(r->err, "\\u0000 cannot be converted to text.");
}

/* A run of \u escapes. */
static bool lex_unicode(struct parser *r)
{
    uint32_t high = 0, code;
    while (r->end - r->p >= 2 && r->p[0] == '\\' && r->p[1] == 'u') {
        if (!read_unicode(r, &code))
            return false;
        if (code == 0)
            return no_zero(r);
        if (code >= 0xd800 && code < 0xdc00) {
            if (high)
                return bad_surrogate(r, "Unicode high surrogate must not follow a high surrogate.");
            high = code;
            continue;
        }
        bool low = code >= 0xdc00 && code < 0xe000;
        if (low != (high != 0))
            return bad_surrogate(r, "Unicode low surrogate must follow a high surrogate.");
        if (low)
            code = 0x10000 + ((high & 0x3ff) << 10 | (code & 0x3ff));
        high = 0;
        put_code(&r->text, MIN(code, 0x10ffff));
    }
    return high == 0 || bad_surrogate(r, "Unicode low surrogate must follow a high surrogate.");
}

static bool lex_escape(struct parser *r)
{
    static const char names[] = "bfnrtv", values[] = "\b\f\n\r\t\v";
    if (r->p + 1 >= r->end) {
        show(r, r->p, r->end);
        return fail_at(r, "unexpected end after backslash");
    }
    char c = r->p[1];
    if (c == 'u')
        return lex_unicode(r);
    if (c == 'x') {
        if (r->end - r->p < 4 || hex_value(r->p[2]) < 0 || hex_value(r->p[3]) < 0) {
            show(r, r->p, MIN(r->p + 2, r->end));
            return fail_at(r, "invalid hex character sequence");
        }
        uint32_t code = (uint32_t)(hex_value(r->p[2]) << 4 | hex_value(r->p[3]));
        if (code == 0)
            return no_zero(r);
        put_code(&r->text, code);
        r->p += 4;
        return true;
    }
    const char *found = c ? strchr(names, c) : NULL;
    size_t bytes = found ? 1 : utf8_char_bytes((uint8_t)c);
    buf_append(&r->text, found ? &values[found - names] : &r->p[1], bytes);
    r->p += 1 + bytes;
    return true;
}

/* The rest of a quoted string; r->p is after the opening quote. */
static bool lex_quoted(struct parser *r, enum token token)
{
    for (;;) {
        if (r->p >= r->end) {
            show(r, r->end, r->end);
            return fail_at(r, "unexpected end of quoted string");
        }
        if (*r->p == '"')
            break;
        if (*r->p != '\\')
            buf_putc(&r->text, *r->p++);
        else if (!lex_escape(r))
            return false;
    }
    show(r, r->p, r->p + 1);
    r->p++;
    r->token = token;
    return true;
}

static bool lex_word(struct parser *r)
{
    while (r->p < r->end && (is_word_char(*r->p) || *r->p == '\\'))
        if (*r->p != '\\')
            buf_putc(&r->text, *r->p++);
        else if (!lex_escape(r))
            return false;
    const char *blanks = r->p;
    while (blanks < r->end && is_blank(*blanks))
        blanks++;
    show(r, r->p, blanks);
    r->token = T_WORD;
    return true;
}

static bool lex_number(struct parser *r)
{
    const char *p = r->p, *start = p;
    bool integer = true;
    if (*p == '0')
        p++;
    else
        while (p < r->end && is_digit(*p))
            p++;
    if (p < r->end && *p == '.') {
        integer = false;
        p++;
        while (p < r->end && is_digit(*p))
            p++;
    }
    if (p < r->end && (*p == 'e' || *p == 'E')) {
        const char *digits = p + 1 + (p + 1 < r->end && (p[1] == '+' || p[1] == '-'));
        if (digits < r->end && is_digit(*digits)) {
            integer = false;
            for (p = digits; p < r->end && is_digit(*p);)
                p++;
        } else if (digits > p + 1) {
            show(r, start, digits);
            return fail_at(r, "invalid numeric literal");
        }
    }
    if (p < r->end && is_word_char(*p)) {
        const char *word_end = start, *junk_end = p + 1; /* flex counts bytes */
        while (word_end < r->end && is_word_char(*word_end))
            word_end++;
        if (word_end > junk_end) /* the longer match wins: a word that starts with digits */
            return lex_word(r);
        show(r, start, junk_end);
        return fail_at(r, "trailing junk after numeric literal");
    }
    buf_append(&r->text, start, (size_t)(p - start));
    show(r, start, p);
    r->p = p;
    r->token = integer ? T_INT : T_NUMBER;
    return true;
}

static bool skip_blanks(struct parser *r)
{
    for (;;) {
        while (r->p < r->end && is_blank(*r->p))
            r->p++;
        if (r->end - r->p < 2 || r->p[0] != '/' || r->p[1] != '*')
            return true;
        const char *close = memmem(r->p + 2, (size_t)(r->end - r->p - 2), "*/", 2);
        if (!close) {
            show(r, r->end, r->end);
            return fail_at(r, "unexpected end of comment");
        }
        r->p = close + 2;
    }
}

static bool take(struct parser *r, enum token token, size_t bytes)
{
    r->token = token;
    r->mark = *r->p;
    show(r, r->p, r->p + bytes);
    r->p += bytes;
    return true;
}

static bool lex(struct parser *r)
{
    static const struct {
        const char *text;
        enum token token;
    } pairs[] = {{"&&", T_AND}, {"||", T_OR}, {"**", T_ANY}, {"==", T_EQ},
                 {"<>", T_NE},  {"!=", T_NE}, {"<=", T_LE},  {">=", T_GE}};
    r->text = BUF_IN(r->arena);
    if (!skip_blanks(r))
        return false;
    r->start = r->p;
    if (r->p >= r->end) {
        r->token = T_END;
        return show(r, r->end, r->end);
    }
    char c = *r->p, next = r->p + 1 < r->end ? r->p[1] : '\0';
    for (size_t k = 0; k < ARRAY_COUNT(pairs); k++)
        if (c == pairs[k].text[0] && next == pairs[k].text[1])
            return take(r, pairs[k].token, 2);
    if (is_digit(c) || (c == '.' && is_digit(next)))
        return lex_number(r);
    if (c == '"') {
        r->p++;
        return lex_quoted(r, T_STRING);
    }
    if (c == '$' && next == '"') {
        r->p += 2;
        return lex_quoted(r, T_VARIABLE);
    }
    if (c == '$' && next && is_word_char(next)) {
        const char *start = r->p++;
        while (r->p < r->end && is_word_char(*r->p))
            buf_putc(&r->text, *r->p++);
        r->token = T_VARIABLE;
        return show(r, start, r->p);
    }
    return is_special(c) ? take(r, T_MARK, 1) : lex_word(r);
}

/* Keywords may be written in any case, but for null, true and false. */
static bool at_word(const struct parser *r, const char *word)
{
    size_t n = strlen(word);
    if (r->token != T_WORD || r->text.n != n)
        return false;
    bool exact =
        strcmp(word, "null") == 0 || strcmp(word, "true") == 0 || strcmp(word, "false") == 0;
    return exact ? memcmp(r->text.p, word, n) == 0 : strncasecmp(r->text.p, word, n) == 0;
}

static bool at_mark(const struct parser *r, char mark)
{
    return r->token == T_MARK && r->mark == mark;
}

static bool expect_mark(struct parser *r, char mark)
{
    if (!at_mark(r, mark))
        return syntax_error(r) != NULL;
    return lex(r);
}

/* ---- items ---- */

static struct jsonpath_item *new_item(struct parser *r, enum jsonpath_op op)
{
    struct jsonpath_item *item = ARENA_NEW(r->arena, struct jsonpath_item);
    item->op = op;
    return item;
}

static struct jsonpath_item *operator_item(struct parser *r, enum jsonpath_op op,
                                           struct jsonpath_item *left, struct jsonpath_item *right)
{
    struct jsonpath_item *item = new_item(r, op);
    item->left = left;
    item->right = right;
    return item;
}

static struct jsonpath_item *text_item(struct parser *r, enum jsonpath_op op)
{
    struct jsonpath_item *item = new_item(r, op);
    item->value = json_string(r->text.p ? r->text.p : "", r->text.n);
    return item;
}

static bool set_number(struct parser *r, struct jsonpath_item *item, const struct numeric *value)
{
    struct buf text = BUF_IN(r->arena);
    numeric_print(value, &text);
    item->value = (struct json){.kind = JSON_NUMBER, .n = (uint32_t)text.n, .text = text.p};
    return true;
}

static struct jsonpath_item *number_item(struct parser *r)
{
    struct jsonpath_item *item = new_item(r, PATH_NUMBER);
    const struct numeric *value = numeric_parse(r->arena, r->err, r->text.p, r->text.n);
    if (!value)
        return NULL;
    set_number(r, item, value);
    return item;
}

/* A predicate is an item of a predicate's op without an accessor after it. */
static bool is_predicate(const struct jsonpath_item *item)
{
    return jsonpath_is_predicate(item->op) && !item->next;
}

static struct jsonpath_item *parse_or(struct parser *r);

/* An item that has to be a value, or has to be a predicate; an error shows the token after it. */
static struct jsonpath_item *want(struct parser *r, struct jsonpath_item *item, bool predicate)
{
    if (item && is_predicate(item) != predicate)
        return syntax_error(r);
    return item;
}

/* ---- accessors ---- */

static bool parse_range(struct parser *r, struct jsonpath_range *range)
{
    range->from = want(r, parse_or(r), false);
    if (!range->from)
        return false;
    if (!at_word(r, "to"))
        return true;
    range->to = lex(r) ? want(r, parse_or(r), false) : NULL;
    return range->to != NULL;
}

static struct jsonpath_item *parse_subscripts(struct parser *r)
{
    if (!lex(r))
        return NULL;
    if (at_mark(r, '*'))
        return lex(r) && expect_mark(r, ']') ? new_item(r, PATH_ANY_ITEM) : NULL;
    struct jsonpath_item *item = new_item(r, PATH_ITEMS);
    VEC(struct jsonpath_range) ranges = {0};
    r->subscripts++;
    for (;;) {
        struct jsonpath_range range = {0};
        if (!parse_range(r, &range))
            return NULL;
        VEC_PUSH(r->arena, &ranges, range);
        if (!at_mark(r, ','))
            break;
        if (!lex(r))
            return NULL;
    }
    r->subscripts--;
    item->ranges = ranges.items;
    item->n_ranges = (uint32_t)ranges.n;
    return expect_mark(r, ']') ? item : NULL;
}

static bool parse_level(struct parser *r, uint32_t *level)
{
    if (at_word(r, "last")) {
        *level = PATH_DEPTH_LAST;
    } else if (r->token == T_INT) {
        *level = (uint32_t)strtoul(buf_cstr(&r->text), NULL, 10);
    } else {
        return syntax_error(r) != NULL;
    }
    return lex(r);
}

static struct jsonpath_item *parse_any_depth(struct parser *r)
{
    struct jsonpath_item *item = new_item(r, PATH_ANY_DEPTH);
    item->last = PATH_DEPTH_LAST;
    if (!lex(r))
        return NULL;
    if (!at_mark(r, '{'))
        return item;
    if (!lex(r) || !parse_level(r, &item->first))
        return NULL;
    item->last = item->first;
    if (at_word(r, "to") && (!lex(r) || !parse_level(r, &item->last)))
        return NULL;
    return expect_mark(r, '}') ? item : NULL;
}

static enum jsonpath_op method_named(const struct parser *r)
{
    static const enum jsonpath_op methods[] = {PATH_TYPE,     PATH_SIZE,    PATH_ABS,
                                               PATH_FLOOR,    PATH_CEILING, PATH_DOUBLE,
                                               PATH_DATETIME, PATH_KEYVALUE};
    for (size_t k = 0; k < ARRAY_COUNT(methods); k++)
        if (at_word(r, jsonpath_op_name(methods[k])))
            return methods[k];
    return PATH_NULL;
}

/* .key or .method() */
static struct jsonpath_item *parse_member(struct parser *r)
{
    enum jsonpath_op method = method_named(r);
    struct jsonpath_item *key = text_item(r, PATH_KEY);
    if (!lex(r))
        return NULL;
    if (!at_mark(r, '('))
        return key;
    if (method == PATH_NULL)
        return syntax_error(r);
    struct jsonpath_item *item = new_item(r, method);
    if (!lex(r))
        return NULL;
    if (method == PATH_DATETIME && r->token == T_STRING) {
        item->left = text_item(r, PATH_STRING);
        if (!lex(r))
            return NULL;
    }
    return expect_mark(r, ')') ? item : NULL;
}

static struct jsonpath_item *parse_dot(struct parser *r)
{
    if (!lex(r))
        return NULL;
    if (at_mark(r, '*'))
        return lex(r) ? new_item(r, PATH_ANY_KEY) : NULL;
    if (r->token == T_ANY)
        return parse_any_depth(r);
    if (r->token == T_STRING) {
        struct jsonpath_item *key = text_item(r, PATH_KEY);
        return lex(r) ? key : NULL;
    }
    return r->token == T_WORD ? parse_member(r) : syntax_error(r);
}

static struct jsonpath_item *parse_filter(struct parser *r)
{
    struct jsonpath_item *item = new_item(r, PATH_FILTER);
    if (!lex(r) || !expect_mark(r, '('))
        return NULL;
    r->filters++;
    item->left = want(r, parse_or(r), true);
    r->filters--;
    return item->left && expect_mark(r, ')') ? item : NULL;
}

/* Accessors after `head`, which becomes the start of the chain. */
static struct jsonpath_item *parse_accessors(struct parser *r, struct jsonpath_item *head)
{
    struct jsonpath_item *last = head;
    while (last && last->next)
        last = last->next;
    while (at_mark(r, '.') || at_mark(r, '[') || at_mark(r, '?')) {
        last->next = r->mark == '.'   ? parse_dot(r)
                     : r->mark == '[' ? parse_subscripts(r)
                                      : parse_filter(r);
        last = last->next;
        if (!last)
            return NULL;
    }
    return head;
}

/* ---- primaries ---- */

static struct jsonpath_item *parse_parentheses(struct parser *r)
{
    struct jsonpath_item *item = lex(r) ? parse_or(r) : NULL;
    if (!item || !expect_mark(r, ')'))
        return NULL;
    if (!at_word(r, "is"))
        return parse_accessors(r, item);
    if (!is_predicate(item))
        return syntax_error(r);
    if (!lex(r))
        return NULL;
    if (!at_word(r, "unknown"))
        return syntax_error(r);
    return lex(r) ? operator_item(r, PATH_IS_UNKNOWN, item, NULL) : NULL;
}

static struct jsonpath_item *parse_exists(struct parser *r)
{
    if (!lex(r) || !expect_mark(r, '('))
        return NULL;
    struct jsonpath_item *arg = want(r, parse_or(r), false);
    return arg && expect_mark(r, ')') ? operator_item(r, PATH_EXISTS, arg, NULL) : NULL;
}

static struct jsonpath_item *parse_word(struct parser *r)
{
    struct jsonpath_item *item = NULL;
    if (at_word(r, "null"))
        item = new_item(r, PATH_NULL);
    else if (at_word(r, "true") || at_word(r, "false"))
        item = new_item(r, PATH_BOOL);
    else if (at_word(r, "last"))
        item = new_item(r, PATH_LAST);
    else
        return syntax_error(r);
    if (item->op == PATH_BOOL)
        item->value = (struct json){.kind = JSON_BOOL, .truth = at_word(r, "true")};
    if (item->op == PATH_LAST && r->subscripts == 0 && !r->late_error)
        r->late_error = "LAST is allowed only in array subscripts";
    return item;
}

static struct jsonpath_item *parse_primary(struct parser *r)
{
    struct jsonpath_item *item = NULL;
    if (at_mark(r, '('))
        return parse_parentheses(r);
    if (at_word(r, "exists"))
        return parse_exists(r);
    switch (r->token) {
    case T_STRING:
        item = text_item(r, PATH_STRING);
        break;
    case T_VARIABLE:
        item = text_item(r, PATH_VARIABLE);
        break;
    case T_NUMBER:
    case T_INT:
        item = number_item(r);
        break;
    case T_WORD:
        item = parse_word(r);
        break;
    default:
        if (at_mark(r, '$'))
            item = new_item(r, PATH_ROOT);
        else if (at_mark(r, '@'))
            item = new_item(r, PATH_CURRENT);
        else
            return syntax_error(r);
    }
    if (item && item->op == PATH_CURRENT && r->filters == 0 && !r->late_error)
        r->late_error = "@ is not allowed in root expressions";
    return item && lex(r) ? parse_accessors(r, item) : NULL;
}

/* ---- operators ---- */

static struct jsonpath_item *parse_sign(struct parser *r)
{
    if (!stack_check(r->err))
        return NULL;
    if (!at_mark(r, '-') && !at_mark(r, '+'))
        return parse_primary(r);
    bool minus = r->mark == '-';
    struct jsonpath_item *operand = lex(r) ? want(r, parse_sign(r), false) : NULL;
    if (!operand || operand->op != PATH_NUMBER || operand->next)
        return operand ? operator_item(r, minus ? PATH_MINUS : PATH_PLUS, operand, NULL) : NULL;
    if (minus)
        set_number(r, operand, numeric_neg(r->arena, json_number(r->arena, &operand->value)));
    return operand;
}

static struct jsonpath_item *parse_product(struct parser *r)
{
    struct jsonpath_item *left = parse_sign(r);
    while (left && (at_mark(r, '*') || at_mark(r, '/') || at_mark(r, '%'))) {
        enum jsonpath_op op = r->mark == '*' ? PATH_MUL : r->mark == '/' ? PATH_DIV : PATH_MOD;
        struct jsonpath_item *right =
            want(r, left, false) && lex(r) ? want(r, parse_sign(r), false) : NULL;
        left = right ? operator_item(r, op, left, right) : NULL;
    }
    return left;
}

static struct jsonpath_item *parse_sum(struct parser *r)
{
    struct jsonpath_item *left = parse_product(r);
    while (left && (at_mark(r, '+') || at_mark(r, '-'))) {
        enum jsonpath_op op = r->mark == '+' ? PATH_ADD : PATH_SUB;
        struct jsonpath_item *right =
            want(r, left, false) && lex(r) ? want(r, parse_product(r), false) : NULL;
        left = right ? operator_item(r, op, left, right) : NULL;
    }
    return left;
}

static bool at_comparison(const struct parser *r, enum jsonpath_op *op)
{
    *op = r->token == T_EQ   ? PATH_EQ
          : r->token == T_NE ? PATH_NE
          : r->token == T_LE ? PATH_LE
          : r->token == T_GE ? PATH_GE
          : at_mark(r, '<')  ? PATH_LT
          : at_mark(r, '>')  ? PATH_GT
                             : PATH_NULL;
    return *op != PATH_NULL;
}

static struct jsonpath_item *parse_starts_with(struct parser *r, struct jsonpath_item *left)
{
    if (!lex(r))
        return NULL;
    if (!at_word(r, "with"))
        return syntax_error(r);
    if (!lex(r))
        return NULL;
    if (r->token != T_STRING && r->token != T_VARIABLE)
        return syntax_error(r);
    struct jsonpath_item *start = text_item(r, r->token == T_STRING ? PATH_STRING : PATH_VARIABLE);
    return lex(r) ? operator_item(r, PATH_STARTS_WITH, left, start) : NULL;
}

static bool read_regex_flags(struct parser *r, unsigned *flags)
{
    static const char letters[] = "ismxq";
    for (size_t k = 0; k < r->text.n; k++) {
        const char *found = strchr(letters, r->text.p[k]);
        if (!found) {
            err_set(r->err, ERR_SYNTAX_ERROR, "invalid input syntax for type %s", "jsonpath");
            return err_detail(r->err,
                              "Unrecognized flag character \"%.*s\" in LIKE_REGEX predicate.",
                              (int)utf8_char_bytes((uint8_t)r->text.p[k]), &r->text.p[k]);
        }
        *flags |= 1u << (found - letters);
    }
    return lex(r);
}

static struct jsonpath_item *parse_like_regex(struct parser *r, struct jsonpath_item *left)
{
    if (!lex(r))
        return NULL;
    if (r->token != T_STRING)
        return syntax_error(r);
    struct jsonpath_item *item = text_item(r, PATH_LIKE_REGEX);
    item->left = left;
    if (!lex(r))
        return NULL;
    if (at_word(r, "flag")) {
        if (!lex(r))
            return NULL;
        if (r->token != T_STRING)
            return syntax_error(r);
        if (!read_regex_flags(r, &item->regex_flags))
            return NULL;
    }
    return !jsonpath_check_regex || jsonpath_check_regex(item, r->err) ? item : NULL;
}

static struct jsonpath_item *parse_comparison(struct parser *r)
{
    enum jsonpath_op op;
    if (at_mark(r, '!')) {
        if (!lex(r))
            return NULL;
        if (!at_mark(r, '(') && !at_word(r, "exists"))
            return syntax_error(r);
        struct jsonpath_item *arg = at_mark(r, '(') ? parse_parentheses(r) : parse_exists(r);
        arg = want(r, arg, true);
        return arg ? operator_item(r, PATH_NOT, arg, NULL) : NULL;
    }
    struct jsonpath_item *left = parse_sum(r);
    if (!left || is_predicate(left))
        return left;
    if (at_word(r, "starts"))
        return parse_starts_with(r, left);
    if (at_word(r, "like_regex"))
        return parse_like_regex(r, left);
    if (!at_comparison(r, &op))
        return left;
    struct jsonpath_item *right = lex(r) ? want(r, parse_sum(r), false) : NULL;
    return right ? operator_item(r, op, left, right) : NULL;
}

static struct jsonpath_item *parse_and(struct parser *r)
{
    struct jsonpath_item *left = parse_comparison(r);
    while (left && r->token == T_AND) {
        struct jsonpath_item *right =
            want(r, left, true) && lex(r) ? want(r, parse_comparison(r), true) : NULL;
        left = right ? operator_item(r, PATH_AND, left, right) : NULL;
    }
    return left;
}

static struct jsonpath_item *parse_or(struct parser *r)
{
    if (!stack_check(r->err))
        return NULL;
    struct jsonpath_item *left = parse_and(r);
    while (left && r->token == T_OR) {
        struct jsonpath_item *right =
            want(r, left, true) && lex(r) ? want(r, parse_and(r), true) : NULL;
        left = right ? operator_item(r, PATH_OR, left, right) : NULL;
    }
    return left;
}

const struct jsonpath *jsonpath_parse(struct arena *arena, const char *text, size_t n,
                                      struct err *err)
{
    struct parser r = {.arena = arena, .err = err, .p = text, .end = text + n};
    struct jsonpath *path = ARENA_NEW(arena, struct jsonpath);
    if (!lex(&r))
        return NULL;
    if (r.token == T_END) {
        err_set(err, ERR_INVALID_TEXT_REPRESENTATION, "invalid input syntax for type %s: \"%.*s\"",
                "jsonpath", (int)n, text);
        return NULL;
    }
    path->strict = at_word(&r, "strict");
    if ((path->strict || at_word(&r, "lax")) && !lex(&r))
        return NULL;
    path->root = parse_or(&r);
    if (path->root && r.token != T_END)
        path->root = syntax_error(&r);
    if (path->root && r.late_error) {
        err_set(err, ERR_SYNTAX_ERROR, "%s", r.late_error);
        return NULL;
    }
    return path->root ? path : NULL;
}

/* ---- type operations ---- */

static bool path_in(const struct type_io *io, const char *text, size_t n, struct datum *out)
{
    const struct jsonpath *path = jsonpath_parse(io->arena, text, n, io->err);
    struct buf canonical = BUF_IN(io->arena);
    if (!path)
        return false;
    jsonpath_print(path, &canonical);
    *out = datum_bytes(canonical.p, canonical.n);
    return true;
}

static bool path_out(const struct type_io *io, const struct datum *value, struct buf *out)
{
    buf_append(out, value->p, value->n);
    return true;
}

#define JSONPATH_VERSION 1

static bool path_recv(const struct type_io *io, const uint8_t *bytes, size_t n, struct datum *out)
{
    if (n == 0)
        return recv_short(io);
    if (bytes[0] != JSONPATH_VERSION)
        return err_set(io->err, ERR_INTERNAL_ERROR, "unsupported jsonpath version number: %d",
                       bytes[0]);
    return utf8_check((const char *)bytes + 1, n - 1, io->err) &&
           path_in(io, (const char *)bytes + 1, n - 1, out);
}

static bool path_send(const struct type_io *io, const struct datum *value, struct buf *out)
{
    buf_putc(out, JSONPATH_VERSION);
    buf_append(out, value->p, value->n);
    return true;
}

const struct type_ops jsonpath_ops = {
    .name = "jsonpath",
    .storage = STORAGE_TEXT,
    .in = path_in,
    .out = path_out,
    .recv = path_recv,
    .send = path_send,
};

extern const struct type_ops_entry jsonpath_type_ops[];
const struct type_ops_entry jsonpath_type_ops[] = {
    {TYPE_JSONPATH, &jsonpath_ops},
    {0, NULL},
};
