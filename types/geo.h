/* geo.h - point, lseg, box, line, circle, path and polygon in memory: a list of numbers.
 *
 *   point x,y | lseg two points | box the upper right point, then the lower left one
 *   line A,B,C of Ax + By + C = 0
 *   circle center, radius | path, polygon their points */
#ifndef SHARDLITE_TYPES_GEO_H
#define SHARDLITE_TYPES_GEO_H

#include "types/type.h"

struct point {
    double x, y;
};

struct geo {
    uint32_t n_numbers;
    uint32_t closed; /* paths */
    double numbers[];
};

#define GEO_POINTS_MAX 1000000 /* of a path or polygon */

static inline const struct geo *geo_of(const struct datum *d)
{
    return (const struct geo *)d->p;
}
static inline const struct point *geo_points(const struct datum *d)
{
    return (const struct point *)geo_of(d)->numbers;
}
static inline uint32_t geo_n_points(const struct datum *d)
{
    return geo_of(d)->n_numbers / 2;
}
struct datum geo_datum(struct arena *arena, const double *numbers, uint32_t n_numbers,
                       bool closed); /* copies */

/* Corners in any order to a box. */
void geo_order_box(struct point *high, struct point *low);
/* Numbers that differ by less than this are the same, as in PostgreSQL. */
#define GEO_EPSILON 1.0E-06
static inline bool geo_is_zero(double v)
{
    return (v < 0 ? -v : v) <= GEO_EPSILON;
}
bool geo_equal(double a, double b);
bool geo_same_point(const struct point *a, const struct point *b);
/* The line through `at` with that slope (infinite: a vertical one); out: A, B, C. */
void geo_line(const struct point *at, double slope, double line[3]);
double geo_slope(const struct point *a, const struct point *b);

#endif
