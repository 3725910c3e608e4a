// Arrays: operators, building, taking apart.

#include <algorithm>

#include "expr/internal/array_values.h"
#include "expr/internal/families.h"
#include "types/compare.h"

namespace helios::expr {

std::vector<std::string> TextElements(std::string_view bytes, std::vector<bool>* nulls) {
  const ArrayReader array(bytes);
  std::vector<std::string> elements;
  for (uint32_t i = 0; i < array.size(); ++i) {
    if (array.IsNull(i) && nulls == nullptr) continue;
    elements.emplace_back(array.IsNull(i) ? std::string_view() : array.Bytes(i));
    if (nulls != nullptr) nulls->push_back(array.IsNull(i));
  }
  return elements;
}

namespace {

// --- shape ---

std::optional<std::string> Dims(std::string_view bytes) {
  const ArrayReader array(bytes);
  if (array.dimension_count() == 0) return std::nullopt;
  std::string out;
  for (int32_t i = 0; i < array.dimension_count(); ++i) {
    out +=
        fmt::format("[{}:{}]", array.lower_bound(i), array.lower_bound(i) + array.dimension(i) - 1);
  }
  return out;
}
std::optional<int32_t> DimensionCount(std::string_view bytes) {
  const ArrayReader array(bytes);
  if (array.dimension_count() == 0) return std::nullopt;
  return array.dimension_count();
}
bool HasDimension(const ArrayReader& array, int32_t dimension) {
  return dimension >= 1 && dimension <= array.dimension_count();
}
std::optional<int32_t> Length(std::string_view bytes, int32_t dimension) {
  const ArrayReader array(bytes);
  if (!HasDimension(array, dimension)) return std::nullopt;
  return array.dimension(dimension - 1);
}
std::optional<int32_t> Lower(std::string_view bytes, int32_t dimension) {
  const ArrayReader array(bytes);
  if (!HasDimension(array, dimension)) return std::nullopt;
  return array.lower_bound(dimension - 1);
}
std::optional<int32_t> Upper(std::string_view bytes, int32_t dimension) {
  const ArrayReader array(bytes);
  if (!HasDimension(array, dimension)) return std::nullopt;
  return array.lower_bound(dimension - 1) + array.dimension(dimension - 1) - 1;
}
int32_t Cardinality(std::string_view bytes) {
  return static_cast<int32_t>(ArrayReader(bytes).size());
}

// --- building ---

Oid ResultElement(const FunctionCall& call) {
  return ElementTypeOf(call.result_type.oid, call.context.text_format.lookup);
}
ArrayBuilder ResultBuilder(const FunctionCall& call) {
  const Oid element = ResultElement(call);
  return ArrayBuilder(element, PhysicalTypeOf(element, call.context.text_format.lookup));
}
void AddAll(const ArrayReader& array, ArrayBuilder* builder) {
  for (uint32_t i = 0; i < array.size(); ++i) builder->AddFrom(array, i);
}

// array_append (element last) and array_prepend (element first).
template <bool kAppend>
Status AddElement(FunctionCall& call, Arguments arguments, size_t row_count, Vector* out) {
  const Vector& arrays = *arguments[kAppend ? 0 : 1];
  const Vector& elements = *arguments[kAppend ? 1 : 0];
  for (size_t row = 0; row < row_count; ++row) {
    ArrayBuilder builder = ResultBuilder(call);
    int32_t lower_bound = 1;
    if (!kAppend) builder.AddFrom(elements, row);
    if (!arrays.IsNull(row)) {
      const ArrayReader array(arrays.View(row));
      if (array.dimension_count() > 1) {
        return Error(ErrorCode::kDataException)
            .Message("argument must be empty or one-dimensional array");
      }
      if (array.dimension_count() == 1) lower_bound = array.lower_bound(0);
      AddAll(array, &builder);
    }
    if (kAppend) builder.AddFrom(elements, row);
    out->SetString(row, builder.Finish({static_cast<int32_t>(builder.size())}, {lower_bound}));
  }
  return Status::Ok();
}

Status Incompatible(const char* detail) {
  return Error(ErrorCode::kArraySubscriptError)
      .Message("cannot concatenate incompatible arrays")
      .Detail("{}", detail);
}
Result<std::string> Concatenate(FunctionCall& call, const ArrayReader& a, const ArrayReader& b,
                                std::string_view a_bytes, std::string_view b_bytes) {
  if (a.dimension_count() == 0) return std::string(b_bytes);
  if (b.dimension_count() == 0) return std::string(a_bytes);
  const int32_t difference = a.dimension_count() - b.dimension_count();
  if (difference < -1 || difference > 1) {
    return Error(ErrorCode::kArraySubscriptError)
        .Message("cannot concatenate incompatible arrays")
        .Detail("Arrays of {} and {} dimensions are not compatible for concatenation.",
                a.dimension_count(), b.dimension_count());
  }
  const ArrayReader& outer = difference >= 0 ? a : b;
  std::vector<int32_t> dimensions = DimensionsOf(outer);
  const std::vector<int32_t> inner_a = DimensionsOf(a);
  const std::vector<int32_t> inner_b = DimensionsOf(b);
  if (difference == 0) {
    if (!std::equal(inner_a.begin() + 1, inner_a.end(), inner_b.begin() + 1)) {
      return Incompatible(
          "Arrays with differing element dimensions are not compatible for concatenation.");
    }
    dimensions[0] = a.dimension(0) + b.dimension(0);
  } else {
    const std::vector<int32_t>& element = difference > 0 ? inner_b : inner_a;
    if (!std::equal(element.begin(), element.end(), dimensions.begin() + 1)) {
      return Incompatible("Arrays with differing dimensions are not compatible for concatenation.");
    }
    ++dimensions[0];
  }
  ArrayBuilder builder = ResultBuilder(call);
  AddAll(a, &builder);
  AddAll(b, &builder);
  return builder.Finish(dimensions, LowerBoundsOf(outer));
}
Status Cat(FunctionCall& call, Arguments arguments, size_t row_count, Vector* out) {
  for (size_t row = 0; row < row_count; ++row) {
    const bool left_null = arguments[0]->IsNull(row);
    const bool right_null = arguments[1]->IsNull(row);
    if (left_null && right_null) {
      out->SetNull(row);
    } else if (left_null || right_null) {
      out->SetString(row, arguments[left_null ? 1 : 0]->View(row));
    } else {
      const std::string_view a = arguments[0]->View(row);
      const std::string_view b = arguments[1]->View(row);
      HELIOS_TRY(const std::string joined, Concatenate(call, ArrayReader(a), ArrayReader(b), a, b));
      out->SetString(row, joined);
    }
  }
  return Status::Ok();
}

Status Fill(FunctionCall& call, Arguments arguments, size_t row_count, Vector* out) {
  ResultGuard guard(call.context, out);
  for (size_t row = 0; row < row_count; ++row) {
    HELIOS_TRY(guard.Check());
    const bool has_bounds = arguments.size() > 2;
    if (arguments[1]->IsNull(row) || (has_bounds && arguments[2]->IsNull(row))) {
      return Error(ErrorCode::kNullNotAllowed)
          .Message("dimension array or low bound array cannot be null");
    }
    const ArrayReader sizes(arguments[1]->View(row));
    std::vector<int32_t> dimensions;
    int64_t count = 1;
    for (uint32_t i = 0; i < sizes.size(); ++i) {
      if (sizes.IsNull(i)) {
        return Error(ErrorCode::kNullNotAllowed).Message("dimension values cannot be null");
      }
      dimensions.push_back(sizes.Fixed<int32_t>(i));
      if (dimensions.back() < 0) {
        return Error(ErrorCode::kProgramLimitExceeded)
            .Message("array size exceeds the maximum allowed ({})", kArrayElementsMax);
      }
      count *= dimensions.back();
      if (count > kArrayElementsMax) {
        return Error(ErrorCode::kProgramLimitExceeded)
            .Message("array size exceeds the maximum allowed ({})", kArrayElementsMax);
      }
    }
    if (sizes.dimension_count() > 1) {
      return Error(ErrorCode::kArraySubscriptError)
          .Message("wrong number of array subscripts")
          .Detail("Dimension array must be one dimensional.");
    }
    const size_t element_bytes = std::max<size_t>(PhysicalWidth(arguments[0]->physical()), 8);
    HELIOS_TRY(call.context.CheckMemory(static_cast<size_t>(count) * element_bytes));
    if (dimensions.size() > kArrayDimensionsMax) {
      return Error(ErrorCode::kProgramLimitExceeded)
          .Message("number of array dimensions ({}) exceeds the maximum allowed ({})",
                   dimensions.size(), kArrayDimensionsMax);
    }
    std::vector<int32_t> bounds(dimensions.size(), 1);
    if (has_bounds) {
      const ArrayReader lower(arguments[2]->View(row));
      if (lower.size() != dimensions.size()) {
        return Error(ErrorCode::kArraySubscriptError)
            .Message("wrong number of array subscripts")
            .Detail("Low bound array has different size than dimensions array.");
      }
      for (uint32_t i = 0; i < lower.size(); ++i) {
        if (lower.IsNull(i)) {
          return Error(ErrorCode::kNullNotAllowed).Message("dimension values cannot be null");
        }
        bounds[i] = lower.Fixed<int32_t>(i);
      }
    }
    ArrayBuilder builder = ResultBuilder(call);
    if (dimensions.empty() || count == 0) {
      out->SetString(row, builder.Finish());
      continue;
    }
    for (int64_t i = 0; i < count; ++i) builder.AddFrom(*arguments[0], row);
    out->SetString(row, builder.Finish(dimensions, bounds));
  }
  return Status::Ok();
}

Result<std::string> Trim(FunctionCall& call, std::string_view bytes, int32_t count) {
  const ArrayReader array(bytes);
  const int32_t length = array.dimension_count() == 0 ? 0 : array.dimension(0);
  if (count < 0 || count > length) {
    return Error(ErrorCode::kArraySubscriptError)
        .Message("number of elements to trim must be between 0 and {}", length);
  }
  ArrayBuilder builder = ResultBuilder(call);
  if (count == length) return builder.Finish();
  std::vector<int32_t> dimensions = DimensionsOf(array);
  dimensions[0] -= count;
  uint32_t kept = 1;
  for (const int32_t dimension : dimensions) kept *= static_cast<uint32_t>(dimension);
  for (uint32_t i = 0; i < kept; ++i) builder.AddFrom(array, i);
  return builder.Finish(dimensions, LowerBoundsOf(array));
}

// --- searching ---

Result<EqualFunction> ElementEquality(const FunctionCall& call, const ArrayReader& array) {
  const EqualFunction equal = EqualFunctionOf(array.element_type(), array.element_physical());
  if (equal == nullptr) {
    return Error(ErrorCode::kUndefinedFunction)
        .Message("could not identify an equality operator for type {}",
                 FormatType({array.element_type()}, call.context.text_format.lookup));
  }
  return equal;
}
const void* ValuePointer(const Vector& vector, size_t row) {
  return vector.RawData() + vector.Position(row) * PhysicalWidth(vector.physical());
}
// Whether element `index` is the value of `vector`, two NULLs being the same.
bool SameElement(const ArrayValues& values, uint32_t index, const Vector& vector, size_t row,
                 EqualFunction equal) {
  if (values.IsNull(index) || vector.IsNull(row)) {
    return values.IsNull(index) && vector.IsNull(row);
  }
  return equal(values.At(index), ValuePointer(vector, row));
}
Status OneDimensionOnly(const char* what) {
  return Error(ErrorCode::kFeatureNotSupported)
      .Message("{} multidimensional arrays is not supported", what);
}

Status FindPosition(FunctionCall& call, Arguments arguments, size_t row_count, Vector* out) {
  for (size_t row = 0; row < row_count; ++row) {
    out->SetNull(row);
    if (arguments[0]->IsNull(row)) continue;
    const ArrayReader array(arguments[0]->View(row));
    if (array.dimension_count() > 1) return OneDimensionOnly("searching for elements in");
    if (array.size() == 0) continue;
    uint32_t from = 0;
    if (arguments.size() > 2) {
      if (arguments[2]->IsNull(row)) {
        return Error(ErrorCode::kNullNotAllowed).Message("initial position must not be null");
      }
      const int64_t start = int64_t{arguments[2]->At<int32_t>(row)} - array.lower_bound(0);
      from = static_cast<uint32_t>(std::clamp<int64_t>(start, 0, array.size()));
    }
    HELIOS_TRY(const EqualFunction equal, ElementEquality(call, array));
    const ArrayValues values(array);
    for (uint32_t i = from; i < array.size(); ++i) {
      if (!SameElement(values, i, *arguments[1], row, equal)) continue;
      out->Set<int32_t>(row, array.lower_bound(0) + static_cast<int32_t>(i));
      break;
    }
  }
  return Status::Ok();
}
Status FindPositions(FunctionCall& call, Arguments arguments, size_t row_count, Vector* out) {
  for (size_t row = 0; row < row_count; ++row) {
    if (arguments[0]->IsNull(row)) {
      out->SetNull(row);
      continue;
    }
    const ArrayReader array(arguments[0]->View(row));
    if (array.dimension_count() > 1) return OneDimensionOnly("searching for elements in");
    HELIOS_TRY(const EqualFunction equal, ElementEquality(call, array));
    const ArrayValues values(array);
    ArrayBuilder builder(type_oid::kInt4);
    for (uint32_t i = 0; i < array.size(); ++i) {
      if (SameElement(values, i, *arguments[1], row, equal)) {
        builder.AddFixed<int32_t>(array.lower_bound(0) + static_cast<int32_t>(i));
      }
    }
    out->SetString(row, builder.Finish());
  }
  return Status::Ok();
}
// array_remove and array_replace.
Status Substitute(FunctionCall& call, Arguments arguments, size_t row_count, Vector* out) {
  const bool removes = arguments.size() == 2;
  for (size_t row = 0; row < row_count; ++row) {
    if (arguments[0]->IsNull(row)) {
      out->SetNull(row);
      continue;
    }
    const ArrayReader array(arguments[0]->View(row));
    if (removes && array.dimension_count() > 1) return OneDimensionOnly("removing elements from");
    HELIOS_TRY(const EqualFunction equal, ElementEquality(call, array));
    const ArrayValues values(array);
    ArrayBuilder builder = ResultBuilder(call);
    for (uint32_t i = 0; i < array.size(); ++i) {
      if (!SameElement(values, i, *arguments[1], row, equal)) {
        builder.AddFrom(array, i);
      } else if (!removes) {
        builder.AddFrom(*arguments[2], row);
      }
    }
    if (builder.size() == 0) {
      out->SetString(row, builder.Finish());
      continue;
    }
    std::vector<int32_t> dimensions = DimensionsOf(array);
    if (removes) dimensions = {static_cast<int32_t>(builder.size())};
    out->SetString(row, builder.Finish(dimensions, LowerBoundsOf(array)));
  }
  return Status::Ok();
}

bool Holds(const ArrayValues& values, const void* wanted, EqualFunction equal) {
  for (uint32_t i = 0; i < values.size(); ++i) {
    if (!values.IsNull(i) && equal(values.At(i), wanted)) return true;
  }
  return false;
}
Result<bool> ContainsAll(FunctionCall& call, std::string_view a, std::string_view b) {
  const ArrayReader container(a);
  const ArrayReader contained(b);
  if (contained.size() == 0) return true;
  HELIOS_TRY(const EqualFunction equal, ElementEquality(call, container));
  const ArrayValues values(container);
  const ArrayValues wanted(contained);
  for (uint32_t i = 0; i < wanted.size(); ++i) {
    if (wanted.IsNull(i) || !Holds(values, wanted.At(i), equal)) return false;
  }
  return true;
}
Result<bool> ContainedIn(FunctionCall& call, std::string_view a, std::string_view b) {
  return ContainsAll(call, b, a);
}
Result<bool> Overlap(FunctionCall& call, std::string_view a, std::string_view b) {
  const ArrayReader left(a);
  const ArrayReader right(b);
  if (left.size() == 0 || right.size() == 0) return false;
  HELIOS_TRY(const EqualFunction equal, ElementEquality(call, left));
  const ArrayValues values(left);
  const ArrayValues wanted(right);
  for (uint32_t i = 0; i < wanted.size(); ++i) {
    if (!wanted.IsNull(i) && Holds(values, wanted.At(i), equal)) return true;
  }
  return false;
}

constexpr KernelEntry kKernels[] = {
    {"array_dims", Map<Dims>},
    {"array_ndims", Map<DimensionCount>},
    {"array_length", Map<Length>},
    {"array_lower", Map<Lower>},
    {"array_upper", Map<Upper>},
    {"array_cardinality", Map<Cardinality>},
    {"array_append", AddElement<true>},
    {"array_prepend", AddElement<false>},
    {"array_cat", Cat},
    {"array_fill", Fill},
    {"array_fill_with_lower_bounds", Fill},
    {"trim_array", Map<Trim>},
    {"array_position", FindPosition},
    {"array_position_start", FindPosition},
    {"array_positions", FindPositions},
    {"array_remove", Substitute},
    {"array_replace", Substitute},
    {"arraycontains", Map<ContainsAll>},
    {"arraycontained", Map<ContainedIn>},
    {"arrayoverlap", Map<Overlap>},
};

}  // namespace

std::span<const KernelEntry> ArrayKernels() { return kKernels; }

}  // namespace helios::expr
