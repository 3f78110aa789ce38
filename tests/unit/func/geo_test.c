/* geo_test.c - geometric types: recorded calls (geo.cases). */
#include <check.h>

#include "tests/unit/func/cases.h"

Suite *func_geo_suite(void);

START_TEST(recorded_calls)
{
    cases_run("tests/unit/func/geo.cases");
}
END_TEST

Suite *func_geo_suite(void)
{
    Suite *suite = suite_create("func/geo");
    TCase *cases = tcase_create("recorded");
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, recorded_calls);
    suite_add_tcase(suite, cases);
    return suite;
}
