/* poly.c - polymorphic functions: what anyelement, anyarray, anyrange, anycompatible and their kin stand for in one call.
 *
 * There are two families.  In the first (any...) all arguments must agree exactly on one element type; in the second
 * (anycompatible...) they are converted to a common type.  solve() finds the types behind a call; check_generic() asks whether there are
 * any, enforce_generic() reports why not. */
#include "sql/analysis.h"

bool is_polymorphic(uint32_t oid)
{
    switch (oid) {
    case TYPE_ANYELEMENT:
    case TYPE_ANYARRAY:
    case TYPE_ANYNONARRAY:
    case TYPE_ANYENUM:
    case TYPE_ANYRANGE:
    case TYPE_ANYMULTIRANGE:
    case TYPE_ANYCOMPATIBLE:
    case TYPE_ANYCOMPATIBLEARRAY:
    case TYPE_ANYCOMPATIBLENONARRAY:
    case TYPE_ANYCOMPATIBLERANGE:
    case TYPE_ANYCOMPATIBLEMULTIRANGE:
        return true;
    default:
        return false;
    }
}

struct solution {
    const struct type *elem, *array, *range, *multirange;         /* first family */
    const struct type *common, *common_range, *common_multirange; /* second family */
    bool nonarray, enumerated, common_nonarray;
    bool any_first, any_second; /* some argument belongs to the family */
    VEC(struct expr *) inputs;  /* types to be made common, as bare expressions */
};

static uint32_t multirange_of_range(uint32_t range)
{
    switch (range) {
    case TYPE_INT4RANGE:
        return TYPE_INT4MULTIRANGE;
    case TYPE_NUMRANGE:
        return TYPE_NUMMULTIRANGE;
    case TYPE_TSRANGE:
        return TYPE_TSMULTIRANGE;
    case TYPE_TSTZRANGE:
        return TYPE_TSTZMULTIRANGE;
    case TYPE_DATERANGE:
        return TYPE_DATEMULTIRANGE;
    case TYPE_INT8RANGE:
        return TYPE_INT8MULTIRANGE;
    default:
        return 0;
    }
}

/* Errors are made only when `loud`: candidates are tried quietly. */
struct solver {
    struct analysis *a;
    struct solution *s;
    bool loud;
    int location;
};

static bool unlike(struct solver *v, const char *declared, const struct type *one,
                   const struct type *other)
{
    if (v->loud) {
        fail(v->a, v->location, ERR_DATATYPE_MISMATCH,
             "arguments declared \"%s\" are not all alike", declared);
        fail_detail(v->a, "%s versus %s", type_text(v->a, one), type_text(v->a, other));
    }
    return false;
}

static bool inconsistent(struct solver *v, const char *declared, const char *with,
                         const struct type *one, const struct type *other)
{
    if (v->loud) {
        fail(v->a, v->location, ERR_DATATYPE_MISMATCH,
             "argument declared %s is not consistent with argument declared %s", declared, with);
        fail_detail(v->a, "%s versus %s", type_text(v->a, one), type_text(v->a, other));
    }
    return false;
}

static bool is_not(struct solver *v, const char *declared, const char *what,
                   const struct type *type)
{
    if (v->loud)
        fail(v->a, v->location, ERR_DATATYPE_MISMATCH, "argument declared %s is not %s but type %s",
             declared, what, type_text(v->a, type));
    return false;
}

static bool take_same(struct solver *v, const struct type **known, const struct type *actual,
                      const char *declared)
{
    if (*known && *known != actual)
        return unlike(v, declared, *known, actual);
    *known = actual;
    return true;
}

static void take_common(struct solver *v, const struct type *type)
{
    VEC_PUSH(v->a->arena, &v->s->inputs, expr_new(v->a, EXPR_CASE_TEST, type, -1));
}

static const struct type *range_of_multirange(struct solver *v, const struct type *multirange)
{
    return multirange->kind == 'm' ? catalog_type(v->a->catalog, multirange->subtype_oid) : NULL;
}

static const struct type *subtype_of_range(struct solver *v, const struct type *range)
{
    return range->kind == 'r' ? catalog_type(v->a->catalog, range->subtype_oid) : NULL;
}

/* One argument of the second family. */
static bool take_compatible(struct solver *v, uint32_t declared, const struct type *actual)
{
    struct solution *s = v->s;
    const struct type *elem;
    switch (declared) {
    case TYPE_ANYCOMPATIBLEARRAY:
        elem = element_type(base_type(actual));
        if (!elem)
            return is_not(v, "anycompatiblearray", "an array", actual);
        take_common(v, elem);
        return true;
    case TYPE_ANYCOMPATIBLERANGE:
        actual = base_type(actual);
        if (!take_same(v, &s->common_range, actual, "anycompatiblerange"))
            return false;
        elem = subtype_of_range(v, actual);
        if (!elem)
            return is_not(v, "anycompatiblerange", "a range type", actual);
        take_common(v, elem);
        return true;
    case TYPE_ANYCOMPATIBLEMULTIRANGE: {
        actual = base_type(actual);
        if (!take_same(v, &s->common_multirange, actual, "anycompatiblemultirange"))
            return false;
        const struct type *range = range_of_multirange(v, actual);
        elem = range ? subtype_of_range(v, range) : NULL;
        if (!elem)
            return is_not(v, "anycompatiblemultirange", "a multirange type", actual);
        take_common(v, elem);
        return true;
    }
    default:
        take_common(v, actual);
        return true;
    }
}

static bool take_argument(struct solver *v, uint32_t declared, const struct type *actual)
{
    struct solution *s = v->s;
    bool known = actual->oid != TYPE_UNKNOWN;
    switch (declared) {
    case TYPE_ANYELEMENT:
    case TYPE_ANYNONARRAY:
    case TYPE_ANYENUM:
        s->any_first = true;
        s->nonarray |= declared == TYPE_ANYNONARRAY;
        s->enumerated |= declared == TYPE_ANYENUM;
        return !known || take_same(v, &s->elem, actual, "anyelement");
    case TYPE_ANYARRAY:
        s->any_first = true;
        return !known || take_same(v, &s->array, base_type(actual), "anyarray");
    case TYPE_ANYRANGE:
        s->any_first = true;
        return !known || take_same(v, &s->range, base_type(actual), "anyrange");
    case TYPE_ANYMULTIRANGE:
        s->any_first = true;
        return !known || take_same(v, &s->multirange, base_type(actual), "anymultirange");
    case TYPE_ANYCOMPATIBLE:
    case TYPE_ANYCOMPATIBLEARRAY:
    case TYPE_ANYCOMPATIBLENONARRAY:
    case TYPE_ANYCOMPATIBLERANGE:
    case TYPE_ANYCOMPATIBLEMULTIRANGE:
        s->any_second = true;
        s->common_nonarray |= declared == TYPE_ANYCOMPATIBLENONARRAY;
        return !known || take_compatible(v, declared, actual);
    default:
        return true;
    }
}

static bool solve_first(struct solver *v)
{
    struct solution *s = v->s;
    if (s->array && s->array->oid != TYPE_ANYARRAY) {
        const struct type *elem = element_type(s->array);
        if (!elem)
            return is_not(v, "anyarray", "an array", s->array);
        if (s->elem && s->elem != elem)
            return inconsistent(v, "anyarray", "anyelement", s->array, s->elem);
        s->elem = elem;
    } else if (s->array && s->elem) {
        return false;
    }
    if (s->multirange) {
        const struct type *range = range_of_multirange(v, s->multirange);
        if (!range)
            return is_not(v, "anymultirange", "a multirange type", s->multirange);
        if (s->range && s->range != range)
            return inconsistent(v, "anymultirange", "anyrange", s->multirange, s->range);
        s->range = range;
    }
    if (s->range) {
        const struct type *elem = subtype_of_range(v, s->range);
        if (!elem)
            return is_not(v, "anyrange", "a range type", s->range);
        if (s->elem && s->elem != elem)
            return inconsistent(v, "anyrange", "anyelement", s->range, s->elem);
        s->elem = elem;
    }
    if (s->nonarray && s->elem && base_element_type(s->elem)) {
        if (v->loud)
            fail(v->a, v->location, ERR_DATATYPE_MISMATCH,
                 "type matched to anynonarray is an array type: %s", type_text(v->a, s->elem));
        return false;
    }
    if (s->enumerated && !s->elem && !v->loud)
        return false; /* nothing but unknown literals: not a candidate at all */
    if (s->enumerated && s->elem && s->elem->kind != 'e') {
        if (v->loud)
            fail(v->a, v->location, ERR_DATATYPE_MISMATCH,
                 "type matched to anyenum is not an enum type: %s", type_text(v->a, s->elem));
        return false;
    }
    return true;
}

static bool solve_second(struct solver *v)
{
    struct solution *s = v->s;
    if (!s->inputs.n)
        return true;
    s->common = common_type_of(v->a, s->inputs.items, s->inputs.n,
                               v->loud ? "arguments of anycompatible family" : NULL, NULL);
    if (!s->common) {
        if (v->loud) { /* said PostgreSQL's way */
            fail(v->a, v->location, ERR_DATATYPE_MISMATCH,
                 "arguments of anycompatible family cannot be cast to a common type");
        }
        return false;
    }
    if (!common_verified(v->a, s->common, s->inputs.items, s->inputs.n)) {
        if (v->loud)
            fail(v->a, v->location, ERR_DATATYPE_MISMATCH,
                 "arguments of anycompatible family cannot be cast to a common type");
        return false;
    }
    if (s->common_nonarray && base_element_type(s->common)) {
        if (v->loud)
            fail(v->a, v->location, ERR_DATATYPE_MISMATCH,
                 "type matched to anycompatiblenonarray is an array type: %s",
                 type_text(v->a, s->common));
        return false;
    }
    if (s->common_range && subtype_of_range(v, s->common_range) != s->common)
        return inconsistent(v, "anycompatiblerange", "anycompatible", s->common_range, s->common);
    return true;
}

static bool solve(struct solver *v, size_t n, const struct type *const *actual,
                  const uint32_t *declared)
{
    for (size_t k = 0; k < n; k++)
        if (!take_argument(v, declared[k], actual[k]))
            return false;
    return solve_first(v) && solve_second(v);
}

bool check_generic(struct analysis *a, size_t n, const struct type *const *actual,
                   const uint32_t *declared)
{
    struct solution s = {0};
    struct solver v = {.a = a, .s = &s, .location = -1};
    return solve(&v, n, actual, declared);
}

static const struct type *array_or_fail(struct solver *v, const struct type *elem)
{
    const struct type *array = array_type_of(v->a, elem);
    if (!array)
        fail(v->a, v->location, ERR_UNDEFINED_OBJECT, "could not find array type for data type %s",
             type_text(v->a, elem));
    return array;
}

static const struct type *undetermined(struct solver *v, const char *which)
{
    return fail_null(v->a, v->location, ERR_DATATYPE_MISMATCH,
                     "could not determine polymorphic type %s because input has type unknown",
                     which);
}

/* What a polymorphic type name means in this call; NULL with the error. */
static const struct type *meaning(struct solver *v, uint32_t oid)
{
    struct solution *s = v->s;
    switch (oid) {
    case TYPE_ANYELEMENT:
    case TYPE_ANYNONARRAY:
    case TYPE_ANYENUM:
        return s->elem;
    case TYPE_ANYARRAY:
        if (!s->array && s->elem)
            s->array = array_or_fail(v, s->elem);
        return s->array;
    case TYPE_ANYRANGE:
        return s->range ? s->range : undetermined(v, "anyrange");
    case TYPE_ANYMULTIRANGE:
        if (!s->multirange && s->range)
            s->multirange = catalog_type(v->a->catalog, multirange_of_range(s->range->oid));
        return s->multirange ? s->multirange : undetermined(v, "anymultirange");
    case TYPE_ANYCOMPATIBLE:
    case TYPE_ANYCOMPATIBLENONARRAY:
        return s->common;
    case TYPE_ANYCOMPATIBLEARRAY:
        return s->common ? array_or_fail(v, s->common) : NULL;
    case TYPE_ANYCOMPATIBLERANGE:
        return s->common_range ? s->common_range : undetermined(v, "anycompatiblerange");
    case TYPE_ANYCOMPATIBLEMULTIRANGE:
        return s->common_multirange ? s->common_multirange
                                    : undetermined(v, "anycompatiblemultirange");
    default:
        return type_by_oid(v->a, oid);
    }
}

static bool is_second_family(uint32_t oid)
{
    return oid == TYPE_ANYCOMPATIBLE || oid == TYPE_ANYCOMPATIBLEARRAY ||
           oid == TYPE_ANYCOMPATIBLENONARRAY || oid == TYPE_ANYCOMPATIBLERANGE ||
           oid == TYPE_ANYCOMPATIBLEMULTIRANGE;
}

const struct type *enforce_generic(struct analysis *a, size_t n, const struct type *const *actual,
                                   uint32_t *declared, uint32_t result, int location)
{
    struct solution s = {0};
    struct solver v = {
        .a = a, .s = &s, .loud = true, .location = -1}; /* PostgreSQL tells no position here */
    bool polymorphic = false;
    for (size_t k = 0; k < n; k++)
        polymorphic |= is_polymorphic(declared[k]);
    if (!polymorphic)
        return type_by_oid(a, result);
    if (!solve(&v, n, actual, declared))
        return NULL;
    if (s.any_first && !s.elem && !(s.array && s.array->oid == TYPE_ANYARRAY))
        return fail_null(a, -1, ERR_DATATYPE_MISMATCH,
                         "could not determine polymorphic type because input has type unknown");
    if (s.any_second && !s.common)
        s.common = a->txt; /* all of them literals */
    for (size_t k = 0; k < n; k++) {
        bool rewrite = is_second_family(declared[k]) ||
                       (is_polymorphic(declared[k]) && actual[k]->oid == TYPE_UNKNOWN);
        if (!rewrite)
            continue;
        const struct type *type = meaning(&v, declared[k]);
        if (!type)
            return NULL;
        declared[k] = type->oid;
    }
    return meaning(&v, result);
}
