// Stored expressions and queries name the fields of rows by text. This finds, by binding them, the
// places that mean one field, and gives them another name.
#pragma once

#include <string>
#include <vector>

#include "sql/planner.h"

namespace helios::sql {

// A field of a composite type, or of a table's row type, that gets another name.
struct FieldRename {
  Oid type = kInvalidOid;
  std::string old_name;
  std::string new_name;
};

// Puts the new name into a query that the context's catalog, which still has the old one, can bind.
// The query's own columns keep their names. Returns whether anything changed.
bool RenameField(const FieldRename& rename, ast::Statement& query, PlannerContext& context);

// The same for an expression over `columns`.
bool RenameField(const FieldRename& rename, const std::vector<TableColumn>& columns,
                 ast::Expr& expr, PlannerContext& context);

}  // namespace helios::sql
