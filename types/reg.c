/* reg.c - regclass, regproc and the like: OIDs whose text is a name.  See reg.h. */
#include "types/reg.h"

#include "types/key.h"
#include "types/registry.h"
#include "types/settings.h"
#include "types/text.h"

static const struct reg_resolver *resolver;

void reg_set_resolver(const struct reg_resolver *installed)
{
    resolver = installed;
}

static const struct {
    uint32_t oid;
    enum reg_kind kind;
} kinds[] = {
    {TYPE_REGPROC, REG_PROC},
    {TYPE_REGPROCEDURE, REG_PROCEDURE},
    {TYPE_REGOPER, REG_OPER},
    {TYPE_REGOPERATOR, REG_OPERATOR},
    {TYPE_REGCLASS, REG_CLASS},
    {TYPE_REGTYPE, REG_TYPE},
    {TYPE_REGNAMESPACE, REG_NAMESPACE},
    {TYPE_REGROLE, REG_ROLE},
    {TYPE_REGCOLLATION, REG_COLLATION},
    {TYPE_REGCONFIG, REG_CONFIG},
    {TYPE_REGDICTIONARY, REG_DICTIONARY},
};

bool reg_kind_of(uint32_t type_oid, enum reg_kind *kind)
{
    for (size_t k = 0; k < ARRAY_COUNT(kinds); k++)
        if (kinds[k].oid == type_oid) {
            *kind = kinds[k].kind;
            return true;
        }
    return false;
}

static bool all_digits(const char *text, size_t n)
{
    for (size_t k = 0; k < n; k++)
        if (text[k] < '0' || text[k] > '9')
            return false;
    return n > 0;
}

static bool reg_in(const struct type_io *io, const char *text, size_t n, struct datum *out)
{
    uint32_t oid = 0;
    enum reg_kind kind;
    if (n == 1 && text[0] == '-') {
        *out = datum_int(0);
        return true;
    }
    if (all_digits(text, n)) {
        if (!oid_parse(io->err, text, n, &oid))
            return false;
    } else {
        if (!resolver || !io->env || !reg_kind_of(io->type->oid, &kind))
            return invalid_syntax(io, io->type->name, text, n);
        if (!utf8_check(text, n, io->err) || !resolver->find(io, kind, text, n, &oid))
            return false;
    }
    *out = datum_int(oid);
    return true;
}

static bool reg_out(const struct type_io *io, const struct datum *value, struct buf *out)
{
    enum reg_kind kind;
    size_t start = out->n;
    bool by_name = io->settings != &settings_storage && io->env && resolver &&
                   reg_kind_of(io->type->oid, &kind);
    if (!value->i) {
        buf_putc(out, '-');
        return true;
    }
    if (by_name && resolver->name(io, kind, (uint32_t)value->i, out))
        return true;
    out->n = start;
    int_print(out, value->i);
    return true;
}

static bool reg_recv(const struct type_io *io, const uint8_t *bytes, size_t n, struct datum *out)
{
    if (!recv_exact(io, n, 4))
        return false;
    *out = datum_int(get_u32(bytes));
    return true;
}

static bool reg_send(const struct type_io *io, const struct datum *value, struct buf *out)
{
    buf_put_u32(out, (uint32_t)value->i);
    return true;
}

static int reg_cmp(const struct type *type, const struct datum *a, const struct datum *b)
{
    return cmp_i64(a->i, b->i);
}

static void reg_key(const struct type *type, const struct datum *value, struct buf *out)
{
    key_put_i64(out, value->i);
}

static const struct type_ops reg_ops = {
    .name = "reg",
    .storage = STORAGE_INTEGER,
    .native_order = true,
    .in = reg_in,
    .out = reg_out,
    .recv = reg_recv,
    .send = reg_send,
    .cmp = reg_cmp,
    .key = reg_key,
};

const struct type_ops_entry reg_type_ops[] = {
    {TYPE_REGPROC, &reg_ops},      {TYPE_REGPROCEDURE, &reg_ops},  {TYPE_REGOPER, &reg_ops},
    {TYPE_REGOPERATOR, &reg_ops},  {TYPE_REGCLASS, &reg_ops},      {TYPE_REGTYPE, &reg_ops},
    {TYPE_REGNAMESPACE, &reg_ops}, {TYPE_REGROLE, &reg_ops},       {TYPE_REGCOLLATION, &reg_ops},
    {TYPE_REGCONFIG, &reg_ops},    {TYPE_REGDICTIONARY, &reg_ops}, {0, NULL},
};
