// The names of output columns that have none written.
#include "sql/binder/internal/binder.h"

namespace helios::sql::binder {

namespace {
const char* SqlValueName(ast::SqlValueKind kind) {
  switch (kind) {
    case ast::SqlValueKind::kCurrentDate:
      return "current_date";
    case ast::SqlValueKind::kCurrentTime:
      return "current_time";
    case ast::SqlValueKind::kCurrentTimestamp:
      return "current_timestamp";
    case ast::SqlValueKind::kLocalTime:
      return "localtime";
    case ast::SqlValueKind::kLocalTimestamp:
      return "localtimestamp";
    case ast::SqlValueKind::kCurrentRole:
      return "current_role";
    case ast::SqlValueKind::kCurrentUser:
      return "current_user";
    case ast::SqlValueKind::kUser:
      return "user";
    case ast::SqlValueKind::kSessionUser:
      return "session_user";
    case ast::SqlValueKind::kCurrentCatalog:
      return "current_catalog";
    case ast::SqlValueKind::kCurrentSchema:
      return "current_schema";
  }
  return "?column?";
}

// The name of an output column, as PostgreSQL's FigureColname. A weak name (of a cast or a CASE)
// gives way to the name of a cast around it; no name is the empty text.
struct FigureName {
  std::string name;
  bool weak = false;

  explicit FigureName(const ast::Expr& expr) { Look(expr); }

 private:
  void Look(const ast::Expr& expr);
  void LookInSubquery(const ast::Subquery& subquery);
};

void FigureName::LookInSubquery(const ast::Subquery& subquery) {
  if (subquery.subquery_kind == ast::SubqueryKind::kExists) name = "exists";
  if (subquery.subquery_kind == ast::SubqueryKind::kArray) name = "array";
  if (subquery.subquery_kind != ast::SubqueryKind::kScalar) return;
  const ast::SelectStatement* query = &ast::As<ast::SelectStatement>(*subquery.query);
  while (query->op != ast::SetOperation::kNone) query = query->left.get();
  if (query->targets.empty()) {
    name = query->values.empty() ? "?column?" : "column1";
    return;
  }
  const ast::TargetItem& item = query->targets[0];
  name = item.name.empty() ? FigureName(*item.expr).name : item.name;
  if (name.empty()) name = "?column?";
}

void FigureName::Look(const ast::Expr& expr) {
  switch (expr.kind) {
    case ast::ExprKind::kColumnRef: {
      const auto& ref = ast::As<ast::ColumnRef>(expr);
      if (!ref.names.empty()) name = ref.names.back();
      return;
    }
    case ast::ExprKind::kIndirection: {
      const auto& node = ast::As<ast::Indirection>(expr);
      for (size_t i = node.steps.size(); i-- > 0;) {
        if (node.steps[i].step != ast::IndirectionKind::kField) continue;
        name = node.steps[i].field;
        return;
      }
      return Look(*node.operand);
    }
    case ast::ExprKind::kFunctionCall:
      name = ast::As<ast::FunctionCall>(expr).name.back();
      return;
    case ast::ExprKind::kCast: {
      const auto& cast = ast::As<ast::Cast>(expr);
      Look(*cast.operand);
      if (!name.empty() && !weak) return;
      name = cast.type.names.back();
      weak = true;
      return;
    }
    case ast::ExprKind::kCollate:
      return Look(*ast::As<ast::Collate>(expr).operand);
    case ast::ExprKind::kCase: {
      const auto& node = ast::As<ast::Case>(expr);
      if (node.else_result != nullptr) Look(*node.else_result);
      if (!name.empty() && !weak) return;
      name = "case";
      weak = true;
      return;
    }
    case ast::ExprKind::kArray:
      name = "array";
      return;
    case ast::ExprKind::kRow:
      name = "row";
      return;
    case ast::ExprKind::kCoalesce:
      name = "coalesce";
      return;
    case ast::ExprKind::kNullIf:
      name = "nullif";
      return;
    case ast::ExprKind::kMinMax:
      name = ast::As<ast::MinMax>(expr).greatest ? "greatest" : "least";
      return;
    case ast::ExprKind::kGrouping:
      name = "grouping";
      return;
    case ast::ExprKind::kSqlValue:
      name = SqlValueName(ast::As<ast::SqlValue>(expr).value);
      return;
    case ast::ExprKind::kSubquery:
      return LookInSubquery(ast::As<ast::Subquery>(expr));
    default:
      return;
  }
}
}  // namespace

std::string Binder::TargetName(const ast::Expr& expr) {
  std::string name = FigureName(expr).name;
  return name.empty() ? "?column?" : name;
}

}  // namespace helios::sql::binder
