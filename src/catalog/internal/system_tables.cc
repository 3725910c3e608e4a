#include "catalog/internal/system_tables.h"

namespace helios::catalog::internal {

namespace {

// One line of system_tables.def: a table (a null column name) or a column of the table before it.
// Plain data, since a function that builds a thousand strings one by one takes minutes to compile.
struct Line {
  const char* table;
  Oid oid;  // Of the table, or of the column's type.
  int32_t typmod;
  bool is_view;
  const char* column;
};

constexpr Line kLines[] = {
#define HELIOS_SYSTEM_TABLE(oid, name, is_view) {name, oid, 0, is_view, nullptr},
#define HELIOS_SYSTEM_COLUMN(name, type, typmod) {nullptr, type, typmod, false, name},
#include "catalog/internal/system_tables.def"
#undef HELIOS_SYSTEM_TABLE
#undef HELIOS_SYSTEM_COLUMN
};

// Of a range that PostgreSQL leaves to developers.
constexpr Oid kSequenceStateOid = 9990;

std::vector<SystemTable> PgCatalogTables() {
  std::vector<SystemTable> tables;
  for (const Line& line : kLines) {
    if (line.column == nullptr) {
      SystemTable& table = tables.emplace_back();
      table.oid = line.oid;
      table.name = line.table;
      table.is_view = line.is_view;
      if (const char* sql = CatalogViewSql(table.name)) table.view_sql = sql;
    } else {
      tables.back().columns.push_back({line.column, SqlType{line.oid, line.typmod}});
    }
  }
  return tables;
}

}  // namespace

SystemTableIndex::SystemTableIndex() {
  for (SystemTable& table : PgCatalogTables()) Add(std::move(table));
  // What a sequence shows when it is read as a table.
  SystemTable sequences;
  sequences.oid = kSequenceStateOid;
  sequences.name = "helios_sequence_state";
  sequences.columns = {{"seqrelid", {type_oid::kOid}},
                       {"last_value", {type_oid::kInt8}},
                       {"log_cnt", {type_oid::kInt8}},
                       {"is_called", {type_oid::kBool}}};
  Add(std::move(sequences));
  for (SystemTable& view : InformationSchemaViews()) Add(std::move(view));
}

void SystemTableIndex::Add(SystemTable table) {
  tables_.push_back(std::make_unique<SystemTable>(std::move(table)));
  const SystemTable* added = tables_.back().get();
  all_.push_back(added);
  const bool fresh = by_oid_.emplace(added->oid, added).second &&
                     by_name_.emplace(std::pair(added->schema, added->name), added).second;
  HELIOS_CHECK(fresh);
}

const SystemTable* SystemTableIndex::Find(Oid oid) const {
  const auto found = by_oid_.find(oid);
  return found == by_oid_.end() ? nullptr : found->second;
}

const SystemTable* SystemTableIndex::Find(Oid schema, std::string_view name) const {
  const auto found = by_name_.find(std::pair(schema, std::string(name)));
  return found == by_name_.end() ? nullptr : found->second;
}

const SystemTableIndex& SystemTables() {
  static const SystemTableIndex index;
  return index;
}

}  // namespace helios::catalog::internal
