// count, sum, avg, min, max of fixed-width numbers; bool_and and bit aggregates. These loops are
// the analytics bar: one state touched a row, no branch but the loop's.

#include <cmath>

#include "expr/internal/aggregate.h"
#include "expr/internal/families.h"
#include "types/datetime.h"
#include "types/io.h"
#include "types/numeric.h"

namespace helios::expr {
namespace {

// --- count ---

struct Count {
  struct State {
    int64_t count = 0;
  };
  static Status Update(AggregateCall&, Arguments, size_t row_count, uint8_t* const* states) {
    for (size_t row = 0; row < row_count; ++row) ++StateOf<State>(states[row]).count;
    return Status::Ok();
  }
  static Status UpdateOne(AggregateCall&, Arguments, size_t row_count, uint8_t* state) {
    StateOf<State>(state).count += static_cast<int64_t>(row_count);
    return Status::Ok();
  }
  static Status Combine(AggregateCall&, const uint8_t* source, uint8_t* target) {
    StateOf<State>(target).count += StateOf<State>(source).count;
    return Status::Ok();
  }
  static int64_t Finish(AggregateCall&, const State& state) { return state.count; }
};

// --- sums of integers ---

// smallint and integer: the sum is a bigint.
struct SumToInt64 {
  struct State {
    int64_t sum = 0;
    int64_t count = 0;
  };
  template <typename T>
  static bool Apply(State& state, T value) {
    ++state.count;
    return __builtin_add_overflow(state.sum, static_cast<int64_t>(value), &state.sum);
  }
  static Status Failure() { return OutOfRange("bigint"); }
  static Status Combine(AggregateCall&, const uint8_t* source, uint8_t* target) {
    const State& from = StateOf<State>(source);
    State& to = StateOf<State>(target);
    to.count += from.count;
    return __builtin_add_overflow(to.sum, from.sum, &to.sum) ? Failure() : Status::Ok();
  }
  static std::optional<int64_t> Finish(AggregateCall&, const State& state) {
    if (state.count == 0) return std::nullopt;
    return state.sum;
  }
};

// bigint sums and all averages of integers: 128 bits cannot overflow.
struct SumToNumeric {
  struct State {
    StateInt128 sum = 0;
    int64_t count = 0;
  };
  template <typename T>
  static bool Apply(State& state, T value) {
    state.sum += value;
    ++state.count;
    return false;
  }
  static Status Failure() { return Status::Ok(); }
  static Status Combine(AggregateCall&, const uint8_t* source, uint8_t* target) {
    StateOf<State>(target).sum += StateOf<State>(source).sum;
    StateOf<State>(target).count += StateOf<State>(source).count;
    return Status::Ok();
  }
  static std::optional<Numeric> Finish(AggregateCall&, const State& state) {
    if (state.count == 0) return std::nullopt;
    return Numeric::FromParts(state.sum, 0);
  }
};
struct AverageToNumeric : SumToNumeric {
  static Result<std::optional<Numeric>> Finish(AggregateCall&, const State& state) {
    if (state.count == 0) return std::optional<Numeric>();
    HELIOS_TRY(Numeric average,
               Numeric::Divide(Numeric::FromParts(state.sum, 0), Numeric::FromInt64(state.count)));
    return std::optional<Numeric>(std::move(average));
  }
};

// money keeps its type.
struct SumMoney : SumToInt64 {
  static Status Failure() { return OutOfRange("money"); }
};

// --- sums of floats ---

template <typename T>
struct SumFloat {
  struct State {
    T sum = 0;
    int64_t count = 0;
    bool saw_infinity = false;
  };
  static bool Apply(State& state, T value) {
    state.sum += value;
    ++state.count;
    state.saw_infinity |= std::isinf(value);
    return std::isinf(state.sum) & !state.saw_infinity;
  }
  static Status Failure() {
    return Error(ErrorCode::kNumericOutOfRange).Message("value out of range: overflow");
  }
  static Status Combine(AggregateCall&, const uint8_t* source, uint8_t* target) {
    const State& from = StateOf<State>(source);
    State& to = StateOf<State>(target);
    to.saw_infinity |= from.saw_infinity;
    to.sum += from.sum;
    to.count += from.count;
    return std::isinf(to.sum) && !to.saw_infinity ? Failure() : Status::Ok();
  }
  static std::optional<T> Finish(AggregateCall&, const State& state) {
    if (state.count == 0) return std::nullopt;
    return state.sum;
  }
};
struct AverageDouble : SumFloat<double> {
  static std::optional<double> Finish(AggregateCall&, const State& state) {
    if (state.count == 0) return std::nullopt;
    return state.sum / static_cast<double>(state.count);
  }
};
// real is summed in double precision, but its overflow is not seen until the average.
struct AverageFloat : AverageDouble {
  static bool Apply(State& state, float value) {
    return AverageDouble::Apply(state, static_cast<double>(value));
  }
};

// --- min and max ---

template <typename T, bool kMax>
struct Extreme {
  struct State {
    T value = T();
    bool has_value = false;
  };
  static bool Better(T candidate, T value) {
    if constexpr (std::is_floating_point_v<T>) {
      // NaN is above every number.
      if (kMax) return candidate > value || (std::isnan(candidate) && !std::isnan(value));
      return candidate < value || (std::isnan(value) && !std::isnan(candidate));
    }
    return kMax ? candidate > value : candidate < value;
  }
  static bool Apply(State& state, T candidate) {
    const bool take = !state.has_value | Better(candidate, state.value);
    state.value = take ? candidate : state.value;
    state.has_value = true;
    return false;
  }
  static Status Failure() { return Status::Ok(); }
  static Status Combine(AggregateCall&, const uint8_t* source, uint8_t* target) {
    const State& from = StateOf<State>(source);
    if (from.has_value) Apply(StateOf<State>(target), from.value);
    return Status::Ok();
  }
  static std::optional<T> Finish(AggregateCall&, const State& state) {
    if (!state.has_value) return std::nullopt;
    return state.value;
  }
};

// --- logic and bits ---

template <typename T, char kOperation>
struct Fold {
  struct State {
    T value = T();
    bool has_value = false;
  };
  static bool Apply(State& state, T value) {
    if (!state.has_value) {
      state = {value, true};
      return false;
    }
    if (kOperation == '&') state.value = static_cast<T>(state.value & value);
    if (kOperation == '|') state.value = static_cast<T>(state.value | value);
    if (kOperation == '^') state.value = static_cast<T>(state.value ^ value);
    return false;
  }
  static Status Failure() { return Status::Ok(); }
  static Status Combine(AggregateCall&, const uint8_t* source, uint8_t* target) {
    const State& from = StateOf<State>(source);
    if (from.has_value) Apply(StateOf<State>(target), from.value);
    return Status::Ok();
  }
  static std::optional<T> Finish(AggregateCall&, const State& state) {
    if (!state.has_value) return std::nullopt;
    return state.value;
  }
};

// --- sums of intervals ---

template <bool kAverage>
struct SumInterval {
  struct State {
    Interval sum;
    int64_t count = 0;
  };
  static Status Add(State& state, const Interval& value, int64_t count) {
    HELIOS_TRY(state.sum, AddIntervals(state.sum, value));
    state.count += count;
    return Status::Ok();
  }
  static Status Update(AggregateCall&, Arguments arguments, size_t row_count,
                       uint8_t* const* states) {
    for (size_t row = 0; row < row_count; ++row) {
      HELIOS_TRY(Add(StateOf<State>(states[row]), arguments[0]->At<Interval>(row), 1));
    }
    return Status::Ok();
  }
  static Status Combine(AggregateCall&, const uint8_t* source, uint8_t* target) {
    return Add(StateOf<State>(target), StateOf<State>(source).sum, StateOf<State>(source).count);
  }
  static Result<std::optional<Interval>> Finish(AggregateCall&, const State& state) {
    if (state.count == 0) return std::optional<Interval>();
    if (!kAverage) return std::optional<Interval>(state.sum);
    HELIOS_TRY(const Interval average, DivideInterval(state.sum, static_cast<double>(state.count)));
    return std::optional<Interval>(average);
  }
};

template <typename A>
AggregateFunction Base() {
  AggregateFunction function;
  function.state_bytes = (sizeof(typename A::State) + 7) & ~size_t{7};
  function.init = InitState<typename A::State>;
  function.combine = A::Combine;
  function.finalize = FinalizeEach<A>;
  function.serialize = SerializeRaw<typename A::State>;
  function.deserialize = DeserializeRaw<typename A::State>;
  return function;
}
template <typename A, typename T>
AggregateFunction Fixed() {
  AggregateFunction function = Base<A>();
  function.update = UpdateFixed<A, T>;
  function.update_one = UpdateFixedOne<A, T>;
  return function;
}
AggregateFunction MakeCount() {
  AggregateFunction function = Base<Count>();
  function.update = Count::Update;
  function.update_one = Count::UpdateOne;
  return function;
}
template <bool kAverage>
AggregateFunction MakeSumInterval() {
  AggregateFunction function = Base<SumInterval<kAverage>>();
  function.update = SumInterval<kAverage>::Update;
  return function;
}
template <typename T>
void AddExtremes(std::string_view type, std::vector<AggregateEntry>* entries) {
  entries->push_back({"min", type, Fixed<Extreme<T, false>, T>()});
  entries->push_back({"max", type, Fixed<Extreme<T, true>, T>()});
}
template <typename T>
void AddBits(std::string_view type, std::vector<AggregateEntry>* entries) {
  entries->push_back({"bit_and", type, Fixed<Fold<T, '&'>, T>()});
  entries->push_back({"bit_or", type, Fixed<Fold<T, '|'>, T>()});
  entries->push_back({"bit_xor", type, Fixed<Fold<T, '^'>, T>()});
}

std::vector<AggregateEntry> MakeEntries() {
  std::vector<AggregateEntry> entries = {
      {"count", "", MakeCount()},
      {"count", "2276", MakeCount()},
      {"sum", "21", Fixed<SumToInt64, int16_t>()},
      {"sum", "23", Fixed<SumToInt64, int32_t>()},
      {"sum", "20", Fixed<SumToNumeric, int64_t>()},
      {"sum", "790", Fixed<SumMoney, int64_t>()},
      {"sum", "700", Fixed<SumFloat<float>, float>()},
      {"sum", "701", Fixed<SumFloat<double>, double>()},
      {"sum", "1186", MakeSumInterval<false>()},
      {"avg", "21", Fixed<AverageToNumeric, int16_t>()},
      {"avg", "23", Fixed<AverageToNumeric, int32_t>()},
      {"avg", "20", Fixed<AverageToNumeric, int64_t>()},
      {"avg", "700", Fixed<AverageFloat, float>()},
      {"avg", "701", Fixed<AverageDouble, double>()},
      {"avg", "1186", MakeSumInterval<true>()},
      {"bool_and", "16", Fixed<Fold<uint8_t, '&'>, uint8_t>()},
      {"every", "16", Fixed<Fold<uint8_t, '&'>, uint8_t>()},
      {"bool_or", "16", Fixed<Fold<uint8_t, '|'>, uint8_t>()},
  };
  AddExtremes<int16_t>("21", &entries);
  AddExtremes<int32_t>("23", &entries);
  AddExtremes<int64_t>("20", &entries);
  AddExtremes<uint32_t>("26", &entries);
  AddExtremes<float>("700", &entries);
  AddExtremes<double>("701", &entries);
  AddExtremes<int64_t>("790", &entries);
  AddExtremes<int32_t>("1082", &entries);
  AddExtremes<int64_t>("1083", &entries);
  AddExtremes<int64_t>("1114", &entries);
  AddExtremes<int64_t>("1184", &entries);
  AddBits<int16_t>("21", &entries);
  AddBits<int32_t>("23", &entries);
  AddBits<int64_t>("20", &entries);
  return entries;
}

}  // namespace

std::span<const AggregateEntry> NumberAggregates() {
  static const std::vector<AggregateEntry>* const entries =
      new std::vector<AggregateEntry>(MakeEntries());
  return *entries;
}

}  // namespace helios::expr
