// How expressions and queries of the catalog are shown to users: with the casts that analysis adds
// to them, and columns by their relations. The stored text has neither, so that it means the same
// when types and names around it change.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sql/deparse.h"
#include "sql/planner.h"

namespace helios::sql {

// A check, default, generation or index expression over `columns`. `expected` is the type that the
// value is assigned to, invalid where there is none. Text that cannot be bound is shown as it is.
std::string ShowStoredExpression(std::string_view sql, const std::vector<TableColumn>& columns,
                                 SqlType expected, const DeparseOptions& options,
                                 PlannerContext& context);

// Adds casts and qualifiers to a view's query, which is returned.
ast::StatementPtr AnnotateQuery(ast::StatementPtr query, PlannerContext& context);

}  // namespace helios::sql
