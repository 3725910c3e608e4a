#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace helios {

// The pieces of a date, time or interval text, lower-cased.
struct DateTimeToken {
  enum class Kind : uint8_t {
    kNumber,  // "12", "1.5", "20200105"
    kDate,    // digits or letters joined by '-', '/' or '.'
    kTime,    // digits with ':'
    kSigned,  // "+05", "-1:30": an offset, or a signed number of an interval
    kWord,
    kSignedWord,  // "-infinity"
  };
  Kind kind;
  std::string text;
};

// False when the text holds a character that no form allows, or too much of it.
bool SplitDateTime(std::string_view text, std::vector<DateTimeToken>* out);

// What a word means in a date or time.
struct DateTimeWord {
  enum class Kind : uint8_t {
    kUnknown,
    kMonth,
    kWeekday,
    kAm,
    kPm,
    kAd,
    kBc,
    kNow,
    kToday,
    kTomorrow,
    kYesterday,
    kEpoch,
    kInfinity,
    kNegativeInfinity,
    kAllBalls,
    kDst,
    kIgnored,
    kTimePrefix,
    kJulian,
  };
  Kind kind = Kind::kUnknown;
  int32_t value = 0;
};
DateTimeWord FindDateTimeWord(std::string_view lower);

}  // namespace helios
