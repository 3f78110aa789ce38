/* tsearch_headline.c - ts_headline: a piece of the document with the words of the query marked.
 *
 * The document's tokens are kept in order, each with the word of the query that it stands for.
 * The piece is chosen among the covers (shortest stretches that satisfy the query): stretched to
 * at least MinWords and at most MaxWords, not ending in a short word, and the one with most
 * words of the query wins.  MaxFragments asks for several pieces and is refused. */
#include <stdlib.h>
#include <string.h>

#include "func/call.h"
#include "func/json_datum.h"
#include "func/tsearch_match.h"
#include "types/json.h"
#include "types/text.h"

struct options {
    int max_words, min_words, short_word, max_fragments;
    bool highlight_all;
    const char *start, *stop, *delimiter;
};

struct piece { /* a token of the document */
    struct ts_token token;
    const struct tsquery_node *word; /* of the query, NULL: none */
    uint32_t position;
    bool repeated; /* the same token once more, for another word */
    bool selected, in;
};

struct headline {
    struct fcall *c;
    const struct ts_config *config;
    const struct tsquery_node *query;
    struct options options;
    VEC(struct piece) pieces;
    uint32_t from, to; /* what the matcher looks at */
};

/* ---- options ---- */

static bool read_option_int(struct fcall *c, const char *value, int *out)
{
    int64_t v;
    if (!int_parse(c->err, "integer", INT32_MIN, INT32_MAX, value, strlen(value), &v))
        return false;
    *out = (int)v;
    return true;
}

static bool set_option(struct fcall *c, struct options *o, const char *name, const char *value)
{
    if (strcasecmp(name, "MaxWords") == 0)
        return read_option_int(c, value, &o->max_words);
    if (strcasecmp(name, "MinWords") == 0)
        return read_option_int(c, value, &o->min_words);
    if (strcasecmp(name, "ShortWord") == 0)
        return read_option_int(c, value, &o->short_word);
    if (strcasecmp(name, "MaxFragments") == 0)
        return read_option_int(c, value, &o->max_fragments);
    if (strcasecmp(name, "StartSel") == 0)
        o->start = value;
    else if (strcasecmp(name, "StopSel") == 0)
        o->stop = value;
    else if (strcasecmp(name, "FragmentDelimiter") == 0)
        o->delimiter = value;
    else if (strcasecmp(name, "HighlightAll") == 0)
        o->highlight_all = strcasecmp(value, "1") == 0 || strcasecmp(value, "on") == 0 ||
                           strcasecmp(value, "true") == 0 || strcasecmp(value, "t") == 0 ||
                           strcasecmp(value, "y") == 0 || strcasecmp(value, "yes") == 0;
    else
        return err_set(c->err, ERR_INVALID_PARAMETER_VALUE,
                       "unrecognized headline parameter: \"%s\"", name);
    return true;
}

static bool bad_list(struct fcall *c, const char *text)
{
    return err_set(c->err, ERR_SYNTAX_ERROR, "invalid parameter list format: \"%s\"", text);
}

/* name = value, ... ; values may be in single or double quotes. */
static bool read_options(struct fcall *c, int arg, struct options *o)
{
    *o = (struct options){.max_words = 35,
                          .min_words = 15,
                          .short_word = 3,
                          .start = "<b>",
                          .stop = "</b>",
                          .delimiter = " ... "};
    if (arg >= c->n_args)
        return true;
    const char *text = arena_strndup(c->arena, ARG_P(c, arg), ARG_N(c, arg)), *p = text;
    while (*p) {
        struct buf name = BUF_IN(c->arena), value = BUF_IN(c->arena);
        while (*p == ' ' || *p == ',')
            p++;
        if (!*p)
            break;
        while (*p && *p != '=' && *p != ' ')
            buf_putc(&name, *p++);
        while (*p == ' ')
            p++;
        if (*p != '=' || !name.n)
            return bad_list(c, text);
        for (p++; *p == ' ';)
            p++;
        char quote = *p == '"' || *p == '\'' ? *p++ : '\0';
        while (*p && (quote ? *p != quote || p[1] == quote : *p != ',' && *p != ' ')) {
            if (quote && *p == quote)
                p++;
            buf_putc(&value, *p++);
        }
        if (quote ? *p++ != quote : value.n == 0)
            return bad_list(c, text);
        if (!set_option(c, o, buf_cstr(&name), buf_cstr(&value)))
            return false;
    }
    return true;
}

static bool check_options(struct fcall *c, const struct options *o)
{
    if (o->max_fragments > 0)
        return err_set(c->err, ERR_FEATURE_NOT_SUPPORTED,
                       "ts_headline() with MaxFragments is not supported");
    if (o->highlight_all)
        return true;
    if (o->min_words >= o->max_words)
        return err_set(c->err, ERR_INVALID_PARAMETER_VALUE,
                       "MinWords should be less than MaxWords");
    if (o->min_words <= 0)
        return err_set(c->err, ERR_INVALID_PARAMETER_VALUE, "MinWords should be positive");
    if (o->short_word < 0)
        return err_set(c->err, ERR_INVALID_PARAMETER_VALUE, "ShortWord should be >= 0");
    if (o->max_fragments < 0)
        return err_set(c->err, ERR_INVALID_PARAMETER_VALUE, "MaxFragments should be >= 0");
    return true;
}

/* ---- the document ---- */

static void mark_words(struct headline *h, const struct tsquery_node *node, struct datum lexeme,
                       size_t piece)
{
    if (!node)
        return;
    mark_words(h, node->left, lexeme, piece);
    mark_words(h, node->right, lexeme, piece);
    if (node->op != TSQUERY_WORD || lexeme.n < node->n || (!node->prefix && lexeme.n != node->n) ||
        memcmp(lexeme.p, node->text, node->n) != 0)
        return;
    if (!h->pieces.items[piece].word) {
        h->pieces.items[piece].word = node;
        return;
    }
    struct piece again = h->pieces.items[piece];
    again.word = node;
    again.repeated = true;
    VEC_PUSH(h->c->arena, &h->pieces, again);
}

static bool read_document(struct headline *h, const char *text, size_t n)
{
    struct ts_tokens tokens;
    struct piece piece = {0};
    uint32_t position = 0;
    ts_tokens_open(&tokens, text, n);
    while (ts_tokens_next(&tokens, &piece.token)) {
        uint32_t dict = ts_config_dict(h->config, piece.token.type);
        struct datum lexeme = {0};
        if (dict && !ts_lexize(h->c, dict, piece.token.p, piece.token.n, &lexeme))
            return false;
        position += dict != 0;
        piece.position = position;
        VEC_PUSH(h->c->arena, &h->pieces, piece);
        if (dict && lexeme.n)
            mark_words(h, h->query, lexeme, h->pieces.n - 1);
    }
    return true;
}

static bool is_skipped(enum ts_token_type type)
{
    return type == TS_URL || type == TS_NUMHWORD || type == TS_ASCIIHWORD || type == TS_HWORD;
}
static bool is_no_word(enum ts_token_type type)
{
    return type == TS_BLANK || type == TS_TAG || is_skipped(type);
}
static bool counts(const struct headline *h, int64_t k)
{
    return !is_no_word(h->pieces.items[k].token.type);
}
static bool interesting(const struct headline *h, int64_t k)
{
    return h->pieces.items[k].word && !h->pieces.items[k].repeated;
}
static bool bad_end(const struct headline *h, int64_t k)
{
    const struct ts_token *token = &h->pieces.items[k].token;
    bool never = is_no_word(token->type) || token->type == TS_SFLOAT || token->type == TS_VERSION ||
                 token->type == TS_FLOAT || token->type == TS_INT || token->type == TS_UINT ||
                 token->type == TS_PROTOCOL || token->type == TS_ENTITY;
    return (never || token->n <= (size_t)h->options.short_word) && !interesting(h, k);
}

/* ---- covers ---- */

static enum ts_truth piece_word(const struct ts_matcher *m, const struct tsquery_node *word,
                                uint32_t **places, uint32_t *n)
{
    const struct headline *h = m->document;
    uint32_t found = 0, *all = places ? ARENA_ARRAY(m->arena, uint32_t, h->to - h->from + 1) : NULL;
    for (uint32_t k = h->from; k <= h->to; k++) {
        if (h->pieces.items[k].word != word)
            continue;
        if (!places)
            return TS_YES;
        all[found++] = h->pieces.items[k].position;
    }
    if (places) {
        *places = all;
        *n = found;
    }
    return found ? TS_YES : TS_NO;
}

static bool covers(struct headline *h, int64_t from, int64_t to)
{
    struct arena *scratch = arena_new("cover");
    struct ts_matcher m = {.arena = scratch, .word = piece_word, .document = h};
    h->from = (uint32_t)from;
    h->to = (uint32_t)to;
    bool yes = ts_execute(&m, h->query) != TS_NO;
    arena_free(scratch);
    return yes;
}

static int64_t next_marked(const struct headline *h, int64_t from)
{
    for (int64_t k = from; k < (int64_t)h->pieces.n; k++)
        if (h->pieces.items[k].word)
            return k;
    return -1;
}

/* The earliest, shortest stretch from *from on that satisfies the query. */
static bool next_cover(struct headline *h, int64_t *from, int64_t *to)
{
    int64_t max_cover = MAX(h->options.max_words * (int64_t)10, 100);
    for (int64_t start = next_marked(h, *from); start >= 0; start = next_marked(h, start + 1))
        for (int64_t end = start; end >= 0 && end - start < max_cover;
             end = next_marked(h, end + 1))
            if (covers(h, start, end)) {
                *from = start;
                *to = end;
                return true;
            }
    return false;
}

/* ---- choosing ---- */

struct choice {
    int64_t begin, end;
    int words, marked;
    bool whole_cover;
};

static void take_in(struct headline *h, struct choice *choice, int64_t k, int by)
{
    choice->words += counts(h, k) ? by : 0;
    choice->marked += interesting(h, k) ? by : 0;
}

/* Room is left: goes on to the right, and if the text ends, to the left. */
static void lengthen(struct headline *h, struct choice *choice, int64_t from, int64_t to,
                     int64_t last)
{
    const struct options *o = &h->options;
    int64_t k = last;
    for (; k < (int64_t)h->pieces.n && choice->words < o->max_words; k++) {
        if (k > to)
            take_in(h, choice, k, 1);
        choice->end = k;
        if (!bad_end(h, k) && choice->words >= o->min_words)
            break;
    }
    if (choice->words >= o->min_words || k < (int64_t)h->pieces.n)
        return;
    for (k = from - 1; k >= 0; k--) {
        take_in(h, choice, k, 1);
        if (choice->words >= o->max_words || (!bad_end(h, k) && choice->words >= o->min_words))
            break;
    }
    choice->begin = MAX(k, 0);
}

static void shorten(struct headline *h, struct choice *choice, int64_t last)
{
    for (int64_t k = last; choice->words > h->options.min_words && k >= 0 && bad_end(h, k); k--) {
        take_in(h, choice, k, -1);
        choice->end = k - 1;
    }
}

static struct choice choose_around(struct headline *h, int64_t from, int64_t to)
{
    struct choice choice = {.begin = from, .end = from};
    int64_t k = from;
    for (; k <= to && choice.words < h->options.max_words; k++) {
        take_in(h, &choice, k, 1);
        choice.end = k;
    }
    if (choice.words < h->options.max_words)
        lengthen(h, &choice, from, to, k - 1);
    else
        shorten(h, &choice, MIN(k, to));
    choice.whole_cover = choice.begin <= from && choice.end >= to;
    return choice;
}

static struct choice choose(struct headline *h)
{
    struct choice best = {.begin = -1, .end = -1, .marked = -1};
    for (int64_t from = 0, to = 0; next_cover(h, &from, &to); from++) {
        struct choice next = choose_around(h, from, to);
        bool better =
            best.marked < 0 || next.whole_cover > best.whole_cover ||
            (next.whole_cover == best.whole_cover &&
             (next.marked > best.marked ||
              (next.marked == best.marked && !bad_end(h, next.end) && bad_end(h, best.end))));
        if (better)
            best = next;
    }
    if (best.marked >= 0)
        return best;
    best = (struct choice){0}; /* nothing fits: the first words */
    for (int64_t k = 0; k < (int64_t)h->pieces.n && best.words < h->options.min_words; k++) {
        best.words += counts(h, k);
        best.end = k;
    }
    return best;
}

static void put_pieces(struct headline *h, const struct choice *choice, struct buf *out)
{
    for (int64_t k = choice->begin; k <= choice->end && k < (int64_t)h->pieces.n; k++) {
        const struct piece *piece = &h->pieces.items[k];
        if (piece->repeated)
            continue;
        if (piece->token.type == TS_TAG && !h->options.highlight_all) {
            buf_putc(out, ' ');
            continue;
        }
        if (is_skipped(piece->token.type))
            continue;
        if (piece->word)
            buf_puts(out, h->options.start);
        buf_append(out, piece->token.p, piece->token.n);
        if (piece->word)
            buf_puts(out, h->options.stop);
    }
}

static bool make(struct fcall *c, const struct ts_config *config, const struct tsquery_node *query,
                 const struct options *options, const char *text, size_t n, struct buf *out)
{
    struct headline h = {.c = c, .config = config, .query = query, .options = *options};
    if (!check_options(c, options) || !read_document(&h, text, n))
        return false;
    struct choice all = {.end = (int64_t)h.pieces.n - 1};
    if (!h.pieces.n)
        return true;
    struct choice choice = options->highlight_all ? all : choose(&h);
    put_pieces(&h, &choice, out);
    return true;
}

/* ---- functions: ([config,] document, query [, options]) ---- */

static bool open_call(struct fcall *c, bool has_config, const struct ts_config **config,
                      const struct tsquery_node **query, struct options *options)
{
    static const struct tsquery_node nothing = {.op = TSQUERY_STOP};
    int arg = has_config ? 1 : 0;
    *config = has_config ? ts_config_by_oid(c, (uint32_t)ARG_I(c, 0)) : ts_config_default(c);
    *query = tsquery_of(c->arena, &c->args[arg + 1]);
    if (!*query)
        *query = &nothing;
    return *config && read_options(c, arg + 2, options);
}

static bool headline_text(struct fcall *c, bool has_config)
{
    const struct ts_config *config;
    const struct tsquery_node *query;
    struct options options;
    struct buf out = BUF_IN(c->arena);
    int arg = has_config ? 1 : 0;
    if (!open_call(c, has_config, &config, &query, &options) ||
        !make(c, config, query, &options, ARG_P(c, arg), ARG_N(c, arg), &out))
        return false;
    return return_bytes(c, out.p ? out.p : "", out.n);
}
static bool ts_headline(struct fcall *c)
{
    return headline_text(c, false);
}
static bool ts_headline_by_oid(struct fcall *c)
{
    return headline_text(c, true);
}

/* Each string of the document becomes its headline. */
static bool headline_tree(struct fcall *c, const struct ts_config *config,
                          const struct tsquery_node *query, const struct options *options,
                          const struct json *v, struct json *out)
{
    struct buf text = BUF_IN(c->arena);
    *out = *v;
    if (v->kind == JSON_STRING) {
        if (!make(c, config, query, options, v->text, v->n, &text))
            return false;
        *out = json_string(text.p ? text.p : "", text.n);
        return true;
    }
    if (v->kind == JSON_ARRAY) {
        struct json *items = ARENA_ARRAY(c->arena, struct json, v->n + 1);
        out->items = items;
        for (uint32_t k = 0; k < v->n; k++)
            if (!headline_tree(c, config, query, options, &v->items[k], &items[k]))
                return false;
    }
    if (v->kind == JSON_OBJECT) {
        struct json_member *members = ARENA_ARRAY(c->arena, struct json_member, v->n + 1);
        out->members = members;
        for (uint32_t k = 0; k < v->n; k++) {
            members[k] = v->members[k];
            if (!headline_tree(c, config, query, options, &v->members[k].value, &members[k].value))
                return false;
        }
    }
    return true;
}

/* json's result has no blanks. */
static void put_compact(const struct json *v, struct buf *out)
{
    if (v->kind != JSON_ARRAY && v->kind != JSON_OBJECT) {
        jsonb_print(v, out);
        return;
    }
    bool object = v->kind == JSON_OBJECT;
    buf_putc(out, object ? '{' : '[');
    for (uint32_t k = 0; k < v->n; k++) {
        if (k)
            buf_putc(out, ',');
        if (object) {
            json_put_string(out, v->members[k].key, v->members[k].n_key);
            buf_putc(out, ':');
        }
        put_compact(object ? &v->members[k].value : &v->items[k], out);
    }
    buf_putc(out, object ? '}' : ']');
}

static bool headline_json(struct fcall *c, bool has_config)
{
    const struct ts_config *config;
    const struct tsquery_node *query;
    struct options options;
    struct json result;
    struct buf out = BUF_IN(c->arena);
    int arg = has_config ? 1 : 0;
    if (!open_call(c, has_config, &config, &query, &options))
        return false;
    const struct json *tree = json_parse(c->arena, ARG_P(c, arg), ARG_N(c, arg), c->err);
    if (!tree || !headline_tree(c, config, query, &options, tree, &result))
        return false;
    if (c->arg_types[arg]->oid == TYPE_JSONB)
        return jsonb_return_tree(c, &result);
    put_compact(&result, &out);
    return json_return(c, &out);
}
static bool ts_headline_json(struct fcall *c)
{
    return headline_json(c, false);
}
static bool ts_headline_json_by_oid(struct fcall *c)
{
    return headline_json(c, true);
}

FUNC_TABLE(tsearch_headline_funcs) = {
    {"ts_headline", ts_headline},
    {"ts_headline_opt", ts_headline},
    {"ts_headline_byid", ts_headline_by_oid},
    {"ts_headline_byid_opt", ts_headline_by_oid},
    {"ts_headline_json", ts_headline_json},
    {"ts_headline_json_opt", ts_headline_json},
    {"ts_headline_json_byid", ts_headline_json_by_oid},
    {"ts_headline_json_byid_opt", ts_headline_json_by_oid},
    {"ts_headline_jsonb", ts_headline_json},
    {"ts_headline_jsonb_opt", ts_headline_json},
    {"ts_headline_jsonb_byid", ts_headline_json_by_oid},
    {"ts_headline_jsonb_byid_opt", ts_headline_json_by_oid},
    {NULL, NULL},
};
