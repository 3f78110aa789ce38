/* info_type.c - information_schema: what types columns have; domains, composite types, arrays, character sets and collations. */
#include "catalog/info.h"
#include "sql/format_type.h"

const struct type *info_base_type(const struct type *type, int32_t *typmod)
{
    while (type->kind == 'd' && type->elem) {
        *typmod = type->base_typmod;
        type = type->elem;
    }
    return type;
}

const char *info_data_type(struct sysrel_scan *scan, const struct type *base)
{
    static const struct search_path none = {0};
    if (base->category == 'A' && base->elem_oid && base->len == -1)
        return "ARRAY";
    return base->namespace_oid == NAMESPACE_PG_CATALOG
               ? format_type_name(scan->arena, scan->catalog, &none, base)
               : "USER-DEFINED";
}

void put_data_type(struct info *i, const struct type *base)
{
    put_info(i, info_data_type(i->scan, base));
}

static void put_number(struct info *i, enum type_number which, const struct type *base,
                       int32_t typmod)
{
    int64_t value;
    if (type_number(which, base->oid, typmod, &value))
        put_count(i, value);
    else
        put_nulls(i, 1);
}

void put_character_lengths(struct info *i, const struct type *base, int32_t typmod)
{
    put_number(i, CHAR_MAX_LENGTH, base, typmod);
    put_number(i, CHAR_OCTET_LENGTH, base, typmod);
}

void put_numeric_facts(struct info *i, const struct type *base, int32_t typmod)
{
    put_number(i, NUMERIC_PRECISION, base, typmod);
    put_number(i, NUMERIC_RADIX, base, typmod);
    put_number(i, NUMERIC_SCALE, base, typmod);
}

void put_datetime_facts(struct info *i, const struct type *base, int32_t typmod)
{
    put_number(i, DATETIME_PRECISION, base, typmod);
    put_info(i, interval_words(base->oid, typmod));
    put_nulls(i, 1);
}

void put_udt(struct info *i, const struct type *base)
{
    put_name(i, namespace_name(i->scan->catalog, base->namespace_oid), base->name);
}

void put_collation(struct info *i, uint32_t collation_oid)
{
    const struct builtin_rows *rows = builtin_rows_of("pg_collation");
    for (uint32_t r = 0; collation_oid && collation_oid != 100 && rows && r < rows->n_rows; r++) {
        const char *const *cells = rows->cells + (size_t)r * rows->n_columns;
        if (strtoul(cells[0], NULL, 10) == collation_oid) {
            put_name(i, "pg_catalog", cells[1]);
            return;
        }
    }
    put_nulls(i, 3);
}

/* ---- domains ---- */

static bool domain_row(struct sysrel_scan *scan, const struct type *type)
{
    const struct domain_info *domain = type->domain;
    int32_t typmod = type->base_typmod;
    const struct type *base = info_base_type(type, &typmod);
    struct info i = info_row(scan);
    put_name(&i, namespace_name(scan->catalog, type->namespace_oid), type->name);
    put_data_type(&i, base);
    put_character_lengths(&i, base, typmod);
    put_nulls(&i, 3);
    put_collation(&i, type->collation_oid == base->collation_oid ? 0 : type->collation_oid);
    put_numeric_facts(&i, base, typmod);
    put_datetime_facts(&i, base, typmod);
    put_info(&i, domain && domain->default_sql
                     ? define_expr(scan->env, scan->arena, domain->default_sql, NULL)
                     : NULL);
    put_udt(&i, base);
    put_nulls(&i, 4);
    put_info(&i, "1");
    return true;
}

static bool domains(struct sysrel_scan *scan)
{
    const struct type *type;
    for (size_t k = 0; k < builtin_n_types; k++)
        if (builtin_types[k].kind == 'd')
            domain_row(scan, builtin_type(builtin_types[k].oid));
    for (size_t at = 0; (type = catalog_next_type(scan->catalog, &at));)
        if (type->kind == 'd')
            domain_row(scan, type);
    return true;
}

static bool domain_constraints(struct sysrel_scan *scan)
{
    const struct type *type;
    for (size_t at = 0; (type = catalog_next_type(scan->catalog, &at));) {
        const struct domain_info *domain = type->domain;
        for (uint16_t k = 0; domain && k < domain->n_checks; k++) {
            const char *schema = namespace_name(scan->catalog, type->namespace_oid);
            struct info i = info_row(scan);
            put_name(&i, schema, domain->checks[k].name);
            put_name(&i, schema, type->name);
            put_yes(&i, false);
            put_yes(&i, false);
        }
    }
    return true;
}

static bool domain_udt_usage(struct sysrel_scan *scan)
{
    const struct type *type;
    for (size_t at = 0; (type = catalog_next_type(scan->catalog, &at));) {
        if (type->kind != 'd' || !info_owns(scan, type->elem->owner_oid))
            continue;
        struct info i = info_row(scan);
        put_udt(&i, type->elem);
        put_name(&i, namespace_name(scan->catalog, type->namespace_oid), type->name);
    }
    return true;
}

static bool column_domain_usage(struct sysrel_scan *scan)
{
    const struct relation *relation;
    for (size_t at = builtin_n_relations; (relation = catalog_next_relation(scan->catalog, &at));)
        for (uint16_t k = 0;
             (relation->kind == 'r' || relation->kind == 'v') && k < relation->n_columns; k++) {
            const struct column *column = &relation->columns[k];
            if (column->dropped || column->type->kind != 'd' ||
                !info_owns(scan, column->type->owner_oid))
                continue;
            struct info i = info_row(scan);
            put_udt(&i, column->type);
            put_name(&i, relation->namespace_name, relation->name);
            put_info(&i, column->name);
        }
    return true;
}

static bool column_udt_usage(struct sysrel_scan *scan)
{
    const struct relation *relation;
    for (size_t at = 0; (relation = catalog_next_relation(scan->catalog, &at));)
        for (uint16_t k = 0;
             (relation->kind == 'r' || relation->kind == 'v') && k < relation->n_columns; k++) {
            const struct column *column = &relation->columns[k];
            int32_t typmod = -1;
            const struct type *base =
                column->dropped ? NULL : info_base_type(column->type, &typmod);
            if (!base || !info_owns(scan, base->owner_oid))
                continue;
            struct info i = info_row(scan);
            put_udt(&i, base);
            put_name(&i, relation->namespace_name, relation->name);
            put_info(&i, column->name);
        }
    return true;
}

/* ---- composite types ---- */

static bool attributes(struct sysrel_scan *scan)
{
    const struct relation *relation;
    for (size_t at = builtin_n_relations; (relation = catalog_next_relation(scan->catalog, &at));)
        for (uint16_t k = 0; relation->kind == 'c' && k < relation->n_columns; k++) {
            const struct column *column = &relation->columns[k];
            int32_t typmod = column->typmod;
            if (column->dropped)
                continue;
            const struct type *base = info_base_type(column->type, &typmod);
            struct info i = info_row(scan);
            put_name(&i, relation->namespace_name, relation->name);
            put_info(&i, column->name);
            put_count(&i, column->attnum);
            put_nulls(&i, 1);
            put_yes(&i, !column->not_null);
            put_data_type(&i, base);
            put_character_lengths(&i, base, typmod);
            put_nulls(&i, 3);
            put_collation(&i, column->collation_oid);
            put_numeric_facts(&i, base, typmod);
            put_datetime_facts(&i, base, typmod);
            put_udt(&i, base);
            put_nulls(&i, 4);
            put_info(&i, arena_printf(scan->arena, "%d", column->attnum));
            put_yes(&i, false);
        }
    return true;
}

static bool user_defined_types(struct sysrel_scan *scan)
{
    const struct relation *relation;
    for (size_t at = builtin_n_relations; (relation = catalog_next_relation(scan->catalog, &at));) {
        if (relation->kind != 'c')
            continue;
        struct info i = info_row(scan);
        put_name(&i, relation->namespace_name, relation->name);
        put_info(&i, "STRUCTURED");
        put_yes(&i, true);
    }
    return true;
}

/* ---- arrays ---- */

static void element_row(struct sysrel_scan *scan, const char *schema, const char *name,
                        const char *kind, int position, const struct type *array)
{
    struct info i = info_row(scan);
    int32_t typmod = -1;
    const struct type *base = info_base_type(array->elem, &typmod);
    put_name(&i, schema, name);
    put_info(&i, kind);
    put_info(&i, arena_printf(scan->arena, "%d", position));
    put_data_type(&i, base);
    put_nulls(&i, 5);
    put_collation(&i, 0);
    put_nulls(&i, 7);
    put_udt(&i, base);
    put_nulls(&i, 4);
    put_info(&i, arena_printf(scan->arena, "a%d", position));
}

static bool is_array(const struct type *type)
{
    return type->category == 'A' && type->elem && type->len == -1;
}

static bool element_types(struct sysrel_scan *scan)
{
    const struct relation *relation;
    const struct proc *proc;
    for (size_t at = 0; (relation = catalog_next_relation(scan->catalog, &at));)
        for (uint16_t k = 0; k < relation->n_columns; k++)
            if (!relation->columns[k].dropped && is_array(relation->columns[k].type) &&
                (relation->kind == 'r' || relation->kind == 'v' || relation->kind == 'c'))
                element_row(scan, relation->namespace_name, relation->name,
                            relation->kind == 'c' ? "USER-DEFINED TYPE" : "TABLE",
                            relation->columns[k].attnum, relation->columns[k].type);
    for (size_t at = 0; (proc = catalog_next_proc(scan->catalog, &at));)
        for (uint16_t k = 0; k < proc->n_args; k++) {
            const struct type *type = catalog_type(scan->catalog, proc->arg_types[k]);
            if (type && is_array(type))
                element_row(scan, namespace_name(scan->catalog, proc->namespace_oid),
                            arena_printf(scan->keep, "%s_%u", proc->name, proc->oid), "ROUTINE",
                            k + 1, type);
        }
    return true;
}

/* ---- character sets and collations ---- */

static bool character_sets(struct sysrel_scan *scan)
{
    struct info i = info_row(scan);
    put_nulls(&i, 2);
    put_info(&i, "UTF8");
    put_info(&i, "UCS");
    put_info(&i, "UTF8");
    put_catalog(&i);
    return true;
}

static bool collations(struct sysrel_scan *scan)
{
    const struct builtin_rows *rows = builtin_rows_of("pg_collation");
    for (uint32_t r = 0; rows && r < rows->n_rows; r++) {
        struct info i = info_row(scan);
        put_name(&i, "pg_catalog", rows->cells[(size_t)r * rows->n_columns + 1]);
        put_info(&i, "NO PAD");
    }
    return true;
}

static bool collation_sets(struct sysrel_scan *scan)
{
    const struct builtin_rows *rows = builtin_rows_of("pg_collation");
    for (uint32_t r = 0; rows && r < rows->n_rows; r++) {
        struct info i = info_row(scan);
        put_name(&i, "pg_catalog", rows->cells[(size_t)r * rows->n_columns + 1]);
        put_nulls(&i, 2);
        put_info(&i, "UTF8");
    }
    return true;
}

const struct sysrel_entry info_type_rows[] = {
    {"domains", domains},
    {"domain_constraints", domain_constraints},
    {"domain_udt_usage", domain_udt_usage},
    {"column_domain_usage", column_domain_usage},
    {"column_udt_usage", column_udt_usage},
    {"attributes", attributes},
    {"user_defined_types", user_defined_types},
    {"element_types", element_types},
    {"character_sets", character_sets},
    {"collations", collations},
    {"collation_character_set_applicability", collation_sets},
    {NULL, NULL},
};
