/* type_name.c - type names in SQL text: numeric(10,2), "MyType"[], table.column%TYPE. */
#include "sql/analysis.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Splits schema.name; false for names of more parts that are not of this database. */
static bool split_name(struct analysis *a, const List *names, const char **schema,
                       const char **name, int location)
{
    int n = list_n(names);
    *schema = NULL;
    *name = list_str(names, n - 1);
    if (n == 2)
        *schema = list_str(names, 0);
    if (n == 3) {
        if (strcmp(list_str(names, 0), catalog_database(a->catalog)) != 0)
            return fail(a, location, ERR_FEATURE_NOT_SUPPORTED,
                        "cross-database references are not implemented: %s",
                        name_list_text(a, names));
        *schema = list_str(names, 1);
    }
    if (n > 3)
        return fail(a, location, ERR_SYNTAX_ERROR,
                    "improper qualified name (too many dotted names): %s",
                    name_list_text(a, names));
    return true;
}

const struct type *find_type(struct analysis *a, const List *names)
{
    int n = list_n(names);
    if (n < 1 || n > 2)
        return NULL;
    return catalog_type_by_name(a->catalog, a->path, n == 2 ? list_str(names, 0) : NULL,
                                list_str(names, n - 1));
}

static const char *type_name_text(struct analysis *a, const TypeName *name)
{
    const char *text = name_list_text(a, name->names);
    if (name->pct_type)
        text = arena_printf(a->err->arena, "%s%%TYPE", text);
    if (name->arrayBounds)
        text = arena_printf(a->err->arena, "%s[]", text);
    return text;
}

/* table.column%TYPE */
static const struct type *type_of_column(struct analysis *a, const TypeName *name, int32_t *typmod)
{
    int n = list_n(name->names);
    if (n < 2)
        return fail_null(a, name->location, ERR_SYNTAX_ERROR,
                         "improper %%TYPE reference (too few dotted names): %s",
                         name_list_text(a, name->names));
    const char *column = list_str(name->names, n - 1), *table = list_str(name->names, n - 2);
    const char *schema = n > 2 ? list_str(name->names, n - 3) : NULL;
    const struct relation *relation = catalog_relation_by_name(a->catalog, a->path, schema, table);
    if (!relation)
        return fail_null(a, name->location, ERR_UNDEFINED_TABLE,
                         "relation \"%s%s%s\" does not exist", schema ? schema : "",
                         schema ? "." : "", table);
    for (int k = 0; k < relation->n_columns; k++) {
        const struct column *c = &relation->columns[k];
        if (!c->dropped && strcmp(c->name, column) == 0) {
            *typmod = c->typmod;
            return c->type;
        }
    }
    return fail_null(a, name->location, ERR_UNDEFINED_COLUMN,
                     "column \"%s\" of relation \"%s\" does not exist", column, table);
}

static bool typmod_number(struct analysis *a, const Node *node, int location, int32_t *out)
{
    const char *text = NULL;
    if (IS_NODE(node, A_Const)) {
        const A_Const *value = (const A_Const *)node;
        if (!value->isnull && IS_NODE(&value->val.node, Integer)) {
            *out = value->val.ival.ival;
            return true;
        }
        if (!value->isnull && IS_NODE(&value->val.node, Float))
            text = value->val.fval.fval;
        else if (!value->isnull && IS_NODE(&value->val.node, String))
            text = value->val.sval.sval;
    } else if (IS_NODE(node, ColumnRef)) {
        const ColumnRef *ref = (const ColumnRef *)node;
        if (list_n(ref->fields) == 1 && IS_NODE(list_at(ref->fields, 0), String))
            text = list_str(ref->fields, 0);
    }
    if (!text)
        return fail(a, location, ERR_SYNTAX_ERROR,
                    "type modifiers must be simple constants or identifiers");
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (end == text || *end)
        return fail(a, location, ERR_INVALID_TEXT_REPRESENTATION,
                    "invalid input syntax for type integer: \"%s\"", text);
    if (errno || value != (int32_t)value)
        return fail(a, location, ERR_NUMERIC_VALUE_OUT_OF_RANGE,
                    "value \"%s\" is out of range for type integer", text);
    *out = (int32_t)value;
    return true;
}

#define TYPMOD_ARGS_MAX 8

static bool apply_typmods(struct analysis *a, const TypeName *name, const struct type *type,
                          int32_t *typmod)
{
    *typmod = name->typemod;
    int n = list_n(name->typmods);
    if (n == 0)
        return true;
    if (!type->ops->typmod_in)
        return fail(a, name->location, ERR_SYNTAX_ERROR,
                    "type modifier is not allowed for type \"%s\"", name_list_text(a, name->names));
    int32_t args[TYPMOD_ARGS_MAX];
    if (n > TYPMOD_ARGS_MAX)
        return fail(a, name->location, ERR_INVALID_PARAMETER_VALUE, "invalid type modifier");
    for (int k = 0; k < n; k++)
        if (!typmod_number(a, list_at(name->typmods, k), name->location, &args[k]))
            return false;
    struct type_io io = analysis_io(a, type, -1);
    if (!type->ops->typmod_in(&io, args, n, typmod)) {
        set_position(a, name->location);
        return false;
    }
    return true;
}

bool resolve_type_name(struct analysis *a, const TypeName *name, const struct type **type,
                       int32_t *typmod)
{
    const struct type *found;
    *typmod = -1;
    if (!name->names) {
        found = catalog_type(a->catalog, name->typeOid);
    } else if (name->pct_type) {
        found = type_of_column(a, name, typmod);
        if (!found)
            return false;
    } else {
        const char *schema, *own_name;
        if (!split_name(a, name->names, &schema, &own_name, name->location))
            return false;
        if (schema && !catalog_namespace_by_name(a->catalog, schema))
            return fail(a, name->location, ERR_UNDEFINED_SCHEMA, "schema \"%s\" does not exist",
                        schema);
        found = catalog_type_by_name(a->catalog, a->path, schema, own_name);
    }
    if (!found)
        return fail(a, name->location, ERR_UNDEFINED_OBJECT, "type \"%s\" does not exist",
                    type_name_text(a, name));
    if (!name->pct_type && !apply_typmods(a, name, found, typmod))
        return false;
    if (name->arrayBounds) {
        const struct type *array = array_type_of(a, found);
        if (!array)
            return fail(a, name->location, ERR_UNDEFINED_OBJECT, "type \"%s\" does not exist",
                        type_name_text(a, name));
        found = array;
    }
    *type = found;
    return true;
}
