/* query_test.c - queries with the answers that PostgreSQL 15 gave (*.cases here, by tools/record-query-cases.py): the same at any number of
 * shards, and with so little memory that everything spills. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "tests/unit/exec/sqlbox.h"

Suite *exec_query_suite(void);

#define LITTLE_MEMORY 2048

static const char *const files[] = {"join", "sort",    "aggregate", "window",     "setop",
                                    "cte",  "sublink", "modify",    "expression", "fold"};

struct lines {
    char *at;
};

static char *next_line(struct lines *lines)
{
    char *line = lines->at;
    if (!line)
        return NULL;
    char *end = strchr(line, '\n');
    lines->at = end ? end + 1 : NULL;
    if (end)
        *end = 0;
    return line;
}

static char *read_file(const char *path)
{
    static char text[1 << 18];
    FILE *f = fopen(path, "r");
    ck_assert_msg(f != NULL, "cannot open %s", path);
    size_t n = fread(text, 1, sizeof(text) - 1, f);
    ck_assert_uint_lt(n, sizeof(text) - 1);
    text[n] = 0;
    fclose(f);
    return text;
}

/* The recorded answer: the lines up to an empty one. */
static const char *wanted_rows(struct lines *lines, struct arena *arena)
{
    struct buf rows = BUF_IN(arena);
    for (char *line; (line = next_line(lines)) != NULL && *line;) {
        buf_puts(&rows, line);
        buf_putc(&rows, '\n');
    }
    return rows.n ? buf_cstr(&rows) : "";
}

static int run_file(const char *name, uint32_t n_shards, size_t memory_bytes)
{
    char path[96];
    struct arena *arena = arena_new("query test");
    struct sqlbox *box = sqlbox_open(n_shards, memory_bytes);
    int n_wrong = 0, n_cases = 0;
    snprintf(path, sizeof(path), "tests/unit/exec/%s.cases", name);
    struct lines lines = {read_file(path)};
    for (char *line; (line = next_line(&lines)) != NULL;) {
        if (strncmp(line, "> ", 2) != 0)
            continue;
        const char *want = wanted_rows(&lines, arena), *got = sqlbox_run(box, arena, line + 2);
        n_cases++;
        if (strcmp(want, got) != 0 && n_wrong++ < 5)
            fprintf(stderr, "%s, %u shards: %s\n want:\n%s got:\n%s", path, n_shards, line + 2,
                    want, got);
        arena_reset(arena);
    }
    ck_assert_int_gt(n_cases, 5);
    bool keeps_much =
        strcmp(name, "sublink") != 0 && strcmp(name, "modify") != 0 && strcmp(name, "fold") != 0;
    ck_assert_msg(!memory_bytes || !keeps_much || sqlbox_spilled(box), "%s: nothing was spilled",
                  path);
    sqlbox_close(box);
    arena_free(arena);
    return n_wrong;
}

START_TEST(rows_are_those_of_postgresql)
{
    ck_assert_int_eq(run_file(files[_i], 3, 0), 0);
}
END_TEST

START_TEST(rows_are_the_same_on_one_shard)
{
    ck_assert_int_eq(run_file(files[_i], 1, 0), 0);
}
END_TEST

START_TEST(rows_are_the_same_on_eight_shards_with_little_memory)
{
    ck_assert_int_eq(run_file(files[_i], 8, LITTLE_MEMORY), 0);
}
END_TEST

Suite *exec_query_suite(void)
{
    Suite *suite = suite_create("exec/query");
    TCase *tests = tcase_create("recorded");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, rows_are_those_of_postgresql, 0, ARRAY_COUNT(files));
    tcase_add_loop_test(tests, rows_are_the_same_on_one_shard, 0, ARRAY_COUNT(files));
    tcase_add_loop_test(tests, rows_are_the_same_on_eight_shards_with_little_memory, 0,
                        ARRAY_COUNT(files));
    suite_add_tcase(suite, tests);
    return suite;
}
