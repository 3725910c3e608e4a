#include "hidb/write_set.h"

#include <algorithm>
#include <mutex>

#include "base/check.h"

namespace helios::hidb {
namespace {

// Map node, version and log entry of one write, beside its bytes.
constexpr size_t kWriteOverheadBytes = 160;
// The tracker is asked in steps, so that small transactions touch its shared counters seldom.
constexpr size_t kReservationStepBytes = 16 << 10;

size_t RoundUp(size_t bytes) {
  return (bytes + kReservationStepBytes - 1) / kReservationStepBytes * kReservationStepBytes;
}

size_t ValueBytes(const std::optional<std::string>& value) { return value ? value->size() : 0; }

// The newest version by a command before `before`, or null.
template <typename Versions>
auto* NewestBefore(const Versions& versions, CommandId before) {
  const auto after =
      std::partition_point(versions.begin(), versions.end(),
                           [before](const auto& version) { return version.command < before; });
  return after == versions.begin() ? nullptr : &*std::prev(after);
}

}  // namespace

WriteSet::WriteSet(MemoryTracker* tracker) : reservation_(tracker) {}
WriteSet::~WriteSet() = default;

Status WriteSet::Put(SpaceId space, std::string_view key, std::string_view value,
                     CommandId command) {
  return Add(space, key, value, command);
}

Status WriteSet::Delete(SpaceId space, std::string_view key, CommandId command) {
  return Add(space, key, std::nullopt, command);
}

Status WriteSet::Add(SpaceId space, std::string_view key, std::optional<std::string_view> value,
                     CommandId command) {
  std::unique_lock lock(mutex_);
  HELIOS_CHECK(log_.empty() || log_.back().command <= command);
  const size_t value_bytes = value ? value->size() : 0;
  const size_t bytes = bytes_ + key.size() + value_bytes + kWriteOverheadBytes;
  if (bytes > reservation_.bytes()) HELIOS_TRY(reservation_.Resize(RoundUp(bytes)));

  std::unique_lock buffer_lock(buffer_->mutex_);
  Space& keys = buffer_->spaces_[space];
  auto entry = keys.lower_bound(key);
  if (entry == keys.end() || entry->first != key) {
    entry = keys.emplace_hint(entry, std::string(key), std::vector<Version>());
  }
  std::optional<std::string> copy;
  if (value) copy.emplace(*value);
  std::vector<Version>& versions = entry->second;
  if (!versions.empty() && versions.back().command == command) {
    bytes_ += value_bytes;
    bytes_ -= ValueBytes(versions.back().value);
    versions.back().value = std::move(copy);
    return Status::Ok();
  }
  versions.push_back({command, std::move(copy)});
  log_.push_back({command, space, entry});
  bytes_ = bytes;
  return Status::Ok();
}

std::optional<WriteSet::Write> WriteSet::Buffer::Find(SpaceId space, std::string_view key,
                                                      CommandId before) const {
  std::shared_lock lock(mutex_);
  const auto keys = spaces_.find(space);
  if (keys == spaces_.end()) return std::nullopt;
  const auto entry = keys->second.find(key);
  if (entry == keys->second.end()) return std::nullopt;
  const Version* version = NewestBefore(entry->second, before);
  if (version == nullptr) return std::nullopt;
  return Write{entry->first, version->value};
}

std::vector<WriteSet::Write> WriteSet::Buffer::Range(SpaceId space, std::string_view begin,
                                                     std::string_view end, bool reverse,
                                                     size_t count_max, CommandId before) const {
  std::vector<Write> writes;
  std::shared_lock lock(mutex_);
  const auto found = spaces_.find(space);
  if (found == spaces_.end() || (!end.empty() && begin >= end)) return writes;
  const Space& keys = found->second;
  const auto first = keys.lower_bound(begin);
  const auto last = end.empty() ? keys.end() : keys.lower_bound(end);
  const auto take = [&](const Space::value_type& entry) {
    if (const Version* version = NewestBefore(entry.second, before); version != nullptr) {
      writes.push_back({entry.first, version->value});
    }
  };
  if (!reverse) {
    for (auto entry = first; entry != last && writes.size() < count_max; ++entry) take(*entry);
  } else {
    for (auto entry = last; entry != first && writes.size() < count_max;) take(*--entry);
  }
  return writes;
}

bool WriteSet::Buffer::HasWrites(SpaceId space) const {
  std::shared_lock lock(mutex_);
  return spaces_.contains(space);
}

bool WriteSet::empty() const {
  std::shared_lock lock(mutex_);
  return log_.empty() && staged_ == nullptr;
}

size_t WriteSet::bytes() const {
  std::shared_lock lock(mutex_);
  return bytes_;
}

void WriteSet::AddRowCount(SpaceId table, int64_t delta, CommandId command) {
  std::unique_lock lock(mutex_);
  if (!row_counts_.empty()) {
    RowCount& last = row_counts_.back();
    if (last.command == command && last.table == table) {
      last.delta += delta;
      return;
    }
  }
  row_counts_.push_back({command, table, delta});
}

std::map<SpaceId, int64_t> WriteSet::RowCountDeltas() const {
  std::shared_lock lock(mutex_);
  std::map<SpaceId, int64_t> deltas;
  for (const RowCount& count : row_counts_) deltas[count.table] += count.delta;
  return deltas;
}

void WriteSet::RollbackTo(CommandId first) {
  std::unique_lock lock(mutex_);
  std::unique_lock buffer_lock(buffer_->mutex_);
  std::map<SpaceId, Space>& spaces = buffer_->spaces_;
  while (!log_.empty() && log_.back().command >= first) {
    const LogEntry& last = log_.back();
    const auto keys = spaces.find(last.space);
    std::vector<Version>& versions = last.entry->second;
    HELIOS_CHECK(!versions.empty() && versions.back().command == last.command);
    bytes_ -= last.entry->first.size() + ValueBytes(versions.back().value) + kWriteOverheadBytes;
    versions.pop_back();
    if (versions.empty()) keys->second.erase(last.entry);
    if (keys->second.empty()) spaces.erase(keys);
    log_.pop_back();
  }
  std::erase_if(row_counts_, [&](const RowCount& count) { return count.command >= first; });
  if (staged_ != nullptr && staged_->back().command >= first) {
    auto kept = std::make_shared<StagedList>(*staged_);
    while (!kept->empty() && kept->back().command >= first) kept->pop_back();
    SetStaged(std::move(kept));
  }
  // Shrinking cannot fail.
  static_cast<void>(reservation_.Resize(RoundUp(bytes_)).ok());
}

void WriteSet::DropBuffered() {
  // Readers keep what they hold.
  if (!log_.empty()) buffer_ = std::make_shared<Buffer>();
  log_.clear();
  bytes_ = 0;
  reservation_.ReleaseAll();
}

void WriteSet::SetStaged(std::shared_ptr<const StagedList> staged) {
  staged_ = staged == nullptr || staged->empty() ? nullptr : std::move(staged);
  has_staged_.store(staged_ != nullptr, std::memory_order_release);
}

void WriteSet::Clear() {
  std::unique_lock lock(mutex_);
  DropBuffered();
  row_counts_.clear();
  SetStaged(nullptr);
}

void WriteSet::ForEach(const Visit& visit) const {
  for (const auto& [space, keys] : buffer_->spaces_) {
    for (const auto& [key, versions] : keys) visit(space, key, versions.back().value);
  }
}

std::shared_ptr<const WriteSet::StagedList> WriteSet::staged() const {
  std::shared_lock lock(mutex_);
  return staged_;
}

WriteSet::Own WriteSet::Capture() const {
  std::shared_lock lock(mutex_);
  return {buffer_, staged_};
}

std::vector<WriteSet::CommandWrites> WriteSet::ByCommand() const {
  std::shared_lock lock(mutex_);
  std::vector<CommandWrites> commands;
  for (size_t begin = 0; begin < log_.size();) {
    size_t end = begin + 1;
    while (end < log_.size() && log_[end].command == log_[begin].command) ++end;
    commands.push_back(CommandWrites(std::span(log_).subspan(begin, end - begin)));
    begin = end;
  }
  return commands;
}

void WriteSet::CommandWrites::ForEach(const Visit& visit) const {
  for (const LogEntry& entry : log_) {
    const auto& [key, versions] = *entry.entry;
    visit(entry.space, key, NewestBefore(versions, entry.command + 1)->value);
  }
}

void WriteSet::ReplaceByStaged(const StagedList& staged) {
  std::unique_lock lock(mutex_);
  DropBuffered();
  auto all = std::make_shared<StagedList>();
  if (staged_ != nullptr) *all = *staged_;
  all->insert(all->end(), staged.begin(), staged.end());
  HELIOS_CHECK(std::is_sorted(all->begin(), all->end(), [](const Staged& a, const Staged& b) {
    return a.timestamp < b.timestamp || a.command < b.command;
  }));
  SetStaged(std::move(all));
}

}  // namespace helios::hidb
