/* geo_int.h - arguments and results of the functions of geometric types. */
#ifndef SHARDLITE_FUNC_GEO_INT_H
#define SHARDLITE_FUNC_GEO_INT_H

#include "func/call.h"
#include "func/geo_math.h"

/* Defines an implementation of one expression. */
#define GEO_BOOL(name, expression)                                                                 \
    static bool name(struct fcall *c)                                                              \
    {                                                                                              \
        return return_bool(c, expression);                                                         \
    }
#define GEO_NUMBER(name, expression)                                                               \
    static bool name(struct fcall *c)                                                              \
    {                                                                                              \
        return return_float(c, expression);                                                        \
    }
/* The six comparisons of a size, as prefix_lt and so on. */
#define GEO_SIZES(prefix, size)                                                                    \
    GEO_BOOL(prefix##_lt, geo_lt(size(c, 0), size(c, 1)))                                          \
    GEO_BOOL(prefix##_gt, geo_lt(size(c, 1), size(c, 0)))                                          \
    GEO_BOOL(prefix##_le, geo_le(size(c, 0), size(c, 1)))                                          \
    GEO_BOOL(prefix##_ge, geo_le(size(c, 1), size(c, 0)))

static inline const struct point *point_arg(const struct fcall *c, int k)
{
    return geo_points(&c->args[k]);
}
static inline const struct lseg *lseg_arg(const struct fcall *c, int k)
{
    return (const struct lseg *)geo_points(&c->args[k]);
}
static inline const struct box *box_arg(const struct fcall *c, int k)
{
    return (const struct box *)geo_points(&c->args[k]);
}
static inline const struct line *line_arg(const struct fcall *c, int k)
{
    return (const struct line *)geo_of(&c->args[k])->numbers;
}
static inline const struct circle *circle_arg(const struct fcall *c, int k)
{
    return (const struct circle *)geo_of(&c->args[k])->numbers;
}
static inline struct outline outline_arg(const struct fcall *c, int k) /* a path or a polygon */
{
    return (struct outline){geo_points(&c->args[k]), geo_n_points(&c->args[k]),
                            geo_of(&c->args[k])->closed};
}

static inline bool return_points(struct fcall *c, const struct point *points, uint32_t n,
                                 bool closed)
{
    c->result = geo_datum(c->arena, &points->x, 2 * n, closed);
    return true;
}
static inline bool return_point(struct fcall *c, struct point point)
{
    return return_points(c, &point, 1, false);
}
static inline bool return_box(struct fcall *c, struct point a,
                              struct point b) /* corners in any order */
{
    struct point corners[2] = {a, b};
    geo_order_box(&corners[0], &corners[1]);
    return return_points(c, corners, 2, false);
}
static inline bool return_circle(struct fcall *c, struct point center, double radius)
{
    double numbers[3] = {center.x, center.y, radius};
    c->result = geo_datum(c->arena, numbers, 3, false);
    return true;
}

/* Points as complex numbers: sum, difference, product, quotient. */
typedef bool point_fn(struct fcall *c, struct point a, struct point b, struct point *out);
point_fn point_plus, point_minus, point_times, point_over;

#endif
