/* property_test.c - random queries over random tables: the same rows at 1, 3 and 8 shards, and with so little memory that all spills.
 *
 * Every query is such that PostgreSQL's rules leave one answer: rows come sorted by all their columns, aggregates do not depend on the order of
 * their input.  Queries that fail must fail alike. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "tests/unit/exec/sqlbox.h"

Suite *exec_property_suite(void);

#define QUERIES_PER_SEED 60
#define LITTLE_MEMORY (16 * 1024)

/* ---- random choices ---- */

static uint64_t random_state;

static uint32_t below(uint32_t n)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 33) % n;
}

static bool chance(uint32_t percent)
{
    return below(100) < percent;
}

#define PICK(list) ((list)[below(ARRAY_COUNT(list))])

/* ---- tables: t0, t1, t2 of columns id, k, v, s ---- */

static const char *const creations[] = {
    "create table t0 (id int primary key, k int, v bigint, s text)",
    "create table t1 (id int primary key, k int, v bigint, s text)",
    "create table t2 (id int, k int, v bigint, s text)",
    "create index on t0 (k)",
    "create index on t1 (s)",
};

static void fill_table(struct buf *sql, int table)
{
    uint32_t n = 20 + below(150), keys = 2 + below(40);
    buf_printf(sql, "insert into t%d values ", table);
    for (uint32_t k = 0; k < n; k++) {
        buf_printf(sql, "%s(%u, ", k ? ", " : "", table == 2 ? below(n) : k);
        if (chance(12))
            buf_puts(sql, "null, ");
        else
            buf_printf(sql, "%u, ", below(keys));
        buf_printf(sql, "%d, ", (int)below(2000) - 1000);
        if (chance(10))
            buf_puts(sql, "null)");
        else
            buf_printf(sql, "'%c%u')", 'a' + (int)below(5), below(chance(50) ? 3 : 100));
    }
}

/* ---- queries ---- */

static void put_condition(struct buf *sql, const char *a, const char *b)
{
    switch (below(9)) {
    case 0:
        buf_printf(sql, "%s.k = %u", a, below(30));
        break;
    case 1:
        buf_printf(sql, "%s.v > %d", a, (int)below(1000) - 500);
        break;
    case 2:
        buf_printf(sql, "%s.id between %u and %u", a, below(50), 50 + below(100));
        break;
    case 3:
        buf_printf(sql, "%s.s like '%c%%'", a, 'a' + (int)below(5));
        break;
    case 4:
        buf_printf(sql, "(%s.k is null or %s.v %% 3 = %u)", a, b, below(3));
        break;
    case 5:
        buf_printf(sql, "%s.k in (select k from t%u where v < %d)", a, below(3),
                   (int)below(1000) - 500);
        break;
    case 6:
        buf_printf(sql, "%sexists (select 1 from t%u e where e.k = %s.k and e.id < %u)",
                   chance(50) ? "not " : "", below(3), a, below(150));
        break;
    case 7:
        buf_printf(sql, "%s.v < (select max(v) from t%u m where m.k = %s.k)", a, below(3), b);
        break;
    default:
        buf_printf(sql, "%s.k + 1 > %s.k", a, b);
    }
}

static void put_where(struct buf *sql, const char *a, const char *b)
{
    for (uint32_t k = 0, n = below(3); k < n; k++) {
        buf_puts(sql, k ? (chance(80) ? " and " : " or ") : " where ");
        put_condition(sql, chance(50) ? a : b, b);
    }
}

/* FROM with aliases a and b. */
static void put_from(struct buf *sql)
{
    static const char *const joins[] = {"join", "left join", "right join", "full join"};
    static const char *const conditions[] = {"a.k = b.k", "a.id = b.id", "a.k = b.k and a.s = b.s",
                                             "a.s = b.s and a.v < b.v", "a.id = b.k"};
    if (chance(12)) {
        buf_printf(sql, " from t%u a, t%u b where a.id = b.id and ", below(3), below(3));
        put_condition(sql, "a", "b");
        return;
    }
    if (chance(15)) {
        buf_printf(sql,
                   " from t%u a left join lateral (select * from t%u l where l.k = a.k order by "
                   "l.id, l.v, l.s limit %u) b on true",
                   below(3), below(3), 1 + below(4));
        put_where(sql, "a", "b");
        return;
    }
    const char *join = PICK(joins);
    buf_printf(sql, " from t%u a %s t%u b on %s", below(3), join, below(3), PICK(conditions));
    if (chance(30) && strcmp(join, "full join") != 0)
        buf_printf(sql, " and b.v > %d", (int)below(1000) - 800);
    put_where(sql, "a", "b");
}

static void put_plain(struct buf *sql)
{
    static const char *const lists[] = {"a.id, a.k, b.id, b.s", "a.k, b.k", "a.s, b.v",
                                        "a.id + b.id, a.s || b.s, a.k"};
    const char *list = PICK(lists);
    int columns = 1;
    for (const char *at = list; *at; at++)
        columns += *at == ',';
    buf_printf(sql, "select %s%s", chance(30) ? "distinct " : "", list);
    put_from(sql);
    buf_puts(sql, " order by ");
    for (int k = 1; k <= columns; k++)
        buf_printf(sql, "%s%d%s", k > 1 ? ", " : "", k,
                   chance(25)   ? " desc"
                   : chance(25) ? " nulls first"
                                : "");
    if (chance(40))
        buf_printf(sql, " limit %u", below(20));
    if (chance(20))
        buf_printf(sql, " offset %u", below(10));
}

static void put_grouped(struct buf *sql)
{
    static const char *const groups[] = {"a.k",
                                         "a.s",
                                         "a.k, b.s",
                                         "b.k % 5",
                                         "rollup (a.k, b.k)",
                                         "grouping sets ((a.s), (b.k), ())"};
    static const char *const aggs[] = {"count(*)",
                                       "sum(b.v)",
                                       "min(a.s)",
                                       "max(b.id)",
                                       "avg(a.v)",
                                       "count(distinct b.k)",
                                       "string_agg(b.s, ',' order by b.s, b.id)",
                                       "array_agg(distinct a.k order by a.k)",
                                       "count(*) filter (where b.v > 0)",
                                       "percentile_disc(0.5) within group (order by a.v)"};
    buf_puts(sql, "select ");
    for (int k = 0, n = 2 + (int)below(3); k < n; k++)
        buf_printf(sql, "%s%s", k ? ", " : "", PICK(aggs));
    put_from(sql);
    if (chance(85))
        buf_printf(sql, " group by %s", PICK(groups));
    if (chance(25))
        buf_puts(sql, " having count(*) > 2");
    buf_puts(sql, " order by 1, 2");
}

/* Columns behind the two that are ordered by may differ among ties: the whole is sorted once more. */
static void put_sorted(struct buf *sql, struct arena *arena, void (*put)(struct buf *sql))
{
    struct buf inner = BUF_IN(arena);
    put(&inner);
    buf_printf(sql, "select x::text from (%s) x order by 1", buf_cstr(&inner));
}

static void put_windowed(struct buf *sql)
{
    static const char *const calls[] = {
        "row_number() over w",
        "rank() over (partition by a.s order by a.v)",
        "sum(a.v) over w",
        "lag(a.v, 2) over w",
        "count(*) over (order by a.k)",
        "first_value(a.s) over w",
        ("max(a.v) over (partition by a.k order by a.id, a.v, a.s rows between 3 preceding and 1 "
         "following)"),
        "ntile(4) over w",
        "sum(a.id) over (order by a.s groups between 1 preceding and current row)"};
    buf_puts(sql, "select a.id, a.v");
    for (int k = 0, n = 1 + (int)below(3); k < n; k++)
        buf_printf(sql, ", %s", PICK(calls));
    buf_printf(sql, " from t%u a", below(3));
    put_where(sql, "a", "a");
    buf_puts(sql, " window w as (partition by a.k order by a.id, a.v, a.s) order by 1, 2");
}

static void put_setop(struct buf *sql)
{
    static const char *const ops[] = {"union",         "union all", "intersect",
                                      "intersect all", "except",    "except all"};
    static const char *const lists[] = {"k", "s", "k, s"};
    const char *list = PICK(lists);
    buf_printf(sql, "select %s from t%u", list, below(3));
    for (int k = 0, n = 1 + (int)below(3); k < n; k++)
        buf_printf(sql, " %s select %s from t%u where id %% %u = 0", PICK(ops), list, below(3),
                   1 + below(3));
}

static void put_plain_aggregate(struct buf *sql)
{
    static const char *const aggs[] = {"count(*)", "count(k)", "sum(k)", "sum(v)", "avg(v)",
                                       "avg(k)",   "min(s)",   "max(s)", "min(v)", "max(id)"};
    static const char *const conditions[] = {"",
                                             " where k = 3",
                                             " where v > 100 and id < 70",
                                             " where s is null",
                                             " where k in (1, 2, 5)",
                                             " where s > 'c'"};
    buf_puts(sql, "select ");
    for (int k = 0, n = 1 + (int)below(4); k < n; k++)
        buf_printf(sql, "%s%s", k ? ", " : "", PICK(aggs));
    buf_printf(sql, " from t%u%s", below(3), PICK(conditions));
}

static const char *random_query(struct arena *arena)
{
    struct buf sql = BUF_IN(arena);
    switch (below(7)) {
    case 0:
    case 1:
        put_plain(&sql);
        break;
    case 2:
    case 3:
        put_sorted(&sql, arena, put_grouped);
        break;
    case 4:
        put_sorted(&sql, arena, put_windowed);
        break;
    case 5:
        put_sorted(&sql, arena, put_setop);
        break;
    default:
        put_plain_aggregate(&sql);
    }
    return buf_cstr(&sql);
}

/* ---- the property ---- */

struct answers {
    const char *queries[QUERIES_PER_SEED], *rows[QUERIES_PER_SEED];
};

/* The tables and queries that the seed stands for, on so many shards. */
static bool answer_all(struct arena *arena, uint64_t seed, uint32_t n_shards, size_t memory_bytes,
                       struct answers *answers)
{
    struct sqlbox *box = sqlbox_open(n_shards, memory_bytes);
    random_state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    for (size_t k = 0; k < ARRAY_COUNT(creations); k++)
        ck_assert_str_eq(sqlbox_run(box, arena, creations[k]), "");
    for (int table = 0; table < 3; table++) {
        struct buf sql = BUF_IN(arena);
        fill_table(&sql, table);
        ck_assert_str_eq(sqlbox_run(box, arena, buf_cstr(&sql)), "");
    }
    for (int k = 0; k < QUERIES_PER_SEED; k++) {
        answers->queries[k] = random_query(arena);
        answers->rows[k] = sqlbox_run(box, arena, answers->queries[k]);
        if (getenv("SHOW_QUERIES"))
            fprintf(stderr, "%s\n%s", answers->queries[k],
                    strncmp(answers->rows[k], "ERROR", 5) == 0 ? answers->rows[k] : "");
    }
    bool spilled = sqlbox_spilled(box);
    sqlbox_close(box);
    return spilled;
}

static int n_failed(const struct answers *answers)
{
    int n = 0;
    for (int k = 0; k < QUERIES_PER_SEED; k++)
        n += strncmp(answers->rows[k], "ERROR", 5) == 0;
    return n;
}

START_TEST(rows_do_not_depend_on_shards_or_memory)
{
    static const struct {
        uint32_t n_shards;
        size_t memory_bytes;
    } others[] = {{3, 0}, {8, 0}, {1, LITTLE_MEMORY}, {5, LITTLE_MEMORY}};
    struct arena *arena = arena_new("property test");
    uint64_t seed = getenv("SEED") ? strtoull(getenv("SEED"), NULL, 10) : (uint64_t)_i + 1;
    struct answers want, got;
    int n_wrong = 0;
    answer_all(arena, seed, 1, 0, &want);
    ck_assert_int_lt(n_failed(&want), QUERIES_PER_SEED / 4);
    for (size_t k = 0; k < ARRAY_COUNT(others); k++) {
        bool spilled = answer_all(arena, seed, others[k].n_shards, others[k].memory_bytes, &got);
        ck_assert(!others[k].memory_bytes || spilled);
        for (int q = 0; q < QUERIES_PER_SEED; q++)
            if (strcmp(want.rows[q], got.rows[q]) != 0 && n_wrong++ < 3)
                fprintf(stderr, "seed %llu, %u shards, %zu bytes: %s\n want:\n%s got:\n%s",
                        (unsigned long long)seed, others[k].n_shards, others[k].memory_bytes,
                        want.queries[q], want.rows[q], got.rows[q]);
    }
    arena_free(arena);
    ck_assert_int_eq(n_wrong, 0);
}
END_TEST

Suite *exec_property_suite(void)
{
    Suite *suite = suite_create("exec/property");
    TCase *tests = tcase_create("random queries");
    const char *n_seeds = getenv("N_SEEDS");
    tcase_set_timeout(tests, 300);
    tcase_add_loop_test(tests, rows_do_not_depend_on_shards_or_memory, 0,
                        n_seeds ? (int)strtol(n_seeds, NULL, 10) : 4);
    suite_add_tcase(suite, tests);
    return suite;
}
