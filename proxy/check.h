/* check.h - shardlite check: every file, the commit log, and the catalog against the shards. */
#ifndef SHARDLITE_PROXY_CHECK_H
#define SHARDLITE_PROXY_CHECK_H

int check_main(int argc,
               char *const *argv); /* exit status: 0 all is well, 1 problems, 2 it could not look */

#endif
