/* func_sysrel.c - the functions that PostgreSQL's system views stand on: pg_show_all_settings(), pg_stat_get_activity(), ...
 *
 * Here it is the other way round: the view's rows are made by code (sysrel.h), and the function gives the columns that it has in
 * common with the view, found by name, through which it stays right when either of them gains one. */
#include "catalog/builtin.h"
#include "catalog/cluster.h"
#include "catalog/func_int.h"
#include "catalog/sysrel.h"
#include "func/call.h"

/* A column that the function has and the view has not. */
struct other_column {
    const char *function, *column, *view_column;
    bool is_database, is_role; /* the view has the name where the function has the OID */
};
static const struct other_column other_columns[] = {
    {"pg_prepared_xact", "ownerid", "owner", false, true},
    {"pg_prepared_xact", "dbid", "database", true, false},
};

struct collector {
    struct fcall *c;
    struct row_list *list;
    int attnums[64];                        /* of the view, by the function's columns; 0: NULL */
    const struct other_column *renamed[64]; /* where the value has to be looked up */
    int pid_attnum;                         /* keep the rows of this process alone; 0: all */
};

static int attnum_of(const struct relation *view, const char *name)
{
    for (uint16_t k = 0; k < view->n_columns; k++)
        if (strcmp(view->columns[k].name, name) == 0)
            return view->columns[k].attnum;
    return 0;
}

static struct datum oid_of_name(struct fcall *c, const struct other_column *other,
                                struct datum name)
{
    const char *text = name.null ? "" : arena_strndup(c->arena, name.p, name.n);
    if (other->is_role) {
        const struct role *role = catalog_role_by_name(c->env->catalog, text);
        return role ? datum_int(role->oid) : datum_null();
    }
    const struct cluster_database *database = catalog_cluster_database(c->env->catalog, text);
    return database ? datum_int(database->oid) : datum_null();
}

static bool collect(void *arg, const struct datum *row)
{
    struct collector *all = arg;
    struct fcall *c = all->c;
    if (all->pid_attnum && row[all->pid_attnum - 1].i != ARG_I(c, 0))
        return true;
    struct datum *values = row_list_add(all->list);
    for (int k = 0; k < all->list->n_columns; k++) {
        if (!all->attnums[k])
            continue;
        struct datum value = row[all->attnums[k] - 1];
        if (all->renamed[k])
            value = oid_of_name(c, all->renamed[k], value);
        const struct type *type = c->column_types[k];
        values[k] =
            value.null || type->by_value ? value : datum_copy(type, all->list->arena, value);
    }
    return true;
}

static void match_columns(struct collector *all, const struct proc *proc,
                          const struct relation *view)
{
    int column = 0;
    for (uint16_t k = 0; k < proc->n_all_args && column < all->list->n_columns; k++) {
        if (proc->arg_modes[k] == 'i')
            continue;
        const char *name = proc->arg_names[k];
        for (size_t o = 0; o < ARRAY_COUNT(other_columns); o++)
            if (strcmp(other_columns[o].function, proc->name) == 0 &&
                strcmp(other_columns[o].column, name) == 0) {
                all->renamed[column] = &other_columns[o];
                name = other_columns[o].view_column;
            }
        all->attnums[column++] = attnum_of(view, name);
    }
}

static bool view_rows(struct fcall *c, const char *view_name)
{
    bool is_new;
    struct row_list *list = row_list_of(c, c->n_columns, &is_new);
    if (!is_new)
        return row_list_emit(c, list);
    const struct proc *proc = catalog_proc(c->env->catalog, c->func_oid);
    const struct relation *view = builtin_relation_by_name(NAMESPACE_PG_CATALOG, view_name);
    struct collector all = {.c = c, .list = list};
    ASSERT(proc && view && c->n_columns <= (int)ARRAY_COUNT(all.attnums));
    if (c->n_args && !c->args[0].null && ARG_I(c, 0) != -1)
        all.pid_attnum = attnum_of(view, "pid");
    match_columns(&all, proc, view);
    return sysrel_scan(sysrel_find("pg_catalog", view_name), c->env, NULL, collect, &all, c->err) &&
           row_list_emit(c, list);
}

#define ROWS_OF(function, view)                                                                    \
    static bool function(struct fcall *c)                                                          \
    {                                                                                              \
        return view_rows(c, view);                                                                 \
    }
ROWS_OF(settings, "pg_settings")
ROWS_OF(activity, "pg_stat_activity")
ROWS_OF(lock_status, "pg_locks")
ROWS_OF(cursors, "pg_cursors")
ROWS_OF(prepared_statements, "pg_prepared_statements")
ROWS_OF(prepared_xacts, "pg_prepared_xacts")
ROWS_OF(timezone_names, "pg_timezone_names")
ROWS_OF(timezone_abbrevs, "pg_timezone_abbrevs")
ROWS_OF(available_extensions, "pg_available_extensions")

FUNC_TABLE(catalog_sysrel_funcs) = {
    {"show_all_settings", settings},
    {"pg_stat_get_activity", activity},
    {"pg_lock_status", lock_status},
    {"pg_cursor", cursors},
    {"pg_prepared_statement", prepared_statements},
    {"pg_prepared_xact", prepared_xacts},
    {"pg_timezone_names", timezone_names},
    {"pg_timezone_abbrevs", timezone_abbrevs},
    {"pg_available_extensions", available_extensions},
    {NULL, NULL},
};
