/* agg.h - running one aggregate over a list of input rows: shared by GROUP BY and by windows. */
#ifndef SHARDLITE_EXEC_AGG_H
#define SHARDLITE_EXEC_AGG_H

#include "exec/exec_int.h"

/* How a call is fed; all but `step` is fixed by agg_shape_init. */
struct agg_shape {
    const struct expr *call; /* EXPR_AGGREGATE, or EXPR_WINDOW over an aggregate */
    const struct agg_entry *impl;
    const struct proc *proc;
    const struct exprs *args;
    const struct expr *filter;
    const struct sort_keys *order; /* NULL or empty: as they come */
    bool distinct, ordered_set, variadic_array;
    bool collects; /* DISTINCT or an order: its rows are sorted before they are fed */
    const struct exprs *direct;
    const struct type **arg_types;
    const struct agg_order *agg_order; /* ordered-set aggregates: direction of each key */
    struct fcall step;                 /* filled in but for what changes from row to row */
};

struct agg_run; /* one group's state of one call */

void agg_shape_init(struct agg_shape *shape, struct frame *frame, const struct expr *call);
size_t
agg_run_bytes(const struct agg_shape *shape); /* zeroed bytes, 16-byte aligned, are a new state */
struct agg_run *agg_run_new(struct arena *arena, const struct agg_shape *shape);
/* Does the frame's current row pass FILTER?  And the row's arguments, in frame->arena. */
MUST_CHECK bool agg_filter(const struct agg_shape *shape, struct frame *frame, bool *pass);
MUST_CHECK bool agg_args(const struct agg_shape *shape, struct frame *frame, struct datum *args);
/* Calls that collect: appends the key that the row is sorted by. */
MUST_CHECK bool agg_order_key(const struct agg_shape *shape, struct frame *frame,
                              const struct datum *args, struct buf *key);
/* Feeds evaluated arguments, or takes them back. */
MUST_CHECK bool agg_run_feed(struct agg_run *run, struct agg_shape *shape, struct frame *frame,
                             struct arena *group_arena, const struct datum *args);
MUST_CHECK bool agg_run_unfeed(struct agg_run *run, struct agg_shape *shape, struct frame *frame,
                               struct arena *group_arena, const struct datum *args);
/* The result, allocated in frame->arena.  May be called again after more rows. */
MUST_CHECK bool agg_run_result(struct agg_run *run, const struct agg_shape *shape,
                               struct frame *frame, struct arena *group_arena, struct datum *out);

#endif
