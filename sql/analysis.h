/* analysis.h - what the files of the analyser share: the state of one analysis, scopes of names, and each file's calls.
 *
 * Functions that make expressions return NULL after filling a->err; those that return bool return false.  A few may
 * also say "cannot be done" by NULL with the error left empty (told at each): FAILED(a) tells these apart. */
#ifndef SHARDLITE_SQL_ANALYSIS_H
#define SHARDLITE_SQL_ANALYSIS_H

#include "sql/parse.h"

#include "sql/analyze.h"
#include "sql/walk.h"

/* Names of the arguments of a LANGUAGE SQL function, while its body is analysed. */
struct function_args {
    const struct proc *proc;
    const struct type *const *types; /* actual types of the n_args input arguments */
};

/* One text being analysed: a statement, or a view's, a function's or a default's text inside it. */
struct analysis {
    struct analyze_context *context; /* of this text */
    struct arena *arena;
    const struct catalog *catalog;
    const struct search_path *path;
    const struct env *env;
    struct err *err;
    const char *text;       /* NULL: positions are of no use to the client (nested texts) */
    struct analysis *outer; /* whose text has the name of what this one defines */
    int depth;              /* how many nested texts we are in */
    const struct function_args *function;
    VEC(struct expr *) params; /* every EXPR_PARAM made */
    bool is_volatile, writes;
    bool runs_routines;    /* some call is run statement by statement */
    bool collate_seen;     /* some COLLATE clause was met */
    bool srf_seen;         /* some set-returning call was made: else nobody need look for any */
    size_t stack_at_start; /* bytes that were left: see depth_check() */
    const struct type *unknown, *boolean, *int4, *int8, *txt, *record; /* often needed */
};
#define FAILED(a) ((a)->err->sqlstate[0] != '\0')

/* What an expression is for: decides what may be in it, and how refusals read. */
enum place {
    PLACE_NONE,
    PLACE_OTHER,
    PLACE_JOIN_ON,
    PLACE_JOIN_USING,
    PLACE_FROM_SUBSELECT,
    PLACE_FROM_FUNCTION,
    PLACE_WHERE,
    PLACE_HAVING,
    PLACE_FILTER,
    PLACE_WINDOW_PARTITION,
    PLACE_WINDOW_ORDER,
    PLACE_WINDOW_RANGE,
    PLACE_WINDOW_ROWS,
    PLACE_WINDOW_GROUPS,
    PLACE_SELECT_TARGET,
    PLACE_INSERT_TARGET,
    PLACE_UPDATE_SOURCE,
    PLACE_UPDATE_TARGET,
    PLACE_MERGE_WHEN,
    PLACE_GROUP_BY,
    PLACE_ORDER_BY,
    PLACE_DISTINCT_ON,
    PLACE_LIMIT,
    PLACE_OFFSET,
    PLACE_RETURNING,
    PLACE_VALUES,
    PLACE_VALUES_SINGLE,
    PLACE_CHECK,
    PLACE_DOMAIN_CHECK,
    PLACE_DEFAULT,
    PLACE_INDEX_EXPRESSION,
    PLACE_INDEX_PREDICATE,
    PLACE_ALTER_TYPE,
    PLACE_EXECUTE,
    PLACE_TRIGGER_WHEN,
    PLACE_PARTITION_BOUND,
    PLACE_PARTITION_KEY,
    PLACE_CALL,
    PLACE_COPY_WHERE,
    PLACE_GENERATED,
    PLACE_POLICY,
};

/* A column that a name may stand for: of a range table entry, or an expression over such columns. */
struct name_column {
    const char *name;  /* NULL: cannot be named (dropped) */
    struct expr *expr; /* NULL: (rte, attnum) */
    uint16_t rte;
    int16_t attnum;
    bool hidden; /* by a USING join's merged column: only qualified names reach it */
};

/* One entry of the name space of a FROM clause. */
struct name_item {
    const char *alias;               /* NULL: a join without alias */
    const struct relation *relation; /* to match schema.table.column; NULL when there is an alias */
    int rte;                         /* -1: a join, see columns */
    struct name_column *columns; /* joins, and views written through; NULL: the columns of `rte` */
    uint16_t n_columns;
    bool by_table, by_column; /* t.x finds it, x finds it */
    bool lateral_only,
        lateral_ok; /* only LATERAL items see it now; and may they (not across RIGHT/FULL joins)? */
    bool is_excluded; /* excluded.* of ON CONFLICT */
};

/* A WITH query, while the statement that has it is analysed. */
struct cte_scope {
    const char *name;
    const CommonTableExpr *node;
    enum { CTE_WAITING, CTE_IN_WORK, CTE_DONE } state;
    bool may_be_early; /* WITH RECURSIVE: may be referred to before its turn, even by itself */
    bool has_columns;  /* in work, and the columns are known from the non-recursive term */
    const struct query *first_term; /* that one */
    uint16_t index;                 /* into query->ctes */
};

/* How a query got inside the one around it. */
enum entry { ENTRY_TOP, ENTRY_FROM, ENTRY_SETOP, ENTRY_SUBLINK };

/* One level of query: its names and what it collects. */
struct scope {
    struct analysis *a;
    struct scope *parent;
    struct query *query;
    enum place place;
    VEC(struct rte) rtes;
    VEC(struct name_item) names;
    VEC(struct cte_scope) ctes;  /* visible to this query */
    VEC(struct cte) cte_results; /* query->ctes in the making */
    VEC(struct window_def) windows;
    VEC(const WindowDef *) window_nodes; /* WINDOW clauses, then the definitions written at calls */
    VEC(struct expr *) window_calls;
    enum entry entry;
    struct cte_scope *own_cte; /* this query is the body of it; points into parent->ctes */
    bool recursive_term;       /* and this much is: the right side of UNION */
    int self_references;
    VEC(const struct query *) operands; /* of this set operation, so far */
    int n_nullable;                     /* inside the null-extended side of that many outer joins */
    const char *setop_name;             /* "INTERSECT", "EXCEPT": we are inside one */
    bool lateral_active;
    bool keep_unknown; /* targets of unknown type stay so: the caller resolves them */
    struct dml_target *target;
    const struct expr *last_srf;
    const struct type *domain_value; /* VALUE stands for it; NULL: no such word here */
    const struct domain_info *domain;
};

/* ---- errors.c ---- */
/* Fill a->err with the position of the byte offset `location` (-1: none). */
bool fail(struct analysis *a, int location, const char *sqlstate, const char *format, ...)
    PRINTF_LIKE(4, 5); /* false */
void *fail_null(struct analysis *a, int location, const char *sqlstate, const char *format, ...)
    PRINTF_LIKE(4, 5);                               /* NULL */
void set_position(struct analysis *a, int location); /* of an error that has none yet */
bool fail_hint(struct analysis *a, const char *format, ...) PRINTF_LIKE(2, 3);   /* false */
bool fail_detail(struct analysis *a, const char *format, ...) PRINTF_LIKE(2, 3); /* false */
const char *type_text(struct analysis *a, const struct type *type);              /* for messages */
const char *type_list_text(struct analysis *a, const struct type *const *types,
                           const char *const *names, size_t n, size_t n_positional);
const char *name_list_text(struct analysis *a, const List *names); /* "schema.name" */
enum place_use { USE_AGGREGATE, USE_WINDOW, USE_SRF, USE_SUBQUERY, USE_COLUMN };
/* Whether the place admits it; if not, fills the error. */
bool place_allows(struct scope *s, enum place place, enum place_use use, int location);
enum place place_named(const char *what); /* from analyze_raw_expr()'s words */
const char *place_name(enum place place);

/* False with 54001 when the tree that is being built gets too deep: not for us only, but for those who walk it later (they have no
 * checks of their own, and frames that are no larger than half again ours). */
bool depth_check(struct analysis *a);

/* ---- build.c: small expressions ---- */
struct expr *expr_new(struct analysis *a, enum expr_kind kind, const struct type *type,
                      int location);
struct expr *const_new(struct analysis *a, const struct type *type, struct datum value,
                       int location);
struct expr *null_const(struct analysis *a, const struct type *type, int32_t typmod);
struct expr *bool_expr(struct analysis *a, enum expr_kind kind, struct expr *left,
                       struct expr *right, int location); /* right may be NULL */
struct expr *and_also(struct analysis *a, struct expr *left,
                      struct expr *right); /* either may be NULL */
void push_arg(struct analysis *a, struct expr *e, struct expr *arg);
const struct type *type_by_oid(struct analysis *a,
                               uint32_t oid);          /* never NULL for OIDs out of the catalog */
const struct type *base_type(const struct type *type); /* below domains */
const struct type *base_type_mod(const struct type *type, int32_t *typmod);
const struct type *element_type(const struct type *type);      /* of a true array, NULL otherwise */
const struct type *base_element_type(const struct type *type); /* also of domains over arrays */
const struct type *array_type_of(struct analysis *a, const struct type *elem); /* NULL: none */
bool is_true_array(const struct type *type);
bool is_composite(const struct type *type); /* or a domain over one */
bool is_row_type(const struct type *type);  /* composite or record */
bool has_column_refs(const struct expr *e, int level);
bool contains_srf(const struct expr *e);
bool contains_kind(const struct expr *e, enum expr_kind kind);
struct type_io analysis_io(struct analysis *a, const struct type *type, int32_t typmod);

/* ---- row.c: what fields a row value has ---- */
struct field_info {
    const char *name;
    const struct type *type;
    int32_t typmod;
    uint32_t collation_oid;
};
struct row_shape {
    struct field_info *fields;
    int n;
};
/* False without error when the shape cannot be known (an anonymous record). */
bool row_shape_of(struct scope *s, const struct expr *e, struct row_shape *shape);
bool type_shape(struct analysis *a, const struct type *type,
                struct row_shape *shape); /* named composite types */
/* (row).name; NULL without error: no such field. */
struct expr *field_select(struct scope *s, struct expr *row, const char *name, int location);
struct expr *field_at(struct scope *s, struct expr *row, int index, const struct row_shape *shape,
                      int location);

/* ---- type_name.c ---- */
bool resolve_type_name(struct analysis *a, const TypeName *name, const struct type **type,
                       int32_t *typmod);
/* A type with this (qualified) name, or NULL without error. */
const struct type *find_type(struct analysis *a, const List *names);

/* ---- coerce.c, cast.c ---- */
enum cast_path { PATH_NONE, PATH_RELABEL, PATH_FUNCTION, PATH_IO, PATH_ARRAY };
enum cast_path find_cast_path(struct analysis *a, const struct type *to, const struct type *from,
                              enum cast_context context, const struct proc **proc);
bool can_coerce(struct analysis *a, const struct type *from, const struct type *to,
                enum cast_context context);
bool can_coerce_all(struct analysis *a, size_t n, const struct type *const *from,
                    const struct type *const *to, enum cast_context context);
/* The cast is known to be possible.  Typmods are applied by coerce_to() only. */
struct expr *coerce_node(struct analysis *a, struct expr *e, const struct type *to, int32_t typmod,
                         enum cast_context context, enum expr_form form, int location);
/* With the length coercion; NULL without error: no such cast. */
struct expr *coerce_to(struct analysis *a, struct expr *e, const struct type *to, int32_t typmod,
                       enum cast_context context, enum expr_form form, int location);
struct expr *coerce_typmod(struct analysis *a, struct expr *e, const struct type *to,
                           int32_t typmod, enum cast_context context, enum expr_form form,
                           int location);
struct expr *coerce_to_domain(struct analysis *a, struct expr *e, const struct type *domain,
                              enum cast_context context, enum expr_form form, int location);
/* 42P21 when arguments have different collations by COLLATE. */
bool check_collations(struct analysis *a, const struct exprs *args);
struct expr *coerce_to_boolean(struct analysis *a, struct expr *e,
                               const char *construct); /* "WHERE": argument of WHERE must be... */
struct expr *coerce_to_specific(struct analysis *a, struct expr *e, const struct type *to,
                                const char *construct);
const struct type *common_type(struct analysis *a, const struct exprs *list, const char *construct,
                               const struct expr **which);
const struct type *
common_type_of(struct analysis *a, struct expr *const *items, size_t n, const char *construct,
               const struct expr **which); /* construct NULL: no error, just NULL */
struct expr *coerce_to_common(struct analysis *a, struct expr *e, const struct type *to,
                              const char *construct);
int32_t common_typmod(struct expr *const *items, size_t n, const struct type *type);
bool common_verified(struct analysis *a, const struct type *type, struct expr *const *items,
                     size_t n);
bool literal_value(struct analysis *a, const struct expr *literal, const struct type *type,
                   int32_t typmod, struct datum *value);
bool domain_checks(struct analysis *a, const struct type *domain, struct expr *cast);

/* ---- poly.c: polymorphic types ---- */
bool is_polymorphic(uint32_t oid);
bool check_generic(struct analysis *a, size_t n, const struct type *const *actual,
                   const uint32_t *declared);
/* Rewrites polymorphic entries of `declared` to what they stand for, and gives the result type; NULL with the error. */
const struct type *enforce_generic(struct analysis *a, size_t n, const struct type *const *actual,
                                   uint32_t *declared, uint32_t result, int location);

/* ---- func_resolve.c, func.c ---- */
struct call_args {
    struct exprs args;
    const struct type **types; /* of args */
    const char **names;        /* NULL, or names of the last n_named args in writing order */
    size_t n_named;
    bool variadic;
    bool is_call; /* CALL: output arguments are written too */
};
enum func_kind {
    FUNC_NOT_FOUND,
    FUNC_AMBIGUOUS,
    FUNC_NORMAL,
    FUNC_PROCEDURE,
    FUNC_AGGREGATE,
    FUNC_WINDOW,
    FUNC_COERCION
};
struct func_choice {
    enum func_kind kind;
    const struct proc *proc;
    const struct type *coercion; /* FUNC_COERCION: to what */
    uint32_t *declared;          /* types of all the arguments, variadic ones spread */
    size_t n_declared;
    size_t n_variadic; /* arguments that a VARIADIC parameter takes; 0: none */
    size_t n_defaults; /* arguments to be taken from defaults */
    int *positions;    /* named notation: parameter of each written argument; NULL */
};
bool choose_function(struct analysis *a, const List *name, const struct call_args *call,
                     struct func_choice *choice);
struct candidate {
    const struct proc *proc;
    const struct oper *oper;
    uint32_t *args;
    size_t n_args;
    int n_variadic, n_defaults;
    int *positions;
    bool ambiguous;
    int path_index;
    struct candidate *next;
};
size_t match_candidates(struct analysis *a, size_t n, const struct type *const *types,
                        struct candidate *list, struct candidate **matched);
struct candidate *select_candidate(struct analysis *a, size_t n, const struct type *const *types,
                                   struct candidate *list);
struct expr *transform_call(struct scope *s, const FuncCall *call);
struct expr *transform_procedure_call(struct scope *s, const FuncCall *call);
/* FuncCall or column notation; `call` NULL: only t.f as f(t). */
struct expr *make_call(struct scope *s, const List *name, struct call_args *args,
                       const FuncCall *call, bool is_column, bool is_procedure, int location);
struct expr *func_expr(struct analysis *a, const struct proc *proc, const struct type *result,
                       struct exprs args, int location);
func_impl implementation_of(struct analysis *a, const struct proc *proc);
const char *proc_signature(struct analysis *a, const struct proc *proc, char *room, size_t n_room);
bool cast_args(struct analysis *a, struct exprs *args, const struct type *const *actual,
               const uint32_t *declared, size_t n);
bool note_srf(struct scope *s, const struct expr *call, const struct expr *last_srf, int location);

/* CALL as a query: its columns are the output arguments.  (from.c) */
struct query *transform_call_statement(struct analysis *a, const CallStmt *stmt);

/* ---- sql_function.c ---- */
/* Analyses the body with the call's argument types: call->func.sql_function, or call->func.routine when it must be run. */
bool inline_sql_function(struct analysis *a, struct expr *call);
/* The columns that a set-returning call with a column definition list must give. */
bool fit_defined_columns(struct scope *s, struct expr *call, const struct rte_column *columns,
                         int n);
/* A set-returning call in FROM as a sub-select: the body with the arguments in the parameters' places. */
struct query *sql_function_rows(struct analysis *a, const struct expr *call);

/* ---- oper_resolve.c ---- */
/* left NULL: prefix.  NULL with 42883 or 42725. */
const struct oper *find_oper(struct analysis *a, const List *name, const struct type *left,
                             const struct type *right, int location);
struct expr *make_op(struct scope *s, const List *name, struct expr *left, struct expr *right,
                     int location);
struct expr *make_op_named(struct scope *s, const char *name, struct expr *left, struct expr *right,
                           int location);
struct expr *make_op_of(struct analysis *a, const struct oper *oper, struct expr *left,
                        struct expr *right, int location);
struct expr *make_any_all(struct scope *s, const List *name, bool is_any, struct expr *left,
                          struct expr *right, int location);
bool sort_opers(struct analysis *a, const struct type *type, bool need_less, bool need_equal,
                const struct oper **less, const struct oper **equal, const struct oper **greater,
                int location);
int btree_strategy(struct analysis *a, const struct oper *oper); /* 1..5, 6 for <>; 0: none */

/* ---- expr.c ---- */
struct expr *transform_expr(struct scope *s, const Node *node, enum place place);
struct expr *transform_node(struct scope *s, const Node *node); /* within the current place */
struct expr *transform_boolean(struct scope *s, const Node *node, enum place place,
                               const char *construct);
bool transform_list(struct scope *s, const List *list,
                    struct exprs *out); /* within the current place; expands t.* in rows */
struct expr *make_row_comparison(struct scope *s, const List *name, struct exprs *left,
                                 struct exprs *right, int location);
struct expr *make_distinct(struct scope *s, const List *name, struct expr *left, struct expr *right,
                           int location);
struct expr *transform_sublink(struct scope *s, const SubLink *node);
struct expr *transform_indirection(struct scope *s, struct expr *base, const List *indirection,
                                   const List *all, int location);
struct expr *transform_array(struct scope *s, const A_ArrayExpr *node, const struct type *array,
                             const struct type *elem, int32_t typmod);
struct expr *make_subscripts(struct scope *s, struct expr *base, const List *indices,
                             struct expr *assign, int location);
struct expr *transform_type_cast(struct scope *s, const TypeCast *node);
struct expr *transform_sql_value(struct scope *s, const SQLValueFunction *node);
struct expr *transform_case(struct scope *s, const CaseExpr *node);
struct expr *transform_in(struct scope *s, const A_Expr *node);
struct expr *transform_between(struct scope *s, const A_Expr *node);
bool collation_by_name(struct analysis *a, const List *name, int location, uint32_t *oid);

/* ---- params.c ---- */
struct expr *transform_param(struct scope *s, const ParamRef *node);
/* Gives a parameter of unknown type this type; NULL without error: not such a parameter. */
struct expr *settle_param(struct analysis *a, struct expr *param, const struct type *type,
                          int location);
bool params_check(struct analysis *a, const struct query *query);

/* ---- scope.c ---- */
struct scope *scope_new(struct analysis *a, struct scope *parent, enum command command);
void scope_finish(struct scope *s); /* moves what was collected into the query */
struct rte *scope_rte(struct scope *s, int rte);
int scope_add_rte(struct scope *s, const struct rte *rte);
void scope_add_name(struct scope *s, int rte, const struct relation *relation, bool by_table,
                    bool by_column);
struct expr *column_of(struct scope *s, int levels_up, int rte, int attnum, int location);
struct expr *whole_row_of(struct scope *s, int levels_up, int rte, int location);
/* The type record with the names and types of these columns: functions that print rows (row_to_json) or make them
 * (json_to_record) look at its attributes. */
const struct type *named_record_type(struct analysis *a, const struct rte_column *columns, int n);
struct expr *transform_column_ref(struct scope *s, const ColumnRef *ref);
/* The item that `name` (or schema.name) refers to; NULL without error. */
struct name_item *find_name_item(struct scope *s, const char *schema, const char *name,
                                 int location, int *levels_up);
struct expr *name_column_expr(struct scope *s, const struct name_item *item, int index,
                              int levels_up, int location);
uint16_t name_item_width(struct scope *s, const struct name_item *item);
const char *name_item_column(struct scope *s, const struct name_item *item,
                             int index); /* NULL: dropped */
struct expr *column_by_name(struct scope *s, const char *name, bool local_only,
                            int location); /* NULL without error: none */
bool missing_rte(struct scope *s, const char *schema, const char *name,
                 int location); /* error 42P01 */
bool missing_column(struct scope *s, const char *table, const char *column,
                    int location); /* error 42703 */
bool check_unique_name(struct scope *s, const char *alias, const struct relation *relation,
                       int location, size_t before);
int system_attnum(const char *name); /* 0: none */
const struct type *system_type(struct analysis *a, int attnum);

/* ---- from.c, relation.c, join.c ---- */
bool transform_from(struct scope *s, const List *list);
struct from *transform_from_item(struct scope *s, const Node *node, size_t *first_name);
const struct relation *relation_of(struct analysis *a, const RangeVar *var, bool missing_ok);
/* An entry for a table, view or CTE named in FROM; -1 after an error. */
int add_relation_rte(struct scope *s, const RangeVar *var);
int add_table_rte(struct scope *s, const struct relation *relation, const Alias *alias);
int add_subquery_rte(struct scope *s, struct query *query, const Alias *alias, const char *name,
                     bool lateral);
struct query *view_query(struct analysis *a, const struct relation *view);
int add_values_rte(struct scope *s, struct exprs *rows, size_t n_rows, const Alias *alias);
struct from *transform_join(struct scope *s, const JoinExpr *join, size_t *first_name);
bool alias_columns(struct analysis *a, const Alias *alias, struct rte *rte, const char *what);

/* ---- target.c ---- */
const char *figure_name(const Node *node); /* never NULL: "?column?" */
bool transform_targets(struct scope *s, const List *list, enum place place, struct targets *out);
bool resolve_unknown_targets(struct scope *s, struct targets *targets);
void mark_origins(struct scope *s, struct targets *targets);
struct names {
    const char **items;
    size_t n, cap;
};
/* t.* and *: `names` gets the columns' names beside `out`. */
bool expand_star(struct scope *s, const ColumnRef *ref, struct exprs *out, struct names *names);
bool expand_row_star(struct scope *s, struct expr *row, struct exprs *out, struct names *names,
                     int location);

/* ---- sort.c, group.c ---- */
bool transform_sort(struct scope *s, const List *list, struct targets *targets,
                    struct sort_keys *out, bool sql99, enum place place);
bool transform_distinct(struct scope *s, const List *list, struct targets *targets);
struct expr *transform_limit(struct scope *s, const Node *node, enum place place,
                             const char *construct, bool with_ties);
/* Index of the target that an ORDER BY, GROUP BY or DISTINCT ON item stands for; -1 after an error.  *own (GROUP BY) instead of a new junk target. */
int find_target(struct scope *s, const Node *node, struct targets *targets, enum place place,
                bool sql99, struct expr **own);
bool target_to_text(struct scope *s, struct targets *targets,
                    int index); /* if its type is unknown */
bool sort_key_for(struct scope *s, const SortBy *sort, struct expr *e, struct sort_key *key);
bool transform_group(struct scope *s, const SelectStmt *stmt, struct targets *targets);

/* ---- agg.c, agg_check.c ---- */
struct expr *transform_aggregate(struct scope *s, const FuncCall *call,
                                 const struct func_choice *choice, struct exprs *args,
                                 size_t n_direct, const struct type *result, int location);
struct expr *transform_grouping(struct scope *s, const GroupingFunc *node);
bool resolve_grouping(struct scope *s);
bool check_grouped(struct scope *s);

/* ---- window.c ---- */
struct expr *transform_window_call(struct scope *s, const FuncCall *call, const struct proc *proc,
                                   struct exprs *args, const struct type *result, int location);
/* Before the select list: the WINDOW clause.  After it: all definitions become query->windows. */
bool open_windows(struct scope *s, const List *window_clause);
bool finish_windows(struct scope *s, struct targets *targets);

/* ---- select.c, setop.c, cte.c ---- */
struct query *transform_statement(struct analysis *a, struct scope *parent, const Node *node,
                                  enum entry entry, struct cte_scope *own_cte, bool keep_unknown);
struct query *transform_in_scope(struct scope *s, const Node *node);
struct query *transform_select(struct scope *s, const SelectStmt *stmt);
struct query *transform_values(struct scope *s, const SelectStmt *stmt);
struct query *transform_setop(struct scope *s, const SelectStmt *stmt);
/* SELECT * FROM (inner), so that the list can be changed where inner's own means more than its output. */
struct query *wrap_query(struct analysis *a, struct query *inner);
bool list_is_output_only(const struct query *query);
bool values_rows(struct scope *s, const List *lists, struct exprs **rows, size_t *n_rows);
bool order_and_limit(struct scope *s, const SelectStmt *stmt, struct targets *targets);
bool apply_locking(struct scope *s, const List *clauses);
const char *lock_strength_text(LockClauseStrength strength);
bool transform_with(struct scope *s, const WithClause *with);
/* The visible WITH query of that name; *levels_up from `s`.  NULL without error: none. */
struct cte_scope *find_cte(struct scope *s, const char *name, struct scope **owner, int *levels_up);
/* The columns of a recursive query are those of its non-recursive term. */
bool settle_recursive_columns(struct scope *body, const struct query *first_term);
/* The WITH query without its SEARCH and CYCLE clauses, its body doing their work. */
const CommonTableExpr *rewrite_search(struct scope *s, const CommonTableExpr *cte);
int add_cte_rte(struct scope *s, struct scope *owner, struct cte_scope *cte, int levels_up,
                const RangeVar *var);

/* ---- target_table.c, dml.c, insert.c, conflict.c, merge.c, assign.c ---- */
/* What a data-modifying statement writes to: rtes[0].  A view that can be written through gives its base table, its columns as
 * expressions over that table, and its conditions. */
struct dml_target {
    const struct relation *named; /* table or view, as written */
    const struct relation *base;
    struct name_column
        *columns; /* views: one per column of `named`; attnum 0 where it is no plain column */
    uint16_t n_columns;
    struct expr *where; /* views: rows that can be seen through them */
};
struct query *transform_insert(struct scope *s, const InsertStmt *stmt);
struct query *transform_update(struct scope *s, const UpdateStmt *stmt);
struct query *transform_delete(struct scope *s, const DeleteStmt *stmt);
struct query *transform_merge(struct scope *s, const MergeStmt *stmt);
bool transform_conflict(struct scope *s, const OnConflictClause *clause);
bool transform_returning(struct scope *s, const List *list);
enum dml_kind { DML_INSERT, DML_UPDATE, DML_DELETE, DML_MERGE };
bool open_target(struct scope *s, const RangeVar *var, enum dml_kind kind);
void show_target(struct scope *s, bool by_table, bool by_column); /* adds its name item */
/* Column of the target by the name that the statement knows it by; its attnum in the base table, 0 after an error. */
int target_column(struct scope *s, const char *name, int location, enum dml_kind kind);
/* The columns of INSERT without a list: attnums of the base table; false when a view's column is not a plain one. */
bool all_target_columns(struct scope *s, int **attnums, int *n);
const struct column *target_column_info(struct scope *s, int attnum);
/* `value` as the new value of a column; with `indirection`, of a part of it: `base` is then the column's value so far. */
struct expr *assign_value(struct scope *s, struct expr *value, const struct column *column,
                          struct expr *base, const List *indirection, int location);
struct expr *column_default(struct analysis *a, const struct relation *relation,
                            const struct column *column); /* NULL without error: none */
struct expr *default_or_null(struct analysis *a, const struct relation *relation,
                             const struct column *column);
bool collect_constraints(struct scope *s);
bool update_set(struct scope *s, const List *list, struct assignments *out);
/* INSERT's or MERGE's column list: attnums, names and indirections. */
struct insert_columns {
    int *attnums;
    const ResTarget **nodes; /* NULL entries when there was no list */
    int n;
    bool listed;
};
bool insert_column_list(struct scope *s, const List *list, struct insert_columns *columns);
/* One row of values onto the columns: each cast to its column's type; DEFAULT becomes the column's default. */
bool insert_row(struct scope *s, const struct insert_columns *columns, struct exprs *row,
                OverridingKind override);
bool row_with_defaults(struct scope *s, const List *list, enum place place, struct exprs *row);
/* Assignments of given columns (values by position) and of the other columns' defaults. */
bool insert_assignments(struct scope *s, const struct insert_columns *columns,
                        const struct exprs *values, OverridingKind override,
                        struct assignments *out);

/* ---- analyze.c ---- */
void analysis_start(struct analysis *a, struct analyze_context *context, struct err *err);
/* For a text that belongs to the catalog: its own path and no positions. */
void analysis_nested(struct analysis *a, struct analyze_context *context, struct analysis *outer);
/* Scope with the columns of `relation` as EXPR_COLUMN {0, 0, attnum}. */
struct scope *relation_scope(struct analysis *a, const struct relation *relation);
/* Parses `sql` as one expression. */
const Node *parse_expression(struct analysis *a, const char *sql);
struct expr *analyze_column_sql(struct analysis *a, const char *sql,
                                const struct relation *relation, const struct type *target,
                                int32_t typmod, enum place place);
#endif
