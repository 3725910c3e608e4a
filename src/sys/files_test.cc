#include "sys/files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "sys/testing/temporary_directory.h"

namespace helios::sys {
namespace {

class FileTest : public testing::Test {
 protected:
  const TemporaryDirectory directory_;
  const std::string& root_ = directory_.path();
};

TEST_F(FileTest, WritesAndReadsBack) {
  auto file = File::Create(root_ + "/a");
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE((*file)->Append("hello ").ok());
  ASSERT_TRUE((*file)->Append("world").ok());
  ASSERT_TRUE((*file)->Sync().ok());
  char bytes[5];
  ASSERT_TRUE((*file)->ReadAt(6, 5, bytes).ok());
  EXPECT_EQ(std::string_view(bytes, 5), "world");
  EXPECT_TRUE((*file)->ReadAt(8, 5, bytes).Is(ErrorCode::kDataCorrupted));
  EXPECT_EQ(ReadFile(root_ + "/a").value(), "hello world");
  EXPECT_TRUE(ReadFile(root_ + "/a", 4).status().Is(ErrorCode::kConfigurationLimitExceeded));
}

TEST_F(FileTest, MissingFileNamesThePath) {
  const Status status = ReadFile(root_ + "/none").status();
  ASSERT_TRUE(status.Is(ErrorCode::kUndefinedFile));
  EXPECT_NE(status.info().message.find(root_ + "/none"), std::string::npos);
}

TEST_F(FileTest, ModesArePrivate) {
  ASSERT_TRUE(CreateDirectory(root_ + "/d").ok());
  ASSERT_TRUE(CreateDirectory(root_ + "/d").ok());
  ASSERT_TRUE(WriteFileAtomically(root_ + "/d/f", "x").ok());
  struct stat status;
  ASSERT_EQ(stat((root_ + "/d").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700u);
  ASSERT_EQ(stat((root_ + "/d/f").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  EXPECT_EQ(ListDirectory(root_ + "/d").value(), std::vector<std::string>{"f"});
  EXPECT_TRUE(CreateDirectory(root_ + "/d/f").Is(ErrorCode::kIoError));
}

TEST_F(FileTest, SecondLockNamesTheHolder) {
  auto first = FileLock::Acquire(root_ + "/lock");
  ASSERT_TRUE(first.ok());
  auto second = FileLock::Acquire(root_ + "/lock");
  ASSERT_TRUE(second.status().Is(ErrorCode::kLockFileExists));
  EXPECT_NE(second.status().info().detail.find(std::to_string(getpid())), std::string::npos);
  first.value().reset();
  EXPECT_TRUE(FileLock::Acquire(root_ + "/lock").ok());
}

TEST_F(FileTest, EveryFaultLeavesTheOldFile) {
  ASSERT_TRUE(WriteFileAtomically(root_ + "/f", "old").ok());
  for (int k = 1;; ++k) {
    FailNth plan(~0u, k, ENOSPC, false);
    const Status status = WriteFileAtomically(root_ + "/f", "new", &plan);
    if (!plan.fired()) {
      EXPECT_TRUE(status.ok());
      break;
    }
    EXPECT_TRUE(status.Is(ErrorCode::kDiskFull)) << k;
    const std::string now = ReadFile(root_ + "/f").value();
    EXPECT_TRUE(now == "old" || now == "new") << k;
    ASSERT_LT(k, 10);
  }
  EXPECT_EQ(ReadFile(root_ + "/f").value(), "new");
}

TEST_F(FileTest, TemporaryFileHasNoName) {
  auto file = File::CreateTemporary(root_);
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE((*file)->Append("spill").ok());
  EXPECT_TRUE(ListDirectory(root_).value().empty());
  EXPECT_GT(FreeDiskBytes(root_).value(), 0u);
}

}  // namespace
}  // namespace helios::sys
