#pragma once

#include <memory>
#include <vector>

#include "catalog/type_lookup.h"

namespace helios::compute {

// The catalog's lookup plus names of functions and operators, which expr knows: regproc,
// regprocedure, regoper, regoperator, regcollation. A relation's name with a schema is 42501 to a
// role that may not use the schema.
//
// Thread safety: any thread.
class SessionTypeLookup : public catalog::CatalogTypeLookup {
 public:
  SessionTypeLookup(std::shared_ptr<const catalog::Snapshot> snapshot, std::vector<Oid> search_path,
                    Oid role)
      : CatalogTypeLookup(std::move(snapshot), std::move(search_path)), role_(role) {}

  Result<Oid> ResolveName(Oid reg_type, std::string_view text) const override;
  std::optional<std::string> NameOf(Oid reg_type, Oid oid) const override;

 private:
  Result<Oid> ResolveProcedure(std::string_view text) const;
  Status RequireUsage(std::string_view relation) const;

  const Oid role_;
};

}  // namespace helios::compute
