// MERGE: the source joined with the target, and what is done with each pair.
#include <algorithm>

#include "sql/ast_util.h"
#include "sql/binder/internal/dml_binder.h"
#include "sql/plan/walk.h"

namespace helios::sql::binder {

namespace {
// A clause behind one of its kind without condition is never reached.
Status CheckReachable(const std::vector<ast::MergeWhen>& whens) {
  bool ended[2] = {false, false};
  for (const ast::MergeWhen& when : whens) {
    if (ended[when.matched ? 1 : 0]) {
      return Error(ErrorCode::kSyntaxError)
          .Message("unreachable WHEN clause specified after unconditional WHEN clause");
    }
    ended[when.matched ? 1 : 0] = when.condition == nullptr;
  }
  return Status::Ok();
}
}  // namespace

Status DmlBinder::CheckMergeTarget(const ast::RelationName& name) {
  HELIOS_TRY(const Binder::TableName found, b_.LookUpTable(name));
  if (found.system != nullptr) return Status::Ok();  // OpenTarget refuses it.
  const char* kinds = "indexes";
  if (found.object->kind() == catalog::ObjectKind::kSequence) kinds = "sequences";
  if (found.object->kind() == catalog::ObjectKind::kTable) {
    switch (static_cast<const catalog::Table&>(*found.object).table_kind) {
      case catalog::TableKind::kView:
        kinds = "views";
        break;
      case catalog::TableKind::kMaterializedView:
        kinds = "materialized views";
        break;
      default:
        return Status::Ok();
    }
  }
  return Error(ErrorCode::kFeatureNotSupported)
      .Message("cannot execute MERGE on relation \"{}\"", name.name)
      .Detail("This operation is not supported for {}.", kinds);
}

Status DmlBinder::BindMergeInsert(const ast::MergeWhen& when, const Target& target,
                                  const ast::MergeStatement& merge, QueryScope& scope,
                                  plan::MergeNode::Action* action) {
  ast::InsertStatement insert;
  // The two statements share what they say of columns and values; trees cannot be shared.
  b_.view_trees_.push_back(ast::Clone(static_cast<const ast::Statement&>(merge)));
  auto& copy = ast::As<ast::MergeStatement>(*b_.view_trees_.back());
  ast::MergeWhen& own = copy.whens[static_cast<size_t>(&when - merge.whens.data())];
  insert.relation = merge.relation;
  insert.columns = std::move(own.columns);
  insert.overriding = when.overriding;
  if (!own.values.empty()) {
    insert.source = std::make_unique<ast::SelectStatement>();
    insert.source->values.push_back(std::move(own.values));
  }
  HELIOS_TRY(const std::vector<uint32_t> columns, InsertColumns(insert, target));
  if (when.columns.empty()) b_.NeedPrivilege(target.table->oid, catalog::Privilege::kInsert, 0);
  for (const uint32_t position : columns) {
    b_.NeedPrivilege(target.table->oid, catalog::Privilege::kInsert,
                     target.columns[position]->number);
  }
  HELIOS_TRY(NodePtr source, InsertValues(insert, target, columns, scope));
  if (source->kind != plan::NodeKind::kValues) {
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("set-returning functions are not allowed in VALUES");
  }
  action->values = std::move(static_cast<plan::ValuesNode&>(*source).rows[0]);
  return Status::Ok();
}

Result<plan::MergeNode::Action> DmlBinder::BindMergeAction(const ast::MergeWhen& when,
                                                           const Target& target,
                                                           const ast::MergeStatement& merge,
                                                           QueryScope& scope) {
  plan::MergeNode::Action action;
  action.matched = when.matched;
  if (when.condition != nullptr) {
    scope.clause = Clause::kMergeWhen;
    HELIOS_TRY(action.condition, b_.BindExpr(*when.condition, scope));
    HELIOS_TRY(action.condition, b_.types_.CoerceBoolean(std::move(action.condition), "WHEN"));
  }
  switch (when.action) {
    case ast::MergeAction::kNothing:
      break;
    case ast::MergeAction::kDelete: {
      action.kind = plan::MergeNode::ActionKind::kDelete;
      b_.NeedPrivilege(target.table->oid, catalog::Privilege::kDelete, 0);
      std::set<const plan::WriteTarget*> seen;
      NeedChildren(*target.write, nullptr, &seen);
      break;
    }
    case ast::MergeAction::kUpdate: {
      action.kind = plan::MergeNode::ActionKind::kUpdate;
      HELIOS_TRY(BindAssignments(when.assignments, target, scan_ids_, scope, nullptr, &action.set));
      NeedParents(*target.write);
      std::set<const plan::WriteTarget*> seen;
      NeedChildren(*target.write, &action.set, &seen);
      break;
    }
    case ast::MergeAction::kInsert:
      action.kind = plan::MergeNode::ActionKind::kInsert;
      NeedParents(*target.write);
      HELIOS_TRY(BindMergeInsert(when, target, merge, scope, &action));
      break;
  }
  return action;
}

Result<BoundQuery> DmlBinder::BindMerge(const ast::MergeStatement& merge) {
  HELIOS_TRY(BeginWith(merge.with.get()));
  QueryScope& scope = NewScope();
  HELIOS_TRY(CheckMergeTarget(merge.relation));
  HELIOS_TRY(CheckReachable(merge.whens));
  HELIOS_TRY(Target target,
             OpenTarget(merge.relation, hidb::TableLockMode::kRowExclusive, "merge into"));
  const std::string alias = merge.alias == nullptr ? merge.relation.name : merge.alias->name;
  scope.clause = Clause::kFromSubquery;
  HELIOS_TRY(NodePtr source, b_.BindFrom(*merge.source, scope));
  for (const ScopeRelation* other : scope.relations) {
    if (!other->name_visible || other->alias != alias) continue;
    return Error(ErrorCode::kDuplicateAlias)
        .Message("name \"{}\" specified more than once", alias)
        .Detail("The name is used both as MERGE target table and data source.");
  }
  ScopeRelation base;
  base.alias = target.table->name;
  NodePtr scan = b_.MakeScan(*target.table, &base);
  static_cast<plan::ScanNode&>(*scan).alias = alias;
  for (const ScopeColumn& column : base.columns) scan_ids_.push_back(column.id);
  row_key_ = base.row_key;
  ScopeRelation* relation = MakeRelation(scope, target, alias, target.names, scan_ids_);
  relation->row_key = base.row_key;
  relation->writer = base.writer;
  scope.relations.push_back(relation);
  const bool inserts = std::any_of(merge.whens.begin(), merge.whens.end(),
                                   [](const ast::MergeWhen& when) { return !when.matched; });
  auto join = std::make_unique<plan::JoinNode>();
  join->join_type = inserts ? plan::JoinType::kLeft : plan::JoinType::kInner;
  join->ids = source->ids;
  join->ids.insert(join->ids.end(), scan->ids.begin(), scan->ids.end());
  scope.clause = Clause::kJoinOn;
  HELIOS_TRY(join->condition, b_.BindExpr(*merge.on, scope));
  HELIOS_TRY(join->condition, b_.types_.CoerceBoolean(std::move(join->condition), "JOIN/ON"));
  join->children.push_back(std::move(source));
  join->children.push_back(std::move(scan));
  auto node = std::make_unique<plan::MergeNode>();
  node->target = target.write;
  for (const ast::MergeWhen& when : merge.whens) {
    // Without a match there is no row of the target to speak of.
    relation->name_visible = relation->columns_visible = when.matched;
    HELIOS_TRY(plan::MergeNode::Action action, BindMergeAction(when, target, merge, scope));
    node->actions.push_back(std::move(action));
  }
  node->children.push_back(ShapeForWrite(std::move(join), *node));
  return Finish(std::move(node), {});
}

}  // namespace helios::sql::binder
