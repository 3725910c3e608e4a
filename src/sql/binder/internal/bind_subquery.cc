// Binder: sub-selects in expressions.
#include "sql/binder/internal/binder.h"
#include "sql/plan/walk.h"

namespace helios::sql::binder {

namespace {
namespace t = type_oid;
using expr::As;
using expr::ExprKind;
using Test = expr::SubplanExpr::Test;
}  // namespace

Result<ExprPtr> Binder::BindRowSubquery(const std::string& op, const ast::Row& left,
                                        const ast::Subquery& subquery, int location,
                                        QueryScope& scope) {
  HELIOS_TRY(BoundQuery query,
             BindQuery(ast::As<ast::SelectStatement>(*subquery.query), &scope, scope.ctes, {}));
  if (query.columns.size() != left.fields.size()) {
    return Error(ErrorCode::kSyntaxError)
        .Message("subquery has too {} columns",
                 query.columns.size() < left.fields.size() ? "few" : "many")
        .Position(PositionOf(location));
  }
  // The sub-select gives one record, of which each comparison takes a field.
  auto row = std::make_unique<expr::RowExpr>(SqlType{t::kRecord, -1});
  std::vector<SqlType> types;
  for (const ResultColumn& column : query.columns) {
    types.push_back(columns_[column.id].type);
    row->field_names.push_back(column.name);
    row->children.push_back(MakeColumn(column.id, -1));
  }
  auto project = std::make_unique<plan::ProjectNode>();
  project->ids.push_back(NewColumn("row", row->type, nullptr));
  project->expressions.push_back(std::move(row));
  project->children.push_back(std::move(query.node));
  auto record = std::make_unique<expr::SubplanExpr>(SqlType{t::kRecord, -1}, Test::kScalar,
                                                    AddSubplan(std::move(project)));
  record->location = subquery.location;
  std::vector<ExprPtr> lefts, rights;
  for (size_t i = 0; i < types.size(); ++i) {
    HELIOS_TRY(ExprPtr field, BindExpr(*left.fields[i], scope));
    lefts.push_back(std::move(field));
    auto select = std::make_unique<expr::FieldSelectExpr>(types[i], static_cast<uint32_t>(i));
    select->children.push_back(record->Clone());
    rights.push_back(types_.Typed(std::move(select)));
  }
  return MakeRowComparison(op, std::move(lefts), std::move(rights), location);
}

Result<ExprPtr> Binder::BindSubquery(const ast::Subquery& subquery, QueryScope& scope) {
  switch (scope.clause) {
    case Clause::kCheck:
    case Clause::kDefault:
    case Clause::kGenerated:
    case Clause::kIndexExpression:
    case Clause::kIndexPredicate:
    case Clause::kAlterUsing: {
      const char* where = scope.clause == Clause::kCheck       ? "check constraint"
                          : scope.clause == Clause::kDefault   ? "DEFAULT expression"
                          : scope.clause == Clause::kGenerated ? "column generation expression"
                          : scope.clause == Clause::kIndexExpression ? "index expression"
                          : scope.clause == Clause::kIndexPredicate  ? "index predicate"
                                                                     : "transform expression";
      return Error(ErrorCode::kFeatureNotSupported)
          .Message("cannot use subquery in {}", where)
          .Position(PositionOf(subquery.location));
    }
    default:
      break;
  }
  std::vector<ExprPtr> left;
  if (subquery.left != nullptr) {
    if (const auto* row = ast::TryAs<ast::Row>(subquery.left.get())) {
      for (const ast::ExprPtr& field : row->fields) {
        HELIOS_TRY(ExprPtr bound, BindExpr(*field, scope));
        left.push_back(std::move(bound));
      }
    } else {
      HELIOS_TRY(ExprPtr bound, BindExpr(*subquery.left, scope));
      left.push_back(std::move(bound));
    }
  }
  HELIOS_TRY(BoundQuery query,
             BindQuery(ast::As<ast::SelectStatement>(*subquery.query), &scope, scope.ctes, {}));
  const size_t width = query.columns.size();
  const auto columns_error = [&](const char* text) {
    return Error(ErrorCode::kSyntaxError)
        .Message("{}", text)
        .Position(PositionOf(subquery.location));
  };
  std::vector<uint32_t> ids;
  for (const ResultColumn& column : query.columns) ids.push_back(column.id);
  switch (subquery.subquery_kind) {
    case ast::SubqueryKind::kExists: {
      auto result = std::make_unique<expr::SubplanExpr>(SqlType{t::kBool, -1}, Test::kExists,
                                                        AddSubplan(std::move(query.node)));
      result->location = subquery.location;
      return result;
    }
    case ast::SubqueryKind::kScalar: {
      if (width != 1) return columns_error("subquery must return only one column");
      const SqlType type = columns_[ids[0]].type;
      auto result = std::make_unique<expr::SubplanExpr>(
          type, Test::kScalar, AddSubplan(Shape(std::move(query.node), ids)));
      result->location = subquery.location;
      return types_.Typed(std::move(result));
    }
    case ast::SubqueryKind::kArray: {
      if (width != 1) return columns_error("subquery must return only one column");
      const Oid element = columns_[ids[0]].type.oid;
      // An array of arrays has one more dimension and the same type.
      const Oid array = types_.IsArray(element) ? element : types_.ArrayOf(element);
      if (array == kInvalidOid) {
        return Error(ErrorCode::kUndefinedObject)
            .Message("could not find array type for data type {}", types_.Name(element))
            .Position(PositionOf(subquery.location));
      }
      auto result = std::make_unique<expr::SubplanExpr>(
          SqlType{array, -1}, Test::kArray, AddSubplan(Shape(std::move(query.node), ids)));
      result->location = subquery.location;
      return types_.Typed(std::move(result));
    }
    case ast::SubqueryKind::kAny:
    case ast::SubqueryKind::kAll:
      break;
  }
  if (width < left.size()) return columns_error("subquery has too few columns");
  if (width > left.size()) return columns_error("subquery has too many columns");
  std::string op = "=";
  if (!subquery.op.empty()) {
    HELIOS_TRY(op, OperatorName(subquery.op, subquery.location));
  }
  // The comparison stands over the left values, then the subplan's columns.
  std::vector<ExprPtr> left_columns, right_columns;
  for (size_t i = 0; i < width; ++i) {
    ExprPtr right = MakeColumn(ids[i], -1);
    As<expr::ColumnExpr>(*right).index = static_cast<uint32_t>(width + i);
    right_columns.push_back(std::move(right));
    if (left[i]->type.oid == t::kUnknown) {
      HELIOS_TRY(left[i], types_.TryCoerce(std::move(left[i]), columns_[ids[i]].type,
                                           CastContext::kImplicit, subquery.location));
    }
    auto column = std::make_unique<expr::ColumnExpr>(static_cast<uint32_t>(i), left[i]->type);
    column->physical = left[i]->physical;
    column->location = left[i]->location;
    left_columns.push_back(std::move(column));
  }
  auto result = std::make_unique<expr::SubplanExpr>(
      SqlType{t::kBool, -1},
      subquery.subquery_kind == ast::SubqueryKind::kAny ? Test::kAny : Test::kAll,
      AddSubplan(Shape(std::move(query.node), ids)));
  HELIOS_TRY(result->comparison, MakeRowComparison(op, std::move(left_columns),
                                                   std::move(right_columns), subquery.location));
  if (result->comparison->type.oid != t::kBool) {
    return Error(ErrorCode::kDatatypeMismatch)
        .Message("operator {} must return type boolean, not type {}", op,
                 types_.Name(result->comparison->type.oid))
        .Position(PositionOf(subquery.location));
  }
  result->children = std::move(left);
  result->location = subquery.location;
  return result;
}

}  // namespace helios::sql::binder
