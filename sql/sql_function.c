/* sql_function.c - LANGUAGE SQL functions: the body is analysed at each call with the call's types.
 *
 * A body that is one SELECT becomes part of the statement: a call in an expression evaluates it as a sub-select over its arguments
 * (call->func.sql_function); a set-returning call in FROM becomes the body itself, with the arguments in the parameters' places.
 * Any other body is a routine (call->func.routine): it is analysed and run statement by statement when the call is evaluated
 * (exec/routine.c), by analyze_routine() here.  So are functions that call themselves, or run as their owner. */
#include "sql/analysis.h"

#include <string.h>

#define FUNCTION_NESTING_MAX 24 /* functions that call functions: recursion would go on for ever */

static bool bad_result(struct analysis *a, const struct type *result, const char *detail)
{
    fail(a, -1, ERR_INVALID_FUNCTION_DEFINITION,
         "return type mismatch in function declared to return %s", type_text(a, result));
    return fail_detail(a, "%s", detail);
}

/* What the statement gives out. */
static struct targets *result_list(struct query *q)
{
    return q->command == CMD_SELECT_ ? &q->targets : &q->returning;
}

static int visible_indexes(struct analysis *a, const struct query *q, int **out)
{
    const struct targets *list = q->command == CMD_SELECT_ ? &q->targets : &q->returning;
    int n = 0;
    *out = ARENA_ARRAY(a->arena, int, list->n + 1);
    for (size_t k = 0; k < list->n; k++)
        if (!list->items[k].junk)
            (*out)[n++] = (int)k;
    return n;
}

static bool wrong_type(struct analysis *a, const struct type *result, const struct expr *e,
                       const struct field_info *field, int column)
{
    if (!column)
        return bad_result(
            a, result, arena_printf(a->arena, "Actual return type is %s.", type_text(a, e->type)));
    return bad_result(a, result,
                      arena_printf(a->arena,
                                   "Final statement returns %s instead of %s at column %d.",
                                   type_text(a, e->type), type_text(a, field->type), column));
}

/* Casts the visible columns of *query to the types of `fields`; `result` is the declared type, for messages. */
static bool fit_columns(struct analysis *a, struct query **query, const struct field_info *fields,
                        int n, const struct type *result)
{
    int *visible;
    int n_given = visible_indexes(a, *query, &visible);
    bool is_row = is_row_type(result);
    if (n_given != n)
        return bad_result(a, result,
                          !is_row       ? "Final statement must return exactly one column."
                          : n_given < n ? "Final statement returns too few columns."
                                        : "Final statement returns too many columns.");
    bool same = true;
    for (int k = 0; k < n; k++) {
        const struct expr *e = result_list(*query)->items[visible[k]].expr;
        same &=
            e->type == fields[k].type && (fields[k].typmod < 0 || fields[k].typmod == e->typmod);
    }
    if (same)
        return true;
    if ((*query)->command == CMD_SELECT_ && !list_is_output_only(*query)) {
        *query = wrap_query(a, *query);
        visible_indexes(a, *query, &visible);
    }
    for (int k = 0; k < n; k++) {
        struct target *target = &result_list(*query)->items[visible[k]];
        struct expr *cast = coerce_to(a, target->expr, fields[k].type, fields[k].typmod,
                                      CAST_ASSIGNMENT, FORM_IMPLICIT_CAST, -1);
        if (!cast)
            return FAILED(a) ? false
                             : wrong_type(a, result, target->expr, &fields[k], is_row ? k + 1 : 0);
        target->expr = cast;
    }
    return true;
}

/* The columns that the function promises; n 0: it returns nothing, or a record of any shape. */
static bool promised_columns(struct scope *s, const struct expr *call, struct row_shape *shape)
{
    shape->n = 0;
    if (call->type->oid == TYPE_VOID)
        return true;
    if (is_row_type(call->type) && row_shape_of(s, call, shape))
        return true;
    if (FAILED(s->a))
        return false;
    if (call->type->oid == TYPE_RECORD) {
        shape->n = (int)call->type->n_attributes; /* of a column definition list */
        shape->fields = ARENA_ARRAY(s->a->arena, struct field_info, shape->n + 1);
        for (int k = 0; k < shape->n; k++) {
            const struct attribute *attribute = &call->type->attributes[k];
            shape->fields[k] = (struct field_info){
                attribute->name, type_by_oid(s->a, attribute->type_oid), attribute->typmod, 0};
        }
        return true;
    }
    shape->fields = ARENA_ARRAY(s->a->arena, struct field_info, 1);
    shape->fields[0] =
        (struct field_info){call->func.proc->name, call->type, -1, call->type->collation_oid};
    shape->n = 1;
    return true;
}

/* One column that is the row itself will do for a row. */
static bool returns_row_as_one(struct analysis *a, struct query *q, const struct type *result)
{
    int *visible;
    return visible_indexes(a, q, &visible) == 1 && is_row_type(result) &&
           result_list(q)->items[visible[0]].expr->type == result;
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

static bool returns_rows(const struct query *q)
{
    return q->command == CMD_SELECT_ ||
           (q->command != CMD_UTILITY_ && q->command != CMD_MERGE_ && q->returning.n);
}

/* Makes the last statement give what the call promises. */
static bool fit_result(struct analysis *a, struct query **last, const struct expr *call)
{
    struct scope s = {.a = a};
    struct row_shape shape = {0};
    if (call->type->oid == TYPE_VOID ||
        (call->func.proc->kind == 'p' && !call->func.proc->arg_modes))
        return true;
    if (!last || !returns_rows(*last))
        return bad_result(
            a, call->type,
            "Function's final statement must be SELECT or INSERT/UPDATE/DELETE RETURNING.");
    if (!promised_columns(&s, call, &shape))
        return false;
    return !shape.n || returns_row_as_one(a, *last, call->type) ||
           fit_columns(a, last, shape.fields, shape.n, call->type);
}

static void start_body(struct analysis *a, struct analysis *inner, struct analyze_context *context,
                       const struct expr *call, struct function_args *args)
{
    const struct proc *proc = call->func.proc;
    *context = *a->context;
    analysis_nested(inner, context, a);
    context->path = *a->path;
    context->param_types = ARENA_ARRAY(a->arena, const struct type *, call->args.n + 1);
    context->n_params = context->max_params = (uint16_t)call->args.n;
    for (size_t k = 0; k < call->args.n; k++)
        context->param_types[k] = call->args.items[k]->type;
    *args = (struct function_args){.proc = proc, .types = context->param_types};
    inner->function = args;
    inner->text = proc->sql_body;
}

/* An error inside the body: a place in the body is none in the statement. */
static bool failed_inside(struct analysis *a, const struct proc *proc)
{
    if (a->text)
        a->err->position = 0;
    if (!a->err->where)
        a->err->where = arena_printf(a->err->arena, "SQL function \"%s\"", proc->name);
    return false;
}

static bool is_being_inlined(const struct analysis *a, const struct proc *proc)
{
    for (; a; a = a->outer)
        if (a->function && a->function->proc->oid == proc->oid)
            return true;
    return false;
}

static bool run_it(struct analysis *a, struct expr *call)
{
    call->func.routine = true;
    for (; a; a = a->outer)
        a->runs_routines |= call->func.proc->volatility == 'v';
    return true;
}

bool inline_sql_function(struct analysis *a, struct expr *call)
{
    const struct proc *proc = call->func.proc;
    struct analyze_context context;
    struct analysis inner;
    struct function_args args;
    struct raw_statements statements;
    if (proc->kind == 'p' || proc->security_definer || is_being_inlined(a, proc) ||
        a->depth > FUNCTION_NESTING_MAX)
        return run_it(a, call);
    start_body(a, &inner, &context, call, &args);
    if (!sql_parse(inner.arena, proc->sql_body, &statements, inner.err))
        return failed_inside(a, proc);
    if (statements.n != 1 || !IS_NODE(statements.items[0].node, SelectStmt) ||
        call->type->oid == TYPE_VOID)
        return run_it(a, call);
    struct query *body =
        transform_statement(&inner, NULL, statements.items[0].node, ENTRY_TOP, NULL, false);
    if (!body)
        return failed_inside(a, proc);
    if (inner.writes || body->n_row_marks)
        return run_it(a, call);
    if (!fit_result(a, &body, call))
        return false;
    if (is_row_type(call->type) && !proc->returns_set && !returns_row_as_one(a, body, call->type))
        body = as_one_row(a, body, call->type);
    call->func.sql_function = body;
    return true;
}

bool fit_defined_columns(struct scope *s, struct expr *call, const struct rte_column *columns,
                         int n)
{
    if (call->kind != EXPR_FUNC || !call->func.sql_function || !call->func.proc->returns_set)
        return true; /* rows are looked at when they come */
    struct field_info *fields = ARENA_ARRAY(s->a->arena, struct field_info, n + 1);
    for (int k = 0; k < n; k++)
        fields[k] = (struct field_info){columns[k].name, columns[k].type, columns[k].typmod,
                                        columns[k].collation_oid};
    return fit_columns(s->a, &call->func.sql_function, fields, n, call->type);
}

/* ---- bodies that are run ---- */

static struct query *routine_statement(struct analysis *inner, const Node *node)
{
    const char *tag = sql_statement_tag(node);
    struct analyze_context *context = inner->context;
    bool can = IS_NODE(node, SelectStmt) || IS_NODE(node, InsertStmt) ||
               IS_NODE(node, UpdateStmt) || IS_NODE(node, DeleteStmt) || IS_NODE(node, MergeStmt);
    if (IS_NODE(node, SelectStmt) && ((const SelectStmt *)node)->intoClause)
        can = false;
    if (IS_NODE(node, TransactionStmt))
        return fail_null(inner, -1, ERR_FEATURE_NOT_SUPPORTED,
                         "%s is not allowed in an SQL function", tag);
    if (!can)
        return fail_null(inner, -1, ERR_FEATURE_NOT_SUPPORTED,
                         "%s is not supported in LANGUAGE SQL functions", tag);
    inner->writes = inner->is_volatile = inner->runs_routines = false;
    struct query *q = transform_statement(inner, NULL, node, ENTRY_TOP, NULL, false);
    if (!q)
        return NULL;
    bool changes = q->command != CMD_SELECT_;
    q->returns_rows = changes ? q->returning.n > 0 : true;
    q->writes = inner->writes || changes;
    q->is_volatile = inner->is_volatile || q->writes;
    q->runs_routines = inner->runs_routines;
    q->tag = tag;
    q->param_types = context->param_types;
    q->n_params = context->n_params;
    return q;
}

bool analyze_routine(struct analyze_context *outer, const struct expr *call,
                     struct routine_body *body, struct err *err)
{
    const struct proc *proc = call->func.proc;
    struct analyze_context context;
    struct analysis a, inner;
    struct function_args args;
    struct raw_statements statements;
    analysis_start(&a, outer, err);
    start_body(&a, &inner, &context, call, &args);
    if (!sql_parse(inner.arena, proc->sql_body, &statements, err))
        return false;
    body->statements = ARENA_ARRAY(a.arena, struct query *, statements.n + 1);
    body->n = 0;
    for (size_t k = 0; k < statements.n; k++) {
        const Node *node = statements.items[k].node;
        struct query *q = routine_statement(&inner, node);
        if (!q)
            return false;
        body->statements[body->n++] = q;
    }
    return fit_result(&a, body->n ? &body->statements[body->n - 1] : NULL, call);
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
