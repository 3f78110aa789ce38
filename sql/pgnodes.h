/* pgnodes.h - PostgreSQL's raw parse tree, as libpg_query builds it, made fit to be included beside our headers.
 *
 * The node structs come from PostgreSQL 15's server headers.  Those redefine printf and its kin, and some of their enum
 * constants have the names of ours: both are tamed here, so include this header and never theirs.  After it, the raw
 * tree's set operations are PG_SETOP_UNION ..., and the limit options are PG_LIMIT_... with the values that libpg_query uses
 * (they are not those of the stock headers).
 *
 * Never use CurrentMemoryContext, PG_exception_stack, palloc or ereport: in the library they are per thread, in the headers they are not. */
#ifndef SHARDLITE_SQL_PGNODES_H
#define SHARDLITE_SQL_PGNODES_H

#define RTE_RELATION PG_RTE_RELATION
#define RTE_SUBQUERY PG_RTE_SUBQUERY
#define RTE_JOIN PG_RTE_JOIN
#define RTE_FUNCTION PG_RTE_FUNCTION
#define RTE_VALUES PG_RTE_VALUES
#define RTE_CTE PG_RTE_CTE
#define EXPR_SUBLINK PG_EXPR_SUBLINK
#define SETOP_UNION PG_SETOP_UNION
#define SETOP_INTERSECT PG_SETOP_INTERSECT
#define SETOP_EXCEPT PG_SETOP_EXCEPT
#define LIMIT_OPTION_COUNT STOCK_LIMIT_COUNT
#define LIMIT_OPTION_WITH_TIES STOCK_LIMIT_WITH_TIES
#define LIMIT_OPTION_DEFAULT STOCK_LIMIT_DEFAULT
#define text pg_text_type

#include "postgres.h"

#include "nodes/parsenodes.h"
#include "nodes/pg_list.h"

#undef RTE_RELATION
#undef RTE_SUBQUERY
#undef RTE_JOIN
#undef RTE_FUNCTION
#undef RTE_VALUES
#undef RTE_CTE
#undef EXPR_SUBLINK
#undef SETOP_UNION
#undef SETOP_INTERSECT
#undef SETOP_EXCEPT
#undef LIMIT_OPTION_COUNT
#undef LIMIT_OPTION_WITH_TIES
#undef LIMIT_OPTION_DEFAULT
#undef text

/* port.h replaces the C library's; we want the C library's. */
#undef vsnprintf
#undef snprintf
#undef vsprintf
#undef sprintf
#undef vfprintf
#undef fprintf
#undef vprintf
#undef printf
#undef strerror
#undef strerror_r
#undef qsort
#undef palloc
#undef Assert
#undef ERROR
#undef WARNING
#undef NOTICE
#undef INFO
#undef LOG
#undef DEBUG1
#undef DEBUG2
#undef elog
#undef ereport

/* Exported by libpg_query: byte offset of where an expression (or list) of the raw tree starts, -1 unknown. */
int exprLocation(const Node *expr);

enum pg_limit_option { PG_LIMIT_DEFAULT = 0, PG_LIMIT_COUNT = 1, PG_LIMIT_WITH_TIES = 2 };

/* Names in lists are String nodes. */
#define STR_OF(node) (((const String *)(node))->sval)
static inline const char *list_str(const List *list, int index)
{
    return STR_OF(list->elements[index].ptr_value);
}
static inline int list_n(const List *list)
{
    return list ? list->length : 0;
}
static inline void *list_at(const List *list, int index)
{
    return list->elements[index].ptr_value;
}
#define TAG_OF(node) (((const Node *)(node))->type)
#define IS_NODE(node, tag_name) ((node) != NULL && TAG_OF(node) == T_##tag_name)

#endif
