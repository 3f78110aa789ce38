/* builtin.c - indexes over the generated tables.
 *
 * Built once under pthread_once, in an arena that lives as long as the process; afterwards everything is read without locks.
 * Types are made in two passes, so that arrays, ranges and domains can point at their element types.  System
 * relations get their code (sysrel.h) or their SQL (sysviews.c) here. */
#include "catalog/builtin.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "catalog/sysrel.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct arena *arena;
static struct type *types; /* parallel to builtin_types, by OID */
static struct relation *relations;
static struct map *types_by_name, *relations_by_name; /* "namespace:name" */
static struct map *procs_by_name, *opers_by_name;     /* name -> struct list */
static struct imap *procs, *opers, *casts, *aggregates;
static uint32_t information_schema;

struct list {
    const void **items;
    size_t n;
};

static size_t name_key(char key[80], uint32_t namespace_oid, const char *name)
{
    memcpy(key, &namespace_oid, sizeof(namespace_oid));
    size_t n = strnlen(name, 75);
    memcpy(key + sizeof(namespace_oid), name, n);
    return n + sizeof(namespace_oid);
}

static void list_add(struct map *map, const char *name, const void *item)
{
    struct list *list = map_get(map, name, strlen(name));
    if (!list) {
        list = ARENA_NEW(arena, struct list);
        map_put(map, name, strlen(name), list);
    }
    list->items = arena_realloc(arena, list->items, list->n * sizeof(*list->items),
                                (list->n + 1) * sizeof(*list->items));
    list->items[list->n++] = item;
}

/* ---- types ---- */

static ptrdiff_t type_index(uint32_t oid)
{
    size_t low = 0, high = builtin_n_types;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (builtin_types[middle].oid < oid)
            low = middle + 1;
        else
            high = middle;
    }
    return low < builtin_n_types && builtin_types[low].oid == oid ? (ptrdiff_t)low : -1;
}

const struct type_ops *type_ops_for(char kind, bool is_array, const struct type *base)
{
    if (is_array)
        return &array_ops;
    switch (kind) {
    case 'c':
        return &record_ops;
    case 'd':
        return base ? base->ops : &unsupported_ops;
    case 'e':
        return &enum_ops;
    case 'm':
        return &multirange_ops;
    case 'r':
        return &range_ops;
    default:
        return &unsupported_ops;
    }
}

static bool is_true_array(const struct builtin_type *facts)
{
    static const uint32_t array_subscript_handler = 6179;
    return facts->subscript == array_subscript_handler &&
           facts->elem; /* category A, but for record[] */
}

static void fill_type(struct type *type, const struct builtin_type *facts)
{
    *type = (struct type){
        .oid = facts->oid,
        .name = facts->name,
        .namespace_oid = facts->namespace_oid,
        .owner_oid = ROLE_BOOTSTRAP,
        .len = facts->len,
        .by_value = facts->by_value,
        .kind = facts->kind,
        .category = facts->category,
        .preferred = facts->preferred,
        .not_null = facts->not_null,
        .delim = facts->delim,
        .align = facts->align,
        .storage_char = facts->storage,
        .array_oid = facts->array,
        .rel_oid = facts->rel_oid,
        .base_oid = facts->base,
        .base_typmod = facts->base_typmod,
        .collation_oid = facts->collation,
    };
    if (is_true_array(facts) || facts->oid == TYPE_INT2VECTOR || facts->oid == TYPE_OIDVECTOR)
        type->elem_oid = facts->elem;
}

static struct type *type_mutable(uint32_t oid)
{
    ptrdiff_t index = type_index(oid);
    return index < 0 ? NULL : &types[index];
}

static void link_type(struct type *type)
{
    if (type->elem_oid)
        type->elem = type_mutable(type->elem_oid);
    if (type->kind == 'd')
        type->elem = type_mutable(type->base_oid);
    type->ops = type_ops_builtin(type->oid);
    if (!type->ops && type->kind == 'p' && type->oid == TYPE_RECORD)
        type->ops = &record_ops;
    if (!type->ops)
        type->ops = type_ops_for(type->kind, type->elem_oid != 0, type->elem);
}

static void link_range(const struct builtin_range *range)
{
    struct type *type = type_mutable(range->type), *multi = type_mutable(range->multirange);
    ASSERT(type && multi);
    type->subtype_oid = range->subtype;
    type->elem = type_mutable(range->subtype);
    multi->subtype_oid = range->type;
    multi->elem = type;
}

static void build_types(void)
{
    types = ARENA_ARRAY(arena, struct type, builtin_n_types);
    types_by_name = map_new();
    for (size_t k = 0; k < builtin_n_types; k++) {
        char key[80];
        fill_type(&types[k], &builtin_types[k]);
        map_put(types_by_name, key, name_key(key, types[k].namespace_oid, types[k].name),
                &types[k]);
    }
    for (size_t k = 0; k < builtin_n_ranges; k++)
        link_range(&builtin_ranges[k]);
    /* Domains take their base's ops, so bases come first. */
    for (size_t k = 0; k < builtin_n_types; k++)
        if (types[k].kind != 'd')
            link_type(&types[k]);
    for (size_t k = 0; k < builtin_n_types; k++)
        if (types[k].kind == 'd')
            link_type(&types[k]);
}

/* ---- relations ---- */

static void build_rowtype(const struct builtin_relation *facts)
{
    struct type *type = type_mutable(facts->rowtype);
    struct attribute *attributes = ARENA_ARRAY(arena, struct attribute, facts->n_columns);
    for (uint16_t k = 0; k < facts->n_columns; k++)
        attributes[k] = (struct attribute){
            .name = facts->columns[k].name,
            .type_oid = facts->columns[k].type_oid,
            .typmod = facts->columns[k].typmod,
            .attnum = facts->columns[k].attnum,
        };
    type->attributes = attributes;
    type->n_attributes = facts->n_columns;
}

static const struct column *build_columns(const struct builtin_relation *facts)
{
    struct column *columns = ARENA_ARRAY(arena, struct column, facts->n_columns);
    for (uint16_t k = 0; k < facts->n_columns; k++) {
        const struct builtin_column *column = &facts->columns[k];
        const struct type *type = type_mutable(column->type_oid);
        ASSERT(type != NULL);
        columns[k] = (struct column){
            .name = column->name,
            .attnum = column->attnum,
            .type = type,
            .typmod = column->typmod,
            .collation_oid =
                facts->kind == 'r' && type->collation_oid ? COLLATION_C : type->collation_oid,
            .not_null = column->not_null,
            .statistics_target = -1,
        };
    }
    return columns;
}

static void build_relation(struct relation *relation, const struct builtin_relation *facts)
{
    build_rowtype(facts);
    const struct namespace *namespace = NULL;
    for (size_t k = 0; k < builtin_n_namespaces; k++)
        if (builtin_namespaces[k].oid == facts->namespace_oid)
    namespace = &builtin_namespaces[k];
    *relation = (struct relation){
        .oid = facts->oid,
        .namespace_oid = facts->namespace_oid,
        .owner_oid = ROLE_BOOTSTRAP,
        .rowtype_oid = facts->rowtype,
        .name = facts->name,
        .namespace_name = namespace ? namespace->name : "pg_catalog",
        .kind = facts->kind,
        .persistence = 'p',
        .columns = build_columns(facts),
        .n_columns = facts->n_columns,
        .distribution = DIST_SYSTEM,
        .populated = true,
        .generation = facts->oid,
    };
    relation->view_sql =
        facts->kind == 'v' ? sysview_sql(relation->namespace_name, facts->name) : NULL;
    if (!relation->view_sql)
        relation->system = sysrel_find(relation->namespace_name, facts->name);
    char key[80];
    map_put(relations_by_name, key, name_key(key, relation->namespace_oid, relation->name),
            relation);
}

static void build_relations(void)
{
    relations = ARENA_ARRAY(arena, struct relation, builtin_n_relations);
    relations_by_name = map_new();
    for (size_t k = 0; k < builtin_n_relations; k++)
        build_relation(&relations[k], &builtin_relations[k]);
}

static void build(void)
{
    arena = arena_new("builtin catalog");
    for (size_t k = 0; k < builtin_n_namespaces; k++)
        if (strcmp(builtin_namespaces[k].name, "information_schema") == 0)
            information_schema = builtin_namespaces[k].oid;
    build_types();
    type_set_builtin(builtin_type); /* for comparing fields of records */
    build_relations();
    procs = imap_new();
    procs_by_name = map_new();
    for (size_t k = 0; k < builtin_n_procs; k++) {
        imap_put(procs, builtin_procs[k].oid, (void *)&builtin_procs[k]);
        list_add(procs_by_name, builtin_procs[k].name, &builtin_procs[k]);
    }
    opers = imap_new();
    opers_by_name = map_new();
    for (size_t k = 0; k < builtin_n_opers; k++) {
        imap_put(opers, builtin_opers[k].oid, (void *)&builtin_opers[k]);
        list_add(opers_by_name, builtin_opers[k].name, &builtin_opers[k]);
    }
    casts = imap_new();
    for (size_t k = 0; k < builtin_n_casts; k++)
        imap_put(casts, (uint64_t)builtin_casts[k].source << 32 | builtin_casts[k].target,
                 (void *)&builtin_casts[k]);
    aggregates = imap_new();
    for (size_t k = 0; k < builtin_n_aggregates; k++)
        imap_put(aggregates, builtin_aggregates[k].aggregate.proc_oid,
                 (void *)&builtin_aggregates[k].aggregate);
}

void builtin_init(void)
{
    pthread_once(&once, build);
}

/* ---- look-ups ---- */

uint32_t builtin_information_schema(void)
{
    builtin_init();
    return information_schema;
}

const struct type *builtin_type(uint32_t oid)
{
    builtin_init();
    return type_mutable(oid);
}

const struct builtin_type *builtin_type_facts(uint32_t oid)
{
    ptrdiff_t index = type_index(oid);
    return index < 0 ? NULL : &builtin_types[index];
}

const struct type *builtin_type_by_name(uint32_t namespace_oid, const char *name)
{
    char key[80];
    builtin_init();
    return map_get(types_by_name, key, name_key(key, namespace_oid, name));
}

const struct proc *builtin_proc(uint32_t oid)
{
    builtin_init();
    return imap_get(procs, oid);
}

const struct proc *const *builtin_procs_by_name(const char *name, size_t *n)
{
    builtin_init();
    const struct list *list = map_get(procs_by_name, name, strlen(name));
    *n = list ? list->n : 0;
    return list ? (const struct proc *const *)list->items : NULL;
}

const struct oper *builtin_oper(uint32_t oid)
{
    builtin_init();
    return imap_get(opers, oid);
}

const struct oper *const *builtin_opers_by_name(const char *name, size_t *n)
{
    builtin_init();
    const struct list *list = map_get(opers_by_name, name, strlen(name));
    *n = list ? list->n : 0;
    return list ? (const struct oper *const *)list->items : NULL;
}

const struct cast *builtin_cast(uint32_t source, uint32_t target)
{
    builtin_init();
    return imap_get(casts, (uint64_t)source << 32 | target);
}

const struct aggregate *builtin_aggregate(uint32_t proc_oid)
{
    builtin_init();
    return imap_get(aggregates, proc_oid);
}

const struct relation *builtin_relation(uint32_t oid)
{
    builtin_init();
    size_t low = 0, high = builtin_n_relations;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (relations[middle].oid < oid)
            low = middle + 1;
        else
            high = middle;
    }
    return low < builtin_n_relations && relations[low].oid == oid ? &relations[low] : NULL;
}

const struct relation *builtin_relation_by_name(uint32_t namespace_oid, const char *name)
{
    char key[80];
    builtin_init();
    return map_get(relations_by_name, key, name_key(key, namespace_oid, name));
}

const struct relation *builtin_relation_at(size_t index)
{
    builtin_init();
    return index < builtin_n_relations ? &relations[index] : NULL;
}

const struct namespace *builtin_namespace(uint32_t oid)
{
    for (size_t k = 0; k < builtin_n_namespaces; k++)
        if (builtin_namespaces[k].oid == oid)
            return &builtin_namespaces[k];
    return NULL;
}

const struct namespace *builtin_namespace_by_name(const char *name)
{
    for (size_t k = 0; k < builtin_n_namespaces; k++)
        if (strcmp(builtin_namespaces[k].name, name) == 0)
            return &builtin_namespaces[k];
    return NULL;
}

const struct builtin_rows *builtin_rows_of(const char *relation)
{
    for (size_t k = 0; k < builtin_n_rows; k++)
        if (strcmp(builtin_rows[k].relation, relation) == 0)
            return &builtin_rows[k];
    return NULL;
}

/* ---- operator classes ---- */

const struct builtin_opclass *builtin_opclass(uint32_t oid)
{
    for (size_t k = 0; k < builtin_n_opclasses; k++)
        if (builtin_opclasses[k].oid == oid)
            return &builtin_opclasses[k];
    return NULL;
}

/* The types whose operator classes serve `type`, best first: itself, what it is binary-coercible to, its polymorphic family. */
static size_t opclass_types(const struct type *type, uint32_t candidates[6])
{
    size_t n = 0;
    while (type->kind == 'd' && type->elem)
        type = type->elem;
    candidates[n++] = type->oid;
    if (type->oid == TYPE_VARCHAR)
        candidates[n++] = TYPE_TEXT;
    if (type->oid == TYPE_CIDR)
        candidates[n++] = TYPE_INET;
    if (type->elem_oid && type->oid != TYPE_OIDVECTOR)
        candidates[n++] = TYPE_ANYARRAY;
    if (type->kind == 'e')
        candidates[n++] = TYPE_ANYENUM;
    if (type->kind == 'r')
        candidates[n++] = TYPE_ANYRANGE;
    if (type->kind == 'm')
        candidates[n++] = TYPE_ANYMULTIRANGE;
    if (type->kind == 'c')
        candidates[n++] = TYPE_RECORD;
    if (strncmp(type->name, "reg", 3) == 0 && type->category == 'N')
        candidates[n++] = TYPE_OID;
    return n;
}

const struct builtin_opclass *builtin_default_opclass(uint32_t method, const struct type *type)
{
    uint32_t candidates[6];
    size_t n = opclass_types(type, candidates);
    for (size_t c = 0; c < n; c++)
        for (size_t k = 0; k < builtin_n_opclasses; k++) {
            const struct builtin_opclass *opclass = &builtin_opclasses[k];
            if (opclass->method == method && opclass->is_default && opclass->type == candidates[c])
                return opclass;
        }
    return NULL;
}

const struct builtin_opclass *builtin_opclass_by_name(uint32_t method, const char *name,
                                                      const struct type *type)
{
    uint32_t candidates[6];
    size_t n = type ? opclass_types(type, candidates) : 0;
    for (size_t k = 0; k < builtin_n_opclasses; k++) {
        const struct builtin_opclass *opclass = &builtin_opclasses[k];
        if (opclass->method != method || strcmp(opclass->name, name) != 0)
            continue;
        if (!type)
            return opclass;
        for (size_t c = 0; c < n; c++)
            if (opclass->type == candidates[c])
                return opclass;
    }
    return NULL;
}

const struct oper *builtin_btree_oper(const struct type *type, int strategy)
{
    const struct builtin_opclass *opclass = builtin_default_opclass(AM_BTREE, type);
    if (!opclass)
        return NULL;
    for (size_t k = 0; k < builtin_n_amops; k++) {
        const struct builtin_amop *amop = &builtin_amops[k];
        if (amop->family == opclass->family && amop->strategy == strategy &&
            amop->left == opclass->type && amop->right == opclass->type)
            return builtin_oper(amop->oper);
    }
    return NULL;
}

/* ---- facts for types of our making ---- */

static uint32_t proc_oid_of(const char *name)
{
    size_t n;
    const struct proc *const *list = builtin_procs_by_name(name, &n);
    return n ? list[0]->oid : 0;
}

void type_kind_procs(char kind, bool is_array, uint32_t procs_out[5])
{
    const char *prefix = is_array      ? "array"
                         : kind == 'e' ? "enum"
                         : kind == 'd' ? "domain"
                         : kind == 'r' ? "range"
                                       : "record";
    static const char *const suffixes[] = {"in", "out", "recv", "send"};
    char name[32];
    for (int k = 0; k < 4; k++) {
        size_t n = strlen(prefix);
        memcpy(name, prefix, n);
        name[n] = '_';
        memcpy(name + n + 1, suffixes[k], strlen(suffixes[k]) + 1);
        procs_out[k] = proc_oid_of(name);
    }
    procs_out[4] = is_array ? proc_oid_of("array_subscript_handler") : 0;
}
