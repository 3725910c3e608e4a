// Assignment to elements and slices of arrays and to paths of jsonb: `UPDATE t SET a[2] = 1`.
//
// A one-dimensional array grows at both ends to reach what is assigned, the gap filled with NULLs;
// arrays of more dimensions keep their shape (PostgreSQL's array_set_element, array_set_slice).

#include <algorithm>

#include "expr/internal/array_values.h"
#include "expr/internal/families.h"
#include "expr/internal/kernel.h"
#include "expr/internal_functions.h"
#include "types/json.h"

namespace helios::expr {
namespace {

Status SubscriptError(std::string_view message) {
  return Error(ErrorCode::kArraySubscriptError).Message("{}", message);
}
Status TooLarge() {
  return Error(ErrorCode::kProgramLimitExceeded)
      .Message("array size exceeds the maximum allowed ({})", kArrayElementsMax);
}

// One dimension's bounds, both inclusive. An int64 holds every sum of subscripts.
struct Range {
  int64_t lower;
  int64_t upper;
  int64_t length() const { return upper - lower + 1; }
};
using Ranges = std::vector<Range>;

Ranges RangesOf(const ArrayReader& array) {
  Ranges ranges;
  for (int32_t i = 0; i < array.dimension_count(); ++i) {
    const int64_t lower = array.lower_bound(i);
    ranges.push_back({lower, lower + array.dimension(i) - 1});
  }
  return ranges;
}

// The array of `shape` whose elements come from `source`, in order, inside `window`, and from
// `array` outside of it; NULL where neither has one. `put` adds the next element of the source.
template <typename Put>
Result<std::string> Merge(const FunctionCall& call, const ArrayReader& array, const Ranges& shape,
                          const Ranges& window, Put&& put) {
  std::vector<int32_t> dimensions, bounds;
  int64_t count = 1;
  for (const Range& range : shape) {
    count *= range.length();
    if (count > kArrayElementsMax || range.upper > INT32_MAX) return TooLarge();
    dimensions.push_back(static_cast<int32_t>(range.length()));
    bounds.push_back(static_cast<int32_t>(range.lower));
  }
  const Oid element = ElementTypeOf(call.result_type.oid, call.context.text_format.lookup);
  ArrayBuilder builder(element, PhysicalTypeOf(element, call.context.text_format.lookup));
  const Ranges old = RangesOf(array);
  std::vector<int32_t> position = bounds;
  const auto inside = [&](const Ranges& ranges) {
    if (ranges.size() != position.size()) return false;
    for (size_t i = 0; i < ranges.size(); ++i) {
      if (position[i] < ranges[i].lower || position[i] > ranges[i].upper) return false;
    }
    return true;
  };
  for (int64_t i = 0; i < count; ++i) {
    if (inside(window)) {
      put(&builder);
    } else if (inside(old)) {
      builder.AddFrom(array, static_cast<uint32_t>(array.IndexOf(position.data())));
    } else {
      builder.AddNull();
    }
    for (size_t d = position.size(); d-- > 0;) {
      if (++position[d] <= shape[d].upper) break;
      position[d] = bounds[d];
    }
  }
  return builder.Finish(dimensions, bounds);
}

Status NullSubscript(std::string_view container) {
  return Error(ErrorCode::kNullNotAllowed)
      .Message("{} subscript in assignment must not be null", container);
}

Result<std::string> SetElement(FunctionCall& call, const ArrayReader& array, Arguments arguments,
                               size_t row) {
  const size_t count = arguments.size() - 2;
  Ranges window;
  for (size_t i = 0; i < count; ++i) {
    if (arguments[i + 2]->IsNull(row)) return NullSubscript("array");
    const int64_t at = arguments[i + 2]->At<int32_t>(row);
    window.push_back({at, at});
  }
  Ranges shape = RangesOf(array);
  if (shape.empty()) shape = window;
  if (shape.size() != count) return SubscriptError("wrong number of array subscripts");
  for (size_t i = 0; i < count; ++i) {
    if (count == 1) {
      shape[i].lower = std::min(shape[i].lower, window[i].lower);
      shape[i].upper = std::max(shape[i].upper, window[i].upper);
    } else if (window[i].lower < shape[i].lower || window[i].upper > shape[i].upper) {
      return SubscriptError("array subscript out of range");
    }
  }
  const Vector& value = *arguments[1];
  return Merge(call, array, shape, window,
               [&](ArrayBuilder* builder) { builder->AddFrom(value, row); });
}

const std::string& EmptyArray(const FunctionCall& call, std::string* buffer) {
  const Oid element = ElementTypeOf(call.result_type.oid, call.context.text_format.lookup);
  *buffer =
      ArrayBuilder(element, PhysicalTypeOf(element, call.context.text_format.lookup)).Finish();
  return *buffer;
}

Status ArraySetElement(FunctionCall& call, Arguments arguments, size_t row_count, Vector* out) {
  std::string empty;
  EmptyArray(call, &empty);
  for (size_t row = 0; row < row_count; ++row) {
    const ArrayReader array(arguments[0]->IsNull(row) ? std::string_view(empty)
                                                      : arguments[0]->View(row));
    HELIOS_TRY(const std::string changed, SetElement(call, array, arguments, row));
    out->SetString(row, changed);
  }
  return Status::Ok();
}

// The slice's bounds where the array is empty: the array takes the slice's shape.
Status BoundsOfNewArray(Ranges* window, uint32_t given) {
  for (size_t i = 0; i < window->size(); ++i) {
    if ((given >> (2 * i) & 3) != 3) {
      return Error(ErrorCode::kArraySubscriptError)
          .Message("array slice subscript must provide both boundaries")
          .Detail(
              "When assigning to a slice of an empty array value, slice boundaries must be fully "
              "specified.");
    }
  }
  return Status::Ok();
}

Status BoundsInArray(Ranges* window, uint32_t given, Ranges* shape) {
  if (window->size() > shape->size()) return SubscriptError("wrong number of array subscripts");
  for (size_t i = 0; i < shape->size(); ++i) {
    if (i == window->size()) window->push_back((*shape)[i]);
    Range& range = (*window)[i];
    Range& whole = (*shape)[i];
    if ((given >> (2 * i) & 1) == 0) range.lower = whole.lower;
    if ((given >> (2 * i) & 2) == 0) range.upper = whole.upper;
    if (range.lower > range.upper) {
      return SubscriptError("upper bound cannot be less than lower bound");
    }
    if (shape->size() == 1) {
      whole.lower = std::min(whole.lower, range.lower);
      whole.upper = std::max(whole.upper, range.upper);
    } else if (range.lower < whole.lower || range.upper > whole.upper) {
      return SubscriptError("array subscript out of range");
    }
  }
  return Status::Ok();
}

Result<std::string> SetSlice(FunctionCall& call, std::string_view bytes, std::string_view source,
                             Arguments arguments, size_t row) {
  const ArrayReader array(bytes);
  const ArrayReader items(source);
  const auto given = static_cast<uint32_t>(arguments[2]->At<int32_t>(row));
  Ranges window;
  for (size_t i = 3; i + 1 < arguments.size(); i += 2) {
    Range range{0, 0};
    const size_t pair = (i - 3) / 2;
    for (size_t side = 0; side < 2; ++side) {
      if ((given >> (2 * pair + side) & 1) == 0) continue;
      if (arguments[i + side]->IsNull(row)) return NullSubscript("array");
      (side == 0 ? range.lower : range.upper) = arguments[i + side]->At<int32_t>(row);
    }
    window.push_back(range);
  }
  Ranges shape = RangesOf(array);
  if (shape.empty()) {
    HELIOS_TRY(BoundsOfNewArray(&window, given));
    shape = window;
  }
  HELIOS_TRY(BoundsInArray(&window, given | (array.dimension_count() == 0 ? ~0U : 0U), &shape));
  int64_t needed = 1;
  for (const Range& range : window)
    needed = std::min(needed * range.length(), kArrayElementsMax + 1);
  if (needed > items.size()) return SubscriptError("source array too small");
  uint32_t next = 0;
  return Merge(call, array, shape, window,
               [&](ArrayBuilder* builder) { builder->AddFrom(items, next++); });
}

Status ArraySetSlice(FunctionCall& call, Arguments arguments, size_t row_count, Vector* out) {
  std::string empty;
  EmptyArray(call, &empty);
  for (size_t row = 0; row < row_count; ++row) {
    const std::string_view array =
        arguments[0]->IsNull(row) ? std::string_view(empty) : arguments[0]->View(row);
    if (arguments[1]->IsNull(row)) {  // Nothing to assign from: nothing changes.
      out->SetString(row, array);
      continue;
    }
    HELIOS_TRY(const std::string changed,
               SetSlice(call, array, arguments[1]->View(row), arguments, row));
    out->SetString(row, changed);
  }
  return Status::Ok();
}

Status JsonbSetPath(FunctionCall&, Arguments arguments, size_t row_count, Vector* out) {
  for (size_t row = 0; row < row_count; ++row) {
    std::vector<std::string> path;
    for (size_t i = 2; i < arguments.size(); ++i) {
      const Vector& step = *arguments[i];
      if (step.IsNull(row)) return NullSubscript("jsonb");
      path.push_back(step.physical() == PhysicalType::kInt32 ? std::to_string(step.At<int32_t>(row))
                                                             : std::string(step.View(row)));
    }
    std::string_view json = arguments[2]->physical() == PhysicalType::kInt32 ? "[]" : "{}";
    if (!arguments[0]->IsNull(row)) json = arguments[0]->View(row);
    const std::string_view value =
        arguments[1]->IsNull(row) ? std::string_view("null") : arguments[1]->View(row);
    HELIOS_TRY(const std::string changed, JsonbAssign(json, path, value));
    out->SetString(row, changed);
  }
  return Status::Ok();
}

ScalarFunction Make(std::string_view name, ScalarKernel kernel) {
  ScalarFunction function;
  function.oid = kInvalidOid;
  function.name = name;
  function.result = type_oid::kAny;
  function.strict = false;
  function.kernel = kernel;
  return function;
}

}  // namespace

const ScalarFunction* GetInternalFunction(InternalFunction function) {
  static const ScalarFunction set_element = Make("array_set_element", ArraySetElement);
  static const ScalarFunction set_slice = Make("array_set_slice", ArraySetSlice);
  static const ScalarFunction set_path = Make("jsonb_set_path", JsonbSetPath);
  switch (function) {
    case InternalFunction::kArraySetElement:
      return &set_element;
    case InternalFunction::kArraySetSlice:
      return &set_slice;
    case InternalFunction::kJsonbSetPath:
      return &set_path;
    default:
      return SystemColumnFunction(function);
  }
}

}  // namespace helios::expr
