#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/type_lookup.h"
#include "compute/internal/engine_core.h"
#include "compute/internal/portal.h"
#include "compute/internal/settings.h"
#include "compute/internal/transaction.h"
#include "compute/session.h"
#include "exec/executor.h"
#include "sql/ast_util.h"
#include "sql/planner.h"

namespace helios::compute {

enum class BlockState : uint8_t {
  kNone,      // No transaction.
  kImplicit,  // Around one message or one simple query.
  kExplicit,  // BEGIN.
  kFailed,    // An error inside BEGIN: only ROLLBACK goes.
};

// The session behind every protocol. Its parts: session_protocol.cc (messages), session_query.cc
// (planning and running), session_transaction.cc, session_settings.cc, statement_dispatch.cc (every
// other statement), ddl/ (schema changes), session_functions*.cc (functions that ask the session).
class SessionImpl : public Session, public expr::SessionServices {
 public:
  SessionImpl(EngineCore& core, SessionObserver& observer, const SessionOptions& options);
  ~SessionImpl() override;
  // Applies the start-up settings, checks user and database.
  Status Open();

  // --- Session
  Status ExecuteSimple(std::string_view sql, ResultSink& sink) override;
  Status Parse(std::string_view statement, std::string_view sql,
               std::span<const Oid> parameter_types) override;
  Result<const StatementDescription*> DescribeStatement(std::string_view statement) override;
  Status Bind(std::string_view portal, std::string_view statement,
              std::vector<Value> parameters) override;
  Result<const std::vector<FieldDescription>*> DescribePortal(std::string_view portal) override;
  Result<ExecuteOutcome> Execute(std::string_view portal, int64_t max_rows,
                                 ResultSink& sink) override;
  Status CloseStatement(std::string_view statement) override;
  Status ClosePortal(std::string_view portal) override;
  Status Sync(ResultSink& sink) override;
  void AbortStatement() override;
  TransactionStatus transaction_status() const override;
  const TextFormat& text_format() const override { return settings_.text_format(); }
  std::vector<std::pair<std::string, std::string>> TakeParameterChanges() override;
  std::vector<Notification> TakeNotifications() override;
  std::optional<IdleLimit> idle_limit() const override;
  void Cancel() override;
  void CancelByTimeout();
  int32_t process_id() const override { return process_id_; }

  // --- expr::SessionServices
  Status Call(std::string_view function, std::span<const Vector* const> arguments, size_t row,
              Vector* out, size_t out_row) override;

  // --- for the registry, from any thread
  void set_identity(int32_t process_id, uint32_t secret_key) {
    process_id_ = process_id;
    secret_key_ = secret_key;
  }
  uint32_t secret_key() const { return secret_key_; }
  void Terminate(Status reason);
  void Notify(const std::vector<Notification>& notifications);
  Activity GetActivity();

  // --- what the statement handlers work with
  EngineCore& core() { return core_; }
  hidb::StorageService& storage() { return core_.storage; }
  Settings& settings() { return settings_; }
  Oid role() const { return role_; }
  Oid session_role() const { return session_role_; }
  const SessionOptions& options() const { return options_; }
  const std::string& database() const { return options_.database; }
  bool IsSuperuser() const;
  // The catalog as this session sees it now: with its own uncommitted DDL and temporary objects.
  // Objects found in it stay alive until the statement ends.
  std::shared_ptr<const catalog::Snapshot> Catalog();
  // Names as this session resolves them, over Catalog().
  const catalog::CatalogTypeLookup& Lookup();
  // Schema OIDs of the search path that exist, the temporary schema first.
  std::vector<Oid> SearchPath();
  sql::PlannerContext MakePlannerContext();
  Transaction& txn() { return *txn_; }
  bool has_txn() const { return txn_ != nullptr; }
  bool in_transaction_block() const {
    return block_ == BlockState::kExplicit || block_ == BlockState::kFailed;
  }
  // Replaces the private catalog by the result of a DDL statement, which began from `base`.
  void SetCatalog(std::shared_ptr<const catalog::Snapshot> base,
                  std::shared_ptr<const catalog::Snapshot> next);
  // The schema of this session's temporary tables, made when first needed.
  Result<Oid> TemporarySchema();
  Oid temporary_schema() const { return temporary_schema_; }
  // Brings the private catalog up to what others have committed. Not while an editor is at work.
  Status RebaseCatalog();
  Status LockTable(hidb::SpaceId object, hidb::TableLockMode mode, std::string name);
  // The same for statements that are not planned: the catalog is brought up to date once the lock
  // is there. 42P01 when the relation went away while the statement waited.
  Status LockRelation(Oid oid, hidb::TableLockMode mode, const std::string& name);
  // Keeps others from making an object of this name in the schema (none: a schema) until the end
  // of the transaction. Afterwards Catalog() has what they made before.
  Status LockName(Oid schema, std::string_view name);
  Result<Oid> NewOid();
  void Notice(Notice::Severity severity, std::string sqlstate, std::string message,
              std::string hint = "");
  const std::atomic<bool>& canceled() const { return canceled_; }
  int64_t NowMicros() const;  // Since 2000-01-01 UTC.

  // Runs a planned statement to its end; what it returns goes to `rows` (null: nowhere).
  Result<uint64_t> RunPlan(std::shared_ptr<const sql::plan::Plan> plan,
                           std::vector<Value> parameters, KeptRows* rows);
  // Plans and runs a statement of our own making.
  Result<uint64_t> RunStatement(const sql::ast::Statement& statement);
  // Counts what one query holds.
  std::shared_ptr<MemoryTracker> MakeQueryMemory();
  // Room for the rows of a query. `memory` null: of a query of its own.
  std::shared_ptr<KeptRows> MakeKeptRows(std::shared_ptr<MemoryTracker> memory = nullptr);
  // The context for an execution of the present statement; takes a snapshot and a command number.
  exec::ExecutionContext MakeExecutionContext(std::vector<Value> parameters);
  expr::EvalContext MakeEvalContext();
  Status LockForPlan(const sql::plan::Plan& plan);
  Status CheckPrivileges(const std::vector<sql::plan::PrivilegeNeed>& needs);
  Result<Value> EvaluateScalar(const sql::ast::Expr& expr, SqlType type);

  std::map<std::string, std::shared_ptr<PreparedStatement>, std::less<>>& statements() {
    return statements_;
  }
  std::map<std::string, Portal, std::less<>>& portals() { return portals_; }
  std::set<std::string>& channels() { return channels_; }
  std::map<hidb::SpaceId, int64_t>& sequence_values() { return sequence_values_; }
  hidb::SpaceId last_sequence = 0;
  uint64_t random_seed = 0;

  // Rows of a portal from where it stands, at most `max_rows` (0: all), to `emit`. Returns how
  // many.
  Result<uint64_t> PumpRows(Portal& portal, uint64_t max_rows,
                            const std::function<Status(const Chunk&)>& emit);
  // The same for a cursor, whose rows are kept.
  Result<uint64_t> PumpCursor(Portal& cursor, uint64_t max_rows,
                              const std::function<Status(const Chunk&)>& emit);
  Status StartPortal(Portal& portal, ResultSink& sink);
  // Makes `prepared.plan` current for Catalog() and the settings. 0A000 when the result would
  // change.
  Status EnsurePlan(PreparedStatement& prepared);
  Status StartCursor(Portal& cursor);
  Result<std::shared_ptr<PreparedStatement>> Prepare(std::string name, std::string text,
                                                     sql::ast::StatementPtr statement,
                                                     std::span<const Oid> types,
                                                     bool is_cursor = false);

  // --- transactions (session_transaction.cc)
  Status BeginBlock(const sql::ast::TransactionModes& modes);
  Status CommitBlock(bool chain);
  Status RollbackBlock(bool chain);
  Status ApplyModes(const sql::ast::TransactionModes& modes);
  Status RollbackToSavepoint(const std::string& name);
  void CloseAllCursors();
  Status DropTemporaryObjects();
  void EnsureTransaction();
  Status Commit();
  void Rollback();
  // After an error: the implicit transaction goes, an explicit one fails.
  void FailStatement();

  void SetRole(Oid role, bool local);
  void SetSessionRole(Oid role);

 private:
  friend class QueryRun;

  Result<UtilityResult> RunUtility(const sql::ast::Statement& statement, Portal& portal,
                                   ResultSink& sink);
  Status RunSimpleStatement(std::shared_ptr<PreparedStatement> prepared, bool last,
                            ResultSink& sink);
  Status CheckRunnable(const sql::ast::Statement& statement) const;
  Status StartQuery(Portal& portal);
  Status RunWithRetry(const std::shared_ptr<PreparedStatement>& prepared, Portal& portal);
  Result<uint64_t> RunAgainWhileChanged(const sql::plan::Plan& plan,
                                        const std::function<Result<uint64_t>()>& run);
  Status PrepareRun(PreparedStatement& prepared);
  Status DescribePrepared(PreparedStatement& prepared);
  // Before a statement runs. Statements about transactions must run whatever others did.
  Status PrepareCatalog(const sql::ast::Statement& statement);
  Status CommitWithCatalog(hidb::CommitRequest request);
  void ApplyListens();
  Status EndTemporaryTables();
  Status DropTemporaryTables(const std::vector<Oid>& tables);
  Status MaterializeHeldCursors();
  void BeginActivity(std::string_view query);
  void EndActivity();
  Status Rewrite(Status status);  // Gives a cancellation its reason.

  EngineCore& core_;
  SessionObserver& observer_;
  const SessionOptions options_;
  Settings settings_;
  Oid session_role_ = kInvalidOid;
  Oid role_ = kInvalidOid;
  int32_t process_id_ = 0;
  uint32_t secret_key_ = 0;

  BlockState block_ = BlockState::kNone;
  std::unique_ptr<MemoryTracker> memory_;
  std::unique_ptr<Transaction> txn_;
  std::unique_ptr<exec::SystemTableSource> system_tables_;
  ResultSink* sink_ = nullptr;  // Of the running statement, for notices.

  std::map<std::string, std::shared_ptr<PreparedStatement>, std::less<>> statements_;
  std::map<std::string, Portal, std::less<>> portals_;
  std::set<std::string> channels_;
  std::map<hidb::SpaceId, int64_t> sequence_values_;  // currval

  std::shared_ptr<const catalog::Snapshot> shared_catalog_;  // As this statement saw it last.
  // The same, overlaid with this session's temporary objects.
  Oid temporary_schema_ = kInvalidOid;
  std::vector<std::shared_ptr<const catalog::Object>> temporary_objects_;
  std::vector<std::shared_ptr<const catalog::Snapshot>> seen_catalogs_;  // By this statement.
  std::shared_ptr<const catalog::Snapshot> overlay_base_;
  std::shared_ptr<const catalog::Snapshot> overlay_;
  std::unique_ptr<catalog::CatalogTypeLookup> lookup_;
  uint64_t lookup_generation_ = 0;
  Oid lookup_role_ = kInvalidOid;

  std::atomic<bool> canceled_{false};
  enum class CancelReason : uint8_t { kNone, kUser, kTimeout, kTerminate };
  std::atomic<CancelReason> cancel_reason_{CancelReason::kNone};
  std::atomic<bool> running_{false};
  int64_t statement_start_us_ = 0;

  std::mutex shared_mutex_;  // Guards what other threads read or write below.
  std::vector<Notification> notifications_;
  Activity activity_;
};

}  // namespace helios::compute
