#include "compute/engine.h"

#include "compute/internal/engine_core.h"
#include "compute/internal/password.h"
#include "compute/internal/session_impl.h"

namespace helios::compute {

namespace {

class EngineImpl : public Engine {
 public:
  explicit EngineImpl(const EngineOptions& options) : core_(options) {}

  Status Load() { return core_.catalog.Load(core_.options.first_password); }

  std::optional<ScramVerifier> FindScramVerifier(std::string_view user) override {
    const std::shared_ptr<const catalog::Snapshot> snapshot = core_.catalog.Current();
    const catalog::Role* role = snapshot->FindRole(user);
    if (role == nullptr || role->password.empty()) return std::nullopt;
    if (role->valid_until_us.has_value() &&
        *role->valid_until_us + kSqlEpochUnixMicros < core_.clock.UnixMicros()) {
      return std::nullopt;
    }
    return ParseScramVerifier(role->password);
  }

  Result<std::unique_ptr<Session>> OpenSession(const SessionOptions& options,
                                               SessionObserver& observer) override {
    auto session = std::make_unique<SessionImpl>(core_, observer, options);
    HELIOS_TRY(session->Open());
    return std::unique_ptr<Session>(std::move(session));
  }

  std::vector<std::pair<std::string, std::string>> ReportedSettings(
      const Session& session) override {
    auto& impl = const_cast<SessionImpl&>(static_cast<const SessionImpl&>(session));
    std::vector<std::pair<std::string, std::string>> reported;
    for (const SettingDefinition& definition : AllSettings()) {
      if (definition.report) {
        reported.emplace_back(definition.name, impl.settings().Raw(definition.name));
      }
    }
    return reported;
  }

  void CancelSession(int32_t process_id, uint32_t secret_key) override {
    core_.sessions.Cancel(process_id, secret_key);
  }

  uint32_t SecretKey(const Session& session) const override {
    return static_cast<const SessionImpl&>(session).secret_key();
  }

 private:
  // Microseconds from 1970-01-01 to 2000-01-01.
  static constexpr int64_t kSqlEpochUnixMicros = 946684800ll * 1000000;
  EngineCore core_;
};

}  // namespace

Result<std::unique_ptr<Engine>> CreateEngine(EngineOptions options) {
  auto engine = std::make_unique<EngineImpl>(options);
  HELIOS_TRY(engine->Load());
  return std::unique_ptr<Engine>(std::move(engine));
}

}  // namespace helios::compute
