/* connection.c - see connection.h.
 *
 * The statement cache is a small hash table of SQL texts.  A text may be in it more than once, when its statement was busy
 * as it was asked for again (a self join scans one table twice).  Beyond CACHE_MAX the least recently used idle statement
 * is finalised.  SQLite re-prepares a cached statement by itself when the schema changed. */
#include "shard/connection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"

#define CACHE_MAX 128
#define BUSY_TIMEOUT_MS 10000

struct cached_statement {
    sqlite3_stmt *statement;
    struct cached_statement *next_in_bucket, *newer, *older;
    uint64_t hash;
    size_t n;
    bool busy;
    char sql[];
};

/* ---- errors ---- */

static const char *sqlstate_of(int rc)
{
    switch (rc & 0xff) {
    case SQLITE_FULL:
        return ERR_DISK_FULL;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return ERR_DATA_CORRUPTED;
    case SQLITE_NOMEM:
        return ERR_OUT_OF_MEMORY;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
        return ERR_OBJECT_IN_USE;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return ERR_IO_ERROR;
    case SQLITE_TOOBIG:
        return ERR_PROGRAM_LIMIT_EXCEEDED;
    case SQLITE_INTERRUPT:
        return ERR_QUERY_CANCELED;
    case SQLITE_CONSTRAINT:
        return ERR_INTEGRITY_CONSTRAINT_VIOLATION;
    default:
        return ERR_INTERNAL_ERROR;
    }
}

bool connection_error(struct connection *connection, int rc, struct err *err)
{
    const char *text = connection->db ? sqlite3_errmsg(connection->db) : sqlite3_errstr(rc);
    int code = connection->db ? sqlite3_extended_errcode(connection->db) : rc;
    if ((code & 0xff) != (rc & 0xff))
        code = rc;
    if (code == SQLITE_IOERR_NOMEM)
        code = SQLITE_NOMEM;
    if ((code & 0xff) == SQLITE_CANTOPEN && connection->db &&
        (sqlite3_system_errno(connection->db) == EMFILE ||
         sqlite3_system_errno(connection->db) == ENFILE)) {
        err_set(err, ERR_INSUFFICIENT_RESOURCES, "too many open files while opening \"%s\"",
                connection->path);
        return err_hint(err, "Raise the limit on open files, or lower max_open_readers.");
    }
    const char *sqlstate = sqlstate_of(code);
    err_set(err, sqlstate, "shard file \"%s\": %s (SQLite code %d)", connection->path, text, code);
    if (strcmp(sqlstate, ERR_DATA_CORRUPTED) == 0)
        return err_hint(err, "The file is damaged. Stop the server, run \"shardlite check\" and "
                             "restore the data directory "
                             "from a backup.");
    if (strcmp(sqlstate, ERR_DISK_FULL) == 0)
        return err_hint(err, "Free some space on the file system that holds the data directory.");
    if (strcmp(sqlstate, ERR_OBJECT_IN_USE) == 0)
        return err_hint(
            err,
            "Another process has the file open for writing. Only this server may write to it.");
    return false;
}

/* ---- opening ---- */

static const char *const role_pragmas[] = {
    [CONNECTION_READER] = "PRAGMA query_only = 1; PRAGMA cache_size = -1000; PRAGMA temp_store = 2",
    [CONNECTION_WRITER] =
        ("PRAGMA synchronous = 1; PRAGMA wal_autocheckpoint = 0; PRAGMA secure_delete = 0;"
         "PRAGMA journal_size_limit = 67108864;" /* a WAL that a bulk load has made long */
         "PRAGMA cache_size = -4000; PRAGMA temp_store = 2"),
    [CONNECTION_MAKER] =
        "PRAGMA synchronous = 0; PRAGMA page_size = 4096; PRAGMA journal_mode = wal",
};

static void configure(sqlite3 *db)
{
    int persist = 1;
    sqlite3_busy_timeout(
        db, BUSY_TIMEOUT_MS); /* before any other access: opening may meet another one's recovery */
    sqlite3_extended_result_codes(db, 1);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, NULL); /* "x" is a name, never a string */
    sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    /* Pools close connections at any time: never let the last one stop for a checkpoint or remove the WAL. */
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_file_control(db, "main", SQLITE_FCNTL_PERSIST_WAL, &persist);
}

bool connection_open(struct connection *connection, const char *path, enum connection_role role,
                     const char *vfs, struct err *err)
{
    memset(connection, 0, sizeof(*connection));
    connection->path = path;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
                (role == CONNECTION_MAKER ? SQLITE_OPEN_CREATE : 0);
    int rc = sqlite3_open_v2(path, &connection->db, flags, vfs);
    if (rc == SQLITE_OK && connection->db) {
        configure(connection->db);
        rc = sqlite3_exec(connection->db, role_pragmas[role], NULL, NULL, NULL);
    }
    if (rc == SQLITE_OK)
        return true;
    connection_error(connection, rc, err);
    connection_close(connection);
    return false;
}

void connection_close(struct connection *connection)
{
    for (struct cached_statement *entry = connection->newest; entry;) {
        struct cached_statement *older = entry->older;
        sqlite3_finalize(entry->statement);
        free(entry);
        entry = older;
    }
    sqlite3_close(connection->db);
    memset(connection, 0, sizeof(*connection));
}

/* ---- the statement cache ---- */

static void lru_remove(struct connection *connection, struct cached_statement *entry)
{
    *(entry->newer ? &entry->newer->older : &connection->newest) = entry->older;
    *(entry->older ? &entry->older->newer : &connection->oldest) = entry->newer;
}

static void lru_push(struct connection *connection, struct cached_statement *entry)
{
    entry->newer = NULL;
    entry->older = connection->newest;
    *(connection->newest ? &connection->newest->newer : &connection->oldest) = entry;
    connection->newest = entry;
}

static void drop_entry(struct connection *connection, struct cached_statement *entry)
{
    struct cached_statement **link = &connection->buckets[entry->hash % STATEMENT_BUCKETS];
    while (*link != entry)
        link = &(*link)->next_in_bucket;
    *link = entry->next_in_bucket;
    lru_remove(connection, entry);
    connection->n_statements--;
    sqlite3_finalize(entry->statement);
    free(entry);
}

static void evict(struct connection *connection)
{
    struct cached_statement *entry = connection->oldest;
    while (entry && entry->busy)
        entry = entry->newer;
    if (entry)
        drop_entry(connection, entry);
}

static struct cached_statement *find_idle(struct connection *connection, const char *sql, size_t n,
                                          uint64_t hash)
{
    struct cached_statement *entry = connection->buckets[hash % STATEMENT_BUCKETS];
    while (entry &&
           (entry->hash != hash || entry->busy || entry->n != n || memcmp(entry->sql, sql, n) != 0))
        entry = entry->next_in_bucket;
    return entry;
}

static struct cached_statement *prepare(struct connection *connection, const char *sql, size_t n,
                                        uint64_t hash, struct err *err)
{
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v3(connection->db, sql, (int)n, SQLITE_PREPARE_PERSISTENT, &statement,
                                NULL);
    if (rc != SQLITE_OK) {
        connection_error(connection, rc, err);
        return NULL;
    }
    if (connection->n_statements >= CACHE_MAX)
        evict(connection);
    struct cached_statement *entry = malloc(sizeof(*entry) + n);
    ASSERT(entry != NULL);
    *entry = (struct cached_statement){.statement = statement, .hash = hash, .n = n};
    memcpy(entry->sql, sql, n);
    struct cached_statement **bucket = &connection->buckets[hash % STATEMENT_BUCKETS];
    entry->next_in_bucket = *bucket;
    *bucket = entry;
    connection->n_statements++;
    lru_push(connection, entry);
    return entry;
}

sqlite3_stmt *connection_statement(struct connection *connection, const char *sql, size_t n,
                                   struct err *err)
{
    uint64_t hash = hash_bytes(sql, n);
    struct cached_statement *entry = find_idle(connection, sql, n, hash);
    if (!entry) {
        entry = prepare(connection, sql, n, hash, err);
    } else if (entry != connection->newest) {
        lru_remove(connection, entry);
        lru_push(connection, entry);
    }
    if (!entry)
        return NULL;
    entry->busy = true;
    return entry->statement;
}

void connection_finish(struct connection *connection, sqlite3_stmt *statement)
{
    if (!statement)
        return;
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    struct cached_statement *entry = connection->newest; /* most often the first */
    while (entry && entry->statement != statement)
        entry = entry->older;
    ASSERT(entry != NULL && entry->busy);
    entry->busy = false;
}

/* ---- conveniences ---- */

bool connection_exec(struct connection *connection, const char *sql, struct err *err)
{
    int rc = sqlite3_exec(connection->db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK || connection_error(connection, rc, err);
}

bool connection_integer(struct connection *connection, const char *sql, int64_t *value, bool *found,
                        struct err *err)
{
    sqlite3_stmt *statement = connection_statement(connection, sql, strlen(sql), err);
    if (!statement)
        return false;
    int rc = sqlite3_step(statement);
    *found = rc == SQLITE_ROW;
    if (*found)
        *value = sqlite3_column_int64(statement, 0);
    bool ok = rc == SQLITE_ROW || rc == SQLITE_DONE || connection_error(connection, rc, err);
    connection_finish(connection, statement);
    return ok;
}

static int sync_file(struct connection *connection, int which)
{
    sqlite3_file *file = NULL;
    int rc = sqlite3_file_control(connection->db, "main", which, &file);
    if (rc != SQLITE_OK || !file || !file->pMethods)
        return rc;
    return file->pMethods->xSync(file, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY);
}

bool connection_sync(struct connection *connection, struct err *err)
{
    int rc = sync_file(connection, SQLITE_FCNTL_JOURNAL_POINTER);
    if (rc == SQLITE_OK)
        rc = sync_file(connection, SQLITE_FCNTL_FILE_POINTER);
    return rc == SQLITE_OK || connection_error(connection, rc, err);
}
