/* regex_test.c - regular expressions: recorded calls (regex.cases). */
#include <check.h>

#include "tests/unit/func/cases.h"

Suite *func_regex_suite(void);

START_TEST(recorded_calls)
{
    cases_run("tests/unit/func/regex.cases");
}
END_TEST

Suite *func_regex_suite(void)
{
    Suite *suite = suite_create("func/regex");
    TCase *cases = tcase_create("recorded");
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, recorded_calls);
    suite_add_tcase(suite, cases);
    return suite;
}
