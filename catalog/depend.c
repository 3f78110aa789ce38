/* depend.c - what an expression or a query needs: relations and their columns, functions, operators' functions, types, sequences.
 *
 * Only the user's objects count (built-in ones cannot be dropped).  For columns of a query the range table of the right level is looked
 * up, so the walk keeps a stack of queries. */
#include <stdlib.h>
#include <string.h>

#include "catalog/ddl_int.h"
#include "sql/walk.h"

struct level {
    const struct query *query;
    struct level *outer;
};

struct collecting {
    struct ddl *d;
    struct depends *out;
    uint32_t relation_oid;
    struct level *level;
};

void depends_on(struct ddl *d, struct depends *out, uint32_t class_oid, uint32_t oid, int16_t sub)
{
    if (oid < FIRST_USER_OID)
        return;
    for (size_t k = 0; k < out->n; k++)
        if (out->items[k].class_oid == class_oid && out->items[k].oid == oid &&
            out->items[k].sub == sub)
            return;
    struct dependency item = {class_oid, oid, sub};
    VEC_PUSH(d->arena, out, item);
}

static void on_type(struct collecting *c, const struct type *type)
{
    if (!type || type->oid < FIRST_USER_OID)
        return;
    if (type->elem_oid && type->elem) {
        on_type(c, type->elem);
        return;
    }
    const struct relation *relation =
        type->rel_oid ? catalog_relation(c->d->fork, type->rel_oid) : NULL;
    if (relation && relation->kind != 'c')
        depends_on(c->d, c->out, CLASS_RELATION, relation->oid, 0);
    else
        depends_on(c->d, c->out, CLASS_TYPE, type->oid, 0);
}

static void on_proc(struct collecting *c, const struct proc *proc)
{
    if (proc)
        depends_on(c->d, c->out, CLASS_PROC, proc->oid, 0);
}

static const struct query *query_at(const struct collecting *c, uint16_t levels_up)
{
    struct level *level = c->level;
    while (level && levels_up--)
        level = level->outer;
    return level ? level->query : NULL;
}

static void on_column(struct collecting *c, const struct expr *expr)
{
    const struct query *query = query_at(c, expr->column.levels_up);
    if (!query) {
        if (c->relation_oid && expr->column.attnum >= 0)
            depends_on(c->d, c->out, CLASS_RELATION, c->relation_oid, expr->column.attnum);
        return;
    }
    if (expr->column.rte >= query->n_rtes)
        return;
    const struct rte *rte = &query->rtes[expr->column.rte];
    const struct relation *relation = rte->relation;
    if (rte->kind == RTE_RELATION && relation)
        depends_on(c->d, c->out, CLASS_RELATION, relation->oid,
                   expr->column.attnum > 0 ? expr->column.attnum : 0);
    else if (rte->view)
        depends_on(c->d, c->out, CLASS_RELATION, rte->view->oid,
                   expr->column.attnum > 0 ? expr->column.attnum : 0);
}

/* 'name'::regclass constants, as in nextval('s'::regclass). */
static void on_const(struct collecting *c, const struct expr *expr)
{
    if (expr->value.null)
        return;
    switch (expr->type->oid) {
    case TYPE_REGCLASS:
        depends_on(c->d, c->out, CLASS_RELATION, (uint32_t)expr->value.i, 0);
        break;
    case TYPE_REGTYPE:
        depends_on(c->d, c->out, CLASS_TYPE, (uint32_t)expr->value.i, 0);
        break;
    case TYPE_REGPROC:
    case TYPE_REGPROCEDURE:
        depends_on(c->d, c->out, CLASS_PROC, (uint32_t)expr->value.i, 0);
        break;
    case TYPE_REGNAMESPACE:
        depends_on(c->d, c->out, CLASS_NAMESPACE, (uint32_t)expr->value.i, 0);
        break;
    default:
        break;
    }
}

static bool visit_expr(struct tree_walker *walker, struct expr *expr)
{
    struct collecting *c = walker->arg;
    switch ((int)expr->kind) {
    case EXPR_COLUMN:
        on_column(c, expr);
        break;
    case EXPR_CONST:
        on_const(c, expr);
        on_type(c, expr->type);
        break;
    case EXPR_FUNC:
    case EXPR_DISTINCT:
    case EXPR_NULLIF:
    case EXPR_ANY:
    case EXPR_ALL:
        on_proc(c, expr->func.proc);
        on_type(c, expr->type);
        break;
    case EXPR_AGGREGATE:
        on_proc(c, expr->agg.proc);
        break;
    case EXPR_WINDOW:
        on_proc(c, expr->window.proc);
        break;
    case EXPR_RELABEL:
    case EXPR_IO_CAST:
    case EXPR_ARRAY_CAST:
    case EXPR_ROW_CAST:
    case EXPR_DOMAIN_CAST:
        on_type(c, expr->type);
        break;
    case EXPR_NEXT_VALUE:
        depends_on(c->d, c->out, CLASS_RELATION, expr->sequence_oid, 0);
        break;
    default:
        break;
    }
    return tree_children(walker, expr);
}

static bool visit_query(struct tree_walker *walker, struct query *query)
{
    struct collecting *c = walker->arg;
    struct level level = {query, c->level};
    for (uint16_t k = 0; k < query->n_rtes; k++) {
        const struct rte *rte = &query->rtes[k];
        if (rte->kind == RTE_RELATION && rte->relation)
            depends_on(c->d, c->out, CLASS_RELATION, rte->relation->oid, 0);
        if (rte->view)
            depends_on(c->d, c->out, CLASS_RELATION, rte->view->oid, 0);
    }
    c->level = &level;
    bool stopped = tree_query(walker, query);
    c->level = level.outer;
    return stopped;
}

/* Walking into a view's own query would collect what the view needs, not what its user needs. */
static bool visit_query_but_views(struct tree_walker *walker, struct query *query)
{
    struct collecting *c = walker->arg;
    const struct query *outer = c->level ? c->level->query : NULL;
    for (uint16_t k = 0; outer && k < outer->n_rtes; k++)
        if (outer->rtes[k].view && outer->rtes[k].subquery == query)
            return false;
    return visit_query(walker, query);
}

void depends_of_expr(struct ddl *d, const struct expr *expr, uint32_t relation_oid,
                     struct depends *out)
{
    struct collecting c = {.d = d, .out = out, .relation_oid = relation_oid};
    struct tree_walker walker = {.expr = visit_expr, .query = visit_query_but_views, .arg = &c};
    visit_expr(&walker, (struct expr *)expr);
}

void depends_of_query(struct ddl *d, const struct query *query, struct depends *out)
{
    struct collecting c = {.d = d, .out = out};
    struct tree_walker walker = {.expr = visit_expr, .query = visit_query_but_views, .arg = &c};
    visit_query(&walker, (struct query *)query);
    /* A relation of which columns are named needs no entry of its own. */
    size_t kept = 0;
    for (size_t k = 0; k < out->n; k++) {
        bool covered = false;
        for (size_t j = 0; out->items[k].sub == 0 && j < out->n && !covered; j++)
            covered = out->items[j].sub && out->items[j].class_oid == out->items[k].class_oid &&
                      out->items[j].oid == out->items[k].oid;
        if (!covered)
            out->items[kept++] = out->items[k];
    }
    out->n = kept;
}

/* ---- small questions ---- */

struct using
{
    struct ddl *d;
    VEC(int16_t) columns;
};

static bool visit_column(struct tree_walker *walker, struct expr *expr)
{
    struct using *using = walker->arg;
    if (expr->kind == EXPR_COLUMN) {
        for (size_t k = 0; k < using->columns.n; k++)
            if (using->columns.items[k] == expr->column.attnum)
                return false;
        VEC_PUSH(using->d->arena, &using->columns, expr->column.attnum);
        return false;
    }
    return tree_children(walker, expr);
}

static int by_value(const void *a, const void *b)
{
    return *(const int16_t *)a - *(const int16_t *)b;
}

uint16_t columns_used(struct ddl *d, const struct expr *expr, int16_t **columns)
{
    struct using using = {.d = d};
    struct tree_walker walker = {.expr = visit_column, .arg = &using};
    visit_column(&walker, (struct expr *)expr);
    if (using.columns.n)
        qsort(using.columns.items, using.columns.n, sizeof(int16_t), by_value);
    *columns = using.columns.items;
    return (uint16_t) using.columns.n;
}

static bool proc_of_expr(const struct expr *expr, const struct proc **proc)
{
    switch ((int)expr->kind) {
    case EXPR_FUNC:
    case EXPR_DISTINCT:
    case EXPR_NULLIF:
    case EXPR_ANY:
    case EXPR_ALL:
        *proc = expr->func.proc;
        return *proc != NULL;
    default:
        return false;
    }
}

static bool visit_volatility(struct tree_walker *walker, struct expr *expr)
{
    const struct proc *proc;
    bool stable_counts = *(const bool *)walker->arg;
    if (proc_of_expr(expr, &proc) &&
        (proc->volatility == 'v' || (stable_counts && proc->volatility == 's')))
        return true;
    if (expr->kind == EXPR_NEXT_VALUE || (stable_counts && expr->kind == EXPR_SQL_VALUE))
        return true;
    return tree_children(walker, expr);
}

bool expr_is_mutable(const struct expr *expr)
{
    bool stable_counts = true;
    struct tree_walker walker = {.expr = visit_volatility, .arg = &stable_counts};
    return visit_volatility(&walker, (struct expr *)expr);
}

bool expr_is_volatile(const struct expr *expr)
{
    bool stable_counts = false;
    struct tree_walker walker = {.expr = visit_volatility, .arg = &stable_counts};
    return visit_volatility(&walker, (struct expr *)expr);
}
