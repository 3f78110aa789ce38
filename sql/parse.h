/* parse.h - the raw parse tree: what sql/ itself and those who run utility statements need beside analyze.h. */
#ifndef SHARDLITE_SQL_PARSE_H
#define SHARDLITE_SQL_PARSE_H

#include "sql/pgnodes.h"

#include "sql/analyze.h"

/* False (XX000) if the installed libpg_query builds other trees than our headers describe.  Call at start-up. */
MUST_CHECK bool sql_parse_check(struct err *err);
/* The command tag of a raw statement, without counts: "SELECT", "CREATE TABLE".  Static text. */
const char *sql_statement_tag(const void *node);
/* The 1-based character that the byte offset `location` stands for; 0 if `text` is NULL or the location unknown (negative). */
int sql_position(const char *text, int location);

#endif
