/* window_int.h - one partition of one window, as window.c lays it out for window_call.c. */
#ifndef SHARDLITE_EXEC_WINDOW_INT_H
#define SHARDLITE_EXEC_WINDOW_INT_H

#include "exec/exec_int.h"

struct partition {
    struct state *state;
    const struct window_def *window;
    struct arena *arena;
    size_t n;
    const struct datum **rows; /* input rows in window order */
    size_t *group_of;          /* peer group of each row */
    size_t *group_start;       /* n_groups + 1 */
    size_t n_groups;
};

/* The frame of `row`, its scratch arena emptied. */
struct frame *partition_at(struct partition *part, size_t row);

/* One end of a frame of RANGE with an offset. */
struct range_edge {
    func_impl impl; /* in_range() for the types */
    const struct proc *proc;
    struct datum offset;
    const struct type *type; /* the offset's */
};
struct range_frame {
    struct datum *keys; /* the order value of each row */
    struct range_edge start, end;
};
MUST_CHECK bool range_frame_init(struct partition *part, struct range_frame *range);
/* The first row inside the frame of `current`, or with `is_end` the row behind the last one. */
MUST_CHECK bool range_frame_edge(struct partition *part, const struct range_frame *range,
                                 size_t current, bool is_end, size_t *at);

/* values[k]: the call's value for row k; by-reference values are in part->arena. */
MUST_CHECK bool window_call(struct partition *part, const struct expr *call, struct datum *values);

#endif
