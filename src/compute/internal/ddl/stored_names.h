#pragma once

#include <string>

#include "compute/internal/ddl/ddl_editor.h"
#include "sql/field_rename.h"

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

// The same for a field of a composite type, or for a column as a field of its table's row type.
// Call it before the catalog has the new name.
Status FollowFieldChange(SessionImpl& session, DdlEditor& editor, const sql::FieldRename& rename);

}  // namespace helios::compute
