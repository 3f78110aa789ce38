/* io.c - the input and output functions of types as SQL functions: int4in('5'), int4out(5),
 * int4send(5), numerictypmodin('{10,2}').
 *
 * One implementation serves all types: which one is meant tells the result (input) or the argument
 * (output). */
#include "func/call.h"
#include "func/registry.h"
#include "types/array.h"
#include "types/text.h"

/* What type the text is read as: most often the function's own; array_in() and so on are told by
 * their second argument. */
static const struct type *input_type(struct fcall *c)
{
    const struct type *type = c->result_type;
    if (c->n_args < 2 || type->kind == 'b')
        return type;
    const struct type *told = call_type(c, (uint32_t)ARG_I(c, 1));
    if (!told)
        err_set(c->err, ERR_UNDEFINED_OBJECT, "cache lookup failed for type %u",
                (uint32_t)ARG_I(c, 1));
    return told;
}

static bool read_as(struct fcall *c, const struct type *type)
{
    if (!type)
        return false;
    struct type_io io = fcall_io(c, type);
    if (c->n_args > 2 && !c->args[2].null)
        io.typmod = (int32_t)ARG_I(c, 2);
    return type_in(&io, ARG_P(c, 0), ARG_N(c, 0), &c->result);
}

static bool in(struct fcall *c)
{
    return read_as(c, input_type(c));
}

static bool array_in_elem(struct fcall *c)
{
    const struct type *elem = call_type(c, (uint32_t)ARG_I(c, 1)),
                      *type = elem && elem->array_oid ? call_type(c, elem->array_oid) : NULL;
    if (!type)
        return err_set(c->err, ERR_UNDEFINED_OBJECT,
                       "could not find array type for data type with OID %u",
                       (uint32_t)ARG_I(c, 1));
    return read_as(c, type);
}

static bool domain_in(struct fcall *c)
{
    if (c->args[0].null || c->args[1].null)
        return return_null(c);
    const struct type *type = input_type(c);
    if (type && type->kind != 'd')
        return err_set(c->err, ERR_DATATYPE_MISMATCH, "type %s is not a domain", type->name);
    return read_as(c, type);
}

/* Pseudo-types that stand in an argument have no values, save the polymorphic ones, which are
 * resolved. */
static bool out(struct fcall *c)
{
    struct buf text = BUF_IN(c->arena);
    if (!call_out(c, c->arg_types[0], &c->args[0], &text))
        return false;
    return return_bytes(c, text.p ? text.p : "", text.n);
}

static bool send(struct fcall *c)
{
    struct type_io io = fcall_io(c, c->arg_types[0]);
    struct buf wire = BUF_IN(c->arena);
    if (!io.type->ops->send)
        return err_set(c->err, ERR_UNDEFINED_FUNCTION,
                       "no binary output function available for type %s", io.type->name);
    if (!io.type->ops->send(&io, &c->args[0], &wire))
        return false;
    return return_bytes(c, wire.p ? wire.p : "", wire.n);
}

/* ---- type modifiers ---- */

static bool typmod_in(struct fcall *c, uint32_t type_oid)
{
    struct type_io io = fcall_io(c, call_type(c, type_oid));
    const struct type *cstring = call_type(c, TYPE_CSTRING);
    const struct array *array = array_of(&c->args[0]);
    int32_t typmod;
    if (array->ndim != 1)
        return err_set(c->err, ERR_ARRAY_SUBSCRIPT_ERROR, "typmod array must be one-dimensional");
    if (array->flags & ARRAY_HAS_NULL)
        return err_set(c->err, ERR_NULL_VALUE_NOT_ALLOWED, "typmod array must not contain nulls");
    int32_t *args = ARENA_ARRAY(c->arena, int32_t, array->n_items);
    for (uint32_t k = 0; k < array->n_items; k++) {
        struct datum item = array_item(cstring, array, k);
        int64_t value;
        if (!int_parse(c->err, "integer", INT32_MIN, INT32_MAX, item.p, item.n, &value))
            return false;
        args[k] = (int32_t)value;
    }
    if (!io.type->ops->typmod_in(&io, args, (int)array->n_items, &typmod))
        return false;
    return return_int(c, typmod);
}

static bool typmod_out(struct fcall *c, uint32_t type_oid)
{
    const struct type *type = call_type(c, type_oid);
    struct buf text = BUF_IN(c->arena);
    type->ops->typmod_out((int32_t)ARG_I(c, 0), &text);
    return return_bytes(c, text.p ? text.p : "", text.n);
}

#define TYPES_WITH_MODIFIERS(TYPE)                                                                 \
    TYPE(bit, BIT)                                                                                 \
    TYPE(varbit, VARBIT)                                                                           \
    TYPE(bpchar, BPCHAR)                                                                           \
    TYPE(varchar, VARCHAR)                                                                         \
    TYPE(numeric, NUMERIC)                                                                         \
    TYPE(time, TIME)                                                                               \
    TYPE(timetz, TIMETZ)                                                                           \
    TYPE(timestamp, TIMESTAMP)                                                                     \
    TYPE(timestamptz, TIMESTAMPTZ)                                                                 \
    TYPE(interval, INTERVAL)

#define DEFINE_TYPMOD(name, id)                                                                    \
    static bool name##_typmod_in(struct fcall *c)                                                  \
    {                                                                                              \
        return typmod_in(c, TYPE_##id);                                                            \
    }                                                                                              \
    static bool name##_typmod_out(struct fcall *c)                                                 \
    {                                                                                              \
        return typmod_out(c, TYPE_##id);                                                           \
    }
TYPES_WITH_MODIFIERS(DEFINE_TYPMOD)
#undef DEFINE_TYPMOD

/* ---- names: xxxin, or xxx_in ---- */

#define PLAIN(name)                                                                                \
    {name "in", in}, {name "out", out},                                                            \
    {                                                                                              \
        name "send", send                                                                          \
    }
#define UNDERSCORED(name) PLAIN(name "_")
#define TYPMOD(name, id)                                                                           \
    {#name "typmodin", name##_typmod_in}, {#name "typmodout", name##_typmod_out},

FUNC_TABLE(io_funcs) = {
    PLAIN("bool"),
    PLAIN("char"),
    PLAIN("name"),
    PLAIN("int2"),
    PLAIN("int2vector"),
    PLAIN("int4"),
    PLAIN("int8"),
    PLAIN("text"),
    PLAIN("tid"),
    PLAIN("xid"),
    PLAIN("cid"),
    PLAIN("xid8"),
    PLAIN("oid"),
    PLAIN("oidvector"),
    PLAIN("unknown"),
    PLAIN("float4"),
    PLAIN("float8"),
    PLAIN("aclitem"),
    PLAIN("bpchar"),
    PLAIN("varchar"),
    PLAIN("bytea"),
    PLAIN("regproc"),
    PLAIN("regprocedure"),
    PLAIN("regoper"),
    PLAIN("regoperator"),
    PLAIN("regclass"),
    PLAIN("regtype"),
    PLAIN("regconfig"),
    PLAIN("regdictionary"),
    PLAIN("regnamespace"),
    PLAIN("regrole"),
    PLAIN("regcollation"),
    PLAIN("tsvector"),
    PLAIN("tsquery"),
    PLAIN("gtsvector"),
    UNDERSCORED("point"),
    UNDERSCORED("lseg"),
    UNDERSCORED("path"),
    UNDERSCORED("box"),
    UNDERSCORED("poly"),
    UNDERSCORED("line"),
    UNDERSCORED("circle"),
    UNDERSCORED("json"),
    UNDERSCORED("jsonb"),
    UNDERSCORED("jsonpath"),
    UNDERSCORED("xml"),
    UNDERSCORED("macaddr"),
    UNDERSCORED("macaddr8"),
    UNDERSCORED("inet"),
    UNDERSCORED("cidr"),
    UNDERSCORED("cash"),
    UNDERSCORED("date"),
    UNDERSCORED("time"),
    UNDERSCORED("timetz"),
    UNDERSCORED("timestamp"),
    UNDERSCORED("timestamptz"),
    UNDERSCORED("interval"),
    UNDERSCORED("bit"),
    UNDERSCORED("varbit"),
    UNDERSCORED("numeric"),
    UNDERSCORED("uuid"),
    UNDERSCORED("pg_lsn"),
    UNDERSCORED("pg_snapshot"),
    UNDERSCORED("record"),
    UNDERSCORED("range"),
    UNDERSCORED("multirange"),
    UNDERSCORED("enum"),
    UNDERSCORED("cstring"),
    UNDERSCORED("void"),
    UNDERSCORED("any"),
    UNDERSCORED("anyarray"),
    UNDERSCORED("anyelement"),
    UNDERSCORED("anynonarray"),
    UNDERSCORED("anyenum"),
    UNDERSCORED("anyrange"),
    UNDERSCORED("anymultirange"),
    UNDERSCORED("anycompatible"),
    UNDERSCORED("anycompatiblearray"),
    UNDERSCORED("anycompatiblenonarray"),
    UNDERSCORED("anycompatiblerange"),
    UNDERSCORED("anycompatiblemultirange"),
    {"array_in", array_in_elem},
    {"array_out", out},
    {"array_send", send},
    {"domain_in", domain_in},
    TYPES_WITH_MODIFIERS(TYPMOD){NULL, NULL},
};
