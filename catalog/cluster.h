/* cluster.h - what all databases share: roles, memberships, the list of databases, their settings.
 *
 * One `cluster` a process, kept in shardlite.db.  Roles and databases are immutable objects that are replaced as a whole; pointers handed out
 * stay good until cluster_close().  A transaction's changes live in its catalog fork (catalog_edit_role() and so on), are seen through that
 * fork only, and reach the cluster when the fork is published.  Every call may come from any thread. */
#ifndef SHARDLITE_CATALOG_CLUSTER_H
#define SHARDLITE_CATALOG_CLUSTER_H

#include "catalog/edit.h"
#include "txn/txn.h"

#define ROLE_DATABASE_OWNER 6171u
#define DATABASE_TEMPLATE1 1u
#define DATABASE_TEMPLATE0 4u
#define DATABASE_POSTGRES 5u

struct membership {
    uint32_t role_oid, grantor_oid;
    bool admin;
};
struct role_setting {                /* ALTER ROLE|DATABASE ... SET: one name=value */
    uint32_t database_oid, role_oid; /* 0: all */
    const char *text;
};
struct role {
    uint32_t oid;
    const char *name;
    bool super, inherit, create_role, create_db, login, replication, bypass_rls;
    int32_t connection_limit;
    const char *password; /* SCRAM-SHA-256 verifier, NULL: none */
    bool has_valid_until;
    int64_t valid_until; /* timestamptz */
    uint16_t n_memberships;
    const struct membership *memberships; /* the roles this one is a member of */
    uint16_t n_settings;
    const struct role_setting *settings;
    const char *comment;
    bool predefined; /* pg_...: not written */
};
struct cluster_database {
    uint32_t oid, owner_oid;
    const char *name;
    const char *directory; /* of its files; survives renaming */
    bool is_template, allow_connections;
    int32_t connection_limit;
    const struct acl *acl;
    uint16_t n_settings;
    const struct role_setting *settings; /* role_oid 0 */
    const char *comment;
    bool no_files; /* template0, template1: rows of pg_database only */
};

struct cluster;
/* Reads shardlite.db, or fills it at first start: superusers "postgres" and the operating system's user, database "postgres". */
struct cluster *cluster_open(struct storage *storage, uint32_t n_shards,
                             struct err *err); /* n_shards: of databases made from now on */
void cluster_close(struct cluster *cluster);
struct storage *cluster_storage(struct cluster *cluster);
uint32_t cluster_default_shards(struct cluster *cluster);

/* Committed state, for authentication and start-up. */
const struct role *cluster_role_by_name(struct cluster *cluster, const char *name);
const struct role *cluster_role(struct cluster *cluster, uint32_t oid);
const struct cluster_database *cluster_database_by_name(struct cluster *cluster, const char *name);
const struct cluster_database *cluster_database_by_oid(struct cluster *cluster, uint32_t oid);
/* Lists in OID order, in `arena`. */
size_t cluster_roles(struct cluster *cluster, struct arena *arena, const struct role *const **list);
size_t cluster_databases(struct cluster *cluster, struct arena *arena,
                         const struct cluster_database *const **list);

/* The same through a catalog version: with the changes of the transaction whose fork it is. */
const struct role *catalog_role(const struct catalog *catalog, uint32_t oid);
const struct role *catalog_role_by_name(const struct catalog *catalog, const char *name);
size_t catalog_roles(const struct catalog *catalog, struct arena *arena,
                     const struct role *const **list);
const struct cluster_database *catalog_cluster_database(const struct catalog *catalog,
                                                        const char *name);
size_t catalog_databases(const struct catalog *catalog, struct arena *arena,
                         const struct cluster_database *const **list);
struct cluster *catalog_cluster(const struct catalog *catalog);
/* Whether `member` has the privileges of `role`: the same, or a member through any chain.  `inherit_only`: through inheriting roles only. */
bool role_is_member(const struct catalog *catalog, uint32_t member, uint32_t role,
                    bool inherit_only);
bool role_is_superuser(const struct catalog *catalog, uint32_t oid);

/* Changes in a fork. */
struct role *catalog_edit_role(struct catalog *fork, uint32_t oid); /* NULL: none */
struct role *catalog_add_role(struct catalog *fork,
                              const char *name); /* the caller fills the rest */
void catalog_drop_role(struct catalog *fork, uint32_t oid);
struct cluster_database *catalog_edit_database(struct catalog *fork, uint32_t oid);
struct arena *catalog_shared_arena(struct catalog *fork,
                                   uint32_t oid); /* of a role or database being edited */

/* CREATE and DROP DATABASE take effect at once. */
MUST_CHECK bool cluster_create_database(struct cluster *cluster,
                                        const struct cluster_database *database, uint32_t n_shards,
                                        struct err *err);
MUST_CHECK bool cluster_drop_database(struct cluster *cluster, uint32_t oid, struct err *err);

/* For store.c and database.c: the fork's changes as row operations, and taking them over when they are committed. */
MUST_CHECK bool cluster_store_changes(struct txn *txn, const struct catalog *fork, struct err *err);
void cluster_publish(struct cluster *cluster, const struct catalog *fork);

#endif
