// Aggregates over frames.
//
// A frame that starts with its partition only grows: its state is carried from row to row. Other
// frames are put together from states of aligned runs of rows (a segment tree): level 0 has one
// state for so many rows, level n one for each kFanout of the level below.

#include <algorithm>

#include "exec/internal/window_frame.h"

namespace helios::exec {
namespace {

constexpr size_t kFanout = 16;
// Strings of states that are used no more are freed beyond this.
constexpr size_t kArenaBytesMax = 64 << 10;

class AggregateCall : public WindowCall {
 public:
  AggregateCall(QueryState& query, const plan::WindowNode& node, const WindowShape& shape,
                size_t call, WindowRows& rows)
      : query_(query),
        function_(*node.calls[call].aggregate),
        type_(node.calls[call].type),
        shape_(shape.calls[call]),
        rows_(rows),
        frames_(query, node, node.calls[call], shape, rows),
        state_(StateWords()),
        reservation_(query.memory()) {}

  ~AggregateCall() override { Forget(); }

  Status Open() override {
    Forget();
    return frames_.Open();
  }

  Status StartPartition(size_t begin, size_t end) override {
    Forget();
    begin_ = added_ = begin;
    end_ = end;
    leaf_rows_ = rows_.spilled_bytes() > 0 ? kVectorRowsMax : kFanout;
    page_ = SIZE_MAX;
    frames_.StartPartition(begin, end);
    Restart();
    const bool by_tree = !frames_.starts_at_partition() && function_.combine != nullptr &&
                         !function_.order_matters && end - begin > 2 * kFanout;
    return by_tree ? BuildTree() : Status::Ok();
  }

  Status Run(const WindowPiece& piece, WindowResult out) override {
    HELIOS_TRY(frames_.StartPiece(piece));
    HELIOS_TRY(frames_.starts_at_partition() ? Grow(piece, out) : Slide(piece, out));
    return Account();
  }

 private:
  // Rows with the same end share an answer.
  Status Grow(const WindowPiece& piece, WindowResult& out) {
    for (size_t row = piece.begin; row < piece.end; ++row) {
      const size_t stop = frames_.Bounds(row).end;
      if (stop > added_) {
        HELIOS_TRY(Add(added_, stop));
        added_ = stop;
      } else if (row > begin_ && out.Repeat(row)) {
        continue;
      }
      HELIOS_TRY(Finalize(row, out));
    }
    return Status::Ok();
  }

  Status Slide(const WindowPiece& piece, WindowResult& out) {
    FrameRows before;
    for (size_t row = piece.begin; row < piece.end; ++row) {
      if ((row & 255) == 0) HELIOS_TRY(query_.CheckCanceled());
      const FrameRows frame = frames_.Find(row);
      const bool same = row > piece.begin && frame.count == before.count &&
                        std::equal(frame.ranges, frame.ranges + frame.count, before.ranges);
      if (same && out.Repeat(row)) continue;
      before = frame;
      Restart();
      for (size_t i = 0; i < frame.count; ++i) {
        const FrameRows::Range& range = frame.ranges[i];
        HELIOS_TRY(levels_.empty() ? Add(range.begin, range.end)
                                   : AddByTree(range.begin, range.end));
      }
      HELIOS_TRY(Finalize(row, out));
    }
    return Status::Ok();
  }

  Status BuildTree() {
    size_t count = (end_ - begin_ + leaf_rows_ - 1) / leaf_rows_;
    const size_t words = StateWords();
    for (size_t level = 0; count > 1; ++level) {
      tree_bytes_ += count * words * 8;
      HELIOS_TRY(Account());
      levels_.emplace_back();
      std::vector<uint64_t>& states = levels_.back();
      states.resize(count * words);
      for (size_t i = 0; i < count; ++i) {
        if (function_.init != nullptr) function_.init(TreeState(level, i));
      }
      for (size_t i = 0; i < count; ++i) {
        uint8_t* state = TreeState(level, i);
        if (level == 0) {
          if (i % kFanout == 0) {
            HELIOS_TRY(query_.CheckCanceled());
            HELIOS_TRY(Account());
          }
          const size_t first = begin_ + i * leaf_rows_;
          HELIOS_TRY(AddTo(&tree_arena_, state, first, std::min(first + leaf_rows_, end_)));
          continue;
        }
        const size_t below = levels_[level - 1].size() / words;
        for (size_t k = i * kFanout; k < std::min((i + 1) * kFanout, below); ++k) {
          HELIOS_TRY(Combine(&tree_arena_, level - 1, k, state));
        }
      }
      count = (count + kFanout - 1) / kFanout;
    }
    return Account();
  }

  // Adds rows [first, last) with as few steps as the tree allows.
  Status AddByTree(size_t first, size_t last) {
    size_t low = (first - begin_ + leaf_rows_ - 1) / leaf_rows_;
    size_t high = (last - begin_) / leaf_rows_;
    if (low >= high) return Add(first, last);
    // Rows up to the first boundary, and from the last one on.
    HELIOS_TRY(Add(first, begin_ + low * leaf_rows_));
    HELIOS_TRY(Add(begin_ + high * leaf_rows_, last));
    for (size_t level = 0; low < high; ++level) {
      const bool top = level + 1 >= levels_.size();
      const size_t next_low = (low + kFanout - 1) / kFanout;
      const size_t next_high = high / kFanout;
      if (top || next_low >= next_high) {
        for (size_t i = low; i < high; ++i) HELIOS_TRY(Combine(&arena_, level, i, State()));
        return Status::Ok();
      }
      for (size_t i = low; i < next_low * kFanout; ++i) {
        HELIOS_TRY(Combine(&arena_, level, i, State()));
      }
      for (size_t i = next_high * kFanout; i < high; ++i) {
        HELIOS_TRY(Combine(&arena_, level, i, State()));
      }
      low = next_low;
      high = next_high;
    }
    return Status::Ok();
  }

  size_t StateWords() const { return std::max<size_t>((function_.state_bytes + 7) / 8, 1); }
  uint8_t* State() { return reinterpret_cast<uint8_t*>(state_.data()); }
  uint8_t* TreeState(size_t level, size_t index) {
    return reinterpret_cast<uint8_t*>(levels_[level].data() + index * StateWords());
  }
  expr::AggregateCall CallOn(Arena* arena) {
    return {query_.eval, shape_.argument_types, type_, *arena};
  }

  void EndState() {
    if (live_ && function_.destroy != nullptr) function_.destroy(State());
    live_ = false;
  }

  void Restart() {
    EndState();
    if (arena_.allocated_bytes() > kArenaBytesMax) arena_.Reset();
    if (function_.init != nullptr) function_.init(State());
    live_ = true;
  }

  // Frees what belongs to a partition.
  void Forget() {
    EndState();
    if (function_.destroy != nullptr) {
      for (size_t level = 0; level < levels_.size(); ++level) {
        const size_t count = levels_[level].size() / StateWords();
        for (size_t i = 0; i < count; ++i) function_.destroy(TreeState(level, i));
      }
    }
    levels_.clear();
    tree_bytes_ = 0;
    tree_arena_.Reset();
    arena_.Reset();
    arguments_.clear();
    reservation_.ReleaseAll();
  }

  Status Account() {
    const size_t bytes = tree_bytes_ + tree_arena_.allocated_bytes() + arena_.allocated_bytes();
    if (bytes <= reservation_.bytes()) return Status::Ok();
    if (bytes <= kArenaBytesMax) return Status::Ok();  // Small: not worth the tracker's time.
    return reservation_.Resize(bytes);
  }

  Status Finalize(size_t row, WindowResult& out) {
    uint8_t* states[1] = {State()};
    expr::AggregateCall call = CallOn(&arena_);
    return function_.finalize(call, states, 1, &out.vector(), out.At(row));
  }

  Status Combine(Arena* arena, size_t level, size_t index, uint8_t* to) {
    expr::AggregateCall call = CallOn(arena);
    return function_.combine(call, TreeState(level, index), to);
  }

  // Whether a row counts: FILTER, and NULL arguments of strict functions.
  bool Counts(size_t row) {
    if (shape_.filter >= 0) {
      const char* passes = rows_.ValueAt(row, static_cast<uint32_t>(shape_.filter));
      if (passes == nullptr || *passes == 0) return false;
    }
    if (!function_.ignores_nulls) return true;
    for (uint32_t a = 0; a < shape_.argument_count; ++a) {
      if (rows_.ValueAt(row, shape_.first_argument + a) == nullptr) return false;
    }
    return true;
  }

  Status Add(size_t first, size_t last) { return AddTo(&arena_, State(), first, last); }

  Status AddTo(Arena* arena, uint8_t* state, size_t first, size_t last) {
    while (first < last) {
      const size_t page = first / kVectorRowsMax;
      const size_t base = page * kVectorRowsMax;
      const size_t stop = std::min(last, base + kVectorRowsMax);
      auto selection = std::make_shared<Selection>();
      selection->reserve(stop - first);
      for (size_t row = first; row < stop; ++row) {
        if (Counts(row)) selection->push_back(static_cast<SelectionIndex>(row - base));
      }
      HELIOS_TRY(rows_.status());
      if (!selection->empty()) {
        HELIOS_TRY(LoadArguments(page));
        HELIOS_TRY(Update(arena, state, std::move(selection)));
        // A growing state (array_agg) is counted as it grows.
        if (stop < last) HELIOS_TRY(Account());
      }
      first = stop;
    }
    return Status::Ok();
  }

  Status LoadArguments(size_t page) {
    if (page == page_) return Status::Ok();
    arguments_.clear();
    for (uint32_t a = 0; a < shape_.argument_count; ++a) {
      HELIOS_TRY(Vector argument,
                 rows_.PageColumn(page * kVectorRowsMax, shape_.first_argument + a));
      arguments_.push_back(std::move(argument));
    }
    page_ = page;
    return Status::Ok();
  }

  Status Update(Arena* arena, uint8_t* state, std::shared_ptr<const Selection> selection) {
    const size_t count = selection->size();
    std::vector<Vector> arguments;
    std::vector<const Vector*> pointers;
    arguments.reserve(arguments_.size());
    for (const Vector& argument : arguments_) {
      arguments.push_back(Vector::Dictionary(argument, selection));
      pointers.push_back(&arguments.back());
    }
    expr::AggregateCall call = CallOn(arena);
    if (function_.update_one != nullptr) return function_.update_one(call, pointers, count, state);
    const std::vector<uint8_t*> states(count, state);
    return function_.update(call, pointers, count, states.data());
  }

  QueryState& query_;
  const expr::AggregateFunction& function_;
  const SqlType type_;
  const WindowShape::Call& shape_;
  WindowRows& rows_;
  FrameFinder frames_;
  size_t begin_ = 0, end_ = 0;
  size_t added_ = 0;  // Growing frames: the first row that the state has not seen.
  Arena arena_;       // Of `state_`.
  std::vector<uint64_t> state_;
  bool live_ = false;
  size_t leaf_rows_ = kFanout;
  Arena tree_arena_;
  std::vector<std::vector<uint64_t>> levels_;
  size_t tree_bytes_ = 0;
  size_t page_ = SIZE_MAX;  // The rows whose arguments are at hand.
  std::vector<Vector> arguments_;
  MemoryReservation reservation_;
};

}  // namespace

std::unique_ptr<WindowCall> MakeWindowAggregate(QueryState& query, const plan::WindowNode& node,
                                                const WindowShape& shape, size_t call,
                                                WindowRows& rows) {
  return std::make_unique<AggregateCall>(query, node, shape, call, rows);
}

}  // namespace helios::exec
