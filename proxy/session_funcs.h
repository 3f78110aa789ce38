/* session_funcs.h - SQL functions that look at or change the session, its transaction, or other sessions. */
#ifndef SHARDLITE_PROXY_SESSION_FUNCS_H
#define SHARDLITE_PROXY_SESSION_FUNCS_H

#include "func/func.h"

extern FUNC_TABLE(sequence_funcs);
extern FUNC_TABLE(session_funcs);
extern FUNC_TABLE(lock_funcs);
extern FUNC_TABLE(xact_funcs);
extern FUNC_TABLE(backend_funcs);
extern FUNC_TABLE(distribution_funcs);
extern const struct func_entry *const proxy_func_tables[]; /* ended by NULL */

/* Rows of pg_settings, pg_stat_activity, pg_locks, pg_cursors, pg_prepared_statements, pg_prepared_xacts. */
void session_relations_install(void);

#endif
