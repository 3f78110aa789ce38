/* ddl_column.c - column definitions: type, collation, NULL, DEFAULT, GENERATED, identity, serial; the rest is left to constraints. */
#include <stdlib.h>
#include <string.h>

#include "catalog/ddl_int.h"
#include "sql/format_type.h"

/* ---- type and collation ---- */

static const struct {
    const char *name;
    uint32_t type;
} serials[] = {{"smallserial", TYPE_INT2}, {"serial2", TYPE_INT2},   {"serial", TYPE_INT4},
               {"serial4", TYPE_INT4},     {"bigserial", TYPE_INT8}, {"serial8", TYPE_INT8}};

static uint32_t serial_type(const TypeName *name)
{
    if (list_n(name->names) != 1 || name->pct_type)
        return 0;
    for (size_t k = 0; k < ARRAY_COUNT(serials); k++)
        if (strcmp(serials[k].name, list_str(name->names, 0)) == 0)
            return serials[k].type;
    return 0;
}

static uint32_t collation_named(const char *name)
{
    static const struct {
        const char *name;
        uint32_t oid;
    } known[] = {{"default", 100},     {"C", 950},         {"POSIX", 951},
                 {"ucs_basic", 12546}, {"C.UTF-8", 12547}, {"C.utf8", 12547}};
    const struct builtin_rows *rows = builtin_rows_of("pg_collation");
    for (uint32_t r = 0; rows && r < rows->n_rows; r++)
        if (rows->cells[(size_t)r * rows->n_columns + 1] &&
            strcmp(rows->cells[(size_t)r * rows->n_columns + 1], name) == 0)
            return (uint32_t)strtoul(rows->cells[(size_t)r * rows->n_columns], NULL, 10);
    for (size_t k = 0; k < ARRAY_COUNT(known); k++)
        if (strcmp(known[k].name, name) == 0)
            return known[k].oid;
    return 0;
}

bool resolve_collation(struct ddl *d, const CollateClause *clause, const struct type *type,
                       uint32_t *collation_oid)
{
    const char *schema, *name;
    if (!split_names(d, clause->collname, &schema, &name))
        return false;
    uint32_t oid = collation_named(name);
    if (!oid)
        return fail_at(d, clause->location, ERR_UNDEFINED_OBJECT,
                       "collation \"%s\" for encoding \"UTF8\" does not exist", name);
    if (!type->collation_oid)
        return fail_at(d, clause->location, ERR_DATATYPE_MISMATCH,
                       "collations are not supported by type %s",
                       format_type_name(d->arena, d->fork, &d->c->path, type));
    *collation_oid = oid;
    return true;
}

static bool check_column_name(struct ddl *d, const char *name)
{
    if (is_system_column(name))
        return err_set(d->err, ERR_DUPLICATE_COLUMN,
                       "column name \"%s\" conflicts with a system column name", name);
    return true;
}

bool column_from_def(struct ddl *d, const ColumnDef *def, struct column *column, bool *is_serial)
{
    uint32_t serial = def->typeName ? serial_type(def->typeName) : 0;
    struct analyze_context context = analysis(d);
    *column = (struct column){.typmod = -1, .statistics_target = -1};
    *is_serial = serial != 0;
    column->name = clip_name(d, def->colname);
    if (!check_column_name(d, column->name))
        return false;
    if (serial && def->typeName->arrayBounds)
        return fail_at(d, def->typeName->location, ERR_FEATURE_NOT_SUPPORTED,
                       "array of serial is not implemented");
    if (serial)
        column->type = builtin_type(serial);
    else if (!analyze_type_name(&context, def->typeName, &column->type, &column->typmod, d->err))
        return false;
    if (column->type->kind == 'p')
        return err_set(d->err, ERR_INVALID_TABLE_DEFINITION, "column \"%s\" has pseudo-type %s",
                       column->name,
                       format_type_name(d->arena, d->fork, &d->c->path, column->type));
    column->collation_oid = column->type->collation_oid;
    if (def->collClause &&
        !resolve_collation(d, def->collClause, column->type, &column->collation_oid))
        return false;
    column->not_null = def->is_not_null || serial;
    return true;
}

bool plain_column_from_def(struct ddl *d, const ColumnDef *def, struct column *column)
{
    bool is_serial;
    bool ok = column_from_def(d, def, column, &is_serial);
    if (ok && is_serial)
        ok = err_set(d->err, ERR_UNDEFINED_OBJECT, "type \"%s\" does not exist",
                     list_str(def->typeName->names, 0));
    if (!ok)
        d->err->position = 0;
    return ok;
}

int16_t append_column(struct ddl *d, struct relation *relation, struct arena *arena,
                      const struct column *column)
{
    uint16_t n = relation->n_columns;
    struct column *columns = ARENA_ARRAY(arena, struct column, n + 1u);
    if (n)
        memcpy(columns, relation->columns, n * sizeof(*columns));
    columns[n] = *column;
    columns[n].name = arena_strdup(arena, column->name);
    columns[n].attnum = (int16_t)(n + 1);
    relation->columns = columns;
    relation->n_columns = n + 1;
    return columns[n].attnum;
}

/* ---- defaults ---- */

static bool check_generated(struct ddl *d, const struct relation *relation,
                            const struct column *column, const struct expr *expr)
{
    int16_t *used;
    uint16_t n = columns_used(d, expr, &used);
    for (uint16_t k = 0; k < n; k++) {
        if (used[k] < 1) {
            if (used[k] == 0)
                return err_set(d->err, ERR_INVALID_OBJECT_DEFINITION,
                               "cannot use whole-row variable in column generation expression") ||
                       err_detail(
                           d->err,
                           "This would cause the generated column to depend on its own value.");
            return err_set(d->err, ERR_INVALID_COLUMN_REFERENCE,
                           "cannot use system column in column generation expression");
        }
        const struct column *other = &relation->columns[used[k] - 1];
        if (!other->generated && other != column) /* its own mark is not set yet */
            continue;
        err_set(d->err, ERR_INVALID_OBJECT_DEFINITION,
                "cannot use generated column \"%s\" in column generation expression", other->name);
        return err_detail(d->err, "A generated column cannot reference another generated column.");
    }
    if (expr_is_mutable(expr))
        return err_set(d->err, ERR_INVALID_OBJECT_DEFINITION,
                       "generation expression is not immutable");
    return true;
}

/* The analyser's refusal, said as PostgreSQL says it of a column. */
static bool default_mismatch(struct ddl *d, const struct relation *relation,
                             const struct column *column, const Node *raw, const char *what)
{
    struct analyze_context context = analysis(d);
    struct err scratch = ERR_IN(d->arena);
    struct expr *expr = analyze_raw_expr(&context, raw, relation, NULL, -1, what, &scratch);
    if (!expr || !err_is(d->err, ERR_DATATYPE_MISMATCH))
        return false;
    err_clear(d->err);
    err_set(d->err, ERR_DATATYPE_MISMATCH,
            "column \"%s\" is of type %s but %s expression is of type %s", column->name,
            format_type_name(d->arena, d->fork, &d->c->path, column->type),
            strcmp(what, "DEFAULT expression") == 0 ? "default" : "generation",
            format_type_name(d->arena, d->fork, &d->c->path, expr->type));
    return err_hint(d->err, "You will need to rewrite or cast the expression.");
}

bool set_column_default(struct ddl *d, uint32_t relation_oid, int16_t attnum, const Node *raw,
                        bool generated)
{
    const struct relation *current = rel(d, relation_oid);
    const struct column *now = &current->columns[attnum - 1];
    const char *what = generated ? "column generation expression" : "DEFAULT expression";
    struct analyze_context context = analysis(d);
    struct depends depends = {0};
    struct expr *coerced =
        analyze_raw_expr(&context, raw, current, now->type, now->typmod, what, d->err);
    if (!coerced)
        return default_mismatch(d, current, now, raw, what);
    if (generated && !check_generated(d, current, now, coerced))
        return false;
    /* An untyped NULL is no default at all. */
    bool is_null =
        !generated && coerced->kind == EXPR_CONST && coerced->value.null && now->type->kind != 'd';
    depends_of_expr(d, coerced, relation_oid, &depends);
    const char *sql = is_null ? NULL : canonical_expr(d, coerced, current);
    struct relation *relation = catalog_edit_relation(d->fork, relation_oid);
    struct column *column = &columns_of(relation)[attnum - 1];
    column->default_sql = edit_text(d, relation_oid, sql);
    column->depends = dependencies_copy(catalog_edit_arena(d->fork, relation_oid), depends.items,
                                        (uint16_t)depends.n);
    column->n_depends = (uint16_t)depends.n;
    column->generated = generated ? 's' : 0;
    return true;
}

/* ---- sequences of columns ---- */

/* The sequence's own options of GENERATED ... AS IDENTITY (SEQUENCE NAME ..., START ...). */
static bool sequence_place(struct ddl *d, const struct relation *relation,
                           const struct column *column, const List *options,
                           const struct namespace **namespace, const char **name)
{
    const DefElem *named = option_named(options, "sequence_name");
    if (named) {
        RangeVar *place = range_var_of(d, (const List *)named->arg);
        if (!place)
            return false;
        *name = place->relname;
        if (!place->schemaname) {
            *namespace = catalog_namespace(d->fork, relation->namespace_oid);
            return true;
        }
        return creation_namespace(d, place->schemaname, false, namespace);
    }
    *namespace = catalog_namespace(d->fork, relation->namespace_oid);
    *name = choose_relation_name(d, relation->name, column->name, "seq", relation->namespace_oid,
                                 false);
    return true;
}

bool add_column_sequence(struct ddl *d, uint32_t relation_oid, int16_t attnum, const List *options,
                         char identity)
{
    const struct relation *relation = rel(d, relation_oid);
    const struct column *column = &relation->columns[attnum - 1];
    const struct namespace *namespace;
    const char *name;
    uint32_t sequence_oid, type_oid = column->type->oid;
    if (identity && type_oid != TYPE_INT2 && type_oid != TYPE_INT4 && type_oid != TYPE_INT8)
        return err_set(d->err, ERR_INVALID_PARAMETER_VALUE,
                       "identity column type must be smallint, integer, or bigint");
    if (!sequence_place(d, relation, column, options, &namespace, &name) ||
        !make_sequence(d, namespace, name, options, type_oid, relation->temp, relation->persistence,
                       identity != 0, &sequence_oid))
        return false;
    struct relation *sequence = catalog_edit_relation(d->fork, sequence_oid);
    struct sequence *facts = (struct sequence *)sequence->sequence;
    facts->owned_by_relation = relation_oid;
    facts->owned_by_attnum = attnum;
    facts->owned_internally = identity != 0;
    sequence->owner_oid = relation->owner_oid;
    struct relation *edited = catalog_edit_relation(d->fork, relation_oid);
    struct column *target = &columns_of(edited)[attnum - 1];
    target->sequence_oid = sequence_oid;
    target->not_null = true;
    if (identity) {
        target->identity = identity;
        return true;
    }
    struct dependency *depends =
        ARENA_NEW(catalog_edit_arena(d->fork, relation_oid), struct dependency);
    *depends = (struct dependency){CLASS_RELATION, sequence_oid, 0};
    target->default_sql =
        edit_text(d, relation_oid, arena_printf(d->arena, "nextval('%u'::regclass)", sequence_oid));
    target->depends = depends;
    target->n_depends = 1;
    return true;
}

/* ---- everything in one definition ---- */

struct column_state {
    bool has_default, has_generated, has_identity, saw_null, saw_not_null;
    Constraint *last; /* that DEFERRABLE and its like belong to */
};

static bool column_error(struct ddl *d, const struct relation *relation, const char *column,
                         int location, const char *what)
{
    return fail_at(d, location, ERR_SYNTAX_ERROR, "%s for column \"%s\" of table \"%s\"", what,
                   column, relation->name);
}

static bool attribute_of_constraint(struct ddl *d, const Constraint *node,
                                    struct column_state *state)
{
    Constraint *last = state->last;
    const char *word = node->contype == CONSTR_ATTR_DEFERRABLE       ? "DEFERRABLE"
                       : node->contype == CONSTR_ATTR_NOT_DEFERRABLE ? "NOT DEFERRABLE"
                       : node->contype == CONSTR_ATTR_DEFERRED       ? "INITIALLY DEFERRED"
                                                                     : "INITIALLY IMMEDIATE";
    bool fits = last && (last->contype == CONSTR_PRIMARY || last->contype == CONSTR_UNIQUE ||
                         last->contype == CONSTR_EXCLUSION || last->contype == CONSTR_FOREIGN);
    if (!fits)
        return fail_at(d, node->location, ERR_SYNTAX_ERROR, "misplaced %s clause", word);
    switch ((int)node->contype) {
    case CONSTR_ATTR_DEFERRABLE:
        last->deferrable = true;
        break;
    case CONSTR_ATTR_NOT_DEFERRABLE:
        last->deferrable = false;
        if (last->initdeferred)
            return fail_at(d, node->location, ERR_SYNTAX_ERROR,
                           "constraint declared INITIALLY DEFERRED must be DEFERRABLE");
        break;
    case CONSTR_ATTR_DEFERRED:
        last->initdeferred = true;
        last->deferrable = true;
        break;
    default:
        last->initdeferred = false;
        break;
    }
    return true;
}

static bool apply_null(struct ddl *d, const struct relation *relation, const char *name,
                       const Constraint *node, struct column_state *state)
{
    bool is_null = node->contype == CONSTR_NULL;
    if ((is_null && state->saw_not_null) || (!is_null && state->saw_null))
        return column_error(d, relation, name, node->location,
                            "conflicting NULL/NOT NULL declarations");
    if (is_null)
        state->saw_null = true;
    else
        state->saw_not_null = true;
    return true;
}

static bool check_one_value(struct ddl *d, const struct relation *relation, const char *name,
                            const Constraint *node, const struct column_state *state)
{
    int at = node->location;
    if (node->contype == CONSTR_DEFAULT && state->has_default)
        return column_error(d, relation, name, at, "multiple default values specified");
    if (node->contype == CONSTR_IDENTITY && state->has_identity)
        return column_error(d, relation, name, at, "multiple identity specifications");
    if (node->contype == CONSTR_GENERATED && state->has_generated)
        return column_error(d, relation, name, at, "multiple generation clauses specified");
    bool is_default = node->contype == CONSTR_DEFAULT || state->has_default;
    bool is_identity = node->contype == CONSTR_IDENTITY || state->has_identity;
    bool is_generated = node->contype == CONSTR_GENERATED || state->has_generated;
    if (is_default && is_identity)
        return column_error(d, relation, name, at, "both default and identity specified");
    if (is_default && is_generated)
        return column_error(d, relation, name, at,
                            "both default and generation expression specified");
    if (is_identity && is_generated)
        return column_error(d, relation, name, at,
                            "both identity and generation expression specified");
    return true;
}

static bool apply_value(struct ddl *d, uint32_t relation_oid, int16_t attnum,
                        const Constraint *node, struct column_state *state)
{
    const struct relation *relation = rel(d, relation_oid);
    if (!check_one_value(d, relation, relation->columns[attnum - 1].name, node, state))
        return false;
    switch ((int)node->contype) {
    case CONSTR_DEFAULT:
        state->has_default = true;
        return set_column_default(d, relation_oid, attnum, node->raw_expr, false);
    case CONSTR_IDENTITY:
        state->has_identity = true;
        if (state->saw_null)
            return column_error(d, relation, relation->columns[attnum - 1].name, node->location,
                                "conflicting NULL/NOT NULL declarations");
        return add_column_sequence(d, relation_oid, attnum, node->options, node->generated_when);
    default:
        state->has_generated = true;
        return set_column_default(d, relation_oid, attnum, node->raw_expr, true);
    }
}

static Constraint *collect(struct ddl *d, const Constraint *node, int16_t attnum,
                           struct constraint_list *later)
{
    Constraint *copy = arena_memdup(d->arena, node, sizeof(*node));
    VEC_PUSH(d->arena, later, (const Constraint *)copy);
    VEC_PUSH(d->arena, &later->columns, attnum);
    return copy;
}

bool apply_column_def(struct ddl *d, uint32_t relation_oid, int16_t attnum, const ColumnDef *def,
                      bool is_serial, struct constraint_list *later)
{
    struct column_state state = {.has_default = is_serial, .saw_not_null = def->is_not_null};
    for (int k = 0; k < list_n(def->constraints); k++) {
        const Constraint *node = list_at(def->constraints, k);
        const struct relation *relation = rel(d, relation_oid);
        const char *name = relation->columns[attnum - 1].name;
        bool ok = true;
        switch (node->contype) {
        case CONSTR_NULL:
            ok = is_serial ? column_error(d, relation, name, node->location,
                                          "conflicting NULL/NOT NULL declarations")
                           : apply_null(d, relation, name, node, &state);
            break;
        case CONSTR_NOTNULL:
            ok = apply_null(d, relation, name, node, &state);
            if (ok)
                columns_of(catalog_edit_relation(d->fork, relation_oid))[attnum - 1].not_null =
                    true;
            break;
        case CONSTR_DEFAULT:
        case CONSTR_IDENTITY:
        case CONSTR_GENERATED:
            ok = apply_value(d, relation_oid, attnum, node, &state);
            break;
        case CONSTR_CHECK:
        case CONSTR_PRIMARY:
        case CONSTR_UNIQUE:
        case CONSTR_EXCLUSION:
        case CONSTR_FOREIGN:
            state.last = collect(d, node, attnum, later);
            break;
        case CONSTR_ATTR_DEFERRABLE:
        case CONSTR_ATTR_NOT_DEFERRABLE:
        case CONSTR_ATTR_DEFERRED:
        case CONSTR_ATTR_IMMEDIATE:
            ok = attribute_of_constraint(d, node, &state);
            break;
        }
        if (!ok)
            return false;
    }
    return !is_serial || add_column_sequence(d, relation_oid, attnum, NULL, 0);
}
