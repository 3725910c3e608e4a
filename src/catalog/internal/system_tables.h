#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/snapshot.h"

namespace helios::catalog::internal {

// The system tables, by OID and name. Thread safety: any thread; built once.
class SystemTableIndex {
 public:
  SystemTableIndex();
  const SystemTable* Find(Oid oid) const;
  const SystemTable* Find(Oid schema, std::string_view name) const;
  std::span<const SystemTable* const> all() const { return all_; }

 private:
  void Add(SystemTable table);

  std::vector<std::unique_ptr<SystemTable>> tables_;
  std::vector<const SystemTable*> all_;
  std::map<Oid, const SystemTable*> by_oid_;
  std::map<std::pair<Oid, std::string>, const SystemTable*, std::less<>> by_name_;
};

const SystemTableIndex& SystemTables();

// The query of a pg_catalog view (catalog_views.cc); null: compute makes its rows.
const char* CatalogViewSql(std::string_view name);

// The views of information_schema, as SQL over pg_catalog (information_schema.cc).
std::vector<SystemTable> InformationSchemaViews();

}  // namespace helios::catalog::internal
