#include "compute/internal/statement_info.h"

#include "compute/internal/session_impl.h"
#include "compute/internal/utility_fields.h"
#include "sql/ast.h"

namespace helios::compute {

namespace ast = sql::ast;
using ast::StatementKind;

bool IsPlannable(const ast::Statement& statement) {
  switch (statement.kind) {
    case StatementKind::kSelect:
    case StatementKind::kInsert:
    case StatementKind::kUpdate:
    case StatementKind::kDelete:
    case StatementKind::kMerge:
      return ast::TryAs<ast::SelectStatement>(&statement) == nullptr ||
             ast::As<ast::SelectStatement>(statement).into == nullptr;
    default:
      return false;
  }
}

namespace {

const char* ObjectWord(ast::ObjectType type) {
  switch (type) {
    case ast::ObjectType::kTable:
      return "TABLE";
    case ast::ObjectType::kIndex:
      return "INDEX";
    case ast::ObjectType::kView:
      return "VIEW";
    case ast::ObjectType::kMaterializedView:
      return "MATERIALIZED VIEW";
    case ast::ObjectType::kSequence:
      return "SEQUENCE";
    case ast::ObjectType::kSchema:
      return "SCHEMA";
    case ast::ObjectType::kType:
      return "TYPE";
    case ast::ObjectType::kDomain:
      return "DOMAIN";
    case ast::ObjectType::kDomainConstraint:
      return "DOMAIN";
    case ast::ObjectType::kColumn:
      return "TABLE";
    case ast::ObjectType::kAttribute:
      return "TYPE";
    case ast::ObjectType::kTableConstraint:
      return "TABLE";
    case ast::ObjectType::kDatabase:
      return "DATABASE";
    case ast::ObjectType::kRole:
      return "ROLE";
    case ast::ObjectType::kFunction:
      return "FUNCTION";
    case ast::ObjectType::kProcedure:
      return "PROCEDURE";
    case ast::ObjectType::kRoutine:
      return "ROUTINE";
    case ast::ObjectType::kAggregate:
      return "AGGREGATE";
    case ast::ObjectType::kTrigger:
      return "TRIGGER";
    case ast::ObjectType::kRule:
      return "RULE";
    case ast::ObjectType::kPolicy:
      return "POLICY";
    case ast::ObjectType::kExtension:
      return "EXTENSION";
    case ast::ObjectType::kCollation:
      return "COLLATION";
    case ast::ObjectType::kForeignTable:
      return "FOREIGN TABLE";
    default:
      return "OBJECT";
  }
}

const char* TransactionTag(const ast::TransactionStatement& statement) {
  switch (statement.transaction) {
    case ast::TransactionKind::kBegin:
      return "BEGIN";
    case ast::TransactionKind::kStart:
      return "START TRANSACTION";
    case ast::TransactionKind::kCommit:
      return "COMMIT";
    case ast::TransactionKind::kRollback:
    case ast::TransactionKind::kRollbackTo:
      return "ROLLBACK";
    case ast::TransactionKind::kSavepoint:
      return "SAVEPOINT";
    case ast::TransactionKind::kRelease:
      return "RELEASE";
    case ast::TransactionKind::kPrepare:
      return "PREPARE TRANSACTION";
    case ast::TransactionKind::kCommitPrepared:
      return "COMMIT PREPARED";
    case ast::TransactionKind::kRollbackPrepared:
      return "ROLLBACK PREPARED";
  }
  return "";
}

// NOLINTNEXTLINE(readability-function-size): a list of the tags that the kind alone decides.
const char* FixedName(StatementKind kind) {
  switch (kind) {
    case StatementKind::kSelect:
      return "SELECT";
    case StatementKind::kInsert:
      return "INSERT";
    case StatementKind::kUpdate:
      return "UPDATE";
    case StatementKind::kDelete:
      return "DELETE";
    case StatementKind::kMerge:
      return "MERGE";
    case StatementKind::kCopy:
      return "COPY";
    case StatementKind::kCreateTable:
      return "CREATE TABLE";
    case StatementKind::kCreateIndex:
      return "CREATE INDEX";
    case StatementKind::kCreateSequence:
      return "CREATE SEQUENCE";
    case StatementKind::kAlterSequence:
      return "ALTER SEQUENCE";
    case StatementKind::kCreateView:
      return "CREATE VIEW";
    case StatementKind::kRefreshView:
      return "REFRESH MATERIALIZED VIEW";
    case StatementKind::kCreateSchema:
      return "CREATE SCHEMA";
    case StatementKind::kCreateType:
      return "CREATE TYPE";
    case StatementKind::kAlterEnum:
      return "ALTER TYPE";
    case StatementKind::kCreateDomain:
      return "CREATE DOMAIN";
    case StatementKind::kAlterDomain:
      return "ALTER DOMAIN";
    case StatementKind::kAlterFunction:
      return "ALTER FUNCTION";
    case StatementKind::kCreateTrigger:
      return "CREATE TRIGGER";
    case StatementKind::kCreateExtension:
      return "CREATE EXTENSION";
    case StatementKind::kCreateDatabase:
      return "CREATE DATABASE";
    case StatementKind::kAlterDatabase:
      return "ALTER DATABASE";
    case StatementKind::kDropDatabase:
      return "DROP DATABASE";
    case StatementKind::kCreateRole:
      return "CREATE ROLE";
    case StatementKind::kAlterRole:
      return "ALTER ROLE";
    case StatementKind::kDropRole:
      return "DROP ROLE";
    case StatementKind::kAlterDefaultPrivileges:
      return "ALTER DEFAULT PRIVILEGES";
    case StatementKind::kCreatePolicy:
      return "CREATE POLICY";
    case StatementKind::kComment:
      return "COMMENT";
    case StatementKind::kTruncate:
      return "TRUNCATE TABLE";
    case StatementKind::kShow:
      return "SHOW";
    case StatementKind::kPrepare:
      return "PREPARE";
    case StatementKind::kExecute:
      return "EXECUTE";
    case StatementKind::kDeclareCursor:
      return "DECLARE CURSOR";
    case StatementKind::kListen:
      return "LISTEN";
    case StatementKind::kNotify:
      return "NOTIFY";
    case StatementKind::kUnlisten:
      return "UNLISTEN";
    case StatementKind::kExplain:
      return "EXPLAIN";
    case StatementKind::kReindex:
      return "REINDEX";
    case StatementKind::kCluster:
      return "CLUSTER";
    case StatementKind::kCheckpoint:
      return "CHECKPOINT";
    case StatementKind::kLock:
      return "LOCK TABLE";
    case StatementKind::kDo:
      return "DO";
    case StatementKind::kCall:
      return "CALL";
    case StatementKind::kSetConstraints:
      return "SET CONSTRAINTS";
    case StatementKind::kLoad:
      return "LOAD";
    case StatementKind::kReassignOwned:
      return "REASSIGN OWNED";
    case StatementKind::kDropOwned:
      return "DROP OWNED";
    case StatementKind::kAlterSystem:
      return "ALTER SYSTEM";
    default:
      return "";
  }
}

std::string DiscardName(ast::DiscardTarget target) {
  switch (target) {
    case ast::DiscardTarget::kAll:
      return "DISCARD ALL";
    case ast::DiscardTarget::kPlans:
      return "DISCARD PLANS";
    case ast::DiscardTarget::kSequences:
      return "DISCARD SEQUENCES";
    case ast::DiscardTarget::kTemporary:
      return "DISCARD TEMP";
  }
  return "DISCARD";
}

}  // namespace

std::string StatementName(const ast::Statement& statement) {
  switch (statement.kind) {
    case StatementKind::kSelect:
      if (!IsPlannable(statement)) return "SELECT INTO";
      return "SELECT";
    case StatementKind::kTransaction:
      return TransactionTag(ast::As<ast::TransactionStatement>(statement));
    case StatementKind::kSet: {
      const auto& set = ast::As<ast::SetStatement>(statement);
      const bool reset = set.set == ast::SetKind::kReset || set.set == ast::SetKind::kResetAll;
      return reset ? "RESET" : "SET";
    }
    case StatementKind::kCreateTableAs:
      return ast::As<ast::CreateTableAsStatement>(statement).materialized_view
                 ? "CREATE MATERIALIZED VIEW"
                 : "CREATE TABLE AS";
    case StatementKind::kAlterTable:
      return std::string("ALTER ") +
             ObjectWord(ast::As<ast::AlterTableStatement>(statement).object_type);
    case StatementKind::kDrop:
      return std::string("DROP ") + ObjectWord(ast::As<ast::DropStatement>(statement).object_type);
    case StatementKind::kRename: {
      const auto& rename = ast::As<ast::RenameStatement>(statement);
      const bool part = rename.object_type == ast::ObjectType::kColumn &&
                        rename.relation_type != ast::ObjectType::kNone;
      return std::string("ALTER ") + ObjectWord(part ? rename.relation_type : rename.object_type);
    }
    case StatementKind::kAlterOwner:
      return std::string("ALTER ") +
             ObjectWord(ast::As<ast::AlterOwnerStatement>(statement).object_type);
    case StatementKind::kAlterObjectSchema:
      return std::string("ALTER ") +
             ObjectWord(ast::As<ast::AlterObjectSchemaStatement>(statement).object_type);
    case StatementKind::kCreateFunction:
      return ast::As<ast::CreateFunctionStatement>(statement).procedure ? "CREATE PROCEDURE"
                                                                        : "CREATE FUNCTION";
    case StatementKind::kAlterSetting:
      return ast::As<ast::AlterSettingStatement>(statement).role != nullptr ||
                     ast::As<ast::AlterSettingStatement>(statement).database.empty()
                 ? "ALTER ROLE"
                 : "ALTER DATABASE";
    case StatementKind::kGrant:
      return ast::As<ast::GrantStatement>(statement).grant ? "GRANT" : "REVOKE";
    case StatementKind::kGrantRole:
      return ast::As<ast::GrantRoleStatement>(statement).grant ? "GRANT ROLE" : "REVOKE ROLE";
    case StatementKind::kDeallocate:
      return ast::As<ast::DeallocateStatement>(statement).name.empty() ? "DEALLOCATE ALL"
                                                                       : "DEALLOCATE";
    case StatementKind::kFetch:
      return ast::As<ast::FetchStatement>(statement).move ? "MOVE" : "FETCH";
    case StatementKind::kCloseCursor:
      return ast::As<ast::CloseCursorStatement>(statement).name.empty() ? "CLOSE CURSOR ALL"
                                                                        : "CLOSE CURSOR";
    case StatementKind::kVacuum:
      return ast::As<ast::VacuumStatement>(statement).analyze_only ? "ANALYZE" : "VACUUM";
    case StatementKind::kDiscard:
      return DiscardName(ast::As<ast::DiscardStatement>(statement).target);
    default:
      return FixedName(statement.kind);
  }
}

std::string CommandTag(const ast::Statement& statement, const Portal& portal, uint64_t rows) {
  const uint64_t affected = portal.rows == nullptr ? 0 : portal.rows->affected_rows();
  switch (statement.kind) {
    case StatementKind::kSelect:
      if (!IsPlannable(statement)) return portal.tag;
      return "SELECT " + std::to_string(rows);
    case StatementKind::kInsert:
      return "INSERT 0 " + std::to_string(affected);
    case StatementKind::kUpdate:
      return "UPDATE " + std::to_string(affected);
    case StatementKind::kDelete:
      return "DELETE " + std::to_string(affected);
    case StatementKind::kMerge:
      return "MERGE " + std::to_string(affected);
    case StatementKind::kFetch:
      // MOVE has counted for itself.
      return portal.rows == nullptr ? portal.tag : "FETCH " + std::to_string(rows);
    default:
      return portal.tag;
  }
}

StatementTimer::StatementTimer(SessionImpl& session) : session_(session) {
  const int64_t timeout_ms = session.settings().run().statement_timeout_ms;
  if (timeout_ms <= 0) return;
  SessionImpl* target = &session;
  id_ = session.core().deadlines.Start(timeout_ms * 1000, [target] { target->CancelByTimeout(); });
}

StatementTimer::~StatementTimer() {
  if (id_ != 0) session_.core().deadlines.Stop(id_);
}

}  // namespace helios::compute
