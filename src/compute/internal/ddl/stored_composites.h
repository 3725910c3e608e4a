#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "compute/internal/ddl/ddl_editor.h"

namespace helios::compute {

// The types whose values hold values of `type`: itself, and arrays, domains, composite types and
// rows of tables over it.
std::set<Oid> TypesHolding(const catalog::Snapshot& snapshot, Oid type);

// A column that stores values of the type, "table.column"; none: nobody does.
std::optional<std::string> ColumnHolding(const catalog::Snapshot& snapshot, Oid type);

// 42P16 when a member of type `member` would make the composite type part of itself.
Status CheckMember(const catalog::Snapshot& snapshot, Oid type, std::string_view type_name,
                   Oid member);

// Locks the tables that store values of the type, against everybody. Call it before the editor is
// made.
Status LockTablesHolding(SessionImpl& session, Oid type);

// What reads `attribute` of the changed type or table, "column a of composite type t": 2BP01, or
// with `cascade` dropped.
struct LostAttribute {
  std::string what;
  bool cascade = false;
};
Status CheckViewsAfter(SessionImpl& session, DdlEditor& editor,
                       std::shared_ptr<const catalog::Object> changed, const LostAttribute& lost);

// The stored values of a composite type or of a table's row type, when attributes come and go:
// values lie with their fields by position, so that every table that holds some is written anew.
class StoredComposites {
 public:
  // For each attribute from now on: its type, and its position in values so far (none: NULL).
  struct Attribute {
    Oid type = kInvalidOid;
    std::optional<size_t> source;
  };

  StoredComposites(SessionImpl& session, Oid type, std::vector<Attribute> attributes)
      : session_(session), type_(type), attributes_(std::move(attributes)) {}

  // Gives the tables new spaces. The editor must be saved next.
  Status Prepare(DdlEditor& editor);
  // Writes their rows there. 2BP01 when an expression of a table uses what is gone.
  Status Rewrite();

 private:
  Result<std::string> ConvertValue(Oid type, std::string_view bytes) const;
  Result<std::string> ConvertArray(Oid element, std::string_view bytes) const;
  Result<std::string> ConvertRecord(const catalog::UserType& type, std::string_view bytes) const;
  Status ConvertRows(const catalog::Table& table, Chunk* rows) const;

  SessionImpl& session_;
  const Oid type_;
  const std::vector<Attribute> attributes_;
  std::shared_ptr<const catalog::Snapshot> old_catalog_;
  std::unique_ptr<const catalog::CatalogTypeLookup> old_lookup_;
  std::set<Oid> holding_;
  std::vector<std::shared_ptr<const catalog::Table>> before_;
};

}  // namespace helios::compute
