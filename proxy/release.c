/* release.c - the end of a session: everything it holds elsewhere is given back. */
#include <stdlib.h>

#include "proxy/session_int.h"

/* A fork with the temporary objects gone, committed like any other change; errors are nobody's concern any more. */
static void drop_temporary_objects(struct session *s)
{
    struct err err = ERR_IN(s->scratch);
    if (!s->temp_namespace || !s->database)
        return;
    s->statement_us = now_2000_us();
    if (!transaction_start(s, &err))
        return;
    struct ddl_context context;
    struct env env;
    session_env(s, &env, s->scratch, session_catalog(s));
    session_ddl_context(s, &context, s->scratch, &env, "");
    bool ok = ddl_discard_temp(&context, &err) && transaction_finish_statement(s, &err);
    if (!ok)
        transaction_rollback_all(s);
}

void session_release(struct session *s)
{
    if (!s->database)
        return;
    transaction_rollback_all(s);
    drop_temporary_objects(s);
    session_drop_all_prepared(s);
    map_free(s->portals);
    s->portals = NULL;
    notify_forget(s);
    txn_session_end(server.transactions, s->pid);
    session_forget_sequences(s);
    catalog_unref(s->catalog);
    temp_view_free(&s->temp);
    database_release(s->database);
    free(s->path_oids);
    free(s->savepoints.items);
    buf_free(&s->key_head);
}
