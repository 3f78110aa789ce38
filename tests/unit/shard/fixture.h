/* fixture.h - a data directory of its own for each test, and short ways to write and read rows.
 *
 * Rows live in table t (_rid, a INTEGER, b TEXT), one in each shard of database "shop". */
#ifndef SHARDLITE_TESTS_UNIT_SHARD_FIXTURE_H
#define SHARDLITE_TESTS_UNIT_SHARD_FIXTURE_H

#include "shard/storage.h"

extern char fixture_dir[256]; /* of the test's files; the data directory is fixture_data */
extern char fixture_data[300];
extern struct arena *fixture_arena;
extern struct err fixture_err;
extern const struct layout fixture_layout;

void fixture_setup(void);    /* an empty fixture_dir */
void fixture_teardown(void); /* removes it */

/* Ends the test with the error's message if `ok` is false. */
void must(bool ok);
/* Runs a shell command in fixture_dir; its exit status. */
int fixture_shell(const char *format, ...) PRINTF_LIKE(1, 2);

struct storage *
open_data(const struct storage_options *extra); /* NULL: defaults.  fixture_data, made if missing */
struct storage *try_open(const struct storage_options *extra); /* NULL with fixture_err set */
struct database_files *make_shop(struct storage *storage, uint32_t n_shards); /* with table t */

struct op op_insert(uint32_t shard, int64_t rid, int64_t a, const char *b);
struct op op_update_a(uint32_t shard, int64_t rid, int64_t a);
struct op op_delete(uint32_t shard, int64_t rid);
struct op op_sql(uint32_t shard, const char *sql);
bool try_commit(struct storage *storage, struct database_files *database, const struct op *ops,
                size_t n_ops);
void commit_these(struct storage *storage, struct database_files *database, const struct op *ops,
                  size_t n_ops);

/* One integer from one shard; -1 if there is no row. */
int64_t ask(struct database_files *database, uint32_t shard, const char *sql);

#endif
