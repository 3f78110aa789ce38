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
        e->elem = c->arg_types[0]->elem ? c->arg_types[0]->elem : catalog_type(c->env->catalog, e->array->elem_oid);
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

static bool char_max_length(struct fcall *c)
{
    int64_t type = ARG_I(c, 0), typmod = ARG_I(c, 1);
    if (typmod == -1)
        return return_null(c);
    if (type == TYPE_BPCHAR || type == TYPE_VARCHAR)
        return return_int(c, typmod - 4);
    if (type == TYPE_BIT || type == TYPE_VARBIT)
        return return_int(c, typmod);
    return return_null(c);
}

static bool char_octet_length(struct fcall *c)
{
    int64_t type = ARG_I(c, 0), typmod = ARG_I(c, 1);
    if (type != TYPE_TEXT && type != TYPE_BPCHAR && type != TYPE_VARCHAR)
        return return_null(c);
    return return_int(c, typmod == -1 || type == TYPE_TEXT ? 1 << 30 : (typmod - 4) * 4);
}

static bool numeric_precision(struct fcall *c)
{
    int64_t typmod = ARG_I(c, 1);
    switch (ARG_I(c, 0)) {
    case TYPE_INT2:
        return return_int(c, 16);
    case TYPE_INT4:
        return return_int(c, 32);
    case TYPE_INT8:
        return return_int(c, 64);
    case TYPE_NUMERIC:
        return typmod == -1 ? return_null(c) : return_int(c, ((typmod - 4) >> 16) & 0xffff);
    case TYPE_FLOAT4:
        return return_int(c, 24);
    case TYPE_FLOAT8:
        return return_int(c, 53);
    default:
        return return_null(c);
    }
}

static bool numeric_precision_radix(struct fcall *c)
{
    switch (ARG_I(c, 0)) {
    case TYPE_INT2:
    case TYPE_INT4:
    case TYPE_INT8:
    case TYPE_FLOAT4:
    case TYPE_FLOAT8:
        return return_int(c, 2);
    case TYPE_NUMERIC:
        return return_int(c, 10);
    default:
        return return_null(c);
    }
}

static bool numeric_scale(struct fcall *c)
{
    int64_t typmod = ARG_I(c, 1);
    switch (ARG_I(c, 0)) {
    case TYPE_INT2:
    case TYPE_INT4:
    case TYPE_INT8:
        return return_int(c, 0);
    case TYPE_NUMERIC:
        return typmod == -1 ? return_null(c) : return_int(c, (typmod - 4) & 0xffff);
    default:
        return return_null(c);
    }
}

static bool datetime_precision(struct fcall *c)
{
    int64_t typmod = ARG_I(c, 1);
    switch (ARG_I(c, 0)) {
    case TYPE_DATE:
        return return_int(c, 0);
    case TYPE_TIME:
    case TYPE_TIMETZ:
    case TYPE_TIMESTAMP:
    case TYPE_TIMESTAMPTZ:
        return return_int(c, typmod < 0 ? 6 : typmod);
    case TYPE_INTERVAL:
        return return_int(c, typmod < 0 || (typmod & 0xffff) == 0xffff ? 6 : typmod & 0xffff);
    default:
        return return_null(c);
    }
}

/* "DAY TO SECOND" out of the words of the type's name. */
static bool interval_type(struct fcall *c)
{
    if (ARG_I(c, 0) != TYPE_INTERVAL || ARG_I(c, 1) == -1)
        return return_null(c);
    static const struct {
        int bits;
        const char *words;
    } fields[] = {{4, "YEAR"}, {2, "MONTH"}, {8, "DAY"}, {1024, "HOUR"}, {2048, "MINUTE"}, {4096, "SECOND"}, {6, "YEAR TO MONTH"},
                  {1032, "DAY TO HOUR"}, {3080, "DAY TO MINUTE"}, {7176, "DAY TO SECOND"}, {3072, "HOUR TO MINUTE"},
                  {7168, "HOUR TO SECOND"}, {6144, "MINUTE TO SECOND"}};
    for (size_t k = 0; k < ARRAY_COUNT(fields); k++)
        if (fields[k].bits == ((ARG_I(c, 1) >> 16) & 0x7fff))
            return return_text(c, fields[k].words);
    return return_null(c);
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
