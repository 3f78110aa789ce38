/* log.c - see log.h.  A line is put together in memory and written by one write(), so lines of threads do not mix. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_BYTES_MAX 8192

static int least_level = LOG_INFO_;

static const char *const level_names[] = {
    [LOG_DEBUG_] = "DEBUG",     [LOG_INFO_] = "LOG",    [LOG_NOTICE_] = "NOTICE",
    [LOG_WARNING_] = "WARNING", [LOG_ERROR_] = "ERROR", [LOG_FATAL_] = "FATAL",
    [LOG_PANIC_] = "PANIC",
};

void log_set_level(enum log_level least)
{
    __atomic_store_n(&least_level, (int)least, __ATOMIC_RELAXED);
}

bool log_level_by_name(const char *name, enum log_level *level)
{
    static const struct {
        const char *name;
        enum log_level level;
    } names[] = {
        {"debug", LOG_DEBUG_},   {"info", LOG_INFO_},       {"log", LOG_INFO_},
        {"notice", LOG_NOTICE_}, {"warning", LOG_WARNING_}, {"error", LOG_ERROR_},
        {"fatal", LOG_FATAL_},   {"panic", LOG_PANIC_},
    };
    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        if (strcmp(names[i].name, name) == 0) {
            *level = names[i].level;
            return true;
        }
    return false;
}

bool log_enabled(enum log_level level)
{
    return (int)level >= __atomic_load_n(&least_level, __ATOMIC_RELAXED);
}

/* What strangers wrote stays on its line: nobody forges an event. */
static size_t one_line(char *line, size_t from, size_t to)
{
    for (size_t k = from; k < to; k++)
        if (line[k] == '\n' || line[k] == '\r')
            line[k] = ' ';
    return to;
}

static void write_line(enum log_level level, int32_t pid, const char *format, va_list args)
{
    char line[LINE_BYTES_MAX];
    struct timespec now;
    struct tm utc;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    size_t n = strftime(line, sizeof(line), "%Y-%m-%d %H:%M:%S", &utc);
    n +=
        (size_t)snprintf(line + n, sizeof(line) - n, ".%03ld UTC [%d] %s:  ", now.tv_nsec / 1000000,
                         pid ? (int)pid : (int)getpid(), level_names[level]);
    int body = vsnprintf(line + n, sizeof(line) - n - 1, format, args);
    if (body > 0)
        n = one_line(line, n, MIN(n + (size_t)body, sizeof(line) - 2));
    line[n++] = '\n';
    ssize_t written = write(STDERR_FILENO, line, n);
    (void)written; /* nowhere left to complain */
}

void log_line(enum log_level level, const char *format, ...)
{
    if (!log_enabled(level))
        return;
    va_list args;
    va_start(args, format);
    write_line(level, 0, format, args);
    va_end(args);
}

void log_line_pid(enum log_level level, int32_t pid, const char *format, ...)
{
    if (!log_enabled(level))
        return;
    va_list args;
    va_start(args, format);
    write_line(level, pid, format, args);
    va_end(args);
}

void log_err(enum log_level level, int32_t pid, const char *what, const struct err *err)
{
    const char *message = err->message ? err->message : "unknown error";
    if (what)
        log_line_pid(level, pid, "%s: %s (%s)%s%s", what, message, err->sqlstate,
                     err->detail ? "\tDETAIL: " : "", err->detail ? err->detail : "");
    else
        log_line_pid(level, pid, "%s (%s)%s%s", message, err->sqlstate,
                     err->detail ? "\tDETAIL: " : "", err->detail ? err->detail : "");
}
