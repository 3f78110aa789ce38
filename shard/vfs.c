/* vfs.c - the guarded WAL-lock shim.
 *
 * Of a small read's cost in SQLite, most is two fcntl() calls for a WAL read lock, which protect against other processes.  This
 * server is the only process that writes to its files, so its connections can keep those locks among themselves; what
 * other processes may do is settled once for each file, at operating-system level, for as long as we have it open:
 *
 *     slot          held by us at OS level    so an outside process
 *     0 WRITE       exclusive                 can't write: SQLITE_BUSY
 *     1 CHECKPOINT  exclusive                 can't checkpoint, nor restart the WAL
 *     2 RECOVER     nothing                   needs it shared for a moment while it opens
 *     3-7 READ(i)   shared                    can share them, which is what a reader does; can't move a read mark
 *
 * So outside readers take their real read locks, and we must respect them: whoever of ours wants slot 2..7 exclusively (a checkpoint
 * about to pass a read mark, a reader about to move one, a WAL restart) gets it in memory first and then upgrades the OS lock too, which fails
 * with BUSY exactly if an outside reader is there; on unlock it goes back to what the table says.  Those are rare: a reader moves a mark
 * once after each commit.  Shared locks, and WRITE and CHECKPOINT, cost no system call.
 *
 * All else is the unix VFS: its objects are used as they are with a patched copy of their method table, and our part of a file
 * lives behind its own.  It keeps mapping the -shm file and holding its "dead man switch" lock there.
 *
 * The OS locks are OFD locks on a descriptor of our own to the -shm file.  Closing any descriptor of a file drops the process's POSIX locks on it,
 * among them that switch; so ours is closed after the unix VFS has closed its own, under a mutex that keeps
 * others from mapping it meanwhile.
 *
 * Invariants:
 *   (1) a slot is held exclusively by one of our connections, or shared by any number, or free;
 *   (2) node->armed: the OS locks of the table are held; before that no lock is granted to anyone;
 *   (3) a node exists while at least one of our connections has the -shm file mapped. */
#include "shard/vfs.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/map.h"
#include "base/util.h"

#define SHM_LOCK_BASE                                                                              \
    120 /* (22 + SQLITE_SHM_NLOCK) * 4: where the slots' bytes are in the -shm file (sqlite3 os_unix.c) */
#define N_SLOTS SQLITE_SHM_NLOCK
#define SLOT_RECOVER 2
#define SLOT_READ 3

struct node {
    char *path; /* of the database file */
    int fd;     /* of its -shm file */
    uint32_t n_refs;
    pthread_mutex_t mutex; /* guards what follows */
    bool armed;
    int16_t slots[N_SLOTS]; /* -1: exclusive, else how many share it */
};

/* Behind the unix VFS's own file object. */
struct part {
    const char *path; /* SQLite keeps it as long as the file */
    struct node *node;
    uint8_t shared_mask, exclusive_mask; /* of this connection */
};

static pthread_mutex_t nodes_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct map *nodes; /* path -> node */
static sqlite3_vfs *base_vfs;
static sqlite3_vfs our_vfs;
static const sqlite3_io_methods *base_methods;
static sqlite3_io_methods our_methods;

static struct part *part_of(sqlite3_file *file)
{
    return (struct part *)((char *)file + ((base_vfs->szOsFile + 7) & ~7));
}

/* ---- OS locks ---- */

static int os_lock(const struct node *node, short type, int first, int n)
{
    struct flock lock = {
        .l_type = type, .l_whence = SEEK_SET, .l_start = SHM_LOCK_BASE + first, .l_len = n};
    int rc;
    while ((rc = fcntl(node->fd, F_OFD_SETLK, &lock)) != 0 && errno == EINTR)
        ;
    if (rc == 0)
        return SQLITE_OK;
    return errno == EAGAIN || errno == EACCES ? SQLITE_BUSY : SQLITE_IOERR_SHMLOCK;
}

static int arm(struct node *node)
{
    int rc = os_lock(node, F_WRLCK, 0, SLOT_RECOVER);
    if (rc == SQLITE_OK &&
        (rc = os_lock(node, F_RDLCK, SLOT_READ, N_SLOTS - SLOT_READ)) != SQLITE_OK)
        (void)os_lock(node, F_UNLCK, 0, SLOT_RECOVER);
    node->armed = rc == SQLITE_OK;
    return rc;
}

/* The slots of [first, first + n) that other processes can hold too. */
static int guard_exclusive(const struct node *node, int first, int n)
{
    int end = first + n;
    first = MAX(first, SLOT_RECOVER);
    return first < end ? os_lock(node, F_WRLCK, first, end - first) : SQLITE_OK;
}

static int unguard(const struct node *node, int first, int n)
{
    int end = first + n, rc = SQLITE_OK;
    if (first <= SLOT_RECOVER && end > SLOT_RECOVER)
        rc = os_lock(node, F_UNLCK, SLOT_RECOVER, 1);
    first = MAX(first, SLOT_READ);
    if (rc == SQLITE_OK && first < end)
        rc = os_lock(node, F_RDLCK, first, end - first);
    return rc;
}

/* ---- locks among ourselves ---- */

static int lock_shared(struct node *node, struct part *part, int slot)
{
    if (part->shared_mask >> slot & 1)
        return SQLITE_OK;
    if (node->slots[slot] < 0)
        return SQLITE_BUSY;
    node->slots[slot]++;
    part->shared_mask |= (uint8_t)(1u << slot);
    return SQLITE_OK;
}

static int lock_exclusive(struct node *node, struct part *part, int first, int n, uint8_t mask)
{
    if ((part->exclusive_mask & mask) == mask)
        return SQLITE_OK;
    for (int slot = first; slot < first + n; slot++) {
        if (node->slots[slot] != 0)
            return SQLITE_BUSY;
    }
    int rc = guard_exclusive(node, first, n);
    if (rc != SQLITE_OK)
        return rc;
    for (int slot = first; slot < first + n; slot++)
        node->slots[slot] = -1;
    part->exclusive_mask |= mask;
    return SQLITE_OK;
}

static int unlock(struct node *node, struct part *part, int first, int n)
{
    int rc = SQLITE_OK;
    for (int slot = first; slot < first + n; slot++) {
        uint8_t bit = (uint8_t)(1u << slot);
        if (part->shared_mask & bit) {
            node->slots[slot]--;
            part->shared_mask &= (uint8_t)~bit;
        } else if (part->exclusive_mask & bit) {
            int end = unguard(node, slot, 1);
            rc = end == SQLITE_OK ? rc : end;
            node->slots[slot] = 0;
            part->exclusive_mask &= (uint8_t)~bit;
        }
    }
    return rc;
}

static int vfs_shm_lock(sqlite3_file *file, int first, int n, int flags)
{
    struct part *part = part_of(file);
    struct node *node = part->node;
    if (!node)
        return SQLITE_IOERR_SHMLOCK;
    uint8_t mask = (uint8_t)((1u << (first + n)) - (1u << first));
    pthread_mutex_lock(&node->mutex);
    int rc = node->armed || flags & SQLITE_SHM_UNLOCK ? SQLITE_OK : arm(node);
    if (rc == SQLITE_OK) {
        if (flags & SQLITE_SHM_UNLOCK)
            rc = unlock(node, part, first, n);
        else if (flags & SQLITE_SHM_SHARED)
            rc = lock_shared(node, part, first);
        else
            rc = lock_exclusive(node, part, first, n, mask);
    }
    pthread_mutex_unlock(&node->mutex);
    return rc;
}

static void vfs_shm_barrier(sqlite3_file *file)
{
    __sync_synchronize();
}

/* ---- nodes come and go with mappings ---- */

static struct node *new_node(const char *path)
{
    char shm[4096];
    snprintf(shm, sizeof(shm), "%s-shm", path);
    int fd = open(shm, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    struct node *node = calloc(1, sizeof(*node));
    ASSERT(node != NULL);
    node->path = strdup(path);
    node->fd = fd;
    pthread_mutex_init(&node->mutex, NULL);
    map_put(nodes, node->path, strlen(node->path), node);
    return node;
}

static int attach(struct part *part)
{
    struct node *node = map_get(nodes, part->path, strlen(part->path));
    if (!node && !(node = new_node(part->path)))
        return SQLITE_IOERR_SHMOPEN;
    node->n_refs++;
    part->node = node;
    return SQLITE_OK;
}

static void detach(struct part *part)
{
    struct node *node = part->node;
    part->node = NULL;
    if (--node->n_refs)
        return;
    map_remove(nodes, node->path, strlen(node->path));
    close(node->fd);
    pthread_mutex_destroy(&node->mutex);
    free(node->path);
    free(node);
}

static int vfs_shm_map(sqlite3_file *file, int region, int bytes, int extend,
                       void volatile **memory)
{
    struct part *part = part_of(file);
    if (LIKELY(part->node != NULL))
        return base_methods->xShmMap(file, region, bytes, extend, memory);
    pthread_mutex_lock(&nodes_mutex);
    int rc = base_methods->xShmMap(file, region, bytes, extend, memory);
    if (rc == SQLITE_OK)
        rc = attach(part);
    pthread_mutex_unlock(&nodes_mutex);
    return rc;
}

static int vfs_shm_unmap(sqlite3_file *file, int delete_it)
{
    struct part *part = part_of(file);
    if (part->node)
        vfs_shm_lock(file, 0, N_SLOTS,
                     SQLITE_SHM_UNLOCK |
                         SQLITE_SHM_EXCLUSIVE); /* SQLite has let go of all; be sure */
    pthread_mutex_lock(&nodes_mutex);
    int rc = base_methods->xShmUnmap(file, delete_it);
    if (part->node)
        detach(part);
    pthread_mutex_unlock(&nodes_mutex);
    return rc;
}

/* ---- the VFS ---- */

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                    int *out_flags)
{
    int rc = base_vfs->xOpen(base_vfs, name, file, flags, out_flags);
    if (rc != SQLITE_OK || !(flags & SQLITE_OPEN_MAIN_DB) || !name || file->pMethods->iVersion < 3)
        return rc;
    pthread_mutex_lock(&nodes_mutex);
    if (!base_methods) {
        base_methods = file->pMethods;
        our_methods = *base_methods;
        our_methods.xShmMap = vfs_shm_map;
        our_methods.xShmLock = vfs_shm_lock;
        our_methods.xShmBarrier = vfs_shm_barrier;
        our_methods.xShmUnmap = vfs_shm_unmap;
    }
    bool known = file->pMethods == base_methods; /* another locking style: leave it alone */
    pthread_mutex_unlock(&nodes_mutex);
    if (known) {
        *part_of(file) = (struct part){.path = name};
        file->pMethods = &our_methods;
    }
    return rc;
}

static void register_once(void)
{
    /* Counting memory takes one mutex for all threads.  Refused, and no harm done, if SQLite is in use already. */
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    base_vfs = sqlite3_vfs_find("unix");
    if (!base_vfs)
        return;
    nodes = map_new();
    our_vfs = *base_vfs;
    our_vfs.pNext = NULL;
    our_vfs.zName = "shardlite";
    our_vfs.szOsFile = ((base_vfs->szOsFile + 7) & ~7) + (int)sizeof(struct part);
    our_vfs.xOpen = vfs_open;
    if (sqlite3_vfs_register(&our_vfs, 0) != SQLITE_OK)
        base_vfs = NULL;
}

const char *vfs_register(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, register_once);
    return base_vfs ? our_vfs.zName : "unix";
}
