/* directory.h - the folders and files of the data directory.  Internal to shard/. */
#ifndef SHARDLITE_SHARD_DIRECTORY_H
#define SHARDLITE_SHARD_DIRECTORY_H

#include "shard/storage_int.h"

/* What a file says it is, in its table _shardlite_file. */
struct file_label {
    uint64_t uid;   /* of the database; of the data directory in shardlite.db */
    uint32_t shard; /* number, SHARD_CATALOG or SHARD_CLUSTER */
    uint32_t n_shards;
};

/* 55006 if another server holds it. */
MUST_CHECK bool directory_lock(struct storage *storage, struct err *err);
/* Cleans up, reads labels and registers every database.  *fresh: there is no shardlite.db yet. */
MUST_CHECK bool directory_open(struct storage *storage, bool *fresh, struct err *err);
/* Makes shardlite.db, which completes the creation of a fresh directory. */
MUST_CHECK bool directory_complete(struct storage *storage, struct err *err);

/* Makes all files of a database in the folder `dir`, durable on return. */
MUST_CHECK bool directory_make_database(struct storage *storage, const char *dir, uint64_t uid,
                                        uint32_t n_shards, struct err *err);
MUST_CHECK bool directory_remove_database(struct storage *storage, const char *dir, uint64_t uid,
                                          struct err *err);
MUST_CHECK bool directory_read_label(const struct storage *storage, const char *path,
                                     struct file_label *label, struct err *err);

uint64_t directory_random_id(void); /* positive */
char *directory_path_of(const struct storage *storage,
                        const char *database); /* malloc()ed, as is the next */
char *directory_file_path(const char *dir, uint32_t shard);

/* storage.c: adds an existing database to the list. */
struct database_files *storage_register(struct storage *storage, const char *name, const char *dir,
                                        uint64_t uid, uint32_t n_shards);

#endif
