/* func_name.c - names and comments: is an object visible along the search path, to_regclass() and its kin, obj_description(),
 * pg_describe_object(). */
#include "catalog/cluster.h"
#include "catalog/func_int.h"
#include "sql/format_type.h"
#include "types/array.h"
#include "types/reg.h"

const char *text_argument(struct fcall *c, int arg)
{
    return arena_strndup(c->arena, ARG_P(c, arg), ARG_N(c, arg));
}

bool relation_argument(struct fcall *c, int arg, const struct relation **relation)
{
    const char *parts[3];
    int n;
    if (!name_parts(c->arena, ARG_P(c, arg), ARG_N(c, arg), parts, &n))
        return err_set(c->err, ERR_INVALID_NAME, "invalid name syntax");
    *relation = catalog_relation_by_name(c->env->catalog, c->env->path, n > 1 ? parts[n - 2] : NULL,
                                         parts[n - 1]);
    return *relation || err_set(c->err, ERR_UNDEFINED_TABLE, "relation \"%.*s\" does not exist",
                                (int)ARG_N(c, arg), ARG_P(c, arg));
}

/* ---- visibility ---- */

bool function_is_visible(const struct catalog *catalog, struct arena *arena,
                         const struct search_path *path, const struct proc *proc)
{
    size_t n;
    const struct proc *const *list =
        catalog_procs_by_name(catalog, arena, path, NULL, proc->name, &n);
    for (size_t k = 0; k < n; k++)
        if (list[k]->n_args == proc->n_args &&
            (!proc->n_args ||
             memcmp(list[k]->arg_types, proc->arg_types, proc->n_args * sizeof(uint32_t)) == 0))
            return list[k] == proc;
    return false;
}

static bool table_is_visible(struct fcall *c)
{
    const struct catalog *catalog = c->env->catalog;
    uint32_t oid = (uint32_t)ARG_I(c, 0);
    const struct relation *relation = catalog_relation(catalog, oid);
    const struct index *index = relation ? NULL : catalog_index(catalog, oid);
    if (relation)
        return return_bool(c, relation_is_visible(catalog, c->env->path, relation));
    if (index)
        return return_bool(c, index_is_visible(catalog, c->env->path, index));
    for (size_t k = 0; k < builtin_n_indexes; k++)
        if (builtin_indexes[k].oid == oid)
            return return_bool(c, true);
    return return_null(c);
}

static bool type_visible(struct fcall *c)
{
    const struct type *type = catalog_type(c->env->catalog, (uint32_t)ARG_I(c, 0));
    return type ? return_bool(c, type_is_visible(c->env->catalog, c->env->path, type))
                : return_null(c);
}

static bool function_visible(struct fcall *c)
{
    const struct proc *proc = catalog_proc(c->env->catalog, (uint32_t)ARG_I(c, 0));
    return proc ? return_bool(c, function_is_visible(c->env->catalog, c->arena, c->env->path, proc))
                : return_null(c);
}

static bool operator_visible(struct fcall *c)
{
    return catalog_oper(c->env->catalog, (uint32_t)ARG_I(c, 0)) ? return_bool(c, true)
                                                                : return_null(c);
}

/* Catalogs that never change are all in pg_catalog, which is on every path. */
static bool in_rows(const char *relation, int64_t oid)
{
    const struct builtin_rows *rows = builtin_rows_of(relation);
    for (uint32_t r = 0; rows && r < rows->n_rows; r++)
        if (strtoll(rows->cells[(size_t)r * rows->n_columns], NULL, 10) == oid)
            return true;
    return false;
}

#define VISIBLE_IN(name, relation)                                                                 \
    static bool name(struct fcall *c)                                                              \
    {                                                                                              \
        return in_rows(relation, ARG_I(c, 0)) ? return_bool(c, true) : return_null(c);             \
    }
VISIBLE_IN(opclass_visible, "pg_opclass")
VISIBLE_IN(opfamily_visible, "pg_opfamily")
VISIBLE_IN(collation_visible, "pg_collation")
VISIBLE_IN(conversion_visible, "pg_conversion")
VISIBLE_IN(ts_config_visible, "pg_ts_config")
VISIBLE_IN(ts_dict_visible, "pg_ts_dict")
VISIBLE_IN(ts_parser_visible, "pg_ts_parser")
VISIBLE_IN(ts_template_visible, "pg_ts_template")

static bool never_visible(struct fcall *c)
{
    return return_null(c);
}

/* ---- to_reg*: NULL instead of an error ---- */

static bool to_reg(struct fcall *c, uint32_t reg_type)
{
    struct type_io io = fcall_io(c, builtin_type(reg_type));
    struct err scratch = ERR_IN(c->arena);
    struct datum value;
    io.err = &scratch;
    if (ARG_N(c, 0) && (ARG_P(c, 0)[0] == '-' || (ARG_P(c, 0)[0] >= '0' && ARG_P(c, 0)[0] <= '9')))
        return return_null(c); /* a number is no name */
    if (type_in(&io, ARG_P(c, 0), ARG_N(c, 0), &value)) {
        c->result = value;
        return true;
    }
    if (err_is(&scratch, ERR_INVALID_NAME) || err_is(&scratch, ERR_SYNTAX_ERROR)) {
        err_copy(c->err, &scratch);
        return false;
    }
    return return_null(c);
}

#define TO_REG(name, type)                                                                         \
    static bool name(struct fcall *c)                                                              \
    {                                                                                              \
        return to_reg(c, type);                                                                    \
    }
TO_REG(to_regclass, TYPE_REGCLASS)
TO_REG(to_regtype, TYPE_REGTYPE)
TO_REG(to_regproc, TYPE_REGPROC)
TO_REG(to_regprocedure, TYPE_REGPROCEDURE)
TO_REG(to_regoper, TYPE_REGOPER)
TO_REG(to_regoperator, TYPE_REGOPERATOR)
TO_REG(to_regnamespace, TYPE_REGNAMESPACE)
TO_REG(to_regrole, TYPE_REGROLE)
TO_REG(to_regcollation, TYPE_REGCOLLATION)

static bool text_regclass(struct fcall *c)
{
    struct type_io io = fcall_io(c, builtin_type(TYPE_REGCLASS));
    return type_in(&io, ARG_P(c, 0), ARG_N(c, 0), &c->result);
}

/* ---- comments ---- */

static bool comment_of(struct fcall *c, uint32_t class_oid, uint32_t oid, int16_t sub)
{
    return return_text(c, catalog_comment(c->env->catalog, class_oid, oid, sub));
}

static bool obj_description(struct fcall *c)
{
    const struct relation *class =
        catalog_relation_by_name(c->env->catalog, NULL, "pg_catalog", text_argument(c, 1));
    return class ? comment_of(c, class->oid, (uint32_t)ARG_I(c, 0), 0) : return_null(c);
}

static bool obj_description_any(struct fcall *c)
{
    const struct comment *comment;
    for (size_t at = 0; (comment = catalog_next_comment(c->env->catalog, &at));)
        if (comment->object_oid == (uint32_t)ARG_I(c, 0) && comment->sub == 0)
            return return_text(c, comment->text);
    return return_null(c);
}

static bool col_description(struct fcall *c)
{
    return comment_of(c, CLASS_RELATION, (uint32_t)ARG_I(c, 0), (int16_t)ARG_I(c, 1));
}

static bool shobj_description(struct fcall *c)
{
    const char *class = text_argument(c, 1);
    uint32_t oid = (uint32_t)ARG_I(c, 0);
    struct cluster *cluster = catalog_cluster(c->env->catalog);
    if (strcmp(class, "pg_database") == 0 && cluster) {
        const struct cluster_database *database = cluster_database_by_oid(cluster, oid);
        return return_text(c, database ? database->comment : NULL);
    }
    if (strcmp(class, "pg_authid") == 0) {
        const struct role *role = catalog_role(c->env->catalog, oid);
        return return_text(c, role ? role->comment : NULL);
    }
    return return_null(c);
}

/* ---- pg_describe_object ---- */

static const char *describe_relation(struct fcall *c, uint32_t oid, int16_t attnum)
{
    const struct catalog *catalog = c->env->catalog;
    const struct relation *relation = catalog_relation(catalog, oid);
    const struct index *index = relation ? NULL : catalog_index(catalog, oid);
    if (index)
        return arena_printf(c->arena, "index %s%s%s",
                            index_is_visible(catalog, c->env->path, index)
                                ? ""
                                : namespace_name(catalog, index->namespace_oid),
                            index_is_visible(catalog, c->env->path, index) ? "" : ".",
                            quoted_ident(c->arena, index->name));
    if (!relation)
        return NULL;
    const char *name = relation_display_name(c->arena, catalog, c->env->path, relation);
    if (attnum > 0 && attnum <= relation->n_columns)
        return arena_printf(c->arena, "column %s of %s %s",
                            quoted_ident(c->arena, relation->columns[attnum - 1].name),
                            relation_kind_word(relation->kind), name);
    return arena_printf(c->arena, "%s %s", relation_kind_word(relation->kind), name);
}

static const char *describe_domain_check(struct fcall *c, uint32_t oid)
{
    const struct type *type;
    for (size_t at = 0; (type = catalog_next_type(c->env->catalog, &at));) {
        const struct domain_info *domain = type->domain;
        for (uint16_t k = 0; domain && k < domain->n_checks; k++)
            if (domain->checks[k].oid == oid)
                return arena_printf(c->arena, "constraint %s",
                                    quoted_ident(c->arena, domain->checks[k].name));
    }
    return NULL;
}

static const char *describe(struct fcall *c, uint32_t class_oid, uint32_t oid, int16_t sub)
{
    const struct catalog *catalog = c->env->catalog;
    uint32_t relation_oid;
    int16_t attnum;
    switch (class_oid) {
    case CLASS_RELATION:
        return describe_relation(c, oid, sub);
    case CLASS_TYPE: {
        const struct type *type = catalog_type(catalog, oid);
        return type ? arena_printf(c->arena, "type %s",
                                   format_type_name(c->arena, catalog, c->env->path, type))
                    : NULL;
    }
    case CLASS_CONSTRAINT: {
        const struct constraint *constraint = catalog_constraint(catalog, oid);
        return constraint ? arena_printf(c->arena, "constraint %s on %s",
                                         quoted_ident(c->arena, constraint->name),
                                         describe_relation(c, constraint->relation_oid, 0))
                          : describe_domain_check(c, oid);
    }
    case CLASS_NAMESPACE: {
        const struct namespace *namespace = catalog_namespace(catalog, oid);
        return namespace
                   ? arena_printf(c->arena, "schema %s", quoted_ident(c->arena, namespace->name))
                   : NULL;
    }
    case CLASS_PROC: {
        struct type_io io = fcall_io(c, builtin_type(TYPE_REGPROCEDURE));
        struct datum value = datum_int(oid);
        const char *text;
        return catalog_proc(catalog, oid) && type_out_cstring(&io, &value, &text)
                   ? arena_printf(c->arena, "function %s", text)
                   : NULL;
    }
    case CLASS_ATTRDEF:
        if (!synthetic_oid_parts(oid, &relation_oid, &attnum) ||
            !describe_relation(c, relation_oid, attnum))
            return NULL;
        return arena_printf(c->arena, "default value for %s",
                            describe_relation(c, relation_oid, attnum));
    case CLASS_REWRITE:
        if (!synthetic_oid_parts(oid, &relation_oid, &attnum) ||
            !describe_relation(c, relation_oid, 0))
            return NULL;
        return arena_printf(c->arena, "rule _RETURN on %s", describe_relation(c, relation_oid, 0));
    case CLASS_AUTHID: {
        const struct role *role = catalog_role(catalog, oid);
        return role ? arena_printf(c->arena, "role %s", quoted_ident(c->arena, role->name)) : NULL;
    }
    default:
        return NULL;
    }
}

static bool pg_describe_object(struct fcall *c)
{
    if (!ARG_I(c, 0) && !ARG_I(c, 1))
        return return_null(c);
    return return_text(
        c, describe(c, (uint32_t)ARG_I(c, 0), (uint32_t)ARG_I(c, 1), (int16_t)ARG_I(c, 2)));
}

/* "integer, text": the argument list of a function as its types. */
static bool oidvector_types(struct fcall *c)
{
    const struct array *array = array_of(&c->args[0]);
    struct buf out = BUF_IN(c->arena);
    for (uint32_t k = 0; k < array->n_items; k++) {
        uint32_t oid = (uint32_t)array_item(builtin_type(TYPE_OID), array, k).i;
        const struct type *type = oid ? catalog_type(c->env->catalog, oid) : NULL;
        buf_puts(&out, k ? ", " : "");
        buf_puts(&out, type  ? format_type_name(c->arena, c->env->catalog, c->env->path, type)
                       : oid ? "???"
                             : "-");
    }
    return return_bytes(c, out.p, out.n);
}

FUNC_TABLE(catalog_name_funcs) = {
    {"oidvectortypes", oidvector_types},
    {"pg_table_is_visible", table_is_visible},
    {"pg_type_is_visible", type_visible},
    {"pg_function_is_visible", function_visible},
    {"pg_operator_is_visible", operator_visible},
    {"pg_opclass_is_visible", opclass_visible},
    {"pg_opfamily_is_visible", opfamily_visible},
    {"pg_collation_is_visible", collation_visible},
    {"pg_conversion_is_visible", conversion_visible},
    {"pg_ts_config_is_visible", ts_config_visible},
    {"pg_ts_dict_is_visible", ts_dict_visible},
    {"pg_ts_parser_is_visible", ts_parser_visible},
    {"pg_ts_template_is_visible", ts_template_visible},
    {"pg_statistics_obj_is_visible", never_visible},
    {"to_regclass", to_regclass},
    {"to_regtype", to_regtype},
    {"to_regproc", to_regproc},
    {"to_regprocedure", to_regprocedure},
    {"to_regoper", to_regoper},
    {"to_regoperator", to_regoperator},
    {"to_regnamespace", to_regnamespace},
    {"to_regrole", to_regrole},
    {"to_regcollation", to_regcollation},
    {"text_regclass", text_regclass},
    {"obj_description(oid,name)", obj_description},
    {"obj_description(oid)", obj_description_any},
    {"col_description(oid,int4)", col_description},
    {"shobj_description(oid,name)", shobj_description},
    {"pg_describe_object", pg_describe_object},
    {NULL, NULL},
};
