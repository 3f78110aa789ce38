/* encoding.c - conversion between encodings, by ICU.
 *
 * Everything goes by way of UTF-16.  UTF-8 itself is checked by our own routine, which names the
 * bytes at fault as PostgreSQL does; ICU names them for the others. */
#include "func/encoding.h"

#include <stdlib.h>
#include <string.h>
#include <unicode/ucnv.h>
#include <unicode/ustring.h>

#include "types/text.h"

static const struct {
    const char *name, *icu; /* icu NULL: no conversion */
} encodings[] = {
    {"SQL_ASCII", NULL},
    {"EUC_JP", "EUC-JP"},
    {"EUC_CN", "GB2312"},
    {"EUC_KR", "EUC-KR"},
    {"EUC_TW", "EUC-TW"},
    {"EUC_JIS_2004", "EUC-JP"},
    {"UTF8", "UTF-8"},
    {"MULE_INTERNAL", NULL},
    {"LATIN1", "ISO-8859-1"},
    {"LATIN2", "ISO-8859-2"},
    {"LATIN3", "ISO-8859-3"},
    {"LATIN4", "ISO-8859-4"},
    {"LATIN5", "ISO-8859-9"},
    {"LATIN6", "ISO-8859-10"},
    {"LATIN7", "ISO-8859-13"},
    {"LATIN8", "ISO-8859-14"},
    {"LATIN9", "ISO-8859-15"},
    {"LATIN10", "ISO-8859-16"},
    {"WIN1256", "windows-1256"},
    {"WIN1258", "windows-1258"},
    {"WIN866", "IBM866"},
    {"WIN874", "windows-874"},
    {"KOI8R", "KOI8-R"},
    {"WIN1251", "windows-1251"},
    {"WIN1252", "windows-1252"},
    {"ISO_8859_5", "ISO-8859-5"},
    {"ISO_8859_6", "ISO-8859-6"},
    {"ISO_8859_7", "ISO-8859-7"},
    {"ISO_8859_8", "ISO-8859-8"},
    {"WIN1250", "windows-1250"},
    {"WIN1253", "windows-1253"},
    {"WIN1254", "windows-1254"},
    {"WIN1255", "windows-1255"},
    {"WIN1257", "windows-1257"},
    {"KOI8U", "KOI8-U"},
    {"SJIS", "windows-932"},
    {"BIG5", "Big5"},
    {"GBK", "GBK"},
    {"UHC", "windows-949"},
    {"GB18030", "GB18030"},
    {"JOHAB", "johab"},
    {"SHIFT_JIS_2004", "Shift_JIS"},
};

/* Other names, as they look without case and punctuation; sorted. */
static const struct alias {
    const char *name;
    int encoding;
} aliases[] = {
    {"abc", 19},         {"alt", 20},          {"big5", 36},        {"euccn", 2},
    {"eucjis2004", 5},   {"eucjp", 1},         {"euckr", 3},        {"euctw", 4},
    {"gb18030", 39},     {"gbk", 37},          {"iso88591", 8},     {"iso885910", 13},
    {"iso885913", 14},   {"iso885914", 15},    {"iso885915", 16},   {"iso885916", 17},
    {"iso88592", 9},     {"iso88593", 10},     {"iso88594", 11},    {"iso88595", 25},
    {"iso88596", 26},    {"iso88597", 27},     {"iso88598", 28},    {"iso88599", 12},
    {"johab", 40},       {"koi8", 22},         {"koi8r", 22},       {"koi8u", 34},
    {"latin1", 8},       {"latin10", 17},      {"latin2", 9},       {"latin3", 10},
    {"latin4", 11},      {"latin5", 12},       {"latin6", 13},      {"latin7", 14},
    {"latin8", 15},      {"latin9", 16},       {"mskanji", 35},     {"muleinternal", 7},
    {"shiftjis", 35},    {"shiftjis2004", 41}, {"sjis", 35},        {"sqlascii", 0},
    {"tcvn", 19},        {"tcvn5712", 19},     {"uhc", 38},         {"unicode", 6},
    {"utf8", 6},         {"vscii", 19},        {"win", 23},         {"win1250", 29},
    {"win1251", 23},     {"win1252", 24},      {"win1253", 30},     {"win1254", 31},
    {"win1255", 32},     {"win1256", 18},      {"win1257", 33},     {"win1258", 19},
    {"win866", 20},      {"win874", 21},       {"win932", 35},      {"win936", 37},
    {"win949", 38},      {"win950", 36},       {"windows1250", 29}, {"windows1251", 23},
    {"windows1252", 24}, {"windows1253", 30},  {"windows1254", 31}, {"windows1255", 32},
    {"windows1256", 18}, {"windows1257", 33},  {"windows1258", 19}, {"windows866", 20},
    {"windows874", 21},  {"windows932", 35},   {"windows936", 37},  {"windows949", 38},
    {"windows950", 36},
};

static int compare_alias(const void *key, const void *member)
{
    return strcmp(key, ((const struct alias *)member)->name);
}

int encoding_find(const char *name, size_t n)
{
    char plain[64];
    size_t length = 0;
    for (size_t k = 0; k < n; k++) {
        char ch = name[k] >= 'A' && name[k] <= 'Z' ? (char)(name[k] + 32) : name[k];
        if (!((ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9')))
            continue;
        if (length == sizeof(plain) - 1)
            return -1;
        plain[length++] = ch;
    }
    plain[length] = '\0';
    const struct alias *found =
        bsearch(plain, aliases, ARRAY_COUNT(aliases), sizeof(aliases[0]), compare_alias);
    return found ? found->encoding : -1;
}

const char *encoding_name(int encoding)
{
    return encoding >= 0 && (size_t)encoding < ARRAY_COUNT(encodings) ? encodings[encoding].name
                                                                      : "";
}

static const char *hex_bytes(struct arena *arena, const char *bytes, size_t n)
{
    struct buf text = BUF_IN(arena);
    for (size_t k = 0; k < n && k < 8; k++)
        buf_printf(&text, "%s0x%02x", k ? " " : "", (uint8_t)bytes[k]);
    return buf_cstr(&text);
}

static bool invalid(int encoding, const char *bytes, size_t n, struct err *err)
{
    return err_set(err, ERR_CHARACTER_NOT_IN_REPERTOIRE,
                   "invalid byte sequence for encoding \"%s\": %s", encoding_name(encoding),
                   hex_bytes(err->arena, bytes, n));
}

static bool untranslatable(int from, int to, const char *bytes, size_t n, struct err *err)
{
    return err_set(
        err, ERR_UNTRANSLATABLE_CHARACTER,
        "character with byte sequence %s in encoding \"%s\" has no equivalent in encoding \"%s\"",
        hex_bytes(err->arena, bytes, n), encoding_name(from), encoding_name(to));
}

static bool is_single_byte(int encoding)
{
    return (encoding >= 8 && encoding <= 34);
}

static bool is_windows(int encoding)
{
    return strncmp(encoding_name(encoding), "WIN1", 4) == 0 ||
           strcmp(encoding_name(encoding), "WIN874") == 0;
}

static UConverter *open_converter(int encoding, struct err *err)
{
    UErrorCode status = U_ZERO_ERROR;
    UConverter *converter = ucnv_open(encodings[encoding].icu, &status);
    ucnv_setToUCallBack(converter, UCNV_TO_U_CALLBACK_STOP, NULL, NULL, NULL, &status);
    ucnv_setFromUCallBack(converter, UCNV_FROM_U_CALLBACK_STOP, NULL, NULL, NULL, &status);
    if (U_SUCCESS(status))
        return converter;
    ucnv_close(converter);
    err_set(err, ERR_FEATURE_NOT_SUPPORTED, "conversion for encoding \"%s\" is not available",
            encoding_name(encoding));
    return NULL;
}

/* Decodes into UTF-16 in err's arena. */
static bool decode(int from, int to, const char *bytes, size_t n, UChar **units, size_t *n_units,
                   struct err *err)
{
    UErrorCode status = U_ZERO_ERROR;
    UChar *out = arena_try_alloc(err->arena, (n + 1) * 2 * sizeof(UChar));
    UConverter *converter = out ? open_converter(from, err) : NULL;
    if (!out)
        return err_set(err, ERR_OUT_OF_MEMORY, "out of memory");
    if (!converter)
        return false;
    const char *in = bytes;
    UChar *at = out;
    ucnv_toUnicode(converter, &at, out + (n + 1) * 2, &in, bytes + n, NULL, true, &status);
    char bad[16];
    int8_t n_bad = sizeof(bad);
    UErrorCode ignored = U_ZERO_ERROR;
    if (U_FAILURE(status))
        ucnv_getInvalidChars(converter, bad, &n_bad, &ignored);
    ucnv_close(converter);
    if (U_FAILURE(status))
        return is_single_byte(from) || status == U_INVALID_CHAR_FOUND
                   ? untranslatable(from, to, bad, (size_t)n_bad, err)
                   : invalid(from, bad, (size_t)n_bad, err);
    *units = out;
    *n_units = (size_t)(at - out);
    for (size_t k = 0; is_windows(from) && k < *n_units; k++)
        if (out[k] >= 0x80 && out[k] < 0xa0) /* ICU's stand-in for what the code page leaves free */
            return untranslatable(from, to, (const char[]){(char)out[k]}, 1, err);
    return true;
}

static bool no_equivalent(int from, int to, const UChar *bad, int8_t n_bad, struct err *err)
{
    char bytes[32];
    int32_t n_bytes = 0;
    UErrorCode status = U_ZERO_ERROR;
    u_strToUTF8(bytes, sizeof(bytes), &n_bytes, bad, n_bad, &status);
    if (from == ENCODING_UTF8 || U_FAILURE(status))
        return untranslatable(from, to, bytes, (size_t)n_bytes, err);
    UConverter *converter = open_converter(from, err);
    if (!converter)
        return false;
    n_bytes = ucnv_fromUChars(converter, bytes, sizeof(bytes), bad, n_bad, &status);
    ucnv_close(converter);
    return untranslatable(from, to, bytes, (size_t)n_bytes, err);
}

static bool encode(int from, int to, const UChar *units, size_t n_units, struct buf *out,
                   struct err *err)
{
    UErrorCode status = U_ZERO_ERROR;
    UConverter *converter = open_converter(to, err);
    if (!converter)
        return false;
    const UChar *in = units, *end = units + n_units;
    do {
        status = U_ZERO_ERROR;
        buf_reserve(out, (size_t)(end - in) * 4 + 16);
        char *at = out->p + out->n;
        ucnv_fromUnicode(converter, &at, out->p + out->cap, &in, end, NULL, true, &status);
        out->n = (size_t)(at - out->p);
    } while (status == U_BUFFER_OVERFLOW_ERROR);
    UChar bad[16];
    int8_t n_bad = ARRAY_COUNT(bad);
    UErrorCode ignored = U_ZERO_ERROR;
    if (U_FAILURE(status))
        ucnv_getInvalidUChars(converter, bad, &n_bad, &ignored);
    ucnv_close(converter);
    return U_SUCCESS(status) || no_equivalent(from, to, bad, n_bad, err);
}

bool encoding_check(int encoding, const char *bytes, size_t n, struct err *err)
{
    if (encoding == ENCODING_UTF8)
        return utf8_check(bytes, n, err);
    const char *zero = memchr(bytes, 0, n);
    if (zero)
        return invalid(encoding, zero, 1, err);
    if (encoding == ENCODING_SQL_ASCII || is_single_byte(encoding) || !encodings[encoding].icu)
        return true;
    UChar *units;
    size_t n_units;
    return decode(encoding, ENCODING_UTF8, bytes, n, &units, &n_units, err);
}

/* Besides X to UTF8 and back PostgreSQL has these, each in both directions. */
static bool has_conversion(int from, int to)
{
    static const uint8_t pairs[][2] = {
        {36, 4},  {5, 41},  {1, 35},  {9, 29},  {25, 22},
        {25, 23}, {25, 20}, {22, 23}, {22, 20}, {23, 20},
    };
    if (!encodings[from].icu || !encodings[to].icu)
        return false;
    if (from == ENCODING_UTF8 || to == ENCODING_UTF8)
        return true;
    for (size_t k = 0; k < ARRAY_COUNT(pairs); k++)
        if ((from == pairs[k][0] && to == pairs[k][1]) ||
            (from == pairs[k][1] && to == pairs[k][0]))
            return true;
    return false;
}

bool encoding_convert(int from, int to, const char *bytes, size_t n, struct buf *out,
                      struct err *err)
{
    if (!encoding_check(from, bytes, n, err))
        return false;
    if (n == 0 || from == to || from == ENCODING_SQL_ASCII || to == ENCODING_SQL_ASCII) {
        if (to != from && to != ENCODING_SQL_ASCII && !encoding_check(to, bytes, n, err))
            return false;
        buf_append(out, bytes, n);
        return true;
    }
    if (!has_conversion(from, to))
        return err_set(err, ERR_UNDEFINED_FUNCTION,
                       "default conversion function for encoding \"%s\" to \"%s\" does not exist",
                       encoding_name(from), encoding_name(to));
    UChar *units;
    size_t n_units;
    return decode(from, to, bytes, n, &units, &n_units, err) &&
           encode(from, to, units, n_units, out, err);
}
