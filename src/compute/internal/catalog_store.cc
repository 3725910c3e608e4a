#include "compute/internal/catalog_store.h"

#include "compute/internal/password.h"

namespace helios::compute {

namespace {

std::string RecordKey(Oid oid) { return std::to_string(oid); }

hidb::CatalogRecord RecordOf(const catalog::Object& object) {
  return {RecordKey(object.oid), catalog::EncodeObject(object)};
}

template <typename T>
std::shared_ptr<T> NewObject(Oid oid, std::string name) {
  auto object = std::make_shared<T>();
  object->oid = oid;
  object->name = std::move(name);
  object->owner = catalog::kBootstrapRole;
  return object;
}

const catalog::Object* SameName(const catalog::Snapshot& snapshot, const catalog::Object& object) {
  switch (object.kind()) {
    case catalog::ObjectKind::kRole:
      return snapshot.FindRole(object.name);
    case catalog::ObjectKind::kDatabase:
      return snapshot.FindDatabase(object.name);
    case catalog::ObjectKind::kSchema:
      return snapshot.FindSchema(object.name);
    case catalog::ObjectKind::kType:
      return snapshot.FindUserType(object.schema, object.name);
    case catalog::ObjectKind::kTable:
    case catalog::ObjectKind::kIndex:
    case catalog::ObjectKind::kSequence:
      return snapshot.FindRelation(object.schema, object.name);
  }
  return nullptr;
}

Status ConcurrentChange(const catalog::Object& object) {
  return Error(ErrorCode::kSerializationFailure)
      .Message("could not serialize access due to concurrent change of \"{}\"", object.name)
      .Hint("Run the transaction again.");
}

Status NameTaken(const catalog::Object& object) {
  switch (object.kind()) {
    case catalog::ObjectKind::kRole:
      return Error(ErrorCode::kDuplicateObject).Message("role \"{}\" already exists", object.name);
    case catalog::ObjectKind::kDatabase:
      return Error(ErrorCode::kDuplicateDatabase)
          .Message("database \"{}\" already exists", object.name);
    case catalog::ObjectKind::kSchema:
      return Error(ErrorCode::kDuplicateSchema)
          .Message("schema \"{}\" already exists", object.name);
    case catalog::ObjectKind::kType:
      return Error(ErrorCode::kDuplicateObject).Message("type \"{}\" already exists", object.name);
    default:
      return Error(ErrorCode::kDuplicateTable)
          .Message("relation \"{}\" already exists", object.name);
  }
}

// Whether the commit of `after` lets readers use an index that they could not use before.
bool BecameReady(const catalog::Snapshot& before, const catalog::Object& after) {
  if (after.kind() != catalog::ObjectKind::kIndex) return false;
  const auto& index = static_cast<const catalog::Index&>(after);
  if (index.state != catalog::Index::State::kReady) return false;
  const catalog::Index* old = before.FindIndex(index.oid);
  return old == nullptr || old->state != catalog::Index::State::kReady ||
         old->storage_id != index.storage_id;
}

}  // namespace

CatalogChanges DiffSnapshots(const catalog::Snapshot& before, const catalog::Snapshot& after) {
  CatalogChanges changes;
  for (const auto& [oid, object] : after.objects()) {
    const auto found = before.objects().find(oid);
    if (found == before.objects().end() || found->second != object) changes.put.push_back(object);
  }
  for (const auto& [oid, object] : before.objects()) {
    if (after.Find(oid) == nullptr) changes.removed.push_back(object);
  }
  return changes;
}

std::shared_ptr<const catalog::Snapshot> CatalogStore::Current() const {
  {
    std::lock_guard lock(mutex_);
    if (current_->version() >= storage_.CatalogVersion()) return current_;
  }
  // A commit has released its locks and is about to replace the snapshot.
  std::lock_guard commit_lock(commit_mutex_);
  std::lock_guard lock(mutex_);
  return current_;
}

void CatalogStore::Refresh(std::shared_ptr<const catalog::Snapshot>* known) const {
  if (*known == nullptr || (*known)->version() < storage_.CatalogVersion()) *known = Current();
}

void CatalogStore::AwaitCommits() {
  if (committing_.load() > 0) std::lock_guard wait(commit_mutex_);
}

uint64_t CatalogStore::NextPrivateVersion() { return private_version_.fetch_add(1); }

Result<std::shared_ptr<const catalog::Snapshot>> CatalogStore::Rebase(
    const CatalogChanges& changes, const catalog::Snapshot& base,
    std::shared_ptr<const catalog::Snapshot> onto, uint64_t version) {
  const auto unchanged = [&](const catalog::Object& object) {
    return base.Find(object.oid) == onto->Find(object.oid);
  };
  for (const auto& object : changes.removed) {
    if (!unchanged(*object)) return ConcurrentChange(*object);
  }
  for (const auto& object : changes.put) {
    if (!unchanged(*object)) return ConcurrentChange(*object);
  }
  catalog::Editor editor(onto);
  for (const auto& object : changes.removed) editor.Remove(object->oid);
  for (const auto& object : changes.put) {
    const catalog::Object* same = SameName(editor.current(), *object);
    // A renamed object may give its name to another in the same transaction, so compare with what
    // the transaction itself leaves there.
    if (same != nullptr && same->oid != object->oid) {
      bool renamed = false;
      for (const auto& other : changes.put) renamed |= other->oid == same->oid;
      if (!renamed) return NameTaken(*object);
      editor.Remove(same->oid);
    }
    editor.Put(object);
  }
  for (const auto& object : changes.put) editor.Put(object);
  return editor.Finish(version);
}

Result<Timestamp> CatalogStore::Commit(const CatalogChanges& changes, const catalog::Snapshot& base,
                                       hidb::CommitRequest request) {
  committing_.fetch_add(1);
  const auto done = [this](void*) { committing_.fetch_sub(1); };
  const std::unique_ptr<void, decltype(done)> count(this, done);
  std::lock_guard commit_lock(commit_mutex_);
  std::shared_ptr<const catalog::Snapshot> current;
  {
    std::lock_guard lock(mutex_);
    current = current_;
  }
  HELIOS_TRY(std::shared_ptr<const catalog::Snapshot> next,
             Rebase(changes, base, current, current->version() + 1));
  for (const auto& object : changes.removed) {
    request.catalog.push_back({RecordKey(object->oid), std::nullopt});
  }
  for (const auto& object : changes.put) request.catalog.push_back(RecordOf(*object));
  request.base_catalog_version = current->version();
  HELIOS_TRY(const Timestamp timestamp, storage_.Commit(request));
  std::lock_guard lock(mutex_);
  for (const auto& object : changes.put) {
    if (BecameReady(*current, *object)) ready_indexes_.emplace(timestamp, object->oid);
  }
  current_ = std::move(next);
  return timestamp;
}

std::shared_ptr<const catalog::Snapshot> CatalogStore::WithoutLaterIndexes(
    std::shared_ptr<const catalog::Snapshot> snapshot, Timestamp timestamp) const {
  std::vector<Oid> later;
  {
    std::lock_guard lock(mutex_);
    for (auto at = ready_indexes_.upper_bound(timestamp); at != ready_indexes_.end(); ++at) {
      later.push_back(at->second);
    }
  }
  if (later.empty()) return snapshot;
  catalog::Editor editor(snapshot);
  for (const Oid oid : later) {
    const catalog::Index* index = snapshot->FindIndex(oid);
    if (index == nullptr) continue;
    auto hidden = std::make_shared<catalog::Index>(*index);
    hidden->state = catalog::Index::State::kBuilding;
    editor.Put(std::move(hidden));
  }
  return editor.Finish(snapshot->version());
}

Status CatalogStore::Load(const std::function<Result<std::string>()>& first_password) {
  HELIOS_TRY(std::vector<hidb::CatalogRecord> records, storage_.LoadCatalog());
  if (records.empty()) {
    std::string password;
    if (first_password != nullptr) {
      HELIOS_TRY(password, first_password());
    }
    return Bootstrap(password);
  }
  catalog::Editor editor(catalog::EmptySnapshot());
  for (const hidb::CatalogRecord& record : records) {
    if (!record.value.has_value()) continue;
    HELIOS_TRY(std::shared_ptr<const catalog::Object> object, catalog::DecodeObject(*record.value));
    editor.Put(std::move(object));
  }
  std::lock_guard lock(mutex_);
  current_ = editor.Finish(storage_.CatalogVersion());
  return Status::Ok();
}

Status CatalogStore::Bootstrap(const std::string& password) {
  auto role = NewObject<catalog::Role>(catalog::kBootstrapRole, "helios");
  role->superuser = role->create_role = role->create_db = true;
  role->can_login = role->replication = role->bypass_rls = true;
  if (!password.empty()) role->password = MakeScramVerifier(password);

  auto database = NewObject<catalog::Database>(catalog::kHeliosDatabase, "helios");
  auto pg_catalog = NewObject<catalog::Schema>(catalog::kPgCatalogSchema, "pg_catalog");
  auto information = NewObject<catalog::Schema>(catalog::kInformationSchema, "information_schema");
  auto public_schema = NewObject<catalog::Schema>(catalog::kPublicSchema, "public");
  const auto usage_for_all = [](catalog::PrivilegeMask owner, catalog::PrivilegeMask everyone) {
    return catalog::Acl{{catalog::kBootstrapRole, catalog::kBootstrapRole, owner, 0},
                        {kInvalidOid, catalog::kBootstrapRole, everyone, 0}};
  };
  constexpr auto kUsage = static_cast<catalog::PrivilegeMask>(catalog::Privilege::kUsage);
  constexpr auto kCreate = static_cast<catalog::PrivilegeMask>(catalog::Privilege::kCreate);
  for (const auto& schema : {pg_catalog, information, public_schema}) {
    schema->acl = usage_for_all(kUsage | kCreate, kUsage);
  }
  public_schema->comments[0] = "standard public schema";
  pg_catalog->comments[0] = "system catalog schema";

  CatalogChanges changes;
  changes.put = {role, database, pg_catalog, information, public_schema};
  const std::shared_ptr<const catalog::Snapshot> empty = catalog::EmptySnapshot();
  hidb::CommitRequest request;
  request.txn = storage_.BeginTransaction();
  request.base_catalog_version = storage_.CatalogVersion();
  for (const auto& object : changes.put) request.catalog.push_back(RecordOf(*object));
  HELIOS_TRY(storage_.Commit(request));
  HELIOS_TRY(std::shared_ptr<const catalog::Snapshot> first,
             Rebase(changes, *empty, empty, storage_.CatalogVersion()));
  std::lock_guard lock(mutex_);
  current_ = std::move(first);
  return Status::Ok();
}

}  // namespace helios::compute
