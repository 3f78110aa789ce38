/* snapshot.c - the types pg_snapshot and txid_snapshot: xmin:xmax:xip,xip,... in text form, the list ascending and each once. */
#include <inttypes.h>

#include "types/registry.h"

/* Reads digits at *p; false: there are none, or too many. */
static bool take_number(const char **p, const char *end, uint64_t *number)
{
    const char *start = *p;
    *number = 0;
    for (; *p < end && **p >= '0' && **p <= '9'; ++*p)
        if (__builtin_mul_overflow(*number, 10u, number) ||
            __builtin_add_overflow(*number, (uint64_t)(**p - '0'), number))
            return false;
    return *p > start;
}

static bool take_colon(const char **p, const char *end)
{
    return *p < end && *(*p)++ == ':';
}

static bool snapshot_parse(const char *p, const char *end, struct buf *out)
{
    uint64_t xmin, xmax, xid, last = 0;
    if (!take_number(&p, end, &xmin) || !take_colon(&p, end) || !take_number(&p, end, &xmax) ||
        !take_colon(&p, end) || xmin == 0 || xmax < xmin)
        return false;
    buf_printf(out, "%" PRIu64 ":%" PRIu64 ":", xmin, xmax);
    while (p < end) {
        if (!take_number(&p, end, &xid) || xid < xmin || xid >= xmax || xid < last)
            return false;
        if (xid != last)
            buf_printf(out, "%s%" PRIu64, last ? "," : "", xid);
        last = xid;
        if (p < end && *p++ != ',')
            return false;
    }
    return true;
}

static bool snapshot_in(const struct type_io *io, const char *text, size_t n, struct datum *out)
{
    struct buf canonical = BUF_IN(io->arena);
    if (!snapshot_parse(text, text + n, &canonical))
        return err_set(io->err, ERR_INVALID_TEXT_REPRESENTATION,
                       "invalid input syntax for type pg_snapshot: \"%.*s\"", (int)n, text);
    *out = datum_bytes(canonical.p, canonical.n);
    return true;
}

static bool snapshot_out(const struct type_io *io UNUSED, const struct datum *value,
                         struct buf *out)
{
    buf_append(out, value->p, value->n);
    return true;
}

/* The length of the list, xmin, xmax, the list. */
static bool snapshot_send(const struct type_io *io, const struct datum *value, struct buf *out)
{
    const char *p = value->p, *end = p + value->n;
    struct buf numbers = BUF_IN(io->arena);
    uint32_t n = 0;
    for (uint64_t number; p < end && take_number(&p, end, &number); p++, n++)
        buf_put_u64(&numbers, number);
    buf_put_u32(out, n - 2);
    buf_append(out, numbers.p, numbers.n);
    return true;
}

static uint64_t u64_at(const uint8_t *p)
{
    uint64_t number = 0;
    for (int k = 0; k < 8; k++)
        number = number << 8 | p[k];
    return number;
}

static bool snapshot_recv(const struct type_io *io, const uint8_t *bytes, size_t n,
                          struct datum *out)
{
    struct buf text = BUF_IN(io->arena), canonical = BUF_IN(io->arena);
    uint32_t n_xids = n < 20 ? 0
                             : (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
                                   (uint32_t)bytes[2] << 8 | bytes[3];
    if (n >= 20 && n - 20 == (uint64_t)n_xids * 8) {
        buf_printf(&text, "%" PRIu64 ":%" PRIu64 ":", u64_at(bytes + 4), u64_at(bytes + 12));
        for (uint32_t k = 0; k < n_xids; k++)
            buf_printf(&text, "%s%" PRIu64, k ? "," : "", u64_at(bytes + 20 + k * 8));
        if (snapshot_parse(text.p, text.p + text.n, &canonical)) {
            *out = datum_bytes(canonical.p, canonical.n);
            return true;
        }
    }
    return err_set(io->err, ERR_INVALID_BINARY_REPRESENTATION, "invalid external pg_snapshot data");
}

static const struct type_ops snapshot_ops = {
    .name = "pg_snapshot",
    .storage = STORAGE_TEXT,
    .in = snapshot_in,
    .out = snapshot_out,
    .recv = snapshot_recv,
    .send = snapshot_send,
};

const struct type_ops_entry snapshot_type_ops[] = {
    {TYPE_PG_SNAPSHOT, &snapshot_ops},
    {TYPE_TXID_SNAPSHOT, &snapshot_ops},
    {0, NULL},
};
