// WITHIN GROUP: percentile_cont, percentile_disc, mode, and the ranks of a hypothetical row. Rows
// reach the states in the order that WITHIN GROUP asks for.

#include <cmath>

#include "expr/internal/aggregate.h"
#include "expr/internal/array_values.h"
#include "expr/internal/families.h"
#include "types/array.h"
#include "types/datetime.h"

namespace helios::expr {
namespace {

// The sorted values of one group, NULLs left out, and the direct argument as it was first seen.
struct SortedState {
  struct Values {
    std::string bytes;               // Fixed-width values one after another.
    std::vector<std::string> texts;  // Variable-width values.
    PhysicalType physical = PhysicalType::kInt32;
    size_t count = 0;
    bool has_fraction = false;
    double fraction = 0;
    bool has_fractions = false;
    std::string fractions;  // A float8[].
  };
  Values* values = nullptr;
};
void DestroySorted(uint8_t* state) { delete StateOf<SortedState>(state).values; }

Status UpdateSorted(AggregateCall&, Arguments arguments, size_t row_count, uint8_t* const* states) {
  const Vector& fraction = *arguments[0];
  const Vector& sorted = *arguments[1];
  const size_t width = PhysicalWidth(sorted.physical());
  for (size_t row = 0; row < row_count; ++row) {
    SortedState& state = StateOf<SortedState>(states[row]);
    if (state.values == nullptr) {
      state.values = new SortedState::Values();
      state.values->physical = sorted.physical();
      if (!fraction.IsNull(row)) {
        if (fraction.physical() == PhysicalType::kVarlen) {
          state.values->has_fractions = true;
          state.values->fractions = fraction.View(row);
        } else {
          state.values->has_fraction = true;
          state.values->fraction = fraction.At<double>(row);
        }
      }
    }
    if (sorted.IsNull(row)) continue;
    ++state.values->count;
    if (sorted.physical() == PhysicalType::kVarlen) {
      state.values->texts.emplace_back(sorted.View(row));
    } else {
      state.values->bytes.append(sorted.RawData() + sorted.Position(row) * width, width);
    }
  }
  return Status::Ok();
}

Status CheckFraction(double fraction) {
  if (fraction >= 0 && fraction <= 1) return Status::Ok();
  return Error(ErrorCode::kNumericOutOfRange)
      .Message("percentile value {} is not between 0 and 1", fraction);
}
void StoreValue(const SortedState::Values& values, size_t index, Vector* out, size_t row) {
  if (values.physical == PhysicalType::kVarlen) {
    out->SetString(row, values.texts[index]);
    return;
  }
  const size_t width = PhysicalWidth(values.physical);
  std::memcpy(out->RawData() + row * width, values.bytes.data() + index * width, width);
  out->validity().SetValid(row);
}
// The first value at which `fraction` of the rows has passed.
size_t DiscreteIndex(double fraction, size_t count) {
  const auto rank = static_cast<size_t>(std::ceil(fraction * static_cast<double>(count)));
  return rank == 0 ? 0 : rank - 1;
}

template <typename T>
Result<T> Interpolate(const T& low, const T& high, double part);
template <>
Result<double> Interpolate(const double& low, const double& high, double part) {
  return low + part * (high - low);
}
template <>
Result<Interval> Interpolate(const Interval& low, const Interval& high, double part) {
  HELIOS_TRY(const Interval difference, SubtractIntervals(high, low));
  HELIOS_TRY(const Interval share, MultiplyInterval(difference, part));
  return AddIntervals(low, share);
}
template <typename T>
T ValueAt(const SortedState::Values& values, size_t index) {
  T value;
  std::memcpy(&value, values.bytes.data() + index * sizeof(T), sizeof(T));
  return value;
}
template <typename T>
Result<T> Continuous(const SortedState::Values& values, double fraction) {
  const double position = fraction * static_cast<double>(values.count - 1);
  const auto first = static_cast<size_t>(std::floor(position));
  const auto second = static_cast<size_t>(std::ceil(position));
  if (first == second) return ValueAt<T>(values, first);
  return Interpolate<T>(ValueAt<T>(values, first), ValueAt<T>(values, second),
                        position - static_cast<double>(first));
}

// Results in the shape of the array of fractions.
std::string FinishAs(const ArrayReader& shape, const ArrayBuilder& results) {
  if (shape.dimension_count() == 0) return results.Finish();
  return results.Finish(DimensionsOf(shape), LowerBoundsOf(shape));
}

template <typename T>
Status FinalizeContinuous(AggregateCall&, uint8_t* const* states, size_t count, Vector* out,
                          size_t first_row) {
  for (size_t i = 0; i < count; ++i) {
    const SortedState::Values* values = StateOf<SortedState>(states[i]).values;
    const size_t row = first_row + i;
    out->SetNull(row);
    if (values == nullptr || (!values->has_fraction && !values->has_fractions)) continue;
    if (values->has_fraction) {
      HELIOS_TRY(CheckFraction(values->fraction));
      if (values->count == 0) continue;
      HELIOS_TRY(const T value, Continuous<T>(*values, values->fraction));
      out->Set<T>(row, value);
      continue;
    }
    if (values->count == 0) continue;
    const ArrayReader fractions(values->fractions);
    ArrayBuilder builder(sizeof(T) == 8 ? type_oid::kFloat8 : type_oid::kInterval);
    for (uint32_t k = 0; k < fractions.size(); ++k) {
      if (fractions.IsNull(k)) {
        builder.AddNull();
        continue;
      }
      HELIOS_TRY(CheckFraction(fractions.Fixed<double>(k)));
      HELIOS_TRY(const T value, Continuous<T>(*values, fractions.Fixed<double>(k)));
      builder.AddFixed<T>(value);
    }
    out->SetString(row, FinishAs(fractions, builder));
  }
  return Status::Ok();
}

Status FinalizeDiscrete(AggregateCall& call, uint8_t* const* states, size_t count, Vector* out,
                        size_t first_row) {
  for (size_t i = 0; i < count; ++i) {
    const SortedState::Values* values = StateOf<SortedState>(states[i]).values;
    const size_t row = first_row + i;
    out->SetNull(row);
    if (values == nullptr || (!values->has_fraction && !values->has_fractions)) continue;
    if (values->has_fraction) {
      HELIOS_TRY(CheckFraction(values->fraction));
      if (values->count == 0) continue;
      StoreValue(*values, DiscreteIndex(values->fraction, values->count), out, row);
      continue;
    }
    if (values->count == 0) continue;
    const ArrayReader fractions(values->fractions);
    const Oid element = ElementTypeOf(call.result_type.oid, call.context.text_format.lookup);
    ArrayBuilder builder(element, values->physical);
    Vector value({element}, values->physical);
    for (uint32_t k = 0; k < fractions.size(); ++k) {
      if (fractions.IsNull(k)) {
        builder.AddNull();
        continue;
      }
      HELIOS_TRY(CheckFraction(fractions.Fixed<double>(k)));
      StoreValue(*values, DiscreteIndex(fractions.Fixed<double>(k), values->count), &value, 0);
      builder.AddFrom(value, 0);
    }
    out->SetString(row, FinishAs(fractions, builder));
  }
  return Status::Ok();
}

AggregateFunction MakePercentile(decltype(AggregateFunction::finalize) finalize) {
  AggregateFunction function;
  function.ignores_nulls = false;
  function.order_matters = true;
  function.state_bytes = sizeof(SortedState);
  function.init = InitState<SortedState>;
  function.update = UpdateSorted;
  function.finalize = finalize;
  function.destroy = DestroySorted;
  return function;
}

// --- mode: the longest run of equal values, the first of them if there are several ---

struct ModeState {
  struct Runs {
    PhysicalType physical = PhysicalType::kInt32;
    std::string best;
    std::string current;
    int64_t best_count = 0;
    int64_t current_count = 0;
  };
  Runs* runs = nullptr;
};
void DestroyMode(uint8_t* state) { delete StateOf<ModeState>(state).runs; }
std::string BytesOf(const Vector& vector, size_t row) {
  if (vector.physical() == PhysicalType::kVarlen) return std::string(vector.View(row));
  const size_t width = PhysicalWidth(vector.physical());
  return std::string(vector.RawData() + vector.Position(row) * width, width);
}
bool SameBytesEqual(const std::string& bytes, const Vector& vector, size_t row,
                    EqualFunction equal) {
  const char* value = vector.RawData() + vector.Position(row) * PhysicalWidth(vector.physical());
  if (vector.physical() != PhysicalType::kVarlen) return equal(bytes.data(), value);
  const StringRef kept(bytes);
  return equal(&kept, value);
}
Status UpdateMode(AggregateCall&, Arguments arguments, size_t row_count, uint8_t* const* states) {
  const Vector& values = *arguments[0];
  const EqualFunction equal = EqualFunctionOf(values.type().oid, values.physical());
  if (equal == nullptr) {
    return Error(ErrorCode::kUndefinedFunction)
        .Message("could not identify an equality operator for this type");
  }
  for (size_t row = 0; row < row_count; ++row) {
    ModeState& state = StateOf<ModeState>(states[row]);
    if (state.runs == nullptr) state.runs = new ModeState::Runs();
    ModeState::Runs& runs = *state.runs;
    runs.physical = values.physical();
    if (runs.current_count > 0 && SameBytesEqual(runs.current, values, row, equal)) {
      ++runs.current_count;
    } else {
      runs.current = BytesOf(values, row);
      runs.current_count = 1;
    }
    if (runs.current_count > runs.best_count) {
      runs.best = runs.current;
      runs.best_count = runs.current_count;
    }
  }
  return Status::Ok();
}
Status FinalizeMode(AggregateCall&, uint8_t* const* states, size_t count, Vector* out,
                    size_t first_row) {
  for (size_t i = 0; i < count; ++i) {
    const ModeState::Runs* runs = StateOf<ModeState>(states[i]).runs;
    const size_t row = first_row + i;
    if (runs == nullptr) {
      out->SetNull(row);
    } else if (runs->physical == PhysicalType::kVarlen) {
      out->SetString(row, runs->best);
    } else {
      std::memcpy(out->RawData() + row * runs->best.size(), runs->best.data(), runs->best.size());
      out->validity().SetValid(row);
    }
  }
  return Status::Ok();
}

// --- ranks of a row that is not there ---

struct RankState {
  struct Seen {
    int64_t before = 0;    // Rows that sort before the hypothetical one.
    int64_t peers = 0;     // Rows equal to it.
    int64_t distinct = 0;  // Distinct rows before it.
    int64_t total = 0;
    std::vector<std::string> previous;  // The last row counted in `distinct`.
    std::vector<bool> previous_nulls;
  };
  Seen* seen = nullptr;
};
void DestroyRank(uint8_t* state) { delete StateOf<RankState>(state).seen; }
Status UpdateRank(AggregateCall& call, Arguments arguments, size_t row_count,
                  uint8_t* const* states) {
  const size_t key_count = arguments.size() / 2;
  for (size_t row = 0; row < row_count; ++row) {
    RankState& state = StateOf<RankState>(states[row]);
    if (state.seen == nullptr) state.seen = new RankState::Seen();
    RankState::Seen& seen = *state.seen;
    ++seen.total;
    int order = 0;
    for (size_t k = 0; k < key_count && order == 0; ++k) {
      const SortOrder sort = k < call.sort_orders.size() ? call.sort_orders[k] : SortOrder{};
      order = CompareRowsForSort(*arguments[key_count + k], row, *arguments[k], row, sort);
    }
    if (order == 0) ++seen.peers;
    if (order >= 0) continue;
    ++seen.before;
    std::vector<std::string> key(key_count);
    std::vector<bool> nulls(key_count);
    for (size_t k = 0; k < key_count; ++k) {
      nulls[k] = arguments[key_count + k]->IsNull(row);
      if (!nulls[k]) key[k] = BytesOf(*arguments[key_count + k], row);
    }
    if (seen.distinct == 0 || key != seen.previous || nulls != seen.previous_nulls) {
      ++seen.distinct;
      seen.previous = std::move(key);
      seen.previous_nulls = std::move(nulls);
    }
  }
  return Status::Ok();
}
struct Rank {
  using State = RankState;
  static int64_t Finish(AggregateCall&, const State& state) {
    return state.seen == nullptr ? 1 : state.seen->before + 1;
  }
};
struct DenseRank {
  using State = RankState;
  static int64_t Finish(AggregateCall&, const State& state) {
    return state.seen == nullptr ? 1 : state.seen->distinct + 1;
  }
};
struct PercentRank {
  using State = RankState;
  static double Finish(AggregateCall&, const State& state) {
    if (state.seen == nullptr || state.seen->total == 0) return 0;
    return static_cast<double>(state.seen->before) / static_cast<double>(state.seen->total);
  }
};
struct CumeDist {
  using State = RankState;
  static double Finish(AggregateCall&, const State& state) {
    if (state.seen == nullptr) return 1;
    return static_cast<double>(state.seen->before + state.seen->peers + 1) /
           static_cast<double>(state.seen->total + 1);
  }
};
template <typename F>
AggregateFunction MakeRank() {
  AggregateFunction function;
  function.ignores_nulls = false;
  function.order_matters = true;
  function.state_bytes = sizeof(RankState);
  function.init = InitState<RankState>;
  function.update = UpdateRank;
  function.finalize = FinalizeEach<F>;
  function.destroy = DestroyRank;
  return function;
}
AggregateFunction MakeMode() {
  AggregateFunction function;
  function.order_matters = true;
  function.state_bytes = sizeof(ModeState);
  function.init = InitState<ModeState>;
  function.update = UpdateMode;
  function.finalize = FinalizeMode;
  function.destroy = DestroyMode;
  return function;
}

}  // namespace

std::span<const AggregateEntry> OrderedSetAggregates() {
  static const std::vector<AggregateEntry>* const entries = new std::vector<AggregateEntry>{
      {"percentile_cont", "701 701", MakePercentile(FinalizeContinuous<double>)},
      {"percentile_cont", "1022 701", MakePercentile(FinalizeContinuous<double>)},
      {"percentile_cont", "701 1186", MakePercentile(FinalizeContinuous<Interval>)},
      {"percentile_cont", "1022 1186", MakePercentile(FinalizeContinuous<Interval>)},
      {"percentile_disc", "*", MakePercentile(FinalizeDiscrete)},
      {"mode", "*", MakeMode()},
      {"rank", "*", MakeRank<Rank>()},
      {"dense_rank", "*", MakeRank<DenseRank>()},
      {"percent_rank", "*", MakeRank<PercentRank>()},
      {"cume_dist", "*", MakeRank<CumeDist>()},
  };
  return *entries;
}

}  // namespace helios::expr
