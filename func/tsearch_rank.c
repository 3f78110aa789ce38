/* tsearch_rank.c - ts_rank (how often, how close) and ts_rank_cd (cover density).
 *
 * The formulas, and the mix of float and double that decides their last digits, are
 * PostgreSQL's. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "func/call.h"
#include "func/tsearch_match.h"
#include "types/array.h"
#include "types/key.h"

enum {
    NORM_LOG_LENGTH = 1,
    NORM_LENGTH = 2,
    NORM_EXTENT_DISTANCE = 4,
    NORM_UNIQUE = 8,
    NORM_LOG_UNIQUE = 16,
    NORM_BELOW_ONE = 32,
};

static const float default_weights[4] = {0.1f, 0.2f, 0.4f, 1.0f};

struct ranking {
    struct fcall *c;
    struct tsvector vector;
    struct tsquery_node *query;
    float weights[4];
    int64_t method;
    const struct tsquery_node **words; /* of the query: each once, sorted */
    uint32_t n_words;
};

/* Where a lexeme without positions counts as being. */
static struct ts_place nowhere[] = {{TS_POSITION_MAX, TS_WEIGHT_D}};

static int compare_words(const void *a, const void *b)
{
    const struct tsquery_node *x = *(const struct tsquery_node *const *)a,
                              *y = *(const struct tsquery_node *const *)b;
    return cmp_bytes(x->text, x->n, y->text, y->n);
}

static void gather_words(struct ranking *r, const struct tsquery_node *node)
{
    if (!node)
        return;
    if (node->op == TSQUERY_WORD)
        r->words[r->n_words++] = node;
    gather_words(r, node->left);
    gather_words(r, node->right);
}

static void unique_words(struct ranking *r)
{
    uint32_t n = 0;
    r->words = ARENA_ARRAY(r->c->arena, const struct tsquery_node *, tsquery_count(r->query) + 1);
    gather_words(r, r->query);
    if (r->n_words > 1)
        qsort(r->words, r->n_words, sizeof(r->words[0]), compare_words);
    for (uint32_t k = 0; k < r->n_words; k++)
        if (!n || compare_words(&r->words[n - 1], &r->words[k]) != 0)
            r->words[n++] = r->words[k];
    r->n_words = n;
}

static void places_of(const struct ts_lexeme *lexeme, const struct ts_place **places, uint32_t *n)
{
    *places = lexeme->n_places ? lexeme->places : nowhere;
    *n = MAX(lexeme->n_places, 1);
}

static float weight_at(const struct ranking *r, const struct ts_place *place)
{
    return r->weights[place->weight];
}

/* ---- ts_rank ---- */

static float rank_or(const struct ranking *r)
{
    float result = 0.0f;
    for (uint32_t w = 0; w < r->n_words; w++) {
        uint32_t first, count;
        ts_find(&r->vector, r->words[w], &first, &count);
        for (uint32_t k = 0; k < count; k++) {
            const struct ts_place *places;
            uint32_t n;
            float sum = 0.0f, best = -1.0f;
            int best_at = 0;
            places_of(&r->vector.lexemes[first + k], &places, &n);
            for (uint32_t p = 0; p < n; p++) {
                float weight = weight_at(r, &places[p]);
                sum = sum + weight / (float)((p + 1) * (p + 1));
                if (weight > best) {
                    best = weight;
                    best_at = (int)p;
                }
            }
            /* the sum of 1/k^2 is at most pi^2/6 */
            result = (float)(result + (best + sum - best / (float)((best_at + 1) * (best_at + 1))) /
                                          1.64493406685);
        }
    }
    return r->n_words ? result / (float)r->n_words : result;
}

static float word_distance(int distance)
{
    if (distance > 100)
        return 1e-30f;
    return (float)(1.0 / (1.005 + 0.05 * exp((float)distance / 1.5 - 2)));
}

static float rank_and(const struct ranking *r)
{
    if (r->n_words < 2)
        return rank_or(r);
    const struct ts_place **seen = ARENA_ARRAY(r->c->arena, const struct ts_place *, r->n_words);
    uint32_t *n_seen = ARENA_ARRAY(r->c->arena, uint32_t, r->n_words);
    float result = -1.0f;
    for (uint32_t w = 0; w < r->n_words; w++) {
        uint32_t first, count;
        ts_find(&r->vector, r->words[w], &first, &count);
        for (uint32_t e = 0; e < count; e++) {
            places_of(&r->vector.lexemes[first + e], &seen[w], &n_seen[w]);
            for (uint32_t k = 0; k < w; k++) {
                if (!seen[k])
                    continue;
                for (uint32_t l = 0; l < n_seen[w]; l++)
                    for (uint32_t p = 0; p < n_seen[k]; p++) {
                        int distance = abs((int)seen[w][l].position - (int)seen[k][p].position);
                        if (!distance && seen[w] != nowhere && seen[k] != nowhere)
                            continue;
                        if (!distance)
                            distance = TS_POSITION_MAX + 1;
                        float current =
                            (float)sqrt(weight_at(r, &seen[w][l]) * weight_at(r, &seen[k][p]) *
                                        word_distance(distance));
                        result =
                            result < 0 ? current : (float)(1.0 - (1.0 - result) * (1.0 - current));
                    }
            }
        }
    }
    return result;
}

static int document_length(const struct tsvector *vector)
{
    int length = 0;
    for (uint32_t k = 0; k < vector->n; k++)
        length += (int)MAX(vector->lexemes[k].n_places, 1);
    return length;
}

static float rank(const struct ranking *r)
{
    if (!r->vector.n || !r->query)
        return 0.0f;
    bool all = r->query->op == TSQUERY_AND || r->query->op == TSQUERY_PHRASE;
    float result = all ? rank_and(r) : rank_or(r);
    int length = document_length(&r->vector);
    if (result < 0)
        result = 1e-20f;
    if (r->method & NORM_LOG_LENGTH)
        result = (float)(result / (log((double)(length + 1)) / log(2.0)));
    if ((r->method & NORM_LENGTH) && length > 0)
        result /= (float)length;
    if (r->method & NORM_UNIQUE)
        result /= (float)r->vector.n;
    if (r->method & NORM_LOG_UNIQUE)
        result = (float)(result / (log((double)(r->vector.n + 1)) / log(2.0)));
    if (r->method & NORM_BELOW_ONE)
        result /= (result + 1);
    return result;
}

/* ---- ts_rank_cd ---- */

/* A place of the document where words of the query are. */
struct spot {
    struct ts_place place;
    const struct tsquery_node **words;
    uint32_t n_words;
};

struct document {
    struct spot *spots; /* ascending */
    uint32_t n;
    uint32_t from, to; /* the part looked at: [from, to] */
    uint32_t next;     /* where the next cover may start */
};

static int compare_spots(const void *a, const void *b)
{
    const struct spot *x = a, *y = b;
    if (x->place.position != y->place.position)
        return (int)x->place.position - (int)y->place.position;
    if (x->place.weight != y->place.weight)
        return (int)x->place.weight - (int)y->place.weight;
    return compare_words(x->words, y->words);
}

static void gather_spots(struct ranking *r, const struct tsquery_node *node, struct document *doc,
                         size_t *cap)
{
    if (!node)
        return;
    gather_spots(r, node->left, doc, cap);
    gather_spots(r, node->right, doc, cap);
    if (node->op != TSQUERY_WORD)
        return;
    uint32_t first, count;
    ts_find(&r->vector, node, &first, &count);
    for (uint32_t k = 0; k < count; k++) {
        const struct ts_place *places = r->vector.lexemes[first + k].places;
        for (uint32_t p = 0; p < r->vector.lexemes[first + k].n_places; p++) {
            if (node->weights && !(node->weights & 1 << places[p].weight))
                continue;
            if (doc->n == *cap) {
                doc->spots = arena_realloc(r->c->arena, doc->spots, *cap * sizeof(struct spot),
                                           (*cap * 2 + 16) * sizeof(struct spot));
                *cap = *cap * 2 + 16;
            }
            const struct tsquery_node **word =
                ARENA_ARRAY(r->c->arena, const struct tsquery_node *, 1);
            word[0] = node;
            doc->spots[doc->n++] = (struct spot){places[p], word, 1};
        }
    }
}

/* Joins the words that are at one place. */
static void join_spots(struct ranking *r, struct document *doc)
{
    uint32_t n = 0;
    if (doc->n > 1)
        qsort(doc->spots, doc->n, sizeof(struct spot), compare_spots);
    for (uint32_t from = 0, to; from < doc->n; from = to) {
        struct spot spot = doc->spots[from];
        for (to = from; to < doc->n && doc->spots[to].place.position == spot.place.position &&
                        doc->spots[to].place.weight == spot.place.weight;)
            to++;
        spot.words = ARENA_ARRAY(r->c->arena, const struct tsquery_node *, to - from);
        spot.n_words = to - from;
        for (uint32_t k = from; k < to; k++)
            spot.words[k - from] = doc->spots[k].words[0];
        doc->spots[n++] = spot;
    }
    doc->n = n;
}

static bool same_word(const struct tsquery_node *a, const struct tsquery_node *b)
{
    return a == b || (a->n == b->n && a->weights == b->weights && a->prefix == b->prefix &&
                      memcmp(a->text, b->text, a->n) == 0);
}

static enum ts_truth spot_word(const struct ts_matcher *m, const struct tsquery_node *word,
                               uint32_t **places, uint32_t *n)
{
    const struct document *doc = m->document;
    uint32_t found = 0,
             *all = places ? ARENA_ARRAY(m->arena, uint32_t, doc->to - doc->from + 1) : NULL;
    for (uint32_t k = doc->from; k <= doc->to; k++)
        for (uint32_t w = 0; w < doc->spots[k].n_words; w++)
            if (same_word(doc->spots[k].words[w], word)) {
                if (!places)
                    return TS_YES;
                if (!found || all[found - 1] != doc->spots[k].place.position)
                    all[found++] = doc->spots[k].place.position;
            }
    if (places) {
        *places = all;
        *n = found;
    }
    return found ? TS_YES : TS_NO;
}

static bool covers(struct ranking *r, struct document *doc, uint32_t from, uint32_t to)
{
    struct arena *scratch = arena_new("cover");
    struct ts_matcher m = {.arena = scratch, .word = spot_word, .document = doc};
    doc->from = from;
    doc->to = to;
    bool yes = ts_execute(&m, r->query) != TS_NO;
    arena_free(scratch);
    return yes;
}

/* The next shortest stretch that satisfies the query. */
static bool next_cover(struct ranking *r, struct document *doc, uint32_t *begin, uint32_t *end)
{
    for (; doc->next < doc->n; doc->next++) {
        uint32_t to = doc->next;
        while (to < doc->n && !covers(r, doc, doc->next, to))
            to++;
        if (to == doc->n)
            return false;
        int64_t from = to;
        while (from >= doc->next && !covers(r, doc, (uint32_t)from, to))
            from--;
        if (from < doc->next)
            continue;
        *begin = (uint32_t)from;
        *end = to;
        doc->next = (uint32_t)from + 1;
        return true;
    }
    return false;
}

static float rank_cd(struct ranking *r)
{
    struct document doc = {0};
    double inverse[4], result = 0.0, last = 0.0, distances = 0.0;
    size_t cap = 0;
    uint32_t begin, end;
    int n_covers = 0, length = document_length(&r->vector);
    for (int k = 0; k < 4; k++)
        inverse[k] = 1.0 / r->weights[k];
    gather_spots(r, r->query, &doc, &cap);
    join_spots(r, &doc);
    if (doc.n == 0)
        return 0.0f;
    while (next_cover(r, &doc, &begin, &end)) {
        double sum = 0.0;
        int p = doc.spots[begin].place.position, q = doc.spots[end].place.position;
        for (uint32_t k = begin; k <= end; k++)
            sum += inverse[doc.spots[k].place.weight];
        double density = (double)(end - begin + 1) / sum;
        int noise = (q - p) - (int)(end - begin);
        if (noise < 0)
            noise = (int)(end - begin) / 2;
        result += density / (double)(1 + noise);
        double middle = (double)(q + p) / 2.0;
        if (n_covers > 0 && middle > last)
            distances += 1.0 / (middle - last);
        last = middle;
        n_covers++;
    }
    if ((r->method & NORM_LOG_LENGTH) && r->vector.n > 0)
        result /= log((double)(length + 1));
    if ((r->method & NORM_LENGTH) && length > 0)
        result /= (double)length;
    if ((r->method & NORM_EXTENT_DISTANCE) && n_covers > 0 && distances > 0)
        result /= (double)n_covers / distances;
    if ((r->method & NORM_UNIQUE) && r->vector.n > 0)
        result /= (double)r->vector.n;
    if ((r->method & NORM_LOG_UNIQUE) && r->vector.n > 0)
        result /= log((double)(r->vector.n + 1)) / log(2.0);
    if (r->method & NORM_BELOW_ONE)
        result /= (result + 1);
    return (float)result;
}

/* ---- functions: ([weights,] vector, query [, method]) ---- */

static bool read_weights(struct fcall *c, float *weights)
{
    const struct array *array = array_of(&c->args[0]);
    const struct datum *items = array_items(c->arena, call_type(c, TYPE_FLOAT4), array);
    if (array->ndim != 1)
        return err_set(c->err, ERR_ARRAY_SUBSCRIPT_ERROR,
                       "array of weight must be one-dimensional");
    if (array->n_items < 4)
        return err_set(c->err, ERR_ARRAY_SUBSCRIPT_ERROR, "array of weight is too short");
    for (uint32_t k = 0; k < array->n_items; k++)
        if (items[k].null)
            return err_set(c->err, ERR_NULL_VALUE_NOT_ALLOWED,
                           "array of weight must not contain nulls");
    for (int k = 0; k < 4; k++) {
        weights[k] = items[k].f >= 0 ? (float)items[k].f : default_weights[k];
        if (weights[k] > 1.0)
            return err_set(c->err, ERR_INVALID_PARAMETER_VALUE, "weight out of range");
    }
    return true;
}

static bool open_ranking(struct fcall *c, bool has_weights, struct ranking *r)
{
    int arg = has_weights ? 1 : 0;
    *r = (struct ranking){.c = c, .method = c->n_args > arg + 2 ? ARG_I(c, arg + 2) : 0};
    memcpy(r->weights, default_weights, sizeof(r->weights));
    if (has_weights && !read_weights(c, r->weights))
        return false;
    r->vector = tsvector_of(c->arena, &c->args[arg]);
    r->query = tsquery_of(c->arena, &c->args[arg + 1]);
    unique_words(r);
    return true;
}

static bool run(struct fcall *c, bool has_weights, bool density)
{
    struct ranking r;
    if (!open_ranking(c, has_weights, &r))
        return false;
    if (density && !r.query)
        return return_float(c, 0.0);
    return return_float(c, density ? rank_cd(&r) : rank(&r));
}
static bool ts_rank(struct fcall *c)
{
    return run(c, false, false);
}
static bool ts_rank_weighted(struct fcall *c)
{
    return run(c, true, false);
}
static bool ts_rank_cd(struct fcall *c)
{
    return run(c, false, true);
}
static bool ts_rank_cd_weighted(struct fcall *c)
{
    return run(c, true, true);
}

FUNC_TABLE(tsearch_rank_funcs) = {
    {"ts_rank_tt", ts_rank},
    {"ts_rank_ttf", ts_rank},
    {"ts_rank_wtt", ts_rank_weighted},
    {"ts_rank_wttf", ts_rank_weighted},
    {"ts_rankcd_tt", ts_rank_cd},
    {"ts_rankcd_ttf", ts_rank_cd},
    {"ts_rankcd_wtt", ts_rank_cd_weighted},
    {"ts_rankcd_wttf", ts_rank_cd_weighted},
    {NULL, NULL},
};
