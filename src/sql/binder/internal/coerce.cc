// TypeRules: turning bound expressions into other types.
#include "sql/binder/internal/type_rules.h"
#include "sql/binder/internal/whole_row.h"

namespace helios::sql::binder {

namespace {
namespace t = type_oid;
using expr::As;
using expr::CastExpr;
using expr::ExprKind;

bool IsReg(Oid type) {
  switch (type) {
    case t::kRegproc:
    case t::kRegprocedure:
    case t::kRegoper:
    case t::kRegoperator:
    case t::kRegclass:
    case t::kRegtype:
    case t::kRegrole:
    case t::kRegnamespace:
    case t::kRegcollation:
      return true;
    default:
      return false;
  }
}
bool IsPolymorphic(Oid type) {
  return type == t::kAnyElement || type == t::kAnyArray || type == t::kAnyNonArray ||
         type == t::kAnyEnum || type == t::kAnyCompatible || type == t::kAnyCompatibleArray ||
         type == t::kAnyCompatibleNonArray;
}
}  // namespace

Result<ExprPtr> TypeRules::CoerceUnknownConstant(const expr::ConstantExpr& constant, SqlType target,
                                                 CastContext context, int location) {
  const SqlType base = BaseType(target);
  const int at = constant.location >= 0 ? constant.location : location;
  ExprPtr result;
  if (constant.value.is_null()) {
    Value null = Value::Null({base.oid, -1});
    null.SetPhysical(Physical(base.oid));
    result = std::make_unique<expr::ConstantExpr>(std::move(null));
    result->location = at;
    if (base.oid != target.oid) return CoerceToDomain(std::move(result), target, context, location);
    result->type = target;
    return result;
  }
  if (base.oid == t::kRecord || base.oid == t::kRecordArray) {
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("input of anonymous composite types is not implemented")
        .Position(PositionOf(at));
  }
  // Elements of a domain have to pass its conditions, which input alone does not know.
  if (const Oid element = Element(base.oid); IsDomain(element)) {
    const SqlType plain{ArrayOf(BaseType(element)), -1};
    HELIOS_TRY(result, CoerceUnknownConstant(constant, plain, context, location));
    return TryCoerce(std::move(result), target, context, location);
  }
  // What an interval's text means depends on its fields; every other typmod is applied afterwards.
  const int32_t input_typmod = base.oid == t::kInterval ? base.typmod : -1;
  auto value = ParseConstant({base.oid, input_typmod}, constant.value.bytes());
  if (!value.ok()) return AtLocation(std::move(value).status(), at);
  Value parsed = std::move(value).value();
  parsed.SetType({base.oid, input_typmod});
  NoteConstant(parsed, at, context);
  result = std::make_unique<expr::ConstantExpr>(std::move(parsed));
  result->location = at;
  if (base.oid != target.oid) return CoerceToDomain(std::move(result), target, context, location);
  return ApplyTypmodTo(std::move(result), target, context);
}

Result<Value> TypeRules::ParseConstant(SqlType type, std::string_view text) const {
  // Digits are the OID itself, and "-" is none.
  const bool is_name = !text.empty() && text != "-" && (text[0] < '0' || text[0] > '9');
  if (type.oid != t::kRegclass || !names_are_granted_ || !is_name) {
    return ParseTextValue(type, text, *format_);
  }
  // The session's own lookup would ask for the privilege.
  HELIOS_TRY(const Oid oid, lookup_->CatalogTypeLookup::ResolveName(type.oid, text));
  return Value::Fixed<uint32_t>(type, oid);
}

void TypeRules::NoteConstant(const Value& value, int location, CastContext context) {
  if (shown_casts_ == nullptr || location < 0 || context == CastContext::kExplicit) return;
  ShownCast shown{value.type(), std::nullopt};
  // Names of objects stay as written: what they are shown as depends on who looks.
  if (Category(value.type().oid) != TypeCategory::kString && !IsReg(value.type().oid)) {
    auto text = FormatTextValue(value, *format_);
    if (text.ok()) shown.text = std::move(text).value();
  }
  (*shown_casts_)[{location, false}] = std::move(shown);
}

// Casts of an assignment are not shown: reading the text back assigns again.
void TypeRules::NoteCast(const expr::Expr& operand, Oid target, CastContext context) {
  if (shown_casts_ == nullptr || operand.location < 0 || context != CastContext::kImplicit ||
      operand.type.oid == target) {
    return;
  }
  const bool over_cast = operand.kind == ExprKind::kCast && As<CastExpr>(operand).is_explicit;
  (*shown_casts_)[{operand.location, over_cast}] = {{target, -1}, std::nullopt};
}

Result<ExprPtr> TypeRules::CoerceParameter(ExprPtr expr, SqlType target, int location) {
  const uint32_t slot = As<expr::ParameterExpr>(*expr).slot;
  HELIOS_CHECK(slot < parameters_->types.size());
  Oid& known = parameters_->types[slot];
  if (known == t::kUnknown) {
    known = target.oid;
  } else if (known != target.oid) {
    return Error(ErrorCode::kAmbiguousParameter)
        .Message("inconsistent types deduced for parameter ${}", slot + 1)
        .Detail("{} versus {}", Name(known), Name(target.oid))
        .Position(PositionOf(expr->location));
  }
  auto typed = std::make_unique<expr::ParameterExpr>(slot, SqlType{target.oid, -1});
  typed->location = expr->location >= 0 ? expr->location : location;
  return Typed(std::move(typed));
}

ExprPtr TypeRules::ApplyTypmodTo(ExprPtr expr, SqlType target, CastContext context) {
  if (expr->type.typmod == target.typmod) return expr;
  if (target.typmod < 0) {
    // A plain `::varchar` of a varchar(5) is a varchar of any length to those who ask.
    if (context != CastContext::kExplicit) return expr;
    auto plain = std::make_unique<CastExpr>(target, CastExpr::Method::kBinary, true);
    plain->location = expr->location;
    plain->children.push_back(std::move(expr));
    return Typed(std::move(plain));
  }
  const bool is_array = Element(target.oid) != kInvalidOid;
  const SqlType element{is_array ? Element(target.oid) : target.oid, target.typmod};
  if (!HasTypmodCoercion(element)) {
    expr->type.typmod = target.typmod;
    return expr;
  }
  const bool is_explicit = context == CastContext::kExplicit;
  const int location = expr->location;
  std::unique_ptr<CastExpr> cast;
  if (is_array) {
    cast = std::make_unique<CastExpr>(target, CastExpr::Method::kArray, is_explicit);
    auto length = std::make_unique<CastExpr>(element, CastExpr::Method::kLength, is_explicit);
    length->children.push_back(
        Typed(std::make_unique<expr::ColumnExpr>(0, SqlType{element.oid, -1})));
    cast->element = std::move(length);
  } else {
    cast = std::make_unique<CastExpr>(target, CastExpr::Method::kLength, is_explicit);
  }
  cast->location = location;
  cast->children.push_back(std::move(expr));
  return cast;
}

Result<ExprPtr> TypeRules::CoerceToDomain(ExprPtr expr, SqlType target, CastContext context,
                                          int location) {
  const SqlType base = BaseType(target);
  HELIOS_TRY(expr, TryCoerce(std::move(expr), base, context, location));
  if (expr == nullptr) return expr;
  DomainConditions conditions;
  // Of a domain over a domain, the inner one's come first.
  for (Oid oid = target.oid; bind_domain_ != nullptr && IsDomain(oid);) {
    const catalog::UserType& domain = *lookup_->snapshot().FindUserType(oid);
    HELIOS_TRY(DomainConditions own, bind_domain_(domain));
    conditions.insert(conditions.begin(), std::make_move_iterator(own.begin()),
                      std::make_move_iterator(own.end()));
    oid = domain.base.oid;
  }
  auto cast = std::make_unique<CastExpr>(
      SqlType{target.oid, -1},
      conditions.empty() ? CastExpr::Method::kBinary : CastExpr::Method::kDomain,
      context == CastContext::kExplicit);
  cast->conditions = std::move(conditions);
  cast->location = location;
  cast->children.push_back(std::move(expr));
  return Typed(std::move(cast));
}

Result<ExprPtr> TypeRules::CoerceRow(ExprPtr expr, SqlType target, CastContext context,
                                     int location) {
  const auto* user = lookup_->FindUserType(BaseType(target.oid));
  HELIOS_CHECK(user != nullptr);
  // Only of a row that is written out are the fields' types known.
  if (!OpenRow(&expr)) {
    return Error(ErrorCode::kCannotCoerce)
        .Message("cannot cast type record to {}", Name(target))
        .Position(PositionOf(location));
  }
  if (expr->children.size() != user->field_types.size()) {
    return Error(ErrorCode::kCannotCoerce)
        .Message("cannot cast type record to {}", Name(target))
        .Detail("{}", expr->children.size() < user->field_types.size()
                          ? "Input has too few columns."
                          : "Input has too many columns.")
        .Position(PositionOf(location));
  }
  for (size_t i = 0; i < expr->children.size(); ++i) {
    ExprPtr& child = expr->children[i];
    // ROW(...) has made text of its literals; what they are shows only here.
    if (child->kind == ExprKind::kConstant && child->type.oid == t::kText) {
      auto& literal = As<expr::ConstantExpr>(*child);
      literal.value.SetType({t::kUnknown, -1});
      literal.type = {t::kUnknown, -1};
    }
    const Oid source = child->type.oid;
    HELIOS_TRY(ExprPtr field, TryCoerce(std::move(child), user->field_types[i], context, location));
    if (field == nullptr) {
      return Error(ErrorCode::kCannotCoerce)
          .Message("cannot cast type record to {}", Name(target))
          .Detail("Cannot cast type {} to {} in column {}.", Name(source),
                  Name(user->field_types[i]), i + 1)
          .Position(PositionOf(location));
    }
    expr->children[i] = std::move(field);
  }
  expr->type = target;
  return Typed(std::move(expr));
}

Result<ExprPtr> TypeRules::ConvertByPath(ExprPtr expr, SqlType target, Path path,
                                         const expr::Cast* cast, CastContext context) {
  const SqlType plain{target.oid, -1};
  const bool is_explicit = context == CastContext::kExplicit;
  const int location = expr->location;
  std::unique_ptr<CastExpr> result;
  switch (path) {
    case Path::kNone:
      return ExprPtr();
    case Path::kRelabel:
      // The bytes stay; so does a length that still means the same.
      if (expr->type.oid == target.oid) return expr;
      result = std::make_unique<CastExpr>(plain, CastExpr::Method::kBinary, is_explicit);
      break;
    case Path::kFunction:
      result = std::make_unique<CastExpr>(plain, CastExpr::Method::kFunction, is_explicit);
      result->function = cast->function;
      // A function that takes the length applies it itself: bits come from an integer's low end.
      if (cast->function->arguments.size() > 1) result->type.typmod = target.typmod;
      break;
    case Path::kText:
      result = std::make_unique<CastExpr>(plain, CastExpr::Method::kText, is_explicit);
      break;
    case Path::kEnum:
      result = std::make_unique<CastExpr>(plain, CastExpr::Method::kEnum, is_explicit);
      break;
    case Path::kArray: {
      const Oid source_element = Element(BaseType(expr->type.oid));
      auto placeholder = Typed(std::make_unique<expr::ColumnExpr>(0, SqlType{source_element, -1}));
      HELIOS_TRY(ExprPtr element, TryCoerce(std::move(placeholder),
                                            {Element(target.oid), target.typmod}, context, -1));
      HELIOS_CHECK(element != nullptr);
      const bool relabel = element->kind == ExprKind::kColumn;
      result = std::make_unique<CastExpr>(
          plain, relabel ? CastExpr::Method::kBinary : CastExpr::Method::kArray, is_explicit);
      if (!relabel) result->element = std::move(element);
      result->type.typmod = target.typmod;
      break;
    }
  }
  result->location = location;
  result->children.push_back(std::move(expr));
  return Typed(std::move(result));
}

Result<ExprPtr> TypeRules::TryCoerce(ExprPtr expr, SqlType target, CastContext context,
                                     int location) {
  const Oid source = expr->type.oid;
  if (target.oid == t::kAny) return ResolveUnknown(std::move(expr));
  // A polymorphic type stands for the type that is there.
  if (IsPolymorphic(target.oid) && source != t::kUnknown) {
    if (!CanCoerce(source, target.oid, context)) return ExprPtr();
    return expr;
  }
  if (source == t::kUnknown) {
    if (expr->kind == ExprKind::kConstant) {
      return CoerceUnknownConstant(As<expr::ConstantExpr>(*expr), target, context, location);
    }
    if (expr->kind == ExprKind::kParameter) {
      const SqlType base = BaseType(target);
      HELIOS_TRY(expr, CoerceParameter(std::move(expr), base, location));
      if (base.oid != target.oid) {
        return CoerceToDomain(std::move(expr), target, context, location);
      }
      return ApplyTypmodTo(std::move(expr), target, context);
    }
    expr->type = {t::kText, -1};
    return TryCoerce(std::move(expr), target, CastContext::kExplicit, location);
  }
  if (source == target.oid) return ApplyTypmodTo(std::move(expr), target, context);
  if (!CanCoerce(source, target.oid, context)) return ExprPtr();
  if (IsDomain(target.oid)) return CoerceToDomain(std::move(expr), target, context, location);
  const expr::Cast* cast = nullptr;
  const Path path = FindPath(source, target.oid, context, &cast);
  if (path == Path::kNone) {
    if (source == t::kRecord && IsComposite(target.oid)) {
      return CoerceRow(std::move(expr), target, context, location);
    }
    auto relabel = std::make_unique<CastExpr>(target, CastExpr::Method::kBinary, false);
    relabel->location = expr->location;
    relabel->children.push_back(std::move(expr));
    return Typed(std::move(relabel));
  }
  NoteCast(*expr, target.oid, context);
  HELIOS_TRY(expr, ConvertByPath(std::move(expr), target, path, cast, context));
  return ApplyTypmodTo(std::move(expr), target, context);
}

Result<ExprPtr> TypeRules::Cast(ExprPtr expr, SqlType target, int location) {
  const Oid source = expr->type.oid;
  HELIOS_TRY(ExprPtr result, TryCoerce(std::move(expr), target, CastContext::kExplicit, location));
  if (result == nullptr) {
    return Error(ErrorCode::kCannotCoerce)
        .Message("cannot cast type {} to {}", Name(source), Name(target.oid))
        .Position(PositionOf(location));
  }
  return result;
}

Result<ExprPtr> TypeRules::CoerceArgument(ExprPtr expr, Oid target) {
  const Oid source = expr->type.oid;
  const int location = expr->location;
  HELIOS_TRY(ExprPtr result,
             TryCoerce(std::move(expr), {target, -1}, CastContext::kImplicit, location));
  if (result == nullptr) {
    return Error(ErrorCode::kCannotCoerce)
        .Message("cannot cast type {} to {}", Name(source), Name(target))
        .Position(PositionOf(location));
  }
  return result;
}

Result<ExprPtr> TypeRules::CoerceAssignment(ExprPtr expr, SqlType target, std::string_view column,
                                            int location) {
  const SqlType source = expr->type;
  const int at = location >= 0 ? location : expr->location;
  HELIOS_TRY(ExprPtr result, TryCoerce(std::move(expr), target, CastContext::kAssignment, at));
  if (result == nullptr) {
    return Error(ErrorCode::kDatatypeMismatch)
        .Message("column \"{}\" is of type {} but expression is of type {}", column,
                 Name(target.oid), Name(source.oid))
        .Hint("You will need to rewrite or cast the expression.")
        .Position(PositionOf(at));
  }
  return result;
}

Result<ExprPtr> TypeRules::CoerceBoolean(ExprPtr expr, std::string_view construct) {
  const Oid source = expr->type.oid;
  const int location = expr->location;
  HELIOS_TRY(ExprPtr result,
             TryCoerce(std::move(expr), {t::kBool, -1}, CastContext::kAssignment, location));
  if (result == nullptr) {
    return Error(ErrorCode::kDatatypeMismatch)
        .Message("argument of {} must be type boolean, not type {}", construct, Name(source))
        .Position(PositionOf(location));
  }
  return result;
}

Result<ExprPtr> TypeRules::CoerceInt8(ExprPtr expr, std::string_view construct) {
  const Oid source = expr->type.oid;
  const int location = expr->location;
  HELIOS_TRY(ExprPtr result,
             TryCoerce(std::move(expr), {t::kInt8, -1}, CastContext::kAssignment, location));
  if (result == nullptr) {
    return Error(ErrorCode::kDatatypeMismatch)
        .Message("argument of {} must be type bigint, not type {}", construct, Name(source))
        .Position(PositionOf(location));
  }
  return result;
}

Result<ExprPtr> TypeRules::ResolveUnknown(ExprPtr expr) {
  if (expr->type.oid != t::kUnknown) return expr;
  const int location = expr->location;
  return TryCoerce(std::move(expr), {t::kText, -1}, CastContext::kImplicit, location);
}

}  // namespace helios::sql::binder
