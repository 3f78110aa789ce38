/* format_type.h - the SQL name of a type, as PostgreSQL prints it. */
#ifndef SHARDLITE_SQL_FORMAT_TYPE_H
#define SHARDLITE_SQL_FORMAT_TYPE_H

#include "catalog/catalog.h"

/* "character varying(10)", "timestamp with time zone", "integer[]", "myschema.mytype".  Names outside pg_catalog are qualified
 * unless `path` sees them (NULL: always qualified).  `with_typmod` says that -1 is known to be the modifier: char and bit
 * without length are then "bpchar" and "\"bit\"", which mean something else than "character" and "bit". */
void format_type(const struct catalog *catalog, const struct search_path *path,
                 const struct type *type, int32_t typmod, bool with_typmod, struct buf *out);
/* As in error messages: no modifier. */
const char *format_type_name(struct arena *arena, const struct catalog *catalog,
                             const struct search_path *path, const struct type *type);
/* Appends an identifier, in double quotes when it needs them (it is no plain lower-case name, or a keyword). */
void quote_ident(struct buf *out, const char *name);
/* The name with quotes where needed, in `arena`. */
const char *quoted_ident(struct arena *arena, const char *name);
/* Appends a string literal: quotes doubled, E'' when it has backslashes. */
void quote_literal(struct buf *out, const char *text, size_t n);

#endif
