/* jsonpath_int.h - the guts of path evaluation, shared by jsonpath*.c. */
#ifndef SHARDLITE_FUNC_JSONPATH_INT_H
#define SHARDLITE_FUNC_JSONPATH_INT_H

#include "func/func.h"
#include "types/jsonpath.h"

/* A value that .datetime() made; it exists inside paths only and leaves them as a string. */
struct json_datetime {
    uint32_t oid;  /* TYPE_DATE, TYPE_TIME, TYPE_TIMETZ, TYPE_TIMESTAMP, TYPE_TIMESTAMPTZ */
    int64_t value; /* as the type's datum; of a timetz the local time */
    int32_t west;  /* the zone it was written with, seconds west of Greenwich */
};

struct path_items {
    VEC(const struct json *) list;
};

enum path_result { PATH_OK, PATH_NOT_FOUND, PATH_ERROR };

struct path_eval {
    struct fcall *c;
    struct arena *arena;
    struct err *err;
    const struct json *vars, *root, *current;
    const struct json *base; /* .keyvalue() numbers objects by their place in it */
    int64_t base_id, last_id;
    int64_t array_size; /* of the innermost subscripted array, for `last`; -1: none */
    bool lax, ignore_structural, raise, use_zone;
    uint32_t steps;
    bool failed; /* err is filled and all is over */
};

/* With `found` NULL only tells whether there is an item. */
enum path_result path_run(struct path_eval *e, const struct jsonpath *path,
                          struct path_items *found);
/* An error that `silent` suppresses: filled in only where errors are raised. */
enum path_result path_error(struct path_eval *e, const char *sqlstate, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* .datetime(template): sets *out. */
enum path_result path_datetime(struct path_eval *e, const struct json *text,
                               const struct json *template, const struct json **out);
const char *path_datetime_type(const struct json_datetime *d);
void path_datetime_print(const struct json_datetime *d, struct buf *out);
/* False when the two can't be compared (or e->failed). */
bool path_datetime_compare(struct path_eval *e, const struct json_datetime *a,
                           const struct json_datetime *b, int *order);

#endif
