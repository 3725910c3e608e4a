#pragma once

#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "catalog/snapshot.h"
#include "types/io.h"

namespace helios::catalog {

// User-defined types and names-for-OIDs as one session sees them: a snapshot and a search path.
//
// Thread safety: any thread. Lifetime: holds its snapshot.
class CatalogTypeLookup : public TypeLookup {
 public:
  // `search_path`: schema OIDs in order; pg_catalog is searched first unless it is listed.
  CatalogTypeLookup(std::shared_ptr<const Snapshot> snapshot, std::vector<Oid> search_path);

  const UserType* FindUserType(Oid oid) const override;
  std::optional<int64_t> EnumKey(Oid type, std::string_view label) const override;
  std::optional<std::string> EnumLabel(Oid type, int64_t key) const override;
  std::vector<int64_t> EnumKeys(Oid type) const override;
  Result<Oid> ResolveName(Oid reg_type, std::string_view text) const override;
  std::optional<std::string> NameOf(Oid reg_type, Oid oid) const override;

  const Snapshot& snapshot() const { return *snapshot_; }
  const std::vector<Oid>& search_path() const { return search_path_; }
  // The first relation or type of this name on the search path, system tables apart; null: none.
  const Object* FindRelation(std::string_view name) const;
  const catalog::UserType* FindUserTypeNamed(std::string_view name) const;
  // Whether an unqualified `name` finds exactly this object (pg_table_is_visible).
  bool IsVisible(const Object& object) const;

 private:
  Result<Oid> ResolveRelation(std::string_view text) const;
  Result<Oid> ResolveType(std::string_view text) const;

  const std::shared_ptr<const Snapshot> snapshot_;
  const std::vector<Oid> search_path_;
  mutable std::mutex mutex_;
  mutable std::unordered_map<Oid, std::unique_ptr<UserType>> types_;  // Guarded by mutex_.
};

}  // namespace helios::catalog
