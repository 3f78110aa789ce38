/* tsearch.h - text search: tokens, configurations, and words on their way to a tsvector or a
 * tsquery. */
#ifndef SHARDLITE_FUNC_TSEARCH_H
#define SHARDLITE_FUNC_TSEARCH_H

#include "func/func.h"
#include "types/tsquery.h"
#include "types/tsvector.h"

/* The token types of PostgreSQL's default parser, by its numbers. */
enum ts_token_type {
    TS_ASCIIWORD = 1,
    TS_WORD,
    TS_NUMWORD,
    TS_EMAIL,
    TS_URL,
    TS_HOST,
    TS_SFLOAT,
    TS_VERSION,
    TS_HWORD_NUMPART,
    TS_HWORD_PART,
    TS_HWORD_ASCIIPART,
    TS_BLANK,
    TS_TAG,
    TS_PROTOCOL,
    TS_NUMHWORD,
    TS_ASCIIHWORD,
    TS_HWORD,
    TS_URL_PATH,
    TS_FILE,
    TS_FLOAT,
    TS_INT,
    TS_UINT,
    TS_ENTITY,
};

struct ts_token {
    enum ts_token_type type;
    const char *p; /* borrowed from the text */
    size_t n;
};

/* Cuts a text into tokens; parts of hyphenated words, and of URLs, follow the whole. */
struct ts_tokens {
    const char *p, *end;
    const char *part_end; /* inside a hyphenated word whose parts are being given: where it ends */
    struct ts_token queue[2]; /* host and path of a URL */
    int n_queue;
};
void ts_tokens_open(struct ts_tokens *tokens, const char *text, size_t n);
bool ts_tokens_next(struct ts_tokens *tokens, struct ts_token *token);
const char *ts_token_alias(int type);
const char *ts_token_description(int type);

/* ---- configurations and dictionaries ---- */

struct ts_config {
    uint32_t oid, dict_oid; /* its stemming dictionary; 0 for simple */
    const char *name;       /* "english": also the stemmer's */
    const char *stop_words; /* separated by blanks; NULL: none */
};
#define TS_DICT_SIMPLE 3765
/* NULL with the error filled in. */
MUST_CHECK const struct ts_config *ts_config_by_oid(struct fcall *c, uint32_t oid);
MUST_CHECK const struct ts_config *ts_config_default(struct fcall *c);
/* The word in the dictionary's form, in c->arena; n 0: a stop word.  `dict_oid` is
 * TS_DICT_SIMPLE or a config's. */
MUST_CHECK bool ts_lexize(struct fcall *c, uint32_t dict_oid, const char *p, size_t n,
                          struct datum *out);
/* The dictionary that a configuration sends tokens of this type to; 0: none, they are dropped. */
uint32_t ts_config_dict(const struct ts_config *config, enum ts_token_type type);

/* A text's words with their positions, stop words left out but counted. */
struct ts_word {
    const char *p;
    uint32_t n;
    uint32_t position;
};
struct ts_words {
    VEC(struct ts_word) list;
    uint32_t position;
};
MUST_CHECK bool ts_words_add(struct fcall *c, const struct ts_config *config, const char *text,
                             size_t n, struct ts_words *words);
struct datum ts_words_vector(struct fcall *c, const struct ts_words *words);

/* Does a word of the vector match?  Does the vector match? */
bool ts_match(const struct tsvector *vector, const struct tsquery_node *query);
/* The lexemes that a query word stands for: [*first, *first + *n). */
void ts_find(const struct tsvector *vector, const struct tsquery_node *word, uint32_t *first,
             uint32_t *n);

#endif
