/* analyze.c - the ways into the analyser: statements, expressions out of the catalog, and what utility statements need.
 *
 * Order of work for a statement: transform_*() builds the query by going over the raw tree once, depth first, as PostgreSQL's
 * parse analysis does, so that of several errors the same one is met first; then parameters are checked.  Reading order of the
 * files: select.c, from.c, scope.c, expr.c, func_resolve.c, oper_resolve.c, coerce.c, cast.c; the rest as needed. */
#include "sql/analysis.h"

#include <string.h>

#include "base/fiber.h"

static const struct search_path catalog_only = {0};

void analysis_start(struct analysis *a, struct analyze_context *context, struct err *err)
{
    *a = (struct analysis){
        .context = context,
        .arena = context->arena,
        .catalog = context->catalog,
        .path = &context->path,
        .env = context->env,
        .err = err,
        .text = context->text,
        .stack_at_start = stack_left_bytes(),
    };
    a->unknown = type_by_oid(a, TYPE_UNKNOWN);
    a->boolean = type_by_oid(a, TYPE_BOOL);
    a->int4 = type_by_oid(a, TYPE_INT4);
    a->int8 = type_by_oid(a, TYPE_INT8);
    a->txt = type_by_oid(a, TYPE_TEXT);
    a->record = type_by_oid(a, TYPE_RECORD);
}

void analysis_nested(struct analysis *a, struct analyze_context *context, struct analysis *outer)
{
    context->path = catalog_only;
    context->text = NULL;
    context->param_types = NULL;
    context->n_params = context->max_params = 0;
    context->fixed_params = true;
    context->literals = NULL;
    *a = *outer;
    a->context = context;
    a->path = &context->path;
    a->text = NULL;
    a->outer = outer;
    a->depth = outer->depth + 1;
    a->function = NULL;
    a->params.items = NULL;
    a->params.n = a->params.cap = 0;
}

/* ---- expressions of the catalog ---- */

const Node *parse_expression(struct analysis *a, const char *sql)
{
    struct raw_statements statements;
    const char *text = arena_printf(a->arena, "SELECT %s", sql);
    if (!sql_parse(a->arena, text, &statements, a->err))
        return NULL;
    const SelectStmt *stmt = statements.n == 1 ? statements.items[0].node : NULL;
    if (!IS_NODE(stmt, SelectStmt) || list_n(stmt->targetList) != 1)
        return fail_null(a, -1, ERR_INTERNAL_ERROR, "not an expression: %s", sql);
    return ((const ResTarget *)list_at(stmt->targetList, 0))->val;
}

struct scope *relation_scope(struct analysis *a, const struct relation *relation)
{
    struct scope *s = scope_new(a, NULL, CMD_SELECT_);
    if (!relation)
        return s;
    struct rte rte = {.kind = RTE_RELATION,
                      .relation = relation,
                      .alias = relation->name,
                      .n_columns = relation->n_columns};
    rte.columns = ARENA_ARRAY(a->arena, struct rte_column, relation->n_columns + 1u);
    for (int k = 0; k < relation->n_columns; k++) {
        const struct column *column = &relation->columns[k];
        rte.columns[k] = (struct rte_column){column->name, column->type ? column->type : a->txt,
                                             column->typmod, column->collation_oid};
    }
    scope_add_name(s, scope_add_rte(s, &rte), relation, true, true);
    return s;
}

static const char *what_must(enum place place)
{
    switch ((int)place) {
    case PLACE_CHECK:
    case PLACE_DOMAIN_CHECK:
        return "CHECK";
    case PLACE_INDEX_PREDICATE:
    case PLACE_COPY_WHERE:
        return "WHERE";
    case PLACE_TRIGGER_WHEN:
        return "WHEN";
    default:
        return NULL;
    }
}

/* As for a column's default: assignment to the target's type. */
static struct expr *fit(struct analysis *a, struct expr *e, const struct relation *relation,
                        const struct type *target, int32_t typmod, enum place place)
{
    if (what_must(place))
        return coerce_to_boolean(a, e, what_must(place));
    if (target == a->unknown)
        return e;
    if (!target) {
        if (e->type->oid == TYPE_UNKNOWN)
            return coerce_node(a, e, a->txt, -1, CAST_IMPLICIT, FORM_IMPLICIT_CAST, -1);
        return e;
    }
    struct expr *cast = coerce_to(a, e, target, typmod, CAST_ASSIGNMENT, FORM_IMPLICIT_CAST, -1);
    if (cast || FAILED(a))
        return cast;
    const char *kind = place == PLACE_GENERATED ? "generation" : "default";
    fail(a, expr_location(e), ERR_DATATYPE_MISMATCH,
         "column is of type %s but %s expression is of type %s", type_text(a, target), kind,
         type_text(a, e->type));
    fail_hint(a, "You will need to rewrite or cast the expression.");
    return NULL;
}

static struct expr *analyse_over_relation(struct analysis *a, const Node *node,
                                          const struct relation *relation,
                                          const struct type *target, int32_t typmod,
                                          enum place place)
{
    struct scope *s = relation_scope(a, relation);
    if (place == PLACE_DOMAIN_CHECK)
        s->domain_value = target;
    struct expr *e = transform_expr(s, node, place);
    return e ? fit(a, e, relation, place == PLACE_DOMAIN_CHECK ? NULL : target, typmod, place)
             : NULL;
}

struct expr *analyze_column_sql(struct analysis *a, const char *sql,
                                const struct relation *relation, const struct type *target,
                                int32_t typmod, enum place place)
{
    struct analyze_context context = *a->context;
    struct analysis inner;
    if (!depth_check(a))
        return NULL;
    analysis_nested(&inner, &context, a);
    const Node *node = parse_expression(&inner, sql);
    return node ? analyse_over_relation(&inner, node, relation, target, typmod, place) : NULL;
}

struct expr *analyze_catalog_expr(struct analyze_context *context, const char *sql,
                                  const struct relation *relation, const struct type *target,
                                  int32_t typmod, struct err *err)
{
    struct analysis a;
    analysis_start(&a, context, err);
    return analyze_column_sql(&a, sql, relation, target, typmod, PLACE_OTHER);
}

struct expr *analyze_raw_expr(struct analyze_context *context, const void *node,
                              const struct relation *relation, const struct type *target,
                              int32_t typmod, const char *what, struct err *err)
{
    struct analysis a;
    analysis_start(&a, context, err);
    enum place place = place_named(what);
    if (what && strcmp(what, "domain check constraint") == 0)
        place = PLACE_DOMAIN_CHECK;
    return analyse_over_relation(&a, node, relation, target, typmod, place);
}

bool analyze_type_name(struct analyze_context *context, const void *type_name,
                       const struct type **type, int32_t *typmod, struct err *err)
{
    struct analysis a;
    analysis_start(&a, context, err);
    return resolve_type_name(&a, type_name, type, typmod);
}

struct expr *analyze_coerce(struct analyze_context *context, struct expr *expr,
                            const struct type *type, int32_t typmod, enum cast_context cast_context,
                            struct err *err)
{
    struct analysis a;
    analysis_start(&a, context, err);
    enum expr_form form = cast_context == CAST_EXPLICIT ? FORM_EXPLICIT_CAST : FORM_IMPLICIT_CAST;
    struct expr *cast = coerce_to(&a, expr, type, typmod, cast_context, form, -1);
    if (!cast && !FAILED(&a))
        fail(&a, expr_location(expr), ERR_DATATYPE_MISMATCH, "cannot cast type %s to %s",
             type_text(&a, expr->type), type_text(&a, type));
    return cast;
}

/* ---- statements ---- */

/* SELECT ... INTO t is CREATE TABLE t AS SELECT ...; the clause stands at the first SELECT. */
static const Node *select_into(struct analysis *a, const Node *node)
{
    if (!IS_NODE(node, SelectStmt))
        return node;
    SelectStmt *first = (SelectStmt *)(uintptr_t)node;
    while (first->op != SETOP_NONE && first->larg)
        first = first->larg;
    if (!first->intoClause)
        return node;
    CreateTableAsStmt *create = ARENA_NEW(a->arena, CreateTableAsStmt);
    create->type = T_CreateTableAsStmt;
    create->query = (Node *)(uintptr_t)node;
    create->into = first->intoClause;
    create->objtype = OBJECT_TABLE;
    create->is_select_into = true;
    first->intoClause = NULL;
    return (const Node *)create;
}

static bool is_optimizable(const Node *node)
{
    switch ((int)TAG_OF(node)) {
    case T_SelectStmt:
    case T_InsertStmt:
    case T_UpdateStmt:
    case T_DeleteStmt:
    case T_MergeStmt:
        return true;
    default:
        return false;
    }
}

/* Which utility statements answer with rows. */
static bool utility_returns_rows(const Node *node)
{
    switch ((int)TAG_OF(node)) {
    case T_ExplainStmt:
    case T_VariableShowStmt:
    case T_ExecuteStmt:
        return true;
    case T_FetchStmt:
        return !((const FetchStmt *)node)->ismove;
    default:
        return false;
    }
}

static struct query *utility_query(struct analysis *a, const Node *node)
{
    struct query *q = ARENA_NEW(a->arena, struct query);
    q->command = CMD_UTILITY_;
    q->utility = node;
    q->text = a->text;
    q->is_volatile = true;
    q->returns_rows = utility_returns_rows(node);
    return q;
}

static void describe(struct analysis *a, struct query *q)
{
    bool changes = q->command != CMD_SELECT_;
    q->returns_rows = changes ? q->returning.n > 0 : true;
    q->writes = a->writes || changes;
    q->is_volatile = a->is_volatile || q->writes;
    q->runs_routines = a->runs_routines;
}

struct query *analyze_node(struct analyze_context *context, const void *node, struct err *err)
{
    struct analysis a;
    struct query *q;
    if (!stack_check(err))
        return NULL;
    analysis_start(&a, context, err);
    node = select_into(&a, node);
    if (is_optimizable(node) || IS_NODE(node, CallStmt)) {
        q = IS_NODE(node, CallStmt) ? transform_call_statement(&a, (const CallStmt *)node)
                                    : transform_statement(&a, NULL, node, ENTRY_TOP, NULL, false);
        if (!q || !params_check(&a, q))
            return NULL;
        describe(&a, q);
        if (IS_NODE(node, CallStmt)) {
            q->returns_rows = q->targets.n > 0;
            q->is_volatile = q->is_call = true;
        }
    } else {
        q = utility_query(&a, node);
    }
    q->tag = sql_statement_tag(node);
    q->param_types = context->param_types;
    q->n_params = context->n_params;
    return q;
}

struct query *analyze(struct analyze_context *context, const struct raw_statement *statement,
                      struct err *err)
{
    return analyze_node(context, statement->node, err);
}
