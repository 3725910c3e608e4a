// row_number, rank, lag, first_value and the like.

#include <algorithm>

#include "exec/internal/window_frame.h"

namespace helios::exec {
namespace {

using expr::WindowFunctionKind;

class FunctionCall : public WindowCall {
 public:
  FunctionCall(QueryState& query, const plan::WindowNode& node, const WindowShape& shape,
               size_t call, WindowRows& rows)
      : kind_(node.calls[call].window->kind),
        shape_(shape),
        call_(shape.calls[call]),
        rows_(rows),
        frames_(query, node, node.calls[call], shape, rows) {}

  Status Open() override { return frames_.Open(); }

  Status StartPartition(size_t begin, size_t end) override {
    frames_.StartPartition(begin, end);
    if (kind_ != WindowFunctionKind::kNtile) return Status::Ok();
    // The partition's first row decides, as in PostgreSQL.
    has_buckets_ = rows_.ValueAt(begin, call_.first_argument) != nullptr;
    if (!has_buckets_) return rows_.status();
    buckets_ = IntAt(begin, call_.first_argument);
    if (buckets_ <= 0) {
      return Error(ErrorCode::kInvalidArgumentForNtile)
          .Message("argument of ntile must be greater than zero");
    }
    return Status::Ok();
  }

  Status Run(const WindowPiece& piece, WindowResult out) override {
    const size_t begin = piece.partition_begin;
    const auto rows = static_cast<double>(piece.partition_end - begin);
    switch (kind_) {
      case WindowFunctionKind::kRowNumber:
        for (size_t row = piece.begin; row < piece.end; ++row) {
          out.Set<int64_t>(row, static_cast<int64_t>(row - begin + 1));
        }
        return Status::Ok();
      case WindowFunctionKind::kRank:
        for (size_t row = piece.begin; row < piece.end; ++row) {
          out.Set<int64_t>(row, static_cast<int64_t>(piece.PeersOf(row).start - begin + 1));
        }
        return Status::Ok();
      case WindowFunctionKind::kDenseRank:
        for (size_t row = piece.begin; row < piece.end; ++row) {
          out.Set<int64_t>(row, static_cast<int64_t>(piece.PeersOf(row).group + 1));
        }
        return Status::Ok();
      case WindowFunctionKind::kPercentRank:
        for (size_t row = piece.begin; row < piece.end; ++row) {
          const auto before = static_cast<double>(piece.PeersOf(row).start - begin);
          out.Set<double>(row, rows > 1 ? before / (rows - 1) : 0.0);
        }
        return Status::Ok();
      case WindowFunctionKind::kCumeDist:
        for (size_t row = piece.begin; row < piece.end; ++row) {
          out.Set<double>(row, static_cast<double>(piece.PeersOf(row).end - begin) / rows);
        }
        return Status::Ok();
      case WindowFunctionKind::kNtile:
        Ntile(piece, out);
        return Status::Ok();
      case WindowFunctionKind::kLag:
        Shift(piece, -1, out);
        return Status::Ok();
      case WindowFunctionKind::kLead:
        Shift(piece, 1, out);
        return Status::Ok();
      case WindowFunctionKind::kFirstValue:
      case WindowFunctionKind::kLastValue:
      case WindowFunctionKind::kNthValue:
        return FrameValue(piece, out);
    }
    return Status::Ok();
  }

 private:
  // Requires: the value is not NULL.
  int64_t IntAt(size_t row, uint32_t column) {
    const char* value = rows_.ValueAt(row, column);
    if (value == nullptr) return 0;  // It could not be read a second time.
    if (shape_.physicals[column] == PhysicalType::kInt64) {
      int64_t wide;
      std::memcpy(&wide, value, sizeof(wide));
      return wide;
    }
    int32_t narrow;
    std::memcpy(&narrow, value, sizeof(narrow));
    return narrow;
  }

  void Ntile(const WindowPiece& piece, WindowResult& out) {
    const auto rows = static_cast<int64_t>(piece.partition_end - piece.partition_begin);
    const int64_t size = has_buckets_ ? rows / buckets_ : 0;
    const int64_t larger = has_buckets_ ? rows % buckets_ : 0;  // The first have one row more.
    for (size_t row = piece.begin; row < piece.end; ++row) {
      if (!has_buckets_) {
        out.SetNull(row);
        continue;
      }
      const auto i = static_cast<int64_t>(row - piece.partition_begin);
      const int64_t in_larger = larger * (size + 1);
      const int64_t bucket =
          i < in_larger ? i / (size + 1) : larger + (i - in_larger) / std::max<int64_t>(size, 1);
      out.Set<int32_t>(row, static_cast<int32_t>(bucket + 1));
    }
  }

  // lag and lead: value, offset, default.
  void Shift(const WindowPiece& piece, int64_t direction, WindowResult& out) {
    for (size_t row = piece.begin; row < piece.end; ++row) {
      int64_t offset = 1;
      if (call_.argument_count > 1) {
        if (rows_.ValueAt(row, call_.first_argument + 1) == nullptr) {
          out.SetNull(row);
          continue;
        }
        offset = IntAt(row, call_.first_argument + 1);
      }
      const __int128 at = static_cast<__int128>(row) + static_cast<__int128>(direction) * offset;
      if (at >= static_cast<__int128>(piece.partition_begin) &&
          at < static_cast<__int128>(piece.partition_end)) {
        out.SetRaw(row, rows_.ValueAt(static_cast<size_t>(at), call_.first_argument));
      } else if (call_.argument_count > 2) {
        out.SetRaw(row, rows_.ValueAt(row, call_.first_argument + 2));
      } else {
        out.SetNull(row);
      }
    }
  }

  Status FrameValue(const WindowPiece& piece, WindowResult& out) {
    HELIOS_TRY(frames_.StartPiece(piece));
    for (size_t row = piece.begin; row < piece.end; ++row) {
      const FrameRows frame = frames_.Find(row);
      const size_t size = frame.size();
      size_t n = 0;
      if (kind_ == WindowFunctionKind::kNthValue) {
        if (rows_.ValueAt(row, call_.first_argument + 1) == nullptr) {
          out.SetNull(row);
          continue;
        }
        const int64_t nth = IntAt(row, call_.first_argument + 1);
        HELIOS_TRY(rows_.status());
        if (nth <= 0) {
          return Error(ErrorCode::kInvalidArgumentForNthValue)
              .Message("argument of nth_value must be greater than zero");
        }
        n = static_cast<size_t>(nth - 1);
      } else if (kind_ == WindowFunctionKind::kLastValue && size > 0) {
        n = size - 1;
      }
      if (n >= size) {
        out.SetNull(row);
      } else {
        out.SetRaw(row, rows_.ValueAt(frame.At(n), call_.first_argument));
      }
    }
    return Status::Ok();
  }

  const WindowFunctionKind kind_;
  const WindowShape& shape_;
  const WindowShape::Call& call_;
  WindowRows& rows_;
  FrameFinder frames_;
  bool has_buckets_ = false;  // ntile.
  int64_t buckets_ = 1;
};

}  // namespace

std::unique_ptr<WindowCall> MakeWindowFunction(QueryState& query, const plan::WindowNode& node,
                                               const WindowShape& shape, size_t call,
                                               WindowRows& rows) {
  return std::make_unique<FunctionCall>(query, node, shape, call, rows);
}

}  // namespace helios::exec
