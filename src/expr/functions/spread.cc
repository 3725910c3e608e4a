// Calls with VARIADIC array of functions over VARIADIC "any": concat(VARIADIC ARRAY['a', 'b']).
// Each such function has a twin whose kernel hands the array's elements, row by row, to the
// function itself.

#include <deque>
#include <unordered_map>

#include "expr/function_registry.h"
#include "expr/internal/kernel.h"
#include "expr/internal_functions.h"
#include "types/array.h"

namespace helios::expr {
namespace {

struct SpreadFunction : ScalarFunction {
  const ScalarFunction* original = nullptr;
};

Status CallSpread(FunctionCall& call, Arguments arguments, size_t row_count, Vector* out) {
  const ScalarFunction* function = static_cast<const SpreadFunction*>(call.function)->original;
  const size_t fixed_count = arguments.size() - 1;
  for (size_t row = 0; row < row_count; ++row) {
    const Vector& list = *arguments[fixed_count];
    // format() takes a missing array as an empty one; the others give NULL.
    if (list.IsNull(row) && function->name != "format") {
      out->SetNull(row);
      continue;
    }
    std::vector<Vector> values;
    std::vector<SqlType> types(call.argument_types.begin(), call.argument_types.end() - 1);
    for (size_t i = 0; i < fixed_count; ++i) {
      values.emplace_back(arguments[i]->type(), arguments[i]->physical());
      values.back().CopyFrom(0, *arguments[i], row);
    }
    if (!list.IsNull(row)) {
      const ArrayReader array(list.View(row));
      for (uint32_t i = 0; i < array.size(); ++i) {
        types.push_back({array.element_type(), -1});
        values.emplace_back(types.back(), array.element_physical());
        array.Load(i, &values.back(), 0);
      }
    }
    std::vector<const Vector*> pointers;
    for (const Vector& value : values) pointers.push_back(&value);
    Vector result(out->type(), out->physical());
    FunctionCall one{call.context, types, call.result_type, call.state, function, nullptr};
    HELIOS_TRY(function->kernel(one, pointers, 1, &result));
    out->CopyFrom(row, result, 0);
  }
  return Status::Ok();
}

class SpreadFunctions {
 public:
  SpreadFunctions() {
    for (const ScalarFunction* function : AllScalarFunctions()) {
      if (!function->variadic || function->arguments.back() != type_oid::kAny) continue;
      SpreadFunction& twin = twins_.emplace_back();
      static_cast<ScalarFunction&>(twin) = *function;
      twin.original = function;
      twin.strict = false;
      twin.kernel = CallSpread;
      twin.select = nullptr;
      by_original_.emplace(function, &twin);
    }
  }
  const ScalarFunction* Of(const ScalarFunction* function) const {
    const auto found = by_original_.find(function);
    return found == by_original_.end() ? function : found->second;
  }

 private:
  std::deque<SpreadFunction> twins_;
  std::unordered_map<const ScalarFunction*, const ScalarFunction*> by_original_;
};

}  // namespace

const ScalarFunction* WithSpreadArray(const ScalarFunction* function) {
  static const SpreadFunctions* const functions = new SpreadFunctions();
  return functions->Of(function);
}

}  // namespace helios::expr
