// Any template with any value: to_char, to_timestamp and to_number return a text, a value or an
// error.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "types/format.h"
#include "types/time/zone.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace helios;  // NOLINT: a fuzzer of one function.
  if (size < 9) return 0;
  int64_t number;
  std::memcpy(&number, data, 8);
  const std::string_view rest(reinterpret_cast<const char*>(data) + 9, size - 9);
  const size_t split = data[8] < rest.size() ? data[8] : rest.size();
  const std::string_view format = rest.substr(0, split);
  const std::string_view text = rest.substr(split);
  const int64_t timestamp = number % (kTimestampEnd / 2);
  static_cast<void>(TimestampToChar(timestamp, format));
  static_cast<void>(TimestamptzToChar(timestamp, format, TimeZone::Utc()));
  static_cast<void>(IntervalToChar(Interval{number, 5, 15}, format));
  static_cast<void>(ToTimestamp(text, format, TimeZone::Utc()));
  static_cast<void>(ToDate(text, format));
  static_cast<void>(Int64ToChar(number, format));
  static_cast<void>(DoubleToChar(static_cast<double>(number) / 1000, format, 15));
  static_cast<void>(ToNumber(text, format));
  return 0;
}
