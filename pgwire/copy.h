/* copy.h - the three formats of COPY: bytes <-> rows of fields.  No SQL types: fields are text, or binary bytes.
 *
 * Reading: feed the reader what came, ask for rows until it wants more, tell it of the end.  Error texts and SQLSTATEs are
 * PostgreSQL's; the CONTEXT line ("COPY t, line 3 ...") is made by copy_where(). */
#ifndef SHARDLITE_PGWIRE_COPY_H
#define SHARDLITE_PGWIRE_COPY_H

#include "base/buf.h"
#include "base/err.h"

enum copy_format { COPY_FORMAT_TEXT, COPY_FORMAT_CSV, COPY_FORMAT_BINARY };
enum copy_header { COPY_HEADER_OFF, COPY_HEADER_ON, COPY_HEADER_MATCH };

struct copy_options {
    enum copy_format format;
    char delimiter, quote, escape;
    const char *null_text;
    size_t null_bytes;
    enum copy_header header;
    uint16_t n_columns;
    const char *const *column_names;                       /* header lines, errors */
    const bool *force_quote, *force_not_null, *force_null; /* per column, or NULL */
};
/* Tab, \N; comma, "", quote. */
struct copy_options copy_defaults(enum copy_format format);

struct copy_field {
    const char *p; /* text: NUL-terminated as well */
    size_t n;
    bool null;
};

enum copy_next {
    COPY_ROW,
    COPY_MORE, /* feed more, or say that it is over */
    COPY_END,
    COPY_FAILED,
};

struct copy_reader {
    struct copy_options options;
    struct arena *arena;
    struct buf input; /* bytes [at, input.n) are unread */
    size_t at, scanned;
    bool input_over, done, header_done;
    enum { EOL_UNKNOWN, EOL_NL, EOL_CR, EOL_CRNL } eol;
    bool in_quote, last_was_escape; /* of the scan */
    uint64_t line_number;           /* of the row handed out; 1-based */
    uint64_t scan_lines;            /* line ends inside quotes, met by the scan */
    const char *line;               /* its raw text, for CONTEXT; NULL: binary */
    size_t line_bytes;
    struct buf values;         /* fields, without escapes */
    struct copy_field *fields; /* n_columns */
    uint16_t n_fields;         /* that the row has */
};

void copy_reader_init(struct copy_reader *reader, struct arena *arena,
                      const struct copy_options *options);
void copy_reader_free(struct copy_reader *reader); /* its buffers */
void copy_reader_feed(struct copy_reader *reader, const void *bytes, size_t n);
void copy_reader_over(struct copy_reader *reader);
/* COPY_ROW: reader->fields, borrowed until the next call. */
enum copy_next copy_reader_next(struct copy_reader *reader, struct err *err);
/* Sets err->where: "COPY table, line N", with the column (NULL: none) and its value, or with the line. */
enum copy_where_kind { COPY_WHERE_LINE, COPY_WHERE_LINE_TEXT, COPY_WHERE_COLUMN };
void copy_where(const struct copy_reader *reader, const char *table, enum copy_where_kind kind,
                const char *column, const struct copy_field *value, struct err *err);

/* Writing: each call appends one row's (or header's, trailer's) bytes. */
void copy_write_start(struct buf *out,
                      const struct copy_options *options); /* binary signature, or header line */
void copy_write_row_start(struct buf *out, const struct copy_options *options);
/* `value` NULL: SQL NULL.  `index`: 0-based column. */
void copy_write_field(struct buf *out, const struct copy_options *options, uint16_t index,
                      const char *value, size_t n);
void copy_write_row_end(struct buf *out, const struct copy_options *options);
void copy_write_end(struct buf *out, const struct copy_options *options); /* binary trailer */

#endif
