// Binder: whole statements.
#include "sql/binder/internal/binder.h"

#include <algorithm>
#include <functional>

#include "sql/ast_util.h"
#include "sql/binder/internal/table_expr.h"
#include "sql/plan/walk.h"

namespace helios::sql::binder {

namespace {
namespace t = type_oid;

// What the rows of a cursor come from, and the ids of the columns that hold their keys.
void AddRowSources(const BoundQuery& query, plan::Plan* plan, std::vector<uint32_t>* ids) {
  std::vector<uint32_t> locked;
  const std::function<void(const plan::Node&)> collect = [&](const plan::Node& node) {
    if (node.kind == plan::NodeKind::kLockRows) {
      for (const auto& target : static_cast<const plan::LockRowsNode&>(node).targets) {
        locked.push_back(target.key_id);
      }
    }
    for (const NodePtr& child : node.children) collect(*child);
  };
  collect(*query.node);
  const auto contains = [](const std::vector<uint32_t>& list, uint32_t id) {
    return std::find(list.begin(), list.end(), id) != list.end();
  };
  for (const ScopeRelation* relation : query.lockable) {
    if (!contains(query.node->ids, relation->row_key)) continue;
    plan->row_sources.push_back({relation->table, contains(locked, relation->row_key)});
    ids->push_back(relation->row_key);
  }
}
}  // namespace

Binder::Binder(PlannerContext& context, plan::Plan* plan)
    : context_(context),
      plan_(plan),
      types_(context.lookup, context.format, &parameters_),
      resolver_(&types_) {
  for (Oid type : context.parameter_types) {
    parameters_.types.push_back(type == kInvalidOid ? Oid{t::kUnknown} : type);
  }
  types_.set_domain_binder(
      [&context](const catalog::UserType& domain) { return BindDomain(domain, context); });
}

Binder::~Binder() = default;

Status Binder::BindStatement(const ast::Statement& statement) {
  // Every $n is known before slots for outer rows are given out behind them.
  size_t count = parameters_.types.size();
  ast::WalkExprs(statement, [&](const ast::Expr& expr) {
    if (const auto* parameter = ast::TryAs<ast::Parameter>(&expr)) {
      count = std::max(count, static_cast<size_t>(std::clamp(parameter->number, 0, 65535)));
    }
    return ast::WalkStep::kDescend;
  });
  parameters_.types.resize(count, t::kUnknown);
  plan_->statement_parameter_count = static_cast<uint32_t>(count);
  plan_->slot_count = static_cast<uint32_t>(count);
  plan_->slot_types.resize(count);
  plan_->catalog_version = context_.snapshot->version();

  BoundQuery query;
  if (statement.kind == ast::StatementKind::kSelect) {
    HELIOS_TRY(query, BindQuery(ast::As<ast::SelectStatement>(statement), nullptr, nullptr, {}));
  } else {
    HELIOS_TRY(query, BindDml(statement, nullptr, nullptr));
  }
  HELIOS_TRY(FinishParameters());
  std::vector<uint32_t> ids;
  for (const ResultColumn& column : query.columns) {
    const plan::ColumnRecord& record = columns_[column.id];
    plan_->output.push_back({column.name, record.type, record.table, record.column_number});
    ids.push_back(column.id);
  }
  if (context_.keep_row_keys) AddRowSources(query, plan_, &ids);
  plan_->returns_rows = statement.kind == ast::StatementKind::kSelect || !ids.empty();
  plan_->root = std::move(query.node);
  if (!ids.empty() || statement.kind == ast::StatementKind::kSelect) {
    plan_->root = Shape(std::move(plan_->root), ids);
  }
  return Status::Ok();
}

Status Binder::FinishParameters() {
  for (size_t i = 0; i < parameters_.types.size(); ++i) {
    if (parameters_.types[i] == t::kUnknown) {
      // A parameter that appears but that nothing typed was settled as text where it stood; one
      // that does not appear at all cannot be typed.
      return Error(ErrorCode::kIndeterminateDatatype)
          .Message("could not determine data type of parameter ${}", i + 1);
    }
    if (i < plan_->slot_types.size()) plan_->slot_types[i] = {parameters_.types[i], -1};
  }
  return Status::Ok();
}

}  // namespace helios::sql::binder
