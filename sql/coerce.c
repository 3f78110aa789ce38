/* coerce.c - which conversions there are between types, and the common type of several expressions.
 *
 * The rules are those of the manual's chapter "Type Conversion".  cast.c makes the expressions. */
#include "sql/analysis.h"

#include <string.h>

/* pg_cast alone, by context. */
static enum cast_path listed_path(struct analysis *a, const struct type *to,
                                  const struct type *from, enum cast_context context,
                                  const struct proc **proc, bool *listed)
{
    const struct cast *cast = catalog_cast(a->catalog, from->oid, to->oid);
    *listed = cast != NULL;
    if (!cast || context < cast->context)
        return PATH_NONE;
    switch (cast->method) {
    case CAST_FUNCTION:
        *proc = catalog_proc(a->catalog, cast->proc_oid);
        return *proc ? PATH_FUNCTION : PATH_NONE;
    case CAST_INOUT:
        return PATH_IO;
    case CAST_BINARY:
        return PATH_RELABEL;
    }
    return PATH_NONE;
}

enum cast_path find_cast_path(struct analysis *a, const struct type *to, const struct type *from,
                              enum cast_context context, const struct proc **proc)
{
    from = base_type(from);
    to = base_type(to);
    *proc = NULL;
    if (from == to)
        return PATH_RELABEL;
    bool listed;
    enum cast_path path = listed_path(a, to, from, context, proc, &listed);
    if (listed)
        return path;
    /* Arrays convert as their elements do; the vectors of the system catalogs do not take part. */
    if (to->oid != TYPE_OIDVECTOR && to->oid != TYPE_INT2VECTOR) {
        const struct type *to_elem = element_type(to), *from_elem = element_type(from);
        const struct proc *elem_proc;
        if (to_elem && from_elem &&
            find_cast_path(a, to_elem, from_elem, context, &elem_proc) != PATH_NONE)
            return PATH_ARRAY;
    }
    /* Any type goes to and from text through its input and output: to strings by assignment, from them explicitly. */
    if (context >= CAST_ASSIGNMENT && to->category == 'S')
        return PATH_IO;
    if (context >= CAST_EXPLICIT && from->category == 'S')
        return PATH_IO;
    return PATH_NONE;
}

static bool is_composite_array(const struct type *type)
{
    const struct type *elem = element_type(type);
    return elem && is_composite(elem);
}

static bool can_coerce_concrete(struct analysis *a, const struct type *from, const struct type *to,
                                enum cast_context context)
{
    const struct proc *proc;
    if (from == to || to->oid == TYPE_ANY || from->oid == TYPE_UNKNOWN)
        return true;
    if (find_cast_path(a, to, from, context, &proc) != PATH_NONE)
        return true;
    if (from->oid == TYPE_RECORD && is_composite(to))
        return true;
    if (to->oid == TYPE_RECORD && is_composite(from))
        return true;
    if (from->oid == TYPE_RECORD_ARRAY && is_composite_array(to))
        return true;
    return to->oid == TYPE_RECORD_ARRAY && is_composite_array(from);
}

bool can_coerce_all(struct analysis *a, size_t n, const struct type *const *from,
                    const struct type *const *to, enum cast_context context)
{
    bool generic = false;
    for (size_t k = 0; k < n; k++) {
        if (is_polymorphic(to[k]->oid))
            generic = true;
        else if (!can_coerce_concrete(a, from[k], to[k], context))
            return false;
    }
    if (!generic)
        return true;
    uint32_t *declared = ARENA_ARRAY(a->arena, uint32_t, n + 1);
    for (size_t k = 0; k < n; k++)
        declared[k] = to[k]->oid;
    return check_generic(a, n, from, declared);
}

bool can_coerce(struct analysis *a, const struct type *from, const struct type *to,
                enum cast_context context)
{
    return can_coerce_all(a, 1, &from, &to, context);
}

/* ---- common types ---- */

/* The manual's rules for UNION, CASE and related constructs.  `which` gets the expression that decided. */
const struct type *common_type_of(struct analysis *a, struct expr *const *items, size_t n,
                                  const char *construct, const struct expr **which)
{
    const struct expr *chosen = items[0];
    const struct type *type = chosen->type;
    size_t at = 1;
    if (type->oid != TYPE_UNKNOWN) {
        while (at < n && items[at]->type == type)
            at++;
        if (at == n) {
            if (which)
                *which = chosen;
            return type;
        }
    }
    type = base_type(type);
    for (; at < n; at++) {
        const struct type *next = base_type(items[at]->type);
        if (next->oid == TYPE_UNKNOWN || next == type)
            continue;
        if (type->oid == TYPE_UNKNOWN) {
            chosen = items[at];
            type = next;
        } else if (next->category != type->category) {
            if (!construct)
                return NULL;
            /* Names are taken at once: both go into one message. */
            return fail_null(a, expr_location(items[at]), ERR_DATATYPE_MISMATCH,
                             "%s types %s and %s cannot be matched", construct, type_text(a, type),
                             type_text(a, next));
        } else if (!type->preferred && can_coerce(a, type, next, CAST_IMPLICIT) &&
                   !can_coerce(a, next, type, CAST_IMPLICIT)) {
            chosen = items[at];
            type = next;
        }
    }
    if (type->oid == TYPE_UNKNOWN)
        type = a->txt;
    if (which)
        *which = chosen;
    return type;
}

const struct type *common_type(struct analysis *a, const struct exprs *list, const char *construct,
                               const struct expr **which)
{
    return common_type_of(a, list->items, list->n, construct, which);
}

struct expr *coerce_to_common(struct analysis *a, struct expr *e, const struct type *to,
                              const char *construct)
{
    if (e->type == to)
        return e;
    if (!can_coerce(a, e->type, to, CAST_IMPLICIT))
        return fail_null(a, expr_location(e), ERR_CANNOT_COERCE,
                         "%s could not convert type %s to %s", construct, type_text(a, e->type),
                         type_text(a, to));
    return coerce_node(a, e, to, -1, CAST_IMPLICIT, FORM_IMPLICIT_CAST, -1);
}

int32_t common_typmod(struct expr *const *items, size_t n, const struct type *type)
{
    int32_t typmod = -1;
    for (size_t k = 0; k < n; k++) {
        if (items[k]->type != type)
            return -1;
        if (k == 0)
            typmod = items[k]->typmod;
        else if (typmod != items[k]->typmod)
            return -1;
    }
    return typmod;
}

bool common_verified(struct analysis *a, const struct type *type, struct expr *const *items,
                     size_t n)
{
    for (size_t k = 0; k < n; k++)
        if (!can_coerce(a, items[k]->type, type, CAST_IMPLICIT))
            return false;
    return true;
}

struct expr *coerce_to_specific(struct analysis *a, struct expr *e, const struct type *to,
                                const char *construct)
{
    if (e->type != to) {
        int location = expr_location(e);
        struct expr *cast = coerce_to(a, e, to, -1, CAST_ASSIGNMENT, FORM_IMPLICIT_CAST, -1);
        if (!cast)
            return FAILED(a) ? NULL
                             : fail_null(a, location, ERR_DATATYPE_MISMATCH,
                                         "argument of %s must be type %s, not type %s", construct,
                                         type_text(a, to), type_text(a, e->type));
        e = cast;
    }
    if (a->srf_seen && contains_srf(e))
        return fail_null(a, expr_location(e), ERR_DATATYPE_MISMATCH,
                         "argument of %s must not return a set", construct);
    return e;
}

struct expr *coerce_to_boolean(struct analysis *a, struct expr *e, const char *construct)
{
    return coerce_to_specific(a, e, a->boolean, construct);
}

/* ---- collations ---- */

static const char *collation_name(uint32_t oid)
{
    switch (oid) {
    case 950:
        return "C";
    case 951:
        return "POSIX";
    case 12340:
        return "ucs_basic";
    case 12341:
        return "C.utf8";
    default:
        return "default";
    }
}

/* The COLLATE clause that gives `e` its collation, through functions and casts; NULL: none does. */
static const struct expr *explicit_collation(const struct expr *e)
{
    if (e->kind == EXPR_RELABEL && e->form == FORM_CALL)
        return e;
    if (!e->type->collation_oid || e->kind == EXPR_SUBLINK)
        return NULL;
    for (size_t k = 0; k < e->args.n; k++) {
        const struct expr *found = e->args.items[k] ? explicit_collation(e->args.items[k]) : NULL;
        if (found)
            return found;
    }
    return NULL;
}

bool check_collations(struct analysis *a, const struct exprs *args)
{
    const struct expr *first = NULL;
    for (size_t k = 0; a->collate_seen && k < args->n; k++) {
        const struct expr *found = explicit_collation(args->items[k]);
        if (found && first && found->collation_oid != first->collation_oid)
            return fail(a, found->location, ERR_COLLATION_MISMATCH,
                        "collation mismatch between explicit collations \"%s\" and \"%s\"",
                        collation_name(first->collation_oid), collation_name(found->collation_oid));
        if (!first)
            first = found;
    }
    return true;
}
