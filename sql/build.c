/* build.c - making small expressions, and questions about types and expressions that several files ask. */
#include "sql/analysis.h"

struct expr *expr_new(struct analysis *a, enum expr_kind kind, const struct type *type,
                      int location)
{
    struct expr *e = ARENA_NEW(a->arena, struct expr);
    e->kind = kind;
    e->type = type;
    e->typmod = -1;
    e->collation_oid = type ? type->collation_oid : 0;
    e->location = location;
    return e;
}

struct expr *const_new(struct analysis *a, const struct type *type, struct datum value,
                       int location)
{
    struct expr *e = expr_new(a, EXPR_CONST, type, location);
    e->value = value;
    return e;
}

struct expr *null_const(struct analysis *a, const struct type *type, int32_t typmod)
{
    struct expr *e = const_new(a, type, datum_null(), -1);
    e->typmod = typmod;
    return e;
}

void push_arg(struct analysis *a, struct expr *e, struct expr *arg)
{
    VEC_PUSH(a->arena, &e->args, arg);
}

struct expr *bool_expr(struct analysis *a, enum expr_kind kind, struct expr *left,
                       struct expr *right, int location)
{
    struct expr *e = expr_new(a, kind, a->boolean, location);
    push_arg(a, e, left);
    if (right)
        push_arg(a, e, right);
    return e;
}

struct expr *and_also(struct analysis *a, struct expr *left, struct expr *right)
{
    if (!left || !right)
        return left ? left : right;
    return bool_expr(a, EXPR_AND, left, right, -1);
}

const struct type *type_by_oid(struct analysis *a, uint32_t oid)
{
    const struct type *type = catalog_type(a->catalog, oid);
    ASSERT(type != NULL);
    return type;
}

const struct type *base_type_mod(const struct type *type, int32_t *typmod)
{
    while (type->kind == 'd') {
        if (*typmod < 0)
            *typmod = type->base_typmod;
        type = type->elem;
    }
    return type;
}

const struct type *base_type(const struct type *type)
{
    while (type->kind == 'd')
        type = type->elem;
    return type;
}

bool is_true_array(const struct type *type)
{
    bool may_be = type->kind == 'b' || type->oid == TYPE_RECORD_ARRAY; /* which is a pseudo-type */
    return may_be && type->elem_oid != 0 && type->len == -1 && type->elem != NULL;
}

const struct type *element_type(const struct type *type)
{
    return is_true_array(type) ? type->elem : NULL;
}

const struct type *base_element_type(const struct type *type)
{
    return element_type(base_type(type));
}

const struct type *array_type_of(struct analysis *a, const struct type *elem)
{
    return elem->array_oid ? catalog_type(a->catalog, elem->array_oid) : NULL;
}

bool is_composite(const struct type *type)
{
    return base_type(type)->kind == 'c';
}

bool is_row_type(const struct type *type)
{
    return is_composite(type) || type->oid == TYPE_RECORD;
}

struct type_io analysis_io(struct analysis *a, const struct type *type, int32_t typmod)
{
    return (struct type_io){.arena = a->arena,
                            .err = a->err,
                            .type = type,
                            .typmod = typmod,
                            .settings = a->env ? a->env->settings : &settings_default,
                            .env = a->env};
}

/* ---- what is in an expression ---- */

static bool find_columns(struct tree_walker *w, struct expr *e)
{
    int want = *(int *)w->arg;
    if (e->kind == EXPR_COLUMN)
        return want < 0 || e->column.levels_up == want + w->levels;
    if (e->kind == EXPR_EXCLUDED)
        return true;
    return tree_children(w, e);
}

static bool find_columns_below(struct tree_walker *w, struct query *q)
{
    w->levels++;
    bool found = tree_query(w, q);
    w->levels--;
    return found;
}

/* References to columns of the query `level` levels up; -1: of any. */
bool has_column_refs(const struct expr *e, int level)
{
    struct tree_walker w = {.expr = find_columns, .query = find_columns_below, .arg = &level};
    return find_columns(&w, (struct expr *)(uintptr_t)e);
}

static bool find_srf(struct tree_walker *w, struct expr *e)
{
    if (e->kind == EXPR_FUNC && e->func.proc->returns_set)
        return true;
    return tree_children(w, e);
}

bool contains_srf(const struct expr *e)
{
    struct tree_walker w = {.expr = find_srf};
    return find_srf(&w, (struct expr *)(uintptr_t)e);
}

static bool find_kind(struct tree_walker *w, struct expr *e)
{
    return e->kind == *(const enum expr_kind *)w->arg || tree_children(w, e);
}

bool contains_kind(const struct expr *e, enum expr_kind kind)
{
    struct tree_walker w = {.expr = find_kind, .arg = &kind};
    return find_kind(&w, (struct expr *)(uintptr_t)e);
}
