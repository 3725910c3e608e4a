#include "sql/planner.h"

#include "sql/binder/internal/binder.h"
#include "sql/optimizer/optimizer.h"

namespace helios::sql {

namespace {
// The query that the statement wraps, or the statement itself.
const ast::Statement& InnerStatement(const ast::Statement& statement) {
  const ast::Statement* inner = nullptr;
  switch (statement.kind) {
    case ast::StatementKind::kExplain:
      inner = ast::As<ast::ExplainStatement>(statement).query.get();
      break;
    case ast::StatementKind::kCreateTableAs:
      inner = ast::As<ast::CreateTableAsStatement>(statement).query.get();
      break;
    case ast::StatementKind::kDeclareCursor:
      inner = ast::As<ast::DeclareCursorStatement>(statement).query.get();
      break;
    case ast::StatementKind::kCopy:
      inner = ast::As<ast::CopyStatement>(statement).query.get();
      break;
    case ast::StatementKind::kPrepare:
      inner = ast::As<ast::PrepareStatement>(statement).query.get();
      break;
    case ast::StatementKind::kCreateView:
      inner = ast::As<ast::CreateViewStatement>(statement).query.get();
      break;
    default:
      return statement;
  }
  return inner == nullptr ? statement : InnerStatement(*inner);
}
}  // namespace

Result<std::unique_ptr<plan::Plan>> PlanStatement(const ast::Statement& statement,
                                                  PlannerContext& context) {
  auto plan = std::make_unique<plan::Plan>();
  binder::Binder binder(context, plan.get());
  HELIOS_TRY(binder.BindStatement(InnerStatement(statement)));
  optimizer::PassContext passes{*plan, binder.columns(), context};
  HELIOS_TRY(optimizer::Optimize(passes));
  optimizer::FinishPlan(passes);
  optimizer::FindPointStatement(*plan);
  return plan;
}

}  // namespace helios::sql
