/* relation.c - range table entries: tables, views, sub-selects, VALUES. */
#include "sql/analysis.h"

#include <string.h>

#define VIEW_NESTING_MAX 40

/* ---- tables by name ---- */

static const char *range_var_text(struct analysis *a, const RangeVar *var)
{
    return var->schemaname ? arena_printf(a->err->arena, "%s.%s", var->schemaname, var->relname)
                           : var->relname;
}

const struct relation *relation_of(struct analysis *a, const RangeVar *var, bool missing_ok)
{
    if (var->catalogname && strcmp(var->catalogname, catalog_database(a->catalog)) != 0)
        return fail_null(a, var->location, ERR_FEATURE_NOT_SUPPORTED,
                         "cross-database references are not implemented: \"%s.%s.%s\"",
                         var->catalogname, var->schemaname, var->relname);
    const struct relation *relation =
        catalog_relation_by_name(a->catalog, a->path, var->schemaname, var->relname);
    if (!relation) {
        if (!missing_ok)
            fail(a, var->location, ERR_UNDEFINED_TABLE, "relation \"%s\" does not exist",
                 range_var_text(a, var));
        return NULL;
    }
    if (relation->kind == 'i' || relation->kind == 'c') {
        fail(a, var->location, ERR_WRONG_OBJECT_TYPE, "cannot open relation \"%s\"",
             relation->name);
        fail_detail(a, "This operation is not supported for %s.",
                    relation->kind == 'i' ? "indexes" : "composite types");
        return NULL;
    }
    return relation;
}

/* ---- columns and their aliases ---- */

/* Renames the first columns by the alias's list.  `what`: "table", "join expression". */
bool alias_columns(struct analysis *a, const Alias *alias, struct rte *rte, const char *what)
{
    int n = alias ? list_n(alias->colnames) : 0, given = 0, available = 0;
    for (int k = 0; k < rte->n_columns; k++) {
        if (rte->kind == RTE_RELATION && rte->relation->columns[k].dropped)
            continue;
        available++;
        if (given < n)
            rte->columns[k].name = arena_strdup(a->arena, list_str(alias->colnames, given++));
    }
    if (n > available)
        return fail(a, -1, ERR_INVALID_COLUMN_REFERENCE,
                    "%s \"%s\" has %d columns available but %d columns specified", what,
                    alias->aliasname, available, n);
    return true;
}

static void relation_columns(struct analysis *a, const struct relation *relation, struct rte *rte)
{
    rte->n_columns = relation->n_columns;
    rte->columns = ARENA_ARRAY(a->arena, struct rte_column, relation->n_columns + 1u);
    for (int k = 0; k < relation->n_columns; k++) {
        const struct column *column = &relation->columns[k];
        rte->columns[k] = (struct rte_column){column->name, column->type ? column->type : a->txt,
                                              column->typmod, column->collation_oid};
    }
}

static const char *alias_of(struct analysis *a, const Alias *alias, const char *name)
{
    return arena_strdup(a->arena, alias ? alias->aliasname : name);
}

/* The sub-select that a view stands for.  Its text is canonical: names outside pg_catalog are qualified. */
struct query *view_query(struct analysis *a, const struct relation *view)
{
    struct analyze_context context = *a->context;
    struct analysis inner;
    analysis_nested(&inner, &context, a);
    if (inner.depth > VIEW_NESTING_MAX)
        return fail_null(a, -1, ERR_INVALID_OBJECT_DEFINITION,
                         "infinite recursion detected in rules for relation \"%s\"", view->name);
    struct raw_statements statements;
    if (!view->view_sql)
        return fail_null(a, -1, ERR_FEATURE_NOT_SUPPORTED, "view \"%s\" is not supported",
                         view->name);
    if (!sql_parse(a->arena, view->view_sql, &statements, a->err))
        return NULL;
    if (statements.n != 1 || !IS_NODE(statements.items[0].node, SelectStmt))
        return fail_null(a, -1, ERR_INTERNAL_ERROR, "definition of view \"%s\" is not a SELECT",
                         view->name);
    return transform_statement(&inner, NULL, statements.items[0].node, ENTRY_TOP, NULL, false);
}

int add_table_rte(struct scope *s, const struct relation *relation, const Alias *alias)
{
    struct analysis *a = s->a;
    struct rte rte = {
        .kind = RTE_RELATION, .relation = relation, .alias = alias_of(a, alias, relation->name)};
    rte.has_alias = alias != NULL;
    relation_columns(a, relation, &rte);
    if (relation->kind == 'v' && !relation->system) {
        rte.kind = RTE_SUBQUERY;
        rte.relation = NULL;
        rte.view = relation;
        rte.subquery = view_query(a, relation);
        if (!rte.subquery)
            return -1;
    }
    if (!alias_columns(a, alias, &rte, "table"))
        return -1;
    return scope_add_rte(s, &rte);
}

/* A WITH query of that name that is analysed later: the likely mistake behind a missing table. */
static bool is_future_cte(struct scope *s, const char *name)
{
    for (; s; s = s->parent)
        for (size_t k = 0; k < s->ctes.n; k++)
            if (s->ctes.items[k].state != CTE_DONE && strcmp(s->ctes.items[k].name, name) == 0)
                return true;
    return false;
}

int add_relation_rte(struct scope *s, const RangeVar *var)
{
    struct analysis *a = s->a;
    struct scope *owner;
    int levels_up;
    struct cte_scope *cte = var->schemaname ? NULL : find_cte(s, var->relname, &owner, &levels_up);
    if (cte)
        return add_cte_rte(s, owner, cte, levels_up, var);
    if (FAILED(a))
        return -1;
    const struct relation *relation = relation_of(a, var, true);
    if (!relation) {
        if (FAILED(a))
            return -1;
        fail(a, var->location, ERR_UNDEFINED_TABLE, "relation \"%s\" does not exist",
             range_var_text(a, var));
        if (!var->schemaname && is_future_cte(s, var->relname)) {
            fail_detail(a,
                        "There is a WITH item named \"%s\", but it cannot be referenced from this "
                        "part of the query.",
                        var->relname);
            fail_hint(
                a, "Use WITH RECURSIVE, or re-order the WITH items to remove forward references.");
        }
        return -1;
    }
    return add_table_rte(s, relation, var->alias);
}

/* ---- sub-selects and VALUES ---- */

int add_subquery_rte(struct scope *s, struct query *query, const Alias *alias, const char *name,
                     bool lateral)
{
    struct analysis *a = s->a;
    struct rte rte = {.kind = RTE_SUBQUERY,
                      .subquery = query,
                      .lateral = lateral,
                      .alias = alias_of(a, alias, name)};
    rte.has_alias = alias != NULL;
    rte.columns = ARENA_ARRAY(a->arena, struct rte_column, query->targets.n + 1);
    const struct targets *targets =
        query->command == CMD_SELECT_ ? &query->targets : &query->returning;
    for (size_t k = 0; k < targets->n; k++) {
        const struct target *target = &targets->items[k];
        if (target->junk)
            continue;
        rte.columns[rte.n_columns++] = (struct rte_column){
            target->name, target->expr->type, target->expr->typmod, target->expr->collation_oid};
    }
    if (!alias_columns(a, alias, &rte, "table"))
        return -1;
    return scope_add_rte(s, &rte);
}

int add_values_rte(struct scope *s, struct exprs *rows, size_t n_rows, const Alias *alias)
{
    struct analysis *a = s->a;
    struct rte rte = {.kind = RTE_VALUES,
                      .value_rows = rows,
                      .n_value_rows = n_rows,
                      .alias = alias_of(a, alias, "*VALUES*")};
    rte.has_alias = alias != NULL;
    rte.n_columns = (uint16_t)rows[0].n;
    rte.columns = ARENA_ARRAY(a->arena, struct rte_column, rows[0].n + 1);
    for (int k = 0; k < rte.n_columns; k++) {
        const struct expr *first = rows[0].items[k];
        int32_t typmod = first->typmod;
        for (size_t row = 1; row < n_rows && typmod >= 0; row++)
            if (rows[row].items[k]->typmod != typmod)
                typmod = -1;
        rte.columns[k] = (struct rte_column){arena_printf(a->arena, "column%d", k + 1), first->type,
                                             typmod, first->collation_oid};
    }
    if (!alias_columns(a, alias, &rte, "VALUES lists"))
        return -1;
    return scope_add_rte(s, &rte);
}
