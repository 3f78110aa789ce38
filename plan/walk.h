/* walk.h - visiting every expression of a query. */
#ifndef SHARDLITE_PLAN_WALK_H
#define SHARDLITE_PLAN_WALK_H

#include "sql/query.h"

enum walk { WALK_INTO, WALK_SKIP, WALK_STOP };

/* Called for each expression before its parts; `depth` counts the query levels between where the walk began and the expression, so that
 * a column reference with levels_up == depth belongs to the starting level.  It may replace *slot (and should then SKIP). */
typedef enum walk (*walk_fn)(struct expr **slot, int depth, void *arg);

/* False when stopped. */
bool walk_expr(struct expr **slot, int depth, walk_fn fn, void *arg);
/* All expressions of the query itself (depth) and of the queries inside it (depth + 1 ...). */
bool walk_query(struct query *query, int depth, walk_fn fn, void *arg);

/* Same structure and values, locations aside. */
bool expr_equal(const struct expr *a, const struct expr *b);
/* A copy whose nodes can be changed; sub-selects are shared. */
struct expr *expr_copy(struct arena *arena, const struct expr *expr);
/* Adds `by` to the levels of every reference that points at `from` levels up or further (counted at depth 0). */
void expr_shift_levels(struct expr *expr, int from, int by);
bool expr_has_volatile(const struct expr *expr);
bool expr_has_sublink(const struct expr *expr);

#endif
