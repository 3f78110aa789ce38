/* transaction.c - transaction blocks as PostgreSQL's clients see them, over the transactions of txn/.
 *
 * `block` says what kind of block the session is in.  txn_begin() waits for the first statement that reads or writes, so BEGIN, SET
 * TRANSACTION and early SAVEPOINTs cost nothing and may still change the characteristics.  Invariants:
 *   (1) block NONE between two messages (Sync, Query) means txn == NULL and no undo of parameters;
 *   (2) savepoints are only there in EXPLICIT and FAILED blocks; each has a level in txn, if there is one;
 *   (3) in a FAILED block the innermost (sub)transaction's changes are gone already. */
#include <stdlib.h>
#include <string.h>

#include "proxy/session_int.h"
#include "sql/pgnodes.h"

static const char *const isolation_texts[] = {
    [ISOLATION_READ_COMMITTED] = "read committed",
    [ISOLATION_REPEATABLE_READ] = "repeatable read",
    [ISOLATION_SERIALIZABLE] = "serializable",
};

enum isolation transaction_isolation_of(const char *text)
{
    if (strcmp(text, "serializable") == 0)
        return ISOLATION_SERIALIZABLE;
    return strcmp(text, "repeatable read") == 0 ? ISOLATION_REPEATABLE_READ
                                                : ISOLATION_READ_COMMITTED;
}

char transaction_status(const struct session *s)
{
    switch (s->block) {
    case BLOCK_NONE:
    case BLOCK_IMPLICIT:
        return 'I';
    case BLOCK_EXPLICIT:
        return 'T';
    case BLOCK_FAILED:
        return 'E';
    }
    return 'I';
}

bool transaction_in_block(const struct session *s)
{
    return s->block != BLOCK_NONE;
}

/* ---- begin ---- */

void transaction_open(struct session *s)
{
    if (s->txn_open)
        return;
    s->txn_open = true;
    s->had_query = false;
    s->transaction_us = s->statement_us;
    s->isolation = s->default_isolation;
    s->read_only = s->default_read_only;
    s->deferrable = s->default_deferrable;
}

bool transaction_start(struct session *s, struct err *err)
{
    transaction_open(s);
    if (s->txn)
        return true;
    struct txn_options options = {
        .database = database_files_of(s->database),
        .database_oid = database_oid(s->database),
        .catalog = session_catalog(s),
        .isolation = s->isolation,
        .read_only = s->read_only,
        .deferrable = s->deferrable,
        .synchronous_off = s->synchronous_off,
        .session_pid = s->pid,
        .lock_timeout_us = s->lock_timeout_ms * 1000,
        .deadlock_timeout_us = s->deadlock_timeout_ms * 1000,
    };
    s->txn = txn_begin(server.transactions, &options);
    if (!s->txn)
        return err_set(err, ERR_INTERNAL_ERROR, "could not start a transaction");
    for (size_t i = 0; i < s->savepoints.n; i++)
        s->savepoints.items[i].level = txn_savepoint(s->txn);
    return true;
}

/* ---- end ---- */

static void drop_savepoints(struct session *s, size_t keep)
{
    while (s->savepoints.n > keep)
        free(s->savepoints.items[--s->savepoints.n].name);
}

/* The transaction is over: what hangs on it goes. */
static void over(struct session *s, bool committed)
{
    s->txn = NULL;
    session_params_end(s, 1, committed);
    drop_savepoints(s, 0);
    s->txn_open = s->had_query = s->has_xid = s->pipelining = false;
    s->block = BLOCK_NONE;
    if (committed)
        notify_commit(s);
    else
        notify_abort(s, 1);
}

static bool commit(struct session *s, struct err *err)
{
    bool ok = session_hold_portals(s, err) && session_before_commit(s, err);
    session_drop_portals(s, true);
    struct txn *txn = s->txn;
    s->txn = NULL;
    const struct catalog *private = txn && ok ? txn_catalog(txn) : NULL;
    if (private)
        catalog_ref((struct catalog *)private);
    if (txn && !ok)
        txn_rollback(txn);
    else if (txn)
        ok = txn_commit(txn, err);
    if (private && ok)
        session_catalog_committed(s, private);
    catalog_unref((struct catalog *)private);
    over(s, ok);
    return ok;
}

static void roll_back(struct session *s)
{
    session_drop_portals(s, true);
    if (s->txn)
        txn_rollback(s->txn);
    over(s, false);
}

bool transaction_finish_statement(struct session *s, struct err *err)
{
    if (s->block == BLOCK_EXPLICIT || s->block == BLOCK_FAILED)
        return true;
    if (!s->txn_open && !s->txn) {
        s->block = BLOCK_NONE;
        return true;
    }
    return commit(s, err);
}

void transaction_abort(struct session *s)
{
    switch (s->block) {
    case BLOCK_NONE:
    case BLOCK_IMPLICIT:
        roll_back(s);
        return;
    case BLOCK_FAILED:
        return;
    case BLOCK_EXPLICIT:
        break;
    }
    uint32_t level = session_level(s);
    if (level > 1) {
        session_drop_portals_from(s, level);
        if (s->txn)
            txn_rollback_to(s->txn, s->savepoints.items[s->savepoints.n - 1].level);
    } else {
        session_drop_portals(s, true);
        if (s->txn)
            txn_rollback(s->txn);
        s->txn = NULL;
    }
    session_params_end(s, level, false);
    notify_abort(s, level);
    s->block = BLOCK_FAILED;
}

void transaction_rollback_all(struct session *s)
{
    session_drop_portals(s, false);
    if (s->txn)
        txn_rollback(s->txn);
    over(s, false);
}

/* ---- what statements want of the block ---- */

bool transaction_forbid_block(struct session *s, const char *what, struct err *err)
{
    if (s->block == BLOCK_EXPLICIT || s->block == BLOCK_FAILED || s->block == BLOCK_IMPLICIT)
        return err_set(err, ERR_ACTIVE_SQL_TRANSACTION, "%s cannot run inside a transaction block",
                       what);
    if (s->pipelining)
        return err_set(err, ERR_ACTIVE_SQL_TRANSACTION, "%s cannot be executed within a pipeline",
                       what);
    return true;
}

bool transaction_require_block(struct session *s, const char *what, struct err *err)
{
    if (s->block != BLOCK_NONE)
        return true;
    return err_set(err, ERR_NO_ACTIVE_SQL_TRANSACTION, "%s can only be used in transaction blocks",
                   what);
}

void transaction_warn_no_block(struct session *s, const char *what)
{
    if (s->block == BLOCK_NONE)
        session_notice(s, NOTICE_WARNING, ERR_NO_ACTIVE_SQL_TRANSACTION,
                       "%s can only be used in transaction blocks", what);
}

bool transaction_allows_in_failed(const void *node)
{
    if (!IS_NODE(node, TransactionStmt))
        return false;
    switch ((int)((const TransactionStmt *)node)->kind) {
    case TRANS_STMT_COMMIT:
    case TRANS_STMT_PREPARE:
    case TRANS_STMT_ROLLBACK:
    case TRANS_STMT_ROLLBACK_TO:
        return true;
    default:
        return false;
    }
}

/* ---- characteristics ---- */

bool transaction_set_isolation(struct session *s, const char *level, struct err *err)
{
    transaction_open(s);
    enum isolation wanted = transaction_isolation_of(level);
    if (wanted == s->isolation)
        return true;
    if (s->had_query)
        return err_set(err, ERR_ACTIVE_SQL_TRANSACTION,
                       "SET TRANSACTION ISOLATION LEVEL must be called before any query");
    if (s->savepoints.n)
        return err_set(err, ERR_ACTIVE_SQL_TRANSACTION,
                       "SET TRANSACTION ISOLATION LEVEL must not be called in a subtransaction");
    if (s->txn && !txn_set_isolation(s->txn, wanted, err))
        return false;
    s->isolation = wanted;
    return true;
}

bool transaction_set_read_only(struct session *s, bool on, struct err *err)
{
    transaction_open(s);
    if (!on && s->read_only && s->had_query)
        return err_set(err, ERR_ACTIVE_SQL_TRANSACTION,
                       "transaction read-write mode must be set before any query");
    s->read_only = on;
    return true;
}

bool transaction_set_deferrable(struct session *s, bool on, struct err *err)
{
    transaction_open(s);
    if (s->savepoints.n)
        return err_set(err, ERR_ACTIVE_SQL_TRANSACTION,
                       "SET TRANSACTION [NOT] DEFERRABLE cannot be called within a subtransaction");
    if (s->had_query)
        return err_set(err, ERR_ACTIVE_SQL_TRANSACTION,
                       "SET TRANSACTION [NOT] DEFERRABLE must be called before any query");
    s->deferrable = on;
    return true;
}

const char *transaction_isolation_text(const struct session *s)
{
    return s->txn_open ? isolation_texts[s->isolation]
                       : session_param_named(s, "default_transaction_isolation");
}

bool transaction_is_read_only(const struct session *s)
{
    return s->txn_open ? s->read_only : s->default_read_only;
}

bool transaction_is_deferrable(const struct session *s)
{
    return s->txn_open ? s->deferrable : s->default_deferrable;
}

/* The constant of a DefElem: text of strings, or of integers. */
static const char *const_text(struct session *s, const DefElem *option)
{
    const A_Const *value = (const A_Const *)option->arg;
    if (TAG_OF(&value->val) == T_Integer)
        return value->val.ival.ival ? "on" : "off";
    return arena_strdup(s->scratch, value->val.sval.sval);
}

bool transaction_set_characteristics(struct session *s, const void *options, bool session_wide,
                                     struct err *err)
{
    const List *list = options;
    for (int i = 0; i < list_n(list); i++) {
        const DefElem *option = list_at(list, i);
        const char *name = option->defname, *value = const_text(s, option);
        if (session_wide)
            name = arena_printf(s->scratch, "default_%s", name);
        const struct param_def *def = param_find(name);
        if (!def)
            return param_unknown(name, err);
        if (!session_param_set(s, def, value, false, SOURCE_SESSION, err))
            return false;
    }
    return true;
}

/* ---- BEGIN, COMMIT, ROLLBACK ---- */

static bool run_begin(struct session *s, const TransactionStmt *stmt, struct err *err)
{
    if (s->block == BLOCK_EXPLICIT)
        session_notice(s, NOTICE_WARNING, ERR_ACTIVE_SQL_TRANSACTION,
                       "there is already a transaction in progress");
    transaction_open(s);
    s->block = BLOCK_EXPLICIT;
    return transaction_set_characteristics(s, stmt->options, false, err);
}

struct characteristics {
    enum isolation isolation;
    bool read_only, deferrable;
};

static void chain(struct session *s, const struct characteristics *like)
{
    transaction_open(s);
    s->isolation = like->isolation;
    s->read_only = like->read_only;
    s->deferrable = like->deferrable;
    s->block = BLOCK_EXPLICIT;
}

static void warn_no_transaction(struct session *s)
{
    session_notice(s, NOTICE_WARNING, ERR_NO_ACTIVE_SQL_TRANSACTION,
                   "there is no transaction in progress");
}

static bool chain_allowed(struct session *s, const TransactionStmt *stmt, const char *what,
                          struct err *err)
{
    if (!stmt->chain || s->block == BLOCK_EXPLICIT || s->block == BLOCK_FAILED)
        return true;
    return err_set(err, ERR_NO_ACTIVE_SQL_TRANSACTION,
                   "%s AND CHAIN can only be used in transaction blocks", what);
}

static bool run_commit(struct session *s, const TransactionStmt *stmt, const char **tag,
                       struct err *err)
{
    struct characteristics like = {s->isolation, s->read_only, s->deferrable};
    if (!chain_allowed(s, stmt, "COMMIT", err))
        return false;
    if (s->block == BLOCK_FAILED) {
        *tag = "ROLLBACK";
        roll_back(s);
    } else {
        if (s->block != BLOCK_EXPLICIT)
            warn_no_transaction(s);
        *tag = "COMMIT";
        if (!commit(s, err))
            return false;
    }
    if (stmt->chain)
        chain(s, &like);
    return true;
}

static bool run_rollback(struct session *s, const TransactionStmt *stmt, struct err *err)
{
    struct characteristics like = {s->isolation, s->read_only, s->deferrable};
    if (!chain_allowed(s, stmt, "ROLLBACK", err))
        return false;
    if (s->block != BLOCK_EXPLICIT && s->block != BLOCK_FAILED)
        warn_no_transaction(s);
    roll_back(s);
    if (stmt->chain)
        chain(s, &like);
    return true;
}

/* ---- savepoints ---- */

static bool in_real_block(struct session *s, const char *what, struct err *err)
{
    if (s->block == BLOCK_EXPLICIT || s->block == BLOCK_FAILED)
        return true;
    return err_set(err, ERR_NO_ACTIVE_SQL_TRANSACTION, "%s can only be used in transaction blocks",
                   what);
}

static bool find_savepoint(struct session *s, const char *name, size_t *index, struct err *err)
{
    for (size_t i = s->savepoints.n; i-- > 0;)
        if (strcmp(s->savepoints.items[i].name, name) == 0) {
            *index = i;
            return true;
        }
    return err_set(err, ERR_S_E_INVALID_SPECIFICATION, "savepoint \"%s\" does not exist", name);
}

static void push_savepoint(struct session *s, const char *name)
{
    if (s->savepoints.n == s->savepoints.cap) {
        s->savepoints.cap = s->savepoints.cap ? s->savepoints.cap * 2 : 8;
        s->savepoints.items =
            realloc(s->savepoints.items, s->savepoints.cap * sizeof(*s->savepoints.items));
        ASSERT(s->savepoints.items != NULL);
    }
    char *copy = strdup(name);
    ASSERT(copy != NULL);
    s->savepoints.items[s->savepoints.n++] =
        (struct savepoint){.name = copy, .level = s->txn ? txn_savepoint(s->txn) : 0};
}

static bool run_savepoint(struct session *s, const char *name, struct err *err)
{
    if (!in_real_block(s, "SAVEPOINT", err))
        return false;
    push_savepoint(s, name);
    return true;
}

static void release_savepoints(struct session *s, size_t index)
{
    if (s->txn)
        txn_release(s->txn, s->savepoints.items[index].level);
    while (s->savepoints.n > index) {
        uint32_t level = session_level(s);
        session_params_end(s, level, true);
        notify_release(s, level);
        session_portals_release(s, level);
        drop_savepoints(s, s->savepoints.n - 1);
    }
}

static bool run_release(struct session *s, const char *name, struct err *err)
{
    size_t index = 0;
    if (!in_real_block(s, "RELEASE SAVEPOINT", err) || !find_savepoint(s, name, &index, err))
        return false;
    release_savepoints(s, index);
    return true;
}

static void undo_savepoints(struct session *s, size_t index)
{
    uint32_t level = (uint32_t)index + 2;
    session_drop_portals_from(s, level);
    if (s->txn)
        txn_rollback_to(s->txn, s->savepoints.items[index].level);
    session_params_end(s, level, false);
    notify_abort(s, level);
}

static bool run_rollback_to(struct session *s, const char *name, struct err *err)
{
    size_t index = 0;
    if (!in_real_block(s, "ROLLBACK TO SAVEPOINT", err) || !find_savepoint(s, name, &index, err))
        return false;
    undo_savepoints(s, index);
    drop_savepoints(s, index + 1);
    s->block = BLOCK_EXPLICIT;
    return true;
}

bool transaction_begin_part(struct session *s, struct err *err)
{
    if (!transaction_start(s, err))
        return false;
    push_savepoint(s, "");
    return true;
}

void transaction_end_part(struct session *s, size_t depth, bool ok)
{
    ASSERT(depth > 0 && depth <= s->savepoints.n);
    if (!ok) {
        undo_savepoints(s, depth - 1);
        drop_savepoints(s, depth);
    }
    release_savepoints(s, depth - 1);
}

/* ---- two phases ---- */

static bool run_prepare_transaction(struct session *s, const char *gid, const char **tag,
                                    struct err *err)
{
    *tag = "ROLLBACK";
    if (s->block == BLOCK_FAILED) {
        roll_back(s);
        return true;
    }
    if (s->block != BLOCK_EXPLICIT) {
        warn_no_transaction(s);
        return true;
    }
    if (notify_is_pending(s))
        return err_set(
            err, ERR_FEATURE_NOT_SUPPORTED,
            "cannot PREPARE a transaction that has executed LISTEN, UNLISTEN, or NOTIFY");
    if (session_has_new_held_portals(s))
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED,
                       "cannot PREPARE a transaction that has created a cursor WITH HOLD");
    if (!transaction_start(s, err))
        return false;
    session_drop_portals(s, true);
    const struct role *role = cluster_role(server.cluster, s->current_role);
    struct txn *txn = s->txn;
    s->txn = NULL;
    bool ok = txn_prepare(txn, gid, role ? role->name : s->user, err);
    over(s, ok);
    *tag = "PREPARE TRANSACTION";
    return ok;
}

static bool run_resolve(struct session *s, const char *gid, bool commit_it, struct err *err)
{
    if (!transaction_forbid_block(s, commit_it ? "COMMIT PREPARED" : "ROLLBACK PREPARED", err))
        return false;
    return txn_resolve_prepared(server.transactions, gid, commit_it, err);
}

bool transaction_utility(struct session *s, const void *node, const char **tag, struct err *err)
{
    const TransactionStmt *stmt = node;
    switch (stmt->kind) {
    case TRANS_STMT_BEGIN:
        *tag = "BEGIN";
        return run_begin(s, stmt, err);
    case TRANS_STMT_START:
        *tag = "START TRANSACTION";
        return run_begin(s, stmt, err);
    case TRANS_STMT_COMMIT:
        return run_commit(s, stmt, tag, err);
    case TRANS_STMT_ROLLBACK:
        *tag = "ROLLBACK";
        return run_rollback(s, stmt, err);
    case TRANS_STMT_SAVEPOINT:
        *tag = "SAVEPOINT";
        return run_savepoint(s, stmt->savepoint_name, err);
    case TRANS_STMT_RELEASE:
        *tag = "RELEASE";
        return run_release(s, stmt->savepoint_name, err);
    case TRANS_STMT_ROLLBACK_TO:
        *tag = "ROLLBACK";
        return run_rollback_to(s, stmt->savepoint_name, err);
    case TRANS_STMT_PREPARE:
        return run_prepare_transaction(s, stmt->gid, tag, err);
    case TRANS_STMT_COMMIT_PREPARED:
        *tag = "COMMIT PREPARED";
        return run_resolve(s, stmt->gid, true, err);
    case TRANS_STMT_ROLLBACK_PREPARED:
        *tag = "ROLLBACK PREPARED";
        return run_resolve(s, stmt->gid, false, err);
    }
    return false;
}
