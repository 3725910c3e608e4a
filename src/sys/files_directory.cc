#include <dirent.h>
#include <ftw.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "sys/files.h"

namespace helios::sys {
namespace {

int RemoveEntry(const char* path, const struct stat*, int, struct FTW*) { return remove(path); }

}  // namespace

Result<std::vector<std::string>> ListDirectory(const std::string& path) {
  DIR* directory = opendir(path.c_str());
  if (directory == nullptr) return FileError("open directory", path, errno);
  std::vector<std::string> names;
  while (const dirent* entry = readdir(directory)) {
    if (std::strcmp(entry->d_name, ".") == 0 || std::strcmp(entry->d_name, "..") == 0) continue;
    names.emplace_back(entry->d_name);
  }
  closedir(directory);
  std::sort(names.begin(), names.end());
  return names;
}

Status RemoveTree(const std::string& path) {
  constexpr int kOpenDirectoriesMax = 32;
  if (nftw(path.c_str(), RemoveEntry, kOpenDirectoriesMax, FTW_DEPTH | FTW_PHYS) != 0 &&
      errno != ENOENT) {
    return FileError("remove directory", path, errno);
  }
  return Status::Ok();
}

}  // namespace helios::sys
