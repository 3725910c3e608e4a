#include "expr/internal/families.h"

#include <algorithm>

namespace helios::expr {

std::span<const std::span<const KernelEntry>> ScalarFamilies() {
  static const std::span<const KernelEntry> kFamilies[] = {
      ArithmeticKernels(),
      ComparisonKernels(), NumericKernels(), FloatMathKernels(), CastKernels(), StringKernels(), StringFormatKernels(),
      LikeKernels(), RegexpKernels(), DateTimeKernels(), ArrayKernels(), MiscKernels(), ByteaKernels(), JsonKernels(),
      JsonBuildKernels(), DateTimeFieldKernels(),
  };
  return kFamilies;
}

std::span<const std::span<const TableKernelEntry>> TableFamilies() {
  static const std::span<const TableKernelEntry> kFamilies[] = {
      SeriesFunctions(), TextRowFunctions(), JsonRowFunctions()};
  return kFamilies;
}

std::span<const std::span<const AggregateEntry>> AggregateFamilies() {
  static const std::span<const AggregateEntry> kFamilies[] = {NumberAggregates(),
                                                              ValueAggregates(), JsonAggregates(), StatisticsAggregates()};
  return kFamilies;
}

}  // namespace helios::expr
