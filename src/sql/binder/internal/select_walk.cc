#include "sql/binder/internal/select_walk.h"

#include "sql/ast_util.h"

namespace helios::sql::binder {

namespace {

void VisitFrom(ast::Statement& statement, const SelectVisitor& visit);

void VisitFrom(ast::FromItem& item, const SelectVisitor& visit) {
  if (auto* query = ast::TryAs<ast::FromSubquery>(&item)) VisitFrom(*query->query, visit);
  if (auto* join = ast::TryAs<ast::FromJoin>(&item)) {
    VisitFrom(*join->left, visit);
    VisitFrom(*join->right, visit);
  }
}

void VisitFrom(ast::Statement& statement, const SelectVisitor& visit) {
  auto* select = ast::TryAs<ast::SelectStatement>(&statement);
  if (select == nullptr) return;
  visit(*select);
  if (select->with != nullptr) {
    for (ast::CommonTable& table : select->with->tables) VisitFrom(*table.query, visit);
  }
  if (select->left != nullptr) VisitFrom(*select->left, visit);
  if (select->right != nullptr) VisitFrom(*select->right, visit);
  for (const ast::FromPtr& item : select->from) VisitFrom(*item, visit);
}

}  // namespace

void VisitSelects(ast::Statement& query, const SelectVisitor& visit) {
  VisitFrom(query, visit);
  ast::WalkExprs(query, [&](ast::Expr& expr) {
    if (auto* subquery = ast::TryAs<ast::Subquery>(&expr)) VisitFrom(*subquery->query, visit);
    return ast::WalkStep::kDescend;
  });
}

}  // namespace helios::sql::binder
