/* exec.h - running analysed statements: plan once, execute many times, pull rows. */
#ifndef SHARDLITE_EXEC_EXEC_H
#define SHARDLITE_EXEC_EXEC_H

#include "sql/query.h"
#include "txn/txn.h"

struct plan; /* immutable, shared between executions; lives in the arena it was made in */
struct exec; /* one execution */

/* Plans a SELECT/INSERT/UPDATE/DELETE/MERGE. */
struct plan *plan_query(struct arena *arena, const struct env *env, const struct query *query,
                        struct err *err);

/* Starts an execution; `params` (query->n_params) are borrowed until exec_end.  `arena` is the execution's.
 * Locks tables, takes the snapshot it needs from env->txn; a data-modifying statement runs to its end inside exec_start (its RETURNING rows
 * are kept), so that it may be re-run on a lock conflict without a trace. */
struct exec *exec_start(const struct plan *plan, struct arena *arena, const struct env *env,
                        const struct datum *params, struct err *err);
/* Takes the table locks that exec_start() would take: whoever waited here sees afterwards whether the plan is still good. */
MUST_CHECK bool exec_lock_tables(const struct plan *plan, const struct env *env, struct err *err);

/* The next row: n visible target columns, borrowed until the next call.  *row NULL at the end. */
MUST_CHECK bool exec_next(struct exec *exec, const struct datum **row, struct err *err);
uint64_t exec_rows_changed(const struct exec *exec); /* for the command tag */
void exec_end(struct exec *exec);                    /* NULL is fine */

/* Evaluates an expression without columns (defaults, LIMITs of utility statements, EXECUTE arguments). */
MUST_CHECK bool exec_constant(struct arena *arena, const struct env *env, const struct expr *expr,
                              const struct datum *params, struct datum *value, struct err *err);
/* Evaluates `expr` over one row of a relation (EXPR_COLUMN {0, 0, attnum}): CHECKs, generated columns, index expressions, defaults. */
MUST_CHECK bool exec_over_row(struct arena *arena, const struct env *env, const struct expr *expr,
                              const struct datum *row, struct datum *value, struct err *err);
/* EXPLAIN's lines. */
void plan_explain(const struct plan *plan, const struct env *env, bool verbose, struct arena *arena,
                  struct buf *out);

#endif
