/* spill.h - the working memory of a statement, and the temporary file behind it.
 *
 * Everything that keeps rows (stores, sorts, hash tables) tells the statement's workspace how many bytes it holds, and asks it whether
 * that is too much; who is told so writes rows to the workspace's temporary file.  The file has no name (it is unlinked at
 * once), so nothing is left of it after a crash.  A workspace belongs to one statement and is used by one thread at a time. */
#ifndef SHARDLITE_EXEC_SPILL_H
#define SHARDLITE_EXEC_SPILL_H

#include "base/arena.h"
#include "base/err.h"

struct workspace {
    size_t limit_bytes;
    size_t used_bytes;      /* what its users hold together */
    uint64_t spilled_bytes; /* written in all, for EXPLAIN ANALYZE */
    struct arena *arena;
    int fd;       /* -1: nothing was spilled yet */
    uint64_t end; /* of the file */
};

/* Limit of the workspaces made from now on, and the folder for their files (made when missing; NULL: $TMPDIR or /tmp).  Both are set at start;
 * `folder` is borrowed. */
void spill_configure(size_t limit_bytes, const char *folder);

struct workspace *workspace_new(struct arena *arena); /* ends with the arena */
/* Replaces *counted, what its user held so far, by `now`. */
static inline void workspace_hold(struct workspace *workspace, size_t *counted, size_t now)
{
    workspace->used_bytes += now - *counted;
    *counted = now;
}
/* Should a user that holds `own_bytes` write them to the file?  Those that hold little are left alone: with many users the limit is a soft one. */
static inline bool workspace_is_full(const struct workspace *workspace, size_t own_bytes)
{
    return UNLIKELY(workspace->used_bytes > workspace->limit_bytes) &&
           own_bytes > workspace->limit_bytes / 16;
}

/* Appends to the file, opening it first if need be.  Errors: 53100 no space, 58030 all others. */
MUST_CHECK bool spill_write(struct workspace *workspace, const void *bytes, size_t n,
                            uint64_t *offset, struct err *err);
MUST_CHECK bool spill_read(struct workspace *workspace, uint64_t offset, void *bytes, size_t n,
                           struct err *err);
/* These bytes are not needed any more: gives their space back where the file system can. */
void spill_release(struct workspace *workspace, uint64_t offset, size_t n);

#endif
