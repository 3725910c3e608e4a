#include "kv/internal/watched_file_system.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "sys/fault_plan.h"
#include "sys/testing/temporary_directory.h"

namespace helios::kv {
namespace {

// The kernel says once that pages were lost: a sync that comes after, of a log that is being
// rotated, for instance, would succeed and know of nothing.
TEST(WatchedFileSystemTest, NoSyncSucceedsBehindAFailedOne) {
  const sys::TemporaryDirectory directory;
  const auto watch = std::make_shared<FileSystemWatch>();
  sys::FailNth faults(sys::FaultBit(sys::FileOperation::kSync), 2, EIO, /*sticky=*/false);
  const auto files = NewWatchedFileSystem(watch, &faults, nullptr);
  std::unique_ptr<rocksdb::FSWritableFile> log;
  ASSERT_TRUE(files->NewWritableFile(directory.path() + "/000001.log", {}, &log, nullptr).ok());
  ASSERT_TRUE(log->Append("one", {}, nullptr).ok());
  EXPECT_TRUE(log->Sync({}, nullptr).ok());
  ASSERT_TRUE(log->Append("two", {}, nullptr).ok());
  EXPECT_FALSE(log->Sync({}, nullptr).ok());
  EXPECT_TRUE(faults.fired());
  EXPECT_FALSE(log->Sync({}, nullptr).ok());
  EXPECT_FALSE(watch->SyncLog());
  EXPECT_TRUE(log->Close({}, nullptr).ok());
}

}  // namespace
}  // namespace helios::kv
