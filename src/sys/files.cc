#include "sys/files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace helios::sys {
namespace {

int Faulted(FaultPlan* faults, FileOperation operation, std::string_view path) {
  size_t byte_count = 0;
  return faults == nullptr ? 0 : faults->Decide(operation, path, &byte_count);
}

// Writes all bytes at `offset`. Returns 0 or an errno.
int WriteAll(int descriptor, std::string_view bytes, uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t written = pwrite(descriptor, bytes.data(), bytes.size(), offset);
    if (written < 0) {
      if (errno == EINTR) continue;
      return errno;
    }
    // POSIX allows a write of nothing; a full device is the only way that a file does it.
    if (written == 0) return ENOSPC;
    bytes.remove_prefix(written);
    offset += written;
  }
  return 0;
}

std::string ParentOf(const std::string& path) {
  size_t end = path.size();
  while (end > 1 && path[end - 1] == '/') --end;
  const size_t slash = path.rfind('/', end - 1);
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

Status FileError(std::string_view action, std::string_view path, int error) {
  ErrorCode code = ErrorCode::kIoError;
  if (error == ENOSPC || error == EDQUOT) code = ErrorCode::kDiskFull;
  if (error == ENOENT) code = ErrorCode::kUndefinedFile;
  if (error == EACCES || error == EPERM) code = ErrorCode::kInsufficientPrivilege;
  char text[128];
  const char* reason = strerror_r(error, text, sizeof(text));
  return Error(code).Message("could not {} \"{}\": {}", action, path, reason);
}

bool PathExists(const std::string& path) {
  struct stat status;
  return stat(path.c_str(), &status) == 0;
}

Result<bool> IsDirectory(const std::string& path) {
  struct stat status;
  if (stat(path.c_str(), &status) != 0) return FileError("stat", path, errno);
  return S_ISDIR(status.st_mode);
}

Status CreateDirectory(const std::string& path, FaultPlan* faults) {
  if (int error = Faulted(faults, FileOperation::kCreateDirectory, path); error != 0) {
    return FileError("create directory", path, error);
  }
  if (mkdir(path.c_str(), 0700) != 0) {
    const int error = errno;
    if (error != EEXIST) return FileError("create directory", path, error);
    HELIOS_TRY(bool is_directory, IsDirectory(path));
    if (!is_directory) return FileError("create directory", path, ENOTDIR);
    return Status::Ok();
  }
  if (chmod(path.c_str(), 0700) != 0) return FileError("set permissions of", path, errno);
  return SyncDirectory(ParentOf(path), faults);
}

Status SyncDirectory(const std::string& path, FaultPlan* faults) {
  if (int error = Faulted(faults, FileOperation::kSyncDirectory, path); error != 0) {
    return FileError("fsync directory", path, error);
  }
  const int descriptor = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return FileError("open directory", path, errno);
  const int failed = fsync(descriptor);
  const int error = errno;
  close(descriptor);
  if (failed != 0) return FileError("fsync directory", path, error);
  return Status::Ok();
}

Status RemoveFile(const std::string& path, FaultPlan* faults) {
  if (int error = Faulted(faults, FileOperation::kRemove, path); error != 0) {
    return FileError("remove file", path, error);
  }
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return FileError("remove file", path, errno);
  return Status::Ok();
}

Result<std::string> ReadFile(const std::string& path, size_t size_max) {
  HELIOS_TRY(auto file, File::OpenForRead(path));
  if (file->size() > size_max) {
    return Error(ErrorCode::kConfigurationLimitExceeded)
        .Message("file \"{}\" has {} bytes, more than the {} that are allowed", path, file->size(),
                 size_max);
  }
  std::string bytes(file->size(), '\0');
  HELIOS_TRY(file->ReadAt(0, bytes.size(), bytes.data()));
  return bytes;
}

Status WriteFileAtomically(const std::string& path, std::string_view bytes, FaultPlan* faults) {
  const std::string temporary = path + ".tmp";
  {
    HELIOS_TRY(auto file, File::Create(temporary, faults));
    HELIOS_TRY(file->Append(bytes));
    HELIOS_TRY(file->Sync());
  }
  if (int error = Faulted(faults, FileOperation::kRename, path); error != 0) {
    return FileError("rename file to", path, error);
  }
  if (rename(temporary.c_str(), path.c_str()) != 0) {
    return FileError("rename file to", path, errno);
  }
  return SyncDirectory(ParentOf(path), faults);
}

Status ReserveFile(const std::string& path, uint64_t byte_count) {
  const int descriptor = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return FileError("open file", path, errno);
  struct stat status;
  int error = fstat(descriptor, &status) == 0 ? 0 : errno;
  if (error == 0 && static_cast<uint64_t>(status.st_size) != byte_count) {
    error = posix_fallocate(descriptor, 0, static_cast<off_t>(byte_count));
  }
  close(descriptor);
  if (error == 0) return Status::Ok();
  unlink(path.c_str());
  return FileError("write to file", path, error);
}

Result<uint64_t> FreeDiskBytes(const std::string& path) {
  struct statvfs status;
  if (statvfs(path.c_str(), &status) != 0) return FileError("stat file system of", path, errno);
  return uint64_t{status.f_bavail} * status.f_frsize;
}

Result<std::unique_ptr<File>> File::Open(const std::string& path, int flags, FaultPlan* faults) {
  if (int error = Faulted(faults, FileOperation::kOpen, path); error != 0) {
    return FileError("open file", path, error);
  }
  const int descriptor = open(path.c_str(), flags | O_CLOEXEC, 0600);
  if (descriptor < 0) return FileError("open file", path, errno);
  struct stat status;
  if (fstat(descriptor, &status) != 0) {
    const int error = errno;
    close(descriptor);
    return FileError("stat file", path, error);
  }
  return std::unique_ptr<File>(new File(descriptor, path, status.st_size, faults));
}

Result<std::unique_ptr<File>> File::Create(const std::string& path, FaultPlan* faults) {
  HELIOS_TRY(auto file, Open(path, O_RDWR | O_CREAT | O_TRUNC, faults));
  if (fchmod(file->descriptor_, 0600) != 0) return FileError("set permissions of", path, errno);
  return file;
}

Result<std::unique_ptr<File>> File::OpenForRead(const std::string& path, FaultPlan* faults) {
  return Open(path, O_RDONLY, faults);
}

Result<std::unique_ptr<File>> File::CreateTemporary(const std::string& directory,
                                                    FaultPlan* faults) {
  if (int error = Faulted(faults, FileOperation::kOpen, directory); error != 0) {
    return FileError("create temporary file in", directory, error);
  }
  std::string path = directory + "/tmp.XXXXXX";
  const int descriptor = mkostemp(path.data(), O_CLOEXEC);
  if (descriptor < 0) return FileError("create temporary file in", directory, errno);
  unlink(path.c_str());
  return std::unique_ptr<File>(new File(descriptor, std::move(path), 0, faults));
}

File::~File() { close(descriptor_); }

Status File::Append(std::string_view bytes) {
  size_t byte_count = bytes.size();
  const int planned =
      faults_ == nullptr ? 0 : faults_->Decide(FileOperation::kWrite, path_, &byte_count);
  int error = WriteAll(descriptor_, bytes.substr(0, byte_count), size_);
  if (error == 0) error = planned;
  if (error != 0) return FileError("write to file", path_, error);
  size_ += bytes.size();
  return Status::Ok();
}

Status File::ReadAt(uint64_t offset, size_t byte_count, char* to) const {
  if (int error = Faulted(faults_, FileOperation::kRead, path_); error != 0) {
    return FileError("read file", path_, error);
  }
  while (byte_count > 0) {
    const ssize_t got = pread(descriptor_, to, byte_count, offset);
    if (got < 0) {
      if (errno == EINTR) continue;
      return FileError("read file", path_, errno);
    }
    if (got == 0) {
      return Error(ErrorCode::kDataCorrupted)
          .Message("file \"{}\" ends at offset {}, {} bytes too early", path_, offset, byte_count);
    }
    offset += got;
    to += got;
    byte_count -= got;
  }
  return Status::Ok();
}

Status File::Sync() {
  int error = Faulted(faults_, FileOperation::kSync, path_);
  if (error == 0 && fdatasync(descriptor_) != 0) error = errno;
  if (error != 0) return FileError("fsync file", path_, error);
  return Status::Ok();
}

Result<std::unique_ptr<FileLock>> FileLock::Acquire(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return FileError("create lock file", path, errno);
  std::unique_ptr<FileLock> lock(new FileLock(descriptor));
  if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return FileError("lock file", path, errno);
    char holder[32] = {};
    const ssize_t got = pread(descriptor, holder, sizeof(holder) - 1, 0);
    const long pid = got > 0 ? std::strtol(holder, nullptr, 10) : 0;
    return Error(ErrorCode::kLockFileExists)
        .Message("lock file \"{}\" is held by another process", path)
        .Detail("Its process id is {}.", pid)
        .Hint("Stop it first, or use another directory.");
  }
  const std::string pid = fmt::format("{}\n", getpid());
  if (ftruncate(descriptor, 0) != 0) return FileError("write lock file", path, errno);
  if (int error = WriteAll(descriptor, pid, 0); error != 0) {
    return FileError("write lock file", path, error);
  }
  return lock;
}

// The file stays: removing it would let a third process lock a name that a second one waits for.
FileLock::~FileLock() { close(descriptor_); }

}  // namespace helios::sys
