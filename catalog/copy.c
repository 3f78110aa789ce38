/* copy.c - deep copies of catalog objects.
 *
 * Strings and arrays are copied into the new object's arena; links to other objects (types, indexes, constraints) stay as they are, for
 * edit.c to change. */
#include <string.h>

#include "catalog/catalog_int.h"
#include "catalog/cluster.h"
#include "catalog/sysrel.h"

static const char *str(struct arena *arena, const char *text)
{
    return text ? arena_strdup(arena, text) : NULL;
}

static void *dup(struct arena *arena, const void *bytes, size_t n)
{
    return n && bytes ? arena_memdup(arena, bytes, n) : NULL;
}

#define DUP(arena, array, n) dup((arena), (array), (n) * sizeof(*(array)))

const struct acl *acl_copy(struct arena *arena, const struct acl *acl)
{
    return acl ? dup(arena, acl, sizeof(*acl) + acl->n * sizeof(acl->items[0])) : NULL;
}

const struct dependency *dependencies_copy(struct arena *arena, const struct dependency *list,
                                           uint16_t n)
{
    return DUP(arena, list, n);
}

static const char *const *copy_options(struct arena *arena, const char *const *options)
{
    if (!options)
        return NULL;
    size_t n = 0;
    while (options[n])
        n++;
    const char **copy = ARENA_ARRAY(arena, const char *, n + 1);
    for (size_t k = 0; k < n; k++)
        copy[k] = arena_strdup(arena, options[k]);
    return copy;
}

static void copy_column(struct arena *arena, struct column *column)
{
    column->name = str(arena, column->name);
    column->default_sql = str(arena, column->default_sql);
    column->stored_as = str(arena, column->stored_as);
    column->key_stored_as = str(arena, column->key_stored_as);
    column->stored_next = str(arena, column->stored_next);
    column->key_stored_next = str(arena, column->key_stored_next);
    column->acl = acl_copy(arena, column->acl);
    column->depends = dependencies_copy(arena, column->depends, column->n_depends);
    if (column->has_missing)
        column->missing = datum_copy(column->type, arena, column->missing);
}

static void copy_relation(struct arena *arena, struct relation *relation)
{
    relation->name = str(arena, relation->name);
    relation->namespace_name = str(arena, relation->namespace_name);
    struct column *columns = DUP(arena, relation->columns, relation->n_columns);
    for (uint16_t k = 0; k < relation->n_columns; k++)
        copy_column(arena, &columns[k]);
    relation->columns = columns;
    relation->indexes = DUP(arena, relation->indexes, relation->n_indexes);
    relation->constraints = DUP(arena, relation->constraints, relation->n_constraints);
    relation->referenced_by = DUP(arena, relation->referenced_by, relation->n_referenced_by);
    relation->triggers = DUP(arena, relation->triggers, relation->n_triggers);
    relation->shard_key = DUP(arena, relation->shard_key, relation->n_shard_key);
    relation->strategy = str(arena, relation->strategy);
    relation->stored_as = str(arena, relation->stored_as);
    relation->stored_next = str(arena, relation->stored_next);
    relation->view_sql = str(arena, relation->view_sql);
    relation->sequence = DUP(arena, relation->sequence, relation->sequence ? 1 : 0);
    if (relation->sequence)
        relation->system = sysrel_of_sequence(arena, relation->oid);
    relation->options = copy_options(arena, relation->options);
    relation->acl = acl_copy(arena, relation->acl);
    relation->depends = dependencies_copy(arena, relation->depends, relation->n_depends);
}

static void copy_index(struct arena *arena, struct index *index)
{
    uint16_t n = index->n_keys + index->n_include;
    struct index_key *keys = DUP(arena, index->keys, n);
    for (uint16_t k = 0; k < n; k++) {
        keys[k].expr_sql = str(arena, keys[k].expr_sql);
        keys[k].opclass = str(arena, keys[k].opclass);
        keys[k].name = str(arena, keys[k].name);
    }
    index->keys = keys;
    index->name = str(arena, index->name);
    index->method = str(arena, index->method);
    index->where_sql = str(arena, index->where_sql);
    index->stored_as = str(arena, index->stored_as);
    index->stored_next = str(arena, index->stored_next);
    index->depends = dependencies_copy(arena, index->depends, index->n_depends);
    index->options = copy_options(arena, index->options);
}

static void copy_constraint(struct arena *arena, struct constraint *constraint)
{
    constraint->name = str(arena, constraint->name);
    constraint->ref_columns = DUP(arena, constraint->ref_columns, constraint->n_columns);
    constraint->columns = DUP(arena, constraint->columns, constraint->n_columns);
    constraint->set_columns = DUP(arena, constraint->set_columns, constraint->n_set_columns);
    constraint->check_sql = str(arena, constraint->check_sql);
    constraint->depends = dependencies_copy(arena, constraint->depends, constraint->n_depends);
}

static void copy_type(struct arena *arena, struct type *type)
{
    type->name = str(arena, type->name);
    struct enum_label *labels = DUP(arena, type->labels, type->n_labels);
    for (uint32_t k = 0; k < type->n_labels; k++)
        labels[k].label = str(arena, labels[k].label);
    type->labels = labels;
    struct attribute *attributes = DUP(arena, type->attributes, type->n_attributes);
    for (uint32_t k = 0; k < type->n_attributes; k++)
        attributes[k].name = str(arena, attributes[k].name);
    type->attributes = attributes;
    const struct domain_info *domain = type->domain;
    if (!domain)
        return;
    struct domain_info *copy = DUP(arena, domain, 1);
    copy->default_sql = str(arena, domain->default_sql);
    struct domain_check *checks = DUP(arena, domain->checks, domain->n_checks);
    for (uint16_t k = 0; k < domain->n_checks; k++) {
        checks[k].name = str(arena, checks[k].name);
        checks[k].sql = str(arena, checks[k].sql);
        checks[k].depends = dependencies_copy(arena, checks[k].depends, checks[k].n_depends);
    }
    copy->checks = checks;
    type->domain = copy;
}

static const char *const *copy_strings(struct arena *arena, const char *const *strings, size_t n)
{
    if (!strings)
        return NULL;
    const char **copy = ARENA_ARRAY(arena, const char *, n);
    for (size_t k = 0; k < n; k++)
        copy[k] = str(arena, strings[k]);
    return copy;
}

static void copy_proc(struct arena *arena, struct proc *proc)
{
    size_t n_names = proc->n_all_args ? proc->n_all_args : proc->n_args;
    proc->name = str(arena, proc->name);
    proc->arg_types = DUP(arena, proc->arg_types, proc->n_args);
    proc->default_sql = copy_strings(arena, proc->default_sql, proc->n_defaults);
    proc->all_arg_types = DUP(arena, proc->all_arg_types, proc->n_all_args);
    proc->arg_modes = str(arena, proc->arg_modes);
    proc->arg_names = copy_strings(arena, proc->arg_names, n_names);
    proc->prosrc = str(arena, proc->prosrc);
    proc->language = str(arena, proc->language);
    proc->sql_body = str(arena, proc->sql_body);
    proc->acl = acl_copy(arena, proc->acl);
    proc->depends = dependencies_copy(arena, proc->depends, proc->n_depends);
}

static const struct role_setting *copy_settings(struct arena *arena,
                                                const struct role_setting *settings, uint16_t n)
{
    struct role_setting *copy = DUP(arena, settings, n);
    for (uint16_t k = 0; k < n; k++)
        copy[k].text = str(arena, copy[k].text);
    return copy;
}

static void copy_role(struct arena *arena, struct role *role)
{
    role->name = str(arena, role->name);
    role->password = str(arena, role->password);
    role->memberships = DUP(arena, role->memberships, role->n_memberships);
    role->settings = copy_settings(arena, role->settings, role->n_settings);
    role->comment = str(arena, role->comment);
}

static void copy_database(struct arena *arena, struct cluster_database *database)
{
    database->name = str(arena, database->name);
    database->directory = str(arena, database->directory);
    database->acl = acl_copy(arena, database->acl);
    database->settings = copy_settings(arena, database->settings, database->n_settings);
    database->comment = str(arena, database->comment);
}

struct object *object_copy(const struct object *object)
{
    struct object *copy = object_new(object->kind, object->oid);
    struct arena *arena = copy->arena;
    copy->rowtype_array_oid = object->rowtype_array_oid;
    copy->implicit = object->implicit;
    copy->temp = object->temp;
    switch (object->kind) {
    case OBJ_NAMESPACE: {
        struct namespace *body = copy->body;
        *body = *(const struct namespace *)object->body;
        body->name = str(arena, body->name);
        body->acl = acl_copy(arena, body->acl);
        break;
    }
    case OBJ_TYPE:
        *(struct type *)copy->body = *(const struct type *)object->body;
        copy_type(arena, copy->body);
        break;
    case OBJ_RELATION:
        *(struct relation *)copy->body = *(const struct relation *)object->body;
        copy_relation(arena, copy->body);
        break;
    case OBJ_INDEX:
        *(struct index *)copy->body = *(const struct index *)object->body;
        copy_index(arena, copy->body);
        break;
    case OBJ_CONSTRAINT:
        *(struct constraint *)copy->body = *(const struct constraint *)object->body;
        copy_constraint(arena, copy->body);
        break;
    case OBJ_PROC:
        *(struct proc *)copy->body = *(const struct proc *)object->body;
        copy_proc(arena, copy->body);
        break;
    case OBJ_TRIGGER: {
        struct trigger *body = copy->body;
        *body = *(const struct trigger *)object->body;
        body->name = str(arena, body->name);
        body->definition_sql = str(arena, body->definition_sql);
        break;
    }
    case OBJ_COMMENT: {
        struct comment *body = copy->body;
        *body = *(const struct comment *)object->body;
        body->text = str(arena, body->text);
        break;
    }
    case OBJ_EXTENSION: {
        struct extension *body = copy->body;
        *body = *(const struct extension *)object->body;
        body->name = str(arena, body->name);
        body->version = str(arena, body->version);
        break;
    }
    case OBJ_ROLE:
        *(struct role *)copy->body = *(const struct role *)object->body;
        copy_role(arena, copy->body);
        break;
    case OBJ_DATABASE:
        *(struct cluster_database *)copy->body = *(const struct cluster_database *)object->body;
        copy_database(arena, copy->body);
        break;
    }
    return copy;
}
