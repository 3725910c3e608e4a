// Binder: expressions, second part: IN, CASE, casts, constructors, sub-selects, value functions.
#include <algorithm>

#include "sql/binder/internal/target_list.h"

namespace helios::sql::binder {

namespace {
namespace t = type_oid;
using expr::As;
using expr::ExprKind;

bool IsIntegerConstantWithin(const expr::Expr& expr, Oid type, int64_t* value) {
  if (expr.kind != ExprKind::kConstant) return false;
  const Value& constant = As<expr::ConstantExpr>(expr).value;
  if (constant.is_null()) return false;
  switch (constant.type().oid) {
    case t::kInt2:
      *value = constant.As<int16_t>();
      break;
    case t::kInt4:
      *value = constant.As<int32_t>();
      break;
    case t::kInt8:
      *value = constant.As<int64_t>();
      break;
    default:
      return false;
  }
  if (type == t::kInt2) return *value >= INT16_MIN && *value <= INT16_MAX;
  if (type == t::kInt4) return *value >= INT32_MIN && *value <= INT32_MAX;
  return type == t::kInt8;
}

// All items are integer constants, and within the range of this type.
bool AllFit(const std::vector<ExprPtr>& items, Oid type) {
  return IsIntegerType(type) && std::all_of(items.begin(), items.end(), [&](const ExprPtr& item) {
           int64_t value = 0;
           return IsIntegerConstantWithin(*item, type, &value);
         });
}

ExprPtr MakeInList(const expr::Operator& equality, const ast::In& in, ExprPtr operand,
                   std::vector<ExprPtr> items) {
  auto list = std::make_unique<expr::InListExpr>(equality.function, in.negated);
  list->location = in.location;
  list->children = std::move(items);
  list->children.insert(list->children.begin(), std::move(operand));
  return list;
}

// A subscript, brought to integer.
Result<ExprPtr> ToSubscript(TypeRules& types, ExprPtr index) {
  const int location = index->location;
  HELIOS_TRY(index,
             types.TryCoerce(std::move(index), {t::kInt4, -1}, CastContext::kAssignment, location));
  if (index == nullptr) {
    return Error(ErrorCode::kDatatypeMismatch)
        .Message("array subscript must have type integer")
        .Position(PositionOf(location));
  }
  return index;
}

// Where the run of subscripts ends that begins at this step; `slice`: one of them is a slice.
size_t EndOfSubscripts(const std::vector<ast::IndirectionStep>& steps, size_t at, bool* slice) {
  for (; at < steps.size(); ++at) {
    if (steps[at].step == ast::IndirectionKind::kSlice) {
      *slice = true;
    } else if (steps[at].step != ast::IndirectionKind::kSubscript) {
      break;
    }
  }
  return at;
}
}  // namespace

Result<ExprPtr> Binder::BindIn(const ast::In& in, QueryScope& scope) {
  // Rows, and lists whose items cannot be brought to one type, become comparisons one by one.
  const bool row = in.operand->kind == ast::ExprKind::kRow;
  ExprPtr operand;
  std::vector<ExprPtr> items;
  Oid common = kInvalidOid;
  if (!row) {
    HELIOS_TRY(operand, BindExpr(*in.operand, scope));
    std::vector<ExprPtr> all;
    all.push_back(std::move(operand));
    for (const ast::ExprPtr& item : in.items) {
      HELIOS_TRY(ExprPtr bound, BindExpr(*item, scope));
      all.push_back(std::move(bound));
    }
    if (all.size() > 2) {
      HELIOS_TRY(common, types_.CommonType(all, ""));
    }
    operand = std::move(all[0]);
    items.assign(std::make_move_iterator(all.begin() + 1), std::make_move_iterator(all.end()));
    // Integer literals that fit the operand's own type leave the operand as it is.
    if (common != kInvalidOid && common != operand->type.oid && AllFit(items, operand->type.oid)) {
      common = operand->type.oid;
      for (ExprPtr& item : items) {
        const int location = item->location;
        HELIOS_TRY(item, types_.Cast(std::move(item), {common, -1}, location));
      }
    }
  }
  const expr::Operator* equality = common == kInvalidOid ? nullptr : types_.Equality(common);
  if (equality != nullptr && common != t::kRecord) {
    HELIOS_TRY(operand, types_.CoerceArgument(std::move(operand), common));
    for (ExprPtr& item : items) {
      HELIOS_TRY(item, types_.CoerceArgument(std::move(item), common));
    }
    return MakeInList(*equality, in, std::move(operand), std::move(items));
  }
  ExprPtr result =
      in.negated ? ExprPtr(std::make_unique<expr::AndExpr>()) : std::make_unique<expr::OrExpr>();
  const std::string op = in.negated ? "<>" : "=";
  for (size_t i = 0; i < in.items.size(); ++i) {
    ExprPtr comparison;
    if (row) {
      const auto& left = ast::As<ast::Row>(*in.operand);
      const auto* right = ast::TryAs<ast::Row>(in.items[i].get());
      std::vector<ExprPtr> lefts, rights;
      if (right == nullptr || right->fields.size() != left.fields.size()) {
        return Error(ErrorCode::kSyntaxError)
            .Message("unequal number of entries in row expressions")
            .Position(PositionOf(in.location));
      }
      for (size_t f = 0; f < left.fields.size(); ++f) {
        HELIOS_TRY(ExprPtr l, BindExpr(*left.fields[f], scope));
        HELIOS_TRY(ExprPtr r, BindExpr(*right->fields[f], scope));
        lefts.push_back(std::move(l));
        rights.push_back(std::move(r));
      }
      HELIOS_TRY(comparison,
                 MakeRowComparison(op, std::move(lefts), std::move(rights), in.location));
    } else {
      HELIOS_TRY(comparison, MakeOperator(op, operand->Clone(), std::move(items[i]), in.location));
    }
    result->children.push_back(std::move(comparison));
  }
  if (result->children.size() == 1) return std::move(result->children[0]);
  result->location = in.location;
  return result;
}

Result<std::vector<ExprPtr>> Binder::BindConditionalArms(const ast::ExprList& args,
                                                         QueryScope& scope, const char* construct) {
  std::vector<ExprPtr> bound;
  const char* outer = scope.no_sets;
  scope.no_sets = construct;
  for (const ast::ExprPtr& arg : args) {
    auto one = BindExpr(*arg, scope);
    if (!one.ok()) {
      scope.no_sets = outer;
      return std::move(one).status();
    }
    bound.push_back(std::move(one).value());
  }
  scope.no_sets = outer;
  HELIOS_TRY(const Oid common, types_.CommonType(bound, construct));
  for (ExprPtr& arm : bound) {
    HELIOS_TRY(arm, types_.CoerceToCommon(std::move(arm), common, construct));
  }
  return bound;
}

Result<ExprPtr> Binder::BindCase(const ast::Case& node, QueryScope& scope) {
  auto result = std::make_unique<expr::CaseExpr>(SqlType{t::kText, -1});
  result->location = node.location;
  const char* outer_sets = scope.no_sets;
  scope.no_sets = "CASE";
  const auto restore = [&](auto value) {
    scope.no_sets = outer_sets;
    return value;
  };
  ExprPtr operand;
  if (node.operand != nullptr) {
    auto bound = BindExpr(*node.operand, scope);
    if (!bound.ok()) return restore(std::move(bound).status());
    auto resolved = types_.ResolveUnknown(std::move(bound).value());
    if (!resolved.ok()) return restore(std::move(resolved).status());
    operand = std::move(resolved).value();
  }
  std::vector<ExprPtr> conditions, arms;
  for (const ast::CaseWhen& when : node.whens) {
    auto bound = BindExpr(*when.condition, scope);
    if (!bound.ok()) return restore(std::move(bound).status());
    auto condition = operand != nullptr ? MakeOperator("=", operand->Clone(),
                                                       std::move(bound).value(), when.location)
                                        : std::move(bound);
    if (condition.ok()) {
      condition = types_.CoerceBoolean(std::move(condition).value(), "CASE/WHEN");
    }
    if (!condition.ok()) return restore(std::move(condition).status());
    conditions.push_back(std::move(condition).value());
    auto arm = BindExpr(*when.result, scope);
    if (!arm.ok()) return restore(std::move(arm).status());
    arms.push_back(std::move(arm).value());
  }
  // PostgreSQL looks at ELSE first when it chooses the type.
  std::vector<ExprPtr> ordered;
  if (node.else_result != nullptr) {
    auto bound = BindExpr(*node.else_result, scope);
    if (!bound.ok()) return restore(std::move(bound).status());
    ordered.push_back(std::move(bound).value());
  } else {
    ordered.push_back(std::make_unique<expr::ConstantExpr>(Value::Null({t::kUnknown, -1})));
  }
  scope.no_sets = outer_sets;
  for (ExprPtr& arm : arms) ordered.push_back(std::move(arm));
  HELIOS_TRY(const Oid common, types_.CommonType(ordered, "CASE"));
  for (size_t i = 0; i < ordered.size(); ++i) {
    HELIOS_TRY(ordered[i], types_.CoerceToCommon(std::move(ordered[i]), common,
                                                 i == 0 ? "CASE/ELSE" : "CASE/WHEN"));
  }
  result->type = {common, TypeRules::CommonTypmod(ordered, common)};
  for (size_t i = 0; i < conditions.size(); ++i) {
    result->children.push_back(std::move(conditions[i]));
    result->children.push_back(std::move(ordered[i + 1]));
  }
  result->children.push_back(std::move(ordered[0]));
  result->physical = types_.Physical(common);
  return result;
}

Result<ExprPtr> Binder::BindCoalesce(const ast::Coalesce& node, QueryScope& scope) {
  HELIOS_TRY(auto arms, BindConditionalArms(node.args, scope, "COALESCE"));
  const Oid type = arms[0]->type.oid;
  auto result =
      std::make_unique<expr::CoalesceExpr>(SqlType{type, TypeRules::CommonTypmod(arms, type)});
  result->children = std::move(arms);
  result->location = node.location;
  result->physical = types_.Physical(type);
  return result;
}

Result<ExprPtr> Binder::BindMinMax(const ast::MinMax& node, QueryScope& scope) {
  HELIOS_TRY(auto arms,
             BindConditionalArms(node.args, scope, node.greatest ? "GREATEST" : "LEAST"));
  const Oid type = arms[0]->type.oid;
  if (types_.Less(type) == nullptr) {
    return Error(ErrorCode::kUndefinedFunction)
        .Message("could not identify a comparison function for type {}", types_.Name(type))
        .Position(PositionOf(node.location));
  }
  auto result = std::make_unique<expr::MinMaxExpr>(
      SqlType{type, TypeRules::CommonTypmod(arms, type)}, node.greatest);
  result->children = std::move(arms);
  result->location = node.location;
  result->physical = types_.Physical(type);
  return result;
}

Result<SqlType> Binder::ResolveType(const ast::TypeName& type) {
  auto resolved = ResolveTypeName(type, context_);
  if (!resolved.ok()) return AtLocation(std::move(resolved).status(), type.location);
  if (type.names.size() > 1 && resolved->oid >= kFirstUserOid) {
    const catalog::Schema* schema =
        context_.snapshot->FindSchema(type.names[type.names.size() - 2]);
    if (schema != nullptr) NeedSchema(*schema);
  }
  if (record_names_ && resolved->oid >= kFirstUserOid) {
    if (const catalog::UserType* user = context_.snapshot->FindUserType(resolved->oid)) {
      AddDependency(user->oid);
      if (const catalog::Schema* schema = context_.snapshot->FindSchema(user->schema)) {
        recorded_.type_schemas[&type] = schema->name;
      }
    }
  }
  return resolved;
}

Result<ExprPtr> Binder::BindCast(const ast::Cast& cast, QueryScope& scope) {
  HELIOS_TRY(const SqlType target, ResolveType(cast.type));
  const Oid element = types_.Element(types_.BaseType(target.oid));
  ExprPtr operand;
  if (const auto* array = ast::TryAs<ast::Array>(cast.operand.get());
      array != nullptr && element != kInvalidOid) {
    HELIOS_TRY(operand, BindArray(*array, scope, types_.BaseType(target)));
  } else {
    HELIOS_TRY(operand, BindExpr(*cast.operand, scope));
  }
  return types_.Cast(std::move(operand), target, cast.location);
}

namespace {
// The COLLATE that decides for the expression, if one is written.
const ast::Collate* ExplicitCollation(const ast::Expr& expr) {
  switch (expr.kind) {
    case ast::ExprKind::kCollate:
      return &ast::As<ast::Collate>(expr);
    case ast::ExprKind::kCast:
      return ExplicitCollation(*ast::As<ast::Cast>(expr).operand);
    case ast::ExprKind::kOperator: {
      const auto& op = ast::As<ast::Operator>(expr);
      const ast::Collate* left = op.left == nullptr ? nullptr : ExplicitCollation(*op.left);
      return left != nullptr ? left : ExplicitCollation(*op.right);
    }
    case ast::ExprKind::kFunctionCall:
      for (const ast::ExprPtr& argument : ast::As<ast::FunctionCall>(expr).args) {
        if (const ast::Collate* found = ExplicitCollation(*argument)) return found;
      }
      return nullptr;
    default:
      return nullptr;
  }
}
}  // namespace

// All collations here order alike, but two that differ are an error all the same.
Status Binder::CheckCollations(const ast::Expr& left, const ast::Expr& right) const {
  if (!saw_collate_) return Status::Ok();
  const ast::Collate* a = ExplicitCollation(left);
  const ast::Collate* b = ExplicitCollation(right);
  if (a == nullptr || b == nullptr || a->collation.back() == b->collation.back()) {
    return Status::Ok();
  }
  return Error(ErrorCode::kCollationMismatch)
      .Message("collation mismatch between explicit collations \"{}\" and \"{}\"",
               a->collation.back(), b->collation.back())
      .Position(PositionOf(b->location));
}

Result<ExprPtr> Binder::BindCollate(const ast::Collate& collate, QueryScope& scope) {
  HELIOS_TRY(ExprPtr operand, BindExpr(*collate.operand, scope));
  HELIOS_TRY(operand, types_.ResolveUnknown(std::move(operand)));
  const std::string& name = collate.collation.back();
  if (types_.Category(operand->type.oid) != TypeCategory::kString &&
      types_.Category(types_.Element(types_.BaseType(operand->type.oid))) !=
          TypeCategory::kString) {
    return Error(ErrorCode::kDatatypeMismatch)
        .Message("collations are not supported by type {}", types_.Name(operand->type.oid))
        .Position(PositionOf(collate.location));
  }
  saw_collate_ = true;
  if (name != "C" && name != "POSIX" && name != "default" && name != "ucs_basic") {
    return Error(ErrorCode::kUndefinedObject)
        .Message("collation \"{}\" for encoding \"UTF8\" does not exist", name)
        .Position(PositionOf(collate.location));
  }
  return operand;
}

Result<ExprPtr> Binder::BindArray(const ast::Array& array, QueryScope& scope, SqlType target) {
  const Oid wanted = target.valid() ? types_.Element(target.oid) : kInvalidOid;
  std::vector<ExprPtr> elements;
  bool nested = false;
  for (const ast::ExprPtr& element : array.elements) {
    ExprPtr bound;
    if (const auto* inner = ast::TryAs<ast::Array>(element.get())) {
      HELIOS_TRY(bound, BindArray(*inner, scope, target));
      nested = true;
    } else {
      HELIOS_TRY(bound, BindExpr(*element, scope));
      if (bound->type.oid != t::kUnknown && types_.IsArray(bound->type.oid) &&
          wanted == kInvalidOid) {
        nested = true;
      }
    }
    elements.push_back(std::move(bound));
  }
  Oid item = wanted;
  if (nested && wanted != kInvalidOid) item = target.oid;
  if (item == kInvalidOid) {
    if (elements.empty()) {
      return Error(ErrorCode::kIndeterminateDatatype)
          .Message("cannot determine type of empty array")
          .Hint("Explicitly cast to the desired type, for example ARRAY[]::integer[].")
          .Position(PositionOf(array.location));
    }
    HELIOS_TRY(item, types_.CommonType(elements, "ARRAY"));
  }
  const Oid element_type = nested ? types_.Element(item) : item;
  const Oid array_type = nested ? item : types_.ArrayOf(item);
  if (array_type == kInvalidOid || element_type == kInvalidOid) {
    return Error(ErrorCode::kUndefinedObject)
        .Message("could not find array type for data type {}", types_.Name(item))
        .Position(PositionOf(array.location));
  }
  for (ExprPtr& element : elements) {
    if (wanted != kInvalidOid) {
      const int location = element->location;
      HELIOS_TRY(element,
                 types_.Cast(std::move(element), {item, nested ? -1 : target.typmod}, location));
    } else {
      HELIOS_TRY(element, types_.CoerceToCommon(std::move(element), item, "ARRAY"));
    }
  }
  auto result = std::make_unique<expr::ArrayExpr>(SqlType{array_type, -1}, element_type);
  result->nested = nested;
  result->children = std::move(elements);
  result->location = array.location;
  return types_.Typed(std::move(result));
}

Result<ExprPtr> Binder::BindRow(const ast::Row& row, QueryScope& scope) {
  auto result = std::make_unique<expr::RowExpr>(SqlType{t::kRecord, -1});
  result->location = row.location;
  for (size_t i = 0; i < row.fields.size(); ++i) {
    const auto* star = ast::TryAs<ast::ColumnRef>(row.fields[i].get());
    if (star != nullptr && star->star) {
      std::vector<TargetEntry> targets;
      HELIOS_TRY(TargetListBinder(*this, scope).ExpandStar(*star, &targets));
      for (TargetEntry& target : targets) {
        result->field_names.push_back("f" + std::to_string(result->children.size() + 1));
        result->children.push_back(std::move(target.expr));
      }
      continue;
    }
    HELIOS_TRY(ExprPtr field, BindExpr(*row.fields[i], scope));
    HELIOS_TRY(field, types_.ResolveUnknown(std::move(field)));
    result->field_names.push_back("f" + std::to_string(result->children.size() + 1));
    result->children.push_back(std::move(field));
  }
  return result;
}

Result<ExprPtr> Binder::BindFieldSelect(ExprPtr operand, const std::string& field, int location) {
  if (OpenRow(&operand)) {
    auto& row = As<expr::RowExpr>(*operand);
    for (size_t i = 0; i < row.field_names.size(); ++i) {
      if (row.field_names[i] == field) return std::move(row.children[i]);
    }
  }
  const Oid base = types_.BaseType(operand->type.oid);
  if (const catalog::UserType* user = context_.snapshot->FindUserType(base);
      user != nullptr && user->type_kind == catalog::UserType::TypeKind::kComposite) {
    uint32_t position = 0;
    for (const catalog::Column& column : user->fields) {
      if (column.dropped) continue;
      if (column.name == field) {
        auto select = std::make_unique<expr::FieldSelectExpr>(column.type, position);
        select->location = location;
        select->children.push_back(std::move(operand));
        return types_.Typed(std::move(select));
      }
      ++position;
    }
    return Error(ErrorCode::kUndefinedColumn)
        .Message("column \"{}\" not found in data type {}", field, types_.Name(base))
        .Position(PositionOf(location));
  }
  if (base == t::kRecord) {
    const RecordShapes::Fields* fields = records_.Of(*operand, plan_->subplans);
    for (uint32_t i = 0; fields != nullptr && i < fields->size(); ++i) {
      if ((*fields)[i].first != field) continue;
      auto select = std::make_unique<expr::FieldSelectExpr>((*fields)[i].second, i);
      select->location = location;
      select->children.push_back(std::move(operand));
      return types_.Typed(std::move(select));
    }
    return Error(ErrorCode::kUndefinedColumn)
        .Message("could not identify column \"{}\" in record data type", field)
        .Position(PositionOf(location));
  }
  return Error(ErrorCode::kWrongObjectType)
      .Message("column notation .{} applied to type {}, which is not a composite type", field,
               types_.Name(operand->type.oid))
      .Position(PositionOf(location));
}

Result<ExprPtr> Binder::BindIndirection(const ast::Indirection& node, QueryScope& scope) {
  HELIOS_TRY(ExprPtr current, BindExpr(*node.operand, scope));
  for (size_t i = 0; i < node.steps.size(); ++i) {
    const ast::IndirectionStep& step = node.steps[i];
    if (step.step == ast::IndirectionKind::kField) {
      if (record_names_) recorded_.field_types[&step] = types_.BaseType(current->type.oid);
      HELIOS_TRY(current, BindFieldSelect(std::move(current), step.field, node.location));
      continue;
    }
    if (step.step == ast::IndirectionKind::kStar) {
      return Error(ErrorCode::kSyntaxError)
          .Message("row expansion via \"*\" is not supported here")
          .Position(PositionOf(node.location));
    }
    // A run of subscripts applies at once; one slice makes all of them slices.
    bool slice = false;
    const size_t end = EndOfSubscripts(node.steps, i, &slice);
    const Oid container = types_.BaseType(current->type.oid);
    const bool json = container == t::kJsonb;
    Oid result_type = json ? Oid{t::kJsonb} : types_.Element(container);
    if (result_type == kInvalidOid) {
      return Error(ErrorCode::kDatatypeMismatch)
          .Message("cannot subscript type {} because it does not support subscripting",
                   types_.Name(current->type.oid))
          .Position(PositionOf(current->location));
    }
    if (json && !slice) {
      for (; i < end; ++i) {
        HELIOS_TRY(ExprPtr key, BindExpr(*node.steps[i].upper, scope));
        HELIOS_TRY(current, MakeOperator("->", std::move(current), std::move(key), node.location));
      }
      --i;
      continue;
    }
    auto subscript = std::make_unique<expr::SubscriptExpr>(
        slice ? SqlType{container, -1} : SqlType{result_type, current->type.typmod});
    subscript->slice = slice;
    subscript->location = node.location;
    subscript->children.push_back(std::move(current));
    const auto add = [&](const ast::Expr* index, int32_t missing, bool omitted) -> Status {
      ExprPtr bound;
      if (index == nullptr) {
        Value value = omitted ? Value::Null({t::kInt4, -1}) : Value::Int4(missing);
        bound = std::make_unique<expr::ConstantExpr>(std::move(value));
      } else {
        HELIOS_TRY(bound, BindExpr(*index, scope));
        HELIOS_TRY(bound, ToSubscript(types_, std::move(bound)));
      }
      subscript->children.push_back(std::move(bound));
      subscript->omitted.push_back(omitted);
      return Status::Ok();
    };
    for (; i < end; ++i) {
      const ast::IndirectionStep& part = node.steps[i];
      if (slice) {
        const bool plain = part.step == ast::IndirectionKind::kSubscript;
        HELIOS_TRY(add(part.lower.get(), 1, part.lower == nullptr && !plain));
        HELIOS_TRY(add(part.upper.get(), 1, part.upper == nullptr));
      } else {
        HELIOS_TRY(add(part.upper.get(), 0, false));
      }
    }
    --i;
    current = types_.Typed(std::move(subscript));
  }
  return current;
}

Result<ExprPtr> Binder::BindSqlValue(const ast::SqlValue& value) {
  using Kind = ast::SqlValueKind;
  const auto call = [&](const char* name) { return MakeFunction(name, {}, value.location); };
  const auto now_as = [&](Oid type) -> Result<ExprPtr> {
    HELIOS_TRY(ExprPtr now, call("now"));
    const int32_t typmod = value.precision > 6 ? 6 : value.precision;
    return types_.Cast(std::move(now), {type, typmod}, value.location);
  };
  switch (value.value) {
    case Kind::kCurrentDate:
      return now_as(t::kDate);
    case Kind::kCurrentTime:
      return now_as(t::kTimetz);
    case Kind::kCurrentTimestamp:
      return now_as(t::kTimestamptz);
    case Kind::kLocalTime:
      return now_as(t::kTime);
    case Kind::kLocalTimestamp:
      return now_as(t::kTimestamp);
    case Kind::kCurrentRole:
    case Kind::kCurrentUser:
    case Kind::kUser:
      return call("current_user");
    case Kind::kSessionUser:
      return call("session_user");
    case Kind::kCurrentCatalog:
      return call("current_database");
    case Kind::kCurrentSchema:
      return call("current_schema");
  }
  HELIOS_CHECK(false);
  __builtin_unreachable();
}

}  // namespace helios::sql::binder
