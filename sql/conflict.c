/* conflict.c - ON CONFLICT: which unique indexes it is about, and what DO UPDATE does. */
#include "sql/analysis.h"

#include <string.h>

/* ---- inference ---- */

struct inference {
    VEC(int) attnums;
    struct exprs exprs;
    struct expr *where;
};

static bool infer_element(struct scope *s, const IndexElem *element, int location,
                          struct inference *out)
{
    struct analysis *a = s->a;
    if (element->ordering != SORTBY_DEFAULT)
        return fail(a, location, ERR_INVALID_COLUMN_REFERENCE,
                    "ASC/DESC is not allowed in ON CONFLICT clause");
    if (element->nulls_ordering != SORTBY_NULLS_DEFAULT)
        return fail(a, location, ERR_INVALID_COLUMN_REFERENCE,
                    "NULLS FIRST/LAST is not allowed in ON CONFLICT clause");
    if (element->name) {
        struct expr *e = column_by_name(s, element->name, true, location);
        if (!e)
            return FAILED(a) ? false : missing_column(s, NULL, element->name, location);
        if (e->kind == EXPR_COLUMN && e->column.attnum > 0)
            VEC_PUSH(a->arena, &out->attnums, e->column.attnum);
        else
            VEC_PUSH(a->arena, &out->exprs, e);
        return true;
    }
    struct expr *e = transform_expr(s, element->expr, PLACE_INDEX_EXPRESSION);
    if (!e)
        return false;
    if (e->kind == EXPR_COLUMN && e->column.attnum > 0)
        VEC_PUSH(a->arena, &out->attnums, e->column.attnum);
    else
        VEC_PUSH(a->arena, &out->exprs, e);
    return true;
}

static bool has_attnum(const struct inference *inference, int attnum)
{
    for (size_t k = 0; k < inference->attnums.n; k++)
        if (inference->attnums.items[k] == attnum)
            return true;
    return false;
}

static bool has_expr(const struct exprs *list, const struct expr *e)
{
    for (size_t k = 0; k < list->n; k++)
        if (same_expr(list->items[k], e))
            return true;
    return false;
}

/* Every condition of the index must be among those given. */
static bool implies(const struct expr *given, const struct expr *wanted)
{
    if (wanted->kind == EXPR_AND) {
        for (size_t k = 0; k < wanted->args.n; k++)
            if (!implies(given, wanted->args.items[k]))
                return false;
        return true;
    }
    if (!given)
        return false;
    if (given->kind == EXPR_AND) {
        for (size_t k = 0; k < given->args.n; k++)
            if (implies(given->args.items[k], wanted))
                return true;
        return false;
    }
    return same_expr(given, wanted);
}

/* Sets *fits; false on an error. */
static bool index_fits(struct scope *s, const struct index *index,
                       const struct inference *inference, bool *fits)
{
    struct analysis *a = s->a;
    const struct relation *relation = s->target->base;
    size_t n_columns = 0;
    *fits = false;
    if (!index->unique || index->deferrable)
        return true;
    struct exprs keys = {0};
    for (int k = 0; k < index->n_keys; k++) {
        const struct index_key *key = &index->keys[k];
        if (key->attnum) {
            if (!has_attnum(inference, key->attnum))
                return true;
            n_columns++;
            continue;
        }
        struct expr *e =
            analyze_column_sql(a, key->expr_sql, relation, NULL, -1, PLACE_INDEX_EXPRESSION);
        if (!e)
            return false;
        if (!has_expr(&inference->exprs, e))
            return true;
        VEC_PUSH(a->arena, &keys, e);
    }
    for (size_t k = 0; k < inference->attnums.n; k++) {
        bool found = false;
        for (int i = 0; i < index->n_keys; i++)
            found |= index->keys[i].attnum == inference->attnums.items[k];
        if (!found)
            return true;
    }
    for (size_t k = 0; k < inference->exprs.n; k++)
        if (!has_expr(&keys, inference->exprs.items[k]))
            return true;
    if (index->where_sql) {
        struct expr *where =
            analyze_column_sql(a, index->where_sql, relation, NULL, -1, PLACE_INDEX_PREDICATE);
        if (!where)
            return false;
        if (!implies(inference->where, where))
            return true;
    }
    *fits = true;
    return true;
}

static bool infer(struct scope *s, const InferClause *clause, struct on_conflict *out)
{
    struct analysis *a = s->a;
    const struct relation *relation = s->target->base;
    struct inference inference = {0};
    for (int k = 0; k < list_n(clause->indexElems); k++)
        if (!infer_element(s, list_at(clause->indexElems, k), clause->location, &inference))
            return false;
    if (clause->whereClause && !(inference.where = transform_boolean(
                                     s, clause->whereClause, PLACE_INDEX_PREDICATE, "WHERE")))
        return false;
    out->arbiters = ARENA_ARRAY(a->arena, const struct index *, relation->n_indexes + 1);
    for (int k = 0; k < relation->n_indexes; k++) {
        bool fits;
        if (!index_fits(s, relation->indexes[k], &inference, &fits))
            return false;
        if (fits)
            out->arbiters[out->n_arbiters++] = relation->indexes[k];
    }
    if (!out->n_arbiters)
        return fail(
            a, -1, ERR_INVALID_COLUMN_REFERENCE,
            "there is no unique or exclusion constraint matching the ON CONFLICT specification");
    return true;
}

static bool named_constraint(struct scope *s, const char *name, bool do_update,
                             struct on_conflict *out)
{
    struct analysis *a = s->a;
    const struct relation *relation = s->target->base;
    for (int k = 0; k < relation->n_constraints; k++) {
        const struct constraint *constraint = relation->constraints[k];
        if (strcmp(constraint->name, name) != 0)
            continue;
        const struct index *index = constraint->kind == 'p' || constraint->kind == 'u'
                                        ? catalog_index(a->catalog, constraint->index_oid)
                                        : NULL;
        if (!index)
            return fail(a, -1, ERR_WRONG_OBJECT_TYPE,
                        "constraint in ON CONFLICT clause has no associated index");
        if (constraint->deferrable)
            return fail(a, -1, ERR_OBJECT_NOT_IN_PREREQUISITE_STATE,
                        "ON CONFLICT does not support deferrable unique constraints/exclusion "
                        "constraints as arbiters");
        out->arbiters = ARENA_ARRAY(a->arena, const struct index *, 1);
        out->arbiters[out->n_arbiters++] = index;
        return true;
    }
    return fail(a, -1, ERR_UNDEFINED_OBJECT, "constraint \"%s\" for table \"%s\" does not exist",
                name, relation->name);
}

/* ---- the clause ---- */

static void show_excluded(struct scope *s)
{
    struct name_item item = s->names.items[0];
    item.alias = "excluded";
    item.relation = NULL;
    item.is_excluded = true;
    item.by_table = item.by_column = true;
    VEC_PUSH(s->a->arena, &s->names, item);
}

bool transform_conflict(struct scope *s, const OnConflictClause *clause)
{
    struct analysis *a = s->a;
    struct on_conflict *conflict = ARENA_NEW(a->arena, struct on_conflict);
    s->query->on_conflict = conflict;
    conflict->do_update = clause->action == ONCONFLICT_UPDATE;
    if (conflict->do_update && !clause->infer) {
        fail(a, clause->location, ERR_SYNTAX_ERROR,
             "ON CONFLICT DO UPDATE requires inference specification or constraint name");
        return fail_hint(a, "For example, ON CONFLICT (column_name).");
    }
    if (s->target->base->system)
        return fail(a, clause->location, ERR_FEATURE_NOT_SUPPORTED,
                    "ON CONFLICT is not supported with system catalog tables");
    if (clause->infer) {
        bool ok = clause->infer->conname
                      ? named_constraint(s, clause->infer->conname, conflict->do_update, conflict)
                      : infer(s, clause->infer, conflict);
        if (!ok)
            return false;
    }
    if (!conflict->do_update)
        return true;
    show_excluded(s);
    bool ok = update_set(s, clause->targetList, &conflict->set) &&
              (!clause->whereClause ||
               (conflict->where = transform_boolean(s, clause->whereClause, PLACE_WHERE, "WHERE")));
    s->names.n--; /* RETURNING does not see it */
    return ok;
}
