// Text of booleans, integers and floating-point numbers.

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "types/io.h"
#include "types/text.h"

namespace helios {

namespace {

Status InvalidInput(std::string_view type, std::string_view text) {
  return Error(ErrorCode::kInvalidTextRepresentation)
      .Message("invalid input syntax for type {}: \"{}\"", type, text);
}

Status ValueOutOfRange(std::string_view type, std::string_view text) {
  return Error(ErrorCode::kNumericOutOfRange)
      .Message("value \"{}\" is out of range for type {}", text, type);
}

template <typename T>
Result<T> ParseInteger(std::string_view text, std::string_view type_name) {
  std::string_view body = TrimSpaces(text);
  bool negative = false;
  if (!body.empty() && (body[0] == '-' || body[0] == '+')) {
    negative = body[0] == '-';
    body.remove_prefix(1);
  }
  if (body.empty()) return InvalidInput(type_name, text);
  // Negative numbers have the larger range, so collect them as such.
  T value = 0;
  bool overflow = false;
  for (char c : body) {
    if (c < '0' || c > '9') return InvalidInput(type_name, text);
    overflow |= __builtin_mul_overflow(value, T{10}, &value);
    overflow |= __builtin_sub_overflow(value, static_cast<T>(c - '0'), &value);
  }
  if (!negative) overflow |= __builtin_sub_overflow(T{0}, value, &value);
  if (overflow) return ValueOutOfRange(type_name, text);
  return value;
}

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool IsPrefixIgnoringCase(std::string_view text, std::string_view word) {
  if (text.empty() || text.size() > word.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (Lower(text[i]) != word[i]) return false;
  }
  return true;
}

bool IsWord(std::string_view text, std::string_view word) {
  return text.size() == word.size() && IsPrefixIgnoringCase(text, word);
}

template <typename T>
Result<T> ParseFloat(std::string_view text, const char* type_name) {
  const std::string_view body = TrimSpaces(text);
  if (body.empty()) return InvalidInput(type_name, text);
  std::string_view digits = body;
  bool negative = false;
  if (digits[0] == '-' || digits[0] == '+') {
    negative = digits[0] == '-';
    digits.remove_prefix(1);
  }
  if (IsWord(digits, "nan")) return std::numeric_limits<T>::quiet_NaN();
  if (IsWord(digits, "infinity") || IsWord(digits, "inf")) {
    const T infinity = std::numeric_limits<T>::infinity();
    return negative ? -infinity : infinity;
  }
  const bool is_number =
      !digits.empty() && ((digits[0] >= '0' && digits[0] <= '9') || digits[0] == '.');
  if (!is_number) return InvalidInput(type_name, text);
  const bool is_hex = digits.size() > 2 && digits[0] == '0' && Lower(digits[1]) == 'x';
  if (is_hex) digits.remove_prefix(2);
  T value = 0;
  const std::from_chars_result parsed =
      std::from_chars(digits.data(), digits.data() + digits.size(), value,
                      is_hex ? std::chars_format::hex : std::chars_format::general);
  if (parsed.ec == std::errc::invalid_argument || parsed.ptr != digits.data() + digits.size()) {
    return InvalidInput(type_name, text);
  }
  if (parsed.ec == std::errc::result_out_of_range) {
    return Error(ErrorCode::kNumericOutOfRange)
        .Message("\"{}\" is out of range for type {}", body, type_name);
  }
  return negative ? -value : value;
}

// Shortest digits that read back as the same value, laid out as PostgreSQL does: an exponent below
// -4 or from `exponent_max` on is written with at least two digits.
template <typename T>
void FormatShortest(T value, int exponent_max, std::string* out) {
  char buffer[64];
  const auto written =
      std::to_chars(buffer, buffer + sizeof(buffer), value, std::chars_format::scientific);
  std::string_view text(buffer, static_cast<size_t>(written.ptr - buffer));
  if (text[0] == '-') {
    out->push_back('-');
    text.remove_prefix(1);
  }
  const size_t e = text.find('e');
  int exponent = 0;
  const char* exponent_text = text.data() + e + 1;
  if (*exponent_text == '+') ++exponent_text;
  std::from_chars(exponent_text, written.ptr, exponent);
  char digits[32];
  size_t digit_count = 0;
  for (char c : text.substr(0, e)) {
    if (c != '.') digits[digit_count++] = c;
  }
  const std::string_view all(digits, digit_count);
  if (exponent < -4 || exponent >= exponent_max) {
    out->push_back(all[0]);
    if (digit_count > 1) {
      out->push_back('.');
      out->append(all.substr(1));
    }
    out->push_back('e');
    out->push_back(exponent < 0 ? '-' : '+');
    if (std::abs(exponent) < 10) out->push_back('0');
    FormatInt64(std::abs(exponent), out);
    return;
  }
  if (exponent < 0) {
    out->append("0.");
    out->append(static_cast<size_t>(-exponent - 1), '0');
    out->append(all);
    return;
  }
  const size_t before_point = static_cast<size_t>(exponent) + 1;
  if (digit_count <= before_point) {
    out->append(all);
    out->append(before_point - digit_count, '0');
    return;
  }
  out->append(all.substr(0, before_point));
  out->push_back('.');
  out->append(all.substr(before_point));
}

bool FormatFloatSpecial(double value, std::string* out) {
  if (std::isnan(value)) {
    out->append("NaN");
    return true;
  }
  if (std::isinf(value)) {
    out->append(value < 0 ? "-Infinity" : "Infinity");
    return true;
  }
  return false;
}

void FormatRounded(double value, int digits, std::string* out) {
  char buffer[64];
  const int length = std::snprintf(buffer, sizeof(buffer), "%.*g", std::max(digits, 1), value);
  out->append(buffer, static_cast<size_t>(length));
}

}  // namespace

Result<bool> ParseBool(std::string_view text) {
  const std::string_view body = TrimSpaces(text);
  if (IsPrefixIgnoringCase(body, "true") || IsPrefixIgnoringCase(body, "yes") ||
      IsWord(body, "on") || body == "1") {
    return true;
  }
  if (IsPrefixIgnoringCase(body, "false") || IsPrefixIgnoringCase(body, "no") ||
      IsWord(body, "off") || IsWord(body, "of") || body == "0") {
    return false;
  }
  return InvalidInput("boolean", text);
}

Result<int16_t> ParseInt16(std::string_view text) {
  return ParseInteger<int16_t>(text, "smallint");
}
Result<int32_t> ParseInt32(std::string_view text) { return ParseInteger<int32_t>(text, "integer"); }
Result<int64_t> ParseInt64(std::string_view text) { return ParseInteger<int64_t>(text, "bigint"); }

Result<uint32_t> ParseOid(std::string_view text) {
  const Result<int64_t> value = ParseInteger<int64_t>(text, "oid");
  if (!value.ok()) return value.status();
  // Negative numbers wrap, as strtoul makes them.
  if (*value > UINT32_MAX || *value < INT32_MIN) return ValueOutOfRange("oid", text);
  return static_cast<uint32_t>(*value);
}

Result<float> ParseFloat32(std::string_view text) { return ParseFloat<float>(text, "real"); }
Result<double> ParseFloat64(std::string_view text) {
  return ParseFloat<double>(text, "double precision");
}

void FormatInt64(int64_t value, std::string* out) {
  const fmt::format_int text(value);
  out->append(text.data(), text.size());
}

void FormatFloat32(float value, int32_t extra_float_digits, std::string* out) {
  if (FormatFloatSpecial(value, out)) return;
  if (extra_float_digits > 0) return FormatShortest(value, 6, out);
  FormatRounded(value, 6 + extra_float_digits, out);
}

void FormatFloat64(double value, int32_t extra_float_digits, std::string* out) {
  if (FormatFloatSpecial(value, out)) return;
  if (extra_float_digits > 0) return FormatShortest(value, 15, out);
  FormatRounded(value, 15 + extra_float_digits, out);
}

Status OutOfRange(std::string_view type_name) {
  return Error(ErrorCode::kNumericOutOfRange).Message("{} out of range", type_name);
}

}  // namespace helios
