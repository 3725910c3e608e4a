#pragma once

#include <string>

#include "compute/internal/ddl/ddl_editor.h"

namespace helios::compute {

// A relation or type that gets another name or schema, or a schema that gets another name: then the
// objects' own names are empty.
struct NameChange {
  enum class Kind : uint8_t { kRelation, kType, kSchema } kind = Kind::kRelation;
  std::string old_schema, old_name;
  std::string new_schema, new_name;
};

// Catalog records keep expressions and queries as SQL text with names in it. Puts every object
// whose text has the old name, with the new one in its place.
Status FollowNameChange(DdlEditor& editor, const NameChange& change);

// The same for a column of a table or view that is called `new_name` from now on. 0A000 when a view
// uses it in a way in which the name decides what the view means.
Status FollowColumnChange(DdlEditor& editor, const catalog::Table& table,
                          const std::string& old_name, const std::string& new_name);

}  // namespace helios::compute
