/* from.c - the FROM clause: its items, in order, and what LATERAL lets them see of each other. */
#include "sql/analysis.h"

#include <string.h>

/* ---- functions in FROM ---- */

struct function_item {
    struct expr *call;
    const char *name;
    const List *definitions; /* AS (a int, b text) */
};

static bool is_plain_unnest(const Node *node)
{
    if (!IS_NODE(node, FuncCall))
        return false;
    const FuncCall *call = (const FuncCall *)node;
    return list_n(call->funcname) == 1 && strcmp(list_str(call->funcname, 0), "unnest") == 0 &&
           list_n(call->args) > 1 && !call->agg_order && !call->agg_filter && !call->over &&
           !call->agg_star && !call->agg_distinct && !call->func_variadic;
}

static struct expr *transform_table_function(struct scope *s, const Node *node)
{
    struct expr *e = transform_expr(s, node, PLACE_FROM_FUNCTION);
    if (e && s->last_srf && s->last_srf != e && contains_srf(e) &&
        !(e->kind == EXPR_FUNC && e->func.proc->returns_set))
        return fail_null(s->a, s->last_srf->location, ERR_FEATURE_NOT_SUPPORTED,
                         "set-returning functions must appear at top level of FROM");
    return e;
}

/* unnest(a, b) is ROWS FROM (unnest(a), unnest(b)). */
static struct expr *unnest_one(struct scope *s, const FuncCall *all, int index)
{
    ListCell cell = {.ptr_value = list_at(all->args, index)};
    List args = {.type = T_List, .length = 1, .max_length = 1, .elements = &cell};
    FuncCall one = *all;
    one.args = &args;
    s->last_srf = NULL;
    return transform_table_function(s, (const Node *)&one);
}

static bool collect_functions(struct scope *s, const RangeFunction *range,
                              struct function_item **items, int *n)
{
    struct analysis *a = s->a;
    VEC(struct function_item) list = {0};
    const struct expr *last_srf = s->last_srf;
    for (int k = 0; k < list_n(range->functions); k++) {
        const List *pair = list_at(range->functions, k);
        const Node *node = list_at(pair, 0);
        const List *definitions = list_n(pair) > 1 ? list_at(pair, 1) : NULL;
        if (!definitions && is_plain_unnest(node)) {
            const FuncCall *call = (const FuncCall *)node;
            if (range->coldeflist) {
                fail(a, exprLocation((const Node *)range->coldeflist), ERR_SYNTAX_ERROR,
                     "UNNEST() with multiple arguments cannot have a column definition list");
                return fail_hint(a, "Use separate UNNEST() calls inside ROWS FROM(), and attach a "
                                    "column definition list to each one.");
            }
            for (int arg = 0; arg < list_n(call->args); arg++) {
                struct function_item item = {unnest_one(s, call, arg), "unnest", NULL};
                if (!item.call)
                    return false;
                VEC_PUSH(a->arena, &list, item);
            }
            continue;
        }
        s->last_srf = NULL;
        struct function_item item = {transform_table_function(s, node), figure_name(node),
                                     definitions};
        if (!item.call)
            return false;
        VEC_PUSH(a->arena, &list, item);
    }
    s->last_srf = last_srf;
    if (range->coldeflist) {
        if (list.n != 1) {
            fail(a, exprLocation((const Node *)range->coldeflist), ERR_SYNTAX_ERROR,
                 "ROWS FROM() with multiple functions cannot have a column definition list");
            return fail_hint(
                a, "Put a separate column definition list for each function inside ROWS FROM().");
        }
        if (range->ordinality) {
            fail(a, exprLocation((const Node *)range->coldeflist), ERR_SYNTAX_ERROR,
                 "WITH ORDINALITY cannot be used with a column definition list");
            return fail_hint(a, "Put the column definition list inside ROWS FROM().");
        }
        list.items[0].definitions = range->coldeflist;
    }
    *items = list.items;
    *n = (int)list.n;
    return true;
}

static void push_column(struct analysis *a, struct rte *rte, struct rte_column column)
{
    struct rte_column *grown = ARENA_ARRAY(a->arena, struct rte_column, rte->n_columns + 1u);
    if (rte->n_columns)
        memcpy(grown, rte->columns, rte->n_columns * sizeof(grown[0]));
    grown[rte->n_columns++] = column;
    rte->columns = grown;
}

static bool defined_columns(struct scope *s, const List *definitions, struct rte *rte)
{
    for (int k = 0; k < list_n(definitions); k++) {
        const ColumnDef *definition = list_at(definitions, k);
        struct rte_column column = {.name = arena_strdup(s->a->arena, definition->colname)};
        if (definition->typeName->setof)
            return fail(s->a, definition->location, ERR_INVALID_TABLE_DEFINITION,
                        "column \"%s\" cannot be declared SETOF", definition->colname);
        if (!resolve_type_name(s->a, definition->typeName, &column.type, &column.typmod))
            return false;
        if (column.type->kind == 'p' && column.type->oid != TYPE_RECORD)
            return fail(s->a, definition->location, ERR_INVALID_TABLE_DEFINITION,
                        "column \"%s\" has pseudo-type %s", definition->colname,
                        type_text(s->a, column.type));
        column.collation_oid = column.type->collation_oid;
        push_column(s->a, rte, column);
    }
    return true;
}

/* The name of a function's single output argument, if it has one. */
static const char *output_name(const struct expr *call)
{
    const struct proc *proc = call->kind == EXPR_FUNC ? call->func.proc : NULL;
    const char *found = NULL;
    int n_out = 0;
    if (!proc || !proc->arg_modes || !proc->arg_names)
        return NULL;
    for (int k = 0; k < proc->n_all_args; k++)
        if (proc->arg_modes[k] == 'o' || proc->arg_modes[k] == 'b' || proc->arg_modes[k] == 't') {
            found = proc->arg_names[k];
            n_out++;
        }
    return n_out == 1 && found && *found ? found : NULL;
}

static bool check_definitions(struct scope *s, const struct expr *call,
                              const struct row_shape *shape, const List *definitions)
{
    bool is_record = call->type->oid == TYPE_RECORD;
    int location =
        definitions ? ((const ColumnDef *)list_at(definitions, 0))->location : expr_location(call);
    if (definitions && shape->n && is_record)
        return fail(s->a, location, ERR_SYNTAX_ERROR,
                    "a column definition list is redundant for a function with OUT parameters");
    if (definitions && shape->n)
        return fail(s->a, location, ERR_SYNTAX_ERROR,
                    "a column definition list is redundant for a function returning a named "
                    "composite type");
    if (definitions && !is_record)
        return fail(s->a, location, ERR_SYNTAX_ERROR,
                    "a column definition list is only allowed for functions returning \"record\"");
    if (!definitions && is_record && !shape->n)
        return fail(s->a, location, ERR_SYNTAX_ERROR,
                    "a column definition list is required for functions returning \"record\"");
    return true;
}

static bool function_columns(struct scope *s, const struct function_item *item,
                             const char *scalar_name, struct rte *rte,
                             struct rte_function *function)
{
    struct row_shape shape = {0};
    uint16_t before = rte->n_columns;
    function->call = item->call;
    bool known = is_row_type(item->call->type) && row_shape_of(s, item->call, &shape);
    if (FAILED(s->a) || !check_definitions(s, item->call, &shape, item->definitions))
        return false;
    if (item->definitions) {
        function->is_record = true;
        if (!defined_columns(s, item->definitions, rte))
            return false;
        item->call->type = named_record_type(s->a, &rte->columns[before], rte->n_columns - before);
        if (!fit_defined_columns(s, item->call, &rte->columns[before], rte->n_columns - before))
            return false;
    } else if (known) {
        for (int k = 0; k < shape.n; k++)
            push_column(s->a, rte,
                        (struct rte_column){shape.fields[k].name, shape.fields[k].type,
                                            shape.fields[k].typmod, shape.fields[k].collation_oid});
    } else {
        const struct expr *call = item->call;
        const char *name = output_name(call);
        push_column(s->a, rte,
                    (struct rte_column){name ? name : scalar_name, call->type, call->typmod,
                                        call->collation_oid});
    }
    function->n_columns = (uint16_t)(rte->n_columns - before);
    return true;
}

static struct from *from_rte(struct scope *s, int rte)
{
    struct from *from = ARENA_NEW(s->a->arena, struct from);
    from->kind = FROM_RTE;
    from->rte = (uint16_t)rte;
    return from;
}

static struct from *transform_range_function(struct scope *s, const RangeFunction *range)
{
    struct analysis *a = s->a;
    struct function_item *items = NULL;
    int n = 0;
    bool was_active = s->lateral_active;
    s->lateral_active = true; /* functions see what is before them without saying LATERAL */
    bool ok = collect_functions(s, range, &items, &n);
    s->lateral_active = was_active;
    if (!ok)
        return NULL;
    struct rte rte = {
        .kind = RTE_FUNCTION, .lateral = range->lateral, .ordinality = range->ordinality};
    const Alias *alias = range->alias;
    rte.alias = arena_strdup(a->arena, alias ? alias->aliasname : items[0].name);
    rte.has_alias = alias != NULL;
    rte.functions = ARENA_ARRAY(a->arena, struct rte_function, n);
    rte.n_functions = (uint16_t)n;
    for (int k = 0; k < n; k++) {
        const char *scalar_name =
            n == 1 && alias ? rte.alias : arena_strdup(a->arena, items[k].name);
        if (!function_columns(s, &items[k], scalar_name, &rte, &rte.functions[k]))
            return NULL;
        rte.lateral |= has_column_refs(items[k].call, 0);
    }
    if (range->ordinality)
        push_column(a, &rte, (struct rte_column){"ordinality", a->int8, -1, 0});
    if (!alias_columns(a, alias, &rte, "table"))
        return NULL;
    /* A set-returning LANGUAGE SQL function alone is its body. */
    if (n == 1 && !range->ordinality && items[0].call->kind == EXPR_FUNC &&
        items[0].call->func.sql_function && items[0].call->func.proc->returns_set) {
        rte.kind = RTE_SUBQUERY;
        rte.subquery = sql_function_rows(a, items[0].call);
        rte.n_functions = 0;
        if (!rte.subquery)
            return NULL;
    }
    int index = scope_add_rte(s, &rte);
    scope_add_name(s, index, NULL, true, true);
    return from_rte(s, index);
}

struct query *transform_call_statement(struct analysis *a, const CallStmt *stmt)
{
    struct scope *s = scope_new(a, NULL, CMD_SELECT_);
    s->place = PLACE_CALL;
    struct expr *call = transform_procedure_call(s, stmt->funccall);
    if (!call)
        return NULL;
    s->place = PLACE_NONE;
    struct function_item item = {.call = call, .name = call->func.proc->name};
    struct rte rte = {.kind = RTE_FUNCTION, .alias = item.name, .n_functions = 1};
    rte.functions = ARENA_ARRAY(a->arena, struct rte_function, 1);
    if (!function_columns(s, &item, item.name, &rte, &rte.functions[0]))
        return NULL;
    int index = scope_add_rte(s, &rte);
    VEC_PUSH(a->arena, &s->query->from, from_rte(s, index));
    for (int k = 0; k < rte.n_columns && call->type->oid != TYPE_VOID; k++) {
        struct target target = {.expr = column_of(s, 0, index, k + 1, -1),
                                .name = rte.columns[k].name};
        VEC_PUSH(a->arena, &s->query->targets, target);
    }
    scope_finish(s);
    return s->query;
}

/* ---- the other items ---- */

static struct from *transform_range_var(struct scope *s, const RangeVar *var)
{
    int index = add_relation_rte(s, var);
    if (index < 0)
        return NULL;
    const struct rte *rte = scope_rte(s, index);
    const struct relation *relation = rte->relation ? rte->relation : rte->view;
    scope_add_name(s, index, var->alias ? NULL : relation, true, true);
    return from_rte(s, index);
}

/* FOR UPDATE clauses that also lock what is inside this sub-select are applied once FROM is done. */
static struct from *transform_range_subselect(struct scope *s, const RangeSubselect *range)
{
    enum place place = s->place;
    bool was_active = s->lateral_active;
    s->place = PLACE_FROM_SUBSELECT;
    s->lateral_active = range->lateral;
    struct query *query = transform_statement(s->a, s, range->subquery, ENTRY_FROM, NULL, false);
    s->lateral_active = was_active;
    s->place = place;
    if (!query)
        return NULL;
    if (!range->alias)
        return fail_null(s->a, -1, ERR_SYNTAX_ERROR, "subquery in FROM must have an alias");
    int index = add_subquery_rte(s, query, range->alias, NULL, range->lateral);
    if (index < 0)
        return NULL;
    scope_add_name(s, index, NULL, true, true);
    return from_rte(s, index);
}

struct from *transform_from_item(struct scope *s, const Node *node, size_t *first_name)
{
    *first_name = s->names.n;
    if (!depth_check(s->a))
        return NULL;
    switch ((int)TAG_OF(node)) {
    case T_RangeVar:
        return transform_range_var(s, (const RangeVar *)node);
    case T_RangeSubselect:
        return transform_range_subselect(s, (const RangeSubselect *)node);
    case T_RangeFunction:
        return transform_range_function(s, (const RangeFunction *)node);
    case T_JoinExpr:
        return transform_join(s, (const JoinExpr *)node, first_name);
    case T_RangeTableSample:
        return fail_null(s->a, ((const RangeTableSample *)node)->location,
                         ERR_FEATURE_NOT_SUPPORTED, "TABLESAMPLE is not supported");
    case T_RangeTableFunc:
        return fail_null(s->a, ((const RangeTableFunc *)node)->location, ERR_FEATURE_NOT_SUPPORTED,
                         "XMLTABLE is not supported");
    default:
        return fail_null(s->a, -1, ERR_FEATURE_NOT_SUPPORTED,
                         "this kind of FROM item is not supported");
    }
}

bool transform_from(struct scope *s, const List *list)
{
    for (int k = 0; k < list_n(list); k++) {
        const Node *node = list_at(list, k);
        size_t first;
        struct from *from = transform_from_item(s, node, &first);
        if (!from)
            return false;
        for (size_t item = first; item < s->names.n; item++) {
            const struct name_item *added = &s->names.items[item];
            if (added->by_table && !check_unique_name(s, added->alias, added->relation, -1, first))
                return false;
        }
        for (size_t item = 0; item < s->names.n; item++) {
            s->names.items[item].lateral_only = true;
            s->names.items[item].lateral_ok = true;
        }
        VEC_PUSH(s->a->arena, &s->query->from, from);
    }
    for (size_t item = 0; item < s->names.n; item++)
        s->names.items[item].lateral_only = false;
    return true;
}
