/* routine.c - LANGUAGE SQL functions and procedures whose bodies are run statement by statement (call->func.routine).
 *
 * A call site analyses and plans the body at its first call in an execution and keeps that; each call then runs the statements one
 * after the other, each as an execution of its own inside the caller's: with a snapshot of its own, so that it sees what the statements
 * before it changed, while the caller's scans go on with theirs.  The rows of the last statement are collected before the caller goes
 * on, since statements must end in the reverse of the order in which they began.
 *
 * Not here: bodies that are one SELECT; they are part of the caller's plan (sql/sql_function.c). */
#include "exec/routine.h"

#include <string.h>

#include "base/fiber.h"
#include "catalog/cluster.h"
#include "exec/eval_int.h"
#include "exec/store.h"
#include "sql/analyze.h"
#include "types/record.h"

struct routine {
    const struct expr *call;
    struct env env;
    struct plan **plans;
    size_t n, n_allowed; /* statements whose privileges were looked at */
    struct arena *arena; /* one call's */
    struct store *rows;  /* of the last call; NULL: there are none to come */
    int n_columns;
    const struct type **types;
};

/* ---- the body ---- */

static bool add_context(struct exec *x, const struct proc *proc, const char *when)
{
    struct err *err = x->err;
    err->position = 0;
    err->where =
        arena_printf(err->arena, "%s%sSQL function \"%s\" %s", err->where ? err->where : "",
                     err->where ? "\n" : "", proc->name, when);
    return false;
}

/* A function that is to run as its owner sees itself as that user. */
static void become_owner(struct routine *r, const struct proc *proc)
{
    const struct role *owner = catalog_role(r->env.catalog, proc->owner_oid);
    if (!proc->security_definer || !owner)
        return;
    r->env.user_oid = owner->oid;
    r->env.user = owner->name;
}

/* What a row of the last statement is made of. */
static void note_columns(struct routine *r, struct arena *arena)
{
    const struct plan *last = r->n ? r->plans[r->n - 1] : NULL;
    const struct query *q = last ? last->query : NULL;
    if (!q || r->call->type->oid == TYPE_VOID || !q->returns_rows)
        return;
    const struct targets *list = q->command == CMD_SELECT_ ? &q->targets : &q->returning;
    r->types = ARENA_ARRAY(arena, const struct type *, list->n + 1);
    for (size_t k = 0; k < list->n; k++)
        if (!list->items[k].junk)
            r->types[r->n_columns++] = list->items[k].expr->type;
}

static bool prepare(struct routine *r, struct exec *x)
{
    const struct env *env = &r->env;
    struct analyze_context context = {.arena = x->arena,
                                      .catalog = env->catalog,
                                      .env = env,
                                      .fixed_params = true,
                                      .user = env->user};
    struct routine_body body;
    if (env->path)
        context.path = *env->path;
    if (!analyze_routine(&context, r->call, &body, x->err))
        return false;
    r->plans = ARENA_ARRAY(x->arena, struct plan *, body.n + 1);
    for (size_t k = 0; k < body.n; k++) {
        struct query *q = body.statements[k];
        if (q->command != CMD_SELECT_ && r->call->func.proc->volatility != 'v')
            return err_set(x->err, ERR_FEATURE_NOT_SUPPORTED,
                           "%s is not allowed in a non-volatile function", q->tag);
        r->plans[k] = plan_query(x->arena, env, q, x->err);
        if (!r->plans[k])
            return false;
        r->n++;
    }
    note_columns(r, x->arena);
    return true;
}

struct routine *routine_new(struct exec *x, const struct expr *call)
{
    struct routine *r = ARENA_NEW(x->arena, struct routine);
    const struct proc *proc = call->func.proc;
    r->call = call;
    r->env = *x->env;
    become_owner(r, proc);
    r->arena = arena_child(x->arena, "routine");
    if (!stack_check(x->err))
        return NULL;
    if (prepare(r, x))
        return r;
    add_context(x, proc, "during startup");
    return NULL;
}

/* ---- a call ---- */

static bool pull_rows(struct exec *inner, struct routine *r, struct exec *x, bool wanted, bool all)
{
    const struct datum *row;
    do {
        if (!exec_next(inner, &row, x->err))
            return false;
        if (row && wanted && !store_add(r->rows, row, x->err))
            return false;
    } while (row && all);
    return true;
}

static bool failed_in(struct exec *x, const struct routine *r, size_t statement)
{
    return add_context(x, r->call->func.proc,
                       arena_printf(x->err->arena, "statement %zu", statement + 1));
}

static bool run_one(struct routine *r, struct exec *x, size_t k, const struct datum *args)
{
    bool last = k + 1 == r->n;
    bool wanted = last && r->n_columns > 0;
    bool all = !last || r->call->func.proc->returns_set;
    r->env.txn = x->env->txn;
    if (k == r->n_allowed) {
        if (r->env.may_run && !r->env.may_run(&r->env, r->plans[k]->query, x->err))
            return failed_in(x, r, k);
        r->n_allowed++;
    }
    struct exec *inner = exec_start(r->plans[k], r->arena, &r->env, args, x->err);
    bool ok = inner && pull_rows(inner, r, x, wanted, all);
    exec_end(inner);
    return ok || failed_in(x, r, k);
}

bool routine_run(struct routine *r, struct exec *x, const struct datum *args)
{
    if (!stack_check(x->err))
        return false;
    arena_reset(r->arena);
    r->rows = r->n_columns ? store_new(r->arena, NULL, r->n_columns) : NULL;
    for (size_t k = 0; k < r->n; k++)
        if (!run_one(r, x, k, args))
            return false;
    return true;
}

size_t routine_n_rows(const struct routine *r)
{
    return r->rows ? store_count(r->rows) : 0;
}

int routine_n_columns(const struct routine *r)
{
    return r->n_columns;
}

const struct type *routine_type(const struct routine *r, int column)
{
    return r->types[column];
}

bool routine_row(struct routine *r, struct exec *x, size_t index, const struct datum **row)
{
    return store_row(r->rows, index, row, x->err);
}

/* ---- in an expression ---- */

static bool is_row(const struct type *type)
{
    return type->oid == TYPE_RECORD || type->kind == 'c';
}

/* One value out of a row: the row itself where the function returns one. */
struct datum routine_value(const struct routine *r, struct arena *arena, const struct datum *row)
{
    const struct type *type = r->call->type;
    if (is_row(type) && !(r->n_columns == 1 && is_row(r->types[0])))
        return record_build(arena, type->oid, r->types, row, (uint32_t)r->n_columns);
    return row[0].null || !type_by_ref(r->types[0]) ? row[0]
                                                    : datum_copy(r->types[0], arena, row[0]);
}

/* The site's routine, or another one while that runs: a function may call itself through its arguments. */
bool eval_routine(const struct expr *e, struct frame *f, const struct datum *args,
                  struct datum *out)
{
    struct exec *x = f->exec;
    void **slot = &x->sites[e->site];
    const struct datum *row;
    if (!*slot && !(*slot = routine_new(x, e)))
        return false;
    struct routine *r = *slot;
    *out = datum_null();
    if (!routine_run(r, x, args))
        return false;
    if (!routine_n_rows(r))
        return true;
    if (!routine_row(r, x, 0, &row))
        return false;
    *out = routine_value(r, f->arena, row);
    return true;
}
