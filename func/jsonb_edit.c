/* jsonb_edit.c - changing jsonb documents: concatenation, deletion, setting values at paths,
 * subscript assignment.
 *
 * Trees do not change: each operation copies the containers along its path and shares the rest. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fiber.h"
#include "func/call.h"
#include "func/json_datum.h"
#include "types/array.h"

/* ---- growing containers ---- */

struct items {
    struct json *p;
    uint32_t n;
};
struct members {
    struct json_member *p;
    uint32_t n;
};

static struct items items_for(struct arena *arena, size_t cap)
{
    return (struct items){ARENA_ARRAY(arena, struct json, cap + 1), 0};
}
static struct members members_for(struct arena *arena, size_t cap)
{
    return (struct members){ARENA_ARRAY(arena, struct json_member, cap + 1), 0};
}
static struct json array_value(struct items items)
{
    return (struct json){.kind = JSON_ARRAY, .n = items.n, .items = items.p};
}
static struct json object_value(struct members members)
{
    return (struct json){.kind = JSON_OBJECT, .n = members.n, .members = members.p};
}
static bool is_scalar(const struct json *tree)
{
    return tree->kind != JSON_ARRAY && tree->kind != JSON_OBJECT;
}

/* ---- || ---- */

/* Members of both, the right one winning; both are sorted. */
static struct json merge(struct arena *arena, const struct json *left, const struct json *right)
{
    struct members out = members_for(arena, (size_t)left->n + right->n);
    uint32_t i = 0, k = 0;
    while (i < left->n || k < right->n) {
        const struct json_member *a = i < left->n ? &left->members[i] : NULL,
                                 *b = k < right->n ? &right->members[k] : NULL;
        int order = !a ? 1 : !b ? -1 : jsonb_key_cmp(a->key, a->n_key, b->key, b->n_key);
        out.p[out.n++] = order < 0 ? *a : *b;
        i += order <= 0;
        k += order >= 0;
    }
    return object_value(out);
}

/* The items of an array; anything else is one item. */
static void add_items(struct items *out, const struct json *value)
{
    if (value->kind != JSON_ARRAY) {
        out->p[out->n++] = *value;
        return;
    }
    for (uint32_t k = 0; k < value->n; k++)
        out->p[out->n++] = value->items[k];
}

static bool concat(struct fcall *c)
{
    const struct json *left = jsonb_arg(c, 0), *right = left ? jsonb_arg(c, 1) : NULL;
    if (!right)
        return false;
    if (left->kind == JSON_OBJECT && right->kind == JSON_OBJECT) {
        struct json merged = merge(c->arena, left, right);
        return jsonb_return_tree(c, &merged);
    }
    struct items out = items_for(c->arena, (left->kind == JSON_ARRAY ? left->n : 1) +
                                               (right->kind == JSON_ARRAY ? right->n : 1));
    add_items(&out, left);
    add_items(&out, right);
    struct json array = array_value(out);
    return jsonb_return_tree(c, &array);
}

/* ---- - ---- */

static bool any_is(const struct datum *keys, uint32_t n_keys, const char *text, size_t n)
{
    for (uint32_t k = 0; k < n_keys; k++)
        if (!keys[k].null && keys[k].n == n && memcmp(keys[k].p, text, n) == 0)
            return true;
    return false;
}

/* Without the members, or the string items, that `keys` name. */
static bool delete_keys(struct fcall *c, const struct datum *keys, uint32_t n_keys)
{
    const struct json *tree = jsonb_arg(c, 0);
    if (!tree)
        return false;
    if (is_scalar(tree))
        return err_set(c->err, ERR_INVALID_PARAMETER_VALUE, "cannot delete from scalar");
    struct json result;
    if (tree->kind == JSON_OBJECT) {
        struct members out = members_for(c->arena, tree->n);
        for (uint32_t k = 0; k < tree->n; k++)
            if (!any_is(keys, n_keys, tree->members[k].key, tree->members[k].n_key))
                out.p[out.n++] = tree->members[k];
        result = object_value(out);
    } else {
        struct items out = items_for(c->arena, tree->n);
        for (uint32_t k = 0; k < tree->n; k++)
            if (tree->items[k].kind != JSON_STRING ||
                !any_is(keys, n_keys, tree->items[k].text, tree->items[k].n))
                out.p[out.n++] = tree->items[k];
        result = array_value(out);
    }
    return jsonb_return_tree(c, &result);
}
static bool delete_key(struct fcall *c)
{
    return delete_keys(c, &c->args[1], 1);
}
static bool delete_array(struct fcall *c)
{
    const struct array *array = array_of(&c->args[1]);
    if (array->ndim > 1)
        return err_set(c->err, ERR_ARRAY_SUBSCRIPT_ERROR, "wrong number of array subscripts");
    return delete_keys(c, array_items(c->arena, call_type(c, TYPE_TEXT), array), array->n_items);
}

static bool delete_index(struct fcall *c)
{
    const struct json *tree = jsonb_arg(c, 0);
    int64_t index = ARG_I(c, 1);
    if (!tree)
        return false;
    if (is_scalar(tree))
        return err_set(c->err, ERR_INVALID_PARAMETER_VALUE, "cannot delete from scalar");
    if (tree->kind == JSON_OBJECT)
        return err_set(c->err, ERR_INVALID_PARAMETER_VALUE,
                       "cannot delete from object using integer index");
    if (index < 0)
        index += tree->n;
    struct items out = items_for(c->arena, tree->n);
    for (uint32_t k = 0; k < tree->n; k++)
        if (k != index)
            out.p[out.n++] = tree->items[k];
    struct json result = array_value(out);
    return jsonb_return_tree(c, &result);
}

/* ---- paths ---- */

enum path_op {
    PATH_CREATE = 1,
    PATH_DELETE = 2,
    PATH_REPLACE = 4,
    PATH_INSERT_BEFORE = 8,
    PATH_INSERT_AFTER = 16,
    PATH_FILL_GAPS = 32,    /* subscripts: missing containers and items are made */
    PATH_FIXED_PLACES = 64, /* subscripts: an index before the start is an error */
};
#define PATH_ADDS (PATH_CREATE | PATH_INSERT_BEFORE | PATH_INSERT_AFTER)

struct edit {
    struct arena *arena;
    struct err *err;
    const struct datum *path;
    int n_path;
    const struct json *value; /* NULL: delete */
    unsigned op;
};

static bool last_step(const struct edit *e, int level)
{
    return level == e->n_path - 1;
}

static bool read_index(struct arena *arena, const struct datum *step, int64_t *index)
{
    char *text = arena_strndup(arena, step->p, step->n), *end;
    errno = 0;
    *index = strtol(text, &end, 10);
    return end != text && *end == '\0' && errno == 0 && *index >= INT32_MIN && *index <= INT32_MAX;
}

static void add_nulls(struct edit *e, struct items *out, int64_t n, size_t *cap)
{
    if (n <= 0)
        return;
    struct json *grown = ARENA_ARRAY(e->arena, struct json, *cap + (size_t)n + 2);
    memcpy(grown, out->p, out->n * sizeof(*grown));
    out->p = grown;
    *cap += (size_t)n;
    out->n += (uint32_t)n; /* zeroed memory is JSON_NULL */
}

#define ITEMS_MAX (1 << 23) /* that an index may make */

static bool too_many_items(struct edit *e)
{
    return err_set(e->err, ERR_PROGRAM_LIMIT_EXCEEDED,
                   "number of jsonb array elements exceeds the maximum allowed (%d)", ITEMS_MAX);
}

/* Containers for the steps after `level`, with the value at their end. */
static bool new_chain(struct edit *e, int level, struct json *out)
{
    struct json value = *e->value;
    for (int k = e->n_path - 1; k > level; k--) {
        int64_t index;
        if (read_index(e->arena, &e->path[k], &index)) {
            if (index >= ITEMS_MAX)
                return too_many_items(e);
            struct items items = items_for(e->arena, (size_t)MAX(index, 0) + 1);
            items.n = (uint32_t)MAX(index, 0);
            items.p[items.n++] = value;
            value = array_value(items);
        } else {
            struct members members = members_for(e->arena, 1);
            members.p[members.n++] = (struct json_member){e->path[k].p, e->path[k].n, value};
            value = object_value(members);
        }
    }
    *out = value;
    return true;
}

static bool edit_value(struct edit *e, const struct json *tree, int level, struct json *out);

static bool edit_object(struct edit *e, const struct json *tree, int level, struct json *out)
{
    const struct datum *key = &e->path[level];
    struct members members = members_for(e->arena, (size_t)tree->n + 1);
    bool found = false;
    uint32_t place = 0; /* where the key belongs */
    for (uint32_t k = 0; k < tree->n; k++) {
        const struct json_member *m = &tree->members[k];
        int order = jsonb_key_cmp(m->key, m->n_key, key->p, key->n);
        if (order < 0)
            place = members.n + 1;
        if (order != 0) {
            members.p[members.n++] = *m;
            continue;
        }
        found = true;
        if (!last_step(e, level)) {
            members.p[members.n] = *m;
            if (!edit_value(e, &m->value, level + 1, &members.p[members.n++].value))
                return false;
        } else if (e->op & (PATH_INSERT_BEFORE | PATH_INSERT_AFTER)) {
            err_set(e->err, ERR_INVALID_PARAMETER_VALUE, "cannot replace existing key");
            return err_hint(e->err, "Try using the function jsonb_set to replace key value.");
        } else if (!(e->op & PATH_DELETE)) {
            members.p[members.n++] = (struct json_member){m->key, m->n_key, *e->value};
        }
    }
    bool add = last_step(e, level) ? (e->op & PATH_ADDS) != 0 : (e->op & PATH_FILL_GAPS) != 0;
    if (!found && add) {
        memmove(&members.p[place + 1], &members.p[place],
                (members.n - place) * sizeof(members.p[0]));
        members.p[place] = (struct json_member){.key = key->p, .n_key = key->n};
        members.n++;
        if (!new_chain(e, level, &members.p[place].value)) /* the value itself at the last step */
            return false;
    }
    *out = object_value(members);
    return true;
}

#define BEFORE_START INT32_MIN

/* The step at `level` as an index into an array of n items: BEFORE_START when it is before the
 * first. */
static bool array_index(struct edit *e, int level, uint32_t n, int64_t *index)
{
    if (!read_index(e->arena, &e->path[level], index))
        return err_set(e->err, ERR_INVALID_TEXT_REPRESENTATION,
                       "path element at position %d is not an integer: \"%.*s\"", level + 1,
                       (int)e->path[level].n, (const char *)e->path[level].p);
    if (*index < 0 && -*index > n) {
        if (e->op & PATH_FIXED_PLACES)
            return err_set(e->err, ERR_INVALID_PARAMETER_VALUE,
                           "path element at position %d is out of range: %d", level + 1,
                           (int)*index);
        *index = BEFORE_START;
    } else if (*index < 0) {
        *index += n;
    }
    if (!(e->op & PATH_FILL_GAPS) && *index > n)
        *index = n;
    return true;
}

/* The item that the last step names. */
static void edit_item(struct edit *e, const struct json *old, struct items *out)
{
    if (e->op & (PATH_INSERT_BEFORE | PATH_CREATE))
        out->p[out->n++] = *e->value;
    if (e->op & (PATH_INSERT_BEFORE | PATH_INSERT_AFTER))
        out->p[out->n++] = *old;
    if (e->op & (PATH_INSERT_AFTER | PATH_REPLACE))
        out->p[out->n++] = *e->value;
}

static bool edit_array(struct edit *e, const struct json *tree, int level, struct json *out)
{
    int64_t index;
    size_t cap = (size_t)tree->n + 2;
    struct items items = items_for(e->arena, cap);
    bool adds = (e->op & PATH_ADDS) != 0, last = last_step(e, level), done = false;
    if (!array_index(e, level, tree->n, &index))
        return false;
    if (index >= ITEMS_MAX)
        return too_many_items(e);
    if ((index == BEFORE_START || tree->n == 0) && last && adds) {
        if (e->op & PATH_FILL_GAPS)
            add_nulls(e, &items, index, &cap);
        items.p[items.n++] = *e->value;
        done = true;
    }
    for (uint32_t k = 0; k < tree->n; k++) {
        if (k != index) {
            items.p[items.n++] = tree->items[k];
        } else if (last) {
            edit_item(e, &tree->items[k], &items);
            done = true;
        } else {
            if (!edit_value(e, &tree->items[k], level + 1, &items.p[items.n++]))
                return false;
            done = true;
        }
    }
    if (!done && (last ? adds : (e->op & PATH_FILL_GAPS) != 0)) {
        if (e->op & PATH_FILL_GAPS)
            add_nulls(e, &items, index - tree->n, &cap);
        if (!new_chain(e, level, &items.p[items.n++]))
            return false;
    }
    *out = array_value(items);
    return true;
}

static bool edit_value(struct edit *e, const struct json *tree, int level, struct json *out)
{
    if (!stack_check(e->err))
        return false;
    if (e->path[level].null)
        return err_set(e->err, ERR_NULL_VALUE_NOT_ALLOWED, "path element at position %d is null",
                       level + 1);
    if (tree->kind == JSON_OBJECT)
        return edit_object(e, tree, level, out);
    if (tree->kind == JSON_ARRAY)
        return edit_array(e, tree, level, out);
    if (e->op & PATH_FILL_GAPS) {
        err_set(e->err, ERR_INVALID_PARAMETER_VALUE, "cannot replace existing key");
        return err_detail(e->err,
                          "The path assumes key is a composite object, but it is a scalar value.");
    }
    *out = *tree;
    return true;
}

static bool edit_path(struct fcall *c, const struct json *value, unsigned op)
{
    const struct array *array = array_of(&c->args[1]);
    if (array->ndim > 1)
        return err_set(c->err, ERR_ARRAY_SUBSCRIPT_ERROR, "wrong number of array subscripts");
    const struct json *tree = jsonb_arg(c, 0);
    if (!tree)
        return false;
    if (is_scalar(tree))
        return err_set(c->err, ERR_INVALID_PARAMETER_VALUE,
                       op == PATH_DELETE ? "cannot delete path in scalar"
                                         : "cannot set path in scalar");
    if (array->n_items == 0 || (tree->n == 0 && !(op & PATH_ADDS))) {
        c->result = c->args[0];
        return true;
    }
    struct edit e = {.arena = c->arena,
                     .err = c->err,
                     .path = array_items(c->arena, call_type(c, TYPE_TEXT), array),
                     .n_path = (int)array->n_items,
                     .value = value,
                     .op = op};
    struct json result;
    return edit_value(&e, tree, 0, &result) && jsonb_return_tree(c, &result);
}

static bool delete_path(struct fcall *c)
{
    return edit_path(c, NULL, PATH_DELETE);
}
static bool set(struct fcall *c)
{
    const struct json *value = jsonb_arg(c, 2);
    return value && edit_path(c, value, ARG_I(c, 3) ? PATH_CREATE : PATH_REPLACE);
}
static bool insert(struct fcall *c)
{
    const struct json *value = jsonb_arg(c, 2);
    return value && edit_path(c, value, ARG_I(c, 3) ? PATH_INSERT_AFTER : PATH_INSERT_BEFORE);
}

static bool is_word(const struct datum *d, const char *word)
{
    return d->n == strlen(word) && memcmp(d->p, word, d->n) == 0;
}

/* jsonb_set with a say in what SQL NULL does. */
static bool set_lax(struct fcall *c)
{
    static const struct json json_null = {.kind = JSON_NULL};
    const struct datum *how = &c->args[4];
    if (c->args[0].null || c->args[1].null || c->args[3].null)
        return return_null(c);
    bool raise = !how->null && is_word(how, "raise_exception"),
         use_null = !how->null && is_word(how, "use_json_null");
    bool delete = !how->null && is_word(how, "delete_key"),
         keep = !how->null && is_word(how, "return_target");
    if (!how->null && !c->args[2].null)
        return set(c);
    if (!raise && !use_null && !delete &&!keep)
        return err_set(c->err, ERR_INVALID_PARAMETER_VALUE,
                       "null_value_treatment must be \"delete_key\", \"return_target\", "
                       "\"use_json_null\", or \"raise_exception\"");
    if (raise) {
        err_set(c->err, ERR_NULL_VALUE_NOT_ALLOWED, "JSON value must not be null");
        err_detail(c->err,
                   "Exception was raised because null_value_treatment is \"raise_exception\".");
        return err_hint(c->err, "To avoid, either change the null_value_treatment argument or "
                                "ensure that an SQL NULL is not "
                                "passed.");
    }
    if (keep) {
        c->result = c->args[0];
        return true;
    }
    return use_null ? edit_path(c, &json_null, ARG_I(c, 3) ? PATH_CREATE : PATH_REPLACE)
                    : delete_path(c);
}

/* ---- subscripts ---- */

static struct datum *subscript_path(struct arena *arena, int n, const struct jsonb_subscript *path)
{
    struct datum *steps = ARENA_ARRAY(arena, struct datum, n + 1);
    for (int k = 0; k < n; k++) {
        steps[k] = path[k].value;
        if (!path[k].value.null && path[k].is_int)
            steps[k] =
                datum_cstring(arena, arena_printf(arena, "%lld", (long long)path[k].value.i));
    }
    return steps;
}

bool jsonb_subscript_get(struct arena *arena, struct err *err, const struct datum *jsonb, int n,
                         const struct jsonb_subscript *path, struct datum *result)
{
    *result = datum_null();
    if (jsonb->null)
        return true;
    const struct datum *steps = subscript_path(arena, n, path);
    struct json_slice at = json_slice(jsonb->p, jsonb->n);
    for (int k = 0; k < n; k++) {
        int64_t index;
        enum json_kind kind = json_slice_kind(at);
        if (steps[k].null)
            return true;
        bool found = kind == JSON_OBJECT
                         ? json_find(at, steps[k].p, steps[k].n, &at)
                         : kind == JSON_ARRAY && read_index(arena, &steps[k], &index) &&
                               json_item(at, index, &at);
        if (!found)
            return true;
    }
    *result = datum_bytes(at.p, (size_t)(at.end - at.p));
    return true;
}

bool jsonb_subscript_set(struct arena *arena, struct err *err, const struct datum *jsonb, int n,
                         const struct jsonb_subscript *path, const struct datum *value,
                         struct datum *result)
{
    struct json nothing = {.kind = n && path[0].is_int ? JSON_ARRAY : JSON_OBJECT},
                json_null = {.kind = JSON_NULL}, out;
    for (int k = 0; k < n; k++)
        if (path[k].value.null)
            return err_set(err, ERR_NULL_VALUE_NOT_ALLOWED,
                           "jsonb subscript in assignment must not be null");
    const struct json *tree = jsonb->null ? &nothing : jsonb_tree(arena, jsonb, err);
    const struct json *leaf = value->null ? &json_null
                              : tree      ? jsonb_tree(arena, value, err)
                                          : NULL;
    if (!tree || !leaf)
        return false;
    struct edit e = {.arena = arena,
                     .err = err,
                     .path = subscript_path(arena, n, path),
                     .n_path = n,
                     .value = leaf,
                     .op = PATH_CREATE | PATH_FILL_GAPS | PATH_FIXED_PLACES};
    if (!edit_value(&e, tree, 0, &out))
        return false;
    *result = jsonb_datum(arena, &out);
    return true;
}

FUNC_TABLE(jsonb_edit_funcs) = {
    {"jsonb_concat", concat},
    {"jsonb_delete", delete_key},
    {"jsonb_delete_array", delete_array},
    {"jsonb_delete_idx", delete_index},
    {"jsonb_delete_path", delete_path},
    {"jsonb_set", set},
    {"jsonb_set_lax", set_lax},
    {"jsonb_insert", insert},
    {NULL, NULL},
};
