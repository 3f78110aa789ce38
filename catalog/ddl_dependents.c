/* ddl_dependents.c - who depends on an object: the edges that DROP follows.
 *
 * An edge is automatic when the dependent is a part of the object or of no use without it (a table's indexes, a column's default): it goes
 * silently.  All others are normal: RESTRICT refuses, CASCADE reports.  Edges are found by looking through the catalog; nothing but each
 * object's own list of what it needs is stored. */
#include "catalog/ddl_dependents.h"

#include <string.h>

struct finding {
    struct ddl *d;
    const struct object_address *on;
    struct edges *out;
};

static void edge(struct finding *f, uint32_t class_oid, uint32_t oid, int16_t sub, bool automatic)
{
    struct edge made = {{class_oid, oid, sub}, automatic};
    VEC_PUSH(f->d->arena, f->out, made);
}

/* Does the list name the object (or, for a whole relation, any of its columns)? */
static bool needs(const struct finding *f, const struct dependency *list, uint16_t n)
{
    for (uint16_t k = 0; k < n; k++)
        if (list[k].class_oid == f->on->class_oid && list[k].oid == f->on->oid &&
            (!f->on->sub || list[k].sub == f->on->sub))
            return true;
    return false;
}

static bool uses_column(const int16_t *columns, uint16_t n, int16_t attnum)
{
    for (uint16_t k = 0; k < n; k++)
        if (columns[k] == attnum)
            return true;
    return false;
}

/* Views, defaults, checks, index expressions and functions that name the object. */
static void by_lists(struct finding *f)
{
    const struct catalog *fork = f->d->fork;
    const struct relation *relation;
    const struct index *index;
    const struct constraint *constraint;
    const struct type *type;
    const struct proc *proc;
    bool in_relation = f->on->class_oid == CLASS_RELATION;
    for (size_t at = builtin_n_relations; (relation = catalog_next_relation(fork, &at));) {
        if (needs(f, relation->depends, relation->n_depends))
            edge(f, CLASS_RELATION, relation->oid, 0, false);
        for (uint16_t k = 0; k < relation->n_columns; k++) {
            const struct column *column = &relation->columns[k];
            if (column->dropped || !column->n_depends ||
                !needs(f, column->depends, column->n_depends))
                continue;
            if (in_relation && relation->oid == f->on->oid &&
                (!f->on->sub || column->attnum == f->on->sub))
                continue; /* a generated column over its own table's columns goes with them */
            if (column->generated)
                edge(f, CLASS_RELATION, relation->oid, column->attnum, false);
            else
                edge(f, CLASS_ATTRDEF, synthetic_oid(relation->oid, column->attnum), 0, false);
        }
    }
    for (size_t at = 0; (index = catalog_next_index(fork, &at));)
        if (needs(f, index->depends, index->n_depends))
            edge(f, CLASS_RELATION, index->oid, 0,
                 in_relation && index->relation_oid == f->on->oid);
    for (size_t at = 0; (constraint = catalog_next_constraint(fork, &at));)
        if (constraint->kind == 'c' && needs(f, constraint->depends, constraint->n_depends))
            edge(f, CLASS_CONSTRAINT, constraint->oid, 0,
                 in_relation && constraint->relation_oid == f->on->oid);
    for (size_t at = 0; (type = catalog_next_type(fork, &at));) {
        const struct domain_info *domain = type->domain;
        for (uint16_t k = 0; domain && k < domain->n_checks; k++)
            if (needs(f, domain->checks[k].depends, domain->checks[k].n_depends))
                edge(f, CLASS_CONSTRAINT, domain->checks[k].oid, 0, false);
    }
    for (size_t at = 0; (proc = catalog_next_proc(fork, &at));)
        if (needs(f, proc->depends, proc->n_depends))
            edge(f, CLASS_PROC, proc->oid, 0, f->on->class_oid == CLASS_EXTENSION);
}

/* Columns, domains and functions of exactly this type; its array type has users of its own. */
static void by_type(struct finding *f, uint32_t type_oid)
{
    const struct catalog *fork = f->d->fork;
    const struct type *type = catalog_type(fork, type_oid), *other;
    const struct relation *relation;
    const struct proc *proc;
    if (type && type->array_oid)
        edge(f, CLASS_TYPE, type->array_oid, 0, true);
    for (size_t at = builtin_n_relations; (relation = catalog_next_relation(fork, &at));)
        for (uint16_t k = 0; k < relation->n_columns; k++)
            if (!relation->columns[k].dropped && relation->columns[k].type->oid == type_oid &&
                !(relation->kind == 'v' || relation->kind == 'm'))
                edge(f, CLASS_RELATION, relation->oid, relation->columns[k].attnum, false);
    for (size_t at = 0; (other = catalog_next_type(fork, &at));)
        if (other->kind == 'd' && other->base_oid == type_oid)
            edge(f, CLASS_TYPE, other->oid, 0, false);
    for (size_t at = 0; (proc = catalog_next_proc(fork, &at));) {
        bool uses = proc->result_type == type_oid;
        for (uint16_t k = 0; k < proc->n_args; k++)
            uses |= proc->arg_types[k] == type_oid;
        for (uint16_t k = 0; k < proc->n_all_args; k++)
            uses |= proc->all_arg_types[k] == type_oid;
        if (uses)
            edge(f, CLASS_PROC, proc->oid, 0, false);
    }
}

static void on_relation(struct finding *f, const struct relation *relation)
{
    const struct relation *other;
    for (uint16_t k = 0; k < relation->n_indexes; k++)
        if (!relation->indexes[k]->constraint_oid)
            edge(f, CLASS_RELATION, relation->indexes[k]->oid, 0, true);
    for (uint16_t k = 0; k < relation->n_constraints; k++)
        edge(f, CLASS_CONSTRAINT, relation->constraints[k]->oid, 0, true);
    for (uint16_t k = 0; k < relation->n_referenced_by; k++)
        edge(f, CLASS_CONSTRAINT, relation->referenced_by[k]->oid, 0,
             relation->referenced_by[k]->relation_oid == relation->oid);
    for (uint16_t k = 0; k < relation->n_columns; k++)
        if (!relation->columns[k].dropped && relation->columns[k].default_sql)
            edge(f, CLASS_ATTRDEF, synthetic_oid(relation->oid, (int16_t)(k + 1)), 0, true);
    for (uint16_t k = 0; k < relation->n_triggers; k++)
        edge(f, CLASS_TRIGGER, relation->triggers[k]->oid, 0, true);
    for (size_t at = builtin_n_relations; (other = catalog_next_relation(f->d->fork, &at));)
        if (other->sequence && other->sequence->owned_by_relation == relation->oid)
            edge(f, CLASS_RELATION, other->oid, 0, true);
    if (relation->rowtype_oid)
        edge(f, CLASS_TYPE, relation->rowtype_oid, 0, true);
}

static void on_column(struct finding *f, const struct relation *relation, int16_t attnum)
{
    const struct relation *other;
    if (relation->columns[attnum - 1].default_sql)
        edge(f, CLASS_ATTRDEF, synthetic_oid(relation->oid, attnum), 0, true);
    for (uint16_t k = 0; k < relation->n_indexes; k++) {
        const struct index *index = relation->indexes[k];
        bool uses = false;
        for (uint16_t c = 0; c < index->n_keys + index->n_include; c++)
            uses |= index->keys[c].attnum == attnum;
        if (uses && !index->constraint_oid)
            edge(f, CLASS_RELATION, index->oid, 0, true);
        if (uses && index->constraint_oid)
            edge(f, CLASS_CONSTRAINT, index->constraint_oid, 0, true);
    }
    for (uint16_t k = 0; k < relation->n_constraints; k++)
        if (uses_column(relation->constraints[k]->columns, relation->constraints[k]->n_columns,
                        attnum))
            edge(f, CLASS_CONSTRAINT, relation->constraints[k]->oid, 0, true);
    for (uint16_t k = 0; k < relation->n_referenced_by; k++)
        if (uses_column(relation->referenced_by[k]->ref_columns,
                        relation->referenced_by[k]->n_columns, attnum))
            edge(f, CLASS_CONSTRAINT, relation->referenced_by[k]->oid, 0, false);
    for (size_t at = builtin_n_relations; (other = catalog_next_relation(f->d->fork, &at));)
        if (other->sequence && other->sequence->owned_by_relation == relation->oid &&
            other->sequence->owned_by_attnum == attnum)
            edge(f, CLASS_RELATION, other->oid, 0, true);
}

static void on_index(struct finding *f, uint32_t index_oid)
{
    const struct constraint *constraint;
    for (size_t at = 0; (constraint = catalog_next_constraint(f->d->fork, &at));)
        if (constraint->kind == 'f' && constraint->index_oid == index_oid)
            edge(f, CLASS_CONSTRAINT, constraint->oid, 0, false);
}

static void on_namespace(struct finding *f)
{
    const struct catalog *fork = f->d->fork;
    const struct relation *relation;
    const struct type *type;
    const struct proc *proc;
    for (size_t at = builtin_n_relations; (relation = catalog_next_relation(fork, &at));) {
        if (relation->namespace_oid != f->on->oid)
            continue;
        bool owned = relation->sequence && relation->sequence->owned_by_relation;
        if (relation->kind == 'c')
            edge(f, CLASS_TYPE, relation->rowtype_oid, 0, false);
        else
            edge(f, CLASS_RELATION, relation->oid, 0, owned);
    }
    for (size_t at = 0; (type = catalog_next_type(fork, &at));)
        if (type->namespace_oid == f->on->oid && !type->elem_oid && !type->rel_oid)
            edge(f, CLASS_TYPE, type->oid, 0, false);
    for (size_t at = 0; (proc = catalog_next_proc(fork, &at));)
        if (proc->namespace_oid == f->on->oid)
            edge(f, CLASS_PROC, proc->oid, 0, false);
}

void find_dependents(struct ddl *d, const struct object_address *on, struct edges *out)
{
    struct finding f = {d, on, out};
    const struct relation *relation;
    const struct index *index;
    const struct constraint *constraint;
    const struct type *type;
    switch (on->class_oid) {
    case CLASS_RELATION:
        if ((relation = rel(d, on->oid))) {
            if (on->sub)
                on_column(&f, relation, on->sub);
            else
                on_relation(&f, relation);
            by_lists(&f);
        } else if ((index = catalog_index(d->fork, on->oid))) {
            on_index(&f, index->oid);
        }
        break;
    case CLASS_CONSTRAINT:
        constraint = catalog_constraint(d->fork, on->oid);
        if (constraint && (constraint->kind == 'p' || constraint->kind == 'u'))
            edge(&f, CLASS_RELATION, constraint->index_oid, 0, true);
        break;
    case CLASS_TYPE:
        type = catalog_type(d->fork, on->oid);
        by_type(&f, on->oid);
        by_lists(&f);
        if (type && type->rel_oid && (relation = rel(d, type->rel_oid)) && relation->kind == 'c')
            edge(&f, CLASS_RELATION, relation->oid, 0, true);
        break;
    case CLASS_PROC:
    case CLASS_EXTENSION:
        by_lists(&f);
        break;
    case CLASS_NAMESPACE:
        on_namespace(&f);
        break;
    default:
        break;
    }
}
