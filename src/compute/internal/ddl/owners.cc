// OWNER TO of what is no relation, REASSIGN OWNED and DROP OWNED.

#include <algorithm>

#include "compute/internal/ddl/role_edit.h"
#include "compute/internal/handlers.h"
#include "compute/internal/name_resolution.h"
#include "compute/internal/privileges.h"

namespace helios::compute {

namespace {

using catalog::ObjectKind;

// What a statement about a role's objects works on: parts follow their tables.
std::vector<Oid> OwnedBy(const catalog::Snapshot& snapshot, const std::vector<Oid>& roles) {
  std::vector<Oid> owned;
  for (const auto& [oid, object] : snapshot.objects()) {
    if (object->kind() == ObjectKind::kRole || object->kind() == ObjectKind::kIndex) continue;
    if (object->kind() == ObjectKind::kSequence &&
        static_cast<const catalog::Sequence&>(*object).owned_by_table != kInvalidOid) {
      continue;
    }
    if (std::find(roles.begin(), roles.end(), object->owner) != roles.end()) owned.push_back(oid);
  }
  return owned;
}

// The roles, if the current one has their privileges and the system does not need their objects.
Result<std::vector<Oid>> RolesToEmpty(SessionImpl& session, const std::vector<ast::RoleName>& names,
                                      const char* what, const char* bootstrap) {
  std::vector<Oid> roles;
  for (const ast::RoleName& name : names) {
    HELIOS_TRY(const catalog::Role* role, FindRoleByName(session, name));
    if (!session.IsSuperuser() &&
        EffectiveRoles(*session.Catalog(), session.role()).count(role->oid) == 0) {
      return Error(ErrorCode::kInsufficientPrivilege)
          .Message("permission denied to {} objects", what);
    }
    if (role->oid == catalog::kBootstrapRole) {
      return Error(ErrorCode::kDependentObjectsStillExist)
          .Message(
              "cannot {} objects owned by role {} because they are required by the database "
              "system",
              bootstrap, role->name);
    }
    roles.push_back(role->oid);
  }
  return roles;
}

// Takes the roles out of every acl.
void RevokeEverything(DdlEditor& editor, const std::vector<Oid>& roles) {
  std::vector<Oid> named;
  for (const auto& [oid, object] : editor.current().objects()) {
    bool found = false;
    for (const Oid role : roles) {
      found |= AclNames(object->acl, role) || DefaultsName(*object, role);
      if (object->kind() != ObjectKind::kTable) continue;
      for (const catalog::Column& column : static_cast<const catalog::Table&>(*object).columns) {
        found |= AclNames(column.acl, role);
      }
    }
    if (found) named.push_back(oid);
  }
  for (const Oid oid : named) {
    std::shared_ptr<catalog::Object> copy = editor.CopyObject(oid);
    for (const Oid role : roles) {
      EraseRole(&copy->acl, role);
      EraseFromDefaults(*copy, role);
      if (copy->kind() != ObjectKind::kTable) continue;
      for (catalog::Column& column : static_cast<catalog::Table&>(*copy).columns) {
        EraseRole(&column.acl, role);
      }
    }
    editor.Put(std::move(copy));
  }
}

}  // namespace

Status RunAlterOwner(SessionImpl& session, const ast::AlterOwnerStatement& statement,
                     UtilityResult*) {
  HELIOS_TRY(const catalog::Object* object,
             FindNonRelation(session, statement.object_type, statement.object));
  if (object == nullptr || object->kind() == ObjectKind::kRole) {
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("OWNER TO for this kind of object is not supported");
  }
  HELIOS_TRY(const catalog::Role* owner, FindRoleByName(session, statement.owner));
  if (object->owner == owner->oid) return Status::Ok();
  HELIOS_TRY(RequireOwner(session, *object));
  const catalog::Snapshot& snapshot = *session.Catalog();
  if (!session.IsSuperuser()) {
    if (!IsMemberOf(snapshot, session.role(), owner->oid)) {
      return Error(ErrorCode::kInsufficientPrivilege)
          .Message("must be member of role \"{}\"", owner->name);
    }
    const catalog::Schema* schema = snapshot.FindSchema(object->schema);
    if (schema != nullptr &&
        !HasPrivilege(snapshot, owner->oid, *schema,
                      static_cast<catalog::PrivilegeMask>(catalog::Privilege::kCreate))) {
      return PermissionDenied(*schema);
    }
  }
  DdlEditor editor(session);
  ChangeOwner(editor, object->oid, owner->oid);
  editor.Save();
  return Status::Ok();
}

Status RunReassignOwned(SessionImpl& session, const ast::ReassignOwnedStatement& statement) {
  HELIOS_TRY(const std::vector<Oid> roles,
             RolesToEmpty(session, statement.roles, "reassign", "reassign ownership of"));
  HELIOS_TRY(const catalog::Role* owner, FindRoleByName(session, statement.new_owner));
  if (!session.IsSuperuser() &&
      EffectiveRoles(*session.Catalog(), session.role()).count(owner->oid) == 0) {
    return Error(ErrorCode::kInsufficientPrivilege)
        .Message("permission denied to reassign objects");
  }
  DdlEditor editor(session);
  const Oid owner_oid = owner->oid;
  for (const Oid oid : OwnedBy(editor.current(), roles)) {
    ChangeOwnerWithParts(editor, oid, owner_oid);
  }
  editor.Save();
  return Status::Ok();
}

Status RunDropOwned(SessionImpl& session, const ast::DropOwnedStatement& statement) {
  HELIOS_TRY(const std::vector<Oid> roles, RolesToEmpty(session, statement.roles, "drop", "drop"));
  DdlEditor editor(session);
  std::vector<Oid> targets = OwnedBy(editor.current(), roles);
  std::erase_if(targets, [&](Oid oid) { return editor.current().FindDatabase(oid) != nullptr; });
  if (!targets.empty()) {
    HELIOS_TRY(
        DropObjects(session, editor, targets, statement.behavior == ast::DropBehavior::kCascade));
  }
  RevokeEverything(editor, roles);
  editor.Save();
  return Status::Ok();
}

}  // namespace helios::compute
