/* deparse_int.h - shared by deparse.c (expressions) and deparse_query.c. */
#ifndef SHARDLITE_SQL_DEPARSE_INT_H
#define SHARDLITE_SQL_DEPARSE_INT_H

#include "sql/analyze.h"
#include "sql/format_type.h"

/* One query level: the names its range table entries go by. */
struct deparse_level {
    const struct deparse_level *outer;
    const struct query *query;
    const char **names;        /* by range table entry */
    const char **column_names; /* set operations: names of the slots */
};

struct deparser {
    const struct analyze_context *context;
    struct arena *arena;
    struct buf *out;
    const struct deparse_level *level; /* NULL: a lone expression over `relation` */
    const struct relation *relation;
    const struct query *windows_of;
    bool pretty;
    const struct query
        *result;       /* the whole query, whose names its select lists give; NULL: below */
    bool names_unseen; /* inside a sublink: nobody sees the names of columns */
    int indent;
};

/* show_implicit: casts that PostgreSQL adds by itself are written too (everywhere but at the top of an expression). */
void put_expr(struct deparser *d, const struct expr *e, bool show_implicit);
void put_expr_in(struct deparser *d, const struct expr *e,
                 const struct expr *parent); /* with parentheses where `parent` needs them */
void put_query(struct deparser *d, const struct query *query, int start_indent);
void put_sort_keys(struct deparser *d, const struct sort_keys *keys, const struct query *query);
void put_window(struct deparser *d, const struct window_def *window);
/* New line at the current depth; see deparse_query.c. */
void new_line(struct deparser *d, const char *keyword, int before, int after, int plus);

#endif
