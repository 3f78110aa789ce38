/* json_get.c - looking into json and jsonb: fields, elements, paths, keys, counts.
 *
 * Both types are texts that are stepped through with slices (types/json.h), so one
 * implementation serves both.  A json text may hold escapes that are no characters; PostgreSQL
 * notices them when it takes the text apart, so do we. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "func/call.h"
#include "types/array.h"
#include "types/json.h"

static bool is_jsonb(const struct fcall *c, int arg)
{
    return c->arg_types[arg]->oid == TYPE_JSONB;
}

/* The document in argument `arg`. */
static bool document(struct fcall *c, int arg, struct json_slice *doc)
{
    if (!is_jsonb(c, arg) && !json_check_escapes(ARG_P(c, arg), ARG_N(c, arg), c->err))
        return false;
    *doc = json_slice(ARG_P(c, arg), ARG_N(c, arg));
    return true;
}

static struct datum slice_datum(struct json_slice slice)
{
    return datum_bytes(slice.p, (size_t)(slice.end - slice.p));
}

/* As text: strings without quotes, null as NULL. */
static struct datum slice_text(struct arena *arena, struct json_slice slice)
{
    switch (json_slice_kind(slice)) {
    case JSON_NULL:
        return datum_null();
    case JSON_STRING:
        return slice_datum(json_unescape(arena, slice));
    default:
        return slice_datum(slice);
    }
}

static bool return_found(struct fcall *c, bool found, struct json_slice value, bool as_text)
{
    c->result = !found ? datum_null() : as_text ? slice_text(c->arena, value) : slice_datum(value);
    return true;
}

static bool field(struct fcall *c, bool as_text)
{
    struct json_slice doc, value = {0};
    if (!document(c, 0, &doc))
        return false;
    bool found =
        json_slice_kind(doc) == JSON_OBJECT && json_find(doc, ARG_P(c, 1), ARG_N(c, 1), &value);
    return return_found(c, found, value, as_text);
}
static bool object_field(struct fcall *c)
{
    return field(c, false);
}
static bool object_field_text(struct fcall *c)
{
    return field(c, true);
}

static bool element(struct fcall *c, bool as_text)
{
    struct json_slice doc, value = {0};
    if (!document(c, 0, &doc))
        return false;
    enum json_kind kind = json_slice_kind(doc);
    if (is_jsonb(c, 0) && kind != JSON_ARRAY &&
        kind != JSON_OBJECT) /* a lone scalar counts as an array of one */
        return return_found(c, ARG_I(c, 1) == 0 || ARG_I(c, 1) == -1, doc, as_text);
    bool found = kind == JSON_ARRAY && json_item(doc, ARG_I(c, 1), &value);
    return return_found(c, found, value, as_text);
}
static bool array_element(struct fcall *c)
{
    return element(c, false);
}
static bool array_element_text(struct fcall *c)
{
    return element(c, true);
}

/* A path step as an index, as strtoint() reads it. */
static bool read_index(struct arena *arena, struct datum step, int64_t *index)
{
    char *text = arena_strndup(arena, step.p, step.n), *end;
    errno = 0;
    *index = strtol(text, &end, 10);
    return end != text && *end == '\0' && errno == 0 && *index >= INT32_MIN && *index <= INT32_MAX;
}

static bool follow(struct fcall *c, struct json_slice *at, const struct datum *steps, uint32_t n)
{
    for (uint32_t k = 0; k < n; k++) {
        enum json_kind kind = json_slice_kind(*at);
        int64_t index;
        if (steps[k].null)
            return false;
        if (kind == JSON_OBJECT) {
            if (!json_find(*at, steps[k].p, steps[k].n, at))
                return false;
        } else if (kind != JSON_ARRAY || !read_index(c->arena, steps[k], &index) ||
                   !json_item(*at, index, at)) {
            return false;
        }
    }
    return true;
}

static bool path(struct fcall *c, bool as_text)
{
    struct json_slice at;
    const struct array *array = array_of(&c->args[1]);
    const struct datum *steps = array_items(c->arena, call_type(c, TYPE_TEXT), array);
    if (!document(c, 0, &at))
        return false;
    return return_found(c, follow(c, &at, steps, array->n_items), at, as_text);
}
static bool extract_path(struct fcall *c)
{
    return path(c, false);
}
static bool extract_path_text(struct fcall *c)
{
    return path(c, true);
}

static bool type_of(struct fcall *c)
{
    static const char *const names[] = {"null",  "string", "number", "boolean",
                                        "array", "object", ""};
    const char *name = names[json_slice_kind(json_slice(ARG_P(c, 0), ARG_N(c, 0)))];
    return return_bytes(c, name, strlen(name));
}

static bool array_length(struct fcall *c)
{
    struct json_slice doc = json_slice(ARG_P(c, 0), ARG_N(c, 0));
    switch (json_slice_kind(doc)) {
    case JSON_ARRAY:
        return return_int(c, json_count(doc));
    case JSON_OBJECT:
        return err_set(c->err, ERR_INVALID_PARAMETER_VALUE,
                       "cannot get array length of a non-array");
    default:
        return err_set(c->err, ERR_INVALID_PARAMETER_VALUE, "cannot get array length of a scalar");
    }
}

/* ---- rows ---- */

/* The argument as a container of its rows; their values must last as long as the scan. */
static bool row_source(struct fcall *c, struct json_iter *iter, enum json_kind want,
                       const char *json_array_error, const char *json_scalar_error,
                       const char *jsonb_error)
{
    struct json_slice doc;
    if (!document(c, 0, &doc))
        return false;
    enum json_kind kind = json_slice_kind(doc);
    if (kind == want) {
        char *copy = arena_memdup(c->site_arena, doc.p, (size_t)(doc.end - doc.p));
        *iter = json_iter((struct json_slice){copy, copy + (doc.end - doc.p)});
        return true;
    }
    const char *message = is_jsonb(c, 0) && jsonb_error               ? jsonb_error
                          : kind == JSON_ARRAY || kind == JSON_OBJECT ? json_array_error
                                                                      : json_scalar_error;
    return err_set(c->err, ERR_INVALID_PARAMETER_VALUE, "%s", message);
}

static bool object_keys(struct fcall *c)
{
    bool is_new;
    struct row_list *list = row_list_of(c, 1, &is_new);
    if (is_new) {
        struct json_iter iter;
        struct json_slice key, value;
        bool b = is_jsonb(c, 0);
        if (!row_source(c, &iter, JSON_OBJECT,
                        b ? "cannot call jsonb_object_keys on an array"
                          : "cannot call json_object_keys on an array",
                        b ? "cannot call jsonb_object_keys on a scalar"
                          : "cannot call json_object_keys on a scalar",
                        NULL))
            return false;
        while (json_next(&iter, &key, &value))
            *row_list_add(list) = slice_datum(json_unescape(c->site_arena, key));
    }
    return row_list_emit(c, list);
}

static bool each_of(struct fcall *c, bool as_text)
{
    bool is_new;
    struct row_list *list = row_list_of(c, 2, &is_new);
    if (is_new) {
        struct json_iter iter;
        struct json_slice key, value;
        if (!row_source(c, &iter, JSON_OBJECT, "cannot deconstruct an array as an object",
                        "cannot deconstruct a scalar",
                        as_text ? "cannot call jsonb_each_text on a non-object"
                                : "cannot call jsonb_each on a non-object"))
            return false;
        while (json_next(&iter, &key, &value)) {
            struct datum *row = row_list_add(list);
            row[0] = slice_datum(json_unescape(c->site_arena, key));
            row[1] = as_text ? slice_text(c->site_arena, value) : slice_datum(value);
        }
    }
    return row_list_emit(c, list);
}
static bool each(struct fcall *c)
{
    return each_of(c, false);
}
static bool each_text(struct fcall *c)
{
    return each_of(c, true);
}

static bool elements_of(struct fcall *c, bool as_text)
{
    bool is_new;
    struct row_list *list = row_list_of(c, 1, &is_new);
    if (is_new) {
        struct json_iter iter;
        struct json_slice value;
        bool b = is_jsonb(c, 0);
        const char *name = as_text ? "json_array_elements_text" : "json_array_elements";
        if (!row_source(c, &iter, JSON_ARRAY,
                        b ? "cannot extract elements from an object"
                          : arena_printf(c->arena, "cannot call %s on a non-array", name),
                        b ? "cannot extract elements from a scalar"
                          : arena_printf(c->arena, "cannot call %s on a scalar", name),
                        NULL))
            return false;
        while (json_next(&iter, NULL, &value))
            *row_list_add(list) = as_text ? slice_text(c->site_arena, value) : slice_datum(value);
    }
    return row_list_emit(c, list);
}
static bool elements(struct fcall *c)
{
    return elements_of(c, false);
}
static bool elements_text(struct fcall *c)
{
    return elements_of(c, true);
}

/* ---- existence of keys (jsonb) ---- */

/* A member's name, or a string of an array (a lone string counts as one). */
static bool has_key(struct fcall *c, struct datum key)
{
    struct json_slice doc = json_slice(ARG_P(c, 0), ARG_N(c, 0)), value;
    switch (json_slice_kind(doc)) {
    case JSON_OBJECT:
        return json_find(doc, key.p, key.n, &value);
    case JSON_ARRAY:
        for (struct json_iter iter = json_iter(doc); json_next(&iter, NULL, &value);) {
            if (json_slice_kind(value) != JSON_STRING)
                continue;
            struct json_slice text = json_unescape(c->arena, value);
            if ((size_t)(text.end - text.p) == key.n && memcmp(text.p, key.p, key.n) == 0)
                return true;
        }
        return false;
    case JSON_STRING:
        value = json_unescape(c->arena, doc);
        return (size_t)(value.end - value.p) == key.n && memcmp(value.p, key.p, key.n) == 0;
    default:
        return false;
    }
}

static bool exists(struct fcall *c)
{
    return return_bool(c, has_key(c, c->args[1]));
}

/* Does the outcome `want` occur among the keys of the array? */
static bool exists_some(struct fcall *c, bool want)
{
    const struct array *array = array_of(&c->args[1]);
    const struct datum *keys = array_items(c->arena, call_type(c, TYPE_TEXT), array);
    for (uint32_t k = 0; k < array->n_items; k++)
        if (!keys[k].null && has_key(c, keys[k]) == want)
            return true;
    return false;
}
static bool exists_any(struct fcall *c)
{
    return return_bool(c, exists_some(c, true));
}
static bool exists_all(struct fcall *c)
{
    return return_bool(c, !exists_some(c, false));
}

FUNC_TABLE(json_get_funcs) = {
    {"json_object_field", object_field},
    {"json_object_field_text", object_field_text},
    {"json_array_element", array_element},
    {"json_array_element_text", array_element_text},
    {"json_extract_path", extract_path},
    {"json_extract_path_text", extract_path_text},
    {"json_typeof", type_of},
    {"json_array_length", array_length},
    {"json_object_keys", object_keys},
    {"json_each", each},
    {"json_each_text", each_text},
    {"json_array_elements", elements},
    {"json_array_elements_text", elements_text},
    {"jsonb_object_field", object_field},
    {"jsonb_object_field_text", object_field_text},
    {"jsonb_array_element", array_element},
    {"jsonb_array_element_text", array_element_text},
    {"jsonb_extract_path", extract_path},
    {"jsonb_extract_path_text", extract_path_text},
    {"jsonb_typeof", type_of},
    {"jsonb_array_length", array_length},
    {"jsonb_object_keys", object_keys},
    {"jsonb_each", each},
    {"jsonb_each_text", each_text},
    {"jsonb_array_elements", elements},
    {"jsonb_array_elements_text", elements_text},
    {"jsonb_exists", exists},
    {"jsonb_exists_any", exists_any},
    {"jsonb_exists_all", exists_all},
    {NULL, NULL},
};
