/* cte_search.c - SEARCH and CYCLE of recursive WITH queries, by rewriting the raw tree.
 *
 * For columns c and search columns k,
 *     left UNION ALL right SEARCH DEPTH FIRST BY k SET s
 * becomes
 *     SELECT c, ARRAY[ROW(k)] AS s FROM (left) l(c) UNION ALL SELECT c, s || ARRAY[ROW(k)] FROM (right') r(c, s)
 * where right' also selects t.s of the recursive reference t.  BREADTH FIRST keeps ROW(depth, k) instead.  CYCLE adds a mark, which is
 * set when ROW(k) is in the path so far, and the path; rows that are marked are not followed.  The frame is parsed from text, and the two terms
 * are hung into it. */
#include "sql/analysis.h"

#include <string.h>

#include "sql/format_type.h"

struct search_work {
    struct scope *s;
    const CommonTableExpr *cte;
    const CTESearchClause *search;
    const CTECycleClause *cycle;
    const char **columns; /* of the query itself */
    int n_columns;
    struct buf text;
};

static void put_columns(struct search_work *w, const char *prefix)
{
    for (int k = 0; k < w->n_columns; k++) {
        buf_puts(&w->text, k ? ", " : "");
        buf_puts(&w->text, prefix);
        quote_ident(&w->text, w->columns[k]);
    }
}

static void put_row(struct search_work *w, const List *columns, const char *first)
{
    buf_puts(&w->text, "ROW(");
    buf_puts(&w->text, first);
    for (int k = 0; k < list_n(columns); k++) {
        buf_puts(&w->text, k || *first ? ", " : "");
        quote_ident(&w->text, list_str(columns, k));
    }
    buf_putc(&w->text, ')');
}

static bool is_column(const struct search_work *w, const char *name)
{
    for (int k = 0; k < w->n_columns; k++)
        if (strcmp(w->columns[k], name) == 0)
            return true;
    return false;
}

static bool check_list(struct search_work *w, const List *list, const char *what, int location)
{
    for (int k = 0; k < list_n(list); k++) {
        const char *name = list_str(list, k);
        if (!is_column(w, name))
            return fail(w->s->a, location, ERR_SYNTAX_ERROR,
                        "%s column \"%s\" not in WITH query column list", what, name);
        for (int before = 0; before < k; before++)
            if (strcmp(list_str(list, before), name) == 0)
                return fail(w->s->a, location, ERR_DUPLICATE_COLUMN,
                            "%s column \"%s\" specified more than once", what, name);
    }
    return true;
}

static bool check_new_name(struct search_work *w, const char *name, const char *what, int location)
{
    return !is_column(w, name) ||
           fail(w->s->a, location, ERR_SYNTAX_ERROR,
                "%s column name \"%s\" already used in WITH query column list", what, name);
}

static bool check_clauses(struct search_work *w)
{
    const CTESearchClause *search = w->search;
    const CTECycleClause *cycle = w->cycle;
    if (search &&
        (!check_list(w, search->search_col_list, "search", search->location) ||
         !check_new_name(w, search->search_seq_column, "search sequence", search->location)))
        return false;
    if (!cycle)
        return true;
    if (!check_list(w, cycle->cycle_col_list, "cycle", cycle->location) ||
        !check_new_name(w, cycle->cycle_mark_column, "cycle mark", cycle->location) ||
        !check_new_name(w, cycle->cycle_path_column, "cycle path", cycle->location))
        return false;
    if (strcmp(cycle->cycle_mark_column, cycle->cycle_path_column) == 0)
        return fail(w->s->a, cycle->location, ERR_SYNTAX_ERROR,
                    "cycle mark column name and cycle path column name are the same");
    if (search && strcmp(search->search_seq_column, cycle->cycle_mark_column) == 0)
        return fail(w->s->a, search->location, ERR_SYNTAX_ERROR,
                    "search sequence column name and cycle mark column name are the same");
    if (search && strcmp(search->search_seq_column, cycle->cycle_path_column) == 0)
        return fail(w->s->a, search->location, ERR_SYNTAX_ERROR,
                    "search sequence column name and cycle path column name are the same");
    return true;
}

/* ---- the frame ---- */

static void put_named(struct search_work *w, const char *before, const char *name)
{
    buf_puts(&w->text, before);
    quote_ident(&w->text, name);
}

/* The values of CYCLE's mark are 1 and 2 here, until the written ones take their places. */
static void put_left(struct search_work *w)
{
    buf_puts(&w->text, "SELECT ");
    put_columns(w, "");
    if (w->search) {
        bool breadth = w->search->search_breadth_first;
        buf_puts(&w->text, breadth ? ", " : ", ARRAY[");
        put_row(w, w->search->search_col_list, breadth ? "0::pg_catalog.int8" : "");
        put_named(w, breadth ? " AS " : "] AS ", w->search->search_seq_column);
    }
    if (w->cycle) {
        put_named(w, ", CASE WHEN false THEN 1 ELSE 2 END AS ", w->cycle->cycle_mark_column);
        buf_puts(&w->text, ", ARRAY[");
        put_row(w, w->cycle->cycle_col_list, "");
        put_named(w, "] AS ", w->cycle->cycle_path_column);
    }
    buf_puts(&w->text, " FROM (SELECT 1) \"*TLOCRN*\"(");
    put_columns(w, "");
    buf_putc(&w->text, ')');
}

static void put_right(struct search_work *w)
{
    buf_puts(&w->text, "SELECT ");
    put_columns(w, "");
    if (w->search && w->search->search_breadth_first) {
        struct buf depth = BUF_IN(w->s->a->arena);
        buf_putc(&depth, '(');
        quote_ident(&depth, w->search->search_seq_column);
        buf_puts(&depth, ").f1 OPERATOR(pg_catalog.+) 1");
        buf_puts(&w->text, ", ");
        put_row(w, w->search->search_col_list, buf_cstr(&depth));
        put_named(w, " AS ", w->search->search_seq_column);
    } else if (w->search) {
        put_named(w, ", ", w->search->search_seq_column);
        buf_puts(&w->text, " OPERATOR(pg_catalog.||) ARRAY[");
        put_row(w, w->search->search_col_list, "");
        put_named(w, "] AS ", w->search->search_seq_column);
    }
    if (w->cycle) {
        buf_puts(&w->text, ", CASE WHEN ");
        put_row(w, w->cycle->cycle_col_list, "");
        put_named(w, " OPERATOR(pg_catalog.=) ANY (", w->cycle->cycle_path_column);
        put_named(w, ") THEN 1 ELSE 2 END AS ", w->cycle->cycle_mark_column);
        put_named(w, ", ", w->cycle->cycle_path_column);
        buf_puts(&w->text, " OPERATOR(pg_catalog.||) ARRAY[");
        put_row(w, w->cycle->cycle_col_list, "");
        put_named(w, "] AS ", w->cycle->cycle_path_column);
    }
    buf_puts(&w->text, " FROM (SELECT 1) \"*TROCRN*\"(");
    put_columns(w, "");
    if (w->search)
        put_named(w, ", ", w->search->search_seq_column);
    if (w->cycle) {
        put_named(w, ", ", w->cycle->cycle_mark_column);
        put_named(w, ", ", w->cycle->cycle_path_column);
    }
    buf_putc(&w->text, ')');
}

static void hang_mark_values(struct search_work *w, SelectStmt *term)
{
    if (!w->cycle)
        return;
    ResTarget *target = list_at(term->targetList, w->n_columns + (w->search ? 1 : 0));
    CaseExpr *mark = (CaseExpr *)target->val;
    CaseWhen *when = list_at(mark->args, 0);
    when->result = (Expr *)w->cycle->cycle_mark_value;
    mark->defresult = (Expr *)w->cycle->cycle_mark_default;
}

static void hang_term(SelectStmt *term, SelectStmt *inner)
{
    RangeSubselect *from = list_at(term->fromClause, 0);
    from->subquery = (Node *)inner;
}

/* ---- the right term ---- */

/* The name by which the recursive reference goes, at the top of FROM. */
static const char *reference_name(const Node *node, const char *cte)
{
    if (IS_NODE(node, RangeVar)) {
        const RangeVar *var = (const RangeVar *)node;
        if (var->schemaname || strcmp(var->relname, cte) != 0)
            return NULL;
        return var->alias ? var->alias->aliasname : var->relname;
    }
    if (IS_NODE(node, JoinExpr)) {
        const char *left = reference_name(((const JoinExpr *)node)->larg, cte);
        return left ? left : reference_name(((const JoinExpr *)node)->rarg, cte);
    }
    return NULL;
}

static List *list_plus(struct analysis *a, const List *list, void *item)
{
    int n = list_n(list);
    List *grown = ARENA_NEW(a->arena, List);
    grown->type = T_List;
    grown->length = grown->max_length = n + 1;
    grown->elements = ARENA_ARRAY(a->arena, ListCell, n + 1);
    if (n)
        memcpy(grown->elements, list->elements, (size_t)n * sizeof(ListCell));
    grown->elements[n].ptr_value = item;
    return grown;
}

static Node *column_ref(struct analysis *a, const char *table, const char *column)
{
    ColumnRef *ref = ARENA_NEW(a->arena, ColumnRef);
    ref->type = T_ColumnRef;
    ref->location = -1;
    const char *parts[2] = {table, column};
    for (int k = 0; k < 2; k++) {
        String *name = ARENA_NEW(a->arena, String);
        name->type = T_String;
        name->sval = arena_strdup(a->arena, parts[k]);
        ref->fields = list_plus(a, ref->fields, name);
    }
    return (Node *)ref;
}

static void add_column(struct analysis *a, SelectStmt *term, const char *table, const char *column)
{
    ResTarget *target = ARENA_NEW(a->arena, ResTarget);
    target->type = T_ResTarget;
    target->name = arena_strdup(a->arena, column);
    target->val = column_ref(a, table, column);
    target->location = -1;
    term->targetList = list_plus(a, term->targetList, target);
}

/* AND t.mark <> value */
static void stop_at_mark(struct search_work *w, SelectStmt *term, const char *table)
{
    struct analysis *a = w->s->a;
    String *name = ARENA_NEW(a->arena, String);
    name->type = T_String;
    name->sval = arena_strdup(a->arena, "<>");
    A_Expr *differs = ARENA_NEW(a->arena, A_Expr);
    differs->type = T_A_Expr;
    differs->kind = AEXPR_OP;
    differs->name = list_plus(a, NULL, name);
    differs->lexpr = column_ref(a, table, w->cycle->cycle_mark_column);
    differs->rexpr = w->cycle->cycle_mark_value;
    differs->location = -1;
    BoolExpr *both = ARENA_NEW(a->arena, BoolExpr);
    both->xpr.type = T_BoolExpr;
    both->boolop = AND_EXPR;
    both->location = -1;
    both->args =
        list_plus(a, term->whereClause ? list_plus(a, NULL, term->whereClause) : NULL, differs);
    term->whereClause = (Node *)both;
}

static SelectStmt *extend_right(struct search_work *w, const SelectStmt *right)
{
    struct analysis *a = w->s->a;
    const char *reference = NULL;
    for (int k = 0; k < list_n(right->fromClause) && !reference; k++)
        reference = reference_name(list_at(right->fromClause, k), w->cte->ctename);
    if (!reference)
        return fail_null(a, w->cte->location, ERR_FEATURE_NOT_SUPPORTED,
                         "with a SEARCH or CYCLE clause, the recursive reference to WITH query "
                         "\"%s\" must be at the top level of its "
                         "right-hand SELECT",
                         w->cte->ctename);
    SelectStmt *copy = arena_memdup(a->arena, right, sizeof(*right));
    if (w->search)
        add_column(a, copy, reference, w->search->search_seq_column);
    if (w->cycle) {
        add_column(a, copy, reference, w->cycle->cycle_mark_column);
        add_column(a, copy, reference, w->cycle->cycle_path_column);
        stop_at_mark(w, copy, reference);
    }
    return copy;
}

/* ---- all of it ---- */

static bool is_plain_select(const SelectStmt *stmt)
{
    return stmt->op == SETOP_NONE && !stmt->valuesLists;
}

/* The names of the query's columns need the left term's analysis: done once for that alone. */
static bool name_columns(struct search_work *w, const SelectStmt *left)
{
    struct analysis *a = w->s->a;
    struct query *query = transform_statement(a, w->s, (const Node *)left, ENTRY_FROM, NULL, false);
    if (!query)
        return false;
    w->columns = ARENA_ARRAY(a->arena, const char *, query->targets.n + 1);
    for (size_t k = 0; k < query->targets.n; k++)
        if (!query->targets.items[k].junk)
            w->columns[w->n_columns++] = query->targets.items[k].name;
    for (int k = 0; k < list_n(w->cte->aliascolnames) && k < w->n_columns; k++)
        w->columns[k] = list_str(w->cte->aliascolnames, k);
    return true;
}

const CommonTableExpr *rewrite_search(struct scope *s, const CommonTableExpr *cte)
{
    struct analysis *a = s->a;
    struct search_work w = {.s = s,
                            .cte = cte,
                            .search = cte->search_clause,
                            .cycle = cte->cycle_clause,
                            .text = BUF_IN(a->arena)};
    const SelectStmt *body = (const SelectStmt *)cte->ctequery;
    if (!IS_NODE(cte->ctequery, SelectStmt) || body->op != PG_SETOP_UNION)
        return fail_null(a, cte->location, ERR_SYNTAX_ERROR, "WITH query is not recursive");
    if (body->larg->op != SETOP_NONE)
        return fail_null(
            a, cte->location, ERR_FEATURE_NOT_SUPPORTED,
            "with a SEARCH or CYCLE clause, the left side of the UNION must be a SELECT");
    if (!is_plain_select(body->rarg))
        return fail_null(
            a, cte->location, ERR_FEATURE_NOT_SUPPORTED,
            "with a SEARCH or CYCLE clause, the right side of the UNION must be a SELECT");
    if (!name_columns(&w, body->larg) || !check_clauses(&w))
        return NULL;
    put_left(&w);
    buf_puts(&w.text, body->all ? " UNION ALL " : " UNION ");
    put_right(&w);
    struct raw_statements frame;
    if (!sql_parse(a->arena, buf_cstr(&w.text), &frame, a->err))
        return NULL;
    SelectStmt *whole = (SelectStmt *)(uintptr_t)frame.items[0].node,
               *right = extend_right(&w, body->rarg);
    if (!right)
        return NULL;
    hang_term(whole->larg, body->larg);
    hang_term(whole->rarg, right);
    hang_mark_values(&w, whole->larg);
    hang_mark_values(&w, whole->rarg);
    whole->withClause = body->withClause;
    whole->sortClause = body->sortClause;
    whole->limitCount = body->limitCount;
    whole->limitOffset = body->limitOffset;
    CommonTableExpr *copy = arena_memdup(a->arena, cte, sizeof(*cte));
    copy->ctequery = (Node *)whole;
    copy->search_clause = NULL;
    copy->cycle_clause = NULL;
    return copy;
}
