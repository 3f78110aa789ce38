/* func_info.c - where am I and how big is it: current_database(), current_schema(), version(), sizes, properties of indexes, updatability. */
#include <sqlite3.h>
#include <strings.h>

#include "catalog/acl.h"
#include "catalog/cluster.h"
#include "catalog/func_int.h"
#include "shard/storage.h"
#include "sql/format_type.h"
#include "txn/txn.h"
#include "types/array.h"
#include "types/record.h"

#define PAGE_BYTES 8192

/* ---- the session's place ---- */

static bool current_database(struct fcall *c)
{
    return return_text(c, catalog_database(c->env->catalog));
}

static bool current_user(struct fcall *c)
{
    return return_text(c, c->env->user ? c->env->user : "");
}

static bool session_user(struct fcall *c)
{
    return return_text(c, c->env->session_user ? c->env->session_user : c->env->user);
}

static bool current_schema(struct fcall *c)
{
    const struct search_path *path = c->env->path;
    for (uint16_t k = 0; path && k < path->n; k++) {
        const struct namespace *namespace = catalog_namespace(c->env->catalog, path->namespaces[k]);
        if (namespace)
            return return_text(c, namespace->name);
    }
    return return_null(c);
}

static bool listed(const struct search_path *path, uint32_t oid)
{
    for (uint16_t k = 0; path && k < path->n; k++)
        if (path->namespaces[k] == oid)
            return true;
    return false;
}

static bool current_schemas(struct fcall *c)
{
    const struct catalog *catalog = c->env->catalog;
    const struct search_path *path = c->env->path;
    struct datum *names = ARENA_ARRAY(c->arena, struct datum, (path ? path->n : 0) + 2u);
    uint32_t n = 0;
    const struct namespace *temp =
        path && path->temp_namespace ? catalog_namespace(catalog, path->temp_namespace) : NULL;
    if (ARG_I(c, 0)) {
        if (temp && !listed(path, temp->oid))
            names[n++] = datum_cstring(c->arena, temp->name);
        if (!listed(path, NAMESPACE_PG_CATALOG))
            names[n++] = datum_cstring(c->arena, "pg_catalog");
    }
    for (uint16_t k = 0; path && k < path->n; k++) {
        const struct namespace *namespace = catalog_namespace(catalog, path->namespaces[k]);
        if (namespace)
            names[n++] = datum_cstring(c->arena, namespace->name);
    }
    c->result = array_build_1d(c->arena, builtin_type(TYPE_NAME), names, n);
    return true;
}

static bool version(struct fcall *c)
{
    return return_text(
        c, "PostgreSQL 15.20 (Shardlite) on x86_64-pc-linux-gnu, compiled by gcc, 64-bit");
}

static bool is_other_temp_schema(struct fcall *c)
{
    const struct namespace *namespace = catalog_namespace(c->env->catalog, (uint32_t)ARG_I(c, 0));
    return return_bool(c, namespace && namespace->temp &&
                              (!c->env->path || c->env->path->temp_namespace != namespace->oid));
}

/* ---- types of arguments ---- */

static bool pg_typeof(struct fcall *c)
{
    return return_int(c, c->arg_types[0]->oid);
}

static bool pg_collation_for(struct fcall *c)
{
    const struct type *type = c->arg_types[0];
    if (type->oid == TYPE_UNKNOWN)
        return return_null(c);
    if (!type->collation_oid)
        return err_set(c->err, ERR_DATATYPE_MISMATCH, "collations are not supported by type %s",
                       format_type_name(c->arena, c->env->catalog, c->env->path, type));
    return return_text(c, type->collation_oid == 950 ? "\"C\"" : "\"default\"");
}

/* ---- sizes: of the files where they are at hand, estimates otherwise ---- */

static bool shard_number(struct fcall *c, uint32_t shard, const char *sql, int64_t *sum)
{
    struct cluster *cluster = catalog_cluster(c->env->catalog);
    const struct cluster_database *row =
        cluster ? cluster_database_by_oid(cluster, catalog_database_oid(c->env->catalog)) : NULL;
    struct database_files *files =
        row ? storage_database(cluster_storage(cluster), row->directory) : NULL;
    struct reader *reader = files ? reader_acquire(files, shard, c->err) : NULL;
    if (!reader)
        return !files;
    sqlite3_stmt *statement = reader_statement(reader, sql, c->err);
    if (statement && sqlite3_step(statement) == SQLITE_ROW)
        *sum += sqlite3_column_int64(statement, 0);
    if (statement)
        reader_finish_statement(reader, statement);
    reader_release(reader);
    return statement != NULL;
}

/* SQLite does not count per table: as many rows as row ids were given out, at a usual width. */
static bool table_bytes(struct fcall *c, const struct relation *relation, int64_t *bytes)
{
    struct buf sql = BUF_IN(c->arena);
    int64_t rows = 0;
    *bytes = 0;
    if (!relation->stored_as || relation->truncated_here)
        return true;
    buf_puts(&sql, "SELECT count(*) FROM (SELECT 1 FROM \"");
    for (const char *p = relation->stored_as; *p; p++) {
        if (*p == '"')
            buf_putc(&sql, '"');
        buf_putc(&sql, *p);
    }
    buf_puts(&sql, "\" LIMIT 1000000)");
    uint32_t n = relation->distribution == DIST_SHARDED || relation->distribution == DIST_ROW
                     ? catalog_n_shards(c->env->catalog)
                     : 1;
    for (uint32_t k = 0; k < n; k++)
        if (!shard_number(c, relation->distribution == DIST_LOCAL ? relation->local_shard : k,
                          buf_cstr(&sql), &rows))
            return false;
    int64_t width = 28;
    for (uint16_t k = 0; k < relation->n_columns; k++)
        width += relation->columns[k].dropped         ? 0
                 : relation->columns[k].type->len > 0 ? relation->columns[k].type->len
                                                      : 16;
    *bytes = (rows * width + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
    return true;
}

static bool relation_bytes(struct fcall *c, int64_t *bytes, bool *found)
{
    const struct catalog *catalog = c->env->catalog;
    uint32_t oid = (uint32_t)ARG_I(c, 0);
    const struct relation *relation = catalog_relation(catalog, oid);
    *found = relation || catalog_index(catalog, oid);
    *bytes = 0;
    if (!relation)
        *bytes = PAGE_BYTES;
    else if (relation->kind == 'S')
        *bytes = PAGE_BYTES;
    else if (relation->kind == 'r' || relation->kind == 'm')
        return table_bytes(c, relation, bytes);
    return true;
}

static bool pg_relation_size(struct fcall *c)
{
    int64_t bytes;
    bool found;
    if (c->n_args > 1) {
        const char *fork = text_argument(c, 1);
        if (strcmp(fork, "main") != 0 && strcmp(fork, "fsm") != 0 && strcmp(fork, "vm") != 0 &&
            strcmp(fork, "init") != 0) {
            err_set(c->err, ERR_INVALID_PARAMETER_VALUE, "invalid fork name");
            return err_hint(c->err,
                            "Valid fork names are \"main\", \"fsm\", \"vm\", and \"init\".");
        }
        if (strcmp(fork, "main") != 0)
            return return_int(c, 0);
    }
    if (!relation_bytes(c, &bytes, &found))
        return false;
    return found ? return_int(c, bytes) : return_null(c);
}

static bool indexes_bytes(struct fcall *c, int64_t *bytes)
{
    const struct relation *relation = catalog_relation(c->env->catalog, (uint32_t)ARG_I(c, 0));
    *bytes = relation ? relation->n_indexes * (int64_t)PAGE_BYTES : 0;
    return relation != NULL;
}

static bool pg_indexes_size(struct fcall *c)
{
    int64_t bytes;
    return indexes_bytes(c, &bytes) ? return_int(c, bytes) : return_null(c);
}

static bool pg_total_relation_size(struct fcall *c)
{
    int64_t bytes, indexes;
    bool found;
    if (!relation_bytes(c, &bytes, &found))
        return false;
    indexes_bytes(c, &indexes);
    return found ? return_int(c, bytes + indexes) : return_null(c);
}

static bool database_bytes(struct fcall *c)
{
    int64_t bytes = 0;
    for (uint32_t k = 0; k < catalog_n_shards(c->env->catalog); k++)
        if (!shard_number(
                c, k, "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
                &bytes))
            return false;
    return return_int(c, bytes);
}

static bool pg_database_size_name(struct fcall *c)
{
    const char *name = text_argument(c, 0);
    if (!catalog_cluster_database(c->env->catalog, name))
        return err_set(c->err, ERR_UNDEFINED_DATABASE, "database \"%s\" does not exist", name);
    return database_bytes(c);
}

static bool pg_database_size_oid(struct fcall *c)
{
    struct cluster *cluster = catalog_cluster(c->env->catalog);
    return cluster && cluster_database_by_oid(cluster, (uint32_t)ARG_I(c, 0)) ? database_bytes(c)
                                                                              : return_null(c);
}

static bool pg_tablespace_size(struct fcall *c)
{
    return database_bytes(c);
}

static bool pg_tablespace_location(struct fcall *c)
{
    return return_text(c, "");
}

static bool pg_relation_filenode(struct fcall *c)
{
    const struct relation *relation = catalog_relation(c->env->catalog, (uint32_t)ARG_I(c, 0));
    bool has = (relation && relation_has_storage(relation)) ||
               catalog_index(c->env->catalog, (uint32_t)ARG_I(c, 0));
    return has ? return_int(c, ARG_I(c, 0)) : return_null(c);
}

static bool pg_relation_filepath(struct fcall *c)
{
    const struct relation *relation = catalog_relation(c->env->catalog, (uint32_t)ARG_I(c, 0));
    bool has = (relation && relation_has_storage(relation)) ||
               catalog_index(c->env->catalog, (uint32_t)ARG_I(c, 0));
    if (!has)
        return return_null(c);
    return return_text(c,
                       arena_printf(c->arena, "base/%u/%u", catalog_database_oid(c->env->catalog),
                                    (uint32_t)ARG_I(c, 0)));
}

/* ---- updatability: bits of 1 << CmdType (update 2, insert 3, delete 4) ---- */

static int32_t updatable_events(const struct relation *relation)
{
    return relation && (relation->kind == 'r' || (relation->kind == 'v' && relation->updatable))
               ? 4 | 8 | 16
               : 0;
}

static bool pg_relation_is_updatable(struct fcall *c)
{
    return return_int(c,
                      updatable_events(catalog_relation(c->env->catalog, (uint32_t)ARG_I(c, 0))));
}

static bool pg_column_is_updatable(struct fcall *c)
{
    return return_bool(c, ARG_I(c, 1) > 0 && updatable_events(catalog_relation(
                                                 c->env->catalog, (uint32_t)ARG_I(c, 0))) != 0);
}

static bool pg_relation_is_publishable(struct fcall *c)
{
    const struct relation *relation = catalog_relation(c->env->catalog, (uint32_t)ARG_I(c, 0));
    return return_bool(c, relation && relation->kind == 'r' && relation->persistence == 'p' &&
                              relation->oid >= FIRST_USER_OID);
}

/* ---- properties of access methods and indexes ---- */

static bool one_of(const char *name, const char *const *names)
{
    for (; *names; names++)
        if (strcasecmp(name, *names) == 0)
            return true;
    return false;
}

static bool method_property(struct fcall *c)
{
    static const char *const btree[] = {"can_order",   "can_unique",  "can_multi_col",
                                        "can_exclude", "can_include", NULL};
    static const char *const hash[] = {"can_exclude", NULL};
    static const char *const others[] = {"can_multi_col", "can_exclude", NULL};
    static const char *const known[] = {"can_order",   "can_unique",  "can_multi_col",
                                        "can_exclude", "can_include", NULL};
    const char *name = text_argument(c, 1);
    if (!one_of(name, known))
        return return_null(c);
    return return_bool(c, one_of(name, ARG_I(c, 0) == AM_BTREE  ? btree
                                       : ARG_I(c, 0) == AM_HASH ? hash
                                                                : others));
}

static bool index_property(struct fcall *c)
{
    static const char *const known[] = {"clusterable", "index_scan", "bitmap_scan", "backward_scan",
                                        NULL};
    const struct index *index = catalog_index(c->env->catalog, (uint32_t)ARG_I(c, 0));
    const char *name = text_argument(c, 1);
    if (!one_of(name, known))
        return return_null(c);
    bool btree = !index || strcmp(index->method, "btree") == 0;
    return return_bool(c, btree || strcasecmp(name, "bitmap_scan") == 0 ||
                              strcasecmp(name, "index_scan") == 0);
}

static bool index_column_property(struct fcall *c)
{
    const struct index *index = catalog_index(c->env->catalog, (uint32_t)ARG_I(c, 0));
    int64_t at = ARG_I(c, 1);
    const char *name = text_argument(c, 2);
    if (!index || at < 1 || at > index->n_keys + index->n_include)
        return return_null(c);
    const struct index_key *key = &index->keys[at - 1];
    bool is_key = at <= index->n_keys, btree = strcmp(index->method, "btree") == 0;
    if (strcasecmp(name, "asc") == 0)
        return is_key ? return_bool(c, btree && !key->descending) : return_null(c);
    if (strcasecmp(name, "desc") == 0)
        return is_key ? return_bool(c, btree && key->descending) : return_null(c);
    if (strcasecmp(name, "nulls_first") == 0)
        return is_key ? return_bool(c, btree && key->nulls_first) : return_null(c);
    if (strcasecmp(name, "nulls_last") == 0)
        return is_key ? return_bool(c, btree && !key->nulls_first) : return_null(c);
    if (strcasecmp(name, "orderable") == 0 || strcasecmp(name, "search_array") == 0 ||
        strcasecmp(name, "search_nulls") == 0)
        return is_key ? return_bool(c, btree) : return_null(c);
    if (strcasecmp(name, "distance_orderable") == 0)
        return return_bool(c, false);
    if (strcasecmp(name, "returnable") == 0)
        return return_bool(c, btree);
    return return_null(c);
}

/* ---- sequences ---- */

static bool pg_sequence_parameters(struct fcall *c)
{
    const struct relation *relation = catalog_relation(c->env->catalog, (uint32_t)ARG_I(c, 0));
    const struct sequence *s = relation ? relation->sequence : NULL;
    static const uint32_t types[] = {TYPE_INT8, TYPE_INT8, TYPE_INT8, TYPE_INT8,
                                     TYPE_BOOL, TYPE_INT8, TYPE_OID};
    const struct type *columns[ARRAY_COUNT(types)];
    if (!s)
        return err_set(c->err, ERR_WRONG_OBJECT_TYPE, "relation with OID %u is not a sequence",
                       (uint32_t)ARG_I(c, 0));
    for (size_t k = 0; k < ARRAY_COUNT(types); k++)
        columns[k] = builtin_type(types[k]);
    struct datum fields[] = {datum_int(s->start),     datum_int(s->min),    datum_int(s->max),
                             datum_int(s->increment), datum_bool(s->cycle), datum_int(s->cache),
                             datum_int(s->type_oid)};
    c->result = record_build(c->arena, TYPE_RECORD, columns, fields, ARRAY_COUNT(fields));
    return true;
}

static bool pg_sequence_last_value(struct fcall *c)
{
    const struct relation *relation = catalog_relation(c->env->catalog, (uint32_t)ARG_I(c, 0));
    int64_t last;
    bool is_called = false;
    if (!relation || !relation->sequence)
        return err_set(c->err, ERR_WRONG_OBJECT_TYPE, "relation with OID %u is not a sequence",
                       (uint32_t)ARG_I(c, 0));
    if (c->env->txn && !sequence_get(c->env->txn, relation, &last, &is_called, c->err))
        return false;
    return is_called ? return_int(c, last) : return_null(c);
}

/* ---- ACLs ---- */

static bool acldefault(struct fcall *c)
{
    const struct acl *acl =
        acl_default(c->arena, (enum acl_object)ARG_I(c, 0), (uint32_t)ARG_I(c, 1));
    struct datum *items = ARENA_ARRAY(c->arena, struct datum, acl->n + 1u);
    for (uint16_t k = 0; k < acl->n; k++) {
        struct buf text = BUF_IN(c->arena);
        acl_item_print(c->env->catalog, &acl->items[k], &text);
        items[k] = datum_bytes(text.p, text.n);
    }
    c->result = array_build_1d(c->arena, builtin_type(TYPE_ACLITEM), items, acl->n);
    return true;
}

static bool makeaclitem(struct fcall *c)
{
    struct acl_item item = {.grantee = (uint32_t)ARG_I(c, 0), .grantor = (uint32_t)ARG_I(c, 1)};
    const char *words = text_argument(c, 2);
    while (*words) {
        size_t n = strcspn(words, ",");
        const char *p = words;
        size_t length = n;
        while (length && *p == ' ')
            p++, length--;
        uint16_t bit = privilege_by_name(p, length);
        if (!bit)
            return err_set(c->err, ERR_INVALID_PARAMETER_VALUE,
                           "unrecognized privilege type: \"%.*s\"", (int)length, p);
        item.privileges |= bit;
        words += n + (words[n] ? 1 : 0);
    }
    if (ARG_I(c, 3))
        item.grantable = item.privileges;
    struct buf text = BUF_IN(c->arena);
    acl_item_print(c->env->catalog, &item, &text);
    return return_bytes(c, text.p, text.n);
}

static bool aclitem_eq(struct fcall *c)
{
    return return_bool(c, ARG_N(c, 0) == ARG_N(c, 1) &&
                              memcmp(ARG_P(c, 0), ARG_P(c, 1), ARG_N(c, 0)) == 0);
}

static bool aclcontains(struct fcall *c)
{
    const struct array *array = array_of(&c->args[0]);
    for (uint32_t k = 0; k < array->n_items; k++) {
        struct datum item = array_item(builtin_type(TYPE_ACLITEM), array, k);
        if (!item.null && item.n == ARG_N(c, 1) && memcmp(item.p, ARG_P(c, 1), item.n) == 0)
            return return_bool(c, true);
    }
    return return_bool(c, false);
}

/* ---- constants ---- */

static bool zero(struct fcall *c)
{
    return return_int(c, 0);
}
static bool no(struct fcall *c)
{
    return return_bool(c, false);
}
static bool null(struct fcall *c)
{
    return return_null(c);
}
static bool itself(struct fcall *c)
{
    return return_int(c, ARG_I(c, 0));
}
static bool encoding_max_length(struct fcall *c)
{
    return ARG_I(c, 0) >= 0 && ARG_I(c, 0) <= 41 ? return_int(c, ARG_I(c, 0) == 6 ? 4 : 1)
                                                 : return_null(c);
}

FUNC_TABLE(catalog_info_funcs) = {
    {"current_database", current_database},
    {"current_user", current_user},
    {"session_user", session_user},
    {"current_schema", current_schema},
    {"current_schemas", current_schemas},
    {"pgsql_version", version},
    {"pg_is_other_temp_schema", is_other_temp_schema},
    {"pg_typeof", pg_typeof},
    {"pg_collation_for", pg_collation_for},
    {"pg_relation_size", pg_relation_size},
    {"pg_relation_size(regclass)", pg_relation_size},
    {"pg_table_size", pg_relation_size},
    {"pg_total_relation_size", pg_total_relation_size},
    {"pg_indexes_size", pg_indexes_size},
    {"pg_database_size_name", pg_database_size_name},
    {"pg_database_size_oid", pg_database_size_oid},
    {"pg_tablespace_size_oid", pg_tablespace_size},
    {"pg_tablespace_size_name", pg_tablespace_size},
    {"pg_tablespace_location", pg_tablespace_location},
    {"pg_relation_filenode", pg_relation_filenode},
    {"pg_relation_filepath", pg_relation_filepath},
    {"pg_relation_is_updatable", pg_relation_is_updatable},
    {"pg_column_is_updatable", pg_column_is_updatable},
    {"pg_relation_is_publishable", pg_relation_is_publishable},
    {"pg_indexam_has_property", method_property},
    {"pg_index_has_property", index_property},
    {"pg_index_column_has_property", index_column_property},
    {"pg_sequence_parameters", pg_sequence_parameters},
    {"pg_sequence_last_value", pg_sequence_last_value},
    {"acldefault_sql", acldefault},
    {"makeaclitem", makeaclitem},
    {"aclitem_eq", aclitem_eq},
    {"aclcontains", aclcontains},
    {"pg_encoding_max_length_sql", encoding_max_length},
    {"pg_stat_get_analyze_count", zero},
    {"pg_stat_get_autoanalyze_count", zero},
    {"pg_stat_get_autovacuum_count", zero},
    {"pg_stat_get_blocks_fetched", zero},
    {"pg_stat_get_blocks_hit", zero},
    {"pg_stat_get_db_blocks_fetched", zero},
    {"pg_stat_get_db_blocks_hit", zero},
    {"pg_stat_get_db_checksum_failures", zero},
    {"pg_stat_get_db_conflict_all", zero},
    {"pg_stat_get_db_conflict_bufferpin", zero},
    {"pg_stat_get_db_conflict_lock", zero},
    {"pg_stat_get_db_conflict_snapshot", zero},
    {"pg_stat_get_db_conflict_startup_deadlock", zero},
    {"pg_stat_get_db_conflict_tablespace", zero},
    {"pg_stat_get_db_deadlocks", zero},
    {"pg_stat_get_db_sessions", zero},
    {"pg_stat_get_db_sessions_abandoned", zero},
    {"pg_stat_get_db_sessions_fatal", zero},
    {"pg_stat_get_db_sessions_killed", zero},
    {"pg_stat_get_db_temp_bytes", zero},
    {"pg_stat_get_db_temp_files", zero},
    {"pg_stat_get_db_tuples_deleted", zero},
    {"pg_stat_get_db_tuples_fetched", zero},
    {"pg_stat_get_db_tuples_inserted", zero},
    {"pg_stat_get_db_tuples_returned", zero},
    {"pg_stat_get_db_tuples_updated", zero},
    {"pg_stat_get_db_xact_commit", zero},
    {"pg_stat_get_db_xact_rollback", zero},
    {"pg_stat_get_dead_tuples", zero},
    {"pg_stat_get_function_calls", zero},
    {"pg_stat_get_ins_since_vacuum", zero},
    {"pg_stat_get_live_tuples", zero},
    {"pg_stat_get_mod_since_analyze", zero},
    {"pg_stat_get_numscans", zero},
    {"pg_stat_get_tuples_deleted", zero},
    {"pg_stat_get_tuples_fetched", zero},
    {"pg_stat_get_tuples_hot_updated", zero},
    {"pg_stat_get_tuples_inserted", zero},
    {"pg_stat_get_tuples_returned", zero},
    {"pg_stat_get_tuples_updated", zero},
    {"pg_stat_get_vacuum_count", zero},
    {"pg_stat_get_xact_blocks_fetched", zero},
    {"pg_stat_get_xact_blocks_hit", zero},
    {"pg_stat_get_xact_function_calls", zero},
    {"pg_stat_get_xact_numscans", zero},
    {"pg_stat_get_xact_tuples_deleted", zero},
    {"pg_stat_get_xact_tuples_fetched", zero},
    {"pg_stat_get_xact_tuples_hot_updated", zero},
    {"pg_stat_get_xact_tuples_inserted", zero},
    {"pg_stat_get_xact_tuples_returned", zero},
    {"pg_stat_get_xact_tuples_updated", zero},
    {"pg_stat_get_db_checksum_last_failure", null},
    {"pg_stat_get_db_stat_reset_time", null},
    {"pg_stat_get_last_analyze_time", null},
    {"pg_stat_get_last_autoanalyze_time", null},
    {"pg_stat_get_last_autovacuum_time", null},
    {"pg_stat_get_last_vacuum_time", null},
    {"pg_trigger_depth", zero},
    {"row_security_active", no},
    {"row_security_active_name", no},
    {"pg_partition_root", itself},
    {"pg_current_logfile", null},
    {"pg_current_logfile_1arg", null},
    {"pg_last_wal_receive_lsn", null},
    {"pg_last_wal_replay_lsn", null},
    {"pg_last_xact_replay_timestamp", null},
    {"pg_is_wal_replay_paused", no},
    {"pg_collation_actual_version", null},
    {"pg_database_collation_actual_version", null},
    {NULL, NULL},
};
