#pragma once

#include <string>

#include "compute/internal/session_impl.h"
#include "sql/ast.h"

// One function for each kind of statement that is not planned. Each takes effect in the session's
// transaction, or returns the error and leaves the transaction to be failed by the caller. The tag
// is the statement's own unless it is set in the result.
namespace helios::compute {

namespace ast = sql::ast;

// --- transactions, settings, prepared statements (statements_session.cc)
Status RunTransaction(SessionImpl& session, const ast::TransactionStatement& statement,
                      UtilityResult* result);
Status RunSet(SessionImpl& session, const ast::SetStatement& statement, UtilityResult* result);
// What SET gives, as the setting's text.
Result<std::string> SettingValue(SessionImpl& session, const ast::SetStatement& statement);
Status RunShow(SessionImpl& session, const ast::ShowStatement& statement, UtilityResult* result);
Status RunPrepare(SessionImpl& session, const ast::PrepareStatement& statement,
                  const std::string& text);
Status RunDeallocate(SessionImpl& session, const ast::DeallocateStatement& statement,
                     UtilityResult* result);
Status RunDiscard(SessionImpl& session, const ast::DiscardStatement& statement,
                  UtilityResult* result);
Status RunListen(SessionImpl& session, const ast::ListenStatement& statement);
Status RunNotify(SessionImpl& session, const ast::NotifyStatement& statement);
// pg_notify too. 22023 for a bad channel or payload.
Status QueueNotify(SessionImpl& session, std::string channel, std::string payload);
Status RunUnlisten(SessionImpl& session, const ast::UnlistenStatement& statement);
Status RunLock(SessionImpl& session, const ast::LockStatement& statement);
Status RunSetConstraints(SessionImpl& session, const ast::SetConstraintsStatement& statement);
Status RunVacuum(SessionImpl& session, const ast::VacuumStatement& statement,
                 UtilityResult* result);

// --- queries inside other statements (statements_query.cc)
Status RunExplain(SessionImpl& session, const ast::ExplainStatement& statement,
                  const Portal& portal, UtilityResult* result);
Status RunExecute(SessionImpl& session, const ast::ExecuteStatement& statement, ResultSink& sink,
                  UtilityResult* result);
Status RunCreateTableAs(SessionImpl& session, const ast::CreateTableAsStatement& statement,
                        UtilityResult* result);

Status RunSelectInto(SessionImpl& session, const ast::SelectStatement& statement,
                     UtilityResult* result);
// The arguments of EXECUTE as values of the prepared statement's parameter types.
Result<std::vector<Value>> EvaluateArguments(SessionImpl& session,
                                             const ast::ExecuteStatement& statement,
                                             const PreparedStatement& prepared);

// --- cursors (statements_cursor.cc)
Status RunDeclareCursor(SessionImpl& session, const ast::DeclareCursorStatement& statement,
                        const Portal& portal);
Status RunFetch(SessionImpl& session, const ast::FetchStatement& statement, UtilityResult* result);
// The key of the table's row that a cursor is on; none: no such row. 34000, 24000.
Result<std::optional<std::string>> CurrentRowKey(SessionImpl& session,
                                                 const std::string& cursor_name, Oid table,
                                                 std::string_view table_name);
Status RunCloseCursor(SessionImpl& session, const ast::CloseCursorStatement& statement,
                      UtilityResult* result);

// --- COPY (copy/)
Status RunCopy(SessionImpl& session, const ast::CopyStatement& statement, ResultSink& sink,
               UtilityResult* result);

// --- schema changes (ddl/)
Status RunCreateTable(SessionImpl& session, const ast::CreateTableStatement& statement);
Status RunAlterTable(SessionImpl& session, const ast::AlterTableStatement& statement,
                     UtilityResult* result);
Status RunCreateIndex(SessionImpl& session, const ast::CreateIndexStatement& statement);
Status RunReindex(SessionImpl& session, const ast::ReindexStatement& statement);
Status RunCreateSequence(SessionImpl& session, const ast::CreateSequenceStatement& statement);
Status RunAlterSequence(SessionImpl& session, const ast::AlterSequenceStatement& statement);
Status RunCreateView(SessionImpl& session, const ast::CreateViewStatement& statement);
Status RunRefreshView(SessionImpl& session, const ast::RefreshViewStatement& statement);
Status RunCreateSchema(SessionImpl& session, const ast::CreateSchemaStatement& statement,
                       ResultSink& sink);
Status RunCreateType(SessionImpl& session, const ast::CreateTypeStatement& statement);
// ALTER TYPE of a composite's attributes comes as an ALTER TABLE.
Status RunAlterComposite(SessionImpl& session, const ast::AlterTableStatement& statement);
Status RunAlterEnum(SessionImpl& session, const ast::AlterEnumStatement& statement);
Status RunCreateDomain(SessionImpl& session, const ast::CreateDomainStatement& statement);
Status RunAlterDomain(SessionImpl& session, const ast::AlterDomainStatement& statement);
Status RunDrop(SessionImpl& session, const ast::DropStatement& statement, UtilityResult* result);
Status RunRename(SessionImpl& session, const ast::RenameStatement& statement,
                 UtilityResult* result);
Status RunAlterOwner(SessionImpl& session, const ast::AlterOwnerStatement& statement,
                     UtilityResult* result);
Status RunAlterObjectSchema(SessionImpl& session, const ast::AlterObjectSchemaStatement& statement,
                            UtilityResult* result);
Status RunComment(SessionImpl& session, const ast::CommentStatement& statement);
Status RunTruncate(SessionImpl& session, const ast::TruncateStatement& statement);

// --- roles and privileges (ddl/roles.cc, ddl/grants.cc)
Status RunCreateRole(SessionImpl& session, const ast::CreateRoleStatement& statement);
Status RunAlterRole(SessionImpl& session, const ast::AlterRoleStatement& statement);
Status RunAlterSetting(SessionImpl& session, const ast::AlterSettingStatement& statement);
Status RunDropRole(SessionImpl& session, const ast::DropRoleStatement& statement);
Status RunGrant(SessionImpl& session, const ast::GrantStatement& statement, UtilityResult* result);
Status RunAlterDefaultPrivileges(SessionImpl& session,
                                 const ast::AlterDefaultPrivilegesStatement& statement);
Status RunGrantRole(SessionImpl& session, const ast::GrantRoleStatement& statement,
                    UtilityResult* result);
Status RunReassignOwned(SessionImpl& session, const ast::ReassignOwnedStatement& statement);
Status RunDropOwned(SessionImpl& session, const ast::DropOwnedStatement& statement);
Status RunCreateDatabase(SessionImpl& session, const ast::CreateDatabaseStatement& statement);
Status RunDropDatabase(SessionImpl& session, const ast::DropDatabaseStatement& statement);
Status RunCreateExtension(SessionImpl& session, const ast::CreateExtensionStatement& statement);

}  // namespace helios::compute
