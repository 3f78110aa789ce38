/* tsearch_vector.c - functions over tsvector, and to_tsvector. */
#include <string.h>

#include "func/call.h"
#include "func/tsearch.h"
#include "types/array.h"
#include "types/json.h"

static struct tsvector vector_arg(struct fcall *c, int arg)
{
    return tsvector_of(c->arena, &c->args[arg]);
}
static bool return_vector(struct fcall *c, const struct tsvector *vector)
{
    c->result = tsvector_datum(c->arena, vector);
    return true;
}

/* ---- comparison ---- */

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

/* ---- making vectors ---- */

static const struct ts_config *config_of(struct fcall *c, bool given)
{
    return given ? ts_config_by_oid(c, (uint32_t)ARG_I(c, 0)) : ts_config_default(c);
}

static bool text_to_vector(struct fcall *c, bool with_config)
{
    const struct ts_config *config = config_of(c, with_config);
    struct ts_words words = {0};
    int arg = with_config ? 1 : 0;
    if (!config || !ts_words_add(c, config, ARG_P(c, arg), ARG_N(c, arg), &words))
        return false;
    c->result = ts_words_vector(c, &words);
    return true;
}
static bool to_tsvector(struct fcall *c)
{
    return text_to_vector(c, false);
}
static bool to_tsvector_by_oid(struct fcall *c)
{
    return text_to_vector(c, true);
}

enum { TAKE_STRING = 1, TAKE_NUMBER = 2, TAKE_BOOL = 4, TAKE_KEY = 8 };

/* Values of different items are not next to each other. */
static bool add_item(struct fcall *c, const struct ts_config *config, const char *text, size_t n,
                     struct ts_words *words)
{
    size_t before = words->list.n;
    if (!ts_words_add(c, config, text, n, words))
        return false;
    if (words->list.n > before)
        words->position++;
    return true;
}

static bool add_json(struct fcall *c, const struct ts_config *config, const struct json *v,
                     unsigned take, struct ts_words *words)
{
    switch ((enum json_kind)v->kind) {
    case JSON_STRING:
        return !(take & TAKE_STRING) || add_item(c, config, v->text, v->n, words);
    case JSON_NUMBER:
        return !(take & TAKE_NUMBER) || add_item(c, config, v->text, v->n, words);
    case JSON_BOOL:
        return !(take & TAKE_BOOL) ||
               add_item(c, config, v->truth ? "true" : "false", v->truth ? 4 : 5, words);
    case JSON_ARRAY:
        for (uint32_t k = 0; k < v->n; k++)
            if (!add_json(c, config, &v->items[k], take, words))
                return false;
        return true;
    case JSON_OBJECT:
        for (uint32_t k = 0; k < v->n; k++) {
            const struct json_member *m = &v->members[k];
            if ((take & TAKE_KEY) && !add_item(c, config, m->key, m->n_key, words))
                return false;
            if (!add_json(c, config, &m->value, take, words))
                return false;
        }
        return true;
    case JSON_NULL:
    case JSON_DATETIME:
        break;
    }
    return true;
}

static bool json_vector(struct fcall *c, bool with_config, unsigned take)
{
    const struct ts_config *config = config_of(c, with_config);
    struct ts_words words = {0};
    int arg = with_config ? 1 : 0;
    const struct json *tree =
        config ? json_parse(c->arena, ARG_P(c, arg), ARG_N(c, arg), c->err) : NULL;
    if (!tree || !add_json(c, config, tree, take, &words))
        return false;
    c->result = ts_words_vector(c, &words);
    return true;
}
static bool json_strings(struct fcall *c)
{
    return json_vector(c, false, TAKE_STRING);
}
static bool json_strings_by_oid(struct fcall *c)
{
    return json_vector(c, true, TAKE_STRING);
}

static bool take_flag(struct fcall *c, const struct json *flag, unsigned *take)
{
    static const struct {
        const char *name;
        unsigned take;
    } flags[] = {{"all", 15},
                 {"key", TAKE_KEY},
                 {"string", TAKE_STRING},
                 {"numeric", TAKE_NUMBER},
                 {"boolean", TAKE_BOOL}};
    if (flag->kind == JSON_STRING)
        for (size_t k = 0; k < ARRAY_COUNT(flags); k++)
            if (strlen(flags[k].name) == flag->n &&
                strncasecmp(flags[k].name, flag->text, flag->n) == 0) {
                *take |= flags[k].take;
                return true;
            }
    if (flag->kind != JSON_STRING)
        err_set(c->err, ERR_INVALID_PARAMETER_VALUE, "flag array element is not a string");
    else
        err_set(c->err, ERR_INVALID_PARAMETER_VALUE, "wrong flag in flag array: \"%.*s\"",
                (int)flag->n, flag->text);
    return err_hint(
        c->err, "Possible values are: \"string\", \"numeric\", \"boolean\", \"key\", and \"all\".");
}

/* The filter of json_to_tsvector: a flag or an array of flags. */
static bool json_filtered(struct fcall *c, bool with_config)
{
    int arg = with_config ? 2 : 1;
    unsigned take = 0;
    const struct json *filter = jsonb_tree(c->arena, &c->args[arg], c->err);
    if (!filter)
        return false;
    if (filter->kind == JSON_OBJECT)
        return err_set(c->err, ERR_INVALID_PARAMETER_VALUE,
                       "wrong flag type, only arrays and scalars are allowed");
    if (filter->kind != JSON_ARRAY && !take_flag(c, filter, &take))
        return false;
    for (uint32_t k = 0; filter->kind == JSON_ARRAY && k < filter->n; k++)
        if (!take_flag(c, &filter->items[k], &take))
            return false;
    return json_vector(c, with_config, take);
}
static bool json_to_tsvector(struct fcall *c)
{
    return json_filtered(c, false);
}
static bool json_to_tsvector_by_oid(struct fcall *c)
{
    return json_filtered(c, true);
}

static bool array_to_tsvector(struct fcall *c)
{
    const struct array *array = array_of(&c->args[0]);
    const struct datum *items = array_items(c->arena, call_type(c, TYPE_TEXT), array);
    struct tsvector vector = {.lexemes =
                                  ARENA_ARRAY(c->arena, struct ts_lexeme, array->n_items + 1),
                              .n = array->n_items};
    for (uint32_t k = 0; k < array->n_items; k++) {
        if (items[k].null)
            return err_set(c->err, ERR_NULL_VALUE_NOT_ALLOWED,
                           "lexeme array may not contain nulls");
        if (items[k].n == 0)
            return err_set(c->err, ERR_ZERO_LENGTH_CHARACTER_STRING,
                           "lexeme array may not contain empty strings");
        vector.lexemes[k] = (struct ts_lexeme){.text = items[k].p, .n = items[k].n};
    }
    tsvector_finish(c->arena, &vector);
    return return_vector(c, &vector);
}

/* ---- taking vectors apart ---- */

static bool length(struct fcall *c)
{
    return return_int(c, vector_arg(c, 0).n);
}

static bool strip(struct fcall *c)
{
    struct tsvector vector = vector_arg(c, 0);
    for (uint32_t k = 0; k < vector.n; k++)
        vector.lexemes[k].n_places = 0;
    return return_vector(c, &vector);
}

static bool to_array(struct fcall *c)
{
    struct tsvector vector = vector_arg(c, 0);
    struct datum *items = ARENA_ARRAY(c->arena, struct datum, vector.n + 1);
    for (uint32_t k = 0; k < vector.n; k++)
        items[k] = datum_bytes(vector.lexemes[k].text, vector.lexemes[k].n);
    c->result = array_build_1d(c->arena, call_type(c, TYPE_TEXT), items, vector.n);
    return true;
}

static bool unnest(struct fcall *c)
{
    bool is_new;
    struct row_list *list = row_list_of(c, 3, &is_new);
    struct tsvector vector = is_new ? vector_arg(c, 0) : (struct tsvector){0};
    for (uint32_t k = 0; k < vector.n; k++) {
        const struct ts_lexeme *lexeme = &vector.lexemes[k];
        struct datum *row = row_list_add(list);
        row[0] = bytes_in(c->site_arena, lexeme->text, lexeme->n);
        if (!lexeme->n_places)
            continue;
        struct datum *positions = ARENA_ARRAY(c->arena, struct datum, lexeme->n_places);
        struct datum *weights = ARENA_ARRAY(c->arena, struct datum, lexeme->n_places);
        for (uint32_t p = 0; p < lexeme->n_places; p++) {
            positions[p] = datum_int(lexeme->places[p].position);
            weights[p] = datum_bytes(&"DCBA"[lexeme->places[p].weight], 1);
        }
        row[1] =
            array_build_1d(c->site_arena, call_type(c, TYPE_INT2), positions, lexeme->n_places);
        row[2] = array_build_1d(c->site_arena, call_type(c, TYPE_TEXT), weights, lexeme->n_places);
    }
    return row_list_emit(c, list);
}

/* ---- weights ---- */

static bool bad_weight(struct fcall *c, int64_t letter)
{
    bool ascii = letter > 0 && letter < 0x80;
    return err_set(c->err, ERR_INVALID_PARAMETER_VALUE,
                   ascii ? "unrecognized weight: \"%c\"" : "unrecognized weight: \"\\%03o\"",
                   (int)(letter & 0xff));
}

static bool read_weight(struct fcall *c, int64_t letter, int *weight)
{
    *weight = ts_weight_of((char)letter);
    if (*weight >= 0)
        return true;
    return bad_weight(c, letter);
}

static void set_weight(struct ts_lexeme *lexeme, int weight)
{
    for (uint32_t p = 0; p < lexeme->n_places; p++)
        lexeme->places[p].weight = (uint8_t)weight;
}

static bool setweight(struct fcall *c)
{
    struct tsvector vector = vector_arg(c, 0);
    int weight;
    if (!read_weight(c, ARG_I(c, 1), &weight))
        return false;
    for (uint32_t k = 0; k < vector.n; k++)
        set_weight(&vector.lexemes[k], weight);
    return return_vector(c, &vector);
}

static bool setweight_of(struct fcall *c)
{
    struct tsvector vector = vector_arg(c, 0);
    const struct array *array = array_of(&c->args[2]);
    const struct datum *items = array_items(c->arena, call_type(c, TYPE_TEXT), array);
    int weight;
    bool found;
    if (!read_weight(c, ARG_I(c, 1), &weight))
        return false;
    for (uint32_t k = 0; k < array->n_items; k++) {
        if (items[k].null)
            return err_set(c->err, ERR_NULL_VALUE_NOT_ALLOWED,
                           "lexeme array may not contain nulls");
        uint32_t at = tsvector_find(&vector, items[k].p, items[k].n, &found);
        if (found)
            set_weight(&vector.lexemes[at], weight);
    }
    return return_vector(c, &vector);
}

static bool filter(struct fcall *c)
{
    struct tsvector vector = vector_arg(c, 0);
    const struct array *array = array_of(&c->args[1]);
    const struct datum *items = array_items(c->arena, call_type(c, TYPE_CHAR), array);
    unsigned keep = 0;
    for (uint32_t k = 0; k < array->n_items; k++) {
        if (items[k].null)
            return err_set(c->err, ERR_NULL_VALUE_NOT_ALLOWED,
                           "weight array may not contain nulls");
        int weight = ts_weight_of((char)items[k].i);
        if (weight < 0)
            return bad_weight(c, items[k].i);
        keep |= 1u << weight;
    }
    uint32_t n = 0;
    for (uint32_t k = 0; k < vector.n; k++) {
        struct ts_lexeme lexeme = vector.lexemes[k];
        uint32_t n_places = 0;
        for (uint32_t p = 0; p < lexeme.n_places; p++)
            if (keep & 1u << lexeme.places[p].weight)
                lexeme.places[n_places++] = lexeme.places[p];
        lexeme.n_places = n_places;
        if (n_places)
            vector.lexemes[n++] = lexeme;
    }
    vector.n = n;
    return return_vector(c, &vector);
}

/* ---- deletion, concatenation ---- */

static bool delete_words(struct fcall *c, const struct datum *words, uint32_t n_words)
{
    struct tsvector vector = vector_arg(c, 0);
    for (uint32_t k = 0; k < n_words; k++) {
        bool found;
        if (words[k].null)
            continue;
        uint32_t at = tsvector_find(&vector, words[k].p, words[k].n, &found);
        if (!found)
            continue;
        vector.n--;
        memmove(&vector.lexemes[at], &vector.lexemes[at + 1],
                (vector.n - at) * sizeof(vector.lexemes[0]));
    }
    return return_vector(c, &vector);
}
static bool delete_word(struct fcall *c)
{
    return delete_words(c, &c->args[1], 1);
}
static bool delete_array(struct fcall *c)
{
    const struct array *array = array_of(&c->args[1]);
    return delete_words(c, array_items(c->arena, call_type(c, TYPE_TEXT), array), array->n_items);
}

/* Places of the second vector go after all of the first. */
static bool concat(struct fcall *c)
{
    struct tsvector a = vector_arg(c, 0), b = vector_arg(c, 1);
    struct tsvector both = {.lexemes = ARENA_ARRAY(c->arena, struct ts_lexeme, a.n + b.n + 1),
                            .n = a.n + b.n};
    uint32_t last = 0;
    for (uint32_t k = 0; k < a.n; k++) {
        both.lexemes[k] = a.lexemes[k];
        if (a.lexemes[k].n_places)
            last = MAX(last, a.lexemes[k].places[a.lexemes[k].n_places - 1].position);
    }
    for (uint32_t k = 0; k < b.n; k++) {
        struct ts_lexeme *lexeme = &b.lexemes[k];
        for (uint32_t p = 0; p < lexeme->n_places; p++)
            lexeme->places[p].position =
                (uint16_t)MIN(lexeme->places[p].position + last, TS_POSITION_MAX);
        both.lexemes[a.n + k] = *lexeme;
    }
    tsvector_finish(c->arena, &both);
    return return_vector(c, &both);
}

/* ---- tokens and dictionaries ---- */

#define DEFAULT_PARSER 3722

static bool parse_rows(struct fcall *c)
{
    bool is_new;
    struct row_list *list = row_list_of(c, 2, &is_new);
    struct ts_tokens tokens;
    struct ts_token token;
    if (is_new) {
        ts_tokens_open(&tokens, ARG_P(c, 1), ARG_N(c, 1));
        while (ts_tokens_next(&tokens, &token)) {
            struct datum *row = row_list_add(list);
            row[0] = datum_int(token.type);
            row[1] = bytes_in(c->site_arena, token.p, token.n);
        }
    }
    return row_list_emit(c, list);
}

static bool is_default_parser(struct fcall *c)
{
    return (ARG_N(c, 0) == 7 && memcmp(ARG_P(c, 0), "default", 7) == 0) ||
           (ARG_N(c, 0) == 18 && memcmp(ARG_P(c, 0), "pg_catalog.default", 18) == 0) ||
           err_set(c->err, ERR_UNDEFINED_OBJECT, "text search parser \"%.*s\" does not exist",
                   (int)ARG_N(c, 0), ARG_P(c, 0));
}
static bool parser_oid_is_default(struct fcall *c)
{
    return ARG_I(c, 0) == DEFAULT_PARSER ||
           err_set(c->err, ERR_INTERNAL_ERROR, "cache lookup failed for text search parser %u",
                   (uint32_t)ARG_I(c, 0));
}
static bool ts_parse_by_name(struct fcall *c)
{
    return is_default_parser(c) && parse_rows(c);
}
static bool ts_parse_by_oid(struct fcall *c)
{
    return parser_oid_is_default(c) && parse_rows(c);
}

static bool token_type_rows(struct fcall *c)
{
    bool is_new;
    struct row_list *list = row_list_of(c, 3, &is_new);
    for (int type = TS_ASCIIWORD; is_new && type <= TS_ENTITY; type++) {
        struct datum *row = row_list_add(list);
        row[0] = datum_int(type);
        row[1] = datum_bytes(ts_token_alias(type), strlen(ts_token_alias(type)));
        row[2] = datum_bytes(ts_token_description(type), strlen(ts_token_description(type)));
    }
    return row_list_emit(c, list);
}
static bool ts_token_type_by_name(struct fcall *c)
{
    return is_default_parser(c) && token_type_rows(c);
}
static bool ts_token_type_by_oid(struct fcall *c)
{
    return parser_oid_is_default(c) && token_type_rows(c);
}

static bool lexize(struct fcall *c)
{
    struct datum lexeme;
    if (!ts_lexize(c, (uint32_t)ARG_I(c, 0), ARG_P(c, 1), ARG_N(c, 1), &lexeme))
        return false;
    c->result = array_build_1d(c->arena, call_type(c, TYPE_TEXT), &lexeme, lexeme.n ? 1 : 0);
    return true;
}

static bool current_config(struct fcall *c)
{
    const struct ts_config *config = ts_config_default(c);
    return config && return_int(c, config->oid);
}

/* What becomes of each token: its type, the dictionaries it may go to, the one that took it, and
 * the lexemes. */
static bool debug_row(struct fcall *c, const struct ts_config *config, const struct ts_token *token,
                      struct row_list *list)
{
    uint32_t dict = ts_config_dict(config, token->type);
    struct datum dict_oid = datum_int(dict), lexeme;
    struct datum *row = row_list_add(list);
    row[0] = datum_bytes(ts_token_alias(token->type), strlen(ts_token_alias(token->type)));
    row[1] =
        datum_bytes(ts_token_description(token->type), strlen(ts_token_description(token->type)));
    row[2] = bytes_in(list->arena, token->p, token->n);
    row[3] = array_build_1d(list->arena, call_type(c, TYPE_REGDICTIONARY), &dict_oid, dict ? 1 : 0);
    if (!dict)
        return true;
    if (!ts_lexize(c, dict, token->p, token->n, &lexeme))
        return false;
    row[4] = dict_oid;
    row[5] = array_build_1d(list->arena, call_type(c, TYPE_TEXT), &lexeme, lexeme.n ? 1 : 0);
    return true;
}

static bool ts_debug(struct fcall *c)
{
    bool is_new;
    struct row_list *list = row_list_of(c, 6, &is_new);
    int arg = c->n_args > 1 ? 1 : 0;
    struct ts_tokens tokens;
    struct ts_token token;
    if (is_new) {
        const struct ts_config *config = config_of(c, arg == 1);
        if (!config)
            return false;
        ts_tokens_open(&tokens, ARG_P(c, arg), ARG_N(c, arg));
        while (ts_tokens_next(&tokens, &token))
            if (!debug_row(c, config, &token, list))
                return false;
    }
    return row_list_emit(c, list);
}

FUNC_TABLE(tsearch_vector_funcs) = {
    {"ts_debug(regconfig,text)", ts_debug},
    {"ts_debug(text)", ts_debug},
    {"tsvector_eq", eq},
    {"tsvector_ne", ne},
    {"tsvector_lt", lt},
    {"tsvector_le", le},
    {"tsvector_gt", gt},
    {"tsvector_ge", ge},
    {"tsvector_cmp", cmp},
    {"to_tsvector", to_tsvector},
    {"to_tsvector_byid", to_tsvector_by_oid},
    {"json_string_to_tsvector", json_strings},
    {"json_string_to_tsvector_byid", json_strings_by_oid},
    {"jsonb_string_to_tsvector", json_strings},
    {"jsonb_string_to_tsvector_byid", json_strings_by_oid},
    {"json_to_tsvector", json_to_tsvector},
    {"json_to_tsvector_byid", json_to_tsvector_by_oid},
    {"jsonb_to_tsvector", json_to_tsvector},
    {"jsonb_to_tsvector_byid", json_to_tsvector_by_oid},
    {"array_to_tsvector", array_to_tsvector},
    {"tsvector_length", length},
    {"tsvector_strip", strip},
    {"tsvector_to_array", to_array},
    {"tsvector_unnest", unnest},
    {"tsvector_setweight", setweight},
    {"tsvector_setweight_by_filter", setweight_of},
    {"tsvector_filter", filter},
    {"tsvector_delete_str", delete_word},
    {"tsvector_delete_arr", delete_array},
    {"tsvector_concat", concat},
    {"ts_parse_byname", ts_parse_by_name},
    {"ts_parse_byid", ts_parse_by_oid},
    {"ts_token_type_byname", ts_token_type_by_name},
    {"ts_token_type_byid", ts_token_type_by_oid},
    {"ts_lexize", lexize},
    {"get_current_ts_config", current_config},
    {NULL, NULL},
};
