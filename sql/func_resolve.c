/* func_resolve.c - which of the functions of a name a call means.
 *
 * The manual's "Function Type Resolution": gather candidates (with defaults, VARIADIC and named arguments as they apply),
 * take an exact match, else those to which the arguments convert implicitly, and among these the best by exact matches, preferred types and the
 * categories of unknown literals.  Operators go through the same select_candidate(). */
#include "sql/analysis.h"

#include <string.h>

/* ---- candidates ---- */

/* Named notation: which parameter each written argument goes to.  False when the function has no such parameter, a parameter would be
 * given twice, or one without default is left out. */
static bool match_named(struct analysis *a, const struct proc *proc, const struct call_args *call,
                        int *positions)
{
    size_t n = call->args.n, n_positional = n - call->n_named;
    bool *given = ARENA_ARRAY(a->arena, bool, proc->n_args + 1u);
    if (!proc->arg_names)
        return false;
    for (size_t k = 0; k < n_positional; k++) {
        positions[k] = (int)k;
        given[k] = true;
    }
    for (size_t k = 0; k < call->n_named; k++) {
        int parameter = 0, found = -1;
        int n_names = proc->arg_modes ? proc->n_all_args : proc->n_args;
        for (int p = 0; p < n_names; p++) {
            char mode = proc->arg_modes ? proc->arg_modes[p] : 'i';
            if (mode == 'o' || mode == 't')
                continue;
            if (proc->arg_names[p] && strcmp(proc->arg_names[p], call->names[k]) == 0)
                found = parameter;
            parameter++;
        }
        if (found < 0 || given[found])
            return false;
        given[found] = true;
        positions[n_positional + k] = found;
    }
    for (int p = 0; p < proc->n_args; p++)
        if (!given[p] && p < proc->n_args - proc->n_defaults)
            return false;
    return true;
}

/* NULL when the number of arguments does not fit. */
static struct candidate *candidate_of(struct analysis *a, const struct proc *proc,
                                      const struct call_args *call)
{
    size_t n = call->args.n;
    bool named = call->n_named > 0, expand = !call->variadic, variadic = false, defaults = false;
    int *positions = NULL;
    if (named) {
        if ((proc->variadic_type && expand) || proc->n_args < n)
            return NULL;
        positions = ARENA_ARRAY(a->arena, int, n + 1);
        if (!match_named(a, proc, call, positions))
            return NULL;
        defaults = proc->n_args > n;
    } else {
        defaults = proc->n_args > n;
        if (defaults && proc->n_args > n + proc->n_defaults)
            return NULL;
        variadic = expand && proc->variadic_type && proc->n_args <= n;
        if (proc->n_args != n && !variadic && !defaults)
            return NULL;
    }
    struct candidate *c = ARENA_NEW(a->arena, struct candidate);
    c->proc = proc;
    c->n_args = MAX(proc->n_args, n);
    c->args = ARENA_ARRAY(a->arena, uint32_t, c->n_args + 1);
    c->positions = positions;
    for (size_t k = 0; k < proc->n_args; k++)
        c->args[k] = named && k < n ? proc->arg_types[positions[k]] : proc->arg_types[k];
    if (variadic) {
        for (size_t k = proc->n_args - 1u; k < c->n_args; k++)
            c->args[k] = proc->variadic_type;
        c->n_variadic = (int)(c->n_args - proc->n_args + 1);
    }
    c->n_defaults = defaults ? (int)(proc->n_args - n) : 0;
    return c;
}

/* Two candidates that take the same arguments: the earlier schema hides the later one; without VARIADIC beats with. */
static bool settle_duplicate(struct candidate *old, struct candidate *new, size_t n)
{
    size_t old_n = old->n_args - (size_t)old->n_defaults,
           new_n = new->n_args - (size_t) new->n_defaults;
    if (old_n != new_n || memcmp(old->args, new->args, MIN(old_n, n) * sizeof(old->args[0])) != 0)
        return false;
    if (old->proc->namespace_oid != new->proc->namespace_oid)
        return true;
    if (new->n_variadic && !old->n_variadic)
        return true;
    if (old->n_variadic && !new->n_variadic) {
        struct candidate *next = old->next;
        *old = *new;
        old->next = next;
        return true;
    }
    old->ambiguous = true;
    return true;
}

static struct candidate *gather(struct analysis *a, const struct proc *const *procs, size_t n_procs,
                                const struct call_args *call)
{
    struct candidate *first = NULL, **end = &first;
    for (size_t k = 0; k < n_procs; k++) {
        struct candidate *c = candidate_of(a, procs[k], call);
        if (!c)
            continue;
        bool settled = false;
        for (struct candidate *old = first; old && !settled; old = old->next)
            settled = settle_duplicate(old, c, call->args.n);
        if (!settled) {
            *end = c;
            end = &c->next;
        }
    }
    return first;
}

size_t match_candidates(struct analysis *a, size_t n, const struct type *const *types,
                        struct candidate *list, struct candidate **matched)
{
    struct candidate **end = matched;
    size_t n_matched = 0;
    const struct type **to = ARENA_ARRAY(a->arena, const struct type *, n + 1);
    *matched = NULL;
    for (struct candidate *c = list, *next; c; c = next) {
        next = c->next;
        for (size_t k = 0; k < n; k++)
            to[k] = type_by_oid(a, c->args[k]);
        if (!can_coerce_all(a, n, types, to, CAST_IMPLICIT))
            continue;
        c->next = NULL;
        *end = c;
        end = &c->next;
        n_matched++;
    }
    return n_matched;
}

/* ---- the best of several ---- */

/* Keeps the candidates with the highest score; a score of -1 is never kept. */
static struct candidate *keep_best(struct candidate *list,
                                   int (*score)(const struct candidate *, void *), void *arg,
                                   size_t *n_kept)
{
    struct candidate *kept = NULL, **end = &kept;
    int best = 0;
    *n_kept = 0;
    for (struct candidate *c = list, *next; c; c = next) {
        next = c->next;
        int value = score(c, arg);
        if (value > best || !kept) {
            best = value;
            kept = c;
            *n_kept = 1;
            c->next = NULL;
            end = &c->next;
        } else if (value == best) {
            c->next = NULL;
            *end = c;
            end = &c->next;
            ++*n_kept;
        }
    }
    return kept;
}

struct scoring {
    struct analysis *a;
    size_t n;
    const struct type *const *inputs; /* base types */
};

static int exact_score(const struct candidate *c, void *arg)
{
    const struct scoring *s = arg;
    int score = 0;
    for (size_t k = 0; k < s->n; k++)
        score += s->inputs[k]->oid != TYPE_UNKNOWN && c->args[k] == s->inputs[k]->oid;
    return score;
}

static int preferred_score(const struct candidate *c, void *arg)
{
    const struct scoring *s = arg;
    int score = 0;
    for (size_t k = 0; k < s->n; k++) {
        if (s->inputs[k]->oid == TYPE_UNKNOWN)
            continue;
        const struct type *type = type_by_oid(s->a, c->args[k]);
        score +=
            type == s->inputs[k] || (type->category == s->inputs[k]->category && type->preferred);
    }
    return score;
}

/* What unknown literals should be taken for: the category that the candidates agree on at that place, strings if any takes
 * a string. */
struct slot {
    char category; /* 0: known argument */
    bool preferred, agreed;
};

static bool agree_on_unknowns(struct scoring *s, struct candidate *list, struct slot *slots)
{
    bool all = true;
    for (size_t k = 0; k < s->n; k++) {
        if (s->inputs[k]->oid != TYPE_UNKNOWN)
            continue;
        struct slot *slot = &slots[k];
        bool conflict = false;
        for (struct candidate *c = list; c; c = c->next) {
            const struct type *type = type_by_oid(s->a, c->args[k]);
            if (!slot->category) {
                slot->category = type->category;
                slot->preferred = type->preferred;
            } else if (type->category == slot->category) {
                slot->preferred |= type->preferred;
            } else if (type->category == 'S') {
                slot->category = 'S';
                slot->preferred = type->preferred;
            } else {
                conflict = true;
            }
        }
        slot->agreed = !conflict || slot->category == 'S';
        all &= slot->agreed;
    }
    return all;
}

static struct candidate *keep_agreeing(struct scoring *s, struct candidate *list,
                                       const struct slot *slots, size_t *n_kept)
{
    struct candidate *kept = NULL, **end = &kept;
    *n_kept = 0;
    for (struct candidate *c = list; c; c = c->next) {
        bool keep = true;
        for (size_t k = 0; k < s->n && keep; k++) {
            if (s->inputs[k]->oid != TYPE_UNKNOWN)
                continue;
            const struct type *type = type_by_oid(s->a, c->args[k]);
            keep = type->category == slots[k].category && (!slots[k].preferred || type->preferred);
        }
        if (!keep)
            continue;
        struct candidate *clone =
            arena_memdup(s->a->arena, c, sizeof(*c)); /* the list may be needed as it is */
        clone->next = NULL;
        *end = clone;
        end = &clone->next;
        ++*n_kept;
    }
    return kept;
}

/* All known arguments have one type: the candidate that takes it for the unknown ones too. */
static struct candidate *assume_known_type(struct scoring *s, struct candidate *list)
{
    const struct type *known = NULL;
    for (size_t k = 0; k < s->n; k++) {
        if (s->inputs[k]->oid == TYPE_UNKNOWN)
            continue;
        if (known && known != s->inputs[k])
            return NULL;
        known = s->inputs[k];
    }
    if (!known)
        return NULL;
    const struct type **assumed = ARENA_ARRAY(s->a->arena, const struct type *, s->n + 1);
    const struct type **to = ARENA_ARRAY(s->a->arena, const struct type *, s->n + 1);
    struct candidate *only = NULL;
    for (size_t k = 0; k < s->n; k++)
        assumed[k] = known;
    for (struct candidate *c = list; c; c = c->next) {
        for (size_t k = 0; k < s->n; k++)
            to[k] = type_by_oid(s->a, c->args[k]);
        if (!can_coerce_all(s->a, s->n, assumed, to, CAST_IMPLICIT))
            continue;
        if (only)
            return NULL;
        only = c;
    }
    return only;
}

struct candidate *select_candidate(struct analysis *a, size_t n, const struct type *const *types,
                                   struct candidate *list)
{
    const struct type **inputs = ARENA_ARRAY(a->arena, const struct type *, n + 1);
    size_t n_unknown = 0, n_kept;
    for (size_t k = 0; k < n; k++) {
        inputs[k] = base_type(types[k]);
        n_unknown += inputs[k]->oid == TYPE_UNKNOWN;
    }
    struct scoring s = {.a = a, .n = n, .inputs = inputs};
    list = keep_best(list, exact_score, &s, &n_kept);
    if (n_kept == 1)
        return list;
    list = keep_best(list, preferred_score, &s, &n_kept);
    if (n_kept == 1)
        return list;
    if (n_unknown == 0)
        return NULL;
    struct slot *slots = ARENA_ARRAY(a->arena, struct slot, n + 1);
    if (agree_on_unknowns(&s, list, slots)) {
        struct candidate *agreeing = keep_agreeing(&s, list, slots, &n_kept);
        if (n_kept == 1)
            return agreeing;
        if (n_kept > 1)
            list = agreeing;
    }
    return n_unknown < n ? assume_known_type(&s, list) : NULL;
}

/* ---- the choice ---- */

/* f(x) where f names a type, and x converts to it without a function of its own: a cast. */
static const struct type *coercion_by_name(struct analysis *a, const List *name,
                                           const struct call_args *call)
{
    if (call->args.n != 1 || call->n_named || call->variadic)
        return NULL;
    const struct type *to = find_type(a, name);
    if (!to || to->kind == 'p' || to->kind == 'c')
        return NULL;
    const struct type *from = call->types[0];
    if (from->oid == TYPE_UNKNOWN)
        return to;
    const struct proc *proc;
    switch (find_cast_path(a, to, from, CAST_EXPLICIT, &proc)) {
    case PATH_RELABEL:
        return to;
    case PATH_IO:
        return is_row_type(from) && to->category == 'S' ? NULL : to;
    default:
        return NULL;
    }
}

static enum func_kind kind_of(const struct proc *proc)
{
    switch (proc->kind) {
    case 'a':
        return FUNC_AGGREGATE;
    case 'w':
        return FUNC_WINDOW;
    case 'p':
        return FUNC_PROCEDURE;
    default:
        return FUNC_NORMAL;
    }
}

static void take(struct candidate *c, struct func_choice *choice)
{
    choice->kind = c->ambiguous ? FUNC_AMBIGUOUS : kind_of(c->proc);
    choice->proc = c->proc;
    choice->declared = c->args;
    choice->n_declared = c->n_args;
    choice->n_variadic = (size_t)c->n_variadic;
    choice->n_defaults = (size_t)c->n_defaults;
    choice->positions = c->positions;
}

/* Most calls match some function's types exactly: found without building candidates. */
static bool take_exact(struct analysis *a, const struct proc *const *procs, size_t n_procs,
                       const struct call_args *call, struct func_choice *choice)
{
    size_t n = call->args.n;
    if (call->n_named || call->variadic)
        return false;
    for (size_t k = 0; k < n_procs; k++) {
        const struct proc *proc = procs[k];
        if (proc->n_args != n || proc->variadic_type)
            continue;
        size_t same = 0;
        while (same < n && proc->arg_types[same] == call->types[same]->oid)
            same++;
        if (same < n)
            continue;
        *choice = (struct func_choice){.kind = kind_of(proc), .proc = proc, .n_declared = n};
        choice->declared = ARENA_ARRAY(a->arena, uint32_t, n + 1);
        if (n)
            memcpy(choice->declared, proc->arg_types, n * sizeof(uint32_t));
        return true;
    }
    return false;
}

/* Procedures as CALL sees them: all arguments count. */
static const struct proc *const *with_outputs(struct analysis *a, const struct proc *const *procs,
                                              size_t n)
{
    const struct proc **list = ARENA_ARRAY(a->arena, const struct proc *, n + 1);
    for (size_t k = 0; k < n; k++) {
        list[k] = procs[k];
        if (procs[k]->kind != 'p' || !procs[k]->arg_modes)
            continue;
        struct proc *all = arena_memdup(a->arena, procs[k], sizeof(*all));
        all->n_args = all->n_all_args;
        all->arg_types = all->all_arg_types;
        all->arg_modes = NULL;
        if (all->n_args != procs[k]->n_args)
            all->n_defaults = 0; /* the last inputs' defaults would be taken for the outputs' */
        list[k] = all;
    }
    return list;
}

/* False only on an error other than "not found" and "ambiguous", which are choices. */
bool choose_function(struct analysis *a, const List *name, const struct call_args *call,
                     struct func_choice *choice)
{
    int n_parts = list_n(name);
    const char *schema = n_parts > 1 ? list_str(name, n_parts - 2) : NULL;
    size_t n_procs = 0, n = call->args.n;
    *choice = (struct func_choice){.kind = FUNC_NOT_FOUND};
    const struct proc *const *procs = catalog_procs_by_name(a->catalog, a->arena, a->path, schema,
                                                            list_str(name, n_parts - 1), &n_procs);
    if (call->is_call)
        procs = with_outputs(a, procs, n_procs);
    if (take_exact(a, procs, n_procs, call, choice))
        return true;
    struct candidate *list = gather(a, procs, n_procs, call);
    for (struct candidate *c = list; c; c = c->next) {
        size_t same = 0;
        while (same < n && c->args[same] == call->types[same]->oid)
            same++;
        if (same == n) {
            take(c, choice);
            return true;
        }
    }
    choice->coercion = coercion_by_name(a, name, call);
    if (choice->coercion) {
        choice->kind = FUNC_COERCION;
        return true;
    }
    struct candidate *matched;
    size_t n_matched = match_candidates(a, n, call->types, list, &matched);
    if (n_matched == 0)
        return !FAILED(a);
    struct candidate *best =
        n_matched == 1 ? matched : select_candidate(a, n, call->types, matched);
    if (best)
        take(best, choice);
    else
        choice->kind = FUNC_AMBIGUOUS;
    return !FAILED(a);
}
