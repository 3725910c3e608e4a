// information_schema as views over pg_catalog, with the columns of SQL:2016 part 11 that PostgreSQL
// 15 shows. Each body is bound like any other view.

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "catalog/internal/system_tables.h"

namespace helios::catalog::internal {

namespace {

struct ViewText {
  const char* name;
  const char* columns;  // In order, with spaces between.
  const char* sql;
};

// A relation is listed for whoever may do something with it; owners and superusers always may.
constexpr ViewText kViews[] = {
    {"information_schema_catalog_name", "catalog_name",
     "SELECT pg_catalog.current_database() AS catalog_name"},
    {"schemata",
     "catalog_name schema_name schema_owner default_character_set_catalog "
     "default_character_set_schema default_character_set_name sql_path",
     "SELECT pg_catalog.current_database() AS catalog_name, n.nspname AS schema_name, "
     "r.rolname AS schema_owner, NULL::text AS default_character_set_catalog, "
     "NULL::text AS default_character_set_schema, NULL::text AS default_character_set_name, "
     "NULL::text AS sql_path "
     "FROM pg_catalog.pg_namespace n JOIN pg_catalog.pg_roles r ON r.oid = n.nspowner"},
    {"tables",
     "table_catalog table_schema table_name table_type self_referencing_column_name "
     "reference_generation user_defined_type_catalog user_defined_type_schema "
     "user_defined_type_name is_insertable_into is_typed commit_action",
     "SELECT pg_catalog.current_database() AS table_catalog, n.nspname AS "
     "table_schema, "
     "c.relname AS table_name, "
     "CASE WHEN n.nspname LIKE 'pg\\_temp\\_%' THEN 'LOCAL TEMPORARY' "
     "WHEN c.relkind = 'v' THEN 'VIEW' ELSE 'BASE TABLE' END AS table_type, "
     "NULL::text AS self_referencing_column_name, NULL::text AS reference_generation, "
     "NULL::text AS user_defined_type_catalog, NULL::text AS user_defined_type_schema, "
     "NULL::text AS user_defined_type_name, "
     "CASE WHEN c.relkind = 'r' THEN 'YES' ELSE 'NO' END AS is_insertable_into, "
     "'NO'::text AS is_typed, NULL::text AS commit_action "
     "FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
     "WHERE c.relkind IN ('r', 'v') AND (pg_catalog.pg_has_role(c.relowner, 'USAGE') "
     "OR pg_catalog.has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, "
     "REFERENCES, TRIGGER') OR pg_catalog.has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE, "
     "REFERENCES'))"},
    {"columns",
     "table_catalog table_schema table_name column_name ordinal_position column_default "
     "is_nullable data_type character_maximum_length character_octet_length "
     "numeric_precision numeric_precision_radix numeric_scale datetime_precision "
     "interval_type interval_precision character_set_catalog character_set_schema "
     "character_set_name collation_catalog collation_schema collation_name domain_catalog "
     "domain_schema domain_name udt_catalog udt_schema udt_name scope_catalog scope_schema "
     "scope_name maximum_cardinality dtd_identifier is_self_referencing is_identity "
     "identity_generation identity_start identity_increment identity_maximum "
     "identity_minimum identity_cycle is_generated generation_expression is_updatable",
     "SELECT pg_catalog.current_database() AS table_catalog, n.nspname AS "
     "table_schema, "
     "c.relname AS table_name, a.attname AS column_name, "
     "a.attnum::integer AS ordinal_position, "
     "CASE WHEN a.attgenerated = '' THEN pg_catalog.pg_get_expr(d.adbin, d.adrelid) END "
     "AS column_default, "
     "CASE WHEN a.attnotnull OR (t.typtype = 'd' AND t.typnotnull) THEN 'NO' ELSE 'YES' END "
     "AS is_nullable, "
     "CASE WHEN t.typtype = 'd' THEN CASE WHEN bt.typelem <> 0 AND bt.typlen = -1 THEN 'ARRAY' "
     "WHEN nbt.nspname = 'pg_catalog' THEN pg_catalog.format_type(t.typbasetype, NULL) "
     "ELSE 'USER-DEFINED' END "
     "ELSE CASE WHEN t.typelem <> 0 AND t.typlen = -1 THEN 'ARRAY' "
     "WHEN nt.nspname = 'pg_catalog' THEN pg_catalog.format_type(a.atttypid, NULL) "
     "ELSE 'USER-DEFINED' END END AS data_type, "
     "CASE WHEN a.atttypid IN (1042, 1043) AND a.atttypmod > 4 THEN a.atttypmod - 4 "
     "WHEN a.atttypid IN (1560, 1562) AND a.atttypmod > 0 THEN a.atttypmod END "
     "AS character_maximum_length, "
     "CASE WHEN a.atttypid IN (25, 1042, 1043) THEN CASE WHEN a.atttypid IN (1042, 1043) "
     "AND a.atttypmod > 4 THEN 4 * (a.atttypmod - 4) ELSE 1073741824 END END "
     "AS character_octet_length, "
     "CASE a.atttypid WHEN 21 THEN 16 WHEN 23 THEN 32 WHEN 20 THEN 64 WHEN 700 THEN 24 "
     "WHEN 701 THEN 53 WHEN 1700 THEN CASE WHEN a.atttypmod > 4 THEN ((a.atttypmod - 4) >> 16) & "
     "65535 END END AS numeric_precision, "
     "CASE WHEN a.atttypid IN (21, 23, 20, 700, 701) THEN 2 WHEN a.atttypid = 1700 THEN 10 END "
     "AS numeric_precision_radix, "
     "CASE WHEN a.atttypid IN (21, 23, 20) THEN 0 WHEN a.atttypid = 1700 AND a.atttypmod > 4 THEN "
     "(a.atttypmod - 4) & 2047 END AS numeric_scale, "
     "CASE WHEN a.atttypid = 1082 THEN 0 WHEN a.atttypid IN (1083, 1114, 1184, 1266) THEN "
     "CASE WHEN a.atttypmod >= 0 THEN a.atttypmod ELSE 6 END WHEN a.atttypid = 1186 THEN "
     "CASE WHEN a.atttypmod >= 0 AND a.atttypmod & 65535 <> 65535 THEN a.atttypmod & 65535 ELSE 6 "
     "END END AS datetime_precision, "
     "NULL::text AS interval_type, NULL::integer AS interval_precision, "
     "NULL::text AS character_set_catalog, NULL::text AS character_set_schema, "
     "NULL::text AS character_set_name, NULL::text AS collation_catalog, "
     "NULL::text AS collation_schema, NULL::text AS collation_name, "
     "CASE WHEN t.typtype = 'd' THEN pg_catalog.current_database() END AS domain_catalog, "
     "CASE WHEN t.typtype = 'd' THEN nt.nspname END AS domain_schema, "
     "CASE WHEN t.typtype = 'd' THEN t.typname END AS domain_name, "
     "pg_catalog.current_database() AS udt_catalog, "
     "COALESCE(nbt.nspname, nt.nspname)::text AS udt_schema, "
     "COALESCE(bt.typname, t.typname)::text AS udt_name, "
     "NULL::text AS scope_catalog, NULL::text AS scope_schema, NULL::text AS scope_name, "
     "NULL::integer AS maximum_cardinality, a.attnum::text AS dtd_identifier, "
     "'NO'::text AS is_self_referencing, "
     "CASE WHEN a.attidentity IN ('a', 'd') THEN 'YES' ELSE 'NO' END AS is_identity, "
     "CASE a.attidentity WHEN 'a' THEN 'ALWAYS' WHEN 'd' THEN 'BY DEFAULT' END "
     "AS identity_generation, "
     "s.seqstart::text AS identity_start, s.seqincrement::text AS identity_increment, "
     "s.seqmax::text AS identity_maximum, s.seqmin::text AS identity_minimum, "
     "CASE WHEN a.attidentity = '' THEN 'NO' WHEN s.seqcycle THEN 'YES' ELSE 'NO' END "
     "AS identity_cycle, "
     "CASE WHEN a.attgenerated <> '' THEN 'ALWAYS' ELSE 'NEVER' END AS is_generated, "
     "CASE WHEN a.attgenerated <> '' THEN pg_catalog.pg_get_expr(d.adbin, d.adrelid) END "
     "AS generation_expression, "
     "CASE WHEN c.relkind = 'r' THEN 'YES' ELSE 'NO' END AS is_updatable "
     "FROM pg_catalog.pg_attribute a "
     "JOIN pg_catalog.pg_class c ON c.oid = a.attrelid "
     "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
     "JOIN pg_catalog.pg_type t ON t.oid = a.atttypid "
     "JOIN pg_catalog.pg_namespace nt ON nt.oid = t.typnamespace "
     "LEFT JOIN pg_catalog.pg_type bt ON t.typtype = 'd' AND bt.oid = t.typbasetype "
     "LEFT JOIN pg_catalog.pg_namespace nbt ON nbt.oid = bt.typnamespace "
     "LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum "
     "LEFT JOIN pg_catalog.pg_depend dep ON dep.classid = 1259 AND dep.refclassid = 1259 "
     "AND dep.refobjid = a.attrelid AND dep.refobjsubid = a.attnum AND dep.deptype = 'i' "
     "LEFT JOIN pg_catalog.pg_sequence s ON s.seqrelid = dep.objid "
     "WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'v') "
     "AND (pg_catalog.pg_has_role(c.relowner, 'USAGE') "
     "OR pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT, INSERT, UPDATE, REFERENCES'))"},
    {"views",
     "table_catalog table_schema table_name view_definition check_option is_updatable "
     "is_insertable_into is_trigger_updatable is_trigger_deletable "
     "is_trigger_insertable_into",
     "SELECT pg_catalog.current_database() AS table_catalog, n.nspname AS "
     "table_schema, "
     "c.relname AS table_name, "
     "CASE WHEN pg_catalog.pg_has_role(c.relowner, 'USAGE') THEN pg_catalog.pg_get_viewdef(c.oid) "
     "END AS view_definition, CASE WHEN c.reloptions::text LIKE '%check_option=cascaded%' "
     "THEN 'CASCADED' WHEN c.reloptions::text LIKE '%check_option=local%' THEN 'LOCAL' "
     "ELSE 'NONE' END AS check_option, "
     "CASE WHEN pg_catalog.pg_relation_is_updatable(c.oid, false) & 20 = 20 THEN 'YES' "
     "ELSE 'NO' END AS is_updatable, "
     "CASE WHEN pg_catalog.pg_relation_is_updatable(c.oid, false) & 8 = 8 THEN 'YES' "
     "ELSE 'NO' END AS is_insertable_into, "
     "'NO'::text AS is_trigger_updatable, "
     "'NO'::text AS is_trigger_deletable, 'NO'::text AS is_trigger_insertable_into "
     "FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
     "WHERE c.relkind = 'v'"},
    {"table_constraints",
     "constraint_catalog constraint_schema constraint_name table_catalog table_schema "
     "table_name constraint_type is_deferrable initially_deferred enforced nulls_distinct",
     "SELECT pg_catalog.current_database() AS constraint_catalog, "
     "n.nspname AS constraint_schema, k.conname AS constraint_name, "
     "pg_catalog.current_database() AS table_catalog, n.nspname AS table_schema, "
     "c.relname AS table_name, "
     "CASE k.contype WHEN 'c' THEN 'CHECK' WHEN 'f' THEN 'FOREIGN KEY' WHEN 'p' THEN 'PRIMARY KEY' "
     "WHEN 'u' THEN 'UNIQUE' END AS constraint_type, "
     "CASE WHEN k.condeferrable THEN 'YES' ELSE 'NO' END AS is_deferrable, "
     "CASE WHEN k.condeferred THEN 'YES' ELSE 'NO' END AS initially_deferred, "
     "'YES'::text AS enforced, CASE WHEN k.contype = 'u' THEN 'YES' END AS nulls_distinct "
     "FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid "
     "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
     "UNION ALL SELECT pg_catalog.current_database(), n.nspname, "
     "(n.oid || '_' || c.oid || '_' || a.attnum || '_not_null')::text, "
     "pg_catalog.current_database(), n.nspname, c.relname, 'CHECK', 'NO', 'NO', "
     "'YES', NULL FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid "
     "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
     "WHERE a.attnotnull AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind = 'r' "
     "AND n.nspname <> 'pg_catalog'"},
    {"key_column_usage",
     "constraint_catalog constraint_schema constraint_name table_catalog table_schema "
     "table_name column_name ordinal_position position_in_unique_constraint",
     "SELECT pg_catalog.current_database() AS constraint_catalog, "
     "n.nspname AS constraint_schema, k.conname AS constraint_name, "
     "pg_catalog.current_database() AS table_catalog, n.nspname AS table_schema, "
     "c.relname AS table_name, a.attname AS column_name, "
     "p.n::integer AS ordinal_position, "
     "CASE WHEN k.contype = 'f' THEN p.n::integer END AS position_in_unique_constraint "
     "FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid "
     "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
     "CROSS JOIN LATERAL pg_catalog.generate_subscripts(k.conkey, 1) AS p(n) "
     "JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[p.n] "
     "WHERE k.contype IN ('f', 'p', 'u')"},
    {"referential_constraints",
     "constraint_catalog constraint_schema constraint_name unique_constraint_catalog "
     "unique_constraint_schema unique_constraint_name match_option update_rule delete_rule",
     "SELECT pg_catalog.current_database() AS constraint_catalog, "
     "n.nspname AS constraint_schema, k.conname AS constraint_name, "
     "pg_catalog.current_database() AS unique_constraint_catalog, "
     "un.nspname AS unique_constraint_schema, uk.conname AS unique_constraint_name, "
     "CASE k.confmatchtype WHEN 'f' THEN 'FULL' WHEN 'p' THEN 'PARTIAL' WHEN 's' THEN 'NONE' END "
     "AS match_option, "
     "CASE k.confupdtype WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN "
     "'SET DEFAULT' WHEN 'r' THEN 'RESTRICT' WHEN 'a' THEN 'NO ACTION' END AS update_rule, "
     "CASE k.confdeltype WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN "
     "'SET DEFAULT' WHEN 'r' THEN 'RESTRICT' WHEN 'a' THEN 'NO ACTION' END AS delete_rule "
     "FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_namespace n ON n.oid = k.connamespace "
     "LEFT JOIN pg_catalog.pg_constraint uk ON uk.conindid = k.conindid AND uk.contype IN ('p', "
     "'u') "
     "AND uk.conrelid = k.confrelid "
     "LEFT JOIN pg_catalog.pg_namespace un ON un.oid = uk.connamespace WHERE k.contype = 'f'"},
    {"constraint_column_usage",
     "table_catalog table_schema table_name column_name constraint_catalog "
     "constraint_schema constraint_name",
     "SELECT pg_catalog.current_database() AS table_catalog, n.nspname AS "
     "table_schema, "
     "c.relname AS table_name, a.attname AS column_name, "
     "pg_catalog.current_database() AS constraint_catalog, "
     "kn.nspname AS constraint_schema, k.conname AS constraint_name "
     "FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_namespace kn ON kn.oid = k.connamespace "
     "JOIN pg_catalog.pg_class c ON c.oid = CASE k.contype WHEN 'f' THEN k.confrelid "
     "ELSE k.conrelid END "
     "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
     "JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid "
     "AND a.attnum = ANY (CASE k.contype WHEN 'f' THEN k.confkey ELSE k.conkey END)"},
    {"constraint_table_usage",
     "table_catalog table_schema table_name constraint_catalog constraint_schema "
     "constraint_name",
     "SELECT pg_catalog.current_database() AS table_catalog, n.nspname AS "
     "table_schema, "
     "c.relname AS table_name, pg_catalog.current_database() AS constraint_catalog, "
     "kn.nspname AS constraint_schema, k.conname AS constraint_name "
     "FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_namespace kn ON kn.oid = k.connamespace "
     "JOIN pg_catalog.pg_class c ON c.oid = CASE k.contype WHEN 'f' THEN k.confrelid "
     "ELSE k.conrelid END "
     "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE k.contype IN ('f', 'p', 'u')"},
    {"check_constraints", "constraint_catalog constraint_schema constraint_name check_clause",
     "SELECT pg_catalog.current_database() AS constraint_catalog, "
     "n.nspname AS constraint_schema, k.conname AS constraint_name, "
     "pg_catalog.substring(pg_catalog.pg_get_constraintdef(k.oid), 7)::text AS check_clause "
     "FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_namespace n ON n.oid = k.connamespace "
     "WHERE k.contype = 'c' "
     "UNION ALL SELECT pg_catalog.current_database(), n.nspname, "
     "(n.oid || '_' || c.oid || '_' || a.attnum || '_not_null')::text, "
     "(a.attname || ' IS NOT NULL')::text FROM pg_catalog.pg_attribute a "
     "JOIN pg_catalog.pg_class c ON c.oid = a.attrelid "
     "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
     "WHERE a.attnotnull AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind = 'r' "
     "AND n.nspname <> 'pg_catalog'"},
    {"sequences",
     "sequence_catalog sequence_schema sequence_name data_type numeric_precision "
     "numeric_precision_radix numeric_scale start_value minimum_value maximum_value "
     "increment cycle_option",
     "SELECT pg_catalog.current_database() AS sequence_catalog, "
     "n.nspname AS sequence_schema, c.relname AS sequence_name, "
     "pg_catalog.format_type(s.seqtypid, NULL) AS data_type, "
     "CASE s.seqtypid WHEN 21 THEN 16 WHEN 23 THEN 32 ELSE 64 END AS numeric_precision, "
     "2 AS numeric_precision_radix, 0 AS numeric_scale, s.seqstart::text AS start_value, "
     "s.seqmin::text AS minimum_value, s.seqmax::text AS maximum_value, "
     "s.seqincrement::text AS increment, "
     "CASE WHEN s.seqcycle THEN 'YES' ELSE 'NO' END AS cycle_option "
     "FROM pg_catalog.pg_sequence s JOIN pg_catalog.pg_class c ON c.oid = s.seqrelid "
     "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
     "WHERE NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d WHERE d.classid = 1259 "
     "AND d.objid = c.oid AND d.deptype = 'i')"},
    {"routines",
     "specific_catalog specific_schema specific_name routine_catalog routine_schema "
     "routine_name routine_type data_type external_language routine_definition",
     "SELECT pg_catalog.current_database() AS specific_catalog, "
     "n.nspname AS specific_schema, (p.proname || '_' || p.oid)::text AS specific_name, "
     "pg_catalog.current_database() AS routine_catalog, n.nspname AS routine_schema, "
     "p.proname AS routine_name, "
     "CASE p.prokind WHEN 'f' THEN 'FUNCTION' WHEN 'p' THEN 'PROCEDURE' END AS routine_type, "
     "pg_catalog.format_type(p.prorettype, NULL) AS data_type, "
     "'INTERNAL'::text AS external_language, p.prosrc AS routine_definition "
     "FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace"},
    {"domains", "domain_catalog domain_schema domain_name data_type domain_default",
     "SELECT pg_catalog.current_database() AS domain_catalog, n.nspname AS "
     "domain_schema, "
     "t.typname AS domain_name, pg_catalog.format_type(t.typbasetype, NULL) AS data_type, "
     "t.typdefault AS domain_default "
     "FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace "
     "WHERE t.typtype = 'd'"},
    {"table_privileges",
     "grantor grantee table_catalog table_schema table_name privilege_type is_grantable "
     "with_hierarchy",
     "SELECT g.rolname AS grantor, COALESCE(r.rolname, 'PUBLIC') AS grantee, "
     "pg_catalog.current_database() AS table_catalog, n.nspname AS table_schema, "
     "c.relname AS table_name, a.privilege_type::text AS privilege_type, "
     "CASE WHEN a.is_grantable THEN 'YES' ELSE 'NO' END AS is_grantable, "
     "CASE WHEN a.privilege_type = 'SELECT' THEN 'YES' ELSE 'NO' END AS with_hierarchy "
     "FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
     "CROSS JOIN LATERAL pg_catalog.aclexplode(COALESCE(c.relacl, "
     "pg_catalog.acldefault('r', c.relowner))) AS a "
     "JOIN pg_catalog.pg_roles g ON g.oid = a.grantor "
     "LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.grantee WHERE c.relkind IN ('r', 'v')"},
    {"role_table_grants",
     "grantor grantee table_catalog table_schema table_name privilege_type is_grantable "
     "with_hierarchy",
     "SELECT grantor, grantee, table_catalog, table_schema, table_name, privilege_type, "
     "is_grantable, with_hierarchy FROM information_schema.table_privileges"},
    {"enabled_roles", "role_name",
     "SELECT r.rolname AS role_name FROM pg_catalog.pg_roles r "
     "WHERE pg_catalog.pg_has_role(r.oid, 'USAGE')"},
    {"applicable_roles", "grantee role_name is_grantable",
     "SELECT m.rolname AS grantee, r.rolname AS role_name, "
     "CASE WHEN a.admin_option THEN 'YES' ELSE 'NO' END AS is_grantable "
     "FROM pg_catalog.pg_auth_members a JOIN pg_catalog.pg_roles m ON m.oid = a.member "
     "JOIN pg_catalog.pg_roles r ON r.oid = a.roleid"},
    {"character_sets",
     "character_set_catalog character_set_schema character_set_name character_repertoire "
     "form_of_use default_collate_catalog default_collate_schema default_collate_name",
     "SELECT NULL::text AS character_set_catalog, NULL::text AS character_set_schema, "
     "'UTF8'::text AS character_set_name, 'UCS'::text AS character_repertoire, "
     "'UTF8'::text AS form_of_use, pg_catalog.current_database() AS default_collate_catalog, "
     "'pg_catalog'::text AS default_collate_schema, 'C'::text AS default_collate_name"},
    {"triggers",
     "trigger_catalog trigger_schema trigger_name event_manipulation event_object_schema "
     "event_object_table action_statement action_timing",
     "SELECT NULL::text AS trigger_catalog, NULL::text AS trigger_schema, NULL::text AS "
     "trigger_name, NULL::text AS event_manipulation, NULL::text AS event_object_schema, "
     "NULL::text AS event_object_table, NULL::text AS action_statement, NULL::text AS "
     "action_timing WHERE false"},
};

// PostgreSQL gives these views OIDs at initdb, so no client knows them by number.
constexpr Oid kFirstViewOid = 13220;

bool IsOneOf(std::string_view name, std::span<const std::string_view> list) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

// The type below the standard's domain: sql_identifier, cardinal_number, or one of character_data
// and yes_or_no. A column's name tells which.
SqlType ColumnType(std::string_view name) {
  static constexpr std::string_view kIdentifiers[] = {"grantor", "grantee", "dtd_identifier",
                                                      "character_repertoire", "form_of_use"};
  static constexpr std::string_view kNumbers[] = {
      "ordinal_position",        "character_maximum_length",
      "character_octet_length",  "numeric_precision",
      "numeric_precision_radix", "numeric_scale",
      "datetime_precision",      "interval_precision",
      "maximum_cardinality",     "position_in_unique_constraint"};
  if (name.ends_with("_name") || name.ends_with("_catalog") || name.ends_with("_schema") ||
      IsOneOf(name, kIdentifiers)) {
    return {type_oid::kName};
  }
  return {IsOneOf(name, kNumbers) ? type_oid::kInt4 : type_oid::kVarchar};
}

// The view's query with each column as the type that it is shown as.
SystemTable MakeView(const ViewText& text) {
  SystemTable view;
  view.name = text.name;
  view.schema = kInformationSchema;
  view.is_view = true;
  std::string list;
  for (std::string_view rest = text.columns; !rest.empty();) {
    const std::string_view name = rest.substr(0, rest.find(' '));
    rest.remove_prefix(std::min(rest.size(), name.size() + 1));
    SystemColumn column;
    column.name = name;
    column.type = ColumnType(name);
    list += fmt::format("{}v.{}::{}", list.empty() ? "" : ", ", name,
                        FindType(column.type.oid)->sql_name);
    view.columns.push_back(std::move(column));
  }
  view.view_sql = fmt::format("SELECT {} FROM ({}) AS v", list, text.sql);
  return view;
}

}  // namespace

std::vector<SystemTable> InformationSchemaViews() {
  std::vector<SystemTable> views;
  Oid oid = kFirstViewOid;
  for (const ViewText& text : kViews) {
    SystemTable view = MakeView(text);
    view.oid = oid++;
    views.push_back(std::move(view));
  }
  return views;
}

}  // namespace helios::catalog::internal
