/* format_type.c - type names and quoted identifiers, as PostgreSQL prints them. */
#include "sql/format_type.h"

#include <stdlib.h>
#include <string.h>

/* The keywords of PostgreSQL 15 that are not unreserved, sorted: as identifiers they must be quoted. */
static const char *const keywords[] = {
    "all",
    "analyse",
    "analyze",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "asymmetric",
    "authorization",
    "between",
    "bigint",
    "binary",
    "bit",
    "boolean",
    "both",
    "case",
    "cast",
    "char",
    "character",
    "check",
    "coalesce",
    "collate",
    "collation",
    "column",
    "concurrently",
    "constraint",
    "create",
    "cross",
    "current_catalog",
    "current_date",
    "current_role",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_user",
    "dec",
    "decimal",
    "default",
    "deferrable",
    "desc",
    "distinct",
    "do",
    "else",
    "end",
    "except",
    "exists",
    "extract",
    "false",
    "fetch",
    "float",
    "for",
    "foreign",
    "freeze",
    "from",
    "full",
    "grant",
    "greatest",
    "group",
    "grouping",
    "having",
    "ilike",
    "in",
    "initially",
    "inner",
    "inout",
    "int",
    "integer",
    "intersect",
    "interval",
    "into",
    "is",
    "isnull",
    "join",
    "lateral",
    "leading",
    "least",
    "left",
    "like",
    "limit",
    "localtime",
    "localtimestamp",
    "national",
    "natural",
    "nchar",
    "none",
    "normalize",
    "not",
    "notnull",
    "null",
    "nullif",
    "numeric",
    "offset",
    "on",
    "only",
    "or",
    "order",
    "out",
    "outer",
    "overlaps",
    "overlay",
    "placing",
    "position",
    "precision",
    "primary",
    "real",
    "references",
    "returning",
    "right",
    "row",
    "select",
    "session_user",
    "setof",
    "similar",
    "smallint",
    "some",
    "substring",
    "symmetric",
    "table",
    "tablesample",
    "then",
    "time",
    "timestamp",
    "to",
    "trailing",
    "treat",
    "trim",
    "true",
    "union",
    "unique",
    "user",
    "using",
    "values",
    "varchar",
    "variadic",
    "verbose",
    "when",
    "where",
    "window",
    "with",
    "xmlattributes",
    "xmlconcat",
    "xmlelement",
    "xmlexists",
    "xmlforest",
    "xmlnamespaces",
    "xmlparse",
    "xmlpi",
    "xmlroot",
    "xmlserialize",
    "xmltable",
};

static int compare_words(const void *key, const void *item)
{
    return strcmp(key, *(const char *const *)item);
}

static bool needs_quotes(const char *name)
{
    if (!((*name >= 'a' && *name <= 'z') || *name == '_'))
        return true;
    for (const char *p = name; *p; p++)
        if (!((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') || *p == '_'))
            return true;
    return bsearch(name, keywords, ARRAY_COUNT(keywords), sizeof(keywords[0]), compare_words) !=
           NULL;
}

void quote_ident(struct buf *out, const char *name)
{
    if (!needs_quotes(name)) {
        buf_puts(out, name);
        return;
    }
    buf_putc(out, '"');
    for (const char *p = name; *p; p++) {
        if (*p == '"')
            buf_putc(out, '"');
        buf_putc(out, *p);
    }
    buf_putc(out, '"');
}

const char *quoted_ident(struct arena *arena, const char *name)
{
    if (!needs_quotes(name))
        return name;
    struct buf out = BUF_IN(arena);
    quote_ident(&out, name);
    return buf_cstr(&out);
}

void quote_literal(struct buf *out, const char *text, size_t n)
{
    if (memchr(text, '\\', n))
        buf_putc(out, 'E');
    buf_putc(out, '\'');
    for (size_t k = 0; k < n; k++) {
        if (text[k] == '\'' || text[k] == '\\')
            buf_putc(out, text[k]);
        buf_putc(out, text[k]);
    }
    buf_putc(out, '\'');
}

/* Types that have a name of their own in the SQL standard. */
static const struct standard_name {
    uint32_t oid;
    const char *before, *after; /* the modifier goes between */
} standard_names[] = {
    {TYPE_BIT, "bit", ""},
    {TYPE_BOOL, "boolean", ""},
    {TYPE_BPCHAR, "character", ""},
    {TYPE_FLOAT4, "real", ""},
    {TYPE_FLOAT8, "double precision", ""},
    {TYPE_INT2, "smallint", ""},
    {TYPE_INT4, "integer", ""},
    {TYPE_INT8, "bigint", ""},
    {TYPE_NUMERIC, "numeric", ""},
    {TYPE_INTERVAL, "interval", ""},
    {TYPE_TIME, "time", " without time zone"},
    {TYPE_TIMETZ, "time", " with time zone"},
    {TYPE_TIMESTAMP, "timestamp", " without time zone"},
    {TYPE_TIMESTAMPTZ, "timestamp", " with time zone"},
    {TYPE_VARBIT, "bit varying", ""},
    {TYPE_VARCHAR, "character varying", ""},
    {TYPE_CHAR, "\"char\"", ""},
};

static void put_typmod(const struct type *type, int32_t typmod, struct buf *out)
{
    if (typmod < 0)
        return;
    switch (type->oid) {
    case TYPE_TIME:
    case TYPE_TIMETZ:
    case TYPE_TIMESTAMP:
    case TYPE_TIMESTAMPTZ:
        buf_printf(out, "(%d)", typmod);
        return;
    case TYPE_BPCHAR:
    case TYPE_VARCHAR:
        if (typmod > 4)
            buf_printf(out, "(%d)", typmod - 4);
        return;
    case TYPE_BIT:
    case TYPE_VARBIT:
        buf_printf(out, "(%d)", typmod);
        return;
    default:
        if (type->ops->typmod_out)
            type->ops->typmod_out(typmod, out);
        else
            buf_printf(out, "(%d)", typmod);
    }
}

static bool is_visible(const struct catalog *catalog, const struct search_path *path,
                       const struct type *type)
{
    if (type->namespace_oid == NAMESPACE_PG_CATALOG)
        return true;
    return path && catalog_type_by_name(catalog, path, NULL, type->name) == type;
}

static void put_own_name(const struct catalog *catalog, const struct search_path *path,
                         const struct type *type, struct buf *out)
{
    if (!is_visible(catalog, path, type)) {
        const struct namespace *namespace = catalog_namespace(catalog, type->namespace_oid);
        if (namespace) {
            quote_ident(out, namespace->name);
            buf_putc(out, '.');
        }
    }
    quote_ident(out, type->name);
}

void format_type(const struct catalog *catalog, const struct search_path *path,
                 const struct type *type, int32_t typmod, bool with_typmod, struct buf *out)
{
    const struct type *elem = type;
    if (type->elem_oid && type->len == -1 && type->elem && type->elem->array_oid == type->oid)
        elem = type->elem;
    const struct standard_name *standard = NULL;
    for (size_t k = 0; k < ARRAY_COUNT(standard_names); k++)
        if (standard_names[k].oid == elem->oid)
            standard = &standard_names[k];
    if (with_typmod && typmod < 0 && (elem->oid == TYPE_BPCHAR || elem->oid == TYPE_BIT))
        standard = NULL;
    if (standard) {
        buf_puts(out, standard->before);
        put_typmod(elem, typmod, out);
        buf_puts(out, standard->after);
    } else {
        put_own_name(catalog, path, elem, out);
        put_typmod(elem, typmod, out);
    }
    if (elem != type)
        buf_puts(out, "[]");
}

const char *format_type_name(struct arena *arena, const struct catalog *catalog,
                             const struct search_path *path, const struct type *type)
{
    struct buf out = BUF_IN(arena);
    format_type(catalog, path, type, -1, false, &out);
    return buf_cstr(&out);
}
