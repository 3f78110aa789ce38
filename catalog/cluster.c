/* cluster.c - roles and databases: the committed sets, and the view of them through a fork.
 *
 * The sets are sorted arrays under a read-write lock; what they hold is immutable.  What is replaced moves to a graveyard that lives as
 * long as the cluster, so nobody has to count references for a look at a role; changes of roles are rare. */
#include "catalog/cluster.h"

#include <stdlib.h>
#include <string.h>

#include "catalog/cluster_int.h"

/* ---- sets ---- */

static size_t set_lower_bound(const struct shared_set *set, uint32_t oid)
{
    size_t low = 0, high = set->n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (set->items[middle]->oid < oid)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void set_insert(struct shared_set *set, size_t at, struct object *object)
{
    if (set->n == set->cap) {
        set->cap = set->cap ? set->cap * 2 : 32;
        set->items = realloc(set->items, set->cap * sizeof(*set->items));
        ASSERT(set->items != NULL);
    }
    memmove(set->items + at + 1, set->items + at, (set->n - at) * sizeof(*set->items));
    set->items[at] = object;
    set->n++;
}

static void set_free(struct shared_set *set)
{
    for (size_t k = 0; k < set->n; k++)
        object_unref(set->items[k]);
    free(set->items);
}

struct shared_set *cluster_set(struct cluster *cluster, enum object_kind kind)
{
    return kind == OBJ_ROLE ? &cluster->roles : &cluster->databases;
}

void shared_set_put(struct cluster *cluster, struct shared_set *set, uint32_t oid,
                    struct object *object)
{
    size_t at = set_lower_bound(set, oid);
    bool found = at < set->n && set->items[at]->oid == oid;
    if (found)
        set_insert(&cluster->graveyard, cluster->graveyard.n, set->items[at]);
    if (found && object) {
        set->items[at] = object;
    } else if (found) {
        memmove(set->items + at, set->items + at + 1, (set->n - at - 1) * sizeof(*set->items));
        set->n--;
    } else if (object) {
        set_insert(set, at, object);
    }
}

static const char *shared_name(const struct object *object)
{
    return object->kind == OBJ_ROLE ? ((const struct role *)object->body)->name
                                    : ((const struct cluster_database *)object->body)->name;
}

static struct object *set_find(struct cluster *cluster, enum object_kind kind, uint32_t oid)
{
    pthread_rwlock_rdlock(&cluster->lock);
    const struct shared_set *set = cluster_set(cluster, kind);
    size_t at = set_lower_bound(set, oid);
    struct object *found = at < set->n && set->items[at]->oid == oid ? set->items[at] : NULL;
    pthread_rwlock_unlock(&cluster->lock);
    return found;
}

static struct object *set_find_name(struct cluster *cluster, enum object_kind kind,
                                    const char *name)
{
    struct object *found = NULL;
    pthread_rwlock_rdlock(&cluster->lock);
    const struct shared_set *set = cluster_set(cluster, kind);
    for (size_t k = 0; k < set->n && !found; k++)
        if (strcmp(shared_name(set->items[k]), name) == 0)
            found = set->items[k];
    pthread_rwlock_unlock(&cluster->lock);
    return found;
}

static const void *body_or_null(const struct object *object)
{
    return object ? object->body : NULL;
}

/* ---- the cluster ---- */

struct cluster *cluster_open(struct storage *storage, uint32_t n_shards, struct err *err)
{
    struct cluster *cluster = calloc(1, sizeof(*cluster));
    ASSERT(cluster != NULL);
    cluster->storage = storage;
    cluster->n_shards = n_shards;
    cluster->next_oid = FIRST_USER_OID;
    pthread_rwlock_init(&cluster->lock, NULL);
    if (!cluster_load(cluster, err)) {
        cluster_close(cluster);
        return NULL;
    }
    return cluster;
}

void cluster_close(struct cluster *cluster)
{
    if (!cluster)
        return;
    set_free(&cluster->roles);
    set_free(&cluster->databases);
    set_free(&cluster->graveyard);
    pthread_rwlock_destroy(&cluster->lock);
    free(cluster);
}

struct storage *cluster_storage(struct cluster *cluster)
{
    return cluster->storage;
}

uint32_t cluster_default_shards(struct cluster *cluster)
{
    return cluster->n_shards;
}

const struct role *cluster_role(struct cluster *cluster, uint32_t oid)
{
    return body_or_null(set_find(cluster, OBJ_ROLE, oid));
}

const struct role *cluster_role_by_name(struct cluster *cluster, const char *name)
{
    return body_or_null(set_find_name(cluster, OBJ_ROLE, name));
}

const struct cluster_database *cluster_database_by_oid(struct cluster *cluster, uint32_t oid)
{
    return body_or_null(set_find(cluster, OBJ_DATABASE, oid));
}

const struct cluster_database *cluster_database_by_name(struct cluster *cluster, const char *name)
{
    return body_or_null(set_find_name(cluster, OBJ_DATABASE, name));
}

static size_t set_bodies(struct cluster *cluster, enum object_kind kind, struct arena *arena,
                         const void ***list)
{
    pthread_rwlock_rdlock(&cluster->lock);
    const struct shared_set *set = cluster_set(cluster, kind);
    size_t n = set->n;
    *list = ARENA_ARRAY(arena, const void *, n + 1);
    for (size_t k = 0; k < n; k++)
        (*list)[k] = set->items[k]->body;
    pthread_rwlock_unlock(&cluster->lock);
    return n;
}

size_t cluster_roles(struct cluster *cluster, struct arena *arena, const struct role *const **list)
{
    const void **bodies;
    size_t n = set_bodies(cluster, OBJ_ROLE, arena, &bodies);
    *list = (const struct role *const *)bodies;
    return n;
}

size_t cluster_databases(struct cluster *cluster, struct arena *arena,
                         const struct cluster_database *const **list)
{
    const void **bodies;
    size_t n = set_bodies(cluster, OBJ_DATABASE, arena, &bodies);
    *list = (const struct cluster_database *const *)bodies;
    return n;
}

/* ---- through a catalog version ---- */

struct cluster *catalog_cluster(const struct catalog *catalog)
{
    return catalog->cluster;
}

static const struct shared_change *change_of(const struct catalog *catalog, enum object_kind kind,
                                             uint32_t oid)
{
    for (size_t k = 0; k < catalog->shared.n; k++)
        if (catalog->shared.items[k].kind == kind && catalog->shared.items[k].oid == oid)
            return &catalog->shared.items[k];
    return NULL;
}

static const struct object *view_find(const struct catalog *catalog, enum object_kind kind,
                                      uint32_t oid)
{
    const struct shared_change *change = change_of(catalog, kind, oid);
    if (change)
        return change->object;
    return catalog->cluster ? set_find(catalog->cluster, kind, oid) : NULL;
}

static const struct object *view_find_name(const struct catalog *catalog, enum object_kind kind,
                                           const char *name)
{
    for (size_t k = 0; k < catalog->shared.n; k++) {
        const struct shared_change *change = &catalog->shared.items[k];
        if (change->kind == kind && change->object &&
            strcmp(shared_name(change->object), name) == 0)
            return change->object;
    }
    const struct object *found =
        catalog->cluster ? set_find_name(catalog->cluster, kind, name) : NULL;
    return found && !change_of(catalog, kind, found->oid) ? found : NULL;
}

static int by_oid(const void *a, const void *b)
{
    uint32_t x = **(const uint32_t *const *)a, y = **(const uint32_t *const *)b;
    return (x > y) - (x < y);
}

static size_t view_bodies(const struct catalog *catalog, enum object_kind kind, struct arena *arena,
                          const void ***list)
{
    const void **committed = NULL;
    size_t n_committed =
               catalog->cluster ? set_bodies(catalog->cluster, kind, arena, &committed) : 0,
           n = 0;
    const void **bodies = ARENA_ARRAY(arena, const void *, n_committed + catalog->shared.n + 1);
    for (size_t k = 0; k < n_committed; k++)
        if (!change_of(catalog, kind, *(const uint32_t *)committed[k]))
            bodies[n++] = committed[k];
    for (size_t k = 0; k < catalog->shared.n; k++)
        if (catalog->shared.items[k].kind == kind && catalog->shared.items[k].object)
            bodies[n++] = catalog->shared.items[k].object->body;
    qsort(bodies, n, sizeof(*bodies), by_oid);
    *list = bodies;
    return n;
}

const struct role *catalog_role(const struct catalog *catalog, uint32_t oid)
{
    return body_or_null(view_find(catalog, OBJ_ROLE, oid));
}

const struct role *catalog_role_by_name(const struct catalog *catalog, const char *name)
{
    return body_or_null(view_find_name(catalog, OBJ_ROLE, name));
}

const struct cluster_database *catalog_cluster_database(const struct catalog *catalog,
                                                        const char *name)
{
    return body_or_null(view_find_name(catalog, OBJ_DATABASE, name));
}

size_t catalog_roles(const struct catalog *catalog, struct arena *arena,
                     const struct role *const **list)
{
    const void **bodies;
    size_t n = view_bodies(catalog, OBJ_ROLE, arena, &bodies);
    *list = (const struct role *const *)bodies;
    return n;
}

size_t catalog_databases(const struct catalog *catalog, struct arena *arena,
                         const struct cluster_database *const **list)
{
    const void **bodies;
    size_t n = view_bodies(catalog, OBJ_DATABASE, arena, &bodies);
    *list = (const struct cluster_database *const *)bodies;
    return n;
}

static bool is_member(const struct catalog *catalog, uint32_t member, uint32_t role,
                      bool inherit_only, int depth)
{
    if (member == role)
        return true;
    const struct role *start = catalog_role(catalog, member);
    if (!start || depth > 32 || (inherit_only && !start->inherit))
        return false;
    for (uint16_t k = 0; k < start->n_memberships; k++)
        if (is_member(catalog, start->memberships[k].role_oid, role, inherit_only, depth + 1))
            return true;
    return false;
}

bool role_is_member(const struct catalog *catalog, uint32_t member, uint32_t role,
                    bool inherit_only)
{
    if (role == ROLE_DATABASE_OWNER && catalog->cluster) {
        const struct cluster_database *database =
            cluster_database_by_oid(catalog->cluster, catalog->database_oid);
        if (database && is_member(catalog, member, database->owner_oid, inherit_only, 0))
            return true;
    }
    return is_member(catalog, member, role, inherit_only, 0);
}

bool role_is_superuser(const struct catalog *catalog, uint32_t oid)
{
    const struct role *role = catalog_role(catalog, oid);
    return role && role->super;
}

/* ---- changes ---- */

static struct shared_change *note(struct catalog *fork, enum object_kind kind, uint32_t oid,
                                  struct object *object)
{
    fork->shared_changes = true;
    for (size_t k = 0; k < fork->shared.n; k++) {
        struct shared_change *change = &fork->shared.items[k];
        if (change->kind != kind || change->oid != oid)
            continue;
        if (change->object && change->object != object)
            object_unref(change->object);
        change->object = object;
        change->noted = true;
        return change;
    }
    struct shared_change change = {.kind = kind, .oid = oid, .object = object, .noted = true};
    VEC_PUSH(fork->arena, &fork->shared, change);
    return &fork->shared.items[fork->shared.n - 1];
}

static struct object *edit_shared(struct catalog *fork, enum object_kind kind, uint32_t oid)
{
    struct object *object = (struct object *)view_find(fork, kind, oid);
    if (!object)
        return NULL;
    if (object->maker != fork->version) {
        object = object_copy(object);
        object->maker = fork->version;
    }
    note(fork, kind, oid, object);
    return object;
}

struct role *catalog_edit_role(struct catalog *fork, uint32_t oid)
{
    struct object *object = edit_shared(fork, OBJ_ROLE, oid);
    return object ? object->body : NULL;
}

struct cluster_database *catalog_edit_database(struct catalog *fork, uint32_t oid)
{
    struct object *object = edit_shared(fork, OBJ_DATABASE, oid);
    return object ? object->body : NULL;
}

struct role *catalog_add_role(struct catalog *fork, const char *name)
{
    ASSERT(fork->cluster != NULL);
    uint32_t oid = __atomic_fetch_add(&fork->cluster->next_oid, 1, __ATOMIC_RELAXED);
    struct object *object = object_new(OBJ_ROLE, oid);
    struct role *role = object->body;
    object->maker = fork->version;
    role->name = arena_strdup(object->arena, name);
    role->inherit = true;
    role->connection_limit = -1;
    note(fork, OBJ_ROLE, oid, object);
    return role;
}

void catalog_drop_role(struct catalog *fork, uint32_t oid)
{
    note(fork, OBJ_ROLE, oid, NULL);
}

struct arena *catalog_shared_arena(struct catalog *fork, uint32_t oid)
{
    for (size_t k = 0; k < fork->shared.n; k++)
        if (fork->shared.items[k].oid == oid && fork->shared.items[k].object)
            return fork->shared.items[k].object->arena;
    return NULL;
}

bool cluster_store_changes(struct txn *txn, const struct catalog *fork, struct err *err)
{
    struct arena *arena = NULL;
    bool ok = true;
    for (size_t k = 0; k < fork->shared.n && ok; k++) {
        const struct shared_change *change = &fork->shared.items[k];
        if (!change->noted)
            continue;
        if (!arena)
            arena = arena_new("role changes");
        struct op op = shared_op(arena, change->kind, change->oid, change->object);
        ok = txn_add_op(txn, &op, err);
    }
    arena_free(arena);
    return ok;
}

void cluster_publish(struct cluster *cluster, const struct catalog *fork)
{
    if (!fork->shared.n)
        return;
    pthread_rwlock_wrlock(&cluster->lock);
    for (size_t k = 0; k < fork->shared.n; k++) {
        const struct shared_change *change = &fork->shared.items[k];
        if (change->object)
            __atomic_add_fetch(&change->object->refs, 1, __ATOMIC_RELAXED);
        shared_set_put(cluster, cluster_set(cluster, change->kind), change->oid, change->object);
    }
    pthread_rwlock_unlock(&cluster->lock);
}

/* ---- databases ---- */

bool cluster_create_database(struct cluster *cluster, const struct cluster_database *database,
                             uint32_t n_shards, struct err *err)
{
    if (!storage_create_database(cluster->storage, database->directory, n_shards, err))
        return false;
    struct arena *arena = arena_new("create database");
    uint32_t oid =
        database->oid ? database->oid : __atomic_fetch_add(&cluster->next_oid, 1, __ATOMIC_RELAXED);
    struct object *object =
        database_object_new(oid, database->name, database->directory, database->owner_oid);
    struct cluster_database *body = object->body;
    body->is_template = database->is_template;
    body->allow_connections = database->allow_connections;
    body->connection_limit = database->connection_limit;
    struct op op = shared_op(arena, OBJ_DATABASE, oid, object);
    struct commit commit = {.ops = &op, .n_ops = 1};
    bool ok = storage_commit(cluster->storage, &commit, err);
    arena_free(arena);
    if (!ok) {
        object_unref(object);
        return false;
    }
    pthread_rwlock_wrlock(&cluster->lock);
    shared_set_put(cluster, &cluster->databases, oid, object);
    pthread_rwlock_unlock(&cluster->lock);
    return true;
}

bool cluster_drop_database(struct cluster *cluster, uint32_t oid, struct err *err)
{
    const struct cluster_database *database = cluster_database_by_oid(cluster, oid);
    ASSERT(database != NULL);
    struct arena *arena = arena_new("drop database");
    struct op op = shared_op(arena, OBJ_DATABASE, oid, NULL);
    struct commit commit = {.ops = &op, .n_ops = 1};
    bool ok = storage_commit(cluster->storage, &commit, err);
    arena_free(arena);
    if (!ok)
        return false;
    const char *directory = database->directory;
    pthread_rwlock_wrlock(&cluster->lock);
    shared_set_put(cluster, &cluster->databases, oid, NULL);
    pthread_rwlock_unlock(&cluster->lock);
    return storage_drop_database(cluster->storage, directory, err);
}
