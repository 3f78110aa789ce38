/* unused.c - expressions whose values nobody reads are left out, as PostgreSQL's planner does: an error in one is no error. */
#include "plan/plan_int.h"

struct usage {
    const struct query *query;
    uint8_t **used; /* by entry: a bitmap of its columns; NULL: not a sub-select */
};

static enum walk note_use(struct expr **slot, int depth, void *arg)
{
    const struct usage *u = arg;
    const struct expr *e = *slot;
    if (e->kind != EXPR_COLUMN || e->column.levels_up != depth ||
        e->column.rte >= u->query->n_rtes || !u->used[e->column.rte])
        return WALK_INTO;
    uint8_t *used = u->used[e->column.rte];
    int attnum = e->column.attnum;
    if (attnum > 0)
        used[(attnum - 1) / 8] |= (uint8_t)(1u << (attnum - 1) % 8);
    else /* the whole row */
        memset(used, 0xff, u->query->rtes[e->column.rte].n_columns / 8u + 1);
    return WALK_INTO;
}

static bool may_lose_columns(const struct query *q)
{
    return q->command == CMD_SELECT_ && !q->setop && !q->distinct && !q->distinct_on.n &&
           !q->has_srfs && !q->n_row_marks;
}

static bool is_sort_key(const struct query *q, const struct expr *e)
{
    for (size_t k = 0; k < q->order.n; k++)
        if (q->order.items[k].expr == e)
            return true;
    return false;
}

static bool is_grouped(const struct query *q, const struct expr *e)
{
    for (size_t k = 0; k < q->group.n; k++)
        if (q->group.items[k] == e)
            return true;
    return false;
}

static void drop_columns(struct planner *p, struct query *sub, const uint8_t *used)
{
    int column = 0;
    for (size_t k = 0; k < sub->targets.n; k++) {
        struct target *target = &sub->targets.items[k];
        if (target->junk)
            continue;
        bool is_used = used[column / 8] >> column % 8 & 1;
        column++;
        struct expr *e = target->expr;
        if (is_used || e->kind == EXPR_CONST || e->kind == EXPR_COLUMN || is_sort_key(sub, e) ||
            is_grouped(sub, e) || expr_has_volatile(e))
            continue;
        struct expr *null = ARENA_NEW(p->arena, struct expr);
        *null = (struct expr){.kind = EXPR_CONST,
                              .type = e->type,
                              .typmod = e->typmod,
                              .collation_oid = e->collation_oid,
                              .location = -1,
                              .value = datum_null()};
        target->expr = null;
    }
}

void drop_unused_columns(struct planner *p, struct query *query)
{
    struct usage u = {.query = query};
    bool any = false;
    for (int k = 0; k < query->n_rtes; k++)
        any |= query->rtes[k].kind == RTE_SUBQUERY && may_lose_columns(query->rtes[k].subquery);
    if (!any)
        return;
    u.used = ARENA_ARRAY(p->arena, uint8_t *, query->n_rtes);
    for (int k = 0; k < query->n_rtes; k++)
        if (query->rtes[k].kind == RTE_SUBQUERY && may_lose_columns(query->rtes[k].subquery))
            u.used[k] = ARENA_ARRAY(p->arena, uint8_t, query->rtes[k].n_columns / 8u + 1);
    walk_query(query, 0, note_use, &u);
    for (int k = 0; k < query->n_rtes; k++)
        if (u.used[k])
            drop_columns(p, query->rtes[k].subquery, u.used[k]);
}

void drop_exists_list(struct query *q)
{
    if (!may_lose_columns(q) || q->has_aggregates || q->has_windows || q->n_grouping_sets ||
        q->having || q->limit || q->offset)
        return;
    q->targets.n = 0;
    q->order.n = 0;
}
