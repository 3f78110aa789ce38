/* sysrel_object.c - rows about what is not a relation: pg_type, pg_enum, pg_proc, pg_namespace, pg_extension, pg_description, pg_depend. */
#include <stdlib.h>
#include <string.h>

#include "catalog/acl.h"
#include "catalog/objects.h"
#include "catalog/sysrel_int.h"
#include "catalog/system_acl.h"

void row_acl(struct sysrel_scan *scan, int attnum, const struct acl *acl)
{
    if (!acl)
        return;
    const char **texts = ARENA_ARRAY(scan->arena, const char *, acl->n + 1);
    for (uint16_t k = 0; k < acl->n; k++) {
        struct buf text = BUF_IN(scan->arena);
        acl_item_print(scan->catalog, &acl->items[k], &text);
        texts[k] = buf_cstr(&text);
    }
    row_texts(scan, attnum, texts, acl->n);
}

/* ---- pg_type ---- */

struct type_procs {
    uint32_t subscript, input, output, receive, send, typmod_in, typmod_out, analyze;
};

static struct type_procs procs_of(const struct type *type)
{
    static const uint32_t array_typanalyze = 3816, range_typanalyze = 3916,
                          multirange_typanalyze = 4242;
    const struct builtin_type *facts = builtin_type_facts(type->oid);
    struct type_procs procs = {0};
    bool is_array = type->category == 'A' && type->elem_oid;
    if (facts) {
        procs = (struct type_procs){
            facts->subscript, facts->input,     facts->output,     facts->receive,
            facts->send,      facts->typmod_in, facts->typmod_out, 0};
    } else {
        uint32_t made[5];
        type_kind_procs(type->kind, is_array, made);
        procs.input = made[0];
        procs.output = made[1];
        procs.receive = made[2];
        procs.send = made[3];
        procs.subscript = made[4];
        if (type->kind == 'd' && type->elem) {
            struct type_procs base = procs_of(type->elem);
            procs.output = base.output;
            procs.send = base.send;
        }
    }
    if (is_array && type->len == -1 && type->oid != TYPE_INT2VECTOR && type->oid != TYPE_OIDVECTOR)
        procs.analyze = array_typanalyze;
    if (type->kind == 'r')
        procs.analyze = range_typanalyze;
    if (type->kind == 'm')
        procs.analyze = multirange_typanalyze;
    return procs;
}

static void type_row(struct sysrel_scan *scan, const struct type *type)
{
    const struct builtin_type *facts = builtin_type_facts(type->oid);
    struct type_procs procs = procs_of(type);
    const struct domain_info *domain = type->domain;
    row_begin(scan);
    row_int(scan, 1, type->oid);
    row_text(scan, 2, type->name);
    row_int(scan, 3, type->namespace_oid);
    row_int(scan, 4, type->owner_oid);
    row_int(scan, 5, type->len);
    row_int(scan, 6, type->by_value);
    row_int(scan, 7, type->kind);
    row_int(scan, 8, type->category);
    row_int(scan, 9, type->preferred);
    row_int(scan, 10, facts ? facts->defined : true);
    row_int(scan, 11, type->delim);
    row_int(scan, 12, type->rel_oid);
    row_int(scan, 13, procs.subscript);
    row_int(scan, 14, facts ? facts->elem : type->elem_oid);
    row_int(scan, 15, type->array_oid);
    row_int(scan, 16, procs.input);
    row_int(scan, 17, procs.output);
    row_int(scan, 18, procs.receive);
    row_int(scan, 19, procs.send);
    row_int(scan, 20, procs.typmod_in);
    row_int(scan, 21, procs.typmod_out);
    row_int(scan, 22, procs.analyze);
    row_int(scan, 23, type->align);
    row_int(scan, 24, type->storage_char);
    row_int(scan, 25, type->not_null);
    row_int(scan, 26, type->base_oid);
    row_int(scan, 27, type->base_typmod);
    row_int(scan, 28, 0);
    row_int(scan, 29, type->collation_oid);
    row_text(scan, 30, domain ? domain->default_sql : NULL);
    row_text(scan, 31, domain ? domain->default_sql : NULL);
}

static bool type_wanted(const struct sysrel_scan *scan, const struct type *type)
{
    return scan_wants_oid(scan, 1, type->oid) && scan_wants_name(scan, 2, type->name) &&
           scan_wants_oid(scan, 3, type->namespace_oid) &&
           scan_wants_oid(scan, 12, type->rel_oid) && scan_wants_oid(scan, 15, type->array_oid);
}

static bool pg_type(struct sysrel_scan *scan)
{
    const struct type *type;
    for (size_t k = 0; k < builtin_n_types; k++)
        if (type_wanted(scan, builtin_type(builtin_types[k].oid)))
            type_row(scan, builtin_type(builtin_types[k].oid));
    for (size_t at = 0; (type = catalog_next_type(scan->catalog, &at));)
        if (type_wanted(scan, type))
            type_row(scan, type);
    return true;
}

static bool pg_enum(struct sysrel_scan *scan)
{
    const struct type *type;
    for (size_t at = 0; (type = catalog_next_type(scan->catalog, &at));) {
        if (type->kind != 'e' || !scan_wants_oid(scan, 2, type->oid))
            continue;
        for (uint32_t k = 0; k < type->n_labels; k++) {
            row_begin(scan);
            row_int(scan, 1, type->labels[k].oid);
            row_int(scan, 2, type->oid);
            row_float(scan, 3, type->labels[k].sort);
            row_text(scan, 4, type->labels[k].label);
        }
    }
    return true;
}

/* ---- pg_proc ---- */

static uint32_t language_oid(const char *language)
{
    return strcmp(language, "internal") == 0 ? 12 : strcmp(language, "c") == 0 ? 13 : 14;
}

static void proc_modes(struct sysrel_scan *scan, const struct proc *proc)
{
    int16_t *modes = ARENA_ARRAY(scan->arena, int16_t, proc->n_all_args + 1u);
    for (uint16_t k = 0; k < proc->n_all_args; k++)
        modes[k] = (unsigned char)proc->arg_modes[k];
    row_ints(scan, 22, modes, proc->n_all_args); /* of "char" */
}

static void proc_row(struct sysrel_scan *scan, const struct proc *proc)
{
    uint16_t n_names = proc->n_all_args ? proc->n_all_args : proc->n_args;
    row_begin(scan);
    row_int(scan, 1, proc->oid);
    row_text(scan, 2, proc->name);
    row_int(scan, 3, proc->namespace_oid);
    row_int(scan, 4, proc->owner_oid);
    row_int(scan, 5, language_oid(proc->language));
    row_float(scan, 6, proc->cost);
    row_float(scan, 7, proc->rows);
    row_int(scan, 8, proc->variadic_type);
    row_int(scan, 9, 0);
    row_int(scan, 10, proc->kind);
    row_int(scan, 11, proc->security_definer);
    row_int(scan, 12, proc->leakproof);
    row_int(scan, 13, proc->strict);
    row_int(scan, 14, proc->returns_set);
    row_int(scan, 15, proc->volatility);
    row_int(scan, 16, proc->parallel ? proc->parallel : 'u');
    row_int(scan, 17, proc->n_args);
    row_int(scan, 18, proc->n_defaults);
    row_int(scan, 19, proc->result_type);
    row_oids(scan, 20, proc->arg_types, proc->n_args);
    if (proc->n_all_args) {
        row_oids(scan, 21, proc->all_arg_types, proc->n_all_args);
        if (proc->arg_modes)
            proc_modes(scan, proc);
    }
    if (proc->arg_names)
        row_texts(scan, 23, proc->arg_names, n_names);
    if (proc->n_defaults) {
        struct buf text = BUF_IN(scan->arena);
        for (uint16_t k = 0; k < proc->n_defaults; k++)
            buf_printf(&text, "%s%s", k ? ", " : "", proc->default_sql[k]);
        row_text(scan, 24, buf_cstr(&text));
    }
    row_text(scan, 26, proc->prosrc);
    row_acl(scan, 30, proc->acl);
}

static bool proc_wanted(const struct sysrel_scan *scan, const struct proc *proc)
{
    return scan_wants_oid(scan, 1, proc->oid) && scan_wants_name(scan, 2, proc->name) &&
           scan_wants_oid(scan, 3, proc->namespace_oid);
}

static bool pg_proc(struct sysrel_scan *scan)
{
    const struct datum *oid = scan_hint(scan, 1);
    const struct proc *proc;
    if (oid) {
        proc = catalog_proc(scan->catalog, (uint32_t)oid->i);
        if (proc)
            proc_row(scan, proc);
        return true;
    }
    for (size_t k = 0; k < builtin_n_procs; k++)
        if (proc_wanted(scan, &builtin_procs[k]))
            proc_row(scan, &builtin_procs[k]);
    for (size_t at = 0; (proc = catalog_next_proc(scan->catalog, &at));)
        if (proc_wanted(scan, proc))
            proc_row(scan, proc);
    return true;
}

/* ---- pg_namespace, pg_extension, pg_description ---- */

static void namespace_row(struct sysrel_scan *scan, const struct namespace *namespace)
{
    if (!scan_wants_oid(scan, 1, namespace->oid) || !scan_wants_name(scan, 2, namespace->name))
        return;
    row_begin(scan);
    row_int(scan, 1, namespace->oid);
    row_text(scan, 2, namespace->name);
    row_int(scan, 3, namespace->owner_oid);
    bool system = namespace->oid < FIRST_USER_OID && namespace->oid != NAMESPACE_PUBLIC;
    row_acl(scan, 4, system ? system_namespace_acl(namespace->oid) : namespace->acl);
}

static bool pg_namespace(struct sysrel_scan *scan)
{
    const struct namespace *namespace;
    for (size_t k = 0; k < builtin_n_namespaces; k++)
        namespace_row(scan, &builtin_namespaces[k]);
    for (size_t at = 0; (namespace = catalog_next_namespace(scan->catalog, &at));)
        namespace_row(scan, namespace);
    return true;
}

static void extension_row(struct sysrel_scan *scan, uint32_t oid, const char *name, uint32_t owner,
                          uint32_t namespace_oid, const char *version)
{
    row_begin(scan);
    row_int(scan, 1, oid);
    row_text(scan, 2, name);
    row_int(scan, 3, owner);
    row_int(scan, 4, namespace_oid);
    row_int(scan, 5, namespace_oid != NAMESPACE_PG_CATALOG);
    row_text(scan, 6, version);
}

static bool pg_extension(struct sysrel_scan *scan)
{
    const struct extension *extension;
    extension_row(scan, EXTENSION_PLPGSQL, "plpgsql", ROLE_BOOTSTRAP, NAMESPACE_PG_CATALOG, "1.0");
    for (size_t at = 0; (extension = catalog_next_extension(scan->catalog, &at));)
        extension_row(scan, extension->oid, extension->name, extension->owner_oid,
                      extension->namespace_oid, extension->version);
    return true;
}

static void description_row(struct sysrel_scan *scan, uint32_t class_oid, uint32_t oid, int16_t sub,
                            const char *text)
{
    row_begin(scan);
    row_int(scan, 1, oid);
    row_int(scan, 2, class_oid);
    row_int(scan, 3, sub);
    row_text(scan, 4, text);
}

static bool has_comment_object(const struct catalog *catalog, const struct dependency *object)
{
    const struct comment *comment;
    for (size_t at = 0; (comment = catalog_next_comment(catalog, &at));)
        if (comment->class_oid == object->class_oid && comment->object_oid == object->oid)
            return true;
    return false;
}

static bool pg_description(struct sysrel_scan *scan)
{
    const struct comment *comment;
    /* What has a comment without an object that holds it. */
    static const struct dependency standing[] = {{CLASS_EXTENSION, EXTENSION_PLPGSQL, 0},
                                                 {CLASS_NAMESPACE, NAMESPACE_PUBLIC, 0}};
    for (size_t k = 0; k < ARRAY_COUNT(standing); k++)
        if (scan_wants_oid(scan, 1, standing[k].oid) &&
            !has_comment_object(scan->catalog, &standing[k]))
            description_row(
                scan, standing[k].class_oid, standing[k].oid, 0,
                catalog_comment(scan->catalog, standing[k].class_oid, standing[k].oid, 0));
    for (size_t at = 0; (comment = catalog_next_comment(scan->catalog, &at));) {
        if (scan_wants_oid(scan, 1, comment->object_oid))
            description_row(scan, comment->class_oid, comment->object_oid, comment->sub,
                            comment->text);
    }
    return true;
}

/* ---- pg_depend ---- */

static void depend_row(struct sysrel_scan *scan, uint32_t class_oid, uint32_t oid, int16_t sub,
                       uint32_t ref_class, uint32_t ref_oid, int16_t ref_sub, char type)
{
    if (!scan_wants_oid(scan, 2, oid) || !scan_wants_oid(scan, 5, ref_oid))
        return;
    if (ref_oid < FIRST_USER_OID && ref_oid != NAMESPACE_PUBLIC)
        return; /* what cannot be dropped is not recorded */
    row_begin(scan);
    row_int(scan, 1, class_oid);
    row_int(scan, 2, oid);
    row_int(scan, 3, sub);
    row_int(scan, 4, ref_class);
    row_int(scan, 5, ref_oid);
    row_int(scan, 6, ref_sub);
    row_int(scan, 7, type);
}

static void depends_rows(struct sysrel_scan *scan, uint32_t class_oid, uint32_t oid,
                         const struct dependency *list, uint16_t n, char type)
{
    for (uint16_t k = 0; k < n; k++)
        depend_row(scan, class_oid, oid, 0, list[k].class_oid, list[k].oid, list[k].sub,
                   list[k].class_oid == CLASS_EXTENSION ? 'e' : type);
}

static void relation_depends(struct sysrel_scan *scan, const struct relation *relation)
{
    if (relation->kind != 'c')
        depend_row(scan, CLASS_RELATION, relation->oid, 0, CLASS_NAMESPACE, relation->namespace_oid,
                   0, 'n');
    else
        depend_row(scan, CLASS_RELATION, relation->oid, 0, CLASS_TYPE, relation->rowtype_oid, 0,
                   'i');
    for (uint16_t k = 0; k < relation->n_columns; k++) {
        const struct column *column = &relation->columns[k];
        uint32_t default_oid = synthetic_oid(relation->oid, column->attnum);
        if (column->dropped)
            continue;
        depend_row(scan, CLASS_RELATION, relation->oid, column->attnum, CLASS_TYPE,
                   column->type->oid, 0, 'n');
        if (!column->default_sql)
            continue;
        depend_row(scan, CLASS_ATTRDEF, default_oid, 0, CLASS_RELATION, relation->oid,
                   column->attnum, column->generated ? 'i' : 'a');
        depends_rows(scan, CLASS_ATTRDEF, default_oid, column->depends, column->n_depends, 'n');
    }
    const struct sequence *sequence = relation->sequence;
    if (sequence && sequence->owned_by_relation)
        depend_row(scan, CLASS_RELATION, relation->oid, 0, CLASS_RELATION,
                   sequence->owned_by_relation, sequence->owned_by_attnum,
                   sequence->owned_internally ? 'i' : 'a');
    if (relation->kind == 'v' || relation->kind == 'm') {
        uint32_t rule = synthetic_oid(relation->oid, 0);
        depend_row(scan, CLASS_REWRITE, rule, 0, CLASS_RELATION, relation->oid, 0, 'n');
        depend_row(scan, CLASS_REWRITE, rule, 0, CLASS_RELATION, relation->oid, 0, 'i');
        depends_rows(scan, CLASS_REWRITE, rule, relation->depends, relation->n_depends, 'n');
    }
}

static void index_depends(struct sysrel_scan *scan, const struct index *index)
{
    if (index->constraint_oid) {
        depend_row(scan, CLASS_RELATION, index->oid, 0, CLASS_CONSTRAINT, index->constraint_oid, 0,
                   'i');
        return;
    }
    bool plain = false;
    for (uint16_t k = 0; k < index->n_keys + index->n_include; k++)
        if (index->keys[k].attnum) {
            depend_row(scan, CLASS_RELATION, index->oid, 0, CLASS_RELATION, index->relation_oid,
                       index->keys[k].attnum, 'a');
            plain = true;
        }
    if (!plain)
        depend_row(scan, CLASS_RELATION, index->oid, 0, CLASS_RELATION, index->relation_oid, 0,
                   'a');
    for (uint16_t k = 0; k < index->n_depends; k++)
        depend_row(scan, CLASS_RELATION, index->oid, 0, index->depends[k].class_oid,
                   index->depends[k].oid, index->depends[k].sub,
                   index->depends[k].oid == index->relation_oid ? 'a' : 'n');
}

static void constraint_depends(struct sysrel_scan *scan, const struct constraint *constraint)
{
    for (uint16_t k = 0; k < constraint->n_columns; k++)
        depend_row(scan, CLASS_CONSTRAINT, constraint->oid, 0, CLASS_RELATION,
                   constraint->relation_oid, constraint->columns[k], 'a');
    if (!constraint->n_columns)
        depend_row(scan, CLASS_CONSTRAINT, constraint->oid, 0, CLASS_RELATION,
                   constraint->relation_oid, 0, 'a');
    if (constraint->kind == 'f') {
        for (uint16_t k = 0; k < constraint->n_columns; k++)
            depend_row(scan, CLASS_CONSTRAINT, constraint->oid, 0, CLASS_RELATION,
                       constraint->ref_relation_oid, constraint->ref_columns[k], 'n');
        depend_row(scan, CLASS_CONSTRAINT, constraint->oid, 0, CLASS_RELATION,
                   constraint->index_oid, 0, 'n');
    }
    depends_rows(scan, CLASS_CONSTRAINT, constraint->oid, constraint->depends,
                 constraint->n_depends, 'n');
}

static void type_depends(struct sysrel_scan *scan, const struct type *type)
{
    const struct domain_info *domain = type->domain;
    if (type->elem_oid) {
        depend_row(scan, CLASS_TYPE, type->oid, 0, CLASS_TYPE, type->elem_oid, 0, 'i');
        return;
    }
    const struct relation *relation =
        type->rel_oid ? catalog_relation(scan->catalog, type->rel_oid) : NULL;
    if (relation && relation->kind != 'c') {
        depend_row(scan, CLASS_TYPE, type->oid, 0, CLASS_RELATION, type->rel_oid, 0, 'i');
        return;
    }
    depend_row(scan, CLASS_TYPE, type->oid, 0, CLASS_NAMESPACE, type->namespace_oid, 0, 'n');
    if (type->kind == 'd')
        depend_row(scan, CLASS_TYPE, type->oid, 0, CLASS_TYPE, type->base_oid, 0, 'n');
    for (uint16_t k = 0; domain && k < domain->n_checks; k++)
        depend_row(scan, CLASS_CONSTRAINT, domain->checks[k].oid, 0, CLASS_TYPE, type->oid, 0, 'a');
}

static bool pg_depend(struct sysrel_scan *scan)
{
    const struct relation *relation;
    const struct index *index;
    const struct constraint *constraint;
    const struct type *type;
    const struct proc *proc;
    for (size_t at = 0; (relation = catalog_next_relation(scan->catalog, &at));)
        if (relation->oid >= FIRST_USER_OID)
            relation_depends(scan, relation);
    for (size_t at = 0; (index = catalog_next_index(scan->catalog, &at));)
        index_depends(scan, index);
    for (size_t at = 0; (constraint = catalog_next_constraint(scan->catalog, &at));)
        constraint_depends(scan, constraint);
    for (size_t at = 0; (type = catalog_next_type(scan->catalog, &at));)
        type_depends(scan, type);
    for (size_t at = 0; (proc = catalog_next_proc(scan->catalog, &at));) {
        depend_row(scan, CLASS_PROC, proc->oid, 0, CLASS_NAMESPACE, proc->namespace_oid, 0, 'n');
        depends_rows(scan, CLASS_PROC, proc->oid, proc->depends, proc->n_depends, 'n');
    }
    return true;
}

const struct sysrel_entry sysrel_object_rows[] = {
    {"pg_type", pg_type},           {"pg_enum", pg_enum},
    {"pg_proc", pg_proc},           {"pg_namespace", pg_namespace},
    {"pg_extension", pg_extension}, {"pg_description", pg_description},
    {"pg_depend", pg_depend},       {NULL, NULL},
};
