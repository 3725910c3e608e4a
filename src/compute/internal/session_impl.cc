#include "compute/internal/session_impl.h"

#include <algorithm>

#include "base/hash.h"
#include "catalog/names.h"
#include "compute/internal/schema_usage.h"
#include "compute/internal/session_type_lookup.h"
#include "compute/internal/system_catalog/system_catalog.h"
#include "sys/randomness.h"

namespace helios::compute {

namespace {

// Microseconds from 1970-01-01 to 2000-01-01, where SQL timestamps begin.
constexpr int64_t kSqlEpochUnixMicros = 946684800ll * 1000000;

std::vector<std::string> SplitNameList(std::string_view text) {
  std::vector<std::string> names;
  std::string name;
  bool quoted = false;
  const auto finish = [&] {
    if (!name.empty()) names.push_back(std::move(name));
    name.clear();
  };
  for (size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '"') {
      if (quoted && at + 1 < text.size() && text[at + 1] == '"') {
        name += '"';
        ++at;
      } else {
        quoted = !quoted;
      }
    } else if (c == ',' && !quoted) {
      finish();
    } else if (quoted || c != ' ') {
      name += !quoted && c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
  }
  finish();
  return names;
}

}  // namespace

SessionImpl::SessionImpl(EngineCore& core, SessionObserver& observer, const SessionOptions& options)
    : random_seed(sys::SecureRandom64()),
      core_(core),
      observer_(observer),
      options_(options),
      memory_(std::make_unique<MemoryTracker>("session", 0, &core.memory)),
      system_tables_(MakeSystemTableSource(*this)) {}

SessionImpl::~SessionImpl() {
  portals_.clear();
  if (txn_ != nullptr) Rollback();
  core_.advisory_locks.UnlockSession(process_id_);
  if (!temporary_objects_.empty()) {
    hidb::CommitRequest request;
    request.txn = storage().BeginTransaction();
    request.durable = false;
    for (const auto& object : temporary_objects_) {
      hidb::SpaceId space = 0;
      if (object->kind() == catalog::ObjectKind::kTable) {
        space = static_cast<const catalog::Table&>(*object).storage_id;
      } else if (object->kind() == catalog::ObjectKind::kIndex) {
        space = static_cast<const catalog::Index&>(*object).storage_id;
      }
      if (space != 0) request.dropped_spaces.push_back(space);
    }
    request.base_catalog_version = storage().CatalogVersion();
    if (!storage().Commit(request).ok()) storage().Abort(request.txn);
  }
  core_.sessions.Remove(this);
}

Status SessionImpl::Open() {
  const std::shared_ptr<const catalog::Snapshot> snapshot = core_.catalog.Current();
  const catalog::Role* user = snapshot->FindRole(options_.user);
  if (user == nullptr) {
    return Error(ErrorCode::kInvalidAuthorization)
        .Message("role \"{}\" does not exist", options_.user);
  }
  if (!user->can_login) {
    return Error(ErrorCode::kInvalidAuthorization)
        .Message("role \"{}\" is not permitted to log in", options_.user);
  }
  const catalog::Database* database = snapshot->FindDatabase(options_.database);
  if (database == nullptr) {
    return Error(ErrorCode::kInvalidCatalogName)
        .Message("database \"{}\" does not exist", options_.database);
  }
  for (const auto& [name, value] : core_.options.settings) {
    HELIOS_TRY(settings_.SetDefault(name, value));
  }
  for (const auto& [name, value] : database->settings)
    HELIOS_TRY(settings_.SetDefault(name, value));
  for (const auto& [name, value] : user->settings) HELIOS_TRY(settings_.SetDefault(name, value));
  for (const auto& [name, value] : options_.settings) {
    const SettingDefinition* definition = FindSetting(name);
    if (definition != nullptr && (definition->context == SettingContext::kInternal ||
                                  definition->context == SettingContext::kServer)) {
      HELIOS_TRY(settings_.Set(name, value, false, user->superuser));  // For its error.
    }
    HELIOS_TRY(settings_.SetDefault(name, value));
  }
  HELIOS_TRY(core_.sessions.Add(this, core_.options.session_count_max));
  SetSessionRole(user->oid);
  settings_.TakeReportedChanges();
  std::lock_guard lock(shared_mutex_);
  activity_.process_id = process_id_;
  activity_.role = user->oid;
  activity_.user = options_.user;
  activity_.database = options_.database;
  activity_.client_host = options_.client_host;
  activity_.client_port = options_.client_port;
  activity_.start_us = activity_.state_us = core_.clock.UnixMicros();
  activity_.state = "idle";
  return Status::Ok();
}

void SessionImpl::SetSessionRole(Oid role) {
  session_role_ = role;
  const catalog::Role* found = core_.catalog.Current()->FindRole(role);
  if (found != nullptr) settings_.SetInternal("session_authorization", found->name);
  SetRole(role, false);
}

void SessionImpl::SetRole(Oid role, bool local) {
  role_ = role;
  settings_.SetInternal("is_superuser", IsSuperuser() ? "on" : "off", local);
}

bool SessionImpl::IsSuperuser() const {
  const catalog::Role* role = core_.catalog.Current()->FindRole(role_);
  return role != nullptr && role->superuser;
}

int64_t SessionImpl::NowMicros() const { return core_.clock.UnixMicros() - kSqlEpochUnixMicros; }

// --- catalog

std::shared_ptr<const catalog::Snapshot> SessionImpl::Catalog() {
  if (txn_ != nullptr && txn_->catalog != nullptr) return txn_->catalog;
  core_.catalog.Refresh(&shared_catalog_);
  if (!temporary_objects_.empty() && overlay_base_ != shared_catalog_) {
    catalog::Editor editor(shared_catalog_);
    for (const auto& object : temporary_objects_) editor.Put(object);
    overlay_ = editor.Finish(shared_catalog_->version());
    overlay_base_ = shared_catalog_;
  }
  const auto& seen = temporary_objects_.empty() ? shared_catalog_ : overlay_;
  // Another session's DDL may replace the shared catalog at any moment, and plain pointers to what
  // is in this one are around.
  if (seen_catalogs_.empty() || seen_catalogs_.back() != seen) seen_catalogs_.push_back(seen);
  return seen;
}

void SessionImpl::SetCatalog(std::shared_ptr<const catalog::Snapshot> base,
                             std::shared_ptr<const catalog::Snapshot> next) {
  if (txn_->catalog == nullptr) txn_->base_catalog = std::move(base);
  txn_->catalog = std::move(next);
}

Status SessionImpl::PrepareCatalog(const sql::ast::Statement& statement) {
  if (statement.kind == sql::ast::StatementKind::kTransaction) return Status::Ok();
  return RebaseCatalog();
}

Status SessionImpl::RebaseCatalog() {
  if (txn_ == nullptr || txn_->catalog == nullptr) return Status::Ok();
  std::shared_ptr<const catalog::Snapshot> onto = core_.catalog.Current();
  if (onto->version() == txn_->base_catalog->version()) return Status::Ok();
  if (!temporary_objects_.empty()) {
    catalog::Editor editor(onto);
    for (const auto& object : temporary_objects_) editor.Put(object);
    onto = editor.Finish(onto->version());
  }
  const CatalogChanges changes = DiffSnapshots(*txn_->base_catalog, *txn_->catalog);
  seen_catalogs_.push_back(txn_->catalog);
  HELIOS_TRY(txn_->catalog, CatalogStore::Rebase(changes, *txn_->base_catalog, onto,
                                                 core_.catalog.NextPrivateVersion()));
  txn_->base_catalog = std::move(onto);
  return Status::Ok();
}

const catalog::CatalogTypeLookup& SessionImpl::Lookup() {
  const std::shared_ptr<const catalog::Snapshot> snapshot = Catalog();
  if (lookup_ == nullptr || &lookup_->snapshot() != snapshot.get() ||
      lookup_generation_ != settings_.generation() || lookup_role_ != role_) {
    lookup_ = std::make_unique<SessionTypeLookup>(snapshot, SearchPath(), role_);
    lookup_generation_ = settings_.generation();
    lookup_role_ = role_;
    settings_.mutable_text_format().lookup = lookup_.get();
  }
  return *lookup_;
}

std::vector<Oid> SessionImpl::SearchPath() {
  const std::shared_ptr<const catalog::Snapshot> snapshot = Catalog();
  std::vector<Oid> path;
  if (temporary_schema_ != kInvalidOid) path.push_back(temporary_schema_);
  for (std::string name : SplitNameList(settings_.Raw("search_path"))) {
    if (name == "$user") {
      const catalog::Role* role = snapshot->FindRole(role_);
      name = role == nullptr ? "" : role->name;
    }
    if (name == "pg_temp") continue;
    const catalog::Schema* schema = snapshot->FindSchema(name);
    if (schema == nullptr || !MayUse(*snapshot, role_, *schema)) continue;
    if (std::find(path.begin(), path.end(), schema->oid) == path.end()) path.push_back(schema->oid);
  }
  return path;
}

Result<Oid> SessionImpl::TemporarySchema() {
  if (temporary_schema_ != kInvalidOid) return temporary_schema_;
  HELIOS_TRY(const Oid oid, NewOid());
  auto schema = std::make_shared<catalog::Schema>();
  schema->oid = oid;
  schema->name = fmt::format("pg_temp_{}", process_id_);
  schema->owner = catalog::kBootstrapRole;  // Who began to use it may be dropped before it.
  const std::shared_ptr<const catalog::Snapshot> before = Catalog();
  temporary_schema_ = oid;
  temporary_objects_.push_back(schema);
  overlay_base_.reset();
  // The schema belongs to the session and outlives the transaction, so it stands in both the
  // private catalog and the one it is compared with.
  if (txn_ != nullptr && txn_->catalog != nullptr) {
    catalog::Editor base(txn_->base_catalog);
    base.Put(schema);
    txn_->base_catalog = base.Finish(txn_->base_catalog->version());
    catalog::Editor editor(txn_->catalog);
    editor.Put(schema);
    txn_->catalog = editor.Finish(core_.catalog.NextPrivateVersion());
  }
  return oid;
}

sql::PlannerContext SessionImpl::MakePlannerContext() {
  sql::PlannerContext context;
  context.lookup = &Lookup();
  context.snapshot = Catalog();
  if (txn_ != nullptr && txn_->isolation != Isolation::kReadCommitted && txn_->has_snapshot()) {
    context.snapshot =
        core_.catalog.WithoutLaterIndexes(context.snapshot, txn_->snapshot_timestamp());
  }
  context.role = role_;
  context.format = &settings_.text_format();
  context.statistics = [this](hidb::SpaceId space) { return storage().Statistics(space); };
  context.settings.enable_hashjoin = settings_.Bool("enable_hashjoin");
  context.settings.enable_nestloop_index = settings_.Bool("enable_nestloop");
  context.settings.enable_indexscan = settings_.Bool("enable_indexscan");
  context.settings.enable_optimizer = settings_.Bool("enable_optimizer");
  context.settings.join_collapse_limit = static_cast<int>(settings_.Integer("join_collapse_limit"));
  return context;
}

Result<Oid> SessionImpl::NewOid() {
  HELIOS_TRY(const uint32_t oid, storage().AllocateOids(1));
  return Oid{oid};
}

Status SessionImpl::LockTable(hidb::SpaceId object, hidb::TableLockMode mode, std::string name) {
  hidb::LockOptions options;
  options.timeout_us = settings_.run().lock_timeout_us;
  options.canceled = &canceled_;
  options.relation = std::move(name);
  HELIOS_TRY(storage().LockTable(txn_->id(), object, mode, options));
  core_.catalog.AwaitCommits();
  return Status::Ok();
}

Status SessionImpl::LockName(Oid schema, std::string_view name) {
  // Far above every object's number. Names that share one wait for each other without need.
  constexpr hidb::SpaceId kFirstName = 0x80000000u;
  const auto number = static_cast<hidb::SpaceId>(HashCombine(HashBytes(name), uint64_t{schema}));
  HELIOS_TRY(LockTable(kFirstName | number, hidb::TableLockMode::kExclusive, std::string(name)));
  return RebaseCatalog();
}

Status SessionImpl::LockRelation(Oid oid, hidb::TableLockMode mode, const std::string& name) {
  HELIOS_TRY(LockTable(oid, mode, name));
  HELIOS_TRY(RebaseCatalog());
  if (Catalog()->Find(oid) != nullptr) return Status::Ok();
  return Error(ErrorCode::kUndefinedTable).Message("relation \"{}\" does not exist", name);
}

// --- messages to the client

void SessionImpl::Notice(Notice::Severity severity, std::string sqlstate, std::string message,
                         std::string hint) {
  if (sink_ == nullptr) return;
  const std::string& level = settings_.Raw("client_min_messages");
  if (level == "error" || (level == "warning" && severity < Notice::Severity::kWarning)) return;
  compute::Notice notice;
  notice.severity = severity;
  notice.sqlstate = std::move(sqlstate);
  notice.info.message = std::move(message);
  notice.info.hint = std::move(hint);
  // A client that is gone shows at the next row or at the end.
  static_cast<void>(sink_->OnNotice(notice).ok());
}

std::vector<std::pair<std::string, std::string>> SessionImpl::TakeParameterChanges() {
  std::vector<std::pair<std::string, std::string>> changes;
  for (const std::string& name : settings_.TakeReportedChanges()) {
    changes.emplace_back(name, settings_.Raw(name));
  }
  return changes;
}

std::vector<Notification> SessionImpl::TakeNotifications() {
  if (in_transaction_block()) return {};
  std::lock_guard lock(shared_mutex_);
  return std::exchange(notifications_, {});
}

void SessionImpl::Notify(const std::vector<Notification>& notifications) {
  {
    std::lock_guard lock(shared_mutex_);
    size_t added = 0;
    for (const Notification& notification : notifications) {
      if (channels_.find(notification.channel) == channels_.end()) continue;
      notifications_.push_back(notification);
      ++added;
    }
    if (added == 0) return;
  }
  observer_.OnNotification();
}

std::optional<Session::IdleLimit> SessionImpl::idle_limit() const {
  if (in_transaction_block()) {
    const int64_t limit_ms = settings_.run().idle_in_transaction_timeout_ms;
    if (limit_ms <= 0) return std::nullopt;
    return IdleLimit{limit_ms * 1000,
                     Error(ErrorCode::kIdleInTransactionTimeout)
                         .Message("terminating connection due to idle-in-transaction timeout")};
  }
  const int64_t limit_ms = settings_.run().idle_timeout_ms;
  if (limit_ms <= 0) return std::nullopt;
  return IdleLimit{limit_ms * 1000,
                   Error(ErrorCode::kIdleSessionTimeout)
                       .Message("terminating connection due to idle-session timeout")};
}

void SessionImpl::Cancel() {
  if (!running_.load()) return;
  cancel_reason_.store(CancelReason::kUser);
  canceled_.store(true);
}

void SessionImpl::CancelByTimeout() {
  cancel_reason_.store(CancelReason::kTimeout);
  canceled_.store(true);
}

void SessionImpl::Terminate(Status reason) {
  cancel_reason_.store(CancelReason::kTerminate);
  canceled_.store(true);
  observer_.OnTerminate(std::move(reason));
}

Activity SessionImpl::GetActivity() {
  std::lock_guard lock(shared_mutex_);
  return activity_;
}

void SessionImpl::BeginActivity(std::string_view query) {
  seen_catalogs_.clear();
  shared_catalog_.reset();
  core_.statements.fetch_add(1, std::memory_order_relaxed);
  statement_start_us_ = NowMicros();
  if (cancel_reason_.load() != CancelReason::kTerminate) {
    canceled_.store(false);
    cancel_reason_.store(CancelReason::kNone);
  }
  running_.store(true);
  std::lock_guard lock(shared_mutex_);
  activity_.state = "active";
  activity_.query = query.substr(0, 1024);
  activity_.query_us = activity_.state_us = statement_start_us_ + kSqlEpochUnixMicros;
  activity_.application_name = settings_.run().application_name;
  if (activity_.transaction_us == 0) activity_.transaction_us = activity_.query_us;
}

void SessionImpl::EndActivity() {
  running_.store(false);
  std::lock_guard lock(shared_mutex_);
  activity_.state_us = core_.clock.UnixMicros();
  switch (block_) {
    case BlockState::kExplicit:
      activity_.state = "idle in transaction";
      break;
    case BlockState::kFailed:
      activity_.state = "idle in transaction (aborted)";
      break;
    default:
      activity_.state = "idle";
      activity_.transaction_us = 0;
  }
}

Status SessionImpl::Rewrite(Status status) {
  if (!status.Is(ErrorCode::kQueryCanceled)) return status;
  switch (cancel_reason_.load()) {
    case CancelReason::kTimeout:
      return Error(ErrorCode::kQueryCanceled)
          .Message("canceling statement due to statement timeout");
    case CancelReason::kTerminate:
      return Error(ErrorCode::kAdminShutdown)
          .Message("terminating connection due to administrator command");
    case CancelReason::kUser:
      return Error(ErrorCode::kQueryCanceled).Message("canceling statement due to user request");
    case CancelReason::kNone:
      return status;
  }
  return status;
}

}  // namespace helios::compute
