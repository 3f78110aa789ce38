/* tsearch_dict.c - the built-in configurations: which dictionary takes which token, stop words,
 * stemming (libstemmer).
 *
 * A configuration "english" has one dictionary of its own, english_stem, which takes words;
 * numbers, hosts, paths and the like go to the dictionary simple, which only puts them in lower
 * case; blanks, tags, entities and protocols go nowhere. */
#include <libstemmer.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "func/call.h"
#include "func/tsearch.h"
#include "func/tsearch_stop.h"
#include "func/utf8.h"

/* PostgreSQL 15's OIDs; a dictionary's comes before its configuration's. */
static const struct ts_config configs[] = {
    {3748, 0, "simple", NULL},
    {13152, 13151, "arabic", NULL},
    {13154, 13153, "armenian", NULL},
    {13156, 13155, "basque", NULL},
    {13158, 13157, "catalan", NULL},
    {13160, 13159, "danish", ts_stop_danish},
    {13162, 13161, "dutch", ts_stop_dutch},
    {13164, 13163, "english", ts_stop_english},
    {13166, 13165, "finnish", ts_stop_finnish},
    {13168, 13167, "french", ts_stop_french},
    {13170, 13169, "german", ts_stop_german},
    {13172, 13171, "greek", NULL},
    {13174, 13173, "hindi", NULL},
    {13176, 13175, "hungarian", ts_stop_hungarian},
    {13178, 13177, "indonesian", NULL},
    {13180, 13179, "irish", NULL},
    {13182, 13181, "italian", ts_stop_italian},
    {13184, 13183, "lithuanian", NULL},
    {13186, 13185, "nepali", ts_stop_nepali},
    {13188, 13187, "norwegian", ts_stop_norwegian},
    {13190, 13189, "portuguese", ts_stop_portuguese},
    {13192, 13191, "romanian", NULL},
    {13194, 13193, "russian", ts_stop_russian},
    {13196, 13195, "serbian", NULL},
    {13198, 13197, "spanish", ts_stop_spanish},
    {13200, 13199, "swedish", ts_stop_swedish},
    {13202, 13201, "tamil", NULL},
    {13204, 13203, "turkish", ts_stop_turkish},
    {13206, 13205, "yiddish", NULL},
};
#define CONFIG_ENGLISH 13164
#define DICT_ENGLISH 13163

const struct ts_config *ts_config_by_oid(struct fcall *c, uint32_t oid)
{
    for (size_t k = 0; k < ARRAY_COUNT(configs); k++)
        if (configs[k].oid == oid)
            return &configs[k];
    err_set(c->err, ERR_INTERNAL_ERROR, "cache lookup failed for text search configuration %u",
            oid);
    return NULL;
}

/* The session's default_text_search_config, "pg_catalog.english" unless it was set. */
const struct ts_config *ts_config_default(struct fcall *c)
{
    const char *name = c->env->settings->text_search_config,
               *dot = name ? strrchr(name, '.') : NULL;
    if (!name)
        return ts_config_by_oid(c, CONFIG_ENGLISH);
    if (dot)
        name = dot + 1;
    for (size_t k = 0; k < ARRAY_COUNT(configs); k++)
        if (strcmp(configs[k].name, name) == 0)
            return &configs[k];
    err_set(c->err, ERR_UNDEFINED_OBJECT, "text search configuration \"%s\" does not exist", name);
    return NULL;
}

uint32_t ts_config_dict(const struct ts_config *config, enum ts_token_type type)
{
    switch (type) {
    case TS_BLANK:
    case TS_TAG:
    case TS_PROTOCOL:
    case TS_ENTITY:
        return 0;
    case TS_ASCIIWORD:
    case TS_ASCIIHWORD:
    case TS_HWORD_ASCIIPART:
        /* Words in Latin letters among Russian or Hindi ones are English. */
        if (strcmp(config->name, "russian") == 0 || strcmp(config->name, "hindi") == 0)
            return DICT_ENGLISH;
        return config->dict_oid ? config->dict_oid : TS_DICT_SIMPLE;
    case TS_WORD:
    case TS_HWORD:
    case TS_HWORD_PART:
        return config->dict_oid ? config->dict_oid : TS_DICT_SIMPLE;
    case TS_NUMWORD:
    case TS_EMAIL:
    case TS_URL:
    case TS_HOST:
    case TS_SFLOAT:
    case TS_VERSION:
    case TS_HWORD_NUMPART:
    case TS_NUMHWORD:
    case TS_URL_PATH:
    case TS_FILE:
    case TS_FLOAT:
    case TS_INT:
    case TS_UINT:
        break;
    }
    return TS_DICT_SIMPLE;
}

/* Stemmers are stateful: each thread has its own, made when first needed, freed when it ends. */
struct stemmers {
    struct sb_stemmer *of[ARRAY_COUNT(configs)];
};

static pthread_key_t stemmers_key;
static pthread_once_t stemmers_once = PTHREAD_ONCE_INIT;

static void stemmers_free(void *arg)
{
    struct stemmers *stemmers = arg;
    for (size_t k = 0; k < ARRAY_COUNT(configs); k++)
        if (stemmers->of[k])
            sb_stemmer_delete(stemmers->of[k]);
    free(stemmers);
}

static void make_stemmers_key(void)
{
    ASSERT(pthread_key_create(&stemmers_key, stemmers_free) == 0);
}

/* NULL: no such stemmer, or no memory. */
static struct sb_stemmer *stemmer_of(size_t config_index)
{
    pthread_once(&stemmers_once, make_stemmers_key);
    struct stemmers *stemmers = pthread_getspecific(stemmers_key);
    if (!stemmers) {
        stemmers = calloc(1, sizeof(*stemmers));
        if (!stemmers || pthread_setspecific(stemmers_key, stemmers) != 0) {
            free(stemmers);
            return NULL;
        }
    }
    if (!stemmers->of[config_index])
        stemmers->of[config_index] = sb_stemmer_new(configs[config_index].name, "UTF_8");
    return stemmers->of[config_index];
}

static bool is_stop_word(struct arena *arena, const char *stop_words, const struct buf *word)
{
    if (!stop_words || word->n == 0)
        return false;
    struct buf blanked = BUF_IN(arena);
    buf_putc(&blanked, ' ');
    buf_append(&blanked, word->p, word->n);
    buf_putc(&blanked, ' ');
    return memmem(stop_words, strlen(stop_words), blanked.p, blanked.n) != NULL;
}

#define STEM_BYTES_MAX 1000

bool ts_lexize(struct fcall *c, uint32_t dict_oid, const char *p, size_t n, struct datum *out)
{
    struct buf word = BUF_IN(c->arena);
    text_lower(&word, p, n);
    *out = datum_bytes(word.p, word.n);
    if (dict_oid == TS_DICT_SIMPLE)
        return true;
    size_t index = 0;
    while (index < ARRAY_COUNT(configs) && configs[index].dict_oid != dict_oid)
        index++;
    if (index == ARRAY_COUNT(configs))
        return err_set(c->err, ERR_INTERNAL_ERROR,
                       "cache lookup failed for text search dictionary %u", dict_oid);
    if (word.n > STEM_BYTES_MAX)
        return true;
    if (is_stop_word(c->arena, configs[index].stop_words, &word)) {
        *out = datum_bytes("", 0);
        return true;
    }
    struct sb_stemmer *stemmer = stemmer_of(index);
    if (!stemmer)
        return err_set(c->err, ERR_FEATURE_NOT_SUPPORTED, "no stemmer for language \"%s\"",
                       configs[index].name);
    const sb_symbol *stem = sb_stemmer_stem(stemmer, (const sb_symbol *)word.p, (int)word.n);
    if (!stem)
        return err_set(c->err, ERR_OUT_OF_MEMORY, "out of memory");
    *out = bytes_in(c->arena, stem, (size_t)sb_stemmer_length(stemmer));
    return true;
}

bool ts_words_add(struct fcall *c, const struct ts_config *config, const char *text, size_t n,
                  struct ts_words *words)
{
    struct ts_tokens tokens;
    struct ts_token token;
    ts_tokens_open(&tokens, text, n);
    while (ts_tokens_next(&tokens, &token)) {
        uint32_t dict = ts_config_dict(config, token.type);
        struct datum lexeme;
        if (!dict ||
            token.n > TS_LEXEME_BYTES_MAX) /* PostgreSQL gives a notice for what is too long */
            continue;
        if (!ts_lexize(c, dict, token.p, token.n, &lexeme))
            return false;
        words->position++;
        struct ts_word word = {lexeme.p, lexeme.n, MIN(words->position, TS_POSITION_MAX)};
        if (lexeme.n)
            VEC_PUSH(c->arena, &words->list, word);
    }
    return true;
}

struct datum ts_words_vector(struct fcall *c, const struct ts_words *words)
{
    struct tsvector vector = {.lexemes = ARENA_ARRAY(c->arena, struct ts_lexeme, words->list.n + 1),
                              .n = (uint32_t)words->list.n};
    struct ts_place *places = ARENA_ARRAY(c->arena, struct ts_place, words->list.n + 1);
    for (size_t k = 0; k < words->list.n; k++) {
        const struct ts_word *word = &words->list.items[k];
        places[k].position = (uint16_t)word->position;
        vector.lexemes[k] =
            (struct ts_lexeme){.text = word->p, .n = word->n, .n_places = 1, .places = &places[k]};
    }
    tsvector_finish(c->arena, &vector);
    return tsvector_datum(c->arena, &vector);
}
