#include "server/start.h"

#include <fmt/core.h>

#include <algorithm>
#include <atomic>
#include <cstdio>

#include "protocol/common/connection.h"
#include "protocol/http/operations.h"
#include "protocol/http/server.h"
#include "protocol/pg/server.h"
#include "server/embedded.h"
#include "server/first_password.h"
#include "server/tls_files.h"
#include "server/version.h"
#include "sys/files.h"
#include "sys/machine.h"

namespace helios::server {
namespace {

int64_t NowUs() { return sys::SystemClock().MonotonicMicros(); }

// Descriptors that files and the like take, beside one a connection.
constexpr uint64_t kOtherDescriptors = 512;
// Time between canceling what still runs and cutting the connections.
constexpr int64_t kCancelGraceUs = 5 * sys::kMicrosPerSecond;

// The sockets of one protocol, on every configured address; all have the same port.
Result<std::vector<sys::ListeningSocket>> OpenPort(const ServerConfig& config,
                                                   PortSetting setting) {
  std::vector<sys::ListeningSocket> sockets;
  if (!setting.is_open) return sockets;
  for (const std::string& address : config.listen) {
    const uint16_t port = sockets.empty() ? setting.port : sockets.front().port();
    HELIOS_TRY(auto opened, sys::ListenTcp(address, port));
    for (auto& socket : opened) sockets.push_back(std::move(socket));
  }
  return sockets;
}

std::string UrlHost(const std::string& address) {
  if (address == "0.0.0.0" || address == "::") return sys::HostName();
  return address.find(':') == std::string::npos ? address : "[" + address + "]";
}

// A directory without data of ours may hold what a first start that was interrupted left there, a
// certificate and a password put there for it, and nothing else: it is somebody else's.
Status RefuseForeignDirectory(const ServerConfig& config) {
  if (sys::PathExists(config.data_dir + "/FORMAT")) return Status::Ok();
  static constexpr std::string_view kOwnNames[] = {"FORMAT",           "LOCK",       "heliosdb.pid",
                                                   "initial_password", "kv",         "lost+found",
                                                   "server.crt",       "server.key", "spill"};
  HELIOS_TRY(const std::vector<std::string> names, sys::ListDirectory(config.data_dir));
  for (const std::string& name : names) {
    if (config.data_dir + "/" + name == config.superuser_password_file) continue;
    // Also the temporary file that becomes one of them.
    if (std::any_of(std::begin(kOwnNames), std::end(kOwnNames),
                    [&name](std::string_view own) { return name.starts_with(own); })) {
      continue;
    }
    return Error(ErrorCode::kConfigFileError)
        .Message("directory \"{}\" is not empty and holds no data of HeliosDB", config.data_dir)
        .Detail("It holds \"{}\".", name)
        .Hint("Name an empty directory, or one that does not exist yet.");
  }
  return Status::Ok();
}

class RunningServer {
 public:
  explicit RunningServer(const ServerConfig& config) : config_(config) {}

  Status Start() {
    HELIOS_TRY(sys::MakeDirectories(config_.data_dir));
    HELIOS_TRY(RefuseForeignDirectory(config_));
    auto lock = sys::FileLock::Acquire(config_.data_dir + "/heliosdb.pid");
    if (!lock.ok()) return DescribeLock(lock.status());
    lock_ = std::move(lock).value();
    HELIOS_TRY(RemoveReadyFile());
    LimitConnections();
    HELIOS_TRY(tls_, OpenTls(config_));
    // Before the data are opened: a port that is taken should not cost a recovery.
    HELIOS_TRY(auto pg_sockets, OpenPort(config_, config_.pg));
    HELIOS_TRY(auto http_sockets, OpenPort(config_, config_.http));
    const uint16_t pg_port = pg_sockets.empty() ? 0 : pg_sockets.front().port();
    if (!config_.socket_dir.empty() && config_.pg.is_open) {
      HELIOS_TRY(auto local,
                 sys::ListenUnix(fmt::format("{}/.s.PGSQL.{}", config_.socket_dir, pg_port)));
      pg_sockets.push_back(std::move(local));
    }
    reactor_ = std::make_unique<sys::Reactor>();
    runner_ = std::make_unique<protocol::ConnectionRunner>(
        *reactor_,
        protocol::ConnectionRunner::Options{.thread_count_max = config_.active_session_count_max});
    StartHttp(std::move(http_sockets));
    HELIOS_TRY(node_, EmbeddedNode::Open(config_, pg_port));
    StartPg(std::move(pg_sockets));
    is_ready_ = true;
    return WriteReadyFile();
  }

  void Banner() const {
    fmt::print("{}\nData in {}\n", VersionText(), config_.data_dir);
    if (pg_ != nullptr && pg_->port() != 0) {
      const std::string host = UrlHost(config_.listen.front());
      fmt::print("\n  psql \"postgresql://helios@{}:{}/helios\"\n",
                 host == "*" ? "127.0.0.1" : host, pg_->port());
      if (config_.auth == AuthSetting::kTrust) {
        fmt::print("  Everybody on this machine gets in without a password (--auth trust).\n");
      } else if (sys::PathExists(InitialPasswordPath(config_))) {
        fmt::print("  The first password is in {}\n", InitialPasswordPath(config_));
      }
    }
    if (http_ != nullptr && http_->port() != 0) {
      fmt::print("  http://{}:{}/metrics and /health/readiness\n", UrlHost(config_.listen.front()),
                 http_->port());
    }
    fmt::print("\nCtrl-C stops the server.\n");
    std::fflush(stdout);
  }

  // Stops in order: no new clients, idle ones sent away, running statements finished or canceled.
  void Stop() {
    is_ready_ = false;
    (void)RemoveReadyFile().ok();
    if (pg_ != nullptr) pg_->StopListening();
    if (http_ != nullptr) http_->StopListening();
    if (runner_ != nullptr) {
      runner_->AskAllToEnd(Error(ErrorCode::kAdminShutdown)
                               .Message("terminating connection due to administrator command"));
      if (!runner_->WaitUntilEmpty(NowUs() + config_.shutdown_grace_us)) {
        sys::Log(sys::LogLevel::kWarning, "canceling the statements that still run",
                 {{"connections", runner_->connection_count()}});
        runner_->CancelAllStatements();
        (void)runner_->WaitUntilEmpty(NowUs() + kCancelGraceUs);
      }
      runner_->Stop();
    }
    if (reactor_ != nullptr) reactor_->Stop();
    pg_.reset();
    http_.reset();
    node_.reset();
  }

 private:
  Status DescribeLock(const Status& status) const {
    if (!status.Is(ErrorCode::kLockFileExists)) return status;
    Status described = status;
    described.mutable_info().message =
        fmt::format("another server is running in data directory \"{}\"", config_.data_dir);
    return described;
  }

  void LimitConnections() {
    const uint64_t descriptors = sys::RaiseDescriptorLimit();
    if (config_.connection_count_max + kOtherDescriptors <= descriptors) return;
    const uint64_t possible =
        descriptors > 2 * kOtherDescriptors ? descriptors - kOtherDescriptors : descriptors / 2;
    sys::Log(sys::LogLevel::kWarning, "fewer connections than configured: too few descriptors",
             {{"max_connections", possible}, {"descriptors", descriptors}});
    config_.connection_count_max = possible;
  }

  void StartHttp(std::vector<sys::ListeningSocket> sockets) {
    protocol::http::AddOperationRoutes(
        sys::Metrics(),
        [this] {
          return protocol::http::Readiness{is_ready_, is_ready_ ? "" : "starting or stopping"};
        },
        &router_);
    http_ = std::make_unique<protocol::http::Server>(router_, *runner_,
                                                     protocol::http::ServerOptions{});
    if (!sockets.empty()) http_->Listen(*reactor_, std::move(sockets));
  }

  void StartPg(std::vector<sys::ListeningSocket> sockets) {
    protocol::pg::ServerOptions options;
    options.auth = config_.auth == AuthSetting::kTrust ? protocol::pg::AuthMethod::kTrust
                                                       : protocol::pg::AuthMethod::kScram;
    options.tls = tls_.get();
    options.require_tls = config_.tls == TlsSetting::kRequired;
    options.connection_count_max = config_.connection_count_max;
    options.login_timeout_us = config_.login_timeout_us;
    pg_ = std::make_unique<protocol::pg::Server>(node_->engine(), *runner_, options);
    if (!sockets.empty()) pg_->Listen(*reactor_, std::move(sockets));
  }

  Status WriteReadyFile() const {
    if (config_.ready_file.empty()) return Status::Ok();
    std::string ports;
    if (pg_->port() != 0) ports += fmt::format("\"pg\": {}", pg_->port());
    if (http_->port() != 0) {
      ports += fmt::format("{}\"http\": {}", ports.empty() ? "" : ", ", http_->port());
    }
    return sys::WriteFileAtomically(
        config_.ready_file,
        fmt::format("{{\"pid\": {}, \"ports\": {{{}}}}}\n", sys::ProcessId(), ports));
  }

  Status RemoveReadyFile() const {
    return config_.ready_file.empty() ? Status::Ok() : sys::RemoveFile(config_.ready_file);
  }

  ServerConfig config_;
  std::unique_ptr<sys::FileLock> lock_;
  std::unique_ptr<sys::TlsContext> tls_;
  std::unique_ptr<sys::Reactor> reactor_;
  std::unique_ptr<EmbeddedNode> node_;
  std::unique_ptr<protocol::ConnectionRunner> runner_;
  protocol::http::Router router_;
  std::unique_ptr<protocol::pg::Server> pg_;
  std::unique_ptr<protocol::http::Server> http_;
  std::atomic<bool> is_ready_{false};
};

}  // namespace

void PrintError(const Status& status) {
  const ErrorInfo& info = status.info();
  std::string text = fmt::format("heliosdb: error: {}\n", info.message);
  if (!info.detail.empty()) text += fmt::format("  {}\n", info.detail);
  if (!info.hint.empty()) text += fmt::format("  {}\n", info.hint);
  std::fputs(text.c_str(), stderr);
}

int StartServer(const ServerConfig& config) {
  sys::StopSignals::Block();
  const Status logging = sys::ConfigureLog(config.log);
  if (!logging.ok()) {
    PrintError(logging);
    return kExitUsage;
  }
  RunningServer server(config);
  const Status started = server.Start();
  if (!started.ok()) {
    PrintError(started);
    server.Stop();
    return kExitFailed;
  }
  server.Banner();
  sys::Log(sys::LogLevel::kInfo, "ready for connections", {{"pid", sys::ProcessId()}});
  sys::StopSignals::Wait();
  sys::Log(sys::LogLevel::kInfo, "stopping: waiting for running statements",
           {{"grace_s", config.shutdown_grace_us / sys::kMicrosPerSecond}});
  // A second signal does not wait for anything: what was committed is on disk.
  auto* const impatience = new sys::Thread("signals", [] {
    sys::StopSignals::Wait();
    sys::Log(sys::LogLevel::kWarning, "second signal: stopping at once");
    sys::StopSignals::ExitNow(kExitFailed);
  });
  server.Stop();
  sys::Log(sys::LogLevel::kInfo, "stopped");
  sys::FlushLog();
  (void)impatience;  // Waits for a signal that will not come: it ends with the process.
  return kExitOk;
}

}  // namespace helios::server
