// TABLESAMPLE: which rows of a table belong to a sample.

#include <limits>

#include "base/hash.h"
#include "expr/internal/kernel.h"
#include "expr/internal_functions.h"
#include "sys/randomness.h"

namespace helios::expr {
namespace {

Status BadArgument(std::string_view message) {
  return Error(ErrorCode::kInvalidTablesampleArgument).Message("{}", message);
}

// (percent), or (percent, seed, row key): rows that a seed chooses are the same each time.
Status InSample(FunctionCall&, Arguments arguments, size_t row_count, Vector* out) {
  if (row_count == 0) return Status::Ok();
  if (arguments[0]->IsNull(0)) return BadArgument("TABLESAMPLE parameter cannot be null");
  const double percent = arguments[0]->At<double>(0);
  if (!(percent >= 0 && percent <= 100)) {
    return BadArgument("sample percentage must be between 0 and 100");
  }
  const bool repeatable = arguments.size() > 1;
  uint64_t seed = 0;
  if (!repeatable) {
    seed = sys::SecureRandom64();
  } else {
    if (arguments[1]->IsNull(0))
      return BadArgument("TABLESAMPLE REPEATABLE parameter cannot be null");
    const double given = arguments[1]->At<double>(0);
    std::memcpy(&seed, &given, sizeof(seed));
  }
  auto* result = out->Data<uint8_t>();
  for (size_t row = 0; row < row_count; ++row) {
    const uint64_t place = repeatable ? HashBytes(arguments[2]->View(row)) : HashInt(row);
    const double drawn = static_cast<double>(HashCombine(HashInt(seed), place) >> 11) * 0x1.0p-53;
    result[row] = drawn * 100 < percent ? 1 : 0;
  }
  return Status::Ok();
}

}  // namespace

const ScalarFunction* SampleFunction() {
  static const ScalarFunction* const function = [] {
    auto* made = new ScalarFunction();
    made->oid = kInvalidOid;
    made->name = "table_sample";
    made->result = type_oid::kBool;
    made->strict = false;
    made->volatility = Volatility::kVolatile;
    made->kernel = InSample;
    return made;
  }();
  return function;
}

}  // namespace helios::expr
