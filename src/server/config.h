#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "sys/log.h"

namespace helios::server {

// A port of a protocol: a number (0: any free one) or closed.
struct PortSetting {
  bool is_open = false;
  uint16_t port = 0;
};

enum class AuthSetting : uint8_t { kScram, kTrust };
enum class TlsSetting : uint8_t { kOn, kOff, kRequired };

// Everything that a server may be told at its start (docs/configuration.md).
struct ServerConfig {
  std::string config_file;
  std::string data_dir = "heliosdb-data";
  std::vector<std::string> listen = {"127.0.0.1"};
  std::string socket_dir;  // Empty: no Unix socket.
  PortSetting pg = {true, 5432};
  PortSetting http = {true, 8080};
  AuthSetting auth = AuthSetting::kScram;
  std::string superuser_password_file;
  TlsSetting tls = TlsSetting::kOn;
  std::string tls_cert_file;  // Empty, both: a self-signed pair in the data directory.
  std::string tls_key_file;
  uint64_t memory_limit_bytes = 0;  // Filled in by FinishConfig.
  uint64_t thread_count = 0;        // Filled in by FinishConfig.
  uint64_t connection_count_max = 10'000;
  uint64_t active_session_count_max = 1'024;
  int64_t login_timeout_us = 60'000'000;
  int64_t shutdown_grace_us = 30'000'000;
  std::string ready_file;
  sys::LogOptions log;
};

// One thing that can be configured: `key` in the file ("ports.pg"), `option` on the command line
// ("--pg-port"), the same text for both.
struct Setting {
  std::string_view key;
  std::string_view option;
  std::string_view value_name;
  std::string_view help;
  Status (*set)(std::string_view text, ServerConfig* config);
};
const std::vector<Setting>& AllSettings();

using SettingTexts = std::vector<std::pair<std::string, std::string>>;  // Option, text.

// Defaults, then the file that "--config" names, then `options` from the command line. F0000 with
// the file's line, or the option's name, in the message.
Result<ServerConfig> MakeConfig(const SettingTexts& options);
// The file's part of that. `file_name` is for messages.
Status ApplyToml(std::string_view text, std::string_view file_name, ServerConfig* config);
// Checks what concerns more than one setting, and fills in what depends on the machine.
Status FinishConfig(ServerConfig* config);

// "512MB", "4GB", "60%" (of `whole`), "1048576". Units are powers of 1024.
Result<uint64_t> ParseSize(std::string_view text, uint64_t whole);
// "30s", "500ms", "2min", "1h"; a bare number is seconds.
Result<int64_t> ParseDuration(std::string_view text);

}  // namespace helios::server
