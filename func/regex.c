/* regex.c - the SQL functions over regular expressions.
 *
 * Compiled patterns stay at their call site, the few used last, for as long as the site lives.
 * Positions that users see count characters; inside everything is bytes. */
#include "func/regex.h"

#include <string.h>

#include "func/call.h"
#include "func/utf8.h"
#include "types/array.h"

/* ---- compiled patterns of a call site ---- */

#define CACHED 8

struct cached {
    char *pattern;
    size_t n;
    unsigned flags;
    struct regex *regex;
};

struct cache {
    struct cached entries[CACHED]; /* the one used last comes first */
    int n;
    struct row_list rows; /* of a set-returning function */
};

static void drop_cache(void *arg)
{
    struct cache *cache = arg;
    for (int k = 0; k < cache->n; k++) {
        regex_free(cache->entries[k].regex);
        buf_free(&(struct buf){.p = cache->entries[k].pattern});
    }
}

static struct cache *cache_of(struct fcall *c)
{
    if (!*c->site) {
        struct cache *cache = ARENA_NEW(c->site_arena, struct cache);
        arena_on_free(c->site_arena, drop_cache, cache);
        *c->site = cache;
    }
    return *c->site;
}

static void to_front(struct cache *cache, int index)
{
    struct cached entry = cache->entries[index];
    memmove(&cache->entries[1], &cache->entries[0], (size_t)index * sizeof(entry));
    cache->entries[0] = entry;
}

static struct regex *regex_of(struct fcall *c, const char *pattern, size_t n, unsigned flags)
{
    struct cache *cache = cache_of(c);
    for (int k = 0; k < cache->n; k++) {
        const struct cached *entry = &cache->entries[k];
        if (entry->n == n && entry->flags == flags && memcmp(entry->pattern, pattern, n) == 0) {
            if (k)
                to_front(cache, k);
            return cache->entries[0].regex;
        }
    }
    struct regex *regex = regex_compile(pattern, n, flags, c->err);
    if (!regex)
        return NULL;
    if (cache->n == CACHED) {
        struct cached *oldest = &cache->entries[--cache->n];
        regex_free(oldest->regex);
        buf_free(&(struct buf){.p = oldest->pattern});
    }
    struct buf copy = {0}; /* on the heap: entries come and go */
    buf_append(&copy, pattern, n);
    buf_putc(&copy, '\0');
    cache->entries[cache->n] = (struct cached){copy.p, n, flags, regex};
    to_front(cache, cache->n++);
    return cache->entries[0].regex;
}

/* ---- options ---- */

struct options {
    unsigned flags;
    bool global;
};

static bool bad_option(struct fcall *c, const char *p)
{
    return err_set(c->err, ERR_INVALID_PARAMETER_VALUE,
                   "invalid regular expression option: \"%.*s\"", (int)utf8_char_bytes((uint8_t)*p),
                   p);
}

/* The letters of argument `arg`, or none if there are not as many arguments. */
static bool read_options(struct fcall *c, int arg, struct options *o)
{
    *o = (struct options){.flags = REGEX_ADVANCED | REGEX_EXTENDED};
    if (arg >= c->n_args)
        return true;
    for (const char *p = ARG_P(c, arg), *end = p + ARG_N(c, arg); p < end; p++) {
        switch (*p) {
        case 'g':
            o->global = true;
            break;
        case 'b':
        case 'e': /* so PostgreSQL does: only the embedded option (?e) makes an ERE */
            o->flags &= ~(unsigned)(REGEX_ADVANCED | REGEX_EXTENDED | REGEX_QUOTE);
            break;
        case 'c':
            o->flags &= ~(unsigned)REGEX_ICASE;
            break;
        case 'i':
            o->flags |= REGEX_ICASE;
            break;
        case 'm':
        case 'n':
            o->flags |= REGEX_NEWLINE;
            break;
        case 'p':
            o->flags = (o->flags | REGEX_NLSTOP) & ~(unsigned)REGEX_NLANCH;
            break;
        case 'q':
            o->flags = (o->flags | REGEX_QUOTE) & ~(unsigned)REGEX_ADVANCED;
            break;
        case 's':
            o->flags &= ~(unsigned)REGEX_NEWLINE;
            break;
        case 't':
            o->flags &= ~(unsigned)REGEX_EXPANDED;
            break;
        case 'w':
            o->flags = (o->flags | REGEX_NLANCH) & ~(unsigned)REGEX_NLSTOP;
            break;
        case 'x':
            o->flags |= REGEX_EXPANDED;
            break;
        default:
            return bad_option(c, p);
        }
    }
    return true;
}

static bool refuse_global(struct fcall *c, const struct options *o, const char *function)
{
    if (!o->global)
        return true;
    return err_set(c->err, ERR_INVALID_PARAMETER_VALUE, "%s does not support the \"global\" option",
                   function);
}

/* An integer argument that has to be at least `least`; `value` when the call has fewer
 * arguments. */
static bool read_int(struct fcall *c, int arg, const char *name, int64_t least, int64_t most,
                     int64_t value, int64_t *out)
{
    *out = arg < c->n_args ? ARG_I(c, arg) : value;
    if (*out >= least && *out <= most)
        return true;
    return err_set(c->err, ERR_INVALID_PARAMETER_VALUE, "invalid value for parameter \"%s\": %d",
                   name, (int)*out);
}

/* ---- ~ and its kin ---- */

static bool matches(struct fcall *c, unsigned flags, bool negate)
{
    struct regex *regex =
        regex_of(c, ARG_P(c, 1), ARG_N(c, 1), REGEX_ADVANCED | REGEX_EXTENDED | flags);
    if (!regex)
        return false;
    enum regex_result result = regex_search(regex, ARG_P(c, 0), ARG_N(c, 0), 0, NULL, 0, c->err);
    return result != REGEX_FAILED && return_bool(c, (result == REGEX_YES) != negate);
}
static bool match(struct fcall *c)
{
    return matches(c, 0, false);
}
static bool no_match(struct fcall *c)
{
    return matches(c, 0, true);
}
static bool match_any_case(struct fcall *c)
{
    return matches(c, REGEX_ICASE, false);
}
static bool no_match_any_case(struct fcall *c)
{
    return matches(c, REGEX_ICASE, true);
}

/* ---- all matches of a text ---- */

struct scan {
    struct regex *regex;
    const char *text;
    size_t n;
    size_t from; /* where the next search starts; beyond n: no more */
    int n_spans;
    struct regex_span *spans;
};

static bool scan_open(struct fcall *c, struct scan *scan, unsigned flags, int64_t start_char)
{
    *scan = (struct scan){.text = ARG_P(c, 0), .n = ARG_N(c, 0)};
    scan->regex = regex_of(c, ARG_P(c, 1), ARG_N(c, 1), flags);
    if (!scan->regex)
        return false;
    scan->n_spans = regex_n_groups(scan->regex) + 1;
    scan->spans = ARENA_ARRAY(c->arena, struct regex_span, scan->n_spans);
    scan->from = start_char > 1 ? utf8_prefix(scan->text, scan->n, (size_t)start_char - 1) : 0;
    if (start_char > 1 && scan->from == scan->n &&
        (int64_t)utf8_length(scan->text, scan->n) < start_char - 1)
        scan->from = scan->n + 1;
    return true;
}

/* REGEX_YES with scan->spans filled, and moves on; an empty match moves on by a character. */
static enum regex_result scan_next(struct fcall *c, struct scan *scan)
{
    if (scan->from > scan->n)
        return REGEX_NO;
    enum regex_result result = regex_search(scan->regex, scan->text, scan->n, scan->from,
                                            scan->spans, scan->n_spans, c->err);
    if (result != REGEX_YES)
        return result;
    scan->from = (size_t)scan->spans[0].end;
    if (scan->spans[0].start == scan->spans[0].end)
        scan->from += scan->from < scan->n ? utf8_char_bytes((uint8_t)scan->text[scan->from]) : 1;
    return REGEX_YES;
}

static struct datum span_datum(const struct scan *scan, struct regex_span span)
{
    return span.start < 0 ? datum_null()
                          : datum_bytes(scan->text + span.start, (size_t)(span.end - span.start));
}

/* The groups of a match, or the whole match if there are none, as text[]. */
static struct datum match_array(struct fcall *c, const struct scan *scan, struct arena *arena)
{
    int n = MAX(scan->n_spans - 1, 1), first = scan->n_spans > 1 ? 1 : 0;
    struct datum *items = ARENA_ARRAY(c->arena, struct datum, n);
    for (int k = 0; k < n; k++)
        items[k] = span_datum(scan, scan->spans[first + k]);
    return array_build_1d(arena, call_type(c, TYPE_TEXT), items, (uint32_t)n);
}

static bool regexp_match(struct fcall *c)
{
    struct options o;
    struct scan scan;
    if (!read_options(c, 2, &o))
        return false;
    if (!refuse_global(c, &o, "regexp_match()"))
        return err_hint(c->err, "Use the regexp_matches function instead.");
    if (!scan_open(c, &scan, o.flags, 1))
        return false;
    enum regex_result result = scan_next(c, &scan);
    c->result = result == REGEX_YES ? match_array(c, &scan, c->arena) : datum_null();
    return result != REGEX_FAILED;
}

/* The rows of a set-returning function; *is_new: to be filled. */
static struct row_list *rows_of(struct fcall *c, bool *is_new)
{
    struct cache *cache = cache_of(c);
    *is_new = cache->rows.arena == NULL;
    if (*is_new) {
        cache->rows.arena = c->site_arena;
        cache->rows.n_columns = 1;
    }
    return &cache->rows;
}

static bool regexp_matches(struct fcall *c)
{
    bool is_new;
    struct row_list *rows = rows_of(c, &is_new);
    struct options o;
    struct scan scan;
    enum regex_result result = REGEX_NO;
    if (is_new && (!read_options(c, 2, &o) || !scan_open(c, &scan, o.flags, 1)))
        return false;
    while (is_new && (result = scan_next(c, &scan)) == REGEX_YES) {
        *row_list_add(rows) = match_array(c, &scan, c->site_arena);
        if (!o.global)
            break;
    }
    return result != REGEX_FAILED && row_list_emit(c, rows);
}

/* The pieces between matches; empty matches at an end or next to another match do not count. */
static bool split(struct fcall *c, struct row_list *rows, const char *function)
{
    struct options o;
    struct scan scan;
    enum regex_result result;
    size_t at = 0;
    int64_t last_end = 0;
    if (!read_options(c, 2, &o) || !refuse_global(c, &o, function) ||
        !scan_open(c, &scan, o.flags, 1))
        return false;
    scan.n_spans = 1;
    while ((result = scan_next(c, &scan)) == REGEX_YES) {
        struct regex_span m = scan.spans[0];
        bool counts = (size_t)m.start < scan.n && m.end > last_end;
        last_end = m.end;
        if (!counts)
            continue;
        *row_list_add(rows) = bytes_in(rows->arena, scan.text + at, (size_t)m.start - at);
        at = (size_t)m.end;
    }
    *row_list_add(rows) = bytes_in(rows->arena, scan.text + at, scan.n - at);
    return result != REGEX_FAILED;
}

static bool split_to_array(struct fcall *c)
{
    struct row_list rows = {.n_columns = 1, .arena = c->arena};
    if (!split(c, &rows, "regexp_split_to_array()"))
        return false;
    c->result = array_build_1d(c->arena, call_type(c, TYPE_TEXT), rows.values, (uint32_t)rows.n);
    return true;
}

static bool split_to_table(struct fcall *c)
{
    bool is_new;
    struct row_list *rows = rows_of(c, &is_new);
    if (is_new && !split(c, rows, "regexp_split_to_table()"))
        return false;
    return row_list_emit(c, rows);
}

/* ---- single answers ---- */

static bool regexp_like(struct fcall *c)
{
    struct options o;
    struct scan scan;
    if (!read_options(c, 2, &o) || !refuse_global(c, &o, "regexp_like()") ||
        !scan_open(c, &scan, o.flags, 1))
        return false;
    enum regex_result result = regex_search(scan.regex, scan.text, scan.n, 0, NULL, 0, c->err);
    return result != REGEX_FAILED && return_bool(c, result == REGEX_YES);
}

static bool regexp_count(struct fcall *c)
{
    struct options o;
    struct scan scan;
    int64_t start, count = 0;
    enum regex_result result;
    if (!read_int(c, 2, "start", 1, INT32_MAX, 1, &start) || !read_options(c, 3, &o) ||
        !refuse_global(c, &o, "regexp_count()") || !scan_open(c, &scan, o.flags, start))
        return false;
    scan.n_spans = 1;
    while ((result = scan_next(c, &scan)) == REGEX_YES)
        count++;
    return result != REGEX_FAILED && return_int(c, count);
}

/* Goes to match number n. */
static enum regex_result scan_to(struct fcall *c, struct scan *scan, int64_t n)
{
    enum regex_result result = REGEX_YES;
    while (n-- > 0 && result == REGEX_YES)
        result = scan_next(c, scan);
    return result;
}

static bool regexp_instr(struct fcall *c)
{
    struct options o;
    struct scan scan;
    int64_t start, n, end, group;
    if (!read_int(c, 2, "start", 1, INT32_MAX, 1, &start) ||
        !read_int(c, 3, "n", 1, INT32_MAX, 1, &n) || !read_int(c, 4, "endoption", 0, 1, 0, &end) ||
        !read_int(c, 6, "subexpr", 0, INT32_MAX, 0, &group) || !read_options(c, 5, &o) ||
        !refuse_global(c, &o, "regexp_instr()") || !scan_open(c, &scan, o.flags, start))
        return false;
    enum regex_result result = scan_to(c, &scan, n);
    if (result == REGEX_FAILED)
        return false;
    if (result == REGEX_NO || group >= scan.n_spans || scan.spans[group].start < 0)
        return return_int(c, 0);
    int64_t at = end ? scan.spans[group].end : scan.spans[group].start;
    return return_int(c, (int64_t)utf8_length(scan.text, (size_t)at) + 1);
}

static bool regexp_substr(struct fcall *c)
{
    struct options o;
    struct scan scan;
    int64_t start, n, group;
    if (!read_int(c, 2, "start", 1, INT32_MAX, 1, &start) ||
        !read_int(c, 3, "n", 1, INT32_MAX, 1, &n) ||
        !read_int(c, 5, "subexpr", 0, INT32_MAX, 0, &group) || !read_options(c, 4, &o) ||
        !refuse_global(c, &o, "regexp_substr()") || !scan_open(c, &scan, o.flags, start))
        return false;
    enum regex_result result = scan_to(c, &scan, n);
    if (result == REGEX_FAILED)
        return false;
    c->result = result == REGEX_NO || group >= scan.n_spans ? datum_null()
                                                            : span_datum(&scan, scan.spans[group]);
    return true;
}

static bool substring_of(struct fcall *c, const char *pattern, size_t n)
{
    struct regex_span spans[2] = {{-1, -1}, {-1, -1}};
    struct regex *regex = regex_of(c, pattern, n, REGEX_ADVANCED | REGEX_EXTENDED);
    if (!regex)
        return false;
    enum regex_result result = regex_search(regex, ARG_P(c, 0), ARG_N(c, 0), 0, spans, 2, c->err);
    struct regex_span span = spans[regex_n_groups(regex) > 0 ? 1 : 0];
    if (result == REGEX_NO || (result == REGEX_YES && span.start < 0))
        return return_null(c);
    return result == REGEX_YES &&
           return_bytes(c, ARG_P(c, 0) + span.start, (size_t)(span.end - span.start));
}
static bool substring(struct fcall *c)
{
    return substring_of(c, ARG_P(c, 1), ARG_N(c, 1));
}
/* substring(text SIMILAR pattern ESCAPE e) */
static bool substring_similar(struct fcall *c)
{
    struct fcall inner = *c;
    inner.args = c->args + 1;
    inner.n_args = 2;
    func_impl translate = func_find(NULL, "similar_to_escape_2");
    if (!translate(&inner)) {
        c->err->where = "SQL function \"substring\" statement 1";
        return false;
    }
    if (substring_of(c, inner.result.p, inner.result.n))
        return true;
    if (!c->err->where)
        c->err->where = "SQL function \"substring\" statement 1";
    return false;
}

/* ---- regexp_replace ---- */

/* Appends the replacement: \1..\9 and \& stand for parts of the match. */
static void put_replacement(struct buf *out, const char *p, size_t n, const struct scan *scan)
{
    for (const char *end = p + n; p < end;) {
        const char *mark = memchr(p, '\\', (size_t)(end - p));
        if (!mark) {
            buf_append(out, p, (size_t)(end - p));
            return;
        }
        buf_append(out, p, (size_t)(mark - p));
        p = mark + 1;
        char what = p < end ? *p : '\0';
        int group = what >= '1' && what <= '9' ? what - '0' : what == '&' ? 0 : -1;
        if (group >= 0 || what == '\\')
            p++;
        if (group < 0)
            buf_putc(out, '\\');
        else if (group < scan->n_spans && scan->spans[group].start >= 0)
            buf_append(out, scan->text + scan->spans[group].start,
                       (size_t)(scan->spans[group].end - scan->spans[group].start));
    }
}

/* Replaces match number n, or all if n is 0. */
static bool replace(struct fcall *c, unsigned flags, int64_t start, int64_t n)
{
    struct scan scan;
    struct buf out = BUF_IN(c->arena);
    size_t copied = 0;
    enum regex_result result;
    if (!scan_open(c, &scan, flags, start))
        return false;
    bool plain = !memchr(ARG_P(c, 2), '\\', ARG_N(c, 2));
    scan.n_spans = plain ? 1 : MIN(scan.n_spans, 10);
    for (int64_t k = 1; (result = scan_next(c, &scan)) == REGEX_YES; k++) {
        if (n > 0 && k != n)
            continue;
        struct regex_span m = scan.spans[0];
        buf_append(&out, scan.text + copied, (size_t)m.start - copied);
        if (plain)
            buf_append(&out, ARG_P(c, 2), ARG_N(c, 2));
        else
            put_replacement(&out, ARG_P(c, 2), ARG_N(c, 2), &scan);
        copied = (size_t)m.end;
        if (!result_fits(c, out.n))
            return false;
        if (n > 0)
            break;
    }
    buf_append(&out, scan.text + copied, scan.n - copied);
    return result != REGEX_FAILED && result_fits(c, out.n) && return_bytes(c, out.p, out.n);
}

static bool replace_first(struct fcall *c)
{
    return replace(c, REGEX_ADVANCED | REGEX_EXTENDED, 1, 1);
}

static bool replace_options(struct fcall *c)
{
    struct options o;
    if (ARG_N(c, 3) && ARG_P(c, 3)[0] >= '0' && ARG_P(c, 3)[0] <= '9') {
        bad_option(c, ARG_P(c, 3));
        return err_hint(c->err, "If you meant to use regexp_replace() with a start parameter, cast "
                                "the fourth argument to "
                                "integer explicitly.");
    }
    return read_options(c, 3, &o) && replace(c, o.flags, 1, o.global ? 0 : 1);
}

/* (string, pattern, replacement, start [, N [, flags]]) */
static bool replace_from(struct fcall *c)
{
    struct options o;
    int64_t start, n;
    if (!read_int(c, 3, "start", 1, INT32_MAX, 1, &start) ||
        !read_int(c, 4, "n", 0, INT32_MAX, 1, &n) || !read_options(c, 5, &o))
        return false;
    return replace(c, o.flags, start, n);
}

FUNC_TABLE(regex_funcs) = {
    {"textregexeq", match},
    {"textregexne", no_match},
    {"texticregexeq", match_any_case},
    {"texticregexne", no_match_any_case},
    {"nameregexeq", match},
    {"nameregexne", no_match},
    {"nameicregexeq", match_any_case},
    {"nameicregexne", no_match_any_case},
    {"textregexsubstr", substring},
    {"substring(text,text,text)", substring_similar},
    {"regexp_match", regexp_match},
    {"regexp_match_no_flags", regexp_match},
    {"regexp_matches", regexp_matches},
    {"regexp_matches_no_flags", regexp_matches},
    {"regexp_split_to_array", split_to_array},
    {"regexp_split_to_array_no_flags", split_to_array},
    {"regexp_split_to_table", split_to_table},
    {"regexp_split_to_table_no_flags", split_to_table},
    {"regexp_like", regexp_like},
    {"regexp_like_no_flags", regexp_like},
    {"regexp_count", regexp_count},
    {"regexp_count_no_start", regexp_count},
    {"regexp_count_no_flags", regexp_count},
    {"regexp_instr", regexp_instr},
    {"regexp_instr_no_start", regexp_instr},
    {"regexp_instr_no_n", regexp_instr},
    {"regexp_instr_no_endoption", regexp_instr},
    {"regexp_instr_no_flags", regexp_instr},
    {"regexp_instr_no_subexpr", regexp_instr},
    {"regexp_substr", regexp_substr},
    {"regexp_substr_no_start", regexp_substr},
    {"regexp_substr_no_n", regexp_substr},
    {"regexp_substr_no_flags", regexp_substr},
    {"regexp_substr_no_subexpr", regexp_substr},
    {"textregexreplace_noopt", replace_first},
    {"textregexreplace", replace_options},
    {"textregexreplace_extended", replace_from},
    {"textregexreplace_extended_no_flags", replace_from},
    {"textregexreplace_extended_no_n", replace_from},
    {NULL, NULL},
};
