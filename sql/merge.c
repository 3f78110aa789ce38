/* merge.c - MERGE. */
#include "sql/analysis.h"

#include <string.h>

/* WHEN MATCHED sees both sides, WHEN NOT MATCHED the source only.  The target's item is the first. */
static void show_sides(struct scope *s, bool matched)
{
    s->names.items[0].by_table = s->names.items[0].by_column = matched;
}

static bool merge_insert(struct scope *s, const MergeWhenClause *when, struct merge_when *out)
{
    struct insert_columns columns;
    struct exprs row = {0};
    if (!insert_column_list(s, when->targetList, &columns))
        return false;
    if (when->values) {
        if (!row_with_defaults(s, when->values, PLACE_VALUES_SINGLE, &row))
            return false;
        if (row.n > (size_t)columns.n)
            return fail(s->a, expr_location(row.items[columns.n]), ERR_SYNTAX_ERROR,
                        "INSERT has more expressions than target columns");
        if (columns.listed && row.n < (size_t)columns.n)
            return fail(s->a, columns.nodes[row.n]->location, ERR_SYNTAX_ERROR,
                        "INSERT has more target columns than expressions");
        if (!insert_row(s, &columns, &row, when->override))
            return false;
    }
    out->overriding_user = when->override == OVERRIDING_USER_VALUE;
    return insert_assignments(s, &columns, &row, when->override, &out->set);
}

static bool merge_action(struct scope *s, const MergeWhenClause *when, struct merge_when *out)
{
    out->matched = when->matched;
    show_sides(s, when->matched);
    if (when->condition &&
        !(out->condition = transform_boolean(s, when->condition, PLACE_MERGE_WHEN, "WHEN")))
        return false;
    switch (when->commandType) {
    case CMD_INSERT:
        out->action = MERGE_INSERT_;
        return merge_insert(s, when, out);
    case CMD_UPDATE:
        out->action = MERGE_UPDATE_;
        return update_set(s, when->targetList, &out->set);
    case CMD_DELETE:
        out->action = MERGE_DELETE_;
        return true;
    default:
        out->action = MERGE_NOTHING_;
        return true;
    }
}

/* A clause without condition takes all rows of its kind. */
static bool check_reachable(struct scope *s, const List *clauses)
{
    bool taken[2] = {false, false};
    for (int k = 0; k < list_n(clauses); k++) {
        const MergeWhenClause *when = list_at(clauses, k);
        if (taken[when->matched])
            return fail(s->a, -1, ERR_SYNTAX_ERROR,
                        "unreachable WHEN clause specified after unconditional WHEN clause");
        taken[when->matched] = !when->condition;
    }
    return true;
}

static bool merge_source(struct scope *s, const Node *node)
{
    struct analysis *a = s->a;
    size_t first;
    s->names.items[0].lateral_only = true;
    s->names.items[0].lateral_ok = false;
    s->query->merge_source = transform_from_item(s, node, &first);
    s->names.items[0].lateral_only = false;
    s->names.items[0].lateral_ok = true;
    if (!s->query->merge_source)
        return false;
    for (size_t k = first; k < s->names.n; k++) {
        const struct name_item *item = &s->names.items[k];
        if (!item->by_table || !item->alias || strcmp(item->alias, s->names.items[0].alias) != 0)
            continue;
        fail(a, -1, ERR_DUPLICATE_ALIAS, "name \"%s\" specified more than once", item->alias);
        return fail_detail(a, "The name is used both as MERGE target table and data source.");
    }
    return true;
}

struct query *transform_merge(struct scope *s, const MergeStmt *stmt)
{
    struct analysis *a = s->a;
    struct query *q = s->query;
    q->command = CMD_MERGE_;
    if (stmt->withClause) {
        if (stmt->withClause->recursive)
            return fail_null(a, -1, ERR_SYNTAX_ERROR,
                             "WITH RECURSIVE is not supported for MERGE statement");
        if (!transform_with(s, stmt->withClause))
            return NULL;
    }
    if (!check_reachable(s, stmt->mergeWhenClauses) || !open_target(s, stmt->relation, DML_MERGE))
        return NULL;
    show_target(s, true, true);
    if (!merge_source(s, stmt->sourceRelation))
        return NULL;
    q->merge_on = transform_boolean(s, stmt->joinCondition, PLACE_JOIN_ON, "JOIN/ON");
    if (!q->merge_on)
        return NULL;
    q->n_merge = (size_t)list_n(stmt->mergeWhenClauses);
    q->merge = ARENA_ARRAY(a->arena, struct merge_when, q->n_merge + 1);
    for (size_t k = 0; k < q->n_merge; k++)
        if (!merge_action(s, list_at(stmt->mergeWhenClauses, (int)k), &q->merge[k]))
            return NULL;
    show_sides(s, true);
    if (!collect_constraints(s))
        return NULL;
    scope_finish(s);
    return q;
}
