#include "storage/internal/highest_keys.h"

#include "storage/internal/key_format.h"

namespace helios::storage {

void HighestKeys::Highest::Raise(std::string_view stored) {
  if (!is_empty && stored <= key) return;
  key.assign(stored);
  is_empty = false;
}

Result<bool> HighestKeys::IsAbove(hidb::SpaceId space, std::string_view key) {
  const auto is_above = [&](const Highest& highest) {
    return highest.is_empty || key > highest.key;
  };
  {
    std::lock_guard lock(mutex_);
    const Highest& highest = spaces_[space];  // From now on NoteStored raises it.
    if (highest.is_read) return is_above(highest);
  }
  HELIOS_TRY(ReadStored(space));
  std::lock_guard lock(mutex_);
  return is_above(spaces_[space]);
}

// What is stored before the entry was made, the store knows; what is stored later, the entry.
Status HighestKeys::ReadStored(hidb::SpaceId space) {
  const auto iterator =
      store_.NewIterator(kVersionFamily, {.lower = SpacePrefix(space), .upper = SpaceEnd(space)});
  iterator->SeekToLast();
  HELIOS_TRY(iterator->status());
  std::lock_guard lock(mutex_);
  Highest& highest = spaces_[space];
  if (iterator->Valid()) {
    highest.Raise(WithoutVersion(iterator->key()).substr(kSpacePrefixBytes));
  }
  highest.is_read = true;
  return Status::Ok();
}

void HighestKeys::NoteStored(hidb::SpaceId space, std::string_view key) {
  std::lock_guard lock(mutex_);
  const auto known = spaces_.find(space);
  if (known != spaces_.end()) known->second.Raise(key);
}

void HighestKeys::Forget(hidb::SpaceId space) {
  std::lock_guard lock(mutex_);
  spaces_.erase(space);
}

}  // namespace helios::storage
