/* jsonpath.c - the SQL functions and operators over paths. */
#include <string.h>

#include "func/call.h"
#include "func/json_datum.h"
#include "func/jsonpath_int.h"

/* The path of a call site, parsed, and the rows of a set-returning call. */
struct site {
    const char *text;
    size_t n;
    const struct jsonpath *path;
    struct row_list rows;
    bool filled;
};

static const struct jsonpath *path_of(struct fcall *c, struct site *site)
{
    if (site->path && site->n == ARG_N(c, 1) && memcmp(site->text, ARG_P(c, 1), site->n) == 0)
        return site->path;
    const char *text = arena_memdup(c->site_arena, ARG_P(c, 1), ARG_N(c, 1));
    const struct jsonpath *path = jsonpath_parse(c->site_arena, text, ARG_N(c, 1), c->err);
    site->text = text;
    site->n = ARG_N(c, 1);
    site->path = path;
    return path;
}

static struct site *site_of(struct fcall *c)
{
    if (!*c->site)
        *c->site = ARENA_NEW(c->site_arena, struct site);
    return *c->site;
}

/* Evaluates; *result is PATH_ERROR only for a suppressed error.  False: c->err is filled. */
static bool evaluate(struct fcall *c, struct arena *arena, bool silent, bool use_zone,
                     struct path_items *found, enum path_result *result)
{
    struct path_eval e = {.c = c,
                          .arena = arena,
                          .err = c->err,
                          .raise = !silent,
                          .use_zone = use_zone,
                          .last_id = 1};
    const struct jsonpath *path = path_of(c, site_of(c));
    e.root = path ? jsonb_tree(arena, &c->args[0], c->err) : NULL;
    if (!e.root)
        return false;
    if (c->n_args > 2) {
        e.last_id = 2;
        e.vars = jsonb_tree(arena, &c->args[2], c->err);
        if (!e.vars)
            return false;
        if (e.vars->kind != JSON_OBJECT) {
            err_set(c->err, ERR_INVALID_PARAMETER_VALUE, "\"vars\" argument is not an object");
            return err_detail(
                c->err,
                "Jsonpath parameters should be encoded as key-value pairs of \"vars\" object.");
        }
    }
    *result = path_run(&e, path, found);
    return !e.failed;
}

static bool silent_arg(const struct fcall *c)
{
    return c->n_args > 3 ? ARG_I(c, 3) : c->n_args == 2; /* the operators are silent */
}

/* A value with its dates and times as strings. */
static struct json plain_value(struct arena *arena, const struct json *v)
{
    if (v->kind != JSON_DATETIME)
        return *v;
    struct buf text = BUF_IN(arena);
    path_datetime_print(v->datetime, &text);
    return json_string(text.p, text.n);
}

static struct datum item_datum(struct arena *arena, const struct json *v)
{
    struct json plain = plain_value(arena, v);
    return jsonb_datum(arena, &plain);
}

static bool path_exists(struct fcall *c, bool use_zone)
{
    enum path_result result;
    if (!evaluate(c, c->arena, silent_arg(c), use_zone, NULL, &result))
        return false;
    return result == PATH_ERROR ? return_null(c) : return_bool(c, result == PATH_OK);
}

static bool path_match(struct fcall *c, bool use_zone)
{
    struct path_items found = {0};
    enum path_result result;
    if (!evaluate(c, c->arena, silent_arg(c), use_zone, &found, &result))
        return false;
    if (found.list.n == 1) {
        const struct json *v = found.list.items[0];
        if (v->kind == JSON_BOOL)
            return return_bool(c, v->truth);
        if (v->kind == JSON_NULL)
            return return_null(c);
    }
    if (!silent_arg(c))
        return err_set(c->err, ERR_SINGLETON_SQL_JSON_ITEM_REQUIRED,
                       "single boolean result is expected");
    return return_null(c);
}

static bool path_query(struct fcall *c, bool use_zone)
{
    struct site *site = site_of(c);
    struct path_items found = {0};
    enum path_result result;
    if (!site->filled) {
        site->filled = true;
        site->rows = (struct row_list){.n_columns = 1, .arena = c->site_arena};
        if (!evaluate(c, c->site_arena, silent_arg(c), use_zone, &found, &result))
            return false;
        for (size_t k = 0; k < found.list.n; k++)
            *row_list_add(&site->rows) = item_datum(c->site_arena, found.list.items[k]);
    }
    return row_list_emit(c, &site->rows);
}

static bool path_query_array(struct fcall *c, bool use_zone)
{
    struct path_items found = {0};
    enum path_result result;
    if (!evaluate(c, c->arena, silent_arg(c), use_zone, &found, &result))
        return false;
    struct json *items = ARENA_ARRAY(c->arena, struct json, found.list.n + 1);
    for (size_t k = 0; k < found.list.n; k++)
        items[k] = plain_value(c->arena, found.list.items[k]);
    struct json array = {.kind = JSON_ARRAY, .n = (uint32_t)found.list.n, .items = items};
    return jsonb_return_tree(c, &array);
}

static bool path_query_first(struct fcall *c, bool use_zone)
{
    struct path_items found = {0};
    enum path_result result;
    if (!evaluate(c, c->arena, silent_arg(c), use_zone, &found, &result))
        return false;
    c->result = found.list.n ? item_datum(c->arena, found.list.items[0]) : datum_null();
    return true;
}

#define BOTH(name)                                                                                 \
    static bool name##_plain(struct fcall *c)                                                      \
    {                                                                                              \
        return name(c, false);                                                                     \
    }                                                                                              \
    static bool name##_tz(struct fcall *c)                                                         \
    {                                                                                              \
        return name(c, true);                                                                      \
    }
BOTH(path_exists)
BOTH(path_match)
BOTH(path_query)
BOTH(path_query_array)
BOTH(path_query_first)
#undef BOTH

FUNC_TABLE(jsonpath_funcs) = {
    {"jsonb_path_exists", path_exists_plain},
    {"jsonb_path_exists_tz", path_exists_tz},
    {"jsonb_path_exists_opr", path_exists_plain},
    {"jsonb_path_match", path_match_plain},
    {"jsonb_path_match_tz", path_match_tz},
    {"jsonb_path_match_opr", path_match_plain},
    {"jsonb_path_query", path_query_plain},
    {"jsonb_path_query_tz", path_query_tz},
    {"jsonb_path_query_array", path_query_array_plain},
    {"jsonb_path_query_array_tz", path_query_array_tz},
    {"jsonb_path_query_first", path_query_first_plain},
    {"jsonb_path_query_first_tz", path_query_first_tz},
    {NULL, NULL},
};
