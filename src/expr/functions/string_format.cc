// concat, format, quoting, splitting and joining, normal forms: strings made of other values.

#include <unicode/normalizer2.h>
#include <unicode/unistr.h>

#include <charconv>

#include "expr/internal/families.h"
#include "types/array.h"
#include "types/io.h"
#include "types/text.h"

namespace helios::expr {
namespace {

Status AppendText(FunctionCall& call, const Vector& value, size_t row, std::string* out) {
  if (IsStringType(value.type().oid) && value.physical() == PhysicalType::kVarlen) {
    out->append(value.View(row));
    return Status::Ok();
  }
  return FormatText(value, row, call.context.text_format, out);
}

// Arguments from `first` on, or the elements of one array argument.
Status JoinArguments(FunctionCall& call, Arguments arguments, size_t first, size_t row,
                     std::string_view separator, std::string* out) {
  bool started = false;
  for (size_t i = first; i < arguments.size(); ++i) {
    if (arguments[i]->IsNull(row)) continue;
    if (started) out->append(separator);
    started = true;
    HELIOS_TRY(AppendText(call, *arguments[i], row, out));
  }
  return Status::Ok();
}
Status Concat(FunctionCall& call, Arguments arguments, size_t row_count, Vector* out) {
  std::string text;
  for (size_t row = 0; row < row_count; ++row) {
    text.clear();
    HELIOS_TRY(JoinArguments(call, arguments, 0, row, "", &text));
    out->SetString(row, text);
  }
  return Status::Ok();
}
Status ConcatWithSeparator(FunctionCall& call, Arguments arguments, size_t row_count, Vector* out) {
  std::string text;
  for (size_t row = 0; row < row_count; ++row) {
    if (arguments[0]->IsNull(row)) {
      out->SetNull(row);
      continue;
    }
    text.clear();
    HELIOS_TRY(JoinArguments(call, arguments, 1, row, arguments[0]->View(row), &text));
    out->SetString(row, text);
  }
  return Status::Ok();
}
// text || anything, anything || text: each as a cast to text would show it.
Status ConcatAny(FunctionCall& call, Arguments arguments, size_t row_count, Vector* out) {
  std::string text;
  for (size_t row = 0; row < row_count; ++row) {
    if (!out->validity().IsValid(row)) continue;
    text.clear();
    for (const Vector* argument : arguments) {
      if (argument->type().oid == type_oid::kBool) {
        text.append(argument->At<uint8_t>(row) != 0 ? "true" : "false");
      } else {
        HELIOS_TRY(AppendText(call, *argument, row, &text));
      }
    }
    out->SetString(row, text);
  }
  return Status::Ok();
}

std::string QuoteLiteral(std::string_view text) {
  std::string out;
  if (text.find('\\') != std::string_view::npos) out.push_back('E');
  out.push_back('\'');
  for (const char c : text) {
    if (c == '\'' || c == '\\') out.push_back(c);
    out.push_back(c);
  }
  out.push_back('\'');
  return out;
}
std::string QuoteIdent(std::string_view text) { return QuoteIdentifier(text); }
template <bool kNullable>
Status QuoteAny(FunctionCall& call, Arguments arguments, size_t row_count, Vector* out) {
  std::string text;
  for (size_t row = 0; row < row_count; ++row) {
    if (arguments[0]->IsNull(row)) {
      kNullable ? out->SetString(row, "NULL") : out->SetNull(row);
      continue;
    }
    text.clear();
    if (arguments[0]->type().oid == type_oid::kBool) {
      text = arguments[0]->At<uint8_t>(row) != 0 ? "true" : "false";  // As its cast to text says.
    } else {
      HELIOS_TRY(AppendText(call, *arguments[0], row, &text));
    }
    out->SetString(row, QuoteLiteral(text));
  }
  return Status::Ok();
}

// format(): "%[position$][-][width]type".
class Formatter {
 public:
  Formatter(FunctionCall& call, Arguments arguments, size_t row)
      : call_(call), arguments_(arguments), row_(row) {}

  Result<std::string> Run(std::string_view pattern) {
    for (size_t i = 0; i < pattern.size(); ++i) {
      if (pattern[i] != '%') {
        out_.push_back(pattern[i]);
        continue;
      }
      if (++i >= pattern.size()) return Unterminated();
      if (pattern[i] == '%') {
        out_.push_back('%');
        continue;
      }
      rest_ = pattern.substr(i);
      const size_t before = rest_.size();
      HELIOS_TRY(Specifier());
      i += before - rest_.size() - 1;
    }
    return out_;
  }

 private:
  static Status Unterminated() {
    return Error(ErrorCode::kInvalidParameterValue)
        .Message("unterminated format() type specifier")
        .Hint("For a single \"%\" use \"%%\".");
  }
  Result<bool> Number(int32_t* value) {
    if (rest_.empty() || rest_[0] < '0' || rest_[0] > '9') return false;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), *value);
    if (error != std::errc()) {
      return Error(ErrorCode::kNumericOutOfRange).Message("number is out of range");
    }
    rest_.remove_prefix(static_cast<size_t>(end - rest_.data()));
    if (rest_.empty()) return Unterminated();
    return true;
  }
  static Status ZeroPosition() {
    return Error(ErrorCode::kInvalidParameterValue)
        .Message("format specifies argument 0, but arguments are numbered from 1");
  }
  Status Specifier() {
    int32_t position = -1;
    int32_t width = 0;
    bool left = false;
    int32_t number = 0;
    HELIOS_TRY(const bool has_number, Number(&number));
    bool width_done = false;
    if (has_number) {
      if (rest_[0] == '$') {
        position = number;
        if (position == 0) return ZeroPosition();
        rest_.remove_prefix(1);
        if (rest_.empty()) return Unterminated();
      } else {
        width = number;
        width_done = true;
      }
    }
    if (!width_done) HELIOS_TRY(Width(&left, &width));
    if (rest_.empty()) return Unterminated();
    const char type = rest_[0];
    if (type != 's' && type != 'I' && type != 'L') {
      return Error(ErrorCode::kInvalidParameterValue)
          .Message("unrecognized format() type specifier \"{}\"",
                   rest_.substr(0, Utf8CharBytes(static_cast<unsigned char>(type))))
          .Hint("For a single \"%\" use \"%%\".");
    }
    rest_.remove_prefix(1);
    HELIOS_TRY(const Vector* argument, Argument(position));
    return Append(type, *argument, left, width);
  }
  Status Width(bool* left, int32_t* width) {
    while (!rest_.empty() && rest_[0] == '-') {
      *left = true;
      rest_.remove_prefix(1);
    }
    if (rest_.empty()) return Unterminated();
    if (rest_[0] != '*') return Number(width).ok() ? Status::Ok() : Unterminated();
    rest_.remove_prefix(1);
    if (rest_.empty()) return Unterminated();
    int32_t position = -1;
    HELIOS_TRY(const bool has_position, Number(&position));
    if (has_position) {
      if (position == 0) return ZeroPosition();
      if (rest_[0] != '$') {
        return Error(ErrorCode::kInvalidParameterValue)
            .Message("width argument position must be ended by \"$\"");
      }
      rest_.remove_prefix(1);
    }
    HELIOS_TRY(const Vector* argument, Argument(has_position ? position : -1));
    *width = 0;
    if (argument->IsNull(row_)) return Status::Ok();
    std::string text;
    HELIOS_TRY(AppendText(call_, *argument, row_, &text));
    HELIOS_TRY(*width, ParseInt32(text));
    if (*width < 0) {
      *left = true;
      *width = -*width;
    }
    return Status::Ok();
  }
  Result<const Vector*> Argument(int32_t position) {
    if (position < 0) position = next_;
    next_ = position + 1;
    if (static_cast<size_t>(position) >= arguments_.size()) {
      return Error(ErrorCode::kInvalidParameterValue).Message("too few arguments for format()");
    }
    return arguments_[static_cast<size_t>(position)];
  }
  Status Append(char type, const Vector& argument, bool left, int32_t width) {
    std::string text;
    if (argument.IsNull(row_)) {
      if (type == 'I') {
        return Error(ErrorCode::kNullNotAllowed)
            .Message("null values cannot be formatted as an SQL identifier");
      }
      if (type == 'L') text = "NULL";
    } else {
      HELIOS_TRY(AppendText(call_, argument, row_, &text));
      if (type == 'I') text = QuoteIdentifier(text);
      if (type == 'L') text = QuoteLiteral(text);
    }
    const size_t length = Utf8Length(text);
    const size_t wanted = static_cast<size_t>(width);
    const std::string padding(wanted > length ? wanted - length : 0, ' ');
    out_.append(left ? text + padding : padding + text);
    return Status::Ok();
  }

  FunctionCall& call_;
  Arguments arguments_;  // The pattern is argument 0.
  size_t row_;
  int32_t next_ = 1;
  std::string_view rest_;
  std::string out_;
};
Status Format(FunctionCall& call, Arguments arguments, size_t row_count, Vector* out) {
  for (size_t row = 0; row < row_count; ++row) {
    if (arguments[0]->IsNull(row)) {
      out->SetNull(row);
      continue;
    }
    Formatter formatter(call, arguments, row);
    HELIOS_TRY(const std::string text, formatter.Run(arguments[0]->View(row)));
    out->SetString(row, text);
  }
  return Status::Ok();
}

// string_to_array: an absent delimiter splits into characters, an empty one not at all.
Status StringToArray(FunctionCall&, Arguments arguments, size_t row_count, Vector* out) {
  for (size_t row = 0; row < row_count; ++row) {
    if (arguments[0]->IsNull(row)) {
      out->SetNull(row);
      continue;
    }
    const bool has_null_text = arguments.size() > 2 && !arguments[2]->IsNull(row);
    const std::string_view null_text = has_null_text ? arguments[2]->View(row) : "";
    ArrayBuilder builder(type_oid::kText);
    for (const std::string_view part : SplitText(
             arguments[0]->View(row),
             arguments[1]->IsNull(row) ? std::nullopt : std::optional(arguments[1]->View(row)))) {
      has_null_text&& part == null_text ? builder.AddNull() : builder.AddBytes(part);
    }
    out->SetString(row, builder.Finish());
  }
  return Status::Ok();
}

Status ArrayToString(FunctionCall& call, Arguments arguments, size_t row_count, Vector* out) {
  std::string text;
  for (size_t row = 0; row < row_count; ++row) {
    if (arguments[0]->IsNull(row) || arguments[1]->IsNull(row)) {
      out->SetNull(row);
      continue;
    }
    const bool has_null_text = arguments.size() > 2 && !arguments[2]->IsNull(row);
    const ArrayReader array(arguments[0]->View(row));
    Vector element({array.element_type()}, array.element_physical());
    text.clear();
    bool started = false;
    for (uint32_t i = 0; i < array.size(); ++i) {
      if (array.IsNull(i) && !has_null_text) continue;
      if (started) text.append(arguments[1]->View(row));
      started = true;
      if (array.IsNull(i)) {
        text.append(arguments[2]->View(row));
        continue;
      }
      array.Load(i, &element, 0);
      HELIOS_TRY(AppendText(call, element, 0, &text));
    }
    out->SetString(row, text);
  }
  return Status::Ok();
}

Result<const icu::Normalizer2*> NormalForm(std::string_view form) {
  UErrorCode status = U_ZERO_ERROR;
  std::string upper(form);
  for (char& c : upper) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  const icu::Normalizer2* normalizer = nullptr;
  if (upper == "NFC") normalizer = icu::Normalizer2::getNFCInstance(status);
  if (upper == "NFD") normalizer = icu::Normalizer2::getNFDInstance(status);
  if (upper == "NFKC") normalizer = icu::Normalizer2::getNFKCInstance(status);
  if (upper == "NFKD") normalizer = icu::Normalizer2::getNFKDInstance(status);
  if (normalizer == nullptr || U_FAILURE(status)) {
    return Error(ErrorCode::kInvalidParameterValue).Message("invalid normalization form: {}", form);
  }
  return normalizer;
}
icu::UnicodeString ToUnicode(std::string_view text) {
  return icu::UnicodeString::fromUTF8(
      icu::StringPiece(text.data(), static_cast<int32_t>(text.size())));
}
Result<std::string> Normalize(std::string_view text, std::string_view form) {
  HELIOS_TRY(const icu::Normalizer2* normalizer, NormalForm(form));
  UErrorCode status = U_ZERO_ERROR;
  const icu::UnicodeString result = normalizer->normalize(ToUnicode(text), status);
  std::string out;
  result.toUTF8String(out);
  return out;
}
Result<bool> IsNormalized(std::string_view text, std::string_view form) {
  HELIOS_TRY(const icu::Normalizer2* normalizer, NormalForm(form));
  UErrorCode status = U_ZERO_ERROR;
  return normalizer->isNormalized(ToUnicode(text), status) != 0;
}

// Parts of a dotted, possibly quoted name.
Result<std::string> ParseIdent(std::string_view text, bool strict) {
  const auto invalid = [&](std::string_view detail) -> Status {
    Status status = Error(ErrorCode::kInvalidParameterValue)
                        .Message("string is not a valid identifier: \"{}\"", text);
    status.mutable_info().detail = detail;
    return status;
  };
  ArrayBuilder builder(type_oid::kText);
  std::string_view rest = TrimSpaces(text);
  for (;;) {
    std::string part;
    if (!rest.empty() && rest[0] == '"') {
      size_t i = 1;
      for (; i < rest.size(); ++i) {
        if (rest[i] == '"' && i + 1 < rest.size() && rest[i + 1] == '"')
          ++i;
        else if (rest[i] == '"')
          break;
        part.push_back(rest[i]);
      }
      if (i >= rest.size()) return invalid("String has unclosed double quotes.");
      if (part.empty()) return invalid("Quoted identifier must not be empty.");
      rest.remove_prefix(i + 1);
    } else {
      size_t i = 0;
      for (; i < rest.size(); ++i) {
        const char c = rest[i];
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c < 0;
        if (!letter && !(i > 0 && ((c >= '0' && c <= '9') || c == '$'))) break;
        part.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c);
      }
      if (part.empty()) {
        if (!rest.empty() && rest[0] == '.') return invalid("No valid identifier before \".\".");
        if (builder.size() > 0) return invalid("No valid identifier after \".\".");
        return invalid("");
      }
      rest.remove_prefix(i);
    }
    builder.AddBytes(part);
    while (!rest.empty() && IsSpace(rest[0])) rest.remove_prefix(1);
    if (rest.empty()) break;
    if (rest[0] != '.') {
      if (strict) return invalid("");
      break;
    }
    rest.remove_prefix(1);
    while (!rest.empty() && IsSpace(rest[0])) rest.remove_prefix(1);
  }
  return builder.Finish();
}

constexpr KernelEntry kKernels[] = {
    {"text_concat", Concat},
    {"text_concat_ws", ConcatWithSeparator},
    {"sql_2003", ConcatAny},
    {"sql_2004", ConcatAny},
    {"quote_ident", Map<QuoteIdent>},
    {"quote_literal", Map<QuoteLiteral>},
    {"sql_1285", QuoteAny<false>},
    {"quote_nullable", QuoteAny<true>},
    {"sql_1290", QuoteAny<true>},
    {"text_format", Format},
    {"text_format_nv", Format},
    {"text_to_array", StringToArray},
    {"text_to_array_null", StringToArray},
    {"array_to_text", ArrayToString},
    {"array_to_text_null", ArrayToString},
    {"unicode_normalize_func", Map<Normalize>},
    {"unicode_is_normalized", Map<IsNormalized>},
    {"parse_ident", Map<ParseIdent>},
};

}  // namespace

std::vector<std::string_view> SplitText(std::string_view text,
                                        std::optional<std::string_view> delimiter) {
  std::vector<std::string_view> parts;
  if (text.empty()) return parts;
  if (!delimiter.has_value()) {
    while (!text.empty()) {
      const size_t bytes = Utf8CharBytes(static_cast<unsigned char>(text[0]));
      parts.push_back(text.substr(0, bytes));
      text.remove_prefix(std::min(bytes, text.size()));
    }
    return parts;
  }
  if (delimiter->empty()) return {text};
  for (;;) {
    const size_t found = text.find(*delimiter);
    parts.push_back(text.substr(0, found));
    if (found == std::string_view::npos) return parts;
    text.remove_prefix(found + delimiter->size());
  }
}

std::span<const KernelEntry> StringFormatKernels() { return kKernels; }

}  // namespace helios::expr
