/* expr.c - expressions: constants, operators, IN, BETWEEN, logic and tests; the other kinds are in case.c, subscript.c, sublink.c,
 * func.c, agg.c, window.c.
 *
 * Every call of transform_node() goes through a stack check, since the depth of an expression is the client's choice. */
#include "sql/analysis.h"
#include "sql/normalize.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- constants ---- */

static struct expr *number_const(struct analysis *a, const char *digits, int location)
{
    char *end;
    errno = 0;
    long long value = strtoll(digits, &end, 10);
    if (!errno && !*end && end != digits) {
        bool small = value == (int32_t)value;
        return const_new(a, small ? a->int4 : a->int8, datum_int(value), location);
    }
    const struct type *numeric = type_by_oid(a, TYPE_NUMERIC);
    struct type_io io = analysis_io(a, numeric, -1);
    struct expr *e = const_new(a, numeric, datum_null(), location);
    if (!type_in(&io, digits, strlen(digits), &e->value)) {
        set_position(a, location);
        return NULL;
    }
    return e;
}

static struct expr *bit_const(struct analysis *a, const char *text, int location)
{
    const struct type *bit = type_by_oid(a, TYPE_BIT);
    struct type_io io = analysis_io(a, bit, -1);
    struct expr *e = const_new(a, bit, datum_null(), location);
    if (!type_in(&io, text, strlen(text), &e->value)) {
        set_position(a, location);
        return NULL;
    }
    return e;
}

/* The literal of normalize.h that stands at this byte, -1 none. */
static int literal_at(const struct normalized *literals, int location)
{
    int low = 0, high = literals->n - 1;
    while (low <= high) {
        int middle = (low + high) / 2;
        int at = (int)literals->items[middle].offset;
        if (at == location)
            return middle;
        if (at < location)
            low = middle + 1;
        else
            high = middle - 1;
    }
    return -1;
}

/* A constant that may differ from one statement to the next like it: a parameter in its stead. */
static struct expr *as_parameter(struct analysis *a, struct expr *constant)
{
    const struct analyze_context *context = a->context;
    int location = constant->location, index;
    bool negated = false;
    if (constant->value.null || location < 0 || !a->text)
        return constant;
    index = literal_at(context->literals, location);
    if (index < 0 && a->text[location] == '-') {
        int at = location + 1;
        while (a->text[at] == ' ')
            at++;
        index = literal_at(context->literals, at);
        negated = index >= 0;
    }
    if (index < 0)
        return constant;
    const struct literal *literal = &context->literals->items[index];
    bool is_string = literal->kind == LITERAL_STRING, again = context->literal_uses[index].free;
    /* -2147483648 is an int4, 2147483648 is not: a sign may change the type of large integers. */
    if (literal->kind == LITERAL_BIG || (negated && literal->kind == LITERAL_INT8))
        return constant;
    /* BETWEEN looks at its operand twice; the second time a string should be as untyped as the first. */
    if (is_string && again)
        return fail_null(a, location, ERR_INDETERMINATE_DATATYPE, "literal is used twice");
    ParamRef ref = {.type = T_ParamRef, .number = index + 1, .location = location};
    struct scope s = {.a = a};
    struct expr *param = transform_param(&s, &ref);
    if (!param)
        return NULL;
    context->literal_uses[index] = (struct literal_use){.free = true, .negated = negated};
    if (!is_string) {
        context->param_types[index] = constant->type;
        param->type = constant->type;
    }
    return param;
}

static struct expr *make_const(struct analysis *a, const A_Const *node)
{
    if (node->isnull)
        return const_new(a, a->unknown, datum_null(), node->location);
    switch ((int)TAG_OF(&node->val.node)) {
    case T_Integer:
        return const_new(a, a->int4, datum_int(node->val.ival.ival), node->location);
    case T_Float:
        return number_const(a, node->val.fval.fval, node->location);
    case T_Boolean:
        return const_new(a, a->boolean, datum_bool(node->val.boolval.boolval), node->location);
    case T_BitString:
        return bit_const(a, node->val.bsval.bsval, node->location);
    default: {
        const char *text = node->val.sval.sval;
        size_t n = strlen(text);
        return const_new(a, a->unknown, datum_bytes(arena_strndup(a->arena, text, n), n),
                         node->location);
    }
    }
}

static struct expr *transform_const(struct scope *s, const A_Const *node)
{
    struct expr *e = make_const(s->a, node);
    return e && UNLIKELY(s->a->context->literals != NULL) ? as_parameter(s->a, e) : e;
}

static bool is_null_literal(const Node *node)
{
    return IS_NODE(node, A_Const) && ((const A_Const *)node)->isnull;
}

/* ---- operators ---- */

static bool row_fields(struct scope *s, const RowExpr *row, struct exprs *out)
{
    return transform_list(s, row->args, out);
}

static struct expr *transform_op(struct scope *s, const A_Expr *node)
{
    const Node *l = node->lexpr, *r = node->rexpr;
    if (IS_NODE(l, RowExpr) && IS_NODE(r, SubLink) &&
        ((const SubLink *)r)->subLinkType == PG_EXPR_SUBLINK) {
        SubLink row = *(const SubLink *)r;
        row.subLinkType = ROWCOMPARE_SUBLINK;
        row.testexpr = node->lexpr;
        row.operName = node->name;
        row.location = node->location;
        return transform_sublink(s, &row);
    }
    if (IS_NODE(l, RowExpr) && IS_NODE(r, RowExpr)) {
        struct exprs left = {0}, right = {0};
        if (!row_fields(s, (const RowExpr *)l, &left) || !row_fields(s, (const RowExpr *)r, &right))
            return NULL;
        return make_row_comparison(s, node->name, &left, &right, node->location);
    }
    struct expr *left = l ? transform_node(s, l) : NULL;
    if (l && !left)
        return NULL;
    struct expr *right = r ? transform_node(s, r) : NULL;
    if (r && !right)
        return NULL;
    return make_op(s, node->name, left, right, node->location);
}

static struct expr *transform_op_any_all(struct scope *s, const A_Expr *node)
{
    struct expr *left = transform_node(s, node->lexpr),
                *right = left ? transform_node(s, node->rexpr) : NULL;
    return right ? make_any_all(s, node->name, node->kind == AEXPR_OP_ANY, left, right,
                                node->location)
                 : NULL;
}

static struct expr *row_distinct(struct scope *s, const A_Expr *node)
{
    struct exprs left = {0}, right = {0};
    if (!row_fields(s, (const RowExpr *)node->lexpr, &left) ||
        !row_fields(s, (const RowExpr *)node->rexpr, &right))
        return NULL;
    if (left.n != right.n)
        return fail_null(s->a, node->location, ERR_SYNTAX_ERROR,
                         "unequal number of entries in row expressions");
    if (left.n == 0)
        return const_new(s->a, s->a->boolean, datum_bool(false), node->location);
    struct expr *any = expr_new(s->a, EXPR_OR, s->a->boolean, node->location);
    for (size_t k = 0; k < left.n; k++) {
        struct expr *one =
            make_distinct(s, node->name, left.items[k], right.items[k], node->location);
        if (!one)
            return NULL;
        push_arg(s->a, any, one);
    }
    return left.n == 1 ? any->args.items[0] : any;
}

static struct expr *transform_distinct_from(struct scope *s, const A_Expr *node)
{
    bool distinct = node->kind == AEXPR_DISTINCT;
    struct expr *e;
    if (is_null_literal(node->rexpr) || is_null_literal(node->lexpr)) {
        struct expr *arg =
            transform_node(s, is_null_literal(node->rexpr) ? node->lexpr : node->rexpr);
        return arg ? bool_expr(s->a, distinct ? EXPR_IS_NOT_NULL : EXPR_IS_NULL, arg, NULL,
                               node->location)
                   : NULL;
    }
    if (IS_NODE(node->lexpr, RowExpr) && IS_NODE(node->rexpr, RowExpr)) {
        e = row_distinct(s, node);
    } else {
        struct expr *left = transform_node(s, node->lexpr),
                    *right = left ? transform_node(s, node->rexpr) : NULL;
        e = right ? make_distinct(s, node->name, left, right, node->location) : NULL;
    }
    if (!e || distinct)
        return e;
    return bool_expr(s->a, EXPR_NOT, e, NULL, node->location);
}

static struct expr *transform_nullif(struct scope *s, const A_Expr *node)
{
    struct expr *left = transform_node(s, node->lexpr),
                *right = left ? transform_node(s, node->rexpr) : NULL;
    struct expr *e = right ? make_op(s, node->name, left, right, node->location) : NULL;
    if (!e)
        return NULL;
    if (e->type != s->a->boolean)
        return fail_null(s->a, node->location, ERR_DATATYPE_MISMATCH,
                         "NULLIF requires = operator to yield boolean");
    if (e->func.proc->returns_set)
        return fail_null(s->a, node->location, ERR_DATATYPE_MISMATCH,
                         "NULLIF must not return a set");
    e->kind = EXPR_NULLIF;
    e->type = e->args.items[0]->type;
    e->typmod = e->args.items[0]->typmod;
    e->collation_oid = e->args.items[0]->collation_oid;
    return e;
}

/* x IN (1, 2, y): the items without columns become = ANY (ARRAY[...]) when they have a common type; the others one comparison each. */
static struct expr *in_array(struct scope *s, const A_Expr *node, bool is_in, struct expr *left,
                             const struct exprs *items)
{
    struct analysis *a = s->a;
    struct exprs all = {0};
    VEC_PUSH(a->arena, &all, left);
    for (size_t k = 0; k < items->n; k++)
        VEC_PUSH(a->arena, &all, items->items[k]);
    const struct type *type = common_type_of(a, all.items, all.n, NULL, NULL);
    if (!type || !common_verified(a, type, all.items, all.n) || type->oid == TYPE_RECORD)
        return NULL;
    const struct type *array_type = array_type_of(a, type);
    if (!array_type)
        return NULL;
    struct expr *array = expr_new(a, EXPR_ARRAY, array_type, -1);
    for (size_t k = 0; k < items->n; k++) {
        struct expr *item = coerce_to_common(a, items->items[k], type, "IN");
        if (!item)
            return NULL;
        push_arg(a, array, item);
    }
    return make_any_all(s, node->name, is_in, left, array, node->location);
}

static struct expr *in_comparison(struct scope *s, const A_Expr *node, struct expr *left,
                                  struct expr *item)
{
    struct expr *e;
    if (left->kind == EXPR_ROW && item->kind == EXPR_ROW) {
        struct exprs l = left->args, r = item->args;
        e = make_row_comparison(s, node->name, &l, &r, node->location);
    } else {
        e = make_op(s, node->name, left, item, node->location);
    }
    return e ? coerce_to_boolean(s->a, e, "IN") : NULL;
}

struct expr *transform_in(struct scope *s, const A_Expr *node)
{
    struct analysis *a = s->a;
    bool is_in = strcmp(list_str(node->name, 0), "<>") != 0;
    const List *list = (const List *)node->rexpr;
    struct expr *left = transform_node(s, node->lexpr), *result = NULL;
    struct exprs items = {0}, with_columns = {0}, without = {0};
    if (!left)
        return NULL;
    for (int k = 0; k < list_n(list); k++) {
        struct expr *item = transform_node(s, list_at(list, k));
        if (!item)
            return NULL;
        VEC_PUSH(a->arena, &items, item);
        if (item->kind != EXPR_CONST && has_column_refs(item, 0))
            VEC_PUSH(a->arena, &with_columns, item);
        else
            VEC_PUSH(a->arena, &without, item);
    }
    if (without.n > 1) {
        result = in_array(s, node, is_in, left, &without);
        if (FAILED(a))
            return NULL;
    }
    struct exprs rest = result ? with_columns : items;
    struct expr *all = expr_new(a, is_in ? EXPR_OR : EXPR_AND, a->boolean, node->location);
    if (result)
        push_arg(a, all, result);
    for (size_t k = 0; k < rest.n; k++) {
        struct expr *own = all->args.n ? tree_copy(a->arena, left) : left;
        struct expr *one = in_comparison(s, node, own, rest.items[k]);
        if (!one)
            return NULL;
        push_arg(a, all, one);
    }
    return all->args.n == 1 ? all->args.items[0] : all;
}

static struct expr *compare_raw(struct scope *s, const char *op, const Node *l, const Node *r,
                                int location)
{
    String string = {.type = T_String, .sval = (char *)(uintptr_t)op};
    ListCell cell = {.ptr_value = &string};
    List name = {.type = T_List, .length = 1, .max_length = 1, .elements = &cell};
    A_Expr node = {.type = T_A_Expr,
                   .kind = AEXPR_OP,
                   .name = &name,
                   .lexpr = (Node *)(uintptr_t)l,
                   .rexpr = (Node *)(uintptr_t)r,
                   .location = location};
    return transform_op(s, &node);
}

/* a BETWEEN b AND c is a >= b AND a <= c, whatever types these three are. */
static struct expr *between_pair(struct scope *s, const A_Expr *node, bool is_not, int low,
                                 int high)
{
    const List *bounds = (const List *)node->rexpr;
    struct expr *l =
        compare_raw(s, is_not ? "<" : ">=", node->lexpr, list_at(bounds, low), node->location);
    struct expr *r =
        l ? compare_raw(s, is_not ? ">" : "<=", node->lexpr, list_at(bounds, high), node->location)
          : NULL;
    if (r)
        l = coerce_to_boolean(s->a, l, is_not ? "OR" : "AND");
    if (r && l)
        r = coerce_to_boolean(s->a, r, is_not ? "OR" : "AND");
    return r && l ? bool_expr(s->a, is_not ? EXPR_OR : EXPR_AND, l, r, node->location) : NULL;
}

struct expr *transform_between(struct scope *s, const A_Expr *node)
{
    bool is_not = node->kind == AEXPR_NOT_BETWEEN || node->kind == AEXPR_NOT_BETWEEN_SYM;
    struct expr *forward = between_pair(s, node, is_not, 0, 1);
    if (!forward || node->kind == AEXPR_BETWEEN || node->kind == AEXPR_NOT_BETWEEN)
        return forward;
    struct expr *backward = between_pair(s, node, is_not, 1, 0);
    return backward
               ? bool_expr(s->a, is_not ? EXPR_AND : EXPR_OR, forward, backward, node->location)
               : NULL;
}

static struct expr *transform_a_expr(struct scope *s, const A_Expr *node)
{
    switch (node->kind) {
    case AEXPR_OP:
    case AEXPR_LIKE:
    case AEXPR_ILIKE:
    case AEXPR_SIMILAR:
        return transform_op(s, node);
    case AEXPR_OP_ANY:
    case AEXPR_OP_ALL:
        return transform_op_any_all(s, node);
    case AEXPR_DISTINCT:
    case AEXPR_NOT_DISTINCT:
        return transform_distinct_from(s, node);
    case AEXPR_NULLIF:
        return transform_nullif(s, node);
    case AEXPR_IN:
        return transform_in(s, node);
    case AEXPR_BETWEEN:
    case AEXPR_NOT_BETWEEN:
    case AEXPR_BETWEEN_SYM:
    case AEXPR_NOT_BETWEEN_SYM:
        return transform_between(s, node);
    }
    return fail_null(s->a, node->location, ERR_INTERNAL_ERROR, "unrecognized A_Expr kind: %d",
                     (int)node->kind);
}

/* ---- logic and tests ---- */

static struct expr *transform_bool(struct scope *s, const BoolExpr *node)
{
    static const struct {
        enum expr_kind kind;
        const char *name;
    } ops[] = {[AND_EXPR] = {EXPR_AND, "AND"},
               [OR_EXPR] = {EXPR_OR, "OR"},
               [NOT_EXPR] = {EXPR_NOT, "NOT"}};
    struct expr *e = expr_new(s->a, ops[node->boolop].kind, s->a->boolean, node->location);
    for (int k = 0; k < list_n(node->args); k++) {
        struct expr *arg = transform_node(s, list_at(node->args, k));
        if (arg)
            arg = coerce_to_boolean(s->a, arg, ops[node->boolop].name);
        if (!arg)
            return NULL;
        push_arg(s->a, e, arg);
    }
    return e;
}

static struct expr *transform_null_test(struct scope *s, const NullTest *node)
{
    struct expr *arg = transform_node(s, (const Node *)node->arg);
    return arg ? bool_expr(s->a, node->nulltesttype == IS_NULL ? EXPR_IS_NULL : EXPR_IS_NOT_NULL,
                           arg, NULL, node->location)
               : NULL;
}

static struct expr *transform_truth_test(struct scope *s, const BooleanTest *node)
{
    static const struct {
        enum expr_kind kind;
        const char *name;
    } tests[] = {
        [IS_TRUE] = {EXPR_IS_TRUE, "IS TRUE"},
        [IS_NOT_TRUE] = {EXPR_IS_NOT_TRUE, "IS NOT TRUE"},
        [IS_FALSE] = {EXPR_IS_FALSE, "IS FALSE"},
        [IS_NOT_FALSE] = {EXPR_IS_NOT_FALSE, "IS NOT FALSE"},
        [IS_UNKNOWN] = {EXPR_IS_UNKNOWN, "IS UNKNOWN"},
        [IS_NOT_UNKNOWN] = {EXPR_IS_NOT_UNKNOWN, "IS NOT UNKNOWN"},
    };
    struct expr *arg = transform_node(s, (const Node *)node->arg);
    if (arg)
        arg = coerce_to_boolean(s->a, arg, tests[node->booltesttype].name);
    return arg ? bool_expr(s->a, tests[node->booltesttype].kind, arg, NULL, node->location) : NULL;
}

/* ---- casts and collations ---- */

struct expr *transform_type_cast(struct scope *s, const TypeCast *node)
{
    struct analysis *a = s->a;
    const struct type *type;
    int32_t typmod;
    struct expr *arg = NULL;
    /* libpg_query's grammar takes `date $1` for a literal; PostgreSQL's does not. */
    if (IS_NODE(node->arg, ParamRef)) {
        const ParamRef *param = (const ParamRef *)node->arg;
        if (node->typeName->location >= 0 && node->typeName->location < param->location)
            return fail_null(a, param->location, ERR_SYNTAX_ERROR,
                             "syntax error at or near \"$%d\"", param->number);
    }
    if (!resolve_type_name(a, node->typeName, &type, &typmod))
        return NULL;
    if (IS_NODE(node->arg, A_ArrayExpr)) {
        int32_t base_typmod = typmod;
        const struct type *base = base_type_mod(type, &base_typmod), *elem = element_type(base);
        if (elem)
            arg = transform_array(s, (const A_ArrayExpr *)node->arg, base, elem, base_typmod);
        else
            arg = transform_node(s, node->arg);
    } else if (typmod >= 0 && base_type(type)->oid == TYPE_INTERVAL &&
               IS_NODE(node->arg, A_Const)) {
        arg = make_const(
            a, (const A_Const *)node->arg); /* the modifier decides how the text is read */
    } else {
        arg = transform_node(s, node->arg);
    }
    if (!arg)
        return NULL;
    int location = node->location >= 0 ? node->location : node->typeName->location;
    struct expr *cast =
        coerce_to(a, arg, type, typmod, CAST_EXPLICIT, FORM_EXPLICIT_CAST, location);
    if (!cast && !FAILED(a))
        fail(a, location, ERR_CANNOT_COERCE, "cannot cast type %s to %s", type_text(a, arg->type),
             type_text(a, type));
    return cast;
}

/* Text is ordered by its bytes here, so the collations that do just that are the ones there are. */
bool collation_by_name(struct analysis *a, const List *name, int location, uint32_t *oid)
{
    static const struct {
        const char *name;
        uint32_t oid;
    } collations[] = {{"default", 100},     {"C", 950},         {"POSIX", 951},
                      {"ucs_basic", 12340}, {"C.UTF-8", 12341}, {"C.utf8", 12341}};
    const char *own = list_str(name, list_n(name) - 1);
    for (size_t k = 0; k < ARRAY_COUNT(collations); k++)
        if (strcmp(own, collations[k].name) == 0) {
            *oid = collations[k].oid;
            return true;
        }
    size_t n = strlen(own);
    if (strchr(own, '_') || (n > 6 && strcmp(own + n - 6, "-x-icu") == 0))
        return fail(a, location, ERR_FEATURE_NOT_SUPPORTED, "collation \"%s\" is not supported",
                    own);
    return fail(a, location, ERR_UNDEFINED_OBJECT,
                "collation \"%s\" for encoding \"UTF8\" does not exist", name_list_text(a, name));
}

static struct expr *transform_collate(struct scope *s, const CollateClause *node)
{
    struct analysis *a = s->a;
    struct expr *arg = transform_node(s, node->arg);
    if (!arg)
        return NULL;
    if (!arg->type->collation_oid && arg->type->oid != TYPE_UNKNOWN)
        return fail_null(a, node->location, ERR_DATATYPE_MISMATCH,
                         "collations are not supported by type %s", type_text(a, arg->type));
    struct expr *e = expr_new(a, EXPR_RELABEL, arg->type, node->location);
    e->typmod = arg->typmod;
    if (!collation_by_name(a, node->collname, node->location, &e->collation_oid))
        return NULL;
    push_arg(a, e, arg);
    a->collate_seen = true;
    return e;
}

/* ---- all kinds ---- */

static struct expr *transform_other(struct scope *s, const Node *node)
{
    struct analysis *a = s->a;
    switch ((int)TAG_OF(node)) {
    case T_A_Indirection: {
        const A_Indirection *indirection = (const A_Indirection *)node;
        struct expr *base = transform_node(s, indirection->arg);
        return base ? transform_indirection(s, base, indirection->indirection, NULL, -1) : NULL;
    }
    case T_A_ArrayExpr:
        return transform_array(s, (const A_ArrayExpr *)node, NULL, NULL, -1);
    case T_CollateClause:
        return transform_collate(s, (const CollateClause *)node);
    case T_GroupingFunc:
        return transform_grouping(s, (const GroupingFunc *)node);
    case T_SetToDefault:
        return fail_null(a, ((const SetToDefault *)node)->location, ERR_SYNTAX_ERROR,
                         "DEFAULT is not allowed in this context");
    case T_CurrentOfExpr:
        return fail_null(a, -1, ERR_FEATURE_NOT_SUPPORTED, "WHERE CURRENT OF is not supported");
    case T_XmlExpr:
        return fail_null(a, ((const XmlExpr *)node)->location, ERR_FEATURE_NOT_SUPPORTED,
                         "XML functions are not supported");
    case T_XmlSerialize:
        return fail_null(a, ((const XmlSerialize *)node)->location, ERR_FEATURE_NOT_SUPPORTED,
                         "XMLSERIALIZE is not supported");
    case T_List:
        return fail_null(a, -1, ERR_SYNTAX_ERROR, "a list of expressions is not allowed here");
    default:
        return fail_null(a, -1, ERR_FEATURE_NOT_SUPPORTED,
                         "this kind of expression is not supported");
    }
}

struct expr *transform_node(struct scope *s, const Node *node)
{
    if (UNLIKELY(!depth_check(s->a)))
        return NULL;
    switch ((int)TAG_OF(node)) {
    case T_ColumnRef:
        return transform_column_ref(s, (const ColumnRef *)node);
    case T_A_Const:
        return transform_const(s, (const A_Const *)node);
    case T_ParamRef:
        return transform_param(s, (const ParamRef *)node);
    case T_A_Expr:
        return transform_a_expr(s, (const A_Expr *)node);
    case T_FuncCall:
        return transform_call(s, (const FuncCall *)node);
    case T_BoolExpr:
        return transform_bool(s, (const BoolExpr *)node);
    case T_TypeCast:
        return transform_type_cast(s, (const TypeCast *)node);
    case T_NullTest:
        return transform_null_test(s, (const NullTest *)node);
    case T_BooleanTest:
        return transform_truth_test(s, (const BooleanTest *)node);
    case T_SubLink:
        return transform_sublink(s, (const SubLink *)node);
    case T_SQLValueFunction:
        return transform_sql_value(s, (const SQLValueFunction *)node);
    case T_CaseExpr:
    case T_CoalesceExpr:
    case T_MinMaxExpr:
    case T_RowExpr:
        return transform_case(s, (const CaseExpr *)node);
    default:
        return transform_other(s, node);
    }
}

struct expr *transform_expr(struct scope *s, const Node *node, enum place place)
{
    enum place before = s->place;
    s->place = place;
    struct expr *e = transform_node(s, node);
    s->place = before;
    return e;
}

struct expr *transform_boolean(struct scope *s, const Node *node, enum place place,
                               const char *construct)
{
    struct expr *e = transform_expr(s, node, place);
    return e ? coerce_to_boolean(s->a, e, construct) : NULL;
}

/* The items of a list of expressions; t.* and (row).* give their columns. */
bool transform_list(struct scope *s, const List *list, struct exprs *out)
{
    for (int k = 0; k < list_n(list); k++) {
        const Node *node = list_at(list, k);
        if (IS_NODE(node, ColumnRef)) {
            const ColumnRef *ref = (const ColumnRef *)node;
            if (IS_NODE(list_at(ref->fields, list_n(ref->fields) - 1), A_Star)) {
                struct names names = {0};
                if (!expand_star(s, ref, out, &names))
                    return false;
                continue;
            }
        } else if (IS_NODE(node, A_Indirection)) {
            const A_Indirection *ind = (const A_Indirection *)node;
            int n = list_n(ind->indirection);
            if (IS_NODE(list_at(ind->indirection, n - 1), A_Star)) {
                List prefix = *ind->indirection;
                prefix.length = n - 1;
                struct names names = {0};
                struct expr *row = transform_node(s, ind->arg);
                if (row && n > 1)
                    row = transform_indirection(s, row, &prefix, NULL, -1);
                if (!row || !expand_row_star(s, row, out, &names, -1))
                    return false;
                continue;
            }
        }
        struct expr *e = transform_node(s, node);
        if (!e)
            return false;
        VEC_PUSH(s->a->arena, out, e);
    }
    return true;
}
