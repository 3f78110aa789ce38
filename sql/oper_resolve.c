/* oper_resolve.c - which operator a symbol means for given operand types, and expressions made with it.
 *
 * The manual's "Operator Type Resolution": an exact match first, where an unknown literal is taken to have the other operand's
 * type; else the function rules over all operators of that name.  The operators of rows and of arrays (ANY, ALL) are made of these. */
#include "sql/analysis.h"

#include <string.h>

static const struct namespace *schema_of(struct analysis *a, const List *name)
{
    return list_n(name) > 1
               ? catalog_namespace_by_name(a->catalog, list_str(name, list_n(name) - 2))
               : NULL;
}

static const struct oper *exact(const struct oper *const *opers, size_t n, uint32_t left,
                                uint32_t right, const struct namespace *schema)
{
    for (size_t k = 0; k < n; k++)
        if (opers[k]->left_type == left && opers[k]->right_type == right &&
            (!schema || opers[k]->namespace_oid == schema->oid))
            return opers[k];
    return NULL;
}

static const struct oper *exact_binary(const struct oper *const *opers, size_t n,
                                       const struct type *left, const struct type *right,
                                       const struct namespace *schema)
{
    bool was_unknown = left->oid == TYPE_UNKNOWN || right->oid == TYPE_UNKNOWN;
    if (left->oid == TYPE_UNKNOWN)
        left = right;
    else if (right->oid == TYPE_UNKNOWN)
        right = left;
    const struct oper *found = exact(opers, n, left->oid, right->oid, schema);
    if (found || !was_unknown)
        return found;
    const struct type *base = base_type(left);
    return base == left ? NULL : exact(opers, n, base->oid, base->oid, schema);
}

/* By the function rules; *ambiguous when several are left. */
static const struct oper *by_candidates(struct analysis *a, const struct oper *const *opers,
                                        size_t n_opers, const struct type *left,
                                        const struct type *right, const struct namespace *schema,
                                        bool *ambiguous)
{
    const struct type *types[2] = {left ? left : right, right};
    size_t n = left ? 2 : 1;
    struct candidate *list = NULL, **end = &list, *matched;
    for (size_t k = 0; k < n_opers; k++) {
        if ((opers[k]->left_type != 0) != (left != NULL) ||
            (schema && opers[k]->namespace_oid != schema->oid))
            continue;
        struct candidate *c = ARENA_NEW(a->arena, struct candidate);
        c->oper = opers[k];
        c->n_args = n;
        c->args = ARENA_ARRAY(a->arena, uint32_t, 2);
        c->args[0] = left ? opers[k]->left_type : opers[k]->right_type;
        c->args[1] = opers[k]->right_type;
        *end = c;
        end = &c->next;
    }
    size_t n_matched = match_candidates(a, n, types, list, &matched);
    if (n_matched == 0)
        return NULL;
    struct candidate *best = n_matched == 1 ? matched : select_candidate(a, n, types, matched);
    *ambiguous = best == NULL;
    return best ? best->oper : NULL;
}

static const struct oper *search(struct analysis *a, const char *name,
                                 const struct namespace *schema, const struct type *left,
                                 const struct type *right, bool *ambiguous)
{
    size_t n = 0;
    const struct oper *const *opers = catalog_opers_by_name(a->catalog, name, &n);
    *ambiguous = false;
    const struct oper *found =
        left ? exact_binary(opers, n, left, right, schema) : exact(opers, n, 0, right->oid, schema);
    return found ? found : by_candidates(a, opers, n, left, right, schema, ambiguous);
}

const struct oper *find_oper(struct analysis *a, const List *name, const struct type *left,
                             const struct type *right, int location)
{
    bool ambiguous = false;
    const struct namespace *schema = schema_of(a, name);
    if (list_n(name) > 1 && !schema)
        return fail_null(a, location, ERR_UNDEFINED_SCHEMA, "schema \"%s\" does not exist",
                         list_str(name, list_n(name) - 2));
    const struct oper *found =
        search(a, list_str(name, list_n(name) - 1), schema, left, right, &ambiguous);
    if (found)
        return found;
    const char *signature =
        left ? arena_printf(a->err->arena, "%s %s %s", type_text(a, left), name_list_text(a, name),
                            type_text(a, right))
             : arena_printf(a->err->arena, "%s %s", name_list_text(a, name), type_text(a, right));
    if (ambiguous) {
        fail(a, location, ERR_AMBIGUOUS_FUNCTION, "operator is not unique: %s", signature);
        fail_hint(a, "Could not choose a best candidate operator. You might need to add explicit "
                     "type casts.");
        return NULL;
    }
    fail(a, location, ERR_UNDEFINED_FUNCTION, "operator does not exist: %s", signature);
    if (left)
        fail_hint(a, "No operator matches the given name and argument types. You might need to add "
                     "explicit type casts.");
    else
        fail_hint(a, "No operator matches the given name and argument type. You might need to add "
                     "an explicit type cast.");
    return NULL;
}

/* ---- expressions ---- */

struct expr *make_op_of(struct analysis *a, const struct oper *oper, struct expr *left,
                        struct expr *right, int location)
{
    struct exprs args = {0};
    const struct type *actual[2];
    uint32_t declared[2];
    if (left)
        VEC_PUSH(a->arena, &args, left);
    VEC_PUSH(a->arena, &args, right);
    for (size_t k = 0; k < args.n; k++)
        actual[k] = args.items[k]->type;
    declared[0] = left ? oper->left_type : oper->right_type;
    declared[1] = oper->right_type;
    const struct type *result =
        enforce_generic(a, args.n, actual, declared, oper->result_type, location);
    if (!result || !cast_args(a, &args, actual, declared, args.n))
        return NULL;
    const struct proc *proc = catalog_proc(a->catalog, oper->proc_oid);
    if (!proc)
        return fail_null(a, location, ERR_UNDEFINED_FUNCTION, "operator %s has no function",
                         oper->name);
    struct expr *e = func_expr(a, proc, result, args, location);
    if (e)
        e->func.op = oper;
    return e;
}

struct expr *make_op(struct scope *s, const List *name, struct expr *left, struct expr *right,
                     int location)
{
    struct analysis *a = s->a;
    const struct expr *last_srf = s->last_srf;
    if (!right)
        return fail_null(a, location, ERR_SYNTAX_ERROR, "postfix operators are not supported");
    const struct oper *oper = find_oper(a, name, left ? left->type : NULL, right->type, location);
    struct expr *e = oper ? make_op_of(a, oper, left, right, location) : NULL;
    if (e && e->func.proc->returns_set && !note_srf(s, e, last_srf, location))
        return NULL;
    return e;
}

struct expr *make_op_named(struct scope *s, const char *name, struct expr *left, struct expr *right,
                           int location)
{
    String string = {.type = T_String, .sval = (char *)(uintptr_t)name};
    ListCell cell = {.ptr_value = &string};
    List list = {.type = T_List, .length = 1, .max_length = 1, .elements = &cell};
    return make_op(s, &list, left, right, location);
}

/* left op ANY (array): the operator is one between left and the elements. */
struct expr *make_any_all(struct scope *s, const List *name, bool is_any, struct expr *left,
                          struct expr *right, int location)
{
    struct analysis *a = s->a;
    const struct type *elem = a->unknown;
    if (right->type->oid != TYPE_UNKNOWN) {
        elem = base_element_type(right->type);
        if (!elem)
            return fail_null(a, location, ERR_WRONG_OBJECT_TYPE,
                             "op ANY/ALL (array) requires array on right side");
    }
    const struct oper *oper = find_oper(a, name, left->type, elem, location);
    if (!oper)
        return NULL;
    const struct type *actual[2] = {left->type, elem};
    uint32_t declared[2] = {oper->left_type, oper->right_type};
    const struct type *result =
        enforce_generic(a, 2, actual, declared, oper->result_type, location);
    if (!result)
        return NULL;
    if (result != a->boolean)
        return fail_null(a, location, ERR_WRONG_OBJECT_TYPE,
                         "op ANY/ALL (array) requires operator to yield boolean");
    const struct type *right_elem = type_by_oid(a, declared[1]);
    const struct type *array =
        is_polymorphic(declared[1]) ? base_type(right->type) : array_type_of(a, right_elem);
    if (!array)
        return fail_null(a, location, ERR_UNDEFINED_OBJECT,
                         "could not find array type for data type %s", type_text(a, right_elem));
    const struct proc *proc = catalog_proc(a->catalog, oper->proc_oid);
    struct exprs args = {0};
    VEC_PUSH(a->arena, &args, left);
    VEC_PUSH(a->arena, &args, right);
    const struct type *given[2] = {left->type, right->type};
    const uint32_t wanted[2] = {declared[0], array->oid};
    if (!cast_args(a, &args, given, wanted, 2))
        return NULL;
    struct expr *e = func_expr(a, proc, result, args, location);
    if (!e)
        return NULL;
    e->kind = is_any ? EXPR_ANY : EXPR_ALL;
    e->func.op = oper;
    return e;
}

struct expr *make_distinct(struct scope *s, const List *name, struct expr *left, struct expr *right,
                           int location)
{
    struct expr *e = make_op(s, name, left, right, location);
    if (!e)
        return NULL;
    if (e->type != s->a->boolean)
        return fail_null(s->a, location, ERR_DATATYPE_MISMATCH,
                         "IS DISTINCT FROM requires = operator to yield boolean");
    e->kind = EXPR_DISTINCT;
    return e;
}

/* ---- ordering ---- */

int btree_strategy(struct analysis *a, const struct oper *oper)
{
    static const struct {
        const char *name;
        int strategy;
    } names[] = {{"<", 1}, {"<=", 2}, {"=", 3}, {">=", 4}, {">", 5}, {"<>", 6}};
    const struct type *left = catalog_type(a->catalog, oper->left_type);
    if (!left || (!is_polymorphic(left->oid) && left->oid != TYPE_RECORD &&
                  !catalog_btree_oper(a->catalog, left, 1)))
        return 0;
    for (size_t k = 0; k < ARRAY_COUNT(names); k++)
        if (strcmp(oper->name, names[k].name) == 0)
            return names[k].strategy;
    return 0;
}

/* Arrays and rows are ordered (or equal) as far as their parts are. */
static bool parts_have(struct analysis *a, const struct type *type, int strategy)
{
    type = base_type(type);
    const struct type *elem = element_type(type);
    if (elem)
        return parts_have(a, elem, strategy);
    if (!catalog_btree_oper(a->catalog, type, strategy))
        return false;
    struct row_shape shape;
    if (type->kind != 'c' || !type_shape(a, type, &shape))
        return true;
    for (int k = 0; k < shape.n; k++)
        if (!parts_have(a, shape.fields[k].type, strategy))
            return false;
    return true;
}

bool sort_opers(struct analysis *a, const struct type *type, bool need_less, bool need_equal,
                const struct oper **less, const struct oper **equal, const struct oper **greater,
                int location)
{
    const struct oper *lt = catalog_btree_oper(a->catalog, type, 1),
                      *eq = catalog_btree_oper(a->catalog, type, 3);
    bool has_parts = base_element_type(type) || is_composite(type);
    if (lt && has_parts && !parts_have(a, type, 1))
        lt = NULL;
    if (eq && has_parts && !parts_have(a, type, 3))
        eq = NULL;
    if (need_less && !lt) {
        fail(a, location, ERR_UNDEFINED_FUNCTION,
             "could not identify an ordering operator for type %s", type_text(a, type));
        return fail_hint(a, "Use an explicit ordering operator or modify the query.");
    }
    if (need_equal && !eq)
        return fail(a, location, ERR_UNDEFINED_FUNCTION,
                    "could not identify an equality operator for type %s", type_text(a, type));
    if (less)
        *less = lt;
    if (equal)
        *equal = eq;
    if (greater)
        *greater = catalog_btree_oper(a->catalog, type, 5);
    return true;
}

/* ---- rows ---- */

static struct expr *chain(struct analysis *a, enum expr_kind kind, struct expr **items, size_t n,
                          int location)
{
    struct expr *e = expr_new(a, kind, a->boolean, location);
    for (size_t k = 0; k < n; k++)
        push_arg(a, e, items[k]);
    return e;
}

struct expr *make_row_comparison(struct scope *s, const List *name, struct exprs *left,
                                 struct exprs *right, int location)
{
    struct analysis *a = s->a;
    size_t n = left->n;
    if (n != right->n)
        return fail_null(a, location, ERR_SYNTAX_ERROR,
                         "unequal number of entries in row expressions");
    if (n == 0)
        return fail_null(a, location, ERR_FEATURE_NOT_SUPPORTED,
                         "cannot compare rows of zero length");
    struct expr **pairs = ARENA_ARRAY(a->arena, struct expr *, n);
    for (size_t k = 0; k < n; k++) {
        pairs[k] = make_op(s, name, left->items[k], right->items[k], location);
        if (!pairs[k])
            return NULL;
        if (pairs[k]->type != a->boolean)
            return fail_null(a, location, ERR_DATATYPE_MISMATCH,
                             "row comparison operator must yield type boolean, not type %s",
                             type_text(a, pairs[k]->type));
    }
    if (n == 1)
        return pairs[0];
    int strategy = btree_strategy(a, pairs[0]->func.op);
    for (size_t k = 1; k < n; k++)
        if (btree_strategy(a, pairs[k]->func.op) != strategy)
            strategy = 0;
    if (!strategy) {
        fail(a, location, ERR_FEATURE_NOT_SUPPORTED,
             "could not determine interpretation of row comparison operator %s",
             list_str(name, list_n(name) - 1));
        fail_hint(a, "Row comparison operators must be associated with btree operator families.");
        return NULL;
    }
    if (strategy == 3 || strategy == 6)
        return chain(a, strategy == 3 ? EXPR_AND : EXPR_OR, pairs, n, location);
    struct expr *e = expr_new(a, EXPR_ROW_COMPARE, a->boolean, location);
    e->row_compare.op = strategy;
    e->row_compare.ops = ARENA_ARRAY(a->arena, const struct oper *, n);
    e->row_compare.impls = ARENA_ARRAY(a->arena, func_impl, n);
    for (size_t k = 0; k < n; k++) {
        e->row_compare.ops[k] = pairs[k]->func.op;
        e->row_compare.impls[k] = pairs[k]->func.impl;
        push_arg(a, e, pairs[k]->args.items[0]);
    }
    for (size_t k = 0; k < n; k++)
        push_arg(a, e, pairs[k]->args.items[1]);
    return e;
}
