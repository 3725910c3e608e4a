#pragma once

#include <optional>
#include <string>
#include <vector>

#include "expr/evaluator.h"
#include "expr/function.h"

namespace helios::expr {

// A set-returning function's rows, made at once: text-like columns only.
class TextRows : public TableFunctionState {
 public:
  using Row = std::vector<std::optional<std::string>>;
  explicit TextRows(const EvalContext& context) : context_(context) {}
  // 53200 when the rows outgrow the query's memory.
  Status Add(Row row) {
    bytes_ += sizeof(Row) + row.size() * sizeof(row[0]);
    for (const std::optional<std::string>& value : row) {
      if (value.has_value()) bytes_ += value->size();
    }
    rows_.push_back(std::move(row));
    if (context_.memory == nullptr || bytes_ <= counted_bytes_ + kStepBytes) return Status::Ok();
    if (!reservation_.has_value()) reservation_.emplace(context_.memory);
    counted_bytes_ = bytes_;
    return reservation_->Resize(bytes_);
  }
  Status Next(Chunk* out) override {
    size_t count = 0;
    for (; count < kVectorRowsMax && next_ < rows_.size(); ++count, ++next_) {
      for (size_t i = 0; i < rows_[next_].size(); ++i) {
        const std::optional<std::string>& value = rows_[next_][i];
        value.has_value() ? out->column(i).SetString(count, *value) : out->column(i).SetNull(count);
      }
    }
    out->SetRowCount(count);
    return Status::Ok();
  }

 private:
  static constexpr size_t kStepBytes = 1 << 20;  // What is not worth counting.

  const EvalContext& context_;
  std::optional<MemoryReservation> reservation_;
  size_t bytes_ = 0;
  size_t counted_bytes_ = 0;
  std::vector<Row> rows_;
  size_t next_ = 0;
};

}  // namespace helios::expr
