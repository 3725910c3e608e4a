#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/memory.h"
#include "hidb/layout.h"

namespace helios::hidb {

// Numbers the commands of one transaction, from 1, never going back. A command sees the writes of
// earlier commands only, so `INSERT INTO t SELECT ... FROM t` ends.
using CommandId = uint32_t;

// The buffered writes of one transaction: what its commit carries and what its own reads see above
// their snapshot. Keys are those of hidb/layout.h, without space and timestamp.
//
// Thread safety: one writer and any readers at a time may call concurrently; results are copies.
// Memory is counted against the tracker (53200 when it runs out; nothing is written then).
class WriteSet {
 public:
  struct Write {
    std::string key;
    std::optional<std::string> value;  // Absent: deleted.
  };

  // The writes in memory, as a reader sees them. Thread safety: all calls, beside writers too.
  class Buffer {
   public:
    // The newest write to `key` by a command before `before`; no value: this transaction has none.
    std::optional<Write> Find(SpaceId space, std::string_view key, CommandId before) const;
    // Up to `count_max` such writes with begin <= key < end (an empty end is unbounded), in key
    // order or, with `reverse`, backwards from `end`. To go on, move the bound past the last key.
    std::vector<Write> Range(SpaceId space, std::string_view begin, std::string_view end,
                             bool reverse, size_t count_max, CommandId before) const;
    bool HasWrites(SpaceId space) const;

   private:
    friend class WriteSet;
    struct Version {
      CommandId command;
      std::optional<std::string> value;
    };
    using Space = std::map<std::string, std::vector<Version>, std::less<>>;

    mutable std::shared_mutex mutex_;
    std::map<SpaceId, Space> spaces_;
  };

  explicit WriteSet(MemoryTracker* tracker);
  ~WriteSet();

  Status Put(SpaceId space, std::string_view key, std::string_view value, CommandId command);
  Status Delete(SpaceId space, std::string_view key, CommandId command);

  // Whether there is neither a buffered write nor a staged one.
  bool empty() const;
  // Memory of the buffered writes: the measure of when to stage.
  size_t bytes() const;

  // Rows that a command added to a table (or, negative, took away). Keeps the row count that
  // StorageService::Statistics estimates; taken back with the command.
  void AddRowCount(SpaceId table, int64_t delta, CommandId command);

  // Takes back every write of commands >= `first`: ROLLBACK TO SAVEPOINT, a failed statement.
  void RollbackTo(CommandId first);
  void Clear();

  using Visit =
      std::function<void(SpaceId, std::string_view key, const std::optional<std::string>& value)>;
  // Every space's final writes in order, for commit. Requires: no concurrent calls.
  void ForEach(const Visit& visit) const;
  // Final row count changes per table, for commit.
  std::map<SpaceId, int64_t> RowCountDeltas() const;

  // --- for the storage role: writes that left memory before the commit (StageWrites). They lie in
  // the store under a provisional timestamp each and are read from there.
  struct Staged {
    Timestamp timestamp;
    CommandId command;
  };
  // Ascending, by timestamp and by command.
  using StagedList = std::vector<Staged>;
  // Null: none.
  std::shared_ptr<const StagedList> staged() const;
  // Where a reader finds the transaction's own writes, each in one place: those that are buffered
  // now, and those that are staged now. What a reader holds stays as it is when the buffered ones
  // are staged; writes after that are not in it.
  struct Own {
    std::shared_ptr<const Buffer> buffer;
    std::shared_ptr<const StagedList> staged;  // Null: none.
  };
  Own Capture() const;
  bool has_staged() const { return has_staged_.load(std::memory_order_acquire); }
  // The buffered writes of one command. Valid until the next change.
  class CommandWrites;
  // Of every command that has some, ascending. Requires: no concurrent writer.
  std::vector<CommandWrites> ByCommand() const;
  // Drops the buffered writes; from now on they are found at these timestamps, which are later than
  // those before.
  void ReplaceByStaged(const StagedList& staged);

 private:
  using Version = Buffer::Version;
  using Space = Buffer::Space;

  struct LogEntry {
    CommandId command;
    SpaceId space;
    Space::iterator entry;
  };
  struct RowCount {
    CommandId command;
    SpaceId table;
    int64_t delta;
  };

  Status Add(SpaceId space, std::string_view key, std::optional<std::string_view> value,
             CommandId command);
  void DropBuffered();
  void SetStaged(std::shared_ptr<const StagedList> staged);

  mutable std::shared_mutex mutex_;  // Before the buffer's.
  std::shared_ptr<Buffer> buffer_ = std::make_shared<Buffer>();
  std::vector<LogEntry> log_;  // In command order, to take writes back.
  std::vector<RowCount> row_counts_;
  std::shared_ptr<const StagedList> staged_;
  std::atomic<bool> has_staged_{false};
  size_t bytes_ = 0;
  MemoryReservation reservation_;
};

class WriteSet::CommandWrites {
 public:
  CommandId command() const { return log_.front().command; }
  // Each key once, in the order of writing.
  void ForEach(const Visit& visit) const;

 private:
  friend class WriteSet;
  explicit CommandWrites(std::span<const LogEntry> log) : log_(log) {}

  std::span<const LogEntry> log_;  // Of one command.
};

}  // namespace helios::hidb
