/* session.h - one client connection, from its first byte to its end, as the rest of the server sees it. */
#ifndef SHARDLITE_PROXY_SESSION_H
#define SHARDLITE_PROXY_SESSION_H

#include "base/err.h"
#include "func/env.h"
#include "proxy/loop.h"

struct session;

/* Takes over an accepted, non-blocking socket, on the loop's thread.  `address` (16 bytes, as in hba_rule) NULL: a local socket. */
void session_new(struct loop *loop, int fd, const uint8_t *address, int port);

enum notice { NOTICE_DEBUG, NOTICE_LOG, NOTICE_NOTICE, NOTICE_WARNING, NOTICE_INFO };
/* Sends a NoticeResponse if client_min_messages lets it through.  From the session's fiber. */
void session_notice(struct session *session, enum notice level, const char *sqlstate,
                    const char *format, ...) PRINTF_LIKE(4, 5);
/* The same with detail, hint and position in `report` (its sqlstate and message). */
void session_notice_err(struct session *session, enum notice level, const struct err *report);

int32_t session_pid(const struct session *session);
/* Asked for from any loop by way of sessions_post(). */
void session_cancel(struct session *session, void *unused);    /* what it runs */
void session_terminate(struct session *session, void *unused); /* 57P01 */
void session_drain(
    struct session *session,
    void *unused); /* ends once idle outside a transaction, or when its statement is done */

#endif
