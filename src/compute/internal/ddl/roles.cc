// CREATE, ALTER and DROP ROLE, and GRANT of a role.

#include <algorithm>
#include <set>

#include "compute/internal/ddl/role_edit.h"
#include "compute/internal/handlers.h"
#include "compute/internal/name_resolution.h"
#include "compute/internal/password.h"
#include "compute/internal/privileges.h"

namespace helios::compute {

namespace {

using catalog::Role;

Status Denied(std::string_view message) {
  return Error(ErrorCode::kInsufficientPrivilege).Message("{}", message);
}

const Role& Self(SessionImpl& session, const DdlEditor& editor) {
  return *editor.current().FindRole(session.role());
}

bool MayCreateRoles(SessionImpl& session, const DdlEditor& editor) {
  return session.IsSuperuser() || Self(session, editor).create_role;
}

Status CheckRoleName(const std::string& name) {
  if (name == "public" || name == "none") {
    return Error(ErrorCode::kReservedName).Message("role name \"{}\" is reserved", name);
  }
  if (!name.starts_with("pg_")) return Status::Ok();
  return Error(ErrorCode::kReservedName)
      .Message("role name \"{}\" is reserved", name)
      .Detail("Role names starting with \"pg_\" are reserved.");
}

Status CheckNoRepeats(const std::vector<ast::Option>& options) {
  std::set<std::string> seen;
  for (const ast::Option& option : options) {
    if (!seen.insert(option.name).second) {
      return Error(ErrorCode::kSyntaxError)
          .Message("conflicting or redundant options")
          .Position(option.location < 0 ? 0 : option.location + 1);
    }
  }
  return Status::Ok();
}

const ast::Option* FindOption(const std::vector<ast::Option>& options, std::string_view name) {
  for (const ast::Option& option : options) {
    if (option.name == name) return &option;
  }
  return nullptr;
}

bool IsMembership(const ast::Option& option) {
  return option.name == "rolemembers" || option.name == "adminmembers" ||
         option.name == "addroleto";
}

Status SetPassword(SessionImpl& session, const ast::Option& option, Role* role) {
  role->password.clear();
  if (option.value_kind == ast::OptionValueKind::kNone) return Status::Ok();
  if (option.text.empty()) {
    session.Notice(Notice::Severity::kNotice, "00000",
                   "empty string is not a valid login password, clearing password");
    return Status::Ok();
  }
  const bool is_md5 = option.text.size() == 35 && option.text.starts_with("md5") &&
                      option.text.find_first_not_of("0123456789abcdef", 3) == std::string::npos;
  if (is_md5) {
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("MD5-encrypted passwords are not supported")
        .Hint("Give the password itself or a SCRAM-SHA-256 verifier.");
  }
  role->password =
      ParseScramVerifier(option.text).has_value() ? option.text : MakeScramVerifier(option.text);
  return Status::Ok();
}

Status ApplyOption(SessionImpl& session, const ast::Option& option, Role* role) {
  if (option.name == "password") return SetPassword(session, option, role);
  if (option.name == "superuser") role->superuser = option.boolean;
  if (option.name == "inherit") role->inherit = option.boolean;
  if (option.name == "createrole") role->create_role = option.boolean;
  if (option.name == "createdb") role->create_db = option.boolean;
  if (option.name == "canlogin") role->can_login = option.boolean;
  if (option.name == "isreplication") role->replication = option.boolean;
  if (option.name == "bypassrls") role->bypass_rls = option.boolean;
  if (option.name == "connectionlimit") {
    if (option.integer < -1 || option.integer > INT32_MAX) {
      return Error(ErrorCode::kInvalidParameterValue)
          .Message("invalid connection limit: {}", option.integer);
    }
    role->connection_limit = static_cast<int32_t>(option.integer);
  }
  if (option.name == "validUntil") {
    role->valid_until_us.reset();
    if (option.value_kind == ast::OptionValueKind::kNone) return Status::Ok();
    HELIOS_TRY(const Value value, ParseTextValue({type_oid::kTimestamptz}, option.text,
                                                 session.settings().text_format()));
    role->valid_until_us = value.As<int64_t>();
  }
  if (option.name == "sysid") {
    session.Notice(Notice::Severity::kNotice, "00000", "SYSID can no longer be specified");
  }
  return Status::Ok();
}

Result<std::vector<Oid>> RolesNamed(const DdlEditor& editor, const ast::NameList& names) {
  std::vector<Oid> oids;
  for (const std::string& name : names) {
    const Role* role = editor.current().FindRole(name);
    if (role == nullptr) {
      return Error(ErrorCode::kUndefinedObject).Message("role \"{}\" does not exist", name);
    }
    oids.push_back(role->oid);
  }
  return oids;
}

Result<std::vector<Oid>> RolesNamed(SessionImpl& session, const std::vector<ast::RoleName>& names) {
  std::vector<Oid> oids;
  for (const ast::RoleName& name : names) {
    HELIOS_TRY(const Role* role, FindRoleByName(session, name));
    oids.push_back(role->oid);
  }
  return oids;
}

Status CheckCreation(SessionImpl& session, const DdlEditor& editor, const Role& role) {
  if (session.IsSuperuser()) return Status::Ok();
  if (role.superuser) return Denied("must be superuser to create superusers");
  if (role.replication) return Denied("must be superuser to create replication users");
  if (role.bypass_rls) return Denied("must be superuser to create bypassrls users");
  if (!Self(session, editor).create_role) return Denied("permission denied to create role");
  return Status::Ok();
}

Status CheckAlteration(SessionImpl& session, const DdlEditor& editor, const Role& role,
                       const std::vector<ast::Option>& options) {
  if (session.IsSuperuser()) return Status::Ok();
  if (role.superuser || FindOption(options, "superuser") != nullptr) {
    return Denied("must be superuser to alter superuser roles or change superuser attribute");
  }
  if (role.replication || FindOption(options, "isreplication") != nullptr) {
    return Denied("must be superuser to alter replication roles or change replication attribute");
  }
  if (FindOption(options, "bypassrls") != nullptr) {
    return Denied("must be superuser to change bypassrls attribute");
  }
  if (Self(session, editor).create_role) return Status::Ok();
  // Everybody may change the own password.
  const bool only_password =
      std::all_of(options.begin(), options.end(),
                  [](const ast::Option& option) { return option.name == "password"; });
  if (only_password && role.oid == session.role()) return Status::Ok();
  return Denied("permission denied");
}

// What keeps a role from being dropped, a line each.
std::string Holdings(SessionImpl& session, const catalog::Snapshot& snapshot, Oid role) {
  std::string lines;
  const auto add = [&lines](const std::string& line) {
    lines += (lines.empty() ? "" : "\n") + line;
  };
  for (const auto& [oid, object] : snapshot.objects()) {
    if (object->kind() == catalog::ObjectKind::kRole) continue;
    if (object->owner == role) {
      // Indexes and owned sequences follow their tables.
      if (object->kind() == catalog::ObjectKind::kIndex) continue;
      add("owner of " + DescribeObject(session, *object));
    } else if (AclNames(object->acl, role)) {
      add("privileges for " + DescribeObject(session, *object));
    }
    if (DefaultsName(*object, role)) {
      add("default privileges in " + DescribeObject(session, *object));
    }
    if (object->kind() != catalog::ObjectKind::kTable) continue;
    for (const catalog::Column& column : static_cast<const catalog::Table&>(*object).columns) {
      if (column.dropped || object->owner == role || !AclNames(column.acl, role)) continue;
      add(fmt::format("privileges for column {} of {}", column.name,
                      DescribeObject(session, *object)));
    }
  }
  return lines;
}

Status DropOne(SessionImpl& session, DdlEditor& editor, const Role& role) {
  if (role.oid == session.role()) {
    return Error(ErrorCode::kObjectInUse).Message("current user cannot be dropped");
  }
  if (role.oid == session.session_role()) {
    return Error(ErrorCode::kObjectInUse).Message("session user cannot be dropped");
  }
  if (role.superuser && !session.IsSuperuser()) {
    return Denied("must be superuser to drop superusers");
  }
  if (role.oid == catalog::kBootstrapRole) {
    return Error(ErrorCode::kDependentObjectsStillExist)
        .Message("cannot drop role {} because it is required by the database system", role.name);
  }
  const std::string holdings = Holdings(session, editor.current(), role.oid);
  if (!holdings.empty()) {
    return Error(ErrorCode::kDependentObjectsStillExist)
        .Message("role \"{}\" cannot be dropped because some objects depend on it", role.name)
        .Detail("{}", holdings);
  }
  std::vector<Oid> members;
  for (const auto& [oid, object] : editor.current().objects()) {
    if (object->kind() != catalog::ObjectKind::kRole) continue;
    const auto& groups = static_cast<const Role&>(*object).member_of;
    if (std::find(groups.begin(), groups.end(), role.oid) != groups.end()) members.push_back(oid);
  }
  const Oid dropped = role.oid;
  for (const Oid member : members) {
    auto copy = editor.Copy<Role>(member);
    std::erase(copy->member_of, dropped);
    std::erase(copy->admin_of, dropped);
    editor.Put(std::move(copy));
  }
  editor.Remove(dropped);
  return Status::Ok();
}

}  // namespace

Status RunCreateRole(SessionImpl& session, const ast::CreateRoleStatement& statement) {
  HELIOS_TRY(CheckNoRepeats(statement.options));
  DdlEditor editor(session);
  auto role = std::make_shared<Role>();
  role->name = statement.name;
  role->can_login = statement.form == ast::RoleForm::kUser;
  for (const ast::Option& option : statement.options) {
    HELIOS_TRY(ApplyOption(session, option, role.get()));
  }
  HELIOS_TRY(CheckCreation(session, editor, *role));
  HELIOS_TRY(CheckRoleName(role->name));
  if (editor.current().FindRole(role->name) != nullptr) {
    return Error(ErrorCode::kDuplicateObject).Message("role \"{}\" already exists", role->name);
  }
  HELIOS_TRY(role->oid, session.NewOid());
  const Oid oid = role->oid;
  editor.Put(std::move(role));
  for (const ast::Option& option : statement.options) {
    if (!IsMembership(option)) continue;
    HELIOS_TRY(const std::vector<Oid> others, RolesNamed(editor, option.list));
    if (option.name != "addroleto") {
      HELIOS_TRY(AddMembers(session, editor, oid, others, option.name == "adminmembers"));
      continue;
    }
    for (const Oid group : others) HELIOS_TRY(AddMembers(session, editor, group, {oid}, false));
  }
  editor.Save();
  return Status::Ok();
}

Status RunAlterRole(SessionImpl& session, const ast::AlterRoleStatement& statement) {
  HELIOS_TRY(CheckNoRepeats(statement.options));
  HELIOS_TRY(const Role* found, FindRoleByName(session, statement.role));
  DdlEditor editor(session);
  const Oid oid = found->oid;
  HELIOS_TRY(CheckAlteration(session, editor, *found, statement.options));
  auto role = editor.Copy<Role>(oid);
  for (const ast::Option& option : statement.options) {
    HELIOS_TRY(ApplyOption(session, option, role.get()));
  }
  if (oid == catalog::kBootstrapRole && !role->superuser) {
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("permission denied to alter role")
        .Detail("The bootstrap user must have the SUPERUSER attribute.");
  }
  editor.Put(std::move(role));
  for (const ast::Option& option : statement.options) {
    if (option.name != "rolemembers") continue;
    HELIOS_TRY(const std::vector<Oid> members, RolesNamed(editor, option.list));
    HELIOS_TRY(statement.add_members ? AddMembers(session, editor, oid, members, false)
                                     : RemoveMembers(session, editor, oid, members, false));
  }
  editor.Save();
  return Status::Ok();
}

Status RunDropRole(SessionImpl& session, const ast::DropRoleStatement& statement) {
  DdlEditor editor(session);
  if (!MayCreateRoles(session, editor)) return Denied("permission denied to drop role");
  for (const ast::RoleName& name : statement.roles) {
    if (name.role != ast::RoleKind::kNamed) {
      return Error(ErrorCode::kInvalidParameterValue)
          .Message("cannot use special role specifier in DROP ROLE");
    }
    const Role* role = editor.current().FindRole(name.name);
    if (role != nullptr) {
      HELIOS_TRY(DropOne(session, editor, *role));
    } else if (statement.if_exists) {
      session.Notice(Notice::Severity::kNotice, "00000",
                     fmt::format("role \"{}\" does not exist, skipping", name.name));
    } else {
      return Error(ErrorCode::kUndefinedObject).Message("role \"{}\" does not exist", name.name);
    }
  }
  editor.Save();
  return Status::Ok();
}

Status RunGrantRole(SessionImpl& session, const ast::GrantRoleStatement& statement,
                    UtilityResult*) {
  DdlEditor editor(session);
  if (statement.granted_by != nullptr) {
    HELIOS_TRY(const Role* grantor, FindRoleByName(session, *statement.granted_by));
    if (grantor->oid != session.role() && !session.IsSuperuser()) {
      return Denied("must be superuser to set grantor");
    }
  }
  HELIOS_TRY(const std::vector<Oid> members, RolesNamed(session, statement.grantees));
  HELIOS_TRY(const std::vector<Oid> groups, RolesNamed(editor, statement.roles));
  for (const Oid group : groups) {
    HELIOS_TRY(statement.grant
                   ? AddMembers(session, editor, group, members, statement.admin_option)
                   : RemoveMembers(session, editor, group, members, statement.admin_option));
  }
  editor.Save();
  return Status::Ok();
}

}  // namespace helios::compute
