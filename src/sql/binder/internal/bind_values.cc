// Queries that are no SELECT: VALUES and set operations.
#include <algorithm>

#include "sql/binder/internal/select_binder.h"
#include "sql/plan/walk.h"

namespace helios::sql::binder {

namespace {
namespace t = type_oid;
using expr::ExprKind;

const char* OperationName(ast::SetOperation operation) {
  return operation == ast::SetOperation::kUnion       ? "UNION"
         : operation == ast::SetOperation::kIntersect ? "INTERSECT"
                                                      : "EXCEPT";
}

// Where an error about a column of the operand points: at its first query's select list.
int TargetLocation(const ast::SelectStatement& operand, size_t position) {
  const ast::SelectStatement* first = &operand;
  while (first->op != ast::SetOperation::kNone) first = first->left.get();
  return position < first->targets.size() ? first->targets[position].expr->location : -1;
}

plan::SetOperationNode::Operation OperationOf(const ast::SelectStatement& select) {
  using Operation = plan::SetOperationNode::Operation;
  switch (select.op) {
    case ast::SetOperation::kUnion:
      return select.all ? Operation::kUnionAll : Operation::kUnion;
    case ast::SetOperation::kIntersect:
      return select.all ? Operation::kIntersectAll : Operation::kIntersect;
    default:
      return select.all ? Operation::kExceptAll : Operation::kExcept;
  }
}

// An expression sees no columns there, not even those of the result.
Error InvalidResultOrder(int position) {
  return Error(ErrorCode::kFeatureNotSupported)
      .Message("invalid UNION/INTERSECT/EXCEPT ORDER BY clause")
      .Detail("Only result column names can be used, not expressions or functions.")
      .Hint("Add the expression/function to every SELECT, or move the UNION into a FROM clause.")
      .Position(position);
}
}  // namespace

Result<BoundQuery> SelectBinder::BindValues() {
  const size_t width = select_.values[0].size();
  std::vector<std::vector<ExprPtr>> columns(width);
  scope_.clause = Clause::kValues;
  for (const ast::ExprList& row : select_.values) {
    if (row.size() != width) {
      return Error(ErrorCode::kSyntaxError)
          .Message("VALUES lists must all be the same length")
          .Position(PositionOf(row.empty() ? -1 : row[0]->location));
    }
    for (size_t i = 0; i < width; ++i) {
      HELIOS_TRY(ExprPtr value, b_.BindExpr(*row[i], scope_));
      columns[i].push_back(std::move(value));
    }
  }
  auto node = std::make_unique<plan::ValuesNode>();
  node->rows.resize(select_.values.size());
  for (size_t i = 0; i < width; ++i) {
    HELIOS_TRY(const SqlType type, UnifyValues(i, &columns[i]));
    const std::string name = "column" + std::to_string(i + 1);
    const uint32_t id = b_.NewColumn(name, type, nullptr);
    node->ids.push_back(id);
    for (size_t r = 0; r < columns[i].size(); ++r) {
      node->rows[r].push_back(std::move(columns[i][r]));
    }
    AddColumnTarget(name, id);
  }
  NodePtr result = std::move(node);
  HELIOS_TRY(BindOrderBy());
  BuildProjection(&result);
  return FinishQuery(std::move(result), TakeSortKeys());
}

Result<SqlType> SelectBinder::UnifyValues(size_t position, std::vector<ExprPtr>* values) {
  const bool is_wanted = position < options_.targets.size() && options_.targets[position].valid();
  const bool all_unknown = std::all_of(values->begin(), values->end(),
                                       [](const auto& e) { return e->type.oid == t::kUnknown; });
  if (is_wanted && all_unknown) {
    const SqlType type = options_.targets[position];
    for (ExprPtr& value : *values) {
      const int location = value->location;
      HELIOS_TRY(value,
                 b_.types_.TryCoerce(std::move(value), type, CastContext::kAssignment, location));
    }
    return type;
  }
  SqlType type;
  HELIOS_TRY(type.oid, b_.types_.CommonType(*values, "VALUES"));
  type.typmod = TypeRules::CommonTypmod(*values, type.oid);
  for (ExprPtr& value : *values) {
    HELIOS_TRY(value, b_.types_.CoerceToCommon(std::move(value), type.oid, "VALUES"));
  }
  return type;
}

void SelectBinder::AddColumnTarget(const std::string& name, uint32_t id) {
  TargetEntry target;
  target.expr = b_.MakeColumn(id, -1);
  target.name = name;
  target.id = id;
  targets_.push_back(std::move(target));
}

Result<NodePtr> Binder::CoerceColumns(BoundQuery query, const std::vector<SqlType>& types,
                                      std::string_view context) {
  std::vector<uint32_t> same;
  bool needed = false;
  for (size_t i = 0; i < types.size(); ++i) {
    same.push_back(query.columns[i].id);
    needed = needed || columns_[query.columns[i].id].type.oid != types[i].oid;
  }
  if (!needed) return Shape(std::move(query.node), same);
  auto project = std::make_unique<plan::ProjectNode>();
  for (size_t i = 0; i < types.size(); ++i) {
    const uint32_t from = query.columns[i].id;
    ExprPtr value = MakeColumn(from, -1);
    uint32_t id = from;
    const auto& ids = project->ids;
    const bool repeated = std::find(ids.begin(), ids.end(), from) != ids.end();
    if (value->type.oid != types[i].oid || repeated) {
      // An undecided literal is cast as what it is: the expression below it has its text.
      if (value->type.oid == t::kUnknown) {
        if (ExprPtr literal = TakeUnknown(query.node.get(), from); literal != nullptr) {
          value = std::move(literal);
        }
      }
      if (value->type.oid != types[i].oid) {
        HELIOS_TRY(value, types_.CoerceToCommon(std::move(value), types[i].oid, context));
      }
      id = NewColumn(query.columns[i].name, value->type, nullptr);
    }
    project->ids.push_back(id);
    project->expressions.push_back(std::move(value));
  }
  project->children.push_back(std::move(query.node));
  return project;
}

ExprPtr Binder::TakeUnknown(plan::Node* node, uint32_t id) {
  while (node != nullptr) {
    if (node->kind == plan::NodeKind::kProject) {
      auto& project = static_cast<plan::ProjectNode&>(*node);
      for (size_t i = 0; i < project.ids.size() && !project.shape_only; ++i) {
        if (project.ids[i] != id) continue;
        const ExprPtr& value = project.expressions[i];
        if (value->kind == ExprKind::kConstant || value->kind == ExprKind::kParameter) {
          return value->Clone();
        }
      }
    }
    if (node->children.size() != 1) return nullptr;
    node = node->children[0].get();
  }
  return nullptr;
}

Result<BoundQuery> SelectBinder::BindSetOperation() {
  const std::string operation = OperationName(select_.op);
  QueryOptions side_options;
  side_options.resolve_unknown = false;
  QueryScope* parent = scope_.parent;
  HELIOS_TRY(BoundQuery left, b_.BindQuery(*select_.left, parent, scope_.ctes, side_options));
  HELIOS_TRY(BoundQuery right, b_.BindQuery(*select_.right, parent, scope_.ctes, side_options));
  HELIOS_TRY(const std::vector<SqlType> types, CommonTypes(left, right));
  auto node = std::make_unique<plan::SetOperationNode>();
  node->operation = OperationOf(select_);
  for (size_t i = 0; i < types.size(); ++i) {
    const uint32_t id = b_.NewColumn(left.columns[i].name, types[i], &scope_);
    node->ids.push_back(id);
    AddColumnTarget(left.columns[i].name, id);
  }
  HELIOS_TRY(NodePtr left_node, b_.CoerceColumns(std::move(left), types, operation));
  HELIOS_TRY(NodePtr right_node, b_.CoerceColumns(std::move(right), types, operation));
  node->children.push_back(std::move(left_node));
  node->children.push_back(std::move(right_node));
  HELIOS_TRY(std::vector<plan::SortKey> keys, BindResultOrder());
  return FinishQuery(std::move(node), std::move(keys));
}

Result<std::vector<SqlType>> SelectBinder::CommonTypes(const BoundQuery& left,
                                                       const BoundQuery& right) {
  const std::string operation = OperationName(select_.op);
  if (left.columns.size() != right.columns.size()) {
    return Error(ErrorCode::kSyntaxError)
        .Message("each {} query must have the same number of columns", operation)
        .Position(PositionOf(TargetLocation(*select_.right, 0)));
  }
  std::vector<SqlType> types;
  for (size_t i = 0; i < left.columns.size(); ++i) {
    const std::vector<SqlType> pair{b_.columns_[left.columns[i].id].type,
                                    b_.columns_[right.columns[i].id].type};
    const std::vector<int> locations{-1, TargetLocation(*select_.right, i)};
    HELIOS_TRY(const Oid common, b_.types_.CommonType(pair, locations, operation));
    const bool same = pair[0] == pair[1] && pair[0].oid == common;
    types.push_back({common, same ? pair[0].typmod : -1});
  }
  if (select_.op == ast::SetOperation::kUnion && select_.all) return types;
  for (const SqlType& type : types) {
    if (b_.types_.Equality(type.oid) != nullptr) continue;
    return Error(ErrorCode::kUndefinedFunction)
        .Message("could not identify an equality operator for type {}", b_.types_.Name(type.oid));
  }
  return types;
}

Result<std::vector<plan::SortKey>> SelectBinder::BindResultOrder() {
  std::vector<plan::SortKey> keys;
  for (const ast::SortItem& item : select_.order_by) {
    const size_t target_count = targets_.size();
    auto index = FindTarget(*item.expr, Clause::kOrderBy);
    if (!index.ok() && index.status().Is(ErrorCode::kUndefinedColumn) &&
        item.expr->kind != ast::ExprKind::kColumnRef) {
      return InvalidResultOrder(index.status().info().position);
    }
    HELIOS_TRY(const size_t position, std::move(index));
    if (targets_.size() != target_count) {
      return InvalidResultOrder(PositionOf(item.expr->location));
    }
    HELIOS_TRY(plan::SortKey key, b_.MakeSortKey(b_.MakeColumn(targets_[position].id, -1), item));
    keys.push_back(std::move(key));
  }
  return keys;
}

}  // namespace helios::sql::binder
