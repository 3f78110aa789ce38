/* plan_int.h - shared by the files of plan/. */
#ifndef SHARDLITE_PLAN_PLAN_INT_H
#define SHARDLITE_PLAN_PLAN_INT_H

#include <string.h>

#include "exec/exec_int.h"
#include "plan/walk.h"

/* One statement being planned. */
struct planner {
    struct arena *arena;
    const struct env *env;
    struct err *err;
    uint32_t n_sites;
    VEC(struct plan_table) tables;
    VEC(struct node *) scans;
};

/* A set of range table entries of one level. */
#define RELSET_WORDS 16
#define RELSET_MAX (RELSET_WORDS * 64)
struct relset {
    uint64_t words[RELSET_WORDS];
};
static inline void relset_add(struct relset *set, uint16_t rte)
{
    set->words[rte / 64] |= UINT64_C(1) << rte % 64;
}
static inline bool relset_has(const struct relset *set, uint16_t rte)
{
    return set->words[rte / 64] >> rte % 64 & 1;
}
static inline bool relset_within(const struct relset *inner, const struct relset *outer)
{
    for (int k = 0; k < RELSET_WORDS; k++)
        if (inner->words[k] & ~outer->words[k])
            return false;
    return true;
}
static inline bool relset_overlaps(const struct relset *a, const struct relset *b)
{
    for (int k = 0; k < RELSET_WORDS; k++)
        if (a->words[k] & b->words[k])
            return true;
    return false;
}
static inline bool relset_is_empty(const struct relset *set)
{
    for (int k = 0; k < RELSET_WORDS; k++)
        if (set->words[k])
            return false;
    return true;
}
static inline void relset_union(struct relset *into, const struct relset *from)
{
    for (int k = 0; k < RELSET_WORDS; k++)
        into->words[k] |= from->words[k];
}

struct plan *plan_level(struct planner *p, struct query *query); /* any query; NULL with err */
MUST_CHECK bool plan_modification(struct planner *p, struct plan *plan); /* dml.c */
struct node *node_new(struct planner *p, const struct node_ops *ops, struct node *left,
                      struct node *right);
/* Gives call sites their numbers and plans the sub-selects inside. */
MUST_CHECK bool prepare_expr(struct planner *p, struct expr **slot);
MUST_CHECK bool number_sites(struct planner *p, struct expr **slot); /* and nothing else */
MUST_CHECK bool prepare_list(struct planner *p, struct exprs *list);
/* Quals and scan conditions of a join tree. */
MUST_CHECK bool prepare_tree(struct planner *p, struct node *node);
void add_table(struct planner *p, const struct relation *relation, int lock_mode);

/* The FROM clause with these conditions (from.c). */
struct node *plan_from(struct planner *p, struct query *query, struct from **items, size_t n_items,
                       struct exprs *conjuncts);
void split_and(struct planner *p, struct expr *expr, struct exprs *conjuncts);
struct relset expr_rels(const struct expr *expr); /* entries of this level it refers to */

/* A table scan's conditions out of the conjuncts on it (conds.c): those that the files decide leave `conjuncts`. */
MUST_CHECK bool plan_scan_conds(struct planner *p, struct query *query, struct node *scan,
                                struct exprs *conjuncts);
/* Is `conjunct` an equality of a column of `rte` with something free of it?  For look-up joins and derived constants. */
bool is_column_equality(const struct expr *conjunct, uint16_t rte, const struct expr **column,
                        const struct expr **other);

/* What of the statement is computed before it runs (fold.c); before planning rewrites it. */
MUST_CHECK bool plan_folds(struct planner *p, struct query *query, struct exprs *folds);
/* Columns of FROM's sub-selects that nothing reads are not computed (unused.c). */
void drop_unused_columns(struct planner *p, struct query *query);
/* Of EXISTS (SELECT ...) only whether there is a row is of interest. */
void drop_exists_list(struct query *query);
void plan_file_aggs(struct planner *p, struct node *agg);     /* agg_files.c */
void plan_window_order(struct planner *p, struct node *node); /* window_order.c */
/* Aggregation, windows, set-returning functions over the rows of `below` (stage.c). */
struct node *plan_stages(struct planner *p, struct plan *plan, struct node *below,
                         struct expr **having);

#endif
