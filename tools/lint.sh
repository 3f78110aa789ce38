#!/bin/sh
# Warnings of both compilers are errors; format, clang-tidy, cppcheck and shellcheck have nothing to say.
set -eu
cd "$(dirname "$0")/.."
files=$(git ls-files '*.c' '*.h')
status=0
step() { echo "lint: $1"; }

step "clang-format"
# shellcheck disable=SC2086
clang-format-14 --dry-run -Werror $files || status=1
step "clang builds without warnings"
# shellcheck disable=SC2046
make --no-print-directory -j2 CC=clang-14 FLAVOR=dev BUILD=build/lint build/lint/shardlite build/lint/unit build/lint/kill_loop build/lint/history \
    $(git ls-files 'tests/tool/*.c' | sed 's|.*/\(.*\)\.c|build/lint/\1|') >build-lint.log 2>&1 || { tail -30 build-lint.log; status=1; }
rm -f build-lint.log
step "cppcheck"
# Left out: what cppcheck 2.10 gets wrong of GMP's macros, hexadecimal floats, statement macros and lists that are empty when NULL.
# shellcheck disable=SC2046
cppcheck --quiet --std=c11 --language=c -j 2 --enable=warning,portability --inline-suppr --error-exitcode=1 -I. --suppress=missingInclude \
    --suppress=missingIncludeSystem --suppress=unknownMacro --suppress=preprocessorErrorDirective \
    --suppress=uninitvar --suppress=syntaxError --suppress=internalAstError --suppress=autoVariables --suppress=returnDanglingLifetime \
    --suppress=incorrectLogicOperator --suppress=shiftNegativeLHS --suppress=nullPointerRedundantCheck --suppress=nullPointer $(git ls-files '*.c' | grep -v '^tests/') || status=1
step "clang-tidy"
include=$(pg_config --includedir-server)
git ls-files '*.c' | grep -v '^tests/\|^examples/' |
    xargs -P 2 -n 20 sh -c 'clang-tidy-14 --quiet --warnings-as-errors="*" "$@" -- -std=gnu11 -I. -Ibuild/lint/gen -D_GNU_SOURCE -isystem '"$include"' 2>/dev/null' tidy >tidy.out ||
    { grep -E 'error:|warning:' tidy.out | sort -u | head -40; status=1; }
rm -f tidy.out
step "shellcheck"
git ls-files '*.sh' .ci/run | xargs shellcheck -S warning || status=1
exit $status
