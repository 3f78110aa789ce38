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
    {"pg_current_snapshot", current_snapshot},
    {NULL, NULL},
};
