// Writing through views that show columns of one table as they are.
#include <algorithm>

#include "expr/function_registry.h"
#include "sql/ast_util.h"
#include "sql/binder/internal/dml_binder.h"
#include "sql/parser/parser.h"
#include "sql/plan/walk.h"

namespace helios::sql::binder {

namespace {
// The same for an expression of its list: each row must be one row of the table.
const char* WhyNotUpdatable(const ast::Expr& target) {
  const char* why = nullptr;
  ast::WalkExprs(target, [&why](const ast::Expr& node) {
    if (node.kind == ast::ExprKind::kSubquery) return ast::WalkStep::kSkip;
    const auto* call = ast::TryAs<ast::FunctionCall>(&node);
    if (call == nullptr) return ast::WalkStep::kDescend;
    if (call->over != nullptr) {
      why = "Views that return window functions are not automatically updatable.";
    } else if (!expr::AggregatesNamed(call->name.back()).empty()) {
      why = "Views that return aggregate functions are not automatically updatable.";
    }
    return why == nullptr ? ast::WalkStep::kDescend : ast::WalkStep::kStop;
  });
  return why;
}

// Why the view cannot be written through, in PostgreSQL's words; null: it can.
const char* WhyNotUpdatable(const ast::SelectStatement& query) {
  if (query.distinct) return "Views containing DISTINCT are not automatically updatable.";
  if (!query.group_by.empty()) return "Views containing GROUP BY are not automatically updatable.";
  if (query.having != nullptr) return "Views containing HAVING are not automatically updatable.";
  if (query.op != ast::SetOperation::kNone) {
    return "Views containing UNION, INTERSECT, or EXCEPT are not automatically updatable.";
  }
  if (query.with != nullptr) return "Views containing WITH are not automatically updatable.";
  if (query.limit != nullptr || query.offset != nullptr) {
    return "Views containing LIMIT or OFFSET are not automatically updatable.";
  }
  if (query.from.size() != 1 || query.from[0]->kind != ast::FromKind::kTable) {
    return "Views that do not select from a single table or view are not automatically updatable.";
  }
  for (const ast::TargetItem& target : query.targets) {
    if (const char* why = WhyNotUpdatable(*target.expr)) return why;
  }
  return nullptr;
}

// `verb`: "insert into", "update" or "delete from".
Status NotUpdatable(const catalog::Table& view, std::string_view verb, const char* why) {
  const bool is_insert = verb.front() == 'i';
  const bool is_update = verb.front() == 'u';
  const char* command = is_insert ? "INSERT" : is_update ? "UPDATE" : "DELETE";
  return Error(ErrorCode::kObjectNotInPrerequisiteState)
      .Message("cannot {} view \"{}\"", verb, view.name)
      .Detail("{}", why)
      .Hint(
          "To enable {} the view, provide an INSTEAD OF {} trigger or an unconditional ON {} DO "
          "INSTEAD rule.",
          is_insert ? "inserting into" : (is_update ? "updating" : "deleting from"), command,
          command);
}

// The columns that the view shows are those that its select list names plainly. `inner`: the names
// of the table's columns as the view's query sees them; `names` and `order`: as the view shows
// them.
void NameAsView(const catalog::Table& view, const ast::SelectStatement& query,
                const std::vector<std::string>& inner, std::vector<std::string>* names,
                std::vector<uint32_t>* order) {
  names->assign(inner.size(), "");
  order->clear();
  size_t index = 0;
  for (const catalog::Column& column : view.columns) {
    if (column.dropped || index >= query.targets.size()) continue;
    const auto* ref = ast::TryAs<ast::ColumnRef>(query.targets[index++].expr.get());
    if (ref == nullptr || ref->star) continue;
    for (uint32_t i = 0; i < names->size(); ++i) {
      if (inner[i] != ref->names.back() || !(*names)[i].empty()) continue;
      (*names)[i] = column.name;
      order->push_back(i);
      break;
    }
  }
}
}  // namespace

Status DmlBinder::OpenView(const catalog::Table& view, const char* verb, Target* target) {
  HELIOS_TRY(auto statements, Parse(view.view_sql));
  if (statements.size() != 1 || statements[0].statement->kind != ast::StatementKind::kSelect) {
    return Error(ErrorCode::kDataCorrupted).Message("view \"{}\" has no query", view.name);
  }
  b_.view_trees_.push_back(std::move(statements[0].statement));
  const auto& query = ast::As<ast::SelectStatement>(*b_.view_trees_.back());
  if (const char* why = WhyNotUpdatable(query)) return NotUpdatable(view, verb, why);
  const auto& from = ast::As<ast::FromTable>(*query.from[0]);
  if (target->views.size() > 32) {
    return Error(ErrorCode::kStatementTooComplex).Message("views are nested too deeply");
  }
  b_.NeedTable(view.oid, view.name, hidb::TableLockMode::kRowExclusive);
  const catalog::Privilege privilege = verb[0] == 'i'   ? catalog::Privilege::kInsert
                                       : verb[0] == 'u' ? catalog::Privilege::kUpdate
                                                        : catalog::Privilege::kDelete;
  b_.NeedPrivilege(view.oid, privilege, 0);
  b_.role_ = view.owner;
  HELIOS_TRY(const Binder::TableName found, b_.LookUpTable(from.relation));
  if (found.object == nullptr || found.object->kind() != catalog::ObjectKind::kTable) {
    return NotUpdatable(
        view, verb,
        "Views that do not select from a single table or view are not automatically updatable.");
  }
  const auto& base = static_cast<const catalog::Table&>(*found.object);
  ViewLevel level;
  level.view = &view;
  level.query = &query;
  level.alias = from.alias == nullptr ? from.relation.name : from.alias->name;
  const size_t at = target->views.size();
  target->views.push_back(level);
  Target inner;
  inner.views = std::move(target->views);
  inner.table = &base;
  if (base.table_kind == catalog::TableKind::kView) {
    HELIOS_TRY(OpenView(base, verb, &inner));
  } else {
    for (const catalog::Column& column : base.columns) {
      if (column.dropped) continue;
      inner.order.push_back(static_cast<uint32_t>(inner.columns.size()));
      inner.columns.push_back(&column);
      inner.names.push_back(column.name);
    }
  }
  inner.views[at].names = inner.names;
  if (from.alias != nullptr) {
    for (size_t i = 0; i < from.alias->columns.size() && i < inner.order.size(); ++i) {
      inner.views[at].names[inner.order[i]] = from.alias->columns[i];
    }
  }
  inner.name = target->name;
  NameAsView(view, query, inner.views[at].names, &inner.names, &inner.order);
  *target = std::move(inner);
  return Status::Ok();
}

Result<ExprPtr> DmlBinder::ViewConditions(const Target& target, const std::vector<uint32_t>& ids,
                                          bool checked, std::string* view_name) {
  std::vector<ExprPtr> conditions;
  const Temporarily granted(b_.types_.names_are_granted(), true);
  bool cascaded = false;
  for (const ViewLevel& level : target.views) {
    const auto option = level.view->options.find("check_option");
    const bool has_option = option != level.view->options.end();
    if (checked && !has_option && !cascaded) continue;
    if (has_option && view_name->empty()) *view_name = level.view->name;
    cascaded = cascaded || (has_option && option->second == "cascaded");
    if (level.query->where == nullptr) continue;
    QueryScope& scope = NewScope();
    scope.parent = nullptr;
    scope.clause = Clause::kWhere;
    scope.relations.push_back(MakeRelation(scope, target, level.alias, level.names, ids));
    HELIOS_TRY(ExprPtr condition, b_.BindExpr(*level.query->where, scope));
    HELIOS_TRY(condition, b_.types_.CoerceBoolean(std::move(condition), "WHERE"));
    conditions.push_back(std::move(condition));
  }
  return plan::JoinAnd(std::move(conditions));
}

}  // namespace helios::sql::binder
