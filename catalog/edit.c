/* edit.c - forks and the changes made to them.
 *
 * Invariants between two calls:
 *   (1) `objects` is sorted by OID and each entry holds one reference;
 *   (2) an object whose `maker` is the fork's version belongs to the fork alone and may be changed in place; all others are shared;
 *   (3) pointers from object to object (column and element types, a relation's indexes, constraints, triggers and referencing
 *       constraints) lead to bodies in the same fork: replacing a body repairs the pointers to it;
 *   (4) each relation's row type and each type's array type exist as implicit objects. */
#include "catalog/edit.h"

#include <stdlib.h>
#include <string.h>

#include "catalog/catalog_int.h"
#include "catalog/cluster.h"

const char *const object_kind_names[] = {
    [OBJ_NAMESPACE] = "namespace",   [OBJ_TYPE] = "type",
    [OBJ_RELATION] = "relation",     [OBJ_INDEX] = "index",
    [OBJ_CONSTRAINT] = "constraint", [OBJ_PROC] = "function",
    [OBJ_TRIGGER] = "trigger",       [OBJ_COMMENT] = "comment",
    [OBJ_EXTENSION] = "extension",   [OBJ_ROLE] = "role",
    [OBJ_DATABASE] = "database",
};

static uint64_t next_version = 1; /* of catalogs; atomic */
static uint64_t next_generation =
    1; /* of relations; atomic; above all OIDs of system relations by its high half */

static uint64_t new_generation(void)
{
    return __atomic_fetch_add(&next_generation, 1, __ATOMIC_RELAXED) << 20 | 1 << 19;
}

/* ---- objects ---- */

static const size_t body_bytes[] = {
    [OBJ_NAMESPACE] = sizeof(struct namespace),       [OBJ_TYPE] = sizeof(struct type),
    [OBJ_RELATION] = sizeof(struct relation),         [OBJ_INDEX] = sizeof(struct index),
    [OBJ_CONSTRAINT] = sizeof(struct constraint),     [OBJ_PROC] = sizeof(struct proc),
    [OBJ_TRIGGER] = sizeof(struct trigger),           [OBJ_COMMENT] = sizeof(struct comment),
    [OBJ_EXTENSION] = sizeof(struct extension),       [OBJ_ROLE] = sizeof(struct role),
    [OBJ_DATABASE] = sizeof(struct cluster_database),
};

/* Every body but a comment's and a few others' starts with its OID, which is what lets this be generic. */
struct object *object_new(enum object_kind kind, uint32_t oid)
{
    struct arena *arena = arena_new("catalog object");
    struct object *object = ARENA_NEW(arena, struct object);
    object->arena = arena;
    object->refs = 1;
    object->kind = kind;
    object->oid = oid;
    object->body = arena_zalloc(arena, body_bytes[kind]);
    *(uint32_t *)object->body = oid;
    return object;
}

struct arena *object_arena(struct object *object)
{
    return object->arena;
}

#define BODY_OF(kind_, type_)                                                                      \
    ASSERT(object->kind == kind_);                                                                 \
    return object->body

struct namespace *object_namespace(struct object *object)
{
    BODY_OF(OBJ_NAMESPACE, struct namespace);
}
struct type *object_type(struct object *object)
{
    BODY_OF(OBJ_TYPE, struct type);
}
struct relation *object_relation(struct object *object)
{
    BODY_OF(OBJ_RELATION, struct relation);
}
struct index *object_index(struct object *object)
{
    BODY_OF(OBJ_INDEX, struct index);
}
struct constraint *object_constraint(struct object *object)
{
    BODY_OF(OBJ_CONSTRAINT, struct constraint);
}
struct proc *object_proc(struct object *object)
{
    BODY_OF(OBJ_PROC, struct proc);
}
struct trigger *object_trigger(struct object *object)
{
    BODY_OF(OBJ_TRIGGER, struct trigger);
}
struct comment *object_comment(struct object *object)
{
    BODY_OF(OBJ_COMMENT, struct comment);
}
struct extension *object_extension(struct object *object)
{
    BODY_OF(OBJ_EXTENSION, struct extension);
}

void object_set_rowtype_array(struct object *object, uint32_t array_oid)
{
    object->rowtype_array_oid = array_oid;
}

const struct type *type_stub(struct arena *arena, uint32_t oid)
{
    if (oid < FIRST_USER_OID) {
        const struct type *type = builtin_type(oid);
        return type ? type : builtin_type(TYPE_TEXT);
    }
    struct type *stub = ARENA_NEW(arena, struct type);
    stub->oid = oid;
    stub->ops = &unsupported_ops;
    return stub;
}

/* ---- the fork ---- */

static void note_change(struct catalog *fork, const struct object *object)
{
    if (object->implicit || fork->loading)
        return;
    if (object->temp)
        fork->has_temp = true;
    else
        fork->shared_changes = true;
    for (size_t k = 0; k < fork->changes.n; k++)
        if (fork->changes.items[k].oid == object->oid)
            return;
    struct catalog_change change = {.oid = object->oid, .temp = object->temp};
    VEC_PUSH(fork->arena, &fork->changes, change);
}

static void object_make_key(struct object *object)
{
    const void *body = object->body;
    char letter = 0;
    uint32_t namespace_oid = 0;
    const char *name = NULL;
    switch (object->kind) {
    case OBJ_NAMESPACE:
        letter = NAMES_NAMESPACE;
        name = ((const struct namespace *)body)->name;
        break;
    case OBJ_TYPE:
        letter = NAMES_TYPE;
        namespace_oid = ((const struct type *)body)->namespace_oid;
        name = ((const struct type *)body)->name;
        break;
    case OBJ_RELATION:
        letter = NAMES_RELATION;
        namespace_oid = ((const struct relation *)body)->namespace_oid;
        name = ((const struct relation *)body)->name;
        break;
    case OBJ_INDEX:
        letter = NAMES_RELATION;
        namespace_oid = ((const struct index *)body)->namespace_oid;
        name = ((const struct index *)body)->name;
        break;
    case OBJ_EXTENSION:
        letter = NAMES_EXTENSION;
        name = ((const struct extension *)body)->name;
        break;
    case OBJ_CONSTRAINT:
    case OBJ_PROC:
    case OBJ_TRIGGER:
    case OBJ_COMMENT:
    case OBJ_ROLE:
    case OBJ_DATABASE:
        break;
    }
    object->key_bytes =
        letter ? (uint8_t)catalog_name_key(object->key, letter, namespace_oid, name) : 0;
}

static void names_put(struct catalog *fork, struct object *object)
{
    if (object->key_bytes)
        map_put(fork->names, object->key, object->key_bytes, object);
}

static void names_remove(struct catalog *fork, struct object *object)
{
    if (object->key_bytes && map_get(fork->names, object->key, object->key_bytes) == object)
        map_remove(fork->names, object->key, object->key_bytes);
}

static void rebuild_proc_list(struct catalog *fork, const char *name)
{
    char key[NAME_KEY_BYTES];
    size_t key_bytes = catalog_name_key(key, NAMES_PROC, 0, name);
    struct proc_list *list = ARENA_NEW(fork->arena, struct proc_list);
    list->items = ARENA_ARRAY(fork->arena, const struct proc *, fork->n_objects + 1);
    const struct proc *proc;
    for (size_t at = 0; (proc = catalog_next_proc(fork, &at));)
        if (strcmp(proc->name, name) == 0)
            list->items[list->n++] = proc;
    if (list->n)
        map_put(fork->names, key, key_bytes, list);
    else
        map_remove(fork->names, key, key_bytes);
}

static struct catalog *catalog_bare(const char *database, uint32_t database_oid, uint16_t n_shards,
                                    struct oid_source *oids, struct cluster *cluster)
{
    struct arena *arena = arena_new("catalog");
    struct catalog *catalog = ARENA_NEW(arena, struct catalog);
    builtin_init();
    catalog->refs = 1;
    catalog->version = __atomic_fetch_add(&next_version, 1, __ATOMIC_RELAXED);
    catalog->arena = arena;
    catalog->database = arena_strdup(arena, database);
    catalog->database_oid = database_oid;
    catalog->n_shards = n_shards;
    catalog->oids = oids;
    catalog->cluster = cluster;
    catalog->names = map_new();
    return catalog;
}

struct catalog *catalog_new(const char *database, uint32_t database_oid, uint16_t n_shards,
                            struct oid_source *oids, struct cluster *cluster)
{
    return catalog_bare(database, database_oid, n_shards, oids, cluster);
}

static void objects_reserve(struct catalog *catalog, size_t n)
{
    if (n <= catalog->cap_objects)
        return;
    catalog->cap_objects = MAX(n, catalog->cap_objects * 2 + 16);
    catalog->objects = realloc(catalog->objects, catalog->cap_objects * sizeof(*catalog->objects));
    ASSERT(catalog->objects != NULL);
}

static void take_object(struct catalog *catalog, struct object *object)
{
    size_t at = catalog_lower_bound(catalog, object->oid);
    objects_reserve(catalog, catalog->n_objects + 1);
    memmove(catalog->objects + at + 1, catalog->objects + at,
            (catalog->n_objects - at) * sizeof(*catalog->objects));
    catalog->objects[at] = object;
    catalog->n_objects++;
}

/* The functions' name lists of a fresh fork, in one pass. */
static void rebuild_proc_lists(struct catalog *fork)
{
    const struct proc *proc;
    for (size_t at = 0; (proc = catalog_next_proc(fork, &at));) {
        char key[NAME_KEY_BYTES];
        size_t key_bytes = catalog_name_key(key, NAMES_PROC, 0, proc->name);
        struct proc_list *list = map_get(fork->names, key, key_bytes);
        if (!list) {
            list = ARENA_NEW(fork->arena, struct proc_list);
            map_put(fork->names, key, key_bytes, list);
        }
        list->items = arena_realloc(fork->arena, list->items, list->n * sizeof(*list->items),
                                    (list->n + 1) * sizeof(*list->items));
        list->items[list->n++] = proc;
    }
}

static struct catalog *fork_filtered(const struct catalog *base, bool with_temp)
{
    struct catalog *fork =
        catalog_bare(base->database, base->database_oid, base->n_shards, base->oids, base->cluster);
    fork->shared_changes = base->shared_changes;
    objects_reserve(fork, base->n_objects);
    for (size_t k = 0; k < base->n_objects; k++) {
        struct object *object = base->objects[k];
        if (object->temp && !with_temp)
            continue;
        fork->has_temp |= object->temp;
        __atomic_add_fetch(&object->refs, 1, __ATOMIC_RELAXED);
        fork->objects[fork->n_objects++] = object;
        names_put(fork, object);
    }
    rebuild_proc_lists(fork);
    for (size_t k = 0; k < base->shared.n; k++) {
        struct shared_change change = base->shared.items[k];
        change.noted = false;
        if (change.object)
            __atomic_add_fetch(&change.object->refs, 1, __ATOMIC_RELAXED);
        VEC_PUSH(fork->arena, &fork->shared, change);
    }
    return fork;
}

struct catalog *catalog_fork(const struct catalog *base)
{
    return fork_filtered(base, true);
}

struct catalog *catalog_without_temp(const struct catalog *fork)
{
    return fork_filtered(fork, false);
}

bool catalog_has_temp(const struct catalog *catalog)
{
    return catalog->has_temp;
}

uint32_t catalog_new_oid(struct catalog *fork)
{
    return __atomic_fetch_add(&fork->oids->next, 1, __ATOMIC_RELAXED);
}

struct oid_source *catalog_oid_source(const struct catalog *catalog)
{
    return catalog->oids;
}

size_t catalog_changes(const struct catalog *fork, const struct catalog_change **changes)
{
    *changes = fork->changes.items;
    return fork->changes.n;
}

bool catalog_has_shared_changes(const struct catalog *fork)
{
    return fork->shared_changes;
}

/* ---- links ---- */

static struct object *own(struct catalog *fork, uint32_t oid);

/* Mutable relation for a change of links only: nothing to write. */
static struct relation *link_relation(struct catalog *fork, uint32_t oid)
{
    struct object *object = own(fork, oid);
    return object && object->kind == OBJ_RELATION ? object->body : NULL;
}

#define LINK_ADD(arena_, array_, n_, item_)                                                        \
    do {                                                                                           \
        const void **grown_ = arena_alloc((arena_), ((size_t)(n_) + 1) * sizeof(void *));          \
        if (n_)                                                                                    \
            memcpy(grown_, (array_), (size_t)(n_) * sizeof(void *));                               \
        grown_[(n_)++] = (item_);                                                                  \
        (array_) = (void *)grown_;                                                                 \
    } while (0)

static void links_replace(const void *const *array, size_t n, const void *before, const void *after)
{
    for (size_t k = 0; k < n; k++)
        if (array[k] == before)
            ((const void **)array)[k] = after;
}

static uint16_t links_remove(const void *const *array, uint16_t n, const void *item)
{
    uint16_t kept = 0;
    for (uint16_t k = 0; k < n; k++)
        if (array[k] != item)
            ((const void **)array)[kept++] = array[k];
    return kept;
}

#define LINKS(array) ((const void *const *)(array))

/* Where constraints of kind f are seen from the other side, too. */
static void link_constraint(struct catalog *fork, const struct constraint *constraint)
{
    struct relation *relation = link_relation(fork, constraint->relation_oid);
    if (relation)
        LINK_ADD(own(fork, relation->oid)->arena, relation->constraints, relation->n_constraints,
                 constraint);
    if (constraint->kind != 'f')
        return;
    struct relation *target = link_relation(fork, constraint->ref_relation_oid);
    if (target)
        LINK_ADD(own(fork, target->oid)->arena, target->referenced_by, target->n_referenced_by,
                 constraint);
}

static void link_into_relation(struct catalog *fork, struct object *object)
{
    if (object->kind == OBJ_INDEX) {
        const struct index *index = object->body;
        struct relation *relation = link_relation(fork, index->relation_oid);
        if (relation)
            LINK_ADD(own(fork, relation->oid)->arena, relation->indexes, relation->n_indexes,
                     index);
    } else if (object->kind == OBJ_CONSTRAINT) {
        link_constraint(fork, object->body);
    } else if (object->kind == OBJ_TRIGGER) {
        const struct trigger *trigger = object->body;
        struct relation *relation = link_relation(fork, trigger->relation_oid);
        if (relation)
            LINK_ADD(own(fork, relation->oid)->arena, relation->triggers, relation->n_triggers,
                     trigger);
    }
}

static uint32_t relation_of(const struct object *object)
{
    switch (object->kind) {
    case OBJ_INDEX:
        return ((const struct index *)object->body)->relation_oid;
    case OBJ_CONSTRAINT:
        return ((const struct constraint *)object->body)->relation_oid;
    case OBJ_TRIGGER:
        return ((const struct trigger *)object->body)->relation_oid;
    default:
        return 0;
    }
}

static void replace_in_relation(struct relation *relation, const void *before, const void *after)
{
    if (!relation)
        return;
    links_replace(LINKS(relation->indexes), relation->n_indexes, before, after);
    links_replace(LINKS(relation->constraints), relation->n_constraints, before, after);
    links_replace(LINKS(relation->referenced_by), relation->n_referenced_by, before, after);
    links_replace(LINKS(relation->triggers), relation->n_triggers, before, after);
}

static void unlink_from_relation(struct relation *relation, const void *body)
{
    if (!relation)
        return;
    relation->n_indexes = links_remove(LINKS(relation->indexes), relation->n_indexes, body);
    relation->n_constraints =
        links_remove(LINKS(relation->constraints), relation->n_constraints, body);
    relation->n_referenced_by =
        links_remove(LINKS(relation->referenced_by), relation->n_referenced_by, body);
    relation->n_triggers = links_remove(LINKS(relation->triggers), relation->n_triggers, body);
}

static void relink_type_users(struct catalog *fork, const struct type *before,
                              const struct type *after);

/* The body of `object` is now `object->body` instead of `before`. */
static void body_replaced(struct catalog *fork, struct object *object, const void *before)
{
    uint32_t relation_oid = relation_of(object);
    if (relation_oid)
        replace_in_relation(link_relation(fork, relation_oid), before, object->body);
    if (object->kind == OBJ_CONSTRAINT) {
        const struct constraint *constraint = object->body;
        if (constraint->kind == 'f' && constraint->ref_relation_oid != constraint->relation_oid)
            replace_in_relation(link_relation(fork, constraint->ref_relation_oid), before,
                                object->body);
    }
    if (object->kind == OBJ_TYPE)
        relink_type_users(fork, before, object->body);
    if (object->kind == OBJ_PROC)
        rebuild_proc_list(fork, ((const struct proc *)object->body)->name);
}

/* Makes an object the fork's own; NULL if there is none. */
static struct object *own(struct catalog *fork, uint32_t oid)
{
    size_t at = catalog_lower_bound(fork, oid);
    if (at >= fork->n_objects || fork->objects[at]->oid != oid)
        return NULL;
    struct object *object = fork->objects[at];
    if (object->maker == fork->version)
        return object;
    struct object *copy = object_copy(object);
    copy->maker = fork->version;
    copy->key_bytes = object->key_bytes;
    memcpy(copy->key, object->key, sizeof(copy->key));
    if (copy->kind == OBJ_RELATION)
        ((struct relation *)copy->body)->generation = new_generation();
    fork->objects[at] = copy;
    if (object->key_bytes && map_get(fork->names, object->key, object->key_bytes) == object)
        names_put(fork, copy);
    body_replaced(fork, copy, object->body);
    object_unref(object);
    return copy;
}

static void relink_type_users(struct catalog *fork, const struct type *before,
                              const struct type *after)
{
    for (size_t k = 0; k < fork->n_objects; k++) {
        const struct object *object = fork->objects[k];
        if (object->kind == OBJ_TYPE && ((const struct type *)object->body)->elem == before) {
            struct type *type = own(fork, object->oid)->body;
            type->elem = after;
        } else if (object->kind == OBJ_RELATION) {
            const struct relation *relation = object->body;
            for (uint16_t c = 0; c < relation->n_columns; c++)
                if (relation->columns[c].type == before) {
                    relation = own(fork, object->oid)->body;
                    ((struct column *)relation->columns)[c].type = after;
                }
        } else if (object->kind == OBJ_INDEX) {
            const struct index *index = object->body;
            for (uint16_t c = 0; c < index->n_keys + index->n_include; c++)
                if (index->keys[c].type == before) {
                    index = own(fork, object->oid)->body;
                    ((struct index_key *)index->keys)[c].type = after;
                }
        }
    }
}

/* ---- implicit types ---- */

static void add_implicit(struct catalog *fork, struct object *object)
{
    object->implicit = true;
    object->maker = fork->version;
    take_object(fork, object);
    object_make_key(object);
    names_put(fork, object);
}

/* "_name", with more underscores while that is taken by another type; cut to 63 bytes. */
static const char *array_type_name(struct catalog *fork, struct arena *arena,
                                   uint32_t namespace_oid, const char *name, uint32_t array_oid)
{
    const char *candidate = name;
    for (;;) {
        char *longer = arena_printf(arena, "_%s", candidate);
        size_t n = strlen(longer);
        if (n > 63) {
            while (n > 63 || ((uint8_t)longer[n] & 0xc0) == 0x80)
                n--;
            longer[n] = 0;
        }
        char key[NAME_KEY_BYTES];
        const struct object *taken =
            map_get(fork->names, key, catalog_name_key(key, NAMES_TYPE, namespace_oid, longer));
        if (!taken || taken->oid == array_oid)
            return longer;
        candidate = longer;
    }
}

static void fill_array_type(struct catalog *fork, struct object *object, const struct type *elem)
{
    struct type *type = object->body;
    *type = (struct type){
        .oid = object->oid,
        .name = array_type_name(fork, object->arena, elem->namespace_oid, elem->name, object->oid),
        .namespace_oid = elem->namespace_oid,
        .owner_oid = elem->owner_oid,
        .len = -1,
        .kind = 'b',
        .category = 'A',
        .delim = elem->delim ? elem->delim : ',',
        .align = elem->align == 'd' ? 'd' : 'i',
        .storage_char = 'x',
        .elem_oid = elem->oid,
        .elem = elem,
        .base_typmod = -1,
        .collation_oid = elem->collation_oid,
        .ops = &array_ops,
    };
}

static void sync_array_type(struct catalog *fork, const struct type *elem, bool temp)
{
    if (!elem->array_oid)
        return;
    struct object *object = own(fork, elem->array_oid);
    if (!object) {
        object = object_new(OBJ_TYPE, elem->array_oid);
        object->temp = temp;
        fill_array_type(fork, object, elem);
        add_implicit(fork, object);
        return;
    }
    names_remove(fork, object);
    fill_array_type(fork, object, elem);
    object_make_key(object);
    names_put(fork, object);
}

static void fill_rowtype(struct object *object, const struct relation *relation, uint32_t array_oid)
{
    struct attribute *attributes =
        ARENA_ARRAY(object->arena, struct attribute, relation->n_columns);
    for (uint16_t k = 0; k < relation->n_columns; k++) {
        const struct column *column = &relation->columns[k];
        attributes[k] = (struct attribute){
            .name = arena_strdup(object->arena, column->name),
            .type_oid = column->type->oid,
            .typmod = column->typmod,
            .attnum = column->attnum,
            .dropped = column->dropped,
        };
    }
    *(struct type *)object->body = (struct type){
        .oid = object->oid,
        .name = arena_strdup(object->arena, relation->name),
        .namespace_oid = relation->namespace_oid,
        .owner_oid = relation->owner_oid,
        .len = -1,
        .kind = 'c',
        .category = 'C',
        .delim = ',',
        .align = 'd',
        .storage_char = 'x',
        .array_oid = array_oid,
        .rel_oid = relation->oid,
        .base_typmod = -1,
        .attributes = attributes,
        .n_attributes = relation->n_columns,
        .ops = &record_ops,
    };
}

/* Makes the row type (and its array) say what the relation says. */
static void sync_rowtype(struct catalog *fork, const struct object *relation_object)
{
    const struct relation *relation = relation_object->body;
    if (!relation->rowtype_oid)
        return;
    struct object *object = own(fork, relation->rowtype_oid);
    relation = catalog_find(fork, relation_object->oid)->body;
    if (object) {
        names_remove(fork, object);
        fill_rowtype(object, relation, relation_object->rowtype_array_oid);
        object_make_key(object);
        names_put(fork, object);
    } else {
        object = object_new(OBJ_TYPE, relation->rowtype_oid);
        object->temp = relation_object->temp;
        fill_rowtype(object, relation, relation_object->rowtype_array_oid);
        add_implicit(fork, object);
    }
    sync_array_type(fork, object->body, object->temp);
}

static void drop_implicit(struct catalog *fork, uint32_t oid)
{
    size_t at = catalog_lower_bound(fork, oid);
    if (!oid || at >= fork->n_objects || fork->objects[at]->oid != oid)
        return;
    struct object *object = fork->objects[at];
    names_remove(fork, object);
    memmove(fork->objects + at, fork->objects + at + 1,
            (fork->n_objects - at - 1) * sizeof(*fork->objects));
    fork->n_objects--;
    object_unref(object);
}

/* ---- adding, changing, dropping ---- */

static bool is_temp(const struct catalog *fork, const struct object *object)
{
    uint32_t namespace_oid = 0;
    switch (object->kind) {
    case OBJ_NAMESPACE:
        return ((const struct namespace *)object->body)->temp;
    case OBJ_RELATION:
        return ((const struct relation *)object->body)->temp;
    case OBJ_TYPE:
        namespace_oid = ((const struct type *)object->body)->namespace_oid;
        break;
    case OBJ_PROC:
        namespace_oid = ((const struct proc *)object->body)->namespace_oid;
        break;
    case OBJ_COMMENT: {
        const struct object *target =
            catalog_find(fork, ((const struct comment *)object->body)->object_oid);
        return target && target->temp;
    }
    case OBJ_INDEX:
    case OBJ_CONSTRAINT:
    case OBJ_TRIGGER: {
        const struct object *relation = catalog_find(fork, relation_of(object));
        return relation && relation->temp;
    }
    case OBJ_EXTENSION:
    case OBJ_ROLE:
    case OBJ_DATABASE:
        return false;
    }
    const struct namespace *namespace =
        namespace_oid ? catalog_namespace(fork, namespace_oid) : NULL;
    return namespace && namespace->temp;
}

void catalog_add(struct catalog *fork, struct object *object)
{
    object->maker = fork->version;
    object->temp = is_temp(fork, object);
    take_object(fork, object);
    object_make_key(object);
    names_put(fork, object);
    note_change(fork, object);
    link_into_relation(fork, object);
    if (object->kind == OBJ_RELATION) {
        ((struct relation *)object->body)->generation = new_generation();
        sync_rowtype(fork, object);
    } else if (object->kind == OBJ_TYPE) {
        sync_array_type(fork, object->body, object->temp);
    } else if (object->kind == OBJ_PROC) {
        rebuild_proc_list(fork, ((const struct proc *)object->body)->name);
    }
}

static void *edit(struct catalog *fork, enum object_kind kind, uint32_t oid)
{
    struct object *object = own(fork, oid);
    if (!object || object->kind != kind)
        return NULL;
    note_change(fork, object);
    if (kind == OBJ_RELATION)
        ((struct relation *)object->body)->generation = new_generation();
    return object->body;
}

struct namespace *catalog_edit_namespace(struct catalog *fork, uint32_t oid)
{
    return edit(fork, OBJ_NAMESPACE, oid);
}
struct type *catalog_edit_type(struct catalog *fork, uint32_t oid)
{
    return edit(fork, OBJ_TYPE, oid);
}
struct relation *catalog_edit_relation(struct catalog *fork, uint32_t oid)
{
    return edit(fork, OBJ_RELATION, oid);
}
struct index *catalog_edit_index(struct catalog *fork, uint32_t oid)
{
    return edit(fork, OBJ_INDEX, oid);
}
struct constraint *catalog_edit_constraint(struct catalog *fork, uint32_t oid)
{
    return edit(fork, OBJ_CONSTRAINT, oid);
}
struct proc *catalog_edit_proc(struct catalog *fork, uint32_t oid)
{
    return edit(fork, OBJ_PROC, oid);
}
struct trigger *catalog_edit_trigger(struct catalog *fork, uint32_t oid)
{
    return edit(fork, OBJ_TRIGGER, oid);
}

struct arena *catalog_edit_arena(struct catalog *fork, uint32_t oid)
{
    struct object *object = own(fork, oid);
    return object ? object->arena : NULL;
}

void catalog_renamed(struct catalog *fork, uint32_t oid)
{
    struct object *object = own(fork, oid);
    names_remove(fork, object);
    object_make_key(object);
    names_put(fork, object);
    if (object->kind == OBJ_PROC)
        rebuild_proc_list(fork, ((const struct proc *)object->body)->name);
    catalog_changed(fork, oid);
}

void catalog_function_renamed(struct catalog *fork, const char *old_name)
{
    rebuild_proc_list(fork, old_name);
}

void catalog_changed(struct catalog *fork, uint32_t oid)
{
    struct object *object = own(fork, oid);
    if (object->kind == OBJ_RELATION) {
        ((struct relation *)object->body)->generation = new_generation();
        sync_rowtype(fork, object);
    } else if (object->kind == OBJ_TYPE) {
        sync_array_type(fork, object->body, object->temp);
    }
}

static void drop_comments(struct catalog *fork, uint32_t object_oid)
{
    for (size_t k = fork->n_objects; k-- > 0;) {
        const struct object *object = fork->objects[k];
        if (object->kind == OBJ_COMMENT &&
            ((const struct comment *)object->body)->object_oid == object_oid)
            catalog_drop(fork, object->oid);
    }
}

static void unlink_object(struct catalog *fork, const struct object *object)
{
    uint32_t relation_oid = relation_of(object);
    if (relation_oid)
        unlink_from_relation(link_relation(fork, relation_oid), object->body);
    if (object->kind == OBJ_CONSTRAINT) {
        const struct constraint *constraint = object->body;
        if (constraint->kind == 'f')
            unlink_from_relation(link_relation(fork, constraint->ref_relation_oid), object->body);
    }
}

void catalog_drop(struct catalog *fork, uint32_t oid)
{
    struct object *object = catalog_find(fork, oid);
    ASSERT(object != NULL);
    note_change(fork, object);
    if (object->kind != OBJ_COMMENT)
        drop_comments(fork, oid);
    unlink_object(fork, object);
    __atomic_add_fetch(&object->refs, 1, __ATOMIC_RELAXED); /* until its name has been read */
    drop_implicit(fork, oid);
    if (object->kind == OBJ_RELATION) {
        drop_implicit(fork, ((const struct relation *)object->body)->rowtype_oid);
        drop_implicit(fork, object->rowtype_array_oid);
    } else if (object->kind == OBJ_TYPE) {
        drop_implicit(fork, ((const struct type *)object->body)->array_oid);
    } else if (object->kind == OBJ_PROC) {
        rebuild_proc_list(fork, ((const struct proc *)object->body)->name);
    }
    object_unref(object);
}

void catalog_set_comment(struct catalog *fork, uint32_t class_oid, uint32_t object_oid, int16_t sub,
                         const char *text)
{
    for (size_t k = 0; k < fork->n_objects; k++) {
        const struct object *object = fork->objects[k];
        const struct comment *comment = object->body;
        if (object->kind == OBJ_COMMENT && comment->class_oid == class_oid &&
            comment->object_oid == object_oid && comment->sub == sub) {
            catalog_drop(fork, object->oid);
            break;
        }
    }
    if (!text)
        return;
    struct object *object = object_new(OBJ_COMMENT, catalog_new_oid(fork));
    struct comment *comment = object->body;
    comment->class_oid = class_oid;
    comment->object_oid = object_oid;
    comment->sub = sub;
    comment->text = arena_strdup(object->arena, text);
    catalog_add(fork, object);
}

/* ---- whole versions ---- */

static const struct type *current_type(const struct catalog *fork, const struct type *type)
{
    if (!type || type->oid < FIRST_USER_OID)
        return type;
    const struct type *current = catalog_type(fork, type->oid);
    return current ? current : type;
}

static void relink_type(const struct catalog *fork, struct type *type)
{
    if (!type->elem)
        return;
    type->elem = current_type(fork, type->elem);
    if (type->kind == 'd') {
        if (type->elem->kind == 'd' && type->elem->oid >= FIRST_USER_OID)
            relink_type(fork, (struct type *)type->elem);
        type->ops = type->elem->ops;
    }
}

static void relink_object(const struct catalog *fork, const struct object *object)
{
    if (object->kind == OBJ_TYPE) {
        relink_type(fork, object->body);
    } else if (object->kind == OBJ_RELATION) {
        struct relation *relation = object->body;
        for (uint16_t k = 0; k < relation->n_columns; k++) {
            struct column *column = (struct column *)&relation->columns[k];
            column->type = current_type(fork, column->type);
        }
    } else if (object->kind == OBJ_INDEX) {
        struct index *index = object->body;
        for (uint16_t k = 0; k < index->n_keys + index->n_include; k++) {
            struct index_key *key = (struct index_key *)&index->keys[k];
            key->type = current_type(fork, key->type);
        }
    }
}

/* Links every index, constraint and trigger into relations that have lost or never had them. */
static void link_all(struct catalog *fork, bool temp_only)
{
    for (size_t k = 0; k < fork->n_objects; k++) {
        const struct object *object = fork->objects[k];
        if (object->kind == OBJ_RELATION && (object->temp || !temp_only)) {
            struct relation *relation = object->body;
            relation->n_indexes = relation->n_constraints = relation->n_referenced_by =
                relation->n_triggers = 0;
        }
    }
    for (size_t k = 0; k < fork->n_objects; k++)
        if (fork->objects[k]->temp || !temp_only)
            link_into_relation(fork, fork->objects[k]);
}

void catalog_relink(struct catalog *fork)
{
    for (size_t k = 0; k < fork->n_objects; k++) {
        ASSERT(fork->objects[k]->maker == fork->version);
        relink_object(fork, fork->objects[k]);
    }
    link_all(fork, false);
}

struct catalog *catalog_with_temp(const struct catalog *base, const struct catalog *from)
{
    struct catalog *fork = fork_filtered(base, false);
    for (size_t k = 0; k < from->n_objects; k++) {
        if (!from->objects[k]->temp)
            continue;
        struct object *copy = object_copy(from->objects[k]);
        copy->maker = fork->version;
        take_object(fork, copy);
        object_make_key(copy);
        names_put(fork, copy);
        fork->has_temp = true;
    }
    for (size_t k = 0; k < fork->n_objects; k++)
        if (fork->objects[k]->temp)
            relink_object(fork, fork->objects[k]);
    link_all(fork, true);
    fork->changes.n = 0;
    return fork;
}

static bool differs(const char *a, const char *b)
{
    return a != b && (!a || !b || strcmp(a, b) != 0);
}

static bool unsettled(const struct relation *relation)
{
    if (relation->truncated_here || differs(relation->stored_as, relation->stored_next))
        return true;
    for (uint16_t k = 0; k < relation->n_columns; k++) {
        const struct column *column = &relation->columns[k];
        if (column->has_missing || differs(column->stored_as, column->stored_next) ||
            differs(column->key_stored_as, column->key_stored_next))
            return true;
    }
    return false;
}

static void settle_relation(struct relation *relation)
{
    relation->truncated_here = false;
    relation->stored_as = relation->stored_next;
    for (uint16_t k = 0; k < relation->n_columns; k++) {
        struct column *column = (struct column *)&relation->columns[k];
        column->stored_as = column->stored_next;
        column->key_stored_as = column->key_stored_next;
        column->has_missing = false; /* the SQLite column's default says it from now on */
    }
}

void catalog_settle(struct catalog *fork)
{
    for (size_t k = 0; k < fork->n_objects; k++) {
        const struct object *object = fork->objects[k];
        if (object->kind == OBJ_RELATION && !object->temp && unsettled(object->body)) {
            settle_relation(own(fork, object->oid)->body);
        } else if (object->kind == OBJ_INDEX) {
            const struct index *index = object->body;
            if (differs(index->stored_as, index->stored_next)) {
                struct index *mutable = own(fork, object->oid)->body;
                mutable->stored_as = mutable->stored_next;
            }
        }
    }
    fork->shared_changes = false;
    catalog_forget_shared(fork);
}
