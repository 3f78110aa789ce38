/* formatting_test.c - to_char, to_date, to_timestamp, to_number (formatting.cases). */
#include <check.h>

#include "tests/unit/func/cases.h"

Suite *func_formatting_suite(void);

START_TEST(recorded_calls)
{
    cases_run("tests/unit/func/formatting.cases");
}
END_TEST

Suite *func_formatting_suite(void)
{
    Suite *suite = suite_create("func/formatting");
    TCase *cases = tcase_create("recorded");
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, recorded_calls);
    suite_add_tcase(suite, cases);
    return suite;
}
