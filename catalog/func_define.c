/* func_define.c - pg_get_expr, pg_get_indexdef, pg_get_constraintdef, pg_get_viewdef, pg_get_functiondef and their kin: objects as SQL.
 *
 * Texts in the catalog have all names qualified.  They are analysed and printed anew here, so that names come out as the caller's search
 * path needs them and with PostgreSQL's two styles of parentheses. */
#include <stdlib.h>
#include <string.h>

#include "catalog/cluster.h"
#include "catalog/func_int.h"
#include "sql/analyze.h"
#include "sql/format_type.h"

struct printing {
    struct fcall *c;
    const struct catalog *catalog;
    const struct search_path *path;
    struct buf out;
    bool pretty;
};

static struct printing printing(struct fcall *c, bool pretty)
{
    return (struct printing){c, c->env->catalog, c->env->path, BUF_IN(c->arena), pretty};
}

static bool done(struct printing *p)
{
    return return_bytes(p->c, p->out.n ? p->out.p : "", p->out.n);
}

static struct analyze_context context_of(struct printing *p, const char *text, bool stored)
{
    struct analyze_context context = {.arena = p->c->arena,
                                      .catalog = p->catalog,
                                      .env = p->c->env,
                                      .text = text,
                                      .fixed_params = true};
    if (!stored && p->path)
        context.path = *p->path;
    return context;
}

/* A kept expression as the caller is to see it; if it can no longer be read, as it is kept. */
static const char *expr_text(struct printing *p, const char *sql, const struct relation *relation)
{
    struct err scratch = ERR_IN(p->c->arena);
    struct analyze_context stored = context_of(p, NULL, true), shown = context_of(p, NULL, false);
    struct expr *expr = analyze_catalog_expr(&stored, sql, relation, NULL, -1, &scratch);
    struct buf out = BUF_IN(p->c->arena);
    if (!expr)
        return sql;
    deparse_expr(&shown, expr, relation, p->pretty, &out);
    return buf_cstr(&out);
}

static void put_type(struct printing *p, uint32_t oid, int32_t typmod)
{
    const struct type *type = catalog_type(p->catalog, oid);
    if (type)
        format_type(p->catalog, p->path, type, typmod, true, &p->out);
    else
        buf_puts(&p->out, "???");
}

static void put_type_plain(struct printing *p, uint32_t oid)
{
    const struct type *type = catalog_type(p->catalog, oid);
    if (type)
        format_type(p->catalog, p->path, type, -1, false, &p->out);
    else
        buf_puts(&p->out, "???");
}

static void put_qualified(struct buf *out, const char *schema, const char *name)
{
    quote_ident(out, schema);
    buf_putc(out, '.');
    quote_ident(out, name);
}

/* ---- pg_get_expr ---- */

static bool get_expr(struct fcall *c, bool pretty)
{
    struct printing p = printing(c, pretty);
    const char *sql = arena_strndup(c->arena, ARG_P(c, 0), ARG_N(c, 0));
    const struct relation *relation =
        ARG_I(c, 1) ? catalog_relation(p.catalog, (uint32_t)ARG_I(c, 1)) : NULL;
    if (ARG_I(c, 1) && !relation)
        return return_null(c);
    const char *text = expr_text(&p, sql, relation);
    return return_bytes(c, text, strlen(text));
}

static bool pg_get_expr(struct fcall *c)
{
    return get_expr(c, false);
}

static bool pg_get_expr_ext(struct fcall *c)
{
    return get_expr(c, ARG_I(c, 2) != 0);
}

/* ---- pg_get_indexdef ---- */

/* f(x), or an expression in parentheses. */
static bool looks_like_call(const char *text)
{
    const char *p = text;
    if (*p == '(')
        return false;
    while (*p && *p != '(' && *p != ' ')
        p++;
    if (*p != '(' || p == text)
        return false;
    int depth = 0;
    bool quoted = false;
    for (; *p; p++) {
        if (*p == '\'')
            quoted = !quoted;
        if (quoted)
            continue;
        depth += *p == '(' ? 1 : *p == ')' ? -1 : 0;
        if (depth == 0)
            return p[1] == 0;
    }
    return false;
}

static void put_index_key(struct printing *p, const struct relation *relation,
                          const struct index_key *key)
{
    if (key->attnum) {
        quote_ident(&p->out, relation->columns[key->attnum - 1].name);
        return;
    }
    const char *text = expr_text(p, key->expr_sql, relation);
    if (looks_like_call(text))
        buf_puts(&p->out, text);
    else
        buf_printf(&p->out, "(%s)", text);
}

static void put_collation(struct printing *p, uint32_t oid)
{
    const struct builtin_rows *rows = builtin_rows_of("pg_collation");
    for (uint32_t r = 0; rows && r < rows->n_rows; r++) {
        const char *const *cells = rows->cells + (size_t)r * rows->n_columns;
        if (strtoul(cells[0], NULL, 10) == oid) {
            buf_puts(&p->out, " COLLATE ");
            quote_ident(&p->out, cells[1]);
        }
    }
}

static void put_key_options(struct printing *p, const struct relation *relation,
                            const struct index_key *key, bool ordered)
{
    uint32_t usual = key->attnum > 0 ? relation->columns[key->attnum - 1].collation_oid : 0;
    if (key->collation_oid && key->collation_oid != (usual ? usual : key->type->collation_oid))
        put_collation(p, key->collation_oid);
    if (key->opclass) {
        buf_putc(&p->out, ' ');
        quote_ident(&p->out, key->opclass);
    }
    if (!ordered)
        return;
    if (key->descending)
        buf_puts(&p->out, key->nulls_first ? " DESC" : " DESC NULLS LAST");
    else if (key->nulls_first)
        buf_puts(&p->out, " NULLS FIRST");
}

static void put_options(struct printing *p, const char *const *options)
{
    if (!options || !options[0])
        return;
    buf_puts(&p->out, " WITH (");
    for (size_t k = 0; options[k]; k++) {
        const char *equals = strchr(options[k], '=');
        if (k)
            buf_puts(&p->out, ", ");
        if (!equals) {
            buf_puts(&p->out, options[k]);
            continue;
        }
        buf_printf(&p->out, "%.*s=", (int)(equals - options[k]), options[k]);
        quote_literal(&p->out, equals + 1, strlen(equals + 1));
    }
    buf_putc(&p->out, ')');
}

static void put_index(struct printing *p, const struct index *index)
{
    const struct relation *relation = catalog_relation(p->catalog, index->relation_oid);
    bool ordered = strcmp(index->method, "btree") == 0;
    buf_printf(&p->out, "CREATE %sINDEX ", index->unique ? "UNIQUE " : "");
    quote_ident(&p->out, index->name);
    buf_puts(&p->out, " ON ");
    if (p->pretty)
        buf_puts(&p->out, relation_display_name(p->c->arena, p->catalog, p->path, relation));
    else
        put_qualified(&p->out, relation->namespace_name, relation->name);
    buf_printf(&p->out, " USING %s (", index->method);
    for (uint16_t k = 0; k < index->n_keys; k++) {
        if (k)
            buf_puts(&p->out, ", ");
        put_index_key(p, relation, &index->keys[k]);
        put_key_options(p, relation, &index->keys[k], ordered);
    }
    for (uint16_t k = 0; k < index->n_include; k++) {
        buf_puts(&p->out, k ? ", " : ") INCLUDE (");
        put_index_key(p, relation, &index->keys[index->n_keys + k]);
    }
    buf_putc(&p->out, ')');
    if (index->nulls_not_distinct)
        buf_puts(&p->out, " NULLS NOT DISTINCT");
    put_options(p, index->options);
    if (index->where_sql) {
        const char *text = expr_text(p, index->where_sql, relation);
        buf_printf(&p->out, " WHERE %s", text);
    }
}

static void put_system_index(struct printing *p, const struct builtin_index *index)
{
    const struct relation *relation = builtin_relation(index->relation_oid);
    buf_printf(&p->out, "CREATE %sINDEX %s ON ", index->unique ? "UNIQUE " : "", index->name);
    if (!p->pretty)
        buf_puts(&p->out, "pg_catalog.");
    buf_printf(&p->out, "%s USING btree (", relation->name);
    const char *at = index->keys;
    for (bool first = true; *at; first = false) {
        char *end;
        long key = strtol(at, &end, 10);
        if (end == at)
            break;
        buf_printf(&p->out, "%s%s", first ? "" : ", ",
                   key > 0 ? relation->columns[key - 1].name : "");
        at = end;
    }
    buf_putc(&p->out, ')');
}

static bool get_indexdef(struct fcall *c, int64_t column, bool pretty)
{
    struct printing p = printing(c, pretty);
    uint32_t oid = (uint32_t)ARG_I(c, 0);
    const struct index *index = catalog_index(p.catalog, oid);
    if (index && column == 0) {
        put_index(&p, index);
        return done(&p);
    }
    if (index) {
        if (column >= 1 && column <= index->n_keys + index->n_include)
            put_index_key(&p, catalog_relation(p.catalog, index->relation_oid),
                          &index->keys[column - 1]);
        return done(&p);
    }
    for (size_t k = 0; k < builtin_n_indexes; k++)
        if (builtin_indexes[k].oid == oid) {
            put_system_index(&p, &builtin_indexes[k]);
            return done(&p);
        }
    return return_null(c);
}

static bool pg_get_indexdef(struct fcall *c)
{
    return get_indexdef(c, 0, false);
}

static bool pg_get_indexdef_ext(struct fcall *c)
{
    return get_indexdef(c, ARG_I(c, 1), ARG_I(c, 2) != 0);
}

/* ---- pg_get_constraintdef ---- */

static void put_columns(struct printing *p, const struct relation *relation, const int16_t *columns,
                        uint16_t n)
{
    buf_putc(&p->out, '(');
    for (uint16_t k = 0; k < n; k++) {
        if (k)
            buf_puts(&p->out, ", ");
        quote_ident(&p->out, relation->columns[columns[k] - 1].name);
    }
    buf_putc(&p->out, ')');
}

static const char *action_words(enum fk_action action)
{
    switch (action) {
    case FK_RESTRICT:
        return "RESTRICT";
    case FK_CASCADE:
        return "CASCADE";
    case FK_SET_NULL:
        return "SET NULL";
    case FK_SET_DEFAULT:
        return "SET DEFAULT";
    case FK_NO_ACTION:
        break;
    }
    return NULL;
}

static void put_foreign(struct printing *p, const struct relation *relation,
                        const struct constraint *constraint)
{
    const struct relation *target = catalog_relation(p->catalog, constraint->ref_relation_oid);
    const char *on_update = action_words(constraint->on_update),
               *on_delete = action_words(constraint->on_delete);
    buf_puts(&p->out, "FOREIGN KEY ");
    put_columns(p, relation, constraint->columns, constraint->n_columns);
    buf_printf(&p->out, " REFERENCES %s",
               relation_display_name(p->c->arena, p->catalog, p->path, target));
    put_columns(p, target, constraint->ref_columns, constraint->n_columns);
    if (constraint->match == 'f')
        buf_puts(&p->out, " MATCH FULL");
    if (on_update)
        buf_printf(&p->out, " ON UPDATE %s", on_update);
    if (on_delete)
        buf_printf(&p->out, " ON DELETE %s", on_delete);
    if (constraint->n_set_columns) {
        buf_putc(&p->out, ' ');
        put_columns(p, relation, constraint->set_columns, constraint->n_set_columns);
    }
}

static void put_key(struct printing *p, const struct relation *relation,
                    const struct constraint *constraint)
{
    const struct index *index = catalog_index(p->catalog, constraint->index_oid);
    buf_puts(&p->out, constraint->kind == 'p' ? "PRIMARY KEY " : "UNIQUE ");
    if (index && index->nulls_not_distinct)
        buf_puts(&p->out, "NULLS NOT DISTINCT ");
    put_columns(p, relation, constraint->columns, constraint->n_columns);
    for (uint16_t k = 0; index && k < index->n_include; k++) {
        buf_puts(&p->out, k ? ", " : " INCLUDE (");
        put_index_key(p, relation, &index->keys[index->n_keys + k]);
    }
    if (index && index->n_include)
        buf_putc(&p->out, ')');
    if (index)
        put_options(p, index->options);
}

static void put_constraint(struct printing *p, const struct constraint *constraint)
{
    const struct relation *relation = catalog_relation(p->catalog, constraint->relation_oid);
    if (constraint->kind == 'f')
        put_foreign(p, relation, constraint);
    else if (constraint->kind == 'c')
        buf_printf(&p->out, "CHECK (%s)", expr_text(p, constraint->check_sql, relation));
    else
        put_key(p, relation, constraint);
    if (constraint->kind == 'c' && constraint->no_inherit)
        buf_puts(&p->out, " NO INHERIT");
    if (constraint->deferrable)
        buf_puts(&p->out, " DEFERRABLE");
    if (constraint->deferred)
        buf_puts(&p->out, " INITIALLY DEFERRED");
    if (!constraint->validated)
        buf_puts(&p->out, " NOT VALID");
}

/* A domain's check: its words are as they were kept, with the outer parentheses of the style. */
static bool domain_constraint(struct printing *p, uint32_t oid)
{
    const struct type *type;
    for (size_t at = 0; (type = catalog_next_type(p->catalog, &at));) {
        const struct domain_info *domain = type->domain;
        for (uint16_t k = 0; domain && k < domain->n_checks; k++) {
            if (domain->checks[k].oid != oid)
                continue;
            const char *text = domain->checks[k].sql;
            size_t n = strlen(text);
            if (p->pretty && n > 2 && text[0] == '(' && text[n - 1] == ')')
                buf_printf(&p->out, "CHECK %s", text);
            else
                buf_printf(&p->out, "CHECK (%s)", text);
            if (!domain->checks[k].validated)
                buf_puts(&p->out, " NOT VALID");
            return true;
        }
    }
    return false;
}

static bool system_constraint(struct printing *p, uint32_t oid)
{
    for (size_t k = 0; k < builtin_n_constraints; k++) {
        const struct builtin_constraint *constraint = &builtin_constraints[k];
        if (constraint->oid != oid)
            continue;
        const struct relation *relation = builtin_relation(constraint->relation_oid);
        buf_puts(&p->out, constraint->kind == 'p' ? "PRIMARY KEY (" : "UNIQUE (");
        const char *at = constraint->columns + 1;
        for (bool first = true; *at && *at != '}'; first = false) {
            char *end;
            long key = strtol(at, &end, 10);
            buf_printf(&p->out, "%s%s", first ? "" : ", ", relation->columns[key - 1].name);
            at = *end == ',' ? end + 1 : end;
        }
        buf_putc(&p->out, ')');
        return true;
    }
    return false;
}

static bool get_constraintdef(struct fcall *c, bool pretty)
{
    struct printing p = printing(c, pretty);
    uint32_t oid = (uint32_t)ARG_I(c, 0);
    const struct constraint *constraint = catalog_constraint(p.catalog, oid);
    if (constraint)
        put_constraint(&p, constraint);
    else if (!domain_constraint(&p, oid) && !system_constraint(&p, oid))
        return return_null(c);
    return done(&p);
}

static bool pg_get_constraintdef(struct fcall *c)
{
    return get_constraintdef(c, false);
}

static bool pg_get_constraintdef_ext(struct fcall *c)
{
    return get_constraintdef(c, ARG_I(c, 1) != 0);
}

/* ---- pg_get_viewdef, pg_get_ruledef ---- */

/* The columns of the view may have other names than its query gives. */
static void name_targets(struct query *query, const struct relation *view)
{
    uint16_t column = 0;
    for (size_t k = 0; k < query->targets.n && column < view->n_columns; k++)
        if (!query->targets.items[k].junk)
            query->targets.items[k].name = view->columns[column++].name;
}

static bool put_view(struct printing *p, const struct relation *view)
{
    struct raw_statements parsed;
    struct analyze_context stored = context_of(p, view->view_sql, true),
                           shown = context_of(p, view->view_sql, false);
    if (!sql_parse(p->c->arena, view->view_sql, &parsed, p->c->err))
        return false;
    struct query *query = analyze(&stored, &parsed.items[0], p->c->err);
    if (!query)
        return false;
    name_targets(query, view);
    deparse_query(&shown, query, p->pretty, &p->out);
    if (!p->out.n || p->out.p[p->out.n - 1] != ';')
        buf_putc(&p->out, ';');
    return true;
}

static bool get_viewdef(struct fcall *c, const struct relation *view, bool pretty)
{
    struct printing p = printing(c, pretty);
    if (!view || (view->kind != 'v' && view->kind != 'm'))
        return view ? return_bytes(c, "Not a view", 10) : return_null(c);
    if (!view->view_sql)
        return return_null(c);
    return put_view(&p, view) && done(&p);
}

static bool pg_get_viewdef(struct fcall *c)
{
    return get_viewdef(c, catalog_relation(c->env->catalog, (uint32_t)ARG_I(c, 0)), false);
}

static bool pg_get_viewdef_ext(struct fcall *c)
{
    return get_viewdef(c, catalog_relation(c->env->catalog, (uint32_t)ARG_I(c, 0)),
                       ARG_I(c, 1) != 0);
}

static bool pg_get_viewdef_wrap(struct fcall *c)
{
    return get_viewdef(c, catalog_relation(c->env->catalog, (uint32_t)ARG_I(c, 0)), true);
}

static bool viewdef_named(struct fcall *c, bool pretty)
{
    const struct relation *relation;
    return relation_argument(c, 0, &relation) && get_viewdef(c, relation, pretty);
}

static bool pg_get_viewdef_name(struct fcall *c)
{
    return viewdef_named(c, false);
}

static bool pg_get_viewdef_name_ext(struct fcall *c)
{
    return viewdef_named(c, ARG_I(c, 1) != 0);
}

static bool get_ruledef(struct fcall *c, bool pretty)
{
    struct printing p = printing(c, pretty);
    uint32_t relation_oid;
    int16_t attnum;
    const struct relation *view =
        synthetic_oid_parts((uint32_t)ARG_I(c, 0), &relation_oid, &attnum) && attnum == 0
            ? catalog_relation(p.catalog, relation_oid)
            : NULL;
    if (!view || !view->view_sql)
        return return_null(c);
    buf_puts(&p.out, "CREATE RULE \"_RETURN\" AS\n    ON SELECT TO ");
    put_qualified(&p.out, view->namespace_name, view->name);
    buf_puts(&p.out, " DO INSTEAD ");
    return put_view(&p, view) && done(&p);
}

static bool pg_get_ruledef(struct fcall *c)
{
    return get_ruledef(c, false);
}

static bool pg_get_ruledef_ext(struct fcall *c)
{
    return get_ruledef(c, ARG_I(c, 1) != 0);
}

/* ---- functions ---- */

static const struct proc *proc_argument(struct fcall *c)
{
    return catalog_proc(c->env->catalog, (uint32_t)ARG_I(c, 0));
}

/* The arguments, or those of RETURNS TABLE. */
static void put_arguments(struct printing *p, const struct proc *proc, bool table, bool defaults)
{
    uint16_t n = proc->n_all_args ? proc->n_all_args : proc->n_args, input = 0;
    bool any = false;
    for (uint16_t k = 0; k < n; k++) {
        char mode = proc->n_all_args && proc->arg_modes ? proc->arg_modes[k] : 'i';
        bool is_input = mode == 'i' || mode == 'b' || mode == 'v';
        uint32_t type = proc->n_all_args ? proc->all_arg_types[k] : proc->arg_types[k];
        input += is_input;
        if (table != (mode == 't'))
            continue;
        if (any)
            buf_puts(&p->out, ", ");
        any = true;
        buf_puts(&p->out, mode == 'o'   ? "OUT "
                          : mode == 'b' ? "INOUT "
                          : mode == 'v' ? "VARIADIC "
                                        : "");
        if (mode == 'i' && proc->kind == 'p')
            buf_puts(&p->out, "IN ");
        if (proc->arg_names && proc->arg_names[k][0]) {
            quote_ident(&p->out, proc->arg_names[k]);
            buf_putc(&p->out, ' ');
        }
        put_type_plain(p, type);
        int at = input - (proc->n_args - proc->n_defaults) - 1;
        if (defaults && is_input && at >= 0 && at < proc->n_defaults)
            buf_printf(&p->out, " DEFAULT %s", expr_text(p, proc->default_sql[at], NULL));
    }
}

static bool returns_table(const struct proc *proc)
{
    return proc->arg_modes && proc->n_all_args && strchr(proc->arg_modes, 't');
}

static void put_result(struct printing *p, const struct proc *proc)
{
    if (proc->returns_set && returns_table(proc)) {
        buf_puts(&p->out, "TABLE(");
        put_arguments(p, proc, true, false);
        buf_putc(&p->out, ')');
        return;
    }
    if (proc->returns_set)
        buf_puts(&p->out, "SETOF ");
    put_type_plain(p, proc->result_type);
}

static bool pg_get_function_arguments(struct fcall *c)
{
    struct printing p = printing(c, false);
    const struct proc *proc = proc_argument(c);
    if (!proc)
        return return_null(c);
    put_arguments(&p, proc, false, true);
    return done(&p);
}

static bool pg_get_function_identity_arguments(struct fcall *c)
{
    struct printing p = printing(c, false);
    const struct proc *proc = proc_argument(c);
    if (!proc)
        return return_null(c);
    put_arguments(&p, proc, false, false);
    return done(&p);
}

static bool pg_get_function_result(struct fcall *c)
{
    struct printing p = printing(c, false);
    const struct proc *proc = proc_argument(c);
    if (!proc || proc->kind == 'p')
        return return_null(c);
    put_result(&p, proc);
    return done(&p);
}

static bool pg_get_function_arg_default(struct fcall *c)
{
    struct printing p = printing(c, false);
    const struct proc *proc = proc_argument(c);
    int64_t nth = ARG_I(c, 1), n = proc ? proc->n_all_args ? proc->n_all_args : proc->n_args : 0,
            input = 0;
    if (nth < 1 || nth > n)
        return return_null(c);
    for (int64_t k = 0; k < nth; k++) {
        char mode = proc->n_all_args && proc->arg_modes ? proc->arg_modes[k] : 'i';
        bool is_input = mode == 'i' || mode == 'b' || mode == 'v';
        input += is_input;
        if (k == nth - 1 && !is_input)
            return return_null(c);
    }
    int64_t at = input - 1 - (proc->n_args - proc->n_defaults);
    if (at < 0 || at >= proc->n_defaults)
        return return_null(c);
    const char *text = expr_text(&p, proc->default_sql[at], NULL);
    return return_bytes(c, text, strlen(text));
}

static bool is_standard_body(const struct proc *proc)
{
    return proc->sql_body && !proc->prosrc[0] && proc->sql_body[0];
}

static void put_attributes(struct printing *p, const struct proc *proc)
{
    size_t before = p->out.n;
    if (proc->volatility == 'i')
        buf_puts(&p->out, " IMMUTABLE");
    else if (proc->volatility == 's')
        buf_puts(&p->out, " STABLE");
    if (proc->parallel == 's')
        buf_puts(&p->out, " PARALLEL SAFE");
    else if (proc->parallel == 'r')
        buf_puts(&p->out, " PARALLEL RESTRICTED");
    if (proc->strict)
        buf_puts(&p->out, " STRICT");
    if (proc->security_definer)
        buf_puts(&p->out, " SECURITY DEFINER");
    if (proc->leakproof)
        buf_puts(&p->out, " LEAKPROOF");
    double usual_cost =
        strcmp(proc->language, "internal") == 0 || strcmp(proc->language, "c") == 0 ? 1 : 100;
    if (proc->cost != usual_cost)
        buf_printf(&p->out, " COST %g", proc->cost);
    if (proc->rows > 0 && proc->rows != 1000)
        buf_printf(&p->out, " ROWS %g", proc->rows);
    if (p->out.n != before)
        buf_putc(&p->out, '\n');
}

static bool pg_get_functiondef(struct fcall *c)
{
    struct printing p = printing(c, false);
    const struct proc *proc = proc_argument(c);
    if (!proc)
        return return_null(c);
    if (proc->kind == 'a')
        return err_set(c->err, ERR_WRONG_OBJECT_TYPE, "\"%s\" is an aggregate function",
                       proc->name);
    buf_printf(&p.out, "CREATE OR REPLACE %s ", proc->kind == 'p' ? "PROCEDURE" : "FUNCTION");
    put_qualified(&p.out, namespace_name(p.catalog, proc->namespace_oid), proc->name);
    buf_putc(&p.out, '(');
    put_arguments(&p, proc, false, true);
    buf_puts(&p.out, ")\n");
    if (proc->kind != 'p') {
        buf_puts(&p.out, " RETURNS ");
        put_result(&p, proc);
        buf_putc(&p.out, '\n');
    }
    buf_printf(&p.out, " LANGUAGE %s\n", proc->language);
    put_attributes(&p, proc);
    const char *body = proc->sql_body ? proc->sql_body : proc->prosrc;
    const char *tag = proc->kind == 'p' ? "procedure" : "function";
    if (strcmp(proc->language, "internal") == 0)
        buf_printf(&p.out, "AS $%s$%s$%s$\n", tag, body, tag);
    else if (is_standard_body(proc))
        buf_printf(&p.out, "BEGIN ATOMIC\n %s;\nEND\n", body);
    else
        buf_printf(&p.out, "AS $%s$%s$%s$\n", tag, body, tag);
    return done(&p);
}

/* ---- the rest ---- */

static bool pg_get_serial_sequence(struct fcall *c)
{
    const struct relation *relation;
    if (!relation_argument(c, 0, &relation))
        return false;
    const char *name = arena_strndup(c->arena, ARG_P(c, 1), ARG_N(c, 1));
    const struct column *column = relation_column(relation, name);
    if (!column)
        return err_set(c->err, ERR_UNDEFINED_COLUMN,
                       "column \"%s\" of relation \"%s\" does not exist", name, relation->name);
    const struct relation *sequence = NULL, *other;
    for (size_t at = builtin_n_relations; (other = catalog_next_relation(c->env->catalog, &at));)
        if (other->sequence && other->sequence->owned_by_relation == relation->oid &&
            other->sequence->owned_by_attnum == column->attnum)
            sequence = other;
    if (!sequence)
        return return_null(c);
    struct buf out = BUF_IN(c->arena);
    put_qualified(&out, sequence->namespace_name, sequence->name);
    return return_bytes(c, out.p, out.n);
}

static bool pg_get_userbyid(struct fcall *c)
{
    const struct role *role = catalog_role(c->env->catalog, (uint32_t)ARG_I(c, 0));
    const char *name =
        role ? role->name : arena_printf(c->arena, "unknown (OID=%u)", (uint32_t)ARG_I(c, 0));
    return return_bytes(c, name, strlen(name));
}

static bool format_type_sql(struct fcall *c)
{
    struct printing p = printing(c, false);
    if (c->args[0].null)
        return return_null(c);
    uint32_t oid = (uint32_t)ARG_I(c, 0);
    const struct type *type = catalog_type(p.catalog, oid);
    if (!oid)
        return return_bytes(c, "-", 1);
    if (!type)
        return return_bytes(c, "???", 3);
    if (c->args[1].null)
        put_type_plain(&p, oid);
    else
        put_type(&p, oid, (int32_t)ARG_I(c, 1));
    return done(&p);
}

static bool get_triggerdef(struct fcall *c)
{
    const struct trigger *trigger;
    for (size_t at = 0; (trigger = catalog_next_trigger(c->env->catalog, &at));)
        if (trigger->oid == (uint32_t)ARG_I(c, 0) && trigger->definition_sql)
            return return_bytes(c, trigger->definition_sql, strlen(trigger->definition_sql));
    return return_null(c);
}

/* ---- for system relations ---- */

const char *define_expr(const struct env *env, struct arena *arena, const char *sql,
                        const struct relation *relation)
{
    struct err err = ERR_IN(arena);
    struct fcall call = {.arena = arena, .err = &err, .env = env};
    struct printing p = printing(&call, false);
    return expr_text(&p, sql, relation);
}

const char *define_constraint(const struct env *env, struct arena *arena,
                              const struct constraint *constraint)
{
    struct err err = ERR_IN(arena);
    struct fcall call = {.arena = arena, .err = &err, .env = env};
    struct printing p = printing(&call, false);
    put_constraint(&p, constraint);
    return buf_cstr(&p.out);
}

const char *define_view(const struct env *env, struct arena *arena, const struct relation *view)
{
    struct err err = ERR_IN(arena);
    struct fcall call = {.arena = arena, .err = &err, .env = env};
    struct printing p = printing(&call, false);
    return view->view_sql && put_view(&p, view) ? buf_cstr(&p.out) : NULL;
}

/* Objects of kinds that do not exist here have no definition. */
static bool nothing(struct fcall *c)
{
    return return_null(c);
}

FUNC_TABLE(catalog_define_funcs) = {
    {"pg_get_expr", pg_get_expr},
    {"pg_get_expr_ext", pg_get_expr_ext},
    {"pg_get_indexdef", pg_get_indexdef},
    {"pg_get_indexdef_ext", pg_get_indexdef_ext},
    {"pg_get_constraintdef", pg_get_constraintdef},
    {"pg_get_constraintdef_ext", pg_get_constraintdef_ext},
    {"pg_get_viewdef", pg_get_viewdef},
    {"pg_get_viewdef_ext", pg_get_viewdef_ext},
    {"pg_get_viewdef_wrap", pg_get_viewdef_wrap},
    {"pg_get_viewdef_name", pg_get_viewdef_name},
    {"pg_get_viewdef_name_ext", pg_get_viewdef_name_ext},
    {"pg_get_ruledef", pg_get_ruledef},
    {"pg_get_ruledef_ext", pg_get_ruledef_ext},
    {"pg_get_functiondef", pg_get_functiondef},
    {"pg_get_function_arguments", pg_get_function_arguments},
    {"pg_get_function_identity_arguments", pg_get_function_identity_arguments},
    {"pg_get_function_result", pg_get_function_result},
    {"pg_get_function_arg_default", pg_get_function_arg_default},
    {"pg_get_serial_sequence", pg_get_serial_sequence},
    {"pg_get_userbyid", pg_get_userbyid},
    {"format_type", format_type_sql},
    {"pg_get_triggerdef", get_triggerdef},
    {"pg_get_triggerdef_ext", get_triggerdef},
    {"pg_get_partkeydef", nothing},
    {"pg_get_partition_constraintdef", nothing},
    {"pg_get_statisticsobjdef", nothing},
    {"pg_get_statisticsobjdef_columns", nothing},
    {"pg_get_statisticsobjdef_expressions", nothing},
    {"pg_get_function_sqlbody", nothing},
    {"pg_get_replica_identity_index", nothing},
    {NULL, NULL},
};
