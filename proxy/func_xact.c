/* func_xact.c - transaction numbers as SQL sees them. */
#include <string.h>

#include "proxy/session_funcs.h"
#include "proxy/session_int.h"

static bool current_id(struct fcall *c)
{
    if (!c->env->txn)
        return err_set(c->err, ERR_INTERNAL_ERROR, "there is no transaction");
    c->env->session->has_xid = true;
    return return_int(c, (int64_t)txn_id(c->env->txn));
}

static bool current_id_if_assigned(struct fcall *c)
{
    if (!c->env->txn || !(c->env->session->has_xid || txn_has_changes(c->env->txn)))
        return return_null(c);
    return current_id(c);
}

static bool return_name(struct fcall *c, const char *name)
{
    return return_bytes(c, name, strlen(name));
}

static bool xact_status(struct fcall *c)
{
    int64_t id = ARG_I(c, 0);
    switch (id > 0 ? txn_id_status(server.transactions, (uint64_t)id) : 0) {
    case 'p':
        return return_name(c, "in progress");
    case 'c':
        return return_name(c, "committed");
    case 'a':
        return return_name(c, "aborted");
    case 'f':
        return err_set(c->err, ERR_INVALID_PARAMETER_VALUE, "transaction ID %llu is in the future",
                       (unsigned long long)id);
    default:
        /* PostgreSQL's two ids of its own making have always been committed. */
        return id == 1 || id == 2 ? return_name(c, "committed") : return_null(c);
    }
}

/* "xmin:xmax:" of a moment at which nobody else's transaction is told of. */
static bool current_snapshot(struct fcall *c)
{
    long long id = c->env->txn ? (long long)txn_id(c->env->txn) : 1;
    const char *text = arena_printf(c->arena, "%lld:%lld:", id, id);
    struct type_io io = fcall_io(c, c->result_type);
    return type_in(&io, text, strlen(text), &c->result);
}

FUNC_TABLE(xact_funcs) = {
    {"pg_current_xact_id", current_id},
    {"pg_current_xact_id_if_assigned", current_id_if_assigned},
    {"pg_xact_status", xact_status},
    {"pg_current_snapshot", current_snapshot},
    {NULL, NULL},
};
