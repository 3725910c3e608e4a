#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/status.h"
#include "catalog/snapshot.h"
#include "hidb/storage_service.h"

namespace helios::compute {

// What a transaction's DDL did: the difference between two snapshots.
struct CatalogChanges {
  std::vector<std::shared_ptr<const catalog::Object>> put;
  std::vector<std::shared_ptr<const catalog::Object>> removed;
  bool empty() const { return put.empty() && removed.empty(); }
};

// Objects of `after` that `before` lacks or has otherwise, and those that are gone.
CatalogChanges DiffSnapshots(const catalog::Snapshot& before, const catalog::Snapshot& after);

// The committed catalog, shared by every session. Snapshots change only here.
//
// Thread safety: all calls, from any thread.
class CatalogStore {
 public:
  explicit CatalogStore(hidb::StorageService& storage) : storage_(storage) {}

  // Reads every record. An empty catalog is bootstrapped with the superuser's password verifier.
  Status Load(const std::function<Result<std::string>()>& first_password);

  // As of the newest commit: who was granted a lock that DDL held sees what the DDL did.
  std::shared_ptr<const catalog::Snapshot> Current() const;
  // Makes `*known` what Current() gives; quick when it is already.
  void Refresh(std::shared_ptr<const catalog::Snapshot>* known) const;

  // `changes`, made against `base`, on top of `onto`. 40001 when one of the objects was changed by
  // another transaction in between; 42P07 and its kin when a name was taken.
  static Result<std::shared_ptr<const catalog::Snapshot>> Rebase(
      const CatalogChanges& changes, const catalog::Snapshot& base,
      std::shared_ptr<const catalog::Snapshot> onto, uint64_t version);

  // Commits a transaction with its DDL in one atomic step. `request.catalog` is filled in here.
  Result<Timestamp> Commit(const CatalogChanges& changes, const catalog::Snapshot& base,
                           hidb::CommitRequest request);

  // `snapshot` with those indexes marked as being built that became ready after `timestamp`: they
  // have no entries for a reader at that moment.
  std::shared_ptr<const catalog::Snapshot> WithoutLaterIndexes(
      std::shared_ptr<const catalog::Snapshot> snapshot, Timestamp timestamp) const;
  // Waits until commits that have begun show in Current(). Their locks are free a moment earlier:
  // who got one of them must call this before it looks at the catalog.
  void AwaitCommits();

  // A version number for a private snapshot; never equal to that of a committed one.
  uint64_t NextPrivateVersion();

 private:
  Status Bootstrap(const std::string& password);

  hidb::StorageService& storage_;
  mutable std::mutex mutex_;  // Guards current_ and ready_indexes_: held briefly.
  std::shared_ptr<const catalog::Snapshot> current_;
  std::multimap<Timestamp, Oid> ready_indexes_;  // Since the start, by the commit that did it.
  mutable std::mutex commit_mutex_;              // One DDL commit at a time; taken before mutex_.
  std::atomic<int> committing_{0};
  std::atomic<uint64_t> private_version_{uint64_t{1} << 62};
};

}  // namespace helios::compute
