#include "expr/expr.h"

#include "base/hash.h"
#include "expr/function.h"
#include "types/io.h"

namespace helios::expr {

Expr::Expr(const Expr& other)
    : kind(other.kind), type(other.type), physical(other.physical), location(other.location) {
  children.reserve(other.children.size());
  for (const ExprPtr& child : other.children) children.push_back(child->Clone());
}

namespace {

Oid OidOf(const ScalarFunction* function) { return function == nullptr ? 0 : function->oid; }

// What a node says besides its kind, type and children: one number that tells most nodes apart, and
// the whole of it for all but constants and the expressions inside casts and subplans.
std::vector<uint64_t> Details(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kColumn:
      return {As<ColumnExpr>(expr).index};
    case ExprKind::kParameter:
      return {As<ParameterExpr>(expr).slot};
    case ExprKind::kFunction:
      return {OidOf(As<FunctionExpr>(expr).function), As<FunctionExpr>(expr).collation};
    case ExprKind::kIsNull:
      return {As<IsNullExpr>(expr).negated};
    case ExprKind::kIsBool:
      return {static_cast<uint64_t>(As<IsBoolExpr>(expr).test), As<IsBoolExpr>(expr).negated};
    case ExprKind::kIsDistinct:
      return {OidOf(As<IsDistinctExpr>(expr).equality), As<IsDistinctExpr>(expr).negated};
    case ExprKind::kMinMax:
      return {As<MinMaxExpr>(expr).greatest};
    case ExprKind::kNullIf:
      return {OidOf(As<NullIfExpr>(expr).equality)};
    case ExprKind::kCast: {
      const auto& cast = As<CastExpr>(expr);
      return {static_cast<uint64_t>(cast.method), cast.is_explicit, OidOf(cast.function)};
    }
    case ExprKind::kScalarArrayOp:
      return {OidOf(As<ScalarArrayOpExpr>(expr).function), As<ScalarArrayOpExpr>(expr).all};
    case ExprKind::kInList:
      return {OidOf(As<InListExpr>(expr).equality), As<InListExpr>(expr).negated};
    case ExprKind::kArray:
      return {As<ArrayExpr>(expr).element, As<ArrayExpr>(expr).nested};
    case ExprKind::kFieldSelect:
      return {As<FieldSelectExpr>(expr).index};
    case ExprKind::kSubscript: {
      const auto& subscript = As<SubscriptExpr>(expr);
      std::vector<uint64_t> details = {subscript.slice};
      for (const bool omitted : subscript.omitted) details.push_back(omitted);
      return details;
    }
    case ExprKind::kSubplan: {
      const auto& subplan = As<SubplanExpr>(expr);
      std::vector<uint64_t> details = {static_cast<uint64_t>(subplan.test), subplan.subplan};
      details.insert(details.end(), subplan.slots.begin(), subplan.slots.end());
      return details;
    }
    default:
      return {};
  }
}

// The expression inside a node that is not one of its children.
const Expr* Inner(const Expr& expr) {
  if (expr.kind == ExprKind::kCast) return As<CastExpr>(expr).element.get();
  if (expr.kind == ExprKind::kSubplan) return As<SubplanExpr>(expr).comparison.get();
  return nullptr;
}

}  // namespace

bool Equal(const Expr& a, const Expr& b) {
  if (a.kind != b.kind || a.type != b.type || a.children.size() != b.children.size()) return false;
  if (a.kind == ExprKind::kConstant) {
    return As<ConstantExpr>(a).value.SameAs(As<ConstantExpr>(b).value);
  }
  if (Details(a) != Details(b)) return false;
  const Expr* inner_a = Inner(a);
  const Expr* inner_b = Inner(b);
  if ((inner_a == nullptr) != (inner_b == nullptr)) return false;
  if (inner_a != nullptr && !Equal(*inner_a, *inner_b)) return false;
  for (size_t i = 0; i < a.children.size(); ++i) {
    if (!Equal(*a.children[i], *b.children[i])) return false;
  }
  return true;
}

uint64_t Hash(const Expr& expr) {
  uint64_t hash = HashCombine(static_cast<uint64_t>(expr.kind), expr.type.oid);
  if (expr.kind == ExprKind::kConstant) {
    const Value& value = As<ConstantExpr>(expr).value;
    if (value.is_null()) return HashCombine(hash, 1);
    if (value.physical() == PhysicalType::kVarlen) {
      return HashCombine(hash, HashBytes(value.bytes()));
    }
    const Vector vector = value.ToConstant();
    return HashCombine(hash, HashBytes({vector.RawData(), PhysicalWidth(vector.physical())}));
  }
  for (const uint64_t detail : Details(expr)) hash = HashCombine(hash, detail);
  for (const ExprPtr& child : expr.children) hash = HashCombine(hash, Hash(*child));
  return hash;
}

void Walk(const Expr& expr, const std::function<bool(const Expr&)>& visit) {
  if (!visit(expr)) return;
  for (const ExprPtr& child : expr.children) Walk(*child, visit);
}

ExprPtr Rewrite(ExprPtr expr, const std::function<ExprPtr(ExprPtr)>& rewrite) {
  for (ExprPtr& child : expr->children) child = Rewrite(std::move(child), rewrite);
  return rewrite(std::move(expr));
}

bool ContainsVolatile(const Expr& expr) {
  bool found = false;
  Walk(expr, [&found](const Expr& node) {
    if (node.kind == ExprKind::kFunction) {
      found |= As<FunctionExpr>(node).function->volatility == Volatility::kVolatile;
    }
    return !found;
  });
  return found;
}

bool ContainsSubplan(const Expr& expr) {
  bool found = false;
  Walk(expr, [&found](const Expr& node) {
    found |= node.kind == ExprKind::kSubplan;
    return !found;
  });
  return found;
}

namespace {

// Text forms that depend on settings or on the catalog are not the same for ever.
bool IsStableConversion(const Expr& expr) {
  const auto& cast = As<CastExpr>(expr);
  if (cast.function != nullptr) return cast.function->volatility == Volatility::kImmutable;
  // A condition is whatever the user wrote, and its error belongs to the row that breaks it.
  if (cast.method == CastExpr::Method::kDomain) return false;
  if (cast.method == CastExpr::Method::kBinary || cast.method == CastExpr::Method::kLength) {
    return true;
  }
  if (cast.element != nullptr) {
    return cast.element->kind != ExprKind::kCast || IsStableConversion(*cast.element);
  }
  const auto depends = [](Oid oid) {
    switch (oid) {
      case type_oid::kDate:
      case type_oid::kTime:
      case type_oid::kTimetz:
      case type_oid::kTimestamp:
      case type_oid::kTimestamptz:
      case type_oid::kInterval:
      case type_oid::kMoney:
      case type_oid::kRecord:
      case type_oid::kRegproc:
      case type_oid::kRegprocedure:
      case type_oid::kRegoper:
      case type_oid::kRegoperator:
      case type_oid::kRegclass:
      case type_oid::kRegtype:
      case type_oid::kRegrole:
      case type_oid::kRegnamespace:
      case type_oid::kRegcollation:
        return true;
      default:
        break;
    }
    const TypeInfo* info = FindType(oid);
    return info == nullptr || info->element != kInvalidOid;
  };
  return !depends(cast.type.oid) && !depends(cast.children[0]->type.oid);
}

}  // namespace

bool IsConstantFoldable(const Expr& expr) {
  bool foldable = true;
  Walk(expr, [&foldable](const Expr& node) {
    switch (node.kind) {
      case ExprKind::kColumn:
      case ExprKind::kParameter:
      case ExprKind::kSubplan:
        foldable = false;
        break;
      case ExprKind::kFunction:
        foldable &= As<FunctionExpr>(node).function->volatility == Volatility::kImmutable;
        break;
      case ExprKind::kCast:
        foldable &= IsStableConversion(node);
        break;
      default:
        break;
    }
    return foldable;
  });
  return foldable;
}

}  // namespace helios::expr
