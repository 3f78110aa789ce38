/* explain.c - EXPLAIN's text: the plan tree with the shards each scan reads, its file-level conditions and the filters above. */
#include "exec/modify.h"
#include "plan/plan_int.h"
#include "sql/analyze.h"

struct explain {
    const struct env *env;
    struct arena *arena;
    struct buf *out;
    const struct query *query;
    bool verbose;
};

static void indent(struct explain *x, int depth, bool arrow)
{
    for (int k = 0; k < depth; k++)
        buf_puts(x->out, k == 0 && arrow && depth == 1 ? "  " : "      ");
    if (arrow && depth)
        buf_puts(x->out, "->  ");
}

static void put_expr(struct explain *x, const struct expr *e)
{
    struct analyze_context context = {
        .arena = x->arena, .catalog = x->env->catalog, .env = x->env, .text = ""};
    deparse_expr(&context, e, NULL, false, x->out);
}

static const char *join_name(const struct node *node)
{
    static const char *const names[] = {"", " Left", " Right", " Full"};
    return node->join.semi ? " Semi" : node->join.anti ? " Anti" : names[node->join.kind];
}

static void put_conds(struct explain *x, const struct node *node, int depth)
{
    static const char *const ops[] = {"=", "<", "<=", ">", ">=", "= ANY", "IS NULL", "IS NOT NULL"};
    if (!node->scan.n_conds)
        return;
    buf_putc(x->out, '\n');
    indent(x, depth + 1, false);
    buf_puts(x->out, "Pushed Cond: (");
    for (int k = 0; k < node->scan.n_conds; k++) {
        const struct scan_cond *cond = &node->scan.conds[k];
        buf_printf(x->out, "%s%s %s", k ? " AND " : "",
                   node->scan.relation->columns[cond->attnum - 1].name, ops[cond->op]);
        if (cond->value && cond->value->kind == EXPR_CONST) {
            buf_putc(x->out, ' ');
            put_expr(x, cond->value);
        } else if (cond->value && cond->value->kind == EXPR_PARAM) {
            buf_printf(x->out, " $%d", cond->value->param);
        } else if (cond->value) {
            buf_puts(x->out, " (value)");
        }
    }
    buf_putc(x->out, ')');
}

static void put_node(struct explain *x, const struct node *node, int depth);

static void put_plan(struct explain *x, const struct plan *plan, int depth)
{
    struct explain inner = *x;
    inner.query = plan->query;
    if (plan->root)
        put_node(&inner, plan->root, depth);
}

static bool pins_shard(const struct node *node)
{
    const struct relation *relation = node->scan.relation;
    if (relation->distribution != DIST_SHARDED)
        return relation->distribution != DIST_ROW;
    for (int s = 0; s < relation->n_shard_key; s++) {
        bool pinned = false;
        for (int k = 0; k < node->scan.n_conds; k++)
            pinned |= node->scan.conds[k].attnum == relation->shard_key[s] &&
                      node->scan.conds[k].op == QUAL_EQ;
        if (!pinned)
            return false;
    }
    return true;
}

static void put_node(struct explain *x, const struct node *node, int depth)
{
    indent(x, depth, true);
    if (node->ops == &scan_ops || node->ops == &system_ops) {
        const struct rte *rte = &x->query->rtes[node->rte];
        buf_printf(x->out, "Seq Scan on %s", node->scan.relation->name);
        if (rte->alias && strcmp(rte->alias, node->scan.relation->name) != 0)
            buf_printf(x->out, " %s", rte->alias);
        if (node->ops == &scan_ops)
            buf_puts(x->out,
                     pins_shard(node) ? "  (one shard)" : "  (all shards that survive pruning)");
        put_conds(x, node, depth);
    } else if (node->ops == &nestloop_ops || node->ops == &hashjoin_ops) {
        buf_printf(x->out, "%s%s%s", node->ops->name, join_name(node),
                   node->ops == &nestloop_ops ? " Join" : "");
    } else {
        buf_puts(x->out, node->ops->name);
    }
    if (node->quals.n) {
        buf_putc(x->out, '\n');
        indent(x, depth + 1, false);
        buf_printf(x->out, "Filter: %zu condition%s", node->quals.n, node->quals.n == 1 ? "" : "s");
    }
    buf_putc(x->out, '\n');
    if (node->left)
        put_node(x, node->left, depth + 1);
    if (node->right)
        put_node(x, node->right, depth + 1);
    if (node->ops == &subquery_ops)
        put_plan(x, node->subquery.plan, depth + 1);
    for (int k = 0; node->ops == &setop_ops && k < node->setop.n_leaves; k++)
        put_plan(x, node->setop.leaves[k], depth + 1);
}

void plan_explain(const struct plan *plan, const struct env *env, bool verbose, struct arena *arena,
                  struct buf *out)
{
    struct explain x = {
        .env = env, .arena = arena, .out = out, .query = plan->query, .verbose = verbose};
    int depth = 0;
    if (plan->modify) {
        static const char *const names[] = {"", "Insert", "Update", "Delete", "Merge"};
        buf_printf(out, "%s on %s\n", names[plan->query->command], plan->query->target->name);
        depth = 1;
    }
    if (plan->root)
        put_node(&x, plan->root, depth);
    if (plan->source)
        put_plan(&x, plan->source, depth);
}
