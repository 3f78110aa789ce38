/* record.c - records as bytes, little-endian:
 *     u64 length of what follows, u8 kind, u8 more, u64 seq, u64 database uid, i64 time,
 *     database, gid, owner as NUL-terminated strings, the ops. */
#include "shard/record.h"

#include <string.h>

#define FIXED_BYTES (1 + 1 + 8 + 8 + 8)

static const char *text_of(const char *text)
{
    return text ? text : "";
}

size_t record_bytes(const struct record *record)
{
    return 8 + FIXED_BYTES + strlen(text_of(record->database)) + strlen(text_of(record->gid)) +
           strlen(text_of(record->owner)) + 3 + record->n_ops_bytes;
}

static void put_text(struct buf *out, const char *text)
{
    buf_append(out, text_of(text), strlen(text_of(text)) + 1);
}

void record_put(struct buf *out, const struct record *record)
{
    uint64_t length = record_bytes(record) - 8;
    buf_reserve(out, length + 8);
    buf_append(out, &length, 8);
    buf_putc(out, (char)record->kind);
    buf_putc(out, record->more);
    buf_append(out, &record->seq, 8);
    buf_append(out, &record->database_uid, 8);
    buf_append(out, &record->time_us, 8);
    put_text(out, record->database);
    put_text(out, record->gid);
    put_text(out, record->owner);
    buf_append(out, record->ops, record->n_ops_bytes);
}

static const char *take_text(const uint8_t **p, const uint8_t *end)
{
    const uint8_t *nul = *p ? memchr(*p, 0, (size_t)(end - *p)) : NULL;
    const char *text = (const char *)*p;
    *p = nul ? nul + 1 : NULL;
    return text;
}

bool record_take(const uint8_t *bytes, size_t n, size_t *at, struct record *record)
{
    uint64_t length;
    if (n - *at < 8)
        return false;
    memcpy(&length, bytes + *at, 8);
    if (length < FIXED_BYTES + 3 || length > n - *at - 8)
        return false;
    const uint8_t *p = bytes + *at + 8, *end = p + length;
    *record = (struct record){.kind = p[0], .more = p[1] != 0};
    memcpy(&record->seq, p + 2, 8);
    memcpy(&record->database_uid, p + 10, 8);
    memcpy(&record->time_us, p + 18, 8);
    p += FIXED_BYTES;
    record->database = take_text(&p, end);
    record->gid = take_text(&p, end);
    record->owner = take_text(&p, end);
    if (!p)
        return false;
    record->ops = p;
    record->n_ops_bytes = (uint64_t)(end - p);
    *at += 8 + length;
    return record->kind >= RECORD_COMMIT && record->kind <= RECORD_DROP_DATABASE;
}
