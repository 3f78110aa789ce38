/* walk.h - going over analysed expressions and queries. */
#ifndef SHARDLITE_SQL_WALK_H
#define SHARDLITE_SQL_WALK_H

#include "sql/query.h"

/* A walk stops when a visitor returns true.  The visitors decide whether to go deeper, through tree_children() and
 * tree_query(); a NULL `query` visitor leaves sub-selects alone. */
struct tree_walker {
    bool (*expr)(struct tree_walker *walker, struct expr *expr);
    bool (*query)(struct tree_walker *walker, struct query *query);
    int levels; /* the visitors' own: how many queries deep */
    void *arg;
};
/* The direct children of an expression, then the query of a sub-link. */
bool tree_children(struct tree_walker *walker, const struct expr *expr);
/* All expressions of a query, then the queries inside it (FROM, WITH, set operations, source). */
bool tree_query(struct tree_walker *walker, const struct query *query);

/* Same value whatever the row: compares structure, not locations nor forms. */
bool same_expr(const struct expr *a, const struct expr *b);
bool same_exprs(const struct exprs *a, const struct exprs *b);

/* Copies an expression; `map` may return a replacement for a node (already complete), or NULL to have it copied and its children
 * mapped.  Queries of sub-links are copied too; `levels` counts how many queries down the node is. */
struct tree_mapper {
    struct arena *arena;
    struct expr *(*map)(struct tree_mapper *mapper, const struct expr *expr);
    int levels;
    void *arg;
};
struct expr *tree_map(struct tree_mapper *mapper, const struct expr *expr);
/* The same for a SELECT; its own expressions are at mapper->levels + 1. */
struct query *tree_map_query(struct tree_mapper *mapper, const struct query *query);
/* A deep copy: an expression is in one place of a query only, since planning rewrites it there. */
struct expr *tree_copy(struct arena *arena, const struct expr *expr);
/* A copy whose references that leave the expression go `levels` further up. */
struct expr *tree_shift(struct arena *arena, const struct expr *expr, int levels);
/* Where the expression starts in the text: its own location or that of its leftmost argument. */
int expr_location(const struct expr *expr);

#endif
