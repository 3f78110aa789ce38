/* jsonpath_test.c - jsonpath: recorded calls (jsonpath.cases). */
#include <check.h>

#include "tests/unit/func/cases.h"

Suite *func_jsonpath_suite(void);

START_TEST(recorded_calls)
{
    cases_run("tests/unit/func/jsonpath.cases");
}
END_TEST

Suite *func_jsonpath_suite(void)
{
    Suite *suite = suite_create("func/jsonpath");
    TCase *cases = tcase_create("recorded");
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, recorded_calls);
    suite_add_tcase(suite, cases);
    return suite;
}
