/* prepare.c - PREPARE, EXECUTE and DEALLOCATE: prepared statements by SQL, the same set that Parse fills. */
#include <stdlib.h>
#include <string.h>

#include "proxy/session_int.h"
#include "sql/format_type.h"
#include "sql/pgnodes.h"

bool run_prepare(struct session *s, struct portal *portal, const void *node,
                 struct utility_result *result UNUSED, struct err *err)
{
    const PrepareStmt *stmt = node;
    if (!stmt->name || !*stmt->name)
        return err_set(err, ERR_INVALID_PSTATEMENT_DEFINITION,
                       "invalid statement name: must not be empty");
    size_t n = (size_t)list_n(stmt->argtypes);
    const struct type **types = calloc(n + 1, sizeof(*types));
    ASSERT(types != NULL);
    struct prepared_statement *prepared = calloc(1, sizeof(*prepared));
    ASSERT(prepared != NULL);
    *prepared = (struct prepared_statement){.name = strdup(stmt->name),
                                            .text = strdup(portal->stmt->text),
                                            .from_sql = true,
                                            .prepared_us = s->statement_us,
                                            .declared = types,
                                            .n_declared = (uint16_t)n,
                                            .epoch = s->settings_epoch};
    const struct catalog *catalog = portal->stmt->catalog;
    struct analyze_context *context =
        session_analyze_context(s, portal->arena, catalog, &portal->env, portal->stmt->text);
    bool ok = true;
    session_env(s, &portal->env, portal->arena, catalog);
    for (size_t i = 0; ok && i < n; i++) {
        int32_t typmod;
        const TypeName *name = list_at(stmt->argtypes, (int)i);
        ok = analyze_type_name(context, name, &types[i], &typmod, err);
        if (ok && types[i]->oid == TYPE_UNKNOWN)
            types[i] = NULL;
    }
    struct stmt_params params = {.declared = types, .n_declared = (uint16_t)n};
    if (ok)
        prepared->stmt = stmt_of_node(s, portal->stmt, stmt->query, &params, err);
    if (!prepared->stmt) {
        prepared_statement_free(prepared);
        return false;
    }
    return session_add_prepared(s, prepared, err);
}

static bool argument(struct session *s, struct analyze_context *context, const struct stmt *inner,
                     int index, const void *node, struct arena *arena, const struct env *env,
                     struct datum *value, struct err *err)
{
    const struct type *type = inner->param_types[index];
    struct expr *cast = analyze_raw_expr(context, node, NULL, type, -1, "EXECUTE", err);
    if (!cast && err_is(err, ERR_DATATYPE_MISMATCH)) {
        struct err ignored = ERR_IN(arena);
        struct expr *bare = analyze_raw_expr(context, node, NULL, NULL, -1, "EXECUTE", &ignored);
        int position = err->position;
        err_set(err, ERR_DATATYPE_MISMATCH,
                "parameter $%d of type %s cannot be coerced to the expected type %s", index + 1,
                bare ? format_type_name(err->arena, inner->catalog, &context->path, bare->type)
                     : "unknown",
                format_type_name(err->arena, inner->catalog, &context->path, type));
        err_hint(err, "You will need to rewrite or cast the expression.");
        err->position = position;
    }
    if (!cast)
        return false;
    return transaction_start(s, err) && exec_constant(arena, env, cast, NULL, value, err);
}

bool resolve_execute(struct session *s, const struct stmt *outer, const void *node,
                     struct arena *arena, struct stmt **stmt, const struct datum **params,
                     struct err *err)
{
    const ExecuteStmt *execute = node;
    struct prepared_statement *prepared = session_prepared(s, execute->name, err);
    if (!prepared || !prepared_refresh(s, prepared, err))
        return false;
    struct stmt *inner = prepared->stmt;
    if (!inner)
        return err_set(err, ERR_UNDEFINED_PSTATEMENT, "prepared statement \"%s\" is empty",
                       execute->name);
    int n = list_n(execute->params);
    if (n != inner->n_params) {
        err_set(err, ERR_SYNTAX_ERROR, "wrong number of parameters for prepared statement \"%s\"",
                execute->name);
        return err_detail(err, "Expected %d parameters but got %d.", inner->n_params, n);
    }
    if (n && !transaction_start(s, err))
        return false;
    struct env *env = ARENA_NEW(arena, struct env);
    session_env(s, env, arena, inner->catalog);
    struct analyze_context *context =
        session_analyze_context(s, arena, inner->catalog, env, outer->text);
    struct datum *values = ARENA_ARRAY(arena, struct datum, (size_t)n + 1);
    stmt_ref(inner); /* evaluating an argument may drop it */
    for (int i = 0; i < n; i++)
        if (!argument(s, context, inner, i, list_at(execute->params, i), arena, env, &values[i],
                      err)) {
            stmt_unref(inner);
            return false;
        }
    prepared->custom_plans += n > 0;
    prepared->generic_plans += n == 0;
    *params = values;
    *stmt = inner;
    return true;
}

static void unref(void *stmt)
{
    stmt_unref(stmt);
}

/* The portal becomes one of the prepared statement, and starts again. */
bool run_execute(struct session *s, struct portal *portal, const void *node,
                 struct utility_result *result, struct err *err)
{
    struct stmt *inner;
    const struct datum *params;
    if (!resolve_execute(s, portal->stmt, node, portal->arena, &inner, &params, err))
        return false;
    arena_on_free(portal->arena, unref,
                  portal->stmt); /* the text and tree of EXECUTE stay until the end */
    portal->stmt = inner;
    portal->params = params;
    portal->n_params = inner->n_params;
    portal->columns = inner->columns;
    portal->state = PORTAL_NEW;
    result->delegated = true;
    return portal_start(s, portal, err);
}

bool run_deallocate(struct session *s, const void *node, struct utility_result *result,
                    struct err *err)
{
    const DeallocateStmt *stmt = node;
    result->tag = stmt->name ? "DEALLOCATE" : "DEALLOCATE ALL";
    if (!stmt->name) {
        session_drop_all_prepared(s);
        return true;
    }
    if (!session_prepared(s, stmt->name, err))
        return false;
    session_drop_prepared(s, stmt->name);
    return true;
}
