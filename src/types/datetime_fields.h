#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "types/datetime.h"
#include "types/numeric.h"
#include "types/type.h"

namespace helios {

// The fields that EXTRACT, date_part and date_trunc know.
enum class DateTimeField : uint8_t {
  kMicrosecond,
  kMillisecond,
  kSecond,
  kMinute,
  kHour,
  kDay,
  kWeek,
  kMonth,
  kQuarter,
  kYear,
  kDecade,
  kCentury,
  kMillennium,
  kEpoch,
  kDayOfWeek,
  kIsoDayOfWeek,
  kDayOfYear,
  kIsoYear,
  kJulian,
  kTimezone,
  kTimezoneHour,
  kTimezoneMinute,
};

// A field by any spelling that PostgreSQL takes ("mins", "usec", "dow"); case does not matter.
// On an unknown name false.
bool FindDateTimeField(std::string_view name, DateTimeField* field);

// EXTRACT's result: a number with a known scale, NULL (of an infinity), or +-Infinity. As a numeric
// it is coefficient / 10^scale.
struct ExtractedField {
  enum class Kind : uint8_t { kNumber, kNull, kPositiveInfinity, kNegativeInfinity };
  Kind kind = Kind::kNumber;
  __int128 coefficient = 0;
  int32_t scale = 0;

  Numeric ToNumeric() const;  // Requires: not kNull.
  double ToDouble() const;    // Requires: not kNull.
};

// 22023 `unit "x" not recognized for type date`, 0A000 `unit "hour" not supported for type date`.
Result<ExtractedField> ExtractFromDate(std::string_view field_name, int32_t date);
Result<ExtractedField> ExtractFromTimestamp(std::string_view field_name, int64_t timestamp);
Result<ExtractedField> ExtractFromTimestamptz(std::string_view field_name, int64_t utc,
                                              const TimeZone& zone);
Result<ExtractedField> ExtractFromTime(std::string_view field_name, int64_t time);
Result<ExtractedField> ExtractFromTimeTz(std::string_view field_name, const TimeTz& time);
Result<ExtractedField> ExtractFromInterval(std::string_view field_name, const Interval& interval);

Result<int64_t> TruncateTimestamp(std::string_view field_name, int64_t timestamp);
Result<int64_t> TruncateTimestamptz(std::string_view field_name, int64_t utc, const TimeZone& zone);
Result<Interval> TruncateInterval(std::string_view field_name, const Interval& interval);
// date_bin().
Result<int64_t> BinTimestamp(const Interval& stride, int64_t timestamp, int64_t origin);

}  // namespace helios
