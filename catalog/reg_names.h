/* reg_names.h - start-up of the catalog's SQL side: names of regclass and its kin, and the functions over the catalog. */
#ifndef SHARDLITE_CATALOG_REG_NAMES_H
#define SHARDLITE_CATALOG_REG_NAMES_H

#include "catalog/catalog.h"
#include "func/func.h"

/* Once, before any thread starts. */
void catalog_install(void);

extern const struct func_entry *const catalog_func_tables[]; /* ended by NULL */

/* A dotted name with quotes, as in 'a."B".c'::regclass: up to 3 parts, folded to lower case outside of quotes.  False: bad syntax. */
bool name_parts(struct arena *arena, const char *text, size_t n, const char **parts, int *n_parts);
/* A type's name in SQL, "character varying(10)[]": errors 42601, 42704. */
MUST_CHECK bool parse_type_text(const struct type_io *io, const char *text, size_t n, uint32_t *oid,
                                int32_t *typmod);
/* An unqualified call with its argument types would find this function. */
bool function_is_visible(const struct catalog *catalog, struct arena *arena,
                         const struct search_path *path, const struct proc *proc);

#endif
