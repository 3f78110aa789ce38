/* store.c - catalog.db: the `object` table and the `setting` table.
 *
 *   object (oid INTEGER PRIMARY KEY, class TEXT, schema TEXT, name TEXT, definition TEXT)
 *   setting (id INTEGER PRIMARY KEY, name TEXT, value TEXT)      1 format, 2 next_oid
 *
 * Both are written with row operations through the commit log only.  `next_oid` is a high-water mark: it is written with each DDL
 * commit, so an OID that was ever visible is not given out again. */
#include "catalog/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/catalog_int.h"
#include "catalog/cluster.h"
#include "catalog/json.h"

#define FORMAT_VERSION "1"
#define SETTING_FORMAT 1
#define SETTING_NEXT_OID 2

static const char *const object_columns[] = {"class", "schema", "name", "definition"};
static const struct layout object_layout = {"object", "oid", ARRAY_COUNT(object_columns),
                                            object_columns};
static const char *const setting_columns[] = {"name", "value"};
static const struct layout setting_layout = {"setting", "id", ARRAY_COUNT(setting_columns),
                                             setting_columns};

/* ---- writing ---- */

static void put_text(struct buf *out, const char *text)
{
    struct stored value = {
        .kind = text ? STORED_TEXT : STORED_NULL, .p = text, .n = text ? strlen(text) : 0};
    image_put(out, &value);
}

static struct op setting_op(struct arena *arena, int64_t id, const char *name, const char *value)
{
    struct buf image = BUF_IN(arena);
    put_text(&image, name);
    put_text(&image, value);
    return (struct op){.kind = OP_INSERT,
                       .shard = SHARD_CATALOG,
                       .layout = &setting_layout,
                       .rid = id,
                       .image = {(const uint8_t *)image.p, (uint32_t)image.n}};
}

static const char *object_name(const struct catalog *fork, const struct object *object,
                               const char **schema)
{
    uint32_t namespace_oid = 0;
    const char *name = NULL;
    switch (object->kind) {
    case OBJ_NAMESPACE:
        name = ((const struct namespace *)object->body)->name;
        break;
    case OBJ_TYPE:
        name = ((const struct type *)object->body)->name;
        namespace_oid = ((const struct type *)object->body)->namespace_oid;
        break;
    case OBJ_RELATION:
        name = ((const struct relation *)object->body)->name;
        namespace_oid = ((const struct relation *)object->body)->namespace_oid;
        break;
    case OBJ_INDEX:
        name = ((const struct index *)object->body)->name;
        namespace_oid = ((const struct index *)object->body)->namespace_oid;
        break;
    case OBJ_CONSTRAINT:
        name = ((const struct constraint *)object->body)->name;
        namespace_oid = ((const struct constraint *)object->body)->namespace_oid;
        break;
    case OBJ_PROC:
        name = ((const struct proc *)object->body)->name;
        namespace_oid = ((const struct proc *)object->body)->namespace_oid;
        break;
    case OBJ_TRIGGER:
        name = ((const struct trigger *)object->body)->name;
        break;
    case OBJ_EXTENSION:
        name = ((const struct extension *)object->body)->name;
        break;
    case OBJ_ROLE:
    case OBJ_DATABASE:
        break;
    case OBJ_COMMENT:
        break;
    }
    const struct namespace *namespace =
        namespace_oid ? catalog_namespace(fork, namespace_oid) : NULL;
    *schema = namespace ? namespace->name : "";
    return name ? name : "";
}

static struct op object_op(struct arena *arena, const struct catalog *fork,
                           const struct object *object)
{
    struct buf image = BUF_IN(arena), definition = BUF_IN(arena);
    struct json_out out = {.buf = &definition};
    const char *schema, *name = object_name(fork, object, &schema);
    store_write_object(&out, object);
    put_text(&image, object_kind_names[object->kind]);
    put_text(&image, schema);
    put_text(&image, name);
    put_text(&image, buf_cstr(&definition));
    return (struct op){.kind = OP_INSERT,
                       .shard = SHARD_CATALOG,
                       .layout = &object_layout,
                       .rid = object->oid,
                       .image = {(const uint8_t *)image.p, (uint32_t)image.n}};
}

bool catalog_store_changes(struct txn *txn, const struct catalog *fork, struct err *err)
{
    const struct catalog_change *changes;
    size_t n = catalog_changes(fork, &changes);
    struct arena *arena = arena_new("catalog changes");
    bool ok = true, any = false;
    for (size_t k = 0; k < n && ok; k++) {
        if (changes[k].temp)
            continue;
        const struct object *object = catalog_find(fork, changes[k].oid);
        struct op op = {.kind = OP_DELETE,
                        .shard = SHARD_CATALOG,
                        .layout = &object_layout,
                        .rid = changes[k].oid};
        if (object)
            op = object_op(arena, fork, object);
        ok = txn_add_op(txn, &op, err);
        any = true;
    }
    if (ok && any) {
        uint32_t next = __atomic_load_n(&fork->oids->next, __ATOMIC_RELAXED);
        struct op op =
            setting_op(arena, SETTING_NEXT_OID, "next_oid", arena_printf(arena, "%u", next));
        ok = txn_add_op(txn, &op, err);
    }
    arena_free(arena);
    return ok && cluster_store_changes(txn, fork, err);
}

/* ---- reading ---- */

static bool table_exists(struct reader *reader, const char *table, bool *exists, struct err *err)
{
    sqlite3_stmt *statement = reader_statement(
        reader, "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?1", err);
    if (!statement)
        return false;
    sqlite3_bind_text(statement, 1, table, -1, SQLITE_STATIC);
    int rc = sqlite3_step(statement);
    *exists = rc == SQLITE_ROW;
    bool ok = rc == SQLITE_ROW || rc == SQLITE_DONE || reader_error(reader, rc, err);
    reader_finish_statement(reader, statement);
    return ok;
}

/* A new database: the tables, and the schema public. */
static bool initialise(struct storage *storage, struct database_files *files, struct err *err)
{
    struct arena *arena = arena_new("new catalog");
    struct object *public = object_new(OBJ_NAMESPACE, NAMESPACE_PUBLIC);
    struct namespace *namespace = object_namespace(public);
    struct acl *acl = arena_zalloc(object_arena(public), sizeof(*acl) + 2 * sizeof(acl->items[0]));
    struct catalog *empty = catalog_new("", 0, 1, NULL, NULL);
    namespace->name = "public";
    namespace->owner_oid = ROLE_DATABASE_OWNER;
    acl->n = 2;
    acl->items[0] =
        (struct acl_item){ROLE_DATABASE_OWNER, ROLE_DATABASE_OWNER, PRIV_USAGE | PRIV_CREATE, 0};
    acl->items[1] = (struct acl_item){0, ROLE_DATABASE_OWNER, PRIV_USAGE, 0};
    namespace->acl = acl;
    struct op ops[] = {
        {.kind = OP_SQL,
         .shard = SHARD_CATALOG,
         .sql = "CREATE TABLE IF NOT EXISTS object (oid INTEGER PRIMARY KEY, class TEXT, schema "
                "TEXT, name TEXT, definition TEXT)"},
        {.kind = OP_SQL,
         .shard = SHARD_CATALOG,
         .sql =
             "CREATE TABLE IF NOT EXISTS setting (id INTEGER PRIMARY KEY, name TEXT, value TEXT)"},
        setting_op(arena, SETTING_FORMAT, "format", FORMAT_VERSION),
        setting_op(arena, SETTING_NEXT_OID, "next_oid", "16384"),
        object_op(arena, empty, public),
    };
    struct commit commit = {.database = files, .ops = ops, .n_ops = ARRAY_COUNT(ops)};
    bool ok = storage_commit(storage, &commit, err);
    catalog_unref(empty);
    object_unref(public);
    arena_free(arena);
    return ok;
}

static const char *column_text(sqlite3_stmt *statement, int column)
{
    const char *text = (const char *)sqlite3_column_text(statement, column);
    return text ? text : "";
}

static bool read_objects(struct reader *reader, struct catalog *catalog, uint32_t *next_oid,
                         struct err *err)
{
    sqlite3_stmt *statement = reader_statement(
        reader, "SELECT oid, class, schema, name, definition FROM object ORDER BY oid", err);
    if (!statement)
        return false;
    struct arena *scratch = arena_new("catalog load");
    bool ok = true;
    int rc;
    while ((rc = sqlite3_step(statement)) == SQLITE_ROW && ok) {
        uint32_t oid = (uint32_t)sqlite3_column_int64(statement, 0);
        arena_reset(scratch);
        struct object *object =
            store_read_object(scratch, oid, column_text(statement, 1), column_text(statement, 2),
                              column_text(statement, 3), column_text(statement, 4), err);
        ok = object != NULL;
        if (object)
            catalog_add(catalog, object);
        *next_oid = MAX(*next_oid, oid + 1);
    }
    if (ok && rc != SQLITE_DONE)
        ok = reader_error(reader, rc, err);
    reader_finish_statement(reader, statement);
    arena_free(scratch);
    return ok;
}

static bool read_setting(struct reader *reader, int id, char *value, size_t cap, struct err *err)
{
    sqlite3_stmt *statement =
        reader_statement(reader, "SELECT value FROM setting WHERE id = ?1", err);
    if (!statement)
        return false;
    sqlite3_bind_int(statement, 1, id);
    int rc = sqlite3_step(statement);
    value[0] = 0;
    if (rc == SQLITE_ROW)
        snprintf(value, cap, "%s", column_text(statement, 0));
    bool ok = rc == SQLITE_ROW || rc == SQLITE_DONE || reader_error(reader, rc, err);
    reader_finish_statement(reader, statement);
    return ok;
}

static bool load_from(struct reader *reader, struct catalog *catalog, struct err *err)
{
    char format[16], next[16];
    if (!read_setting(reader, SETTING_FORMAT, format, sizeof(format), err) ||
        !read_setting(reader, SETTING_NEXT_OID, next, sizeof(next), err))
        return false;
    if (strcmp(format, FORMAT_VERSION) != 0)
        return err_set(err, ERR_OBJECT_NOT_IN_PREREQUISITE_STATE,
                       "the catalog of database \"%s\" has format \"%s\", this server reads "
                       "format " FORMAT_VERSION,
                       catalog->database, format);
    uint32_t next_oid = (uint32_t)MAX(strtoul(next, NULL, 10), FIRST_USER_OID);
    catalog->loading = true;
    bool ok = read_objects(reader, catalog, &next_oid, err);
    catalog->loading = false;
    if (!ok)
        return false;
    catalog_relink(catalog);
    if (catalog->oids->next < next_oid)
        catalog->oids->next = next_oid;
    return true;
}

bool catalog_load(struct storage *storage, struct database_files *files, struct catalog *catalog,
                  struct err *err)
{
    bool exists = false;
    struct reader *reader = reader_acquire(files, SHARD_CATALOG, err);
    if (!reader)
        return false;
    bool ok = table_exists(reader, "object", &exists, err);
    if (ok && !exists) {
        reader_release(reader);
        if (!initialise(storage, files, err))
            return false;
        reader = reader_acquire(files, SHARD_CATALOG, err);
        if (!reader)
            return false;
    }
    ok = ok && load_from(reader, catalog, err);
    reader_release(reader);
    return ok ||
           err_context(err, "while reading the catalog of database \"%s\"", catalog->database);
}
