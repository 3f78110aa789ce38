/* plan.c - one query level after another: FROM and WHERE (from.c), stages (stage.c), then projection, DISTINCT, ORDER BY, row locks,
 * LIMIT.  Planning rewrites the analysed query in place: it belongs to the same statement, and is planned once. */
#include "exec/exec.h"
#include "plan/plan_int.h"

#include "base/fiber.h"
#include "txn/layout.h"

struct node *node_new(struct planner *p, const struct node_ops *ops, struct node *left,
                      struct node *right)
{
    struct node *node = ARENA_NEW(p->arena, struct node);
    node->ops = ops;
    node->left = left;
    node->right = right;
    return node;
}

void add_table(struct planner *p, const struct relation *relation, int lock_mode)
{
    for (size_t k = 0; k < p->tables.n; k++)
        if (p->tables.items[k].relation == relation) {
            p->tables.items[k].lock_mode = MAX(p->tables.items[k].lock_mode, lock_mode);
            return;
        }
    struct plan_table table = {.relation = relation, .lock_mode = lock_mode};
    VEC_PUSH(p->arena, &p->tables, table);
}

/* ---- expressions ---- */

struct correlation {
    bool found;
};

static enum walk find_outer_reference(struct expr **slot, int depth, void *arg)
{
    const struct expr *e = *slot;
    bool outer = (e->kind == EXPR_COLUMN && e->column.levels_up > depth) ||
                 (e->kind == EXPR_SLOT && e->slot.levels_up > depth) ||
                 (e->kind == EXPR_AGGREGATE && e->agg.levels_up > depth) ||
                 e->kind == EXPR_EXCLUDED;
    if (!outer)
        return WALK_INTO;
    ((struct correlation *)arg)->found = true;
    return WALK_STOP;
}

static bool is_correlated(struct query *query)
{
    struct correlation c = {false};
    walk_query(query, 0, find_outer_reference, &c);
    for (int k = 0; k < query->n_rtes; k++)
        c.found |= query->rtes[k].kind == RTE_CTE && query->rtes[k].cte_self;
    return c.found;
}

/* References to CTEs of levels above make the result depend on them only once per execution: not a correlation, but a self
 * reference of a recursive CTE changes from round to round. */
static bool refers_to_working_table(struct query *query)
{
    for (int k = 0; k < query->n_rtes; k++) {
        const struct rte *rte = &query->rtes[k];
        if (rte->kind == RTE_CTE && rte->cte_self)
            return true;
        if (rte->kind == RTE_SUBQUERY && refers_to_working_table(rte->subquery))
            return true;
    }
    return false;
}

static enum walk prepare_one(struct expr **slot, int depth, void *arg)
{
    struct planner *p = arg;
    struct expr *e = *slot;
    if (depth || e->site)
        return WALK_SKIP;
    e->site = ++p->n_sites;
    if (e->kind == EXPR_SUBLINK) {
        if (e->sublink.kind == SUBLINK_EXISTS)
            drop_exists_list(e->sublink.query);
        e->sublink.plan = plan_level(p, e->sublink.query);
        if (!e->sublink.plan)
            return WALK_STOP;
        e->sublink.plan->n_sites = p->n_sites;
        for (int k = 0; k < e->sublink.n_columns; k++)
            if (!prepare_expr(p, &e->sublink.right[k]))
                return WALK_STOP;
    } else if (e->kind == EXPR_FUNC && !e->func.impl && e->func.sql_function) {
        size_t before = p->scans.n;
        e->func.sql_plan = plan_level(p, e->func.sql_function);
        if (!e->func.sql_plan)
            return WALK_STOP;
        for (size_t k = before; k < p->scans.n; k++) /* its parameters come with each call */
            p->scans.items[k]->scan.whole_shard_set = true;
    }
    return WALK_INTO;
}

static bool is_null_const(const struct expr *e)
{
    return e && e->kind == EXPR_CONST && e->value.null;
}

/* Does the text of a type always mean the same?  Not what depends on settings or the catalog. */
static bool fixed_text(const struct type *type)
{
    const struct type *base = type_base(type);
    return type->kind == 'b' && !strchr("DTACERP", base->category) && base->oid != TYPE_MONEY &&
           base->ops->storage != STORAGE_INTEGER;
}

/* Would PostgreSQL's planner compute it, and so meet its errors, before anything runs? */
static bool is_computed_early(const struct expr *e)
{
    if (e->kind == EXPR_CONST)
        return true;
    if (!(e->kind == EXPR_FUNC && e->func.proc->volatility == 'i' && !e->func.proc->returns_set) &&
        e->kind != EXPR_RELABEL &&
        !(e->kind == EXPR_IO_CAST && fixed_text(e->type) && fixed_text(e->args.items[0]->type)))
        return false;
    for (size_t k = 0; k < e->args.n; k++)
        if (!e->args.items[k] || !is_computed_early(e->args.items[k]))
            return false;
    return true;
}

/* A strict function of a NULL constant is NULL, and PostgreSQL's planner does not evaluate the other arguments, but
 * those that it has computed before. */
static void fold_nulls(struct planner *p, struct expr **slot)
{
    struct expr *e = *slot;
    bool strict = (e->kind == EXPR_FUNC && e->func.proc->strict && !e->func.proc->returns_set) ||
                  e->kind == EXPR_RELABEL || e->kind == EXPR_IO_CAST || e->kind == EXPR_ARRAY_CAST;
    bool is_null = false, is_early = false;
    for (size_t k = 0; k < e->args.n; k++) {
        const struct expr *arg = e->args.items[k];
        if (!arg)
            continue;
        fold_nulls(p, &e->args.items[k]);
        arg = e->args.items[k];
        is_null |= is_null_const(arg);
        is_early |= strict && arg->kind != EXPR_CONST && is_computed_early(arg);
    }
    if (!strict || !is_null || is_early)
        return;
    struct expr *null = ARENA_NEW(p->arena, struct expr);
    *null = (struct expr){.kind = EXPR_CONST,
                          .type = e->type,
                          .typmod = e->typmod,
                          .collation_oid = e->collation_oid,
                          .location = e->location,
                          .value = datum_null()};
    *slot = null;
}

bool number_sites(struct planner *p, struct expr **slot)
{
    return walk_expr(slot, 0, prepare_one, p);
}

bool prepare_expr(struct planner *p, struct expr **slot)
{
    if (!(*slot)->site)
        fold_nulls(p, slot);
    return walk_expr(slot, 0, prepare_one, p);
}

bool prepare_list(struct planner *p, struct exprs *list)
{
    for (size_t k = 0; k < list->n; k++)
        if (list->items[k] && !prepare_expr(p, &list->items[k]))
            return false;
    return true;
}

bool prepare_tree(struct planner *p, struct node *node)
{
    if (!node)
        return true;
    if (!prepare_tree(p, node->left) || !prepare_tree(p, node->right) ||
        !prepare_list(p, &node->quals))
        return false;
    if (node->ops != &scan_ops && node->ops != &system_ops)
        return true;
    for (int k = 0; k < node->scan.n_conds; k++)
        if (node->scan.conds[k].value && !prepare_expr(p, &node->scan.conds[k].value))
            return false;
    return !node->scan.limit || prepare_expr(p, &node->scan.limit);
}

/* ---- output columns ---- */

/* The target that computes `expr`; added as junk if there is none. */
static int target_of(struct planner *p, struct plan *plan, struct expr *expr)
{
    for (size_t k = 0; k < plan->targets.n; k++)
        if (plan->targets.items[k].expr == expr)
            return (int)k;
    for (size_t k = 0; k < plan->targets.n; k++)
        if (expr_equal(plan->targets.items[k].expr, expr) && !expr_has_volatile(expr))
            return (int)k;
    struct target junk = {.expr = expr, .name = "", .junk = true};
    VEC_PUSH(p->arena, &plan->targets, junk);
    return (int)plan->targets.n - 1;
}

static void list_visible(struct planner *p, struct plan *plan)
{
    plan->visible = ARENA_ARRAY(p->arena, int, plan->targets.n + 1);
    for (size_t k = 0; k < plan->targets.n; k++)
        if (!plan->targets.items[k].junk)
            plan->visible[plan->n_visible++] = (int)k;
}

struct output {
    struct sort_key *order, *distinct_on;
    int *order_columns, *distinct_columns;
    int n_order, n_distinct_on;
};

static int *columns_of(struct planner *p, struct plan *plan, const struct sort_keys *keys)
{
    int *columns = ARENA_ARRAY(p->arena, int, keys->n + 1);
    for (size_t k = 0; k < keys->n; k++)
        columns[k] = target_of(p, plan, keys->items[k].expr);
    return columns;
}

static void plan_outputs(struct planner *p, struct plan *plan, struct output *out)
{
    const struct query *q = plan->query;
    for (size_t k = 0; k < q->targets.n; k++)
        VEC_PUSH(p->arena, &plan->targets, q->targets.items[k]);
    out->order = q->order.items;
    out->n_order = (int)q->order.n;
    out->order_columns = columns_of(p, plan, &q->order);
    out->distinct_on = q->distinct_on.items;
    out->n_distinct_on = (int)q->distinct_on.n;
    out->distinct_columns = columns_of(p, plan, &q->distinct_on);
    list_visible(p, plan);
    plan->n_out = (int)plan->targets.n + 2 * (int)q->n_row_marks;
    plan->out_types = ARENA_ARRAY(p->arena, const struct type *, plan->n_out + 1);
    for (int k = 0; k < plan->n_out; k++)
        plan->out_types[k] = k < (int)plan->targets.n ? plan->targets.items[k].expr->type
                                                      : env_type(p->env, TYPE_INT8);
}

/* ---- above the projection ---- */

static struct node *on_top(struct planner *p, const struct node_ops *ops, struct node *below)
{
    struct node *node = node_new(p, ops, below, NULL);
    node->rows_estimate = below->rows_estimate;
    return node;
}

static bool is_bounded(const struct query *q)
{
    return q->limit && !q->with_ties && !q->n_row_marks && !q->distinct_on.n;
}

static struct node *plan_sort(struct planner *p, struct plan *plan, struct node *below,
                              const struct output *out)
{
    const struct query *q = plan->query;
    struct sort_key *keys = out->order;
    int *columns = out->order_columns, n = out->n_order;
    if (!n && out->n_distinct_on) {
        keys = out->distinct_on;
        columns = out->distinct_columns;
        n = out->n_distinct_on;
    }
    if (!n)
        return below;
    struct node *node = on_top(p, &sort_ops, below);
    node->sort.keys = keys;
    node->sort.columns = columns;
    node->sort.n_keys = n;
    if (is_bounded(q) && !expr_has_volatile(q->limit) &&
        (!q->offset || !expr_has_volatile(q->offset))) {
        node->sort.limit = q->limit;
        node->sort.offset = q->offset;
    }
    return node;
}

static struct node *plan_distinct(struct planner *p, struct node *below, int *columns, int n,
                                  bool sorted)
{
    struct node *node = on_top(p, &distinct_ops, below);
    node->distinct.columns = columns;
    node->distinct.n_columns = n;
    node->distinct.sorted = sorted;
    return node;
}

static struct node *plan_limit(struct planner *p, struct plan *plan, struct node *below,
                               const struct output *out)
{
    struct query *q = (struct query *)plan->query;
    if (!q->limit && !q->offset)
        return below;
    struct node *node = on_top(p, &limit_ops, below);
    node->limit.limit = q->limit;
    node->limit.offset = q->offset;
    node->limit.with_ties = q->with_ties;
    node->limit.tie_columns = out->order_columns;
    node->limit.n_ties = out->n_order;
    if ((q->limit && !prepare_expr(p, &q->limit)) || (q->offset && !prepare_expr(p, &q->offset)))
        return NULL;
    return node;
}

static struct node *plan_top(struct planner *p, struct plan *plan, struct node *below,
                             const struct output *out)
{
    const struct query *q = plan->query;
    struct node *node = on_top(p, &project_ops, below);
    node->project.targets = plan->targets;
    node->project.marks = q->row_marks;
    node->project.n_marks = (int)q->n_row_marks;
    for (size_t k = 0; k < plan->targets.n; k++)
        if (!prepare_expr(p, &plan->targets.items[k].expr))
            return NULL;
    node->project.targets = plan->targets;
    if (q->distinct && !out->n_distinct_on)
        node = plan_distinct(p, node, plan->visible, plan->n_visible, false);
    node = plan_sort(p, plan, node, out);
    if (out->n_distinct_on)
        node = plan_distinct(p, node, out->distinct_columns, out->n_distinct_on, true);
    if (q->n_row_marks) {
        node = on_top(p, &lock_ops, node);
        node->lock.marks = q->row_marks;
        node->lock.n_marks = (int)q->n_row_marks;
        node->lock.first_column = (int)plan->targets.n;
    }
    return plan_limit(p, plan, node, out);
}

/* ---- LIMIT pushed to the shards ---- */

/* Only when every row the scan gives comes out of the level unchanged in number, and in the scan's order where one is asked for. */
static void push_limit(struct planner *p, struct plan *plan, struct node *scan)
{
    struct query *q = (struct query *)plan->query;
    if (scan->ops != &scan_ops || scan->quals.n || !q->limit || q->with_ties || q->has_aggregates ||
        q->has_group_clause || q->has_windows || q->has_srfs || q->distinct || q->distinct_on.n ||
        q->n_row_marks || q->n_grouping_sets || q->having || expr_has_sublink(q->limit) ||
        expr_has_volatile(q->limit))
        return;
    if (q->order.n > 1)
        return;
    if (q->order.n == 1) {
        const struct sort_key *key = &q->order.items[0];
        const struct expr *e = key->expr;
        if (e->kind != EXPR_COLUMN || e->column.levels_up || e->column.attnum <= 0)
            return;
        const struct column *column = &scan->scan.relation->columns[e->column.attnum - 1];
        if (!column->not_null || !column->type->ops->native_order)
            return;
        scan->scan.order_attnum = e->column.attnum;
        scan->scan.order_desc = key->descending;
    }
    if (!q->offset) {
        scan->scan.limit = expr_copy(p->arena, q->limit);
        return;
    }
    if (q->limit->kind != EXPR_CONST || q->offset->kind != EXPR_CONST || q->limit->value.null ||
        q->offset->value.null || q->limit->value.i > INT32_MAX || q->offset->value.i > INT32_MAX)
        return;
    scan->scan.limit = expr_copy(p->arena, q->limit);
    scan->scan.limit->value.i += q->offset->value.i;
}

/* ---- set operations ---- */

static bool plan_leaves(struct planner *p, struct setop *op, struct node *node)
{
    if (!op->query)
        return plan_leaves(p, op->left, node) && plan_leaves(p, op->right, node);
    struct plan *leaf = plan_level(p, op->query);
    node->setop.leaves[node->setop.n_leaves++] = leaf;
    return leaf != NULL;
}

static int count_leaves(const struct setop *op)
{
    return op->query ? 1 : count_leaves(op->left) + count_leaves(op->right);
}

static struct node *plan_setop(struct planner *p, struct query *query)
{
    struct node *node = node_new(p, &setop_ops, NULL, NULL);
    node->setop.tree = query->setop;
    node->setop.leaves = ARENA_ARRAY(p->arena, struct plan *, count_leaves(query->setop));
    node->setop.n_columns = query->setop->n_columns;
    node->setop.types = query->setop->types;
    node->rows_estimate = 1000;
    return plan_leaves(p, query->setop, node) ? node : NULL;
}

/* ---- WITH ---- */

static const struct type **cte_types(struct planner *p, const struct cte *cte)
{
    const struct type **types = ARENA_ARRAY(p->arena, const struct type *, cte->n_columns + 1u);
    for (int k = 0; k < cte->n_columns; k++)
        types[k] = cte->columns[k].type;
    return types;
}

static bool plan_cte(struct planner *p, struct cte *cte, struct plan_cte *out)
{
    out->n_columns = cte->n_columns;
    out->types = cte_types(p, cte);
    if (!cte->recursive || !cte->query->setop) {
        out->plan = plan_level(p, cte->query);
        out->modifies = cte->query->command != CMD_SELECT_;
        return out->plan != NULL;
    }
    struct setop *op = cte->query->setop;
    if (!op->left || !op->left->query || !op->right->query || op->kind != SETOP_UNION)
        return err_set(p->err, ERR_FEATURE_NOT_SUPPORTED,
                       "this form of recursive query is not supported");
    out->union_all = op->all;
    out->plan = plan_level(p, op->left->query);
    out->recursive = out->plan ? plan_level(p, op->right->query) : NULL;
    return out->recursive != NULL;
}

static bool plan_ctes(struct planner *p, struct plan *plan, struct query *query)
{
    plan->n_ctes = (int)query->n_ctes;
    plan->ctes = ARENA_ARRAY(p->arena, struct plan_cte, query->n_ctes + 1);
    for (size_t k = 0; k < query->n_ctes; k++)
        if (!plan_cte(p, &query->ctes[k], &plan->ctes[k]))
            return false;
    return true;
}

/* ---- levels ---- */

static struct node *plan_rows(struct planner *p, struct plan *plan, struct query *query)
{
    if (query->setop)
        return plan_setop(p, query);
    struct exprs conjuncts = {0};
    split_and(p, query->where, &conjuncts);
    struct node *node = plan_from(p, query, query->from.items, query->from.n, &conjuncts);
    if (!node)
        return NULL;
    push_limit(p, plan, node);
    return prepare_tree(p, node) ? node : NULL;
}

static bool plan_select(struct planner *p, struct plan *plan, struct query *query)
{
    struct output out = {0};
    struct node *node = plan_rows(p, plan, query);
    if (!node)
        return false;
    plan_outputs(p, plan, &out);
    for (size_t k = 0; k < query->n_row_marks; k++)
        if (query->rtes[query->row_marks[k].rte].relation)
            add_table(p, query->rtes[query->row_marks[k].rte].relation, 2);
    if (!query->setop) {
        node = plan_stages(p, plan, node, &query->having);
        if (!node)
            return false;
    }
    plan->root = plan_top(p, plan, node, &out);
    return plan->root != NULL;
}

struct plan *plan_level(struct planner *p, struct query *query)
{
    if (!stack_check(p->err))
        return NULL;
    struct plan *plan = ARENA_NEW(p->arena, struct plan);
    drop_unused_columns(p, query);
    plan->query = query;
    plan->correlated = is_correlated(query) || refers_to_working_table(query);
    plan->is_volatile = query->is_volatile;
    if (!plan_ctes(p, plan, query))
        return NULL;
    bool ok =
        query->command == CMD_SELECT_ ? plan_select(p, plan, query) : plan_modification(p, plan);
    return ok ? plan : NULL;
}

struct plan *plan_query(struct arena *arena, const struct env *env, const struct query *query,
                        struct err *err)
{
    struct planner p = {.arena = arena, .env = env, .err = err};
    struct exprs folds = {0};
    if (!plan_folds(&p, (struct query *)query, &folds))
        return NULL;
    struct plan *plan = plan_level(&p, (struct query *)query);
    if (!plan)
        return NULL;
    plan->folds = folds;
    plan->top = true;
    plan->n_sites = p.n_sites;
    plan->tables = p.tables.items;
    plan->n_tables = (int)p.tables.n;
    plan->scans = p.scans.items;
    plan->n_scans = (int)p.scans.n;
    for (size_t k = 0; k < p.tables.n; k++)
        plan->locks_rows |= p.tables.items[k].lock_mode == 2;
    return plan;
}

static enum walk greatest_site(struct expr **slot, int depth, void *arg)
{
    uint32_t *greatest = arg;
    if (depth)
        return WALK_SKIP;
    *greatest = MAX(*greatest, (*slot)->site);
    if ((*slot)->kind == EXPR_SUBLINK && (*slot)->sublink.plan)
        *greatest = MAX(*greatest, (*slot)->sublink.plan->n_sites);
    return WALK_INTO;
}

uint32_t plan_expression(struct arena *arena, const struct env *env, struct expr **expr,
                         struct err *err)
{
    struct planner p = {.arena = arena, .env = env, .err = err};
    walk_expr(expr, 0, greatest_site, &p.n_sites); /* prepared before? */
    return prepare_expr(&p, expr) ? p.n_sites + 1 : 0;
}
