/* parse.c - query text to PostgreSQL's raw parse trees, through libpg_query.
 *
 * The library's raw parser is called, not its protobuf interface: it costs a tenth and does not recurse over the tree.  The
 * tree lives in a memory context of the library.  That context is cut loose from the thread's own tree of
 * contexts (MemoryContextSetParent to none), so it may outlive the thread, be freed on another one, and dies with the
 * arena that the caller gave.
 *
 * The library knows no SQLSTATEs and no hints; both are put back here, by the message text.
 * Node structs come from other headers than those the library was built with, so the first call parses a few
 * statements and looks at every kind of field: a library with other layouts is refused, not misread. */
#include "sql/parse.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/fiber.h"
#include "base/utf8.h"

/* Exported by libpg_query, but in none of its public headers. */
struct pg_query_error { /* PgQueryError */
    char *message, *funcname, *filename;
    int lineno, cursorpos;
    char *context;
};
struct raw_parse_result {
    List *tree;
    char *stderr_buffer;
    struct pg_query_error *error;
};
struct raw_parse_result pg_query_raw_parse(const char *input);
void pg_query_free_error(struct pg_query_error *error);
MemoryContext pg_query_enter_memory_context(void);
void pg_query_exit_memory_context(MemoryContext context);
void MemoryContextSetParent(MemoryContext context, MemoryContext parent);
void MemoryContextDelete(MemoryContext context);

/* The first rule whose start matches wins; what is not listed is a syntax error. */
static const struct message_rule {
    const char *start, *sqlstate, *hint;
} message_rules[] = {
    {"subquery in FROM must have an alias", ERR_SYNTAX_ERROR,
     "For example, FROM (SELECT ...) [AS] foo."},
    {"VALUES in FROM must have an alias", ERR_SYNTAX_ERROR,
     "For example, FROM (VALUES ...) [AS] foo."},
    {"LIMIT #,# syntax is not supported", ERR_SYNTAX_ERROR,
     "Use separate LIMIT and OFFSET clauses."},
    {"invalid byte sequence", ERR_CHARACTER_NOT_IN_REPERTOIRE, NULL},
    {"unsafe use of \\'", ERR_NONSTANDARD_USE_OF_ESCAPE_CHARACTER,
     "Use '' to write quotes in strings. \\' is insecure in client-only encodings."},
    {"unsafe use of string constant", ERR_FEATURE_NOT_SUPPORTED, NULL},
    {"invalid Unicode escape value", ERR_SYNTAX_ERROR, NULL},
    {"invalid Unicode escape character", ERR_SYNTAX_ERROR, NULL},
    {"invalid Unicode escape", ERR_INVALID_ESCAPE_SEQUENCE,
     "Unicode escapes must be \\uXXXX or \\UXXXXXXXX."},
    {"frame st", ERR_WINDOWING_ERROR, NULL},
    {"frame end", ERR_WINDOWING_ERROR, NULL},
    {"precision for type float", ERR_INVALID_PARAMETER_VALUE, NULL},
    {"stack depth limit", ERR_STATEMENT_TOO_COMPLEX, NULL},
    {"out of memory", ERR_OUT_OF_MEMORY, NULL},
    {"MATCH PARTIAL not yet implemented", ERR_FEATURE_NOT_SUPPORTED, NULL},
    {"CREATE ASSERTION is not yet implemented", ERR_FEATURE_NOT_SUPPORTED, NULL},
    {"CREATE SCHEMA IF NOT EXISTS cannot include", ERR_FEATURE_NOT_SUPPORTED, NULL},
    {"role name \"", ERR_RESERVED_NAME, NULL},
    {"CURRENT_USER cannot be used", ERR_RESERVED_NAME, NULL},
    {"CURRENT_ROLE cannot be used", ERR_RESERVED_NAME, NULL},
    {"SESSION_USER cannot be used", ERR_RESERVED_NAME, NULL},
    {"current database cannot be changed", ERR_FEATURE_NOT_SUPPORTED, NULL},
    {"cross-database references are not implemented", ERR_FEATURE_NOT_SUPPORTED, NULL},
    {"CREATE CONSTRAINT TRIGGER", ERR_SYNTAX_ERROR, NULL},
    {"modulus for hash partition", ERR_DUPLICATE_OBJECT, NULL},
    {"remainder for hash partition", ERR_DUPLICATE_OBJECT, NULL},
};

/* "123abc" is junk as a whole; the library stops after its first letter. */
static const char *junk_message(struct err *err, const char *message, const char *text,
                                int position)
{
    if (strncmp(message, "trailing junk after", 19) != 0 || position <= 0)
        return message;
    const char *start = text, *near = strstr(message, " at or near \"");
    for (int k = 1; k < position && *start; k++)
        start += utf8_char_bytes((unsigned char)*start);
    if (!near)
        return message;
    size_t n = strlen(near + 13) - 1;
    while (start[n] && (strchr("_$", start[n]) || (start[n] >= '0' && start[n] <= '9') ||
                        (start[n] >= 'a' && start[n] <= 'z') ||
                        (start[n] >= 'A' && start[n] <= 'Z') || (unsigned char)start[n] >= 0x80))
        n++;
    return arena_printf(err->arena, "%.*s at or near \"%.*s\"", (int)(near - message), message,
                        (int)n, start);
}

static bool report(struct err *err, const struct pg_query_error *error, const char *text)
{
    const char *sqlstate = ERR_SYNTAX_ERROR, *hint = NULL;
    for (size_t k = 0; k < ARRAY_COUNT(message_rules); k++)
        if (strncmp(error->message, message_rules[k].start, strlen(message_rules[k].start)) == 0) {
            sqlstate = message_rules[k].sqlstate;
            hint = message_rules[k].hint;
            break;
        }
    if (strstr(error->message, "constraints cannot be marked"))
        sqlstate = ERR_FEATURE_NOT_SUPPORTED;
    err_set(err, sqlstate, "%s", junk_message(err, error->message, text, error->cursorpos));
    if (hint)
        err_hint(err, "%s", hint);
    return err_position(err, error->cursorpos);
}

static void context_delete(void *context)
{
    MemoryContextDelete(context);
}

/* The tree lives as long as `arena`. */
static bool raw_parse(struct arena *arena, const char *text, List **tree, struct err *err)
{
    MemoryContext context = pg_query_enter_memory_context();
    struct raw_parse_result result = pg_query_raw_parse(text);
    MemoryContextSetParent(context, NULL);
    arena_on_free(arena, context_delete, context);
    /* Only to leave the library with a current context of its own. */
    pg_query_exit_memory_context(pg_query_enter_memory_context());

    free(result.stderr_buffer);
    if (result.error) {
        report(err, result.error, text);
        pg_query_free_error(result.error);
        return false;
    }
    *tree = result.tree;
    return true;
}

/* ---- do the library's nodes look as our headers say? ---- */

static bool select_looks_right(const RawStmt *raw)
{
    const SelectStmt *s = (const SelectStmt *)raw->stmt;
    if (!IS_NODE(s, SelectStmt) || list_n(s->targetList) != 2 || list_n(s->fromClause) != 1 ||
        list_n(s->sortClause) != 1 || s->op != SETOP_NONE ||
        (int)s->limitOption != PG_LIMIT_COUNT || !IS_NODE(s->limitCount, A_Const))
        return false;
    const ResTarget *first = list_at(s->targetList, 0), *second = list_at(s->targetList, 1);
    const A_Expr *where = (const A_Expr *)s->whereClause;
    const RangeVar *from = list_at(s->fromClause, 0);
    const SortBy *sort = list_at(s->sortClause, 0);
    if (!IS_NODE(first, ResTarget) || !IS_NODE(first->val, ColumnRef) || !first->name ||
        strcmp(first->name, "x") != 0 || !IS_NODE(second->val, FuncCall) ||
        !IS_NODE(from, RangeVar) || strcmp(from->relname, "t") != 0 ||
        strcmp(from->alias->aliasname, "u") != 0 || !IS_NODE(where, A_Expr) ||
        where->kind != AEXPR_OP || !IS_NODE(sort, SortBy) || sort->sortby_dir != SORTBY_DESC ||
        sort->sortby_nulls != SORTBY_NULLS_LAST)
        return false;
    const FuncCall *call = (const FuncCall *)second->val;
    const A_Const *value = (const A_Const *)where->rexpr;
    return call->agg_distinct && call->over && (call->over->frameOptions & FRAMEOPTION_ROWS) &&
           call->funcformat == 0 && call->location == 12 && IS_NODE(value, A_Const) &&
           !value->isnull && IS_NODE(&value->val.node, Integer) && value->val.ival.ival == 7;
}

static bool others_look_right(const RawStmt *create, const RawStmt *insert)
{
    const CreateStmt *c = (const CreateStmt *)create->stmt;
    if (!IS_NODE(c, CreateStmt) || list_n(c->tableElts) != 1 || !c->if_not_exists)
        return false;
    const ColumnDef *column = list_at(c->tableElts, 0);
    const Constraint *constraint =
        IS_NODE(column, ColumnDef) ? list_at(column->constraints, 0) : NULL;
    if (!IS_NODE(constraint, Constraint) || constraint->contype != CONSTR_FOREIGN ||
        constraint->fk_del_action != 'c' || !constraint->initially_valid ||
        !IS_NODE(column->typeName, TypeName) || list_n(column->typeName->typmods) != 2)
        return false;
    const InsertStmt *i = (const InsertStmt *)insert->stmt;
    return IS_NODE(i, InsertStmt) && list_n(i->cols) == 1 &&
           i->override == OVERRIDING_SYSTEM_VALUE && i->onConflictClause &&
           i->onConflictClause->action == ONCONFLICT_NOTHING && list_n(i->returningList) == 1 &&
           insert->stmt_location > create->stmt_location;
}

static bool layouts_match;

static void check_layouts(void)
{
    static const char probe[] =
        "SELECT a x, sum(DISTINCT b) OVER (ROWS CURRENT ROW) FROM t u WHERE a = 7 ORDER BY 1 DESC "
        "NULLS LAST LIMIT 3;"
        "CREATE TABLE IF NOT EXISTS t (a numeric(3,1) REFERENCES b ON DELETE CASCADE);"
        "INSERT INTO t (a) OVERRIDING SYSTEM VALUE VALUES (1) ON CONFLICT DO NOTHING RETURNING *";
    struct arena *arena = arena_new("parse check");
    struct err err = ERR_IN(arena);
    List *tree;
    layouts_match = raw_parse(arena, probe, &tree, &err) && list_n(tree) == 3 &&
                    select_looks_right(list_at(tree, 0)) &&
                    others_look_right(list_at(tree, 1), list_at(tree, 2));
    arena_free(arena);
}

bool sql_parse_check(struct err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, check_layouts);
    if (!layouts_match)
        return err_set(err, ERR_INTERNAL_ERROR,
                       "libpg_query's parse trees are not those of PostgreSQL 15");
    return true;
}

bool sql_parse(struct arena *arena, const char *text, struct raw_statements *out, struct err *err)
{
    List *tree;
    *out = (struct raw_statements){0};
    if (!stack_check(err) || !sql_parse_check(err) || !utf8_check(text, strlen(text), err) ||
        !raw_parse(arena, text, &tree, err))
        return false;
    out->n = (size_t)list_n(tree);
    out->items = ARENA_ARRAY(arena, struct raw_statement, out->n + 1);
    for (size_t k = 0; k < out->n; k++) {
        const RawStmt *raw = list_at(tree, (int)k);
        out->items[k] = (struct raw_statement){
            .node = raw->stmt,
            .offset = raw->stmt_location,
            .length = raw->stmt_len,
            .tag = sql_statement_tag(raw->stmt),
        };
    }
    return true;
}

int sql_position(const char *text, int location)
{
    if (!text || location < 0)
        return 0;
    int position = 1;
    for (int k = 0; k < location && text[k]; k++)
        position += ((uint8_t)text[k] & 0xc0) != 0x80;
    return position;
}
