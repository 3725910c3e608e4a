// Turns libpg_query's tree into ours.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "sql/ast.h"
#include "sql/parser/internal/pg_tree.h"
#include "sql/parser/internal/text_map.h"

namespace helios::sql {

// Translates the statements of one text. The first error sticks; what is returned after it is
// incomplete and must be thrown away: ask status() once, at the end.
//
// Thread safety: none. Lifetime: `map` must outlive it.
class Translator {
 public:
  Translator(const TextMap& map, int parameter_number_max)
      : map_(map), parameter_number_max_(parameter_number_max) {}

  ast::StatementPtr TranslateStatement(const pg::Node* node);
  const Status& status() const { return status_; }

 private:
  using Node = pg::Node;
  using Nodes = pg::Nodes;

  // An error at a byte offset (-1: nowhere); only the first is kept.
  void Fail(Error&& error, int byte_offset);
  void Unsupported(std::string_view what, int byte_offset);
  int At(int byte_offset) const { return map_.CharOffset(byte_offset); }

  // Names and other small things (translate_names.cc).
  ast::NameList Names(Nodes nodes);
  std::string DottedName(Nodes nodes);
  ast::RelationName Relation(const PgQuery__RangeVar* relation);
  ast::RelationName RelationOf(const Node* node);
  std::unique_ptr<ast::Alias> AliasOf(const PgQuery__Alias* alias);
  ast::TypeName Type(const PgQuery__TypeName* type);
  std::unique_ptr<ast::TypeName> TypeOrNull(const PgQuery__TypeName* type);
  ast::Option OptionOf(const Node* node);
  std::vector<ast::Option> Options(Nodes nodes);
  void SetOptionValue(ast::Option& option, const Node* value);
  ast::RoleName Role(const PgQuery__RoleSpec* role);
  std::vector<ast::RoleName> Roles(Nodes nodes);
  ast::ObjectName Object(const Node* node);
  std::vector<ast::ObjectName> Objects(Nodes nodes);
  ast::FunctionParameter Parameter(const PgQuery__FunctionParameter& parameter);
  ast::ObjectType ObjectTypeOf(PgQuery__ObjectType type);
  ast::DropBehavior Behavior(PgQuery__DropBehavior behavior);
  ast::TransactionModes Modes(Nodes nodes);
  std::string ConstantText(const Node* node);

  // Expressions (translate_expr.cc, translate_expr_forms.cc).
  ast::ExprPtr Expression(const Node* node);  // Null for null.
  ast::ExprPtr ExpressionForm(const Node* node);
  ast::ExprList Expressions(Nodes nodes);
  ast::ExprPtr ConstantOf(const PgQuery__AConst& node);
  ast::ExprPtr ColumnOf(const PgQuery__ColumnRef& node);
  ast::ExprPtr ParameterOf(const PgQuery__ParamRef& node);
  ast::ExprPtr OperatorOf(const PgQuery__AExpr& node);
  ast::ExprPtr LikeOf(const PgQuery__AExpr& node);
  ast::ExprPtr BetweenOf(const PgQuery__AExpr& node);
  ast::ExprPtr FunctionOf(const PgQuery__FuncCall& node);
  ast::ExprPtr CastOf(const PgQuery__TypeCast& node);
  ast::ExprPtr SubqueryOf(const PgQuery__SubLink& node);
  ast::ExprPtr CaseExprOf(const PgQuery__CaseExpr& node);
  ast::ExprPtr SqlValueOf(const PgQuery__SQLValueFunction& node);
  ast::ExprPtr IndirectionOf(const PgQuery__AIndirection& node);
  std::vector<ast::IndirectionStep> Steps(Nodes nodes);
  ast::SortItem Sort(const Node* node);
  std::vector<ast::SortItem> Sorts(Nodes nodes);
  ast::WindowSpec Window(const PgQuery__WindowDef& node);

  // Queries (translate_select.cc).
  std::unique_ptr<ast::SelectStatement> Select(const PgQuery__SelectStmt& node);
  void SelectBody(const PgQuery__SelectStmt& node, ast::SelectStatement& select);
  std::unique_ptr<ast::WithClause> With(const PgQuery__WithClause* node);
  ast::CommonTable CommonTableOf(const PgQuery__CommonTableExpr& node);
  std::vector<ast::TargetItem> Targets(Nodes nodes);
  ast::GroupingItem GroupingOf(const Node* node);
  ast::LockingClause Locking(const PgQuery__LockingClause& node);
  ast::FromPtr From(const Node* node);
  std::vector<ast::FromPtr> FromList(Nodes nodes);
  ast::FromPtr FromFunctionOf(const PgQuery__RangeFunction& node);
  ast::FromPtr JoinOf(const PgQuery__JoinExpr& node);
  ast::FromPtr SampleOf(const PgQuery__RangeTableSample& node);
  std::vector<ast::FunctionColumn> FunctionColumns(Nodes nodes);

  // Data changes (translate_dml.cc).
  ast::StatementPtr Insert(const PgQuery__InsertStmt& node);
  ast::StatementPtr Update(const PgQuery__UpdateStmt& node);
  ast::StatementPtr Delete(const PgQuery__DeleteStmt& node);
  ast::StatementPtr Merge(const PgQuery__MergeStmt& node);
  ast::StatementPtr Copy(const PgQuery__CopyStmt& node);
  std::vector<ast::Assignment> Assignments(Nodes nodes);
  ast::AssignmentTarget Target(const PgQuery__ResTarget& node);
  std::vector<ast::AssignmentTarget> TargetNames(Nodes nodes);
  std::unique_ptr<ast::OnConflict> Conflict(const PgQuery__OnConflictClause* node);
  ast::Overriding OverridingOf(PgQuery__OverridingKind kind);
  ast::IndexElement IndexElementOf(const PgQuery__IndexElem& node);
  std::vector<ast::IndexElement> IndexElements(Nodes nodes);
  ast::SortDirection Direction(PgQuery__SortByDir direction);
  ast::NullsOrder Nulls(PgQuery__SortByNulls nulls);

  // Tables (translate_table.cc, translate_alter.cc).
  ast::StatementPtr CreateTable(const PgQuery__CreateStmt& node);
  ast::StatementPtr CreateTableAs(const PgQuery__CreateTableAsStmt& node);
  ast::StatementPtr CreateIndex(const PgQuery__IndexStmt& node);
  ast::ColumnDefinition Column(const PgQuery__ColumnDef& node);
  ast::Constraint ConstraintOf(const PgQuery__Constraint& node);
  std::vector<ast::Constraint> ColumnConstraints(Nodes nodes);
  std::unique_ptr<ast::PartitionBound> Bound(const PgQuery__PartitionBoundSpec* node);
  std::unique_ptr<ast::PartitionKey> PartitionKeyOf(const PgQuery__PartitionSpec* node);
  ast::OnCommit OnCommitOf(PgQuery__OnCommitAction action);
  ast::StatementPtr AlterTable(const PgQuery__AlterTableStmt& node);
  ast::AlterCommand Command(const PgQuery__AlterTableCmd& node);
  void CommandDefinition(const PgQuery__AlterTableCmd& node, ast::AlterCommand& command);

  // Everything else, by the header of the tree that holds it. Null when the node is none of theirs.
  ast::StatementPtr AlterStatement(const Node* node);        // translate_alter.cc
  ast::StatementPtr ObjectStatement(const Node* node);       // translate_object.cc
  ast::StatementPtr TypeStatement(const Node* node);         // translate_object.cc
  ast::StatementPtr AccessStatement(const Node* node);       // translate_access.cc
  ast::StatementPtr UtilityStatement(const Node* node);      // translate_utility.cc
  ast::StatementPtr MaintenanceStatement(const Node* node);  // translate_utility.cc
  ast::StatementPtr Drop(const PgQuery__DropStmt& node);
  ast::StatementPtr Rename(const PgQuery__RenameStmt& node);
  ast::StatementPtr AlterDomain(const PgQuery__AlterDomainStmt& node);
  ast::StatementPtr CreateFunction(const PgQuery__CreateFunctionStmt& node);
  ast::StatementPtr CreateTrigger(const PgQuery__CreateTrigStmt& node);
  std::unique_ptr<ast::GrantStatement> Grant(const PgQuery__GrantStmt& node);
  ast::StatementPtr Transaction(const PgQuery__TransactionStmt& node);
  ast::StatementPtr Set(const PgQuery__VariableSetStmt& node);
  ast::StatementPtr Do(const PgQuery__DoStmt& node);
  ast::StatementPtr DeclareCursor(const PgQuery__DeclareCursorStmt& node);

  const TextMap& map_;
  const int parameter_number_max_;
  Status status_;
};

}  // namespace helios::sql
