/* info_routine.c - information_schema: routines and their parameters. */
#include "catalog/info.h"

typedef void (*proc_fn)(struct sysrel_scan *scan, const struct proc *proc);

static void each_routine(struct sysrel_scan *scan, int schema_column, proc_fn fn)
{
    const struct proc *proc;
    for (size_t k = 0; k < builtin_n_procs; k++)
        if (scan_wants_name(scan, schema_column,
                            namespace_name(scan->catalog, builtin_procs[k].namespace_oid)))
            fn(scan, &builtin_procs[k]);
    for (size_t at = 0; (proc = catalog_next_proc(scan->catalog, &at));)
        if (scan_wants_name(scan, schema_column,
                            namespace_name(scan->catalog, proc->namespace_oid)))
            fn(scan, proc);
}

static const char *specific_name(struct sysrel_scan *scan, const struct proc *proc)
{
    return arena_printf(scan->arena, "%s_%u", proc->name, proc->oid);
}

static void routine_row(struct sysrel_scan *scan, const struct proc *proc)
{
    const char *schema = namespace_name(scan->catalog, proc->namespace_oid);
    const struct type *type =
        proc->kind == 'p' ? NULL : catalog_type(scan->catalog, proc->result_type);
    bool sql = strcmp(proc->language, "sql") == 0;
    struct info i = info_row(scan);
    put_name(&i, schema, specific_name(scan, proc));
    put_name(&i, schema, proc->name);
    put_info(&i, proc->kind == 'f' ? "FUNCTION" : proc->kind == 'p' ? "PROCEDURE" : NULL);
    put_nulls(&i, 6);
    put_info(&i, type ? info_data_type(scan, type) : NULL);
    put_nulls(&i, 14);
    if (type)
        put_udt(&i, type);
    else
        put_nulls(&i, 3);
    put_nulls(&i, 4);
    put_info(&i, type ? "0" : NULL);
    put_info(&i, sql ? "SQL" : "EXTERNAL");
    put_info(&i, info_owns(scan, proc->owner_oid) ? proc->sql_body ? proc->sql_body : proc->prosrc
                                                  : NULL);
    put_info(&i, strcmp(proc->language, "c") == 0 ? proc->prosrc : NULL);
    put_info(&i, sql ? "SQL" : strcmp(proc->language, "c") == 0 ? "C" : "INTERNAL");
    put_info(&i, "GENERAL");
    put_yes(&i, proc->volatility == 'i');
    put_info(&i, "MODIFIES");
    put_info(&i, proc->kind == 'p' ? NULL : proc->strict ? "YES" : "NO");
    put_nulls(&i, 1);
    put_yes(&i, true);
    put_count(&i, 0);
    put_nulls(&i, 2);
    put_info(&i, proc->security_definer ? "DEFINER" : "INVOKER");
    put_nulls(&i, 3);
    put_yes(&i, false);
    put_nulls(&i, 3);
    put_yes(&i, false);
}

static bool routines(struct sysrel_scan *scan)
{
    each_routine(scan, 5, routine_row);
    return true;
}

static void parameter_rows(struct sysrel_scan *scan, const struct proc *proc)
{
    uint16_t n = proc->n_all_args ? proc->n_all_args : proc->n_args, input = 0;
    for (uint16_t k = 0; k < n; k++) {
        char mode = proc->n_all_args && proc->arg_modes ? proc->arg_modes[k] : 'i';
        const struct type *type = catalog_type(
            scan->catalog, proc->n_all_args ? proc->all_arg_types[k] : proc->arg_types[k]);
        const char *name = proc->arg_names && proc->arg_names[k][0] ? proc->arg_names[k] : NULL;
        bool is_input = mode == 'i' || mode == 'b' || mode == 'v';
        input += is_input;
        int at = input - (proc->n_args - proc->n_defaults) - 1;
        if (!type)
            continue;
        struct info i = info_row(scan);
        put_name(&i, namespace_name(scan->catalog, proc->namespace_oid), specific_name(scan, proc));
        put_count(&i, k + 1);
        put_info(&i, mode == 'o' || mode == 't' ? "OUT" : mode == 'b' ? "INOUT" : "IN");
        put_yes(&i, false);
        put_yes(&i, false);
        put_info(&i, name);
        put_data_type(&i, type);
        put_nulls(&i, 14);
        put_udt(&i, type);
        put_nulls(&i, 4);
        put_info(&i, arena_printf(scan->arena, "%d", k + 1));
        put_info(&i, is_input && at >= 0 && at < proc->n_defaults
                         ? define_expr(scan->env, scan->arena, proc->default_sql[at], NULL)
                         : NULL);
    }
}

static bool parameters(struct sysrel_scan *scan)
{
    each_routine(scan, 2, parameter_rows);
    return true;
}

const struct sysrel_entry info_routine_rows[] = {
    {"routines", routines},
    {"parameters", parameters},
    {NULL, NULL},
};
