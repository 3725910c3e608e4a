#pragma once

#include <string>

#include "compute/internal/session_impl.h"
#include "sql/ast.h"

namespace helios::compute {

// Relations by the name that a statement gives, through the search path. The pointers live as long
// as the session's present catalog snapshot.

// Null when there is none.
Result<const catalog::Object*> LookUpRelation(SessionImpl& session,
                                              const sql::ast::RelationName& name);
// 42P01 (3F000 for an unknown schema) when there is none; with `if_exists` the client gets a notice
// that the statement is skipped, and the result is null.
Result<const catalog::Object*> FindRelation(SessionImpl& session,
                                            const sql::ast::RelationName& name,
                                            bool if_exists = false);
// A table or view; 42809 for other kinds, system tables included.
Result<const catalog::Table*> FindTableOrView(SessionImpl& session,
                                              const sql::ast::RelationName& name,
                                              bool if_exists = false);
Result<const catalog::Sequence*> FindSequence(SessionImpl& session,
                                              const sql::ast::RelationName& name,
                                              bool if_exists = false);

// The schema in which `name` is to be made: the named one, the temporary one, or the first of the
// search path; with the CREATE privilege checked. 3F000 "no schema has been selected to create in".
Result<Oid> CreationSchema(SessionImpl& session, const sql::ast::RelationName& name);
// The same for types: a dotted name.
Result<Oid> CreationSchema(SessionImpl& session, const std::vector<std::string>& names);

Result<const catalog::Schema*> FindSchemaByName(SessionImpl& session, const std::string& name);
Result<const catalog::Role*> FindRoleByName(SessionImpl& session, const sql::ast::RoleName& name);
// A user type by dotted name; 42704, and 42809 for a table's row type, which is no object of its
// own.
Result<const catalog::UserType*> FindTypeByNames(SessionImpl& session,
                                                 const std::vector<std::string>& names,
                                                 bool if_exists = false);

// A schema, type, domain, role or database by name; null for other kinds of objects.
Result<const catalog::Object*> FindNonRelation(SessionImpl& session, sql::ast::ObjectType type,
                                               const sql::ast::ObjectName& name);

// 42501 unless the current role owns the object.
Status RequireOwner(SessionImpl& session, const catalog::Object& object);

}  // namespace helios::compute
