#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

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

  explicit WriteSet(MemoryTracker* tracker);
  ~WriteSet();

  Status Put(SpaceId space, std::string_view key, std::string_view value, CommandId command);
  Status Delete(SpaceId space, std::string_view key, CommandId command);

  // The newest write to `key` by a command before `before`; no value: this transaction has none.
  std::optional<Write> Find(SpaceId space, std::string_view key, CommandId before) const;
  // Up to `count_max` such writes with begin <= key < end (an empty end is unbounded), in key order
  // or, with `reverse`, backwards from `end`. To go on, move the bound past the last key.
  std::vector<Write> Range(SpaceId space, std::string_view begin, std::string_view end,
                           bool reverse, size_t count_max, CommandId before) const;
  bool HasWrites(SpaceId space) const;
  bool empty() const;
  size_t bytes() const;

  // Takes back every write of commands >= `first`: ROLLBACK TO SAVEPOINT, a failed statement.
  void RollbackTo(CommandId first);
  void Clear();

  // Every space's final writes in order, for commit. Requires: no concurrent calls.
  void ForEach(const std::function<void(SpaceId, std::string_view key,
                                        const std::optional<std::string>& value)>& visit) const;

 private:
  struct Version {
    CommandId command;
    std::optional<std::string> value;
  };
  using Space = std::map<std::string, std::vector<Version>, std::less<>>;

  Status Add(SpaceId space, std::string_view key, std::optional<std::string> value,
             CommandId command);

  struct LogEntry {
    CommandId command;
    SpaceId space;
    std::string key;
  };

  mutable std::shared_mutex mutex_;
  std::map<SpaceId, Space> spaces_;
  std::vector<LogEntry> log_;  // In command order, to take writes back.
  MemoryReservation reservation_;
};

}  // namespace helios::hidb
