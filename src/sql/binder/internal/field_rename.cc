#include "sql/field_rename.h"

#include "sql/ast_util.h"
#include "sql/binder/internal/binder.h"
#include "sql/binder/internal/select_walk.h"
#include "sql/binder/internal/target_list.h"

namespace helios::sql {

namespace {
using binder::Binder;
using binder::TargetName;

class FieldEditor {
 public:
  FieldEditor(const FieldRename& rename, const binder::RecordedNames& recorded)
      : rename_(rename), recorded_(recorded) {}

  bool changed() const { return changed_; }

  ast::WalkStep Visit(ast::Expr& expr) {
    auto* node = ast::TryAs<ast::Indirection>(&expr);
    if (node == nullptr) return ast::WalkStep::kDescend;
    for (ast::IndirectionStep& step : node->steps) {
      const auto found = recorded_.field_types.find(&step);
      if (found == recorded_.field_types.end() || found->second != rename_.type ||
          step.field != rename_.old_name) {
        continue;
      }
      step.field = rename_.new_name;
      changed_ = true;
    }
    return ast::WalkStep::kDescend;
  }

 private:
  const FieldRename& rename_;
  const binder::RecordedNames& recorded_;
  bool changed_ = false;
};
}  // namespace

bool RenameField(const FieldRename& rename, ast::Statement& query, PlannerContext& context) {
  plan::Plan plan;
  Binder binder(context, &plan);
  binder.RecordNames();
  if (!binder.BindStatement(query).ok()) return false;
  std::vector<std::pair<ast::TargetItem*, std::string>> unnamed;
  binder::VisitSelects(query, [&unnamed](ast::SelectStatement& select) {
    for (ast::TargetItem& item : select.targets) {
      if (item.name.empty()) unnamed.emplace_back(&item, TargetName(*item.expr));
    }
  });
  FieldEditor editor(rename, binder.recorded());
  ast::WalkExprs(query, [&editor](ast::Expr& expr) { return editor.Visit(expr); });
  for (auto& [item, name] : unnamed) {
    if (TargetName(*item->expr) != name) item->name = name;
  }
  return editor.changed();
}

bool RenameField(const FieldRename& rename, const std::vector<TableColumn>& columns,
                 ast::Expr& expr, PlannerContext& context) {
  plan::Plan scratch;
  Binder binder(context, &scratch);
  binder.RecordNames();
  binder::QueryScope scope;
  binder.AddDefinitionRelation(scope, "", columns);
  if (!binder.BindExpr(expr, scope).ok()) return false;
  FieldEditor editor(rename, binder.recorded());
  ast::WalkExprs(expr, [&editor](ast::Expr& part) { return editor.Visit(part); });
  return editor.changed();
}

}  // namespace helios::sql
