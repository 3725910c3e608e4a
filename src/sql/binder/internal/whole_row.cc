#include "sql/binder/internal/whole_row.h"

#include <unordered_set>

#include "sql/ast_util.h"
#include "sql/binder/internal/binder.h"

namespace helios::sql::binder {

namespace {
namespace t = type_oid;
using expr::As;
using expr::ExprKind;

ExprPtr ColumnOf(Binder& binder, uint32_t id, int location) {
  const plan::ColumnRecord& record = binder.columns()[id];
  auto column = std::make_unique<expr::ColumnExpr>(id, record.type);
  column->physical = record.physical;
  column->name = record.name;
  column->location = location;
  return column;
}
}  // namespace

const RecordShapes::Fields* RecordShapes::Find(uint32_t id) const {
  const auto found = fields_.find(id);
  return found == fields_.end() ? nullptr : &found->second;
}

const RecordShapes::Fields* RecordShapes::Of(const expr::Expr& record,
                                             const std::vector<plan::NodePtr>& subplans) const {
  if (record.kind == ExprKind::kColumn) return Find(As<expr::ColumnExpr>(record).index);
  if (record.kind != ExprKind::kSubplan) return nullptr;
  return Find(subplans[As<expr::SubplanExpr>(record).subplan]->ids.front());
}

void RecordShapes::Note(uint32_t id, const expr::Expr& value) {
  if (value.type.oid != t::kRecord) return;
  Fields fields;
  if (value.kind == ExprKind::kColumn) {
    const Fields* known = Find(As<expr::ColumnExpr>(value).index);
    if (known == nullptr) return;
    fields = *known;
  } else {
    // A whole row that may be missing is a CASE that ends in it.
    const expr::Expr& row = value.kind == ExprKind::kCase ? *value.children.back() : value;
    if (row.kind != ExprKind::kRow) return;
    for (size_t i = 0; i < row.children.size(); ++i) {
      fields.emplace_back(As<expr::RowExpr>(row).field_names[i], row.children[i]->type);
    }
  }
  fields_[id] = std::move(fields);
}

ExprPtr GuardMissing(Binder& binder, const ScopeRelation& relation, ExprPtr value, int location) {
  if (!relation.nullable || relation.present == kNoColumn) return value;
  auto guard = std::make_unique<expr::CaseExpr>(value->type);
  guard->location = location;
  auto missing = std::make_unique<expr::IsNullExpr>(false);
  missing->children.push_back(ColumnOf(binder, relation.present, location));
  Value null = Value::Null(value->type);
  null.SetPhysical(value->physical);
  guard->children.push_back(std::move(missing));
  guard->children.push_back(std::make_unique<expr::ConstantExpr>(std::move(null)));
  guard->children.push_back(std::move(value));
  return binder.types().Typed(std::move(guard));
}

bool OpenRow(ExprPtr* operand) {
  ExprPtr& expr = *operand;
  if (expr->kind == ExprKind::kCase && expr->children.size() == 3 &&
      expr->children[0]->kind == ExprKind::kIsNull &&
      expr->children[1]->kind == ExprKind::kConstant && expr->children[2]->kind == ExprKind::kRow) {
    ExprPtr row = std::move(expr->children[2]);
    expr = std::move(row);
  }
  return expr->kind == ExprKind::kRow;
}

namespace {
// Whether the query names a relation as a value: row_to_json(alias).
bool NamesWholeRow(const ast::SelectStatement& select, const std::string& alias) {
  std::unordered_set<const ast::Expr*> expanded;
  for (const ast::TargetItem& item : select.targets) expanded.insert(item.expr.get());
  bool found = false;
  ast::WalkExprs(select, [&](const ast::Expr& expr) {
    const auto* ref = ast::TryAs<ast::ColumnRef>(&expr);
    found = found || (ref != nullptr && !ref->names.empty() && ref->names.back() == alias &&
                      !(ref->star && expanded.contains(ref)));
    return found ? ast::WalkStep::kStop : ast::WalkStep::kDescend;
  });
  return found;
}
}  // namespace

void MarkPresent(Binder& binder, QueryScope& scope, size_t first, size_t end, NodePtr* side) {
  if (scope.select == nullptr) return;
  for (size_t i = first; i < end; ++i) {
    ScopeRelation& relation = *scope.relations[i];
    if (relation.present != kNoColumn || !relation.name_visible || relation.alias.empty() ||
        !NamesWholeRow(*scope.select, relation.alias)) {
      continue;
    }
    relation.present = binder.NewColumn("(present)", {t::kBool, -1}, &scope);
    auto project = std::make_unique<plan::ProjectNode>();
    for (const uint32_t id : (*side)->ids) {
      project->ids.push_back(id);
      project->expressions.push_back(ColumnOf(binder, id, -1));
    }
    project->ids.push_back(relation.present);
    project->expressions.push_back(std::make_unique<expr::ConstantExpr>(Value::Bool(true)));
    project->children.push_back(std::move(*side));
    *side = std::move(project);
  }
}

}  // namespace helios::sql::binder
