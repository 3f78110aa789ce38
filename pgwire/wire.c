/* wire.c - see wire.h.  Facts are from the PostgreSQL manual, "Frontend/Backend Protocol". */
#include "pgwire/wire.h"

#include <string.h>

static uint32_t body_limit(uint8_t type)
{
    switch (type) {
#define WIRE_CASE(name, byte, limit)                                                               \
    case byte:                                                                                     \
        return limit;
        WIRE_FRONTEND(WIRE_CASE)
#undef WIRE_CASE
    default:
        return 0;
    }
}

const char *wire_frontend_name(uint8_t type)
{
    switch (type) {
#define WIRE_CASE(name, byte, limit)                                                               \
    case byte:                                                                                     \
        return #name;
        WIRE_FRONTEND(WIRE_CASE)
#undef WIRE_CASE
    default:
        return NULL;
    }
}

static uint32_t load_u32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

enum wire_frame wire_frame(const uint8_t *bytes, size_t n, struct wire_message *message,
                           size_t *used, size_t *need)
{
    *need = 5;
    if (n == 0)
        return WIRE_FRAME_MORE;
    uint32_t limit = body_limit(bytes[0]);
    if (!limit)
        return WIRE_FRAME_BAD_TYPE;
    if (n < 5)
        return WIRE_FRAME_MORE;
    uint32_t length = load_u32(bytes + 1);
    if (length < WIRE_LENGTH_MIN || length - 4 > limit)
        return WIRE_FRAME_BAD_LENGTH;
    *need = (size_t)length + 1;
    if (n < *need)
        return WIRE_FRAME_MORE;
    *message = (struct wire_message){.type = bytes[0], .body = bytes + 5, .n = length - 4};
    *used = *need;
    return WIRE_FRAME_OK;
}

static const uint8_t *take(struct wire_reader *in, size_t n)
{
    if (in->failed || wire_left(in) < n) {
        in->failed = true;
        return NULL;
    }
    const uint8_t *p = in->p;
    in->p += n;
    return p;
}

uint8_t wire_u8(struct wire_reader *in)
{
    const uint8_t *p = take(in, 1);
    return p ? p[0] : 0;
}

uint16_t wire_u16(struct wire_reader *in)
{
    const uint8_t *p = take(in, 2);
    return p ? (uint16_t)(p[0] << 8 | p[1]) : 0;
}

uint32_t wire_u32(struct wire_reader *in)
{
    const uint8_t *p = take(in, 4);
    return p ? load_u32(p) : 0;
}

const char *wire_cstring(struct wire_reader *in)
{
    const uint8_t *nul = in->failed || in->p == in->end ? NULL : memchr(in->p, 0, wire_left(in));
    if (!nul) {
        in->bad_string |= !in->failed;
        in->failed = true;
        return "";
    }
    const char *text = (const char *)in->p;
    in->p = nul + 1;
    return text;
}

const uint8_t *wire_bytes(struct wire_reader *in, size_t n)
{
    return take(in, n);
}

bool wire_malformed(const struct wire_reader *in, struct err *err)
{
    return err_set(err, ERR_PROTOCOL_VIOLATION, "%s",
                   in->bad_string ? "invalid string in message"
                   : in->failed   ? "insufficient data left in message"
                                  : "invalid message format");
}

void wire_put_cstring(struct buf *out, const char *text)
{
    buf_append(out, text, strlen(text) + 1);
}

void wire_simple(struct buf *out, char type)
{
    wire_end(out, wire_begin(out, type));
}

void wire_command_complete(struct buf *out, const char *tag)
{
    size_t at = wire_begin(out, 'C');
    wire_put_cstring(out, tag);
    wire_end(out, at);
}

void wire_ready(struct buf *out, char status)
{
    size_t at = wire_begin(out, 'Z');
    buf_putc(out, status);
    wire_end(out, at);
}

void wire_parameter_status(struct buf *out, const char *name, const char *value)
{
    size_t at = wire_begin(out, 'S');
    wire_put_cstring(out, name);
    wire_put_cstring(out, value);
    wire_end(out, at);
}

void wire_notification(struct buf *out, int32_t pid, const char *channel, const char *payload)
{
    size_t at = wire_begin(out, 'A');
    buf_put_u32(out, (uint32_t)pid);
    wire_put_cstring(out, channel);
    wire_put_cstring(out, payload);
    wire_end(out, at);
}

static void put_field(struct buf *out, char code, const char *value)
{
    if (!value)
        return;
    buf_putc(out, code);
    wire_put_cstring(out, value);
}

void wire_report(struct buf *out, char type, const struct wire_report *report)
{
    size_t at = wire_begin(out, type);
    put_field(out, 'S', report->severity);
    put_field(out, 'V', report->severity);
    put_field(out, 'C', report->sqlstate);
    put_field(out, 'M', report->message);
    put_field(out, 'D', report->detail);
    put_field(out, 'H', report->hint);
    if (report->position > 0) {
        buf_putc(out, 'P');
        buf_printf(out, "%d", report->position);
        buf_putc(out, 0);
    }
    put_field(out, 'W', report->where);
    put_field(out, 's', report->schema);
    put_field(out, 't', report->table);
    put_field(out, 'c', report->column);
    put_field(out, 'd', report->datatype);
    put_field(out, 'n', report->constraint);
    buf_putc(out, 0);
    wire_end(out, at);
}
