#!/bin/sh
# Writes catalog/data/*.tsv: what PostgreSQL 15's own catalogs say of the built-in types, functions, operators,
# casts and so on (facts: names, OIDs, signatures, flags).  Run against a freshly initialised PostgreSQL 15:
#   tools/extract-catalog.sh "host=127.0.0.1 port=5432 user=postgres dbname=template1"
set -eu
cd "$(dirname "$0")/.."
dump() { # file, query: tab-separated, \N for NULL, one header line of column names
    psql "$1" -qAt -c "\\copy ($3) TO 'catalog/data/$2.tsv' WITH (HEADER true)"
}
dump "$1" type "select t.oid, typname, typnamespace::regnamespace as namespace, typlen, typbyval, typtype, typcategory, typispreferred, typisdefined, typdelim, typrelid, typsubscript::text, typelem, typarray, typinput::text, typoutput::text, typreceive::text, typsend::text, typmodin::text, typmodout::text, typalign, typstorage, typcollation from pg_type t where typnamespace = 'pg_catalog'::regnamespace and t.oid < 16384 and (typrelid = 0 or t.oid in (71,75,81,83)) and typname not like '\_pg\_%' order by t.oid"
dump "$1" proc "select p.oid, proname, l.lanname, procost, prorows, provariadic, prokind, prosecdef, proleakproof, proisstrict, proretset, provolatile, proparallel, pronargs, pronargdefaults, prorettype, array_to_string(proargtypes::oid[], ' ') as proargtypes, proallargtypes, proargmodes, proargnames, pg_get_expr(proargdefaults, 0) as proargdefaults, case when l.lanname = 'sql' then '-' else prosrc end as prosrc from pg_proc p join pg_language l on l.oid = prolang where pronamespace = 'pg_catalog'::regnamespace and p.oid < 16384 order by p.oid"
dump "$1" operator "select oid, oprname, oprkind, oprcanmerge, oprcanhash, oprleft, oprright, oprresult, oprcom, oprnegate, oprcode::oid, oprrest::text, oprjoin::text from pg_operator order by oid"
dump "$1" cast "select oid, castsource, casttarget, castfunc, castcontext, castmethod from pg_cast order by oid"
dump "$1" aggregate "select aggfnoid::oid, aggkind, aggnumdirectargs, aggtransfn::oid, aggfinalfn::oid, aggsortop, aggtranstype, agginitval from pg_aggregate order by 1"
dump "$1" range "select rngtypid, rngsubtype, rngmultitypid, rngcollation, rngsubopc, rngcanonical::oid, rngsubdiff::oid from pg_range order by 1"
dump "$1" opclass "select oid, opcmethod, opcname, opcfamily, opcintype, opcdefault, opckeytype from pg_opclass order by oid"
dump "$1" opfamily "select oid, opfmethod, opfname from pg_opfamily order by oid"
dump "$1" amop "select oid, amopfamily, amoplefttype, amoprighttype, amopstrategy, amoppurpose, amopopr, amopmethod, amopsortfamily from pg_amop order by oid"
dump "$1" am "select oid, amname, amhandler::oid, amtype from pg_am order by oid"
dump "$1" namespace "select oid, nspname from pg_namespace where oid < 16384 order by oid"
dump "$1" setting "select name, setting, unit, category, context, vartype, min_val, max_val, enumvals, boot_val, '' as short_desc, null as extra_desc from pg_settings where name not like '%.%' order by name"
dump "$1" attribute "select attrelid, c.relname, n.nspname, c.relkind, a.attname, a.atttypid, a.attlen, a.attnum, a.attndims, a.atttypmod, a.attnotnull from pg_attribute a join pg_class c on c.oid = attrelid join pg_namespace n on n.oid = relnamespace where nspname in ('pg_catalog', 'information_schema') and relkind in ('r', 'v') and attnum > 0 order by nspname, relname, attnum"
dump "$1" encoding "select i as encoding, pg_encoding_to_char(i) as name from generate_series(0, 41) i"
dump "$1" keyword "select word, catcode, barelabel, catdesc, baredesc from pg_get_keywords() order by word"
dump "$1" collation "select oid, collname, collnamespace, collprovider, collisdeterministic, collencoding, collcollate, collctype from pg_collation where collprovider <> 'i' order by oid"
dump "$1" language "select oid, lanname, lanispl, lanpltrusted from pg_language where lanname <> 'plpgsql' order by oid"
dump "$1" class "select c.oid, relname, nspname, relkind, reltype, coalesce(t.typarray, 0) as reltypearray, relam, relisshared, relhasindex, relhasrules, relnatts, relreplident from pg_class c join pg_namespace n on n.oid = relnamespace left join pg_type t on t.oid = c.reltype where nspname in ('pg_catalog', 'information_schema') and relkind in ('r', 'v', 'i') order by c.oid"
dump "$1" index "select indexrelid, indrelid, indisunique, indisprimary, indkey, indclass, indcollation, indoption from pg_index where indrelid in (select oid from pg_class where relnamespace = 'pg_catalog'::regnamespace) order by 1"
dump "$1" constraint "select oid, conname, contype, conrelid, conindid, conkey from pg_constraint where connamespace = 'pg_catalog'::regnamespace and conrelid <> 0 order by oid"
dump "$1" infotype "select oid, typname, typtype, typelem, typarray, typbasetype, typtypmod, typnotnull from pg_type where typnamespace = 'information_schema'::regnamespace and (typtype = 'd' or typelem in (select oid from pg_type where typtype = 'd')) order by oid"
dump "$1" infoproc "select p.oid, proname, l.lanname, procost, prorows, provariadic, prokind, prosecdef, proleakproof, proisstrict, proretset, provolatile, proparallel, pronargs, pronargdefaults, prorettype, array_to_string(proargtypes::oid[], ' ') as proargtypes, proallargtypes, proargmodes, proargnames, pg_get_expr(proargdefaults, 0) as proargdefaults, '-' as prosrc from pg_proc p join pg_language l on l.oid = prolang where pronamespace = 'information_schema'::regnamespace order by p.oid"
# Whole rows of catalogs whose content does not depend on the user's objects; functions as OIDs.
rows() { # relation, condition
    columns=$(psql "$1" -qAt -c "select string_agg(case when atttypid = 'regproc'::regtype then attname || '::oid as ' || attname else attname end, ', ' order by attnum) from pg_attribute where attrelid = 'pg_catalog.$2'::regclass and attnum > 0 and not attisdropped")
    dump "$1" "rows_$2" "select $columns from pg_catalog.$2 where $3 order by 1, 2, 3"
}
for relation in am amop amproc opclass opfamily range conversion ts_config ts_config_map ts_dict ts_parser ts_template cast aggregate operator; do
    rows "$1" "pg_$relation" true
done
rows "$1" pg_collation "collprovider <> 'i'"
rows "$1" pg_language "lanname <> 'plpgsql'"
