/* agg.h - running one aggregate over a list of input rows: shared by GROUP BY and by windows. */
#ifndef SHARDLITE_EXEC_AGG_H
#define SHARDLITE_EXEC_AGG_H

#include "exec/exec_int.h"

/* How a call is fed; immutable after agg_call_init. */
struct agg_shape {
    const struct expr *call;        /* EXPR_AGGREGATE, or EXPR_WINDOW over an aggregate */
    const struct agg_entry *impl;
    const struct proc *proc;
    const struct exprs *args;
    const struct expr *filter;
    const struct sort_keys *order;  /* NULL or empty: as they come */
    bool distinct, ordered_set, variadic_array;
    const struct exprs *direct;
    const struct type **arg_types;
    const struct agg_order *agg_order; /* ordered-set aggregates: direction of each key */
};

struct agg_run; /* one group's state of one call */

void agg_shape_init(struct agg_shape *shape, struct frame *frame, const struct expr *call);
struct agg_run *agg_run_new(struct arena *arena, const struct agg_shape *shape);
/* Feeds the frame's current row. */
MUST_CHECK bool agg_run_feed(struct agg_run *run, const struct agg_shape *shape, struct frame *frame, struct arena *group_arena);
/* Feeds already evaluated arguments (windows), or takes them back. */
MUST_CHECK bool agg_run_feed_values(struct agg_run *run, const struct agg_shape *shape, struct frame *frame, struct arena *group_arena,
                                    const struct datum *args);
MUST_CHECK bool agg_run_unfeed_values(struct agg_run *run, const struct agg_shape *shape, struct frame *frame,
                                      struct arena *group_arena, const struct datum *args);
/* The result, allocated in frame->arena.  May be called again after more rows. */
MUST_CHECK bool agg_run_result(struct agg_run *run, const struct agg_shape *shape, struct frame *frame, struct arena *group_arena,
                               struct datum *out);

#endif
