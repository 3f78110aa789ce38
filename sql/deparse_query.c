/* deparse_query.c - an analysed SELECT (or a data-modifying statement in a rule's place) laid out as pg_get_viewdef does.
 *
 * Layout: each level of nesting moves by 8 columns; clauses begin on new lines, a little to the left of the level's column, so
 * that keywords end where the level's text begins.  Entries whose names are taken at an outer level get _1, _2 ... */
#include <string.h>

#include "sql/deparse_int.h"

#define STEP 8
#define INDENT_LIMIT 40

static void put(struct deparser *d, const char *text)
{
    buf_puts(d->out, text);
}

void new_line(struct deparser *d, const char *keyword, int before, int after, int plus)
{
    d->indent += before;
    while (d->out->n && d->out->p[d->out->n - 1] == ' ')
        d->out->n--;
    int n = d->indent < INDENT_LIMIT
                ? (d->indent > 0 ? d->indent : 0) + plus
                : INDENT_LIMIT + (d->indent - INDENT_LIMIT) / (STEP / 2) % INDENT_LIMIT;
    buf_putc(d->out, '\n');
    for (int k = 0; k < n; k++)
        buf_putc(d->out, ' ');
    put(d, keyword);
    d->indent += after;
    if (d->indent < 0)
        d->indent = 0;
}

/* ---- names ---- */

static bool name_taken(const struct deparse_level *level, const char *name, int upto)
{
    for (int k = 0; k < upto; k++)
        if (level->names[k] && strcmp(level->names[k], name) == 0)
            return true;
    for (const struct deparse_level *outer = level->outer; outer; outer = outer->outer)
        for (int k = 0; k < outer->query->n_rtes; k++)
            if (outer->names[k] && strcmp(outer->names[k], name) == 0)
                return true;
    return false;
}

static void name_entries(struct deparser *d, struct deparse_level *level)
{
    const struct query *q = level->query;
    level->names = ARENA_ARRAY(d->arena, const char *, q->n_rtes + 1u);
    for (int k = 0; k < q->n_rtes; k++) {
        const struct rte *rte = &q->rtes[k];
        const char *base = rte->alias      ? rte->alias
                           : rte->relation ? rte->relation->name
                                           : "unnamed_subquery",
                   *name = base;
        for (int n = 1; name_taken(level, name, k); n++)
            name = arena_printf(d->arena, "%s_%d", base, n);
        level->names[k] = name;
    }
}

/* A subquery whose columns can be named from outside. */
static void put_named_query(struct deparser *d, const struct query *query)
{
    bool before = d->names_unseen;
    const struct query *result = d->result;
    d->names_unseen = false;
    d->result = NULL;
    put_query(d, query, d->indent);
    d->names_unseen = before;
    d->result = result;
}

/* ---- ORDER BY, windows ---- */

static int target_number(const struct query *query, const struct expr *e)
{
    int number = 0;
    for (size_t k = 0; query && k < query->targets.n; k++) {
        if (query->targets.items[k].junk)
            continue;
        number++;
        if (query->targets.items[k].expr == e)
            return number;
    }
    return 0;
}

/* An item of ORDER BY, GROUP BY, PARTITION BY, DISTINCT ON: PostgreSQL puts calls into parentheses, and in its pretty form whatever is
 * more than a column. */
static void put_item(struct deparser *d, const struct expr *e)
{
    bool call = (e->kind == EXPR_FUNC && !e->func.op) || e->kind == EXPR_AGGREGATE ||
                e->kind == EXPR_WINDOW;
    bool parens = e->kind != EXPR_COLUMN && e->kind != EXPR_CONST && (d->pretty || call);
    if (parens)
        put(d, "(");
    put_expr(d, e, true);
    if (parens)
        put(d, ")");
}

void put_sort_keys(struct deparser *d, const struct sort_keys *keys, const struct query *query)
{
    for (size_t k = 0; k < keys->n; k++) {
        const struct sort_key *key = &keys->items[k];
        int number = query && (query->setop || key->expr->kind == EXPR_CONST)
                         ? target_number(query, key->expr)
                         : 0;
        if (k)
            put(d, ", ");
        if (number)
            buf_printf(d->out, "%d", number);
        else
            put_item(d, key->expr);
        if (key->descending)
            put(d, " DESC");
        if (key->nulls_first != key->descending)
            put(d, key->nulls_first ? " NULLS FIRST" : " NULLS LAST");
    }
}

static void put_bound(struct deparser *d, enum frame_bound bound, const struct expr *offset)
{
    static const char *const words[] = {"UNBOUNDED PRECEDING", " PRECEDING", "CURRENT ROW",
                                        " FOLLOWING", "UNBOUNDED FOLLOWING"};
    if (bound == BOUND_PRECEDING || bound == BOUND_FOLLOWING)
        put_expr(d, offset, false);
    put(d, words[bound]);
}

void put_window(struct deparser *d, const struct window_def *w)
{
    static const char *const modes[] = {"RANGE", "ROWS", "GROUPS"};
    static const char *const excludes[] = {"", " EXCLUDE CURRENT ROW", " EXCLUDE GROUP",
                                           " EXCLUDE TIES"};
    const char *separator = "";
    put(d, "(");
    if (w && w->partition.n) {
        put(d, "PARTITION BY ");
        for (size_t k = 0; k < w->partition.n; k++) {
            if (k)
                put(d, ", ");
            put_item(d, w->partition.items[k]);
        }
        separator = " ";
    }
    if (w && w->order.n) {
        buf_printf(d->out, "%sORDER BY ", separator);
        put_sort_keys(d, &w->order, NULL);
        separator = " ";
    }
    bool is_default = !w || (w->mode == FRAME_RANGE && w->start == BOUND_UNBOUNDED_PRECEDING &&
                             w->end == BOUND_CURRENT && w->exclude == EXCLUDE_NONE);
    if (!is_default) {
        buf_printf(d->out, "%s%s BETWEEN ", separator, modes[w->mode]);
        put_bound(d, w->start, w->start_offset);
        put(d, " AND ");
        put_bound(d, w->end, w->end_offset);
        put(d, excludes[w->exclude]);
    }
    put(d, ")");
}

/* ---- FROM ---- */

static void put_relation_name(struct deparser *d, const struct relation *relation)
{
    const struct relation *seen =
        catalog_relation_by_name(d->context->catalog, &d->context->path, NULL, relation->name);
    if (seen != relation && (!seen || seen->oid != relation->oid) && relation->namespace_name) {
        quote_ident(d->out, relation->namespace_name);
        put(d, ".");
    }
    quote_ident(d->out, relation->name);
}

static void put_column_aliases(struct deparser *d, const struct rte *rte)
{
    put(d, "(");
    for (int k = 0; k < rte->n_columns; k++) {
        if (k)
            put(d, ", ");
        quote_ident(d->out, rte->columns[k].name);
    }
    put(d, ")");
}

static void put_values(struct deparser *d, const struct rte *rte)
{
    put(d, "VALUES ");
    for (size_t r = 0; r < rte->n_value_rows; r++) {
        put(d, r ? ", (" : "(");
        for (size_t c = 0; c < rte->value_rows[r].n; c++) {
            if (c)
                put(d, ",");
            put_expr(d, rte->value_rows[r].items[c], false);
        }
        put(d, ")");
    }
}

static void put_functions(struct deparser *d, const struct rte *rte)
{
    if (rte->n_functions > 1)
        put(d, "ROWS FROM(");
    for (int k = 0; k < rte->n_functions; k++) {
        if (k)
            put(d, ", ");
        put_expr(d, rte->functions[k].call, true);
    }
    if (rte->n_functions > 1)
        put(d, ")");
    if (rte->ordinality)
        put(d, " WITH ORDINALITY");
}

static bool columns_renamed(const struct rte *rte)
{
    for (int k = 0; rte->kind == RTE_RELATION && k < rte->n_columns; k++)
        if (!rte->relation->columns[k].dropped &&
            strcmp(rte->columns[k].name, rte->relation->columns[k].name) != 0)
            return true;
    return false;
}

static bool lateral_keyword(const struct rte *rte)
{
    if (rte->kind == RTE_SUBQUERY)
        return rte->lateral;
    if (rte->kind != RTE_FUNCTION || !rte->lateral)
        return false;
    return true;
}

static void put_rte(struct deparser *d, uint16_t index)
{
    const struct rte *rte = &d->level->query->rtes[index];
    const char *name = d->level->names[index];
    bool aliased = true;
    if (lateral_keyword(rte))
        put(d, "LATERAL ");
    switch (rte->kind) {
    case RTE_RELATION:
        put_relation_name(d, rte->relation);
        aliased = strcmp(name, rte->relation->name) != 0;
        break;
    case RTE_SUBQUERY:
        if (rte->view) {
            put_relation_name(d, rte->view);
            aliased = strcmp(name, rte->view->name) != 0;
            break;
        }
        put(d, "(");
        put_named_query(d, rte->subquery);
        put(d, ")");
        break;
    case RTE_FUNCTION:
        put_functions(d, rte);
        break;
    case RTE_VALUES:
        put(d, "( ");
        put_values(d, rte);
        put(d, ")");
        break;
    case RTE_CTE: {
        const struct deparse_level *level = d->level;
        for (int k = 0; level && k < rte->cte_levels_up; k++)
            level = level->outer;
        const char *cte =
            level && rte->cte < level->query->n_ctes ? level->query->ctes[rte->cte].name : name;
        quote_ident(d->out, cte);
        aliased = strcmp(name, cte) != 0;
        break;
    }
    case RTE_JOIN:
        break;
    }
    if (aliased) {
        put(d, " ");
        quote_ident(d->out, name);
    }
    if (rte->kind == RTE_FUNCTION || rte->kind == RTE_VALUES || columns_renamed(rte))
        put_column_aliases(d, rte);
}

static void put_from_item(struct deparser *d, const struct from *from)
{
    if (from->kind == FROM_RTE) {
        put_rte(d, from->rte);
        return;
    }
    static const char *const words[] = {" JOIN ", " LEFT JOIN ", " RIGHT JOIN ", " FULL JOIN "};
    bool parens = !d->pretty || from->alias;
    if (parens)
        put(d, "(");
    put_from_item(d, from->left);
    bool cross = from->join == JOIN_INNER_ && !from->on && !from->n_using;
    new_line(d, cross ? " CROSS JOIN " : words[from->join], -STEP, STEP, 4);
    bool right_parens = d->pretty && from->right->kind == FROM_JOIN;
    if (right_parens)
        put(d, "(");
    put_from_item(d, from->right);
    if (right_parens)
        put(d, ")");
    if (from->n_using) {
        put(d, " USING (");
        for (int k = 0; k < from->n_using; k++) {
            if (k)
                put(d, ", ");
            quote_ident(d->out, from->using_names[k]);
        }
        put(d, ")");
    } else if (from->on) {
        put(d, " ON ");
        if (!d->pretty)
            put(d, "(");
        put_expr(d, from->on, false);
        if (!d->pretty)
            put(d, ")");
    }
    if (parens)
        put(d, ")");
    if (from->alias) {
        put(d, " ");
        quote_ident(d->out, from->alias);
    }
}

static void put_from(struct deparser *d, const struct query *q)
{
    for (size_t k = 0; k < q->from.n; k++) {
        if (k == 0) {
            new_line(d, " FROM ", -STEP, STEP, 2);
        } else {
            put(d, ",");
            new_line(d, "", -STEP, STEP, 4);
        }
        put_from_item(d, q->from.items[k]);
    }
}

/* ---- the select list and the clauses ---- */

static bool names_itself(const struct expr *e, const char *name, const struct deparse_level *level)
{
    if (e->kind != EXPR_COLUMN || e->column.attnum <= 0)
        return false;
    for (int k = 0; level && k < e->column.levels_up; k++)
        level = level->outer;
    return level &&
           strcmp(level->query->rtes[e->column.rte].columns[e->column.attnum - 1].name, name) == 0;
}

static void put_targets(struct deparser *d, const struct query *q)
{
    bool first = true;
    size_t shown = 0;
    for (size_t k = 0; k < q->targets.n; k++) {
        const struct target *target = &q->targets.items[k];
        if (target->junk)
            continue;
        const char *name = d->result ? d->result->targets.items[shown].name : target->name;
        shown++;
        if (first)
            put(d, " ");
        else
            put(d, ",");
        /* An expression that begins a line of its own (CASE) needs no other. */
        if (!first && target->expr->kind != EXPR_CASE)
            new_line(d, "", -STEP, STEP, 4);
        first = false;
        put_expr(d, target->expr, true);
        if (strcmp(name, "?column?") == 0 ? !d->names_unseen
                                          : !names_itself(target->expr, name, d->level))
            buf_printf(d->out, " AS %s", quoted_ident(d->arena, name));
    }
}

static void put_group(struct deparser *d, const struct query *q)
{
    if (!q->group.n && !q->n_grouping_sets)
        return;
    new_line(d, " GROUP BY ", -STEP, STEP, 1);
    if (q->n_grouping_sets) {
        put(d, "GROUPING SETS (");
        for (size_t s = 0; s < q->n_grouping_sets; s++) {
            put(d, s ? ", (" : "(");
            for (int k = 0; q->grouping_sets[s][k] != UINT16_MAX; k++) {
                if (k)
                    put(d, ", ");
                put_item(d, q->group.items[q->grouping_sets[s][k]]);
            }
            put(d, ")");
        }
        put(d, ")");
        return;
    }
    for (size_t k = 0; k < q->group.n; k++) {
        int number =
            q->group.items[k]->kind == EXPR_CONST ? target_number(q, q->group.items[k]) : 0;
        if (k)
            put(d, ", ");
        if (number)
            buf_printf(d->out, "%d", number);
        else
            put_item(d, q->group.items[k]);
    }
}

static void put_distinct(struct deparser *d, const struct query *q)
{
    if (q->distinct_on.n) {
        put(d, " DISTINCT ON (");
        for (size_t k = 0; k < q->distinct_on.n; k++) {
            if (k)
                put(d, ", ");
            put_item(d, q->distinct_on.items[k].expr);
        }
        put(d, ")");
    } else if (q->distinct) {
        put(d, " DISTINCT");
    }
}

static void put_limits(struct deparser *d, const struct query *q)
{
    if (q->offset) {
        new_line(d, " OFFSET ", -STEP, STEP, 0);
        put_expr(d, q->offset, false);
    }
    if (!q->limit)
        return;
    new_line(d, q->with_ties ? " FETCH FIRST " : " LIMIT ", -STEP, STEP, 0);
    put_expr(d, q->limit, false);
    if (q->with_ties)
        put(d, " ROWS WITH TIES");
}

static void put_basic_select(struct deparser *d, const struct query *q)
{
    if (q->n_rtes == 1 && q->rtes[0].kind == RTE_VALUES && q->targets.n == q->rtes[0].n_columns &&
        !q->where && !q->group.n) {
        put_values(d, &q->rtes[0]);
        return;
    }
    put(d, "SELECT");
    put_distinct(d, q);
    put_targets(d, q);
    put_from(d, q);
    if (q->where) {
        new_line(d, " WHERE ", -STEP, STEP, 1);
        put_expr(d, q->where, false);
    }
    put_group(d, q);
    if (q->having) {
        new_line(d, " HAVING ", -STEP, STEP, 0);
        put_expr(d, q->having, false);
    }
}

/* ---- set operations ---- */

static bool leaf_needs_parens(const struct query *q)
{
    return q->n_ctes || q->order.n || q->n_row_marks || q->limit || q->offset || q->setop;
}

static void put_setop(struct deparser *d, const struct setop *op)
{
    static const char *const words[] = {"UNION ", "INTERSECT ", "EXCEPT "};
    if (op->query) {
        bool parens = leaf_needs_parens(op->query);
        if (parens)
            put(d, "(");
        put_query(d, op->query, d->indent);
        if (parens)
            put(d, ")");
        return;
    }
    bool left_parens = !op->left->query && (op->left->kind != op->kind || op->left->all != op->all);
    int sub = left_parens ? STEP : 0;
    if (left_parens) {
        put(d, "(");
        new_line(d, "", sub, 0, 0);
    }
    put_setop(d, op->left);
    new_line(d, left_parens ? ") " : "", -sub, 0, 0);
    put(d, words[op->kind]);
    if (op->all)
        put(d, "ALL ");
    bool right_parens = !op->right->query;
    sub = right_parens ? STEP : 0;
    if (right_parens)
        put(d, "(");
    new_line(d, "", sub, 0, 0);
    bool before = d->names_unseen;
    d->names_unseen = true;
    put_setop(d, op->right);
    d->names_unseen = before;
    d->indent -= sub;
    if (right_parens)
        new_line(d, ")", 0, 0, 0);
}

/* ---- WITH, and the whole ---- */

static void put_ctes(struct deparser *d, const struct query *q)
{
    bool recursive = false;
    if (!q->n_ctes)
        return;
    for (size_t k = 0; k < q->n_ctes; k++)
        recursive |= q->ctes[k].recursive;
    d->indent += STEP;
    put(d, recursive ? " WITH RECURSIVE " : " WITH ");
    for (size_t k = 0; k < q->n_ctes; k++) {
        const struct cte *cte = &q->ctes[k];
        if (k)
            put(d, ", ");
        quote_ident(d->out, cte->name);
        if (cte->recursive) {
            put(d, "(");
            for (int c = 0; c < cte->n_columns; c++)
                buf_printf(d->out, "%s%s", c ? ", " : "",
                           quoted_ident(d->arena, cte->columns[c].name));
            put(d, ")");
        }
        put(d, " AS ");
        if (cte->materialized)
            put(d, cte->materialized == 1 ? "MATERIALIZED " : "NOT MATERIALIZED ");
        put(d, "(");
        new_line(d, "", 0, 0, 0);
        put_named_query(d, cte->query);
        new_line(d, "", 0, 0, 0);
        put(d, ")");
    }
    d->indent -= STEP;
    new_line(d, "", 0, 0, 0);
}

static const char **setop_names(struct deparser *d, const struct query *q)
{
    const char **names = ARENA_ARRAY(d->arena, const char *, q->targets.n + 1);
    for (size_t k = 0; k < q->targets.n; k++)
        names[k] = quoted_ident(d->arena, q->targets.items[k].name);
    return names;
}

void put_query(struct deparser *d, const struct query *q, int start_indent)
{
    struct deparse_level level = {.outer = d->level, .query = q};
    const struct deparse_level *saved = d->level;
    int saved_indent = d->indent;
    name_entries(d, &level);
    if (q->setop)
        level.column_names = setop_names(d, q);
    d->level = &level;
    d->indent = start_indent;
    put_ctes(d, q);
    if (q->setop) {
        put_setop(d, q->setop);
    } else {
        d->indent += STEP;
        put(d, " ");
        put_basic_select(d, q);
    }
    if (q->order.n) {
        new_line(d, " ORDER BY ", -STEP, STEP, 1);
        put_sort_keys(d, &q->order, q);
    }
    put_limits(d, q);
    d->level = saved;
    d->indent = saved_indent;
}

void deparse_query(const struct analyze_context *context, const struct query *query, bool pretty,
                   struct buf *out)
{
    struct deparser d = {
        .context = context, .arena = context->arena, .out = out, .pretty = pretty, .result = query};
    put_query(&d, query, 0);
}
