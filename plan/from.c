/* from.c - the FROM clause: which conditions go where, in which order tables are joined, and how.
 *
 * Inner joins are flattened into a list of items (tables, sub-selects, whole outer joins) and a pool of conjuncts.  Conditions on one item go
 * down to it.  Equalities are closed over constants first: with a.x = b.x and a.x = 5, b.x = 5 is added, so that a colocated join on a
 * known key reads one shard on both sides.  Items are then joined greedily, the one that promises the fewest rows first: by look-up
 * where few left rows meet an indexed column, by hash where an equality connects the sides, else by nested loop.  An outer join
 * whose nullable side a WHERE condition cannot accept as NULL is an inner join (and flattened as such). */
#include "plan/plan_int.h"

#define ROWS_UNKNOWN 1000.0
#define LOOKUP_ROWS_MAX 50.0

struct item {
    struct from *from;
    struct relset rels, needs; /* entries it sets; entries that must be there before (LATERAL) */
    struct exprs conjuncts;    /* on it alone */
    struct node *node;
    bool joined;
};

struct items {
    struct item *items;
    size_t n, cap;
};

/* ---- what an expression refers to ---- */

static enum walk collect_rels(struct expr **slot, int depth, void *arg)
{
    const struct expr *e = *slot;
    if (e->kind == EXPR_COLUMN && e->column.levels_up == depth)
        relset_add(arg, e->column.rte);
    return WALK_INTO;
}

struct relset expr_rels(const struct expr *expr)
{
    struct relset rels = {{0}};
    struct expr *e = (struct expr *)expr;
    walk_expr(&e, 0, collect_rels, &rels);
    return rels;
}

static void from_rels(const struct from *from, struct relset *rels)
{
    if (from->kind == FROM_RTE) {
        relset_add(rels, from->rte);
        return;
    }
    from_rels(from->left, rels);
    from_rels(from->right, rels);
}

/* Entries of this level that an entry's own definition refers to. */
static void rte_needs(const struct rte *rte, struct relset *needs)
{
    if (rte->kind == RTE_SUBQUERY && rte->lateral)
        walk_query(rte->subquery, 1, collect_rels, needs);
    for (int k = 0; rte->kind == RTE_FUNCTION && k < rte->n_functions; k++)
        walk_expr(&rte->functions[k].call, 0, collect_rels, needs);
    for (size_t k = 0; rte->kind == RTE_VALUES && k < rte->n_value_rows; k++)
        for (size_t c = 0; c < rte->value_rows[k].n; c++)
            walk_expr(&rte->value_rows[k].items[c], 0, collect_rels, needs);
}

static void from_needs(struct query *query, const struct from *from, struct relset *needs)
{
    if (from->kind == FROM_RTE) {
        rte_needs(&query->rtes[from->rte], needs);
        return;
    }
    from_needs(query, from->left, needs);
    from_needs(query, from->right, needs);
}

void split_and(struct planner *p, struct expr *e, struct exprs *conjuncts)
{
    if (!e)
        return;
    if (e->kind != EXPR_AND) {
        VEC_PUSH(p->arena, conjuncts, e);
        return;
    }
    for (size_t k = 0; k < e->args.n; k++)
        split_and(p, e->args.items[k], conjuncts);
}

/* ---- outer joins that are inner ones ---- */

/* Is the expression NULL (or not true) whenever all columns of `rels` are? */
static bool is_strict_on(const struct expr *e, const struct relset *rels)
{
    switch ((int)e->kind) {
    case EXPR_COLUMN:
        return e->column.levels_up == 0 && relset_has(rels, e->column.rte) && e->column.attnum > 0;
    case EXPR_FUNC:
        if (!e->func.proc->strict || e->func.proc->returns_set)
            return false;
        break;
    case EXPR_RELABEL:
    case EXPR_IO_CAST:
    case EXPR_IS_NOT_NULL:
    case EXPR_NOT:
    case EXPR_ARRAY_CAST:
    case EXPR_IS_TRUE:
    case EXPR_IS_FALSE:
        break;
    case EXPR_ANY:
        return is_strict_on(e->args.items[0], rels);
    case EXPR_AND:
        break;
    default:
        return false;
    }
    for (size_t k = 0; k < e->args.n; k++)
        if (is_strict_on(e->args.items[k], rels))
            return true;
    return false;
}

static bool rejects_nulls(const struct exprs *conjuncts, const struct from *side)
{
    struct relset rels = {{0}};
    from_rels(side, &rels);
    for (size_t k = 0; k < conjuncts->n; k++)
        if (is_strict_on(conjuncts->items[k], &rels))
            return true;
    return false;
}

static enum join_kind reduced_kind(const struct from *join, const struct exprs *conjuncts)
{
    bool keeps_left = join->join == JOIN_LEFT_ || join->join == JOIN_FULL_;
    bool keeps_right = join->join == JOIN_RIGHT_ || join->join == JOIN_FULL_;
    if (keeps_left && rejects_nulls(conjuncts, join->right))
        keeps_left = false;
    if (keeps_right && rejects_nulls(conjuncts, join->left))
        keeps_right = false;
    return keeps_left    ? (keeps_right ? JOIN_FULL_ : JOIN_LEFT_)
           : keeps_right ? JOIN_RIGHT_
                         : JOIN_INNER_;
}

static void flatten(struct planner *p, struct query *query, struct from *from, struct items *items,
                    struct exprs *pool)
{
    if (from->kind == FROM_JOIN) {
        enum join_kind kind = reduced_kind(from, pool);
        if (kind == JOIN_INNER_) {
            split_and(p, from->on, pool);
            flatten(p, query, from->left, items, pool);
            flatten(p, query, from->right, items, pool);
            return;
        }
        if (kind != from->join) {
            from = arena_memdup(p->arena, from, sizeof(*from));
            from->join = kind;
        }
    }
    struct item item = {.from = from};
    from_rels(from, &item.rels);
    from_needs(query, from, &item.needs);
    for (int k = 0; k < RELSET_WORDS; k++)
        item.needs.words[k] &= ~item.rels.words[k];
    VEC_PUSH(p->arena, items, item);
}

/* ---- constants through equalities ---- */

static const struct expr *plain_column(const struct expr *e)
{
    return e->kind == EXPR_COLUMN && e->column.levels_up == 0 && e->column.attnum > 0 ? e : NULL;
}

static bool is_equality(const struct expr *e)
{
    return e->kind == EXPR_FUNC && e->func.op && e->args.n == 2 &&
           strcmp(e->func.op->name, "=") == 0;
}

static bool already_there(const struct exprs *conjuncts, const struct expr *e)
{
    for (size_t k = 0; k < conjuncts->n; k++)
        if (expr_equal(conjuncts->items[k], e))
            return true;
    return false;
}

/* `constant` says column = value; `join` says column = other: gives other = value when the operator is the same. */
static struct expr *derive(struct planner *p, const struct expr *constant, const struct expr *join)
{
    if (constant->func.op != join->func.op)
        return NULL;
    const struct expr *column = plain_column(constant->args.items[0]);
    struct expr *value = constant->args.items[1];
    if (!column) {
        column = plain_column(constant->args.items[1]);
        value = constant->args.items[0];
    }
    if (!column || expr_has_volatile(value))
        return NULL;
    struct relset rels = expr_rels(value);
    if (!relset_is_empty(&rels))
        return NULL;
    for (int side = 0; side < 2; side++) {
        const struct expr *other = plain_column(join->args.items[1 - side]);
        if (!other || !expr_equal(join->args.items[side], column))
            continue;
        struct expr *derived = expr_copy(p->arena, join);
        derived->args.items[side] = value;
        return derived;
    }
    return NULL;
}

static void close_over_constants(struct planner *p, struct exprs *conjuncts)
{
    for (size_t a = 0; a < conjuncts->n && conjuncts->n < 200; a++) {
        if (!is_equality(conjuncts->items[a]))
            continue;
        for (size_t b = 0; b < conjuncts->n && conjuncts->n < 200; b++) {
            if (a == b || !is_equality(conjuncts->items[b]))
                continue;
            struct expr *derived = derive(p, conjuncts->items[a], conjuncts->items[b]);
            if (derived && !already_there(conjuncts, derived))
                VEC_PUSH(p->arena, conjuncts, derived);
        }
    }
}

/* ---- leaves ---- */

static double scan_estimate(const struct node *scan)
{
    const struct relation *relation = scan->scan.relation;
    double rows = relation->distribution == DIST_SYSTEM ? 300 : ROWS_UNKNOWN;
    for (int k = 0; k < scan->scan.n_conds; k++) {
        const struct scan_cond *cond = &scan->scan.conds[k];
        bool unique = false;
        for (int i = 0; i < relation->n_indexes; i++)
            unique |= relation->indexes[i]->unique && relation->indexes[i]->n_keys == 1 &&
                      relation->indexes[i]->keys[0].attnum == cond->attnum;
        if (cond->op == QUAL_EQ)
            rows = unique ? 1 : rows / 20;
        else
            rows /= 3;
    }
    for (size_t k = 0; k < scan->quals.n; k++)
        rows /= 2;
    return rows < 1 ? 1 : rows;
}

static struct node *leaf_node(struct planner *p, const struct node_ops *ops, uint16_t rte,
                              double rows)
{
    struct node *node = node_new(p, ops, NULL, NULL);
    node->rte = rte;
    node->rtes = arena_memdup(p->arena, &rte, sizeof(rte));
    node->n_rtes = 1;
    node->rows_estimate = rows;
    return node;
}

static enum walk collect_columns(struct expr **slot, int depth, void *arg)
{
    struct node *scan = arg;
    const struct expr *e = *slot;
    if (e->kind != EXPR_COLUMN || e->column.levels_up != depth || e->column.rte != scan->rte)
        return WALK_INTO;
    if (e->column.attnum > 0)
        scan->scan.columns[(e->column.attnum - 1) / 8] |=
            (uint8_t)(1u << (e->column.attnum - 1) % 8);
    else if (e->column.attnum == 0)
        memset(scan->scan.columns, 0xff, scan->scan.relation->n_columns / 8u + 1);
    return WALK_INTO;
}

static struct node *plan_relation(struct planner *p, struct query *query, uint16_t rte,
                                  struct exprs *conjuncts)
{
    const struct relation *relation = query->rtes[rte].relation;
    bool system = relation->distribution == DIST_SYSTEM;
    struct node *node = leaf_node(p, system ? &system_ops : &scan_ops, rte, ROWS_UNKNOWN);
    bool is_target =
        query->target == relation && query->target_rte == rte && query->command != CMD_SELECT_;
    node->scan.relation = relation;
    node->scan.columns = ARENA_ARRAY(p->arena, uint8_t, relation->n_columns / 8u + 1);
    if (is_target)
        memset(node->scan.columns, 0xff, relation->n_columns / 8u + 1);
    else
        walk_query(query, 0, collect_columns, node);
    if (!plan_scan_conds(p, query, node, conjuncts))
        return NULL;
    node->quals = *conjuncts;
    node->rows_estimate = scan_estimate(node);
    if (!system) {
        VEC_PUSH(p->arena, &p->scans, node);
        add_table(p, relation, 1);
    }
    return node;
}

/* ---- conditions pushed into sub-selects ---- */

struct substitution {
    struct arena *arena;
    uint16_t rte;
    const struct query *query;
    bool possible;
};

static enum walk substitute(struct expr **slot, int depth, void *arg)
{
    struct substitution *s = arg;
    struct expr *e = *slot;
    if (e->kind == EXPR_COLUMN && e->column.levels_up == depth && e->column.rte == s->rte) {
        int at = -1;
        for (size_t k = 0; k < s->query->targets.n; k++)
            if (!s->query->targets.items[k].junk && ++at == e->column.attnum - 1) {
                if (expr_has_sublink(s->query->targets.items[k].expr))
                    break; /* a sub-select is planned where it stands, once */
                *slot = expr_copy(s->arena, s->query->targets.items[k].expr);
                return WALK_SKIP;
            }
        s->possible = false;
        return WALK_STOP;
    }
    if (e->kind == EXPR_COLUMN && e->column.levels_up >= depth)
        e->column.levels_up++;
    else if (e->kind == EXPR_SLOT && e->slot.levels_up >= depth)
        e->slot.levels_up++;
    else if (e->kind == EXPR_AGGREGATE && e->agg.levels_up >= depth)
        e->agg.levels_up++;
    else if (e->kind == EXPR_GROUPING && e->grouping.levels_up >= depth)
        e->grouping.levels_up++;
    return WALK_INTO;
}

static bool is_simple_subquery(const struct query *q)
{
    return q->command == CMD_SELECT_ && !q->setop && !q->has_aggregates && !q->has_group_clause &&
           !q->has_windows && !q->has_srfs && !q->distinct && !q->distinct_on.n && !q->limit &&
           !q->offset && !q->n_row_marks && !q->n_ctes && !q->n_grouping_sets && !q->having &&
           !q->is_volatile;
}

static void push_into_subquery(struct planner *p, struct query *query, uint16_t rte,
                               struct exprs *conjuncts)
{
    struct query *sub = query->rtes[rte].subquery;
    struct exprs kept = {0};
    if (!is_simple_subquery(sub))
        return;
    for (size_t k = 0; k < conjuncts->n; k++) {
        struct relset rels = expr_rels(conjuncts->items[k]);
        struct substitution s = {.arena = p->arena, .rte = rte, .query = sub, .possible = true};
        struct expr *copy = expr_copy(p->arena, conjuncts->items[k]);
        relset_add(&rels, rte);
        bool only = true;
        for (int w = 0; w < RELSET_WORDS; w++)
            only &= (rels.words[w] & ~(rte / 64 == w ? UINT64_C(1) << rte % 64 : 0)) == 0;
        bool can = only && !expr_has_sublink(copy) && !expr_has_volatile(copy);
        if (can)
            walk_expr(&copy, 0, substitute, &s);
        if (!can || !s.possible) {
            VEC_PUSH(p->arena, &kept, conjuncts->items[k]);
            continue;
        }
        if (!sub->where) {
            sub->where = copy;
            continue;
        }
        struct expr *both = ARENA_NEW(p->arena, struct expr);
        *both = (struct expr){
            .kind = EXPR_AND, .type = env_type(p->env, TYPE_BOOL), .typmod = -1, .location = -1};
        VEC_PUSH(p->arena, &both->args, sub->where);
        VEC_PUSH(p->arena, &both->args, copy);
        sub->where = both;
    }
    *conjuncts = kept;
}

static struct node *plan_subquery(struct planner *p, struct query *query, uint16_t rte,
                                  struct exprs *conjuncts)
{
    struct node *node = leaf_node(p, &subquery_ops, rte, ROWS_UNKNOWN);
    push_into_subquery(p, query, rte, conjuncts);
    node->subquery.plan = plan_level(p, query->rtes[rte].subquery);
    if (!node->subquery.plan)
        return NULL;
    node->quals = *conjuncts;
    if (node->subquery.plan->root)
        node->rows_estimate = node->subquery.plan->root->rows_estimate;
    return node;
}

static struct node *plan_rte(struct planner *p, struct query *query, uint16_t rte,
                             struct exprs *conjuncts)
{
    struct rte *entry = &query->rtes[rte];
    struct node *node = NULL;
    switch (entry->kind) {
    case RTE_RELATION:
        return plan_relation(p, query, rte, conjuncts);
    case RTE_SUBQUERY:
        return plan_subquery(p, query, rte, conjuncts);
    case RTE_FUNCTION:
        node = leaf_node(p, &function_ops, rte, 100);
        node->function.rte = entry;
        for (int k = 0; k < entry->n_functions; k++)
            if (!prepare_expr(p, &entry->functions[k].call))
                return NULL;
        break;
    case RTE_VALUES:
        node = leaf_node(p, &values_ops, rte, (double)entry->n_value_rows);
        node->values.rte = entry;
        for (size_t k = 0; k < entry->n_value_rows; k++)
            if (!prepare_list(p, &entry->value_rows[k]))
                return NULL;
        break;
    case RTE_CTE:
        node = leaf_node(p, &cte_ops, rte, 100);
        node->cte.levels_up = entry->cte_levels_up;
        node->cte.cte = entry->cte;
        node->cte.self = entry->cte_self;
        break;
    case RTE_JOIN:
        err_set(p->err, ERR_INTERNAL_ERROR, "join entry in FROM");
        return NULL;
    }
    node->quals = *conjuncts;
    return node;
}

/* ---- joins ---- */

static struct node *join_node(struct planner *p, const struct node_ops *ops, struct node *left,
                              struct node *right, enum join_kind kind)
{
    struct node *node = node_new(p, ops, left, right);
    node->n_rtes = (uint16_t)(left->n_rtes + right->n_rtes);
    node->rtes = ARENA_ARRAY(p->arena, uint16_t, node->n_rtes);
    memcpy(node->rtes, left->rtes, left->n_rtes * sizeof(uint16_t));
    memcpy(node->rtes + left->n_rtes, right->rtes, right->n_rtes * sizeof(uint16_t));
    node->join.kind = kind;
    node->rows_estimate = MAX(left->rows_estimate, right->rows_estimate);
    return node;
}

/* Takes the equalities between the sides out of `conds` as hash keys. */
static void take_keys(struct planner *p, const struct relset *left, const struct relset *right,
                      struct exprs *conds, struct node *join)
{
    VEC(struct join_key) keys = {0};
    struct exprs rest = {0};
    for (size_t k = 0; k < conds->n; k++) {
        struct expr *e = conds->items[k];
        bool done = false;
        if (is_equality(e) && e->func.op->can_hash && !expr_has_volatile(e)) {
            struct relset a = expr_rels(e->args.items[0]), b = expr_rels(e->args.items[1]);
            bool forward = relset_within(&a, left) && relset_within(&b, right);
            bool backward = relset_within(&a, right) && relset_within(&b, left);
            if ((forward || backward) && !relset_is_empty(&a) && !relset_is_empty(&b)) {
                struct expr *l = e->args.items[forward ? 0 : 1],
                            *r = e->args.items[forward ? 1 : 0];
                struct join_key key = {
                    .left = l, .right = r, .left_type = l->type, .right_type = r->type};
                if (l->type->ops->key && r->type->ops->key) {
                    VEC_PUSH(p->arena, &keys, key);
                    done = true;
                }
            }
        }
        if (!done)
            VEC_PUSH(p->arena, &rest, e);
    }
    join->join.keys = keys.items;
    join->join.n_keys = (int)keys.n;
    *conds = rest;
}

static struct node *make_join(struct planner *p, struct node *left, const struct relset *left_rels,
                              struct node *right, const struct relset *right_rels,
                              bool right_depends, enum join_kind kind, struct exprs conds)
{
    struct node *node = join_node(p, &nestloop_ops, left, right, kind);
    node->join.right_depends = right_depends;
    if (!right_depends) {
        take_keys(p, left_rels, right_rels, &conds, node);
        if (node->join.n_keys)
            node->ops = &hashjoin_ops;
    }
    node->quals = conds;
    for (int k = 0; k < node->join.n_keys; k++)
        if (!prepare_expr(p, &node->join.keys[k].left) ||
            !prepare_expr(p, &node->join.keys[k].right))
            return NULL;
    return node;
}

static struct node *plan_item(struct planner *p, struct query *query, struct item *item,
                              const struct relset *given);

/* Conditions of `from` that concern only `rels` are moved to `to`. */
static void move_within(struct planner *p, struct exprs *from, const struct relset *rels,
                        struct exprs *to)
{
    struct exprs kept = {0};
    for (size_t k = 0; k < from->n; k++) {
        struct relset own = expr_rels(from->items[k]);
        bool moves = relset_within(&own, rels) && !relset_is_empty(&own) &&
                     !expr_has_volatile(from->items[k]);
        VEC_PUSH(p->arena, moves ? to : &kept, from->items[k]);
    }
    *from = kept;
}

static struct node *plan_within(struct planner *p, struct query *query, struct from **froms,
                                size_t n_froms, struct exprs *conjuncts,
                                const struct relset *given);

/* An outer join: ON conditions on the nullable side alone go down to it, WHERE conditions on the kept side alone go down to that. */
static struct node *plan_outer(struct planner *p, struct query *query, struct from *join,
                               struct exprs *where, const struct relset *given)
{
    struct relset left_rels = {{0}}, right_rels = {{0}}, needs = {{0}};
    struct exprs on = {0}, left_conds = {0}, right_conds = {0};
    from_rels(join->left, &left_rels);
    from_rels(join->right, &right_rels);
    from_needs(query, join->right, &needs);
    split_and(p, join->on, &on);
    if (join->join == JOIN_LEFT_) {
        move_within(p, where, &left_rels, &left_conds);
        struct exprs both = {0};
        for (size_t k = 0; k < left_conds.n; k++)
            VEC_PUSH(p->arena, &both, left_conds.items[k]);
        for (size_t k = 0; k < on.n; k++)
            VEC_PUSH(p->arena, &both, on.items[k]);
        close_over_constants(p, &both);
        struct exprs derived = {0};
        for (size_t k = left_conds.n + on.n; k < both.n; k++)
            VEC_PUSH(p->arena, &derived, both.items[k]);
        move_within(p, &on, &right_rels, &right_conds);
        move_within(p, &derived, &right_rels, &right_conds);
    } else if (join->join == JOIN_RIGHT_) {
        move_within(p, where, &right_rels, &right_conds);
        move_within(p, &on, &left_rels, &left_conds);
    }
    struct relset given_right = *given;
    relset_union(&given_right, &left_rels);
    struct node *left = plan_within(p, query, &join->left, 1, &left_conds, given);
    bool depends = relset_overlaps(&needs, &left_rels);
    struct node *right = NULL;
    /* Few left rows and an index on the right: look rows up instead of reading all. */
    if (left && join->join == JOIN_LEFT_ && left->rows_estimate <= LOOKUP_ROWS_MAX &&
        join->right->kind == FROM_RTE && query->rtes[join->right->rte].kind == RTE_RELATION) {
        const struct relation *relation = query->rtes[join->right->rte].relation;
        struct exprs lookup = right_conds, rest = {0};
        bool keyed = false;
        for (size_t k = 0; k < on.n; k++) {
            const struct expr *column, *other;
            bool usable = is_column_equality(on.items[k], join->right->rte, &column, &other) &&
                          !expr_has_sublink(other);
            bool indexed = false;
            for (int i = 0; usable && i < relation->n_indexes; i++)
                indexed |= relation->indexes[i]->stored &&
                           relation->indexes[i]->keys[0].attnum == column->column.attnum;
            keyed |= indexed;
            VEC_PUSH(p->arena, usable ? &lookup : &rest, on.items[k]);
        }
        if (keyed && relation->distribution != DIST_SYSTEM) {
            right_conds = lookup;
            on = rest;
            depends = true;
        }
    }
    right = left ? plan_within(p, query, &join->right, 1, &right_conds, &given_right) : NULL;
    if (!right)
        return NULL;
    if (depends && join->join != JOIN_LEFT_) {
        err_set(p->err, ERR_INVALID_COLUMN_REFERENCE,
                "invalid reference to FROM-clause entry in a LATERAL join");
        return NULL;
    }
    struct node *node = make_join(p, left, &left_rels, right, &right_rels, depends, join->join, on);
    if (!node || !where->n)
        return node;
    struct node *filter = node_new(p, &filter_ops, node, NULL);
    filter->rtes = node->rtes;
    filter->n_rtes = node->n_rtes;
    filter->rows_estimate = node->rows_estimate;
    filter->quals = *where;
    return filter;
}

static struct node *plan_item(struct planner *p, struct query *query, struct item *item,
                              const struct relset *given)
{
    if (item->from->kind == FROM_RTE)
        return plan_rte(p, query, item->from->rte, &item->conjuncts);
    return plan_outer(p, query, item->from, &item->conjuncts, given);
}

/* A rough estimate before the item is planned, for choosing the order. */
static double item_estimate(struct query *query, const struct item *item)
{
    double rows = ROWS_UNKNOWN;
    if (item->from->kind == FROM_RTE) {
        const struct rte *rte = &query->rtes[item->from->rte];
        if (rte->kind == RTE_VALUES)
            rows = (double)rte->n_value_rows;
        else if (rte->kind == RTE_FUNCTION || rte->kind == RTE_CTE)
            rows = 100;
    }
    for (size_t k = 0; k < item->conjuncts.n; k++)
        rows /= is_equality(item->conjuncts.items[k]) ? 20 : 3;
    return rows < 1 ? 1 : rows;
}

static bool connects(const struct exprs *pool, const struct relset *have, const struct relset *item)
{
    for (size_t k = 0; k < pool->n; k++) {
        struct relset rels = expr_rels(pool->items[k]);
        if (is_equality(pool->items[k]) && relset_overlaps(&rels, have) &&
            relset_overlaps(&rels, item))
            return true;
    }
    return false;
}

/* Entries that are there: joined here already, or given from outside. */
static bool is_ready(const struct item *item, const struct relset *have, const struct relset *given)
{
    struct relset there = *have;
    relset_union(&there, given);
    return relset_within(&item->needs, &there);
}

static struct item *choose(struct query *query, struct items *items, const struct exprs *pool,
                           const struct relset *have, const struct relset *given)
{
    struct item *best = NULL;
    double best_rows = 0;
    bool best_connected = false, first = relset_is_empty(have);
    for (size_t k = 0; k < items->n; k++) {
        struct item *item = &items->items[k];
        if (item->joined || !is_ready(item, have, given))
            continue;
        bool connected = first || connects(pool, have, &item->rels);
        double rows = item_estimate(query, item);
        if (!best || (connected && !best_connected) ||
            (connected == best_connected && rows < best_rows)) {
            best = item;
            best_rows = rows;
            best_connected = connected;
        }
    }
    return best;
}

static bool is_lookup_column(const struct relation *relation, int16_t attnum)
{
    for (int k = 0; k < relation->n_indexes; k++)
        if (relation->indexes[k]->stored && relation->indexes[k]->keys[0].attnum == attnum)
            return true;
    return false;
}

/* May the item be read by look-ups with the left rows' values?  Moves those join conditions to it. */
static bool take_lookups(struct planner *p, struct query *query, const struct node *left,
                         const struct relset *have, struct item *item, struct exprs *conds)
{
    if (item->from->kind != FROM_RTE || query->rtes[item->from->rte].kind != RTE_RELATION ||
        left->rows_estimate > LOOKUP_ROWS_MAX)
        return false;
    const struct relation *relation = query->rtes[item->from->rte].relation;
    if (relation->distribution == DIST_SYSTEM)
        return false;
    bool found = false;
    struct exprs rest = {0}, taken = {0};
    for (size_t k = 0; k < conds->n; k++) {
        const struct expr *column, *other;
        bool usable = is_column_equality(conds->items[k], item->from->rte, &column, &other) &&
                      !expr_has_sublink(other);
        if (usable)
            found |= is_lookup_column(relation, column->column.attnum);
        VEC_PUSH(p->arena, usable ? &taken : &rest, conds->items[k]);
    }
    if (!found)
        return false;
    for (size_t k = 0; k < taken.n; k++)
        VEC_PUSH(p->arena, &item->conjuncts, taken.items[k]);
    *conds = rest;
    return true;
}

/* Conditions that become decidable once `have` and `more` are joined leave the pool. */
static struct exprs take_decidable(struct planner *p, struct exprs *pool, const struct relset *have)
{
    struct exprs taken = {0}, rest = {0};
    for (size_t k = 0; k < pool->n; k++) {
        struct relset rels = expr_rels(pool->items[k]);
        VEC_PUSH(p->arena, relset_within(&rels, have) ? &taken : &rest, pool->items[k]);
    }
    *pool = rest;
    return taken;
}

static struct node *join_next(struct planner *p, struct query *query, struct node *left,
                              struct relset *have, struct item *item, struct exprs *pool,
                              const struct relset *given)
{
    struct relset before = *have;
    relset_union(have, &item->rels);
    struct exprs conds = take_decidable(p, pool, have);
    bool depends = relset_overlaps(&item->needs, &before);
    if (!depends)
        depends = take_lookups(p, query, left, &before, item, &conds);
    struct relset around = before;
    relset_union(&around, given);
    item->node = plan_item(p, query, item, &around);
    if (!item->node)
        return NULL;
    if (!depends && item->node->rows_estimate > left->rows_estimate * 4)
        return make_join(p, item->node, &item->rels, left, &before, false, JOIN_INNER_, conds);
    return make_join(p, left, &before, item->node, &item->rels, depends, JOIN_INNER_, conds);
}

static struct node *add_filter(struct planner *p, struct node *node, struct exprs *quals)
{
    if (!quals->n)
        return node;
    struct node *filter = node_new(p, &filter_ops, node, NULL);
    filter->rtes = node->rtes;
    filter->n_rtes = node->n_rtes;
    filter->rows_estimate = node->rows_estimate;
    filter->quals = *quals;
    return filter;
}

struct node *plan_from(struct planner *p, struct query *query, struct from **froms, size_t n_froms,
                       struct exprs *conjuncts)
{
    const struct relset nothing = {{0}};
    return plan_within(p, query, froms, n_froms, conjuncts, &nothing);
}

/* As plan_from(), below joins whose other entries, `given`, LATERAL items here may refer to. */
static struct node *plan_within(struct planner *p, struct query *query, struct from **froms,
                                size_t n_froms, struct exprs *conjuncts, const struct relset *given)
{
    struct items items = {0};
    struct relset have = {{0}};
    if (query->n_rtes > RELSET_MAX) {
        err_set(p->err, ERR_PROGRAM_LIMIT_EXCEEDED, "too many range table entries");
        return NULL;
    }
    for (size_t k = 0; k < n_froms; k++)
        flatten(p, query, froms[k], &items, conjuncts);
    if (!items.n) {
        struct node *result = node_new(p, &result_ops, NULL, NULL);
        result->rows_estimate = 1;
        return add_filter(p, result, conjuncts);
    }
    close_over_constants(p, conjuncts);
    for (size_t k = 0; k < items.n; k++)
        move_within(p, conjuncts, &items.items[k].rels, &items.items[k].conjuncts);
    struct node *node = NULL;
    for (size_t k = 0; k < items.n; k++) {
        struct item *item = choose(query, &items, conjuncts, &have, given);
        if (!item) {
            err_set(p->err, ERR_FEATURE_NOT_SUPPORTED,
                    "LATERAL references in both directions of a join are not supported");
            return NULL;
        }
        item->joined = true;
        if (!node) {
            relset_union(&have, &item->rels);
            node = plan_item(p, query, item, given);
        } else {
            node = join_next(p, query, node, &have, item, conjuncts, given);
        }
        if (!node)
            return NULL;
    }
    return add_filter(p, node, conjuncts);
}
