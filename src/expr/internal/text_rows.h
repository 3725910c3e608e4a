#pragma once

#include <optional>
#include <string>
#include <vector>

#include "expr/function.h"

namespace helios::expr {

// A set-returning function's rows, made at once: text-like columns only.
class TextRows : public TableFunctionState {
 public:
  using Row = std::vector<std::optional<std::string>>;
  void Add(Row row) { rows_.push_back(std::move(row)); }
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
  std::vector<Row> rows_;
  size_t next_ = 0;
};

}  // namespace helios::expr
