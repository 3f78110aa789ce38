/* json_build.c - making json and jsonb: to_json, json_build_*, json_object, row_to_json, and the
 * aggregates.
 *
 * Each function writes json text; for jsonb that text is then made canonical.  The two flavours
 * differ in their blanks, and in some of their error messages. */
#include <string.h>

#include "func/call.h"
#include "func/json_datum.h"
#include "types/array.h"

typedef bool (*return_fn)(struct fcall *c, const struct buf *text);

/* ---- to_json and its like ---- */

static bool convert(struct fcall *c, bool pretty, return_fn finish)
{
    struct buf out = BUF_IN(c->arena);
    bool ok = pretty ? json_put_pretty(c, c->arg_types[0], &c->args[0], &out)
                     : json_put_value(c, c->arg_types[0], &c->args[0], &out);
    return ok && finish(c, &out);
}
static bool to_json(struct fcall *c)
{
    return convert(c, false, json_return);
}
static bool to_jsonb(struct fcall *c)
{
    return convert(c, false, jsonb_return);
}
static bool to_json_pretty(struct fcall *c)
{
    return convert(c, ARG_I(c, 1), json_return);
}

/* ---- json_build_array, json_build_object ---- */

static bool build_array(struct fcall *c, return_fn finish)
{
    struct variadic list = variadic_of(c, 0);
    struct buf out = BUF_IN(c->arena);
    if (list.null_array)
        return return_null(c);
    buf_putc(&out, '[');
    for (int k = 0; k < list.n; k++) {
        if (k)
            buf_puts(&out, ", ");
        if (!json_put_value(c, list.types[k], &list.values[k], &out))
            return false;
    }
    buf_putc(&out, ']');
    return finish(c, &out);
}
static bool json_build_array(struct fcall *c)
{
    return build_array(c, json_return);
}
static bool jsonb_build_array(struct fcall *c)
{
    return build_array(c, jsonb_return);
}

static bool null_key(struct fcall *c, int arg, bool is_jsonb)
{
    if (is_jsonb)
        return err_set(c->err, ERR_INVALID_PARAMETER_VALUE, "argument %d: key must not be null",
                       arg + 1);
    err_set(c->err, ERR_INVALID_PARAMETER_VALUE, "argument %d cannot be null", arg + 1);
    return err_hint(c->err, "Object keys should be text.");
}

static bool build_object(struct fcall *c, bool is_jsonb)
{
    struct variadic list = variadic_of(c, 0);
    struct buf out = BUF_IN(c->arena);
    if (list.null_array)
        return return_null(c);
    if (list.n % 2) {
        err_set(c->err, ERR_INVALID_PARAMETER_VALUE,
                "argument list must have even number of elements");
        return err_hint(c->err,
                        "The arguments of %s() must consist of alternating keys and values.",
                        is_jsonb ? "jsonb_build_object" : "json_build_object");
    }
    buf_putc(&out, '{');
    for (int k = 0; k < list.n; k += 2) {
        if (k)
            buf_puts(&out, ", ");
        if (list.values[k].null)
            return null_key(c, k, is_jsonb);
        if (!json_put_key(c, list.types[k], &list.values[k], &out))
            return false;
        buf_puts(&out, " : ");
        if (!json_put_value(c, list.types[k + 1], &list.values[k + 1], &out))
            return false;
    }
    buf_putc(&out, '}');
    return is_jsonb ? jsonb_return(c, &out) : json_return(c, &out);
}
static bool json_build_object(struct fcall *c)
{
    return build_object(c, false);
}
static bool jsonb_build_object(struct fcall *c)
{
    return build_object(c, true);
}

static bool no_args(struct fcall *c)
{
    return return_bytes(c, "[]", 2);
}
static bool no_members(struct fcall *c)
{
    return return_bytes(c, "{}", 2);
}

/* ---- json_object: from text arrays ---- */

static bool bad_array(struct fcall *c, const char *message)
{
    return err_set(c->err, ERR_ARRAY_SUBSCRIPT_ERROR, "%s", message);
}

static bool put_pair(struct fcall *c, struct datum key, struct datum value, struct buf *out)
{
    if (key.null)
        return err_set(c->err, ERR_NULL_VALUE_NOT_ALLOWED, "null value not allowed for object key");
    if (out->n > 1)
        buf_puts(out, ", ");
    json_put_string(out, key.p, key.n);
    buf_puts(out, " : ");
    if (value.null)
        buf_puts(out, "null");
    else
        json_put_string(out, value.p, value.n);
    return true;
}

static bool object_of_pairs(struct fcall *c, return_fn finish)
{
    const struct array *array = array_of(&c->args[0]);
    const struct datum *items = array_items(c->arena, call_type(c, TYPE_TEXT), array);
    struct buf out = BUF_IN(c->arena);
    if (array->ndim == 1 && array_dims(array)[0] % 2)
        return bad_array(c, "array must have even number of elements");
    if (array->ndim == 2 && array_dims(array)[1] != 2)
        return bad_array(c, "array must have two columns");
    if (array->ndim > 2)
        return bad_array(c, "wrong number of array subscripts");
    buf_putc(&out, '{');
    for (uint32_t k = 0; k + 1 < array->n_items; k += 2)
        if (!put_pair(c, items[k], items[k + 1], &out))
            return false;
    buf_putc(&out, '}');
    return finish(c, &out);
}
static bool json_object(struct fcall *c)
{
    return object_of_pairs(c, json_return);
}
static bool jsonb_object(struct fcall *c)
{
    return object_of_pairs(c, jsonb_return);
}

static bool object_of_two(struct fcall *c, return_fn finish)
{
    const struct array *keys = array_of(&c->args[0]), *values = array_of(&c->args[1]);
    const struct type *text = call_type(c, TYPE_TEXT);
    struct buf out = BUF_IN(c->arena);
    if (keys->ndim > 1 || keys->ndim != values->ndim)
        return bad_array(c, "wrong number of array subscripts");
    if (keys->n_items != values->n_items)
        return bad_array(c, "mismatched array dimensions");
    buf_putc(&out, '{');
    for (uint32_t k = 0; k < keys->n_items; k++)
        if (!put_pair(c, array_item(text, keys, k), array_item(text, values, k), &out))
            return false;
    buf_putc(&out, '}');
    return finish(c, &out);
}
static bool json_object_two(struct fcall *c)
{
    return object_of_two(c, json_return);
}
static bool jsonb_object_two(struct fcall *c)
{
    return object_of_two(c, jsonb_return);
}

/* ---- aggregates ---- */

struct agg_state {
    struct buf out; /* in the group's arena */
};

static struct buf *state_buf(struct fcall *c, struct agg_state *state)
{
    state->out.arena = c->site_arena;
    return &state->out;
}

static bool agg_step(struct fcall *c, void *s)
{
    struct buf *out = state_buf(c, s);
    bool first = out->n == 0;
    buf_puts(out, first ? "[" : ", ");
    if (!first && !c->args[0].null && json_is_structured(c->arg_types[0]))
        buf_puts(out, "\n ");
    return json_put_value(c, c->arg_types[0], &c->args[0], out) && result_fits(c, out->n);
}

static bool object_agg_step(struct fcall *c, void *s, const char *open)
{
    struct buf *out = state_buf(c, s);
    if (c->args[0].null)
        return err_set(c->err, ERR_INVALID_PARAMETER_VALUE, "field name must not be null");
    buf_puts(out, out->n ? ", " : open);
    if (!json_put_key(c, c->arg_types[0], &c->args[0], out))
        return false;
    buf_puts(out, " : ");
    return json_put_value(c, c->arg_types[1], &c->args[1], out) && result_fits(c, out->n);
}
static bool json_object_step(struct fcall *c, void *s)
{
    return object_agg_step(c, s, "{ ");
}
static bool jsonb_object_step(struct fcall *c, void *s)
{
    return object_agg_step(c, s, "{");
}

/* The state may be asked again (window frames), so the end is put on a copy. */
static bool agg_end(struct fcall *c, void *s, const char *close, return_fn finish)
{
    const struct agg_state *state = s;
    struct buf out = BUF_IN(c->arena);
    if (state->out.n == 0)
        return return_null(c);
    buf_append(&out, state->out.p, state->out.n);
    buf_puts(&out, close);
    return finish(c, &out);
}
static bool json_array_end(struct fcall *c, void *s)
{
    return agg_end(c, s, "]", json_return);
}
static bool jsonb_array_end(struct fcall *c, void *s)
{
    return agg_end(c, s, "]", jsonb_return);
}
static bool json_object_end(struct fcall *c, void *s)
{
    return agg_end(c, s, " }", json_return);
}
static bool jsonb_object_end(struct fcall *c, void *s)
{
    return agg_end(c, s, "}", jsonb_return);
}

AGG_TABLE(json_aggs) = {
    {"json_agg(anyelement)", sizeof(struct agg_state), false, agg_step, json_array_end, NULL, NULL},
    {"jsonb_agg(anyelement)", sizeof(struct agg_state), false, agg_step, jsonb_array_end, NULL,
     NULL},
    {"json_object_agg(any,any)", sizeof(struct agg_state), false, json_object_step, json_object_end,
     NULL, NULL},
    {"jsonb_object_agg(any,any)", sizeof(struct agg_state), false, jsonb_object_step,
     jsonb_object_end, NULL, NULL},
    {NULL, 0, false, NULL, NULL, NULL, NULL},
};

FUNC_TABLE(json_build_funcs) = {
    {"to_json", to_json},
    {"to_jsonb", to_jsonb},
    {"array_to_json", to_json},
    {"array_to_json_pretty", to_json_pretty},
    {"row_to_json", to_json},
    {"row_to_json_pretty", to_json_pretty},
    {"json_build_array", json_build_array},
    {"json_build_array_noargs", no_args},
    {"json_build_object", json_build_object},
    {"json_build_object_noargs", no_members},
    {"jsonb_build_array", jsonb_build_array},
    {"jsonb_build_array_noargs", no_args},
    {"jsonb_build_object", jsonb_build_object},
    {"jsonb_build_object_noargs", no_members},
    {"json_object", json_object},
    {"json_object_two_arg", json_object_two},
    {"jsonb_object", jsonb_object},
    {"jsonb_object_two_arg", jsonb_object_two},
    {NULL, NULL},
};
