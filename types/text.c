/* text.c - text, varchar, bpchar, name, unknown, cstring, refcursor, pg_node_tree.
 *
 * All are held as their bytes.  bpchar keeps its padding in memory, as PostgreSQL shows it, but
 * neither compares it nor stores it: a stored value ends with its last non-blank, so SQLite's
 * order is right, and loading pads it again to the column's length. */
#include "types/text.h"

#include "types/key.h"
#include "types/registry.h"

#define NAME_BYTES_MAX 63
#define LENGTH_MAX 10485760
#define HEADER 4 /* what PostgreSQL adds to a length to make a typmod */

size_t name_clip(const char *text, size_t n)
{
    return utf8_clip(text, n, NAME_BYTES_MAX);
}

/* ---- length coercion ---- */

static bool too_long(struct err *err, const char *sql_name, int32_t typmod)
{
    return err_set(err, ERR_STRING_DATA_RIGHT_TRUNCATION, "value too long for type %s(%d)",
                   sql_name, typmod - HEADER);
}

static bool all_blank(const char *p, size_t n)
{
    for (size_t k = 0; k < n; k++)
        if (p[k] != ' ')
            return false;
    return true;
}

bool varchar_coerce(struct arena *arena, struct err *err, int32_t typmod, bool is_explicit,
                    const struct datum *in, struct datum *out)
{
    *out = *in;
    if (typmod < HEADER || in->n <= (uint32_t)(typmod - HEADER))
        return true;
    size_t kept = utf8_prefix(in->p, in->n, (size_t)(typmod - HEADER));
    if (!is_explicit && !all_blank((const char *)in->p + kept, in->n - kept))
        return too_long(err, "character varying", typmod);
    out->n = (uint32_t)kept;
    return true;
}

static struct datum pad(struct arena *arena, const struct datum *in, size_t n_blanks)
{
    char *text = arena_alloc(arena, in->n + n_blanks + 1);
    memcpy(text, in->p, in->n);
    memset(text + in->n, ' ', n_blanks);
    return datum_bytes(text, in->n + n_blanks);
}

bool bpchar_coerce(struct arena *arena, struct err *err, int32_t typmod, bool is_explicit,
                   const struct datum *in, struct datum *out)
{
    *out = *in;
    if (typmod < HEADER)
        return true;
    size_t wanted = (size_t)(typmod - HEADER), length = utf8_length(in->p, in->n);
    /* bpchar(text, integer, boolean) takes any length; PostgreSQL allocates less than 1 GB. */
    if (length < wanted && in->n + wanted - length + HEADER > 0x3fffffff)
        return err_set(err, ERR_INTERNAL_ERROR, "invalid memory alloc request size %zu",
                       in->n + wanted - length + HEADER);
    if (length < wanted)
        *out = pad(arena, in, wanted - length);
    if (length <= wanted)
        return true;
    size_t kept = utf8_prefix(in->p, in->n, wanted);
    if (!is_explicit && !all_blank((const char *)in->p + kept, in->n - kept))
        return too_long(err, "character", typmod);
    out->n = (uint32_t)kept;
    return true;
}

static bool length_typmod_in(const struct type_io *io, const char *name, const int32_t *args,
                             int n_args, int32_t *typmod)
{
    if (n_args != 1)
        return err_set(io->err, ERR_INVALID_PARAMETER_VALUE, "invalid type modifier");
    if (args[0] < 1)
        return err_set(io->err, ERR_INVALID_PARAMETER_VALUE,
                       "length for type %s must be at least 1", name);
    if (args[0] > LENGTH_MAX)
        return err_set(io->err, ERR_INVALID_PARAMETER_VALUE, "length for type %s cannot exceed %d",
                       name, LENGTH_MAX);
    *typmod = args[0] + HEADER;
    return true;
}

static bool varchar_typmod_in(const struct type_io *io, const int32_t *args, int n_args,
                              int32_t *typmod)
{
    return length_typmod_in(io, "varchar", args, n_args, typmod);
}

static bool bpchar_typmod_in(const struct type_io *io, const int32_t *args, int n_args,
                             int32_t *typmod)
{
    return length_typmod_in(io, "char", args, n_args, typmod);
}

static void length_typmod_out(int32_t typmod, struct buf *out)
{
    if (typmod >= HEADER)
        buf_printf(out, "(%d)", typmod - HEADER);
}

/* ---- I/O ---- */

static bool text_in(const struct type_io *io, const char *text, size_t n, struct datum *out)
{
    if (!utf8_check(text, n, io->err))
        return false;
    *out = datum_bytes(arena_memdup(io->arena, text, n), n);
    return true;
}

static bool text_out(const struct type_io *io, const struct datum *value, struct buf *out)
{
    buf_append(out, value->p, value->n);
    return true;
}

static bool text_recv(const struct type_io *io, const uint8_t *bytes, size_t n, struct datum *out)
{
    return io->type->ops->in(io, (const char *)bytes, n, out);
}

static bool varchar_in(const struct type_io *io, const char *text, size_t n, struct datum *out)
{
    struct datum whole;
    return text_in(io, text, n, &whole) &&
           varchar_coerce(io->arena, io->err, io->typmod, false, &whole, out);
}

static bool bpchar_in(const struct type_io *io, const char *text, size_t n, struct datum *out)
{
    struct datum whole;
    return text_in(io, text, n, &whole) &&
           bpchar_coerce(io->arena, io->err, io->typmod, false, &whole, out);
}

static bool name_in(const struct type_io *io, const char *text, size_t n, struct datum *out)
{
    return utf8_check(text, n, io->err) && text_in(io, text, name_clip(text, n), out);
}

static bool name_recv(const struct type_io *io, const uint8_t *bytes, size_t n, struct datum *out)
{
    if (n > NAME_BYTES_MAX) {
        err_set(io->err, ERR_NAME_TOO_LONG, "identifier too long");
        return err_detail(io->err, "Identifier must be less than %d characters.",
                          NAME_BYTES_MAX + 1);
    }
    return name_in(io, (const char *)bytes, n, out);
}

/* ---- order and storage ---- */

static int text_cmp(const struct type *type, const struct datum *a, const struct datum *b)
{
    return cmp_bytes(a->p, a->n, b->p, b->n);
}

static void text_key(const struct type *type, const struct datum *value, struct buf *out)
{
    key_put_bytes(out, value->p, value->n);
}

static int bpchar_cmp(const struct type *type, const struct datum *a, const struct datum *b)
{
    return cmp_bytes(a->p, bpchar_length(a), b->p, bpchar_length(b));
}

static void bpchar_key(const struct type *type, const struct datum *value, struct buf *out)
{
    key_put_bytes(out, value->p, bpchar_length(value));
}

static bool bpchar_store(const struct type_io *io, const struct datum *value, struct stored *out)
{
    *out = (struct stored){.kind = STORED_TEXT, .p = value->p, .n = bpchar_length(value)};
    return true;
}

static bool bpchar_load(const struct type_io *io, const struct stored *value, struct datum *out)
{
    if (value->kind != STORED_TEXT)
        return err_set(io->err, ERR_DATA_CORRUPTED, "a stored value is not of type %s",
                       io->type->name);
    struct datum in = datum_bytes(value->p, value->n);
    return bpchar_coerce(io->arena, io->err, io->typmod, true, &in, out);
}

static const struct type_ops text_ops = {
    .name = "text",
    .storage = STORAGE_TEXT,
    .native_order = true,
    .in = text_in,
    .out = text_out,
    .recv = text_recv,
    .send = text_out,
    .cmp = text_cmp,
    .key = text_key,
};

static const struct type_ops varchar_ops = {
    .name = "varchar",
    .storage = STORAGE_TEXT,
    .native_order = true,
    .in = varchar_in,
    .out = text_out,
    .recv = text_recv,
    .send = text_out,
    .cmp = text_cmp,
    .key = text_key,
    .typmod_in = varchar_typmod_in,
    .typmod_out = length_typmod_out,
};

static const struct type_ops bpchar_ops = {
    .name = "bpchar",
    .storage = STORAGE_TEXT,
    .native_order = true,
    .in = bpchar_in,
    .out = text_out,
    .recv = text_recv,
    .send = text_out,
    .cmp = bpchar_cmp,
    .key = bpchar_key,
    .store = bpchar_store,
    .load = bpchar_load,
    .typmod_in = bpchar_typmod_in,
    .typmod_out = length_typmod_out,
};

static const struct type_ops name_ops = {
    .name = "name",
    .storage = STORAGE_TEXT,
    .native_order = true,
    .in = name_in,
    .out = text_out,
    .recv = name_recv,
    .send = text_out,
    .cmp = text_cmp,
    .key = text_key,
};

const struct type_ops_entry text_type_ops[] = {
    {TYPE_TEXT, &text_ops},      {TYPE_VARCHAR, &varchar_ops},   {TYPE_BPCHAR, &bpchar_ops},
    {TYPE_NAME, &name_ops},      {TYPE_UNKNOWN, &text_ops},      {TYPE_CSTRING, &text_ops},
    {TYPE_REFCURSOR, &text_ops}, {TYPE_PG_NODE_TREE, &text_ops}, {0, NULL},
};
