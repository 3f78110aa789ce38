/* copy_options.h - the WITH list of COPY, checked as PostgreSQL checks it. */
#ifndef SHARDLITE_PROXY_COPY_OPTIONS_H
#define SHARDLITE_PROXY_COPY_OPTIONS_H

#include "pgwire/copy.h"

/* Lists of column names, as written; settled once the columns are known. */
struct copy_force {
    bool all; /* FORCE_QUOTE * */
    const char *const *names;
    size_t n;
};
struct copy_spec {
    struct copy_options options;
    struct copy_force quote, not_null, null;
};
/* `list`: List of DefElem, of a statement in `text` (error positions). */
MUST_CHECK bool copy_spec_read(struct arena *arena, const void *list, const char *text,
                               bool is_from, struct copy_spec *spec, struct err *err);
/* Fills options' columns and per-column flags. */
MUST_CHECK bool copy_spec_settle(struct arena *arena, struct copy_spec *spec,
                                 const char *const *names, uint16_t n, struct err *err);

#endif
