#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "hidb/storage_service.h"
#include "kv/kv_store.h"
#include "storage/internal/read_point.h"

namespace helios::storage {

// Walks the keys of one space that a read point sees, in key order or backwards, showing for each
// the visible version and skipping deleted ones.
//
// Thread safety: none. Lifetime: shorter than the store's and the read point's.
class VersionCursor {
 public:
  // `bounds` covers every range that Seek will be asked for.
  VersionCursor(kv::KvStore& store, hidb::SpaceId space, const ReadPoint& read_point,
                const hidb::KeyRange& bounds, bool reverse);

  // Goes to the first (reverse: last) visible key of the range.
  void Seek(const hidb::KeyRange& range);
  bool Valid() const { return valid_; }
  void Next();  // Requires: Valid().
  // Without the space's prefix. Valid until the next move.
  std::string_view key() const { return std::string_view(key_).substr(kSpacePrefixBytes); }
  std::string_view value() const { return value_; }
  // Forwards only: the timestamp that the shown version is stored under.
  Timestamp version() const { return version_; }
  Status status() const;

  // Versions passed over because they are deletions or older than a visible one.
  uint64_t dead_count() const { return dead_count_; }

 private:
  void SeekBeforeEnd();
  void FindForward();
  void FindBackward();
  void SkipOlderVersions();
  void SkipNewerVersions();
  bool ReadBackward(bool* present);
  bool Decode(std::string_view stored, bool* present);
  // The store stops at its own bound: no need to look again where it is the range's.
  bool IsPastEnd(std::string_view user) const { return !end_is_stored_ && user >= range_end_; }

  const ReadPoint& read_point_;
  const bool reverse_;
  const std::string prefix_;
  const std::string space_end_;
  std::unique_ptr<kv::Iterator> iterator_;
  std::string range_begin_;  // Of the current range, with the space's prefix.
  std::string range_end_;
  std::string stored_end_;  // The store's bound.
  bool end_is_stored_ = false;
  bool valid_ = false;
  bool malformed_ = false;
  std::string key_;  // Of the shown entry, with the space's prefix.
  std::string_view value_;
  Timestamp version_ = 0;
  std::string value_copy_;  // Backwards, the iterator has moved on from the shown version.
  std::string seek_key_;
  uint64_t dead_count_ = 0;

  static constexpr size_t kSpacePrefixBytes = 6;
};

}  // namespace helios::storage
