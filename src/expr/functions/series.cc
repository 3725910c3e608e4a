// generate_series, generate_subscripts, unnest: functions in FROM that give one value a row.

#include "expr/internal/array_values.h"
#include "expr/internal/datetime_call.h"
#include "expr/internal/families.h"

namespace helios::expr {
namespace {

using StateResult = Result<std::unique_ptr<TableFunctionState>>;

Status ZeroStep() {
  return Error(ErrorCode::kInvalidParameterValue).Message("step size cannot equal zero");
}

template <typename T>
class IntegerSeries : public TableFunctionState {
 public:
  IntegerSeries(T from, T to, T step) : next_(from), to_(to), step_(step) {}
  Status Next(Chunk* out) override {
    T* values = out->column(0).Data<T>();
    size_t count = 0;
    while (!done_ && count < kVectorRowsMax) {
      if (step_ > 0 ? next_ > to_ : next_ < to_) break;
      values[count++] = next_;
      // Past the type's range there is nothing more.
      done_ = __builtin_add_overflow(next_, step_, &next_);
    }
    out->SetRowCount(count);
    return Status::Ok();
  }

 private:
  T next_;
  T to_;
  T step_;
  bool done_ = false;
};
template <typename T>
StateResult StartIntegers(EvalContext&, Arguments arguments, size_t row, std::span<const SqlType>) {
  const T step = arguments.size() > 2 ? arguments[2]->At<T>(row) : T{1};
  if (step == 0) return ZeroStep();
  return std::make_unique<IntegerSeries<T>>(arguments[0]->At<T>(row), arguments[1]->At<T>(row),
                                            step);
}

class NumericSeries : public TableFunctionState {
 public:
  NumericSeries(Numeric from, Numeric to, Numeric step)
      : next_(std::move(from)), to_(std::move(to)), step_(std::move(step)) {}
  Status Next(Chunk* out) override {
    size_t count = 0;
    while (count < kVectorRowsMax) {
      const int order = Numeric::Compare(next_, to_);
      if (step_.Sign() > 0 ? order > 0 : order < 0) break;
      out->column(0).SetString(count++, next_.Encode());
      HELIOS_TRY(next_, Numeric::Add(next_, step_));
    }
    out->SetRowCount(count);
    return Status::Ok();
  }

 private:
  Numeric next_;
  Numeric to_;
  Numeric step_;
};
StateResult StartNumerics(EvalContext&, Arguments arguments, size_t row, std::span<const SqlType>) {
  Numeric values[3] = {Numeric(), Numeric(), Numeric::FromInt64(1)};
  static constexpr const char* kNames[] = {"start", "stop", "step"};
  static constexpr const char* kSizes[] = {"value", "value", "size"};
  for (size_t i = 0; i < arguments.size(); ++i) {
    values[i] = Numeric::Decode(arguments[i]->View(row));
    if (values[i].is_finite()) continue;
    return Error(ErrorCode::kInvalidParameterValue)
        .Message("{} {} cannot be {}", kNames[i], kSizes[i],
                 values[i].is_nan() ? "NaN" : "infinity");
  }
  if (values[2].is_zero()) return ZeroStep();
  return std::make_unique<NumericSeries>(values[0], values[1], values[2]);
}

class TimestampSeries : public TableFunctionState {
 public:
  TimestampSeries(int64_t from, int64_t to, const Interval& step, const TimeZone* zone)
      : next_(from), to_(to), step_(step), zone_(zone), ascending_(IntervalSpan(step) > 0) {}
  Status Next(Chunk* out) override {
    int64_t* values = out->column(0).Data<int64_t>();
    size_t count = 0;
    while (count < kVectorRowsMax && (ascending_ ? next_ <= to_ : next_ >= to_)) {
      values[count++] = next_;
      HELIOS_TRY(next_, zone_ == nullptr ? AddInterval(next_, step_)
                                         : AddIntervalZoned(next_, step_, *zone_));
    }
    out->SetRowCount(count);
    return Status::Ok();
  }

 private:
  int64_t next_;
  int64_t to_;
  Interval step_;
  const TimeZone* zone_;  // Null for timestamp without time zone.
  bool ascending_;
};
template <bool kZoned>
StateResult StartTimestamps(EvalContext& context, Arguments arguments, size_t row,
                            std::span<const SqlType>) {
  const Interval step = arguments[2]->At<Interval>(row);
  if (IntervalSpan(step) == 0) return ZeroStep();
  const TimeZone* zone = context.text_format.zone;
  if (zone == nullptr) zone = &TimeZone::Utc();
  return std::make_unique<TimestampSeries>(arguments[0]->At<int64_t>(row),
                                           arguments[1]->At<int64_t>(row), step,
                                           kZoned ? zone : nullptr);
}

StateResult StartSubscripts(EvalContext&, Arguments arguments, size_t row,
                            std::span<const SqlType>) {
  const ArrayReader array(arguments[0]->View(row));
  const int32_t dimension = arguments[1]->At<int32_t>(row);
  const bool reverse = arguments.size() > 2 && arguments[2]->At<uint8_t>(row) != 0;
  if (dimension < 1 || dimension > array.dimension_count()) {
    return std::make_unique<IntegerSeries<int32_t>>(1, 0, 1);
  }
  const int32_t first = array.lower_bound(dimension - 1);
  const int32_t last = first + array.dimension(dimension - 1) - 1;
  if (reverse) return std::make_unique<IntegerSeries<int32_t>>(last, first, -1);
  return std::make_unique<IntegerSeries<int32_t>>(first, last, 1);
}

// Keeps a copy of the array: the argument's vector may be gone when later rows are asked for.
class Unnest : public TableFunctionState {
 public:
  explicit Unnest(std::string_view bytes) : bytes_(bytes), array_(bytes_) {}
  Status Next(Chunk* out) override {
    size_t count = 0;
    while (count < kVectorRowsMax && next_ < array_.size()) {
      array_.Load(next_++, &out->column(0), count++);
    }
    out->SetRowCount(count);
    return Status::Ok();
  }

 private:
  const std::string bytes_;
  const ArrayReader array_;
  uint32_t next_ = 0;
};
StateResult StartUnnest(EvalContext&, Arguments arguments, size_t row, std::span<const SqlType>) {
  return std::make_unique<Unnest>(arguments[0]->View(row));
}

// information_schema._pg_expandarray(): each element with its position from 1.
class ExpandArray : public TableFunctionState {
 public:
  explicit ExpandArray(std::string_view bytes) : bytes_(bytes), array_(bytes_) {}
  Status Next(Chunk* out) override {
    size_t count = 0;
    while (count < kVectorRowsMax && next_ < array_.size()) {
      out->column(1).Set<int32_t>(count, static_cast<int32_t>(next_) + 1);
      array_.Load(next_++, &out->column(0), count++);
    }
    out->SetRowCount(count);
    return Status::Ok();
  }

 private:
  const std::string bytes_;
  const ArrayReader array_;
  uint32_t next_ = 0;
};
StateResult StartExpandArray(EvalContext&, Arguments arguments, size_t row,
                             std::span<const SqlType>) {
  return std::make_unique<ExpandArray>(arguments[0]->View(row));
}

// Tables have no partitions: a table that is none has neither ancestors nor a tree.
StateResult StartNoPartitions(EvalContext&, Arguments, size_t, std::span<const SqlType>) {
  return std::make_unique<IntegerSeries<int32_t>>(1, 0, 1);
}

constexpr TableKernelEntry kKernels[] = {
    {"generate_series_int4", StartIntegers<int32_t>},
    {"generate_series_step_int4", StartIntegers<int32_t>},
    {"generate_series_int8", StartIntegers<int64_t>},
    {"generate_series_step_int8", StartIntegers<int64_t>},
    {"generate_series_numeric", StartNumerics},
    {"generate_series_step_numeric", StartNumerics},
    {"generate_series_timestamp", StartTimestamps<false>},
    {"generate_series_timestamptz", StartTimestamps<true>},
    {"generate_subscripts", StartSubscripts},
    {"generate_subscripts_nodir", StartSubscripts},
    {"array_unnest", StartUnnest},
    {"_pg_expandarray", StartExpandArray},
    {"pg_partition_ancestors", StartNoPartitions},
    {"pg_partition_tree", StartNoPartitions},
};

}  // namespace

std::span<const TableKernelEntry> SeriesFunctions() { return kKernels; }

}  // namespace helios::expr
