/* hash_test.c - hashtext() and its kin: recorded calls (hash.cases). */
#include <check.h>

#include "tests/unit/func/cases.h"

Suite *func_hash_suite(void);

START_TEST(recorded_calls)
{
    cases_run("tests/unit/func/hash.cases");
}
END_TEST

Suite *func_hash_suite(void)
{
    Suite *suite = suite_create("func/hash");
    TCase *cases = tcase_create("recorded");
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, recorded_calls);
    suite_add_tcase(suite, cases);
    return suite;
}
