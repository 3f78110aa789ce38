/* database.c - see database.h.
 *
 * `databases` holds every database that was opened, by OID, under one gate; a database's current catalog has a mutex of its own.  A
 * database is opened (its catalog read) by the first session that asks, while others wait at the gate. */
#include "catalog/database.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "catalog/edit.h"
#include "catalog/gate.h"
#include "catalog/store.h"

struct database {
    struct databases *all;
    struct database_files *files;
    uint32_t oid;
    char *name;
    uint32_t n_users; /* atomic; grows under all->gate only */
    struct oid_source oids;
    pthread_mutex_t mutex;
    struct catalog *current; /* under mutex */
    uint64_t version;        /* of `current`; atomic */
};

struct databases {
    struct cluster *cluster;
    struct gate gate;
    struct imap *open; /* by OID */
};

struct databases *databases_new(struct cluster *cluster)
{
    struct databases *databases = calloc(1, sizeof(*databases));
    ASSERT(databases != NULL);
    databases->cluster = cluster;
    databases->open = imap_new();
    gate_init(&databases->gate);
    return databases;
}

static void database_free(struct database *database)
{
    if (!database)
        return;
    catalog_unref(database->current);
    pthread_mutex_destroy(&database->mutex);
    free(database->name);
    free(database);
}

void databases_free(struct databases *databases)
{
    if (!databases)
        return;
    size_t at = 0;
    uint64_t oid;
    void *database;
    while (imap_next(databases->open, &at, &oid, &database))
        database_free(database);
    imap_free(databases->open);
    gate_destroy(&databases->gate);
    free(databases);
}

struct cluster *databases_cluster(struct databases *databases)
{
    return databases->cluster;
}

static struct database *open_database(struct databases *databases,
                                      const struct cluster_database *row, struct err *err)
{
    struct database_files *files =
        storage_database(cluster_storage(databases->cluster), row->directory);
    if (!files) {
        err_set(err, ERR_UNDEFINED_DATABASE, "database \"%s\" does not exist", row->name);
        err_detail(err, "The database subdirectory \"%s\" is missing.", row->directory);
        return NULL;
    }
    struct database *database = calloc(1, sizeof(*database));
    ASSERT(database != NULL);
    database->all = databases;
    database->files = files;
    database->oid = row->oid;
    database->name = strdup(row->name);
    database->oids.next = FIRST_USER_OID;
    pthread_mutex_init(&database->mutex, NULL);
    database->current = catalog_new(row->name, row->oid, (uint16_t)database_n_shards(files),
                                    &database->oids, databases->cluster);
    if (!catalog_load(cluster_storage(databases->cluster), files, database->current, err)) {
        database_free(database);
        return NULL;
    }
    database->version = catalog_version(database->current);
    return database;
}

static bool may_connect(const struct cluster_database *row, const char *name, struct err *err)
{
    if (!row)
        return err_set(err, ERR_UNDEFINED_DATABASE, "database \"%s\" does not exist", name);
    if (!row->allow_connections || row->no_files)
        return err_set(err, ERR_OBJECT_NOT_IN_PREREQUISITE_STATE,
                       "database \"%s\" is not currently accepting connections", name);
    return true;
}

struct database *database_acquire(struct databases *databases, const char *name, struct err *err)
{
    gate_lock(&databases->gate);
    const struct cluster_database *row = cluster_database_by_name(databases->cluster, name);
    struct database *database = NULL;
    if (may_connect(row, name, err)) {
        database = imap_get(databases->open, row->oid);
        if (!database && (database = open_database(databases, row, err)))
            imap_put(databases->open, row->oid, database);
        if (database)
            __atomic_add_fetch(&database->n_users, 1, __ATOMIC_ACQ_REL);
    }
    gate_unlock(&databases->gate);
    return database;
}

void database_release(struct database *database)
{
    if (!database)
        return;
    ASSERT(__atomic_fetch_sub(&database->n_users, 1, __ATOMIC_ACQ_REL) > 0);
}

struct database_files *database_files_of(const struct database *database)
{
    return database->files;
}

uint32_t database_oid(const struct database *database)
{
    return database->oid;
}

const char *database_name_of(const struct database *database)
{
    const struct cluster_database *row =
        cluster_database_by_oid(database->all->cluster, database->oid);
    return row ? row->name : database->name;
}

uint32_t database_n_users(const struct database *database)
{
    return __atomic_load_n(&database->n_users, __ATOMIC_ACQUIRE);
}

struct databases *database_all(const struct database *database)
{
    return database->all;
}

/* ---- the current version ---- */

struct catalog *database_catalog(struct database *database)
{
    pthread_mutex_lock(&database->mutex);
    struct catalog *catalog = catalog_ref(database->current);
    pthread_mutex_unlock(&database->mutex);
    return catalog;
}

uint64_t database_catalog_version(const struct database *database)
{
    return __atomic_load_n(&database->version, __ATOMIC_ACQUIRE);
}

void database_publish(struct database *database, struct catalog *catalog)
{
    if (!catalog_has_shared_changes(catalog))
        return;
    cluster_publish(database->all->cluster, catalog);
    struct catalog *next = catalog_without_temp(catalog);
    catalog_settle(next);
    pthread_mutex_lock(&database->mutex);
    struct catalog *before = database->current;
    database->current = next;
    __atomic_store_n(&database->version, catalog_version(next), __ATOMIC_RELEASE);
    pthread_mutex_unlock(&database->mutex);
    catalog_unref(before);
}

/* ---- creating and dropping ---- */

bool databases_create(struct databases *databases, const struct cluster_database *settings,
                      struct err *err)
{
    gate_lock(&databases->gate);
    bool ok =
        !cluster_database_by_name(databases->cluster, settings->name) ||
        err_set(err, ERR_DUPLICATE_DATABASE, "database \"%s\" already exists", settings->name);
    ok = ok && cluster_create_database(databases->cluster, settings,
                                       cluster_default_shards(databases->cluster), err);
    gate_unlock(&databases->gate);
    return ok;
}

static bool in_use(const struct database *database, const char *name, struct err *err)
{
    uint32_t n = database ? database_n_users(database) : 0;
    if (!n)
        return false;
    err_set(err, ERR_OBJECT_IN_USE, "database \"%s\" is being accessed by other users", name);
    err_detail(err,
               n == 1 ? "There is %u other session using the database."
                      : "There are %u other sessions using the database.",
               n);
    return true;
}

static bool drop_locked(struct databases *databases, const char *name, struct err *err)
{
    const struct cluster_database *row = cluster_database_by_name(databases->cluster, name);
    if (!row)
        return err_set(err, ERR_UNDEFINED_DATABASE, "database \"%s\" does not exist", name);
    if (row->is_template)
        return err_set(err, ERR_WRONG_OBJECT_TYPE, "cannot drop a template database");
    struct database *database = imap_get(databases->open, row->oid);
    if (in_use(database, name, err))
        return false;
    uint32_t oid = row->oid;
    if (database) {
        imap_remove(databases->open, oid);
        database_free(database);
    }
    return cluster_drop_database(databases->cluster, oid, err);
}

bool databases_drop(struct databases *databases, const char *name, struct err *err)
{
    gate_lock(&databases->gate);
    bool ok = drop_locked(databases, name, err);
    gate_unlock(&databases->gate);
    return ok;
}
