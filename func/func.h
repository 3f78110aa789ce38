/* func.h - how SQL functions, operators and aggregates are implemented.
 *
 * catalog/data/proc.tsv (pg_proc) says which functions exist; implementations register under a key.  The key is
 * tried in this order: "proname(argtype,argtype)" with pg_type names (for SQL-language and overloaded entries that
 * share a prosrc), then prosrc.  A function without an implementation is refused with 0A000.
 *
 * Strict functions (proisstrict) are never called with a NULL argument.  Results go to c->arena, which lives for
 * one row; what must live as long as the call site (compiled patterns, parsed formats) goes to c->site_arena with its
 * pointer in *c->site.  VARIADIC functions that are not "any" get the collected array as their last argument;
 * VARIADIC "any" functions get the arguments spread out, c->variadic_array telling of f(VARIADIC arr). */
#ifndef SHARDLITE_FUNC_FUNC_H
#define SHARDLITE_FUNC_FUNC_H

#include "func/env.h"
#include "types/type.h"

/* Direction of one key of an ordered-set aggregate's WITHIN GROUP (ORDER BY ...). */
struct agg_order {
    bool descending, nulls_first;
};

struct fcall {
    struct arena *arena; /* result and scratch; one row's lifetime */
    struct err *err;
    const struct env *env; /* session, clock, settings, catalog; never NULL */
    const struct datum *args;
    int n_args;
    const struct type *const *arg_types; /* actual types, polymorphic ones resolved */
    const struct type
        *result_type; /* actual; for SRFs returning record: the record type, see `columns` */
    bool variadic_array;
    struct datum result; /* the function sets it; starts as non-NULL 0 */
    void **site;         /* *site is NULL on the first call from this call site */
    struct arena *site_arena;
    uint32_t
        func_oid; /* pg_proc OID being called: for implementations that serve several functions */
    /* Set-returning functions only: called again and again with the same site until *done.  `site` state is per
     * scan.  A function with several output columns fills `row` (room for n_columns datums) or sets `result` to a
     * record of them; others set `result`. */
    bool *done;
    struct datum *row;
    int n_columns;
    const struct type *const *column_types; /* e.g. the column definition list of json_to_record */
    const char *const *column_names;
    const int32_t *column_typmods; /* NULL: none */
    /* Ordered-set aggregates, in step and final: one for each aggregated argument.  NULL: ascending, NULLs last. */
    const struct agg_order *agg_order;
};

typedef bool (*func_impl)(struct fcall *call);

struct func_entry {
    const char *key; /* prosrc or "name(types)" */
    func_impl impl;
};

/* An aggregate.  `state` is zeroed bytes of state_size in the group's arena `c->site_arena` (lives for the group);
 * values kept there must be copied into it.  step gets the aggregated arguments in c->args; NULLs are skipped
 * beforehand when `strict`.  final sets c->result; for ordered-set aggregates the direct arguments are c->args and
 * `step` has got the ordered values.  merge adds `from` into `into` (same arena rules): partial aggregates of shards;
 * NULL means values must be gathered. */
struct agg_entry {
    const char *
        key; /* "sum(int4)", "count()", "string_agg(text,text)", "array_agg(anynonarray)", argument types as in pg_proc */
    size_t state_size;
    bool strict;
    bool (*step)(struct fcall *c, void *state);
    bool (*final)(struct fcall *c, void *state);
    bool (*merge)(struct fcall *c, void *into, const void *from);
    /* Window frames: undoes a step; NULL: the frame is recomputed. */
    bool (*unstep)(struct fcall *c, void *state);
};

/* NULL if not implemented. */
func_impl func_find(const char *signature_key, const char *prosrc);
const struct agg_entry *agg_find(const char *signature_key);
/* Adds the tables of layers above (catalog_func_tables, proxy_func_tables), a list ended by NULL.  At start, before the first look-up. */
void func_add_tables(const struct func_entry *const *tables);

/* Each file of func/ ends with its table, ended by a NULL key, and is listed in registry.c. */
#define FUNC_TABLE(table) const struct func_entry table[]
#define AGG_TABLE(table) const struct agg_entry table[]

/* Shorthands for implementations. */
#define ARG_I(c, k) ((c)->args[k].i)
#define ARG_F(c, k) ((c)->args[k].f)
#define ARG_P(c, k) ((const char *)(c)->args[k].p)
#define ARG_N(c, k) ((c)->args[k].n)
static inline bool return_int(struct fcall *c, int64_t v)
{
    c->result = datum_int(v);
    return true;
}
static inline bool return_bool(struct fcall *c, bool v)
{
    c->result = datum_bool(v);
    return true;
}
static inline bool return_float(struct fcall *c, double v)
{
    c->result = datum_float(v);
    return true;
}
static inline bool return_null(struct fcall *c)
{
    c->result = datum_null();
    return true;
}
static inline bool return_bytes(struct fcall *c, const void *p,
                                size_t n) /* borrowed: in c->arena or an argument */
{
    c->result = datum_bytes(p ? p : "", n); /* an empty buffer has no bytes to point at */
    return true;
}
struct type_io fcall_io(const struct fcall *c,
                        const struct type *type); /* I/O context with the session's settings */

#endif
