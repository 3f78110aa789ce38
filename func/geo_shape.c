/* geo_shape.c - functions and operators of path, polygon and circle. */
#include <math.h>
#include <string.h>

#include "func/geo_int.h"
#include "func/registry.h"
#include "types/key.h"

/* ---- paths ---- */

static bool is_closed(const struct fcall *c, int k)
{
    return geo_of(&c->args[k])->closed;
}
static uint32_t n_points(const struct fcall *c, int k)
{
    return geo_n_points(&c->args[k]);
}

static bool path_npoints(struct fcall *c)
{
    return return_int(c, n_points(c, 0));
}

static bool path_length(struct fcall *c)
{
    struct outline path = outline_arg(c, 0);
    double length = 0;
    for (uint32_t k = 0; k < outline_n_edges(&path); k++) {
        struct lseg edge = outline_edge(&path, k);
        length += point_distance(&edge.p[0], &edge.p[1]);
    }
    return return_float(c, length);
}

static bool path_area(struct fcall *c)
{
    struct outline path = outline_arg(c, 0);
    double area = 0;
    if (!path.closed)
        return return_null(c);
    for (uint32_t k = 0; k < path.n; k++) {
        const struct point *a = &path.points[k], *b = &path.points[(k + 1) % path.n];
        area += a->x * b->y;
        area -= a->y * b->x;
    }
    return return_float(c, fabs(area) / 2);
}

static bool with_closed(struct fcall *c, bool closed)
{
    return return_points(c, geo_points(&c->args[0]), n_points(c, 0), closed);
}
static bool path_close(struct fcall *c)
{
    return with_closed(c, true);
}
static bool path_open(struct fcall *c)
{
    return with_closed(c, false);
}

static bool path_poly(struct fcall *c)
{
    if (!is_closed(c, 0))
        return err_set(c->err, ERR_INVALID_PARAMETER_VALUE,
                       "open path cannot be converted to polygon");
    return with_closed(c, true);
}

static bool path_add(struct fcall *c)
{
    uint32_t n_a = n_points(c, 0), n_b = n_points(c, 1);
    if (is_closed(c, 0) || is_closed(c, 1))
        return return_null(c);
    struct point *points = ARENA_ARRAY(c->arena, struct point, (size_t)n_a + n_b);
    memcpy(points, geo_points(&c->args[0]), n_a * sizeof(points[0]));
    memcpy(points + n_a, geo_points(&c->args[1]), n_b * sizeof(points[0]));
    return return_points(c, points, n_a + n_b, false);
}

static bool move_path(struct fcall *c, point_fn *fn)
{
    uint32_t n = n_points(c, 0);
    struct point *points = ARENA_ARRAY(c->arena, struct point, n);
    for (uint32_t k = 0; k < n; k++)
        if (!fn(c, geo_points(&c->args[0])[k], *point_arg(c, 1), &points[k]))
            return false;
    return return_points(c, points, n, is_closed(c, 0));
}
static bool path_add_pt(struct fcall *c)
{
    return move_path(c, point_plus);
}
static bool path_sub_pt(struct fcall *c)
{
    return move_path(c, point_minus);
}
static bool path_mul_pt(struct fcall *c)
{
    return move_path(c, point_times);
}
static bool path_div_pt(struct fcall *c)
{
    return move_path(c, point_over);
}

static bool path_touches(const struct fcall *c, int path_index, int point_index)
{
    struct outline path = outline_arg(c, path_index);
    if (path.closed)
        return outline_inside(&path, point_arg(c, point_index)) != OUTSIDE;
    for (uint32_t k = 0; k < outline_n_edges(&path); k++) {
        struct lseg edge = outline_edge(&path, k);
        if (lseg_has_point(&edge, point_arg(c, point_index)))
            return true;
    }
    return false;
}

static bool path_inter(struct fcall *c)
{
    struct outline a = outline_arg(c, 0), b = outline_arg(c, 1);
    struct box bounds_a = outline_bounds(&a), bounds_b = outline_bounds(&b);
    return return_bool(c, boxes_overlap(&bounds_a, &bounds_b) && outlines_meet(&a, &b));
}

static bool path_distance(struct fcall *c)
{
    struct outline a = outline_arg(c, 0), b = outline_arg(c, 1);
    double distance = outline_to_outline(&a, &b);
    return distance < 0 ? return_null(c) : return_float(c, distance);
}

static double from_outline(const struct fcall *c, int outline_index, int point_index)
{
    struct outline outline = outline_arg(c, outline_index);
    return outline_to_point(&outline, point_arg(c, point_index));
}

GEO_BOOL(path_isclosed, is_closed(c, 0))
GEO_BOOL(path_isopen, !is_closed(c, 0))
GEO_BOOL(path_n_lt, n_points(c, 0) < n_points(c, 1))
GEO_BOOL(path_n_le, n_points(c, 0) <= n_points(c, 1))
GEO_BOOL(path_n_gt, n_points(c, 0) > n_points(c, 1))
GEO_BOOL(path_n_ge, n_points(c, 0) >= n_points(c, 1))
GEO_BOOL(path_n_eq, n_points(c, 0) == n_points(c, 1))
GEO_BOOL(on_ppath, path_touches(c, 1, 0))
GEO_BOOL(path_contain_pt, path_touches(c, 0, 1))
GEO_NUMBER(dist_ppath, from_outline(c, 1, 0))
GEO_NUMBER(dist_pathp, from_outline(c, 0, 1))

/* ---- polygons ---- */

static struct box bounds(const struct fcall *c, int k)
{
    struct outline polygon = outline_arg(c, k);
    return outline_bounds(&polygon);
}

static bool box_poly(struct fcall *c)
{
    const struct box *b = box_arg(c, 0);
    struct point corners[4] = {b->low, {b->low.x, b->high.y}, b->high, {b->high.x, b->low.y}};
    return return_points(c, corners, 4, true);
}

static bool poly_box(struct fcall *c)
{
    struct box box = bounds(c, 0);
    return return_box(c, box.high, box.low);
}

/* The mean of the corners, and of their distances from it. */
static struct circle circle_of(const struct fcall *c)
{
    struct outline polygon = outline_arg(c, 0);
    struct circle circle = {{0, 0}, 0};
    for (uint32_t k = 0; k < polygon.n; k++) {
        circle.center.x += polygon.points[k].x;
        circle.center.y += polygon.points[k].y;
    }
    circle.center.x /= polygon.n;
    circle.center.y /= polygon.n;
    for (uint32_t k = 0; k < polygon.n; k++)
        circle.radius += point_distance(&polygon.points[k], &circle.center);
    circle.radius /= polygon.n;
    return circle;
}

static bool poly_center(struct fcall *c)
{
    return return_point(c, circle_of(c).center);
}
static bool poly_circle(struct fcall *c)
{
    struct circle circle = circle_of(c);
    return return_circle(c, circle.center, circle.radius);
}

/* The same points from any start, in either direction. */
static bool same_outlines(const struct outline *a, const struct outline *b)
{
    for (uint32_t start = 0; a->n == b->n && start < b->n; start++) {
        if (!geo_same_point(&a->points[0], &b->points[start]))
            continue;
        uint32_t forward = 1, backward = 1;
        while (forward < a->n &&
               geo_same_point(&a->points[forward], &b->points[(start + forward) % b->n]))
            forward++;
        while (backward < a->n &&
               geo_same_point(&a->points[backward], &b->points[(start + b->n - backward) % b->n]))
            backward++;
        if (forward == a->n || backward == a->n)
            return true;
    }
    return false;
}

static bool overlap(const struct fcall *c)
{
    struct outline a = outline_arg(c, 0), b = outline_arg(c, 1);
    struct box bounds_a = outline_bounds(&a), bounds_b = outline_bounds(&b);
    return boxes_overlap(&bounds_a, &bounds_b) &&
           (outlines_meet(&a, &b) || outline_inside(&b, &a.points[0]) != OUTSIDE ||
            outline_inside(&a, &b.points[0]) != OUTSIDE);
}

static bool poly_same(struct fcall *c)
{
    struct outline a = outline_arg(c, 0), b = outline_arg(c, 1);
    return return_bool(c, same_outlines(&a, &b));
}

static bool covers(const struct fcall *c, int outer_index, int inner_index)
{
    struct outline outer = outline_arg(c, outer_index), inner = outline_arg(c, inner_index);
    return outline_covers(&outer, &inner);
}

static bool poly_distance(struct fcall *c)
{
    struct outline a = outline_arg(c, 0), b = outline_arg(c, 1);
    return return_float(c, overlap(c) ? 0 : outline_to_outline(&a, &b));
}

static bool has_inside(const struct fcall *c, int polygon_index, int point_index)
{
    struct outline polygon = outline_arg(c, polygon_index);
    return outline_inside(&polygon, point_arg(c, point_index)) != OUTSIDE;
}
static double polygon_to_point(const struct fcall *c, int polygon_index, const struct point *p)
{
    struct outline polygon = outline_arg(c, polygon_index);
    return outline_inside(&polygon, p) != OUTSIDE ? 0 : outline_to_point(&polygon, p);
}

GEO_BOOL(poly_overlap, overlap(c))
GEO_BOOL(poly_contain, covers(c, 0, 1))
GEO_BOOL(poly_contained, covers(c, 1, 0))
GEO_BOOL(poly_contain_pt, has_inside(c, 0, 1))
GEO_BOOL(pt_contained_poly, has_inside(c, 1, 0))
GEO_BOOL(poly_left, bounds(c, 0).high.x < bounds(c, 1).low.x)
GEO_BOOL(poly_overleft, bounds(c, 0).high.x <= bounds(c, 1).high.x)
GEO_BOOL(poly_right, bounds(c, 0).low.x > bounds(c, 1).high.x)
GEO_BOOL(poly_overright, bounds(c, 0).low.x >= bounds(c, 1).low.x)
GEO_BOOL(poly_below, bounds(c, 0).high.y < bounds(c, 1).low.y)
GEO_BOOL(poly_overbelow, bounds(c, 0).high.y <= bounds(c, 1).high.y)
GEO_BOOL(poly_above, bounds(c, 0).low.y > bounds(c, 1).high.y)
GEO_BOOL(poly_overabove, bounds(c, 0).low.y >= bounds(c, 1).low.y)
GEO_NUMBER(dist_ppoly, polygon_to_point(c, 1, point_arg(c, 0)))
GEO_NUMBER(dist_polyp, polygon_to_point(c, 0, point_arg(c, 1)))

/* ---- circles ---- */

static double circle_size(const struct fcall *c, int k)
{
    return circle_arg(c, k)->radius * circle_arg(c, k)->radius * M_PI;
}
static double centers_apart(const struct fcall *c)
{
    return point_distance(&circle_arg(c, 0)->center, &circle_arg(c, 1)->center);
}
static double at_least_zero(double v)
{
    return v < 0 ? 0 : v;
}

static bool cr_circle(struct fcall *c)
{
    return return_circle(c, *point_arg(c, 0), ARG_F(c, 1));
}
static bool circle_center(struct fcall *c)
{
    return return_point(c, circle_arg(c, 0)->center);
}

static bool circle_same(struct fcall *c)
{
    const struct circle *a = circle_arg(c, 0), *b = circle_arg(c, 1);
    bool same_radius = (isnan(a->radius) && isnan(b->radius)) || geo_equal(a->radius, b->radius);
    return return_bool(c, same_radius && geo_same_point(&a->center, &b->center));
}

static bool circle_add_pt(struct fcall *c)
{
    struct point center;
    return point_plus(c, circle_arg(c, 0)->center, *point_arg(c, 1), &center) &&
           return_circle(c, center, circle_arg(c, 0)->radius);
}
static bool circle_sub_pt(struct fcall *c)
{
    struct point center;
    return point_minus(c, circle_arg(c, 0)->center, *point_arg(c, 1), &center) &&
           return_circle(c, center, circle_arg(c, 0)->radius);
}
static bool circle_mul_pt(struct fcall *c)
{
    struct point center;
    const struct point *by = point_arg(c, 1);
    return point_times(c, circle_arg(c, 0)->center, *by, &center) &&
           return_circle(c, center, circle_arg(c, 0)->radius * geo_hypot(by->x, by->y));
}
static bool circle_div_pt(struct fcall *c)
{
    struct point center;
    const struct point *by = point_arg(c, 1);
    return point_over(c, circle_arg(c, 0)->center, *by, &center) &&
           return_circle(c, center, circle_arg(c, 0)->radius / geo_hypot(by->x, by->y));
}

/* The square inside. */
static bool circle_box(struct fcall *c)
{
    const struct circle *v = circle_arg(c, 0);
    double half = v->radius / sqrt(2.0);
    struct point corners[2] = {{v->center.x + half, v->center.y + half},
                               {v->center.x - half, v->center.y - half}};
    return return_points(c, corners, 2, false);
}

/* The circle through the corners. */
static bool box_circle(struct fcall *c)
{
    const struct box *box = box_arg(c, 0);
    struct point center = {(box->high.x + box->low.x) / 2, (box->high.y + box->low.y) / 2};
    return return_circle(c, center, point_distance(&center, &box->high));
}

static bool to_polygon(struct fcall *c, const struct circle *circle, int64_t n)
{
    if (geo_is_zero(circle->radius))
        return err_set(c->err, ERR_FEATURE_NOT_SUPPORTED,
                       "cannot convert circle with radius zero to polygon");
    if (n < 2)
        return err_set(c->err, ERR_INVALID_PARAMETER_VALUE, "must request at least 2 points");
    if (n > GEO_POINTS_MAX)
        return err_set(c->err, ERR_PROGRAM_LIMIT_EXCEEDED, "too many points requested");
    struct point *points = ARENA_ARRAY(c->arena, struct point, n);
    double step = 2.0 * M_PI / (double)n;
    for (int64_t k = 0; k < n; k++) {
        double angle = step * (double)k;
        points[k].x = circle->center.x - circle->radius * cos(angle);
        points[k].y = circle->center.y + circle->radius * sin(angle);
    }
    return return_points(c, points, (uint32_t)n, true);
}
static bool circle_poly(struct fcall *c)
{
    return to_polygon(c, circle_arg(c, 1), ARG_I(c, 0));
}
static bool circle_poly_12(struct fcall *c)
{
    if (to_polygon(c, circle_arg(c, 0), 12))
        return true;
    c->err->where = "SQL function \"polygon\" statement 1"; /* which it is in PostgreSQL */
    return false;
}

static double edge(const struct fcall *c, int k, bool vertical,
                   int sign) /* the outermost place in one direction */
{
    const struct circle *v = circle_arg(c, k);
    return (vertical ? v->center.y : v->center.x) + sign * v->radius;
}
static bool circle_has(const struct circle *circle, const struct point *p)
{
    return point_distance(&circle->center, p) <= circle->radius;
}

GEO_SIZES(circle, circle_size)
GEO_BOOL(circle_eq, geo_equal(circle_size(c, 0), circle_size(c, 1)))
GEO_BOOL(circle_ne, !geo_equal(circle_size(c, 0), circle_size(c, 1)))
GEO_NUMBER(circle_area, circle_size(c, 0))
GEO_NUMBER(circle_radius, circle_arg(c, 0)->radius)
GEO_NUMBER(circle_diameter, 2 * circle_arg(c, 0)->radius)
GEO_BOOL(circle_overlap,
         geo_le(centers_apart(c), circle_arg(c, 0)->radius + circle_arg(c, 1)->radius))
GEO_BOOL(circle_contain,
         geo_le(centers_apart(c), circle_arg(c, 0)->radius - circle_arg(c, 1)->radius))
GEO_BOOL(circle_contained,
         geo_le(centers_apart(c), circle_arg(c, 1)->radius - circle_arg(c, 0)->radius))
GEO_BOOL(circle_left, geo_lt(edge(c, 0, false, 1), edge(c, 1, false, -1)))
GEO_BOOL(circle_overleft, geo_le(edge(c, 0, false, 1), edge(c, 1, false, 1)))
GEO_BOOL(circle_right, geo_lt(edge(c, 1, false, 1), edge(c, 0, false, -1)))
GEO_BOOL(circle_overright, geo_le(edge(c, 1, false, -1), edge(c, 0, false, -1)))
GEO_BOOL(circle_below, geo_lt(edge(c, 0, true, 1), edge(c, 1, true, -1)))
GEO_BOOL(circle_overbelow, geo_le(edge(c, 0, true, 1), edge(c, 1, true, 1)))
GEO_BOOL(circle_above, geo_lt(edge(c, 1, true, 1), edge(c, 0, true, -1)))
GEO_BOOL(circle_overabove, geo_le(edge(c, 1, true, -1), edge(c, 0, true, -1)))
GEO_BOOL(circle_contain_pt, circle_has(circle_arg(c, 0), point_arg(c, 1)))
GEO_BOOL(pt_contained_circle, circle_has(circle_arg(c, 1), point_arg(c, 0)))
GEO_NUMBER(circle_distance,
           at_least_zero(centers_apart(c) - (circle_arg(c, 0)->radius + circle_arg(c, 1)->radius)))
GEO_NUMBER(dist_pc, at_least_zero(point_distance(point_arg(c, 0), &circle_arg(c, 1)->center) -
                                  circle_arg(c, 1)->radius))
GEO_NUMBER(dist_cpoint, at_least_zero(point_distance(point_arg(c, 1), &circle_arg(c, 0)->center) -
                                      circle_arg(c, 0)->radius))
GEO_NUMBER(dist_cpoly, at_least_zero(polygon_to_point(c, 1, &circle_arg(c, 0)->center) -
                                     circle_arg(c, 0)->radius))
GEO_NUMBER(dist_polyc, at_least_zero(polygon_to_point(c, 0, &circle_arg(c, 1)->center) -
                                     circle_arg(c, 1)->radius))

#define GEO(name)                                                                                  \
    {                                                                                              \
#name, name                                                                                \
    }

FUNC_TABLE(geo_shape_funcs) = {
    GEO(path_npoints),
    GEO(path_length),
    GEO(path_area),
    GEO(path_close),
    GEO(path_open),
    GEO(path_poly),
    GEO(path_add),
    GEO(path_add_pt),
    GEO(path_sub_pt),
    GEO(path_mul_pt),
    GEO(path_div_pt),
    GEO(path_inter),
    GEO(path_distance),
    GEO(path_isclosed),
    GEO(path_isopen),
    GEO(path_n_lt),
    GEO(path_n_le),
    GEO(path_n_gt),
    GEO(path_n_ge),
    GEO(path_n_eq),
    GEO(on_ppath),
    {"path_contain_pt(path,point)", path_contain_pt},
    GEO(dist_ppath),
    GEO(dist_pathp),

    GEO(box_poly),
    GEO(poly_box),
    GEO(poly_center),
    GEO(poly_circle),
    {"poly_path", path_close},
    {"poly_npoints", path_npoints},
    GEO(poly_same),
    GEO(poly_overlap),
    GEO(poly_contain),
    GEO(poly_contained),
    GEO(poly_contain_pt),
    GEO(pt_contained_poly),
    GEO(poly_distance),
    GEO(poly_left),
    GEO(poly_overleft),
    GEO(poly_right),
    GEO(poly_overright),
    GEO(poly_below),
    GEO(poly_overbelow),
    GEO(poly_above),
    GEO(poly_overabove),
    GEO(dist_ppoly),
    GEO(dist_polyp),

    GEO(cr_circle),
    GEO(circle_center),
    GEO(circle_same),
    GEO(circle_add_pt),
    GEO(circle_sub_pt),
    GEO(circle_mul_pt),
    GEO(circle_div_pt),
    GEO(circle_box),
    GEO(box_circle),
    GEO(circle_poly),
    {"polygon(circle)", circle_poly_12},
    GEO(circle_lt),
    GEO(circle_le),
    GEO(circle_gt),
    GEO(circle_ge),
    GEO(circle_eq),
    GEO(circle_ne),
    GEO(circle_area),
    GEO(circle_radius),
    GEO(circle_diameter),
    GEO(circle_overlap),
    GEO(circle_contain),
    GEO(circle_contained),
    GEO(circle_left),
    GEO(circle_overleft),
    GEO(circle_right),
    GEO(circle_overright),
    GEO(circle_below),
    GEO(circle_overbelow),
    GEO(circle_above),
    GEO(circle_overabove),
    GEO(circle_contain_pt),
    GEO(pt_contained_circle),
    GEO(circle_distance),
    GEO(dist_pc),
    GEO(dist_cpoint),
    GEO(dist_cpoly),
    GEO(dist_polyc),
    {NULL, NULL},
};
