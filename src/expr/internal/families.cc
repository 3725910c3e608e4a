#include "expr/internal/families.h"

namespace helios::expr {

std::span<const std::span<const KernelEntry>> ScalarFamilies() {
  static const std::span<const KernelEntry> kFamilies[] = {
      ArithmeticKernels(), ComparisonKernels(), NumericKernels(),       FloatMathKernels(),
      CastKernels(),       StringKernels(),     StringFormatKernels(),  LikeKernels(),
      RegexpKernels(),     DateTimeKernels(),   DateTimeFieldKernels(), ArrayKernels(),
      MiscKernels(),       ByteaKernels(),      JsonKernels(),          JsonBuildKernels(),
      JsonRecordKernels(), JsonPathKernels(),   AclKernels(),
  };
  return kFamilies;
}

std::span<const std::span<const TableKernelEntry>> TableFamilies() {
  static const std::span<const TableKernelEntry> kFamilies[] = {
      SeriesFunctions(),     TextRowFunctions(),  JsonRowFunctions(),
      JsonRecordFunctions(), JsonPathFunctions(), AclFunctions(),
  };
  return kFamilies;
}

std::span<const std::span<const AggregateEntry>> AggregateFamilies() {
  static const std::span<const AggregateEntry> kFamilies[] = {
      NumberAggregates(),     ValueAggregates(),      JsonAggregates(),
      StatisticsAggregates(), OrderedSetAggregates(),
  };
  return kFamilies;
}

}  // namespace helios::expr
