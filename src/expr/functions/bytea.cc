// bytea and bit strings: parts, single bits and bytes, digests, encodings.

#include "types/bytea.h"

#include <algorithm>
#include <bit>

#include "expr/internal/families.h"
#include "sys/crypto.h"
#include "types/text.h"

namespace helios::expr {
namespace {

Status NegativeLength() {
  return Error(ErrorCode::kSubstringError).Message("negative substring length not allowed");
}
Status IntegerOutOfRange() {
  return Error(ErrorCode::kNumericOutOfRange).Message("integer out of range");
}

// --- parts: bytes of bytea, digits of bit strings ---

std::string_view Slice(std::string_view bytes, int64_t from, int64_t end) {
  from = std::max<int64_t>(from, 1);
  if (end <= from || from > static_cast<int64_t>(bytes.size())) return {};
  return bytes.substr(static_cast<size_t>(from - 1), static_cast<size_t>(end - from));
}
Result<std::string_view> Substring(std::string_view bytes, int32_t from, int32_t length) {
  if (length < 0) return NegativeLength();
  return Slice(bytes, from, int64_t{from} + length);
}
std::string_view SubstringToEnd(std::string_view bytes, int32_t from) {
  return Slice(bytes, from, INT64_MAX);
}
Result<std::string> Overlay(std::string_view bytes, std::string_view with, int32_t from,
                            int32_t length) {
  if (from <= 0) return NegativeLength();
  int32_t resume;
  if (__builtin_add_overflow(from, length, &resume)) return IntegerOutOfRange();
  std::string out(Slice(bytes, 1, from));
  return out.append(with).append(Slice(bytes, resume, INT64_MAX));
}
Result<std::string> OverlayWhole(std::string_view bytes, std::string_view with, int32_t from) {
  return Overlay(bytes, with, from, static_cast<int32_t>(with.size()));
}
int32_t Position(std::string_view bytes, std::string_view part) {
  const size_t found = bytes.find(part);
  return found == std::string_view::npos ? 0 : static_cast<int32_t>(found) + 1;
}
std::string_view TrimLeft(std::string_view bytes, std::string_view set) {
  const size_t start = bytes.find_first_not_of(set);
  return start == std::string_view::npos ? std::string_view() : bytes.substr(start);
}
std::string_view TrimRight(std::string_view bytes, std::string_view set) {
  const size_t last = bytes.find_last_not_of(set);
  return last == std::string_view::npos ? std::string_view() : bytes.substr(0, last + 1);
}
std::string_view TrimBoth(std::string_view bytes, std::string_view set) {
  return TrimRight(TrimLeft(bytes, set), set);
}

// --- single bytes and bits ---

Status BadIndex(int64_t index, size_t size) {
  return Error(ErrorCode::kArraySubscriptError)
      .Message("index {} out of valid range, 0..{}", index, static_cast<int64_t>(size) - 1);
}
Status BadBitIndex(int64_t index, size_t size) {
  return Error(ErrorCode::kArraySubscriptError)
      .Message("bit index {} out of valid range (0..{})", index, static_cast<int64_t>(size) - 1);
}
bool Inside(int64_t index, size_t size) { return index >= 0 && index < static_cast<int64_t>(size); }
Result<int32_t> GetByte(std::string_view bytes, int32_t index) {
  if (!Inside(index, bytes.size())) return BadIndex(index, bytes.size());
  return static_cast<int32_t>(static_cast<unsigned char>(bytes[static_cast<size_t>(index)]));
}
Result<std::string> SetByte(std::string_view bytes, int32_t index, int32_t value) {
  if (!Inside(index, bytes.size())) return BadIndex(index, bytes.size());
  std::string out(bytes);
  out[static_cast<size_t>(index)] = static_cast<char>(value);
  return out;
}
Result<int32_t> GetBit(std::string_view bytes, int64_t index) {
  if (!Inside(index, bytes.size() * 8)) return BadIndex(index, bytes.size() * 8);
  return bytes[static_cast<size_t>(index / 8)] >> (index % 8) & 1;
}
Status BadNewBit() {
  return Error(ErrorCode::kInvalidParameterValue).Message("new bit must be 0 or 1");
}
Result<std::string> SetBit(std::string_view bytes, int64_t index, int32_t value) {
  if (!Inside(index, bytes.size() * 8)) return BadIndex(index, bytes.size() * 8);
  if (value != 0 && value != 1) return BadNewBit();
  std::string out(bytes);
  char& byte = out[static_cast<size_t>(index / 8)];
  const int mask = 1 << (index % 8);
  byte = static_cast<char>(value == 1 ? byte | mask : byte & ~mask);
  return out;
}
int64_t CountBits(std::string_view bytes) {
  int64_t count = 0;
  for (const char byte : bytes) count += std::popcount(static_cast<unsigned char>(byte));
  return count;
}

// --- bit strings: one digit a bit ---

int32_t BitLength(std::string_view bits) { return static_cast<int32_t>(bits.size()); }
int32_t BitOctets(std::string_view bits) { return static_cast<int32_t>((bits.size() + 7) / 8); }
int64_t CountOnes(std::string_view bits) {
  return static_cast<int64_t>(std::count(bits.begin(), bits.end(), '1'));
}
Result<int32_t> GetDigit(std::string_view bits, int32_t index) {
  if (!Inside(index, bits.size())) return BadBitIndex(index, bits.size());
  return bits[static_cast<size_t>(index)] - '0';
}
Result<std::string> SetDigit(std::string_view bits, int32_t index, int32_t value) {
  if (!Inside(index, bits.size())) return BadBitIndex(index, bits.size());
  if (value != 0 && value != 1) return BadNewBit();
  std::string out(bits);
  out[static_cast<size_t>(index)] = static_cast<char>('0' + value);
  return out;
}
int32_t BitPosition(std::string_view bits, std::string_view part) {
  if (bits.empty()) return 0;
  return Position(bits, part);
}
template <char kOperation>
Result<std::string> Combine(std::string_view a, std::string_view b) {
  constexpr const char* kName = kOperation == '&' ? "AND" : (kOperation == '|' ? "OR" : "XOR");
  if (a.size() != b.size()) {
    return Error(ErrorCode::kStringLengthMismatch)
        .Message("cannot {} bit strings of different sizes", kName);
  }
  std::string out(a);
  for (size_t i = 0; i < a.size(); ++i) {
    const bool x = a[i] == '1';
    const bool y = b[i] == '1';
    const bool bit = kOperation == '&' ? (x && y) : (kOperation == '|' ? (x || y) : x != y);
    out[i] = bit ? '1' : '0';
  }
  return out;
}
std::string Invert(std::string_view bits) {
  std::string out(bits);
  for (char& bit : out) bit = bit == '1' ? '0' : '1';
  return out;
}
std::string Shift(std::string_view bits, int64_t left) {
  std::string out(bits.size(), '0');
  for (size_t i = 0; i < bits.size(); ++i) {
    const int64_t from = static_cast<int64_t>(i) + left;
    if (Inside(from, bits.size())) out[i] = bits[static_cast<size_t>(from)];
  }
  return out;
}
std::string ShiftLeft(std::string_view bits, int32_t count) { return Shift(bits, count); }
std::string ShiftRight(std::string_view bits, int32_t count) {
  return Shift(bits, -int64_t{count});
}

// --- digests ---

std::string Md5(std::string_view bytes) {
  std::string hex;
  EncodeHex(sys::Md5(bytes), &hex);
  return hex;
}

// --- encodings ---

Status UnknownEncoding(std::string_view name) {
  return Error(ErrorCode::kInvalidParameterValue).Message("unrecognized encoding: \"{}\"", name);
}
std::string LowerAscii(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return out;
}
Result<std::string> Encode(std::string_view bytes, std::string_view encoding) {
  const std::string name = LowerAscii(encoding);
  std::string out;
  if (name == "hex") {
    EncodeHex(bytes, &out);
  } else if (name == "base64") {
    EncodeBase64(bytes, &out);
  } else if (name == "escape") {
    // Zero bytes and bytes of other encodings as octal, a backslash doubled.
    for (const char c : bytes) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte == 0 || byte >= 0x80) {
        out += fmt::format("\\{:03o}", byte);
      } else if (c == '\\') {
        out += "\\\\";
      } else {
        out.push_back(c);
      }
    }
  } else {
    return UnknownEncoding(encoding);
  }
  return out;
}
Result<std::string> DecodeEscape(std::string_view text) {
  std::string out;
  const auto is_octal = [&](size_t i, char max) {
    return i < text.size() && text[i] >= '0' && text[i] <= max;
  };
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out.push_back(text[i]);
    } else if (is_octal(i + 1, '3') && is_octal(i + 2, '7') && is_octal(i + 3, '7')) {
      out.push_back(static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 +
                                      (text[i + 3] - '0')));
      i += 3;
    } else if (i + 1 < text.size() && text[i + 1] == '\\') {
      out.push_back('\\');
      ++i;
    } else {
      return Error(ErrorCode::kInvalidTextRepresentation)
          .Message("invalid input syntax for type {}", "bytea");
    }
  }
  return out;
}
Result<std::string> Decode(std::string_view text, std::string_view encoding) {
  const std::string name = LowerAscii(encoding);
  if (name == "hex") return DecodeHex(text);
  if (name == "base64") return DecodeBase64(text);
  if (name == "escape") return DecodeEscape(text);
  return UnknownEncoding(encoding);
}

enum class Charset { kUtf8, kLatin1, kAscii, kUnknown };
Charset FindCharset(std::string_view name) {
  std::string plain;
  for (const char c : LowerAscii(name)) {
    if (c != '-' && c != '_' && c != ' ') plain.push_back(c);
  }
  if (plain == "utf8" || plain == "unicode") return Charset::kUtf8;
  if (plain == "latin1" || plain == "iso88591") return Charset::kLatin1;
  if (plain == "sqlascii") return Charset::kAscii;
  return Charset::kUnknown;
}
Status BadEncodingName(std::string_view which, std::string_view name) {
  return Error(ErrorCode::kInvalidParameterValue)
      .Message("invalid {} encoding name \"{}\"", which, name);
}
Result<std::string> ConvertFrom(std::string_view bytes, std::string_view charset) {
  switch (FindCharset(charset)) {
    case Charset::kUtf8:
    case Charset::kAscii: {
      HELIOS_TRY(ValidateUtf8(bytes));
      return std::string(bytes);
    }
    case Charset::kLatin1: {
      std::string out;
      for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x80) {
          out.push_back(c);
        } else {
          out.push_back(static_cast<char>(0xc0 | byte >> 6));
          out.push_back(static_cast<char>(0x80 | (byte & 0x3f)));
        }
      }
      return out;
    }
    case Charset::kUnknown:
      break;
  }
  return BadEncodingName("source", charset);
}
Result<std::string> ConvertTo(std::string_view text, std::string_view charset) {
  switch (FindCharset(charset)) {
    case Charset::kUtf8:
    case Charset::kAscii:
      return std::string(text);
    case Charset::kLatin1: {
      std::string out;
      for (size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if (byte < 0x80) {
          out.push_back(text[i]);
          continue;
        }
        const size_t length = Utf8CharBytes(byte);
        if (length != 2 || byte > 0xc3) {
          std::string shown;
          for (size_t k = 0; k < length && i + k < text.size(); ++k) {
            shown += fmt::format("{}0x{:02x}", k == 0 ? "" : " ",
                                 static_cast<unsigned char>(text[i + k]));
          }
          return Error(ErrorCode::kUntranslatableCharacter)
              .Message(
                  "character with byte sequence {} in encoding \"UTF8\" has no equivalent in "
                  "encoding \"LATIN1\"",
                  shown);
        }
        out.push_back(static_cast<char>((byte & 3) << 6 | (text[i + 1] & 0x3f)));
        ++i;
      }
      return out;
    }
    case Charset::kUnknown:
      break;
  }
  return BadEncodingName("destination", charset);
}
Result<std::string> Convert(std::string_view bytes, std::string_view from, std::string_view to) {
  HELIOS_TRY(const std::string text, ConvertFrom(bytes, from));
  return ConvertTo(text, to);
}
Result<int32_t> LengthInCharset(std::string_view bytes, std::string_view charset) {
  HELIOS_TRY(const std::string text, ConvertFrom(bytes, charset));
  return static_cast<int32_t>(Utf8Length(text));
}

constexpr KernelEntry kKernels[] = {
    {"bytea_substr", Map<Substring>},
    {"bytea_substr_no_len", Map<SubstringToEnd>},
    {"byteaoverlay", Map<Overlay>},
    {"byteaoverlay_no_len", Map<OverlayWhole>},
    {"byteapos", Map<Position>},
    {"byteatrim", Map<TrimBoth>},
    {"bytealtrim", Map<TrimLeft>},
    {"byteartrim", Map<TrimRight>},
    {"byteaGetByte", Map<GetByte>},
    {"byteaSetByte", Map<SetByte>},
    {"byteaGetBit", Map<GetBit>},
    {"byteaSetBit", Map<SetBit>},
    {"bytea_bit_count", Map<CountBits>},
    {"bitlength", Map<BitLength>},
    {"sql_1812", Map<BitLength>},
    {"bitoctetlength", Map<BitOctets>},
    {"bit_bit_count", Map<CountOnes>},
    {"bitgetbit", Map<GetDigit>},
    {"bitsetbit", Map<SetDigit>},
    {"bitposition", Map<BitPosition>},
    {"bitsubstr", Map<Substring>},
    {"bitsubstr_no_len", Map<SubstringToEnd>},
    {"bitoverlay", Map<Overlay>},
    {"bitoverlay_no_len", Map<OverlayWhole>},
    {"bit_and", Map<Combine<'&'>>},
    {"bit_or", Map<Combine<'|'>>},
    {"bitxor", Map<Combine<'^'>>},
    {"bitnot", Map<Invert>},
    {"bitshiftleft", Map<ShiftLeft>},
    {"bitshiftright", Map<ShiftRight>},
    {"md5_text", Map<Md5>},
    {"md5_bytea", Map<Md5>},
    {"sha224_bytea", Map<sys::Sha224>},
    {"sha256_bytea", Map<sys::Sha256>},
    {"sha384_bytea", Map<sys::Sha384>},
    {"sha512_bytea", Map<sys::Sha512>},
    {"binary_encode", Map<Encode>},
    {"binary_decode", Map<Decode>},
    {"pg_convert_from", Map<ConvertFrom>},
    {"pg_convert_to", Map<ConvertTo>},
    {"pg_convert", Map<Convert>},
    {"length_in_encoding", Map<LengthInCharset>},
};

}  // namespace

std::span<const KernelEntry> ByteaKernels() { return kKernels; }

}  // namespace helios::expr
