/* money.c - cents in `i`; text as in the C locale of PostgreSQL's manual: $1,234.56. */
#include "types/key.h"
#include "types/registry.h"

#define DECIMALS 2

struct reader {
    const char *p, *end;
    bool negative, overflow;
    int64_t value; /* kept negative: that side reaches one further */
};

static void skip_space(struct reader *r)
{
    while (r->p < r->end && is_space(*r->p))
        r->p++;
}

static bool take(struct reader *r, char c)
{
    bool there = r->p < r->end && *r->p == c;
    r->p += there;
    return there;
}

static bool at_digit(const struct reader *r)
{
    return r->p < r->end && *r->p >= '0' && *r->p <= '9';
}

static void push_digit(struct reader *r, int digit)
{
    r->overflow = r->overflow || __builtin_mul_overflow(r->value, 10, &r->value) ||
                  __builtin_sub_overflow(r->value, digit, &r->value);
}

static void read_sign(struct reader *r)
{
    skip_space(r);
    take(r, '$');
    skip_space(r);
    r->negative = take(r, '-') || take(r, '(');
    if (!r->negative)
        take(r, '+');
    skip_space(r);
    take(r, '$');
    skip_space(r);
}

static void read_amount(struct reader *r)
{
    bool point = false;
    int decimals = 0;
    for (; r->p < r->end; r->p++) {
        if (at_digit(r) && (!point || decimals < DECIMALS)) {
            push_digit(r, *r->p - '0');
            decimals += point;
        } else if (*r->p == '.' && !point) {
            point = true;
        } else if (*r->p != ',') {
            break;
        }
    }
    if (at_digit(r) && *r->p >= '5')
        r->overflow = r->overflow || __builtin_sub_overflow(r->value, 1, &r->value);
    for (; decimals < DECIMALS; decimals++)
        push_digit(r, 0);
}

/* True if nothing but spare digits, a closing parenthesis, a sign or a currency sign follows. */
static bool read_tail(struct reader *r)
{
    while (at_digit(r))
        r->p++;
    for (; r->p < r->end; r->p++) {
        if (*r->p == '-')
            r->negative = true;
        else if (!is_space(*r->p) && *r->p != ')' && *r->p != '+' && *r->p != '$')
            return false;
    }
    return true;
}

static bool money_in(const struct type_io *io, const char *text, size_t n, struct datum *out)
{
    struct reader r = {.p = text, .end = text + n};
    read_sign(&r);
    read_amount(&r);
    if (r.overflow)
        return err_set(io->err, ERR_NUMERIC_VALUE_OUT_OF_RANGE,
                       "value \"%.*s\" is out of range for type money", (int)n, text);
    if (!read_tail(&r))
        return invalid_syntax(io, "money", text, n);
    if (!r.negative && r.value == INT64_MIN)
        return err_set(io->err, ERR_NUMERIC_VALUE_OUT_OF_RANGE,
                       "value \"%.*s\" is out of range for type money", (int)n, text);
    *out = datum_int(r.negative ? r.value : -r.value);
    return true;
}

static bool money_out(const struct type_io *io, const struct datum *value, struct buf *out)
{
    char text[40], *p = text + sizeof(text);
    uint64_t v = value->i < 0 ? 0 - (uint64_t)value->i : (uint64_t)value->i;
    for (int k = 0; k <= DECIMALS || v; k++) {
        if (k == DECIMALS)
            *--p = '.';
        else if (k > DECIMALS && (k - DECIMALS) % 3 == 0)
            *--p = ',';
        *--p = (char)('0' + v % 10);
        v /= 10;
    }
    *--p = '$';
    if (value->i < 0)
        *--p = '-';
    buf_append(out, p, (size_t)(text + sizeof(text) - p));
    return true;
}

static bool money_recv(const struct type_io *io, const uint8_t *bytes, size_t n, struct datum *out)
{
    if (!recv_exact(io, n, 8))
        return false;
    *out = datum_int((int64_t)get_u64(bytes));
    return true;
}

static bool money_send(const struct type_io *io, const struct datum *value, struct buf *out)
{
    buf_put_u64(out, (uint64_t)value->i);
    return true;
}

static int money_cmp(const struct type *type, const struct datum *a, const struct datum *b)
{
    return cmp_i64(a->i, b->i);
}

static void money_key(const struct type *type, const struct datum *value, struct buf *out)
{
    key_put_i64(out, value->i);
}

static const struct type_ops money_ops = {
    .name = "money",
    .storage = STORAGE_INTEGER,
    .native_order = true,
    .in = money_in,
    .out = money_out,
    .recv = money_recv,
    .send = money_send,
    .cmp = money_cmp,
    .key = money_key,
};

const struct type_ops_entry money_type_ops[] = {
    {TYPE_MONEY, &money_ops},
    {0, NULL},
};
