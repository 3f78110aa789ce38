/* extension.c - the extensions that there are, CREATE EXTENSION and ALTER EXTENSION.
 *
 * CREATE EXTENSION puts the functions into a schema as rows of their own that belong to the extension: they go with it, and dumps leave
 * them out. */
#include "catalog/extension.h"

#include <string.h>

#include "catalog/ddl_int.h"

static const struct extension_function pgcrypto[] = {
    {"digest", "pg_digest", TYPE_BYTEA, {TYPE_TEXT, TYPE_TEXT}, {0}, 'i', true},
    {"digest", "pg_digest", TYPE_BYTEA, {TYPE_BYTEA, TYPE_TEXT}, {0}, 'i', true},
    {"hmac", "pg_hmac", TYPE_BYTEA, {TYPE_TEXT, TYPE_TEXT, TYPE_TEXT}, {0}, 'i', true},
    {"hmac", "pg_hmac", TYPE_BYTEA, {TYPE_BYTEA, TYPE_BYTEA, TYPE_TEXT}, {0}, 'i', true},
    {"gen_random_bytes", "pg_random_bytes", TYPE_BYTEA, {TYPE_INT4}, {0}, 'v', true},
    {"gen_random_uuid", "gen_random_uuid", TYPE_UUID, {0}, {0}, 'v', false},
};

static const struct extension_function uuid_ossp[] = {
    {"uuid_nil", "uuid_nil", TYPE_UUID, {0}, {0}, 'i', true},
    {"uuid_ns_dns", "uuid_ns_dns", TYPE_UUID, {0}, {0}, 'i', true},
    {"uuid_ns_url", "uuid_ns_url", TYPE_UUID, {0}, {0}, 'i', true},
    {"uuid_ns_oid", "uuid_ns_oid", TYPE_UUID, {0}, {0}, 'i', true},
    {"uuid_ns_x500", "uuid_ns_x500", TYPE_UUID, {0}, {0}, 'i', true},
    {"uuid_generate_v1", "uuid_generate_v1", TYPE_UUID, {0}, {0}, 'v', true},
    {"uuid_generate_v1mc", "uuid_generate_v1mc", TYPE_UUID, {0}, {0}, 'v', true},
    {"uuid_generate_v3",
     "uuid_generate_v3",
     TYPE_UUID,
     {TYPE_UUID, TYPE_TEXT},
     {"namespace", "name"},
     'i',
     true},
    {"uuid_generate_v4", "gen_random_uuid", TYPE_UUID, {0}, {0}, 'v', true},
    {"uuid_generate_v5",
     "uuid_generate_v5",
     TYPE_UUID,
     {TYPE_UUID, TYPE_TEXT},
     {"namespace", "name"},
     'i',
     true},
};

const struct extension_facts known_extensions[] = {
    {"pgcrypto", "1.3", "cryptographic functions", pgcrypto, ARRAY_COUNT(pgcrypto)},
    {"plpgsql", "1.0", "PL/pgSQL procedural language", NULL, 0},
    {"uuid-ossp", "1.1", "generate universally unique identifiers (UUIDs)", uuid_ossp,
     ARRAY_COUNT(uuid_ossp)},
};
const size_t n_known_extensions = ARRAY_COUNT(known_extensions);

const struct extension_facts *extension_find(const char *name)
{
    for (size_t k = 0; k < n_known_extensions; k++)
        if (strcmp(known_extensions[k].name, name) == 0)
            return &known_extensions[k];
    return NULL;
}

/* ---- CREATE EXTENSION ---- */

static bool function_is_there(struct ddl *d, const struct extension_function *function,
                              uint32_t namespace_oid, uint16_t n_args)
{
    size_t n;
    const struct proc *const *list = catalog_procs_by_name(
        d->fork, d->arena, &d->c->path, namespace_name(d->fork, namespace_oid), function->name, &n);
    for (size_t k = 0; k < n; k++)
        if (list[k]->namespace_oid == namespace_oid && list[k]->n_args == n_args &&
            memcmp(list[k]->arg_types, function->arg_types, n_args * sizeof(uint32_t)) == 0)
            return true;
    return false;
}

static bool create_function_of(struct ddl *d, const struct extension *extension,
                               const struct extension_function *function)
{
    uint16_t n_args = 0;
    while (n_args < 4 && function->arg_types[n_args])
        n_args++;
    if (function_is_there(d, function, extension->namespace_oid, n_args))
        return err_set(d->err, ERR_DUPLICATE_FUNCTION,
                       "function \"%s\" already exists with same argument types", function->name);
    struct object *object = object_new(OBJ_PROC, catalog_new_oid(d->fork));
    struct proc *proc = object_proc(object);
    struct arena *arena = object_arena(object);
    struct dependency owner = {CLASS_EXTENSION, extension->oid, 0};
    proc->namespace_oid = extension->namespace_oid;
    proc->name = arena_strdup(arena, function->name);
    proc->prosrc = arena_strdup(arena, function->prosrc);
    proc->language = "c";
    proc->kind = 'f';
    proc->strict = function->strict;
    proc->volatility = function->volatility;
    proc->parallel = 's';
    proc->cost = 1;
    proc->result_type = function->result_type;
    proc->owner_oid = extension->owner_oid;
    proc->n_args = n_args;
    proc->arg_types = arena_memdup(arena, function->arg_types, n_args * sizeof(uint32_t));
    proc->arg_names = function->arg_names[0]
                          ? arena_memdup(arena, function->arg_names, n_args * sizeof(char *))
                          : NULL;
    proc->depends = dependencies_copy(arena, &owner, 1);
    proc->n_depends = 1;
    catalog_add(d->fork, object);
    return true;
}

static bool refuse_unavailable(struct ddl *d, const char *name)
{
    err_set(d->err, ERR_FEATURE_NOT_SUPPORTED, "extension \"%s\" is not available", name);
    return err_hint(d->err, "The extension must first be installed on the system where PostgreSQL "
                            "is running.");
}

bool create_extension(struct ddl *d, const CreateExtensionStmt *stmt)
{
    const DefElem *schema = option_named(stmt->options, "schema"),
                  *version = option_named(stmt->options, "new_version");
    const struct extension_facts *facts = extension_find(stmt->extname);
    const struct namespace *namespace;
    if (catalog_extension_by_name(d->fork, stmt->extname) ||
        strcmp(stmt->extname, "plpgsql") == 0) {
        const char *message =
            arena_printf(d->arena, "extension \"%s\" already exists", stmt->extname);
        if (!stmt->if_not_exists)
            return err_set(d->err, ERR_DUPLICATE_OBJECT, "%s", message);
        notice_full(d, "NOTICE", ERR_DUPLICATE_OBJECT,
                    arena_printf(d->arena, "%s, skipping", message), NULL, NULL);
        return true;
    }
    if (!facts)
        return refuse_unavailable(d, stmt->extname);
    if (version && strcmp(option_text(d, version), facts->version) != 0)
        return err_set(
            d->err, ERR_INVALID_PARAMETER_VALUE,
            "extension \"%s\" has no installation script nor update path for version \"%s\"",
            facts->name, option_text(d, version));
    if (!creation_namespace(d, schema ? option_text(d, schema) : NULL, false, &namespace))
        return false;
    struct object *object = object_new(OBJ_EXTENSION, catalog_new_oid(d->fork));
    struct extension *extension = object_extension(object);
    extension->name = arena_strdup(object_arena(object), facts->name);
    extension->version = facts->version;
    extension->owner_oid = d->c->user_oid;
    extension->namespace_oid = namespace->oid;
    catalog_add(d->fork, object);
    catalog_set_comment(d->fork, CLASS_EXTENSION, extension->oid, 0, facts->comment);
    for (size_t k = 0; k < facts->n_functions; k++)
        if (!create_function_of(d, extension, &facts->functions[k]))
            return false;
    return true;
}

/* ---- ALTER EXTENSION ... UPDATE: there is one version of each ---- */

bool alter_extension(struct ddl *d, const AlterExtensionStmt *stmt)
{
    const struct extension_facts *facts = extension_find(stmt->extname);
    const DefElem *version = option_named(stmt->options, "new_version");
    if (!catalog_extension_by_name(d->fork, stmt->extname) && strcmp(stmt->extname, "plpgsql") != 0)
        return err_set(d->err, ERR_UNDEFINED_OBJECT, "extension \"%s\" does not exist",
                       stmt->extname);
    if (!facts)
        return refuse_unavailable(d, stmt->extname);
    if (version && strcmp(option_text(d, version), facts->version) != 0)
        return err_set(d->err, ERR_INVALID_PARAMETER_VALUE,
                       "extension \"%s\" has no update path from version \"%s\" to version \"%s\"",
                       facts->name, facts->version, option_text(d, version));
    notice(d, "version \"%s\" of extension \"%s\" is already installed", facts->version,
           facts->name);
    return true;
}
