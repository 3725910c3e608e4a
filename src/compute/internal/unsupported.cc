// Statements that are parsed and not run yet: each says so (0A000).

#include "compute/internal/handlers.h"
#include "compute/internal/utility_fields.h"

namespace helios::compute {

namespace {

Status NotSupported(const ast::Statement& statement) {
  return Error(ErrorCode::kFeatureNotSupported)
      .Message("{} is not supported", StatementName(statement));
}

}  // namespace

Status RunRefreshView(SessionImpl&, const ast::RefreshViewStatement& statement) {
  return NotSupported(statement);
}
Status RunCreateDomain(SessionImpl&, const ast::CreateDomainStatement& statement) {
  return NotSupported(statement);
}
Status RunAlterDomain(SessionImpl&, const ast::AlterDomainStatement& statement) {
  return NotSupported(statement);
}
Status RunRename(SessionImpl&, const ast::RenameStatement& statement, UtilityResult*) {
  return NotSupported(statement);
}
Status RunAlterOwner(SessionImpl&, const ast::AlterOwnerStatement& statement, UtilityResult*) {
  return NotSupported(statement);
}
Status RunAlterObjectSchema(SessionImpl&, const ast::AlterObjectSchemaStatement& statement,
                            UtilityResult*) {
  return NotSupported(statement);
}
Status RunCreateRole(SessionImpl&, const ast::CreateRoleStatement& statement) {
  return NotSupported(statement);
}
Status RunAlterRole(SessionImpl&, const ast::AlterRoleStatement& statement) {
  return NotSupported(statement);
}
Status RunAlterSetting(SessionImpl&, const ast::AlterSettingStatement& statement) {
  return NotSupported(statement);
}
Status RunDropRole(SessionImpl&, const ast::DropRoleStatement& statement) {
  return NotSupported(statement);
}
Status RunGrant(SessionImpl&, const ast::GrantStatement& statement, UtilityResult*) {
  return NotSupported(statement);
}
Status RunGrantRole(SessionImpl&, const ast::GrantRoleStatement& statement, UtilityResult*) {
  return NotSupported(statement);
}
Status RunReassignOwned(SessionImpl&, const ast::ReassignOwnedStatement& statement) {
  return NotSupported(statement);
}
Status RunDropOwned(SessionImpl&, const ast::DropOwnedStatement& statement) {
  return NotSupported(statement);
}
Status RunCreateDatabase(SessionImpl&, const ast::CreateDatabaseStatement& statement) {
  return NotSupported(statement);
}
Status RunDropDatabase(SessionImpl&, const ast::DropDatabaseStatement& statement) {
  return NotSupported(statement);
}
Status RunCreateExtension(SessionImpl&, const ast::CreateExtensionStatement& statement) {
  return NotSupported(statement);
}

}  // namespace helios::compute
