#include "compute/internal/copy/copy_reader.h"

#include <cstring>

#include "types/text.h"

namespace helios::compute {

namespace {

constexpr size_t kShownBytesMax = 100;
constexpr size_t kNone = std::string::npos;

Status BadFormat(std::string_view message, std::string_view hint = {}) {
  Status status = Error(ErrorCode::kBadCopyFileFormat).Message("{}", message);
  status.mutable_info().hint = hint;
  return status;
}

// As much of the text as an error shows.
std::string Shown(std::string_view text) {
  if (text.size() <= kShownBytesMax) return std::string(text);
  size_t end = kShownBytesMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "...";
}

int OctalDigit(char c) { return c >= '0' && c <= '7' ? c - '0' : -1; }
int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Appends what the escape that starts behind a backslash at `at` stands for; returns where it ends.
size_t AppendEscape(std::string_view line, size_t at, std::string* out) {
  switch (line[at]) {
    case 'b':
      out->push_back('\b');
      return at + 1;
    case 'f':
      out->push_back('\f');
      return at + 1;
    case 'n':
      out->push_back('\n');
      return at + 1;
    case 'r':
      out->push_back('\r');
      return at + 1;
    case 't':
      out->push_back('\t');
      return at + 1;
    case 'v':
      out->push_back('\v');
      return at + 1;
    default:
      break;
  }
  if (OctalDigit(line[at]) >= 0) {
    int value = 0;
    size_t end = at;
    for (; end < line.size() && end < at + 3 && OctalDigit(line[end]) >= 0; ++end) {
      value = value * 8 + OctalDigit(line[end]);
    }
    out->push_back(static_cast<char>(value));
    return end;
  }
  if (line[at] == 'x' && at + 1 < line.size() && HexDigit(line[at + 1]) >= 0) {
    int value = 0;
    size_t end = at + 1;
    for (; end < line.size() && end < at + 3 && HexDigit(line[end]) >= 0; ++end) {
      value = value * 16 + HexDigit(line[end]);
    }
    out->push_back(static_cast<char>(value));
    return end;
  }
  out->push_back(line[at]);
  return at + 1;
}

}  // namespace

CopyReader::CopyReader(std::string relation, CopyOptions options, std::vector<CopyColumn> columns,
                       const TextFormat& format, Source source)
    : relation_(std::move(relation)),
      options_(std::move(options)),
      columns_(std::move(columns)),
      format_(format),
      source_(std::move(source)) {}

Result<bool> CopyReader::More() {
  if (source_done_) return false;
  // What has been read goes once it is most of the buffer.
  if (at_ > 0 && at_ >= buffer_.size() / 2) {
    buffer_.erase(0, at_);
    scanned_ -= at_;
    at_ = 0;
  }
  if (buffer_.size() - at_ > kRowBytesMax) {
    return Error(ErrorCode::kProgramLimitExceeded)
        .Message("a row of COPY data is longer than {} bytes", kRowBytesMax);
  }
  HELIOS_TRY(const bool more, source_(&buffer_));
  source_done_ = !more;
  return more;
}

Status CopyReader::CheckTextEnd(char found) {
  // A stray line end of another kind than the first line's is an error, as PostgreSQL has it.
  const bool csv = options_.form == CopyForm::kCsv;
  if (found == '\r') {
    return BadFormat(
        csv ? "unquoted carriage return found in data" : "literal carriage return found in data",
        csv ? "Use quoted CSV field to represent carriage return."
            : "Use \"\\r\" to represent carriage return.");
  }
  return BadFormat(
      csv ? "unquoted newline found in data" : "literal newline found in data",
      csv ? "Use quoted CSV field to represent newline." : "Use \"\\n\" to represent newline.");
}

Status CopyReader::FindLineEnd(size_t* end, size_t* terminator, bool at_end) {
  *end = kNone;
  const bool csv = options_.form == CopyForm::kCsv;
  const char* data = buffer_.data();
  size_t at = scanned_;
  for (; at < buffer_.size(); ++at) {
    const char c = data[at];
    if (csv) {
      // An escape before a quote keeps the state; when both are one character, two of them toggle
      // twice.
      if (in_quotes_ && c == options_.escape && options_.escape != options_.quote) {
        if (at + 1 == buffer_.size() && !at_end) break;
        ++at;
        continue;
      }
      if (c == options_.quote) in_quotes_ = !in_quotes_;
      if (in_quotes_) {
        line_ += c == '\n';
        continue;
      }
    } else if (c == '\\') {
      if (at + 1 >= buffer_.size() && !at_end) break;
      ++at;
      continue;
    }
    if (c != '\n' && c != '\r') continue;
    scanned_ = at;
    scanned_ = at;
    if (c == '\r') {
      if (at + 1 == buffer_.size() && !at_end) break;
      const bool pair = at + 1 < buffer_.size() && data[at + 1] == '\n';
      if (line_end_ == LineEnd::kUnknown) {
        line_end_ = pair ? LineEnd::kBoth : LineEnd::kCarriageReturn;
      }
      if ((line_end_ == LineEnd::kBoth && !pair) || line_end_ == LineEnd::kNewline) {
        return CheckTextEnd('\r');
      }
      *terminator = line_end_ == LineEnd::kBoth ? 2 : 1;
    } else {
      if (line_end_ == LineEnd::kUnknown) line_end_ = LineEnd::kNewline;
      if (line_end_ != LineEnd::kNewline) return CheckTextEnd('\n');
      *terminator = 1;
    }
    *end = at;
    return Status::Ok();
  }
  scanned_ = at;
  return Status::Ok();
}

bool CopyReader::IsEndMarker(std::string_view line) const { return line == "\\."; }

Result<bool> CopyReader::NextLine(std::string_view* line) {
  if (finished_) return false;
  ++line_;
  while (true) {
    size_t end;
    size_t terminator = 0;
    Status found = FindLineEnd(&end, &terminator, source_done_);
    if (!found.ok()) return WithLine(std::move(found), buffer_.substr(at_, scanned_ - at_));
    if (end != kNone) {
      *line = std::string_view(buffer_).substr(at_, end - at_);
      at_ = scanned_ = end + terminator;
      break;
    }
    HELIOS_TRY(const bool more, More());
    if (more) continue;
    if (scanned_ < buffer_.size()) continue;  // A last look, now that nothing can follow.
    finished_ = true;
    *line = std::string_view(buffer_).substr(std::min(at_, buffer_.size()));
    at_ = scanned_ = buffer_.size();
    if (line->empty()) return false;
    break;
  }
  if (!IsEndMarker(*line)) return true;
  // The rest is read and thrown away, so that the protocol stays in step.
  finished_ = true;
  at_ = scanned_ = buffer_.size();
  for (bool more = true; more;) {
    HELIOS_TRY(more, More());
    at_ = scanned_ = buffer_.size();
  }
  return false;
}

Status CopyReader::SplitText(std::string_view line) {
  fields_.clear();
  unescaped_.clear();
  const char delimiter = options_.delimiter;
  if (line.find('\\') == kNone) {
    while (true) {
      const size_t end = line.find(delimiter);
      const std::string_view text = line.substr(0, end);
      fields_.push_back({text, text == options_.null, false});
      if (end == kNone) return Status::Ok();
      line.remove_prefix(end + 1);
    }
  }
  // Unescaped text is never longer than the line: the views stay valid.
  unescaped_.reserve(line.size());
  for (size_t at = 0;;) {
    const size_t begin = at;
    const size_t out_begin = unescaped_.size();
    bool escaped = false;
    while (at < line.size() && line[at] != delimiter) {
      if (line[at] == '\\' && at + 1 < line.size()) {
        escaped = true;
        at = AppendEscape(line, at + 1, &unescaped_);
      } else {
        unescaped_.push_back(line[at++]);
      }
    }
    const std::string_view raw = line.substr(begin, at - begin);
    Field field;
    field.is_null = raw == options_.null;
    field.text = escaped ? std::string_view(unescaped_).substr(out_begin) : raw;
    fields_.push_back(field);
    if (at == line.size()) return Status::Ok();
    ++at;
  }
}

Status CopyReader::SplitCsv(std::string_view line) {
  fields_.clear();
  unescaped_.clear();
  unescaped_.reserve(line.size());
  const char quote = options_.quote;
  const char escape = options_.escape;
  for (size_t at = 0;;) {
    const size_t begin = at;
    const size_t out_begin = unescaped_.size();
    bool quoted = false;
    bool inside = false;
    while (at < line.size() && (inside || line[at] != options_.delimiter)) {
      const char c = line[at];
      if (inside && c == escape && at + 1 < line.size() &&
          (line[at + 1] == escape || line[at + 1] == quote)) {
        unescaped_.push_back(line[at + 1]);
        at += 2;
        continue;
      }
      if (c == quote) {
        inside = !inside;
        quoted = true;
        ++at;
        continue;
      }
      unescaped_.push_back(c);
      ++at;
    }
    if (inside) return BadFormat("unterminated CSV quoted field");
    Field field;
    field.was_quoted = quoted;
    field.text =
        quoted ? std::string_view(unescaped_).substr(out_begin) : line.substr(begin, at - begin);
    field.is_null = !quoted && field.text == options_.null;
    fields_.push_back(field);
    if (at == line.size()) return Status::Ok();
    ++at;
  }
}

Status CopyReader::ReadHeader() {
  std::string_view line;
  HELIOS_TRY(const bool found, NextLine(&line));
  if (!found || options_.header != CopyHeader::kMatch) return Status::Ok();
  Status split = options_.form == CopyForm::kCsv ? SplitCsv(line) : SplitText(line);
  if (!split.ok()) return WithLine(std::move(split), line);
  if (fields_.size() != columns_.size()) {
    return WithLine(BadFormat(fmt::format("wrong number of fields in header line: got {}, expected "
                                          "{}",
                                          fields_.size(), columns_.size())),
                    line);
  }
  for (size_t i = 0; i < fields_.size(); ++i) {
    if (!fields_[i].is_null && fields_[i].text == columns_[i].name) continue;
    const std::string got = fields_[i].is_null ? fmt::format("null value (\"{}\")", options_.null)
                                               : fmt::format("\"{}\"", fields_[i].text);
    return WithLine(BadFormat(fmt::format("column name mismatch in header line field {}: got {}, "
                                          "expected \"{}\"",
                                          i + 1, got, columns_[i].name)),
                    line);
  }
  return Status::Ok();
}

Status CopyReader::StoreRow(std::string_view line, Chunk* out, size_t row) {
  // A table without columns has empty lines.
  if (fields_.size() > columns_.size() && !(columns_.empty() && line.empty())) {
    return WithLine(BadFormat("extra data after last expected column"), line);
  }
  for (size_t i = 0; i < columns_.size(); ++i) {
    const CopyColumn& column = columns_[i];
    if (i >= fields_.size()) {
      return WithLine(BadFormat(fmt::format("missing data for column \"{}\"", column.name)), line);
    }
    Field field = fields_[i];
    if (column.force_not_null && field.is_null) field.is_null = false;
    if (column.force_null && field.was_quoted && field.text == options_.null) field.is_null = true;
    Vector& vector = out->column(column.target);
    if (field.is_null) {
      vector.SetNull(row);
      continue;
    }
    Status parsed = ParseText(column.type, field.text, format_, &vector, row);
    if (!parsed.ok()) return WithColumn(std::move(parsed), column, &field.text);
  }
  return Status::Ok();
}

Result<size_t> CopyReader::Read(Chunk* out, size_t row_count_max) {
  if (options_.form == CopyForm::kBinary) return ReadBinary(out, row_count_max);
  if (!started_) {
    started_ = true;
    if (options_.header != CopyHeader::kNone) HELIOS_TRY(ReadHeader());
  }
  size_t row = 0;
  while (row < row_count_max) {
    std::string_view line;
    HELIOS_TRY(const bool found, NextLine(&line));
    if (!found) break;
    Status split = options_.form == CopyForm::kCsv ? SplitCsv(line) : SplitText(line);
    if (!split.ok()) return WithLine(std::move(split), line);
    HELIOS_TRY(StoreRow(line, out, row));
    ++row;
  }
  return row;
}

Status CopyReader::WithLine(Status status, std::string_view line) const {
  status.mutable_info().context =
      fmt::format("COPY {}, line {}: \"{}\"", relation_, line_, Shown(line));
  return status;
}

Status CopyReader::WithColumn(Status status, const CopyColumn& column,
                              const std::string_view* value) const {
  std::string context = fmt::format("COPY {}, line {}, column {}", relation_, line_, column.name);
  if (value != nullptr) context += fmt::format(": \"{}\"", Shown(*value));
  // What a value's own parser says comes first (json).
  std::string& own = status.mutable_info().context;
  own = own.empty() ? context : own + "\n" + context;
  return status;
}

}  // namespace helios::compute
