// Versions of a key lie together, newest first. Forwards: the first visible version of a key is the
// answer, the rest is skipped. Backwards the oldest comes first, so candidates are copied until one
// is too new. Ranges are of keys, the store's bounds of keys with timestamps: where a bound begins
// with a whole key (as "key\0", the end of a range of one key, does), that key's versions may lie
// on either side of the bound's bytes. Keys are prefix-free, so there is at most one such key a
// bound. Short runs of unwanted versions are stepped over; long ones are jumped with a seek.
#include "storage/internal/version_cursor.h"

#include "storage/internal/key_format.h"

namespace helios::storage {
namespace {

constexpr int kStepsBeforeSeek = 8;

// How long a key must at least be that begins `end`, is shorter than it, and is not below `begin`:
// it is `begin` itself, or longer than what both have in common.
size_t ShortestCut(std::string_view begin, std::string_view end) {
  size_t common = 0;
  while (common < begin.size() && common < end.size() && begin[common] == end[common]) ++common;
  return common == begin.size() ? common : common + 1;
}

// A bound for the store, above every version of every key from `begin` up to below `end`.
std::string StoredEnd(std::string_view begin, std::string_view end) {
  const size_t shortest = ShortestCut(begin, end);
  if (shortest >= end.size()) return std::string(end);
  std::string bound(end.substr(0, shortest));
  bound.append(kv::kVersionSuffixBytes + 1, '\xff');
  return bound;
}

}  // namespace

VersionCursor::VersionCursor(kv::KvStore& store, hidb::SpaceId space, const ReadPoint& read_point,
                             const hidb::KeyRange& bounds, bool reverse)
    : read_point_(read_point),
      reverse_(reverse),
      prefix_(SpacePrefix(space)),
      space_end_(SpaceEnd(space)) {
  kv::ReadOptions options;
  options.lower = prefix_ + bounds.begin;
  options.upper = bounds.end.empty() ? space_end_ : StoredEnd(options.lower, prefix_ + bounds.end);
  stored_end_ = options.upper;
  iterator_ = store.NewIterator(kVersionFamily, std::move(options));
}

void VersionCursor::Seek(const hidb::KeyRange& range) {
  valid_ = false;
  range_begin_.assign(prefix_).append(range.begin);
  if (range.end.empty()) {
    range_end_ = space_end_;
  } else {
    range_end_.assign(prefix_).append(range.end);
  }
  if (range_begin_ >= range_end_) return;
  end_is_stored_ = range_end_ == stored_end_;
  if (!reverse_) {
    iterator_->Seek(range_begin_);
    if (iterator_->Valid() && IsVersionKey(iterator_->key()) &&
        WithoutVersion(iterator_->key()) < range_begin_) {
      key_.assign(WithoutVersion(iterator_->key()));
      SkipOlderVersions();
    }
    FindForward();
  } else {
    SeekBeforeEnd();
    FindBackward();
  }
}

// To the last version of the last key below the range's end.
void VersionCursor::SeekBeforeEnd() {
  if (ShortestCut(range_begin_, range_end_) < range_end_.size()) {
    iterator_->Seek(range_end_);
    if (iterator_->Valid() && IsVersionKey(iterator_->key()) &&
        WithoutVersion(iterator_->key()) < range_end_) {
      seek_key_.assign(WithoutVersion(iterator_->key()));
      AppendVersion(&seek_key_, 0);
      iterator_->SeekForPrev(seek_key_);
      return;
    }
  }
  iterator_->SeekForPrev(range_end_);
}

void VersionCursor::Next() {
  if (reverse_) {
    FindBackward();
    return;
  }
  // Mostly the next entry is the one visible version of the next key.
  valid_ = false;
  iterator_->Next();
  if (!iterator_->Valid()) return;
  const std::string_view stored = iterator_->key();
  if (!IsVersionKey(stored)) {
    malformed_ = true;
    return;
  }
  const std::string_view user = WithoutVersion(stored);
  const Timestamp version = VersionOf(stored);
  if (user == key_) {
    ++dead_count_;
    SkipOlderVersions();
  } else if (!IsPastEnd(user) && read_point_.Sees(version)) {
    key_.assign(user);
    bool present = false;
    if (!Decode(iterator_->value(), &present)) return;
    if (present) {
      version_ = version;
      valid_ = true;
      return;
    }
    ++dead_count_;
    SkipOlderVersions();
  }
  FindForward();
}

bool VersionCursor::Decode(std::string_view stored, bool* present) {
  if (DecodeVersionValue(stored, present, &value_)) return true;
  malformed_ = true;
  return false;
}

void VersionCursor::FindForward() {
  valid_ = false;
  int steps = 0;
  while (iterator_->Valid()) {
    const std::string_view stored = iterator_->key();
    if (!IsVersionKey(stored)) {
      malformed_ = true;
      return;
    }
    const std::string_view user = WithoutVersion(stored);
    if (IsPastEnd(user)) return;
    const Timestamp version = VersionOf(stored);
    if (!read_point_.Sees(version)) {
      // Too new, or staged by another. Many of them before a visible one: a key that is written
      // often.
      if (++steps > kStepsBeforeSeek && version > read_point_.newest()) {
        seek_key_.assign(user);
        AppendVersion(&seek_key_, read_point_.newest());
        iterator_->Seek(seek_key_);
        steps = 0;
      } else {
        iterator_->Next();
      }
      continue;
    }
    key_.assign(user);
    bool present = false;
    if (!Decode(iterator_->value(), &present)) return;
    if (present) {
      version_ = version;
      valid_ = true;
      return;
    }
    ++dead_count_;
    SkipOlderVersions();
    steps = 0;
  }
}

// From a version of key_ to the first entry of another key.
void VersionCursor::SkipOlderVersions() {
  for (int step = 0; step < kStepsBeforeSeek; ++step) {
    iterator_->Next();
    if (!iterator_->Valid() || !IsVersionKey(iterator_->key()) ||
        WithoutVersion(iterator_->key()) != key_) {
      return;
    }
    ++dead_count_;
  }
  seek_key_.assign(key_);
  AppendVersion(&seek_key_, 0);
  iterator_->Seek(seek_key_);
  dead_count_ += kStepsBeforeSeek;
}

// From a version of key_ to the last entry of the key before.
void VersionCursor::SkipNewerVersions() {
  seek_key_.assign(key_);
  AppendVersion(&seek_key_, kTimestampMax);
  iterator_->SeekForPrev(seek_key_);
}

void VersionCursor::FindBackward() {
  valid_ = false;
  while (iterator_->Valid()) {
    const std::string_view stored = iterator_->key();
    if (!IsVersionKey(stored)) {
      malformed_ = true;
      return;
    }
    const std::string_view user = WithoutVersion(stored);
    if (user >= range_end_) {
      iterator_->Prev();
      continue;
    }
    if (user < range_begin_) return;
    key_.assign(user);
    bool present = false;
    if (ReadBackward(&present) && present) {
      valid_ = true;
      return;
    }
    if (malformed_ || !iterator_->status().ok()) return;
  }
}

// Finds the visible version of key_ from its oldest one and leaves the iterator before the key.
// Returns whether there is a visible version.
bool VersionCursor::ReadBackward(bool* present) {
  bool found = false;
  for (int step = 0; step < kStepsBeforeSeek; ++step) {
    const Timestamp version = VersionOf(iterator_->key());
    if (read_point_.Sees(version)) {
      dead_count_ += found ? 1 : 0;
      found = true;
      if (!Decode(iterator_->value(), present)) return false;
      if (*present) {
        value_copy_.assign(value_);
        value_ = value_copy_;
      } else {
        ++dead_count_;
      }
    } else if (version > read_point_.newest()) {
      SkipNewerVersions();
      return found;
    }
    iterator_->Prev();
    if (!iterator_->Valid() || !IsVersionKey(iterator_->key()) ||
        WithoutVersion(iterator_->key()) != key_) {
      return found;
    }
  }
  // Many versions: look from the newest side.
  dead_count_ += kStepsBeforeSeek;
  seek_key_.assign(key_);
  AppendVersion(&seek_key_, read_point_.newest());
  iterator_->Seek(seek_key_);
  found = false;
  while (iterator_->Valid() && IsVersionKey(iterator_->key()) &&
         WithoutVersion(iterator_->key()) == key_) {
    if (read_point_.Sees(VersionOf(iterator_->key()))) {
      if (!Decode(iterator_->value(), present)) return false;
      value_copy_.assign(value_);
      value_ = value_copy_;
      found = true;
      break;
    }
    iterator_->Next();
  }
  SkipNewerVersions();
  return found;
}

Status VersionCursor::status() const {
  if (malformed_) {
    return Error(ErrorCode::kDataCorrupted)
        .Message("malformed version in space {}", LoadBigEndian<uint32_t>(prefix_.data()))
        .Hint("Restore the data directory from a backup.");
  }
  return iterator_->status();
}

}  // namespace helios::storage
