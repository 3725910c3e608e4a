// JOIN.
#include <algorithm>

#include "sql/binder/internal/binder.h"
#include "sql/plan/walk.h"

namespace helios::sql::binder {

namespace {
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

plan::JoinType TypeOf(ast::JoinKind kind) {
  switch (kind) {
    case ast::JoinKind::kInner:
      break;
    case ast::JoinKind::kLeft:
      return plan::JoinType::kLeft;
    case ast::JoinKind::kRight:
      return plan::JoinType::kRight;
    case ast::JoinKind::kFull:
      return plan::JoinType::kFull;
  }
  return plan::JoinType::kInner;
}
}  // namespace

// Binds one JOIN for a Binder. The relations of the sides lie in the scope from `first_` and from
// `middle_` on; the join adds one more, of all columns that can be named without a relation.
class JoinBinder {
 public:
  JoinBinder(Binder& binder, const ast::FromJoin& join, QueryScope& scope)
      : b_(binder),
        join_(join),
        scope_(scope),
        first_(scope.relations.size()),
        merged_(b_.NewRelation(scope)),
        using_only_(b_.NewRelation(scope)) {}

  Result<NodePtr> Bind();

 private:
  Result<NodePtr> BindRight();
  void MarkNullable(NodePtr* left, NodePtr* right);
  // The relations from `begin` on as one list of columns, by the names that stand for them
  // unqualified.
  ScopeRelation VisibleColumns(size_t begin, size_t end) const;
  Status BindColumns(NodePtr* tree, plan::JoinNode* node);
  // NATURAL and USING: makes each of `names` one column, and their equality the join's condition.
  Status MergeUsing(const std::vector<std::string>& names, const ScopeRelation& left,
                    const ScopeRelation& right, NodePtr* tree, plan::JoinNode* node);
  // The column of a side that USING names.
  static Result<uint32_t> FindUsing(const ScopeRelation& side, const char* side_name,
                                    const std::string& name);
  // The column that stands for both: the preserved side's, or a new one that `project` computes.
  Result<uint32_t> MergeColumn(const std::string& name, uint32_t left, uint32_t right,
                               plan::ProjectNode* project);
  Result<ExprPtr> BindOn();
  Status AddRelations();

  Binder& b_;
  const ast::FromJoin& join_;
  QueryScope& scope_;
  const size_t first_;
  size_t middle_ = 0;
  ScopeRelation* const merged_;
  ScopeRelation* const using_only_;  // What the alias of USING names.
};

Result<NodePtr> JoinBinder::BindRight() {
  const bool lateral_ok = join_.join == ast::JoinKind::kInner || join_.join == ast::JoinKind::kLeft;
  std::vector<std::pair<bool, bool>> saved;
  for (size_t i = first_; i < middle_; ++i) {
    saved.push_back({scope_.relations[i]->lateral_only, scope_.relations[i]->lateral_ok});
    scope_.relations[i]->lateral_only = true;
    scope_.relations[i]->lateral_ok = lateral_ok;
  }
  HELIOS_TRY(NodePtr right, b_.BindFrom(*join_.right, scope_));
  for (size_t i = first_; i < middle_; ++i) {
    scope_.relations[i]->lateral_only = saved[i - first_].first;
    scope_.relations[i]->lateral_ok = saved[i - first_].second;
  }
  return right;
}

void JoinBinder::MarkNullable(NodePtr* left, NodePtr* right) {
  const bool left_null = join_.join == ast::JoinKind::kRight || join_.join == ast::JoinKind::kFull;
  const bool right_null = join_.join == ast::JoinKind::kLeft || join_.join == ast::JoinKind::kFull;
  for (size_t i = first_; i < scope_.relations.size(); ++i) {
    ScopeRelation& relation = *scope_.relations[i];
    relation.nullable = relation.nullable || (i < middle_ ? left_null : right_null);
  }
  if (left_null) MarkPresent(b_, scope_, first_, middle_, left);
  if (right_null) MarkPresent(b_, scope_, middle_, scope_.relations.size(), right);
}

ScopeRelation JoinBinder::VisibleColumns(size_t begin, size_t end) const {
  ScopeRelation side;
  for (size_t i = begin; i < end; ++i) {
    const ScopeRelation& relation = *scope_.relations[i];
    if (!relation.columns_visible) continue;
    side.columns.insert(side.columns.end(), relation.columns.begin(), relation.columns.end());
  }
  return side;
}

Result<uint32_t> JoinBinder::FindUsing(const ScopeRelation& side, const char* side_name,
                                       const std::string& name) {
  int count = 0;
  const ScopeColumn* found = FindOnce(side, name, &count);
  if (count == 0) {
    return Error(ErrorCode::kUndefinedColumn)
        .Message("column \"{}\" specified in USING clause does not exist in {} table", name,
                 side_name);
  }
  if (count > 1) {
    return Error(ErrorCode::kAmbiguousColumn)
        .Message("common column name \"{}\" appears more than once in {} table", name, side_name);
  }
  return found->id;
}

Result<uint32_t> JoinBinder::MergeColumn(const std::string& name, uint32_t left, uint32_t right,
                                         plan::ProjectNode* project) {
  std::vector<ExprPtr> sides;
  sides.push_back(b_.MakeColumn(left, -1));
  sides.push_back(b_.MakeColumn(right, -1));
  HELIOS_TRY(const Oid common, b_.types_.CommonType(sides, "JOIN/USING"));
  const bool is_full = join_.join == ast::JoinKind::kFull;
  const bool is_right = join_.join == ast::JoinKind::kRight;
  const uint32_t preserved = is_right ? right : left;
  if (!is_full && b_.columns_[preserved].type.oid == common) return preserved;
  const SqlType type{common, TypeRules::CommonTypmod(sides, common)};
  for (ExprPtr& side : sides) {
    HELIOS_TRY(side, b_.types_.CoerceToCommon(std::move(side), common, "JOIN/USING"));
  }
  if (is_full) {
    auto first = std::make_unique<expr::CoalesceExpr>(type);
    first->children = std::move(sides);
    project->expressions.push_back(b_.types_.Typed(std::move(first)));
  } else {
    project->expressions.push_back(std::move(sides[is_right ? 1 : 0]));
  }
  project->ids.push_back(b_.NewColumn(name, type, nullptr));
  return project->ids.back();
}

Status JoinBinder::MergeUsing(const std::vector<std::string>& names, const ScopeRelation& left,
                              const ScopeRelation& right, NodePtr* tree, plan::JoinNode* node) {
  std::vector<ExprPtr> conditions;
  auto project = std::make_unique<plan::ProjectNode>();
  for (const std::string& name : names) {
    HELIOS_TRY(const uint32_t l, FindUsing(left, "left", name));
    HELIOS_TRY(const uint32_t r, FindUsing(right, "right", name));
    HELIOS_TRY(ExprPtr equal, b_.MakeOperator("=", b_.MakeColumn(l, -1), b_.MakeColumn(r, -1), -1));
    conditions.push_back(std::move(equal));
    HELIOS_TRY(const uint32_t id, MergeColumn(name, l, r, project.get()));
    merged_->columns.push_back({name, id});
    using_only_->columns.push_back({name, id});
  }
  node->condition = plan::JoinAnd(std::move(conditions));
  if (!project->ids.empty()) {
    for (uint32_t id : (*tree)->ids) {
      project->expressions.push_back(b_.MakeColumn(id, -1));
      project->ids.push_back(id);
    }
    project->children.push_back(std::move(*tree));
    *tree = std::move(project);
  }
  for (const ScopeRelation* side : {&left, &right}) {
    for (const ScopeColumn& column : side->columns) {
      if (std::find(names.begin(), names.end(), column.name) == names.end()) {
        merged_->columns.push_back(column);
      }
    }
  }
  return Status::Ok();
}

Status JoinBinder::BindColumns(NodePtr* tree, plan::JoinNode* node) {
  const ScopeRelation left = VisibleColumns(first_, middle_);
  const ScopeRelation right = VisibleColumns(middle_, scope_.relations.size());
  if (!join_.natural && join_.using_columns.empty()) {
    merged_->columns = left.columns;
    merged_->columns.insert(merged_->columns.end(), right.columns.begin(), right.columns.end());
    return Status::Ok();
  }
  std::vector<std::string> names = join_.using_columns;
  for (const ScopeColumn& column : left.columns) {
    if (!join_.natural) break;
    int count = 0;
    FindOnce(right, column.name, &count);
    if (count > 0 && std::find(names.begin(), names.end(), column.name) == names.end()) {
      names.push_back(column.name);
    }
  }
  return MergeUsing(names, left, right, tree, node);
}

Result<ExprPtr> JoinBinder::BindOn() {
  // ON sees the two sides and outer queries, not earlier items of FROM.
  const auto begin = scope_.relations.begin() + static_cast<ptrdiff_t>(first_);
  const Temporarily relations(scope_.relations,
                              std::vector<ScopeRelation*>(begin, scope_.relations.end()));
  const Temporarily clause(scope_.clause, Clause::kJoinOn);
  HELIOS_TRY(ExprPtr condition, b_.BindExpr(*join_.on, scope_));
  return b_.types_.CoerceBoolean(std::move(condition), "JOIN/ON");
}

Status JoinBinder::AddRelations() {
  const bool is_named = join_.alias != nullptr;
  if (is_named) HELIOS_TRY(b_.ApplyAlias(join_.alias.get(), merged_, join_.location));
  merged_->name_visible = is_named;
  for (size_t i = first_; i < scope_.relations.size(); ++i) {
    if (is_named) scope_.relations[i]->name_visible = false;
    scope_.relations[i]->columns_visible = false;
  }
  HELIOS_TRY(b_.AddRelation(scope_, merged_, join_.location));
  if (join_.using_alias == nullptr) return Status::Ok();
  using_only_->alias = join_.using_alias->name;
  using_only_->columns_visible = false;
  return b_.AddRelation(scope_, using_only_, join_.location);
}

Result<NodePtr> JoinBinder::Bind() {
  HELIOS_TRY(NodePtr left, b_.BindFrom(*join_.left, scope_));
  middle_ = scope_.relations.size();
  HELIOS_TRY(NodePtr right, BindRight());
  MarkNullable(&left, &right);
  auto join = std::make_unique<plan::JoinNode>();
  plan::JoinNode* const node = join.get();
  node->join_type = TypeOf(join_.join);
  node->ids = left->ids;
  node->ids.insert(node->ids.end(), right->ids.begin(), right->ids.end());
  node->children.push_back(std::move(left));
  node->children.push_back(std::move(right));
  NodePtr tree = std::move(join);
  HELIOS_TRY(BindColumns(&tree, node));
  if (join_.on != nullptr) {
    HELIOS_TRY(node->condition, BindOn());
  }
  HELIOS_TRY(AddRelations());
  return tree;
}

Result<NodePtr> Binder::BindJoin(const ast::FromJoin& join, QueryScope& scope) {
  return JoinBinder(*this, join, scope).Bind();
}

}  // namespace helios::sql::binder
