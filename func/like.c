/* like.c - LIKE, ILIKE and their escapes, and SIMILAR TO's translation to a regular expression.
 *
 * A pattern is cut at its % into segments of literal bytes and _; the first segment is anchored
 * at the start of the text, the last at its end, and those between match at the leftmost place
 * that is left.  That finds a match if there is one, in time n * m at most.  The compiled form
 * stays at the call site as long as the pattern does not change.
 *
 * A pattern that ends in a lone escape character is an error only when matching gets that far,
 * so it goes another way: a matcher that walks as PostgreSQL's does.  ILIKE matches the
 * lower-case forms of both sides. */
#include <string.h>

#include "base/fiber.h"
#include "func/call.h"
#include "func/utf8.h"

struct unit { /* a byte of a segment */
    char byte;
    bool any; /* _: any one character */
};

struct segment {
    const struct unit *units;
    const char *bytes; /* when there is no _ among them */
    size_t n;
    bool plain;
};

struct like {
    const char *pattern; /* as given, to see whether it is still the same */
    size_t n_pattern;
    bool lone_escape; /* the slow way */
    bool by_bytes;    /* bytea: _ is one byte */
    struct segment *segments;
    size_t n_segments; /* one more than there are % (runs of % count once) */
};

/* Long searches let others run; an interrupt ends them. */
struct patience {
    struct err *err;
    uint32_t steps;
    bool failed;
};
#define STEPS_PER_BREATH (1u << 20)

static bool keep_on(struct patience *patience, size_t steps)
{
    patience->steps += (uint32_t)steps;
    if (LIKELY(patience->steps < STEPS_PER_BREATH))
        return true;
    patience->steps = 0;
    if (!fiber_breathe() && !fiber_check_interrupt(patience->err))
        patience->failed = true;
    return !patience->failed;
}

static void close_segment(struct arena *arena, struct like *like, const struct unit *units,
                          size_t n)
{
    struct segment *s = &like->segments[like->n_segments++];
    *s = (struct segment){.units = units, .n = n, .plain = true};
    char *bytes = arena_alloc(arena, n + 1);
    for (size_t k = 0; k < n; k++) {
        s->plain &= !units[k].any;
        bytes[k] = units[k].byte;
    }
    s->bytes = bytes;
}

static void compile(struct arena *arena, struct like *like, const char *p, size_t n)
{
    struct unit *units = ARENA_ARRAY(arena, struct unit, n + 1), *first = units, *at = units;
    size_t n_percent = 0;
    for (size_t k = 0; k < n; k++)
        n_percent += p[k] == '%';
    like->segments = ARENA_ARRAY(arena, struct segment, n_percent + 1);
    for (size_t k = 0; k < n; k++) {
        if (p[k] == '%') {
            if (like->n_segments == 0 || at > first) /* %% is one */
                close_segment(arena, like, first, (size_t)(at - first));
            first = at;
        } else if (p[k] == '\\') {
            if (++k == n) {
                like->lone_escape = true;
                return;
            }
            *at++ = (struct unit){.byte = p[k]};
        } else {
            *at++ = (struct unit){.byte = p[k], .any = p[k] == '_'};
        }
    }
    close_segment(arena, like, first, (size_t)(at - first));
}

/* Bytes of the text that the segment takes at its start, or -1. */
static int64_t segment_here(const struct like *like, const struct segment *s, const char *text,
                            size_t n)
{
    size_t at = 0;
    for (size_t k = 0; k < s->n; k++) {
        if (at >= n)
            return -1;
        if (s->units[k].any)
            at += like->by_bytes ? 1 : utf8_char_bytes((uint8_t)text[at]);
        else if (text[at++] != s->units[k].byte)
            return -1;
    }
    return (int64_t)at;
}

static bool segment_find(const struct like *like, const struct segment *s, const char **text,
                         const char *end, struct patience *patience)
{
    if (s->plain) {
        const char *found = memmem(*text, (size_t)(end - *text), s->bytes, s->n);
        if (found)
            *text = found + s->n;
        return found != NULL;
    }
    for (const char *p = *text; p < end && keep_on(patience, s->n);
         p += like->by_bytes ? 1 : utf8_char_bytes((uint8_t)*p)) {
        int64_t bytes = segment_here(like, s, p, (size_t)(end - p));
        if (bytes >= 0) {
            *text = p + bytes;
            return true;
        }
    }
    return false;
}

/* Does the segment end the text? */
static bool segment_last(const struct like *like, const struct segment *s, const char *text,
                         const char *end)
{
    if (s->plain)
        return (size_t)(end - text) >= s->n && memcmp(end - s->n, s->bytes, s->n) == 0;
    const char *p = end; /* the start is as many characters back as the segment has */
    for (size_t k = 0; k < s->n; k++) {
        if (!like->by_bytes && !s->units[k].any && ((uint8_t)s->units[k].byte & 0xc0) == 0x80)
            continue;
        if (p <= text)
            return false;
        p = like->by_bytes ? p - 1 : utf8_back(p);
    }
    return p >= text && segment_here(like, s, p, (size_t)(end - p)) == end - p;
}

static bool match(const struct like *like, const char *text, size_t n, struct patience *patience)
{
    const char *end = text + n;
    const struct segment *s = like->segments;
    if (like->n_segments == 1)
        return s->plain ? n == s->n && memcmp(text, s->bytes, n) == 0
                        : segment_here(like, s, text, n) == (int64_t)n;
    int64_t bytes = segment_here(like, s, text, n);
    if (bytes < 0)
        return false;
    text += bytes;
    size_t last = like->n_segments - 1;
    for (size_t k = 1; k < last; k++)
        if (!segment_find(like, &s[k], &text, end, patience))
            return false;
    return segment_last(like, &s[last], text, end);
}

/* ---- the slow way, for patterns that end in a lone escape ---- */

enum verdict { NO_MATCH, MATCH, GIVE_UP, FAILED }; /* GIVE_UP: no later start can match either */

struct walk {
    struct err *err;
    bool by_bytes;
};

static enum verdict lone_escape(const struct walk *w)
{
    err_set(w->err, ERR_INVALID_ESCAPE_SEQUENCE, "LIKE pattern must not end with escape character");
    return FAILED;
}

static size_t char_bytes(const struct walk *w, const char *text)
{
    return w->by_bytes ? 1 : utf8_char_bytes((uint8_t)*text);
}

static enum verdict walk_pattern(const struct walk *w, const char *text, const char *end,
                                 const char *p, const char *p_end);

static enum verdict walk_percent(const struct walk *w, const char *text, const char *end,
                                 const char *p, const char *p_end)
{
    for (; p < p_end && (*p == '%' || *p == '_'); p++) {
        if (*p == '%')
            continue;
        if (text >= end)
            return GIVE_UP;
        text += char_bytes(w, text);
    }
    if (p == p_end)
        return MATCH;
    if (*p == '\\' && p + 1 == p_end)
        return lone_escape(w);
    char first = *p == '\\' ? p[1] : *p;
    for (; text < end; text += char_bytes(w, text)) {
        enum verdict verdict = *text == first ? walk_pattern(w, text, end, p, p_end) : NO_MATCH;
        if (verdict != NO_MATCH)
            return verdict;
    }
    return GIVE_UP;
}

static enum verdict walk_pattern(const struct walk *w, const char *text, const char *end,
                                 const char *p, const char *p_end)
{
    if (!stack_check(w->err))
        return FAILED;
    while (text < end && p < p_end) {
        if (*p == '%')
            return walk_percent(w, text, end, p + 1, p_end);
        if (*p == '_') {
            text += char_bytes(w, text);
            p++;
            continue;
        }
        if (*p == '\\' && ++p == p_end)
            return lone_escape(w);
        if (*p++ != *text++)
            return NO_MATCH;
    }
    if (text < end)
        return NO_MATCH;
    while (p < p_end && *p == '%')
        p++;
    return p == p_end ? MATCH : GIVE_UP;
}

/* ---- the functions ---- */

static const struct like *like_of(struct fcall *c, bool by_bytes, bool ignore_case)
{
    struct like *like = *c->site;
    if (like && like->n_pattern == ARG_N(c, 1) &&
        memcmp(like->pattern, ARG_P(c, 1), like->n_pattern) == 0)
        return like;
    /* A pattern that changes from row to row would fill the site's arena: such ones live for one
     * row. */
    struct arena *arena = like ? c->arena : c->site_arena;
    like = ARENA_NEW(arena, struct like);
    like->pattern = arena_memdup(arena, ARG_P(c, 1), ARG_N(c, 1));
    like->n_pattern = ARG_N(c, 1);
    like->by_bytes = by_bytes;
    struct buf lower = BUF_IN(arena);
    if (ignore_case) {
        text_lower(&lower, like->pattern, like->n_pattern);
        compile(arena, like, lower.p, lower.n);
    } else {
        compile(arena, like, like->pattern, like->n_pattern);
    }
    if (!*c->site)
        *c->site = like;
    return like;
}

static bool run(struct fcall *c, bool by_bytes, bool ignore_case, bool negate)
{
    const struct like *like = like_of(c, by_bytes, ignore_case);
    const char *text = ARG_P(c, 0);
    size_t n = ARG_N(c, 0);
    struct buf lower = BUF_IN(c->arena), pattern = BUF_IN(c->arena);
    if (ignore_case) {
        text_lower(&lower, text, n);
        text = lower.p ? lower.p : "";
        n = lower.n;
    }
    if (LIKELY(!like->lone_escape)) {
        struct patience patience = {.err = c->err};
        bool matches = match(like, text, n, &patience);
        return !patience.failed && return_bool(c, matches != negate);
    }
    const char *p = like->pattern;
    size_t n_pattern = like->n_pattern;
    if (ignore_case) {
        text_lower(&pattern, p, n_pattern);
        p = pattern.p;
        n_pattern = pattern.n;
    }
    struct walk w = {c->err, by_bytes};
    enum verdict verdict = walk_pattern(&w, text, text + n, p, p + n_pattern);
    return verdict != FAILED && return_bool(c, (verdict == MATCH) != negate);
}

static bool text_like(struct fcall *c)
{
    return run(c, false, false, false);
}
static bool text_not_like(struct fcall *c)
{
    return run(c, false, false, true);
}
static bool text_ilike(struct fcall *c)
{
    return run(c, false, true, false);
}
static bool text_not_ilike(struct fcall *c)
{
    return run(c, false, true, true);
}
static bool bytea_like(struct fcall *c)
{
    return run(c, true, false, false);
}
static bool bytea_not_like(struct fcall *c)
{
    return run(c, true, false, true);
}

/* ---- escapes ---- */

static bool bad_escape(struct fcall *c)
{
    err_set(c->err, ERR_INVALID_ESCAPE_SEQUENCE, "invalid escape string");
    return err_hint(c->err, "Escape string must be empty or one character.");
}

/* LIKE ... ESCAPE e: the pattern with backslash as its escape. */
static bool escape_like(struct fcall *c, bool by_bytes)
{
    const char *p = ARG_P(c, 0), *end = p + ARG_N(c, 0), *escape = ARG_P(c, 1);
    size_t n_escape = ARG_N(c, 1);
    struct buf out = BUF_IN(c->arena);
    if (n_escape && (by_bytes ? 1 : utf8_char_bytes((uint8_t)*escape)) != n_escape)
        return bad_escape(c);
    if (n_escape == 1 && *escape == '\\') {
        c->result = c->args[0];
        return true;
    }
    bool after_escape = false;
    while (p < end) {
        size_t bytes = by_bytes ? 1 : utf8_char_bytes((uint8_t)*p);
        if (n_escape == bytes && memcmp(p, escape, bytes) == 0 && !after_escape) {
            buf_putc(&out, '\\');
            after_escape = true;
        } else {
            if (*p == '\\' && !after_escape)
                buf_putc(&out, '\\');
            buf_append(&out, p, bytes);
            after_escape = false;
        }
        p += bytes;
    }
    return return_bytes(c, out.p, out.n);
}
static bool like_escape(struct fcall *c)
{
    return escape_like(c, false);
}
static bool like_escape_bytea(struct fcall *c)
{
    return escape_like(c, true);
}

/* The state of a SIMILAR TO pattern's translation. */
struct similar {
    struct buf out;
    int brackets;      /* how deep in [...] */
    int bracket_chars; /* 1: just after [, 2: after [^, 3: inside */
    int n_separators;  /* escape-double-quotes seen */
};

static void similar_in_brackets(struct similar *s, char ch)
{
    if (ch == '\\')
        buf_putc(&s->out, '\\');
    buf_putc(&s->out, ch);
    if (ch == ']' && s->bracket_chars > 2) {
        s->brackets--;
    } else if (ch == '[') {
        s->brackets++;
        s->bracket_chars = 3;
    } else if (ch == '^') {
        s->bracket_chars++;
    } else {
        s->bracket_chars = 3;
    }
}

static void similar_char(struct similar *s, char ch)
{
    if (s->brackets > 0) {
        similar_in_brackets(s, ch);
        return;
    }
    switch (ch) {
    case '[':
        s->brackets = 1;
        s->bracket_chars = 1;
        buf_putc(&s->out, ch);
        break;
    case '%':
        buf_puts(&s->out, ".*");
        break;
    case '_':
        buf_putc(&s->out, '.');
        break;
    case '(': /* no captures */
        buf_puts(&s->out, "(?:");
        break;
    case '\\':
    case '.':
    case '^':
    case '$':
        buf_putc(&s->out, '\\');
        buf_putc(&s->out, ch);
        break;
    default:
        buf_putc(&s->out, ch);
    }
}

/* What follows the escape character. */
static bool similar_escaped(struct fcall *c, struct similar *s, const char *p, size_t bytes)
{
    if (*p == '"' && s->brackets < 1) {
        if (s->n_separators == 2)
            return err_set(c->err, ERR_INVALID_USE_OF_ESCAPE_CHARACTER,
                           "SQL regular expression may not contain more than two "
                           "escape-double-quote separators");
        /* substring(x SIMILAR a #" b #" c): a as short as possible, then b as long as possible */
        buf_puts(&s->out, s->n_separators++ ? "){1,1}(?:" : "){1,1}?(");
        return true;
    }
    buf_putc(&s->out, '\\');
    buf_append(&s->out, p, bytes);
    s->bracket_chars = 3;
    return true;
}

static bool translate_similar(struct fcall *c, const char *escape, size_t n_escape)
{
    const char *p = ARG_P(c, 0), *end = p + ARG_N(c, 0);
    struct similar s = {.out = BUF_IN(c->arena)};
    if (n_escape && utf8_char_bytes((uint8_t)*escape) != n_escape)
        return bad_escape(c);
    buf_puts(&s.out, "^(?:");
    bool after_escape = false;
    for (size_t bytes; p < end; p += bytes) {
        bytes = utf8_char_bytes((uint8_t)*p);
        if (after_escape) {
            if (!similar_escaped(c, &s, p, bytes))
                return false;
            after_escape = false;
        } else if (n_escape == bytes && memcmp(p, escape, bytes) == 0) {
            after_escape = true;
        } else if (bytes > 1) {
            buf_append(&s.out, p, bytes);
            s.bracket_chars = 3;
        } else {
            similar_char(&s, *p);
        }
    }
    buf_puts(&s.out, ")$");
    return return_bytes(c, s.out.p, s.out.n);
}

static bool similar_to_escape(struct fcall *c)
{
    return c->n_args > 1 ? translate_similar(c, ARG_P(c, 1), ARG_N(c, 1))
                         : translate_similar(c, "\\", 1);
}
/* The old form, which takes NULL for the default escape. */
static bool similar_escape(struct fcall *c)
{
    if (c->args[0].null)
        return return_null(c);
    return c->args[1].null ? translate_similar(c, "\\", 1)
                           : translate_similar(c, ARG_P(c, 1), ARG_N(c, 1));
}

FUNC_TABLE(like_funcs) = {
    {"textlike", text_like},
    {"textnlike", text_not_like},
    {"namelike", text_like},
    {"namenlike", text_not_like},
    {"texticlike", text_ilike},
    {"texticnlike", text_not_ilike},
    {"nameiclike", text_ilike},
    {"nameicnlike", text_not_ilike},
    {"bytealike", bytea_like},
    {"byteanlike", bytea_not_like},
    {"like_escape", like_escape},
    {"like_escape_bytea", like_escape_bytea},
    {"similar_to_escape_1", similar_to_escape},
    {"similar_to_escape_2", similar_to_escape},
    {"similar_escape", similar_escape},
    {NULL, NULL},
};
