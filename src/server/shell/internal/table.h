// Prints results: aligned, unaligned, expanded, CSV.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace helios::shell {

enum class OutputFormat : unsigned char { kAligned, kUnaligned, kCsv };
enum class Expanded : unsigned char { kOff, kOn, kAuto };

struct FormatOptions {
  OutputFormat format = OutputFormat::kAligned;
  Expanded expanded = Expanded::kOff;
  bool tuples_only = false;
  bool footer = true;
  int border = 1;  // 0, 1 or 2.
  std::string field_separator = "|";
  std::string record_separator = "\n";
  std::string null_text;
  int terminal_width = 0;  // For kAuto; 0: unknown.
};

struct Table {
  std::string title;
  std::vector<std::string> headers;
  std::vector<bool> right_aligned;                            // One a header.
  std::vector<std::vector<std::optional<std::string>>> rows;  // No value: NULL.
  std::vector<std::string> footers;                           // Instead of the count of rows.
  bool count_rows = true;  // Print "(n rows)" when there are no footers.
};

std::string FormatTable(const Table& table, const FormatOptions& options);

}  // namespace helios::shell
