/* datetime_test.c - dates, times and intervals in and out (datetime.cases). */
#include <check.h>

#include "tests/unit/func/cases.h"

Suite *types_datetime_suite(void);

START_TEST(recorded_calls)
{
    cases_run("tests/unit/types/datetime.cases");
}
END_TEST

Suite *types_datetime_suite(void)
{
    Suite *suite = suite_create("types/datetime");
    TCase *cases = tcase_create("recorded");
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, recorded_calls);
    suite_add_tcase(suite, cases);
    return suite;
}
