/* objects.c - see objects.h. */
#include "catalog/objects.h"

#include <ctype.h>
#include <string.h>

#include "sql/format_type.h"

/* Above all OIDs that are given out one by one: 20 bits of relation, 11 bits of column. */
uint32_t synthetic_oid(uint32_t relation_oid, int16_t attnum)
{
    return 0x80000000u | (relation_oid & 0xfffff) << 11 | ((uint32_t)attnum & 0x7ff);
}

bool synthetic_oid_parts(uint32_t oid, uint32_t *relation_oid, int16_t *attnum)
{
    if (!(oid & 0x80000000u))
        return false;
    *relation_oid = oid >> 11 & 0xfffff;
    *attnum = (int16_t)(oid & 0x7ff);
    return true;
}

uint32_t access_method_oid(const char *name)
{
    static const struct {
        const char *name;
        uint32_t oid;
    } methods[] = {{"heap", 2},   {"btree", 403}, {"hash", 405},   {"gist", 783},
                   {"gin", 2742}, {"brin", 3580}, {"spgist", 4000}};
    for (size_t k = 0; k < ARRAY_COUNT(methods); k++)
        if (strcmp(methods[k].name, name) == 0)
            return methods[k].oid;
    return 0;
}

static bool name_taken(const char *const *names, size_t n, const char *name)
{
    for (size_t k = 0; k < n; k++)
        if (strcmp(names[k], name) == 0)
            return true;
    return false;
}

const char *const *index_column_names(struct arena *arena, const struct relation *relation,
                                      const struct index *index)
{
    uint16_t n = index->n_keys + index->n_include;
    const char **names = ARENA_ARRAY(arena, const char *, n + 1);
    for (uint16_t k = 0; k < n; k++) {
        const struct index_key *key = &index->keys[k];
        const char *base = key->attnum > 0 && key->attnum <= relation->n_columns
                               ? relation->columns[key->attnum - 1].name
                           : key->name ? key->name
                                       : "expr";
        const char *name = base;
        for (int suffix = 1; name_taken(names, k, name); suffix++)
            name = arena_printf(arena, "%s%d", base, suffix);
        names[k] = name;
    }
    return names;
}

const struct builtin_opclass *index_key_opclass(const struct index *index,
                                                const struct index_key *key)
{
    uint32_t method = access_method_oid(index->method);
    const struct builtin_opclass *opclass =
        key->opclass ? builtin_opclass_by_name(method, key->opclass, key->type) : NULL;
    return opclass ? opclass : builtin_default_opclass(method, key->type);
}

int16_t index_key_option(const struct index_key *key)
{
    return (int16_t)((key->descending ? 1 : 0) | (key->nulls_first ? 2 : 0));
}

const struct column *relation_column(const struct relation *relation, const char *name)
{
    for (uint16_t k = 0; k < relation->n_columns; k++)
        if (!relation->columns[k].dropped && strcmp(relation->columns[k].name, name) == 0)
            return &relation->columns[k];
    return NULL;
}

const char *relation_kind_word(char kind)
{
    switch (kind) {
    case 'v':
        return "view";
    case 'm':
        return "materialized view";
    case 'S':
        return "sequence";
    case 'c':
        return "composite type";
    case 'i':
        return "index";
    default:
        return "table";
    }
}

const char *namespace_name(const struct catalog *catalog, uint32_t oid)
{
    const struct namespace *namespace = catalog_namespace(catalog, oid);
    return namespace ? namespace->name : "?";
}

bool relation_is_visible(const struct catalog *catalog, const struct search_path *path,
                         const struct relation *relation)
{
    return catalog_relation_by_name(catalog, path, NULL, relation->name) == relation;
}

bool index_is_visible(const struct catalog *catalog, const struct search_path *path,
                      const struct index *index)
{
    return catalog_index_by_name(catalog, path, NULL, index->name) == index;
}

bool type_is_visible(const struct catalog *catalog, const struct search_path *path,
                     const struct type *type)
{
    return catalog_type_by_name(catalog, path, NULL, type->name) == type;
}

const char *relation_display_name(struct arena *arena, const struct catalog *catalog,
                                  const struct search_path *path, const struct relation *relation)
{
    struct buf out = BUF_IN(arena);
    if (!path || !relation_is_visible(catalog, path, relation)) {
        quote_ident(&out, relation->namespace_name);
        buf_putc(&out, '.');
    }
    quote_ident(&out, relation->name);
    return buf_cstr(&out);
}
