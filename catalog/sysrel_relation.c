/* sysrel_relation.c - rows about relations: pg_class, pg_attribute, pg_attrdef, pg_index, pg_constraint, pg_sequence, pg_rewrite, pg_trigger.
 *
 * What PostgreSQL keeps as node trees (defaults, checks, index expressions) is kept here as SQL text; pg_get_expr() prints it. */
#include <stdlib.h>
#include <string.h>

#include "catalog/acl.h"
#include "catalog/objects.h"
#include "catalog/sysrel_int.h"
#include "catalog/system_acl.h"

/* ---- pg_class ---- */

struct class_facts {
    uint32_t oid, namespace_oid, rowtype, owner, am, filenode;
    const char *name;
    float tuples;
    bool has_index, shared, has_rules, has_triggers, populated;
    char persistence, kind, replica_identity;
    uint16_t n_columns, n_checks;
};

static void class_row(struct sysrel_scan *scan, const struct class_facts *facts)
{
    bool heap = facts->kind == 'r' || facts->kind == 'm';
    row_begin(scan);
    row_int(scan, 1, facts->oid);
    row_text(scan, 2, facts->name);
    row_int(scan, 3, facts->namespace_oid);
    row_int(scan, 4, facts->rowtype);
    row_int(scan, 5, 0);
    row_int(scan, 6, facts->owner);
    row_int(scan, 7, facts->am);
    row_int(scan, 8, facts->filenode);
    row_int(scan, 9, 0);
    row_int(scan, 10, facts->kind == 'S' || facts->kind == 'i' ? 1 : 0);
    row_float(scan, 11, facts->tuples);
    row_int(scan, 12, 0);
    row_int(scan, 13, 0);
    row_int(scan, 14, facts->has_index);
    row_int(scan, 15, facts->shared);
    row_int(scan, 16, facts->persistence);
    row_int(scan, 17, facts->kind);
    row_int(scan, 18, facts->n_columns);
    row_int(scan, 19, facts->n_checks);
    row_int(scan, 20, facts->has_rules);
    row_int(scan, 21, facts->has_triggers);
    row_int(scan, 22, false);
    row_int(scan, 23, false);
    row_int(scan, 24, false);
    row_int(scan, 25, facts->populated);
    row_int(scan, 26, facts->replica_identity);
    row_int(scan, 27, false);
    row_int(scan, 28, 0);
    row_int(scan, 29, heap ? 716 : 0);
    row_int(scan, 30, heap ? 1 : 0);
}

static size_t count_options(const char *const *options)
{
    size_t n = 0;
    while (options && options[n])
        n++;
    return n;
}

static void relation_class_row(struct sysrel_scan *scan, const struct relation *relation)
{
    const struct builtin_relation *system = NULL;
    for (size_t k = 0; relation->oid < FIRST_USER_OID && k < builtin_n_relations && !system; k++)
        if (builtin_relations[k].oid == relation->oid)
            system = &builtin_relations[k];
    uint16_t n_checks = 0, n_foreign = relation->n_referenced_by;
    for (uint16_t k = 0; k < relation->n_constraints; k++) {
        n_checks += relation->constraints[k]->kind == 'c';
        n_foreign += relation->constraints[k]->kind == 'f' ||
                     relation->constraints[k]->deferrable; /* kept by triggers */
    }
    bool view = relation->kind == 'v' || relation->kind == 'm',
         heap = relation->kind == 'r' || relation->kind == 'm';
    class_row(scan, &(struct class_facts){
                        .oid = relation->oid,
                        .namespace_oid = relation->namespace_oid,
                        .rowtype = relation->rowtype_oid,
                        .owner = relation->owner_oid,
                        .am = heap ? AM_HEAP : 0,
                        .filenode = !system && relation_has_storage(relation) ? relation->oid : 0,
                        .name = relation->name,
                        .tuples = relation->kind == 'S' ? 1 : -1,
                        .has_index = relation->n_indexes > 0 || (system && system->has_index),
                        .shared = system && system->shared,
                        .has_rules = view,
                        .has_triggers = relation->n_triggers > 0 || n_foreign > 0,
                        .populated = relation->kind != 'm' || relation->populated,
                        .persistence = relation->persistence ? relation->persistence : 'p',
                        .kind = relation->kind,
                        .replica_identity = relation->replica_identity ? relation->replica_identity
                                            : heap && !system          ? 'd'
                                                                       : 'n',
                        .n_columns = relation->n_columns,
                        .n_checks = n_checks,
                    });
    row_acl(scan, 31,
            relation->oid < FIRST_USER_OID ? system_relation_acl(relation) : relation->acl);
    if (relation->options)
        row_texts(scan, 32, relation->options, count_options(relation->options));
}

static void index_class_row(struct sysrel_scan *scan, const struct index *index)
{
    const struct relation *relation = catalog_relation(scan->catalog, index->relation_oid);
    class_row(scan,
              &(struct class_facts){
                  .oid = index->oid,
                  .namespace_oid = index->namespace_oid,
                  .owner = relation ? relation->owner_oid : ROLE_BOOTSTRAP,
                  .am = access_method_oid(index->method),
                  .filenode = index->oid,
                  .name = index->name,
                  .populated = true,
                  .persistence = relation && relation->persistence ? relation->persistence : 'p',
                  .kind = 'i',
                  .replica_identity = 'n',
                  .n_columns = index->n_keys + index->n_include,
              });
    if (index->options)
        row_texts(scan, 32, index->options, count_options(index->options));
}

static uint16_t count_words(const char *text)
{
    uint16_t n = *text ? 1 : 0;
    for (; *text; text++)
        n += *text == ' ';
    return n;
}

static bool class_wanted(const struct sysrel_scan *scan, uint32_t oid, const char *name,
                         uint32_t namespace_oid)
{
    return scan_wants_oid(scan, 1, oid) && scan_wants_name(scan, 2, name) &&
           scan_wants_oid(scan, 3, namespace_oid);
}

static bool pg_class(struct sysrel_scan *scan)
{
    const struct relation *relation;
    const struct index *index;
    for (size_t at = 0; (relation = catalog_next_relation(scan->catalog, &at));)
        if (class_wanted(scan, relation->oid, relation->name, relation->namespace_oid))
            relation_class_row(scan, relation);
    for (size_t at = 0; (index = catalog_next_index(scan->catalog, &at));)
        if (class_wanted(scan, index->oid, index->name, index->namespace_oid))
            index_class_row(scan, index);
    for (size_t k = 0; k < builtin_n_indexes; k++) {
        const struct builtin_index *system = &builtin_indexes[k];
        if (class_wanted(scan, system->oid, system->name, NAMESPACE_PG_CATALOG))
            class_row(scan, &(struct class_facts){
                                .oid = system->oid,
                                .namespace_oid = NAMESPACE_PG_CATALOG,
                                .owner = ROLE_BOOTSTRAP,
                                .am = AM_BTREE,
                                .name = system->name,
                                .populated = true,
                                .persistence = 'p',
                                .kind = 'i',
                                .replica_identity = 'n',
                                .n_columns = count_words(system->keys),
                            });
    }
    return true;
}

/* ---- pg_attribute ---- */

static void attribute_row(struct sysrel_scan *scan, uint32_t relation_oid, const char *name,
                          const struct type *type, int16_t attnum, int32_t typmod, bool not_null,
                          uint32_t collation)
{
    row_begin(scan);
    row_int(scan, 1, relation_oid);
    row_text(scan, 2, name);
    row_int(scan, 3, type ? type->oid : 0);
    row_int(scan, 4, attnum < 0 ? 0 : -1);
    row_int(scan, 5, type ? type->len : 0);
    row_int(scan, 6, attnum);
    row_int(scan, 7,
            type && type->category == 'A' && type->elem_oid && type->len == -1 &&
                type->oid != TYPE_INT2VECTOR && type->oid != TYPE_OIDVECTOR &&
                relation_oid >= FIRST_USER_OID);
    row_int(scan, 8, -1);
    row_int(scan, 9, typmod);
    row_int(scan, 10, type && type->by_value);
    row_int(scan, 11, type ? type->align : 'i');
    row_int(scan, 12, type ? type->storage_char : 'p');
    row_int(scan, 13, 0);
    row_int(scan, 14, not_null);
    row_int(scan, 15, false);
    row_int(scan, 16, false);
    row_int(scan, 17, 0);
    row_int(scan, 18, 0);
    row_int(scan, 19, false);
    row_int(scan, 20, true);
    row_int(scan, 21, 0);
    row_int(scan, 22, collation);
}

static void system_attribute_rows(struct sysrel_scan *scan, uint32_t relation_oid)
{
    static const struct {
        const char *name;
        uint32_t type;
        int16_t attnum;
    } system[] = {{"tableoid", TYPE_OID, -6}, {"cmax", TYPE_CID, -5}, {"xmax", TYPE_XID, -4},
                  {"cmin", TYPE_CID, -3},     {"xmin", TYPE_XID, -2}, {"ctid", TYPE_TID, -1}};
    for (size_t k = 0; k < ARRAY_COUNT(system); k++)
        if (scan_wants_name(scan, 2, system[k].name))
            attribute_row(scan, relation_oid, system[k].name, builtin_type(system[k].type),
                          system[k].attnum, -1, true, 0);
}

static void column_row(struct sysrel_scan *scan, const struct relation *relation,
                       const struct column *column)
{
    if (column->dropped) {
        const char *name =
            arena_printf(scan->keep, "........pg.dropped.%d........", column->attnum);
        if (!scan_wants_name(scan, 2, name))
            return;
        attribute_row(scan, relation->oid, name, NULL, column->attnum, column->typmod, false, 0);
        row_int(scan, 5, column->type->len);
        row_int(scan, 10, column->type->by_value);
        row_int(scan, 11, column->type->align);
        row_int(scan, 19, true);
        return;
    }
    if (!scan_wants_name(scan, 2, column->name))
        return;
    attribute_row(scan, relation->oid, column->name, column->type, column->attnum, column->typmod,
                  column->not_null, column->collation_oid);
    if (column->statistics_target >= 0)
        row_int(scan, 4, column->statistics_target);
    if (column->storage)
        row_int(scan, 12, column->storage);
    row_int(scan, 15, column->default_sql != NULL);
    row_int(scan, 17, column->identity);
    row_int(scan, 18, column->generated);
    row_acl(scan, 23,
            relation->oid < FIRST_USER_OID ? system_column_acl(relation, column) : column->acl);
}

/* What the access method keeps: hash codes, words, elements of arrays. */
static const struct type *index_stored_type(const struct catalog *catalog,
                                            const struct index *index, const struct index_key *key)
{
    const struct builtin_opclass *opclass = index_key_opclass(index, key);
    if (strcmp(index->method, "hash") == 0)
        return builtin_type(TYPE_INT4);
    if (!opclass || !opclass->key_type)
        return key->type;
    if (opclass->key_type == TYPE_ANYELEMENT)
        return key->type->elem ? key->type->elem : key->type;
    const struct type *type = catalog_type(catalog, opclass->key_type);
    return type ? type : key->type;
}

static void index_attribute_rows(struct sysrel_scan *scan, const struct index *index)
{
    const struct relation *relation = catalog_relation(scan->catalog, index->relation_oid);
    if (!relation)
        return;
    const char *const *names = index_column_names(scan->keep, relation, index);
    for (uint16_t k = 0; k < index->n_keys + index->n_include; k++) {
        const struct index_key *key = &index->keys[k];
        int32_t typmod = key->attnum > 0 ? relation->columns[key->attnum - 1].typmod : -1;
        const struct type *type =
            k < index->n_keys ? index_stored_type(scan->catalog, index, key) : key->type;
        if (scan_wants_name(scan, 2, names[k]))
            attribute_row(scan, index->oid, names[k], type, (int16_t)(k + 1),
                          type == key->type ? typmod : -1, false, key->collation_oid);
    }
}

static void system_index_attribute_rows(struct sysrel_scan *scan, const struct builtin_index *index)
{
    const struct relation *relation = builtin_relation(index->relation_oid);
    int16_t attnum = 0;
    for (const char *p = index->keys; relation && *p;) {
        char *end;
        long key = strtol(p, &end, 10);
        const struct column *column =
            key > 0 && key <= relation->n_columns ? &relation->columns[key - 1] : NULL;
        attnum++;
        if (column && scan_wants_name(scan, 2, column->name))
            attribute_row(scan, index->oid, column->name, column->type, attnum, -1, false,
                          column->collation_oid);
        if (end == p)
            break;
        p = end;
    }
}

static bool pg_attribute(struct sysrel_scan *scan)
{
    const struct relation *relation;
    const struct index *index;
    for (size_t at = 0; (relation = catalog_next_relation(scan->catalog, &at));) {
        if (!scan_wants_oid(scan, 1, relation->oid))
            continue;
        if (relation_has_storage(relation))
            system_attribute_rows(scan, relation->oid);
        for (uint16_t k = 0; k < relation->n_columns; k++)
            column_row(scan, relation, &relation->columns[k]);
    }
    for (size_t at = 0; (index = catalog_next_index(scan->catalog, &at));)
        if (scan_wants_oid(scan, 1, index->oid))
            index_attribute_rows(scan, index);
    for (size_t k = 0; k < builtin_n_indexes; k++)
        if (scan_wants_oid(scan, 1, builtin_indexes[k].oid))
            system_index_attribute_rows(scan, &builtin_indexes[k]);
    return true;
}

static bool pg_attrdef(struct sysrel_scan *scan)
{
    const struct relation *relation;
    for (size_t at = 0; (relation = catalog_next_relation(scan->catalog, &at));) {
        if (relation->oid < FIRST_USER_OID || !scan_wants_oid(scan, 2, relation->oid))
            continue;
        for (uint16_t k = 0; k < relation->n_columns; k++) {
            const struct column *column = &relation->columns[k];
            if (column->dropped || !column->default_sql)
                continue;
            row_begin(scan);
            row_int(scan, 1, synthetic_oid(relation->oid, column->attnum));
            row_int(scan, 2, relation->oid);
            row_int(scan, 3, column->attnum);
            row_text(scan, 4, column->default_sql);
        }
    }
    return true;
}

/* ---- pg_index ---- */

/* All expressions of an index as one text: separated by ", ", as pg_get_expr(indexprs) prints them. */
static const char *index_expressions(struct arena *arena, const struct index *index)
{
    struct buf out = BUF_IN(arena);
    bool any = false;
    for (uint16_t k = 0; k < index->n_keys; k++) {
        if (index->keys[k].attnum || !index->keys[k].expr_sql)
            continue;
        if (any)
            buf_puts(&out, ", ");
        buf_puts(&out, index->keys[k].expr_sql);
        any = true;
    }
    return any ? buf_cstr(&out) : NULL;
}

static void index_row(struct sysrel_scan *scan, const struct index *index)
{
    uint16_t n = index->n_keys + index->n_include;
    row_begin(scan);
    int16_t *keys = ARENA_ARRAY(scan->arena, int16_t, n + 1),
            *options = ARENA_ARRAY(scan->arena, int16_t, n + 1);
    uint32_t *collations = ARENA_ARRAY(scan->arena, uint32_t, n + 1),
             *classes = ARENA_ARRAY(scan->arena, uint32_t, n + 1);
    for (uint16_t k = 0; k < n; k++) {
        const struct builtin_opclass *opclass = index_key_opclass(index, &index->keys[k]);
        keys[k] = index->keys[k].attnum;
        options[k] = index_key_option(&index->keys[k]);
        collations[k] = index->keys[k].collation_oid;
        classes[k] = opclass ? opclass->oid : 0;
    }
    row_int(scan, 1, index->oid);
    row_int(scan, 2, index->relation_oid);
    row_int(scan, 3, n);
    row_int(scan, 4, index->n_keys);
    row_int(scan, 5, index->unique);
    row_int(scan, 6, index->nulls_not_distinct);
    row_int(scan, 7, index->primary);
    row_int(scan, 8, false);
    row_int(scan, 9, !index->deferrable);
    row_int(scan, 10, index->clustered);
    row_int(scan, 11, true);
    row_int(scan, 12, false);
    row_int(scan, 13, true);
    row_int(scan, 14, true);
    row_int(scan, 15, false);
    row_ints(scan, 16, keys, n);
    row_oids(scan, 17, collations, index->n_keys);
    row_oids(scan, 18, classes, index->n_keys);
    row_ints(scan, 19, options, index->n_keys);
    row_text(scan, 20, index_expressions(scan->arena, index));
    row_text(scan, 21, index->where_sql);
}

static bool system_index_row(struct sysrel_scan *scan, const struct builtin_index *index)
{
    uint16_t n = count_words(index->keys);
    row_begin(scan);
    row_int(scan, 1, index->oid);
    row_int(scan, 2, index->relation_oid);
    row_int(scan, 3, n);
    row_int(scan, 4, n);
    row_int(scan, 5, index->unique);
    row_int(scan, 6, false);
    row_int(scan, 7, index->primary);
    for (int attnum = 8; attnum <= 15; attnum++)
        row_int(scan, attnum, attnum == 9 || attnum == 11 || attnum == 13 || attnum == 14);
    return row_input(scan, 16, index->keys) && row_input(scan, 17, index->collations) &&
           row_input(scan, 18, index->opclasses) && row_input(scan, 19, index->options);
}

static bool pg_index(struct sysrel_scan *scan)
{
    const struct index *index;
    for (size_t k = 0; k < builtin_n_indexes; k++)
        if (scan_wants_oid(scan, 1, builtin_indexes[k].oid) &&
            scan_wants_oid(scan, 2, builtin_indexes[k].relation_oid) &&
            !system_index_row(scan, &builtin_indexes[k]))
            return false;
    for (size_t at = 0; (index = catalog_next_index(scan->catalog, &at));)
        if (scan_wants_oid(scan, 1, index->oid) && scan_wants_oid(scan, 2, index->relation_oid))
            index_row(scan, index);
    return true;
}

/* ---- pg_constraint ---- */

static void constraint_row(struct sysrel_scan *scan, uint32_t oid, const char *name,
                           uint32_t namespace_oid, char kind)
{
    row_begin(scan);
    row_int(scan, 1, oid);
    row_text(scan, 2, name);
    row_int(scan, 3, namespace_oid);
    row_int(scan, 4, kind);
    row_int(scan, 5, false);
    row_int(scan, 6, false);
    row_int(scan, 7, true);
    for (int attnum = 8; attnum <= 12; attnum++)
        row_int(scan, attnum, 0);
    for (int attnum = 13; attnum <= 15; attnum++)
        row_int(scan, attnum, ' ');
    row_int(scan, 16, true);
    row_int(scan, 17, 0);
    row_int(scan, 18, kind != 'c');
}

static void foreign_key_columns(struct sysrel_scan *scan, const struct constraint *constraint)
{
    const struct relation *target = catalog_relation(scan->catalog, constraint->ref_relation_oid);
    uint32_t *opers = ARENA_ARRAY(scan->arena, uint32_t, constraint->n_columns + 1);
    for (uint16_t k = 0; target && k < constraint->n_columns; k++) {
        const struct oper *equal =
            builtin_btree_oper(target->columns[constraint->ref_columns[k] - 1].type, 3);
        opers[k] = equal ? equal->oid : 0;
    }
    row_ints(scan, 20, constraint->ref_columns, constraint->n_columns);
    for (int attnum = 21; attnum <= 23; attnum++)
        row_oids(scan, attnum, opers, constraint->n_columns);
    if (constraint->n_set_columns)
        row_ints(scan, 24, constraint->set_columns, constraint->n_set_columns);
}

static void user_constraint_row(struct sysrel_scan *scan, const struct constraint *constraint)
{
    constraint_row(scan, constraint->oid, constraint->name, constraint->namespace_oid,
                   constraint->kind);
    row_int(scan, 5, constraint->deferrable);
    row_int(scan, 6, constraint->deferred);
    row_int(scan, 7, constraint->validated);
    row_int(scan, 8, constraint->relation_oid);
    row_int(scan, 10, constraint->index_oid);
    row_int(scan, 18, constraint->kind == 'c' ? constraint->no_inherit : true);
    if (constraint->n_columns)
        row_ints(scan, 19, constraint->columns, constraint->n_columns);
    if (constraint->kind == 'f') {
        row_int(scan, 12, constraint->ref_relation_oid);
        row_int(scan, 13, constraint->on_update);
        row_int(scan, 14, constraint->on_delete);
        row_int(scan, 15, constraint->match ? constraint->match : 's');
        foreign_key_columns(scan, constraint);
    }
    row_text(scan, 26, constraint->check_sql);
}

static void domain_constraint_rows(struct sysrel_scan *scan, const struct type *type)
{
    const struct domain_info *domain = type->domain;
    for (uint16_t k = 0; domain && k < domain->n_checks; k++) {
        const struct domain_check *check = &domain->checks[k];
        if (!scan_wants_oid(scan, 1, check->oid) || !scan_wants_oid(scan, 8, 0) ||
            !scan_wants_oid(scan, 9, type->oid))
            continue;
        constraint_row(scan, check->oid, check->name, type->namespace_oid, 'c');
        row_int(scan, 7, check->validated);
        row_int(scan, 9, type->oid);
        row_text(scan, 26, check->sql);
    }
}

static bool pg_constraint(struct sysrel_scan *scan)
{
    const struct constraint *constraint;
    const struct type *type;
    for (size_t k = 0; k < builtin_n_constraints; k++) {
        const struct builtin_constraint *system = &builtin_constraints[k];
        if (!scan_wants_oid(scan, 1, system->oid) || !scan_wants_oid(scan, 8, system->relation_oid))
            continue;
        constraint_row(scan, system->oid, system->name, NAMESPACE_PG_CATALOG, system->kind);
        row_int(scan, 8, system->relation_oid);
        row_int(scan, 10, system->index_oid);
        if (!row_input(scan, 19, system->columns))
            return false;
    }
    for (size_t at = 0; (constraint = catalog_next_constraint(scan->catalog, &at));)
        if (scan_wants_oid(scan, 1, constraint->oid) &&
            scan_wants_oid(scan, 8, constraint->relation_oid))
            user_constraint_row(scan, constraint);
    for (size_t at = 0; (type = catalog_next_type(scan->catalog, &at));)
        if (type->kind == 'd')
            domain_constraint_rows(scan, type);
    return true;
}

/* ---- the rest ---- */

static bool pg_sequence(struct sysrel_scan *scan)
{
    const struct relation *relation;
    for (size_t at = 0; (relation = catalog_next_relation(scan->catalog, &at));) {
        const struct sequence *sequence = relation->sequence;
        if (!sequence || !scan_wants_oid(scan, 1, relation->oid))
            continue;
        row_begin(scan);
        row_int(scan, 1, relation->oid);
        row_int(scan, 2, sequence->type_oid);
        row_int(scan, 3, sequence->start);
        row_int(scan, 4, sequence->increment);
        row_int(scan, 5, sequence->max);
        row_int(scan, 6, sequence->min);
        row_int(scan, 7, sequence->cache);
        row_int(scan, 8, sequence->cycle);
    }
    return true;
}

static bool pg_rewrite(struct sysrel_scan *scan)
{
    const struct relation *relation;
    for (size_t at = 0; (relation = catalog_next_relation(scan->catalog, &at));) {
        if ((relation->kind != 'v' && relation->kind != 'm') ||
            !scan_wants_oid(scan, 3, relation->oid))
            continue;
        row_begin(scan);
        row_int(scan, 1, synthetic_oid(relation->oid, 0));
        row_text(scan, 2, "_RETURN");
        row_int(scan, 3, relation->oid);
        row_int(scan, 4, '1');
        row_int(scan, 5, 'O');
        row_int(scan, 6, true);
        row_text(scan, 7, "<>");
        row_text(scan, 8, relation->view_sql ? relation->view_sql : "<>");
    }
    return true;
}

static bool pg_trigger(struct sysrel_scan *scan)
{
    const struct trigger *trigger;
    for (size_t at = 0; (trigger = catalog_next_trigger(scan->catalog, &at));) {
        if (!scan_wants_oid(scan, 2, trigger->relation_oid))
            continue;
        int type = (trigger->level == 'r' ? 1 : 0) | (trigger->timing == 'b'   ? 2
                                                      : trigger->timing == 'i' ? 64
                                                                               : 0);
        type |= (trigger->events & 1 ? 4 : 0) | (trigger->events & 4 ? 8 : 0) |
                (trigger->events & 2 ? 16 : 0) | (trigger->events & 8 ? 32 : 0);
        row_begin(scan);
        row_int(scan, 1, trigger->oid);
        row_int(scan, 2, trigger->relation_oid);
        row_int(scan, 3, 0);
        row_text(scan, 4, trigger->name);
        row_int(scan, 5, trigger->proc_oid);
        row_int(scan, 6, type);
        row_int(scan, 7, trigger->enabled ? 'O' : 'D');
        row_int(scan, 8, false);
        for (int attnum = 9; attnum <= 14; attnum++)
            row_int(scan, attnum, 0);
        row_ints(scan, 15, NULL, 0);
        row_datum(scan, 16, datum_bytes("", 0));
    }
    return true;
}

/* ---- pg_init_privs: what was granted from the start, so that dumps leave it out ---- */

static void first_privileges_row(struct sysrel_scan *scan, uint32_t class_oid, uint32_t oid,
                                 int sub, const struct acl *acl)
{
    if (!acl || !scan_wants_oid(scan, 1, oid))
        return;
    row_begin(scan);
    row_int(scan, 1, oid);
    row_int(scan, 2, class_oid);
    row_int(scan, 3, sub);
    row_int(scan, 4, 'i');
    row_acl(scan, 5, acl);
}

static bool pg_init_privs(struct sysrel_scan *scan)
{
    const struct relation *relation;
    for (size_t at = 0; (relation = catalog_next_relation(scan->catalog, &at));) {
        if (relation->oid >= FIRST_USER_OID || relation->namespace_oid != NAMESPACE_PG_CATALOG)
            continue;
        first_privileges_row(scan, CLASS_RELATION, relation->oid, 0, system_relation_acl(relation));
        for (uint16_t k = 0; k < relation->n_columns; k++)
            first_privileges_row(scan, CLASS_RELATION, relation->oid, k + 1,
                                 system_column_acl(relation, &relation->columns[k]));
    }
    first_privileges_row(scan, CLASS_NAMESPACE, NAMESPACE_PG_CATALOG, 0,
                         system_namespace_acl(NAMESPACE_PG_CATALOG));
    first_privileges_row(scan, CLASS_NAMESPACE, NAMESPACE_PUBLIC, 0,
                         system_namespace_acl(NAMESPACE_PUBLIC));
    return true;
}

const struct sysrel_entry sysrel_relation_rows[] = {
    {"pg_class", pg_class},           {"pg_attribute", pg_attribute},
    {"pg_attrdef", pg_attrdef},       {"pg_index", pg_index},
    {"pg_constraint", pg_constraint}, {"pg_sequence", pg_sequence},
    {"pg_rewrite", pg_rewrite},       {"pg_trigger", pg_trigger},
    {"pg_init_privs", pg_init_privs}, {NULL, NULL},
};
