#include "server/shell/internal/describe.h"

#include <fmt/format.h>

#include "server/shell/internal/describe_table.h"

namespace helios::shell {

std::string LikePattern(std::string_view part) {
  std::string like;
  bool quoted = false;
  for (size_t i = 0; i < part.size(); ++i) {
    const char c = part[i];
    if (c == '"') {
      if (quoted && i + 1 < part.size() && part[i + 1] == '"') {
        like += '"';
        ++i;
      } else {
        quoted = !quoted;
      }
    } else if (!quoted && c == '*') {
      like += '%';
    } else if (!quoted && c == '?') {
      like += '_';
    } else if (c == '%' || c == '_' || c == '\\') {
      like += '\\';
      like += c;
    } else {
      like += !quoted && c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
  }
  return like;
}

std::pair<std::string, std::string> SplitPattern(std::string_view pattern) {
  bool quoted = false;
  size_t dot = std::string_view::npos;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '"') quoted = !quoted;
    if (pattern[i] == '.' && !quoted) dot = i;
  }
  if (dot == std::string_view::npos) return {"", std::string(pattern)};
  std::string_view schema = pattern.substr(0, dot);
  // database.schema.name: the database is this one.
  const size_t database_dot = schema.rfind('.');
  if (database_dot != std::string_view::npos && schema.find('"') == std::string_view::npos) {
    schema.remove_prefix(database_dot + 1);
  }
  return {std::string(schema), std::string(pattern.substr(dot + 1))};
}

std::string PatternCondition(const Session& session, const std::string& pattern,
                             const NamePattern& columns, bool with_system) {
  std::string condition;
  const auto add = [&](const std::string& part) {
    condition += condition.empty() ? part : " AND " + part;
  };
  const auto like = [&](const std::string& column, const std::string& part) {
    const std::string text = LikePattern(part);
    const bool is_plain = text.find_first_of("%_\\") == std::string::npos;
    add(fmt::format("{} {} {}", column, is_plain ? "=" : "LIKE", session.Literal(text)));
  };
  if (pattern.empty()) {
    if (!with_system && !columns.schema_column.empty()) {
      add(
          fmt::format("{0} <> 'pg_catalog' AND {0} <> 'information_schema' AND {0} NOT LIKE "
                      "'pg\\_toast%'",
                      columns.schema_column));
    }
    if (!columns.visible.empty()) add(columns.visible);
  } else {
    const auto [schema, name] = SplitPattern(pattern);
    if (name != "*") like(columns.name_column, name);
    if (!schema.empty() && !columns.schema_column.empty()) {
      if (schema != "*") like(columns.schema_column, schema);
    } else if (!columns.visible.empty()) {
      add(columns.visible);
    }
  }
  return condition.empty() ? "true" : condition;
}

namespace {

bool PrintQuery(Session& session, const std::string& query, std::string_view title) {
  std::optional<Table> table = session.Query(query);
  if (!table) return false;
  table->title = title;
  session.Print(*table);
  return true;
}

constexpr std::string_view kRelationColumns =
    "SELECT n.nspname AS \"Schema\", c.relname AS \"Name\", CASE c.relkind WHEN 'r' THEN 'table' "
    "WHEN "
    "'p' THEN 'partitioned table' WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'i' "
    "THEN "
    "'index' WHEN 'I' THEN 'partitioned index' WHEN 'S' THEN 'sequence' WHEN 'f' THEN 'foreign "
    "table' "
    "ELSE 'other' END AS \"Type\", pg_catalog.pg_get_userbyid(c.relowner) AS \"Owner\"";

// \d, \dt, \di, \dv, \ds, \dm with any letters of tivsm together.
bool ListRelations(Session& session, std::string_view letters, const std::string& pattern,
                   bool with_system, bool verbose) {
  std::string kinds;
  const auto add = [&](std::string_view list) {
    if (!kinds.empty()) kinds += ",";
    kinds += list;
  };
  for (const char letter : letters) {
    switch (letter) {
      case 't':
        add("'r','p'");
        break;
      case 'i':
        add("'i','I'");
        break;
      case 'v':
        add("'v'");
        break;
      case 's':
        add("'S'");
        break;
      case 'm':
        add("'m'");
        break;
      default:
        break;
    }
  }
  const bool has_indexes = letters.find('i') != std::string_view::npos;
  std::string query(kRelationColumns);
  if (has_indexes) query += ", c2.relname AS \"Table\"";
  if (verbose) {
    query +=
        ", pg_catalog.pg_size_pretty(pg_catalog.pg_table_size(c.oid)) AS \"Size\", "
        "pg_catalog.obj_description(c.oid, 'pg_class') AS \"Description\"";
  }
  query +=
      " FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace";
  if (has_indexes) {
    query +=
        " LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid LEFT JOIN pg_catalog.pg_class "
        "c2 ON i.indrelid = c2.oid";
  }
  const NamePattern columns = {"n.nspname", "c.relname", "pg_catalog.pg_table_is_visible(c.oid)"};
  query += fmt::format(" WHERE c.relkind IN ({}) AND {} ORDER BY 1, 2", kinds,
                       PatternCondition(session, pattern, columns, with_system));
  std::optional<Table> table = session.Query(query);
  if (!table) return false;
  if (table->rows.empty() && !session.quiet) {
    session.PrintError(pattern.empty()
                           ? "Did not find any relations."
                           : fmt::format("Did not find any relation named \"{}\".", pattern));
    return false;
  }
  table->title = "List of relations";
  session.Print(*table);
  return true;
}

bool ListSchemas(Session& session, const std::string& pattern, bool with_system) {
  std::string condition = PatternCondition(session, pattern, {"", "n.nspname", ""}, with_system);
  if (pattern.empty() && !with_system) {
    condition = "n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'";
  }
  return PrintQuery(
      session,
      "SELECT n.nspname AS \"Name\", pg_catalog.pg_get_userbyid(n.nspowner) AS \"Owner\" "
      "FROM pg_catalog.pg_namespace n WHERE " +
          condition + " ORDER BY 1",
      "List of schemas");
}

bool ListRoles(Session& session, const std::string& pattern, bool with_system) {
  std::string condition = PatternCondition(session, pattern, {"", "r.rolname", ""}, with_system);
  if (pattern.empty() && !with_system) condition = "r.rolname NOT LIKE 'pg\\_%'";
  std::optional<Table> table = session.Query(
      "SELECT r.rolname, r.rolsuper, r.rolinherit, r.rolcreaterole, r.rolcreatedb, r.rolcanlogin, "
      "r.rolconnlimit, r.rolreplication, r.rolbypassrls FROM pg_catalog.pg_roles r WHERE " +
      condition + " ORDER BY 1");
  if (!table) return false;
  Table roles;
  roles.title = "List of roles";
  roles.headers = {"Role name", "Attributes"};
  roles.right_aligned = {false, false};
  roles.count_rows = false;
  for (const auto& row : table->rows) {
    std::string attributes;
    const auto note = [&](size_t column, std::string_view when, std::string_view text) {
      if (row[column].value_or("") != when) return;
      if (!attributes.empty()) attributes += ", ";
      attributes += text;
    };
    note(1, "t", "Superuser");
    note(2, "f", "No inheritance");
    note(3, "t", "Create role");
    note(4, "t", "Create DB");
    note(5, "f", "Cannot login");
    note(7, "t", "Replication");
    note(8, "t", "Bypass RLS");
    const std::string limit = row[6].value_or("-1");
    if (limit == "0") {
      attributes += "\nNo connections";
    } else if (!limit.starts_with('-')) {
      attributes += fmt::format("\n{} connection{}", limit, limit == "1" ? "" : "s");
    }
    roles.rows.push_back({row[0], attributes});
  }
  session.Print(roles);
  return true;
}

bool ListFunctions(Session& session, const std::string& pattern, bool with_system) {
  const NamePattern columns = {"n.nspname", "p.proname",
                               "pg_catalog.pg_function_is_visible(p.oid)"};
  return PrintQuery(
      session,
      "SELECT n.nspname AS \"Schema\", p.proname AS \"Name\", "
      "pg_catalog.pg_get_function_result(p.oid) AS \"Result data type\", "
      "pg_catalog.pg_get_function_arguments(p.oid) AS \"Argument data types\", CASE p.prokind WHEN "
      "'a' "
      "THEN 'agg' WHEN 'w' THEN 'window' WHEN 'p' THEN 'proc' ELSE 'func' END AS \"Type\" FROM "
      "pg_catalog.pg_proc p LEFT JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace WHERE " +
          PatternCondition(session, pattern, columns, with_system) + " ORDER BY 1, 2, 4",
      "List of functions");
}

bool ListTypes(Session& session, const std::string& pattern, bool with_system) {
  const NamePattern columns = {"n.nspname", "t.typname", "pg_catalog.pg_type_is_visible(t.oid)"};
  return PrintQuery(
      session,
      "SELECT n.nspname AS \"Schema\", pg_catalog.format_type(t.oid, NULL) AS \"Name\", "
      "pg_catalog.obj_description(t.oid, 'pg_type') AS \"Description\" FROM pg_catalog.pg_type t "
      "LEFT "
      "JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace WHERE t.typcategory <> 'A' AND "
      "(t.typrelid = 0 OR (SELECT c.relkind = 'c' FROM pg_catalog.pg_class c WHERE c.oid = "
      "t.typrelid)) AND " +
          PatternCondition(session, pattern, columns, with_system) + " ORDER BY 1, 2",
      "List of data types");
}

bool ListExtensions(Session& session, const std::string& pattern) {
  return PrintQuery(
      session,
      "SELECT e.extname AS \"Name\", e.extversion AS \"Version\", n.nspname AS \"Schema\" "
      "FROM pg_catalog.pg_extension e LEFT JOIN pg_catalog.pg_namespace n ON n.oid = "
      "e.extnamespace WHERE " +
          PatternCondition(session, pattern, {"", "e.extname", ""}, true) + " ORDER BY 1",
      "List of installed extensions");
}

bool ListDatabases(Session& session, const std::string& pattern) {
  return PrintQuery(
      session,
      "SELECT d.datname AS \"Name\", pg_catalog.pg_get_userbyid(d.datdba) AS \"Owner\", "
      "pg_catalog.pg_encoding_to_char(d.encoding) AS \"Encoding\", d.datcollate AS \"Collate\", "
      "d.datctype AS \"Ctype\", pg_catalog.array_to_string(d.datacl, E'\\n') AS \"Access "
      "privileges\" "
      "FROM pg_catalog.pg_database d WHERE " +
          PatternCondition(session, pattern, {"", "d.datname", ""}, true) + " ORDER BY 1",
      "List of databases");
}

bool ListPrivileges(Session& session, const std::string& pattern) {
  const NamePattern columns = {"n.nspname", "c.relname", "pg_catalog.pg_table_is_visible(c.oid)"};
  return PrintQuery(session,
                    "SELECT n.nspname AS \"Schema\", c.relname AS \"Name\", CASE c.relkind WHEN "
                    "'v' THEN 'view' WHEN "
                    "'m' THEN 'materialized view' WHEN 'S' THEN 'sequence' WHEN 'p' THEN "
                    "'partitioned table' ELSE "
                    "'table' END AS \"Type\", pg_catalog.array_to_string(c.relacl, E'\\n') AS "
                    "\"Access privileges\" "
                    "FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_namespace n ON n.oid = "
                    "c.relnamespace WHERE "
                    "c.relkind IN ('r','v','m','S','p') AND " +
                        PatternCondition(session, pattern, columns, false) + " ORDER BY 1, 2",
                    "Access privileges");
}

}  // namespace

bool Describe(Session& session, std::string_view command, const std::string& pattern, bool& known) {
  known = true;
  bool with_system = false;
  bool verbose = false;
  while (!command.empty() && (command.back() == '+' || command.back() == 'S')) {
    (command.back() == '+' ? verbose : with_system) = true;
    command.remove_suffix(1);
  }
  if (session.connection() == nullptr) {
    session.PrintError("You are currently not connected to a database.");
    return false;
  }
  if (command == "l") return ListDatabases(session, pattern);
  if (command == "z" || command == "dp") return ListPrivileges(session, pattern);
  if (command == "d") {
    if (!pattern.empty()) return DescribeRelations(session, pattern, verbose);
    return ListRelations(session, "tvsm", "", with_system, verbose);
  }
  if (!command.starts_with('d')) {
    known = false;
    return false;
  }
  const std::string_view letters = command.substr(1);
  if (letters == "n") return ListSchemas(session, pattern, with_system);
  if (letters == "u" || letters == "g") return ListRoles(session, pattern, with_system);
  if (letters == "f" || letters == "a") return ListFunctions(session, pattern, with_system);
  if (letters == "T") return ListTypes(session, pattern, with_system);
  if (letters == "x") return ListExtensions(session, pattern);
  if (letters.find_first_not_of("tivsm") == std::string_view::npos) {
    return ListRelations(session, letters, pattern, with_system, verbose);
  }
  known = false;
  return false;
}

}  // namespace helios::shell
