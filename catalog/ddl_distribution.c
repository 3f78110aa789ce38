/* ddl_distribution.c - where a table's rows live: chosen at CREATE TABLE, changed by Citus's functions or by a primary key that comes later.
 *
 * In order: WITH (distribution, shard_key, shard_strategy, colocate_with), the configuration's [table.NAME], the first column of
 * the primary key, the first UNIQUE NOT NULL column; a table without any of these is spread by row. */
#include <string.h>

#include "catalog/ddl_int.h"
#include "router/strategy.h"
#include "sql/format_type.h"

#define MAX_SHARD_KEY 32

bool is_distribution_option(const char *name)
{
    return strcmp(name, "shard_key") == 0 || strcmp(name, "shard_strategy") == 0 ||
           strcmp(name, "distribution") == 0 || strcmp(name, "colocate_with") == 0;
}

struct wish {
    const char *distribution, *shard_key, *strategy, *colocate_with;
};

static const char *wished(struct ddl *d, const struct relation *relation, const List *options,
                          const char *name)
{
    const DefElem *option = option_named(options, name);
    if (option)
        return option_text(d, option);
    if (!d->c->table_option)
        return NULL;
    return d->c->table_option(d->c->arg, relation->namespace_name, relation->name, name);
}

/* ---- colocation: equal ids mean that equal keys share a shard ---- */

/* Types whose equal values hash alike (type_hash_key). */
static const char *hash_family(const struct type *type)
{
    while (type->kind == 'd' && type->elem)
        type = type->elem;
    switch (type->oid) {
    case TYPE_INT2:
    case TYPE_INT4:
    case TYPE_INT8:
    case TYPE_NUMERIC:
        return "number";
    case TYPE_FLOAT4:
    case TYPE_FLOAT8:
        return "float";
    case TYPE_TEXT:
    case TYPE_VARCHAR:
    case TYPE_NAME:
        return "text";
    default:
        return type->name;
    }
}

static uint32_t colocation_of(struct ddl *d, const struct relation *relation)
{
    struct buf text = BUF_IN(d->arena);
    if (relation->distribution != DIST_SHARDED)
        return 0;
    buf_puts(&text, relation->strategy ? relation->strategy : "hash");
    for (uint16_t k = 0; k < relation->n_shard_key; k++)
        buf_printf(&text, "/%s", hash_family(relation->columns[relation->shard_key[k] - 1].type));
    uint32_t id = 2166136261u; /* FNV-1a: small, stable */
    for (size_t k = 0; k < text.n; k++)
        id = (id ^ (uint8_t)text.p[k]) * 16777619u;
    return id | 1;
}

/* ---- shard keys ---- */

static bool can_be_key(struct ddl *d, const struct relation *relation, const struct column *column)
{
    const struct type *type = column->type;
    while (type->kind == 'd' && type->elem)
        type = type->elem;
    if (type->ops->key)
        return true;
    return err_set(d->err, ERR_UNDEFINED_FUNCTION, "column \"%s\" of type %s cannot be a shard key",
                   column->name, format_type_name(d->arena, d->fork, &d->c->path, column->type));
}

static bool is_usable_key(const struct column *column)
{
    const struct type *type = column->type;
    while (type->kind == 'd' && type->elem)
        type = type->elem;
    return type->ops->key != NULL;
}

static bool named_key(struct ddl *d, const struct relation *relation, const char *text,
                      int16_t *key, uint16_t *n)
{
    *n = 0;
    while (*text) {
        size_t length = strcspn(text, ",");
        const char *start = text, *end = text + length;
        while (start < end && *start == ' ')
            start++;
        while (end > start && end[-1] == ' ')
            end--;
        const char *name = arena_strndup(d->arena, start, (size_t)(end - start));
        const struct column *column = relation_column(relation, name);
        if (!column)
            return err_set(d->err, ERR_UNDEFINED_COLUMN,
                           "shard key column \"%s\" of relation \"%s\" does not exist", name,
                           relation->name);
        if (*n == MAX_SHARD_KEY)
            return err_set(d->err, ERR_TOO_MANY_COLUMNS,
                           "cannot use more than %d columns in a shard key", MAX_SHARD_KEY);
        if (!can_be_key(d, relation, column))
            return false;
        key[(*n)++] = column->attnum;
        text += length;
        if (*text == ',')
            text++;
    }
    return *n > 0 ||
           err_set(d->err, ERR_INVALID_PARAMETER_VALUE, "a shard key needs at least one column");
}

static int16_t first_key_column(const struct relation *relation, const Constraint *node,
                                int16_t at_column)
{
    if (!list_n(node->keys))
        return at_column;
    const struct column *column = relation_column(relation, list_str(node->keys, 0));
    return column ? column->attnum : 0;
}

/* The column that identifies rows, by the constraints that are about to be made; 0: none. */
static int16_t default_key(const struct relation *relation,
                           const struct constraint_list *constraints)
{
    for (size_t k = 0; k < constraints->n; k++)
        if (constraints->items[k]->contype == CONSTR_PRIMARY) {
            int16_t attnum =
                first_key_column(relation, constraints->items[k], constraints->columns.items[k]);
            if (attnum && is_usable_key(&relation->columns[attnum - 1]))
                return attnum;
        }
    for (size_t k = 0; k < constraints->n; k++)
        if (constraints->items[k]->contype == CONSTR_UNIQUE) {
            int16_t attnum =
                first_key_column(relation, constraints->items[k], constraints->columns.items[k]);
            if (attnum && relation->columns[attnum - 1].not_null &&
                is_usable_key(&relation->columns[attnum - 1]))
                return attnum;
        }
    return 0;
}

static void set_key(struct ddl *d, struct relation *relation, const int16_t *key, uint16_t n,
                    const char *strategy)
{
    struct arena *arena = catalog_edit_arena(d->fork, relation->oid);
    relation->distribution = DIST_SHARDED;
    relation->shard_key = arena_memdup(arena, key, n * sizeof(*key));
    relation->n_shard_key = n;
    relation->strategy = arena_strdup(arena, strategy ? strategy : "hash");
    relation->colocation_id = colocation_of(d, relation);
}

static void set_whole(struct relation *relation, enum distribution distribution)
{
    relation->distribution = distribution;
    relation->shard_key = NULL;
    relation->n_shard_key = 0;
    relation->strategy = NULL;
    relation->colocation_id = 0;
    relation->local_shard = 0;
}

static bool colocate(struct ddl *d, const struct relation *relation, const char *with)
{
    const struct relation *other = NULL;
    const char *dot = strchr(with, '.');
    if (strcmp(with, "default") == 0 || strcmp(with, "none") == 0)
        return true;
    if (dot)
        other = catalog_relation_by_name(
            d->fork, &d->c->path, arena_strndup(d->arena, with, (size_t)(dot - with)), dot + 1);
    else
        other = catalog_relation_by_name(d->fork, &d->c->path, NULL, with);
    if (!other)
        return err_set(d->err, ERR_UNDEFINED_TABLE, "relation \"%s\" does not exist", with);
    if (other->colocation_id == relation->colocation_id && relation->colocation_id)
        return true;
    err_set(d->err, ERR_INVALID_PARAMETER_VALUE, "cannot colocate tables \"%s\" and \"%s\"",
            relation->name, other->name);
    return err_detail(d->err, "Their shard keys differ in type, number or strategy.");
}

static bool check_strategy(struct ddl *d, const char *strategy)
{
    if (!strategy || strategy_find(strategy))
        return true;
    return err_set(d->err, ERR_INVALID_PARAMETER_VALUE, "unrecognized shard strategy \"%s\"",
                   strategy);
}

static bool choose(struct ddl *d, uint32_t relation_oid, const struct wish *wish, int16_t fallback)
{
    struct relation *relation = catalog_edit_relation(d->fork, relation_oid);
    int16_t key[MAX_SHARD_KEY];
    uint16_t n = 0;
    if (relation->temp) {
        relation->distribution = DIST_TEMP;
        return true;
    }
    if (!check_strategy(d, wish->strategy))
        return false;
    if (wish->distribution && strcmp(wish->distribution, "reference") == 0) {
        set_whole(relation, DIST_REFERENCE);
        return true;
    }
    if (wish->distribution && strcmp(wish->distribution, "local") == 0) {
        set_whole(relation, DIST_LOCAL);
        return true;
    }
    if (wish->distribution && strcmp(wish->distribution, "row") == 0) {
        set_whole(relation, DIST_ROW);
        return true;
    }
    if (wish->distribution && strcmp(wish->distribution, "sharded") != 0) {
        err_set(d->err, ERR_INVALID_PARAMETER_VALUE,
                "invalid value for \"distribution\" option: \"%s\"", wish->distribution);
        return err_detail(d->err,
                          "Valid values are \"sharded\", \"reference\", \"local\" and \"row\".");
    }
    if (wish->shard_key) {
        if (!named_key(d, relation, wish->shard_key, key, &n))
            return false;
    } else if (fallback) {
        key[n++] = fallback;
    }
    if (n)
        set_key(d, relation, key, n, wish->strategy);
    else
        set_whole(relation, DIST_ROW);
    return !wish->colocate_with || colocate(d, relation, wish->colocate_with);
}

bool choose_distribution_early(struct ddl *d, uint32_t relation_oid, const List *options,
                               const struct constraint_list *constraints)
{
    const struct relation *relation = rel(d, relation_oid);
    struct wish wish = {
        .distribution = wished(d, relation, options, "distribution"),
        .shard_key = wished(d, relation, options, "shard_key"),
        .strategy = wished(d, relation, options, "shard_strategy"),
        .colocate_with = wished(d, relation, options, "colocate_with"),
    };
    return choose(d, relation_oid, &wish, default_key(relation, constraints));
}

/* ---- changing it ---- */

/* New, empty files for the relation as it is now, indexes too; its rows are the caller's to bring. */
bool renew_storage(struct ddl *d, const struct relation *before, uint32_t relation_oid)
{
    for (uint16_t k = 0; k < before->n_indexes; k++) /* SQLite's own go with the table */
        if (before->indexes[k]->global && !storage_drop_index(d, before->indexes[k]))
            return false;
    if (!storage_drop(d, before))
        return false;
    struct relation *relation = catalog_edit_relation(d->fork, relation_oid);
    relation->truncated_here = true;
    for (uint16_t k = 0; k < relation->n_columns; k++) {
        struct column *column = &columns_of(relation)[k];
        column->stored_next = NULL;
        column->has_missing = false;
        if (column->dropped || column->type->ops->native_order || !is_usable_key(column))
            column->key_stored_next = NULL;
    }
    relation->stored_next = NULL;
    if (!storage_create(d, relation_oid))
        return false;
    return true;
}

bool renew_indexes(struct ddl *d, uint32_t relation_oid, bool check_rows)
{
    for (uint16_t k = 0; k < rel(d, relation_oid)->n_indexes; k++)
        if (!rebuild_index_storage(d, rel(d, relation_oid)->indexes[k]->oid, check_rows))
            return false;
    return true;
}

/* A copy of the relation as it is, that later edits of the fork do not change. */
const struct relation *relation_snapshot(struct ddl *d, uint32_t relation_oid)
{
    const struct relation *now = rel(d, relation_oid);
    struct relation *copy = arena_memdup(d->arena, now, sizeof(*now));
    copy->columns = arena_memdup(d->arena, now->columns, now->n_columns * sizeof(*now->columns));
    copy->indexes = now->n_indexes ? arena_memdup(d->arena, now->indexes,
                                                  now->n_indexes * sizeof(*now->indexes))
                                   : NULL;
    return copy;
}

/* Rows stay where they are; indexes whose kind of storage is no longer right are made anew. */
static bool renew_index_kinds(struct ddl *d, const struct relation *before, uint32_t relation_oid)
{
    for (uint16_t k = 0; k < before->n_indexes; k++) {
        const struct index *index = rel(d, relation_oid)->indexes[k];
        struct index probe = *index;
        decide_index_storage(d, rel(d, relation_oid), &probe);
        if (probe.stored == index->stored && probe.global == index->global)
            continue;
        if (!storage_drop_index(d, index) || !rebuild_index_storage(d, index->oid, false))
            return false;
    }
    return true;
}

static bool move(struct ddl *d, const struct relation *before, uint32_t relation_oid)
{
    if (catalog_n_shards(d->fork) == 1) /* all rows are where they would go */
        return renew_index_kinds(d, before, relation_oid);
    return renew_storage(d, before, relation_oid) && move_rows(d, before, relation_oid) &&
           renew_indexes(d, relation_oid, false);
}

bool distribute(struct ddl *d, uint32_t relation_oid, enum distribution distribution,
                const char *key, const char *strategy, const char *colocate_with)
{
    static const char *const words[] = {[DIST_SHARDED] = "sharded",
                                        [DIST_ROW] = "row",
                                        [DIST_REFERENCE] = "reference",
                                        [DIST_LOCAL] = "local"};
    const struct relation *relation = rel(d, relation_oid);
    if (!relation || relation->kind != 'r')
        return err_set(d->err, ERR_WRONG_OBJECT_TYPE, "cannot distribute this relation");
    if (relation->temp)
        return err_set(d->err, ERR_FEATURE_NOT_SUPPORTED, "cannot distribute a temporary table");
    if (!must_own_relation(d, relation) || !lock_relation(d, relation_oid, LOCK_ACCESS_EXCLUSIVE))
        return false;
    const struct relation *before = relation_snapshot(d, relation_oid);
    struct wish wish = {words[distribution], key, strategy, colocate_with};
    return choose(d, relation_oid, &wish, 0) && move(d, before, relation_oid);
}

/* A table spread by row for want of a key gets its first primary key: from now on rows are found by it. */
bool adopt_primary_key(struct ddl *d, uint32_t relation_oid, const Constraint *node,
                       int16_t at_column)
{
    const struct relation *relation = rel(d, relation_oid);
    if (relation->distribution != DIST_ROW || relation->kind != 'r' || node->indexname)
        return true;
    int16_t attnum = first_key_column(relation, node, at_column);
    if (!attnum || !is_usable_key(&relation->columns[attnum - 1]))
        return true;
    const struct relation *before = relation_snapshot(d, relation_oid);
    struct wish wish = {.strategy = "hash"};
    return choose(d, relation_oid, &wish, attnum) && move(d, before, relation_oid);
}

bool leave_shard_key(struct ddl *d, uint32_t relation_oid)
{
    const struct relation *before = relation_snapshot(d, relation_oid);
    struct wish wish = {.distribution = "row"};
    return choose(d, relation_oid, &wish, 0) && renew_index_kinds(d, before, relation_oid);
}

void refresh_colocation(struct ddl *d, uint32_t relation_oid)
{
    const struct relation *now = rel(d, relation_oid);
    uint32_t id = colocation_of(d, now);
    if (id != now->colocation_id)
        catalog_edit_relation(d->fork, relation_oid)->colocation_id = id;
}
