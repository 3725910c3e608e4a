#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace helios {

// The patterns of to_char and to_timestamp for dates and times.
enum class DateKey : uint8_t {
  kLiteral,
  kSpace,
  kSeparator,
  kAd,
  kAdDots,
  kAm,
  kAmDots,
  kCc,
  kDay,
  kDdd,
  kDd,
  kDy,
  kD,
  kFf,
  kFx,
  kHh24,
  kHh12,
  kIddd,
  kId,
  kIw,
  kIyyy,
  kIyy,
  kIy,
  kI,
  kJ,
  kMi,
  kMm,
  kMonth,
  kMon,
  kMs,
  kOf,
  kQ,
  kRm,
  kSssss,
  kSs,
  kTzh,
  kTzm,
  kTz,
  kUs,
  kWw,
  kW,
  kYComma,
  kYyyy,
  kYyy,
  kYy,
  kY,
};

enum class LetterCase : uint8_t { kUpper, kTitle, kLower };

struct DateElement {
  DateKey key = DateKey::kLiteral;
  LetterCase letters = LetterCase::kUpper;
  bool fill = false;     // FM
  bool ordinal = false;  // TH or th
  bool ordinal_upper = false;
  int32_t digits = 0;     // Of FF1 to FF6.
  std::string text;       // Of a literal; the name of the pattern otherwise.
  bool is_digit() const;  // A pattern that stands for digits.
};

std::vector<DateElement> ParseDateTemplate(std::string_view format);

}  // namespace helios
