/* deparse.c - an analysed expression as PostgreSQL's canonical SQL (pg_get_expr, pg_get_constraintdef, pg_get_indexdef, view bodies).
 *
 * What it prints is parsed back to the same expression, and it is what tools compare schemas by, so it follows PostgreSQL 15 to the
 * blank: operators in parentheses unless `pretty` and safe, constants with their type unless it is obvious, casts as ::type. */
#include "sql/deparse_int.h"

#include <string.h>

#include "types/type.h"

static void put(struct deparser *d, const char *text)
{
    buf_puts(d->out, text);
}

static void put_type(struct deparser *d, const struct type *type, int32_t typmod)
{
    format_type(d->context->catalog, &d->context->path, type, typmod, true, d->out);
}

/* ---- constants ---- */

static const char *value_text(struct deparser *d, const struct type *type,
                              const struct datum *value)
{
    struct err ignored = ERR_IN(d->arena);
    struct type_io io = {.arena = d->arena,
                         .err = &ignored,
                         .type = type,
                         .typmod = -1,
                         .settings = d->context->env->settings,
                         .env = d->context->env};
    const char *text = "";
    return type_out_cstring(&io, value, &text) ? text : "";
}

static void put_const(struct deparser *d, const struct expr *e, bool with_type)
{
    bool label = true;
    if (e->value.null) {
        put(d, "NULL");
        if (with_type) {
            put(d, "::");
            put_type(d, e->type, e->typmod);
        }
        return;
    }
    const char *text = value_text(d, e->type, &e->value);
    switch (e->type->oid) {
    case TYPE_BOOL:
        put(d, e->value.i ? "true" : "false");
        return;
    case TYPE_INT4:
        if (text[0] != '-') {
            put(d, text);
            return;
        }
        buf_printf(d->out, "'%s'", text);
        break;
    case TYPE_NUMERIC:
        /* Without a point it would be read as an integer. */
        if (text[0] >= '0' && text[0] <= '9' && strpbrk(text, ".eE")) {
            put(d, text);
            label = e->typmod >= 0;
        } else {
            buf_printf(d->out, "'%s'", text);
        }
        break;
    case TYPE_BIT:
    case TYPE_VARBIT:
        buf_printf(d->out, "B'%s'", text);
        break;
    case TYPE_UNKNOWN:
        quote_literal(d->out, text, strlen(text));
        return;
    default:
        quote_literal(d->out, text, strlen(text));
    }
    if (label && with_type) {
        put(d, "::");
        put_type(d, e->type, e->typmod);
    }
}

/* ---- which expressions need no parentheses (pretty printing) ---- */

static bool is_collate(const struct expr *e)
{
    return e->kind == EXPR_RELABEL && e->form == FORM_CALL;
}

static bool is_cast(const struct expr *e)
{
    if (is_collate(e))
        return false;
    return (e->kind == EXPR_FUNC && (e->func.explicit_cast || e->func.implicit_cast)) ||
           e->kind == EXPR_RELABEL || e->kind == EXPR_IO_CAST || e->kind == EXPR_ARRAY_CAST ||
           e->kind == EXPR_DOMAIN_CAST;
}

static bool is_operator(const struct expr *e)
{
    return e->kind == EXPR_FUNC && e->func.op && !is_cast(e);
}

static bool is_closed_parent(const struct expr *parent)
{
    switch ((int)parent->kind) {
    case EXPR_FUNC:
        return !is_operator(parent) && !is_cast(parent);
    case EXPR_AND:
    case EXPR_OR:
    case EXPR_NOT:
    case EXPR_ARRAY:
    case EXPR_ROW:
    case EXPR_COALESCE:
    case EXPR_GREATEST:
    case EXPR_LEAST:
    case EXPR_NULLIF:
    case EXPR_AGGREGATE:
    case EXPR_WINDOW:
    case EXPR_CASE:
    case EXPR_SUBSCRIPT:
        return true;
    default:
        return false;
    }
}

static int arithmetic_rank(const char *name)
{
    if (name[0] == 0 || name[1] != 0)
        return 0;
    return strchr("+-", name[0]) ? 1 : strchr("*/%", name[0]) ? 2 : 0;
}

static bool op_is_simple_in(const struct expr *e, const struct expr *parent)
{
    if (!is_operator(parent))
        return is_closed_parent(parent);
    int own = arithmetic_rank(e->func.op->name), outer = arithmetic_rank(parent->func.op->name);
    if (!own || !outer)
        return false;
    return own > outer || (own == outer && parent->args.items[0] == e);
}

static bool is_simple_in(const struct expr *e, const struct expr *parent)
{
    switch ((int)e->kind) {
    case EXPR_FUNC:
        if (is_cast(e))
            return is_simple_in(e->args.items[0], e);
        return is_operator(e) ? op_is_simple_in(e, parent) : true;
    case EXPR_RELABEL:
        return !is_collate(e) && is_simple_in(e->args.items[0], e);
    case EXPR_IO_CAST:
    case EXPR_ARRAY_CAST:
    case EXPR_DOMAIN_CAST:
        return is_simple_in(e->args.items[0], e);
    case EXPR_AND:
    case EXPR_NOT:
        return parent->kind == EXPR_AND || parent->kind == EXPR_OR
                   ? true
                   : is_closed_parent(parent) && parent->kind != EXPR_NOT;
    case EXPR_OR:
        return parent->kind == EXPR_OR ||
               (is_closed_parent(parent) && parent->kind != EXPR_AND && parent->kind != EXPR_NOT);
    case EXPR_SUBLINK:
    case EXPR_IS_NULL:
    case EXPR_IS_NOT_NULL:
    case EXPR_IS_TRUE:
    case EXPR_IS_NOT_TRUE:
    case EXPR_IS_FALSE:
    case EXPR_IS_NOT_FALSE:
    case EXPR_IS_UNKNOWN:
    case EXPR_IS_NOT_UNKNOWN:
    case EXPR_DISTINCT:
        return is_closed_parent(parent);
    case EXPR_ANY:
    case EXPR_ALL:
    case EXPR_ROW_COMPARE:
        return is_closed_parent(parent);
    default:
        return true;
    }
}

static void put_in(struct deparser *d, const struct expr *e, const struct expr *parent,
                   bool show_implicit)
{
    bool parens = d->pretty && !is_simple_in(e, parent);
    if (parens)
        put(d, "(");
    put_expr(d, e, show_implicit);
    if (parens)
        put(d, ")");
}

void put_expr_in(struct deparser *d, const struct expr *e, const struct expr *parent)
{
    put_in(d, e, parent, true);
}

static void open_paren(struct deparser *d)
{
    if (!d->pretty)
        put(d, "(");
}

static void close_paren(struct deparser *d)
{
    if (!d->pretty)
        put(d, ")");
}

static void put_list(struct deparser *d, const struct exprs *list)
{
    for (size_t k = 0; k < list->n; k++) {
        if (k)
            put(d, ", ");
        put_expr(d, list->items[k], true);
    }
}

/* ---- columns ---- */

static void put_lone_column(struct deparser *d, const struct expr *e)
{
    if (d->relation && e->column.attnum > 0)
        quote_ident(d->out, d->relation->columns[e->column.attnum - 1].name);
    else if (d->relation && e->column.attnum == 0)
        buf_printf(d->out, "%s.*", quoted_ident(d->arena, d->relation->name));
    else
        put(d, e->column.attnum == -6 ? "tableoid" : "ctid");
}

static void put_column(struct deparser *d, const struct expr *e)
{
    const struct deparse_level *level = d->level;
    for (int k = 0; level && k < e->column.levels_up; k++)
        level = level->outer;
    if (!level) {
        put_lone_column(d, e);
        return;
    }
    const struct rte *rte = &level->query->rtes[e->column.rte];
    quote_ident(d->out, level->names[e->column.rte]);
    put(d, ".");
    if (e->column.attnum > 0)
        quote_ident(d->out, rte->columns[e->column.attnum - 1].name);
    else if (e->column.attnum == 0)
        put(d, "*");
    else
        put(d, e->column.attnum == -6   ? "tableoid"
               : e->column.attnum == -1 ? "ctid"
               : e->column.attnum == -2 ? "xmin"
                                        : "cmin");
}

/* ---- casts ---- */

static void put_cast(struct deparser *d, const struct expr *arg, const struct expr *cast)
{
    if (arg->kind == EXPR_CONST && arg->type->oid == cast->type->oid && arg->typmod == -1) {
        put_const(d, arg, false);
    } else {
        open_paren(d);
        put_expr_in(d, arg, cast);
        close_paren(d);
    }
    put(d, "::");
    put_type(d, cast->type, cast->typmod);
}

/* ---- functions and operators ---- */

static void put_operator_name(struct deparser *d, const struct oper *op)
{
    const struct namespace *namespace =
        op->namespace_oid == NAMESPACE_PG_CATALOG
            ? NULL
            : catalog_namespace(d->context->catalog, op->namespace_oid);
    if (namespace)
        buf_printf(d->out, "OPERATOR(%s.%s)", quoted_ident(d->arena, namespace->name), op->name);
    else
        put(d, op->name);
}

static void put_operator(struct deparser *d, const struct expr *e)
{
    open_paren(d);
    if (e->args.n == 2) {
        put_expr_in(d, e->args.items[0], e);
        put(d, " ");
        put_operator_name(d, e->func.op);
        put(d, " ");
        put_expr_in(d, e->args.items[1], e);
    } else {
        put_operator_name(d, e->func.op);
        put(d, " ");
        put_expr_in(d, e->args.items[0], e);
    }
    close_paren(d);
}

static void put_collate(struct deparser *d, const struct expr *e, bool show_implicit)
{
    const char *name = e->collation_oid == 950     ? "C"
                       : e->collation_oid == 951   ? "POSIX"
                       : e->collation_oid == 12340 ? "ucs_basic"
                       : e->collation_oid == 12341 ? "C.utf8"
                                                   : "default";
    if (!d->pretty)
        put(d, "(");
    put_in(d, e->args.items[0], e, show_implicit);
    buf_printf(d->out, " COLLATE %s", quoted_ident(d->arena, name));
    if (!d->pretty)
        put(d, ")");
}

static void put_function_name(struct deparser *d, const struct proc *proc)
{
    const struct namespace *namespace =
        proc->namespace_oid == NAMESPACE_PG_CATALOG
            ? NULL
            : catalog_namespace(d->context->catalog, proc->namespace_oid);
    bool visible = !namespace;
    for (int k = 0; namespace && k < d->context->path.n; k++)
        visible |= d->context->path.namespaces[k] == namespace->oid;
    if (!visible)
        buf_printf(d->out, "%s.", quoted_ident(d->arena, namespace->name));
    quote_ident(d->out, proc->name);
}

/* EXTRACT and its kin keep their SQL spelling. */
static void put_separated(struct deparser *d, const struct expr *e, size_t first,
                          const char *const *words, size_t n_words)
{
    for (size_t k = 0; first + k < e->args.n && k < n_words; k++) {
        put(d, words[k]);
        put_expr(d, e->args.items[first + k], true);
    }
    put(d, ")");
}

static bool put_string_syntax(struct deparser *d, const struct expr *e, const char *name)
{
    static const char *const substring_words[] = {"SUBSTRING(", " FROM ", " FOR "};
    static const char *const overlay_words[] = {"OVERLAY(", " PLACING ", " FROM ", " FOR "};
    if (strcmp(name, "substring") == 0)
        put_separated(d, e, 0, substring_words, ARRAY_COUNT(substring_words));
    else if (strcmp(name, "overlay") == 0)
        put_separated(d, e, 0, overlay_words, ARRAY_COUNT(overlay_words));
    else if (strcmp(name, "position") == 0 && e->args.n == 2) {
        put(d, "POSITION((");
        put_expr(d, e->args.items[1], false);
        put(d, ") IN (");
        put_expr(d, e->args.items[0], false);
        put(d, "))");
    } else if (strcmp(name, "btrim") == 0 || strcmp(name, "ltrim") == 0 ||
               strcmp(name, "rtrim") == 0) {
        buf_printf(d->out, "TRIM(%s",
                   name[0] == 'b'   ? "BOTH"
                   : name[0] == 'l' ? "LEADING"
                                    : "TRAILING");
        if (e->args.n == 2) {
            put(d, " ");
            put_expr(d, e->args.items[1], true);
        }
        put(d, " FROM ");
        put_expr(d, e->args.items[0], true);
        put(d, ")");
    } else {
        return false;
    }
    return true;
}

static bool put_sql_syntax(struct deparser *d, const struct expr *e)
{
    const char *name = e->func.proc->name;
    if (e->form != FORM_SQL_SYNTAX || !e->args.n)
        return false;
    if (put_string_syntax(d, e, name))
        return true;
    const struct expr *first = e->args.items[0];
    if (strcmp(name, "extract") == 0 && first->kind == EXPR_CONST && !first->value.null) {
        buf_printf(d->out, "EXTRACT(%s FROM ", value_text(d, first->type, &first->value));
        put_expr(d, e->args.items[1], false);
        put(d, ")");
        return true;
    }
    if (strcmp(name, "timezone") == 0 && e->args.n == 2) {
        put(d, "(");
        put_expr_in(d, e->args.items[1], e);
        put(d, " AT TIME ZONE ");
        put_expr_in(d, first, e);
        put(d, ")");
        return true;
    }
    return false;
}

static void put_function(struct deparser *d, const struct expr *e, bool show_implicit)
{
    if (e->func.implicit_cast && !show_implicit) {
        put_in(d, e->args.items[0], e, false);
        return;
    }
    if (e->func.explicit_cast || e->func.implicit_cast) {
        put_cast(d, e->args.items[0], e);
        return;
    }
    if (e->func.op) {
        put_operator(d, e);
        return;
    }
    if (put_sql_syntax(d, e))
        return;
    put_function_name(d, e->func.proc);
    put(d, "(");
    for (size_t k = 0; k < e->args.n; k++) {
        if (k)
            put(d, ", ");
        if (e->func.variadic_array && k == e->args.n - 1)
            put(d, "VARIADIC ");
        put_expr(d, e->args.items[k], true);
    }
    put(d, ")");
}

static void put_aggregate(struct deparser *d, const struct expr *e)
{
    bool within = e->agg.aggregate && e->agg.aggregate->kind != 'n';
    put_function_name(d, e->agg.proc);
    put(d, "(");
    if (e->agg.distinct)
        put(d, "DISTINCT ");
    if (e->agg.star)
        put(d, "*");
    else
        put_list(d, within ? &e->agg.direct : &e->args);
    if (!within && e->agg.order.n) {
        put(d, " ORDER BY ");
        put_sort_keys(d, &e->agg.order, NULL);
    }
    put(d, ")");
    if (within) {
        put(d, " WITHIN GROUP (ORDER BY ");
        put_sort_keys(d, &e->agg.order, NULL);
        put(d, ")");
    }
    if (e->agg.filter) {
        put(d, " FILTER (WHERE ");
        put_expr(d, e->agg.filter, false);
        put(d, ")");
    }
}

static void put_window_call(struct deparser *d, const struct expr *e)
{
    put_function_name(d, e->window.proc);
    put(d, "(");
    if (e->window.star)
        put(d, "*");
    else
        put_list(d, &e->args);
    put(d, ")");
    if (e->window.filter) {
        put(d, " FILTER (WHERE ");
        put_expr(d, e->window.filter, false);
        put(d, ")");
    }
    put(d, " OVER ");
    put_window(d, d->level ? &d->level->query->windows[e->window.window] : NULL);
}

/* ---- the rest ---- */

static void put_joined(struct deparser *d, const struct expr *e, const char *word)
{
    open_paren(d);
    for (size_t k = 0; k < e->args.n; k++) {
        if (k)
            put(d, word);
        put_expr_in(d, e->args.items[k], e);
    }
    close_paren(d);
}

static void put_suffixed(struct deparser *d, const struct expr *e, const char *suffix)
{
    open_paren(d);
    put_expr_in(d, e->args.items[0], e);
    put(d, suffix);
    close_paren(d);
}

static void put_call(struct deparser *d, const char *name, const struct exprs *args)
{
    put(d, name);
    put(d, "(");
    put_list(d, args);
    put(d, ")");
}

static void put_case(struct deparser *d, const struct expr *e)
{
    size_t at = 0;
    new_line(d, "CASE", 0, 4, 0);
    if (e->case_.has_test) {
        put(d, " ");
        put_expr(d, e->args.items[at++], true);
    }
    for (; at + 2 <= e->args.n; at += 2) {
        const struct expr *when = e->args.items[at];
        new_line(d, "WHEN ", 0, 0, 0);
        /* CASE x WHEN y: the comparison's right side is what was written. */
        if (e->case_.has_test && is_operator(when) && when->args.n == 2)
            put_expr(d, when->args.items[1], false);
        else
            put_expr(d, when, false);
        put(d, " THEN ");
        put_expr(d, e->args.items[at + 1], true);
    }
    new_line(d, "ELSE ", 0, 0, 0);
    if (at < e->args.n && e->args.items[at]) {
        put_expr(d, e->args.items[at], true);
    } else {
        put(d, "NULL::");
        put_type(d, e->type, -1);
    }
    new_line(d, "END", -4, 0, 0);
}

static void put_subscript(struct deparser *d, const struct expr *e)
{
    const struct expr *base = e->args.items[0];
    bool parens =
        base->kind != EXPR_COLUMN && base->kind != EXPR_FIELD && base->kind != EXPR_SUBSCRIPT;
    if (parens)
        put(d, "(");
    put_expr(d, base, true);
    if (parens)
        put(d, ")");
    for (int k = 0; k < e->subscript.n; k++) {
        put(d, "[");
        if (e->subscript.is_slice) {
            if (e->args.items[1 + e->subscript.n + k])
                put_expr(d, e->args.items[1 + e->subscript.n + k], false);
            put(d, ":");
        }
        if (e->args.items[1 + k])
            put_expr(d, e->args.items[1 + k], false);
        put(d, "]");
    }
}

static void put_subselect(struct deparser *d, const struct query *query)
{
    bool before = d->names_unseen;
    const struct query *result = d->result;
    put(d, "(");
    d->names_unseen = true;
    d->result = NULL;
    put_query(d, query, d->indent);
    d->names_unseen = before;
    d->result = result;
    put(d, ")");
}

static void put_sublink_test(struct deparser *d, const struct expr *e)
{
    bool several = e->sublink.n_columns > 1;
    if (several)
        put(d, "(");
    for (int k = 0; k < e->sublink.n_columns; k++) {
        if (k)
            put(d, ", ");
        put_expr(d, e->sublink.left[k], true);
    }
    if (several)
        put(d, ")");
}

static void put_sublink(struct deparser *d, const struct expr *e)
{
    const char *op = e->sublink.n_columns ? e->sublink.ops[0]->name : "";
    switch (e->sublink.kind) {
    case SUBLINK_EXISTS:
        put(d, "(EXISTS ");
        put_subselect(d, e->sublink.query);
        put(d, ")");
        return;
    case SUBLINK_SCALAR:
        put_subselect(d, e->sublink.query);
        return;
    case SUBLINK_ARRAY:
        put(d, "ARRAY");
        put_subselect(d, e->sublink.query);
        return;
    case SUBLINK_ANY:
    case SUBLINK_ALL:
    case SUBLINK_ROW:
        put(d, "(");
        put_sublink_test(d, e);
        if (e->sublink.kind == SUBLINK_ANY && strcmp(op, "=") == 0)
            put(d, " IN ");
        else
            buf_printf(d->out, " %s %s", op,
                       e->sublink.kind == SUBLINK_ANY   ? "ANY "
                       : e->sublink.kind == SUBLINK_ALL ? "ALL "
                                                        : "");
        put_subselect(d, e->sublink.query);
        put(d, ")");
    }
}

static void put_row_compare(struct deparser *d, const struct expr *e)
{
    static const char *const names[] = {"", "<", "<=", "=", ">=", ">", "<>"};
    size_t n = e->args.n / 2;
    open_paren(d);
    for (size_t k = 0; k < e->args.n; k++) {
        put(d, k == 0 ? "ROW(" : k == n ? "ROW(" : ", ");
        put_expr(d, e->args.items[k], true);
        if (k == n - 1)
            buf_printf(d->out, ") %s ", names[e->row_compare.op]);
    }
    put(d, ")");
    close_paren(d);
}

static void put_sql_value(struct deparser *d, const struct expr *e)
{
    static const char *const names[] = {
        "CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIME",   "CURRENT_TIMESTAMP", "CURRENT_TIMESTAMP",
        "LOCALTIME",    "LOCALTIME",    "LOCALTIMESTAMP", "LOCALTIMESTAMP",    "CURRENT_ROLE",
        "CURRENT_USER", "USER",         "SESSION_USER",   "CURRENT_CATALOG",   "CURRENT_SCHEMA"};
    int kind = e->sql_value.kind;
    put(d, names[kind]);
    if (kind == 2 || kind == 4 || kind == 6 || kind == 8)
        buf_printf(d->out, "(%d)", (int)e->sql_value.typmod);
}

static void put_any_all(struct deparser *d, const struct expr *e)
{
    open_paren(d);
    put_expr_in(d, e->args.items[0], e);
    buf_printf(d->out, " %s %s (", e->func.op->name, e->kind == EXPR_ANY ? "ANY" : "ALL");
    put_expr_in(d, e->args.items[1], e);
    if (e->args.items[1]->kind == EXPR_SUBLINK) {
        put(d, "::");
        put_type(d, e->args.items[1]->type, -1);
    }
    put(d, ")");
    close_paren(d);
}

static void put_slot(struct deparser *d, const struct expr *e)
{
    if (d->level && d->level->column_names)
        put(d, d->level->column_names[e->slot.index]);
    else
        buf_printf(d->out, "$%d", e->slot.index + 1);
}

void put_expr(struct deparser *d, const struct expr *e, bool show_implicit)
{
    switch (e->kind) {
    case EXPR_CONST:
        put_const(d, e, true);
        return;
    case EXPR_PARAM:
        buf_printf(d->out, "$%d", e->param);
        return;
    case EXPR_COLUMN:
        put_column(d, e);
        return;
    case EXPR_FUNC:
        put_function(d, e, show_implicit);
        return;
    case EXPR_AND:
        put_joined(d, e, " AND ");
        return;
    case EXPR_OR:
        put_joined(d, e, " OR ");
        return;
    case EXPR_NOT:
        open_paren(d);
        put(d, "NOT ");
        put_expr_in(d, e->args.items[0], e);
        close_paren(d);
        return;
    case EXPR_IS_NULL:
        put_suffixed(d, e, " IS NULL");
        return;
    case EXPR_IS_NOT_NULL:
        put_suffixed(d, e, " IS NOT NULL");
        return;
    case EXPR_IS_TRUE:
        put_suffixed(d, e, " IS TRUE");
        return;
    case EXPR_IS_NOT_TRUE:
        put_suffixed(d, e, " IS NOT TRUE");
        return;
    case EXPR_IS_FALSE:
        put_suffixed(d, e, " IS FALSE");
        return;
    case EXPR_IS_NOT_FALSE:
        put_suffixed(d, e, " IS NOT FALSE");
        return;
    case EXPR_IS_UNKNOWN:
        put_suffixed(d, e, " IS UNKNOWN");
        return;
    case EXPR_IS_NOT_UNKNOWN:
        put_suffixed(d, e, " IS NOT UNKNOWN");
        return;
    case EXPR_DISTINCT:
        put_joined(d, e, " IS DISTINCT FROM ");
        return;
    case EXPR_NULLIF:
        put_call(d, "NULLIF", &e->args);
        return;
    case EXPR_CASE:
        put_case(d, e);
        return;
    case EXPR_CASE_TEST:
        put(d, "CASE_TEST_EXPR");
        return;
    case EXPR_COALESCE:
        put_call(d, "COALESCE", &e->args);
        return;
    case EXPR_GREATEST:
        put_call(d, "GREATEST", &e->args);
        return;
    case EXPR_LEAST:
        put_call(d, "LEAST", &e->args);
        return;
    case EXPR_ARRAY:
        put(d, "ARRAY[");
        put_list(d, &e->args);
        put(d, "]");
        if (!e->args.n) {
            put(d, "::");
            put_type(d, e->type, -1);
        }
        return;
    case EXPR_ROW:
        put_call(d, "ROW", &e->args);
        return;
    case EXPR_ROW_COMPARE:
        put_row_compare(d, e);
        return;
    case EXPR_ANY:
    case EXPR_ALL:
        put_any_all(d, e);
        return;
    case EXPR_SUBSCRIPT:
        put_subscript(d, e);
        return;
    case EXPR_FIELD:
        put(d, "(");
        put_expr(d, e->args.items[0], true);
        buf_printf(d->out, ").%s", quoted_ident(d->arena, e->field.name ? e->field.name : "?"));
        return;
    case EXPR_SUBLINK:
        put_sublink(d, e);
        return;
    case EXPR_AGGREGATE:
        put_aggregate(d, e);
        return;
    case EXPR_GROUPING:
        put_call(d, "GROUPING", &e->args);
        return;
    case EXPR_WINDOW:
        put_window_call(d, e);
        return;
    case EXPR_RELABEL:
    case EXPR_IO_CAST:
    case EXPR_ARRAY_CAST:
    case EXPR_DOMAIN_CAST:
    case EXPR_ROW_CAST:
        if (is_collate(e))
            put_collate(d, e, show_implicit);
        else if (!show_implicit && e->form == FORM_IMPLICIT_CAST)
            put_in(d, e->args.items[0], e, false);
        else
            put_cast(d, e->args.items[0], e);
        return;
    case EXPR_DOMAIN_VALUE:
        put(d, "VALUE");
        return;
    case EXPR_SQL_VALUE:
        put_sql_value(d, e);
        return;
    case EXPR_DEFAULT:
        put(d, "DEFAULT");
        return;
    case EXPR_NEXT_VALUE: {
        const struct relation *sequence = catalog_relation(d->context->catalog, e->sequence_oid);
        buf_printf(d->out, "nextval('%s'::regclass)", sequence ? sequence->name : "?");
        return;
    }
    case EXPR_EXCLUDED:
        put(d, "excluded.");
        put_lone_column(d, e);
        return;
    case EXPR_SLOT:
        put_slot(d, e);
        return;
    case EXPR_MERGE_ACTION:
        return;
    }
}

void deparse_expr(const struct analyze_context *context, const struct expr *expr,
                  const struct relation *relation, bool pretty, struct buf *out)
{
    struct deparser d = {.context = context,
                         .arena = context->arena,
                         .out = out,
                         .relation = relation,
                         .pretty = pretty};
    put_expr(&d, expr, false);
}
