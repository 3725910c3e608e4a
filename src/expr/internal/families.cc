#include "expr/internal/families.h"

#include <algorithm>

namespace helios::expr {

std::span<const std::span<const KernelEntry>> ScalarFamilies() {
  static const std::span<const KernelEntry> kFamilies[] = {
      ArithmeticKernels(),
      ComparisonKernels(), NumericKernels(), FloatMathKernels(), CastKernels(), StringKernels(), StringFormatKernels(),
      LikeKernels(), RegexpKernels(), DateTimeKernels(), DateTimeFieldKernels(),
  };
  return kFamilies;
}

std::span<const std::span<const TableKernelEntry>> TableFamilies() { return {}; }

std::span<const std::span<const AggregateEntry>> AggregateFamilies() {
  static const std::span<const AggregateEntry> kFamilies[] = {NumberAggregates(),
                                                              ValueAggregates()};
  return kFamilies;
}

}  // namespace helios::expr
