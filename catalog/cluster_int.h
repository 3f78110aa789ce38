/* cluster_int.h - shared by cluster.c and cluster_store.c. */
#ifndef SHARDLITE_CATALOG_CLUSTER_INT_H
#define SHARDLITE_CATALOG_CLUSTER_INT_H

#include <pthread.h>

#include "catalog/catalog_int.h"
#include "catalog/cluster.h"

struct shared_set { /* sorted by OID */
    struct object **items;
    size_t n, cap;
};

struct cluster {
    struct storage *storage;
    uint32_t n_shards;
    pthread_rwlock_t lock;
    struct shared_set roles, databases;
    struct shared_set graveyard; /* replaced and dropped ones: pointers to them are still about */
    uint32_t next_oid;           /* atomic */
};

/* Replaces or adds; object NULL removes.  Takes over the reference.  The lock is the caller's. */
void shared_set_put(struct cluster *cluster, struct shared_set *set, uint32_t oid,
                    struct object *object);
struct shared_set *cluster_set(struct cluster *cluster, enum object_kind kind);

/* cluster_store.c */
MUST_CHECK bool cluster_load(struct cluster *cluster, struct err *err);
struct op shared_op(struct arena *arena, enum object_kind kind, uint32_t oid,
                    const struct object *object);
struct object *database_object_new(uint32_t oid, const char *name, const char *directory,
                                   uint32_t owner_oid);

#endif
