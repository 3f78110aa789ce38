/* tsearch_test.c - text search: recorded calls (tsearch.cases). */
#include <check.h>

#include "tests/unit/func/cases.h"

Suite *func_tsearch_suite(void);

START_TEST(recorded_calls)
{
    cases_run("tests/unit/func/tsearch.cases");
}
END_TEST

Suite *func_tsearch_suite(void)
{
    Suite *suite = suite_create("func/tsearch");
    TCase *cases = tcase_create("recorded");
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, recorded_calls);
    suite_add_tcase(suite, cases);
    return suite;
}
