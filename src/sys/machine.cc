#include "sys/machine.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "sys/files.h"

namespace helios::sys {

std::string HostName() {
  char name[256] = {};
  if (gethostname(name, sizeof(name) - 1) != 0 || name[0] == '\0') return "localhost";
  return name;
}

int64_t ProcessId() { return getpid(); }

Status MakeDirectories(const std::string& path) {
  for (size_t slash = path.find('/', 1); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    const std::string parent = path.substr(0, slash);
    if (mkdir(parent.c_str(), 0700) != 0 && errno != EEXIST) {
      return FileError("create directory", parent, errno);
    }
  }
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    return FileError("create directory", path, errno);
  }
  struct stat info;
  if (stat(path.c_str(), &info) != 0) return FileError("open directory", path, errno);
  if (!S_ISDIR(info.st_mode)) return FileError("open directory", path, ENOTDIR);
  if (access(path.c_str(), R_OK | W_OK | X_OK) != 0) {
    return FileError("open directory", path, errno);
  }
  return Status::Ok();
}

std::string AbsolutePath(const std::string& path) {
  if (path.starts_with('/')) return path;
  char* const current = getcwd(nullptr, 0);
  if (current == nullptr) return path;
  std::string absolute = std::string(current) + "/" + path;
  std::free(current);
  return absolute;
}

Status CheckFileIsPrivate(const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0) return FileError("open file", path, errno);
  // As PostgreSQL: a key that root keeps may be readable by a group.
  const mode_t others = info.st_uid == 0 ? (S_IWGRP | S_IXGRP | S_IRWXO) : (S_IRWXG | S_IRWXO);
  if ((info.st_mode & others) != 0) {
    return Error(ErrorCode::kInsufficientPrivilege)
        .Message("file \"{}\" has group or world access", path)
        .Hint("Run chmod 600 on it.");
  }
  return Status::Ok();
}

uint64_t RaiseDescriptorLimit() {
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  const rlim_t before = limit.rlim_cur;
  limit.rlim_cur = limit.rlim_max;
  return setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_max : before;
}

namespace {

sigset_t StopSignalSet() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

}  // namespace

void StopSignals::Block() {
  const sigset_t set = StopSignalSet();
  HELIOS_CHECK(pthread_sigmask(SIG_BLOCK, &set, nullptr) == 0);
  std::signal(SIGPIPE, SIG_IGN);
}

int StopSignals::Wait() {
  const sigset_t set = StopSignalSet();
  int number = 0;
  HELIOS_CHECK(sigwait(&set, &number) == 0);
  return number;
}

void StopSignals::ExitNow(int code) { std::_Exit(code); }

}  // namespace helios::sys
