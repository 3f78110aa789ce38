/* json_populate.c - rows out of JSON: json_populate_record(set), json_to_record(set).
 *
 * Each column takes the member of its name.  Null becomes NULL; arrays and objects fill array
 * and row types element by element; a string goes through the input function of whatever type;
 * anything else does so as its text. */
#include <string.h>

#include "base/fiber.h"
#include "func/call.h"
#include "func/json_datum.h"
#include "types/array.h"
#include "types/record.h"

struct shape { /* the columns of a row type */
    uint32_t n;
    const struct type *const *types;
    const char *const *names;
    const int32_t *typmods;
    uint32_t type_oid;
};

struct filler {
    struct fcall *c;
    struct arena *arena; /* of the results */
};

struct array_filler {
    struct filler *f;
    const struct type *elem;
    int32_t typmod;
    const char *column; /* for hints */
    int n_dims;         /* 0: not known yet */
    int32_t dims[ARRAY_MAX_DIMS], sizes[ARRAY_MAX_DIMS];
    VEC(struct datum) items;
};

static bool fill_column(struct filler *f, const struct type *type, int32_t typmod,
                        const char *column, struct json_slice value, struct datum *out);

/* ---- shapes ---- */

static struct shape shape_of_type(struct fcall *c, const struct type *type)
{
    const struct type **types = ARENA_ARRAY(c->arena, const struct type *, type->n_attributes + 1);
    const char **names = ARENA_ARRAY(c->arena, const char *, type->n_attributes + 1);
    int32_t *typmods = ARENA_ARRAY(c->arena, int32_t, type->n_attributes + 1);
    uint32_t n = 0;
    for (uint32_t k = 0; k < type->n_attributes; k++) {
        const struct attribute *a = &type->attributes[k];
        if (a->dropped)
            continue;
        types[n] = call_type(c, a->type_oid);
        names[n] = a->name;
        typmods[n++] = a->typmod;
    }
    return (struct shape){n, types, names, typmods, type->oid};
}

/* Of an anonymous record: f1, f2, ... */
static struct shape shape_of_record(struct fcall *c, const struct datum *record)
{
    uint32_t n = ((const struct record *)record->p)->n_fields;
    const struct type **types = ARENA_ARRAY(c->arena, const struct type *, n + 1);
    const char **names = ARENA_ARRAY(c->arena, const char *, n + 1);
    int32_t *typmods = ARENA_ARRAY(c->arena, int32_t, n + 1);
    for (uint32_t k = 0; k < n; k++) {
        types[k] = call_type(c, record_field_type(record, k));
        const char *name = record_field_name(record, k);
        names[k] = name ? name : arena_printf(c->arena, "f%u", k + 1);
        typmods[k] = -1;
    }
    return (struct shape){n, types, names, typmods, TYPE_RECORD};
}

static const struct type *base_type(const struct type *type)
{
    while (type->kind == 'd' && type->elem)
        type = type->elem;
    return type;
}

/* What the call is to give: the row type, the column definition list, or the columns of the row
 * given as default. */
static bool result_shape(struct fcall *c, const char *function, const struct datum *row,
                         struct shape *shape)
{
    const struct type *type = base_type(c->result_type);
    if (type->n_attributes || type->kind == 'c') {
        *shape = shape_of_type(c, type);
        return true;
    }
    if (type->oid == TYPE_RECORD && c->n_columns && c->column_names) {
        int32_t *typmods = ARENA_ARRAY(c->arena, int32_t, c->n_columns);
        for (int k = 0; k < c->n_columns; k++)
            typmods[k] = c->column_typmods ? c->column_typmods[k] : -1;
        *shape = (struct shape){(uint32_t)c->n_columns, c->column_types, c->column_names, typmods,
                                TYPE_RECORD};
        return true;
    }
    if (row && !row->null && row->p) {
        *shape = shape_of_record(c, row);
        return true;
    }
    err_set(c->err, ERR_FEATURE_NOT_SUPPORTED, "could not determine row type for result of %s",
            function);
    return err_hint(c->err, "Provide a non-null record argument, or call the function in the FROM "
                            "clause using a column "
                            "definition list.");
}

/* ---- values ---- */

static bool fill_scalar(struct filler *f, const struct type *type, int32_t typmod,
                        struct json_slice value, struct datum *out)
{
    struct type_io io = fcall_io(f->c, type);
    uint32_t oid = base_type(type)->oid;
    bool keep_quotes = oid == TYPE_JSON || oid == TYPE_JSONB;
    if (json_slice_kind(value) == JSON_STRING && !keep_quotes)
        value = json_unescape(f->arena, value);
    io.arena = f->arena;
    io.typmod = typmod;
    size_t n = (size_t)(value.end - value.p);
    return type_in(&io, arena_strndup(f->arena, value.p, n), n, out);
}

static bool expected_array(struct array_filler *a, int dim)
{
    struct err *err = a->f->c->err;
    struct buf at = BUF_IN(err->arena);
    err_set(err, ERR_INVALID_TEXT_REPRESENTATION, "expected JSON array");
    if (dim <= 0)
        return a->column ? err_hint(err, "See the value of key \"%s\".", a->column) : false;
    for (int k = 0; k < dim; k++)
        buf_printf(&at, "[%d]", a->sizes[k]);
    if (a->column)
        return err_hint(err, "See the array element %s of key \"%s\".", buf_cstr(&at), a->column);
    return err_hint(err, "See the array element %s.", buf_cstr(&at));
}

static bool set_dims(struct array_filler *a, int n_dims)
{
    if (n_dims > ARRAY_MAX_DIMS)
        return err_set(a->f->c->err, ERR_PROGRAM_LIMIT_EXCEEDED,
                       "number of array dimensions (%d) exceeds the maximum allowed (%d)", n_dims,
                       ARRAY_MAX_DIMS);
    a->n_dims = n_dims;
    for (int k = 0; k < n_dims; k++)
        a->dims[k] = -1;
    return true;
}

/* The sub-array of dimension `dim` has ended: all of them have to be of one size. */
static bool end_dimension(struct array_filler *a, int dim)
{
    if (a->dims[dim] == -1)
        a->dims[dim] = a->sizes[dim];
    if (a->dims[dim] != a->sizes[dim]) {
        err_set(a->f->c->err, ERR_INVALID_TEXT_REPRESENTATION, "malformed JSON array");
        return err_detail(a->f->c->err,
                          "Multidimensional arrays must have sub-arrays with matching dimensions.");
    }
    a->sizes[dim] = 0;
    if (dim > 0)
        a->sizes[dim - 1]++;
    return true;
}

static bool fill_item(struct array_filler *a, int dim, struct json_slice value)
{
    struct datum item;
    if (!fill_column(a->f, a->elem, a->typmod, NULL, value, &item))
        return false;
    VEC_PUSH(a->f->arena, &a->items, item);
    a->sizes[dim - 1]++;
    return true;
}

/* `dim` counts from 1.  The first item that is no array tells how many dimensions there are. */
static bool fill_dimension(struct array_filler *a, int dim, struct json_slice value)
{
    struct json_slice item;
    if (json_slice_kind(value) != JSON_ARRAY)
        return expected_array(a, dim - 1);
    if (dim > ARRAY_MAX_DIMS)
        return set_dims(a, dim);
    struct json_iter iter = json_iter(value);
    bool more = json_next(&iter, NULL, &item);
    if (a->n_dims == 0 && (!more || json_slice_kind(item) != JSON_ARRAY) && !set_dims(a, dim))
        return false;
    for (; more; more = json_next(&iter, NULL, &item)) {
        if (a->n_dims > 0 && dim >= a->n_dims) {
            if (!fill_item(a, dim, item))
                return false;
        } else if (!fill_dimension(a, dim + 1, item) || !end_dimension(a, dim)) {
            return false;
        }
    }
    return true;
}

static bool fill_array(struct filler *f, const struct type *type, int32_t typmod,
                       const char *column, struct json_slice value, struct datum *out)
{
    struct array_filler a = {.f = f, .elem = type->elem, .typmod = typmod, .column = column};
    int32_t lower[ARRAY_MAX_DIMS];
    if (!fill_dimension(&a, 1, value))
        return false;
    a.dims[0] = a.sizes[0];
    for (int k = 0; k < a.n_dims; k++)
        lower[k] = 1;
    *out =
        array_build(f->arena, type->elem, a.items.n ? a.n_dims : 0, a.dims, lower, a.items.items);
    return true;
}

/* The columns of `shape` from an object, or from their defaults where it has no such member. */
static bool fill_row(struct filler *f, const struct shape *shape, const struct datum *defaults,
                     struct json_slice value, struct datum *fields)
{
    enum json_kind kind = json_slice_kind(value);
    if (kind != JSON_OBJECT)
        return err_set(f->c->err, ERR_INVALID_PARAMETER_VALUE,
                       "cannot call populate_composite on %s",
                       kind == JSON_ARRAY ? "an array" : "a scalar");
    for (uint32_t k = 0; k < shape->n; k++) {
        struct json_slice member;
        fields[k] = defaults ? defaults[k] : datum_null();
        if (json_find(value, shape->names[k], strlen(shape->names[k]), &member) &&
            !fill_column(f, shape->types[k], shape->typmods[k], shape->names[k], member,
                         &fields[k]))
            return false;
    }
    return true;
}

static bool fill_column(struct filler *f, const struct type *type, int32_t typmod,
                        const char *column, struct json_slice value, struct datum *out)
{
    const struct type *base = base_type(type);
    enum json_kind kind = json_slice_kind(value);
    if (!stack_check(f->c->err))
        return false;
    *out = datum_null();
    if (kind == JSON_NULL)
        return true;
    if (kind != JSON_STRING && type_is_array(base))
        return fill_array(f, base, typmod, column, value, out);
    if (kind != JSON_STRING && base->kind == 'c') {
        struct shape shape = shape_of_type(f->c, base);
        struct datum *fields = ARENA_ARRAY(f->arena, struct datum, shape.n + 1);
        if (!fill_row(f, &shape, NULL, value, fields))
            return false;
        *out = record_build(f->arena, base->oid, shape.types, fields, shape.n);
        return true;
    }
    return fill_scalar(f, type, typmod, value, out);
}

/* ---- functions ---- */

static struct datum *defaults_of(struct fcall *c, const struct shape *shape,
                                 const struct datum *row)
{
    if (!row || row->null)
        return NULL;
    struct datum *fields = ARENA_ARRAY(c->arena, struct datum, shape->n + 1);
    uint32_t n = ((const struct record *)row->p)->n_fields;
    for (uint32_t k = 0; k < shape->n; k++)
        fields[k] =
            k < n ? record_field(row, call_type(c, record_field_type(row, k)), k) : datum_null();
    return fields;
}

static bool check_json(struct fcall *c, int arg)
{
    return c->arg_types[arg]->oid == TYPE_JSONB ||
           json_check_escapes(ARG_P(c, arg), ARG_N(c, arg), c->err);
}

/* The default is anyelement for the analyser; what is no row must not be read as one. */
static bool check_row_type(struct fcall *c, const char *function, const struct datum *row)
{
    const struct type *type = row ? base_type(c->arg_types[row - c->args]) : NULL;
    if (!type || type->oid == TYPE_RECORD || type->kind == 'c' || type->n_attributes)
        return true;
    return err_set(c->err, ERR_DATATYPE_MISMATCH, "first argument of %s must be a row type",
                   function);
}

/* `row`: the default, or NULL for the to_record functions; the document is the argument after
 * it. */
static bool one_record(struct fcall *c, const char *function, const struct datum *row, int json_arg)
{
    struct shape shape;
    struct filler f = {c, c->arena};
    if (!check_row_type(c, function, row))
        return false;
    if (c->args[json_arg].null) {
        c->result = row ? *row : datum_null();
        return true;
    }
    if (!check_json(c, json_arg) || !result_shape(c, function, row, &shape))
        return false;
    struct datum *fields = ARENA_ARRAY(c->arena, struct datum, shape.n + 1);
    if (!fill_row(&f, &shape, defaults_of(c, &shape, row),
                  json_slice(ARG_P(c, json_arg), ARG_N(c, json_arg)), fields))
        return false;
    c->result = record_build(c->arena, shape.type_oid, shape.types, fields, shape.n);
    return true;
}
static bool json_populate_record(struct fcall *c)
{
    return one_record(c, "json_populate_record", &c->args[0], 1);
}
static bool jsonb_populate_record(struct fcall *c)
{
    return one_record(c, "jsonb_populate_record", &c->args[0], 1);
}
static bool json_to_record(struct fcall *c)
{
    return one_record(c, "json_to_record", NULL, 0);
}
static bool jsonb_to_record(struct fcall *c)
{
    return one_record(c, "jsonb_to_record", NULL, 0);
}

/* The array of objects behind a recordset function; *none for a NULL document. */
static bool open_set(struct fcall *c, const char *function, int json_arg, struct json_iter *iter)
{
    struct json_slice doc = json_slice(ARG_P(c, json_arg), ARG_N(c, json_arg));
    enum json_kind kind = json_slice_kind(doc);
    if (!check_json(c, json_arg))
        return false;
    if (kind == JSON_ARRAY) {
        *iter = json_iter(doc);
        return true;
    }
    const char *what = c->arg_types[json_arg]->oid == TYPE_JSONB ? "a non-array"
                       : kind == JSON_OBJECT                     ? "an object"
                                                                 : "a scalar";
    return err_set(c->err, ERR_INVALID_PARAMETER_VALUE, "cannot call %s on %s", function, what);
}

static bool fill_set(struct fcall *c, struct row_list *list, const struct shape *shape,
                     const char *function, const struct datum *row, int json_arg)
{
    struct json_iter iter;
    struct json_slice item;
    struct filler f = {c, list->arena};
    const struct datum *defaults = defaults_of(c, shape, row);
    if (!open_set(c, function, json_arg, &iter))
        return false;
    while (json_next(&iter, NULL, &item)) {
        if (json_slice_kind(item) != JSON_OBJECT)
            return err_set(c->err, ERR_INVALID_PARAMETER_VALUE,
                           "argument of %s must be an array of objects", function);
        struct datum *fields = row_list_add(list);
        if (!fill_row(&f, shape, defaults, item, fields))
            return false;
        for (uint32_t k = 0; k < shape->n; k++) /* defaults live for one call only */
            fields[k] = !type_by_ref(shape->types[k])
                            ? fields[k]
                            : datum_copy(shape->types[k], list->arena, fields[k]);
    }
    return true;
}

static bool record_set(struct fcall *c, const char *function, const struct datum *row, int json_arg)
{
    struct shape shape;
    bool is_new;
    if (!check_row_type(c, function, row))
        return false;
    if (c->args[json_arg].null) {
        *c->done = true;
        return true;
    }
    if (!result_shape(c, function, row, &shape))
        return false;
    struct row_list *list = row_list_of(c, (int)shape.n, &is_new);
    if (is_new && !fill_set(c, list, &shape, function, row, json_arg))
        return false;
    if (list->next == list->n)
        return row_list_emit(c, list);
    const struct datum *fields = list->values + list->next++ * (size_t)list->n_columns;
    /* One column of a column definition list is the result itself; else the row is. */
    bool bare = shape.n == 1 && c->n_columns == 1 && c->column_types &&
                c->column_types[0]->oid == shape.types[0]->oid;
    c->result =
        bare ? fields[0] : record_build(c->arena, shape.type_oid, shape.types, fields, shape.n);
    return true;
}
static bool json_populate_recordset(struct fcall *c)
{
    return record_set(c, "json_populate_recordset", &c->args[0], 1);
}
static bool jsonb_populate_recordset(struct fcall *c)
{
    return record_set(c, "jsonb_populate_recordset", &c->args[0], 1);
}
static bool json_to_recordset(struct fcall *c)
{
    return record_set(c, "json_to_recordset", NULL, 0);
}
static bool jsonb_to_recordset(struct fcall *c)
{
    return record_set(c, "jsonb_to_recordset", NULL, 0);
}

FUNC_TABLE(json_populate_funcs) = {
    {"json_populate_record", json_populate_record},
    {"json_populate_recordset", json_populate_recordset},
    {"json_to_record", json_to_record},
    {"json_to_recordset", json_to_recordset},
    {"jsonb_populate_record", jsonb_populate_record},
    {"jsonb_populate_recordset", jsonb_populate_recordset},
    {"jsonb_to_record", jsonb_to_record},
    {"jsonb_to_recordset", jsonb_to_recordset},
    {NULL, NULL},
};
