/* routine.h - a LANGUAGE SQL body at one call site of an execution, run statement by statement. */
#ifndef SHARDLITE_EXEC_ROUTINE_H
#define SHARDLITE_EXEC_ROUTINE_H

#include "exec/exec_int.h"

struct routine;

/* Analyses and plans the body; lives as long as the execution.  NULL on error. */
struct routine *routine_new(struct exec *exec, const struct expr *call);
/* Runs all of it; the rows of the call before are forgotten.  `args`: the call's arguments. */
MUST_CHECK bool routine_run(struct routine *routine, struct exec *exec, const struct datum *args);
size_t routine_n_rows(const struct routine *routine);
int routine_n_columns(const struct routine *routine);
const struct type *routine_type(const struct routine *routine, int column);
/* Valid until the next row or run. */
MUST_CHECK bool routine_row(struct routine *routine, struct exec *exec, size_t index,
                            const struct datum **row);
/* A row as one value of the call's type. */
struct datum routine_value(const struct routine *routine, struct arena *arena,
                           const struct datum *row);

#endif
