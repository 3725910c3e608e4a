#include "sys/small_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "sys/net.h"

namespace helios::sys {
namespace {

Status FileError(std::string_view what, const std::string& path, int error) {
  return Error(error == ENOENT ? ErrorCode::kUndefinedFile : ErrorCode::kIoError)
      .Message("could not {} \"{}\": {}", what, path, std::strerror(error));
}

std::string ParentOf(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Status WriteAll(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return FileError("write", path, errno);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  if (fsync(fd) != 0) return FileError("sync", path, errno);
  return Status::Ok();
}

}  // namespace

Result<std::string> ReadSmallFile(const std::string& path, size_t bytes_max) {
  const FileDescriptor fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return FileError("open", path, errno);
  std::string bytes;
  char piece[4096];
  while (true) {
    const ssize_t got = read(fd.get(), piece, sizeof(piece));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FileError("read", path, errno);
    if (got == 0) return bytes;
    bytes.append(piece, static_cast<size_t>(got));
    if (bytes.size() > bytes_max) {
      return Error(ErrorCode::kProgramLimitExceeded)
          .Message("file \"{}\" is larger than {} bytes", path, bytes_max);
    }
  }
}

Status WriteSmallFile(const std::string& path, std::string_view bytes, uint32_t mode) {
  const std::string draft = fmt::format("{}.{}.tmp", path, getpid());
  unlink(draft.c_str());
  {
    const FileDescriptor fd(open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
    if (!fd.valid()) return FileError("create", draft, errno);
    // The umask may have taken bits that were asked for.
    if (fchmod(fd.get(), mode) != 0) return FileError("set permissions of", draft, errno);
    Status written = WriteAll(fd.get(), bytes, draft);
    if (!written.ok()) {
      unlink(draft.c_str());
      return written;
    }
  }
  if (rename(draft.c_str(), path.c_str()) != 0) {
    const int error = errno;
    unlink(draft.c_str());
    return FileError("rename to", path, error);
  }
  const std::string parent = ParentOf(path);
  const FileDescriptor directory(open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.valid()) return FileError("open directory", parent, errno);
  if (fsync(directory.get()) != 0 && errno != EINVAL) return FileError("sync", parent, errno);
  return Status::Ok();
}

bool FileExists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

Status RemoveSmallFile(const std::string& path) {
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return FileError("remove", path, errno);
  return Status::Ok();
}

Status MakeDirectories(const std::string& path, uint32_t mode) {
  for (size_t slash = path.find('/', 1); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    const std::string parent = path.substr(0, slash);
    if (mkdir(parent.c_str(), mode) != 0 && errno != EEXIST) {
      return FileError("create directory", parent, errno);
    }
  }
  if (mkdir(path.c_str(), mode) != 0 && errno != EEXIST) {
    return FileError("create directory", path, errno);
  }
  struct stat info;
  if (stat(path.c_str(), &info) != 0) return FileError("inspect", path, errno);
  if (!S_ISDIR(info.st_mode)) return FileError("open directory", path, ENOTDIR);
  return Status::Ok();
}

Status CheckFileIsPrivate(const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0) return FileError("inspect", path, errno);
  // As PostgreSQL: a key that root keeps may be readable by a group.
  const mode_t others = info.st_uid == 0 ? (S_IWGRP | S_IXGRP | S_IRWXO) : (S_IRWXG | S_IRWXO);
  if ((info.st_mode & others) != 0) {
    return Error(ErrorCode::kInsufficientPrivilege)
        .Message("file \"{}\" has group or world access", path)
        .Hint("Run chmod 600 on it.");
  }
  return Status::Ok();
}

std::string HostName() {
  char name[256] = {};
  if (gethostname(name, sizeof(name) - 1) != 0 || name[0] == '\0') return "localhost";
  return name;
}

}  // namespace helios::sys
