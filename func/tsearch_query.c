/* tsearch_query.c - functions over tsquery, and text as queries.
 *
 * A word of a query text goes through the parser and the dictionaries of the configuration and
 * may become several lexemes, or none (a stop word).  Stop words are kept as marks until the
 * whole tree is there; taking them out then widens the distances of the phrases they stood in. */
#include <string.h>

#include "func/call.h"
#include "func/tsearch.h"
#include "types/key.h"

static struct tsquery_node *query_arg(struct fcall *c, int arg)
{
    return tsquery_of(c->arena, &c->args[arg]);
}
static bool return_query(struct fcall *c, const struct tsquery_node *root)
{
    c->result = tsquery_datum(c->arena, root);
    return true;
}

/* ---- comparison, containment ---- */

static int order(struct fcall *c)
{
    return type_cmp(c->arg_types[0], &c->args[0], &c->args[1]);
}
static bool eq(struct fcall *c)
{
    return return_bool(c, order(c) == 0);
}
static bool ne(struct fcall *c)
{
    return return_bool(c, order(c) != 0);
}
static bool lt(struct fcall *c)
{
    return return_bool(c, order(c) < 0);
}
static bool le(struct fcall *c)
{
    return return_bool(c, order(c) <= 0);
}
static bool gt(struct fcall *c)
{
    return return_bool(c, order(c) > 0);
}
static bool ge(struct fcall *c)
{
    return return_bool(c, order(c) >= 0);
}
static bool cmp(struct fcall *c)
{
    int sign = order(c);
    return return_int(c, (sign > 0) - (sign < 0));
}

static bool has_word(const struct tsquery_node *root, const struct tsquery_node *word)
{
    if (!root)
        return false;
    if (root->op == TSQUERY_WORD)
        return root->n == word->n && memcmp(root->text, word->text, word->n) == 0;
    return has_word(root->left, word) || has_word(root->right, word);
}

/* Are all words of `part` among those of `whole`? */
static bool has_words(const struct tsquery_node *whole, const struct tsquery_node *part)
{
    if (!part)
        return true;
    if (part->op == TSQUERY_WORD)
        return has_word(whole, part);
    return has_words(whole, part->left) && has_words(whole, part->right);
}
static bool contains(struct fcall *c)
{
    return return_bool(c, has_words(query_arg(c, 0), query_arg(c, 1)));
}
static bool contained(struct fcall *c)
{
    return return_bool(c, has_words(query_arg(c, 1), query_arg(c, 0)));
}

/* ---- joining ---- */

static bool join(struct fcall *c, enum tsquery_op op, int32_t distance)
{
    struct tsquery_node *a = query_arg(c, 0), *b = query_arg(c, 1);
    if (!a || !b) {
        c->result = c->args[a ? 0 : 1];
        return true;
    }
    struct tsquery_node *both = tsquery_new(c->arena, op, a, b);
    both->distance = distance;
    return return_query(c, both);
}
static bool query_and(struct fcall *c)
{
    return join(c, TSQUERY_AND, 0);
}
static bool query_or(struct fcall *c)
{
    return join(c, TSQUERY_OR, 0);
}
static bool query_phrase(struct fcall *c)
{
    int64_t distance = c->n_args > 2 ? ARG_I(c, 2) : 1;
    if (distance < 0 || distance > 16384)
        return err_set(
            c->err, ERR_INVALID_PARAMETER_VALUE,
            "distance in phrase operator must be an integer value between zero and %d inclusive",
            16384);
    return join(c, TSQUERY_PHRASE, (int32_t)distance);
}
static bool query_not(struct fcall *c)
{
    struct tsquery_node *a = query_arg(c, 0);
    return return_query(c, a ? tsquery_new(c->arena, TSQUERY_NOT, NULL, a) : NULL);
}
static bool numnode(struct fcall *c)
{
    return return_int(c, tsquery_count(query_arg(c, 0)));
}

/* What an index could look for: the query without what is negated. */
static struct tsquery_node *without_not(struct tsquery_node *node)
{
    if (node->op == TSQUERY_WORD)
        return node;
    if (node->op == TSQUERY_NOT)
        return NULL;
    struct tsquery_node *left = without_not(node->left), *right = without_not(node->right);
    if (!left || !right)
        return node->op == TSQUERY_OR ? NULL : left ? left : right;
    node->left = left;
    node->right = right;
    return node;
}
static bool querytree(struct fcall *c)
{
    struct tsquery_node *root = query_arg(c, 0);
    if (!root)
        return return_bytes(c, "", 0);
    root = without_not(root);
    return root ? return_query(c, root) : return_bytes(c, "T", 1);
}

/* ---- text as a query ---- */

struct builder {
    struct fcall *c;
    const struct ts_config *config;
    enum tsquery_op between; /* the words that one operand becomes */
    bool failed;
};

static struct tsquery_node *stop_node(struct arena *arena)
{
    return tsquery_new(arena, TSQUERY_STOP, NULL, NULL);
}

static struct tsquery_node *follow(struct builder *b, struct tsquery_node *all,
                                   struct tsquery_node *next)
{
    if (!all)
        return next;
    all = tsquery_new(b->c->arena, b->between, all, next);
    all->distance = 1;
    return all;
}

static struct tsquery_node *word_node(struct builder *b, const struct ts_word *word,
                                      uint8_t weights, bool prefix)
{
    struct tsquery_node *node = tsquery_new(b->c->arena, TSQUERY_WORD, NULL, NULL);
    node->text = word->p;
    node->n = word->n;
    node->weights = weights;
    node->prefix = prefix;
    return node;
}

/* An operand as the query of its lexemes. */
static struct tsquery_node *morph(void *arg, const char *text, size_t n, uint8_t weights,
                                  bool prefix)
{
    struct builder *b = arg;
    struct ts_words words = {0};
    struct tsquery_node *all = NULL;
    uint32_t place = 0;
    if (!ts_words_add(b->c, b->config, text, n, &words)) {
        b->failed = true;
        return NULL;
    }
    for (size_t k = 0; k < words.list.n; k++) {
        const struct ts_word *word = &words.list.items[k];
        for (; place > 0 && place + 1 < word->position; place++) /* a stop word stood there */
            all = follow(b, all, stop_node(b->c->arena));
        place = word->position;
        all = follow(b, all, word_node(b, word, weights, prefix));
    }
    return all ? all : stop_node(b->c->arena);
}

/* Takes stop words out; *add_left and *add_right are what the distances on either side grow by. */
static struct tsquery_node *clean(struct tsquery_node *node, int32_t *add_left, int32_t *add_right)
{
    *add_left = *add_right = 0;
    if (node->op == TSQUERY_WORD)
        return node;
    if (node->op == TSQUERY_STOP)
        return NULL;
    if (node->op == TSQUERY_NOT) {
        node->right = clean(node->right, add_left, add_right);
        return node->right ? node : NULL;
    }
    int32_t ll, lr, rl, rr;
    bool phrase = node->op == TSQUERY_PHRASE;
    node->left = clean(node->left, &ll, &lr);
    node->right = clean(node->right, &rl, &rr);
    if (!node->left && !node->right) {
        *add_left = *add_right = phrase ? ll + node->distance + rl : MAX(ll, rl);
        return NULL;
    }
    if (!node->left) {
        *add_left = phrase ? ll + node->distance + rl : rl;
        *add_right = rr;
        return node->right;
    }
    if (!node->right) {
        *add_left = ll;
        *add_right = phrase ? lr + node->distance + rr : lr;
        return node->left;
    }
    if (phrase) {
        node->distance += lr + rl;
        *add_left = ll;
        *add_right = rr;
    }
    return node;
}

static bool return_cleaned(struct fcall *c, struct tsquery_node *root)
{
    int32_t left, right;
    return return_query(c, root ? clean(root, &left, &right) : NULL);
}

static bool open_builder(struct fcall *c, struct builder *b, enum tsquery_op between, int *text_arg)
{
    *text_arg = c->n_args > 1 ? 1 : 0;
    *b = (struct builder){.c = c, .between = between};
    b->config = c->n_args > 1 ? ts_config_by_oid(c, (uint32_t)ARG_I(c, 0)) : ts_config_default(c);
    return b->config != NULL;
}

static bool to_tsquery(struct fcall *c)
{
    struct builder b;
    struct tsquery_node *root;
    int arg;
    if (!open_builder(c, &b, TSQUERY_PHRASE, &arg) ||
        !tsquery_parse(c->arena, c->err, ARG_P(c, arg), ARG_N(c, arg), morph, &b, &root))
        return false;
    return return_cleaned(c, root);
}

static bool whole_text(struct fcall *c, enum tsquery_op between)
{
    struct builder b;
    int arg;
    if (!open_builder(c, &b, between, &arg))
        return false;
    struct tsquery_node *root = morph(&b, ARG_P(c, arg), ARG_N(c, arg), 0, false);
    return root && return_cleaned(c, root);
}
static bool plainto_tsquery(struct fcall *c)
{
    return whole_text(c, TSQUERY_AND);
}
static bool phraseto_tsquery(struct fcall *c)
{
    return whole_text(c, TSQUERY_PHRASE);
}

/* ---- websearch_to_tsquery: words, "phrases", or, -not; never an error ---- */

struct web {
    struct builder b;
    struct ts_reader r;
};

static void skip_web(struct web *w, bool operators)
{
    while (w->r.p < w->r.end &&
           (is_space(*w->r.p) || (operators && strchr("!&|()<", *w->r.p) && *w->r.p)))
        w->r.p++;
}

static struct tsquery_node *web_operand(struct web *w)
{
    struct ts_reader *r = &w->r;
    struct buf word = BUF_IN(w->b.c->arena);
    bool failed;
    skip_web(w, true);
    if (r->p >= r->end)
        return stop_node(w->b.c->arena);
    if (*r->p == '-') {
        r->p++;
        struct tsquery_node *operand = web_operand(w);
        return operand ? tsquery_new(w->b.c->arena, TSQUERY_NOT, NULL, operand) : NULL;
    }
    if (*r->p == '"') {
        const char *start = ++r->p, *close = memchr(start, '"', (size_t)(r->end - start));
        const char *end = close ? close : r->end;
        r->p = close ? close + 1 : r->end;
        return morph(&w->b, start, (size_t)(end - start), 0, false);
    }
    if (!ts_read_word(r, &word, &failed))
        return failed ? NULL : stop_node(w->b.c->arena);
    return morph(&w->b, word.p, word.n, 0, false);
}

/* "or" as a word of its own with something after it. */
static bool take_or(struct web *w)
{
    const char *p = w->r.p, *end = w->r.end;
    if (end - p < 3 || strncasecmp(p, "or", 2) != 0)
        return false;
    p += 2;
    bool in_word = *p == '-' || *p == '_' || (*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'z') ||
                   (*p >= 'A' && *p <= 'Z') || (uint8_t)*p >= 0x80;
    if (in_word)
        return false;
    for (p++; p < end && is_space(*p);)
        p++;
    if (p >= end)
        return false;
    w->r.p += 2;
    return true;
}

static struct tsquery_node *web_and(struct web *w, bool *or_follows)
{
    struct tsquery_node *all = web_operand(w);
    *or_follows = false;
    while (all) {
        skip_web(w, false);
        if (w->r.p >= w->r.end)
            break;
        *or_follows = take_or(w);
        if (*or_follows)
            break;
        struct tsquery_node *next = web_operand(w);
        all = next ? tsquery_new(w->b.c->arena, TSQUERY_AND, all, next) : NULL;
    }
    return all;
}

static bool websearch_to_tsquery(struct fcall *c)
{
    struct web w;
    int arg;
    bool more;
    if (!open_builder(c, &w.b, TSQUERY_PHRASE, &arg))
        return false;
    w.r = (struct ts_reader){.text = ARG_P(c, arg),
                             .n_text = ARG_N(c, arg),
                             .p = ARG_P(c, arg),
                             .end = ARG_P(c, arg) + ARG_N(c, arg),
                             .arena = c->arena,
                             .err = c->err,
                             .query = true,
                             .web = true,
                             .type_name = "tsquery"};
    struct tsquery_node *all = web_and(&w, &more);
    while (all && more) {
        struct tsquery_node *next = web_and(&w, &more);
        all = next ? tsquery_new(c->arena, TSQUERY_OR, all, next) : NULL;
    }
    return all && return_cleaned(c, all);
}

/* ---- @@ ---- */

static bool match_vector(struct fcall *c, int vector_arg)
{
    struct tsvector vector = tsvector_of(c->arena, &c->args[vector_arg]);
    return return_bool(c, ts_match(&vector, query_arg(c, 1 - vector_arg)));
}
static bool match_vq(struct fcall *c)
{
    return match_vector(c, 0);
}
static bool match_qv(struct fcall *c)
{
    return match_vector(c, 1);
}

/* text @@ query, text @@ text */
static bool match_text(struct fcall *c, struct tsquery_node *query)
{
    const struct ts_config *config = ts_config_default(c);
    struct ts_words words = {0};
    if (!config || !ts_words_add(c, config, ARG_P(c, 0), ARG_N(c, 0), &words))
        return false;
    struct datum value = ts_words_vector(c, &words);
    struct tsvector vector = tsvector_of(c->arena, &value);
    return return_bool(c, ts_match(&vector, query));
}
static bool match_tq(struct fcall *c)
{
    return match_text(c, query_arg(c, 1));
}
static bool match_tt(struct fcall *c)
{
    struct fcall inner = *c;
    inner.args = c->args + 1;
    inner.n_args = 1;
    if (!plainto_tsquery(&inner))
        return false;
    return match_text(c, tsquery_of(c->arena, &inner.result));
}

FUNC_TABLE(tsearch_query_funcs) = {
    {"tsquery_eq", eq},
    {"tsquery_ne", ne},
    {"tsquery_lt", lt},
    {"tsquery_le", le},
    {"tsquery_gt", gt},
    {"tsquery_ge", ge},
    {"tsquery_cmp", cmp},
    {"tsq_mcontains", contains},
    {"tsq_mcontained", contained},
    {"tsquery_and", query_and},
    {"tsquery_or", query_or},
    {"tsquery_not", query_not},
    {"tsquery_phrase", query_phrase},
    {"tsquery_phrase_distance", query_phrase},
    {"tsquery_numnode", numnode},
    {"tsquerytree", querytree},
    {"to_tsquery", to_tsquery},
    {"to_tsquery_byid", to_tsquery},
    {"plainto_tsquery", plainto_tsquery},
    {"plainto_tsquery_byid", plainto_tsquery},
    {"phraseto_tsquery", phraseto_tsquery},
    {"phraseto_tsquery_byid", phraseto_tsquery},
    {"websearch_to_tsquery", websearch_to_tsquery},
    {"websearch_to_tsquery_byid", websearch_to_tsquery},
    {"ts_match_vq", match_vq},
    {"ts_match_qv", match_qv},
    {"ts_match_tq", match_tq},
    {"ts_match_tt", match_tt},
    {NULL, NULL},
};
