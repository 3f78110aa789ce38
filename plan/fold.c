/* fold.c - which constant expressions of a statement are looked at before it runs.
 *
 * PostgreSQL's planner computes immutable functions of constants, and an error in one (1/0) is the statement's error even where no row
 * would ever need the value: `SELECT CASE WHEN id > 100 THEN 1/0 END FROM t` fails on an empty table.  Plans here are shared by statements
 * that differ in their constants, so the planner only notes the expressions that have such parts, and exec/fold.c goes over them when an
 * execution starts.  Noted are the clauses that are certain to be planned there: those of the statement itself, of the operands of its set
 * operation, of INSERT's source and of scalar sub-selects that stand outside of conditional branches.
 *
 * The notes are copies, since planning rewrites the originals. */
#include "plan/plan_int.h"

#include "sql/walk.h"

struct noting {
    struct planner *p;
    struct plan *plan;
};

static bool is_foldable(const struct expr *e);

static bool args_foldable(const struct expr *e)
{
    for (size_t k = 0; k < e->args.n; k++)
        if (!e->args.items[k] || !is_foldable(e->args.items[k]))
            return false;
    return true;
}

static bool is_immutable_call(const struct expr *e)
{
    return e->kind == EXPR_FUNC && e->func.impl && e->func.proc->volatility == 'i' &&
           !e->func.proc->returns_set;
}

static bool is_foldable(const struct expr *e)
{
    switch ((int)e->kind) {
    case EXPR_CONST:
    case EXPR_PARAM:
        return true;
    case EXPR_FUNC:
        return is_immutable_call(e) && args_foldable(e);
    case EXPR_RELABEL:
    case EXPR_IO_CAST:
        return args_foldable(e);
    default:
        return false;
    }
}

static enum walk find_foldable(struct expr **slot, int depth, void *arg)
{
    const struct expr *e = *slot;
    if (depth)
        return WALK_SKIP;
    bool found = (e->kind == EXPR_FUNC || e->kind == EXPR_IO_CAST) && is_foldable(e);
    return found ? WALK_STOP : WALK_INTO;
}

/* Sub-selects and functions' bodies are opaque to what is noted around them. */
static struct expr *leave_out(struct tree_mapper *mapper, const struct expr *e)
{
    bool is_body = e->kind == EXPR_FUNC && (e->func.sql_function || e->func.routine);
    if (e->kind != EXPR_SUBLINK && e->kind != EXPR_COLUMN && !is_body)
        return NULL;
    struct expr *leaf = ARENA_NEW(mapper->arena, struct expr);
    *leaf = (struct expr){.kind = EXPR_SLOT, .type = e->type, .typmod = e->typmod, .location = -1};
    return leaf;
}

static bool note_query(struct noting *n, struct query *q);

static enum walk note_sublink(struct expr **slot, int depth, void *arg)
{
    struct noting *n = arg;
    struct expr *e = *slot;
    switch ((int)e->kind) {
    case EXPR_CASE:
    case EXPR_COALESCE:
    case EXPR_AND:
    case EXPR_OR:
        return WALK_SKIP;
    case EXPR_SUBLINK:
        if (e->sublink.kind != SUBLINK_SCALAR && e->sublink.kind != SUBLINK_ARRAY)
            return WALK_SKIP;
        return note_query(n, e->sublink.query) ? WALK_SKIP : WALK_STOP;
    default:
        return WALK_INTO;
    }
}

static bool note(struct noting *n, struct expr *e)
{
    if (!e)
        return true;
    if (!walk_expr(&e, 0, find_foldable, NULL)) {
        struct tree_mapper mapper = {.arena = n->p->arena, .map = leave_out};
        struct expr *copy = tree_map(&mapper, e);
        if (!number_sites(n->p, &copy))
            return false;
        VEC_PUSH(n->p->arena, &n->plan->folds, copy);
    }
    return walk_expr(&e, 0, note_sublink, n);
}

static bool note_from(struct noting *n, const struct from *from)
{
    if (!from || from->kind == FROM_RTE)
        return true;
    return note_from(n, from->left) && note_from(n, from->right) && note(n, from->on);
}

static bool note_setop(struct noting *n, struct setop *op)
{
    if (op->query)
        return note_query(n, op->query);
    return note_setop(n, op->left) && note_setop(n, op->right);
}

static bool note_query(struct noting *n, struct query *q)
{
    for (size_t k = 0; k < q->targets.n; k++)
        if (!note(n, q->targets.items[k].expr))
            return false;
    if (q->setop && !note_setop(n, q->setop))
        return false;
    for (size_t k = 0; k < q->set.n; k++)
        if (!note(n, q->set.items[k].expr))
            return false;
    for (size_t k = 0; k < q->returning.n; k++)
        if (!note(n, q->returning.items[k].expr))
            return false;
    if (q->source && !note_query(n, q->source))
        return false;
    for (size_t k = 0; k < q->from.n; k++)
        if (!note_from(n, q->from.items[k]))
            return false;
    return note(n, q->where) && note(n, q->having) && note(n, q->offset) && note(n, q->limit);
}

bool plan_folds(struct planner *p, struct query *query, struct exprs *folds)
{
    struct plan holder = {0};
    struct noting n = {.p = p, .plan = &holder};
    if (!note_query(&n, query))
        return false;
    *folds = holder.folds;
    return true;
}
