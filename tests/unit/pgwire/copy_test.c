/* copy_test.c - COPY's formats: what is read and refused, in pieces of every size; what is written comes back. */
#include <check.h>
#include <string.h>

#include "pgwire/copy.h"

Suite *pgwire_copy_suite(void);

static const char *const names[] = {"a", "b", "c"};

/* Reads all of `text`, fed in pieces; rows as "[x|y]" with <null>, an error as "!SQLSTATE message @where". */
static const char *read_all(struct arena *arena, const struct copy_options *options,
                            const char *text, size_t n, size_t piece)
{
    struct copy_reader reader;
    struct buf out = BUF_IN(arena);
    struct err err = ERR_IN(arena);
    copy_reader_init(&reader, arena, options);
    size_t fed = 0;
    for (;;) {
        enum copy_next next = copy_reader_next(&reader, &err);
        if (next == COPY_MORE) {
            if (fed == n) {
                ck_assert(!reader.input_over);
                copy_reader_over(&reader);
                continue;
            }
            size_t more = MIN(piece, n - fed);
            copy_reader_feed(&reader, text + fed, more);
            fed += more;
            continue;
        }
        if (next == COPY_END)
            break;
        if (next == COPY_FAILED) {
            copy_where(&reader, "t", COPY_WHERE_LINE_TEXT, NULL, NULL, &err);
            buf_printf(&out, "!%s %s @%s", err.sqlstate, err.message, err.where);
            break;
        }
        buf_putc(&out, '[');
        for (uint16_t i = 0; i < options->n_columns; i++) {
            const struct copy_field *field = &reader.fields[i];
            buf_printf(&out, "%s%.*s", i ? "|" : "", field->null ? 6 : (int)field->n,
                       field->null ? "<null>" : field->p);
        }
        buf_putc(&out, ']');
    }
    copy_reader_free(&reader);
    return buf_cstr(&out);
}

struct example {
    enum copy_format format;
    uint16_t n_columns;
    const char *text, *expected; /* as PostgreSQL 15 takes it */
};
static const struct example examples[] = {
    {COPY_FORMAT_TEXT, 2, "1\tone\n2\ttwo\n", "[1|one][2|two]"},
    {COPY_FORMAT_TEXT, 2, "1\tone", "[1|one]"},
    {COPY_FORMAT_TEXT, 2, "1\tone\r\n2\ttwo\r\n", "[1|one][2|two]"},
    {COPY_FORMAT_TEXT, 2, "1\tone\r2\ttwo\r", "[1|one][2|two]"},
    {COPY_FORMAT_TEXT, 2, "\\N\t\n", "[<null>|]"},
    {COPY_FORMAT_TEXT, 1, "a\\tb\\\\c\\x41\\101\\q\n", "[a\tb\\cAAq]"},
    {COPY_FORMAT_TEXT, 1, "two\\\nlines\n", "[two\nlines]"},
    {COPY_FORMAT_TEXT, 1, "x\n\\.\ny\n", "[x]"},
    {COPY_FORMAT_TEXT, 2, "1\n", "!22P04 missing data for column \"b\" @COPY t, line 1: \"1\""},
    {COPY_FORMAT_TEXT, 1, "1\n2\t3\n",
     "[1]!22P04 extra data after last expected column @COPY t, line 2: \"2\t3\""},
    {COPY_FORMAT_TEXT, 1, "1\n2\r\n",
     "[1]!22P04 literal carriage return found in data @COPY t, line 2"},
    {COPY_FORMAT_TEXT, 1, "x\n\\.y\n", "[x]!22P04 end-of-copy marker corrupt @COPY t, line 2"},
    {COPY_FORMAT_TEXT, 1, "a\xff\n",
     "!22021 invalid byte sequence for encoding \"UTF8\": 0xff @COPY t, line 1: \"a\xff\""},
    {COPY_FORMAT_TEXT, 1, "\\xff\n",
     "!22021 invalid byte sequence for encoding \"UTF8\": 0xff @COPY t, line 1: \"\\xff\""},
    {COPY_FORMAT_CSV, 2, "1,one\n2,\"t,w\"\"o\"\n", "[1|one][2|t,w\"o]"},
    {COPY_FORMAT_CSV, 2, ",\"\"\n", "[<null>|]"},
    {COPY_FORMAT_CSV, 2, "1,\"two\nlines\"\n3,x\n", "[1|two\nlines][3|x]"},
    {COPY_FORMAT_CSV, 2, "1,a\"b,c\"d\n", "[1|ab,cd]"},
    {COPY_FORMAT_CSV, 1, "\\.\nmore\n", ""},
    {COPY_FORMAT_CSV, 1, "x\\.\n", "[x\\.]"},
    {COPY_FORMAT_CSV, 2, "1,\"open\n",
     "!22P04 unterminated CSV quoted field @COPY t, line 2: \"1,\"open\n\""},
    {COPY_FORMAT_CSV, 2, "1,\"a\nb\"\n2\n",
     "[1|a\nb]!22P04 missing data for column \"b\" @COPY t, line 3: \"2\""},
};

START_TEST(rows_are_read_as_postgresql_reads_them)
{
    const struct example *example = &examples[_i];
    struct arena *arena = arena_new("test");
    struct copy_options options = copy_defaults(example->format);
    options.column_names = names;
    options.n_columns = example->n_columns;
    size_t n = strlen(example->text);
    for (size_t piece = 1; piece <= n; piece++)
        ck_assert_str_eq(read_all(arena, &options, example->text, n, piece), example->expected);
    arena_free(arena);
}
END_TEST

START_TEST(csv_options_decide_about_null)
{
    struct arena *arena = arena_new("test");
    bool flags[] = {true, false};
    struct copy_options options = copy_defaults(COPY_FORMAT_CSV);
    options.column_names = names;
    options.n_columns = 2;
    options.force_not_null = flags;
    ck_assert_str_eq(read_all(arena, &options, ",\n", 2, 1), "[|<null>]");
    options.force_not_null = NULL;
    options.force_null = flags;
    ck_assert_str_eq(read_all(arena, &options, "\"\",\"\"\n", 6, 1), "[<null>|]");
    options.header = COPY_HEADER_MATCH;
    ck_assert_str_eq(read_all(arena, &options, "a,b\n1,2\n", 8, 3), "[1|2]");
    ck_assert_str_eq(read_all(arena, &options, "a,x\n1,2\n", 8, 3),
                     "!22P04 column name mismatch in header line field 2: got \"x\", expected "
                     "\"b\" @COPY t, line 1: \"a,x\"");
    arena_free(arena);
}
END_TEST

START_TEST(what_is_written_is_read_back)
{
    static const char *const values[] = {
        "",         "plain",  "tab\there", "new\nline", "back\\slash",
        "quote\"d", "comma,", "\\N",       "\r",        NULL};
    struct arena *arena = arena_new("test");
    for (int format = COPY_FORMAT_TEXT; format <= COPY_FORMAT_BINARY; format++) {
        struct copy_options options = copy_defaults((enum copy_format)format);
        options.column_names = names;
        options.n_columns = 2;
        struct buf text = BUF_IN(arena), expected = BUF_IN(arena);
        copy_write_start(&text, &options);
        for (size_t i = 0; i < ARRAY_COUNT(values); i++) {
            copy_write_row_start(&text, &options);
            for (uint16_t k = 0; k < 2; k++)
                copy_write_field(&text, &options, k, values[i], values[i] ? strlen(values[i]) : 0);
            copy_write_row_end(&text, &options);
            const char *shown = values[i] ? values[i] : "<null>";
            buf_printf(&expected, "[%s|%s]", shown, shown);
        }
        copy_write_end(&text, &options);
        for (size_t piece = 1; piece < 40; piece += 3)
            ck_assert_str_eq(read_all(arena, &options, text.p, text.n, piece), buf_cstr(&expected));
    }
    arena_free(arena);
}
END_TEST

START_TEST(damaged_binary_input_is_refused)
{
    static const char head[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0";
    struct arena *arena = arena_new("test");
    struct copy_options options = copy_defaults(COPY_FORMAT_BINARY);
    options.column_names = names;
    options.n_columns = 1;
    struct buf text = BUF_IN(arena);
    ck_assert_str_eq(read_all(arena, &options, "PGCOPX", 6, 6),
                     "!22P04 COPY file signature not recognized @COPY t, line 0");
    buf_append(&text, head, sizeof(head) - 1);
    size_t n = text.n;
    ck_assert_str_eq(read_all(arena, &options, text.p, n, 1), "");
    buf_append(&text, "\0\2", 2);
    ck_assert_str_eq(read_all(arena, &options, text.p, text.n, 5),
                     "!22P04 row field count is 2, expected 1 @COPY t, line 1");
    text.n = n;
    buf_append(&text, "\0\1\0\0\0\5abc", 9);
    ck_assert_str_eq(read_all(arena, &options, text.p, text.n, 5),
                     "!22P04 unexpected EOF in COPY data @COPY t, line 1");
    text.n = n;
    buf_append(&text, "\377\377x", 3);
    ck_assert_str_eq(read_all(arena, &options, text.p, text.n, text.n),
                     "!22P04 received copy data after EOF marker @COPY t, line 0");
    arena_free(arena);
}
END_TEST

Suite *pgwire_copy_suite(void)
{
    Suite *suite = suite_create("pgwire/copy");
    TCase *tests = tcase_create("copy");
    tcase_add_loop_test(tests, rows_are_read_as_postgresql_reads_them, 0, ARRAY_COUNT(examples));
    tcase_add_test(tests, csv_options_decide_about_null);
    tcase_add_test(tests, what_is_written_is_read_back);
    tcase_add_test(tests, damaged_binary_input_is_refused);
    suite_add_tcase(suite, tests);
    return suite;
}
