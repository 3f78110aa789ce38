/* sql_function.c - LANGUAGE SQL functions: the body is analysed at each call with the call's types.
 *
 * A call in an expression evaluates the body as a sub-select over its arguments (call->func.sql_function); a set-returning call in FROM becomes
 * the body itself, with the arguments in the parameters' places.  Bodies are one SELECT. */
#include "sql/analysis.h"

#include <string.h>

#define FUNCTION_NESTING_MAX 24 /* functions that call functions: recursion would go on for ever */

static bool bad_result(struct analysis *a, const struct type *result, const char *detail)
{
    fail(a, -1, ERR_INVALID_FUNCTION_DEFINITION,
         "return type mismatch in function declared to return %s", type_text(a, result));
    return fail_detail(a, "%s", detail);
}

static int visible_indexes(struct analysis *a, const struct query *q, int **out)
{
    int n = 0;
    *out = ARENA_ARRAY(a->arena, int, q->targets.n + 1);
    for (size_t k = 0; k < q->targets.n; k++)
        if (!q->targets.items[k].junk)
            (*out)[n++] = (int)k;
    return n;
}

/* Casts the visible columns of *query to the types of `fields`. */
static bool fit_columns(struct analysis *a, struct query **query, const struct field_info *fields,
                        int n, const struct type *result)
{
    int *visible;
    if (visible_indexes(a, *query, &visible) != n)
        return bad_result(a, result,
                          n == 1 ? "Final statement must return exactly one column."
                                 : "Final statement returns too few columns.");
    bool same = true;
    for (int k = 0; k < n; k++) {
        const struct expr *e = (*query)->targets.items[visible[k]].expr;
        same &=
            e->type == fields[k].type && (fields[k].typmod < 0 || fields[k].typmod == e->typmod);
    }
    if (same)
        return true;
    if (!list_is_output_only(*query)) {
        *query = wrap_query(a, *query);
        visible_indexes(a, *query, &visible);
    }
    for (int k = 0; k < n; k++) {
        struct target *target = &(*query)->targets.items[visible[k]];
        struct expr *cast = coerce_to(a, target->expr, fields[k].type, fields[k].typmod,
                                      CAST_ASSIGNMENT, FORM_IMPLICIT_CAST, -1);
        if (!cast)
            return FAILED(a) ? false
                             : bad_result(a, result,
                                          arena_printf(a->arena, "Actual return type is %s.",
                                                       type_text(a, target->expr->type)));
        target->expr = cast;
    }
    return true;
}

/* The columns that the function promises; n 0: it returns nothing. */
static bool promised_columns(struct scope *s, const struct expr *call, struct row_shape *shape)
{
    if (call->type->oid == TYPE_VOID) {
        shape->n = 0;
        return true;
    }
    if (is_row_type(call->type) && row_shape_of(s, call, shape))
        return true;
    if (FAILED(s->a))
        return false;
    shape->fields = ARENA_ARRAY(s->a->arena, struct field_info, 1);
    shape->fields[0] =
        (struct field_info){call->func.proc->name, call->type, -1, call->type->collation_oid};
    shape->n = 1;
    return true;
}

/* One column that is the row itself will do for a row. */
static bool returns_row_as_one(struct analysis *a, const struct query *q, const struct type *result)
{
    int *visible;
    return visible_indexes(a, q, &visible) == 1 && is_row_type(result) &&
           q->targets.items[visible[0]].expr->type == result;
}

/* SELECT ROW(columns) FROM (body): what an expression can use. */
static struct query *as_one_row(struct analysis *a, struct query *body, const struct type *type)
{
    struct query *outer = wrap_query(a, body);
    struct expr *row = expr_new(a, EXPR_ROW, type, -1);
    for (size_t k = 0; k < outer->targets.n; k++)
        push_arg(a, row, outer->targets.items[k].expr);
    struct target target = {.expr = row, .name = "row"};
    outer->targets = (struct targets){0};
    VEC_PUSH(a->arena, &outer->targets, target);
    return outer;
}

static struct query *analyse_body(struct analysis *inner, const char *body)
{
    struct raw_statements statements;
    if (!sql_parse(inner->arena, body, &statements, inner->err))
        return NULL;
    if (statements.n != 1 || !IS_NODE(statements.items[0].node, SelectStmt))
        return fail_null(inner, -1, ERR_FEATURE_NOT_SUPPORTED,
                         "LANGUAGE SQL functions other than a single SELECT are not supported");
    return transform_statement(inner, NULL, statements.items[0].node, ENTRY_TOP, NULL, false);
}

bool inline_sql_function(struct analysis *a, struct expr *call)
{
    const struct proc *proc = call->func.proc;
    struct analyze_context context = *a->context;
    struct analysis inner;
    analysis_nested(&inner, &context, a);
    if (inner.depth > FUNCTION_NESTING_MAX)
        return fail(a, call->location, ERR_STATEMENT_TOO_COMPLEX, "stack depth limit exceeded");
    context.path = *a->path;
    context.param_types = ARENA_ARRAY(a->arena, const struct type *, call->args.n + 1);
    context.n_params = context.max_params = (uint16_t)call->args.n;
    for (size_t k = 0; k < call->args.n; k++)
        context.param_types[k] = call->args.items[k]->type;
    struct function_args args = {.proc = proc, .types = context.param_types};
    inner.function = &args;
    inner.text = proc->sql_body;
    struct query *body = analyse_body(&inner, proc->sql_body);
    if (!body) {
        if (a->text) /* a place in the body is none in the statement */
            a->err->position = 0;
        if (!a->err->where)
            a->err->where = arena_printf(a->err->arena, "SQL function \"%s\"", proc->name);
        return false;
    }
    struct scope s = {.a = a};
    struct row_shape shape = {0};
    if (!promised_columns(&s, call, &shape))
        return false;
    if (shape.n && !returns_row_as_one(a, body, call->type)) {
        if (!fit_columns(a, &body, shape.fields, shape.n, call->type))
            return false;
        if (is_row_type(call->type) && !proc->returns_set)
            body = as_one_row(a, body, call->type);
    }
    call->func.sql_function = body;
    return true;
}

/* ---- in FROM ---- */

static struct expr *argument_for(struct tree_mapper *mapper, const struct expr *e)
{
    const struct expr *call = mapper->arg;
    if (e->kind != EXPR_PARAM)
        return NULL;
    return tree_shift(mapper->arena, call->args.items[e->param - 1], mapper->levels);
}

struct query *sql_function_rows(struct analysis *a, const struct expr *call)
{
    struct tree_mapper mapper = {
        .arena = a->arena, .map = argument_for, .arg = (void *)(uintptr_t)call};
    const struct query *body = call->func.sql_function;
    if (!call->func.proc->strict)
        return tree_map_query(&mapper, body);
    /* No rows when an argument is NULL. */
    struct query *outer = wrap_query(a, (struct query *)(uintptr_t)body);
    struct expr *params = NULL;
    for (size_t k = 0; k < call->args.n; k++) {
        struct expr *param = expr_new(a, EXPR_PARAM, call->args.items[k]->type, -1);
        param->param = (int)k + 1;
        params = and_also(a, params, bool_expr(a, EXPR_IS_NOT_NULL, param, NULL, -1));
    }
    outer->where = params;
    return tree_map_query(&mapper, outer);
}
