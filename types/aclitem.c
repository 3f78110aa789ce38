/* aclitem.c - the type aclitem, one entry of an access control list, in its text form "grantee=privileges/grantor". */
#include <string.h>

#include "types/key.h"
#include "types/registry.h"

static bool aclitem_in(const struct type_io *io, const char *text, size_t n, struct datum *out)
{
    const char *equals = memchr(text, '=', n);
    if (!equals) {
        err_set(io->err, ERR_INVALID_TEXT_REPRESENTATION, "missing \"=\" sign");
        return false;
    }
    for (const char *p = equals + 1; p < text + n && *p != '/'; p++)
        if (!strchr("arwdDxtXUCTcsA*", *p))
            return err_set(io->err, ERR_INVALID_TEXT_REPRESENTATION,
                           "invalid mode character: must be one of \"%s\"", "arwdDxtXUCTcsA");
    *out = datum_bytes(arena_memdup(io->arena, text, n), n);
    return true;
}

static bool aclitem_out(const struct type_io *io, const struct datum *value, struct buf *out)
{
    buf_append(out, value->p, value->n);
    return true;
}

static bool aclitem_no_binary_in(const struct type_io *io, const uint8_t *bytes, size_t n,
                                 struct datum *out)
{
    return err_set(io->err, ERR_UNDEFINED_FUNCTION,
                   "no binary input function available for type aclitem");
}

static bool aclitem_no_binary_out(const struct type_io *io, const struct datum *value,
                                  struct buf *out)
{
    return err_set(io->err, ERR_UNDEFINED_FUNCTION,
                   "no binary output function available for type aclitem");
}

static int aclitem_cmp(const struct type *type, const struct datum *a, const struct datum *b)
{
    return cmp_bytes(a->p, a->n, b->p, b->n);
}

static void aclitem_key(const struct type *type, const struct datum *value, struct buf *out)
{
    key_put_bytes(out, value->p, value->n);
}

static const struct type_ops aclitem_ops = {
    .name = "aclitem",
    .storage = STORAGE_TEXT,
    .in = aclitem_in,
    .out = aclitem_out,
    .recv = aclitem_no_binary_in,
    .send = aclitem_no_binary_out,
    .cmp = aclitem_cmp,
    .key = aclitem_key,
};

const struct type_ops_entry aclitem_type_ops[] = {
    {TYPE_ACLITEM, &aclitem_ops},
    {0, NULL},
};
