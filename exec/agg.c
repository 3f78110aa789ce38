/* agg.c - GROUP BY by hashing: groups are found by the concatenated keys of their expressions.
 *
 * The row handed up is frame->slots: group values, aggregate results, GROUPING() results, carried columns (functionally dependent
 * on the grouped ones, taken from the group's first row).  Each grouping set has its own table of groups over the same input. */
#include "exec/agg.h"

#include <string.h>

#include "base/map.h"
#include "exec/store.h"

struct group {
    struct group *next; /* in order of appearance */
    struct datum *values, *carried;
    size_t set;
    struct agg_run *runs[];
};

struct agg_state {
    struct state base;
    struct agg_shape *shapes;
    struct arena *arena; /* groups */
    struct map **tables; /* one per set */
    struct group *first, **last, *at;
    bool loaded;
    struct datum *slots;
    const struct type **group_types, **carried_types;
    struct buf key;
};

static const struct type **types_of(struct arena *arena, const struct exprs *exprs)
{
    const struct type **types = ARENA_ARRAY(arena, const struct type *, exprs->n + 1);
    for (size_t k = 0; k < exprs->n; k++)
        types[k] = exprs->items[k]->type;
    return types;
}

static size_t n_sets(const struct node *node)
{
    return node->agg.n_sets ? node->agg.n_sets : 1;
}

static bool agg_open(struct state *state)
{
    struct agg_state *s = (struct agg_state *)state;
    const struct node *node = state->node;
    struct arena *arena = state->frame->exec->arena;
    s->arena = arena_child(arena, "groups");
    s->shapes = ARENA_ARRAY(arena, struct agg_shape, node->agg.n_calls + 1);
    for (int k = 0; k < node->agg.n_calls; k++)
        agg_shape_init(&s->shapes[k], state->frame, node->agg.calls[k].expr);
    s->slots = ARENA_ARRAY(arena, struct datum,
                           node->agg.group.n + (size_t)node->agg.n_calls + node->agg.carried.n + (size_t)node->agg.n_groupings + 1);
    s->group_types = types_of(arena, &node->agg.group);
    s->carried_types = types_of(arena, &node->agg.carried);
    s->tables = ARENA_ARRAY(arena, struct map *, n_sets(node));
    s->last = &s->first;
    return true;
}

static struct group *group_new(struct agg_state *s, size_t set, const struct datum *values)
{
    const struct node *node = s->base.node;
    struct group *group = arena_zalloc(s->arena, sizeof(*group) + sizeof(void *) * (size_t)(node->agg.n_calls + 1));
    group->set = set;
    group->values = row_copy(s->arena, values, (int)node->agg.group.n);
    for (int k = 0; k < node->agg.n_calls; k++)
        group->runs[k] = agg_run_new(s->arena, &s->shapes[k]);
    *s->last = group;
    s->last = &group->next;
    return group;
}

static bool fill_carried(struct agg_state *s, struct group *group)
{
    const struct node *node = s->base.node;
    struct frame *f = s->base.frame;
    struct datum *values = ARENA_ARRAY(f->arena, struct datum, node->agg.carried.n + 1);
    for (size_t k = 0; k < node->agg.carried.n; k++)
        if (!eval(node->agg.carried.items[k], f, &values[k]))
            return false;
    group->carried = row_copy(s->arena, values, (int)node->agg.carried.n);
    return true;
}

static bool in_set(const uint16_t *set, size_t index)
{
    for (; set && *set != UINT16_MAX; set++)
        if (*set == index)
            return true;
    return false;
}

static struct group *find_group(struct agg_state *s, size_t set, const struct datum *values, bool *is_new)
{
    const struct node *node = s->base.node;
    const uint16_t *members = node->agg.n_sets ? node->agg.sets[set] : NULL;
    size_t n = node->agg.group.n;
    struct datum *masked = (struct datum *)values;
    s->key.n = 0;
    if (node->agg.n_sets) {
        masked = ARENA_ARRAY(s->base.frame->arena, struct datum, n + 1);
        for (size_t k = 0; k < n; k++)
            masked[k] = in_set(members, k) ? values[k] : datum_null();
    }
    for (size_t k = 0; k < n; k++)
        type_sort_key(s->group_types[k], &masked[k], false, false, &s->key);
    if (!s->tables[set])
        s->tables[set] = map_new();
    struct group *group = map_get(s->tables[set], s->key.n ? s->key.p : "", s->key.n);
    *is_new = !group;
    if (!group) {
        group = group_new(s, set, masked);
        map_put(s->tables[set], s->key.n ? s->key.p : "", s->key.n, group);
    }
    return group;
}

static bool feed_group(struct agg_state *s, struct group *group)
{
    for (int k = 0; k < s->base.node->agg.n_calls; k++)
        if (!agg_run_feed(group->runs[k], &s->shapes[k], s->base.frame, s->arena))
            return false;
    return true;
}

static bool feed_row(struct agg_state *s, struct datum *values)
{
    const struct node *node = s->base.node;
    struct frame *f = s->base.frame;
    for (size_t k = 0; k < node->agg.group.n; k++)
        if (!eval(node->agg.group.items[k], f, &values[k]))
            return false;
    for (size_t set = 0; set < n_sets(node); set++) {
        bool is_new;
        struct group *group = node->agg.plain ? s->first : find_group(s, set, values, &is_new);
        if (node->agg.plain)
            is_new = !group->carried;
        if (is_new && !fill_carried(s, group))
            return false;
        if (!feed_group(s, group))
            return false;
    }
    return true;
}

/* An empty grouping set has its one row even over no input. */
static void add_empty_groups(struct agg_state *s)
{
    const struct node *node = s->base.node;
    struct datum *nulls = ARENA_ARRAY(s->arena, struct datum, node->agg.group.n + 1);
    for (size_t k = 0; k < node->agg.group.n; k++)
        nulls[k] = datum_null();
    for (size_t set = 0; set < node->agg.n_sets; set++)
        if (node->agg.sets[set][0] == UINT16_MAX && !s->tables[set])
            group_new(s, set, nulls);
}

static bool agg_load(struct agg_state *s)
{
    const struct node *node = s->base.node;
    struct frame *f = s->base.frame;
    struct datum *values = ARENA_ARRAY(f->exec->arena, struct datum, node->agg.group.n + 1);
    if (node->agg.plain)
        group_new(s, 0, values);
    for (;;) {
        bool found;
        if (!exec_breathe(f->exec) || !state_next(s->base.left, &found))
            return false;
        if (!found)
            break;
        arena_reset(s->base.scratch);
        f->arena = s->base.scratch;
        if (!feed_row(s, values))
            return false;
    }
    add_empty_groups(s);
    s->loaded = true;
    s->at = s->first;
    return true;
}

static void grouping_value(const struct node *node, const struct expr *e, const struct group *group, struct datum *out)
{
    int64_t bits = 0;
    const uint16_t *members = node->agg.n_sets ? node->agg.sets[group->set] : NULL;
    for (int k = 0; k < e->grouping.n; k++)
        bits = bits << 1 | (node->agg.n_sets && !in_set(members, e->grouping.group_indexes[k]));
    *out = datum_int(bits);
}

static bool agg_next(struct state *state, bool *found)
{
    struct agg_state *s = (struct agg_state *)state;
    const struct node *node = state->node;
    struct frame *f = state->frame;
    if (!s->loaded && !agg_load(s))
        return false;
    *found = s->at != NULL;
    if (!s->at)
        return true;
    struct group *group = s->at;
    s->at = group->next;
    arena_reset(state->scratch);
    f->arena = state->scratch;
    size_t at = 0;
    for (size_t k = 0; k < node->agg.group.n; k++)
        s->slots[at++] = group->values[k];
    for (int k = 0; k < node->agg.n_calls; k++)
        if (!agg_run_result(group->runs[k], &s->shapes[k], f, s->arena, &s->slots[at++]))
            return false;
    for (int k = 0; k < node->agg.n_groupings; k++)
        grouping_value(node, node->agg.groupings[k], group, &s->slots[at++]);
    for (size_t k = 0; k < node->agg.carried.n; k++)
        s->slots[at++] = group->carried ? group->carried[k] : datum_null();
    f->slots = s->slots;
    return true;
}

static void drop_tables(struct agg_state *s)
{
    for (size_t k = 0; k < n_sets(s->base.node); k++) {
        map_free(s->tables[k]);
        s->tables[k] = NULL;
    }
}

static bool agg_rewind(struct state *state)
{
    struct agg_state *s = (struct agg_state *)state;
    drop_tables(s);
    arena_reset(s->arena);
    s->first = s->at = NULL;
    s->last = &s->first;
    s->loaded = false;
    return state_rewind(state->left);
}

static void agg_close(struct state *state)
{
    struct agg_state *s = (struct agg_state *)state;
    drop_tables(s);
    buf_free(&s->key);
}

const struct node_ops agg_ops = {.name = "Aggregate",
                                 .state_bytes = sizeof(struct agg_state),
                                 .open = agg_open,
                                 .next = agg_next,
                                 .rewind = agg_rewind,
                                 .close = agg_close};
