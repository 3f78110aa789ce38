/* tag.c - the command tag of each kind of statement, as CommandComplete and event triggers know it. */
#include "sql/parse.h"

/* What ALTER, DROP and their kin say of the object they are about. */
static const char *object_noun(ObjectType type)
{
    switch ((int)type) {
    case OBJECT_ACCESS_METHOD:
        return "ACCESS METHOD";
    case OBJECT_AGGREGATE:
        return "AGGREGATE";
    case OBJECT_ATTRIBUTE:
    case OBJECT_TYPE:
        return "TYPE";
    case OBJECT_CAST:
        return "CAST";
    case OBJECT_COLLATION:
        return "COLLATION";
    case OBJECT_CONVERSION:
        return "CONVERSION";
    case OBJECT_DATABASE:
        return "DATABASE";
    case OBJECT_DOMAIN:
    case OBJECT_DOMCONSTRAINT:
        return "DOMAIN";
    case OBJECT_EVENT_TRIGGER:
        return "EVENT TRIGGER";
    case OBJECT_EXTENSION:
        return "EXTENSION";
    case OBJECT_FDW:
        return "FOREIGN DATA WRAPPER";
    case OBJECT_FOREIGN_SERVER:
        return "SERVER";
    case OBJECT_FOREIGN_TABLE:
        return "FOREIGN TABLE";
    case OBJECT_FUNCTION:
        return "FUNCTION";
    case OBJECT_INDEX:
        return "INDEX";
    case OBJECT_LANGUAGE:
        return "LANGUAGE";
    case OBJECT_LARGEOBJECT:
        return "LARGE OBJECT";
    case OBJECT_MATVIEW:
        return "MATERIALIZED VIEW";
    case OBJECT_OPCLASS:
        return "OPERATOR CLASS";
    case OBJECT_OPERATOR:
        return "OPERATOR";
    case OBJECT_OPFAMILY:
        return "OPERATOR FAMILY";
    case OBJECT_POLICY:
        return "POLICY";
    case OBJECT_PROCEDURE:
        return "PROCEDURE";
    case OBJECT_PUBLICATION:
        return "PUBLICATION";
    case OBJECT_ROLE:
        return "ROLE";
    case OBJECT_ROUTINE:
        return "ROUTINE";
    case OBJECT_RULE:
        return "RULE";
    case OBJECT_SCHEMA:
        return "SCHEMA";
    case OBJECT_SEQUENCE:
        return "SEQUENCE";
    case OBJECT_STATISTIC_EXT:
        return "STATISTICS";
    case OBJECT_SUBSCRIPTION:
        return "SUBSCRIPTION";
    case OBJECT_TABCONSTRAINT:
    case OBJECT_COLUMN:
    case OBJECT_TABLE:
        return "TABLE";
    case OBJECT_TABLESPACE:
        return "TABLESPACE";
    case OBJECT_TRANSFORM:
        return "TRANSFORM";
    case OBJECT_TRIGGER:
        return "TRIGGER";
    case OBJECT_TSCONFIGURATION:
        return "TEXT SEARCH CONFIGURATION";
    case OBJECT_TSDICTIONARY:
        return "TEXT SEARCH DICTIONARY";
    case OBJECT_TSPARSER:
        return "TEXT SEARCH PARSER";
    case OBJECT_TSTEMPLATE:
        return "TEXT SEARCH TEMPLATE";
    case OBJECT_VIEW:
        return "VIEW";
    default:
        return NULL;
    }
}

/* verb + noun out of a table of all pairs, so that tags stay static text. */
#define PAIR(noun)                                                                                 \
    {                                                                                              \
        "ALTER " noun, "DROP " noun, "CREATE " noun, noun                                          \
    }
static const char *const pairs[][4] = {
    PAIR("ACCESS METHOD"),
    PAIR("AGGREGATE"),
    PAIR("TYPE"),
    PAIR("CAST"),
    PAIR("COLLATION"),
    PAIR("CONVERSION"),
    PAIR("DATABASE"),
    PAIR("DOMAIN"),
    PAIR("EVENT TRIGGER"),
    PAIR("EXTENSION"),
    PAIR("FOREIGN DATA WRAPPER"),
    PAIR("SERVER"),
    PAIR("FOREIGN TABLE"),
    PAIR("FUNCTION"),
    PAIR("INDEX"),
    PAIR("LANGUAGE"),
    PAIR("LARGE OBJECT"),
    PAIR("MATERIALIZED VIEW"),
    PAIR("OPERATOR CLASS"),
    PAIR("OPERATOR"),
    PAIR("OPERATOR FAMILY"),
    PAIR("POLICY"),
    PAIR("PROCEDURE"),
    PAIR("PUBLICATION"),
    PAIR("ROLE"),
    PAIR("ROUTINE"),
    PAIR("RULE"),
    PAIR("SCHEMA"),
    PAIR("SEQUENCE"),
    PAIR("STATISTICS"),
    PAIR("SUBSCRIPTION"),
    PAIR("TABLE"),
    PAIR("TABLESPACE"),
    PAIR("TRANSFORM"),
    PAIR("TRIGGER"),
    PAIR("TEXT SEARCH CONFIGURATION"),
    PAIR("TEXT SEARCH DICTIONARY"),
    PAIR("TEXT SEARCH PARSER"),
    PAIR("TEXT SEARCH TEMPLATE"),
    PAIR("VIEW"),
};
enum verb { VERB_ALTER, VERB_DROP, VERB_CREATE };

static const char *verb_noun(enum verb verb, ObjectType type)
{
    const char *noun = object_noun(type);
    for (size_t k = 0; noun && k < ARRAY_COUNT(pairs); k++)
        if (strcmp(pairs[k][3], noun) == 0)
            return pairs[k][verb];
    return "???";
}

static const char *transaction_tag(const TransactionStmt *stmt)
{
    switch (stmt->kind) {
    case TRANS_STMT_BEGIN:
        return "BEGIN";
    case TRANS_STMT_START:
        return "START TRANSACTION";
    case TRANS_STMT_COMMIT:
        return "COMMIT";
    case TRANS_STMT_ROLLBACK:
    case TRANS_STMT_ROLLBACK_TO:
        return "ROLLBACK";
    case TRANS_STMT_SAVEPOINT:
        return "SAVEPOINT";
    case TRANS_STMT_RELEASE:
        return "RELEASE";
    case TRANS_STMT_PREPARE:
        return "PREPARE TRANSACTION";
    case TRANS_STMT_COMMIT_PREPARED:
        return "COMMIT PREPARED";
    case TRANS_STMT_ROLLBACK_PREPARED:
        return "ROLLBACK PREPARED";
    }
    return "???";
}

static const char *discard_tag(const DiscardStmt *stmt)
{
    switch (stmt->target) {
    case DISCARD_ALL:
        return "DISCARD ALL";
    case DISCARD_PLANS:
        return "DISCARD PLANS";
    case DISCARD_SEQUENCES:
        return "DISCARD SEQUENCES";
    case DISCARD_TEMP:
        return "DISCARD TEMP";
    }
    return "???";
}

static bool resets(const void *node)
{
    const VariableSetStmt *stmt = node;
    return stmt->kind == VAR_RESET || stmt->kind == VAR_RESET_ALL;
}

static const char *rename_tag(const RenameStmt *stmt)
{
    ObjectType type = stmt->renameType;
    if (type == OBJECT_COLUMN || type == OBJECT_ATTRIBUTE || type == OBJECT_TABCONSTRAINT)
        type = type == OBJECT_TABCONSTRAINT ? OBJECT_TABLE : stmt->relationType;
    return verb_noun(VERB_ALTER, type);
}

static const struct {
    NodeTag node;
    const char *tag;
} plain_tags[] = {
    {T_InsertStmt, "INSERT"},
    {T_UpdateStmt, "UPDATE"},
    {T_DeleteStmt, "DELETE"},
    {T_MergeStmt, "MERGE"},
    {T_SelectStmt, "SELECT"},
    {T_DeclareCursorStmt, "DECLARE CURSOR"},
    {T_CreateDomainStmt, "CREATE DOMAIN"},
    {T_CreateSchemaStmt, "CREATE SCHEMA"},
    {T_CreateStmt, "CREATE TABLE"},
    {T_CreateTableSpaceStmt, "CREATE TABLESPACE"},
    {T_DropTableSpaceStmt, "DROP TABLESPACE"},
    {T_AlterTableSpaceOptionsStmt, "ALTER TABLESPACE"},
    {T_CreateExtensionStmt, "CREATE EXTENSION"},
    {T_AlterExtensionStmt, "ALTER EXTENSION"},
    {T_AlterExtensionContentsStmt, "ALTER EXTENSION"},
    {T_CreateFdwStmt, "CREATE FOREIGN DATA WRAPPER"},
    {T_AlterFdwStmt, "ALTER FOREIGN DATA WRAPPER"},
    {T_CreateForeignServerStmt, "CREATE SERVER"},
    {T_AlterForeignServerStmt, "ALTER SERVER"},
    {T_CreateUserMappingStmt, "CREATE USER MAPPING"},
    {T_AlterUserMappingStmt, "ALTER USER MAPPING"},
    {T_DropUserMappingStmt, "DROP USER MAPPING"},
    {T_CreateForeignTableStmt, "CREATE FOREIGN TABLE"},
    {T_ImportForeignSchemaStmt, "IMPORT FOREIGN SCHEMA"},
    {T_TruncateStmt, "TRUNCATE TABLE"},
    {T_CommentStmt, "COMMENT"},
    {T_SecLabelStmt, "SECURITY LABEL"},
    {T_CopyStmt, "COPY"},
    {T_AlterDomainStmt, "ALTER DOMAIN"},
    {T_AlterDefaultPrivilegesStmt, "ALTER DEFAULT PRIVILEGES"},
    {T_CompositeTypeStmt, "CREATE TYPE"},
    {T_CreateEnumStmt, "CREATE TYPE"},
    {T_CreateRangeStmt, "CREATE TYPE"},
    {T_AlterEnumStmt, "ALTER TYPE"},
    {T_AlterTypeStmt, "ALTER TYPE"},
    {T_ViewStmt, "CREATE VIEW"},
    {T_IndexStmt, "CREATE INDEX"},
    {T_RuleStmt, "CREATE RULE"},
    {T_CreateSeqStmt, "CREATE SEQUENCE"},
    {T_AlterSeqStmt, "ALTER SEQUENCE"},
    {T_DoStmt, "DO"},
    {T_CreatedbStmt, "CREATE DATABASE"},
    {T_AlterDatabaseStmt, "ALTER DATABASE"},
    {T_AlterDatabaseRefreshCollStmt, "ALTER DATABASE"},
    {T_AlterDatabaseSetStmt, "ALTER DATABASE"},
    {T_DropdbStmt, "DROP DATABASE"},
    {T_NotifyStmt, "NOTIFY"},
    {T_ListenStmt, "LISTEN"},
    {T_UnlistenStmt, "UNLISTEN"},
    {T_LoadStmt, "LOAD"},
    {T_CallStmt, "CALL"},
    {T_ClusterStmt, "CLUSTER"},
    {T_ExplainStmt, "EXPLAIN"},
    {T_RefreshMatViewStmt, "REFRESH MATERIALIZED VIEW"},
    {T_AlterSystemStmt, "ALTER SYSTEM"},
    {T_VariableShowStmt, "SHOW"},
    {T_CreateTransformStmt, "CREATE TRANSFORM"},
    {T_CreateTrigStmt, "CREATE TRIGGER"},
    {T_CreateEventTrigStmt, "CREATE EVENT TRIGGER"},
    {T_AlterEventTrigStmt, "ALTER EVENT TRIGGER"},
    {T_CreatePLangStmt, "CREATE LANGUAGE"},
    {T_CreateRoleStmt, "CREATE ROLE"},
    {T_AlterRoleStmt, "ALTER ROLE"},
    {T_AlterRoleSetStmt, "ALTER ROLE"},
    {T_DropRoleStmt, "DROP ROLE"},
    {T_DropOwnedStmt, "DROP OWNED"},
    {T_ReassignOwnedStmt, "REASSIGN OWNED"},
    {T_LockStmt, "LOCK TABLE"},
    {T_ConstraintsSetStmt, "SET CONSTRAINTS"},
    {T_CheckPointStmt, "CHECKPOINT"},
    {T_ReindexStmt, "REINDEX"},
    {T_CreateConversionStmt, "CREATE CONVERSION"},
    {T_CreateCastStmt, "CREATE CAST"},
    {T_CreateOpClassStmt, "CREATE OPERATOR CLASS"},
    {T_CreateOpFamilyStmt, "CREATE OPERATOR FAMILY"},
    {T_AlterOpFamilyStmt, "ALTER OPERATOR FAMILY"},
    {T_AlterOperatorStmt, "ALTER OPERATOR"},
    {T_AlterTSDictionaryStmt, "ALTER TEXT SEARCH DICTIONARY"},
    {T_AlterTSConfigurationStmt, "ALTER TEXT SEARCH CONFIGURATION"},
    {T_CreatePolicyStmt, "CREATE POLICY"},
    {T_AlterPolicyStmt, "ALTER POLICY"},
    {T_CreateAmStmt, "CREATE ACCESS METHOD"},
    {T_CreatePublicationStmt, "CREATE PUBLICATION"},
    {T_AlterPublicationStmt, "ALTER PUBLICATION"},
    {T_CreateSubscriptionStmt, "CREATE SUBSCRIPTION"},
    {T_AlterSubscriptionStmt, "ALTER SUBSCRIPTION"},
    {T_DropSubscriptionStmt, "DROP SUBSCRIPTION"},
    {T_AlterCollationStmt, "ALTER COLLATION"},
    {T_PrepareStmt, "PREPARE"},
    {T_ExecuteStmt, "EXECUTE"},
    {T_CreateStatsStmt, "CREATE STATISTICS"},
    {T_AlterStatsStmt, "ALTER STATISTICS"},
};

const char *sql_statement_tag(const void *node)
{
    switch ((int)TAG_OF(node)) {
    case T_TransactionStmt:
        return transaction_tag(node);
    case T_DiscardStmt:
        return discard_tag(node);
    case T_VariableSetStmt:
        return resets(node) ? "RESET" : "SET";
    case T_ClosePortalStmt:
        return ((const ClosePortalStmt *)node)->portalname ? "CLOSE CURSOR" : "CLOSE CURSOR ALL";
    case T_FetchStmt:
        return ((const FetchStmt *)node)->ismove ? "MOVE" : "FETCH";
    case T_DeallocateStmt:
        return ((const DeallocateStmt *)node)->name ? "DEALLOCATE" : "DEALLOCATE ALL";
    case T_VacuumStmt:
        return ((const VacuumStmt *)node)->is_vacuumcmd ? "VACUUM" : "ANALYZE";
    case T_GrantStmt:
        return ((const GrantStmt *)node)->is_grant ? "GRANT" : "REVOKE";
    case T_GrantRoleStmt:
        return ((const GrantRoleStmt *)node)->is_grant ? "GRANT ROLE" : "REVOKE ROLE";
    case T_DropStmt:
        return verb_noun(VERB_DROP, ((const DropStmt *)node)->removeType);
    case T_DefineStmt:
        return verb_noun(VERB_CREATE, ((const DefineStmt *)node)->kind);
    case T_RenameStmt:
        return rename_tag(node);
    case T_AlterTableStmt:
        return verb_noun(VERB_ALTER, ((const AlterTableStmt *)node)->objtype);
    case T_AlterObjectSchemaStmt:
        return verb_noun(VERB_ALTER, ((const AlterObjectSchemaStmt *)node)->objectType);
    case T_AlterObjectDependsStmt:
        return verb_noun(VERB_ALTER, ((const AlterObjectDependsStmt *)node)->objectType);
    case T_AlterOwnerStmt:
        return verb_noun(VERB_ALTER, ((const AlterOwnerStmt *)node)->objectType);
    case T_AlterTableMoveAllStmt:
        return verb_noun(VERB_ALTER, ((const AlterTableMoveAllStmt *)node)->objtype);
    case T_AlterFunctionStmt:
        return verb_noun(VERB_ALTER, ((const AlterFunctionStmt *)node)->objtype);
    case T_CreateFunctionStmt:
        return ((const CreateFunctionStmt *)node)->is_procedure ? "CREATE PROCEDURE"
                                                                : "CREATE FUNCTION";
    case T_CreateTableAsStmt: {
        const CreateTableAsStmt *stmt = node;
        if (stmt->is_select_into)
            return "SELECT INTO";
        return stmt->objtype == OBJECT_MATVIEW ? "CREATE MATERIALIZED VIEW" : "CREATE TABLE AS";
    }
    default:
        for (size_t k = 0; k < ARRAY_COUNT(plain_tags); k++)
            if (plain_tags[k].node == TAG_OF(node))
                return plain_tags[k].tag;
        return "???";
    }
}
