/* agg_files.c - does SQLite compute an aggregation?  It does for a whole table (or what conditions leave that the files decide), when
 * every call is a plain count, a sum or avg of integers, or a min or max of a column that the files order as PostgreSQL does. */
#include "plan/plan_int.h"

#include "types/oids.h"

static uint32_t add_agg(struct planner *p, struct file_aggs *files, enum file_agg_kind kind,
                        int16_t attnum)
{
    for (uint32_t k = 0; k < files->n_aggs; k++)
        if (files->aggs[k].kind == kind && files->aggs[k].attnum == attnum &&
            (kind == FILE_COUNT_ROWS || kind == FILE_MIN || kind == FILE_MAX))
            return k;
    files->aggs[files->n_aggs] = (struct file_agg){kind, attnum};
    return files->n_aggs++;
}

static const struct column *argument(const struct node *scan, const struct expr *call)
{
    const struct expr *e = call->args.n == 1 ? call->args.items[0] : NULL;
    if (!e || e->kind != EXPR_COLUMN || e->column.levels_up || e->column.rte != scan->rte ||
        e->column.attnum <= 0)
        return NULL;
    return &scan->scan.relation->columns[e->column.attnum - 1];
}

static bool is_plain(const struct expr *call)
{
    return call->agg.proc->namespace_oid == NAMESPACE_PG_CATALOG && !call->agg.distinct &&
           !call->agg.order.n && !call->agg.filter && !call->agg.direct.n && !call->agg.levels_up;
}

static bool is_integer(uint32_t oid)
{
    return oid == TYPE_INT2 || oid == TYPE_INT4 || oid == TYPE_INT8;
}

/* count(c), sum(c) in one or two halves. */
static bool take_sum(struct planner *p, struct file_aggs *files, int call,
                     const struct column *column, bool is_avg)
{
    if (!is_integer(column->type->oid))
        return false;
    bool wide = column->type->oid == TYPE_INT8;
    files->calls[call].what = is_avg ? FILES_AVG : wide ? FILES_SUM_NUMERIC : FILES_SUM;
    files->calls[call].first = add_agg(p, files, FILE_COUNT, column->attnum);
    add_agg(p, files, wide ? FILE_SUM_HIGH : FILE_SUM, column->attnum);
    if (wide)
        add_agg(p, files, FILE_SUM_LOW, column->attnum);
    return true;
}

static bool take_extreme(struct planner *p, struct file_aggs *files, int call,
                         const struct column *column, enum file_agg_kind kind)
{
    const struct type *type = column->type;
    if (!type->ops->native_order || type->kind == 'd')
        return false;
    files->calls[call].what = FILES_EXTREME;
    files->calls[call].first = add_agg(p, files, kind, column->attnum);
    return true;
}

static bool take_call(struct planner *p, const struct node *scan, struct file_aggs *files, int at,
                      const struct expr *call)
{
    const char *name = call->agg.proc->name;
    const struct column *column = argument(scan, call);
    if (!is_plain(call))
        return false;
    if (strcmp(name, "count") == 0 && (call->args.n == 0 || column)) {
        files->calls[at].what = FILES_COUNT;
        files->calls[at].first =
            add_agg(p, files, column ? FILE_COUNT : FILE_COUNT_ROWS, column ? column->attnum : 0);
        return true;
    }
    if (!column)
        return false;
    if (strcmp(name, "sum") == 0 || strcmp(name, "avg") == 0)
        return take_sum(p, files, at, column, name[0] == 'a');
    if (strcmp(name, "min") == 0 || strcmp(name, "max") == 0)
        return take_extreme(p, files, at, column, name[1] == 'i' ? FILE_MIN : FILE_MAX);
    return false;
}

static bool has_index(const struct relation *relation, int16_t attnum)
{
    for (int k = 0; k < relation->n_indexes; k++) {
        const struct index *index = relation->indexes[k];
        if (index->stored && !index->where_sql && index->keys[0].attnum == attnum)
            return true;
    }
    return false;
}

static bool all_indexed(const struct relation *relation, const struct file_aggs *files)
{
    for (uint32_t k = 0; k < files->n_aggs; k++)
        if ((files->aggs[k].kind != FILE_MIN && files->aggs[k].kind != FILE_MAX) ||
            !has_index(relation, files->aggs[k].attnum))
            return false;
    return files->n_aggs > 0;
}

void plan_file_aggs(struct planner *p, struct node *agg)
{
    const struct node *scan = agg->left;
    if (!agg->agg.plain || !scan || scan->ops != &scan_ops || scan->quals.n || agg->agg.carried.n ||
        agg->agg.n_groupings || !agg->agg.n_calls)
        return;
    for (int k = 0; k < scan->scan.n_conds; k++)
        if (!scan->scan.conds[k].in_files || !scan->scan.conds[k].exact)
            return;
    struct file_aggs *files = ARENA_NEW(p->arena, struct file_aggs);
    files->aggs = ARENA_ARRAY(p->arena, struct file_agg, 3 * agg->agg.n_calls);
    files->calls = arena_zalloc(p->arena, sizeof(*files->calls) * (size_t)agg->agg.n_calls);
    for (int k = 0; k < agg->agg.n_calls; k++)
        if (!take_call(p, scan, files, k, agg->agg.calls[k].expr))
            return;
    files->by_index = all_indexed(scan->scan.relation, files);
    agg->agg.files = files;
}
