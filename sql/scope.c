/* scope.c - names: which column or row a reference means, at which level of query.
 *
 * Each query level has a scope: its range table entries, and the name items that its FROM clause lets through.  A name is looked
 * for level by level, inside out; within a level it must be unique.  Items of joins map their columns to the entries below, so no expression
 * ever refers to a join. */
#include "sql/analysis.h"

#include <string.h>

struct scope *scope_new(struct analysis *a, struct scope *parent, enum command command)
{
    struct scope *s = ARENA_NEW(a->arena, struct scope);
    s->a = a;
    s->parent = parent;
    s->query = ARENA_NEW(a->arena, struct query);
    s->query->command = command;
    s->query->text = a->text;
    if (parent) {
        s->domain_value = parent->domain_value;
        s->domain = parent->domain;
    }
    return s;
}

void scope_finish(struct scope *s)
{
    struct query *q = s->query;
    q->rtes = s->rtes.items;
    q->n_rtes = (uint16_t)s->rtes.n;
    q->ctes = s->cte_results.items;
    q->n_ctes = s->cte_results.n;
    q->windows = s->windows.items;
    q->n_windows = s->windows.n;
}

struct rte *scope_rte(struct scope *s, int rte)
{
    return &s->rtes.items[rte];
}

int scope_add_rte(struct scope *s, const struct rte *rte)
{
    VEC_PUSH(s->a->arena, &s->rtes, *rte);
    return (int)s->rtes.n - 1;
}

void scope_add_name(struct scope *s, int rte, const struct relation *relation, bool by_table,
                    bool by_column)
{
    struct name_item item = {
        .alias = scope_rte(s, rte)->alias,
        .relation = relation,
        .rte = rte,
        .by_table = by_table,
        .by_column = by_column,
        .lateral_ok = true,
    };
    VEC_PUSH(s->a->arena, &s->names, item);
}

static struct scope *scope_up(struct scope *s, int levels)
{
    while (levels-- > 0)
        s = s->parent;
    return s;
}

/* ---- expressions for columns ---- */

static const struct {
    const char *name;
    int attnum;
    uint32_t type;
} system_columns[] = {
    {"ctid", -1, TYPE_TID}, {"xmin", -2, TYPE_XID}, {"cmin", -3, TYPE_CID},
    {"xmax", -4, TYPE_XID}, {"cmax", -5, TYPE_CID}, {"tableoid", -6, TYPE_OID},
};

int system_attnum(const char *name)
{
    for (size_t k = 0; k < ARRAY_COUNT(system_columns); k++)
        if (strcmp(system_columns[k].name, name) == 0)
            return system_columns[k].attnum;
    return 0;
}

const struct type *system_type(struct analysis *a, int attnum)
{
    return type_by_oid(a, system_columns[-attnum - 1].type);
}

struct expr *column_of(struct scope *s, int levels_up, int rte, int attnum, int location)
{
    struct scope *owner = scope_up(s, levels_up);
    const struct rte *entry = scope_rte(owner, rte);
    struct expr *e;
    if (attnum > 0) {
        const struct rte_column *column = &entry->columns[attnum - 1];
        e = expr_new(s->a, EXPR_COLUMN, column->type, location);
        e->typmod = column->typmod;
        e->collation_oid = column->collation_oid;
    } else {
        e = expr_new(s->a, EXPR_COLUMN, system_type(s->a, attnum), location);
    }
    e->column.levels_up = (uint16_t)levels_up;
    e->column.rte = (uint16_t)rte;
    e->column.attnum = (int16_t)attnum;
    return e;
}

struct expr *whole_row_of(struct scope *s, int levels_up, int rte, int location)
{
    const struct rte *entry = scope_rte(scope_up(s, levels_up), rte);
    const struct type *type = s->a->record;
    const struct relation *relation = entry->relation ? entry->relation : entry->view;
    if (relation && relation->rowtype_oid) {
        const struct type *row = catalog_type(s->a->catalog, relation->rowtype_oid);
        type = row ? row : type;
    } else if (entry->kind == RTE_FUNCTION && entry->n_functions == 1 && !entry->ordinality &&
               !entry->functions[0].is_record) {
        /* A function's row is what it returns: a composite, or its one column. */
        const struct type *result = entry->functions[0].call->type;
        if (is_composite(result))
            type = result;
        else if (entry->n_columns == 1)
            return column_of(s, levels_up, rte, 1, location);
    }
    if (type == s->a->record)
        type = named_record_type(s->a, entry->columns, entry->n_columns);
    struct expr *e = expr_new(s->a, EXPR_COLUMN, type, location);
    e->column.levels_up = (uint16_t)levels_up;
    e->column.rte = (uint16_t)rte;
    e->column.attnum = 0;
    return e;
}

uint16_t name_item_width(struct scope *s, const struct name_item *item)
{
    return item->columns ? item->n_columns : scope_rte(s, item->rte)->n_columns;
}

const char *name_item_column(struct scope *s, const struct name_item *item, int index)
{
    if (item->columns)
        return item->columns[index].name;
    const struct rte *rte = scope_rte(s, item->rte);
    if (rte->kind == RTE_RELATION && rte->relation->columns[index].dropped)
        return NULL;
    return rte->columns[index].name;
}

/* `s` is where the reference stands, the item `levels_up` from there. */
struct expr *name_column_expr(struct scope *s, const struct name_item *item, int index,
                              int levels_up, int location)
{
    if (item->is_excluded) {
        const struct rte *rte = scope_rte(scope_up(s, levels_up), item->rte);
        int attnum = item->columns ? item->columns[index].attnum : index + 1;
        const struct rte_column *column = &rte->columns[attnum - 1];
        struct expr *e = expr_new(s->a, EXPR_EXCLUDED, column->type, location);
        e->typmod = column->typmod;
        e->column.attnum = (int16_t)attnum;
        e->column.levels_up = (uint16_t)levels_up;
        e->column.rte = (uint16_t)item->rte;
        return e;
    }
    if (!item->columns)
        return column_of(s, levels_up, item->rte, index + 1, location);
    const struct name_column *column = &item->columns[index];
    if (!column->expr)
        return column_of(s, levels_up, column->rte, column->attnum, location);
    struct expr *e = tree_shift(s->a->arena, column->expr, levels_up);
    e->location = location;
    return e;
}

/* ---- looking names up ---- */

static bool lateral_allowed(struct scope *s, const struct name_item *item, int location)
{
    if (!item->lateral_only || item->lateral_ok)
        return true;
    fail(s->a, location, ERR_INVALID_COLUMN_REFERENCE,
         "invalid reference to FROM-clause entry for table \"%s\"", item->alias);
    return fail_detail(s->a,
                       "The combining JOIN type must be INNER or LEFT for a LATERAL reference.");
}

/* Index of the column in the item, -1 none, -2 ambiguous. */
static int find_in_item(struct scope *s, const struct name_item *item, const char *name,
                        bool qualified)
{
    int found = -1;
    int n = name_item_width(s, item);
    for (int k = 0; k < n; k++) {
        const char *column = name_item_column(s, item, k);
        if (!column || strcmp(column, name) != 0)
            continue;
        if (!qualified && item->columns && item->columns[k].hidden)
            continue;
        if (found >= 0)
            return -2;
        found = k;
    }
    return found;
}

static bool item_has_system_columns(struct scope *s, const struct name_item *item)
{
    return item->rte >= 0 && !item->columns && !item->is_excluded &&
           scope_rte(s, item->rte)->kind == RTE_RELATION;
}

/* Some expressions of a table may not use all of its columns. */
static bool check_usable(struct scope *s, struct scope *owner, const struct name_item *item,
                         int index, int system, int location)
{
    if (item->rte < 0 || item->columns || (s->place != PLACE_GENERATED && s->place != PLACE_CHECK))
        return true;
    const struct rte *rte = scope_rte(owner, item->rte);
    if (rte->kind != RTE_RELATION)
        return true;
    if (index < -2) {
        if (system == -6)
            return true;
        const char *name = system_columns[-system - 1].name;
        if (s->place == PLACE_CHECK)
            return fail(s->a, location, ERR_INVALID_COLUMN_REFERENCE,
                        "system column \"%s\" reference in check constraint is invalid", name);
        return fail(s->a, location, ERR_INVALID_COLUMN_REFERENCE,
                    "cannot use system column \"%s\" in column generation expression", name);
    }
    if (s->place != PLACE_GENERATED || !rte->relation->columns[index].generated)
        return true;
    fail(s->a, location, ERR_INVALID_OBJECT_DEFINITION,
         "cannot use generated column \"%s\" in column generation expression",
         rte->columns[index].name);
    return fail_detail(s->a, "A generated column cannot reference another generated column.");
}

struct expr *column_by_name(struct scope *s, const char *name, bool local_only, int location)
{
    int levels_up = 0, system = system_attnum(name);
    for (struct scope *at = s; at; at = at->parent, levels_up++) {
        const struct name_item *found = NULL;
        int index = -1;
        for (size_t k = 0; k < at->names.n; k++) {
            const struct name_item *item = &at->names.items[k];
            if (!item->by_column || (item->lateral_only && !at->lateral_active))
                continue;
            int here = find_in_item(at, item, name, false);
            if (here == -1 && system && item_has_system_columns(at, item))
                here = -10 + system; /* below every other mark */
            if (here == -1)
                continue;
            if (found || here == -2)
                return fail_null(s->a, location, ERR_AMBIGUOUS_COLUMN,
                                 "column reference \"%s\" is ambiguous", name);
            if (!lateral_allowed(s, item, location))
                return NULL;
            found = item;
            index = here;
        }
        if (found && !check_usable(s, at, found, index, system, location))
            return NULL;
        if (found)
            return index < -2 ? column_of(s, levels_up, found->rte, system, location)
                              : name_column_expr(s, found, index, levels_up, location);
        if (local_only)
            break;
    }
    return NULL;
}

/* table (or schema.table): aliases hide names; an unaliased entry also answers to its schema. */
struct name_item *find_name_item(struct scope *s, const char *schema, const char *name,
                                 int location, int *levels_up)
{
    const struct relation *wanted = NULL;
    *levels_up = 0;
    if (schema) {
        wanted = catalog_relation_by_name(s->a->catalog, s->a->path, schema, name);
        if (!wanted)
            return NULL;
    }
    for (struct scope *at = s; at; at = at->parent, ++*levels_up) {
        struct name_item *found = NULL;
        for (size_t k = 0; k < at->names.n; k++) {
            struct name_item *item = &at->names.items[k];
            if (!item->by_table || !item->alias || (item->lateral_only && !at->lateral_active))
                continue;
            if (schema ? item->relation != wanted : strcmp(item->alias, name) != 0)
                continue;
            if (found)
                return fail_null(s->a, location, ERR_AMBIGUOUS_ALIAS,
                                 "table reference \"%s\" is ambiguous", name);
            if (!lateral_allowed(s, item, location))
                return NULL;
            found = item;
        }
        if (found)
            return found;
    }
    return NULL;
}

/* ---- "did you mean" ---- */

#define FUZZY_DISTANCE_MAX 3

/* Levenshtein distance, or anything above `limit` when it is above. */
static int edit_distance(const char *a, const char *b, int limit)
{
    enum { LONGEST = 64 };
    int n = (int)strlen(a), m = (int)strlen(b);
    int row[LONGEST + 1];
    if (n > LONGEST || m > LONGEST || n - m > limit || m - n > limit)
        return limit + 1;
    for (int j = 0; j <= m; j++)
        row[j] = j;
    for (int i = 1; i <= n; i++) {
        int diagonal = row[0], best = i;
        row[0] = i;
        for (int j = 1; j <= m; j++) {
            int cost = MIN(MIN(row[j], row[j - 1]) + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = row[j];
            row[j] = cost;
            best = MIN(best, cost);
        }
        if (best > limit)
            return limit + 1;
    }
    return row[m];
}

struct suggestion {
    int distance;
    const char *table[2], *column[2];
    bool exact; /* such a column exists, out of reach */
};

static void weigh(struct suggestion *best, const char *table, const char *column,
                  const char *wanted, int penalty)
{
    if (penalty > best->distance)
        return;
    int n = (int)strlen(wanted),
        distance = edit_distance(column, wanted, best->distance + 1 - penalty);
    if (distance > n / 2)
        return;
    distance += penalty;
    if (distance < best->distance) {
        *best = (struct suggestion){.distance = distance, .table = {table}, .column = {column}};
    } else if (distance == best->distance) {
        if (best->column[1]) {
            best->table[0] = best->table[1] = best->column[0] = best->column[1] =
                NULL; /* too many alike */
        } else if (best->column[0]) {
            best->table[1] = table;
            best->column[1] = column;
        } else if (best->distance <= FUZZY_DISTANCE_MAX) {
            best->table[0] = table;
            best->column[0] = column;
        }
    }
}

/* The operands of a set operation, which have names that only hints tell. */
static bool search_operands(struct scope *s, const char *table, const char *column,
                            struct suggestion *best)
{
    for (size_t n = 0; n < s->operands.n; n++) {
        const struct query *query = s->operands.items[n];
        const char *name = arena_printf(s->a->arena, "*SELECT* %zu", n + 1);
        int penalty = table ? edit_distance(table, name, FUZZY_DISTANCE_MAX + 1) : 0;
        for (size_t k = 0; k < query->targets.n; k++) {
            const struct target *target = &query->targets.items[k];
            if (target->junk)
                continue;
            if (penalty == 0 && strcmp(target->name, column) == 0) {
                *best = (struct suggestion){.exact = true, .table = {name}};
                return true;
            }
            weigh(best, name, target->name, column, penalty);
        }
    }
    return false;
}

static void search_columns(struct scope *s, const char *table, const char *column,
                           struct suggestion *best)
{
    for (struct scope *at = s; at; at = at->parent) {
        if (search_operands(at, table, column, best))
            return;
        for (size_t k = 0; k < at->rtes.n; k++) {
            const struct rte *rte = &at->rtes.items[k];
            if (!rte->alias)
                continue;
            int penalty = table ? edit_distance(table, rte->alias, FUZZY_DISTANCE_MAX + 1) : 0;
            for (int c = 0; c < rte->n_columns; c++) {
                const char *name = rte->columns[c].name;
                if (!name || (rte->kind == RTE_RELATION && rte->relation->columns[c].dropped))
                    continue;
                if (penalty == 0 && strcmp(name, column) == 0) {
                    *best = (struct suggestion){.exact = true, .table = {rte->alias}};
                    return;
                }
                weigh(best, rte->alias, name, column, penalty);
            }
        }
    }
}

bool missing_column(struct scope *s, const char *table, const char *column, int location)
{
    struct analysis *a = s->a;
    struct suggestion best = {.distance = FUZZY_DISTANCE_MAX + 1};
    search_columns(s, table, column, &best);
    if (table)
        fail(a, location, ERR_UNDEFINED_COLUMN, "column %s.%s does not exist", table, column);
    else
        fail(a, location, ERR_UNDEFINED_COLUMN, "column \"%s\" does not exist", column);
    if (best.column[1])
        fail_hint(a, "Perhaps you meant to reference the column \"%s.%s\" or the column \"%s.%s\".",
                  best.table[0], best.column[0], best.table[1], best.column[1]);
    else if (best.exact)
        fail_hint(a,
                  "There is a column named \"%s\" in table \"%s\", but it cannot be referenced "
                  "from this part of the query.",
                  column, best.table[0]);
    else if (best.column[0])
        fail_hint(a, "Perhaps you meant to reference the column \"%s.%s\".", best.table[0],
                  best.column[0]);
    return false;
}

/* The entry that `name` may have meant: of that alias, or of that table under another alias. */
static const struct rte *search_tables(struct scope *s, const char *schema, const char *name)
{
    const struct relation *relation =
        catalog_relation_by_name(s->a->catalog, s->a->path, schema, name);
    for (struct scope *at = s; at; at = at->parent)
        for (size_t k = 0; k < at->rtes.n; k++) {
            const struct rte *rte = &at->rtes.items[k];
            if (relation && (rte->relation == relation || rte->view == relation))
                return rte;
            if (rte->alias && strcmp(rte->alias, name) == 0)
                return rte;
        }
    return NULL;
}

bool missing_rte(struct scope *s, const char *schema, const char *name, int location)
{
    struct analysis *a = s->a;
    const struct rte *rte = search_tables(s, schema, name);
    if (!rte && !schema && strcmp(name, "excluded") == 0 && s->query && s->query->on_conflict &&
        s->query->on_conflict->do_update) {
        fail(a, location, ERR_UNDEFINED_TABLE,
             "invalid reference to FROM-clause entry for table \"%s\"", name);
        return fail_hint(a,
                         "There is an entry for table \"%s\", but it cannot be referenced from "
                         "this part of the query.",
                         name);
    }
    if (!rte)
        return fail(a, location, ERR_UNDEFINED_TABLE, "missing FROM-clause entry for table \"%s\"",
                    name);
    bool reachable = false;
    if (strcmp(rte->alias, name) != 0) {
        int levels_up;
        struct name_item *item = find_name_item(s, NULL, rte->alias, location, &levels_up);
        reachable = item && item->rte >= 0 && scope_rte(scope_up(s, levels_up), item->rte) == rte;
    }
    fail(a, location, ERR_UNDEFINED_TABLE,
         "invalid reference to FROM-clause entry for table \"%s\"", name);
    if (reachable)
        return fail_hint(a, "Perhaps you meant to reference the table alias \"%s\".", rte->alias);
    return fail_hint(a,
                     "There is an entry for table \"%s\", but it cannot be referenced from this "
                     "part of the query.",
                     rte->alias);
}

/* ---- column references ---- */

/* An argument of the LANGUAGE SQL function whose body this is: `name`, or function.name. */
static struct expr *function_argument(struct scope *s, const char *qualifier, const char *name,
                                      int location)
{
    const struct function_args *function = s->a->function;
    if (!function || !function->proc->arg_names ||
        (qualifier && strcmp(qualifier, function->proc->name) != 0))
        return NULL;
    const struct proc *proc = function->proc;
    int n = proc->arg_modes ? proc->n_all_args : proc->n_args, parameter = 0;
    for (int k = 0; k < n; k++) {
        char mode = proc->arg_modes ? proc->arg_modes[k] : 'i';
        if (mode == 'o' || mode == 't')
            continue;
        parameter++;
        if (proc->arg_names[k] && strcmp(proc->arg_names[k], name) == 0) {
            ParamRef ref = {.type = T_ParamRef, .number = parameter, .location = location};
            return transform_param(s, &ref);
        }
    }
    return NULL;
}

static struct expr *domain_value(struct scope *s, int location)
{
    int32_t typmod = -1;
    struct expr *e =
        expr_new(s->a, EXPR_DOMAIN_VALUE, base_type_mod(s->domain_value, &typmod), location);
    e->typmod = typmod;
    return e;
}

static struct expr *simple_reference(struct scope *s, const char *name, int location)
{
    if (s->domain_value && strcmp(name, "value") == 0)
        return domain_value(s, location);
    struct expr *e = column_by_name(s, name, false, location);
    if (e || FAILED(s->a))
        return e;
    e = function_argument(s, NULL, name, location);
    if (e || FAILED(s->a))
        return e;
    /* The whole row of an entry. */
    int levels_up;
    const struct name_item *item = find_name_item(s, NULL, name, location, &levels_up);
    if (item && item->rte >= 0 && !item->columns && !item->is_excluded)
        return whole_row_of(s, levels_up, item->rte, location);
    if (item) { /* of a join: a row of its columns */
        struct scope *owner = scope_up(s, levels_up);
        struct expr *row = expr_new(s->a, EXPR_ROW, s->a->record, location);
        struct rte_column *columns =
            ARENA_ARRAY(s->a->arena, struct rte_column, name_item_width(owner, item) + 1u);
        int n = 0;
        for (int k = 0; k < name_item_width(owner, item); k++) {
            const char *column = name_item_column(owner, item, k);
            if (!column)
                continue;
            struct expr *value = name_column_expr(s, item, k, levels_up, location);
            columns[n++] =
                (struct rte_column){.name = column, .type = value->type, .typmod = value->typmod};
            push_arg(s->a, row, value);
        }
        row->type = named_record_type(s->a, columns, n);
        return row;
    }
    if (!FAILED(s->a))
        missing_column(s, NULL, name, location);
    return NULL;
}

/* table.column, also table.function(row) */
static struct expr *qualified_reference(struct scope *s, const char *schema, const char *table,
                                        const char *name, int location)
{
    struct analysis *a = s->a;
    int levels_up;
    const struct name_item *item = find_name_item(s, schema, table, location, &levels_up);
    if (!item) {
        if (FAILED(a))
            return NULL;
        struct expr *argument = schema ? NULL : function_argument(s, table, name, location);
        if (!argument && !schema && !FAILED(a)) {
            struct expr *row = function_argument(s, NULL, table, location);
            argument = row ? field_select(s, row, name, location) : NULL;
        }
        if (!argument && !FAILED(a))
            missing_rte(s, schema, table, location);
        return argument;
    }
    struct scope *owner = scope_up(s, levels_up);
    int index = find_in_item(owner, item, name, true), system = system_attnum(name);
    if (index == -2)
        return fail_null(a, location, ERR_AMBIGUOUS_COLUMN, "column reference \"%s\" is ambiguous",
                         name);
    if (index >= 0)
        return name_column_expr(s, item, index, levels_up, location);
    if (system && item_has_system_columns(owner, item))
        return column_of(s, levels_up, item->rte, system, location);
    if (item->rte >= 0 && !item->columns && !item->is_excluded) {
        /* Perhaps a function of the row. */
        String string = {.type = T_String, .sval = (char *)(uintptr_t)name};
        ListCell cell = {.ptr_value = &string};
        List list = {.type = T_List, .length = 1, .max_length = 1, .elements = &cell};
        struct call_args args = {0};
        VEC_PUSH(a->arena, &args.args, whole_row_of(s, levels_up, item->rte, location));
        struct expr *e = make_call(s, &list, &args, NULL, true, false, location);
        if (e || FAILED(a))
            return e;
    }
    missing_column(s, table, name, location);
    return NULL;
}

struct expr *transform_column_ref(struct scope *s, const ColumnRef *ref)
{
    struct analysis *a = s->a;
    int n = list_n(ref->fields);
    if (!place_allows(s, s->place, USE_COLUMN, ref->location))
        return NULL;
    bool star = IS_NODE(list_at(ref->fields, n - 1), A_Star);
    if (n == 1 && !star)
        return simple_reference(s, list_str(ref->fields, 0), ref->location);
    if (n == 1)
        return fail_null(a, ref->location, ERR_SYNTAX_ERROR,
                         "row expansion via \"*\" is not supported here");
    if (n > 4)
        return fail_null(a, ref->location, ERR_SYNTAX_ERROR,
                         "improper qualified name (too many dotted names): %s",
                         name_list_text(a, ref->fields));
    const char *schema = n >= 3 ? list_str(ref->fields, n - 3) : NULL;
    if (n == 4 && strcmp(list_str(ref->fields, 0), catalog_database(a->catalog)) != 0)
        return fail_null(a, ref->location, ERR_FEATURE_NOT_SUPPORTED,
                         "cross-database references are not implemented: %s",
                         name_list_text(a, ref->fields));
    const char *table = list_str(ref->fields, n - 2);
    if (star) {
        int levels_up;
        const struct name_item *item = find_name_item(s, schema, table, ref->location, &levels_up);
        if (!item && !FAILED(a))
            missing_rte(s, schema, table, ref->location);
        return item && item->rte >= 0 ? whole_row_of(s, levels_up, item->rte, ref->location) : NULL;
    }
    return qualified_reference(s, schema, table, list_str(ref->fields, n - 1), ref->location);
}

/* Aliases in one FROM must differ: 42712. */
bool check_unique_name(struct scope *s, const char *alias, const struct relation *relation,
                       int location, size_t before)
{
    if (!alias)
        return true;
    for (size_t k = 0; k < before; k++) {
        const struct name_item *item = &s->names.items[k];
        if (!item->by_table || !item->alias || strcmp(item->alias, alias) != 0)
            continue;
        /* The same bare name out of two schemas can be told apart. */
        if (relation && item->relation && relation != item->relation)
            continue;
        return fail(s->a, location, ERR_DUPLICATE_ALIAS,
                    "table name \"%s\" specified more than once", alias);
    }
    return true;
}
