/* explain.c - EXPLAIN: the planner's lines as text, or wrapped into JSON, XML or YAML; with ANALYZE after running the statement. */
#include <string.h>
#include <strings.h>

#include "proxy/session_int.h"
#include "sql/parse.h"
#include "sql/pgnodes.h"

enum explain_format { EXPLAIN_TEXT_, EXPLAIN_JSON_, EXPLAIN_XML_, EXPLAIN_YAML_ };
struct explain_options {
    bool analyze, verbose, costs, summary, summary_set, timing;
    enum explain_format format;
    int bad_location; /* of the option that is wrong; -1: not to be told */
};

static bool flag_of(const DefElem *option, bool *value, struct err *err)
{
    if (!option->arg) {
        *value = true;
        return true;
    }
    if (IS_NODE(option->arg, Integer)) {
        int number = ((const Integer *)option->arg)->ival;
        *value = number != 0;
        if (number == 0 || number == 1)
            return true;
    } else if (IS_NODE(option->arg, Boolean)) {
        *value = ((const Boolean *)option->arg)->boolval;
        return true;
    } else if (IS_NODE(option->arg, String)) {
        const char *text = STR_OF(option->arg);
        if (strcasecmp(text, "true") == 0 || strcasecmp(text, "on") == 0)
            return *value = true, true;
        if (strcasecmp(text, "false") == 0 || strcasecmp(text, "off") == 0)
            return *value = false, true;
    }
    return err_set(err, ERR_SYNTAX_ERROR, "%s requires a Boolean value", option->defname);
}

static bool format_of(const DefElem *option, enum explain_format *format, struct err *err)
{
    static const char *const names[] = {[EXPLAIN_TEXT_] = "text",
                                        [EXPLAIN_JSON_] = "json",
                                        [EXPLAIN_XML_] = "xml",
                                        [EXPLAIN_YAML_] = "yaml"};
    const char *text = option->arg && IS_NODE(option->arg, String) ? STR_OF(option->arg) : "";
    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        if (strcasecmp(names[i], text) == 0) {
            *format = (enum explain_format)i;
            return true;
        }
    return err_set(err, ERR_INVALID_PARAMETER_VALUE,
                   "unrecognized value for EXPLAIN option \"%s\": \"%s\"", option->defname, text);
}

static bool read_options(const ExplainStmt *stmt, struct explain_options *options, struct err *err)
{
    bool timing_set = false, wal = false, ignored;
    *options = (struct explain_options){.costs = true};
    for (int i = 0; i < list_n(stmt->options); i++) {
        const DefElem *option = list_at(stmt->options, i);
        const char *name = option->defname;
        bool ok;
        if (strcmp(name, "analyze") == 0)
            ok = flag_of(option, &options->analyze, err);
        else if (strcmp(name, "verbose") == 0)
            ok = flag_of(option, &options->verbose, err);
        else if (strcmp(name, "summary") == 0)
            ok = (options->summary_set = true) && flag_of(option, &options->summary, err);
        else if (strcmp(name, "timing") == 0)
            ok = (timing_set = true) && flag_of(option, &options->timing, err);
        else if (strcmp(name, "wal") == 0)
            ok = flag_of(option, &wal, err);
        else if (strcmp(name, "costs") == 0)
            ok = flag_of(option, &options->costs, err);
        else if (strcmp(name, "buffers") == 0 || strcmp(name, "settings") == 0)
            ok = flag_of(option, &ignored, err);
        else if (strcmp(name, "format") == 0)
            ok = format_of(option, &options->format, err);
        else
            ok = err_set(err, ERR_SYNTAX_ERROR, "unrecognized EXPLAIN option \"%s\"", name);
        if (!ok) {
            options->bad_location =
                err_is(err, ERR_SYNTAX_ERROR) && strncmp(err->message, "unrec", 5) != 0
                    ? -1
                    : option->location;
            return false;
        }
    }
    if (wal && !options->analyze)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "EXPLAIN option WAL requires ANALYZE");
    if (timing_set && options->timing && !options->analyze)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "EXPLAIN option TIMING requires ANALYZE");
    if (!options->summary_set)
        options->summary = options->analyze;
    return true;
}

bool explain_columns(struct session *s, const void *node, struct arena *arena,
                     struct result_columns *columns)
{
    struct explain_options options;
    struct err ignored = ERR_IN(s->scratch);
    uint32_t type = TYPE_TEXT;
    if (read_options(node, &options, &ignored) && options.format == EXPLAIN_JSON_)
        type = TYPE_JSON;
    else if (options.format == EXPLAIN_XML_)
        type = TYPE_XML;
    add_column(arena, columns, "QUERY PLAN", session_type(s, type), -1);
    return true;
}

/* ---- formats ---- */

static void put_json_string(struct buf *out, const char *text, size_t n)
{
    buf_putc(out, '"');
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\\')
            buf_printf(out, "\\%c", c);
        else if (c < 0x20)
            buf_printf(out, "\\u%04x", c);
        else
            buf_putc(out, (char)c);
    }
    buf_putc(out, '"');
}

static void put_xml_text(struct buf *out, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        switch (text[i]) {
        case '<':
            buf_puts(out, "&lt;");
            break;
        case '>':
            buf_puts(out, "&gt;");
            break;
        case '&':
            buf_puts(out, "&amp;");
            break;
        default:
            buf_putc(out, text[i]);
        }
    }
}

struct explained {
    const char *lines; /* the plan, newline-separated, NUL-terminated */
    int width;         /* of a row, roughly; negative: no row has one */
    double planning_ms, execution_ms;
    const struct explain_options *options;
};

/* The first words of the first line: "Seq Scan on t ..." -> "Seq Scan". */
static size_t node_type_bytes(const char *line)
{
    const char *on = strstr(line, " on "), *paren = strstr(line, "  ("),
               *end = line + strcspn(line, "\n");
    if (on && on < end)
        end = on;
    if (paren && paren < end)
        end = paren;
    return (size_t)(end - line);
}

static void put_wrapped(const struct explained *x, struct buf *out)
{
    size_t n_type = node_type_bytes(x->lines);
    enum explain_format format = x->options->format;
    if (format == EXPLAIN_JSON_) {
        buf_puts(out, "[\n  {\n    \"Plan\": {\n      \"Node Type\": ");
        put_json_string(out, x->lines, n_type);
        buf_puts(out, ",\n      \"Plan Text\": [");
    } else if (format == EXPLAIN_XML_) {
        buf_puts(out, "<explain xmlns=\"http://www.postgresql.org/2009/explain\">\n  <Query>\n    "
                      "<Plan>\n      <Node-Type>");
        put_xml_text(out, x->lines, n_type);
        buf_puts(out, "</Node-Type>\n");
    } else {
        buf_puts(out, "- Plan: \n    Node Type: ");
        put_json_string(out, x->lines, n_type);
        buf_puts(out, "\n    Plan Text: ");
    }
    bool first = true;
    for (const char *line = x->lines; *line;) {
        size_t n = strcspn(line, "\n");
        if (format == EXPLAIN_JSON_) {
            buf_puts(out, first ? "\n        " : ",\n        ");
            put_json_string(out, line, n);
        } else if (format == EXPLAIN_XML_) {
            buf_puts(out, "      <Plan-Text>");
            put_xml_text(out, line, n);
            buf_puts(out, "</Plan-Text>\n");
        } else {
            buf_puts(out, "\n      - ");
            put_json_string(out, line, n);
        }
        first = false;
        line += n + (line[n] == '\n');
    }
    bool times = x->options->summary, runs = x->options->analyze;
    if (format == EXPLAIN_JSON_) {
        buf_puts(out, "\n      ]\n    }");
        if (times)
            buf_printf(out, ",\n    \"Planning Time\": %.3f", x->planning_ms);
        if (times && runs)
            buf_printf(out, ",\n    \"Execution Time\": %.3f", x->execution_ms);
        buf_puts(out, "\n  }\n]");
    } else if (format == EXPLAIN_XML_) {
        buf_puts(out, "    </Plan>\n");
        if (times)
            buf_printf(out, "    <Planning-Time>%.3f</Planning-Time>\n", x->planning_ms);
        if (times && runs)
            buf_printf(out, "    <Execution-Time>%.3f</Execution-Time>\n", x->execution_ms);
        buf_puts(out, "  </Query>\n</explain>");
    } else {
        if (times)
            buf_printf(out, "\n  Planning Time: %.3f", x->planning_ms);
        if (times && runs)
            buf_printf(out, "\n  Execution Time: %.3f", x->execution_ms);
    }
}

/* Plans have no costs, but postgres_fdw's use_remote_estimate reads some from the first line: it gets the same for every statement. */
#define NOMINAL_COST "  (cost=0.00..100.00 rows=1000 width=%d)"

static int row_width(const struct stmt *stmt)
{
    int width = 0;
    for (size_t i = 0; i < stmt->columns.n; i++)
        width += stmt->columns.items[i].type->len > 0 ? stmt->columns.items[i].type->len : 32;
    return width;
}

static void put_text_rows(const struct explained *x, struct store *rows, struct arena *arena)
{
    for (const char *line = x->lines; *line;) {
        size_t n = strcspn(line, "\n");
        const char *text = arena_strndup(arena, line, n);
        if (line == x->lines && x->width >= 0)
            text = arena_printf(arena, "%s" NOMINAL_COST, text, x->width);
        add_text_row(rows, arena, &text, 1);
        line += n + (line[n] == '\n');
    }
    if (x->options->summary) {
        const char *text = arena_printf(arena, "Planning Time: %.3f ms", x->planning_ms);
        add_text_row(rows, arena, &text, 1);
    }
    if (x->options->summary && x->options->analyze) {
        const char *text = arena_printf(arena, "Execution Time: %.3f ms", x->execution_ms);
        add_text_row(rows, arena, &text, 1);
    }
}

/* ---- running ---- */

static bool run_it(struct session *s, struct portal *portal, const struct stmt *stmt,
                   const struct datum *params, struct err *err)
{
    if (!transaction_start(s, err))
        return false;
    struct env *env = ARENA_NEW(portal->arena, struct env);
    session_env(s, env, portal->arena, stmt->catalog);
    struct exec *exec = session_exec_start(s, stmt, portal->arena, env, params, err);
    if (!exec)
        return false;
    const struct datum *row;
    bool ok;
    while ((ok = exec_next(exec, &row, err)) && row)
        continue;
    exec_end(exec);
    return ok;
}

/* The statement with a plan that EXPLAIN is about; a reference. */
static bool explained_stmt(struct session *s, struct portal *portal, struct stmt **stmt,
                           const struct datum **params, struct err *err)
{
    struct stmt *inner = portal->stmt->inner;
    while (inner->is_utility && inner->inner)
        inner = inner->inner;
    *params = portal->params;
    if (IS_NODE(inner->node, ExecuteStmt))
        return resolve_execute(s, portal->stmt, inner->node, portal->arena, stmt, params, err);
    *stmt = stmt_ref(inner);
    return true;
}

bool run_explain(struct session *s, struct portal *portal, const void *node,
                 struct utility_result *result, struct err *err)
{
    struct explain_options options;
    struct stmt *stmt;
    const struct datum *params;
    if (!read_options(node, &options, err)) {
        if (options.bad_location > 0)
            err_position(err, sql_position(portal->stmt->text, options.bad_location));
        return false;
    }
    if (!explained_stmt(s, portal, &stmt, &params, err))
        return false;
    struct explained explained = {.options = &options,
                                  .width = options.costs && stmt->plan ? row_width(stmt) : -1};
    struct buf lines = BUF_IN(portal->arena);
    int64_t start_us = clock_monotonic_us();
    bool ok = true;
    if (stmt->plan) {
        struct env *env = ARENA_NEW(portal->arena, struct env);
        session_env(s, env, portal->arena, stmt->catalog);
        plan_explain(stmt->plan, env, options.verbose, portal->arena, &lines);
    } else {
        buf_puts(&lines, "Utility statements have no plan structure");
    }
    int64_t planned_us = clock_monotonic_us();
    if (options.analyze && stmt->plan)
        ok = run_it(s, portal, stmt, params, err);
    stmt_unref(stmt);
    if (!ok)
        return false;
    explained.lines = buf_cstr(&lines);
    explained.planning_ms = (double)(planned_us - start_us) / 1000;
    explained.execution_ms = (double)(clock_monotonic_us() - planned_us) / 1000;
    explain_columns(s, node, portal->arena, &result->columns);
    result->rows = rows_of(portal->arena, &result->columns);
    result->tag = "EXPLAIN";
    if (options.format == EXPLAIN_TEXT_) {
        put_text_rows(&explained, result->rows, portal->arena);
        return true;
    }
    struct buf text = BUF_IN(portal->arena);
    put_wrapped(&explained, &text);
    const char *one = buf_cstr(&text);
    add_text_row(result->rows, portal->arena, &one, 1);
    return true;
}
