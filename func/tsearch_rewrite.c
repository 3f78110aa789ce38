/* tsearch_rewrite.c - ts_rewrite(): one query in place of another inside a third.
 *
 * Chains of & and of | are flat lists here, sorted, so that any part of a list can be found whatever the order it was written in.
 * What is put in stands as it was
 * written until a list around it is sorted anew.  The order is PostgreSQL's, which shows in the answers: operators before words, words by the CRC of their text.  Its lists run
 * from the right operand to the left one.  What was put in is not looked into again. */
#include "func/registry.h"
#include "func/tsearch.h"

struct node {
    enum tsquery_op op;
    int32_t distance;
    const struct tsquery_node *word;
    struct node **children;
    size_t n;
    bool is_new; /* put in by the rewriting */
};

struct rewriting {
    struct arena *arena;
    const struct node *target, *substitute; /* substitute NULL: take the target away */
};

static bool is_list(const struct node *node)
{
    return node->op == TSQUERY_AND || node->op == TSQUERY_OR;
}

static int rank(enum tsquery_op op)
{
    static const int ranks[] = {[TSQUERY_WORD] = 0, [TSQUERY_STOP] = 0, [TSQUERY_NOT] = 1,
                                [TSQUERY_AND] = 2,  [TSQUERY_OR] = 3,   [TSQUERY_PHRASE] = 4};
    return ranks[op];
}

static int compare(const struct node *a, const struct node *b)
{
    if (a->op != b->op)
        return rank(a->op) > rank(b->op) ? -1 : 1;
    if (a->op == TSQUERY_WORD)
        return tsquery_compare_words(a->word, b->word);
    if (a->n != b->n)
        return a->n > b->n ? -1 : 1;
    for (size_t k = 0; k < a->n; k++) {
        int order = compare(a->children[k], b->children[k]);
        if (order)
            return order;
    }
    return (a->distance < b->distance) - (a->distance > b->distance);
}

/* All lists of the tree. */
static void sort(struct node *node)
{
    for (size_t k = 0; k < node->n; k++)
        sort(node->children[k]);
    for (size_t k = 1; is_list(node) && k < node->n; k++) {
        struct node *moved = node->children[k];
        size_t at = k;
        for (; at > 0 && compare(node->children[at - 1], moved) > 0; at--)
            node->children[at] = node->children[at - 1];
        node->children[at] = moved;
    }
}

/* Appends the operands of a chain of `op`, the right ones first. */
static struct node *from_query(struct arena *arena, const struct tsquery_node *query, bool flat);
static void take_operands(struct arena *arena, const struct tsquery_node *query, bool flat,
                          struct node *into)
{
    const struct tsquery_node *sides[] = {query->right, query->left};
    for (int k = 0; k < 2; k++) {
        if (!sides[k])
            continue;
        if (flat && is_list(into) && sides[k]->op == into->op) {
            take_operands(arena, sides[k], flat, into);
            continue;
        }
        into->children[into->n++] = from_query(arena, sides[k], flat);
    }
}

static struct node *from_query(struct arena *arena, const struct tsquery_node *query, bool flat)
{
    struct node *node = ARENA_NEW(arena, struct node);
    *node = (struct node){.op = query->op, .distance = query->distance, .word = query};
    if (query->op == TSQUERY_WORD)
        return node;
    node->children = ARENA_ARRAY(arena, struct node *, tsquery_count(query) + 1);
    take_operands(arena, query, flat, node);
    return node;
}

static struct node *sorted_query(struct arena *arena, const struct tsquery_node *query)
{
    struct node *node = from_query(arena, query, true);
    sort(node);
    return node;
}

static struct tsquery_node *to_query(struct arena *arena, const struct node *node)
{
    struct tsquery_node *query = ARENA_NEW(arena, struct tsquery_node);
    if (node->op == TSQUERY_WORD) {
        *query = *node->word;
        return query;
    }
    if (node->n == 1) { /* NOT */
        *query = *tsquery_new(arena, node->op, NULL, to_query(arena, node->children[0]));
        return query;
    }
    /* Two by two, the last one taken next each time. */
    struct tsquery_node *right = to_query(arena, node->children[0]), *both = NULL;
    for (size_t k = 1; k < node->n; k++) {
        size_t next = k == 1 ? 1 : node->n - (k - 1);
        both = tsquery_new(arena, node->op, to_query(arena, node->children[next]), right);
        both->distance = node->distance;
        right = both;
    }
    return both;
}

static struct node *substitute_of(const struct rewriting *r)
{
    if (!r->substitute)
        return NULL;
    struct node *copy = ARENA_NEW(r->arena, struct node);
    *copy = *r->substitute;
    copy->is_new = true;
    return copy;
}

/* The sorted list less the target's operands, in *rest; false when it lacks one of them. */
static bool without_target(const struct node *node, const struct node *target, struct node *rest)
{
    size_t found = 0;
    rest->n = 0;
    for (size_t k = 0; k < node->n; k++) {
        if (found < target->n && compare(node->children[k], target->children[found]) == 0)
            found++;
        else
            rest->children[rest->n++] = node->children[k];
    }
    return found == target->n;
}

/* The node itself, or what stands for it now; NULL: nothing. */
static struct node *replace_here(const struct rewriting *r, struct node *node)
{
    const struct node *target = r->target;
    if (node->is_new || node->op != target->op)
        return node;
    if (node->n == target->n)
        return compare(node, target) == 0 ? substitute_of(r) : node;
    if (node->n < target->n || !is_list(node))
        return node;
    struct node rest = {.children = ARENA_ARRAY(r->arena, struct node *, node->n + 1)};
    if (!without_target(node, target, &rest))
        return node;
    struct node *put = substitute_of(r);
    if (put)
        rest.children[rest.n++] = put;
    node->children = rest.children;
    node->n = rest.n;
    sort(node);
    return node;
}

static struct node *rewrite(const struct rewriting *r, struct node *node)
{
    node = replace_here(r, node);
    if (!node || node->is_new || node->op == TSQUERY_WORD)
        return node;
    size_t n = 0;
    for (size_t k = 0; k < node->n; k++)
        if ((node->children[n] = rewrite(r, node->children[k])))
            n++;
    node->n = n;
    return n == 0 ? NULL : n == 1 && node->op != TSQUERY_NOT ? node->children[0] : node;
}

static bool ts_rewrite(struct fcall *c)
{
    struct tsquery_node *query = tsquery_of(c->arena, &c->args[0]),
                        *target = tsquery_of(c->arena, &c->args[1]),
                        *substitute = tsquery_of(c->arena, &c->args[2]);
    c->result = c->args[0];
    if (!query || !target)
        return true;
    struct rewriting r = {.arena = c->arena,
                          .target = sorted_query(c->arena, target),
                          .substitute =
                              substitute ? from_query(c->arena, substitute, false) : NULL};
    struct node *after = rewrite(&r, sorted_query(c->arena, query));
    c->result = after ? tsquery_datum(c->arena, to_query(c->arena, after)) : datum_bytes("", 0);
    return true;
}

FUNC_TABLE(ts_rewrite_funcs) = {
    {"tsquery_rewrite", ts_rewrite},
    {NULL, NULL},
};
