/* join.c - JOIN: which names it shows, USING and NATURAL, and what merged columns stand for. */
#include "sql/analysis.h"

#include <string.h>

static enum join_kind kind_of(JoinType type)
{
    switch ((int)type) {
    case JOIN_LEFT:
        return JOIN_LEFT_;
    case JOIN_RIGHT:
        return JOIN_RIGHT_;
    case JOIN_FULL:
        return JOIN_FULL_;
    default:
        return JOIN_INNER_;
    }
}

/* The columns of one side, dropped ones left out. */
struct side {
    struct name_column *columns;
    int n;
};

static struct side side_of(struct scope *s, const struct name_item *item)
{
    struct side side = {0};
    int width = name_item_width(s, item);
    side.columns = ARENA_ARRAY(s->a->arena, struct name_column, width + 1);
    for (int k = 0; k < width; k++) {
        const char *name = name_item_column(s, item, k);
        if (!name)
            continue;
        struct name_column *column = &side.columns[side.n++];
        if (item->columns) {
            *column = item->columns[k];
            column->hidden = false;
        } else {
            *column = (struct name_column){
                .name = name, .rte = (uint16_t)item->rte, .attnum = (int16_t)(k + 1)};
        }
    }
    return side;
}

static struct expr *column_expr(struct scope *s, const struct name_column *column)
{
    return column->expr ? column->expr : column_of(s, 0, column->rte, column->attnum, -1);
}

/* -1 none, -2 several. */
static int find(const struct side *side, const char *name)
{
    int found = -1;
    for (int k = 0; k < side->n; k++)
        if (strcmp(side->columns[k].name, name) == 0) {
            if (found >= 0)
                return -2;
            found = k;
        }
    return found;
}

static int find_using(struct scope *s, const struct side *side, const char *name, const char *which)
{
    int index = find(side, name);
    if (index == -1)
        fail(s->a, -1, ERR_UNDEFINED_COLUMN,
             "column \"%s\" specified in USING clause does not exist in %s table", name, which);
    else if (index == -2)
        fail(s->a, -1, ERR_AMBIGUOUS_COLUMN,
             "common column name \"%s\" appears more than once in %s table", name, which);
    return index;
}

/* What the merged column of USING is: the side that cannot be null-extended, or COALESCE of both. */
static struct expr *merged(struct scope *s, enum join_kind kind, struct expr *left,
                           struct expr *right)
{
    struct analysis *a = s->a;
    struct expr *both[2] = {left, right};
    const struct type *type = common_type_of(a, both, 2, "JOIN/USING", NULL);
    if (!type)
        return NULL;
    int32_t typmod = common_typmod(both, 2, type);
    struct expr *l = coerce_to_common(a, left, type, "JOIN/USING"),
                *r = l ? coerce_to_common(a, right, type, "JOIN/USING") : NULL;
    if (!r)
        return NULL;
    if (kind == JOIN_FULL_) {
        struct expr *e = expr_new(a, EXPR_COALESCE, type, -1);
        e->typmod = typmod;
        push_arg(a, e, l);
        push_arg(a, e, r);
        return e;
    }
    if (kind == JOIN_RIGHT_)
        return r;
    return kind == JOIN_INNER_ && l != left && r == right ? r : l;
}

struct using_work {
    const char **names;
    int n;
    int *left, *right; /* indexes */
};

static bool collect_using(struct scope *s, const JoinExpr *join, const struct side *left,
                          const struct side *right, struct using_work *work)
{
    struct analysis *a = s->a;
    int room = join->isNatural ? left->n : list_n(join->usingClause);
    work->names = ARENA_ARRAY(a->arena, const char *, room + 1);
    work->left = ARENA_ARRAY(a->arena, int, room + 1);
    work->right = ARENA_ARRAY(a->arena, int, room + 1);
    for (int k = 0; k < room; k++) {
        const char *name = join->isNatural ? left->columns[k].name : list_str(join->usingClause, k);
        if (join->isNatural && find(right, name) == -1)
            continue;
        for (int before = 0; before < work->n; before++)
            if (strcmp(work->names[before], name) == 0)
                return fail(a, -1, join->isNatural ? ERR_AMBIGUOUS_COLUMN : ERR_DUPLICATE_COLUMN,
                            join->isNatural
                                ? "common column name \"%s\" appears more than once in left table"
                                : "column name \"%s\" appears more than once in USING clause",
                            name);
        int l = find_using(s, left, name, "left"),
            r = l >= 0 ? find_using(s, right, name, "right") : -1;
        if (r < 0)
            return false;
        work->names[work->n] = arena_strdup(a->arena, name);
        work->left[work->n] = l;
        work->right[work->n++] = r;
    }
    return true;
}

static bool is_used(const int *indexes, int n, int index)
{
    for (int k = 0; k < n; k++)
        if (indexes[k] == index)
            return true;
    return false;
}

/* Merged columns first, then the rest of the left side, then of the right. */
static bool join_columns(struct scope *s, enum join_kind kind, const struct side *left,
                         const struct side *right, const struct using_work *work, struct from *from,
                         struct name_item *item)
{
    struct analysis *a = s->a;
    item->columns = ARENA_ARRAY(a->arena, struct name_column, left->n + right->n + 1);
    item->n_columns = 0;
    for (int k = 0; k < work->n; k++) {
        struct expr *l = column_expr(s, &left->columns[work->left[k]]),
                    *r = column_expr(s, &right->columns[work->right[k]]);
        struct expr *equal = make_op_named(s, "=", l, r, -1);
        if (equal)
            equal = coerce_to_boolean(a, equal, "JOIN/USING");
        if (!equal)
            return false;
        from->on = and_also(a, from->on, equal);
        struct name_column *column = &item->columns[item->n_columns++];
        *column = (struct name_column){.name = work->names[k], .expr = merged(s, kind, l, r)};
        if (!column->expr)
            return false;
        if (column->expr == l)
            *column = left->columns[work->left[k]];
        else if (column->expr == r)
            *column = right->columns[work->right[k]];
    }
    for (int k = 0; k < left->n; k++)
        if (!is_used(work->left, work->n, k))
            item->columns[item->n_columns++] = left->columns[k];
    for (int k = 0; k < right->n; k++)
        if (!is_used(work->right, work->n, k))
            item->columns[item->n_columns++] = right->columns[k];
    return true;
}

static void set_lateral(struct scope *s, size_t from, size_t to, bool only, bool ok)
{
    for (size_t k = from; k < to; k++) {
        s->names.items[k].lateral_only = only;
        s->names.items[k].lateral_ok = ok;
    }
}

/* ON sees the join's own sides only. */
static struct expr *join_condition(struct scope *s, const JoinExpr *join, size_t first)
{
    struct name_item *items = s->names.items;
    size_t n = s->names.n, cap = s->names.cap;
    s->names.items = items + first;
    s->names.n = s->names.cap = n - first;
    struct expr *on = transform_boolean(s, join->quals, PLACE_JOIN_ON, "JOIN/ON");
    s->names.items = items;
    s->names.n = n;
    s->names.cap = cap;
    return on;
}

static bool apply_join_alias(struct analysis *a, const JoinExpr *join, struct from *from,
                             struct name_item *item)
{
    const Alias *alias = join->alias;
    int n = list_n(alias->colnames);
    item->alias = from->alias = arena_strdup(a->arena, alias->aliasname);
    item->by_table = true;
    if (n > item->n_columns)
        return fail(a, -1, ERR_INVALID_COLUMN_REFERENCE,
                    "join expression \"%s\" has %d columns available but %d columns specified",
                    alias->aliasname, item->n_columns, n);
    from->alias_columns = ARENA_ARRAY(a->arena, const char *, n + 1);
    from->n_alias_columns = (uint16_t)n;
    for (int k = 0; k < n; k++)
        item->columns[k].name = from->alias_columns[k] =
            arena_strdup(a->arena, list_str(alias->colnames, k));
    return true;
}

/* JOIN ... USING (...) AS x: x.column for the merged columns only. */
static void push_using_alias(struct scope *s, const JoinExpr *join, const struct name_item *item,
                             int n)
{
    struct name_item merged_only = *item;
    merged_only.alias = arena_strdup(s->a->arena, join->join_using_alias->aliasname);
    merged_only.n_columns = (uint16_t)n;
    merged_only.by_table = true;
    merged_only.by_column = false;
    VEC_PUSH(s->a->arena, &s->names, merged_only);
}

struct from *transform_join(struct scope *s, const JoinExpr *join, size_t *first_name)
{
    struct analysis *a = s->a;
    size_t first = s->names.n, inner_first;
    struct from *from = ARENA_NEW(a->arena, struct from);
    from->kind = FROM_JOIN;
    from->join = kind_of(join->jointype);
    *first_name = first;
    bool left_nullable = from->join == JOIN_RIGHT_ || from->join == JOIN_FULL_;
    bool right_nullable = from->join == JOIN_LEFT_ || from->join == JOIN_FULL_;
    s->n_nullable += left_nullable;
    from->left = transform_from_item(s, join->larg, &inner_first);
    s->n_nullable -= left_nullable;
    if (!from->left)
        return NULL;
    size_t middle = s->names.n;
    struct side left = side_of(s, &s->names.items[middle - 1]);
    set_lateral(s, first, middle, true, from->join == JOIN_INNER_ || from->join == JOIN_LEFT_);
    s->n_nullable += right_nullable;
    from->right = transform_from_item(s, join->rarg, &inner_first);
    s->n_nullable -= right_nullable;
    if (!from->right)
        return NULL;
    struct side right = side_of(s, &s->names.items[s->names.n - 1]);
    for (size_t k = middle; k < s->names.n; k++) {
        const struct name_item *item = &s->names.items[k];
        for (size_t before = first; before < middle; before++) {
            const struct name_item *other = &s->names.items[before];
            if (item->by_table && other->by_table && item->alias && other->alias &&
                strcmp(item->alias, other->alias) == 0 &&
                (!item->relation || !other->relation || item->relation == other->relation))
                return fail_null(a, -1, ERR_DUPLICATE_ALIAS,
                                 "table name \"%s\" specified more than once", item->alias);
        }
    }
    set_lateral(s, first, s->names.n, false, true);

    struct using_work work = {0};
    if ((join->isNatural || join->usingClause) && !collect_using(s, join, &left, &right, &work))
        return NULL;
    struct name_item item = {.rte = -1, .by_column = true, .lateral_ok = true};
    if (!join_columns(s, from->join, &left, &right, &work, from, &item))
        return NULL;
    from->using_names = work.names;
    from->n_using = (uint16_t)work.n;
    if (join->quals) {
        from->on = join_condition(s, join, first);
        if (!from->on)
            return NULL;
    }
    if (join->alias) {
        if (!apply_join_alias(a, join, from, &item))
            return NULL;
        s->names.n = first; /* hides what is inside */
    } else {
        for (size_t k = first; k < s->names.n; k++)
            s->names.items[k].by_column = false;
    }
    if (join->join_using_alias)
        push_using_alias(s, join, &item, work.n);
    VEC_PUSH(a->arena, &s->names, item);
    return from;
}
