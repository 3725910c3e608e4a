#pragma once

#include <string_view>
#include <vector>

#include "hidb/storage_service.h"
#include "storage/internal/version_cursor.h"

namespace helios::storage {

// The entries of one space that a ReadView shows, range after range: the stored versions with the
// transaction's own buffered writes above them.
//
// Thread safety: none; the write set may be written meanwhile by later commands.
class MergeCursor {
 public:
  // Requires: `ranges` disjoint and ascending. `reverse` goes through them from the last.
  MergeCursor(kv::KvStore& store, hidb::SpaceId space, const ReadPoint& read_point,
              const hidb::ReadView& view, std::vector<hidb::KeyRange> ranges, bool reverse);

  // Goes to the next entry, at first to the first one. False at the end and after an error.
  bool Next();
  std::string_view key() const { return key_; }
  std::string_view value() const { return value_; }
  // Of a stored entry, forwards; see VersionCursor.
  Timestamp version() const { return stored_.version(); }
  Status status() const { return stored_.status(); }
  uint64_t dead_count() const { return stored_.dead_count(); }

 private:
  bool StartRange();
  void FetchOwn();
  bool OwnLeft() const { return own_index_ < own_.size(); }

  const hidb::SpaceId space_;
  const hidb::WriteSet::Buffer* const writes_;  // Null: none in this space.
  const hidb::CommandId before_command_;
  const std::vector<hidb::KeyRange> ranges_;
  const bool reverse_;
  VersionCursor stored_;
  size_t ranges_done_ = 0;
  bool in_range_ = false;
  bool advance_stored_ = false;  // The shown entry was stored_'s.
  std::vector<hidb::WriteSet::Write> own_;
  size_t own_index_ = 0;
  hidb::KeyRange own_rest_;  // What FetchOwn still has to ask for.
  bool own_complete_ = true;
  hidb::WriteSet::Write shown_own_;
  std::string_view key_;
  std::string_view value_;
};

}  // namespace helios::storage
