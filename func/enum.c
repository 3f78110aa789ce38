/* enum.c - enum_first, enum_last, enum_range.  Only the argument's type matters to the first two,
 * so NULL is fine. */
#include "types/enum.h"

#include "func/registry.h"
#include "types/array.h"

static bool check_labels(struct fcall *c, const struct type *type)
{
    if (type->n_labels)
        return true;
    return err_set(c->err, ERR_OBJECT_NOT_IN_PREREQUISITE_STATE, "enum %s contains no values",
                   type->name);
}

static bool first(struct fcall *c)
{
    const struct type *type = c->arg_types[0];
    if (!check_labels(c, type))
        return false;
    c->result = enum_datum(type, 0);
    return true;
}

static bool last(struct fcall *c)
{
    const struct type *type = c->arg_types[0];
    if (!check_labels(c, type))
        return false;
    c->result = enum_datum(type, type->n_labels - 1);
    return true;
}

static bool range_between(struct fcall *c, int from, int to)
{
    const struct type *type = c->arg_types[0];
    struct datum *items = ARENA_ARRAY(c->arena, struct datum, type->n_labels + 1);
    uint32_t n = 0;
    for (int k = from; k <= to; k++)
        items[n++] = enum_datum(type, (uint32_t)k);
    c->result = array_build_1d(c->arena, c->result_type->elem, items, n);
    return true;
}

static bool range_all(struct fcall *c)
{
    return range_between(c, 0, (int)c->arg_types[0]->n_labels - 1);
}

static bool range_bounds(struct fcall *c)
{
    const struct type *type = c->arg_types[0];
    int from = c->args[0].null ? 0 : enum_position(type, ARG_P(c, 0), ARG_N(c, 0));
    int to =
        c->args[1].null ? (int)type->n_labels - 1 : enum_position(type, ARG_P(c, 1), ARG_N(c, 1));
    return range_between(c, from, to);
}

FUNC_TABLE(enum_funcs) = {
    {"enum_first", first},
    {"enum_last", last},
    {"enum_range_all", range_all},
    {"enum_range_bounds", range_bounds},
    {NULL, NULL},
};
