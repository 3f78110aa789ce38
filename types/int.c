/* int.c - types held in `i`: bool, "char", the integers, oid and its kin, xid8, tid, pg_lsn.
 *
 * Unsigned 64-bit ones (xid8, pg_lsn) keep their bits in `i` and compare as unsigned. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "types/key.h"
#include "types/registry.h"
#include "types/text.h"

/* ---- bool ---- */

/* Any unambiguous prefix of true, false, yes, no, on, off; 1 and 0. */
bool bool_parse(const char *text, size_t n, bool *out)
{
    static const struct {
        const char *word;
        size_t least;
        bool value;
    } words[] = {
        {"true", 1, true}, {"false", 1, false}, {"yes", 1, true}, {"no", 1, false},
        {"on", 2, true},   {"off", 2, false},   {"1", 1, true},   {"0", 1, false},
    };
    trim_space(&text, &n);
    for (size_t k = 0; k < ARRAY_COUNT(words); k++)
        if (n >= words[k].least && n <= strlen(words[k].word) &&
            strncasecmp(text, words[k].word, n) == 0) {
            *out = words[k].value;
            return true;
        }
    return false;
}

static bool bool_in(const struct type_io *io, const char *text, size_t n, struct datum *out)
{
    bool value;
    if (!bool_parse(text, n, &value))
        return invalid_syntax(io, "boolean", text, n);
    *out = datum_bool(value);
    return true;
}

static bool bool_out(const struct type_io *io, const struct datum *value, struct buf *out)
{
    buf_putc(out, value->i ? 't' : 'f');
    return true;
}

static bool bool_recv(const struct type_io *io, const uint8_t *bytes, size_t n, struct datum *out)
{
    if (!recv_exact(io, n, 1))
        return false;
    *out = datum_bool(bytes[0] != 0);
    return true;
}

static bool bool_send(const struct type_io *io, const struct datum *value, struct buf *out)
{
    buf_putc(out, value->i != 0);
    return true;
}

static int signed_cmp(const struct type *type, const struct datum *a, const struct datum *b)
{
    return cmp_i64(a->i, b->i);
}

static void byte_key(const struct type *type, const struct datum *value, struct buf *out)
{
    buf_putc(out, (char)value->i);
}

static const struct type_ops bool_ops = {
    .name = "bool",
    .storage = STORAGE_INTEGER,
    .native_order = true,
    .in = bool_in,
    .out = bool_out,
    .recv = bool_recv,
    .send = bool_send,
    .cmp = signed_cmp,
    .key = byte_key,
};

/* ---- "char": one byte, 0..255 in `i` ---- */

static bool char_in(const struct type_io *io, const char *text, size_t n, struct datum *out)
{
    int byte = n ? (uint8_t)text[0] : 0;
    if (n == 4 && text[0] == '\\' && text[1] >= '0' && text[1] <= '3' && text[2] >= '0' &&
        text[2] <= '7' && text[3] >= '0' && text[3] <= '7')
        byte = (text[1] - '0') << 6 | (text[2] - '0') << 3 | (text[3] - '0');
    *out = datum_int(byte);
    return true;
}

static bool char_out(const struct type_io *io, const struct datum *value, struct buf *out)
{
    uint8_t byte = (uint8_t)value->i;
    if (byte & 0x80)
        buf_printf(out, "\\%03o", byte);
    else if (byte)
        buf_putc(out, (char)byte);
    return true;
}

static bool char_recv(const struct type_io *io, const uint8_t *bytes, size_t n, struct datum *out)
{
    if (!recv_exact(io, n, 1))
        return false;
    *out = datum_int(bytes[0]);
    return true;
}

static bool char_send(const struct type_io *io, const struct datum *value, struct buf *out)
{
    buf_putc(out, (char)value->i);
    return true;
}

static const struct type_ops char_ops = {
    .name = "char",
    .storage = STORAGE_INTEGER,
    .native_order = true,
    .in = char_in,
    .out = char_out,
    .recv = char_recv,
    .send = char_send,
    .cmp = signed_cmp,
    .key = byte_key,
};

/* ---- int2, int4, int8 ---- */

static bool int_out_of_range(struct err *err, const char *sql_name, const char *text, size_t n)
{
    return err_set(err, ERR_NUMERIC_VALUE_OUT_OF_RANGE,
                   "value \"%.*s\" is out of range for type %s", (int)n, text, sql_name);
}

bool int_parse(struct err *err, const char *sql_name, int64_t min, int64_t max, const char *text,
               size_t n, int64_t *out)
{
    const char *p = text, *end = text + n;
    while (p < end && is_space(*p))
        p++;
    bool negative = p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+'))
        p++;
    const char *digits = p;
    uint64_t limit = negative ? (uint64_t) - (min + 1) + 1 : (uint64_t)max, v = 0;
    for (; p < end && *p >= '0' && *p <= '9'; p++) {
        uint64_t digit = (uint64_t)(*p - '0');
        if (v > (limit - digit) / 10)
            return int_out_of_range(err, sql_name, text, n);
        v = v * 10 + digit;
    }
    bool any = p > digits;
    while (p < end && is_space(*p))
        p++;
    if (!any || p < end)
        return err_set(err, ERR_INVALID_TEXT_REPRESENTATION,
                       "invalid input syntax for type %s: \"%.*s\"", sql_name, (int)n, text);
    *out = negative ? (int64_t)(0 - v) : (int64_t)v;
    return true;
}

void int_print(struct buf *out, int64_t value)
{
    char digits[24], *p = digits + sizeof(digits);
    uint64_t v = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        *--p = (char)('0' + v % 10);
        v /= 10;
    } while (v);
    if (value < 0)
        *--p = '-';
    buf_append(out, p, (size_t)(digits + sizeof(digits) - p));
}

static bool int_out(const struct type_io *io, const struct datum *value, struct buf *out)
{
    int_print(out, value->i);
    return true;
}

static void int_key(const struct type *type, const struct datum *value, struct buf *out)
{
    key_put_i64(out, value->i);
}

static bool int2_in(const struct type_io *io, const char *text, size_t n, struct datum *out)
{
    *out = datum_int(0);
    return int_parse(io->err, "smallint", INT16_MIN, INT16_MAX, text, n, &out->i);
}
static bool int4_in(const struct type_io *io, const char *text, size_t n, struct datum *out)
{
    *out = datum_int(0);
    return int_parse(io->err, "integer", INT32_MIN, INT32_MAX, text, n, &out->i);
}
static bool int8_in(const struct type_io *io, const char *text, size_t n, struct datum *out)
{
    *out = datum_int(0);
    return int_parse(io->err, "bigint", INT64_MIN, INT64_MAX, text, n, &out->i);
}
static bool int2_recv(const struct type_io *io, const uint8_t *bytes, size_t n, struct datum *out)
{
    if (!recv_exact(io, n, 2))
        return false;
    *out = datum_int((int16_t)get_u16(bytes));
    return true;
}
static bool int4_recv(const struct type_io *io, const uint8_t *bytes, size_t n, struct datum *out)
{
    if (!recv_exact(io, n, 4))
        return false;
    *out = datum_int((int32_t)get_u32(bytes));
    return true;
}
static bool int8_recv(const struct type_io *io, const uint8_t *bytes, size_t n, struct datum *out)
{
    if (!recv_exact(io, n, 8))
        return false;
    *out = datum_int((int64_t)get_u64(bytes));
    return true;
}
static bool int2_send(const struct type_io *io, const struct datum *value, struct buf *out)
{
    buf_put_u16(out, (uint16_t)value->i);
    return true;
}
static bool int4_send(const struct type_io *io, const struct datum *value, struct buf *out)
{
    buf_put_u32(out, (uint32_t)value->i);
    return true;
}
static bool int8_send(const struct type_io *io, const struct datum *value, struct buf *out)
{
    buf_put_u64(out, (uint64_t)value->i);
    return true;
}

#define SIGNED_OPS(type)                                                                           \
    static const struct type_ops type##_ops = {                                                    \
        .name = #type,                                                                             \
        .storage = STORAGE_INTEGER,                                                                \
        .native_order = true,                                                                      \
        .in = type##_in,                                                                           \
        .out = int_out,                                                                            \
        .recv = type##_recv,                                                                       \
        .send = type##_send,                                                                       \
        .cmp = signed_cmp,                                                                         \
        .key = int_key,                                                                            \
    }
SIGNED_OPS(int2);
SIGNED_OPS(int4);
SIGNED_OPS(int8);

/* ---- oid, xid, cid: unsigned 32 bits ---- */

/* As strtoul() reads, with base 0 for xid and cid; `end` is where the number stops, `overflow` if
 * 64 bits don't do. */
static uint64_t unsigned_prefix(const char *text, size_t n, int base, size_t *end, bool *overflow)
{
    char copy[64];
    size_t length = MIN(n, sizeof(copy) - 1);
    memcpy(copy, text, length);
    copy[length] = 0;
    char *stop;
    errno = 0;
    uint64_t v = strtoull(copy, &stop, base);
    *end = (size_t)(stop - copy);
    *overflow = errno == ERANGE;
    return v;
}

bool oid_parse(struct err *err, const char *text, size_t n, uint32_t *out)
{
    size_t end;
    bool overflow;
    uint64_t v = unsigned_prefix(text, n, 10, &end, &overflow);
    size_t rest = end;
    while (rest < n && is_space(text[rest]))
        rest++;
    if (!end || rest < n)
        return err_set(err, ERR_INVALID_TEXT_REPRESENTATION,
                       "invalid input syntax for type %s: \"%.*s\"", "oid", (int)n, text);
    if (overflow || (v > UINT32_MAX && v < (uint64_t)INT32_MIN))
        return int_out_of_range(err, "oid", text, n);
    *out = (uint32_t)v;
    return true;
}

static bool oid_in(const struct type_io *io, const char *text, size_t n, struct datum *out)
{
    uint32_t oid = 0;
    if (!oid_parse(io->err, text, n, &oid))
        return false;
    *out = datum_int(oid);
    return true;
}

static bool xid_in(const struct type_io *io, const char *text, size_t n, struct datum *out)
{
    size_t end;
    bool overflow;
    *out = datum_int((uint32_t)unsigned_prefix(text, n, 0, &end, &overflow));
    return true;
}

static bool oid_recv(const struct type_io *io, const uint8_t *bytes, size_t n, struct datum *out)
{
    if (!recv_exact(io, n, 4))
        return false;
    *out = datum_int(get_u32(bytes));
    return true;
}

static const struct type_ops oid_ops = {
    .name = "oid",
    .storage = STORAGE_INTEGER,
    .native_order = true,
    .in = oid_in,
    .out = int_out,
    .recv = oid_recv,
    .send = int4_send,
    .cmp = signed_cmp,
    .key = int_key,
};

static const struct type_ops xid_ops = {
    .name = "xid",
    .storage = STORAGE_INTEGER,
    .native_order = true,
    .in = xid_in,
    .out = int_out,
    .recv = oid_recv,
    .send = int4_send,
    .cmp = signed_cmp,
    .key = int_key,
};

/* ---- xid8 and pg_lsn: unsigned 64 bits ---- */

static int unsigned_cmp(const struct type *type, const struct datum *a, const struct datum *b)
{
    return cmp_u64((uint64_t)a->i, (uint64_t)b->i);
}

static void unsigned_key(const struct type *type, const struct datum *value, struct buf *out)
{
    key_put_u64(out, (uint64_t)value->i);
}

static bool xid8_in(const struct type_io *io, const char *text, size_t n, struct datum *out)
{
    size_t end;
    bool overflow;
    *out = datum_int((int64_t)unsigned_prefix(text, n, 0, &end, &overflow));
    return true;
}

static bool xid8_out(const struct type_io *io, const struct datum *value, struct buf *out)
{
    buf_printf(out, "%llu", (unsigned long long)value->i);
    return true;
}

static const struct type_ops xid8_ops = {
    .name = "xid8",
    .storage = STORAGE_INTEGER,
    .in = xid8_in,
    .out = xid8_out,
    .recv = int8_recv,
    .send = int8_send,
    .cmp = unsigned_cmp,
    .key = unsigned_key,
};

static size_t hex_prefix(const char *text, size_t n, uint64_t *out)
{
    size_t k = 0;
    for (*out = 0; k < n && k < 9; k++) {
        char c = text[k];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0)
            break;
        *out = *out << 4 | (uint64_t)digit;
    }
    return k;
}

static bool pg_lsn_in(const struct type_io *io, const char *text, size_t n, struct datum *out)
{
    uint64_t high, low;
    size_t n_high = hex_prefix(text, n, &high);
    if (n_high < 1 || n_high > 8 || n_high >= n || text[n_high] != '/')
        return invalid_syntax(io, "pg_lsn", text, n);
    size_t n_low = hex_prefix(text + n_high + 1, n - n_high - 1, &low);
    if (n_low < 1 || n_low > 8 || n_high + 1 + n_low != n)
        return invalid_syntax(io, "pg_lsn", text, n);
    *out = datum_int((int64_t)(high << 32 | low));
    return true;
}

static bool pg_lsn_out(const struct type_io *io, const struct datum *value, struct buf *out)
{
    buf_printf(out, "%X/%X", (unsigned)((uint64_t)value->i >> 32), (unsigned)value->i);
    return true;
}

static const struct type_ops pg_lsn_ops = {
    .name = "pg_lsn",
    .storage = STORAGE_INTEGER,
    .in = pg_lsn_in,
    .out = pg_lsn_out,
    .recv = int8_recv,
    .send = int8_send,
    .cmp = unsigned_cmp,
    .key = unsigned_key,
};

/* ---- tid: block << 16 | offset ---- */

static bool tid_number(const char **p, const char *end, char stop, uint64_t max, uint64_t *out)
{
    size_t n;
    bool overflow;
    *out = unsigned_prefix(*p, (size_t)(end - *p), 10, &n, &overflow);
    if (!n || overflow || *out > max || *p + n >= end || (*p)[n] != stop)
        return false;
    *p += n + 1;
    return true;
}

static bool tid_in(const struct type_io *io, const char *text, size_t n, struct datum *out)
{
    const char *p = memchr(text, '(', n), *end = text + n;
    uint64_t block = 0, offset = 0;
    if (!p++ || !tid_number(&p, end, ',', UINT32_MAX, &block) ||
        !tid_number(&p, end, ')', UINT16_MAX, &offset))
        return invalid_syntax(io, "tid", text, n);
    *out = datum_int((int64_t)(block << 16 | offset));
    return true;
}

static bool tid_out(const struct type_io *io, const struct datum *value, struct buf *out)
{
    buf_printf(out, "(%u,%u)", (unsigned)(value->i >> 16), (unsigned)(value->i & 0xffff));
    return true;
}

static bool tid_recv(const struct type_io *io, const uint8_t *bytes, size_t n, struct datum *out)
{
    if (!recv_exact(io, n, 6))
        return false;
    *out = datum_int((int64_t)get_u32(bytes) << 16 | get_u16(bytes + 4));
    return true;
}

static bool tid_send(const struct type_io *io, const struct datum *value, struct buf *out)
{
    buf_put_u32(out, (uint32_t)(value->i >> 16));
    buf_put_u16(out, (uint16_t)value->i);
    return true;
}

static const struct type_ops tid_ops = {
    .name = "tid",
    .storage = STORAGE_INTEGER,
    .native_order = true,
    .in = tid_in,
    .out = tid_out,
    .recv = tid_recv,
    .send = tid_send,
    .cmp = signed_cmp,
    .key = int_key,
};

const struct type_ops_entry int_type_ops[] = {
    {TYPE_BOOL, &bool_ops}, {TYPE_CHAR, &char_ops},     {TYPE_INT2, &int2_ops},
    {TYPE_INT4, &int4_ops}, {TYPE_INT8, &int8_ops},     {TYPE_OID, &oid_ops},
    {TYPE_XID, &xid_ops},   {TYPE_CID, &xid_ops},       {TYPE_TID, &tid_ops},
    {TYPE_XID8, &xid8_ops}, {TYPE_PG_LSN, &pg_lsn_ops}, {0, NULL},
};
