#include "hidb/read_set.h"

#include <algorithm>

namespace helios::hidb {
namespace {

constexpr size_t kEntriesMax = 4096;

bool Contains(const KeyRange& range, std::string_view key) {
  return key >= range.begin && (range.end.empty() || key < range.end);
}

}  // namespace

ReadSet::Space* ReadSet::Open(SpaceId id) {
  Space& space = spaces_[id];
  if (space.is_whole) return nullptr;
  if (space.keys.size() + space.ranges.size() < kEntriesMax) return &space;
  space = Space{.is_whole = true, .keys = {}, .ranges = {}};
  return nullptr;
}

void ReadSet::AddKey(SpaceId id, std::string_view key) {
  std::lock_guard lock(mutex_);
  Space* space = Open(id);
  if (space != nullptr && space->keys.find(key) == space->keys.end()) space->keys.emplace(key);
}

void ReadSet::AddRange(SpaceId id, const KeyRange& range) {
  std::lock_guard lock(mutex_);
  Space* space = Open(id);
  if (space == nullptr) return;
  if (range.begin.empty() && range.end.empty()) {
    *space = Space{.is_whole = true, .keys = {}, .ranges = {}};
    return;
  }
  const bool is_known = std::any_of(
      space->ranges.begin(), space->ranges.end(),
      [&](const KeyRange& known) { return known.begin == range.begin && known.end == range.end; });
  if (!is_known) space->ranges.push_back(range);
}

bool ReadSet::Covers(SpaceId id, std::string_view key) const {
  std::lock_guard lock(mutex_);
  const auto found = spaces_.find(id);
  if (found == spaces_.end()) return false;
  const Space& space = found->second;
  return space.is_whole || space.keys.find(key) != space.keys.end() ||
         std::any_of(space.ranges.begin(), space.ranges.end(),
                     [&](const KeyRange& range) { return Contains(range, key); });
}

bool ReadSet::empty() const {
  std::lock_guard lock(mutex_);
  return spaces_.empty();
}

}  // namespace helios::hidb
