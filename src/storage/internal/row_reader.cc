#include "storage/internal/row_reader.h"

#include "storage/internal/key_format.h"

namespace helios::storage {

RowReader::RowReader(Sources sources, hidb::SpaceId space, const ReadPoint& read_point,
                     const hidb::ReadView& view)
    : store_(sources.store),
      // The cache keeps versions by the time of their commit.
      cache_(read_point.has_staged() ? nullptr : sources.cache),
      highest_keys_(sources.highest_keys),
      space_(space),
      read_point_(read_point),
      writes_(read_point.buffered(space)),
      before_command_(view.before_command) {}

Result<bool> RowReader::Find(std::string_view key, std::string_view* value) {
  if (writes_ != nullptr) {
    if (auto own = writes_->Find(space_, key, before_command_); own.has_value()) {
      if (!own->value) return false;
      own_ = std::move(*own);
      *value = *own_.value;
      return true;
    }
  }
  if (highest_keys_ != nullptr) {
    HELIOS_TRY(const bool is_above, highest_keys_->IsAbove(space_, key));
    if (is_above) return false;
  }
  seek_key_ = SpacePrefix(space_);
  seek_key_.append(key);
  if (cache_ != nullptr && cache_->Find(seek_key_, read_point_.timestamp(), &cached_)) {
    *value = cached_;
    return true;
  }
  return FindInStore(value);
}

// Looks for the key in `seek_key_`.
Result<bool> RowReader::FindInStore(std::string_view* value) {
  if (iterator_ == nullptr) iterator_ = store_.NewIterator(kVersionFamily, {.one_key = true});
  const size_t key_bytes = seek_key_.size();
  AppendVersion(&seek_key_, read_point_.newest());
  for (iterator_->Seek(seek_key_); iterator_->Valid(); iterator_->Next()) {
    const std::string_view stored = iterator_->key();
    if (stored.size() != key_bytes + kv::kVersionSuffixBytes ||
        WithoutVersion(stored) != std::string_view(seek_key_).substr(0, key_bytes)) {
      return false;
    }
    if (!read_point_.Sees(VersionOf(stored))) continue;
    bool present = false;
    if (!DecodeVersionValue(iterator_->value(), &present, value)) {
      return Error(ErrorCode::kDataCorrupted).Message("malformed version in space {}", space_);
    }
    if (present && cache_ != nullptr) {
      cache_->Add(WithoutVersion(stored), read_point_.timestamp(), VersionOf(stored), *value);
    }
    return present;
  }
  HELIOS_TRY(iterator_->status());
  return false;
}

Result<Timestamp> NewestCommitted(kv::KvStore& store, RowCache& cache, hidb::SpaceId space,
                                  std::string_view key, const StagedRegistry& staged) {
  const std::shared_ptr<const StagedStates> states = staged.Capture();
  std::string seek = SpacePrefix(space);
  seek.append(key);
  if (states == nullptr) {
    if (const std::optional<Timestamp> version = cache.FindVersion(seek)) return *version;
  }
  auto iterator = store.NewIterator(kVersionFamily, {.one_key = true});
  const size_t key_bytes = seek.size();
  AppendVersion(&seek, kTimestampMax);
  for (iterator->Seek(seek); iterator->Valid(); iterator->Next()) {
    const std::string_view stored = iterator->key();
    if (stored.size() != key_bytes + kv::kVersionSuffixBytes ||
        WithoutVersion(stored) != std::string_view(seek).substr(0, key_bytes)) {
      return Timestamp{0};
    }
    const Timestamp version = VersionOf(stored);
    if (states == nullptr) return version;
    const auto state = states->find(version);
    if (state == states->end()) return version;
    if (state->second.committed != 0) return state->second.committed;
  }
  HELIOS_TRY(iterator->status());
  return Timestamp{0};
}

}  // namespace helios::storage
