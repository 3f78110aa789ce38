/* ddl_function.c - CREATE FUNCTION and PROCEDURE in LANGUAGE SQL, ALTER FUNCTION, finding functions by name and arguments.
 *
 * A body is kept as its text.  BEGIN ATOMIC and RETURN bodies are cut out of the statement; they are analysed at each call like any other
 * SQL body. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "catalog/ddl_int.h"
#include "sql/format_type.h"
#include "sql/parse.h"

#define ARGS_MAX 100

struct parameters {
    uint32_t input[ARGS_MAX], all[ARGS_MAX];
    char modes[ARGS_MAX + 1];
    const char *names[ARGS_MAX];
    const char *defaults[ARGS_MAX];
    uint16_t n_input, n_all, n_defaults, n_out;
    uint32_t variadic, single_out;
    bool has_names, has_modes;
    struct depends depends;
};

/* ---- types ---- */

static const char *type_name_text(struct ddl *d, const TypeName *name)
{
    struct buf out = BUF_IN(d->arena);
    for (int k = 0; k < list_n(name->names); k++) {
        const char *part = list_str(name->names, k);
        if (k == 0 && list_n(name->names) > 1 && strcmp(part, "pg_catalog") == 0)
            continue;
        buf_printf(&out, "%s%s", out.n ? "." : "", part);
    }
    return buf_cstr(&out);
}

static const struct type *argument_type(struct ddl *d, const TypeName *name,
                                        struct depends *depends)
{
    struct analyze_context context = analysis(d);
    const struct type *type;
    int32_t typmod;
    if (!analyze_type_name(&context, name, &type, &typmod, d->err)) {
        if (err_is(d->err, ERR_UNDEFINED_OBJECT)) {
            err_clear(d->err);
            err_set(d->err, ERR_UNDEFINED_OBJECT, "type %s does not exist",
                    type_name_text(d, name));
        }
        return NULL;
    }
    const struct type *elem = type->elem_oid && type->elem ? type->elem : type;
    depends_on(d, depends, CLASS_TYPE, elem->oid, 0);
    return type;
}

/* ---- parameters ---- */

static bool check_name(struct ddl *d, const struct parameters *p, const char *name, char mode)
{
    for (uint16_t k = 0; name && *name && k < p->n_all; k++) {
        if (!p->names[k] || strcmp(p->names[k], name) != 0)
            continue;
        bool in_a = p->modes[k] == 'i' || p->modes[k] == 'v', in_b = mode == 'i' || mode == 'v';
        bool out_a = p->modes[k] == 'o' || p->modes[k] == 't', out_b = mode == 'o' || mode == 't';
        if ((in_a && out_b && mode != 't') || (out_a && in_b && p->modes[k] != 't'))
            continue; /* the same name may be read and written */
        return err_set(d->err, ERR_INVALID_FUNCTION_DEFINITION,
                       "parameter name \"%s\" used more than once", name);
    }
    return true;
}

static bool add_default(struct ddl *d, const FunctionParameter *node, const struct type *type,
                        struct parameters *p)
{
    struct analyze_context context = analysis(d);
    struct expr *expr =
        analyze_raw_expr(&context, node->defexpr, NULL, type, -1, "DEFAULT expression", d->err);
    if (!expr)
        return false;
    p->defaults[p->n_defaults++] = canonical_expr(d, expr, NULL);
    return true;
}

static char mode_of(FunctionParameterMode mode)
{
    return mode == FUNC_PARAM_DEFAULT ? 'i' : (char)mode;
}

static bool add_parameter(struct ddl *d, const FunctionParameter *node, struct parameters *p,
                          bool is_procedure)
{
    char mode = mode_of(node->mode);
    const struct type *type = argument_type(d, node->argType, &p->depends);
    bool is_input = mode != 'o' && mode != 't';
    if (!type)
        return false;
    if (node->argType->setof)
        return err_set(d->err, ERR_INVALID_FUNCTION_DEFINITION,
                       "functions cannot accept set arguments");
    if (p->n_all == ARGS_MAX)
        return err_set(d->err, ERR_TOO_MANY_ARGUMENTS,
                       "functions cannot have more than %d arguments", ARGS_MAX);
    if (p->variadic && is_input)
        return err_set(d->err, ERR_INVALID_FUNCTION_DEFINITION,
                       "VARIADIC parameter must be the last input parameter");
    if (!check_name(d, p, node->name, mode))
        return false;
    if (is_input) {
        p->input[p->n_input++] = type->oid;
        if (node->defexpr ? !add_default(d, node, type, p) : p->n_defaults > 0)
            return node->defexpr ? false
                                 : err_set(d->err, ERR_INVALID_FUNCTION_DEFINITION,
                                           "input parameters after one with a default value must "
                                           "also have defaults");
    } else if (node->defexpr) {
        return err_set(d->err, ERR_INVALID_FUNCTION_DEFINITION,
                       "only input parameters can have default values");
    }
    if (mode == 'o' || mode == 'b' || mode == 't') {
        p->n_out++;
        p->single_out = type->oid;
    }
    if (mode == 'v') {
        if (!type->elem_oid && type->oid != TYPE_ANY && type->oid != TYPE_ANYARRAY)
            return err_set(d->err, ERR_INVALID_FUNCTION_DEFINITION,
                           "VARIADIC parameter must be an array");
        p->variadic = type->oid == TYPE_ANYARRAY ? TYPE_ANYELEMENT
                      : type->oid == TYPE_ANY    ? TYPE_ANY
                                                 : type->elem_oid;
    }
    p->all[p->n_all] = type->oid;
    p->modes[p->n_all] = mode;
    p->names[p->n_all] = node->name ? node->name : "";
    p->has_names |= node->name && node->name[0];
    p->has_modes |= mode != 'i';
    p->n_all++;
    return true;
}

/* ---- body ---- */

/* The text after the last word `keyword` that stands outside of quotes; NULL: none. */
static const char *after_keyword(const char *text, const char *keyword)
{
    const char *found = NULL;
    size_t n = strlen(keyword);
    char quote = 0;
    for (const char *p = text; *p; p++) {
        if (quote) {
            if (*p == quote)
                quote = 0;
        } else if (*p == '\'' || *p == '"') {
            quote = *p;
        } else if (strncasecmp(p, keyword, n) == 0 &&
                   (p == text || !(isalnum((uint8_t)p[-1]) || p[-1] == '_')) &&
                   !(isalnum((uint8_t)p[n]) || p[n] == '_')) {
            found = p + n;
            if (strcmp(keyword, "ATOMIC") == 0)
                return found;
        }
    }
    return found;
}

static const char *trimmed(struct ddl *d, const char *text)
{
    size_t n = strlen(text);
    while (n && (isspace((uint8_t)text[n - 1]) || text[n - 1] == ';'))
        n--;
    while (n && isspace((uint8_t)*text))
        text++, n--;
    return arena_strndup(d->arena, text, n);
}

static const char *standard_body(struct ddl *d, const CreateFunctionStmt *stmt)
{
    const char *statement = d->c->statement ? d->c->statement : d->c->text;
    if (IS_NODE(stmt->sql_body, ReturnStmt)) {
        const char *text = after_keyword(statement, "RETURN");
        return text ? arena_printf(d->arena, "SELECT %s", trimmed(d, text)) : NULL;
    }
    const char *text = after_keyword(statement, "ATOMIC");
    if (!text)
        return NULL;
    char *body = arena_strdup(d->arena, trimmed(d, text));
    size_t n = strlen(body);
    if (n >= 3 && strcasecmp(body + n - 3, "END") == 0)
        body[n - 3] = 0;
    return trimmed(d, body);
}

static bool find_body(struct ddl *d, const CreateFunctionStmt *stmt, const char **body)
{
    const DefElem *as = option_named(stmt->options, "as"),
                  *language = option_named(stmt->options, "language");
    const char *name = language ? option_text(d, language) : stmt->sql_body ? "sql" : NULL;
    if (!name)
        return err_set(d->err, ERR_INVALID_FUNCTION_DEFINITION, "no language specified");
    if (strcmp(name, "plpgsql") == 0 || strcmp(name, "c") == 0 || strcmp(name, "internal") == 0)
        return err_set(d->err, ERR_FEATURE_NOT_SUPPORTED,
                       "functions in language \"%s\" are not supported", name);
    if (strcmp(name, "sql") != 0)
        return err_set(d->err, ERR_UNDEFINED_OBJECT, "language \"%s\" does not exist", name);
    if (stmt->sql_body) {
        *body = standard_body(d, stmt);
        return *body ||
               err_set(d->err, ERR_FEATURE_NOT_SUPPORTED, "this function body is not supported");
    }
    if (!as)
        return err_set(d->err, ERR_INVALID_FUNCTION_DEFINITION, "no function body specified");
    const List *texts = (const List *)as->arg;
    if (list_n(texts) > 1)
        return err_set(d->err, ERR_INVALID_FUNCTION_DEFINITION,
                       "only one AS item needed for language \"sql\"");
    *body = list_str(texts, 0);
    return true;
}

/* ---- attributes ---- */

static bool apply_attributes(struct ddl *d, const List *options, struct proc *proc)
{
    for (int k = 0; k < list_n(options); k++) {
        const DefElem *option = list_at(options, k);
        const char *text = option_text(d, option);
        if (strcmp(option->defname, "volatility") == 0) {
            proc->volatility = strcmp(text, "immutable") == 0 ? 'i'
                               : strcmp(text, "stable") == 0  ? 's'
                                                              : 'v';
        } else if (strcmp(option->defname, "strict") == 0) {
            if (!option_bool(d, option, &proc->strict))
                return false;
        } else if (strcmp(option->defname, "security") == 0) {
            if (!option_bool(d, option, &proc->security_definer))
                return false;
        } else if (strcmp(option->defname, "leakproof") == 0) {
            if (!option_bool(d, option, &proc->leakproof))
                return false;
        } else if (strcmp(option->defname, "parallel") == 0) {
            if (strcmp(text, "safe") != 0 && strcmp(text, "unsafe") != 0 &&
                strcmp(text, "restricted") != 0)
                return err_set(d->err, ERR_SYNTAX_ERROR,
                               "parameter \"parallel\" must be SAFE, RESTRICTED, or UNSAFE");
            proc->parallel = text[0];
        } else if (strcmp(option->defname, "cost") == 0) {
            proc->cost = strtod(text, NULL);
            if (proc->cost <= 0)
                return err_set(d->err, ERR_INVALID_PARAMETER_VALUE, "COST must be positive");
        } else if (strcmp(option->defname, "rows") == 0) {
            proc->rows = strtod(text, NULL);
            if (proc->rows <= 0)
                return err_set(d->err, ERR_INVALID_PARAMETER_VALUE, "ROWS must be positive");
            if (!proc->returns_set)
                return err_set(d->err, ERR_INVALID_PARAMETER_VALUE,
                               "ROWS is not applicable when function does not return a set");
        } else if (strcmp(option->defname, "window") == 0) {
            return err_set(d->err, ERR_FEATURE_NOT_SUPPORTED,
                           "user-defined window functions are not supported");
        } else if (strcmp(option->defname, "set") == 0) {
            return err_set(d->err, ERR_FEATURE_NOT_SUPPORTED,
                           "functions with a SET clause are not supported");
        }
    }
    return true;
}

static void fill_parameters(struct arena *arena, struct proc *proc, const struct parameters *p)
{
    proc->n_args = p->n_input;
    proc->arg_types = arena_memdup(arena, p->input, p->n_input * sizeof(uint32_t));
    proc->variadic_type = p->variadic;
    const char **defaults = ARENA_ARRAY(arena, const char *, p->n_defaults + 1u);
    for (uint16_t k = 0; k < p->n_defaults; k++)
        defaults[k] = arena_strdup(arena, p->defaults[k]);
    proc->default_sql = defaults;
    proc->n_defaults = p->n_defaults;
    if (p->has_modes) {
        proc->n_all_args = p->n_all;
        proc->all_arg_types = arena_memdup(arena, p->all, p->n_all * sizeof(uint32_t));
        proc->arg_modes = arena_strndup(arena, p->modes, p->n_all);
    }
    if (!p->has_names)
        return;
    const char **names = ARENA_ARRAY(arena, const char *, p->n_all + 1u);
    for (uint16_t k = 0; k < p->n_all; k++)
        names[k] = arena_strdup(arena, p->names[k]);
    proc->arg_names = names;
}

static bool result_type(struct ddl *d, const CreateFunctionStmt *stmt, struct parameters *p,
                        struct proc *proc)
{
    uint32_t from_out = p->n_out == 1 ? p->single_out : p->n_out > 1 ? TYPE_RECORD : 0;
    bool is_table = p->n_out && p->modes[p->n_all - 1] == 't';
    if (stmt->is_procedure) {
        proc->result_type = p->n_out ? TYPE_RECORD : TYPE_VOID;
        return true;
    }
    if (is_table) {
        proc->result_type = from_out;
        proc->returns_set = true;
        return true;
    }
    if (!stmt->returnType) {
        if (!p->n_out)
            return err_set(d->err, ERR_INVALID_FUNCTION_DEFINITION,
                           "function result type must be specified");
        proc->result_type = from_out;
        return true;
    }
    const struct type *type = argument_type(d, stmt->returnType, &p->depends);
    if (!type && err_is(d->err, ERR_UNDEFINED_OBJECT))
        err_set(d->err, ERR_UNDEFINED_OBJECT, "type \"%s\" does not exist",
                type_name_text(d, stmt->returnType));
    if (!type)
        return false;
    proc->result_type = type->oid;
    proc->returns_set = stmt->returnType->setof;
    if (p->n_out && proc->result_type != from_out)
        return err_set(
            d->err, ERR_INVALID_FUNCTION_DEFINITION,
            "function result type must be %s because of OUT parameters",
            format_type_name(d->arena, d->fork, &d->c->path, catalog_type(d->fork, from_out)));
    return true;
}

/* ---- replacing ---- */

static const struct proc *same_signature(struct ddl *d, const struct namespace *namespace,
                                         const char *name, const struct parameters *p)
{
    size_t n;
    const struct proc *const *list =
        catalog_procs_by_name(d->fork, d->arena, NULL, namespace->name, name, &n);
    for (size_t k = 0; k < n; k++)
        if (list[k]->namespace_oid == namespace->oid && list[k]->n_args == p->n_input &&
            (!p->n_input ||
             memcmp(list[k]->arg_types, p->input, p->n_input * sizeof(uint32_t)) == 0))
            return list[k];
    return NULL;
}

static bool check_replacement(struct ddl *d, const struct proc *old, const struct proc *new)
{
    const char *hint =
        arena_printf(d->arena, "Use DROP %s %s first.", old->kind == 'p' ? "PROCEDURE" : "FUNCTION",
                     function_signature(d, old));
    if (old->kind != new->kind) {
        err_set(d->err, ERR_WRONG_OBJECT_TYPE, "cannot change routine kind");
        return err_detail(d->err, "\"%s\" is a %s.", old->name,
                          old->kind == 'p' ? "procedure" : "function");
    }
    if (old->result_type != new->result_type || old->returns_set != new->returns_set) {
        err_set(d->err, ERR_INVALID_FUNCTION_DEFINITION,
                "cannot change return type of existing function");
        return err_hint(d->err, "%s", hint);
    }
    if (old->n_all_args != new->n_all_args ||
        (old->n_all_args &&
         memcmp(old->all_arg_types, new->all_arg_types, old->n_all_args * sizeof(uint32_t)) != 0)) {
        err_set(d->err, ERR_INVALID_FUNCTION_DEFINITION,
                "cannot change return type of existing function");
        err_detail(d->err, "Row type defined by OUT parameters is different.");
        return err_hint(d->err, "%s", hint);
    }
    uint16_t n = old->n_all_args ? old->n_all_args : old->n_args;
    for (uint16_t k = 0; old->arg_names && k < n; k++)
        if (old->arg_names[k][0] &&
            (!new->arg_names || strcmp(old->arg_names[k], new->arg_names[k]) != 0)) {
            err_set(d->err, ERR_INVALID_FUNCTION_DEFINITION,
                    "cannot change name of input parameter \"%s\"", old->arg_names[k]);
            return err_hint(d->err, "%s", hint);
        }
    if (old->n_defaults > new->n_defaults) {
        err_set(d->err, ERR_INVALID_FUNCTION_DEFINITION,
                "cannot remove parameter defaults from existing function");
        return err_hint(d->err, "%s", hint);
    }
    return true;
}

/* Is the body written at `text`, between quotes or dollars?  Then *at is where its character number `position` (from 1) is. */
static bool body_is_at(const char *text, const char *body, int position, const char **at)
{
    bool quoted = *text == '\'';
    const char *p = text + 1;
    *at = NULL;
    for (int n = 1; *body; body++) {
        if (*p != *body)
            return false;
        if (((uint8_t)*body & 0xc0) != 0x80 && n++ == position)
            *at = p;
        if (quoted && *p == '\'' && *++p != '\'')
            return false;
        p++;
    }
    return *p == *text && *at;
}

/* An error's place in the body becomes its place in the statement; false: the body is not in there as it is. */
static bool move_position(struct ddl *d, const char *body)
{
    const char *found = NULL, *at;
    for (const char *p = d->c->text; *p && d->err->position; p++)
        if ((*p == '\'' || *p == '$') && body_is_at(p, body, d->err->position, &at)) {
            if (found)
                return false;
            found = at;
        }
    if (found)
        d->err->position = sql_position(d->c->text, (int)(found - d->c->text));
    return found != NULL;
}

/* Its real type is known at a call only. */
static bool is_pseudo_argument(const struct type *type)
{
    return type->kind == 'p' && type->oid != TYPE_VOID && type->oid != TYPE_RECORD;
}

/* Does the body fit the declaration?  Polymorphic ones can only be checked when they are called. */
static bool check_body(struct ddl *d, const struct proc *proc)
{
    struct expr call = {.kind = EXPR_FUNC, .type = catalog_type(d->fork, proc->result_type)};
    struct routine_body body;
    if (d->c->skip_function_bodies || !call.type || is_pseudo_argument(call.type))
        return true;
    call.func.proc = proc;
    for (uint16_t k = 0; k < proc->n_args; k++) {
        struct expr *arg = ARENA_NEW(d->arena, struct expr);
        arg->kind = EXPR_PARAM;
        arg->type = catalog_type(d->fork, proc->arg_types[k]);
        if (!arg->type || is_pseudo_argument(arg->type))
            return true;
        VEC_PUSH(d->arena, &call.args, arg);
    }
    struct analyze_context context = analysis(d);
    context.text = NULL; /* positions are those in the body */
    if (analyze_routine(&context, &call, &body, d->err))
        return true;
    if (move_position(d, proc->sql_body)) {
        d->err->where = NULL;
        return false;
    }
    d->err->position = 0;
    if (!d->err->where)
        d->err->where = arena_printf(d->err->arena, "SQL function \"%s\"", proc->name);
    return false;
}

static bool replace(struct ddl *d, const struct proc *old, struct object *object)
{
    struct proc *made = object_proc(object);
    if (!must_be_owner(d, old->owner_oid, old->kind == 'p' ? "procedure" : "function", old->name) ||
        !check_replacement(d, old, made))
        return false;
    uint32_t oid = old->oid;
    struct proc *edited = catalog_edit_proc(d->fork, oid);
    struct arena *arena = catalog_edit_arena(d->fork, oid);
    const struct acl *acl = edited->acl;
    uint32_t owner = edited->owner_oid;
    *edited = *made;
    edited->oid = oid;
    edited->acl = acl;
    edited->owner_oid = owner;
    edited->name = arena_strdup(arena, made->name);
    edited->language = arena_strdup(arena, made->language);
    edited->sql_body = arena_strdup(arena, made->sql_body);
    edited->prosrc = arena_strdup(arena, made->prosrc);
    edited->arg_types = arena_memdup(arena, made->arg_types, made->n_args * sizeof(uint32_t));
    if (made->n_all_args) {
        edited->all_arg_types =
            arena_memdup(arena, made->all_arg_types, made->n_all_args * sizeof(uint32_t));
        edited->arg_modes = arena_strdup(arena, made->arg_modes);
    }
    uint16_t n = made->n_all_args ? made->n_all_args : made->n_args;
    if (made->arg_names) {
        const char **names = ARENA_ARRAY(arena, const char *, n + 1u);
        for (uint16_t k = 0; k < n; k++)
            names[k] = arena_strdup(arena, made->arg_names[k]);
        edited->arg_names = names;
    }
    const char **defaults = ARENA_ARRAY(arena, const char *, made->n_defaults + 1u);
    for (uint16_t k = 0; k < made->n_defaults; k++)
        defaults[k] = arena_strdup(arena, made->default_sql[k]);
    edited->default_sql = defaults;
    edited->depends = dependencies_copy(arena, made->depends, made->n_depends);
    return check_body(d, edited);
}

static bool fill_function(struct ddl *d, const CreateFunctionStmt *stmt, struct object *object,
                          struct parameters *p, const char *body)
{
    struct proc *proc = object_proc(object);
    struct arena *arena = object_arena(object);
    proc->kind = stmt->is_procedure ? 'p' : 'f';
    proc->volatility = 'v';
    proc->parallel = 'u';
    proc->cost = 100;
    proc->owner_oid = d->c->user_oid;
    proc->language = "sql";
    proc->sql_body = arena_strdup(arena, body);
    proc->prosrc = stmt->sql_body ? "" : proc->sql_body;
    if (!result_type(d, stmt, p, proc))
        return false;
    proc->rows = proc->returns_set ? 1000 : 0;
    if (!apply_attributes(d, stmt->options, proc))
        return false;
    fill_parameters(arena, proc, p);
    proc->depends = dependencies_copy(arena, p->depends.items, (uint16_t)p->depends.n);
    proc->n_depends = (uint16_t)p->depends.n;
    return true;
}

bool create_function(struct ddl *d, const CreateFunctionStmt *stmt)
{
    const struct namespace *namespace;
    const char *schema, *name, *body = NULL;
    struct parameters *p = ARENA_NEW(d->arena, struct parameters);
    if (!split_names(d, stmt->funcname, &schema, &name) ||
        !creation_namespace(d, schema, false, &namespace) || !find_body(d, stmt, &body))
        return false;
    name = clip_name(d, name);
    for (int k = 0; k < list_n(stmt->parameters); k++)
        if (!add_parameter(d, list_at(stmt->parameters, k), p, stmt->is_procedure))
            return false;
    const struct proc *old = same_signature(d, namespace, name, p);
    if (old && !stmt->replace)
        return err_set(d->err, ERR_DUPLICATE_FUNCTION,
                       "function \"%s\" already exists with same argument types", name);
    struct object *object = object_new(OBJ_PROC, old ? old->oid : catalog_new_oid(d->fork));
    struct proc *proc = object_proc(object);
    proc->namespace_oid = namespace->oid;
    proc->name = arena_strdup(object_arena(object), name);
    bool ok = fill_function(d, stmt, object, p, body);
    if (!ok || old) {
        ok = ok && replace(d, old, object);
        arena_free(object_arena(object));
        return ok;
    }
    uint32_t oid = proc->oid;
    catalog_add(d->fork, object);
    return check_body(d, catalog_proc(d->fork, oid));
}

bool alter_function(struct ddl *d, const AlterFunctionStmt *stmt)
{
    const struct proc *proc = find_function(d, stmt->func, stmt->objtype, false);
    if (!proc || !must_be_owner(d, proc->owner_oid, "function", proc->name))
        return false;
    return apply_attributes(d, stmt->actions, catalog_edit_proc(d->fork, proc->oid));
}

/* ---- finding ---- */

static bool kind_fits(const struct proc *proc, ObjectType kind)
{
    switch ((int)kind) {
    case OBJECT_PROCEDURE:
        return proc->kind == 'p';
    case OBJECT_AGGREGATE:
        return proc->kind == 'a';
    case OBJECT_FUNCTION:
        return proc->kind != 'p';
    default:
        return true;
    }
}

static const char *kind_word(ObjectType kind)
{
    return kind == OBJECT_PROCEDURE   ? "procedure"
           : kind == OBJECT_AGGREGATE ? "aggregate"
           : kind == OBJECT_ROUTINE   ? "routine"
                                      : "function";
}

static const struct proc *by_name_only(struct ddl *d, const struct proc *const *list, size_t n,
                                       const char *name, ObjectType kind, bool missing_ok)
{
    const struct proc *found = NULL;
    for (size_t k = 0; k < n; k++) {
        if (!kind_fits(list[k], kind))
            continue;
        if (found) {
            err_set(d->err, ERR_AMBIGUOUS_FUNCTION, "%s name \"%s\" is not unique", kind_word(kind),
                    name);
            err_hint(d->err, "Specify the argument list to select the %s unambiguously.",
                     kind_word(kind));
            return NULL;
        }
        found = list[k];
    }
    if (!found && !missing_ok)
        err_set(d->err, ERR_UNDEFINED_FUNCTION, "could not find a %s named \"%s\"", kind_word(kind),
                name);
    return found;
}

/* "pg_catalog.int4,text": the types as the parser has them. */
static const char *written_types(struct ddl *d, const List *types)
{
    struct buf out = BUF_IN(d->arena);
    for (int k = 0; k < list_n(types); k++) {
        const TypeName *type = list_at(types, k);
        buf_puts(&out, k ? "," : "");
        for (int n = 0; n < list_n(type->names); n++)
            buf_printf(&out, "%s%s", n ? "." : "", list_str(type->names, n));
    }
    return out.n ? buf_cstr(&out) : "";
}

/* NULL: an error, or (when it may be missing) a notice. */
const struct proc *find_function(struct ddl *d, const ObjectWithArgs *spec, ObjectType kind,
                                 bool missing_ok)
{
    const char *schema, *name;
    size_t n;
    uint32_t types[ARGS_MAX];
    struct depends ignored = {0};
    struct buf args = BUF_IN(d->arena);
    if (!split_names(d, spec->objname, &schema, &name))
        return NULL;
    const struct proc *const *list =
        catalog_procs_by_name(d->fork, d->arena, &d->c->path, schema, name, &n);
    if (spec->args_unspecified)
        return by_name_only(d, list, n, name, kind, missing_ok);
    int n_args = MIN(list_n(spec->objargs), ARGS_MAX);
    for (int k = 0; k < n_args; k++) {
        const TypeName *written = list_at(spec->objargs, k);
        const struct type *type = argument_type(d, written, &ignored);
        if (!type && err_is(d->err, ERR_UNDEFINED_OBJECT)) {
            const char *text =
                arena_printf(d->arena, "type \"%s%s\" does not exist", type_name_text(d, written),
                             list_n(written->arrayBounds) ? "[]" : "");
            err_clear(d->err);
            if (missing_ok)
                notice(d, "%s, skipping", text);
            else
                err_set(d->err, ERR_UNDEFINED_OBJECT, "%s", text);
        }
        if (!type)
            return NULL;
        types[k] = type->oid;
        buf_printf(&args, "%s%s", k ? ", " : "",
                   format_type_name(d->arena, d->fork, &d->c->path, type));
    }
    const char *signature = arena_printf(
        d->arena, "%s(%s)", schema ? arena_printf(d->arena, "%s.%s", schema, name) : name,
        args.n ? buf_cstr(&args) : "");
    for (size_t k = 0; k < n; k++) {
        if (list[k]->n_args != n_args ||
            (n_args && memcmp(list[k]->arg_types, types, (size_t)n_args * sizeof(uint32_t)) != 0))
            continue;
        if (kind_fits(list[k], kind))
            return list[k];
        err_set(d->err, ERR_WRONG_OBJECT_TYPE,
                kind == OBJECT_AGGREGATE ? "function %s is not %s %s" : "%s is not %s %s",
                signature, kind == OBJECT_AGGREGATE ? "an" : "a", kind_word(kind));
        return NULL;
    }
    const char *word = kind_word(kind);
    if (missing_ok)
        notice(d, "%s %s%s%s(%s) does not exist, skipping", word, schema ? schema : "",
               schema ? "." : "", name, written_types(d, spec->objargs));
    else
        err_set(d->err, ERR_UNDEFINED_FUNCTION, "%s %s does not exist", word, signature);
    return NULL;
}
