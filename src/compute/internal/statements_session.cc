// Transactions, settings, prepared statements, notifications and maintenance.

#include <algorithm>

#include "compute/internal/handlers.h"
#include "compute/internal/name_resolution.h"
#include "compute/internal/privileges.h"
#include "compute/internal/utility_fields.h"

namespace helios::compute {

namespace {

constexpr size_t kChannelBytesMax = 63;
constexpr size_t kPayloadBytesMax = 7999;

Status NoBlock(std::string_view what) {
  return Error(ErrorCode::kNoActiveSqlTransaction)
      .Message("{} can only be used in transaction blocks", what);
}

Status NoSavepoint(std::string_view name) {
  return Error(ErrorCode::kInvalidSavepoint).Message("savepoint \"{}\" does not exist", name);
}

// A SET argument as the setting's text.
Result<std::string> SettingText(SessionImpl& session, const ast::Expr& expr) {
  if (const auto* constant = ast::TryAs<ast::Constant>(&expr)) {
    switch (constant->constant_kind) {
      case ast::ConstantKind::kBoolean:
        return std::string(constant->bool_value ? "on" : "off");
      case ast::ConstantKind::kInteger:
        return std::to_string(constant->int_value);
      case ast::ConstantKind::kNull:
        return std::string();
      default:
        return constant->text;
    }
  }
  if (const auto* column = ast::TryAs<ast::ColumnRef>(&expr)) {
    return column->names.empty() ? std::string() : column->names.back();
  }
  if (const auto* minus = ast::TryAs<ast::Operator>(&expr); minus && minus->left == nullptr) {
    HELIOS_TRY(const std::string text, SettingText(session, *minus->right));
    return "-" + text;
  }
  // SET TIME ZONE INTERVAL '-3' HOUR: an offset in hours.
  HELIOS_TRY(const Value value, session.EvaluateScalar(expr, {type_oid::kInterval}));
  const auto interval = value.As<Interval>();
  return fmt::format("{}", static_cast<double>(interval.microseconds) / 3.6e9);
}

Status SetRoleByName(SessionImpl& session, const std::string& name, bool local) {
  const std::shared_ptr<const catalog::Snapshot> snapshot = session.Catalog();
  if (name == "none") {
    session.settings().SetInternal("role", "none", local);
    session.SetRole(session.session_role(), local);
    return Status::Ok();
  }
  const catalog::Role* role = snapshot->FindRole(name);
  if (role == nullptr) {
    return Error(ErrorCode::kInvalidParameterValue).Message("role \"{}\" does not exist", name);
  }
  const catalog::Role* own = snapshot->FindRole(session.session_role());
  if (!own->superuser && !IsMemberOf(*snapshot, session.session_role(), role->oid)) {
    return Error(ErrorCode::kInsufficientPrivilege)
        .Message("permission denied to set role \"{}\"", name);
  }
  session.settings().SetInternal("role", name, local);
  session.SetRole(role->oid, local);
  return Status::Ok();
}

Status SetSessionAuthorization(SessionImpl& session, const std::string& name) {
  const std::shared_ptr<const catalog::Snapshot> snapshot = session.Catalog();
  const catalog::Role* role = snapshot->FindRole(name);
  if (role == nullptr) {
    return Error(ErrorCode::kInvalidParameterValue).Message("role \"{}\" does not exist", name);
  }
  // What counts is who has logged in, not who the session has become since.
  const Oid login = session.GetActivity().role;
  const catalog::Role* own = snapshot->FindRole(login);
  if (role->oid != login && (own == nullptr || !own->superuser)) {
    return Error(ErrorCode::kInsufficientPrivilege)
        .Message("permission denied to set session authorization \"{}\"", name);
  }
  session.SetSessionRole(role->oid);
  return Status::Ok();
}

}  // namespace

Result<std::string> SettingValue(SessionImpl& session, const ast::SetStatement& statement) {
  std::string value;
  for (size_t index = 0; index < statement.args.size(); ++index) {
    HELIOS_TRY(std::string part, SettingText(session, *statement.args[index]));
    // A list of names keeps their quotes, so that SHOW search_path reads back.
    if (statement.name == "search_path" && !part.empty() &&
        !std::all_of(part.begin(), part.end(), [](char c) {
          return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
        })) {
      part = part.find(',') != std::string::npos && statement.args.size() == 1 ? part
                                                                               : "\"" + part + "\"";
    }
    value += (index == 0 ? "" : ", ") + part;
  }
  return value;
}

namespace {

Status SetOne(SessionImpl& session, const ast::SetStatement& statement) {
  HELIOS_TRY(const std::string value, SettingValue(session, statement));
  if (statement.name == "role") return SetRoleByName(session, value, statement.local);
  if (statement.name == "session_authorization") return SetSessionAuthorization(session, value);
  if (statement.name == "transaction_isolation" || statement.name == "transaction_read_only") {
    ast::TransactionModes modes;
    if (statement.name == "transaction_read_only") {
      modes.read_only = value == "on" || value == "true" ? ast::Choice::kYes : ast::Choice::kNo;
    } else if (value == "serializable") {
      modes.isolation = ast::IsolationLevel::kSerializable;
    } else if (value == "repeatable read") {
      modes.isolation = ast::IsolationLevel::kRepeatableRead;
    } else {
      modes.isolation = ast::IsolationLevel::kReadCommitted;
    }
    return session.ApplyModes(modes);
  }
  if (statement.local && !session.in_transaction_block()) {
    session.Notice(Notice::Severity::kWarning, "25P01",
                   "SET LOCAL can only be used in transaction blocks");
  }
  return session.settings().Set(statement.name, value, statement.local, session.IsSuperuser());
}

Status ResetOne(SessionImpl& session, const std::string& name) {
  if (name == "role") return SetRoleByName(session, "none", false);
  if (name == "session_authorization") {
    session.SetSessionRole(session.GetActivity().role);
    return Status::Ok();
  }
  return session.settings().Reset(name, session.IsSuperuser());
}

Status SetCharacteristics(SessionImpl& session, const ast::TransactionModes& modes) {
  const auto set = [&session](const char* name, const char* value) {
    return session.settings().Set(name, value, false, session.IsSuperuser());
  };
  switch (modes.isolation) {
    case ast::IsolationLevel::kUnspecified:
      break;
    case ast::IsolationLevel::kReadUncommitted:
      HELIOS_TRY(set("default_transaction_isolation", "read uncommitted"));
      break;
    case ast::IsolationLevel::kReadCommitted:
      HELIOS_TRY(set("default_transaction_isolation", "read committed"));
      break;
    case ast::IsolationLevel::kRepeatableRead:
      HELIOS_TRY(set("default_transaction_isolation", "repeatable read"));
      break;
    case ast::IsolationLevel::kSerializable:
      HELIOS_TRY(set("default_transaction_isolation", "serializable"));
      break;
  }
  if (modes.read_only != ast::Choice::kUnspecified) {
    HELIOS_TRY(
        set("default_transaction_read_only", modes.read_only == ast::Choice::kYes ? "on" : "off"));
  }
  return Status::Ok();
}

}  // namespace

Status RunTransaction(SessionImpl& session, const ast::TransactionStatement& statement,
                      UtilityResult* result) {
  switch (statement.transaction) {
    case ast::TransactionKind::kBegin:
    case ast::TransactionKind::kStart:
      return session.BeginBlock(statement.modes);
    case ast::TransactionKind::kCommit:
      // COMMIT of a failed transaction rolls back and says so.
      if (session.transaction_status() == TransactionStatus::kFailed) {
        result->tag = "ROLLBACK";
        return session.RollbackBlock(statement.chain);
      }
      return session.CommitBlock(statement.chain);
    case ast::TransactionKind::kRollback:
      return session.RollbackBlock(statement.chain);
    case ast::TransactionKind::kSavepoint:
      if (!session.in_transaction_block()) return NoBlock("SAVEPOINT");
      session.txn().AddSavepoint(statement.name, session.settings().Mark());
      return Status::Ok();
    case ast::TransactionKind::kRelease: {
      if (!session.in_transaction_block()) return NoBlock("RELEASE SAVEPOINT");
      const std::optional<size_t> index = session.txn().FindSavepoint(statement.name);
      if (!index.has_value()) return NoSavepoint(statement.name);
      session.txn().savepoints.resize(*index);
      return Status::Ok();
    }
    case ast::TransactionKind::kRollbackTo:
      if (!session.in_transaction_block()) return NoBlock("ROLLBACK TO SAVEPOINT");
      return session.RollbackToSavepoint(statement.name);
    case ast::TransactionKind::kPrepare:
      if (!session.in_transaction_block()) {
        session.Notice(Notice::Severity::kWarning, "25P01", "there is no transaction in progress");
        result->tag = "ROLLBACK";
        return Status::Ok();
      }
      return Error(ErrorCode::kObjectNotInPrerequisiteState)
          .Message("prepared transactions are disabled")
          .Hint("HeliosDB has no two-phase commit for clients.");
    case ast::TransactionKind::kCommitPrepared:
    case ast::TransactionKind::kRollbackPrepared:
      return Error(ErrorCode::kUndefinedObject)
          .Message("prepared transaction with identifier \"{}\" does not exist", statement.name);
  }
  return Status::Ok();
}

Status RunSet(SessionImpl& session, const ast::SetStatement& statement, UtilityResult* result) {
  switch (statement.set) {
    case ast::SetKind::kValue:
      return SetOne(session, statement);
    case ast::SetKind::kFromCurrent:
      return Status::Ok();
    case ast::SetKind::kDefault:
    case ast::SetKind::kReset:
      return ResetOne(session, statement.name);
    case ast::SetKind::kResetAll:
      session.settings().ResetAll();
      return Status::Ok();
    case ast::SetKind::kTransaction:
      if (!statement.snapshot.empty()) {
        return Error(ErrorCode::kFeatureNotSupported)
            .Message("SET TRANSACTION SNAPSHOT is not supported");
      }
      if (!session.in_transaction_block()) {
        session.Notice(Notice::Severity::kWarning, "25P01",
                       "SET TRANSACTION can only be used in transaction blocks");
        return Status::Ok();
      }
      return session.ApplyModes(statement.modes);
    case ast::SetKind::kSessionCharacteristics:
      return SetCharacteristics(session, statement.modes);
  }
  static_cast<void>(result);
  return Status::Ok();
}

Status RunShow(SessionImpl& session, const ast::ShowStatement& statement, UtilityResult* result) {
  const TypeLookup* lookup = &session.Lookup();
  const SqlType text{type_oid::kText};
  if (statement.name == "all") {
    result->fields.emplace();
    for (const char* name : {"name", "setting", "description"}) {
      result->fields->push_back(MakeField(name, text, lookup));
    }
    const SqlType types[] = {text, text, text};
    Chunk chunk(types);
    size_t row = 0;
    for (const SettingDefinition& definition : AllSettings()) {
      HELIOS_TRY(const std::string value, session.settings().Show(definition.name));
      chunk.column(0).SetString(row, definition.name);
      chunk.column(1).SetString(row, value);
      chunk.column(2).SetString(row, definition.description);
      ++row;
    }
    chunk.SetRowCount(row);
    std::vector<Chunk> chunks;
    chunks.push_back(std::move(chunk));
    result->rows = std::make_unique<ChunkListSource>(std::move(chunks));
    return Status::Ok();
  }
  const SettingDefinition* definition = FindSetting(statement.name);
  std::string_view source = statement.name;
  // Outside a block they are those of the transaction that would begin.
  if (!session.in_transaction_block() && definition != nullptr) {
    const std::string_view name = definition->name;
    if (name == "transaction_isolation") source = "default_transaction_isolation";
    if (name == "transaction_read_only") source = "default_transaction_read_only";
    if (name == "transaction_deferrable") source = "default_transaction_deferrable";
  }
  HELIOS_TRY(const std::string value, session.settings().Show(source));
  result->fields.emplace();
  result->fields->push_back(
      MakeField(definition == nullptr ? statement.name : definition->name, text, lookup));
  const SqlType types[] = {text};
  Chunk chunk(types);
  chunk.column(0).SetString(0, value);
  chunk.SetRowCount(1);
  std::vector<Chunk> chunks;
  chunks.push_back(std::move(chunk));
  result->rows = std::make_unique<ChunkListSource>(std::move(chunks));
  return Status::Ok();
}

Status RunPrepare(SessionImpl& session, const ast::PrepareStatement& statement,
                  const std::string& text) {
  if (session.statements().find(statement.name) != session.statements().end()) {
    return Error(ErrorCode::kDuplicatePreparedStatement)
        .Message("prepared statement \"{}\" already exists", statement.name);
  }
  sql::PlannerContext context = session.MakePlannerContext();
  std::vector<Oid> types;
  for (const ast::TypeName& type : statement.types) {
    HELIOS_TRY(const SqlType resolved, sql::ResolveTypeName(type, context));
    types.push_back(resolved.oid);
  }
  HELIOS_TRY(std::shared_ptr<PreparedStatement> prepared,
             session.Prepare(statement.name, text, ast::Clone(*statement.query), types));
  prepared->from_sql = true;
  session.statements()[statement.name] = std::move(prepared);
  return Status::Ok();
}

Status RunDeallocate(SessionImpl& session, const ast::DeallocateStatement& statement,
                     UtilityResult*) {
  if (statement.name.empty()) {
    session.statements().clear();
    return Status::Ok();
  }
  if (session.statements().erase(statement.name) == 0) {
    return Error(ErrorCode::kInvalidSqlStatementName)
        .Message("prepared statement \"{}\" does not exist", statement.name);
  }
  return Status::Ok();
}

Status RunDiscard(SessionImpl& session, const ast::DiscardStatement& statement, UtilityResult*) {
  switch (statement.target) {
    case ast::DiscardTarget::kPlans:
      return Status::Ok();
    case ast::DiscardTarget::kSequences:
      session.sequence_values().clear();
      session.last_sequence = 0;
      return Status::Ok();
    case ast::DiscardTarget::kTemporary:
      return session.DropTemporaryObjects();
    case ast::DiscardTarget::kAll:
      break;
  }
  session.CloseAllCursors();
  session.SetSessionRole(session.GetActivity().role);
  session.settings().ResetAll();
  session.statements().clear();
  session.core().advisory_locks.UnlockSession(session.process_id());
  session.txn().listens.emplace_back("", false);
  session.sequence_values().clear();
  session.last_sequence = 0;
  return session.DropTemporaryObjects();
}

Status RunListen(SessionImpl& session, const ast::ListenStatement& statement) {
  session.txn().listens.emplace_back(statement.channel, true);
  return Status::Ok();
}

Status RunUnlisten(SessionImpl& session, const ast::UnlistenStatement& statement) {
  session.txn().listens.emplace_back(statement.channel, false);
  return Status::Ok();
}

Status QueueNotify(SessionImpl& session, std::string channel, std::string payload) {
  if (channel.empty()) {
    return Error(ErrorCode::kInvalidParameterValue).Message("channel name cannot be empty");
  }
  if (channel.size() > kChannelBytesMax) {
    return Error(ErrorCode::kInvalidParameterValue).Message("channel name too long");
  }
  if (payload.size() > kPayloadBytesMax) {
    return Error(ErrorCode::kInvalidParameterValue).Message("payload string too long");
  }
  PendingNotify notify{std::move(channel), std::move(payload)};
  std::vector<PendingNotify>& pending = session.txn().notifies;
  // The same notification twice in a transaction is sent once.
  if (std::find(pending.begin(), pending.end(), notify) == pending.end()) {
    pending.push_back(std::move(notify));
  }
  return Status::Ok();
}

Status RunNotify(SessionImpl& session, const ast::NotifyStatement& statement) {
  return QueueNotify(session, statement.channel, statement.payload);
}

Status RunLock(SessionImpl& session, const ast::LockStatement& statement) {
  if (!session.in_transaction_block()) return NoBlock("LOCK TABLE");
  for (const ast::RelationName& name : statement.relations) {
    HELIOS_TRY(const catalog::Table* table, FindTableOrView(session, name));
    const auto mode = static_cast<hidb::TableLockMode>(static_cast<uint8_t>(statement.mode) - 1);
    const catalog::Privilege needed = mode == hidb::TableLockMode::kAccessShare
                                          ? catalog::Privilege::kSelect
                                          : catalog::Privilege::kUpdate;
    const std::shared_ptr<const catalog::Snapshot> snapshot = session.Catalog();
    if (!HasPrivilege(*snapshot, session.role(), *table,
                      static_cast<catalog::PrivilegeMask>(needed))) {
      return PermissionDenied(*table);
    }
    hidb::LockOptions options;
    options.wait = statement.nowait ? hidb::LockWait::kNoWait : hidb::LockWait::kWait;
    options.timeout_us = session.settings().Integer("lock_timeout") * 1000;
    options.canceled = &session.canceled();
    options.relation = table->name;
    HELIOS_TRY(session.storage().LockTable(session.txn().id(), table->oid, mode, options));
  }
  return Status::Ok();
}

Status RunSetConstraints(SessionImpl& session, const ast::SetConstraintsStatement& statement) {
  if (!session.in_transaction_block()) {
    session.Notice(Notice::Severity::kWarning, "25P01",
                   "SET CONSTRAINTS can only be used in transaction blocks");
    return Status::Ok();
  }
  exec::DeferredChecks& deferred = session.txn().deferred;
  if (statement.constraints.empty()) {
    deferred.SetAll(statement.deferred);
  }
  const std::shared_ptr<const catalog::Snapshot> snapshot = session.Catalog();
  for (const ast::RelationName& name : statement.constraints) {
    bool found = false;
    for (const auto& [oid, object] : snapshot->objects()) {
      if (object->kind() != catalog::ObjectKind::kTable) continue;
      const auto* constraint =
          static_cast<const catalog::Table&>(*object).FindConstraint(name.name);
      if (constraint == nullptr) continue;
      found = true;
      if (statement.deferred && !constraint->deferrable) {
        return Error(ErrorCode::kWrongObjectType)
            .Message("constraint \"{}\" is not deferrable", name.name);
      }
    }
    if (!found) {
      return Error(ErrorCode::kUndefinedObject)
          .Message("constraint \"{}\" does not exist", name.name);
    }
    deferred.SetOne(name.name, statement.deferred);
  }
  if (statement.deferred || deferred.empty()) return Status::Ok();
  return deferred.Run(session.MakeExecutionContext({}), /*all=*/false);
}

// Garbage collection and statistics run by themselves; the statements exist for clients that send
// them, and check their names.
Status RunVacuum(SessionImpl& session, const ast::VacuumStatement& statement, UtilityResult*) {
  const bool analyzes =
      statement.analyze_only ||
      std::any_of(statement.options.begin(), statement.options.end(), [](const auto& option) {
        return option.name == "analyze" &&
               (option.value_kind == ast::OptionValueKind::kNone || option.boolean);
      });
  for (const ast::VacuumTarget& target : statement.targets) {
    if (!analyzes && !target.columns.empty()) {
      return Error(ErrorCode::kFeatureNotSupported)
          .Message("ANALYZE option must be specified when a column list is provided");
    }
    HELIOS_TRY(const catalog::Table* table, FindTableOrView(session, target.relation));
    for (const std::string& column : target.columns) {
      if (table->FindColumn(column) == nullptr) {
        return Error(ErrorCode::kUndefinedColumn)
            .Message("column \"{}\" of relation \"{}\" does not exist", column, table->name);
      }
    }
  }
  return Status::Ok();
}

}  // namespace helios::compute
