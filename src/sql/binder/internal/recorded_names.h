// What the names in a statement meant when it was bound.
#pragma once

#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "sql/ast.h"
#include "sql/binder/internal/type_rules.h"

namespace helios::sql::binder {

// Keyed by nodes of the statement's tree, which must outlive it. With these the text of a view or
// of an index expression is written so that neither the search path nor a later column changes it.
struct RecordedNames {
  // A `*` or `t.*` of a select list, and what it stood for.
  struct Star {
    const ast::ColumnRef* star;
    std::vector<std::pair<std::string, std::string>> columns;  // (relation or empty, column)
  };

  // A `(row).*` of a select list, and the fields that it stood for.
  struct RowStar {
    const ast::Indirection* star;
    std::vector<std::string> fields;
  };

  std::unordered_map<const ast::RelationName*, std::string> relation_schemas;
  std::unordered_map<const ast::TypeName*, std::string> type_schemas;  // Of users' types.
  // Columns that were written without their relation, with its name.
  std::unordered_map<const ast::ColumnRef*, std::string> column_relations;
  std::vector<Star> stars;
  std::vector<RowStar> row_stars;
  // The type whose field a step `.name` takes: a composite type or the row type of a table.
  std::unordered_map<const ast::IndirectionStep*, Oid> field_types;
  // What the columns of functions in FROM are called that give rows of such a type.
  std::unordered_map<const ast::FromFunction*, std::vector<std::string>> function_columns;
  ShownCasts casts;
};

}  // namespace helios::sql::binder
