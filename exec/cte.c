/* cte.c - WITH: rows of a CTE are made on demand and kept, so that several references read the same rows.
 *
 * A recursive CTE keeps three things: all rows so far, where the current working table begins and ends in them (the last round's
 * new rows), and for UNION the keys of all rows.  The recursive term is pulled row by row and its new rows wait until the round is
 * over, so that a LIMIT above an endless recursion ends it. */
#include "base/map.h"
#include "exec/exec_int.h"
#include "exec/store.h"

struct cte_state {
    const struct plan_cte *plan;
    struct frame *level; /* recursive: stands for the UNION between owner and terms */
    struct frame *frame; /* the query, or the non-recursive term */
    struct frame *term;  /* the recursive term */
    struct store *rows;
    size_t work_begin, work_end; /* recursive: rows the recursive term reads */
    bool frame_open, term_open, in_term, done, ran;
    struct map *seen; /* UNION */
    struct buf key;
    struct datum *row;
};

static void close_frames(struct cte_state *cte)
{
    if (cte->frame_open)
        frame_close(cte->frame);
    if (cte->term_open)
        frame_close(cte->term);
    cte->frame_open = cte->term_open = false;
}

static void cte_free(void *arg)
{
    struct cte_state *cte = arg;
    map_free(cte->seen);
    buf_free(&cte->key);
}

void ctes_close(struct frame *f)
{
    for (int k = 0; f->ctes && k < f->plan->n_ctes; k++)
        close_frames(&f->ctes[k]);
}

static void cte_init(struct frame *owner, int index)
{
    struct cte_state *cte = &owner->ctes[index];
    struct exec *x = owner->exec;
    const struct plan_cte *plan = &owner->plan->ctes[index];
    cte->plan = plan;
    cte->rows = store_new(x->arena, exec_workspace(x), plan->n_columns);
    cte->row = ARENA_ARRAY(x->arena, struct datum, plan->n_columns + 1u);
    struct frame *parent = owner;
    if (plan->recursive) {
        cte->level = ARENA_NEW(x->arena, struct frame);
        *cte->level = (struct frame){
            .exec = x, .parent = owner, .params = owner->params, .plan = owner->plan};
        parent = cte->level;
        cte->term = frame_new(x, plan->recursive, parent);
        if (!plan->union_all)
            cte->seen = map_new();
    }
    cte->frame = frame_new(x, plan->plan, parent);
    arena_on_free(x->arena, cte_free, cte);
}

static void cte_reset(struct cte_state *cte)
{
    store_clear(cte->rows);
    cte->work_begin = cte->work_end = 0;
    cte->in_term = cte->done = false;
    if (cte->seen) {
        map_free(cte->seen);
        cte->seen = map_new();
    }
}

bool cte_prepare(struct frame *f)
{
    const struct plan *plan = f->plan;
    if (!plan->n_ctes)
        return true;
    bool first = f->ctes == NULL;
    if (first)
        f->ctes = ARENA_ARRAY(f->exec->arena, struct cte_state, plan->n_ctes);
    for (int k = 0; k < plan->n_ctes; k++) {
        struct cte_state *cte = &f->ctes[k];
        if (first)
            cte_init(f, k);
        else if (!plan->ctes[k].modifies &&
                 (plan->ctes[k].plan->correlated || plan->ctes[k].recursive))
            cte_reset(cte);
        else
            continue;
        if (plan->ctes[k].modifies && !cte->ran) {
            cte->ran = cte->done = true;
            if (!modify_run(cte->frame, cte->rows))
                return false;
        }
    }
    return true;
}

static bool pull(struct cte_state *cte, struct frame *frame, bool *opened, bool fresh, bool *found)
{
    if (fresh) {
        bool ok = *opened ? frame_rewind(frame) : frame_open(frame);
        *opened = true;
        if (!ok)
            return false;
    }
    if (!frame_next(frame, found))
        return false;
    if (!*found)
        return true;
    for (int k = 0; k < frame->plan->n_visible; k++)
        cte->row[k] = frame->out[frame->plan->visible[k]];
    return true;
}

static bool is_repeated(struct cte_state *cte)
{
    if (!cte->seen)
        return false;
    cte->key.n = 0;
    for (int k = 0; k < cte->plan->n_columns; k++)
        type_sort_key(cte->plan->types[k], &cte->row[k], false, false, &cte->key);
    return map_put(cte->seen, cte->key.p ? cte->key.p : "", cte->key.n, cte) != NULL;
}

/* One more row, or done. */
static bool advance(struct cte_state *cte)
{
    bool found, fresh = store_count(cte->rows) == 0 && !cte->in_term;
    struct exec *x = cte->frame->exec;
    for (;;) {
        if (!exec_breathe(x))
            return false;
        if (!cte->in_term) {
            if (!pull(cte, cte->frame, &cte->frame_open, fresh, &found))
                return false;
            fresh = false;
            if (found) {
                if (is_repeated(cte))
                    continue;
                return store_add(cte->rows, cte->row, x->err);
            }
            if (!cte->plan->recursive) {
                cte->done = true;
                return true;
            }
            cte->in_term = fresh = true;
            cte->work_begin = 0;
            cte->work_end = store_count(cte->rows);
        }
        if (cte->work_begin == cte->work_end) {
            cte->done = true;
            return true;
        }
        if (!pull(cte, cte->term, &cte->term_open, fresh, &found))
            return false;
        fresh = false;
        if (found) {
            if (is_repeated(cte))
                continue;
            return store_add(cte->rows, cte->row, x->err);
        }
        cte->work_begin = cte->work_end;
        cte->work_end = store_count(cte->rows);
        fresh = true;
    }
}

static bool read_row(struct cte_state *cte, struct store_cursor **cursor, size_t at,
                     const struct datum **row)
{
    if (!*cursor || store_cursor_store(*cursor) != cte->rows)
        *cursor = store_cursor_new(cte->rows);
    return store_read(*cursor, at, row, cte->frame->exec->err);
}

bool cte_fetch(struct frame *owner, int index, struct store_cursor **cursor, size_t at,
               const struct datum **row)
{
    struct cte_state *cte = &owner->ctes[index];
    *row = NULL;
    while (at >= store_count(cte->rows)) {
        if (cte->done)
            return true;
        if (!advance(cte))
            return false;
    }
    return read_row(cte, cursor, at, row);
}

bool cte_fetch_self(struct frame *owner, int index, struct store_cursor **cursor, size_t at,
                    const struct datum **row)
{
    struct cte_state *cte = &owner->ctes[index];
    *row = NULL;
    return cte->work_begin + at >= cte->work_end ||
           read_row(cte, cursor, cte->work_begin + at, row);
}
