/* window_order.c - in which order the windows of a query are worked on, and which of them need a sort.
 *
 * The rows come out in the order of the last one, as in PostgreSQL, which takes windows with the longest keys first so that those whose
 * keys are a prefix of the ones before find the rows sorted already.  Expressions are numbered as they first appear, a window's ORDER BY
 * before its PARTITION BY. */
#include "plan/plan_int.h"

struct window_key {
    int number; /* of the expression */
    bool descending, nulls_first;
};

struct window_keys {
    struct window_key *items;
    int n, n_partition;
    uint16_t window;
};

static int number_of(struct planner *p, struct exprs *known, struct expr *e)
{
    for (size_t k = 0; k < known->n; k++)
        if (expr_equal(known->items[k], e))
            return (int)k;
    VEC_PUSH(p->arena, known, e);
    return (int)known->n - 1;
}

static void number_all(struct planner *p, struct exprs *known, const struct window_def *window)
{
    for (size_t k = 0; k < window->order.n; k++)
        number_of(p, known, window->order.items[k].expr);
    for (size_t k = 0; k < window->partition.n; k++)
        number_of(p, known, window->partition.items[k]);
}

static void add_key(struct window_keys *keys, struct window_key key)
{
    for (int k = 0; k < keys->n; k++)
        if (keys->items[k].number == key.number)
            return;
    keys->items[keys->n++] = key;
}

static struct window_keys keys_of(struct planner *p, struct exprs *known,
                                  const struct window_def *window, uint16_t index)
{
    struct window_keys keys = {.window = index};
    keys.items =
        ARENA_ARRAY(p->arena, struct window_key, window->partition.n + window->order.n + 1);
    for (size_t k = 0; k < window->partition.n; k++)
        add_key(&keys,
                (struct window_key){number_of(p, known, window->partition.items[k]), false, false});
    keys.n_partition = keys.n;
    for (size_t k = 0; k < window->order.n; k++) {
        const struct sort_key *by = &window->order.items[k];
        add_key(&keys, (struct window_key){number_of(p, known, by->expr), by->descending,
                                           by->nulls_first});
    }
    return keys;
}

static bool goes_before(const struct window_keys *a, const struct window_keys *b)
{
    for (int k = 0; k < a->n && k < b->n; k++) {
        const struct window_key *x = &a->items[k], *y = &b->items[k];
        if (x->number != y->number)
            return x->number > y->number;
        if (x->descending != y->descending)
            return x->descending;
        if (x->nulls_first != y->nulls_first)
            return x->nulls_first;
    }
    return a->n > b->n;
}

static bool is_sorted_by(const struct window_keys *now, const struct window_keys *wanted)
{
    if (wanted->n > now->n)
        return false;
    for (int k = 0; k < wanted->n; k++) {
        const struct window_key *x = &now->items[k], *y = &wanted->items[k];
        if (x->number != y->number || x->descending != y->descending ||
            x->nulls_first != y->nulls_first)
            return false;
    }
    return true;
}

static bool is_used(const struct node *node, uint16_t window)
{
    for (int c = 0; c < node->window.n_calls; c++)
        if (node->window.calls[c]->window.window == window)
            return true;
    return false;
}

void plan_window_order(struct planner *p, struct node *node)
{
    struct exprs known = {0};
    struct window_keys *all = ARENA_ARRAY(p->arena, struct window_keys, node->window.n_windows + 1);
    uint16_t n = 0;
    for (uint16_t w = 0; w < node->window.n_windows; w++)
        if (is_used(node, w))
            number_all(p, &known, &node->window.windows[w]);
    for (uint16_t w = 0; w < node->window.n_windows; w++) {
        if (!is_used(node, w))
            continue;
        struct window_keys keys = keys_of(p, &known, &node->window.windows[w], w);
        uint16_t at = n++;
        for (; at > 0 && goes_before(&keys, &all[at - 1]); at--)
            all[at] = all[at - 1];
        all[at] = keys;
    }
    node->window.n_runs = n;
    node->window.runs = arena_zalloc(p->arena, sizeof(*node->window.runs) * (n + 1u));
    const struct window_keys *sorted = NULL;
    for (uint16_t k = 0; k < n; k++) {
        bool serves = all[k].n == 0 || (sorted && is_sorted_by(sorted, &all[k]));
        node->window.runs[k].window = all[k].window;
        node->window.runs[k].sorts = !serves;
        if (!serves)
            sorted = &all[k];
    }
}
