/* sort.c - ORDER BY, DISTINCT, DISTINCT ON, LIMIT and OFFSET.
 *
 * An item of ORDER BY (and of GROUP BY) may be the name or the number of an output column, as in SQL92, or an expression over the
 * input, as in SQL99; an expression that equals an output column is that column.  A sort key's expression is the very pointer of its target. */
#include "sql/analysis.h"

#include <string.h>

static const char *bare_name(const Node *node)
{
    if (!IS_NODE(node, ColumnRef))
        return NULL;
    const ColumnRef *ref = (const ColumnRef *)node;
    return list_n(ref->fields) == 1 && IS_NODE(list_at(ref->fields, 0), String)
               ? list_str(ref->fields, 0)
               : NULL;
}

/* -1: no output column of that name; -2: an error. */
static int target_by_name(struct scope *s, const char *name, const struct targets *targets,
                          enum place place, int location)
{
    int found = -1;
    for (size_t k = 0; k < targets->n; k++) {
        const struct target *target = &targets->items[k];
        if (target->junk || strcmp(target->name, name) != 0)
            continue;
        if (found >= 0 && !same_expr(targets->items[found].expr, target->expr)) {
            fail(s->a, location, ERR_AMBIGUOUS_COLUMN, "%s \"%s\" is ambiguous", place_name(place),
                 name);
            return -2;
        }
        if (found < 0)
            found = (int)k;
    }
    return found;
}

static int target_by_number(struct scope *s, const A_Const *node, const struct targets *targets,
                            enum place place)
{
    if (node->isnull || !IS_NODE(&node->val.node, Integer)) {
        fail(s->a, node->location, ERR_SYNTAX_ERROR, "non-integer constant in %s",
             place_name(place));
        return -1;
    }
    int wanted = node->val.ival.ival, position = 0;
    for (size_t k = 0; k < targets->n; k++)
        if (!targets->items[k].junk && ++position == wanted)
            return (int)k;
    fail(s->a, node->location, ERR_INVALID_COLUMN_REFERENCE, "%s position %d is not in select list",
         place_name(place), wanted);
    return -1;
}

static const struct expr *without_implicit_casts(const struct expr *e)
{
    while (e->form == FORM_IMPLICIT_CAST && e->args.n >= 1 &&
           (e->kind == EXPR_FUNC || e->kind == EXPR_RELABEL || e->kind == EXPR_IO_CAST ||
            e->kind == EXPR_ARRAY_CAST || e->kind == EXPR_DOMAIN_CAST))
        e = e->args.items[0];
    return e;
}

static bool refuse_calls_in_group(struct scope *s, const struct expr *e)
{
    if (contains_kind(e, EXPR_AGGREGATE))
        return fail(s->a, expr_location(e), ERR_GROUPING_ERROR,
                    "aggregate functions are not allowed in GROUP BY");
    if (contains_kind(e, EXPR_WINDOW))
        return fail(s->a, expr_location(e), ERR_WINDOWING_ERROR,
                    "window functions are not allowed in GROUP BY");
    return true;
}

int find_target(struct scope *s, const Node *node, struct targets *targets, enum place place,
                bool sql99, struct expr **own)
{
    struct analysis *a = s->a;
    const char *name = sql99 ? NULL : bare_name(node);
    int index = -1;
    if (own)
        *own = NULL;
    if (name) {
        int location = ((const ColumnRef *)node)->location;
        /* GROUP BY prefers an input column to an output column of the same name. */
        bool input_first = place == PLACE_GROUP_BY && column_by_name(s, name, true, location);
        if (FAILED(a))
            return -1;
        index = input_first ? -1 : target_by_name(s, name, targets, place, location);
        if (index == -2)
            return -1;
    } else if (!sql99 && IS_NODE(node, A_Const)) {
        index = target_by_number(s, (const A_Const *)node, targets, place);
        if (index < 0)
            return -1;
    }
    if (index >= 0) {
        if (place == PLACE_GROUP_BY && !refuse_calls_in_group(s, targets->items[index].expr))
            return -1;
        return index;
    }
    struct expr *e = transform_expr(s, node, place);
    if (!e)
        return -1;
    for (size_t k = 0; k < targets->n; k++)
        if (same_expr(without_implicit_casts(targets->items[k].expr), e) ||
            same_expr(targets->items[k].expr, e))
            return (int)k;
    if (own) {
        *own = e;
        return (int)targets->n;
    }
    struct target junk = {.expr = e, .name = "?column?", .junk = true};
    VEC_PUSH(a->arena, targets, junk);
    return (int)targets->n - 1;
}

/* ---- ORDER BY ---- */

static bool using_operator(struct scope *s, const SortBy *sort, struct expr *e,
                           struct sort_key *key)
{
    struct analysis *a = s->a;
    const struct oper *op = find_oper(a, sort->useOp, e->type, e->type, sort->location);
    if (!op)
        return false;
    bool less =
        strcmp(op->name, "<") == 0 || strcmp(op->name, "~<~") == 0 || strcmp(op->name, "*<") == 0;
    bool greater =
        strcmp(op->name, ">") == 0 || strcmp(op->name, "~>~") == 0 || strcmp(op->name, "*>") == 0;
    if (!less && !greater) {
        fail(a, sort->location, ERR_WRONG_OBJECT_TYPE,
             "operator %s is not a valid ordering operator", op->name);
        return fail_hint(
            a, "Ordering operators must be \"<\" or \">\" members of btree operator families.");
    }
    key->less = op;
    key->descending = greater;
    return true;
}

bool sort_key_for(struct scope *s, const SortBy *sort, struct expr *e, struct sort_key *key)
{
    *key = (struct sort_key){.expr = e};
    if (sort->sortby_dir == SORTBY_USING) {
        if (!using_operator(s, sort, e, key))
            return false;
    } else {
        int location = sort->location >= 0 ? sort->location : exprLocation(sort->node);
        if (!sort_opers(s->a, e->type, true, true, &key->less, NULL, NULL, location))
            return false;
        key->descending = sort->sortby_dir == SORTBY_DESC;
    }
    key->nulls_first = sort->sortby_nulls == SORTBY_NULLS_DEFAULT
                           ? key->descending
                           : sort->sortby_nulls == SORTBY_NULLS_FIRST;
    return true;
}

static bool has_key(const struct sort_keys *keys, const struct sort_key *key)
{
    for (size_t k = 0; k < keys->n; k++)
        if (keys->items[k].expr == key->expr && keys->items[k].less == key->less &&
            keys->items[k].descending == key->descending)
            return true;
    return false;
}

bool transform_sort(struct scope *s, const List *list, struct targets *targets,
                    struct sort_keys *out, bool sql99, enum place place)
{
    for (int k = 0; k < list_n(list); k++) {
        const SortBy *sort = list_at(list, k);
        struct sort_key key;
        int index = find_target(s, sort->node, targets, place, sql99, NULL);
        if (index < 0 || !target_to_text(s, targets, index) ||
            !sort_key_for(s, sort, targets->items[index].expr, &key))
            return false;
        if (!has_key(out, &key))
            VEC_PUSH(s->a->arena, out, key);
    }
    return true;
}

/* ---- DISTINCT ---- */

static bool transform_plain_distinct(struct scope *s, struct targets *targets)
{
    struct query *q = s->query;
    q->distinct = true;
    for (size_t k = 0; k < q->order.n; k++)
        for (size_t t = 0; t < targets->n; t++)
            if (targets->items[t].junk && targets->items[t].expr == q->order.items[k].expr)
                return fail(s->a, expr_location(targets->items[t].expr),
                            ERR_INVALID_COLUMN_REFERENCE,
                            "for SELECT DISTINCT, ORDER BY expressions must appear in select list");
    for (size_t t = 0; t < targets->n; t++) {
        if (targets->items[t].junk)
            continue;
        if (!target_to_text(s, targets, (int)t) ||
            !sort_opers(s->a, targets->items[t].expr->type, false, true, NULL, NULL, NULL,
                        expr_location(targets->items[t].expr)))
            return false;
    }
    return true;
}

static bool contains_expr(struct expr *const *items, size_t n, const struct expr *e)
{
    for (size_t k = 0; k < n; k++)
        if (items[k] == e)
            return true;
    return false;
}

/* Where in the clause the item stands that gave `e`. */
static int written_at(const List *list, const struct exprs *wanted, const struct expr *e)
{
    for (size_t k = 0; k < wanted->n && (int)k < list_n(list); k++)
        if (wanted->items[k] == e)
            return exprLocation(list_at(list, (int)k));
    return expr_location(e);
}

/* The ON expressions must be the first ones of ORDER BY, in any order among themselves. */
static bool transform_distinct_on(struct scope *s, const List *list, struct targets *targets)
{
    struct analysis *a = s->a;
    struct query *q = s->query;
    struct exprs wanted = {0};
    bool skipped = false;
    q->distinct = true;
    for (int k = 0; k < list_n(list); k++) {
        int index = find_target(s, list_at(list, k), targets, PLACE_DISTINCT_ON, false, NULL);
        if (index < 0 || !target_to_text(s, targets, index))
            return false;
        struct expr *e = targets->items[index].expr;
        if (!contains_expr(wanted.items, wanted.n, e))
            VEC_PUSH(a->arena, &wanted, e);
    }
    for (size_t k = 0; k < q->order.n; k++) {
        const struct sort_key *key = &q->order.items[k];
        if (!contains_expr(wanted.items, wanted.n, key->expr))
            skipped = true;
        else if (skipped)
            return fail(a, written_at(list, &wanted, key->expr), ERR_INVALID_COLUMN_REFERENCE,
                        "SELECT DISTINCT ON expressions must match initial ORDER BY expressions");
        else
            VEC_PUSH(a->arena, &q->distinct_on, *key);
    }
    for (size_t k = 0; k < wanted.n; k++) {
        bool sorted = false;
        for (size_t o = 0; o < q->order.n; o++)
            sorted |= q->order.items[o].expr == wanted.items[k];
        if (sorted)
            continue;
        if (skipped)
            return fail(a, written_at(list, &wanted, wanted.items[k]), ERR_INVALID_COLUMN_REFERENCE,
                        "SELECT DISTINCT ON expressions must match initial ORDER BY expressions");
        struct sort_key key = {.expr = wanted.items[k]};
        if (!sort_opers(a, key.expr->type, true, true, &key.less, NULL, NULL,
                        expr_location(key.expr)))
            return false;
        VEC_PUSH(a->arena, &q->distinct_on, key);
    }
    /* Without a full ORDER BY, rows come sorted by the ON expressions all the same. */
    if (q->order.n && q->order.n < q->distinct_on.n)
        for (size_t k = q->order.n; k < q->distinct_on.n; k++)
            VEC_PUSH(a->arena, &q->order, q->distinct_on.items[k]);
    return true;
}

bool transform_distinct(struct scope *s, const List *list, struct targets *targets)
{
    if (list_n(list) == 0)
        return true;
    if (list_at(list, 0) == NULL) /* plain DISTINCT is a list of one NULL */
        return transform_plain_distinct(s, targets);
    return transform_distinct_on(s, list, targets);
}

/* ---- LIMIT ---- */

static bool note_column(struct tree_walker *w, struct expr *e)
{
    if (e->kind == EXPR_COLUMN && e->column.levels_up == 0) {
        w->arg = e;
        return true;
    }
    return tree_children(w, e);
}

static const struct expr *first_column(struct tree_walker *w, const struct expr *e)
{
    w->arg = NULL;
    note_column(w, (struct expr *)(uintptr_t)e);
    return w->arg;
}

struct expr *transform_limit(struct scope *s, const Node *node, enum place place,
                             const char *construct, bool with_ties)
{
    struct analysis *a = s->a;
    if (!node)
        return NULL;
    struct expr *e = transform_expr(s, node, place);
    if (e)
        e = coerce_to_specific(a, e, a->int8, construct);
    if (!e)
        return NULL;
    struct tree_walker w = {.expr = note_column};
    const struct expr *column = first_column(&w, e);
    if (column)
        return fail_null(a, column->location, ERR_INVALID_COLUMN_REFERENCE,
                         "argument of %s must not contain variables", construct);
    if (with_ties && IS_NODE(node, A_Const) && ((const A_Const *)node)->isnull)
        return fail_null(a, -1, ERR_INVALID_ROW_COUNT_IN_LIMIT_CLAUSE,
                         "row count cannot be null in FETCH FIRST ... WITH TIES clause");
    return e;
}
