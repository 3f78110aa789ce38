/* text_case.c - case, code points, Unicode escapes and normalization forms. */
#include <stdlib.h>
#include <string.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

#include "func/call.h"
#include "func/utf8.h"

static bool lower(struct fcall *c)
{
    struct buf out = BUF_IN(c->arena);
    text_lower(&out, ARG_P(c, 0), ARG_N(c, 0));
    return return_bytes(c, out.p, out.n);
}

static bool upper(struct fcall *c)
{
    struct buf out = BUF_IN(c->arena);
    text_upper(&out, ARG_P(c, 0), ARG_N(c, 0));
    return return_bytes(c, out.p, out.n);
}

static bool initcap(struct fcall *c)
{
    struct buf out = BUF_IN(c->arena);
    const char *p = ARG_P(c, 0);
    bool in_word = false;
    for (size_t at = 0, bytes; at < ARG_N(c, 0); at += bytes) {
        uint32_t code = utf8_decode(p + at, &bytes);
        code = in_word ? uc_lower(code) : uc_upper(code);
        in_word = uc_is(UC_ALNUM, code);
        buf_put_utf8(&out, code);
    }
    return return_bytes(c, out.p, out.n);
}

static bool ascii(struct fcall *c)
{
    size_t bytes;
    return return_int(c, ARG_N(c, 0) ? (int64_t)utf8_decode(ARG_P(c, 0), &bytes) : 0);
}

static bool is_surrogate(uint32_t code)
{
    return code >= 0xd800 && code < 0xe000;
}

static bool chr(struct fcall *c)
{
    int64_t code = ARG_I(c, 0);
    if (code < 0)
        return err_set(c->err, ERR_INVALID_PARAMETER_VALUE, "character number must be positive");
    if (code == 0)
        return err_set(c->err, ERR_PROGRAM_LIMIT_EXCEEDED, "null character not permitted");
    if (code > 0x10ffff)
        return err_set(c->err, ERR_PROGRAM_LIMIT_EXCEEDED,
                       "requested character too large for encoding: %u", (unsigned)code);
    if (is_surrogate((uint32_t)code))
        return err_set(c->err, ERR_PROGRAM_LIMIT_EXCEEDED,
                       "requested character not valid for encoding: %u", (unsigned)code);
    char *p = arena_alloc(c->arena, 4);
    return return_bytes(c, p, utf8_encode((uint32_t)code, p));
}

/* ---- unistr(): \XXXX, \+XXXXXX, \uXXXX, \UXXXXXXXX and \\ ---- */

static bool bad_escape(struct fcall *c)
{
    err_set(c->err, ERR_SYNTAX_ERROR, "invalid Unicode escape");
    return err_hint(c->err, "Unicode escapes must be \\XXXX, \\+XXXXXX, \\uXXXX, or \\UXXXXXXXX.");
}

static bool bad_pair(struct fcall *c)
{
    return err_set(c->err, ERR_SYNTAX_ERROR, "invalid Unicode surrogate pair");
}

static bool read_hex(const char *p, size_t n, size_t digits, uint32_t *value)
{
    if (n < digits)
        return false;
    *value = 0;
    for (size_t k = 0; k < digits; k++) {
        char d = p[k];
        int v = d >= '0' && d <= '9'   ? d - '0'
                : d >= 'a' && d <= 'f' ? d - 'a' + 10
                : d >= 'A' && d <= 'F' ? d - 'A' + 10
                                       : -1;
        if (v < 0)
            return false;
        *value = *value << 4 | (uint32_t)v;
    }
    return true;
}

/* One escape at `p`, which starts with a backslash; *bytes is its length. */
static bool read_escape(const char *p, size_t n, uint32_t *code, size_t *bytes)
{
    static const struct {
        char mark;
        uint8_t skip, digits;
    } forms[] = {{'u', 2, 4}, {'U', 2, 8}, {'+', 2, 6}};
    if (read_hex(p + 1, n - 1, 4, code)) {
        *bytes = 5;
        return true;
    }
    for (size_t k = 0; k < ARRAY_COUNT(forms); k++)
        if (n > 2 && p[1] == forms[k].mark && read_hex(p + 2, n - 2, forms[k].digits, code)) {
            *bytes = forms[k].skip + (size_t)forms[k].digits;
            return true;
        }
    return false;
}

static bool unistr(struct fcall *c)
{
    const char *p = ARG_P(c, 0);
    size_t n = ARG_N(c, 0), bytes;
    struct buf out = BUF_IN(c->arena);
    uint32_t high = 0; /* first half of a surrogate pair that waits for the second */
    for (size_t at = 0; at < n; at += bytes) {
        uint32_t code;
        bool doubled = p[at] == '\\' && at + 1 < n && p[at + 1] == '\\';
        if (p[at] != '\\' || doubled) {
            if (high)
                return bad_pair(c);
            buf_putc(&out, p[at]);
            bytes = doubled ? 2 : 1;
            continue;
        }
        if (!read_escape(p + at, n - at, &code, &bytes))
            return bad_escape(c);
        if (code == 0 || code > 0x10ffff)
            return err_set(c->err, ERR_INVALID_PARAMETER_VALUE, "invalid Unicode code point: %04X",
                           code);
        if (high) {
            if (code < 0xdc00 || code > 0xdfff)
                return bad_pair(c);
            code = 0x10000 + ((high & 0x3ff) << 10 | (code & 0x3ff));
            high = 0;
        } else if (code >= 0xd800 && code < 0xdc00) {
            high = code;
            continue;
        } else if (is_surrogate(code)) {
            return bad_pair(c);
        }
        buf_put_utf8(&out, code);
    }
    return high ? bad_pair(c) : return_bytes(c, out.p, out.n);
}

/* ---- normalize() and IS NORMALIZED ---- */

/* ICU's own object, never freed. */
static const UNormalizer2 *normalizer_of(struct fcall *c)
{
    UErrorCode status = U_ZERO_ERROR;
    const char *form = arena_strndup(c->arena, ARG_P(c, 1), ARG_N(c, 1));
    if (strcasecmp(form, "NFC") == 0)
        return unorm2_getNFCInstance(&status);
    if (strcasecmp(form, "NFD") == 0)
        return unorm2_getNFDInstance(&status);
    if (strcasecmp(form, "NFKC") == 0)
        return unorm2_getNFKCInstance(&status);
    if (strcasecmp(form, "NFKD") == 0)
        return unorm2_getNFKDInstance(&status);
    err_set(c->err, ERR_INVALID_PARAMETER_VALUE, "invalid normalization form: %s", form);
    return NULL;
}

static UChar *to_utf16(struct fcall *c, int32_t *n_units)
{
    UErrorCode status = U_ZERO_ERROR;
    int32_t cap = (int32_t)ARG_N(c, 0) + 1;
    UChar *units = arena_try_alloc(c->arena, (size_t)cap * sizeof(UChar));
    if (units)
        u_strFromUTF8(units, cap, n_units, ARG_P(c, 0), (int32_t)ARG_N(c, 0), &status);
    if (!units || U_FAILURE(status)) {
        err_set(c->err, ERR_INTERNAL_ERROR, "Unicode conversion failed");
        return NULL;
    }
    return units;
}

static bool normalize(struct fcall *c)
{
    const UNormalizer2 *normalizer = normalizer_of(c);
    int32_t n_units, n_result, n_bytes;
    UChar *units = normalizer ? to_utf16(c, &n_units) : NULL;
    if (!units)
        return false;
    UErrorCode status = U_ZERO_ERROR;
    n_result =
        unorm2_normalize(normalizer, units, n_units, NULL, 0, &status); /* how long it gets */
    status = U_ZERO_ERROR;
    UChar *result = arena_alloc(c->arena, ((size_t)n_result + 1) * sizeof(UChar));
    unorm2_normalize(normalizer, units, n_units, result, n_result + 1, &status);
    char *bytes = result_alloc(c, (size_t)n_result * 3);
    if (!bytes)
        return false;
    u_strToUTF8(bytes, n_result * 3 + 1, &n_bytes, result, n_result, &status);
    if (U_FAILURE(status))
        return err_set(c->err, ERR_INTERNAL_ERROR, "Unicode normalization failed: %s",
                       u_errorName(status));
    return return_bytes(c, bytes, (size_t)n_bytes);
}

static bool is_normalized(struct fcall *c)
{
    const UNormalizer2 *normalizer = normalizer_of(c);
    int32_t n_units;
    UChar *units = normalizer ? to_utf16(c, &n_units) : NULL;
    if (!units)
        return false;
    UErrorCode status = U_ZERO_ERROR;
    return return_bool(c, unorm2_isNormalized(normalizer, units, n_units, &status));
}

FUNC_TABLE(text_case_funcs) = {
    {"lower", lower},
    {"upper", upper},
    {"initcap", initcap},
    {"ascii", ascii},
    {"chr", chr},
    {"unistr", unistr},
    {"unicode_normalize_func", normalize},
    {"unicode_is_normalized", is_normalized},
    {NULL, NULL},
};
