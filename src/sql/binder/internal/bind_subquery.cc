// Sub-selects in expressions.
#include "sql/binder/internal/binder.h"
#include "sql/plan/walk.h"

namespace helios::sql::binder {

namespace {
namespace t = type_oid;
using expr::As;
using Test = expr::SubplanExpr::Test;

// What the clause is called where it may hold no sub-select; null: it may.
const char* RefusingClause(Clause clause) {
  switch (clause) {
    case Clause::kCheck:
      return "check constraint";
    case Clause::kDefault:
      return "DEFAULT expression";
    case Clause::kGenerated:
      return "column generation expression";
    case Clause::kIndexExpression:
      return "index expression";
    case Clause::kIndexPredicate:
      return "index predicate";
    case Clause::kAlterUsing:
      return "transform expression";
    default:
      return nullptr;
  }
}

Status SyntaxErrorAt(const ast::Subquery& subquery, const char* message) {
  return Error(ErrorCode::kSyntaxError)
      .Message("{}", message)
      .Position(PositionOf(subquery.location));
}
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
  if (const char* clause = RefusingClause(scope.clause)) {
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("cannot use subquery in {}", clause)
        .Position(PositionOf(subquery.location));
  }
  if (subquery.subquery_kind == ast::SubqueryKind::kAny ||
      subquery.subquery_kind == ast::SubqueryKind::kAll) {
    return BindQuantifiedSubquery(subquery, scope);
  }
  HELIOS_TRY(BoundQuery query,
             BindQuery(ast::As<ast::SelectStatement>(*subquery.query), &scope, scope.ctes, {}));
  SqlType type{t::kBool, -1};
  Test test = Test::kExists;
  if (subquery.subquery_kind != ast::SubqueryKind::kExists) {
    if (query.columns.size() != 1) {
      return SyntaxErrorAt(subquery, "subquery must return only one column");
    }
    const uint32_t id = query.columns[0].id;
    type = columns_[id].type;
    test = Test::kScalar;
    query.node = Shape(std::move(query.node), {id});
  }
  if (subquery.subquery_kind == ast::SubqueryKind::kArray) {
    // An array of arrays has one more dimension and the same type.
    const Oid array = types_.IsArray(type.oid) ? type.oid : types_.ArrayOf(type.oid);
    if (array == kInvalidOid) {
      return Error(ErrorCode::kUndefinedObject)
          .Message("could not find array type for data type {}", types_.Name(type.oid))
          .Position(PositionOf(subquery.location));
    }
    type = {array, -1};
    test = Test::kArray;
  }
  auto result = std::make_unique<expr::SubplanExpr>(type, test, AddSubplan(std::move(query.node)));
  result->location = subquery.location;
  return types_.Typed(std::move(result));
}

Result<ExprPtr> Binder::BindQuantifiedSubquery(const ast::Subquery& subquery, QueryScope& scope) {
  std::vector<ExprPtr> left;
  if (const auto* row = ast::TryAs<ast::Row>(subquery.left.get())) {
    for (const ast::ExprPtr& field : row->fields) {
      HELIOS_TRY(ExprPtr bound, BindExpr(*field, scope));
      left.push_back(std::move(bound));
    }
  } else {
    HELIOS_TRY(ExprPtr bound, BindExpr(*subquery.left, scope));
    left.push_back(std::move(bound));
  }
  HELIOS_TRY(BoundQuery query,
             BindQuery(ast::As<ast::SelectStatement>(*subquery.query), &scope, scope.ctes, {}));
  const size_t width = query.columns.size();
  if (width < left.size()) return SyntaxErrorAt(subquery, "subquery has too few columns");
  if (width > left.size()) return SyntaxErrorAt(subquery, "subquery has too many columns");
  std::string op = "=";
  if (!subquery.op.empty()) {
    HELIOS_TRY(op, OperatorName(subquery.op, subquery.location));
  }
  // The comparison stands over the left values, then the subplan's columns.
  std::vector<uint32_t> ids;
  std::vector<ExprPtr> left_columns, right_columns;
  for (size_t i = 0; i < width; ++i) {
    const uint32_t id = query.columns[i].id;
    ids.push_back(id);
    ExprPtr right = MakeColumn(id, -1);
    As<expr::ColumnExpr>(*right).index = static_cast<uint32_t>(width + i);
    right_columns.push_back(std::move(right));
    if (left[i]->type.oid == t::kUnknown) {
      HELIOS_TRY(left[i], types_.TryCoerce(std::move(left[i]), columns_[id].type,
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
