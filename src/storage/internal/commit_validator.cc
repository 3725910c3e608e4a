#include "storage/internal/commit_validator.h"

#include <algorithm>

namespace helios::storage {

Result<Timestamp> CommitValidator::Begin(
    const hidb::CommitRequest& request, const std::function<Result<Timestamp>()>& begin_timestamp) {
  Commit mine;
  mine.wrote_unknown = request.writes->has_staged();
  request.writes->ForEach(
      [&](hidb::SpaceId space, std::string_view key, const std::optional<std::string>&) {
        mine.keys[space].emplace_back(key);
        mine.key_bytes += sizeof(std::string) + key.size();
      });
  const Timestamp oldest = oldest_snapshot_();
  std::lock_guard lock(mutex_);
  while (!commits_.empty() && commits_.front().timestamp <= oldest) ForgetOldest();
  bool conflicts = request.snapshot < forgotten_ && !request.reads->empty();
  for (const Commit& commit : commits_) {
    if (conflicts) break;
    conflicts = commit.timestamp > request.snapshot && Conflicts(commit, *request.reads);
  }
  if (conflicts) {
    return Error(ErrorCode::kSerializationFailure)
        .Message("could not serialize access due to read/write dependencies among transactions")
        .Detail("A transaction that committed meanwhile has written what this one has read.")
        .Hint("The transaction might succeed if retried.");
  }
  HELIOS_TRY(mine.timestamp, begin_timestamp());
  key_bytes_ += mine.key_bytes;
  commits_.push_back(std::move(mine));
  const Timestamp timestamp = commits_.back().timestamp;
  while (key_bytes_ > kKeyBytesMax) {
    forgotten_ = commits_.front().timestamp;
    ForgetOldest();
  }
  return timestamp;
}

void CommitValidator::ForgetOldest() {
  key_bytes_ -= commits_.front().key_bytes;
  commits_.pop_front();
}

size_t CommitValidator::remembered_count() const {
  std::lock_guard lock(mutex_);
  return commits_.size();
}

bool CommitValidator::Conflicts(const Commit& commit, const hidb::ReadSet& reads) {
  if (commit.wrote_unknown) return !reads.empty();
  return std::any_of(commit.keys.begin(), commit.keys.end(), [&](const auto& entry) {
    return std::any_of(entry.second.begin(), entry.second.end(),
                       [&](const std::string& key) { return reads.Covers(entry.first, key); });
  });
}

}  // namespace helios::storage
