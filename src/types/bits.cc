#include "types/bits.h"

#include "base/codec.h"
#include "types/text.h"

namespace helios {

namespace {

// 8 bits a byte; PostgreSQL's VARBITMAXLEN.
constexpr size_t kBitsMax = 2147483640;

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string_view CharacterAt(std::string_view text, size_t at) {
  return text.substr(at, Utf8CharBytes(static_cast<unsigned char>(text[at])));
}

}  // namespace

Result<std::string> ParseBits(std::string_view text) {
  std::string out;
  if (!text.empty() && (text[0] == 'x' || text[0] == 'X')) {
    for (size_t at = 1; at < text.size(); ++at) {
      const int digit = HexDigit(text[at]);
      if (digit < 0) {
        return Error(ErrorCode::kInvalidTextRepresentation)
            .Message("\"{}\" is not a valid hexadecimal digit", CharacterAt(text, at));
      }
      for (int bit = 3; bit >= 0; --bit) out.push_back((digit >> bit & 1) != 0 ? '1' : '0');
    }
    return out;
  }
  if (!text.empty() && (text[0] == 'b' || text[0] == 'B')) text.remove_prefix(1);
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '0' && text[at] != '1') {
      return Error(ErrorCode::kInvalidTextRepresentation)
          .Message("\"{}\" is not a valid binary digit", CharacterAt(text, at));
    }
  }
  return std::string(text);
}

Result<std::string> ApplyBitTypmod(SqlType type, std::string bits, bool is_explicit) {
  if (type.typmod < 0) return bits;
  const size_t length = static_cast<size_t>(type.typmod);
  if (type.oid == type_oid::kVarbit) {
    if (bits.size() > length && !is_explicit) {
      return Error(ErrorCode::kStringTooLong)
          .Message("bit string too long for type bit varying({})", length);
    }
    if (bits.size() > length) bits.resize(length);
    return bits;
  }
  if (bits.size() != length && !is_explicit) {
    return Error(ErrorCode::kStringLengthMismatch)
        .Message("bit string length {} does not match type bit({})", bits.size(), length);
  }
  bits.resize(length, '0');
  return bits;
}

Result<std::string> ParseBitsBinary(std::string_view bytes) {
  ByteReader reader(bytes);
  HELIOS_TRY(const int32_t bit_count, reader.BigEndian<int32_t>());
  if (bit_count < 0 || static_cast<size_t>(bit_count) > kBitsMax ||
      reader.rest().size() != (static_cast<size_t>(bit_count) + 7) / 8) {
    return Error(ErrorCode::kInvalidBinaryRepresentation)
        .Message("invalid length in external bit string");
  }
  std::string out;
  out.reserve(static_cast<size_t>(bit_count));
  for (int32_t bit = 0; bit < bit_count; ++bit) {
    const auto byte = static_cast<unsigned char>(reader.rest()[static_cast<size_t>(bit / 8)]);
    out.push_back((byte >> (7 - bit % 8) & 1) != 0 ? '1' : '0');
  }
  return out;
}

void FormatBitsBinary(std::string_view bits, std::string* out) {
  AppendBigEndian(out, static_cast<int32_t>(bits.size()));
  for (size_t at = 0; at < bits.size(); at += 8) {
    unsigned byte = 0;
    for (size_t bit = 0; bit < 8; ++bit) {
      byte = byte << 1 | (at + bit < bits.size() && bits[at + bit] == '1');
    }
    out->push_back(static_cast<char>(byte));
  }
}

}  // namespace helios
