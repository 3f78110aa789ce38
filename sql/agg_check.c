/* agg_check.c - in a grouped query, columns outside aggregates must be grouped: 42803.
 *
 * A column is grouped when it, or an expression around it, is in GROUP BY, or when GROUP BY has the whole primary key of its table. */
#include <string.h>

#include "sql/analysis.h"

struct group_check {
    struct scope *s;
    const struct exprs *group;
    bool *common;   /* group[k] is in every grouping set */
    bool in_direct; /* direct arguments of an ordered-set aggregate */
};

/* At `levels` queries down, a reference to our level has that many more levels up. */
static bool is_grouped(struct group_check *c, const struct expr *e, int levels)
{
    for (size_t k = 0; k < c->group->n; k++) {
        const struct expr *g = c->group->items[k];
        if (levels == 0) {
            if (same_expr(g, e))
                return true;
        } else if (g->kind == EXPR_COLUMN && e->kind == EXPR_COLUMN && g->column.levels_up == 0 &&
                   e->column.levels_up == levels && g->column.rte == e->column.rte &&
                   g->column.attnum == e->column.attnum) {
            return true;
        }
    }
    return false;
}

static bool column_is_grouped(struct group_check *c, int rte, int attnum)
{
    for (size_t k = 0; k < c->group->n; k++) {
        const struct expr *g = c->group->items[k];
        if (c->common[k] && g->kind == EXPR_COLUMN && g->column.levels_up == 0 &&
            g->column.rte == rte && g->column.attnum == attnum)
            return true;
    }
    return false;
}

/* The primary key of a system catalog: its oid where that comes first. */
static const int16_t *catalog_key(const struct relation *relation)
{
    static const int16_t first[] = {1, 0};
    static const struct {
        uint32_t oid;
        int16_t columns[5]; /* ended by 0 */
    } others[] = {
        {1249, {1, 6}},    {1261, {1, 2}},       {2224, {1}},       {2396, {1, 2}},
        {2609, {1, 2, 3}}, {2610, {1}},          {2611, {1, 3}},    {2613, {1, 2}},
        {2619, {1, 2, 3}}, {2600, {1}},          {2964, {1, 2}},    {3118, {1}},
        {3350, {1}},       {3394, {1, 2, 3}},    {3429, {1, 2}},    {3541, {1}},
        {3592, {1, 2, 3}}, {3596, {1, 2, 3, 4}}, {3603, {1, 2, 3}}, {6000, {1}},
        {6102, {2, 1}},
    };
    if (relation->oid >= FIRST_USER_OID || relation->kind != 'r' || !relation->n_columns)
        return NULL;
    for (size_t k = 0; k < ARRAY_COUNT(others); k++)
        if (others[k].oid == relation->oid)
            return others[k].columns;
    return strcmp(relation->columns[0].name, "oid") == 0 ? first : NULL;
}

/* GROUP BY names the whole primary key of the entry's table. */
static bool key_is_grouped(struct group_check *c, int rte)
{
    const struct rte *entry = scope_rte(c->s, rte);
    const struct relation *relation = entry->kind == RTE_RELATION ? entry->relation : NULL;
    if (!relation)
        return false;
    const int16_t *known = catalog_key(relation);
    if (known) {
        while (*known && column_is_grouped(c, rte, *known))
            known++;
        return !*known;
    }
    for (int k = 0; k < relation->n_constraints; k++) {
        const struct constraint *key = relation->constraints[k];
        if (key->kind != 'p' || key->deferrable)
            continue;
        bool all = key->n_columns > 0;
        for (int column = 0; column < key->n_columns && all; column++)
            all = column_is_grouped(c, rte, key->columns[column]);
        return all;
    }
    return false;
}

static bool ungrouped(struct group_check *c, const struct expr *e, int levels)
{
    struct analysis *a = c->s->a;
    const struct rte *rte = scope_rte(c->s, e->column.rte);
    const char *name = e->column.attnum > 0 ? rte->columns[e->column.attnum - 1].name : "*";
    if (e->column.attnum < 0) {
        static const char *const names[] = {"ctid", "xmin", "cmin", "xmax", "cmax", "tableoid"};
        name = names[-e->column.attnum - 1];
    }
    if (levels) {
        fail(a, e->location, ERR_GROUPING_ERROR,
             "subquery uses ungrouped column \"%s.%s\" from outer query", rte->alias, name);
    } else {
        fail(a, e->location, ERR_GROUPING_ERROR,
             "column \"%s.%s\" must appear in the GROUP BY clause or be used in an aggregate "
             "function",
             rte->alias, name);
        if (c->in_direct)
            fail_detail(
                a, "Direct arguments of an ordered-set aggregate must use only grouped columns.");
    }
    return true;
}

static bool check_one(struct tree_walker *w, struct expr *e)
{
    struct group_check *c = w->arg;
    if (e->kind == EXPR_CONST || e->kind == EXPR_PARAM)
        return false;
    if (e->kind == EXPR_AGGREGATE) {
        if (e->agg.levels_up > w->levels)
            return false;
        if (e->agg.levels_up == w->levels) {
            c->in_direct = true;
            bool stop = false;
            for (size_t k = 0; k < e->agg.direct.n && !stop; k++)
                stop = check_one(w, e->agg.direct.items[k]);
            c->in_direct = false;
            return stop;
        }
    }
    if (e->kind == EXPR_GROUPING && e->grouping.levels_up >= w->levels)
        return false;
    if (is_grouped(c, e, w->levels))
        return false;
    if (e->kind == EXPR_COLUMN) {
        if (e->column.levels_up != w->levels || key_is_grouped(c, e->column.rte))
            return false;
        return ungrouped(c, e, w->levels);
    }
    return tree_children(w, e);
}

static bool check_below(struct tree_walker *w, struct query *q)
{
    w->levels++;
    bool stop = tree_query(w, q);
    w->levels--;
    return stop;
}

static void find_common(struct scope *s, struct group_check *c)
{
    const struct query *q = s->query;
    c->common = ARENA_ARRAY(s->a->arena, bool, c->group->n + 1);
    for (size_t k = 0; k < c->group->n; k++) {
        c->common[k] = true;
        for (size_t set = 0; set < q->n_grouping_sets; set++) {
            bool found = false;
            for (const uint16_t *at = q->grouping_sets[set]; *at != UINT16_MAX; at++)
                found |= *at == k;
            c->common[k] &= found;
        }
    }
}

bool check_grouped(struct scope *s)
{
    const struct query *q = s->query;
    if (!q->has_aggregates && !q->has_group_clause && !q->having)
        return true;
    struct group_check c = {.s = s, .group = &q->group};
    struct tree_walker w = {.expr = check_one, .query = check_below, .arg = &c};
    find_common(s, &c);
    for (size_t k = 0; k < q->targets.n; k++)
        if (check_one(&w, q->targets.items[k].expr))
            return false;
    for (size_t k = 0; k < s->windows.n; k++) {
        const struct window_def *window = &s->windows.items[k];
        for (size_t p = 0; p < window->partition.n; p++)
            if (check_one(&w, window->partition.items[p]))
                return false;
        for (size_t o = 0; o < window->order.n; o++)
            if (check_one(&w, window->order.items[o].expr))
                return false;
    }
    return !q->having || !check_one(&w, q->having);
}
