// SELECT, VALUES and set operations: what stands between a query's WITH and its end.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "sql/binder/internal/binder.h"
#include "sql/binder/internal/target_list.h"

namespace helios::sql::binder {

// Binds one query for a Binder, once; what it is given must outlive it. A SELECT is bound in the
// order of its meaning (FROM, select list, WHERE, HAVING, ORDER BY, GROUP BY, DISTINCT) and only
// then built, from the rows up: aggregation changes the expressions that stand above it.
class SelectBinder {
 public:
  SelectBinder(Binder& binder, const ast::SelectStatement& select, QueryScope& scope,
               const QueryOptions& options)
      : b_(binder), select_(select), scope_(scope), options_(options) {}

  Result<BoundQuery> Bind();

 private:
  // Positions of groups.
  using GroupingSet = std::vector<uint32_t>;

  // --- bind_select.cc
  Result<BoundQuery> BindPlainSelect();
  Status BindClauses();
  bool IsGrouped() const;
  // FOR UPDATE needs each row to come from one row of each table.
  Status FindLockable();
  Result<BoundQuery> FinishQuery(NodePtr node, std::vector<plan::SortKey> keys);
  // ORDER BY over the projection's columns.
  std::vector<plan::SortKey> TakeSortKeys();
  Result<NodePtr> MakeDistinct(NodePtr node);
  NodePtr MakeDistinctOn(NodePtr node, std::vector<plan::SortKey> keys);
  void BuildProjection(NodePtr* node);
  Status AddSortAndLimit(std::vector<plan::SortKey> keys, NodePtr* node);
  Result<ExprPtr> BindLimit(const ast::Expr& expr, bool is_limit);
  Status AddLocks(NodePtr* node);

  // --- bind_values.cc
  Result<BoundQuery> BindValues();
  // Coerces the values of the column at `position` to one type and returns that.
  Result<SqlType> UnifyValues(size_t position, std::vector<ExprPtr>* values);
  Result<BoundQuery> BindSetOperation();
  Result<std::vector<SqlType>> CommonTypes(const BoundQuery& left, const BoundQuery& right);
  Result<std::vector<plan::SortKey>> BindResultOrder();
  // A target for a column that is there already.
  void AddColumnTarget(const std::string& name, uint32_t id);

  // --- bind_group.cc
  // The position of the target that `expr` of this clause means, appended as junk if it is none
  // yet.
  Result<size_t> FindTarget(const ast::Expr& expr, Clause clause);
  Status BindOrderBy();
  Status BindGroupBy();
  // Appends to `sets` the grouping sets that `item` alone stands for.
  Status AddGroupingItem(const ast::GroupingItem& item, std::vector<GroupingSet>* sets);
  Result<uint32_t> AddGroupExpr(const ast::Expr& expr);
  Status BindDistinct();
  Status CheckDirectArguments(const plan::AggregateNode::Call& call);
  Status BuildAggregate(NodePtr* node);
  // Makes the expression one over groups and aggregates. `in_subquery` words the error.
  Status ReplaceGroups(ExprPtr* expr, bool in_subquery);
  Status ReplaceGroupsInNode(plan::Node* node);
  // The same for all that stands above the aggregation.
  Status ReplaceGroupsAbove();
  // The groups that the arguments of a GROUPING call are.
  Result<GroupingSet> FindGroups(const PendingGrouping& grouping) const;
  // A column that is not grouped is fixed all the same when its table's primary key is.
  bool AddDependentColumn(uint32_t id);
  void BuildWindows(NodePtr* node);
  // The sets that GROUP BY names run below the aggregation.
  void BuildGroupedSets(NodePtr* node);

  Binder& b_;
  const ast::SelectStatement& select_;
  QueryScope& scope_;
  const QueryOptions& options_;
  std::vector<TargetEntry> targets_;  // The select list, then junk for ORDER BY and the like.
  ExprPtr where_;
  ExprPtr having_;
  // Position of the target to sort by, with the order.
  std::vector<std::pair<size_t, plan::SortKey>> order_by_;
  std::vector<size_t> distinct_on_;  // Positions of targets.
  std::vector<ExprPtr> groups_;
  std::vector<uint32_t> group_ids_;
  std::vector<GroupingSet> grouping_sets_;
  bool several_sets_ = false;
  bool may_lock_ = false;
  // What FOR UPDATE here or outside may lock; their row keys pass through the projection.
  std::vector<ScopeRelation*> lockable_;
};

}  // namespace helios::sql::binder
