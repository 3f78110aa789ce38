/* dml.c - UPDATE, DELETE, RETURNING. */
#include "sql/analysis.h"

bool transform_returning(struct scope *s, const List *list)
{
    struct query *q = s->query;
    if (!list)
        return true;
    if (!transform_targets(s, list, PLACE_RETURNING, &q->returning))
        return false;
    if (!q->returning.n)
        return fail(s->a, -1, ERR_SYNTAX_ERROR, "RETURNING must have at least one column");
    mark_origins(s, &q->returning);
    return resolve_unknown_targets(s, &q->returning);
}

/* The target's rows are read through FROM like those of the other tables, which do not see it. */
static bool target_and_from(struct scope *s, const List *list)
{
    struct analysis *a = s->a;
    struct from *target = ARENA_NEW(a->arena, struct from);
    target->kind = FROM_RTE;
    target->rte = 0;
    VEC_PUSH(a->arena, &s->query->from, target);
    show_target(s, true, true);
    s->names.items[0].lateral_only = true;
    s->names.items[0].lateral_ok = false;
    if (!transform_from(s, list))
        return false;
    s->names.items[0].lateral_only = false;
    s->names.items[0].lateral_ok = true;
    for (size_t k = 1; k < s->names.n; k++) {
        const struct name_item *item = &s->names.items[k];
        if (item->by_table && !check_unique_name(s, item->alias, item->relation, -1, 1))
            return false;
    }
    return true;
}

static bool where_of(struct scope *s, const Node *node)
{
    struct query *q = s->query;
    struct expr *where = NULL;
    if (node && !(where = transform_boolean(s, node, PLACE_WHERE, "WHERE")))
        return false;
    q->where = and_also(s->a, s->target->where, where);
    return true;
}

struct query *transform_update(struct scope *s, const UpdateStmt *stmt)
{
    struct query *q = s->query;
    q->command = CMD_UPDATE_;
    if (stmt->withClause && !transform_with(s, stmt->withClause))
        return NULL;
    if (!open_target(s, stmt->relation, DML_UPDATE) || !target_and_from(s, stmt->fromClause) ||
        !where_of(s, stmt->whereClause) || !transform_returning(s, stmt->returningList) ||
        !update_set(s, stmt->targetList, &q->set) || !collect_constraints(s))
        return NULL;
    scope_finish(s);
    return q;
}

struct query *transform_delete(struct scope *s, const DeleteStmt *stmt)
{
    struct query *q = s->query;
    q->command = CMD_DELETE_;
    if (stmt->withClause && !transform_with(s, stmt->withClause))
        return NULL;
    if (!open_target(s, stmt->relation, DML_DELETE) || !target_and_from(s, stmt->usingClause) ||
        !where_of(s, stmt->whereClause) || !transform_returning(s, stmt->returningList))
        return NULL;
    q->view_checks = (struct exprs){0};
    scope_finish(s);
    return q;
}
