// Binder: VALUES and set operations.
#include <algorithm>

#include "sql/binder/internal/binder.h"
#include "sql/binder/internal/select_state.h"
#include "sql/plan/walk.h"

namespace helios::sql::binder {

namespace {
namespace t = type_oid;
using expr::As;
using expr::ExprKind;

void CollectLeaves(const ast::SelectStatement& select,
                   std::vector<const ast::SelectStatement*>* out) {
  if (select.op == ast::SetOperation::kNone) {
    out->push_back(&select);
    return;
  }
  CollectLeaves(*select.left, out);
  CollectLeaves(*select.right, out);
}
}  // namespace

Result<BoundQuery> Binder::BindValues(const ast::SelectStatement& select, QueryScope& scope,
                                      const QueryOptions& options) {
  const size_t width = select.values[0].size();
  std::vector<std::vector<ExprPtr>> columns(width);
  scope.clause = Clause::kValues;
  for (const ast::ExprList& row : select.values) {
    if (row.size() != width) {
      return Error(ErrorCode::kSyntaxError)
          .Message("VALUES lists must all be the same length")
          .Position(PositionOf(row.empty() ? -1 : row[0]->location));
    }
    for (size_t i = 0; i < width; ++i) {
      HELIOS_TRY(ExprPtr value, BindExpr(*row[i], scope));
      columns[i].push_back(std::move(value));
    }
  }
  auto node = std::make_unique<plan::ValuesNode>();
  node->rows.resize(select.values.size());
  SelectState state;
  for (size_t i = 0; i < width; ++i) {
    SqlType type;
    const bool wanted = i < options.targets.size() && options.targets[i].valid();
    const bool all_unknown = std::all_of(columns[i].begin(), columns[i].end(),
                                         [](const auto& e) { return e->type.oid == t::kUnknown; });
    if (wanted && all_unknown) {
      type = options.targets[i];
      for (ExprPtr& value : columns[i]) {
        const int location = value->location;
        HELIOS_TRY(value,
                   types_.TryCoerce(std::move(value), type, CastContext::kAssignment, location));
      }
    } else {
      HELIOS_TRY(type.oid, types_.CommonType(columns[i], "VALUES"));
      type.typmod = TypeRules::CommonTypmod(columns[i], type.oid);
      for (ExprPtr& value : columns[i]) {
        HELIOS_TRY(value, types_.CoerceToCommon(std::move(value), type.oid, "VALUES"));
      }
    }
    const std::string name = "column" + std::to_string(i + 1);
    const uint32_t id = NewColumn(name, type, nullptr);
    node->ids.push_back(id);
    for (size_t r = 0; r < columns[i].size(); ++r) {
      node->rows[r].push_back(std::move(columns[i][r]));
    }
    Target target;
    target.expr = MakeColumn(id, -1);
    target.name = name;
    target.id = id;
    state.targets.push_back(std::move(target));
  }
  NodePtr result = std::move(node);
  HELIOS_TRY(BindOrderBy(select.order_by, scope, &state));
  HELIOS_TRY(BuildProjection(scope, &state, &result));
  std::vector<plan::SortKey> keys;
  for (auto& [index, key] : state.order_by) {
    key.expression = MakeColumn(state.targets[index].id, -1);
    keys.push_back(std::move(key));
  }
  HELIOS_TRY(AddSortAndLimit(select, scope, std::move(keys), &result));
  BoundQuery query;
  for (const Target& target : state.targets) {
    if (!target.junk) query.columns.push_back({target.name, target.id});
  }
  query.node = std::move(result);
  return query;
}

// Coerces the query's undecided literals and casts its columns to `types`; the result has exactly
// one column of its own for each type.
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

// The literal or parameter of unknown type that column `id` of the query is, if it is one.
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

Result<BoundQuery> Binder::BindSetOperation(const ast::SelectStatement& select, QueryScope& scope,
                                            const QueryOptions&) {
  std::string name = select.op == ast::SetOperation::kUnion       ? "UNION"
                     : select.op == ast::SetOperation::kIntersect ? "INTERSECT"
                                                                  : "EXCEPT";
  QueryOptions side_options;
  side_options.resolve_unknown = false;
  QueryScope* parent = scope.parent;
  HELIOS_TRY(BoundQuery left, BindQuery(*select.left, parent, scope.ctes, side_options));
  HELIOS_TRY(BoundQuery right, BindQuery(*select.right, parent, scope.ctes, side_options));
  if (left.columns.size() != right.columns.size()) {
    std::vector<const ast::SelectStatement*> leaves;
    CollectLeaves(*select.right, &leaves);
    const int location = !leaves[0]->targets.empty() ? leaves[0]->targets[0].expr->location : -1;
    return Error(ErrorCode::kSyntaxError)
        .Message("each {} query must have the same number of columns", name)
        .Position(PositionOf(location));
  }
  std::vector<SqlType> types;
  for (size_t i = 0; i < left.columns.size(); ++i) {
    const std::vector<SqlType> pair{columns_[left.columns[i].id].type,
                                    columns_[right.columns[i].id].type};
    std::vector<const ast::SelectStatement*> leaves;
    CollectLeaves(*select.right, &leaves);
    const int location = i < leaves[0]->targets.size() ? leaves[0]->targets[i].expr->location : -1;
    const std::vector<int> locations{-1, location};
    HELIOS_TRY(const Oid common, types_.CommonType(pair, locations, name));
    const bool same = pair[0] == pair[1] && pair[0].oid == common;
    types.push_back({common, same ? pair[0].typmod : -1});
  }
  const bool deduplicates = !select.all;
  for (size_t i = 0; i < types.size() && (deduplicates || name != "UNION"); ++i) {
    if (types_.Equality(types[i].oid) == nullptr) {
      return Error(ErrorCode::kUndefinedFunction)
          .Message("could not identify an equality operator for type {}",
                   types_.Name(types[i].oid));
    }
  }
  auto node = std::make_unique<plan::SetOperationNode>();
  using Operation = plan::SetOperationNode::Operation;
  switch (select.op) {
    case ast::SetOperation::kUnion:
      node->operation = select.all ? Operation::kUnionAll : Operation::kUnion;
      break;
    case ast::SetOperation::kIntersect:
      node->operation = select.all ? Operation::kIntersectAll : Operation::kIntersect;
      break;
    default:
      node->operation = select.all ? Operation::kExceptAll : Operation::kExcept;
  }
  SelectState state;
  for (size_t i = 0; i < types.size(); ++i) {
    const uint32_t id = NewColumn(left.columns[i].name, types[i], &scope);
    node->ids.push_back(id);
    Target target;
    target.name = left.columns[i].name;
    target.id = id;
    target.expr = MakeColumn(id, -1);
    state.targets.push_back(std::move(target));
  }
  HELIOS_TRY(NodePtr left_node, CoerceColumns(std::move(left), types, name));
  HELIOS_TRY(NodePtr right_node, CoerceColumns(std::move(right), types, name));
  node->children.push_back(std::move(left_node));
  node->children.push_back(std::move(right_node));
  NodePtr result = std::move(node);
  std::vector<plan::SortKey> keys;
  for (const ast::SortItem& item : select.order_by) {
    const size_t count = state.targets.size();
    auto index = FindTarget(*item.expr, scope, Clause::kOrderBy, &state.targets);
    if (!index.ok() && index.status().Is(ErrorCode::kUndefinedColumn) &&
        item.expr->kind != ast::ExprKind::kColumnRef) {
      // An expression sees no columns here, not even those of the result.
      return Error(ErrorCode::kFeatureNotSupported)
          .Message("invalid UNION/INTERSECT/EXCEPT ORDER BY clause")
          .Detail("Only result column names can be used, not expressions or functions.")
          .Hint(
              "Add the expression/function to every SELECT, or move the UNION into a FROM "
              "clause.")
          .Position(index.status().info().position);
    }
    HELIOS_TRY(const size_t position, std::move(index));
    if (state.targets.size() != count) {
      return Error(ErrorCode::kFeatureNotSupported)
          .Message("invalid UNION/INTERSECT/EXCEPT ORDER BY clause")
          .Detail("Only result column names can be used, not expressions or functions.")
          .Hint(
              "Add the expression/function to every SELECT, or move the UNION into a FROM "
              "clause.")
          .Position(PositionOf(item.expr->location));
    }
    HELIOS_TRY(plan::SortKey key, MakeSortKey(MakeColumn(state.targets[position].id, -1), item));
    keys.push_back(std::move(key));
  }
  HELIOS_TRY(AddSortAndLimit(select, scope, std::move(keys), &result));
  BoundQuery query;
  for (const Target& target : state.targets) query.columns.push_back({target.name, target.id});
  query.node = std::move(result);
  return query;
}

}  // namespace helios::sql::binder
