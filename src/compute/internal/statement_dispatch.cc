// From a statement that is not planned to its handler.

#include "compute/internal/handlers.h"
#include "compute/internal/session_impl.h"
#include "compute/internal/statement_info.h"
#include "compute/internal/utility_fields.h"

namespace helios::compute {

namespace {

using ast::StatementKind;

// Statements that may run in a read-only transaction.
bool IsAllowedReadOnly(const ast::Statement& statement) {
  switch (statement.kind) {
    case StatementKind::kTransaction:
    case StatementKind::kSet:
    case StatementKind::kShow:
    case StatementKind::kPrepare:
    case StatementKind::kExecute:
    case StatementKind::kDeallocate:
    case StatementKind::kDeclareCursor:
    case StatementKind::kFetch:
    case StatementKind::kCloseCursor:
    case StatementKind::kListen:
    case StatementKind::kUnlisten:
    case StatementKind::kNotify:
    case StatementKind::kExplain:
    case StatementKind::kDiscard:
    case StatementKind::kLock:
    case StatementKind::kSetConstraints:
    case StatementKind::kCheckpoint:
      return true;
    case StatementKind::kCopy:
      return !ast::As<ast::CopyStatement>(statement).from;
    default:
      return false;
  }
}

// Statements that PostgreSQL refuses inside a transaction block (25001).
bool NeedsNoBlock(const ast::Statement& statement) {
  switch (statement.kind) {
    case StatementKind::kCreateDatabase:
    case StatementKind::kDropDatabase:
    case StatementKind::kAlterSystem:
      return true;
    case StatementKind::kVacuum:
      return !ast::As<ast::VacuumStatement>(statement).analyze_only;
    case StatementKind::kCreateIndex:
      return ast::As<ast::CreateIndexStatement>(statement).concurrently;
    case StatementKind::kDiscard:
      return ast::As<ast::DiscardStatement>(statement).target == ast::DiscardTarget::kAll;
    default:
      return false;
  }
}

Status NotSupported(const ast::Statement& statement) {
  return Error(ErrorCode::kFeatureNotSupported)
      .Message("{} is not supported", StatementName(statement));
}

// There are no procedures: the call is bound as a function's for its arguments' types, and refused.
Status RefuseCall(SessionImpl& session, const ast::CallStatement& statement) {
  const auto& call = ast::As<ast::FunctionCall>(*statement.call);
  ast::SelectStatement select;
  select.targets.emplace_back();
  select.targets.back().expr = ast::Clone(*statement.call);
  sql::PlannerContext context = session.MakePlannerContext();
  Status status = sql::PlanStatement(select, context).status();
  if (status.ok()) {
    return Error(ErrorCode::kWrongObjectType)
        .Message("{} is not a procedure", call.name.back())
        .Hint("To call a function, use SELECT.");
  }
  if (!status.Is(ErrorCode::kUndefinedFunction)) return status;
  for (std::string* text : {&status.mutable_info().message, &status.mutable_info().hint}) {
    if (text->starts_with("function ")) text->replace(0, 8, "procedure");
    if (text->starts_with("No function ")) text->replace(3, 8, "procedure");
  }
  return status;
}

}  // namespace

Result<UtilityResult> SessionImpl::RunUtility(  // NOLINT(readability-function-size): a list.
    const ast::Statement& statement, Portal& portal, ResultSink& sink) {
  if (txn_ != nullptr && txn_->read_only && !IsAllowedReadOnly(statement)) {
    return Error(ErrorCode::kReadOnlySqlTransaction)
        .Message("cannot execute {} in a read-only transaction", StatementName(statement));
  }
  if (NeedsNoBlock(statement) && in_transaction_block()) {
    const bool is_index = statement.kind == StatementKind::kCreateIndex;
    return Error(ErrorCode::kActiveSqlTransaction)
        .Message("{}{} cannot run inside a transaction block", StatementName(statement),
                 is_index ? " CONCURRENTLY" : "");
  }
  UtilityResult result;
  const std::string& text = portal.prepared->text;
  switch (statement.kind) {
#define HELIOS_RUN(name, ...)                                                                   \
  case StatementKind::k##name:                                                                  \
    HELIOS_TRY(                                                                                 \
        Run##name(*this, ast::As<ast::name##Statement>(statement) __VA_OPT__(, ) __VA_ARGS__)); \
    break;
    case StatementKind::kSelect:  // Only with INTO; others are planned.
      HELIOS_TRY(RunSelectInto(*this, ast::As<ast::SelectStatement>(statement), &result));
      break;
      HELIOS_RUN(Transaction, &result)
      HELIOS_RUN(Set, &result)
      HELIOS_RUN(Show, &result)
      HELIOS_RUN(Prepare, text)
      HELIOS_RUN(Execute, sink, &result)
      HELIOS_RUN(Deallocate, &result)
      HELIOS_RUN(DeclareCursor, portal)
      HELIOS_RUN(Fetch, &result)
      HELIOS_RUN(CloseCursor, &result)
      HELIOS_RUN(Listen)
      HELIOS_RUN(Notify)
      HELIOS_RUN(Unlisten)
      HELIOS_RUN(Explain, portal, &result)
      HELIOS_RUN(Discard, &result)
      HELIOS_RUN(Lock)
      HELIOS_RUN(SetConstraints)
      HELIOS_RUN(Vacuum, &result)
      HELIOS_RUN(Copy, sink, &result)
      HELIOS_RUN(CreateTable)
      HELIOS_RUN(CreateTableAs, &result)
      HELIOS_RUN(AlterTable, &result)
      HELIOS_RUN(CreateIndex)
      HELIOS_RUN(Reindex)
      HELIOS_RUN(CreateSequence)
      HELIOS_RUN(AlterSequence)
      HELIOS_RUN(CreateView)
      HELIOS_RUN(RefreshView)
      HELIOS_RUN(CreateSchema, sink)
      HELIOS_RUN(CreateType)
      HELIOS_RUN(AlterEnum)
      HELIOS_RUN(CreateDomain)
      HELIOS_RUN(AlterDomain)
      HELIOS_RUN(Drop, &result)
      HELIOS_RUN(Rename, &result)
      HELIOS_RUN(AlterOwner, &result)
      HELIOS_RUN(AlterObjectSchema, &result)
      HELIOS_RUN(Comment)
      HELIOS_RUN(Truncate)
      HELIOS_RUN(CreateRole)
      HELIOS_RUN(AlterRole)
      HELIOS_RUN(AlterSetting)
      HELIOS_RUN(DropRole)
      HELIOS_RUN(Grant, &result)
      HELIOS_RUN(AlterDefaultPrivileges)
      HELIOS_RUN(GrantRole, &result)
      HELIOS_RUN(ReassignOwned)
      HELIOS_RUN(DropOwned)
      HELIOS_RUN(CreateDatabase)
      HELIOS_RUN(DropDatabase)
      HELIOS_RUN(CreateExtension)
#undef HELIOS_RUN
    case StatementKind::kCall:
      HELIOS_TRY(RefuseCall(*this, ast::As<ast::CallStatement>(statement)));
      break;
    case StatementKind::kCheckpoint:
      break;  // Every commit is durable already.
    default:
      return NotSupported(statement);
  }
  if (result.tag.empty()) result.tag = StatementName(statement);
  return result;
}

}  // namespace helios::compute
