/* copy_read.c - rows of COPY ... FROM in text and CSV, and the frame of the binary format.
 *
 * Text comes in pieces that end anywhere.  A scan looks for the end of the next line from where it stopped before (`scanned`), with its
 * quote state, so that each byte is looked at once.  A whole line is then split into fields.  What ends a line is told by
 * the first line end met; any other kind after that is an error, as in PostgreSQL. */
#include "pgwire/copy.h"

#include <string.h>

#include "base/utf8.h"
#include "pgwire/copy_int.h"

#define SHOWN_BYTES_MAX 100 /* of a value or line in CONTEXT */

void copy_reader_init(struct copy_reader *reader, struct arena *arena,
                      const struct copy_options *options)
{
    *reader = (struct copy_reader){.options = *options, .arena = arena};
    reader->fields = ARENA_ARRAY(arena, struct copy_field, options->n_columns + 1u);
}

void copy_reader_free(struct copy_reader *reader)
{
    buf_free(&reader->input);
    buf_free(&reader->values);
}

void copy_reader_feed(struct copy_reader *reader, const void *bytes, size_t n)
{
    if (reader->done && reader->options.format != COPY_FORMAT_BINARY)
        return; /* behind the end marker */
    if (reader->at == reader->input.n) {
        reader->input.n = reader->at = reader->scanned = 0;
    } else if (reader->at > 65536 && reader->at > reader->input.n / 2) {
        memmove(reader->input.p, reader->input.p + reader->at, reader->input.n - reader->at);
        reader->input.n -= reader->at;
        reader->scanned -= reader->at;
        reader->at = 0;
    }
    buf_append(&reader->input, bytes, n);
}

void copy_reader_over(struct copy_reader *reader)
{
    reader->input_over = true;
}

/* ---- finding the end of a line ---- */

enum scan { SCAN_LINE, SCAN_MORE, SCAN_END_MARKER, SCAN_FAILED };

static enum scan bad_line_end(const struct copy_reader *reader, char c, struct err *err)
{
    bool csv = reader->options.format == COPY_FORMAT_CSV, newline = c == '\n';
    err_set(err, ERR_BAD_COPY_FILE_FORMAT, "%s %s found in data", csv ? "unquoted" : "literal",
            newline ? "newline" : "carriage return");
    if (csv)
        err_hint(err, "Use quoted CSV field to represent %s.",
                 newline ? "newline" : "carriage return");
    else
        err_hint(err, newline ? "Use \"\\n\" to represent newline."
                              : "Use \"\\r\" to represent carriage return.");
    return SCAN_FAILED;
}

/* At a line end `c` at p.  *eol_bytes: how many bytes it has. */
static enum scan take_line_end(struct copy_reader *reader, const char *p, const char *end,
                               size_t *eol_bytes, struct err *err)
{
    *eol_bytes = 1;
    if (*p == '\n') {
        if (reader->eol == EOL_CR || reader->eol == EOL_CRNL)
            return bad_line_end(reader, '\n', err);
        reader->eol = EOL_NL;
        return SCAN_LINE;
    }
    if (reader->eol == EOL_NL)
        return bad_line_end(reader, '\r', err);
    if (reader->eol == EOL_CR)
        return SCAN_LINE;
    if (p + 1 == end && !reader->input_over)
        return SCAN_MORE;
    if (p + 1 < end && p[1] == '\n') {
        reader->eol = EOL_CRNL;
        *eol_bytes = 2;
        return SCAN_LINE;
    }
    if (reader->eol == EOL_CRNL)
        return bad_line_end(reader, '\r', err);
    reader->eol = EOL_CR;
    return SCAN_LINE;
}

static enum scan marker_failed(const char *message, struct err *err)
{
    err_set(err, ERR_BAD_COPY_FILE_FORMAT, "%s", message);
    return SCAN_FAILED;
}

/* "\." at p.  SCAN_LINE: it is data (CSV). */
static enum scan take_marker(struct copy_reader *reader, const char *p, const char *end,
                             struct err *err)
{
    bool csv = reader->options.format == COPY_FORMAT_CSV;
    const char *after = p + 2;
    if (after == end)
        return reader->input_over ? SCAN_END_MARKER : SCAN_MORE;
    if (*after != '\r' && *after != '\n') {
        if (csv)
            return SCAN_LINE;
        return marker_failed("end-of-copy marker corrupt", err);
    }
    bool crnl = *after == '\r' && after + 1 < end && after[1] == '\n';
    bool fits = reader->eol == EOL_UNKNOWN || (reader->eol == EOL_NL && *after == '\n') ||
                (reader->eol == EOL_CRNL && crnl) ||
                (reader->eol == EOL_CR && *after == '\r' && !crnl);
    if (!fits && reader->eol == EOL_CRNL && *after == '\r' && after + 1 == end &&
        !reader->input_over)
        return SCAN_MORE;
    if (!fits && !csv)
        return marker_failed("end-of-copy marker does not match previous newline style", err);
    return fits ? SCAN_END_MARKER : SCAN_LINE;
}

static void track_quotes(struct copy_reader *reader, char c)
{
    char quote = reader->options.quote,
         escape = reader->options.escape == quote ? 0 : reader->options.escape;
    if (reader->in_quote && escape && c == escape)
        reader->last_was_escape = !reader->last_was_escape;
    if (c == quote && !reader->last_was_escape)
        reader->in_quote = !reader->in_quote;
    if (!escape || c != escape)
        reader->last_was_escape = false;
    if (reader->in_quote && c == (reader->eol == EOL_CR ? '\r' : '\n'))
        reader->scan_lines++;
}

/* The next line is input[at, at + *n), followed by *eol_bytes. */
static enum scan scan_line(struct copy_reader *reader, size_t *n, size_t *eol_bytes,
                           struct err *err)
{
    const char *start = reader->input.p + reader->at, *end = reader->input.p + reader->input.n;
    const char *p = reader->input.p + MAX(reader->scanned, reader->at);
    bool csv = reader->options.format == COPY_FORMAT_CSV;
    enum scan found;
    for (; p < end; p++) {
        char c = *p;
        if (c == '\\' && (!csv || (p == start && !reader->in_quote))) {
            if (p + 1 == end && !reader->input_over)
                break;
            if (p + 1 < end && p[1] == '.') {
                found = take_marker(reader, p, end, err);
                if (found == SCAN_MORE)
                    break;
                if (found != SCAN_LINE)
                    return found;
            } else if (!csv) {
                p++; /* whatever it escapes */
                continue;
            }
        }
        if (csv)
            track_quotes(reader, c);
        if ((c == '\n' || c == '\r') && !(csv && reader->in_quote)) {
            found = take_line_end(reader, p, end, eol_bytes, err);
            if (found == SCAN_MORE)
                break;
            *n = (size_t)(p - start);
            return found;
        }
    }
    reader->scanned = (size_t)(MIN(p, end) - reader->input.p);
    if (!reader->input_over)
        return SCAN_MORE;
    *n = (size_t)(end - start);
    *eol_bytes = 0;
    return *n ? SCAN_LINE : SCAN_END_MARKER;
}

/* ---- fields of a line ---- */

static struct copy_field *add_field(struct copy_reader *reader)
{
    uint16_t index = reader->n_fields;
    if (reader->n_fields < UINT16_MAX)
        reader->n_fields++;
    return index < reader->options.n_columns ? &reader->fields[index] : NULL;
}

/* Values move while the buffer grows: offsets first, pointers when the line is done. */
static void finish_field(struct copy_reader *reader, size_t start, bool null)
{
    struct copy_field *field = add_field(reader);
    if (field)
        *field = (struct copy_field){
            .p = (const char *)(uintptr_t)start, .n = reader->values.n - start, .null = null};
    buf_putc(&reader->values, 0);
}

static void set_pointers(struct copy_reader *reader)
{
    for (int i = 0; i < MIN(reader->n_fields, reader->options.n_columns); i++)
        reader->fields[i].p = reader->values.p + (uintptr_t)reader->fields[i].p;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* What follows a backslash at p; *p is moved past it.  *raw_byte: made from digits. */
static char unescape(const char **at, const char *end, bool *raw_byte)
{
    const char *p = *at;
    char c = *p++;
    *raw_byte = false;
    if (c >= '0' && c <= '7') {
        int value = c - '0';
        for (int i = 0; i < 2 && p < end && *p >= '0' && *p <= '7'; i++)
            value = value << 3 | (*p++ - '0');
        c = (char)(value & 0xff);
        *raw_byte = true;
    } else if (c == 'x' && p < end && hex_digit(*p) >= 0) {
        int value = hex_digit(*p++);
        if (p < end && hex_digit(*p) >= 0)
            value = value << 4 | hex_digit(*p++);
        c = (char)(value & 0xff);
        *raw_byte = true;
    } else {
        static const char from[] = "bfnrtv", to[] = "\b\f\n\r\t\v";
        const char *found = c ? strchr(from, c) : NULL;
        c = found ? to[found - from] : c;
    }
    *at = p;
    return c;
}

static bool split_text(struct copy_reader *reader, const char *p, const char *end, struct err *err)
{
    const struct copy_options *options = &reader->options;
    for (;;) {
        size_t start = reader->values.n;
        const char *raw = p;
        bool check = false, raw_byte, more = false;
        while (p < end) {
            char c = *p++;
            if (c == options->delimiter) {
                more = true;
                break;
            }
            if (c == '\\' && p < end) {
                c = unescape(&p, end, &raw_byte);
                check |= raw_byte && (c == 0 || (unsigned char)c >= 0x80);
            }
            buf_putc(&reader->values, c);
        }
        size_t raw_bytes = (size_t)(p - raw) - more;
        bool null =
            raw_bytes == options->null_bytes && memcmp(raw, options->null_text, raw_bytes) == 0;
        if (check && !null && !utf8_check(reader->values.p + start, reader->values.n - start, err))
            return false;
        finish_field(reader, start, null);
        if (!more)
            return true;
    }
}

static bool split_csv(struct copy_reader *reader, const char *p, const char *end, struct err *err)
{
    const struct copy_options *options = &reader->options;
    for (;;) {
        size_t start = reader->values.n;
        const char *raw = p;
        bool saw_quote = false, in_quote = false, more = false;
        while (p < end) {
            char c = *p++;
            if (!in_quote && c == options->delimiter) {
                more = true;
                break;
            }
            if (!in_quote && c == options->quote) {
                saw_quote = in_quote = true;
                continue;
            }
            if (in_quote && c == options->escape && p < end &&
                (*p == options->escape || *p == options->quote)) {
                buf_putc(&reader->values, *p++);
                continue;
            }
            if (in_quote && c == options->quote) {
                in_quote = false;
                continue;
            }
            buf_putc(&reader->values, c);
        }
        if (in_quote)
            return err_set(err, ERR_BAD_COPY_FILE_FORMAT, "unterminated CSV quoted field");
        size_t raw_bytes = (size_t)(p - raw) - more;
        bool null = !saw_quote && raw_bytes == options->null_bytes &&
                    memcmp(raw, options->null_text, raw_bytes) == 0;
        uint16_t index = reader->n_fields;
        if (index < options->n_columns) {
            size_t n = reader->values.n - start;
            bool same = n == options->null_bytes &&
                        (n == 0 || memcmp(reader->values.p + start, options->null_text, n) == 0);
            if (null && options->force_not_null && options->force_not_null[index])
                null = false;
            else if (!null && same && options->force_null && options->force_null[index])
                null = true;
        }
        finish_field(reader, start, null);
        if (!more)
            return true;
    }
}

static bool split_line(struct copy_reader *reader, struct err *err)
{
    const char *end = reader->line + reader->line_bytes;
    reader->n_fields = 0;
    reader->values.n = 0;
    bool ok = reader->options.format == COPY_FORMAT_CSV
                  ? split_csv(reader, reader->line, end, err)
                  : split_text(reader, reader->line, end, err);
    set_pointers(reader);
    return ok;
}

static bool check_count(struct copy_reader *reader, struct err *err)
{
    uint16_t wanted = reader->options.n_columns;
    if (wanted == 0 && reader->line_bytes == 0)
        return true;
    if (reader->n_fields > wanted)
        return err_set(err, ERR_BAD_COPY_FILE_FORMAT, "extra data after last expected column");
    if (reader->n_fields < wanted)
        return err_set(err, ERR_BAD_COPY_FILE_FORMAT, "missing data for column \"%s\"",
                       reader->options.column_names[reader->n_fields]);
    return true;
}

static bool check_header(struct copy_reader *reader, struct err *err)
{
    const struct copy_options *options = &reader->options;
    if (reader->n_fields != options->n_columns)
        return err_set(err, ERR_BAD_COPY_FILE_FORMAT,
                       "wrong number of fields in header line: field count is %d, expected %d",
                       reader->n_fields, options->n_columns);
    for (uint16_t i = 0; i < options->n_columns; i++) {
        const struct copy_field *field = &reader->fields[i];
        if (field->null)
            return err_set(err, ERR_BAD_COPY_FILE_FORMAT,
                           "column name mismatch in header line field %d: got null value (\"%s\"), "
                           "expected \"%s\"",
                           i + 1, options->null_text, options->column_names[i]);
        if (strcmp(field->p, options->column_names[i]) != 0)
            return err_set(
                err, ERR_BAD_COPY_FILE_FORMAT,
                "column name mismatch in header line field %d: got \"%s\", expected \"%s\"", i + 1,
                field->p, options->column_names[i]);
    }
    return true;
}

/* Takes one line out of the input. */
static enum copy_next next_line(struct copy_reader *reader, struct err *err)
{
    size_t n = 0, eol_bytes = 0;
    switch (scan_line(reader, &n, &eol_bytes, err)) {
    case SCAN_MORE:
        return COPY_MORE;
    case SCAN_END_MARKER:
        reader->done = true;
        return COPY_END;
    case SCAN_FAILED:
        reader->line_number += 1 + reader->scan_lines;
        reader->line = NULL;
        return COPY_FAILED;
    case SCAN_LINE:
        break;
    }
    reader->line = reader->input.p + reader->at;
    reader->line_bytes = n;
    reader->at += n + eol_bytes;
    reader->scanned = reader->at;
    reader->line_number += 1 + reader->scan_lines;
    reader->scan_lines = 0;
    reader->in_quote = reader->last_was_escape = false;
    return utf8_check(reader->line, n, err) ? COPY_ROW : COPY_FAILED;
}

enum copy_next copy_reader_next(struct copy_reader *reader, struct err *err)
{
    if (reader->options.format == COPY_FORMAT_BINARY)
        return copy_binary_next(reader, err);
    if (reader->done)
        return COPY_END;
    for (;;) {
        enum copy_next next = next_line(reader, err);
        if (next != COPY_ROW)
            return next;
        bool is_header = !reader->header_done && reader->options.header != COPY_HEADER_OFF;
        reader->header_done = true;
        if (is_header && reader->options.header == COPY_HEADER_ON)
            continue;
        if (!split_line(reader, err))
            return COPY_FAILED;
        if (is_header) {
            if (!check_header(reader, err))
                return COPY_FAILED;
            continue;
        }
        return check_count(reader, err) ? COPY_ROW : COPY_FAILED;
    }
}

void copy_where(const struct copy_reader *reader, const char *table, enum copy_where_kind kind,
                const char *column, const struct copy_field *value, struct err *err)
{
    unsigned long long line = reader->line_number;
    if (kind == COPY_WHERE_COLUMN && value && value->null) {
        err->where = arena_printf(err->arena, "COPY %s, line %llu, column %s: null input", table,
                                  line, column);
    } else if (kind == COPY_WHERE_COLUMN &&
               (!value || reader->options.format == COPY_FORMAT_BINARY)) {
        err->where = arena_printf(err->arena, "COPY %s, line %llu, column %s", table, line, column);
    } else if (kind == COPY_WHERE_COLUMN) {
        size_t n = utf8_clip(value->p, value->n, SHOWN_BYTES_MAX);
        err->where = arena_printf(err->arena, "COPY %s, line %llu, column %s: \"%.*s%s\"", table,
                                  line, column, (int)n, value->p, n < value->n ? "..." : "");
    } else if (kind == COPY_WHERE_LINE_TEXT && reader->line) {
        size_t n = utf8_clip(reader->line, reader->line_bytes, SHOWN_BYTES_MAX);
        err->where = arena_printf(err->arena, "COPY %s, line %llu: \"%.*s%s\"", table, line, (int)n,
                                  reader->line, n < reader->line_bytes ? "..." : "");
    } else {
        err->where = arena_printf(err->arena, "COPY %s, line %llu", table, line);
    }
}
