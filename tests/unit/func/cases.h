/* cases.h - runs files of recorded calls against the implementations.
 *
 * A case file (*.cases beside the tests) holds one call per line with what PostgreSQL 15
 * answered; its form is told in tools/record-func-cases.py, which records it.  Types and
 * functions are looked up in catalog/data, so the tests run in the root of the source tree. */
#ifndef SHARDLITE_TESTS_UNIT_FUNC_CASES_H
#define SHARDLITE_TESTS_UNIT_FUNC_CASES_H

#include "base/arena.h"

/* Fails the running Check test, naming each case that differs. */
void cases_run(const char *path);

#endif
