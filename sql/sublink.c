/* sublink.c - sub-selects in expressions: EXISTS, IN, ANY, ALL, scalar, row and ARRAY sub-selects. */
#include "sql/analysis.h"

#include <string.h>

static int visible_columns(const struct query *query)
{
    const struct targets *targets =
        query->command == CMD_SELECT_ ? &query->targets : &query->returning;
    int n = 0;
    for (size_t k = 0; k < targets->n; k++)
        n += !targets->items[k].junk;
    return n;
}

/* ARRAY(select): of arrays, it is an array of more dimensions. */
static const struct type *array_of(struct analysis *a, const struct type *elem)
{
    return is_true_array(elem) ? elem : array_type_of(a, elem);
}

static struct expr *single_column(struct scope *s, struct expr *e, bool is_array, int location)
{
    struct analysis *a = s->a;
    if (visible_columns(e->sublink.query) != 1)
        return fail_null(a, location, ERR_SYNTAX_ERROR, "subquery must return only one column");
    const struct expr *target = e->sublink.query->targets.items[0].expr;
    e->sublink.kind = is_array ? SUBLINK_ARRAY : SUBLINK_SCALAR;
    e->type = is_array ? array_of(a, target->type) : target->type;
    if (!e->type)
        return fail_null(a, location, ERR_UNDEFINED_OBJECT,
                         "could not find array type for data type %s", type_text(a, target->type));
    e->typmod = target->typmod;
    e->collation_oid = target->collation_oid;
    return e;
}

/* Takes a comparison of left columns with the sub-select's apart, into one operator per column. */
static void take_comparison(struct analysis *a, struct expr *e, struct expr *comparison, int n)
{
    e->sublink.n_columns = n;
    e->sublink.ops = ARENA_ARRAY(a->arena, const struct oper *, n);
    e->sublink.impls = ARENA_ARRAY(a->arena, func_impl, n);
    e->sublink.left = ARENA_ARRAY(a->arena, struct expr *, n);
    e->sublink.right = ARENA_ARRAY(a->arena, struct expr *, n);
    if (comparison->kind == EXPR_ROW_COMPARE) {
        e->sublink.row_op = comparison->row_compare.op;
        for (int k = 0; k < n; k++) {
            e->sublink.ops[k] = comparison->row_compare.ops[k];
            e->sublink.impls[k] = comparison->row_compare.impls[k];
            e->sublink.left[k] = comparison->args.items[k];
            e->sublink.right[k] = comparison->args.items[n + k];
        }
        return;
    }
    e->sublink.row_op =
        n > 1 && comparison->kind == EXPR_OR ? 6 : 3; /* one column: just its operator */
    for (int k = 0; k < n; k++) {
        struct expr *pair = n == 1 ? comparison : comparison->args.items[k];
        e->sublink.ops[k] = pair->func.op;
        e->sublink.impls[k] = pair->func.impl;
        e->sublink.left[k] = pair->args.items[0];
        e->sublink.right[k] = pair->args.items[1];
    }
}

static struct expr *compared(struct scope *s, struct expr *e, const SubLink *node)
{
    struct analysis *a = s->a;
    String equal_string = {.type = T_String, .sval = (char *)(uintptr_t) "="};
    ListCell equal_cell = {.ptr_value = &equal_string};
    List equal = {.type = T_List, .length = 1, .max_length = 1, .elements = &equal_cell};
    const List *name = node->operName ? node->operName : &equal;
    struct exprs left = {0}, right = {0};
    struct expr *test = transform_node(s, node->testexpr);
    if (!test)
        return NULL;
    if (test->kind == EXPR_ROW && IS_NODE(node->testexpr, RowExpr))
        left = test->args;
    else
        VEC_PUSH(a->arena, &left, test);
    const struct targets *targets = &e->sublink.query->targets;
    for (size_t k = 0; k < targets->n; k++) {
        if (targets->items[k].junk)
            continue;
        struct expr *slot = expr_new(a, EXPR_SLOT, targets->items[k].expr->type, -1);
        slot->typmod = targets->items[k].expr->typmod;
        slot->collation_oid = targets->items[k].expr->collation_oid;
        slot->slot.index = (int)right.n;
        VEC_PUSH(a->arena, &right, slot);
    }
    if (left.n < right.n)
        return fail_null(a, node->location, ERR_SYNTAX_ERROR, "subquery has too many columns");
    if (left.n > right.n)
        return fail_null(a, node->location, ERR_SYNTAX_ERROR, "subquery has too few columns");
    struct expr *comparison = make_row_comparison(s, name, &left, &right, node->location);
    if (!comparison)
        return NULL;
    take_comparison(a, e, comparison, (int)left.n);
    e->type = a->boolean;
    return e;
}

struct expr *transform_sublink(struct scope *s, const SubLink *node)
{
    struct analysis *a = s->a;
    if (!place_allows(s, s->place, USE_SUBQUERY, node->location))
        return NULL;
    struct expr *e = expr_new(a, EXPR_SUBLINK, a->boolean, node->location);
    e->sublink.query = transform_statement(a, s, node->subselect, ENTRY_SUBLINK, NULL, false);
    if (!e->sublink.query)
        return NULL;
    if (s->query)
        s->query->has_sublinks = true;
    switch (node->subLinkType) {
    case EXISTS_SUBLINK:
        e->sublink.kind = SUBLINK_EXISTS;
        return e;
    case PG_EXPR_SUBLINK:
        return single_column(s, e, false, node->location);
    case ARRAY_SUBLINK:
        return single_column(s, e, true, node->location);
    case ANY_SUBLINK:
        e->sublink.kind = SUBLINK_ANY;
        return compared(s, e, node);
    case ALL_SUBLINK:
        e->sublink.kind = SUBLINK_ALL;
        return compared(s, e, node);
    case ROWCOMPARE_SUBLINK:
        e->sublink.kind = SUBLINK_ROW;
        return compared(s, e, node);
    default:
        return fail_null(a, node->location, ERR_FEATURE_NOT_SUPPORTED,
                         "this kind of sub-select is not supported here");
    }
}
