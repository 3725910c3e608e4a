#include "storage/data_directory.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "storage/internal/test_support.h"

namespace helios::storage {
namespace {

class DataDirectoryTest : public testing::Test {
 protected:
  std::string Path() const { return root_.path() + "/data"; }
  Status OpenStatus() {
    auto directory = DataDirectory::Open(Path());
    return directory.ok() ? Status::Ok() : directory.status();
  }
  sys::TemporaryDirectory root_;
};

TEST_F(DataDirectoryTest, FirstStartMakesIt) {
  {
    auto directory = DataDirectory::Open(Path());
    ASSERT_TRUE(directory.ok()) << directory.status().ToString();
    EXPECT_TRUE((*directory)->is_new());
  }
  auto again = DataDirectory::Open(Path());
  ASSERT_TRUE(again.ok());
  EXPECT_FALSE((*again)->is_new());
  const Status locked = OpenStatus();
  EXPECT_TRUE(locked.Is(ErrorCode::kLockFileExists));
  EXPECT_NE(locked.info().detail.find("process id"), std::string::npos);
}

TEST_F(DataDirectoryTest, FutureAndDamagedFormatsAreRefused) {
  ASSERT_TRUE(OpenStatus().ok());
  const std::string format = Path() + "/FORMAT";
  ASSERT_TRUE(sys::WriteFileAtomically(format, "heliosdb data directory\nformat 2\n").ok());
  const Status future = OpenStatus();
  EXPECT_TRUE(future.Is(ErrorCode::kConfigFileError));
  EXPECT_NE(future.info().message.find("newer server"), std::string::npos);
  for (const char* bytes :
       {"", "garbage", "heliosdb data directory\nformat x\n", "heliosdb data directory\nformat 1",
        "heliosdb data directory\nformat 0\n"}) {
    ASSERT_TRUE(sys::WriteFileAtomically(format, bytes).ok());
    const Status damaged = OpenStatus();
    EXPECT_TRUE(damaged.Is(ErrorCode::kDataCorrupted)) << bytes;
    EXPECT_NE(damaged.info().message.find(format), std::string::npos);
    EXPECT_FALSE(damaged.info().hint.empty());
  }
  ASSERT_TRUE(sys::WriteFileAtomically(format, std::string(5000, 'x')).ok());
  EXPECT_TRUE(OpenStatus().Is(ErrorCode::kDataCorrupted));
}

TEST_F(DataDirectoryTest, LostFilesAreNoticed) {
  ASSERT_TRUE(OpenStatus().ok());
  ASSERT_TRUE(sys::RemoveTree(Path() + "/kv").ok());
  const Status lost = OpenStatus();
  EXPECT_TRUE(lost.Is(ErrorCode::kDataCorrupted));
  EXPECT_NE(lost.info().message.find("/kv"), std::string::npos);
  ASSERT_TRUE(sys::CreateDirectory(Path() + "/kv").ok());
  ASSERT_TRUE(sys::WriteFileAtomically(Path() + "/kv/CURRENT", "x").ok());
  ASSERT_TRUE(sys::RemoveFile(Path() + "/FORMAT").ok());
  EXPECT_TRUE(OpenStatus().Is(ErrorCode::kDataCorrupted));
}

TEST_F(DataDirectoryTest, FaultsAreReportedAndLeaveAUsableDirectory) {
  for (int k = 1; k < 20; ++k) {
    sys::FailNth plan(~0u, k, ENOSPC, false);
    auto directory = DataDirectory::Open(Path() + std::to_string(k), &plan);
    EXPECT_EQ(directory.ok(), !plan.fired());
    EXPECT_TRUE(directory.ok() || directory.status().Is(ErrorCode::kDiskFull)) << k;
    if (!plan.fired()) break;
    EXPECT_TRUE(DataDirectory::Open(Path() + std::to_string(k)).ok());
  }
}

}  // namespace
}  // namespace helios::storage
