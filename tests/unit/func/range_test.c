/* range_test.c - ranges and multiranges: recorded calls (range.cases). */
#include <check.h>

#include "tests/unit/func/cases.h"

Suite *func_range_suite(void);

START_TEST(recorded_calls)
{
    cases_run("tests/unit/func/range.cases");
}
END_TEST

Suite *func_range_suite(void)
{
    Suite *suite = suite_create("func/range");
    TCase *cases = tcase_create("recorded");
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, recorded_calls);
    suite_add_tcase(suite, cases);
    return suite;
}
