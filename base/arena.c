/* arena.c - blocks, a bump pointer, and a tree of arenas.
 *
 * Blocks double in size up to BLOCK_MAX; an allocation larger than a quarter of that gets a block of its
 * own behind the current one, so that the bump block stays in use.  Invariants:
 *   (1) `blocks` is the block the bump pointer walks; all others hang behind it;
 *   (2) a child is in its parent's list from arena_child() until arena_free() or the parent's reset. */
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_MIN 1024
#define BLOCK_MAX (256 * 1024)
#define ALIGNMENT 16

struct block {
    struct block *next;
    size_t bytes; /* of data */
    _Alignas(ALIGNMENT) char data[];
};

struct on_free {
    struct on_free *next;
    void (*fn)(void *);
    void *arg;
};

struct arena {
    const char *name;
    struct arena *parent, *first_child, *prev_sibling, *next_sibling;
    struct block *blocks;
    size_t used; /* of blocks->data */
    size_t next_block_bytes;
    size_t held_bytes;
    struct on_free *on_free;
};

void assert_failed(const char *condition, const char *file, int line)
{
    fprintf(stderr, "assertion failed: %s at %s:%d\n", condition, file, line);
    abort();
}

static NORETURN void out_of_memory(size_t bytes)
{
    fprintf(stderr, "out of memory: %zu bytes\n", bytes);
    abort();
}

static size_t round_up(size_t bytes)
{
    return (bytes + (ALIGNMENT - 1)) & ~(size_t)(ALIGNMENT - 1);
}

struct arena *arena_child(struct arena *parent, const char *name)
{
    struct arena *arena = calloc(1, sizeof(*arena));
    if (!arena)
        out_of_memory(sizeof(*arena));
    arena->name = name;
    arena->next_block_bytes = BLOCK_MIN;
    arena->parent = parent;
    if (parent) {
        arena->next_sibling = parent->first_child;
        if (parent->first_child)
            parent->first_child->prev_sibling = arena;
        parent->first_child = arena;
    }
    return arena;
}

struct arena *arena_new(const char *name)
{
    return arena_child(NULL, name);
}

static void run_on_free(struct arena *arena)
{
    while (arena->on_free) {
        struct on_free *hook = arena->on_free;
        arena->on_free = hook->next;
        hook->fn(hook->arg);
        free(hook);
    }
}

static void free_contents(struct arena *arena)
{
    while (arena->first_child)
        arena_free(arena->first_child);
    run_on_free(arena);
}

static void unlink_from_parent(struct arena *arena)
{
    if (arena->prev_sibling)
        arena->prev_sibling->next_sibling = arena->next_sibling;
    else if (arena->parent)
        arena->parent->first_child = arena->next_sibling;
    if (arena->next_sibling)
        arena->next_sibling->prev_sibling = arena->prev_sibling;
}

static void free_blocks(struct block *block)
{
    while (block) {
        struct block *next = block->next;
        free(block);
        block = next;
    }
}

void arena_free(struct arena *arena)
{
    if (!arena)
        return;
    free_contents(arena);
    unlink_from_parent(arena);
    free_blocks(arena->blocks);
    free(arena);
}

void arena_reset(struct arena *arena)
{
    free_contents(arena);
    struct block *kept = arena->blocks;
    if (!kept)
        return;
    free_blocks(kept->next);
    kept->next = NULL;
    arena->held_bytes = kept->bytes;
    arena->used = 0;
}

static struct block *block_new(struct arena *arena, size_t bytes)
{
    struct block *block = malloc(sizeof(*block) + bytes);
    if (!block)
        return NULL;
    block->bytes = bytes;
    arena->held_bytes += bytes;
    return block;
}

static void *alloc_large(struct arena *arena, size_t bytes)
{
    struct block *block = block_new(arena, bytes);
    if (!block)
        return NULL;
    if (arena->blocks) {
        block->next = arena->blocks->next;
        arena->blocks->next = block;
    } else {
        block->next = NULL;
        arena->blocks = block;
        arena->used = bytes;
    }
    return block->data;
}

static void *alloc_in_new_block(struct arena *arena, size_t bytes)
{
    if (bytes > BLOCK_MAX / 4)
        return alloc_large(arena, bytes);
    size_t block_bytes = arena->next_block_bytes;
    while (block_bytes < bytes)
        block_bytes *= 2;
    struct block *block = block_new(arena, block_bytes);
    if (!block)
        return NULL;
    if (block_bytes < BLOCK_MAX)
        arena->next_block_bytes = block_bytes * 2;
    block->next = arena->blocks;
    arena->blocks = block;
    arena->used = bytes;
    return block->data;
}

void *arena_try_alloc(struct arena *arena, size_t bytes)
{
    if (bytes > PTRDIFF_MAX - 2 * ALIGNMENT)
        return NULL;
    bytes = round_up(bytes ? bytes : 1);
    if (arena->blocks && arena->blocks->bytes - arena->used >= bytes) {
        void *p = arena->blocks->data + arena->used;
        arena->used += bytes;
        return p;
    }
    return alloc_in_new_block(arena, bytes);
}

void *arena_alloc(struct arena *arena, size_t bytes)
{
    void *p = arena_try_alloc(arena, bytes);
    if (!p)
        out_of_memory(bytes);
    return p;
}

void *arena_zalloc(struct arena *arena, size_t bytes)
{
    return memset(arena_alloc(arena, bytes), 0, bytes);
}

void *arena_realloc(struct arena *arena, void *old, size_t old_bytes, size_t new_bytes)
{
    if (!old)
        return arena_alloc(arena, new_bytes);
    struct block *block = arena->blocks;
    size_t old_rounded = round_up(old_bytes ? old_bytes : 1);
    size_t new_rounded = round_up(new_bytes ? new_bytes : 1);
    bool is_last = block && (char *)old + old_rounded == block->data + arena->used &&
                   (char *)old >= block->data;
    if (is_last && arena->used - old_rounded + new_rounded <= block->bytes) {
        arena->used = arena->used - old_rounded + new_rounded;
        return old;
    }
    void *p = arena_alloc(arena, new_bytes);
    memcpy(p, old, MIN(old_bytes, new_bytes));
    return p;
}

void *arena_memdup(struct arena *arena, const void *bytes, size_t n_bytes)
{
    void *p = arena_alloc(arena, n_bytes);
    if (n_bytes)
        memcpy(p, bytes, n_bytes);
    return p;
}

char *arena_strndup(struct arena *arena, const char *text, size_t n_bytes)
{
    char *p = arena_alloc(arena, n_bytes + 1);
    if (n_bytes)
        memcpy(p, text, n_bytes);
    p[n_bytes] = 0;
    return p;
}

char *arena_strdup(struct arena *arena, const char *text)
{
    return arena_strndup(arena, text, strlen(text));
}

char *arena_vprintf(struct arena *arena, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    ASSERT(n >= 0);
    char *text = arena_alloc(arena, (size_t)n + 1);
    vsnprintf(text, (size_t)n + 1, format, again);
    va_end(again);
    return text;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = arena_vprintf(arena, format, args);
    va_end(args);
    return text;
}

size_t arena_bytes(const struct arena *arena)
{
    size_t bytes = arena->held_bytes;
    for (const struct arena *child = arena->first_child; child; child = child->next_sibling)
        bytes += arena_bytes(child);
    return bytes;
}

void arena_on_free(struct arena *arena, void (*fn)(void *), void *arg)
{
    struct on_free *hook = malloc(sizeof(*hook));
    if (!hook)
        out_of_memory(sizeof(*hook));
    *hook = (struct on_free){.next = arena->on_free, .fn = fn, .arg = arg};
    arena->on_free = hook;
}
