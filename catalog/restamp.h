/* restamp.h - texts kept in the catalog name other objects: when one is renamed or moved, the texts that name it are written anew.
 *
 * Before the change restamp_collect() reads the texts into trees; after it restamp_apply() prints them with the new names. */
#ifndef SHARDLITE_CATALOG_RESTAMP_H
#define SHARDLITE_CATALOG_RESTAMP_H

#include "catalog/ddl_int.h"

struct restamp;
/* `changed` NULL: everything.  Texts of a relation's own columns count as naming the relation.  NULL with error when a text cannot be read. */
struct restamp *restamp_collect(struct ddl *d, const struct object_address *changed);
MUST_CHECK bool restamp_apply(struct ddl *d, struct restamp *restamp);
/* The query of a view among the collected ones, to be changed before restamp_apply(); NULL: not there. */
struct query *restamp_query(struct restamp *restamp, uint32_t view_oid);

#endif
