/* tsearch_tokens.c - the default text search parser.
 *
 * At each place the most telling kind of token that fits is taken: at a letter a host, an e-mail
 * address, a URL or a file path before a plain word; at a digit a version or a number before a
 * word with digits.  Each matcher below returns where its token ends, or NULL.  A run of other
 * characters is one blank token; it ends before anything that may start a token. */
#include <string.h>
#include <unicode/uchar.h>

#include "func/tsearch.h"
#include "func/utf8.h"

static bool is_letter(const char *p, const char *end)
{
    return p < end && ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z'));
}
static bool is_digit(const char *p, const char *end)
{
    return p < end && *p >= '0' && *p <= '9';
}
static bool is_letter_or_digit(const char *p, const char *end)
{
    return is_letter(p, end) || is_digit(p, end);
}
static bool at(const char *p, const char *end, char c)
{
    return p < end && *p == c;
}

/* A letter of any script; combining marks count as part of a word. */
static bool is_alpha(const char *p, const char *end)
{
    size_t bytes;
    if (p >= end || (uint8_t)*p < 0x80)
        return is_letter(p, end);
    uint32_t code = utf8_decode(p, &bytes);
    return uc_is(UC_ALPHA, code) || (U_GET_GC_MASK(code) & U_GC_M_MASK);
}
static bool is_alnum(const char *p, const char *end)
{
    size_t bytes;
    return is_digit(p, end) || is_alpha(p, end) ||
           (p < end && (uint8_t)*p >= 0x80 && uc_is(UC_ALNUM, utf8_decode(p, &bytes)));
}
static const char *next_char(const char *p)
{
    return p + utf8_char_bytes((uint8_t)*p);
}

static const char *skip_letters(const char *p, const char *end)
{
    while (is_letter(p, end))
        p++;
    return p;
}
static const char *skip_digits(const char *p, const char *end)
{
    while (is_digit(p, end))
        p++;
    return p;
}
static const char *skip_alnum(const char *p, const char *end)
{
    while (is_alnum(p, end))
        p = next_char(p);
    return p;
}

/* ---- hosts, addresses, URLs ---- */

/* A host from `p` on: labels of letters, digits, - and _, the last one of two letters or more; a
 * port may follow. */
static const char *match_host(const char *p, const char *end)
{
    const char *found = NULL, *label = p;
    if (!is_letter_or_digit(p, end))
        return NULL;
    for (bool first = true;; first = false) {
        const char *q = label;
        while (is_letter_or_digit(q, end) || ((at(q, end, '-') || at(q, end, '_')) && q > label &&
                                              is_letter_or_digit(q + 1, end)))
            q++;
        if (q == label)
            break;
        if (!first) {
            const char *letters = skip_letters(label, end);
            if (letters - label >= 2)
                found = letters == q || !is_digit(letters, end) ? letters : found;
        }
        if (!at(q, end, '.'))
            break;
        label = q + 1;
    }
    if (found && at(found, end, ':') && is_digit(found + 1, end))
        found = skip_digits(found + 1, end);
    return found;
}

/* local@host; `p` is at the start of the local part. */
static const char *match_email(const char *p, const char *end)
{
    const char *q = p;
    while (is_letter_or_digit(q, end) || ((at(q, end, '.') || at(q, end, '-') || at(q, end, '_')) &&
                                          q > p && is_letter_or_digit(q + 1, end)))
        q++;
    return q > p && at(q, end, '@') ? match_host(q + 1, end) : NULL;
}

static bool is_url_char(const char *p, const char *end)
{
    return p<end && * p> ' ' && *p < 0x7f && !strchr("\"<>\\^`{|}", *p);
}

static const char *match_url_path(const char *p, const char *end)
{
    const char *q = p;
    if (!at(p, end, '/') && !(at(p, end, '?')))
        return NULL;
    while (is_url_char(q, end))
        q++;
    return q - p > 1 ? q : NULL;
}

/* ---- files ---- */

static bool is_file_start(const char *p, const char *end)
{
    return is_letter_or_digit(p, end) || at(p, end, '_');
}

/* The rest of a path; `p` is after its first character. */
static const char *match_file_rest(const char *p, const char *end)
{
    while (p < end) {
        if (is_letter_or_digit(p, end) || at(p, end, '_') || at(p, end, '-'))
            p++;
        else if ((at(p, end, '.') || at(p, end, '/')) && is_file_start(p + 1, end))
            p += 2;
        else
            break;
    }
    return p;
}

/* /a/b ./a ../a ~/a ~a */
static const char *match_path(const char *p, const char *end)
{
    const char *q = p;
    if (at(q, end, '~'))
        q++;
    else if (at(q, end, '.'))
        q += at(q + 1, end, '.') ? 2 : 1;
    if (at(q, end, '/') && is_file_start(q + 1, end))
        return match_file_rest(q + 2, end);
    return *p == '~' && is_file_start(q, end) ? match_file_rest(q + 1, end) : NULL;
}

/* A word that a dot or a slash makes a path: a.b, a/b.  `p` is at its start, `q` at that mark. */
static const char *match_file(const char *q, const char *end)
{
    return (at(q, end, '.') || at(q, end, '/')) && is_file_start(q + 1, end)
               ? match_file_rest(q + 2, end)
               : NULL;
}

/* ---- tags and entities ---- */

static const char *match_tag(const char *p, const char *end)
{
    if ((size_t)(end - p) >= 7 && memcmp(p, "<!--", 4) == 0) {
        const char *close = memmem(p + 4, (size_t)(end - p - 4), "-->", 3);
        return close ? close + 3 : NULL;
    }
    const char *q = p + 1;
    if (at(q, end, '/') || at(q, end, '!') || at(q, end, '?'))
        q++;
    if (!is_letter(q, end) && !at(q, end, '_') && !at(q, end, ':'))
        return NULL;
    for (char quote = 0; q < end; q++) {
        if (quote) {
            quote = *q == quote ? 0 : quote;
        } else if (*q == '>') {
            return q + 1;
        } else if (*q == '<') {
            return NULL;
        } else if (*q == '"' || *q == '\'') {
            quote = *q;
        }
    }
    return NULL;
}

static const char *match_entity(const char *p, const char *end)
{
    const char *q = p + 1;
    if (at(q, end, '#')) {
        bool hex = at(q + 1, end, 'x') || at(q + 1, end, 'X');
        q += hex ? 2 : 1;
        const char *start = q;
        while (is_digit(q, end) || (hex && q < end && ((*q | 32) >= 'a' && (*q | 32) <= 'f')))
            q++;
        return q > start && at(q, end, ';') ? q + 1 : NULL;
    }
    if (!is_letter(q, end) && !at(q, end, ':') && !at(q, end, '_'))
        return NULL;
    while (is_letter_or_digit(q, end) || at(q, end, ':') || at(q, end, '_') || at(q, end, '.') ||
           at(q, end, '-'))
        q++;
    return at(q, end, ';') ? q + 1 : NULL;
}

/* ---- numbers ---- */

static const char *match_exponent(const char *p, const char *end)
{
    if (!at(p, end, 'e') && !at(p, end, 'E'))
        return NULL;
    const char *q = p + 1;
    if (at(q, end, '+') || at(q, end, '-'))
        q++;
    return is_digit(q, end) ? skip_digits(q, end) : NULL;
}

/* The number at `p`, which may have a sign. */
static const char *match_number(const char *p, const char *end, enum ts_token_type *type)
{
    bool is_signed = *p == '-' || *p == '+';
    const char *q = p + is_signed, *exponent;
    if (!is_digit(q, end))
        return NULL;
    q = skip_digits(q, end);
    *type = is_signed ? TS_INT : TS_UINT;
    if (at(q, end, '.') && is_digit(q + 1, end)) {
        q = skip_digits(q + 1, end);
        *type = TS_FLOAT;
        while (!is_signed && at(q, end, '.') && is_digit(q + 1, end)) {
            q = skip_digits(q + 1, end);
            *type = TS_VERSION;
        }
    }
    if (*type != TS_VERSION && (exponent = match_exponent(q, end))) {
        q = exponent;
        *type = TS_SFLOAT;
    }
    return q;
}

/* ---- words ---- */

static enum ts_token_type word_type(const char *p, const char *end, bool part)
{
    bool ascii = true;
    for (; p < end; p = next_char(p)) {
        if (!is_alpha(p, end) && is_alnum(p, end))
            return part ? TS_HWORD_NUMPART : TS_NUMWORD;
        ascii &= (uint8_t)*p < 0x80;
    }
    return ascii ? (part ? TS_HWORD_ASCIIPART : TS_ASCIIWORD) : part ? TS_HWORD_PART : TS_WORD;
}

/* word-word...: each piece after a hyphen needs a letter, and the last character decides
 * nothing. */
static const char *match_hyphenated(const char *p, const char *end, enum ts_token_type *type)
{
    const char *q = skip_alnum(p, end), *found = NULL;
    while (at(q, end, '-') && is_alnum(q + 1, end)) {
        const char *piece = q + 1, *piece_end = skip_alnum(piece, end);
        bool only_digits = skip_digits(piece, end) == piece_end;
        if (only_digits)
            break;
        found = q = piece_end;
    }
    if (!found)
        return NULL;
    bool number = false, ascii = true;
    for (const char *s = p; s < found; s = next_char(s)) {
        number |= *s != '-' && !is_alpha(s, end);
        ascii &= (uint8_t)*s < 0x80;
    }
    *type = number ? TS_NUMHWORD : ascii ? TS_ASCIIHWORD : TS_HWORD;
    return found;
}

static bool take(struct ts_tokens *t, struct ts_token *token, enum ts_token_type type,
                 const char *end)
{
    *token = (struct ts_token){type, t->p, (size_t)(end - t->p)};
    t->p = end;
    return true;
}

/* A host, or a URL with its host and path after it. */
static bool take_host(struct ts_tokens *t, struct ts_token *token, const char *host_end)
{
    const char *path_end = match_url_path(host_end, t->end);
    if (!path_end)
        return take(t, token, TS_HOST, host_end);
    t->queue[1] = (struct ts_token){TS_HOST, t->p, (size_t)(host_end - t->p)};
    t->queue[0] = (struct ts_token){TS_URL_PATH, host_end, (size_t)(path_end - host_end)};
    t->n_queue = 2;
    return take(t, token, TS_URL, path_end);
}

/* A word of letters and digits, or what a mark after it makes of it. */
static bool take_word(struct ts_tokens *t, struct ts_token *token)
{
    enum ts_token_type type;
    const char *p = t->p, *end = t->end, *found;
    const char *ascii = p;
    while (is_letter_or_digit(ascii, end))
        ascii++;
    bool plain = ascii > p && !is_alnum(ascii, end);
    if (plain && (found = match_email(p, end)))
        return take(t, token, TS_EMAIL, found);
    if (plain && (found = match_host(p, end)))
        return take_host(t, token, found);
    const char *word_end = skip_alnum(p, end);
    if (plain && (found = match_file(ascii, end)))
        return take(t, token, TS_FILE, found);
    if (skip_letters(p, end) == word_end && (size_t)(end - word_end) >= 3 &&
        memcmp(word_end, "://", 3) == 0)
        return take(t, token, TS_PROTOCOL, word_end + 3);
    if ((found = match_hyphenated(p, end, &type))) {
        *token = (struct ts_token){type, p, (size_t)(found - p)};
        t->part_end = found;
        return true;
    }
    return take(t, token, word_type(p, word_end, false), word_end);
}

static bool take_number(struct ts_tokens *t, struct ts_token *token)
{
    enum ts_token_type type = TS_UINT;
    const char *found, *digits_end = skip_digits(t->p, t->end),
                       *number_end = match_number(t->p, t->end, &type);
    if ((found = match_email(t->p, t->end)))
        return take(t, token, TS_EMAIL, found);
    if ((found = match_host(t->p, t->end)))
        return take_host(t, token, found);
    if (type == TS_UINT && is_alnum(digits_end, t->end))
        return take_word(t, token);
    if (type == TS_UINT && at(digits_end, t->end, '/') && (found = match_file(digits_end, t->end)))
        return take(t, token, TS_FILE, found);
    return take(t, token, type, number_end);
}

static bool starts_token(const char *p, const char *end)
{
    return is_alnum(p, end) || strchr("<-+&/", *p) != NULL;
}

static bool take_blank(struct ts_tokens *t, struct ts_token *token)
{
    const char *q = next_char(t->p);
    while (q < t->end && !(*q && starts_token(q, t->end)))
        q = next_char(q);
    return take(t, token, TS_BLANK, q);
}

/* One more part of a hyphenated word, or the hyphen before it. */
static bool take_part(struct ts_tokens *t, struct ts_token *token)
{
    const char *q = *t->p == '-' ? t->p + 1 : skip_alnum(t->p, t->part_end);
    enum ts_token_type type = *t->p == '-' ? TS_BLANK : word_type(t->p, q, true);
    take(t, token, type, q);
    if (t->p >= t->part_end)
        t->part_end = NULL;
    return true;
}

void ts_tokens_open(struct ts_tokens *tokens, const char *text, size_t n)
{
    *tokens = (struct ts_tokens){.p = text, .end = text + n};
}

bool ts_tokens_next(struct ts_tokens *t, struct ts_token *token)
{
    enum ts_token_type type;
    const char *found;
    if (t->n_queue) {
        *token = t->queue[--t->n_queue];
        return true;
    }
    if (t->part_end)
        return take_part(t, token);
    if (t->p >= t->end)
        return false;
    switch (*t->p) {
    case '<':
        found = match_tag(t->p, t->end);
        return found ? take(t, token, TS_TAG, found) : take_blank(t, token);
    case '&':
        found = match_entity(t->p, t->end);
        return found ? take(t, token, TS_ENTITY, found) : take_blank(t, token);
    case '-':
    case '+':
        found = match_number(t->p, t->end, &type);
        return found ? take(t, token, type, found) : take_blank(t, token);
    case '/':
    case '.':
    case '~':
        found = match_path(t->p, t->end);
        return found ? take(t, token, TS_FILE, found) : take_blank(t, token);
    default:
        break;
    }
    if (is_digit(t->p, t->end))
        return take_number(t, token);
    return is_alnum(t->p, t->end) ? take_word(t, token) : take_blank(t, token);
}

static const struct {
    const char *alias, *description;
} types[] = {
    {NULL, NULL},
    {"asciiword", "Word, all ASCII"},
    {"word", "Word, all letters"},
    {"numword", "Word, letters and digits"},
    {"email", "Email address"},
    {"url", "URL"},
    {"host", "Host"},
    {"sfloat", "Scientific notation"},
    {"version", "Version number"},
    {"hword_numpart", "Hyphenated word part, letters and digits"},
    {"hword_part", "Hyphenated word part, all letters"},
    {"hword_asciipart", "Hyphenated word part, all ASCII"},
    {"blank", "Space symbols"},
    {"tag", "XML tag"},
    {"protocol", "Protocol head"},
    {"numhword", "Hyphenated word, letters and digits"},
    {"asciihword", "Hyphenated word, all ASCII"},
    {"hword", "Hyphenated word, all letters"},
    {"url_path", "URL path"},
    {"file", "File or path name"},
    {"float", "Decimal notation"},
    {"int", "Signed integer"},
    {"uint", "Unsigned integer"},
    {"entity", "XML entity"},
};

const char *ts_token_alias(int type)
{
    return type >= TS_ASCIIWORD && type <= TS_ENTITY ? types[type].alias : NULL;
}
const char *ts_token_description(int type)
{
    return type >= TS_ASCIIWORD && type <= TS_ENTITY ? types[type].description : NULL;
}
