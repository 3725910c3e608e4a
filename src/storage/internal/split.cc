// Cut points are numbers, not stored keys: the eight bytes after the common prefix of the first and
// the last key are taken as a fraction, evenly spaced fractions are tried, and the store's estimate
// of the bytes between them says which to keep. Where all data crowds into one interval, that
// interval is looked at again more closely.
#include "storage/internal/split.h"

#include <algorithm>

#include "storage/internal/key_format.h"

namespace helios::storage {
namespace {

constexpr size_t kIntervals = 64;
constexpr int kRefinementsMax = 6;
constexpr size_t kFractionBytes = 8;
// Smaller parts are not worth a cursor of their own.
constexpr uint64_t kPartBytesMin = 64 << 10;

uint64_t FractionAt(std::string_view key, size_t offset) {
  uint64_t fraction = 0;
  for (size_t index = 0; index < kFractionBytes; ++index) {
    const size_t at = offset + index;
    fraction = fraction << 8 | (at < key.size() ? static_cast<uint8_t>(key[at]) : 0);
  }
  return fraction;
}

// Evenly spaced keys strictly between `low` and `high`, ascending, without duplicates.
std::vector<std::string> KeysBetween(const std::string& low, const std::string& high) {
  size_t common = 0;
  while (common < low.size() && common < high.size() && low[common] == high[common]) ++common;
  const uint64_t first = FractionAt(low, common);
  const uint64_t last = FractionAt(high, common);
  std::vector<std::string> keys;
  if (last <= first) return keys;
  for (size_t index = 1; index < kIntervals; ++index) {
    const unsigned __int128 width = last - first;
    const uint64_t fraction = first + static_cast<uint64_t>(width * index / kIntervals);
    std::string key = low.substr(0, common);
    AppendBigEndian<uint64_t>(&key, fraction);
    if (key > low && key < high && (keys.empty() || key > keys.back())) {
      keys.push_back(std::move(key));
    }
  }
  return keys;
}

// Bytes between neighbours of `bounds`.
std::vector<uint64_t> Sizes(kv::KvStore& store, const std::vector<std::string>& bounds) {
  std::vector<kv::KeyRangeView> ranges;
  for (size_t index = 0; index + 1 < bounds.size(); ++index) {
    ranges.push_back({bounds[index], bounds[index + 1]});
  }
  return store.ApproximateSizes(kVersionFamily, ranges);
}

// Bounds from `low` to `high`, closer where the data is.
std::vector<std::string> Bounds(kv::KvStore& store, const std::string& low, const std::string& high,
                                uint64_t part_bytes) {
  std::vector<std::string> bounds = {low, high};
  for (int round = 0; round < kRefinementsMax; ++round) {
    const std::vector<uint64_t> sizes = Sizes(store, bounds);
    std::vector<std::string> closer;
    for (size_t index = 0; index < sizes.size(); ++index) {
      closer.push_back(bounds[index]);
      if (sizes[index] <= part_bytes) continue;
      for (std::string& key : KeysBetween(bounds[index], bounds[index + 1])) {
        closer.push_back(std::move(key));
      }
    }
    closer.push_back(high);
    if (closer.size() == bounds.size()) break;
    bounds = std::move(closer);
  }
  return bounds;
}

}  // namespace

std::vector<hidb::KeyRange> SplitBySize(kv::KvStore& store, hidb::SpaceId space,
                                        const hidb::KeyRange& range, size_t part_count) {
  const std::string prefix = SpacePrefix(space);
  const std::string begin = prefix + range.begin;
  const std::string end = range.end.empty() ? SpaceEnd(space) : prefix + range.end;
  if (part_count < 2 || begin >= end) return {range};
  const auto iterator = store.NewIterator(kVersionFamily, {.lower = begin, .upper = end});
  iterator->SeekToFirst();
  if (!iterator->Valid() || !IsVersionKey(iterator->key())) return {range};
  const std::string low(WithoutVersion(iterator->key()));
  iterator->SeekToLast();
  if (!iterator->Valid() || !IsVersionKey(iterator->key())) return {range};
  const std::string high(WithoutVersion(iterator->key()));
  if (low >= high) return {range};

  const uint64_t total = Sizes(store, {low, high})[0];
  part_count = std::min<uint64_t>(part_count, std::max<uint64_t>(total / kPartBytesMin, 1));
  if (part_count < 2) return {range};
  const std::vector<std::string> bounds =
      Bounds(store, low, high, std::max<uint64_t>(total / part_count / 4, 1));
  const std::vector<uint64_t> sizes = Sizes(store, bounds);
  uint64_t sum = 0;
  for (uint64_t size : sizes) sum += size;
  std::vector<hidb::KeyRange> parts;
  std::string part_begin = range.begin;
  uint64_t taken = 0;
  for (size_t index = 0; index + 1 < sizes.size(); ++index) {
    taken += sizes[index];
    if (taken * part_count < sum * (parts.size() + 1)) continue;
    std::string cut = bounds[index + 1].substr(prefix.size());
    parts.push_back({part_begin, cut});
    part_begin = std::move(cut);
    if (parts.size() + 1 == part_count) break;
  }
  parts.push_back({part_begin, range.end});
  return parts;
}

}  // namespace helios::storage
