/* ddl_alter_column.c - ALTER TABLE ADD COLUMN, DROP COLUMN, ALTER COLUMN TYPE: what changes rows.
 *
 * A new column whose default does not change from row to row costs nothing: old rows read as that value (SQLite's column default in the
 * files).  A change of type rewrites the table into new storage, unless the values stay the same. */
#include <string.h>

#include "catalog/ddl_int.h"
#include "sql/format_type.h"

static bool has_rows(struct ddl *d, const struct relation *relation, bool *found)
{
    struct buf sql = BUF_IN(d->arena);
    buf_puts(&sql, "SELECT 1 FROM ");
    quote_ident(&sql, relation->namespace_name);
    buf_putc(&sql, '.');
    quote_ident(&sql, relation->name);
    buf_puts(&sql, " LIMIT 1");
    return sql_has_row(d, buf_cstr(&sql), found);
}

/* ---- ADD COLUMN ---- */

static bool missing_value(struct ddl *d, uint32_t relation_oid, int16_t attnum,
                          const struct expr *expr)
{
    struct datum value;
    if (!exec_constant(d->arena, &d->env, expr, NULL, &value, d->err))
        return false;
    struct relation *relation = catalog_edit_relation(d->fork, relation_oid);
    struct column *column = &columns_of(relation)[attnum - 1];
    column->has_missing = true;
    column->missing =
        value.null ? value
                   : datum_copy(column->type, catalog_edit_arena(d->fork, relation_oid), value);
    return storage_add_column(d, relation_oid, attnum, &column->missing);
}

/* Values for the rows that are there. */
static bool fill_new_column(struct ddl *d, const struct relation *before, uint32_t relation_oid,
                            int16_t attnum)
{
    const struct relation *relation = rel(d, relation_oid);
    const struct column *column = &relation->columns[attnum - 1];
    struct analyze_context context = stored_analysis(d);
    struct expr *expr = NULL;
    const char *sql = column->default_sql         ? column->default_sql
                      : column->type->kind == 'd' ? "NULL"
                                                  : NULL;
    bool in_files = relation->distribution != DIST_TEMP;
    if (sql && !column->identity &&
        !(expr = analyze_catalog_expr(&context, sql, column->generated ? relation : NULL,
                                      column->type, column->typmod, d->err)))
        return false;
    if (expr && !column->generated && !expr_is_volatile(expr) &&
        (column->default_sql || in_files)) {
        bool found = true;
        if (!column->default_sql && !has_rows(d, before, &found))
            return false;
        if (found)
            return missing_value(d, relation_oid, attnum, expr);
        expr = NULL;
    }
    if (in_files && !storage_add_column(d, relation_oid, attnum, NULL))
        return false;
    if (!expr && !column->identity)
        return true;
    struct new_value value = {attnum, expr, column->identity ? column->sequence_oid : 0};
    return rewrite_columns(d, before, relation_oid, &value, 1, false);
}

bool alter_add_column(struct ddl *d, uint32_t relation_oid, const AlterTableCmd *cmd)
{
    const ColumnDef *def = (const ColumnDef *)cmd->def;
    const struct relation *now = rel(d, relation_oid);
    struct column column;
    struct constraint_list constraints = {0};
    bool is_serial;
    if (relation_column(now, def->colname)) {
        const char *message = arena_printf(
            d->arena, "column \"%s\" of relation \"%s\" already exists", def->colname, now->name);
        if (!cmd->missing_ok)
            return err_set(d->err, ERR_DUPLICATE_COLUMN, "%s", message);
        notice_full(d, "NOTICE", ERR_DUPLICATE_COLUMN,
                    arena_printf(d->arena, "%s, skipping", message), NULL, NULL);
        return true;
    }
    if (now->n_columns >= 1600)
        return err_set(d->err, ERR_TOO_MANY_COLUMNS, "tables can have at most %d columns", 1600);
    if (!column_from_def(d, def, &column, &is_serial))
        return false;
    const struct relation *before = relation_snapshot(d, relation_oid);
    struct relation *relation = catalog_edit_relation(d->fork, relation_oid);
    int16_t attnum = append_column(d, relation, catalog_edit_arena(d->fork, relation_oid), &column);
    if (!apply_column_def(d, relation_oid, attnum, def, is_serial, &constraints) ||
        !mark_primary_columns(d, relation_oid, &constraints))
        return false;
    bool not_null = rel(d, relation_oid)->columns[attnum - 1].not_null;
    catalog_changed(d->fork, relation_oid);
    if (!fill_new_column(d, before, relation_oid, attnum))
        return false;
    if (not_null && !check_not_null(d, rel(d, relation_oid), attnum))
        return false;
    return add_constraints(d, relation_oid, &constraints, false);
}

/* ---- DROP COLUMN ---- */

bool alter_drop_column(struct ddl *d, uint32_t relation_oid, const AlterTableCmd *cmd)
{
    const struct relation *relation = rel(d, relation_oid);
    const struct column *column = relation_column(relation, cmd->name);
    if (!column && is_system_column(cmd->name))
        return err_set(d->err, ERR_FEATURE_NOT_SUPPORTED, "cannot drop system column \"%s\"",
                       cmd->name);
    if (!column) {
        const char *message = arena_printf(
            d->arena, "column \"%s\" of relation \"%s\" does not exist", cmd->name, relation->name);
        if (!cmd->missing_ok)
            return err_set(d->err, ERR_UNDEFINED_COLUMN, "%s", message);
        notice(d, "%s, skipping", message);
        return true;
    }
    for (uint16_t k = 0; relation->distribution == DIST_SHARDED && k < relation->n_shard_key; k++)
        if (relation->shard_key[k] == column->attnum && !leave_shard_key(d, relation_oid))
            return false;
    struct object_address address = {CLASS_RELATION, relation_oid, column->attnum};
    return drop_objects(d, &address, 1, cmd->behavior == DROP_CASCADE, false);
}

/* ---- ALTER COLUMN TYPE ---- */

struct retype {
    uint32_t relation_oid;
    int16_t attnum;
    const char *name;
    const struct type *type;
    int32_t typmod;
    uint32_t collation_oid;
    struct expr *expr; /* over the old row */
    bool has_using;
    const struct relation *before;
};

static bool check_dependents(struct ddl *d, const struct retype *r)
{
    const struct relation *relation;
    for (size_t at = builtin_n_relations; (relation = catalog_next_relation(d->fork, &at));)
        for (uint16_t k = 0; k < relation->n_depends; k++) {
            const struct dependency *need = &relation->depends[k];
            if (need->class_oid != CLASS_RELATION || need->oid != r->relation_oid ||
                need->sub != r->attnum)
                continue;
            err_set(d->err, ERR_FEATURE_NOT_SUPPORTED,
                    "cannot alter type of a column used by a view or rule");
            return err_detail(d->err, "rule _RETURN on %s %s depends on column \"%s\"",
                              relation_kind_word(relation->kind),
                              relation_display_name(d->arena, d->fork, &d->c->path, relation),
                              r->name);
        }
    relation = rel(d, r->relation_oid);
    for (uint16_t k = 0; k < relation->n_columns; k++) {
        const struct column *column = &relation->columns[k];
        for (uint16_t n = 0; column->generated && !column->dropped && n < column->n_depends; n++)
            if (column->depends[n].class_oid == CLASS_RELATION &&
                column->depends[n].oid == r->relation_oid && column->depends[n].sub == r->attnum &&
                column->attnum != r->attnum) {
                err_set(d->err, ERR_FEATURE_NOT_SUPPORTED,
                        "cannot alter type of a column used by a generated column");
                return err_detail(d->err, "Column \"%s\" is used by generated column \"%s\".",
                                  r->name, column->name);
            }
    }
    return true;
}

static bool cannot_cast(struct ddl *d, const struct retype *r)
{
    const char *type = format_type_name(d->arena, d->fork, &d->c->path, r->type);
    if (r->has_using) {
        err_set(d->err, ERR_DATATYPE_MISMATCH,
                "result of USING clause for column \"%s\" cannot be cast automatically to type %s",
                r->name, type);
        return err_hint(d->err, "You might need to add an explicit cast.");
    }
    struct buf full = BUF_IN(d->arena);
    format_type(d->fork, &d->c->path, r->type, r->typmod, true, &full);
    err_set(d->err, ERR_DATATYPE_MISMATCH, "column \"%s\" cannot be cast automatically to type %s",
            r->name, type);
    return err_hint(d->err, "You might need to specify \"USING %s::%s\".",
                    quoted_ident(d->arena, r->name), buf_cstr(&full));
}

static bool make_expr(struct ddl *d, struct retype *r, const Node *using)
{
    struct analyze_context context = analysis(d);
    const struct relation *relation = rel(d, r->relation_oid);
    r->has_using = using != NULL;
    r->expr = using ? analyze_raw_expr(&context, using, relation, r->type, r->typmod,
                                       "transform expression", d->err)
                    : analyze_catalog_expr(&context, quoted_ident(d->arena, r->name), relation,
                                           r->type, r->typmod, d->err);
    if (r->expr)
        return true;
    if (err_is(d->err, ERR_DATATYPE_MISMATCH) || err_is(d->err, ERR_CANNOT_COERCE)) {
        err_clear(d->err);
        return cannot_cast(d, r);
    }
    return false;
}

/* The default, converted; *sql NULL when there is none. */
static bool convert_default(struct ddl *d, const struct retype *r, const char **sql)
{
    const struct relation *relation = rel(d, r->relation_oid);
    const struct column *column = &relation->columns[r->attnum - 1];
    struct analyze_context context = stored_analysis(d);
    *sql = NULL;
    if (!column->default_sql)
        return true;
    struct expr *coerced =
        analyze_catalog_expr(&context, column->default_sql, column->generated ? relation : NULL,
                             r->type, r->typmod, d->err);
    if (coerced) {
        *sql = canonical_expr(d, coerced, relation);
        return true;
    }
    if (!err_is(d->err, ERR_DATATYPE_MISMATCH))
        return false;
    err_clear(d->err);
    return err_set(d->err, ERR_DATATYPE_MISMATCH,
                   "%s for column \"%s\" cannot be cast automatically to type %s",
                   column->generated ? "generation expression" : "default", r->name,
                   format_type_name(d->arena, d->fork, &d->c->path, r->type));
}

static bool is_integer(const struct type *type)
{
    return type->oid == TYPE_INT2 || type->oid == TYPE_INT4 || type->oid == TYPE_INT8;
}

/* True when the stored values are right as they are. */
static bool same_values(const struct retype *r)
{
    const struct column *old = &r->before->columns[r->attnum - 1];
    const struct expr *expr = r->expr;
    if (r->has_using)
        return expr->kind == EXPR_COLUMN && expr->column.attnum == r->attnum &&
               old->type == r->type;
    while (expr->kind == EXPR_RELABEL && expr->args.n)
        expr = expr->args.items[0];
    if (expr->kind == EXPR_COLUMN)
        return r->type->ops->storage == old->type->ops->storage &&
               r->type->ops->native_order == old->type->ops->native_order;
    if (is_integer(old->type) && is_integer(r->type))
        return r->type->len >= old->type->len;
    if (old->type->oid == TYPE_VARCHAR && r->type->oid == TYPE_VARCHAR)
        return r->typmod < 0 || (old->typmod >= 0 && r->typmod >= old->typmod);
    return false;
}

/* Texts that name the column are read anew, since their operators may be others now. */
static bool reread_checks(struct ddl *d, const struct retype *r)
{
    for (uint16_t k = 0; k < rel(d, r->relation_oid)->n_constraints; k++) {
        const struct relation *relation = rel(d, r->relation_oid);
        const struct constraint *constraint = relation->constraints[k];
        struct analyze_context context = stored_analysis(d);
        bool uses = false;
        for (uint16_t c = 0; c < constraint->n_columns; c++)
            uses |= constraint->columns[c] == r->attnum;
        if (constraint->kind != 'c' || !uses)
            continue;
        struct expr *expr = analyze_catalog_expr(&context, constraint->check_sql, relation,
                                                 builtin_type(TYPE_BOOL), -1, d->err);
        if (!expr)
            return false;
        const char *sql = canonical_expr(d, expr, relation);
        struct constraint *edited = catalog_edit_constraint(d->fork, constraint->oid);
        edited->check_sql = edit_text(d, edited->oid, sql);
    }
    return true;
}

static bool reread_text(struct ddl *d, const struct relation *relation, const char **text,
                        const struct type **type, bool predicate)
{
    struct analyze_context context = stored_analysis(d);
    struct expr *expr = analyze_catalog_expr(
        &context, *text, relation, predicate ? builtin_type(TYPE_BOOL) : NULL, -1, d->err);
    if (!expr)
        return false;
    *text = canonical_expr(d, expr, relation);
    if (type)
        *type = expr->type;
    return true;
}

static bool reread_indexes(struct ddl *d, const struct retype *r)
{
    for (uint16_t k = 0; k < rel(d, r->relation_oid)->n_indexes; k++) {
        uint32_t oid = rel(d, r->relation_oid)->indexes[k]->oid;
        struct index *index = catalog_edit_index(d->fork, oid);
        struct index_key *keys = (struct index_key *)index->keys;
        const struct relation *relation = rel(d, r->relation_oid);
        for (uint16_t c = 0; c < index->n_keys + index->n_include; c++) {
            if (keys[c].attnum == r->attnum) {
                keys[c].type = r->type;
                keys[c].collation_oid = r->collation_oid;
                if (c < index->n_keys && !index_key_opclass(index, &keys[c]))
                    return err_set(
                        d->err, ERR_UNDEFINED_OBJECT,
                        "data type %s has no default operator class for access method \"%s\"",
                        format_type_name(d->arena, d->fork, &d->c->path, r->type), index->method);
            } else if (keys[c].expr_sql) {
                const char *text = keys[c].expr_sql;
                if (!reread_text(d, relation, &text, &keys[c].type, false))
                    return false;
                keys[c].expr_sql = edit_text(d, oid, text);
            }
        }
        if (index->where_sql) {
            const char *text = index->where_sql;
            if (!reread_text(d, relation, &text, NULL, true))
                return false;
            index->where_sql = edit_text(d, oid, text);
        }
    }
    return true;
}

static void change_column(struct ddl *d, const struct retype *r, const char *default_sql)
{
    struct relation *relation = catalog_edit_relation(d->fork, r->relation_oid);
    struct column *column = &columns_of(relation)[r->attnum - 1];
    column->type = r->type;
    column->typmod = r->typmod;
    column->collation_oid = r->collation_oid;
    column->default_sql = edit_text(d, r->relation_oid, default_sql);
    catalog_changed(d->fork, r->relation_oid);
}

/* The sequence of a serial or identity column has the column's type. */
static bool retype_sequence(struct ddl *d, const struct retype *r)
{
    const struct column *column = &rel(d, r->relation_oid)->columns[r->attnum - 1];
    if (!column->identity || !is_integer(r->type))
        return true;
    TypeName *name = ARENA_NEW(d->arena, TypeName);
    DefElem *option = ARENA_NEW(d->arena, DefElem);
    List *list = arena_zalloc(d->arena, sizeof(List) + 2 * sizeof(ListCell)),
         *names = arena_zalloc(d->arena, sizeof(List) + 3 * sizeof(ListCell));
    String *schema = ARENA_NEW(d->arena, String), *type = ARENA_NEW(d->arena, String);
    schema->type = type->type = T_String;
    schema->sval = (char *)"pg_catalog";
    type->sval = (char *)r->type->name;
    names->type = list->type = T_List;
    names->elements = names->initial_elements;
    names->length = names->max_length = 2;
    names->elements[0].ptr_value = schema;
    names->elements[1].ptr_value = type;
    name->type = T_TypeName;
    name->names = names;
    name->typemod = -1;
    name->location = -1;
    option->type = T_DefElem;
    option->defname = (char *)"as";
    option->arg = (Node *)name;
    list->elements = list->initial_elements;
    list->length = list->max_length = 1;
    list->elements[0].ptr_value = option;
    return alter_sequence(d, column->sequence_oid, list, true);
}

static bool rewrite(struct ddl *d, const struct retype *r)
{
    struct new_value values[1] = {{r->attnum, r->expr, 0}};
    if (r->before->temp)
        return rewrite_columns(d, r->before, r->relation_oid, values, 1, true);
    return renew_storage(d, r->before, r->relation_oid) &&
           rewrite_columns(d, r->before, r->relation_oid, values, 1, true) &&
           renew_indexes(d, r->relation_oid, true);
}

bool alter_column_type(struct ddl *d, uint32_t relation_oid, const AlterTableCmd *cmd)
{
    const struct relation *relation = rel(d, relation_oid);
    const struct column *column = relation_column(relation, cmd->name);
    ColumnDef *def = arena_memdup(d->arena, cmd->def, sizeof(ColumnDef));
    struct column wanted;
    const char *default_sql;
    if (!column)
        return no_such_column(d, relation, cmd->name);
    def->colname = cmd->name;
    if (!plain_column_from_def(d, def, &wanted))
        return false;
    struct retype r = {
        .relation_oid = relation_oid,
        .attnum = column->attnum,
        .name = arena_strdup(d->arena, column->name),
        .type = wanted.type,
        .typmod = wanted.typmod,
        .collation_oid = wanted.collation_oid,
        .before = relation_snapshot(d, relation_oid),
    };
    if (!make_expr(d, &r, def->raw_default) || !check_dependents(d, &r) ||
        !convert_default(d, &r, &default_sql))
        return false;
    bool unchanged = same_values(&r);
    change_column(d, &r, default_sql);
    if (!retype_sequence(d, &r) || !reread_checks(d, &r) || !reread_indexes(d, &r))
        return false;
    if (!unchanged && !rewrite(d, &r))
        return false;
    refresh_colocation(d, relation_oid);
    return unchanged || recheck_constraints(d, relation_oid, r.attnum);
}
