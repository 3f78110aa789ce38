/* row.c - the fields of row values: of named composite types, of ROW(...), of whole rows of a FROM entry, and of functions with
 * several output columns. */
#include "sql/analysis.h"

#include <string.h>

const struct type *named_record_type(struct analysis *a, const struct rte_column *columns, int n)
{
    struct type *type = ARENA_NEW(a->arena, struct type);
    struct attribute *attributes = ARENA_ARRAY(a->arena, struct attribute, n + 1);
    for (int k = 0; k < n; k++)
        attributes[k] = (struct attribute){.name = columns[k].name,
                                           .type_oid = columns[k].type->oid,
                                           .typmod = columns[k].typmod,
                                           .attnum = (int16_t)(k + 1)};
    *type = *a->record;
    type->attributes = attributes;
    type->n_attributes = (uint32_t)n;
    return type;
}

bool type_shape(struct analysis *a, const struct type *type, struct row_shape *shape)
{
    type = base_type(type);
    if (type->kind != 'c')
        return false;
    shape->fields = ARENA_ARRAY(a->arena, struct field_info, type->n_attributes + 1);
    shape->n = 0;
    for (uint32_t k = 0; k < type->n_attributes; k++) {
        const struct attribute *attribute = &type->attributes[k];
        if (attribute->dropped)
            continue;
        const struct type *field = type_by_oid(a, attribute->type_oid);
        shape->fields[shape->n++] =
            (struct field_info){attribute->name, field, attribute->typmod, field->collation_oid};
    }
    return true;
}

static bool row_constructor_shape(struct analysis *a, const struct expr *row,
                                  struct row_shape *shape)
{
    shape->n = (int)row->args.n;
    shape->fields = ARENA_ARRAY(a->arena, struct field_info, row->args.n + 1);
    for (size_t k = 0; k < row->args.n; k++) {
        const struct expr *arg = row->args.items[k];
        shape->fields[k] = (struct field_info){arena_printf(a->arena, "f%zu", k + 1), arg->type,
                                               arg->typmod, arg->collation_oid};
    }
    return true;
}

/* OUT, INOUT and TABLE arguments make the columns. */
static bool function_shape(struct analysis *a, const struct expr *call, struct row_shape *shape)
{
    const struct proc *proc = call->func.proc;
    if (!proc->arg_modes)
        return false;
    shape->fields = ARENA_ARRAY(a->arena, struct field_info, proc->n_all_args + 1u);
    shape->n = 0;
    int input = 0;
    for (int k = 0; k < proc->n_all_args; k++) {
        char mode = proc->arg_modes[k];
        const struct type *type = type_by_oid(a, proc->all_arg_types[k]);
        if (mode == 'b' && input < (int)call->args.n && is_polymorphic(type->oid))
            type = call->args.items[input]->type;
        if (mode == 'i' || mode == 'b' || mode == 'v')
            input++;
        if (mode == 'i' || mode == 'v')
            continue;
        const char *name = proc->arg_names ? proc->arg_names[k] : NULL;
        if (!name || !*name)
            name = arena_printf(a->arena, "column%d", shape->n + 1);
        if (is_polymorphic(type->oid)) {
            uint32_t *declared = ARENA_ARRAY(a->arena, uint32_t, call->args.n + 1);
            const struct type **actual =
                ARENA_ARRAY(a->arena, const struct type *, call->args.n + 1);
            for (size_t at = 0; at < call->args.n; at++) {
                declared[at] =
                    at < proc->n_args ? proc->arg_types[at] : proc->arg_types[proc->n_args - 1];
                actual[at] = call->args.items[at]->type;
            }
            type = enforce_generic(a, call->args.n, actual, declared, type->oid, call->location);
            if (!type)
                return false;
        }
        shape->fields[shape->n++] = (struct field_info){name, type, -1, type->collation_oid};
    }
    return shape->n > 0;
}

static bool rte_shape(struct scope *s, const struct rte *rte, struct row_shape *shape)
{
    shape->fields = ARENA_ARRAY(s->a->arena, struct field_info, rte->n_columns + 1u);
    shape->n = 0;
    for (int k = 0; k < rte->n_columns; k++) {
        if (rte->kind == RTE_RELATION && rte->relation->columns[k].dropped)
            continue;
        const struct rte_column *column = &rte->columns[k];
        shape->fields[shape->n++] =
            (struct field_info){column->name, column->type, column->typmod, column->collation_oid};
    }
    return true;
}

static bool query_column_shape(struct scope *s, struct scope *around, const struct query *query,
                               int index, struct row_shape *shape)
{
    const struct setop *first = query->setop;
    while (first && !first->query)
        first = first->left;
    if (first)
        return query_column_shape(s, around, first->query, index, shape);
    struct scope inner = {.a = s->a, .parent = around};
    inner.rtes.items = query->rtes;
    inner.rtes.n = query->n_rtes;
    int seen = 0;
    for (size_t k = 0; k < query->targets.n; k++)
        if (!query->targets.items[k].junk && seen++ == index)
            return row_shape_of(&inner, query->targets.items[k].expr, shape);
    return false;
}

/* A column of type record: look at what the sub-select puts there. */
static bool record_column_shape(struct scope *s, const struct expr *e, struct row_shape *shape)
{
    struct scope *at = s;
    for (int k = 0; k < e->column.levels_up; k++)
        at = at->parent;
    const struct rte *rte = scope_rte(at, e->column.rte);
    if (e->column.attnum == 0)
        return rte_shape(s, rte, shape);
    if (e->column.attnum < 0)
        return false;
    int index = e->column.attnum - 1;
    const struct query *query = rte->subquery;
    struct scope *around = at;
    if (rte->kind == RTE_CTE) {
        for (int k = 0; k < rte->cte_levels_up; k++)
            around = around->parent;
        if (around->ctes.n >
            rte->cte) { /* not in a finished query that is looked at from outside */
            query = around->cte_results.items[rte->cte].query;
            if (!query)
                query = around->ctes.items[rte->cte].first_term;
        }
    }
    if (query && !query_column_shape(s, around, query, index, shape))
        return false;
    if (query)
        return true;
    if (rte->kind == RTE_VALUES && rte->n_value_rows && index < (int)rte->value_rows[0].n)
        return row_shape_of(at, rte->value_rows[0].items[index], shape);
    return false;
}

bool row_shape_of(struct scope *s, const struct expr *e, struct row_shape *shape)
{
    *shape = (struct row_shape){0};
    if (is_composite(e->type))
        return type_shape(s->a, e->type, shape);
    if (e->type->oid != TYPE_RECORD)
        return false;
    switch ((int)e->kind) {
    case EXPR_ROW:
        return row_constructor_shape(s->a, e, shape);
    case EXPR_COLUMN:
        return record_column_shape(s, e, shape);
    case EXPR_FUNC:
        return function_shape(s->a, e, shape);
    case EXPR_SUBLINK: {
        if (e->sublink.kind != SUBLINK_SCALAR || e->sublink.query->setop)
            return false;
        struct scope inner = {.a = s->a, .parent = s};
        inner.rtes.items = e->sublink.query->rtes;
        inner.rtes.n = e->sublink.query->n_rtes;
        return row_shape_of(&inner, e->sublink.query->targets.items[0].expr, shape);
    }
    default:
        return false;
    }
}

struct expr *field_at(struct scope *s, struct expr *row, int index, const struct row_shape *shape,
                      int location)
{
    const struct field_info *field = &shape->fields[index];
    if (row->kind == EXPR_ROW && row->type->oid == TYPE_RECORD)
        return row->args.items[index];
    struct expr *e = expr_new(s->a, EXPR_FIELD, field->type, location);
    e->typmod = field->typmod;
    e->collation_oid = field->collation_oid;
    e->field.index = (int16_t)index;
    e->field.name = field->name;
    push_arg(s->a, e, row);
    return e;
}

struct expr *field_select(struct scope *s, struct expr *row, const char *name, int location)
{
    struct row_shape shape;
    if (!row_shape_of(s, row, &shape))
        return NULL;
    /* A field of a whole row is just that column. */
    if (row->kind == EXPR_COLUMN && row->column.attnum == 0) {
        struct scope *at = s;
        for (int k = 0; k < row->column.levels_up; k++)
            at = at->parent;
        const struct rte *rte = scope_rte(at, row->column.rte);
        for (int k = 0; k < rte->n_columns; k++)
            if (rte->columns[k].name && strcmp(rte->columns[k].name, name) == 0 &&
                !(rte->kind == RTE_RELATION && rte->relation->columns[k].dropped))
                return column_of(s, row->column.levels_up, row->column.rte, k + 1, location);
        return NULL;
    }
    for (int k = 0; k < shape.n; k++)
        if (strcmp(shape.fields[k].name, name) == 0) {
            if (row->type->kind == 'd')
                row = coerce_node(s->a, row, base_type(row->type), -1, CAST_IMPLICIT,
                                  FORM_IMPLICIT_CAST, -1);
            return row ? field_at(s, row, k, &shape, location) : NULL;
        }
    return NULL;
}
