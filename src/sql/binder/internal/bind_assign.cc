// Assignment to a part of a column: an element or slice of an array, a field of a row, a path in
// jsonb. The column's new value is an expression of its old one.
#include "expr/internal_functions.h"
#include "sql/binder/internal/dml_binder.h"
#include "types/array.h"

namespace helios::sql::binder {

namespace {
namespace t = type_oid;

bool IsSubscript(const ast::IndirectionStep& step) {
  return step.step == ast::IndirectionKind::kSubscript || step.step == ast::IndirectionKind::kSlice;
}
}  // namespace

Status DmlBinder::CheckAssignable(const ast::AssignmentTarget& name, const ast::Expr& value) {
  if (name.steps.empty() || value.kind != ast::ExprKind::kDefault) return Status::Ok();
  return Error(ErrorCode::kFeatureNotSupported)
      .Message("cannot set {} to DEFAULT",
               IsSubscript(name.steps[0]) ? "an array element" : "a subfield")
      .Position(PositionOf(value.location));
}

Status DmlBinder::AddInserted(const Target& target, const ast::AssignmentTarget* name,
                              uint32_t position, ExprPtr value, QueryScope& scope, ExprPtr* slot) {
  const catalog::Column& column = *target.columns[position];
  if (name == nullptr || name->steps.empty()) {
    const int location = value->location;
    HELIOS_TRY(*slot,
               b_.types_.CoerceAssignment(std::move(value), column.type, column.name, location));
    return Status::Ok();
  }
  if (*slot == nullptr) {
    Value null = Value::Null(column.type);
    null.SetPhysical(b_.types_.Physical(column.type.oid));
    *slot = std::make_unique<expr::ConstantExpr>(std::move(null));
  }
  HELIOS_TRY(*slot, AssignPart(*name, std::move(*slot), column.type, 0, std::move(value), scope));
  return Status::Ok();
}

Result<ExprPtr> DmlBinder::AssignPart(const ast::AssignmentTarget& name, ExprPtr base, SqlType type,
                                      size_t step, ExprPtr value, QueryScope& scope) {
  const std::vector<ast::IndirectionStep>& steps = name.steps;
  if (step == steps.size()) return CoercePart(name, type, step, std::move(value));
  if (steps[step].step == ast::IndirectionKind::kStar) {
    return Error(ErrorCode::kSyntaxError)
        .Message("row expansion via \"*\" is not supported here")
        .Position(PositionOf(name.location));
  }
  if (!IsSubscript(steps[step])) {
    return AssignField(name, std::move(base), type, step, std::move(value), scope);
  }
  if (b_.types_.BaseType(type.oid) == t::kJsonb) {
    return AssignJson(name, std::move(base), step, std::move(value), scope);
  }
  return AssignElement(name, std::move(base), type, step, std::move(value), scope);
}

Result<ExprPtr> DmlBinder::CoercePart(const ast::AssignmentTarget& name, SqlType type, size_t step,
                                      ExprPtr value) {
  const SqlType source = value->type;
  const int location = value->location;
  HELIOS_TRY(ExprPtr result,
             b_.types_.TryCoerce(std::move(value), type, CastContext::kAssignment, location));
  if (result != nullptr) return result;
  const ast::IndirectionStep& last = name.steps[step - 1];
  const std::string wanted_name = b_.types_.Name(type.oid);
  const std::string source_name = b_.types_.Name(source.oid);
  const std::string text =
      IsSubscript(last)
          ? fmt::format(
                "subscripted assignment to \"{}\" requires type {} but expression is of "
                "type {}",
                name.name, wanted_name, source_name)
          : fmt::format("subfield \"{}\" is of type {} but expression is of type {}", last.field,
                        wanted_name, source_name);
  return Error(ErrorCode::kDatatypeMismatch)
      .Message("{}", text)
      .Hint("You will need to rewrite or cast the expression.")
      .Position(PositionOf(location));
}

Result<ExprPtr> DmlBinder::AssignField(const ast::AssignmentTarget& name, ExprPtr base,
                                       SqlType type, size_t step, ExprPtr value,
                                       QueryScope& scope) {
  const std::string& field = name.steps[step].field;
  const catalog::UserType* user = b_.context_.snapshot->FindUserType(b_.types_.BaseType(type.oid));
  if (user == nullptr || user->type_kind != catalog::UserType::TypeKind::kComposite) {
    return Error(ErrorCode::kDatatypeMismatch)
        .Message(
            "cannot assign to field \"{}\" of column \"{}\" because its type {} is not a composite "
            "type",
            field, name.name, b_.types_.Name(type.oid))
        .Position(PositionOf(name.location));
  }
  auto row = std::make_unique<expr::RowExpr>(SqlType{t::kRecord, -1});
  row->location = name.location;
  bool found = false;
  for (const catalog::Column& column : user->fields) {
    if (column.dropped) continue;
    HELIOS_TRY(ExprPtr old, b_.BindFieldSelect(base->Clone(), column.name, name.location));
    row->field_names.push_back(column.name);
    if (column.name != field) {
      row->children.push_back(std::move(old));
      continue;
    }
    found = true;
    HELIOS_TRY(ExprPtr changed,
               AssignPart(name, std::move(old), column.type, step + 1, std::move(value), scope));
    row->children.push_back(std::move(changed));
  }
  if (!found) {
    return Error(ErrorCode::kUndefinedColumn)
        .Message(
            "cannot assign to field \"{}\" of column \"{}\" because there is no such column in "
            "data type {}",
            field, name.name, b_.types_.Name(type.oid))
        .Position(PositionOf(name.location));
  }
  return b_.types_.Cast(std::move(row), type, name.location);
}

Result<ExprPtr> DmlBinder::BindSubscript(const ast::Expr& index, QueryScope& scope) {
  HELIOS_TRY(ExprPtr bound, b_.BindExpr(index, scope));
  const int location = bound->location;
  HELIOS_TRY(bound, b_.types_.TryCoerce(std::move(bound), {t::kInt4, -1}, CastContext::kAssignment,
                                        location));
  if (bound == nullptr) {
    return Error(ErrorCode::kDatatypeMismatch)
        .Message("array subscript must have type integer")
        .Position(PositionOf(location));
  }
  return bound;
}

Result<ExprPtr> DmlBinder::AssignElement(const ast::AssignmentTarget& name, ExprPtr base,
                                         SqlType type, size_t step, ExprPtr value,
                                         QueryScope& scope) {
  const std::vector<ast::IndirectionStep>& steps = name.steps;
  const SqlType container = b_.types_.BaseType(type);
  const Oid element = b_.types_.Element(container.oid);
  if (element == kInvalidOid) {
    return Error(ErrorCode::kDatatypeMismatch)
        .Message("cannot subscript type {} because it does not support subscripting",
                 b_.types_.Name(type.oid))
        .Position(PositionOf(name.location));
  }
  size_t end = step;
  bool slice = false;
  for (; end < steps.size() && IsSubscript(steps[end]); ++end) {
    slice = slice || steps[end].step == ast::IndirectionKind::kSlice;
  }
  if (end - step > static_cast<size_t>(kArrayDimensionsMax)) {
    return Error(ErrorCode::kProgramLimitExceeded)
        .Message("number of array dimensions ({}) exceeds the maximum allowed ({})", end - step,
                 kArrayDimensionsMax);
  }
  std::vector<ExprPtr> subscripts;
  int32_t given = 0;
  const auto add = [&](const ast::Expr* bound, bool is_one) -> Status {
    ExprPtr index = std::make_unique<expr::ConstantExpr>(Value::Int4(1));
    if (bound != nullptr) {
      HELIOS_TRY(index, BindSubscript(*bound, scope));
    }
    if (bound != nullptr || is_one) given |= 1 << subscripts.size();
    subscripts.push_back(std::move(index));
    return Status::Ok();
  };
  for (size_t i = step; i < end; ++i) {
    // `[n]` among slices means `[1:n]`.
    const bool plain = steps[i].step == ast::IndirectionKind::kSubscript;
    if (slice) HELIOS_TRY(add(steps[i].lower.get(), plain));
    HELIOS_TRY(add(steps[i].upper.get(), false));
  }
  ExprPtr old;
  if (end < steps.size()) {  // A field of the element: start from the element as it is.
    auto read = std::make_unique<expr::SubscriptExpr>(SqlType{element, type.typmod});
    read->children.push_back(base->Clone());
    for (const ExprPtr& subscript : subscripts) read->children.push_back(subscript->Clone());
    old = b_.types_.Typed(std::move(read));
  }
  const SqlType wanted{slice ? container.oid : element, container.typmod};
  HELIOS_TRY(value, AssignPart(name, std::move(old), wanted, end, std::move(value), scope));
  const auto* function = expr::GetInternalFunction(
      slice ? expr::InternalFunction::kArraySetSlice : expr::InternalFunction::kArraySetElement);
  auto call = std::make_unique<expr::FunctionExpr>(function, container);
  call->children.push_back(std::move(base));
  call->children.push_back(std::move(value));
  if (slice) {
    call->children.push_back(std::make_unique<expr::ConstantExpr>(Value::Int4(given)));
  }
  for (ExprPtr& subscript : subscripts) call->children.push_back(std::move(subscript));
  return b_.types_.Cast(b_.types_.Typed(std::move(call)), type, name.location);
}

Result<ExprPtr> DmlBinder::AssignJson(const ast::AssignmentTarget& name, ExprPtr base, size_t step,
                                      ExprPtr value, QueryScope& scope) {
  const std::vector<ast::IndirectionStep>& steps = name.steps;
  auto call = std::make_unique<expr::FunctionExpr>(
      expr::GetInternalFunction(expr::InternalFunction::kJsonbSetPath), SqlType{t::kJsonb, -1});
  call->children.push_back(std::move(base));
  std::vector<ExprPtr> path;
  for (size_t i = step; i < steps.size() && IsSubscript(steps[i]); ++i) {
    if (steps[i].step == ast::IndirectionKind::kSlice) {
      return Error(ErrorCode::kDatatypeMismatch)
          .Message("jsonb subscript does not support slices")
          .Position(PositionOf(name.location));
    }
    HELIOS_TRY(ExprPtr key, b_.BindExpr(*steps[i].upper, scope));
    const Oid source = key->type.oid;
    const int location = key->location;
    const Oid wanted =
        source != t::kUnknown && b_.types_.CanCoerce(source, t::kInt4, CastContext::kImplicit)
            ? t::kInt4
            : t::kText;
    HELIOS_TRY(key,
               b_.types_.TryCoerce(std::move(key), {wanted, -1}, CastContext::kImplicit, location));
    if (key == nullptr) {
      return Error(ErrorCode::kDatatypeMismatch)
          .Message("subscript type {} is not supported", b_.types_.Name(source))
          .Hint("jsonb subscript must be coercible to either integer or text.")
          .Position(PositionOf(location));
    }
    path.push_back(std::move(key));
  }
  const size_t end = step + path.size();
  HELIOS_TRY(value, AssignPart(name, nullptr, {t::kJsonb, -1}, end, std::move(value), scope));
  call->children.push_back(std::move(value));
  for (ExprPtr& key : path) call->children.push_back(std::move(key));
  return call;
}

}  // namespace helios::sql::binder
