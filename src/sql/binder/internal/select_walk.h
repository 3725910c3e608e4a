#pragma once

#include <functional>

#include "sql/ast.h"

namespace helios::sql::binder {

// Visits every SELECT of the statement: those in FROM and WITH, of set operations, and sub-selects.
// None is visited twice.
using SelectVisitor = std::function<void(ast::SelectStatement&)>;
void VisitSelects(ast::Statement& query, const SelectVisitor& visit);

}  // namespace helios::sql::binder
