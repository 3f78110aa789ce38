/* agg_files.h - plain aggregates that the files compute. */
#ifndef SHARDLITE_EXEC_AGG_FILES_H
#define SHARDLITE_EXEC_AGG_FILES_H

#include "exec/exec_int.h"

struct file_total {
    int64_t n;
    __int128 sum;
    struct datum extreme;
};
struct file_totals {
    struct file_total *calls; /* by call of the node */
};

/* Reads them; *totals NULL: the files cannot tell this time, rows have to be read. */
MUST_CHECK bool file_totals_read(struct frame *frame, const struct node *node, struct arena *arena,
                                 struct file_totals **totals);
/* The result of a call, in frame->arena. */
MUST_CHECK bool file_total_value(struct frame *frame, const struct node *node,
                                 const struct file_totals *totals, int call, struct datum *out);

#endif
