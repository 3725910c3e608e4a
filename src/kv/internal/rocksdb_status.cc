#include "kv/internal/rocksdb_status.h"

namespace helios::kv {

Status DiskFullError(const std::string& directory) {
  return Error(ErrorCode::kDiskFull)
      .Message("could not write to data directory \"{}\": No space left on device", directory)
      .Hint("Free some space on the device; writing goes on by itself. Reading works meanwhile.");
}

bool IsDiskFull(const rocksdb::Status& status) {
  return status.IsNoSpace() || status.subcode() == rocksdb::Status::kSpaceLimit;
}

Status DamagedFileError(const std::string& what) {
  return Error(ErrorCode::kDataCorrupted)
      .Message("{}", what)
      .Hint(
          "Check the disk, then restore the directory from a backup. Do not remove single files.");
}

Status FromRocksDb(const rocksdb::Status& status, const std::string& directory) {
  const std::string cause = status.ToString();
  if (IsDiskFull(status)) return DiskFullError(directory);
  if (status.IsCorruption()) {
    return DamagedFileError(
        fmt::format("damaged file in data directory \"{}\": {}", directory, cause));
  }
  if (status.IsIOError()) {
    return Error(ErrorCode::kIoError)
        .Message("input/output error in data directory \"{}\": {}", directory, cause)
        .Hint("Check the disk and the permissions of the directory.");
  }
  if (status.IsInvalidArgument() || status.IsNotSupported()) {
    return Error(ErrorCode::kDataCorrupted)
        .Message("data directory \"{}\" cannot be opened: {}", directory, cause)
        .Hint("It was written by another version or is damaged.");
  }
  if (status.IsShutdownInProgress() || status.IsAborted()) {
    return Error(ErrorCode::kAdminShutdown).Message("the storage node is shutting down");
  }
  return Error(ErrorCode::kStorageUnavailable)
      .Message("storage in directory \"{}\" failed: {}", directory, cause);
}

}  // namespace helios::kv
