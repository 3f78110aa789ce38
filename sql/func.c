/* func.c - function calls: from the written call to a typed EXPR_FUNC, aggregate, window call, cast or field. */
#include "sql/analysis.h"

#include <stdio.h>
#include <string.h>

#define ARGS_MAX 100

/* ---- implementations ---- */

/* "name(type,type)" with the types' catalog names: the key of func_find() and agg_find(). */
const char *proc_signature(struct analysis *a, const struct proc *proc, char *room, size_t n_room)
{
    size_t at = (size_t)snprintf(room, n_room, "%s(", proc->name);
    for (int k = 0; k < proc->n_args && at < n_room; k++) {
        const struct type *type = catalog_type(a->catalog, proc->arg_types[k]);
        at +=
            (size_t)snprintf(room + at, n_room - at, "%s%s", k ? "," : "", type ? type->name : "?");
    }
    if (at + 2 > n_room)
        return proc->name;
    room[at] = ')';
    room[at + 1] = '\0';
    return room;
}

func_impl implementation_of(struct analysis *a, const struct proc *proc)
{
    char room[512];
    const char *signature = proc_signature(a, proc, room, sizeof(room));
    func_impl impl = proc->sql_body ? NULL : func_find(signature, proc->prosrc);
    if (!impl && !proc->sql_body) {
        fail(a, -1, ERR_FEATURE_NOT_SUPPORTED, "function %s is not supported", signature);
        fail_hint(a, "Shardlite has no implementation of this function.");
    }
    return impl;
}

static void note_volatile(struct analysis *a)
{
    for (; a; a = a->outer)
        a->is_volatile = true;
}

struct expr *func_expr(struct analysis *a, const struct proc *proc, const struct type *result,
                       struct exprs args, int location)
{
    if (!check_collations(a, &args))
        return NULL;
    struct expr *e = expr_new(a, EXPR_FUNC, result, location);
    e->args = args;
    e->func.proc = proc;
    e->func.impl = implementation_of(a, proc);
    if (proc->volatility == 'v')
        note_volatile(a);
    if (!e->func.impl) {
        if (FAILED(a)) {
            set_position(a, location);
            return NULL;
        }
        if (!inline_sql_function(a, e))
            return NULL;
    }
    return e;
}

bool note_srf(struct scope *s, const struct expr *call, const struct expr *last_srf, int location)
{
    if (!place_allows(s, s->place, USE_SRF, location))
        return false;
    if (s->place == PLACE_FROM_FUNCTION && s->last_srf != last_srf)
        return fail(s->a, s->last_srf ? s->last_srf->location : location, ERR_FEATURE_NOT_SUPPORTED,
                    "set-returning functions must appear at top level of FROM");
    s->last_srf = call;
    for (struct analysis *a = s->a; a; a = a->outer)
        a->srf_seen = true;
    if (s->query && s->place != PLACE_FROM_FUNCTION)
        s->query->has_srfs = true;
    return true;
}

/* ---- arguments ---- */

bool cast_args(struct analysis *a, struct exprs *args, const struct type *const *actual,
               const uint32_t *declared, size_t n)
{
    for (size_t k = 0; k < n; k++) {
        if (actual[k]->oid == declared[k])
            continue;
        struct expr *cast = coerce_node(a, args->items[k], type_by_oid(a, declared[k]), -1,
                                        CAST_IMPLICIT, FORM_IMPLICIT_CAST, -1);
        if (!cast)
            return false;
        args->items[k] = cast;
    }
    return true;
}

static bool take_arg(struct scope *s, struct call_args *out, const Node *node)
{
    struct analysis *a = s->a;
    const char *name = NULL;
    int location = -1;
    if (IS_NODE(node, NamedArgExpr)) {
        const NamedArgExpr *named = (const NamedArgExpr *)node;
        name = named->name;
        location = named->location;
        node = (const Node *)named->arg;
    }
    struct expr *e = transform_node(s, node);
    if (!e)
        return false;
    if (e->type->oid == TYPE_VOID && IS_NODE(node, ParamRef))
        return true; /* a parameter declared void is no argument at all */
    if (name) {
        for (size_t k = 0; k < out->n_named; k++)
            if (strcmp(out->names[k], name) == 0)
                return fail(a, location, ERR_SYNTAX_ERROR,
                            "argument name \"%s\" used more than once", name);
        const char **names = ARENA_ARRAY(a->arena, const char *, out->n_named + 1);
        if (out->n_named)
            memcpy(names, out->names, out->n_named * sizeof(names[0]));
        names[out->n_named++] = name;
        out->names = names;
    } else if (out->n_named) {
        return fail(a, expr_location(e), ERR_SYNTAX_ERROR,
                    "positional argument cannot follow named argument");
    }
    VEC_PUSH(a->arena, &out->args, e);
    return true;
}

struct expr *transform_call(struct scope *s, const FuncCall *call)
{
    struct call_args args = {.variadic = call->func_variadic};
    /* libpg_query's grammar takes EXTRACT($1 FROM x); PostgreSQL's does not. */
    if (call->funcformat == COERCE_SQL_SYNTAX && list_n(call->args) == 2 &&
        IS_NODE(list_at(call->args, 0), ParamRef) &&
        strcmp(list_str(call->funcname, list_n(call->funcname) - 1), "extract") == 0) {
        const ParamRef *param = list_at(call->args, 0);
        return fail_null(s->a, param->location, ERR_SYNTAX_ERROR, "syntax error at or near \"$%d\"",
                         param->number);
    }
    for (int k = 0; k < list_n(call->args); k++)
        if (!take_arg(s, &args, list_at(call->args, k)))
            return NULL;
    /* WITHIN GROUP: the sort expressions are the aggregated arguments. */
    if (call->agg_within_group)
        for (int k = 0; k < list_n(call->agg_order); k++) {
            const SortBy *sort = list_at(call->agg_order, k);
            struct expr *e = transform_expr(s, sort->node, PLACE_ORDER_BY);
            if (!e)
                return NULL;
            VEC_PUSH(s->a->arena, &args.args, e);
        }
    return make_call(s, call->funcname, &args, call, false, false, call->location);
}

struct expr *transform_procedure_call(struct scope *s, const FuncCall *call)
{
    struct call_args args = {.variadic = call->func_variadic, .is_call = true};
    for (int k = 0; k < list_n(call->args); k++)
        if (!take_arg(s, &args, list_at(call->args, k)))
            return NULL;
    return make_call(s, call->funcname, &args, call, false, true, call->location);
}

/* ---- errors ---- */

static const char *signature_text(struct analysis *a, const List *name,
                                  const struct call_args *args)
{
    return arena_printf(
        a->err->arena, "%s(%s)", name_list_text(a, name),
        type_list_text(a, args->types, args->names, args->args.n, args->args.n - args->n_named));
}

static struct expr *not_found(struct analysis *a, const List *name, const struct call_args *args,
                              const FuncCall *call, bool is_procedure, int location)
{
    const char *what = is_procedure ? "procedure" : "function";
    fail(a, location, ERR_UNDEFINED_FUNCTION, "%s %s does not exist", what,
         signature_text(a, name, args));
    if (call && list_n(call->agg_order) > 1 && !call->agg_within_group)
        fail_hint(a, "No aggregate function matches the given name and argument types. Perhaps you "
                     "misplaced ORDER BY; ORDER BY "
                     "must appear after all regular arguments of the aggregate.");
    else
        fail_hint(a,
                  "No %s matches the given name and argument types. You might need to add explicit "
                  "type casts.",
                  what);
    return NULL;
}

static struct expr *not_unique(struct analysis *a, const List *name, const struct call_args *args,
                               bool is_procedure, int location)
{
    const char *what = is_procedure ? "procedure" : "function";
    fail(a, location, ERR_AMBIGUOUS_FUNCTION, "%s %s is not unique", what,
         signature_text(a, name, args));
    fail_hint(a, "Could not choose a best candidate %s. You might need to add explicit type casts.",
              what);
    return NULL;
}

/* A call of a plain function with an aggregate's clauses. */
static bool refuse_aggregate_clauses(struct analysis *a, const List *name, const FuncCall *call,
                                     int location)
{
    const char *text = name_list_text(a, name);
    if (!call)
        return true;
    if (call->agg_star)
        return fail(a, location, ERR_WRONG_OBJECT_TYPE,
                    "%s(*) specified, but %s is not an aggregate function", text, text);
    const char *clause = call->agg_distinct       ? "DISTINCT"
                         : call->agg_within_group ? "WITHIN GROUP"
                         : call->agg_order        ? "ORDER BY"
                         : call->agg_filter       ? "FILTER"
                                                  : NULL;
    if (clause)
        return fail(a, location, ERR_WRONG_OBJECT_TYPE,
                    "%s specified, but %s is not an aggregate function", clause, text);
    if (call->over)
        return fail(a, location, ERR_WRONG_OBJECT_TYPE,
                    "OVER specified, but %s is not a window function nor an aggregate function",
                    text);
    return true;
}

static bool check_kind(struct analysis *a, const List *name, const FuncCall *call,
                       const struct call_args *args, const struct func_choice *choice,
                       bool is_procedure, int location)
{
    const char *text = name_list_text(a, name);
    if ((choice->kind == FUNC_PROCEDURE) != is_procedure)
        text = signature_text(a, name, args);
    if (choice->kind == FUNC_PROCEDURE && !is_procedure) {
        fail(a, location, ERR_WRONG_OBJECT_TYPE, "%s is a procedure", text);
        return fail_hint(a, "To call a procedure, use CALL.");
    }
    if (choice->kind != FUNC_PROCEDURE && is_procedure) {
        fail(a, location, ERR_WRONG_OBJECT_TYPE, "%s is not a procedure", text);
        return fail_hint(a, "To call a function, use SELECT.");
    }
    if (choice->kind == FUNC_NORMAL || choice->kind == FUNC_PROCEDURE ||
        choice->kind == FUNC_COERCION)
        return refuse_aggregate_clauses(a, name, call, location);
    if (choice->kind == FUNC_WINDOW) {
        if (!call || !call->over)
            return fail(a, location, ERR_WRONG_OBJECT_TYPE,
                        "window function %s requires an OVER clause", text);
        if (call->agg_within_group)
            return fail(a, location, ERR_WRONG_OBJECT_TYPE,
                        "window function %s cannot have WITHIN GROUP", text);
    }
    return true;
}

/* Ordered-set aggregates: how many of the arguments are direct ones, and whether that many were given. */
static bool check_aggregate_kind(struct analysis *a, const List *name, const FuncCall *call,
                                 const struct func_choice *choice, const struct call_args *args,
                                 size_t *n_direct, int location)
{
    const struct aggregate *aggregate = catalog_aggregate(a->catalog, choice->proc->oid);
    const char *text = name_list_text(a, name);
    *n_direct = 0;
    if (!aggregate || aggregate->kind == 'n') {
        if (call && call->agg_within_group)
            return fail(a, location, ERR_WRONG_OBJECT_TYPE,
                        "%s is not an ordered-set aggregate, so it cannot have WITHIN GROUP", text);
        return true;
    }
    if (!call || !call->agg_within_group)
        return fail(a, location, ERR_WRONG_OBJECT_TYPE,
                    "WITHIN GROUP is required for ordered-set aggregate %s", text);
    if (call->over)
        return fail(a, location, ERR_FEATURE_NOT_SUPPORTED,
                    "OVER is not supported for ordered-set aggregate %s", text);
    if (call->agg_distinct)
        return fail(a, location, ERR_FEATURE_NOT_SUPPORTED,
                    "cannot use DISTINCT with WITHIN GROUP");
    size_t written = (size_t)list_n(call->args), ordered = args->args.n - written;
    *n_direct = written;
    /* VARIADIC "any": as many direct arguments as sort keys. */
    size_t wanted = choice->proc->variadic_type == TYPE_ANY && aggregate->kind == 'h'
                        ? ordered
                        : aggregate->n_direct_args;
    if (written == wanted)
        return true;
    fail(a, location, ERR_UNDEFINED_FUNCTION, "function %s does not exist",
         signature_text(a, name, args));
    if (choice->proc->variadic_type == TYPE_ANY && aggregate->kind == 'h')
        return fail_hint(a,
                         "To use the hypothetical-set aggregate %s, the number of hypothetical "
                         "direct arguments (here %zu) must match "
                         "the number of ordering columns (here %zu).",
                         text, written, ordered);
    return fail_hint(
        a, "There is an ordered-set aggregate %s, but it requires %zu direct argument%s, not %zu.",
        text, wanted, wanted == 1 ? "" : "s", written);
}

/* ---- the call ---- */

static struct expr *default_argument(struct analysis *a, const struct proc *proc, int parameter)
{
    const char *sql = proc->default_sql[parameter - (proc->n_args - proc->n_defaults)];
    return analyze_column_sql(a, sql, NULL,
                              is_polymorphic(proc->arg_types[parameter])
                                  ? a->unknown
                                  : type_by_oid(a, proc->arg_types[parameter]),
                              -1, PLACE_OTHER);
}

/* Named arguments into their places, and the defaults of those left out. */
static bool complete_args(struct analysis *a, const struct func_choice *choice,
                          struct call_args *args)
{
    const struct proc *proc = choice->proc;
    if (!choice->positions && !choice->n_defaults)
        return true;
    struct expr **full = ARENA_ARRAY(a->arena, struct expr *, proc->n_args + 1u);
    for (size_t k = 0; k < args->args.n; k++)
        full[choice->positions ? choice->positions[k] : (int)k] = args->args.items[k];
    struct exprs list = {0};
    for (int p = 0; p < proc->n_args; p++) {
        if (!full[p])
            full[p] = default_argument(a, proc, p);
        if (!full[p])
            return false;
        VEC_PUSH(a->arena, &list, full[p]);
        choice->declared[p] = proc->arg_types[p];
    }
    args->args = list;
    return true;
}

/* What stands for a procedure's output arguments is not evaluated. */
static void drop_outputs(struct analysis *a, struct func_choice *choice, struct exprs *args)
{
    const struct proc *proc = catalog_proc(a->catalog, choice->proc->oid);
    struct exprs inputs = {0};
    for (size_t k = 0; k < args->n; k++)
        if (!proc->arg_modes || proc->arg_modes[k] != 'o')
            VEC_PUSH(a->arena, &inputs, args->items[k]);
    choice->proc = proc;
    *args = inputs;
}

static const struct type **types_of(struct analysis *a, const struct exprs *args)
{
    const struct type **types = ARENA_ARRAY(a->arena, const struct type *, args->n + 1);
    for (size_t k = 0; k < args->n; k++)
        types[k] = args->items[k]->type;
    return types;
}

/* f(a, b, c) for f(x, VARIADIC y[]) becomes f(a, ARRAY[b, c]). */
static bool collect_variadic(struct analysis *a, const struct func_choice *choice,
                             struct exprs *args, int location)
{
    if (!choice->n_variadic || choice->proc->variadic_type == TYPE_ANY)
        return true;
    size_t first = args->n - choice->n_variadic;
    const struct type *elem = args->items[first]->type, *array_type = array_type_of(a, elem);
    if (!array_type)
        return fail(a, expr_location(args->items[first]), ERR_UNDEFINED_OBJECT,
                    "could not find array type for data type %s", type_text(a, elem));
    struct expr *array = expr_new(a, EXPR_ARRAY, array_type, expr_location(args->items[first]));
    for (size_t k = first; k < args->n; k++)
        push_arg(a, array, args->items[k]);
    args->n = first;
    VEC_PUSH(a->arena, args, array);
    return true;
}

static struct expr *make_normal(struct scope *s, const struct func_choice *choice,
                                struct exprs *args, const struct type *result, bool variadic,
                                const struct expr *last_srf, int location)
{
    struct analysis *a = s->a;
    struct expr *e = func_expr(a, choice->proc, result, *args, location);
    if (!e)
        return NULL;
    e->func.variadic_array =
        variadic || (choice->n_variadic && choice->proc->variadic_type != TYPE_ANY);
    if (choice->proc->returns_set && !note_srf(s, e, last_srf, location))
        return NULL;
    return e;
}

/* f(row) or row.f */
static struct expr *as_field(struct scope *s, const List *name, const struct call_args *args,
                             const FuncCall *call, int location)
{
    bool plain = args->args.n == 1 && !args->n_named && !args->variadic && list_n(name) == 1 &&
                 (!call || (!call->agg_order && !call->agg_filter && !call->agg_star &&
                            !call->agg_distinct && !call->over));
    if (!plain || !is_row_type(args->types[0]))
        return NULL;
    return field_select(s, args->args.items[0], list_str(name, 0), location);
}

struct expr *make_call(struct scope *s, const List *name, struct call_args *args,
                       const FuncCall *call, bool is_column, bool is_procedure, int location)
{
    struct analysis *a = s->a;
    const struct expr *last_srf = s->last_srf;
    struct func_choice choice;
    if (args->args.n > ARGS_MAX)
        return fail_null(a, location, ERR_TOO_MANY_ARGUMENTS,
                         "cannot pass more than %d arguments to a function", ARGS_MAX);
    args->types = types_of(a, &args->args);
    if (is_column) {
        struct expr *field = as_field(s, name, args, call, location);
        if (field || FAILED(a))
            return field;
    }
    if (list_n(name) > 1 &&
        !catalog_namespace_by_name(a->catalog, list_str(name, list_n(name) - 2)))
        return fail_null(a, location, ERR_UNDEFINED_SCHEMA, "schema \"%s\" does not exist",
                         list_str(name, list_n(name) - 2));
    if (!choose_function(a, name, args, &choice))
        return NULL;
    if (choice.kind == FUNC_NOT_FOUND || choice.kind == FUNC_AMBIGUOUS) {
        if (is_column)
            return NULL;
        struct expr *field = as_field(s, name, args, call, location);
        if (field || FAILED(a))
            return field;
        return choice.kind == FUNC_NOT_FOUND
                   ? not_found(a, name, args, call, is_procedure, location)
                   : not_unique(a, name, args, is_procedure, location);
    }
    if (is_column && choice.kind != FUNC_NORMAL && choice.kind != FUNC_COERCION)
        return NULL;
    if (!check_kind(a, name, call, args, &choice, is_procedure, location))
        return NULL;
    if (choice.kind == FUNC_COERCION)
        return coerce_node(a, args->args.items[0], choice.coercion, -1, CAST_EXPLICIT,
                           FORM_EXPLICIT_CAST, location);
    size_t n_direct = 0;
    if (choice.kind == FUNC_AGGREGATE &&
        !check_aggregate_kind(a, name, call, &choice, args, &n_direct, location))
        return NULL;
    if (!complete_args(a, &choice, args))
        return NULL;
    args->types = types_of(a, &args->args);
    const struct type *result = enforce_generic(a, args->args.n, args->types, choice.declared,
                                                choice.proc->result_type, location);
    if (!result || !cast_args(a, &args->args, args->types, choice.declared, args->args.n) ||
        !collect_variadic(a, &choice, &args->args, location))
        return NULL;
    if (args->variadic && choice.proc->variadic_type == TYPE_ANY &&
        !base_element_type(args->args.items[args->args.n - 1]->type))
        return fail_null(a, expr_location(args->args.items[args->args.n - 1]),
                         ERR_DATATYPE_MISMATCH, "VARIADIC argument must be an array");
    if (args->n_named && choice.kind == FUNC_AGGREGATE)
        return fail_null(a, location, ERR_FEATURE_NOT_SUPPORTED,
                         "aggregates cannot use named arguments");
    if (args->n_named && choice.kind == FUNC_WINDOW)
        return fail_null(a, location, ERR_FEATURE_NOT_SUPPORTED,
                         "window functions cannot use named arguments");
    if (call && call->over && (choice.kind == FUNC_AGGREGATE || choice.kind == FUNC_WINDOW))
        return transform_window_call(s, call, choice.proc, &args->args, result, location);
    if (choice.kind == FUNC_AGGREGATE)
        return transform_aggregate(s, call, &choice, &args->args, n_direct, result, location);
    if (is_procedure)
        drop_outputs(a, &choice, &args->args);
    struct expr *e =
        make_normal(s, &choice, &args->args, result, args->variadic, last_srf, location);
    if (e && call && call->funcformat == COERCE_SQL_SYNTAX)
        e->form = FORM_SQL_SYNTAX;
    return e;
}
