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

// A column that COPY FROM fills.
struct CopyColumn {
  std::string name;
  SqlType type;
  size_t target = 0;  // Position in the chunk.
  bool force_null = false;
  bool force_not_null = false;
};

// Turns a stream of bytes in one of COPY's formats into rows.
//
// Thread safety: none. Memory: one piece of input and one row, at most kRowBytesMax.
class CopyReader {
 public:
  // Appends the next piece of input to the string; false at its end.
  using Source = std::function<Result<bool>(std::string*)>;
  static constexpr size_t kRowBytesMax = size_t{1} << 30;

  CopyReader(std::string relation, CopyOptions options, std::vector<CopyColumn> columns,
             const TextFormat& format, Source source);

  // Reads rows into the columns' target vectors (flat, of their types) from row 0 on, at most
  // `row_count_max`; returns how many, 0 at the end. Errors carry "COPY t, line 3, column a: ...".
  Result<size_t> Read(Chunk* out, size_t row_count_max);
  uint64_t line() const { return line_; }

 private:
  enum class LineEnd : uint8_t { kUnknown, kNewline, kCarriageReturn, kBoth };

  Result<bool> More();
  Result<bool> NextLine(std::string_view* line);
  // Where the line that starts at `at_` ends and what its terminator takes; npos: not in the
  // buffer.
  Status FindLineEnd(size_t* end, size_t* terminator, bool at_end);
  Status CheckTextEnd(char found);
  bool IsEndMarker(std::string_view line) const;
  Status SplitText(std::string_view line);
  Status SplitCsv(std::string_view line);
  Status ReadHeader();
  Status StoreRow(std::string_view line, Chunk* out, size_t row);
  Result<size_t> ReadBinary(Chunk* out, size_t row_count_max);
  Status ReadBinaryHeader();
  Status Need(size_t byte_count);
  Status WithLine(Status status, std::string_view line) const;
  Status WithColumn(Status status, const CopyColumn& column, const std::string_view* value) const;

  struct Field {
    std::string_view text;
    bool is_null = false;
    bool was_quoted = false;
  };

  const std::string relation_;
  const CopyOptions options_;
  const std::vector<CopyColumn> columns_;
  const TextFormat& format_;
  const Source source_;

  std::string buffer_;
  size_t at_ = 0;
  // From `at_` to here no line end was found.
  size_t scanned_ = 0;
  bool in_quotes_ = false;
  bool source_done_ = false;
  bool finished_ = false;
  bool started_ = false;
  LineEnd line_end_ = LineEnd::kUnknown;
  uint64_t line_ = 0;
  std::vector<Field> fields_;
  std::string unescaped_;  // Bytes of fields that had escapes.
};

}  // namespace helios::compute
