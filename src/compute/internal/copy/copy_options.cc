#include "compute/internal/copy/copy_options.h"

#include <optional>
#include <set>

namespace helios::compute {

namespace {

using sql::ast::Option;

Status Refuse(ErrorCode code, std::string_view message) {
  return Error(code).Message("{}", message);
}
Status Syntax(std::string_view message) { return Refuse(ErrorCode::kSyntaxError, message); }
Status Unsupported(std::string_view message) {
  return Refuse(ErrorCode::kFeatureNotSupported, message);
}
Status BadValue(std::string_view message) {
  return Refuse(ErrorCode::kInvalidParameterValue, message);
}

// The options as written; absent ones get defaults that depend on the format.
struct Written {
  std::optional<std::string> delimiter, null, quote, escape;
};

Result<CopyHeader> ReadHeader(const Option& option, bool from) {
  if (option.value_kind == sql::ast::OptionValueKind::kNone) return CopyHeader::kPresent;
  std::string word = option.text;
  for (char& c : word) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  if (word == "true" || word == "on" || word == "1") return CopyHeader::kPresent;
  if (word == "false" || word == "off" || word == "0") return CopyHeader::kNone;
  if (word == "match") {
    if (!from) return Unsupported("cannot use \"match\" with HEADER in COPY TO");
    return CopyHeader::kMatch;
  }
  return Syntax("header requires a Boolean value or \"match\"");
}

Status ReadFormat(const Option& option, CopyOptions* out) {
  if (option.text == "text") {
    out->form = CopyForm::kText;
  } else if (option.text == "csv") {
    out->form = CopyForm::kCsv;
  } else if (option.text == "binary") {
    out->form = CopyForm::kBinary;
  } else {
    return Error(ErrorCode::kInvalidParameterValue)
        .Message("COPY format \"{}\" not recognized", option.text)
        .Position(option.location + 1);
  }
  return Status::Ok();
}

Status CheckBinary(const CopyOptions& options, const Written& written) {
  if (written.delimiter.has_value()) return Syntax("cannot specify DELIMITER in BINARY mode");
  if (written.null.has_value()) return Syntax("cannot specify NULL in BINARY mode");
  if (options.header != CopyHeader::kNone) {
    return Unsupported("cannot specify HEADER in BINARY mode");
  }
  return Status::Ok();
}

Status CheckCharacters(const CopyOptions& options, const Written& written) {
  const bool csv = options.form == CopyForm::kCsv;
  const std::string& null = options.null;
  if (written.delimiter.has_value() && written.delimiter->size() != 1) {
    return Unsupported("COPY delimiter must be a single one-byte character");
  }
  if (options.delimiter == '\r' || options.delimiter == '\n') {
    return BadValue("COPY delimiter cannot be newline or carriage return");
  }
  if (null.find_first_of("\r\n") != std::string::npos) {
    return BadValue("COPY null representation cannot use newline or carriage return");
  }
  constexpr std::string_view kNoDelimiters = "\\.abcdefghijklmnopqrstuvwxyz0123456789";
  if (!csv && kNoDelimiters.find(options.delimiter) != std::string_view::npos) {
    return Error(ErrorCode::kInvalidParameterValue)
        .Message("COPY delimiter cannot be \"{}\"", options.delimiter);
  }
  if (!csv && written.quote.has_value()) {
    return Unsupported("COPY quote available only in CSV mode");
  }
  if (csv && written.quote.has_value() && written.quote->size() != 1) {
    return Unsupported("COPY quote must be a single one-byte character");
  }
  if (csv && options.delimiter == options.quote) {
    return BadValue("COPY delimiter and quote must be different");
  }
  if (!csv && written.escape.has_value()) {
    return Unsupported("COPY escape available only in CSV mode");
  }
  if (csv && written.escape.has_value() && written.escape->size() != 1) {
    return Unsupported("COPY escape must be a single one-byte character");
  }
  if (null.find(options.delimiter) != std::string::npos) {
    return Unsupported("COPY delimiter must not appear in the NULL specification");
  }
  if (csv && null.find(options.quote) != std::string::npos) {
    return Unsupported("CSV quote character must not appear in the NULL specification");
  }
  return Status::Ok();
}

Status CheckForces(const CopyOptions& options, bool from) {
  const bool csv = options.form == CopyForm::kCsv;
  const bool quotes = options.force_quote_all || !options.force_quote.empty();
  if (quotes && !csv) return Unsupported("COPY force quote available only in CSV mode");
  if (quotes && from) return Unsupported("COPY force quote only available using COPY TO");
  if (!options.force_not_null.empty()) {
    if (!csv) return Unsupported("COPY force not null available only in CSV mode");
    if (!from) return Unsupported("COPY force not null only available using COPY FROM");
  }
  if (!options.force_null.empty()) {
    if (!csv) return Unsupported("COPY force null available only in CSV mode");
    if (!from) return Unsupported("COPY force null only available using COPY FROM");
  }
  return Status::Ok();
}

Status ReadOption(const Option& option, bool from, CopyOptions* out, Written* written) {
  if (option.name == "format") return ReadFormat(option, out);
  if (option.name == "delimiter") {
    written->delimiter = option.text;
  } else if (option.name == "null") {
    written->null = option.text;
  } else if (option.name == "quote") {
    written->quote = option.text;
  } else if (option.name == "escape") {
    written->escape = option.text;
  } else if (option.name == "header") {
    HELIOS_TRY(out->header, ReadHeader(option, from));
  } else if (option.name == "force_quote") {
    out->force_quote_all = option.value_kind == sql::ast::OptionValueKind::kStar;
    out->force_quote.assign(option.list.begin(), option.list.end());
  } else if (option.name == "force_not_null") {
    out->force_not_null.assign(option.list.begin(), option.list.end());
  } else if (option.name == "force_null") {
    out->force_null.assign(option.list.begin(), option.list.end());
  } else if (option.name == "encoding") {
    std::string name;
    for (char c : option.text) {
      if (c != '-' && c != '_')
        name.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c);
    }
    if (name != "utf8" && name != "unicode" && name != "sqlascii") {
      return Error(ErrorCode::kFeatureNotSupported)
          .Message("encoding \"{}\" is not supported", option.text)
          .Hint("Convert the data to UTF-8.");
    }
  } else if (option.name != "freeze") {
    return Error(ErrorCode::kSyntaxError)
        .Message("option \"{}\" not recognized", option.name)
        .Position(option.location + 1);
  }
  return Status::Ok();
}

}  // namespace

Result<CopyOptions> ReadCopyOptions(const sql::ast::CopyStatement& statement) {
  CopyOptions options;
  Written written;
  std::set<std::string> seen;
  for (const Option& option : statement.options) {
    if (!seen.insert(option.name).second) {
      return Error(ErrorCode::kSyntaxError)
          .Message("conflicting or redundant options")
          .Position(option.location + 1);
    }
    HELIOS_TRY(ReadOption(option, statement.from, &options, &written));
  }
  if (options.form == CopyForm::kBinary) HELIOS_TRY(CheckBinary(options, written));
  if (options.form == CopyForm::kCsv) {
    options.delimiter = ',';
    options.null.clear();
  }
  if (written.null.has_value()) options.null = *written.null;
  if (written.delimiter.has_value() && written.delimiter->size() == 1) {
    options.delimiter = (*written.delimiter)[0];
  }
  if (written.quote.has_value() && written.quote->size() == 1) options.quote = (*written.quote)[0];
  options.escape = options.quote;
  if (written.escape.has_value() && written.escape->size() == 1) {
    options.escape = (*written.escape)[0];
  }
  if (options.form != CopyForm::kBinary) HELIOS_TRY(CheckCharacters(options, written));
  HELIOS_TRY(CheckForces(options, statement.from));
  return options;
}

}  // namespace helios::compute
