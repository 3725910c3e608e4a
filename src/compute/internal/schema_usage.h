#pragma once

#include "compute/internal/privileges.h"

namespace helios::compute {

// Whether the role may name objects of the schema. Those of the system's own schemas everybody may.
inline bool MayUse(const catalog::Snapshot& snapshot, Oid role, const catalog::Schema& schema) {
  return schema.oid == catalog::kPgCatalogSchema || schema.oid == catalog::kInformationSchema ||
         HasPrivilege(snapshot, role, schema,
                      static_cast<catalog::PrivilegeMask>(catalog::Privilege::kUsage));
}

}  // namespace helios::compute
