/* cluster_store.c - roles and databases in shardlite.db: tables `role` and `database`, (oid INTEGER PRIMARY KEY, name TEXT, definition TEXT).
 *
 * Predefined roles (pg_monitor ...) and the template databases are not written: they are the same everywhere. */
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "catalog/cluster_int.h"
#include "catalog/json.h"
#include "catalog/store.h"

static const char *const shared_columns[] = {"name", "definition"};
static const struct layout role_layout = {"role", "oid", ARRAY_COUNT(shared_columns),
                                          shared_columns};
static const struct layout database_layout = {"database", "oid", ARRAY_COUNT(shared_columns),
                                              shared_columns};

/* ---- writing ---- */

static void write_settings(struct json_out *out, const struct role_setting *settings, uint16_t n)
{
    if (!n)
        return;
    json_open(out, "settings", '[');
    for (uint16_t k = 0; k < n; k++) {
        json_open(out, NULL, '{');
        json_int(out, "database", settings[k].database_oid);
        json_text(out, "setting", settings[k].text);
        json_close(out, '}');
    }
    json_close(out, ']');
}

static void write_role(struct json_out *out, const struct role *role)
{
    json_true(out, "superuser", role->super);
    json_true(out, "inherit", role->inherit);
    json_true(out, "createrole", role->create_role);
    json_true(out, "createdb", role->create_db);
    json_true(out, "login", role->login);
    json_true(out, "replication", role->replication);
    json_true(out, "bypassrls", role->bypass_rls);
    json_int(out, "connection_limit", role->connection_limit + 1);
    json_text(out, "password", role->password);
    json_true(out, "has_valid_until", role->has_valid_until);
    json_int(out, "valid_until", role->valid_until);
    json_open(out, "member_of", '[');
    for (uint16_t k = 0; k < role->n_memberships; k++) {
        json_open(out, NULL, '{');
        json_int(out, "role", role->memberships[k].role_oid);
        json_int(out, "grantor", role->memberships[k].grantor_oid);
        json_true(out, "admin", role->memberships[k].admin);
        json_close(out, '}');
    }
    json_close(out, ']');
    write_settings(out, role->settings, role->n_settings);
    json_text(out, "comment", role->comment);
}

static void write_database(struct json_out *out, const struct cluster_database *database)
{
    json_text(out, "directory", database->directory);
    json_int(out, "owner", database->owner_oid);
    json_true(out, "is_template", database->is_template);
    json_true(out, "refuse_connections", !database->allow_connections);
    json_int(out, "connection_limit", database->connection_limit + 1);
    store_write_acl(out, "acl", database->acl);
    write_settings(out, database->settings, database->n_settings);
    json_text(out, "comment", database->comment);
}

static void put_text(struct buf *out, const char *text)
{
    struct stored value = {.kind = STORED_TEXT, .p = text, .n = strlen(text)};
    image_put(out, &value);
}

struct op shared_op(struct arena *arena, enum object_kind kind, uint32_t oid,
                    const struct object *object)
{
    struct op op = {.kind = OP_DELETE, .shard = SHARD_CLUSTER, .rid = oid};
    op.layout = kind == OBJ_ROLE ? &role_layout : &database_layout;
    if (!object)
        return op;
    struct buf definition = BUF_IN(arena), image = BUF_IN(arena);
    struct json_out out = {.buf = &definition};
    json_open(&out, NULL, '{');
    if (kind == OBJ_ROLE)
        write_role(&out, object->body);
    else
        write_database(&out, object->body);
    json_close(&out, '}');
    put_text(&image, kind == OBJ_ROLE ? ((const struct role *)object->body)->name
                                      : ((const struct cluster_database *)object->body)->name);
    put_text(&image, buf_cstr(&definition));
    op.kind = OP_INSERT;
    op.image = (struct image){(const uint8_t *)image.p, (uint32_t)image.n};
    return op;
}

/* ---- reading ---- */

static const char *copy_text(struct arena *arena, const struct json *json, const char *key)
{
    const char *text = json_get_text(json, key);
    return text ? arena_strdup(arena, text) : NULL;
}

static const struct role_setting *read_settings(struct arena *arena, const struct json *json,
                                                uint32_t role_oid, uint32_t database_oid,
                                                uint16_t *n)
{
    const struct json *list = json_get(json, "settings");
    struct role_setting *settings =
        ARENA_ARRAY(arena, struct role_setting, list ? list->n_items + 1 : 1);
    for (const struct json *item = list ? list->first : NULL; item; item = item->next)
        settings[(*n)++] = (struct role_setting){
            .database_oid = database_oid ? database_oid : (uint32_t)json_get_int(item, "database"),
            .role_oid = role_oid,
            .text = copy_text(arena, item, "setting"),
        };
    return settings;
}

static void read_role(struct object *object, const char *name, const struct json *json)
{
    struct arena *arena = object->arena;
    struct role *role = object->body;
    const struct json *list = json_get(json, "member_of");
    struct membership *memberships =
        ARENA_ARRAY(arena, struct membership, list ? list->n_items + 1 : 1);
    role->name = arena_strdup(arena, name);
    role->super = json_get_bool(json, "superuser");
    role->inherit = json_get_bool(json, "inherit");
    role->create_role = json_get_bool(json, "createrole");
    role->create_db = json_get_bool(json, "createdb");
    role->login = json_get_bool(json, "login");
    role->replication = json_get_bool(json, "replication");
    role->bypass_rls = json_get_bool(json, "bypassrls");
    role->connection_limit = (int32_t)json_get_int(json, "connection_limit") - 1;
    role->password = copy_text(arena, json, "password");
    role->has_valid_until = json_get_bool(json, "has_valid_until");
    role->valid_until = json_get_int(json, "valid_until");
    for (const struct json *item = list ? list->first : NULL; item; item = item->next)
        memberships[role->n_memberships++] = (struct membership){
            .role_oid = (uint32_t)json_get_int(item, "role"),
            .grantor_oid = (uint32_t)json_get_int(item, "grantor"),
            .admin = json_get_bool(item, "admin"),
        };
    role->memberships = memberships;
    role->settings = read_settings(arena, json, role->oid, 0, &role->n_settings);
    role->comment = copy_text(arena, json, "comment");
}

static void read_database(struct object *object, const char *name, const struct json *json)
{
    struct arena *arena = object->arena;
    struct cluster_database *database = object->body;
    database->name = arena_strdup(arena, name);
    database->directory = copy_text(arena, json, "directory");
    if (!database->directory)
        database->directory = database->name;
    database->owner_oid = (uint32_t)json_get_int(json, "owner");
    database->is_template = json_get_bool(json, "is_template");
    database->allow_connections = !json_get_bool(json, "refuse_connections");
    database->connection_limit = (int32_t)json_get_int(json, "connection_limit") - 1;
    database->acl = store_read_acl(arena, json, "acl");
    database->settings = read_settings(arena, json, 0, database->oid, &database->n_settings);
    database->comment = copy_text(arena, json, "comment");
}

static void take(struct cluster *cluster, struct object *object)
{
    shared_set_put(cluster, cluster_set(cluster, object->kind), object->oid, object);
    if (object->oid >= FIRST_USER_OID && cluster->next_oid <= object->oid)
        cluster->next_oid = object->oid + 1;
}

static bool read_table(struct cluster *cluster, struct reader *reader, enum object_kind kind,
                       struct err *err)
{
    const char *sql = kind == OBJ_ROLE ? "SELECT oid, name, definition FROM role ORDER BY oid"
                                       : "SELECT oid, name, definition FROM database ORDER BY oid";
    sqlite3_stmt *statement = reader_statement(reader, sql, err);
    if (!statement)
        return false;
    struct arena *scratch = arena_new("cluster load");
    bool ok = true;
    int rc;
    while (ok && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(statement, 1);
        const char *definition = (const char *)sqlite3_column_text(statement, 2);
        arena_reset(scratch);
        const struct json *json = definition_parse(scratch, definition ? definition : "",
                                                   definition ? strlen(definition) : 0, err);
        ok = json != NULL;
        if (!ok)
            break;
        struct object *object = object_new(kind, (uint32_t)sqlite3_column_int64(statement, 0));
        if (kind == OBJ_ROLE)
            read_role(object, name ? name : "", json);
        else
            read_database(object, name ? name : "", json);
        take(cluster, object);
    }
    if (ok && rc != SQLITE_DONE)
        ok = reader_error(reader, rc, err);
    reader_finish_statement(reader, statement);
    arena_free(scratch);
    return ok;
}

/* ---- what every cluster has ---- */

static void add_predefined_roles(struct cluster *cluster)
{
    static const struct {
        uint32_t oid;
        const char *name;
        uint32_t member_of;
    } roles[] = {
        {3373, "pg_monitor", 0},
        {3374, "pg_read_all_settings", 0},
        {3375, "pg_read_all_stats", 0},
        {3377, "pg_stat_scan_tables", 0},
        {4200, "pg_signal_backend", 0},
        {4544, "pg_checkpoint", 0},
        {4569, "pg_read_server_files", 0},
        {4570, "pg_write_server_files", 0},
        {4571, "pg_execute_server_program", 0},
        {ROLE_DATABASE_OWNER, "pg_database_owner", 0},
        {6181, "pg_read_all_data", 0},
        {6182, "pg_write_all_data", 0},
    };
    static const struct membership monitor[] = {{3374, ROLE_BOOTSTRAP, false},
                                                {3375, ROLE_BOOTSTRAP, false},
                                                {3377, ROLE_BOOTSTRAP, false}};
    for (size_t k = 0; k < ARRAY_COUNT(roles); k++) {
        struct object *object = object_new(OBJ_ROLE, roles[k].oid);
        struct role *role = object->body;
        role->name = roles[k].name;
        role->inherit = true;
        role->connection_limit = -1;
        role->predefined = true;
        if (roles[k].oid == 3373) {
            role->memberships = monitor;
            role->n_memberships = ARRAY_COUNT(monitor);
        }
        take(cluster, object);
    }
}

struct object *database_object_new(uint32_t oid, const char *name, const char *directory,
                                   uint32_t owner_oid)
{
    struct object *object = object_new(OBJ_DATABASE, oid);
    struct cluster_database *database = object->body;
    database->name = arena_strdup(object->arena, name);
    database->directory = arena_strdup(object->arena, directory);
    database->owner_oid = owner_oid;
    database->allow_connections = true;
    database->connection_limit = -1;
    return object;
}

static void add_template(struct cluster *cluster, uint32_t oid, const char *name,
                         const char *comment)
{
    struct object *object = database_object_new(oid, name, name, ROLE_BOOTSTRAP);
    struct cluster_database *database = object->body;
    struct acl *acl = arena_zalloc(object->arena, sizeof(*acl) + 2 * sizeof(acl->items[0]));
    acl->n = 2;
    acl->items[0] = (struct acl_item){0, ROLE_BOOTSTRAP, PRIV_CONNECT, 0};
    acl->items[1] = (struct acl_item){ROLE_BOOTSTRAP, ROLE_BOOTSTRAP,
                                      PRIV_CREATE | PRIV_TEMPORARY | PRIV_CONNECT, 0};
    database->acl = acl;
    database->is_template = true;
    database->allow_connections = false;
    database->comment = comment;
    database->no_files = true;
    take(cluster, object);
}

static struct object *superuser(uint32_t oid, const char *name)
{
    struct object *object = object_new(OBJ_ROLE, oid);
    struct role *role = object->body;
    role->name = arena_strdup(object->arena, name);
    role->super = role->inherit = role->create_role = role->create_db = role->login = true;
    role->replication = role->bypass_rls = true;
    role->connection_limit = -1;
    return object;
}

static bool first_start(struct cluster *cluster, struct err *err)
{
    struct arena *arena = arena_new("first start");
    const struct passwd *user = getpwuid(geteuid());
    struct object *objects[3];
    struct op ops[5];
    size_t n = 0, n_ops = 0;
    objects[n++] = superuser(ROLE_BOOTSTRAP, "postgres");
    if (user && user->pw_name[0] && strcmp(user->pw_name, "postgres") != 0)
        objects[n++] = superuser(cluster->next_oid++, user->pw_name);
    objects[n] = database_object_new(DATABASE_POSTGRES, "postgres", "postgres", ROLE_BOOTSTRAP);
    ((struct cluster_database *)objects[n++]->body)->comment =
        "default administrative connection database";
    ops[n_ops++] = (struct op){.kind = OP_SQL,
                               .shard = SHARD_CLUSTER,
                               .sql = "CREATE TABLE IF NOT EXISTS role (oid INTEGER PRIMARY KEY, "
                                      "name TEXT, definition TEXT)"};
    ops[n_ops++] = (struct op){.kind = OP_SQL,
                               .shard = SHARD_CLUSTER,
                               .sql = "CREATE TABLE IF NOT EXISTS database (oid INTEGER PRIMARY "
                                      "KEY, name TEXT, definition TEXT)"};
    for (size_t k = 0; k < n; k++)
        ops[n_ops++] = shared_op(arena, objects[k]->kind, objects[k]->oid, objects[k]);
    struct commit commit = {.ops = ops, .n_ops = n_ops};
    bool ok = storage_commit(cluster->storage, &commit, err);
    arena_free(arena);
    for (size_t k = 0; k < n; k++)
        object_unref(objects[k]); /* read back with everything else */
    return ok;
}

static bool has_tables(struct reader *reader, bool *has, struct err *err)
{
    sqlite3_stmt *statement = reader_statement(
        reader,
        "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name IN ('role', 'database')",
        err);
    if (!statement)
        return false;
    int rc = sqlite3_step(statement);
    *has = rc == SQLITE_ROW && sqlite3_column_int(statement, 0) == 2;
    bool ok = rc == SQLITE_ROW || reader_error(reader, rc, err);
    reader_finish_statement(reader, statement);
    return ok;
}

static bool read_all(struct cluster *cluster, bool *has, struct err *err)
{
    struct reader *reader = reader_acquire(storage_cluster(cluster->storage), SHARD_CLUSTER, err);
    if (!reader)
        return false;
    bool ok = has_tables(reader, has, err);
    if (ok && *has)
        ok = read_table(cluster, reader, OBJ_ROLE, err) &&
             read_table(cluster, reader, OBJ_DATABASE, err);
    reader_release(reader);
    return ok;
}

/* What has files but no row was never wholly created, or is wholly dropped; what has a row but no files is made again. */
static bool match_files(struct cluster *cluster, struct err *err)
{
    struct arena *arena = arena_new("databases");
    const char **names;
    size_t n = storage_database_names(cluster->storage, arena, &names);
    bool ok = true;
    for (size_t k = 0; k < n && ok; k++) {
        bool known = false;
        for (size_t d = 0; d < cluster->databases.n && !known; d++) {
            const struct cluster_database *database = cluster->databases.items[d]->body;
            known = !database->no_files && strcmp(database->directory, names[k]) == 0;
        }
        if (!known)
            ok = storage_drop_database(cluster->storage, names[k], err);
    }
    for (size_t d = 0; d < cluster->databases.n && ok; d++) {
        const struct cluster_database *database = cluster->databases.items[d]->body;
        if (!database->no_files && !storage_database(cluster->storage, database->directory))
            ok = storage_create_database(cluster->storage, database->directory, cluster->n_shards,
                                         err);
    }
    arena_free(arena);
    return ok;
}

bool cluster_load(struct cluster *cluster, struct err *err)
{
    bool has = false;
    if (!read_all(cluster, &has, err))
        return false;
    if (!has && (!first_start(cluster, err) || !read_all(cluster, &has, err)))
        return false;
    add_predefined_roles(cluster);
    add_template(cluster, DATABASE_TEMPLATE1, "template1", "default template for new databases");
    add_template(cluster, DATABASE_TEMPLATE0, "template0", "unmodifiable empty database");
    return match_files(cluster, err);
}
