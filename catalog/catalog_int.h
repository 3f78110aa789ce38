/* catalog_int.h - the inside of a catalog version, for catalog.c and edit.c. */
#ifndef SHARDLITE_CATALOG_CATALOG_INT_H
#define SHARDLITE_CATALOG_CATALOG_INT_H

#include "base/map.h"
#include "catalog/builtin.h"
#include "catalog/edit.h"

struct object {
    uint32_t refs; /* atomic: how many catalogs hold it */
    enum object_kind kind;
    uint32_t oid;
    uint32_t rowtype_array_oid; /* relations */
    bool implicit;              /* row type and its array: made from the relation, never written */
    bool temp;
    uint64_t maker; /* version of the fork that may change it in place */
    uint8_t key_bytes;
    char key[80]; /* under which the names map has it (not functions) */
    struct arena *arena;
    void *body;
};

struct proc_list {
    const struct proc **items;
    size_t n;
};

/* A role or database that this fork changed, seen through it only.  `object` NULL: dropped. */
struct shared_change {
    enum object_kind kind;
    uint32_t oid;
    struct object *object;
    bool noted; /* in this fork, not in one it came from: store it */
};

struct catalog {
    uint32_t refs; /* atomic */
    uint64_t version;
    const char *database;
    uint32_t database_oid;
    uint16_t n_shards;
    bool shared_changes, has_temp;
    bool loading; /* changes come from disk: nothing to note */
    struct oid_source *oids;
    struct arena *arena;
    struct object **objects; /* by OID */
    size_t n_objects, cap_objects;
    struct map
        *names; /* kind letter, namespace, name -> struct object; 'P' name -> struct proc_list */
    VEC(struct catalog_change) changes;
    struct cluster *cluster; /* NULL in unit tests */
    VEC(struct shared_change) shared;
};

/* Letters of the name spaces: relations and indexes share one. */
#define NAMES_NAMESPACE 'N'
#define NAMES_TYPE 'T'
#define NAMES_RELATION 'R'
#define NAMES_PROC 'P'
#define NAMES_EXTENSION 'X'

#define NAME_KEY_BYTES 80
size_t catalog_name_key(char key[NAME_KEY_BYTES], char letter, uint32_t namespace_oid,
                        const char *name);
struct object *catalog_find(const struct catalog *catalog, uint32_t oid);
size_t catalog_lower_bound(const struct catalog *catalog, uint32_t oid);
void object_unref(struct object *object);
void catalog_forget_shared(
    struct catalog *catalog); /* drops the list of changed roles and databases */

/* copy.c: a deep copy of an object, with the same links to other objects. */
struct object *object_copy(const struct object *object);

#endif
