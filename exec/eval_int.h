/* eval_int.h - shared by eval.c, eval_more.c and sublink.c. */
#ifndef SHARDLITE_EXEC_EVAL_INT_H
#define SHARDLITE_EXEC_EVAL_INT_H

#include "exec/exec_int.h"

/* What a function call keeps between rows: exec->sites[expr->site]. */
struct call_site {
    void *user; /* fcall.site */
    struct arena *arena;
    const struct type **arg_types;
    struct fcall
        call; /* filled in but for what changes from call to call; no call site is entered twice at a time */
};
struct call_site *call_site(const struct expr *e, struct frame *f);

bool eval_sql_function(const struct expr *e, struct frame *f, const struct datum *args,
                       struct datum *out);
bool eval_routine(const struct expr *e, struct frame *f, const struct datum *args,
                  struct datum *out); /* routine.c */
/* Must the call be run statement by statement?  (A volatile body that reads tables too, where others of the statement change them.) */
bool is_routine_call(const struct expr *e, const struct exec *exec);
bool eval_subscript(const struct expr *e, struct frame *f, struct datum *out);
bool eval_field_assign(const struct expr *e, struct frame *f, struct datum *out);
bool eval_sql_value(const struct expr *e, struct frame *f, struct datum *out);
bool array_of_arrays(struct frame *f, const struct type *elem, const struct datum *items, size_t n,
                     struct datum *out);
bool io_cast(struct frame *f, const struct type *from, const struct type *to, int32_t typmod,
             struct datum v, struct datum *out);
bool compare_pair(struct frame *f, const struct oper *op, func_impl impl, const struct expr *left,
                  const struct expr *right, struct datum a, struct datum b, struct datum *out);
bool compare_rows(struct frame *f, int strategy, int n, const struct oper *const *ops,
                  const func_impl *impls, struct expr *const *left, struct expr *const *right,
                  const struct datum *a, const struct datum *b, struct datum *out);

#endif
