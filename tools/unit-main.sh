#!/bin/sh
# Writes the unit tests' main(): every tests/unit/<folder>/<file>_test.c defines `Suite *<folder>_<file>_suite(void)`.
set -eu
echo '/* Made from the file names under tests/unit. */'
echo '#include <check.h>'
echo '#include <stdlib.h>'
for f in "$@"; do
    echo "Suite *$(echo "$f" | sed 's|^tests/unit/||; s|/|_|g; s|_test\.c$||')_suite(void);"
done
cat <<'C'
int main(void)
{
    SRunner *runner = srunner_create(NULL);
C
for f in "$@"; do
    echo "    srunner_add_suite(runner, $(echo "$f" | sed 's|^tests/unit/||; s|/|_|g; s|_test\.c$||')_suite());"
done
cat <<'C'
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
C
