/* bundle.h - the current rows of some range table entries as one row of datums, to be kept and put back later.
 *
 * Of a table only the columns that the statement reads are in a bundle.  Where those are all, or nearly, the entry's row is pointed
 * at inside the bundle when it is put back; otherwise its columns are copied to a row of the shape's. */
#ifndef SHARDLITE_EXEC_BUNDLE_H
#define SHARDLITE_EXEC_BUNDLE_H

#include "exec/exec_int.h"

struct bundle_shape;
/* For the entries that the subtree `node` sets. */
struct bundle_shape *bundle_shape_new(struct frame *frame, const struct node *node);
int bundle_columns(const struct bundle_shape *shape);
/* Gathers the frame's current rows into `out` (bundle_columns() datums), which borrows from them. */
void bundle_gather(const struct bundle_shape *shape, const struct frame *frame, struct datum *out);
/* Puts them back.  `row` must stay where it is as long as the frame's rows are used. */
void bundle_restore(struct bundle_shape *shape, struct frame *frame, const struct datum *row);
void bundle_clear(const struct bundle_shape *shape, struct frame *frame); /* null-extends */

#endif
