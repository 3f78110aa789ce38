/* func_xact.c - transaction numbers as SQL sees them. */
#include <inttypes.h>
#include <string.h>

#include "proxy/session_funcs.h"
#include "proxy/session_int.h"

/* Numbers below it are always over: no transaction of a client had them. */
#define FIRST_NORMAL_XID 3

static bool current_id(struct fcall *c)
{
    if (!c->env->txn)
        return err_set(c->err, ERR_INTERNAL_ERROR, "there is no transaction");
    c->env->session->has_xid = true;
    return return_int(c, (int64_t)txn_id(c->env->txn));
}

static bool has_id(const struct fcall *c)
{
    return c->env->txn && (c->env->session->has_xid || txn_has_changes(c->env->txn));
}

static bool current_id_if_assigned(struct fcall *c)
{
    return has_id(c) ? current_id(c) : return_null(c);
}

/* "xmin:xmax:xip,...".  xmax follows the last transaction that is over, and the list leaves out our own. */
static bool current_snapshot(struct fcall *c)
{
    uint64_t xmin, xmax, *list, own = c->env->txn ? txn_id_if_assigned(c->env->txn) : 0;
    size_t n = txn_ids_in_progress(server.transactions, c->arena, &xmin, &xmax, &list);
    while (n > 0 && list[n - 1] == xmax - 1) {
        xmax--;
        n--;
    }
    struct buf text = BUF_IN(c->arena);
    const char *separator = "";
    buf_printf(&text, "%" PRIu64 ":%" PRIu64 ":", MIN(xmin, xmax), xmax);
    for (size_t k = 0; k < n; k++) {
        if (list[k] == own)
            continue;
        buf_printf(&text, "%s%" PRIu64, separator, list[k]);
        separator = ",";
    }
    struct type_io io = fcall_io(c, c->result_type);
    return type_in(&io, buf_cstr(&text), text.n, &c->result);
}

static bool xact_status(struct fcall *c)
{
    uint64_t xid = (uint64_t)ARG_I(c, 0);
    if (xid == 0)
        return return_null(c);
    if (xid < FIRST_NORMAL_XID)
        return return_bytes(c, "committed", strlen("committed"));
    const char *word = NULL;
    switch (txn_id_status(server.transactions, xid)) {
    case 'f':
        return err_set(c->err, ERR_INVALID_PARAMETER_VALUE,
                       "transaction ID %" PRIu64 " is in the future", xid);
    case 'p':
        word = "in progress";
        break;
    case 'c':
        word = "committed";
        break;
    case 'a':
        word = "aborted";
        break;
    default:
        return return_null(c);
    }
    return return_bytes(c, word, strlen(word));
}

/* How many transactions ago: from our own if it has a number, else from the next one. */
static bool xid_age(struct fcall *c)
{
    uint32_t xid = (uint32_t)ARG_I(c, 0);
    uint64_t xmin, next, *list;
    if (xid < FIRST_NORMAL_XID)
        return return_int(c, INT32_MAX);
    txn_ids_in_progress(server.transactions, c->arena, &xmin, &next, &list);
    if (has_id(c))
        next = txn_id(c->env->txn);
    return return_int(c, (int32_t)((uint32_t)next - xid));
}

/* There are no multixacts: the next one is the first. */
static bool mxid_age(struct fcall *c)
{
    uint32_t xid = (uint32_t)ARG_I(c, 0);
    return return_int(c, xid ? (int32_t)(1 - xid) : INT32_MAX);
}

FUNC_TABLE(xact_funcs) = {
    {"pg_current_xact_id", current_id},
    {"pg_current_xact_id_if_assigned", current_id_if_assigned},
    {"pg_current_snapshot", current_snapshot},
    {"pg_xact_status", xact_status},
    {"xid_age", xid_age},
    {"mxid_age", mxid_age},
    {NULL, NULL},
};
