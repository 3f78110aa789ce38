/* cte.c - WITH: its queries, references to them, and what recursion allows.
 *
 * Queries are analysed in the order in which they are written; under WITH RECURSIVE a reference to a later one has that analysed
 * first.  A query that refers to itself must be UNION [ALL] of a term without and a term with the reference: the reference's columns are known once
 * the first term is analysed.  SQL's restrictions on where it may stand are checked where it is met, by looking
 * at the scopes between it and the query's own. */
#include "sql/analysis.h"

#include <string.h>

/* ---- finding them ---- */

static bool analyse_cte(struct scope *s, struct cte_scope *cte);

struct cte_scope *find_cte(struct scope *s, const char *name, struct scope **owner, int *levels_up)
{
    *levels_up = 0;
    for (struct scope *at = s; at; at = at->parent, ++*levels_up)
        for (size_t k = 0; k < at->ctes.n; k++) {
            struct cte_scope *cte = &at->ctes.items[k];
            if (strcmp(cte->name, name) != 0)
                continue;
            if (cte->state != CTE_DONE && !cte->may_be_early)
                continue; /* not visible yet: a table of that name may be meant */
            *owner = at;
            if (cte->state == CTE_WAITING && !analyse_cte(at, cte))
                return NULL;
            return cte;
        }
    return NULL;
}

/* ---- self references ---- */

static bool bad_recursion(struct scope *s, const struct cte_scope *cte, const char *why,
                          int location)
{
    return fail(s->a, location, ERR_INVALID_RECURSION, why, cte->name);
}

/* The reference stands in scope `s`; the body of the query is somewhere around it. */
static bool check_self_reference(struct scope *s, const struct cte_scope *cte, int location)
{
    const SelectStmt *body = (const SelectStmt *)cte->node->ctequery;
    struct scope *at = s;
    if (!IS_NODE(cte->node->ctequery, SelectStmt))
        return bad_recursion(s, cte,
                             "recursive query \"%s\" must not contain data-modifying statements",
                             cte->node->location);
    if (body->op != PG_SETOP_UNION)
        return bad_recursion(s, cte,
                             "recursive query \"%s\" does not have the form non-recursive-term "
                             "UNION [ALL] recursive-term",
                             cte->node->location);
    bool in_term = false;
    for (; at && at->own_cte != cte; at = at->parent) {
        in_term |= at->recursive_term;
        if (at->own_cte)
            return fail(s->a, cte->node->location, ERR_FEATURE_NOT_SUPPORTED,
                        "mutual recursion between WITH items is not implemented");
        if (at->n_nullable)
            return bad_recursion(
                s, cte, "recursive reference to query \"%s\" must not appear within an outer join",
                location);
        if (at->entry == ENTRY_SUBLINK)
            return bad_recursion(
                s, cte, "recursive reference to query \"%s\" must not appear within a subquery",
                location);
        if (at->setop_name)
            return bad_recursion(
                s, cte,
                arena_printf(s->a->arena,
                             "recursive reference to query \"%%s\" must not appear within %s",
                             at->setop_name),
                location);
    }
    if (!at)
        return fail(s->a, cte->node->location, ERR_FEATURE_NOT_SUPPORTED,
                    "mutual recursion between WITH items is not implemented");
    if (!in_term || !cte->has_columns)
        return bad_recursion(
            s, cte,
            "recursive reference to query \"%s\" must not appear within its non-recursive term",
            location);
    if (body->sortClause)
        return fail(s->a, -1, ERR_FEATURE_NOT_SUPPORTED,
                    "ORDER BY in a recursive query is not implemented");
    if (body->limitOffset)
        return fail(s->a, -1, ERR_FEATURE_NOT_SUPPORTED,
                    "OFFSET in a recursive query is not implemented");
    if (body->limitCount)
        return fail(s->a, -1, ERR_FEATURE_NOT_SUPPORTED,
                    "LIMIT in a recursive query is not implemented");
    if (++at->self_references > 1)
        return bad_recursion(
            s, cte, "recursive reference to query \"%s\" must not appear more than once", location);
    return true;
}

int add_cte_rte(struct scope *s, struct scope *owner, struct cte_scope *cte, int levels_up,
                const RangeVar *var)
{
    struct analysis *a = s->a;
    bool is_self = cte->state == CTE_IN_WORK;
    struct cte *result = &owner->cte_results.items[cte->index];
    if (is_self) {
        if (!check_self_reference(s, cte, var->location))
            return -1;
        result->recursive = true;
    } else {
        result->n_references++;
        if (result->query->command != CMD_SELECT_ && !result->query->returning.n) {
            fail(a, var->location, ERR_FEATURE_NOT_SUPPORTED,
                 "WITH query \"%s\" does not have a RETURNING clause", cte->name);
            return -1;
        }
    }
    struct rte rte = {.kind = RTE_CTE,
                      .cte = cte->index,
                      .cte_levels_up = (uint16_t)levels_up,
                      .cte_self = is_self};
    rte.alias = arena_strdup(a->arena, var->alias ? var->alias->aliasname : cte->name);
    rte.has_alias = var->alias != NULL;
    rte.n_columns = result->n_columns;
    rte.columns =
        arena_memdup(a->arena, result->columns, (result->n_columns + 1u) * sizeof(rte.columns[0]));
    if (!alias_columns(a, var->alias, &rte, "table"))
        return -1;
    return scope_add_rte(s, &rte);
}

/* ---- analysing them ---- */

static bool name_columns(struct analysis *a, const CommonTableExpr *node, struct cte *cte,
                         const struct targets *targets)
{
    int n_aliases = list_n(node->aliascolnames);
    cte->columns = ARENA_ARRAY(a->arena, struct rte_column, targets->n + 1);
    cte->n_columns = 0;
    for (size_t k = 0; k < targets->n; k++) {
        const struct target *target = &targets->items[k];
        if (target->junk)
            continue;
        int index = cte->n_columns++;
        cte->columns[index] = (struct rte_column){
            index < n_aliases ? arena_strdup(a->arena, list_str(node->aliascolnames, index))
                              : target->name,
            target->expr->type, target->expr->typmod, target->expr->collation_oid};
    }
    if (n_aliases > cte->n_columns)
        return fail(a, node->location, ERR_INVALID_COLUMN_REFERENCE,
                    "WITH query \"%s\" has %d columns available but %d columns specified",
                    node->ctename, cte->n_columns, n_aliases);
    return true;
}

bool settle_recursive_columns(struct scope *body, const struct query *first_term)
{
    const struct targets *targets = &first_term->targets;
    struct cte_scope *own = body->own_cte;
    struct cte *cte = &body->parent->cte_results.items[own->index];
    if (!name_columns(body->a, own->node, cte, targets))
        return false;
    for (int k = 0; k < cte->n_columns; k++)
        if (cte->columns[k].type->oid == TYPE_UNKNOWN)
            cte->columns[k].type = body->a->txt;
    own->first_term = first_term;
    own->has_columns = true;
    return true;
}

/* What the two terms make together must be what the first alone promised. */
static bool check_recursive_types(struct analysis *a, const CommonTableExpr *node,
                                  const struct cte *cte, const struct rte_column *promised)
{
    for (int k = 0; k < cte->n_columns; k++) {
        const struct rte_column *is = &cte->columns[k], *was = &promised[k];
        if (is->type == was->type && (was->typmod == is->typmod || was->typmod < 0))
            continue;
        if (is->type == was->type)
            continue; /* a length is no promise here: values are kept as they come */
        const char *type_was = type_text(a, was->type), *type_is = type_text(a, is->type);
        fail(a, node->location, ERR_DATATYPE_MISMATCH,
             "recursive query \"%s\" column %d has type %s in non-recursive term but type %s "
             "overall",
             node->ctename, k + 1, type_was, type_is);
        return fail_hint(a, "Cast the output of the non-recursive term to the correct type.");
    }
    return true;
}

static bool analyse_cte(struct scope *s, struct cte_scope *cte)
{
    struct analysis *a = s->a;
    const CommonTableExpr *node = cte->node;
    struct cte *result = &s->cte_results.items[cte->index];
    if (node->search_clause || node->cycle_clause) {
        node = cte->node = rewrite_search(s, node);
        if (!node)
            return false;
    }
    cte->state = CTE_IN_WORK;
    struct query *query = transform_statement(a, s, node->ctequery, ENTRY_TOP, cte, false);
    if (!query)
        return false;
    if (query->command != CMD_SELECT_ && s->parent)
        return fail(a, node->location, ERR_FEATURE_NOT_SUPPORTED,
                    "WITH clause containing a data-modifying statement must be at the top level");
    cte->state = CTE_DONE;
    const struct rte_column *promised = result->columns;
    result->query = query;
    const struct targets *targets =
        query->command == CMD_SELECT_ ? &query->targets : &query->returning;
    if (!name_columns(a, node, result, targets))
        return false;
    return !result->recursive || check_recursive_types(a, node, result, promised);
}

bool transform_with(struct scope *s, const WithClause *with)
{
    struct analysis *a = s->a;
    for (int k = 0; k < list_n(with->ctes); k++) {
        const CommonTableExpr *node = list_at(with->ctes, k);
        for (size_t before = 0; before < s->ctes.n; before++)
            if (strcmp(s->ctes.items[before].name, node->ctename) == 0)
                return fail(a, node->location, ERR_DUPLICATE_ALIAS,
                            "WITH query name \"%s\" specified more than once", node->ctename);
        if (!IS_NODE(node->ctequery, SelectStmt))
            a->writes = true;
        struct cte_scope cte = {.name = arena_strdup(a->arena, node->ctename),
                                .node = node,
                                .may_be_early = with->recursive,
                                .index = (uint16_t)s->cte_results.n};
        VEC_PUSH(a->arena, &s->ctes, cte);
        struct cte result = {.name = cte.name,
                             .materialized = node->ctematerialized == CTEMaterializeAlways  ? 1
                                             : node->ctematerialized == CTEMaterializeNever ? 2
                                                                                            : 0};
        VEC_PUSH(a->arena, &s->cte_results, result);
    }
    for (size_t k = 0; k < s->ctes.n; k++)
        if (s->ctes.items[k].state == CTE_WAITING && !analyse_cte(s, &s->ctes.items[k]))
            return false;
    return true;
}
