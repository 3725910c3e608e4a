#include "compute/internal/copy/copy_writer.h"

#include "base/codec.h"

namespace helios::compute {

namespace {

constexpr std::string_view kSignature("PGCOPY\n\377\r\n\0", 11);

}  // namespace

CopyWriter::CopyWriter(CopyOptions options, std::vector<std::string> column_names,
                       std::vector<bool> force_quote, const TextFormat& format, Emit emit)
    : options_(std::move(options)),
      names_(std::move(column_names)),
      force_quote_(std::move(force_quote)),
      format_(format),
      emit_(std::move(emit)) {}

Status CopyWriter::Begin() {
  line_.clear();
  if (options_.form == CopyForm::kBinary) {
    line_.append(kSignature);
    AppendBigEndian(&line_, int32_t{0});
    AppendBigEndian(&line_, int32_t{0});
    // It goes out with the first tuple: drivers (psycopg) take each piece for one tuple.
    return Status::Ok();
  }
  if (options_.header == CopyHeader::kNone) return Status::Ok();
  for (size_t i = 0; i < names_.size(); ++i) {
    if (i > 0) line_.push_back(options_.delimiter);
    if (options_.form == CopyForm::kCsv) {
      AppendCsv(names_[i], false);
    } else {
      AppendText(names_[i]);
    }
  }
  line_.push_back('\n');
  return EmitLine();
}

Status CopyWriter::EmitLine() {
  Status status = emit_(line_);
  line_.clear();
  return status;
}

Status CopyWriter::Write(const Chunk& rows) {
  for (size_t row = 0; row < rows.row_count(); ++row) {
    if (options_.form == CopyForm::kBinary) {
      AppendBigEndian(&line_, static_cast<int16_t>(names_.size()));
    }
    for (size_t column = 0; column < names_.size(); ++column) {
      if (column > 0 && options_.form != CopyForm::kBinary) line_.push_back(options_.delimiter);
      HELIOS_TRY(AppendValue(rows.column(column), row, column));
    }
    if (options_.form != CopyForm::kBinary) line_.push_back('\n');
    HELIOS_TRY(EmitLine());
    ++row_count_;
  }
  return Status::Ok();
}

Status CopyWriter::AppendValue(const Vector& vector, size_t row, size_t column) {
  if (options_.form == CopyForm::kBinary) {
    if (vector.IsNull(row)) {
      AppendBigEndian(&line_, int32_t{-1});
      return Status::Ok();
    }
    const size_t length_at = line_.size();
    AppendBigEndian(&line_, int32_t{0});
    HELIOS_TRY(FormatBinary(vector, row, format_, &line_));
    StoreBigEndian(line_.data() + length_at, static_cast<int32_t>(line_.size() - length_at - 4));
    return Status::Ok();
  }
  if (vector.IsNull(row)) {
    line_.append(options_.null);
    return Status::Ok();
  }
  value_.clear();
  HELIOS_TRY(FormatText(vector, row, format_, &value_));
  if (options_.form == CopyForm::kCsv) {
    AppendCsv(value_, options_.force_quote_all || force_quote_[column]);
  } else {
    AppendText(value_);
  }
  return Status::Ok();
}

void CopyWriter::AppendText(std::string_view text) {
  for (char c : text) {
    switch (c) {
      case '\b':
        line_.append("\\b");
        break;
      case '\f':
        line_.append("\\f");
        break;
      case '\n':
        line_.append("\\n");
        break;
      case '\r':
        line_.append("\\r");
        break;
      case '\t':
        line_.append("\\t");
        break;
      case '\v':
        line_.append("\\v");
        break;
      default:
        if (c == '\\' || c == options_.delimiter) line_.push_back('\\');
        line_.push_back(c);
    }
  }
}

void CopyWriter::AppendCsv(std::string_view text, bool force_quote) {
  // A lone "\." would read as the end of the data.
  const bool quote = force_quote || text == options_.null ||
                     (names_.size() == 1 && text == "\\.") ||
                     text.find_first_of("\r\n") != std::string_view::npos ||
                     text.find(options_.delimiter) != std::string_view::npos ||
                     text.find(options_.quote) != std::string_view::npos;
  if (!quote) {
    line_.append(text);
    return;
  }
  line_.push_back(options_.quote);
  for (char c : text) {
    if (c == options_.quote || c == options_.escape) line_.push_back(options_.escape);
    line_.push_back(c);
  }
  line_.push_back(options_.quote);
}

Status CopyWriter::End() {
  if (options_.form != CopyForm::kBinary) return Status::Ok();
  AppendBigEndian(&line_, int16_t{-1});
  return EmitLine();
}

}  // namespace helios::compute
