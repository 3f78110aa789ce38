/* func_distribution.c - Citus's names for telling where a table's rows are: each is an ALTER TABLE SET (...) that can be selected. */
#include <string.h>

#include "catalog/catalog.h"
#include "proxy/session_funcs.h"
#include "proxy/session_int.h"

static const char *text_arg(const struct fcall *c, int k)
{
    return c->args[k].null ? NULL : arena_strndup(c->arena, c->args[k].p, c->args[k].n);
}

static bool distribute(struct fcall *c, const char *what, enum distribution distribution,
                       const char *key, const char *strategy, const char *colocate_with)
{
    struct session *s = c->env->session;
    struct ddl_context context;
    if (c->args[0].null)
        return err_set(c->err, ERR_NULL_VALUE_NOT_ALLOWED, "the table cannot be NULL");
    const struct relation *relation = catalog_relation(c->env->catalog, (uint32_t)c->args[0].i);
    if (!relation)
        return err_set(c->err, ERR_UNDEFINED_TABLE, "relation with OID %u does not exist",
                       (uint32_t)c->args[0].i);
    if (!refuse_utility_if_read_only(s, what, c->err))
        return false;
    session_ddl_context(s, &context, c->env->arena, c->env, "");
    bool ok =
        ddl_distribute(&context, relation->oid, distribution, key, strategy, colocate_with, c->err);
    session_ddl_done(s, &context);
    return ok && return_null(c);
}

/* (table, column, distribution type, colocate with, shard count): the shards are counted by the server, not by the table. */
static bool create_distributed_table(struct fcall *c)
{
    const char *key = text_arg(c, 1), *type = text_arg(c, 2), *with = text_arg(c, 3);
    if (!key || !*key)
        return err_set(c->err, ERR_NULL_VALUE_NOT_ALLOWED,
                       "the distribution column cannot be NULL");
    if (with && (strcmp(with, "default") == 0 || strcmp(with, "none") == 0))
        with = NULL;
    return distribute(c, "create_distributed_table()", DIST_SHARDED, key, type, with);
}

static bool create_reference_table(struct fcall *c)
{
    return distribute(c, "create_reference_table()", DIST_REFERENCE, NULL, NULL, NULL);
}

static bool undistribute_table(struct fcall *c)
{
    return distribute(c, "undistribute_table()", DIST_LOCAL, NULL, NULL, NULL);
}

FUNC_TABLE(distribution_funcs) = {
    {"create_distributed_table", create_distributed_table},
    {"create_reference_table", create_reference_table},
    {"undistribute_table", undistribute_table},
    {NULL, NULL},
};
