#pragma once

#include <string>
#include <string_view>

namespace helios {

// Type "char": one byte, those above 0x7f shown as \ooo. Nothing stands for the zero byte.
std::string ParseByteChar(std::string_view text);
std::string FormatByteChar(std::string_view byte);

}  // namespace helios
