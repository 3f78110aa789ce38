/* ddl_alter.c - ALTER TABLE and its kin for indexes, views and sequences: the list of actions, in PostgreSQL's order of passes. */
#include <string.h>

#include "catalog/ddl_int.h"
#include "sql/format_type.h"

/* ---- which actions fit which relations ---- */

struct action {
    AlterTableType subtype;
    const char *name; /* as in error messages */
    int kinds;
    int pass;
};
enum {
    PASS_DROP,
    PASS_TYPE,
    PASS_ADD_COLUMN,
    PASS_COLUMN,
    PASS_INDEX,
    PASS_CONSTRAINT,
    PASS_MISC,
    N_PASSES
};

#define TABLES (KIND_TABLE)
#define TABLES_MATVIEWS (KIND_TABLE | KIND_MATVIEW)
static const struct action actions[] = {
    {AT_AddColumn, "ADD COLUMN", TABLES | KIND_COMPOSITE, PASS_ADD_COLUMN},
    {AT_ColumnDefault, "ALTER COLUMN ... SET DEFAULT", TABLES | KIND_VIEW, PASS_COLUMN},
    {AT_DropNotNull, "ALTER COLUMN ... DROP NOT NULL", TABLES, PASS_DROP},
    {AT_SetNotNull, "ALTER COLUMN ... SET NOT NULL", TABLES, PASS_COLUMN},
    {AT_DropExpression, "ALTER COLUMN ... DROP EXPRESSION", TABLES, PASS_DROP},
    {AT_SetStatistics, "ALTER COLUMN ... SET STATISTICS", TABLES_MATVIEWS | KIND_INDEX, PASS_MISC},
    {AT_SetOptions, "ALTER COLUMN ... SET", TABLES_MATVIEWS | KIND_INDEX, PASS_MISC},
    {AT_ResetOptions, "ALTER COLUMN ... RESET", TABLES_MATVIEWS | KIND_INDEX, PASS_MISC},
    {AT_SetStorage, "ALTER COLUMN ... SET STORAGE", TABLES_MATVIEWS, PASS_MISC},
    {AT_SetCompression, "ALTER COLUMN ... SET COMPRESSION", TABLES_MATVIEWS, PASS_MISC},
    {AT_DropColumn, "DROP COLUMN", TABLES | KIND_COMPOSITE, PASS_DROP},
    {AT_AddIndex, "ADD INDEX", TABLES, PASS_INDEX},
    {AT_AddConstraint, "ADD CONSTRAINT", TABLES, PASS_CONSTRAINT},
    {AT_AlterConstraint, "ALTER CONSTRAINT", TABLES, PASS_MISC},
    {AT_ValidateConstraint, "VALIDATE CONSTRAINT", TABLES, PASS_MISC},
    {AT_AddIndexConstraint, "ADD CONSTRAINT", TABLES, PASS_INDEX},
    {AT_DropConstraint, "DROP CONSTRAINT", TABLES, PASS_DROP},
    {AT_AlterColumnType, "ALTER COLUMN ... SET DATA TYPE", TABLES | KIND_COMPOSITE, PASS_TYPE},
    {AT_ChangeOwner, "OWNER TO", KIND_ANY, PASS_MISC},
    {AT_ClusterOn, "CLUSTER ON", TABLES_MATVIEWS, PASS_MISC},
    {AT_DropCluster, "SET WITHOUT CLUSTER", TABLES_MATVIEWS, PASS_MISC},
    {AT_SetLogged, "SET LOGGED", TABLES | KIND_SEQUENCE, PASS_MISC},
    {AT_SetUnLogged, "SET UNLOGGED", TABLES | KIND_SEQUENCE, PASS_MISC},
    {AT_DropOids, "SET WITHOUT OIDS", TABLES, PASS_DROP},
    {AT_SetAccessMethod, "SET ACCESS METHOD", TABLES_MATVIEWS, PASS_MISC},
    {AT_SetTableSpace, "SET TABLESPACE", TABLES_MATVIEWS | KIND_INDEX, PASS_MISC},
    {AT_SetRelOptions, "SET", TABLES_MATVIEWS | KIND_VIEW | KIND_INDEX, PASS_MISC},
    {AT_ResetRelOptions, "RESET", TABLES_MATVIEWS | KIND_VIEW | KIND_INDEX, PASS_MISC},
    {AT_EnableTrig, "ENABLE TRIGGER", TABLES, PASS_MISC},
    {AT_EnableAlwaysTrig, "ENABLE ALWAYS TRIGGER", TABLES, PASS_MISC},
    {AT_EnableReplicaTrig, "ENABLE REPLICA TRIGGER", TABLES, PASS_MISC},
    {AT_DisableTrig, "DISABLE TRIGGER", TABLES, PASS_MISC},
    {AT_EnableTrigAll, "ENABLE TRIGGER ALL", TABLES, PASS_MISC},
    {AT_DisableTrigAll, "DISABLE TRIGGER ALL", TABLES, PASS_MISC},
    {AT_EnableTrigUser, "ENABLE TRIGGER USER", TABLES, PASS_MISC},
    {AT_DisableTrigUser, "DISABLE TRIGGER USER", TABLES, PASS_MISC},
    {AT_ReplicaIdentity, "REPLICA IDENTITY", TABLES_MATVIEWS, PASS_MISC},
    {AT_DisableRowSecurity, "DISABLE ROW SECURITY", TABLES, PASS_MISC},
    {AT_NoForceRowSecurity, "NO FORCE ROW SECURITY", TABLES, PASS_MISC},
    {AT_AddIdentity, "ALTER COLUMN ... ADD IDENTITY", TABLES, PASS_COLUMN},
    {AT_SetIdentity, "ALTER COLUMN ... SET", TABLES, PASS_COLUMN},
    {AT_DropIdentity, "ALTER COLUMN ... DROP IDENTITY", TABLES, PASS_DROP},
};

static const struct action *action_of(AlterTableType subtype)
{
    for (size_t k = 0; k < ARRAY_COUNT(actions); k++)
        if (actions[k].subtype == subtype)
            return &actions[k];
    return NULL;
}

static const char *unsupported_action(AlterTableType subtype)
{
    switch ((int)subtype) {
    case AT_AddInherit:
    case AT_DropInherit:
        return "table inheritance";
    case AT_AddOf:
    case AT_DropOf:
        return "ALTER TABLE ... OF";
    case AT_EnableRowSecurity:
    case AT_ForceRowSecurity:
        return "row-level security";
    case AT_AttachPartition:
    case AT_DetachPartition:
    case AT_DetachPartitionFinalize:
        return "table partitioning";
    case AT_EnableRule:
    case AT_EnableAlwaysRule:
    case AT_EnableReplicaRule:
    case AT_DisableRule:
        return "ALTER TABLE ... RULE";
    default:
        return "this ALTER TABLE action";
    }
}

static bool check_action(struct ddl *d, const struct relation *relation, const AlterTableCmd *cmd)
{
    const struct action *action = action_of(cmd->subtype);
    if (!action)
        return unsupported(d, unsupported_action(cmd->subtype));
    if (action->kinds & kind_mask(relation->kind))
        return true;
    const char *name = action->name;
    if (cmd->subtype == AT_ColumnDefault && !cmd->def)
        name = "ALTER COLUMN ... DROP DEFAULT";
    err_set(d->err, ERR_WRONG_OBJECT_TYPE, "ALTER action %s cannot be performed on relation \"%s\"",
            name, relation->name);
    return err_detail(d->err, "This operation is not supported for %ss.",
                      relation->kind == 'c' ? "composite type"
                                            : relation_kind_word(relation->kind));
}

/* ---- column actions ---- */

bool no_such_column(struct ddl *d, const struct relation *relation, const char *name)
{
    if (is_system_column(name))
        return err_set(d->err, ERR_FEATURE_NOT_SUPPORTED, "cannot alter system column \"%s\"",
                       name);
    return err_set(d->err, ERR_UNDEFINED_COLUMN, "column \"%s\" of relation \"%s\" does not exist",
                   name, relation->name);
}

static const struct column *named_column(struct ddl *d, uint32_t oid, const char *name)
{
    const struct relation *relation = rel(d, oid);
    const struct column *column = relation_column(relation, name);
    if (!column)
        (void)no_such_column(d, relation, name);
    return column;
}

static struct column *edit_column(struct ddl *d, uint32_t oid, int16_t attnum)
{
    return &columns_of(catalog_edit_relation(d->fork, oid))[attnum - 1];
}

static bool column_default(struct ddl *d, uint32_t oid, const AlterTableCmd *cmd)
{
    const struct column *column = named_column(d, oid, cmd->name);
    if (!column)
        return false;
    const char *table = rel(d, oid)->name;
    if (column->identity) {
        err_set(d->err, ERR_SYNTAX_ERROR, "column \"%s\" of relation \"%s\" is an identity column",
                cmd->name, table);
        return cmd->def ? false
                        : err_hint(d->err,
                                   "Use ALTER TABLE ... ALTER COLUMN ... DROP IDENTITY instead.");
    }
    if (column->generated) {
        err_set(d->err, ERR_SYNTAX_ERROR, "column \"%s\" of relation \"%s\" is a generated column",
                cmd->name, table);
        return cmd->def ? false
                        : err_hint(d->err,
                                   "Use ALTER TABLE ... ALTER COLUMN ... DROP EXPRESSION instead.");
    }
    if (cmd->def)
        return set_column_default(d, oid, column->attnum, cmd->def, false);
    struct column *edited = edit_column(d, oid, column->attnum);
    edited->default_sql = NULL;
    edited->depends = NULL;
    edited->n_depends = 0;
    return true;
}

static bool drop_not_null(struct ddl *d, uint32_t oid, const char *name)
{
    const struct column *column = named_column(d, oid, name);
    const struct relation *relation = rel(d, oid);
    if (!column)
        return false;
    if (column->identity)
        return err_set(d->err, ERR_SYNTAX_ERROR,
                       "column \"%s\" of relation \"%s\" is an identity column", name,
                       relation->name);
    for (uint16_t k = 0; k < relation->n_indexes; k++)
        for (uint16_t c = 0; relation->indexes[k]->primary && c < relation->indexes[k]->n_keys; c++)
            if (relation->indexes[k]->keys[c].attnum == column->attnum)
                return err_set(d->err, ERR_INVALID_TABLE_DEFINITION,
                               "column \"%s\" is in a primary key", name);
    edit_column(d, oid, column->attnum)->not_null = false;
    return true;
}

static bool add_identity(struct ddl *d, uint32_t oid, const AlterTableCmd *cmd)
{
    const Constraint *node = (const Constraint *)cmd->def;
    const struct column *column = named_column(d, oid, cmd->name);
    const char *table = rel(d, oid)->name;
    if (!column)
        return false;
    if (!column->not_null)
        return err_set(d->err, ERR_OBJECT_NOT_IN_PREREQUISITE_STATE,
                       "column \"%s\" of relation \"%s\" must be declared NOT NULL before identity "
                       "can be added",
                       cmd->name, table);
    if (column->identity)
        return err_set(d->err, ERR_OBJECT_NOT_IN_PREREQUISITE_STATE,
                       "column \"%s\" of relation \"%s\" is already an identity column", cmd->name,
                       table);
    if (column->default_sql)
        return err_set(d->err, ERR_OBJECT_NOT_IN_PREREQUISITE_STATE,
                       "column \"%s\" of relation \"%s\" already has a default value", cmd->name,
                       table);
    return add_column_sequence(d, oid, column->attnum, node->options, node->generated_when);
}

static bool set_identity(struct ddl *d, uint32_t oid, const AlterTableCmd *cmd)
{
    const List *options = (const List *)cmd->def;
    const struct column *column = named_column(d, oid, cmd->name);
    if (!column)
        return false;
    if (!column->identity)
        return err_set(d->err, ERR_OBJECT_NOT_IN_PREREQUISITE_STATE,
                       "column \"%s\" of relation \"%s\" is not an identity column", cmd->name,
                       rel(d, oid)->name);
    uint32_t sequence_oid = column->sequence_oid;
    const DefElem *generated = option_named(options, "generated");
    if (generated)
        edit_column(d, oid, column->attnum)->identity =
            (char)((const Integer *)generated->arg)->ival;
    return alter_sequence(d, sequence_oid, options, true);
}

static bool drop_identity(struct ddl *d, uint32_t oid, const AlterTableCmd *cmd)
{
    const struct column *column = named_column(d, oid, cmd->name);
    if (!column)
        return false;
    if (!column->identity) {
        const char *message =
            arena_printf(d->arena, "column \"%s\" of relation \"%s\" is not an identity column",
                         cmd->name, rel(d, oid)->name);
        if (!cmd->missing_ok)
            return err_set(d->err, ERR_OBJECT_NOT_IN_PREREQUISITE_STATE, "%s", message);
        notice(d, "%s, skipping", message);
        return true;
    }
    struct object_address sequence = {CLASS_RELATION, column->sequence_oid, 0};
    struct column *edited = edit_column(d, oid, column->attnum);
    edited->identity = 0;
    edited->sequence_oid = 0;
    struct relation *owned = catalog_edit_relation(d->fork, sequence.oid);
    ((struct sequence *)owned->sequence)->owned_by_relation = 0;
    ((struct sequence *)owned->sequence)->owned_internally = false;
    return drop_objects(d, &sequence, 1, false, true);
}

static bool drop_expression(struct ddl *d, uint32_t oid, const AlterTableCmd *cmd)
{
    const struct column *column = named_column(d, oid, cmd->name);
    if (!column)
        return false;
    if (!column->generated) {
        const char *message = arena_printf(
            d->arena, "column \"%s\" of relation \"%s\" is not a stored generated column",
            cmd->name, rel(d, oid)->name);
        if (!cmd->missing_ok)
            return err_set(d->err, ERR_OBJECT_NOT_IN_PREREQUISITE_STATE, "%s", message);
        notice(d, "%s, skipping", message);
        return true;
    }
    struct column *edited = edit_column(d, oid, column->attnum);
    edited->generated = 0;
    edited->default_sql = NULL;
    edited->depends = NULL;
    edited->n_depends = 0;
    return true;
}

static bool set_statistics(struct ddl *d, uint32_t oid, const AlterTableCmd *cmd)
{
    const struct column *column = cmd->name ? named_column(d, oid, cmd->name) : NULL;
    if (cmd->name && !column)
        return false;
    if (column)
        edit_column(d, oid, column->attnum)->statistics_target =
            (int32_t)((const Integer *)cmd->def)->ival;
    return true;
}

static bool set_storage(struct ddl *d, uint32_t oid, const AlterTableCmd *cmd)
{
    const struct column *column = named_column(d, oid, cmd->name);
    const char *word = cmd->def ? STR_OF(cmd->def) : "";
    if (!column)
        return false;
    char storage = strcasecmp(word, "plain") == 0      ? 'p'
                   : strcasecmp(word, "external") == 0 ? 'e'
                   : strcasecmp(word, "extended") == 0 ? 'x'
                   : strcasecmp(word, "main") == 0     ? 'm'
                                                       : 0;
    if (!storage)
        return err_set(d->err, ERR_INVALID_PARAMETER_VALUE, "invalid storage type \"%s\"", word);
    if (column->type->len != -1 && storage != 'p')
        return err_set(d->err, ERR_FEATURE_NOT_SUPPORTED,
                       "column data type %s can only have storage PLAIN",
                       format_type_name(d->arena, d->fork, &d->c->path, column->type));
    edit_column(d, oid, column->attnum)->storage = storage;
    return true;
}

/* ---- constraints ---- */

static bool drop_constraint(struct ddl *d, uint32_t oid, const AlterTableCmd *cmd)
{
    const struct relation *relation = rel(d, oid);
    const struct constraint *constraint = constraint_named(relation, cmd->name);
    if (!constraint) {
        const char *message =
            arena_printf(d->arena, "constraint \"%s\" of relation \"%s\" does not exist", cmd->name,
                         relation->name);
        if (!cmd->missing_ok)
            return err_set(d->err, ERR_UNDEFINED_OBJECT, "%s", message);
        notice(d, "%s, skipping", message);
        return true;
    }
    struct object_address address = {CLASS_CONSTRAINT, constraint->oid, 0};
    return drop_objects(d, &address, 1, cmd->behavior == DROP_CASCADE, false);
}

static bool alter_constraint(struct ddl *d, uint32_t oid, const Constraint *node)
{
    const struct relation *relation = rel(d, oid);
    const struct constraint *constraint = constraint_named(relation, node->conname);
    if (!constraint)
        return err_set(d->err, ERR_UNDEFINED_OBJECT,
                       "constraint \"%s\" of relation \"%s\" does not exist", node->conname,
                       relation->name);
    if (constraint->kind != 'f')
        return err_set(d->err, ERR_WRONG_OBJECT_TYPE,
                       "constraint \"%s\" of relation \"%s\" is not a foreign key constraint",
                       node->conname, relation->name);
    struct constraint *edited = catalog_edit_constraint(d->fork, constraint->oid);
    edited->deferrable = node->deferrable;
    edited->deferred = node->initdeferred;
    return true;
}

/* ---- the whole relation ---- */

static bool cluster_on(struct ddl *d, uint32_t oid, const char *name)
{
    const struct relation *relation = rel(d, oid);
    bool found = !name;
    for (uint16_t k = 0; k < relation->n_indexes; k++)
        found |= name && strcmp(relation->indexes[k]->name, name) == 0;
    if (!found)
        return err_set(d->err, ERR_UNDEFINED_OBJECT, "index \"%s\" for table \"%s\" does not exist",
                       name, relation->name);
    for (uint16_t k = 0; k < rel(d, oid)->n_indexes; k++) {
        const struct index *index = rel(d, oid)->indexes[k];
        bool clustered = name && strcmp(index->name, name) == 0;
        if (clustered != index->clustered)
            catalog_edit_index(d->fork, index->oid)->clustered = clustered;
    }
    return true;
}

static bool set_options(struct ddl *d, uint32_t oid, const List *options, bool reset)
{
    const char *key = NULL, *strategy = NULL, *distribution = NULL, *with = NULL;
    for (int k = 0; k < list_n(options); k++) {
        const DefElem *option = list_at(options, k);
        const char *text = option_text(d, option);
        if (strcmp(option->defname, "shard_key") == 0)
            key = text;
        else if (strcmp(option->defname, "shard_strategy") == 0)
            strategy = text;
        else if (strcmp(option->defname, "distribution") == 0)
            distribution = text;
        else if (strcmp(option->defname, "colocate_with") == 0)
            with = text;
    }
    if ((key || distribution || strategy || with) && !reset) {
        enum distribution kind = !distribution                            ? DIST_SHARDED
                                 : strcmp(distribution, "reference") == 0 ? DIST_REFERENCE
                                 : strcmp(distribution, "local") == 0     ? DIST_LOCAL
                                 : strcmp(distribution, "row") == 0       ? DIST_ROW
                                                                          : DIST_SHARDED;
        if (!distribute(d, oid, kind, key, strategy, with))
            return false;
    }
    struct relation *relation = catalog_edit_relation(d->fork, oid);
    relation->options =
        reloptions(d, catalog_edit_arena(d->fork, oid), relation->options, options, reset);
    return !d->err->sqlstate[0];
}

static bool change_trigger(struct ddl *d, uint32_t oid, const char *name, bool enabled)
{
    const struct relation *relation = rel(d, oid);
    for (uint16_t k = 0; k < relation->n_triggers; k++)
        if (strcmp(relation->triggers[k]->name, name) == 0) {
            catalog_edit_trigger(d->fork, relation->triggers[k]->oid)->enabled = enabled;
            return true;
        }
    return err_set(d->err, ERR_UNDEFINED_OBJECT, "trigger \"%s\" for table \"%s\" does not exist",
                   name, relation->name);
}

static bool replica_identity(struct ddl *d, uint32_t oid, const ReplicaIdentityStmt *node)
{
    const struct relation *relation = rel(d, oid);
    bool found = !node->name;
    for (uint16_t k = 0; k < relation->n_indexes && !found; k++)
        found = strcmp(relation->indexes[k]->name, node->name) == 0;
    if (!found)
        return err_set(d->err, ERR_UNDEFINED_OBJECT, "index \"%s\" for table \"%s\" does not exist",
                       node->name, relation->name);
    catalog_edit_relation(d->fork, oid)->replica_identity = node->identity_type;
    return true;
}

static bool set_persistence(struct ddl *d, uint32_t oid, char persistence)
{
    const struct relation *relation = rel(d, oid);
    if (relation->temp)
        return err_set(d->err, ERR_INVALID_TABLE_DEFINITION,
                       "cannot change logged status of table \"%s\" because it is temporary",
                       relation->name);
    catalog_edit_relation(d->fork, oid)->persistence = persistence;
    return true;
}

static bool change_owner(struct ddl *d, uint32_t oid, const RoleSpec *owner)
{
    uint32_t role;
    return find_role(d, owner, &role) && change_relation_owner(d, oid, role);
}

static bool column_options(struct ddl *d, const List *options)
{
    for (int k = 0; k < list_n(options); k++) {
        const DefElem *option = list_at(options, k);
        if (strcmp(option->defname, "n_distinct") != 0 &&
            strcmp(option->defname, "n_distinct_inherited") != 0)
            return err_set(d->err, ERR_INVALID_PARAMETER_VALUE, "unrecognized parameter \"%s\"",
                           option->defname);
    }
    return true;
}

static bool run_action(struct ddl *d, uint32_t oid, const AlterTableCmd *cmd)
{
    switch ((int)cmd->subtype) {
    case AT_AddColumn:
        return alter_add_column(d, oid, cmd);
    case AT_DropColumn:
        return alter_drop_column(d, oid, cmd);
    case AT_AlterColumnType:
        return alter_column_type(d, oid, cmd);
    case AT_ColumnDefault:
        return column_default(d, oid, cmd);
    case AT_SetNotNull: {
        const struct column *column = named_column(d, oid, cmd->name);
        return column && set_not_null(d, oid, column->attnum, true);
    }
    case AT_DropNotNull:
        return drop_not_null(d, oid, cmd->name);
    case AT_DropExpression:
        return drop_expression(d, oid, cmd);
    case AT_AddIdentity:
        return add_identity(d, oid, cmd);
    case AT_SetIdentity:
        return set_identity(d, oid, cmd);
    case AT_DropIdentity:
        return drop_identity(d, oid, cmd);
    case AT_SetStatistics:
        return set_statistics(d, oid, cmd);
    case AT_SetStorage:
        return set_storage(d, oid, cmd);
    case AT_SetOptions:
    case AT_ResetOptions:
        return named_column(d, oid, cmd->name) && column_options(d, (const List *)cmd->def);
    case AT_SetCompression:
        return named_column(d, oid, cmd->name) != NULL;
    case AT_AddIndex:
    case AT_AddConstraint:
    case AT_AddIndexConstraint: {
        const Constraint *node = (const Constraint *)cmd->def;
        return add_constraint(d, oid, node, 0, false);
    }
    case AT_AlterConstraint:
        return alter_constraint(d, oid, (const Constraint *)cmd->def);
    case AT_ValidateConstraint:
        return validate_constraint(d, oid, cmd->name);
    case AT_DropConstraint:
        return drop_constraint(d, oid, cmd);
    case AT_ChangeOwner:
        return change_owner(d, oid, cmd->newowner);
    case AT_ClusterOn:
        return cluster_on(d, oid, cmd->name);
    case AT_DropCluster:
        return cluster_on(d, oid, NULL);
    case AT_SetLogged:
        return set_persistence(d, oid, 'p');
    case AT_SetUnLogged:
        return set_persistence(d, oid, 'u');
    case AT_SetAccessMethod:
        return strcmp(cmd->name, "heap") == 0 ||
               err_set(d->err, ERR_UNDEFINED_OBJECT, "access method \"%s\" does not exist",
                       cmd->name);
    case AT_SetTableSpace:
        return strcmp(cmd->name, "pg_default") == 0 ||
               err_set(d->err, ERR_UNDEFINED_OBJECT, "tablespace \"%s\" does not exist", cmd->name);
    case AT_SetRelOptions:
        return set_options(d, oid, (const List *)cmd->def, false);
    case AT_ResetRelOptions:
        return set_options(d, oid, (const List *)cmd->def, true);
    case AT_EnableTrig:
    case AT_EnableAlwaysTrig:
    case AT_EnableReplicaTrig:
        return change_trigger(d, oid, cmd->name, true);
    case AT_DisableTrig:
        return change_trigger(d, oid, cmd->name, false);
    case AT_ReplicaIdentity:
        return replica_identity(d, oid, (const ReplicaIdentityStmt *)cmd->def);
    default:
        return true; /* accepted without effect: see `actions` */
    }
}

static int pass_of(const AlterTableCmd *cmd)
{
    const struct action *action = action_of(cmd->subtype);
    if (cmd->subtype == AT_AddConstraint) {
        const Constraint *node = (const Constraint *)cmd->def;
        if (node->contype == CONSTR_PRIMARY || node->contype == CONSTR_UNIQUE)
            return PASS_INDEX;
    }
    if (cmd->subtype == AT_ColumnDefault && !cmd->def)
        return PASS_DROP;
    return action ? action->pass : PASS_MISC;
}

static bool run_actions(struct ddl *d, uint32_t oid, const List *cmds)
{
    for (int k = 0; k < list_n(cmds); k++)
        if (!check_action(d, rel(d, oid), list_at(cmds, k)))
            return false;
    for (int pass = 0; pass < N_PASSES; pass++)
        for (int k = 0; k < list_n(cmds); k++)
            if (pass_of(list_at(cmds, k)) == pass && !run_action(d, oid, list_at(cmds, k)))
                return false;
    catalog_changed(d->fork, oid);
    return true;
}

/* ---- indexes: the few actions that they have ---- */

static bool alter_index(struct ddl *d, const struct index *index, const List *cmds)
{
    const struct relation *relation = rel(d, index->relation_oid);
    uint32_t oid = index->oid;
    if (!must_be_owner(d, relation->owner_oid, "index", index->name))
        return false;
    for (int k = 0; k < list_n(cmds); k++) {
        const AlterTableCmd *cmd = list_at(cmds, k);
        if (cmd->subtype == AT_AttachPartition)
            return unsupported(d, "table partitioning");
        if (cmd->subtype == AT_SetRelOptions || cmd->subtype == AT_ResetRelOptions) {
            struct index *edited = catalog_edit_index(d->fork, oid);
            edited->options =
                reloptions(d, catalog_edit_arena(d->fork, oid), edited->options,
                           (const List *)cmd->def, cmd->subtype == AT_ResetRelOptions);
            if (d->err->sqlstate[0])
                return false;
        } else if (cmd->subtype == AT_ChangeOwner) {
            notice_full(d, "WARNING", ERR_WRONG_OBJECT_TYPE,
                        arena_printf(d->arena, "cannot change owner of index \"%s\"", index->name),
                        NULL, "Change the ownership of the index's table instead.");
        } else if (cmd->subtype == AT_SetTableSpace && strcmp(cmd->name, "pg_default") != 0) {
            return err_set(d->err, ERR_UNDEFINED_OBJECT, "tablespace \"%s\" does not exist",
                           cmd->name);
        } else if (cmd->subtype != AT_SetStatistics && cmd->subtype != AT_SetTableSpace &&
                   cmd->subtype != AT_SetOptions) {
            err_set(d->err, ERR_WRONG_OBJECT_TYPE,
                    "ALTER action %s cannot be performed on relation \"%s\"",
                    action_of(cmd->subtype) ? action_of(cmd->subtype)->name : "", index->name);
            return err_detail(d->err, "This operation is not supported for indexes.");
        }
    }
    return true;
}

static bool check_object_type(struct ddl *d, const struct relation *relation, ObjectType type)
{
    static const struct {
        ObjectType type;
        int kinds;
        const char *word;
    } wanted[] = {{OBJECT_VIEW, KIND_VIEW, "a view"},
                  {OBJECT_MATVIEW, KIND_MATVIEW, "a materialized view"},
                  {OBJECT_SEQUENCE, KIND_SEQUENCE, "a sequence"},
                  {OBJECT_INDEX, KIND_INDEX, "an index"},
                  {OBJECT_FOREIGN_TABLE, 0, "a foreign table"}};
    if (relation->kind == 'c' && type == OBJECT_TABLE) {
        err_set(d->err, ERR_WRONG_OBJECT_TYPE, "\"%s\" is a composite type", relation->name);
        return err_hint(d->err, "Use ALTER TYPE instead.");
    }
    for (size_t k = 0; k < ARRAY_COUNT(wanted); k++)
        if (wanted[k].type == type && !(wanted[k].kinds & kind_mask(relation->kind)))
            return err_set(d->err, ERR_WRONG_OBJECT_TYPE, "\"%s\" is not %s", relation->name,
                           wanted[k].word);
    return true;
}

bool alter_table(struct ddl *d, const AlterTableStmt *stmt)
{
    bool missing;
    const struct index *index = catalog_index_by_name(
        d->fork, &d->c->path, stmt->relation->schemaname, stmt->relation->relname);
    if (index)
        return lock_relation(d, index->relation_oid, LOCK_ACCESS_EXCLUSIVE) &&
               alter_index(d, index, stmt->cmds);
    const struct relation *relation = find_relation(d, stmt->relation, stmt->missing_ok, &missing);
    if (!relation && missing) {
        notice(d, "relation \"%s\" does not exist, skipping", stmt->relation->relname);
        return true;
    }
    if (!relation || !check_object_type(d, relation, stmt->objtype) ||
        !must_own_relation(d, relation))
        return false;
    uint32_t oid = relation->oid;
    return lock_relation(d, oid, LOCK_ACCESS_EXCLUSIVE) && run_actions(d, oid, stmt->cmds);
}
