#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/status.h"
#include "catalog/snapshot.h"

namespace helios::compute {

// Whether `role` is `other`, or a member of it, directly or through others.
bool IsMemberOf(const catalog::Snapshot& snapshot, Oid role, Oid other);
// The roles whose privileges `role` has: itself and, where it inherits, those it is a member of.
std::set<Oid> EffectiveRoles(const catalog::Snapshot& snapshot, Oid role);

// The privileges that an object without an acl has: everything for its owner, and PUBLIC's
// defaults.
catalog::Acl DefaultAcl(catalog::ObjectKind kind, Oid owner);
catalog::PrivilegeMask AllPrivileges(catalog::ObjectKind kind);

// Whether `role` holds every privilege of `privileges` on the object; superusers and owners do.
// `with_grant`: with the right to pass them on.
bool HasPrivilege(const catalog::Snapshot& snapshot, Oid role, const catalog::Object& object,
                  catalog::PrivilegeMask privileges, bool with_grant = false);
bool HasColumnPrivilege(const catalog::Snapshot& snapshot, Oid role, const catalog::Table& table,
                        int16_t column, catalog::Privilege privilege);
// Whether the role may do what only an owner may.
bool IsOwner(const catalog::Snapshot& snapshot, Oid role, const catalog::Object& object);

// "table", "view", "sequence", ...: how errors call the object.
std::string KindName(const catalog::Object& object);
// 42501 "permission denied for table t".
Status PermissionDenied(const catalog::Object& object);
// 42501 "must be owner of table t".
Status MustBeOwner(const catalog::Object& object);

// "arwdDxt" and back.
std::string PrivilegeLetters(catalog::PrivilegeMask privileges, catalog::PrivilegeMask grantable);

}  // namespace helios::compute
