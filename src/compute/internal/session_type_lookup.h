#pragma once

#include <memory>
#include <vector>

#include "catalog/type_lookup.h"

namespace helios::compute {

// The catalog's lookup plus names of functions and operators, which expr knows: regproc,
// regprocedure, regoper, regoperator, regcollation.
//
// Thread safety: any thread.
class SessionTypeLookup : public catalog::CatalogTypeLookup {
 public:
  using CatalogTypeLookup::CatalogTypeLookup;

  Result<Oid> ResolveName(Oid reg_type, std::string_view text) const override;
  std::optional<std::string> NameOf(Oid reg_type, Oid oid) const override;

 private:
  Result<Oid> ResolveProcedure(std::string_view text) const;
};

}  // namespace helios::compute
