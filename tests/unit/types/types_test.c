/* types_test.c - text and binary forms and order of the types (types.cases); records, enums, subscripts. */
#include <check.h>
#include <string.h>

#include "func/env.h"
#include "tests/unit/func/cases.h"
#include "types/array.h"
#include "types/enum.h"
#include "types/record.h"

Suite *types_types_suite(void);

static struct arena *arena;
static struct err err;

static const struct enum_label moods[] = {{1, 1, "sad"}, {2, 1.5F, "ok"}, {3, 2, "happy"}};
static const struct attribute fields[] = {{"a", TYPE_INT4, -1, 1, false},
                                          {"b", TYPE_TEXT, -1, 2, false},
                                          {"c", TYPE_NUMERIC, ((5 << 16) | 1) + 4, 3, false}};
static const struct type mood = {.oid = 20000,
                                 .name = "mood",
                                 .kind = 'e',
                                 .category = 'E',
                                 .delim = ',',
                                 .labels = moods,
                                 .n_labels = 3,
                                 .ops = &enum_ops};
static const struct type row = {.oid = 20001,
                                .name = "comp",
                                .kind = 'c',
                                .category = 'C',
                                .delim = ',',
                                .attributes = fields,
                                .n_attributes = 3,
                                .ops = &record_ops};

static struct type_io io_of(const struct type *type)
{
    return (struct type_io){
        .arena = arena, .err = &err, .type = type, .typmod = -1, .settings = &settings_default};
}

static void setup(void)
{
    arena = arena_new("test");
    err = ERR_IN(arena);
}

static void teardown(void)
{
    arena_free(arena);
}

/* The value read and written again, or "SQLSTATE message | detail". */
static const char *in_out(const struct type *type, const char *text)
{
    struct type_io io = io_of(type);
    struct datum value;
    const char *out;
    err_clear(&err);
    if (type_in(&io, text, strlen(text), &value) && type_out_cstring(&io, &value, &out))
        return out;
    return arena_printf(arena, "%s %s%s%s", err.sqlstate, err.message, err.detail ? " | " : "",
                        err.detail ? err.detail : "");
}

static struct datum read(const struct type *type, const char *text)
{
    struct type_io io = io_of(type);
    struct datum value;
    ck_assert_msg(type_in(&io, text, strlen(text), &value), "%s", text);
    return value;
}

START_TEST(recorded_forms)
{
    cases_run("tests/unit/types/types.cases");
}
END_TEST

START_TEST(records_read_and_print)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"(1,abc,2.25)", "(1,abc,2.3)"},
        {"(,\"\",)", "(,\"\",)"},
        {" ( 1 , x y , 3 ) ", "(1,\" x y \",3.0)"},
        {"(\"1\",\"a\"\"b\\\"c\",)", "(1,\"a\"\"b\"\"c\",)"},
        {"(1,a\\,b,3)", "(1,\"a,b\",3.0)"},
        {"(1,2)", "22P02 malformed record literal: \"(1,2)\" | Too few columns."},
        {"(1,2,3,4)", "22P02 malformed record literal: \"(1,2,3,4)\" | Too many columns."},
        {"1,2,3", "22P02 malformed record literal: \"1,2,3\" | Missing left parenthesis."},
        {"(1,2,3", "22P02 malformed record literal: \"(1,2,3\" | Unexpected end of input."},
        {"(1,2,3)x",
         "22P02 malformed record literal: \"(1,2,3)x\" | Junk after right parenthesis."},
        {"(\"a,2,3)", "22P02 malformed record literal: \"(\"a,2,3)\" | Unexpected end of input."},
        {"(x,2,3)", "22P02 invalid input syntax for type integer: \"x\""},
        {"()", "22P02 malformed record literal: \"()\" | Too few columns."},
    };
    for (size_t k = 0; k < ARRAY_COUNT(cases); k++)
        ck_assert_str_eq(in_out(&row, cases[k].text), cases[k].want);
}
END_TEST

/* Records are ordered field by field, NULLs last, and their keys say the same. */
START_TEST(record_keys_follow_their_order)
{
    static const char *const ascending[] = {"(1,a,1)", "(1,a,1.5)", "(1,b,)",
                                            "(2,,0)",  "(,a,1)",    "(,,)"};
    for (size_t a = 0; a < ARRAY_COUNT(ascending); a++)
        for (size_t b = 0; b < ARRAY_COUNT(ascending); b++) {
            struct datum x = read(&row, ascending[a]), y = read(&row, ascending[b]);
            struct buf p = BUF_IN(arena), q = BUF_IN(arena);
            type_sort_key(&row, &x, false, false, &p);
            type_sort_key(&row, &y, false, false, &q);
            int by_key = memcmp(p.p, q.p, MIN(p.n, q.n)), want = (a > b) - (a < b);
            ck_assert_int_eq((by_key > 0) - (by_key < 0), want);
            ck_assert_int_eq(type_cmp(&row, &x, &y) > 0, want > 0);
            ck_assert_int_eq(type_cmp(&row, &x, &y) < 0, want < 0);
        }
}
END_TEST

START_TEST(enums_know_their_labels_and_their_order)
{
    ck_assert_str_eq(in_out(&mood, "ok"), "ok");
    ck_assert_str_eq(in_out(&mood, "bad"), "22P02 invalid input value for enum mood: \"bad\"");
    struct datum sad = read(&mood, "sad"), ok = read(&mood, "ok"), happy = read(&mood, "happy");
    ck_assert_int_lt(type_cmp(&mood, &sad, &ok), 0);
    ck_assert_int_gt(type_cmp(&mood, &happy, &ok), 0);
    struct buf p = BUF_IN(arena), q = BUF_IN(arena);
    type_sort_key(&mood, &happy, false, false, &p);
    type_sort_key(&mood, &ok, false, false, &q);
    ck_assert_int_gt(memcmp(p.p, q.p, MIN(p.n, q.n)), 0);
}
END_TEST

/* Equal integers and numerics agree whatever their type and scale. */
START_TEST(hash_keys_agree_within_a_family)
{
    static const struct {
        uint32_t type;
        const char *text;
    } same[] = {{TYPE_INT2, "-7"},
                {TYPE_INT4, "-7"},
                {TYPE_INT8, "-7"},
                {TYPE_NUMERIC, "-7"},
                {TYPE_NUMERIC, "-7.00"}};
    struct buf first = BUF_IN(arena);
    for (size_t k = 0; k < ARRAY_COUNT(same); k++) {
        const struct type *type = type_builtin(same[k].type);
        struct datum value = read(type, same[k].text);
        struct buf key = BUF_IN(arena);
        type_hash_key(type, &value, k ? &key : &first);
        ck_assert(k == 0 || (key.n == first.n && memcmp(key.p, first.p, key.n) == 0));
    }
}
END_TEST

static const char *ints(struct datum value)
{
    struct type_io io = io_of(type_builtin(TYPE_INT4_ARRAY));
    const char *text;
    ck_assert(type_out_cstring(&io, &value, &text));
    return text;
}

START_TEST(subscripts_fetch_and_replace)
{
    const struct type *int4 = type_builtin(TYPE_INT4), *array = type_builtin(TYPE_INT4_ARRAY);
    struct datum one = read(array, "{10,20,30}"), two = read(array, "{{1,2,3},{4,5,6}}"), out;
    ck_assert_int_eq(array_get(int4, array_of(&one), 1, (int32_t[]){2}).i, 20);
    ck_assert(array_get(int4, array_of(&one), 1, (int32_t[]){4}).null);
    ck_assert_int_eq(array_get(int4, array_of(&two), 2, (int32_t[]){2, 3}).i, 6);
    struct array_bound lower[2] = {{1, true}, {2, true}}, upper[2] = {{2, true}, {9, true}};
    ck_assert(array_slice(arena, &err, int4, array_of(&two), 2, lower, upper, &out));
    ck_assert_str_eq(ints(out), "{{2,3},{5,6}}");
    ck_assert(array_set_element(arena, &err, int4, array_of(&one), 1, (int32_t[]){6}, datum_int(60),
                                &out));
    ck_assert_str_eq(ints(out), "{10,20,30,NULL,NULL,60}");
    ck_assert(array_set_element(arena, &err, int4, array_of(&one), 1, (int32_t[]){-1}, datum_int(0),
                                &out));
    ck_assert_str_eq(ints(out), "[-1:3]={0,NULL,10,20,30}");
    ck_assert(!array_set_element(arena, &err, int4, array_of(&two), 2, (int32_t[]){3, 1},
                                 datum_int(0), &out));
    ck_assert_str_eq(err.message, "array subscript out of range");
    struct datum source = read(array, "{7,8}");
    struct array_bound from = {2, true}, to = {3, true};
    ck_assert(
        array_set_slice(arena, &err, int4, array_of(&one), 1, &from, &to, array_of(&source), &out));
    ck_assert_str_eq(ints(out), "{10,7,8}");
    to.value = 4;
    ck_assert(!array_set_slice(arena, &err, int4, array_of(&one), 1, &from, &to, array_of(&source),
                               &out));
    ck_assert_str_eq(err.message, "source array too small");
}
END_TEST

Suite *types_types_suite(void)
{
    Suite *suite = suite_create("types/types");
    TCase *cases = tcase_create("values");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, recorded_forms);
    tcase_add_test(cases, records_read_and_print);
    tcase_add_test(cases, record_keys_follow_their_order);
    tcase_add_test(cases, enums_know_their_labels_and_their_order);
    tcase_add_test(cases, hash_keys_agree_within_a_family);
    tcase_add_test(cases, subscripts_fetch_and_replace);
    suite_add_tcase(suite, cases);
    return suite;
}
