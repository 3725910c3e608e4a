#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "compute/session.h"

namespace helios::protocol::pg {

// A second implementation of compute::Engine, for tests: its "SQL" is a handful of commands.
//
//   series N     N rows of int4 from 1          text N       one text of N bytes
//   echo         its parameters as one row      fail         22012 after one row
//   begin, commit, set N V, notice, wait (until canceled), copyin, copyout, "" (empty query)
class FakeSession final : public compute::Session {
 public:
  FakeSession(int32_t process_id, compute::SessionObserver& observer)
      : process_id_(process_id), observer_(observer) {}

  Status ExecuteSimple(std::string_view sql, compute::ResultSink& sink) override;
  Status Parse(std::string_view statement, std::string_view sql,
               std::span<const Oid> parameter_types) override;
  Result<const compute::StatementDescription*> DescribeStatement(
      std::string_view statement) override;
  Status Bind(std::string_view portal, std::string_view statement,
              std::vector<Value> parameters) override;
  Result<const std::vector<compute::FieldDescription>*> DescribePortal(
      std::string_view portal) override;
  Result<compute::ExecuteOutcome> Execute(std::string_view portal, int64_t max_rows,
                                          compute::ResultSink& sink) override;
  Status CloseStatement(std::string_view statement) override;
  Status ClosePortal(std::string_view portal) override;
  Status Sync(compute::ResultSink& sink) override;
  void AbortStatement() override;
  compute::TransactionStatus transaction_status() const override { return status_; }
  const TextFormat& text_format() const override { return format_; }
  std::vector<std::pair<std::string, std::string>> TakeParameterChanges() override;
  std::vector<compute::Notification> TakeNotifications() override;
  std::optional<IdleLimit> idle_limit() const override;
  void Cancel() override;
  int32_t process_id() const override { return process_id_; }

  // --- for tests, any thread
  void Notify(std::string channel);
  void Terminate(Status reason);
  void SetIdleLimit(int64_t us);
  // Returns once "wait" runs.
  void AwaitWaiting();

 private:
  struct Statement {
    std::string sql;
    compute::StatementDescription description;
  };
  struct Portal {
    std::string sql;
    std::vector<Value> parameters;
    std::optional<std::vector<compute::FieldDescription>> fields;
    int64_t sent_rows = 0;
  };
  Result<compute::ExecuteOutcome> Run(Portal& portal, int64_t max_rows, bool describe,
                                      compute::ResultSink& sink);
  Status RunCopy(bool in, compute::ResultSink& sink);
  static std::optional<std::vector<compute::FieldDescription>> FieldsOf(const std::string& sql,
                                                                        std::span<const Oid> types);

  const int32_t process_id_;
  compute::SessionObserver& observer_;
  TextFormat format_;
  compute::TransactionStatus status_ = compute::TransactionStatus::kIdle;
  std::map<std::string, Statement, std::less<>> statements_;
  std::map<std::string, Portal, std::less<>> portals_;
  std::vector<std::pair<std::string, std::string>> changes_;
  mutable std::mutex mutex_;
  std::condition_variable canceled_;
  bool is_canceled_ = false;
  bool is_waiting_ = false;
  std::vector<compute::Notification> notifications_;
  int64_t idle_limit_us_ = 0;
};

class FakeEngine final : public compute::Engine {
 public:
  // A user with this password; users that were not added are unknown.
  void AddUser(std::string name, std::string_view password);

  std::optional<compute::ScramVerifier> FindScramVerifier(std::string_view user) override;
  // Database "missing" does not exist.
  Result<std::unique_ptr<compute::Session>> OpenSession(
      const compute::SessionOptions& options, compute::SessionObserver& observer) override;
  std::vector<std::pair<std::string, std::string>> ReportedSettings(
      const compute::Session& session) override;
  void CancelSession(int32_t process_id, uint32_t secret_key) override;
  uint32_t SecretKey(const compute::Session&) const override { return 0x01020304; }

  // The newest session; it must still be there.
  FakeSession* newest() const { return newest_; }
  const compute::SessionOptions& options() const { return options_; }

 private:
  std::map<std::string, compute::ScramVerifier, std::less<>> verifiers_;
  FakeSession* newest_ = nullptr;
  compute::SessionOptions options_;
  int32_t next_process_id_ = 100;
};

}  // namespace helios::protocol::pg
