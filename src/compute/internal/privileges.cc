#include "compute/internal/privileges.h"

namespace helios::compute {

using catalog::ObjectKind;
using catalog::Privilege;
using catalog::PrivilegeMask;

namespace {

constexpr PrivilegeMask Mask(Privilege privilege) { return static_cast<PrivilegeMask>(privilege); }

struct Letter {
  Privilege privilege;
  char letter;
};
constexpr Letter kLetters[] = {
    {Privilege::kInsert, 'a'},  {Privilege::kSelect, 'r'},    {Privilege::kUpdate, 'w'},
    {Privilege::kDelete, 'd'},  {Privilege::kTruncate, 'D'},  {Privilege::kReferences, 'x'},
    {Privilege::kTrigger, 't'}, {Privilege::kExecute, 'X'},   {Privilege::kUsage, 'U'},
    {Privilege::kCreate, 'C'},  {Privilege::kTemporary, 'T'}, {Privilege::kConnect, 'c'},
};

void AddRoles(const catalog::Snapshot& snapshot, Oid role, bool inherited_only,
              std::set<Oid>* roles) {
  if (!roles->insert(role).second) return;
  const catalog::Role* found = snapshot.FindRole(role);
  if (found == nullptr || (inherited_only && !found->inherit)) return;
  for (const Oid parent : found->member_of) AddRoles(snapshot, parent, inherited_only, roles);
}

// The union of what the acl gives to any of the roles or to everybody.
PrivilegeMask Granted(const catalog::Acl& acl, const std::set<Oid>& roles, bool with_grant) {
  PrivilegeMask granted = 0;
  for (const catalog::AclEntry& entry : acl) {
    if (entry.grantee != kInvalidOid && roles.find(entry.grantee) == roles.end()) continue;
    granted |= with_grant ? entry.grantable : entry.privileges;
  }
  return granted;
}

bool IsSuperuser(const catalog::Snapshot& snapshot, Oid role) {
  const catalog::Role* found = snapshot.FindRole(role);
  return found != nullptr && found->superuser;
}

}  // namespace

bool IsMemberOf(const catalog::Snapshot& snapshot, Oid role, Oid other) {
  std::set<Oid> roles;
  AddRoles(snapshot, role, /*inherited_only=*/false, &roles);
  return roles.find(other) != roles.end();
}

std::set<Oid> EffectiveRoles(const catalog::Snapshot& snapshot, Oid role) {
  std::set<Oid> roles;
  AddRoles(snapshot, role, /*inherited_only=*/true, &roles);
  return roles;
}

PrivilegeMask AllPrivileges(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::kTable:
      return Mask(Privilege::kInsert) | Mask(Privilege::kSelect) | Mask(Privilege::kUpdate) |
             Mask(Privilege::kDelete) | Mask(Privilege::kTruncate) | Mask(Privilege::kReferences) |
             Mask(Privilege::kTrigger);
    case ObjectKind::kSequence:
      return Mask(Privilege::kSelect) | Mask(Privilege::kUpdate) | Mask(Privilege::kUsage);
    case ObjectKind::kSchema:
      return Mask(Privilege::kUsage) | Mask(Privilege::kCreate);
    case ObjectKind::kDatabase:
      return Mask(Privilege::kCreate) | Mask(Privilege::kTemporary) | Mask(Privilege::kConnect);
    case ObjectKind::kType:
      return Mask(Privilege::kUsage);
    case ObjectKind::kRole:
    case ObjectKind::kIndex:
      return 0;
  }
  return 0;
}

catalog::Acl DefaultAcl(ObjectKind kind, Oid owner) {
  const PrivilegeMask all = AllPrivileges(kind);
  catalog::Acl acl = {{owner, owner, all, 0}};
  if (kind == ObjectKind::kDatabase) {
    acl.push_back(
        {kInvalidOid, owner,
         static_cast<PrivilegeMask>(Mask(Privilege::kTemporary) | Mask(Privilege::kConnect)), 0});
  }
  if (kind == ObjectKind::kType) acl.push_back({kInvalidOid, owner, Mask(Privilege::kUsage), 0});
  return acl;
}

bool IsOwner(const catalog::Snapshot& snapshot, Oid role, const catalog::Object& object) {
  return IsSuperuser(snapshot, role) || EffectiveRoles(snapshot, role).count(object.owner) > 0;
}

bool HasPrivilege(const catalog::Snapshot& snapshot, Oid role, const catalog::Object& object,
                  PrivilegeMask privileges, bool with_grant) {
  if (IsSuperuser(snapshot, role)) return true;
  const std::set<Oid> roles = EffectiveRoles(snapshot, role);
  if (with_grant && roles.count(object.owner) > 0) return true;
  const PrivilegeMask granted =
      Granted(object.acl.has_value() ? *object.acl : DefaultAcl(object.kind(), object.owner), roles,
              with_grant);
  return (granted & privileges) == privileges;
}

bool HasColumnPrivilege(const catalog::Snapshot& snapshot, Oid role, const catalog::Table& table,
                        int16_t column, Privilege privilege) {
  if (HasPrivilege(snapshot, role, table, Mask(privilege))) return true;
  const catalog::Column* found = table.FindColumn(column);
  if (found == nullptr || !found->acl.has_value()) return false;
  return (Granted(*found->acl, EffectiveRoles(snapshot, role), false) & Mask(privilege)) != 0;
}

std::string KindName(const catalog::Object& object) {
  switch (object.kind()) {
    case ObjectKind::kRole:
      return "role";
    case ObjectKind::kDatabase:
      return "database";
    case ObjectKind::kSchema:
      return "schema";
    case ObjectKind::kIndex:
      return "index";
    case ObjectKind::kSequence:
      return "sequence";
    case ObjectKind::kType:
      return static_cast<const catalog::UserType&>(object).type_kind ==
                     catalog::UserType::TypeKind::kDomain
                 ? "domain"
                 : "type";
    case ObjectKind::kTable:
      switch (static_cast<const catalog::Table&>(object).table_kind) {
        case catalog::TableKind::kView:
          return "view";
        case catalog::TableKind::kMaterializedView:
          return "materialized view";
        case catalog::TableKind::kTable:
          return "table";
      }
  }
  return "object";
}

Status PermissionDenied(const catalog::Object& object) {
  return Error(ErrorCode::kInsufficientPrivilege)
      .Message("permission denied for {} {}", KindName(object), object.name);
}

Status MustBeOwner(const catalog::Object& object) {
  return Error(ErrorCode::kInsufficientPrivilege)
      .Message("must be owner of {} {}", KindName(object), object.name);
}

std::string PrivilegeLetters(PrivilegeMask privileges, PrivilegeMask grantable) {
  std::string letters;
  for (const Letter& letter : kLetters) {
    if ((privileges & Mask(letter.privilege)) == 0) continue;
    letters += letter.letter;
    if ((grantable & Mask(letter.privilege)) != 0) letters += '*';
  }
  return letters;
}

}  // namespace helios::compute
