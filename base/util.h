/* util.h - the few macros every file may use. */
#ifndef SHARDLITE_BASE_UTIL_H
#define SHARDLITE_BASE_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(format_index, first_arg)                                                       \
    __attribute__((format(printf, format_index, first_arg)))
#define UNUSED __attribute__((unused))
#define NORETURN __attribute__((noreturn))
#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define ARRAY_COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define IMPLIES(a, b) (!(a) || (b))

/* Ours to keep true; stays on in production.  Never for bytes from a socket or a disk. */
#define ASSERT(condition)                                                                          \
    (LIKELY(condition) ? (void)0 : assert_failed(#condition, __FILE__, __LINE__))
NORETURN void assert_failed(const char *condition, const char *file, int line);

#endif
