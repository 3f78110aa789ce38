/* system_acl.h - what the system's own relations grant. */
#ifndef SHARDLITE_CATALOG_SYSTEM_ACL_H
#define SHARDLITE_CATALOG_SYSTEM_ACL_H

#include "catalog/catalog.h"

/* Any thread; lasts forever.  NULL: what an object without an ACL grants. */
const struct acl *system_relation_acl(const struct relation *relation);
const struct acl *system_column_acl(const struct relation *relation, const struct column *column);
/* What the namespaces of the system, and public, grant from the start. */
const struct acl *system_namespace_acl(uint32_t namespace_oid);

#endif
