/* geo_math.c - see geo_math.h. */
#include "func/geo_math.h"

#include <math.h>
#include <stdlib.h>

double geo_hypot(double x, double y)
{
    if (isinf(x) || isinf(y))
        return (double)INFINITY;
    if (isnan(x) || isnan(y))
        return (double)NAN;
    double large = fabs(x), small = fabs(y);
    if (large < small) {
        double swap = large;
        large = small;
        small = swap;
    }
    if (small == 0)
        return large;
    double ratio = small / large;
    return large * sqrt(1.0 + ratio * ratio);
}

double point_distance(const struct point *a, const struct point *b)
{
    return geo_hypot(a->x - b->x, a->y - b->y);
}

double normal_slope(const struct point *a, const struct point *b)
{
    if (geo_equal(a->x, b->x))
        return 0;
    return geo_equal(a->y, b->y) ? (double)INFINITY : (a->x - b->x) / (b->y - a->y);
}

struct line line_at(const struct point *at, double slope)
{
    double numbers[3];
    geo_line(at, slope, numbers);
    return (struct line){numbers[0], numbers[1], numbers[2]};
}

double line_slope(const struct line *line)
{
    if (geo_is_zero(line->a))
        return 0;
    return geo_is_zero(line->b) ? (double)INFINITY : line->a / -line->b;
}

static double line_normal_slope(const struct line *line)
{
    if (geo_is_zero(line->a))
        return (double)INFINITY;
    return geo_is_zero(line->b) ? 0 : line->b / line->a;
}

/* ---- what lies on what ---- */

bool line_has_point(const struct line *line, const struct point *p)
{
    return geo_is_zero(line->a * p->x + line->b * p->y + line->c);
}

bool lseg_has_point(const struct lseg *lseg, const struct point *p)
{
    return geo_equal(point_distance(p, &lseg->p[0]) + point_distance(p, &lseg->p[1]),
                     point_distance(&lseg->p[0], &lseg->p[1]));
}

bool box_has_point(const struct box *box, const struct point *p)
{
    return box->high.x >= p->x && box->low.x <= p->x && box->high.y >= p->y && box->low.y <= p->y;
}

bool boxes_overlap(const struct box *a, const struct box *b)
{
    return geo_le(a->low.x, b->high.x) && geo_le(b->low.x, a->high.x) &&
           geo_le(a->low.y, b->high.y) && geo_le(b->low.y, a->high.y);
}

/* ---- where things meet ---- */

/* `a` is not vertical. */
static bool meet_not_vertical(const struct line *a, const struct line *b, struct point *at)
{
    if (geo_equal(b->a, a->a * (b->b / a->b)))
        return false;
    at->x = (a->b * b->c - b->b * a->c) / (a->a * b->b - b->a * a->b);
    at->y = -(a->a * at->x + a->c) / a->b;
    return true;
}

bool lines_meet(const struct line *a, const struct line *b, struct point *at)
{
    struct point here;
    if (geo_is_zero(a->b) && geo_is_zero(b->b))
        return false;
    if (geo_is_zero(a->b) ? !meet_not_vertical(b, a, &here) : !meet_not_vertical(a, b, &here))
        return false;
    here.x += 0.0; /* -0 becomes 0 */
    here.y += 0.0;
    if (at)
        *at = here;
    return true;
}

static struct line line_of(const struct lseg *lseg)
{
    return line_at(&lseg->p[0], geo_slope(&lseg->p[0], &lseg->p[1]));
}

bool lseg_meets_line(const struct lseg *lseg, const struct line *line, struct point *at)
{
    struct line own = line_of(lseg);
    struct point here;
    if (!lines_meet(&own, line, &here) || !lseg_has_point(lseg, &here))
        return false;
    if (!at)
        return true;
    *at = geo_same_point(&lseg->p[0], &here)   ? lseg->p[0]
          : geo_same_point(&lseg->p[1], &here) ? lseg->p[1]
                                               : here;
    return true;
}

bool lsegs_meet(const struct lseg *a, const struct lseg *b, struct point *at)
{
    struct line other = line_of(b);
    struct point here;
    if (!lseg_meets_line(a, &other, &here) || !lseg_has_point(b, &here))
        return false;
    if (at)
        *at = here;
    return true;
}

static struct box bounds_of(const struct point *a, const struct point *b)
{
    struct box box = {*a, *b};
    geo_order_box(&box.high, &box.low);
    return box;
}

/* Left, upper, lower and right side. */
static struct lseg box_side(const struct box *box, int index)
{
    struct point upper_left = {box->low.x, box->high.y}, lower_right = {box->high.x, box->low.y};
    struct lseg sides[] = {{{box->low, upper_left}},
                           {{box->high, upper_left}},
                           {{box->low, lower_right}},
                           {{box->high, lower_right}}};
    return sides[index];
}

bool box_meets_lseg(const struct box *box, const struct lseg *lseg, struct point *at)
{
    struct box own = bounds_of(&lseg->p[0], &lseg->p[1]);
    struct point center = {(box->high.x + box->low.x) / 2, (box->high.y + box->low.y) / 2};
    if (!boxes_overlap(&own, box))
        return false;
    if (at)
        lseg_to_point(lseg, &center, at);
    if (box_has_point(box, &lseg->p[0]) || box_has_point(box, &lseg->p[1]))
        return true;
    for (int k = 0; k < 4; k++) {
        struct lseg side = box_side(box, k);
        if (lsegs_meet(&side, lseg, NULL))
            return true;
    }
    return false;
}

bool box_meets_line(const struct box *box, const struct line *line)
{
    for (int k = 0; k < 4; k++) {
        struct lseg side = box_side(box, k);
        if (lseg_meets_line(&side, line, NULL))
            return true;
    }
    return false;
}

/* ---- how far apart they are ---- */

static void set_point(struct point *to, const struct point *from)
{
    if (to)
        *to = *from;
}

double line_to_point(const struct line *line, const struct point *p, struct point *closest)
{
    struct line normal = line_at(p, line_normal_slope(line));
    struct point here;
    if (!lines_meet(&normal, line, &here)) {
        set_point(closest, p);
        return (double)NAN;
    }
    set_point(closest, &here);
    return point_distance(&here, p);
}

double lseg_to_line(const struct lseg *lseg, const struct line *line, struct point *closest)
{
    if (lseg_meets_line(lseg, line, closest))
        return 0;
    double first = line_to_point(line, &lseg->p[0], NULL),
           second = line_to_point(line, &lseg->p[1], NULL);
    set_point(closest, &lseg->p[first < second ? 0 : 1]);
    return first < second ? first : second;
}

double lseg_to_point(const struct lseg *lseg, const struct point *p, struct point *closest)
{
    struct line normal = line_at(p, normal_slope(&lseg->p[0], &lseg->p[1]));
    struct point here;
    lseg_to_line(lseg, &normal, &here);
    set_point(closest, &here);
    return point_distance(&here, p);
}

double lseg_to_lseg(const struct lseg *lseg, const struct lseg *to, struct point *closest)
{
    struct point here;
    if (lsegs_meet(lseg, to, closest))
        return 0;
    double best = lseg_to_point(lseg, &to->p[0], closest),
           distance = lseg_to_point(lseg, &to->p[1], &here);
    if (distance < best) {
        best = distance;
        set_point(closest, &here);
    }
    for (int k = 0; k < 2; k++) { /* or one of our own ends */
        distance = lseg_to_point(to, &lseg->p[k], NULL);
        if (distance < best) {
            best = distance;
            set_point(closest, &lseg->p[k]);
        }
    }
    return best;
}

double box_to_point(const struct box *box, const struct point *p, struct point *closest)
{
    double best = 0;
    if (box_has_point(box, p)) {
        set_point(closest, p);
        return 0;
    }
    for (int k = 0; k < 4; k++) {
        struct lseg side = box_side(box, k);
        struct point here;
        double distance = lseg_to_point(&side, p, &here);
        if (k == 0 || distance < best) {
            best = distance;
            set_point(closest, &here);
        }
    }
    return best;
}

double box_to_lseg(const struct box *box, const struct lseg *lseg, struct point *closest)
{
    double best = 0;
    if (box_meets_lseg(box, lseg, closest))
        return 0;
    for (int k = 0; k < 4; k++) {
        struct lseg side = box_side(box, k);
        struct point here;
        double distance = lseg_to_lseg(&side, lseg, &here);
        if (k == 0 || distance < best) {
            best = distance;
            set_point(closest, &here);
        }
    }
    return best;
}

/* ---- outlines: paths and polygons ---- */

uint32_t outline_n_edges(const struct outline *outline)
{
    return outline->closed ? outline->n : outline->n - 1;
}

struct lseg outline_edge(const struct outline *outline, uint32_t index)
{
    uint32_t end = outline->closed ? index : index + 1;
    return (struct lseg){{outline->points[end ? end - 1 : outline->n - 1], outline->points[end]}};
}

struct box outline_bounds(const struct outline *outline)
{
    struct box box = {outline->points[0], outline->points[0]};
    for (uint32_t k = 1; k < outline->n; k++) {
        const struct point *p = &outline->points[k];
        box.low.x = p->x < box.low.x ? p->x : box.low.x;
        box.low.y = p->y < box.low.y ? p->y : box.low.y;
        box.high.x = p->x > box.high.x ? p->x : box.high.x;
        box.high.y = p->y > box.high.y ? p->y : box.high.y;
    }
    return box;
}

#define TOUCHES INT32_MAX

static bool is_positive(double v)
{
    return geo_lt(0, v);
}
static bool is_negative(double v)
{
    return geo_lt(v, 0);
}

/* How an edge, seen from the origin, crosses the positive half of the x axis: +-2 for crossing,
 * +-1 for ending or starting on it, 0 not at all; TOUCHES if the origin is on the edge. */
static int crossing(const struct point *from, const struct point *to)
{
    if (geo_is_zero(to->y)) {
        if (geo_is_zero(to->x))
            return TOUCHES;
        bool right = is_positive(to->x);
        if (geo_is_zero(from->y)) /* along the axis: beside the origin, or over it */
            return (right ? is_positive(from->x) : is_negative(from->x)) ? 0 : TOUCHES;
        return !right ? 0 : is_negative(from->y) ? 1 : -1;
    }
    int sign = is_positive(to->y) ? 1 : -1;
    if (geo_is_zero(from->y))
        return is_negative(from->x) ? 0 : sign;
    if (sign < 0 ? is_negative(from->y) : is_positive(from->y))
        return 0; /* stays on its side of the axis */
    if (geo_le(0, to->x) && is_positive(from->x))
        return 2 * sign;
    if (is_negative(to->x) && geo_le(from->x, 0))
        return 0;
    double side = (to->x - from->x) * to->y - (to->y - from->y) * to->x;
    if (geo_is_zero(side))
        return TOUCHES;
    return (sign < 0 ? is_negative(side) : is_positive(side)) ? 0 : 2 * sign;
}

enum inside outline_inside(const struct outline *outline, const struct point *p)
{
    int total = 0;
    struct point first = {outline->points[0].x - p->x, outline->points[0].y - p->y}, from = first;
    for (uint32_t k = 1; k <= outline->n; k++) {
        struct point to = first;
        if (k < outline->n)
            to = (struct point){outline->points[k].x - p->x, outline->points[k].y - p->y};
        int cross = crossing(&from, &to);
        if (cross == TOUCHES)
            return ON_EDGE;
        total += cross;
        from = to;
    }
    return total ? INSIDE : OUTSIDE;
}

double outline_to_point(const struct outline *outline, const struct point *p)
{
    double best = 0;
    for (uint32_t k = 0; k < outline_n_edges(outline); k++) {
        struct lseg edge = outline_edge(outline, k);
        double distance = lseg_to_point(&edge, p, NULL);
        if (k == 0 || distance < best)
            best = distance;
    }
    return best;
}

double outline_to_outline(const struct outline *a, const struct outline *b)
{
    double best = -1;
    for (uint32_t j = 0; j < outline_n_edges(a); j++) {
        struct lseg edge = outline_edge(a, j);
        for (uint32_t k = 0; k < outline_n_edges(b); k++) {
            struct lseg other = outline_edge(b, k);
            double distance = lseg_to_lseg(&edge, &other, NULL);
            if (best < 0 || distance < best)
                best = distance;
        }
    }
    return best;
}

bool outlines_meet(const struct outline *a, const struct outline *b)
{
    for (uint32_t j = 0; j < outline_n_edges(a); j++) {
        struct lseg edge = outline_edge(a, j);
        for (uint32_t k = 0; k < outline_n_edges(b); k++) {
            struct lseg other = outline_edge(b, k);
            if (lsegs_meet(&edge, &other, NULL))
                return true;
        }
    }
    return false;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Where along `edge`, from 0 to 1, the corners and edges of the outline touch it. */
static uint32_t cuts_of(const struct outline *outline, const struct lseg *edge, double *cuts)
{
    uint32_t n = 0;
    double length = point_distance(&edge->p[0], &edge->p[1]);
    for (uint32_t k = 0; k < outline->n; k++) {
        struct lseg other = outline_edge(outline, k);
        struct point here;
        if (lseg_has_point(edge, &other.p[0]))
            cuts[n++] = length > 0 ? point_distance(&edge->p[0], &other.p[0]) / length : 0;
        if (lsegs_meet(edge, &other, &here))
            cuts[n++] = length > 0 ? point_distance(&edge->p[0], &here) / length : 0;
    }
    cuts[n++] = 1;
    qsort(cuts, n, sizeof(cuts[0]), by_value);
    return n;
}

/* Both ends are inside: is all between, too? */
static bool edge_is_inside(const struct outline *outer, const struct lseg *edge, double *cuts)
{
    uint32_t n = cuts_of(outer, edge, cuts);
    double from = 0;
    for (uint32_t k = 0; k < n; k++) {
        double middle = (from + cuts[k]) / 2;
        struct point p = {edge->p[0].x + (edge->p[1].x - edge->p[0].x) * middle,
                          edge->p[0].y + (edge->p[1].y - edge->p[0].y) * middle};
        if (outline_inside(outer, &p) == OUTSIDE)
            return false;
        from = cuts[k];
    }
    return true;
}

bool outline_covers(const struct outline *outer, const struct outline *inner)
{
    for (uint32_t k = 0; k < inner->n; k++)
        if (outline_inside(outer, &inner->points[k]) == OUTSIDE)
            return false;
    double *cuts = malloc((2 * (size_t)outer->n + 1) * sizeof(double));
    bool inside = cuts != NULL;
    for (uint32_t k = 0; inside && k < outline_n_edges(inner); k++) {
        struct lseg edge = outline_edge(inner, k);
        inside = edge_is_inside(outer, &edge, cuts);
    }
    free(cuts);
    return inside;
}
