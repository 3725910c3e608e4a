#include "types/net.h"

#include <arpa/inet.h>

#include <cstring>

namespace helios {

namespace {

constexpr uint8_t kWireFamilyV4 = 2;
constexpr uint8_t kWireFamilyV6 = 3;

Status InvalidAddress(std::string_view text, bool is_cidr) {
  return Error(ErrorCode::kInvalidTextRepresentation)
      .Message("invalid input syntax for type {}: \"{}\"", is_cidr ? "cidr" : "inet", text);
}

bool GetBit(const NetAddress& address, int bit) {
  return (address.bytes[bit / 8] >> (7 - bit % 8) & 1) != 0;
}

bool HasHostBits(const NetAddress& address) {
  for (int bit = address.prefix_bits; bit < address.address_bits(); ++bit) {
    if (GetBit(address, bit)) return true;
  }
  return false;
}

// cidr lets trailing octets out: "10.1" is 10.1.0.0/16.
bool ScanShortV4(std::string_view text, NetAddress* out) {
  int octets = 0;
  size_t at = 0;
  while (octets < 4) {
    int value = -1;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
      value = (value < 0 ? 0 : value) * 10 + (text[at++] - '0');
      if (value > 255) return false;
    }
    if (value < 0) return false;
    out->bytes[octets++] = static_cast<uint8_t>(value);
    if (at == text.size()) break;
    if (text[at++] != '.') return false;
  }
  if (at != text.size()) return false;
  // Without a mask: the class of the address, or as many octets as written.
  int bits = out->bytes[0] >= 240   ? 32
             : out->bytes[0] >= 224 ? 4
             : out->bytes[0] >= 192 ? 24
             : out->bytes[0] >= 128 ? 16
                                    : 8;
  if (bits < octets * 8) bits = octets * 8;
  out->prefix_bits = static_cast<uint8_t>(bits);
  return true;
}

bool Scan(std::string_view text, bool is_cidr, NetAddress* out) {
  const size_t slash = text.find('/');
  const std::string host(text.substr(0, slash));
  out->is_v6 = host.find(':') != std::string::npos;
  if (out->is_v6) {
    if (inet_pton(AF_INET6, host.c_str(), out->bytes) != 1) return false;
    out->prefix_bits = 128;
  } else if (inet_pton(AF_INET, host.c_str(), out->bytes) == 1) {
    out->prefix_bits = 32;
  } else if (!(is_cidr || slash != std::string_view::npos) || !ScanShortV4(host, out)) {
    return false;
  }
  if (slash == std::string_view::npos) return true;
  const std::string_view mask = text.substr(slash + 1);
  if (mask.empty() || mask.size() > 3) return false;
  int bits = 0;
  for (char c : mask) {
    if (c < '0' || c > '9') return false;
    bits = bits * 10 + (c - '0');
  }
  if (bits > out->address_bits()) return false;
  out->prefix_bits = static_cast<uint8_t>(bits);
  return true;
}

}  // namespace

Result<NetAddress> ParseNetAddress(std::string_view text, bool is_cidr) {
  NetAddress address;
  if (!Scan(text, is_cidr, &address)) return InvalidAddress(text, is_cidr);
  if (is_cidr && HasHostBits(address)) {
    return Error(ErrorCode::kInvalidTextRepresentation)
        .Message("invalid cidr value: \"{}\"", text)
        .Detail("Value has bits set to right of mask.");
  }
  return address;
}

void FormatNetAddress(const NetAddress& address, bool is_cidr, std::string* out) {
  char text[INET6_ADDRSTRLEN] = {};
  inet_ntop(address.is_v6 ? AF_INET6 : AF_INET, address.bytes, text, sizeof(text));
  out->append(text);
  if (is_cidr || address.prefix_bits != address.address_bits()) {
    out->append(fmt::format("/{}", address.prefix_bits));
  }
}

std::string EncodeNetAddress(const NetAddress& address) {
  const int byte_count = address.address_bits() / 8;
  std::string out;
  out.push_back(address.is_v6 ? '\x06' : '\x04');
  NetAddress network = address;
  for (int bit = address.prefix_bits; bit < address.address_bits(); ++bit) {
    network.bytes[bit / 8] &= static_cast<uint8_t>(~(1 << (7 - bit % 8)));
  }
  out.append(reinterpret_cast<const char*>(network.bytes), static_cast<size_t>(byte_count));
  out.push_back(static_cast<char>(address.prefix_bits));
  out.append(reinterpret_cast<const char*>(address.bytes), static_cast<size_t>(byte_count));
  return out;
}

Result<NetAddress> DecodeNetAddress(std::string_view encoded) {
  NetAddress address;
  const bool known = !encoded.empty() && (encoded[0] == 4 || encoded[0] == 6);
  if (known) address.is_v6 = encoded[0] == 6;
  const size_t byte_count = static_cast<size_t>(address.address_bits()) / 8;
  if (!known || encoded.size() != 2 + 2 * byte_count) {
    return Error(ErrorCode::kDataCorrupted).Message("malformed network address");
  }
  address.prefix_bits = static_cast<uint8_t>(encoded[1 + byte_count]);
  std::memcpy(address.bytes, encoded.data() + 2 + byte_count, byte_count);
  if (address.prefix_bits > address.address_bits()) {
    return Error(ErrorCode::kDataCorrupted).Message("malformed network address");
  }
  return address;
}

Result<NetAddress> ParseNetBinary(std::string_view bytes, bool is_cidr) {
  const auto invalid = [is_cidr](std::string_view what) {
    return Error(ErrorCode::kInvalidBinaryRepresentation)
        .Message("invalid {} in external \"{}\" value", what, is_cidr ? "cidr" : "inet")
        .ToStatus();
  };
  if (bytes.size() < 4) return invalid("length");
  NetAddress address;
  if (bytes[0] != kWireFamilyV4 && bytes[0] != kWireFamilyV6) return invalid("address family");
  address.is_v6 = bytes[0] == kWireFamilyV6;
  address.prefix_bits = static_cast<uint8_t>(bytes[1]);
  if (address.prefix_bits > address.address_bits()) return invalid("bits");
  const size_t byte_count = static_cast<size_t>(address.address_bits()) / 8;
  if (static_cast<size_t>(static_cast<unsigned char>(bytes[3])) != byte_count ||
      bytes.size() != 4 + byte_count) {
    return invalid("length");
  }
  std::memcpy(address.bytes, bytes.data() + 4, byte_count);
  if (is_cidr && HasHostBits(address)) {
    return Error(ErrorCode::kInvalidBinaryRepresentation)
        .Message("invalid external \"cidr\" value")
        .Detail("Value has bits set to right of mask.");
  }
  return address;
}

void FormatNetBinary(const NetAddress& address, bool is_cidr, std::string* out) {
  const int byte_count = address.address_bits() / 8;
  out->push_back(static_cast<char>(address.is_v6 ? kWireFamilyV6 : kWireFamilyV4));
  out->push_back(static_cast<char>(address.prefix_bits));
  out->push_back(is_cidr ? '\x01' : '\x00');
  out->push_back(static_cast<char>(byte_count));
  out->append(reinterpret_cast<const char*>(address.bytes), static_cast<size_t>(byte_count));
}

}  // namespace helios
