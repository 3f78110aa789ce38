/* func_rows.c - set-returning functions over the catalog: pg_get_keywords(), aclexplode(), pg_options_to_table(), partition trees. */
#include <ctype.h>

#include "catalog/acl.h"
#include "catalog/cluster.h"
#include "catalog/func_int.h"
#include "types/array.h"

static bool finish(struct fcall *c)
{
    *c->done = true;
    return true;
}

/* Counts the rows of one scan. */
static size_t *counter(struct fcall *c)
{
    if (!*c->site)
        *c->site = ARENA_NEW(c->site_arena, size_t);
    return *c->site;
}

static struct datum text_datum(struct fcall *c, const char *text)
{
    return text ? datum_cstring(c->arena, text) : datum_null();
}

static bool get_keywords(struct fcall *c)
{
    size_t *at = counter(c);
    if (*at >= builtin_n_keywords)
        return finish(c);
    const struct builtin_keyword *keyword = &builtin_keywords[(*at)++];
    c->row[0] = text_datum(c, keyword->word);
    c->row[1] = datum_int(keyword->category);
    c->row[2] = datum_bool(keyword->bare_label);
    c->row[3] = text_datum(c, keyword->description);
    c->row[4] = text_datum(c, keyword->bare_description);
    return true;
}

static bool options_to_table(struct fcall *c)
{
    size_t *at = counter(c);
    const struct array *array = array_of(&c->args[0]);
    if (*at >= array->n_items)
        return finish(c);
    struct datum item = array_item(builtin_type(TYPE_TEXT), array, (uint32_t)(*at)++);
    const char *equals = item.null ? NULL : memchr(item.p, '=', item.n);
    size_t n = equals ? (size_t)(equals - (const char *)item.p) : item.n;
    c->row[0] = item.null ? datum_null() : datum_bytes(item.p, n);
    c->row[1] = equals ? datum_bytes(equals + 1, item.n - n - 1) : datum_null();
    return true;
}

/* ---- aclexplode ---- */

struct exploded {
    uint32_t grantee, grantor;
    const char *privilege;
    bool grantable;
};
struct explosion {
    struct exploded *items;
    size_t n, cap, at;
};

/* A role name of an aclitem's text, maybe in double quotes; stops at `stop`. */
static const char *take_role(struct fcall *c, const char **p, const char *end, char stop,
                             uint32_t *oid)
{
    struct buf name = BUF_IN(c->site_arena);
    bool quoted = false;
    for (; *p < end && (quoted || **p != stop); ++*p) {
        if (**p == '"' && quoted && *p + 1 < end && (*p)[1] == '"')
            buf_putc(&name, *(*p)++);
        else if (**p == '"')
            quoted = !quoted;
        else
            buf_putc(&name, **p);
    }
    const char *text = buf_cstr(&name);
    const struct role *role = catalog_role_by_name(c->env->catalog, text);
    *oid = role ? role->oid : isdigit((uint8_t)text[0]) ? (uint32_t)strtoul(text, NULL, 10) : 0;
    return text;
}

static void explode_item(struct fcall *c, const struct datum *item, struct explosion *out)
{
    static const char letters[] = "arwdDxtXUCTcsA";
    const char *p = item->p, *end = p + item->n;
    uint32_t grantee, grantor;
    take_role(c, &p, end, '=', &grantee);
    const char *privileges = p < end ? p + 1 : end;
    const char *slash = memchr(privileges, '/', (size_t)(end - privileges));
    p = slash ? slash + 1 : end;
    take_role(c, &p, end, 0, &grantor);
    for (unsigned bit = 0; bit < sizeof(letters) - 1; bit++)
        for (const char *q = privileges; q < (slash ? slash : end); q++)
            if (*q == letters[bit]) {
                struct exploded row = {grantee, grantor, privilege_name((uint16_t)(1u << bit)),
                                       q + 1 < end && q[1] == '*'};
                VEC_PUSH(c->site_arena, out, row);
            }
}

static bool aclexplode(struct fcall *c)
{
    struct explosion *all = *c->site;
    if (!all) {
        const struct array *array = array_of(&c->args[0]);
        *c->site = all = ARENA_NEW(c->site_arena, struct explosion);
        for (uint32_t k = 0; k < array->n_items; k++) {
            struct datum item = array_item(builtin_type(TYPE_ACLITEM), array, k);
            if (item.null)
                return err_set(c->err, ERR_NULL_VALUE_NOT_ALLOWED,
                               "ACL arrays must not contain null values");
            explode_item(c, &item, all);
        }
    }
    if (all->at >= all->n)
        return finish(c);
    const struct exploded *row = &all->items[all->at++];
    c->row[0] = datum_int(row->grantor);
    c->row[1] = datum_int(row->grantee);
    c->row[2] = text_datum(c, row->privilege);
    c->row[3] = datum_bool(row->grantable);
    return true;
}

/* ---- kinds of object that do not exist here ---- */

static bool no_rows(struct fcall *c)
{
    return finish(c);
}

FUNC_TABLE(catalog_rows_funcs) = {
    {"pg_get_keywords", get_keywords},
    {"pg_options_to_table", options_to_table},
    {"aclexplode", aclexplode},
    {"pg_partition_tree", no_rows},
    {"pg_partition_ancestors", no_rows},
    {"pg_get_publication_tables", no_rows},
    {"pg_get_replication_slots", no_rows},
    {"pg_show_replication_origin_status", no_rows},
    {"pg_tablespace_databases", no_rows},
    {"pg_extension_update_paths", no_rows},
    {"pg_event_trigger_dropped_objects", no_rows},
    {"pg_event_trigger_ddl_commands", no_rows},
    {"pg_get_multixact_members", no_rows},
    {NULL, NULL},
};

const struct func_entry *const catalog_func_tables[] = {
    catalog_define_funcs,     catalog_privilege_funcs, catalog_name_funcs,
    catalog_info_funcs,       catalog_rows_funcs,      catalog_sysrel_funcs,
    catalog_infoschema_funcs, catalog_extension_funcs, NULL,
};
