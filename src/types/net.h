#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace helios {

// An IPv4 or IPv6 network address. inet and cidr are stored in Vectors and rows as the encoded
// form, whose bytewise order is their SQL order.
struct NetAddress {
  bool is_v6 = false;
  uint8_t prefix_bits = 32;
  uint8_t bytes[16] = {};

  int address_bits() const { return is_v6 ? 128 : 32; }
};

// 22P02 `invalid input syntax for type inet: "x"`; cidr refuses bits to the right of the mask.
Result<NetAddress> ParseNetAddress(std::string_view text, bool is_cidr);
void FormatNetAddress(const NetAddress& address, bool is_cidr, std::string* out);

// Family, network part, prefix length, host part: compares bytewise as PostgreSQL compares inet.
std::string EncodeNetAddress(const NetAddress& address);
Result<NetAddress> DecodeNetAddress(std::string_view encoded);

Result<NetAddress> ParseNetBinary(std::string_view bytes, bool is_cidr);
void FormatNetBinary(const NetAddress& address, bool is_cidr, std::string* out);

}  // namespace helios
