/* store_write.c - objects as JSON.  Field names are short words; OIDs tie objects together. */
#include <string.h>

#include "catalog/catalog_int.h"
#include "catalog/json.h"
#include "catalog/store.h"

static void write_int16s(struct json_out *out, const char *key, const int16_t *items, uint16_t n)
{
    if (!n)
        return;
    json_open(out, key, '[');
    for (uint16_t k = 0; k < n; k++)
        json_int_item(out, items[k]);
    json_close(out, ']');
}

static void write_oids(struct json_out *out, const char *key, const uint32_t *items, uint16_t n)
{
    if (!n)
        return;
    json_open(out, key, '[');
    for (uint16_t k = 0; k < n; k++)
        json_int_item(out, items[k]);
    json_close(out, ']');
}

static void write_texts(struct json_out *out, const char *key, const char *const *items, size_t n)
{
    if (!items || !n)
        return;
    json_open(out, key, '[');
    for (size_t k = 0; k < n; k++)
        json_text(out, NULL, items[k] ? items[k] : "");
    json_close(out, ']');
}

static size_t count_texts(const char *const *items)
{
    size_t n = 0;
    while (items && items[n])
        n++;
    return n;
}

void store_write_acl(struct json_out *out, const char *key, const struct acl *acl)
{
    if (!acl)
        return;
    json_open(out, key, '[');
    for (uint16_t k = 0; k < acl->n; k++) {
        json_open(out, NULL, '[');
        json_int_item(out, acl->items[k].grantee);
        json_int_item(out, acl->items[k].grantor);
        json_int_item(out, acl->items[k].privileges);
        json_int_item(out, acl->items[k].grantable);
        json_close(out, ']');
    }
    json_close(out, ']');
}

static void write_depends(struct json_out *out, const struct dependency *list, uint16_t n)
{
    if (!n)
        return;
    json_open(out, "depends", '[');
    for (uint16_t k = 0; k < n; k++) {
        json_open(out, NULL, '[');
        json_int_item(out, list[k].class_oid);
        json_int_item(out, list[k].oid);
        json_int_item(out, list[k].sub);
        json_close(out, ']');
    }
    json_close(out, ']');
}

static void write_column(struct json_out *out, const struct column *column)
{
    json_open(out, NULL, '{');
    json_text(out, "name", column->name);
    json_int(out, "type", column->type->oid);
    json_int(out, "typmod", column->typmod + 1); /* so that "none" is left out */
    json_int(out, "collation", column->collation_oid);
    json_true(out, "not_null", column->not_null);
    json_true(out, "dropped", column->dropped);
    json_char(out, "identity", column->identity);
    json_char(out, "generated", column->generated);
    json_text(out, "default", column->default_sql);
    json_int(out, "sequence", column->sequence_oid);
    json_text(out, "stored", column->stored_next);
    json_text(out, "key", column->key_stored_next);
    json_int(out, "statistics", column->statistics_target + 1);
    json_char(out, "storage", column->storage);
    store_write_acl(out, "acl", column->acl);
    write_depends(out, column->depends, column->n_depends);
    json_close(out, '}');
}

static void write_sequence(struct json_out *out, const struct sequence *sequence)
{
    json_open(out, "sequence", '{');
    json_int(out, "type", sequence->type_oid);
    json_int(out, "start", sequence->start);
    json_int(out, "increment", sequence->increment);
    json_int(out, "min", sequence->min);
    json_int(out, "max", sequence->max);
    json_int(out, "cache", sequence->cache);
    json_true(out, "cycle", sequence->cycle);
    json_int(out, "owned_by", sequence->owned_by_relation);
    json_int(out, "owned_by_column", sequence->owned_by_attnum);
    json_true(out, "internal", sequence->owned_internally);
    json_close(out, '}');
}

static void write_relation(struct json_out *out, const struct object *object)
{
    const struct relation *relation = object->body;
    json_int(out, "schema", relation->namespace_oid);
    json_char(out, "kind", relation->kind);
    json_int(out, "owner", relation->owner_oid);
    json_char(out, "persistence", relation->persistence);
    json_int(out, "rowtype", relation->rowtype_oid);
    json_int(out, "rowtype_array", object->rowtype_array_oid);
    json_text(out, "stored", relation->stored_next);
    static const char *const distributions[] = {"sharded", "row",  "reference",
                                                "local",   "temp", "system"};
    json_text(out, "distribution", distributions[relation->distribution]);
    write_int16s(out, "shard_key", relation->shard_key, relation->n_shard_key);
    json_text(out, "strategy", relation->strategy);
    json_int(out, "colocation", relation->colocation_id);
    json_int(out, "local_shard", relation->local_shard);
    json_open(out, "columns", '[');
    for (uint16_t k = 0; k < relation->n_columns; k++)
        write_column(out, &relation->columns[k]);
    json_close(out, ']');
    json_text(out, "view", relation->view_sql);
    json_true(out, "populated", relation->populated);
    json_true(out, "updatable", relation->updatable);
    json_char(out, "view_check", relation->view_check);
    if (relation->sequence)
        write_sequence(out, relation->sequence);
    write_texts(out, "options", relation->options, count_texts(relation->options));
    json_char(out, "replica_identity", relation->replica_identity);
    json_true(out, "row_security", relation->row_security);
    json_true(out, "force_row_security", relation->force_row_security);
    store_write_acl(out, "acl", relation->acl);
    write_depends(out, relation->depends, relation->n_depends);
}

static void write_index(struct json_out *out, const struct index *index)
{
    json_int(out, "schema", index->namespace_oid);
    json_int(out, "relation", index->relation_oid);
    json_int(out, "constraint", index->constraint_oid);
    json_text(out, "method", index->method);
    json_true(out, "unique", index->unique);
    json_true(out, "primary", index->primary);
    json_true(out, "nulls_not_distinct", index->nulls_not_distinct);
    json_true(out, "deferrable", index->deferrable);
    json_true(out, "deferred", index->deferred);
    json_int(out, "include", index->n_include);
    json_open(out, "keys", '[');
    for (uint16_t k = 0; k < index->n_keys + index->n_include; k++) {
        const struct index_key *key = &index->keys[k];
        json_open(out, NULL, '{');
        json_int(out, "column", key->attnum);
        json_text(out, "expression", key->expr_sql);
        json_text(out, "name", key->name);
        json_true(out, "descending", key->descending);
        json_true(out, "nulls_first", key->nulls_first);
        json_text(out, "opclass", key->opclass);
        json_int(out, "collation", key->collation_oid);
        json_int(out, "type", key->type->oid);
        json_close(out, '}');
    }
    json_close(out, ']');
    json_text(out, "where", index->where_sql);
    json_true(out, "stored", index->stored);
    json_true(out, "global", index->global);
    json_text(out, "stored_as", index->stored_next);
    json_true(out, "clustered", index->clustered);
    write_texts(out, "options", index->options, count_texts(index->options));
    write_depends(out, index->depends, index->n_depends);
}

static void write_constraint(struct json_out *out, const struct constraint *constraint)
{
    json_int(out, "schema", constraint->namespace_oid);
    json_int(out, "relation", constraint->relation_oid);
    json_char(out, "kind", constraint->kind);
    write_int16s(out, "columns", constraint->columns, constraint->n_columns);
    json_int(out, "index", constraint->index_oid);
    json_text(out, "check", constraint->check_sql);
    json_int(out, "references", constraint->ref_relation_oid);
    if (constraint->kind == 'f') {
        write_int16s(out, "ref_columns", constraint->ref_columns, constraint->n_columns);
        json_char(out, "on_update", (char)constraint->on_update);
        json_char(out, "on_delete", (char)constraint->on_delete);
        write_int16s(out, "set_columns", constraint->set_columns, constraint->n_set_columns);
        json_char(out, "match", constraint->match);
    }
    json_true(out, "deferrable", constraint->deferrable);
    json_true(out, "deferred", constraint->deferred);
    json_true(out, "validated", constraint->validated);
    json_true(out, "no_inherit", constraint->no_inherit);
    write_depends(out, constraint->depends, constraint->n_depends);
}

static void write_domain(struct json_out *out, const struct type *type)
{
    const struct domain_info *domain = type->domain;
    json_int(out, "base", type->base_oid);
    json_int(out, "base_typmod", type->base_typmod + 1);
    json_true(out, "not_null", type->not_null);
    if (!domain)
        return;
    json_text(out, "default", domain->default_sql);
    json_open(out, "checks", '[');
    for (uint16_t k = 0; k < domain->n_checks; k++) {
        json_open(out, NULL, '{');
        json_int(out, "oid", domain->checks[k].oid);
        json_text(out, "name", domain->checks[k].name);
        json_text(out, "check", domain->checks[k].sql);
        json_true(out, "validated", domain->checks[k].validated);
        write_depends(out, domain->checks[k].depends, domain->checks[k].n_depends);
        json_close(out, '}');
    }
    json_close(out, ']');
}

static void write_type(struct json_out *out, const struct type *type)
{
    json_int(out, "schema", type->namespace_oid);
    json_int(out, "owner", type->owner_oid);
    json_char(out, "kind", type->kind);
    json_int(out, "array", type->array_oid);
    if (type->kind == 'd')
        write_domain(out, type);
    if (type->kind != 'e')
        return;
    json_open(out, "labels", '[');
    for (uint32_t k = 0; k < type->n_labels; k++) {
        json_open(out, NULL, '{');
        json_int(out, "oid", type->labels[k].oid);
        json_text(out, "label", type->labels[k].label);
        /* In thousandths: new labels between two old ones get the middle. */
        json_int(out, "sort", (int64_t)((double)type->labels[k].sort * 1024 * 1024));
        json_close(out, '}');
    }
    json_close(out, ']');
}

static void write_proc(struct json_out *out, const struct proc *proc)
{
    char volatility[2] = {proc->volatility, 0};
    json_int(out, "schema", proc->namespace_oid);
    json_int(out, "owner", proc->owner_oid);
    json_char(out, "kind", proc->kind);
    json_true(out, "strict", proc->strict);
    json_true(out, "returns_set", proc->returns_set);
    json_text(out, "volatility", volatility);
    json_int(out, "returns", proc->result_type);
    write_oids(out, "arguments", proc->arg_types, proc->n_args);
    json_int(out, "variadic", proc->variadic_type);
    write_texts(out, "defaults", proc->default_sql, proc->n_defaults);
    write_oids(out, "all_arguments", proc->all_arg_types, proc->n_all_args);
    json_text(out, "modes", proc->arg_modes);
    write_texts(out, "names", proc->arg_names, proc->n_all_args ? proc->n_all_args : proc->n_args);
    json_text(out, "language", proc->language);
    json_text(out, "prosrc", proc->prosrc);
    json_text(out, "body", proc->sql_body);
    json_int(out, "rows", (int64_t)proc->rows);
    json_int(out, "cost", (int64_t)proc->cost);
    json_char(out, "parallel", proc->parallel);
    json_true(out, "leakproof", proc->leakproof);
    json_true(out, "security_definer", proc->security_definer);
    store_write_acl(out, "acl", proc->acl);
    write_depends(out, proc->depends, proc->n_depends);
}

void store_write_object(struct json_out *out, const struct object *object)
{
    json_open(out, NULL, '{');
    switch (object->kind) {
    case OBJ_NAMESPACE: {
        const struct namespace *namespace = object->body;
        json_int(out, "owner", namespace->owner_oid);
        store_write_acl(out, "acl", namespace->acl);
        break;
    }
    case OBJ_TYPE:
        write_type(out, object->body);
        break;
    case OBJ_RELATION:
        write_relation(out, object);
        break;
    case OBJ_INDEX:
        write_index(out, object->body);
        break;
    case OBJ_CONSTRAINT:
        write_constraint(out, object->body);
        break;
    case OBJ_PROC:
        write_proc(out, object->body);
        break;
    case OBJ_TRIGGER: {
        const struct trigger *trigger = object->body;
        json_int(out, "relation", trigger->relation_oid);
        json_int(out, "function", trigger->proc_oid);
        json_text(out, "definition", trigger->definition_sql);
        json_char(out, "timing", trigger->timing);
        json_char(out, "level", trigger->level);
        json_int(out, "events", trigger->events);
        json_true(out, "enabled", trigger->enabled);
        break;
    }
    case OBJ_COMMENT: {
        const struct comment *comment = object->body;
        json_int(out, "class", comment->class_oid);
        json_int(out, "object", comment->object_oid);
        json_int(out, "sub", comment->sub);
        json_text(out, "text", comment->text);
        break;
    }
    case OBJ_EXTENSION: {
        const struct extension *extension = object->body;
        json_int(out, "owner", extension->owner_oid);
        json_int(out, "schema", extension->namespace_oid);
        json_text(out, "version", extension->version);
        break;
    }
    case OBJ_ROLE:
    case OBJ_DATABASE:
        break;
    }
    json_close(out, '}');
}
