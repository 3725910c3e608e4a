#include "catalog/internal/system_tables.h"

namespace helios::catalog::internal {

namespace {

std::vector<SystemTable> PgCatalogTables() {
  std::vector<SystemTable> tables;
#define HELIOS_SYSTEM_TABLE(table_oid, table_name, table_is_view) \
  tables.emplace_back();                                          \
  tables.back().oid = table_oid;                                  \
  tables.back().name = table_name;                                \
  tables.back().is_view = table_is_view;
#define HELIOS_SYSTEM_COLUMN(column_name, type, typmod) \
  tables.back().columns.push_back({column_name, SqlType{type, typmod}});
#include "catalog/internal/system_tables.def"
#undef HELIOS_SYSTEM_TABLE
#undef HELIOS_SYSTEM_COLUMN
  return tables;
}

}  // namespace

SystemTableIndex::SystemTableIndex() {
  for (SystemTable& table : PgCatalogTables()) Add(std::move(table));
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
