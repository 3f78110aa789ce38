-- Definitions of views as they are printed, LIKE's keys, grouping by keys of catalogs, REVOKE and columns.
create schema definitions;
set search_path to definitions;
\pset format unaligned
create table t(a text, n int);
create view v1 as select a, n from t union select 'x', 1 from t;
create view v2 as select a, n from t union all select 'x', 1 from t order by 2 limit 3;
create view v3 as (select a, n from t order by 1 limit 1) union all select 'x', 1 from t union select a, n+1 from t;
create view v4 as select a, n from t union all (select 'x', 1 from t except select a, n+1 from t);
create view v5 as select * from (select 1 as x union select 2) s;
create view v6 as with w as (select 1 as x union select 2) select (select 5 union select 6 limit 1), x from w;
create view v8(p,q) as select a, n from t union select 'x', 1;
create view v9 as select a, exists (select 1 from t) e, n in (select 3) i, array(select 7) ar from t where exists (select 1 from t union select 2);
create view v10 as values (1,'a'),(2,'b');
create view v12 as select * from t union (with w as (select 'q' a, 5 n) select * from w) intersect select * from t;
create view v13 as select 1 as one, 2;
alter view v1 rename column a to z;
create materialized view m as select n from t union all select 1 with no data;
select i, pg_get_viewdef(('v'||i)::regclass, true), pg_get_viewdef(('v'||i)::regclass) from unnest(array[1,2,3,4,5,6,8,9,10,12,13]) i;
\d+ v1
create table a1(a int, b int, c int, primary key(a), constraint uq unique(b,c));
create table a2(like a1 including indexes);
select conname, contype, conindid::regclass, conrelid::regclass from pg_constraint where conrelid::regclass::text in ('a1','a2') order by 4,1;
\d a2
create table a3(x int primary key, like a1 including indexes);
create table a4(like a1 including indexes, foreign key (b) references a2);
insert into a2 values (1,2,3) on conflict on constraint a2_pkey do nothing;
alter table a2 drop constraint a2_b_c_key;
select relname, relkind, count(*) from pg_class c join pg_attribute a on attrelid=c.oid where relname='a1' group by c.oid order by 1;
select attname, atttypid::regtype, count(*) from pg_attribute where attrelid='a1'::regclass and attnum>0 group by attrelid, attnum order by attnum;
select attname from pg_attribute group by attrelid;
select rolname, count(*) from pg_roles group by oid;
select relname, count(*) from pg_class group by rollup(oid);
select description from pg_description group by objoid, classoid, objsubid limit 0;
grant select (a), insert (b), update on a1 to public;
grant all (c) on a1 to public;
\dp a1
revoke insert on a1 from public;
\dp a1
revoke all on a1 from public;
\dp a1
grant select(a) on a1 to public;
revoke select(a) on a1 from public;
\dp a1
create table t9(a text, b text, n int);
create view v20 as select a collate "C" as x, a || b collate "POSIX" as y, upper(a collate "C") u, a collate "C" < b as l, (a || b) collate "C" as z, max(a collate "C") over (order by b collate "C" desc) w, n::text collate "C" as q, a collate "C" like 'x%' as lk, case when a collate "C" > 'x' then 1 end cs, a collate "default" as df, a::varchar collate "C" vd, coalesce(a collate "C", 'x') co, 'x' collate "C" as kk, a = any (array['x' collate "C"]) aa from t9 where a collate "C" between 'a' and 'b' order by b collate "C", (a||b) collate "C" desc;
select pg_get_viewdef('v20',true), pg_get_viewdef('v20');
