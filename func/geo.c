/* geo.c - functions and operators of point, lseg, line and box.  Paths, polygons and circles are
 * in geo_shape.c. */
#include <math.h>

#include "func/geo_int.h"
#include "func/registry.h"
#include "types/key.h"

/* ---- points ---- */

static bool checked(struct fcall *c, struct point a, struct point b, const struct point *out)
{
    bool was_finite = isfinite(a.x) && isfinite(a.y) && isfinite(b.x) && isfinite(b.y);
    if (was_finite && (isinf(out->x) || isinf(out->y)))
        return err_set(c->err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "value out of range: overflow");
    return true;
}

bool point_plus(struct fcall *c, struct point a, struct point b, struct point *out)
{
    *out = (struct point){a.x + b.x, a.y + b.y};
    return checked(c, a, b, out);
}

bool point_minus(struct fcall *c, struct point a, struct point b, struct point *out)
{
    *out = (struct point){a.x - b.x, a.y - b.y};
    return checked(c, a, b, out);
}

bool point_times(struct fcall *c, struct point a, struct point b, struct point *out)
{
    *out = (struct point){a.x * b.x - a.y * b.y, a.x * b.y + a.y * b.x};
    return checked(c, a, b, out);
}

bool point_over(struct fcall *c, struct point a, struct point b, struct point *out)
{
    double square = b.x * b.x + b.y * b.y;
    if (square == 0)
        return err_set(c->err, ERR_DIVISION_BY_ZERO, "division by zero");
    *out = (struct point){(a.x * b.x + a.y * b.y) / square, (a.y * b.x - a.x * b.y) / square};
    return checked(c, a, b, out);
}

static bool on_points(struct fcall *c, point_fn *fn)
{
    struct point result;
    return fn(c, *point_arg(c, 0), *point_arg(c, 1), &result) && return_point(c, result);
}
static bool point_add(struct fcall *c)
{
    return on_points(c, point_plus);
}
static bool point_sub(struct fcall *c)
{
    return on_points(c, point_minus);
}
static bool point_mul(struct fcall *c)
{
    return on_points(c, point_times);
}
static bool point_div(struct fcall *c)
{
    return on_points(c, point_over);
}

static bool construct_point(struct fcall *c)
{
    return return_point(c, (struct point){ARG_F(c, 0), ARG_F(c, 1)});
}

GEO_BOOL(point_eq, geo_same_point(point_arg(c, 0), point_arg(c, 1)))
GEO_BOOL(point_ne, !geo_same_point(point_arg(c, 0), point_arg(c, 1)))
GEO_BOOL(point_left, geo_lt(point_arg(c, 0)->x, point_arg(c, 1)->x))
GEO_BOOL(point_right, geo_lt(point_arg(c, 1)->x, point_arg(c, 0)->x))
GEO_BOOL(point_below, geo_lt(point_arg(c, 0)->y, point_arg(c, 1)->y))
GEO_BOOL(point_above, geo_lt(point_arg(c, 1)->y, point_arg(c, 0)->y))
GEO_BOOL(point_vert, geo_equal(point_arg(c, 0)->x, point_arg(c, 1)->x))
GEO_BOOL(point_horiz, geo_equal(point_arg(c, 0)->y, point_arg(c, 1)->y))
GEO_NUMBER(points_apart, point_distance(point_arg(c, 0), point_arg(c, 1)))
GEO_NUMBER(point_slope, geo_slope(point_arg(c, 0), point_arg(c, 1)))

/* ---- line segments ---- */

static double slope_of(const struct lseg *lseg)
{
    return geo_slope(&lseg->p[0], &lseg->p[1]);
}
static double lseg_size(const struct fcall *c, int k)
{
    return point_distance(&lseg_arg(c, k)->p[0], &lseg_arg(c, k)->p[1]);
}

static bool lseg_construct(struct fcall *c)
{
    struct point ends[2] = {*point_arg(c, 0), *point_arg(c, 1)};
    return return_points(c, ends, 2, false);
}

static bool same_lsegs(const struct fcall *c)
{
    const struct lseg *a = lseg_arg(c, 0), *b = lseg_arg(c, 1);
    return geo_same_point(&a->p[0], &b->p[0]) && geo_same_point(&a->p[1], &b->p[1]);
}

static bool lseg_perp(struct fcall *c)
{
    const struct lseg *b = lseg_arg(c, 1);
    return return_bool(c, geo_equal(slope_of(lseg_arg(c, 0)), normal_slope(&b->p[0], &b->p[1])));
}

static bool lseg_center(struct fcall *c)
{
    const struct lseg *s = lseg_arg(c, 0);
    return return_point(c,
                        (struct point){(s->p[0].x + s->p[1].x) / 2, (s->p[0].y + s->p[1].y) / 2});
}

static bool lseg_interpt(struct fcall *c)
{
    struct point at;
    return lsegs_meet(lseg_arg(c, 0), lseg_arg(c, 1), &at) ? return_point(c, at) : return_null(c);
}

GEO_BOOL(lseg_eq, same_lsegs(c))
GEO_BOOL(lseg_ne, !same_lsegs(c))
GEO_SIZES(lseg, lseg_size)
GEO_NUMBER(lseg_length, lseg_size(c, 0))
GEO_NUMBER(lseg_distance, lseg_to_lseg(lseg_arg(c, 0), lseg_arg(c, 1), NULL))
GEO_BOOL(lseg_intersect, lsegs_meet(lseg_arg(c, 0), lseg_arg(c, 1), NULL))
GEO_BOOL(lseg_parallel, geo_equal(slope_of(lseg_arg(c, 0)), slope_of(lseg_arg(c, 1))))
GEO_BOOL(lseg_vertical, geo_equal(lseg_arg(c, 0)->p[0].x, lseg_arg(c, 0)->p[1].x))
GEO_BOOL(lseg_horizontal, geo_equal(lseg_arg(c, 0)->p[0].y, lseg_arg(c, 0)->p[1].y))

/* ---- lines ---- */

static bool line_construct(struct fcall *c)
{
    double numbers[3];
    const struct point *a = point_arg(c, 0), *b = point_arg(c, 1);
    if (geo_same_point(a, b))
        return err_set(c->err, ERR_INVALID_PARAMETER_VALUE,
                       "invalid line specification: must be two distinct points");
    geo_line(a, geo_slope(a, b), numbers);
    c->result = geo_datum(c->arena, numbers, 3, false);
    return true;
}

/* What the coefficients of `a` are multiples of those of `b` by. */
static double ratio_of(const struct line *a, const struct line *b)
{
    return !geo_is_zero(b->a)   ? a->a / b->a
           : !geo_is_zero(b->b) ? a->b / b->b
           : !geo_is_zero(b->c) ? a->c / b->c
                                : 1;
}

static bool same_lines(const struct fcall *c)
{
    const struct line *a = line_arg(c, 0), *b = line_arg(c, 1);
    const double *x = &a->a, *y = &b->a;
    if (isnan(a->a) || isnan(a->b) || isnan(a->c) || isnan(b->a) || isnan(b->b) || isnan(b->c))
        return cmp_f64(x[0], y[0]) == 0 && cmp_f64(a->b, b->b) == 0 && cmp_f64(a->c, b->c) == 0;
    double ratio = ratio_of(a, b);
    return geo_equal(a->a, ratio * b->a) && geo_equal(a->b, ratio * b->b) &&
           geo_equal(a->c, ratio * b->c);
}

static bool perpendicular(const struct line *a, const struct line *b)
{
    if (geo_is_zero(a->a))
        return geo_is_zero(b->b);
    if (geo_is_zero(b->a))
        return geo_is_zero(a->b);
    if (geo_is_zero(a->b))
        return geo_is_zero(b->a);
    if (geo_is_zero(b->b))
        return geo_is_zero(a->a);
    return geo_equal(a->a * b->a / (a->b * b->b), -1);
}

static double between_lines(const struct line *a, const struct line *b)
{
    if (lines_meet(a, b, NULL))
        return 0;
    double ratio = !geo_is_zero(a->a) && !geo_is_zero(b->a)   ? a->a / b->a
                   : !geo_is_zero(a->b) && !geo_is_zero(b->b) ? a->b / b->b
                                                              : 1;
    return fabs(a->c - ratio * b->c) / geo_hypot(a->a, a->b);
}

static bool line_interpt(struct fcall *c)
{
    struct point at;
    return lines_meet(line_arg(c, 0), line_arg(c, 1), &at) ? return_point(c, at) : return_null(c);
}

GEO_BOOL(line_eq, same_lines(c))
GEO_BOOL(line_intersect, lines_meet(line_arg(c, 0), line_arg(c, 1), NULL))
GEO_BOOL(line_parallel, !lines_meet(line_arg(c, 0), line_arg(c, 1), NULL))
GEO_BOOL(line_perp, perpendicular(line_arg(c, 0), line_arg(c, 1)))
GEO_BOOL(line_vertical, geo_is_zero(line_arg(c, 0)->b))
GEO_BOOL(line_horizontal, geo_is_zero(line_arg(c, 0)->a))
GEO_NUMBER(line_distance, between_lines(line_arg(c, 0), line_arg(c, 1)))

/* ---- boxes ---- */

static struct point center_of(const struct box *box)
{
    return (struct point){(box->high.x + box->low.x) / 2, (box->high.y + box->low.y) / 2};
}
static double box_size(const struct fcall *c, int k)
{
    const struct box *box = box_arg(c, k);
    return (box->high.x - box->low.x) * (box->high.y - box->low.y);
}
static bool box_holds(const struct box *a, const struct box *b)
{
    return geo_le(b->high.x, a->high.x) && geo_le(a->low.x, b->low.x) &&
           geo_le(b->high.y, a->high.y) && geo_le(a->low.y, b->low.y);
}

static bool points_box(struct fcall *c)
{
    return return_box(c, *point_arg(c, 0), *point_arg(c, 1));
}
static bool point_box(struct fcall *c)
{
    return return_box(c, *point_arg(c, 0), *point_arg(c, 0));
}

static bool boxes_bound_box(struct fcall *c)
{
    const struct box *a = box_arg(c, 0), *b = box_arg(c, 1);
    struct point high = {fmax(a->high.x, b->high.x), fmax(a->high.y, b->high.y)},
                 low = {fmin(a->low.x, b->low.x), fmin(a->low.y, b->low.y)};
    return return_box(c, high, low);
}

static bool box_intersect(struct fcall *c)
{
    const struct box *a = box_arg(c, 0), *b = box_arg(c, 1);
    if (!boxes_overlap(a, b))
        return return_null(c);
    struct point corners[2] = {{fmin(a->high.x, b->high.x), fmin(a->high.y, b->high.y)},
                               {fmax(a->low.x, b->low.x), fmax(a->low.y, b->low.y)}};
    return return_points(c, corners, 2, false);
}

static bool box_same(struct fcall *c)
{
    const struct box *a = box_arg(c, 0), *b = box_arg(c, 1);
    return return_bool(c, geo_same_point(&a->high, &b->high) && geo_same_point(&a->low, &b->low));
}

static bool box_center(struct fcall *c)
{
    return return_point(c, center_of(box_arg(c, 0)));
}
static bool box_diagonal(struct fcall *c)
{
    return return_points(c, &box_arg(c, 0)->high, 2, false);
}
static bool box_distance(struct fcall *c)
{
    struct point a = center_of(box_arg(c, 0)), b = center_of(box_arg(c, 1));
    return return_float(c, point_distance(&a, &b));
}

static bool move_box(struct fcall *c, point_fn *fn)
{
    struct point high, low;
    return fn(c, box_arg(c, 0)->high, *point_arg(c, 1), &high) &&
           fn(c, box_arg(c, 0)->low, *point_arg(c, 1), &low) && return_box(c, high, low);
}
static bool box_add(struct fcall *c)
{
    return move_box(c, point_plus);
}
static bool box_sub(struct fcall *c)
{
    return move_box(c, point_minus);
}
static bool box_mul(struct fcall *c)
{
    return move_box(c, point_times);
}
static bool box_div(struct fcall *c)
{
    return move_box(c, point_over);
}

GEO_SIZES(box, box_size)
GEO_BOOL(box_eq, geo_equal(box_size(c, 0), box_size(c, 1)))
GEO_NUMBER(box_area, box_size(c, 0))
GEO_NUMBER(box_width, box_arg(c, 0)->high.x - box_arg(c, 0)->low.x)
GEO_NUMBER(box_height, box_arg(c, 0)->high.y - box_arg(c, 0)->low.y)
GEO_BOOL(box_overlap, boxes_overlap(box_arg(c, 0), box_arg(c, 1)))
GEO_BOOL(box_contain, box_holds(box_arg(c, 0), box_arg(c, 1)))
GEO_BOOL(box_contained, box_holds(box_arg(c, 1), box_arg(c, 0)))
GEO_BOOL(box_left, geo_lt(box_arg(c, 0)->high.x, box_arg(c, 1)->low.x))
GEO_BOOL(box_overleft, geo_le(box_arg(c, 0)->high.x, box_arg(c, 1)->high.x))
GEO_BOOL(box_right, geo_lt(box_arg(c, 1)->high.x, box_arg(c, 0)->low.x))
GEO_BOOL(box_overright, geo_le(box_arg(c, 1)->low.x, box_arg(c, 0)->low.x))
GEO_BOOL(box_below, geo_lt(box_arg(c, 0)->high.y, box_arg(c, 1)->low.y))
GEO_BOOL(box_overbelow, geo_le(box_arg(c, 0)->high.y, box_arg(c, 1)->high.y))
GEO_BOOL(box_above, geo_lt(box_arg(c, 1)->high.y, box_arg(c, 0)->low.y))
GEO_BOOL(box_overabove, geo_le(box_arg(c, 1)->low.y, box_arg(c, 0)->low.y))
GEO_BOOL(box_below_eq, geo_le(box_arg(c, 0)->high.y, box_arg(c, 1)->low.y))
GEO_BOOL(box_above_eq, geo_le(box_arg(c, 1)->high.y, box_arg(c, 0)->low.y))

/* ---- one kind and another: on, meets, how far, where closest ---- */

static bool lies_on_line(const struct lseg *lseg, const struct line *line)
{
    return line_has_point(line, &lseg->p[0]) && line_has_point(line, &lseg->p[1]);
}
static bool lies_in_box(const struct lseg *lseg, const struct box *box)
{
    return box_has_point(box, &lseg->p[0]) && box_has_point(box, &lseg->p[1]);
}

GEO_BOOL(on_pl, line_has_point(line_arg(c, 1), point_arg(c, 0)))
GEO_BOOL(on_ps, lseg_has_point(lseg_arg(c, 1), point_arg(c, 0)))
GEO_BOOL(on_pb, box_has_point(box_arg(c, 1), point_arg(c, 0)))
GEO_BOOL(on_sl, lies_on_line(lseg_arg(c, 0), line_arg(c, 1)))
GEO_BOOL(on_sb, lies_in_box(lseg_arg(c, 0), box_arg(c, 1)))
GEO_BOOL(box_contain_pt, box_has_point(box_arg(c, 0), point_arg(c, 1)))
GEO_BOOL(inter_sl, lseg_meets_line(lseg_arg(c, 0), line_arg(c, 1), NULL))
GEO_BOOL(inter_sb, box_meets_lseg(box_arg(c, 1), lseg_arg(c, 0), NULL))
GEO_BOOL(inter_lb, box_meets_line(box_arg(c, 1), line_arg(c, 0)))
GEO_NUMBER(dist_pl, line_to_point(line_arg(c, 1), point_arg(c, 0), NULL))
GEO_NUMBER(dist_lp, line_to_point(line_arg(c, 0), point_arg(c, 1), NULL))
GEO_NUMBER(dist_ps, lseg_to_point(lseg_arg(c, 1), point_arg(c, 0), NULL))
GEO_NUMBER(dist_sp, lseg_to_point(lseg_arg(c, 0), point_arg(c, 1), NULL))
GEO_NUMBER(dist_pb, box_to_point(box_arg(c, 1), point_arg(c, 0), NULL))
GEO_NUMBER(dist_bp, box_to_point(box_arg(c, 0), point_arg(c, 1), NULL))
GEO_NUMBER(dist_sl, lseg_to_line(lseg_arg(c, 0), line_arg(c, 1), NULL))
GEO_NUMBER(dist_ls, lseg_to_line(lseg_arg(c, 1), line_arg(c, 0), NULL))
GEO_NUMBER(dist_sb, box_to_lseg(box_arg(c, 1), lseg_arg(c, 0), NULL))
GEO_NUMBER(dist_bs, box_to_lseg(box_arg(c, 0), lseg_arg(c, 1), NULL))

static bool return_closest(struct fcall *c, double distance, struct point at)
{
    return isnan(distance) ? return_null(c) : return_point(c, at);
}

static bool close_pl(struct fcall *c)
{
    struct point at;
    double distance = line_to_point(line_arg(c, 1), point_arg(c, 0), &at);
    return return_closest(c, distance, at);
}
static bool close_ps(struct fcall *c)
{
    struct point at;
    double distance = lseg_to_point(lseg_arg(c, 1), point_arg(c, 0), &at);
    return return_closest(c, distance, at);
}
static bool close_pb(struct fcall *c)
{
    struct point at;
    double distance = box_to_point(box_arg(c, 1), point_arg(c, 0), &at);
    return return_closest(c, distance, at);
}
static bool close_sb(struct fcall *c)
{
    struct point at;
    double distance = box_to_lseg(box_arg(c, 1), lseg_arg(c, 0), &at);
    return return_closest(c, distance, at);
}

/* Parallel ones have no closest point. */
static bool close_ls(struct fcall *c)
{
    struct point at;
    if (slope_of(lseg_arg(c, 1)) == line_slope(line_arg(c, 0)))
        return return_null(c);
    double distance = lseg_to_line(lseg_arg(c, 1), line_arg(c, 0), &at);
    return return_closest(c, distance, at);
}
static bool close_lseg(struct fcall *c)
{
    struct point at;
    if (slope_of(lseg_arg(c, 0)) == slope_of(lseg_arg(c, 1)))
        return return_null(c);
    double distance = lseg_to_lseg(lseg_arg(c, 1), lseg_arg(c, 0), &at);
    return return_closest(c, distance, at);
}

#define GEO(name)                                                                                  \
    {                                                                                              \
#name, name                                                                                \
    }

FUNC_TABLE(geo_funcs) = {
    GEO(point_add),
    GEO(point_sub),
    GEO(point_mul),
    GEO(point_div),
    GEO(construct_point),
    GEO(point_eq),
    GEO(point_ne),
    GEO(point_left),
    GEO(point_right),
    GEO(point_below),
    GEO(point_above),
    GEO(point_vert),
    GEO(point_horiz),
    GEO(point_slope),
    {"point_distance", points_apart},

    GEO(lseg_construct),
    GEO(lseg_eq),
    GEO(lseg_ne),
    GEO(lseg_lt),
    GEO(lseg_le),
    GEO(lseg_gt),
    GEO(lseg_ge),
    GEO(lseg_length),
    GEO(lseg_distance),
    GEO(lseg_center),
    GEO(lseg_intersect),
    GEO(lseg_interpt),
    GEO(lseg_parallel),
    GEO(lseg_perp),
    GEO(lseg_vertical),
    GEO(lseg_horizontal),

    {"line_construct_pp", line_construct},
    GEO(line_eq),
    GEO(line_intersect),
    GEO(line_interpt),
    GEO(line_parallel),
    GEO(line_perp),
    GEO(line_vertical),
    GEO(line_horizontal),
    GEO(line_distance),

    GEO(points_box),
    GEO(point_box),
    GEO(boxes_bound_box),
    GEO(box_intersect),
    GEO(box_same),
    GEO(box_center),
    GEO(box_diagonal),
    GEO(box_distance),
    GEO(box_add),
    GEO(box_sub),
    GEO(box_mul),
    GEO(box_div),
    GEO(box_lt),
    GEO(box_le),
    GEO(box_gt),
    GEO(box_ge),
    GEO(box_eq),
    GEO(box_area),
    GEO(box_width),
    GEO(box_height),
    GEO(box_overlap),
    GEO(box_contain),
    GEO(box_contained),
    GEO(box_left),
    GEO(box_overleft),
    GEO(box_right),
    GEO(box_overright),
    GEO(box_below),
    GEO(box_overbelow),
    GEO(box_above),
    GEO(box_overabove),
    GEO(box_below_eq),
    GEO(box_above_eq),

    GEO(on_pl),
    GEO(on_ps),
    GEO(on_pb),
    GEO(on_sl),
    GEO(on_sb),
    GEO(box_contain_pt),
    GEO(inter_sl),
    GEO(inter_sb),
    GEO(inter_lb),
    GEO(dist_pl),
    GEO(dist_lp),
    GEO(dist_ps),
    GEO(dist_sp),
    GEO(dist_pb),
    GEO(dist_bp),
    GEO(dist_sl),
    GEO(dist_ls),
    GEO(dist_sb),
    GEO(dist_bs),
    GEO(close_pl),
    GEO(close_ps),
    GEO(close_pb),
    GEO(close_sb),
    GEO(close_ls),
    GEO(close_lseg),
    {NULL, NULL},
};
