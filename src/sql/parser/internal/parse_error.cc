#include "sql/parser/internal/parse_error.h"

#include <algorithm>

namespace helios::sql {
namespace {

// libpg_query keeps the message and drops the SQLSTATE and the hint; here they come back.
struct KnownError {
  std::string_view part;  // Of the message.
  ErrorCode code;
  std::string_view detail;
  std::string_view hint;
};

constexpr KnownError kKnown[] = {
    {"unsafe use of \\' in a string literal", ErrorCode::kNonstandardUseOfEscapeCharacter, "",
     "Use '' to write quotes in strings. \\' is insecure in client-only encodings."},
    {"unsafe use of string constant with Unicode escapes", ErrorCode::kFeatureNotSupported,
     "String constants with Unicode escapes cannot be used when standard_conforming_strings is "
     "off.",
     ""},
    {"invalid byte sequence for encoding", ErrorCode::kCharacterNotInRepertoire, "", ""},
    {"not yet implemented", ErrorCode::kFeatureNotSupported, "", ""},
    {"not implemented", ErrorCode::kFeatureNotSupported, "", ""},
    {"is not supported", ErrorCode::kFeatureNotSupported, "", ""},
    {"are not supported", ErrorCode::kFeatureNotSupported, "", ""},
    {"cannot be marked", ErrorCode::kFeatureNotSupported, "", ""},
    {"cannot include schema elements", ErrorCode::kFeatureNotSupported, "", ""},
    {"not supported yet", ErrorCode::kFeatureNotSupported, "", ""},
    {"stack depth limit exceeded", ErrorCode::kStatementTooComplex, "", ""},
    {"memory exhausted", ErrorCode::kStatementTooComplex, "", ""},
    {"frame starting from", ErrorCode::kWindowingError, "", ""},
    {"frame start cannot be", ErrorCode::kWindowingError, "", ""},
    {"frame end cannot be", ErrorCode::kWindowingError, "", ""},
    {"precision for type float must be", ErrorCode::kInvalidParameterValue, "", ""},
    {"\" is reserved", ErrorCode::kReservedName, "", ""},
    {"cannot be used as a role name here", ErrorCode::kReservedName, "", ""},
    {"unrecognized role option", ErrorCode::kSyntaxError, "", ""},
    {"VALUES in FROM must have an alias", ErrorCode::kSyntaxError, "",
     "For example, FROM (VALUES ...) [AS] foo."},
    {"subquery in FROM must have an alias", ErrorCode::kSyntaxError, "",
     "For example, FROM (SELECT ...) [AS] foo."},
};

bool IsIdentifierPart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '$' || static_cast<uint8_t>(c) >= 0x80;
}

// E'' and U&'' report a bad escape with the same words, but not with the same code and hint.
void FillUnicodeEscape(ErrorInfo& info, std::string_view rest) {
  if (rest.starts_with("\\u") || rest.starts_with("\\U")) {
    info.code = ErrorCode::kInvalidEscapeSequence;
    info.hint = "Unicode escapes must be \\uXXXX or \\UXXXXXXXX.";
  } else {
    info.hint = "Unicode escapes must be \\XXXX or \\+XXXXXX.";
  }
}

// The scanner names the number and one character of what clings to it; users see the whole word.
void ExtendJunk(ErrorInfo& info, std::string_view rest) {
  constexpr std::string_view kBegin = "trailing junk after numeric literal at or near \"";
  if (!info.message.starts_with(kBegin) || !info.message.ends_with('"')) return;
  size_t end = info.message.size() - kBegin.size() - 1;
  while (end < rest.size() && IsIdentifierPart(rest[end])) ++end;
  info.message = std::string(kBegin) + std::string(rest.substr(0, end)) + '"';
}

}  // namespace

Status MakeParseError(std::string_view message, int cursor_position, std::string_view text,
                      const TextMap& map) {
  ErrorInfo info;
  info.code = ErrorCode::kSyntaxError;
  info.message = message;
  for (const KnownError& known : kKnown) {
    if (message.find(known.part) == std::string_view::npos) continue;
    info.code = known.code;
    info.detail = known.detail;
    info.hint = known.hint;
    break;
  }
  if (cursor_position > 0) {
    info.position =
        std::min(cursor_position, map.CharOffset(static_cast<int64_t>(text.size())) + 1);
  }
  if (info.position > 0) {
    const std::string_view rest = text.substr(map.ByteOffset(info.position - 1));
    if (message == "invalid Unicode escape") FillUnicodeEscape(info, rest);
    ExtendJunk(info, rest);
  }
  return Status(std::move(info));
}

}  // namespace helios::sql
