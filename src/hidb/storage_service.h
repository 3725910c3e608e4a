#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "expr/evaluator.h"
#include "hidb/layout.h"
#include "hidb/read_set.h"
#include "hidb/write_set.h"
#include "types/vector.h"

namespace helios::hidb {

// What a new snapshot sees.
enum class SnapshotHorizon : uint8_t {
  // Every commit that was acknowledged, and nothing that a crash may take back, but for commits
  // that
  // asked not to be durable.
  kDurable,
  // Commits too that are stored but not durable yet: for transactions that hold locks, which may
  // have been released by such a commit. Whatever ends such a transaction waits until what it may
  // have seen is durable.
  kStored,
};

// A snapshot that garbage collection respects for as long as the object lives.
class SnapshotLease {
 public:
  virtual ~SnapshotLease() = default;
  virtual Timestamp timestamp() const = 0;
};

// What a transaction reads at: everything committed up to `timestamp`, with its own earlier writes
// above.
struct ReadView {
  Timestamp timestamp = 0;  // kTimestampMax: the newest stored state, for checks under a lock.
  const WriteSet* writes = nullptr;  // Null: no writes of its own.
  CommandId before_command = 0;      // Own writes of earlier commands are visible.
  ReadSet* reads = nullptr;          // Where to note what is read; null: nowhere.
};

// A fragment that runs where the data lies: read, filter, project, limit.
struct ScanRequest {
  std::shared_ptr<const TableLayout> table;
  std::shared_ptr<const IndexLayout>
      index;                     // Null: by row key. Rows then come in that key's order.
  std::vector<KeyRange> ranges;  // Of that key space, disjoint, ascending.
  bool reverse = false;          // Ranges from last to first, each backwards.
  // Positions in table->columns, or kWriterColumn: the output, in order.
  std::vector<uint32_t> columns;
  bool with_row_key = false;  // Appends the row key as a last column (bytea).
  // Appends the timestamp of each row's version as a last column (int8), for FillIndex. Requires:
  // rows by row key, forwards, without own writes.
  bool with_version = false;
  std::shared_ptr<const expr::Expr> filter;  // Over the output columns; null: none.
  uint64_t limit = 0;                        // Rows after the filter; 0: all.
  ReadView view;
  expr::EvalContext* context = nullptr;  // For the filter. Outlives the stream.
};

class ScanStream {
 public:
  virtual ~ScanStream() = default;
  // Fills `out` with up to kVectorRowsMax rows; no rows: the end, or an error that ends the stream.
  virtual Status Next(Chunk* out) = 0;
};

struct GetRequest {
  std::shared_ptr<const TableLayout> table;
  std::vector<std::string> row_keys;
  std::vector<uint32_t> columns;
  ReadView view;
};

// PostgreSQL's row lock modes, weakest first; they conflict as its documentation's table 13.3 says.
enum class RowLockMode : uint8_t { kKeyShare, kShare, kNoKeyUpdate, kUpdate };
// PostgreSQL's table lock modes, weakest first; conflicts as in its table 13.2.
enum class TableLockMode : uint8_t {
  kAccessShare,
  kRowShare,
  kRowExclusive,
  kShareUpdateExclusive,
  kShare,
  kShareRowExclusive,
  kExclusive,
  kAccessExclusive,
};
enum class LockWait : uint8_t { kWait, kNoWait, kSkipLocked };

struct LockOptions {
  LockWait wait = LockWait::kWait;
  int64_t timeout_us = 0;                       // lock_timeout; 0: none. Ends in 55P03.
  const std::atomic<bool>* canceled = nullptr;  // Checked while waiting; ends in 57014.
  std::string relation;                         // Named in the error of kNoWait.
};

struct RowLockRequest {
  TxnId txn;
  SpaceId space = 0;  // A table's for rows, an index's for the parts of a unique entry.
  std::span<const std::string> keys;
  RowLockMode mode = RowLockMode::kUpdate;
  LockOptions options;
  Timestamp snapshot = 0;  // To say whether a row changed since; kTimestampMax: never "changed".
  // The transaction has locked the table against all who could be in the way: only looks what has
  // changed.
  bool is_covered = false;
};
struct RowLockOutcome {
  bool skipped = false;  // kSkipLocked and held by another.
  bool changed = false;  // A version later than the snapshot was committed (also a delete).
};

// One catalog record; the bytes are the catalog module's.
struct CatalogRecord {
  std::string key;
  std::optional<std::string> value;  // Absent: removed.
};

struct CommitRequest {
  TxnId txn;
  const WriteSet* writes = nullptr;     // Null: none.
  std::vector<CatalogRecord> catalog;   // Applied in the same atomic step.
  uint64_t base_catalog_version = 0;    // Refused with 40001 when another DDL came first.
  std::vector<SpaceId> dropped_spaces;  // Their contents go after the commit.
  bool durable = true;                  // synchronous_commit; false: may be lost in a crash.
  // Of a serializable transaction: what it read at its snapshot. Refused with 40001 when another
  // such transaction has since written there.
  const ReadSet* reads = nullptr;
  Timestamp snapshot = 0;
};

// An entry of an index as of the row version that it is made from.
struct IndexEntry {
  std::string key;
  std::string value;
  Timestamp version = 0;
};

struct SequenceOptions {
  int64_t start = 1;
  int64_t increment = 1;
  int64_t minimum = 1;
  int64_t maximum = INT64_MAX;
  bool cycle = false;
  std::string name;  // Named in the error at the end of the sequence (2200H).
};
struct SequenceState {
  int64_t last_value = 0;
  bool is_called = false;
};

struct SpaceStatistics {
  uint64_t row_count = 0;  // An estimate, kept as commits go by.
  uint64_t total_bytes = 0;
};

// What compute asks of storage: the HIDB contract for one data set. Embedded, calls go straight to
// the storage role; in a cluster the network carrier implements the same interface.
//
// Thread safety: all calls, from any thread. Errors: kDiskFull (53100) refuses writes and leaves
// reads working; kIoError and kDataCorrupted name the file. A call that fails changes nothing.
class StorageService {
 public:
  virtual ~StorageService() = default;

  // --- reads
  virtual std::unique_ptr<SnapshotLease> AcquireSnapshot(
      SnapshotHorizon horizon = SnapshotHorizon::kDurable) = 0;
  virtual Result<std::unique_ptr<ScanStream>> Scan(ScanRequest request) = 0;
  // Cuts a range of a space into about `part_count` ranges of similar size, in order.
  virtual std::vector<KeyRange> SplitRange(SpaceId space, const KeyRange& range,
                                           size_t part_count) = 0;
  // `out` has a row for each key found, in the order asked; `found` says which keys.
  virtual Status Get(const GetRequest& request, Chunk* out, std::vector<bool>* found) = 0;
  // Whether any visible entry of `space` has a key in the range; `key` (may be null) gets the
  // first.
  virtual Result<bool> Exists(SpaceId space, const KeyRange& range, const ReadView& view,
                              std::string* key) = 0;
  virtual SpaceStatistics Statistics(SpaceId space) = 0;

  // --- transactions
  virtual TxnId BeginTransaction() = 0;
  // Waits for each key in turn. kDeadlockDetected (40P01) picks this transaction as the victim.
  // Locks last until Commit, Abort, or ReleaseLocks to a mark taken before.
  virtual Result<std::vector<RowLockOutcome>> LockRows(const RowLockRequest& request) = 0;
  virtual Status LockTable(TxnId txn, SpaceId object, TableLockMode mode,
                           const LockOptions& options) = 0;
  // Waits until the transactions that hold `object` now in a mode that conflicts with `mode` have
  // ended, without keeping anybody from locking it meanwhile. 40P01 when one of them waits for
  // `txn`.
  virtual Status AwaitTableHolders(TxnId txn, SpaceId object, TableLockMode mode,
                                   const LockOptions& options) = 0;
  // Adds entries to an index that no reader uses yet while writers keep it up: each takes its
  // place in the history of its key, below what writers have put there since. The caller holds
  // the snapshot that it reads the rows with until the last call. Durable with the next commit.
  virtual Status FillIndex(SpaceId index, std::span<const IndexEntry> entries) = 0;
  // A place in the order in which the transaction got its locks, and the release of all that came
  // after it: when a savepoint's work is taken back.
  virtual uint64_t LockMark(TxnId txn) = 0;
  virtual void ReleaseLocks(TxnId txn, uint64_t mark) = 0;
  // Makes the writes durable and visible at one new timestamp. Locks on rows may be released once
  // the writes are stored, before they are durable: whoever gets them commits later in the same
  // log, or waits. Those on tables go at the end. On error the transaction may still hold locks and
  // must be aborted; only kStatementCompletionUnknown leaves open whether it took place.
  virtual Result<Timestamp> Commit(const CommitRequest& request) = 0;
  // Returns once everything that the transaction may have seen is durable.
  virtual void Abort(TxnId txn) = 0;
  // For transactions too large for memory: moves the buffered writes to disk, where this
  // transaction alone sees them (through `writes`, as before) until Commit shows them all at once;
  // Abort and a crash take them away. Call it between statements or chunks when writes->bytes()
  // passes some tens of megabytes. Keys must be locked before or be new. On error the writes stay
  // where they were.
  virtual Status StageWrites(TxnId txn, WriteSet* writes) = 0;

  // --- identifiers and sequences; none of these rolls back
  // The first of `count` consecutive ids, never given before, also across crashes.
  virtual Result<uint64_t> AllocateRowIds(SpaceId space, uint64_t count) = 0;
  virtual Result<uint32_t> AllocateOids(uint32_t count) = 0;
  virtual Result<int64_t> NextSequenceValue(SpaceId sequence, const SequenceOptions& options) = 0;
  virtual Status SetSequence(SpaceId sequence, const SequenceState& state) = 0;
  // The state before any call is {start, false}.
  virtual Result<SequenceState> ReadSequence(SpaceId sequence, const SequenceOptions& options) = 0;

  // --- catalog
  virtual Result<std::vector<CatalogRecord>> LoadCatalog() = 0;
  virtual uint64_t CatalogVersion() = 0;
};

}  // namespace helios::hidb
