/* bit.c - bit and varbit: stored as text of 0 and 1, whose order is PostgreSQL's (bits first, then
 * length). */
#include "types/bit.h"

#include "types/key.h"
#include "types/registry.h"

struct bits *bits_new(struct arena *arena, uint32_t n_bits)
{
    struct bits *v = arena_zalloc(arena, sizeof(*v) + bits_bytes(n_bits));
    v->n_bits = n_bits;
    return v;
}

struct bits *bits_slice(struct arena *arena, const struct bits *v, uint32_t start, uint32_t n)
{
    struct bits *out = bits_new(arena, n);
    if (start % 8 == 0) {
        memcpy(out->bytes, v->bytes + start / 8, bits_bytes(n));
        if (n % 8)
            out->bytes[n / 8] &= (uint8_t)(0xff << (8 - n % 8));
        return out;
    }
    for (uint32_t k = 0; k < n; k++)
        if (bit_at(v, start + k))
            bit_set(out, k, 1);
    return out;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool bad_digit(const struct type_io *io, const char *p, const char *end, const char *what)
{
    int n = 1; /* the whole character */
    while (p + n < end && ((uint8_t)p[n] & 0xc0) == 0x80)
        n++;
    return err_set(io->err, ERR_INVALID_TEXT_REPRESENTATION, "\"%.*s\" is not a valid %s digit", n,
                   p, what);
}

static bool parse(const struct type_io *io, const char *text, size_t n, struct bits **out)
{
    const char *p = text, *end = text + n;
    bool hex = n && (*p == 'x' || *p == 'X');
    p += hex || (n && (*p == 'b' || *p == 'B'));
    struct bits *v = *out = bits_new(io->arena, (uint32_t)((size_t)(end - p) * (hex ? 4 : 1)));
    for (uint32_t k = 0; p < end; p++, k++) {
        int digit = hex_value(*p);
        if (hex && digit < 0)
            return bad_digit(io, p, end, "hexadecimal");
        if (!hex && (digit < 0 || digit > 1))
            return bad_digit(io, p, end, "binary");
        if (hex)
            v->bytes[k / 2] |= (uint8_t)(digit << (k % 2 ? 0 : 4));
        else
            v->bytes[k / 8] |= (uint8_t)(digit << (7 - k % 8));
    }
    return true;
}

static bool check_length(const struct type_io *io, const struct bits *v, bool exact)
{
    int64_t length = v->n_bits;
    if (io->typmod <= 0 || (exact ? length == io->typmod : length <= io->typmod))
        return true;
    if (exact)
        return err_set(io->err, ERR_STRING_DATA_LENGTH_MISMATCH,
                       "bit string length %d does not match type bit(%d)", (int)length, io->typmod);
    return err_set(io->err, ERR_STRING_DATA_RIGHT_TRUNCATION,
                   "bit string too long for type bit varying(%d)", io->typmod);
}

static bool read_text(const struct type_io *io, const char *text, size_t n, bool exact,
                      struct datum *out)
{
    struct bits *v;
    if (!parse(io, text, n, &v) || !check_length(io, v, exact))
        return false;
    *out = bits_datum(v);
    return true;
}

static bool bit_in(const struct type_io *io, const char *text, size_t n, struct datum *out)
{
    return read_text(io, text, n, true, out);
}
static bool varbit_in(const struct type_io *io, const char *text, size_t n, struct datum *out)
{
    return read_text(io, text, n, false, out);
}

static bool bit_out(const struct type_io *io, const struct datum *value, struct buf *out)
{
    const struct bits *v = bits_of(value);
    buf_reserve(out, v->n_bits);
    for (uint32_t k = 0; k < v->n_bits; k++)
        out->p[out->n++] = bit_at(v, k) ? '1' : '0';
    return true;
}

static bool read_binary(const struct type_io *io, const uint8_t *bytes, size_t n, bool exact,
                        struct datum *out)
{
    if (n < 4)
        return recv_short(io);
    uint32_t n_bits = get_u32(bytes);
    if (n_bits > INT32_MAX)
        return err_set(io->err, ERR_INVALID_BINARY_REPRESENTATION,
                       "invalid length in external bit string");
    if (!recv_exact(io, n - 4, bits_bytes(n_bits)))
        return false;
    struct bits *v = bits_new(io->arena, n_bits);
    memcpy(v->bytes, bytes + 4, n - 4);
    if (n_bits % 8)
        v->bytes[n_bits / 8] &= (uint8_t)(0xff << (8 - n_bits % 8));
    if (!check_length(io, v, exact))
        return false;
    *out = bits_datum(v);
    return true;
}

static bool bit_recv(const struct type_io *io, const uint8_t *bytes, size_t n, struct datum *out)
{
    return read_binary(io, bytes, n, true, out);
}
static bool varbit_recv(const struct type_io *io, const uint8_t *bytes, size_t n, struct datum *out)
{
    return read_binary(io, bytes, n, false, out);
}

static bool bit_send(const struct type_io *io, const struct datum *value, struct buf *out)
{
    buf_put_u32(out, bits_of(value)->n_bits);
    buf_append(out, bits_of(value)->bytes, bits_bytes(bits_of(value)->n_bits));
    return true;
}

static int bit_cmp(const struct type *type, const struct datum *a, const struct datum *b)
{
    const struct bits *x = bits_of(a), *y = bits_of(b);
    int order = memcmp(x->bytes, y->bytes, MIN(bits_bytes(x->n_bits), bits_bytes(y->n_bits)));
    return order ? order : cmp_u64(x->n_bits, y->n_bits);
}

static void bit_key(const struct type *type, const struct datum *value, struct buf *out)
{
    key_put_bytes(out, bits_of(value)->bytes, bits_bytes(bits_of(value)->n_bits));
    buf_put_u32(out, bits_of(value)->n_bits);
}

static bool typmod_in(const struct type_io *io, const char *name, const int32_t *args, int n_args,
                      int32_t *typmod)
{
    if (n_args != 1)
        return err_set(io->err, ERR_INVALID_PARAMETER_VALUE, "invalid type modifier");
    if (args[0] < 1)
        return err_set(io->err, ERR_INVALID_PARAMETER_VALUE,
                       "length for type %s must be at least 1", name);
    if (args[0] > BITS_MAX)
        return err_set(io->err, ERR_INVALID_PARAMETER_VALUE, "length for type %s cannot exceed %d",
                       name, BITS_MAX);
    *typmod = args[0];
    return true;
}

static bool bit_typmod_in(const struct type_io *io, const int32_t *args, int n_args,
                          int32_t *typmod)
{
    return typmod_in(io, "bit", args, n_args, typmod);
}
static bool varbit_typmod_in(const struct type_io *io, const int32_t *args, int n_args,
                             int32_t *typmod)
{
    return typmod_in(io, "varbit", args, n_args, typmod);
}

static void bit_typmod_out(int32_t typmod, struct buf *out)
{
    if (typmod >= 0)
        buf_printf(out, "(%d)", typmod);
}

#define BIT_OPS(type)                                                                              \
    static const struct type_ops type##_ops = {                                                    \
        .name = #type,                                                                             \
        .storage = STORAGE_TEXT,                                                                   \
        .native_order = true,                                                                      \
        .in = type##_in,                                                                           \
        .out = bit_out,                                                                            \
        .recv = type##_recv,                                                                       \
        .send = bit_send,                                                                          \
        .cmp = bit_cmp,                                                                            \
        .key = bit_key,                                                                            \
        .store = store_as_text,                                                                    \
        .load = load_from_text,                                                                    \
        .typmod_in = type##_typmod_in,                                                             \
        .typmod_out = bit_typmod_out,                                                              \
    }
BIT_OPS(bit);
BIT_OPS(varbit);

const struct type_ops_entry bit_type_ops[] = {
    {TYPE_BIT, &bit_ops},
    {TYPE_VARBIT, &varbit_ops},
    {0, NULL},
};
