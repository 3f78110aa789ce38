/* normalize.c - see normalize.h.  About a nanosecond a byte: most bytes are copied to the key by a table look-up. */
#include "sql/normalize.h"

#include <string.h>

/* What stands for a literal in the key: bytes that no statement has (they are refused below). */
#define PLACEHOLDER(kind) ((char)(1 + (kind)))

enum byte_class {
    BYTE_OTHER, /* operators and punctuation: copied */
    BYTE_WORD,  /* letters, _, bytes above 127 */
    BYTE_DIGIT,
    BYTE_SPACE,
    BYTE_QUOTE,  /* ' */
    BYTE_DOUBLE, /* " */
    BYTE_DOT,
    BYTE_SLASH,
    BYTE_MINUS,
    BYTE_BAIL, /* control characters, $ */
};

static const uint8_t classes[256] = {
    [0 ... 8] = BYTE_BAIL,      [9 ... 10] = BYTE_SPACE,   [11] = BYTE_BAIL,
    [12 ... 13] = BYTE_SPACE,   [14 ... 31] = BYTE_BAIL,   [' '] = BYTE_SPACE,
    ['"'] = BYTE_DOUBLE,        ['$'] = BYTE_BAIL,         ['\''] = BYTE_QUOTE,
    ['-'] = BYTE_MINUS,         ['.'] = BYTE_DOT,          ['/'] = BYTE_SLASH,
    ['0' ... '9'] = BYTE_DIGIT, ['A' ... 'Z'] = BYTE_WORD, ['_'] = BYTE_WORD,
    ['a' ... 'z'] = BYTE_WORD,  [127] = BYTE_BAIL,         [128 ... 255] = BYTE_WORD,
};

struct lexer {
    const char *p, *end, *text;
    bool backslashes;
    struct normalized *out;
    char *key; /* room for the whole text is reserved */
};

static bool add_literal(struct lexer *l, const char *start, enum literal_kind kind)
{
    struct normalized *out = l->out;
    if (out->n == LITERALS_MAX)
        return false;
    out->items[out->n++] =
        (struct literal){(uint32_t)(start - l->text), (uint32_t)(l->p - start), kind};
    *l->key++ = PLACEHOLDER(kind);
    return true;
}

/* White space and comments are one blank between tokens, none at the ends. */
static void put_space(struct lexer *l, const char *key_start)
{
    if (l->key > key_start && l->key[-1] != ' ')
        *l->key++ = ' ';
}

static bool skip_comment(struct lexer *l)
{
    if (l->p[0] == '-') {
        while (l->p < l->end && *l->p != '\n' && *l->p != '\r')
            l->p++;
        return true;
    }
    int depth = 0;
    while (l->p + 1 < l->end) {
        if (l->p[0] == '/' && l->p[1] == '*') {
            depth++;
            l->p += 2;
        } else if (l->p[0] == '*' && l->p[1] == '/') {
            l->p += 2;
            if (--depth == 0)
                return true;
        } else {
            l->p++;
        }
    }
    return false; /* unterminated */
}

static bool lex_string(struct lexer *l)
{
    const char *start = l->p++;
    for (;;) {
        const char *quote = memchr(l->p, '\'', (size_t)(l->end - l->p));
        if (!quote)
            return false;
        if (l->backslashes && memchr(l->p, '\\', (size_t)(quote - l->p)))
            return false;
        l->p = quote + 1;
        if (l->p < l->end && *l->p == '\'') {
            l->p++;
            continue;
        }
        break;
    }
    /* 'a' <newline> 'b' is one string: leave that to the real lexer. */
    const char *next = l->p;
    while (next < l->end && classes[(uint8_t)*next] == BYTE_SPACE)
        next++;
    if (next < l->end && *next == '\'')
        return false;
    return add_literal(l, start, LITERAL_STRING);
}

static enum literal_kind integer_kind(const char *digits, size_t n)
{
    while (n > 1 && *digits == '0') {
        digits++;
        n--;
    }
    if (n < 10 || (n == 10 && memcmp(digits, "2147483647", 10) <= 0))
        return LITERAL_INT4;
    if (n < 19 || (n == 19 && memcmp(digits, "9223372036854775807", 19) <= 0))
        return LITERAL_INT8;
    return LITERAL_BIG;
}

static void digits(struct lexer *l)
{
    while (l->p < l->end && classes[(uint8_t)*l->p] == BYTE_DIGIT)
        l->p++;
}

static bool lex_number(struct lexer *l)
{
    const char *start = l->p;
    enum literal_kind kind = LITERAL_NUMERIC;
    digits(l);
    if (l->p == l->end || (*l->p != '.' && (*l->p | 32) != 'e')) {
        kind = integer_kind(start, (size_t)(l->p - start));
    } else {
        if (*l->p == '.') {
            if (l->p + 1 < l->end && l->p[1] == '.')
                return false;
            l->p++;
            digits(l);
        }
        if (l->p < l->end && (*l->p | 32) == 'e') {
            l->p++;
            if (l->p < l->end && (*l->p == '+' || *l->p == '-'))
                l->p++;
            if (l->p == l->end || classes[(uint8_t)*l->p] != BYTE_DIGIT)
                return false;
            digits(l);
        }
    }
    /* Junk behind a number is an error that others report. */
    if (l->p < l->end && (classes[(uint8_t)*l->p] == BYTE_WORD || *l->p == '.'))
        return false;
    return add_literal(l, start, kind);
}

/* Words fold to lower case.  A word right before a quote may be the prefix of another kind of string. */
static bool lex_word(struct lexer *l)
{
    const char *start = l->p;
    while (l->p < l->end) {
        uint8_t c = (uint8_t)*l->p;
        if (classes[c] != BYTE_WORD && classes[c] != BYTE_DIGIT)
            break;
        *l->key++ = (char)(c >= 'A' && c <= 'Z' ? c | 32 : c);
        l->p++;
    }
    if (l->p == l->end)
        return true;
    if (*l->p == '$')
        return false;
    size_t n = (size_t)(l->p - start);
    if (*l->p == '\'' && n == 1 && strchr("eEbBxXnN", *start))
        return false;
    return !(*l->p == '&' && n == 1 && (*start | 32) == 'u');
}

static bool lex_quoted_name(struct lexer *l)
{
    const char *start = l->p++;
    for (;;) {
        const char *quote = memchr(l->p, '"', (size_t)(l->end - l->p));
        if (!quote)
            return false;
        l->p = quote + 1;
        if (l->p == l->end || *l->p != '"')
            break;
        l->p++;
    }
    memcpy(l->key, start, (size_t)(l->p - start));
    l->key += l->p - start;
    return true;
}

/* Only a semicolon, blanks and comments may follow. */
static bool only_end_follows(struct lexer *l)
{
    l->p++;
    while (l->p < l->end && (classes[(uint8_t)*l->p] == BYTE_SPACE || *l->p == ';'))
        l->p++;
    return l->p == l->end;
}

static bool lex_all(struct lexer *l, const char *key_start)
{
    while (l->p < l->end) {
        char c = *l->p;
        switch (classes[(uint8_t)c]) {
        case BYTE_WORD:
            if (!lex_word(l))
                return false;
            continue;
        case BYTE_SPACE:
            l->p++;
            put_space(l, key_start);
            continue;
        case BYTE_DIGIT:
            if (!lex_number(l))
                return false;
            continue;
        case BYTE_QUOTE:
            if (!lex_string(l))
                return false;
            continue;
        case BYTE_DOUBLE:
            if (!lex_quoted_name(l))
                return false;
            continue;
        case BYTE_DOT:
            if (l->p + 1 < l->end && classes[(uint8_t)l->p[1]] == BYTE_DIGIT) {
                if (!lex_number(l))
                    return false;
                continue;
            }
            break;
        case BYTE_MINUS:
        case BYTE_SLASH:
            if (l->p + 1 < l->end && l->p[1] == (c == '-' ? '-' : '*')) {
                if (!skip_comment(l))
                    return false;
                put_space(l, key_start);
                continue;
            }
            break;
        case BYTE_BAIL:
            return false;
        default:
            if (c == ';')
                return only_end_follows(l);
        }
        *l->key++ = c;
        l->p++;
    }
    return true;
}

static bool starts_well(const char *key, size_t n)
{
    static const char *const words[] = {"select ", "insert ", "update ", "delete ",
                                        "with ",   "values",  "select*", "select("};
    for (size_t k = 0; k < ARRAY_COUNT(words); k++) {
        size_t length = strlen(words[k]);
        if (n >= length && memcmp(key, words[k], length) == 0)
            return true;
    }
    return false;
}

bool normalize(const char *text, size_t n, bool backslashes, struct normalized *out)
{
    out->n = 0;
    if (n > UINT32_MAX / 2 || memchr(text, '\0', n))
        return false;
    buf_reserve(out->key, n + 1);
    char *key_start = out->key->p + out->key->n;
    struct lexer l = {.p = text,
                      .end = text + n,
                      .text = text,
                      .backslashes = backslashes,
                      .out = out,
                      .key = key_start};
    if (!lex_all(&l, key_start))
        return false;
    while (l.key > key_start && l.key[-1] == ' ')
        l.key--;
    size_t n_key = (size_t)(l.key - key_start);
    if (!starts_well(key_start, n_key))
        return false;
    out->key->n += n_key;
    return true;
}

void normalize_structural(const struct normalized *n, const char *text,
                          const struct literal_use *uses, struct buf *key)
{
    for (uint16_t k = 0; k < n->n; k++) {
        if (uses[k].free)
            continue;
        buf_putc(key, '\0');
        buf_append(key, text + n->items[k].offset, n->items[k].length);
    }
}

bool literal_value_of(const struct literal *literal, const char *text, bool negated,
                      const struct type_io *io, struct datum *value)
{
    const char *p = text + literal->offset;
    if (literal->kind == LITERAL_INT4 || literal->kind == LITERAL_INT8) {
        uint64_t number = 0;
        for (uint32_t k = 0; k < literal->length; k++)
            number = number * 10 + (uint64_t)(p[k] - '0');
        *value = datum_int(negated ? -(int64_t)number : (int64_t)number);
        return true;
    }
    char *room = arena_alloc(io->arena, literal->length + 2u);
    size_t n = 0;
    if (literal->kind == LITERAL_NUMERIC) {
        if (negated)
            room[n++] = '-';
        memcpy(room + n, p, literal->length);
        n += literal->length;
    } else {
        for (uint32_t k = 1; k + 1 < literal->length; k++) {
            room[n++] = p[k];
            if (p[k] == '\'')
                k++; /* doubled */
        }
    }
    room[n] = '\0';
    return type_in(io, room, n, value);
}
