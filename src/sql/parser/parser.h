// SQL text in, syntax tree out. The grammar is PostgreSQL 15's own.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "sql/ast.h"

namespace helios::sql {

struct ParseOptions {
  size_t statement_bytes_max = size_t{64} << 20;
  // Brackets, CASE and operators inside one another; keeps the grammar's recursion off the stack's
  // end.
  int nesting_depth_max = 1000;
  int parameter_number_max = 65535;
};

// One statement of a text.
struct RawStatement {
  ast::StatementPtr statement;
  std::string_view text;  // Its slice of the text given to Parse, without the semicolon.
  int location = 0;       // Where the slice begins: characters from 0. Locations in the tree count
                          // from the beginning of the whole text, as error positions do.
};

// Parses a text of any number of statements; an empty one gives an empty list. Error positions are
// characters from 1. Errors: kSyntaxError, kStatementTooComplex, kProgramLimitExceeded,
// kFeatureNotSupported for a statement that HeliosDB has no tree for, and the scanner's own.
// Thread safety: any thread. The views in the result point into `text`.
Result<std::vector<RawStatement>> Parse(std::string_view text, const ParseOptions& options = {});

// Identifiers of the text that are cut to 63 bytes, as written, in order.
std::vector<std::string> FindLongIdentifiers(std::string_view text);

// Parses one expression, as stored defaults and constraints keep them.
Result<ast::ExprPtr> ParseExpression(std::string_view text, const ParseOptions& options = {});

// Parses a type name, as in `numeric(10,2)[]`.
Result<ast::TypeName> ParseTypeName(std::string_view text, const ParseOptions& options = {});

}  // namespace helios::sql
