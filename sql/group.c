/* group.c - GROUP BY: expressions, ROLLUP, CUBE, GROUPING SETS.
 *
 * All expressions of the clause go into query->group once each; a grouping set is a list of indexes into it.  Each item of
 * the clause stands for a list of sets (a plain expression: one set of one); the clause means their cross product. */
#include "sql/analysis.h"

#include <string.h>

#define SETS_MAX 4096

struct set { /* sorted by appearance; ends with UINT16_MAX */
    uint16_t *items;
    size_t n;
};
struct sets {
    struct set *items;
    size_t n, cap;
};

/* ---- expressions ---- */

/* Index into query->group; -1 after an error. */
static int group_index(struct scope *s, const Node *node, struct targets *targets)
{
    struct analysis *a = s->a;
    struct exprs *group = &s->query->group;
    struct expr *own;
    int index = find_target(s, node, targets, PLACE_GROUP_BY, false, &own);
    if (index < 0)
        return -1;
    struct expr *e = own;
    if (!own) {
        if (!target_to_text(s, targets, index))
            return -1;
        e = targets->items[index].expr;
    } else if (e->type->oid == TYPE_UNKNOWN) {
        e = coerce_node(a, e, a->txt, -1, CAST_IMPLICIT, FORM_IMPLICIT_CAST, -1);
        if (!e)
            return -1;
    }
    for (size_t k = 0; k < group->n; k++)
        if (same_expr(group->items[k], e))
            return (int)k;
    if (!sort_opers(a, e->type, false, true, NULL, NULL, NULL, expr_location(e)))
        return -1;
    VEC_PUSH(a->arena, group, e);
    return (int)group->n - 1;
}

static void add_to_set(struct analysis *a, struct set *set, uint16_t index)
{
    for (size_t k = 0; k < set->n; k++)
        if (set->items[k] == index)
            return;
    uint16_t *grown = ARENA_ARRAY(a->arena, uint16_t, set->n + 2);
    if (set->n)
        memcpy(grown, set->items, set->n * sizeof(grown[0]));
    grown[set->n++] = index;
    grown[set->n] = UINT16_MAX;
    set->items = grown;
}

/* An expression, or (a, b) in parentheses. */
static bool add_expression(struct scope *s, const Node *node, struct targets *targets,
                           struct set *set)
{
    if (IS_NODE(node, RowExpr) && ((const RowExpr *)node)->row_format == COERCE_IMPLICIT_CAST) {
        const RowExpr *row = (const RowExpr *)node;
        for (int k = 0; k < list_n(row->args); k++)
            if (!add_expression(s, list_at(row->args, k), targets, set))
                return false;
        return true;
    }
    int index = group_index(s, node, targets);
    if (index < 0)
        return false;
    add_to_set(s->a, set, (uint16_t)index);
    return true;
}

/* ---- sets ---- */

static bool expand_set(struct scope *s, const Node *node, struct targets *targets,
                       struct sets *out);

static bool push_set(struct scope *s, struct sets *out, struct set set)
{
    if (out->n >= SETS_MAX)
        return fail(s->a, -1, ERR_STATEMENT_TOO_COMPLEX,
                    "too many grouping sets present (maximum %d)", SETS_MAX);
    VEC_PUSH(s->a->arena, out, set);
    return true;
}

static struct set union_of(struct analysis *a, const struct set *left, const struct set *right)
{
    struct set both = {0};
    for (size_t k = 0; k < left->n; k++)
        add_to_set(a, &both, left->items[k]);
    for (size_t k = 0; k < right->n; k++)
        add_to_set(a, &both, right->items[k]);
    return both;
}

static bool parts_of(struct scope *s, const List *content, struct targets *targets,
                     struct sets *parts)
{
    for (int k = 0; k < list_n(content); k++) {
        struct set part = {0};
        if (!add_expression(s, list_at(content, k), targets, &part))
            return false;
        VEC_PUSH(s->a->arena, parts, part);
    }
    return true;
}

/* (a, b, c), (a, b), (a), () */
static bool expand_rollup(struct scope *s, const List *content, struct targets *targets,
                          struct sets *out)
{
    struct sets parts = {0};
    if (!parts_of(s, content, targets, &parts))
        return false;
    for (size_t n = parts.n + 1; n-- > 0;) {
        struct set set = {0};
        for (size_t k = 0; k < n; k++)
            set = union_of(s->a, &set, &parts.items[k]);
        if (!push_set(s, out, set))
            return false;
    }
    return true;
}

/* All subsets. */
static bool expand_cube(struct scope *s, const List *content, struct targets *targets,
                        struct sets *out)
{
    struct sets parts = {0};
    if (list_n(content) > 12)
        return fail(s->a, -1, ERR_TOO_MANY_COLUMNS, "CUBE is limited to 12 elements");
    if (!parts_of(s, content, targets, &parts))
        return false;
    for (unsigned mask = (1u << parts.n); mask-- > 0;) {
        struct set set = {0};
        for (size_t k = 0; k < parts.n; k++)
            if (mask & (1u << (parts.n - 1 - k)))
                set = union_of(s->a, &set, &parts.items[k]);
        if (!push_set(s, out, set))
            return false;
    }
    return true;
}

static bool expand_set(struct scope *s, const Node *node, struct targets *targets, struct sets *out)
{
    if (!IS_NODE(node, GroupingSet)) {
        struct set set = {0};
        return add_expression(s, node, targets, &set) && push_set(s, out, set);
    }
    const GroupingSet *grouping = (const GroupingSet *)node;
    switch (grouping->kind) {
    case GROUPING_SET_EMPTY:
        return push_set(s, out, (struct set){0});
    case GROUPING_SET_ROLLUP:
        return expand_rollup(s, grouping->content, targets, out);
    case GROUPING_SET_CUBE:
        return expand_cube(s, grouping->content, targets, out);
    case GROUPING_SET_SIMPLE:
    case GROUPING_SET_SETS:
        for (int k = 0; k < list_n(grouping->content); k++)
            if (!expand_set(s, list_at(grouping->content, k), targets, out))
                return false;
        return true;
    }
    return true;
}

static bool same_set(const struct set *a, const struct set *b)
{
    if (a->n != b->n)
        return false;
    for (size_t k = 0; k < a->n; k++) {
        bool found = false;
        for (size_t other = 0; other < b->n; other++)
            found |= a->items[k] == b->items[other];
        if (!found)
            return false;
    }
    return true;
}

static void store_sets(struct scope *s, const struct sets *sets, bool distinct)
{
    struct analysis *a = s->a;
    struct query *q = s->query;
    q->grouping_sets = ARENA_ARRAY(a->arena, uint16_t *, sets->n + 1);
    for (size_t k = 0; k < sets->n; k++) {
        bool repeated = false;
        for (size_t before = 0; distinct && before < k; before++)
            repeated |= same_set(&sets->items[k], &sets->items[before]);
        if (repeated)
            continue;
        uint16_t *items = sets->items[k].items;
        if (!items) {
            items = ARENA_ARRAY(a->arena, uint16_t, 1);
            items[0] = UINT16_MAX;
        }
        q->grouping_sets[q->n_grouping_sets++] = items;
    }
}

static bool is_grouping_set(const Node *node)
{
    return IS_NODE(node, GroupingSet);
}

bool transform_group(struct scope *s, const SelectStmt *stmt, struct targets *targets)
{
    struct query *q = s->query;
    int n = list_n(stmt->groupClause);
    bool has_sets = false;
    if (n == 0)
        return true;
    q->has_group_clause = true;
    q->group_distinct = stmt->groupDistinct;
    for (int k = 0; k < n; k++)
        has_sets |= is_grouping_set(list_at(stmt->groupClause, k));
    if (!has_sets) {
        struct set all = {0};
        for (int k = 0; k < n; k++)
            if (!add_expression(s, list_at(stmt->groupClause, k), targets, &all))
                return false;
        return true;
    }
    struct sets product = {0};
    VEC_PUSH(s->a->arena, &product, (struct set){0});
    for (int k = 0; k < n; k++) {
        struct sets item = {0}, next = {0};
        if (!expand_set(s, list_at(stmt->groupClause, k), targets, &item))
            return false;
        for (size_t l = 0; l < product.n; l++)
            for (size_t r = 0; r < item.n; r++)
                if (!push_set(s, &next, union_of(s->a, &product.items[l], &item.items[r])))
                    return false;
        product = next;
    }
    store_sets(s, &product, stmt->groupDistinct);
    return true;
}
