/* ddl_view.c - CREATE [OR REPLACE] VIEW and REFRESH MATERIALIZED VIEW.
 *
 * A view keeps its query as canonical text with all names qualified.  It is analysed again whenever it is used. */
#include <string.h>

#include "catalog/ddl_int.h"
#include "sql/format_type.h"

/* Simple enough to be written through: one table or such a view, no grouping, no set operation, plain columns. */
static bool is_updatable(const struct query *query)
{
    if (query->command != CMD_SELECT_ || query->setop || query->distinct || query->has_aggregates ||
        query->has_windows || query->has_group_clause || query->having || query->limit ||
        query->offset || query->n_ctes || query->has_srfs)
        return false;
    if (query->from.n != 1 || query->from.items[0]->kind != FROM_RTE)
        return false;
    const struct rte *rte = &query->rtes[query->from.items[0]->rte];
    if (rte->kind == RTE_RELATION)
        return rte->relation && rte->relation->kind == 'r';
    return rte->kind == RTE_SUBQUERY && rte->view && rte->view->updatable;
}

static bool uses_temporary(const struct catalog *fork, const struct depends *depends)
{
    for (size_t k = 0; k < depends->n; k++) {
        const struct relation *relation = depends->items[k].class_oid == CLASS_RELATION
                                              ? catalog_relation(fork, depends->items[k].oid)
                                              : NULL;
        if (relation && relation->temp)
            return true;
    }
    return false;
}

static bool view_columns(struct ddl *d, const struct query *query, const List *aliases,
                         struct relation *relation, struct arena *arena)
{
    int at = 0;
    for (size_t k = 0; k < query->targets.n; k++) {
        const struct target *target = &query->targets.items[k];
        if (target->junk)
            continue;
        const char *name = at < list_n(aliases) ? list_str(aliases, at) : target->name;
        at++;
        const struct type *type =
            target->expr->type->oid == TYPE_UNKNOWN ? builtin_type(TYPE_TEXT) : target->expr->type;
        if (type->kind == 'p')
            return err_set(d->err, ERR_INVALID_TABLE_DEFINITION, "column \"%s\" has pseudo-type %s",
                           name, format_type_name(d->arena, d->fork, &d->c->path, type));
        if (relation_column(relation, name))
            return err_set(d->err, ERR_DUPLICATE_COLUMN, "column \"%s\" specified more than once",
                           name);
        struct column column = {
            .name = name,
            .type = type,
            .typmod = target->expr->typmod,
            .collation_oid =
                target->expr->collation_oid ? target->expr->collation_oid : type->collation_oid,
            .statistics_target = -1,
        };
        append_column(d, relation, arena, &column);
    }
    if (list_n(aliases) > at)
        return err_set(d->err, ERR_SYNTAX_ERROR,
                       "CREATE VIEW specifies more column names than columns");
    return true;
}

/* CREATE OR REPLACE may add columns at the end, and nothing else. */
static bool check_replacement(struct ddl *d, const struct relation *before,
                              const struct relation *after)
{
    uint16_t n_before = 0;
    for (uint16_t k = 0; k < before->n_columns; k++) {
        const struct column *old = &before->columns[k];
        if (old->dropped)
            continue;
        n_before++;
        if (k >= after->n_columns)
            return err_set(d->err, ERR_INVALID_TABLE_DEFINITION, "cannot drop columns from view");
        const struct column *new = &after->columns[k];
        if (strcmp(old->name, new->name) != 0) {
            err_set(d->err, ERR_INVALID_TABLE_DEFINITION,
                    "cannot change name of view column \"%s\" to \"%s\"", old->name, new->name);
            return err_hint(
                d->err,
                "Use ALTER VIEW ... RENAME COLUMN ... to change name of view column instead.");
        }
        if (old->type == new->type && old->typmod == new->typmod)
            continue;
        struct buf from = BUF_IN(d->arena), to = BUF_IN(d->arena);
        format_type(d->fork, &d->c->path, old->type, old->typmod, true, &from);
        format_type(d->fork, &d->c->path, new->type, new->typmod, true, &to);
        return err_set(d->err, ERR_INVALID_TABLE_DEFINITION,
                       "cannot change data type of view column \"%s\" from %s to %s", old->name,
                       buf_cstr(&from), buf_cstr(&to));
    }
    return true;
}

static bool replace_view(struct ddl *d, const struct relation *before, const struct relation *made)
{
    uint32_t oid = before->oid;
    if (before->kind != 'v')
        return err_set(d->err, ERR_WRONG_OBJECT_TYPE, "\"%s\" is not a view", before->name);
    if (!must_own_relation(d, before) || !check_replacement(d, before, made) ||
        !lock_relation(d, oid, LOCK_ACCESS_EXCLUSIVE))
        return false;
    struct relation *relation = catalog_edit_relation(d->fork, oid);
    struct arena *arena = catalog_edit_arena(d->fork, oid);
    for (uint16_t k = relation->n_columns; k < made->n_columns; k++)
        append_column(d, relation, arena, &made->columns[k]);
    relation->view_sql = arena_strdup(arena, made->view_sql);
    relation->depends = dependencies_copy(arena, made->depends, made->n_depends);
    relation->n_depends = made->n_depends;
    relation->updatable = made->updatable;
    relation->view_check = made->view_check;
    relation->options = NULL;
    if (made->options) {
        size_t n = 0;
        while (made->options[n])
            n++;
        const char **copy = ARENA_ARRAY(arena, const char *, n + 1);
        for (size_t k = 0; k < n; k++)
            copy[k] = arena_strdup(arena, made->options[k]);
        relation->options = copy;
    }
    catalog_changed(d->fork, oid);
    return true;
}

static const char *const *with_option(struct arena *arena, const char *const *options,
                                      const char *more)
{
    size_t n = 0;
    while (options && options[n])
        n++;
    const char **longer = ARENA_ARRAY(arena, const char *, n + 2);
    for (size_t k = 0; k < n; k++)
        longer[k] = options[k];
    longer[n] = more;
    return longer;
}

static bool check_option(struct ddl *d, const ViewStmt *stmt, struct relation *relation,
                         struct arena *arena)
{
    const DefElem *option = option_named(stmt->options, "check_option");
    const char *text = option ? option_text(d, option) : NULL;
    relation->view_check = stmt->withCheckOption == LOCAL_CHECK_OPTION      ? 'l'
                           : stmt->withCheckOption == CASCADED_CHECK_OPTION ? 'c'
                                                                            : 0;
    if (text && strcmp(text, "local") == 0)
        relation->view_check = 'l';
    else if (text && strcmp(text, "cascaded") == 0)
        relation->view_check = 'c';
    else if (text) {
        err_set(d->err, ERR_INVALID_PARAMETER_VALUE,
                "invalid value for enum option \"check_option\": %s", text);
        return err_detail(d->err, "Valid values are \"local\" and \"cascaded\".");
    }
    if (relation->view_check && !option)
        relation->options = with_option(arena, relation->options,
                                        relation->view_check == 'l' ? "check_option=local"
                                                                    : "check_option=cascaded");
    if (relation->view_check && !relation->updatable)
        return err_set(d->err, ERR_FEATURE_NOT_SUPPORTED,
                       "WITH CHECK OPTION is supported only on automatically updatable views");
    return true;
}

static bool fill_view(struct ddl *d, const ViewStmt *stmt, const struct query *query,
                      const struct depends *depends, struct relation *relation, struct arena *arena)
{
    relation->updatable = is_updatable(query);
    relation->view_sql = arena_strdup(arena, canonical_query(d, query));
    relation->depends = dependencies_copy(arena, depends->items, (uint16_t)depends->n);
    relation->n_depends = (uint16_t)depends->n;
    relation->options = reloptions(d, arena, NULL, stmt->options, false);
    return !d->err->sqlstate[0] && view_columns(d, query, stmt->aliases, relation, arena) &&
           check_option(d, stmt, relation, arena);
}

bool create_view(struct ddl *d, const ViewStmt *stmt)
{
    struct analyze_context context = analysis(d);
    const struct namespace *namespace;
    struct depends depends = {0};
    struct object *object;
    RangeVar place = *stmt->view;
    const SelectStmt *select = (const SelectStmt *)stmt->query;
    if (IS_NODE(select, SelectStmt) && select->intoClause)
        return err_set(d->err, ERR_FEATURE_NOT_SUPPORTED, "views must not contain SELECT INTO");
    struct query *query = analyze_node(&context, stmt->query, d->err);
    if (!query)
        return false;
    if (query->n_params)
        return err_set(d->err, ERR_UNDEFINED_PARAMETER, "there is no parameter $1");
    if (query->writes)
        return err_set(d->err, ERR_FEATURE_NOT_SUPPORTED,
                       "views must not contain data-modifying statements in WITH");
    depends_of_query(d, query, &depends);
    if (place.relpersistence == 'p' && uses_temporary(d->fork, &depends)) {
        notice(d, "view \"%s\" will be a temporary view", place.relname);
        place.relpersistence = 't';
    }
    if (!creation_namespace_of(d, &place, &namespace))
        return false;
    const char *name = clip_name(d, place.relname);
    const struct search_path only = {&namespace->oid, 1, namespace->temp ? namespace->oid : 0};
    const struct relation *before = catalog_relation_by_name(d->fork, &only, namespace->name, name);
    if (relation_name_taken(d->fork, namespace->oid, name) && !(before && stmt->replace))
        return err_set(d->err, ERR_DUPLICATE_TABLE, "relation \"%s\" already exists", name);
    if (!before && type_name_taken(d->fork, namespace->oid, name))
        return err_set(d->err, ERR_DUPLICATE_OBJECT, "type \"%s\" already exists", name);
    struct relation *relation = new_relation(d, &object, namespace, name, 'v');
    bool ok = fill_view(d, stmt, query, &depends, relation, object_arena(object));
    if (!ok || before) {
        ok = ok && replace_view(d, before, relation);
        arena_free(object_arena(object));
        return ok;
    }
    catalog_add(d->fork, object);
    return true;
}

/* ---- materialized views ---- */

/* Rows come in as by any INSERT, so indexes and uniqueness are looked after.  Nobody may write to a materialized view by name, so
 * it is a table for the while. */
bool fill_matview(struct ddl *d, uint32_t oid, uint64_t *n_rows)
{
    struct buf insert = BUF_IN(d->arena);
    struct relation *relation = catalog_edit_relation(d->fork, oid);
    buf_puts(&insert, "INSERT INTO ");
    quote_ident(&insert, relation->namespace_name);
    buf_putc(&insert, '.');
    quote_ident(&insert, relation->name);
    buf_printf(&insert, " %s", relation->view_sql);
    relation->kind = 'r';
    bool ok = run_sql(d, buf_cstr(&insert), NULL, NULL, n_rows);
    catalog_edit_relation(d->fork, oid)->kind = 'm';
    return ok;
}

bool refresh_matview(struct ddl *d, const RefreshMatViewStmt *stmt)
{
    const struct relation *relation = find_relation(d, stmt->relation, false, NULL);
    if (!relation)
        return false;
    if (relation->kind != 'm')
        return err_set(d->err, ERR_FEATURE_NOT_SUPPORTED, "\"%s\" is not a materialized view",
                       relation->name);
    if (stmt->concurrent && stmt->skipData)
        return err_set(d->err, ERR_SYNTAX_ERROR, "%s and %s options cannot be used together",
                       "CONCURRENTLY", "WITH NO DATA");
    if (stmt->concurrent && !relation->populated)
        return err_set(d->err, ERR_FEATURE_NOT_SUPPORTED,
                       "CONCURRENTLY cannot be used when the materialized view is not populated");
    if (!must_own_relation(d, relation))
        return false;
    uint32_t oid = relation->oid;
    if (!lock_relation(d, oid, LOCK_ACCESS_EXCLUSIVE) ||
        !txn_truncate(d->c->txn, rel(d, oid), d->err))
        return false;
    uint64_t n_rows;
    if (!stmt->skipData && !fill_matview(d, oid, &n_rows))
        return false;
    catalog_edit_relation(d->fork, oid)->populated = !stmt->skipData;
    return true;
}
