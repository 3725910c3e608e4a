#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/status.h"
#include "types/io.h"
#include "types/value.h"
#include "types/vector.h"

namespace helios::compute {

// One column of a result as clients are told of it.
struct FieldDescription {
  std::string name;
  SqlType type;
  int16_t type_length = -1;  // pg_type.typlen
  Oid table = kInvalidOid;   // When the column is a plain table column.
  int16_t column_number = 0;
};

struct Notice {
  enum class Severity : uint8_t { kDebug, kLog, kInfo, kNotice, kWarning };
  Severity severity = Severity::kNotice;
  std::string sqlstate = "00000";
  ErrorInfo info;  // `info.code` is ignored.
};

struct Notification {
  int32_t sender_pid = 0;
  std::string channel;
  std::string payload;
};

struct CopyFormat {
  bool binary = false;
  int16_t column_count = 0;
};

// Where a statement's results go: the protocol's encoder. Calls come in order on the thread that
// runs the statement. An error from a call (the client is gone) ends the statement with that error.
class ResultSink {
 public:
  virtual ~ResultSink() = default;
  // Before the first rows, once a statement that returns rows (only in simple queries; portals are
  // described by Session::DescribePortal).
  virtual Status OnFields(std::span<const FieldDescription> fields) = 0;
  virtual Status OnRows(const Chunk& rows) = 0;
  // "SELECT 3", "INSERT 0 1", ...
  virtual Status OnComplete(std::string_view command_tag) = 0;
  virtual Status OnEmptyQuery() = 0;
  virtual Status OnNotice(const Notice& notice) = 0;

  // COPY FROM STDIN: asks the client to send.
  virtual Status OnCopyIn(const CopyFormat& format) = 0;
  // Appends the next piece of the client's data to `data`; false: the client is done. CopyFail and
  // a lost client are errors (57014, 08006). Blocks.
  virtual Result<bool> ReadCopyData(std::string* data) = 0;
  // COPY TO STDOUT: format, then one call a row (or block), then the end.
  virtual Status OnCopyOut(const CopyFormat& format) = 0;
  virtual Status OnCopyData(std::string_view data) = 0;
  virtual Status OnCopyOutDone() = 0;
};

struct StatementDescription {
  std::vector<Oid> parameter_types;
  // Absent: the statement returns no rows.
  std::optional<std::vector<FieldDescription>> fields;
};

enum class ExecuteOutcome : uint8_t {
  kComplete,   // OnComplete or OnEmptyQuery was called.
  kSuspended,  // max_rows rows were sent and there may be more.
};

enum class TransactionStatus : char { kIdle = 'I', kInTransaction = 'T', kFailed = 'E' };

// One client's conversation with the database: its settings, transaction, prepared statements and
// portals. Protocols own the wire; a session knows no wire.
//
// Thread safety: calls come from one thread at a time, except Cancel, Terminate and the const
// queries marked so. An error leaves the session usable, in the state that TransactionStatus tells.
// Destroying a session rolls back its transaction.
class Session {
 public:
  virtual ~Session() = default;

  // --- simple query: one or more statements; the implicit transaction around them ends with it.
  // Results and the error of the failing statement: the error is returned, not sent to the sink.
  virtual Status ExecuteSimple(std::string_view sql, ResultSink& sink) = 0;

  // --- extended query. An error in any of these aborts the implicit transaction at once; the
  // protocol then skips to Sync. An empty name is the unnamed statement or portal.
  virtual Status Parse(std::string_view statement, std::string_view sql,
                       std::span<const Oid> parameter_types) = 0;
  // The pointer is valid until the statement is closed or parsed again.
  virtual Result<const StatementDescription*> DescribeStatement(std::string_view statement) = 0;
  virtual Status Bind(std::string_view portal, std::string_view statement,
                      std::vector<Value> parameters) = 0;
  // Null: no rows. Valid until the portal is closed.
  virtual Result<const std::vector<FieldDescription>*> DescribePortal(std::string_view portal) = 0;
  // max_rows 0: all.
  virtual Result<ExecuteOutcome> Execute(std::string_view portal, int64_t max_rows,
                                         ResultSink& sink) = 0;
  virtual Status CloseStatement(std::string_view statement) = 0;
  virtual Status ClosePortal(std::string_view portal) = 0;
  // Ends the implicit transaction: commits, or rolls back after an error. A commit that fails is
  // the result.
  virtual Status Sync(ResultSink& sink) = 0;
  // Tells the session that the protocol met an error of its own (malformed Bind, ...).
  virtual void AbortStatement() = 0;

  virtual TransactionStatus transaction_status() const = 0;
  // How values are written as text for this client now (DateStyle, TimeZone, ...).
  virtual const TextFormat& text_format() const = 0;

  // --- asynchronous matters
  // Settings reported to clients (ParameterStatus) that changed since the last call.
  virtual std::vector<std::pair<std::string, std::string>> TakeParameterChanges() = 0;
  // NOTIFYs that arrived; delivered outside transactions only. SessionObserver::OnNotification
  // wakes an idle connection.
  virtual std::vector<Notification> TakeNotifications() = 0;
  // Microseconds that the client may stay idle in the present state, and the error that then ends
  // the connection; no value: for ever. (idle_in_transaction_session_timeout, idle_session_timeout)
  struct IdleLimit {
    int64_t microseconds;
    Status error;
  };
  virtual std::optional<IdleLimit> idle_limit() const = 0;

  // Ends the running statement with 57014, if one runs. Any thread.
  virtual void Cancel() = 0;

  virtual int32_t process_id() const = 0;
};

// What a session tells its connection out of turn. Any thread; must not call back into the session.
class SessionObserver {
 public:
  virtual ~SessionObserver() = default;
  // There is something for TakeNotifications.
  virtual void OnNotification() = 0;
  // The session must end with this error (pg_terminate_backend, shutdown): the connection sends it
  // as FATAL, once the running statement (which is canceled) is over, and closes.
  virtual void OnTerminate(Status reason) = 0;
};

struct SessionOptions {
  std::string user;
  std::string database;
  // Both ends of the connection, hosts in numbers; empty: no TCP connection.
  std::string client_host, server_host;
  uint16_t client_port = 0, server_port = 0;
  // Start-up settings: application_name, client_encoding, DateStyle, TimeZone, options ("-c a=b").
  std::vector<std::pair<std::string, std::string>> settings;
};

// What SCRAM-SHA-256 (RFC 5802, RFC 7677) needs of a role.
struct ScramVerifier {
  uint32_t iterations = 4096;
  std::string salt;        // Raw bytes.
  std::string stored_key;  // 32 raw bytes.
  std::string server_key;  // 32 raw bytes.
};

// The compute role as protocols see it. Thread safety: all calls, from any thread.
class Engine {
 public:
  virtual ~Engine() = default;

  // Absent when the role does not exist, may not log in or has no password: the protocol then runs
  // a mock exchange, so that a client cannot tell.
  virtual std::optional<ScramVerifier> FindScramVerifier(std::string_view user) = 0;

  // For an authenticated user. 3D000 unknown database, 28000 role may not log in, 53300 too many
  // connections, 57P03 shutting down, 22023 bad start-up setting. `observer` outlives the session.
  virtual Result<std::unique_ptr<Session>> OpenSession(const SessionOptions& options,
                                                       SessionObserver& observer) = 0;
  // The settings to report at start (ParameterStatus), in order, as this session has them now.
  virtual std::vector<std::pair<std::string, std::string>> ReportedSettings(
      const Session& session) = 0;

  // For CancelRequest: the key of a session is random, 32 bits for protocol 3.0. Unknown pairs are
  // ignored.
  virtual void CancelSession(int32_t process_id, uint32_t secret_key) = 0;
  virtual uint32_t SecretKey(const Session& session) const = 0;
};

}  // namespace helios::compute
