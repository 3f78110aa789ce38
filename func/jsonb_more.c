/* jsonb_more.c - jsonb: comparison, containment, printing, null stripping, casts to numbers and
 * boolean. */
#include <string.h>

#include "base/fiber.h"
#include "func/call.h"
#include "func/json_datum.h"
#include "types/numeric.h"

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

/* ---- containment ---- */

static bool is_container(const struct json *v)
{
    return v->kind == JSON_ARRAY || v->kind == JSON_OBJECT;
}

static bool contains(const struct json *whole, const struct json *part);

static bool object_contains(const struct json *whole, const struct json *part)
{
    if (whole->n < part->n)
        return false;
    for (uint32_t k = 0; k < part->n; k++) {
        const struct json_member *m = &part->members[k];
        const struct json *own = jsonb_member(whole, m->key, m->n_key);
        if (!own || own->kind != m->value.kind)
            return false;
        if (is_container(own) ? !contains(own, &m->value) : !jsonb_equal(own, &m->value))
            return false;
    }
    return true;
}

static bool array_has(const struct json *array, const struct json *item)
{
    for (uint32_t k = 0; k < array->n; k++) {
        const struct json *own = &array->items[k];
        if (own->kind == item->kind &&
            (is_container(own) ? contains(own, item) : jsonb_equal(own, item)))
            return true;
    }
    return false;
}

/* Two containers; order and repetition of array items do not count. */
static bool contains(const struct json *whole, const struct json *part)
{
    if (whole->kind != part->kind)
        return false;
    if (whole->kind == JSON_OBJECT)
        return object_contains(whole, part);
    for (uint32_t k = 0; k < part->n; k++)
        if (!array_has(whole, &part->items[k]))
            return false;
    return true;
}

/* At the top an array may contain a lone scalar, but not the other way round. */
static bool top_contains(struct fcall *c, int whole_arg)
{
    const struct json *whole = jsonb_arg(c, whole_arg),
                      *part = whole ? jsonb_arg(c, 1 - whole_arg) : NULL;
    if (!part)
        return false;
    if (is_container(part))
        return return_bool(c, contains(whole, part));
    return return_bool(c, whole->kind == JSON_ARRAY
                              ? array_has(whole, part)
                              : whole->kind == part->kind && jsonb_equal(whole, part));
}
static bool jsonb_contains(struct fcall *c)
{
    return top_contains(c, 0);
}
static bool jsonb_contained(struct fcall *c)
{
    return top_contains(c, 1);
}

/* ---- jsonb_pretty ---- */

static void indent(struct buf *out, int depth)
{
    buf_putc(out, '\n');
    for (int k = 0; k < depth; k++)
        buf_puts(out, "    ");
}

static void pretty(const struct json *v, int depth, struct buf *out)
{
    if (!is_container(v)) {
        jsonb_print(v, out);
        return;
    }
    bool object = v->kind == JSON_OBJECT;
    buf_putc(out, object ? '{' : '[');
    for (uint32_t k = 0; k < v->n; k++) {
        if (k)
            buf_putc(out, ',');
        indent(out, depth + 1);
        if (object) {
            json_put_string(out, v->members[k].key, v->members[k].n_key);
            buf_puts(out, ": ");
        }
        pretty(object ? &v->members[k].value : &v->items[k], depth + 1, out);
    }
    indent(out, depth);
    buf_putc(out, object ? '}' : ']');
}

static bool jsonb_pretty(struct fcall *c)
{
    const struct json *tree = jsonb_arg(c, 0);
    struct buf out = BUF_IN(c->arena);
    if (!tree)
        return false;
    pretty(tree, 0, &out);
    return json_return(c, &out);
}

/* ---- strip_nulls ---- */

/* Writes the value without object members that are null; `jsonb` says with which blanks. */
static void put_stripped(const struct json *v, bool jsonb, struct buf *out)
{
    if (!is_container(v)) {
        jsonb_print(v, out);
        return;
    }
    bool object = v->kind == JSON_OBJECT, any = false;
    buf_putc(out, object ? '{' : '[');
    for (uint32_t k = 0; k < v->n; k++) {
        const struct json *value = object ? &v->members[k].value : &v->items[k];
        if (object && value->kind == JSON_NULL)
            continue;
        if (any)
            buf_puts(out, jsonb ? ", " : ",");
        any = true;
        if (object) {
            json_put_string(out, v->members[k].key, v->members[k].n_key);
            buf_puts(out, jsonb ? ": " : ":");
        }
        put_stripped(value, jsonb, out);
    }
    buf_putc(out, object ? '}' : ']');
}

static bool strip_nulls(struct fcall *c)
{
    const struct json *tree = jsonb_arg(c, 0);
    struct buf out = BUF_IN(c->arena);
    if (!tree)
        return false;
    put_stripped(tree, c->arg_types[0]->oid == TYPE_JSONB, &out);
    return json_return(c, &out);
}

/* ---- casts ---- */

static bool cannot_cast(struct fcall *c, const struct json *v, const char *sql_type)
{
    static const char *const kinds[] = {"null",  "string", "numeric", "boolean",
                                        "array", "object", ""};
    return err_set(c->err, ERR_INVALID_PARAMETER_VALUE, "cannot cast jsonb %s to type %s",
                   kinds[v->kind], sql_type);
}

static const struct numeric *number_arg(struct fcall *c, const char *sql_type)
{
    const struct json *v = jsonb_arg(c, 0);
    if (v && v->kind != JSON_NUMBER)
        cannot_cast(c, v, sql_type);
    return v && v->kind == JSON_NUMBER ? json_number(c->arena, v) : NULL;
}

static bool to_bool(struct fcall *c)
{
    const struct json *v = jsonb_arg(c, 0);
    if (!v)
        return false;
    return v->kind == JSON_BOOL ? return_bool(c, v->truth) : cannot_cast(c, v, "boolean");
}

static bool to_numeric(struct fcall *c)
{
    const struct numeric *v = number_arg(c, "numeric");
    if (v)
        c->result = numeric_datum(v);
    return v != NULL;
}

static bool to_int(struct fcall *c, const char *sql_type, int64_t min, int64_t max)
{
    const struct numeric *v = number_arg(c, sql_type);
    int64_t i;
    if (!v)
        return false;
    if (!numeric_to_i64(v, &i) || i < min || i > max)
        return err_set(c->err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "%s out of range", sql_type);
    return return_int(c, i);
}
static bool to_int2(struct fcall *c)
{
    return to_int(c, "smallint", INT16_MIN, INT16_MAX);
}
static bool to_int4(struct fcall *c)
{
    return to_int(c, "integer", INT32_MIN, INT32_MAX);
}
static bool to_int8(struct fcall *c)
{
    return to_int(c, "bigint", INT64_MIN, INT64_MAX);
}

/* By way of text, as PostgreSQL's numeric casts go: the input function finds what is out of
 * range. */
static bool to_float(struct fcall *c, const char *sql_type, uint32_t oid)
{
    const struct numeric *v = number_arg(c, sql_type);
    struct buf text = BUF_IN(c->arena);
    if (!v)
        return false;
    numeric_print(v, &text);
    struct type_io io = fcall_io(c, call_type(c, oid));
    return type_in(&io, buf_cstr(&text), text.n, &c->result);
}
static bool to_float4(struct fcall *c)
{
    return to_float(c, "real", TYPE_FLOAT4);
}
static bool to_float8(struct fcall *c)
{
    return to_float(c, "double precision", TYPE_FLOAT8);
}

FUNC_TABLE(jsonb_more_funcs) = {
    {"jsonb_eq", eq},
    {"jsonb_ne", ne},
    {"jsonb_lt", lt},
    {"jsonb_le", le},
    {"jsonb_gt", gt},
    {"jsonb_ge", ge},
    {"jsonb_cmp", cmp},
    {"jsonb_contains", jsonb_contains},
    {"jsonb_contained", jsonb_contained},
    {"jsonb_pretty", jsonb_pretty},
    {"jsonb_strip_nulls", strip_nulls},
    {"json_strip_nulls", strip_nulls},
    {"jsonb_bool", to_bool},
    {"jsonb_numeric", to_numeric},
    {"jsonb_int2", to_int2},
    {"jsonb_int4", to_int4},
    {"jsonb_int8", to_int8},
    {"jsonb_float4", to_float4},
    {"jsonb_float8", to_float8},
    {NULL, NULL},
};
