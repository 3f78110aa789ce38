/* edit.h - making the next version of a catalog.
 *
 * A fork starts with the same objects as its base (each is reference-counted).  catalog_edit_*() puts a private, mutable deep copy of one
 * object in the fork; catalog_add_*() and catalog_drop() change the set.  Links between objects (a relation's indexes, constraints and
 * referencing constraints, row types, columns' types) are kept right by these calls, so that any fork is consistent between two of
 * them.  A fork belongs to one transaction; once it is published or handed to txn_set_catalog() nobody edits it. */
#ifndef SHARDLITE_CATALOG_EDIT_H
#define SHARDLITE_CATALOG_EDIT_H

#include "catalog/catalog.h"

enum object_kind {
    OBJ_NAMESPACE,
    OBJ_TYPE,
    OBJ_RELATION,
    OBJ_INDEX,
    OBJ_CONSTRAINT,
    OBJ_PROC,
    OBJ_TRIGGER,
    OBJ_COMMENT,
    OBJ_EXTENSION,
    /* Of the cluster, never in a catalog's own set (cluster.h). */
    OBJ_ROLE,
    OBJ_DATABASE,
};
extern const char *const object_kind_names[]; /* "namespace" ... as kept in catalog.db */

/* Where OIDs come from: shared by all sessions of a database. */
struct oid_source {
    uint32_t next; /* atomic */
};

/* An empty catalog with schema public; `n_shards` slots are spread evenly. */
struct cluster;
struct catalog *catalog_new(const char *database, uint32_t database_oid, uint16_t n_shards,
                            struct oid_source *oids, struct cluster *cluster);
struct catalog *catalog_fork(const struct catalog *base);
uint32_t catalog_new_oid(struct catalog *fork);
struct oid_source *catalog_oid_source(const struct catalog *catalog);

/* Where a new object of the fork allocates what it points to; catalog_add_*() takes it over. */
struct object;
struct object *object_new(enum object_kind kind, uint32_t oid);
struct arena *object_arena(struct object *object);

/* Bodies are zeroed structs in the object's arena, filled by the caller.  Return the body. */
struct namespace *object_namespace(struct object *object);
struct type *object_type(struct object *object);
struct relation *object_relation(struct object *object);
struct index *object_index(struct object *object);
struct constraint *object_constraint(struct object *object);
struct proc *object_proc(struct object *object);
struct trigger *object_trigger(struct object *object);
struct comment *object_comment(struct object *object);
struct extension *object_extension(struct object *object);

/* A type that knows nothing but its OID, for columns read from disk before their types are: catalog_relink() resolves it. */
const struct type *type_stub(struct arena *arena, uint32_t oid);
/* Points every link between objects to this fork's own, by OID. */
void catalog_relink(struct catalog *fork);

/* Puts the object into the fork (steals it).  A type with array_oid gets its array type, too.  A relation with rowtype_oid gets its row type and, with `rowtype_array_oid`, the array
 * type of that; constraints and indexes and triggers are linked into their relations. */
void catalog_add(struct catalog *fork, struct object *object);
/* Also for catalog_add of relations: which OID the row type's array has (0: none). */
void object_set_rowtype_array(struct object *object, uint32_t array_oid);
uint32_t catalog_rowtype_array(const struct catalog *catalog, const struct relation *relation);

/* Mutable copy; NULL if there is no such object.  The pointer is good until the fork is handed on.  After changing names, call
 * catalog_renamed(); after changing columns of a relation or labels/attributes of a type, catalog_changed(). */
struct namespace *catalog_edit_namespace(struct catalog *fork, uint32_t oid);
struct type *catalog_edit_type(struct catalog *fork, uint32_t oid);
struct relation *catalog_edit_relation(struct catalog *fork, uint32_t oid);
struct index *catalog_edit_index(struct catalog *fork, uint32_t oid);
struct constraint *catalog_edit_constraint(struct catalog *fork, uint32_t oid);
struct proc *catalog_edit_proc(struct catalog *fork, uint32_t oid);
struct trigger *catalog_edit_trigger(struct catalog *fork, uint32_t oid);
/* The arena of a mutable object: what its fields may point to. */
struct arena *catalog_edit_arena(struct catalog *fork, uint32_t oid);
void catalog_renamed(struct catalog *fork, uint32_t oid);
void catalog_changed(struct catalog *fork, uint32_t oid);
void catalog_function_renamed(struct catalog *fork,
                              const char *old_name); /* after catalog_renamed() of a function */
/* Takes an object out, with its links, its comments, a relation's row type; its indexes, constraints and triggers are the caller's to drop before. */
void catalog_drop(struct catalog *fork, uint32_t oid);
/* NULL text removes the comment. */
void catalog_set_comment(struct catalog *fork, uint32_t class_oid, uint32_t object_oid, int16_t sub,
                         const char *text);
const struct extension *catalog_extension_by_name(const struct catalog *catalog, const char *name);

/* The kind and body of any user object. */
bool catalog_object(const struct catalog *catalog, uint32_t oid, enum object_kind *kind,
                    const void **body);

/* ---- what a statement changed, for store.h ---- */
struct catalog_change {
    uint32_t oid;
    bool temp; /* belongs to a temporary namespace: never written */
};
/* Objects added, edited or dropped since the fork was made, each once.  Row types are not listed. */
size_t catalog_changes(const struct catalog *fork, const struct catalog_change **changes);
bool catalog_has_shared_changes(
    const struct catalog
        *fork); /* in this fork or those it was forked from, up to the published one */
/* Names in the files as after the commit: stored_as = stored_next everywhere. */
void catalog_settle(struct catalog *fork);
/* A published base with the temporary objects of `from` added. */
struct catalog *catalog_with_temp(const struct catalog *base, const struct catalog *from);
/* `fork` without temporary objects. */
struct catalog *catalog_without_temp(const struct catalog *fork);
bool catalog_has_temp(const struct catalog *catalog);

/* Deep copies into an arena. */
const struct acl *acl_copy(struct arena *arena, const struct acl *acl);
const struct dependency *dependencies_copy(struct arena *arena, const struct dependency *list,
                                           uint16_t n);

#endif
