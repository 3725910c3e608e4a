#include "kv/internal/log_end.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <charconv>

#include "base/codec.h"
#include "base/crc32c.h"
#include "kv/internal/rocksdb_status.h"
#include "sys/log.h"

namespace helios::kv {
namespace {

// The format of logs: blocks of records. A record never crosses the end of a block; a batch that
// does is cut into several.
constexpr size_t kBlockBytes = 32 << 10;
constexpr size_t kHeaderBytes = 7;  // Checksum (4), length (2), type.
enum RecordType : uint8_t { kFull = 1, kFirst = 2, kMiddle = 3, kLast = 4 };

// The least that a disk writes at once.
constexpr size_t kSectorBytes = 512;

constexpr std::string_view kMarkMagic = "HLM1";
constexpr std::string_view kMarkPrefix = "\x03\x14";  // A comment of RocksDB, of 20 bytes.

uint32_t MaskedCrc(std::string_view bytes) { return std::rotr(Crc32c(bytes), 15) + 0xa282ead8; }

struct Record {
  uint8_t type;
  std::string_view payload;
};

// The valid record at this place of a block.
std::optional<Record> RecordAt(std::string_view block, size_t at) {
  const std::string_view rest = block.substr(at);
  if (rest.size() < kHeaderBytes) return std::nullopt;
  const uint8_t type = rest[6];
  const size_t byte_count = LoadLittleEndian<uint16_t>(rest.data() + 4);
  if (type < kFull || type > kLast || byte_count > rest.size() - kHeaderBytes) return std::nullopt;
  const uint32_t crc = LoadLittleEndian<uint32_t>(rest.data());
  if (MaskedCrc(rest.substr(6, 1 + byte_count)) != crc) return std::nullopt;
  return Record{type, rest.substr(kHeaderBytes, byte_count)};
}

// Whether the invalid record at this place may be one that the disk has only in part. What it lacks
// is a sector as it was before, and that ended in zeros.
bool MayBeIncomplete(std::string_view block, size_t at) {
  const std::string_view header = block.substr(at, kHeaderBytes);
  size_t end = at + header.size();
  if (header.size() == kHeaderBytes) end += LoadLittleEndian<uint16_t>(header.data() + 4);
  end = std::min(end, block.size());
  for (size_t sector = at / kSectorBytes * kSectorBytes; sector < end; sector += kSectorBytes) {
    if (block[std::min(sector + kSectorBytes, end) - 1] == '\0') return true;
  }
  return false;
}

class LogScanner {
 public:
  explicit LogScanner(uint64_t log_number) : log_number_(log_number) {}

  void AddBlock(std::string_view block);
  LogEnd Finish() const;

 private:
  void Add(const Record& record, uint64_t end);
  void AddBatch(uint64_t end);
  // Here is a record that does not continue what is before it.
  void Stop();
  // Here is something that is not a record.
  void StopAt(std::string_view block, size_t at);

  const uint64_t log_number_;
  uint64_t block_begin_ = 0;
  uint64_t whole_end_ = 0;
  uint64_t nonzero_end_ = 0;
  bool in_batch_ = false;
  std::string batch_end_;  // The last bytes of the batch under way.

  bool is_stopped_ = false;
  bool may_be_incomplete_ = false;
  bool ends_in_record_ = false;  // What cannot be read is a record that the file's end cuts off.
  // About the batches behind.
  bool is_one_unmarked_ = false;
  bool is_damage_proven_ = false;
};

void LogScanner::AddBlock(std::string_view block) {
  if (const size_t last = block.find_last_not_of('\0'); last != block.npos) {
    nonzero_end_ = block_begin_ + last + 1;
  }
  size_t at = 0;
  while (at + kHeaderBytes <= block.size()) {
    const std::optional<Record> record = RecordAt(block, at);
    if (record.has_value()) {
      if (in_batch_ != (record->type == kMiddle || record->type == kLast)) Stop();
      at += kHeaderBytes + record->payload.size();
      Add(*record, block_begin_ + at);
      continue;
    }
    StopAt(block, at);
    // From here on any place may be the beginning of a record.
    if (block_begin_ + at >= nonzero_end_) break;
    ++at;
  }
  if (at < block.size() && block.size() < kBlockBytes) StopAt(block, at);
  block_begin_ += block.size();
}

void LogScanner::Stop() {
  in_batch_ = false;
  is_stopped_ = true;
}

void LogScanner::StopAt(std::string_view block, size_t at) {
  const bool was_stopped = is_stopped_;
  Stop();
  if (was_stopped) return;
  may_be_incomplete_ = MayBeIncomplete(block, at);
  const std::string_view header = block.substr(at, kHeaderBytes);
  ends_in_record_ =
      block.size() < kBlockBytes &&
      (header.size() < kHeaderBytes ||
       at + kHeaderBytes + LoadLittleEndian<uint16_t>(header.data() + 4) > block.size());
}

void LogScanner::Add(const Record& record, uint64_t end) {
  const bool begins = record.type == kFull || record.type == kFirst;
  if (!begins && !in_batch_) return;
  if (begins) batch_end_.clear();
  const size_t kept = std::min(record.payload.size(), kLogMarkBytes);
  batch_end_.append(record.payload.substr(record.payload.size() - kept));
  if (batch_end_.size() > kLogMarkBytes) batch_end_.erase(0, batch_end_.size() - kLogMarkBytes);
  in_batch_ = record.type == kFirst || record.type == kMiddle;
  if (!in_batch_) AddBatch(end);
}

void LogScanner::AddBatch(uint64_t end) {
  if (!is_stopped_) {
    whole_end_ = end;
    return;
  }
  const std::optional<LogMark> mark = DecodeLogMark(batch_end_);
  if (!mark.has_value()) {
    is_one_unmarked_ = true;
  } else if (mark->log_number == log_number_ && mark->synced_bytes > whole_end_) {
    is_damage_proven_ = true;
  }
}

LogEnd LogScanner::Finish() const {
  using State = LogEnd::State;
  State state = State::kWhole;
  if (is_damage_proven_) {
    state = State::kDamaged;
  } else if (!is_stopped_) {
    state = State::kWhole;
  } else if (nonzero_end_ <= whole_end_) {
    state = State::kZeros;
  } else if (is_one_unmarked_) {
    state = State::kUnclear;
  } else if (may_be_incomplete_) {
    state = State::kIncomplete;
  } else {
    state = ends_in_record_ ? State::kWhole : State::kUnclear;
  }
  return {state, whole_end_};
}

// Durable on return: newer logs continue this one.
Status Truncate(const std::string& path, uint64_t byte_count) {
  const int file = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (file < 0) return sys::FileError("open file", path, errno);
  int error = ftruncate(file, static_cast<off_t>(byte_count)) == 0 ? 0 : errno;
  if (error == 0 && fsync(file) != 0) error = errno;
  close(file);
  return error == 0 ? Status::Ok() : sys::FileError("truncate file", path, error);
}

Status CutLog(const std::string& path, uint64_t log_number, sys::FaultPlan* faults) {
  HELIOS_TRY(const std::unique_ptr<sys::File> log, sys::File::OpenForRead(path, faults));
  HELIOS_TRY(const LogEnd end, FindLogEnd(*log, log_number));
  switch (end.state) {
    case LogEnd::State::kWhole:
    case LogEnd::State::kUnclear:
      return Status::Ok();
    case LogEnd::State::kDamaged:
      return DamagedFileError(
          fmt::format("file \"{}\" is damaged at offset {}: records behind it are whole", path,
                      end.whole_bytes));
    case LogEnd::State::kIncomplete:
      sys::Log(
          sys::LogLevel::kWarning, "cutting incomplete records off a log",
          {{"file", path}, {"offset", end.whole_bytes}, {"bytes", log->size() - end.whole_bytes}});
      break;
    case LogEnd::State::kZeros:
      break;
  }
  return Truncate(path, end.whole_bytes);
}

}  // namespace

std::string EncodeLogMark(LogMark mark) {
  std::string encoded;
  AppendLittleEndian(&encoded, mark.log_number);
  AppendLittleEndian(&encoded, mark.synced_bytes);
  encoded += kMarkMagic;
  return encoded;
}

std::optional<LogMark> DecodeLogMark(std::string_view batch_end) {
  if (batch_end.size() < kLogMarkBytes) return std::nullopt;
  batch_end.remove_prefix(batch_end.size() - kLogMarkBytes);
  if (!batch_end.starts_with(kMarkPrefix) || !batch_end.ends_with(kMarkMagic)) return std::nullopt;
  const char* const numbers = batch_end.data() + kMarkPrefix.size();
  return LogMark{LoadLittleEndian<uint64_t>(numbers), LoadLittleEndian<uint64_t>(numbers + 8)};
}

Result<LogEnd> FindLogEnd(const sys::File& log, uint64_t log_number) {
  LogScanner scanner(log_number);
  std::string buffer(32 * kBlockBytes, '\0');
  for (uint64_t offset = 0; offset < log.size(); offset += buffer.size()) {
    buffer.resize(std::min<uint64_t>(buffer.size(), log.size() - offset));
    HELIOS_TRY(log.ReadAt(offset, buffer.size(), buffer.data()));
    for (size_t at = 0; at < buffer.size(); at += kBlockBytes) {
      scanner.AddBlock(std::string_view(buffer).substr(at, kBlockBytes));
    }
  }
  return scanner.Finish();
}

std::optional<uint64_t> LogNumber(std::string_view path) {
  if (!path.ends_with(".log")) return std::nullopt;
  path.remove_suffix(4);
  path = path.substr(path.rfind('/') + 1);
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(path.data(), path.data() + path.size(), number);
  if (error != std::errc() || end != path.data() + path.size()) return std::nullopt;
  return number;
}

Status CutLogs(const std::string& directory, sys::FaultPlan* faults) {
  HELIOS_TRY(const std::vector<std::string> names, sys::ListDirectory(directory));
  for (const std::string& name : names) {
    const std::optional<uint64_t> number = LogNumber(name);
    if (number.has_value()) HELIOS_TRY(CutLog(directory + "/" + name, *number, faults));
  }
  return Status::Ok();
}

}  // namespace helios::kv
