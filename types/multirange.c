/* multirange.c - multiranges: building, text {[1,3),[5,9)}, binary form (count, then length and
 * bytes of each range), order. */
#include <stdlib.h>
#include <strings.h>

#include "types/key.h"
#include "types/range_int.h"

static const uint32_t *offsets_of(const struct datum *multirange)
{
    return (const uint32_t *)((const struct multirange *)multirange->p + 1);
}

struct datum multirange_item(const struct datum *multirange, uint32_t index)
{
    const uint32_t *offsets = offsets_of(multirange);
    return datum_bytes((const char *)multirange->p + offsets[index],
                       offsets[index + 1] - offsets[index]);
}

/* ---- building ---- */

static size_t align8(size_t n)
{
    return (n + 7) & ~(size_t)7;
}

static struct datum pack(struct arena *arena, const struct datum *ranges, uint32_t n)
{
    size_t at = align8(sizeof(struct multirange) + (n + 1) * sizeof(uint32_t)), bytes = at;
    for (uint32_t k = 0; k < n; k++)
        bytes += ranges[k].n;
    struct multirange *multirange = arena_zalloc(arena, bytes);
    multirange->n_ranges = n;
    uint32_t *offsets = (uint32_t *)(multirange + 1);
    for (uint32_t k = 0; k < n; k++) {
        offsets[k] = (uint32_t)at;
        memcpy((char *)multirange + at, ranges[k].p, ranges[k].n);
        at += ranges[k].n; /* a range's size is a multiple of 8 */
    }
    offsets[n] = (uint32_t)at;
    return datum_bytes(multirange, bytes);
}

static int by_range(const void *a, const void *b, void *type)
{
    return range_cmp(type, a, b);
}

/* Do `a` and `b`, which does not start before it, overlap or touch? */
static bool joins(const struct type *type, const struct range_bound *upper_a,
                  const struct range_bound *lower_b)
{
    return range_cmp_bounds(type, upper_a, lower_b) >= 0 ||
           range_bounds_adjacent(type, upper_a, lower_b);
}

/* Joins sorted, non-empty ranges in place; returns how many are left. */
static uint32_t join(struct arena *arena, const struct type *type, struct datum *ranges, uint32_t n)
{
    uint32_t kept = 0;
    struct range_bound lower, upper, next_lower, next_upper;
    for (uint32_t k = 0; k < n; kept++) {
        range_bounds(type, &ranges[k], &lower, &upper);
        struct datum whole = ranges[k++];
        bool grown = false;
        for (; k < n; k++) {
            range_bounds(type, &ranges[k], &next_lower, &next_upper);
            if (!joins(type, &upper, &next_lower))
                break;
            grown = true;
            if (range_cmp_bounds(type, &next_lower, &lower) ==
                0) /* of equal bounds, the later one's looks */
                lower = next_lower;
            if (range_cmp_bounds(type, &next_upper, &upper) >= 0)
                upper = next_upper;
        }
        struct err ignored = ERR_IN(arena);
        if (grown && !range_make(arena, &ignored, type, lower, upper, &whole))
            continue; /* cannot be: both bounds come from valid ranges */
        ranges[kept] = whole;
    }
    return kept;
}

struct datum multirange_make(struct arena *arena, const struct type *type,
                             const struct datum *ranges, uint32_t n)
{
    struct datum *kept = ARENA_ARRAY(arena, struct datum, n + 1);
    uint32_t n_kept = 0;
    for (uint32_t k = 0; k < n; k++)
        if (!range_is_empty(&ranges[k]))
            kept[n_kept++] = ranges[k];
    qsort_r(kept, n_kept, sizeof(kept[0]), by_range, (void *)(uintptr_t)type);
    return pack(arena, kept, join(arena, type, kept, n_kept));
}

/* ---- text ---- */

static struct type_io item_io(const struct type_io *io)
{
    struct type_io item = *io;
    item.type = io->type->elem;
    item.typmod = -1;
    return item;
}

static bool multirange_out(const struct type_io *io, const struct datum *value, struct buf *out)
{
    struct type_io range_io = item_io(io);
    buf_putc(out, '{');
    for (uint32_t k = 0; k < multirange_count(value); k++) {
        struct datum range = multirange_item(value, k);
        if (k)
            buf_putc(out, ',');
        if (!range_out(&range_io, &range, out))
            return false;
    }
    buf_putc(out, '}');
    return true;
}

struct parse {
    const struct type_io *io;
    const char *text, *p, *end;
    VEC(struct datum) ranges;
};

static bool malformed(const struct parse *s, const char *detail)
{
    err_set(s->io->err, ERR_INVALID_TEXT_REPRESENTATION, "malformed multirange literal: \"%.*s\"",
            (int)(s->end - s->text), s->text);
    return err_detail(s->io->err, "%s", detail);
}

/* The next character that is no blank; 0 at the end. */
static char peek(struct parse *s)
{
    while (s->p < s->end && is_space(*s->p))
        s->p++;
    return s->p < s->end ? *s->p : '\0';
}

/* Moves behind the range that starts here: range_in() cares for what is in it. */
static bool skip_range(struct parse *s)
{
    bool quoted = false;
    for (s->p++; s->p < s->end; s->p++) {
        if (*s->p == '\\')
            s->p++;
        else if (*s->p == '"')
            quoted = !quoted;
        else if (!quoted && (*s->p == ')' || *s->p == ']'))
            return s->p++, true;
    }
    return false;
}

static bool parse_range(struct parse *s)
{
    struct type_io range_io = item_io(s->io);
    struct datum range;
    char first = peek(s);
    if (first == '[' || first == '(') {
        const char *start = s->p;
        if (!skip_range(s))
            return malformed(s, "Unexpected end of input.");
        if (!range_in(&range_io, start, (size_t)(s->p - start), &range))
            return false;
        VEC_PUSH(s->io->arena, &s->ranges, range);
        return true;
    }
    if (s->end - s->p >= 5 && strncasecmp(s->p, "empty", 5) == 0) {
        s->p += 5;
        return true;
    }
    return malformed(s, first ? "Expected range start." : "Unexpected end of input.");
}

static bool parse_ranges(struct parse *s)
{
    if (peek(s) == '}')
        return s->p++, true;
    for (;;) {
        if (!parse_range(s))
            return false;
        char next = peek(s);
        if (next != ',' && next != '}')
            return malformed(s, next ? "Expected comma or end of multirange."
                                     : "Unexpected end of input.");
        s->p++;
        if (next == '}')
            return true;
    }
}

static bool multirange_in(const struct type_io *io, const char *text, size_t n, struct datum *out)
{
    struct parse s = {.io = io, .text = text, .p = text, .end = text + n};
    if (peek(&s) != '{')
        return malformed(&s, "Missing left brace.");
    s.p++;
    if (!parse_ranges(&s))
        return false;
    if (peek(&s))
        return malformed(&s, "Junk after closing right brace.");
    *out = multirange_make(io->arena, io->type->elem, s.ranges.items, (uint32_t)s.ranges.n);
    return true;
}

/* ---- binary form ---- */

static bool multirange_send(const struct type_io *io, const struct datum *value, struct buf *out)
{
    struct type_io range_io = item_io(io);
    buf_put_u32(out, multirange_count(value));
    for (uint32_t k = 0; k < multirange_count(value); k++) {
        struct datum range = multirange_item(value, k);
        size_t at = out->n;
        buf_put_u32(out, 0);
        if (!range_send(&range_io, &range, out))
            return false;
        buf_set_u32(out, at, (uint32_t)(out->n - at - 4));
    }
    return true;
}

static bool multirange_recv(const struct type_io *io, const uint8_t *bytes, size_t n,
                            struct datum *out)
{
    const uint8_t *p = bytes, *end = bytes + n;
    struct type_io range_io = item_io(io);
    if (n < 4)
        return recv_short(io);
    uint32_t count = get_u32(p);
    p += 4;
    if (count > (size_t)(end - p) / 5) /* a range takes its length and its flags at least */
        return recv_short(io);
    struct datum *ranges = ARENA_ARRAY(io->arena, struct datum, count + 1);
    for (uint32_t k = 0; k < count; k++) {
        if (end - p < 4 || get_u32(p) > (size_t)(end - p - 4))
            return recv_short(io);
        uint32_t length = get_u32(p);
        p += 4 + length;
        if (!range_recv(&range_io, p - length, length, &ranges[k]))
            return false;
    }
    if (p != end)
        return recv_excess(io);
    *out = multirange_make(io->arena, range_io.type, ranges, count);
    return true;
}

/* ---- order: range by range, a shorter one first ---- */

static int multirange_cmp(const struct type *type, const struct datum *a, const struct datum *b)
{
    uint32_t n = MIN(multirange_count(a), multirange_count(b));
    for (uint32_t k = 0; k < n; k++) {
        struct datum p = multirange_item(a, k), q = multirange_item(b, k);
        int order = range_cmp(type->elem, &p, &q);
        if (order)
            return order;
    }
    return cmp_u64(multirange_count(a), multirange_count(b));
}

/* A non-empty range's key starts with 1. */
static void multirange_key(const struct type *type, const struct datum *value, struct buf *out)
{
    for (uint32_t k = 0; k < multirange_count(value); k++) {
        struct datum range = multirange_item(value, k);
        range_key(type->elem, &range, out);
    }
    buf_putc(out, 0);
}

const struct type_ops multirange_ops = {
    .name = "multirange",
    .storage = STORAGE_TEXT,
    .in = multirange_in,
    .out = multirange_out,
    .recv = multirange_recv,
    .send = multirange_send,
    .cmp = multirange_cmp,
    .key = multirange_key,
    .store = store_as_text,
    .load = load_from_text,
};
