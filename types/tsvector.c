/* tsvector.c - the type tsvector.
 *
 * Order: PostgreSQL compares the bytes of the binary form first, then the number of lexemes,
 * then lexeme by lexeme, more places before fewer.  It has no meaning but is kept, and the key
 * follows it. */
#include "types/tsvector.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "types/key.h"
#include "types/registry.h"

bool ts_syntax_error(struct ts_reader *r)
{
    return err_set(r->err, ERR_SYNTAX_ERROR, "syntax error in %s: \"%.*s\"", r->type_name,
                   (int)r->n_text, r->text);
}

/* ---- reading words ---- */

static bool is_operator(char c)
{
    return c == '!' || c == '&' || c == '|' || c == '(' || c == ')' || c == '<';
}

static bool fail(struct ts_reader *r, bool *failed)
{
    *failed = true;
    return ts_syntax_error(r);
}

static bool read_escaped(struct ts_reader *r, struct buf *word, bool *failed)
{
    if (++r->p >= r->end) {
        *failed = true;
        return err_set(r->err, ERR_SYNTAX_ERROR, "there is no escaped character: \"%.*s\"",
                       (int)r->n_text, r->text);
    }
    size_t bytes = utf8_char_bytes((uint8_t)*r->p);
    buf_append(word, r->p, bytes);
    r->p += bytes;
    return true;
}

static bool read_quoted(struct ts_reader *r, struct buf *word, bool *failed)
{
    for (r->p++;;) {
        if (r->p >= r->end)
            return fail(r, failed);
        if (*r->p == '\'') {
            if (r->p + 1 >= r->end || r->p[1] != '\'')
                break;
            buf_putc(word, '\'');
            r->p += 2;
        } else if (*r->p == '\\') {
            if (!read_escaped(r, word, failed))
                return false;
        } else {
            buf_putc(word, *r->p++);
        }
    }
    r->p++;
    return word->n || fail(r, failed);
}

static bool read_bare(struct ts_reader *r, struct buf *word, bool *failed)
{
    for (bool first = true; r->p < r->end; first = false) {
        if (*r->p == '\\' && !r->web) {
            if (!read_escaped(r, word, failed))
                return false;
            continue;
        }
        if (is_space(*r->p) || (r->query && is_operator(*r->p)) || (*r->p == ':' && !first) ||
            (r->web && *r->p == '"' && !first))
            break;
        buf_putc(word, *r->p++);
    }
    return word->n || fail(r, failed);
}

bool ts_read_word(struct ts_reader *r, struct buf *word, bool *failed)
{
    *failed = false;
    while (r->p < r->end && is_space(*r->p))
        r->p++;
    if (r->p >= r->end)
        return false;
    if (r->query && is_operator(*r->p))
        return fail(r, failed);
    return *r->p == '\'' && !r->web ? read_quoted(r, word, failed) : read_bare(r, word, failed);
}

int ts_weight_of(char letter)
{
    switch (letter | 32) {
    case 'a':
        return TS_WEIGHT_A;
    case 'b':
        return TS_WEIGHT_B;
    case 'c':
        return TS_WEIGHT_C;
    case 'd':
        return TS_WEIGHT_D;
    default:
        return -1;
    }
}

/* ---- vectors ---- */

static int compare_text(const char *a, uint32_t n_a, const char *b, uint32_t n_b)
{
    return cmp_bytes(a, n_a, b, n_b);
}

static int compare_lexemes(const void *a, const void *b)
{
    const struct ts_lexeme *x = a, *y = b;
    return compare_text(x->text, x->n, y->text, y->n);
}

static int compare_places(const void *a, const void *b)
{
    const struct ts_place *x = a, *y = b;
    if (x->position != y->position)
        return (int)x->position - (int)y->position;
    return (int)y->weight - (int)x->weight; /* the heaviest first: it stays */
}

static void sort_places(struct ts_lexeme *lexeme)
{
    uint32_t n = 0;
    if (lexeme->n_places > 1)
        qsort(lexeme->places, lexeme->n_places, sizeof(struct ts_place), compare_places);
    for (uint32_t k = 0; k < lexeme->n_places; k++) {
        if (n && lexeme->places[n - 1].position == lexeme->places[k].position)
            continue;
        lexeme->places[n++] = lexeme->places[k];
        if (n >= TS_POSITIONS_MAX || lexeme->places[n - 1].position == TS_POSITION_MAX)
            break;
    }
    lexeme->n_places = n;
}

void tsvector_finish(struct arena *arena, struct tsvector *vector)
{
    uint32_t n = 0;
    if (vector->n > 1)
        qsort(vector->lexemes, vector->n, sizeof(struct ts_lexeme), compare_lexemes);
    for (uint32_t from = 0, to; from < vector->n; from = to) {
        struct ts_lexeme joined = vector->lexemes[from];
        uint32_t n_places = 0;
        for (to = from;
             to < vector->n && compare_lexemes(&vector->lexemes[from], &vector->lexemes[to]) == 0;
             to++)
            n_places += vector->lexemes[to].n_places;
        joined.places = ARENA_ARRAY(arena, struct ts_place, n_places + 1);
        joined.n_places = 0;
        for (uint32_t k = from; k < to; k++) {
            if (vector->lexemes[k].n_places)
                memcpy(&joined.places[joined.n_places], vector->lexemes[k].places,
                       vector->lexemes[k].n_places * sizeof(struct ts_place));
            joined.n_places += vector->lexemes[k].n_places;
        }
        sort_places(&joined);
        vector->lexemes[n++] = joined;
    }
    vector->n = n;
}

uint32_t tsvector_find(const struct tsvector *vector, const char *text, size_t n, bool *found)
{
    uint32_t low = 0, high = vector->n;
    *found = false;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        int order = compare_text(vector->lexemes[middle].text, vector->lexemes[middle].n, text,
                                 (uint32_t)n);
        if (order == 0) {
            *found = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void print_lexeme(const struct ts_lexeme *lexeme, struct buf *out)
{
    buf_putc(out, '\'');
    for (uint32_t k = 0; k < lexeme->n; k++) {
        if (lexeme->text[k] == '\'' || lexeme->text[k] == '\\')
            buf_putc(out, lexeme->text[k]);
        buf_putc(out, lexeme->text[k]);
    }
    buf_putc(out, '\'');
    for (uint32_t k = 0; k < lexeme->n_places; k++) {
        buf_printf(out, "%c%u", k ? ',' : ':', lexeme->places[k].position);
        if (lexeme->places[k].weight)
            buf_putc(out, "DCBA"[lexeme->places[k].weight]);
    }
}

void tsvector_print(const struct tsvector *vector, struct buf *out)
{
    for (uint32_t k = 0; k < vector->n; k++) {
        if (k)
            buf_putc(out, ' ');
        print_lexeme(&vector->lexemes[k], out);
    }
}

struct datum tsvector_datum(struct arena *arena, const struct tsvector *vector)
{
    struct buf out = BUF_IN(arena);
    tsvector_print(vector, &out);
    return datum_bytes(out.p ? out.p : "", out.n);
}

/* ---- input ---- */

static bool bad_position(struct ts_reader *r)
{
    return err_set(r->err, ERR_SYNTAX_ERROR, "wrong position info in tsvector: \"%.*s\"",
                   (int)r->n_text, r->text);
}

/* ":1,2A" after a word; r->p is at the colon. */
static bool read_places(struct ts_reader *r, struct ts_lexeme *lexeme)
{
    VEC(struct ts_place) places = {0};
    do {
        struct ts_place place = {0};
        uint32_t position = 0;
        bool weighted = false;
        if (++r->p >= r->end || *r->p < '0' || *r->p > '9')
            return ts_syntax_error(r);
        for (; r->p < r->end && *r->p >= '0' && *r->p <= '9'; r->p++)
            position = MIN(position * 10 + (uint32_t)(*r->p - '0'), 1000000);
        if (position == 0)
            return bad_position(r);
        place.position = (uint16_t)MIN(position, TS_POSITION_MAX);
        for (; r->p < r->end && *r->p != ',' && !is_space(*r->p); r->p++) {
            int weight = *r->p == '*' ? TS_WEIGHT_A : ts_weight_of(*r->p);
            if (*r->p >= '0' && *r->p <= '9')
                continue;
            if (weight < 0 || weighted)
                return ts_syntax_error(r);
            weighted = weight > 0;
            place.weight = (uint8_t)weight;
        }
        VEC_PUSH(r->arena, &places, place);
    } while (r->p < r->end && *r->p == ',');
    lexeme->places = places.items;
    lexeme->n_places = (uint32_t)places.n;
    return true;
}

static bool vector_read(struct ts_reader *r, struct tsvector *vector)
{
    VEC(struct ts_lexeme) lexemes = {0};
    bool failed;
    for (;;) {
        struct buf word = BUF_IN(r->arena);
        if (!ts_read_word(r, &word, &failed))
            break;
        if (word.n > TS_LEXEME_BYTES_MAX)
            return err_set(r->err, ERR_PROGRAM_LIMIT_EXCEEDED,
                           "word is too long (%ld bytes, max %ld bytes)", (long)word.n,
                           (long)TS_LEXEME_BYTES_MAX);
        struct ts_lexeme lexeme = {.text = word.p, .n = (uint32_t)word.n};
        if (r->p < r->end && *r->p == ':' && !read_places(r, &lexeme))
            return false;
        VEC_PUSH(r->arena, &lexemes, lexeme);
    }
    vector->lexemes = lexemes.items;
    vector->n = (uint32_t)lexemes.n;
    return !failed;
}

static bool vector_parse(struct arena *arena, const char *text, size_t n, struct err *err,
                         struct tsvector *vector)
{
    struct ts_reader r = {.text = text,
                          .n_text = n,
                          .p = text,
                          .end = text + n,
                          .arena = arena,
                          .err = err,
                          .type_name = "tsvector"};
    if (!vector_read(&r, vector))
        return false;
    tsvector_finish(arena, vector);
    return true;
}

struct tsvector tsvector_of(struct arena *arena, const struct datum *value)
{
    struct tsvector vector = {0};
    struct err ignored = ERR_IN(arena);
    if (!vector_parse(arena, value->p, value->n, &ignored, &vector))
        vector.n = 0;
    return vector;
}

static bool vector_in(const struct type_io *io, const char *text, size_t n, struct datum *out)
{
    struct tsvector vector;
    if (!vector_parse(io->arena, text, n, io->err, &vector))
        return false;
    *out = tsvector_datum(io->arena, &vector);
    return true;
}

static bool vector_out(const struct type_io *io, const struct datum *value, struct buf *out)
{
    buf_append(out, value->p, value->n);
    return true;
}

/* Number of lexemes; each with its bytes, NUL, number of places, places of 14 bits with 2 of
 * weight. */
static bool vector_send(const struct type_io *io, const struct datum *value, struct buf *out)
{
    struct tsvector vector = tsvector_of(io->arena, value);
    buf_put_u32(out, vector.n);
    for (uint32_t k = 0; k < vector.n; k++) {
        const struct ts_lexeme *lexeme = &vector.lexemes[k];
        buf_append(out, lexeme->text, lexeme->n);
        buf_putc(out, '\0');
        buf_put_u16(out, (uint16_t)lexeme->n_places);
        for (uint32_t p = 0; p < lexeme->n_places; p++)
            buf_put_u16(out,
                        (uint16_t)(lexeme->places[p].weight << 14 | lexeme->places[p].position));
    }
    return true;
}

static bool vector_recv(const struct type_io *io, const uint8_t *bytes, size_t n, struct datum *out)
{
    const uint8_t *p = bytes + 4, *end = bytes + n;
    if (n < 4)
        return recv_short(io);
    uint32_t n_lexemes = get_u32(bytes);
    if (n_lexemes > n)
        return err_set(io->err, ERR_INTERNAL_ERROR, "invalid size of tsvector");
    struct tsvector vector = {.lexemes = ARENA_ARRAY(io->arena, struct ts_lexeme, n_lexemes + 1),
                              .n = n_lexemes};
    for (uint32_t k = 0; k < n_lexemes; k++) {
        const uint8_t *zero = memchr(p, 0, (size_t)(end - p));
        if (!zero || end - zero < 3)
            return recv_short(io);
        struct ts_lexeme *lexeme = &vector.lexemes[k];
        lexeme->text = (const char *)p;
        lexeme->n = (uint32_t)(zero - p);
        lexeme->n_places = get_u16(zero + 1);
        p = zero + 3;
        if (lexeme->n > TS_LEXEME_BYTES_MAX)
            return err_set(io->err, ERR_INTERNAL_ERROR, "invalid tsvector: lexeme too long");
        if (!utf8_check(lexeme->text, lexeme->n, io->err))
            return false;
        if (end - p < (long)lexeme->n_places * 2)
            return recv_short(io);
        lexeme->places = ARENA_ARRAY(io->arena, struct ts_place, lexeme->n_places + 1);
        for (uint32_t at = 0; at < lexeme->n_places; at++, p += 2)
            lexeme->places[at] =
                (struct ts_place){get_u16(p) & 0x3fff, (uint8_t)(get_u16(p) >> 14)};
    }
    if (p != end)
        return recv_excess(io);
    tsvector_finish(io->arena, &vector);
    *out = tsvector_datum(io->arena, &vector);
    return true;
}

/* ---- order ---- */

/* Bytes of PostgreSQL's binary form. */
static uint32_t vector_bytes(const struct tsvector *vector)
{
    uint32_t bytes = 8 + 4 * vector->n, text = 0;
    for (uint32_t k = 0; k < vector->n; k++) {
        text += vector->lexemes[k].n;
        if (vector->lexemes[k].n_places)
            text = (text + 1) / 2 * 2 + 2 + 2 * vector->lexemes[k].n_places;
    }
    return bytes + text;
}

static void vector_put_key(const struct tsvector *vector, struct buf *out)
{
    buf_put_u32(out, vector_bytes(vector));
    buf_put_u32(out, vector->n);
    for (uint32_t k = 0; k < vector->n; k++) {
        const struct ts_lexeme *lexeme = &vector->lexemes[k];
        buf_putc(out, lexeme->n_places ? 0 : 1);
        key_put_bytes(out, lexeme->text, lexeme->n);
        buf_put_u16(out, (uint16_t)~lexeme->n_places);
        for (uint32_t p = 0; p < lexeme->n_places; p++) {
            buf_put_u16(out, (uint16_t)~lexeme->places[p].position);
            buf_putc(out, (char)~lexeme->places[p].weight);
        }
    }
}

static void vector_key(const struct type *type, const struct datum *value, struct buf *out)
{
    struct arena *scratch = arena_new("tsvector key");
    struct tsvector vector = tsvector_of(scratch, value);
    vector_put_key(&vector, out);
    arena_free(scratch);
}

static int vector_cmp(const struct type *type, const struct datum *a, const struct datum *b)
{
    if (a->n == b->n && memcmp(a->p, b->p, a->n) == 0)
        return 0;
    struct arena *scratch = arena_new("tsvector order");
    struct buf x = BUF_IN(scratch), y = BUF_IN(scratch);
    struct tsvector left = tsvector_of(scratch, a), right = tsvector_of(scratch, b);
    vector_put_key(&left, &x);
    vector_put_key(&right, &y);
    int order = cmp_bytes(x.p, x.n, y.p, y.n);
    arena_free(scratch);
    return order;
}

static const struct type_ops vector_type_ops = {
    .name = "tsvector",
    .storage = STORAGE_TEXT,
    .in = vector_in,
    .out = vector_out,
    .recv = vector_recv,
    .send = vector_send,
    .cmp = vector_cmp,
    .key = vector_key,
};

extern const struct type_ops_entry tsvector_type_ops[];
const struct type_ops_entry tsvector_type_ops[] = {
    {TYPE_TSVECTOR, &vector_type_ops},
    {0, NULL},
};
