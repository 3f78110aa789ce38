/* json.c - the types json and jsonb: canonical form, order, keys, I/O.
 *
 * Order of jsonb: object > array > boolean > number > string > null; containers by their number
 * of elements first, then element by element; objects by key and value in turn, in the order of
 * storage, keys being compared as plain strings. At the top alone, by an old accident that
 * PostgreSQL keeps, an empty array comes before the scalars.
 *
 * The key has one tag byte per value, counts as four bytes, strings and numbers as their types'
 * keys; since counts come first, no key is a prefix of another. */
#include "types/json.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "types/key.h"
#include "types/numeric.h"
#include "types/registry.h"

/* ---- canonical form ---- */

int jsonb_key_cmp(const char *a, size_t n_a, const char *b, size_t n_b)
{
    return n_a != n_b ? cmp_u64(n_a, n_b) : memcmp(a, b, n_a);
}

static bool members_sorted(const struct json_member *members, uint32_t n)
{
    for (uint32_t k = 1; k < n; k++)
        if (jsonb_key_cmp(members[k - 1].key, members[k - 1].n_key, members[k].key,
                          members[k].n_key) >= 0)
            return false;
    return true;
}

/* A member with its place, so that the sort is stable. */
struct placed {
    struct json_member member;
    uint32_t place;
};

static int compare_placed(const void *a, const void *b)
{
    const struct placed *x = a, *y = b;
    int order = jsonb_key_cmp(x->member.key, x->member.n_key, y->member.key, y->member.n_key);
    return order ? order : cmp_u64(x->place, y->place);
}

/* Sorts the members of an object and keeps the last of equal keys. */
static void sort_members(struct arena *arena, struct json *object)
{
    if (members_sorted(object->members, object->n))
        return;
    struct placed *placed = ARENA_ARRAY(arena, struct placed, object->n);
    for (uint32_t k = 0; k < object->n; k++)
        placed[k] = (struct placed){object->members[k], k};
    qsort(placed, object->n, sizeof(placed[0]), compare_placed);
    struct json_member *members = ARENA_ARRAY(arena, struct json_member, object->n);
    uint32_t n = 0;
    for (uint32_t k = 0; k < object->n; k++) {
        const struct json_member *m = &placed[k].member;
        bool same = n && members[n - 1].n_key == m->n_key &&
                    memcmp(members[n - 1].key, m->key, m->n_key) == 0;
        members[same ? n - 1 : n++] = *m;
    }
    object->members = members;
    object->n = n;
}

/* Plain digits with no exponent and no minus print as they came. */
static bool number_is_canonical(const char *p, uint32_t n)
{
    if (n > 1000)
        return false;
    for (uint32_t k = 0; k < n; k++)
        if (p[k] != '.' && (p[k] < '0' || p[k] > '9'))
            return false;
    return true;
}

static bool normalize_number(struct arena *arena, struct json *number, struct err *err)
{
    if (number_is_canonical(number->text, number->n))
        return true;
    const struct numeric *value = numeric_parse(arena, err, number->text, number->n);
    if (!value)
        return false;
    struct buf text = BUF_IN(arena);
    numeric_print(value, &text);
    number->text = text.p;
    number->n = (uint32_t)text.n;
    return true;
}

bool jsonb_normalize(struct arena *arena, struct json *tree, struct err *err)
{
    struct json *items = (struct json *)(uintptr_t)tree->items;
    struct json_member *members = (struct json_member *)(uintptr_t)tree->members;
    switch ((enum json_kind)tree->kind) {
    case JSON_NUMBER:
        return normalize_number(arena, tree, err);
    case JSON_ARRAY:
        for (uint32_t k = 0; k < tree->n; k++)
            if (!jsonb_normalize(arena, &items[k], err))
                return false;
        return true;
    case JSON_OBJECT:
        for (uint32_t k = 0; k < tree->n; k++)
            if (!jsonb_normalize(arena, &members[k].value, err))
                return false;
        sort_members(arena, tree);
        return true;
    case JSON_NULL:
    case JSON_STRING:
    case JSON_BOOL:
    case JSON_DATETIME:
        break;
    }
    return true;
}

void json_put_string(struct buf *out, const char *text, size_t n)
{
    static const char marks[] = "\b\f\n\r\t\"\\", names[] = "bfnrt\"\\";
    buf_reserve(out, n + 2);
    buf_putc(out, '"');
    for (size_t k = 0, from = 0; k <= n; k++) {
        bool plain = k < n && (uint8_t)text[k] >= 0x20 && text[k] != '"' && text[k] != '\\';
        if (plain)
            continue;
        buf_append(out, text + from, k - from);
        from = k + 1;
        if (k == n)
            break;
        const char *mark = text[k] ? strchr(marks, text[k]) : NULL;
        if (mark) {
            buf_putc(out, '\\');
            buf_putc(out, names[mark - marks]);
        } else {
            buf_printf(out, "\\u%04x", (uint8_t)text[k]);
        }
    }
    buf_putc(out, '"');
}

void jsonb_print(const struct json *tree, struct buf *out)
{
    switch ((enum json_kind)tree->kind) {
    case JSON_NULL:
        buf_append(out, "null", 4);
        break;
    case JSON_BOOL:
        buf_puts(out, tree->truth ? "true" : "false");
        break;
    case JSON_NUMBER:
        buf_append(out, tree->text, tree->n);
        break;
    case JSON_STRING:
        json_put_string(out, tree->text, tree->n);
        break;
    case JSON_ARRAY:
        buf_putc(out, '[');
        for (uint32_t k = 0; k < tree->n; k++) {
            if (k)
                buf_append(out, ", ", 2);
            jsonb_print(&tree->items[k], out);
        }
        buf_putc(out, ']');
        break;
    case JSON_OBJECT:
        buf_putc(out, '{');
        for (uint32_t k = 0; k < tree->n; k++) {
            if (k)
                buf_append(out, ", ", 2);
            json_put_string(out, tree->members[k].key, tree->members[k].n_key);
            buf_append(out, ": ", 2);
            jsonb_print(&tree->members[k].value, out);
        }
        buf_putc(out, '}');
        break;
    case JSON_DATETIME: /* jsonpath turns these into strings before they leave it */
        ASSERT(false);
        break;
    }
}

struct datum jsonb_datum(struct arena *arena, const struct json *tree)
{
    struct buf out = BUF_IN(arena);
    jsonb_print(tree, &out);
    return datum_bytes(out.p, out.n);
}

/* ---- trees ---- */

const struct json *jsonb_member(const struct json *object, const char *key, size_t n_key)
{
    uint32_t low = 0, high = object->n;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct json_member *m = &object->members[middle];
        int order = jsonb_key_cmp(m->key, m->n_key, key, n_key);
        if (order == 0)
            return &m->value;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const struct numeric *json_number(struct arena *arena, const struct json *number)
{
    struct err ignored = ERR_IN(arena);
    const struct numeric *value = numeric_parse(arena, &ignored, number->text, number->n);
    return value ? value : numeric_special(NUMERIC_NAN);
}

/* Short integers without sign or point, which most numbers are. */
static bool small_integer(const struct json *number, int64_t *value)
{
    if (number->n > 17)
        return false;
    int64_t v = 0;
    bool negative = number->n > 1 && number->text[0] == '-';
    for (uint32_t k = negative; k < number->n; k++) {
        if (number->text[k] < '0' || number->text[k] > '9')
            return false;
        v = v * 10 + (number->text[k] - '0');
    }
    *value = negative ? -v : v;
    return true;
}

static int compare_numbers(const struct json *a, const struct json *b)
{
    int64_t x, y;
    if (small_integer(a, &x) && small_integer(b, &y))
        return cmp_i64(x, y);
    struct arena *scratch = arena_new("json numbers");
    int order = numeric_cmp(json_number(scratch, a), json_number(scratch, b));
    arena_free(scratch);
    return order;
}

static int compare_values(const struct json *a, const struct json *b)
{
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    int order = 0;
    switch ((enum json_kind)a->kind) {
    case JSON_STRING:
        return cmp_bytes(a->text, a->n, b->text, b->n);
    case JSON_NUMBER:
        return compare_numbers(a, b);
    case JSON_BOOL:
        return (int)a->truth - (int)b->truth;
    case JSON_ARRAY:
        if (a->n != b->n)
            return cmp_u64(a->n, b->n);
        for (uint32_t k = 0; k < a->n && !order; k++)
            order = compare_values(&a->items[k], &b->items[k]);
        return order;
    case JSON_OBJECT:
        if (a->n != b->n)
            return cmp_u64(a->n, b->n);
        for (uint32_t k = 0; k < a->n && !order; k++) {
            const struct json_member *x = &a->members[k], *y = &b->members[k];
            order = cmp_bytes(x->key, x->n_key, y->key, y->n_key);
            if (!order)
                order = compare_values(&x->value, &y->value);
        }
        return order;
    case JSON_NULL:
    case JSON_DATETIME:
        break;
    }
    return 0;
}

bool jsonb_equal(const struct json *a, const struct json *b)
{
    return compare_values(a, b) == 0;
}

/* 0: the empty array, 1: a scalar, 2: other arrays, 3: objects */
static int top_class(const struct json *tree)
{
    if (tree->kind == JSON_ARRAY)
        return tree->n ? 2 : 0;
    return tree->kind == JSON_OBJECT ? 3 : 1;
}

int jsonb_compare(const struct json *a, const struct json *b)
{
    int class_a = top_class(a), class_b = top_class(b);
    return class_a != class_b ? class_a - class_b : compare_values(a, b);
}

static void put_value_key(struct arena *scratch, const struct json *value, struct buf *out)
{
    buf_putc(out, (char)(1 + value->kind));
    switch ((enum json_kind)value->kind) {
    case JSON_STRING:
        key_put_bytes(out, value->text, value->n);
        break;
    case JSON_NUMBER:
        numeric_put_key(json_number(scratch, value), out);
        break;
    case JSON_BOOL:
        buf_putc(out, value->truth);
        break;
    case JSON_ARRAY:
        buf_put_u32(out, value->n);
        for (uint32_t k = 0; k < value->n; k++)
            put_value_key(scratch, &value->items[k], out);
        break;
    case JSON_OBJECT:
        buf_put_u32(out, value->n);
        for (uint32_t k = 0; k < value->n; k++) {
            key_put_bytes(out, value->members[k].key, value->members[k].n_key);
            put_value_key(scratch, &value->members[k].value, out);
        }
        break;
    case JSON_NULL:
    case JSON_DATETIME:
        break;
    }
}

/* ---- type operations ---- */

static bool json_in(const struct type_io *io, const char *text, size_t n, struct datum *out)
{
    if (!json_check(text, n, io->err))
        return false;
    *out = datum_bytes(arena_memdup(io->arena, text, n), n);
    return true;
}

static bool text_out(const struct type_io *io, const struct datum *value, struct buf *out)
{
    buf_append(out, value->p, value->n);
    return true;
}

static bool json_recv(const struct type_io *io, const uint8_t *bytes, size_t n, struct datum *out)
{
    return utf8_check((const char *)bytes, n, io->err) && json_in(io, (const char *)bytes, n, out);
}

static bool jsonb_in(const struct type_io *io, const char *text, size_t n, struct datum *out)
{
    const struct json *tree = jsonb_parse(io->arena, text, n, io->err);
    if (!tree)
        return false;
    *out = jsonb_datum(io->arena, tree);
    return true;
}

#define JSONB_VERSION 1

static bool jsonb_recv(const struct type_io *io, const uint8_t *bytes, size_t n, struct datum *out)
{
    if (n == 0)
        return recv_short(io);
    if (bytes[0] != JSONB_VERSION)
        return err_set(io->err, ERR_INTERNAL_ERROR, "unsupported jsonb version number %d",
                       bytes[0]);
    const char *text = (const char *)bytes + 1;
    return utf8_check(text, n - 1, io->err) && jsonb_in(io, text, n - 1, out);
}

static bool jsonb_send(const struct type_io *io, const struct datum *value, struct buf *out)
{
    buf_putc(out, JSONB_VERSION);
    buf_append(out, value->p, value->n);
    return true;
}

/* A canonical text that was stored is parsed again; if it is nested too deeply for this stack it
 * counts as null. */
static const struct json *tree_of(struct arena *arena, const struct datum *value)
{
    static const struct json null_value = {.kind = JSON_NULL};
    struct err ignored = ERR_IN(arena);
    const struct json *tree = jsonb_tree(arena, value, &ignored);
    return tree ? tree : &null_value;
}

static int jsonb_cmp(const struct type *type, const struct datum *a, const struct datum *b)
{
    if (a->n == b->n && memcmp(a->p, b->p, a->n) == 0)
        return 0;
    struct arena *scratch = arena_new("jsonb order");
    int order = jsonb_compare(tree_of(scratch, a), tree_of(scratch, b));
    arena_free(scratch);
    return order;
}

static void jsonb_key(const struct type *type, const struct datum *value, struct buf *out)
{
    struct arena *scratch = arena_new("jsonb key");
    const struct json *tree = tree_of(scratch, value);
    buf_putc(out, (char)(1 + top_class(tree)));
    put_value_key(scratch, tree, out);
    arena_free(scratch);
}

const struct type_ops json_ops = {
    .name = "json",
    .storage = STORAGE_TEXT,
    .in = json_in,
    .out = text_out,
    .recv = json_recv,
    .send = text_out,
};

const struct type_ops jsonb_ops = {
    .name = "jsonb",
    .storage = STORAGE_TEXT,
    .in = jsonb_in,
    .out = text_out,
    .recv = jsonb_recv,
    .send = jsonb_send,
    .cmp = jsonb_cmp,
    .key = jsonb_key,
};

extern const struct type_ops_entry json_type_ops[];
const struct type_ops_entry json_type_ops[] = {
    {TYPE_JSON, &json_ops},
    {TYPE_JSONB, &jsonb_ops},
    {0, NULL},
};
