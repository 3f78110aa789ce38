/* utf8.c - case and class of characters, by the C library's C.UTF-8 locale.
 *
 * Where the system lacks that locale, ICU's simple mappings serve: they map case the same, and
 * differ in the class of some combining marks. */
#include "func/utf8.h"

#include <locale.h>
#include <pthread.h>
#include <unicode/uchar.h>
#include <wctype.h>

static locale_t c_utf8; /* 0: not there */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void open_locale(void)
{
    c_utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
}

static bool have_locale(void)
{
    pthread_once(&once, open_locale);
    return c_utf8 != (locale_t)0;
}

uint32_t uc_lower(uint32_t code)
{
    if (code < 0x80)
        return code >= 'A' && code <= 'Z' ? code + 32 : code;
    return have_locale() ? towlower_l(code, c_utf8) : (uint32_t)u_tolower((UChar32)code);
}

uint32_t uc_upper(uint32_t code)
{
    if (code < 0x80)
        return code >= 'a' && code <= 'z' ? code - 32 : code;
    return have_locale() ? towupper_l(code, c_utf8) : (uint32_t)u_toupper((UChar32)code);
}

static bool locale_is(enum uc_class which, wint_t c)
{
    switch (which) {
    case UC_ALPHA:
        return iswalpha_l(c, c_utf8) != 0;
    case UC_DIGIT:
        return iswdigit_l(c, c_utf8) != 0;
    case UC_ALNUM:
        return iswalnum_l(c, c_utf8) != 0;
    case UC_UPPER:
        return iswupper_l(c, c_utf8) != 0;
    case UC_LOWER:
        return iswlower_l(c, c_utf8) != 0;
    case UC_GRAPH:
        return iswgraph_l(c, c_utf8) != 0;
    case UC_PRINT:
        return iswprint_l(c, c_utf8) != 0;
    case UC_PUNCT:
        return iswpunct_l(c, c_utf8) != 0;
    case UC_SPACE:
        return iswspace_l(c, c_utf8) != 0;
    case UC_N_CLASSES:
        break;
    }
    return false;
}

static bool icu_is(enum uc_class which, UChar32 c)
{
    switch (which) {
    case UC_ALPHA:
        return u_isalpha(c);
    case UC_DIGIT:
        return c < 0x80 && u_isdigit(c);
    case UC_ALNUM:
        return u_isalnum(c);
    case UC_UPPER:
        return u_isupper(c);
    case UC_LOWER:
        return u_islower(c);
    case UC_GRAPH:
        return u_isgraph(c);
    case UC_PRINT:
        return u_isprint(c);
    case UC_PUNCT:
        return u_isgraph(c) && !u_isalnum(c);
    case UC_SPACE:
        return u_isspace(c);
    case UC_N_CLASSES:
        break;
    }
    return false;
}

bool uc_is(enum uc_class which, uint32_t code)
{
    return have_locale() ? locale_is(which, code) : icu_is(which, (UChar32)code);
}

static void map_text(struct buf *out, const char *text, size_t n, uint32_t (*map)(uint32_t))
{
    buf_reserve(out, n);
    for (size_t at = 0, bytes; at < n; at += bytes)
        buf_put_utf8(out, map(utf8_decode(text + at, &bytes)));
}

void text_lower(struct buf *out, const char *text, size_t n)
{
    map_text(out, text, n, uc_lower);
}

void text_upper(struct buf *out, const char *text, size_t n)
{
    map_text(out, text, n, uc_upper);
}
