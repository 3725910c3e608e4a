// Copies, comparisons and walks of the syntax tree, made from each node's list of fields.
#pragma once

#include <functional>

#include "sql/ast.h"

namespace helios::sql::ast {

// A deep copy with the same locations.
ExprPtr Clone(const Expr& expr);
FromPtr Clone(const FromItem& item);
StatementPtr Clone(const Statement& statement);
TypeName Clone(const TypeName& type);
ColumnDefinition Clone(const ColumnDefinition& column);
Constraint Clone(const Constraint& constraint);
IndexElement Clone(const IndexElement& element);

// Whether two trees say the same; locations do not count.
bool Equal(const Expr& a, const Expr& b);
bool Equal(const FromItem& a, const FromItem& b);
bool Equal(const Statement& a, const Statement& b);
bool Equal(const TypeName& a, const TypeName& b);

// What a walk does after it has visited a node.
enum class WalkStep : uint8_t { kDescend, kSkip, kStop };

// Visits `root` and every expression below it, parents first, in the order of the text. Goes
// through from items and sub-selects too, unless the visitor skips them. `visit` may not add or
// remove nodes; it may change the node it is given. Returns false if it was stopped.
using ExprVisitor = std::function<WalkStep(Expr&)>;
using ConstExprVisitor = std::function<WalkStep(const Expr&)>;
bool WalkExprs(Expr& root, const ExprVisitor& visit);
bool WalkExprs(const Expr& root, const ConstExprVisitor& visit);
bool WalkExprs(Statement& root, const ExprVisitor& visit);
bool WalkExprs(const Statement& root, const ConstExprVisitor& visit);

// Visits every table name of the statement, those of sub-selects included.
using RelationVisitor = std::function<void(const RelationName&)>;
void WalkRelations(const Statement& root, const RelationVisitor& visit);

// Replaces expressions below `root` (not `root` itself) bottom up: `replace` returns null to keep
// one.
using ExprReplacer = std::function<ExprPtr(Expr&)>;
void ReplaceExprs(ExprPtr& root, const ExprReplacer& replace);

}  // namespace helios::sql::ast
