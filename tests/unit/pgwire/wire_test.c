/* wire_test.c - framing with limits, and readers that stay failed. */
#include <check.h>
#include <string.h>

#include "pgwire/wire.h"

Suite *pgwire_wire_suite(void);

START_TEST(frames_are_found_and_bad_ones_told)
{
    static const struct {
        const char *bytes;
        size_t n;
        enum wire_frame expected;
        size_t need;
    } examples[] = {
        {"", 0, WIRE_FRAME_MORE, 5},
        {"Q\0\0", 3, WIRE_FRAME_MORE, 5},
        {"Q\0\0\0\7ab", 7, WIRE_FRAME_MORE, 8},
        {"Q\0\0\0\7ab\0", 8, WIRE_FRAME_OK, 8},
        {"S\0\0\0\4S", 6, WIRE_FRAME_OK, 5},
        {"S\0\0\0\3", 5, WIRE_FRAME_BAD_LENGTH, 5},
        {"S\0\0\x30\0", 5, WIRE_FRAME_BAD_LENGTH, 5}, /* a Sync of 12 kB */
        {"Q\x7f\0\0\0", 5, WIRE_FRAME_BAD_LENGTH, 5},
        {"y", 1, WIRE_FRAME_BAD_TYPE, 5},
    };
    for (size_t i = 0; i < ARRAY_COUNT(examples); i++) {
        struct wire_message message;
        size_t used = 0, need = 0;
        enum wire_frame got =
            wire_frame((const uint8_t *)examples[i].bytes, examples[i].n, &message, &used, &need);
        ck_assert_int_eq(got, examples[i].expected);
        ck_assert_uint_eq(need, examples[i].need);
        if (got == WIRE_FRAME_OK)
            ck_assert_uint_eq(used, need);
    }
}
END_TEST

START_TEST(a_failed_reader_gives_nothing_more)
{
    static const uint8_t body[] = {0, 1, 'a', 'b', 0, 0, 0, 0, 9};
    struct wire_reader in = wire_reader_over(body, sizeof(body));
    ck_assert_uint_eq(wire_u16(&in), 1);
    ck_assert_str_eq(wire_cstring(&in), "ab");
    ck_assert_uint_eq(wire_u32(&in), 9);
    ck_assert(wire_finished(&in));
    ck_assert_uint_eq(wire_u8(&in), 0);
    ck_assert(!wire_finished(&in));
    in = wire_reader_over(body, 4);
    wire_u16(&in);
    ck_assert_str_eq(wire_cstring(&in), ""); /* no NUL */
    ck_assert_ptr_null(wire_bytes(&in, 1));
    ck_assert(!wire_finished(&in));
}
END_TEST

START_TEST(reports_leave_out_what_is_not_set)
{
    struct buf out = {0};
    struct wire_report report = {
        .severity = "ERROR", .sqlstate = "42601", .message = "m", .position = 7};
    wire_report(&out, 'E', &report);
    static const char expected[] = "E\0\0\0\x25SERROR\0VERROR\0C42601\0Mm\0P7\0\0";
    ck_assert_uint_eq(out.n, out.p[4] + 1u);
    ck_assert_mem_eq(out.p + 5, expected + 5, sizeof(expected) - 6);
    buf_free(&out);
}
END_TEST

Suite *pgwire_wire_suite(void)
{
    Suite *suite = suite_create("pgwire/wire");
    TCase *tests = tcase_create("wire");
    tcase_add_test(tests, frames_are_found_and_bad_ones_told);
    tcase_add_test(tests, a_failed_reader_gives_nothing_more);
    tcase_add_test(tests, reports_leave_out_what_is_not_set);
    suite_add_tcase(suite, tests);
    return suite;
}
