/* tsvector.h - sorted lexemes with their positions in a document.
 *
 * A tsvector value is its canonical text, what its output function prints ('cat':3 'fat':2,4A);
 * functions parse it. */
#ifndef SHARDLITE_TYPES_TSVECTOR_H
#define SHARDLITE_TYPES_TSVECTOR_H

#include "types/type.h"

#define TS_LEXEME_BYTES_MAX 2047
#define TS_POSITION_MAX 16383
#define TS_POSITIONS_MAX 255 /* per lexeme */
enum ts_weight { TS_WEIGHT_D, TS_WEIGHT_C, TS_WEIGHT_B, TS_WEIGHT_A };

struct ts_place {
    uint16_t position; /* from 1 */
    uint8_t weight;
};
struct ts_lexeme {
    const char *text;
    uint32_t n;
    uint32_t n_places;       /* 0: positions are not known */
    struct ts_place *places; /* ascending */
};
struct tsvector {
    struct ts_lexeme *lexemes; /* sorted by bytes, each once */
    uint32_t n;
};

/* From the canonical text; borrows from it. */
struct tsvector tsvector_of(struct arena *arena, const struct datum *value);
/* Sorts lexemes, joins equal ones and their places. */
void tsvector_finish(struct arena *arena, struct tsvector *vector);
void tsvector_print(const struct tsvector *vector, struct buf *out);
struct datum tsvector_datum(struct arena *arena, const struct tsvector *vector);
/* Index of the lexeme, or where it would be with *found false. */
uint32_t tsvector_find(const struct tsvector *vector, const char *text, size_t n, bool *found);
int ts_weight_of(char letter); /* 'A'..'D' in either case; -1 */

/* One word of tsvector or tsquery input: quotes and backslashes.  Shared by the two input
 * functions. */
struct ts_reader {
    const char *text, *p, *end;
    size_t n_text;
    struct arena *arena;
    struct err *err;
    bool query; /* operators end a word, positions are not read */
    bool web;   /* quotes and colons are nothing special */
    const char *type_name;
};
/* False at the end of the text (err not filled) and on errors (*failed). */
bool ts_read_word(struct ts_reader *r, struct buf *word, bool *failed);
bool ts_syntax_error(struct ts_reader *r);

#endif
