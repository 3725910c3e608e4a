#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "catalog/snapshot.h"
#include "exec/deferred_checks.h"
#include "hidb/read_set.h"
#include "hidb/storage_service.h"
#include "hidb/write_set.h"

namespace helios::compute {

enum class Isolation : uint8_t { kReadCommitted, kRepeatableRead, kSerializable };

struct PendingNotify {
  std::string channel;
  std::string payload;
  bool operator==(const PendingNotify&) const = default;
};

// Everything that one transaction has in hand: its storage transaction, writes, snapshot, private
// catalog, savepoints. Destroying it without a commit aborts it.
//
// Thread safety: none; the session's thread.
class Transaction {
 public:
  Transaction(hidb::StorageService& storage, MemoryTracker* memory, Isolation isolation,
              bool read_only, int64_t start_us);
  ~Transaction();

  Isolation isolation;
  bool read_only;
  bool deferrable = false;
  const int64_t start_us;  // Microseconds since 2000-01-01 UTC: now().

  // Begins the storage transaction when first asked.
  TxnId id();
  bool has_id() const { return id_.valid(); }
  // For statements that lock rows: begins the storage transaction, and from here on snapshots of
  // READ COMMITTED show all that has released its locks.
  void BeginLocking();
  hidb::WriteSet& writes() { return writes_; }
  // Null below SERIALIZABLE: nobody asks what was read.
  hidb::ReadSet* reads() { return isolation == Isolation::kSerializable ? &reads_ : nullptr; }
  hidb::CommandId NextCommand() { return ++command_; }
  hidb::CommandId command() const { return command_; }

  // The snapshot for the next statement: a new one in READ COMMITTED, the transaction's own else.
  Timestamp TakeSnapshot();
  bool has_snapshot() const { return lease_ != nullptr; }
  // Keeps the newest snapshot's versions: for executions that outlive their statement.
  std::shared_ptr<hidb::SnapshotLease> lease() const { return lease_; }
  Timestamp snapshot_timestamp() const { return lease_->timestamp(); }
  // Transactions of commands that must run before any query (SET TRANSACTION ISOLATION LEVEL).
  bool ran_query = false;

  // --- DDL. The private catalog, or null as long as nothing was changed.
  std::shared_ptr<const catalog::Snapshot> base_catalog;
  std::shared_ptr<const catalog::Snapshot> catalog;
  // Spaces that the commit frees, and spaces made here that an abort frees.
  std::vector<hidb::SpaceId> dropped_spaces;
  std::vector<hidb::SpaceId> created_spaces;

  exec::DeferredChecks deferred;
  std::vector<PendingNotify> notifies;
  // LISTEN and UNLISTEN take hold at commit: (channel, listen?); an empty channel is UNLISTEN *.
  std::vector<std::pair<std::string, bool>> listens;

  struct Savepoint {
    std::string name;
    hidb::CommandId first_command;
    std::shared_ptr<const catalog::Snapshot> base_catalog;
    std::shared_ptr<const catalog::Snapshot> catalog;
    size_t dropped_count;
    size_t notify_count;
    size_t listen_count;
    size_t settings_mark;
    uint64_t lock_mark;
  };
  std::vector<Savepoint> savepoints;
  void AddSavepoint(std::string name, size_t settings_mark);
  // The position of the newest savepoint of this name, or none.
  std::optional<size_t> FindSavepoint(std::string_view name) const;
  // Undoes what came after savepoint `index`, which stays. The caller rolls its settings back.
  void RollbackToSavepoint(size_t index);

  // After an error in a block: nobody need wait for what will be rolled back. Gives back the locks
  // taken since the newest savepoint, or, without one, ends the storage transaction: then only the
  // destructor may follow.
  void ReleaseFailed();

  // After a successful storage commit: nothing to abort any more.
  void MarkFinished() { finished_ = true; }

 private:
  hidb::StorageService& storage_;
  TxnId id_;
  hidb::WriteSet writes_;
  hidb::ReadSet reads_;
  hidb::CommandId command_ = 0;
  std::shared_ptr<hidb::SnapshotLease> lease_;  // Shared with open cursors.
  bool locks_rows_ = false;
  bool finished_ = false;
};

}  // namespace helios::compute
