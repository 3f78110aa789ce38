/* info_table.c - information_schema: schemata, tables, columns, views, sequences and their usages. */
#include <inttypes.h>

#include "catalog/info.h"

bool info_owns(const struct sysrel_scan *scan, uint32_t owner_oid)
{
    return role_is_superuser(scan->catalog, scan->env->user_oid) ||
           role_is_member(scan->catalog, scan->env->user_oid, owner_oid, true);
}

bool info_sees(const struct sysrel_scan *scan, const struct relation *relation)
{
    if (relation->oid < FIRST_USER_OID || info_owns(scan, relation->owner_oid))
        return true;
    enum acl_object kind = relation->kind == 'S' ? ACL_SEQUENCE : ACL_RELATION;
    if (acl_held(scan->catalog, relation->acl, kind, relation->owner_oid, scan->env->user_oid,
                 acl_all_privileges(kind), false))
        return true;
    for (uint16_t k = 0; k < relation->n_columns; k++)
        if (relation->columns[k].acl &&
            acl_held(scan->catalog, relation->columns[k].acl, ACL_COLUMN, relation->owner_oid,
                     scan->env->user_oid, acl_all_privileges(ACL_COLUMN), false))
            return true;
    return false;
}

/* Other sessions' temporary objects are nobody else's business. */
static bool listed(const struct sysrel_scan *scan, const struct relation *relation)
{
    return (relation->kind == 'r' || relation->kind == 'v') && info_sees(scan, relation);
}

/* Conditions on the name help most when a client asks about one table. */
static bool wanted(const struct sysrel_scan *scan, int schema_column, int name_column,
                   const struct relation *relation)
{
    return scan_wants_name(scan, schema_column, relation->namespace_name) &&
           scan_wants_name(scan, name_column, relation->name);
}

/* ---- schemata, catalog name ---- */

static void schema_row(struct sysrel_scan *scan, const struct namespace *namespace)
{
    uint16_t held = acl_held(scan->catalog, namespace->acl, ACL_NAMESPACE, namespace->owner_oid,
                             scan->env->user_oid, PRIV_CREATE | PRIV_USAGE, false);
    if (namespace->temp ||
        (!info_owns(scan, namespace->owner_oid) && !held && namespace->oid >= FIRST_USER_OID))
        return;
    const struct role *owner = catalog_role(scan->catalog, namespace->owner_oid);
    struct info i = info_row(scan);
    put_catalog(&i);
    put_info(&i, namespace->name);
    put_info(&i, owner ? owner->name : NULL);
}

static bool schemata(struct sysrel_scan *scan)
{
    const struct namespace *namespace;
    for (size_t k = 0; k < builtin_n_namespaces; k++)
        schema_row(scan, &builtin_namespaces[k]);
    for (size_t at = 0; (namespace = catalog_next_namespace(scan->catalog, &at));)
        schema_row(scan, namespace);
    return true;
}

static bool catalog_name(struct sysrel_scan *scan)
{
    struct info i = info_row(scan);
    put_catalog(&i);
    return true;
}

/* ---- tables, views ---- */

static bool is_writable(const struct relation *relation)
{
    return relation->kind == 'r' || (relation->kind == 'v' && relation->updatable);
}

static bool tables(struct sysrel_scan *scan)
{
    const struct relation *relation;
    for (size_t at = 0; (relation = catalog_next_relation(scan->catalog, &at));) {
        if (!listed(scan, relation) || !wanted(scan, 2, 3, relation))
            continue;
        struct info i = info_row(scan);
        put_name(&i, relation->namespace_name, relation->name);
        put_info(&i, relation->temp          ? "LOCAL TEMPORARY"
                     : relation->kind == 'v' ? "VIEW"
                                             : "BASE TABLE");
        put_nulls(&i, 5);
        put_yes(&i, is_writable(relation));
        put_yes(&i, false);
        put_info(&i, relation->temp ? "PRESERVE" : NULL);
    }
    return true;
}

static bool views(struct sysrel_scan *scan)
{
    const struct relation *relation;
    for (size_t at = 0; (relation = catalog_next_relation(scan->catalog, &at));) {
        if (relation->kind != 'v' || !info_sees(scan, relation) || !wanted(scan, 2, 3, relation))
            continue;
        struct info i = info_row(scan);
        put_name(&i, relation->namespace_name, relation->name);
        put_info(&i, info_owns(scan, relation->owner_oid)
                         ? define_view(scan->env, scan->arena, relation)
                         : NULL);
        put_info(&i, relation->view_check == 'c'   ? "CASCADED"
                     : relation->view_check == 'l' ? "LOCAL"
                                                   : "NONE");
        put_yes(&i, relation->updatable);
        put_yes(&i, relation->updatable);
        for (int k = 0; k < 3; k++)
            put_yes(&i, false);
    }
    return true;
}

/* ---- columns ---- */

static void put_identity(struct info *i, const struct column *column)
{
    const struct relation *owned =
        column->identity ? catalog_relation(i->scan->catalog, column->sequence_oid) : NULL;
    const struct sequence *s = owned ? owned->sequence : NULL;
    struct arena *arena = i->scan->arena;
    put_yes(i, column->identity != 0);
    put_info(i, column->identity == 'a' ? "ALWAYS" : column->identity == 'd' ? "BY DEFAULT" : NULL);
    put_info(i, s ? arena_printf(arena, "%" PRId64, s->start) : NULL);
    put_info(i, s ? arena_printf(arena, "%" PRId64, s->increment) : NULL);
    put_info(i, s ? arena_printf(arena, "%" PRId64, s->max) : NULL);
    put_info(i, s ? arena_printf(arena, "%" PRId64, s->min) : NULL);
    put_yes(i, s && s->cycle);
}

static void column_row(struct sysrel_scan *scan, const struct relation *relation,
                       const struct column *column)
{
    struct info i = info_row(scan);
    int32_t typmod = column->typmod;
    const struct type *type = column->type, *base = info_base_type(type, &typmod);
    const char *text = column->default_sql
                           ? define_expr(scan->env, scan->arena, column->default_sql,
                                         column->generated ? relation : NULL)
                           : NULL;
    put_name(&i, relation->namespace_name, relation->name);
    put_info(&i, column->name);
    put_count(&i, column->attnum);
    put_info(&i, column->generated ? NULL : text);
    put_yes(&i, !(column->not_null || (type->kind == 'd' && type->not_null)));
    put_data_type(&i, base);
    put_character_lengths(&i, base, typmod);
    put_numeric_facts(&i, base, typmod);
    put_datetime_facts(&i, base, typmod);
    put_nulls(&i, 3);
    put_collation(&i, column->collation_oid);
    if (type->kind == 'd')
        put_name(&i, namespace_name(scan->catalog, type->namespace_oid), type->name);
    else
        put_nulls(&i, 3);
    put_udt(&i, base);
    put_nulls(&i, 4);
    put_info(&i, arena_printf(scan->arena, "%d", column->attnum));
    put_yes(&i, false);
    put_identity(&i, column);
    put_info(&i, column->generated ? "ALWAYS" : "NEVER");
    put_info(&i, column->generated ? text : NULL);
    put_yes(&i, is_writable(relation));
}

static bool columns(struct sysrel_scan *scan)
{
    const struct relation *relation;
    for (size_t at = 0; (relation = catalog_next_relation(scan->catalog, &at));) {
        if (!listed(scan, relation) || !wanted(scan, 2, 3, relation))
            continue;
        for (uint16_t k = 0; k < relation->n_columns; k++)
            if (!relation->columns[k].dropped &&
                scan_wants_name(scan, 4, relation->columns[k].name))
                column_row(scan, relation, &relation->columns[k]);
    }
    return true;
}

/* ---- sequences ---- */

static bool sequences(struct sysrel_scan *scan)
{
    const struct relation *relation;
    for (size_t at = builtin_n_relations; (relation = catalog_next_relation(scan->catalog, &at));) {
        const struct sequence *s = relation->sequence;
        if (!s || s->owned_internally || !info_sees(scan, relation) ||
            !wanted(scan, 2, 3, relation))
            continue;
        struct info i = info_row(scan);
        put_name(&i, relation->namespace_name, relation->name);
        put_data_type(&i, builtin_type(s->type_oid));
        put_numeric_facts(&i, builtin_type(s->type_oid), -1);
        put_info(&i, arena_printf(scan->arena, "%" PRId64, s->start));
        put_info(&i, arena_printf(scan->arena, "%" PRId64, s->min));
        put_info(&i, arena_printf(scan->arena, "%" PRId64, s->max));
        put_info(&i, arena_printf(scan->arena, "%" PRId64, s->increment));
        put_yes(&i, s->cycle);
    }
    return true;
}

/* ---- what views use ---- */

static bool view_table_usage(struct sysrel_scan *scan)
{
    const struct relation *view;
    for (size_t at = builtin_n_relations; (view = catalog_next_relation(scan->catalog, &at));) {
        uint32_t last = 0;
        for (uint16_t k = 0; view->kind == 'v' && k < view->n_depends; k++) {
            const struct dependency *need = &view->depends[k];
            const struct relation *table = need->class_oid == CLASS_RELATION
                                               ? catalog_relation(scan->catalog, need->oid)
                                               : NULL;
            bool seen = need->oid == last;
            for (uint16_t j = 0; j < k; j++)
                seen |= view->depends[j].class_oid == CLASS_RELATION &&
                        view->depends[j].oid == need->oid;
            last = need->oid;
            if (!table || seen || !info_owns(scan, table->owner_oid))
                continue;
            struct info i = info_row(scan);
            put_name(&i, view->namespace_name, view->name);
            put_name(&i, table->namespace_name, table->name);
        }
    }
    return true;
}

static bool view_column_usage(struct sysrel_scan *scan)
{
    const struct relation *view;
    for (size_t at = builtin_n_relations; (view = catalog_next_relation(scan->catalog, &at));)
        for (uint16_t k = 0; view->kind == 'v' && k < view->n_depends; k++) {
            const struct dependency *need = &view->depends[k];
            const struct relation *table = need->class_oid == CLASS_RELATION
                                               ? catalog_relation(scan->catalog, need->oid)
                                               : NULL;
            if (!table || need->sub < 1 || need->sub > table->n_columns ||
                !info_owns(scan, table->owner_oid))
                continue;
            struct info i = info_row(scan);
            put_name(&i, view->namespace_name, view->name);
            put_name(&i, table->namespace_name, table->name);
            put_info(&i, table->columns[need->sub - 1].name);
        }
    return true;
}

static bool column_column_usage(struct sysrel_scan *scan)
{
    const struct relation *relation;
    for (size_t at = builtin_n_relations; (relation = catalog_next_relation(scan->catalog, &at));)
        for (uint16_t k = 0; k < relation->n_columns; k++) {
            const struct column *column = &relation->columns[k];
            for (uint16_t n = 0; column->generated && n < column->n_depends; n++) {
                if (column->depends[n].class_oid != CLASS_RELATION ||
                    column->depends[n].oid != relation->oid || column->depends[n].sub < 1)
                    continue;
                struct info i = info_row(scan);
                put_name(&i, relation->namespace_name, relation->name);
                put_info(&i, relation->columns[column->depends[n].sub - 1].name);
                put_info(&i, column->name);
            }
        }
    return true;
}

const struct sysrel_entry info_table_rows[] = {
    {"schemata", schemata},
    {"information_schema_catalog_name", catalog_name},
    {"tables", tables},
    {"views", views},
    {"columns", columns},
    {"sequences", sequences},
    {"view_table_usage", view_table_usage},
    {"view_column_usage", view_column_usage},
    {"column_column_usage", column_column_usage},
    {NULL, NULL},
};
