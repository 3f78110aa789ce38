/* eval_more.c - the rarer expressions: subscripts, field assignment, SQL value functions, inlined SQL functions. */
#include <string.h>

#include "exec/eval_int.h"
#include "func/json_datum.h"
#include "types/datetime.h"
#include "types/geo.h"
#include "types/record.h"

/* ---- ARRAY[[...],[...]]: all parts must have the same shape ---- */

bool array_of_arrays(struct frame *f, const struct type *elem, const struct datum *items, size_t n,
                     struct datum *out)
{
    static const char mismatch[] =
        "multidimensional arrays must have array expressions with matching dimensions";
    int32_t dims[ARRAY_MAX_DIMS + 1], lbounds[ARRAY_MAX_DIMS + 1];
    VEC(struct datum) all = {0};
    const struct array *first = NULL;
    bool any_empty = false;
    for (size_t k = 0; k < n; k++) {
        const struct array *part = items[k].null ? NULL : array_of(&items[k]);
        if (!part || part->ndim == 0) {
            any_empty = true;
            continue;
        }
        if (!first)
            first = part;
        if (part->ndim != first->ndim ||
            memcmp(array_dims(part), array_dims(first), sizeof(int32_t) * (size_t)part->ndim) != 0)
            return err_set(f->exec->err, ERR_ARRAY_SUBSCRIPT_ERROR, mismatch);
        struct datum *values = array_items(f->arena, elem, part);
        for (uint32_t v = 0; v < part->n_items; v++)
            VEC_PUSH(f->arena, &all, values[v]);
    }
    if (!first) {
        *out = array_build(f->arena, elem, 0, NULL, NULL, NULL);
        return true;
    }
    if (any_empty)
        return err_set(f->exec->err, ERR_ARRAY_SUBSCRIPT_ERROR, mismatch);
    if (first->ndim >= ARRAY_MAX_DIMS)
        return err_set(f->exec->err, ERR_PROGRAM_LIMIT_EXCEEDED,
                       "number of array dimensions (%d) exceeds the maximum allowed (%d)",
                       first->ndim + 1, ARRAY_MAX_DIMS);
    dims[0] = (int32_t)n;
    lbounds[0] = 1;
    for (int k = 0; k < first->ndim; k++) {
        dims[k + 1] = array_dims(first)[k];
        lbounds[k + 1] = array_lbounds(first)[k];
    }
    *out = array_build(f->arena, elem, first->ndim + 1, dims, lbounds, all.items);
    return true;
}

/* ---- subscripts ---- */

struct subscripts {
    int n;
    bool slice;
    struct datum upper[ARRAY_MAX_DIMS], lower[ARRAY_MAX_DIMS];
    bool has_upper[ARRAY_MAX_DIMS], has_lower[ARRAY_MAX_DIMS];
    bool any_null;
};

static bool eval_subscripts(const struct expr *e, struct frame *f, struct subscripts *s)
{
    *s = (struct subscripts){.n = e->subscript.n, .slice = e->subscript.is_slice};
    if (s->n > ARRAY_MAX_DIMS)
        return err_set(f->exec->err, ERR_PROGRAM_LIMIT_EXCEEDED,
                       "number of array dimensions (%d) exceeds the maximum allowed (%d)", s->n,
                       ARRAY_MAX_DIMS);
    for (int k = 0; k < s->n; k++) {
        const struct expr *upper = e->args.items[1 + k];
        const struct expr *lower = s->slice ? e->args.items[1 + s->n + k] : NULL;
        if ((s->has_upper[k] = upper != NULL) && !eval(upper, f, &s->upper[k]))
            return false;
        if ((s->has_lower[k] = lower != NULL) && !eval(lower, f, &s->lower[k]))
            return false;
        s->any_null |= (upper && s->upper[k].null) || (lower && s->lower[k].null);
    }
    return true;
}

static void array_element(const struct type *elem, const struct array *array,
                          const struct subscripts *s, struct datum *out)
{
    *out = datum_null();
    if (array->ndim != s->n)
        return;
    int64_t at = 0;
    for (int k = 0; k < s->n; k++) {
        int64_t index = s->upper[k].i - array_lbounds(array)[k];
        if (index < 0 || index >= array_dims(array)[k])
            return;
        at = at * array_dims(array)[k] + index;
    }
    *out = array_item(elem, array, (uint32_t)at);
}

/* The slice a[l:u]...; dimensions without a given range are taken whole, the result's bounds start at 1. */
static void array_slice_of(struct frame *f, const struct type *elem, const struct array *array,
                           const struct subscripts *s, struct datum *out)
{
    int32_t from[ARRAY_MAX_DIMS], dims[ARRAY_MAX_DIMS], lbounds[ARRAY_MAX_DIMS];
    *out = array_build(f->arena, elem, 0, NULL, NULL, NULL);
    if (array->ndim < s->n || array->ndim == 0)
        return;
    uint64_t total = 1;
    for (int k = 0; k < array->ndim; k++) {
        int64_t base = array_lbounds(array)[k], last = base + array_dims(array)[k] - 1;
        int64_t low = base, high = last;
        if (k < s->n) {
            low = s->has_lower[k] ? MAX(s->lower[k].i, base) : base;
            high = s->has_upper[k] ? MIN(s->upper[k].i, last) : last;
        }
        if (low > high)
            return;
        from[k] = (int32_t)(low - base);
        dims[k] = (int32_t)(high - low + 1);
        lbounds[k] = 1;
        total *= (uint64_t)dims[k];
    }
    struct datum *items = ARENA_ARRAY(f->arena, struct datum, total);
    for (uint64_t k = 0; k < total; k++) {
        uint64_t rest = k, at = 0, scale = 1;
        for (int d = array->ndim - 1; d >= 0; d--) {
            at += (rest % (uint64_t)dims[d] + (uint64_t)from[d]) * scale;
            rest /= (uint64_t)dims[d];
            scale *= (uint64_t)array_dims(array)[d];
        }
        items[k] = array_item(elem, array, (uint32_t)at);
    }
    *out = array_build(f->arena, elem, array->ndim, dims, lbounds, items);
}

/* One-dimensional assignment of an element or a slice, growing the array and filling the gap with NULLs. */
static bool array_assign(const struct expr *e, struct frame *f, struct datum array_value,
                         const struct subscripts *s, struct datum value, struct datum *out)
{
    const struct type *elem = env_type(f->exec->env, e->type->elem_oid);
    const struct array *array = array_value.null ? NULL : array_of(&array_value);
    if (s->n != 1 || (array && array->ndim > 1)) {
        if (!array || array->ndim != s->n || s->slice)
            return err_set(f->exec->err, ERR_ARRAY_SUBSCRIPT_ERROR,
                           "wrong number of array subscripts");
        struct datum *items = array_items(f->arena, elem, array);
        int64_t at = 0;
        for (int k = 0; k < s->n; k++) {
            int64_t index = s->upper[k].i - array_lbounds(array)[k];
            if (index < 0 || index >= array_dims(array)[k])
                return err_set(f->exec->err, ERR_ARRAY_SUBSCRIPT_ERROR,
                               "array subscript out of range");
            at = at * array_dims(array)[k] + index;
        }
        items[at] = value;
        *out = array_build(f->arena, elem, array->ndim, array_dims(array), array_lbounds(array),
                           items);
        return true;
    }
    bool empty = !array || array->ndim == 0;
    int64_t old_low = empty ? 0 : array_lbounds(array)[0], old_n = empty ? 0 : array_dims(array)[0];
    int64_t low = s->slice ? (s->has_lower[0] ? s->lower[0].i
                              : empty         ? 1
                                              : old_low)
                           : s->upper[0].i;
    int64_t high =
        s->slice ? (s->has_upper[0] ? s->upper[0].i : old_low + old_n - 1) : s->upper[0].i;
    const struct array *source = s->slice && !value.null ? array_of(&value) : NULL;
    if (s->slice && (!source || source->n_items < high - low + 1))
        return err_set(f->exec->err, ERR_ARRAY_SUBSCRIPT_ERROR, "source array too small");
    if (high < low)
        return err_set(f->exec->err, ERR_ARRAY_SUBSCRIPT_ERROR,
                       "upper bound cannot be less than lower bound");
    int64_t new_low = empty ? low : MIN(low, old_low),
            new_high = empty ? high : MAX(high, old_low + old_n - 1);
    if (new_high - new_low >= ARRAY_MAX_ITEMS)
        return err_set(f->exec->err, ERR_PROGRAM_LIMIT_EXCEEDED,
                       "array size exceeds the maximum allowed (%d)", ARRAY_MAX_ITEMS);
    struct datum *items = ARENA_ARRAY(f->arena, struct datum, new_high - new_low + 1);
    for (int64_t k = new_low; k <= new_high; k++) {
        struct datum *item = &items[k - new_low];
        *item = datum_null();
        if (k >= low && k <= high)
            *item = source ? array_item(elem, source, (uint32_t)(k - low)) : value;
        else if (!empty && k >= old_low && k < old_low + old_n)
            *item = array_item(elem, array, (uint32_t)(k - old_low));
    }
    int32_t dims = (int32_t)(new_high - new_low + 1), lbound = (int32_t)new_low;
    *out = array_build(f->arena, elem, 1, &dims, &lbound, items);
    return true;
}

static bool call_by_name(struct frame *f, const char *prosrc, const struct type *result,
                         const struct datum *args, const struct type *const *types, int n,
                         struct datum *out)
{
    func_impl impl = func_find("", prosrc);
    void *site = NULL;
    if (!impl)
        return err_set(f->exec->err, ERR_FEATURE_NOT_SUPPORTED, "%s is not supported", prosrc);
    struct fcall c = {.arena = f->arena,
                      .err = f->exec->err,
                      .env = f->exec->env,
                      .args = args,
                      .n_args = n,
                      .arg_types = types,
                      .result_type = result,
                      .site = &site,
                      .site_arena = f->arena};
    if (!impl(&c))
        return false;
    *out = c.result;
    return true;
}

/* The subscripts of a jsonb: integers as they are, all else as text. */
static bool jsonb_path(const struct expr *e, struct frame *f, struct jsonb_subscript *path)
{
    const struct type *text = env_type(f->exec->env, TYPE_TEXT);
    for (int k = 0; k < e->subscript.n; k++) {
        const struct expr *sub = e->args.items[1 + k];
        uint32_t oid = sub->type->oid;
        struct datum v;
        if (!eval(sub, f, &v))
            return false;
        path[k] =
            (struct jsonb_subscript){v, oid == TYPE_INT2 || oid == TYPE_INT4 || oid == TYPE_INT8};
        if (!v.null && !path[k].is_int && !io_cast(f, sub->type, text, -1, v, &path[k].value))
            return false;
    }
    return true;
}

static bool jsonb_subscript(const struct expr *e, struct frame *f, struct datum container,
                            struct datum *out)
{
    struct jsonb_subscript *path = ARENA_ARRAY(f->arena, struct jsonb_subscript, e->subscript.n);
    struct datum value;
    if (!jsonb_path(e, f, path))
        return false;
    if (!e->subscript.assign)
        return jsonb_subscript_get(f->arena, f->exec->err, &container, e->subscript.n, path, out);
    return eval(e->subscript.assign, f, &value) &&
           jsonb_subscript_set(f->arena, f->exec->err, &container, e->subscript.n, path, &value,
                               out);
}

/* ---- parts of points, lines, segments and boxes: counted from 0, numbers or points ---- */

static bool is_geo(uint32_t oid)
{
    return oid == TYPE_POINT || oid == TYPE_LINE || oid == TYPE_LSEG || oid == TYPE_BOX;
}

static bool geo_assign(const struct expr *e, struct frame *f, struct datum container,
                       const struct subscripts *s, uint32_t width, struct datum *out)
{
    struct datum value;
    if (s->any_null)
        return err_set(f->exec->err, ERR_NULL_VALUE_NOT_ALLOWED,
                       "array subscript in assignment must not be null");
    if (!eval(e->subscript.assign, f, &value))
        return false;
    *out = container;
    if (container.null || value.null) /* neither can become or hold a NULL part */
        return true;
    const struct geo *geo = geo_of(&container);
    if (s->n != 1)
        return err_set(f->exec->err, ERR_ARRAY_SUBSCRIPT_ERROR, "wrong number of array subscripts");
    if (s->upper[0].i < 0 || s->upper[0].i >= geo->n_numbers / width)
        return err_set(f->exec->err, ERR_ARRAY_SUBSCRIPT_ERROR, "array subscript out of range");
    *out = geo_datum(f->arena, geo->numbers, geo->n_numbers, geo->closed);
    double *part = ((struct geo *)(uintptr_t)out->p)->numbers + width * (size_t)s->upper[0].i;
    memcpy(part, width == 1 ? &value.f : geo_of(&value)->numbers, width * sizeof(double));
    return true;
}

static bool geo_subscript(const struct expr *e, struct frame *f, struct datum container,
                          const struct subscripts *s, uint32_t type_oid, struct datum *out)
{
    uint32_t width = type_oid == TYPE_POINT || type_oid == TYPE_LINE ? 1 : 2;
    if (e->subscript.assign)
        return geo_assign(e, f, container, s, width, out);
    *out = datum_null();
    if (container.null || s->any_null || s->n != 1)
        return true;
    const struct geo *geo = geo_of(&container);
    if (s->upper[0].i < 0 || s->upper[0].i >= geo->n_numbers / width)
        return true;
    const double *part = geo->numbers + width * (size_t)s->upper[0].i;
    *out = width == 1 ? datum_float(*part) : geo_datum(f->arena, part, width, false);
    return true;
}

/* A name is 64 bytes counted from 0, zero behind its text. */
static void name_subscript(struct datum name, const struct subscripts *s, struct datum *out)
{
    *out = datum_null();
    if (name.null || s->any_null || s->n != 1 || s->upper[0].i < 0 || s->upper[0].i > 63)
        return;
    size_t at = (size_t)s->upper[0].i;
    *out = datum_int(at < name.n ? (unsigned char)((const char *)name.p)[at] : 0);
}

bool eval_subscript(const struct expr *e, struct frame *f, struct datum *out)
{
    struct datum container, value;
    struct subscripts s;
    const struct type *container_type = e->args.items[0]->type;
    if (!eval(e->args.items[0], f, &container))
        return false;
    while (container_type->kind == 'd' && container_type->elem)
        container_type = container_type->elem;
    if (container_type->oid == TYPE_JSONB)
        return jsonb_subscript(e, f, container, out);
    if (!eval_subscripts(e, f, &s))
        return false;
    if (UNLIKELY(is_geo(container_type->oid)))
        return geo_subscript(e, f, container, &s, container_type->oid, out);
    if (UNLIKELY(container_type->oid == TYPE_NAME)) {
        name_subscript(container, &s, out);
        return true;
    }
    if (e->subscript.assign) {
        if (s.any_null)
            return err_set(f->exec->err, ERR_NULL_VALUE_NOT_ALLOWED,
                           "array subscript in assignment must not be null");
        struct datum saved = f->case_test;
        f->case_test = container;
        bool ok = eval(e->subscript.assign, f, &value);
        f->case_test = saved;
        return ok && array_assign(e, f, container, &s, value, out);
    }
    *out = datum_null();
    if (container.null || s.any_null)
        return true;
    const struct array *array = array_of(&container);
    const struct type *elem = env_type(f->exec->env, array->elem_oid);
    if (s.slice)
        array_slice_of(f, elem, array, &s, out);
    else
        array_element(elem, array, &s, out);
    return true;
}

/* UPDATE t SET c.field = x: the row with one field replaced. */
bool eval_field_assign(const struct expr *e, struct frame *f, struct datum *out)
{
    struct datum row, value;
    const struct expr *arg = e->args.items[0];
    if (!eval(arg, f, &row))
        return false;
    struct datum saved = f->case_test;
    f->case_test = row;
    bool ok = eval(e->field.assign, f, &value);
    f->case_test = saved;
    if (!ok)
        return false;
    const struct type *type = arg->type;
    uint32_t n = type->n_attributes;
    struct datum *fields = ARENA_ARRAY(f->arena, struct datum, n + 1);
    const struct type **types = ARENA_ARRAY(f->arena, const struct type *, n + 1);
    for (uint32_t k = 0; k < n; k++) {
        types[k] = env_type(f->exec->env, type->attributes[k].type_oid);
        fields[k] = row.null ? datum_null() : record_field(&row, types[k], k);
    }
    fields[e->field.index] = value;
    *out = record_build(f->arena, type->oid, types, fields, n);
    return true;
}

/* ---- CURRENT_DATE and its kin ---- */

/* PostgreSQL's enum SQLValueFunctionOp (primnodes.h), whose numbers the analyser hands over. */
enum sql_value {
    SQL_CURRENT_DATE,
    SQL_CURRENT_TIME,
    SQL_CURRENT_TIME_N,
    SQL_CURRENT_TIMESTAMP,
    SQL_CURRENT_TIMESTAMP_N,
    SQL_LOCALTIME,
    SQL_LOCALTIME_N,
    SQL_LOCALTIMESTAMP,
    SQL_LOCALTIMESTAMP_N,
    SQL_CURRENT_ROLE,
    SQL_CURRENT_USER,
    SQL_USER,
    SQL_SESSION_USER,
    SQL_CURRENT_CATALOG,
    SQL_CURRENT_SCHEMA,
};

static bool current_moment(const struct expr *e, struct frame *f, int kind, struct datum *out)
{
    const struct env *env = f->exec->env;
    struct err *err = f->exec->err;
    const struct timezone *zone = settings_timezone(env->settings);
    int64_t now = env->transaction_us, local;
    struct civil civil;
    if (!timestamptz_to_timestamp(now, zone, &local, err))
        return false;
    int64_t time_of_day = local % USEC_PER_DAY;
    if (time_of_day < 0)
        time_of_day += USEC_PER_DAY;
    switch (kind) {
    case SQL_CURRENT_DATE:
        *out = datum_int(0);
        return timestamptz_to_date(now, zone, &out->i, err);
    case SQL_CURRENT_TIME:
    case SQL_CURRENT_TIME_N:
        if (!timestamptz_to_civil(now, zone, &civil, NULL))
            return err_set(err, ERR_DATETIME_VALUE_OUT_OF_RANGE, "timestamp out of range");
        time_apply_typmod(&time_of_day, e->sql_value.typmod);
        *out = timetz_datum(f->arena,
                            (struct timetz){.usec = time_of_day, .west = civil_west(&civil, zone)});
        return true;
    case SQL_CURRENT_TIMESTAMP:
    case SQL_CURRENT_TIMESTAMP_N:
        *out = datum_int(now);
        return timestamp_apply_typmod(&out->i, e->sql_value.typmod, err);
    case SQL_LOCALTIME:
    case SQL_LOCALTIME_N:
        time_apply_typmod(&time_of_day, e->sql_value.typmod);
        *out = datum_int(time_of_day);
        return true;
    default:
        *out = datum_int(local);
        return timestamp_apply_typmod(&out->i, e->sql_value.typmod, err);
    }
}

bool eval_sql_value(const struct expr *e, struct frame *f, struct datum *out)
{
    const struct env *env = f->exec->env;
    int kind = e->sql_value.kind;
    *out = datum_null();
    if (kind <= SQL_LOCALTIMESTAMP_N)
        return current_moment(e, f, kind, out);
    if (kind == SQL_CURRENT_SCHEMA)
        return call_by_name(f, "current_schema", e->type, NULL, NULL, 0, out);
    const char *name = kind == SQL_SESSION_USER      ? env->session_user
                       : kind == SQL_CURRENT_CATALOG ? catalog_database(env->catalog)
                                                     : env->user;
    if (name)
        *out = datum_bytes(name, strlen(name));
    return true;
}

/* ---- LANGUAGE SQL functions: the body runs as a sub-select whose parameters are the arguments ---- */

bool is_routine_call(const struct expr *e, const struct exec *exec)
{
    const struct query *q = exec->plan->query, *body = e->func.sql_function;
    return e->func.routine || (q && q->runs_routines && e->func.proc->volatility == 'v' && body &&
                               (body->n_rtes || body->setop || body->has_sublinks));
}

bool eval_sql_function(const struct expr *e, struct frame *f, const struct datum *args,
                       struct datum *out)
{
    struct exec *x = f->exec;
    void **slot = &x->sites[e->site];
    bool found;
    if (e->func.proc->strict)
        for (size_t k = 0; k < e->args.n; k++)
            if (args[k].null) {
                *out = datum_null();
                return true;
            }
    if (is_routine_call(e, x))
        return eval_routine(e, f, args, out);
    if (!e->func.sql_plan)
        return err_set(x->err, ERR_FEATURE_NOT_SUPPORTED, "function %s is not supported",
                       e->func.proc->name);
    struct frame *body = *slot;
    bool first = !body;
    if (first)
        *slot = body = frame_new(x, e->func.sql_plan, NULL);
    body->params = args;
    if (!(first ? frame_open(body) : frame_rewind(body)) || !frame_next(body, &found))
        return false;
    *out = datum_null();
    if (found && body->plan->n_visible) {
        struct datum v = body->out[body->plan->visible[0]];
        *out = v.null || !type_by_ref(e->type) ? v : datum_copy(e->type, f->arena, v);
    }
    return true;
}
