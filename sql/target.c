/* target.c - select lists: expansion of *, names of columns, and where plain columns come from. */
#include "sql/analysis.h"

#include <string.h>

/* ---- names ---- */

static const char *const sql_value_names[] = {
    [SVFOP_CURRENT_DATE] = "current_date",
    [SVFOP_CURRENT_TIME] = "current_time",
    [SVFOP_CURRENT_TIME_N] = "current_time",
    [SVFOP_CURRENT_TIMESTAMP] = "current_timestamp",
    [SVFOP_CURRENT_TIMESTAMP_N] = "current_timestamp",
    [SVFOP_LOCALTIME] = "localtime",
    [SVFOP_LOCALTIME_N] = "localtime",
    [SVFOP_LOCALTIMESTAMP] = "localtimestamp",
    [SVFOP_LOCALTIMESTAMP_N] = "localtimestamp",
    [SVFOP_CURRENT_ROLE] = "current_role",
    [SVFOP_CURRENT_USER] = "current_user",
    [SVFOP_USER] = "user",
    [SVFOP_SESSION_USER] = "session_user",
    [SVFOP_CURRENT_CATALOG] = "current_catalog",
    [SVFOP_CURRENT_SCHEMA] = "current_schema",
};

/* How sure a name is: a cast's type name gives way to nothing better, and so on. */
enum strength { NAME_NONE, NAME_WEAK, NAME_GOOD };

static const char *last_string(const List *list)
{
    for (int k = list_n(list) - 1; k >= 0; k--)
        if (IS_NODE(list_at(list, k), String))
            return list_str(list, k);
    return NULL;
}

static enum strength figure(const Node *node, const char **name);

/* A scalar sub-select is named after its column. */
static enum strength figure_sublink(const SubLink *node, const char **name)
{
    if (node->subLinkType == EXISTS_SUBLINK) {
        *name = "exists";
        return NAME_GOOD;
    }
    if (node->subLinkType == ARRAY_SUBLINK) {
        *name = "array";
        return NAME_GOOD;
    }
    if (node->subLinkType != PG_EXPR_SUBLINK || !IS_NODE(node->subselect, SelectStmt))
        return NAME_NONE;
    const SelectStmt *select = (const SelectStmt *)node->subselect;
    while (select->op != SETOP_NONE)
        select = select->larg;
    if (select->valuesLists) {
        *name = "column1";
        return NAME_GOOD;
    }
    if (!select->targetList)
        return NAME_NONE;
    const ResTarget *target = list_at(select->targetList, 0);
    *name = target->name ? target->name : figure_name(target->val);
    return NAME_GOOD;
}

static enum strength named(const char **name, const char *text)
{
    *name = text;
    return text ? NAME_GOOD : NAME_NONE;
}

static enum strength figure_other(const Node *node, const char **name)
{
    switch ((int)TAG_OF(node)) {
    case T_GroupingFunc:
        return named(name, "grouping");
    case T_A_ArrayExpr:
        return named(name, "array");
    case T_RowExpr:
        return named(name, "row");
    case T_CoalesceExpr:
        return named(name, "coalesce");
    case T_MinMaxExpr:
        return named(name, ((const MinMaxExpr *)node)->op == IS_GREATEST ? "greatest" : "least");
    case T_SQLValueFunction:
        return named(name, sql_value_names[((const SQLValueFunction *)node)->op]);
    case T_XmlSerialize:
        return named(name, "xmlserialize");
    default:
        return NAME_NONE;
    }
}

static enum strength figure(const Node *node, const char **name)
{
    if (!node)
        return NAME_NONE;
    switch ((int)TAG_OF(node)) {
    case T_ColumnRef:
        return named(name, last_string(((const ColumnRef *)node)->fields));
    case T_A_Indirection: {
        const A_Indirection *ind = (const A_Indirection *)node;
        const char *field = last_string(ind->indirection);
        return field ? named(name, field) : figure(ind->arg, name);
    }
    case T_FuncCall:
        return named(name, last_string(((const FuncCall *)node)->funcname));
    case T_A_Expr:
        return ((const A_Expr *)node)->kind == AEXPR_NULLIF ? named(name, "nullif") : NAME_NONE;
    case T_TypeCast: {
        const TypeCast *cast = (const TypeCast *)node;
        enum strength strength = figure(cast->arg, name);
        if (strength == NAME_GOOD || !cast->typeName->names)
            return strength;
        *name = last_string(cast->typeName->names);
        return NAME_WEAK;
    }
    case T_CollateClause:
        return figure(((const CollateClause *)node)->arg, name);
    case T_SubLink:
        return figure_sublink((const SubLink *)node, name);
    case T_CaseExpr: {
        enum strength strength = figure((const Node *)((const CaseExpr *)node)->defresult, name);
        if (strength == NAME_GOOD)
            return strength;
        *name = "case";
        return NAME_WEAK;
    }
    default:
        return figure_other(node, name);
    }
}

const char *figure_index_name(const void *node)
{
    const char *name = NULL;
    figure(node, &name);
    return name;
}

const char *figure_name(const Node *node)
{
    const char *name = figure_index_name(node);
    return name ? name : "?column?";
}

/* ---- stars ---- */

static void add_item_columns(struct scope *s, struct scope *owner, const struct name_item *item,
                             int levels_up, bool qualified, struct exprs *out, struct names *names,
                             int location)
{
    int n = name_item_width(owner, item);
    for (int k = 0; k < n; k++) {
        const char *name = name_item_column(owner, item, k);
        if (!name || (!qualified && item->columns && item->columns[k].hidden))
            continue;
        VEC_PUSH(s->a->arena, out, name_column_expr(s, item, k, levels_up, location));
        VEC_PUSH(s->a->arena, names, name);
    }
}

static bool expand_all(struct scope *s, struct exprs *out, struct names *names, int location)
{
    bool found = false;
    for (size_t k = 0; k < s->names.n; k++) {
        const struct name_item *item = &s->names.items[k];
        if (!item->by_column || item->is_excluded)
            continue;
        found = true;
        add_item_columns(s, s, item, 0, false, out, names, location);
    }
    if (!found)
        return fail(s->a, location, ERR_SYNTAX_ERROR,
                    "SELECT * with no tables specified is not valid");
    return true;
}

bool expand_star(struct scope *s, const ColumnRef *ref, struct exprs *out, struct names *names)
{
    struct analysis *a = s->a;
    int n = list_n(ref->fields), levels_up;
    if (n == 1)
        return expand_all(s, out, names, ref->location);
    if (n > 4)
        return fail(a, ref->location, ERR_SYNTAX_ERROR,
                    "improper qualified name (too many dotted names): %s",
                    name_list_text(a, ref->fields));
    const char *schema = n >= 3 ? list_str(ref->fields, n - 3) : NULL,
               *table = list_str(ref->fields, n - 2);
    const struct name_item *item = find_name_item(s, schema, table, ref->location, &levels_up);
    if (!item) {
        /* An argument of a LANGUAGE SQL function may be a row. */
        if (!FAILED(a) && a->function && !schema) {
            ListCell cell = {.ptr_value = list_at(ref->fields, 0)};
            List fields = {.type = T_List, .length = 1, .max_length = 1, .elements = &cell};
            ColumnRef row_ref = {.type = T_ColumnRef, .fields = &fields, .location = ref->location};
            struct expr *row = transform_column_ref(s, &row_ref);
            return row && expand_row_star(s, row, out, names, ref->location);
        }
        return !FAILED(a) && missing_rte(s, schema, table, ref->location);
    }
    struct scope *owner = s;
    for (int k = 0; k < levels_up; k++)
        owner = owner->parent;
    add_item_columns(s, owner, item, levels_up, true, out, names, ref->location);
    return true;
}

bool expand_row_star(struct scope *s, struct expr *row, struct exprs *out, struct names *names,
                     int location)
{
    struct analysis *a = s->a;
    struct row_shape shape;
    if (!row_shape_of(s, row, &shape)) {
        if (FAILED(a))
            return false;
        if (row->type->oid == TYPE_RECORD)
            return fail(a, location, ERR_WRONG_OBJECT_TYPE, "record type has not been registered");
        return fail(a, location, ERR_WRONG_OBJECT_TYPE, "type %s is not composite",
                    type_text(a, row->type));
    }
    for (int k = 0; k < shape.n; k++) {
        struct expr *own = k ? tree_copy(a->arena, row) : row;
        struct expr *field = field_select(s, own, shape.fields[k].name, location);
        if (!field)
            return false;
        VEC_PUSH(a->arena, out, field);
        VEC_PUSH(a->arena, names, shape.fields[k].name);
    }
    return true;
}

/* ---- the list ---- */

#define TARGETS_MAX 1664

static void add_target(struct scope *s, struct targets *out, struct expr *e, const char *name)
{
    struct target target = {.expr = e, .name = arena_strdup(s->a->arena, name)};
    VEC_PUSH(s->a->arena, out, target);
}

/* *handled: the item ends in a star. */
static bool expand_target(struct scope *s, const Node *node, struct targets *out, bool *handled)
{
    struct exprs columns = {0};
    struct names names = {0};
    *handled = false;
    if (IS_NODE(node, ColumnRef)) {
        const ColumnRef *ref = (const ColumnRef *)node;
        if (!IS_NODE(list_at(ref->fields, list_n(ref->fields) - 1), A_Star))
            return true;
        if (!expand_star(s, ref, &columns, &names))
            return false;
    } else if (IS_NODE(node, A_Indirection)) {
        const A_Indirection *ind = (const A_Indirection *)node;
        int n = list_n(ind->indirection);
        if (!IS_NODE(list_at(ind->indirection, n - 1), A_Star))
            return true;
        List prefix = {.type = T_List,
                       .length = n - 1,
                       .max_length = n - 1,
                       .elements = ind->indirection->elements};
        struct expr *row = transform_node(s, ind->arg);
        if (row && n > 1)
            row = transform_indirection(s, row, &prefix, NULL, -1);
        if (!row || !expand_row_star(s, row, &columns, &names, -1))
            return false;
    } else {
        return true;
    }
    *handled = true;
    for (size_t k = 0; k < columns.n; k++)
        add_target(s, out, columns.items[k], names.items[k]);
    return true;
}

bool transform_targets(struct scope *s, const List *list, enum place place, struct targets *out)
{
    enum place before = s->place;
    s->place = place;
    for (int k = 0; k < list_n(list); k++) {
        const ResTarget *item = list_at(list, k);
        bool handled;
        if (!expand_target(s, item->val, out, &handled))
            return false;
        if (handled)
            continue;
        struct expr *e = transform_node(s, item->val);
        if (!e)
            return false;
        const char *name = item->name;
        if (!name && e->kind == EXPR_SUBLINK && e->sublink.kind == SUBLINK_SCALAR &&
            IS_NODE(item->val, SubLink))
            name = e->sublink.query->targets.items[0].name;
        add_target(s, out, e, name ? name : figure_name(item->val));
    }
    s->place = before;
    if (out->n > TARGETS_MAX)
        return fail(s->a, -1, ERR_TOO_MANY_COLUMNS, "target lists can have at most %d entries",
                    TARGETS_MAX);
    return true;
}

bool target_to_text(struct scope *s, struct targets *targets, int index)
{
    struct target *target = &targets->items[index];
    if (target->expr->type->oid != TYPE_UNKNOWN)
        return true;
    struct expr *text =
        coerce_node(s->a, target->expr, s->a->txt, -1, CAST_IMPLICIT, FORM_IMPLICIT_CAST, -1);
    if (!text)
        return false;
    target->expr = text;
    return true;
}

bool resolve_unknown_targets(struct scope *s, struct targets *targets)
{
    for (size_t k = 0; k < targets->n; k++)
        if (!target_to_text(s, targets, (int)k))
            return false;
    return true;
}

/* What comes through a view that is written to is a column of the view. */
static bool mark_view_origin(const struct scope *s, struct target *target)
{
    const struct dml_target *view = s->target;
    const struct expr *e = target->expr;
    for (int k = 0; view && view->columns && k < view->n_columns; k++) {
        const struct name_column *column = &view->columns[k];
        bool same = column->expr ? same_expr(column->expr, e)
                                 : e->kind == EXPR_COLUMN && e->column.levels_up == 0 &&
                                       e->column.rte == 0 && e->column.attnum == column->attnum;
        if (!same || !column->name)
            continue;
        target->origin_rel_oid = view->named->oid;
        target->origin_attnum = (int16_t)(k + 1);
        return true;
    }
    return false;
}

/* RowDescription tells clients which table column a result column is. */
static void mark_origin(struct scope *s, struct target *target)
{
    const struct expr *e = target->expr;
    if (mark_view_origin(s, target) || e->kind != EXPR_COLUMN || e->column.attnum < 0)
        return;
    for (int k = 0; k < e->column.levels_up; k++)
        s = s->parent;
    const struct rte *rte = scope_rte(s, e->column.rte);
    const struct relation *relation = rte->relation ? rte->relation : rte->view;
    const struct query *from = rte->subquery;
    if (relation) {
        target->origin_rel_oid = relation->oid;
        target->origin_attnum = e->column.attnum;
        return;
    }
    if (rte->kind == RTE_CTE && !rte->cte_self) {
        struct scope *owner = s;
        for (int k = 0; k < rte->cte_levels_up; k++)
            owner = owner->parent;
        from = owner->cte_results.items[rte->cte].query;
    }
    if (!from || (rte->kind == RTE_SUBQUERY && rte->functions)) /* nothing, or a function's body */
        return;
    const struct targets *targets =
        from->command == CMD_SELECT_ ? &from->targets : &from->returning;
    int seen = 0;
    for (size_t k = 0; k < targets->n; k++)
        if (!targets->items[k].junk && ++seen == e->column.attnum) {
            target->origin_rel_oid = targets->items[k].origin_rel_oid;
            target->origin_attnum = targets->items[k].origin_attnum;
        }
}

void mark_origins(struct scope *s, struct targets *targets)
{
    for (size_t k = 0; k < targets->n; k++)
        mark_origin(s, &targets->items[k]);
}
