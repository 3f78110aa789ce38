/* type.c - conveniences over type ops; the parts of I/O that all types share. */
#include "types/type.h"

#include "types/key.h"
#include "types/numeric.h"
#include "types/settings.h"

/* A domain is its base type with checks that are not made here. */
static const struct type *base_of(const struct type *type)
{
    while (type->kind == 'd' && type->elem)
        type = type->elem;
    return type;
}

static struct type_io base_io(const struct type_io *io)
{
    struct type_io base = *io;
    if (io->type->kind == 'd' && base.typmod < 0)
        base.typmod = io->type->base_typmod;
    base.type = base_of(io->type);
    return base;
}

struct datum datum_cstring(struct arena *arena, const char *text)
{
    size_t n = strlen(text);
    return datum_bytes(arena_memdup(arena, text, n), n);
}

bool type_in(const struct type_io *io, const char *text, size_t n, struct datum *out)
{
    if (LIKELY(io->type->kind != 'd'))
        return io->type->ops->in(io, text, n, out);
    struct type_io base = base_io(io);
    return base.type->ops->in(&base, text, n, out);
}

bool type_out(const struct type_io *io, const struct datum *value, struct buf *out)
{
    if (LIKELY(io->type->kind != 'd'))
        return io->type->ops->out(io, value, out);
    struct type_io base = base_io(io);
    return base.type->ops->out(&base, value, out);
}

bool type_out_cstring(const struct type_io *io, const struct datum *value, const char **text)
{
    struct buf out = BUF_IN(io->arena);
    if (!type_out(io, value, &out))
        return false;
    *text = buf_cstr(&out);
    return true;
}

bool type_store(const struct type_io *io, const struct datum *value, struct stored *out)
{
    struct type_io base = base_io(io);
    *out = (struct stored){0};
    if (value->null)
        return true;
    const struct type_ops *ops = base.type->ops;
    if (ops->store)
        return ops->store(&base, value, out);
    switch (ops->storage) {
    case STORAGE_INTEGER:
        out->kind = STORED_INTEGER;
        out->i = value->i;
        return true;
    case STORAGE_REAL:
        out->kind = STORED_REAL;
        out->f = value->f;
        return true;
    case STORAGE_TEXT:
    case STORAGE_BLOB:
        out->kind = ops->storage == STORAGE_TEXT ? STORED_TEXT : STORED_BLOB;
        out->p = value->p;
        out->n = value->n;
        return true;
    }
    return true;
}

static bool load_plain(const struct type_io *io, const struct stored *value, struct datum *out)
{
    switch (io->type->ops->storage) {
    case STORAGE_INTEGER:
        if (value->kind != STORED_INTEGER)
            break;
        *out = datum_int(value->i);
        return true;
    case STORAGE_REAL:
        if (value->kind != STORED_REAL && value->kind != STORED_INTEGER)
            break;
        *out = datum_float(value->kind == STORED_REAL ? value->f : (double)value->i);
        return true;
    case STORAGE_TEXT:
    case STORAGE_BLOB:
        if (value->kind != STORED_TEXT && value->kind != STORED_BLOB)
            break;
        *out = datum_bytes(value->p, value->n);
        return true;
    }
    return err_set(io->err, ERR_DATA_CORRUPTED, "a stored value is not of type %s", io->type->name);
}

bool type_load(const struct type_io *io, const struct stored *value, struct datum *out)
{
    if (value->kind == STORED_NULL) {
        *out = datum_null();
        return true;
    }
    struct type_io base = base_io(io);
    if (base.type->ops->load)
        return base.type->ops->load(&base, value, out);
    return load_plain(&base, value, out);
}

int type_cmp(const struct type *type, const struct datum *a, const struct datum *b)
{
    if (UNLIKELY(a->null || b->null))
        return (int)a->null - (int)b->null;
    type = base_of(type);
    return type->ops->cmp(type, a, b);
}

struct datum datum_copy(const struct type *type, struct arena *arena, struct datum value)
{
    if (!value.null && value.n)
        value.p = arena_memdup(arena, value.p, value.n);
    return value;
}

void type_sort_key(const struct type *type, const struct datum *value, bool descending,
                   bool nulls_first, struct buf *out)
{
    if (value->null) {
        buf_putc(out, nulls_first ? 0 : 2);
        return;
    }
    buf_putc(out, 1);
    size_t start = out->n;
    type = base_of(type);
    type->ops->key(type, value, out);
    if (descending)
        for (size_t k = start; k < out->n; k++)
            out->p[k] = (char)~out->p[k];
}

/* Within a family the keys agree already, save for integers beside numeric (numeric.c). */
void type_hash_key(const struct type *type, const struct datum *value, struct buf *out)
{
    type = base_of(type);
    if (type->ops == &numeric_ops)
        numeric_hash_key(numeric_of(value), out);
    else
        type->ops->key(type, value, out);
}

bool recv_short(const struct type_io *io)
{
    return err_set(io->err, ERR_PROTOCOL_VIOLATION, "insufficient data left in message");
}

bool recv_excess(const struct type_io *io)
{
    return err_set(io->err, ERR_INVALID_BINARY_REPRESENTATION, "incorrect binary data format");
}

bool invalid_syntax(const struct type_io *io, const char *sql_name, const char *text, size_t n)
{
    return err_set(io->err, ERR_INVALID_TEXT_REPRESENTATION,
                   "invalid input syntax for type %s: \"%.*s\"", sql_name, (int)n, text);
}

bool store_as_text(const struct type_io *io, const struct datum *value, struct stored *out)
{
    struct type_io plain = *io;
    struct buf text = BUF_IN(io->arena);
    plain.settings = &settings_storage;
    if (!io->type->ops->out(&plain, value, &text))
        return false;
    out->kind = STORED_TEXT;
    out->p = text.p ? text.p : "";
    out->n = text.n;
    return true;
}

bool load_from_text(const struct type_io *io, const struct stored *value, struct datum *out)
{
    struct type_io plain = *io;
    plain.settings = &settings_storage;
    if (value->kind != STORED_TEXT)
        return err_set(io->err, ERR_DATA_CORRUPTED, "a stored value is not of type %s",
                       io->type->name);
    return io->type->ops->in(&plain, value->p, value->n, out);
}
