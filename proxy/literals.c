/* literals.c - one plan for statements that differ in their literals (sql/normalize.h).
 *
 * The first time that a normalised text comes it is run as it is; from the second time on its literals are made parameters, as far
 * as analysis finds them free.  Two look-ups lead to the plan: the normalised text gives the shape (which literals are free), and the text with
 * the other literals appended gives the statement.  Whatever goes wrong on this way, the text is run as it is, and that reports the error. */
#include <string.h>

#include "proxy/session_int.h"

/* ... and a mark that no other key has. */
static struct buf start_key(struct session *s, size_t text_bytes)
{
    struct buf key = BUF_IN(s->scratch);
    const struct buf *head = stmt_key_head(s, session_catalog(s));
    buf_reserve(&key, head->n + text_bytes + 64);
    buf_append(&key, head->p, head->n);
    buf_putc(&key, 'n');
    return key;
}

static struct stmt *make(struct session *s, struct plan_cache *cache, const char *text,
                         size_t text_bytes, struct normalized *normalized,
                         const struct buf *shape_key)
{
    struct err err = ERR_IN(s->scratch); /* looked at by nobody: the text will be run as it is */
    struct literal_use *uses = ARENA_ARRAY(s->scratch, struct literal_use, normalized->n + 1u);
    struct stmt_params params = {.literals = normalized, .literal_uses = uses};
    struct parsed *parsed = stmt_parse(s, text, text_bytes, &err);
    struct stmt *stmt =
        parsed && parsed->list.n == 1 ? stmt_new(s, parsed, 0, &params, &err) : NULL;
    parsed_unref(parsed);
    bool useless = !stmt || stmt->is_utility || stmt->bound_to_cursor;
    plan_cache_add_shape(cache, shape_key->p, shape_key->n, uses, normalized->n, useless);
    if (!useless)
        return stmt;
    stmt_unref(stmt);
    return NULL;
}

static bool take_values(struct session *s, const struct stmt *stmt,
                        const struct normalized *normalized, const char *text,
                        const struct literal_shape *shape, struct datum *values)
{
    struct err err = ERR_IN(s->scratch);
    struct env env;
    session_env(s, &env, s->scratch, stmt->catalog);
    for (uint16_t i = 0; i < normalized->n; i++) {
        values[i] = datum_null();
        if (!shape->uses[i].free)
            continue;
        struct type_io io = {.arena = s->scratch,
                             .err = &err,
                             .type = stmt->param_types[i],
                             .typmod = -1,
                             .settings = &s->settings,
                             .env = &env};
        if (!literal_value_of(&normalized->items[i], text, shape->uses[i].negated, &io, &values[i]))
            return false;
    }
    return true;
}

struct stmt *stmt_with_literals(struct session *s, const char *text, size_t text_bytes,
                                const struct datum **params, uint16_t *n_params)
{
    struct plan_cache *cache = stmt_cache(s, text_bytes);
    if (!cache)
        return NULL;
    struct buf key = start_key(s, text_bytes);
    struct normalized *normalized = arena_alloc(s->scratch, sizeof(*normalized));
    normalized->n = 0;
    normalized->key = &key;
    if (!normalize(text, text_bytes, !s->settings.standard_conforming_strings, normalized) ||
        !normalized->n)
        return NULL;
    size_t shape_bytes = key.n;
    const struct literal_shape *shape = plan_cache_shape(cache, key.p, shape_bytes);
    if (shape ? shape->useless : !plan_cache_seen(cache, key.p, shape_bytes))
        return NULL;
    struct stmt *stmt = NULL;
    if (shape) {
        normalize_structural(normalized, text, shape->uses, &key);
        stmt = plan_cache_find(cache, key.p, key.n);
    }
    if (!stmt) {
        if (stmt_text_has_clock(text))
            return NULL;
        struct buf shape_key = {.p = key.p, .n = shape_bytes};
        stmt = make(s, cache, text, text_bytes, normalized, &shape_key);
        if (!stmt)
            return NULL;
        shape = plan_cache_shape(cache, key.p, shape_bytes);
        key.n = shape_bytes;
        normalize_structural(normalized, text, shape->uses, &key);
        plan_cache_add(cache, stmt, key.p, key.n);
    }
    struct datum *values = ARENA_ARRAY(s->scratch, struct datum, normalized->n + 1u);
    if (!take_values(s, stmt, normalized, text, shape, values)) {
        stmt_unref(stmt);
        return NULL;
    }
    *params = values;
    *n_params = normalized->n;
    return stmt;
}
