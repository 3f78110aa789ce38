/* tsearch_match.c - does a document satisfy a query?
 *
 * Outside of phrases a query is plain logic.  Inside a phrase every part yields the places where
 * it matches, or (negated) the places where it does not; an AND or a phrase operator pairs
 * places of its sides, shifted so that they meet. */
#include <stdlib.h>
#include <string.h>

#include "func/tsearch_match.h"

struct hits { /* where a part of a phrase matches; ascending */
    uint32_t *places;
    uint32_t n;
    bool negated;  /* everywhere but there */
    int32_t width; /* how far back from its place the match reaches */
};

enum { EMIT_LEFT = 1, EMIT_RIGHT = 2, EMIT_BOTH = 4 };

/* Merges the places of two parts, keeping those that are on the sides asked for. */
static enum ts_truth merge(const struct ts_matcher *m, struct hits *out, const struct hits *a,
                           const struct hits *b, unsigned emit, int32_t shift_a, int32_t shift_b)
{
    uint32_t i = 0, k = 0, n = 0;
    out->places = ARENA_ARRAY(m->arena, uint32_t, a->n + b->n + 1);
    while (i < a->n || k < b->n) {
        int64_t x = i < a->n ? (int64_t)a->places[i] + shift_a : INT64_MAX,
                y = k < b->n ? (int64_t)b->places[k] + shift_b : INT64_MAX;
        unsigned side = x < y ? EMIT_LEFT : x > y ? EMIT_RIGHT : EMIT_BOTH;
        if (side & emit)
            out->places[n++] = (uint32_t)MIN(x, y);
        i += side != EMIT_RIGHT;
        k += side != EMIT_LEFT;
    }
    out->n = n;
    return n ? TS_YES : TS_NO;
}

static enum ts_truth negated(struct hits *out)
{
    out->negated = true;
    return TS_YES;
}

static enum ts_truth phrase(const struct ts_matcher *m, const struct tsquery_node *node,
                            struct hits *out);

static enum ts_truth phrase_and(const struct ts_matcher *m, const struct tsquery_node *node,
                                struct hits *out)
{
    struct hits a = {0}, b = {0};
    enum ts_truth left = phrase(m, node->left, &a);
    if (left == TS_NO)
        return TS_NO;
    enum ts_truth right = phrase(m, node->right, &b);
    if (right == TS_NO)
        return TS_NO;
    if (left == TS_MAYBE || right == TS_MAYBE)
        return TS_MAYBE;
    int32_t shift_a, shift_b = 0;
    if (node->op == TSQUERY_PHRASE) {
        shift_a = node->distance + b.width;
        out->width = node->distance + a.width + b.width;
    } else {
        out->width = MAX(a.width, b.width);
        shift_a = out->width - a.width;
        shift_b = out->width - b.width;
    }
    if (a.negated && b.negated) { /* !a & !b is !(a | b) */
        merge(m, out, &a, &b, EMIT_LEFT | EMIT_RIGHT | EMIT_BOTH, shift_a, shift_b);
        return negated(out);
    }
    return merge(m, out, &a, &b,
                 a.negated   ? EMIT_RIGHT
                 : b.negated ? EMIT_LEFT
                             : EMIT_BOTH,
                 shift_a, shift_b);
}

static enum ts_truth phrase_or(const struct ts_matcher *m, const struct tsquery_node *node,
                               struct hits *out)
{
    struct hits a = {0}, b = {0};
    enum ts_truth left = phrase(m, node->left, &a), right = phrase(m, node->right, &b);
    if (left == TS_NO && right == TS_NO)
        return TS_NO;
    if (left == TS_MAYBE || right == TS_MAYBE)
        return TS_MAYBE;
    if (left == TS_NO)
        a.width = 0;
    if (right == TS_NO)
        b.width = 0;
    out->width = MAX(a.width, b.width);
    int32_t shift_a = out->width - a.width, shift_b = out->width - b.width;
    if (!a.negated && !b.negated)
        return merge(m, out, &a, &b, EMIT_LEFT | EMIT_RIGHT | EMIT_BOTH, shift_a, shift_b);
    /* !a | !b is !(a & b); !a | b is !(a & !b) */
    merge(m, out, &a, &b,
          a.negated && b.negated ? EMIT_BOTH
          : a.negated            ? EMIT_LEFT
                                 : EMIT_RIGHT,
          shift_a, shift_b);
    return negated(out);
}

static enum ts_truth phrase_not(const struct ts_matcher *m, const struct tsquery_node *node,
                                struct hits *out)
{
    enum ts_truth inner = phrase(m, node->right, out);
    if (inner == TS_MAYBE)
        return TS_MAYBE;
    if (inner == TS_NO) {
        out->n = 0;
        return negated(out);
    }
    if (out->n == 0 && out->negated) {
        out->negated = false;
        return TS_NO;
    }
    out->negated = !out->negated;
    return TS_YES;
}

static enum ts_truth phrase(const struct ts_matcher *m, const struct tsquery_node *node,
                            struct hits *out)
{
    switch (node->op) {
    case TSQUERY_WORD:
        return m->word(m, node, &out->places, &out->n);
    case TSQUERY_NOT:
        return phrase_not(m, node, out);
    case TSQUERY_OR:
        return phrase_or(m, node, out);
    case TSQUERY_AND:
    case TSQUERY_PHRASE:
        return phrase_and(m, node, out);
    case TSQUERY_STOP:
        break;
    }
    return TS_NO;
}

enum ts_truth ts_execute(const struct ts_matcher *m, const struct tsquery_node *node)
{
    enum ts_truth left, right;
    struct hits hits = {0};
    switch (node->op) {
    case TSQUERY_WORD:
        return m->word(m, node, NULL, NULL);
    case TSQUERY_NOT:
        right = ts_execute(m, node->right);
        return right == TS_MAYBE ? TS_MAYBE : right == TS_YES ? TS_NO : TS_YES;
    case TSQUERY_AND:
        left = ts_execute(m, node->left);
        if (left == TS_NO)
            return TS_NO;
        right = ts_execute(m, node->right);
        return right == TS_NO ? TS_NO : left == TS_MAYBE ? TS_MAYBE : right;
    case TSQUERY_OR:
        left = ts_execute(m, node->left);
        if (left == TS_YES)
            return TS_YES;
        right = ts_execute(m, node->right);
        return right == TS_YES ? TS_YES : left == TS_MAYBE || right == TS_MAYBE ? TS_MAYBE : TS_NO;
    case TSQUERY_PHRASE: /* without positions there is no telling, and that is no */
        return phrase(m, node, &hits) == TS_YES ? TS_YES : TS_NO;
    case TSQUERY_STOP:
        break;
    }
    return TS_NO;
}

/* ---- documents that are vectors ---- */

void ts_find(const struct tsvector *vector, const struct tsquery_node *word, uint32_t *first,
             uint32_t *n)
{
    bool found;
    *first = tsvector_find(vector, word->text, word->n, &found);
    *n = found;
    if (!word->prefix)
        return;
    for (*n = 0; *first + *n < vector->n; ++*n) {
        const struct ts_lexeme *lexeme = &vector->lexemes[*first + *n];
        if (lexeme->n < word->n || memcmp(lexeme->text, word->text, word->n) != 0)
            break;
    }
}

static int compare_places(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* The places of the lexeme that have a weight asked for; appended. */
static enum ts_truth lexeme_hits(const struct ts_lexeme *lexeme, uint8_t weights, bool want_places,
                                 uint32_t *places, uint32_t *n)
{
    bool any = false;
    if (lexeme->n_places == 0)
        return weights || want_places ? TS_MAYBE : TS_YES;
    for (uint32_t k = 0; k < lexeme->n_places; k++) {
        if (weights && !(weights & 1 << lexeme->places[k].weight))
            continue;
        any = true;
        if (want_places)
            places[(*n)++] = lexeme->places[k].position;
    }
    return any ? TS_YES : TS_NO;
}

static enum ts_truth vector_word(const struct ts_matcher *m, const struct tsquery_node *word,
                                 uint32_t **places, uint32_t *n)
{
    const struct tsvector *vector = m->document;
    enum ts_truth result = TS_NO;
    uint32_t first, count, total = 0;
    ts_find(vector, word, &first, &count);
    for (uint32_t k = 0; k < count; k++)
        total += vector->lexemes[first + k].n_places;
    uint32_t *all = places ? ARENA_ARRAY(m->arena, uint32_t, total + 1) : NULL, n_all = 0;
    for (uint32_t k = 0; k < count; k++) {
        enum ts_truth truth =
            lexeme_hits(&vector->lexemes[first + k], word->weights, places != NULL, all, &n_all);
        if (truth == TS_MAYBE && places)
            return TS_MAYBE;
        if (truth == TS_YES || (truth == TS_MAYBE && result == TS_NO))
            result = truth;
        if (result == TS_YES && !places)
            return TS_YES;
    }
    if (places) {
        if (count > 1)
            qsort(all, n_all, sizeof(uint32_t), compare_places);
        uint32_t unique = 0;
        for (uint32_t k = 0; k < n_all; k++)
            if (!unique || all[unique - 1] != all[k])
                all[unique++] = all[k];
        *places = all;
        *n = unique;
    }
    return result;
}

bool ts_match(const struct tsvector *vector, const struct tsquery_node *query)
{
    if (!query)
        return false;
    struct arena *scratch = arena_new("text search");
    struct ts_matcher m = {.arena = scratch, .word = vector_word, .document = vector};
    bool matches = ts_execute(&m, query) != TS_NO;
    arena_free(scratch);
    return matches;
}
