/* op_test.c - ops and records survive being bytes, and damaged bytes are told. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "shard/record.h"

Suite *shard_op_suite(void);

static const char *const columns[] = {"a", "b", "c", "d", "e"};
static const struct layout layout = {"public.t\"x", "_rid", 5, columns};
static const char *const other_columns[] = {"k"};
static const struct layout other = {"u", "oid", 1, other_columns};

static const struct stored values[] = {
    {.kind = STORED_INTEGER, .i = INT64_MIN},
    {.kind = STORED_REAL, .f = -0.1},
    {.kind = STORED_NULL},
    {.kind = STORED_TEXT, .p = "", .n = 0},
    {.kind = STORED_BLOB, .p = "a\0b", .n = 3},
};

static struct image image_of(struct arena *arena, const struct stored *list, size_t n)
{
    struct buf out = BUF_IN(arena);
    for (size_t k = 0; k < n; k++)
        image_put(&out, &list[k]);
    return (struct image){(const uint8_t *)out.p, (uint32_t)out.n};
}

static void expect_values(const struct image *image, const struct stored *list, size_t n)
{
    uint32_t at = 0;
    struct stored value;
    for (size_t k = 0; k < n; k++) {
        ck_assert(image_next(image, &at, &value));
        ck_assert_int_eq(value.kind, list[k].kind);
        ck_assert_int_eq(value.i, list[k].i);
        ck_assert(value.f == list[k].f);
        ck_assert_uint_eq(value.n, list[k].n);
        ck_assert(!value.n || memcmp(value.p, list[k].p, value.n) == 0);
    }
    ck_assert(!image_next(image, &at, &value));
}

static struct buf encode(struct arena *arena, bool whole_images)
{
    static const uint8_t changed = 1u << 1 | 1u << 4;
    struct image image = image_of(arena, values, 5), one = image_of(arena, values, 1);
    const struct op ops[] = {
        {.kind = OP_SQL, .shard = SHARD_CATALOG, .sql = "CREATE TABLE x (y)"},
        {.kind = OP_INSERT, .shard = 0, .layout = &layout, .rid = -5, .image = image},
        {.kind = OP_INSERT, .shard = 700, .layout = &other, .rid = INT64_MAX, .image = one},
        {.kind = OP_UPDATE,
         .shard = 3,
         .layout = &layout,
         .rid = 7,
         .image = image,
         .changed = &changed},
        {.kind = OP_DELETE, .shard = 3, .layout = &layout, .rid = 8},
        {.kind = OP_TRUNCATE, .shard = SHARD_CLUSTER, .layout = &other},
    };
    struct buf out = BUF_IN(arena);
    struct op_writer writer = {.out = &out, .whole_images = whole_images};
    for (size_t k = 0; k < ARRAY_COUNT(ops); k++)
        op_put(&writer, &ops[k]);
    return out;
}

START_TEST(ops_come_back)
{
    bool whole = _i;
    struct arena *arena = arena_new("test");
    struct buf bytes = encode(arena, whole);
    struct op_reader reader = {(uint8_t *)bytes.p, (uint8_t *)bytes.p + bytes.n, .arena = arena};
    struct op op;
    ck_assert(op_next(&reader, &op) && op.kind == OP_SQL && op.shard == SHARD_CATALOG);
    ck_assert_str_eq(op.sql, "CREATE TABLE x (y)");
    ck_assert(op_next(&reader, &op) && op.kind == OP_INSERT && op.rid == -5);
    ck_assert_str_eq(op.layout->table, "public.t\"x");
    ck_assert_uint_eq(op.layout->n_columns, 5);
    ck_assert_str_eq(op.layout->columns[4], "e");
    expect_values(&op.image, values, 5);
    ck_assert(op_next(&reader, &op) && op.shard == 700 && op.rid == INT64_MAX);
    ck_assert_str_eq(op.layout->rid_column, "oid");
    ck_assert(op_next(&reader, &op) && op.kind == OP_UPDATE && op.rid == 7);
    if (whole) {
        ck_assert(op.changed && *op.changed == (1u << 1 | 1u << 4));
        expect_values(&op.image, values, 5);
    } else { /* only what changed */
        ck_assert(!op.changed && op.layout->n_columns == 2);
        ck_assert_str_eq(op.layout->columns[0], "b");
        ck_assert_str_eq(op.layout->columns[1], "e");
        expect_values(&op.image, (struct stored[]){values[1], values[4]}, 2);
    }
    ck_assert(op_next(&reader, &op) && op.kind == OP_DELETE && op.rid == 8);
    ck_assert_str_eq(op.layout->table, "public.t\"x");
    ck_assert(op_next(&reader, &op) && op.kind == OP_TRUNCATE && op.shard == SHARD_CLUSTER);
    ck_assert(!op_next(&reader, &op) && !reader.damaged);
    arena_free(arena);
}
END_TEST

/* Cut short at any byte, or with any byte changed: never a crash, and a cut inside an op is told. */
START_TEST(damaged_ops_are_told)
{
    struct arena *arena = arena_new("test");
    struct buf bytes = encode(arena, true);
    struct op op;
    for (size_t n = 0; n < bytes.n; n++) {
        uint8_t *copy = malloc(n + 1);
        memcpy(copy, bytes.p, n);
        struct op_reader reader = {copy, copy + n, .arena = arena};
        size_t n_ops = 0;
        while (op_next(&reader, &op))
            n_ops++;
        ck_assert(n_ops < 6);
        free(copy);
    }
    for (size_t n = 0; n < bytes.n * 8; n++) {
        uint8_t *copy = arena_memdup(arena, bytes.p, bytes.n);
        copy[n / 8] ^= (uint8_t)(1u << (n % 8));
        struct op_reader reader = {copy, copy + bytes.n, .arena = arena};
        while (op_next(&reader, &op)) {
            uint32_t at = 0;
            struct stored value;
            while (op.image.bytes && image_next(&op.image, &at, &value))
                ;
        }
    }
    arena_free(arena);
}
END_TEST

START_TEST(records_come_back)
{
    struct arena *arena = arena_new("test");
    struct record record = {.kind = RECORD_PREPARE,
                            .more = true,
                            .seq = 77,
                            .database_uid = 1u << 30,
                            .time_us = -1,
                            .database = "shop",
                            .gid = "g'1",
                            .ops = (const uint8_t *)"xyz",
                            .n_ops_bytes = 3};
    struct buf out = BUF_IN(arena);
    record_put(&out, &record);
    ck_assert_uint_eq(out.n, record_bytes(&record));
    record_put(&out, &(struct record){.kind = RECORD_COMMIT, .seq = 78});
    struct record back;
    size_t at = 0;
    ck_assert(record_take((uint8_t *)out.p, out.n, &at, &back));
    ck_assert(back.kind == RECORD_PREPARE && back.more && back.seq == 77 &&
              back.database_uid == 1u << 30);
    ck_assert(back.time_us == -1 && back.n_ops_bytes == 3 && memcmp(back.ops, "xyz", 3) == 0);
    ck_assert_str_eq(back.database, "shop");
    ck_assert_str_eq(back.gid, "g'1");
    ck_assert_str_eq(back.owner, "");
    ck_assert(record_take((uint8_t *)out.p, out.n, &at, &back) && back.seq == 78 &&
              !back.n_ops_bytes);
    ck_assert_uint_eq(at, out.n);
    for (size_t n = 0; n < record_bytes(&record); n++) {
        at = 0;
        ck_assert(!record_take((uint8_t *)out.p, n, &at, &back));
    }
    arena_free(arena);
}
END_TEST

Suite *shard_op_suite(void)
{
    Suite *suite = suite_create("shard/op");
    TCase *bytes = tcase_create("bytes");
    tcase_add_loop_test(bytes, ops_come_back, 0, 2);
    tcase_add_test(bytes, damaged_ops_are_told);
    tcase_add_test(bytes, records_come_back);
    suite_add_tcase(suite, bytes);
    return suite;
}
