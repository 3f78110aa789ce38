/* store.h - a catalog in catalog.db: one row an object, its definition as JSON that a person can read. */
#ifndef SHARDLITE_CATALOG_STORE_H
#define SHARDLITE_CATALOG_STORE_H

#include "catalog/edit.h"
#include "txn/txn.h"

/* What a DDL statement changed in `fork`, as row operations of the transaction.  Names in the files are written as they will be after
 * the commit. */
MUST_CHECK bool catalog_store_changes(struct txn *txn, const struct catalog *fork, struct err *err);

/* Creates catalog.db's tables in a new database and reads the objects of an old one into the empty `catalog`; advances its OID source. */
MUST_CHECK bool catalog_load(struct storage *storage, struct database_files *files,
                             struct catalog *catalog, struct err *err);

/* The JSON of one object and back; shared with the cluster's store. */
struct json;
struct json_out;
void store_write_acl(struct json_out *out, const char *key, const struct acl *acl);
const struct acl *store_read_acl(struct arena *arena, const struct json *object, const char *key);
void store_write_object(struct json_out *out, const struct object *object);
/* Fills object's body; NULL with err on a malformed definition. */
struct object *store_read_object(struct arena *scratch, uint32_t oid, const char *class_name,
                                 const char *schema, const char *name, const char *definition,
                                 struct err *err);

#endif
