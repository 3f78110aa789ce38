/* writer.c - see writer.h.
 *
 * An op becomes a cached statement whose text is made from its layout: building and finding it costs a tenth of running it, and
 * nothing needs to be invalidated when tables change. */
#include "shard/writer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shard/disk.h"
#include "shard/fault.h"

#define WAL_FRAME_BYTES (24 + 4096)

/* ---- opening and closing ---- */

static int note_wal_frames(void *arg, sqlite3 *db, const char *name, int n_frames)
{
    struct writer *writer = arg;
    if ((uint32_t)n_frames < writer->wal_frames)
        writer->wal_bytes =
            0; /* it started over, and may have been shortened to journal_size_limit */
    writer->wal_frames = (uint32_t)n_frames;
    return SQLITE_OK;
}

static void unlink_writer(struct writers *writers, struct writer *writer)
{
    *(writer->newer ? &writer->newer->older : &writers->newest) = writer->older;
    *(writer->older ? &writer->older->newer : &writers->oldest) = writer->newer;
}

static void push_writer(struct writers *writers, struct writer *writer)
{
    writer->newer = NULL;
    writer->older = writers->newest;
    *(writers->newest ? &writers->newest->newer : &writers->oldest) = writer;
    writers->newest = writer;
}

void writer_close(struct writers *writers, struct writer *writer)
{
    if (!writer)
        return;
    writer_rollback(writer);
    unlink_writer(writers, writer);
    writers->n--;
    writer->file->writer = NULL;
    connection_close(&writer->connection);
    buf_free(&writer->sql);
    free(writer);
}

void writers_close_all(struct writers *writers)
{
    for (struct writer *writer = writers->newest; writer;) {
        struct writer *older = writer->older;
        writer_close(writers, writer);
        writer = older;
    }
}

static void make_room(struct writers *writers)
{
    struct writer *writer = writers->oldest;
    while (writer && writers->n >= writers->max) {
        struct writer *newer = writer->newer;
        if (!writer->begun)
            writer_close(writers, writer);
        writer = newer;
    }
}

static struct writer *open_writer(struct writers *writers, struct file *file, struct err *err)
{
    struct writer *writer = calloc(1, sizeof(*writer));
    ASSERT(writer != NULL);
    writer->file = file;
    writer->keep_shape = writers->keep_shapes;
    bool found = false;
    int64_t position = 0;
    if (!connection_open(&writer->connection, file->path, CONNECTION_WRITER,
                         file->storage->options.vfs, err) ||
        !connection_integer(&writer->connection,
                            "SELECT position FROM _shardlite_applied WHERE id = 1", &position,
                            &found, err)) {
        connection_close(&writer->connection);
        free(writer);
        return NULL;
    }
    sqlite3_wal_hook(writer->connection.db, note_wal_frames, writer);
    writer->position = found ? (uint64_t)position : 0;
    file->writer = writer;
    push_writer(writers, writer);
    writers->n++;
    return writer;
}

struct writer *writer_acquire(struct writers *writers, struct file *file, struct err *err)
{
    struct writer *writer = file->writer;
    if (!writer) {
        make_room(writers);
        return open_writer(writers, file, err);
    }
    if (writer != writers->newest) {
        unlink_writer(writers, writer);
        push_writer(writers, writer);
    }
    return writer;
}

/* ---- transactions ---- */

static void end_shape(struct writer *writer)
{
    if (writer->shape)
        connection_finish(&writer->connection, writer->shape);
    writer->shape = NULL;
}

static bool run(struct writer *writer, const char *sql, struct err *err)
{
    sqlite3_stmt *statement = connection_statement(&writer->connection, sql, strlen(sql), err);
    if (!statement)
        return false;
    int rc = sqlite3_step(statement);
    bool ok =
        rc == SQLITE_DONE || rc == SQLITE_ROW || connection_error(&writer->connection, rc, err);
    connection_finish(&writer->connection, statement);
    return ok;
}

bool writer_begin(struct writer *writer, struct err *err)
{
    if (writer->begun)
        return true;
    writer->n_ops = 0;
    writer->begun = run(writer, "BEGIN IMMEDIATE", err);
    return writer->begun;
}

void writer_rollback(struct writer *writer)
{
    end_shape(writer);
    if (writer->begun &&
        !sqlite3_get_autocommit(writer->connection.db)) /* some errors roll back by themselves */
        sqlite3_exec(writer->connection.db, "ROLLBACK", NULL, NULL, NULL);
    writer->begun = false;
}

bool writer_commit(struct writer *writer, struct err *err)
{
    end_shape(writer);
    if (!run(writer, "COMMIT", err))
        return false;
    writer->begun = false;
    return true;
}

/* Pages that the transaction may have changed, at a guess: a few per row for the table and its indexes. */
static uint64_t likely_pages(const struct writer *writer)
{
    return 16 + 8 * (uint64_t)writer->n_ops;
}

/* A WAL that is long enough already, as one is that has started over, takes the commit without growing. */
static bool has_room(struct writer *writer)
{
    uint64_t need = (writer->wal_frames + likely_pages(writer)) * WAL_FRAME_BYTES;
    if (need <= writer->wal_bytes)
        return true;
    char wal[4096];
    snprintf(wal, sizeof(wal), "%s-wal", writer->file->path);
    writer->wal_bytes = (uint64_t)disk_size(wal);
    return need <= writer->wal_bytes;
}

bool writer_reserve(struct writer *writer, struct err *err)
{
    if (has_room(writer))
        return true;
    int rc = sqlite3_db_cacheflush(writer->connection.db);
    return rc == SQLITE_OK || connection_error(&writer->connection, rc, err);
}

bool writer_set_position(struct writer *writer, uint64_t seq, struct err *err)
{
    static const char sql[] = "UPDATE _shardlite_applied SET position = ?1 WHERE id = 1";
    sqlite3_stmt *statement = connection_statement(&writer->connection, sql, sizeof(sql) - 1, err);
    if (!statement)
        return false;
    sqlite3_bind_int64(statement, 1, (int64_t)seq);
    int rc = sqlite3_step(statement);
    bool ok = rc == SQLITE_DONE || connection_error(&writer->connection, rc, err);
    if (ok && sqlite3_changes(writer->connection.db) != 1)
        ok = err_set(err, ERR_DATA_CORRUPTED, "shard file \"%s\" has no applied position",
                     writer->file->path);
    connection_finish(&writer->connection, statement);
    return ok;
}

/* ---- ops ---- */

static void put_name(struct buf *sql, const char *name)
{
    buf_putc(sql, '"');
    for (; *name; name++) {
        if (*name == '"')
            buf_putc(sql, '"');
        buf_putc(sql, *name);
    }
    buf_putc(sql, '"');
}

static bool is_written(const struct op *op, uint32_t column)
{
    return !op->changed || (op->changed[column / 8] >> (column % 8) & 1);
}

static void put_insert(struct buf *sql, const struct op *op)
{
    buf_puts(sql, "INSERT OR REPLACE INTO ");
    put_name(sql, op->layout->table);
    buf_putc(sql, '(');
    put_name(sql, op->layout->rid_column);
    for (uint32_t k = 0; k < op->layout->n_columns; k++) {
        buf_putc(sql, ',');
        put_name(sql, op->layout->columns[k]);
    }
    buf_puts(sql, ") VALUES (?");
    for (uint32_t k = 0; k < op->layout->n_columns; k++)
        buf_puts(sql, ",?");
    buf_putc(sql, ')');
}

static void put_where_rid(struct buf *sql, const struct op *op)
{
    buf_puts(sql, " WHERE ");
    put_name(sql, op->layout->rid_column);
    buf_puts(sql, "=?1");
}

static void put_update(struct buf *sql, const struct op *op)
{
    uint32_t n = 0;
    buf_puts(sql, "UPDATE ");
    put_name(sql, op->layout->table);
    for (uint32_t k = 0; k < op->layout->n_columns; k++) {
        if (!is_written(op, k))
            continue;
        buf_puts(sql, n ? "," : " SET ");
        put_name(sql, op->layout->columns[k]);
        buf_printf(sql, "=?%u", 2 + n++);
    }
    if (!n) { /* an update that changes nothing still has to find its row */
        buf_puts(sql, " SET ");
        put_name(sql, op->layout->rid_column);
        buf_puts(sql, "=?1");
    }
    put_where_rid(sql, op);
}

static void put_sql(struct buf *sql, const struct op *op)
{
    switch (op->kind) {
    case OP_INSERT:
        put_insert(sql, op);
        break;
    case OP_UPDATE:
        put_update(sql, op);
        break;
    case OP_DELETE:
        buf_puts(sql, "DELETE FROM ");
        put_name(sql, op->layout->table);
        put_where_rid(sql, op);
        break;
    case OP_TRUNCATE:
        buf_puts(sql, "DELETE FROM ");
        put_name(sql, op->layout->table);
        break;
    case OP_SQL: /* not cached: writer_apply() */
        break;
    }
}

static int bind_value(sqlite3_stmt *statement, int index, const struct stored *value)
{
    switch (value->kind) {
    case STORED_NULL:
        return sqlite3_bind_null(statement, index);
    case STORED_INTEGER:
        return sqlite3_bind_int64(statement, index, value->i);
    case STORED_REAL:
        return sqlite3_bind_double(statement, index, value->f);
    case STORED_TEXT:
        return sqlite3_bind_text64(statement, index, value->p ? value->p : "", value->n,
                                   SQLITE_STATIC, SQLITE_UTF8);
    case STORED_BLOB:
        return sqlite3_bind_blob64(statement, index, value->p ? value->p : "", value->n,
                                   SQLITE_STATIC);
    }
    return SQLITE_MISMATCH;
}

/* ?1 is the rid, then come the written columns. */
static bool bind_row(struct writer *writer, sqlite3_stmt *statement, const struct op *op,
                     struct err *err)
{
    int rc = sqlite3_bind_int64(statement, 1, op->rid);
    if (op->kind == OP_DELETE)
        return rc == SQLITE_OK || connection_error(&writer->connection, rc, err);
    uint32_t at = 0;
    int index = 2;
    struct stored value;
    for (uint32_t k = 0; k < op->layout->n_columns && rc == SQLITE_OK; k++) {
        if (!image_next(&op->image, &at, &value))
            return err_set(err, ERR_INTERNAL_ERROR,
                           "row image of table \"%s\" has %u values instead of %u",
                           op->layout->table, k, op->layout->n_columns);
        if (op->kind == OP_INSERT || is_written(op, k))
            rc = bind_value(statement, index++, &value);
    }
    return rc == SQLITE_OK || connection_error(&writer->connection, rc, err);
}

static bool same_changed(const struct writer *writer, const struct op *op)
{
    const uint8_t *last = writer->shape_changed;
    return last == op->changed ||
           (last && op->changed &&
            memcmp(last, op->changed, (op->layout->n_columns + 7u) / 8u) == 0);
}

static sqlite3_stmt *statement_of(struct writer *writer, const struct op *op, struct err *err)
{
    if (writer->shape && writer->shape_layout == op->layout && writer->shape_kind == op->kind &&
        same_changed(writer, op))
        return writer->shape;
    end_shape(writer);
    writer->sql.n = 0;
    put_sql(&writer->sql, op);
    writer->shape = connection_statement(&writer->connection, writer->sql.p, writer->sql.n, err);
    writer->shape_layout = op->layout;
    writer->shape_kind = op->kind;
    writer->shape_changed = op->changed;
    return writer->shape;
}

bool writer_apply(struct writer *writer, const struct op *op, struct err *err)
{
    struct connection *connection = &writer->connection;
    writer->n_ops++;
    if (op->kind == OP_SQL) {
        end_shape(writer);
        return connection_exec(connection, op->sql, err);
    }
    sqlite3_stmt *statement = statement_of(writer, op, err);
    if (!statement)
        return false;
    bool ok = op->kind == OP_TRUNCATE || bind_row(writer, statement, op, err);
    int rc = ok ? sqlite3_step(statement) : SQLITE_OK;
    ok = ok && (rc == SQLITE_DONE || connection_error(connection, rc, err));
    if (ok && op->kind == OP_UPDATE && sqlite3_changes(connection->db) != 1)
        ok = err_set(err, ERR_INTERNAL_ERROR,
                     "row %" PRId64 " of table \"%s\" is not in shard file \"%s\"", op->rid,
                     op->layout->table, connection->path);
    if (ok && writer->keep_shape)
        sqlite3_reset(statement); /* bindings stay until those of the next op replace them */
    else
        end_shape(writer);
    return ok;
}
