/* ddl_dependents.h - the edges that DROP follows. */
#ifndef SHARDLITE_CATALOG_DDL_DEPENDENTS_H
#define SHARDLITE_CATALOG_DDL_DEPENDENTS_H

#include "catalog/ddl_int.h"

struct edge {
    struct object_address dependent;
    bool automatic; /* goes silently */
};
struct edges {
    struct edge *items;
    size_t n, cap;
};
/* Everything that directly depends on the object, in no order, maybe some twice. */
void find_dependents(struct ddl *d, const struct object_address *on, struct edges *out);

#endif
