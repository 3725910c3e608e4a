#pragma once

#include <string>
#include <string_view>

#include "base/codec.h"
#include "base/ids.h"
#include "hidb/layout.h"
#include "kv/kv_store.h"

namespace helios::storage {

// The key of a version of a row or index entry (docs/formats/kv.md):
//   space (4 bytes, big-endian) | shard (2 bytes, big-endian) | key | ~commit timestamp (8,
//   big-endian)
// so that a space is one range, and a key's versions lie together, newest first.
inline constexpr size_t kSpacePrefixBytes = 6;
inline constexpr uint16_t kOnlyShard = 0;
inline constexpr kv::Family kVersionFamily = kv::Family::kRows;

inline std::string SpacePrefix(hidb::SpaceId space, uint16_t shard = kOnlyShard) {
  std::string prefix;
  AppendBigEndian<uint32_t>(&prefix, space);
  AppendBigEndian<uint16_t>(&prefix, shard);
  return prefix;
}

// The first key after all of the space's.
inline std::string SpaceEnd(hidb::SpaceId space) {
  std::string end;
  if (space == UINT32_MAX) return std::string(kSpacePrefixBytes, '\xff');
  AppendBigEndian<uint32_t>(&end, space + 1);
  return end;
}

inline void AppendVersion(std::string* key, Timestamp timestamp) {
  AppendBigEndian<uint64_t>(key, ~timestamp);
}

// A stored key taken apart. Requires: IsVersionKey(stored).
inline bool IsVersionKey(std::string_view stored) {
  return stored.size() >= kSpacePrefixBytes + kv::kVersionSuffixBytes;
}
inline std::string_view WithoutVersion(std::string_view stored) {
  return stored.substr(0, stored.size() - kv::kVersionSuffixBytes);
}
inline Timestamp VersionOf(std::string_view stored) {
  return ~LoadBigEndian<uint64_t>(stored.data() + stored.size() - kv::kVersionSuffixBytes);
}
inline hidb::SpaceId SpaceOf(std::string_view stored) {
  return LoadBigEndian<uint32_t>(stored.data());
}

// A stored value: one byte that says whether it is a deletion, then the row or entry.
inline constexpr char kDeletedMark = 0;
inline constexpr char kPresentMark = 1;

inline void EncodeVersionValue(std::string_view value, std::string* out) {
  out->clear();
  out->push_back(kPresentMark);
  out->append(value);
}
inline constexpr std::string_view kDeletedValue("\0", 1);

// What a stored value says: `present` false for a deletion. False for malformed bytes.
inline bool DecodeVersionValue(std::string_view stored, bool* present, std::string_view* value) {
  if (stored.empty()) return false;
  *present = stored[0] == kPresentMark;
  if (!*present) return stored.size() == 1 && stored[0] == kDeletedMark;
  *value = stored.substr(1);
  return true;
}

}  // namespace helios::storage
