/* target_table.c - what INSERT, UPDATE, DELETE and MERGE write to.
 *
 * The target is always rtes[0].  For a simple view (one table or simple view, no grouping, no DISTINCT ...) the entry is the base
 * table, and the view's columns are names for expressions over it: so every reference in the statement lands on the base table at
 * once, and nothing is rewritten afterwards.  WHERE of the views joins the statement's own; WITH CHECK OPTION
 * becomes conditions on the new row. */
#include "sql/analysis.h"

#include <stdlib.h>
#include <string.h>

/* ---- simple views ---- */

static const char *why_not_simple(const struct query *q)
{
    if (q->distinct)
        return "Views containing DISTINCT are not automatically updatable.";
    if (q->has_group_clause)
        return "Views containing GROUP BY are not automatically updatable.";
    if (q->having)
        return "Views containing HAVING are not automatically updatable.";
    if (q->setop)
        return "Views containing UNION, INTERSECT, or EXCEPT are not automatically updatable.";
    if (q->n_ctes)
        return "Views containing WITH are not automatically updatable.";
    if (q->limit || q->offset)
        return "Views containing LIMIT or OFFSET are not automatically updatable.";
    if (q->has_aggregates)
        return "Views that return aggregate functions are not automatically updatable.";
    if (q->has_windows)
        return "Views that return window functions are not automatically updatable.";
    if (q->has_srfs)
        return "Views that return set-returning functions are not automatically updatable.";
    const struct rte *rte = q->from.n == 1 && q->from.items[0]->kind == FROM_RTE
                                ? &q->rtes[q->from.items[0]->rte]
                                : NULL;
    if (!rte || !((rte->kind == RTE_RELATION && rte->relation->kind == 'r') || rte->view))
        return "Views that do not select from a single table or view are not automatically "
               "updatable.";
    return NULL;
}

static bool refuse_view(struct scope *s, const struct relation *view, enum dml_kind kind,
                        const char *why)
{
    static const char *const verbs[] = {"insert into", "update", "delete from"};
    static const char *const hints[] = {
        "To enable inserting into the view, provide an INSTEAD OF INSERT trigger or an "
        "unconditional ON INSERT DO INSTEAD rule.",
        "To enable updating the view, provide an INSTEAD OF UPDATE trigger or an unconditional ON "
        "UPDATE DO INSTEAD rule.",
        "To enable deleting from the view, provide an INSTEAD OF DELETE trigger or an "
        "unconditional ON DELETE DO INSTEAD rule."};
    fail(s->a, -1, ERR_OBJECT_NOT_IN_PREREQUISITE_STATE, "cannot %s view \"%s\"", verbs[kind],
         view->name);
    fail_detail(s->a, "%s", why);
    return fail_hint(s->a, "%s", hints[kind]);
}

/* Replaces references to the view's own FROM entry by what its columns are over the base table. */
struct base_mapping {
    uint16_t rte;
    const struct name_column
        *columns; /* of the inner view; NULL: the entry is the base table itself */
};

static struct expr *to_base(struct tree_mapper *mapper, const struct expr *e)
{
    const struct base_mapping *m = mapper->arg;
    if (e->kind != EXPR_COLUMN || e->column.levels_up != mapper->levels || e->column.rte != m->rte)
        return NULL;
    if (m->columns && e->column.attnum > 0 && m->columns[e->column.attnum - 1].expr)
        return tree_shift(mapper->arena, m->columns[e->column.attnum - 1].expr, mapper->levels);
    struct expr *copy = arena_memdup(mapper->arena, e, sizeof(*e));
    copy->column.rte = 0;
    if (m->columns && e->column.attnum > 0)
        copy->column.attnum = m->columns[e->column.attnum - 1].attnum;
    return copy;
}

static void add_check(struct analysis *a, struct query *q, struct expr *check, const char *view)
{
    size_t n = q->view_checks.n;
    const char **names = ARENA_ARRAY(a->arena, const char *, n + 1);
    if (n)
        memcpy(names, q->view_check_names, n * sizeof(names[0]));
    names[n] = view;
    q->view_check_names = names;
    VEC_PUSH(a->arena, &q->view_checks, check);
}

/* `cascaded`: a view above checks everything below it. */
static bool open_view(struct scope *s, const struct relation *view, enum dml_kind kind,
                      bool cascaded, struct dml_target *out)
{
    struct analysis *a = s->a;
    struct query *q = view_query(a, view);
    if (!q)
        return false;
    const char *why = why_not_simple(q);
    if (why)
        return refuse_view(s, view, kind, why);
    struct dml_target inner = {0};
    struct base_mapping mapping = {.rte = q->from.items[0]->rte};
    const struct rte *rte = &q->rtes[mapping.rte];
    cascaded |= view->view_check == 'c';
    if (rte->view) {
        if (!open_view(s, rte->view, kind, cascaded, &inner))
            return false;
        mapping.columns = inner.columns;
        out->base = inner.base;
    } else {
        out->base = rte->relation;
    }
    struct tree_mapper mapper = {.arena = a->arena, .map = to_base, .arg = &mapping};
    out->n_columns = view->n_columns;
    out->columns = ARENA_ARRAY(a->arena, struct name_column, view->n_columns + 1u);
    size_t at = 0;
    for (int k = 0; k < view->n_columns; k++, at++) {
        while (at < q->targets.n && q->targets.items[at].junk)
            at++;
        if (at >= q->targets.n)
            break;
        struct expr *e = tree_map(&mapper, q->targets.items[at].expr);
        struct name_column *column = &out->columns[k];
        *column = (struct name_column){.name = view->columns[k].name};
        if (e->kind == EXPR_COLUMN && e->column.attnum > 0 && e->column.levels_up == 0)
            column->attnum = e->column.attnum;
        else
            column->expr = e;
    }
    struct expr *own = q->where ? tree_map(&mapper, q->where) : NULL;
    if (own && (cascaded || view->view_check))
        add_check(a, s->query, tree_copy(a->arena, own), view->name);
    out->where = and_also(a, inner.where, own);
    return true;
}

/* ---- opening ---- */

static bool check_target_kind(struct scope *s, const struct relation *relation, enum dml_kind kind,
                              int location)
{
    struct analysis *a = s->a;
    switch (relation->kind) {
    case 'S':
        return fail(a, -1, ERR_WRONG_OBJECT_TYPE, "cannot change sequence \"%s\"", relation->name);
    case 'm':
        return fail(a, -1, ERR_WRONG_OBJECT_TYPE, "cannot change materialized view \"%s\"",
                    relation->name);
    case 'v':
        if (kind == DML_MERGE) {
            fail(a, -1, ERR_WRONG_OBJECT_TYPE, "cannot execute MERGE on relation \"%s\"",
                 relation->name);
            return fail_detail(a, "This operation is not supported for views.");
        }
        if (relation->system)
            return refuse_view(s, relation, kind,
                               "Views that do not select from a single table or view are not "
                               "automatically updatable.");
        return true;
    default:
        return true;
    }
}

bool open_target(struct scope *s, const RangeVar *var, enum dml_kind kind)
{
    struct analysis *a = s->a;
    const struct relation *relation = relation_of(a, var, false);
    if (!relation || !check_target_kind(s, relation, kind, var->location))
        return false;
    struct dml_target *target = ARENA_NEW(a->arena, struct dml_target);
    target->named = target->base = relation;
    if (relation->kind == 'v' && !open_view(s, relation, kind, false, target))
        return false;
    s->query->target_view = relation->kind == 'v' ? relation : NULL;
    struct rte rte = {
        .kind = RTE_RELATION, .relation = target->base, .n_columns = target->base->n_columns};
    rte.alias = arena_strdup(a->arena, var->alias ? var->alias->aliasname : relation->name);
    rte.has_alias = var->alias != NULL;
    rte.columns = ARENA_ARRAY(a->arena, struct rte_column, rte.n_columns + 1u);
    for (int k = 0; k < rte.n_columns; k++) {
        const struct column *column = &target->base->columns[k];
        rte.columns[k] = (struct rte_column){column->name, column->type ? column->type : a->txt,
                                             column->typmod, column->collation_oid};
    }
    if (var->alias && var->alias->colnames && !alias_columns(a, var->alias, &rte, "table"))
        return false;
    scope_add_rte(s, &rte);
    s->target = target;
    s->query->target = target->base;
    s->query->target_rte = 0;
    return true;
}

void show_target(struct scope *s, bool by_table, bool by_column)
{
    const struct rte *rte = scope_rte(s, 0);
    scope_add_name(s, 0, rte->has_alias ? NULL : s->target->named, by_table, by_column);
    struct name_item *item = &s->names.items[s->names.n - 1];
    item->columns = s->target->columns;
    item->n_columns = s->target->n_columns;
}

/* ---- its columns ---- */

const struct column *target_column_info(struct scope *s, int attnum)
{
    return &s->target->base->columns[attnum - 1];
}

static int named_column(const struct relation *relation, const char *name)
{
    for (int k = 0; k < relation->n_columns; k++)
        if (!relation->columns[k].dropped && strcmp(relation->columns[k].name, name) == 0)
            return k + 1;
    return 0;
}

static bool refuse_view_column(struct scope *s, int index, enum dml_kind kind)
{
    fail(s->a, -1, ERR_FEATURE_NOT_SUPPORTED, "cannot %s column \"%s\" of view \"%s\"",
         kind == DML_INSERT ? "insert into" : "update", s->target->columns[index].name,
         s->target->named->name);
    return fail_detail(
        s->a, "View columns that are not columns of their base relation are not updatable.");
}

int target_column(struct scope *s, const char *name, int location, enum dml_kind kind)
{
    const struct relation *relation = s->target->named;
    int attnum = named_column(relation, name);
    if (!attnum && system_attnum(name)) {
        fail(s->a, location, ERR_FEATURE_NOT_SUPPORTED, "cannot assign to system column \"%s\"",
             name);
        return 0;
    }
    if (!attnum) {
        fail(s->a, location, ERR_UNDEFINED_COLUMN,
             "column \"%s\" of relation \"%s\" does not exist", name, relation->name);
        return 0;
    }
    if (!s->target->columns)
        return attnum;
    if (s->target->columns[attnum - 1].expr) {
        refuse_view_column(s, attnum - 1, kind);
        return 0;
    }
    return s->target->columns[attnum - 1].attnum;
}

bool all_target_columns(struct scope *s, int **attnums, int *n)
{
    const struct relation *relation = s->target->named;
    *attnums = ARENA_ARRAY(s->a->arena, int, relation->n_columns + 1);
    *n = 0;
    for (int k = 0; k < relation->n_columns; k++) {
        if (relation->columns[k].dropped)
            continue;
        /* A view's computed column is refused only when a value is given for it: marked by 0. */
        (*attnums)[(*n)++] = !s->target->columns          ? k + 1
                             : s->target->columns[k].expr ? -(k + 1)
                                                          : s->target->columns[k].attnum;
    }
    return true;
}

/* ---- constraints ---- */

static int compare_names(const void *a, const void *b)
{
    return strcmp((*(const struct constraint *const *)a)->name,
                  (*(const struct constraint *const *)b)->name);
}

/* CHECKs in the order of their names, as PostgreSQL tries them, and the generated columns. */
bool collect_constraints(struct scope *s)
{
    struct analysis *a = s->a;
    struct query *q = s->query;
    const struct relation *relation = q->target;
    const struct constraint **checks =
        ARENA_ARRAY(a->arena, const struct constraint *, relation->n_constraints + 1);
    int n = 0;
    for (int k = 0; k < relation->n_constraints; k++)
        if (relation->constraints[k]->kind == 'c')
            checks[n++] = relation->constraints[k];
    if (n > 1)
        qsort(checks, (size_t)n, sizeof(checks[0]), compare_names);
    q->check_names = ARENA_ARRAY(a->arena, const char *, n + 1);
    for (int k = 0; k < n; k++) {
        struct expr *check =
            analyze_column_sql(a, checks[k]->check_sql, relation, NULL, -1, PLACE_CHECK);
        if (!check)
            return false;
        q->check_names[k] = checks[k]->name;
        VEC_PUSH(a->arena, &q->checks, check);
    }
    for (int k = 0; k < relation->n_columns; k++) {
        const struct column *column = &relation->columns[k];
        if (column->dropped || !column->generated || !column->default_sql)
            continue;
        struct assignment generated = {
            column->attnum, analyze_column_sql(a, column->default_sql, relation, column->type,
                                               column->typmod, PLACE_GENERATED)};
        if (!generated.expr)
            return false;
        VEC_PUSH(a->arena, &q->generated, generated);
    }
    return true;
}
