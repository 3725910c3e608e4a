#include <algorithm>
#include <numeric>

#include "exec/internal/group_table.h"
#include "exec/internal/window.h"
#include "types/compare.h"
#include "types/datetime.h"

namespace helios::exec {

FrameFinder::FrameFinder(QueryState& query, const plan::WindowNode& node,
                         const plan::WindowNode::Call& call, const WindowShape& shape)
    : query_(query), node_(node), shape_(shape), frame_(call.frame) {}

Result<int64_t> FrameFinder::RowOffset(const expr::ExprPtr& expression, const char* which) {
  HELIOS_TRY(Value value, expr::EvaluateConstant(*expression, query_.eval));
  if (value.is_null()) {
    return Error(ErrorCode::kNullNotAllowed).Message("frame {} offset must not be null", which);
  }
  const int64_t offset = value.As<int64_t>();
  if (offset < 0) {
    return Error(ErrorCode::kInvalidPrecedingOrFollowingSize)
        .Message("frame {} offset must not be negative", which);
  }
  return offset;
}

Status FrameFinder::Open() {
  const auto needs_offset = [](Bound bound) {
    return bound == Bound::kPreceding || bound == Bound::kFollowing;
  };
  if (frame_.mode == Mode::kRange) {
    if (needs_offset(frame_.start)) {
      HELIOS_TRY(start_value_, expr::EvaluateConstant(*frame_.start_offset, query_.eval));
      if (start_value_.is_null()) {
        return Error(ErrorCode::kNullNotAllowed).Message("frame starting offset must not be null");
      }
    }
    if (needs_offset(frame_.end)) {
      HELIOS_TRY(end_value_, expr::EvaluateConstant(*frame_.end_offset, query_.eval));
      if (end_value_.is_null()) {
        return Error(ErrorCode::kNullNotAllowed).Message("frame ending offset must not be null");
      }
    }
    return Status::Ok();
  }
  if (needs_offset(frame_.start)) {
    HELIOS_TRY(start_rows_, RowOffset(frame_.start_offset, "starting"));
  }
  if (needs_offset(frame_.end)) {
    HELIOS_TRY(end_rows_, RowOffset(frame_.end_offset, "ending"));
  }
  return Status::Ok();
}

Status FrameFinder::StartPartition(const WindowBatch& batch, size_t begin, size_t end) {
  batch_ = &batch;
  begin_ = begin;
  end_ = end;
  group_starts_.clear();
  if (frame_.mode == Mode::kGroups) {
    for (size_t row = begin; row < end; row = batch.peer_end[row]) group_starts_.push_back(row);
    group_starts_.push_back(end);
  }
  if (frame_.mode == Mode::kRange) {
    const auto has_offset = [](Bound bound) {
      return bound == Bound::kPreceding || bound == Bound::kFollowing;
    };
    if (has_offset(frame_.start)) {
      HELIOS_TRY(RangeBounds(frame_.start, start_value_, true, &range_start_));
    }
    if (has_offset(frame_.end)) {
      HELIOS_TRY(RangeBounds(frame_.end, end_value_, false, &range_end_));
    }
  }
  return Status::Ok();
}

namespace {

// Order keys and bounds may differ in type (a date's bound is a timestamp): both as one of these.
struct Comparable {
  enum class Kind : uint8_t { kInteger, kFloat, kOther } kind;
  int64_t integer = 0;
  double real = 0;
  const char* raw = nullptr;
};

Comparable MakeComparable(SqlType type, PhysicalType physical, bool date_as_timestamp,
                          const char* raw) {
  switch (physical) {
    case PhysicalType::kInt16: {
      int16_t value;
      std::memcpy(&value, raw, sizeof(value));
      return {Comparable::Kind::kInteger, value};
    }
    case PhysicalType::kInt32: {
      int32_t value;
      std::memcpy(&value, raw, sizeof(value));
      if (type.oid == type_oid::kDate && date_as_timestamp) {
        if (value == kDateInfinity) return {Comparable::Kind::kInteger, kTimestampInfinity};
        if (value == kDateNegativeInfinity) {
          return {Comparable::Kind::kInteger, kTimestampNegativeInfinity};
        }
        return {Comparable::Kind::kInteger, value * kMicrosPerDay};
      }
      return {Comparable::Kind::kInteger, value};
    }
    case PhysicalType::kInt64: {
      int64_t value;
      std::memcpy(&value, raw, sizeof(value));
      return {Comparable::Kind::kInteger, value};
    }
    case PhysicalType::kFloat32: {
      float value;
      std::memcpy(&value, raw, sizeof(value));
      return {Comparable::Kind::kFloat, 0, static_cast<double>(value)};
    }
    case PhysicalType::kFloat64: {
      double value;
      std::memcpy(&value, raw, sizeof(value));
      return {Comparable::Kind::kFloat, 0, value};
    }
    default:
      return {Comparable::Kind::kOther, 0, 0, raw};
  }
}

}  // namespace

Status FrameFinder::RangeBounds(Bound bound, const Value& offset, bool is_start,
                                std::vector<size_t>* out) {
  const size_t rows = end_ - begin_;
  out->assign(rows, 0);
  const uint32_t column = shape_.first_order_key;
  const plan::SortKey& order = node_.order_by[0];
  const SqlType key_type = shape_.types[column];
  const PhysicalType key_physical = shape_.physicals[column];
  const bool subtracts = (bound == Bound::kPreceding) != order.descending;
  const expr::ScalarFunction* function = subtracts ? frame_.minus : frame_.plus;
  HELIOS_CHECK(function != nullptr);
  expr::FunctionExpr call(function, {function->result});
  call.children.push_back(std::make_unique<expr::ColumnExpr>(0, key_type));
  call.children.push_back(std::make_unique<expr::ColumnExpr>(1, offset.type()));
  expr::Evaluator evaluator(call, query_.eval);
  const PhysicalType bound_physical = PhysicalTypeOf(function->result);
  const bool as_timestamp = function->result != type_oid::kDate;
  const CompareFunction compare = CompareFunctionOf(key_type.oid, key_physical);
  const auto order_of = [&](const Comparable& a, const Comparable& b) {
    int result;
    switch (a.kind) {
      case Comparable::Kind::kInteger:
        result = a.integer < b.integer ? -1 : (a.integer > b.integer ? 1 : 0);
        break;
      case Comparable::Kind::kFloat: {
        const double x = a.real;
        const double y = b.real;
        const bool x_nan = x != x;
        const bool y_nan = y != y;
        result = x_nan || y_nan ? static_cast<int>(x_nan) - static_cast<int>(y_nan)
                                : (x < y ? -1 : (x > y ? 1 : 0));
        break;
      }
      default:
        result = compare(a.raw, b.raw);
    }
    return order.descending ? -result : result;
  };
  // Rows with a NULL key lie at one end; their frames are themselves.
  size_t first = begin_;
  size_t last = end_;
  while (first < last && batch_->ValueAt(first, column) == nullptr) ++first;
  while (last > first && batch_->ValueAt(last - 1, column) == nullptr) --last;
  for (size_t row = begin_; row < end_; ++row) {
    if (row >= first && row < last) continue;
    (*out)[row - begin_] = is_start ? batch_->peer_start[row] : batch_->peer_end[row];
  }
  for (size_t part = first; part < last; part += kVectorRowsMax) {
    const size_t count = std::min(kVectorRowsMax, last - part);
    Chunk input;
    input.AddColumn(batch_->Gather(column, part, count));
    input.AddColumn(offset.ToConstant());
    input.SetRowCount(count);
    Vector bounds;
    HELIOS_TRY(evaluator.Evaluate(input, &bounds));
    for (size_t i = 0; i < count; ++i) {
      const size_t row = part + i;
      const char* raw = bounds.RawData() + bounds.Position(i) * PhysicalWidth(bound_physical);
      const Comparable limit =
          MakeComparable({function->result}, bound_physical, as_timestamp, raw);
      const Comparable own =
          MakeComparable(key_type, key_physical, as_timestamp, batch_->ValueAt(row, column));
      const int side = order_of(limit, own);
      if ((bound == Bound::kPreceding && side > 0) || (bound == Bound::kFollowing && side < 0)) {
        return Error(ErrorCode::kInvalidPrecedingOrFollowingSize)
            .Message("invalid preceding or following size in window function");
      }
      size_t low = first;
      size_t high = last;
      while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const Comparable key =
            MakeComparable(key_type, key_physical, as_timestamp, batch_->ValueAt(middle, column));
        const int sign = order_of(key, limit);
        if (is_start ? sign < 0 : sign <= 0) {
          low = middle + 1;
        } else {
          high = middle;
        }
      }
      (*out)[row - begin_] = low;
    }
  }
  return Status::Ok();
}

size_t FrameFinder::RowsBound(size_t row, Bound bound, int64_t offset, bool is_start) const {
  const size_t extra = is_start ? 0 : 1;
  const auto steps = static_cast<uint64_t>(offset);
  switch (bound) {
    case Bound::kUnboundedPreceding:
      return begin_;
    case Bound::kUnboundedFollowing:
      return end_;
    case Bound::kCurrentRow:
      return row + extra;
    case Bound::kPreceding: {
      const size_t before = row - begin_;
      // One row before the partition: an empty frame for an end bound.
      if (steps > before) return begin_;
      return row - steps + extra;
    }
    case Bound::kFollowing:
      return steps >= end_ - row ? end_ : std::min(row + steps + extra, end_);
  }
  return row;
}

size_t FrameFinder::GroupsBound(size_t row, Bound bound, int64_t offset, bool is_start) const {
  const size_t groups = group_starts_.size() - 1;
  const size_t own = batch_->group[row];
  const auto steps = static_cast<uint64_t>(offset);
  const auto edge = [&](size_t group) {
    return is_start ? group_starts_[group] : group_starts_[group + 1];
  };
  switch (bound) {
    case Bound::kUnboundedPreceding:
      return begin_;
    case Bound::kUnboundedFollowing:
      return end_;
    case Bound::kCurrentRow:
      return edge(own);
    case Bound::kPreceding:
      return steps > own ? begin_ : edge(own - steps);
    case Bound::kFollowing:
      return steps >= groups - own ? end_ : edge(own + steps);
  }
  return row;
}

FrameRows::Range FrameFinder::Bounds(size_t row) const {
  FrameRows::Range range{begin_, end_};
  switch (frame_.mode) {
    case Mode::kRows:
      range.begin = RowsBound(row, frame_.start, start_rows_, true);
      range.end = RowsBound(row, frame_.end, end_rows_, false);
      break;
    case Mode::kGroups:
      range.begin = GroupsBound(row, frame_.start, start_rows_, true);
      range.end = GroupsBound(row, frame_.end, end_rows_, false);
      break;
    case Mode::kRange:
      if (frame_.start == Bound::kCurrentRow) {
        range.begin = batch_->peer_start[row];
      } else if (frame_.start != Bound::kUnboundedPreceding) {
        range.begin = range_start_[row - begin_];
      }
      if (frame_.end == Bound::kCurrentRow) {
        range.end = batch_->peer_end[row];
      } else if (frame_.end != Bound::kUnboundedFollowing) {
        range.end = range_end_[row - begin_];
      }
      break;
  }
  range.end = std::max(range.begin, range.end);
  return range;
}

FrameRows FrameFinder::Find(size_t row) const {
  using Exclude = plan::WindowFrame::Exclude;
  const FrameRows::Range all = Bounds(row);
  FrameRows frame;
  const auto add_without = [&](size_t from, size_t to) {
    frame.Add(all.begin, std::min(all.end, from));
    frame.Add(std::max(all.begin, to), all.end);
  };
  switch (frame_.exclude) {
    case Exclude::kNone:
      frame.Add(all.begin, all.end);
      break;
    case Exclude::kCurrentRow:
      add_without(row, row + 1);
      break;
    case Exclude::kGroup:
      add_without(batch_->peer_start[row], batch_->peer_end[row]);
      break;
    case Exclude::kTies:
      frame.Add(all.begin, std::min<size_t>(all.end, batch_->peer_start[row]));
      if (row >= all.begin && row < all.end) frame.Add(row, row + 1);
      frame.Add(std::max<size_t>(all.begin, batch_->peer_end[row]), all.end);
      break;
  }
  return frame;
}

namespace {

// Frames of a sliding aggregate are put together from states of aligned runs of rows: level 0 has
// one state for each kFanout rows, level n one for each kFanout of the level below.
constexpr size_t kFanout = 16;

class FrameAggregator {
 public:
  FrameAggregator(QueryState& query, const plan::WindowNode::Call& call,
                  const WindowShape::Call& shape, const WindowBatch& batch, size_t begin,
                  size_t end)
      : query_(query),
        function_(*call.aggregate),
        shape_(shape),
        batch_(batch),
        begin_(begin),
        end_(end),
        type_(call.type),
        state_((function_.state_bytes + 7) / 8 + 1),
        reservation_(query.memory()) {
    for (size_t first = begin; first < end; first += kVectorRowsMax) {
      const size_t count = std::min(kVectorRowsMax, end - first);
      Part part;
      for (uint32_t a = 0; a < shape.argument_count; ++a) {
        part.arguments.push_back(batch.Gather(shape.first_argument + a, first, count));
      }
      parts_.push_back(std::move(part));
    }
  }

  ~FrameAggregator() {
    if (live_ && function_.destroy != nullptr) function_.destroy(State());
    if (function_.destroy == nullptr) return;
    for (std::vector<uint64_t>& level : levels_) {
      const size_t words = StateWords();
      for (size_t at = 0; at < level.size(); at += words) {
        function_.destroy(reinterpret_cast<uint8_t*>(level.data() + at));
      }
    }
  }

  void Restart() {
    if (live_ && function_.destroy != nullptr) function_.destroy(State());
    if (function_.init != nullptr) function_.init(State());
    live_ = true;
  }

  Status Add(size_t first, size_t last) { return AddTo(State(), first, last); }

  Status Finalize(size_t row, WindowResult* out) {
    uint8_t* states[1] = {State()};
    expr::AggregateCall call = Call();
    return function_.finalize(call, states, 1, &out->VectorOf(row), WindowResult::RowIn(row));
  }

  // --- segment tree
  Status BuildTree() {
    size_t count = (end_ - begin_ + kFanout - 1) / kFanout;
    const size_t words = StateWords();
    for (size_t level = 0; count > 1; ++level) {
      HELIOS_TRY(reservation_.Resize(reservation_.bytes() + count * words * 8));
      levels_.emplace_back();
      std::vector<uint64_t>& states = levels_.back();
      states.resize(count * words);
      for (size_t i = 0; i < count; ++i) {
        auto* state = reinterpret_cast<uint8_t*>(states.data() + i * words);
        if (function_.init != nullptr) function_.init(state);
      }
      for (size_t i = 0; i < count; ++i) {
        auto* state = reinterpret_cast<uint8_t*>(states.data() + i * words);
        if (level == 0) {
          const size_t first = begin_ + i * kFanout;
          HELIOS_TRY(AddTo(state, first, std::min(first + kFanout, end_)));
          continue;
        }
        const size_t below = levels_[level - 1].size() / words;
        for (size_t k = i * kFanout; k < std::min((i + 1) * kFanout, below); ++k) {
          HELIOS_TRY(Combine(level - 1, k, state));
        }
      }
      count = (count + kFanout - 1) / kFanout;
    }
    return Status::Ok();
  }

  // Adds rows [first, last) with as few steps as the tree allows.
  Status AddByTree(size_t first, size_t last) {
    size_t low = first - begin_;
    size_t high = last - begin_;
    // Rows up to the first boundary, and from the last one on.
    const size_t low_edge = (low + kFanout - 1) / kFanout;
    const size_t high_edge = high / kFanout;
    if (levels_.empty() || low_edge >= high_edge) return Add(first, last);
    HELIOS_TRY(Add(first, begin_ + low_edge * kFanout));
    HELIOS_TRY(Add(begin_ + high_edge * kFanout, last));
    low = low_edge;
    high = high_edge;
    for (size_t level = 0; low < high; ++level) {
      const bool top = level + 1 >= levels_.size();
      const size_t next_low = (low + kFanout - 1) / kFanout;
      const size_t next_high = high / kFanout;
      if (top || next_low >= next_high) {
        for (size_t i = low; i < high; ++i) HELIOS_TRY(Combine(level, i, State()));
        return Status::Ok();
      }
      for (size_t i = low; i < next_low * kFanout; ++i) HELIOS_TRY(Combine(level, i, State()));
      for (size_t i = next_high * kFanout; i < high; ++i) HELIOS_TRY(Combine(level, i, State()));
      low = next_low;
      high = next_high;
    }
    return Status::Ok();
  }

 private:
  struct Part {
    std::vector<Vector> arguments;
  };

  size_t StateWords() const { return std::max<size_t>((function_.state_bytes + 7) / 8, 1); }
  uint8_t* State() { return reinterpret_cast<uint8_t*>(state_.data()); }
  expr::AggregateCall Call() { return {query_.eval, shape_.argument_types, type_, arena_}; }

  Status Combine(size_t level, size_t index, uint8_t* to) {
    expr::AggregateCall call = Call();
    return function_.combine(
        call, reinterpret_cast<uint8_t*>(levels_[level].data() + index * StateWords()), to);
  }

  // Whether a row counts: FILTER, and NULL arguments of strict functions.
  bool Counts(size_t row) const {
    if (shape_.filter >= 0) {
      const char* passes = batch_.ValueAt(row, static_cast<uint32_t>(shape_.filter));
      if (passes == nullptr || *passes == 0) return false;
    }
    if (!function_.ignores_nulls) return true;
    for (uint32_t a = 0; a < shape_.argument_count; ++a) {
      if (batch_.ValueAt(row, shape_.first_argument + a) == nullptr) return false;
    }
    return true;
  }

  Status AddTo(uint8_t* state, size_t first, size_t last) {
    while (first < last) {
      const size_t part = (first - begin_) / kVectorRowsMax;
      const size_t base = begin_ + part * kVectorRowsMax;
      const size_t stop = std::min(last, base + kVectorRowsMax);
      auto selection = std::make_shared<Selection>();
      for (size_t row = first; row < stop; ++row) {
        if (Counts(row)) selection->push_back(static_cast<SelectionIndex>(row - base));
      }
      first = stop;
      const size_t count = selection->size();
      if (count == 0) continue;
      std::vector<Vector> arguments;
      std::vector<const Vector*> pointers;
      for (const Vector& argument : parts_[part].arguments) {
        arguments.push_back(Vector::Dictionary(argument, selection));
      }
      for (const Vector& argument : arguments) pointers.push_back(&argument);
      std::vector<uint8_t*> states(count, state);
      expr::AggregateCall call = Call();
      HELIOS_TRY(function_.update(call, pointers, count, states.data()));
    }
    return Status::Ok();
  }

  QueryState& query_;
  const expr::AggregateFunction& function_;
  const WindowShape::Call& shape_;
  const WindowBatch& batch_;
  const size_t begin_, end_;
  const SqlType type_;
  Arena arena_;
  std::vector<uint64_t> state_;
  bool live_ = false;
  std::vector<Part> parts_;
  std::vector<std::vector<uint64_t>> levels_;
  MemoryReservation reservation_;
};

}  // namespace

Status AggregateFrames(QueryState& query, const plan::WindowNode::Call& call,
                       const WindowShape::Call& shape, const FrameFinder& frames,
                       const WindowBatch& batch, size_t begin, size_t end, WindowResult* out) {
  FrameAggregator aggregator(query, call, shape, batch, begin, end);
  aggregator.Restart();
  if (frames.starts_at_partition()) {
    // Frames only grow: rows with the same end share an answer.
    size_t added = begin;
    for (size_t row = begin; row < end; ++row) {
      const size_t stop = frames.Bounds(row).end;
      if (stop > added) HELIOS_TRY(aggregator.Add(added, stop));
      added = std::max(added, stop);
      HELIOS_TRY(aggregator.Finalize(row, out));
    }
    return Status::Ok();
  }
  const bool by_tree = call.aggregate->combine != nullptr && !call.aggregate->order_matters &&
                       end - begin > 2 * kFanout;
  if (by_tree) HELIOS_TRY(aggregator.BuildTree());
  for (size_t row = begin; row < end; ++row) {
    if ((row & 1023) == 0) HELIOS_TRY(query.CheckCanceled());
    const FrameRows frame = frames.Find(row);
    aggregator.Restart();
    for (size_t i = 0; i < frame.count; ++i) {
      const FrameRows::Range& range = frame.ranges[i];
      HELIOS_TRY(by_tree ? aggregator.AddByTree(range.begin, range.end)
                         : aggregator.Add(range.begin, range.end));
    }
    HELIOS_TRY(aggregator.Finalize(row, out));
  }
  return Status::Ok();
}

}  // namespace helios::exec
