// Syntax tree -> SQL text, in the style in which PostgreSQL prints stored expressions and queries:
// operators in parentheses, casts as ::type, names quoted only where they must be.
//
// It prints what the tree says, so a tree to which analysis has added casts and qualified names
// comes out with them. The text parses back to an equal tree.
#pragma once

#include <string>
#include <string_view>

#include "sql/ast.h"

namespace helios::sql {

// A string literal; E'...' when it holds a backslash.
std::string QuoteLiteral(std::string_view text);
// Each part quoted, joined by dots.
std::string QuoteQualifiedName(const ast::NameList& names);

struct DeparseOptions {
  bool pretty = false;    // Fewer parentheses, as pg_get_viewdef(oid, true) has it.
  bool multiline = true;  // Clauses on lines of their own; false as in pg_get_indexdef.
  // The tree has been analysed: LIKE, IN and BETWEEN print as the operators that they became, names
  // lose pg_catalog, and numbers that need it their type, as in '-1'::integer.
  bool analyzed = false;
  bool domain_value = false;  // The column "value" is what a domain's condition calls VALUE.
  int indent = 0;             // Spaces before each line but the first.
};

std::string Deparse(const ast::Expr& expr, const DeparseOptions& options = {});
std::string Deparse(const ast::SelectStatement& select, const DeparseOptions& options = {});
std::string Deparse(const ast::TypeName& type, const DeparseOptions& options = {});
// As pg_get_constraintdef has it, without the name.
std::string Deparse(const ast::Constraint& constraint, const DeparseOptions& options = {});
std::string Deparse(const ast::IndexElement& element, const DeparseOptions& options = {});
// SELECT, INSERT, UPDATE, DELETE, MERGE and CREATE INDEX; other statements give an empty text.
std::string Deparse(const ast::Statement& statement, const DeparseOptions& options = {});

}  // namespace helios::sql
