/* func_infoschema.c - the helper functions that information_schema brings along. */
#include "catalog/func_int.h"
#include "types/array.h"
#include "types/record.h"

/* (x, n): each element with its place, counted from 1. */
static bool expand_array(struct fcall *c)
{
    struct expansion {
        const struct array *array;
        const struct type *elem;
        uint32_t at;
    } *e = *c->site;
    if (!e) {
        *c->site = e = ARENA_NEW(c->site_arena, struct expansion);
        e->array = array_of(&c->args[0]);
        e->elem = c->arg_types[0]->elem ? c->arg_types[0]->elem
                                        : catalog_type(c->env->catalog, e->array->elem_oid);
    }
    if (e->at >= e->array->n_items) {
        *c->done = true;
        return true;
    }
    c->row[0] = array_item(e->elem, e->array, e->at);
    c->row[1] = datum_int(++e->at);
    return true;
}

static bool index_position(struct fcall *c)
{
    const struct index *index = catalog_index(c->env->catalog, (uint32_t)ARG_I(c, 0));
    for (uint16_t k = 0; index && k < index->n_keys; k++)
        if (index->keys[k].attnum == ARG_I(c, 1))
            return return_int(c, k + 1);
    return return_null(c);
}

/* Columns of pg_attribute (atttypid 3, atttypmod 9) and pg_type (typtype 7, typbasetype 26, typtypmod 27), as row values. */
static int64_t field(const struct datum *record, int attnum)
{
    struct datum value = record_field(record, builtin_type(TYPE_OID), (uint32_t)attnum - 1);
    return value.null ? 0 : value.i;
}

static bool true_type_id(struct fcall *c)
{
    bool domain = field(&c->args[1], 7) == 'd';
    return return_int(c, domain ? field(&c->args[1], 26) : field(&c->args[0], 3));
}

static bool true_type_mod(struct fcall *c)
{
    bool domain = field(&c->args[1], 7) == 'd';
    return return_int(c, (int32_t)(domain ? field(&c->args[1], 27) : field(&c->args[0], 9)));
}

bool type_number(enum type_number which, uint32_t type, int32_t typmod, int64_t *value)
{
    bool is_text = type == TYPE_BPCHAR || type == TYPE_VARCHAR,
         is_bit = type == TYPE_BIT || type == TYPE_VARBIT;
    bool is_integer = type == TYPE_INT2 || type == TYPE_INT4 || type == TYPE_INT8;
    bool is_float = type == TYPE_FLOAT4 || type == TYPE_FLOAT8;
    bool has_precision = type == TYPE_TIME || type == TYPE_TIMETZ || type == TYPE_TIMESTAMP ||
                         type == TYPE_TIMESTAMPTZ;
    switch (which) {
    case CHAR_MAX_LENGTH:
        *value = is_text ? typmod - 4 : typmod;
        return typmod != -1 && (is_text || is_bit);
    case CHAR_OCTET_LENGTH:
        *value = typmod == -1 || type == TYPE_TEXT ? 1 << 30 : (typmod - 4) * 4;
        return is_text || type == TYPE_TEXT;
    case NUMERIC_PRECISION:
        *value = type == TYPE_INT2     ? 16
                 : type == TYPE_INT4   ? 32
                 : type == TYPE_INT8   ? 64
                 : type == TYPE_FLOAT4 ? 24
                 : type == TYPE_FLOAT8 ? 53
                                       : ((typmod - 4) >> 16) & 0xffff;
        return is_integer || is_float || (type == TYPE_NUMERIC && typmod != -1);
    case NUMERIC_RADIX:
        *value = type == TYPE_NUMERIC ? 10 : 2;
        return is_integer || is_float || type == TYPE_NUMERIC;
    case NUMERIC_SCALE:
        *value = is_integer ? 0 : (typmod - 4) & 0xffff;
        return is_integer || (type == TYPE_NUMERIC && typmod != -1);
    case DATETIME_PRECISION:
        *value = type == TYPE_DATE ? 0
                 : typmod < 0 || (type == TYPE_INTERVAL && (typmod & 0xffff) == 0xffff)
                     ? 6
                     : typmod & 0xffff;
        return type == TYPE_DATE || has_precision || type == TYPE_INTERVAL;
    }
    return false;
}

static bool number(struct fcall *c, enum type_number which)
{
    int64_t value;
    return type_number(which, (uint32_t)ARG_I(c, 0), (int32_t)ARG_I(c, 1), &value)
               ? return_int(c, value)
               : return_null(c);
}

static bool char_max_length(struct fcall *c)
{
    return number(c, CHAR_MAX_LENGTH);
}
static bool char_octet_length(struct fcall *c)
{
    return number(c, CHAR_OCTET_LENGTH);
}
static bool numeric_precision(struct fcall *c)
{
    return number(c, NUMERIC_PRECISION);
}
static bool numeric_precision_radix(struct fcall *c)
{
    return number(c, NUMERIC_RADIX);
}
static bool numeric_scale(struct fcall *c)
{
    return number(c, NUMERIC_SCALE);
}
static bool datetime_precision(struct fcall *c)
{
    return number(c, DATETIME_PRECISION);
}

/* "DAY TO SECOND" out of the words of the type's name. */
const char *interval_words(uint32_t type, int32_t typmod)
{
    if (type != TYPE_INTERVAL || typmod == -1)
        return NULL;
    static const struct {
        int bits;
        const char *words;
    } fields[] = {{4, "YEAR"},
                  {2, "MONTH"},
                  {8, "DAY"},
                  {1024, "HOUR"},
                  {2048, "MINUTE"},
                  {4096, "SECOND"},
                  {6, "YEAR TO MONTH"},
                  {1032, "DAY TO HOUR"},
                  {3080, "DAY TO MINUTE"},
                  {7176, "DAY TO SECOND"},
                  {3072, "HOUR TO MINUTE"},
                  {7168, "HOUR TO SECOND"},
                  {6144, "MINUTE TO SECOND"}};
    for (size_t k = 0; k < ARRAY_COUNT(fields); k++)
        if (fields[k].bits == ((typmod >> 16) & 0x7fff))
            return fields[k].words;
    return NULL;
}

static bool interval_type(struct fcall *c)
{
    return return_text(c, interval_words((uint32_t)ARG_I(c, 0), (int32_t)ARG_I(c, 1)));
}

FUNC_TABLE(catalog_infoschema_funcs) = {
    {"_pg_expandarray(anyarray)", expand_array},
    {"_pg_index_position(oid,int2)", index_position},
    {"_pg_truetypid(pg_attribute,pg_type)", true_type_id},
    {"_pg_truetypmod(pg_attribute,pg_type)", true_type_mod},
    {"_pg_char_max_length(oid,int4)", char_max_length},
    {"_pg_char_octet_length(oid,int4)", char_octet_length},
    {"_pg_numeric_precision(oid,int4)", numeric_precision},
    {"_pg_numeric_precision_radix(oid,int4)", numeric_precision_radix},
    {"_pg_numeric_scale(oid,int4)", numeric_scale},
    {"_pg_datetime_precision(oid,int4)", datetime_precision},
    {"_pg_interval_type(oid,int4)", interval_type},
    {NULL, NULL},
};
