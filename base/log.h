/* log.h - the server log: one line an event on standard error, in the form "2025-01-31 12:00:00.123 UTC [12] LOG:  text".
 * Any thread. */
#ifndef SHARDLITE_BASE_LOG_H
#define SHARDLITE_BASE_LOG_H

#include "base/err.h"

/* In order of weight.  LOG_INFO_ is written "LOG", as PostgreSQL's server log has it. */
enum log_level {
    LOG_DEBUG_,
    LOG_INFO_,
    LOG_NOTICE_,
    LOG_WARNING_,
    LOG_ERROR_,
    LOG_FATAL_,
    LOG_PANIC_
};

void log_set_level(enum log_level least); /* default LOG_INFO_ */
MUST_CHECK bool log_level_by_name(const char *name, enum log_level *level);
bool log_enabled(enum log_level level);
void log_line(enum log_level level, const char *format, ...) PRINTF_LIKE(2, 3);
/* The same, as the session with that pid (0: the server). */
void log_line_pid(enum log_level level, int32_t pid, const char *format, ...) PRINTF_LIKE(3, 4);
void log_err(enum log_level level, int32_t pid, const char *what,
             const struct err *err); /* "what: message (sqlstate)" */

#endif
