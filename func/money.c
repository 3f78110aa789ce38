/* money.c - arithmetic of money (cents), casts, and amounts in words. */
#include <ctype.h>
#include <math.h>

#include "func/float.h"
#include "func/registry.h"
#include "types/numeric.h"

static bool out_of_range(struct fcall *c)
{
    return err_set(c->err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "bigint out of range");
}

static bool division_by_zero(struct fcall *c)
{
    return err_set(c->err, ERR_DIVISION_BY_ZERO, "division by zero");
}

static bool money_out_of_range(struct fcall *c)
{
    return err_set(c->err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "money out of range");
}

static bool plus(struct fcall *c)
{
    int64_t v;
    return __builtin_add_overflow(ARG_I(c, 0), ARG_I(c, 1), &v) ? money_out_of_range(c)
                                                                : return_int(c, v);
}
static bool minus(struct fcall *c)
{
    int64_t v;
    return __builtin_sub_overflow(ARG_I(c, 0), ARG_I(c, 1), &v) ? money_out_of_range(c)
                                                                : return_int(c, v);
}
static bool times_int(struct fcall *c)
{
    int64_t v;
    return __builtin_mul_overflow(ARG_I(c, 0), ARG_I(c, 1), &v) ? money_out_of_range(c)
                                                                : return_int(c, v);
}
static bool by_int(struct fcall *c)
{
    if (!ARG_I(c, 1))
        return division_by_zero(c);
    if (ARG_I(c, 1) == -1)
        return ARG_I(c, 0) == INT64_MIN ? money_out_of_range(c) : return_int(c, -ARG_I(c, 0));
    return return_int(c, ARG_I(c, 0) / ARG_I(c, 1));
}

static bool return_cents(struct fcall *c, double v)
{
    v = rint(v);
    return v >= -0x1p63 && v < 0x1p63 ? return_int(c, (int64_t)v) : money_out_of_range(c);
}

static bool product(struct fcall *c, double amount, double factor)
{
    double v = amount * factor;
    if (isinf(v) && !isinf(factor))
        return float_overflow(c);
    if (v == 0 && amount != 0 && factor != 0)
        return float_underflow(c);
    return return_cents(c, v);
}

static bool times_float(struct fcall *c)
{
    return product(c, (double)ARG_I(c, 0), ARG_F(c, 1));
}
static bool float_times(struct fcall *c)
{
    return product(c, (double)ARG_I(c, 1), ARG_F(c, 0));
}
static bool by_float(struct fcall *c)
{
    double amount = (double)ARG_I(c, 0), divisor = ARG_F(c, 1), v = amount / divisor;
    if (divisor == 0)
        return division_by_zero(c);
    if (isinf(v))
        return float_overflow(c);
    if (v == 0 && amount != 0 && !isinf(divisor))
        return float_underflow(c);
    return return_cents(c, v);
}
static bool by_money(struct fcall *c)
{
    return !ARG_I(c, 1) ? division_by_zero(c)
                        : return_float(c, (double)ARG_I(c, 0) / (double)ARG_I(c, 1));
}

/* ---- casts ---- */

static bool from_int(struct fcall *c)
{
    int64_t v;
    return __builtin_mul_overflow(ARG_I(c, 0), 100, &v) ? out_of_range(c) : return_int(c, v);
}

static bool from_numeric(struct fcall *c)
{
    const struct numeric *amount = numeric_of(&c->args[0]);
    int64_t v;
    if (amount->kind)
        return err_set(c->err, ERR_FEATURE_NOT_SUPPORTED, "cannot convert %s to bigint",
                       amount->kind == NUMERIC_NAN ? "NaN" : "infinity");
    amount = numeric_mul(c->arena, c->err, amount, numeric_from_i64(c->arena, 100));
    if (!amount)
        return false;
    return numeric_to_i64(amount, &v) ? return_int(c, v) : out_of_range(c);
}

static bool to_numeric(struct fcall *c)
{
    c->result = numeric_datum(numeric_scaled(c->arena, ARG_I(c, 0), 2));
    return true;
}

/* ---- words ---- */

static const char *const small_words[] = {
    "zero",     "one",     "two",     "three",     "four",     "five",     "six",
    "seven",    "eight",   "nine",    "ten",       "eleven",   "twelve",   "thirteen",
    "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",
};
static const char *const tens_words[] = {"",      "",      "twenty",  "thirty", "forty",
                                         "fifty", "sixty", "seventy", "eighty", "ninety"};

/* 0..999; "and" stands between hundreds and what is below twenty. */
static void put_hundreds(struct buf *out, int value)
{
    int hundreds = value / 100, rest = value % 100;
    if (hundreds)
        buf_printf(out, "%s hundred", small_words[hundreds]);
    if (hundreds && !rest)
        return;
    if (rest <= 20 && rest % 10 == 0 && rest > 10) /* twenty */
        buf_printf(out, hundreds ? " %s" : "%s", tens_words[rest / 10]);
    else if (rest < 20)
        buf_printf(out, hundreds ? " and %s" : "%s", small_words[rest]);
    else if (rest % 10 == 0)
        buf_printf(out, hundreds ? " %s" : "%s", tens_words[rest / 10]);
    else
        buf_printf(out, hundreds ? " %s %s" : "%s %s", tens_words[rest / 10],
                   small_words[rest % 10]);
}

static bool in_words(struct fcall *c)
{
    static const char *const groups[] = {" quadrillion ", " trillion ", " billion ",
                                         " million ",     " thousand ", ""};
    struct buf out = BUF_IN(c->arena);
    uint64_t v = ARG_I(c, 0) < 0 ? 0 - (uint64_t)ARG_I(c, 0) : (uint64_t)ARG_I(c, 0),
             unit = 1000000000000000ULL;
    uint64_t whole = v / 100;
    if (ARG_I(c, 0) < 0)
        buf_puts(&out, "minus ");
    for (size_t k = 0; k < ARRAY_COUNT(groups); k++, unit /= 1000) {
        int group = (int)(whole / unit % 1000);
        if (!group)
            continue;
        put_hundreds(&out, group);
        buf_puts(&out, groups[k]);
    }
    if (!whole)
        buf_puts(&out, "zero");
    buf_puts(&out, whole == 1 ? " dollar and " : " dollars and ");
    put_hundreds(&out, (int)(v % 100));
    buf_puts(&out, v % 100 == 1 ? " cent" : " cents");
    out.p[0] = (char)toupper((unsigned char)out.p[0]);
    return return_bytes(c, out.p, out.n);
}

FUNC_TABLE(money_funcs) = {
    {"cash_pl", plus},
    {"cash_mi", minus},
    {"cash_mul_int2", times_int},
    {"cash_mul_int4", times_int},
    {"cash_mul_int8", times_int},
    {"int2_mul_cash", times_int},
    {"int4_mul_cash", times_int},
    {"int8_mul_cash", times_int},
    {"cash_div_int2", by_int},
    {"cash_div_int4", by_int},
    {"cash_div_int8", by_int},
    {"cash_mul_flt4", times_float},
    {"cash_mul_flt8", times_float},
    {"flt4_mul_cash", float_times},
    {"flt8_mul_cash", float_times},
    {"cash_div_flt4", by_float},
    {"cash_div_flt8", by_float},
    {"cash_div_cash", by_money},
    {"int4_cash", from_int},
    {"int8_cash", from_int},
    {"numeric_cash", from_numeric},
    {"cash_numeric", to_numeric},
    {"cash_words", in_words},
    {NULL, NULL},
};
