#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "types/datetime_io.h"
#include "types/internal/datetime_tokens.h"

namespace helios {

class TimeZone;

enum class DateTimeTarget : uint8_t { kDate, kTime, kTimeTz, kTimestamp, kTimestamptz };
enum class DateTimeProblem : uint8_t {
  kNone,
  kFormat,
  kFieldOverflow,
  kMonthDay,
  kZoneOverflow,
  kZoneName,
};

// What the words of a date or time said.
struct ParsedDateTime {
  std::optional<int32_t> year, month, day, julian, day_of_year;
  bool year_short = false;  // Two digits: 70 to 99 are 19xx.
  bool text_month = false;
  bool bc = false;
  std::optional<int32_t> hour;
  int32_t minute = 0, second = 0, microsecond = 0;
  int half = 0;  // 1: AM, 2: PM
  std::optional<int32_t> seconds_east;
  const TimeZone* zone = nullptr;
  bool dst = false;
  DateTimeWord::Kind special = DateTimeWord::Kind::kUnknown;
  std::string zone_name;  // Of a kZoneName problem.

  bool has_date() const {
    return julian.has_value() || (year.has_value() && (day_of_year.has_value() ||
                                                       (month.has_value() && day.has_value())));
  }
  bool has_special() const { return special != DateTimeWord::Kind::kUnknown; }
};

// Reads all tokens of a text. Not every field that the target needs has to be there.
DateTimeProblem ReadDateTimeTokens(const std::vector<DateTimeToken>& tokens, DateOrder order,
                                   bool time_only, ParsedDateTime* out);

// Decimal digits as a number; false when there are other characters or too many of them.
bool DigitsToInt(std::string_view digits, int32_t* out);
// The digits after a decimal point, as microseconds, rounded. 1'000'000 when they round up to a
// second.
bool FractionToMicros(std::string_view digits, int32_t* out);

}  // namespace helios
