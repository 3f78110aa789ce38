/* json_parse.c - checking and parsing of JSON texts.
 *
 * One recursive parser over one lexer serves both; without an arena it only checks.  When
 * something is wrong the lexer's idea of the token at fault decides what the error shows, so it
 * keeps where the token starts and ends and where its line starts, exactly as far as PostgreSQL
 * would have read. */
#include <string.h>

#include "base/fiber.h"
#include "base/utf8.h"
#include "types/json.h"

enum token {
    TOKEN_END,
    TOKEN_STRING,
    TOKEN_NUMBER,
    TOKEN_TRUE,
    TOKEN_FALSE,
    TOKEN_NULL,
    TOKEN_OPEN_OBJECT,
    TOKEN_CLOSE_OBJECT,
    TOKEN_OPEN_ARRAY,
    TOKEN_CLOSE_ARRAY,
    TOKEN_COMMA,
    TOKEN_COLON,
};

struct parser {
    const char *text, *end;
    const char *start, *stop; /* the token */
    const char *line_start;
    int line;
    enum token token;
    bool resolve;        /* escapes are resolved, and have to be characters */
    struct arena *arena; /* NULL: check only */
    const char
        *string; /* a string token's characters; borrowed from the text where nothing is escaped */
    size_t n_string;
    struct err *err;
};

/* ---- errors ---- */

/* The line at fault up to the token's end, cut on the left to some 50 bytes. */
static bool add_context(struct parser *p)
{
    const char *from = p->line_start;
    while (p->stop - from >= 50)
        from += utf8_char_bytes((uint8_t)*from);
    if (from - p->line_start <= 3)
        from = p->line_start;
    bool more = p->token != TOKEN_END && p->stop < p->end && *p->stop != '\n' && *p->stop != '\r';
    p->err->where = arena_printf(p->err->arena, "JSON data, line %d: %s%.*s%s", p->line,
                                 from > p->line_start ? "..." : "", (int)(p->stop - from), from,
                                 more ? "..." : "");
    return false;
}

static PRINTF_LIKE(2, 3) bool invalid(struct parser *p, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *detail = arena_vprintf(p->err->arena, format, args);
    va_end(args);
    err_set(p->err, ERR_INVALID_TEXT_REPRESENTATION, "invalid input syntax for type %s", "json");
    err_detail(p->err, "%s", detail);
    return add_context(p);
}

static bool invalid_token(struct parser *p, const char *stop)
{
    p->stop = stop;
    return invalid(p, "Token \"%.*s\" is invalid.", (int)(p->stop - p->start), p->start);
}

static bool expected(struct parser *p, const char *what)
{
    if (p->token == TOKEN_END)
        return invalid(p, "The input string ended unexpectedly.");
    return invalid(p, "Expected %s, but found \"%.*s\".", what, (int)(p->stop - p->start),
                   p->start);
}

/* ---- lexer ---- */

static int hex_value(char ch)
{
    return ch >= '0' && ch <= '9'   ? ch - '0'
           : ch >= 'a' && ch <= 'f' ? ch - 'a' + 10
           : ch >= 'A' && ch <= 'F' ? ch - 'A' + 10
                                    : -1;
}

static const char *char_end(const struct parser *p, const char *at)
{
    size_t bytes = utf8_char_bytes((uint8_t)*at);
    return (size_t)(p->end - at) < bytes ? p->end : at + bytes;
}

static bool lone_low(struct parser *p, const char *stop)
{
    p->stop = stop;
    return invalid(p, "Unicode low surrogate must follow a high surrogate.");
}

/* \uXXXX at *at (the u); *high is a surrogate that waits for its other half. */
static bool lex_unicode(struct parser *p, const char **at, uint32_t *high, struct buf *out)
{
    uint32_t code = 0;
    const char *s = *at;
    for (int k = 0; k < 4; k++) {
        if (++s >= p->end)
            return invalid_token(p, s);
        int digit = hex_value(*s);
        if (digit < 0) {
            p->stop = char_end(p, s);
            return invalid(p, "\"\\u\" must be followed by four hexadecimal digits.");
        }
        code = code << 4 | (uint32_t)digit;
    }
    *at = s + 1;
    if (!p->resolve)
        return true;
    if (code >= 0xd800 && code < 0xdc00) {
        p->stop = *at;
        if (*high)
            return invalid(p, "Unicode high surrogate must not follow a high surrogate.");
        *high = code;
        return true;
    }
    bool low = code >= 0xdc00 && code < 0xe000;
    if (low != (*high != 0))
        return lone_low(p, *at);
    if (low)
        code = 0x10000 + ((*high & 0x3ff) << 10 | (code & 0x3ff));
    *high = 0;
    if (code == 0) {
        p->stop = *at;
        err_set(p->err, ERR_UNTRANSLATABLE_CHARACTER, "unsupported Unicode escape sequence");
        err_detail(p->err, "\\u0000 cannot be converted to text.");
        return add_context(p);
    }
    char bytes[4];
    size_t n = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t k = n; k-- > 1; code >>= 6)
        bytes[k] = (char)(0x80 | (code & 0x3f));
    bytes[0] = (char)(n == 1 ? code : code | (0xf00u >> n & 0xff));
    if (p->arena)
        buf_append(out, bytes, n);
    return true;
}

static bool lex_escape(struct parser *p, const char **at, uint32_t *high, struct buf *out)
{
    static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    const char *s = *at + 1;
    if (s >= p->end)
        return invalid_token(p, s);
    *at = s;
    if (*s == 'u')
        return lex_unicode(p, at, high, out);
    if (*high)
        return lone_low(p, s + 1);
    const char *found = *s ? strchr(names, *s) : NULL;
    if (!found) { /* only the escape is shown, not the string */
        p->start = s;
        p->stop = char_end(p, s);
        return invalid(p, "Escape sequence \"\\%.*s\" is invalid.", (int)(p->stop - p->start),
                       p->start);
    }
    if (p->arena)
        buf_putc(out, values[found - names]);
    *at = s + 1;
    return true;
}

static bool lex_string(struct parser *p)
{
    const char *s = p->start + 1, *plain = s; /* what `plain` points at has not been copied yet */
    struct buf out = BUF_IN(p->arena);
    uint32_t high = 0;
    bool escaped = false;
    p->token = TOKEN_STRING;
    for (;;) {
        while (s < p->end && *s != '"' && *s != '\\' && (uint8_t)*s >= 0x20)
            s++;
        if (s > plain && high)
            return lone_low(p, char_end(p, plain));
        if (s >= p->end)
            return invalid_token(p, s);
        if (*s == '"')
            break;
        if (*s != '\\') {
            p->stop = s;
            return invalid(p, "Character with value 0x%02x must be escaped.", (uint8_t)*s);
        }
        if (p->arena)
            buf_append(&out, plain, (size_t)(s - plain));
        escaped = true;
        if (!lex_escape(p, &s, &high, &out))
            return false;
        plain = s;
    }
    if (high)
        return lone_low(p, s + 1);
    if (escaped && p->arena)
        buf_append(&out, plain, (size_t)(s - plain));
    p->string = !escaped ? p->start + 1 : out.p ? out.p : "";
    p->n_string = escaped ? out.n : (size_t)(s - p->start - 1);
    p->stop = s + 1;
    return true;
}

static bool is_digit(char ch)
{
    return ch >= '0' && ch <= '9';
}
static bool is_word(char ch)
{
    return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || is_digit(ch) || ch == '_' ||
           (uint8_t)ch >= 0x80;
}

/* The end of the number that starts at `s`, *ok telling whether it is one. */
static const char *number_end(const char *s, const char *end, bool *ok)
{
    *ok = true;
    if (s < end && *s == '-')
        s++;
    if (s < end && *s == '0')
        s++;
    else if (s < end && is_digit(*s))
        while (s < end && is_digit(*s))
            s++;
    else
        *ok = false;
    if (s < end && *s == '.') {
        s++;
        *ok &= s < end && is_digit(*s);
        while (s < end && is_digit(*s))
            s++;
    }
    if (s < end && (*s == 'e' || *s == 'E')) {
        s++;
        if (s < end && (*s == '+' || *s == '-'))
            s++;
        *ok &= s < end && is_digit(*s);
        while (s < end && is_digit(*s))
            s++;
    }
    for (; s < end && is_word(*s); s++) /* shown with the token */
        *ok = false;
    return s;
}

bool json_is_number(const char *text, size_t n)
{
    bool ok;
    return number_end(text, text + n, &ok) == text + n && ok;
}

static bool lex_number(struct parser *p)
{
    bool ok;
    p->token = TOKEN_NUMBER;
    p->stop = number_end(p->start, p->end, &ok);
    return ok || invalid_token(p, p->stop);
}

static bool lex_word(struct parser *p)
{
    static const struct {
        const char *word;
        enum token token;
    } words[] = {{"true", TOKEN_TRUE}, {"false", TOKEN_FALSE}, {"null", TOKEN_NULL}};
    const char *s = p->start;
    while (s < p->end && is_word(*s))
        s++;
    if (s == p->start)
        return invalid_token(p, s + 1);
    size_t n = (size_t)(s - p->start);
    for (size_t k = 0; k < ARRAY_COUNT(words); k++)
        if (strlen(words[k].word) == n && memcmp(words[k].word, p->start, n) == 0) {
            p->token = words[k].token;
            p->stop = s;
            return true;
        }
    return invalid_token(p, s);
}

static bool lex_mark(struct parser *p, enum token token)
{
    p->token = token;
    p->stop = p->start + 1;
    return true;
}

/* Takes the next token. */
static bool lex(struct parser *p)
{
    const char *s = p->stop;
    while (s < p->end && (*s == ' ' || *s == '\t' || *s == '\n' || *s == '\r')) {
        if (*s++ == '\n') {
            p->line++;
            p->line_start = s;
        }
    }
    p->start = s;
    if (s >= p->end) {
        p->stop = s;
        p->token = TOKEN_END;
        return true;
    }
    switch (*s) {
    case '{':
        return lex_mark(p, TOKEN_OPEN_OBJECT);
    case '}':
        return lex_mark(p, TOKEN_CLOSE_OBJECT);
    case '[':
        return lex_mark(p, TOKEN_OPEN_ARRAY);
    case ']':
        return lex_mark(p, TOKEN_CLOSE_ARRAY);
    case ',':
        return lex_mark(p, TOKEN_COMMA);
    case ':':
        return lex_mark(p, TOKEN_COLON);
    case '"':
        return lex_string(p);
    default:
        /* an unknown word is shown with what kind of token came before, so `token` stays */
        return *s == '-' || is_digit(*s) ? lex_number(p) : lex_word(p);
    }
}

/* ---- parser ---- */

static bool parse_value(struct parser *p, struct json *out);

static bool parse_member(struct parser *p, struct json_member *member)
{
    if (p->token != TOKEN_STRING)
        return expected(p, "string");
    member->key = p->string;
    member->n_key = (uint32_t)p->n_string;
    if (!lex(p))
        return false;
    if (p->token != TOKEN_COLON)
        return expected(p, "\":\"");
    return lex(p) && parse_value(p, &member->value);
}

static bool parse_object(struct parser *p, struct json *out)
{
    VEC(struct json_member) members = {0};
    if (!lex(p))
        return false;
    if (p->token != TOKEN_CLOSE_OBJECT && p->token != TOKEN_STRING)
        return expected(p, "string or \"}\"");
    for (bool more = p->token == TOKEN_STRING; more;) {
        struct json_member member = {0};
        if (!parse_member(p, &member))
            return false;
        if (p->arena)
            VEC_PUSH(p->arena, &members, member);
        more = p->token == TOKEN_COMMA;
        if (more && !lex(p))
            return false;
    }
    if (p->token != TOKEN_CLOSE_OBJECT)
        return expected(p, "\",\" or \"}\"");
    *out = (struct json){.kind = JSON_OBJECT, .n = (uint32_t)members.n, .members = members.items};
    return lex(p);
}

static bool parse_array(struct parser *p, struct json *out)
{
    VEC(struct json) items = {0};
    if (!lex(p))
        return false;
    for (bool more = p->token != TOKEN_CLOSE_ARRAY; more;) {
        struct json item;
        if (!parse_value(p, &item))
            return false;
        if (p->arena)
            VEC_PUSH(p->arena, &items, item);
        more = p->token == TOKEN_COMMA;
        if (more && !lex(p))
            return false;
    }
    if (p->token != TOKEN_CLOSE_ARRAY)
        return expected(p, "\",\" or \"]\"");
    *out = (struct json){.kind = JSON_ARRAY, .n = (uint32_t)items.n, .items = items.items};
    return lex(p);
}

static bool parse_value(struct parser *p, struct json *out)
{
    if (!stack_check(p->err))
        return false;
    *out = (struct json){0};
    switch (p->token) {
    case TOKEN_OPEN_OBJECT:
        return parse_object(p, out);
    case TOKEN_OPEN_ARRAY:
        return parse_array(p, out);
    case TOKEN_STRING:
        *out = json_string(p->string, p->n_string);
        break;
    case TOKEN_NUMBER:
        *out = (struct json){
            .kind = JSON_NUMBER, .n = (uint32_t)(p->stop - p->start), .text = p->start};
        break;
    case TOKEN_TRUE:
    case TOKEN_FALSE:
        *out = (struct json){.kind = JSON_BOOL, .truth = p->token == TOKEN_TRUE};
        break;
    case TOKEN_NULL:
        *out = (struct json){.kind = JSON_NULL};
        break;
    case TOKEN_END:
    case TOKEN_CLOSE_OBJECT:
    case TOKEN_CLOSE_ARRAY:
    case TOKEN_COMMA:
    case TOKEN_COLON:
        return expected(p, "JSON value");
    }
    return lex(p);
}

static bool parse(struct parser *p, struct json *out)
{
    if (!lex(p) || !parse_value(p, out))
        return false;
    return p->token == TOKEN_END || expected(p, "end of input");
}

static struct parser parser_over(const char *text, size_t n, struct err *err)
{
    return (struct parser){.text = text,
                           .end = text + n,
                           .stop = text,
                           .line_start = text,
                           .line = 1,
                           .err = err,
                           .token = TOKEN_NULL};
}

bool json_check(const char *text, size_t n, struct err *err)
{
    struct parser p = parser_over(text, n, err);
    struct json ignored;
    return parse(&p, &ignored);
}

const struct json *json_parse(struct arena *arena, const char *text, size_t n, struct err *err)
{
    struct parser p = parser_over(text, n, err);
    struct json *tree = ARENA_NEW(arena, struct json);
    p.arena = arena;
    p.resolve = true;
    return parse(&p, tree) ? tree : NULL;
}

const struct json *jsonb_parse(struct arena *arena, const char *text, size_t n, struct err *err)
{
    const struct json *tree = json_parse(arena, text, n, err);
    return tree && jsonb_normalize(arena, (struct json *)(uintptr_t)tree, err) ? tree : NULL;
}

const struct json *jsonb_tree(struct arena *arena, const struct datum *value, struct err *err)
{
    return json_parse(arena, value->p, value->n, err);
}

bool json_check_escapes(const char *text, size_t n, struct err *err)
{
    if (!memmem(text, n, "\\u", 2))
        return true;
    struct parser p = parser_over(text, n, err);
    struct json ignored;
    p.resolve = true;
    return parse(&p, &ignored);
}
