#pragma once

#include <string>
#include <string_view>

#include "base/codec.h"
#include "base/ids.h"
#include "hidb/layout.h"

namespace helios::storage {

// Keys of the family `local` (docs/formats/kv.md): one letter for the kind, then its name.
inline constexpr std::string_view kCatalogVersionKey = "v";  // The catalog's version, 8 bytes.
inline constexpr std::string_view kTimestampBoundKey = "t";  // No timestamp was given beyond.
inline constexpr std::string_view kOidBoundKey = "o";        // No OID was given beyond.
inline constexpr std::string_view kCatalogPrefix = "c";      // c<record key>: a catalog record.
inline constexpr std::string_view kRowIdPrefix = "r";        // r<space>: bound of its row ids.
inline constexpr std::string_view kSequencePrefix = "s";     // s<space>: a sequence's state.
inline constexpr std::string_view kStatisticsPrefix = "n";   // n<space>: its row count.
inline constexpr std::string_view kDroppedPrefix = "d";      // d<space>: to be erased.
inline constexpr std::string_view kStagedPrefix = "p";       // p<timestamp>: staged, not committed.

inline std::string LocalKey(std::string_view prefix, hidb::SpaceId space) {
  std::string key(prefix);
  AppendBigEndian<uint32_t>(&key, space);
  return key;
}
inline std::string StagedKey(Timestamp timestamp) {
  std::string key(kStagedPrefix);
  AppendBigEndian<uint64_t>(&key, timestamp);
  return key;
}
// The end of the keys that begin with `prefix`.
inline std::string PrefixEnd(std::string_view prefix) {
  std::string end(prefix);
  end.back() = static_cast<char>(end.back() + 1);
  return end;
}
inline std::string EncodeNumber(uint64_t value) {
  std::string bytes;
  AppendLittleEndian<uint64_t>(&bytes, value);
  return bytes;
}

}  // namespace helios::storage
