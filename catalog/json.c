/* json.c - see json.h.  The reader is recursive; definitions are ours and shallow, and anything deeper than JSON_DEPTH_MAX is refused. */
#include "catalog/json.h"

#include <string.h>

#define JSON_DEPTH_MAX 32

/* ---- writing ---- */

static void put_string(struct buf *buf, const char *text)
{
    buf_putc(buf, '"');
    for (const char *p = text; *p; p++) {
        if (*p == '"' || *p == '\\') {
            buf_putc(buf, '\\');
            buf_putc(buf, *p);
        } else if ((uint8_t)*p < 0x20) {
            buf_printf(buf, "\\u%04x", *p);
        } else {
            buf_putc(buf, *p);
        }
    }
    buf_putc(buf, '"');
}

static void item(struct json_out *out, const char *key)
{
    if (out->comma)
        buf_puts(out->buf, ", ");
    out->comma = true;
    if (key) {
        put_string(out->buf, key);
        buf_puts(out->buf, ": ");
    }
}

void json_open(struct json_out *out, const char *key, char bracket)
{
    item(out, key);
    buf_putc(out->buf, bracket);
    out->comma = false;
}

void json_close(struct json_out *out, char bracket)
{
    buf_putc(out->buf, bracket);
    out->comma = true;
}

void json_text(struct json_out *out, const char *key, const char *text)
{
    if (!text)
        return;
    item(out, key);
    put_string(out->buf, text);
}

void json_int_item(struct json_out *out, int64_t value)
{
    item(out, NULL);
    buf_printf(out->buf, "%lld", (long long)value);
}

void json_int(struct json_out *out, const char *key, int64_t value)
{
    if (!value)
        return;
    item(out, key);
    buf_printf(out->buf, "%lld", (long long)value);
}

void json_true(struct json_out *out, const char *key, bool value)
{
    if (!value)
        return;
    item(out, key);
    buf_puts(out->buf, "true");
}

void json_char(struct json_out *out, const char *key, char value)
{
    char text[2] = {value, 0};
    if (value)
        json_text(out, key, text);
}

/* ---- reading ---- */

struct reading {
    struct arena *arena;
    const char *p, *end;
    int depth;
    bool bad;
};

static struct json *read_value(struct reading *in);

static char peek(struct reading *in)
{
    while (in->p < in->end && (*in->p == ' ' || *in->p == '\n' || *in->p == '\t' || *in->p == '\r'))
        in->p++;
    return in->p < in->end ? *in->p : 0;
}

static bool take(struct reading *in, char c)
{
    if (peek(in) != c)
        return false;
    in->p++;
    return true;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* \uXXXX of control characters only: all else is written as it is. */
static char read_unicode(struct reading *in)
{
    int value = 0;
    for (int k = 0; k < 4; k++) {
        int digit = in->p < in->end ? hex_digit(*in->p++) : -1;
        if (digit < 0)
            in->bad = true;
        value = value * 16 + (digit < 0 ? 0 : digit);
    }
    if (value == 0 || value > 127)
        in->bad = true;
    return (char)value;
}

static const char *read_string(struct reading *in)
{
    struct buf out = BUF_IN(in->arena);
    if (!take(in, '"'))
        in->bad = true;
    while (!in->bad) {
        if (in->p >= in->end) {
            in->bad = true;
            break;
        }
        char c = *in->p++;
        if (c == '"')
            break;
        if (c == '\\' && in->p < in->end) {
            c = *in->p++;
            if (c == 'u')
                c = read_unicode(in);
            else if (c == 'n')
                c = '\n';
            else if (c == 't')
                c = '\t';
        }
        buf_putc(&out, c);
    }
    return buf_cstr(&out);
}

static void read_items(struct reading *in, struct json *parent, char closing)
{
    struct json **link = &parent->first;
    if (++in->depth > JSON_DEPTH_MAX)
        in->bad = true;
    if (take(in, closing)) {
        in->depth--;
        return;
    }
    do {
        const char *key = NULL;
        if (closing == '}') {
            key = read_string(in);
            if (!take(in, ':'))
                in->bad = true;
        }
        struct json *child = in->bad ? NULL : read_value(in);
        if (!child)
            return;
        child->key = key;
        *link = child;
        link = &child->next;
        parent->n_items++;
    } while (take(in, ','));
    if (!take(in, closing))
        in->bad = true;
    in->depth--;
}

static bool take_word(struct reading *in, const char *word)
{
    size_t n = strlen(word);
    if ((size_t)(in->end - in->p) < n || memcmp(in->p, word, n) != 0)
        return false;
    in->p += n;
    return true;
}

static void read_number(struct reading *in, struct json *value)
{
    bool negative = take(in, '-');
    uint64_t number = 0;
    const char *start = in->p;
    while (in->p < in->end && *in->p >= '0' && *in->p <= '9')
        number = number * 10 + (uint64_t)(*in->p++ - '0');
    if (in->p == start)
        in->bad = true;
    value->kind = JSON_INT;
    value->number = negative ? (int64_t)(0 - number) : (int64_t)number;
}

static struct json *read_value(struct reading *in)
{
    struct json *value = ARENA_NEW(in->arena, struct json);
    char c = peek(in);
    if (c == '{' || c == '[') {
        in->p++;
        value->kind = c == '{' ? JSON_OBJECT : JSON_ARRAY;
        read_items(in, value, c == '{' ? '}' : ']');
    } else if (c == '"') {
        value->kind = JSON_TEXT;
        value->text = read_string(in);
    } else if (take_word(in, "true")) {
        value->kind = JSON_BOOL;
        value->number = 1;
    } else if (take_word(in, "false")) {
        value->kind = JSON_BOOL;
    } else if (take_word(in, "null")) {
        value->kind = JSON_NULL;
    } else {
        read_number(in, value);
    }
    return in->bad ? NULL : value;
}

const struct json *definition_parse(struct arena *arena, const char *text, size_t n,
                                    struct err *err)
{
    struct reading in = {.arena = arena, .p = text, .end = text + n};
    struct json *value = read_value(&in);
    if (value && peek(&in) == 0 && in.p == in.end)
        return value;
    err_set(err, ERR_DATA_CORRUPTED, "damaged definition in the catalog, at byte %zu",
            (size_t)(in.p - text));
    return NULL;
}

const struct json *json_get(const struct json *object, const char *key)
{
    for (const struct json *child = object && object->kind == JSON_OBJECT ? object->first : NULL;
         child; child = child->next)
        if (strcmp(child->key, key) == 0)
            return child;
    return NULL;
}

const char *json_get_text(const struct json *object, const char *key)
{
    const struct json *value = json_get(object, key);
    return value && value->kind == JSON_TEXT ? value->text : NULL;
}

int64_t json_get_int(const struct json *object, const char *key)
{
    const struct json *value = json_get(object, key);
    return value && (value->kind == JSON_INT || value->kind == JSON_BOOL) ? value->number : 0;
}

bool json_get_bool(const struct json *object, const char *key)
{
    return json_get_int(object, key) != 0;
}

char json_get_char(const struct json *object, const char *key)
{
    const char *text = json_get_text(object, key);
    return text ? text[0] : 0;
}
