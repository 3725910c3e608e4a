// Prints the syntax tree. One object prints one text.
#pragma once

#include <string>
#include <string_view>

#include "sql/ast.h"
#include "sql/deparse.h"
#include "types/text.h"

namespace helios::sql {

class Printer {
 public:
  explicit Printer(const DeparseOptions& options) : options_(options), level_(options.indent) {}

  std::string Take() { return std::move(out_); }

  void Print(const ast::Expr& expr);               // deparse_expr.cc
  void Print(const ast::SelectStatement& select);  // deparse_select.cc
  void Print(const ast::Statement& statement);     // deparse_statement.cc
  void Print(const ast::TypeName& type);           // deparse_names.cc
  void Print(const ast::Constraint& constraint);   // deparse_statement.cc
  void Print(const ast::IndexElement& element);    // deparse_statement.cc

 private:
  void Put(std::string_view text) { out_ += text; }
  void PutName(std::string_view name) { out_ += QuoteIdentifier(name); }
  // A line of its own at the present level plus `extra`, else a blank if `text` begins with none.
  void Line(std::string_view text, int before, int after, int extra);
  std::string LineBegin(int extra) const;
  // Calls print(item) for each, with commas between.
  template <typename List, typename F>
  void Separated(const List& list, F print) {
    bool is_first = true;
    for (const auto& item : list) {
      if (!is_first) Put(", ");
      is_first = false;
      print(item);
    }
  }

  // Names and types (deparse_names.cc).
  void PutNames(const ast::NameList& names);  // In parentheses.
  void PutQualified(const ast::NameList& names);
  void PutOperator(const ast::NameList& op);
  void PutRelation(const ast::RelationName& relation);
  void PutOptions(const std::vector<ast::Option>& options);
  void PutBuiltInType(const ast::TypeName& type);
  void PutIntervalType(const ast::TypeName& type);
  void PutModifiers(const ast::TypeName& type);
  ast::NameList Visible(const ast::NameList& names) const;

  // Expressions (deparse_expr.cc, deparse_call.cc).
  void PutList(const ast::ExprList& list);
  // `child` as an operand of `parent`: in parentheses where only they keep the meaning.
  void PutOperand(const ast::Expr& child, const ast::Expr& parent);
  void Open() {
    if (!options_.pretty) Put("(");
  }
  void Close() {
    if (!options_.pretty) Put(")");
  }
  void PutConstant(const ast::Constant& constant);
  void PutColumn(const ast::ColumnRef& column);
  void PutOperatorExpr(const ast::Operator& expr);
  void PutLike(const ast::Like& expr);
  void PutBetween(const ast::Between& expr);
  void PutIn(const ast::In& expr);
  void PutBoolean(const ast::Boolean& expr);
  void PutCase(const ast::Case& expr);
  void PutCast(const ast::Cast& expr);
  void PutSubquery(const ast::Subquery& expr);
  void PutNested(const ast::Statement& query);  // A query in parentheses.
  void PutRow(const ast::Row& expr);
  void PutIndirection(const ast::Indirection& expr);
  void PutSteps(const std::vector<ast::IndirectionStep>& steps);
  void PutCall(const ast::FunctionCall& call);
  bool PutSqlSyntax(const ast::FunctionCall& call);
  void PutTrim(const ast::FunctionCall& call, std::string_view side);
  void PutWindow(const ast::WindowSpec& window);
  void PutFrame(const ast::WindowSpec& window);
  void PutFrameBound(const ast::FrameBound& bound);
  void PutSort(const ast::SortItem& item);
  void PutSortKey(const ast::Expr& expr);  // Of ORDER BY, GROUP BY, PARTITION BY.
  void PutSqlValue(const ast::SqlValue& value);
  void PutForm(const ast::Expr& expr);

  // Queries (deparse_select.cc).
  void PutWith(const ast::WithClause& with);
  void PutCommonTable(const ast::CommonTable& table);
  void PutSelectBody(const ast::SelectStatement& select);
  void PutSetOperation(const ast::SelectStatement& select);
  void PutSetOperand(const ast::SelectStatement& operand, bool parentheses);
  void PutValues(const std::vector<ast::ExprList>& rows);
  void PutTargets(const std::vector<ast::TargetItem>& targets);
  void PutFrom(const std::vector<ast::FromPtr>& items, std::string_view word);
  void PutFromItem(const ast::FromItem& item);
  void PutFromFunction(const ast::FromFunction& function);
  void PutJoin(const ast::FromJoin& join);
  void PutAlias(const ast::Alias* alias);
  void PutFunctionColumns(const std::vector<ast::FunctionColumn>& columns);
  void PutGrouping(const ast::GroupingItem& item);
  void PutTail(const ast::SelectStatement& select);
  void PutLocking(const ast::LockingClause& locking);

  // Statements (deparse_statement.cc).
  void PutInsert(const ast::InsertStatement& insert);
  void PutUpdate(const ast::UpdateStatement& update);
  void PutDelete(const ast::DeleteStatement& statement);
  void PutMerge(const ast::MergeStatement& merge);
  void PutCreateIndex(const ast::CreateIndexStatement& create);
  void PutConflict(const ast::OnConflict& conflict);
  void PutAssignments(const std::vector<ast::Assignment>& assignments);
  void PutTarget(const ast::AssignmentTarget& target);
  void PutReturning(const std::vector<ast::TargetItem>& returning);
  void PutForeignKey(const ast::Constraint& constraint);

  const DeparseOptions options_;
  int level_;
  std::string out_;
};

}  // namespace helios::sql
