/* query.h - an analysed statement: names resolved, every expression typed, casts explicit.
 *
 * The shape follows PostgreSQL's Query, simplified: column references are (levels up, range table index, attnum);
 * references through a JOIN alias are resolved to the tables below it (merged USING columns: the left or right
 * column, COALESCE for FULL), so no reference names a join.  Everything lives in the arena of the statement and is immutable
 * once analysed: plans of cached statements are shared by many executions. */
#ifndef SHARDLITE_SQL_QUERY_H
#define SHARDLITE_SQL_QUERY_H

#include "catalog/catalog.h"
#include "func/func.h"

struct query;
struct expr;

struct exprs {
    struct expr **items;
    size_t n, cap;
};

enum expr_kind {
    EXPR_CONST,
    EXPR_PARAM,  /* $n */
    EXPR_COLUMN, /* of a range table entry */
    EXPR_FUNC,   /* function call or operator; set-returning ones too */
    EXPR_AND,
    EXPR_OR,
    EXPR_NOT,
    EXPR_IS_NULL, /* arg IS NULL (rows: all fields) */
    EXPR_IS_NOT_NULL,
    EXPR_IS_TRUE,
    EXPR_IS_NOT_TRUE,
    EXPR_IS_FALSE,
    EXPR_IS_NOT_FALSE,
    EXPR_IS_UNKNOWN,
    EXPR_IS_NOT_UNKNOWN,
    EXPR_DISTINCT,  /* args[0] IS DISTINCT FROM args[1], by func (an = operator) */
    EXPR_NULLIF,    /* by func (an = operator); type of args[0] */
    EXPR_CASE,      /* args: [test], when1, then1, ... , else or NULL; see case_ */
    EXPR_CASE_TEST, /* inside CASE x WHEN: the value of x */
    EXPR_COALESCE,
    EXPR_GREATEST,
    EXPR_LEAST,
    EXPR_ARRAY,       /* ARRAY[...]; of arrays when array_nested */
    EXPR_ROW,         /* ROW(...) */
    EXPR_ROW_COMPARE, /* (a,b) < (c,d): row_compare */
    EXPR_ANY,
    EXPR_ALL,          /* args[0] op ANY/ALL (args[1]: array), by func (returns boolean) */
    EXPR_SUBSCRIPT,    /* args[0][...]: subscript; arrays and jsonb */
    EXPR_FIELD,        /* (args[0]).field */
    EXPR_SUBLINK,      /* a sub-select: sublink */
    EXPR_AGGREGATE,    /* agg */
    EXPR_GROUPING,     /* GROUPING(a, b): grouping */
    EXPR_WINDOW,       /* window */
    EXPR_RELABEL,      /* binary-compatible cast: same value, other type */
    EXPR_IO_CAST,      /* through text output and input */
    EXPR_ARRAY_CAST,   /* element-wise: elem (its CASE_TEST is the element) */
    EXPR_ROW_CAST,     /* record to named row type, field-wise: args[0]; field casts in elems */
    EXPR_DOMAIN_CAST,  /* args[0] checked against domain type's NOT NULL and CHECKs: domain */
    EXPR_DOMAIN_VALUE, /* VALUE inside a domain CHECK */
    EXPR_SQL_VALUE,    /* CURRENT_DATE, CURRENT_USER ...: sql_value */
    EXPR_DEFAULT, /* DEFAULT in VALUES / SET; replaced by the analyser where the column is known */
    EXPR_NEXT_VALUE,   /* nextval of an identity column: sequence_oid */
    EXPR_MERGE_ACTION, /* reserved */
    EXPR_EXCLUDED,     /* excluded.col in ON CONFLICT DO UPDATE: column.attnum */
    /* made by the planner, never by the analyser: */
    EXPR_SLOT, /* slot `slot.index` of a computed row: aggregate results, window results ... */
};

enum sublink_kind {
    SUBLINK_EXISTS,
    SUBLINK_SCALAR, /* one row, one column; more rows: 21000 */
    SUBLINK_ROW,    /* (a,b) op (select ...), one row */
    SUBLINK_ANY,    /* x op ANY (select), x IN (select) */
    SUBLINK_ALL,
    SUBLINK_ARRAY, /* ARRAY(select) */
};

struct sort_key {
    struct expr *expr; /* in select lists: identical pointer to the target's expr when it is one */
    bool descending, nulls_first;
    const struct oper *less; /* ordering operator: < or > (USING) */
};
struct sort_keys {
    struct sort_key *items;
    size_t n, cap;
};

enum frame_mode { FRAME_RANGE, FRAME_ROWS, FRAME_GROUPS };
enum frame_bound {
    BOUND_UNBOUNDED_PRECEDING,
    BOUND_PRECEDING,
    BOUND_CURRENT,
    BOUND_FOLLOWING,
    BOUND_UNBOUNDED_FOLLOWING
};
enum frame_exclude { EXCLUDE_NONE, EXCLUDE_CURRENT, EXCLUDE_GROUP, EXCLUDE_TIES };

struct window_def {
    struct exprs partition;
    struct sort_keys order;
    enum frame_mode mode;
    enum frame_bound start, end;
    struct expr *start_offset, *end_offset; /* int8 for ROWS/GROUPS; anything addable for RANGE */
    const struct proc *start_in_range,
        *end_in_range; /* in_range(order type, order type, offset type...); RANGE with offsets only */
    enum frame_exclude exclude;
};

enum expr_form {
    FORM_CALL,          /* f(x), a operator, or whatever the kind's own syntax is */
    FORM_EXPLICIT_CAST, /* x::type */
    FORM_IMPLICIT_CAST, /* added by the analyser: not printed */
    FORM_SQL_SYNTAX,    /* EXTRACT(x FROM y) and the like */
};

struct expr {
    enum expr_kind kind;
    const struct type *type; /* result type; never NULL after analysis */
    int32_t typmod;
    uint32_t collation_oid;
    int location;  /* byte offset in the statement text, -1 unknown */
    uint32_t site; /* executor's: index of the call site's private state, 0 = none */
    uint8_t form;  /* enum expr_form: how it was written, for deparse only */
    struct exprs args;
    union {
        struct datum value; /* CONST */
        int param;          /* PARAM: 1-based */
        struct {
            uint16_t levels_up, rte; /* rte: index into that query's rtes, 0-based */
            int16_t
                attnum; /* 1-based output column of the entry; 0 whole row; negative: system columns */
        } column;
        struct {
            const struct proc *proc;
            const struct oper *op; /* when written as an operator */
            func_impl impl; /* NULL: LANGUAGE SQL function (sql_function) or refused at analysis */
            bool variadic_array;
            bool explicit_cast, implicit_cast; /* for deparse */
            struct query *sql_function;        /* inlined body: its PARAMs are args */
            struct plan *sql_plan;             /* planner's */
            bool
                routine; /* a LANGUAGE SQL body that is run statement by statement, see analyze_routine() */
        } func;          /* also DISTINCT, NULLIF, ANY, ALL */
        struct {
            bool has_test;
        } case_; /* has_test: args[0] is the tested value, WHENs compare EXPR_CASE_TEST */
        bool array_nested;
        struct {
            int op; /* btree strategy 1 < 2 <= 3 = 4 >= 5 > 6 <> */
            const struct oper *
                *ops; /* one per column pair; args: left columns then right columns */
            func_impl *impls;
        } row_compare;
        struct {
            bool is_slice;
            int n; /* subscripts; args[1..n] upper (or index), args[n+1..2n] lower; NULL omitted */
            struct expr *assign; /* array element assignment in UPDATE SET a[1] = x; else NULL */
        } subscript;
        struct {
            int16_t index;
            const char *name;
            struct expr *assign;
        } field; /* 0-based */
        struct {
            enum sublink_kind kind;
            struct query *query;
            /* ANY/ALL/ROW: test expression over args (left side) and EXPR_SLOT-like columns of the sub-select: per column
             * operator, combined by AND (=), or OR (<>), or as row comparison. */
            const struct oper **ops;
            func_impl *impls;
            struct expr **left,
                **right; /* per column, casts applied; `right` reads the row by EXPR_SLOT index k */
            int n_columns;
            int row_op;        /* btree strategy */
            struct plan *plan; /* planner's */
        } sublink;
        struct {
            const struct proc *proc;
            const struct aggregate *aggregate;
            const struct agg_entry *impl;
            bool distinct, star, variadic_array;
            struct sort_keys order; /* ORDER BY inside, or WITHIN GROUP */
            struct expr *filter;
            struct exprs
                direct; /* direct arguments of ordered-set aggregates; args: aggregated ones */
            uint16_t levels_up; /* 0: this query's */
        } agg;
        struct {
            uint16_t *group_indexes;
            int n;
            uint16_t levels_up;
        } grouping; /* into query->group */
        struct {
            const struct proc *proc;
            const struct agg_entry
                *impl; /* an aggregate used as window function; NULL: a true window function */
            struct expr *filter;
            uint16_t window; /* index into query->windows */
            bool star;
        } window;
        struct {
            struct expr *elem;
            struct expr **elems;
            int n_elems;
        } cast; /* ARRAY_CAST, ROW_CAST (elems[k] NULL: field as is) */
        struct {
            struct expr **checks; /* boolean, over EXPR_DOMAIN_VALUE */
            const char **names;
            int n;
        } domain;
        struct {
            int kind;
            int32_t typmod;
        } sql_value;           /* kind: enum SQLValueFunctionOp of PostgreSQL's primnodes.h */
        uint32_t sequence_oid; /* NEXT_VALUE */
        struct {
            int index;
            uint16_t levels_up;
        } slot;
    };
};

/* One output column. */
struct target {
    struct expr *expr;
    const char *name;
    bool junk;               /* computed (for ORDER BY etc.) but not sent */
    uint32_t origin_rel_oid; /* RowDescription: plain columns of tables */
    int16_t origin_attnum;
};
struct targets {
    struct target *items;
    size_t n, cap;
};

enum rte_kind { RTE_RELATION, RTE_SUBQUERY, RTE_FUNCTION, RTE_VALUES, RTE_CTE, RTE_JOIN };
struct rte_column {
    const char *name;
    const struct type *type;
    int32_t typmod;
    uint32_t collation_oid;
};
struct rte_function {
    struct expr *call;  /* EXPR_FUNC or any expression (a plain function is one row) */
    uint16_t n_columns; /* it contributes */
    bool is_record;     /* with a column definition list */
};
struct rte {
    enum rte_kind kind;
    const char *alias; /* name it is known by */
    struct rte_column *
        columns; /* output columns: aliases applied; RELATION: one per attnum, dropped ones included */
    uint16_t n_columns;
    bool lateral;
    bool has_alias; /* the alias was written, not taken from the table, for deparse only */
    const struct relation *relation; /* RELATION */
    struct query *subquery;          /* SUBQUERY (views too) */
    const struct relation *view;     /* SUBQUERY made from a view */
    struct rte_function *functions;  /* FUNCTION; ROWS FROM has several */
    uint16_t n_functions;
    bool ordinality;          /* last column is bigint ordinality */
    struct exprs *value_rows; /* VALUES */
    size_t n_value_rows;
    uint16_t cte_levels_up, cte; /* CTE: index into that query's ctes */
    bool cte_self;               /* the recursive reference inside its own CTE */
};

enum join_kind { JOIN_INNER_, JOIN_LEFT_, JOIN_RIGHT_, JOIN_FULL_ };
/* The FROM clause: a tree of range table entries and joins. */
struct from {
    enum { FROM_RTE, FROM_JOIN } kind;
    uint16_t rte;
    enum join_kind join;
    struct from *left, *right;
    struct expr *on; /* boolean or NULL */
    /* How a join was written, for deparse only. */
    const char **using_names, *alias;
    const char **alias_columns;
    uint16_t n_using, n_alias_columns;
};
struct froms {
    struct from **items;
    size_t n, cap;
};

struct cte {
    const char *name;
    struct query *query;
    bool
        recursive; /* refers to itself: query is setop (non-recursive term UNION [ALL] recursive term) */
    int materialized; /* 0 default, 1 MATERIALIZED, 2 NOT MATERIALIZED */
    struct rte_column *columns;
    uint16_t n_columns;
    uint32_t n_references;
    /* SEARCH and CYCLE clauses are rewritten by the analyser or refused. */
};

enum setop_kind { SETOP_UNION, SETOP_INTERSECT, SETOP_EXCEPT };
struct setop { /* a tree; leaves are queries */
    enum setop_kind kind;
    bool all;
    struct setop *left, *right;
    struct query *query;       /* leaf; NULL inside */
    const struct type **types; /* of the result columns (casts are in the leaves' targets) */
    uint16_t n_columns;
};

enum lock_strength { LOCK_KEY_SHARE = 1, LOCK_SHARE, LOCK_NO_KEY_UPDATE, LOCK_UPDATE };
enum lock_wait { LOCK_WAIT_BLOCK, LOCK_WAIT_SKIP, LOCK_WAIT_ERROR };
struct row_mark {
    uint16_t rte;
    enum lock_strength strength;
    enum lock_wait wait;
};

enum command { CMD_SELECT_, CMD_INSERT_, CMD_UPDATE_, CMD_DELETE_, CMD_MERGE_, CMD_UTILITY_ };

/* An assignment of INSERT or UPDATE: the new value of one column. */
struct assignment {
    int16_t attnum;
    struct expr *expr;
};
struct assignments {
    struct assignment *items;
    size_t n, cap;
};

struct on_conflict {
    bool do_update;
    const struct index **
        arbiters; /* unique indexes inferred (or the constraint's); n_arbiters 0: any (DO NOTHING only) */
    int n_arbiters;
    struct assignments set; /* may use EXPR_EXCLUDED and the target row's columns */
    struct expr *where;
};

struct merge_when {
    bool matched;
    enum { MERGE_INSERT_, MERGE_UPDATE_, MERGE_DELETE_, MERGE_NOTHING_ } action;
    struct expr *condition;
    struct assignments set; /* INSERT: every column's value; UPDATE: the assigned ones */
    bool overriding_user;
};

struct query {
    enum command command;
    struct rte *rtes;
    uint16_t n_rtes;
    struct froms from; /* joined by comma */
    struct expr *where;
    struct targets targets; /* SELECT list; for INSERT ... SELECT and VALUES see `source` */
    struct exprs group;     /* GROUP BY expressions, each once */
    bool has_group_clause; /* GROUP BY () or aggregates without it make one group: has_aggregates */
    uint16_t **
        grouping_sets; /* each a list of indexes into group, ended by UINT16_MAX; NULL: plain GROUP BY */
    size_t n_grouping_sets;
    bool group_distinct;
    struct expr *having;
    bool has_aggregates, has_windows, has_srfs, has_sublinks;
    struct window_def *windows;
    size_t n_windows;
    bool distinct;
    struct sort_keys distinct_on; /* DISTINCT ON (...): prefix of order */
    struct sort_keys order;
    struct expr *limit, *offset; /* int8 */
    bool with_ties;
    struct row_mark *row_marks;
    size_t n_row_marks;
    struct cte *ctes;
    size_t n_ctes;
    struct setop
        *setop; /* then from/where/group are unused; targets are EXPR_SLOTs 0..n-1 of the result */

    /* INSERT, UPDATE, DELETE, MERGE.  The target is rtes[target_rte]; its rows are read through the FROM tree for
     * UPDATE/DELETE/MERGE (the target is in `from`), and are not for INSERT. */
    uint16_t target_rte;
    const struct relation *target;
    const struct relation
        *target_view; /* the target was named through this view; NULL: by itself */
    struct query *
        source; /* INSERT: SELECT or VALUES giving one column per assignment; NULL: DEFAULT VALUES */
    struct assignments
        set; /* INSERT: one per live column of the target that is given or has a default/generation: expr over
                                  * source columns (EXPR_SLOT k); columns not listed are NULL.  UPDATE: assigned columns over the row.
                                  * Generated columns come in `generated` and are evaluated after all others, over the NEW row. */
    struct assignments generated; /* over the new row: EXPR_COLUMN of target_rte */
    struct on_conflict *on_conflict;
    struct merge_when *merge;
    size_t n_merge;
    struct from *merge_source; /* MERGE: source; joined to the target on merge_on */
    struct expr *merge_on;
    struct targets
        returning; /* over the new row (old for DELETE): EXPR_COLUMN of target_rte, and the other rtes */
    struct exprs checks; /* CHECK constraints of the target over the new row, with check_names */
    const char **check_names;
    struct exprs view_checks; /* WITH CHECK OPTION */
    const char **view_check_names;

    /* UTILITY: the raw parse tree (a PostgreSQL Node), for catalog/ddl and session commands. */
    const void *utility;

    /* The whole statement's parameters: types by number. */
    const struct type **param_types;
    uint16_t n_params;
    const char *text;   /* the statement's own text, for error positions */
    bool returns_rows;  /* has a RowDescription */
    bool is_volatile;   /* calls volatile functions (nextval, random, set_config ...) */
    bool writes;        /* itself or one of its CTEs changes rows */
    bool runs_routines; /* calls functions that may change rows */
    bool is_call;       /* CALL: a SELECT of the procedure's output arguments, one row */
    const char *tag;    /* command tag without counts, e.g. "SELECT", "CREATE TABLE" */
};

#endif
