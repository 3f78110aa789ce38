/* analyze_test.c - how statements over the system catalogs are described: recorded from PostgreSQL 15 (statements.cases, by
 * tools/record-statement-cases.py).  Checks names and types of result columns, types of parameters, and errors with SQLSTATE, position,
 * text and hint. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/edit.h"
#include "sql/analyze.h"

Suite *sql_analyze_suite(void);

#define PARAMS_MAX 64

static struct catalog *catalog;
static const uint32_t path[] = {NAMESPACE_PUBLIC};

static const struct type *type_of(const struct env *env, uint32_t oid)
{
    return catalog_type(env->catalog, oid);
}

static void open_catalog(void)
{
    static struct oid_source oids = {.next = FIRST_USER_OID};
    catalog = catalog_new("postgres", 5, 4, &oids, NULL);
}

static void close_catalog(void)
{
    catalog_unref(catalog);
}

/* The statement's description in the form of the case file. */
static const char *describe(struct arena *arena, const char *sql)
{
    struct err err = ERR_IN(arena);
    struct env env = {
        .settings = &settings_default, .arena = arena, .type = type_of, .catalog = catalog};
    const struct type *params[PARAMS_MAX] = {0};
    struct analyze_context context = {.arena = arena,
                                      .catalog = catalog,
                                      .path = {.namespaces = path, .n = ARRAY_COUNT(path)},
                                      .env = &env,
                                      .text = sql,
                                      .param_types = params,
                                      .max_params = PARAMS_MAX,
                                      .user = "postgres"};
    struct raw_statements statements;
    struct query *q = NULL;
    struct buf out = BUF_IN(arena);
    if (sql_parse(arena, sql, &statements, &err))
        q = analyze(&context, &statements.items[0], &err);
    if (!q) {
        buf_printf(&out, "ERROR %s %d %s", err.sqlstate, err.position, err.message);
        if (err.hint)
            buf_printf(&out, " | %s", err.hint);
        return buf_cstr(&out);
    }
    for (int k = 0; k < q->n_params; k++)
        buf_printf(&out, "%s%u", k ? "," : "", q->param_types[k]->oid);
    buf_puts(&out, " | ");
    const struct targets *targets = q->command == CMD_SELECT_ ? &q->targets : &q->returning;
    bool first = true;
    for (size_t k = 0; k < targets->n; k++) {
        const struct target *target = &targets->items[k];
        if (target->junk)
            continue;
        buf_printf(&out, "%s%s:%u:%d", first ? "" : ", ", target->name, target->expr->type->oid,
                   target->expr->typmod);
        first = false;
    }
    return buf_cstr(&out);
}

START_TEST(statements_are_described_as_recorded)
{
    FILE *f = fopen("tests/unit/sql/statements.cases", "r");
    ck_assert_msg(f != NULL, "run in the root of the source tree");
    char *sql = NULL, *expected = NULL;
    size_t sql_cap = 0, expected_cap = 0;
    int n_cases = 0, n_bad = 0;
    while (getline(&sql, &sql_cap, f) > 0 && getline(&expected, &expected_cap, f) > 0) {
        struct arena *arena = arena_new("case");
        sql[strcspn(sql, "\n")] = '\0';
        expected[strcspn(expected, "\n")] = '\0';
        ck_assert_msg(strncmp(expected, "=> ", 3) == 0, "the case file is out of step at: %s", sql);
        const char *got = describe(arena, sql);
        if (strcmp(got, expected + 3) != 0) {
            fprintf(stderr, "%s\n  expected %s\n  got      %s\n", sql, expected + 3, got);
            n_bad++;
        }
        n_cases++;
        arena_free(arena);
    }
    free(sql);
    free(expected);
    fclose(f);
    ck_assert_msg(n_cases > 250, "only %d cases", n_cases);
    ck_assert_msg(n_bad == 0, "%d of %d statements differ", n_bad, n_cases);
}
END_TEST

/* Whatever a client nests, the answer is an error, not a crash. */
START_TEST(deep_nesting_is_refused)
{
    static const struct {
        const char *start, *repeated, *middle, *end;
    } shapes[] = {
        {"SELECT ", "(", "1", ")"},
        {"SELECT 1", "+1", "", ""},
        {"SELECT ", "NOT ", "true", ""},
        {"SELECT 1", "::int8::int4", "", ""},
        {"SELECT ", "(SELECT ", "1", ")"},
        {"SELECT * FROM ", "(SELECT * FROM ", "pg_am", ") x"},
        {"SELECT 1", " UNION SELECT 1", "", ""},
        {"SELECT ", "CASE WHEN true THEN ", "1", " END"},
        {"SELECT ", "ARRAY[", "1", "]"},
        {"SELECT ", "ROW(", "1", ")"},
        {"SELECT 1 FROM pg_am a", " LEFT JOIN pg_am b ON true", "", ""},
    };
    for (size_t k = 0; k < ARRAY_COUNT(shapes); k++)
        for (int depth = 100; depth <= 100000; depth *= 10) {
            struct arena *arena = arena_new("case");
            struct buf sql = BUF_IN(arena);
            buf_puts(&sql, shapes[k].start);
            for (int n = 0; n < depth; n++)
                buf_puts(&sql, shapes[k].repeated);
            buf_puts(&sql, shapes[k].middle);
            for (int n = 0; n < depth; n++)
                buf_puts(&sql, shapes[k].end);
            ck_assert_ptr_nonnull(describe(arena, buf_cstr(&sql)));
            arena_free(arena);
        }
}
END_TEST

/* What an analysed statement refers to lives in its own arena, not in that of the parse. */
START_TEST(queries_outlive_the_parse)
{
    struct arena *arena = arena_new("statement"), *scratch = arena_new("parse");
    struct err err = ERR_IN(arena);
    struct env env = {
        .settings = &settings_default, .arena = arena, .type = type_of, .catalog = catalog};
    const struct type *params[4] = {0};
    struct raw_statements statements;
    const char *sql = "SELECT c.relname AS \"my name\", 'it''s' AS x FROM pg_class AS c WHERE "
                      "relkind = 'r' ORDER BY x";
    struct analyze_context context = {.arena = arena,
                                      .catalog = catalog,
                                      .path = {.namespaces = path, .n = 1},
                                      .env = &env,
                                      .text = sql,
                                      .param_types = params,
                                      .max_params = 4};
    ck_assert(sql_parse(scratch, sql, &statements, &err));
    struct query *q = analyze(&context, &statements.items[0], &err);
    arena_free(scratch);
    ck_assert_ptr_nonnull(q);
    ck_assert_str_eq(q->targets.items[0].name, "my name");
    ck_assert_str_eq(q->rtes[0].alias, "c");
    ck_assert_int_eq(q->targets.items[1].expr->value.n, 4);
    ck_assert_int_eq(memcmp(q->targets.items[1].expr->value.p, "it's", 4), 0);
    arena_free(arena);
}
END_TEST

Suite *sql_analyze_suite(void)
{
    Suite *suite = suite_create("sql/analyze");
    TCase *cases = tcase_create("recorded");
    tcase_set_timeout(cases, 120);
    tcase_add_unchecked_fixture(cases, open_catalog, close_catalog);
    tcase_add_test(cases, statements_are_described_as_recorded);
    tcase_add_test(cases, deep_nesting_is_refused);
    tcase_add_test(cases, queries_outlive_the_parse);
    suite_add_tcase(suite, cases);
    return suite;
}
