/* wire.h - bytes <-> messages of the PostgreSQL protocol, version 3: framing, sticky readers, builders.
 *
 * No sockets, no SQL.  A reader borrows the body of one message; after the first short or malformed read every call returns
 * zero or an empty string, and one test at the end (wire_finished) decides. */
#ifndef SHARDLITE_PGWIRE_WIRE_H
#define SHARDLITE_PGWIRE_WIRE_H

#include "base/buf.h"
#include "base/err.h"

/* Frontend messages: name, type byte, largest body.  Those that carry data may be large, as in PostgreSQL; the others may not. */
#define WIRE_SMALL 10000
#define WIRE_LARGE 0x3ffffffe
#define WIRE_FRONTEND(M)                                                                           \
    M(QUERY, 'Q', WIRE_LARGE)                                                                      \
    M(PARSE, 'P', WIRE_LARGE)                                                                      \
    M(BIND, 'B', WIRE_LARGE)                                                                       \
    M(EXECUTE, 'E', WIRE_SMALL)                                                                    \
    M(DESCRIBE, 'D', WIRE_SMALL)                                                                   \
    M(CLOSE, 'C', WIRE_SMALL)                                                                      \
    M(FLUSH, 'H', WIRE_SMALL)                                                                      \
    M(SYNC, 'S', WIRE_SMALL)                                                                       \
    M(TERMINATE, 'X', WIRE_SMALL)                                                                  \
    M(FUNCTION_CALL, 'F', WIRE_LARGE)                                                              \
    M(COPY_DATA, 'd', WIRE_LARGE)                                                                  \
    M(COPY_DONE, 'c', WIRE_SMALL)                                                                  \
    M(COPY_FAIL, 'f', WIRE_SMALL)                                                                  \
    M(PASSWORD, 'p', 65535)

enum wire_frontend {
#define WIRE_ENUM(name, byte, limit) WIRE_##name = byte,
    WIRE_FRONTEND(WIRE_ENUM)
#undef WIRE_ENUM
};

/* Counts itself but not the type byte (PostgreSQL manual, "Message Formats"), so 4 is the least that can be true. */
#define WIRE_LENGTH_MIN 4
#define WIRE_STARTUP_MAX 10000

#define WIRE_CODE_CANCEL 80877102u
#define WIRE_CODE_SSL 80877103u
#define WIRE_CODE_GSS 80877104u
#define WIRE_VERSION_MAJOR(v) ((v) >> 16)
#define WIRE_VERSION_MINOR(v) ((v)&0xffff)

struct wire_message {
    uint8_t type;
    const uint8_t *body;
    uint32_t n; /* of body */
};

enum wire_frame {
    WIRE_FRAME_OK,
    WIRE_FRAME_MORE,     /* *need says how many bytes the whole message has, or at least 5 */
    WIRE_FRAME_BAD_TYPE, /* the stream can't be trusted any more */
    WIRE_FRAME_BAD_LENGTH,
};
/* Looks at the first message in bytes[0..n).  *used: its bytes with the header. */
enum wire_frame wire_frame(const uint8_t *bytes, size_t n, struct wire_message *message,
                           size_t *used, size_t *need);
const char *wire_frontend_name(uint8_t type); /* "Bind", or NULL */

struct wire_reader {
    const uint8_t *p, *end;
    bool failed, bad_string; /* bad_string: a string without its NUL was what failed */
};
static inline struct wire_reader wire_reader_over(const void *body, size_t n)
{
    return (struct wire_reader){.p = body, .end = (const uint8_t *)body + n};
}
uint8_t wire_u8(struct wire_reader *in);
uint16_t wire_u16(struct wire_reader *in);
uint32_t wire_u32(struct wire_reader *in);
const char *wire_cstring(struct wire_reader *in);            /* borrowed; "" after a failure */
const uint8_t *wire_bytes(struct wire_reader *in, size_t n); /* borrowed; NULL after a failure */
static inline size_t wire_left(const struct wire_reader *in)
{
    return (size_t)(in->end - in->p);
}
/* Everything was read and nothing failed. */
static inline bool wire_finished(const struct wire_reader *in)
{
    return !in->failed && in->p == in->end;
}

/* 08P01 with PostgreSQL's words for what is wrong, after !wire_finished(). */
bool wire_malformed(const struct wire_reader *in, struct err *err);

/* Backend messages: returns the place for wire_end(), which fills in the length. */
static inline size_t wire_begin(struct buf *out, char type)
{
    buf_reserve(out, 5);
    out->p[out->n] = type;
    size_t at = out->n + 1;
    out->n += 5;
    return at;
}
static inline void wire_end(struct buf *out, size_t at)
{
    buf_set_u32(out, at, (uint32_t)(out->n - at));
}
void wire_put_cstring(struct buf *out, const char *text);
void wire_simple(struct buf *out, char type); /* a message without a body */
void wire_command_complete(struct buf *out, const char *tag);
void wire_ready(struct buf *out, char status); /* I, T, E */
void wire_parameter_status(struct buf *out, const char *name, const char *value);
void wire_notification(struct buf *out, int32_t pid, const char *channel, const char *payload);

/* One column of a RowDescription. */
struct wire_column {
    const char *name;
    uint32_t table_oid;
    int16_t attnum;
    uint32_t type_oid;
    int16_t type_len;
    int32_t typmod;
    int16_t format;
};
/* ErrorResponse ('E') or NoticeResponse ('N').  NULL strings are left out. */
struct wire_report {
    const char *severity; /* ERROR, FATAL, PANIC, WARNING, NOTICE, DEBUG, INFO, LOG */
    const char *sqlstate, *message, *detail, *hint, *where;
    int position;
    const char *schema, *table, *column, *datatype, *constraint;
};
void wire_report(struct buf *out, char type, const struct wire_report *report);

#endif
