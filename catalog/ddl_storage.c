/* ddl_storage.c - what DDL does to the shard files: SQLite tables, columns and indexes with names a person can read.
 *
 * A table is `"t"` (or `"schema.t"`): _rid INTEGER PRIMARY KEY, then a column per live attribute, then hidden key columns
 * ("col#key" BLOB) of types without native order that an index needs.  SQLite compares names without regard to letter case and has one name
 * space for tables and indexes, so a name that is taken gets "#oid" appended.  SQLite indexes are never UNIQUE: row
 * operations of a commit come in any order, and uniqueness is enforced before the commit.
 *
 * `stored_as` names are those of the committed files and are not touched here; `stored_next` ones are as the SQL added here leaves them. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "catalog/ddl_int.h"
#include "types/type.h"

static void put_quoted(struct buf *out, const char *name)
{
    buf_putc(out, '"');
    for (; *name; name++) {
        if (*name == '"')
            buf_putc(out, '"');
        buf_putc(out, *name);
    }
    buf_putc(out, '"');
}

bool has_committed_rows(const struct relation *relation)
{
    return relation->stored_as && !relation->truncated_here && relation->distribution != DIST_TEMP;
}

static bool has_files(const struct relation *relation)
{
    return relation->distribution != DIST_TEMP && relation->distribution != DIST_SYSTEM &&
           (relation->kind == 'r' || relation->kind == 'm');
}

/* ---- names ---- */

static bool stored_name_taken(const struct catalog *fork, const char *name, uint32_t but_oid)
{
    const struct relation *relation;
    const struct index *index;
    for (size_t at = builtin_n_relations; (relation = catalog_next_relation(fork, &at));)
        if (relation->oid != but_oid && relation->stored_next &&
            strcasecmp(relation->stored_next, name) == 0)
            return true;
    for (size_t at = 0; (index = catalog_next_index(fork, &at));)
        if (index->oid != but_oid && index->stored_next &&
            strcasecmp(index->stored_next, name) == 0)
            return true;
    return false;
}

static bool reserved_name(const char *name)
{
    return strncasecmp(name, "sqlite_", 7) == 0 || strncasecmp(name, "_shardlite", 10) == 0;
}

static const char *free_stored_name(struct ddl *d, const char *schema, const char *name,
                                    uint32_t oid)
{
    const char *base =
        strcmp(schema, "public") == 0 ? name : arena_printf(d->arena, "%s.%s", schema, name);
    if (!reserved_name(base) && !stored_name_taken(d->fork, base, oid))
        return base;
    return arena_printf(d->arena, "%s%s#%u", reserved_name(base) ? "t." : "", base, oid);
}

const char *stored_table_name(struct ddl *d, const struct relation *relation)
{
    return free_stored_name(d, relation->namespace_name, relation->name, relation->oid);
}

const char *stored_index_name(struct ddl *d, const struct relation *relation, const char *name)
{
    return free_stored_name(d, relation->namespace_name, name, relation->oid);
}

const char *stored_column_name(struct ddl *d, const struct relation *relation, const char *name,
                               int16_t attnum)
{
    bool taken = strcasecmp(name, "_rid") == 0;
    for (uint16_t k = 0; k < relation->n_columns && !taken; k++) {
        const struct column *column = &relation->columns[k];
        if (column->attnum == attnum)
            continue;
        taken = (column->stored_next && strcasecmp(column->stored_next, name) == 0) ||
                (column->key_stored_next && strcasecmp(column->key_stored_next, name) == 0);
    }
    return taken ? arena_printf(d->arena, "%s#%d", name, attnum) : name;
}

/* ---- statements on the shards ---- */

static bool add_sql(struct ddl *d, uint32_t shard, const char *sql)
{
    struct op op = {.kind = OP_SQL, .shard = shard, .sql = sql};
    return txn_add_op(d->c->txn, &op, d->err);
}

bool shards_sql(struct ddl *d, const struct relation *relation, const char *sql)
{
    uint32_t n = catalog_n_shards(d->fork);
    if (relation->distribution == DIST_LOCAL)
        return add_sql(d, relation->local_shard, sql);
    for (uint32_t shard = 0; shard < n; shard++)
        if (!add_sql(d, shard, sql))
            return false;
    return true;
}

/* Everywhere, whatever the relation's distribution is now. */
static bool all_shards_sql(struct ddl *d, const char *sql)
{
    for (uint32_t shard = 0; shard < catalog_n_shards(d->fork); shard++)
        if (!add_sql(d, shard, sql))
            return false;
    return true;
}

static const char *affinity(const struct type *type)
{
    while (type->kind == 'd' && type->elem)
        type = type->elem;
    switch (type->ops->storage) {
    case STORAGE_INTEGER:
        return "INTEGER";
    case STORAGE_REAL:
        return "REAL";
    case STORAGE_TEXT:
        return "TEXT";
    case STORAGE_BLOB:
        return "BLOB";
    }
    return "BLOB";
}

bool storage_create(struct ddl *d, uint32_t relation_oid)
{
    struct relation *relation = catalog_edit_relation(d->fork, relation_oid);
    if (!has_files(relation))
        return true;
    struct column *columns = columns_of(relation);
    struct buf sql = BUF_IN(d->arena);
    relation->stored_next = edit_text(d, relation_oid, stored_table_name(d, relation));
    buf_puts(&sql, "CREATE TABLE ");
    put_quoted(&sql, relation->stored_next);
    buf_puts(&sql, " (_rid INTEGER PRIMARY KEY");
    for (uint16_t k = 0; k < relation->n_columns; k++) {
        if (columns[k].dropped)
            continue;
        columns[k].stored_next = edit_text(
            d, relation_oid, stored_column_name(d, relation, columns[k].name, columns[k].attnum));
        buf_puts(&sql, ", ");
        put_quoted(&sql, columns[k].stored_next);
        buf_printf(&sql, " %s", affinity(columns[k].type));
    }
    for (uint16_t k = 0; k < relation->n_columns; k++) {
        if (columns[k].dropped || !columns[k].key_stored_next)
            continue;
        buf_puts(&sql, ", ");
        put_quoted(&sql, columns[k].key_stored_next);
        buf_puts(&sql, " BLOB");
    }
    buf_putc(&sql, ')');
    return shards_sql(d, relation, buf_cstr(&sql));
}

bool storage_drop(struct ddl *d, const struct relation *relation)
{
    struct buf sql = BUF_IN(d->arena);
    if (!has_files(relation) || !relation->stored_next)
        return true;
    buf_puts(&sql, "DROP TABLE ");
    put_quoted(&sql, relation->stored_next);
    return shards_sql(d, relation, buf_cstr(&sql));
}

bool storage_rename(struct ddl *d, uint32_t relation_oid)
{
    struct relation *relation = catalog_edit_relation(d->fork, relation_oid);
    struct buf sql = BUF_IN(d->arena);
    if (!has_files(relation) || !relation->stored_next)
        return true;
    const char *name = stored_table_name(d, relation);
    if (strcmp(name, relation->stored_next) == 0)
        return true;
    buf_puts(&sql, "ALTER TABLE ");
    put_quoted(&sql, relation->stored_next);
    buf_puts(&sql, " RENAME TO ");
    put_quoted(&sql, name);
    relation->stored_next = edit_text(d, relation_oid, name);
    return shards_sql(d, relation, buf_cstr(&sql));
}

/* ---- columns ---- */

static bool put_literal(struct ddl *d, const struct column *column, const struct datum *value,
                        struct buf *out)
{
    struct type_io io = {.arena = d->arena,
                         .err = d->err,
                         .type = column->type,
                         .typmod = column->typmod,
                         .settings = &settings_default,
                         .env = &d->env};
    struct stored stored;
    if (!type_store(&io, value, &stored))
        return false;
    const uint8_t *bytes = stored.p;
    switch (stored.kind) {
    case STORED_NULL:
        buf_puts(out, "NULL");
        break;
    case STORED_INTEGER:
        buf_printf(out, "%lld", (long long)stored.i);
        break;
    case STORED_REAL:
        if (isinf(stored.f))
            buf_puts(out, stored.f < 0 ? "-9e999" : "9e999");
        else
            buf_printf(out, "%.17g%s", stored.f,
                       stored.f == floor(stored.f) && fabs(stored.f) < 1e15 ? ".0" : "");
        break;
    case STORED_TEXT:
        buf_putc(out, '\'');
        for (size_t k = 0; k < stored.n; k++) {
            if (bytes[k] == '\'')
                buf_putc(out, '\'');
            buf_putc(out, (char)bytes[k]);
        }
        buf_putc(out, '\'');
        break;
    case STORED_BLOB:
        buf_puts(out, "X'");
        for (size_t k = 0; k < stored.n; k++)
            buf_printf(out, "%02x", bytes[k]);
        buf_putc(out, '\'');
        break;
    }
    return true;
}

bool storage_add_column(struct ddl *d, uint32_t relation_oid, int16_t attnum,
                        const struct datum *missing)
{
    struct relation *relation = catalog_edit_relation(d->fork, relation_oid);
    struct column *column = &columns_of(relation)[attnum - 1];
    struct buf sql = BUF_IN(d->arena);
    if (!has_files(relation))
        return true;
    column->stored_next =
        edit_text(d, relation_oid, stored_column_name(d, relation, column->name, attnum));
    buf_puts(&sql, "ALTER TABLE ");
    put_quoted(&sql, relation->stored_next);
    buf_puts(&sql, " ADD COLUMN ");
    put_quoted(&sql, column->stored_next);
    buf_printf(&sql, " %s", affinity(column->type));
    if (missing && !missing->null) {
        buf_puts(&sql, " DEFAULT ");
        if (!put_literal(d, column, missing, &sql))
            return false;
    }
    return shards_sql(d, relation, buf_cstr(&sql));
}

static bool drop_stored_column(struct ddl *d, const struct relation *relation, const char *name)
{
    struct buf sql = BUF_IN(d->arena);
    if (!name)
        return true;
    buf_puts(&sql, "ALTER TABLE ");
    put_quoted(&sql, relation->stored_next);
    buf_puts(&sql, " DROP COLUMN ");
    put_quoted(&sql, name);
    return shards_sql(d, relation, buf_cstr(&sql));
}

bool storage_drop_column(struct ddl *d, const struct relation *relation, int16_t attnum)
{
    const struct column *column = &relation->columns[attnum - 1];
    if (!has_files(relation) || !relation->stored_next)
        return true;
    return drop_stored_column(d, relation, column->key_stored_next) &&
           drop_stored_column(d, relation, column->stored_next);
}

static bool rename_stored_column(struct ddl *d, const struct relation *relation, const char *before,
                                 const char *after)
{
    struct buf sql = BUF_IN(d->arena);
    buf_puts(&sql, "ALTER TABLE ");
    put_quoted(&sql, relation->stored_next);
    buf_puts(&sql, " RENAME COLUMN ");
    put_quoted(&sql, before);
    buf_puts(&sql, " TO ");
    put_quoted(&sql, after);
    return shards_sql(d, relation, buf_cstr(&sql));
}

bool storage_rename_column(struct ddl *d, uint32_t relation_oid, int16_t attnum)
{
    struct relation *relation = catalog_edit_relation(d->fork, relation_oid);
    struct column *column = &columns_of(relation)[attnum - 1];
    if (!has_files(relation) || !column->stored_next)
        return true;
    const char *name = stored_column_name(d, relation, column->name, attnum);
    if (strcmp(name, column->stored_next) != 0) {
        if (!rename_stored_column(d, relation, column->stored_next, name))
            return false;
        column->stored_next = edit_text(d, relation_oid, name);
    }
    if (!column->key_stored_next)
        return true;
    const char *key = arena_printf(d->arena, "%s#key", name);
    if (strcmp(key, column->key_stored_next) == 0)
        return true;
    if (!rename_stored_column(d, relation, column->key_stored_next, key))
        return false;
    column->key_stored_next = edit_text(d, relation_oid, key);
    return true;
}

bool storage_need_key(struct ddl *d, uint32_t relation_oid, int16_t attnum)
{
    const struct relation *current = rel(d, relation_oid);
    const struct type *type = current->columns[attnum - 1].type;
    while (type->kind == 'd' && type->elem)
        type = type->elem;
    if (!has_files(current) || type->ops->native_order || !type->ops->key ||
        current->columns[attnum - 1].key_stored_next)
        return true;
    struct relation *relation = catalog_edit_relation(d->fork, relation_oid);
    struct column *column = &columns_of(relation)[attnum - 1];
    const char *base = column->stored_next ? column->stored_next : column->name;
    column->key_stored_next = edit_text(d, relation_oid, arena_printf(d->arena, "%s#key", base));
    if (!relation->stored_next)
        return true; /* storage_create() will make it */
    struct buf sql = BUF_IN(d->arena);
    buf_puts(&sql, "ALTER TABLE ");
    put_quoted(&sql, relation->stored_next);
    buf_puts(&sql, " ADD COLUMN ");
    put_quoted(&sql, column->key_stored_next);
    buf_puts(&sql, " BLOB");
    return shards_sql(d, relation, buf_cstr(&sql)) && touch_columns(d, relation_oid, attnum);
}

/* ---- indexes ---- */

static void put_index_columns(const struct relation *relation, const struct index *index,
                              struct buf *sql)
{
    for (uint16_t k = 0; k < index->n_keys; k++) {
        const struct index_key *key = &index->keys[k];
        if (!key->attnum)
            break; /* what comes after an expression is of no use to SQLite */
        const struct column *column = &relation->columns[key->attnum - 1];
        const char *name = column->key_stored_next ? column->key_stored_next : column->stored_next;
        if (k)
            buf_puts(sql, ", ");
        put_quoted(sql, name);
        if (key->descending)
            buf_puts(sql, " DESC");
    }
}

/* key -> (shard, rid) of the row that has it: uniqueness over shards. */
static bool create_global_table(struct ddl *d, const char *name)
{
    struct buf table = BUF_IN(d->arena), index = BUF_IN(d->arena);
    buf_puts(&table, "CREATE TABLE ");
    put_quoted(&table, name);
    buf_puts(&table, " (_rid INTEGER PRIMARY KEY, key BLOB, shard INTEGER, rid INTEGER)");
    buf_puts(&index, "CREATE INDEX ");
    put_quoted(&index, arena_printf(d->arena, "%s#key", name));
    buf_puts(&index, " ON ");
    put_quoted(&index, name);
    buf_puts(&index, " (key)");
    return all_shards_sql(d, buf_cstr(&table)) && all_shards_sql(d, buf_cstr(&index));
}

bool storage_create_index(struct ddl *d, uint32_t index_oid)
{
    struct index *index = catalog_edit_index(d->fork, index_oid);
    const struct relation *relation = rel(d, index->relation_oid);
    struct buf sql = BUF_IN(d->arena);
    if (!has_files(relation))
        return true;
    if (index->global) {
        const char *name =
            free_stored_name(d, relation->namespace_name,
                             arena_printf(d->arena, "%s#unique", index->name), index_oid);
        index->stored_next = edit_text(d, index_oid, name);
        return create_global_table(d, name);
    }
    if (!index->stored)
        return true;
    const char *name = free_stored_name(d, relation->namespace_name, index->name, index_oid);
    index->stored_next = edit_text(d, index_oid, name);
    buf_puts(&sql, "CREATE INDEX ");
    put_quoted(&sql, name);
    buf_puts(&sql, " ON ");
    put_quoted(&sql, relation->stored_next);
    buf_puts(&sql, " (");
    put_index_columns(relation, index, &sql);
    buf_putc(&sql, ')');
    return shards_sql(d, relation, buf_cstr(&sql));
}

bool storage_drop_index(struct ddl *d, const struct index *index)
{
    const struct relation *relation = rel(d, index->relation_oid);
    struct buf sql = BUF_IN(d->arena);
    if (!index->stored_next || !relation)
        return true;
    buf_puts(&sql, index->global ? "DROP TABLE " : "DROP INDEX ");
    put_quoted(&sql, index->stored_next);
    return index->global ? all_shards_sql(d, buf_cstr(&sql))
                         : shards_sql(d, relation, buf_cstr(&sql));
}

bool storage_rename_index(struct ddl *d, uint32_t index_oid)
{
    const struct index *index = catalog_index(d->fork, index_oid);
    const struct relation *relation = rel(d, index->relation_oid);
    struct buf sql = BUF_IN(d->arena);
    if (!index->stored_next)
        return true;
    if (!index->global) /* SQLite cannot rename an index */
        return storage_drop_index(d, index) && storage_create_index(d, index_oid);
    const char *name = free_stored_name(
        d, relation->namespace_name, arena_printf(d->arena, "%s#unique", index->name), index_oid);
    if (strcmp(name, index->stored_next) == 0)
        return true;
    buf_puts(&sql, "ALTER TABLE ");
    put_quoted(&sql, index->stored_next);
    buf_puts(&sql, " RENAME TO ");
    put_quoted(&sql, name);
    catalog_edit_index(d->fork, index_oid)->stored_next = edit_text(d, index_oid, name);
    return all_shards_sql(d, buf_cstr(&sql));
}
