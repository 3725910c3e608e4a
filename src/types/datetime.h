#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace helios {

class TimeZone;

// A span of time whose three parts do not mix: a month has no fixed number of days.
struct Interval {
  int64_t microseconds = 0;
  int32_t days = 0;
  int32_t months = 0;

  // The same parts, not SQL equality (1 month = 30 days there): see CompareIntervals.
  bool operator==(const Interval&) const = default;
};
static_assert(sizeof(Interval) == 16, "at rest: docs/formats/rows.md");

// A time of day with its offset from UTC.
struct TimeTz {
  int64_t microseconds = 0;  // Local time of day.
  int32_t zone_seconds = 0;  // Seconds west of Greenwich: PostgreSQL's sign.
  int32_t pad = 0;

  bool operator==(const TimeTz&) const = default;
};
static_assert(sizeof(TimeTz) == 16, "at rest: docs/formats/rows.md");

// A date is days since 2000-01-01; a time, timestamp or timestamptz is microseconds since midnight
// or since 2000-01-01 00:00 (UTC for timestamptz). The proleptic Gregorian calendar; year 0 is 1
// BC.
inline constexpr int64_t kMicrosPerSecond = 1'000'000;
inline constexpr int64_t kMicrosPerMinute = 60 * kMicrosPerSecond;
inline constexpr int64_t kMicrosPerHour = 60 * kMicrosPerMinute;
inline constexpr int64_t kMicrosPerDay = 24 * kMicrosPerHour;
inline constexpr int32_t kDateInfinity = INT32_MAX;
inline constexpr int32_t kDateNegativeInfinity = INT32_MIN;
inline constexpr int64_t kTimestampInfinity = INT64_MAX;
inline constexpr int64_t kTimestampNegativeInfinity = INT64_MIN;
// Days between 1970-01-01 and 2000-01-01, and the Julian day number of 2000-01-01.
inline constexpr int32_t kUnixEpochDays = 10957;
inline constexpr int32_t kEpochJulianDay = 2451545;
// Bounds of finite values: the first valid one, and the first one past the end.
inline constexpr int32_t kDateMin = -kEpochJulianDay;              // 4713-11-24 BC
inline constexpr int32_t kDateEnd = 2147483494 - kEpochJulianDay;  // 5874898-06-03
inline constexpr int64_t kTimestampMin = -kEpochJulianDay * kMicrosPerDay;
inline constexpr int64_t kTimestampEnd = 9223371331200000000;  // 294277-01-01

inline bool IsFiniteDate(int32_t date) {
  return date != kDateInfinity && date != kDateNegativeInfinity;
}
inline bool IsFiniteTimestamp(int64_t timestamp) {
  return timestamp != kTimestampInfinity && timestamp != kTimestampNegativeInfinity;
}
inline bool IsValidTimestamp(int64_t timestamp) {
  return timestamp >= kTimestampMin && timestamp < kTimestampEnd;
}

// Broken-down local time. `year` is astronomical: 0 is 1 BC, -1 is 2 BC.
struct CivilTime {
  int32_t year = 2000;
  int32_t month = 1;  // 1 to 12
  int32_t day = 1;    // 1 to 31
  int32_t hour = 0;
  int32_t minute = 0;
  int32_t second = 0;
  int32_t microsecond = 0;
};

// Requires: a month of 1 to 12; the day may lie outside the month (it carries).
int64_t DaysFromCivil(int64_t year, int32_t month, int32_t day);
CivilTime CivilFromDays(int32_t date);
// Requires: a finite timestamp.
CivilTime CivilFromTimestamp(int64_t timestamp);
bool IsLeapYear(int32_t year);
int32_t DaysInMonth(int32_t year, int32_t month);
// 0 is Sunday.
int32_t DayOfWeek(int32_t date);
int32_t DayOfYear(const CivilTime& civil);
int32_t IsoWeek(const CivilTime& civil);
int32_t IsoYear(const CivilTime& civil);

// date <-> timestamp, infinities kept. 22008 when out of range.
Result<int64_t> TimestampFromDate(int32_t date);
Result<int64_t> TimestamptzFromDate(int32_t date, const TimeZone& zone);
int32_t DateFromTimestamp(int64_t timestamp);
int32_t DateFromTimestamptz(int64_t timestamp, const TimeZone& zone);
// AT TIME ZONE and the casts between the two kinds.
Result<int64_t> TimestamptzFromTimestamp(int64_t local, const TimeZone& zone);
Result<int64_t> TimestampFromTimestamptz(int64_t utc, const TimeZone& zone);
int64_t TimeOfTimestamp(int64_t timestamp);
TimeTz TimeTzOfTimestamptz(int64_t utc, const TimeZone& zone);
// `now_us` decides about daylight saving time.
TimeTz TimeTzFromTime(int64_t time, const TimeZone& zone, int64_t now_us);
TimeTz TimeTzAtZone(TimeTz time, const TimeZone& zone, int64_t now_us);
TimeTz TimeTzAtOffset(TimeTz time, int32_t zone_seconds_west);

// Arithmetic; 22008 "date out of range", "timestamp out of range", "interval out of range".
Result<int32_t> AddDays(int32_t date, int32_t days);
Result<int32_t> SubtractDates(int32_t left, int32_t right);
Result<int64_t> AddInterval(int64_t timestamp, const Interval& interval);
Result<int64_t> AddIntervalZoned(int64_t utc, const Interval& interval, const TimeZone& zone);
Result<Interval> SubtractTimestamps(int64_t left, int64_t right);
int64_t AddIntervalToTime(int64_t time, const Interval& interval);
TimeTz AddIntervalToTimeTz(TimeTz time, const Interval& interval);
Result<Interval> AddIntervals(const Interval& left, const Interval& right);
Result<Interval> SubtractIntervals(const Interval& left, const Interval& right);
Result<Interval> NegateInterval(const Interval& interval);
Result<Interval> MultiplyInterval(const Interval& interval, double factor);
Result<Interval> DivideInterval(const Interval& interval, double divisor);
Result<Interval> JustifyHours(const Interval& interval);
Result<Interval> JustifyDays(const Interval& interval);
Result<Interval> JustifyInterval(const Interval& interval);
// age(): years, months and days as a person counts them.
Result<Interval> Age(int64_t left, int64_t right);
Result<Interval> AgeZoned(int64_t left_utc, int64_t right_utc, const TimeZone& zone);

// Total microseconds with 30-day months: the order and equality of intervals.
inline __int128 IntervalSpan(const Interval& interval) {
  return static_cast<__int128>(interval.microseconds) +
         static_cast<__int128>(interval.days + int64_t{30} * interval.months) * kMicrosPerDay;
}
inline int CompareIntervals(const Interval& left, const Interval& right) {
  const __int128 a = IntervalSpan(left);
  const __int128 b = IntervalSpan(right);
  return a < b ? -1 : (a > b ? 1 : 0);
}
// By moment in UTC, then by zone.
inline int CompareTimeTz(const TimeTz& left, const TimeTz& right) {
  const int64_t a = left.microseconds + left.zone_seconds * kMicrosPerSecond;
  const int64_t b = right.microseconds + right.zone_seconds * kMicrosPerSecond;
  if (a != b) return a < b ? -1 : 1;
  if (left.zone_seconds != right.zone_seconds) {
    return left.zone_seconds < right.zone_seconds ? -1 : 1;
  }
  return 0;
}

// make_*(); errors as PostgreSQL's.
Result<int32_t> MakeDate(int32_t year, int32_t month, int32_t day);
Result<int64_t> MakeTime(int32_t hour, int32_t minute, double second);
Result<int64_t> MakeTimestamp(int32_t year, int32_t month, int32_t day, int32_t hour,
                              int32_t minute, double second);
Result<int64_t> MakeTimestamptz(int32_t year, int32_t month, int32_t day, int32_t hour,
                                int32_t minute, double second, const TimeZone& zone);
Result<Interval> MakeInterval(int32_t years, int32_t months, int32_t weeks, int32_t days,
                              int32_t hours, int32_t minutes, double seconds);

// Typmods: rounds to `typmod` (0 to 6) digits of a second; -1 changes nothing.
int64_t RoundTimestamp(int64_t timestamp, int32_t typmod);
int64_t RoundTime(int64_t time, int32_t typmod);
Result<Interval> ApplyIntervalTypmod(const Interval& interval, int32_t typmod);
// Interval typmods: field mask bits (1 << field) and precision, as PostgreSQL packs them.
inline constexpr int32_t kIntervalFullRange = 0x7fff;
inline constexpr int32_t kIntervalFullPrecision = 0xffff;
inline constexpr int32_t IntervalTypmod(int32_t precision, int32_t range) {
  return ((range & 0x7fff) << 16) | (precision & 0xffff);
}
// " day to hour" for the mask of those fields; empty for a mask that is no range of fields.
std::string_view IntervalFieldsName(int32_t range);

}  // namespace helios
