// INSERT, UPDATE, DELETE and MERGE.
#pragma once

#include <string>
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

 private:
  // A table that is written, perhaps through simple views.
  struct Target {
    const catalog::Table* table = nullptr;
    const plan::WriteTarget* write = nullptr;
    std::vector<const catalog::Column*> columns;  // Live ones, in layout order.
    std::vector<uint32_t> scan_ids;               // UPDATE, DELETE: ids of the columns read.
  };
  Result<Target> OpenTarget(const ast::RelationName& name, hidb::TableLockMode mode,
                            const char* verb);
  Result<uint32_t> FindTargetColumn(const Target& target, const ast::AssignmentTarget& name) const;
  QueryScope& NewScope();
  Status BeginWith(const ast::WithClause* with);
  Result<BoundQuery> Finish(NodePtr node, std::vector<ResultColumn> columns);
  ScopeRelation* AddTargetRelation(QueryScope& scope, const Target& target,
                                   const std::string& alias, std::vector<uint32_t>* ids);
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

  // --- UPDATE
  Status BindAssignments(const std::vector<ast::Assignment>& assignments, const Target& target,
                         QueryScope& scope, NodePtr* node,
                         std::vector<std::pair<uint32_t, ExprPtr>>* set);
  Result<ExprPtr> BindAssignedValue(const ast::Expr& value, const Target& target,
                                    uint32_t position, QueryScope& scope);
  Status AddAssignment(const Target& target, const ast::AssignmentTarget& name, ExprPtr value,
                       std::vector<std::pair<uint32_t, ExprPtr>>* set);
  Result<NodePtr> BindMatched(const Target& target, const ast::RelationName& name,
                              const ast::Alias* alias, const std::vector<ast::FromPtr>& from,
                              const ast::Expr* where, QueryScope& scope);
  NodePtr ShapeForWrite(NodePtr node, const ScopeRelation& relation, plan::Node& writer);

  Binder& b_;
  QueryScope* parent_;
  CteScope* ctes_;
  CteScope own_ctes_;
  std::vector<NodePtr> bodies_;
  std::vector<bool> always_run_;
  std::vector<ExprPtr> defaults_;
  ScopeRelation* target_relation_ = nullptr;
};

}  // namespace helios::sql::binder
