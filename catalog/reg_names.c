/* reg_names.c - the texts of regclass, regtype, regproc and their kin: names under the session's search path, and back. */
#include "catalog/reg_names.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "catalog/cluster.h"
#include "catalog/objects.h"
#include "sql/format_type.h"
#include "sql/parse.h"
#include "types/reg.h"

/* ---- names in text ---- */

static bool bad_name(struct err *err)
{
    return err_set(err, ERR_INVALID_NAME, "invalid name syntax");
}

static bool take_part(struct arena *arena, const char **p, const char *end, const char **part)
{
    struct buf out = BUF_IN(arena);
    if (*p < end && **p == '"') {
        for (++*p;; ++*p) {
            if (*p >= end)
                return false;
            if (**p != '"')
                buf_putc(&out, **p);
            else if (*p + 1 < end && (*p)[1] == '"')
                buf_putc(&out, *(*p)++);
            else
                break;
        }
        ++*p;
    } else {
        if (*p < end && (isdigit((uint8_t) * *p) || **p == '.'))
            return false;
        while (*p < end && **p != '.' && **p != '"' && !isspace((uint8_t) * *p)) {
            char c = **p;
            buf_putc(&out, c >= 'A' && c <= 'Z' ? (char)(c + 32) : c);
            ++*p;
        }
    }
    *part = buf_cstr(&out);
    return out.n > 0;
}

bool name_parts(struct arena *arena, const char *text, size_t n, const char **parts, int *n_parts)
{
    const char *p = text, *end = text + n;
    *n_parts = 0;
    for (;;) {
        while (p < end && isspace((uint8_t)*p))
            p++;
        if (*n_parts == 3 || !take_part(arena, &p, end, &parts[(*n_parts)++]))
            return false;
        while (p < end && isspace((uint8_t)*p))
            p++;
        if (p == end)
            return true;
        if (*p++ != '.')
            return false;
    }
}

static bool schema_and_name(const struct type_io *io, const char *text, size_t n,
                            const char **schema, const char **name)
{
    const char *parts[3];
    int n_parts;
    if (!name_parts(io->arena, text, n, parts, &n_parts))
        return bad_name(io->err);
    if (n_parts == 3 && strcmp(parts[0], catalog_database(io->env->catalog)) != 0)
        return err_set(io->err, ERR_FEATURE_NOT_SUPPORTED,
                       "cross-database references are not implemented: %.*s", (int)n, text);
    *name = parts[n_parts - 1];
    *schema = n_parts > 1 ? parts[n_parts - 2] : NULL;
    return true;
}

static const char *shown(const struct type_io *io, const char *schema, const char *name)
{
    return schema ? arena_printf(io->arena, "%s.%s", schema, name) : name;
}

/* ---- relations ---- */

static bool find_class(const struct type_io *io, const char *text, size_t n, uint32_t *oid)
{
    const char *schema, *name;
    const struct catalog *catalog = io->env->catalog;
    if (!schema_and_name(io, text, n, &schema, &name))
        return false;
    const struct relation *relation =
        catalog_relation_by_name(catalog, io->env->path, schema, name);
    const struct index *index =
        relation ? NULL : catalog_index_by_name(catalog, io->env->path, schema, name);
    if (!relation && !index)
        return err_set(io->err, ERR_UNDEFINED_TABLE, "relation \"%s\" does not exist",
                       shown(io, schema, name));
    *oid = relation ? relation->oid : index->oid;
    return true;
}

static const struct builtin_index *system_index(uint32_t oid)
{
    for (size_t k = 0; k < builtin_n_indexes; k++)
        if (builtin_indexes[k].oid == oid)
            return &builtin_indexes[k];
    return NULL;
}

static bool class_name(const struct type_io *io, uint32_t oid, struct buf *out)
{
    const struct catalog *catalog = io->env->catalog;
    const struct relation *relation = catalog_relation(catalog, oid);
    const struct index *index = relation ? NULL : catalog_index(catalog, oid);
    const struct builtin_index *system = relation || index ? NULL : system_index(oid);
    if (relation) {
        buf_puts(out, relation_display_name(io->arena, catalog, io->env->path, relation));
        return true;
    }
    if (system) {
        quote_ident(out, system->name);
        return true;
    }
    if (!index)
        return false;
    if (!index_is_visible(catalog, io->env->path, index)) {
        quote_ident(out, namespace_name(catalog, index->namespace_oid));
        buf_putc(out, '.');
    }
    quote_ident(out, index->name);
    return true;
}

/* ---- types ---- */

static bool find_reg_type(const struct type_io *io, const char *text, size_t n, uint32_t *oid,
                          int32_t *typmod)
{
    struct raw_statements parsed;
    struct err scratch = ERR_IN(io->arena);
    struct analyze_context context = {
        .arena = io->arena, .catalog = io->env->catalog, .env = io->env, .fixed_params = true};
    const struct type *type;
    if (io->env->path)
        context.path = *io->env->path;
    bool ok = sql_parse(io->arena, arena_printf(io->arena, "SELECT NULL::%.*s", (int)n, text),
                        &parsed, &scratch) &&
              parsed.n == 1 && IS_NODE(parsed.items[0].node, SelectStmt);
    const SelectStmt *select = ok ? parsed.items[0].node : NULL;
    const ResTarget *target = ok && list_n(select->targetList) == 1 && !select->fromClause
                                  ? list_at(select->targetList, 0)
                                  : NULL;
    if (!target || target->name || !IS_NODE(target->val, TypeCast))
        return err_set(io->err, ERR_SYNTAX_ERROR, "invalid type name \"%.*s\"", (int)n, text);
    if (!analyze_type_name(&context, ((const TypeCast *)target->val)->typeName, &type, typmod,
                           io->err))
        return false;
    *oid = type->oid;
    return true;
}

bool parse_type_text(const struct type_io *io, const char *text, size_t n, uint32_t *oid,
                     int32_t *typmod)
{
    return find_reg_type(io, text, n, oid, typmod);
}

static bool reg_type_name(const struct type_io *io, uint32_t oid, struct buf *out)
{
    const struct type *type = catalog_type(io->env->catalog, oid);
    if (!type)
        return false;
    format_type(io->env->catalog, io->env->path, type, -1, false, out);
    return true;
}

/* ---- functions ---- */

/* "name(type, type)" cut in two. */
static bool split_signature(const struct type_io *io, const char *text, size_t n,
                            size_t *name_bytes, uint32_t *types, int max, int *n_types)
{
    const char *open = NULL;
    bool quoted = false;
    for (size_t k = 0; k < n && !open; k++) {
        if (text[k] == '"')
            quoted = !quoted;
        else if (text[k] == '(' && !quoted)
            open = text + k;
    }
    if (!open)
        return err_set(io->err, ERR_INVALID_TEXT_REPRESENTATION, "expected a left parenthesis");
    const char *end = text + n;
    while (end > open && isspace((uint8_t)end[-1]))
        end--;
    if (end[-1] != ')')
        return err_set(io->err, ERR_INVALID_TEXT_REPRESENTATION, "expected a right parenthesis");
    *name_bytes = (size_t)(open - text);
    *n_types = 0;
    const char *p = open + 1;
    end--;
    while (p < end && isspace((uint8_t)*p))
        p++;
    while (p < end) {
        const char *comma = p;
        int depth = 0;
        bool in_quotes = false;
        while (comma < end && (depth || in_quotes || *comma != ',')) {
            if (*comma == '"')
                in_quotes = !in_quotes;
            depth += *comma == '(' ? 1 : *comma == ')' ? -1 : 0;
            comma++;
        }
        int32_t typmod;
        if (*n_types == max)
            return err_set(io->err, ERR_TOO_MANY_ARGUMENTS, "too many arguments");
        size_t length = (size_t)(comma - p);
        while (length && isspace((uint8_t)p[length - 1]))
            length--;
        while (length && isspace((uint8_t)*p))
            p++, length--;
        if (length == 4 && strncasecmp(p, "none", 4) == 0)
            types[(*n_types)++] = 0;
        else if (!find_reg_type(io, p, length, &types[(*n_types)++], &typmod))
            return false;
        p = comma < end ? comma + 1 : end;
    }
    return true;
}

static bool find_proc(const struct type_io *io, const char *text, size_t n, uint32_t *oid)
{
    const char *schema, *name;
    size_t count;
    if (!schema_and_name(io, text, n, &schema, &name))
        return false;
    const struct proc *const *list =
        catalog_procs_by_name(io->env->catalog, io->arena, io->env->path, schema, name, &count);
    if (!count)
        return err_set(io->err, ERR_UNDEFINED_FUNCTION, "function \"%.*s\" does not exist", (int)n,
                       text);
    if (count > 1)
        return err_set(io->err, ERR_AMBIGUOUS_FUNCTION, "more than one function named \"%.*s\"",
                       (int)n, text);
    *oid = list[0]->oid;
    return true;
}

static bool find_procedure(const struct type_io *io, const char *text, size_t n, uint32_t *oid)
{
    const char *schema, *name;
    size_t count, name_bytes;
    uint32_t types[100];
    int n_types;
    if (!split_signature(io, text, n, &name_bytes, types, 100, &n_types) ||
        !schema_and_name(io, text, name_bytes, &schema, &name))
        return false;
    const struct proc *const *list =
        catalog_procs_by_name(io->env->catalog, io->arena, io->env->path, schema, name, &count);
    for (size_t k = 0; k < count; k++)
        if (list[k]->n_args == n_types &&
            (!n_types ||
             memcmp(list[k]->arg_types, types, (size_t)n_types * sizeof(*types)) == 0)) {
            *oid = list[k]->oid;
            return true;
        }
    return err_set(io->err, ERR_UNDEFINED_FUNCTION, "function \"%.*s\" does not exist", (int)n,
                   text);
}

static bool proc_is_visible(const struct type_io *io, const struct proc *proc)
{
    return function_is_visible(io->env->catalog, io->arena, io->env->path, proc);
}

static bool proc_name(const struct type_io *io, uint32_t oid, bool with_args, struct buf *out)
{
    const struct catalog *catalog = io->env->catalog;
    const struct proc *proc = catalog_proc(catalog, oid);
    size_t count;
    if (!proc)
        return false;
    const struct proc *const *same =
        catalog_procs_by_name(catalog, io->arena, io->env->path, NULL, proc->name, &count);
    bool plain = with_args ? proc_is_visible(io, proc) : count == 1 && same[0] == proc;
    if (!plain) {
        quote_ident(out, namespace_name(catalog, proc->namespace_oid));
        buf_putc(out, '.');
    }
    quote_ident(out, proc->name);
    if (!with_args)
        return true;
    buf_putc(out, '(');
    for (uint16_t k = 0; k < proc->n_args; k++) {
        if (k)
            buf_putc(out, ',');
        if (!reg_type_name(io, proc->arg_types[k], out))
            buf_puts(out, "???");
    }
    buf_putc(out, ')');
    return true;
}

/* ---- operators ---- */

static const char *operator_name(const char *text, size_t *n)
{
    const char *dot = memchr(text, '.', *n);
    if (dot && *n > (size_t)(dot - text) + 1 && (isalpha((uint8_t)text[0]) || text[0] == '"')) {
        *n -= (size_t)(dot - text) + 1;
        return dot + 1;
    }
    return text;
}

static bool find_oper(const struct type_io *io, const char *text, size_t n, uint32_t *oid)
{
    size_t count, length = n;
    const char *name = operator_name(text, &length);
    const struct oper *const *list =
        catalog_opers_by_name(io->env->catalog, arena_strndup(io->arena, name, length), &count);
    if (!count)
        return err_set(io->err, ERR_UNDEFINED_FUNCTION, "operator does not exist: %.*s", (int)n,
                       text);
    if (count > 1)
        return err_set(io->err, ERR_AMBIGUOUS_FUNCTION, "more than one operator named %.*s", (int)n,
                       text);
    *oid = list[0]->oid;
    return true;
}

static bool find_operator(const struct type_io *io, const char *text, size_t n, uint32_t *oid)
{
    size_t count, name_bytes;
    uint32_t types[2] = {0};
    int n_types;
    if (!split_signature(io, text, n, &name_bytes, types, 2, &n_types))
        return false;
    if (n_types < 2) {
        err_set(io->err, ERR_UNDEFINED_PARAMETER, "missing argument");
        return err_hint(io->err, "Use NONE to denote the missing argument of a unary operator.");
    }
    const char *name = operator_name(text, &name_bytes);
    const struct oper *const *list =
        catalog_opers_by_name(io->env->catalog, arena_strndup(io->arena, name, name_bytes), &count);
    for (size_t k = 0; k < count; k++)
        if (list[k]->left_type == types[0] && list[k]->right_type == types[1]) {
            *oid = list[k]->oid;
            return true;
        }
    return err_set(io->err, ERR_UNDEFINED_FUNCTION, "operator does not exist: %.*s", (int)n, text);
}

static bool oper_name(const struct type_io *io, uint32_t oid, bool with_args, struct buf *out)
{
    const struct oper *oper = catalog_oper(io->env->catalog, oid);
    size_t count;
    if (!oper)
        return false;
    catalog_opers_by_name(io->env->catalog, oper->name, &count);
    if (!with_args && count > 1)
        buf_puts(out, "pg_catalog.");
    buf_puts(out, oper->name);
    if (!with_args)
        return true;
    buf_putc(out, '(');
    if (!oper->left_type || !reg_type_name(io, oper->left_type, out))
        buf_puts(out, "NONE");
    buf_putc(out, ',');
    if (!oper->right_type || !reg_type_name(io, oper->right_type, out))
        buf_puts(out, "NONE");
    buf_putc(out, ')');
    return true;
}

/* ---- schemas, roles, and what never changes ---- */

/* One of the catalogs kept as text: its OID by the name in column `column`. */
static bool constant_row(const char *relation, int column, const char *name, uint32_t *oid)
{
    const struct builtin_rows *rows = builtin_rows_of(relation);
    for (uint32_t r = 0; rows && r < rows->n_rows; r++) {
        const char *const *cells = rows->cells + (size_t)r * rows->n_columns;
        if (cells[column] && strcmp(cells[column], name) == 0) {
            *oid = (uint32_t)strtoul(cells[0], NULL, 10);
            return true;
        }
    }
    return false;
}

static bool constant_name(const char *relation, int column, uint32_t oid, struct buf *out)
{
    const struct builtin_rows *rows = builtin_rows_of(relation);
    for (uint32_t r = 0; rows && r < rows->n_rows; r++) {
        const char *const *cells = rows->cells + (size_t)r * rows->n_columns;
        if (strtoul(cells[0], NULL, 10) == oid) {
            quote_ident(out, cells[column]);
            return true;
        }
    }
    return false;
}

static bool find_constant(const struct type_io *io, const char *relation, const char *text,
                          size_t n, const char *complaint, uint32_t *oid)
{
    const char *schema, *name;
    if (!schema_and_name(io, text, n, &schema, &name))
        return false;
    return constant_row(relation, 1, name, oid) ||
           err_set(io->err, ERR_UNDEFINED_OBJECT, complaint, name);
}

static bool single_name(const struct type_io *io, const char *text, size_t n, const char **name)
{
    const char *parts[3];
    int n_parts;
    if (!name_parts(io->arena, text, n, parts, &n_parts) || n_parts != 1)
        return bad_name(io->err);
    *name = parts[0];
    return true;
}

static bool find_reg(const struct type_io *io, enum reg_kind kind, const char *text, size_t n,
                     uint32_t *oid)
{
    const char *name = NULL;
    int32_t typmod;
    if (!io->env->catalog)
        return err_set(io->err, ERR_FEATURE_NOT_SUPPORTED, "object names cannot be looked up here");
    switch (kind) {
    case REG_PROC:
        return find_proc(io, text, n, oid);
    case REG_PROCEDURE:
        return find_procedure(io, text, n, oid);
    case REG_OPER:
        return find_oper(io, text, n, oid);
    case REG_OPERATOR:
        return find_operator(io, text, n, oid);
    case REG_CLASS:
        return find_class(io, text, n, oid);
    case REG_TYPE:
        return find_reg_type(io, text, n, oid, &typmod);
    case REG_NAMESPACE: {
        if (!single_name(io, text, n, &name))
            return false;
        const struct namespace *namespace = catalog_namespace_by_name(io->env->catalog, name);
        if (!namespace)
            return err_set(io->err, ERR_INVALID_SCHEMA_NAME, "schema \"%s\" does not exist", name);
        *oid = namespace->oid;
        return true;
    }
    case REG_ROLE: {
        if (!single_name(io, text, n, &name))
            return false;
        const struct role *role = catalog_role_by_name(io->env->catalog, name);
        if (!role)
            return err_set(io->err, ERR_UNDEFINED_OBJECT, "role \"%s\" does not exist", name);
        *oid = role->oid;
        return true;
    }
    case REG_COLLATION:
        return find_constant(io, "pg_collation", text, n,
                             "collation \"%s\" for encoding \"UTF8\" does not exist", oid);
    case REG_CONFIG:
        return find_constant(io, "pg_ts_config", text, n,
                             "text search configuration \"%s\" does not exist", oid);
    case REG_DICTIONARY:
        return find_constant(io, "pg_ts_dict", text, n,
                             "text search dictionary \"%s\" does not exist", oid);
    case REG_N_KINDS:
        break;
    }
    return bad_name(io->err);
}

static bool reg_name(const struct type_io *io, enum reg_kind kind, uint32_t oid, struct buf *out)
{
    const struct catalog *catalog = io->env->catalog;
    if (!catalog)
        return false;
    switch (kind) {
    case REG_PROC:
    case REG_PROCEDURE:
        return proc_name(io, oid, kind == REG_PROCEDURE, out);
    case REG_OPER:
    case REG_OPERATOR:
        return oper_name(io, oid, kind == REG_OPERATOR, out);
    case REG_CLASS:
        return class_name(io, oid, out);
    case REG_TYPE:
        return reg_type_name(io, oid, out);
    case REG_NAMESPACE: {
        const struct namespace *namespace = catalog_namespace(catalog, oid);
        if (namespace)
            quote_ident(out, namespace->name);
        return namespace != NULL;
    }
    case REG_ROLE: {
        const struct role *role = catalog_role(catalog, oid);
        if (role)
            quote_ident(out, role->name);
        return role != NULL;
    }
    case REG_COLLATION:
        return constant_name("pg_collation", 1, oid, out);
    case REG_CONFIG:
        return constant_name("pg_ts_config", 1, oid, out);
    case REG_DICTIONARY:
        return constant_name("pg_ts_dict", 1, oid, out);
    case REG_N_KINDS:
        break;
    }
    return false;
}

void catalog_install(void)
{
    static const struct reg_resolver resolver = {find_reg, reg_name};
    builtin_init();
    reg_set_resolver(&resolver);
    func_add_tables(catalog_func_tables);
}
