/* vfs.c - see vfs.h. */
#include "shard/vfs.h"

const char *vfs_register(void)
{
    return "unix";
}
