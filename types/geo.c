/* geo.c - the geometric types: text and binary forms.  They have no order.
 *
 * Input is forgiving: a point is 1,2 or (1,2); lists of points may have a pair of delimiters
 * around them or not.  What is printed is one form of each: (1,2) | [(1,2),(3,4)] | (3,4),(1,2) |
 * {1,2,3} | <(1,2),3> | ((1,2),(3,4)). */
#include "types/geo.h"

#include <math.h>
#include <string.h>

#include "types/float.h"
#include "types/key.h"
#include "types/registry.h"
#include "types/settings.h"

struct datum geo_datum(struct arena *arena, const double *numbers, uint32_t n_numbers, bool closed)
{
    size_t bytes = sizeof(struct geo) + n_numbers * sizeof(double);
    struct geo *geo = arena_alloc(arena, bytes);
    geo->n_numbers = n_numbers;
    geo->closed = closed;
    if (n_numbers)
        memcpy(geo->numbers, numbers, n_numbers * sizeof(double));
    return datum_bytes(geo, bytes);
}

bool geo_equal(double a, double b)
{
    return a == b || fabs(a - b) <= GEO_EPSILON;
}

bool geo_same_point(const struct point *a, const struct point *b)
{
    if (isnan(a->x) || isnan(a->y) || isnan(b->x) || isnan(b->y))
        return cmp_f64(a->x, b->x) == 0 && cmp_f64(a->y, b->y) == 0;
    return geo_equal(a->x, b->x) && geo_equal(a->y, b->y);
}

void geo_order_box(struct point *high, struct point *low)
{
    struct point a = *high, b = *low;
    *high = (struct point){cmp_f64(a.x, b.x) > 0 ? a.x : b.x, cmp_f64(a.y, b.y) > 0 ? a.y : b.y};
    *low = (struct point){cmp_f64(a.x, b.x) > 0 ? b.x : a.x, cmp_f64(a.y, b.y) > 0 ? b.y : a.y};
}

double geo_slope(const struct point *a, const struct point *b)
{
    if (geo_equal(a->x, b->x))
        return (double)INFINITY;
    return geo_equal(a->y, b->y) ? 0 : (a->y - b->y) / (a->x - b->x);
}

void geo_line(const struct point *at, double slope, double line[3])
{
    bool vertical = isinf(slope);
    line[0] = vertical ? -1 : slope;
    line[1] = vertical ? 0 : -1;
    line[2] = vertical ? at->x : slope == 0 ? at->y : at->y - slope * at->x;
    if (line[2] == 0)
        line[2] = 0; /* not -0 */
}

/* ---- reading ---- */

struct parse {
    const struct type_io *io;
    const char *name; /* of the type, for errors */
    const char *text, *p, *end;
};

static bool bad(const struct parse *s)
{
    return invalid_syntax(s->io, s->name, s->text, (size_t)(s->end - s->text));
}

static struct parse parse_of(const struct type_io *io, const char *name, const char *text, size_t n)
{
    return (struct parse){.io = io, .name = name, .text = text, .p = text, .end = text + n};
}

static void skip_space(struct parse *s)
{
    while (s->p < s->end && is_space(*s->p))
        s->p++;
}

static bool at(const struct parse *s, char c)
{
    return s->p < s->end && *s->p == c;
}

static bool take(struct parse *s, char c)
{
    if (!at(s, c))
        return false;
    s->p++;
    return true;
}

/* Blanks around the number belong to it. */
static bool take_number(struct parse *s, double *out)
{
    skip_space(s);
    const char *start = s->p;
    while (s->p < s->end && !is_space(*s->p) && !strchr("()[]{}<>,", *s->p))
        s->p++;
    if (!float8_parse(s->io->arena, s->io->err, start, (size_t)(s->p - start), out))
        return err_is(s->io->err, ERR_INVALID_TEXT_REPRESENTATION) ? bad(s) : false;
    skip_space(s);
    return true;
}

static bool take_point(struct parse *s, struct point *out)
{
    skip_space(s);
    bool delimited = take(s, '(');
    if (!take_number(s, &out->x))
        return false;
    if (!take(s, ','))
        return bad(s);
    if (!take_number(s, &out->y))
        return false;
    if (delimited && !take(s, ')'))
        return bad(s);
    if (delimited)
        skip_space(s);
    return true;
}

static bool is_last_parenthesis(const struct parse *s)
{
    for (const char *p = s->p + 1; p < s->end; p++)
        if (*p == '(')
            return false;
    return true;
}

/* `n` points with or without delimiters around all of them; [ ] makes them open, where that is
 * allowed. */
static bool take_points(struct parse *s, bool may_be_open, uint32_t n, struct point *points,
                        bool *open)
{
    int depth = 0;
    skip_space(s);
    *open = at(s, '[');
    if (*open && !may_be_open)
        return bad(s);
    if (*open) {
        depth++;
        s->p++;
    } else if (at(s, '(')) {
        struct parse next = *s;
        next.p++;
        skip_space(&next);
        if (at(&next, '(') || is_last_parenthesis(s)) {
            depth++;
            *s = next;
        }
    }
    for (uint32_t k = 0; k < n; k++) {
        if (!take_point(s, &points[k]))
            return false;
        take(s, ',');
    }
    for (; depth > 0; depth--) {
        if (!take(s, ')') && !(*open && take(s, ']')))
            return bad(s);
        skip_space(s);
    }
    return true;
}

static bool at_end(const struct parse *s)
{
    return s->p == s->end || bad(s);
}

/* How many points a text must have: every point has a comma inside, and one behind it save for the
 * last. */
static uint32_t count_points(const struct parse *s)
{
    uint32_t n_commas = 0;
    for (const char *p = s->text; p < s->end; p++)
        n_commas += *p == ',';
    return n_commas % 2 ? (n_commas + 1) / 2 : 0;
}

static bool fixed_in(const struct type_io *io, const char *name, const char *text, size_t n,
                     bool may_be_open, uint32_t n_points, struct point *points)
{
    struct parse s = parse_of(io, name, text, n);
    bool open;
    return take_points(&s, may_be_open, n_points, points, &open) && at_end(&s);
}

static struct datum of_points(struct arena *arena, const struct point *points, uint32_t n,
                              bool closed)
{
    return geo_datum(arena, &points->x, 2 * n, closed);
}

static bool point_in(const struct type_io *io, const char *text, size_t n, struct datum *out)
{
    struct parse s = parse_of(io, "point", text, n);
    struct point point;
    if (!take_point(&s, &point) || !at_end(&s))
        return false;
    *out = of_points(io->arena, &point, 1, false);
    return true;
}

static bool lseg_in(const struct type_io *io, const char *text, size_t n, struct datum *out)
{
    struct point points[2];
    if (!fixed_in(io, "lseg", text, n, true, 2, points))
        return false;
    *out = of_points(io->arena, points, 2, false);
    return true;
}

static bool box_in(const struct type_io *io, const char *text, size_t n, struct datum *out)
{
    struct point points[2];
    if (!fixed_in(io, "box", text, n, false, 2, points))
        return false;
    geo_order_box(&points[0], &points[1]);
    *out = of_points(io->arena, points, 2, false);
    return true;
}

static bool bad_line(const struct type_io *io, const char *why)
{
    return err_set(io->err, ERR_INVALID_TEXT_REPRESENTATION, "invalid line specification: %s", why);
}

static bool take_equation(struct parse *s, double line[3])
{
    s->p++;
    for (int k = 0; k < 3; k++) {
        if (!take_number(s, &line[k]))
            return false;
        if (!take(s, k < 2 ? ',' : '}'))
            return bad(s);
    }
    skip_space(s);
    if (!at_end(s))
        return false;
    return geo_is_zero(line[0]) && geo_is_zero(line[1])
               ? bad_line(s->io, "A and B cannot both be zero")
               : true;
}

static bool line_in(const struct type_io *io, const char *text, size_t n, struct datum *out)
{
    struct parse s = parse_of(io, "line", text, n);
    struct point points[2];
    double line[3];
    skip_space(&s);
    if (at(&s, '{')) {
        if (!take_equation(&s, line))
            return false;
    } else {
        if (!fixed_in(io, "line", text, n, true, 2, points))
            return false;
        if (geo_same_point(&points[0], &points[1]))
            return bad_line(io, "must be two distinct points");
        geo_line(&points[0], geo_slope(&points[0], &points[1]), line);
    }
    *out = geo_datum(io->arena, line, 3, false);
    return true;
}

static bool circle_in(const struct type_io *io, const char *text, size_t n, struct datum *out)
{
    struct parse s = parse_of(io, "circle", text, n);
    double circle[3];
    int depth = 0;
    skip_space(&s);
    if (take(&s, '<')) {
        depth = 1;
    } else if (at(&s, '(')) {
        struct parse next = s;
        next.p++;
        skip_space(&next);
        if (at(&next, '(')) {
            depth = 1;
            s = next;
        }
    }
    if (!take_point(&s, (struct point *)circle))
        return false;
    take(&s, ',');
    if (!take_number(&s, &circle[2]))
        return false;
    if (circle[2] < 0)
        return bad(&s);
    for (; depth > 0; depth--) {
        if (!take(&s, ')') && !take(&s, '>'))
            return bad(&s);
        skip_space(&s);
    }
    *out = geo_datum(io->arena, circle, 3, false);
    return at_end(&s);
}

/* NULL with the error set when the text cannot have points. */
static struct point *room_for_points(struct parse *s, uint32_t *n)
{
    *n = count_points(s);
    if (*n > 0 && *n <= GEO_POINTS_MAX)
        return ARENA_ARRAY(s->io->arena, struct point, *n);
    if (*n)
        err_set(s->io->err, ERR_PROGRAM_LIMIT_EXCEEDED, "too many points requested");
    else
        bad(s);
    return NULL;
}

static bool path_in(const struct type_io *io, const char *text, size_t n, struct datum *out)
{
    struct parse s = parse_of(io, "path", text, n);
    uint32_t n_points;
    bool open, wrapped;
    struct point *points = room_for_points(&s, &n_points);
    if (!points)
        return false;
    skip_space(&s);
    wrapped = at(&s, '(') && is_last_parenthesis(&s);
    s.p += wrapped;
    if (!take_points(&s, true, n_points, points, &open))
        return false;
    if (wrapped && !take(&s, ')'))
        return bad(&s);
    if (wrapped)
        skip_space(&s);
    *out = of_points(io->arena, points, n_points, !open);
    return at_end(&s);
}

static bool polygon_in(const struct type_io *io, const char *text, size_t n, struct datum *out)
{
    struct parse s = parse_of(io, "polygon", text, n);
    uint32_t n_points;
    bool open;
    struct point *points = room_for_points(&s, &n_points);
    if (!points || !take_points(&s, false, n_points, points, &open))
        return false;
    *out = of_points(io->arena, points, n_points, true);
    return at_end(&s);
}

/* ---- printing ---- */

static void put_number(const struct type_io *io, double v, struct buf *out)
{
    char text[FLOAT_TEXT_MAX];
    buf_append(out, text,
               float8_print(text, v, io->settings ? io->settings->extra_float_digits : 1));
}

static void put_points(const struct type_io *io, const struct datum *value, const char *around,
                       struct buf *out)
{
    if (around)
        buf_putc(out, around[0]);
    for (uint32_t k = 0; k < geo_n_points(value); k++) {
        buf_puts(out, k ? ",(" : "(");
        put_number(io, geo_points(value)[k].x, out);
        buf_putc(out, ',');
        put_number(io, geo_points(value)[k].y, out);
        buf_putc(out, ')');
    }
    if (around)
        buf_putc(out, around[1]);
}

static bool plain_out(const struct type_io *io, const struct datum *value,
                      struct buf *out) /* point, box */
{
    put_points(io, value, NULL, out);
    return true;
}

static bool lseg_out(const struct type_io *io, const struct datum *value, struct buf *out)
{
    put_points(io, value, "[]", out);
    return true;
}

static bool path_out(const struct type_io *io, const struct datum *value,
                     struct buf *out) /* polygon too */
{
    put_points(io, value, geo_of(value)->closed ? "()" : "[]", out);
    return true;
}

static bool line_out(const struct type_io *io, const struct datum *value, struct buf *out)
{
    for (int k = 0; k < 3; k++) {
        buf_putc(out, k ? ',' : '{');
        put_number(io, geo_of(value)->numbers[k], out);
    }
    buf_putc(out, '}');
    return true;
}

static bool circle_out(const struct type_io *io, const struct datum *value, struct buf *out)
{
    buf_putc(out, '<');
    put_points(io, value, NULL, out);
    buf_putc(out, ',');
    put_number(io, geo_of(value)->numbers[2], out);
    buf_putc(out, '>');
    return true;
}

/* ---- binary form: the numbers; paths and polygons have a count in front, paths a flag before
 * that ---- */

static void put_double(double v, struct buf *out)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof(bits));
    buf_put_u64(out, bits);
}

static bool numbers_send(const struct type_io *io, const struct datum *value, struct buf *out)
{
    for (uint32_t k = 0; k < geo_of(value)->n_numbers; k++)
        put_double(geo_of(value)->numbers[k], out);
    return true;
}

static bool polygon_send(const struct type_io *io, const struct datum *value, struct buf *out)
{
    buf_put_u32(out, geo_n_points(value));
    return numbers_send(io, value, out);
}

static bool path_send(const struct type_io *io, const struct datum *value, struct buf *out)
{
    buf_putc(out, (char)geo_of(value)->closed);
    return polygon_send(io, value, out);
}

static double *read_numbers(const struct type_io *io, const uint8_t *bytes, size_t n,
                            size_t n_numbers)
{
    if (!recv_exact(io, n, n_numbers * sizeof(double)))
        return NULL;
    double *numbers = ARENA_ARRAY(io->arena, double, n_numbers + 1);
    for (size_t k = 0; k < n_numbers; k++) {
        uint64_t bits = get_u64(bytes + 8 * k);
        memcpy(&numbers[k], &bits, sizeof(bits));
    }
    return numbers;
}

static bool numbers_recv(const struct type_io *io, const uint8_t *bytes, size_t n,
                         uint32_t n_numbers, bool closed, struct datum *out)
{
    double *numbers = read_numbers(io, bytes, n, n_numbers);
    if (!numbers)
        return false;
    *out = geo_datum(io->arena, numbers, n_numbers, closed);
    return true;
}

static bool point_recv(const struct type_io *io, const uint8_t *bytes, size_t n, struct datum *out)
{
    return numbers_recv(io, bytes, n, 2, false, out);
}

static bool lseg_recv(const struct type_io *io, const uint8_t *bytes, size_t n, struct datum *out)
{
    return numbers_recv(io, bytes, n, 4, false, out);
}

static bool box_recv(const struct type_io *io, const uint8_t *bytes, size_t n, struct datum *out)
{
    double *numbers = read_numbers(io, bytes, n, 4);
    if (!numbers)
        return false;
    geo_order_box((struct point *)numbers, (struct point *)(numbers + 2));
    *out = geo_datum(io->arena, numbers, 4, false);
    return true;
}

static bool line_recv(const struct type_io *io, const uint8_t *bytes, size_t n, struct datum *out)
{
    double *numbers = read_numbers(io, bytes, n, 3);
    if (!numbers)
        return false;
    if (geo_is_zero(numbers[0]) && geo_is_zero(numbers[1]))
        return err_set(io->err, ERR_INVALID_BINARY_REPRESENTATION,
                       "invalid line specification: A and B cannot both be zero");
    *out = geo_datum(io->arena, numbers, 3, false);
    return true;
}

static bool circle_recv(const struct type_io *io, const uint8_t *bytes, size_t n, struct datum *out)
{
    double *numbers = read_numbers(io, bytes, n, 3);
    if (!numbers)
        return false;
    if (numbers[2] < 0)
        return err_set(io->err, ERR_INVALID_BINARY_REPRESENTATION,
                       "invalid radius in external \"circle\" value");
    *out = geo_datum(io->arena, numbers, 3, false);
    return true;
}

static bool points_recv(const struct type_io *io, const char *name, const uint8_t *bytes, size_t n,
                        bool closed, struct datum *out)
{
    if (n < 4)
        return recv_short(io);
    uint32_t n_points = get_u32(bytes);
    if (n_points == 0 || n_points > GEO_POINTS_MAX)
        return err_set(io->err, ERR_INVALID_BINARY_REPRESENTATION,
                       "invalid number of points in external \"%s\" value", name);
    return numbers_recv(io, bytes + 4, n - 4, 2 * n_points, closed, out);
}

static bool path_recv(const struct type_io *io, const uint8_t *bytes, size_t n, struct datum *out)
{
    return n ? points_recv(io, "path", bytes + 1, n - 1, bytes[0] != 0, out) : recv_short(io);
}

static bool polygon_recv(const struct type_io *io, const uint8_t *bytes, size_t n,
                         struct datum *out)
{
    return points_recv(io, "polygon", bytes, n, true, out);
}

/* For containers that have to compare something: no operator class has it. */
static int geo_cmp(const struct type *type, const struct datum *a, const struct datum *b)
{
    return cmp_bytes(a->p, a->n, b->p, b->n);
}

#define GEO_OPS(type, print, to_wire)                                                              \
    static const struct type_ops type##_ops = {.name = #type,                                      \
                                               .storage = STORAGE_TEXT,                            \
                                               .in = type##_in,                                    \
                                               .out = print,                                       \
                                               .recv = type##_recv,                                \
                                               .send = to_wire,                                    \
                                               .cmp = geo_cmp,                                     \
                                               .store = store_as_text,                             \
                                               .load = load_from_text};
GEO_OPS(point, plain_out, numbers_send)
GEO_OPS(lseg, lseg_out, numbers_send)
GEO_OPS(box, plain_out, numbers_send)
GEO_OPS(line, line_out, numbers_send)
GEO_OPS(circle, circle_out, numbers_send)
GEO_OPS(path, path_out, path_send)
GEO_OPS(polygon, path_out, polygon_send)

const struct type_ops_entry geo_type_ops[] = {
    {TYPE_POINT, &point_ops},     {TYPE_LSEG, &lseg_ops},
    {TYPE_BOX, &box_ops},         {TYPE_LINE, &line_ops},
    {TYPE_CIRCLE, &circle_ops},   {TYPE_PATH, &path_ops},
    {TYPE_POLYGON, &polygon_ops}, {0, NULL},
};
