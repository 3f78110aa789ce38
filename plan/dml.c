/* dml.c - planning INSERT, UPDATE, DELETE and MERGE: a plan that finds the rows, and what applying them needs. */
#include "exec/modify.h"
#include "plan/plan_int.h"

static bool prepare_assignments(struct planner *p, struct assignments *set)
{
    for (size_t k = 0; k < set->n; k++)
        if (set->items[k].expr && !prepare_expr(p, &set->items[k].expr))
            return false;
    return true;
}

static bool prepare_targets(struct planner *p, struct targets *targets)
{
    for (size_t k = 0; k < targets->n; k++)
        if (!prepare_expr(p, &targets->items[k].expr))
            return false;
    return true;
}

static bool prepare_table(struct planner *p, struct modify_table *table)
{
    for (int k = 0; k < table->n_uniques; k++) {
        struct unique_index *unique = &table->uniques[k];
        for (int e = 0; unique->exprs && e < unique->index->n_keys; e++)
            if (unique->exprs[e] && !prepare_expr(p, &unique->exprs[e]))
                return false;
        if (unique->where && !prepare_expr(p, &unique->where))
            return false;
    }
    return true;
}

static bool prepare_rest(struct planner *p, struct query *q)
{
    if (q->on_conflict && (!prepare_assignments(p, &q->on_conflict->set) ||
                           (q->on_conflict->where && !prepare_expr(p, &q->on_conflict->where))))
        return false;
    for (size_t k = 0; k < q->n_merge; k++)
        if ((q->merge[k].condition && !prepare_expr(p, &q->merge[k].condition)) ||
            !prepare_assignments(p, &q->merge[k].set))
            return false;
    return prepare_assignments(p, &q->set) && prepare_assignments(p, &q->generated) &&
           prepare_targets(p, &q->returning) && prepare_list(p, &q->checks) &&
           prepare_list(p, &q->view_checks);
}

static void mark_set_columns(struct planner *p, struct modify *modify, const struct query *q)
{
    size_t bytes = q->target->n_columns / 8u + 1;
    modify->set_columns = ARENA_ARRAY(p->arena, uint8_t, bytes);
    for (size_t k = 0; k < q->set.n; k++)
        bit_set(modify->set_columns, q->set.items[k].attnum);
    for (size_t k = 0; k < q->generated.n; k++)
        bit_set(modify->set_columns, q->generated.items[k].attnum);
}

/* The rows to change: FROM (with the target) and WHERE; for MERGE the source with the target's rows that match it. */
static bool plan_target_rows(struct planner *p, struct plan *plan, struct query *q)
{
    struct exprs conjuncts = {0};
    struct from join, target, *items = &join;
    if (q->command == CMD_MERGE_) {
        target = (struct from){.kind = FROM_RTE, .rte = q->target_rte};
        join = (struct from){.kind = FROM_JOIN,
                             .join = JOIN_LEFT_,
                             .left = q->merge_source,
                             .right = &target,
                             .on = q->merge_on};
        plan->root = plan_from(p, q, &items, 1, &conjuncts);
    } else {
        split_and(p, q->where, &conjuncts);
        plan->root = plan_from(p, q, q->from.items, q->from.n, &conjuncts);
    }
    return plan->root && prepare_tree(p, plan->root);
}

bool plan_modification(struct planner *p, struct plan *plan)
{
    struct query *q = (struct query *)plan->query;
    if (!q->target || q->target->kind == 'v' || q->target->distribution == DIST_SYSTEM)
        return err_set(p->err, ERR_INSUFFICIENT_PRIVILEGE,
                       "permission denied: \"%s\" is a system catalog",
                       q->target ? q->target->name : "?");
    struct modify *modify = ARENA_NEW(p->arena, struct modify);
    if (!make_modify_table(p->arena, p->env, q->target, &modify->table, p->err))
        return false;
    modify->table.checks = q->checks;
    modify->table.check_names = q->check_names;
    modify->table.generated = q->generated;
    for (int k = 0; q->on_conflict && k < modify->table.n_uniques; k++)
        for (int a = 0; a < q->on_conflict->n_arbiters; a++)
            modify->table.uniques[k].is_arbiter |=
                q->on_conflict->arbiters[a]->oid == modify->table.uniques[k].index->oid;
    mark_set_columns(p, modify, q);
    plan->modify = modify;
    add_table(p, q->target, 3);
    if (q->command == CMD_INSERT_) {
        plan->source = q->source ? plan_level(p, q->source) : NULL;
        if (q->source && !plan->source)
            return false;
    } else if (!plan_target_rows(p, plan, q)) {
        return false;
    }
    if (!prepare_table(p, &modify->table) || !prepare_rest(p, q))
        return false;
    modify->table.checks = q->checks;
    modify->table.generated = q->generated;
    return true;
}
