#include "types/uuid.h"

namespace helios {

namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool Scan(std::string_view text, Uuid* out) {
  if (!text.empty() && text.front() == '{') {
    if (text.back() != '}') return false;
    text = text.substr(1, text.size() - 2);
  }
  size_t at = 0;
  for (int i = 0; i < 16; ++i) {
    if (at + 2 > text.size()) return false;
    const int high = HexDigit(text[at]);
    const int low = HexDigit(text[at + 1]);
    if (high < 0 || low < 0) return false;
    out->bytes[i] = static_cast<uint8_t>(high << 4 | low);
    at += 2;
    // A hyphen may follow every second byte but the last.
    if (i % 2 == 1 && i < 15 && at < text.size() && text[at] == '-') ++at;
  }
  return at == text.size();
}

}  // namespace

Result<Uuid> ParseUuid(std::string_view text) {
  Uuid uuid;
  if (Scan(text, &uuid)) return uuid;
  return Error(ErrorCode::kInvalidTextRepresentation)
      .Message("invalid input syntax for type uuid: \"{}\"", text);
}

void FormatUuid(const Uuid& uuid, std::string* out) {
  static constexpr char kHex[] = "0123456789abcdef";
  char text[36];
  size_t at = 0;
  for (int i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text[at++] = '-';
    text[at++] = kHex[uuid.bytes[i] >> 4];
    text[at++] = kHex[uuid.bytes[i] & 15];
  }
  out->append(text, sizeof(text));
}

}  // namespace helios
