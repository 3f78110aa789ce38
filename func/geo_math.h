/* geo_math.h - plane geometry behind the functions of geometric types: where things meet, how far
 * apart they are.
 *
 * Comparisons allow for GEO_EPSILON, as PostgreSQL's do.  Every call that gives a distance can
 * also give the place of it: the point of the first thing that is closest to the second. */
#ifndef SHARDLITE_FUNC_GEO_MATH_H
#define SHARDLITE_FUNC_GEO_MATH_H

#include "types/geo.h"

struct lseg {
    struct point p[2];
};
struct box {
    struct point high, low;
};
struct line {
    double a, b, c;
};
struct circle {
    struct point center;
    double radius;
};

static inline bool geo_lt(double a, double b)
{
    return a + GEO_EPSILON < b;
}
static inline bool geo_le(double a, double b)
{
    return a <= b + GEO_EPSILON;
}

double geo_hypot(double x, double y);
double point_distance(const struct point *a, const struct point *b);
/* The slope of what stands at right angles on a-b. */
double normal_slope(const struct point *a, const struct point *b);
struct line line_at(const struct point *at, double slope);
double line_slope(const struct line *line);

bool line_has_point(const struct line *line, const struct point *p);
bool lseg_has_point(const struct lseg *lseg, const struct point *p);
bool box_has_point(const struct box *box, const struct point *p);
bool boxes_overlap(const struct box *a, const struct box *b);

/* `at` may be NULL. */
bool lines_meet(const struct line *a, const struct line *b, struct point *at);
bool lseg_meets_line(const struct lseg *lseg, const struct line *line, struct point *at);
bool lsegs_meet(const struct lseg *a, const struct lseg *b, struct point *at);
bool box_meets_lseg(const struct box *box, const struct lseg *lseg, struct point *at);
bool box_meets_line(const struct box *box, const struct line *line);

/* `closest`, on the first argument, may be NULL; NaN: there is none. */
double line_to_point(const struct line *line, const struct point *p, struct point *closest);
double lseg_to_point(const struct lseg *lseg, const struct point *p, struct point *closest);
double lseg_to_line(const struct lseg *lseg, const struct line *line, struct point *closest);
double lseg_to_lseg(const struct lseg *lseg, const struct lseg *to, struct point *closest);
double box_to_point(const struct box *box, const struct point *p, struct point *closest);
double box_to_lseg(const struct box *box, const struct lseg *lseg, struct point *closest);

/* A closed or open run of points. */
struct outline {
    const struct point *points;
    uint32_t n;
    bool closed;
};
uint32_t outline_n_edges(const struct outline *outline);
struct lseg
outline_edge(const struct outline *outline,
             uint32_t index); /* of a closed one, 0 is the edge from the last point to the first */
struct box outline_bounds(const struct outline *outline);
enum inside { OUTSIDE, INSIDE, ON_EDGE };
enum inside outline_inside(const struct outline *outline, const struct point *p);
double outline_to_point(const struct outline *outline, const struct point *p);
double outline_to_outline(const struct outline *a, const struct outline *b);
bool outlines_meet(const struct outline *a, const struct outline *b); /* their edges */
bool outline_covers(const struct outline *outer, const struct outline *inner);

#endif
