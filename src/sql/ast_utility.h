// Transactions, settings, prepared statements, cursors, notification and maintenance.
#pragma once

#include "sql/ast_access.h"

namespace helios::sql::ast {

enum class TransactionKind : uint8_t {
  kBegin,
  kStart,
  kCommit,
  kRollback,
  kSavepoint,
  kRelease,
  kRollbackTo,
  kPrepare,
  kCommitPrepared,
  kRollbackPrepared,
};

enum class IsolationLevel : uint8_t {
  kUnspecified,
  kReadUncommitted,
  kReadCommitted,
  kRepeatableRead,
  kSerializable,
};

enum class Choice : uint8_t { kUnspecified, kNo, kYes };

struct TransactionModes {
  IsolationLevel isolation = IsolationLevel::kUnspecified;
  Choice read_only = Choice::kUnspecified;
  Choice deferrable = Choice::kUnspecified;

  HELIOS_AST_FIELDS(TransactionModes, isolation, read_only, deferrable)
};

struct TransactionStatement : StatementOf<StatementKind::kTransaction> {
  TransactionKind transaction = TransactionKind::kBegin;
  TransactionModes modes;  // kBegin, kStart
  std::string name;        // A savepoint, or the identifier of a prepared transaction.
  bool chain = false;      // COMMIT AND CHAIN, ROLLBACK AND CHAIN

  HELIOS_AST_FIELDS(TransactionStatement, transaction, modes, name, chain)
};

enum class SetKind : uint8_t {
  kValue,        // SET name TO args
  kDefault,      // SET name TO DEFAULT
  kFromCurrent,  // SET name FROM CURRENT (inside CREATE FUNCTION)
  kReset,        // RESET name
  kResetAll,     // RESET ALL
  kTransaction,  // SET [LOCAL] TRANSACTION modes; `snapshot` for SNAPSHOT
  kSessionCharacteristics,
};

// SET and RESET. TIME ZONE is the name "timezone", SET ROLE is "role", SESSION AUTHORIZATION is
// "session_authorization", SET NAMES is "client_encoding", SCHEMA is "search_path".
struct SetStatement : StatementOf<StatementKind::kSet> {
  SetKind set = SetKind::kValue;
  std::string name;
  ExprList args;  // Constants; SET TIME ZONE INTERVAL ... is a Cast.
  bool local = false;
  TransactionModes modes;
  std::string snapshot;

  HELIOS_AST_FIELDS(SetStatement, set, name, args, local, modes, snapshot)
};

// ALTER ROLE|DATABASE ... SET|RESET; ALTER ROLE ALL has neither role nor database.
struct AlterSettingStatement : StatementOf<StatementKind::kAlterSetting> {
  std::unique_ptr<RoleName> role;
  std::string database;
  StatementPtr set;  // A SetStatement.

  HELIOS_AST_FIELDS(AlterSettingStatement, role, database, set)
};

// ALTER SYSTEM SET|RESET
struct AlterSystemStatement : StatementOf<StatementKind::kAlterSystem> {
  StatementPtr set;  // A SetStatement.

  HELIOS_AST_FIELDS(AlterSystemStatement, set)
};

struct ShowStatement : StatementOf<StatementKind::kShow> {
  std::string name;  // "all" for SHOW ALL.

  HELIOS_AST_FIELDS(ShowStatement, name)
};

struct PrepareStatement : StatementOf<StatementKind::kPrepare> {
  std::string name;
  std::vector<TypeName> types;
  StatementPtr query;

  HELIOS_AST_FIELDS(PrepareStatement, name, types, query)
};

struct ExecuteStatement : StatementOf<StatementKind::kExecute> {
  std::string name;
  ExprList args;

  HELIOS_AST_FIELDS(ExecuteStatement, name, args)
};

struct DeallocateStatement : StatementOf<StatementKind::kDeallocate> {
  std::string name;  // Empty: ALL.

  HELIOS_AST_FIELDS(DeallocateStatement, name)
};

struct DeclareCursorStatement : StatementOf<StatementKind::kDeclareCursor> {
  std::string name;
  bool binary = false;
  Choice scroll = Choice::kUnspecified;
  Choice insensitive = Choice::kUnspecified;  // kNo: ASENSITIVE
  bool with_hold = false;
  StatementPtr query;

  HELIOS_AST_FIELDS(DeclareCursorStatement, name, binary, scroll, insensitive, with_hold, query)
};

enum class FetchDirection : uint8_t { kForward, kBackward, kAbsolute, kRelative };

// FETCH and MOVE. NEXT is forward 1, PRIOR backward 1, FIRST absolute 1, LAST absolute -1.
struct FetchStatement : StatementOf<StatementKind::kFetch> {
  static constexpr int64_t kAll = INT64_MAX;
  bool move = false;
  FetchDirection direction = FetchDirection::kForward;
  int64_t count = 1;
  std::string cursor;

  HELIOS_AST_FIELDS(FetchStatement, move, direction, count, cursor)
};

struct CloseCursorStatement : StatementOf<StatementKind::kCloseCursor> {
  std::string name;  // Empty: ALL.

  HELIOS_AST_FIELDS(CloseCursorStatement, name)
};

struct ListenStatement : StatementOf<StatementKind::kListen> {
  std::string channel;

  HELIOS_AST_FIELDS(ListenStatement, channel)
};

struct NotifyStatement : StatementOf<StatementKind::kNotify> {
  std::string channel;
  std::string payload;

  HELIOS_AST_FIELDS(NotifyStatement, channel, payload)
};

struct UnlistenStatement : StatementOf<StatementKind::kUnlisten> {
  std::string channel;  // Empty: all.

  HELIOS_AST_FIELDS(UnlistenStatement, channel)
};

}  // namespace helios::sql::ast
