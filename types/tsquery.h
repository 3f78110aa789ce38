/* tsquery.h - queries over lexemes: words, !, &, | and <N>.
 *
 * A tsquery value is its canonical text ('fat' & ( 'rat' | 'cat' )); functions parse it. */
#ifndef SHARDLITE_TYPES_TSQUERY_H
#define SHARDLITE_TYPES_TSQUERY_H

#include "types/tsvector.h"

enum tsquery_op {
    TSQUERY_WORD,
    TSQUERY_STOP,
    TSQUERY_OR,
    TSQUERY_AND,
    TSQUERY_PHRASE,
    TSQUERY_NOT
};

struct tsquery_node {
    enum tsquery_op op;
    int32_t distance;                  /* of a phrase */
    struct tsquery_node *left, *right; /* NOT has right only */
    const char *text;                  /* of a word */
    uint32_t n;
    uint8_t weights; /* 1 << enum ts_weight; 0: any */
    bool prefix;
};

/* What to make of a word in the text; returns the node, or NULL on error. */
typedef struct tsquery_node *(*tsquery_word_fn)(void *arg, const char *text, size_t n,
                                                uint8_t weights, bool prefix);

/* *root NULL: there is nothing in it.  `word` NULL: words stand as they are. */
MUST_CHECK bool tsquery_parse(struct arena *arena, struct err *err, const char *text, size_t n,
                              tsquery_word_fn word, void *arg, struct tsquery_node **root);
struct tsquery_node *tsquery_of(struct arena *arena, const struct datum *value); /* NULL: empty */
struct tsquery_node *tsquery_new(struct arena *arena, enum tsquery_op op, struct tsquery_node *left,
                                 struct tsquery_node *right);
void tsquery_print(const struct tsquery_node *root, struct buf *out);
struct datum tsquery_datum(struct arena *arena, const struct tsquery_node *root);
uint32_t tsquery_count(const struct tsquery_node *root); /* nodes */
/* PostgreSQL's order of words: by a checksum first, greater ones in front. */
int32_t tsquery_word_crc(const struct tsquery_node *word);
int tsquery_compare_words(const struct tsquery_node *a, const struct tsquery_node *b);
int tsquery_compare(const struct tsquery_node *a, const struct tsquery_node *b);
/* Reads "<->" or "<N>" at *p. */
bool tsquery_read_phrase(const char **p, const char *end, struct err *err, int32_t *distance,
                         bool *failed);

#endif
