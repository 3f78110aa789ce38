/* fixture.c - see fixture.h. */
#include "tests/unit/shard/fixture.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

char fixture_dir[256], fixture_data[300];
struct arena *fixture_arena;
struct err fixture_err;

static const char *const columns[] = {"a", "b"};
const struct layout fixture_layout = {"t", "_rid", 2, columns};

void fixture_setup(void)
{
    const char *tmp = getenv("TMPDIR");
    snprintf(fixture_dir, sizeof(fixture_dir), "%s/shardlite-test-XXXXXX", tmp ? tmp : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(fixture_dir));
    snprintf(fixture_data, sizeof(fixture_data), "%s/data", fixture_dir);
    fixture_arena = arena_new("test");
    fixture_err = ERR_IN(fixture_arena);
}

void fixture_teardown(void)
{
    char command[400];
    snprintf(command, sizeof(command), "rm -rf '%s'", fixture_dir);
    (void)!system(command);
    arena_free(fixture_arena);
}

void must(bool ok)
{
    if (!ok)
        ck_abort_msg("%s: %s", fixture_err.sqlstate, fixture_err.message);
}

int fixture_shell(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *command = arena_vprintf(fixture_arena, format, args);
    va_end(args);
    int status = system(arena_printf(fixture_arena, "cd '%s' && %s", fixture_dir, command));
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

struct storage *try_open(const struct storage_options *extra)
{
    struct storage_options options = extra ? *extra : (struct storage_options){0};
    options.data_dir = fixture_data;
    options.create = true;
    return storage_open(&options, &fixture_err);
}

struct storage *open_data(const struct storage_options *extra)
{
    struct storage *storage = try_open(extra);
    must(storage != NULL);
    return storage;
}

struct database_files *make_shop(struct storage *storage, uint32_t n_shards)
{
    must(storage_create_database(storage, "shop", n_shards, &fixture_err));
    struct database_files *shop = storage_database(storage, "shop");
    struct op *ops = ARENA_ARRAY(fixture_arena, struct op, n_shards);
    for (uint32_t k = 0; k < n_shards; k++)
        ops[k] = op_sql(k, "CREATE TABLE t (_rid INTEGER PRIMARY KEY, a INTEGER, b TEXT)");
    commit_these(storage, shop, ops, n_shards);
    return shop;
}

static struct image row(int64_t a, const char *b)
{
    struct buf image = BUF_IN(fixture_arena);
    image_put(&image, &(struct stored){.kind = STORED_INTEGER, .i = a});
    image_put(&image, &(struct stored){.kind = STORED_TEXT, .p = b, .n = strlen(b)});
    return (struct image){(const uint8_t *)image.p, (uint32_t)image.n};
}

struct op op_insert(uint32_t shard, int64_t rid, int64_t a, const char *b)
{
    return (struct op){.kind = OP_INSERT,
                       .shard = shard,
                       .layout = &fixture_layout,
                       .rid = rid,
                       .image = row(a, b)};
}

struct op op_update_a(uint32_t shard, int64_t rid, int64_t a)
{
    static const uint8_t only_a = 1;
    return (struct op){.kind = OP_UPDATE,
                       .shard = shard,
                       .layout = &fixture_layout,
                       .rid = rid,
                       .image = row(a, "must not be written"),
                       .changed = &only_a};
}

struct op op_delete(uint32_t shard, int64_t rid)
{
    return (struct op){.kind = OP_DELETE, .shard = shard, .layout = &fixture_layout, .rid = rid};
}

struct op op_sql(uint32_t shard, const char *sql)
{
    return (struct op){.kind = OP_SQL, .shard = shard, .sql = sql};
}

bool try_commit(struct storage *storage, struct database_files *database, const struct op *ops,
                size_t n_ops)
{
    struct commit commit = {.database = database, .ops = ops, .n_ops = n_ops};
    return storage_commit(storage, &commit, &fixture_err);
}

void commit_these(struct storage *storage, struct database_files *database, const struct op *ops,
                  size_t n_ops)
{
    must(try_commit(storage, database, ops, n_ops));
}

int64_t ask(struct database_files *database, uint32_t shard, const char *sql)
{
    struct reader *reader = reader_acquire(database, shard, &fixture_err);
    must(reader != NULL);
    sqlite3_stmt *statement = reader_statement(reader, sql, &fixture_err);
    must(statement != NULL);
    int rc = sqlite3_step(statement);
    int64_t value = rc == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : -1;
    must(rc == SQLITE_ROW || rc == SQLITE_DONE || reader_error(reader, rc, &fixture_err));
    reader_finish_statement(reader, statement);
    reader_release(reader);
    return value;
}
