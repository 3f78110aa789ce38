/* func_backend.c - the statistics functions about sessions, and those that reset or answer for what is not counted here.
 *
 * A backend's number is its place among the sessions, from 1, as long as nobody comes or goes. */
#include <string.h>

#include "func/call.h"
#include "proxy/session_funcs.h"
#include "proxy/session_int.h"
#include "proxy/sessions.h"

/* The session of that number; NULL: there is none. */
static const struct session_view *backend(struct fcall *c)
{
    struct session_view *views;
    size_t n = sessions_view(c->arena, &views);
    int64_t number = ARG_I(c, 0);
    return number >= 1 && (size_t)number <= n ? &views[number - 1] : NULL;
}

static bool may_see(struct fcall *c, const struct session_view *view)
{
    const struct session *s = c->env->session;
    return s->superuser || role_is_member(c->env->catalog, s->current_role, view->role_oid, true);
}

static bool return_word(struct fcall *c, const char *text)
{
    return text ? return_bytes(c, text, strlen(text)) : return_null(c);
}

static bool return_time(struct fcall *c, const struct session_view *view, int64_t us)
{
    return view && us && may_see(c, view) ? return_int(c, us) : return_null(c);
}

static bool backend_ids(struct fcall *c)
{
    bool is_new;
    struct session_view *views;
    struct row_list *list = row_list_of(c, 1, &is_new);
    size_t n = is_new ? sessions_view(c->arena, &views) : 0;
    for (size_t k = 1; k <= n; k++)
        row_list_add(list)[0] = datum_int((int64_t)k);
    return row_list_emit(c, list);
}

static bool backend_pid(struct fcall *c)
{
    const struct session_view *view = backend(c);
    return view ? return_int(c, view->pid) : return_null(c);
}

static bool backend_database(struct fcall *c)
{
    const struct session_view *view = backend(c);
    return view ? return_int(c, view->database_oid) : return_null(c);
}

static bool backend_user(struct fcall *c)
{
    const struct session_view *view = backend(c);
    return view ? return_int(c, view->role_oid) : return_null(c);
}

/* The texts say in words that there is nothing to tell. */
static bool return_seen(struct fcall *c, const struct session_view *view, const char *text)
{
    if (!view)
        return return_word(c, "<backend information not available>");
    return return_word(c, may_see(c, view) ? text : "<insufficient privilege>");
}

static bool backend_activity(struct fcall *c)
{
    const struct session_view *view = backend(c);
    return return_seen(c, view, view && view->query ? view->query : "");
}

static bool is_idle(const struct session_view *view)
{
    return view && view->state && strncmp(view->state, "idle", 4) == 0;
}

static bool backend_wait_event(struct fcall *c)
{
    const struct session_view *view = backend(c);
    return return_seen(c, view, is_idle(view) ? "ClientRead" : NULL);
}

static bool backend_wait_event_type(struct fcall *c)
{
    const struct session_view *view = backend(c);
    return return_seen(c, view, is_idle(view) ? "Client" : NULL);
}

static bool backend_start(struct fcall *c)
{
    const struct session_view *view = backend(c);
    return return_time(c, view, view ? view->backend_start : 0);
}

static bool backend_xact_start(struct fcall *c)
{
    const struct session_view *view = backend(c);
    return return_time(c, view, view ? view->transaction_start : 0);
}

static bool backend_activity_start(struct fcall *c)
{
    const struct session_view *view = backend(c);
    return return_time(c, view, view ? view->query_start : 0);
}

static bool backend_client_addr(struct fcall *c)
{
    const struct session_view *view = backend(c);
    if (!view || !view->client_address || !*view->client_address || !may_see(c, view))
        return return_null(c);
    struct type_io io = fcall_io(c, c->result_type);
    return type_in(&io, view->client_address, strlen(view->client_address), &c->result);
}

static bool backend_client_port(struct fcall *c)
{
    const struct session_view *view = backend(c);
    return view && may_see(c, view) ? return_int(c, view->client_port) : return_null(c);
}

static bool db_numbackends(struct fcall *c)
{
    struct session_view *views;
    size_t n = sessions_view(c->arena, &views);
    int64_t count = 0;
    for (size_t k = 0; k < n; k++)
        count += views[k].state && views[k].database_oid == (uint32_t)ARG_I(c, 0);
    return return_int(c, count);
}

/* The text is kept as long as pg_stat_activity shows it; half a query would be a wrong answer. */
static bool current_query(struct fcall *c)
{
    const char *text = sessions_query(c->env->session->entry);
    if (text && strlen(text) >= SESSION_QUERY_BYTES_MAX - 1) {
        err_set(c->err, ERR_FEATURE_NOT_SUPPORTED,
                "current_query() does not know statements of this length");
        return err_hint(c->err, "Statements shorter than %d bytes are known in full.",
                        SESSION_QUERY_BYTES_MAX - 1);
    }
    return return_word(c, text);
}

/* ---- what is not counted ---- */

static bool zero_count(struct fcall *c)
{
    return return_int(c, 0);
}

static bool zero_time(struct fcall *c)
{
    return return_float(c, 0);
}

static bool unknown(struct fcall *c)
{
    return return_null(c);
}

static bool counting_since(struct fcall *c)
{
    return return_int(c, server.started_us - INT64_C(946684800000000));
}

/* Nothing is kept between two looks, and no count is above zero. */
static bool nothing_to_do(struct fcall *c)
{
    return return_int(c, 0);
}

static bool is_one_of(const struct fcall *c, const char *const *words, size_t n)
{
    for (size_t k = 0; k < n; k++)
        if (strlen(words[k]) == ARG_N(c, 0) && memcmp(words[k], ARG_P(c, 0), ARG_N(c, 0)) == 0)
            return true;
    return false;
}

static bool reset_shared(struct fcall *c)
{
    static const char *const targets[] = {"archiver", "bgwriter", "recovery_prefetch", "wal"};
    if (is_one_of(c, targets, ARRAY_COUNT(targets)))
        return return_int(c, 0);
    err_set(c->err, ERR_INVALID_PARAMETER_VALUE, "unrecognized reset target: \"%.*s\"",
            (int)ARG_N(c, 0), ARG_P(c, 0));
    return err_hint(c->err, "Target must be \"archiver\", \"bgwriter\", \"recovery_prefetch\", or "
                            "\"wal\".");
}

static bool have_stats(struct fcall *c)
{
    static const char *const kinds[] = {"database",     "relation", "function", "replslot",
                                        "subscription", "archiver", "bgwriter", "checkpointer",
                                        "slru",         "wal"};
    if (!is_one_of(c, kinds, ARRAY_COUNT(kinds)))
        return err_set(c->err, ERR_INVALID_PARAMETER_VALUE, "invalid statistics kind: \"%.*s\"",
                       (int)ARG_N(c, 0), ARG_P(c, 0));
    return return_bool(c, false);
}

static bool no_rows(struct fcall *c)
{
    *c->done = true;
    return true;
}

FUNC_TABLE(backend_funcs) = {
    {"current_query", current_query},
    {"pg_stat_get_backend_idset", backend_ids},
    {"pg_stat_get_backend_pid", backend_pid},
    {"pg_stat_get_backend_dbid", backend_database},
    {"pg_stat_get_backend_userid", backend_user},
    {"pg_stat_get_backend_activity", backend_activity},
    {"pg_stat_get_backend_wait_event", backend_wait_event},
    {"pg_stat_get_backend_wait_event_type", backend_wait_event_type},
    {"pg_stat_get_backend_start", backend_start},
    {"pg_stat_get_backend_xact_start", backend_xact_start},
    {"pg_stat_get_backend_activity_start", backend_activity_start},
    {"pg_stat_get_backend_client_addr", backend_client_addr},
    {"pg_stat_get_backend_client_port", backend_client_port},
    {"pg_stat_get_db_numbackends", db_numbackends},
    {"pg_stat_get_db_session_time", zero_time},
    {"pg_stat_get_db_active_time", zero_time},
    {"pg_stat_get_db_idle_in_transaction_time", zero_time},
    {"pg_stat_get_db_blk_read_time", zero_time},
    {"pg_stat_get_db_blk_write_time", zero_time},
    {"pg_stat_get_checkpoint_write_time", zero_time},
    {"pg_stat_get_checkpoint_sync_time", zero_time},
    {"pg_stat_get_bgwriter_timed_checkpoints", zero_count},
    {"pg_stat_get_bgwriter_requested_checkpoints", zero_count},
    {"pg_stat_get_bgwriter_buf_written_checkpoints", zero_count},
    {"pg_stat_get_bgwriter_buf_written_clean", zero_count},
    {"pg_stat_get_bgwriter_maxwritten_clean", zero_count},
    {"pg_stat_get_buf_written_backend", zero_count},
    {"pg_stat_get_buf_fsync_backend", zero_count},
    {"pg_stat_get_buf_alloc", zero_count},
    {"pg_stat_get_bgwriter_stat_reset_time", counting_since},
    {"pg_stat_get_snapshot_timestamp", unknown},
    {"pg_stat_get_function_total_time", unknown},
    {"pg_stat_get_function_self_time", unknown},
    {"pg_stat_get_xact_function_total_time", unknown},
    {"pg_stat_get_xact_function_self_time", unknown},
    {"pg_stat_clear_snapshot", nothing_to_do},
    {"pg_stat_force_next_flush", nothing_to_do},
    {"pg_stat_reset", nothing_to_do},
    {"pg_stat_reset_single_table_counters", nothing_to_do},
    {"pg_stat_reset_single_function_counters", nothing_to_do},
    {"pg_stat_reset_slru", nothing_to_do},
    {"pg_stat_reset_shared", reset_shared},
    {"pg_stat_have_stats", have_stats},
    {"pg_stat_get_wal_senders", no_rows},
    {"pg_stat_get_subscription", no_rows},
    {NULL, NULL},
};
