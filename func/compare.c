/* compare.c - the comparison operators of all types, and the support functions beside them.
 *
 * They are all the type's own order (type_cmp), so one implementation serves every type; the
 * by-value ones have shorter ways.  Text, bytea and "char": text_compare.c. */
#include "func/registry.h"
#include "types/key.h"

/* Arrays of types without an order (json, point) get this far; nothing else does. */
static bool check_elements(struct fcall *c, const char *what)
{
    const struct type *type = c->arg_types[0];
    while (type->elem && (type->category == 'A' || type->kind == 'd'))
        type = type->elem;
    if (type->ops->key)
        return true;
    return err_set(c->err, ERR_UNDEFINED_FUNCTION, "could not identify %s for type %s", what,
                   type->name);
}

/* Defines <family>_eq, _ne, _lt, _le, _gt, _ge, _cmp, _larger, _smaller over an order of two
 * arguments; a false `guard` has set the error. */
#define FAMILY(family, guard, order)                                                               \
    static bool family##_eq(struct fcall *c)                                                       \
    {                                                                                              \
        if (!(guard))                                                                              \
            return false;                                                                          \
        return return_bool(c, (order) == 0);                                                       \
    }                                                                                              \
    static bool family##_ne(struct fcall *c)                                                       \
    {                                                                                              \
        if (!(guard))                                                                              \
            return false;                                                                          \
        return return_bool(c, (order) != 0);                                                       \
    }                                                                                              \
    static bool family##_lt(struct fcall *c)                                                       \
    {                                                                                              \
        if (!(guard))                                                                              \
            return false;                                                                          \
        return return_bool(c, (order) < 0);                                                        \
    }                                                                                              \
    static bool family##_le(struct fcall *c)                                                       \
    {                                                                                              \
        if (!(guard))                                                                              \
            return false;                                                                          \
        return return_bool(c, (order) <= 0);                                                       \
    }                                                                                              \
    static bool family##_gt(struct fcall *c)                                                       \
    {                                                                                              \
        if (!(guard))                                                                              \
            return false;                                                                          \
        return return_bool(c, (order) > 0);                                                        \
    }                                                                                              \
    static bool family##_ge(struct fcall *c)                                                       \
    {                                                                                              \
        if (!(guard))                                                                              \
            return false;                                                                          \
        return return_bool(c, (order) >= 0);                                                       \
    }                                                                                              \
    static UNUSED bool family##_cmp(struct fcall *c)                                               \
    {                                                                                              \
        if (!(guard))                                                                              \
            return false;                                                                          \
        int sign = (order);                                                                        \
        return return_int(c, (sign > 0) - (sign < 0));                                             \
    }                                                                                              \
    static UNUSED bool family##_larger(struct fcall *c)                                            \
    {                                                                                              \
        if (!(guard))                                                                              \
            return false;                                                                          \
        c->result = c->args[(order) > 0 ? 0 : 1]; /* of equals, the second */                      \
        return true;                                                                               \
    }                                                                                              \
    static UNUSED bool family##_smaller(struct fcall *c)                                           \
    {                                                                                              \
        if (!(guard))                                                                              \
            return false;                                                                          \
        c->result = c->args[(order) < 0 ? 0 : 1];                                                  \
        return true;                                                                               \
    }

FAMILY(int, true, cmp_i64(ARG_I(c, 0), ARG_I(c, 1)))
FAMILY(float, true, cmp_f64(ARG_F(c, 0), ARG_F(c, 1)))
FAMILY(bytes, true, cmp_bytes(ARG_P(c, 0), ARG_N(c, 0), ARG_P(c, 1), ARG_N(c, 1)))
FAMILY(any, true, type_cmp(c->arg_types[0], &c->args[0], &c->args[1]))
FAMILY(array, check_elements(c, "a comparison function"),
       type_cmp(c->arg_types[0], &c->args[0], &c->args[1]))

static bool xid_equal(struct fcall *c)
{
    return return_bool(c, (uint32_t)ARG_I(c, 0) == (uint32_t)ARG_I(c, 1));
}
static bool xid_differ(struct fcall *c)
{
    return return_bool(c, (uint32_t)ARG_I(c, 0) != (uint32_t)ARG_I(c, 1));
}

/* The six operators of a type whose functions are called <prefix>eq ... */
#define SIX(prefix, family)                                                                        \
    {prefix "eq", family##_eq}, {prefix "ne", family##_ne}, {prefix "lt", family##_lt},            \
        {prefix "le", family##_le}, {prefix "gt", family##_gt},                                    \
    {                                                                                              \
        prefix "ge", family##_ge                                                                   \
    }
#define MIN_MAX(prefix, family)                                                                    \
    {prefix "larger", family##_larger},                                                            \
    {                                                                                              \
        prefix "smaller", family##_smaller                                                         \
    }

/* These two tell their callers more than the sign, on PostgreSQL: the difference. */
static bool int2_difference(struct fcall *c)
{
    return return_int(c, ARG_I(c, 0) - ARG_I(c, 1));
}
static bool uuid_difference(struct fcall *c)
{
    const uint8_t *a = (const uint8_t *)ARG_P(c, 0), *b = (const uint8_t *)ARG_P(c, 1);
    size_t k = 0;
    while (k < 15 && a[k] == b[k])
        k++;
    return return_int(c, a[k] - b[k]);
}

FUNC_TABLE(compare_funcs) = {
    SIX("bool", int),
    SIX("int2", int),
    SIX("int4", int),
    SIX("int8", int),
    SIX("int24", int),
    SIX("int42", int),
    SIX("int28", int),
    SIX("int82", int),
    SIX("int48", int),
    SIX("int84", int),
    SIX("oid", int),
    SIX("tid", int),
    SIX("cash_", int),
    SIX("float4", float),
    SIX("float8", float),
    SIX("float48", float),
    SIX("float84", float),
    SIX("xid8", any),
    SIX("pg_lsn_", any),
    SIX("numeric_", any),
    SIX("uuid_", any),
    SIX("bit", any),
    SIX("network_", any),
    SIX("macaddr_", any),
    SIX("macaddr8_", any),
    SIX("array_", array),
    SIX("oidvector", any),
    SIX("record_", any),
    SIX("record_image_", bytes),
    SIX("enum_", any),
    {"xideq", xid_equal},
    {"xidneq", xid_differ},
    {"cideq", xid_equal},
    {"btboolcmp", int_cmp},
    {"btint2cmp", int2_difference},
    {"btint4cmp", int_cmp},
    {"btint8cmp", int_cmp},
    {"btint24cmp", int_cmp},
    {"btint42cmp", int_cmp},
    {"btint28cmp", int_cmp},
    {"btint82cmp", int_cmp},
    {"btint48cmp", int_cmp},
    {"btint84cmp", int_cmp},
    {"btoidcmp", int_cmp},
    {"bttidcmp", int_cmp},
    {"cash_cmp", int_cmp},
    {"btfloat4cmp", float_cmp},
    {"btfloat8cmp", float_cmp},
    {"btfloat48cmp", float_cmp},
    {"btfloat84cmp", float_cmp},
    {"xid8cmp", any_cmp},
    {"pg_lsn_cmp", any_cmp},
    {"numeric_cmp", any_cmp},
    {"uuid_cmp", uuid_difference},
    {"bitcmp", any_cmp},
    {"network_cmp", any_cmp},
    {"macaddr_cmp", any_cmp},
    {"macaddr8_cmp", any_cmp},
    {"btarraycmp", array_cmp},
    {"btoidvectorcmp", any_cmp},
    {"btrecordcmp", any_cmp},
    {"btrecordimagecmp", bytes_cmp},
    {"enum_cmp", any_cmp},
    MIN_MAX("int2", int),
    MIN_MAX("int4", int),
    MIN_MAX("int8", int),
    MIN_MAX("oid", int),
    MIN_MAX("tid", int),
    MIN_MAX("cash", int),
    MIN_MAX("float4", float),
    MIN_MAX("float8", float),
    MIN_MAX("numeric_", any),
    MIN_MAX("array_", array),
    MIN_MAX("enum_", any),
    MIN_MAX("network_", any),
    MIN_MAX("pg_lsn_", any),
    MIN_MAX("xid8_", any),
    {NULL, NULL},
};
