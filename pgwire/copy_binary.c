/* copy_binary.c - the binary format of COPY ... FROM: signature, flags, extension, rows, trailer.
 *
 * A row is taken when all of it is there: lengths are looked at first, without consuming anything. */
#include <string.h>

#include "pgwire/copy_int.h"
#include "pgwire/wire.h"

#define SIGNATURE "PGCOPY\n\377\r\n"
#define SIGNATURE_BYTES 11 /* with its NUL */
#define FLAG_OIDS (1u << 16)

static enum copy_next failed(struct err *err, const char *message)
{
    err_set(err, ERR_BAD_COPY_FILE_FORMAT, "%s", message);
    return COPY_FAILED;
}

static const uint8_t *unread(const struct copy_reader *reader, size_t *n)
{
    *n = reader->input.n - reader->at;
    return (const uint8_t *)reader->input.p + reader->at;
}

static enum copy_next read_head(struct copy_reader *reader, struct err *err)
{
    size_t n;
    const uint8_t *p = unread(reader, &n);
    size_t have = MIN(n, SIGNATURE_BYTES);
    if (have && memcmp(p, SIGNATURE, have) != 0)
        return failed(err, "COPY file signature not recognized");
    if (n < SIGNATURE_BYTES)
        return reader->input_over ? failed(err, "COPY file signature not recognized") : COPY_MORE;
    struct wire_reader in = wire_reader_over(p + SIGNATURE_BYTES, n - SIGNATURE_BYTES);
    if (wire_left(&in) < 4)
        return reader->input_over ? failed(err, "invalid COPY file header (missing flags)")
                                  : COPY_MORE;
    uint32_t flags = wire_u32(&in);
    if (flags & FLAG_OIDS)
        return failed(err, "invalid COPY file header (WITH OIDS)");
    if (flags & ~(uint32_t)FLAG_OIDS & 0xffff0000u)
        return failed(err, "unrecognized critical flags in COPY file header");
    if (wire_left(&in) < 4)
        return reader->input_over ? failed(err, "invalid COPY file header (missing length)")
                                  : COPY_MORE;
    uint32_t extension = wire_u32(&in);
    if (extension > INT32_MAX)
        return failed(err, "invalid COPY file header (missing length)");
    if (wire_left(&in) < extension)
        return reader->input_over ? failed(err, "invalid COPY file header (wrong length)")
                                  : COPY_MORE;
    reader->at += SIGNATURE_BYTES + 8 + extension;
    reader->header_done = true;
    return COPY_ROW;
}

static enum copy_next read_row(struct copy_reader *reader, struct err *err)
{
    size_t n;
    const uint8_t *p = unread(reader, &n);
    if (n < 2) {
        if (!reader->input_over)
            return COPY_MORE;
        if (n)
            return failed(err, "unexpected EOF in COPY data");
        reader->done =
            true; /* the trailer may be left out when the connection says that it is over */
        return COPY_END;
    }
    struct wire_reader in = wire_reader_over(p, n);
    int16_t n_fields = (int16_t)wire_u16(&in);
    if (n_fields == -1) {
        reader->done = true;
        reader->at += 2;
        if (wire_left(&in))
            return failed(err, "received copy data after EOF marker");
        return COPY_END;
    }
    reader->line_number++;
    if (n_fields != (int)reader->options.n_columns) {
        err_set(err, ERR_BAD_COPY_FILE_FORMAT, "row field count is %d, expected %d", n_fields,
                reader->options.n_columns);
        return COPY_FAILED;
    }
    for (int i = 0; i < n_fields; i++) {
        bool has_length = wire_left(&in) >= 4;
        int32_t length = (int32_t)wire_u32(&in);
        if (has_length && length < -1)
            return failed(err, "invalid field size");
        if (!has_length || (length > 0 && wire_left(&in) < (size_t)length)) {
            if (reader->input_over)
                return failed(err, "unexpected EOF in COPY data");
            reader->line_number--;
            return COPY_MORE;
        }
        reader->fields[i] = (struct copy_field){.null = length < 0};
        if (length >= 0) {
            reader->fields[i].p = (const char *)in.p;
            reader->fields[i].n = (size_t)length;
            in.p += length;
        }
    }
    reader->n_fields = (uint16_t)n_fields;
    reader->at += n - wire_left(&in);
    return COPY_ROW;
}

enum copy_next copy_binary_next(struct copy_reader *reader, struct err *err)
{
    if (reader->done)
        return reader->at < reader->input.n ? failed(err, "received copy data after EOF marker")
                                            : COPY_END;
    if (!reader->header_done) {
        enum copy_next head = read_head(reader, err);
        if (head != COPY_ROW)
            return head;
    }
    return read_row(reader, err);
}
