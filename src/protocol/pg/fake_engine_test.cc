// The fake engine's code; the dialogue tests use it.

#include "protocol/pg/internal/fake_engine.h"

#include <charconv>

#include "protocol/common/scram.h"

namespace helios::protocol::pg {
namespace {

using compute::ExecuteOutcome;
using compute::FieldDescription;
using compute::TransactionStatus;

int64_t NumberAfter(std::string_view sql, std::string_view word) {
  int64_t number = 0;
  sql.remove_prefix(word.size());
  std::from_chars(sql.data(), sql.data() + sql.size(), number);
  return number;
}

FieldDescription Field(std::string name, Oid type) {
  const TypeInfo* info = FindType(type);
  return {.name = std::move(name), .type = {type}, .type_length = info->length};
}

}  // namespace

std::optional<std::vector<FieldDescription>> FakeSession::FieldsOf(const std::string& sql,
                                                                   std::span<const Oid> types) {
  if (sql.starts_with("series ") || sql == "fail") return {{Field("n", type_oid::kInt4)}};
  if (sql.starts_with("text ")) return {{Field("t", type_oid::kText)}};
  if (sql == "echo") {
    std::vector<FieldDescription> fields;
    for (const Oid type : types) fields.push_back(Field("p", type));
    return fields;
  }
  return std::nullopt;
}

Status FakeSession::ExecuteSimple(std::string_view sql, compute::ResultSink& sink) {
  Portal portal{.sql = std::string(sql), .fields = FieldsOf(std::string(sql), {})};
  if (sql == "rollback") status_ = TransactionStatus::kIdle;
  if (status_ == TransactionStatus::kFailed) {
    return Error(ErrorCode::kInFailedSqlTransaction)
        .Message("current transaction is aborted, commands ignored until end of transaction block");
  }
  auto outcome = Run(portal, 0, true, sink);
  if (!outcome.ok()) {
    AbortStatement();
    return outcome.status();
  }
  return Status::Ok();
}

Result<ExecuteOutcome> FakeSession::Run(Portal& portal, int64_t max_rows, bool describe,
                                        compute::ResultSink& sink) {
  const std::string& sql = portal.sql;
  if (sql.empty()) {
    HELIOS_TRY(sink.OnEmptyQuery());
    return ExecuteOutcome::kComplete;
  }
  if (describe && portal.fields.has_value()) HELIOS_TRY(sink.OnFields(*portal.fields));
  if (sql.starts_with("series ") || sql == "fail") {
    const int64_t total = sql == "fail" ? 1 : NumberAfter(sql, "series ");
    const int64_t limit = max_rows == 0 ? total : std::min(total, portal.sent_rows + max_rows);
    while (portal.sent_rows < limit) {
      const SqlType types[] = {{type_oid::kInt4}};
      Chunk chunk(types);
      const auto count = static_cast<size_t>(
          std::min<int64_t>(limit - portal.sent_rows, static_cast<int64_t>(kVectorRowsMax)));
      for (size_t i = 0; i < count; ++i) {
        chunk.column(0).Set<int32_t>(i, static_cast<int32_t>(++portal.sent_rows));
      }
      chunk.SetRowCount(count);
      HELIOS_TRY(sink.OnRows(chunk));
    }
    if (sql == "fail") return Error(ErrorCode::kDivisionByZero).Message("division by zero");
    if (max_rows != 0 && limit - 0 == portal.sent_rows && portal.sent_rows < total) {
      return ExecuteOutcome::kSuspended;
    }
    HELIOS_TRY(sink.OnComplete(fmt::format("SELECT {}", total)));
    return ExecuteOutcome::kComplete;
  }
  if (sql.starts_with("text ")) {
    const SqlType types[] = {{type_oid::kText}};
    Chunk chunk(types);
    chunk.column(0).SetString(0, std::string(static_cast<size_t>(NumberAfter(sql, "text ")), 'x'));
    chunk.SetRowCount(1);
    HELIOS_TRY(sink.OnRows(chunk));
    HELIOS_TRY(sink.OnComplete("SELECT 1"));
    return ExecuteOutcome::kComplete;
  }
  if (sql == "echo") {
    Chunk chunk;
    for (const Value& value : portal.parameters) chunk.AddColumn(value.ToConstant());
    chunk.SetRowCount(1);
    HELIOS_TRY(sink.OnRows(chunk));
    HELIOS_TRY(sink.OnComplete("SELECT 1"));
    return ExecuteOutcome::kComplete;
  }
  if (sql == "copyin" || sql == "copyout") {
    HELIOS_TRY(RunCopy(sql == "copyin", sink));
    return ExecuteOutcome::kComplete;
  }
  if (sql == "begin") status_ = TransactionStatus::kInTransaction;
  if (sql == "commit") status_ = TransactionStatus::kIdle;
  if (sql == "notice") {
    compute::Notice notice;
    notice.info.message = "look out";
    HELIOS_TRY(sink.OnNotice(notice));
  }
  if (sql.starts_with("set ")) changes_.emplace_back("TimeZone", sql.substr(4));
  if (sql == "wait") {
    std::unique_lock lock(mutex_);
    is_waiting_ = true;
    canceled_.notify_all();
    canceled_.wait(lock, [this] { return is_canceled_; });
    is_canceled_ = false;
    is_waiting_ = false;
    return Error(ErrorCode::kQueryCanceled).Message("canceling statement due to user request");
  }
  HELIOS_TRY(sink.OnComplete("OK"));
  return ExecuteOutcome::kComplete;
}

Status FakeSession::RunCopy(bool in, compute::ResultSink& sink) {
  if (in) {
    HELIOS_TRY(sink.OnCopyIn({.binary = false, .column_count = 2}));
    std::string data;
    while (true) {
      HELIOS_TRY(const bool goes_on, sink.ReadCopyData(&data));
      if (!goes_on) break;
      if (data.find("bad") != std::string::npos) {
        return Error(ErrorCode::kBadCopyFileFormat).Message("bad line");
      }
    }
    return sink.OnComplete(fmt::format("COPY {}", data.size()));
  }
  HELIOS_TRY(sink.OnCopyOut({.binary = true, .column_count = 1}));
  HELIOS_TRY(sink.OnCopyData("row 1\n"));
  HELIOS_TRY(sink.OnCopyData("row 2\n"));
  HELIOS_TRY(sink.OnCopyOutDone());
  return sink.OnComplete("COPY 2");
}

Status FakeSession::Parse(std::string_view statement, std::string_view sql,
                          std::span<const Oid> parameter_types) {
  if (sql == "syntax") return Error(ErrorCode::kSyntaxError).Message("syntax error").Position(1);
  Statement parsed{.sql = std::string(sql)};
  parsed.description.parameter_types.assign(parameter_types.begin(), parameter_types.end());
  parsed.description.fields = FieldsOf(parsed.sql, parameter_types);
  statements_.insert_or_assign(std::string(statement), std::move(parsed));
  return Status::Ok();
}

Result<const compute::StatementDescription*> FakeSession::DescribeStatement(
    std::string_view statement) {
  const auto found = statements_.find(statement);
  if (found == statements_.end()) {
    return Error(ErrorCode::kInvalidSqlStatementName)
        .Message("prepared statement \"{}\" does not exist", statement);
  }
  return &found->second.description;
}

Status FakeSession::Bind(std::string_view portal, std::string_view statement,
                         std::vector<Value> parameters) {
  const Statement& bound = statements_.find(statement)->second;
  portals_.insert_or_assign(std::string(portal), Portal{.sql = bound.sql,
                                                        .parameters = std::move(parameters),
                                                        .fields = bound.description.fields});
  return Status::Ok();
}

Result<const std::vector<FieldDescription>*> FakeSession::DescribePortal(std::string_view portal) {
  const auto found = portals_.find(portal);
  if (found == portals_.end()) {
    return Error(ErrorCode::kInvalidCursorName).Message("portal \"{}\" does not exist", portal);
  }
  return found->second.fields.has_value() ? &*found->second.fields : nullptr;
}

Result<ExecuteOutcome> FakeSession::Execute(std::string_view portal, int64_t max_rows,
                                            compute::ResultSink& sink) {
  const auto found = portals_.find(portal);
  if (found == portals_.end()) {
    return Error(ErrorCode::kInvalidCursorName).Message("portal \"{}\" does not exist", portal);
  }
  return Run(found->second, max_rows, false, sink);
}

Status FakeSession::CloseStatement(std::string_view statement) {
  statements_.erase(std::string(statement));
  return Status::Ok();
}

Status FakeSession::ClosePortal(std::string_view portal) {
  portals_.erase(std::string(portal));
  return Status::Ok();
}

Status FakeSession::Sync(compute::ResultSink&) {
  if (status_ == TransactionStatus::kIdle) portals_.clear();
  return Status::Ok();
}

void FakeSession::AbortStatement() {
  if (status_ == TransactionStatus::kInTransaction) status_ = TransactionStatus::kFailed;
}

std::vector<std::pair<std::string, std::string>> FakeSession::TakeParameterChanges() {
  return std::exchange(changes_, {});
}

std::vector<compute::Notification> FakeSession::TakeNotifications() {
  const std::lock_guard lock(mutex_);
  return std::exchange(notifications_, {});
}

std::optional<compute::Session::IdleLimit> FakeSession::idle_limit() const {
  const std::lock_guard lock(mutex_);
  if (idle_limit_us_ == 0) return std::nullopt;
  return IdleLimit{idle_limit_us_,
                   Error(ErrorCode::kIdleSessionTimeout)
                       .Message("terminating connection due to idle-session timeout")};
}

void FakeSession::Cancel() {
  const std::lock_guard lock(mutex_);
  is_canceled_ = true;
  canceled_.notify_all();
}

void FakeSession::Notify(std::string channel) {
  {
    const std::lock_guard lock(mutex_);
    notifications_.push_back({7, std::move(channel), "payload"});
  }
  observer_.OnNotification();
}

void FakeSession::Terminate(Status reason) {
  Cancel();
  observer_.OnTerminate(std::move(reason));
}

void FakeSession::AwaitWaiting() {
  std::unique_lock lock(mutex_);
  canceled_.wait(lock, [this] { return is_waiting_; });
}

void FakeSession::SetIdleLimit(int64_t us) {
  const std::lock_guard lock(mutex_);
  idle_limit_us_ = us;
}

void FakeEngine::AddUser(std::string name, std::string_view password) {
  const auto verifier = MakeScramVerifier(password, "0123456789abcdef", 4096);
  verifiers_[std::move(name)] = {verifier.iterations, verifier.salt, verifier.stored_key,
                                 verifier.server_key};
}

std::optional<compute::ScramVerifier> FakeEngine::FindScramVerifier(std::string_view user) {
  const auto found = verifiers_.find(user);
  if (found == verifiers_.end()) return std::nullopt;
  return found->second;
}

Result<std::unique_ptr<compute::Session>> FakeEngine::OpenSession(
    const compute::SessionOptions& options, compute::SessionObserver& observer) {
  options_ = options;
  if (options.database == "missing") {
    return Error(ErrorCode::kInvalidCatalogName).Message("database \"missing\" does not exist");
  }
  auto session = std::make_unique<FakeSession>(next_process_id_++, observer);
  newest_ = session.get();
  return session;
}

std::vector<std::pair<std::string, std::string>> FakeEngine::ReportedSettings(
    const compute::Session&) {
  return {{"server_version", "15.8"}, {"client_encoding", "UTF8"}};
}

void FakeEngine::CancelSession(int32_t process_id, uint32_t secret_key) {
  if (newest_ != nullptr && newest_->process_id() == process_id && secret_key == 0x01020304) {
    newest_->Cancel();
  }
}

}  // namespace helios::protocol::pg
