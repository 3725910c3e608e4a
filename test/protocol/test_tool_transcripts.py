"""What graphical tools send when they connect and browse: each statement must be answered."""

import pytest
from harness.wire import Connection

pytestmark = pytest.mark.checklist(24)

DBEAVER = [
    "SET extra_float_digits = 3",
    "SET application_name = 'DBeaver 23.0 - Main'",
    "SELECT version()",
    "SHOW search_path",
    "SELECT current_schema(),session_user",
    "SELECT db.oid,db.* FROM pg_catalog.pg_database db WHERE datname=current_database()",
    "SELECT db.oid,db.* FROM pg_catalog.pg_database db WHERE datallowconn AND NOT datistemplate ORDER BY db.datname",
    "select * from pg_catalog.pg_settings where name='standard_conforming_strings'",
    "select string_agg(word, ',') from pg_catalog.pg_get_keywords() where word <> 'x'",
    "SELECT n.oid,n.*,d.description FROM pg_catalog.pg_namespace n LEFT OUTER JOIN pg_catalog.pg_description d "
    "ON d.objoid=n.oid AND d.objsubid=0 AND d.classoid='pg_namespace'::regclass ORDER BY nspname",
    "SELECT t.oid,t.*,c.relkind,format_type(nullif(t.typbasetype, 0), t.typtypmod) as base_type_name, d.description "
    "FROM pg_catalog.pg_type t LEFT OUTER JOIN pg_catalog.pg_type et ON et.oid=t.typelem "
    "LEFT OUTER JOIN pg_catalog.pg_class c ON c.oid=t.typrelid "
    "LEFT OUTER JOIN pg_catalog.pg_description d ON t.oid=d.objoid WHERE t.typname IS NOT NULL "
    "AND (c.relkind IS NULL OR c.relkind = 'c') AND (et.typcategory IS NULL OR et.typcategory <> 'C')",
    "SELECT c.oid,c.*,d.description,pg_catalog.pg_get_expr(c.relpartbound, c.oid) as partition_expr, "
    "pg_catalog.pg_get_partkeydef(c.oid) as partition_key FROM pg_catalog.pg_class c "
    "LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid=c.oid AND d.objsubid=0 "
    "AND d.classoid='pg_class'::regclass WHERE c.relnamespace='{schema}'::regnamespace AND c.relkind not in ('i','I','c')",
    "SELECT c.relname,a.*,pg_catalog.pg_get_expr(ad.adbin, ad.adrelid, true) as def_value,dsc.description,dep.objid "
    "FROM pg_catalog.pg_attribute a INNER JOIN pg_catalog.pg_class c ON (a.attrelid=c.oid) "
    "LEFT OUTER JOIN pg_catalog.pg_attrdef ad ON (a.attrelid=ad.adrelid AND a.attnum = ad.adnum) "
    "LEFT OUTER JOIN pg_catalog.pg_description dsc ON (c.oid=dsc.objoid AND a.attnum = dsc.objsubid) "
    "LEFT OUTER JOIN pg_depend dep on dep.refobjid = a.attrelid AND dep.deptype = 'i' and dep.refobjsubid = a.attnum "
    "and dep.classid = dep.refclassid WHERE NOT a.attisdropped AND c.relkind not in ('i','I','c') "
    "AND c.oid='item'::regclass ORDER BY a.attnum",
    "SELECT c.oid,c.*,t.relname as tabrelname,rt.relnamespace as refnamespace,d.description, "
    "case when c.contype='c' then substring(pg_get_constraintdef(c.oid), 7) else null end consrc_copy "
    "FROM pg_catalog.pg_constraint c INNER JOIN pg_catalog.pg_class t ON t.oid=c.conrelid "
    "LEFT OUTER JOIN pg_catalog.pg_class rt ON rt.oid=c.confrelid LEFT OUTER JOIN pg_catalog.pg_description d "
    "ON d.objoid=c.oid AND d.objsubid=0 AND d.classoid='pg_constraint'::regclass WHERE c.conrelid='item'::regclass ORDER BY c.oid",
    "SELECT i.*,i.indkey as keys,c.relname,c.relnamespace,c.relam,c.reltablespace,tc.relname as tabrelname,dsc.description, "
    "pg_catalog.pg_get_expr(i.indpred, i.indrelid, true) as pred_expr, pg_catalog.pg_get_expr(i.indexprs, i.indrelid, true) as expr, "
    "pg_catalog.pg_relation_size(i.indexrelid) as index_rel_size, pg_catalog.pg_stat_get_numscans(i.indexrelid) as index_num_scans "
    "FROM pg_catalog.pg_index i INNER JOIN pg_catalog.pg_class c ON c.oid=i.indexrelid "
    "INNER JOIN pg_catalog.pg_class tc ON tc.oid=i.indrelid LEFT OUTER JOIN pg_catalog.pg_description dsc ON i.indexrelid=dsc.objoid "
    "WHERE i.indrelid='item'::regclass ORDER BY tabrelname, c.relname",
    "SELECT pg_catalog.pg_total_relation_size('item'::regclass), pg_catalog.pg_relation_size('item'::regclass)",
    "SELECT pg_catalog.pg_database_size(current_database())",
    "SELECT t.oid,t.*,pg_tablespace_location(t.oid) loc FROM pg_catalog.pg_tablespace t ORDER BY t.oid",
    "SELECT a.oid,a.* FROM pg_catalog.pg_roles a ORDER BY a.rolname",
    "SELECT sa.* FROM pg_catalog.pg_stat_activity sa",
    "SELECT c.oid,c.* FROM pg_catalog.pg_collation c ORDER BY c.oid",
    "SELECT e.oid,e.* FROM pg_catalog.pg_extension e ORDER BY e.oid",
    "SELECT x.*, x.xmin FROM item x",
    "SHOW DateStyle",
    "SHOW TRANSACTION ISOLATION LEVEL",
]

PGADMIN = [
    "SET DateStyle=ISO; SET client_min_messages=notice; SELECT set_config('bytea_output','hex',false) "
    "FROM pg_show_all_settings() WHERE name = 'bytea_output'; SET client_encoding='UTF8';",
    "SELECT db.oid as did, db.datname, db.datallowconn, pg_encoding_to_char(db.encoding) AS serverencoding, "
    "has_database_privilege(db.oid, 'CREATE') as cancreate, datistemplate FROM pg_catalog.pg_database db "
    "WHERE db.datname = current_database()",
    "SELECT gss_authenticated, encrypted FROM pg_catalog.pg_stat_gssapi WHERE pid = pg_backend_pid()",
    "SELECT roles.oid as id, roles.rolname as name, roles.rolsuper as is_superuser, "
    "CASE WHEN roles.rolsuper THEN true ELSE roles.rolcreaterole END as can_create_role, "
    "CASE WHEN roles.rolsuper THEN true ELSE roles.rolcreatedb END as can_create_db "
    "FROM pg_catalog.pg_roles as roles WHERE rolname = current_user",
    "SELECT nsp.oid, nsp.nspname as name, pg_catalog.has_schema_privilege(nsp.oid, 'CREATE') as can_create, "
    "pg_catalog.has_schema_privilege(nsp.oid, 'USAGE') as has_usage FROM pg_catalog.pg_namespace nsp "
    "WHERE nspname NOT LIKE E'pg\\\\_%' AND NOT ((nsp.nspname = 'information_schema' AND EXISTS "
    "(SELECT 1 FROM pg_catalog.pg_class WHERE relname = 'tables' AND relnamespace = nsp.oid LIMIT 1))) ORDER BY nspname",
    "SELECT rel.oid, rel.relname AS name, (SELECT count(*) FROM pg_catalog.pg_trigger WHERE tgrelid=rel.oid "
    "AND tgisinternal = FALSE) AS triggercount, (SELECT count(*) FROM pg_catalog.pg_inherits WHERE inhrelid=rel.oid LIMIT 1) as inherited "
    "FROM pg_catalog.pg_class rel WHERE rel.relkind IN ('r','s','t','p') AND rel.relnamespace = '{schema}'::regnamespace "
    "AND NOT rel.relispartition ORDER BY rel.relname",
    "SELECT 'session_stats' AS chart_name, pg_catalog.row_to_json(t) AS chart_data FROM (SELECT "
    "(SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE datname = current_database()) AS \"Total\", "
    "(SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE state = 'active') AS \"Active\") t",
    "SELECT att.attname as name, att.attnum as OID, format_type(ty.oid,NULL) AS datatype, att.attnotnull as not_null, "
    "CASE WHEN att.atthasdef OR att.attidentity != '' OR ty.typdefault IS NOT NULL THEN True ELSE False END as has_default_val, "
    "des.description FROM pg_catalog.pg_attribute att JOIN pg_catalog.pg_type ty ON ty.oid=atttypid "
    "JOIN pg_catalog.pg_namespace tn ON tn.oid=ty.typnamespace JOIN pg_catalog.pg_class cl ON cl.oid=att.attrelid "
    "LEFT OUTER JOIN pg_catalog.pg_type et ON et.oid=ty.typelem LEFT OUTER JOIN pg_catalog.pg_attrdef def "
    "ON adrelid=att.attrelid AND adnum=att.attnum LEFT OUTER JOIN pg_catalog.pg_description des "
    "ON (des.objoid=att.attrelid AND des.objsubid=att.attnum AND des.classoid='pg_class'::regclass) "
    "WHERE att.attrelid = 'item'::regclass AND att.attnum > 0 AND att.attisdropped IS FALSE ORDER BY att.attnum",
]

METABASE = [
    "SELECT n.nspname AS schema, c.relname AS name, CASE c.relkind WHEN 'r' THEN 'TABLE' WHEN 'v' THEN 'VIEW' END AS type, "
    "d.description AS description, stat.n_live_tup AS estimated_row_count FROM pg_catalog.pg_class AS c "
    "INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid LEFT JOIN pg_catalog.pg_description AS d "
    "ON c.oid = d.objoid AND d.objsubid = 0 AND d.classoid = 'pg_class'::regclass "
    "LEFT JOIN pg_stat_user_tables AS stat ON n.nspname = stat.schemaname AND c.relname = stat.relname "
    "WHERE c.relnamespace = n.oid AND n.nspname !~ '^information_schema|catalog_history|pg_' AND c.relkind IN ('r', 'p', 'v', 'f', 'm') "
    "ORDER BY type, schema, name",
    "SELECT fk_ns.nspname AS \"fk-table-schema\", fk_table.relname AS \"fk-table-name\", fk_column.attname AS \"fk-column-name\", "
    "pk_table.relname AS \"pk-table-name\", pk_column.attname AS \"pk-column-name\" FROM pg_constraint AS c "
    "JOIN pg_class AS fk_table ON c.conrelid = fk_table.oid JOIN pg_namespace AS fk_ns ON c.connamespace = fk_ns.oid "
    "JOIN pg_attribute AS fk_column ON c.conrelid = fk_column.attrelid JOIN pg_class AS pk_table ON c.confrelid = pk_table.oid "
    "JOIN pg_attribute AS pk_column ON c.confrelid = pk_column.attrelid WHERE c.contype = 'f'::char "
    "AND fk_column.attnum = ANY(c.conkey) AND pk_column.attnum = ANY(c.confkey) ORDER BY 1, 2",
    "SELECT nspname FROM pg_namespace WHERE has_schema_privilege(nspname, 'USAGE') ORDER BY 1",
    "with table_privileges as (select NULL as role, t.schemaname as schema, t.objectname as table, "
    "pg_catalog.has_any_column_privilege(current_user, '\"' || t.schemaname || '\".\"' || t.objectname || '\"', 'update') as update, "
    "pg_catalog.has_table_privilege(current_user, '\"' || t.schemaname || '\".\"' || t.objectname || '\"', 'SELECT') as select "
    "from (select schemaname, tablename as objectname from pg_catalog.pg_tables union all select schemaname, viewname as objectname "
    "from pg_catalog.pg_views) t where t.schemaname !~ '^pg_' and t.schemaname <> 'information_schema') "
    "select t.* from table_privileges t",
]

TRANSCRIPTS = {"dbeaver": DBEAVER, "pgadmin": PGADMIN, "metabase": METABASE}


@pytest.fixture
def shop(wire: Connection) -> Connection:
    wire.query("CREATE TABLE shop (id int PRIMARY KEY)")
    wire.query(
        "CREATE TABLE item (id int PRIMARY KEY, shop_id int REFERENCES shop, n numeric CHECK (n > 0) DEFAULT 1)"
    )
    wire.query("CREATE INDEX item_n ON item ((n + 1)) WHERE n > 5")
    wire.query("CREATE VIEW item_view AS SELECT id FROM item")
    return wire


@pytest.mark.parametrize(
    ("tool", "number"),
    [(tool, number) for tool, statements in TRANSCRIPTS.items() for number in range(len(statements))],
)
def test_statement(shop: Connection, schema: str, tool: str, number: int) -> None:
    sql = TRANSCRIPTS[tool][number].replace("{schema}", schema)
    for result in shop.try_query(sql):
        assert result.error is None, f"{result.error}\n{sql}"
