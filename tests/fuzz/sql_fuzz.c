/* sql_fuzz.c - libFuzzer target: any text as SQL, through the parser and through the normaliser.
 */
#include <stdlib.h>
#include <string.h>

#include "sql/analyze.h"
#include "sql/normalize.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* literal_value_of() wants it; the types are not linked in, and nothing here calls that. */
bool type_in(const struct type_io *io, const char *text, size_t n, struct datum *out)
{
    return false;
}

static bool parses(struct arena *arena, const char *text, struct raw_statements *list)
{
    struct err err = ERR_IN(arena);
    bool ok = sql_parse(arena, text, list, &err);
    ASSERT(ok || err.sqlstate[0] != 0);
    return ok;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new("fuzz");
    const char *text = arena_strndup(arena, (const char *)data, size);
    struct raw_statements list = {0};
    struct buf key = BUF_IN(arena);
    struct normalized *normalized = ARENA_NEW(arena, struct normalized);
    normalized->key = &key;
    parses(arena, text, &list);
    if (strlen(text) == size && normalize(text, size, false, normalized))
        for (int k = 0; k < normalized->n; k++)
            ASSERT(normalized->items[k].length > 0 &&
                   normalized->items[k].offset + normalized->items[k].length <= size);
    arena_free(arena);
    return 0;
}
