#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "types/io.h"

namespace helios::compute {

enum class SettingKind : uint8_t { kBool, kInteger, kReal, kString, kEnum };

enum class SettingUnit : uint8_t { kNone, kMilliseconds, kSeconds, kMinutes, kKilobytes, kBlocks };

// Who may change a setting (pg_settings.context).
enum class SettingContext : uint8_t { kInternal, kServer, kBackend, kSuperuser, kUser };

// One parameter as PostgreSQL's pg_settings lists it.
struct SettingDefinition {
  const char* name;
  SettingKind kind;
  const char* default_value;
  SettingUnit unit = SettingUnit::kNone;
  SettingContext context = SettingContext::kUser;
  bool report = false;  // Clients are told of every change (ParameterStatus).
  double minimum = 0;
  double maximum = 0;
  const char* choices = "";  // kEnum: comma-separated.
  const char* description = "";
};

std::span<const SettingDefinition> AllSettings();
// Case does not matter; null when unknown.
const SettingDefinition* FindSetting(std::string_view name);

// The settings that every statement asks for, as numbers.
struct RunSettings {
  int64_t lock_timeout_us = 0;
  int64_t statement_timeout_ms = 0;
  int64_t idle_in_transaction_timeout_ms = 0;
  int64_t idle_timeout_ms = 0;
  size_t operator_memory_bytes = 0;
  size_t query_memory_bytes = 0;
  size_t vector_rows = 0;
  double parallel_rows_min = 0;
  bool durable_commit = true;
  bool default_read_only = false;
  std::string default_isolation;
  // Whether transaction_isolation and transaction_read_only stand at the session's defaults.
  bool modes_are_default = true;
  std::string application_name;
};

// The settings of one session: defaults, then what the server, the role, the start-up packet and
// SET say. Changes inside a transaction go back when it (or the savepoint) is rolled back; SET
// LOCAL ends with it.
//
// Thread safety: none.
class Settings {
 public:
  Settings();

  // Sets a session default before the session starts (server, database, role, start-up packet):
  // what RESET returns to.
  Status SetDefault(std::string_view name, std::string_view value);
  // `is_superuser` decides on kSuperuser settings. 42704 unknown, 22023 bad value, 55P02 not
  // changeable.
  Status Set(std::string_view name, std::string_view value, bool local, bool is_superuser);
  Status Reset(std::string_view name, bool is_superuser);
  void ResetAll();
  // For settings that the session itself computes (is_superuser, session_authorization, ...).
  void SetInternal(std::string_view name, std::string value, bool local = false);

  // The value as SHOW prints it. 42704 unknown.
  Result<std::string> Show(std::string_view name) const;
  const std::string& Raw(std::string_view name) const;
  // The value that RESET would give.
  std::string ResetValue(std::string_view name) const;
  bool Bool(std::string_view name) const;
  // In the setting's own unit: milliseconds, kilobytes, ...
  int64_t Integer(std::string_view name) const;
  // Settings with a dot in their name that SET made ("myapp.user").
  const std::map<std::string, std::string>& custom() const { return custom_; }

  // Those of every statement. Valid until the next change.
  const RunSettings& run() const {
    if (run_change_ != change_count_) RefreshRun();
    return run_;
  }

  // How values read and print, kept in step with the settings.
  const TextFormat& text_format() const { return text_format_; }
  TextFormat& mutable_text_format() { return text_format_; }
  // Grows with every change that a plan may depend on: all but the modes of the transaction.
  uint64_t generation() const { return generation_; }

  // --- transactions
  size_t Mark() const { return log_.size(); }
  void RollbackTo(size_t mark);
  // Ends the transaction: SET LOCAL values go, the others stay.
  void Commit();
  void Rollback() { RollbackTo(0); }
  bool in_transaction =
      false;  // Outside, SET takes hold at once and SET LOCAL does nothing lasting.

  // Names of reported settings that changed since the last call.
  std::vector<std::string> TakeReportedChanges();

 private:
  struct Change {
    std::string name;
    std::optional<std::string> before;
    std::optional<std::string> after;
    bool local;
  };

  Status Check(const SettingDefinition& definition, std::string_view value,
               std::string* canonical) const;
  void Assign(const std::string& name, std::optional<std::string> value);
  void ChangeTo(const std::string& name, std::optional<std::string> value, bool local);
  void Refresh(const std::string& name);
  void RefreshRun() const;

  std::map<std::string, std::string, std::less<>> defaults_;  // Over the definitions' own.
  std::map<std::string, std::string, std::less<>> values_;    // Over defaults_.
  std::map<std::string, std::string> custom_;
  std::vector<Change> log_;
  std::vector<std::string> reported_changes_;
  TextFormat text_format_;
  uint64_t generation_ = 1;
  uint64_t change_count_ = 1;
  mutable RunSettings run_;  // As of change number run_change_.
  mutable uint64_t run_change_ = 0;
};

}  // namespace helios::compute
