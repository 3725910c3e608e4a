// For tests and benchmarks.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/check.h"
#include "sys/files.h"

namespace helios::sys {

// A directory of its own, empty at first, which goes with the object and with all that is in it by
// then: close what is open there first. Lies where TMPDIR says, else in /tmp.
class TemporaryDirectory {
 public:
  TemporaryDirectory() : path_(std::filesystem::temp_directory_path() / "helios.XXXXXX") {
    HELIOS_CHECK(mkdtemp(path_.data()) != nullptr);
  }
  ~TemporaryDirectory() { HELIOS_CHECK(RemoveTree(path_).ok()); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace helios::sys
