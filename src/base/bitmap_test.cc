#include "base/bitmap.h"

#include <gtest/gtest.h>

namespace helios {
namespace {

// One that CRoaring keeps as a list, as bits and as runs, over several containers of 2^16.
CompressedBitmap MixedSet() {
  CompressedBitmap set;
  for (uint32_t at = 0; at < 65'536; at += 2) set.Add(at);
  for (const uint32_t at : {65'536u, 65'600u, 131'071u}) set.Add(at);
  set.AddRange(200'000, 262'144);
  set.AddRange(262'150, 262'151);
  set.Compress();
  return set;
}

TEST(CompressedBitmapTest, BitsAndListsAreThoseOfTheSet) {
  const CompressedBitmap set = MixedSet();
  for (const uint32_t end :
       {1u, 63u, 64u, 65u, 65'536u, 131'071u, 131'072u, 200'001u, 262'144u, 262'200u, 400'000u}) {
    SCOPED_TRACE(end);
    std::vector<uint64_t> expected((end + 63) / 64);
    std::vector<uint32_t> list;
    // Words reach to the end of the last one.
    for (uint32_t at = 0; at < (end + 63) / 64 * 64; ++at) {
      if (!set.Contains(at)) continue;
      expected[at / 64] |= uint64_t{1} << (at % 64);
      if (at < end) list.push_back(at);
    }
    std::vector<uint64_t> words(expected.size());
    set.SetBits(words);
    EXPECT_EQ(words, expected);
    std::vector<uint32_t> listed{7};
    set.ListBelow(end, &listed);
    list.insert(list.begin(), 7);
    EXPECT_EQ(listed, list);
  }
}

TEST(CompressedBitmapTest, AnIntersectionHasWhatBothHave) {
  const CompressedBitmap set = MixedSet();
  const std::vector<uint32_t> ordinals{1, 2, 65'600, 65'601, 250'000, 4'000'000'000};
  const CompressedBitmap some(ordinals);
  EXPECT_EQ(some.size(), ordinals.size());
  const CompressedBitmap both = set.Intersect(some);
  std::vector<uint32_t> listed;
  both.ListBelow(UINT32_MAX, &listed);
  EXPECT_EQ(listed, (std::vector<uint32_t>{2, 65'600, 250'000}));
  EXPECT_EQ(set.Intersect(CompressedBitmap()).size(), 0u);
}

}  // namespace
}  // namespace helios
