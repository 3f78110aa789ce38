/* ddl_drop.c - DROP: the objects named, all that depends on them, and PostgreSQL's way of reporting it.
 *
 * The walk is PostgreSQL's: dependents of an object are visited newest first, each is put on the list after its own dependents, and
 * the report goes through that list backwards.  Deletion goes through it forwards, so dependents go first. */
#include <stdlib.h>
#include <string.h>

#include "catalog/ddl_dependents.h"
#include "catalog/ddl_int.h"
#include "sql/format_type.h"

#define REPORTED_MAX 100

struct drop_target {
    struct object_address address, dependee;
    bool original, silent;
};
struct targets_list {
    struct drop_target *items;
    size_t n, cap;
};
struct walk {
    struct ddl *d;
    const struct object_address *originals;
    size_t n_originals;
    struct targets_list done;
    VEC(struct object_address) stack;
};

static bool same_address(const struct object_address *a, const struct object_address *b)
{
    return a->class_oid == b->class_oid && a->oid == b->oid && a->sub == b->sub;
}

/* ---- descriptions ---- */

static const char *type_description(struct ddl *d, uint32_t oid)
{
    const struct type *type = catalog_type(d->fork, oid);
    return type ? format_type_name(d->arena, d->fork, &d->c->path, type) : "?";
}

static const char *relation_description(struct ddl *d, uint32_t oid)
{
    const struct relation *relation = rel(d, oid);
    if (relation)
        return arena_printf(d->arena, "%s %s", relation_kind_word(relation->kind),
                            relation_display_name(d->arena, d->fork, &d->c->path, relation));
    const struct index *index = catalog_index(d->fork, oid);
    if (!index)
        return "relation ?";
    struct buf out = BUF_IN(d->arena);
    buf_puts(&out, "index ");
    if (!index_is_visible(d->fork, &d->c->path, index)) {
        quote_ident(&out, namespace_name(d->fork, index->namespace_oid));
        buf_putc(&out, '.');
    }
    quote_ident(&out, index->name);
    return buf_cstr(&out);
}

static const char *constraint_description(struct ddl *d, uint32_t oid)
{
    const struct constraint *constraint = catalog_constraint(d->fork, oid);
    const struct type *type;
    if (constraint)
        return arena_printf(d->arena, "constraint %s on %s",
                            quoted_ident(d->arena, constraint->name),
                            relation_description(d, constraint->relation_oid));
    for (size_t at = 0; (type = catalog_next_type(d->fork, &at));) {
        const struct domain_info *domain = type->domain;
        for (uint16_t k = 0; domain && k < domain->n_checks; k++)
            if (domain->checks[k].oid == oid)
                return arena_printf(d->arena, "constraint %s",
                                    quoted_ident(d->arena, domain->checks[k].name));
    }
    return "constraint ?";
}

const char *function_signature(struct ddl *d, const struct proc *proc)
{
    struct buf out = BUF_IN(d->arena);
    size_t n;
    const struct proc *const *seen =
        catalog_procs_by_name(d->fork, d->arena, &d->c->path, NULL, proc->name, &n);
    bool visible = false;
    for (size_t k = 0; k < n; k++)
        visible |= seen[k] == proc;
    if (!visible) {
        quote_ident(&out, namespace_name(d->fork, proc->namespace_oid));
        buf_putc(&out, '.');
    }
    quote_ident(&out, proc->name);
    buf_putc(&out, '(');
    for (uint16_t k = 0; k < proc->n_args; k++)
        buf_printf(&out, "%s%s", k ? "," : "", type_description(d, proc->arg_types[k]));
    buf_putc(&out, ')');
    return buf_cstr(&out);
}

const char *describe_object(struct ddl *d, const struct object_address *object)
{
    uint32_t relation_oid;
    int16_t attnum;
    switch (object->class_oid) {
    case CLASS_RELATION: {
        const struct relation *relation = rel(d, object->oid);
        if (object->sub && relation)
            return arena_printf(d->arena, "column %s of %s",
                                quoted_ident(d->arena, relation->columns[object->sub - 1].name),
                                relation_description(d, object->oid));
        return relation_description(d, object->oid);
    }
    case CLASS_CONSTRAINT:
        return constraint_description(d, object->oid);
    case CLASS_TYPE:
        return arena_printf(d->arena, "type %s", type_description(d, object->oid));
    case CLASS_PROC: {
        const struct proc *proc = catalog_proc(d->fork, object->oid);
        return proc ? arena_printf(d->arena, "%s %s", proc->kind == 'p' ? "procedure" : "function",
                                   function_signature(d, proc))
                    : "function ?";
    }
    case CLASS_NAMESPACE:
        return arena_printf(d->arena, "schema %s",
                            quoted_ident(d->arena, namespace_name(d->fork, object->oid)));
    case CLASS_ATTRDEF:
        if (synthetic_oid_parts(object->oid, &relation_oid, &attnum) && rel(d, relation_oid))
            return arena_printf(
                d->arena, "default value for column %s of %s",
                quoted_ident(d->arena, rel(d, relation_oid)->columns[attnum - 1].name),
                relation_description(d, relation_oid));
        return "default value";
    case CLASS_TRIGGER:
        return "trigger";
    case CLASS_EXTENSION: {
        const struct extension *extension;
        for (size_t at = 0; (extension = catalog_next_extension(d->fork, &at));)
            if (extension->oid == object->oid)
                return arena_printf(d->arena, "extension %s", extension->name);
        return "extension ?";
    }
    default:
        return "object";
    }
}

/* ---- the walk ---- */

/* A default is as old as its table. */
static uint32_t age_of(const struct object_address *address)
{
    uint32_t relation_oid;
    int16_t attnum;
    bool in_table = address->class_oid == CLASS_ATTRDEF &&
                    synthetic_oid_parts(address->oid, &relation_oid, &attnum);
    return in_table ? relation_oid : address->oid;
}

/* Newest first; a whole object before its parts. */
static int newest_first(const void *a, const void *b)
{
    const struct edge *x = a, *y = b;
    uint32_t age_x = age_of(&x->dependent), age_y = age_of(&y->dependent);
    if (age_x != age_y)
        return age_x > age_y ? -1 : 1;
    if (x->dependent.oid != y->dependent.oid)
        return x->dependent.oid > y->dependent.oid ? -1 : 1;
    if (x->dependent.class_oid != y->dependent.class_oid)
        return x->dependent.class_oid > y->dependent.class_oid ? -1 : 1;
    return x->dependent.sub - y->dependent.sub;
}

static struct drop_target *find_target(struct walk *w, const struct object_address *address)
{
    for (size_t k = 0; k < w->done.n; k++) {
        const struct object_address *have = &w->done.items[k].address;
        if (same_address(have, address) ||
            (have->sub == 0 && have->class_oid == address->class_oid && have->oid == address->oid))
            return &w->done.items[k];
    }
    return NULL;
}

static bool on_stack(const struct walk *w, const struct object_address *address)
{
    for (size_t k = 0; k < w->stack.n; k++) {
        const struct object_address *have = &w->stack.items[k];
        if (same_address(have, address) ||
            (have->sub == 0 && have->class_oid == address->class_oid && have->oid == address->oid))
            return true;
    }
    return false;
}

static bool is_original(const struct walk *w, const struct object_address *address)
{
    for (size_t k = 0; k < w->n_originals; k++)
        if (same_address(&w->originals[k], address) ||
            (w->originals[k].sub == 0 && w->originals[k].class_oid == address->class_oid &&
             w->originals[k].oid == address->oid))
            return true;
    return false;
}

static void visit(struct walk *w, const struct object_address *address,
                  const struct object_address *dependee, bool silent)
{
    struct drop_target *known = find_target(w, address);
    if (known) {
        known->silent |= silent;
        return;
    }
    if (on_stack(w, address))
        return;
    struct edges edges = {0};
    VEC_PUSH(w->d->arena, &w->stack, *address);
    find_dependents(w->d, address, &edges);
    if (edges.n)
        qsort(edges.items, edges.n, sizeof(*edges.items), newest_first);
    for (size_t k = 0; k < edges.n; k++)
        visit(w, &edges.items[k].dependent, address, edges.items[k].automatic);
    w->stack.n--;
    struct drop_target target = {*address, *dependee, is_original(w, address), silent};
    VEC_PUSH(w->d->arena, &w->done, target);
}

/* ---- the report ---- */

static bool refuse(struct walk *w, const char *detail, size_t n_hidden)
{
    struct ddl *d = w->d;
    if (n_hidden)
        detail = arena_printf(d->arena, "%s\nand %zu other object%s (see server log for list)",
                              detail, n_hidden, n_hidden > 1 ? "s" : "");
    if (w->n_originals == 1)
        err_set(d->err, ERR_DEPENDENT_OBJECTS_STILL_EXIST,
                "cannot drop %s because other objects depend on it",
                describe_object(d, &w->originals[0]));
    else
        err_set(d->err, ERR_DEPENDENT_OBJECTS_STILL_EXIST,
                "cannot drop desired object(s) because other objects depend on them");
    err_detail(d->err, "%s", detail);
    return err_hint(d->err, "Use DROP ... CASCADE to drop the dependent objects too.");
}

static bool report(struct walk *w, bool cascade, bool quiet)
{
    struct ddl *d = w->d;
    struct buf lines = BUF_IN(d->arena);
    size_t n = 0, n_shown = 0;
    const char *only = NULL;
    for (size_t k = w->done.n; k-- > 0;) {
        const struct drop_target *target = &w->done.items[k];
        if (target->original || target->silent)
            continue;
        const char *what = describe_object(d, &target->address);
        if (n++ >= REPORTED_MAX)
            continue;
        n_shown++;
        if (lines.n)
            buf_putc(&lines, '\n');
        if (cascade)
            buf_printf(&lines, "drop cascades to %s", what);
        else
            buf_printf(&lines, "%s depends on %s", what, describe_object(d, &target->dependee));
        only = what;
    }
    if (!n)
        return true;
    if (!cascade)
        return refuse(w, buf_cstr(&lines), n - n_shown);
    if (quiet)
        return true;
    if (n == 1) {
        notice(d, "drop cascades to %s", only);
        return true;
    }
    if (n > n_shown)
        buf_printf(&lines, "\nand %zu other object%s (see server log for list)", n - n_shown,
                   n - n_shown > 1 ? "s" : "");
    notice_full(d, "NOTICE", ERR_SUCCESSFUL_COMPLETION,
                arena_printf(d->arena, "drop cascades to %zu other objects", n), buf_cstr(&lines),
                NULL);
    return true;
}

/* ---- deletion ---- */

static bool table_goes_too(const struct walk *w, uint32_t relation_oid)
{
    for (size_t k = 0; k < w->done.n; k++)
        if (w->done.items[k].address.class_oid == CLASS_RELATION &&
            w->done.items[k].address.oid == relation_oid && !w->done.items[k].address.sub)
            return true;
    return false;
}

static bool delete_index(struct walk *w, const struct index *index)
{
    bool with_table = table_goes_too(w, index->relation_oid);
    if ((!with_table || index->global) && !storage_drop_index(w->d, index))
        return false;
    catalog_drop(w->d->fork, index->oid);
    return true;
}

static bool delete_relation(struct walk *w, const struct relation *relation)
{
    struct ddl *d = w->d;
    if (!lock_relation(d, relation->oid, LOCK_ACCESS_EXCLUSIVE))
        return false;
    if (relation->kind == 'S')
        sequence_forget(d->c->txn, relation->oid);
    else if (relation->temp && (relation->kind == 'r' || relation->kind == 'm')) {
        if (!txn_truncate(d->c->txn, relation, d->err))
            return false;
    } else if (!storage_drop(d, relation)) {
        return false;
    }
    if (relation->kind == 'S' && relation->sequence->owned_by_relation) {
        struct relation *owner =
            catalog_edit_relation(d->fork, relation->sequence->owned_by_relation);
        int16_t attnum = relation->sequence->owned_by_attnum;
        if (owner && attnum <= owner->n_columns &&
            columns_of(owner)[attnum - 1].sequence_oid == relation->oid)
            columns_of(owner)[attnum - 1].sequence_oid = 0;
    }
    catalog_drop(d->fork, relation->oid);
    return true;
}

static bool delete_column(struct walk *w, uint32_t relation_oid, int16_t attnum)
{
    struct ddl *d = w->d;
    if (table_goes_too(w, relation_oid))
        return true;
    if (!lock_relation(d, relation_oid, LOCK_ACCESS_EXCLUSIVE) ||
        !storage_drop_column(d, rel(d, relation_oid), attnum))
        return false;
    struct relation *relation = catalog_edit_relation(d->fork, relation_oid);
    struct column *column = &columns_of(relation)[attnum - 1];
    column->dropped = true;
    column->not_null = false;
    column->default_sql = NULL;
    column->depends = NULL;
    column->n_depends = 0;
    column->identity = column->generated = 0;
    column->sequence_oid = 0;
    column->stored_next = column->key_stored_next = NULL;
    column->has_missing = false;
    catalog_set_comment(d->fork, CLASS_RELATION, relation_oid, attnum, NULL);
    catalog_changed(d->fork, relation_oid);
    return true;
}

static void delete_default(struct ddl *d, uint32_t oid)
{
    uint32_t relation_oid;
    int16_t attnum;
    if (!synthetic_oid_parts(oid, &relation_oid, &attnum) || !rel(d, relation_oid))
        return;
    struct column *column = &columns_of(catalog_edit_relation(d->fork, relation_oid))[attnum - 1];
    column->default_sql = NULL;
    column->depends = NULL;
    column->n_depends = 0;
    column->generated = 0;
}

static void delete_domain_check(struct ddl *d, uint32_t oid)
{
    const struct type *type;
    for (size_t at = 0; (type = catalog_next_type(d->fork, &at));) {
        const struct domain_info *domain = type->domain;
        for (uint16_t k = 0; domain && k < domain->n_checks; k++) {
            if (domain->checks[k].oid != oid)
                continue;
            struct domain_info *edited = catalog_edit_type(d->fork, type->oid)->domain;
            struct domain_check *checks = (struct domain_check *)edited->checks;
            memmove(checks + k, checks + k + 1, (edited->n_checks - k - 1u) * sizeof(*checks));
            edited->n_checks--;
            return;
        }
    }
}

static bool delete_constraint(struct ddl *d, uint32_t oid)
{
    const struct constraint *constraint = catalog_constraint(d->fork, oid);
    if (!constraint) {
        delete_domain_check(d, oid);
        return true;
    }
    if (!lock_relation(d, constraint->relation_oid, LOCK_ACCESS_EXCLUSIVE))
        return false;
    if (constraint->kind == 'f' &&
        !lock_relation(d, constraint->ref_relation_oid, LOCK_ACCESS_EXCLUSIVE))
        return false;
    catalog_drop(d->fork, oid);
    return true;
}

static bool delete_target(struct walk *w, const struct object_address *address)
{
    struct ddl *d = w->d;
    const struct index *index;
    const struct type *type;
    switch (address->class_oid) {
    case CLASS_RELATION:
        if (address->sub)
            return delete_column(w, address->oid, address->sub);
        if ((index = catalog_index(d->fork, address->oid)))
            return delete_index(w, index);
        return !rel(d, address->oid) || delete_relation(w, rel(d, address->oid));
    case CLASS_ATTRDEF:
        delete_default(d, address->oid);
        return true;
    case CLASS_CONSTRAINT:
        return delete_constraint(d, address->oid);
    case CLASS_TYPE:
        type = catalog_type(d->fork, address->oid);
        if (type && !type->rel_oid &&
            !type->elem_oid) /* others go with their relation or element */
            catalog_drop(d->fork, address->oid);
        return true;
    case CLASS_PROC:
    case CLASS_NAMESPACE:
    case CLASS_TRIGGER:
    case CLASS_EXTENSION:
        catalog_drop(d->fork, address->oid);
        return true;
    default:
        return true;
    }
}

bool drop_objects(struct ddl *d, const struct object_address *objects, size_t n, bool cascade,
                  bool quiet)
{
    struct walk w = {.d = d, .originals = objects, .n_originals = n};
    struct object_address none = {0};
    for (size_t k = 0; k < n; k++)
        visit(&w, &objects[k], &none, false);
    if (!report(&w, cascade, quiet))
        return false;
    for (size_t k = 0; k < w.done.n; k++)
        if (!delete_target(&w, &w.done.items[k].address))
            return false;
    return true;
}

/* ---- the statement ---- */

static const struct {
    ObjectType type;
    int kinds;
    const char *word, *article, *command, *missing_state;
} relation_kinds[] = {
    {OBJECT_TABLE, KIND_TABLE, "table", "a", "TABLE", ERR_UNDEFINED_TABLE},
    {OBJECT_VIEW, KIND_VIEW, "view", "a", "VIEW", ERR_UNDEFINED_TABLE},
    {OBJECT_MATVIEW, KIND_MATVIEW, "materialized view", "a", "MATERIALIZED VIEW",
     ERR_UNDEFINED_TABLE},
    {OBJECT_SEQUENCE, KIND_SEQUENCE, "sequence", "a", "SEQUENCE", ERR_UNDEFINED_TABLE},
    {OBJECT_INDEX, KIND_INDEX, "index", "an", "INDEX", ERR_UNDEFINED_OBJECT},
    {OBJECT_TYPE, KIND_COMPOSITE, "type", "a", "TYPE", ERR_UNDEFINED_OBJECT},
};

struct drops {
    struct object_address *items;
    size_t n, cap;
};

static void add_drop(struct ddl *d, struct drops *drops, uint32_t class_oid, uint32_t oid)
{
    for (size_t k = 0; k < drops->n; k++)
        if (drops->items[k].class_oid == class_oid && drops->items[k].oid == oid)
            return;
    struct object_address address = {class_oid, oid, 0};
    VEC_PUSH(d->arena, drops, address);
}

/* True when the schema is named and not there: an error, or a notice and nothing to do. */
static bool schema_missing(struct ddl *d, const char *schema, bool missing_ok, bool *failed)
{
    *failed = false;
    if (!schema || find_namespace(d, schema, true))
        return false;
    if (missing_ok)
        notice(d, "schema \"%s\" does not exist, skipping", schema);
    else
        *failed = !err_set(d->err, ERR_INVALID_SCHEMA_NAME, "schema \"%s\" does not exist", schema);
    return true;
}

static bool wrong_kind(struct ddl *d, const char *name, const char *article, const char *word,
                       char actual)
{
    err_set(d->err, ERR_WRONG_OBJECT_TYPE, "\"%s\" is not %s %s", name, article, word);
    for (size_t k = 0; k < ARRAY_COUNT(relation_kinds); k++)
        if (relation_kinds[k].kinds & kind_mask(actual))
            return err_hint(d->err, "Use DROP %s to remove %s %s.", relation_kinds[k].command,
                            relation_kinds[k].article, relation_kinds[k].word);
    return false;
}

static bool drop_relation(struct ddl *d, const DropStmt *stmt, const List *names,
                          struct drops *drops)
{
    size_t kind = 0;
    const char *schema, *name;
    bool failed;
    while (relation_kinds[kind].type != stmt->removeType)
        kind++;
    if (!split_names(d, names, &schema, &name))
        return false;
    if (schema_missing(d, schema, stmt->missing_ok, &failed))
        return !failed;
    const struct relation *relation = catalog_relation_by_name(d->fork, &d->c->path, schema, name);
    const struct index *index = catalog_index_by_name(d->fork, &d->c->path, schema, name);
    if (!relation && !index) {
        if (!stmt->missing_ok)
            return err_set(d->err, relation_kinds[kind].missing_state, "%s \"%s\" does not exist",
                           relation_kinds[kind].word, name);
        notice(d, "%s \"%s\" does not exist, skipping", relation_kinds[kind].word, name);
        return true;
    }
    char actual = relation ? relation->kind : 'i';
    if (!(kind_mask(actual) & relation_kinds[kind].kinds))
        return wrong_kind(d, name, relation_kinds[kind].article, relation_kinds[kind].word, actual);
    if (index) {
        const struct relation *table = rel(d, index->relation_oid);
        if (!must_be_owner(d, table->owner_oid, "index", index->name))
            return false;
        if (index->constraint_oid) {
            struct object_address constraint = {CLASS_CONSTRAINT, index->constraint_oid, 0},
                                  self = {CLASS_RELATION, index->oid, 0};
            const char *what = describe_object(d, &constraint);
            err_set(d->err, ERR_DEPENDENT_OBJECTS_STILL_EXIST,
                    "cannot drop %s because %s requires it", describe_object(d, &self), what);
            return err_hint(d->err, "You can drop %s instead.", what);
        }
        if (!lock_relation(d, table->oid, LOCK_ACCESS_EXCLUSIVE))
            return false;
        add_drop(d, drops, CLASS_RELATION, index->oid);
        return true;
    }
    if (!must_own_relation(d, relation))
        return false;
    if (relation->sequence && relation->sequence->owned_internally) {
        struct object_address self = {CLASS_RELATION, relation->oid, 0};
        struct object_address column = {CLASS_RELATION, relation->sequence->owned_by_relation,
                                        relation->sequence->owned_by_attnum};
        err_set(d->err, ERR_DEPENDENT_OBJECTS_STILL_EXIST, "cannot drop %s because %s requires it",
                describe_object(d, &self), describe_object(d, &column));
        return err_hint(d->err, "You can drop %s instead.", describe_object(d, &column));
    }
    add_drop(d, drops, CLASS_RELATION, relation->oid);
    return true;
}

static bool drop_type(struct ddl *d, const DropStmt *stmt, const TypeName *name,
                      struct drops *drops)
{
    const char *schema, *last;
    bool failed;
    if (!split_names(d, name->names, &schema, &last))
        return false;
    if (schema_missing(d, schema, stmt->missing_ok, &failed))
        return !failed;
    const struct type *type = find_ddl_type(d, name->names, true);
    if (!type) {
        const char *text = schema ? arena_printf(d->arena, "%s.%s", schema, last) : last;
        if (!stmt->missing_ok)
            return err_set(d->err, ERR_UNDEFINED_OBJECT, "type \"%s\" does not exist", text);
        notice(d, "type \"%s\" does not exist, skipping", text);
        return true;
    }
    if (stmt->removeType == OBJECT_DOMAIN && type->kind != 'd')
        return err_set(d->err, ERR_WRONG_OBJECT_TYPE, "\"%s\" is not a domain", last);
    if (type->oid < FIRST_USER_OID)
        return err_set(d->err, ERR_DEPENDENT_OBJECTS_STILL_EXIST,
                       "cannot drop type %s because it is required by the database system",
                       format_type_name(d->arena, d->fork, &d->c->path, type));
    if (!must_be_owner(d, type->owner_oid, "type", type->name))
        return false;
    const struct relation *relation = type->rel_oid ? rel(d, type->rel_oid) : NULL;
    if (type->elem_oid || (relation && relation->kind != 'c')) {
        struct object_address self = {CLASS_TYPE, type->oid, 0};
        struct object_address whole =
            relation ? (struct object_address){CLASS_RELATION, relation->oid, 0}
                     : (struct object_address){CLASS_TYPE, type->elem_oid, 0};
        err_set(d->err, ERR_DEPENDENT_OBJECTS_STILL_EXIST, "cannot drop %s because %s requires it",
                describe_object(d, &self), describe_object(d, &whole));
        return err_hint(d->err, "You can drop %s instead.", describe_object(d, &whole));
    }
    add_drop(d, drops, CLASS_TYPE, type->oid);
    return true;
}

static const char *routine_word(ObjectType type)
{
    return type == OBJECT_PROCEDURE   ? "procedure"
           : type == OBJECT_AGGREGATE ? "aggregate"
           : type == OBJECT_ROUTINE   ? "routine"
                                      : "function";
}

static bool not_of_extension(struct ddl *d, const struct proc *proc)
{
    for (uint16_t k = 0; k < proc->n_depends; k++)
        if (proc->depends[k].class_oid == CLASS_EXTENSION) {
            struct object_address self = {CLASS_PROC, proc->oid, 0},
                                  owner = {CLASS_EXTENSION, proc->depends[k].oid, 0};
            err_set(d->err, ERR_DEPENDENT_OBJECTS_STILL_EXIST,
                    "cannot drop %s because %s requires it", describe_object(d, &self),
                    describe_object(d, &owner));
            return err_hint(d->err, "You can drop %s instead.", describe_object(d, &owner));
        }
    return true;
}

static bool drop_routine(struct ddl *d, const DropStmt *stmt, const ObjectWithArgs *spec,
                         struct drops *drops)
{
    const char *schema, *name;
    bool failed;
    if (!split_names(d, spec->objname, &schema, &name))
        return false;
    if (schema_missing(d, schema, stmt->missing_ok, &failed))
        return !failed;
    const struct proc *proc = find_function(d, spec, stmt->removeType, stmt->missing_ok);
    if (!proc) {
        if (d->err->sqlstate[0])
            return false;
        return true;
    }
    if (stmt->removeType == OBJECT_FUNCTION && proc->kind == 'a') {
        err_set(d->err, ERR_WRONG_OBJECT_TYPE, "\"%s\" is an aggregate function", proc->name);
        return err_hint(d->err, "Use DROP AGGREGATE to drop aggregate functions.");
    }
    if (proc->oid < FIRST_USER_OID)
        return err_set(d->err, ERR_DEPENDENT_OBJECTS_STILL_EXIST,
                       "cannot drop function %s because it is required by the database system",
                       function_signature(d, proc));
    if (!must_be_owner(d, proc->owner_oid, routine_word(stmt->removeType), proc->name) ||
        !not_of_extension(d, proc))
        return false;
    add_drop(d, drops, CLASS_PROC, proc->oid);
    return true;
}

static bool drop_schema(struct ddl *d, const DropStmt *stmt, const char *name, struct drops *drops)
{
    const struct namespace *namespace = find_namespace(d, name, true);
    if (!namespace) {
        if (!stmt->missing_ok)
            return err_set(d->err, ERR_INVALID_SCHEMA_NAME, "schema \"%s\" does not exist", name);
        notice(d, "schema \"%s\" does not exist, skipping", name);
        return true;
    }
    if (namespace->oid < FIRST_USER_OID && namespace->oid != NAMESPACE_PUBLIC)
        return err_set(d->err, ERR_DEPENDENT_OBJECTS_STILL_EXIST,
                       "cannot drop schema %s because it is required by the database system", name);
    if (!must_be_owner(d, namespace->owner_oid, "schema", name))
        return false;
    add_drop(d, drops, CLASS_NAMESPACE, namespace->oid);
    return true;
}

static bool drop_extension(struct ddl *d, const DropStmt *stmt, const char *name,
                           struct drops *drops)
{
    const struct extension *extension = catalog_extension_by_name(d->fork, name);
    if (!extension) {
        if (!stmt->missing_ok)
            return err_set(d->err, ERR_UNDEFINED_OBJECT, "extension \"%s\" does not exist", name);
        notice(d, "extension \"%s\" does not exist, skipping", name);
        return true;
    }
    add_drop(d, drops, CLASS_EXTENSION, extension->oid);
    return true;
}

/* Triggers, rules and policies on a table: there are none but triggers out of an old catalog. */
static bool drop_on_relation(struct ddl *d, const DropStmt *stmt, const List *names,
                             struct drops *drops)
{
    const char *word = stmt->removeType == OBJECT_TRIGGER ? "trigger"
                       : stmt->removeType == OBJECT_RULE  ? "rule"
                                                          : "policy";
    const char *name = list_str(names, list_n(names) - 1);
    List *place = arena_memdup(d->arena, names, sizeof(List));
    place->length--;
    RangeVar *table = range_var_of(d, place);
    bool missing;
    if (!table)
        return false;
    const struct relation *relation = find_relation(d, table, stmt->missing_ok, &missing);
    if (!relation) {
        if (!missing)
            return false;
        notice(d, "relation \"%s\" does not exist, skipping", table->relname);
        return true;
    }
    for (uint16_t k = 0; stmt->removeType == OBJECT_TRIGGER && k < relation->n_triggers; k++)
        if (strcmp(relation->triggers[k]->name, name) == 0) {
            add_drop(d, drops, CLASS_TRIGGER, relation->triggers[k]->oid);
            return true;
        }
    if (!stmt->missing_ok)
        return err_set(d->err, ERR_UNDEFINED_OBJECT, "%s \"%s\" for %s \"%s\" does not exist", word,
                       name, stmt->removeType == OBJECT_RULE ? "relation" : "table",
                       relation->name);
    notice(d, "%s \"%s\" for relation \"%s\" does not exist, skipping", word, name, relation->name);
    return true;
}

/* ---- what nobody can make here: it is built in, or does not exist ---- */

static const char *builtin_word(ObjectType type)
{
    static const struct {
        ObjectType type;
        const char *word;
    } words[] = {{OBJECT_ACCESS_METHOD, "access method"},
                 {OBJECT_COLLATION, "collation"},
                 {OBJECT_CONVERSION, "conversion"},
                 {OBJECT_EVENT_TRIGGER, "event trigger"},
                 {OBJECT_FDW, "foreign-data wrapper"},
                 {OBJECT_FOREIGN_SERVER, "server"},
                 {OBJECT_FOREIGN_TABLE, "foreign table"},
                 {OBJECT_LANGUAGE, "language"},
                 {OBJECT_OPCLASS, "operator class"},
                 {OBJECT_OPFAMILY, "operator family"},
                 {OBJECT_PUBLICATION, "publication"},
                 {OBJECT_STATISTIC_EXT, "statistics object"},
                 {OBJECT_SUBSCRIPTION, "subscription"},
                 {OBJECT_TSCONFIGURATION, "text search configuration"},
                 {OBJECT_TSDICTIONARY, "text search dictionary"},
                 {OBJECT_TSPARSER, "text search parser"},
                 {OBJECT_TSTEMPLATE, "text search template"}};
    for (size_t k = 0; k < ARRAY_COUNT(words); k++)
        if (words[k].type == type)
            return words[k].word;
    return "object";
}

static const char *object_text(const Node *object)
{
    if (IS_NODE(object, String))
        return STR_OF(object);
    if (IS_NODE(object, List) && list_n((const List *)object))
        return list_str((const List *)object, list_n((const List *)object) - 1);
    return "";
}

static const char *quoted(struct ddl *d, const char *name)
{
    struct buf out = BUF_IN(d->arena);
    quote_ident(&out, name);
    return buf_cstr(&out);
}

/* Is there a row of that name in one of the catalogs that never change? */
static bool is_builtin(ObjectType type, const char *name)
{
    static const struct {
        ObjectType type;
        const char *relation;
    } places[] = {{OBJECT_ACCESS_METHOD, "pg_am"},          {OBJECT_COLLATION, "pg_collation"},
                  {OBJECT_CONVERSION, "pg_conversion"},     {OBJECT_LANGUAGE, "pg_language"},
                  {OBJECT_OPCLASS, "pg_opclass"},           {OBJECT_OPFAMILY, "pg_opfamily"},
                  {OBJECT_TSCONFIGURATION, "pg_ts_config"}, {OBJECT_TSDICTIONARY, "pg_ts_dict"},
                  {OBJECT_TSPARSER, "pg_ts_parser"},        {OBJECT_TSTEMPLATE, "pg_ts_template"}};
    for (size_t k = 0; k < ARRAY_COUNT(places); k++) {
        const struct builtin_rows *rows =
            places[k].type == type ? builtin_rows_of(places[k].relation) : NULL;
        int column = type == OBJECT_OPCLASS || type == OBJECT_OPFAMILY ? 2 : 1;
        for (uint32_t r = 0; rows && r < rows->n_rows; r++)
            if (strcmp(rows->cells[(size_t)r * rows->n_columns + column], name) == 0)
                return true;
    }
    return false;
}

static bool drop_builtin(struct ddl *d, const DropStmt *stmt, const Node *object)
{
    const char *word = builtin_word(stmt->removeType), *rest = "", *name = object_text(object);
    if (stmt->removeType == OBJECT_OPCLASS || stmt->removeType == OBJECT_OPFAMILY)
        rest =
            arena_printf(d->arena, " for access method \"%s\"", list_str((const List *)object, 0));
    if (is_builtin(stmt->removeType, name))
        return err_set(d->err, ERR_DEPENDENT_OBJECTS_STILL_EXIST,
                       "cannot drop %s %s because it is required by the database system", word,
                       quoted(d, name));
    if (!stmt->missing_ok && stmt->removeType == OBJECT_COLLATION)
        rest = " for encoding \"UTF8\"";
    const char *text = arena_printf(d->arena, "%s \"%s\"%s does not exist", word, name, rest);
    if (!stmt->missing_ok)
        return err_set(d->err, ERR_UNDEFINED_OBJECT, "%s", text);
    notice(d, "%s, skipping", text);
    return true;
}

static bool drop_cast(struct ddl *d, const DropStmt *stmt, const List *ends)
{
    struct analyze_context context = analysis(d);
    const struct type *types[2];
    int32_t typmod;
    for (int k = 0; k < 2; k++) {
        if (analyze_type_name(&context, list_at(ends, k), &types[k], &typmod, d->err))
            continue;
        if (!stmt->missing_ok || !err_is(d->err, ERR_UNDEFINED_OBJECT))
            return false;
        notice(d, "%s, skipping", arena_strdup(d->arena, d->err->message));
        err_clear(d->err);
        return true;
    }
    const char *from = format_type_name(d->arena, d->fork, &d->c->path, types[0]),
               *to = format_type_name(d->arena, d->fork, &d->c->path, types[1]);
    if (builtin_cast(types[0]->oid, types[1]->oid))
        return err_set(
            d->err, ERR_DEPENDENT_OBJECTS_STILL_EXIST,
            "cannot drop cast from %s to %s because it is required by the database system", from,
            to);
    if (!stmt->missing_ok)
        return err_set(d->err, ERR_UNDEFINED_OBJECT, "cast from type %s to type %s does not exist",
                       from, to);
    notice(d, "cast from type %s to type %s does not exist, skipping", from, to);
    return true;
}

static bool drop_operator(struct ddl *d, const DropStmt *stmt, const ObjectWithArgs *spec)
{
    struct analyze_context context = analysis(d);
    const struct type *types[2] = {NULL, NULL};
    const char *schema, *name;
    int32_t typmod;
    size_t n;
    if (!split_names(d, spec->objname, &schema, &name))
        return false;
    for (int k = 0; k < 2; k++)
        if (list_at(spec->objargs, k) &&
            !analyze_type_name(&context, list_at(spec->objargs, k), &types[k], &typmod, d->err))
            return false;
    const struct oper *const *opers = catalog_opers_by_name(d->fork, name, &n);
    const char *left = types[0] ? format_type_name(d->arena, d->fork, &d->c->path, types[0]) : NULL,
               *right =
                   types[1] ? format_type_name(d->arena, d->fork, &d->c->path, types[1]) : "NONE";
    bool here = !schema || strcmp(schema, "pg_catalog") == 0;
    for (size_t k = 0; here && k < n; k++)
        if (opers[k]->left_type == (types[0] ? types[0]->oid : 0) && types[1] &&
            opers[k]->right_type == types[1]->oid)
            return err_set(d->err, ERR_DEPENDENT_OBJECTS_STILL_EXIST,
                           "cannot drop operator %s(%s,%s) because it is required by the database "
                           "system",
                           name, left ? left : "NONE", right);
    if (!stmt->missing_ok)
        return err_set(d->err, ERR_UNDEFINED_FUNCTION, "operator does not exist: %s%s%s%s%s %s",
                       left ? left : "", left ? " " : "", schema ? schema : "", schema ? "." : "",
                       name, right);
    notice(d, "operator %s does not exist, skipping", name);
    return true;
}

static bool drop_one(struct ddl *d, const DropStmt *stmt, const Node *object, struct drops *drops)
{
    switch ((int)stmt->removeType) {
    case OBJECT_TABLE:
    case OBJECT_VIEW:
    case OBJECT_MATVIEW:
    case OBJECT_SEQUENCE:
    case OBJECT_INDEX:
        return drop_relation(d, stmt, (const List *)object, drops);
    case OBJECT_TYPE:
    case OBJECT_DOMAIN:
        return drop_type(d, stmt, (const TypeName *)object, drops);
    case OBJECT_FUNCTION:
    case OBJECT_PROCEDURE:
    case OBJECT_ROUTINE:
    case OBJECT_AGGREGATE:
        return drop_routine(d, stmt, (const ObjectWithArgs *)object, drops);
    case OBJECT_SCHEMA:
        return drop_schema(d, stmt, STR_OF(object), drops);
    case OBJECT_EXTENSION:
        return drop_extension(d, stmt, STR_OF(object), drops);
    case OBJECT_TRIGGER:
    case OBJECT_RULE:
    case OBJECT_POLICY:
        return drop_on_relation(d, stmt, (const List *)object, drops);
    case OBJECT_CAST:
        return drop_cast(d, stmt, (const List *)object);
    case OBJECT_OPERATOR:
        return drop_operator(d, stmt, (const ObjectWithArgs *)object);
    default:
        return drop_builtin(d, stmt, object);
    }
}

bool drop_statement(struct ddl *d, const DropStmt *stmt)
{
    struct drops drops = {0};
    if (stmt->concurrent && !prevent_in_block(d, "DROP INDEX CONCURRENTLY"))
        return false;
    for (int k = 0; k < list_n(stmt->objects); k++)
        if (!drop_one(d, stmt, list_at(stmt->objects, k), &drops))
            return false;
    return !drops.n || drop_objects(d, drops.items, drops.n, stmt->behavior == DROP_CASCADE, false);
}
