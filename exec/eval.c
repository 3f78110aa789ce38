/* eval.c - the value of an expression over the current rows of a frame.
 *
 * A plain recursive walk: expressions are small and their trees were checked for depth by the analyser.  NULL handling is here
 * (strict functions are not called with NULLs; AND, OR and NOT are three-valued); all else is in the functions.  Each call
 * site that keeps state between rows (compiled patterns, cached sub-selects) has an entry in exec->sites. */
#include "exec/eval_int.h"

#include <string.h>

#include "base/fiber.h"
#include "types/record.h"

/* The commonest arguments without a call. */
static inline bool eval_arg(const struct expr *e, struct frame *f, struct datum *out)
{
    if (e->kind == EXPR_CONST) {
        *out = e->value;
        return true;
    }
    if (e->kind == EXPR_COLUMN && !e->column.levels_up && e->column.attnum > 0) {
        const struct datum *values = f->rows[e->column.rte].values;
        *out = LIKELY(values != NULL) ? values[e->column.attnum - 1] : datum_null();
        return true;
    }
    return eval(e, f, out);
}

static bool eval_args(const struct expr *e, struct frame *f, struct datum *out)
{
    for (size_t k = 0; k < e->args.n; k++)
        if (!eval_arg(e->args.items[k], f, &out[k]))
            return false;
    return true;
}

struct call_site *call_site(const struct expr *e, struct frame *f)
{
    void **slot = &f->exec->sites[e->site];
    if (LIKELY(*slot != NULL))
        return *slot;
    struct call_site *site = ARENA_NEW(f->exec->arena, struct call_site);
    site->arena = f->exec->arena;
    site->arg_types = ARENA_ARRAY(f->exec->arena, const struct type *, e->args.n + 1);
    for (size_t k = 0; k < e->args.n; k++)
        site->arg_types[k] = e->args.items[k]->type;
    site->call = (struct fcall){.env = f->exec->env,
                                .arg_types = site->arg_types,
                                .result_type = e->type,
                                .site = &site->user,
                                .site_arena = site->arena};
    *slot = site;
    return site;
}

static bool any_null(const struct datum *args, int n)
{
    for (int k = 0; k < n; k++)
        if (args[k].null)
            return true;
    return false;
}

bool call_function(const struct expr *e, struct frame *f, const struct datum *args, int n_args,
                   struct datum *out)
{
    const struct proc *proc = e->func.proc;
    if (proc->strict && any_null(args, n_args)) {
        *out = datum_null();
        return true;
    }
    struct call_site *site = call_site(e, f);
    struct fcall *c = &site->call;
    c->arena = f->arena;
    c->err = f->exec->err;
    c->args = args;
    c->n_args = n_args;
    c->variadic_array = e->func.variadic_array;
    c->func_oid = proc->oid;
    c->result = datum_int(0);
    if (UNLIKELY(!e->func.impl(c)))
        return false;
    *out = c->result;
    return true;
}

bool call_impl2(func_impl impl, const struct proc *proc, struct frame *f, const struct type *t1,
                const struct type *t2, struct datum a, struct datum b, struct datum *out)
{
    if ((!proc || proc->strict) && (a.null || b.null)) {
        *out = datum_null();
        return true;
    }
    const struct datum args[2] = {a, b};
    const struct type *types[2] = {t1, t2};
    void *site = NULL;
    struct fcall c = {.arena = f->arena,
                      .err = f->exec->err,
                      .env = f->exec->env,
                      .args = args,
                      .n_args = 2,
                      .arg_types = types,
                      .result_type = env_type(f->exec->env, TYPE_BOOL),
                      .site = &site,
                      .site_arena = f->arena,
                      .func_oid = proc ? proc->oid : 0};
    if (!impl(&c))
        return false;
    *out = c.result;
    return true;
}

#define INLINE_ARGS 6

static bool eval_func(const struct expr *e, struct frame *f, struct datum *out)
{
    struct datum inline_args[INLINE_ARGS];
    struct datum *args = inline_args;
    if (e->args.n > INLINE_ARGS)
        args = ARENA_ARRAY(f->arena, struct datum, e->args.n);
    if (!eval_args(e, f, args))
        return false;
    if (UNLIKELY(e->func.impl == NULL))
        return eval_sql_function(e, f, args, out);
    return call_function(e, f, args, (int)e->args.n, out);
}

static bool eval_and_or(const struct expr *e, struct frame *f, bool is_or, struct datum *out)
{
    bool null_seen = false;
    for (size_t k = 0; k < e->args.n; k++) {
        struct datum v;
        if (!eval(e->args.items[k], f, &v))
            return false;
        if (v.null)
            null_seen = true;
        else if ((v.i != 0) == is_or) {
            *out = datum_bool(is_or);
            return true;
        }
    }
    *out = null_seen ? datum_null() : datum_bool(!is_or);
    return true;
}

/* IS NULL of a row looks at its fields (SQL:2016 8.8): all NULL, or all not NULL. */
static bool is_null_test(const struct expr *e, struct frame *f, struct datum *out)
{
    bool want_null = e->kind == EXPR_IS_NULL;
    const struct expr *arg = e->args.items[0];
    struct datum v;
    if (!eval(arg, f, &v))
        return false;
    bool is_row = arg->type->kind == 'c' || arg->type->oid == TYPE_RECORD;
    if (v.null || !is_row) {
        *out = datum_bool(v.null == want_null);
        return true;
    }
    const struct record *record = v.p;
    bool all = true;
    for (uint32_t k = 0; k < record->n_fields && all; k++) {
        const struct type *type = env_type(f->exec->env, record_field_type(&v, k));
        all = record_field(&v, type, k).null == want_null;
    }
    *out = datum_bool(all);
    return true;
}

static bool eval_truth_test(const struct expr *e, struct frame *f, struct datum *out)
{
    struct datum v;
    if (!eval(e->args.items[0], f, &v))
        return false;
    bool is_true = !v.null && v.i, is_false = !v.null && !v.i;
    bool result = false;
    switch ((int)e->kind) {
    case EXPR_IS_TRUE:
        result = is_true;
        break;
    case EXPR_IS_NOT_TRUE:
        result = !is_true;
        break;
    case EXPR_IS_FALSE:
        result = is_false;
        break;
    case EXPR_IS_NOT_FALSE:
        result = !is_false;
        break;
    case EXPR_IS_UNKNOWN:
        result = v.null;
        break;
    default:
        result = !v.null;
    }
    *out = datum_bool(result);
    return true;
}

static bool eval_distinct(const struct expr *e, struct frame *f, struct datum *out)
{
    struct datum args[2];
    if (!eval_args(e, f, args))
        return false;
    if (args[0].null || args[1].null) {
        *out = datum_bool(args[0].null != args[1].null);
        return true;
    }
    if (!call_function(e, f, args, 2, out))
        return false;
    *out = datum_bool(out->null || !out->i);
    return true;
}

static bool eval_nullif(const struct expr *e, struct frame *f, struct datum *out)
{
    struct datum args[2], equal;
    if (!eval_args(e, f, args))
        return false;
    if (args[0].null || args[1].null) {
        *out = args[0];
        return true;
    }
    if (!call_function(e, f, args, 2, &equal))
        return false;
    *out = !equal.null && equal.i ? datum_null() : args[0];
    return true;
}

static bool eval_case(const struct expr *e, struct frame *f, struct datum *out)
{
    size_t at = 0;
    struct datum saved = f->case_test;
    if (e->case_.has_test) {
        struct datum test;
        if (!eval(e->args.items[at++], f, &test))
            return false;
        f->case_test = test;
    }
    for (; at + 2 <= e->args.n; at += 2) {
        bool is_true;
        if (!eval_bool(e->args.items[at], f, &is_true))
            return false;
        if (is_true) {
            f->case_test = saved;
            return eval(e->args.items[at + 1], f, out);
        }
    }
    f->case_test = saved;
    if (at < e->args.n && e->args.items[at])
        return eval(e->args.items[at], f, out);
    *out = datum_null();
    return true;
}

static bool eval_coalesce(const struct expr *e, struct frame *f, struct datum *out)
{
    *out = datum_null();
    for (size_t k = 0; k < e->args.n; k++) {
        if (!eval(e->args.items[k], f, out))
            return false;
        if (!out->null)
            return true;
    }
    return true;
}

static bool eval_extreme(const struct expr *e, struct frame *f, int sign, struct datum *out)
{
    *out = datum_null();
    for (size_t k = 0; k < e->args.n; k++) {
        struct datum v;
        if (!eval(e->args.items[k], f, &v))
            return false;
        if (!v.null && (out->null || type_cmp(e->type, &v, out) * sign > 0))
            *out = v;
    }
    return true;
}

static bool eval_array(const struct expr *e, struct frame *f, struct datum *out)
{
    struct datum *items = ARENA_ARRAY(f->arena, struct datum, e->args.n + 1);
    if (!eval_args(e, f, items))
        return false;
    const struct type *elem = env_type(f->exec->env, e->type->elem_oid);
    if (!e->array_nested) {
        *out = array_build_1d(f->arena, elem, items, (uint32_t)e->args.n);
        return true;
    }
    return array_of_arrays(f, elem, items, e->args.n, out);
}

static bool eval_row(const struct expr *e, struct frame *f, struct datum *out)
{
    struct datum *fields = ARENA_ARRAY(f->arena, struct datum, e->args.n + 1);
    const struct type **types = ARENA_ARRAY(f->arena, const struct type *, e->args.n + 1);
    if (!eval_args(e, f, fields))
        return false;
    for (size_t k = 0; k < e->args.n; k++)
        types[k] = e->args.items[k]->type;
    *out = record_build(f->arena, e->type->oid, types, fields, (uint32_t)e->args.n);
    return true;
}

bool compare_pair(struct frame *f, const struct oper *op, func_impl impl, const struct expr *left,
                  const struct expr *right, struct datum a, struct datum b, struct datum *out)
{
    const struct proc *proc = catalog_proc(f->exec->env->catalog, op->proc_oid);
    return call_impl2(impl, proc, f, left->type, right->type, a, b, out);
}

/* (a, b) = (c, d) and <> are conjunctions and disjunctions; the orderings compare the first differing pair. */
bool compare_rows(struct frame *f, int strategy, int n, const struct oper *const *ops,
                  const func_impl *impls, struct expr *const *left, struct expr *const *right,
                  const struct datum *a, const struct datum *b, struct datum *out)
{
    bool null_seen = false;
    if (strategy == 3 || strategy == 6) {
        for (int k = 0; k < n; k++) {
            struct datum v;
            if (!compare_pair(f, ops[k], impls[k], left[k], right[k], a[k], b[k], &v))
                return false;
            if (v.null)
                null_seen = true;
            else if ((v.i != 0) == (strategy == 6)) {
                *out = datum_bool(strategy == 6);
                return true;
            }
        }
        *out = null_seen ? datum_null() : datum_bool(strategy == 3);
        return true;
    }
    for (int k = 0; k < n; k++) {
        if (a[k].null || b[k].null) {
            *out = datum_null();
            return true;
        }
        int c;
        if (left[k]->type->oid == right[k]->type->oid ||
            (!type_by_ref(left[k]->type) && !type_by_ref(right[k]->type)))
            c = type_cmp(left[k]->type, &a[k], &b[k]);
        else {
            struct datum forward;
            if (!compare_pair(f, ops[k], impls[k], left[k], right[k], a[k], b[k], &forward))
                return false;
            *out = forward;
            if (k == n - 1 || forward.null)
                return true;
            c = forward.i ? -1 : 1;
        }
        if (c != 0) {
            *out = datum_bool(strategy <= 2 ? c < 0 : c > 0);
            return true;
        }
    }
    *out = datum_bool(strategy == 2 || strategy == 4);
    return true;
}

static bool eval_row_compare(const struct expr *e, struct frame *f, struct datum *out)
{
    int n = (int)e->args.n / 2;
    struct datum *values = ARENA_ARRAY(f->arena, struct datum, e->args.n + 1);
    if (!eval_args(e, f, values))
        return false;
    return compare_rows(f, e->row_compare.op, n, (const struct oper *const *)e->row_compare.ops,
                        e->row_compare.impls, e->args.items, e->args.items + n, values, values + n,
                        out);
}

static bool eval_any_all(const struct expr *e, struct frame *f, struct datum *out)
{
    bool is_any = e->kind == EXPR_ANY, null_seen = false;
    struct datum args[2];
    if (!eval_args(e, f, args))
        return false;
    if (args[1].null) {
        *out = datum_null();
        return true;
    }
    const struct array *array = array_of(&args[1]);
    const struct type *elem = env_type(f->exec->env, array->elem_oid);
    struct call_site *site = call_site(e, f);
    const struct type *elem_type =
        e->args.items[1]->type->elem ? e->args.items[1]->type->elem : elem;
    site->arg_types[1] = elem_type;
    for (uint32_t k = 0; k < array->n_items; k++) {
        struct datum pair[2] = {args[0], array_item(elem, array, k)}, v;
        if (!call_function(e, f, pair, 2, &v))
            return false;
        if (v.null)
            null_seen = true;
        else if ((v.i != 0) == is_any) {
            *out = datum_bool(is_any);
            return true;
        }
    }
    *out = null_seen ? datum_null() : datum_bool(!is_any);
    return true;
}

static bool eval_field(const struct expr *e, struct frame *f, struct datum *out)
{
    struct datum row;
    if (!eval(e->args.items[0], f, &row))
        return false;
    if (row.null) {
        *out = datum_null();
        return true;
    }
    const struct record *record = row.p;
    if (e->field.index >= (int)record->n_fields) {
        *out = datum_null();
        return true;
    }
    *out = record_field(&row, e->type, (uint32_t)e->field.index);
    return true;
}

static bool eval_io_cast(const struct expr *e, struct frame *f, struct datum *out)
{
    struct datum v;
    const struct expr *arg = e->args.items[0];
    if (!eval(arg, f, &v))
        return false;
    if (v.null) {
        *out = v;
        return true;
    }
    return io_cast(f, arg->type, e->type, e->typmod, v, out);
}

bool io_cast(struct frame *f, const struct type *from, const struct type *to, int32_t typmod,
             struct datum v, struct datum *out)
{
    struct type_io out_io = {.arena = f->arena,
                             .err = f->exec->err,
                             .type = from,
                             .typmod = -1,
                             .settings = f->exec->env->settings,
                             .env = f->exec->env};
    struct buf text = BUF_IN(f->arena);
    if (!type_out(&out_io, &v, &text))
        return false;
    struct type_io in_io = out_io;
    in_io.type = to;
    in_io.typmod = typmod;
    return type_in(&in_io, buf_cstr(&text), text.n, out);
}

static bool eval_array_cast(const struct expr *e, struct frame *f, struct datum *out)
{
    struct datum v;
    if (!eval(e->args.items[0], f, &v))
        return false;
    if (v.null) {
        *out = v;
        return true;
    }
    const struct array *array = array_of(&v);
    const struct type *from = env_type(f->exec->env, array->elem_oid);
    const struct type *to = env_type(f->exec->env, e->type->elem_oid);
    struct datum *items = array_items(f->arena, from, array);
    struct datum saved = f->case_test;
    for (uint32_t k = 0; k < array->n_items; k++) {
        f->case_test = items[k];
        if (!eval(e->cast.elem, f, &items[k]))
            return false;
    }
    f->case_test = saved;
    *out = array_build(f->arena, to, array->ndim, array_dims(array), array_lbounds(array), items);
    return true;
}

static bool eval_row_cast(const struct expr *e, struct frame *f, struct datum *out)
{
    struct datum v;
    if (!eval(e->args.items[0], f, &v))
        return false;
    if (v.null) {
        *out = v;
        return true;
    }
    const struct record *record = v.p;
    uint32_t n = record->n_fields;
    struct datum *fields = ARENA_ARRAY(f->arena, struct datum, n + 1), saved = f->case_test;
    const struct type **types = ARENA_ARRAY(f->arena, const struct type *, n + 1);
    for (uint32_t k = 0; k < n; k++) {
        const struct type *from = env_type(f->exec->env, record_field_type(&v, k));
        fields[k] = record_field(&v, from, k);
        types[k] = from;
        if (e->cast.elems && e->cast.elems[k]) {
            f->case_test = fields[k];
            if (!eval(e->cast.elems[k], f, &fields[k]))
                return false;
            types[k] = e->cast.elems[k]->type;
        }
    }
    f->case_test = saved;
    *out = record_build(f->arena, e->type->oid, types, fields, n);
    return true;
}

static void domain_failed(struct frame *f, const struct type *domain)
{
    const struct namespace *namespace =
        catalog_namespace(f->exec->env->catalog, domain->namespace_oid);
    f->exec->err->schema = namespace ? namespace->name : NULL;
    f->exec->err->datatype = domain->name;
}

static bool eval_domain_cast(const struct expr *e, struct frame *f, struct datum *out)
{
    if (!eval(e->args.items[0], f, out))
        return false;
    struct err *err = f->exec->err;
    if (out->null && e->type->not_null) {
        err_set(err, ERR_NOT_NULL_VIOLATION, "domain %s does not allow null values", e->type->name);
        domain_failed(f, e->type);
        return false;
    }
    struct datum saved = f->domain_value;
    f->domain_value = *out;
    for (int k = 0; k < e->domain.n; k++) {
        struct datum v;
        if (!eval(e->domain.checks[k], f, &v))
            return false;
        if (!v.null && !v.i) {
            err_set(err, ERR_CHECK_VIOLATION,
                    "value for domain %s violates check constraint \"%s\"", e->type->name,
                    e->domain.names[k]);
            domain_failed(f, e->type);
            err->constraint = e->domain.names[k];
            return false;
        }
    }
    f->domain_value = saved;
    return true;
}

static struct frame *frame_up(struct frame *f, int levels)
{
    while (levels-- > 0)
        f = f->parent;
    return f;
}

static bool whole_row(const struct expr *e, struct frame *f, const struct rowref *row,
                      const struct rte *rte, struct datum *out)
{
    if (!row->values) {
        *out = datum_null();
        return true;
    }
    struct datum *fields = ARENA_ARRAY(f->arena, struct datum, rte->n_columns + 1u);
    const struct type **types = ARENA_ARRAY(f->arena, const struct type *, rte->n_columns + 1u);
    const char **names = ARENA_ARRAY(f->arena, const char *, rte->n_columns + 1u);
    uint32_t n = 0;
    for (int k = 0; k < rte->n_columns; k++) {
        if (rte->kind == RTE_RELATION && rte->relation->columns[k].dropped)
            continue;
        fields[n] = row->values[k];
        names[n] = rte->columns[k].name;
        types[n++] = rte->columns[k].type;
    }
    *out = record_build_named(f->arena, e->type->oid, types, names, fields, n);
    return true;
}

static bool system_column(const struct expr *e, struct frame *f, const struct rowref *row,
                          const struct rte *rte, struct datum *out)
{
    *out = datum_null();
    if (!row->values)
        return true;
    switch (e->column.attnum) {
    case -1: {
        /* ctid: the shard is the block, the row identity the offset, as far as six bytes carry it. */
        struct type_io io = {.arena = f->arena,
                             .err = f->exec->err,
                             .type = e->type,
                             .typmod = -1,
                             .settings = f->exec->env->settings,
                             .env = f->exec->env};
        uint64_t block = ((uint64_t)row->rid >> 16 << 10) | (row->shard & 1023);
        const char *text = arena_printf(f->arena, "(%u,%u)", (unsigned)(block & UINT32_MAX),
                                        (unsigned)(row->rid & 0xffff));
        return type_in(&io, text, strlen(text), out);
    }
    case -6:
        *out = datum_int(rte->relation ? rte->relation->oid : 0);
        return true;
    case -2:
        *out = datum_int(2); /* xmin: every visible row is frozen */
        return true;
    default:
        *out = datum_int(0);
        return true;
    }
}

static bool eval_column(const struct expr *e, struct frame *f, struct datum *out)
{
    struct frame *at = e->column.levels_up ? frame_up(f, e->column.levels_up) : f;
    const struct rowref *row = &at->rows[e->column.rte];
    if (LIKELY(e->column.attnum > 0)) {
        *out = row->values ? row->values[e->column.attnum - 1] : datum_null();
        return true;
    }
    const struct rte *rte = &at->plan->query->rtes[e->column.rte];
    return e->column.attnum == 0 ? whole_row(e, f, row, rte, out)
                                 : system_column(e, f, row, rte, out);
}

static bool eval_next_value(const struct expr *e, struct frame *f, struct datum *out)
{
    const struct relation *sequence = catalog_relation(f->exec->env->catalog, e->sequence_oid);
    int64_t value;
    if (!sequence)
        return err_set(f->exec->err, ERR_UNDEFINED_TABLE, "sequence with OID %u does not exist",
                       e->sequence_oid);
    if (!sequence_next(f->exec->env->txn, sequence, &value, f->exec->err))
        return false;
    if (f->exec->env->note_sequence)
        f->exec->env->note_sequence(f->exec->env, e->sequence_oid, value);
    *out = datum_int(value);
    return true;
}

static bool eval_excluded(const struct expr *e, struct frame *f, struct datum *out)
{
    while (f && !f->excluded)
        f = f->parent;
    *out = f ? f->excluded[e->column.attnum - 1] : datum_null();
    return true;
}

static bool eval_rest(const struct expr *e, struct frame *f, struct datum *out);

bool eval(const struct expr *e, struct frame *f, struct datum *out)
{
    switch (e->kind) {
    case EXPR_CONST:
        *out = e->value;
        return true;
    case EXPR_PARAM:
        *out = f->params[e->param - 1];
        return true;
    case EXPR_COLUMN:
        return eval_column(e, f, out);
    case EXPR_SLOT: {
        const struct frame *at = e->slot.levels_up ? frame_up(f, e->slot.levels_up) : f;
        *out = at->slots[e->slot.index];
        return true;
    }
    case EXPR_FUNC:
        return eval_func(e, f, out);
    case EXPR_AND:
        return eval_and_or(e, f, false, out);
    case EXPR_OR:
        return eval_and_or(e, f, true, out);
    case EXPR_NOT:
        if (!eval(e->args.items[0], f, out))
            return false;
        if (!out->null)
            out->i = !out->i;
        return true;
    case EXPR_IS_NULL:
    case EXPR_IS_NOT_NULL:
        return is_null_test(e, f, out);
    default:
        return eval_rest(e, f, out);
    }
}

static bool eval_rest(const struct expr *e, struct frame *f, struct datum *out)
{
    switch ((int)e->kind) {
    case EXPR_IS_TRUE:
    case EXPR_IS_NOT_TRUE:
    case EXPR_IS_FALSE:
    case EXPR_IS_NOT_FALSE:
    case EXPR_IS_UNKNOWN:
    case EXPR_IS_NOT_UNKNOWN:
        return eval_truth_test(e, f, out);
    case EXPR_DISTINCT:
        return eval_distinct(e, f, out);
    case EXPR_NULLIF:
        return eval_nullif(e, f, out);
    case EXPR_CASE:
        return eval_case(e, f, out);
    case EXPR_CASE_TEST:
        *out = f->case_test;
        return true;
    case EXPR_COALESCE:
        return eval_coalesce(e, f, out);
    case EXPR_GREATEST:
        return eval_extreme(e, f, 1, out);
    case EXPR_LEAST:
        return eval_extreme(e, f, -1, out);
    case EXPR_ARRAY:
        return eval_array(e, f, out);
    case EXPR_ROW:
        return eval_row(e, f, out);
    case EXPR_ROW_COMPARE:
        return eval_row_compare(e, f, out);
    case EXPR_ANY:
    case EXPR_ALL:
        return eval_any_all(e, f, out);
    case EXPR_SUBSCRIPT:
        return eval_subscript(e, f, out);
    case EXPR_FIELD:
        return e->field.assign ? eval_field_assign(e, f, out) : eval_field(e, f, out);
    case EXPR_SUBLINK:
        return eval_sublink(e, f, out);
    case EXPR_RELABEL:
        if (!eval(e->args.items[0], f, out))
            return false;
        if (!out->null)
            *out = datum_relabel(e->type, *out);
        return true;
    case EXPR_IO_CAST:
        return eval_io_cast(e, f, out);
    case EXPR_ARRAY_CAST:
        return eval_array_cast(e, f, out);
    case EXPR_ROW_CAST:
        return eval_row_cast(e, f, out);
    case EXPR_DOMAIN_CAST:
        return eval_domain_cast(e, f, out);
    case EXPR_DOMAIN_VALUE:
        *out = f->domain_value;
        return true;
    case EXPR_SQL_VALUE:
        return eval_sql_value(e, f, out);
    case EXPR_NEXT_VALUE:
        return eval_next_value(e, f, out);
    case EXPR_EXCLUDED:
        return eval_excluded(e, f, out);
    case EXPR_DEFAULT:
        *out = datum_null();
        return true;
    default:
        return err_set(f->exec->err, ERR_INTERNAL_ERROR,
                       "expression of kind %d reached the executor", (int)e->kind);
    }
}

bool eval_bool(const struct expr *e, struct frame *f, bool *is_true)
{
    struct datum v;
    if (!eval(e, f, &v))
        return false;
    *is_true = !v.null && v.i;
    return true;
}

bool eval_quals(const struct exprs *quals, struct frame *f, bool *pass)
{
    *pass = true;
    for (size_t k = 0; k < quals->n && *pass; k++)
        if (!eval_bool(quals->items[k], f, pass))
            return false;
    return true;
}
