/* encode.c - encode() and decode() (hex, base64, escape), and the conversion functions. */
#include <string.h>

#include "func/call.h"
#include "func/encoding.h"
#include "types/text.h"

/* ---- encode ---- */

static bool encode_hex(struct fcall *c)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *in = c->args[0].p;
    size_t n = ARG_N(c, 0);
    char *p = result_alloc(c, n * 2);
    if (!p)
        return false;
    for (size_t k = 0; k < n; k++) {
        p[2 * k] = digits[in[k] >> 4];
        p[2 * k + 1] = digits[in[k] & 15];
    }
    return return_bytes(c, p, n * 2);
}

/* Lines of 76 characters; the newline follows each full line, even the last. */
static bool encode_base64(struct fcall *c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *in = c->args[0].p;
    size_t n = ARG_N(c, 0), n_out = (n + 2) / 3 * 4;
    char *start = result_alloc(c, n_out + n_out / 76), *p = start;
    if (!p)
        return false;
    for (size_t k = 0, column = 0; k < n; k += 3) {
        uint32_t group = (uint32_t)in[k] << 16;
        group |= k + 1 < n ? (uint32_t)in[k + 1] << 8 : 0;
        group |= k + 2 < n ? in[k + 2] : 0;
        *p++ = digits[group >> 18];
        *p++ = digits[group >> 12 & 63];
        *p++ = k + 1 < n ? digits[group >> 6 & 63] : '=';
        *p++ = k + 2 < n ? digits[group & 63] : '=';
        column += 4;
        if (column == 76) {
            *p++ = '\n';
            column = 0;
        }
    }
    return return_bytes(c, start, (size_t)(p - start));
}

static bool encode_escape(struct fcall *c)
{
    const uint8_t *in = c->args[0].p;
    struct buf out = BUF_IN(c->arena);
    for (size_t k = 0; k < ARG_N(c, 0); k++) {
        if (in[k] == 0 || in[k] >= 0x80)
            buf_printf(&out, "\\%03o", in[k]);
        else if (in[k] == '\\')
            buf_puts(&out, "\\\\");
        else
            buf_putc(&out, (char)in[k]);
        if (!result_fits(c, out.n))
            return false;
    }
    return return_bytes(c, out.p, out.n);
}

/* ---- decode ---- */

static bool is_blank(char ch)
{
    return ch == ' ' || ch == '\n' || ch == '\t' || ch == '\r';
}

static int hex_digit(char ch)
{
    return ch >= '0' && ch <= '9'   ? ch - '0'
           : ch >= 'a' && ch <= 'f' ? ch - 'a' + 10
           : ch >= 'A' && ch <= 'F' ? ch - 'A' + 10
                                    : -1;
}

static bool bad_hex_digit(struct fcall *c, const char *p)
{
    return err_set(c->err, ERR_INVALID_PARAMETER_VALUE, "invalid hexadecimal digit: \"%.*s\"",
                   (int)utf8_char_bytes((uint8_t)*p), p);
}

static bool decode_hex(struct fcall *c)
{
    const char *p = ARG_P(c, 0), *end = p + ARG_N(c, 0);
    char *start = arena_alloc(c->arena, ARG_N(c, 0) / 2 + 1), *out = start;
    while (p < end) {
        if (is_blank(*p)) {
            p++;
            continue;
        }
        int high = hex_digit(*p);
        if (high < 0)
            return bad_hex_digit(c, p);
        if (++p >= end)
            return err_set(c->err, ERR_INVALID_PARAMETER_VALUE,
                           "invalid hexadecimal data: odd number of digits");
        int low = hex_digit(*p);
        if (low < 0)
            return bad_hex_digit(c, p);
        p++;
        *out++ = (char)(high << 4 | low);
    }
    return return_bytes(c, start, (size_t)(out - start));
}

static int base64_digit(char ch)
{
    return ch >= 'A' && ch <= 'Z'   ? ch - 'A'
           : ch >= 'a' && ch <= 'z' ? ch - 'a' + 26
           : ch >= '0' && ch <= '9' ? ch - '0' + 52
           : ch == '+'              ? 62
           : ch == '/'              ? 63
                                    : -1;
}

static bool decode_base64(struct fcall *c)
{
    const char *p = ARG_P(c, 0), *end = p + ARG_N(c, 0);
    char *start = arena_alloc(c->arena, ARG_N(c, 0) / 4 * 3 + 4), *out = start;
    uint32_t group = 0;
    int n_digits = 0, n_last = 0; /* bytes in the padded group; 0: no padding yet */
    for (; p < end; p++) {
        int digit = 0;
        if (is_blank(*p))
            continue;
        if (*p == '=') {
            if (!n_last && n_digits != 2 && n_digits != 3)
                return err_set(c->err, ERR_INVALID_PARAMETER_VALUE,
                               "unexpected \"=\" while decoding base64 sequence");
            if (!n_last)
                n_last = n_digits - 1;
        } else if ((digit = base64_digit(*p)) < 0) {
            return err_set(c->err, ERR_INVALID_PARAMETER_VALUE,
                           "invalid symbol \"%.*s\" found while decoding base64 sequence",
                           (int)utf8_char_bytes((uint8_t)*p), p);
        }
        group = group << 6 | (uint32_t)digit;
        if (++n_digits < 4)
            continue;
        *out++ = (char)(group >> 16);
        if (n_last == 0 || n_last > 1)
            *out++ = (char)(group >> 8);
        if (n_last == 0)
            *out++ = (char)group;
        group = 0;
        n_digits = 0;
    }
    if (n_digits) {
        err_set(c->err, ERR_INVALID_PARAMETER_VALUE, "invalid base64 end sequence");
        return err_hint(c->err,
                        "Input data is missing padding, is truncated, or is otherwise corrupted.");
    }
    return return_bytes(c, start, (size_t)(out - start));
}

static bool is_octal(char ch, char max)
{
    return ch >= '0' && ch <= max;
}

static bool decode_escape(struct fcall *c)
{
    const char *p = ARG_P(c, 0), *end = p + ARG_N(c, 0);
    char *start = arena_alloc(c->arena, ARG_N(c, 0) + 1), *out = start;
    while (p < end) {
        if (*p != '\\') {
            *out++ = *p++;
        } else if (end - p >= 4 && is_octal(p[1], '3') && is_octal(p[2], '7') &&
                   is_octal(p[3], '7')) {
            *out++ = (char)((p[1] - '0') << 6 | (p[2] - '0') << 3 | (p[3] - '0'));
            p += 4;
        } else if (end - p >= 2 && p[1] == '\\') {
            *out++ = '\\';
            p += 2;
        } else {
            return err_set(c->err, ERR_INVALID_TEXT_REPRESENTATION,
                           "invalid input syntax for type %s", "bytea");
        }
    }
    return return_bytes(c, start, (size_t)(out - start));
}

static const struct {
    const char *name;
    func_impl encode, decode;
} codecs[] = {
    {"hex", encode_hex, decode_hex},
    {"base64", encode_base64, decode_base64},
    {"escape", encode_escape, decode_escape},
};

static bool run_codec(struct fcall *c, bool decoding)
{
    for (size_t k = 0; k < ARRAY_COUNT(codecs); k++)
        if (ARG_N(c, 1) == strlen(codecs[k].name) &&
            strncasecmp(ARG_P(c, 1), codecs[k].name, ARG_N(c, 1)) == 0)
            return (decoding ? codecs[k].decode : codecs[k].encode)(c);
    return err_set(c->err, ERR_INVALID_PARAMETER_VALUE, "unrecognized encoding: \"%.*s\"",
                   (int)ARG_N(c, 1), ARG_P(c, 1));
}
static bool encode(struct fcall *c)
{
    return run_codec(c, false);
}
static bool decode(struct fcall *c)
{
    return run_codec(c, true);
}

/* ---- conversion ---- */

static bool find(struct fcall *c, int arg, const char *which, int *encoding)
{
    *encoding = encoding_find(ARG_P(c, arg), ARG_N(c, arg));
    if (*encoding >= 0)
        return true;
    return err_set(c->err, ERR_INVALID_PARAMETER_VALUE, "invalid %sencoding name \"%.*s\"", which,
                   (int)ARG_N(c, arg), ARG_P(c, arg));
}

static bool convert_between(struct fcall *c, int from, int to)
{
    struct buf out = BUF_IN(c->arena);
    if (!encoding_convert(from, to, ARG_P(c, 0), ARG_N(c, 0), &out, c->err))
        return false;
    return return_bytes(c, out.p, out.n);
}
static bool convert(struct fcall *c)
{
    int from, to;
    return find(c, 1, "source ", &from) && find(c, 2, "destination ", &to) &&
           convert_between(c, from, to);
}
static bool convert_from(struct fcall *c)
{
    int from;
    return find(c, 1, "source ", &from) && convert_between(c, from, ENCODING_UTF8);
}
static bool convert_to(struct fcall *c)
{
    int to;
    return find(c, 1, "destination ", &to) && convert_between(c, ENCODING_UTF8, to);
}

static bool length_in_encoding(struct fcall *c)
{
    int encoding;
    struct buf text = BUF_IN(c->arena);
    if (!find(c, 1, "", &encoding) || !encoding_check(encoding, ARG_P(c, 0), ARG_N(c, 0), c->err))
        return false;
    if (encoding == ENCODING_SQL_ASCII)
        return return_int(c, ARG_N(c, 0));
    if (!encoding_convert(encoding, ENCODING_UTF8, ARG_P(c, 0), ARG_N(c, 0), &text, c->err))
        return false;
    return return_int(c, (int64_t)utf8_length(text.p ? text.p : "", text.n));
}

static bool char_to_encoding(struct fcall *c)
{
    return return_int(c, encoding_find(ARG_P(c, 0), ARG_N(c, 0)));
}
static bool encoding_to_char(struct fcall *c)
{
    const char *name = encoding_name((int)ARG_I(c, 0));
    return return_bytes(c, name, strlen(name));
}
static bool database_encoding(struct fcall *c)
{
    return return_bytes(c, "UTF8", 4);
}

/* to_ascii() knows single-byte encodings only, and a UTF8 database has none to give. */
static bool to_ascii_in(struct fcall *c, int encoding)
{
    if (encoding != 8 && encoding != 9 && encoding != 16 && encoding != 29)
        return err_set(c->err, ERR_FEATURE_NOT_SUPPORTED,
                       "encoding conversion from %s to ASCII not supported",
                       encoding_name(encoding));
    char *p = arena_memdup(c->arena, ARG_P(c, 0), ARG_N(c, 0));
    for (size_t k = 0; k < ARG_N(c, 0); k++)
        if ((uint8_t)p[k] >= 0x80)
            p[k] = ' ';
    return return_bytes(c, p, ARG_N(c, 0));
}
static bool to_ascii(struct fcall *c)
{
    return to_ascii_in(c, ENCODING_UTF8);
}
static bool to_ascii_by_number(struct fcall *c)
{
    if (encoding_name((int)ARG_I(c, 1))[0] == '\0')
        return err_set(c->err, ERR_UNDEFINED_OBJECT, "%d is not a valid encoding code",
                       (int)ARG_I(c, 1));
    return to_ascii_in(c, (int)ARG_I(c, 1));
}
static bool to_ascii_by_name(struct fcall *c)
{
    int encoding = encoding_find(ARG_P(c, 1), ARG_N(c, 1));
    if (encoding < 0)
        return err_set(c->err, ERR_UNDEFINED_OBJECT, "%.*s is not a valid encoding name",
                       (int)ARG_N(c, 1), ARG_P(c, 1));
    return to_ascii_in(c, encoding);
}

FUNC_TABLE(encode_funcs) = {
    {"binary_encode", encode},
    {"binary_decode", decode},
    {"pg_convert", convert},
    {"pg_convert_from", convert_from},
    {"pg_convert_to", convert_to},
    {"length_in_encoding", length_in_encoding},
    {"PG_char_to_encoding", char_to_encoding},
    {"PG_encoding_to_char", encoding_to_char},
    {"getdatabaseencoding", database_encoding},
    {"pg_client_encoding", database_encoding},
    {"to_ascii_default", to_ascii},
    {"to_ascii_enc", to_ascii_by_number},
    {"to_ascii_encname", to_ascii_by_name},
    {NULL, NULL},
};
