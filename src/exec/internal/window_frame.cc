// Which rows a frame holds, by frame clause.

#include "exec/internal/window_frame.h"

#include <algorithm>

#include "types/compare.h"
#include "types/datetime.h"

namespace helios::exec {
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

int Compare(const Comparable& a, const Comparable& b, CompareFunction compare) {
  switch (a.kind) {
    case Comparable::Kind::kInteger:
      return a.integer < b.integer ? -1 : (a.integer > b.integer ? 1 : 0);
    case Comparable::Kind::kFloat: {
      const bool a_nan = a.real != a.real;
      const bool b_nan = b.real != b.real;
      if (a_nan || b_nan) return static_cast<int>(a_nan) - static_cast<int>(b_nan);
      return a.real < b.real ? -1 : (a.real > b.real ? 1 : 0);
    }
    case Comparable::Kind::kOther:
      return compare(a.raw, b.raw);
  }
  return 0;
}

}  // namespace

class RangeBound {
 public:
  RangeBound(QueryState& query, const plan::WindowNode& node, const WindowShape& shape,
             const plan::WindowFrame& frame, bool is_start, Value offset, WindowRows& rows)
      : shape_(shape),
        rows_(rows),
        column_(shape.first_order_key),
        descending_(node.order_by[0].descending),
        is_start_(is_start),
        bound_(is_start ? frame.start : frame.end),
        offset_(std::move(offset)),
        key_type_(shape.types[column_]),
        key_physical_(shape.physicals[column_]) {
    const bool subtracts = (bound_ == plan::WindowFrame::Bound::kPreceding) != descending_;
    const expr::ScalarFunction* function = subtracts ? frame.minus : frame.plus;
    HELIOS_CHECK(function != nullptr);
    type_ = {function->result};
    as_timestamp_ = function->result != type_oid::kDate;
    call_ = std::make_unique<expr::FunctionExpr>(function, type_);
    call_->children.push_back(std::make_unique<expr::ColumnExpr>(0, key_type_));
    call_->children.push_back(std::make_unique<expr::ColumnExpr>(1, offset_.type()));
    evaluator_ = std::make_unique<expr::Evaluator>(*call_, query.eval);
  }

  // Rows with a NULL key lie at one end; their frames are themselves.
  void StartPartition(size_t begin, size_t end) {
    const auto is_null = [&](size_t row) { return rows_.ValueAt(row, column_) == nullptr; };
    first_ = FirstNotBefore(begin, end, begin, is_null);
    last_ = FirstNotBefore(first_, end, end, [&](size_t row) { return !is_null(row); });
    near_ = first_;
  }

  Status StartPiece(const WindowPiece& piece) {
    found_.resize(piece.end - piece.begin);
    const size_t page = piece.begin / kVectorRowsMax * kVectorRowsMax;
    HELIOS_TRY(Vector keys, rows_.PageColumn(page, column_));
    const size_t first = std::clamp(first_, piece.begin, piece.end);
    const size_t last = std::clamp(last_, first, piece.end);
    for (size_t row = piece.begin; row < piece.end; ++row) {
      if (row >= first && row < last) continue;
      found_[row - piece.begin] = is_start_ ? piece.PeersOf(row).start : piece.PeersOf(row).end;
    }
    if (first == last) return Status::Ok();
    auto selection = std::make_shared<Selection>();
    for (size_t row = first; row < last; ++row) {
      selection->push_back(static_cast<SelectionIndex>(row - page));
    }
    Chunk input;
    input.AddColumn(Vector::Dictionary(keys, std::move(selection)));
    input.AddColumn(offset_.ToConstant());
    input.SetRowCount(last - first);
    Vector bounds;
    HELIOS_TRY(evaluator_->Evaluate(input, &bounds));
    const PhysicalType physical = PhysicalTypeOf(type_.oid);
    for (size_t i = 0; i < last - first; ++i) {
      const char* raw = bounds.RawData() + bounds.Position(i) * PhysicalWidth(physical);
      const Comparable limit = MakeComparable(type_, physical, as_timestamp_, raw);
      HELIOS_TRY(found_[first + i - piece.begin], Find(first + i, limit));
    }
    return Status::Ok();
  }

  size_t At(size_t row_in_piece) const { return found_[row_in_piece]; }

 private:
  using Bound = plan::WindowFrame::Bound;

  Result<size_t> Find(size_t row, const Comparable& limit) {
    const CompareFunction compare = shape_.compares[column_];
    const auto order_to_limit = [&](size_t other) {
      const char* raw = rows_.ValueAt(other, column_);
      if (raw == nullptr) return 0;  // It could not be read; its reader tells.
      const Comparable key = MakeComparable(key_type_, key_physical_, as_timestamp_, raw);
      const int order = Compare(key, limit, compare);
      return descending_ ? -order : order;
    };
    const int own = order_to_limit(row);
    if ((bound_ == Bound::kPreceding && own < 0) || (bound_ == Bound::kFollowing && own > 0)) {
      return Error(ErrorCode::kInvalidPrecedingOrFollowingSize)
          .Message("invalid preceding or following size in window function");
    }
    near_ = FirstNotBefore(first_, last_, near_, [&](size_t other) {
      const int order = order_to_limit(other);
      return is_start_ ? order < 0 : order <= 0;
    });
    return near_;
  }

  const WindowShape& shape_;
  WindowRows& rows_;
  const uint32_t column_;
  const bool descending_;
  const bool is_start_;
  const Bound bound_;
  const Value offset_;
  const SqlType key_type_;
  const PhysicalType key_physical_;
  SqlType type_;  // Of the bounds.
  bool as_timestamp_ = false;
  std::unique_ptr<expr::FunctionExpr> call_;
  std::unique_ptr<expr::Evaluator> evaluator_;
  size_t first_ = 0, last_ = 0;  // Rows whose key is not NULL.
  size_t near_ = 0;              // The bound of the row before.
  std::vector<size_t> found_;    // By row of the piece.
};

FrameFinder::FrameFinder(QueryState& query, const plan::WindowNode& node,
                         const plan::WindowNode::Call& call, const WindowShape& shape,
                         WindowRows& rows)
    : query_(query), node_(node), shape_(shape), frame_(call.frame), rows_(rows) {}

FrameFinder::~FrameFinder() = default;

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
  range_start_.reset();
  range_end_.reset();
  if (frame_.mode == Mode::kRange) {
    if (needs_offset(frame_.start)) {
      HELIOS_TRY(Value offset, expr::EvaluateConstant(*frame_.start_offset, query_.eval));
      if (offset.is_null()) {
        return Error(ErrorCode::kNullNotAllowed).Message("frame starting offset must not be null");
      }
      range_start_ = std::make_unique<RangeBound>(query_, node_, shape_, frame_, true,
                                                  std::move(offset), rows_);
    }
    if (needs_offset(frame_.end)) {
      HELIOS_TRY(Value offset, expr::EvaluateConstant(*frame_.end_offset, query_.eval));
      if (offset.is_null()) {
        return Error(ErrorCode::kNullNotAllowed).Message("frame ending offset must not be null");
      }
      range_end_ = std::make_unique<RangeBound>(query_, node_, shape_, frame_, false,
                                                std::move(offset), rows_);
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

void FrameFinder::StartPartition(size_t begin, size_t end) {
  begin_ = begin;
  end_ = end;
  start_group_ = end_group_ = {0, begin};
  if (range_start_ != nullptr) range_start_->StartPartition(begin, end);
  if (range_end_ != nullptr) range_end_->StartPartition(begin, end);
}

Status FrameFinder::StartPiece(const WindowPiece& piece) {
  piece_ = &piece;
  if (range_start_ != nullptr) HELIOS_TRY(range_start_->StartPiece(piece));
  if (range_end_ != nullptr) HELIOS_TRY(range_end_->StartPiece(piece));
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

size_t FrameFinder::GroupsBound(size_t row, Bound bound, int64_t offset, bool is_start,
                                GroupCursor* cursor) {
  const auto own = static_cast<uint64_t>(piece_->PeersOf(row).group);
  const auto steps = static_cast<uint64_t>(offset);
  // The start of the group so many behind the partition's first one; bounds never move back.
  const auto start_of = [&](uint64_t group) {
    while (cursor->group < group && cursor->row < end_) {
      cursor->row = PeerEnd(shape_, rows_, cursor->row, end_);
      ++cursor->group;
    }
    return cursor->row;
  };
  const uint64_t extra = is_start ? 0 : 1;
  switch (bound) {
    case Bound::kUnboundedPreceding:
      return begin_;
    case Bound::kUnboundedFollowing:
      return end_;
    case Bound::kCurrentRow:
      return is_start ? piece_->PeersOf(row).start : piece_->PeersOf(row).end;
    case Bound::kPreceding:
      return steps > own ? begin_ : start_of(own - steps + extra);
    case Bound::kFollowing:
      return start_of(own + steps + extra);
  }
  return row;
}

FrameRows::Range FrameFinder::Bounds(size_t row) {
  FrameRows::Range range{begin_, end_};
  switch (frame_.mode) {
    case Mode::kRows:
      range.begin = RowsBound(row, frame_.start, start_rows_, true);
      range.end = RowsBound(row, frame_.end, end_rows_, false);
      break;
    case Mode::kGroups:
      range.begin = GroupsBound(row, frame_.start, start_rows_, true, &start_group_);
      range.end = GroupsBound(row, frame_.end, end_rows_, false, &end_group_);
      break;
    case Mode::kRange:
      if (frame_.start == Bound::kCurrentRow) {
        range.begin = piece_->PeersOf(row).start;
      } else if (frame_.start != Bound::kUnboundedPreceding) {
        range.begin = range_start_->At(row - piece_->begin);
      }
      if (frame_.end == Bound::kCurrentRow) {
        range.end = piece_->PeersOf(row).end;
      } else if (frame_.end != Bound::kUnboundedFollowing) {
        range.end = range_end_->At(row - piece_->begin);
      }
      break;
  }
  range.end = std::max(range.begin, range.end);
  return range;
}

FrameRows FrameFinder::Find(size_t row) {
  using Exclude = plan::WindowFrame::Exclude;
  const FrameRows::Range all = Bounds(row);
  const WindowPiece::Peers& peers = piece_->PeersOf(row);
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
      add_without(peers.start, peers.end);
      break;
    case Exclude::kTies:
      frame.Add(all.begin, std::min(all.end, peers.start));
      if (row >= all.begin && row < all.end) frame.Add(row, row + 1);
      frame.Add(std::max(all.begin, peers.end), all.end);
      break;
  }
  return frame;
}

}  // namespace helios::exec
