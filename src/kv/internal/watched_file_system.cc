#include "kv/internal/watched_file_system.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <optional>
#include <utility>

#include "sys/files.h"

namespace helios::kv {
namespace {

using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;
using sys::FileOperation;
using Kept = FileSystemWatch::Kept;

// What a record of the log adds to a batch: headers of 7 bytes and padding of up to 6 for each
// block of 32 KiB, and the incomplete blocks at both ends.
uint64_t LogRecordBytes(uint64_t batch_bytes) { return batch_bytes + batch_bytes / 1024 + 64; }

bool IsLog(const std::string& path) { return path.ends_with(".log"); }
// What RocksDB says for people to read.
bool IsDiary(const std::string& path) { return path.ends_with("/LOG"); }

std::optional<Kept> KindOf(const std::string& path) {
  if (IsLog(path)) return Kept::kLog;
  if (path.substr(path.rfind('/') + 1).starts_with("MANIFEST-")) return Kept::kManifest;
  return std::nullopt;
}

// A new file did not fit on the device. For a log RocksDB would take NoSpace for the loss of the
// old one, for which there is no resuming; this lets it go on with the old one.
IOStatus NoRoomForFile(const std::string& path, Kept kind) {
  IOStatus status = kind == Kept::kLog
                        ? rocksdb::status_to_io_status(rocksdb::Status::SpaceLimit(path))
                        : IOStatus::NoSpace(path);
  status.SetRetryable(true);
  return status;
}

struct Context {
  std::shared_ptr<FileSystemWatch> watch;
  sys::FaultPlan* faults;
  DurabilityTracker* durability;

  // The planned error of an operation, or OK.
  IOStatus Decide(FileOperation operation, const std::string& path, size_t* byte_count) const {
    if (faults == nullptr) return IOStatus::OK();
    const int error = faults->Decide(operation, path, byte_count);
    if (error == 0) return IOStatus::OK();
    char text[128];
    const std::string reason = strerror_r(error, text, sizeof(text));
    if (error == ENOSPC) {
      IOStatus status = IOStatus::NoSpace(path, reason);
      status.SetRetryable(true);
      return status;
    }
    return IOStatus::IOError(path, reason);
  }
  IOStatus Decide(FileOperation operation, const std::string& path) const {
    size_t byte_count = 0;
    return Decide(operation, path, &byte_count);
  }
};

class WatchedWritableFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  WatchedWritableFile(std::unique_ptr<rocksdb::FSWritableFile> target, std::string path,
                      const Context& context)
      : FSWritableFileOwnerWrapper(std::move(target)),
        path_(std::move(path)),
        context_(context),
        is_diary_(IsDiary(path_)),
        kept_(KindOf(path_)),
        log_number_(LogNumber(path_)),
        is_positioned_(log_number_.has_value()) {
    if (kept_.has_value()) FSWritableFileWrapper::SetPreallocationBlockSize(kTrimUnitBytes);
  }
  ~WatchedWritableFile() override { EndKept(); }

  // Makes the file the one that writers reserve space in; false: the device has no room.
  bool Begin() {
    if (!kept_.has_value()) return true;
    const bool has_room = context_.watch->BeginFile(
        *kept_, this, path_, [this](uint64_t begin, uint64_t end) { return Take(begin, end); });
    if (has_room && *kept_ == Kept::kLog) {
      context_.watch->BeginLog(this, [this] { return Sync(IOOptions(), nullptr).ok(); });
    }
    return has_room;
  }

  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* debug) override {
    if (is_diary_) {
      // Nothing depends on it, and RocksDB does not survive an error here.
      target()->Append(data, options, debug).PermitUncheckedError();
      return IOStatus::OK();
    }
    // Behind an incomplete record, recovery would not find what is appended now.
    if (failed_ && IsLog(path_)) return IOStatus::NoSpace(path_, "an append has failed before");
    size_t byte_count = data.size();
    const IOStatus planned = context_.Decide(FileOperation::kWrite, path_, &byte_count);
    if (!planned.ok()) {
      // A short write: some bytes reach the file before the error.
      const Slice part(data.data(), byte_count < data.size() ? byte_count : 0);
      if (!part.empty()) Count(part, AppendHere(part, options, debug)).PermitUncheckedError();
      NoteFailed();
      return planned;
    }
    IOStatus status = AppendHere(data, options, debug);
    if (status.IsNoSpace() && context_.watch->ReleaseReserve()) {
      // What the failed call has left behind is written over.
      is_positioned_ = true;
      status = AppendHere(data, options, debug);
    }
    if (!status.ok()) NoteFailed();
    status = Count(data, std::move(status));
    if (status.ok() && log_number_.has_value() && data.size() < kLargeAppendBytes) FillAhead();
    return status;
  }
  IOStatus Append(const Slice& data, const IOOptions& options, const rocksdb::DataVerificationInfo&,
                  IODebugContext* debug) override {
    return Append(data, options, debug);
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* debug) override {
    return Synced([&] { return target()->Sync(options, debug); });
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    return Synced([&] { return target()->Fsync(options, debug); });
  }
  IOStatus Close(const IOOptions& options, IODebugContext* debug) override {
    EndKept();
    // Told of what was taken, the file gives back on closing what was not written.
    if (taken_end_ > written_bytes_) target()->PrepareWrite(0, taken_end_, options, debug);
    if (filled_end_ > written_bytes_) {
      target()->Truncate(written_bytes_, options, debug).PermitUncheckedError();
    }
    return target()->Close(options, debug);
  }
  // RocksDB's own allocation, which does not say when it fails.
  void SetPreallocationBlockSize(size_t byte_count) override {
    if (!kept_.has_value()) target()->SetPreallocationBlockSize(byte_count);
  }
  void PrepareWrite(size_t offset, size_t byte_count, const IOOptions& options,
                    IODebugContext* debug) override {
    if (!kept_.has_value()) target()->PrepareWrite(offset, byte_count, options, debug);
  }

 private:
  static constexpr size_t kTrimUnitBytes = 4096;
  // A log is filled with zeros this far ahead, unless it grows by large batches.
  static constexpr uint64_t kFillBytes = 1 << 20;
  static constexpr uint64_t kLargeAppendBytes = 256 << 10;

  AppendSpace::Taken Take(uint64_t begin, uint64_t end) {
    IOStatus status = context_.Decide(FileOperation::kAllocate, path_);
    if (status.ok()) status = target()->Allocate(begin, end - begin, IOOptions(), nullptr);
    if (status.IsNoSpace()) return AppendSpace::Taken::kDeviceFull;
    if (!status.ok()) return AppendSpace::Taken::kUnsupported;
    taken_end_ = end;
    return AppendSpace::Taken::kYes;
  }
  void EndKept() {
    if (!kept_.has_value()) return;
    context_.watch->EndFile(*kept_, this);
    if (*kept_ == Kept::kLog) context_.watch->EndLog(this);
  }
  IOStatus AppendHere(const Slice& data, const IOOptions& options, IODebugContext* debug) {
    return is_positioned_ ? target()->PositionedAppend(data, written_bytes_, options, debug)
                          : target()->Append(data, options, debug);
  }
  void NoteFailed() {
    failed_ = true;
    if (IsLog(path_)) context_.watch->NoteLogFailed(path_);
  }
  IOStatus Count(const Slice& data, IOStatus status) {
    if (status.ok()) written_bytes_ += data.size();
    if (status.ok() && kept_.has_value()) {
      context_.watch->NoteAppended(*kept_, this, data.size());
    }
    if (status.ok() && context_.durability != nullptr) {
      context_.durability->OnAppend(path_, data.size());
    }
    return status;
  }
  // Syncing what a file's size already covers costs much less than moving the size each time.
  void FillAhead() {
    if (written_bytes_ < filled_end_) return;
    static const std::string zeros(kFillBytes, '\0');
    const uint64_t end =
        std::min<uint64_t>((written_bytes_ / kFillBytes + 1) * kFillBytes, taken_end_.load());
    if (end <= written_bytes_) return;
    filled_end_ = end;
    // Nothing depends on it: after a failure the next appends move the size.
    if (!context_.Decide(FileOperation::kWrite, path_).ok()) return;
    const Slice fill(zeros.data(), end - written_bytes_);
    target()->PositionedAppend(fill, written_bytes_, IOOptions(), nullptr).PermitUncheckedError();
    if (context_.durability != nullptr) context_.durability->OnFill(path_, end);
  }
  // A log is appended to while it is synced: what comes after the beginning is not durable at the
  // end. One sync at a time: the kernel reports an error once, and whoever syncs beside or behind
  // the one that gets it must fail too.
  template <typename Call>
  IOStatus Synced(Call call) {
    std::lock_guard lock(sync_mutex_);
    if (context_.watch->sync_failed.load(std::memory_order_acquire)) {
      return IOStatus::IOError(path_, "a sync has failed before");
    }
    const uint64_t byte_count = written_bytes_;
    context_.watch->syncs.fetch_add(1, std::memory_order_relaxed);
    IOStatus status = context_.Decide(FileOperation::kSync, path_);
    if (status.ok()) status = call();
    if (!status.ok()) {
      context_.watch->sync_failed.store(true, std::memory_order_release);
      return status;
    }
    if (log_number_.has_value()) context_.watch->NoteLogSynced({*log_number_, byte_count});
    if (context_.durability != nullptr) context_.durability->OnSync(path_, byte_count);
    return status;
  }

  const std::string path_;
  const Context& context_;
  const bool is_diary_;
  const std::optional<Kept> kept_;
  const std::optional<uint64_t> log_number_;
  std::mutex sync_mutex_;
  std::atomic<uint64_t> written_bytes_{0};
  std::atomic<uint64_t> taken_end_{0};  // Changes until EndKept.
  uint64_t filled_end_ = 0;
  bool failed_ = false;
  // The file's own position is elsewhere: behind zeros, or behind a part of a failed write.
  bool is_positioned_;
};

class WatchedDirectory final : public rocksdb::FSDirectoryWrapper {
 public:
  WatchedDirectory(std::unique_ptr<rocksdb::FSDirectory>&& target, std::string path,
                   const Context& context)
      : FSDirectoryWrapper(std::move(target)), path_(std::move(path)), context_(context) {}
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    IOStatus status = context_.Decide(FileOperation::kSyncDirectory, path_);
    if (status.ok()) status = FSDirectoryWrapper::Fsync(options, debug);
    return Note(std::move(status));
  }
  IOStatus FsyncWithDirOptions(const IOOptions& options, IODebugContext* debug,
                               const rocksdb::DirFsyncOptions& directory_options) override {
    IOStatus status = context_.Decide(FileOperation::kSyncDirectory, path_);
    if (status.ok()) {
      status = FSDirectoryWrapper::FsyncWithDirOptions(options, debug, directory_options);
    }
    return Note(std::move(status));
  }

 private:
  IOStatus Note(IOStatus status) {
    if (!status.ok()) context_.watch->sync_failed.store(true, std::memory_order_release);
    return status;
  }
  const std::string path_;
  const Context& context_;
};

class WatchedRandomAccessFile final : public rocksdb::FSRandomAccessFileOwnerWrapper {
 public:
  WatchedRandomAccessFile(std::unique_ptr<rocksdb::FSRandomAccessFile>&& target, std::string path,
                          const Context& context)
      : FSRandomAccessFileOwnerWrapper(std::move(target)),
        path_(std::move(path)),
        context_(context) {}
  IOStatus Read(uint64_t offset, size_t byte_count, const IOOptions& options, Slice* result,
                char* scratch, IODebugContext* debug) const override {
    const IOStatus planned = context_.Decide(FileOperation::kRead, path_);
    if (!planned.ok()) return planned;
    return FSRandomAccessFileOwnerWrapper::Read(offset, byte_count, options, result, scratch,
                                                debug);
  }

 private:
  const std::string path_;
  const Context& context_;
};

class WatchedFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  WatchedFileSystem(const std::shared_ptr<rocksdb::FileSystem>& target, Context context)
      : FileSystemWrapper(target), context_(std::move(context)) {}
  const char* Name() const override { return "HeliosWatchedFileSystem"; }

  IOStatus NewWritableFile(const std::string& path, const FileOptions& options,
                           std::unique_ptr<rocksdb::FSWritableFile>* result,
                           IODebugContext* debug) override {
    if (IsLog(path) && !context_.watch->SyncLog()) {
      return IOStatus::IOError(path, "the log before it could not be synced");
    }
    IOStatus status = context_.Decide(FileOperation::kOpen, path);
    if (status.ok()) status = target()->NewWritableFile(path, options, result, debug);
    const std::optional<Kept> kept = KindOf(path);
    if (status.IsNoSpace() && kept.has_value()) return NoRoomForFile(path, *kept);
    if (!status.ok()) return status;
    auto file = std::make_unique<WatchedWritableFile>(std::move(*result), path, context_);
    if (!file->Begin()) {
      file.reset();
      target()->DeleteFile(path, IOOptions(), debug).PermitUncheckedError();
      return NoRoomForFile(path, *kept);
    }
    if (context_.durability != nullptr) context_.durability->OnCreate(path);
    *result = std::move(file);
    return status;
  }
  // The diary too is a file of this file system; the wrapped one would open it as its own.
  IOStatus NewLogger(const std::string& path, const IOOptions& options,
                     std::shared_ptr<rocksdb::Logger>* result, IODebugContext* debug) override {
    // NOLINTNEXTLINE(bugprone-parent-virtual-call): past the wrapper, on purpose.
    return FileSystem::NewLogger(path, options, result, debug);
  }
  IOStatus NewSequentialFile(const std::string& path, const FileOptions& options,
                             std::unique_ptr<rocksdb::FSSequentialFile>* result,
                             IODebugContext* debug) override {
    context_.watch->NoteRead(path);
    return target()->NewSequentialFile(path, options, result, debug);
  }
  IOStatus NewRandomAccessFile(const std::string& path, const FileOptions& options,
                               std::unique_ptr<rocksdb::FSRandomAccessFile>* result,
                               IODebugContext* debug) override {
    IOStatus status = context_.Decide(FileOperation::kOpen, path);
    if (status.ok()) status = target()->NewRandomAccessFile(path, options, result, debug);
    // In production there is nothing to decide: the plain file is the faster one.
    if (status.ok() && context_.faults != nullptr) {
      *result = std::make_unique<WatchedRandomAccessFile>(std::move(*result), path, context_);
    }
    return status;
  }
  IOStatus NewDirectory(const std::string& path, const IOOptions& options,
                        std::unique_ptr<rocksdb::FSDirectory>* result,
                        IODebugContext* debug) override {
    IOStatus status = target()->NewDirectory(path, options, result, debug);
    if (status.ok()) {
      *result = std::make_unique<WatchedDirectory>(std::move(*result), path, context_);
    }
    return status;
  }
  IOStatus DeleteFile(const std::string& path, const IOOptions& options,
                      IODebugContext* debug) override {
    IOStatus status = context_.Decide(FileOperation::kRemove, path);
    if (status.ok()) status = target()->DeleteFile(path, options, debug);
    if (status.ok() && context_.durability != nullptr) context_.durability->OnRemove(path);
    return status;
  }
  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions& options,
                      IODebugContext* debug) override {
    IOStatus status = context_.Decide(FileOperation::kRename, to);
    if (status.ok()) status = target()->RenameFile(from, to, options, debug);
    if (status.ok() && context_.durability != nullptr) context_.durability->OnRename(from, to);
    return status;
  }

 private:
  const Context context_;
};

}  // namespace

// Records of RocksDB itself: in a log the one that begins it; in the manifest those of flushes,
// which name a key range for each family.
FileSystemWatch::FileSystemWatch()
    : log_space_(/*slack_bytes=*/4 << 10, [this] { return ReleaseReserveLocked(); }),
      manifest_space_(/*slack_bytes=*/256 << 10, [this] { return ReleaseReserveLocked(); }) {}

Status FileSystemWatch::KeepReserve(const std::string& path, uint64_t byte_count) {
  std::lock_guard lock(mutex_);
  if (byte_count > 0) {
    HELIOS_TRY(sys::ReserveFile(path, byte_count));
    reserve_ = path;
  }
  reserve_used.store(false, std::memory_order_release);
  return Status::Ok();
}

bool FileSystemWatch::ReleaseReserve() {
  std::lock_guard lock(mutex_);
  return ReleaseReserveLocked();
}

bool FileSystemWatch::ReleaseReserveLocked() {
  reserve_used.store(true, std::memory_order_release);
  if (reserve_.empty()) return false;
  return sys::RemoveFile(std::exchange(reserve_, {})).ok();
}

bool FileSystemWatch::ReserveLog(uint64_t batch_bytes) {
  std::lock_guard lock(mutex_);
  return manifest_space_.Reserve(0) && log_space_.Reserve(LogRecordBytes(batch_bytes));
}

void FileSystemWatch::ReleaseLog(uint64_t batch_bytes) {
  std::lock_guard lock(mutex_);
  log_space_.Release(LogRecordBytes(batch_bytes));
}

bool FileSystemWatch::BeginFile(Kept kind, const void* file, const std::string& path,
                                AppendSpace::Allocate allocate) {
  std::lock_guard lock(mutex_);
  if (!SpaceOf(kind).Begin(file, std::move(allocate))) return false;
  if (kind == Kept::kLog) log_ = path;
  return true;
}

void FileSystemWatch::EndFile(Kept kind, const void* file) {
  std::lock_guard lock(mutex_);
  SpaceOf(kind).End(file);
}

void FileSystemWatch::NoteAppended(Kept kind, const void* file, uint64_t byte_count) {
  std::lock_guard lock(mutex_);
  SpaceOf(kind).Appended(file, byte_count);
}

void FileSystemWatch::BeginLog(const void* file, std::function<bool()> sync) {
  std::lock_guard lock(log_mutex_);
  log_file_ = file;
  sync_log_ = std::move(sync);
}

void FileSystemWatch::EndLog(const void* file) {
  std::lock_guard lock(log_mutex_);
  if (log_file_ == file) sync_log_ = nullptr;
}

bool FileSystemWatch::SyncLog() {
  std::lock_guard lock(log_mutex_);
  return sync_log_ == nullptr || sync_log_();
}

void FileSystemWatch::NoteLogSynced(LogMark mark) {
  std::lock_guard lock(mutex_);
  if (mark.log_number >= log_mark_.log_number) log_mark_ = mark;
}

LogMark FileSystemWatch::log_mark() const {
  std::lock_guard lock(mutex_);
  return log_mark_;
}

void FileSystemWatch::NoteLogFailed(const std::string& path) {
  std::lock_guard lock(mutex_);
  failed_log_ = path;
}

bool FileSystemWatch::LogIsBroken() const {
  std::lock_guard lock(mutex_);
  return !failed_log_.empty() && failed_log_ == log_;
}

void FileSystemWatch::NoteRead(const std::string& path) {
  std::lock_guard lock(mutex_);
  last_read_ = path;
}

std::string FileSystemWatch::last_read() const {
  std::lock_guard lock(mutex_);
  return last_read_;
}

std::shared_ptr<rocksdb::FileSystem> NewWatchedFileSystem(std::shared_ptr<FileSystemWatch> watch,
                                                          sys::FaultPlan* faults,
                                                          DurabilityTracker* durability) {
  return std::make_shared<WatchedFileSystem>(rocksdb::FileSystem::Default(),
                                             Context{std::move(watch), faults, durability});
}

}  // namespace helios::kv
