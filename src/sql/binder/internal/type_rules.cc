#include "sql/binder/internal/type_rules.h"

namespace helios::sql::binder {

namespace {
namespace t = type_oid;

bool IsPolymorphic(Oid type) {
  return type == t::kAnyElement || type == t::kAnyArray || type == t::kAnyNonArray ||
         type == t::kAnyEnum || type == t::kAnyCompatible || type == t::kAnyCompatibleArray ||
         type == t::kAnyCompatibleNonArray;
}
}  // namespace

Status AtLocation(Status status, int location) {
  if (!status.ok() && status.info().position == 0 && location >= 0) {
    status.mutable_info().position = location + 1;
  }
  return status;
}

TypeCategory TypeRules::Category(Oid type) const {
  if (const TypeInfo* info = FindType(type)) return info->category;
  if (const auto* user = lookup_->FindUserType(type)) {
    switch (user->kind) {
      case TypeLookup::UserKind::kEnum:
        return TypeCategory::kEnum;
      case TypeLookup::UserKind::kComposite:
        return TypeCategory::kComposite;
      case TypeLookup::UserKind::kArray:
        return TypeCategory::kArray;
      case TypeLookup::UserKind::kDomain:
        return Category(user->base.oid);
    }
  }
  return TypeCategory::kUser;
}

bool TypeRules::IsPreferred(Oid type) const {
  const TypeInfo* info = FindType(type);
  return info != nullptr && info->preferred;
}

Oid TypeRules::BaseType(Oid type) const { return BaseType(SqlType{type, -1}).oid; }

SqlType TypeRules::BaseType(SqlType type) const {
  while (type.oid >= kFirstUserOid) {
    const auto* user = lookup_->FindUserType(type.oid);
    if (user == nullptr || user->kind != TypeLookup::UserKind::kDomain) break;
    type = user->base;
  }
  return type;
}

Oid TypeRules::Element(Oid type) const {
  if (type == t::kInt2Vector || type == t::kOidVector) {
    return type == t::kInt2Vector ? t::kInt2 : t::kOid;
  }
  return ElementTypeOf(type, lookup_);
}

Oid TypeRules::ArrayOf(Oid type) const {
  if (const TypeInfo* info = FindType(type)) return info->array;
  if (const auto* user = lookup_->FindUserType(type)) return user->array;
  return kInvalidOid;
}

bool TypeRules::IsEnum(Oid type) const {
  const auto* user = type >= kFirstUserOid ? lookup_->FindUserType(type) : nullptr;
  return user != nullptr && user->kind == TypeLookup::UserKind::kEnum;
}
bool TypeRules::IsDomain(Oid type) const {
  const auto* user = type >= kFirstUserOid ? lookup_->FindUserType(type) : nullptr;
  return user != nullptr && user->kind == TypeLookup::UserKind::kDomain;
}
bool TypeRules::IsComposite(Oid type) const {
  const auto* user = type >= kFirstUserOid ? lookup_->FindUserType(type) : nullptr;
  return user != nullptr && user->kind == TypeLookup::UserKind::kComposite;
}

ExprPtr TypeRules::Typed(ExprPtr expr) const {
  if (expr->type.oid >= kFirstUserOid) expr->physical = Physical(expr->type.oid);
  return expr;
}

bool TypeRules::IsBinaryCoercible(Oid source, Oid target) const {
  if (source == target || target == t::kAny || target == t::kAnyElement ||
      target == t::kAnyCompatible) {
    return true;
  }
  source = BaseType(source);
  if (source == target) return true;
  if (target == t::kAnyArray || target == t::kAnyCompatibleArray) {
    return Element(source) != kInvalidOid && source != t::kInt2Vector && source != t::kOidVector;
  }
  if (target == t::kAnyNonArray || target == t::kAnyCompatibleNonArray) {
    return Element(source) == kInvalidOid;
  }
  if (target == t::kAnyEnum) return IsEnum(source);
  if (target == t::kRecord) return IsComposite(source);
  if (target == t::kRecordArray) return IsComposite(Element(source));
  const expr::Cast* cast = expr::FindCast(source, target);
  return cast != nullptr && cast->method == expr::CastMethod::kBinary &&
         cast->context == CastContext::kImplicit;
}

TypeRules::Path TypeRules::FindPath(Oid source, Oid target, CastContext context,
                                    const expr::Cast** cast) const {
  *cast = nullptr;
  source = BaseType(source);
  target = BaseType(target);
  if (source == target) return Path::kRelabel;
  const auto allows = [&](CastContext needed) {
    if (context == CastContext::kExplicit) return true;
    if (context == CastContext::kAssignment) return needed != CastContext::kExplicit;
    return needed == CastContext::kImplicit;
  };
  if (const expr::Cast* found = expr::FindCast(source, target)) {
    if (!allows(found->context)) return Path::kNone;
    *cast = found;
    if (found->method == expr::CastMethod::kFunction) return Path::kFunction;
    return found->method == expr::CastMethod::kBinary ? Path::kRelabel : Path::kText;
  }
  const Oid source_element = Element(source);
  const Oid target_element = Element(target);
  if (target != t::kInt2Vector && target != t::kOidVector && source_element != kInvalidOid &&
      target_element != kInvalidOid) {
    const expr::Cast* element_cast = nullptr;
    const Path path = FindPath(source_element, target_element, context, &element_cast);
    if (path == Path::kNone) return Path::kNone;
    return Path::kArray;
  }
  if (context == CastContext::kImplicit) return Path::kNone;
  if (FindType(source) != nullptr && FindType(source)->is_pseudo) {
    if (source != t::kRecord && source != t::kUnknown && source != t::kCstring &&
        source != t::kVoid) {
      return Path::kNone;
    }
  }
  if (FindType(target) != nullptr && FindType(target)->is_pseudo && target != t::kCstring) {
    return Path::kNone;
  }
  // Through the text form: into the string category on assignment, out of it only explicitly.
  const bool into_text = Category(target) == TypeCategory::kString;
  const bool out_of_text =
      context == CastContext::kExplicit && Category(source) == TypeCategory::kString;
  if (!into_text && !out_of_text) return Path::kNone;
  return IsEnum(source) || IsEnum(target) ? Path::kEnum : Path::kText;
}

bool TypeRules::CanCoerce(Oid source, Oid target, CastContext context) const {
  if (source == target || target == t::kAny || source == t::kUnknown) return true;
  if (IsPolymorphic(target)) {
    // int2vector and oidvector are arrays here: unnest(indkey).
    if (target == t::kAnyArray || target == t::kAnyCompatibleArray) {
      return Element(BaseType(source)) != kInvalidOid;
    }
    return IsBinaryCoercible(source, target);
  }
  const expr::Cast* cast = nullptr;
  if (FindPath(source, target, context, &cast) != Path::kNone) return true;
  if (source == t::kRecord && IsComposite(BaseType(target))) return true;
  if (target == t::kRecord && IsComposite(BaseType(source))) return true;
  return false;
}

Result<Oid> TypeRules::CommonType(std::span<const ExprPtr> exprs, std::string_view context) const {
  std::vector<SqlType> types;
  std::vector<int> locations;
  for (const ExprPtr& expr : exprs) {
    types.push_back(expr->type);
    locations.push_back(expr->location);
  }
  return CommonType(types, locations, context);
}

Result<Oid> TypeRules::CommonType(std::span<const SqlType> types, std::span<const int> locations,
                                  std::string_view context) const {
  Oid chosen = types.empty() ? t::kUnknown : types[0].oid;
  bool all_same = chosen != t::kUnknown;
  for (const SqlType& type : types) all_same = all_same && type.oid == chosen;
  if (all_same) return chosen;
  chosen = BaseType(chosen);
  for (size_t i = 1; i < types.size(); ++i) {
    const Oid next = BaseType(types[i].oid);
    if (next == t::kUnknown || next == chosen) continue;
    if (chosen == t::kUnknown) {
      chosen = next;
    } else if (Category(next) != Category(chosen)) {
      if (context.empty()) return kInvalidOid;
      return Error(ErrorCode::kDatatypeMismatch)
          .Message("{} types {} and {} cannot be matched", context, Name(chosen), Name(next))
          .Position(PositionOf(i < locations.size() ? locations[i] : -1));
    } else if (!IsPreferred(chosen) && CanCoerce(chosen, next, CastContext::kImplicit) &&
               !CanCoerce(next, chosen, CastContext::kImplicit)) {
      chosen = next;
    }
  }
  return chosen == t::kUnknown ? Oid{t::kText} : chosen;
}

Result<ExprPtr> TypeRules::CoerceToCommon(ExprPtr expr, Oid type, std::string_view context) {
  const Oid source = expr->type.oid;
  const int location = expr->location;
  if (source == type) return expr;
  if (!CanCoerce(source, type, CastContext::kImplicit)) {
    return Error(ErrorCode::kCannotCoerce)
        .Message("{} could not convert type {} to {}", context, Name(source), Name(type))
        .Position(PositionOf(location));
  }
  return CoerceArgument(std::move(expr), type);
}

int32_t TypeRules::CommonTypmod(std::span<const ExprPtr> exprs, Oid type) {
  if (exprs.empty()) return -1;
  const int32_t typmod = exprs[0]->type.typmod;
  for (const ExprPtr& expr : exprs) {
    if (expr->type.oid != type || expr->type.typmod != typmod) return -1;
  }
  return typmod;
}

const expr::Operator* TypeRules::Equality(Oid type) const {
  type = BaseType(type);
  if (const expr::Operator* found = expr::EqualityOperator(type)) return found;
  if (IsEnum(type)) return expr::EqualityOperator(t::kAnyEnum);
  if (IsComposite(type)) return expr::EqualityOperator(t::kRecord);
  const Oid element = Element(type);
  if (element == kInvalidOid || Equality(element) == nullptr) return nullptr;
  return expr::EqualityOperator(t::kAnyArray);
}

const expr::Operator* TypeRules::Less(Oid type) const {
  type = BaseType(type);
  if (const expr::Operator* found = expr::LessOperator(type)) return found;
  if (IsEnum(type)) return expr::LessOperator(t::kAnyEnum);
  if (IsComposite(type)) return expr::LessOperator(t::kRecord);
  const Oid element = Element(type);
  if (element == kInvalidOid || Less(element) == nullptr) return nullptr;
  return expr::LessOperator(t::kAnyArray);
}

}  // namespace helios::sql::binder
