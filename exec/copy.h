/* copy.h - COPY FROM: rows through the INSERT path, one statement for all of them.
 *
 * The caller plans "INSERT INTO t (columns) VALUES ($1, ... $n)" and hands each row's values as the parameters; defaults, generated
 * columns, constraints and foreign keys work as in INSERT. */
#ifndef SHARDLITE_EXEC_COPY_H
#define SHARDLITE_EXEC_COPY_H

#include "exec/exec.h"

struct copy_in;
/* Locks the table and starts the statement; NULL with err.  `arena` must live until finish or abort. */
struct copy_in *exec_copy_begin(const struct plan *insert, struct arena *arena,
                                const struct env *env, struct err *err);
MUST_CHECK bool exec_copy_row(struct copy_in *copy, const struct datum *params,
                              struct err *err); /* after a failure: abort */
MUST_CHECK bool exec_copy_finish(struct copy_in *copy, uint64_t *rows, struct err *err);
void exec_copy_abort(struct copy_in *copy); /* undoes the statement; NULL is fine */

#endif
