/* fault_vfs.c - a VFS that passes everything on to another one, and lets fault.c fail, tear or count what it does to the disk. */
#include <errno.h>
#include <sqlite3.h>
#include <string.h>
#include <unistd.h>

#include "shard/fault_int.h"

struct fault_file {
    sqlite3_file base;
    const char *path; /* SQLite keeps it as long as the file; NULL for temporary files */
    sqlite3_file *real;
};

static sqlite3_vfs *real_vfs;
static sqlite3_vfs fault_vfs;

static sqlite3_file *real_of(sqlite3_file *file)
{
    return ((struct fault_file *)file)->real;
}

static const char *path_of(sqlite3_file *file)
{
    const char *path = ((struct fault_file *)file)->path;
    return path ? path : "";
}

static int fault_close(sqlite3_file *file)
{
    sqlite3_file *real = real_of(file);
    return real->pMethods ? real->pMethods->xClose(real) : SQLITE_OK;
}

static int fault_read(sqlite3_file *file, void *bytes, int n, sqlite3_int64 at)
{
    return real_of(file)->pMethods->xRead(real_of(file), bytes, n, at);
}

static int fault_write(sqlite3_file *file, const void *bytes, int n, sqlite3_int64 at)
{
    size_t allowed = fault_write_bytes(path_of(file), (size_t)n);
    int rc = allowed ? real_of(file)->pMethods->xWrite(real_of(file), bytes, (int)allowed, at)
                     : SQLITE_OK;
    if (allowed == (size_t)n || rc != SQLITE_OK)
        return rc;
    return fault_errno() == ENOSPC ? SQLITE_FULL : SQLITE_IOERR_WRITE;
}

static int fault_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    return real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int fault_sync(sqlite3_file *file, int flags)
{
    if (!fault_allows(FAULT_SYNC, path_of(file)))
        return SQLITE_IOERR_FSYNC;
    int rc = real_of(file)->pMethods->xSync(real_of(file), flags);
    if (rc == SQLITE_OK)
        fault_synced(path_of(file));
    return rc;
}

static int fault_file_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return real_of(file)->pMethods->xFileSize(real_of(file), size);
}

static int fault_lock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int fault_unlock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int fault_check_reserved(sqlite3_file *file, int *out)
{
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), out);
}

static int fault_control(sqlite3_file *file, int op, void *arg)
{
    return real_of(file)->pMethods->xFileControl(real_of(file), op, arg);
}

static int fault_sector_size(sqlite3_file *file)
{
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

/* Nothing that a real device might not promise. */
static int fault_characteristics(sqlite3_file *file)
{
    return 0;
}

static int fault_shm_map(sqlite3_file *file, int region, int bytes, int extend,
                         void volatile **memory)
{
    return real_of(file)->pMethods->xShmMap(real_of(file), region, bytes, extend, memory);
}

static int fault_shm_lock(sqlite3_file *file, int first, int n, int flags)
{
    return real_of(file)->pMethods->xShmLock(real_of(file), first, n, flags);
}

static void fault_shm_barrier(sqlite3_file *file)
{
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int fault_shm_unmap(sqlite3_file *file, int delete_it)
{
    return real_of(file)->pMethods->xShmUnmap(real_of(file), delete_it);
}

static const sqlite3_io_methods fault_methods = {
    .iVersion = 2,
    .xClose = fault_close,
    .xRead = fault_read,
    .xWrite = fault_write,
    .xTruncate = fault_truncate,
    .xSync = fault_sync,
    .xFileSize = fault_file_size,
    .xLock = fault_lock,
    .xUnlock = fault_unlock,
    .xCheckReservedLock = fault_check_reserved,
    .xFileControl = fault_control,
    .xSectorSize = fault_sector_size,
    .xDeviceCharacteristics = fault_characteristics,
    .xShmMap = fault_shm_map,
    .xShmLock = fault_shm_lock,
    .xShmBarrier = fault_shm_barrier,
    .xShmUnmap = fault_shm_unmap,
};

static int fault_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                      int *out_flags)
{
    struct fault_file *fault = (struct fault_file *)file;
    memset(fault, 0, sizeof(*fault));
    fault->path = name;
    fault->real = (sqlite3_file *)(fault + 1);
    memset(fault->real, 0, (size_t)real_vfs->szOsFile);
    if (name && !fault_allows(FAULT_OPEN, name))
        return SQLITE_CANTOPEN;
    bool creates = name && flags & SQLITE_OPEN_CREATE;
    if (creates)
        fault_names_lock();
    bool is_new = creates && access(name, F_OK) != 0;
    int rc = real_vfs->xOpen(real_vfs, name, fault->real, flags, out_flags);
    if (rc == SQLITE_OK && is_new)
        fault_note_create(name);
    if (creates)
        fault_names_unlock();
    if (rc == SQLITE_OK)
        fault->base.pMethods = &fault_methods;
    return rc;
}

static int fault_delete(sqlite3_vfs *vfs, const char *name, int sync_dir)
{
    fault_names_lock();
    int rc = real_vfs->xDelete(real_vfs, name, sync_dir);
    if (rc == SQLITE_OK)
        fault_note_remove(name);
    fault_names_unlock();
    if (rc == SQLITE_OK && sync_dir)
        fault_note_sync_all_dirs();
    return rc;
}

const char *fault_vfs_register(const char *base)
{
    if (real_vfs)
        return fault_vfs.zName;
    real_vfs = sqlite3_vfs_find(base);
    fault_vfs = *real_vfs;
    fault_vfs.pNext = NULL;
    fault_vfs.zName = "shardlite-fault";
    fault_vfs.szOsFile = real_vfs->szOsFile + (int)sizeof(struct fault_file);
    fault_vfs.xOpen = fault_open;
    fault_vfs.xDelete = fault_delete;
    sqlite3_vfs_register(&fault_vfs, 0);
    return fault_vfs.zName;
}

/* ---- malloc failures ---- */

static sqlite3_mem_methods real_mem;
static uint64_t mem_left;
static bool mem_fired;

static void *failing_malloc(int n)
{
    uint64_t left = __atomic_load_n(&mem_left, __ATOMIC_RELAXED);
    if (UNLIKELY(left) && __atomic_sub_fetch(&mem_left, 1, __ATOMIC_ACQ_REL) == 0) {
        __atomic_store_n(&mem_fired, true, __ATOMIC_RELEASE);
        return NULL;
    }
    return real_mem.xMalloc(n);
}

void fault_malloc_install(void)
{
    if (real_mem.xMalloc || sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real_mem) != SQLITE_OK)
        return;
    sqlite3_mem_methods failing = real_mem;
    failing.xMalloc = failing_malloc;
    sqlite3_config(SQLITE_CONFIG_MALLOC, &failing);
}

void fault_malloc_arm(uint64_t nth)
{
    __atomic_store_n(&mem_fired, false, __ATOMIC_RELEASE);
    __atomic_store_n(&mem_left, nth, __ATOMIC_RELEASE);
}

bool fault_malloc_fired(void)
{
    return __atomic_load_n(&mem_fired, __ATOMIC_ACQUIRE);
}
