/* case.c - expressions whose result is of the common type of several others (CASE, COALESCE, GREATEST, LEAST, ARRAY[]), rows, and
 * the functions that SQL writes without parentheses (CURRENT_DATE ...). */
#include "sql/analysis.h"

/* Set-returning functions may not hide in expressions that evaluate some of their arguments only. */
static bool refuse_srf(struct scope *s, const struct expr *last_srf, const char *construct)
{
    if (s->last_srf == last_srf)
        return true;
    fail(s->a, expr_location(s->last_srf), ERR_FEATURE_NOT_SUPPORTED,
         "set-returning functions are not allowed in %s", construct);
    return fail_hint(
        s->a, "You might be able to move the set-returning function into a LATERAL FROM item.");
}

static struct expr *transform_case_when(struct scope *s, const CaseExpr *node)
{
    struct analysis *a = s->a;
    const struct expr *last_srf = s->last_srf;
    struct expr *test = NULL, *placeholder = NULL;
    struct exprs whens = {0}, results = {0};
    if (node->arg) {
        test = transform_node(s, (const Node *)node->arg);
        if (test && test->type->oid == TYPE_UNKNOWN)
            test = coerce_to_common(a, test, a->txt, "CASE");
        if (!test)
            return NULL;
        placeholder = expr_new(a, EXPR_CASE_TEST, test->type, -1);
        placeholder->typmod = test->typmod;
        placeholder->collation_oid = test->collation_oid;
    }
    VEC_PUSH(a->arena, &results, NULL); /* ELSE comes first in finding the type */
    for (int k = 0; k < list_n(node->args); k++) {
        const CaseWhen *when = list_at(node->args, k);
        struct expr *condition = transform_node(s, (const Node *)when->expr);
        if (condition && placeholder)
            condition = make_op_named(s, "=", placeholder, condition, when->location);
        if (condition)
            condition = coerce_to_boolean(a, condition, "CASE/WHEN");
        struct expr *result = condition ? transform_node(s, (const Node *)when->result) : NULL;
        if (!result)
            return NULL;
        VEC_PUSH(a->arena, &whens, condition);
        VEC_PUSH(a->arena, &results, result);
    }
    results.items[0] = node->defresult ? transform_node(s, (const Node *)node->defresult)
                                       : null_const(a, a->unknown, -1);
    if (!results.items[0])
        return NULL;
    const struct type *type = common_type(a, &results, "CASE", NULL);
    if (!type)
        return NULL;
    for (size_t k = 0; k < results.n; k++) {
        results.items[k] =
            coerce_to_common(a, results.items[k], type, k == 0 ? "CASE/ELSE" : "CASE/WHEN");
        if (!results.items[k])
            return NULL;
    }
    if (!refuse_srf(s, last_srf, "CASE"))
        return NULL;
    struct expr *e = expr_new(a, EXPR_CASE, type, node->location);
    e->case_.has_test = test != NULL;
    if (test)
        push_arg(a, e, test);
    for (size_t k = 0; k < whens.n; k++) {
        push_arg(a, e, whens.items[k]);
        push_arg(a, e, results.items[k + 1]);
    }
    push_arg(a, e, results.items[0]);
    e->typmod = common_typmod(results.items, results.n, type);
    return e;
}

/* COALESCE, GREATEST, LEAST */
static struct expr *transform_choice(struct scope *s, const List *args, enum expr_kind kind,
                                     const char *name, int location)
{
    struct analysis *a = s->a;
    const struct expr *last_srf = s->last_srf;
    struct expr *e = expr_new(a, kind, NULL, location);
    for (int k = 0; k < list_n(args); k++) {
        struct expr *arg = transform_node(s, list_at(args, k));
        if (!arg)
            return NULL;
        push_arg(a, e, arg);
    }
    e->type = common_type(a, &e->args, name, NULL);
    if (!e->type)
        return NULL;
    e->collation_oid = e->type->collation_oid;
    for (size_t k = 0; k < e->args.n; k++) {
        e->args.items[k] = coerce_to_common(a, e->args.items[k], e->type, name);
        if (!e->args.items[k])
            return NULL;
    }
    e->typmod = common_typmod(e->args.items, e->args.n, e->type);
    if (kind == EXPR_COALESCE && !refuse_srf(s, last_srf, name))
        return NULL;
    if (kind != EXPR_COALESCE && !catalog_btree_oper(a->catalog, e->type, 1))
        return fail_null(a, -1, ERR_UNDEFINED_FUNCTION,
                         "could not identify a comparison function for type %s",
                         type_text(a, e->type));
    return e;
}

#define ROW_FIELDS_MAX 1664

static struct expr *transform_row(struct scope *s, const RowExpr *node)
{
    struct analysis *a = s->a;
    struct expr *e = expr_new(a, EXPR_ROW, a->record, node->location);
    if (!transform_list(s, node->args, &e->args))
        return NULL;
    if (e->args.n > ROW_FIELDS_MAX)
        return fail_null(a, node->location, ERR_TOO_MANY_COLUMNS,
                         "ROW expressions can have at most %d entries", ROW_FIELDS_MAX);
    e->form = node->row_format == COERCE_EXPLICIT_CALL ? FORM_CALL : FORM_IMPLICIT_CAST;
    return e;
}

struct expr *transform_case(struct scope *s, const CaseExpr *node)
{
    switch ((int)TAG_OF(node)) {
    case T_CoalesceExpr: {
        const CoalesceExpr *c = (const CoalesceExpr *)(const void *)node;
        return transform_choice(s, c->args, EXPR_COALESCE, "COALESCE", c->location);
    }
    case T_MinMaxExpr: {
        const MinMaxExpr *m = (const MinMaxExpr *)(const void *)node;
        bool greatest = m->op == IS_GREATEST;
        return transform_choice(s, m->args, greatest ? EXPR_GREATEST : EXPR_LEAST,
                                greatest ? "GREATEST" : "LEAST", m->location);
    }
    case T_RowExpr:
        return transform_row(s, (const RowExpr *)(const void *)node);
    default:
        return transform_case_when(s, node);
    }
}

/* ---- ARRAY[...] ---- */

static bool array_elements(struct scope *s, const A_ArrayExpr *node, const struct type *array,
                           const struct type *elem, int32_t typmod, struct expr *e)
{
    for (int k = 0; k < list_n(node->elements); k++) {
        const Node *item = list_at(node->elements, k);
        struct expr *x;
        if (IS_NODE(item, A_ArrayExpr)) {
            x = transform_array(s, (const A_ArrayExpr *)item, array, elem, typmod);
            e->array_nested = true;
        } else {
            x = transform_node(s, item);
            if (x && is_true_array(x->type))
                e->array_nested = true;
        }
        if (!x)
            return false;
        push_arg(s->a, e, x);
    }
    return true;
}

struct expr *transform_array(struct scope *s, const A_ArrayExpr *node, const struct type *array,
                             const struct type *elem, int32_t typmod)
{
    struct analysis *a = s->a;
    struct expr *e = expr_new(a, EXPR_ARRAY, array, node->location);
    if (!array_elements(s, node, array, elem, typmod, e))
        return NULL;
    const struct type *item_type;
    if (array) {
        item_type = e->array_nested ? array : elem;
    } else {
        if (e->args.n == 0) {
            fail(a, node->location, ERR_INDETERMINATE_DATATYPE,
                 "cannot determine type of empty array");
            fail_hint(a, "Explicitly cast to the desired type, for example ARRAY[]::integer[].");
            return NULL;
        }
        item_type = common_type(a, &e->args, "ARRAY", NULL);
        if (!item_type)
            return NULL;
        e->type = e->array_nested ? item_type : array_type_of(a, item_type);
        if (!e->type)
            return fail_null(a, node->location, ERR_UNDEFINED_OBJECT,
                             "could not find array type for data type %s", type_text(a, item_type));
        if (e->array_nested && !element_type(item_type))
            return fail_null(a, node->location, ERR_UNDEFINED_OBJECT,
                             "could not find element type for data type %s",
                             type_text(a, item_type));
    }
    for (size_t k = 0; k < e->args.n; k++) {
        struct expr *item = e->args.items[k];
        struct expr *cast =
            array ? coerce_to(a, item, item_type, typmod, CAST_EXPLICIT, FORM_EXPLICIT_CAST, -1)
                  : coerce_to_common(a, item, item_type, "ARRAY");
        if (!cast)
            return FAILED(a) ? NULL
                             : fail_null(a, expr_location(item), ERR_CANNOT_COERCE,
                                         "cannot cast type %s to %s", type_text(a, item->type),
                                         type_text(a, item_type));
        e->args.items[k] = cast;
    }
    e->typmod = common_typmod(e->args.items, e->args.n, item_type);
    e->collation_oid = e->type->collation_oid;
    return e;
}

/* ---- CURRENT_DATE and its kin ---- */

struct expr *transform_sql_value(struct scope *s, const SQLValueFunction *node)
{
    struct analysis *a = s->a;
    uint32_t type;
    switch (node->op) {
    case SVFOP_CURRENT_DATE:
        type = TYPE_DATE;
        break;
    case SVFOP_CURRENT_TIME:
    case SVFOP_CURRENT_TIME_N:
        type = TYPE_TIMETZ;
        break;
    case SVFOP_CURRENT_TIMESTAMP:
    case SVFOP_CURRENT_TIMESTAMP_N:
        type = TYPE_TIMESTAMPTZ;
        break;
    case SVFOP_LOCALTIME:
    case SVFOP_LOCALTIME_N:
        type = TYPE_TIME;
        break;
    case SVFOP_LOCALTIMESTAMP:
    case SVFOP_LOCALTIMESTAMP_N:
        type = TYPE_TIMESTAMP;
        break;
    default:
        type = TYPE_NAME;
    }
    struct expr *e = expr_new(a, EXPR_SQL_VALUE, type_by_oid(a, type), node->location);
    e->sql_value.kind = (int)node->op;
    e->sql_value.typmod = -1;
    if (node->typmod >= 0)
        e->sql_value.typmod = e->typmod = MIN(node->typmod, 6);
    return e;
}
