/* store_read.c - objects out of JSON.  Types of columns come as stubs; catalog_relink() resolves them when all objects are in. */
#include <string.h>

#include "catalog/catalog_int.h"
#include "catalog/json.h"
#include "catalog/store.h"
#include "catalog/sysrel.h"

static const char *copy_text(struct arena *arena, const struct json *object, const char *key)
{
    const char *text = json_get_text(object, key);
    return text ? arena_strdup(arena, text) : NULL;
}

static uint32_t get_oid(const struct json *object, const char *key)
{
    return (uint32_t)json_get_int(object, key);
}

static const int16_t *read_int16s(struct arena *arena, const struct json *object, const char *key,
                                  uint16_t *n)
{
    const struct json *list = json_get(object, key);
    int16_t *items = ARENA_ARRAY(arena, int16_t, list ? list->n_items + 1 : 1);
    *n = 0;
    for (const struct json *item = list ? list->first : NULL; item; item = item->next)
        items[(*n)++] = (int16_t)item->number;
    return *n ? items : NULL;
}

static const uint32_t *read_oids(struct arena *arena, const struct json *object, const char *key,
                                 uint16_t *n)
{
    const struct json *list = json_get(object, key);
    uint32_t *items = ARENA_ARRAY(arena, uint32_t, list ? list->n_items + 1 : 1);
    *n = 0;
    for (const struct json *item = list ? list->first : NULL; item; item = item->next)
        items[(*n)++] = (uint32_t)item->number;
    return *n ? items : NULL;
}

/* NULL-terminated; NULL when absent. */
static const char *const *read_texts(struct arena *arena, const struct json *object,
                                     const char *key, uint16_t *n)
{
    const struct json *list = json_get(object, key);
    *n = 0;
    if (!list)
        return NULL;
    const char **items = ARENA_ARRAY(arena, const char *, list->n_items + 1);
    for (const struct json *item = list->first; item; item = item->next)
        items[(*n)++] = arena_strdup(arena, item->text ? item->text : "");
    return items;
}

const struct acl *store_read_acl(struct arena *arena, const struct json *object, const char *key)
{
    const struct json *list = json_get(object, key);
    if (!list)
        return NULL;
    struct acl *acl = arena_zalloc(arena, sizeof(*acl) + list->n_items * sizeof(acl->items[0]));
    for (const struct json *item = list->first; item; item = item->next) {
        int64_t numbers[4] = {0};
        int n = 0;
        for (const struct json *number = item->first; number && n < 4; number = number->next)
            numbers[n++] = number->number;
        acl->items[acl->n++] = (struct acl_item){(uint32_t)numbers[0], (uint32_t)numbers[1],
                                                 (uint16_t)numbers[2], (uint16_t)numbers[3]};
    }
    return acl;
}

static const struct dependency *read_depends(struct arena *arena, const struct json *object,
                                             uint16_t *n)
{
    const struct json *list = json_get(object, "depends");
    *n = 0;
    if (!list)
        return NULL;
    struct dependency *items = ARENA_ARRAY(arena, struct dependency, list->n_items + 1);
    for (const struct json *item = list->first; item; item = item->next) {
        int64_t numbers[3] = {0};
        int k = 0;
        for (const struct json *number = item->first; number && k < 3; number = number->next)
            numbers[k++] = number->number;
        items[(*n)++] =
            (struct dependency){(uint32_t)numbers[0], (uint32_t)numbers[1], (int16_t)numbers[2]};
    }
    return items;
}

static void read_column(struct arena *arena, const struct json *json, struct column *column)
{
    column->name = copy_text(arena, json, "name");
    column->type = type_stub(arena, get_oid(json, "type"));
    column->typmod = (int32_t)json_get_int(json, "typmod") - 1;
    column->collation_oid = get_oid(json, "collation");
    column->not_null = json_get_bool(json, "not_null");
    column->dropped = json_get_bool(json, "dropped");
    column->identity = json_get_char(json, "identity");
    column->generated = json_get_char(json, "generated");
    column->default_sql = copy_text(arena, json, "default");
    column->sequence_oid = get_oid(json, "sequence");
    column->stored_as = column->stored_next = copy_text(arena, json, "stored");
    column->key_stored_as = column->key_stored_next = copy_text(arena, json, "key");
    column->statistics_target = (int32_t)json_get_int(json, "statistics") - 1;
    column->storage = json_get_char(json, "storage");
    column->acl = store_read_acl(arena, json, "acl");
    column->depends = read_depends(arena, json, &column->n_depends);
}

static const struct column *read_columns(struct arena *arena, const struct json *json, uint16_t *n)
{
    const struct json *list = json_get(json, "columns");
    *n = 0;
    struct column *columns = ARENA_ARRAY(arena, struct column, list ? list->n_items + 1 : 1);
    for (const struct json *item = list ? list->first : NULL; item; item = item->next) {
        columns[*n].attnum = (int16_t)(*n + 1);
        read_column(arena, item, &columns[(*n)++]);
    }
    return columns;
}

static const struct sequence *read_sequence(struct arena *arena, const struct json *json)
{
    if (!json)
        return NULL;
    struct sequence *sequence = ARENA_NEW(arena, struct sequence);
    sequence->type_oid = get_oid(json, "type");
    sequence->start = json_get_int(json, "start");
    sequence->increment = json_get_int(json, "increment");
    sequence->min = json_get_int(json, "min");
    sequence->max = json_get_int(json, "max");
    sequence->cache = json_get_int(json, "cache");
    sequence->cycle = json_get_bool(json, "cycle");
    sequence->owned_by_relation = get_oid(json, "owned_by");
    sequence->owned_by_attnum = (int16_t)json_get_int(json, "owned_by_column");
    sequence->owned_internally = json_get_bool(json, "internal");
    return sequence;
}

static enum distribution read_distribution(const struct json *json)
{
    static const struct {
        const char *word;
        enum distribution distribution;
    } words[] = {{"sharded", DIST_SHARDED},
                 {"row", DIST_ROW},
                 {"reference", DIST_REFERENCE},
                 {"local", DIST_LOCAL}};
    const char *word = json_get_text(json, "distribution");
    for (size_t k = 0; word && k < ARRAY_COUNT(words); k++)
        if (strcmp(words[k].word, word) == 0)
            return words[k].distribution;
    return DIST_LOCAL;
}

static void read_relation(struct object *object, const char *schema, const struct json *json)
{
    struct relation *relation = object->body;
    struct arena *arena = object->arena;
    uint16_t n;
    object->rowtype_array_oid = get_oid(json, "rowtype_array");
    relation->namespace_oid = get_oid(json, "schema");
    relation->namespace_name = arena_strdup(arena, schema);
    relation->kind = json_get_char(json, "kind");
    relation->owner_oid = get_oid(json, "owner");
    relation->persistence = json_get_char(json, "persistence");
    relation->rowtype_oid = get_oid(json, "rowtype");
    relation->stored_as = relation->stored_next = copy_text(arena, json, "stored");
    relation->distribution = read_distribution(json);
    relation->shard_key = read_int16s(arena, json, "shard_key", &relation->n_shard_key);
    relation->strategy = copy_text(arena, json, "strategy");
    relation->colocation_id = get_oid(json, "colocation");
    relation->local_shard = get_oid(json, "local_shard");
    relation->columns = read_columns(arena, json, &relation->n_columns);
    relation->view_sql = copy_text(arena, json, "view");
    relation->populated = json_get_bool(json, "populated");
    relation->updatable = json_get_bool(json, "updatable");
    relation->view_check = json_get_char(json, "view_check");
    relation->sequence = read_sequence(arena, json_get(json, "sequence"));
    if (relation->sequence) {
        relation->system = sysrel_of_sequence(arena, relation->oid);
        relation->distribution = DIST_SYSTEM;
    }
    relation->options = read_texts(arena, json, "options", &n);
    relation->replica_identity = json_get_char(json, "replica_identity");
    relation->row_security = json_get_bool(json, "row_security");
    relation->force_row_security = json_get_bool(json, "force_row_security");
    relation->acl = store_read_acl(arena, json, "acl");
    relation->depends = read_depends(arena, json, &relation->n_depends);
}

static void read_index(struct object *object, const struct json *json)
{
    struct index *index = object->body;
    struct arena *arena = object->arena;
    uint16_t n;
    index->namespace_oid = get_oid(json, "schema");
    index->relation_oid = get_oid(json, "relation");
    index->constraint_oid = get_oid(json, "constraint");
    index->method = copy_text(arena, json, "method");
    index->unique = json_get_bool(json, "unique");
    index->primary = json_get_bool(json, "primary");
    index->nulls_not_distinct = json_get_bool(json, "nulls_not_distinct");
    index->deferrable = json_get_bool(json, "deferrable");
    index->deferred = json_get_bool(json, "deferred");
    const struct json *list = json_get(json, "keys");
    struct index_key *keys = ARENA_ARRAY(arena, struct index_key, list ? list->n_items + 1 : 1);
    uint16_t n_keys = 0;
    for (const struct json *item = list ? list->first : NULL; item; item = item->next)
        keys[n_keys++] = (struct index_key){
            .attnum = (int16_t)json_get_int(item, "column"),
            .expr_sql = copy_text(arena, item, "expression"),
            .descending = json_get_bool(item, "descending"),
            .nulls_first = json_get_bool(item, "nulls_first"),
            .opclass = copy_text(arena, item, "opclass"),
            .name = copy_text(arena, item, "name"),
            .collation_oid = get_oid(item, "collation"),
            .type = type_stub(arena, get_oid(item, "type")),
        };
    index->keys = keys;
    index->n_include = (uint16_t)MIN(json_get_int(json, "include"), n_keys);
    index->n_keys = n_keys - index->n_include;
    index->where_sql = copy_text(arena, json, "where");
    index->stored = json_get_bool(json, "stored");
    index->global = json_get_bool(json, "global");
    index->stored_as = index->stored_next = copy_text(arena, json, "stored_as");
    index->clustered = json_get_bool(json, "clustered");
    index->options = read_texts(arena, json, "options", &n);
    index->depends = read_depends(arena, json, &index->n_depends);
}

static void read_constraint(struct object *object, const struct json *json)
{
    struct constraint *constraint = object->body;
    struct arena *arena = object->arena;
    uint16_t n;
    constraint->namespace_oid = get_oid(json, "schema");
    constraint->relation_oid = get_oid(json, "relation");
    constraint->kind = json_get_char(json, "kind");
    constraint->columns = read_int16s(arena, json, "columns", &constraint->n_columns);
    constraint->index_oid = get_oid(json, "index");
    constraint->check_sql = copy_text(arena, json, "check");
    constraint->ref_relation_oid = get_oid(json, "references");
    constraint->ref_columns = read_int16s(arena, json, "ref_columns", &n);
    constraint->on_update = (enum fk_action)json_get_char(json, "on_update");
    constraint->on_delete = (enum fk_action)json_get_char(json, "on_delete");
    constraint->set_columns = read_int16s(arena, json, "set_columns", &constraint->n_set_columns);
    constraint->match = json_get_char(json, "match");
    constraint->deferrable = json_get_bool(json, "deferrable");
    constraint->deferred = json_get_bool(json, "deferred");
    constraint->validated = json_get_bool(json, "validated");
    constraint->no_inherit = json_get_bool(json, "no_inherit");
    constraint->depends = read_depends(arena, json, &constraint->n_depends);
}

static void read_domain(struct arena *arena, const struct json *json, struct type *type)
{
    struct domain_info *domain = ARENA_NEW(arena, struct domain_info);
    const struct json *list = json_get(json, "checks");
    struct domain_check *checks =
        ARENA_ARRAY(arena, struct domain_check, list ? list->n_items + 1 : 1);
    type->base_oid = get_oid(json, "base");
    type->base_typmod = (int32_t)json_get_int(json, "base_typmod") - 1;
    type->not_null = json_get_bool(json, "not_null");
    type->elem = type_stub(arena, type->base_oid);
    domain->default_sql = copy_text(arena, json, "default");
    for (const struct json *item = list ? list->first : NULL; item; item = item->next) {
        struct domain_check *check = &checks[domain->n_checks++];
        check->oid = get_oid(item, "oid");
        check->name = copy_text(arena, item, "name");
        check->sql = copy_text(arena, item, "check");
        check->validated = json_get_bool(item, "validated");
        check->depends = read_depends(arena, item, &check->n_depends);
    }
    domain->checks = checks;
    type->domain = domain;
}

static void read_labels(struct arena *arena, const struct json *json, struct type *type)
{
    const struct json *list = json_get(json, "labels");
    struct enum_label *labels = ARENA_ARRAY(arena, struct enum_label, list ? list->n_items + 1 : 1);
    for (const struct json *item = list ? list->first : NULL; item; item = item->next)
        labels[type->n_labels++] = (struct enum_label){
            .oid = get_oid(item, "oid"),
            .sort = (float)((double)json_get_int(item, "sort") / (1024 * 1024)),
            .label = copy_text(arena, item, "label"),
        };
    type->labels = labels;
}

static void read_type(struct object *object, const char *name, const struct json *json)
{
    struct type *type = object->body;
    type->name = arena_strdup(object->arena, name);
    type->namespace_oid = get_oid(json, "schema");
    type->owner_oid = get_oid(json, "owner");
    type->kind = json_get_char(json, "kind");
    type->array_oid = get_oid(json, "array");
    type->base_typmod = -1;
    if (type->kind == 'd')
        read_domain(object->arena, json, type);
    if (type->kind == 'e')
        read_labels(object->arena, json, type);
    type->ops = type->kind == 'd' ? &unsupported_ops : type_ops_for(type->kind, false, NULL);
}

static void read_proc(struct object *object, const struct json *json)
{
    struct proc *proc = object->body;
    struct arena *arena = object->arena;
    uint16_t n;
    proc->namespace_oid = get_oid(json, "schema");
    proc->owner_oid = get_oid(json, "owner");
    proc->kind = json_get_char(json, "kind");
    proc->strict = json_get_bool(json, "strict");
    proc->returns_set = json_get_bool(json, "returns_set");
    proc->volatility = json_get_char(json, "volatility");
    proc->result_type = get_oid(json, "returns");
    proc->arg_types = read_oids(arena, json, "arguments", &proc->n_args);
    proc->variadic_type = get_oid(json, "variadic");
    proc->default_sql = read_texts(arena, json, "defaults", &proc->n_defaults);
    proc->all_arg_types = read_oids(arena, json, "all_arguments", &proc->n_all_args);
    proc->arg_modes = copy_text(arena, json, "modes");
    proc->arg_names = read_texts(arena, json, "names", &n);
    proc->language = copy_text(arena, json, "language");
    proc->prosrc = copy_text(arena, json, "prosrc");
    proc->sql_body = copy_text(arena, json, "body");
    proc->rows = (double)json_get_int(json, "rows");
    proc->cost = (double)json_get_int(json, "cost");
    proc->parallel = json_get_char(json, "parallel");
    proc->leakproof = json_get_bool(json, "leakproof");
    proc->security_definer = json_get_bool(json, "security_definer");
    proc->acl = store_read_acl(arena, json, "acl");
    proc->depends = read_depends(arena, json, &proc->n_depends);
}

static void read_trigger(struct object *object, const struct json *json)
{
    struct trigger *trigger = object->body;
    trigger->relation_oid = get_oid(json, "relation");
    trigger->proc_oid = get_oid(json, "function");
    trigger->definition_sql = copy_text(object->arena, json, "definition");
    trigger->timing = json_get_char(json, "timing");
    trigger->level = json_get_char(json, "level");
    trigger->events = (uint16_t)json_get_int(json, "events");
    trigger->enabled = json_get_bool(json, "enabled");
}

static bool kind_by_name(const char *name, enum object_kind *kind)
{
    for (int k = 0; k <= OBJ_EXTENSION; k++)
        if (strcmp(object_kind_names[k], name) == 0) {
            *kind = (enum object_kind)k;
            return true;
        }
    return false;
}

static void read_body(struct object *object, const char *schema, const char *name,
                      const struct json *json)
{
    struct arena *arena = object->arena;
    const char *own_name = arena_strdup(arena, name);
    switch (object->kind) {
    case OBJ_NAMESPACE: {
        struct namespace *namespace = object->body;
        namespace->name = own_name;
        namespace->owner_oid = get_oid(json, "owner");
        namespace->acl = store_read_acl(arena, json, "acl");
        break;
    }
    case OBJ_TYPE:
        read_type(object, name, json);
        break;
    case OBJ_RELATION:
        ((struct relation *)object->body)->name = own_name;
        read_relation(object, schema, json);
        break;
    case OBJ_INDEX:
        ((struct index *)object->body)->name = own_name;
        read_index(object, json);
        break;
    case OBJ_CONSTRAINT:
        ((struct constraint *)object->body)->name = own_name;
        read_constraint(object, json);
        break;
    case OBJ_PROC:
        ((struct proc *)object->body)->name = own_name;
        read_proc(object, json);
        break;
    case OBJ_TRIGGER:
        ((struct trigger *)object->body)->name = own_name;
        read_trigger(object, json);
        break;
    case OBJ_COMMENT: {
        struct comment *comment = object->body;
        comment->class_oid = get_oid(json, "class");
        comment->object_oid = get_oid(json, "object");
        comment->sub = (int16_t)json_get_int(json, "sub");
        comment->text = copy_text(arena, json, "text");
        break;
    }
    case OBJ_EXTENSION: {
        struct extension *extension = object->body;
        extension->name = own_name;
        extension->owner_oid = get_oid(json, "owner");
        extension->namespace_oid = get_oid(json, "schema");
        extension->version = copy_text(arena, json, "version");
        break;
    }
    case OBJ_ROLE:
    case OBJ_DATABASE:
        break;
    }
}

struct object *store_read_object(struct arena *scratch, uint32_t oid, const char *class_name,
                                 const char *schema, const char *name, const char *definition,
                                 struct err *err)
{
    enum object_kind kind;
    if (!kind_by_name(class_name, &kind)) {
        err_set(err, ERR_DATA_CORRUPTED, "the catalog has object %u of unknown class \"%s\"", oid,
                class_name);
        return NULL;
    }
    const struct json *json = definition_parse(scratch, definition, strlen(definition), err);
    if (!json) {
        err_context(err, "object %u", oid);
        return NULL;
    }
    struct object *object = object_new(kind, oid);
    read_body(object, schema, name, json);
    return object;
}
