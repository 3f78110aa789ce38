/* param_test.c - what SET accepts and what SHOW prints, as PostgreSQL 15 answers. */
#include <check.h>
#include <string.h>

#include "proxy/param.h"

Suite *proxy_param_suite(void);

static const struct {
    const char *name, *text, *shown, *error; /* error: SQLSTATE and message, or NULL */
} examples[] = {
    {"work_mem", "64MB", "64MB", NULL},
    {"work_mem", "4096", "4MB", NULL},
    {"work_mem", "1.5 GB", "1536MB", NULL},
    {"work_mem", "100", "100kB", NULL},
    {"work_mem", "1GBx", NULL, "22023 invalid value for parameter \"work_mem\": \"1GBx\""},
    {"work_mem", "1", NULL,
     "22023 1 kB is outside the valid range for parameter \"work_mem\" (64 .. 2147483647)"},
    {"statement_timeout", "90s", "90s", NULL},
    {"statement_timeout", "2min", "2min", NULL},
    {"statement_timeout", "0", "0", NULL},
    {"statement_timeout", "-1", NULL,
     "22023 -1 ms is outside the valid range for parameter \"statement_timeout\" (0 .. "
     "2147483647)"},
    {"extra_float_digits", "9", NULL,
     "22023 9 is outside the valid range for parameter \"extra_float_digits\" (-15 .. 3)"},
    {"random_page_cost", "1.10", "1.1", NULL},
    {"enable_seqscan", "yes", "on", NULL},
    {"enable_seqscan", "of", "off", NULL},
    {"enable_seqscan", "o", NULL, "22023 parameter \"enable_seqscan\" requires a Boolean value"},
    {"bytea_output", "ESCAPE", "escape", NULL},
    {"bytea_output", "hexx", NULL, "22023 invalid value for parameter \"bytea_output\": \"hexx\""},
    {"synchronous_commit", "true", "on", NULL},
    {"client_min_messages", "debug", "debug2", NULL},
    {"datestyle", "foo", NULL, "22023 invalid value for parameter \"DateStyle\": \"foo\""},
    {"datestyle", "sql, iso", NULL,
     "22023 invalid value for parameter \"DateStyle\": \"sql, iso\""},
    {"datestyle", "german", "German, DMY", NULL},
    {"client_encoding", "'utf-8'", "UTF8", NULL},
    {"client_encoding", "UNICODE", "UTF8", NULL},
    {"client_encoding", "x", NULL, "22023 invalid value for parameter \"client_encoding\": \"x\""},
    {"timezone", "europe/berlin", "Europe/Berlin", NULL},
    {"timezone", "foo/bar", NULL, "22023 invalid value for parameter \"TimeZone\": \"foo/bar\""},
    {"search_path", "a, \"B c\"", "a, \"B c\"", NULL},
    {"search_path", "a,,b", NULL, "22023 invalid value for parameter \"search_path\": \"a,,b\""},
};

START_TEST(values_are_checked_and_shown)
{
    struct arena *arena = arena_new("test");
    struct err err = ERR_IN(arena);
    params_init();
    const struct param_def *def = param_find(examples[_i].name);
    ck_assert_ptr_nonnull(def);
    const char *value = NULL;
    bool ok = param_check(def, examples[_i].text, &value, &err);
    if (examples[_i].error)
        ck_assert_str_eq(arena_printf(arena, "%s %s", err.sqlstate, err.message ? err.message : ""),
                         examples[_i].error);
    ck_assert(ok == !examples[_i].error);
    if (ok)
        ck_assert_str_eq(param_show(def, value, arena), examples[_i].shown);
    arena_free(arena);
}
END_TEST

START_TEST(custom_names_have_a_dot_between_identifiers)
{
    ck_assert(param_custom_name_ok("app.user_id"));
    ck_assert(param_custom_name_ok("a.b.c1"));
    ck_assert(!param_custom_name_ok("plain"));
    ck_assert(!param_custom_name_ok("a."));
    ck_assert(!param_custom_name_ok(".b"));
    ck_assert(!param_custom_name_ok("a.1b"));
    ck_assert(!param_custom_name_ok("a b.c"));
}
END_TEST

Suite *proxy_param_suite(void)
{
    Suite *suite = suite_create("proxy/param");
    TCase *tests = tcase_create("param");
    tcase_add_loop_test(tests, values_are_checked_and_shown, 0, ARRAY_COUNT(examples));
    tcase_add_test(tests, custom_names_have_a_dot_between_identifiers);
    suite_add_tcase(suite, tests);
    return suite;
}
