#pragma once

#include <span>
#include <string_view>

#include "expr/internal/kernel.h"
#include "expr/internal_functions.h"

namespace helios::expr {

// Each family of functions/ gives its kernels by the key of tables/functions.def: the name of
// PostgreSQL's implementing function, or "sql_<oid>" where PostgreSQL writes it in SQL.
std::span<const KernelEntry> ArithmeticKernels();
std::span<const KernelEntry> ComparisonKernels();
std::span<const KernelEntry> NumericKernels();
std::span<const KernelEntry> FloatMathKernels();
std::span<const KernelEntry> CastKernels();
std::span<const KernelEntry> StringKernels();
std::span<const KernelEntry> StringFormatKernels();
std::span<const KernelEntry> LikeKernels();
std::span<const KernelEntry> RegexpKernels();
std::span<const KernelEntry> DateTimeKernels();
std::span<const KernelEntry> ArrayKernels();
std::span<const KernelEntry> MiscKernels();
std::span<const KernelEntry> ByteaKernels();
std::span<const KernelEntry> JsonKernels();
std::span<const KernelEntry> JsonBuildKernels();
std::span<const KernelEntry> JsonRecordKernels();
std::span<const KernelEntry> JsonPathKernels();
std::span<const KernelEntry> AclKernels();

std::span<const TableKernelEntry> SeriesFunctions();
std::span<const TableKernelEntry> TextRowFunctions();
std::span<const TableKernelEntry> JsonRowFunctions();
std::span<const TableKernelEntry> JsonRecordFunctions();
std::span<const TableKernelEntry> JsonPathFunctions();
std::span<const TableKernelEntry> AclFunctions();
std::span<const KernelEntry> DateTimeFieldKernels();

// Functions that only the session can answer, by name; see SessionServices.
bool IsSessionFunction(std::string_view name);
Status CallSession(FunctionCall& call, Arguments arguments, size_t row_count, Vector* out);

// Of the internal functions those about rows' places and writers; null: another kind.
const ScalarFunction* SystemColumnFunction(InternalFunction function);

// The parts of string_to_array and string_to_table.
std::vector<std::string_view> SplitText(std::string_view text,
                                        std::optional<std::string_view> delimiter);

// What an aggregate does; name, types and OID come from tables/aggregates.def. `arguments` is as
// there, with "*" for every overload that has no entry of its own.
struct AggregateEntry {
  std::string_view name;
  std::string_view arguments;
  AggregateFunction behaviour;
};

std::span<const AggregateEntry> NumberAggregates();
std::span<const AggregateEntry> ValueAggregates();
std::span<const AggregateEntry> JsonAggregates();
std::span<const AggregateEntry> StatisticsAggregates();
std::span<const AggregateEntry> OrderedSetAggregates();

// All families, as the registry reads them (families.cc).
std::span<const std::span<const KernelEntry>> ScalarFamilies();
std::span<const std::span<const TableKernelEntry>> TableFamilies();
std::span<const std::span<const AggregateEntry>> AggregateFamilies();

}  // namespace helios::expr
