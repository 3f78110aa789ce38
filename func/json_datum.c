/* json_datum.c - any SQL value as JSON.
 *
 * Numbers and booleans stand as they are, dates and times in ISO 8601, json and jsonb as they
 * are, arrays and rows as arrays and objects, anything else as a string of its text form. */
#include "func/json_datum.h"

#include <string.h>

#include "base/fiber.h"
#include "func/call.h"
#include "types/array.h"
#include "types/datetime.h"
#include "types/record.h"

static const struct type *base_type(const struct type *type)
{
    while (type->kind == 'd' && type->elem)
        type = type->elem;
    return type;
}

static bool is_row(const struct type *type)
{
    return type->kind == 'c' || type->oid == TYPE_RECORD;
}

bool json_is_structured(const struct type *type)
{
    type = base_type(type);
    return type_is_array(type) || is_row(type);
}

static bool put_array(struct fcall *c, const struct type *type, const struct array *array,
                      bool pretty, struct buf *out);
static bool put_row(struct fcall *c, const struct type *type, const struct datum *row, bool pretty,
                    struct buf *out);

/* Dates and times as quoted ISO text. */
static bool put_datetime(struct fcall *c, uint32_t oid, int64_t value, struct buf *out)
{
    bool ok = true;
    buf_putc(out, '"');
    if (oid == TYPE_DATE)
        date_print_iso(value, out);
    else if (oid == TYPE_TIMESTAMP)
        ok = timestamp_print_iso(value, out, c->err);
    else
        ok = timestamptz_print_iso(value, settings_timezone(c->env->settings), out, c->err);
    buf_putc(out, '"');
    return ok;
}

static bool put_scalar(struct fcall *c, const struct type *type, const struct datum *value,
                       bool as_key, struct buf *out)
{
    struct buf text = BUF_IN(c->arena);
    switch (type->oid) {
    case TYPE_BOOL:
        buf_printf(out, as_key ? "\"%s\"" : "%s", value->i ? "true" : "false");
        return true;
    case TYPE_DATE:
    case TYPE_TIMESTAMP:
    case TYPE_TIMESTAMPTZ:
        return put_datetime(c, type->oid, value->i, out);
    case TYPE_JSON:
    case TYPE_JSONB:
        buf_append(out, value->p, value->n);
        return true;
    case TYPE_TEXT:
    case TYPE_VARCHAR:
    case TYPE_BPCHAR:
    case TYPE_NAME:
    case TYPE_UNKNOWN:
        json_put_string(out, value->p, value->n);
        return true;
    default:
        break;
    }
    if (!call_out(c, type, value, &text))
        return false;
    const char *p = text.p ? text.p : "";
    bool number = type->oid == TYPE_INT2 || type->oid == TYPE_INT4 || type->oid == TYPE_INT8 ||
                  type->oid == TYPE_FLOAT4 || type->oid == TYPE_FLOAT8 || type->oid == TYPE_NUMERIC;
    if (number && !as_key && json_is_number(p, text.n)) /* NaN and Infinity are none */
        buf_append(out, p, text.n);
    else
        json_put_string(out, p, text.n);
    return true;
}

static bool put_value(struct fcall *c, const struct type *type, const struct datum *value,
                      bool pretty, struct buf *out)
{
    if (value->null) {
        buf_append(out, "null", 4);
        return true;
    }
    type = base_type(type);
    if (!result_fits(c, out->n) || !stack_check(c->err))
        return false;
    if (type_is_array(type))
        return put_array(c, type, array_of(value), pretty, out);
    if (is_row(type))
        return put_row(c, type, value, pretty, out);
    return put_scalar(c, type, value, false, out);
}

bool json_put_value(struct fcall *c, const struct type *type, const struct datum *value,
                    struct buf *out)
{
    return put_value(c, type, value, false, out);
}

bool json_put_pretty(struct fcall *c, const struct type *type, const struct datum *value,
                     struct buf *out)
{
    return put_value(c, type, value, true, out);
}

bool json_put_key(struct fcall *c, const struct type *type, const struct datum *value,
                  struct buf *out)
{
    type = base_type(type);
    if (json_is_structured(type) || type->oid == TYPE_JSON || type->oid == TYPE_JSONB)
        return err_set(c->err, ERR_INVALID_PARAMETER_VALUE,
                       "key value must be scalar, not array, composite, or json");
    return put_scalar(c, type, value, true, out);
}

/* One dimension; *at is the next element.  Only the outermost dimension gets line feeds. */
static bool put_dimension(struct fcall *c, const struct type *elem, const struct array *array,
                          int dim, uint32_t *at, bool pretty, struct buf *out)
{
    int32_t n = array_dims(array)[dim];
    buf_putc(out, '[');
    for (int32_t k = 0; k < n; k++) {
        if (k)
            buf_puts(out, pretty ? ",\n " : ",");
        if (dim + 1 < array->ndim) {
            if (!put_dimension(c, elem, array, dim + 1, at, false, out))
                return false;
            continue;
        }
        struct datum item = array_item(elem, array, (*at)++);
        if (!put_value(c, elem, &item, false, out))
            return false;
    }
    buf_putc(out, ']');
    return true;
}

static bool put_array(struct fcall *c, const struct type *type, const struct array *array,
                      bool pretty, struct buf *out)
{
    uint32_t at = 0;
    if (array->ndim == 0) {
        buf_append(out, "[]", 2);
        return true;
    }
    const struct type *elem = type->elem ? type->elem : call_type(c, array->elem_oid);
    return put_dimension(c, elem, array, 0, &at, pretty, out);
}

/* Names of the fields: of the row's type where one is known, else f1, f2, ... */
static const struct type *row_shape(const struct fcall *c, const struct type *type,
                                    const struct record *record)
{
    if (type->n_attributes)
        return type;
    const struct type *own =
        record->type_oid && record->type_oid != TYPE_RECORD ? call_type(c, record->type_oid) : NULL;
    return own && own->n_attributes ? own : NULL;
}

static bool put_row(struct fcall *c, const struct type *type, const struct datum *row, bool pretty,
                    struct buf *out)
{
    const struct record *record = row->p;
    const struct type *shape = row_shape(c, type, record);
    bool with_dropped = shape && shape->n_attributes == record->n_fields, any = false;
    uint32_t attribute = 0;
    buf_putc(out, '{');
    for (uint32_t k = 0; k < record->n_fields; k++, attribute++) {
        while (shape && !with_dropped && attribute < shape->n_attributes &&
               shape->attributes[attribute].dropped)
            attribute++;
        const struct attribute *a =
            shape && attribute < shape->n_attributes ? &shape->attributes[attribute] : NULL;
        if (a && a->dropped)
            continue;
        if (any)
            buf_puts(out, pretty ? ",\n " : ",");
        any = true;
        const char *name = a ? a->name : record_field_name(row, k);
        if (name)
            json_put_string(out, name, strlen(name));
        else
            buf_printf(out, "\"f%u\"", k + 1);
        buf_putc(out, ':');
        const struct type *field_type = call_type(c, record_field_type(row, k));
        struct datum field = record_field(row, field_type, k);
        if (!put_value(c, field_type, &field, false, out))
            return false;
    }
    buf_putc(out, '}');
    return true;
}

bool json_return(struct fcall *c, const struct buf *text)
{
    return result_fits(c, text->n) && return_bytes(c, text->p, text->n);
}

bool jsonb_return_tree(struct fcall *c, const struct json *tree)
{
    struct buf out = BUF_IN(c->arena);
    jsonb_print(tree, &out);
    return result_fits(c, out.n) && return_bytes(c, out.p, out.n);
}

bool jsonb_return(struct fcall *c, const struct buf *text)
{
    const struct json *tree = jsonb_parse(c->arena, text->p, text->n, c->err);
    return tree && jsonb_return_tree(c, tree);
}

const struct json *jsonb_arg(struct fcall *c, int arg)
{
    return jsonb_tree(c->arena, &c->args[arg], c->err);
}
