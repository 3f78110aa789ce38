/* ddl_type.c - CREATE and ALTER TYPE (enum, composite) and DOMAIN. */
#include <string.h>

#include "catalog/ddl_int.h"
#include "sql/format_type.h"

#define LABEL_BYTES 63

const struct type *find_ddl_type(struct ddl *d, const List *names, bool missing_ok)
{
    const char *schema, *name;
    if (!split_names(d, names, &schema, &name))
        return NULL;
    const struct type *type = catalog_type_by_name(d->fork, &d->c->path, schema, name);
    if (!type && !missing_ok)
        err_set(d->err, ERR_UNDEFINED_OBJECT, "type \"%s\" does not exist",
                schema ? arena_printf(d->arena, "%s.%s", schema, name) : name);
    return type;
}

/* Where a new type goes and what it is called; must be free. */
static bool new_type_name(struct ddl *d, const List *names, const struct namespace **namespace,
                          const char **name)
{
    const char *schema;
    if (!split_names(d, names, &schema, name) || !creation_namespace(d, schema, false, namespace))
        return false;
    *name = clip_name(d, *name);
    if (!type_name_taken(d->fork, (*namespace)->oid, *name))
        return true;
    const struct type *taken = catalog_type_by_name(d->fork, NULL, (*namespace)->name, *name);
    if (taken->elem_oid && taken->oid >= FIRST_USER_OID) { /* an array type gives way */
        struct type *array = catalog_edit_type(d->fork, taken->oid);
        array->name = edit_text(d, taken->oid, arena_printf(d->arena, "_%s", taken->name));
        catalog_renamed(d->fork, taken->oid);
        return true;
    }
    return err_set(d->err, ERR_DUPLICATE_OBJECT, "type \"%s\" already exists", *name);
}

static struct type *new_type(struct ddl *d, struct object **object,
                             const struct namespace *namespace, const char *name, char kind)
{
    *object = object_new(OBJ_TYPE, catalog_new_oid(d->fork));
    struct type *type = object_type(*object);
    type->name = arena_strdup(object_arena(*object), name);
    type->namespace_oid = namespace->oid;
    type->owner_oid = d->c->user_oid;
    type->kind = kind;
    type->delim = ',';
    type->base_typmod = -1;
    type->array_oid = catalog_new_oid(d->fork);
    type->ops = type_ops_for(kind, false, NULL);
    return type;
}

/* ---- enums ---- */

static bool check_label(struct ddl *d, const char *label)
{
    if (strlen(label) <= LABEL_BYTES)
        return true;
    err_set(d->err, ERR_INVALID_NAME, "invalid enum label \"%s\"", label);
    return err_detail(d->err, "Labels must be %d bytes or less.", LABEL_BYTES);
}

/* PostgreSQL leaves it to the index of its catalog. */
static bool duplicate_label(struct ddl *d, const char *label)
{
    static const char index[] = "pg_enum_typid_label_index";
    err_set(d->err, ERR_UNIQUE_VIOLATION, "duplicate key value violates unique constraint \"%s\"",
            index);
    err_detail(d->err, "Key (enumtypid, enumlabel)=(%u, %s) already exists.",
               catalog_new_oid(d->fork), label);
    d->err->schema = "pg_catalog";
    d->err->table = "pg_enum";
    d->err->constraint = index;
    return false;
}

bool create_enum(struct ddl *d, const CreateEnumStmt *stmt)
{
    const struct namespace *namespace;
    const char *name;
    struct object *object;
    if (!new_type_name(d, stmt->typeName, &namespace, &name))
        return false;
    for (int k = 0; k < list_n(stmt->vals); k++) {
        if (!check_label(d, list_str(stmt->vals, k)))
            return false;
        for (int j = 0; j < k; j++)
            if (strcmp(list_str(stmt->vals, j), list_str(stmt->vals, k)) == 0)
                return duplicate_label(d, list_str(stmt->vals, k));
    }
    struct type *type = new_type(d, &object, namespace, name, 'e');
    struct arena *arena = object_arena(object);
    struct enum_label *labels = ARENA_ARRAY(arena, struct enum_label, list_n(stmt->vals) + 1);
    for (int k = 0; k < list_n(stmt->vals); k++)
        labels[k] = (struct enum_label){catalog_new_oid(d->fork), (float)(k + 1),
                                        arena_strdup(arena, list_str(stmt->vals, k))};
    type->labels = labels;
    type->n_labels = (uint32_t)list_n(stmt->vals);
    type->category = 'E';
    type->len = 4;
    type->by_value = true;
    type->align = 'i';
    type->storage_char = 'p';
    catalog_add(d->fork, object);
    return true;
}

static uint32_t label_index(const struct type *type, const char *label)
{
    uint32_t k = 0;
    while (k < type->n_labels && strcmp(type->labels[k].label, label) != 0)
        k++;
    return k;
}

static bool insert_label(struct ddl *d, struct type *type, uint32_t at, const char *label)
{
    struct arena *arena = catalog_edit_arena(d->fork, type->oid);
    struct enum_label *labels = ARENA_ARRAY(arena, struct enum_label, type->n_labels + 1u);
    float sort = at == 0                ? (type->n_labels ? type->labels[0].sort - 1 : 1)
                 : at == type->n_labels ? type->labels[at - 1].sort + 1
                                        : (type->labels[at - 1].sort + type->labels[at].sort) / 2;
    memcpy(labels, type->labels, at * sizeof(*labels));
    labels[at] = (struct enum_label){catalog_new_oid(d->fork), sort, arena_strdup(arena, label)};
    memcpy(labels + at + 1, type->labels + at, (type->n_labels - at) * sizeof(*labels));
    type->labels = labels;
    type->n_labels++;
    catalog_changed(d->fork, type->oid);
    return true;
}

static bool add_value(struct ddl *d, const struct type *type, const AlterEnumStmt *stmt)
{
    uint32_t at = stmt->newValIsAfter ? type->n_labels : 0;
    if (!check_label(d, stmt->newVal))
        return false;
    if (label_index(type, stmt->newVal) < type->n_labels) {
        const char *message =
            arena_printf(d->arena, "enum label \"%s\" already exists", stmt->newVal);
        if (!stmt->skipIfNewValExists)
            return err_set(d->err, ERR_DUPLICATE_OBJECT, "%s", message);
        notice_full(d, "NOTICE", ERR_DUPLICATE_OBJECT,
                    arena_printf(d->arena, "%s, skipping", message), NULL, NULL);
        return true;
    }
    if (stmt->newValNeighbor) {
        uint32_t neighbor = label_index(type, stmt->newValNeighbor);
        if (neighbor == type->n_labels)
            return err_set(d->err, ERR_INVALID_PARAMETER_VALUE,
                           "\"%s\" is not an existing enum label", stmt->newValNeighbor);
        at = neighbor + (stmt->newValIsAfter ? 1 : 0);
    }
    return insert_label(d, catalog_edit_type(d->fork, type->oid), at, stmt->newVal);
}

/* Values are kept by their label, so every row that has the old one is written anew. */
static bool rename_stored_values(struct ddl *d, uint32_t type_oid, const char *before,
                                 const char *after)
{
    const struct relation *relation;
    const struct type *type = catalog_type(d->fork, type_oid);
    for (size_t at = builtin_n_relations; (relation = catalog_next_relation(d->fork, &at));) {
        for (uint16_t k = 0; k < relation->n_columns; k++) {
            const struct column *column = &relation->columns[k];
            if (column->dropped || (relation->kind != 'r' && relation->kind != 'm'))
                continue;
            if (column->type->elem == type && column->type != type)
                return err_set(d->err, ERR_FEATURE_NOT_SUPPORTED,
                               "renaming a value of an enum type of which there are arrays or "
                               "domains in tables is not supported");
            if (column->type != type)
                continue;
            struct analyze_context context = stored_analysis(d);
            struct buf sql = BUF_IN(d->arena);
            struct buf quoted = BUF_IN(d->arena), quoted_after = BUF_IN(d->arena);
            quote_literal(&quoted, before, strlen(before));
            quote_literal(&quoted_after, after, strlen(after));
            buf_printf(&sql, "CASE %s::text WHEN %s THEN %s ELSE %s::text END",
                       quoted_ident(d->arena, column->name), buf_cstr(&quoted),
                       buf_cstr(&quoted_after), quoted_ident(d->arena, column->name));
            struct expr *expr =
                analyze_catalog_expr(&context, buf_cstr(&sql), relation, NULL, -1, d->err);
            if (!expr)
                return false;
            struct new_value value = {column->attnum, expr, 0};
            const struct relation *snapshot = relation_snapshot(d, relation->oid);
            if (!lock_relation(d, relation->oid, LOCK_ACCESS_EXCLUSIVE) ||
                !rewrite_columns(d, snapshot, relation->oid, &value, 1, false))
                return false;
        }
    }
    return true;
}

static bool rename_value(struct ddl *d, const struct type *type, const AlterEnumStmt *stmt)
{
    uint32_t at = label_index(type, stmt->oldVal);
    if (!check_label(d, stmt->newVal))
        return false;
    if (at == type->n_labels)
        return err_set(d->err, ERR_INVALID_PARAMETER_VALUE, "\"%s\" is not an existing enum label",
                       stmt->oldVal);
    if (label_index(type, stmt->newVal) < type->n_labels)
        return err_set(d->err, ERR_DUPLICATE_OBJECT, "enum label \"%s\" already exists",
                       stmt->newVal);
    if (!rename_stored_values(d, type->oid, stmt->oldVal, stmt->newVal))
        return false;
    struct type *edited = catalog_edit_type(d->fork, type->oid);
    ((struct enum_label *)edited->labels)[at].label = edit_text(d, edited->oid, stmt->newVal);
    catalog_changed(d->fork, edited->oid);
    return true;
}

bool alter_enum(struct ddl *d, const AlterEnumStmt *stmt)
{
    const struct type *type = find_ddl_type(d, stmt->typeName, false);
    if (!type)
        return false;
    if (type->kind != 'e')
        return err_set(d->err, ERR_WRONG_OBJECT_TYPE, "%s is not an enum",
                       format_type_name(d->arena, d->fork, &d->c->path, type));
    if (!must_be_owner(d, type->owner_oid, "type", type->name))
        return false;
    return stmt->oldVal ? rename_value(d, type, stmt) : add_value(d, type, stmt);
}

/* ---- composite types ---- */

bool create_composite(struct ddl *d, const CompositeTypeStmt *stmt)
{
    const struct namespace *namespace;
    struct object *object;
    if (!creation_namespace_of(d, stmt->typevar, &namespace))
        return false;
    const char *name = clip_name(d, stmt->typevar->relname);
    if (type_name_taken(d->fork, namespace->oid, name))
        return err_set(d->err, ERR_DUPLICATE_OBJECT, "type \"%s\" already exists", name);
    if (relation_name_taken(d->fork, namespace->oid, name))
        return err_set(d->err, ERR_DUPLICATE_TABLE, "relation \"%s\" already exists", name);
    struct relation *relation = new_relation(d, &object, namespace, name, 'c');
    for (int k = 0; k < list_n(stmt->coldeflist); k++) {
        const ColumnDef *def = list_at(stmt->coldeflist, k);
        struct column column;
        bool ok = plain_column_from_def(d, def, &column);
        if (ok && relation_column(relation, column.name))
            ok = err_set(d->err, ERR_DUPLICATE_COLUMN, "column \"%s\" specified more than once",
                         column.name);
        if (!ok) {
            arena_free(object_arena(object));
            return false;
        }
        append_column(d, relation, object_arena(object), &column);
    }
    catalog_add(d->fork, object);
    return true;
}

/* The first table column that holds values of the type. */
static bool refuse_if_stored(struct ddl *d, const struct relation *composite)
{
    const struct relation *relation;
    for (int arrays = 1; arrays >= 0; arrays--) /* users of the array type first */
        for (size_t at = builtin_n_relations; (relation = catalog_next_relation(d->fork, &at));) {
            if (relation->kind != 'r' && relation->kind != 'm')
                continue;
            for (uint16_t k = 0; k < relation->n_columns; k++) {
                const struct type *type = relation->columns[k].type;
                if (!relation->columns[k].dropped &&
                    (arrays ? type->elem_oid : type->oid) == composite->rowtype_oid)
                    return err_set(d->err, ERR_FEATURE_NOT_SUPPORTED,
                                   "cannot alter type \"%s\" because column \"%s.%s\" uses it",
                                   composite->name, relation->name, relation->columns[k].name);
            }
        }
    return true;
}

static bool add_attribute(struct ddl *d, uint32_t oid, const AlterTableCmd *cmd)
{
    const ColumnDef *def = (const ColumnDef *)cmd->def;
    struct column column;
    bool is_serial;
    if (relation_column(rel(d, oid), def->colname))
        return err_set(d->err, ERR_DUPLICATE_COLUMN,
                       "column \"%s\" of relation \"%s\" already exists", def->colname,
                       rel(d, oid)->name);
    if (!column_from_def(d, def, &column, &is_serial))
        return false;
    append_column(d, catalog_edit_relation(d->fork, oid), catalog_edit_arena(d->fork, oid),
                  &column);
    return true;
}

static bool drop_attribute(struct ddl *d, uint32_t oid, const AlterTableCmd *cmd)
{
    const struct column *column = relation_column(rel(d, oid), cmd->name);
    if (!column) {
        const char *message =
            arena_printf(d->arena, "column \"%s\" of relation \"%s\" does not exist", cmd->name,
                         rel(d, oid)->name);
        if (!cmd->missing_ok)
            return err_set(d->err, ERR_UNDEFINED_COLUMN, "%s", message);
        notice(d, "%s, skipping", message);
        return true;
    }
    struct object_address address = {CLASS_RELATION, oid, column->attnum};
    return drop_objects(d, &address, 1, cmd->behavior == DROP_CASCADE, false);
}

static bool retype_attribute(struct ddl *d, uint32_t oid, const AlterTableCmd *cmd)
{
    ColumnDef *def = arena_memdup(d->arena, cmd->def, sizeof(ColumnDef));
    const struct column *column = relation_column(rel(d, oid), cmd->name);
    struct column wanted;
    def->colname = cmd->name;
    if (!column)
        return err_set(d->err, ERR_UNDEFINED_COLUMN,
                       "column \"%s\" of relation \"%s\" does not exist", cmd->name,
                       rel(d, oid)->name);
    if (!refuse_if_stored(d, rel(d, oid)) || !plain_column_from_def(d, def, &wanted))
        return false;
    struct column *edited = &columns_of(catalog_edit_relation(d->fork, oid))[column->attnum - 1];
    edited->type = wanted.type;
    edited->typmod = wanted.typmod;
    edited->collation_oid = wanted.collation_oid;
    return true;
}

bool alter_composite(struct ddl *d, const AlterTableStmt *stmt)
{
    const struct relation *relation = find_relation(d, stmt->relation, false, NULL);
    if (!relation)
        return false;
    if (relation->kind != 'c')
        return err_set(d->err, ERR_WRONG_OBJECT_TYPE, "\"%s\" is not a composite type",
                       relation->name);
    uint32_t oid = relation->oid;
    if (!must_own_relation(d, relation))
        return false;
    for (int k = 0; k < list_n(stmt->cmds); k++) {
        const AlterTableCmd *cmd = list_at(stmt->cmds, k);
        uint32_t role;
        bool ok;
        switch ((int)cmd->subtype) {
        case AT_AddColumn:
            ok = add_attribute(d, oid, cmd);
            break;
        case AT_DropColumn:
            ok = drop_attribute(d, oid, cmd);
            break;
        case AT_AlterColumnType:
            ok = retype_attribute(d, oid, cmd);
            break;
        case AT_ChangeOwner:
            ok = find_role(d, cmd->newowner, &role) && change_relation_owner(d, oid, role);
            break;
        default:
            ok = unsupported(d, "this ALTER TYPE action");
            break;
        }
        if (!ok)
            return false;
    }
    catalog_changed(d->fork, oid);
    return true;
}

/* ---- domains ---- */

static struct domain_info *domain_of(struct type *type)
{
    return type->domain;
}

static const char *domain_check_name(struct ddl *d, const struct type *type)
{
    return choose_constraint_name(d, type->name, NULL, "check", type->namespace_oid, 0);
}

static bool check_named(const struct type *type, const char *name)
{
    const struct domain_info *domain = type->domain;
    for (uint16_t k = 0; k < domain->n_checks; k++)
        if (strcmp(domain->checks[k].name, name) == 0)
            return true;
    return false;
}

/* Adds a CHECK to a domain that is already in the fork. */
static bool add_domain_check(struct ddl *d, uint32_t type_oid, const Constraint *node,
                             const char **name)
{
    struct analyze_context context = analysis(d);
    const struct type *now = catalog_type(d->fork, type_oid);
    struct depends depends = {0};
    struct expr *expr = analyze_raw_expr(&context, node->raw_expr, NULL, now, -1,
                                         "domain check constraint", d->err);
    if (!expr)
        return false;
    depends_of_expr(d, expr, 0, &depends);
    *name = node->conname ? node->conname : domain_check_name(d, now);
    if (check_named(now, *name))
        return err_set(d->err, ERR_DUPLICATE_OBJECT,
                       "constraint \"%s\" for domain \"%s\" already exists", *name, now->name);
    const char *sql = canonical_expr(d, expr, NULL);
    struct type *type = catalog_edit_type(d->fork, type_oid);
    struct arena *arena = catalog_edit_arena(d->fork, type_oid);
    struct domain_info *domain = domain_of(type);
    struct domain_check *checks = ARENA_ARRAY(arena, struct domain_check, domain->n_checks + 1u);
    if (domain->n_checks)
        memcpy(checks, domain->checks, domain->n_checks * sizeof(*checks));
    checks[domain->n_checks++] = (struct domain_check){
        .oid = catalog_new_oid(d->fork),
        .name = arena_strdup(arena, *name),
        .sql = arena_strdup(arena, sql),
        .validated = !node->skip_validation,
        .depends = dependencies_copy(arena, depends.items, (uint16_t)depends.n),
        .n_depends = (uint16_t)depends.n,
    };
    domain->checks = checks;
    return true;
}

static bool domain_default(struct ddl *d, uint32_t type_oid, const Node *raw)
{
    struct analyze_context context = analysis(d);
    const struct type *now = catalog_type(d->fork, type_oid);
    const char *sql = NULL;
    if (raw) {
        struct expr *expr = analyze_raw_expr(&context, raw, NULL, now->elem, now->base_typmod,
                                             "DEFAULT expression", d->err);
        if (!expr)
            return false;
        if (!(expr->kind == EXPR_CONST && expr->value.null))
            sql = canonical_expr(d, expr, NULL);
    }
    struct type *type = catalog_edit_type(d->fork, type_oid);
    domain_of(type)->default_sql = edit_text(d, type_oid, sql);
    return true;
}

static void take_base(struct type *type, const struct type *base, int32_t typmod)
{
    type->base_oid = base->oid;
    type->base_typmod = typmod;
    type->elem = base;
    type->ops = base->ops;
    type->len = base->len;
    type->by_value = base->by_value;
    type->category = base->category;
    type->align = base->align;
    type->storage_char = base->storage_char;
    type->delim = base->delim;
    type->collation_oid = base->collation_oid;
}

static bool domain_constraint(struct ddl *d, uint32_t oid, const Constraint *node, bool *saw_null,
                              bool *saw_not_null, bool *saw_default)
{
    const char *name;
    switch ((int)node->contype) {
    case CONSTR_NULL:
    case CONSTR_NOTNULL: {
        bool not_null = node->contype == CONSTR_NOTNULL;
        if ((not_null && *saw_null) || (!not_null && *saw_not_null))
            return err_set(d->err, ERR_SYNTAX_ERROR, "conflicting NULL/NOT NULL constraints");
        *(not_null ? saw_not_null : saw_null) = true;
        catalog_edit_type(d->fork, oid)->not_null = not_null;
        return true;
    }
    case CONSTR_DEFAULT:
        if (*saw_default)
            return err_set(d->err, ERR_SYNTAX_ERROR, "multiple default expressions");
        *saw_default = true;
        return domain_default(d, oid, node->raw_expr);
    case CONSTR_CHECK:
        if (node->is_no_inherit)
            return err_set(d->err, ERR_INVALID_OBJECT_DEFINITION,
                           "check constraints for domains cannot be marked NO INHERIT");
        return add_domain_check(d, oid, node, &name);
    case CONSTR_UNIQUE:
        return err_set(d->err, ERR_SYNTAX_ERROR, "unique constraints not possible for domains");
    case CONSTR_PRIMARY:
        return err_set(d->err, ERR_SYNTAX_ERROR,
                       "primary key constraints not possible for domains");
    case CONSTR_EXCLUSION:
        return err_set(d->err, ERR_SYNTAX_ERROR, "exclusion constraints not possible for domains");
    case CONSTR_FOREIGN:
        return err_set(d->err, ERR_SYNTAX_ERROR,
                       "foreign key constraints not possible for domains");
    default:
        return err_set(d->err, ERR_FEATURE_NOT_SUPPORTED,
                       "specifying constraint deferrability not supported for domains");
    }
}

bool create_domain(struct ddl *d, const CreateDomainStmt *stmt)
{
    struct analyze_context context = analysis(d);
    const struct namespace *namespace;
    const char *name;
    struct object *object;
    const struct type *base;
    int32_t typmod;
    bool saw_null = false, saw_not_null = false, saw_default = false;
    if (!new_type_name(d, stmt->domainname, &namespace, &name) ||
        !analyze_type_name(&context, stmt->typeName, &base, &typmod, d->err))
        return false;
    uint32_t collation;
    if (stmt->collClause && !resolve_collation(d, stmt->collClause, base, &collation))
        return false;
    if (base->kind == 'p')
        return err_set(d->err, ERR_DATATYPE_MISMATCH,
                       "\"%s\" is not a valid base type for a domain",
                       format_type_name(d->arena, d->fork, &d->c->path, base));
    struct type *type = new_type(d, &object, namespace, name, 'd');
    take_base(type, base, typmod);
    struct domain_info *domain = ARENA_NEW(object_arena(object), struct domain_info);
    const struct domain_info *inherited = base->domain;
    if (inherited && inherited->default_sql)
        domain->default_sql = arena_strdup(object_arena(object), inherited->default_sql);
    type->domain = domain;
    uint32_t oid = type->oid;
    catalog_add(d->fork, object);
    for (int k = 0; k < list_n(stmt->constraints); k++)
        if (!domain_constraint(d, oid, list_at(stmt->constraints, k), &saw_null, &saw_not_null,
                               &saw_default))
            return false;
    return true;
}

/* Every table column of the domain, against a condition over it ("%s IS NULL"). */
static bool check_domain_columns(struct ddl *d, const struct type *domain,
                                 const char *condition_before, const char *condition_after,
                                 const char *sqlstate, const char *complaint)
{
    const struct relation *relation;
    for (size_t at = builtin_n_relations; (relation = catalog_next_relation(d->fork, &at));) {
        if (relation->kind != 'r' && relation->kind != 'm')
            continue;
        for (uint16_t k = 0; k < relation->n_columns; k++) {
            const struct column *column = &relation->columns[k];
            struct buf sql = BUF_IN(d->arena);
            bool found;
            if (column->dropped || column->type != domain)
                continue;
            buf_printf(&sql, "SELECT 1 FROM %s.%s WHERE %s%s%s LIMIT 1",
                       quoted_ident(d->arena, relation->namespace_name),
                       quoted_ident(d->arena, relation->name), condition_before,
                       quoted_ident(d->arena, column->name), condition_after);
            if (!sql_has_row(d, buf_cstr(&sql), &found))
                return false;
            if (!found)
                continue;
            err_set(d->err, sqlstate, "column \"%s\" of table \"%s\" contains %s", column->name,
                    relation->name, complaint);
            d->err->schema = arena_strdup(d->err->arena, relation->namespace_name);
            d->err->table = arena_strdup(d->err->arena, relation->name);
            d->err->column = arena_strdup(d->err->arena, column->name);
            return false;
        }
    }
    return true;
}

/* VALUE in the check's text becomes a function of the column: its text is put in the place of the word. */
static const char *check_over(struct ddl *d, const char *sql, const char *column)
{
    struct buf out = BUF_IN(d->arena);
    bool quoted = false;
    for (const char *p = sql; *p;) {
        if (*p == '\'')
            quoted = !quoted;
        bool word =
            !quoted && strncmp(p, "VALUE", 5) == 0 &&
            (p == sql || !(p[-1] == '_' || p[-1] == '"' || (p[-1] >= 'A' && p[-1] <= 'z'))) &&
            !(p[5] == '_' || (p[5] >= 'A' && p[5] <= 'z') || (p[5] >= '0' && p[5] <= '9'));
        if (word) {
            buf_puts(&out, column);
            p += 5;
        } else {
            buf_putc(&out, *p++);
        }
    }
    return buf_cstr(&out);
}

static bool check_domain_rows(struct ddl *d, const struct type *domain, const char *check_sql)
{
    const struct relation *relation;
    for (size_t at = builtin_n_relations; (relation = catalog_next_relation(d->fork, &at));)
        for (uint16_t k = 0; k < relation->n_columns; k++) {
            const struct column *column = &relation->columns[k];
            struct buf sql = BUF_IN(d->arena);
            bool found;
            if (column->dropped || column->type != domain ||
                (relation->kind != 'r' && relation->kind != 'm'))
                continue;
            const char *value =
                arena_printf(d->arena, "(%s)::%s", quoted_ident(d->arena, column->name),
                             format_type_name(d->arena, d->fork, NULL, domain->elem));
            buf_printf(&sql, "SELECT 1 FROM %s.%s WHERE NOT (%s) LIMIT 1",
                       quoted_ident(d->arena, relation->namespace_name),
                       quoted_ident(d->arena, relation->name), check_over(d, check_sql, value));
            if (!sql_has_row(d, buf_cstr(&sql), &found))
                return false;
            if (!found)
                continue;
            err_set(d->err, ERR_CHECK_VIOLATION,
                    "column \"%s\" of table \"%s\" contains values that violate the new constraint",
                    column->name, relation->name);
            d->err->schema = arena_strdup(d->err->arena, relation->namespace_name);
            d->err->table = arena_strdup(d->err->arena, relation->name);
            d->err->column = arena_strdup(d->err->arena, column->name);
            return false;
        }
    return true;
}

static struct domain_check *named_check(struct type *type, const char *name)
{
    struct domain_info *domain = domain_of(type);
    for (uint16_t k = 0; k < domain->n_checks; k++)
        if (strcmp(domain->checks[k].name, name) == 0)
            return &((struct domain_check *)domain->checks)[k];
    return NULL;
}

static bool add_constraint_to_domain(struct ddl *d, uint32_t oid, const Constraint *node)
{
    bool saw_null = false, saw_not_null = false, saw_default = false;
    const char *name;
    if (node->contype != CONSTR_CHECK)
        return domain_constraint(d, oid, node, &saw_null, &saw_not_null, &saw_default);
    if (!add_domain_check(d, oid, node, &name))
        return false;
    const char *sql = named_check(catalog_edit_type(d->fork, oid), name)->sql;
    return node->skip_validation || check_domain_rows(d, catalog_type(d->fork, oid), sql);
}

static bool drop_domain_constraint(struct ddl *d, uint32_t oid, const AlterDomainStmt *stmt)
{
    struct type *type = catalog_edit_type(d->fork, oid);
    struct domain_check *check = named_check(type, stmt->name);
    struct domain_info *domain = domain_of(type);
    if (!check) {
        const char *message = arena_printf(
            d->arena, "constraint \"%s\" of domain \"%s\" does not exist", stmt->name, type->name);
        if (!stmt->missing_ok)
            return err_set(d->err, ERR_UNDEFINED_OBJECT, "%s", message);
        notice(d, "%s, skipping", message);
        return true;
    }
    size_t at = (size_t)(check - domain->checks);
    memmove(check, check + 1, (domain->n_checks - at - 1) * sizeof(*check));
    domain->n_checks--;
    return true;
}

bool alter_domain(struct ddl *d, const AlterDomainStmt *stmt)
{
    const struct type *type = find_ddl_type(d, stmt->typeName, false);
    if (!type)
        return false;
    if (type->kind != 'd')
        return err_set(d->err, ERR_WRONG_OBJECT_TYPE, "%s is not a domain",
                       format_type_name(d->arena, d->fork, &d->c->path, type));
    if (!must_be_owner(d, type->owner_oid, "type", type->name))
        return false;
    uint32_t oid = type->oid;
    switch (stmt->subtype) {
    case 'T':
        return domain_default(d, oid, stmt->def);
    case 'N':
        catalog_edit_type(d->fork, oid)->not_null = false;
        return true;
    case 'O':
        if (!check_domain_columns(d, type, "", " IS NULL", ERR_NOT_NULL_VIOLATION, "null values"))
            return false;
        catalog_edit_type(d->fork, oid)->not_null = true;
        return true;
    case 'C':
        return add_constraint_to_domain(d, oid, (const Constraint *)stmt->def);
    case 'X':
        return drop_domain_constraint(d, oid, stmt);
    case 'V': {
        struct type *edited = catalog_edit_type(d->fork, oid);
        struct domain_check *check = named_check(edited, stmt->name);
        if (!check)
            return err_set(d->err, ERR_UNDEFINED_OBJECT,
                           "constraint \"%s\" of domain \"%s\" does not exist", stmt->name,
                           edited->name);
        if (!check_domain_rows(d, edited, check->sql))
            return false;
        named_check(catalog_edit_type(d->fork, oid), stmt->name)->validated = true;
        return true;
    }
    default:
        return unsupported(d, "this ALTER DOMAIN action");
    }
}
