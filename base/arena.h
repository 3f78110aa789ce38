/* arena.h - memory that is freed together.
 *
 * An arena is a list of blocks that a bump pointer walks.  Arenas form a tree: freeing or resetting
 * one frees its children.  Lifetimes: process, client session, transaction, portal, message, tuple.
 * Not thread-safe: an arena belongs to whichever thread runs its owner. */
#ifndef SHARDLITE_BASE_ARENA_H
#define SHARDLITE_BASE_ARENA_H

#include <stdarg.h>

#include "base/util.h"

struct arena;

struct arena *arena_new(const char *name); /* a root */
struct arena *arena_child(struct arena *parent, const char *name);
void arena_free(struct arena *arena);  /* with all children; NULL is fine */
void arena_reset(struct arena *arena); /* frees children and contents, keeps one block for reuse */

/* 16-byte aligned.  Ends the process when the system has no memory left, so sizes chosen by a peer
 * go through arena_try_alloc(), which returns NULL instead. */
void *arena_alloc(struct arena *arena, size_t bytes);
void *arena_zalloc(struct arena *arena, size_t bytes);
MUST_CHECK void *arena_try_alloc(struct arena *arena, size_t bytes);
/* Grows a block that arena_alloc() gave (in place where it was the last one); old bytes are kept. */
void *arena_realloc(struct arena *arena, void *old, size_t old_bytes, size_t new_bytes);
void *arena_memdup(struct arena *arena, const void *bytes, size_t n_bytes);
char *arena_strdup(struct arena *arena, const char *text);
char *arena_strndup(struct arena *arena, const char *text, size_t n_bytes); /* adds a NUL */
char *arena_printf(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);
char *arena_vprintf(struct arena *arena, const char *format, va_list args) PRINTF_LIKE(2, 0);
/* Bytes held from the system by the arena and its children. */
size_t arena_bytes(const struct arena *arena);
/* Calls `fn(arg)` when the arena is freed or reset, latest registered first. */
void arena_on_free(struct arena *arena, void (*fn)(void *), void *arg);

#define ARENA_NEW(arena, type) ((type *)arena_zalloc((arena), sizeof(type)))
#define ARENA_ARRAY(arena, type, n) ((type *)arena_zalloc((arena), (size_t)(n) * sizeof(type)))

/* A growing array in an arena: struct { T *items; size_t n, cap; } */
#define VEC(type)                                                                                  \
    struct {                                                                                       \
        type *items;                                                                               \
        size_t n, cap;                                                                             \
    }
#define VEC_PUSH(arena, vec, value)                                                                \
    do {                                                                                           \
        if ((vec)->n == (vec)->cap) {                                                              \
            size_t vec_cap_ = (vec)->cap ? (vec)->cap * 2 : 8;                                     \
            (vec)->items =                                                                         \
                arena_realloc((arena), (vec)->items, (vec)->cap * sizeof(*(vec)->items),           \
                              vec_cap_ * sizeof(*(vec)->items));                                   \
            (vec)->cap = vec_cap_;                                                                 \
        }                                                                                          \
        (vec)->items[(vec)->n++] = (value);                                                        \
    } while (0)

#endif
