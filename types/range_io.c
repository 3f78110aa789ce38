/* range_io.c - ranges as text, [lower,upper), and in binary: flags, then the length and bytes of
 * each bound there is. */
#include <strings.h>

#include "base/fiber.h"
#include "types/key.h"
#include "types/range_int.h"
#include "types/registry.h"

static struct type_io bound_io(const struct type_io *io)
{
    struct type_io bound = *io;
    bound.type = io->type->elem;
    bound.typmod = -1;
    return bound;
}

/* ---- output ---- */

static bool needs_quotes(const char *p, size_t n)
{
    for (size_t k = 0; k < n; k++)
        if (is_space(p[k]) || strchr("\"\\()[],", p[k]))
            return true;
    return n == 0;
}

static void put_bound(const char *p, size_t n, struct buf *out)
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

static bool bound_out(const struct type_io *io, const struct range_bound *bound, struct buf *out)
{
    struct type_io value_io = bound_io(io);
    struct buf text = BUF_IN(io->arena);
    if (bound->infinite)
        return true;
    if (!type_out(&value_io, &bound->value, &text))
        return false;
    put_bound(text.p, text.n, out);
    return true;
}

bool range_out(const struct type_io *io, const struct datum *value, struct buf *out)
{
    struct range_bound lower, upper;
    if (!stack_check(io->err))
        return false;
    if (range_is_empty(value)) {
        buf_puts(out, "empty");
        return true;
    }
    range_bounds(io->type, value, &lower, &upper);
    buf_putc(out, lower.inclusive ? '[' : '(');
    if (!bound_out(io, &lower, out))
        return false;
    buf_putc(out, ',');
    if (!bound_out(io, &upper, out))
        return false;
    buf_putc(out, upper.inclusive ? ']' : ')');
    return true;
}

/* ---- input ---- */

struct parse {
    const struct type_io *io;
    const char *text, *p, *end;
};

static bool malformed(const struct parse *s, const char *detail)
{
    err_set(s->io->err, ERR_INVALID_TEXT_REPRESENTATION, "malformed range literal: \"%.*s\"",
            (int)(s->end - s->text), s->text);
    return err_detail(s->io->err, "%s", detail);
}

static bool at_end(const struct parse *s)
{
    return s->p == s->end;
}

static void skip_space(struct parse *s)
{
    while (!at_end(s) && is_space(*s->p))
        s->p++;
}

static bool at_bound_end(const struct parse *s)
{
    return !at_end(s) && (*s->p == ',' || *s->p == ')' || *s->p == ']');
}

/* Takes the quotes and backslashes off a bound, up to what ends it. */
static bool take_bound(struct parse *s, struct buf *out)
{
    bool quoted = false;
    for (; quoted || !at_bound_end(s); s->p++) {
        if (at_end(s))
            return malformed(s, "Unexpected end of input.");
        if (*s->p == '\\') {
            if (++s->p == s->end)
                return malformed(s, "Unexpected end of input.");
            buf_putc(out, *s->p);
        } else if (*s->p == '"' && quoted && s->p + 1 < s->end && s->p[1] == '"') {
            buf_putc(out, *s->p++);
        } else if (*s->p == '"') {
            quoted = !quoted;
        } else {
            buf_putc(out, *s->p);
        }
    }
    return true;
}

static bool parse_bound(struct parse *s, struct range_bound *bound, struct buf *text)
{
    bound->infinite = at_bound_end(s);
    return bound->infinite || take_bound(s, text);
}

static bool bound_value(const struct type_io *io, struct buf *text, struct range_bound *bound)
{
    struct type_io value_io = bound_io(io);
    return bound->infinite || type_in(&value_io, buf_cstr(text), text->n, &bound->value);
}

static bool parse_end(struct parse *s, const char *junk)
{
    skip_space(s);
    return at_end(s) || malformed(s, junk);
}

bool range_in(const struct type_io *io, const char *text, size_t n, struct datum *out)
{
    struct parse s = {.io = io, .text = text, .p = text, .end = text + n};
    struct range_bound lower = {.lower = true}, upper = {0};
    struct buf lower_text = BUF_IN(io->arena), upper_text = BUF_IN(io->arena);
    if (!stack_check(io->err))
        return false;
    skip_space(&s);
    if (s.end - s.p >= 5 && strncasecmp(s.p, "empty", 5) == 0) {
        s.p += 5;
        *out = range_make_empty(io->arena);
        return parse_end(&s, "Junk after \"empty\" key word.");
    }
    if (at_end(&s) || (*s.p != '[' && *s.p != '('))
        return malformed(&s, "Missing left parenthesis or bracket.");
    lower.inclusive = *s.p++ == '[';
    if (!parse_bound(&s, &lower, &lower_text))
        return false;
    if (*s.p != ',')
        return malformed(&s, "Missing comma after lower bound.");
    s.p++;
    if (!parse_bound(&s, &upper, &upper_text))
        return false;
    if (*s.p == ',')
        return malformed(&s, "Too many commas.");
    upper.inclusive = *s.p++ == ']';
    return parse_end(&s, "Junk after right parenthesis or bracket.") &&
           bound_value(io, &lower_text, &lower) && bound_value(io, &upper_text, &upper) &&
           range_make(io->arena, io->err, io->type, lower, upper, out);
}

/* ---- binary form ---- */

static bool bound_send(const struct type_io *io, const struct range_bound *bound, struct buf *out)
{
    struct type_io value_io = bound_io(io);
    if (bound->infinite)
        return true;
    size_t at = out->n;
    buf_put_u32(out, 0);
    if (!value_io.type->ops->send(&value_io, &bound->value, out))
        return false;
    buf_set_u32(out, at, (uint32_t)(out->n - at - 4));
    return true;
}

bool range_send(const struct type_io *io, const struct datum *value, struct buf *out)
{
    struct range_bound lower, upper;
    if (!stack_check(io->err))
        return false;
    buf_putc(out, (char)range_flags(value));
    if (range_is_empty(value))
        return true;
    range_bounds(io->type, value, &lower, &upper);
    return bound_send(io, &lower, out) && bound_send(io, &upper, out);
}

static bool bound_recv(const struct type_io *io, const uint8_t **p, const uint8_t *end,
                       bool present, struct range_bound *bound)
{
    struct type_io value_io = bound_io(io);
    if (!present)
        return true;
    if (end - *p < 4 || get_u32(*p) > (size_t)(end - *p - 4))
        return recv_short(io);
    uint32_t n = get_u32(*p);
    *p += 4 + n;
    return value_io.type->ops->recv(&value_io, *p - n, n, &bound->value);
}

bool range_recv(const struct type_io *io, const uint8_t *bytes, size_t n, struct datum *out)
{
    const uint8_t *p = bytes, *end = bytes + n;
    if (!stack_check(io->err))
        return false;
    if (!n)
        return recv_short(io);
    uint32_t flags = *p++;
    struct range_bound lower = {
        .infinite = flags & RANGE_LOWER_INF, .inclusive = flags & RANGE_LOWER_INC, .lower = true};
    struct range_bound upper = {.infinite = flags & RANGE_UPPER_INF,
                                .inclusive = flags & RANGE_UPPER_INC};
    if (!bound_recv(io, &p, end, RANGE_HAS_LOWER(flags), &lower) ||
        !bound_recv(io, &p, end, RANGE_HAS_UPPER(flags), &upper))
        return false;
    if (p != end)
        return recv_excess(io);
    if (!(flags & RANGE_EMPTY))
        return range_make(io->arena, io->err, io->type, lower, upper, out);
    *out = range_make_empty(io->arena);
    return true;
}

const struct type_ops range_ops = {
    .name = "range",
    .storage = STORAGE_TEXT,
    .in = range_in,
    .out = range_out,
    .recv = range_recv,
    .send = range_send,
    .cmp = range_cmp,
    .key = range_key,
    .store = store_as_text,
    .load = load_from_text,
};

#define RANGES(TRIPLE)                                                                             \
    TRIPLE(INT4RANGE, INT4, INT4MULTIRANGE)                                                        \
    TRIPLE(NUMRANGE, NUMERIC, NUMMULTIRANGE)                                                       \
    TRIPLE(TSRANGE, TIMESTAMP, TSMULTIRANGE)                                                       \
    TRIPLE(TSTZRANGE, TIMESTAMPTZ, TSTZMULTIRANGE)                                                 \
    TRIPLE(DATERANGE, DATE, DATEMULTIRANGE)                                                        \
    TRIPLE(INT8RANGE, INT8, INT8MULTIRANGE)

#define TAKE_TRIPLE(range, subtype, multirange) {TYPE_##range, TYPE_##subtype, TYPE_##multirange},
const struct range_triple range_triples[] = {RANGES(TAKE_TRIPLE){0, 0, 0}};
#undef TAKE_TRIPLE

#define TAKE_OPS(range, subtype, multirange)                                                       \
    {TYPE_##range, &range_ops}, {TYPE_##multirange, &multirange_ops},
const struct type_ops_entry range_type_ops[] = {RANGES(TAKE_OPS){0, NULL}};
#undef TAKE_OPS
