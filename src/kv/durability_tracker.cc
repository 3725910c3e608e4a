#include <unistd.h>

#include <cerrno>

#include "kv/open.h"
#include "sys/files.h"

namespace helios::kv {

void DurabilityTracker::OnCreate(const std::string& path) {
  std::lock_guard lock(mutex_);
  files_[path] = {};
}

void DurabilityTracker::OnAppend(const std::string& path, uint64_t byte_count) {
  std::lock_guard lock(mutex_);
  files_[path].written += byte_count;
}

void DurabilityTracker::OnSync(const std::string& path) {
  std::lock_guard lock(mutex_);
  Sizes& sizes = files_[path];
  sizes.synced = sizes.written;
}

void DurabilityTracker::OnRename(const std::string& from, const std::string& to) {
  std::lock_guard lock(mutex_);
  files_[to] = files_[from];
  files_.erase(from);
}

void DurabilityTracker::OnRemove(const std::string& path) {
  std::lock_guard lock(mutex_);
  files_.erase(path);
}

Status DurabilityTracker::DropUnsynced() {
  std::lock_guard lock(mutex_);
  for (const auto& [path, sizes] : files_) {
    if (sizes.synced == sizes.written) continue;
    if (truncate(path.c_str(), static_cast<off_t>(sizes.synced)) != 0 && errno != ENOENT) {
      return sys::FileError("truncate file", path, errno);
    }
  }
  files_.clear();
  return Status::Ok();
}

}  // namespace helios::kv
