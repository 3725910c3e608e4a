// Roles, privileges and policies.
#pragma once

#include "sql/ast_object.h"

namespace helios::sql::ast {

enum class RoleForm : uint8_t { kRole, kUser, kGroup };

// Options: "password" (kNone: NULL), "superuser", "inherit", "createrole", "createdb", "canlogin",
// "isreplication", "bypassrls", "connectionlimit", "validUntil", "rolemembers", "adminmembers",
// "addroleto" (lists of role names), "sysid".
struct CreateRoleStatement : StatementOf<StatementKind::kCreateRole> {
  RoleForm form = RoleForm::kRole;
  std::string name;
  std::vector<Option> options;

  HELIOS_AST_FIELDS(CreateRoleStatement, form, name, options)
};

// ALTER ROLE with options, and ALTER GROUP ... ADD|DROP USER ("rolemembers", add says which).
struct AlterRoleStatement : StatementOf<StatementKind::kAlterRole> {
  RoleName role;
  std::vector<Option> options;
  bool add_members = true;

  HELIOS_AST_FIELDS(AlterRoleStatement, role, options, add_members)
};

struct DropRoleStatement : StatementOf<StatementKind::kDropRole> {
  std::vector<RoleName> roles;
  bool if_exists = false;

  HELIOS_AST_FIELDS(DropRoleStatement, roles, if_exists)
};

struct Privilege {
  std::string name;  // "select", ...; empty: ALL
  NameList columns;

  HELIOS_AST_FIELDS(Privilege, name, columns)
};

enum class GrantTarget : uint8_t { kObjects, kAllInSchema, kDefaults };

// GRANT and REVOKE on objects.
struct GrantStatement : StatementOf<StatementKind::kGrant> {
  bool grant = true;
  GrantTarget target = GrantTarget::kObjects;
  ObjectType object_type = ObjectType::kTable;
  std::vector<ObjectName> objects;    // kAllInSchema: the schemas.
  std::vector<Privilege> privileges;  // Empty: ALL.
  std::vector<RoleName> grantees;
  bool grant_option = false;  // WITH GRANT OPTION, or GRANT OPTION FOR.
  std::unique_ptr<RoleName> granted_by;
  DropBehavior behavior = DropBehavior::kRestrict;

  HELIOS_AST_FIELDS(GrantStatement, grant, target, object_type, objects, privileges, grantees,
                    grant_option, granted_by, behavior)
};

// GRANT role TO role
struct GrantRoleStatement : StatementOf<StatementKind::kGrantRole> {
  bool grant = true;
  NameList roles;
  std::vector<RoleName> grantees;
  bool admin_option = false;
  std::unique_ptr<RoleName> granted_by;
  DropBehavior behavior = DropBehavior::kRestrict;

  HELIOS_AST_FIELDS(GrantRoleStatement, grant, roles, grantees, admin_option, granted_by, behavior)
};

struct AlterDefaultPrivilegesStatement : StatementOf<StatementKind::kAlterDefaultPrivileges> {
  NameList schemas;
  std::vector<RoleName> roles;
  std::unique_ptr<GrantStatement> action;

  HELIOS_AST_FIELDS(AlterDefaultPrivilegesStatement, schemas, roles, action)
};

// CREATE POLICY, or with `alter` ALTER POLICY.
struct CreatePolicyStatement : StatementOf<StatementKind::kCreatePolicy> {
  bool alter = false;
  std::string name;
  RelationName relation;
  bool permissive = true;
  std::string command = "all";  // "all", "select", "insert", "update", "delete"
  std::vector<RoleName> roles;
  ExprPtr using_expr;
  ExprPtr check_expr;

  HELIOS_AST_FIELDS(CreatePolicyStatement, alter, name, relation, permissive, command, roles,
                    using_expr, check_expr)
};

struct ReassignOwnedStatement : StatementOf<StatementKind::kReassignOwned> {
  std::vector<RoleName> roles;
  RoleName new_owner;

  HELIOS_AST_FIELDS(ReassignOwnedStatement, roles, new_owner)
};

struct DropOwnedStatement : StatementOf<StatementKind::kDropOwned> {
  std::vector<RoleName> roles;
  DropBehavior behavior = DropBehavior::kRestrict;

  HELIOS_AST_FIELDS(DropOwnedStatement, roles, behavior)
};

}  // namespace helios::sql::ast
