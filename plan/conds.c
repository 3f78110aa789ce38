/* conds.c - which conditions of a table scan the files can evaluate, and which tell the shard.
 *
 * A condition qualifies when one side is a column of the table, possibly relabelled (varchar as text), the operator is a btree
 * comparison of one representation, and the other side does not depend on the table itself and is not volatile.  The
 * files decide it exactly when SQLite's order of the stored form is PostgreSQL's (native_order); equality also on columns with a hidden key column.  A
 * condition on a type without either still tells the shard. */
#include "plan/plan_int.h"

struct comparison {
    int16_t attnum;
    const struct column *column;
    enum qual_op op;
    struct expr *value;
    bool value_is_array;
};

static const struct expr *strip_relabel(const struct expr *e)
{
    while (e->kind == EXPR_RELABEL)
        e = e->args.items[0];
    return e;
}

static const struct expr *own_column(const struct expr *e, uint16_t rte)
{
    e = strip_relabel(e);
    return e->kind == EXPR_COLUMN && e->column.levels_up == 0 && e->column.rte == rte &&
                   e->column.attnum > 0
               ? e
               : NULL;
}

static bool is_free_of(const struct expr *e, uint16_t rte)
{
    struct relset rels = expr_rels(e);
    return !relset_has(&rels, rte) && !expr_has_volatile(e);
}

static int op_strategy(const char *name)
{
    static const char *const names[] = {"<", "<=", "=", ">=", ">"};
    for (int k = 0; k < 5; k++)
        if (strcmp(name, names[k]) == 0)
            return k + 1;
    return 0;
}

static bool is_integer(uint32_t oid)
{
    return oid == TYPE_INT2 || oid == TYPE_INT4 || oid == TYPE_INT8;
}

static bool is_text(uint32_t oid)
{
    return oid == TYPE_TEXT || oid == TYPE_VARCHAR;
}

/* Do values of the two types compare in the files as the operator compares them? */
static bool same_representation(const struct type *column, const struct type *value)
{
    return column->oid == value->oid || (is_integer(column->oid) && is_integer(value->oid)) ||
           (is_text(column->oid) && is_text(value->oid));
}

static const enum qual_op by_strategy[] = {0, QUAL_LT, QUAL_LE, QUAL_EQ, QUAL_GE, QUAL_GT};

static bool match_operator(const struct expr *e, uint16_t rte, const struct relation *relation,
                           struct comparison *c)
{
    if (e->kind != EXPR_FUNC || !e->func.op || e->args.n != 2 ||
        e->func.op->namespace_oid != NAMESPACE_PG_CATALOG)
        return false;
    int strategy = op_strategy(e->func.op->name);
    const struct expr *left = own_column(e->args.items[0], rte),
                      *right = own_column(e->args.items[1], rte);
    struct expr *other = e->args.items[left ? 1 : 0];
    const struct expr *column = left ? left : right;
    if (!strategy || !column || (left && right) || !is_free_of(other, rte))
        return false;
    c->attnum = column->column.attnum;
    c->column = &relation->columns[c->attnum - 1];
    if (!same_representation(c->column->type, other->type))
        return false;
    c->op = by_strategy[left ? strategy : 6 - strategy];
    c->value = other;
    return true;
}

static bool match_any(const struct expr *e, uint16_t rte, const struct relation *relation,
                      struct comparison *c)
{
    if (e->kind != EXPR_ANY || !e->func.op || strcmp(e->func.op->name, "=") != 0 ||
        e->func.op->namespace_oid != NAMESPACE_PG_CATALOG)
        return false;
    const struct expr *column = own_column(e->args.items[0], rte);
    struct expr *array = e->args.items[1];
    if (!column || !is_free_of(array, rte) || !array->type->elem)
        return false;
    c->attnum = column->column.attnum;
    c->column = &relation->columns[c->attnum - 1];
    if (!same_representation(c->column->type, array->type->elem))
        return false;
    c->op = QUAL_IN;
    c->value = array;
    c->value_is_array = true;
    return true;
}

/* col = a OR col = b: the same as col IN (a, b). */
static bool match_or(struct planner *p, const struct expr *e, uint16_t rte,
                     const struct relation *relation, struct comparison *c)
{
    if (e->kind != EXPR_OR)
        return false;
    struct expr *array = NULL;
    for (size_t k = 0; k < e->args.n; k++) {
        struct comparison one = {0};
        if (!match_operator(e->args.items[k], rte, relation, &one) || one.op != QUAL_EQ ||
            one.value->type->oid != one.column->type->oid)
            return false;
        if (!array) {
            const struct type *type = env_type(p->env, one.column->type->array_oid);
            if (!type)
                return false;
            *c = one;
            array = ARENA_NEW(p->arena, struct expr);
            *array = (struct expr){.kind = EXPR_ARRAY, .type = type, .typmod = -1, .location = -1};
        } else if (one.attnum != c->attnum) {
            return false;
        }
        VEC_PUSH(p->arena, &array->args, one.value);
    }
    c->op = QUAL_IN;
    c->value = array;
    c->value_is_array = true;
    return array != NULL;
}

static bool match_null_test(const struct expr *e, uint16_t rte, const struct relation *relation,
                            struct comparison *c)
{
    if (e->kind != EXPR_IS_NULL && e->kind != EXPR_IS_NOT_NULL)
        return false;
    const struct expr *arg = e->args.items[0];
    if (arg->kind != EXPR_COLUMN || !own_column(arg, rte) || arg->type->kind == 'c')
        return false;
    c->attnum = arg->column.attnum;
    c->column = &relation->columns[c->attnum - 1];
    c->op = e->kind == EXPR_IS_NULL ? QUAL_IS_NULL : QUAL_NOT_NULL;
    return true;
}

static bool is_shard_key(const struct relation *relation, int16_t attnum)
{
    for (int k = 0; k < relation->n_shard_key; k++)
        if (relation->shard_key[k] == attnum)
            return true;
    return false;
}

static bool files_can(const struct relation *relation, const struct comparison *c)
{
    if (relation->distribution == DIST_SYSTEM)
        return false;
    if (c->op == QUAL_IS_NULL || c->op == QUAL_NOT_NULL || c->column->type->ops->native_order)
        return true;
    return (c->op == QUAL_EQ || c->op == QUAL_IN) && c->column->key_stored_as != NULL;
}

static enum walk find_outer(struct expr **slot, int depth, void *arg)
{
    const struct expr *e = *slot;
    if (e->kind == EXPR_SUBLINK)
        return WALK_STOP;
    bool refers = (e->kind == EXPR_COLUMN && e->column.levels_up >= depth) ||
                  e->kind == EXPR_SLOT || e->kind == EXPR_EXCLUDED || e->kind == EXPR_CASE_TEST;
    return refers ? WALK_STOP : WALK_INTO;
}

/* Known before the first row of anything: constants, parameters, stable functions of them. */
static bool is_known_at_start(struct expr *e)
{
    return walk_expr(&e, 0, find_outer, NULL);
}

static bool match(struct planner *p, const struct expr *e, uint16_t rte,
                  const struct relation *relation, struct comparison *c)
{
    *c = (struct comparison){0};
    if (match_operator(e, rte, relation, c))
        return true;
    *c = (struct comparison){0};
    if (match_any(e, rte, relation, c))
        return true;
    *c = (struct comparison){0};
    if (match_or(p, e, rte, relation, c))
        return true;
    *c = (struct comparison){0};
    return match_null_test(e, rte, relation, c);
}

bool plan_scan_conds(struct planner *p, struct query *query, struct node *scan,
                     struct exprs *conjuncts)
{
    const struct relation *relation = scan->scan.relation;
    struct exprs kept = {0};
    VEC(struct scan_cond) conds = {0};
    for (size_t k = 0; k < conjuncts->n; k++) {
        struct comparison c;
        struct expr *e = conjuncts->items[k];
        bool matches = match(p, e, scan->rte, relation, &c);
        bool in_files = matches && files_can(relation, &c);
        bool routes =
            matches && (c.op == QUAL_EQ || c.op == QUAL_IN) && is_shard_key(relation, c.attnum);
        bool hints = matches && c.op == QUAL_EQ && relation->distribution == DIST_SYSTEM;
        if (!in_files)
            VEC_PUSH(p->arena, &kept, e);
        if (!in_files && !routes && !hints)
            continue;
        struct scan_cond cond = {.attnum = c.attnum,
                                 .op = c.op,
                                 .value = c.value,
                                 .value_is_array = c.value_is_array,
                                 .exact = in_files,
                                 .in_files = in_files};
        if (c.value) {
            struct relset rels = expr_rels(c.value);
            scan->scan.depends_on_outer |= !relset_is_empty(&rels);
            scan->scan.whole_shard_set |= !is_known_at_start(c.value);
        }
        VEC_PUSH(p->arena, &conds, cond);
    }
    scan->scan.conds = conds.items;
    scan->scan.n_conds = (int)conds.n;
    *conjuncts = kept;
    return true;
}

bool is_column_equality(const struct expr *e, uint16_t rte, const struct expr **column,
                        const struct expr **other)
{
    if (e->kind != EXPR_FUNC || !e->func.op || e->args.n != 2 || strcmp(e->func.op->name, "=") != 0)
        return false;
    const struct expr *left = own_column(e->args.items[0], rte),
                      *right = own_column(e->args.items[1], rte);
    if ((left == NULL) == (right == NULL))
        return false;
    *column = left ? left : right;
    *other = e->args.items[left ? 1 : 0];
    return is_free_of(*other, rte);
}
