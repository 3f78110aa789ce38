/* privilege.c - see privilege.h.  A walk over the analysed query keeps a stack of query levels; each range table entry that is a
 * relation (or came from a view) has a need, and column references find theirs by level and entry. */
#include "proxy/privilege.h"

#include <string.h>

#include "catalog/acl.h"
#include "catalog/cluster.h"
#include "sql/walk.h"

struct level {
    const struct query *query;
    int *needs; /* by range table entry: index into the needs; -1 none */
};

struct collect {
    struct tree_walker walker;
    struct arena *arena;
    struct privilege_needs *needs;
    VEC(struct level) levels;
    uint32_t as_role;
};

static uint8_t *bitmap(struct collect *c, const struct relation *relation)
{
    return ARENA_ARRAY(c->arena, uint8_t, relation->n_columns / 8u + 1u);
}

static void set_bit(uint8_t *map, int16_t attnum)
{
    map[(attnum - 1) / 8] |= (uint8_t)(1u << ((attnum - 1) % 8));
}

static bool has_bit(const uint8_t *map, int16_t attnum)
{
    return map && map[(attnum - 1) / 8] >> ((attnum - 1) % 8) & 1;
}

static int add_need(struct collect *c, const struct relation *relation, uint16_t privileges)
{
    struct privilege_need need = {
        .relation = relation, .as_role = c->as_role, .privileges = privileges};
    need.selected = bitmap(c, relation);
    VEC_PUSH(c->arena, c->needs, need);
    return (int)c->needs->n - 1;
}

/* ---- what the statement does to its target ---- */

static bool is_given(const struct expr *expr)
{
    if (!expr)
        return false;
    if (expr->kind == EXPR_SLOT)
        return true;
    for (size_t i = 0; i < expr->args.n; i++)
        if (is_given(expr->args.items[i]))
            return true;
    return false;
}

static void note_set(struct collect *c, struct privilege_need *need, const struct assignments *set,
                     bool insert, bool only_given)
{
    uint8_t **map = insert ? &need->inserted : &need->updated;
    need->privileges |= insert ? PRIV_INSERT : PRIV_UPDATE;
    if (!*map)
        *map = bitmap(c, need->relation);
    for (size_t i = 0; i < set->n; i++)
        if (!only_given || is_given(set->items[i].expr))
            set_bit(*map, set->items[i].attnum);
}

static void note_target(struct collect *c, const struct query *query, struct privilege_need *need)
{
    switch (query->command) {
    case CMD_INSERT_:
        note_set(c, need, &query->set, true, true);
        if (query->on_conflict && query->on_conflict->do_update)
            note_set(c, need, &query->on_conflict->set, false, false);
        break;
    case CMD_UPDATE_:
        note_set(c, need, &query->set, false, false);
        break;
    case CMD_DELETE_:
        need->privileges |= PRIV_DELETE;
        break;
    case CMD_MERGE_:
        for (size_t i = 0; i < query->n_merge; i++) {
            const struct merge_when *when = &query->merge[i];
            if (when->action == MERGE_DELETE_)
                need->privileges |= PRIV_DELETE;
            else if (when->action != MERGE_NOTHING_)
                note_set(c, need, &when->set, when->action == MERGE_INSERT_,
                         when->action == MERGE_INSERT_);
        }
        break;
    case CMD_SELECT_:
    case CMD_UTILITY_:
        break;
    }
}

/* Through a view: what the statement reads of it.  The view's own conditions are mixed with the statement's, so
 * those count only if the view has none. */
static bool reads(const struct expr *expr)
{
    if (!expr)
        return false;
    if (expr->kind == EXPR_COLUMN)
        return true;
    for (size_t i = 0; i < expr->args.n; i++)
        if (reads(expr->args.items[i]))
            return true;
    return false;
}

static void note_view_reads(struct collect *c, const struct query *query, int view)
{
    bool any = query->where && !strstr(query->target_view->view_sql, "WHERE");
    for (size_t i = 0; i < query->returning.n; i++)
        any |= reads(query->returning.items[i].expr);
    for (size_t i = 0; i < query->set.n && query->command == CMD_UPDATE_; i++)
        any |= reads(query->set.items[i].expr);
    if (any) {
        c->needs->items[view].privileges |= PRIV_SELECT;
        c->needs->items[view].whole_row = true;
    }
}

/* Through a view: the same on the view, by whoever runs the statement; the base table is the view owner's. */
static void add_target_view(struct collect *c, const struct query *query, int base)
{
    int index = add_need(c, query->target_view, c->needs->items[base].privileges);
    c->needs->items[base].as_role = query->target_view->owner_oid;
    struct privilege_need *need = &c->needs->items[index];
    need->inserted = need->updated =
        NULL; /* no column privileges through views: the table's decide */
    note_view_reads(c, query, index);
}

/* ---- the walk ---- */

static void collect_query(struct collect *c, const struct query *query);

static struct privilege_need *need_at(struct collect *c, uint16_t levels_up, uint16_t rte)
{
    if (levels_up >= c->levels.n)
        return NULL;
    const struct level *level = &c->levels.items[c->levels.n - 1 - levels_up];
    int index = rte < level->query->n_rtes ? level->needs[rte] : -1;
    return index >= 0 ? &c->needs->items[index] : NULL;
}

static void note_read(struct privilege_need *need, int16_t attnum)
{
    need->privileges |= PRIV_SELECT;
    if (attnum == 0)
        need->whole_row = true;
    else if (attnum < 0)
        need->system_column = true;
    else if (attnum <= need->relation->n_columns)
        set_bit(need->selected, attnum);
}

/* excluded.x reads the table that is inserted into. */
static void note_excluded(struct collect *c, int16_t attnum)
{
    for (size_t up = 0; up < c->levels.n; up++) {
        const struct query *query = c->levels.items[c->levels.n - 1 - up].query;
        struct privilege_need *need =
            query->on_conflict ? need_at(c, (uint16_t)up, query->target_rte) : NULL;
        if (need) {
            note_read(need, attnum);
            return;
        }
    }
}

static bool on_expr(struct tree_walker *walker, struct expr *expr)
{
    struct collect *c = walker->arg;
    if (expr->kind == EXPR_COLUMN) {
        struct privilege_need *need = need_at(c, expr->column.levels_up, expr->column.rte);
        if (need)
            note_read(need, expr->column.attnum);
    } else if (expr->kind == EXPR_EXCLUDED) {
        note_excluded(c, expr->column.attnum);
    }
    if (expr->kind == EXPR_FUNC && expr->func.sql_function)
        collect_query(c, expr->func.sql_function);
    return tree_children(walker, expr);
}

static bool on_query(struct tree_walker *walker, struct query *query)
{
    struct collect *c = walker->arg;
    const struct query *outer = c->levels.items[c->levels.n - 1].query;
    uint32_t before = c->as_role;
    for (size_t i = 0; i < outer->n_ctes; i++)
        if (outer->ctes[i].query == query && !outer->ctes[i].n_references && !query->writes)
            return false; /* it is never run */
    for (uint16_t i = 0; i < outer->n_rtes; i++)
        if (outer->rtes[i].subquery == query && outer->rtes[i].view)
            c->as_role = outer->rtes[i].view->owner_oid;
    collect_query(c, query);
    c->as_role = before;
    return false;
}

static void collect_query(struct collect *c, const struct query *query)
{
    struct level level = {.query = query, .needs = ARENA_ARRAY(c->arena, int, query->n_rtes + 1u)};
    bool changes = query->command != CMD_SELECT_ && query->target;
    for (uint16_t i = 0; i < query->n_rtes; i++) {
        const struct rte *rte = &query->rtes[i];
        const struct relation *relation = rte->kind == RTE_RELATION ? rte->relation : rte->view;
        bool is_target = changes && i == query->target_rte;
        level.needs[i] = relation ? add_need(c, relation, is_target ? 0 : PRIV_SELECT) : -1;
        if (is_target && relation)
            note_target(c, query, &c->needs->items[level.needs[i]]);
        if (is_target && relation && query->target_view)
            add_target_view(c, query, level.needs[i]);
    }
    for (size_t i = 0; i < query->n_row_marks; i++)
        if (level.needs[query->row_marks[i].rte] >= 0)
            c->needs->items[level.needs[query->row_marks[i].rte]].privileges |= PRIV_UPDATE;
    VEC_PUSH(c->arena, &c->levels, level);
    /* What constraints and generated columns read is nobody's privilege. */
    struct query *own = arena_memdup(c->arena, query, sizeof(*query));
    own->checks = own->view_checks = (struct exprs){0};
    own->generated = (struct assignments){0};
    tree_query(&c->walker, own);
    c->levels.n--;
}

void privileges_collect(struct arena *arena, const struct query *query,
                        struct privilege_needs *needs)
{
    struct collect c = {
        .walker = {.expr = on_expr, .query = on_query}, .arena = arena, .needs = needs};
    c.walker.arg = &c;
    collect_query(&c, query);
}

/* ---- checking ---- */

static bool denied(const struct relation *relation, struct err *err)
{
    const char *what = relation->kind == 'v'   ? "view"
                       : relation->kind == 'm' ? "materialized view"
                       : relation->kind == 'S' ? "sequence"
                                               : "table";
    return err_set(err, ERR_INSUFFICIENT_PRIVILEGE, "permission denied for %s %s", what,
                   relation->name);
}

static uint16_t held_on_table(const struct catalog *catalog, const struct relation *relation,
                              uint32_t role, uint16_t wanted)
{
    return acl_held(catalog, relation->acl, relation->kind == 'S' ? ACL_SEQUENCE : ACL_RELATION,
                    relation->owner_oid, role, wanted, false);
}

static bool held_on_column(const struct catalog *catalog, const struct relation *relation,
                           int16_t attnum, uint32_t role, uint16_t wanted)
{
    const struct acl *acl = relation->columns[attnum - 1].acl;
    return acl &&
           acl_held(catalog, acl, ACL_COLUMN, relation->owner_oid, role, wanted, false) == wanted;
}

/* Each of the columns; with none of them named, any one column will do. */
static bool held_on_columns(const struct catalog *catalog, const struct relation *relation,
                            const uint8_t *map, bool all, uint32_t role, uint16_t wanted)
{
    bool any_named = false, any_held = false;
    for (uint16_t i = 0; i < relation->n_columns; i++) {
        int16_t attnum = (int16_t)(i + 1);
        if (relation->columns[i].dropped)
            continue;
        bool held = held_on_column(catalog, relation, attnum, role, wanted);
        any_held |= held;
        if (!all && !has_bit(map, attnum))
            continue;
        any_named = true;
        if (!held)
            return false;
    }
    return any_named || any_held;
}

static bool is_met(const struct catalog *catalog, const struct privilege_need *need, uint32_t role)
{
    uint16_t lacking = (uint16_t)(need->privileges &
                                  ~held_on_table(catalog, need->relation, role, need->privileges));
    if (!lacking)
        return true;
    if (lacking & PRIV_DELETE || (lacking & PRIV_SELECT && need->system_column))
        return false;
    if (lacking & PRIV_SELECT && !held_on_columns(catalog, need->relation, need->selected,
                                                  need->whole_row, role, PRIV_SELECT))
        return false;
    if (lacking & PRIV_INSERT &&
        !held_on_columns(catalog, need->relation, need->inserted, false, role, PRIV_INSERT))
        return false;
    return !(lacking & PRIV_UPDATE) ||
           held_on_columns(catalog, need->relation, need->updated, false, role, PRIV_UPDATE);
}

/* Catalogs that hold secrets; all others are everyone's to read. */
static bool is_secret(const struct relation *relation)
{
    static const char *const secrets[] = {
        "pg_authid",        "pg_shadow",       "pg_statistic",
        "pg_user_mapping",  "pg_subscription", "pg_hba_file_rules",
        "pg_file_settings", "pg_largeobject",  "pg_statistic_ext_data"};
    for (size_t i = 0; i < ARRAY_COUNT(secrets); i++)
        if (strcmp(relation->name, secrets[i]) == 0)
            return true;
    return false;
}

static bool is_system(const struct relation *relation)
{
    return relation->distribution == DIST_SYSTEM || relation->oid < 16384;
}

static bool may_use_schema(const struct catalog *catalog, const struct relation *relation,
                           uint32_t role, struct err *err)
{
    const struct namespace *namespace = catalog_namespace(catalog, relation->namespace_oid);
    if (!namespace || relation->temp || is_system(relation) ||
        acl_held(catalog, namespace->acl, ACL_NAMESPACE, namespace->owner_oid, role, PRIV_USAGE,
                 false))
        return true;
    return err_set(err, ERR_INSUFFICIENT_PRIVILEGE, "permission denied for schema %s",
                   namespace->name);
}

bool privileges_check(const struct catalog *catalog, const struct privilege_needs *needs,
                      uint32_t role, struct err *err)
{
    for (size_t i = 0; i < needs->n; i++) {
        const struct privilege_need *need = &needs->items[i];
        uint32_t checked = need->as_role ? need->as_role : role;
        if (role_is_superuser(catalog, checked))
            continue;
        if (!need->as_role && !may_use_schema(catalog, need->relation, role, err))
            return false;
        if (is_system(need->relation) ? is_secret(need->relation) || need->privileges & ~PRIV_SELECT
                                      : !is_met(catalog, need, checked))
            return denied(need->relation, err);
    }
    return true;
}

bool privilege_check_any(const struct catalog *catalog, const struct relation *relation,
                         uint32_t role, uint16_t privileges, struct err *err)
{
    if (role_is_superuser(catalog, role) ||
        (is_system(relation) && privileges & PRIV_SELECT && !is_secret(relation)) ||
        held_on_table(catalog, relation, role, privileges))
        return true;
    return denied(relation, err);
}
