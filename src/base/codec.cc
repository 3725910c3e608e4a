#include "base/codec.h"

namespace helios {

void AppendVarint(std::string* to, uint64_t value) {
  while (value >= 0x80) {
    to->push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  to->push_back(static_cast<char>(value));
}

void AppendLengthPrefixed(std::string* to, std::string_view bytes) {
  AppendVarint(to, bytes.size());
  to->append(bytes);
}

Status ByteReader::Truncated() {
  return Error(ErrorCode::kDataCorrupted).Message("unexpected end of encoded data");
}

Result<uint64_t> ByteReader::Varint() {
  uint64_t value = 0;
  for (size_t index = 0; index < 10; ++index) {
    if (index >= rest_.size()) return Truncated();
    const uint8_t byte = static_cast<uint8_t>(rest_[index]);
    // The tenth byte holds the topmost bit alone.
    if (index == 9 && byte > 1) break;
    value |= uint64_t{byte & 0x7fu} << (7 * index);
    if (byte < 0x80) {
      rest_.remove_prefix(index + 1);
      return value;
    }
  }
  return Error(ErrorCode::kDataCorrupted).Message("malformed variable-length integer");
}

Result<std::string_view> ByteReader::Bytes(size_t byte_count) {
  if (rest_.size() < byte_count) return Truncated();
  const std::string_view bytes = rest_.substr(0, byte_count);
  rest_.remove_prefix(byte_count);
  return bytes;
}

Result<std::string_view> ByteReader::LengthPrefixed() {
  const std::string_view before = rest_;
  HELIOS_TRY(const uint64_t byte_count, Varint());
  Result<std::string_view> bytes = Bytes(byte_count);
  if (!bytes.ok()) rest_ = before;
  return bytes;
}

}  // namespace helios
