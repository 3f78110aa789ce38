/* subscript.c - what may follow an expression: fields of rows, subscripts of arrays and of jsonb. */
#include "sql/analysis.h"

#define DIMENSIONS_MAX 6

static struct expr *subscript_number(struct scope *s, const Node *node)
{
    struct analysis *a = s->a;
    struct expr *e = transform_node(s, node);
    if (!e)
        return NULL;
    struct expr *number = coerce_to(a, e, a->int4, -1, CAST_ASSIGNMENT, FORM_IMPLICIT_CAST, -1);
    if (!number && !FAILED(a))
        fail(a, expr_location(e), ERR_DATATYPE_MISMATCH, "array subscript must have type integer");
    return number;
}

/* Text keys stay text, numbers become int4. */
static struct expr *subscript_path(struct scope *s, const Node *node)
{
    struct analysis *a = s->a;
    struct expr *e = transform_node(s, node);
    if (!e || e->type == a->int4 || e->type == a->txt)
        return e;
    const struct type *to = NULL;
    if (e->type->oid == TYPE_UNKNOWN)
        to = a->txt;
    else if (can_coerce(a, e->type, a->int4, CAST_IMPLICIT))
        to = a->int4;
    else if (can_coerce(a, e->type, a->txt, CAST_IMPLICIT))
        to = a->txt;
    if (!to) {
        fail(a, expr_location(e), ERR_DATATYPE_MISMATCH, "subscript type %s is not supported",
             type_text(a, e->type));
        fail_hint(a, "jsonb subscript must be coercible to either integer or text.");
        return NULL;
    }
    return coerce_node(a, e, to, -1, CAST_IMPLICIT, FORM_IMPLICIT_CAST, -1);
}

static bool subscript_args(struct scope *s, struct expr *e, const List *indices, bool is_json)
{
    struct analysis *a = s->a;
    int n = list_n(indices);
    for (int k = 0; k < n; k++) {
        const A_Indices *index = list_at(indices, k);
        struct expr *upper = NULL;
        if (index->uidx) {
            upper = is_json ? subscript_path(s, index->uidx) : subscript_number(s, index->uidx);
            if (!upper)
                return false;
        }
        push_arg(a, e, upper);
    }
    for (int k = 0; k < n && e->subscript.is_slice; k++) {
        const A_Indices *index = list_at(indices, k);
        struct expr *lower = NULL;
        if (!index->is_slice)
            lower = const_new(a, a->int4, datum_int(1), -1); /* a[2:3][4] is a[2:3][1:4] */
        else if (index->lidx) {
            lower = subscript_number(s, index->lidx);
            if (!lower)
                return false;
        }
        push_arg(a, e, lower);
    }
    return true;
}

/* What the parts are of types that are a fixed list of them. */
static const struct type *fixed_part(struct analysis *a, const struct type *container)
{
    switch (container->oid) {
    case TYPE_POINT:
    case TYPE_LINE:
        return type_by_oid(a, TYPE_FLOAT8);
    case TYPE_LSEG:
    case TYPE_BOX:
        return type_by_oid(a, TYPE_POINT);
    case TYPE_NAME:
        return type_by_oid(a, TYPE_CHAR);
    default:
        return NULL;
    }
}

struct expr *make_subscripts(struct scope *s, struct expr *base, const List *indices,
                             struct expr *assign, int location)
{
    struct analysis *a = s->a;
    const struct type *container = base_type(base->type);
    if (container->oid == TYPE_INT2VECTOR)
        container = type_by_oid(a, TYPE_INT2_ARRAY);
    else if (container->oid == TYPE_OIDVECTOR)
        container = type_by_oid(a, TYPE_OID_ARRAY);
    bool is_json = container->oid == TYPE_JSONB;
    const struct type *fixed = fixed_part(a, container), *elem = is_json ? container
                                                                 : fixed ? fixed
                                                                         : element_type(container);
    if (!elem)
        return fail_null(a, location >= 0 ? location : expr_location(base), ERR_DATATYPE_MISMATCH,
                         "cannot subscript type %s because it does not support subscripting",
                         type_text(a, base->type));
    int n = list_n(indices);
    if (n > DIMENSIONS_MAX && !is_json)
        return fail_null(a, -1, ERR_PROGRAM_LIMIT_EXCEEDED,
                         "number of array dimensions (%d) exceeds the maximum allowed (%d)", n,
                         DIMENSIONS_MAX);
    struct expr *e = expr_new(a, EXPR_SUBSCRIPT, elem, -1);
    for (int k = 0; k < n; k++)
        if (((const A_Indices *)list_at(indices, k))->is_slice) {
            if (is_json)
                return fail_null(a, expr_location(base), ERR_DATATYPE_MISMATCH,
                                 "jsonb subscript does not support slices");
            if (fixed)
                return fail_null(a, -1, ERR_FEATURE_NOT_SUPPORTED,
                                 "slices of fixed-length arrays not implemented");
            e->subscript.is_slice = true;
        }
    if (e->subscript.is_slice)
        e->type = container;
    e->typmod = base->typmod;
    e->collation_oid = e->type->collation_oid;
    e->subscript.n = n;
    push_arg(a, e, base);
    if (!subscript_args(s, e, indices, is_json))
        return NULL;
    if (assign && container->oid == TYPE_NAME)
        return fail_null(a, location, ERR_FEATURE_NOT_SUPPORTED,
                         "assignment to one character of type name is not supported");
    if (assign) { /* the result is the whole container with the element replaced */
        e->subscript.assign = assign;
        e->type = base->type;
    }
    return e;
}

static struct expr *no_such_field(struct scope *s, const struct expr *row, const char *name,
                                  int location)
{
    struct analysis *a = s->a;
    if (row->kind == EXPR_COLUMN && row->column.attnum == 0) {
        struct scope *at = s;
        for (int k = 0; k < row->column.levels_up; k++)
            at = at->parent;
        return fail_null(a, location, ERR_UNDEFINED_COLUMN, "column %s.%s does not exist",
                         scope_rte(at, row->column.rte)->alias, name);
    }
    if (is_composite(row->type))
        return fail_null(a, location, ERR_UNDEFINED_COLUMN,
                         "column \"%s\" not found in data type %s", name, type_text(a, row->type));
    if (row->type->oid == TYPE_RECORD)
        return fail_null(a, location, ERR_UNDEFINED_COLUMN,
                         "could not identify column \"%s\" in record data type", name);
    return fail_null(a, location, ERR_WRONG_OBJECT_TYPE,
                     "column notation .%s applied to type %s, which is not a composite type", name,
                     type_text(a, row->type));
}

/* How many subscripts follow each other from `first` on. */
static int subscripts_from(const List *indirection, int first)
{
    int k = first;
    while (k < list_n(indirection) && IS_NODE(list_at(indirection, k), A_Indices))
        k++;
    return k - first;
}

struct expr *transform_indirection(struct scope *s, struct expr *base, const List *indirection,
                                   const List *all, int location)
{
    struct analysis *a = s->a;
    int base_location = expr_location(base);
    for (int k = 0; k < list_n(indirection);) {
        const Node *node = list_at(indirection, k);
        if (IS_NODE(node, A_Indices)) {
            int n = subscripts_from(indirection, k);
            List part = {.type = T_List,
                         .length = n,
                         .max_length = n,
                         .elements = indirection->elements + k};
            base = make_subscripts(s, base, &part, NULL, base_location);
            k += n;
            if (!base)
                return NULL;
            continue;
        }
        k++;
        if (IS_NODE(node, A_Star))
            return fail_null(a, base_location, ERR_SYNTAX_ERROR,
                             "row expansion via \"*\" is not supported here");
        const char *name = STR_OF(node);
        ListCell cell = {.ptr_value = (void *)(uintptr_t)node};
        List one = {.type = T_List, .length = 1, .max_length = 1, .elements = &cell};
        struct call_args args = {0};
        VEC_PUSH(a->arena, &args.args, base);
        struct expr *field = make_call(s, &one, &args, NULL, true, false, location);
        if (!field)
            return FAILED(a) ? NULL : no_such_field(s, base, name, base_location);
        base = field;
    }
    return base;
}
