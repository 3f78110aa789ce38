/* restamp.c - see restamp.h.
 *
 * Trees hold pointers to the catalog objects of the moment they were made; before printing, each pointer is replaced by the object of
 * the same OID in the fork as it is then.  Names that came from an object (a table's name as its own alias, its columns' names) follow it;
 * aliases given in the text stay. */
#include "catalog/restamp.h"

#include <string.h>

#include "sql/walk.h"

enum text_kind { TEXT_VIEW, TEXT_DEFAULT, TEXT_CHECK, TEXT_INDEX_KEY, TEXT_INDEX_WHERE };

struct text {
    enum text_kind kind;
    uint32_t oid;          /* relation, constraint, index or type */
    uint32_t relation_oid; /* whose columns an expression names; 0 */
    int sub;               /* column or key number */
    struct query *query;
    struct expr *expr;
};
struct restamp {
    VEC(struct text) texts;
};

/* ---- collecting ---- */

struct collecting {
    struct ddl *d;
    const struct object_address *changed;
    struct restamp *out;
};

static bool concerned(const struct collecting *c, const struct dependency *list, uint16_t n,
                      uint32_t relation_oid)
{
    if (!c->changed || (c->changed->class_oid == CLASS_RELATION && relation_oid == c->changed->oid))
        return true;
    for (uint16_t k = 0; k < n; k++)
        if (list[k].class_oid == c->changed->class_oid && list[k].oid == c->changed->oid)
            return true;
    return false;
}

static bool take_expr(struct collecting *c, enum text_kind kind, uint32_t oid,
                      uint32_t relation_oid, int sub, const char *sql, const struct type *target)
{
    struct analyze_context context = stored_analysis(c->d);
    const struct relation *relation = relation_oid ? rel(c->d, relation_oid) : NULL;
    struct text text = {.kind = kind, .oid = oid, .relation_oid = relation_oid, .sub = sub};
    text.expr = analyze_catalog_expr(&context, sql, relation, target, -1, c->d->err);
    if (!text.expr)
        return false;
    VEC_PUSH(c->d->arena, &c->out->texts, text);
    return true;
}

static bool take_view(struct collecting *c, const struct relation *view)
{
    struct raw_statements parsed;
    struct analyze_context context = stored_analysis(c->d);
    struct text text = {.kind = TEXT_VIEW, .oid = view->oid};
    context.text = view->view_sql;
    if (!sql_parse(c->d->arena, view->view_sql, &parsed, c->d->err))
        return false;
    text.query = analyze(&context, &parsed.items[0], c->d->err);
    if (!text.query)
        return false;
    VEC_PUSH(c->d->arena, &c->out->texts, text);
    return true;
}

static bool take_relation(struct collecting *c, const struct relation *relation)
{
    if (relation->view_sql && concerned(c, relation->depends, relation->n_depends, relation->oid) &&
        !take_view(c, relation))
        return false;
    for (uint16_t k = 0; k < relation->n_columns; k++) {
        const struct column *column = &relation->columns[k];
        if (column->dropped || !column->default_sql ||
            !concerned(c, column->depends, column->n_depends,
                       column->generated ? relation->oid : 0))
            continue;
        if (!take_expr(c, TEXT_DEFAULT, relation->oid, column->generated ? relation->oid : 0,
                       column->attnum, column->default_sql, NULL))
            return false;
    }
    return true;
}

static bool take_index(struct collecting *c, const struct index *index)
{
    if (!concerned(c, index->depends, index->n_depends, index->relation_oid))
        return true;
    for (uint16_t k = 0; k < index->n_keys; k++)
        if (index->keys[k].expr_sql &&
            !take_expr(c, TEXT_INDEX_KEY, index->oid, index->relation_oid, k,
                       index->keys[k].expr_sql, NULL))
            return false;
    return !index->where_sql || take_expr(c, TEXT_INDEX_WHERE, index->oid, index->relation_oid, 0,
                                          index->where_sql, builtin_type(TYPE_BOOL));
}

struct restamp *restamp_collect(struct ddl *d, const struct object_address *changed)
{
    struct collecting c = {d, changed, ARENA_NEW(d->arena, struct restamp)};
    const struct relation *relation;
    const struct index *index;
    const struct constraint *constraint;
    for (size_t at = builtin_n_relations; (relation = catalog_next_relation(d->fork, &at));)
        if (!take_relation(&c, relation))
            return NULL;
    for (size_t at = 0; (index = catalog_next_index(d->fork, &at));)
        if (!take_index(&c, index))
            return NULL;
    for (size_t at = 0; (constraint = catalog_next_constraint(d->fork, &at));)
        if (constraint->kind == 'c' &&
            concerned(&c, constraint->depends, constraint->n_depends, constraint->relation_oid) &&
            !take_expr(&c, TEXT_CHECK, constraint->oid, constraint->relation_oid, 0,
                       constraint->check_sql, builtin_type(TYPE_BOOL)))
            return NULL;
    return c.out;
}

struct query *restamp_query(struct restamp *restamp, uint32_t view_oid)
{
    for (size_t k = 0; k < restamp->texts.n; k++)
        if (restamp->texts.items[k].kind == TEXT_VIEW && restamp->texts.items[k].oid == view_oid)
            return restamp->texts.items[k].query;
    return NULL;
}

/* ---- new pointers ---- */

static const struct type *fresh_type(const struct catalog *fork, const struct type *type)
{
    const struct type *now =
        type && type->oid >= FIRST_USER_OID ? catalog_type(fork, type->oid) : NULL;
    return now ? now : type;
}

static const struct proc *fresh_proc(const struct catalog *fork, const struct proc *proc)
{
    const struct proc *now =
        proc && proc->oid >= FIRST_USER_OID ? catalog_proc(fork, proc->oid) : NULL;
    return now ? now : proc;
}

static bool visit_expr(struct tree_walker *walker, struct expr *expr)
{
    const struct catalog *fork = walker->arg;
    expr->type = fresh_type(fork, expr->type);
    switch ((int)expr->kind) {
    case EXPR_FUNC:
    case EXPR_DISTINCT:
    case EXPR_NULLIF:
    case EXPR_ANY:
    case EXPR_ALL:
        expr->func.proc = fresh_proc(fork, expr->func.proc);
        break;
    case EXPR_AGGREGATE:
        expr->agg.proc = fresh_proc(fork, expr->agg.proc);
        break;
    default:
        break;
    }
    return tree_children(walker, expr);
}

/* Names that an entry took from its relation follow it. */
static void rename_entry(struct rte *rte, const struct relation *before, const struct relation *now)
{
    if (rte->alias && strcmp(rte->alias, before->name) == 0)
        rte->alias = now->name;
    for (uint16_t k = 0; k < rte->n_columns && k < before->n_columns && k < now->n_columns; k++)
        if (rte->columns[k].name && strcmp(rte->columns[k].name, before->columns[k].name) == 0)
            rte->columns[k].name = now->columns[k].name;
}

static bool visit_query(struct tree_walker *walker, struct query *query)
{
    const struct catalog *fork = walker->arg;
    for (uint16_t k = 0; k < query->n_rtes; k++) {
        struct rte *rte = &query->rtes[k];
        const struct relation *before = rte->kind == RTE_RELATION ? rte->relation : rte->view;
        const struct relation *now = before ? catalog_relation(fork, before->oid) : NULL;
        if (!now)
            continue;
        rename_entry(rte, before, now);
        if (rte->kind == RTE_RELATION)
            rte->relation = now;
        else
            rte->view = now;
    }
    return tree_query(walker, query);
}

/* ---- printing ---- */

static bool put_text(struct ddl *d, const struct text *text)
{
    struct tree_walker walker = {.expr = visit_expr, .query = visit_query, .arg = d->fork};
    const struct relation *relation = text->relation_oid ? rel(d, text->relation_oid) : NULL;
    if (text->query)
        visit_query(&walker, text->query);
    else
        visit_expr(&walker, text->expr);
    const char *sql =
        text->query ? canonical_query(d, text->query) : canonical_expr(d, text->expr, relation);
    switch (text->kind) {
    case TEXT_VIEW:
        catalog_edit_relation(d->fork, text->oid)->view_sql = edit_text(d, text->oid, sql);
        break;
    case TEXT_DEFAULT:
        columns_of(catalog_edit_relation(d->fork, text->oid))[text->sub - 1].default_sql =
            edit_text(d, text->oid, sql);
        break;
    case TEXT_CHECK:
        catalog_edit_constraint(d->fork, text->oid)->check_sql = edit_text(d, text->oid, sql);
        break;
    case TEXT_INDEX_KEY: {
        struct index *index = catalog_edit_index(d->fork, text->oid);
        ((struct index_key *)index->keys)[text->sub].expr_sql = edit_text(d, text->oid, sql);
        break;
    }
    case TEXT_INDEX_WHERE:
        catalog_edit_index(d->fork, text->oid)->where_sql = edit_text(d, text->oid, sql);
        break;
    }
    return true;
}

bool restamp_apply(struct ddl *d, struct restamp *restamp)
{
    for (size_t k = 0; k < restamp->texts.n; k++)
        if (!put_text(d, &restamp->texts.items[k]))
            return false;
    return true;
}
