/* database.h - an open database: its files and the catalog version that new statements see.
 *
 * Opened once a process and kept open; safe from any thread.  Publishing a version is a pointer swap under a mutex. */
#ifndef SHARDLITE_CATALOG_DATABASE_H
#define SHARDLITE_CATALOG_DATABASE_H

#include "catalog/catalog.h"
#include "catalog/cluster.h"

struct database;
struct databases; /* all open ones of a cluster */

struct databases *databases_new(struct cluster *cluster);
void databases_free(struct databases *databases); /* closes all; no session may be using one */
struct cluster *databases_cluster(struct databases *databases);

/* The database by name, opened at first use.  3D000 if there is none; counts a user until database_release(). */
struct database *database_acquire(struct databases *databases, const char *name, struct err *err);
void database_release(struct database *database);
struct database_files *database_files_of(const struct database *database);
uint32_t database_oid(const struct database *database);
const char *database_name_of(const struct database *database);
/* Sessions connected now, for pg_stat_database and DROP DATABASE. */
uint32_t database_n_users(const struct database *database);
struct databases *database_all(const struct database *database);

/* The current version, with a reference for the caller. */
struct catalog *database_catalog(struct database *database);
uint64_t database_catalog_version(const struct database *database); /* cheap: has it changed? */
/* Makes a transaction's private catalog the current one: settles names in the files, leaves out temporary objects.  Called by
 * txn_on_publish's hook, inside the gate.  Does not take the reference. */
void database_publish(struct database *database, struct catalog *catalog);

/* CREATE, DROP, ALTER DATABASE RENAME outside a transaction. */
MUST_CHECK bool databases_create(struct databases *databases,
                                 const struct cluster_database *settings, struct err *err);
MUST_CHECK bool databases_drop(struct databases *databases, const char *name,
                               struct err *err); /* 55006 while others use it */

#endif
