#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/status.h"

namespace helios {

// Fixed-width integers in a stated byte order. Big-endian is for wires and sort keys,
// little-endian for values at rest.
template <std::integral T>
T ByteSwap(T value) {
  if constexpr (sizeof(T) == 1) {
    return value;
  } else if constexpr (sizeof(T) == 2) {
    return static_cast<T>(__builtin_bswap16(static_cast<uint16_t>(value)));
  } else if constexpr (sizeof(T) == 4) {
    return static_cast<T>(__builtin_bswap32(static_cast<uint32_t>(value)));
  } else {
    return static_cast<T>(__builtin_bswap64(static_cast<uint64_t>(value)));
  }
}

template <std::integral T>
T LoadBigEndian(const void* from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return std::endian::native == std::endian::little ? ByteSwap(value) : value;
}

template <std::integral T>
void StoreBigEndian(void* to, T value) {
  if constexpr (std::endian::native == std::endian::little) value = ByteSwap(value);
  std::memcpy(to, &value, sizeof(T));
}

template <std::integral T>
T LoadLittleEndian(const void* from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return std::endian::native == std::endian::big ? ByteSwap(value) : value;
}

template <std::integral T>
void AppendBigEndian(std::string* to, T value) {
  char bytes[sizeof(T)];
  StoreBigEndian(bytes, value);
  to->append(bytes, sizeof(T));
}

template <std::integral T>
void AppendLittleEndian(std::string* to, T value) {
  if constexpr (std::endian::native == std::endian::big) value = ByteSwap(value);
  to->append(reinterpret_cast<const char*>(&value), sizeof(T));
}

// LEB128: seven bits a byte, low bits first.
void AppendVarint(std::string* to, uint64_t value);
// A varint length, then the bytes.
void AppendLengthPrefixed(std::string* to, std::string_view bytes);

// Reads a byte string from front to back. Every read that would pass the end, and every malformed
// varint, is kDataCorrupted and consumes nothing; lengths are checked before anything is allocated.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  bool empty() const { return rest_.empty(); }
  std::string_view rest() const { return rest_; }

  template <std::integral T>
  Result<T> BigEndian() {
    if (rest_.size() < sizeof(T)) return Truncated();
    const T value = LoadBigEndian<T>(rest_.data());
    rest_.remove_prefix(sizeof(T));
    return value;
  }
  template <std::integral T>
  Result<T> LittleEndian() {
    if (rest_.size() < sizeof(T)) return Truncated();
    const T value = LoadLittleEndian<T>(rest_.data());
    rest_.remove_prefix(sizeof(T));
    return value;
  }
  Result<uint64_t> Varint();
  Result<std::string_view> Bytes(size_t byte_count);
  Result<std::string_view> LengthPrefixed();

 private:
  static Status Truncated();
  std::string_view rest_;
};

}  // namespace helios
