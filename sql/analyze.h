/* analyze.h - from SQL text to analysed statements. */
#ifndef SHARDLITE_SQL_ANALYZE_H
#define SHARDLITE_SQL_ANALYZE_H

#include "sql/query.h"

/* Splits and parses a query string with PostgreSQL's grammar.  Each statement is a RawStmt's Node with its text range. */
struct raw_statement {
    const void *node;   /* PostgreSQL's parse tree, in `arena` of sql_parse() */
    int offset, length; /* within the query string; length 0: to the end */
    const char *tag;    /* command tag without counts */
};
struct raw_statements {
    struct raw_statement *items;
    size_t n;
};
/* Errors: 42601 with position; 22021 invalid UTF-8; 54001 too deep; 53200. */
MUST_CHECK bool sql_parse(struct arena *arena, const char *text, struct raw_statements *out,
                          struct err *err);

/* What analysis depends on besides the catalog. */
struct normalized;
struct literal_use;
struct analyze_context {
    struct arena *arena;
    const struct catalog *catalog;
    struct search_path path;
    const struct env *env; /* settings and types: constants are folded through type input */
    const char *text;      /* the whole query string (error positions) */
    const struct type **
        param_types; /* in: declared types (NULL entry = to be inferred); out: replaced by the inferred ones */
    uint16_t n_params;   /* in: declared; out: used */
    uint16_t max_params; /* capacity of param_types; 65535 for Parse, n for functions */
    bool fixed_params;   /* a $n beyond n_params is 42P02 instead of being inferred */
    bool defer_default;  /* reserved */
    const char *user;    /* current_user, for CREATE SCHEMA AUTHORIZATION etc. */
    /* The text's literals become parameters where they may (normalize.h); literal_uses has an entry for each and says which did.  Their types
     * are in param_types (NULL for those that did not); max_params is at least their number, fixed_params false. */
    const struct normalized *literals;
    struct literal_use *literal_uses;
};
/* Analyses one statement.  PREPARE/EXECUTE/DECLARE/EXPLAIN/COPY (query)/CREATE TABLE AS/CREATE VIEW are CMD_UTILITY_ here; their inner
 * statements are analysed by whoever runs them through analyze_node(). */
struct query *analyze(struct analyze_context *context, const struct raw_statement *statement,
                      struct err *err);
struct query *analyze_node(struct analyze_context *context, const void *node, struct err *err);

/* An expression kept in the catalog (default, CHECK, index expression, generation) over the columns of `relation` (may be NULL):
 * parsed and analysed, coerced to `target` (NULL: as is) in assignment context.  Columns are EXPR_COLUMN {0, 0, attnum}. */
struct expr *analyze_catalog_expr(struct analyze_context *context, const char *sql,
                                  const struct relation *relation, const struct type *target,
                                  int32_t typmod, struct err *err);
/* The same from a raw node (as CREATE TABLE's clauses hold it). */
struct expr *analyze_raw_expr(struct analyze_context *context, const void *node,
                              const struct relation *relation, const struct type *target,
                              int32_t typmod, const char *what, struct err *err);
/* The name that an index column made of this expression gets; NULL when nothing fits. */
const char *figure_index_name(const void *node);

/* The statements of a LANGUAGE SQL function or procedure that is run statement by statement; the last one's rows are the result, cast to
 * what `call` (a call of it: func.proc, the types of its arguments, its result type) promises.  context->path is the caller's. */
struct routine_body {
    struct query **statements;
    size_t n;
};
MUST_CHECK bool analyze_routine(struct analyze_context *context, const struct expr *call,
                                struct routine_body *body, struct err *err);

/* A type name node (TypeName) -> type and typmod; errors 42704 with position. */
MUST_CHECK bool analyze_type_name(struct analyze_context *context, const void *type_name,
                                  const struct type **type, int32_t *typmod, struct err *err);
/* Adds the casts that make `expr` a value of `type`/`typmod`; NULL with err 42804 if there is none in `cast_context`. */
struct expr *analyze_coerce(struct analyze_context *context, struct expr *expr,
                            const struct type *type, int32_t typmod, enum cast_context cast_context,
                            struct err *err);

/* PostgreSQL's canonical SQL of an analysed expression or query (as pg_get_expr, pg_get_viewdef print it). `pretty` as in those functions. */
void deparse_expr(const struct analyze_context *context, const struct expr *expr,
                  const struct relation *relation, bool pretty, struct buf *out);
void deparse_query(const struct analyze_context *context, const struct query *query, bool pretty,
                   struct buf *out);

#endif
