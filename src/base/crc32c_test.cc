#include "base/crc32c.h"

#include <gtest/gtest.h>

#include <numeric>
#include <string>

namespace helios {
namespace {

// The examples of RFC 3720, B.4, and the check value of the catalogue of CRCs.
TEST(Crc32cTest, ExamplesOfTheStandard) {
  std::string rising(32, '\0');
  std::iota(rising.begin(), rising.end(), 0);
  const std::string falling(rising.rbegin(), rising.rend());
  EXPECT_EQ(Crc32c(""), 0u);
  EXPECT_EQ(Crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(Crc32c(std::string(32, '\xff')), 0x62a8ab43u);
  EXPECT_EQ(Crc32c(rising), 0x46dd794eu);
  EXPECT_EQ(Crc32c(falling), 0x113fdb5cu);
}

}  // namespace
}  // namespace helios
