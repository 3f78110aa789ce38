/* record.c - row values: (1,abc,"x y",).
 *
 * A record carries the OIDs of its fields' types, so an anonymous one can be printed and compared.
 * Printing looks the types up through env; comparing has no env, and makes do with the built-in
 * types and the hint beside each field (record.h).  Two records are compared field by field; NULLs
 * are equal and greater than all else. */
#include "types/record.h"

#include "base/fiber.h"
#include "func/env.h"
#include "types/array_int.h"
#include "types/key.h"
#include "types/registry.h"

static const struct record *record_of(const struct datum *d)
{
    return (const struct record *)d->p;
}

static const struct record_field *fields_of(const struct datum *d)
{
    return (const struct record_field *)(record_of(d) + 1);
}

/* ---- building and reading ---- */

static uint32_t hint_of(const struct type *type, const struct datum *value)
{
    while (type->kind == 'd' && type->elem) {
        type = type->elem;
        if (type->kind != 'd' && type->kind != 'e')
            return type->oid;
    }
    if (type->kind != 'e' || value->null)
        return 0;
    for (uint32_t k = 0; k < type->n_labels; k++)
        if (strlen(type->labels[k].label) == value->n &&
            memcmp(type->labels[k].label, value->p, value->n) == 0)
            return (k + 1) | RECORD_HINT_ENUM;
    return 0;
}

struct datum record_build(struct arena *arena, uint32_t type_oid, const struct type *const *types,
                          const struct datum *fields, uint32_t n_fields)
{
    return record_build_named(arena, type_oid, types, NULL, fields, n_fields);
}

struct datum record_build_named(struct arena *arena, uint32_t type_oid,
                                const struct type *const *types, const char *const *names,
                                const struct datum *fields, uint32_t n_fields)
{
    size_t at = sizeof(struct record) + n_fields * sizeof(struct record_field), bytes = at;
    for (uint32_t k = 0; k < n_fields; k++)
        bytes += slots_bytes(types[k], &fields[k], 1);
    size_t names_at = bytes;
    for (uint32_t k = 0; names && k < n_fields; k++)
        bytes += strlen(names[k]) + 1;
    struct record *record = arena_alloc(arena, bytes);
    *record = (struct record){
        .n_fields = n_fields, .type_oid = type_oid, .names_at = names ? (uint32_t)names_at : 0};
    for (uint32_t k = 0; names && k < n_fields; k++) {
        memcpy((char *)record + names_at, names[k], strlen(names[k]) + 1);
        names_at += strlen(names[k]) + 1;
    }
    struct record_field *field = (struct record_field *)(record + 1);
    for (uint32_t k = 0; k < n_fields; k++) {
        field[k].type_oid = types[k]->oid;
        field[k].hint = hint_of(types[k], &fields[k]);
        at = slot_fill(types[k], (char *)record, at, &field[k].slot, &fields[k]);
    }
    return datum_bytes(record, bytes);
}

struct datum record_field(const struct datum *record, const struct type *type, uint32_t index)
{
    return slot_datum(type, record->p, &fields_of(record)[index].slot);
}

const char *record_field_name(const struct datum *record, uint32_t index)
{
    const struct record *block = record->p;
    if (!block->names_at)
        return NULL;
    const char *name = (const char *)block + block->names_at;
    while (index--)
        name += strlen(name) + 1;
    return name;
}

uint32_t record_field_type(const struct datum *record, uint32_t index)
{
    return fields_of(record)[index].type_oid;
}

static const struct type *field_type(const struct type_io *io, uint32_t oid)
{
    const struct type *type = io->env ? env_type(io->env, oid) : type_builtin(oid);
    if (!type)
        err_set(io->err, ERR_UNDEFINED_OBJECT, "type with OID %u does not exist", oid);
    return type;
}

/* ---- output ---- */

static bool needs_quotes(const char *p, size_t n)
{
    for (size_t k = 0; k < n; k++)
        if (p[k] == '"' || p[k] == '\\' || p[k] == '(' || p[k] == ')' || p[k] == ',' ||
            is_space(p[k]))
            return true;
    return n == 0;
}

static void put_field(const char *p, size_t n, struct buf *out)
{
    if (!needs_quotes(p, n)) {
        buf_append(out, p, n);
        return;
    }
    buf_putc(out, '"');
    for (size_t k = 0; k < n; k++) {
        if (p[k] == '"' || p[k] == '\\')
            buf_putc(out, p[k]);
        buf_putc(out, p[k]);
    }
    buf_putc(out, '"');
}

static bool record_out(const struct type_io *io, const struct datum *value, struct buf *out)
{
    struct buf scratch = BUF_IN(io->arena);
    struct type_io field_io = *io;
    field_io.typmod = -1;
    if (!stack_check(io->err))
        return false;
    buf_putc(out, '(');
    for (uint32_t k = 0; k < record_of(value)->n_fields; k++) {
        if (k)
            buf_putc(out, ',');
        field_io.type = field_type(io, record_field_type(value, k));
        if (!field_io.type)
            return false;
        struct datum field = record_field(value, field_io.type, k);
        if (field.null)
            continue;
        scratch.n = 0;
        if (!type_out(&field_io, &field, &scratch))
            return false;
        put_field(scratch.p, scratch.n, out);
    }
    buf_putc(out, ')');
    return true;
}

/* ---- input ---- */

static bool malformed(const struct type_io *io, const char *text, size_t n, const char *detail)
{
    err_set(io->err, ERR_INVALID_TEXT_REPRESENTATION, "malformed record literal: \"%.*s\"", (int)n,
            text);
    return err_detail(io->err, "%s", detail);
}

static bool no_anonymous_input(const struct type_io *io)
{
    return err_set(io->err, ERR_FEATURE_NOT_SUPPORTED,
                   "input of anonymous composite types is not implemented");
}

/* Appends the unquoted field to `out` and stops at the comma or parenthesis behind it; false at
 * the end of the text. */
static bool take_field(const char **p, const char *end, struct buf *out)
{
    bool quoted = false;
    for (; quoted || *p == end || (**p != ',' && **p != ')'); ++*p) {
        if (*p == end)
            return false;
        if (**p == '\\') {
            if (++*p == end)
                return false;
            buf_putc(out, **p);
        } else if (**p == '"') {
            if (quoted && *p + 1 < end && (*p)[1] == '"')
                buf_putc(out, *(*p)++);
            else
                quoted = !quoted;
        } else {
            buf_putc(out, **p);
        }
    }
    return true;
}

static bool read_field(const struct type_io *io, const struct attribute *attribute, const char **p,
                       const char *end, const struct type **type, struct datum *out, bool *ended)
{
    struct buf text = BUF_IN(io->arena);
    *ended = false;
    *type = field_type(io, attribute->type_oid);
    if (!*type)
        return false;
    *out = datum_null();
    if (*p < end && (**p == ',' || **p == ')'))
        return true; /* nothing at all is NULL */
    if (!take_field(p, end, &text)) {
        *ended = true;
        return true;
    }
    struct type_io field_io = *io;
    field_io.type = *type;
    field_io.typmod = attribute->typmod;
    return type_in(&field_io, buf_cstr(&text), text.n, out);
}

/* A dropped column stays in the record as a NULL of some type. */
static const struct type *placeholder_type(void)
{
    return type_builtin(TYPE_TEXT);
}

static bool record_in(const struct type_io *io, const char *text, size_t n, struct datum *out)
{
    const struct type *type = io->type;
    const char *p = text, *end = text + n;
    if (type->kind != 'c')
        return no_anonymous_input(io);
    if (!stack_check(io->err))
        return false;
    const struct type **types = ARENA_ARRAY(io->arena, const struct type *, type->n_attributes + 1);
    struct datum *fields = ARENA_ARRAY(io->arena, struct datum, type->n_attributes + 1);
    while (p < end && is_space(*p))
        p++;
    if (p == end || *p++ != '(')
        return malformed(io, text, n, "Missing left parenthesis.");
    bool first = true, ended;
    for (uint32_t k = 0; k < type->n_attributes; k++) {
        if (type->attributes[k].dropped) {
            types[k] = placeholder_type();
            fields[k] = datum_null();
            continue;
        }
        if (!first && (p == end || *p != ','))
            return malformed(io, text, n,
                             p == end ? "Unexpected end of input." : "Too few columns.");
        p += !first;
        first = false;
        if (!read_field(io, &type->attributes[k], &p, end, &types[k], &fields[k], &ended))
            return false;
        if (ended)
            return malformed(io, text, n, "Unexpected end of input.");
    }
    if (p == end || *p++ != ')')
        return malformed(io, text, n, "Too many columns.");
    while (p < end && is_space(*p))
        p++;
    if (p < end)
        return malformed(io, text, n, "Junk after right parenthesis.");
    *out = record_build(io->arena, type->oid, types, fields, type->n_attributes);
    return true;
}

/* ---- binary form: count, then type, length and bytes of each field ---- */

static bool record_send(const struct type_io *io, const struct datum *value, struct buf *out)
{
    struct type_io field_io = *io;
    field_io.typmod = -1;
    if (!stack_check(io->err))
        return false;
    buf_put_u32(out, record_of(value)->n_fields);
    for (uint32_t k = 0; k < record_of(value)->n_fields; k++) {
        field_io.type = field_type(io, record_field_type(value, k));
        if (!field_io.type)
            return false;
        struct datum field = record_field(value, field_io.type, k);
        buf_put_u32(out, field_io.type->oid);
        size_t at = out->n;
        buf_put_u32(out, UINT32_MAX);
        if (field.null)
            continue;
        if (!field_io.type->ops->send(&field_io, &field, out))
            return false;
        buf_set_u32(out, at, (uint32_t)(out->n - at - 4));
    }
    return true;
}

static bool recv_field(const struct type_io *io, const struct attribute *attribute,
                       const uint8_t **p, const uint8_t *end, const struct type **type,
                       struct datum *out)
{
    if (end - *p < 8)
        return recv_short(io);
    uint32_t oid = get_u32(*p), length = get_u32(*p + 4);
    *p += 8;
    *type = field_type(io, attribute->type_oid);
    if (!*type)
        return false;
    if (oid != attribute->type_oid)
        return err_set(
            io->err, ERR_DATATYPE_MISMATCH,
            "binary data has type %u (%s) instead of expected %u (%s) in record column %d", oid,
            type_builtin(oid) ? type_builtin(oid)->name : "???", (*type)->oid, (*type)->name,
            attribute->attnum);
    *out = datum_null();
    if (length == UINT32_MAX)
        return true;
    if (length > (size_t)(end - *p))
        return recv_short(io);
    struct type_io field_io = *io;
    field_io.type = *type;
    field_io.typmod = attribute->typmod;
    *p += length;
    return (*type)->ops->recv(&field_io, *p - length, length, out);
}

static bool record_recv(const struct type_io *io, const uint8_t *bytes, size_t n, struct datum *out)
{
    const struct type *type = io->type;
    const uint8_t *p = bytes, *end = bytes + n;
    if (type->kind != 'c')
        return no_anonymous_input(io);
    if (!stack_check(io->err))
        return false;
    if (n < 4)
        return recv_short(io);
    uint32_t live = 0, sent = get_u32(p);
    p += 4;
    for (uint32_t k = 0; k < type->n_attributes; k++)
        live += !type->attributes[k].dropped;
    if (sent != live)
        return err_set(io->err, ERR_DATATYPE_MISMATCH, "wrong number of columns: %d, expected %d",
                       (int)sent, (int)live);
    const struct type **types = ARENA_ARRAY(io->arena, const struct type *, type->n_attributes + 1);
    struct datum *fields = ARENA_ARRAY(io->arena, struct datum, type->n_attributes + 1);
    for (uint32_t k = 0; k < type->n_attributes; k++) {
        if (type->attributes[k].dropped) {
            types[k] = placeholder_type();
            fields[k] = datum_null();
        } else if (!recv_field(io, &type->attributes[k], &p, end, &types[k], &fields[k])) {
            return false;
        }
    }
    if (p != end)
        return recv_excess(io);
    *out = record_build(io->arena, type->oid, types, fields, type->n_attributes);
    return true;
}

/* ---- order ---- */

/* What compares the field: its type if built in, a domain's base type; NULL for user's types. */
static const struct type *comparable_type(const struct record_field *field)
{
    const struct type *type = type_builtin(field->type_oid);
    if (!type && field->hint && !(field->hint & RECORD_HINT_ENUM))
        type = type_builtin(field->hint);
    return type && type->ops->cmp && type->ops->key ? type : NULL;
}

static struct datum raw_bytes(const struct datum *record, const struct record_field *field)
{
    return datum_bytes((const char *)record->p + field->slot.offset, field->slot.n);
}

/* A user's composite type: the value is itself a record. */
static bool is_nested_record(const struct datum *bytes, uint32_t type_oid)
{
    return bytes->n >= sizeof(struct record) && record_of(bytes)->type_oid == type_oid &&
           sizeof(struct record) +
                   (size_t)record_of(bytes)->n_fields * sizeof(struct record_field) <=
               bytes->n;
}

static int record_cmp(const struct type *type, const struct datum *a, const struct datum *b);

static int cmp_field(const struct datum *a, const struct datum *b, uint32_t index)
{
    const struct record_field *x = &fields_of(a)[index], *y = &fields_of(b)[index];
    if (x->slot.null || y->slot.null)
        return (int)x->slot.null - (int)y->slot.null;
    const struct type *type = comparable_type(x);
    if (type) {
        struct datum p = slot_datum(type, a->p, &x->slot), q = slot_datum(type, b->p, &y->slot);
        return type_cmp(type, &p, &q);
    }
    if (x->hint && y->hint)
        return cmp_u64(x->hint, y->hint);
    struct datum p = raw_bytes(a, x), q = raw_bytes(b, y);
    if (is_nested_record(&p, x->type_oid) && is_nested_record(&q, y->type_oid))
        return record_cmp(NULL, &p, &q);
    return cmp_bytes(p.p, p.n, q.p, q.n);
}

static int record_cmp(const struct type *type, const struct datum *a, const struct datum *b)
{
    uint32_t n = MIN(record_of(a)->n_fields, record_of(b)->n_fields);
    for (uint32_t k = 0; k < n; k++) {
        int order = cmp_field(a, b, k);
        if (order)
            return order;
    }
    return cmp_u64(record_of(a)->n_fields, record_of(b)->n_fields);
}

static void record_key(const struct type *type, const struct datum *value, struct buf *out)
{
    for (uint32_t k = 0; k < record_of(value)->n_fields; k++) {
        const struct record_field *field = &fields_of(value)[k];
        buf_putc(out, field->slot.null ? 2 : 1);
        if (field->slot.null)
            continue;
        const struct type *known = comparable_type(field);
        struct datum bytes;
        if (known) {
            struct datum item = slot_datum(known, value->p, &field->slot);
            out->n--;
            type_sort_key(known, &item, false, false, out);
        } else if (field->hint) {
            buf_put_u32(out, field->hint);
        } else if (bytes = raw_bytes(value, field), is_nested_record(&bytes, field->type_oid)) {
            record_key(NULL, &bytes, out);
        } else {
            key_put_bytes(out, bytes.p, bytes.n);
        }
    }
    buf_putc(out, 0);
}

const struct type_ops record_ops = {
    .name = "record",
    .storage = STORAGE_TEXT,
    .in = record_in,
    .out = record_out,
    .recv = record_recv,
    .send = record_send,
    .cmp = record_cmp,
    .key = record_key,
    .store = store_as_text,
    .load = load_from_text,
};

const struct type_ops_entry record_type_ops[] = {
    {TYPE_RECORD, &record_ops},
    {0, NULL},
};
