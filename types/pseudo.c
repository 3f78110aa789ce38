/* pseudo.c - types that have no values: pseudo-types, and types that Shardlite does not implement.
 */
#include "func/env.h"
#include "types/array.h"
#include "types/key.h"
#include "types/registry.h"

static bool refuse(const struct type_io *io)
{
    return err_set(io->err, ERR_FEATURE_NOT_SUPPORTED, "type %s is not supported", io->type->name);
}

static bool unsupported_in(const struct type_io *io, const char *text, size_t n, struct datum *out)
{
    return refuse(io);
}
static bool unsupported_out(const struct type_io *io, const struct datum *value, struct buf *out)
{
    return refuse(io);
}
static bool unsupported_recv(const struct type_io *io, const uint8_t *bytes, size_t n,
                             struct datum *out)
{
    return refuse(io);
}
static bool unsupported_store(const struct type_io *io, const struct datum *value,
                              struct stored *out)
{
    return refuse(io);
}
static bool unsupported_load(const struct type_io *io, const struct stored *value,
                             struct datum *out)
{
    return refuse(io);
}
static int unsupported_cmp(const struct type *type, const struct datum *a, const struct datum *b)
{
    return cmp_bytes(a->p, a->n, b->p, b->n);
}

const struct type_ops unsupported_ops = {
    .name = "unsupported",
    .storage = STORAGE_BLOB,
    .in = unsupported_in,
    .out = unsupported_out,
    .recv = unsupported_recv,
    .send = unsupported_out,
    .cmp = unsupported_cmp,
    .store = unsupported_store,
    .load = unsupported_load,
};

static bool pseudo_in(const struct type_io *io, const char *text, size_t n, struct datum *out)
{
    return err_set(io->err, ERR_FEATURE_NOT_SUPPORTED, "cannot accept a value of type %s",
                   io->type->name);
}
static bool pseudo_recv(const struct type_io *io, const uint8_t *bytes, size_t n, struct datum *out)
{
    return pseudo_in(io, NULL, 0, out);
}
static bool pseudo_out(const struct type_io *io, const struct datum *value, struct buf *out)
{
    return err_set(io->err, ERR_FEATURE_NOT_SUPPORTED, "cannot display a value of type %s",
                   io->type->name);
}

static const struct type_ops pseudo_ops = {
    .name = "pseudo",
    .storage = STORAGE_BLOB,
    .in = pseudo_in,
    .out = pseudo_out,
    .recv = pseudo_recv,
    .send = pseudo_out,
    .cmp = unsupported_cmp,
    .store = unsupported_store,
    .load = unsupported_load,
};

/* void: whatever comes in is nothing, and nothing prints as the empty string. */
static bool void_in(const struct type_io *io, const char *text, size_t n, struct datum *out)
{
    *out = datum_int(0);
    return true;
}
static bool void_recv(const struct type_io *io, const uint8_t *bytes, size_t n, struct datum *out)
{
    *out = datum_int(0);
    return true;
}
static bool void_out(const struct type_io *io, const struct datum *value, struct buf *out)
{
    return true;
}

static const struct type_ops void_ops = {
    .name = "void",
    .storage = STORAGE_INTEGER,
    .in = void_in,
    .out = void_out,
    .recv = void_recv,
    .send = void_out,
    .cmp = unsupported_cmp,
};

/* anyarray: values are printed, by the type of their elements; pg_stats has such columns. */
static const struct type *array_type_of(const struct type_io *io, const struct datum *value)
{
    uint32_t oid = array_of(value)->elem_oid;
    const struct type *elem = io->env ? env_type(io->env, oid) : type_builtin(oid);
    if (!elem || !elem->array_oid)
        return NULL;
    return io->env ? env_type(io->env, elem->array_oid) : type_builtin(elem->array_oid);
}

static bool anyarray_out(const struct type_io *io, const struct datum *value, struct buf *out)
{
    struct type_io array_io = *io;
    array_io.type = array_type_of(io, value);
    return array_io.type ? array_ops.out(&array_io, value, out) : pseudo_out(io, value, out);
}

static bool anyarray_send(const struct type_io *io, const struct datum *value, struct buf *out)
{
    struct type_io array_io = *io;
    array_io.type = array_type_of(io, value);
    return array_io.type ? array_ops.send(&array_io, value, out) : pseudo_out(io, value, out);
}

static const struct type_ops anyarray_ops = {
    .name = "anyarray",
    .storage = STORAGE_BLOB,
    .in = pseudo_in,
    .out = anyarray_out,
    .recv = pseudo_recv,
    .send = anyarray_send,
    .cmp = unsupported_cmp,
    .store = unsupported_store,
    .load = unsupported_load,
};

/* anyenum: a value is its label. */
static bool anyenum_out(const struct type_io *io, const struct datum *value, struct buf *out)
{
    buf_append(out, value->p, value->n);
    return true;
}

static const struct type_ops anyenum_ops = {
    .name = "anyenum",
    .storage = STORAGE_BLOB,
    .in = pseudo_in,
    .out = anyenum_out,
    .recv = pseudo_recv,
    .send = anyenum_out,
    .cmp = unsupported_cmp,
    .store = unsupported_store,
    .load = unsupported_load,
};

const struct type_ops_entry pseudo_type_ops[] = {
    {TYPE_VOID, &void_ops},
    {TYPE_ANY, &pseudo_ops},
    {TYPE_ANYARRAY, &anyarray_ops},
    {TYPE_ANYELEMENT, &pseudo_ops},
    {TYPE_ANYNONARRAY, &pseudo_ops},
    {TYPE_ANYENUM, &anyenum_ops},
    {TYPE_ANYRANGE, &pseudo_ops},
    {TYPE_ANYMULTIRANGE, &pseudo_ops},
    {TYPE_ANYCOMPATIBLE, &pseudo_ops},
    {TYPE_ANYCOMPATIBLEARRAY, &pseudo_ops},
    {TYPE_ANYCOMPATIBLENONARRAY, &pseudo_ops},
    {TYPE_ANYCOMPATIBLERANGE, &pseudo_ops},
    {TYPE_ANYCOMPATIBLEMULTIRANGE, &pseudo_ops},
    {TYPE_INTERNAL, &pseudo_ops},
    {TYPE_TRIGGER, &pseudo_ops},
    {TYPE_EVENT_TRIGGER, &pseudo_ops},
    {TYPE_LANGUAGE_HANDLER, &pseudo_ops},
    {0, NULL},
};
