/* in_range_test.c - limits of window frames: recorded calls (in_range.cases). */
#include <check.h>

#include "tests/unit/func/cases.h"

Suite *func_in_range_suite(void);

START_TEST(recorded_calls)
{
    cases_run("tests/unit/func/in_range.cases");
}
END_TEST

Suite *func_in_range_suite(void)
{
    Suite *suite = suite_create("func/in_range");
    TCase *cases = tcase_create("recorded");
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, recorded_calls);
    suite_add_tcase(suite, cases);
    return suite;
}
