/* json.h - JSON texts: checking, parsing into trees, slices of a text, and the canonical form of
 * jsonb.
 *
 * A json value is its text as it came.  A jsonb value is its canonical text: members sorted by
 * key length and then by bytes, the last of equal keys kept, ", " and ": " between, numbers as
 * numeric prints them, escapes resolved but for those that JSON demands.  So a part of a
 * canonical text is canonical itself, and one can step through either kind with slices without
 * building anything.  What changes a document builds a tree and prints it. */
#ifndef SHARDLITE_TYPES_JSON_H
#define SHARDLITE_TYPES_JSON_H

#include "types/type.h"

struct numeric;

/* In the order of jsonb; JSON_DATETIME occurs in jsonpath only. */
enum json_kind {
    JSON_NULL,
    JSON_STRING,
    JSON_NUMBER,
    JSON_BOOL,
    JSON_ARRAY,
    JSON_OBJECT,
    JSON_DATETIME
};

struct json_member;
struct json_datetime;

/* One value of a parsed document.  Parts may be shared between trees: they do not change once
 * made. */
struct json {
    uint8_t kind;
    bool truth;
    uint32_t n; /* bytes of text; items; members */
    union {
        const char *text; /* a string's characters, a number's digits; not NUL-terminated */
        const struct json *items;
        const struct json_member *members;
        const struct json_datetime *datetime;
    };
};
struct json_member {
    const char *key;
    uint32_t n_key;
    struct json value;
};

/* ---- texts ---- */

/* Is it JSON?  22P02 with detail and context as PostgreSQL words them. */
MUST_CHECK bool json_check(const char *text, size_t n, struct err *err);
/* Members in the order of the text, duplicates included.  NULL on error; fails also on escapes
 * that are not characters, which json_check() lets pass. */
MUST_CHECK const struct json *json_parse(struct arena *arena, const char *text, size_t n,
                                         struct err *err);
/* As json_parse(), then sorted, without duplicates, and numbers in numeric's form: a jsonb tree. */
MUST_CHECK const struct json *jsonb_parse(struct arena *arena, const char *text, size_t n,
                                          struct err *err);
/* The tree of a canonical text; fails only when it is nested too deeply. */
MUST_CHECK const struct json *jsonb_tree(struct arena *arena, const struct datum *value,
                                         struct err *err);
/* Makes a jsonb tree of one with unsorted members and free numbers.  False on numbers beyond
 * numeric. */
MUST_CHECK bool jsonb_normalize(struct arena *arena, struct json *tree, struct err *err);

/* A string in quotes, with escapes. */
void json_put_string(struct buf *out, const char *text, size_t n);
/* The canonical text. */
void jsonb_print(const struct json *tree, struct buf *out);
struct datum jsonb_datum(struct arena *arena, const struct json *tree);
bool json_is_number(const char *text, size_t n); /* does it look like a JSON number, as a whole? */

/* ---- trees ---- */

/* Finds a member of a jsonb tree's object, NULL if there is none. */
const struct json *jsonb_member(const struct json *object, const char *key, size_t n_key);
int jsonb_key_cmp(const char *a, size_t n_a, const char *b, size_t n_b); /* the order of members */
static inline struct json json_string(const char *text, size_t n)
{
    return (struct json){.kind = JSON_STRING, .n = (uint32_t)n, .text = text};
}
/* jsonb's order of whole documents. */
int jsonb_compare(const struct json *a, const struct json *b);
bool jsonb_equal(const struct json *a, const struct json *b); /* as values inside documents */
const struct numeric *json_number(struct arena *arena, const struct json *number);

/* ---- slices: a value inside a text that is known to be valid ---- */

struct json_slice {
    const char *p, *end; /* from its first byte to the one after its last */
};
struct json_slice json_slice(const char *text,
                             size_t n); /* the value of a whole text, without blanks around it */
enum json_kind json_slice_kind(struct json_slice slice);
/* Steps through the members of an object or the items of an array. */
struct json_iter {
    const char *p, *end;
    bool object;
};
struct json_iter json_iter(struct json_slice container);
bool json_next(struct json_iter *iter, struct json_slice *key, struct json_slice *value);
/* The last member of that name. */
bool json_find(struct json_slice object, const char *key, size_t n_key, struct json_slice *value);
/* Counted from 0, from the end when negative. */
bool json_item(struct json_slice array, int64_t index, struct json_slice *item);
uint32_t json_count(struct json_slice container);
/* A string's characters: borrowed from the text where it has no escapes. */
struct json_slice json_unescape(struct arena *arena, struct json_slice string);
/* Fails on escapes that are not characters (see json_parse): json functions check their argument
 * with this. */
MUST_CHECK bool json_check_escapes(const char *text, size_t n, struct err *err);

extern const struct type_ops json_ops, jsonb_ops;

#endif
