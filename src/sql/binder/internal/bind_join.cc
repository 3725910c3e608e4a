// Binder: JOIN and functions in FROM.
#include <algorithm>

#include "sql/ast_util.h"
#include "sql/binder/internal/target_list.h"
#include "sql/plan/walk.h"
#include "types/array.h"

namespace helios::sql::binder {

namespace {
namespace t = type_oid;
using expr::As;

const ScopeColumn* FindOnce(const ScopeRelation& relation, const std::string& name, int* count) {
  const ScopeColumn* found = nullptr;
  *count = 0;
  for (const ScopeColumn& column : relation.columns) {
    if (column.name != name) continue;
    found = &column;
    ++*count;
  }
  return found;
}
// The view that shows what a call gives, or null: PostgreSQL has these views over the functions, we
// have only the views.
const char* ViewOfFunction(const ast::FromFunction& item) {
  if (item.functions.size() != 1 || item.with_ordinality || !item.columns.empty()) return nullptr;
  const auto* call = ast::TryAs<ast::FunctionCall>(item.functions[0].call.get());
  if (call == nullptr || !call->args.empty() || call->name.size() > 2) return nullptr;
  if (call->name.size() == 2 && call->name[0] != "pg_catalog") return nullptr;
  static constexpr std::pair<std::string_view, const char*> kViews[] = {
      {"pg_cursor", "pg_cursors"},
      {"pg_prepared_statement", "pg_prepared_statements"},
      {"pg_show_all_settings", "pg_settings"},
      {"pg_timezone_abbrevs", "pg_timezone_abbrevs"},
      {"pg_timezone_names", "pg_timezone_names"},
  };
  for (const auto& [function, view] : kViews) {
    if (call->name.back() == function) return view;
  }
  return nullptr;
}

}  // namespace

// Appends to `merged` the columns that USING makes one, and to the join's condition their equality.
Status Binder::MergeUsing(const ast::FromJoin& join, const std::vector<std::string>& names,
                          const ScopeRelation& left, const ScopeRelation& right, NodePtr* node,
                          plan::JoinNode* join_node, ScopeRelation* merged,
                          ScopeRelation* using_only) {
  std::vector<ExprPtr> conditions;
  auto project = std::make_unique<plan::ProjectNode>();
  for (const std::string& name : names) {
    int left_count = 0, right_count = 0;
    const ScopeColumn* l = FindOnce(left, name, &left_count);
    const ScopeColumn* r = FindOnce(right, name, &right_count);
    for (const bool is_left : {true, false}) {
      const int count = is_left ? left_count : right_count;
      const char* side = is_left ? "left" : "right";
      if (count == 0) {
        return Error(ErrorCode::kUndefinedColumn)
            .Message("column \"{}\" specified in USING clause does not exist in {} table", name,
                     side);
      }
      if (count > 1) {
        return Error(ErrorCode::kAmbiguousColumn)
            .Message("common column name \"{}\" appears more than once in {} table", name, side);
      }
    }
    HELIOS_TRY(ExprPtr equal, MakeOperator("=", MakeColumn(l->id, -1), MakeColumn(r->id, -1), -1));
    conditions.push_back(std::move(equal));
    std::vector<ExprPtr> sides;
    sides.push_back(MakeColumn(l->id, -1));
    sides.push_back(MakeColumn(r->id, -1));
    HELIOS_TRY(const Oid common, types_.CommonType(sides, "JOIN/USING"));
    uint32_t id = join.join == ast::JoinKind::kRight ? r->id : l->id;
    if (join.join == ast::JoinKind::kFull || columns_[id].type.oid != common) {
      const int32_t typmod = TypeRules::CommonTypmod(sides, common);
      HELIOS_TRY(sides[0], types_.CoerceToCommon(std::move(sides[0]), common, "JOIN/USING"));
      HELIOS_TRY(sides[1], types_.CoerceToCommon(std::move(sides[1]), common, "JOIN/USING"));
      ExprPtr value;
      if (join.join == ast::JoinKind::kFull) {
        value = std::make_unique<expr::CoalesceExpr>(SqlType{common, typmod});
        value->children = std::move(sides);
        value = types_.Typed(std::move(value));
      } else {
        value = std::move(sides[join.join == ast::JoinKind::kRight ? 1 : 0]);
      }
      id = NewColumn(name, {common, typmod}, nullptr);
      project->expressions.push_back(std::move(value));
      project->ids.push_back(id);
    }
    merged->columns.push_back({name, id});
    using_only->columns.push_back({name, id});
  }
  join_node->condition = plan::JoinAnd(std::move(conditions));
  if (!project->ids.empty()) {
    for (uint32_t id : (*node)->ids) {
      project->expressions.push_back(MakeColumn(id, -1));
      project->ids.push_back(id);
    }
    project->children.push_back(std::move(*node));
    *node = std::move(project);
  }
  for (const ScopeRelation* side : {&left, &right}) {
    for (const ScopeColumn& column : side->columns) {
      if (std::find(names.begin(), names.end(), column.name) == names.end()) {
        merged->columns.push_back(column);
      }
    }
  }
  return Status::Ok();
}

Result<NodePtr> Binder::BindJoin(const ast::FromJoin& join, QueryScope& scope) {
  const size_t first = scope.relations.size();
  const auto visible_columns = [&](size_t begin, size_t end) {
    // The side as one list of columns, by the names that stand for them unqualified.
    ScopeRelation side;
    for (size_t i = begin; i < end; ++i) {
      const ScopeRelation& relation = *scope.relations[i];
      if (!relation.columns_visible) continue;
      side.columns.insert(side.columns.end(), relation.columns.begin(), relation.columns.end());
    }
    return side;
  };
  HELIOS_TRY(NodePtr left, BindFrom(*join.left, scope));
  const size_t middle = scope.relations.size();
  const bool lateral_ok = join.join == ast::JoinKind::kInner || join.join == ast::JoinKind::kLeft;
  std::vector<std::pair<bool, bool>> saved;
  for (size_t i = first; i < middle; ++i) {
    saved.push_back({scope.relations[i]->lateral_only, scope.relations[i]->lateral_ok});
    scope.relations[i]->lateral_only = true;
    scope.relations[i]->lateral_ok = lateral_ok;
  }
  HELIOS_TRY(NodePtr right, BindFrom(*join.right, scope));
  for (size_t i = first; i < middle; ++i) {
    scope.relations[i]->lateral_only = saved[i - first].first;
    scope.relations[i]->lateral_ok = saved[i - first].second;
  }
  const bool left_null = join.join == ast::JoinKind::kRight || join.join == ast::JoinKind::kFull;
  const bool right_null = join.join == ast::JoinKind::kLeft || join.join == ast::JoinKind::kFull;
  for (size_t i = first; i < scope.relations.size(); ++i) {
    ScopeRelation& relation = *scope.relations[i];
    relation.nullable = relation.nullable || (i < middle ? left_null : right_null);
  }
  if (left_null) MarkPresent(*this, scope, first, middle, &left);
  if (right_null) MarkPresent(*this, scope, middle, scope.relations.size(), &right);
  auto node = std::make_unique<plan::JoinNode>();
  switch (join.join) {
    case ast::JoinKind::kInner:
      node->join_type = plan::JoinType::kInner;
      break;
    case ast::JoinKind::kLeft:
      node->join_type = plan::JoinType::kLeft;
      break;
    case ast::JoinKind::kRight:
      node->join_type = plan::JoinType::kRight;
      break;
    case ast::JoinKind::kFull:
      node->join_type = plan::JoinType::kFull;
      break;
  }
  node->ids = left->ids;
  node->ids.insert(node->ids.end(), right->ids.begin(), right->ids.end());
  node->children.push_back(std::move(left));
  node->children.push_back(std::move(right));
  plan::JoinNode* join_node = node.get();
  NodePtr tree = std::move(node);

  const ScopeRelation left_side = visible_columns(first, middle);
  const ScopeRelation right_side = visible_columns(middle, scope.relations.size());
  std::vector<std::string> names = join.using_columns;
  if (join.natural) {
    for (const ScopeColumn& column : left_side.columns) {
      int count = 0;
      FindOnce(right_side, column.name, &count);
      if (count > 0 && std::find(names.begin(), names.end(), column.name) == names.end()) {
        names.push_back(column.name);
      }
    }
  }
  ScopeRelation* merged = NewRelation(scope);
  ScopeRelation* using_only = NewRelation(scope);
  if (join.natural || !join.using_columns.empty()) {
    HELIOS_TRY(
        MergeUsing(join, names, left_side, right_side, &tree, join_node, merged, using_only));
  } else {
    merged->columns = left_side.columns;
    merged->columns.insert(merged->columns.end(), right_side.columns.begin(),
                           right_side.columns.end());
  }
  if (join.on != nullptr) {
    // ON sees the two sides and outer queries, not earlier items of FROM.
    std::vector<ScopeRelation*> mine(scope.relations.begin() + static_cast<ptrdiff_t>(first),
                                     scope.relations.end());
    std::vector<ScopeRelation*> all = scope.relations;
    scope.relations = mine;
    const Clause outer = scope.clause;
    scope.clause = Clause::kJoinOn;
    auto bound = BindExpr(*join.on, scope);
    if (bound.ok()) bound = types_.CoerceBoolean(std::move(bound).value(), "JOIN/ON");
    scope.clause = outer;
    scope.relations = all;
    if (!bound.ok()) {
      Status status = std::move(bound).status();
      return status;
    }
    join_node->condition = std::move(bound).value();
  }
  const bool named = join.alias != nullptr;
  if (named) {
    HELIOS_TRY(ApplyAlias(join.alias.get(), merged, join.location));
    for (size_t i = first; i < scope.relations.size(); ++i) {
      scope.relations[i]->name_visible = false;
    }
  } else {
    merged->name_visible = false;
  }
  for (size_t i = first; i < scope.relations.size(); ++i) {
    scope.relations[i]->columns_visible = false;
  }
  HELIOS_TRY(AddRelation(scope, merged, join.location));
  if (join.using_alias != nullptr) {
    using_only->alias = join.using_alias->name;
    using_only->columns_visible = false;
    HELIOS_TRY(AddRelation(scope, using_only, join.location));
  }
  return tree;
}

Status Binder::BindFunctionItem(const ast::FromFunctionItem& item,
                                const std::vector<ast::FunctionColumn>& definition,
                                QueryScope& scope, plan::TableFunctionNode* node,
                                std::vector<std::string>* names, std::string* function_name) {
  plan::TableFunctionNode::Call call;
  const auto* function_call = ast::TryAs<ast::FunctionCall>(item.call.get());
  *function_name = TargetName(*item.call);
  const size_t sets_before = scope.sets.size();
  bool is_set = false;
  if (function_call != nullptr) {
    is_set = !expr::TableFunctionsNamed(RegisteredName(function_call->name)).empty();
  }
  if (is_set) {
    HELIOS_TRY(ResolvedCall resolved, ResolveCall(*function_call, scope));
    if (resolved.callable.table != nullptr) {
      // The set machinery of select lists works out the column types.
      const Clause outer = scope.clause;
      scope.clause = Clause::kSelect;
      auto column = BindSetCall(*function_call, std::move(resolved), scope);
      scope.clause = outer;
      if (!column.ok()) return std::move(column).status();
      PendingSet pending = std::move(scope.sets.back());
      scope.sets.pop_back();
      call.function = pending.function;
      call.arguments = std::move(pending.arguments);
      call.column_types = pending.column_types;
      const auto& own_names = pending.function->column_names;
      if (!definition.empty()) {
        call.column_types.clear();
        ArrayBuilder column_names(t::kText);
        for (const ast::FunctionColumn& column_definition : definition) {
          HELIOS_TRY(const SqlType type, ResolveType(column_definition.type));
          call.column_types.push_back(type);
          names->push_back(column_definition.name);
          column_names.AddBytes(column_definition.name);
        }
        // Functions that find their columns by name (json_to_record) get the names as one more
        // argument.
        if (own_names.empty()) {
          call.arguments.push_back(std::make_unique<expr::ConstantExpr>(
              Value::Bytes({t::kTextArray}, column_names.Finish())));
        }
      } else {
        if (call.column_types.empty()) {
          return Error(ErrorCode::kSyntaxError)
              .Message("a column definition list is required for functions returning \"record\"")
              .Position(PositionOf(item.call->location));
        }
        for (size_t i = 0; i < call.column_types.size(); ++i) {
          const bool single = call.column_types.size() == 1;
          names->push_back(i < own_names.size() && !own_names[i].empty() ? own_names[i]
                           : single                                      ? *function_name
                                    : "column" + std::to_string(i + 1));
        }
      }
      node->calls.push_back(std::move(call));
      return Status::Ok();
    }
  }
  HELIOS_TRY(call.scalar, BindExpr(*item.call, scope));
  if (scope.sets.size() != sets_before) {
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("set-returning functions must appear at top level of FROM")
        .Position(PositionOf(item.call->location));
  }
  HELIOS_TRY(call.scalar, types_.ResolveUnknown(std::move(call.scalar)));
  if (!definition.empty()) {
    call.expand_record = true;
    for (const ast::FunctionColumn& column_definition : definition) {
      HELIOS_TRY(const SqlType type, ResolveType(column_definition.type));
      call.column_types.push_back(type);
      names->push_back(column_definition.name);
    }
  } else if (const catalog::UserType* user = context_.snapshot->FindUserType(call.scalar->type.oid);
             user != nullptr && types_.IsComposite(call.scalar->type.oid)) {
    call.expand_record = true;
    for (const catalog::Column& column : user->fields) {
      call.column_types.push_back(column.type);
      names->push_back(column.name);
    }
  } else {
    if (call.scalar->type.oid == t::kRecord) {
      return Error(ErrorCode::kSyntaxError)
          .Message("a column definition list is required for functions returning \"record\"")
          .Position(PositionOf(item.call->location));
    }
    call.column_types.push_back(call.scalar->type);
    names->push_back(*function_name);
  }
  node->calls.push_back(std::move(call));
  return Status::Ok();
}

Result<NodePtr> Binder::BindFromFunction(const ast::FromFunction& item, QueryScope& scope) {
  if (const char* view = ViewOfFunction(item)) {
    ast::FromTable table;
    table.location = item.location;
    table.relation.schema = "pg_catalog";
    table.relation.name = view;
    table.relation.location = item.location;
    table.alias = std::make_unique<ast::Alias>();
    if (item.alias != nullptr) {
      *table.alias = *item.alias;
    } else {
      table.alias->name = ast::As<ast::FunctionCall>(*item.functions[0].call).name.back();
    }
    return BindTable(table, scope);
  }
  auto node = std::make_unique<plan::TableFunctionNode>();
  node->with_ordinality = item.with_ordinality;
  std::vector<std::string> names;
  std::string first_name;
  const bool outer_lateral = scope.lateral_active;
  const Clause outer_clause = scope.clause;
  scope.lateral_active = true;  // Functions are LATERAL without the word.
  scope.clause = Clause::kFromFunction;
  Status status;
  for (const ast::FromFunctionItem& function : item.functions) {
    std::string name;
    const auto& columns = function.columns.empty() ? item.columns : function.columns;
    const auto* call = ast::TryAs<ast::FunctionCall>(function.call.get());
    if (call != nullptr && call->name.back() == "unnest" && call->args.size() > 1) {
      // unnest(a, b) is ROWS FROM (unnest(a), unnest(b)).
      for (const ast::ExprPtr& argument : call->args) {
        auto single = std::make_unique<ast::FunctionCall>();
        single->name = call->name;
        single->location = call->location;
        single->args.push_back(ast::Clone(*argument));
        ast::FromFunctionItem part;
        part.call = std::move(single);
        status = BindFunctionItem(part, columns, scope, node.get(), &names, &name);
        if (!status.ok()) break;
      }
    } else {
      status = BindFunctionItem(function, columns, scope, node.get(), &names, &name);
    }
    if (!status.ok()) break;
    if (first_name.empty()) first_name = name;
  }
  scope.lateral_active = outer_lateral;
  scope.clause = outer_clause;
  HELIOS_TRY(status);
  ScopeRelation* relation = NewRelation(scope);
  relation->alias = first_name;
  std::vector<std::pair<uint32_t, ExprPtr>> fields;
  size_t index = 0;
  for (const plan::TableFunctionNode::Call& call : node->calls) {
    for (const SqlType& type : call.column_types) {
      std::string name = names[index++];
      // A set of a composite type shows its fields as columns.
      const catalog::UserType* record =
          call.function != nullptr && call.column_types.size() == 1 && types_.IsComposite(type.oid)
              ? context_.snapshot->FindUserType(type.oid)
              : nullptr;
      if (record != nullptr) {
        const uint32_t whole = NewColumn(name, type, nullptr);
        node->ids.push_back(whole);
        for (const catalog::Column& field : record->fields) {
          HELIOS_TRY(ExprPtr select, BindFieldSelect(MakeColumn(whole, -1), field.name, -1));
          const uint32_t id = NewColumn(field.name, field.type, nullptr);
          relation->columns.push_back({field.name, id});
          fields.emplace_back(id, std::move(select));
        }
        continue;
      }
      // A function with one unnamed column takes the alias for its column too.
      if (node->calls.size() == 1 && call.column_types.size() == 1 && item.alias != nullptr &&
          item.columns.empty() && item.functions[0].columns.empty() && name == first_name) {
        name = item.alias->name;
      }
      const uint32_t id = NewColumn(name, type, nullptr);
      relation->columns.push_back({name, id});
      node->ids.push_back(id);
    }
  }
  if (item.with_ordinality) {
    const uint32_t id = NewColumn("ordinality", {t::kInt8, -1}, nullptr);
    relation->columns.push_back({"ordinality", id});
    node->ids.push_back(id);
  }
  NodePtr tree = std::move(node);
  if (!fields.empty()) {
    auto project = std::make_unique<plan::ProjectNode>();
    for (const uint32_t id : tree->ids) {
      project->ids.push_back(id);
      project->expressions.push_back(MakeColumn(id, -1));
    }
    for (auto& [id, select] : fields) {
      project->ids.push_back(id);
      project->expressions.push_back(std::move(select));
    }
    project->children.push_back(std::move(tree));
    tree = std::move(project);
  }
  HELIOS_TRY(ApplyAlias(item.alias.get(), relation, item.location));
  // A whole row of a scalar function is its value.
  if (relation->columns.size() == 1 && fields.empty() &&
      relation->columns[0].name != relation->alias) {
    relation->columns.push_back({relation->alias, relation->columns[0].id});
    relation->hidden_count = 1;
  }
  HELIOS_TRY(AddRelation(scope, relation, item.location));
  return tree;
}

}  // namespace helios::sql::binder
