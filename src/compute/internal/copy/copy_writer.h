#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "compute/internal/copy/copy_options.h"
#include "types/io.h"
#include "types/vector.h"

namespace helios::compute {

// Rows in one of COPY's formats. Each row, the header and the end go to `emit` in one piece.
//
// Thread safety: none.
class CopyWriter {
 public:
  using Emit = std::function<Status(std::string_view)>;

  // `force_quote`: one flag a column.
  CopyWriter(CopyOptions options, std::vector<std::string> column_names,
             std::vector<bool> force_quote, const TextFormat& format, Emit emit);

  Status Begin();
  Status Write(const Chunk& rows);
  Status End();
  uint64_t row_count() const { return row_count_; }

 private:
  Status EmitLine();
  Status AppendValue(const Vector& vector, size_t row, size_t column);
  void AppendText(std::string_view text);
  void AppendCsv(std::string_view text, bool force_quote);

  const CopyOptions options_;
  const std::vector<std::string> names_;
  const std::vector<bool> force_quote_;
  const TextFormat& format_;
  const Emit emit_;
  uint64_t row_count_ = 0;
  std::string line_;  // What is to go out next.
  std::string value_;
};

}  // namespace helios::compute
