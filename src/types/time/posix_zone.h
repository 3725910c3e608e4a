#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace helios {

// A zone as a POSIX TZ string says it: "EST5EDT,M3.2.0,M11.1.0", "<+03>-3". Seconds are since
// 2000-01-01.
struct PosixZone {
  // The moment in a year when the other time begins: weekday `weekday` (0 is Sunday) of week `week`
  // (5: the last) of `month`, `seconds` after local midnight.
  struct Rule {
    int32_t month = 3;
    int32_t week = 2;
    int32_t weekday = 0;
    int32_t seconds = 7200;
  };
  struct Period {
    int32_t seconds_east = 0;
    bool is_dst = false;
  };

  std::string std_name = "UTC";
  std::string dst_name;  // Empty: no daylight saving time.
  int32_t std_seconds_east = 0;
  int32_t dst_seconds_east = 0;
  Rule dst_begin;
  Rule dst_end{11, 1, 0, 7200};

  Period AtUtc(int64_t utc_seconds) const;
  // The offset of a local time; standard time when it is ambiguous or does not exist.
  int32_t AtLocal(int64_t local_seconds) const;
};

std::optional<PosixZone> ParsePosixZone(std::string_view text);
PosixZone FixedPosixZone(int32_t seconds_east);
std::string FixedPosixZoneName(int32_t seconds_east);

}  // namespace helios
