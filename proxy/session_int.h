/* session_int.h - what the files of a session share.
 *
 * A session lives on one loop.  Its statements run in a fiber that exists only while there is
 * something to do:
 *   session.c         bytes in and out, the fiber, the end (release.c)
 *   start.c, auth.c   start-up packet, TLS, authentication, first parameters
 *   messages.c        the protocol's messages, simple and extended
 *   statement.c       from text to an analysed, planned statement (plan_cache.c, literals.c)
 *   portal.c          bound statements being executed, rows out; cursor.c: FETCH and MOVE
 *   transaction.c     blocks, savepoints, commit and rollback
 *   session_params.c  parameter values and their undo
 *   utility.c         statements that are not queries, and who runs them
 * All calls are for the session's own fiber unless told otherwise. */
#ifndef SHARDLITE_PROXY_SESSION_INT_H
#define SHARDLITE_PROXY_SESSION_INT_H

#include "base/map.h"
#include "catalog/cluster.h"
#include "catalog/database.h"
#include "catalog/ddl.h"
#include "exec/exec.h"
#include "exec/store.h"
#include "pgwire/wire.h"
#include "proxy/param.h"
#include "proxy/plan_cache.h"
#include "proxy/privilege.h"
#include "proxy/server.h"
#include "proxy/session.h"
#include "proxy/sessions.h"
#include "proxy/stream.h"
#include "sql/analyze.h"

struct database;
struct portal;
struct prepared_statement;

/* ---- parameters ---- */

enum param_source {
    SOURCE_DEFAULT,
    SOURCE_CONFIG,
    SOURCE_DATABASE,
    SOURCE_USER,
    SOURCE_DATABASE_USER,
    SOURCE_CLIENT,
    SOURCE_SESSION
};

struct param_undo {
    struct param_undo *outer;
    uint32_t level; /* transaction nesting: 1 = the transaction itself */
    enum { UNDO_SET, UNDO_LOCAL, UNDO_SET_LOCAL } kind;
    char *prior, *masked; /* malloced; value before, and the SET value hidden by a SET LOCAL */
    enum param_source prior_source;
};
struct param_slot {
    const struct param_def *def;
    char *value;       /* malloced */
    char *reset_value; /* malloced: what RESET goes back to; NULL: the server's value */
    enum param_source source, reset_source;
    struct param_undo *undo;
    bool dirty;     /* ParameterStatus to be sent */
    char *reported; /* malloced: what the client was told last; NULL: the server's value */
};
struct session_params {
    struct param_slot *slots; /* only of parameters that were ever set here */
    size_t n, cap;
    bool has_undo, any_dirty;
};

struct sequence_value {
    uint32_t oid;
    int64_t value;
};

/* ---- the session ---- */

enum session_phase { PHASE_START, PHASE_READY, PHASE_CLOSING };
enum block_state {
    BLOCK_NONE,     /* each statement (or pipeline up to Sync) is its own transaction */
    BLOCK_IMPLICIT, /* several statements in one Query */
    BLOCK_EXPLICIT, /* BEGIN */
    BLOCK_FAILED,   /* BEGIN, and then an error */
};
struct savepoint {
    char *name; /* malloced */
    uint32_t
        level; /* of txn.h; 0 when the transaction had not started: then it starts with the savepoint */
};

struct pending_notification {
    struct pending_notification *next;
    uint32_t level; /* of the transaction that sent it */
    int32_t pid;
    char *channel, *payload; /* in the same block of memory */
};

struct session {
    struct loop *loop;
    struct loop_watch watch;
    struct stream stream;
    struct session_entry *entry;
    int32_t pid;
    uint32_t secret;
    enum session_phase phase;
    bool is_local;
    uint8_t address[16];
    int port;
    char address_text[48];

    /* Input: bytes [in_at, in_n) are unread.  The loop appends; only the fiber (or the loop, when there is none) moves them. */
    uint8_t *in;
    size_t in_at, in_n, in_cap;
    bool in_eof;
    /* Output: bytes [out_sent, out.n) are not written yet. */
    struct buf out;
    size_t out_sent;
    bool broken; /* the peer is gone: nothing is written any more */

    struct fiber *fiber; /* NULL: idle */
    struct waiter *io_waiter;
    enum { IO_NONE, IO_INPUT, IO_OUTPUT, IO_SOCKET } io_wait;
    struct deadline statement_deadline, idle_deadline;
    enum { IDLE_NONE, IDLE_SESSION, IDLE_TRANSACTION } idle_kind;
    bool draining, terminate;
    const char *fatal; /* message of an end that the loop asked for, with fatal_state */
    const char *fatal_state;

    struct arena *arena;   /* the session's */
    struct arena *scratch; /* reset after each message */
    const char *user, *database_name;
    uint32_t auth_role, session_role,
        current_role; /* who logged in; SET SESSION AUTHORIZATION; SET ROLE */
    bool superuser;   /* of current_role */
    struct database *database;
    int64_t backend_start; /* 2000 epoch */

    struct session_params params;
    struct settings settings;
    int64_t statement_timeout_ms, lock_timeout_ms, deadlock_timeout_ms, idle_transaction_timeout_ms,
        idle_session_timeout_ms;
    int64_t log_min_duration_ms;
    int client_min_messages; /* index into its enumeration: see session_params.c */
    int log_statement;       /* 0 none, 1 ddl, 2 mod, 3 all */
    bool logs_errors, logs_failed_statements;
    bool synchronous_off;
    uint64_t settings_epoch; /* changes with what analysis depends on: search path, role, styles */
    struct search_path path; /* resolved; see session_path() */
    uint64_t path_catalog_version, path_epoch;
    uint32_t *path_oids;     /* malloced: path.namespaces */
    struct catalog *catalog; /* a reference to what was the current version last time ... */
    uint64_t catalog_base;   /* ... and the published version it is of */
    struct buf key_head;     /* what a plan depends on besides its text */
    uint64_t key_catalog_version, key_epoch;
    uint32_t temp_namespace;
    struct temp_view temp; /* published version plus this session's temporary objects */

    /* transaction.c */
    struct txn *txn;
    enum block_state block;
    bool pipelining; /* an Execute since the last Sync left the transaction open */
    int64_t transaction_us, statement_us; /* 2000 epoch */
    enum isolation isolation, default_isolation;
    bool default_read_only, default_deferrable;
    bool
        txn_open; /* characteristics are set; `txn` itself comes with the first statement that needs it */
    bool read_only, deferrable, had_query, has_xid;
    VEC(struct savepoint) savepoints; /* malloced */
    struct pending_notification *notify_out,
        *notify_in;             /* to be sent at commit; to be told to the client */
    struct map *listening;      /* channel -> non-NULL; NULL until the first LISTEN */
    struct map *listen_pending; /* LISTEN (1), UNLISTEN (2) of the transaction, by channel */
    bool unlisten_all_pending;

    /* messages.c */
    bool skip_to_sync;      /* after an error in the extended protocol */
    struct map *statements; /* named prepared statements */
    struct prepared_statement *unnamed;
    struct map *portals;        /* named, and "" */
    bool out_of_step;           /* what the client sends makes no sense: the connection ends */
    bool commit_now;            /* the statement must not share its transaction with a pipeline */
    int64_t log_start_us;       /* monotonic; 0: no duration is wanted */
    const char *statement_text; /* in scratch; NULL unless statements are logged */
    uint64_t random_state[2];
    VEC(struct sequence_value) sequences; /* malloced: latest values given to this session */
    uint32_t last_sequence;               /* OID; 0: none yet */
};

/* ---- session.c ---- */

/* The next whole message in the buffer.  False: there is none yet (or the stream is bad: phase becomes CLOSING after a FATAL). */
bool session_next_message(struct session *s, struct wire_message *message);
/* Waits for it.  False: the connection ended (in_eof, or closing). */
bool session_wait_message(struct session *s, struct wire_message *message, bool interruptible);
/* Bytes outside of messages (start-up): waits until n are there; NULL at the end of input. */
const uint8_t *session_wait_bytes(struct session *s, size_t n);
void session_consume(struct session *s, size_t n);
/* Writes what goes without waiting. */
void session_push(struct session *s);
/* Called between rows: writes when there is enough, and waits for a slow reader.  False: interrupted or gone. */
MUST_CHECK bool session_relieve(struct session *s, struct err *err);
/* Waits until everything is written or the peer is gone. */
void session_flush(struct session *s);
/* Waits until the socket is readable or writable (TLS handshake).  False at deadline or end. */
MUST_CHECK bool session_wait_socket(struct session *s, uint32_t events, int64_t deadline_us);
/* FATAL, then the end of the session. */
void session_fatal(struct session *s, const char *sqlstate, const char *format, ...)
    PRINTF_LIKE(3, 4);
void session_send_err(struct session *s,
                      const struct err *err); /* ERROR, or FATAL for those that end a session */
bool session_err_is_fatal(const struct session *s, const struct err *err);
int64_t now_2000_us(void);

/* On the loop, outside fibers: runs the fiber if there is something to tell an idle client. */
void session_poke(struct session *s);
/* Everything the session holds elsewhere: transaction, portals, statements, locks, notifications. */
void session_release(struct session *s);

/* ---- messages.c ---- */
void session_handle_messages(struct session *s); /* until none is left */

/* ---- start.c, auth.c ---- */
bool session_start(struct session *s); /* true: ready for queries */
MUST_CHECK bool session_authenticate(struct session *s, struct err *err);

/* ---- session_params.c ---- */
void session_forget_sequences(struct session *s); /* currval, lastval */
void session_note_sequence(struct session *s, uint32_t sequence_oid, int64_t value);
void session_params_init(struct session *s);
void session_params_free(struct session *s);
/* The current canonical value. */
const char *session_param(const struct session *s, const struct param_def *def);
const char *session_param_named(const struct session *s, const char *name); /* NULL: unknown */
const struct param_def *session_param_find(struct session *s, const char *name, bool may_create,
                                           struct err *err);
/* SET.  `text` NULL: DEFAULT.  `local`: until the end of the transaction.  Checks rights and value. */
/* Whether its kind of parameter can be changed now, by this user. */
MUST_CHECK bool session_param_may_set(struct session *s, const struct param_def *def,
                                      struct err *err);
MUST_CHECK bool session_param_set(struct session *s, const struct param_def *def, const char *text,
                                  bool local, enum param_source source, struct err *err);
/* A value from start-up or from ALTER ROLE/DATABASE: also what RESET goes back to. */
MUST_CHECK bool session_param_initial(struct session *s, const struct param_def *def,
                                      const char *text, enum param_source source, struct err *err);
void session_params_reset_all(struct session *s);
/* The end of a transaction (level 1) or subtransaction. */
void session_params_end(struct session *s, uint32_t level, bool commit);
uint32_t session_level(const struct session *s);
/* Sends ParameterStatus of what changed. */
void session_params_report(struct session *s);
void session_params_report_all(struct session *s);
const char *session_param_shown(struct session *s, const struct param_def *def,
                                struct arena *arena);
enum param_source session_param_source(const struct session *s, const struct param_def *def);
const char *session_param_reset_value(const struct session *s, const struct param_def *def);
/* Silent changes by our own code: role, is_superuser, transaction_... */
void session_param_force(struct session *s, const struct param_def *def, const char *value);
void session_settings_changed(struct session *s);
bool session_set_role(struct session *s, const char *name, bool local, struct err *err);
bool session_set_authorization(struct session *s, const char *name, bool local, struct err *err);

void session_seed_random(struct session *s, double seed); /* setseed() */

/* ---- transaction.c ---- */
/* Makes sure that a transaction is open for a statement. */
MUST_CHECK bool transaction_start(struct session *s, struct err *err);
/* The characteristics and clock of a transaction, without the transaction itself. */
void transaction_open(struct session *s);
/* After a statement that went well, outside blocks: commits.  Reports deferred errors. */
MUST_CHECK bool transaction_finish_statement(struct session *s, struct err *err);
/* After an error: rolls back, or fails the block. */
void transaction_abort(struct session *s);
void transaction_rollback_all(struct session *s); /* end of session */
char transaction_status(const struct session *s); /* I T E */
MUST_CHECK bool transaction_utility(struct session *s, const void *node, const char **tag,
                                    struct err *err);
/* Errors and warnings of PostgreSQL for statements that want, or do not want, a block. */
MUST_CHECK bool transaction_forbid_block(struct session *s, const char *what, struct err *err);
MUST_CHECK bool transaction_require_block(struct session *s, const char *what, struct err *err);
void transaction_warn_no_block(struct session *s, const char *what);
bool transaction_in_block(const struct session *s);
/* The statements that a failed block still takes. */
bool transaction_allows_in_failed(const void *node);
MUST_CHECK bool transaction_set_isolation(struct session *s, const char *level, struct err *err);
MUST_CHECK bool transaction_set_read_only(struct session *s, bool on, struct err *err);
MUST_CHECK bool transaction_set_deferrable(struct session *s, bool on, struct err *err);
enum isolation transaction_isolation_of(const char *text); /* a canonical value */
const char *transaction_isolation_text(const struct session *s);
bool transaction_is_read_only(const struct session *s);
bool transaction_is_deferrable(const struct session *s);
/* A subtransaction of our own, for a block with exception handlers; `depth`: savepoints.n after its begin. */
MUST_CHECK bool transaction_begin_part(struct session *s, struct err *err);
void transaction_end_part(struct session *s, size_t depth, bool ok);
MUST_CHECK bool transaction_set_characteristics(struct session *s, const void *options,
                                                bool session_wide, struct err *err);

/* ---- statement.c ---- */

struct result_column {
    const char *name;
    const struct type *type;
    int32_t typmod;
    uint32_t table_oid;
    int16_t attnum;
};
struct result_columns {
    struct result_column *items;
    size_t n;
};
/* An analysed statement.  Immutable but for the reference count; belongs to one loop. */
struct stmt {
    uint32_t refs;
    struct arena *arena;
    struct catalog *catalog; /* a reference */
    uint64_t catalog_version;
    struct parsed *parsed; /* a reference */
    const char *text;      /* the whole query string it stands in */
    const void *node;      /* its raw parse tree, as it is run ... */
    const void *raw_node;  /* ... and as it was written */
    size_t raw_index;      /* in parsed->list; SIZE_MAX: a node inside a statement */
    const char *tag;
    const struct query *query; /* NULL: utilities that nobody analyses beforehand */
    const struct plan *plan;   /* NULL for utilities */
    const struct type *const *param_types;
    uint16_t n_params;
    struct privilege_needs needs;
    struct result_columns columns;
    bool returns_rows, is_utility;
    bool bound_to_cursor; /* WHERE CURRENT OF: good for the cursor's present row only */
    struct stmt *
        inner; /* the statement that EXPLAIN, DECLARE, CREATE TABLE AS, COPY (query) are about: a reference */
    /* plan cache */
    bool in_cache;
    size_t bytes;
    const void *key;
    size_t key_bytes;
    struct stmt *newer, *older;
};
struct stmt *stmt_ref(struct stmt *stmt);
void stmt_unref(struct stmt *stmt); /* NULL is fine */

/* A parsed query string; its statements refer to it. */
struct parsed {
    uint32_t refs;
    struct arena *arena;
    const char *text;
    struct raw_statements list;
};
void parsed_unref(struct parsed *parsed);
/* How the statement's parameters are known. */
struct stmt_params {
    const struct type *const *declared; /* NULL entries are to be inferred */
    uint16_t n_declared;
    bool fixed; /* no $n beyond them */
    /* The text's literals become parameters where they may; what became of each goes to literal_uses. */
    const struct normalized *literals;
    struct literal_use *literal_uses;
};
/* Looks the text up in the loop's cache.  NULL: not there. */
struct stmt *stmt_cached(struct session *s, const char *text, size_t text_bytes,
                         const struct stmt_params *params);
struct parsed *stmt_parse(struct session *s, const char *text, size_t text_bytes, struct err *err);
/* Analyses and plans one statement; a reference for the caller.  Put into the cache if it may be. */
struct stmt *stmt_new(struct session *s, struct parsed *parsed, size_t index,
                      const struct stmt_params *params, struct err *err);
/* For a node inside a statement (EXPLAIN, DECLARE, PREPARE, COPY ...): the same text, another node. */
struct stmt *stmt_of_node(struct session *s, const struct stmt *outer, const void *node,
                          const struct stmt_params *params, struct err *err);
/* What a plan depends on besides its text and parameters, as bytes. */
const struct buf *stmt_key_head(struct session *s, const struct catalog *catalog);
/* The loop's cache, or NULL when this session may not use it now. */
struct plan_cache *stmt_cache(const struct session *s, size_t text_bytes);
bool stmt_text_has_clock(
    const char *text); /* 'now' and the like: it means something else each time */

/* literals.c: a query of one statement whose literals are parameters of a shared plan.  NULL: run it as it is.  *params in s->scratch. */
struct stmt *stmt_with_literals(struct session *s, const char *text, size_t text_bytes,
                                const struct datum **params, uint16_t *n_params);

/* The session's view for analysis and execution. */
const struct catalog *
session_catalog(struct session *s); /* borrowed: valid until the next statement */
void session_env(struct session *s, struct env *env, struct arena *arena,
                 const struct catalog *catalog);
const struct search_path *session_path(struct session *s, const struct catalog *catalog);
struct analyze_context *session_analyze_context(struct session *s, struct arena *arena,
                                                const struct catalog *catalog,
                                                const struct env *env, const char *text);

struct prepared_statement {
    char *name;        /* malloced; "" the unnamed one */
    char *text;        /* malloced */
    struct stmt *stmt; /* NULL: an empty query */
    bool from_sql;
    uint64_t epoch;               /* of the session's settings when `stmt` was made */
    int64_t prepared_us;          /* 2000 epoch */
    const struct type **declared; /* malloced: what Parse or PREPARE said */
    uint16_t n_declared;
    uint64_t custom_plans, generic_plans;
};
void prepared_statement_free(struct prepared_statement *prepared);
struct prepared_statement *session_prepared(struct session *s, const char *name,
                                            struct err *err); /* 26000 */
MUST_CHECK bool session_add_prepared(struct session *s, struct prepared_statement *prepared,
                                     struct err *err); /* steals; 42P05 */
void session_drop_prepared(struct session *s, const char *name);
void session_drop_all_prepared(struct session *s);
/* Brings its analysis up to the current catalog; 0A000 when the result type changed. */
/* Was the catalog changed since the statement was made? */
bool stmt_is_stale(struct session *s, const struct stmt *stmt);
/* The statement as the current catalog and settings have it, a reference; NULL with err. */
struct stmt *stmt_remake(struct session *s, struct stmt *old, bool may_differ,
                         struct err *err); /* in its result columns */
MUST_CHECK bool prepared_refresh(struct session *s, struct prepared_statement *prepared,
                                 struct err *err);

/* ---- portal.c ---- */

struct client_sink;
/* Where rows go: to the client, or into a list. */
struct row_sink {
    bool (*row)(struct row_sink *sink, const struct datum *values, struct err *err);
};
enum portal_state { PORTAL_NEW, PORTAL_OPEN, PORTAL_DONE, PORTAL_FAILED };
struct portal {
    char *name; /* malloced */
    struct arena *arena;
    struct stmt *stmt;
    struct env env;
    const struct datum *params;
    uint16_t n_params;
    const int16_t *formats;        /* of the result columns; NULL: all text */
    struct result_columns columns; /* final: utilities know theirs at run time only */
    enum portal_state state;
    struct exec *exec;
    /* Rows kept: cursors that scroll or are held, results of utilities. */
    struct store *store; /* exec/store.h */
    bool store_complete;
    int64_t at;      /* rows before the cursor's next one */
    bool after_last; /* moved past the end */
    bool is_cursor, scroll, no_scroll, hold, binary;
    bool held;        /* its transaction is over */
    bool active;      /* being run: nobody but its runner drops it */
    bool silent;      /* sends no CommandComplete of its own */
    bool undescribed; /* the client has not seen its columns yet: they may still change */
    bool tag_counts_sent;
    const char *fetch_cursor; /* FETCH: rows come from this cursor ... */
    bool fetch_backward;
    int64_t fetch_left; /* ... so many at most */
    struct client_sink *sink;
    uint32_t level;     /* transaction nesting where it was made */
    const char *tag;    /* of a utility that has run */
    uint64_t n_rows;    /* changed, for the tag */
    int64_t created_us; /* 2000 epoch */
    const char *cursor_text;
    bool has_ctid; /* its rows have one hidden column more: where they are, for WHERE CURRENT OF */
    uint32_t ctid_relation; /* of which relation */
    char ctid[48];          /* of the row it is on */
};
/* Starts a query's execution: read-only transactions and privileges are looked at first. */
struct exec *session_exec_start(struct session *s, const struct stmt *stmt, struct arena *arena,
                                const struct env *env, const struct datum *params, struct err *err);
MUST_CHECK bool session_may_run(struct session *s, const struct stmt *stmt, struct err *err);
struct portal *portal_new(struct session *s, const char *name, struct stmt *stmt,
                          struct err *err);                                          /* refs stmt */
struct portal *session_portal(struct session *s, const char *name, struct err *err); /* 34000 */
/* Starts it if it is new: runs a utility, or opens the execution. */
MUST_CHECK bool portal_start(struct session *s, struct portal *portal, struct err *err);
void session_drop_portal(struct session *s, struct portal *portal);
/* At the end of a transaction: all but held ones; at the end of a subtransaction: those made at `level` or deeper. */
void session_drop_portals(struct session *s, bool keep_held);
void session_drop_portals_from(struct session *s, uint32_t level);
/* Those made at `level` belong to the level below. */
void session_portals_release(struct session *s, uint32_t level);
bool session_has_new_held_portals(struct session *s); /* WITH HOLD cursors of this transaction */
/* Materialises WITH HOLD cursors before a commit. */
MUST_CHECK bool session_hold_portals(struct session *s, struct err *err);
/* Runs until `limit` rows (0: all) went to the sink; *done tells whether it came to its end.  Sends nothing but rows. */
MUST_CHECK bool portal_run(struct session *s, struct portal *portal, uint64_t limit,
                           struct row_sink *sink, uint64_t *n_sent, bool *done, struct err *err);
/* For FETCH and MOVE (cursor.c): starts it, keeping rows unless NO SCROLL; the next row, *row NULL at the end. */
MUST_CHECK bool portal_open_cursor(struct session *s, struct portal *portal, struct err *err);
MUST_CHECK bool portal_next(struct session *s, struct portal *portal, const struct datum **row,
                            struct err *err);
/* cursor.c: WHERE CURRENT OF `name` for a statement over that table: the row's place, as tid's text. */
const char *cursor_current_row(struct session *s, const char *name, const char *schema,
                               const char *table, struct err *err);
MUST_CHECK bool fetch_step(struct session *s, struct portal *portal, const struct datum **row,
                           struct err *err); /* cursor.c */
/* The command tag after portal_run, with counts. */
const char *portal_tag(struct portal *portal, struct arena *arena, uint64_t n_sent);
void send_row_description(struct session *s, const struct result_columns *columns,
                          const int16_t *formats);
/* Sends DataRows to the client. */
struct client_sink {
    struct row_sink sink;
    struct session *session;
    const struct result_columns *columns;
    const int16_t *formats;
    struct arena *scratch;
    struct type_io *io; /* one a column */
    uint64_t n_rows;
};
struct client_sink *client_sink_new(struct session *s, struct arena *arena,
                                    const struct result_columns *columns, const int16_t *formats,
                                    const struct env *env);
/* ---- utility.c and its kin ---- */

/* What a utility statement gives back. */
struct utility_result {
    const char *tag;
    uint64_t n_rows; /* for tags with a count */
    bool has_count;
    struct result_columns columns;
    struct store *rows; /* NULL: none */
    bool silent;        /* the answer was sent already (COPY) or is none (empty) */
    bool delegated;     /* the portal runs another statement now, which fills it in */
    bool counts_sent;   /* the tag counts the rows that were sent (FETCH) */
};
MUST_CHECK bool utility_run(struct session *s, struct portal *portal, struct utility_result *result,
                            struct err *err);
/* Columns of a utility that returns rows, before it runs; n 0: none. */
MUST_CHECK bool utility_columns(struct session *s, const struct stmt *stmt, struct arena *arena,
                                struct result_columns *columns, struct err *err);
void add_column(struct arena *arena, struct result_columns *columns, const char *name,
                const struct type *type, int32_t typmod);
const struct type *session_type(struct session *s, uint32_t oid);

/* The SET or RESET clause of ALTER ROLE and ALTER DATABASE, checked; the value as SET has it. */
MUST_CHECK bool session_setting_clause(struct session *s, const void *node, const char **name,
                                       const char **value, struct err *err);
MUST_CHECK bool run_set(struct session *s, const void *node, struct utility_result *result,
                        struct err *err);
MUST_CHECK bool run_show(struct session *s, const void *node, struct arena *arena,
                         struct utility_result *result, struct err *err);
MUST_CHECK bool run_prepare(struct session *s, struct portal *portal, const void *node,
                            struct utility_result *result, struct err *err);
MUST_CHECK bool run_execute(struct session *s, struct portal *portal, const void *node,
                            struct utility_result *result, struct err *err);
MUST_CHECK bool run_declare(struct session *s, struct portal *portal, const void *node,
                            struct utility_result *result, struct err *err);
MUST_CHECK bool run_fetch(struct session *s, struct portal *portal, const void *node,
                          struct utility_result *result, struct err *err);
MUST_CHECK bool run_explain(struct session *s, struct portal *portal, const void *node,
                            struct utility_result *result, struct err *err);
MUST_CHECK bool run_copy(struct session *s, struct portal *portal, const void *node,
                         struct utility_result *result, struct err *err);
MUST_CHECK bool run_create_as(struct session *s, struct portal *portal, const void *node,
                              struct utility_result *result, struct err *err);

/* do_block.c */
MUST_CHECK bool run_do(struct session *s, struct portal *portal, struct utility_result *result,
                       struct err *err);

/* ddl_glue.c: schema statements, run by catalog/ddl.h */
void session_ddl_context(struct session *s, struct ddl_context *context, struct arena *arena,
                         const struct env *env, const char *text);
void session_ddl_done(
    struct session *s,
    const struct ddl_context *context); /* takes over what the statement changed of the session */
MUST_CHECK bool run_ddl(struct session *s, struct portal *portal, struct utility_result *result,
                        struct err *err);
void session_catalog_committed(struct session *s, const struct catalog *private);
MUST_CHECK bool session_before_commit(struct session *s, struct err *err);
MUST_CHECK bool refuse_utility_if_read_only(struct session *s, const char *tag, struct err *err);
/* prepare.c: EXECUTE's statement and arguments, evaluated in `arena`; a reference in *stmt. */
MUST_CHECK bool resolve_execute(struct session *s, const struct stmt *outer, const void *node,
                                struct arena *arena, struct stmt **stmt,
                                const struct datum **params, struct err *err);
MUST_CHECK bool run_deallocate(struct session *s, const void *node, struct utility_result *result,
                               struct err *err);
MUST_CHECK bool run_close(struct session *s, const void *node, struct utility_result *result,
                          struct err *err);
MUST_CHECK bool run_discard(struct session *s, const void *node, struct utility_result *result,
                            struct err *err);
bool show_columns(struct session *s, const void *node, struct arena *arena,
                  struct result_columns *columns);
bool fetch_columns(struct session *s, const void *node, struct arena *arena,
                   struct result_columns *columns);
bool explain_columns(struct session *s, const void *node, struct arena *arena,
                     struct result_columns *columns);
/* A store for rows of these columns, in `arena`. */
struct store *rows_of(struct arena *arena, const struct result_columns *columns);
void add_text_row(struct store *store, struct arena *arena, const char *const *texts,
                  size_t n); /* NULL: SQL NULL */

/* notify.c */
void notify_send(struct session *s, const char *channel, const char *payload); /* at commit */
void notify_listen(struct session *s, const char *channel);
void notify_unlisten(struct session *s, const char *channel); /* NULL: all */
void notify_commit(struct session *s);
void notify_abort(struct session *s,
                  uint32_t level); /* what was sent at `level` or deeper is forgotten; 1: all */
void notify_release(struct session *s,
                    uint32_t level); /* what was sent at `level` belongs to the one below */
bool notify_is_pending(const struct session *s);
void notify_deliver(struct session *s); /* NotificationResponse of what came in */
void notify_forget(struct session *s);  /* end of session */

/* discard, end of session: advisory locks, temporary tables, LISTEN, prepared statements, cursors */
MUST_CHECK bool session_discard_all(struct session *s, struct err *err);

#endif
