#include "storage/internal/merge_cursor.h"

namespace helios::storage {
namespace {

constexpr size_t kOwnBatch = 256;

hidb::KeyRange Covering(const std::vector<hidb::KeyRange>& ranges) {
  if (ranges.empty()) return {};
  return {ranges.front().begin, ranges.back().end};
}

}  // namespace

MergeCursor::MergeCursor(kv::KvStore& store, hidb::SpaceId space, const ReadPoint& read_point,
                         const hidb::ReadView& view, std::vector<hidb::KeyRange> ranges,
                         bool reverse)
    : space_(space),
      writes_(read_point.buffered(space)),
      before_command_(view.before_command),
      ranges_(std::move(ranges)),
      reverse_(reverse),
      stored_(store, space, read_point, Covering(ranges_), reverse) {}

bool MergeCursor::StartRange() {
  if (ranges_done_ == ranges_.size()) return false;
  const size_t index = reverse_ ? ranges_.size() - 1 - ranges_done_ : ranges_done_;
  ++ranges_done_;
  stored_.Seek(ranges_[index]);
  advance_stored_ = false;
  own_.clear();
  own_index_ = 0;
  own_complete_ = writes_ == nullptr;
  if (!own_complete_) {
    own_rest_ = ranges_[index];
    FetchOwn();
  }
  return true;
}

void MergeCursor::FetchOwn() {
  own_ =
      writes_->Range(space_, own_rest_.begin, own_rest_.end, reverse_, kOwnBatch, before_command_);
  own_index_ = 0;
  own_complete_ = own_.size() < kOwnBatch;
  if (own_.empty()) return;
  if (reverse_) {
    own_rest_.end = own_.back().key;
  } else {
    own_rest_.begin = own_.back().key + '\0';
  }
}

bool MergeCursor::Next() {
  while (true) {
    if (!in_range_) {
      if (!StartRange()) return false;
      in_range_ = true;
    }
    if (advance_stored_) stored_.Next();
    advance_stored_ = false;
    if (!stored_.Valid() && !stored_.status().ok()) return false;
    if (!OwnLeft() && !own_complete_) FetchOwn();
    if (!OwnLeft()) {
      if (!stored_.Valid()) {
        in_range_ = false;
        continue;
      }
      key_ = stored_.key();
      value_ = stored_.value();
      advance_stored_ = true;
      return true;
    }
    if (stored_.Valid()) {
      int order = stored_.key().compare(own_[own_index_].key);
      if (reverse_) order = -order;
      if (order < 0) {
        key_ = stored_.key();
        value_ = stored_.value();
        advance_stored_ = true;
        return true;
      }
      // The transaction's own write hides the stored version.
      if (order == 0) stored_.Next();
    }
    shown_own_ = std::move(own_[own_index_++]);
    if (!shown_own_.value) continue;
    key_ = shown_own_.key;
    value_ = *shown_own_.value;
    return true;
  }
}

}  // namespace helios::storage
