#include "types/byte_char.h"

#include <fmt/core.h>

namespace helios {

std::string ParseByteChar(std::string_view text) {
  const auto is_octal = [](char c) { return c >= '0' && c <= '7'; };
  if (text.size() != 4 || text[0] != '\\' || !is_octal(text[1]) || !is_octal(text[2]) ||
      !is_octal(text[3])) {
    return std::string(text.substr(0, 1));
  }
  const char byte =
      static_cast<char>((text[1] - '0') << 6 | (text[2] - '0') << 3 | (text[3] - '0'));
  return byte == 0 ? std::string() : std::string(1, byte);
}

std::string FormatByteChar(std::string_view byte) {
  if (byte.empty() || static_cast<unsigned char>(byte[0]) < 0x80) return std::string(byte);
  return fmt::format("\\{:03o}", static_cast<unsigned char>(byte[0]));
}

}  // namespace helios
