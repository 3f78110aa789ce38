/* objects.h - small facts about catalog objects that several files show or use. */
#ifndef SHARDLITE_CATALOG_OBJECTS_H
#define SHARDLITE_CATALOG_OBJECTS_H

#include "catalog/builtin.h"

/* OIDs of things that have no object of their own: a column's default, a view's rewrite rule (attnum 0). */
uint32_t synthetic_oid(uint32_t relation_oid, int16_t attnum);
/* The other way round: which relation and column a synthetic OID stands for. */
bool synthetic_oid_parts(uint32_t oid, uint32_t *relation_oid, int16_t *attnum);

/* The access method's OID; 0 if there is no such method. */
uint32_t access_method_oid(const char *name);
/* Names of an index's columns as pg_attribute has them: the column's, or one made from the expression.  n_keys + n_include of them. */
const char *const *index_column_names(struct arena *arena, const struct relation *relation,
                                      const struct index *index);
/* The operator class of a key: as written, or the default. */
const struct builtin_opclass *index_key_opclass(const struct index *index,
                                                const struct index_key *key);
/* How many relations of each kind hold rows. */
static inline bool relation_has_storage(const struct relation *relation)
{
    return relation->kind == 'r' || relation->kind == 'm' || relation->kind == 'S';
}
/* The column by name; NULL: none or dropped. */
const struct column *relation_column(const struct relation *relation, const char *name);
/* Word for messages: "table", "view", "sequence" ... */
const char *relation_kind_word(char kind);
/* pg_index.indoption of a key. */
int16_t index_key_option(const struct index_key *key);
/* The namespace's name for messages; never NULL. */
const char *namespace_name(const struct catalog *catalog, uint32_t oid);
/* True when an unqualified name finds this very object along the path. */
bool relation_is_visible(const struct catalog *catalog, const struct search_path *path,
                         const struct relation *relation);
bool index_is_visible(const struct catalog *catalog, const struct search_path *path,
                      const struct index *index);
bool type_is_visible(const struct catalog *catalog, const struct search_path *path,
                     const struct type *type);
/* "name", or "schema.name" where the path does not show it; quoted where needed. */
const char *relation_display_name(struct arena *arena, const struct catalog *catalog,
                                  const struct search_path *path, const struct relation *relation);

#endif
