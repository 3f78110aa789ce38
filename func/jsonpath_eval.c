/* jsonpath_eval.c - evaluation of paths over jsonb trees.
 *
 * An item gets one value and hands what it makes of it to the next item; the last one adds to
 * `found`.  In lax mode arrays are unwrapped where an item needs their elements, single values
 * are wrapped where it needs an array, and structural errors find nothing.  Predicates are
 * three-valued; errors inside them are never raised but make them unknown.
 *
 * Values are pointers into trees that nobody changes; pointer identity tells .keyvalue() where
 * an object is. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/fiber.h"
#include "func/jsonpath_int.h"
#include "func/regex.h"
#include "types/key.h"
#include "types/numeric.h"

#define STEPS_PER_BREATH 4096

enum truth { IS_FALSE, IS_TRUE, IS_UNKNOWN };

static enum path_result run_item(struct path_eval *e, struct jsonpath_item *item,
                                 const struct json *v, struct path_items *found, bool unwrap);
static enum truth run_predicate(struct path_eval *e, struct jsonpath_item *item,
                                const struct json *v);

enum path_result path_error(struct path_eval *e, const char *sqlstate, const char *format, ...)
{
    if (e->raise && !e->failed) {
        va_list args;
        va_start(args, format);
        const char *message = arena_vprintf(e->err->arena, format, args);
        va_end(args);
        err_set(e->err, sqlstate, "%s", message);
        e->failed = true;
    }
    return PATH_ERROR;
}

/* ---- values ---- */

static const struct json *new_value(struct path_eval *e, struct json value)
{
    struct json *copy = ARENA_NEW(e->arena, struct json);
    *copy = value;
    return copy;
}

static const struct json *number_value(struct path_eval *e, const struct numeric *n)
{
    struct buf text = BUF_IN(e->arena);
    numeric_print(n, &text);
    return new_value(e, (struct json){.kind = JSON_NUMBER, .n = (uint32_t)text.n, .text = text.p});
}

static const struct json *int_value(struct path_eval *e, int64_t n)
{
    return number_value(e, numeric_from_i64(e->arena, n));
}

static const struct json *text_value(struct path_eval *e, const char *text)
{
    return new_value(e, json_string(text, strlen(text)));
}

static const struct numeric *number_of(struct path_eval *e, const struct json *v)
{
    return json_number(e->arena, v);
}

static const char *type_name(const struct json *v)
{
    static const char *const names[] = {"null", "string", "number", "boolean", "array", "object"};
    return v->kind == JSON_DATETIME ? path_datetime_type(v->datetime) : names[v->kind];
}

static void add(struct path_eval *e, struct path_items *found, const struct json *v)
{
    VEC_PUSH(e->arena, &found->list, v);
}

/* Hands `v` to the item after `item`. */
static enum path_result next_item(struct path_eval *e, const struct jsonpath_item *item,
                                  const struct json *v, struct path_items *found)
{
    if (item && item->next)
        return run_item(e, item->next, v, found, e->lax);
    if (found)
        add(e, found, v);
    return PATH_OK;
}

/* ---- going through containers ---- */

struct depth { /* which levels below a container count */
    uint32_t level, first, last;
    bool ignore_structural, unwrap_next;
};

static enum path_result run_ignoring(struct path_eval *e, struct jsonpath_item *item,
                                     const struct json *v, struct path_items *found, bool unwrap,
                                     bool ignore)
{
    bool saved = e->ignore_structural;
    e->ignore_structural |= ignore;
    enum path_result result = run_item(e, item, v, found, unwrap);
    e->ignore_structural = saved;
    return result;
}

static bool is_container(const struct json *v)
{
    return v->kind == JSON_ARRAY || v->kind == JSON_OBJECT;
}

/* `item` (NULL: just find) for the children of a container and what is below them. */
static enum path_result run_children(struct path_eval *e, struct jsonpath_item *item,
                                     const struct json *container, struct path_items *found,
                                     struct depth depth)
{
    enum path_result result = PATH_NOT_FOUND;
    bool leaves_only = depth.first == PATH_DEPTH_LAST && depth.last == PATH_DEPTH_LAST;
    if (depth.level > depth.last || !is_container(container))
        return result;
    if (!stack_check(e->err)) {
        e->failed = true;
        return PATH_ERROR;
    }
    for (uint32_t k = 0; k < container->n; k++) {
        const struct json *v =
            container->kind == JSON_ARRAY ? &container->items[k] : &container->members[k].value;
        if (depth.level >= depth.first || (leaves_only && !is_container(v))) {
            if (item) {
                result =
                    run_ignoring(e, item, v, found, depth.unwrap_next, depth.ignore_structural);
                if (result == PATH_ERROR || (result == PATH_OK && !found))
                    return result;
            } else if (found) {
                add(e, found, v);
            } else {
                return PATH_OK;
            }
        }
        if (depth.level < depth.last && is_container(v)) {
            struct depth below = depth;
            below.level++;
            result = run_children(e, item, v, found, below);
            if (result == PATH_ERROR || (result == PATH_OK && !found))
                return result;
        }
    }
    return result;
}

/* `item` for each element of an array. */
static enum path_result run_elements(struct path_eval *e, struct jsonpath_item *item,
                                     const struct json *array, struct path_items *found,
                                     bool unwrap_elements)
{
    return run_children(
        e, item, array, found,
        (struct depth){.level = 1, .first = 1, .last = 1, .unwrap_next = unwrap_elements});
}

/* All values of an operand; arrays among them are taken apart in lax mode. */
static enum path_result run_operand(struct path_eval *e, struct jsonpath_item *item,
                                    const struct json *v, bool unwrap, struct path_items *found)
{
    struct path_items all = {0};
    if (!unwrap || !e->lax)
        return run_item(e, item, v, found, e->lax);
    enum path_result result = run_item(e, item, v, &all, e->lax);
    if (result == PATH_ERROR)
        return result;
    for (size_t k = 0; k < all.list.n; k++)
        if (all.list.items[k]->kind == JSON_ARRAY)
            run_elements(e, NULL, all.list.items[k], found, false);
        else
            add(e, found, all.list.items[k]);
    return PATH_OK;
}

static enum path_result run_operand_quietly(struct path_eval *e, struct jsonpath_item *item,
                                            const struct json *v, bool unwrap,
                                            struct path_items *found)
{
    bool saved = e->raise;
    e->raise = false;
    enum path_result result = run_operand(e, item, v, unwrap, found);
    e->raise = saved;
    return result;
}

/* ---- accessors ---- */

static enum path_result run_key(struct path_eval *e, struct jsonpath_item *item,
                                const struct json *v, struct path_items *found, bool unwrap)
{
    if (v->kind == JSON_OBJECT) {
        const struct json *member = jsonb_member(v, item->value.text, item->value.n);
        if (member)
            return next_item(e, item, member, found);
        if (e->ignore_structural)
            return PATH_NOT_FOUND;
        return path_error(e, ERR_SQL_JSON_MEMBER_NOT_FOUND,
                          "JSON object does not contain key \"%.*s\"", (int)item->value.n,
                          item->value.text);
    }
    if (unwrap && v->kind == JSON_ARRAY)
        return run_elements(e, item, v, found, false);
    if (e->ignore_structural)
        return PATH_NOT_FOUND;
    return path_error(e, ERR_SQL_JSON_MEMBER_NOT_FOUND,
                      "jsonpath member accessor can only be applied to an object");
}

static enum path_result run_any_key(struct path_eval *e, struct jsonpath_item *item,
                                    const struct json *v, struct path_items *found, bool unwrap)
{
    if (v->kind == JSON_OBJECT)
        return run_elements(e, item->next, v, found, e->lax);
    if (unwrap && v->kind == JSON_ARRAY)
        return run_elements(e, item, v, found, false);
    if (e->ignore_structural)
        return PATH_NOT_FOUND;
    return path_error(e, ERR_SQL_JSON_OBJECT_NOT_FOUND,
                      "jsonpath wildcard member accessor can only be applied to an object");
}

static enum path_result run_any_item(struct path_eval *e, struct jsonpath_item *item,
                                     const struct json *v, struct path_items *found)
{
    if (v->kind == JSON_ARRAY)
        return run_elements(e, item->next, v, found, e->lax);
    if (e->lax)
        return next_item(e, item, v, found);
    if (e->ignore_structural)
        return PATH_NOT_FOUND;
    return path_error(e, ERR_SQL_JSON_ARRAY_NOT_FOUND,
                      "jsonpath wildcard array accessor can only be applied to an array");
}

static enum path_result subscript(struct path_eval *e, struct jsonpath_item *item,
                                  const struct json *v, int64_t *index)
{
    struct path_items found = {0};
    int64_t i;
    enum path_result result = run_item(e, item, v, &found, e->lax);
    if (result == PATH_ERROR)
        return result;
    if (found.list.n != 1 || found.list.items[0]->kind != JSON_NUMBER)
        return path_error(e, ERR_INVALID_SQL_JSON_SUBSCRIPT,
                          "jsonpath array subscript is not a single numeric value");
    if (!numeric_to_i64(numeric_trunc(e->arena, number_of(e, found.list.items[0]), 0), &i) ||
        i < INT32_MIN || i > INT32_MAX)
        return path_error(e, ERR_INVALID_SQL_JSON_SUBSCRIPT,
                          "jsonpath array subscript is out of integer range");
    *index = i;
    return PATH_OK;
}

static enum path_result run_range(struct path_eval *e, struct jsonpath_item *item,
                                  const struct jsonpath_range *range, const struct json *v,
                                  struct path_items *found)
{
    int64_t size = e->array_size, from, to;
    enum path_result result = subscript(e, range->from, v, &from);
    if (result == PATH_ERROR)
        return result;
    to = from;
    if (range->to && subscript(e, range->to, v, &to) == PATH_ERROR)
        return PATH_ERROR;
    if (!e->ignore_structural && (from < 0 || from > to || to >= size))
        return path_error(e, ERR_INVALID_SQL_JSON_SUBSCRIPT,
                          "jsonpath array subscript is out of bounds");
    result = PATH_NOT_FOUND;
    for (int64_t k = MAX(from, 0); k <= MIN(to, size - 1); k++) {
        if (!item->next && !found)
            return PATH_OK;
        result = next_item(e, item, v->kind == JSON_ARRAY ? &v->items[k] : v, found);
        if (result == PATH_ERROR || (result == PATH_OK && !found))
            return result;
    }
    return result;
}

static enum path_result run_items(struct path_eval *e, struct jsonpath_item *item,
                                  const struct json *v, struct path_items *found)
{
    if (v->kind != JSON_ARRAY && !e->lax) {
        if (e->ignore_structural)
            return PATH_NOT_FOUND;
        return path_error(e, ERR_SQL_JSON_ARRAY_NOT_FOUND,
                          "jsonpath array accessor can only be applied to an array");
    }
    int64_t saved = e->array_size;
    enum path_result result = PATH_NOT_FOUND;
    for (uint32_t k = 0; k < item->n_ranges; k++) {
        e->array_size = v->kind == JSON_ARRAY ? v->n : 1;
        result = run_range(e, item, &item->ranges[k], v, found);
        if (result == PATH_ERROR || (result == PATH_OK && !found))
            break;
    }
    e->array_size = saved;
    return result;
}

static enum path_result run_any_depth(struct path_eval *e, struct jsonpath_item *item,
                                      const struct json *v, struct path_items *found)
{
    enum path_result result = PATH_NOT_FOUND;
    if (item->first == 0) { /* the value itself */
        bool saved = e->ignore_structural;
        e->ignore_structural = true;
        result = next_item(e, item, v, found);
        e->ignore_structural = saved;
        if (result == PATH_ERROR || (result == PATH_OK && !found))
            return result;
    }
    if (!is_container(v))
        return result;
    return run_children(e, item->next, v, found,
                        (struct depth){.level = 1,
                                       .first = item->first,
                                       .last = item->last,
                                       .ignore_structural = true,
                                       .unwrap_next = e->lax});
}

/* ---- literals and variables ---- */

static const struct json *variable(struct path_eval *e, const struct jsonpath_item *item)
{
    const struct json *value =
        e->vars ? jsonb_member(e->vars, item->value.text, item->value.n) : NULL;
    if (!value && !e->failed) {
        err_set(e->err, ERR_UNDEFINED_OBJECT, "could not find jsonpath variable \"%.*s\"",
                (int)item->value.n, item->value.text);
        e->failed = true;
    }
    return value;
}

static enum path_result run_literal(struct path_eval *e, struct jsonpath_item *item,
                                    const struct json *v, struct path_items *found)
{
    if (!item->next && !found && item->op != PATH_VARIABLE) /* a variable may be missing */
        return PATH_OK;
    if (item->op != PATH_VARIABLE)
        return next_item(e, item, &item->value, found);
    const struct json *value = variable(e, item), *base = e->base;
    int64_t base_id = e->base_id;
    if (!value)
        return PATH_ERROR;
    e->base = e->vars;
    e->base_id = 1;
    enum path_result result = next_item(e, item, value, found);
    e->base = base;
    e->base_id = base_id;
    return result;
}

static enum path_result run_root(struct path_eval *e, struct jsonpath_item *item,
                                 struct path_items *found)
{
    const struct json *base = e->base;
    int64_t base_id = e->base_id;
    e->base = e->root;
    e->base_id = 0;
    enum path_result result = next_item(e, item, e->root, found);
    e->base = base;
    e->base_id = base_id;
    return result;
}

/* ---- arithmetic ---- */

/* The number that an operand has to be. */
static bool single_number(struct path_eval *e, const struct jsonpath_item *item,
                          const struct path_items *found, const char *side,
                          const struct numeric **n)
{
    if (found->list.n != 1 || found->list.items[0]->kind != JSON_NUMBER) {
        path_error(e, ERR_SINGLETON_SQL_JSON_ITEM_REQUIRED,
                   "%s operand of jsonpath operator %s is not a single numeric value", side,
                   jsonpath_op_name(item->op));
        return false;
    }
    *n = number_of(e, found->list.items[0]);
    return true;
}

static enum path_result run_arithmetic(struct path_eval *e, struct jsonpath_item *item,
                                       const struct json *v, struct path_items *found)
{
    static numeric_fn *const fns[] = {numeric_add, numeric_sub, numeric_mul, numeric_div,
                                      numeric_mod};
    struct path_items left = {0}, right = {0};
    const struct numeric *a, *b;
    struct err err = ERR_IN(e->arena);
    if (run_operand(e, item->left, v, true, &left) == PATH_ERROR ||
        run_operand(e, item->right, v, true, &right) == PATH_ERROR)
        return PATH_ERROR;
    if (!single_number(e, item, &left, "left", &a) || !single_number(e, item, &right, "right", &b))
        return PATH_ERROR;
    const struct numeric *n = fns[item->op - PATH_ADD](e->arena, &err, a, b);
    if (!n)
        return path_error(e, err.sqlstate, "%s", err.message);
    if (!item->next && !found)
        return PATH_OK;
    return next_item(e, item, number_value(e, n), found);
}

static enum path_result run_sign(struct path_eval *e, struct jsonpath_item *item,
                                 const struct json *v, struct path_items *found)
{
    struct path_items all = {0};
    enum path_result result = run_operand(e, item->left, v, true, &all), each;
    if (result == PATH_ERROR)
        return result;
    result = PATH_NOT_FOUND;
    for (size_t k = 0; k < all.list.n; k++) {
        const struct json *n = all.list.items[k];
        bool number = n->kind == JSON_NUMBER;
        if (!found && !item->next) {
            if (number)
                return PATH_OK;
            continue;
        }
        if (!number)
            return path_error(e, ERR_SQL_JSON_NUMBER_NOT_FOUND,
                              "operand of unary jsonpath operator %s is not a numeric value",
                              jsonpath_op_name(item->op));
        if (item->op == PATH_MINUS)
            n = number_value(e, numeric_neg(e->arena, number_of(e, n)));
        each = next_item(e, item, n, found);
        if (each == PATH_ERROR || (each == PATH_OK && !found))
            return each;
        if (each == PATH_OK)
            result = PATH_OK;
    }
    return result;
}

/* ---- methods ---- */

static enum path_result run_size(struct path_eval *e, struct jsonpath_item *item,
                                 const struct json *v, struct path_items *found)
{
    if (v->kind != JSON_ARRAY && !e->lax) {
        if (e->ignore_structural)
            return PATH_NOT_FOUND;
        return path_error(e, ERR_SQL_JSON_ARRAY_NOT_FOUND,
                          "jsonpath item method .%s() can only be applied to an array", "size");
    }
    return next_item(e, item, int_value(e, v->kind == JSON_ARRAY ? v->n : 1), found);
}

static enum path_result run_numeric_method(struct path_eval *e, struct jsonpath_item *item,
                                           const struct json *v, struct path_items *found)
{
    if (v->kind != JSON_NUMBER)
        return path_error(e, ERR_NON_NUMERIC_SQL_JSON_ITEM,
                          "jsonpath item method .%s() can only be applied to a numeric value",
                          jsonpath_op_name(item->op));
    if (!item->next && !found)
        return PATH_OK;
    const struct numeric *n = number_of(e, v);
    n = item->op == PATH_ABS     ? numeric_abs(e->arena, n)
        : item->op == PATH_FLOOR ? numeric_floor(e->arena, n)
                                 : numeric_ceil(e->arena, n);
    return next_item(e, item, number_value(e, n), found);
}

/* Text as a finite float8. */
static bool read_double(struct path_eval *e, const struct json *v, double *out)
{
    struct err ignored = ERR_IN(e->arena);
    struct type_io io = fcall_io(e->c, env_type(e->c->env, TYPE_FLOAT8));
    struct datum value;
    io.err = &ignored;
    io.arena = e->arena;
    if (!type_in(&io, arena_strndup(e->arena, v->text, v->n), v->n, &value) || !isfinite(value.f))
        return false;
    *out = value.f;
    return true;
}

static enum path_result run_double(struct path_eval *e, struct jsonpath_item *item,
                                   const struct json *v, struct path_items *found)
{
    double d;
    if (v->kind != JSON_NUMBER && v->kind != JSON_STRING)
        return path_error(
            e, ERR_NON_NUMERIC_SQL_JSON_ITEM,
            "jsonpath item method .%s() can only be applied to a string or numeric value",
            "double");
    if (!read_double(e, v, &d))
        return path_error(e, ERR_NON_NUMERIC_SQL_JSON_ITEM,
                          v->kind == JSON_NUMBER ? "numeric argument of jsonpath item method .%s() "
                                                   "is out of range for type double precision"
                                                 : "string argument of jsonpath item method .%s() "
                                                   "is not a valid representation of a double "
                                                   "precision number",
                          "double");
    if (v->kind == JSON_STRING)
        v = number_value(e, numeric_from_float8(e->arena, d));
    return next_item(e, item, v, found);
}

static enum path_result run_datetime(struct path_eval *e, struct jsonpath_item *item,
                                     const struct json *v, struct path_items *found)
{
    const struct json *value;
    enum path_result result = path_datetime(e, v, item->left ? &item->left->value : NULL, &value);
    if (result == PATH_ERROR || (!item->next && !found))
        return result;
    return next_item(e, item, value, found);
}

/* Where PostgreSQL's binary form of `base` holds `target`: .keyvalue() tells objects apart by
 * that.  *at runs through the form; true when target has been reached. */
static bool binary_place(struct path_eval *e, const struct json *v, const struct json *target,
                         int64_t *at)
{
    int weight, group;
    switch ((enum json_kind)v->kind) {
    case JSON_STRING:
        *at += v->n;
        return false;
    case JSON_NUMBER: {
        const struct numeric *n = number_of(e, v);
        const struct numeric *trimmed = numeric_trim_scale(e->arena, n);
        struct buf digits = BUF_IN(e->arena);
        numeric_print(trimmed, &digits);
        numeric_weight(n, &weight, &group);
        int fraction = (trimmed->dscale + 3) / 4, before = weight + 1,
            n_groups = numeric_is_zero(n) ? 0 : before + fraction;
        /* whole groups of zeros before the point at the end are not kept */
        for (size_t k = digits.n;
             fraction == 0 && n_groups > 1 && k >= 4 && memcmp(digits.p + k - 4, "0000", 4) == 0;
             k -= 4)
            n_groups--;
        bool is_short = n->dscale <= 63 && weight >= -64 && weight <= 63;
        *at = (*at + 3) / 4 * 4 + 4 + (is_short ? 2 : 4) + 2 * n_groups;
        return false;
    }
    case JSON_ARRAY:
        *at = (*at + 3) / 4 * 4;
        if (v == target)
            return true;
        *at += 4 + 4 * (int64_t)v->n;
        for (uint32_t k = 0; k < v->n; k++)
            if (binary_place(e, &v->items[k], target, at))
                return true;
        return false;
    case JSON_OBJECT:
        *at = (*at + 3) / 4 * 4;
        if (v == target)
            return true;
        *at += 4 + 8 * (int64_t)v->n;
        for (uint32_t k = 0; k < v->n; k++)
            *at += v->members[k].n_key;
        for (uint32_t k = 0; k < v->n; k++)
            if (binary_place(e, &v->members[k].value, target, at))
                return true;
        return false;
    case JSON_NULL:
    case JSON_BOOL:
    case JSON_DATETIME:
        break;
    }
    return false;
}

static enum path_result run_keyvalue(struct path_eval *e, struct jsonpath_item *item,
                                     const struct json *v, struct path_items *found)
{
    enum path_result result = PATH_NOT_FOUND;
    int64_t place = 0;
    if (v->kind != JSON_OBJECT)
        return path_error(e, ERR_SQL_JSON_OBJECT_NOT_FOUND,
                          "jsonpath item method .%s() can only be applied to an object",
                          "keyvalue");
    if (v->n == 0)
        return PATH_NOT_FOUND;
    if (!item->next && !found)
        return PATH_OK;
    if (!e->base || !binary_place(e, e->base, v, &place))
        place = 0;
    const struct json *id = int_value(e, place + e->base_id * INT64_C(10000000000)),
                      *base = e->base;
    int64_t base_id = e->base_id;
    for (uint32_t k = 0; k < v->n; k++) {
        struct json_member *members = ARENA_ARRAY(e->arena, struct json_member, 3);
        members[0] = (struct json_member){"id", 2, *id};
        members[1] =
            (struct json_member){"key", 3, json_string(v->members[k].key, v->members[k].n_key)};
        members[2] = (struct json_member){"value", 5, v->members[k].value};
        const struct json *pair =
            new_value(e, (struct json){.kind = JSON_OBJECT, .n = 3, .members = members});
        e->base = pair;
        e->base_id = e->last_id++;
        result = next_item(e, item, pair, found);
        e->base = base;
        e->base_id = base_id;
        if (result == PATH_ERROR || (result == PATH_OK && !found))
            return result;
    }
    return result;
}

/* ---- predicates ---- */

static enum truth compare(struct path_eval *e, enum jsonpath_op op, const struct json *a,
                          const struct json *b)
{
    int order = 0;
    if (a->kind != b->kind) {
        if (a->kind == JSON_NULL || b->kind == JSON_NULL) /* null differs from all else */
            return op == PATH_NE ? IS_TRUE : IS_FALSE;
        return IS_UNKNOWN;
    }
    switch ((enum json_kind)a->kind) {
    case JSON_NULL:
        break;
    case JSON_BOOL:
        order = (int)a->truth - (int)b->truth;
        break;
    case JSON_NUMBER:
        order = numeric_cmp(number_of(e, a), number_of(e, b));
        break;
    case JSON_STRING:
        order = cmp_bytes(a->text, a->n, b->text, b->n);
        break;
    case JSON_DATETIME:
        if (!path_datetime_compare(e, a->datetime, b->datetime, &order))
            return IS_UNKNOWN;
        break;
    case JSON_ARRAY:
    case JSON_OBJECT:
        return IS_UNKNOWN;
    }
    bool holds = op == PATH_EQ   ? order == 0
                 : op == PATH_NE ? order != 0
                 : op == PATH_LT ? order < 0
                 : op == PATH_GT ? order > 0
                 : op == PATH_LE ? order <= 0
                                 : order >= 0;
    return holds ? IS_TRUE : IS_FALSE;
}

/* XQuery's flags in terms of our regular expressions. */
static bool compile_regex(const struct jsonpath_item *item, struct err *err, struct regex **out)
{
    unsigned flags = item->regex_flags, own = REGEX_ADVANCED | REGEX_EXTENDED;
    if (flags & PATH_REGEX_QUOTE) {
        own = REGEX_QUOTE;
    } else {
        if (!(flags & PATH_REGEX_DOTALL))
            own |= REGEX_NLSTOP;
        if (flags & PATH_REGEX_MLINE)
            own |= REGEX_NLANCH;
        if (flags & PATH_REGEX_WSPACE)
            return err_set(err, ERR_FEATURE_NOT_SUPPORTED,
                           "XQuery \"x\" flag (expanded regular expressions) is not implemented");
    }
    if (flags & PATH_REGEX_ICASE)
        own |= REGEX_ICASE;
    *out = regex_compile(item->value.text, item->value.n, own, err);
    return *out != NULL;
}

static bool check_regex(const struct jsonpath_item *item, struct err *err)
{
    struct regex *regex = NULL;
    bool ok = compile_regex(item, err, &regex);
    regex_free(regex);
    return ok;
}

__attribute__((constructor)) static void offer_regex_check(void)
{
    jsonpath_check_regex = check_regex;
}

static void free_regex(void *regex)
{
    regex_free(regex);
}

static enum truth like_regex(struct path_eval *e, struct jsonpath_item *item,
                             const struct json *text)
{
    if (text->kind != JSON_STRING)
        return IS_UNKNOWN;
    if (!item->compiled) {
        struct regex *regex;
        if (!compile_regex(item, e->err, &regex)) {
            e->failed = true;
            return IS_UNKNOWN;
        }
        arena_on_free(e->c->site_arena, free_regex, regex); /* the path lives there too */
        item->compiled = regex;
    }
    enum regex_result result =
        regex_search(item->compiled, text->text, text->n, 0, NULL, 0, e->err);
    if (result == REGEX_FAILED)
        e->failed = true;
    return result == REGEX_YES ? IS_TRUE : IS_FALSE;
}

static enum truth test(struct path_eval *e, struct jsonpath_item *item, const struct json *a,
                       const struct json *b)
{
    if (item->op == PATH_LIKE_REGEX)
        return like_regex(e, item, a);
    if (item->op != PATH_STARTS_WITH)
        return compare(e, item->op, a, b);
    if (a->kind != JSON_STRING || b->kind != JSON_STRING)
        return IS_UNKNOWN;
    return a->n >= b->n && memcmp(a->text, b->text, b->n) == 0 ? IS_TRUE : IS_FALSE;
}

/* True if it is for some pair of values.  Lax mode stops at the first answer but for unknown
 * ones; strict mode wants to know that there is none. */
static enum truth run_test(struct path_eval *e, struct jsonpath_item *item, const struct json *v)
{
    struct path_items left = {0}, right = {0};
    bool unknown = false, holds = false, binary = item->op != PATH_LIKE_REGEX;
    if (run_operand_quietly(e, item->left, v, true, &left) == PATH_ERROR)
        return IS_UNKNOWN;
    if (binary &&
        run_operand_quietly(e, item->right, v, item->op != PATH_STARTS_WITH, &right) == PATH_ERROR)
        return IS_UNKNOWN;
    for (size_t i = 0; i < left.list.n; i++)
        for (size_t k = 0; k < (binary ? right.list.n : 1) && !e->failed; k++) {
            enum truth truth =
                test(e, item, left.list.items[i], binary ? right.list.items[k] : NULL);
            if (truth == IS_UNKNOWN && !e->lax)
                return IS_UNKNOWN;
            if (truth == IS_TRUE && e->lax)
                return IS_TRUE;
            unknown |= truth == IS_UNKNOWN;
            holds |= truth == IS_TRUE;
        }
    return holds ? IS_TRUE : unknown ? IS_UNKNOWN : IS_FALSE;
}

static enum truth run_exists(struct path_eval *e, struct jsonpath_item *item, const struct json *v)
{
    struct path_items all = {0};
    enum path_result result = run_operand_quietly(e, item->left, v, false, e->lax ? NULL : &all);
    if (result == PATH_ERROR)
        return IS_UNKNOWN;
    return (e->lax ? result == PATH_OK : all.list.n > 0) ? IS_TRUE : IS_FALSE;
}

static enum truth run_predicate(struct path_eval *e, struct jsonpath_item *item,
                                const struct json *v)
{
    enum truth left, right;
    if (!stack_check(e->err))
        e->failed = true;
    if (e->failed)
        return IS_UNKNOWN;
    switch (item->op) {
    case PATH_AND:
        left = run_predicate(e, item->left, v);
        if (left == IS_FALSE)
            return IS_FALSE;
        right = run_predicate(e, item->right, v);
        return right == IS_TRUE ? left : right;
    case PATH_OR:
        left = run_predicate(e, item->left, v);
        if (left == IS_TRUE)
            return IS_TRUE;
        right = run_predicate(e, item->right, v);
        return right == IS_FALSE ? left : right;
    case PATH_NOT:
        left = run_predicate(e, item->left, v);
        return left == IS_UNKNOWN ? IS_UNKNOWN : left == IS_TRUE ? IS_FALSE : IS_TRUE;
    case PATH_IS_UNKNOWN:
        return run_predicate(e, item->left, v) == IS_UNKNOWN ? IS_TRUE : IS_FALSE;
    case PATH_EXISTS:
        return run_exists(e, item, v);
    default:
        return run_test(e, item, v);
    }
}

static enum path_result run_filter(struct path_eval *e, struct jsonpath_item *item,
                                   const struct json *v, struct path_items *found)
{
    const struct json *saved = e->current;
    e->current = v;
    enum truth truth = run_predicate(e, item->left, v);
    e->current = saved;
    if (e->failed)
        return PATH_ERROR;
    return truth == IS_TRUE ? next_item(e, item, v, found) : PATH_NOT_FOUND;
}

/* A predicate where a value is asked for: true, false, or null for unknown. */
static enum path_result run_truth(struct path_eval *e, struct jsonpath_item *item,
                                  const struct json *v, struct path_items *found)
{
    enum truth truth = run_predicate(e, item, v);
    if (e->failed)
        return PATH_ERROR;
    if (!item->next && !found)
        return PATH_OK;
    struct json value = {.kind = truth == IS_UNKNOWN ? JSON_NULL : JSON_BOOL,
                         .truth = truth == IS_TRUE};
    return next_item(e, item, new_value(e, value), found);
}

/* ---- dispatch ---- */

static bool unwraps(enum jsonpath_op op)
{
    return op == PATH_FILTER || op == PATH_ABS || op == PATH_FLOOR || op == PATH_CEILING ||
           op == PATH_DOUBLE || op == PATH_DATETIME || op == PATH_KEYVALUE;
}

static enum path_result run_item(struct path_eval *e, struct jsonpath_item *item,
                                 const struct json *v, struct path_items *found, bool unwrap)
{
    if (!e->failed && !stack_check(e->err))
        e->failed = true;
    if (++e->steps % STEPS_PER_BREATH == 0 && !e->failed && !fiber_breathe() &&
        !fiber_check_interrupt(e->err))
        e->failed = true;
    if (e->failed)
        return PATH_ERROR;
    if (unwrap && v->kind == JSON_ARRAY && unwraps(item->op))
        return run_elements(e, item, v, found, false);
    switch (item->op) {
    case PATH_NULL:
    case PATH_STRING:
    case PATH_NUMBER:
    case PATH_BOOL:
    case PATH_VARIABLE:
        return run_literal(e, item, v, found);
    case PATH_ROOT:
        return run_root(e, item, found);
    case PATH_CURRENT:
        return next_item(e, item, e->current, found);
    case PATH_LAST:
        return !item->next && !found ? PATH_OK
                                     : next_item(e, item, int_value(e, e->array_size - 1), found);
    case PATH_KEY:
        return run_key(e, item, v, found, unwrap);
    case PATH_ANY_KEY:
        return run_any_key(e, item, v, found, unwrap);
    case PATH_ANY_ITEM:
        return run_any_item(e, item, v, found);
    case PATH_ITEMS:
        return run_items(e, item, v, found);
    case PATH_ANY_DEPTH:
        return run_any_depth(e, item, v, found);
    case PATH_FILTER:
        return run_filter(e, item, v, found);
    case PATH_TYPE:
        return next_item(e, item, text_value(e, type_name(v)), found);
    case PATH_SIZE:
        return run_size(e, item, v, found);
    case PATH_ABS:
    case PATH_FLOOR:
    case PATH_CEILING:
        return run_numeric_method(e, item, v, found);
    case PATH_DOUBLE:
        return run_double(e, item, v, found);
    case PATH_DATETIME:
        return run_datetime(e, item, v, found);
    case PATH_KEYVALUE:
        return run_keyvalue(e, item, v, found);
    case PATH_ADD:
    case PATH_SUB:
    case PATH_MUL:
    case PATH_DIV:
    case PATH_MOD:
        return run_arithmetic(e, item, v, found);
    case PATH_PLUS:
    case PATH_MINUS:
        return run_sign(e, item, v, found);
    default:
        return run_truth(e, item, v, found);
    }
}

enum path_result path_run(struct path_eval *e, const struct jsonpath *path,
                          struct path_items *found)
{
    struct path_items all = {0};
    e->lax = e->ignore_structural = !path->strict;
    e->current = e->base = e->root;
    e->array_size = -1;
    if (!path->strict || found)
        return run_item(e, path->root, e->root, found, e->lax);
    enum path_result result = run_item(e, path->root, e->root, &all, false);
    return result == PATH_ERROR ? result : all.list.n ? PATH_OK : PATH_NOT_FOUND;
}
