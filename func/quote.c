/* quote.c - identifiers and literals as SQL text.
 *
 * An identifier stands without quotes if lower-case ASCII letters, digits and underscores make
 * it up, it does not start with a digit, and it is not a keyword other than the unreserved ones. */
#include "func/quote.h"

#include <stdlib.h>
#include <string.h>

/* The keywords of PostgreSQL 15 that are reserved, or usable only as a column, type or function
 * name; sorted. */
/* clang-format off */
static const char *const keywords[] = {
    "all", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric", "authorization",
    "between", "bigint", "binary", "bit", "boolean", "both", "case", "cast", "char", "character",
    "check", "coalesce", "collate", "collation", "column", "concurrently", "constraint", "create",
    "cross", "current_catalog", "current_date", "current_role", "current_schema", "current_time",
    "current_timestamp", "current_user", "dec", "decimal", "default", "deferrable", "desc",
    "distinct", "do", "else", "end", "except", "exists", "extract", "false", "fetch", "float",
    "for", "foreign", "freeze", "from", "full", "grant", "greatest", "group", "grouping", "having",
    "ilike", "in", "initially", "inner", "inout", "int", "integer", "intersect", "interval", "into",
    "is", "isnull", "join", "lateral", "leading", "least", "left", "like", "limit", "localtime",
    "localtimestamp", "national", "natural", "nchar", "none", "normalize", "not", "notnull", "null",
    "nullif", "numeric", "offset", "on", "only", "or", "order", "out", "outer", "overlaps",
    "overlay", "placing", "position", "precision", "primary", "real", "references", "returning",
    "right", "row", "select", "session_user", "setof", "similar", "smallint", "some", "substring",
    "symmetric", "table", "tablesample", "then", "time", "timestamp", "to", "trailing", "treat",
    "trim", "true", "union", "unique", "user", "using", "values", "varchar", "variadic", "verbose",
    "when", "where", "window", "with", "xmlattributes", "xmlconcat", "xmlelement", "xmlexists",
    "xmlforest", "xmlnamespaces", "xmlparse", "xmlpi", "xmlroot", "xmlserialize", "xmltable",
};
/* clang-format on */

static int compare_word(const void *key, const void *member)
{
    return strcmp(key, *(const char *const *)member);
}

static bool is_keyword(const char *p, size_t n)
{
    char word[32];
    if (n >= sizeof(word))
        return false;
    memcpy(word, p, n);
    word[n] = '\0';
    return bsearch(word, keywords, ARRAY_COUNT(keywords), sizeof(keywords[0]), compare_word) !=
           NULL;
}

static bool is_plain(const char *p, size_t n)
{
    if (n == 0 || (*p >= '0' && *p <= '9'))
        return false;
    for (size_t k = 0; k < n; k++)
        if (!((p[k] >= 'a' && p[k] <= 'z') || (p[k] >= '0' && p[k] <= '9') || p[k] == '_'))
            return false;
    return !is_keyword(p, n);
}

void quote_ident_to(struct buf *out, const char *p, size_t n)
{
    if (is_plain(p, n)) {
        buf_append(out, p, n);
        return;
    }
    buf_reserve(out, n + 2);
    buf_putc(out, '"');
    for (size_t k = 0; k < n; k++) {
        if (p[k] == '"')
            buf_putc(out, '"');
        buf_putc(out, p[k]);
    }
    buf_putc(out, '"');
}

void quote_literal_to(struct buf *out, const char *p, size_t n)
{
    buf_reserve(out, n + 3);
    if (memchr(p, '\\', n))
        buf_putc(out, 'E');
    buf_putc(out, '\'');
    for (size_t k = 0; k < n; k++) {
        if (p[k] == '\'' || p[k] == '\\')
            buf_putc(out, p[k]);
        buf_putc(out, p[k]);
    }
    buf_putc(out, '\'');
}
