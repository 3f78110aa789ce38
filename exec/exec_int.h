/* exec_int.h - what the files of exec/ and plan/ share: plans, frames, node states.
 *
 * A query level is planned into a tree of nodes and run by a parallel tree of node states that are pulled row by row.
 * The rows of one level meet in its `frame`: nodes below the projection (scans, joins) put the current row of each range table
 * entry into frame->rows[rte]; nodes that compute rows of their own (aggregation, windows, set-returning functions, set operations) put them
 * into frame->slots, and the planner has rewritten the expressions above them into EXPR_SLOTs.  The projection and what stands
 * above it hand out frame->out, the target row.
 *
 * Invariants:
 *   (1) what a node state put into its frame stays valid until its next call (next, rewind or close);
 *   (2) expressions allocate in frame->arena, which whoever evaluates points at an arena of his and resets;
 *   (3) plans are immutable after planning: all that changes is in states, frames and exec->sites. */
#ifndef SHARDLITE_EXEC_EXEC_INT_H
#define SHARDLITE_EXEC_EXEC_INT_H

#include "exec/exec.h"

struct node;
struct state;
struct frame;
struct store; /* materialised rows: store.h */
struct store_cursor;
struct workspace;

struct node_ops {
    const char *name; /* for EXPLAIN */
    size_t state_bytes;
    bool (*open)(struct state *state); /* children are opened by it through state_open() */
    bool (*next)(struct state *state, bool *found);
    bool (*rewind)(struct state *state); /* start again (outer rows may have changed) */
    void (*close)(struct state *state);  /* NULL: nothing but children to close */
};

/* Which shards a scan may read, worked out from its quals when it starts. */
struct scan_cond {
    int16_t attnum;
    enum qual_op op;
    struct expr
        *value; /* of the column's type, or (QUAL_IN) an array of it; NULL for IS NULL tests */
    bool value_is_array;
    bool exact;    /* the files decide it: no filter is needed above */
    bool in_files; /* the files can evaluate it; false: it serves routing only */
};

struct join_key {
    struct expr *left, *right;
    const struct type *left_type, *right_type;
    const struct type *key_type; /* both sides encode alike in it */
};

/* A plain aggregation over one table that SQLite computes on each shard. */
struct file_aggs {
    struct file_agg *aggs;
    uint32_t n_aggs;
    bool by_index;
    struct {
        enum { FILES_COUNT, FILES_SUM, FILES_SUM_NUMERIC, FILES_AVG, FILES_EXTREME } what;
        uint32_t first;
    } * calls; /* aggs from `first` on */
};

struct agg_call {
    struct expr *expr; /* EXPR_AGGREGATE */
    struct exprs args;
};

struct node {
    const struct node_ops *ops;
    struct node *left, *right;
    struct exprs
        quals; /* ANDed; rows that fail are dropped (joins: ON conditions beyond the hash keys) */
    struct exprs post_quals; /* joins: WHERE conditions evaluated after null-extension */
    uint16_t rte;            /* scans */
    uint16_t *rtes;          /* entries set by this subtree */
    uint16_t n_rtes;
    double rows_estimate;
    union {
        struct {
            const struct relation *relation;
            struct scan_cond *conds;
            int n_conds;
            uint8_t *columns;      /* bitmap */
            bool depends_on_outer; /* cond values use rows of this level: parameterised */
            int16_t order_attnum;
            bool order_desc;
            struct expr *limit;   /* NULL or an upper bound of rows wanted from each shard */
            bool whole_shard_set; /* cannot prune */
        } scan;
        struct {
            struct plan *plan;
            uint16_t n_columns;
        } subquery;
        struct {
            struct rte *rte;
        } function, values;
        struct {
            uint16_t levels_up, cte;
            bool self;
        } cte;
        struct {
            enum join_kind kind;
            bool semi, anti;
            struct join_key *keys;
            int n_keys;
            bool right_depends; /* the right side must be rewound for each left row */
        } join;
        struct {
            struct exprs group;   /* evaluated over the input; slots 0..n-1 */
            struct exprs carried; /* functionally dependent columns; slots after the groupings */
            struct agg_call *calls;
            int n_calls;
            uint16_t **sets;
            size_t n_sets;           /* 0: one set of all */
            bool plain;              /* no GROUP BY: always one row */
            struct expr **groupings; /* EXPR_GROUPING, slots after the aggregates */
            int n_groupings;
            struct file_aggs
                *files; /* plain: the files can compute it, own changes aside; else NULL */
        } agg;
        struct {
            struct exprs input;  /* slots 0..n-1: what the levels above need */
            struct expr **calls; /* EXPR_WINDOW, rewritten over input slots; results follow */
            int n_calls;
            struct window_def *windows;
            uint16_t n_windows;
            struct
                window_run { /* those that have calls, in the order in which they are worked on */
                uint16_t window;
                bool sorts; /* false: the rows come sorted for it */
            } * runs;
            uint16_t n_runs;
        } window;
        struct {
            struct exprs input;
            struct expr **calls;
            int n_calls;
        } srf; /* as window */
        struct {
            struct targets targets;
            int n_marks;
            struct row_mark *marks;
        } project;
        struct {
            struct sort_key *keys;
            int *columns;
            int n_keys;
            struct expr *limit, *offset;
        } sort; /* columns of frame->out */
        struct {
            int *columns;
            int n_columns;
            bool sorted;
        } distinct; /* on these columns of out, the first row of each is kept; sorted: equal ones arrive together */
        struct {
            struct expr *limit, *offset;
            bool with_ties;
            int *tie_columns;
            struct sort_key *tie_keys;
            int n_ties;
        } limit;
        struct {
            struct row_mark *marks;
            int n_marks;
            int first_column;
        } lock;
        struct {
            struct setop *tree;
            struct plan **leaves;
            int n_leaves;
            int n_columns;
            const struct type **types;
        } setop;
    };
};

struct plan_cte {
    struct plan *plan;      /* non-recursive: the query; recursive: the non-recursive term */
    struct plan *recursive; /* the recursive term */
    bool union_all;
    bool modifies;
    uint16_t n_columns;
    const struct type **types;
};

struct plan {
    const struct query *query;
    struct node *root;             /* hands out frame->out; NULL for INSERT ... VALUES-less DML */
    struct targets targets;        /* with junk */
    int n_out;                     /* columns of frame->out: targets + 2 per row mark */
    const struct type **out_types; /* n_out */
    int *visible;                  /* indexes of non-junk targets */
    int n_visible;
    struct plan_cte *ctes;
    int n_ctes;
    struct plan *source;   /* INSERT */
    struct modify *modify; /* INSERT, UPDATE, DELETE, MERGE */
    bool correlated;       /* refers to rows of levels above */
    bool top;
    uint32_t n_sites; /* top plan only: call sites of the whole statement */
    /* top plan only: the relations and lock modes of the whole statement, and the scans that decide its shards */
    struct plan_table {
        const struct relation *relation;
        int lock_mode;
    } * tables;
    int n_tables;
    struct node **scans;
    int n_scans;
    struct exprs folds; /* computed first, for the errors in them (fold.h) */
    bool locks_rows;
    bool is_volatile;
    bool single_point; /* one table, one scan: fast start */
};

struct rowref {
    const struct datum *values; /* NULL: null-extended by an outer join */
    uint32_t shard;
    int64_t rid;
};

struct cte_state;

struct frame {
    struct exec *exec;
    const struct plan *plan;
    struct frame *parent;
    struct rowref *rows;
    const struct datum *slots;
    struct datum *out;
    struct arena *arena; /* where expressions allocate */
    struct datum case_test, domain_value;
    const struct datum *excluded;
    const struct datum *params; /* the statement's, or the arguments of an inlined SQL function */
    struct cte_state *ctes;
    struct state *root;
};

struct exec {
    const struct plan *plan;
    struct arena *arena;
    const struct env *env;
    struct txn *txn;
    const struct datum *params;
    struct err *err;
    void **sites;
    struct frame *frame;
    struct store *result; /* rows kept by exec_start (DML, row locks) */
    size_t result_at;
    uint64_t changed;
    bool statement_open, restart, done;
    struct datum *visible_row;
    uint32_t breath;
    struct modify_run *modify_runs;
    struct fk_queue *fk_queue;
    uint32_t *shards; /* the statement's */
    uint32_t n_shards;
    struct workspace *workspace; /* exec_workspace() */
};

struct state {
    const struct node *node;
    struct frame *frame;
    struct state *left, *right;
    struct arena *scratch; /* reset by the node itself, per row */
    uint64_t rows;         /* EXPLAIN ANALYZE */
};

/* ---- expressions (eval.c) ---- */
MUST_CHECK bool eval(const struct expr *expr, struct frame *frame, struct datum *out);
/* All true (NULL counts as false)? */
MUST_CHECK bool eval_quals(const struct exprs *quals, struct frame *frame, bool *pass);
MUST_CHECK bool eval_bool(const struct expr *expr, struct frame *frame, bool *is_true);
MUST_CHECK bool eval_sublink(const struct expr *expr, struct frame *frame,
                             struct datum *out); /* sublink.c */
MUST_CHECK bool call_function(const struct expr *expr, struct frame *frame,
                              const struct datum *args, int n_args, struct datum *out);
MUST_CHECK bool call_impl2(func_impl impl, const struct proc *proc, struct frame *frame,
                           const struct type *t1, const struct type *t2, struct datum a,
                           struct datum b, struct datum *out);

/* ---- plans at work (run.c) ---- */
struct frame *frame_new(struct exec *exec, const struct plan *plan, struct frame *parent);
MUST_CHECK bool frame_open(struct frame *frame);              /* opens root */
MUST_CHECK bool frame_next(struct frame *frame, bool *found); /* frame->out */
MUST_CHECK bool frame_rewind(struct frame *frame);
void frame_close(struct frame *frame);
struct state *state_open(const struct node *node, struct frame *frame); /* NULL on error */
void state_close(struct state *state);
static inline bool state_next(struct state *state, bool *found)
{
    return state->node->ops->next(state, found);
}
MUST_CHECK bool state_rewind(struct state *state);
MUST_CHECK bool exec_breathe(struct exec *exec); /* cancel checks, fairness; call once a row */
struct workspace *
exec_workspace(struct exec *exec); /* working memory of the whole statement (spill.h) */

extern const struct node_ops result_ops, scan_ops, system_ops, subquery_ops, function_ops,
    values_ops, cte_ops, filter_ops, nestloop_ops, hashjoin_ops, agg_ops, window_ops, srf_ops,
    project_ops, sort_ops, distinct_ops, limit_ops, lock_ops, setop_ops;

/* ---- set-returning calls (srf.c) ---- */
struct srf_iter {
    const struct expr *call;
    struct datum *args;
    void *site;
    struct arena *arena; /* arguments and state: one scan's */
    bool done;
    int n_columns;
    const struct type **column_types;
    const char **column_names;
    const struct type **arg_types;
    struct frame *body; /* of a LANGUAGE SQL function */
    bool body_open;
    struct routine *routine; /* or its statements and the rows they gave */
    size_t routine_at;
};
void srf_init(struct srf_iter *iter, const struct expr *call, struct frame *frame, int n_columns,
              const struct type **column_types, const char **column_names);
MUST_CHECK bool srf_start(struct srf_iter *iter, struct frame *frame);
/* One row: n_columns datums allocated in frame->arena. */
MUST_CHECK bool srf_next(struct srf_iter *iter, struct frame *frame, struct datum *row,
                         bool *found);

/* Prepares a lone expression; the number of site entries it needs, 0 on error (plan.c). */
uint32_t plan_expression(struct arena *arena, const struct env *env, struct expr **expr,
                         struct err *err);

/* ---- CTEs (cte.c) ---- */
/* Rows of a working table (self references of a recursive CTE) or of the CTE itself. */
/* `cursor` is the reader's own, made by the first call. */
MUST_CHECK bool cte_fetch_self(struct frame *owner, int cte, struct store_cursor **cursor,
                               size_t at, const struct datum **row);
MUST_CHECK bool cte_fetch(struct frame *owner, int cte, struct store_cursor **cursor, size_t at,
                          const struct datum **row); /* NULL row: end */
MUST_CHECK bool cte_prepare(struct frame *frame);    /* runs the data-modifying ones */
void ctes_close(struct frame *f); /* their scans, while the arenas these live in are still there */

/* ---- data modification (modify.c) ---- */
MUST_CHECK bool modify_run(struct frame *frame, struct store *returning); /* collects */
MUST_CHECK bool modify_apply_all(struct exec *exec);

#endif
