/* number_test.c - recorded calls (number.cases). */
#include <check.h>

#include "tests/unit/func/cases.h"

Suite *func_number_suite(void);

START_TEST(recorded_calls)
{
    cases_run("tests/unit/func/number.cases");
}
END_TEST

Suite *func_number_suite(void)
{
    Suite *suite = suite_create("func/number");
    TCase *cases = tcase_create("recorded");
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, recorded_calls);
    suite_add_tcase(suite, cases);
    return suite;
}
