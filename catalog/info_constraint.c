/* info_constraint.c - information_schema: constraints and the columns they are about.  NOT NULL counts as a CHECK, named by numbers. */
#include "catalog/info.h"

static const char *not_null_name(struct sysrel_scan *scan, const struct relation *relation,
                                 const struct column *column)
{
    return arena_printf(scan->arena, "%u_%u_%d_not_null", relation->namespace_oid, relation->oid,
                        column->attnum);
}

static bool wanted(const struct sysrel_scan *scan, int schema_column, int table_column,
                   const struct relation *relation)
{
    return scan_wants_name(scan, schema_column, relation->namespace_name) &&
           scan_wants_name(scan, table_column, relation->name);
}

static const char *kind_words(char kind)
{
    return kind == 'p'   ? "PRIMARY KEY"
           : kind == 'u' ? "UNIQUE"
           : kind == 'f' ? "FOREIGN KEY"
                         : "CHECK";
}

/* ---- table_constraints ---- */

static void table_constraint_row(struct sysrel_scan *scan, const struct relation *relation,
                                 const char *schema, const char *name, char kind, bool deferrable,
                                 bool deferred, bool nulls_distinct)
{
    struct info i = info_row(scan);
    const char *own_name = arena_strdup(scan->arena, name);
    put_name(&i, schema, own_name);
    put_name(&i, relation->namespace_name, relation->name);
    put_info(&i, kind_words(kind));
    put_yes(&i, deferrable);
    put_yes(&i, deferred);
    put_yes(&i, true);
    put_info(&i, kind != 'u' ? NULL : nulls_distinct ? "YES" : "NO");
}

static void not_null_rows(struct sysrel_scan *scan, const struct relation *relation)
{
    for (uint16_t k = 0; k < relation->n_columns; k++)
        if (relation->columns[k].not_null && !relation->columns[k].dropped) {
            const char *name =
                arena_printf(scan->keep, "%u_%u_%d_not_null", relation->namespace_oid,
                             relation->oid, relation->columns[k].attnum);
            table_constraint_row(scan, relation, relation->namespace_name, name, 'c', false, false,
                                 true);
        }
}

static bool table_constraints(struct sysrel_scan *scan)
{
    const struct relation *relation;
    for (size_t at = 0; (relation = catalog_next_relation(scan->catalog, &at));) {
        if (relation->kind != 'r' || !info_sees(scan, relation) || !wanted(scan, 5, 6, relation))
            continue;
        for (size_t k = 0; relation->oid < FIRST_USER_OID && k < builtin_n_constraints; k++)
            if (builtin_constraints[k].relation_oid == relation->oid)
                table_constraint_row(scan, relation, relation->namespace_name,
                                     builtin_constraints[k].name, builtin_constraints[k].kind,
                                     false, false, true);
        for (uint16_t k = 0; k < relation->n_constraints; k++) {
            const struct constraint *c = relation->constraints[k];
            const struct index *index =
                c->kind == 'u' ? catalog_index(scan->catalog, c->index_oid) : NULL;
            table_constraint_row(scan, relation, namespace_name(scan->catalog, c->namespace_oid),
                                 c->name, c->kind, c->deferrable, c->deferred,
                                 !index || !index->nulls_not_distinct);
        }
        not_null_rows(scan, relation);
    }
    return true;
}

/* ---- check_constraints ---- */

static bool check_constraints(struct sysrel_scan *scan)
{
    const struct constraint *constraint;
    const struct relation *relation;
    const struct type *type;
    for (size_t at = 0; (constraint = catalog_next_constraint(scan->catalog, &at));) {
        const struct relation *on = catalog_relation(scan->catalog, constraint->relation_oid);
        if (constraint->kind != 'c' || !on || !info_owns(scan, on->owner_oid))
            continue;
        struct info i = info_row(scan);
        put_name(&i, namespace_name(scan->catalog, constraint->namespace_oid), constraint->name);
        put_info(&i, define_constraint(scan->env, scan->arena, constraint) + 6); /* without CHECK */
    }
    for (size_t at = 0; (type = catalog_next_type(scan->catalog, &at));) {
        const struct domain_info *domain = type->domain;
        for (uint16_t k = 0; domain && k < domain->n_checks; k++) {
            struct info i = info_row(scan);
            put_name(&i, namespace_name(scan->catalog, type->namespace_oid),
                     domain->checks[k].name);
            put_info(&i, arena_printf(scan->arena, "(%s)", domain->checks[k].sql));
        }
    }
    for (size_t at = 0; (relation = catalog_next_relation(scan->catalog, &at));)
        for (uint16_t k = 0; relation->kind == 'r' && info_owns(scan, relation->owner_oid) &&
                             k < relation->n_columns;
             k++) {
            const struct column *column = &relation->columns[k];
            if (!column->not_null || column->dropped)
                continue;
            struct info i = info_row(scan);
            put_name(&i, relation->namespace_name, not_null_name(scan, relation, column));
            put_info(&i, arena_printf(scan->arena, "%s IS NOT NULL", column->name));
        }
    return true;
}

/* ---- keys ---- */

static int position_in_index(const struct index *index, int16_t attnum)
{
    for (uint16_t k = 0; index && k < index->n_keys; k++)
        if (index->keys[k].attnum == attnum)
            return k + 1;
    return 0;
}

static bool key_column_usage(struct sysrel_scan *scan)
{
    const struct constraint *constraint;
    for (size_t at = 0; (constraint = catalog_next_constraint(scan->catalog, &at));) {
        const struct relation *relation = catalog_relation(scan->catalog, constraint->relation_oid);
        if (constraint->kind == 'c' || !relation || !info_sees(scan, relation) ||
            !wanted(scan, 5, 6, relation))
            continue;
        const struct index *index =
            constraint->kind == 'f' ? catalog_index(scan->catalog, constraint->index_oid) : NULL;
        for (uint16_t k = 0; k < constraint->n_columns; k++) {
            struct info i = info_row(scan);
            int position = index ? position_in_index(index, constraint->ref_columns[k]) : 0;
            put_name(&i, namespace_name(scan->catalog, constraint->namespace_oid),
                     constraint->name);
            put_name(&i, relation->namespace_name, relation->name);
            put_info(&i, relation->columns[constraint->columns[k] - 1].name);
            put_count(&i, k + 1);
            if (position)
                put_count(&i, position);
        }
    }
    return true;
}

/* Each column (or, without columns, each table) once per constraint. */
static void usage_rows(struct sysrel_scan *scan, const struct constraint *constraint,
                       bool by_column)
{
    bool foreign = constraint->kind == 'f';
    const struct relation *relation = catalog_relation(
        scan->catalog, foreign ? constraint->ref_relation_oid : constraint->relation_oid);
    const int16_t *columns = foreign ? constraint->ref_columns : constraint->columns;
    if (!relation || !info_owns(scan, relation->owner_oid))
        return;
    if (!by_column && constraint->kind == 'c')
        return;
    for (int k = 0; k < (by_column ? constraint->n_columns : 1); k++) {
        struct info i = info_row(scan);
        put_name(&i, relation->namespace_name, relation->name);
        if (by_column)
            put_info(&i, relation->columns[columns[k] - 1].name);
        put_name(&i, namespace_name(scan->catalog, constraint->namespace_oid), constraint->name);
    }
}

static bool constraint_column_usage(struct sysrel_scan *scan)
{
    const struct constraint *constraint;
    for (size_t at = 0; (constraint = catalog_next_constraint(scan->catalog, &at));)
        usage_rows(scan, constraint, true);
    return true;
}

static bool constraint_table_usage(struct sysrel_scan *scan)
{
    const struct constraint *constraint;
    for (size_t at = 0; (constraint = catalog_next_constraint(scan->catalog, &at));)
        usage_rows(scan, constraint, false);
    return true;
}

static const char *rule_words(enum fk_action action)
{
    switch (action) {
    case FK_CASCADE:
        return "CASCADE";
    case FK_SET_NULL:
        return "SET NULL";
    case FK_SET_DEFAULT:
        return "SET DEFAULT";
    case FK_RESTRICT:
        return "RESTRICT";
    case FK_NO_ACTION:
        break;
    }
    return "NO ACTION";
}

static bool referential_constraints(struct sysrel_scan *scan)
{
    const struct constraint *constraint;
    for (size_t at = 0; (constraint = catalog_next_constraint(scan->catalog, &at));) {
        const struct relation *relation = catalog_relation(scan->catalog, constraint->relation_oid);
        if (constraint->kind != 'f' || !relation || !info_sees(scan, relation))
            continue;
        const struct index *index = catalog_index(scan->catalog, constraint->index_oid);
        const struct constraint *key =
            index && index->constraint_oid
                ? catalog_constraint(scan->catalog, index->constraint_oid)
                : NULL;
        struct info i = info_row(scan);
        put_name(&i, namespace_name(scan->catalog, constraint->namespace_oid), constraint->name);
        if (key)
            put_name(&i, namespace_name(scan->catalog, key->namespace_oid), key->name);
        else
            put_nulls(&i, 3);
        put_info(&i, constraint->match == 'f' ? "FULL" : "NONE");
        put_info(&i, rule_words(constraint->on_update));
        put_info(&i, rule_words(constraint->on_delete));
    }
    return true;
}

const struct sysrel_entry info_constraint_rows[] = {
    {"table_constraints", table_constraints},
    {"check_constraints", check_constraints},
    {"key_column_usage", key_column_usage},
    {"constraint_column_usage", constraint_column_usage},
    {"constraint_table_usage", constraint_table_usage},
    {"referential_constraints", referential_constraints},
    {NULL, NULL},
};
