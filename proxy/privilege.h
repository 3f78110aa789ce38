/* privilege.h - which privileges a statement needs, collected once when it is analysed, checked whenever it runs.
 *
 * PostgreSQL's rules: each table needs SELECT for what is read of it, INSERT, UPDATE, DELETE for what is done to it, on the table or on the
 * columns concerned; what a view reads is its owner's business. */
#ifndef SHARDLITE_PROXY_PRIVILEGE_H
#define SHARDLITE_PROXY_PRIVILEGE_H

#include "sql/query.h"

struct privilege_need {
    const struct relation *relation;
    uint32_t as_role;                       /* a view's owner; 0: whoever runs the statement */
    uint16_t privileges;                    /* enum privilege */
    bool whole_row;                         /* all columns are selected */
    bool system_column;                     /* one of those that no column privilege covers */
    uint8_t *selected, *inserted, *updated; /* by attnum - 1 */
};
struct privilege_needs {
    struct privilege_need *items;
    size_t n, cap;
};
/* Before planning, which rewrites expressions. */
void privileges_collect(struct arena *arena, const struct query *query,
                        struct privilege_needs *needs);
/* 42501 for the first that `role` lacks. */
MUST_CHECK bool privileges_check(const struct catalog *catalog, const struct privilege_needs *needs,
                                 uint32_t role, struct err *err);
/* One table, without columns: LOCK TABLE and the like; any of `privileges` will do. */
MUST_CHECK bool privilege_check_any(const struct catalog *catalog, const struct relation *relation,
                                    uint32_t role, uint16_t privileges, struct err *err);

#endif
