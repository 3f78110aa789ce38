/* check.h - is what lies in the data directory whole?  The storage's part of "shardlite check". */
#ifndef SHARDLITE_SHARD_CHECK_H
#define SHARDLITE_SHARD_CHECK_H

#include "shard/storage.h"

struct check_report {
    /* Before each file; `done` of `total`.  May be NULL. */
    void (*progress)(void *arg, const char *path, uint32_t done, uint32_t total);
    /* Each problem, in words.  May be NULL. */
    void (*problem)(void *arg, const char *path, const char *what);
    /* Worth knowing, but no problem (changes that the next start will replay).  May be NULL. */
    void (*remark)(void *arg, const char *path, const char *what);
    void *arg;
    uint32_t n_files, n_problems; /* out */
};

/* Looks at every SQLite file (integrity_check, label, position in the log), at the whole commit log, and at files that should not be
 * there.  Takes the directory's lock (55006 if a server runs) and changes nothing.  False if it could not look. */
MUST_CHECK bool storage_check(const struct storage_options *options, struct check_report *report,
                              struct err *err);

#endif
