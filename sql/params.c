/* params.c - $n: declared types, types inferred from the first use that wants one, and the check that all uses agree.
 *
 * A parameter without a declared type starts as unknown.  The first cast that is applied to one of its references gives
 * it the type of the cast, for all references; a later reference that wants another type is an error. */
#include "sql/analysis.h"

struct expr *transform_param(struct scope *s, const ParamRef *node)
{
    struct analysis *a = s->a;
    struct analyze_context *context = a->context;
    int n = node->number;
    bool exists = n > 0 && n <= (context->fixed_params ? context->n_params : context->max_params);
    if (!exists || (context->fixed_params && !context->param_types[n - 1]))
        return fail_null(a, node->location, ERR_UNDEFINED_PARAMETER, "there is no parameter $%d",
                         n);
    while (context->n_params < n)
        context->param_types[context->n_params++] = NULL;
    const struct type *type = context->param_types[n - 1];
    struct expr *e = expr_new(a, EXPR_PARAM, type ? type : a->unknown, node->location);
    e->param = n;
    VEC_PUSH(a->arena, &a->params, e);
    return e;
}

struct expr *settle_param(struct analysis *a, struct expr *param, const struct type *type,
                          int location)
{
    struct analyze_context *context = a->context;
    if (context->fixed_params)
        return NULL;
    const struct type **slot = &context->param_types[param->param - 1];
    if (*slot && *slot != type) {
        const char *known = type_text(a, *slot), *wanted = type_text(a, type);
        fail(a, param->location, ERR_AMBIGUOUS_PARAMETER,
             "inconsistent types deduced for parameter $%d", param->param);
        fail_detail(a, "%s versus %s", known, wanted);
        return NULL;
    }
    *slot = type;
    param->type = type;
    param->collation_oid = type->collation_oid;
    if (location >= 0 && (param->location < 0 || location < param->location))
        param->location = location;
    return param;
}

bool params_check(struct analysis *a, const struct query *query)
{
    struct analyze_context *context = a->context;
    if (context->fixed_params)
        return true;
    for (size_t k = 0; k < a->params.n; k++) {
        const struct expr *param = a->params.items[k];
        const struct type *type = context->param_types[param->param - 1];
        if (context->literals && !type)
            return fail(a, param->location, ERR_INDETERMINATE_DATATYPE,
                        "could not determine data type of literal %d", param->param);
        if (type && param->type != type)
            return fail(a, param->location, ERR_AMBIGUOUS_PARAMETER,
                        "could not determine data type of parameter $%d", param->param);
    }
    for (int k = 0; k < context->n_params && !context->literals; k++)
        if (!context->param_types[k])
            return fail(a, -1, ERR_INDETERMINATE_DATATYPE,
                        "could not determine data type of parameter $%d", k + 1);
    return true;
}
