#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace helios::sys {

// Files of configuration and secrets: small, read and written whole.

// 58P01 when missing, 58030 for what else goes wrong, 54000 when larger than `bytes_max`.
Result<std::string> ReadSmallFile(const std::string& path, size_t bytes_max = 1 << 20);
// Replaces the file in one step that a crash cannot halve; its permissions are `mode` from the start.
Status WriteSmallFile(const std::string& path, std::string_view bytes, uint32_t mode);
bool FileExists(const std::string& path);
// A missing file is no error.
Status RemoveSmallFile(const std::string& path);
// Makes the directory, and its parents, where missing.
Status MakeDirectories(const std::string& path, uint32_t mode);
// 42501 when anybody but the owner (and root) may read the file.
Status CheckFileIsPrivate(const std::string& path);
std::string HostName();

}  // namespace helios::sys
