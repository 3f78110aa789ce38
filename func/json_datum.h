/* json_datum.h - any SQL value as JSON, and the paths of jsonb subscripts. */
#ifndef SHARDLITE_FUNC_JSON_DATUM_H
#define SHARDLITE_FUNC_JSON_DATUM_H

#include "func/func.h"
#include "types/json.h"

/* Appends the value as to_json() shows it. */
MUST_CHECK bool json_put_value(struct fcall *c, const struct type *type, const struct datum *value,
                               struct buf *out);
/* With line feeds between the elements of an array or the fields of a row, as array_to_json(x,
 * true). */
MUST_CHECK bool json_put_pretty(struct fcall *c, const struct type *type, const struct datum *value,
                                struct buf *out);
/* Appends the value as an object's key: always in quotes; 22023 for rows, arrays and json. */
MUST_CHECK bool json_put_key(struct fcall *c, const struct type *type, const struct datum *value,
                             struct buf *out);
/* Arrays and rows, which json_agg puts on lines of their own. */
bool json_is_structured(const struct type *type);
/* c->result = the text as it is, or made canonical for jsonb. */
bool json_return(struct fcall *c, const struct buf *text);
bool jsonb_return(struct fcall *c, const struct buf *text);
bool jsonb_return_tree(struct fcall *c, const struct json *tree);
/* Argument `arg` as a tree; NULL with the error filled in. */
MUST_CHECK const struct json *jsonb_arg(struct fcall *c, int arg);

/* ---- subscripts: jsonb_value['a'][1] ----
 *
 * The analyser coerces subscripts to text, or to int4 which `is_int` then tells. */
struct jsonb_subscript {
    struct datum value;
    bool is_int;
};
/* SQL NULL when there is nothing at the path or a subscript is NULL. */
MUST_CHECK bool jsonb_subscript_get(struct arena *arena, struct err *err, const struct datum *jsonb,
                                    int n, const struct jsonb_subscript *path,
                                    struct datum *result);
/* The document with the value at the path replaced or created, gaps in arrays filled with null.
 * A NULL `jsonb` counts as an empty container, a NULL `value` as JSON's null. */
MUST_CHECK bool jsonb_subscript_set(struct arena *arena, struct err *err, const struct datum *jsonb,
                                    int n, const struct jsonb_subscript *path,
                                    const struct datum *value, struct datum *result);

#endif
