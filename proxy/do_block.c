/* do_block.c - DO: an anonymous block of PL/pgSQL without variables, as schema scripts and migration tools write them.
 *
 * The body is read whole before anything runs: blocks with EXCEPTION, IF, RAISE, PERFORM, EXECUTE, NULL and SQL statements.  What
 * needs variables (DECLARE, INTO, loops, assignment) is refused then.  Each SQL statement goes the way of any statement, through
 * a portal whose rows nobody wants; expressions are SELECTs of one value.  A block with handlers is a subtransaction, so what
 * failed in it is undone before the handler runs. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/fiber.h"
#include "proxy/session_int.h"
#include "sql/pgnodes.h"

#define DEPTH_MAX 64

enum step_kind { STEP_SQL, STEP_PERFORM, STEP_EXECUTE, STEP_RAISE, STEP_IF, STEP_BLOCK, STEP_NULL };

struct handler {
    struct handler *next;
    VEC(const char *) conditions; /* SQLSTATEs; "" is OTHERS; "23000" and the like are classes */
    struct step *steps;
};

struct step {
    struct step *next;
    enum step_kind kind;
    int line;
    const char *text; /* SQL, expression or condition; RAISE: the format */
    enum notice level;
    bool raises;                /* RAISE EXCEPTION */
    VEC(const char *) args;     /* RAISE: expressions */
    struct step *steps, *other; /* IF: then, else; BLOCK: its body */
    struct handler *handlers;
};

struct reader {
    struct arena *arena;
    struct err *err;
    const char *start, *p;
    int depth;
};

/* ---- words ---- */

static const char *skip_comment(const char *p)
{
    if (p[0] == '-' && p[1] == '-')
        return p + strcspn(p, "\n");
    int depth = 0;
    do {
        if (p[0] == '/' && p[1] == '*')
            depth++, p += 2;
        else if (p[0] == '*' && p[1] == '/')
            depth--, p += 2;
        else if (*p)
            p++;
    } while (depth && *p);
    return p;
}

static bool is_comment(const char *p)
{
    return (p[0] == '-' && p[1] == '-') || (p[0] == '/' && p[1] == '*');
}

static void skip_blank(struct reader *r)
{
    while (isspace((unsigned char)*r->p) || is_comment(r->p))
        r->p = isspace((unsigned char)*r->p) ? r->p + 1 : skip_comment(r->p);
}

static bool is_word_char(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

static size_t word_length(const char *p)
{
    size_t n = 0;
    if (isdigit((unsigned char)*p) || *p == '$')
        return 0;
    while (is_word_char(p[n]))
        n++;
    return n;
}

static const char *skip_quoted(const char *p, bool backslashes)
{
    char quote = *p++;
    for (; *p; p++) {
        if (backslashes && *p == '\\' && p[1]) {
            p++;
        } else if (*p == quote) {
            if (p[1] != quote)
                return p + 1;
            p++;
        }
    }
    return p;
}

static const char *skip_dollar(const char *p)
{
    size_t n = 1;
    while (is_word_char(p[n]) && p[n] != '$')
        n++;
    if (p[n] != '$' || isdigit((unsigned char)p[1]))
        return p + 1;
    n++;
    for (const char *q = p + n; *q; q++)
        if (*q == '$' && strncmp(q, p, n) == 0)
            return q + n;
    return p + strlen(p);
}

/* The token at p, which is no white space. */
static const char *skip_token(const char *p)
{
    if (is_comment(p))
        return skip_comment(p);
    if (*p == '\'' || *p == '"')
        return skip_quoted(p, false);
    if (*p == '$')
        return skip_dollar(p);
    if ((*p == 'e' || *p == 'E') && p[1] == '\'')
        return skip_quoted(p + 1, true);
    size_t n = word_length(p);
    return n ? p + n : p + 1;
}

static bool at_word(const char *p, const char *word)
{
    size_t n = word_length(p);
    return n == strlen(word) && strncasecmp(p, word, n) == 0;
}

static bool take(struct reader *r, const char *word)
{
    skip_blank(r);
    if (!at_word(r->p, word))
        return false;
    r->p += strlen(word);
    return true;
}

static bool syntax_error(struct reader *r)
{
    skip_blank(r);
    if (!*r->p)
        return err_set(r->err, ERR_SYNTAX_ERROR, "syntax error at end of input");
    return err_set(r->err, ERR_SYNTAX_ERROR, "syntax error at or near \"%s\"",
                   arena_strndup(r->arena, r->p, (size_t)(skip_token(r->p) - r->p)));
}

static bool expect(struct reader *r, const char *word)
{
    return take(r, word) || syntax_error(r);
}

static bool expect_semicolon(struct reader *r)
{
    skip_blank(r);
    if (*r->p != ';')
        return syntax_error(r);
    r->p++;
    return true;
}

static bool refuse_construct(struct reader *r, const char *what)
{
    err_set(r->err, ERR_FEATURE_NOT_SUPPORTED, "%s in DO is not supported", what);
    return err_hint(r->err, "A DO block takes SQL statements, PERFORM, EXECUTE, IF, RAISE and "
                            "EXCEPTION, without variables.");
}

/* Up to `end` (a word, or ";" or ","; NULL: ";" ) outside of parentheses; the end is not taken.  NULL: it never comes. */
static const char *text_until(struct reader *r, const char *end, const char *end2)
{
    skip_blank(r);
    int parens = 0;
    const char *start = r->p;
    while (*r->p) {
        bool is_end = !parens && ((ispunct((unsigned char)*end) && *r->p == *end) ||
                                  at_word(r->p, end) || (end2 && *r->p == *end2));
        if (is_end) {
            size_t n = (size_t)(r->p - start);
            while (n && isspace((unsigned char)start[n - 1]))
                n--;
            return arena_strndup(r->arena, start, n);
        }
        if (*r->p == ';' && !parens)
            break;
        parens += *r->p == '(';
        parens -= *r->p == ')';
        r->p = isspace((unsigned char)*r->p) ? r->p + 1 : skip_token(r->p);
    }
    syntax_error(r);
    return NULL;
}

/* Does this word stand in the statement outside of parentheses? */
static bool has_word(const char *text, const char *word)
{
    for (int parens = 0; *text;) {
        if (!parens && at_word(text, word))
            return true;
        parens += *text == '(';
        parens -= *text == ')';
        text = isspace((unsigned char)*text) ? text + 1 : skip_token(text);
    }
    return false;
}

static int line_of(const struct reader *r)
{
    int line = 1;
    for (const char *p = r->start; p < r->p; p++)
        line += *p == '\n';
    return line;
}

/* Says where in the block an error other than bad syntax is.  False. */
static bool misread(struct reader *r)
{
    r->err->where = arena_printf(
        r->err->arena, "compilation of PL/pgSQL function \"inline_code_block\" near line %d",
        line_of(r));
    return false;
}

/* ---- conditions ---- */

static const struct {
    const char *name, *state;
} conditions[] = {
    {"others", ""},
    {"data_exception", "22000"},
    {"division_by_zero", "22012"},
    {"numeric_value_out_of_range", "22003"},
    {"string_data_right_truncation", "22001"},
    {"invalid_text_representation", "22P02"},
    {"invalid_parameter_value", "22023"},
    {"null_value_not_allowed", "22004"},
    {"integrity_constraint_violation", "23000"},
    {"not_null_violation", "23502"},
    {"foreign_key_violation", "23503"},
    {"unique_violation", "23505"},
    {"check_violation", "23514"},
    {"exclusion_violation", "23P01"},
    {"dependent_objects_still_exist", "2BP01"},
    {"invalid_schema_name", "3F000"},
    {"invalid_catalog_name", "3D000"},
    {"serialization_failure", "40001"},
    {"deadlock_detected", "40P01"},
    {"syntax_error_or_access_rule_violation", "42000"},
    {"syntax_error", "42601"},
    {"insufficient_privilege", "42501"},
    {"datatype_mismatch", "42804"},
    {"undefined_column", "42703"},
    {"undefined_function", "42883"},
    {"undefined_table", "42P01"},
    {"undefined_parameter", "42P02"},
    {"undefined_object", "42704"},
    {"duplicate_column", "42701"},
    {"duplicate_cursor", "42P03"},
    {"duplicate_database", "42P04"},
    {"duplicate_function", "42723"},
    {"duplicate_schema", "42P06"},
    {"duplicate_table", "42P07"},
    {"duplicate_alias", "42712"},
    {"duplicate_object", "42710"},
    {"ambiguous_column", "42702"},
    {"ambiguous_function", "42725"},
    {"invalid_column_reference", "42P10"},
    {"invalid_table_definition", "42P16"},
    {"invalid_object_definition", "42P17"},
    {"invalid_foreign_key", "42830"},
    {"invalid_name", "42602"},
    {"wrong_object_type", "42809"},
    {"reserved_name", "42939"},
    {"feature_not_supported", "0A000"},
    {"object_not_in_prerequisite_state", "55000"},
    {"object_in_use", "55006"},
    {"lock_not_available", "55P03"},
    {"query_canceled", "57014"},
    {"read_only_sql_transaction", "25006"},
    {"active_sql_transaction", "25001"},
    {"raise_exception", "P0001"},
    {"no_data_found", "P0002"},
    {"too_many_rows", "P0003"},
    {"internal_error", "XX000"},
};

static bool read_condition(struct reader *r, const char **state)
{
    skip_blank(r);
    if (take(r, "sqlstate")) {
        skip_blank(r);
        const char *end = skip_token(r->p);
        if (*r->p != '\'' || end - r->p != 7)
            return err_set(r->err, ERR_SYNTAX_ERROR, "invalid SQLSTATE code");
        *state = arena_strndup(r->arena, r->p + 1, 5);
        r->p = end;
        return true;
    }
    size_t n = word_length(r->p);
    const char *name = arena_strndup(r->arena, r->p, n);
    for (size_t i = 0; i < ARRAY_COUNT(conditions); i++)
        if (strcasecmp(name, conditions[i].name) == 0) {
            r->p += n;
            *state = conditions[i].state;
            return true;
        }
    if (!n)
        return syntax_error(r);
    err_set(r->err, ERR_UNDEFINED_OBJECT, "unrecognized exception condition \"%s\"", name);
    return misread(r);
}

static bool state_matches(const char *wanted, const char *state)
{
    if (!*wanted) /* OTHERS takes all but a cancelled statement */
        return strcmp(state, ERR_QUERY_CANCELED) != 0;
    if (strcmp(wanted + 2, "000") == 0)
        return strncmp(wanted, state, 2) == 0;
    return strcmp(wanted, state) == 0;
}

/* ---- reading ---- */

static bool read_steps(struct reader *r, struct step **out);

static bool deeper(struct reader *r)
{
    return ++r->depth <= DEPTH_MAX ||
           err_set(r->err, ERR_STATEMENT_TOO_COMPLEX, "blocks are nested too deep");
}

static bool read_handler(struct reader *r, struct handler **out)
{
    struct handler *handler = ARENA_NEW(r->arena, struct handler);
    *handler = (struct handler){0};
    *out = handler;
    do {
        const char *state = NULL;
        if (!read_condition(r, &state))
            return false;
        VEC_PUSH(r->arena, &handler->conditions, state);
    } while (take(r, "or"));
    return expect(r, "then") && read_steps(r, &handler->steps);
}

/* After BEGIN, up to END and what follows it. */
static bool read_block(struct reader *r, struct step *step)
{
    step->kind = STEP_BLOCK;
    if (!read_steps(r, &step->steps))
        return false;
    if (take(r, "exception")) {
        skip_blank(r);
        if (!at_word(r->p, "when"))
            return syntax_error(r);
        for (struct handler **tail = &step->handlers; take(r, "when"); tail = &(*tail)->next)
            if (!read_handler(r, tail))
                return false;
    }
    return expect(r, "end");
}

static bool read_if(struct reader *r, struct step *step)
{
    step->kind = STEP_IF;
    step->text = text_until(r, "then", NULL);
    if (!step->text || !expect(r, "then") || !read_steps(r, &step->steps))
        return false;
    if (take(r, "elsif") || take(r, "elseif")) {
        step->other = ARENA_NEW(r->arena, struct step);
        *step->other = (struct step){.line = line_of(r)};
        return deeper(r) && read_if(r, step->other) && r->depth--;
    }
    if (take(r, "else") && !read_steps(r, &step->other))
        return false;
    return expect(r, "end") && expect(r, "if") && expect_semicolon(r);
}

static bool read_raise(struct reader *r, struct step *step)
{
    static const struct {
        const char *word;
        enum notice level;
    } levels[] = {{"debug", NOTICE_DEBUG},
                  {"log", NOTICE_LOG},
                  {"info", NOTICE_INFO},
                  {"notice", NOTICE_NOTICE},
                  {"warning", NOTICE_WARNING}};
    step->kind = STEP_RAISE;
    step->raises = true;
    for (size_t i = 0; i < ARRAY_COUNT(levels); i++)
        if (take(r, levels[i].word)) {
            step->raises = false;
            step->level = levels[i].level;
        }
    if (step->raises)
        (void)take(r, "exception");
    skip_blank(r);
    if (*r->p != '\'')
        return refuse_construct(r, "RAISE without a message");
    const char *end = skip_token(r->p);
    char *text = arena_alloc(r->arena, (size_t)(end - r->p) + 1), *to = text;
    for (const char *p = r->p + 1; p < end - 1; p++) {
        *to++ = *p;
        p += *p == '\'';
    }
    *to = 0;
    step->text = text;
    r->p = end;
    for (skip_blank(r); *r->p == ','; skip_blank(r)) {
        r->p++;
        const char *arg = text_until(r, ";", ",");
        if (!arg)
            return false;
        if (has_word(arg, "using"))
            return refuse_construct(r, "RAISE ... USING");
        VEC_PUSH(r->arena, &step->args, arg);
    }
    if (at_word(r->p, "using"))
        return refuse_construct(r, "RAISE ... USING");
    size_t wanted = 0;
    for (const char *p = text; *p; p++) {
        if (*p == '%' && p[1] == '%')
            p++;
        else
            wanted += *p == '%';
    }
    if (wanted != step->args.n) {
        err_set(r->err, ERR_SYNTAX_ERROR, "too %s parameters specified for RAISE",
                wanted > step->args.n ? "few" : "many");
        return misread(r);
    }
    return expect_semicolon(r);
}

static bool read_sql(struct reader *r, struct step *step)
{
    static const char *const refused[] = {"declare", "loop",   "while", "for",      "foreach",
                                          "return",  "case",   "exit",  "continue", "get",
                                          "open",    "assert", "call",  "commit",   "rollback"};
    for (size_t i = 0; i < ARRAY_COUNT(refused); i++)
        if (at_word(r->p, refused[i])) {
            char *word = arena_strdup(r->arena, refused[i]);
            for (char *c = word; *c; c++)
                *c = (char)toupper((unsigned char)*c);
            return refuse_construct(r, word);
        }
    const char *start = r->p;
    step->kind = take(r, "perform") ? STEP_PERFORM : take(r, "execute") ? STEP_EXECUTE : STEP_SQL;
    if (step->kind == STEP_SQL && !word_length(r->p) && *r->p != '(' && *r->p != '"')
        return syntax_error(r);
    r->p = step->kind == STEP_SQL ? start : r->p;
    step->text = text_until(r, ";", NULL);
    if (!step->text)
        return false;
    bool assigns = strncmp(step->text + word_length(step->text) +
                               strspn(step->text + word_length(step->text), " "),
                           ":=", 2) == 0;
    if (assigns)
        return refuse_construct(r, "assignment");
    bool into = has_word(step->text, "into") && !at_word(step->text, "insert") &&
                !at_word(step->text, "merge");
    if (into || (step->kind == STEP_EXECUTE && has_word(step->text, "using")))
        return refuse_construct(r, "INTO or USING");
    return expect_semicolon(r);
}

static bool read_step(struct reader *r, struct step *step)
{
    *step = (struct step){.line = line_of(r)};
    if (take(r, "begin"))
        return deeper(r) && read_block(r, step) && r->depth-- && expect_semicolon(r);
    if (take(r, "if"))
        return deeper(r) && read_if(r, step) && r->depth--;
    if (take(r, "raise"))
        return read_raise(r, step);
    if (take(r, "null")) {
        step->kind = STEP_NULL;
        return expect_semicolon(r);
    }
    return read_sql(r, step);
}

static bool ends_steps(const char *p)
{
    return !*p || at_word(p, "end") || at_word(p, "exception") || at_word(p, "when") ||
           at_word(p, "else") || at_word(p, "elsif") || at_word(p, "elseif");
}

static bool read_steps(struct reader *r, struct step **out)
{
    for (skip_blank(r); !ends_steps(r->p); skip_blank(r)) {
        *out = ARENA_NEW(r->arena, struct step);
        if (!read_step(r, *out))
            return false;
        out = &(*out)->next;
    }
    *out = NULL;
    return true;
}

/* ---- running ---- */

struct runner {
    struct session *s;
    struct arena *arena;
    struct err *err;
    int depth;
    bool placed; /* the error's context tells the innermost statement already */
};

/* The first value of the first row, as text. */
struct one_value {
    struct row_sink sink;
    struct arena *arena;
    bool found;
    const char *text; /* NULL: SQL NULL */
};

static bool keep_first(struct row_sink *sink, const struct datum *values, struct err *err UNUSED)
{
    struct one_value *one = (struct one_value *)sink;
    if (!one->found && !values[0].null)
        one->text = arena_strndup(one->arena, values[0].p, values[0].n);
    one->found = true;
    return true;
}

static bool may_stand_in_block(const struct stmt *stmt, bool discards, struct err *err)
{
    if (stmt->is_utility && IS_NODE(stmt->node, TransactionStmt))
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "%s in DO is not supported", stmt->tag);
    if (IS_NODE(stmt->node, CopyStmt) && !((const CopyStmt *)stmt->node)->filename)
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "cannot COPY to/from client in PL/pgSQL");
    if (!discards && stmt->returns_rows) {
        err_set(err, ERR_SYNTAX_ERROR, "query has no destination for result data");
        return err_hint(err,
                        "If you want to discard the results of a SELECT, use PERFORM instead.");
    }
    return true;
}

static bool run_portal(struct runner *r, struct stmt *stmt, struct one_value *one)
{
    char *name = arena_printf(r->arena, "<DO %d>", r->depth);
    struct portal *portal = portal_new(r->s, name, stmt, r->err);
    if (!portal)
        return false;
    uint64_t n_sent;
    bool done;
    portal->active = portal->undescribed = true;
    bool ok = portal_run(r->s, portal, 0, one ? &one->sink : NULL, &n_sent, &done, r->err);
    portal->active = false;
    session_drop_portal(r->s, portal);
    return ok;
}

static bool run_text(struct runner *r, const char *text, bool discards, struct one_value *one)
{
    const struct stmt_params none = {.fixed = true};
    struct parsed *parsed = stmt_parse(r->s, text, strlen(text), r->err);
    bool ok = parsed != NULL, refused = false;
    for (size_t i = 0; ok && i < parsed->list.n; i++) {
        struct stmt *stmt = stmt_new(r->s, parsed, i, &none, r->err);
        refused = stmt && !may_stand_in_block(stmt, discards, r->err);
        ok = stmt && !refused && run_portal(r, stmt, one);
        stmt_unref(stmt);
        ok = ok && fiber_check_interrupt(r->err);
    }
    parsed_unref(parsed);
    if (ok)
        return true;
    r->err->position = 0; /* it was one of that text, which the client did not send */
    if (!refused)
        r->err->where = r->err->where ? arena_printf(r->err->arena, "%s\nSQL statement \"%s\"",
                                                     r->err->where, text)
                                      : arena_printf(r->err->arena, "SQL statement \"%s\"", text);
    return false;
}

static bool evaluate(struct runner *r, const char *expression, const char *type, const char **text)
{
    struct one_value one = {.sink.row = keep_first, .arena = r->arena};
    const char *query =
        arena_printf(r->arena, "SELECT (%s\n)::%s::pg_catalog.text", expression, type);
    if (!run_text(r, query, true, &one))
        return false;
    *text = one.text;
    return true;
}

static bool run_steps(struct runner *r, const struct step *steps);

static bool run_raise(struct runner *r, const struct step *step)
{
    struct buf message = BUF_IN(r->arena);
    size_t arg = 0;
    for (const char *p = step->text; *p; p++) {
        if (*p != '%' || p[1] == '%') {
            buf_putc(&message, *p);
            p += *p == '%';
            continue;
        }
        const char *value;
        if (!evaluate(r, step->args.items[arg++], "pg_catalog.text", &value))
            return false;
        value = value ? value : "<NULL>";
        buf_append(&message, value, strlen(value));
    }
    buf_putc(&message, 0);
    if (step->raises)
        return err_set(r->err, ERR_RAISE_EXCEPTION, "%s", (const char *)message.p);
    session_notice(r->s, step->level,
                   step->level == NOTICE_WARNING ? ERR_WARNING : ERR_SUCCESSFUL_COMPLETION, "%s",
                   (const char *)message.p);
    return true;
}

static const struct handler *handler_of(const struct step *block, const struct err *err)
{
    for (const struct handler *handler = block->handlers; handler; handler = handler->next)
        for (size_t i = 0; i < handler->conditions.n; i++)
            if (state_matches(handler->conditions.items[i], err->sqlstate))
                return handler;
    return NULL;
}

static bool run_block(struct runner *r, const struct step *block)
{
    if (!block->handlers)
        return run_steps(r, block->steps);
    if (!transaction_begin_part(r->s, r->err))
        return false;
    size_t depth = r->s->savepoints.n;
    if (run_steps(r, block->steps)) {
        transaction_end_part(r->s, depth, true);
        return true;
    }
    transaction_end_part(r->s, depth, false);
    const struct handler *handler = handler_of(block, r->err);
    if (!handler || session_err_is_fatal(r->s, r->err))
        return false;
    err_clear(r->err);
    r->placed = false;
    return run_steps(r, handler->steps);
}

static bool run_step(struct runner *r, const struct step *step)
{
    const char *text;
    switch (step->kind) {
    case STEP_NULL:
        return true;
    case STEP_SQL:
        return run_text(r, step->text, false, NULL);
    case STEP_PERFORM:
        return run_text(r, arena_printf(r->arena, "SELECT %s", step->text), true, NULL);
    case STEP_EXECUTE:
        if (!evaluate(r, step->text, "pg_catalog.text", &text))
            return false;
        if (!text)
            return err_set(r->err, ERR_NULL_VALUE_NOT_ALLOWED,
                           "query string argument of EXECUTE is null");
        return run_text(r, text, true, NULL);
    case STEP_RAISE:
        return run_raise(r, step);
    case STEP_IF:
        if (!evaluate(r, step->text, "pg_catalog.bool", &text))
            return false;
        return run_steps(r, text && *text == 't' ? step->steps : step->other);
    case STEP_BLOCK:
        return run_block(r, step);
    }
    return true;
}

static const char *step_name(const struct step *step)
{
    static const char *const names[] = {"SQL statement", "PERFORM", "EXECUTE", "RAISE", "IF",
                                        "block",         "NULL"};
    return names[step->kind];
}

static bool run_steps(struct runner *r, const struct step *steps)
{
    for (; steps; steps = steps->next)
        if (!run_step(r, steps)) {
            if (!r->placed)
                r->err->where = arena_printf(
                    r->err->arena, "%s%sPL/pgSQL function inline_code_block line %d at %s",
                    r->err->where ? r->err->where : "", r->err->where ? "\n" : "", steps->line,
                    step_name(steps));
            r->placed = true;
            return false;
        }
    return true;
}

static bool body_of(const DoStmt *node, const char **body, struct err *err)
{
    const char *language = "plpgsql";
    *body = NULL;
    for (int i = 0; i < list_n(node->args); i++) {
        const DefElem *item = list_at(node->args, i);
        const char *text = ((const String *)item->arg)->sval;
        if (strcmp(item->defname, "as") == 0)
            *body = text;
        else
            language = text;
    }
    if (!*body)
        return err_set(err, ERR_SYNTAX_ERROR, "no inline code specified");
    if (strcasecmp(language, "plpgsql") != 0)
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED,
                       "language \"%s\" does not support inline code execution", language);
    return true;
}

bool run_do(struct session *s, struct portal *portal, struct utility_result *result,
            struct err *err)
{
    const char *body;
    if (!body_of(portal->stmt->node, &body, err))
        return false;
    struct reader reader = {.arena = portal->arena, .err = err, .start = body, .p = body};
    struct step block = {.line = 1};
    if (take(&reader, "declare"))
        return refuse_construct(&reader, "DECLARE");
    if (!expect(&reader, "begin") || !read_block(&reader, &block))
        return false;
    skip_blank(&reader);
    reader.p += *reader.p == ';';
    skip_blank(&reader);
    if (*reader.p)
        return syntax_error(&reader);
    if (!transaction_start(s, err))
        return false;
    enum block_state outside = s->block;
    if (s->block == BLOCK_NONE)
        s->block = BLOCK_IMPLICIT; /* nothing in it commits by itself */
    size_t level = s->savepoints.n;
    struct runner runner = {.s = s, .arena = portal->arena, .err = err, .depth = (int)level};
    bool ok = run_block(&runner, &block);
    if (s->block == BLOCK_IMPLICIT)
        s->block = outside;
    result->tag = "DO";
    return ok;
}
