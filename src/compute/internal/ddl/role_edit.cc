#include "compute/internal/ddl/role_edit.h"

#include <algorithm>

#include "compute/internal/privileges.h"

namespace helios::compute {

namespace {

bool Contains(const std::vector<Oid>& list, Oid oid) {
  return std::find(list.begin(), list.end(), oid) != list.end();
}

// Whether the current role may say who is a member of `group`.
Status RequireGroupAdmin(SessionImpl& session, const DdlEditor& editor,
                         const catalog::Role& group) {
  if (session.IsSuperuser()) return Status::Ok();
  if (group.superuser) {
    return Error(ErrorCode::kInsufficientPrivilege)
        .Message("must be superuser to alter superusers");
  }
  const catalog::Snapshot& snapshot = editor.current();
  const catalog::Role* self = snapshot.FindRole(session.role());
  if (self->create_role) return Status::Ok();
  for (const Oid oid : EffectiveRoles(snapshot, session.role())) {
    const catalog::Role* role = snapshot.FindRole(oid);
    if (role != nullptr && Contains(role->admin_of, group.oid)) return Status::Ok();
  }
  return Error(ErrorCode::kInsufficientPrivilege)
      .Message("must have admin option on role \"{}\"", group.name);
}

void SwapOwnerInAcl(std::optional<catalog::Acl>* acl, Oid before, Oid after) {
  if (!acl->has_value()) return;
  catalog::Acl merged;
  for (catalog::AclEntry entry : **acl) {
    if (entry.grantee == before) entry.grantee = after;
    if (entry.grantor == before) entry.grantor = after;
    const auto same = std::find_if(merged.begin(), merged.end(), [&](const auto& other) {
      return other.grantee == entry.grantee && other.grantor == entry.grantor;
    });
    if (same == merged.end()) {
      merged.push_back(entry);
    } else {
      same->privileges |= entry.privileges;
      same->grantable |= entry.grantable;
    }
  }
  *acl = std::move(merged);
}

}  // namespace

Status AddMembers(SessionImpl& session, DdlEditor& editor, Oid group,
                  const std::vector<Oid>& members, bool admin) {
  if (members.empty()) return Status::Ok();
  const std::string group_name = editor.current().FindRole(group)->name;
  HELIOS_TRY(RequireGroupAdmin(session, editor, *editor.current().FindRole(group)));
  for (const Oid member : members) {
    auto role = editor.Copy<catalog::Role>(member);
    if (IsMemberOf(editor.current(), group, member)) {
      return Error(ErrorCode::kInvalidGrantOperation)
          .Message("role \"{}\" is a member of role \"{}\"", group_name, role->name);
    }
    if (Contains(role->member_of, group) && (!admin || Contains(role->admin_of, group))) {
      session.Notice(
          Notice::Severity::kNotice, "00000",
          fmt::format("role \"{}\" is already a member of role \"{}\"", role->name, group_name));
      continue;
    }
    if (!Contains(role->member_of, group)) role->member_of.push_back(group);
    if (admin && !Contains(role->admin_of, group)) role->admin_of.push_back(group);
    editor.Put(std::move(role));
  }
  return Status::Ok();
}

Status RemoveMembers(SessionImpl& session, DdlEditor& editor, Oid group,
                     const std::vector<Oid>& members, bool admin_only) {
  if (members.empty()) return Status::Ok();
  const std::string group_name = editor.current().FindRole(group)->name;
  HELIOS_TRY(RequireGroupAdmin(session, editor, *editor.current().FindRole(group)));
  for (const Oid member : members) {
    auto role = editor.Copy<catalog::Role>(member);
    if (!Contains(role->member_of, group)) {
      session.Notice(
          Notice::Severity::kWarning, "01000",
          fmt::format("role \"{}\" is not a member of role \"{}\"", role->name, group_name));
      continue;
    }
    std::erase(role->admin_of, group);
    if (!admin_only) std::erase(role->member_of, group);
    editor.Put(std::move(role));
  }
  return Status::Ok();
}

void SetOwner(catalog::Object& object, Oid owner) {
  SwapOwnerInAcl(&object.acl, object.owner, owner);
  if (object.kind() == catalog::ObjectKind::kTable) {
    for (catalog::Column& column : static_cast<catalog::Table&>(object).columns) {
      SwapOwnerInAcl(&column.acl, object.owner, owner);
    }
  }
  object.owner = owner;
}

void ChangeOwner(DdlEditor& editor, Oid oid, Oid owner) {
  std::shared_ptr<catalog::Object> object = editor.CopyObject(oid);
  SetOwner(*object, owner);
  editor.Put(std::move(object));
}

void ChangeOwnerWithParts(DdlEditor& editor, Oid oid, Oid owner) {
  ChangeOwner(editor, oid, owner);
  const catalog::Table* table = editor.current().FindTable(oid);
  if (table == nullptr) return;
  std::vector<Oid> parts = table->indexes;
  for (const auto& [other, object] : editor.current().objects()) {
    if (object->kind() == catalog::ObjectKind::kSequence &&
        static_cast<const catalog::Sequence&>(*object).owned_by_table == oid) {
      parts.push_back(other);
    }
  }
  for (const Oid part : parts) ChangeOwner(editor, part, owner);
}

bool AclNames(const std::optional<catalog::Acl>& acl, Oid role) {
  return acl.has_value() && std::any_of(acl->begin(), acl->end(), [role](const auto& entry) {
           return entry.grantee == role || entry.grantor == role;
         });
}

const std::vector<catalog::DefaultPrivileges>* DefaultsOf(const catalog::Object& object) {
  if (object.kind() == catalog::ObjectKind::kSchema) {
    return &static_cast<const catalog::Schema&>(object).default_privileges;
  }
  if (object.kind() == catalog::ObjectKind::kDatabase) {
    return &static_cast<const catalog::Database&>(object).default_privileges;
  }
  return nullptr;
}

bool DefaultsName(const catalog::Object& object, Oid role) {
  const auto* list = DefaultsOf(object);
  return list != nullptr && std::any_of(list->begin(), list->end(), [role](const auto& entry) {
           return entry.role == role || AclNames(entry.acl, role);
         });
}

void EraseFromDefaults(catalog::Object& object, Oid role) {
  const auto* found = DefaultsOf(object);
  if (found == nullptr) return;
  std::vector<catalog::DefaultPrivileges> list = *found;
  std::erase_if(list, [role](const auto& entry) { return entry.role == role; });
  for (catalog::DefaultPrivileges& entry : list) {
    std::erase_if(entry.acl,
                  [role](const catalog::AclEntry& item) { return item.grantee == role; });
  }
  if (object.kind() == catalog::ObjectKind::kSchema) {
    static_cast<catalog::Schema&>(object).default_privileges = std::move(list);
  } else {
    static_cast<catalog::Database&>(object).default_privileges = std::move(list);
  }
}

void EraseRole(std::optional<catalog::Acl>* acl, Oid role) {
  if (!acl->has_value()) return;
  std::erase_if(**acl, [role](const catalog::AclEntry& entry) {
    return entry.grantee == role || entry.grantor == role;
  });
}

}  // namespace helios::compute
