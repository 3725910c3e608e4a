#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "kv/open.h"
#include "sys/files.h"

namespace helios::kv {
namespace {

constexpr uint64_t kPageBytes = 4096;

}  // namespace

void DurabilityTracker::OnCreate(const std::string& path) {
  std::lock_guard lock(mutex_);
  files_[path] = {};
}

void DurabilityTracker::OnAppend(const std::string& path, uint64_t byte_count) {
  std::lock_guard lock(mutex_);
  files_[path].written += byte_count;
}

void DurabilityTracker::OnFill(const std::string& path, uint64_t end) {
  std::lock_guard lock(mutex_);
  files_[path].filled = end;
}

void DurabilityTracker::OnSync(const std::string& path, uint64_t end) {
  std::lock_guard lock(mutex_);
  Sizes& sizes = files_[path];
  sizes.synced = std::max(sizes.synced, end);
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

Status DurabilityTracker::DropUnsynced(const LosesPage& loses) {
  std::lock_guard lock(mutex_);
  for (const auto& [path, sizes] : files_) {
    if (sizes.synced != sizes.written) HELIOS_TRY(Drop(path, sizes, loses));
  }
  files_.clear();
  return Status::Ok();
}

Status DurabilityTracker::Drop(const std::string& path, const Sizes& sizes,
                               const LosesPage& loses) {
  const int file = open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (file < 0) return errno == ENOENT ? Status::Ok() : sys::FileError("open file", path, errno);
  const auto cut = [&](uint64_t end) { return ftruncate(file, static_cast<off_t>(end)) == 0; };
  bool succeeded = true;
  if (sizes.filled == 0 || !loses) {
    succeeded = cut(sizes.synced) && cut(std::max(sizes.synced, sizes.filled));
  } else {
    for (uint64_t at = sizes.synced; at < sizes.written && succeeded;) {
      const uint64_t end = std::min((at / kPageBytes + 1) * kPageBytes, sizes.written);
      const std::string zeros(end - at, '\0');
      if (loses(at / kPageBytes)) {
        succeeded = pwrite(file, zeros.data(), zeros.size(), static_cast<off_t>(at)) ==
                    static_cast<ssize_t>(zeros.size());
      }
      at = end;
    }
    succeeded = succeeded && cut(std::max(sizes.written, sizes.filled));
  }
  const int error = errno;
  close(file);
  return succeeded ? Status::Ok() : sys::FileError("truncate file", path, error);
}

}  // namespace helios::kv
