/* wire_fuzz.c - libFuzzer target: whatever a stranger can send to the codecs.  The first byte picks the codec and its options.
 *
 *   make fuzz && build/fuzz/wire_fuzz -max_total_time=60 */
#include <stdlib.h>
#include <string.h>

#include "pgwire/copy.h"
#include "pgwire/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_messages(const uint8_t *data, size_t size)
{
    while (size) {
        struct wire_message message;
        size_t used, need;
        if (wire_frame(data, size, &message, &used, &need) != WIRE_FRAME_OK)
            return;
        ASSERT(used <= size && message.body + message.n <= data + size);
        struct wire_reader in = wire_reader_over(message.body, message.n);
        while (!in.failed && wire_left(&in)) {
            size_t text = strlen(wire_cstring(&in));
            uint16_t n = wire_u16(&in);
            const uint8_t *bytes = wire_bytes(&in, n);
            ASSERT(!bytes || bytes + n <= data + size);
            ASSERT(text <= size);
        }
        data += used;
        size -= used;
    }
}

static void read_rows(uint8_t flags, const uint8_t *data, size_t size)
{
    static const char *const names[] = {"a", "b", "c"};
    bool each[] = {true, false, true};
    struct arena *arena = arena_new("fuzz");
    struct err err = ERR_IN(arena);
    struct copy_reader reader;
    struct copy_options options = copy_defaults((enum copy_format)(flags % 3));
    options.n_columns = 1 + (flags >> 2) % 3;
    options.column_names = names;
    options.header = (enum copy_header)((flags >> 4) % 3);
    options.force_null = flags & 0x40 ? each : NULL;
    options.force_not_null = flags & 0x80 ? each : NULL;
    copy_reader_init(&reader, arena, &options);
    size_t fed = 0, piece = 1 + size / 7;
    for (;;) {
        enum copy_next next = copy_reader_next(&reader, &err);
        if (next == COPY_MORE && fed < size) {
            size_t n = MIN(piece, size - fed);
            copy_reader_feed(&reader, data + fed, n);
            fed += n;
        } else if (next == COPY_MORE) {
            ASSERT(!reader.input_over);
            copy_reader_over(&reader);
        } else if (next == COPY_ROW) {
            for (uint16_t i = 0; i < options.n_columns; i++)
                if (!reader.fields[i].null && options.format != COPY_FORMAT_BINARY)
                    ASSERT(reader.fields[i].p[reader.fields[i].n] == 0);
        } else {
            if (next == COPY_FAILED)
                copy_where(&reader, "t", COPY_WHERE_LINE_TEXT, NULL, NULL, &err);
            break;
        }
    }
    copy_reader_free(&reader);
    arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    if (data[0] == 'M')
        read_messages(data + 1, size - 1);
    else
        read_rows(data[0], data + 1, size - 1);
    return 0;
}
