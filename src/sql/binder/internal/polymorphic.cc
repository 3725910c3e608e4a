// Resolver: the actual types behind anyelement and its kin.
#include <algorithm>

#include "sql/binder/internal/resolver.h"

namespace helios::sql::binder {

namespace {
namespace t = type_oid;

bool IsSimple(Oid type) {
  return type == t::kAnyElement || type == t::kAnyNonArray || type == t::kAnyEnum;
}
bool IsCompatibleElement(Oid type) {
  return type == t::kAnyCompatible || type == t::kAnyCompatibleNonArray;
}
bool IsPolymorphic(Oid type) {
  return IsSimple(type) || type == t::kAnyArray || IsCompatibleElement(type) ||
         type == t::kAnyCompatibleArray;
}
}  // namespace

std::optional<Oid> Resolver::CommonCompatible(std::span<const Oid> actual,
                                              std::span<const Oid> declared) const {
  std::vector<SqlType> members;
  bool seen = false;
  for (size_t i = 0; i < actual.size(); ++i) {
    const Oid base = types_->BaseType(actual[i]);
    if (IsCompatibleElement(declared[i])) {
      seen = true;
      members.push_back({actual[i], -1});
    } else if (declared[i] == t::kAnyCompatibleArray) {
      seen = true;
      if (base == t::kUnknown) continue;
      const Oid element = types_->Element(base);
      if (element == kInvalidOid) return std::nullopt;
      members.push_back({element, -1});
    }
  }
  if (!seen) return kInvalidOid;
  auto common = types_->CommonType(members, {}, "");
  if (!common.ok() || *common == kInvalidOid) return std::nullopt;
  return *common;
}

bool Resolver::IsConsistent(std::span<const Oid> actual, std::span<const Oid> declared) const {
  Oid element = kInvalidOid;
  Oid array = kInvalidOid;
  bool needs_enum = false;
  bool needs_scalar = false;
  for (size_t i = 0; i < actual.size(); ++i) {
    needs_enum = needs_enum || declared[i] == t::kAnyEnum;
    needs_scalar = needs_scalar || declared[i] == t::kAnyNonArray;
    if (actual[i] == t::kUnknown) continue;
    if (IsSimple(declared[i])) {
      if (element != kInvalidOid && element != actual[i]) return false;
      element = actual[i];
    } else if (declared[i] == t::kAnyArray) {
      const Oid plain = types_->BaseType(actual[i]);
      if (array != kInvalidOid && array != plain) return false;
      array = plain;
    }
  }
  if (array != kInvalidOid && array != t::kAnyArray) {
    const Oid of = types_->Element(array);
    if (of == kInvalidOid) return false;  // int2vector and oidvector are arrays here.
    if (element != kInvalidOid && element != of) return false;
    if (element == kInvalidOid) element = of;
  }
  if (needs_scalar && element != kInvalidOid && types_->IsArray(element)) return false;
  if (needs_enum && element != kInvalidOid && !types_->IsEnum(types_->BaseType(element))) {
    return false;
  }
  return CommonCompatible(actual, declared).has_value();
}

namespace {
// The element of anyarray's type: `element` takes it, or agrees with it already.
Status SettleElement(const TypeRules& types, Oid array, int location, Oid* element) {
  const Oid array_element = types.Element(array);
  if (array_element == kInvalidOid) {
    return Error(ErrorCode::kDatatypeMismatch)
        .Message("argument declared {} is not an array but type {}", "anyarray", types.Name(array))
        .Position(PositionOf(location));
  }
  if (*element == kInvalidOid) {
    *element = array_element;
  } else if (*element != array_element) {
    return Error(ErrorCode::kDatatypeMismatch)
        .Message("argument declared {} is not consistent with argument declared {}", "anyarray",
                 "anyelement")
        .Detail("{} versus {}", types.Name(array), types.Name(*element))
        .Position(PositionOf(location));
  }
  return Status::Ok();
}
}  // namespace

Result<Oid> Resolver::ResolvePolymorphic(std::span<const Oid> actual, std::vector<Oid>* declared,
                                         Oid result, int location) const {
  const bool any =
      IsPolymorphic(result) || std::any_of(declared->begin(), declared->end(), IsPolymorphic);
  if (!any) return result;
  Oid element = kInvalidOid;
  Oid array = kInvalidOid;
  bool has_simple = false;
  for (size_t i = 0; i < actual.size(); ++i) {
    const Oid type = actual[i];
    Oid* slot = nullptr;
    if (IsSimple((*declared)[i])) {
      slot = &element;
    } else if ((*declared)[i] == t::kAnyArray) {
      slot = &array;
    } else {
      continue;
    }
    has_simple = true;
    if (type == t::kUnknown) continue;
    const Oid plain = slot == &array ? types_->BaseType(type) : type;
    if (*slot != kInvalidOid && *slot != plain) {
      return Error(ErrorCode::kDatatypeMismatch)
          .Message("arguments declared \"{}\" are not all alike",
                   slot == &array ? "anyarray" : "anyelement")
          .Detail("{} versus {}", types_->Name(*slot), types_->Name(plain))
          .Position(PositionOf(location));
    }
    *slot = plain;
  }
  if (array != kInvalidOid && array != t::kAnyArray) {
    HELIOS_TRY(SettleElement(*types_, array, location, &element));
  }
  if (has_simple && element == kInvalidOid && array != t::kAnyArray) {
    return Error(ErrorCode::kDatatypeMismatch)
        .Message("could not determine polymorphic type because input has type {}",
                 types_->Name(t::kUnknown));
  }
  if (array == kInvalidOid && element != kInvalidOid) array = types_->ArrayOf(element);
  const std::optional<Oid> compatible = CommonCompatible(actual, *declared);
  if (!compatible.has_value()) {
    return Error(ErrorCode::kDatatypeMismatch)
        .Message("arguments of anycompatible family cannot be cast to a common type")
        .Position(PositionOf(location));
  }
  const auto settle = [&](Oid type) -> Oid {
    if (IsSimple(type)) return element;
    if (type == t::kAnyArray) return array;
    if (IsCompatibleElement(type)) return *compatible;
    if (type == t::kAnyCompatibleArray) return types_->ArrayOf(*compatible);
    return type;
  };
  for (Oid& type : *declared) type = settle(type);
  const Oid settled = settle(result);
  if (settled == kInvalidOid) {
    return Error(ErrorCode::kUndefinedObject)
        .Message("could not find array type for data type {}", types_->Name(element))
        .Position(PositionOf(location));
  }
  return settled;
}

}  // namespace helios::sql::binder
