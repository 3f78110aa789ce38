/* numeric.c - SQL functions of numeric: thin shells around types/numeric.h, casts, width_bucket,
 * sizes in words. */
#include <math.h>

#include "func/registry.h"
#include "types/float.h"
#include "types/numeric.h"

#define ARG_NUMERIC(c, k) numeric_of(&(c)->args[k])

static bool return_numeric(struct fcall *c, const struct numeric *v)
{
    if (!v)
        return false; /* the error is set */
    c->result = numeric_datum(v);
    return true;
}

#define BINARY(name, fn)                                                                           \
    static bool name(struct fcall *c)                                                              \
    {                                                                                              \
        return return_numeric(c, fn(c->arena, c->err, ARG_NUMERIC(c, 0), ARG_NUMERIC(c, 1)));      \
    }
BINARY(n_add, numeric_add)
BINARY(n_sub, numeric_sub)
BINARY(n_mul, numeric_mul)
BINARY(n_div, numeric_div)
BINARY(n_div_trunc, numeric_div_trunc)
BINARY(n_mod, numeric_mod)
BINARY(n_gcd, numeric_gcd)
BINARY(n_lcm, numeric_lcm)
BINARY(n_log, numeric_log)
BINARY(n_power, numeric_power)

#define UNARY(name, expression)                                                                    \
    static bool name(struct fcall *c)                                                              \
    {                                                                                              \
        const struct numeric *v = ARG_NUMERIC(c, 0);                                               \
        return return_numeric(c, expression);                                                      \
    }
UNARY(n_uminus, numeric_neg(c->arena, v))
UNARY(n_uplus, v)
UNARY(n_abs, numeric_abs(c->arena, v))
UNARY(n_ceil, numeric_ceil(c->arena, v))
UNARY(n_floor, numeric_floor(c->arena, v))
UNARY(n_trim_scale, numeric_trim_scale(c->arena, v))
UNARY(n_sqrt, numeric_sqrt(c->arena, c->err, v))
UNARY(n_exp, numeric_exp(c->arena, c->err, v))
UNARY(n_ln, numeric_ln(c->arena, c->err, v))
UNARY(n_log10, numeric_log(c->arena, c->err, numeric_from_i64(c->arena, 10), v))
UNARY(n_inc, numeric_add(c->arena, c->err, v, numeric_from_i64(c->arena, 1)))
UNARY(n_round_0, numeric_round(c->arena, v, 0))
UNARY(n_trunc_0, numeric_trunc(c->arena, v, 0))
UNARY(n_sign, v->kind == NUMERIC_NAN ? v : numeric_from_i64(c->arena, numeric_signum(v)))
UNARY(n_round, numeric_round(c->arena, v, (int)ARG_I(c, 1)))
UNARY(n_trunc, numeric_trunc(c->arena, v, (int)ARG_I(c, 1)))
UNARY(n_coerce, numeric_coerce(c->arena, c->err, v, (int32_t)ARG_I(c, 1)))

static bool n_factorial(struct fcall *c)
{
    return return_numeric(c, numeric_factorial(c->arena, c->err, ARG_I(c, 0)));
}

static bool n_scale(struct fcall *c)
{
    const struct numeric *v = ARG_NUMERIC(c, 0);
    return v->kind ? return_null(c) : return_int(c, v->dscale);
}

static bool n_min_scale(struct fcall *c)
{
    const struct numeric *v = ARG_NUMERIC(c, 0);
    return v->kind ? return_null(c) : return_int(c, numeric_min_scale(v));
}

/* ---- casts ---- */

static bool int_to_numeric(struct fcall *c)
{
    return return_numeric(c, numeric_from_i64(c->arena, ARG_I(c, 0)));
}

static bool float8_to_numeric(struct fcall *c)
{
    return return_numeric(c, numeric_from_float8(c->arena, ARG_F(c, 0)));
}

static bool float4_to_numeric(struct fcall *c)
{
    return return_numeric(c, numeric_from_float4(c->arena, (float)ARG_F(c, 0)));
}

static bool numeric_to_int(struct fcall *c, int64_t min, int64_t max, const char *sql_name)
{
    const struct numeric *v = ARG_NUMERIC(c, 0);
    int64_t i;
    if (v->kind)
        return err_set(c->err, ERR_FEATURE_NOT_SUPPORTED, "cannot convert %s to %s",
                       v->kind == NUMERIC_NAN ? "NaN" : "infinity", sql_name);
    if (!numeric_to_i64(v, &i) || i < min || i > max)
        return err_set(c->err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "%s out of range", sql_name);
    return return_int(c, i);
}

static bool numeric_to_int2(struct fcall *c)
{
    return numeric_to_int(c, INT16_MIN, INT16_MAX, "smallint");
}
static bool numeric_to_int4(struct fcall *c)
{
    return numeric_to_int(c, INT32_MIN, INT32_MAX, "integer");
}
static bool numeric_to_int8(struct fcall *c)
{
    return numeric_to_int(c, INT64_MIN, INT64_MAX, "bigint");
}

static bool numeric_to_float8_func(struct fcall *c)
{
    const struct numeric *v = ARG_NUMERIC(c, 0);
    double f = numeric_to_float8(v);
    if (v->kind || (isfinite(f) && (f != 0 || numeric_is_zero(v))))
        return return_float(c, f);
    struct buf text = BUF_IN(c->arena);
    numeric_print(v, &text);
    return float8_parse(c->arena, c->err, text.p, text.n, &c->result.f);
}

static bool numeric_to_float4(struct fcall *c)
{
    const struct numeric *v = ARG_NUMERIC(c, 0);
    float f;
    if (v->kind)
        return return_float(c, numeric_to_float8(v));
    struct buf text = BUF_IN(c->arena);
    numeric_print(v, &text);
    if (!float4_parse(c->arena, c->err, text.p, text.n, &f))
        return false;
    return return_float(c, (double)f);
}

/* ---- width_bucket ---- */

static bool bucket_error(struct fcall *c, const char *message)
{
    return err_set(c->err, ERR_INVALID_ARGUMENT_FOR_WIDTH_BUCKET_FUNCTION, "%s", message);
}

/* floor((x - low) * count / (high - low)) for x between the bounds.  The quotient is rounded
 * first, as PostgreSQL 15 has it, so that an x just below `high` may land in the bucket above. */
static bool bucket_between(struct fcall *c, const struct numeric *x, const struct numeric *low,
                           const struct numeric *high, int64_t count, int64_t *bucket)
{
    const struct numeric *part = numeric_sub(c->arena, c->err, x, low);
    const struct numeric *whole = part ? numeric_sub(c->arena, c->err, high, low) : NULL;
    part = whole ? numeric_mul(c->arena, c->err, part, numeric_from_i64(c->arena, count)) : NULL;
    part = part ? numeric_div(c->arena, c->err, part, whole) : NULL;
    return part && numeric_to_i64(numeric_floor(c->arena, part), bucket);
}

static bool n_width_bucket(struct fcall *c)
{
    const struct numeric *x = ARG_NUMERIC(c, 0), *low = ARG_NUMERIC(c, 1),
                         *high = ARG_NUMERIC(c, 2);
    int64_t count = ARG_I(c, 3), bucket;
    if (count <= 0)
        return bucket_error(c, "count must be greater than zero");
    if (x->kind == NUMERIC_NAN || low->kind == NUMERIC_NAN || high->kind == NUMERIC_NAN)
        return bucket_error(c, "operand, lower bound, and upper bound cannot be NaN");
    if (low->kind || high->kind)
        return bucket_error(c, "lower and upper bounds must be finite");
    int order = numeric_cmp(low, high);
    if (order == 0)
        return bucket_error(c, "lower bound cannot equal upper bound");
    if (order < 0 ? numeric_cmp(x, low) < 0 : numeric_cmp(x, low) > 0) {
        bucket = 0;
    } else if (order < 0 ? numeric_cmp(x, high) >= 0 : numeric_cmp(x, high) <= 0) {
        bucket = count + 1;
    } else {
        if (!bucket_between(c, x, low, high, count, &bucket))
            return false;
        bucket++;
    }
    if (bucket > INT32_MAX)
        return err_set(c->err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "integer out of range");
    return return_int(c, bucket);
}

/* ---- pg_lsn ---- */

static const struct numeric *lsn_numeric(struct arena *arena, int64_t lsn)
{
    return numeric_from_i128(arena, (__int128)(uint64_t)lsn);
}

static bool lsn_from_numeric(struct fcall *c, const struct numeric *v)
{
    const struct numeric *top;
    if (!v)
        return false;
    if (v->kind)
        return err_set(c->err, ERR_FEATURE_NOT_SUPPORTED, "cannot convert %s to pg_lsn",
                       v->kind == NUMERIC_NAN ? "NaN" : "infinity");
    v = numeric_round(c->arena, v, 0);
    top = numeric_from_i128(c->arena, (__int128)UINT64_MAX);
    if (numeric_signum(v) < 0 || numeric_cmp(v, top) > 0)
        return err_set(c->err, ERR_INVALID_PARAMETER_VALUE, "pg_lsn out of range");
    return return_int(c, v->n_limbs ? (int64_t)v->limbs[0] : 0);
}

static bool numeric_to_lsn(struct fcall *c)
{
    return lsn_from_numeric(c, ARG_NUMERIC(c, 0));
}

static bool lsn_minus_lsn(struct fcall *c)
{
    return return_numeric(c, numeric_sub(c->arena, c->err, lsn_numeric(c->arena, ARG_I(c, 0)),
                                         lsn_numeric(c->arena, ARG_I(c, 1))));
}

/* `lsn` and `bytes` are argument indexes. */
static bool lsn_shift(struct fcall *c, int lsn, int bytes, numeric_fn *fn, const char *nan_error)
{
    const struct numeric *v = ARG_NUMERIC(c, bytes);
    if (v->kind == NUMERIC_NAN)
        return err_set(c->err, ERR_FEATURE_NOT_SUPPORTED, "%s", nan_error);
    return lsn_from_numeric(c, fn(c->arena, c->err, lsn_numeric(c->arena, ARG_I(c, lsn)), v));
}

static bool lsn_plus(struct fcall *c)
{
    return lsn_shift(c, 0, 1, numeric_add, "cannot add NaN to pg_lsn");
}
static bool plus_lsn(struct fcall *c)
{
    return lsn_shift(c, 1, 0, numeric_add, "cannot add NaN to pg_lsn");
}
static bool lsn_minus(struct fcall *c)
{
    return lsn_shift(c, 0, 1, numeric_sub, "cannot subtract NaN from pg_lsn");
}

FUNC_TABLE(numeric_funcs) = {
    {"numeric_add", n_add},
    {"numeric_sub", n_sub},
    {"numeric_mul", n_mul},
    {"numeric_div", n_div},
    {"numeric_div_trunc", n_div_trunc},
    {"numeric_mod", n_mod},
    {"numeric_gcd", n_gcd},
    {"numeric_lcm", n_lcm},
    {"numeric_log", n_log},
    {"numeric_power", n_power},
    {"numeric_uminus", n_uminus},
    {"numeric_uplus", n_uplus},
    {"numeric_abs", n_abs},
    {"numeric_sign", n_sign},
    {"numeric_ceil", n_ceil},
    {"numeric_floor", n_floor},
    {"numeric_round", n_round},
    {"numeric_trunc", n_trunc},
    {"round(numeric)", n_round_0},
    {"trunc(numeric)", n_trunc_0},
    {"numeric", n_coerce},
    {"numeric_trim_scale", n_trim_scale},
    {"numeric_scale", n_scale},
    {"numeric_min_scale", n_min_scale},
    {"numeric_sqrt", n_sqrt},
    {"numeric_exp", n_exp},
    {"numeric_ln", n_ln},
    {"log(numeric)", n_log10},
    {"log10(numeric)", n_log10},
    {"numeric_inc", n_inc},
    {"numeric_fac", n_factorial},
    {"int2_numeric", int_to_numeric},
    {"int4_numeric", int_to_numeric},
    {"int8_numeric", int_to_numeric},
    {"float4_numeric", float4_to_numeric},
    {"float8_numeric", float8_to_numeric},
    {"numeric_int2", numeric_to_int2},
    {"numeric_int4", numeric_to_int4},
    {"numeric_int8", numeric_to_int8},
    {"numeric_float4", numeric_to_float4},
    {"numeric_float8", numeric_to_float8_func},
    {"width_bucket_numeric", n_width_bucket},
    {"numeric_pg_lsn", numeric_to_lsn},
    {"pg_lsn_mi", lsn_minus_lsn},
    {"pg_wal_lsn_diff", lsn_minus_lsn},
    {"pg_lsn_pli", lsn_plus},
    {"pg_lsn_mii", lsn_minus},
    {"numeric_pl_pg_lsn(numeric,pg_lsn)", plus_lsn},
    {NULL, NULL},
};
