#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "sys/files.h"

namespace helios::kv {

// Logs are filled with zeros ahead of what is written, and a crash leaves behind the last commit
// whatever of the zeros had been overwritten on the disk. RocksDB would take that for damage, so it
// is cut away before (docs/formats/kv.md, ADR 16).

// Ends every batch in the log: what was known to be durable before the batch was written.
struct LogMark {
  uint64_t log_number = 0;
  uint64_t synced_bytes = 0;  // Of this log, from its beginning.
};
std::string EncodeLogMark(LogMark mark);
// What a batch ends with; nothing for a batch without a mark.
std::optional<LogMark> DecodeLogMark(std::string_view batch_end);
// A batch's bytes of mark, with what RocksDB puts around it.
inline constexpr size_t kLogMarkBytes = 22;

// How a log ends.
struct LogEnd {
  enum class State : uint8_t {
    kWhole,       // Nothing is behind the last whole record, or RocksDB tolerates what is.
    kZeros,       // Only zeros are behind it.
    kIncomplete,  // What a power failure leaves of writes that were not acknowledged.
    kDamaged,     // Something that was durable cannot be read.
    kUnclear,     // Damage, as far as one can tell without marks: RocksDB decides.
  };
  State state = State::kWhole;
  uint64_t whole_bytes = 0;  // Where the last whole record ends before anything unreadable.
};
Result<LogEnd> FindLogEnd(const sys::File& log, uint64_t log_number);

// The number in the name of a log; nothing for other names.
std::optional<uint64_t> LogNumber(std::string_view path);

// Cuts from the logs of a directory what a crash has left behind their last whole records.
// kDataCorrupted names a log that is damaged.
Status CutLogs(const std::string& directory, sys::FaultPlan* faults);

}  // namespace helios::kv
