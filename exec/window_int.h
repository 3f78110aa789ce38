/* window_int.h - one partition of one window, as window.c lays it out for window_call.c and window_range.c. */
#ifndef SHARDLITE_EXEC_WINDOW_INT_H
#define SHARDLITE_EXEC_WINDOW_INT_H

#include "exec/exec_int.h"
#include "exec/store.h"

struct partition {
    struct state *state;
    const struct window_def *window;
    struct arena *arena; /* the partition's; nothing in it grows with the rows */
    size_t n;
    struct store *rows; /* in window order */
    struct store_cursor *cursor;
    const uint8_t *starts; /* a bit for each row: is it the first of its peers? */
};

/* The frame of `row`, its scratch arena emptied; NULL on error. */
struct frame *partition_at(struct partition *part, size_t row);

/* A group of peers: its number and its rows, [begin, end). */
struct peers {
    size_t number, begin, end;
};
void peers_first(const struct partition *part, struct peers *peers);
/* Moves to the group of a row (or to a group by number, at the last one at most); as many steps as rows lie between. */
void peers_seek_row(const struct partition *part, struct peers *peers, size_t row);
void peers_seek_number(const struct partition *part, struct peers *peers, size_t number);

/* One end of a frame of RANGE with an offset. */
struct range_edge {
    func_impl impl; /* in_range() for the types */
    const struct proc *proc;
    struct datum offset;
    const struct type *type; /* the offset's */
    size_t at;               /* where it was for the row before; it never moves back */
    struct store_cursor *cursor;
};
struct range_frame {
    struct store *keys; /* the order value of each row */
    struct store_cursor *current;
    struct range_edge start, end;
};
MUST_CHECK bool range_frame_init(struct partition *part, struct range_frame *range);
/* The first row inside the frame of `current`, or with `is_end` the row behind the last one.  `current` goes forward from call to call;
 * `peers` is its group. */
MUST_CHECK bool range_frame_edge(struct partition *part, struct range_frame *range, size_t current,
                                 const struct peers *peers, bool is_end, size_t *at);

/* Adds the call's value for each row, in their order, to `values` (one column). */
MUST_CHECK bool window_call(struct partition *part, const struct expr *call, struct store *values);

#endif
