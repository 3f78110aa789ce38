/* insert.c - INSERT: columns, rows of values, sub-selects, and the defaults of the columns left out.
 *
 * The source is a query with one column per listed column, already cast to the column's type where it is VALUES; query->set takes the source's
 * columns by slot, casts those of a SELECT, and adds the defaults.  MERGE's INSERT shares the row handling. */
#include "sql/analysis.h"

#include <string.h>

/* ---- columns ---- */

static bool is_partial(const ResTarget *node)
{
    return node && list_n(node->indirection) > 0;
}

bool insert_column_list(struct scope *s, const List *list, struct insert_columns *columns)
{
    struct analysis *a = s->a;
    int n = list_n(list);
    *columns = (struct insert_columns){.n = n, .listed = n > 0};
    if (!n) {
        if (!all_target_columns(s, &columns->attnums, &columns->n))
            return false;
        columns->nodes = ARENA_ARRAY(a->arena, const ResTarget *, columns->n + 1);
        return true;
    }
    columns->attnums = ARENA_ARRAY(a->arena, int, n + 1);
    columns->nodes = ARENA_ARRAY(a->arena, const ResTarget *, n + 1);
    for (int k = 0; k < n; k++) {
        const ResTarget *node = list_at(list, k);
        columns->nodes[k] = node;
        columns->attnums[k] = target_column(s, node->name, node->location, DML_INSERT);
        if (!columns->attnums[k])
            return false;
        for (int before = 0; before < k; before++)
            if (columns->attnums[before] == columns->attnums[k] &&
                (!is_partial(node) || !is_partial(columns->nodes[before])))
                return fail(a, node->location, ERR_DUPLICATE_COLUMN,
                            "column \"%s\" specified more than once", node->name);
    }
    return true;
}

static bool check_count(struct scope *s, struct insert_columns *columns, size_t n_values,
                        const struct expr *extra, bool one_row_value)
{
    struct analysis *a = s->a;
    if (n_values > (size_t)columns->n)
        return fail(a, extra ? expr_location(extra) : -1, ERR_SYNTAX_ERROR,
                    "INSERT has more expressions than target columns");
    if (columns->listed && n_values < (size_t)columns->n) {
        fail(a, columns->nodes[n_values]->location, ERR_SYNTAX_ERROR,
             "INSERT has more target columns than expressions");
        if (one_row_value)
            fail_hint(a, "The insertion source is a row expression containing the same number of "
                         "columns expected by the INSERT. Did "
                         "you accidentally use extra parentheses?");
        return false;
    }
    return true;
}

static bool refuse_value(struct scope *s, const struct column *column)
{
    fail(s->a, -1, ERR_GENERATED_ALWAYS, "cannot insert a non-DEFAULT value into column \"%s\"",
         column->name);
    if (column->generated)
        return fail_detail(s->a, "Column \"%s\" is a generated column.", column->name);
    fail_detail(s->a, "Column \"%s\" is an identity column defined as GENERATED ALWAYS.",
                column->name);
    return fail_hint(s->a, "Use OVERRIDING SYSTEM VALUE to override.");
}

/* What is to be done with a value given for this column. */
static bool check_given(struct scope *s, const struct column *column, OverridingKind override)
{
    if (column->generated)
        return refuse_value(s, column);
    if (column->identity == 'a' && override == OVERRIDING_NOT_SET)
        return refuse_value(s, column);
    return true;
}

static bool takes_default_anyway(const struct column *column, OverridingKind override)
{
    return column->identity && override == OVERRIDING_USER_VALUE;
}

static bool refuse_computed_view_column(struct scope *s, int marked)
{
    fail(s->a, -1, ERR_FEATURE_NOT_SUPPORTED, "cannot insert into column \"%s\" of view \"%s\"",
         s->target->columns[-marked - 1].name, s->target->named->name);
    return fail_detail(
        s->a, "View columns that are not columns of their base relation are not updatable.");
}

/* ---- rows ---- */

/* The items of one row; DEFAULT is an EXPR_DEFAULT for now. */
bool row_with_defaults(struct scope *s, const List *list, enum place place, struct exprs *row)
{
    struct analysis *a = s->a;
    enum place before = s->place;
    s->place = place;
    for (int k = 0; k < list_n(list); k++) {
        const Node *node = list_at(list, k);
        if (IS_NODE(node, SetToDefault)) {
            struct expr *e =
                expr_new(a, EXPR_DEFAULT, a->unknown, ((const SetToDefault *)node)->location);
            VEC_PUSH(a->arena, row, e);
            continue;
        }
        ListCell cell = {.ptr_value = list_at(list, k)};
        List one = {.type = T_List, .length = 1, .max_length = 1, .elements = &cell};
        if (!transform_list(s, &one, row))
            return false;
    }
    s->place = before;
    return true;
}

/* Each value to its column's type.  A column of which parts are written keeps its value as it is. */
bool insert_row(struct scope *s, const struct insert_columns *columns, struct exprs *row,
                OverridingKind override)
{
    struct analysis *a = s->a;
    for (size_t k = 0; k < row->n; k++) {
        struct expr *value = row->items[k];
        if (columns->attnums[k] < 0)
            return refuse_computed_view_column(s, columns->attnums[k]);
        const struct column *column = target_column_info(s, columns->attnums[k]);
        const ResTarget *node = columns->nodes[k];
        if (value->kind == EXPR_DEFAULT) {
            if (is_partial(node))
                return assign_value(s, value, column, NULL, node->indirection, node->location) !=
                       NULL;
            row->items[k] = default_or_null(a, s->target->base, column);
        } else {
            if (!check_given(s, column, override))
                return false;
            if (is_partial(node)) {
                if (value->type->oid == TYPE_UNKNOWN)
                    continue;
            } else {
                row->items[k] =
                    assign_value(s, value, column, NULL, NULL, node ? node->location : -1);
            }
        }
        if (!row->items[k])
            return false;
    }
    return true;
}

static struct assignment *assigned(struct assignments *set, int attnum)
{
    for (size_t k = 0; k < set->n; k++)
        if (set->items[k].attnum == attnum)
            return &set->items[k];
    return NULL;
}

static bool assign_one(struct scope *s, const struct insert_columns *columns, int k,
                       struct expr *value, OverridingKind override, struct assignments *out)
{
    struct analysis *a = s->a;
    int attnum = columns->attnums[k];
    if (attnum < 0)
        return refuse_computed_view_column(s, attnum);
    const struct column *column = target_column_info(s, attnum);
    const ResTarget *node = columns->nodes[k];
    if (column->generated || takes_default_anyway(column, override))
        return true;
    struct assignment *before = assigned(out, attnum);
    struct expr *base = before ? before->expr : null_const(a, column->type, -1);
    struct expr *e = assign_value(s, value, column, is_partial(node) ? base : NULL,
                                  node ? node->indirection : NULL, node ? node->location : -1);
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

bool insert_assignments(struct scope *s, const struct insert_columns *columns,
                        const struct exprs *values, OverridingKind override,
                        struct assignments *out)
{
    struct analysis *a = s->a;
    const struct relation *relation = s->target->base;
    for (size_t k = 0; k < values->n; k++)
        if (!assign_one(s, columns, (int)k, values->items[k], override, out))
            return false;
    for (int k = 0; k < relation->n_columns; k++) {
        const struct column *column = &relation->columns[k];
        if (column->dropped || column->generated || assigned(out, k + 1))
            continue;
        struct assignment assignment = {(int16_t)(k + 1), column_default(a, relation, column)};
        if (!assignment.expr && FAILED(a))
            return false;
        if (!assignment.expr && column->type->kind == 'd')
            assignment.expr = default_or_null(a, relation, column);
        if (assignment.expr)
            VEC_PUSH(a->arena, out, assignment);
    }
    return true;
}

/* ---- sources ---- */

static void slots_of(struct analysis *a, const struct query *source, struct exprs *out)
{
    for (size_t k = 0; k < source->targets.n; k++) {
        const struct target *target = &source->targets.items[k];
        if (target->junk)
            continue;
        struct expr *slot = expr_new(a, EXPR_SLOT, target->expr->type, expr_location(target->expr));
        slot->typmod = target->expr->typmod;
        slot->collation_oid = target->expr->collation_oid;
        slot->slot.index = (int)out->n;
        VEC_PUSH(a->arena, out, slot);
    }
}

/* INSERT ... SELECT: literals of unknown type become the column's, as if they stood in VALUES. */
static bool settle_literals(struct scope *s, struct query *source,
                            const struct insert_columns *columns)
{
    int column = 0;
    for (size_t k = 0; k < source->targets.n; k++) {
        struct target *target = &source->targets.items[k];
        if (target->junk)
            continue;
        int index = column++;
        struct expr *e = target->expr;
        if (e->type->oid != TYPE_UNKNOWN)
            continue;
        bool literal = e->kind == EXPR_CONST || e->kind == EXPR_PARAM;
        if (literal && is_partial(columns->nodes[index]) && !source->from.n)
            continue; /* see literal_parts() */
        if (literal && columns->attnums[index] > 0 && !is_partial(columns->nodes[index])) {
            const ResTarget *node = columns->nodes[index];
            e = assign_value(s, e, target_column_info(s, columns->attnums[index]), NULL, NULL,
                             node ? node->location : -1);
        } else {
            e = coerce_node(s->a, e, s->a->txt, -1, CAST_IMPLICIT, FORM_IMPLICIT_CAST, -1);
        }
        if (!e)
            return false;
        target->expr = e;
    }
    return true;
}

static bool insert_select(struct scope *s, const InsertStmt *stmt, struct insert_columns *columns)
{
    struct analysis *a = s->a;
    struct query *q = s->query;
    struct exprs values = {0};
    const SelectStmt *select = (const SelectStmt *)stmt->selectStmt;
    q->source = transform_statement(a, s, (const Node *)select, ENTRY_FROM, NULL, true);
    if (!q->source)
        return false;
    slots_of(a, q->source, &values);
    const struct expr *extra = values.n > (size_t)columns->n ? values.items[columns->n] : NULL;
    if (!check_count(s, columns, values.n, extra, false))
        return false;
    for (size_t k = 0; k < values.n; k++)
        if (columns->attnums[k] > 0 &&
            !check_given(s, target_column_info(s, columns->attnums[k]), stmt->override))
            return false;
    if (!settle_literals(s, q->source, columns))
        return false;
    values = (struct exprs){0};
    slots_of(a, q->source, &values);
    return insert_assignments(s, columns, &values, stmt->override, &q->set);
}

static void plain_source(struct scope *source, struct exprs *row)
{
    for (size_t k = 0; k < row->n; k++) {
        struct target target = {.expr = row->items[k],
                                .name = arena_printf(source->a->arena, "column%zu", k + 1)};
        VEC_PUSH(source->a->arena, &source->query->targets, target);
    }
    scope_finish(source);
}

/* Several rows: SELECT * FROM (VALUES ...). */
static bool table_source(struct scope *source, struct exprs *rows, size_t n_rows)
{
    int rte = add_values_rte(source, rows, n_rows, NULL);
    if (rte < 0)
        return false;
    struct from *from = ARENA_NEW(source->a->arena, struct from);
    from->kind = FROM_RTE;
    from->rte = (uint16_t)rte;
    VEC_PUSH(source->a->arena, &source->query->from, from);
    for (int k = 0; k < scope_rte(source, rte)->n_columns; k++) {
        struct target target = {.expr = column_of(source, 0, rte, k + 1, -1),
                                .name = scope_rte(source, rte)->columns[k].name};
        VEC_PUSH(source->a->arena, &source->query->targets, target);
    }
    scope_finish(source);
    return true;
}

/* Columns of which parts are written must have one type in all rows: that of the first row. */
static bool unify_partial(struct scope *s, const struct insert_columns *columns, struct exprs *rows,
                          size_t n_rows)
{
    struct analysis *a = s->a;
    struct expr **column = ARENA_ARRAY(a->arena, struct expr *, n_rows + 1);
    for (size_t c = 0; c < rows[0].n; c++) {
        if (!is_partial(columns->nodes[c]))
            continue;
        bool all_unknown = true;
        for (size_t k = 0; k < n_rows; k++) {
            column[k] = rows[k].items[c];
            all_unknown &= column[k]->type->oid == TYPE_UNKNOWN;
        }
        if (all_unknown && n_rows == 1)
            continue;
        const struct type *type = common_type_of(a, column, n_rows, "VALUES", NULL);
        for (size_t k = 0; type && k < n_rows; k++)
            if (!(rows[k].items[c] = coerce_to_common(a, column[k], type, "VALUES")))
                return false;
        if (!type)
            return false;
    }
    return true;
}

/* A literal for a part of a column takes the part's type, which assignment finds out: it stands there itself, not in the source. */
static void literal_parts(struct analysis *a, struct query *source, struct exprs *values)
{
    for (size_t k = 0; k < source->targets.n && !source->from.n; k++) {
        struct target *target = &source->targets.items[k];
        if (target->expr->type->oid != TYPE_UNKNOWN)
            continue;
        values->items[k] = target->expr;
        target->expr = null_const(a, a->txt, -1);
    }
}

static bool insert_values(struct scope *s, const InsertStmt *stmt, struct insert_columns *columns)
{
    struct analysis *a = s->a;
    struct query *q = s->query;
    const SelectStmt *select = (const SelectStmt *)stmt->selectStmt;
    size_t n_rows = (size_t)list_n(select->valuesLists);
    struct exprs *rows = ARENA_ARRAY(a->arena, struct exprs, n_rows + 1), values = {0};
    struct scope *source = scope_new(a, s, CMD_SELECT_);
    source->entry = ENTRY_FROM;
    source->target = s->target;
    for (size_t k = 0; k < n_rows; k++) {
        const List *list = list_at(select->valuesLists, (int)k);
        if (!row_with_defaults(source, list, n_rows == 1 ? PLACE_VALUES_SINGLE : PLACE_VALUES,
                               &rows[k]))
            return false;
        if (rows[k].n != rows[0].n)
            return fail(a, rows[k].n ? expr_location(rows[k].items[0]) : -1, ERR_SYNTAX_ERROR,
                        "VALUES lists must all be the same length");
        const struct expr *extra =
            rows[k].n > (size_t)columns->n ? rows[k].items[columns->n] : NULL;
        bool one_row = rows[k].n == 1 && rows[k].items[0]->kind == EXPR_ROW &&
                       (int)rows[k].items[0]->args.n == columns->n;
        if (!check_count(s, columns, rows[k].n, extra, one_row) ||
            !insert_row(source, columns, &rows[k], stmt->override))
            return false;
    }
    if (!unify_partial(source, columns, rows, n_rows))
        return false;
    if (n_rows == 1)
        plain_source(source, &rows[0]);
    else if (!table_source(source, rows, n_rows))
        return false;
    q->source = source->query;
    if (!settle_literals(s, q->source, columns))
        return false;
    slots_of(a, q->source, &values);
    literal_parts(a, q->source, &values);
    return insert_assignments(s, columns, &values, stmt->override, &q->set);
}

static bool is_plain_values(const SelectStmt *select)
{
    return select->valuesLists && !select->sortClause && !select->limitOffset &&
           !select->limitCount && !select->lockingClause && !select->withClause;
}

struct query *transform_insert(struct scope *s, const InsertStmt *stmt)
{
    struct query *q = s->query;
    struct insert_columns columns;
    struct exprs none = {0};
    q->command = CMD_INSERT_;
    if (stmt->withClause && !transform_with(s, stmt->withClause))
        return NULL;
    if (!open_target(s, stmt->relation, DML_INSERT) || !insert_column_list(s, stmt->cols, &columns))
        return NULL;
    const SelectStmt *select = (const SelectStmt *)stmt->selectStmt;
    bool ok = !select ? insert_assignments(s, &columns, &none, stmt->override, &q->set)
              : is_plain_values(select) ? insert_values(s, stmt, &columns)
                                        : insert_select(s, stmt, &columns);
    if (!ok)
        return NULL;
    show_target(s, true, true);
    if (stmt->onConflictClause && !transform_conflict(s, stmt->onConflictClause))
        return NULL;
    if (!transform_returning(s, stmt->returningList) || !collect_constraints(s))
        return NULL;
    scope_finish(s);
    return q;
}
