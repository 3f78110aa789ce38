/* cast.c - the expressions that conversions become.
 *
 * A literal of unknown type is not cast but read: the type's input function runs at analysis, so that a bad literal is an error of
 * the statement, with its position.  Domains add their checks around the conversion to their base type; length modifiers
 * (varchar(10), numeric(10,2)) add a call of the type's own length function around all that. */
#include "sql/analysis.h"

#include <string.h>

#define NESTING_MAX                                                                                \
    40 /* texts within texts: domains whose checks cast to domains, views on views, functions in functions */

bool literal_value(struct analysis *a, const struct expr *literal, const struct type *type,
                   int32_t typmod, struct datum *value)
{
    if (literal->value.null) {
        *value = datum_null();
        return true;
    }
    struct type_io io = analysis_io(a, type, typmod);
    if (type_in(&io, literal->value.p, literal->value.n, value))
        return true;
    set_position(a, literal->location);
    return false;
}

/* ---- domains ---- */

static struct expr *domain_check_expr(struct analysis *a, const struct type *domain,
                                      const struct domain_info *info, const char *sql)
{
    struct analyze_context context = *a->context;
    struct analysis inner;
    analysis_nested(&inner, &context, a);
    if (inner.depth > NESTING_MAX)
        return fail_null(a, -1, ERR_STATEMENT_TOO_COMPLEX, "stack depth limit exceeded");
    const Node *node = parse_expression(&inner, sql);
    if (!node)
        return NULL;
    struct scope *s = scope_new(&inner, NULL, CMD_SELECT_);
    s->domain_value = domain;
    return transform_boolean(s, node, PLACE_DOMAIN_CHECK, "CHECK");
}

/* Collects the checks of the domain and of those below it, the deepest first. */
bool domain_checks(struct analysis *a, const struct type *domain, struct expr *cast)
{
    VEC(const struct type *) chain = {0};
    for (const struct type *t = domain; t->kind == 'd'; t = t->elem)
        VEC_PUSH(a->arena, &chain, t);
    VEC(struct expr *) checks = {0};
    VEC(const char *) names = {0};
    for (size_t k = chain.n; k-- > 0;) {
        const struct domain_info *info = chain.items[k]->domain;
        for (int c = 0; info && c < info->n_checks; c++) {
            struct expr *check = domain_check_expr(a, domain, info, info->checks[c].sql);
            if (!check)
                return false;
            VEC_PUSH(a->arena, &checks, check);
            VEC_PUSH(a->arena, &names, info->checks[c].name);
        }
    }
    cast->domain.checks = checks.items;
    cast->domain.names = names.items;
    cast->domain.n = (int)checks.n;
    return true;
}

struct expr *coerce_to_domain(struct analysis *a, struct expr *e, const struct type *domain,
                              enum cast_context context, enum expr_form form, int location)
{
    if (domain->kind != 'd')
        return e;
    int32_t typmod = -1;
    const struct type *base = base_type_mod(domain, &typmod);
    e = coerce_typmod(a, e, base, typmod, context, FORM_IMPLICIT_CAST, location);
    if (!e)
        return NULL;
    if (!domain->not_null)
        for (const struct type *t = domain->elem; t->kind == 'd'; t = t->elem)
            if (t->not_null) { /* the executor asks the cast's own type only */
                e = coerce_to_domain(a, e, t, context, FORM_IMPLICIT_CAST, location);
                if (!e)
                    return NULL;
                break;
            }
    struct expr *cast = expr_new(a, EXPR_DOMAIN_CAST, domain, location);
    cast->form = (uint8_t)form;
    push_arg(a, cast, e);
    return domain_checks(a, domain, cast) ? cast : NULL;
}

/* ---- one conversion ---- */

static struct expr *cast_new(struct analysis *a, enum expr_kind kind, const struct type *to,
                             struct expr *arg, enum expr_form form, int location)
{
    struct expr *e = expr_new(a, kind, to, location);
    e->form = (uint8_t)form;
    push_arg(a, e, arg);
    return e;
}

static struct expr *function_cast(struct analysis *a, const struct proc *proc, struct expr *arg,
                                  const struct type *to, int32_t typmod, enum cast_context context,
                                  enum expr_form form, int location)
{
    struct exprs args = {0};
    VEC_PUSH(a->arena, &args, arg);
    if (proc->n_args >= 2)
        VEC_PUSH(a->arena, &args, const_new(a, a->int4, datum_int(typmod), -1));
    if (proc->n_args >= 3)
        VEC_PUSH(a->arena, &args,
                 const_new(a, a->boolean, datum_bool(context == CAST_EXPLICIT), -1));
    struct expr *e = func_expr(a, proc, to, args, location);
    if (!e)
        return NULL;
    e->form = (uint8_t)form;
    e->func.explicit_cast = form == FORM_EXPLICIT_CAST;
    e->func.implicit_cast = form == FORM_IMPLICIT_CAST;
    if (proc->n_args >= 2)
        e->typmod = typmod;
    return e;
}

static struct expr *array_cast(struct analysis *a, struct expr *arg, const struct type *to,
                               int32_t typmod, enum cast_context context, enum expr_form form,
                               int location)
{
    struct expr *element = expr_new(a, EXPR_CASE_TEST, base_element_type(arg->type), -1);
    element->typmod = arg->typmod;
    struct expr *converted =
        coerce_to(a, element, element_type(to), typmod, context, FORM_IMPLICIT_CAST, location);
    if (!converted)
        return FAILED(a) ? NULL
                         : fail_null(a, location, ERR_CANNOT_COERCE, "cannot cast type %s to %s",
                                     type_text(a, arg->type), type_text(a, to));
    struct expr *e = cast_new(a, EXPR_ARRAY_CAST, to, arg, form, location);
    e->typmod = converted->typmod;
    e->cast.elem = converted;
    return e;
}

static bool cannot_cast_row(struct analysis *a, const struct expr *row, const struct type *to,
                            int location, const char *detail)
{
    fail(a, location >= 0 ? location : expr_location(row), ERR_CANNOT_COERCE,
         "cannot cast type %s to %s", type_text(a, row->type), type_text(a, to));
    return detail ? fail_detail(a, "%s", detail) : false;
}

/* One field of an anonymous row to the type of the composite's field. */
static struct expr *cast_field(struct analysis *a, struct expr *field,
                               const struct field_info *want, const struct type *row_type,
                               const struct type *to, int index, enum cast_context context,
                               int location)
{
    struct expr *cast =
        coerce_to(a, field, want->type, want->typmod, context, FORM_IMPLICIT_CAST, location);
    if (!cast && !FAILED(a)) {
        fail(a, location, ERR_CANNOT_COERCE, "cannot cast type %s to %s", type_text(a, row_type),
             type_text(a, to));
        fail_detail(a, "Cannot cast type %s to %s in column %d.", type_text(a, field->type),
                    type_text(a, want->type), index + 1);
    }
    return cast;
}

static struct expr *record_to_composite(struct analysis *a, struct expr *row, const struct type *to,
                                        enum cast_context context, enum expr_form form,
                                        int location)
{
    const struct type *base = base_type(to);
    struct row_shape want, have;
    struct scope alone = {.a = a};
    type_shape(a, base, &want);
    struct expr *result;
    if (row->kind == EXPR_ROW) {
        if ((int)row->args.n != want.n) {
            cannot_cast_row(a, row, to, location,
                            (int)row->args.n < want.n ? "Input has too few columns."
                                                      : "Input has too many columns.");
            return NULL;
        }
        result = expr_new(a, EXPR_ROW, base, row->location);
        for (int k = 0; k < want.n; k++) {
            struct expr *field = row->args.items[k];
            struct expr *cast = cast_field(a, field, &want.fields[k], row->type, to, k, context,
                                           expr_location(field));
            if (!cast)
                return NULL;
            push_arg(a, result, cast);
        }
        result->form = (uint8_t)form;
    } else {
        if (row->kind == EXPR_COLUMN || !row_shape_of(&alone, row, &have) || have.n != want.n) {
            cannot_cast_row(a, row, to, location, NULL);
            return NULL;
        }
        result = cast_new(a, EXPR_ROW_CAST, base, row, form, location);
        result->cast.elems = ARENA_ARRAY(a->arena, struct expr *, want.n + 1);
        result->cast.n_elems = want.n;
        for (int k = 0; k < want.n; k++) {
            struct expr *field = expr_new(a, EXPR_CASE_TEST, have.fields[k].type, -1);
            result->cast.elems[k] =
                cast_field(a, field, &want.fields[k], row->type, to, k, context, location);
            if (!result->cast.elems[k])
                return NULL;
        }
    }
    return base == to ? result : coerce_to_domain(a, result, to, context, form, location);
}

static struct expr *literal_cast(struct analysis *a, struct expr *literal, const struct type *to,
                                 int32_t typmod, enum cast_context context, enum expr_form form,
                                 int location)
{
    int32_t base_typmod = typmod;
    const struct type *base = base_type_mod(to, &base_typmod);
    int32_t input_typmod = base->oid == TYPE_INTERVAL ? base_typmod : -1;
    struct expr *value = expr_new(a, EXPR_CONST, base, literal->location);
    value->typmod = input_typmod;
    value->form = (uint8_t)form;
    if (!literal_value(a, literal, base, input_typmod, &value->value))
        return NULL;
    return base == to ? value : coerce_to_domain(a, value, to, context, form, location);
}

static bool is_collate(const struct expr *e)
{
    return e->kind == EXPR_RELABEL && e->form == FORM_CALL;
}

/* Polymorphic pseudo-types take the value as it is. */
static bool takes_anything(const struct type *to)
{
    return to->oid == TYPE_ANY || is_polymorphic(to->oid);
}

static struct expr *coerce_by_path(struct analysis *a, struct expr *e, const struct type *to,
                                   int32_t typmod, enum cast_path path, const struct proc *proc,
                                   enum cast_context context, enum expr_form form, int location)
{
    int32_t base_typmod = typmod;
    const struct type *base = base_type_mod(to, &base_typmod);
    struct expr *result;
    switch (path) {
    case PATH_FUNCTION:
        result = function_cast(a, proc, e, base, base_typmod, context, form, location);
        break;
    case PATH_IO:
        result = cast_new(a, EXPR_IO_CAST, base, e, form, location);
        break;
    case PATH_ARRAY:
        result = array_cast(a, e, base, base_typmod, context, form, location);
        break;
    default:
        /* The same bits: a domain's value is its base type's. */
        if (to->kind == 'd')
            return coerce_to_domain(a, e, to, context, form, location);
        return cast_new(a, EXPR_RELABEL, to, e, form, location);
    }
    if (!result)
        return NULL;
    return to->kind == 'd' ? coerce_to_domain(a, result, to, context, form, location) : result;
}

struct expr *coerce_node(struct analysis *a, struct expr *e, const struct type *to, int32_t typmod,
                         enum cast_context context, enum expr_form form, int location)
{
    if (e->type == to)
        return e;
    if (takes_anything(to)) {
        bool keeps_domain = to->oid == TYPE_ANY || to->oid == TYPE_ANYELEMENT ||
                            to->oid == TYPE_ANYNONARRAY || to->oid == TYPE_ANYCOMPATIBLE ||
                            to->oid == TYPE_ANYCOMPATIBLENONARRAY;
        if (keeps_domain || e->type->kind != 'd')
            return e;
        return cast_new(a, EXPR_RELABEL, base_type(e->type), e, FORM_IMPLICIT_CAST, location);
    }
    if (e->type->oid == TYPE_UNKNOWN) {
        if (e->kind == EXPR_CONST)
            return literal_cast(a, e, to, typmod, context, form, location);
        if (e->kind == EXPR_PARAM) {
            struct expr *settled = settle_param(a, e, to, location);
            /* A value that comes in from outside has not met the domain's checks. */
            if (settled && to->kind == 'd')
                return coerce_to_domain(a, settled, to, context, FORM_IMPLICIT_CAST, location);
            if (settled || FAILED(a))
                return settled;
        }
    }
    if (is_collate(e)) {
        struct expr *inner = coerce_node(a, e->args.items[0], to, typmod, context, form, location);
        if (!inner || !to->collation_oid)
            return inner;
        struct expr *collate =
            cast_new(a, EXPR_RELABEL, inner->type, inner, FORM_CALL, e->location);
        collate->typmod = inner->typmod;
        collate->collation_oid = e->collation_oid;
        return collate;
    }
    const struct proc *proc;
    enum cast_path path = find_cast_path(a, to, e->type, context, &proc);
    if (path != PATH_NONE)
        return coerce_by_path(a, e, to, typmod, path, proc, context, form, location);
    if (e->type->oid == TYPE_RECORD && is_composite(to))
        return record_to_composite(a, e, to, context, form, location);
    if ((to->oid == TYPE_RECORD && is_composite(e->type)) || to->oid == TYPE_RECORD_ARRAY ||
        e->type->oid == TYPE_RECORD_ARRAY)
        return cast_new(a, EXPR_RELABEL, to, e, FORM_IMPLICIT_CAST, location);
    return fail_null(a, location, ERR_INTERNAL_ERROR,
                     "failed to find conversion function from %s to %s", type_text(a, e->type),
                     type_text(a, to));
}

/* ---- length modifiers ---- */

struct expr *coerce_typmod(struct analysis *a, struct expr *e, const struct type *to,
                           int32_t typmod, enum cast_context context, enum expr_form form,
                           int location)
{
    if (typmod < 0 || typmod == e->typmod)
        return e;
    const struct type *base = base_type(to), *elem = element_type(base);
    const struct type *has_length = elem ? elem : base;
    const struct cast *cast = catalog_cast(a->catalog, has_length->oid, has_length->oid);
    const struct proc *proc =
        cast && cast->proc_oid ? catalog_proc(a->catalog, cast->proc_oid) : NULL;
    if (proc && elem)
        return array_cast(a, e, base, typmod, context, form, location);
    if (proc)
        return function_cast(a, proc, e, base, typmod, context, form, location);
    struct expr *relabel = cast_new(a, EXPR_RELABEL, e->type, e, FORM_IMPLICIT_CAST, location);
    relabel->typmod = typmod;
    relabel->collation_oid = e->collation_oid;
    return relabel;
}

struct expr *coerce_to(struct analysis *a, struct expr *e, const struct type *to, int32_t typmod,
                       enum cast_context context, enum expr_form form, int location)
{
    if (!can_coerce(a, e->type, to, context))
        return NULL;
    struct expr *converted = coerce_node(a, e, to, typmod, context, form, location);
    if (!converted)
        return NULL;
    struct expr *fitted = coerce_typmod(a, converted, to, typmod, context, form, location);
    /* One cast was written: of two made, only the outer one shows. */
    if (fitted && fitted != converted && converted != e && converted->kind != EXPR_CONST)
        converted->form = FORM_IMPLICIT_CAST;
    return fitted;
}
