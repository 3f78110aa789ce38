/* sqlbox.h - a data directory of its own and SQL on it without a server: parsed, analysed, planned and run in this process, each
 * statement in a transaction of its own. */
#ifndef TESTS_EXEC_SQLBOX_H
#define TESTS_EXEC_SQLBOX_H

#include "base/arena.h"

struct sqlbox;

/* `memory_bytes` is what one statement may hold before it spills; 0: as the server has it.  The last box opened decides for all. */
struct sqlbox *sqlbox_open(uint32_t n_shards, size_t memory_bytes);
void sqlbox_close(struct sqlbox *box);
/* Columns with '|' between them, NULL as "~", a line a row; "ERROR <sqlstate> <message>"; "" for statements without rows.  In `arena`. */
const char *sqlbox_run(struct sqlbox *box, struct arena *arena, const char *sql);
/* Has any statement so far written to a temporary file? */
bool sqlbox_spilled(const struct sqlbox *box);
/* EXPLAIN's lines of a statement. */
const char *sqlbox_explain(struct sqlbox *box, struct arena *arena, const char *sql);

#endif
