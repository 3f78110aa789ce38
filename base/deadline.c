/* deadline.c - a binary heap ordered by due_us.  Invariant: heap[d->index - 1] == d for each d in it. */
#include "base/deadline.h"

#include <stdlib.h>

static void place(struct deadlines *all, uint32_t at, struct deadline *deadline)
{
    all->heap[at] = deadline;
    deadline->index = at + 1;
}

static void sift_up(struct deadlines *all, uint32_t at)
{
    struct deadline *moved = all->heap[at];
    while (at > 0) {
        uint32_t parent = (at - 1) / 2;
        if (all->heap[parent]->due_us <= moved->due_us)
            break;
        place(all, at, all->heap[parent]);
        at = parent;
    }
    place(all, at, moved);
}

static void sift_down(struct deadlines *all, uint32_t at)
{
    struct deadline *moved = all->heap[at];
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child >= all->n)
            break;
        if (child + 1 < all->n && all->heap[child + 1]->due_us < all->heap[child]->due_us)
            child++;
        if (all->heap[child]->due_us >= moved->due_us)
            break;
        place(all, at, all->heap[child]);
        at = child;
    }
    place(all, at, moved);
}

void deadline_clear(struct deadlines *all, struct deadline *deadline)
{
    if (!deadline->index)
        return;
    uint32_t at = deadline->index - 1;
    ASSERT(at < all->n && all->heap[at] == deadline);
    deadline->index = 0;
    struct deadline *last = all->heap[--all->n];
    if (last == deadline)
        return;
    place(all, at, last);
    sift_down(all, at);
    sift_up(all, last->index - 1);
}

void deadline_set(struct deadlines *all, struct deadline *deadline, int64_t due_us)
{
    deadline_clear(all, deadline);
    deadline->due_us = due_us;
    if (all->n == all->cap) {
        uint32_t cap = all->cap ? all->cap * 2 : 16;
        struct deadline **heap = realloc(all->heap, cap * sizeof(struct deadline *));
        ASSERT(heap != NULL);
        all->heap = heap;
        all->cap = cap;
    }
    all->n++;
    place(all, all->n - 1, deadline);
    sift_up(all, all->n - 1);
}

void deadlines_run(struct deadlines *all, int64_t now_us)
{
    while (all->n && all->heap[0]->due_us <= now_us) {
        struct deadline *deadline = all->heap[0];
        deadline_clear(all, deadline);
        deadline->fn(deadline->arg);
    }
}

int64_t deadlines_next_us(const struct deadlines *all)
{
    return all->n ? all->heap[0]->due_us : INT64_MAX;
}

void deadlines_free(struct deadlines *all)
{
    free(all->heap);
    *all = (struct deadlines){0};
}
