#include "server/shell/internal/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "server/shell/internal/text_width.h"

namespace helios::shell {
namespace {

using Lines = std::vector<std::string>;

// The lines of a cell, with what a terminal cannot show written out.
Lines CellLines(std::string_view text) {
  constexpr int kTab = 8;
  Lines lines(1);
  int column = 0;
  while (!text.empty()) {
    const CodePoint point = DecodeUtf8(text);
    const std::string_view bytes = text.substr(0, point.bytes);
    text.remove_prefix(point.bytes);
    if (point.value == '\n') {
      lines.emplace_back();
      column = 0;
    } else if (point.value == '\r') {
      lines.back() += "\\r";
      column += 2;
    } else if (point.value == '\t') {
      do {
        lines.back() += ' ';
        ++column;
      } while (column % kTab != 0);
    } else if (point.value < 0x20 || point.value == 0x7f) {
      lines.back() += fmt::format("\\x{:02X}", point.value);
      column += 4;
    } else {
      lines.back() += bytes;
      column += CharWidth(point.value);
    }
  }
  return lines;
}

int LinesWidth(const Lines& lines) {
  int width = 0;
  for (const std::string& line : lines) width = std::max(width, TextWidth(line));
  return width;
}

std::string Repeat(std::string_view part, int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += part;
  return text;
}

std::string Blanks(int count) { return std::string(static_cast<size_t>(std::max(count, 0)), ' '); }

std::string RowCount(const Table& table) {
  const size_t count = table.rows.size();
  return fmt::format("({} row{})", count, count == 1 ? "" : "s");
}

Lines Footers(const Table& table, const FormatOptions& options) {
  if (options.tuples_only) return {};
  if (!table.footers.empty()) return table.footers;
  if (table.count_rows && options.footer) return {RowCount(table)};
  return {};
}

class AlignedPrinter {
 public:
  AlignedPrinter(const Table& table, const FormatOptions& options)
      : table_(table), options_(options) {
    for (const std::string& header : table.headers) {
      headers_.push_back(CellLines(header));
      widths_.push_back(LinesWidth(headers_.back()));
    }
    for (const auto& row : table.rows) {
      auto& cells = rows_.emplace_back();
      for (size_t i = 0; i < row.size(); ++i) {
        cells.push_back(CellLines(row[i] ? *row[i] : options.null_text));
        widths_[i] = std::max(widths_[i], LinesWidth(cells.back()));
      }
    }
  }

  int TotalWidth() const {
    int total = 0;
    for (const int width : widths_) total += width;
    const int columns = static_cast<int>(widths_.size());
    if (options_.border == 0) return total + columns;
    return total + columns * 3 - (options_.border == 1 ? 1 : -1);
  }

  std::string Print() {
    if (!options_.tuples_only) {
      PrintTitle();
      if (options_.border == 2) PrintRule();
      PrintHeaders();
      PrintRule();
    } else if (options_.border == 2) {
      PrintRule();
    }
    for (const auto& row : rows_) {
      if (!row.empty()) PrintRow(row);
    }
    if (options_.border == 2) PrintRule();
    for (const std::string& footer : Footers(table_, options_)) out_ += footer + "\n";
    return std::move(out_) + "\n";
  }

 private:
  void PrintTitle() {
    if (table_.title.empty()) return;
    const int space = TotalWidth() - TextWidth(table_.title);
    out_ += Blanks(space / 2) + table_.title + "\n";
  }

  void PrintRule() {
    const bool framed = options_.border == 2;
    if (framed) out_ += "+-";
    if (options_.border == 1) out_ += "-";
    for (size_t i = 0; i < widths_.size(); ++i) {
      if (i > 0) out_ += options_.border == 0 ? " " : "-+-";
      out_ += Repeat("-", widths_[i]);
    }
    if (framed) out_ += "-+";
    if (options_.border == 1) out_ += "-";
    out_ += "\n";
  }

  void PrintHeaders() {
    if (headers_.empty()) return;
    size_t line_count = 1;
    for (const Lines& header : headers_) line_count = std::max(line_count, header.size());
    for (size_t line = 0; line < line_count; ++line) {
      if (options_.border == 2) out_ += "|";
      for (size_t i = 0; i < headers_.size(); ++i) {
        if (options_.border != 0) out_ += " ";
        const std::string_view text =
            line < headers_[i].size() ? std::string_view(headers_[i][line]) : "";
        const int space = widths_[i] - TextWidth(text);
        const bool is_last = i + 1 == headers_.size();
        out_ += Blanks(space / 2);
        out_ += text;
        out_ += Blanks((space + 1) / 2);
        out_ += line + 1 < headers_[i].size() ? "+" : " ";
        if (options_.border != 0 && !is_last) out_ += "|";
      }
      if (options_.border == 2) out_ += "|";
      out_ += "\n";
    }
  }

  void PrintRow(const std::vector<Lines>& cells) {
    size_t line_count = 1;
    for (const Lines& cell : cells) line_count = std::max(line_count, cell.size());
    for (size_t line = 0; line < line_count; ++line) {
      if (options_.border == 2) out_ += "|";
      for (size_t i = 0; i < cells.size(); ++i) {
        if (options_.border != 0) out_ += " ";
        const std::string_view text =
            line < cells[i].size() ? std::string_view(cells[i][line]) : "";
        const int space = widths_[i] - TextWidth(text);
        const bool is_last = i + 1 == cells.size();
        const bool continues = line + 1 < cells[i].size();
        if (line >= cells[i].size()) {
          if (!is_last || options_.border == 2) out_ += Blanks(space);
        } else if (table_.right_aligned[i]) {
          out_ += Blanks(space);
          out_ += text;
        } else {
          out_ += text;
          if (!is_last || options_.border == 2 || continues) out_ += Blanks(space);
        }
        if (continues) {
          out_ += "+";
        } else if (!is_last || options_.border == 2) {
          out_ += " ";
        }
        if (options_.border != 0 && !is_last) out_ += "|";
      }
      if (options_.border == 2) out_ += "|";
      out_ += "\n";
    }
  }

  const Table& table_;
  const FormatOptions& options_;
  std::vector<Lines> headers_;
  std::vector<std::vector<Lines>> rows_;
  std::vector<int> widths_;
  std::string out_;
};

class ExpandedPrinter {
 public:
  ExpandedPrinter(const Table& table, const FormatOptions& options)
      : table_(table), options_(options) {
    bool has_lines = false;
    for (const std::string& header : table.headers) {
      header_width_ = std::max(header_width_, LinesWidth(CellLines(header)));
    }
    for (const auto& row : table.rows) {
      for (const auto& cell : row) {
        const Lines lines = CellLines(cell ? *cell : options.null_text);
        data_width_ = std::max(data_width_, LinesWidth(lines));
        has_lines = has_lines || lines.size() > 1;
      }
    }
    if (options.tuples_only || options.border == 0) return;
    // The line above a record must fit.
    const bool framed = options.border == 2;
    const auto line = static_cast<int>(fmt::format("-[ RECORD {} ]", table.rows.size()).size());
    const int divider = framed ? 4 : 3 + (has_lines ? 1 : 0);
    data_width_ = std::max(data_width_, line - header_width_ - divider);
  }

  std::string Print() {
    if (!options_.tuples_only && !table_.title.empty()) out_ += table_.title + "\n";
    if (table_.rows.empty() || table_.headers.empty()) {
      if (options_.footer && !options_.tuples_only) out_ += RowCount(table_) + "\n";
      return out_ + "\n";
    }
    for (size_t i = 0; i < table_.rows.size(); ++i) {
      PrintRecordLine(options_.tuples_only ? 0 : i + 1, i == 0);
      PrintRecord(table_.rows[i]);
    }
    if (options_.border == 2) PrintRule();
    if (!options_.tuples_only) {
      for (const std::string& footer : table_.footers) out_ += footer + "\n";
    }
    return std::move(out_) + "\n";
  }

 private:
  void PrintRule() {
    out_ += "+" + Repeat("-", header_width_ + 2) + "+" + Repeat("-", data_width_ + 2) + "+\n";
  }

  // The line above a record, without a number in tuples-only mode.
  void PrintRecordLine(size_t number, bool is_first) {
    if (options_.border == 0) {
      out_ += number == 0 ? (is_first ? "" : "\n") : fmt::format("* Record {}\n", number);
      return;
    }
    const bool framed = options_.border == 2;
    if (number == 0) {
      if (framed) return PrintRule();
      if (!is_first)
        out_ += Repeat("-", header_width_ + 1) + "+" + Repeat("-", data_width_ + 1) + "\n";
      return;
    }
    std::string line = fmt::format("{}-[ RECORD {} ]", framed ? "+" : "", number);
    const int divider = header_width_ + (framed ? 3 : 1);
    const int end = divider + 2 + data_width_ + (framed ? 1 : 0);
    while (static_cast<int>(line.size()) < divider) line += '-';
    if (static_cast<int>(line.size()) == divider) line += '+';
    while (static_cast<int>(line.size()) < end) line += '-';
    if (framed) line += '+';
    out_ += line + "\n";
  }

  void PrintRecord(const std::vector<std::optional<std::string>>& row) {
    const bool framed = options_.border == 2;
    const bool divided = options_.border != 0;
    for (size_t i = 0; i < row.size(); ++i) {
      const Lines header = CellLines(table_.headers[i]);
      const Lines data = CellLines(row[i] ? *row[i] : options_.null_text);
      for (size_t line = 0; line < std::max(header.size(), data.size()); ++line) {
        const std::string name = line < header.size() ? header[line] : "";
        if (framed) out_ += "| ";
        out_ += name + Blanks(header_width_ - TextWidth(name));
        out_ += line + 1 < header.size() ? "+" : " ";
        if (divided) out_ += "| ";
        const std::string text = line < data.size() ? data[line] : "";
        const bool continues = line + 1 < data.size();
        out_ += text;
        if (continues || framed) out_ += Blanks(data_width_ - TextWidth(text));
        if (continues) {
          out_ += "+";
        } else if (framed) {
          out_ += " ";
        }
        if (framed) out_ += "|";
        // A name of several lines leaves nothing behind the divider.
        while (!framed && line >= data.size() && out_.back() == ' ') out_.pop_back();
        out_ += "\n";
      }
    }
  }

  const Table& table_;
  const FormatOptions& options_;
  int header_width_ = 0;
  int data_width_ = 0;
  std::string out_;
};

// Records, headers and footers are all separated alike; a newline, or a zero byte, ends the last.
std::string PrintUnaligned(const Table& table, const FormatOptions& options) {
  std::vector<std::string> records;
  if (options.expanded == Expanded::kOn) {
    for (const auto& row : table.rows) {
      if (!records.empty()) records.emplace_back();
      for (size_t i = 0; i < row.size(); ++i) {
        records.push_back(table.headers[i] + options.field_separator +
                          (row[i] ? *row[i] : options.null_text));
      }
    }
    if (!options.tuples_only) {
      records.insert(records.end(), table.footers.begin(), table.footers.end());
    }
  } else {
    if (!options.tuples_only) {
      if (!table.title.empty()) records.push_back(table.title);
      records.push_back(fmt::format("{}", fmt::join(table.headers, options.field_separator)));
    }
    for (const auto& row : table.rows) {
      if (row.empty()) continue;
      std::string& record = records.emplace_back();
      for (size_t i = 0; i < row.size(); ++i) {
        if (i > 0) record += options.field_separator;
        record += row[i] ? *row[i] : options.null_text;
      }
    }
    for (const std::string& footer : Footers(table, options)) records.push_back(footer);
  }
  if (records.empty()) return "";
  const std::string zero(1, '\0');
  return fmt::format("{}", fmt::join(records, options.record_separator)) +
         (options.record_separator == zero ? zero : "\n");
}

std::string CsvField(std::string_view text) {
  const bool needs_quotes =
      text.find_first_of(",\"\r\n") != std::string_view::npos || text == "\\.";
  if (!needs_quotes) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

std::string PrintCsv(const Table& table, const FormatOptions& options) {
  std::string out;
  if (options.expanded == Expanded::kOn) {
    for (const auto& row : table.rows) {
      for (size_t i = 0; i < row.size(); ++i) {
        out += CsvField(table.headers[i]) + "," + CsvField(row[i] ? *row[i] : options.null_text) +
               "\n";
      }
    }
    return out;
  }
  const auto add_row = [&](const auto& fields, auto text_of) {
    bool is_first = true;
    for (const auto& field : fields) {
      if (!is_first) out += ",";
      is_first = false;
      out += CsvField(text_of(field));
    }
    out += "\n";
  };
  if (table.headers.empty()) return "\n";
  if (!options.tuples_only) add_row(table.headers, [](const std::string& text) { return text; });
  for (const auto& row : table.rows) {
    add_row(row, [&](const std::optional<std::string>& cell) {
      return cell ? *cell : options.null_text;
    });
  }
  return out;
}

}  // namespace

std::string FormatTable(const Table& table, const FormatOptions& options) {
  if (options.format == OutputFormat::kCsv) return PrintCsv(table, options);
  if (options.format == OutputFormat::kUnaligned) return PrintUnaligned(table, options);
  if (options.expanded == Expanded::kOn) return ExpandedPrinter(table, options).Print();
  AlignedPrinter printer(table, options);
  if (options.expanded == Expanded::kAuto && options.terminal_width > 0 &&
      printer.TotalWidth() > options.terminal_width) {
    return ExpandedPrinter(table, options).Print();
  }
  return printer.Print();
}

}  // namespace helios::shell
