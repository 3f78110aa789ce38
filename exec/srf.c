/* srf.c - set-returning functions, in FROM (srf_iter) and in select lists (the ProjectSet node).
 *
 * In a select list all set-returning calls of one row advance together; the row repeats until the longest is done, the shorter
 * ones giving NULL (PostgreSQL 10 and later). */
#include "exec/eval_int.h"
#include "exec/routine.h"
#include "sql/format_type.h"
#include "types/record.h"

void srf_init(struct srf_iter *iter, const struct expr *call, struct frame *f, int n_columns,
              const struct type **column_types, const char **column_names)
{
    struct arena *arena = f->exec->arena;
    *iter = (struct srf_iter){.call = call,
                              .n_columns = n_columns,
                              .column_types = column_types,
                              .column_names = column_names,
                              .arena = arena_child(arena, "srf")};
    iter->args = ARENA_ARRAY(arena, struct datum, call->args.n + 1);
    iter->arg_types = ARENA_ARRAY(arena, const struct type *, call->args.n + 1);
    for (size_t k = 0; k < call->args.n; k++)
        iter->arg_types[k] = call->args.items[k] ? call->args.items[k]->type : NULL;
}

static struct datum datum_copy_any(const struct type *type, struct arena *arena, struct datum v)
{
    return v.null || !type_by_ref(type) ? v : datum_copy(type, arena, v);
}

static bool is_srf(const struct expr *call)
{
    return call->kind == EXPR_FUNC && call->func.proc->returns_set;
}

bool srf_start(struct srf_iter *iter, struct frame *f)
{
    const struct expr *call = iter->call;
    arena_reset(iter->arena);
    iter->site = NULL;
    iter->done = iter->body_open = false;
    if (!is_srf(call))
        return true;
    f->arena = iter->arena;
    bool has_null = false;
    for (size_t k = 0; k < call->args.n; k++) {
        if (!eval(call->args.items[k], f, &iter->args[k]))
            return false;
        has_null |= iter->args[k].null;
        if (!iter->args[k].null && type_by_ref(iter->arg_types[k]))
            iter->args[k] = datum_copy(iter->arg_types[k], iter->arena, iter->args[k]);
    }
    if (has_null && call->func.proc->strict)
        iter->done = true;
    return true;
}

static bool wrong_row(struct frame *f, const char *detail)
{
    err_set(f->exec->err, ERR_DATATYPE_MISMATCH,
            "function return row and query-specified return row do not match");
    return err_detail(f->exec->err, "%s", detail);
}

static const char *type_words(struct frame *f, const struct type *type)
{
    return format_type_name(f->arena, f->exec->env->catalog, f->exec->env->path, type);
}

/* A record of a function that says nothing about it must be what the column definition list says. */
static bool check_record(struct srf_iter *iter, struct frame *f, const struct datum *value)
{
    const struct record *record = value->p;
    if ((int)record->n_fields != iter->n_columns)
        return wrong_row(
            f, arena_printf(f->arena, "Returned row contains %u attribute%s, but query expects %d.",
                            record->n_fields, record->n_fields == 1 ? "" : "s", iter->n_columns));
    for (int k = 0; k < iter->n_columns; k++) {
        const struct type *given = env_type(f->exec->env, record_field_type(value, (uint32_t)k));
        if (given->oid != iter->column_types[k]->oid)
            return wrong_row(
                f, arena_printf(f->arena,
                                "Returned type %s at ordinal position %d, but query expects %s.",
                                type_words(f, given), k + 1, type_words(f, iter->column_types[k])));
    }
    return true;
}

static bool spread_record(struct srf_iter *iter, struct frame *f, struct datum value,
                          struct datum *row)
{
    const struct record *record = value.null ? NULL : value.p;
    if (record && iter->call->type->oid == TYPE_RECORD && iter->call->type->n_attributes &&
        !check_record(iter, f, &value))
        return false;
    for (int k = 0; k < iter->n_columns; k++)
        row[k] = !record || k >= (int)record->n_fields
                     ? datum_null()
                     : record_field(&value,
                                    env_type(f->exec->env, record_field_type(&value, (uint32_t)k)),
                                    (uint32_t)k);
    return true;
}

static bool is_row_type(const struct type *type)
{
    return type->oid == TYPE_RECORD || type->kind == 'c';
}

/* A plain function in FROM gives one row. */
static bool single_row(struct srf_iter *iter, struct frame *f, struct datum *row)
{
    struct datum value;
    iter->done = true;
    if (!eval(iter->call, f, &value))
        return false;
    if (is_row_type(iter->call->type) &&
        !(iter->n_columns == 1 && is_row_type(iter->column_types[0])))
        return spread_record(iter, f, value, row);
    row[0] = value;
    return true;
}

/* The next of the rows that a routine gave. */
static bool routine_next(struct srf_iter *iter, struct frame *f, struct datum *row, bool *found)
{
    struct exec *x = f->exec;
    const struct datum *got;
    *found = false;
    if (!iter->routine && !(iter->routine = routine_new(x, iter->call)))
        return false;
    if (!iter->body_open && !routine_run(iter->routine, x, iter->args))
        return false;
    if (!iter->body_open)
        iter->routine_at = 0;
    iter->body_open = true;
    if (iter->routine_at == routine_n_rows(iter->routine)) {
        iter->done = true;
        return true;
    }
    if (!routine_row(iter->routine, x, iter->routine_at++, &got))
        return false;
    *found = true;
    int n = routine_n_columns(iter->routine);
    bool row_as_one = n == 1 && is_row_type(routine_type(iter->routine, 0));
    if (iter->n_columns == 1 && n == 1 && !row_as_one) {
        row[0] = datum_copy_any(routine_type(iter->routine, 0), f->arena, got[0]);
        return true;
    }
    if (iter->n_columns == 1 &&
        !(is_row_type(iter->call->type) && !is_row_type(iter->column_types[0]))) {
        row[0] = routine_value(iter->routine, f->arena, got);
        return true;
    }
    if (row_as_one)
        return spread_record(iter, f,
                             datum_copy_any(routine_type(iter->routine, 0), f->arena, got[0]), row);
    for (int k = 0; k < iter->n_columns; k++)
        row[k] =
            k < n ? datum_copy_any(routine_type(iter->routine, k), f->arena, got[k]) : datum_null();
    return true;
}

/* The next row of a LANGUAGE SQL function's body, as one value or spread over the columns. */
static bool body_row(struct srf_iter *iter, struct frame *f, struct datum *row, bool *found)
{
    const struct expr *call = iter->call;
    struct frame *body = iter->body;
    bool first = !body;
    *found = false;
    if (!call->func.sql_plan)
        return err_set(f->exec->err, ERR_FEATURE_NOT_SUPPORTED, "function %s is not supported",
                       call->func.proc->name);
    if (first)
        body = iter->body = frame_new(f->exec, call->func.sql_plan, NULL);
    body->params = iter->args;
    if (!iter->body_open && !(first ? frame_open(body) : frame_rewind(body)))
        return false;
    iter->body_open = true;
    if (!frame_next(body, found))
        return false;
    if (!*found) {
        iter->done = true;
        return true;
    }
    const struct plan *plan = body->plan;
    int n = plan->n_visible;
    struct datum *values = ARENA_ARRAY(f->arena, struct datum, n + 1);
    const struct type **types = ARENA_ARRAY(f->arena, const struct type *, n + 1);
    for (int k = 0; k < n; k++) {
        values[k] = body->out[plan->visible[k]];
        types[k] = plan->out_types[plan->visible[k]];
        if (!values[k].null && type_by_ref(types[k]))
            values[k] = datum_copy(types[k], f->arena, values[k]);
    }
    if (iter->n_columns > 1 && n == 1 && is_row_type(types[0]))
        return spread_record(iter, f, values[0], row);
    if (iter->n_columns == 1 && n > 1)
        row[0] = record_build(f->arena, call->type->oid, types, values, (uint32_t)n);
    else
        for (int k = 0; k < iter->n_columns; k++)
            row[k] = k < n ? values[k] : datum_null();
    return true;
}

bool srf_next(struct srf_iter *iter, struct frame *f, struct datum *row, bool *found)
{
    *found = !iter->done;
    if (iter->done)
        return true;
    if (!is_srf(iter->call))
        return single_row(iter, f, row);
    const struct expr *call = iter->call;
    if (!call->func.impl)
        return is_routine_call(call, f->exec) ? routine_next(iter, f, row, found)
                                              : body_row(iter, f, row, found);
    bool done = false;
    struct datum *multi = ARENA_ARRAY(f->arena, struct datum, iter->n_columns + 1);
    struct fcall c = {.arena = f->arena,
                      .err = f->exec->err,
                      .env = f->exec->env,
                      .args = iter->args,
                      .n_args = (int)call->args.n,
                      .arg_types = iter->arg_types,
                      .result_type = call->type,
                      .variadic_array = call->func.variadic_array,
                      .site = &iter->site,
                      .site_arena = iter->arena,
                      .func_oid = call->func.proc->oid,
                      .done = &done,
                      .row = multi,
                      .n_columns = iter->n_columns,
                      .column_types = iter->column_types,
                      .column_names = iter->column_names};
    if (!call->func.impl(&c))
        return false;
    if (done) {
        iter->done = true;
        *found = false;
        return true;
    }
    if (iter->n_columns == 1)
        row[0] = c.result;
    else if (c.result.p && is_row_type(call->type) && !c.result.null)
        return spread_record(iter, f, c.result, row);
    else
        for (int k = 0; k < iter->n_columns; k++)
            row[k] = multi[k];
    return true;
}

/* ---- ProjectSet ---- */

struct srf_state {
    struct state base;
    struct srf_iter *iters;
    struct arena *input_arena;
    struct datum *slots;
    bool *record_result;
    bool in_row;
};

/* The actual type of a polymorphic output column: what the arguments say. */
static const struct type *output_type(struct frame *f, const struct expr *call, uint32_t declared)
{
    const struct proc *proc = call->func.proc;
    bool is_element = declared == TYPE_ANYELEMENT || declared == TYPE_ANYCOMPATIBLE ||
                      declared == TYPE_ANYNONARRAY;
    bool is_array = declared == TYPE_ANYARRAY || declared == TYPE_ANYCOMPATIBLEARRAY;
    for (size_t k = 0; (is_element || is_array) && k < call->args.n && k < proc->n_args; k++) {
        const struct type *actual = call->args.items[k]->type;
        bool from_array =
            proc->arg_types[k] == TYPE_ANYARRAY || proc->arg_types[k] == TYPE_ANYCOMPATIBLEARRAY;
        bool from_element =
            proc->arg_types[k] == TYPE_ANYELEMENT || proc->arg_types[k] == TYPE_ANYCOMPATIBLE;
        if (from_array)
            return is_array ? actual : env_type(f->exec->env, actual->elem_oid);
        if (from_element)
            return is_element ? actual : env_type(f->exec->env, actual->array_oid);
    }
    return env_type(f->exec->env, declared);
}

/* Output columns of a call in a select list: several OUT columns come back as one record. */
static void init_list_iter(struct srf_state *s, struct frame *f, int k)
{
    const struct expr *call = s->base.node->srf.calls[k];
    struct arena *arena = f->exec->arena;
    const struct proc *proc = call->func.proc;
    int n = 0;
    const struct type **types = ARENA_ARRAY(arena, const struct type *, proc->n_all_args + 1u);
    const char **names = ARENA_ARRAY(arena, const char *, proc->n_all_args + 1u);
    for (int a = 0; a < proc->n_all_args && proc->arg_modes; a++)
        if (proc->arg_modes[a] == 'o' || proc->arg_modes[a] == 'b' || proc->arg_modes[a] == 't') {
            types[n] = output_type(f, call, proc->all_arg_types[a]);
            names[n++] = proc->arg_names ? proc->arg_names[a] : "";
        }
    s->record_result[k] = n > 1;
    if (n <= 1) {
        types[0] = call->type;
        names[0] = proc->name;
        n = 1;
    }
    srf_init(&s->iters[k], call, f, n, types, names);
}

static bool srf_open(struct state *state)
{
    struct srf_state *s = (struct srf_state *)state;
    struct arena *arena = state->frame->exec->arena;
    int n = state->node->srf.n_calls;
    s->iters = ARENA_ARRAY(arena, struct srf_iter, n);
    s->record_result = ARENA_ARRAY(arena, bool, n);
    s->slots = ARENA_ARRAY(arena, struct datum, state->node->srf.input.n + (size_t)n + 1);
    s->input_arena = arena_child(arena, "srf input");
    for (int k = 0; k < n; k++)
        init_list_iter(s, state->frame, k);
    return true;
}

static bool srf_begin_row(struct srf_state *s, bool *found)
{
    struct frame *f = s->base.frame;
    const struct node *node = s->base.node;
    if (!state_next(s->base.left, found))
        return false;
    if (!*found)
        return true;
    arena_reset(s->input_arena);
    f->arena = s->input_arena;
    for (size_t k = 0; k < node->srf.input.n; k++)
        if (!eval(node->srf.input.items[k], f, &s->slots[k]))
            return false;
    const struct datum *below = f->slots;
    for (int k = 0; k < node->srf.n_calls; k++)
        if (!srf_start(&s->iters[k], f))
            return false;
    f->slots = below;
    s->in_row = true;
    return true;
}

static bool srf_one(struct srf_state *s, int k, bool *any)
{
    struct frame *f = s->base.frame;
    struct datum *out = &s->slots[s->base.node->srf.input.n + (size_t)k];
    struct srf_iter *iter = &s->iters[k];
    struct datum *row =
        s->record_result[k] ? ARENA_ARRAY(f->arena, struct datum, iter->n_columns + 1) : out;
    bool got = false;
    if (!iter->done && !srf_next(iter, f, row, &got))
        return false;
    if (!got)
        *out = datum_null();
    else if (s->record_result[k])
        *out =
            record_build(f->arena, TYPE_RECORD, iter->column_types, row, (uint32_t)iter->n_columns);
    *any |= got;
    return true;
}

static bool srf_list_next(struct state *state, bool *found)
{
    struct srf_state *s = (struct srf_state *)state;
    struct frame *f = state->frame;
    for (;;) {
        bool any = false;
        if (!s->in_row) {
            if (!srf_begin_row(s, found))
                return false;
            if (!*found)
                return true;
        }
        arena_reset(state->scratch);
        f->arena = state->scratch;
        if (!exec_breathe(f->exec))
            return false;
        for (int k = 0; k < state->node->srf.n_calls; k++)
            if (!srf_one(s, k, &any))
                return false;
        if (any) {
            f->slots = s->slots;
            *found = true;
            return true;
        }
        s->in_row = false;
    }
}

static bool srf_rewind(struct state *state)
{
    ((struct srf_state *)state)->in_row = false;
    return state_rewind(state->left);
}

const struct node_ops srf_ops = {.name = "ProjectSet",
                                 .state_bytes = sizeof(struct srf_state),
                                 .open = srf_open,
                                 .next = srf_list_next,
                                 .rewind = srf_rewind};
