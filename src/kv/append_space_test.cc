#include "kv/internal/append_space.h"

#include <gtest/gtest.h>

#include <utility>

namespace helios::kv {
namespace {

constexpr uint64_t kChunk = AppendSpace::kChunkBytes;
constexpr uint64_t kSlack = 100;

// A device with so many free bytes, and a reserve that may be given up.
class AppendSpaceTest : public testing::Test {
 protected:
  AppendSpace::Allocate Take() {
    return [this](uint64_t begin, uint64_t end) {
      if (!is_supported_) return AppendSpace::Taken::kUnsupported;
      if (end - begin > free_) return AppendSpace::Taken::kDeviceFull;
      free_ -= end - begin;
      taken_ += end - begin;
      return AppendSpace::Taken::kYes;
    };
  }
  bool is_supported_ = true;
  uint64_t free_ = 10 * kChunk;
  uint64_t reserve_ = 0;
  uint64_t taken_ = 0;
  AppendSpace space_{kSlack, [this] {
                       free_ += std::exchange(reserve_, 0);
                       return true;
                     }};
};

TEST_F(AppendSpaceTest, TakesChunksAheadOfReservations) {
  EXPECT_TRUE(space_.Reserve(1)) << "there is no file yet";
  space_.Release(1);
  ASSERT_TRUE(space_.Begin(this, Take()));
  EXPECT_EQ(taken_, kChunk);
  ASSERT_TRUE(space_.Reserve(kChunk - kSlack));
  EXPECT_EQ(taken_, kChunk);
  ASSERT_TRUE(space_.Reserve(1));
  EXPECT_EQ(taken_, 2 * kChunk);
  space_.Appended(this, kChunk - kSlack);
  space_.Release(kChunk - kSlack);
  space_.Release(1);
  ASSERT_TRUE(space_.Reserve(kChunk));
  EXPECT_EQ(taken_, 2 * kChunk);
}

TEST_F(AppendSpaceTest, TakesOnlyWhatIsNeededFromADeviceThatIsNearlyFull) {
  free_ = 8192;
  ASSERT_TRUE(space_.Begin(this, Take()));
  EXPECT_EQ(taken_, 4096u);
  ASSERT_TRUE(space_.Reserve(4000));
  EXPECT_EQ(taken_, 8192u);
  EXPECT_FALSE(space_.Reserve(4096));
  reserve_ = 4096;
  EXPECT_TRUE(space_.Reserve(4096));
  EXPECT_EQ(reserve_, 0u);
  EXPECT_EQ(taken_, 3 * 4096u);
}

TEST_F(AppendSpaceTest, ANewFileHasRoomForWhatIsReserved) {
  ASSERT_TRUE(space_.Begin(this, Take()));
  ASSERT_TRUE(space_.Reserve(2 * kChunk));
  const uint64_t before = std::exchange(free_, kChunk);
  const int other = 0;
  EXPECT_FALSE(space_.Begin(&other, Take())) << "the old one stays";
  EXPECT_TRUE(space_.Reserve(1));
  space_.Release(1);
  free_ = before;
  taken_ = 0;
  ASSERT_TRUE(space_.Begin(&other, Take()));
  EXPECT_EQ(taken_, 3 * kChunk);
  space_.Appended(this, kChunk);
  space_.End(this);
  EXPECT_TRUE(space_.Reserve(kChunk - kSlack));
  EXPECT_EQ(taken_, 3 * kChunk);
}

TEST_F(AppendSpaceTest, WithoutSupportEveryReservationSucceeds) {
  is_supported_ = false;
  free_ = 0;
  ASSERT_TRUE(space_.Begin(this, Take()));
  EXPECT_TRUE(space_.Reserve(10 * kChunk));
  EXPECT_EQ(taken_, 0u);
}

}  // namespace
}  // namespace helios::kv
