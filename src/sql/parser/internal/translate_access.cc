// Roles, privileges, policies.
#include "sql/parser/internal/translator.h"

namespace helios::sql {

using namespace ast;  // NOLINT: every line here builds nodes of the tree.

std::unique_ptr<GrantStatement> Translator::Grant(const PgQuery__GrantStmt& node) {
  auto grant = std::make_unique<GrantStatement>();
  grant->grant = node.is_grant;
  if (node.targtype == PG_QUERY__GRANT_TARGET_TYPE__ACL_TARGET_ALL_IN_SCHEMA) {
    grant->target = GrantTarget::kAllInSchema;
  } else if (node.targtype == PG_QUERY__GRANT_TARGET_TYPE__ACL_TARGET_DEFAULTS) {
    grant->target = GrantTarget::kDefaults;
  }
  grant->object_type = ObjectTypeOf(node.objtype);
  grant->objects = Objects(HELIOS_PG_LIST(node, objects));
  for (const Node* item : HELIOS_PG_LIST(node, privileges)) {
    if (pg::CaseOf(item) != PG_QUERY__NODE__NODE_ACCESS_PRIV) continue;
    Privilege& privilege = grant->privileges.emplace_back();
    privilege.name = pg::Str(item->access_priv->priv_name);
    privilege.columns = Names(HELIOS_PG_LIST(*item->access_priv, cols));
  }
  grant->grantees = Roles(HELIOS_PG_LIST(node, grantees));
  grant->grant_option = node.grant_option;
  if (node.grantor != nullptr) grant->granted_by = std::make_unique<RoleName>(Role(node.grantor));
  grant->behavior = Behavior(node.behavior);
  return grant;
}

// NOLINTNEXTLINE(readability-function-size): one case a statement: long, but a list.
StatementPtr Translator::AccessStatement(const Node* node) {
  switch (pg::CaseOf(node)) {
    case PG_QUERY__NODE__NODE_CREATE_ROLE_STMT: {
      const PgQuery__CreateRoleStmt& source = *node->create_role_stmt;
      auto create = std::make_unique<CreateRoleStatement>();
      if (source.stmt_type == PG_QUERY__ROLE_STMT_TYPE__ROLESTMT_USER) {
        create->form = RoleForm::kUser;
      } else if (source.stmt_type == PG_QUERY__ROLE_STMT_TYPE__ROLESTMT_GROUP) {
        create->form = RoleForm::kGroup;
      }
      create->name = pg::Str(source.role);
      create->options = Options(HELIOS_PG_LIST(source, options));
      return create;
    }
    case PG_QUERY__NODE__NODE_ALTER_ROLE_STMT: {
      auto alter = std::make_unique<AlterRoleStatement>();
      alter->role = Role(node->alter_role_stmt->role);
      alter->options = Options(HELIOS_PG_LIST(*node->alter_role_stmt, options));
      alter->add_members = node->alter_role_stmt->action >= 0;
      return alter;
    }
    case PG_QUERY__NODE__NODE_DROP_ROLE_STMT: {
      auto drop = std::make_unique<DropRoleStatement>();
      drop->roles = Roles(HELIOS_PG_LIST(*node->drop_role_stmt, roles));
      drop->if_exists = node->drop_role_stmt->missing_ok;
      return drop;
    }
    case PG_QUERY__NODE__NODE_GRANT_STMT:
      return Grant(*node->grant_stmt);
    case PG_QUERY__NODE__NODE_GRANT_ROLE_STMT: {
      const PgQuery__GrantRoleStmt& source = *node->grant_role_stmt;
      auto grant = std::make_unique<GrantRoleStatement>();
      grant->grant = source.is_grant;
      for (const Node* item : HELIOS_PG_LIST(source, granted_roles)) {
        if (pg::CaseOf(item) != PG_QUERY__NODE__NODE_ACCESS_PRIV) continue;
        grant->roles.emplace_back(pg::Str(item->access_priv->priv_name));
      }
      grant->grantees = Roles(HELIOS_PG_LIST(source, grantee_roles));
      grant->admin_option = source.admin_opt;
      if (source.grantor != nullptr) {
        grant->granted_by = std::make_unique<RoleName>(Role(source.grantor));
      }
      grant->behavior = Behavior(source.behavior);
      return grant;
    }
    case PG_QUERY__NODE__NODE_ALTER_DEFAULT_PRIVILEGES_STMT: {
      const PgQuery__AlterDefaultPrivilegesStmt& source = *node->alter_default_privileges_stmt;
      auto alter = std::make_unique<AlterDefaultPrivilegesStatement>();
      for (const Node* item : HELIOS_PG_LIST(source, options)) {
        if (pg::CaseOf(item) != PG_QUERY__NODE__NODE_DEF_ELEM) continue;
        const PgQuery__DefElem& option = *item->def_elem;
        if (pg::Str(option.defname) == "schemas") alter->schemas = Names(pg::ItemsOf(option.arg));
        if (pg::Str(option.defname) == "roles") alter->roles = Roles(pg::ItemsOf(option.arg));
      }
      if (source.action != nullptr) alter->action = Grant(*source.action);
      return alter;
    }
    case PG_QUERY__NODE__NODE_CREATE_POLICY_STMT: {
      const PgQuery__CreatePolicyStmt& source = *node->create_policy_stmt;
      auto create = std::make_unique<CreatePolicyStatement>();
      create->name = pg::Str(source.policy_name);
      create->relation = Relation(source.table);
      create->permissive = source.permissive;
      create->command = pg::Str(source.cmd_name);
      create->roles = Roles(HELIOS_PG_LIST(source, roles));
      create->using_expr = Expression(source.qual);
      create->check_expr = Expression(source.with_check);
      return create;
    }
    case PG_QUERY__NODE__NODE_ALTER_POLICY_STMT: {
      const PgQuery__AlterPolicyStmt& source = *node->alter_policy_stmt;
      auto alter = std::make_unique<CreatePolicyStatement>();
      alter->alter = true;
      alter->name = pg::Str(source.policy_name);
      alter->relation = Relation(source.table);
      alter->roles = Roles(HELIOS_PG_LIST(source, roles));
      alter->using_expr = Expression(source.qual);
      alter->check_expr = Expression(source.with_check);
      return alter;
    }
    case PG_QUERY__NODE__NODE_REASSIGN_OWNED_STMT: {
      auto reassign = std::make_unique<ReassignOwnedStatement>();
      reassign->roles = Roles(HELIOS_PG_LIST(*node->reassign_owned_stmt, roles));
      reassign->new_owner = Role(node->reassign_owned_stmt->newrole);
      return reassign;
    }
    case PG_QUERY__NODE__NODE_DROP_OWNED_STMT: {
      auto drop = std::make_unique<DropOwnedStatement>();
      drop->roles = Roles(HELIOS_PG_LIST(*node->drop_owned_stmt, roles));
      drop->behavior = Behavior(node->drop_owned_stmt->behavior);
      return drop;
    }
    default:
      return nullptr;
  }
}

}  // namespace helios::sql
