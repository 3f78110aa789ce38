/* agg.c - GROUP BY by hashing: groups are found by the concatenated keys of their expressions.
 *
 * The row handed up is frame->slots: group values, aggregate results, GROUPING() results, carried columns (functionally dependent
 * on the grouped ones, taken from the group's first row).  All grouping sets read the same input; a key begins with its set's number.
 *
 * Calls that want their rows sorted (DISTINCT, ORDER BY, WITHIN GROUP) have one sorter each for all groups: its keys begin with the group's
 * number, so that it gives out the rows of one group after the other, in the order in which groups are handed up.
 *
 * When memory is full no group is added any more.  Rows of groups that are there go on to them; rows of others are set aside, as the
 * values that the calls need, and are worked on part by part (partition.h) when the groups in memory have been handed up. */
#include "exec/agg.h"

#include <string.h>

#include "exec/agg_files.h"
#include "exec/keymap.h"
#include "exec/partition.h"
#include "exec/sorter.h"

#define FEEDS_PER_COUNT 256 /* rows between two looks at the memory that growing states take */

struct group {
    struct group *next; /* in order of appearance, which is that of `number` */
    uint64_t number;
    uint32_t set;
    struct datum *values; /* group values, then carried ones */
    _Alignas(16) char runs[];
};

/* Where a call finds its part of a row that was set aside. */
struct call_place {
    size_t run;               /* offset in group->runs */
    int passes, args, key;    /* columns */
    struct sorter *sorter;    /* calls that collect */
    const struct datum *head; /* the sorter's next row */
    const void *head_key;
    size_t head_key_bytes;
    bool sorted;
};

struct agg_state {
    struct state base;
    struct agg_shape *shapes;
    struct call_place *places;
    struct keymap *groups;
    struct group *first, **last, *at;
    uint64_t n_groups;
    size_t counted_bytes;
    uint32_t n_feeds;
    bool loaded, full;
    bool sorts; /* some call collects */
    struct datum *slots;
    struct datum
        *row; /* the input row as it would be set aside: set, group values, carried values, calls */
    struct datum *masked, *aside_row;
    int n_columns, n_group, n_carried, n_calls;
    struct buf key, order_key;
    struct workspace *workspace;
    struct arena *sorted_scratch, *aside_arena;
    struct partitions *aside;
    struct part *parts;
    int level;
    struct store *reading; /* a part; NULL: the input */
    struct arena *files_arena;
    struct file_totals *totals; /* computed by the files; NULL: by us */
};

static size_t n_sets(const struct node *node)
{
    return node->agg.n_sets ? node->agg.n_sets : 1;
}

static void forget_memory(void *arg)
{
    struct agg_state *s = arg;
    workspace_hold(s->workspace, &s->counted_bytes, 0);
}

static size_t place_calls(struct agg_state *s)
{
    struct exec *x = s->base.frame->exec;
    size_t bytes = 0;
    s->n_columns = 1 + s->n_group + s->n_carried;
    for (int k = 0; k < s->n_calls; k++) {
        struct call_place *place = &s->places[k];
        agg_shape_init(&s->shapes[k], s->base.frame, s->base.node->agg.calls[k].expr);
        place->run = bytes;
        bytes += agg_run_bytes(&s->shapes[k]);
        place->passes = s->n_columns++;
        place->args = s->n_columns;
        s->n_columns += (int)s->shapes[k].args->n;
        if (!s->shapes[k].collects)
            continue;
        place->key = s->n_columns++;
        place->sorter = sorter_new(x->arena, exec_workspace(x), (int)s->shapes[k].args->n);
        s->sorts = true;
    }
    if (s->sorts)
        s->sorted_scratch = arena_child(x->arena, "sorted aggregate");
    return bytes;
}

static bool agg_open(struct state *state)
{
    struct agg_state *s = (struct agg_state *)state;
    const struct node *node = state->node;
    struct exec *x = state->frame->exec;
    struct arena *arena = x->arena;
    s->n_group = (int)node->agg.group.n;
    s->n_carried = (int)node->agg.carried.n;
    s->n_calls = node->agg.n_calls;
    s->shapes = ARENA_ARRAY(arena, struct agg_shape, s->n_calls + 1);
    s->places = ARENA_ARRAY(arena, struct call_place, s->n_calls + 1);
    size_t run_bytes = place_calls(s);
    s->groups = keymap_new(arena, sizeof(struct group) + run_bytes);
    s->slots = ARENA_ARRAY(arena, struct datum,
                           s->n_group + s->n_calls + s->n_carried + node->agg.n_groupings + 1);
    s->row = ARENA_ARRAY(arena, struct datum, s->n_columns + 1);
    s->masked = ARENA_ARRAY(arena, struct datum, s->n_group + s->n_carried + 1);
    s->aside_row = ARENA_ARRAY(arena, struct datum, s->n_columns + 1);
    s->last = &s->first;
    s->key = BUF_IN(arena);
    s->order_key = BUF_IN(arena);
    s->workspace = exec_workspace(x);
    arena_on_free(arena, forget_memory, s);
    return true;
}

/* ---- groups ---- */

static struct group *add_group(struct agg_state *s, uint32_t set, const struct datum *values,
                               uint64_t hash)
{
    struct group *group = keymap_add(s->groups, s->key.p, s->key.n, hash);
    group->set = set;
    group->number = s->n_groups++;
    group->values = row_copy(keymap_arena(s->groups), values, s->n_group + s->n_carried);
    *s->last = group;
    s->last = &group->next;
    return group;
}

static struct agg_run *run_of(const struct agg_state *s, struct group *group, int call)
{
    return (struct agg_run *)(group->runs + s->places[call].run);
}

static bool in_set(const uint16_t *set, size_t index)
{
    for (; set && *set != UINT16_MAX; set++)
        if (*set == index)
            return true;
    return false;
}

static bool is_empty_set(const struct node *node, uint32_t set)
{
    return node->agg.n_sets && node->agg.sets[set][0] == UINT16_MAX;
}

static void make_key(struct agg_state *s, uint32_t set, const struct datum *values)
{
    const struct node *node = s->base.node;
    s->key.n = 0;
    if (node->agg.n_sets)
        buf_put_u32(&s->key, set);
    for (int k = 0; k < s->n_group; k++)
        type_sort_key(node->agg.group.items[k]->type, &values[k], false, false, &s->key);
    if (!s->key.n)
        buf_putc(&s->key, 0);
}

static void count_memory(struct agg_state *s)
{
    size_t bytes = keymap_bytes(s->groups);
    if (LIKELY(bytes == s->counted_bytes))
        return;
    workspace_hold(s->workspace, &s->counted_bytes, bytes);
    s->full = s->full || (workspace_is_full(s->workspace, bytes) && s->level < PARTITION_LEVELS &&
                          !s->base.node->agg.plain);
}

/* The values of one grouping set: the others' are NULL.  Carried values stay. */
static const struct datum *mask(struct agg_state *s, uint32_t set)
{
    const struct node *node = s->base.node;
    const struct datum *values = s->row + 1;
    if (!node->agg.n_sets)
        return values;
    for (int k = 0; k < s->n_group; k++)
        s->masked[k] = in_set(node->agg.sets[set], (size_t)k) ? values[k] : datum_null();
    memcpy(s->masked + s->n_group, values + s->n_group, sizeof(*values) * (size_t)s->n_carried);
    return s->masked;
}

/* ---- feeding ---- */

static bool keep_sorted(struct agg_state *s, struct group *group, int call,
                        const struct datum *args, const void *key, size_t n)
{
    struct buf *whole = &s->order_key;
    whole->n = 0;
    buf_put_u64(whole, group->number);
    buf_append(whole, key, n);
    return sorter_add(s->places[call].sorter, whole->p, whole->n, args, s->base.frame->exec->err);
}

/* The frame's current row. */
static bool feed_call(struct agg_state *s, struct group *group, int call)
{
    struct agg_shape *shape = &s->shapes[call];
    struct frame *f = s->base.frame;
    struct datum *args = s->row + s->places[call].args;
    bool pass;
    if (!agg_filter(shape, f, &pass))
        return false;
    if (!pass)
        return true;
    if (!agg_args(shape, f, args))
        return false;
    if (LIKELY(!shape->collects))
        return agg_run_feed(run_of(s, group, call), shape, f, keymap_arena(s->groups), args);
    struct buf key = BUF_IN(f->arena);
    return agg_order_key(shape, f, args, &key) &&
           keep_sorted(s, group, call, args, key.p ? key.p : "", key.n);
}

/* A row that was set aside. */
static bool feed_call_again(struct agg_state *s, struct group *group, int call,
                            const struct datum *row)
{
    const struct call_place *place = &s->places[call];
    struct agg_shape *shape = &s->shapes[call];
    if (!row[place->passes].i)
        return true;
    if (!shape->collects)
        return agg_run_feed(run_of(s, group, call), shape, s->base.frame, keymap_arena(s->groups),
                            row + place->args);
    return keep_sorted(s, group, call, row + place->args, row[place->key].p, row[place->key].n);
}

/* Evaluates for all calls what feeding them takes, into s->row. */
static bool evaluate_calls(struct agg_state *s)
{
    struct frame *f = s->base.frame;
    for (int k = 0; k < s->n_calls; k++) {
        struct call_place *place = &s->places[k];
        const struct agg_shape *shape = &s->shapes[k];
        struct buf key = BUF_IN(f->arena);
        bool pass;
        if (!agg_filter(shape, f, &pass))
            return false;
        s->row[place->passes] = datum_bool(pass);
        for (size_t a = 0; a < shape->args->n; a++)
            s->row[(size_t)place->args + a] = datum_null();
        if (shape->collects)
            s->row[place->key] = datum_null();
        if (!pass)
            continue;
        if (!agg_args(shape, f, s->row + place->args))
            return false;
        if (shape->collects) {
            if (!agg_order_key(shape, f, s->row + place->args, &key))
                return false;
            s->row[place->key] = datum_bytes(key.p ? key.p : "", key.n);
        }
    }
    return true;
}

static bool set_aside(struct agg_state *s, uint64_t hash, const struct datum *row)
{
    struct exec *x = s->base.frame->exec;
    if (!s->aside_arena)
        s->aside_arena = arena_child(x->arena, "groups set aside");
    if (!s->aside)
        s->aside = partitions_new(s->aside_arena, s->workspace, s->n_columns, s->level);
    return partitions_add(s->aside, hash, row, x->err);
}

static bool set_input_aside(struct agg_state *s, uint32_t set, uint64_t hash)
{
    if (!evaluate_calls(s))
        return false;
    memcpy(s->aside_row, s->row, sizeof(*s->row) * (size_t)s->n_columns);
    s->aside_row[0] = datum_int(set);
    memcpy(s->aside_row + 1, mask(s, set), sizeof(*s->row) * (size_t)(s->n_group + s->n_carried));
    return set_aside(s, hash, s->aside_row);
}

static bool evaluate_list(const struct exprs *list, struct frame *f, struct datum *out)
{
    for (size_t k = 0; k < list->n; k++)
        if (!eval(list->items[k], f, &out[k]))
            return false;
    return true;
}

static bool feed_set(struct agg_state *s, uint32_t set)
{
    const struct node *node = s->base.node;
    struct group *group = s->first;
    if (!node->agg.plain) {
        const struct datum *values = mask(s, set);
        make_key(s, set, values);
        uint64_t hash = hash_bytes(s->key.p, s->key.n);
        group = keymap_get(s->groups, s->key.p, s->key.n, hash);
        if (!group) {
            if (!evaluate_list(&node->agg.carried, s->base.frame, s->row + 1 + s->n_group))
                return false;
            if (s->full &&
                !is_empty_set(node,
                              set)) /* that has one group, which add_empty_groups() must find */
                return set_input_aside(s, set, hash);
            group = add_group(s, set, mask(s, set), hash);
            count_memory(s);
        }
    } else if (s->n_carried && !s->n_feeds) {
        if (!evaluate_list(&node->agg.carried, s->base.frame, s->row + 1))
            return false;
        group->values = row_copy(keymap_arena(s->groups), s->row + 1, s->n_carried);
    }
    for (int k = 0; k < s->n_calls; k++)
        if (!feed_call(s, group, k))
            return false;
    return true;
}

static bool feed_row(struct agg_state *s)
{
    const struct node *node = s->base.node;
    struct frame *f = s->base.frame;
    if (!evaluate_list(&node->agg.group, f, s->row + 1))
        return false;
    for (uint32_t set = 0; set < n_sets(node); set++)
        if (!feed_set(s, set))
            return false;
    if (UNLIKELY(++s->n_feeds % FEEDS_PER_COUNT == 0))
        count_memory(s);
    return true;
}

static bool feed_again(struct agg_state *s, const struct datum *row)
{
    uint32_t set = (uint32_t)row[0].i;
    make_key(s, set, row + 1);
    uint64_t hash = hash_bytes(s->key.p, s->key.n);
    struct group *group = keymap_get(s->groups, s->key.p, s->key.n, hash);
    if (!group) {
        if (s->full)
            return set_aside(s, hash, row);
        group = add_group(s, set, row + 1, hash);
        count_memory(s);
    }
    for (int k = 0; k < s->n_calls; k++)
        if (!feed_call_again(s, group, k, row))
            return false;
    if (++s->n_feeds % FEEDS_PER_COUNT == 0)
        count_memory(s);
    return true;
}

/* ---- reading the input, or a part of what was set aside ---- */

/* An empty grouping set has its one row even over no input. */
static void add_empty_groups(struct agg_state *s)
{
    const struct node *node = s->base.node;
    for (int k = 0; k < s->n_group + s->n_carried; k++)
        s->masked[k] = datum_null();
    for (uint32_t set = 0; set < node->agg.n_sets; set++) {
        if (!is_empty_set(node, set))
            continue;
        make_key(s, set, s->masked);
        uint64_t hash = hash_bytes(s->key.p, s->key.n);
        if (!keymap_get(s->groups, s->key.p, s->key.n, hash))
            add_group(s, set, s->masked, hash);
    }
}

static bool read_input(struct agg_state *s)
{
    const struct node *node = s->base.node;
    struct frame *f = s->base.frame;
    if (node->agg.files) {
        if (!s->files_arena)
            s->files_arena = arena_child(f->exec->arena, "aggregates of files");
        arena_reset(s->files_arena);
        if (!file_totals_read(f, node, s->files_arena, &s->totals))
            return false;
    }
    if (node->agg.plain) {
        for (int k = 0; k < s->n_carried; k++)
            s->masked[k] = datum_null();
        make_key(s, 0, s->masked);
        add_group(s, 0, s->masked, hash_bytes(s->key.p, s->key.n));
    }
    while (!s->totals) {
        bool found;
        if (!exec_breathe(f->exec) || !state_next(s->base.left, &found))
            return false;
        if (!found)
            break;
        arena_reset(s->base.scratch);
        f->arena = s->base.scratch;
        if (!feed_row(s))
            return false;
    }
    add_empty_groups(s);
    return true;
}

static bool read_part(struct agg_state *s)
{
    struct frame *f = s->base.frame;
    for (size_t k = 0; k < store_count(s->reading); k++) {
        const struct datum *row;
        arena_reset(s->base.scratch);
        f->arena = s->base.scratch;
        if (!exec_breathe(f->exec) || !store_row(s->reading, k, &row, f->exec->err) ||
            !feed_again(s, row))
            return false;
    }
    store_clear(s->reading);
    return true;
}

static void forget_groups(struct agg_state *s)
{
    keymap_clear(s->groups);
    for (int k = 0; k < s->n_calls; k++) {
        if (s->places[k].sorter)
            sorter_clear(s->places[k].sorter);
        s->places[k].sorted = false;
    }
    s->first = s->at = NULL;
    s->last = &s->first;
    s->n_groups = 0;
    s->n_feeds = 0;
    s->full = false;
    count_memory(s);
}

static bool next_head(struct agg_state *s, struct call_place *place)
{
    return sorter_next(place->sorter, &place->head, &place->head_key, &place->head_key_bytes,
                       s->base.frame->exec->err);
}

static bool start_sorted(struct agg_state *s)
{
    for (int k = 0; k < s->n_calls; k++) {
        struct call_place *place = &s->places[k];
        if (place->sorter &&
            (!sorter_finish(place->sorter, s->base.frame->exec->err) || !next_head(s, place)))
            return false;
    }
    return true;
}

static bool agg_load(struct agg_state *s)
{
    if (!(s->reading ? read_part(s) : read_input(s)))
        return false;
    s->loaded = true;
    s->at = s->first;
    return !s->sorts || start_sorted(s);
}

/* *found false: nothing was set aside. */
static bool load_next_part(struct agg_state *s, bool *found)
{
    if (s->aside)
        parts_push(&s->parts, s->aside_arena, s->aside, NULL);
    s->aside = NULL;
    struct part *part = s->parts;
    *found = part != NULL;
    if (!part)
        return true;
    s->parts = part->next;
    s->reading = part->left;
    s->level = part->level;
    forget_groups(s);
    return agg_load(s);
}

/* ---- results ---- */

static uint64_t group_number(const struct call_place *place)
{
    uint64_t number;
    memcpy(&number, place->head_key, sizeof(number));
    return __builtin_bswap64(number);
}

/* Steps the sorted rows of a group, without those that repeat where DISTINCT asks for it. */
static bool feed_sorted(struct agg_state *s, struct group *group, int call)
{
    struct call_place *place = &s->places[call];
    struct agg_shape *shape = &s->shapes[call];
    struct frame *f = s->base.frame;
    struct buf *last = &s->order_key;
    last->n = 0;
    f->arena = s->sorted_scratch;
    while (place->head && group_number(place) == group->number) {
        bool repeated = shape->distinct && last->n == place->head_key_bytes &&
                        memcmp(last->p, place->head_key, last->n) == 0;
        arena_reset(s->sorted_scratch);
        if (!repeated &&
            !agg_run_feed(run_of(s, group, call), shape, f, keymap_arena(s->groups), place->head))
            return false;
        if (shape->distinct) {
            last->n = 0;
            buf_append(last, place->head_key, place->head_key_bytes);
        }
        if (!exec_breathe(f->exec) || !next_head(s, place))
            return false;
    }
    f->arena = s->base.scratch;
    return true;
}

static void grouping_value(const struct node *node, const struct expr *e, const struct group *group,
                           struct datum *out)
{
    int64_t bits = 0;
    const uint16_t *members = node->agg.n_sets ? node->agg.sets[group->set] : NULL;
    for (int k = 0; k < e->grouping.n; k++)
        bits = bits << 1 | (node->agg.n_sets && !in_set(members, e->grouping.group_indexes[k]));
    *out = datum_int(bits);
}

static bool fill_slots(struct agg_state *s, struct group *group)
{
    const struct node *node = s->base.node;
    struct frame *f = s->base.frame;
    struct datum *slot = s->slots,
                 *carried = s->slots + s->n_group + s->n_calls + node->agg.n_groupings;
    for (int k = 0; k < s->n_group; k++)
        *slot++ = group->values[k];
    for (int k = 0; k < s->n_carried; k++)
        carried[k] = group->values[s->n_group + k];
    f->slots = s->slots; /* direct arguments of the calls are of the group */
    for (int k = 0; k < s->n_calls; k++) {
        if (s->shapes[k].collects && !feed_sorted(s, group, k))
            return false;
        if (s->totals) {
            if (!file_total_value(f, node, s->totals, k, slot++))
                return false;
            continue;
        }
        if (!agg_run_result(run_of(s, group, k), &s->shapes[k], f, keymap_arena(s->groups), slot++))
            return false;
    }
    for (int k = 0; k < node->agg.n_groupings; k++)
        grouping_value(node, node->agg.groupings[k], group, slot++);
    return true;
}

static bool agg_next(struct state *state, bool *found)
{
    struct agg_state *s = (struct agg_state *)state;
    struct frame *f = state->frame;
    if (!s->loaded && !agg_load(s))
        return false;
    *found = true;
    while (!s->at) {
        if (!load_next_part(s, found))
            return false;
        if (!*found)
            return true;
    }
    struct group *group = s->at;
    s->at = group->next;
    arena_reset(state->scratch);
    f->arena = state->scratch;
    return fill_slots(s, group);
}

static bool agg_rewind(struct state *state)
{
    struct agg_state *s = (struct agg_state *)state;
    forget_groups(s);
    if (s->aside_arena)
        arena_reset(s->aside_arena);
    s->aside = NULL;
    s->parts = NULL;
    s->reading = NULL;
    s->totals = NULL;
    s->level = 0;
    s->loaded = false;
    return state_rewind(state->left);
}

const struct node_ops agg_ops = {.name = "Aggregate",
                                 .state_bytes = sizeof(struct agg_state),
                                 .open = agg_open,
                                 .next = agg_next,
                                 .rewind = agg_rewind};
