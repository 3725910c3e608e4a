#include "server/config.h"

#include <algorithm>
#include <charconv>

#include "sys/machine.h"
#include "sys/net.h"
#include "sys/thread.h"

namespace helios::server {
namespace {

Error Invalid() { return Error(ErrorCode::kConfigFileError); }

Result<uint64_t> ParseNumber(std::string_view text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    return Invalid().Message("\"{}\" is not a number", text);
  }
  return number;
}

// A number and what follows it.
Result<uint64_t> SplitUnit(std::string_view text, std::string_view* unit) {
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  HELIOS_TRY(const uint64_t number, ParseNumber(text.substr(0, digits)));
  *unit = text.substr(digits);
  while (unit->starts_with(' ')) unit->remove_prefix(1);
  return number;
}

Result<PortSetting> ParsePort(std::string_view text) {
  if (text == "off") return PortSetting{};
  auto number = ParseNumber(text);
  if (!number.ok() || *number > 65535) {
    return Invalid().Message("\"{}\" is not a port (0 to 65535, or off)", text);
  }
  return PortSetting{true, static_cast<uint16_t>(*number)};
}

// A port of a protocol that this version does not speak.
Status RefusePort(std::string_view text, std::string_view protocol) {
  if (text == "off") return Status::Ok();
  return Invalid()
      .Message("this version does not serve the {} protocol", protocol)
      .Hint("Leave the port out, or set it to off.");
}

std::vector<std::string> SplitList(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    std::string_view part = text.substr(0, comma);
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    if (!part.empty()) parts.emplace_back(part);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return parts;
}

Status SetRoles(std::string_view text, ServerConfig*) {
  for (const std::string& role : SplitList(text)) {
    if (role == "embedded") continue;
    if (role == "compute" || role == "storage" || role == "metadata" || role == "witness") {
      return Invalid()
          .Message("this version cannot run role \"{}\" by itself", role)
          .Hint("Leave roles out: one process then plays all of them.");
    }
    return Invalid().Message("unknown role \"{}\"", role);
  }
  return Status::Ok();
}

Status SetCount(std::string_view text, uint64_t minimum, uint64_t maximum, uint64_t* to) {
  HELIOS_TRY(const uint64_t number, ParseNumber(text));
  if (number < minimum || number > maximum) {
    return Invalid().Message("{} is not between {} and {}", number, minimum, maximum);
  }
  *to = number;
  return Status::Ok();
}

template <typename T>
Status SetChoice(std::string_view text, std::vector<std::pair<std::string_view, T>> choices,
                 T* to) {
  std::string names;
  for (const auto& [name, value] : choices) {
    if (text == name) {
      *to = value;
      return Status::Ok();
    }
    if (!names.empty()) names += ", ";
    names += name;
  }
  return Invalid().Message("\"{}\" is not one of: {}", text, names);
}

std::vector<Setting> MakeSettings() {  // NOLINT(readability-function-size): a list.
  using Text = std::string_view;
  return {
      {"data_dir", "--data-dir", "DIR", "Where the data lie (default heliosdb-data)",
       [](Text text, ServerConfig* c) {
         if (text.empty()) return Invalid().Message("the path is empty").ToStatus();
         c->data_dir = text;
         return Status::Ok();
       }},
      {"listen", "--listen", "ADDR",
       "Addresses to listen on, by comma; * for all "
       "(default 127.0.0.1)",
       [](Text text, ServerConfig* c) {
         c->listen = SplitList(text);
         if (c->listen.empty()) return Invalid().Message("no address").ToStatus();
         return Status::Ok();
       }},
      {"socket_dir", "--socket-dir", "DIR", "Directory for a Unix socket (default none)",
       [](Text text, ServerConfig* c) {
         c->socket_dir = text;
         return Status::Ok();
       }},
      {"roles", "--roles", "LIST", "Roles to play; without it all of them, in one process",
       SetRoles},
      {"ports.pg", "--pg-port", "PORT",
       "PostgreSQL protocol: 0 for any free port, off for none "
       "(default 5432)",
       [](Text text, ServerConfig* c) {
         HELIOS_TRY(c->pg, ParsePort(text));
         return Status::Ok();
       }},
      {"ports.http", "--http-port", "PORT", "HTTP: metrics and health (default 8080)",
       [](Text text, ServerConfig* c) {
         HELIOS_TRY(c->http, ParsePort(text));
         return Status::Ok();
       }},
      {"ports.mysql", "--mysql-port", "PORT", "MySQL protocol: only off",
       [](Text text, ServerConfig*) { return RefusePort(text, "MySQL"); }},
      {"ports.sqlserver", "--sqlserver-port", "PORT", "SQL Server protocol: only off",
       [](Text text, ServerConfig*) { return RefusePort(text, "SQL Server"); }},
      {"ports.oracle", "--oracle-port", "PORT", "Oracle protocol: only off",
       [](Text text, ServerConfig*) { return RefusePort(text, "Oracle"); }},
      {"ports.db2", "--db2-port", "PORT", "DB2 protocol: only off",
       [](Text text, ServerConfig*) { return RefusePort(text, "DB2"); }},
      {"ports.hidb", "--hidb-port", "PORT", "Between nodes: only off",
       [](Text text, ServerConfig*) { return RefusePort(text, "HIDB"); }},
      {"auth.method", "--auth", "scram|trust", "How clients prove who they are (default scram)",
       [](Text text, ServerConfig* c) {
         return SetChoice<AuthSetting>(
             text, {{"scram", AuthSetting::kScram}, {"trust", AuthSetting::kTrust}}, &c->auth);
       }},
      {"auth.superuser_password_file", "--superuser-password-file", "FILE",
       "Holds the first password of superuser helios; read at the first start",
       [](Text text, ServerConfig* c) {
         c->superuser_password_file = text;
         return Status::Ok();
       }},
      {"tls.mode", "--tls", "on|off|required",
       "Encryption: offered, not offered, or demanded of "
       "clients that come over TCP (default on)",
       [](Text text, ServerConfig* c) {
         return SetChoice<TlsSetting>(text,
                                      {{"on", TlsSetting::kOn},
                                       {"off", TlsSetting::kOff},
                                       {"required", TlsSetting::kRequired}},
                                      &c->tls);
       }},
      {"tls.cert_file", "--tls-cert-file", "FILE", "Certificate chain, PEM (default: self-signed)",
       [](Text text, ServerConfig* c) {
         c->tls_cert_file = text;
         return Status::Ok();
       }},
      {"tls.key_file", "--tls-key-file", "FILE", "Private key, PEM",
       [](Text text, ServerConfig* c) {
         c->tls_key_file = text;
         return Status::Ok();
       }},
      {"memory_limit", "--memory-limit", "SIZE",
       "Memory for data and queries: 4GB, 512MB, 60% "
       "(default 60% of the machine's)",
       [](Text text, ServerConfig* c) {
         HELIOS_TRY(c->memory_limit_bytes, ParseSize(text, sys::MachineMemoryBytes()));
         return Status::Ok();
       }},
      {"threads", "--threads", "N", "Threads that queries may use (default: one a processor)",
       [](Text text, ServerConfig* c) { return SetCount(text, 1, 1024, &c->thread_count); }},
      {"limits.max_connections", "--max-connections", "N",
       "Clients at the same time "
       "(default 10000)",
       [](Text text, ServerConfig* c) {
         return SetCount(text, 1, 1'000'000, &c->connection_count_max);
       }},
      {"limits.max_active_sessions", "--max-active-sessions", "N",
       "Clients served at the same time; others wait their turn (default 1024)",
       [](Text text, ServerConfig* c) {
         return SetCount(text, 1, 100'000, &c->active_session_count_max);
       }},
      {"limits.login_timeout", "--login-timeout", "TIME", "Time to log in (default 60s)",
       [](Text text, ServerConfig* c) {
         HELIOS_TRY(c->login_timeout_us, ParseDuration(text));
         return Status::Ok();
       }},
      {"shutdown_grace", "--shutdown-grace", "TIME",
       "Time that running statements get when the server is told to stop (default 30s)",
       [](Text text, ServerConfig* c) {
         HELIOS_TRY(c->shutdown_grace_us, ParseDuration(text));
         return Status::Ok();
       }},
      {"ready_file", "--ready-file", "FILE",
       "Written once clients are served: process id and ports",
       [](Text text, ServerConfig* c) {
         c->ready_file = text;
         return Status::Ok();
       }},
      {"log.level", "--log-level", "LEVEL", "debug, info, warning or error (default info)",
       [](Text text, ServerConfig* c) {
         return SetChoice<sys::LogLevel>(text,
                                         {{"debug", sys::LogLevel::kDebug},
                                          {"info", sys::LogLevel::kInfo},
                                          {"warning", sys::LogLevel::kWarning},
                                          {"error", sys::LogLevel::kError}},
                                         &c->log.level);
       }},
      {"log.format", "--log-format", "text|json", "How log lines look (default text)",
       [](Text text, ServerConfig* c) {
         return SetChoice<bool>(text, {{"text", false}, {"json", true}}, &c->log.json);
       }},
      {"log.file", "--log-file", "FILE", "Where log lines go (default standard error)",
       [](Text text, ServerConfig* c) {
         c->log.file = text;
         return Status::Ok();
       }},
  };
}

}  // namespace

const std::vector<Setting>& AllSettings() {
  static const std::vector<Setting> settings = MakeSettings();
  return settings;
}

Result<uint64_t> ParseSize(std::string_view text, uint64_t whole) {
  const auto invalid = [text] {
    return Invalid().Message("\"{}\" is not a size, as 4GB, 512MB or 60%", text);
  };
  std::string_view unit;
  auto number = SplitUnit(text, &unit);
  if (!number.ok()) return invalid();
  int shift = 0;
  if (unit == "%") {
    if (*number == 0 || *number > 100) return invalid();
    return whole / 100 * *number;
  }
  if (unit.empty() || unit == "B") {
    shift = 0;
  } else if (unit == "kB" || unit == "KB" || unit == "k" || unit == "K") {
    shift = 10;
  } else if (unit == "MB" || unit == "M" || unit == "m") {
    shift = 20;
  } else if (unit == "GB" || unit == "G" || unit == "g") {
    shift = 30;
  } else if (unit == "TB" || unit == "T" || unit == "t") {
    shift = 40;
  } else {
    return invalid();
  }
  if (*number > UINT64_MAX >> shift) return invalid();
  return *number << shift;
}

Result<int64_t> ParseDuration(std::string_view text) {
  const auto invalid = [text] {
    return Invalid().Message("\"{}\" is not a time, as 30s, 500ms, 2min or 1h", text);
  };
  std::string_view unit;
  auto number = SplitUnit(text, &unit);
  // A year at most: far from any overflow.
  if (!number.ok() || *number > 366ull * 24 * 3600 * 1000) return invalid();
  int64_t factor = 0;
  if (unit == "ms") factor = 1'000;
  if (unit == "s" || unit.empty()) factor = 1'000'000;
  if (unit == "min") factor = 60'000'000;
  if (unit == "h") factor = 3'600'000'000;
  const auto value = static_cast<int64_t>(*number);
  if (factor == 0 || value > INT64_MAX / 4 / factor) return invalid();
  return value * factor;
}

Status FinishConfig(ServerConfig* config) {
  if (config->memory_limit_bytes == 0) {
    config->memory_limit_bytes = sys::MachineMemoryBytes() / 100 * 60;
  }
  constexpr uint64_t kMemoryBytesMin = uint64_t{64} << 20;
  if (config->memory_limit_bytes < kMemoryBytesMin) {
    return Invalid().Message("a memory limit of {} bytes is too low: 64MB are the least",
                             config->memory_limit_bytes);
  }
  if (config->thread_count == 0) config->thread_count = sys::ProcessorCount();
  if (!config->pg.is_open && !config->http.is_open) {
    return Invalid().Message("every port is off: nobody could connect");
  }
  if (config->auth == AuthSetting::kTrust) {
    for (const std::string& address : config->listen) {
      if (sys::IsLoopbackHost(address)) continue;
      return Invalid()
          .Message("--auth trust would let everybody who reaches {} in without a password", address)
          .Hint("Listen on loopback addresses alone, or use --auth scram.");
    }
  }
  if (config->tls_cert_file.empty() != config->tls_key_file.empty()) {
    return Invalid().Message(
        "tls.cert_file and tls.key_file belong together: one of them is missing");
  }
  config->data_dir = sys::AbsolutePath(config->data_dir);
  return Status::Ok();
}

}  // namespace helios::server
