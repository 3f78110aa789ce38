/* sysviews.c - system views that are plain queries over other system relations.
 *
 * Each text gives exactly the columns that catalog/data/attribute.tsv lists, in order and with those types; it is
 * analysed with pg_catalog alone on the path.  The views of information_schema are made by code (info_*.c). */
#include <string.h>

#include "catalog/sysrel.h"

struct sysview {
    const char *name, *sql;
};

static const struct sysview views[] = {
    {"pg_roles", "SELECT rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, "
                 "rolreplication, rolconnlimit,"
                 " '********'::text, rolvaliduntil, rolbypassrls, setconfig, pg_authid.oid"
                 " FROM pg_authid LEFT JOIN pg_db_role_setting s ON pg_authid.oid = setrole AND "
                 "setdatabase = 0"},
    {"pg_shadow", "SELECT rolname, pg_authid.oid, rolcreatedb, rolsuper, rolreplication, "
                  "rolbypassrls, rolpassword, rolvaliduntil, setconfig"
                  " FROM pg_authid LEFT JOIN pg_db_role_setting s ON pg_authid.oid = setrole AND "
                  "setdatabase = 0 WHERE rolcanlogin"},
    {"pg_user", "SELECT rolname, pg_authid.oid, rolcreatedb, rolsuper, rolreplication, "
                "rolbypassrls, '********'::text, rolvaliduntil, setconfig"
                " FROM pg_authid LEFT JOIN pg_db_role_setting s ON pg_authid.oid = setrole AND "
                "setdatabase = 0 WHERE rolcanlogin"},
    {"pg_group", "SELECT rolname, oid, ARRAY(SELECT member FROM pg_auth_members WHERE roleid = "
                 "pg_authid.oid) FROM pg_authid WHERE NOT rolcanlogin"},
    {"pg_tables", "SELECT n.nspname, c.relname, pg_get_userbyid(c.relowner), NULL::name, "
                  "c.relhasindex, c.relhasrules, c.relhastriggers, c.relrowsecurity"
                  " FROM pg_class c LEFT JOIN pg_namespace n ON n.oid = c.relnamespace WHERE "
                  "c.relkind IN ('r', 'p')"},
    {"pg_views",
     "SELECT n.nspname, c.relname, pg_get_userbyid(c.relowner), pg_get_viewdef(c.oid)"
     " FROM pg_class c LEFT JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'v'"},
    {"pg_matviews",
     "SELECT n.nspname, c.relname, pg_get_userbyid(c.relowner), NULL::name, c.relhasindex, "
     "c.relispopulated, pg_get_viewdef(c.oid)"
     " FROM pg_class c LEFT JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'm'"},
    {"pg_indexes", "SELECT n.nspname, c.relname, i.relname, NULL::name, pg_get_indexdef(i.oid)"
                   " FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid JOIN pg_class i ON "
                   "i.oid = x.indexrelid"
                   " LEFT JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', "
                   "'m', 'p') AND i.relkind IN ('i', 'I')"},
    {"pg_sequences", "SELECT n.nspname, c.relname, pg_get_userbyid(c.relowner), "
                     "s.seqtypid::regtype, s.seqstart, s.seqmin, s.seqmax, s.seqincrement,"
                     " s.seqcycle, s.seqcache, pg_sequence_last_value(c.oid)"
                     " FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid LEFT JOIN "
                     "pg_namespace n ON n.oid = c.relnamespace"
                     " WHERE c.relkind = 'S'"},
    {"pg_rules",
     "SELECT n.nspname, c.relname, r.rulename, pg_get_ruledef(r.oid) FROM pg_rewrite r JOIN "
     "pg_class c ON c.oid = r.ev_class"
     " LEFT JOIN pg_namespace n ON n.oid = c.relnamespace WHERE r.rulename <> '_RETURN'"},
    {"pg_available_extension_versions", "SELECT name, default_version, installed_version IS NOT "
                                        "NULL, true, true, true, NULL::name, NULL::name[], comment"
                                        " FROM pg_available_extensions"},
    {NULL, NULL},
};

const char *sysview_sql(const char *schema, const char *name)
{
    if (strcmp(schema, "pg_catalog") != 0)
        return NULL;
    for (const struct sysview *view = views; view->name; view++)
        if (strcmp(view->name, name) == 0)
            return view->sql;
    return NULL;
}
