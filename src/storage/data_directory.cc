#include "storage/data_directory.h"

#include <charconv>

namespace helios::storage {
namespace {

constexpr std::string_view kMagic = "heliosdb data directory\nformat ";
constexpr size_t kFormatFileBytesMax = 256;

Status Damaged(const std::string& file, std::string_view what) {
  return Error(ErrorCode::kDataCorrupted)
      .Message("file \"{}\" {}", file, what)
      .Hint("Restore the data directory from a backup, or use another directory.");
}

// Reads the format file: its version.
Result<int> ReadFormat(const std::string& file) {
  auto text = sys::ReadFile(file, kFormatFileBytesMax);
  if (!text.ok()) {
    if (text.status().Is(ErrorCode::kConfigurationLimitExceeded)) {
      return Damaged(file, "is not a format file of HeliosDB");
    }
    return text.status();
  }
  if (!text->starts_with(kMagic)) return Damaged(file, "is not a format file of HeliosDB");
  int version = 0;
  const char* const begin = text->data() + kMagic.size();
  const char* const end = text->data() + text->size();
  const auto [rest, error] = std::from_chars(begin, end, version);
  if (error != std::errc() || version < 1 || rest == end || *rest != '\n') {
    return Damaged(file, "has no valid format version");
  }
  return version;
}

}  // namespace

Result<std::unique_ptr<DataDirectory>> DataDirectory::Open(const std::string& path,
                                                           sys::FaultPlan* faults) {
  HELIOS_TRY(sys::CreateDirectory(path, faults));
  HELIOS_TRY(std::unique_ptr<sys::FileLock> lock, sys::FileLock::Acquire(path + "/LOCK"));
  const std::string format_file = path + "/FORMAT";
  const std::string kv_path = path + "/kv";
  const bool is_new = !sys::PathExists(format_file);
  if (is_new) {
    // The format file is written last: without it there is no data, or it was lost.
    if (sys::PathExists(kv_path + "/CURRENT")) return Damaged(format_file, "is missing");
    HELIOS_TRY(sys::CreateDirectory(kv_path, faults));
    HELIOS_TRY(sys::WriteFileAtomically(format_file,
                                        fmt::format("{}{}\n", kMagic, kDataFormatVersion), faults));
  } else {
    HELIOS_TRY(const int version, ReadFormat(format_file));
    if (version > kDataFormatVersion) {
      return Error(ErrorCode::kConfigFileError)
          .Message("data directory \"{}\" was written by a newer server", path)
          .Detail("Its format is {}; this server knows formats up to {}.", version,
                  kDataFormatVersion)
          .Hint("Start it with the newer server, or restore a backup that this one has written.");
    }
    if (!sys::PathExists(kv_path)) return Damaged(kv_path, "is missing");
  }
  return std::unique_ptr<DataDirectory>(new DataDirectory(path, std::move(lock), is_new));
}

}  // namespace helios::storage
