// INSERT, UPDATE, DELETE and MERGE.
#pragma once

#include <set>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "sql/binder/internal/binder.h"

namespace helios::sql::binder {

// Binds one data-modifying statement for a Binder.
class DmlBinder {
 public:
  DmlBinder(Binder& binder, QueryScope* parent, CteScope* ctes)
      : b_(binder), parent_(parent), ctes_(ctes) {}

  Result<BoundQuery> BindInsert(const ast::InsertStatement& insert);
  Result<BoundQuery> BindUpdate(const ast::UpdateStatement& update);
  Result<BoundQuery> BindDelete(const ast::DeleteStatement& statement);
  Result<BoundQuery> BindMerge(const ast::MergeStatement& merge);

 private:
  // A simple view between the statement and its table.
  struct ViewLevel {
    const catalog::Table* view = nullptr;
    const ast::SelectStatement* query = nullptr;  // Its WHERE holds for the rows that are written,
    std::string alias;                            // over a relation of this name
    std::vector<std::string> names;               // with these columns (empty: not shown).
  };
  // A table that is written, perhaps through simple views.
  struct Target {
    const catalog::Table* table = nullptr;
    const plan::WriteTarget* write = nullptr;
    std::vector<const catalog::Column*> columns;  // Live ones, in layout order.
    std::vector<std::string> names;               // As the statement names them; empty: hidden.
    std::vector<uint32_t> order;                  // Positions in the order that it sees them.
    std::string name;                             // Of the relation written in the statement.
    std::vector<ViewLevel> views;                 // Outermost first.
  };
  Status OpenView(const catalog::Table& view, const char* verb, Target* target);
  // The views' WHERE clauses over the table's columns `ids`; with `checked` only those that WITH
  // CHECK OPTION covers, and the name of the view to blame.
  Result<ExprPtr> ViewConditions(const Target& target, const std::vector<uint32_t>& ids,
                                 bool checked, std::string* view_name);
  ScopeRelation* MakeRelation(QueryScope& scope, const Target& target, const std::string& alias,
                              const std::vector<std::string>& names,
                              const std::vector<uint32_t>& ids);
  Result<Target> OpenTarget(const ast::RelationName& name, hidb::TableLockMode mode,
                            const char* verb);
  Result<uint32_t> FindTargetColumn(const Target& target, const ast::AssignmentTarget& name,
                                    bool inserts = false) const;
  // Locks for the tables at the other end of foreign keys: parents of rows that come, children of
  // rows that go or whose key changes. `set`: the columns that change; null: the row goes.
  using Assignments = std::vector<std::pair<uint32_t, ExprPtr>>;
  void NeedParents(const plan::WriteTarget& target);
  void NeedChildren(const plan::WriteTarget& target, const Assignments* set,
                    std::set<const plan::WriteTarget*>* seen);
  QueryScope& NewScope();
  Status BeginWith(const ast::WithClause* with);
  Result<BoundQuery> Finish(NodePtr node, std::vector<ResultColumn> columns);
  Status BindReturning(const std::vector<ast::TargetItem>& items, QueryScope& scope,
                       std::vector<ExprPtr>* returning, std::vector<uint32_t>* ids,
                       std::vector<ResultColumn>* columns);
  ExprPtr DefaultOf(const Target& target, uint32_t position);
  Status LoadDefaults(const Target& target);

  // --- INSERT
  Result<std::vector<uint32_t>> InsertColumns(const ast::InsertStatement& insert,
                                              const Target& target);
  Status CheckWritable(const Target& target, uint32_t position, const ast::InsertStatement& insert,
                       bool* use_default) const;
  Result<NodePtr> InsertValues(const ast::InsertStatement& insert, const Target& target,
                               const std::vector<uint32_t>& columns, QueryScope& scope);
  Result<NodePtr> InsertQuery(const ast::InsertStatement& insert, const Target& target,
                              const std::vector<uint32_t>& columns, QueryScope& scope);
  Status BindConflict(const ast::OnConflict& conflict, const Target& target, QueryScope& scope,
                      plan::InsertNode* node);
  Result<int32_t> InferArbiter(const ast::OnConflict& conflict, const Target& target);
  bool ArbiterMatches(const Target& target, const catalog::Index& index,
                      const std::vector<ExprPtr>& elements, const expr::Expr* predicate) const;
  std::vector<uint32_t> NewRowIds(const Target& target);

  // --- MERGE (bind_merge.cc)
  Status CheckMergeTarget(const ast::RelationName& name);
  Result<plan::MergeNode::Action> BindMergeAction(const ast::MergeWhen& when, const Target& target,
                                                  const ast::MergeStatement& merge,
                                                  QueryScope& scope);
  Status BindMergeInsert(const ast::MergeWhen& when, const Target& target,
                         const ast::MergeStatement& merge, QueryScope& scope,
                         plan::MergeNode::Action* action);

  // --- UPDATE
  // `current`: ids of the row's columns before the assignments, in layout order.
  Status BindAssignments(const std::vector<ast::Assignment>& assignments, const Target& target,
                         const std::vector<uint32_t>& current, QueryScope& scope, NodePtr* node,
                         std::vector<std::pair<uint32_t, ExprPtr>>* set);
  Result<ExprPtr> BindAssignedValue(const ast::Expr& value, const Target& target, uint32_t position,
                                    QueryScope& scope);
  Status AddAssignment(const Target& target, const ast::AssignmentTarget& name,
                       const std::vector<uint32_t>& current, ExprPtr value, QueryScope& scope,
                       std::vector<std::pair<uint32_t, ExprPtr>>* set);

  // --- assignment to parts of columns (bind_assign.cc)
  static Status CheckAssignable(const ast::AssignmentTarget& name, const ast::Expr& value);
  // `base` (of `type`) with the part that `name.steps` from `step` on lead to set to `value`.
  Result<ExprPtr> AssignPart(const ast::AssignmentTarget& name, ExprPtr base, SqlType type,
                             size_t step, ExprPtr value, QueryScope& scope);
  Result<ExprPtr> AssignField(const ast::AssignmentTarget& name, ExprPtr base, SqlType type,
                              size_t step, ExprPtr value, QueryScope& scope);
  Result<ExprPtr> AssignElement(const ast::AssignmentTarget& name, ExprPtr base, SqlType type,
                                size_t step, ExprPtr value, QueryScope& scope);
  Result<ExprPtr> AssignJson(const ast::AssignmentTarget& name, ExprPtr base, size_t step,
                             ExprPtr value, QueryScope& scope);
  Result<ExprPtr> CoercePart(const ast::AssignmentTarget& name, SqlType type, size_t step,
                             ExprPtr value);
  Result<ExprPtr> BindSubscript(const ast::Expr& index, QueryScope& scope);
  // What INSERT puts into a column, of which only a part may be named.
  Status AddInserted(const Target& target, const ast::AssignmentTarget* name, uint32_t position,
                     ExprPtr value, QueryScope& scope, ExprPtr* slot);
  Result<NodePtr> BindMatched(const Target& target, const ast::RelationName& name,
                              const ast::Alias* alias, const std::vector<ast::FromPtr>& from,
                              const ast::Expr* where, QueryScope& scope);
  Status BindCurrentOf(const ast::CurrentOf& current, const Target& target);
  NodePtr ShapeForWrite(NodePtr node, plan::Node& writer);

  Binder& b_;
  QueryScope* parent_;
  CteScope* ctes_;
  CteScope own_ctes_;
  std::vector<NodePtr> bodies_;
  std::vector<bool> always_run_;
  std::vector<ExprPtr> defaults_;
  std::unordered_set<uint32_t> whole_columns_;  // Positions that an assignment has set as a whole.
  // UPDATE and DELETE: ids of the table's columns as read, and of the row key.
  std::vector<uint32_t> scan_ids_;
  uint32_t row_key_ = kNoColumn;
  uint32_t writer_ = kNoColumn;
  plan::ScanNode* scan_ = nullptr;  // Of that table.
};

}  // namespace helios::sql::binder
