/* prepared.h - transactions between PREPARE TRANSACTION and its end.
 *
 * They live in the commit log; this table in memory is what a replay of it would give.  Any thread. */
#ifndef SHARDLITE_SHARD_PREPARED_H
#define SHARDLITE_SHARD_PREPARED_H

#include "shard/record.h"

struct prepared_table;
struct prepared_entry;

struct prepared_table *prepared_table_new(void);
void prepared_table_free(struct prepared_table *table);
/* Adds, or adds more ops to, what the record names.  Deep copy. */
void prepared_add(struct prepared_table *table, const struct record *record);
/* NULL: no such gid. */
struct prepared_entry *prepared_find(struct prepared_table *table, const char *gid);
/* All parts as records, in order; `seq` and `more` are the caller's to set.  Borrowed from the entry. */
size_t prepared_records(const struct prepared_entry *entry, struct arena *arena,
                        struct record **records);
uint64_t prepared_database_uid(const struct prepared_entry *entry);
void prepared_remove(struct prepared_table *table, const char *gid);
void prepared_remove_database(struct prepared_table *table, uint64_t database_uid);
/* Calls fn for each; the table is locked meanwhile. */
void prepared_each(struct prepared_table *table,
                   void (*fn)(void *arg, const struct prepared_entry *entry), void *arg);
size_t prepared_count(struct prepared_table *table);

#endif
