/* json.h - the small JSON that catalog.db keeps its definitions in: written field by field, read into a tree.
 *
 * Only what we write is read: objects, arrays, strings, integers, booleans.  Absent fields read as zero, so writers leave out what is
 * zero, false or NULL. */
#ifndef SHARDLITE_CATALOG_JSON_H
#define SHARDLITE_CATALOG_JSON_H

#include "base/buf.h"
#include "base/err.h"

/* ---- writing ---- */
struct json_out {
    struct buf *buf;
    bool comma; /* before the next item */
};
void json_open(struct json_out *out, const char *key,
               char bracket); /* key NULL: inside an array or at the top */
void json_close(struct json_out *out, char bracket);
void json_text(struct json_out *out, const char *key, const char *text); /* NULL: nothing */
void json_int(struct json_out *out, const char *key, int64_t value);     /* 0 with a key: nothing */
void json_true(struct json_out *out, const char *key, bool value);       /* false: nothing */
void json_char(struct json_out *out, const char *key, char value);       /* 0: nothing */
void json_int_item(struct json_out *out, int64_t value);                 /* of an array, 0 too */

/* ---- reading ---- */
struct json {
    enum { JSON_NULL, JSON_BOOL, JSON_INT, JSON_TEXT, JSON_ARRAY, JSON_OBJECT } kind;
    const char *key; /* in its object */
    const char *text;
    int64_t number; /* JSON_INT, JSON_BOOL */
    struct json *first, *next;
    uint32_t n_items;
};
/* The tree lives in `arena`.  NULL with err (XX001) on anything malformed. */
const struct json *definition_parse(struct arena *arena, const char *text, size_t n,
                                    struct err *err);
const struct json *json_get(const struct json *object,
                            const char *key); /* NULL: absent; object may be NULL */
/* Strings stay in the tree's arena. */
const char *json_get_text(const struct json *object, const char *key); /* NULL: absent */
int64_t json_get_int(const struct json *object, const char *key);
bool json_get_bool(const struct json *object, const char *key);
char json_get_char(const struct json *object, const char *key);

#endif
