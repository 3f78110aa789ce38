/* errors.c - the analyser's errors: positions, names of types and places, and what each place refuses. */
#include "sql/analysis.h"

#include <string.h>

#include "base/fiber.h"
#include "sql/format_type.h"

static void fill(struct analysis *a, int location, const char *sqlstate, const char *format,
                 va_list args)
{
    const char *message = arena_vprintf(a->err->arena, format, args);
    err_set(a->err, sqlstate, "%s", message);
    set_position(a, location);
}

void set_position(struct analysis *a, int location)
{
    err_position(a->err, sql_position(a->text, location));
}

bool fail(struct analysis *a, int location, const char *sqlstate, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fill(a, location, sqlstate, format, args);
    va_end(args);
    return false;
}

void *fail_null(struct analysis *a, int location, const char *sqlstate, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fill(a, location, sqlstate, format, args);
    va_end(args);
    return NULL;
}

bool fail_hint(struct analysis *a, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    a->err->hint = arena_vprintf(a->err->arena, format, args);
    va_end(args);
    return false;
}

bool fail_detail(struct analysis *a, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    a->err->detail = arena_vprintf(a->err->arena, format, args);
    va_end(args);
    return false;
}

const char *type_text(struct analysis *a, const struct type *type)
{
    return format_type_name(a->err->arena, a->catalog, a->path, type);
}

/* "integer, x => text": the last n - n_positional ones are named. */
const char *type_list_text(struct analysis *a, const struct type *const *types,
                           const char *const *names, size_t n, size_t n_positional)
{
    struct buf out = BUF_IN(a->err->arena);
    for (size_t k = 0; k < n; k++) {
        if (k)
            buf_puts(&out, ", ");
        if (k >= n_positional)
            buf_printf(&out, "%s => ", names[k - n_positional]);
        format_type(a->catalog, a->path, types[k], -1, false, &out);
    }
    return buf_cstr(&out);
}

const char *name_list_text(struct analysis *a, const List *names)
{
    struct buf out = BUF_IN(a->err->arena);
    for (int k = 0; k < list_n(names); k++) {
        if (k)
            buf_putc(&out, '.');
        if (IS_NODE(list_at(names, k), A_Star))
            buf_putc(&out, '*');
        else
            buf_puts(&out, list_str(names, k));
    }
    return buf_cstr(&out);
}

bool depth_check(struct analysis *a)
{
    size_t left = stack_left_bytes(),
           used = a->stack_at_start > left ? a->stack_at_start - left : 0;
    if (LIKELY(left > STACK_RESERVE_BYTES + used + used / 2))
        return true;
    fail(a, -1, ERR_STATEMENT_TOO_COMPLEX, "stack depth limit exceeded");
    return fail_hint(a, "Increase the configuration parameter \"max_stack_depth\" (currently "
                        "2048kB), after ensuring the platform's "
                        "stack depth limit is adequate.");
}

/* ---- places ---- */

/* `many`: "not allowed in many"; `one`: "cannot use subquery in one", which also is the word for analyze_raw_expr(). */
#define NO(use) (1u << USE_##use)
#define NO_CALLS (NO(AGGREGATE) | NO(WINDOW) | NO(SRF))
static const struct place_rule {
    const char *name, *many, *one;
    unsigned refused;
} place_rules[] = {
    [PLACE_NONE] = {"invalid expression kind", NULL, NULL, 0},
    [PLACE_OTHER] = {"extension", NULL, NULL, 0},
    [PLACE_JOIN_ON] = {"JOIN/ON", "JOIN conditions", NULL, NO_CALLS},
    [PLACE_JOIN_USING] = {"JOIN/USING", "JOIN conditions", NULL, NO_CALLS},
    [PLACE_FROM_SUBSELECT] = {"sub-SELECT in FROM", "FROM clause of their own query level", NULL,
                              NO(AGGREGATE)},
    [PLACE_FROM_FUNCTION] = {"function in FROM", "functions in FROM", NULL,
                             NO(AGGREGATE) | NO(WINDOW)},
    [PLACE_WHERE] = {"WHERE", "WHERE", NULL, NO_CALLS},
    [PLACE_HAVING] = {"HAVING", "HAVING", NULL, NO(WINDOW) | NO(SRF)},
    [PLACE_FILTER] = {"FILTER", "FILTER", NULL, NO_CALLS},
    [PLACE_WINDOW_PARTITION] = {"window PARTITION BY", "window definitions", NULL, NO(WINDOW)},
    [PLACE_WINDOW_ORDER] = {"window ORDER BY", "window definitions", NULL, NO(WINDOW)},
    [PLACE_WINDOW_RANGE] = {"window RANGE", "window definitions", NULL, NO_CALLS},
    [PLACE_WINDOW_ROWS] = {"window ROWS", "window definitions", NULL, NO_CALLS},
    [PLACE_WINDOW_GROUPS] = {"window GROUPS", "window definitions", NULL, NO_CALLS},
    [PLACE_SELECT_TARGET] = {"SELECT", NULL, NULL, 0},
    [PLACE_INSERT_TARGET] = {"INSERT", "INSERT", NULL, NO(AGGREGATE) | NO(WINDOW)},
    [PLACE_UPDATE_SOURCE] = {"UPDATE", "UPDATE", NULL, NO_CALLS},
    [PLACE_UPDATE_TARGET] = {"UPDATE", "UPDATE", NULL, NO_CALLS},
    [PLACE_MERGE_WHEN] = {"MERGE WHEN", "MERGE WHEN conditions", NULL, NO_CALLS},
    [PLACE_GROUP_BY] = {"GROUP BY", "GROUP BY", NULL, NO(AGGREGATE) | NO(WINDOW)},
    [PLACE_ORDER_BY] = {"ORDER BY", NULL, NULL, 0},
    [PLACE_DISTINCT_ON] = {"DISTINCT ON", NULL, NULL, 0},
    [PLACE_LIMIT] = {"LIMIT", "LIMIT", NULL, NO_CALLS},
    [PLACE_OFFSET] = {"OFFSET", "OFFSET", NULL, NO_CALLS},
    [PLACE_RETURNING] = {"RETURNING", "RETURNING", NULL, NO_CALLS},
    [PLACE_VALUES] = {"VALUES", "VALUES", NULL, NO_CALLS},
    [PLACE_VALUES_SINGLE] = {"VALUES", "VALUES", NULL, NO(AGGREGATE) | NO(WINDOW)},
    [PLACE_CHECK] = {"CHECK", "check constraints", "check constraint", NO_CALLS | NO(SUBQUERY)},
    [PLACE_DOMAIN_CHECK] = {"CHECK", "check constraints", "check constraint",
                            NO_CALLS | NO(SUBQUERY)},
    [PLACE_DEFAULT] = {"DEFAULT", "DEFAULT expressions", "DEFAULT expression",
                       NO_CALLS | NO(SUBQUERY) | NO(COLUMN)},
    [PLACE_INDEX_EXPRESSION] = {"index expression", "index expressions", "index expression",
                                NO_CALLS | NO(SUBQUERY)},
    [PLACE_INDEX_PREDICATE] = {"index predicate", "index predicates", "index predicate",
                               NO_CALLS | NO(SUBQUERY)},
    [PLACE_ALTER_TYPE] = {"USING", "transform expressions", "transform expression",
                          NO_CALLS | NO(SUBQUERY)},
    [PLACE_EXECUTE] = {"EXECUTE", "EXECUTE parameters", "EXECUTE parameter",
                       NO_CALLS | NO(SUBQUERY)},
    [PLACE_TRIGGER_WHEN] = {"WHEN", "trigger WHEN conditions", "trigger WHEN condition",
                            NO_CALLS | NO(SUBQUERY)},
    [PLACE_PARTITION_BOUND] = {"partition bound", "partition bound", "partition bound",
                               NO_CALLS | NO(SUBQUERY) | NO(COLUMN)},
    [PLACE_PARTITION_KEY] = {"PARTITION BY", "partition key expressions",
                             "partition key expression", NO_CALLS | NO(SUBQUERY)},
    [PLACE_CALL] = {"CALL", "CALL arguments", "CALL argument", NO_CALLS | NO(SUBQUERY)},
    [PLACE_COPY_WHERE] = {"WHERE", "COPY FROM WHERE conditions", "COPY FROM WHERE condition",
                          NO_CALLS | NO(SUBQUERY)},
    [PLACE_GENERATED] = {"GENERATED AS", "column generation expressions",
                         "column generation expression", NO_CALLS | NO(SUBQUERY)},
    [PLACE_POLICY] = {"POLICY", "policy expressions", NULL, NO_CALLS},
};

const char *place_name(enum place place)
{
    return place_rules[place].name;
}

enum place place_named(const char *what)
{
    for (size_t k = 0; what && k < ARRAY_COUNT(place_rules); k++)
        if (place_rules[k].one && strcmp(place_rules[k].one, what) == 0)
            return (enum place)k;
    return PLACE_OTHER;
}

/* Frame offsets are named more precisely when it is an aggregate that is refused. */
static const char *aggregate_place(enum place place)
{
    switch ((int)place) {
    case PLACE_WINDOW_RANGE:
    case PLACE_WINDOW_ROWS:
    case PLACE_WINDOW_GROUPS:
        return place_rules[place].name;
    default:
        return place_rules[place].many;
    }
}

bool place_allows(struct scope *s, enum place place, enum place_use use, int location)
{
    const struct place_rule *rule = &place_rules[place];
    if (!(rule->refused & (1u << use)))
        return true;
    switch (use) {
    case USE_AGGREGATE:
        return fail(s->a, location, ERR_GROUPING_ERROR, "aggregate functions are not allowed in %s",
                    aggregate_place(place));
    case USE_WINDOW:
        return fail(s->a, location, ERR_WINDOWING_ERROR, "window functions are not allowed in %s",
                    rule->many);
    case USE_SRF:
        return fail(s->a, location, ERR_FEATURE_NOT_SUPPORTED,
                    "set-returning functions are not allowed in %s", rule->many);
    case USE_SUBQUERY:
        return fail(s->a, location, ERR_FEATURE_NOT_SUPPORTED, "cannot use subquery in %s",
                    rule->one);
    case USE_COLUMN:
        return fail(s->a, location, ERR_FEATURE_NOT_SUPPORTED,
                    "cannot use column reference in %s%s", rule->one,
                    place == PLACE_PARTITION_BOUND ? " expression" : "");
    }
    return true;
}
