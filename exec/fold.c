/* fold.c - computes the constant parts of a statement before it runs, for the errors in them (plan/fold.c says why and which).
 *
 * The order and the short cuts are those of PostgreSQL's planner: AND and OR end at the first constant that decides them, CASE leaves out
 * branches whose condition is a constant false and ends at a constant true one, COALESCE ends at the first constant that is not NULL. */
#include "exec/fold.h"

struct folding {
    struct frame *frame;
    bool test_known; /* of the CASE x WHEN around */
    struct datum test;
};

static bool fold(const struct expr *e, struct folding *f, bool *known, struct datum *value);

/* All arguments; then, if they are all known, the expression itself over their values (what was cut short inside of them stays so). */
static bool fold_all(const struct expr *e, struct folding *f, bool can, bool *known,
                     struct datum *value)
{
    struct arena *arena = f->frame->arena;
    struct expr over_values = *e;
    bool all = can;
    over_values.args.items = ARENA_ARRAY(arena, struct expr *, e->args.n + 1);
    for (size_t k = 0; k < e->args.n; k++) {
        const struct expr *arg = e->args.items[k];
        struct datum v = datum_null();
        bool one = false;
        if (!arg)
            continue;
        if (!fold(arg, f, &one, &v))
            return false;
        all &= one;
        if (!all)
            continue;
        struct expr *constant = ARENA_NEW(arena, struct expr);
        *constant = (struct expr){.kind = EXPR_CONST,
                                  .type = arg->type,
                                  .typmod = arg->typmod,
                                  .collation_oid = arg->collation_oid,
                                  .location = arg->location,
                                  .value = v};
        over_values.args.items[k] = constant;
    }
    *known = all;
    return !all || eval(&over_values, f->frame, value);
}

static bool fold_and_or(const struct expr *e, struct folding *f, bool *known, struct datum *value)
{
    bool all = true, null_seen = false, decisive = e->kind == EXPR_OR;
    for (size_t k = 0; k < e->args.n; k++) {
        struct datum v;
        bool one = false;
        if (!fold(e->args.items[k], f, &one, &v))
            return false;
        if (one && !v.null && (v.i != 0) == decisive) {
            *known = true;
            *value = v;
            return true;
        }
        null_seen |= one && v.null;
        all &= one;
    }
    *known = all;
    *value = null_seen ? datum_null() : datum_bool(!decisive);
    return true;
}

static bool fold_case(const struct expr *e, struct folding *f, bool *known, struct datum *value)
{
    const struct exprs *args = &e->args;
    size_t k = e->case_.has_test ? 1 : 0;
    bool certain = true; /* no branch before is taken instead */
    struct folding inner = *f;
    struct frame *frame = f->frame;
    struct datum outer_test = frame->case_test, v;
    *known = false;
    if (k && !fold(args->items[0], f, &inner.test_known, &inner.test))
        return false;
    for (; k + 1 < args->n; k += 2) {
        bool when_known, then_known;
        frame->case_test = inner.test;
        bool ok = fold(args->items[k], &inner, &when_known, &v);
        frame->case_test = outer_test;
        if (!ok)
            return false;
        if (when_known && (v.null || !v.i))
            continue;
        if (!fold(args->items[k + 1], f, &then_known, value))
            return false;
        if (when_known) {
            *known = certain && then_known;
            return true;
        }
        certain = false;
    }
    if (k < args->n && args->items[k])
        return fold(args->items[k], f, known, value) && (*known &= certain, true);
    *known = certain;
    *value = datum_null();
    return true;
}

static bool fold_coalesce(const struct expr *e, struct folding *f, bool *known, struct datum *value)
{
    bool all = true;
    *known = false;
    for (size_t k = 0; k < e->args.n; k++) {
        bool one = false;
        if (!fold(e->args.items[k], f, &one, value))
            return false;
        if (one && !value->null) {
            *known = all;
            return true;
        }
        all &= one;
    }
    *known = all;
    return true;
}

/* Types whose text forms depend on nothing. */
static bool has_plain_text(const struct type *type)
{
    switch (type->oid) {
    case TYPE_BOOL:
    case TYPE_INT2:
    case TYPE_INT4:
    case TYPE_INT8:
    case TYPE_NUMERIC:
    case TYPE_TEXT:
    case TYPE_VARCHAR:
    case TYPE_UUID:
        return true;
    default:
        return false;
    }
}

static bool fold(const struct expr *e, struct folding *f, bool *known, struct datum *value)
{
    *known = false;
    switch ((int)e->kind) {
    case EXPR_CONST:
    case EXPR_PARAM:
        *known = true;
        return eval(e, f->frame, value);
    case EXPR_CASE_TEST:
        *known = f->test_known;
        *value = f->test;
        return true;
    case EXPR_FUNC:
        return fold_all(
            e, f, e->func.impl && e->func.proc->volatility == 'i' && !e->func.proc->returns_set,
            known, value);
    case EXPR_AND:
    case EXPR_OR:
        return fold_and_or(e, f, known, value);
    case EXPR_CASE:
        return fold_case(e, f, known, value);
    case EXPR_COALESCE:
        return fold_coalesce(e, f, known, value);
    case EXPR_IO_CAST:
        return fold_all(e, f, has_plain_text(e->type) && has_plain_text(e->args.items[0]->type),
                        known, value);
    case EXPR_NOT:
    case EXPR_IS_NULL:
    case EXPR_IS_NOT_NULL:
    case EXPR_IS_TRUE:
    case EXPR_IS_NOT_TRUE:
    case EXPR_IS_FALSE:
    case EXPR_IS_NOT_FALSE:
    case EXPR_IS_UNKNOWN:
    case EXPR_IS_NOT_UNKNOWN:
    case EXPR_NULLIF:
    case EXPR_GREATEST:
    case EXPR_LEAST:
    case EXPR_ARRAY:
    case EXPR_ROW:
    case EXPR_RELABEL:
        return fold_all(e, f, true, known, value);
    case EXPR_AGGREGATE:
        if (e->agg.filter && !fold(e->agg.filter, f, known, value))
            return false;
        return fold_all(e, f, false, known, value);
    default:
        return fold_all(e, f, false, known, value);
    }
}

bool exec_fold(struct exec *x)
{
    const struct exprs *folds = &x->plan->folds;
    if (LIKELY(!folds->n))
        return true;
    struct rowref none = {0};
    struct frame f = {
        .exec = x, .plan = x->plan, .rows = &none, .arena = x->arena, .params = x->params};
    struct folding folding = {.frame = &f};
    for (size_t k = 0; k < folds->n; k++) {
        bool known;
        struct datum value;
        if (!fold(folds->items[k], &folding, &known, &value))
            return false;
    }
    return true;
}
