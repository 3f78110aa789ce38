/* functions.c - prints docs/functions.md: which of PostgreSQL 15's built-in functions and aggregates are there.
 *
 * Names whose every variant is implemented are listed together; a name with variants that are not says which. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/builtin.h"
#include "catalog/reg_names.h"
#include "func/func.h"
#include "proxy/session_funcs.h"

struct entry {
    const char *name;
    char signature[512];
    bool there;
};

static bool is_internal(const struct proc *proc)
{
    static const uint32_t internal_types[] = {2281 /* internal */,
                                              2275 /* cstring */,
                                              2279 /* trigger */,
                                              3838,
                                              2280,
                                              325,
                                              269,
                                              3115,
                                              3310};
    for (size_t t = 0; t < ARRAY_COUNT(internal_types); t++) {
        if (proc->result_type == internal_types[t])
            return true;
        for (int k = 0; k < proc->n_args; k++)
            if (proc->arg_types[k] == internal_types[t])
                return true;
    }
    return strncmp(proc->name, "binary_upgrade", 14) == 0 || strcmp(proc->language, "c") == 0;
}

static void make_signature(const struct proc *proc, char *room, size_t n)
{
    size_t at = (size_t)snprintf(room, n, "%s(", proc->name);
    for (int k = 0; k < proc->n_args; k++) {
        const struct type *type = builtin_type(proc->arg_types[k]);
        at += (size_t)snprintf(room + at, n - at, "%s%s", k ? "," : "", type ? type->name : "?");
    }
    snprintf(room + at, n - at, ")");
}

static bool is_there(const struct proc *proc, const char *signature)
{
    if (proc->kind == 'a')
        return agg_find(signature) != NULL;
    return proc->kind == 'w' || func_find(signature, proc->prosrc) != NULL;
}

static int by_name(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    int c = strcmp(x->name, y->name);
    return c ? c : strcmp(x->signature, y->signature);
}

/* Prints the names of one group of entries with equal names. */
static void print_missing(const struct entry *entries, size_t n)
{
    size_t missing = 0;
    for (size_t k = 0; k < n; k++)
        missing += !entries[k].there;
    if (missing == n) {
        printf("* `%s`\n", entries[0].name);
        return;
    }
    for (size_t k = 0; k < n; k++)
        if (!entries[k].there)
            printf("* `%s`\n", entries[k].signature);
}

static size_t group_end(const struct entry *entries, size_t n, size_t begin)
{
    size_t end = begin + 1;
    while (end < n && strcmp(entries[end].name, entries[begin].name) == 0)
        end++;
    return end;
}

int main(void)
{
    func_add_tables(proxy_func_tables);
    catalog_install();
    struct entry *entries = calloc(builtin_n_procs, sizeof(*entries));
    size_t n = 0, there = 0;
    if (!entries)
        return 1;
    for (size_t k = 0; k < builtin_n_procs; k++) {
        const struct proc *proc = &builtin_procs[k];
        if (is_internal(proc))
            continue;
        struct entry *entry = &entries[n++];
        entry->name = proc->name;
        make_signature(proc, entry->signature, sizeof(entry->signature));
        entry->there = is_there(proc, entry->signature);
        there += entry->there;
    }
    qsort(entries, n, sizeof(*entries), by_name);
    printf("# Functions\n\nMade by `build/release/functions`; `tests/scenario/sql-support` fails "
           "when it is out of date.\n\n"
           "Of the %zu built-in functions and aggregates of PostgreSQL 15 that SQL can call, %zu "
           "are there. Calling one of the others is refused with 0A000.\n\n"
           "## Not there\n\n",
           n, there);
    for (size_t k = 0; k < n; k = group_end(entries, n, k))
        print_missing(&entries[k], group_end(entries, n, k) - k);
    printf("\n## There\n\n");
    for (size_t k = 0; k < n; k = group_end(entries, n, k)) {
        bool any = false;
        for (size_t e = k; e < group_end(entries, n, k); e++)
            any |= entries[e].there;
        if (any)
            printf("`%s` ", entries[k].name);
    }
    printf("\n");
    free(entries);
    return 0;
}
