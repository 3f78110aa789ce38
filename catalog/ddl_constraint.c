/* ddl_constraint.c - CHECK, PRIMARY KEY, UNIQUE, FOREIGN KEY and NOT NULL: making them and checking the rows that are there. */
#include <string.h>

#include "catalog/ddl_int.h"
#include "sql/format_type.h"

const struct constraint *constraint_named(const struct relation *relation, const char *name)
{
    for (uint16_t k = 0; k < relation->n_constraints; k++)
        if (strcmp(relation->constraints[k]->name, name) == 0)
            return relation->constraints[k];
    return NULL;
}

static void put_qualified(struct buf *out, const struct relation *relation)
{
    quote_ident(out, relation->namespace_name);
    buf_putc(out, '.');
    quote_ident(out, relation->name);
}

static bool about(struct ddl *d, const struct relation *relation, const char *column,
                  const char *constraint)
{
    struct arena *arena = d->err->arena;
    d->err->schema = arena_strdup(arena, relation->namespace_name);
    d->err->table = arena_strdup(arena, relation->name);
    if (column)
        d->err->column = arena_strdup(arena, column);
    if (constraint)
        d->err->constraint = arena_strdup(arena, constraint);
    return false;
}

/* ---- NOT NULL ---- */

bool check_not_null(struct ddl *d, const struct relation *relation, int16_t attnum)
{
    struct buf sql = BUF_IN(d->arena);
    const char *name = relation->columns[attnum - 1].name;
    bool found;
    buf_puts(&sql, "SELECT 1 FROM ");
    put_qualified(&sql, relation);
    buf_puts(&sql, " WHERE ");
    quote_ident(&sql, name);
    buf_puts(&sql, " IS NULL LIMIT 1");
    if (!sql_has_row(d, buf_cstr(&sql), &found))
        return false;
    if (!found)
        return true;
    err_set(d->err, ERR_NOT_NULL_VIOLATION, "column \"%s\" of relation \"%s\" contains null values",
            name, relation->name);
    return about(d, relation, name, NULL);
}

bool set_not_null(struct ddl *d, uint32_t relation_oid, int16_t attnum, bool check_rows)
{
    const struct relation *relation = rel(d, relation_oid);
    if (relation->columns[attnum - 1].not_null)
        return true;
    if (check_rows && !check_not_null(d, relation, attnum))
        return false;
    columns_of(catalog_edit_relation(d->fork, relation_oid))[attnum - 1].not_null = true;
    return true;
}

/* ---- CHECK ---- */

static bool check_rows_pass(struct ddl *d, const struct relation *relation,
                            const struct constraint *constraint)
{
    struct buf sql = BUF_IN(d->arena);
    bool found;
    buf_puts(&sql, "SELECT 1 FROM ");
    put_qualified(&sql, relation);
    buf_printf(&sql, " WHERE NOT (%s) LIMIT 1", constraint->check_sql);
    if (!sql_has_row(d, buf_cstr(&sql), &found))
        return false;
    if (!found)
        return true;
    err_set(d->err, ERR_CHECK_VIOLATION,
            "check constraint \"%s\" of relation \"%s\" is violated by some row", constraint->name,
            relation->name);
    return about(d, relation, NULL, constraint->name);
}

static bool name_is_free(struct ddl *d, const struct relation *relation, const char *name,
                         bool is_check, bool new_table)
{
    if (!constraint_named(relation, name))
        return true;
    if (is_check && new_table)
        return err_set(d->err, ERR_DUPLICATE_OBJECT, "check constraint \"%s\" already exists",
                       name);
    return err_set(d->err, ERR_DUPLICATE_OBJECT,
                   "constraint \"%s\" for relation \"%s\" already exists", name, relation->name);
}

static struct constraint *new_constraint(struct ddl *d, struct object **object,
                                         const struct relation *relation, const char *name,
                                         char kind)
{
    *object = object_new(OBJ_CONSTRAINT, catalog_new_oid(d->fork));
    struct constraint *constraint = object_constraint(*object);
    constraint->relation_oid = relation->oid;
    constraint->namespace_oid = relation->namespace_oid;
    constraint->name = arena_strdup(object_arena(*object), name);
    constraint->kind = kind;
    constraint->validated = true;
    return constraint;
}

static bool add_check(struct ddl *d, uint32_t relation_oid, const Constraint *node, bool new_table)
{
    const struct relation *relation = rel(d, relation_oid);
    struct analyze_context context = analysis(d);
    struct expr *expr = analyze_raw_expr(&context, node->raw_expr, relation,
                                         builtin_type(TYPE_BOOL), -1, "check constraint", d->err);
    if (!expr)
        return false;
    int16_t *columns;
    uint16_t n = columns_used(d, expr, &columns);
    struct depends depends = {0};
    struct object *object;
    depends_of_expr(d, expr, relation_oid, &depends);
    const char *name = node->conname ? clip_name(d, node->conname) : NULL;
    if (name && !name_is_free(d, relation, name, true, new_table))
        return false;
    if (!name)
        name = choose_constraint_name(
            d, relation->name,
            n == 1 && columns[0] > 0 ? relation->columns[columns[0] - 1].name : NULL, "check",
            relation->namespace_oid, relation_oid);
    struct constraint *constraint = new_constraint(d, &object, relation, name, 'c');
    struct arena *arena = object_arena(object);
    uint16_t n_real = 0;
    int16_t *kept = ARENA_ARRAY(arena, int16_t, n + 1u);
    for (uint16_t k = 0; k < n; k++)
        if (columns[k] > 0)
            kept[n_real++] = columns[k];
    constraint->columns = kept;
    constraint->n_columns = n_real;
    constraint->check_sql = arena_strdup(arena, canonical_expr(d, expr, relation));
    constraint->no_inherit = node->is_no_inherit;
    constraint->validated = new_table || !node->skip_validation;
    constraint->depends = dependencies_copy(arena, depends.items, (uint16_t)depends.n);
    constraint->n_depends = (uint16_t)depends.n;
    bool validate = constraint->validated && !new_table;
    uint32_t oid = constraint->oid;
    catalog_add(d->fork, object);
    return !validate || check_rows_pass(d, rel(d, relation_oid), catalog_constraint(d->fork, oid));
}

/* ---- PRIMARY KEY and UNIQUE ---- */

static bool has_primary_key(const struct relation *relation)
{
    for (uint16_t k = 0; k < relation->n_constraints; k++)
        if (relation->constraints[k]->kind == 'p')
            return true;
    return false;
}

static IndexElem *column_elem(struct ddl *d, const char *name)
{
    IndexElem *elem = ARENA_NEW(d->arena, IndexElem);
    elem->type = T_IndexElem;
    elem->name = (char *)name;
    return elem;
}

/* The named key columns as index elements; each must exist and come once. */
static List *key_elements(struct ddl *d, const struct relation *relation, const Constraint *node,
                          const List *names, int16_t at_column)
{
    int n = names ? list_n(names) : at_column ? 1 : 0;
    List *list = arena_zalloc(d->arena, sizeof(List) + (size_t)(n + 1) * sizeof(ListCell));
    list->type = T_List;
    list->length = list->max_length = n;
    list->elements = list->initial_elements;
    for (int k = 0; k < n; k++) {
        const char *name = names ? list_str(names, k) : relation->columns[at_column - 1].name;
        if (!relation_column(relation, name)) {
            fail_at(d, node->location, ERR_UNDEFINED_COLUMN,
                    "column \"%s\" named in key does not exist", name);
            return NULL;
        }
        for (int j = 0; j < k; j++)
            if (strcmp(name, ((IndexElem *)list_at(list, j))->name) == 0) {
                fail_at(d, node->location, ERR_DUPLICATE_COLUMN,
                        "column \"%s\" appears twice in %s constraint", name,
                        node->contype == CONSTR_PRIMARY ? "primary key" : "unique");
                return NULL;
            }
        list->elements[k].ptr_value = column_elem(d, name);
    }
    return list;
}

static void fill_key_columns(struct arena *arena, struct constraint *constraint,
                             const struct index *index)
{
    int16_t *columns = ARENA_ARRAY(arena, int16_t, index->n_keys + 1u);
    for (uint16_t k = 0; k < index->n_keys; k++)
        columns[k] = index->keys[k].attnum;
    constraint->columns = columns;
    constraint->n_columns = index->n_keys;
    constraint->index_oid = index->oid;
    constraint->deferrable = index->deferrable;
    constraint->deferred = index->deferred;
    constraint->no_inherit = true;
}

/* The constraint that an index, made or found, stands for. */
bool add_key_constraint(struct ddl *d, uint32_t relation_oid, uint32_t index_oid, char kind)
{
    struct object *object;
    const struct relation *relation = rel(d, relation_oid);
    const struct index *index = catalog_index(d->fork, index_oid);
    struct constraint *constraint = new_constraint(d, &object, relation, index->name, kind);
    uint32_t oid = constraint->oid;
    fill_key_columns(object_arena(object), constraint, index);
    catalog_add(d->fork, object);
    catalog_edit_index(d->fork, index_oid)->constraint_oid = oid;
    return true;
}

static bool not_null_columns(struct ddl *d, uint32_t relation_oid, const List *elements,
                             bool new_table)
{
    for (int k = 0; k < list_n(elements); k++) {
        const IndexElem *elem = list_at(elements, k);
        const struct column *column = relation_column(rel(d, relation_oid), elem->name);
        if (!set_not_null(d, relation_oid, column->attnum, !new_table))
            return false;
    }
    return true;
}

static bool unusable(struct ddl *d, const Constraint *node, const char *format)
{
    const char *message = arena_printf(d->arena, "\"%s\" %s", node->indexname, format);
    fail_at(d, node->location, ERR_WRONG_OBJECT_TYPE, "%s", message);
    return err_detail(d->err,
                      "Cannot create a primary key or unique constraint using such an index.");
}

static bool use_index(struct ddl *d, uint32_t relation_oid, const Constraint *node)
{
    const struct relation *relation = rel(d, relation_oid);
    const struct namespace *namespace = catalog_namespace(d->fork, relation->namespace_oid);
    const struct index *index =
        catalog_index_by_name(d->fork, &d->c->path, namespace->name, node->indexname);
    bool primary = node->contype == CONSTR_PRIMARY;
    if (!index)
        return fail_at(d, node->location, ERR_UNDEFINED_OBJECT, "index \"%s\" does not exist",
                       node->indexname);
    if (index->relation_oid != relation_oid)
        return fail_at(d, node->location, ERR_OBJECT_NOT_IN_PREREQUISITE_STATE,
                       "index \"%s\" does not belong to table \"%s\"", node->indexname,
                       relation->name);
    if (index->constraint_oid)
        return fail_at(d, node->location, ERR_OBJECT_NOT_IN_PREREQUISITE_STATE,
                       "index \"%s\" is already associated with a constraint", node->indexname);
    if (!index->unique)
        return unusable(d, node, "is not a unique index");
    for (uint16_t k = 0; k < index->n_keys; k++)
        if (!index->keys[k].attnum)
            return fail_at(d, node->location, ERR_WRONG_OBJECT_TYPE,
                           "index \"%s\" contains expressions", node->indexname) ||
                   err_detail(
                       d->err,
                       "Cannot create a primary key or unique constraint using such an index.");
    if (index->where_sql)
        return unusable(d, node, "is a partial index");
    for (uint16_t k = 0; primary && k < index->n_keys; k++)
        if (!set_not_null(d, relation_oid, index->keys[k].attnum, true))
            return false;
    uint32_t oid = index->oid;
    struct index *edited = catalog_edit_index(d->fork, oid);
    edited->primary = primary;
    edited->deferrable = node->deferrable;
    edited->deferred = node->initdeferred;
    const char *name = node->conname ? node->conname : edited->name;
    if (strcmp(name, edited->name) != 0) {
        notice(d, "ALTER TABLE / ADD CONSTRAINT USING INDEX will rename index \"%s\" to \"%s\"",
               edited->name, name);
        edited->name = edit_text(d, oid, name);
        catalog_renamed(d->fork, oid);
        if (!storage_rename_index(d, oid))
            return false;
    }
    return add_key_constraint(d, relation_oid, oid, primary ? 'p' : 'u');
}

static bool add_key(struct ddl *d, uint32_t relation_oid, const Constraint *node, int16_t at_column,
                    bool new_table)
{
    const struct relation *relation = rel(d, relation_oid);
    bool primary = node->contype == CONSTR_PRIMARY;
    if (primary && has_primary_key(relation))
        return fail_at(d, new_table ? node->location : -1, ERR_INVALID_TABLE_DEFINITION,
                       "multiple primary keys for table \"%s\" are not allowed", relation->name);
    if (node->indexname)
        return use_index(d, relation_oid, node);
    List *elements = key_elements(d, relation, node, node->keys, at_column);
    List *including =
        elements && node->including ? key_elements(d, relation, node, node->including, 0) : NULL;
    if (!elements || (node->including && !including))
        return false;
    if (node->conname && constraint_named(relation, node->conname) &&
        !relation_name_taken(d->fork, relation->namespace_oid, node->conname))
        return name_is_free(d, relation, node->conname, false, new_table);
    if (primary && !not_null_columns(d, relation_oid, elements, new_table))
        return false;
    if (primary && !new_table && !adopt_primary_key(d, relation_oid, node, at_column))
        return false;
    struct index_request request = {
        .name = node->conname,
        .params = elements,
        .including = including,
        .options = node->options,
        .unique = true,
        .primary = primary,
        .nulls_not_distinct = node->nulls_not_distinct,
        .constraint = true,
        .deferrable = node->deferrable,
        .deferred = node->initdeferred,
        .new_table = new_table,
    };
    uint32_t index_oid;
    return make_index(d, relation_oid, &request, &index_oid) &&
           add_key_constraint(d, relation_oid, index_oid, primary ? 'p' : 'u');
}

/* ---- FOREIGN KEY ---- */

struct foreign_key {
    const struct relation *target;
    int16_t *columns, *ref_columns;
    uint16_t n;
    uint32_t index_oid;
    const char *name;
};

static int16_t *named_columns(struct ddl *d, const struct relation *relation, const List *names,
                              uint16_t *n)
{
    int16_t *columns = ARENA_ARRAY(d->arena, int16_t, list_n(names) + 1);
    *n = 0;
    for (int k = 0; k < list_n(names); k++) {
        const struct column *column = relation_column(relation, list_str(names, k));
        if (!column) {
            err_set(d->err, ERR_UNDEFINED_COLUMN,
                    "column \"%s\" referenced in foreign key constraint does not exist",
                    list_str(names, k));
            return NULL;
        }
        columns[(*n)++] = column->attnum;
    }
    return columns;
}

static const struct index *primary_index(const struct relation *relation)
{
    for (uint16_t k = 0; k < relation->n_indexes; k++)
        if (relation->indexes[k]->primary)
            return relation->indexes[k];
    return NULL;
}

static bool same_columns(const struct index *index, const int16_t *columns, uint16_t n)
{
    if (index->n_keys != n || index->where_sql)
        return false;
    for (uint16_t k = 0; k < n; k++) {
        bool found = false;
        for (uint16_t c = 0; c < n && !found; c++)
            found = index->keys[k].attnum == columns[c];
        if (!found)
            return false;
    }
    return true;
}

static bool referenced_columns(struct ddl *d, const Constraint *node, struct foreign_key *key)
{
    uint16_t n;
    if (!node->pk_attrs) {
        const struct index *primary = primary_index(key->target);
        if (!primary)
            return err_set(d->err, ERR_UNDEFINED_OBJECT,
                           "there is no primary key for referenced table \"%s\"",
                           key->target->name);
        key->ref_columns = ARENA_ARRAY(d->arena, int16_t, primary->n_keys + 1u);
        for (uint16_t k = 0; k < primary->n_keys; k++)
            key->ref_columns[k] = primary->keys[k].attnum;
        n = primary->n_keys;
        key->index_oid = primary->oid;
    } else if (!(key->ref_columns = named_columns(d, key->target, node->pk_attrs, &n))) {
        return false;
    }
    if (n != key->n)
        return err_set(d->err, ERR_INVALID_FOREIGN_KEY,
                       "number of referencing and referenced columns for foreign key disagree");
    for (uint16_t k = 0; k < n; k++)
        for (uint16_t j = 0; j < k; j++)
            if (key->ref_columns[j] == key->ref_columns[k])
                return err_set(d->err, ERR_INVALID_FOREIGN_KEY,
                               "foreign key referenced-columns list must not contain duplicates");
    bool deferrable = false;
    for (uint16_t k = 0; !key->index_oid && k < key->target->n_indexes; k++) {
        const struct index *index = key->target->indexes[k];
        if (!index->unique || !same_columns(index, key->ref_columns, n))
            continue;
        if (index->deferrable)
            deferrable = true;
        else
            key->index_oid = index->oid;
    }
    const struct index *chosen = key->index_oid ? catalog_index(d->fork, key->index_oid) : NULL;
    if (deferrable && !chosen)
        return err_set(d->err, ERR_OBJECT_NOT_IN_PREREQUISITE_STATE,
                       "cannot use a deferrable unique constraint for referenced table \"%s\"",
                       key->target->name);
    if (chosen && chosen->deferrable)
        return err_set(d->err, ERR_OBJECT_NOT_IN_PREREQUISITE_STATE,
                       "cannot use a deferrable primary key for referenced table \"%s\"",
                       key->target->name);
    if (chosen)
        return true;
    return err_set(d->err, ERR_INVALID_FOREIGN_KEY,
                   "there is no unique constraint matching given keys for referenced table \"%s\"",
                   key->target->name);
}

static const struct type *base_of(const struct type *type)
{
    while (type->kind == 'd' && type->elem)
        type = type->elem;
    return type;
}

/* There is an equality between the two in the referenced column's index family, maybe after an implicit cast of the referencing side. */
static bool comparable(const struct ddl *d, const struct type *target, const struct type *source)
{
    target = base_of(target);
    source = base_of(source);
    if (target == source)
        return true;
    const struct builtin_opclass *opclass = builtin_default_opclass(AM_BTREE, target);
    if (!opclass)
        return false;
    for (size_t k = 0; k < builtin_n_amops; k++) {
        const struct builtin_amop *amop = &builtin_amops[k];
        if (amop->family == opclass->family && amop->strategy == 3 && amop->left == target->oid &&
            amop->right == source->oid)
            return true;
    }
    const struct builtin_opclass *source_opclass = builtin_default_opclass(AM_BTREE, source);
    if (source_opclass && source_opclass->family == opclass->family &&
        source_opclass->type == opclass->type && target->kind == source->kind &&
        opclass->type != TYPE_ANYARRAY && opclass->type != TYPE_ANYENUM &&
        opclass->type != TYPE_RECORD && opclass->type != TYPE_ANYRANGE)
        return true; /* text and varchar */
    const struct cast *cast = catalog_cast(d->fork, source->oid, opclass->type);
    return cast && cast->context == CAST_IMPLICIT;
}

static bool check_types(struct ddl *d, const struct relation *relation,
                        const struct foreign_key *key)
{
    for (uint16_t k = 0; k < key->n; k++) {
        const struct column *from = &relation->columns[key->columns[k] - 1];
        const struct column *to = &key->target->columns[key->ref_columns[k] - 1];
        if (comparable(d, to->type, from->type))
            continue;
        err_set(d->err, ERR_DATATYPE_MISMATCH,
                "foreign key constraint \"%s\" cannot be implemented", key->name);
        return err_detail(
            d->err, "Key columns \"%s\" and \"%s\" are of incompatible types: %s and %s.",
            from->name, to->name, format_type_name(d->arena, d->fork, &d->c->path, from->type),
            format_type_name(d->arena, d->fork, &d->c->path, to->type));
    }
    return true;
}

static bool check_persistence(struct ddl *d, const struct relation *relation,
                              const struct relation *target)
{
    const char *what = NULL;
    if (relation->temp && !target->temp)
        what = "constraints on temporary tables may reference only temporary tables";
    else if (!relation->temp && target->temp)
        what =
            relation->persistence == 'u'
                ? "constraints on unlogged tables may reference only permanent or unlogged tables"
                : "constraints on permanent tables may reference only permanent tables";
    else if (relation->persistence == 'p' && target->persistence == 'u')
        what = "constraints on permanent tables may reference only permanent tables";
    return !what || err_set(d->err, ERR_INVALID_TABLE_DEFINITION, "%s", what);
}

static bool check_generated_columns(struct ddl *d, const struct relation *relation,
                                    const Constraint *node, const struct foreign_key *key)
{
    for (uint16_t k = 0; k < key->n; k++) {
        if (!relation->columns[key->columns[k] - 1].generated)
            continue;
        if (node->fk_upd_action == FK_SET_NULL || node->fk_upd_action == FK_SET_DEFAULT ||
            node->fk_upd_action == FK_CASCADE)
            return err_set(
                d->err, ERR_SYNTAX_ERROR,
                "invalid ON UPDATE action for foreign key constraint containing generated column");
        if (node->fk_del_action == FK_SET_NULL || node->fk_del_action == FK_SET_DEFAULT)
            return err_set(
                d->err, ERR_SYNTAX_ERROR,
                "invalid ON DELETE action for foreign key constraint containing generated column");
    }
    return true;
}

static const char *joined_names(struct ddl *d, const struct relation *relation,
                                const int16_t *columns, uint16_t n)
{
    struct buf out = BUF_IN(d->arena);
    for (uint16_t k = 0; k < n && out.n < 64; k++)
        buf_printf(&out, "%s%s", k ? "_" : "", relation->columns[columns[k] - 1].name);
    return buf_cstr(&out);
}

struct missing_key {
    struct ddl *d;
    uint16_t n;
    const char **values;
};

static bool take_missing(void *arg, const struct datum *row)
{
    struct missing_key *missing = arg;
    for (uint16_t k = 0; k < missing->n; k++)
        missing->values[k] =
            row[k].null ? "null" : arena_strndup(missing->d->arena, row[k].p, row[k].n);
    return false;
}

static bool missing_error(struct ddl *d, const struct relation *relation,
                          const struct relation *target, const struct constraint *constraint,
                          const struct missing_key *missing)
{
    struct buf key = BUF_IN(d->arena);
    for (uint16_t k = 0; k < constraint->n_columns; k++)
        buf_printf(&key, "%s%s", k ? ", " : "Key (",
                   relation->columns[constraint->columns[k] - 1].name);
    for (uint16_t k = 0; k < constraint->n_columns; k++)
        buf_printf(&key, "%s%s", k ? ", " : ")=(", missing->values[k]);
    err_set(d->err, ERR_FOREIGN_KEY_VIOLATION,
            "insert or update on table \"%s\" violates foreign key constraint \"%s\"",
            relation->name, constraint->name);
    err_detail(d->err, "%s) is not present in table \"%s\".", buf_cstr(&key), target->name);
    return about(d, relation, NULL, constraint->name);
}

/* Each referencing row has its referenced one. */
static bool foreign_rows_match(struct ddl *d, const struct relation *relation,
                               const struct constraint *constraint)
{
    const struct relation *target = rel(d, constraint->ref_relation_oid);
    struct buf sql = BUF_IN(d->arena);
    struct missing_key missing = {d, constraint->n_columns,
                                  ARENA_ARRAY(d->arena, const char *, constraint->n_columns + 1u)};
    buf_puts(&sql, "SELECT ");
    for (uint16_t k = 0; k < constraint->n_columns; k++) {
        buf_puts(&sql, k ? ", fk." : "fk.");
        quote_ident(&sql, relation->columns[constraint->columns[k] - 1].name);
        buf_puts(&sql, "::pg_catalog.text");
    }
    buf_puts(&sql, " FROM ");
    put_qualified(&sql, relation);
    buf_puts(&sql, " fk LEFT JOIN ");
    put_qualified(&sql, target);
    buf_puts(&sql, " pk ON (");
    for (uint16_t k = 0; k < constraint->n_columns; k++) {
        buf_puts(&sql, k ? " AND pk." : "pk.");
        quote_ident(&sql, target->columns[constraint->ref_columns[k] - 1].name);
        buf_puts(&sql, " = fk.");
        quote_ident(&sql, relation->columns[constraint->columns[k] - 1].name);
    }
    buf_puts(&sql, ") WHERE pk.");
    quote_ident(&sql, target->columns[constraint->ref_columns[0] - 1].name);
    buf_puts(&sql, " IS NULL AND (");
    for (uint16_t k = 0; k < constraint->n_columns; k++) {
        if (k)
            buf_puts(&sql, constraint->match == 'f' ? " OR " : " AND ");
        buf_puts(&sql, "fk.");
        quote_ident(&sql, relation->columns[constraint->columns[k] - 1].name);
        buf_puts(&sql, " IS NOT NULL");
    }
    buf_puts(&sql, ") LIMIT 1");
    uint64_t n;
    if (!run_sql(d, buf_cstr(&sql), take_missing, &missing, &n))
        return false;
    return !n || missing_error(d, relation, target, constraint, &missing);
}

static void fill_foreign(struct ddl *d, struct object *object, const struct relation *relation,
                         const Constraint *node, const struct foreign_key *key, bool new_table)
{
    struct constraint *constraint = object_constraint(object);
    struct arena *arena = object_arena(object);
    constraint->n_columns = key->n;
    constraint->columns = arena_memdup(arena, key->columns, key->n * sizeof(int16_t));
    constraint->ref_columns = arena_memdup(arena, key->ref_columns, key->n * sizeof(int16_t));
    constraint->ref_relation_oid = key->target->oid;
    constraint->index_oid = key->index_oid;
    constraint->on_update = (enum fk_action)(node->fk_upd_action ? node->fk_upd_action : 'a');
    constraint->on_delete = (enum fk_action)(node->fk_del_action ? node->fk_del_action : 'a');
    constraint->match = node->fk_matchtype ? node->fk_matchtype : 's';
    constraint->deferrable = node->deferrable;
    constraint->deferred = node->initdeferred;
    constraint->validated = new_table || !node->skip_validation;
    constraint->no_inherit = true;
}

static bool set_columns(struct ddl *d, struct object *object, const struct relation *relation,
                        const Constraint *node)
{
    struct constraint *constraint = object_constraint(object);
    uint16_t n = 0;
    if (!list_n(node->fk_del_set_cols))
        return true;
    int16_t *columns = named_columns(d, relation, node->fk_del_set_cols, &n);
    if (!columns)
        return false;
    for (uint16_t k = 0; k < n; k++) {
        bool in_key = false;
        for (uint16_t c = 0; c < constraint->n_columns; c++)
            in_key |= constraint->columns[c] == columns[k];
        if (!in_key)
            return err_set(
                d->err, ERR_INVALID_COLUMN_REFERENCE,
                "column \"%s\" referenced in ON DELETE SET action must be part of foreign key",
                relation->columns[columns[k] - 1].name);
    }
    constraint->set_columns = arena_memdup(object_arena(object), columns, n * sizeof(int16_t));
    constraint->n_set_columns = n;
    return true;
}

static bool add_foreign(struct ddl *d, uint32_t relation_oid, const Constraint *node,
                        int16_t at_column, bool new_table)
{
    const struct relation *relation = rel(d, relation_oid);
    struct foreign_key key = {.target = find_relation(d, node->pktable, false, NULL)};
    struct object *object;
    if (!key.target)
        return false;
    if (key.target->kind != 'r')
        return err_set(d->err, ERR_WRONG_OBJECT_TYPE, "referenced relation \"%s\" is not a table",
                       key.target->name);
    if (key.target->oid < FIRST_USER_OID)
        return err_set(d->err, ERR_INSUFFICIENT_PRIVILEGE,
                       "permission denied: \"%s\" is a system catalog", key.target->name);
    if (node->fk_matchtype == 'p')
        return err_set(d->err, ERR_FEATURE_NOT_SUPPORTED, "MATCH PARTIAL not yet implemented");
    if (!check_persistence(d, relation, key.target) ||
        !lock_relation(d, key.target->oid, LOCK_SHARE_ROW_EXCLUSIVE))
        return false;
    if (list_n(node->fk_attrs)) {
        if (!(key.columns = named_columns(d, relation, node->fk_attrs, &key.n)))
            return false;
    } else {
        key.columns = arena_memdup(d->arena, &at_column, sizeof(at_column));
        key.n = 1;
    }
    key.name = node->conname ? clip_name(d, node->conname) : NULL;
    if (key.name && !name_is_free(d, relation, key.name, false, new_table))
        return false;
    if (!key.name)
        key.name =
            choose_constraint_name(d, relation->name, joined_names(d, relation, key.columns, key.n),
                                   "fkey", relation->namespace_oid, relation_oid);
    if (!check_generated_columns(d, relation, node, &key) || !referenced_columns(d, node, &key) ||
        !check_types(d, relation, &key))
        return false;
    struct constraint *constraint = new_constraint(d, &object, relation, key.name, 'f');
    fill_foreign(d, object, relation, node, &key, new_table);
    if (!set_columns(d, object, relation, node)) {
        arena_free(object_arena(object));
        return false;
    }
    uint32_t oid = constraint->oid;
    bool validate = constraint->validated && !new_table;
    catalog_add(d->fork, object);
    return !validate ||
           foreign_rows_match(d, rel(d, relation_oid), catalog_constraint(d->fork, oid));
}

/* ---- all kinds ---- */

bool add_constraint(struct ddl *d, uint32_t relation_oid, const Constraint *node, int16_t at_column,
                    bool new_table)
{
    switch (node->contype) {
    case CONSTR_CHECK:
        return add_check(d, relation_oid, node, new_table);
    case CONSTR_PRIMARY:
    case CONSTR_UNIQUE:
        return add_key(d, relation_oid, node, at_column, new_table);
    case CONSTR_FOREIGN:
        return add_foreign(d, relation_oid, node, at_column, new_table);
    case CONSTR_EXCLUSION:
        return unsupported(d, "EXCLUDE constraint");
    case CONSTR_NULL:
    case CONSTR_NOTNULL:
    case CONSTR_DEFAULT:
    case CONSTR_IDENTITY:
    case CONSTR_GENERATED:
    case CONSTR_ATTR_DEFERRABLE:
    case CONSTR_ATTR_NOT_DEFERRABLE:
    case CONSTR_ATTR_DEFERRED:
    case CONSTR_ATTR_IMMEDIATE:
        break;
    }
    return true;
}

static bool check_single_primary(struct ddl *d, const struct relation *relation,
                                 const struct constraint_list *list, bool new_table)
{
    bool seen = has_primary_key(relation);
    for (size_t k = 0; k < list->n; k++) {
        if (list->items[k]->contype != CONSTR_PRIMARY)
            continue;
        if (seen)
            return fail_at(
                d, new_table ? list->items[k]->location : -1, ERR_INVALID_TABLE_DEFINITION,
                "multiple primary keys for table \"%s\" are not allowed", relation->name);
        seen = true;
    }
    return true;
}

/* ---- keys said twice: PRIMARY KEY (a), UNIQUE (a) is one index ---- */

static bool is_key(const Constraint *node)
{
    return (node->contype == CONSTR_PRIMARY || node->contype == CONSTR_UNIQUE) && !node->indexname;
}

static bool same_key(struct ddl *d, const struct relation *relation, const Constraint *one,
                     int16_t column, const Constraint *other, int16_t other_column)
{
    if (one->deferrable != other->deferrable || one->initdeferred != other->initdeferred ||
        one->nulls_not_distinct != other->nulls_not_distinct ||
        list_n(one->including) != list_n(other->including))
        return false;
    List *keys = key_elements(d, relation, one, one->keys, column),
         *others = key_elements(d, relation, other, other->keys, other_column);
    if (!keys || !others || list_n(keys) != list_n(others))
        return false;
    for (int k = 0; k < list_n(keys); k++)
        if (strcmp(((IndexElem *)list_at(keys, k))->name,
                   ((IndexElem *)list_at(others, k))->name) != 0)
            return false;
    for (int k = 0; k < list_n(one->including); k++)
        if (strcmp(list_str(one->including, k), list_str(other->including, k)) != 0)
            return false;
    return true;
}

static bool repeats_kept_key(struct ddl *d, const struct relation *relation,
                             struct constraint_list *kept, const Constraint *node, int16_t column)
{
    for (size_t k = 0; is_key(node) && k < kept->n; k++) {
        const Constraint *first = kept->items[k];
        if (!is_key(first) || !same_key(d, relation, first, kept->columns.items[k], node, column))
            continue;
        if (!first->conname && node->conname) {
            Constraint *named = arena_zalloc(d->arena, sizeof(*named));
            *named = *first;
            named->conname = node->conname;
            kept->items[k] = named;
        }
        return true;
    }
    return false;
}

/* Without keys that repeat another: the primary key stays, or the first, under the first name given. */
static struct constraint_list without_repeated_keys(struct ddl *d, uint32_t relation_oid,
                                                    const struct constraint_list *list)
{
    struct constraint_list kept = {0};
    for (int pass = 0; pass < 2; pass++)
        for (size_t k = 0; k < list->n; k++) {
            const Constraint *node = list->items[k];
            int16_t column = list->columns.items[k];
            if ((node->contype == CONSTR_PRIMARY) != (pass == 0) ||
                repeats_kept_key(d, rel(d, relation_oid), &kept, node, column))
                continue;
            VEC_PUSH(d->arena, &kept, node);
            VEC_PUSH(d->arena, &kept.columns, column);
        }
    return kept;
}

bool add_constraints(struct ddl *d, uint32_t relation_oid, const struct constraint_list *list,
                     bool new_table)
{
    static const ConstrType order[] = {CONSTR_CHECK, CONSTR_PRIMARY, CONSTR_UNIQUE,
                                       CONSTR_EXCLUSION, CONSTR_FOREIGN};
    if (!check_single_primary(d, rel(d, relation_oid), list, new_table))
        return false;
    struct constraint_list once = without_repeated_keys(d, relation_oid, list);
    if (d->err->sqlstate[0])
        return false;
    list = &once;
    for (size_t pass = 0; pass < ARRAY_COUNT(order); pass++)
        for (size_t k = 0; k < list->n; k++)
            if (list->items[k]->contype == order[pass] &&
                !add_constraint(d, relation_oid, list->items[k], list->columns.items[k], new_table))
                return false;
    return true;
}

bool mark_primary_columns(struct ddl *d, uint32_t relation_oid,
                          const struct constraint_list *constraints)
{
    for (size_t k = 0; k < constraints->n; k++) {
        const Constraint *node = constraints->items[k];
        if (node->contype != CONSTR_PRIMARY || node->indexname)
            continue;
        List *elements =
            key_elements(d, rel(d, relation_oid), node, node->keys, constraints->columns.items[k]);
        if (!elements || !not_null_columns(d, relation_oid, elements, true))
            return false;
    }
    return true;
}

bool validate_constraint(struct ddl *d, uint32_t relation_oid, const char *name)
{
    const struct relation *relation = rel(d, relation_oid);
    const struct constraint *constraint = constraint_named(relation, name);
    if (!constraint)
        return err_set(d->err, ERR_UNDEFINED_OBJECT,
                       "constraint \"%s\" of relation \"%s\" does not exist", name, relation->name);
    if (constraint->kind != 'c' && constraint->kind != 'f')
        return err_set(
            d->err, ERR_WRONG_OBJECT_TYPE,
            "constraint \"%s\" of relation \"%s\" is not a foreign key or check constraint", name,
            relation->name);
    if (constraint->validated)
        return true;
    if (constraint->kind == 'c' ? !check_rows_pass(d, relation, constraint)
                                : !foreign_rows_match(d, relation, constraint))
        return false;
    catalog_edit_constraint(d->fork, constraint->oid)->validated = true;
    return true;
}

bool recheck_constraints(struct ddl *d, uint32_t relation_oid, int16_t attnum)
{
    const struct relation *relation = rel(d, relation_oid);
    for (uint16_t k = 0; k < relation->n_constraints; k++) {
        const struct constraint *constraint = relation->constraints[k];
        bool uses = false;
        for (uint16_t c = 0; c < constraint->n_columns; c++)
            uses |= constraint->columns[c] == attnum;
        if (!uses || !constraint->validated)
            continue;
        if (constraint->kind == 'c' && !check_rows_pass(d, relation, constraint))
            return false;
        if (constraint->kind == 'f' && !foreign_rows_match(d, relation, constraint))
            return false;
    }
    return true;
}
