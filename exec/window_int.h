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

/* values[k]: the call's value for row k; by-reference values are in part->arena. */
MUST_CHECK bool window_call(struct partition *part, const struct expr *call, struct datum *values);

#endif
