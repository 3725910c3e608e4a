#include "hidb/read_set.h"

#include <gtest/gtest.h>

namespace helios::hidb {
namespace {

TEST(ReadSetTest, CoversKeysAndRanges) {
  ReadSet reads;
  EXPECT_TRUE(reads.empty());
  reads.AddKey(1, "k");
  reads.AddRange(2, {"b", "d"});
  reads.AddRange(2, {"x", ""});
  EXPECT_FALSE(reads.empty());
  EXPECT_TRUE(reads.Covers(1, "k"));
  EXPECT_FALSE(reads.Covers(1, "kk"));
  EXPECT_FALSE(reads.Covers(1, "b"));
  EXPECT_TRUE(reads.Covers(2, "b"));
  EXPECT_TRUE(reads.Covers(2, "cccc"));
  EXPECT_FALSE(reads.Covers(2, "d"));
  EXPECT_TRUE(reads.Covers(2, "zzz"));
  EXPECT_FALSE(reads.Covers(3, "b"));
}

TEST(ReadSetTest, TooManyEntriesAreTheWholeSpace) {
  ReadSet reads;
  for (int key = 0; key < 4096; ++key) reads.AddKey(1, "k" + std::to_string(key));
  EXPECT_FALSE(reads.Covers(1, "other"));
  reads.AddKey(1, "one more");
  EXPECT_TRUE(reads.Covers(1, "other"));
  EXPECT_FALSE(reads.Covers(2, "other"));
  reads.AddRange(2, {});
  EXPECT_TRUE(reads.Covers(2, "other"));
}

}  // namespace
}  // namespace helios::hidb
