/* catalog.c - look-ups in one version: the user's objects first, then the built-in ones.
 *
 * A version is an array of object pointers sorted by OID and a map of names.  Objects are reference-counted and shared between
 * versions; every pointer inside an object leads to an object of the same version or to a built-in one (edit.c keeps that). */
#include "catalog/catalog.h"

#include <stdlib.h>
#include <string.h>

#include "catalog/catalog_int.h"

size_t catalog_name_key(char key[NAME_KEY_BYTES], char letter, uint32_t namespace_oid,
                        const char *name)
{
    key[0] = letter;
    memcpy(key + 1, &namespace_oid, sizeof(namespace_oid));
    size_t n = strnlen(name, NAME_KEY_BYTES - 5);
    memcpy(key + 5, name, n);
    return n + 5;
}

size_t catalog_lower_bound(const struct catalog *catalog, uint32_t oid)
{
    size_t low = 0, high = catalog->n_objects;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (catalog->objects[middle]->oid < oid)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct object *catalog_find(const struct catalog *catalog, uint32_t oid)
{
    size_t at = catalog_lower_bound(catalog, oid);
    return at < catalog->n_objects && catalog->objects[at]->oid == oid ? catalog->objects[at]
                                                                       : NULL;
}

static const void *find_kind(const struct catalog *catalog, enum object_kind kind, uint32_t oid)
{
    const struct object *object = catalog_find(catalog, oid);
    return object && object->kind == kind ? object->body : NULL;
}

static struct object *find_name(const struct catalog *catalog, char letter, uint32_t namespace_oid,
                                const char *name)
{
    char key[NAME_KEY_BYTES];
    return map_get(catalog->names, key, catalog_name_key(key, letter, namespace_oid, name));
}

/* ---- the version itself ---- */

void object_unref(struct object *object)
{
    if (__atomic_sub_fetch(&object->refs, 1, __ATOMIC_ACQ_REL) == 0)
        arena_free(object->arena);
}

void catalog_forget_shared(struct catalog *catalog)
{
    for (size_t k = 0; k < catalog->shared.n; k++)
        if (catalog->shared.items[k].object)
            object_unref(catalog->shared.items[k].object);
    catalog->shared.n = 0;
}

struct catalog *catalog_ref(struct catalog *catalog)
{
    __atomic_add_fetch(&catalog->refs, 1, __ATOMIC_RELAXED);
    return catalog;
}

void catalog_unref(struct catalog *catalog)
{
    if (!catalog || __atomic_sub_fetch(&catalog->refs, 1, __ATOMIC_ACQ_REL) != 0)
        return;
    for (size_t k = 0; k < catalog->n_objects; k++)
        object_unref(catalog->objects[k]);
    catalog_forget_shared(catalog);
    free(catalog->objects);
    map_free(catalog->names);
    arena_free(catalog->arena);
}

uint64_t catalog_version(const struct catalog *catalog)
{
    return catalog->version;
}

const char *catalog_database(const struct catalog *catalog)
{
    return catalog->database;
}

uint32_t catalog_database_oid(const struct catalog *catalog)
{
    return catalog->database_oid;
}

uint16_t catalog_n_shards(const struct catalog *catalog)
{
    return catalog->n_shards;
}

uint32_t catalog_slot_shard(const struct catalog *catalog, uint32_t slot)
{
    return slot % CATALOG_SLOTS * catalog->n_shards / CATALOG_SLOTS;
}

/* ---- search paths ----
 * A name without schema is looked for in the session's temporary schema (relations and types only), in pg_catalog, then along
 * the path; the first two come where the path lists them, if it does. */

struct walk {
    const struct search_path *path;
    bool with_temp;
    int at; /* -2 temp, -1 pg_catalog, then indexes of the path */
};

static bool path_lists(const struct search_path *path, uint32_t namespace_oid)
{
    for (uint16_t k = 0; path && k < path->n; k++)
        if (path->namespaces[k] == namespace_oid)
            return true;
    return false;
}

static bool walk_next(struct walk *walk, uint32_t *namespace_oid)
{
    const struct search_path *path = walk->path;
    for (;;) {
        int at = walk->at++;
        if (at == -2) {
            if (!path || !path->temp_namespace || !walk->with_temp ||
                path_lists(path, path->temp_namespace))
                continue;
            *namespace_oid = path->temp_namespace;
            return true;
        }
        if (at == -1) {
            if (path_lists(path, NAMESPACE_PG_CATALOG))
                continue;
            *namespace_oid = NAMESPACE_PG_CATALOG;
            return true;
        }
        if (!path || at >= path->n)
            return false;
        *namespace_oid = path->namespaces[at];
        if (*namespace_oid == path->temp_namespace && !walk->with_temp)
            continue;
        return true;
    }
}

#define WALK(path_, with_temp_)                                                                    \
    ((struct walk){.path = (path_), .with_temp = (with_temp_), .at = -2})

/* pg_temp means the session's own temporary schema. */
static const struct namespace *schema_of(const struct catalog *catalog,
                                         const struct search_path *path, const char *schema)
{
    if (strcmp(schema, "pg_temp") == 0)
        return path && path->temp_namespace ? catalog_namespace(catalog, path->temp_namespace)
                                            : NULL;
    return catalog_namespace_by_name(catalog, schema);
}

/* ---- types ---- */

const struct type *catalog_type(const struct catalog *catalog, uint32_t oid)
{
    if (oid < FIRST_USER_OID)
        return builtin_type(oid);
    return find_kind(catalog, OBJ_TYPE, oid);
}

static const struct type *type_in_namespace(const struct catalog *catalog, uint32_t namespace_oid,
                                            const char *name)
{
    const struct object *object = find_name(catalog, NAMES_TYPE, namespace_oid, name);
    return object ? object->body : builtin_type_by_name(namespace_oid, name);
}

const struct type *catalog_type_by_name(const struct catalog *catalog,
                                        const struct search_path *path, const char *schema,
                                        const char *name)
{
    if (schema) {
        const struct namespace *namespace = schema_of(catalog, path, schema);
        return namespace ? type_in_namespace(catalog, namespace->oid, name) : NULL;
    }
    uint32_t namespace_oid;
    const struct type *found;
    for (struct walk walk = WALK(path, true); walk_next(&walk, &namespace_oid);)
        if ((found = type_in_namespace(catalog, namespace_oid, name)))
            return found;
    return NULL;
}

/* ---- relations, indexes, constraints ---- */

const struct relation *catalog_relation(const struct catalog *catalog, uint32_t oid)
{
    if (oid < FIRST_USER_OID)
        return builtin_relation(oid);
    return find_kind(catalog, OBJ_RELATION, oid);
}

const struct index *catalog_index(const struct catalog *catalog, uint32_t oid)
{
    return find_kind(catalog, OBJ_INDEX, oid);
}

const struct constraint *catalog_constraint(const struct catalog *catalog, uint32_t oid)
{
    return find_kind(catalog, OBJ_CONSTRAINT, oid);
}

/* The relation or index that has the name; exactly one of *relation and *index is set, or none. */
static bool relation_or_index(const struct catalog *catalog, const struct search_path *path,
                              const char *schema, const char *name,
                              const struct relation **relation, const struct index **index)
{
    struct walk walk = WALK(path, true);
    uint32_t namespace_oid = 0;
    *relation = NULL;
    *index = NULL;
    if (schema) {
        const struct namespace *namespace = schema_of(catalog, path, schema);
        if (!namespace)
            return false;
        namespace_oid = namespace->oid;
    }
    while (schema || walk_next(&walk, &namespace_oid)) {
        const struct object *object = find_name(catalog, NAMES_RELATION, namespace_oid, name);
        if (object && object->kind == OBJ_RELATION)
            *relation = object->body;
        else if (object)
            *index = object->body;
        else
            *relation = builtin_relation_by_name(namespace_oid, name);
        if (*relation || *index)
            return true;
        if (schema)
            break;
    }
    return false;
}

const struct relation *catalog_relation_by_name(const struct catalog *catalog,
                                                const struct search_path *path, const char *schema,
                                                const char *name)
{
    const struct relation *relation;
    const struct index *index;
    relation_or_index(catalog, path, schema, name, &relation, &index);
    return relation;
}

const struct index *catalog_index_by_name(const struct catalog *catalog,
                                          const struct search_path *path, const char *schema,
                                          const char *name)
{
    const struct relation *relation;
    const struct index *index;
    relation_or_index(catalog, path, schema, name, &relation, &index);
    return index;
}

/* ---- namespaces ---- */

const struct namespace *catalog_namespace(const struct catalog *catalog, uint32_t oid)
{
    const struct namespace *found = find_kind(catalog, OBJ_NAMESPACE, oid);
    return found ? found : builtin_namespace(oid);
}

const struct namespace *catalog_namespace_by_name(const struct catalog *catalog, const char *name)
{
    const struct object *object = find_name(catalog, NAMES_NAMESPACE, 0, name);
    return object ? object->body : builtin_namespace_by_name(name);
}

/* ---- functions and operators ---- */

const struct proc *catalog_proc(const struct catalog *catalog, uint32_t oid)
{
    if (oid < FIRST_USER_OID)
        return builtin_proc(oid);
    return find_kind(catalog, OBJ_PROC, oid);
}

static const struct proc_list *user_procs(const struct catalog *catalog, const char *name)
{
    char key[NAME_KEY_BYTES];
    return map_get(catalog->names, key, catalog_name_key(key, NAMES_PROC, 0, name));
}

struct procs {
    const struct proc **items;
    size_t n, cap;
};

static void take_procs(struct arena *arena, struct procs *out, const struct proc *const *list,
                       size_t n, uint32_t namespace_oid)
{
    for (size_t k = 0; k < n; k++)
        if (list[k]->namespace_oid == namespace_oid)
            VEC_PUSH(arena, out, list[k]);
}

const struct proc *const *catalog_procs_by_name(const struct catalog *catalog, struct arena *arena,
                                                const struct search_path *path, const char *schema,
                                                const char *name, size_t *n)
{
    size_t n_builtin;
    const struct proc *const *builtin = builtin_procs_by_name(name, &n_builtin);
    const struct proc_list *user = user_procs(catalog, name);
    size_t n_user = user ? user->n : 0;
    const struct proc *const *users = user ? user->items : NULL;
    struct procs out = {0};
    uint32_t namespace_oid;
    if (schema) {
        const struct namespace *namespace = schema_of(catalog, path, schema);
        if (namespace) {
            take_procs(arena, &out, users, n_user, namespace->oid);
            take_procs(arena, &out, builtin, n_builtin, namespace->oid);
        }
    } else {
        for (struct walk walk = WALK(path, false); walk_next(&walk, &namespace_oid);) {
            take_procs(arena, &out, users, n_user, namespace_oid);
            take_procs(arena, &out, builtin, n_builtin, namespace_oid);
        }
    }
    *n = out.n;
    return out.items;
}

const struct oper *catalog_oper(const struct catalog *catalog, uint32_t oid)
{
    return builtin_oper(oid);
}

const struct oper *const *catalog_opers_by_name(const struct catalog *catalog, const char *name,
                                                size_t *n)
{
    return builtin_opers_by_name(name, n);
}

const struct cast *catalog_cast(const struct catalog *catalog, uint32_t source, uint32_t target)
{
    return builtin_cast(source, target);
}

const struct aggregate *catalog_aggregate(const struct catalog *catalog, uint32_t proc_oid)
{
    return builtin_aggregate(proc_oid);
}

const struct oper *catalog_btree_oper(const struct catalog *catalog, const struct type *type,
                                      int strategy)
{
    return builtin_btree_oper(type, strategy);
}

/* ---- iteration ---- */

static const void *next_of(const struct catalog *catalog, enum object_kind kind, size_t *at)
{
    while (*at < catalog->n_objects) {
        const struct object *object = catalog->objects[(*at)++];
        if (object->kind == kind)
            return object->body;
    }
    return NULL;
}

const struct relation *catalog_next_relation(const struct catalog *catalog, size_t *at)
{
    const struct relation *builtin = builtin_relation_at(*at);
    if (builtin) {
        ++*at;
        return builtin;
    }
    size_t user_at = *at - builtin_n_relations;
    const struct relation *relation = next_of(catalog, OBJ_RELATION, &user_at);
    *at = user_at + builtin_n_relations;
    return relation;
}

const struct type *catalog_next_type(const struct catalog *catalog, size_t *at)
{
    return next_of(catalog, OBJ_TYPE, at);
}

const struct proc *catalog_next_proc(const struct catalog *catalog, size_t *at)
{
    return next_of(catalog, OBJ_PROC, at);
}

const struct namespace *catalog_next_namespace(const struct catalog *catalog, size_t *at)
{
    return next_of(catalog, OBJ_NAMESPACE, at);
}

const struct index *catalog_next_index(const struct catalog *catalog, size_t *at)
{
    return next_of(catalog, OBJ_INDEX, at);
}

const struct constraint *catalog_next_constraint(const struct catalog *catalog, size_t *at)
{
    return next_of(catalog, OBJ_CONSTRAINT, at);
}

const struct comment *catalog_next_comment(const struct catalog *catalog, size_t *at)
{
    return next_of(catalog, OBJ_COMMENT, at);
}

const struct extension *catalog_next_extension(const struct catalog *catalog, size_t *at)
{
    return next_of(catalog, OBJ_EXTENSION, at);
}

const struct trigger *catalog_next_trigger(const struct catalog *catalog, size_t *at)
{
    return next_of(catalog, OBJ_TRIGGER, at);
}

const char *catalog_comment(const struct catalog *catalog, uint32_t class_oid, uint32_t object_oid,
                            int16_t sub)
{
    const struct comment *comment;
    for (size_t at = 0; (comment = catalog_next_comment(catalog, &at));)
        if (comment->object_oid == object_oid && comment->class_oid == class_oid &&
            comment->sub == sub)
            return comment->text;
    return class_oid == CLASS_NAMESPACE && object_oid == NAMESPACE_PUBLIC ? "standard public schema"
           : class_oid == CLASS_EXTENSION && object_oid == EXTENSION_PLPGSQL
               ? "PL/pgSQL procedural language"
               : NULL;
}

const struct extension *catalog_extension_by_name(const struct catalog *catalog, const char *name)
{
    const struct object *object = find_name(catalog, NAMES_EXTENSION, 0, name);
    return object ? object->body : NULL;
}

bool catalog_object(const struct catalog *catalog, uint32_t oid, enum object_kind *kind,
                    const void **body)
{
    const struct object *object = catalog_find(catalog, oid);
    if (!object)
        return false;
    *kind = object->kind;
    *body = object->body;
    return true;
}

uint32_t catalog_rowtype_array(const struct catalog *catalog, const struct relation *relation)
{
    const struct object *object = catalog_find(catalog, relation->oid);
    return object ? object->rowtype_array_oid : 0;
}
