#pragma once

#include <string>
#include <vector>

#include "compute/internal/ddl/ddl_editor.h"

// What statements about roles, owners and privileges share.
namespace helios::compute {

// Makes each of `members` a member of `group`, or with `admin` one who may add others. 42501 unless
// the current role may, 0LP01 for a circle. A notice for who is one already.
Status AddMembers(SessionImpl& session, DdlEditor& editor, Oid group,
                  const std::vector<Oid>& members, bool admin);
// Takes them out, or with `admin_only` their right to add others.
Status RemoveMembers(SessionImpl& session, DdlEditor& editor, Oid group,
                     const std::vector<Oid>& members, bool admin_only);

// Another owner, in the acls too.
void SetOwner(catalog::Object& object, Oid owner);
// The same for an object of the editor's.
void ChangeOwner(DdlEditor& editor, Oid object, Oid owner);
// The table with its indexes and sequences, or another object alone.
void ChangeOwnerWithParts(DdlEditor& editor, Oid object, Oid owner);

// The acl of the object, or of a table's column, names the role.
bool AclNames(const std::optional<catalog::Acl>& acl, Oid role);
// The default privileges that a schema or database holds, or null.
const std::vector<catalog::DefaultPrivileges>* DefaultsOf(const catalog::Object& object);
// Whether they are the role's or name it, and their end.
bool DefaultsName(const catalog::Object& object, Oid role);
void EraseFromDefaults(catalog::Object& object, Oid role);
// Takes every privilege from and by the role out of the acl.
void EraseRole(std::optional<catalog::Acl>* acl, Oid role);

}  // namespace helios::compute
