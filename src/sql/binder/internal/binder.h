// Names to columns, syntax to bound plans. One object binds one statement.
//
// While binding, ColumnExpr::index is a column's id (statement-wide), not a position: see
// plan::Node::ids. A column that no input of a node provides belongs to an outer query.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "sql/ast.h"
#include "sql/binder/internal/recorded_names.h"
#include "sql/binder/internal/resolver.h"
#include "sql/binder/internal/scope.h"
#include "sql/binder/internal/type_rules.h"
#include "sql/binder/internal/whole_row.h"
#include "sql/plan/column_table.h"
#include "sql/planner.h"

namespace helios::sql::binder {

using plan::NodePtr;

struct ResultColumn {
  std::string name;
  uint32_t id = kNoColumn;
};

// A bound query: the node's output holds at least these columns.
struct BoundQuery {
  NodePtr node;
  std::vector<ResultColumn> columns;
  std::vector<ScopeRelation*> lockable;  // Plain tables in FROM, for FOR UPDATE from outside.
};

struct QueryOptions {
  bool resolve_unknown = true;   // Undecided literals become text.
  std::vector<SqlType> targets;  // Types that an INSERT wants of unknown literals.
};

class Binder {
 public:
  Binder(PlannerContext& context, plan::Plan* plan);
  ~Binder();
  Binder(const Binder&) = delete;

  // Fills the plan's root, output and needs.
  Status BindStatement(const ast::Statement& statement);
  Result<BoundQuery> BindQuery(const ast::SelectStatement& select, QueryScope* parent,
                               CteScope* ctes, const QueryOptions& options);
  Result<ExprPtr> BindExpr(const ast::Expr& expr, QueryScope& scope);
  // Refuses parameters that nothing typed (42P18) and settles the list.
  Status FinishParameters();

  // An operator or a built-in function on bound operands.
  Result<ExprPtr> MakeOperator(const std::string& op, ExprPtr left, ExprPtr right, int location);
  Result<ExprPtr> MakeFunction(const std::string& name, std::vector<ExprPtr> arguments,
                               int location);

  TypeRules& types() { return types_; }
  plan::ColumnTable& columns() { return columns_; }
  Result<SqlType> ResolveType(const ast::TypeName& type);

  // A relation of columns that the caller numbers 0, 1, ...: for expressions of table definitions.
  ScopeRelation* AddDefinitionRelation(QueryScope& scope, const std::string& name,
                                       const std::vector<TableColumn>& columns);
  // From here on, keeps what names mean in the statement itself (not in views that it reads).
  void RecordNames() { SetRecording(true); }
  const RecordedNames& recorded() const { return recorded_; }
  const std::vector<Oid>& dependencies() const { return dependencies_; }
  void AddDependency(Oid oid);

  uint32_t NewColumn(std::string name, SqlType type, QueryScope* owner);
  uint32_t AddSubplan(NodePtr node);
  void NeedTable(Oid table, const std::string& name, hidb::TableLockMode mode);
  void NeedPrivilege(Oid object, catalog::Privilege privilege, int16_t column);
  // A name was written with this schema.
  void NeedSchema(const catalog::Schema& schema);
  // The node with exactly these columns in this order.
  static NodePtr Shape(NodePtr node, const std::vector<uint32_t>& ids);

 private:
  friend class AggregateBinder;
  friend class DmlBinder;
  friend class FromFunctionBinder;
  friend class JoinBinder;
  friend class RecursiveBinder;
  friend class SelectBinder;
  friend class TargetListBinder;

  // --- bind_expr*.cc
  Result<ExprPtr> BindExprNode(const ast::Expr& expr, QueryScope& scope);
  Result<ExprPtr> BindConstant(const ast::Constant& constant);
  Result<ExprPtr> BindParameter(const ast::Parameter& parameter);
  Result<ExprPtr> BindOperatorExpr(const ast::Operator& op, QueryScope& scope);
  Result<ExprPtr> BindLike(const ast::Like& like, QueryScope& scope);
  Result<ExprPtr> BindBetween(const ast::Between& between, QueryScope& scope);
  Result<ExprPtr> BindIn(const ast::In& in, QueryScope& scope);
  Result<ExprPtr> BindQuantified(const ast::Quantified& quantified, QueryScope& scope);
  Result<ExprPtr> BindIsDistinct(const ast::IsDistinct& expr, QueryScope& scope);
  Result<ExprPtr> BindNullIf(const ast::NullIf& expr, QueryScope& scope);
  Result<ExprPtr> BindBooleanExpr(const ast::Boolean& expr, QueryScope& scope);
  Result<ExprPtr> BindCase(const ast::Case& expr, QueryScope& scope);
  Result<ExprPtr> BindCoalesce(const ast::Coalesce& expr, QueryScope& scope);
  Result<ExprPtr> BindMinMax(const ast::MinMax& expr, QueryScope& scope);
  Result<ExprPtr> BindCast(const ast::Cast& cast, QueryScope& scope);
  Status CheckCollations(const ast::Expr& left, const ast::Expr& right) const;
  Result<ExprPtr> BindCollate(const ast::Collate& collate, QueryScope& scope);
  Result<ExprPtr> BindSubquery(const ast::Subquery& subquery, QueryScope& scope);
  Result<ExprPtr> BindQuantifiedSubquery(const ast::Subquery& subquery, QueryScope& scope);
  Result<ExprPtr> BindRowSubquery(const std::string& op, const ast::Row& left,
                                  const ast::Subquery& subquery, int location, QueryScope& scope);
  Result<ExprPtr> BindArray(const ast::Array& array, QueryScope& scope, SqlType target);
  Result<ExprPtr> BindRow(const ast::Row& row, QueryScope& scope);
  Result<ExprPtr> BindIndirection(const ast::Indirection& expr, QueryScope& scope);
  Result<ExprPtr> BindFieldSelect(ExprPtr operand, const std::string& field, int location);
  Result<ExprPtr> BindNullTest(const ast::NullTest& test, QueryScope& scope);
  Result<ExprPtr> BindBooleanTest(const ast::BooleanTest& test, QueryScope& scope);
  Result<ExprPtr> BindSqlValue(const ast::SqlValue& value);
  Result<ExprPtr> BindGrouping(const ast::Grouping& grouping, QueryScope& scope);
  Result<ExprPtr> MakeRowComparison(const std::string& op, std::vector<ExprPtr> left,
                                    std::vector<ExprPtr> right, int location);
  Result<std::vector<ExprPtr>> BindConditionalArms(const ast::ExprList& args, QueryScope& scope,
                                                   const char* construct);
  Result<std::string> OperatorName(const ast::NameList& op, int location);

  // --- bind_call.cc
  Result<ExprPtr> BindFunctionCall(const ast::FunctionCall& call, QueryScope& scope);
  struct ResolvedCall {
    Callable callable;
    std::vector<ExprPtr> arguments;  // Coerced, defaults added.
    std::vector<SqlType> types;      // Of the arguments as coerced.
    Oid result = kInvalidOid;
  };
  Result<ResolvedCall> ResolveCall(const ast::FunctionCall& call, QueryScope& scope);
  Status CoerceCallArguments(ResolvedCall* resolved, int location);
  Status SpreadVariadic(const ast::FunctionCall& call, ResolvedCall* resolved);
  Result<ExprPtr> MakeScalarCall(ResolvedCall resolved, int location);
  Result<ExprPtr> BindAggregate(const ast::FunctionCall& call, ResolvedCall resolved,
                                QueryScope& scope);
  Result<ExprPtr> BindWindowCall(const ast::FunctionCall& call, ResolvedCall resolved,
                                 QueryScope& scope);
  Result<ExprPtr> BindSetCall(const ast::FunctionCall& call, ResolvedCall resolved,
                              QueryScope& scope);
  Status CheckPlainCall(const ast::FunctionCall& call) const;
  // How the function registry lists a function written so.
  static std::string RegisteredName(const ast::NameList& name);
  Status CheckAggregateAllowed(const QueryScope& scope, int location) const;
  Result<plan::SortKey> MakeSortKey(ExprPtr expr, const ast::SortItem& item);
  // Puts the set-returning functions that were met in `scope` above `node`.
  void BuildSets(QueryScope& scope, NodePtr* node);
  Status BindWindowSpec(const ast::WindowSpec& spec, QueryScope& scope, PendingWindow* out);
  Status BindFrame(const ast::WindowSpec& spec, QueryScope& scope, PendingWindow* out);

  // --- bind_names.cc
  Result<ExprPtr> BindColumnRef(const ast::ColumnRef& ref, QueryScope& scope);
  ExprPtr MakeColumn(uint32_t id, int location);
  void RecordColumn(const ast::ColumnRef& ref, const expr::Expr& column);
  // The statement reads this column: its privilege is needed.
  void NoteUse(uint32_t id);
  ExprPtr MakeWholeRow(const ScopeRelation& relation, int location);
  Result<ExprPtr> FindColumn(const std::string& name, QueryScope& scope, int location);
  Result<ExprPtr> FindSystemColumn(const std::string& name, const ScopeRelation& relation,
                                   const QueryScope& scope, int location);
  Result<ScopeRelation*> FindRelation(const std::string& schema, const std::string& name,
                                      QueryScope& scope, int location);
  Status MissingRelation(const std::string& name, QueryScope& scope, int location);
  Status MissingColumn(const std::string& relation, const std::string& name, QueryScope& scope,
                       int location);
  struct TableName {
    Oid schema = kInvalidOid;
    const catalog::Object* object = nullptr;
    const catalog::SystemTable* system = nullptr;
  };
  Result<TableName> LookUpTable(const ast::RelationName& name);
  const CteEntry* FindCte(const ast::RelationName& name, const CteScope* ctes);

  // --- bind_from.cc
  Result<NodePtr> BindFrom(const ast::FromItem& item, QueryScope& scope);
  Result<NodePtr> BindFromList(const std::vector<ast::FromPtr>& items, QueryScope& scope);
  Result<NodePtr> BindTable(const ast::FromTable& item, QueryScope& scope);
  Result<NodePtr> BindSample(const ast::TableSample& sample, const ScopeRelation& relation,
                             NodePtr node, QueryScope& scope);
  Result<NodePtr> BindCteReference(CteEntry& cte, const ast::FromTable& item, QueryScope& scope);
  Result<NodePtr> BindView(const catalog::Table& view, ScopeRelation* relation, int location);
  Result<NodePtr> BindSystemTable(const catalog::SystemTable& table, ScopeRelation* relation);
  Result<NodePtr> BindFromSubquery(const ast::FromSubquery& item, QueryScope& scope);
  Result<NodePtr> BindFromFunction(const ast::FromFunction& item, QueryScope& scope);
  Result<NodePtr> BindJoin(const ast::FromJoin& join, QueryScope& scope);
  Status AddRelation(QueryScope& scope, ScopeRelation* relation, int location);
  ScopeRelation* NewRelation(QueryScope& scope);
  Status ApplyAlias(const ast::Alias* alias, ScopeRelation* relation, int location);
  NodePtr MakeScan(const catalog::Table& table, ScopeRelation* relation);

  // --- bind_values.cc
  // Coerces the query's undecided literals and casts its columns to `types`; the result has exactly
  // one column of its own for each type.
  Result<NodePtr> CoerceColumns(BoundQuery query, const std::vector<SqlType>& types,
                                std::string_view context);
  // The literal or parameter of unknown type that column `id` of the query is; null: it is none.
  static ExprPtr TakeUnknown(plan::Node* node, uint32_t id);

  // --- bind_cte.cc
  Result<NodePtr> WrapCtes(NodePtr node, CteScope* ctes, std::vector<NodePtr> bodies,
                           std::vector<bool> always_run);
  Result<NodePtr> BindCommonTable(const ast::CommonTable& table, QueryScope* parent, CteScope* ctes,
                                  CteEntry* entry);
  Status BindWith(const ast::WithClause& with, QueryScope* parent, CteScope* ctes,
                  std::vector<NodePtr>* bodies, std::vector<bool>* always_run);

  // --- bind_recursive.cc
  Result<NodePtr> BindRecursive(const ast::CommonTable& table, CteEntry* entry, CteScope* ctes,
                                QueryScope* parent);
  Status NameCteColumns(const ast::CommonTable& table, const std::vector<ResultColumn>& columns,
                        CteEntry* entry);

  // --- bind_dml.cc
  Result<BoundQuery> BindDml(const ast::Statement& statement, QueryScope* parent, CteScope* ctes);

  PlannerContext& context_;
  plan::Plan* plan_;
  plan::ColumnTable columns_;
  std::vector<const QueryScope*> owners_;           // By column id.
  std::vector<const ScopeRelation*> relations_of_;  // By column id; null: not a FROM column.
  std::vector<std::string> relation_names_;         // By column id.
  RecordShapes records_;
  ParameterTypes parameters_;
  TypeRules types_;
  Resolver resolver_;
  Oid role_ = kInvalidOid;  // Checked for privileges: a view's owner, or kInvalidOid.
  int depth_ = 0;           // Of nested queries and expressions.
  int view_depth_ = 0;
  bool record_names_ = false;
  bool saw_collate_ = false;  // A COLLATE has been bound: operators compare their sides'.
  void SetRecording(bool records) {
    record_names_ = records;
    types_.set_shown_casts(records ? &recorded_.casts : nullptr);
  }
  RecordedNames recorded_;
  std::vector<Oid> dependencies_;
  // Relations outlive the scopes that name them: locks and columns refer to them.
  std::deque<std::unique_ptr<ScopeRelation>> relation_pool_;
  std::deque<std::unique_ptr<QueryScope>> scope_pool_;
  std::deque<std::unique_ptr<ast::Statement>> view_trees_;
};

}  // namespace helios::sql::binder
