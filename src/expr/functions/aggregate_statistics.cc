// variance, stddev, corr, covar and the regression family. Floats use the updating formulas of
// Youngs and Cramer (Technometrics 1971), as PostgreSQL does, so that large offsets lose nothing;
// integers and numerics are exact.

#include <cmath>

#include "expr/internal/aggregate.h"
#include "expr/internal/families.h"
#include "types/numeric.h"

namespace helios::expr {
namespace {

enum class Spread { kVariancePopulation, kVarianceSample, kDeviationPopulation, kDeviationSample };
constexpr bool IsSample(Spread spread) {
  return spread == Spread::kVarianceSample || spread == Spread::kDeviationSample;
}
constexpr bool IsDeviation(Spread spread) {
  return spread == Spread::kDeviationPopulation || spread == Spread::kDeviationSample;
}

// --- one float variable ---

struct FloatMoments {
  double count = 0;
  double sum = 0;
  double squares = 0;  // Sum of (x - mean)^2.
};
Status Overflow() {
  return Error(ErrorCode::kNumericOutOfRange).Message("value out of range: overflow");
}
struct FloatSpread {
  using State = FloatMoments;
  template <typename T>
  static bool Apply(State& state, T narrow) {
    const auto value = static_cast<double>(narrow);
    state.count += 1;
    const double old_sum = state.sum;
    state.sum += value;
    if (state.count > 1) {
      const double offset = value * state.count - state.sum;
      state.squares += offset * offset / (state.count * (state.count - 1));
      if (std::isinf(state.sum) || std::isinf(state.squares)) {
        // An infinite input makes every spread NaN; a finite one has overflowed.
        if (!std::isinf(old_sum) && !std::isinf(value)) return true;
        state.squares = NAN;
      }
    } else if (!std::isfinite(value)) {
      state.squares = NAN;
    }
    return false;
  }
  static Status Failure() { return Overflow(); }
  static Status Combine(AggregateCall&, const uint8_t* source, uint8_t* target) {
    const State& from = StateOf<State>(source);
    State& to = StateOf<State>(target);
    if (from.count == 0) return Status::Ok();
    if (to.count == 0) {
      to = from;
      return Status::Ok();
    }
    const double offset = to.sum / to.count - from.sum / from.count;
    const double count = to.count + from.count;
    to.squares += from.squares + to.count * from.count * offset * offset / count;
    to.sum += from.sum;
    to.count = count;
    return Status::Ok();
  }
};
template <Spread kSpread>
struct FloatResult : FloatSpread {
  static std::optional<double> Finish(AggregateCall&, const State& state) {
    if (state.count < (IsSample(kSpread) ? 2 : 1)) return std::nullopt;
    const double variance = state.squares / (IsSample(kSpread) ? state.count - 1 : state.count);
    return IsDeviation(kSpread) ? std::sqrt(variance) : variance;
  }
};

// --- one exact variable ---

struct ExactMoments {
  struct Sums {
    NumericSum values;
    NumericSum squares;
    int64_t count = 0;
    bool saw_special = false;
  };
  Sums* sums = nullptr;

  Sums& Get() {
    if (sums == nullptr) sums = new Sums();
    return *sums;
  }
};
Status AddExact(ExactMoments* state, const Numeric& value) {
  ExactMoments::Sums& sums = state->Get();
  ++sums.count;
  if (!value.is_finite()) {
    sums.saw_special = true;
    return Status::Ok();
  }
  HELIOS_TRY(const Numeric square, Numeric::Multiply(value, value));
  const std::string encoded = value.Encode();
  const std::string encoded_square = square.Encode();
  sums.values.Add(StringRef(encoded));
  sums.squares.Add(StringRef(encoded_square));
  return Status::Ok();
}
template <typename T>
Status UpdateExact(AggregateCall&, Arguments arguments, size_t row_count, uint8_t* const* states) {
  for (size_t row = 0; row < row_count; ++row) {
    Numeric value;
    if constexpr (std::is_same_v<T, Numeric>) {
      value = Numeric::Decode(arguments[0]->View(row));
    } else {
      value = Numeric::FromInt64(arguments[0]->At<T>(row));
    }
    HELIOS_TRY(AddExact(&StateOf<ExactMoments>(states[row]), value));
  }
  return Status::Ok();
}
Status CombineExact(AggregateCall&, const uint8_t* source, uint8_t* target) {
  const ExactMoments& from = StateOf<ExactMoments>(source);
  if (from.sums == nullptr) return Status::Ok();
  ExactMoments::Sums& to = StateOf<ExactMoments>(target).Get();
  to.values.Merge(from.sums->values);
  to.squares.Merge(from.sums->squares);
  to.count += from.sums->count;
  to.saw_special |= from.sums->saw_special;
  return Status::Ok();
}
void DestroyExact(uint8_t* state) { delete StateOf<ExactMoments>(state).sums; }

// (N * sum(x^2) - sum(x)^2) / (N * (N - 1)), or / N^2.
template <Spread kSpread>
struct ExactResult {
  using State = ExactMoments;
  static Result<std::optional<Numeric>> Finish(AggregateCall&, const State& state) {
    const int64_t count = state.sums == nullptr ? 0 : state.sums->count;
    if (count < (IsSample(kSpread) ? 2 : 1)) return std::optional<Numeric>();
    if (state.sums->saw_special) return std::optional<Numeric>(Numeric::NaN());
    const Numeric n = Numeric::FromInt64(count);
    HELIOS_TRY(const Numeric sum, state.sums->values.Sum());
    HELIOS_TRY(const Numeric squares, state.sums->squares.Sum());
    HELIOS_TRY(const Numeric scaled, Numeric::Multiply(n, squares));
    HELIOS_TRY(const Numeric square_of_sum, Numeric::Multiply(sum, sum));
    HELIOS_TRY(const Numeric numerator, Numeric::Subtract(scaled, square_of_sum));
    if (numerator.Sign() <= 0) return std::optional<Numeric>(Numeric::FromInt64(0));
    HELIOS_TRY(const Numeric denominator,
               Numeric::Multiply(n, Numeric::FromInt64(IsSample(kSpread) ? count - 1 : count)));
    HELIOS_TRY(Numeric variance, Numeric::Divide(numerator, denominator));
    if (!IsDeviation(kSpread)) return std::optional<Numeric>(std::move(variance));
    HELIOS_TRY(Numeric deviation, variance.Sqrt());
    return std::optional<Numeric>(std::move(deviation));
  }
};

// --- two float variables; the arguments are (Y, X) ---

struct PairMoments {
  double count = 0;
  double sum_x = 0;
  double squares_x = 0;
  double sum_y = 0;
  double squares_y = 0;
  double products = 0;
};
Status UpdatePairs(AggregateCall&, Arguments arguments, size_t row_count, uint8_t* const* states) {
  for (size_t row = 0; row < row_count; ++row) {
    PairMoments& state = StateOf<PairMoments>(states[row]);
    const double y = arguments[0]->At<double>(row);
    const double x = arguments[1]->At<double>(row);
    state.count += 1;
    state.sum_x += x;
    state.sum_y += y;
    if (state.count > 1) {
      const double offset_x = x * state.count - state.sum_x;
      const double offset_y = y * state.count - state.sum_y;
      const double scale = 1.0 / (state.count * (state.count - 1));
      state.squares_x += offset_x * offset_x * scale;
      state.squares_y += offset_y * offset_y * scale;
      state.products += offset_x * offset_y * scale;
    } else {
      if (!std::isfinite(x)) state.squares_x = state.products = NAN;
      if (!std::isfinite(y)) state.squares_y = state.products = NAN;
    }
  }
  return Status::Ok();
}
Status CombinePairs(AggregateCall&, const uint8_t* source, uint8_t* target) {
  const PairMoments& from = StateOf<PairMoments>(source);
  PairMoments& to = StateOf<PairMoments>(target);
  if (from.count == 0) return Status::Ok();
  if (to.count == 0) {
    to = from;
    return Status::Ok();
  }
  const double offset_x = to.sum_x / to.count - from.sum_x / from.count;
  const double offset_y = to.sum_y / to.count - from.sum_y / from.count;
  const double weight = to.count * from.count / (to.count + from.count);
  to.squares_x += from.squares_x + weight * offset_x * offset_x;
  to.squares_y += from.squares_y + weight * offset_y * offset_y;
  to.products += from.products + weight * offset_x * offset_y;
  to.sum_x += from.sum_x;
  to.sum_y += from.sum_y;
  to.count += from.count;
  return Status::Ok();
}

using PairResult = std::optional<double> (*)(const PairMoments&);
template <PairResult kResult>
struct PairFinish {
  using State = PairMoments;
  static std::optional<double> Finish(AggregateCall&, const State& state) {
    if (state.count < 1) return std::nullopt;
    return kResult(state);
  }
};
struct PairCount {
  using State = PairMoments;
  static int64_t Finish(AggregateCall&, const State& state) {
    return static_cast<int64_t>(state.count);
  }
};
std::optional<double> SquaresX(const PairMoments& m) { return m.squares_x; }
std::optional<double> SquaresY(const PairMoments& m) { return m.squares_y; }
std::optional<double> Products(const PairMoments& m) { return m.products; }
std::optional<double> AverageX(const PairMoments& m) { return m.sum_x / m.count; }
std::optional<double> AverageY(const PairMoments& m) { return m.sum_y / m.count; }
std::optional<double> CovariancePopulation(const PairMoments& m) { return m.products / m.count; }
std::optional<double> CovarianceSample(const PairMoments& m) {
  if (m.count < 2) return std::nullopt;
  return m.products / (m.count - 1);
}
std::optional<double> Correlation(const PairMoments& m) {
  if (m.squares_x == 0 || m.squares_y == 0) return std::nullopt;
  return m.products / std::sqrt(m.squares_x * m.squares_y);
}
std::optional<double> Determination(const PairMoments& m) {
  if (m.squares_x == 0) return std::nullopt;
  if (m.squares_y == 0) return 1.0;
  return (m.products * m.products) / (m.squares_x * m.squares_y);
}
std::optional<double> Slope(const PairMoments& m) {
  if (m.squares_x == 0) return std::nullopt;
  return m.products / m.squares_x;
}
std::optional<double> Intercept(const PairMoments& m) {
  if (m.squares_x == 0) return std::nullopt;
  return (m.sum_y - m.sum_x * m.products / m.squares_x) / m.count;
}

template <typename S>
AggregateFunction Base() {
  AggregateFunction function;
  function.state_bytes = sizeof(S);
  function.init = InitState<S>;
  return function;
}
template <typename T, Spread kSpread>
AggregateFunction MakeFloat() {
  AggregateFunction function = Base<FloatMoments>();
  function.update = UpdateFixed<FloatSpread, T>;
  function.update_one = UpdateFixedOne<FloatSpread, T>;
  function.combine = FloatSpread::Combine;
  function.finalize = FinalizeEach<FloatResult<kSpread>>;
  function.serialize = SerializeRaw<FloatMoments>;
  function.deserialize = DeserializeRaw<FloatMoments>;
  return function;
}
template <typename T, Spread kSpread>
AggregateFunction MakeExact() {
  AggregateFunction function = Base<ExactMoments>();
  function.update = UpdateExact<T>;
  function.combine = CombineExact;
  function.finalize = FinalizeEach<ExactResult<kSpread>>;
  function.destroy = DestroyExact;
  return function;
}
template <typename F>
AggregateFunction MakePair() {
  AggregateFunction function = Base<PairMoments>();
  function.update = UpdatePairs;
  function.combine = CombinePairs;
  function.finalize = FinalizeEach<F>;
  function.serialize = SerializeRaw<PairMoments>;
  function.deserialize = DeserializeRaw<PairMoments>;
  return function;
}
template <Spread kSpread>
void AddSpread(std::string_view name, std::vector<AggregateEntry>* entries) {
  entries->push_back({name, "21", MakeExact<int16_t, kSpread>()});
  entries->push_back({name, "23", MakeExact<int32_t, kSpread>()});
  entries->push_back({name, "20", MakeExact<int64_t, kSpread>()});
  entries->push_back({name, "1700", MakeExact<Numeric, kSpread>()});
  entries->push_back({name, "700", MakeFloat<float, kSpread>()});
  entries->push_back({name, "701", MakeFloat<double, kSpread>()});
}

std::vector<AggregateEntry> MakeEntries() {
  std::vector<AggregateEntry> entries = {
      {"corr", "*", MakePair<PairFinish<Correlation>>()},
      {"covar_pop", "*", MakePair<PairFinish<CovariancePopulation>>()},
      {"covar_samp", "*", MakePair<PairFinish<CovarianceSample>>()},
      {"regr_avgx", "*", MakePair<PairFinish<AverageX>>()},
      {"regr_avgy", "*", MakePair<PairFinish<AverageY>>()},
      {"regr_count", "*", MakePair<PairCount>()},
      {"regr_intercept", "*", MakePair<PairFinish<Intercept>>()},
      {"regr_r2", "*", MakePair<PairFinish<Determination>>()},
      {"regr_slope", "*", MakePair<PairFinish<Slope>>()},
      {"regr_sxx", "*", MakePair<PairFinish<SquaresX>>()},
      {"regr_sxy", "*", MakePair<PairFinish<Products>>()},
      {"regr_syy", "*", MakePair<PairFinish<SquaresY>>()},
  };
  AddSpread<Spread::kVariancePopulation>("var_pop", &entries);
  AddSpread<Spread::kVarianceSample>("var_samp", &entries);
  AddSpread<Spread::kVarianceSample>("variance", &entries);
  AddSpread<Spread::kDeviationPopulation>("stddev_pop", &entries);
  AddSpread<Spread::kDeviationSample>("stddev_samp", &entries);
  AddSpread<Spread::kDeviationSample>("stddev", &entries);
  return entries;
}

}  // namespace

std::span<const AggregateEntry> StatisticsAggregates() {
  static const std::vector<AggregateEntry>* const entries =
      new std::vector<AggregateEntry>(MakeEntries());
  return *entries;
}

}  // namespace helios::expr
