#include "types/bytea.h"

#include "types/text.h"

namespace helios {

namespace {

constexpr char kHexDigits[] = "0123456789abcdef";
constexpr char kBase64Digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

int Base64Digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  if (c == '/') return 63;
  return -1;
}

bool IsHexSpace(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

// The character at `at`, which may be several bytes long.
std::string_view CharacterAt(std::string_view text, size_t at) {
  return text.substr(at, Utf8CharBytes(static_cast<unsigned char>(text[at])));
}

bool IsOctal(char c) { return c >= '0' && c <= '7'; }

}  // namespace

Result<std::string> DecodeHex(std::string_view text) {
  std::string out;
  out.reserve(text.size() / 2);
  for (size_t at = 0; at < text.size();) {
    if (IsHexSpace(text[at])) {
      ++at;
      continue;
    }
    const int high = HexDigit(text[at]);
    if (high < 0) {
      return Error(ErrorCode::kInvalidParameterValue)
          .Message("invalid hexadecimal digit: \"{}\"", CharacterAt(text, at));
    }
    if (++at == text.size()) {
      return Error(ErrorCode::kInvalidParameterValue)
          .Message("invalid hexadecimal data: odd number of digits");
    }
    const int low = HexDigit(text[at]);
    if (low < 0) {
      return Error(ErrorCode::kInvalidParameterValue)
          .Message("invalid hexadecimal digit: \"{}\"", CharacterAt(text, at));
    }
    out.push_back(static_cast<char>(high << 4 | low));
    ++at;
  }
  return out;
}

void EncodeHex(std::string_view bytes, std::string* out) {
  out->reserve(out->size() + bytes.size() * 2);
  for (char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out->push_back(kHexDigits[byte >> 4]);
    out->push_back(kHexDigits[byte & 15]);
  }
}

Result<std::string> ParseBytea(std::string_view text) {
  if (text.starts_with("\\x")) return DecodeHex(text.substr(2));
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '\\') {
      out.push_back(text[at]);
    } else if (at + 1 < text.size() && text[at + 1] == '\\') {
      out.push_back('\\');
      ++at;
    } else if (at + 3 < text.size() && text[at + 1] <= '3' && IsOctal(text[at + 1]) &&
               IsOctal(text[at + 2]) && IsOctal(text[at + 3])) {
      out.push_back(static_cast<char>((text[at + 1] - '0') << 6 | (text[at + 2] - '0') << 3 |
                                      (text[at + 3] - '0')));
      at += 3;
    } else {
      return Error(ErrorCode::kInvalidTextRepresentation)
          .Message("invalid input syntax for type bytea");
    }
  }
  return out;
}

void FormatBytea(std::string_view bytes, ByteaOutput form, std::string* out) {
  if (form == ByteaOutput::kHex) {
    out->append("\\x");
    EncodeHex(bytes, out);
    return;
  }
  for (char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\\') {
      out->append("\\\\");
    } else if (byte < 0x20 || byte > 0x7e) {
      out->append(fmt::format("\\{:03o}", byte));
    } else {
      out->push_back(c);
    }
  }
}

void EncodeBase64(std::string_view bytes, std::string* out) {
  constexpr size_t kLineLength = 76;
  size_t line = 0;
  for (size_t at = 0; at < bytes.size(); at += 3) {
    const size_t left = bytes.size() - at;
    uint32_t group = static_cast<uint32_t>(static_cast<unsigned char>(bytes[at])) << 16;
    if (left > 1) group |= static_cast<uint32_t>(static_cast<unsigned char>(bytes[at + 1])) << 8;
    if (left > 2) group |= static_cast<unsigned char>(bytes[at + 2]);
    if (line == kLineLength) {
      out->push_back('\n');
      line = 0;
    }
    out->push_back(kBase64Digits[group >> 18]);
    out->push_back(kBase64Digits[group >> 12 & 63]);
    out->push_back(left > 1 ? kBase64Digits[group >> 6 & 63] : '=');
    out->push_back(left > 2 ? kBase64Digits[group & 63] : '=');
    line += 4;
  }
}

Result<std::string> DecodeBase64(std::string_view text) {
  std::string out;
  uint32_t group = 0;
  int position = 0;
  int end = 0;
  for (size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (IsHexSpace(c)) continue;
    int digit = 0;
    if (c == '=') {
      // Padding may only stand at the end of a group, for the third and fourth digit.
      if (end == 0) {
        if (position == 2) {
          end = 1;
        } else if (position == 3) {
          end = 2;
        } else {
          return Error(ErrorCode::kInvalidParameterValue)
              .Message("unexpected \"=\" while decoding base64 sequence");
        }
      }
    } else {
      digit = Base64Digit(c);
      if (digit < 0) {
        return Error(ErrorCode::kInvalidParameterValue)
            .Message("invalid symbol \"{}\" found while decoding base64 sequence",
                     CharacterAt(text, at));
      }
    }
    group = group << 6 | static_cast<uint32_t>(digit);
    if (++position < 4) continue;
    out.push_back(static_cast<char>(group >> 16));
    if (end == 0 || end > 1) out.push_back(static_cast<char>(group >> 8));
    if (end == 0 || end > 2) out.push_back(static_cast<char>(group));
    group = 0;
    position = 0;
  }
  if (position != 0) {
    return Error(ErrorCode::kInvalidParameterValue)
        .Message("invalid base64 end sequence")
        .Hint("Input data is missing padding, is truncated, or is otherwise corrupted.");
  }
  return out;
}

}  // namespace helios
