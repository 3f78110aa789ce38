/* normalize_test.c - keys of statements, and which of their literals may differ. */
#include <check.h>
#include <string.h>

#include "catalog/edit.h"
#include "sql/analyze.h"
#include "sql/normalize.h"

Suite *sql_normalize_suite(void);

/* In the expected keys: I int4, L int8, B beyond, N numeric, S string.  NULL: not normalised. */
static const struct {
    const char *sql, *key;
} keys[] = {
    {"SELECT 1", "select I"},
    {"  select\t1 ; ", "select I"},
    {"SELECT /* a /* nested */ comment */ 1 -- end", "select I"},
    {"select 2147483647, 2147483648, 9223372036854775807, 9223372036854775808",
     "select I, L, L, B"},
    {"select 1.5, .5, 1e10, 1.e-5", "select N, N, N, N"},
    {"select 'it''s', ''", "select S, S"},
    {"SELECT \"A b\"\"c\" FROM T1", "select \"A b\"\"c\" from t1"},
    {"select a1, a-1, a -1, a- -1", "select a1, a-I, a -I, a- -I"},
    {"insert into t values (1,'x')", "insert into t values (I,S)"},
    {"select 'a' /* not one string */ 'b'", "select S S"},
    {"select 'a'\n'b'", NULL},
    {"select $1", NULL},
    {"select e'\\n'", NULL},
    {"select x'1F'", NULL},
    {"select u&'a'", NULL},
    {"select $$a$$", NULL},
    {"select 'unterminated", NULL},
    {"select /* unterminated", NULL},
    {"select 1abc", NULL},
    {"select 1..2", NULL},
    {"select 1; select 2", NULL},
    {"begin", NULL},
    {"create table t (a int)", NULL},
    {"select \"unterminated", NULL},
};

static const char *readable(struct arena *arena, const struct buf *key)
{
    char *text = arena_strndup(arena, key->p, key->n);
    for (char *p = text; *p; p++)
        if (*p <= 5)
            *p = "ILBNS"[*p - 1];
    return text;
}

START_TEST(keys_fold_what_does_not_matter)
{
    for (size_t k = 0; k < ARRAY_COUNT(keys); k++) {
        struct arena *arena = arena_new("case");
        struct buf key = BUF_IN(arena);
        struct normalized n = {.key = &key};
        bool ok = normalize(keys[k].sql, strlen(keys[k].sql), false, &n);
        if (!keys[k].key)
            ck_assert_msg(!ok, "%s: should be left to the parser", keys[k].sql);
        else
            ck_assert_msg(ok && strcmp(readable(arena, &key), keys[k].key) == 0, "%s: got %s",
                          keys[k].sql, ok ? readable(arena, &key) : "nothing");
        arena_free(arena);
    }
}
END_TEST

/* f free, n free and negative, s structural. */
static const struct {
    const char *sql, *uses;
} uses_of[] = {
    {"select relname from pg_class where oid = 5", "f"},
    {"select relname from pg_class where relname = 'x' and relpages > 10 limit 3", "fff"},
    {"select -1, 2 - 1, - 3, -2147483648, -9223372036854775808", "nffnss"},
    {"select relname, oid from pg_class order by 1, 2 desc", "ss"},
    {"select relkind, count(*) from pg_class group by 1 having count(*) > 2", "sf"},
    {"select 1.5::numeric(10,2), 'x'::varchar(3), interval '1' day, interval '2 days'", "fssfssf"},
    {"select oid from pg_class where oid in (1, 2, 3) and relname like 'a%'", "ffff"},
    {"select case when relkind = 'r' then 1 else 2 end from pg_class", "fff"},
    {"values (1, 'a'), (2, 'b')", "ffff"},
};

static const struct type *type_in_catalog(const struct env *env, uint32_t oid)
{
    return catalog_type(env->catalog, oid);
}

START_TEST(literals_are_free_where_their_value_decides_nothing)
{
    static struct oid_source oids = {.next = FIRST_USER_OID};
    struct catalog *catalog = catalog_new("postgres", 5, 4, &oids, NULL);
    const uint32_t path[] = {NAMESPACE_PUBLIC};
    for (size_t k = 0; k < ARRAY_COUNT(uses_of); k++) {
        struct arena *arena = arena_new("case");
        struct err err = ERR_IN(arena);
        struct env env = {.settings = &settings_default,
                          .arena = arena,
                          .type = type_in_catalog,
                          .catalog = catalog};
        struct buf key = BUF_IN(arena), got = BUF_IN(arena);
        struct normalized n = {.key = &key};
        struct literal_use uses[LITERALS_MAX] = {0};
        const struct type *params[LITERALS_MAX] = {0};
        struct raw_statements statements;
        const char *sql = uses_of[k].sql;
        ck_assert(normalize(sql, strlen(sql), false, &n));
        struct analyze_context context = {.arena = arena,
                                          .catalog = catalog,
                                          .path = {.namespaces = path, .n = 1},
                                          .env = &env,
                                          .text = sql,
                                          .param_types = params,
                                          .max_params = LITERALS_MAX,
                                          .literals = &n,
                                          .literal_uses = uses};
        ck_assert(sql_parse(arena, sql, &statements, &err));
        ck_assert_msg(analyze(&context, &statements.items[0], &err) != NULL, "%s: %s", sql,
                      err.message);
        for (int i = 0; i < n.n; i++)
            buf_putc(&got, uses[i].free ? uses[i].negated ? 'n' : 'f' : 's');
        ck_assert_msg(strcmp(buf_cstr(&got), uses_of[k].uses) == 0, "%s: expected %s, got %s", sql,
                      uses_of[k].uses, got.p);
        arena_free(arena);
    }
    catalog_unref(catalog);
}
END_TEST

START_TEST(values_come_out_as_they_were_written)
{
    struct arena *arena = arena_new("case");
    struct err err = ERR_IN(arena);
    const char *sql = "select 'it''s', 42, 3000000000";
    struct buf key = BUF_IN(arena);
    struct normalized n = {.key = &key};
    struct type_io io = {.arena = arena, .err = &err, .settings = &settings_default, .typmod = -1};
    struct datum value;
    struct type text = {.oid = TYPE_TEXT, .name = "text", .ops = type_ops_builtin(TYPE_TEXT)};
    ck_assert(normalize(sql, strlen(sql), false, &n));
    ck_assert_int_eq(n.n, 3);
    io.type = &text;
    ck_assert(literal_value_of(&n.items[0], sql, false, &io, &value));
    ck_assert_int_eq(value.n, 4);
    ck_assert_int_eq(memcmp(value.p, "it's", 4), 0);
    ck_assert(literal_value_of(&n.items[1], sql, true, &io, &value));
    ck_assert_int_eq(value.i, -42);
    ck_assert(literal_value_of(&n.items[2], sql, false, &io, &value));
    ck_assert_int_eq(value.i, INT64_C(3000000000));
    arena_free(arena);
}
END_TEST

Suite *sql_normalize_suite(void)
{
    Suite *suite = suite_create("sql/normalize");
    TCase *cases = tcase_create("all");
    tcase_add_test(cases, keys_fold_what_does_not_matter);
    tcase_add_test(cases, literals_are_free_where_their_value_decides_nothing);
    tcase_add_test(cases, values_come_out_as_they_were_written);
    suite_add_tcase(suite, cases);
    return suite;
}
