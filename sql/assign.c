/* assign.c - new values of columns: casts by assignment, parts of arrays and rows, DEFAULT, and SET lists. */
#include "sql/analysis.h"

#include <string.h>

/* ---- defaults ---- */

static struct expr *next_value(struct analysis *a, const struct column *column)
{
    struct expr *e = expr_new(a, EXPR_NEXT_VALUE, a->int8, -1);
    e->sequence_oid = column->sequence_oid;
    for (struct analysis *at = a; at; at = at->outer)
        at->is_volatile = true;
    struct expr *cast =
        coerce_to(a, e, column->type, column->typmod, CAST_ASSIGNMENT, FORM_IMPLICIT_CAST, -1);
    return cast ? cast : e;
}

struct expr *column_default(struct analysis *a, const struct relation *relation,
                            const struct column *column)
{
    if (column->identity)
        return next_value(a, column);
    if (column->generated)
        return NULL;
    if (column->default_sql)
        return analyze_column_sql(a, column->default_sql, NULL, column->type, column->typmod,
                                  PLACE_DEFAULT);
    for (const struct type *type = column->type; type->kind == 'd'; type = type->elem) {
        const struct domain_info *info = type->domain;
        if (info && info->default_sql)
            return analyze_column_sql(a, info->default_sql, NULL, column->type, column->typmod,
                                      PLACE_DEFAULT);
    }
    return NULL;
}

/* A domain must see the NULL: it may refuse it. */
struct expr *default_or_null(struct analysis *a, const struct relation *relation,
                             const struct column *column)
{
    struct expr *e = column_default(a, relation, column);
    if (e || FAILED(a))
        return e;
    e = null_const(a, base_type(column->type), -1);
    return column->type->kind == 'd'
               ? coerce_to_domain(a, e, column->type, CAST_ASSIGNMENT, FORM_IMPLICIT_CAST, -1)
               : e;
}

/* ---- one value ---- */

static struct expr *cast_to_column(struct scope *s, struct expr *value, const struct column *column,
                                   int location)
{
    struct analysis *a = s->a;
    struct expr *cast =
        coerce_to(a, value, column->type, column->typmod, CAST_ASSIGNMENT, FORM_IMPLICIT_CAST, -1);
    if (cast || FAILED(a))
        return cast;
    fail(a, expr_location(value), ERR_DATATYPE_MISMATCH,
         "column \"%s\" is of type %s but expression is of type %s", column->name,
         type_text(a, column->type), type_text(a, value->type));
    fail_hint(a, "You will need to rewrite or cast the expression.");
    return NULL;
}

/* The innermost value, into an array element or a field. */
static struct expr *cast_part(struct scope *s, struct expr *value, const struct type *type,
                              int32_t typmod, const char *name, bool is_element)
{
    struct analysis *a = s->a;
    struct expr *cast = coerce_to(a, value, type, typmod, CAST_ASSIGNMENT, FORM_IMPLICIT_CAST, -1);
    if (cast || FAILED(a))
        return cast;
    if (is_element)
        fail(a, expr_location(value), ERR_DATATYPE_MISMATCH,
             "subscripted assignment to \"%s\" requires type %s but expression is of type %s", name,
             type_text(a, type), type_text(a, value->type));
    else
        fail(a, expr_location(value), ERR_DATATYPE_MISMATCH,
             "subfield \"%s\" is of type %s but expression is of type %s", name, type_text(a, type),
             type_text(a, value->type));
    fail_hint(a, "You will need to rewrite or cast the expression.");
    return NULL;
}

struct part {
    const char *name; /* of the column or field that is written */
    const List *indirection;
    int at; /* first step not taken yet */
    int location;
};

static struct expr *assign_part(struct scope *s, struct expr *base, const struct type *type,
                                int32_t typmod, struct part part, bool is_element,
                                struct expr *value);

static struct expr *assign_elements(struct scope *s, struct expr *base, const struct type *type,
                                    int32_t typmod, struct part part, struct expr *value)
{
    struct analysis *a = s->a;
    int n = 0;
    while (part.at + n < list_n(part.indirection) &&
           IS_NODE(list_at(part.indirection, part.at + n), A_Indices))
        n++;
    List subscripts = {.type = T_List,
                       .length = n,
                       .max_length = n,
                       .elements = part.indirection->elements + part.at};
    /* Twice: to read the element (what a nested step starts from), and to write it. */
    struct expr *element = make_subscripts(s, base, &subscripts, NULL, part.location);
    if (!element)
        return NULL;
    bool is_slice = element->subscript.is_slice;
    int32_t element_typmod = is_slice ? base->typmod : typmod;
    part.at += n;
    struct expr *inner = assign_part(s, element, element->type, element_typmod, part, true, value);
    if (!inner)
        return NULL;
    struct expr *whole =
        make_subscripts(s, tree_copy(a->arena, base), &subscripts, inner, part.location);
    if (!whole)
        return NULL;
    if (type->kind == 'd') { /* the whole must keep the domain's promises */
        whole->type = base_type(type);
        return coerce_to_domain(a, whole, type, CAST_ASSIGNMENT, FORM_IMPLICIT_CAST, part.location);
    }
    return whole;
}

static struct expr *assign_field(struct scope *s, struct expr *base, const struct type *type,
                                 struct part part, struct expr *value)
{
    struct analysis *a = s->a;
    const char *field = list_str(part.indirection, part.at);
    struct row_shape shape;
    if (!is_composite(type) || !type_shape(a, type, &shape))
        return fail_null(a, part.location, ERR_DATATYPE_MISMATCH,
                         "cannot assign to field \"%s\" of column \"%s\" because its type %s is "
                         "not a composite type",
                         field, part.name, type_text(a, type));
    int index = 0;
    while (index < shape.n && strcmp(shape.fields[index].name, field) != 0)
        index++;
    if (index == shape.n)
        return fail_null(a, part.location, ERR_UNDEFINED_COLUMN,
                         "cannot assign to field \"%s\" of column \"%s\" because there is no such "
                         "column in data type %s",
                         field, part.name, type_text(a, type));
    const struct field_info *info = &shape.fields[index];
    struct expr *old = expr_new(a, EXPR_FIELD, info->type, -1);
    old->typmod = info->typmod;
    old->field.index = (int16_t)index;
    old->field.name = info->name;
    push_arg(a, old, tree_copy(a->arena, base));
    part.name = info->name;
    part.at++;
    struct expr *inner = assign_part(s, old, info->type, info->typmod, part, false, value);
    if (!inner)
        return NULL;
    struct expr *whole = expr_new(a, EXPR_FIELD, base_type(type), part.location);
    whole->field.index = (int16_t)index;
    whole->field.name = info->name;
    whole->field.assign = inner;
    push_arg(a, whole, base);
    return type->kind == 'd' ? coerce_to_domain(a, whole, type, CAST_ASSIGNMENT, FORM_IMPLICIT_CAST,
                                                part.location)
                             : whole;
}

static struct expr *assign_part(struct scope *s, struct expr *base, const struct type *type,
                                int32_t typmod, struct part part, bool is_element,
                                struct expr *value)
{
    if (part.at >= list_n(part.indirection))
        return cast_part(s, value, type, typmod, part.name, is_element);
    const Node *step = list_at(part.indirection, part.at);
    if (IS_NODE(step, A_Indices))
        return assign_elements(s, base, type, typmod, part, value);
    if (IS_NODE(step, A_Star))
        return fail_null(s->a, part.location, ERR_FEATURE_NOT_SUPPORTED,
                         "row expansion via \"*\" is not supported here");
    return assign_field(s, base, type, part, value);
}

struct expr *assign_value(struct scope *s, struct expr *value, const struct column *column,
                          struct expr *base, const List *indirection, int location)
{
    if (!list_n(indirection))
        return cast_to_column(s, value, column, location);
    if (value->kind == EXPR_DEFAULT)
        return fail_null(s->a, location, ERR_FEATURE_NOT_SUPPORTED,
                         IS_NODE(list_at(indirection, 0), A_Indices)
                             ? "cannot set an array element to DEFAULT"
                             : "cannot set a subfield to DEFAULT");
    struct part part = {.name = column->name, .indirection = indirection, .location = location};
    return assign_part(s, base, column->type, column->typmod, part, false, value);
}

/* ---- SET ---- */

static struct assignment *assigned(struct assignments *set, int attnum)
{
    for (size_t k = 0; k < set->n; k++)
        if (set->items[k].attnum == attnum)
            return &set->items[k];
    return NULL;
}

static bool refuse_generated(struct scope *s, const struct column *column)
{
    fail(s->a, -1, ERR_GENERATED_ALWAYS, "column \"%s\" can only be updated to DEFAULT",
         column->name);
    if (column->generated)
        return fail_detail(s->a, "Column \"%s\" is a generated column.", column->name);
    return fail_detail(s->a, "Column \"%s\" is an identity column defined as GENERATED ALWAYS.",
                       column->name);
}

static bool set_column(struct scope *s, const ResTarget *item, struct expr *value, bool is_default,
                       struct assignments *out)
{
    struct analysis *a = s->a;
    int attnum = target_column(s, item->name, item->location, DML_UPDATE);
    if (!attnum)
        return false;
    const struct column *column = target_column_info(s, attnum);
    struct assignment *before = assigned(out, attnum);
    bool partial = list_n(item->indirection) > 0;
    if (before && !partial)
        return fail(a, -1, ERR_SYNTAX_ERROR, "multiple assignments to same column \"%s\"",
                    column->name);
    if ((column->generated || column->identity == 'a') && !is_default)
        return refuse_generated(s, column);
    struct expr *e;
    if (is_default && !partial) {
        if (column->generated)
            return true; /* computed anyhow */
        e = default_or_null(a, s->target->base, column);
    } else {
        if (before && before->expr->kind != EXPR_SUBSCRIPT && before->expr->kind != EXPR_FIELD &&
            before->expr->kind != EXPR_DOMAIN_CAST)
            return fail(a, -1, ERR_SYNTAX_ERROR, "multiple assignments to same column \"%s\"",
                        column->name);
        struct expr *base = before    ? before->expr
                            : partial ? column_of(s, 0, 0, attnum, item->location)
                                      : NULL;
        if (is_default)
            value = expr_new(a, EXPR_DEFAULT, column->type, item->location);
        e = assign_value(s, value, column, base, item->indirection, item->location);
    }
    if (!e)
        return false;
    if (before) {
        before->expr = e;
        return true;
    }
    struct assignment assignment = {(int16_t)attnum, e};
    VEC_PUSH(a->arena, out, assignment);
    return true;
}

/* (a, b) = (SELECT x, y ...): each column takes a field of SELECT ROW(s.x, s.y) FROM (SELECT x, y ...) s. */
static struct expr *row_sublink(struct scope *s, const SubLink *node, int n_columns)
{
    struct analysis *a = s->a;
    struct scope *outer = scope_new(a, s, CMD_SELECT_);
    outer->entry = ENTRY_SUBLINK;
    struct query *query = transform_statement(a, outer, node->subselect, ENTRY_FROM, NULL, false);
    if (!query)
        return NULL;
    int rte = add_subquery_rte(outer, query, NULL, "*SELECT*", false);
    if (scope_rte(outer, rte)->n_columns != n_columns)
        return fail_null(a, node->location, ERR_SYNTAX_ERROR,
                         "number of columns does not match number of values");
    struct from *from = ARENA_NEW(a->arena, struct from);
    from->kind = FROM_RTE;
    from->rte = (uint16_t)rte;
    VEC_PUSH(a->arena, &outer->query->from, from);
    struct expr *row = expr_new(a, EXPR_ROW, a->record, -1);
    for (int k = 0; k < n_columns; k++)
        push_arg(a, row, column_of(outer, 0, rte, k + 1, -1));
    struct target target = {.expr = row, .name = "row"};
    VEC_PUSH(a->arena, &outer->query->targets, target);
    scope_finish(outer);
    struct expr *e = expr_new(a, EXPR_SUBLINK, a->record, node->location);
    e->sublink.kind = SUBLINK_SCALAR;
    e->sublink.query = outer->query;
    s->query->has_sublinks = true;
    return e;
}

/* The source of column `colno` of a multiple assignment.  *sublink keeps the first one's for the others. */
static struct expr *multi_value(struct scope *s, const MultiAssignRef *ref, struct expr **sublink,
                                bool *is_default)
{
    struct analysis *a = s->a;
    if (IS_NODE(ref->source, RowExpr)) {
        const RowExpr *row = (const RowExpr *)ref->source;
        if (list_n(row->args) != ref->ncolumns)
            return fail_null(a, row->location, ERR_SYNTAX_ERROR,
                             "number of columns does not match number of values");
        const Node *item = list_at(row->args, ref->colno - 1);
        if (IS_NODE(item, SetToDefault)) {
            *is_default = true;
            return NULL;
        }
        return transform_node(s, item);
    }
    if (!IS_NODE(ref->source, SubLink) ||
        ((const SubLink *)ref->source)->subLinkType != PG_EXPR_SUBLINK)
        return fail_null(
            a, -1, ERR_FEATURE_NOT_SUPPORTED,
            "source for a multiple-column UPDATE item must be a sub-SELECT or ROW() expression");
    if (ref->colno == 1)
        *sublink = row_sublink(s, (const SubLink *)ref->source, ref->ncolumns);
    if (!*sublink)
        return NULL;
    struct row_shape shape;
    if (!row_shape_of(s, *sublink, &shape))
        return NULL;
    struct expr *own = ref->colno == 1 ? *sublink : tree_copy(a->arena, *sublink);
    return field_at(s, own, ref->colno - 1, &shape, ref->colno);
}

/* All values are analysed before the first column is looked up, as errors are met in that order. */
bool update_set(struct scope *s, const List *list, struct assignments *out)
{
    enum place before = s->place;
    int n = list_n(list);
    struct expr *sublink = NULL, **values = ARENA_ARRAY(s->a->arena, struct expr *, n + 1);
    bool *defaults = ARENA_ARRAY(s->a->arena, bool, n + 1);
    s->place = PLACE_UPDATE_SOURCE;
    for (int k = 0; k < n; k++) {
        const ResTarget *item = list_at(list, k);
        defaults[k] = IS_NODE(item->val, SetToDefault);
        if (IS_NODE(item->val, MultiAssignRef))
            values[k] = multi_value(s, (const MultiAssignRef *)item->val, &sublink, &defaults[k]);
        else if (!defaults[k])
            values[k] = transform_node(s, item->val);
        if (!values[k] && !defaults[k])
            return false;
    }
    for (int k = 0; k < n; k++)
        if (!set_column(s, list_at(list, k), values[k], defaults[k], out))
            return false;
    s->place = before;
    return true;
}
