/* snapshot.c - what is in a pg_snapshot: xmin:xmax:xip,xip,...
 *
 * The value is its text.  Transactions below xmin are over, those from xmax on have not begun, and of those between the listed
 * ones were in progress.  txid_snapshot is the same thing by its older name. */
#include <stdlib.h>

#include "func/call.h"
#include "func/registry.h"

struct snapshot {
    uint64_t xmin, xmax;
    const char *list; /* the third field, NUL-terminated */
};

static struct snapshot snapshot_arg(struct fcall *c, int arg)
{
    char *end, *text = arena_printf(c->arena, "%.*s", (int)ARG_N(c, arg), ARG_P(c, arg));
    struct snapshot snapshot = {.xmin = strtoull(text, &end, 10), .list = ""};
    snapshot.xmax = strtoull(*end ? end + 1 : end, &end, 10);
    snapshot.list = *end ? end + 1 : end;
    return snapshot;
}

/* The next transaction of the list; false at its end. */
static bool next_xid(const char **list, uint64_t *xid)
{
    char *end;
    if (!**list)
        return false;
    *xid = strtoull(*list, &end, 10);
    *list = *end ? end + 1 : end;
    return true;
}

static bool snapshot_xmin(struct fcall *c)
{
    return return_int(c, (int64_t)snapshot_arg(c, 0).xmin);
}

static bool snapshot_xmax(struct fcall *c)
{
    return return_int(c, (int64_t)snapshot_arg(c, 0).xmax);
}

static bool snapshot_xip(struct fcall *c)
{
    bool is_new;
    struct row_list *list = row_list_of(c, 1, &is_new);
    if (is_new) {
        struct snapshot snapshot = snapshot_arg(c, 0);
        uint64_t xid;
        while (next_xid(&snapshot.list, &xid))
            row_list_add(list)[0] = datum_int((int64_t)xid);
    }
    return row_list_emit(c, list);
}

static bool visible_in_snapshot(struct fcall *c)
{
    uint64_t id = (uint64_t)ARG_I(c, 0), xid;
    struct snapshot snapshot = snapshot_arg(c, 1);
    if (id < snapshot.xmin || id >= snapshot.xmax)
        return return_bool(c, id < snapshot.xmin);
    while (next_xid(&snapshot.list, &xid))
        if (xid == id)
            return return_bool(c, false);
    return return_bool(c, true);
}

FUNC_TABLE(snapshot_funcs) = {
    {"pg_snapshot_xmin", snapshot_xmin},
    {"pg_snapshot_xmax", snapshot_xmax},
    {"pg_snapshot_xip", snapshot_xip},
    {"pg_visible_in_snapshot", visible_in_snapshot},
    {NULL, NULL},
};
