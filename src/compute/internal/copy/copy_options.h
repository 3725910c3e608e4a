#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "sql/ast.h"

namespace helios::compute {

enum class CopyForm : uint8_t { kText, kCsv, kBinary };
enum class CopyHeader : uint8_t { kNone, kPresent, kMatch };

// The options of COPY, checked and with their defaults filled in.
struct CopyOptions {
  CopyForm form = CopyForm::kText;
  CopyHeader header = CopyHeader::kNone;
  char delimiter = '\t';
  std::string null = "\\N";
  char quote = '"';
  char escape = '"';
  bool force_quote_all = false;
  std::vector<std::string> force_quote, force_null, force_not_null;  // Column names.
};

// 42601, 22023 and 0A000 as PostgreSQL has them.
Result<CopyOptions> ReadCopyOptions(const sql::ast::CopyStatement& statement);

}  // namespace helios::compute
