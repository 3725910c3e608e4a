#include "base/status.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>

namespace helios {
namespace {

Status Fail() { return Error(ErrorCode::kDivisionByZero).Message("division by {}", "zero"); }
Result<int> Value(bool good) {
  if (!good) return Fail();
  return 7;
}
Result<int> Twice(bool good) {
  HELIOS_TRY(Status::Ok());
  HELIOS_TRY(const int value, Value(good));
  return value * 2;
}

TEST(StatusTest, TryPassesValuesAndErrorsOn) {
  EXPECT_EQ(Twice(true).value(), 14);
  const Result<int> failed = Twice(false);
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.status().code(), ErrorCode::kDivisionByZero);
  EXPECT_EQ(failed.status().ToString(), "ERROR 22012: division by zero");
}

TEST(StatusTest, ErrorCarriesItsFields) {
  const Status status = Error(ErrorCode::kUniqueViolation)
                            .Message("duplicate key")
                            .Detail("Key (a)=({}) already exists.", 1)
                            .Constraint("t_pkey")
                            .Position(3);
  const Status copy = status;  // NOLINT(performance-unnecessary-copy-initialization): it is tested.
  EXPECT_EQ(copy.info().detail, "Key (a)=(1) already exists.");
  EXPECT_EQ(copy.info().constraint, "t_pkey");
  EXPECT_EQ(copy.info().position, 3);
}

TEST(StatusTest, ResultHoldsMoveOnlyValues) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(5);
  std::unique_ptr<int> value = std::move(result).value();
  EXPECT_EQ(*value, 5);
}

TEST(ErrorCodeTest, NumbersAreUniqueAndNamed) {
  std::set<int> numbers;
#define HELIOS_ERROR_CODE(name, number, sqlstate, retryable) \
  EXPECT_TRUE(numbers.insert(number).second) << #name;       \
  EXPECT_EQ(SqlState(ErrorCode::name), sqlstate);            \
  EXPECT_EQ("k" + std::string(ErrorCodeName(ErrorCode::name)), #name);
#include "base/error_codes.def"
#undef HELIOS_ERROR_CODE
  EXPECT_TRUE(IsRetryable(ErrorCode::kSerializationFailure));
  EXPECT_FALSE(IsRetryable(ErrorCode::kUniqueViolation));
}

}  // namespace
}  // namespace helios
