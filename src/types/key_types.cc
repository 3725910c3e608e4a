#include "types/key_codec.h"

namespace helios {

bool IsKeyType(Oid type, PhysicalType physical) {
  if (physical != PhysicalType::kVarlen) return true;
  switch (type) {
    case type_oid::kJson:
    case type_oid::kXml:
    case type_oid::kJsonpath:
    case type_oid::kRecord:
    case type_oid::kRecordArray:
    case type_oid::kAnyArray:
      return false;
    default:
      break;
  }
  const TypeInfo* known = FindType(type);
  return known == nullptr || known->element == kInvalidOid ||
         IsKeyType(known->element, PhysicalTypeOf(known->element));
}

bool KeyKeepsValue(Oid type) {
  switch (type) {
    case type_oid::kNumeric:
    case type_oid::kBpchar:
    case type_oid::kInterval:
    case type_oid::kFloat4:
    case type_oid::kFloat8:
    case type_oid::kJsonb:
      return false;
    default:
      break;
  }
  const TypeInfo* known = FindType(type);
  // The user's composites may have fields of any type.
  if (known == nullptr) return false;
  return known->element == kInvalidOid || KeyKeepsValue(known->element);
}

}  // namespace helios
