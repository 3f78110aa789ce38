/* agg_files.c - plain aggregates (count, sum and avg of integers, min, max) over a whole table or what its conditions leave of it, computed by
 * SQLite on each shard; here the shards' results are put together.  The planner has found out that it can be done (plan/agg_files.c); the
 * transaction must not have changed the table. */
#include "exec/agg_files.h"

#include "exec/scan_prune.h"
#include "types/numeric.h"

/* The sum of one shard's values; `n_aggs` values from there on were read. */
static __int128 sum_of(const struct file_aggs *files, const struct datum *values, uint32_t at)
{
    if (files->aggs[at].kind == FILE_SUM)
        return values[at].i;
    return (__int128)values[at].i * ((__int128)1 << 32) + values[at + 1].i;
}

static void put_together(const struct node *node, struct arena *arena, struct file_totals *totals,
                         const struct datum *values)
{
    const struct file_aggs *files = node->agg.files;
    for (int k = 0; k < node->agg.n_calls; k++) {
        uint32_t at = files->calls[k].first;
        struct file_total *total = &totals->calls[k];
        if (files->calls[k].what == FILES_COUNT) {
            total->n += values[at].i;
        } else if (files->calls[k].what == FILES_EXTREME) {
            const struct type *type = node->agg.calls[k].expr->type;
            int sign = files->aggs[at].kind == FILE_MIN ? 1 : -1;
            if (!values[at].null &&
                (total->extreme.null || sign * type_cmp(type, &values[at], &total->extreme) < 0))
                total->extreme = datum_copy(type, arena, values[at]);
        } else if (!values[at].null) { /* counts come first, then sums */
            total->n += values[at].i;
            if (values[at].i)
                total->sum += sum_of(files, values, at + 1);
        }
    }
}

static bool read_totals(struct frame *f, const struct node *node, struct arena *arena,
                        struct scan *scan, struct file_totals *totals)
{
    for (;;) {
        struct row row;
        bool found;
        if (!scan_next(scan, &row, &found, f->exec->err))
            return false;
        if (!found)
            return true;
        put_together(node, arena, totals, row.values);
    }
}

bool file_totals_read(struct frame *f, const struct node *node, struct arena *arena,
                      struct file_totals **out)
{
    const struct node *table = node->left;
    struct exec *x = f->exec;
    struct scan_prune prune;
    *out = NULL;
    if (!scan_prune(table, f, arena, &prune))
        return false;
    struct scan_spec spec = {.relation = table->scan.relation,
                             .shards = prune.shards,
                             .n_shards = prune.n_shards,
                             .quals = prune.quals,
                             .n_quals = prune.n_quals,
                             .aggs = node->agg.files->aggs,
                             .n_aggs = node->agg.files->n_aggs,
                             .aggs_by_index = node->agg.files->by_index};
    if (!prune.nothing && !scan_can_aggregate(x->txn, &spec))
        return true;
    struct file_totals *totals = ARENA_NEW(arena, struct file_totals);
    totals->calls = ARENA_ARRAY(arena, struct file_total, node->agg.n_calls);
    for (int k = 0; k < node->agg.n_calls; k++)
        totals->calls[k].extreme = datum_null();
    *out = totals;
    if (prune.nothing)
        return true;
    struct scan *scan = scan_open(x->txn, arena, x->env, &spec, x->err);
    if (!scan)
        return false;
    bool ok = read_totals(f, node, arena, scan, totals);
    scan_close(scan);
    return ok;
}

static bool numeric_result(const struct numeric *value, struct datum *out)
{
    if (!value)
        return false;
    *out = numeric_datum(value);
    return true;
}

bool file_total_value(struct frame *f, const struct node *node, const struct file_totals *totals,
                      int call, struct datum *out)
{
    const struct file_total *total = &totals->calls[call];
    *out = datum_null();
    switch (node->agg.files->calls[call].what) {
    case FILES_COUNT:
        *out = datum_int(total->n);
        return true;
    case FILES_EXTREME:
        *out = total->extreme;
        return true;
    case FILES_SUM:
        if (total->n)
            *out = datum_int((int64_t)total->sum);
        return true;
    case FILES_SUM_NUMERIC:
        return !total->n || numeric_result(numeric_from_i128(f->arena, total->sum), out);
    case FILES_AVG:
        return !total->n || numeric_result(numeric_div(f->arena, f->exec->err,
                                                       numeric_from_i128(f->arena, total->sum),
                                                       numeric_from_i64(f->arena, total->n)),
                                           out);
    }
    return true;
}
