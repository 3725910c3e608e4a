#include "types/datetime.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "types/time/zone.h"

namespace helios {

namespace {

Status DateOutOfRange() {
  return Error(ErrorCode::kDatetimeFieldOverflow).Message("date out of range");
}
Status TimestampOutOfRange() {
  return Error(ErrorCode::kDatetimeFieldOverflow).Message("timestamp out of range");
}

int64_t FloorDiv(int64_t value, int64_t divisor) {
  const int64_t quotient = value / divisor;
  return value % divisor < 0 ? quotient - 1 : quotient;
}
int64_t FloorMod(int64_t value, int64_t divisor) {
  const int64_t rest = value % divisor;
  return rest < 0 ? rest + divisor : rest;
}

// Local midnight of a date plus a time of day; false when out of range.
bool Combine(int64_t days, int64_t time, int64_t* out) {
  return !__builtin_mul_overflow(days, kMicrosPerDay, out) &&
         !__builtin_add_overflow(*out, time, out) && IsValidTimestamp(*out);
}

int64_t LocalFromUtc(int64_t utc, const TimeZone& zone) {
  return utc + zone.AtUtc(utc).seconds_east * kMicrosPerSecond;
}

// Moves a local timestamp by whole months, cutting the day to the month's length, then by days.
Result<int64_t> AddMonthsAndDays(int64_t local, int32_t months, int32_t days) {
  if (months == 0 && days == 0) return local;
  const CivilTime civil = CivilFromTimestamp(local);
  const int64_t time = FloorMod(local, kMicrosPerDay);
  int64_t date = FloorDiv(local, kMicrosPerDay);
  if (months != 0) {
    const int64_t month_index = int64_t{civil.year} * 12 + (civil.month - 1) + months;
    const int64_t year = FloorDiv(month_index, 12);
    const auto month = static_cast<int32_t>(FloorMod(month_index, 12)) + 1;
    if (year < -4800 || year > 300000) return TimestampOutOfRange();
    const int32_t day = std::min(civil.day, DaysInMonth(static_cast<int32_t>(year), month));
    date = DaysFromCivil(year, month, day);
  }
  int64_t result;
  if (!Combine(date + days, time, &result)) return TimestampOutOfRange();
  return result;
}

}  // namespace

int64_t DaysFromCivil(int64_t year, int32_t month, int32_t day) {
  // March is the first month of the shifted year, so that the leap day comes last.
  year -= month <= 2;
  const int64_t era = FloorDiv(year, 400);
  const int64_t year_of_era = year - era * 400;
  const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  // 730425 days from 0000-03-01 to 2000-01-01.
  return era * 146097 + day_of_era - 730425 + day - 1;
}

CivilTime CivilFromDays(int32_t date) {
  const int64_t shifted = int64_t{date} + 730425;
  const int64_t era = FloorDiv(shifted, 146097);
  const int64_t day_of_era = shifted - era * 146097;
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t month_index = (5 * day_of_year + 2) / 153;
  CivilTime civil;
  civil.day = static_cast<int32_t>(day_of_year - (153 * month_index + 2) / 5 + 1);
  civil.month = static_cast<int32_t>(month_index < 10 ? month_index + 3 : month_index - 9);
  civil.year = static_cast<int32_t>(year_of_era + era * 400 + (civil.month <= 2));
  return civil;
}

CivilTime CivilFromTimestamp(int64_t timestamp) {
  CivilTime civil = CivilFromDays(static_cast<int32_t>(FloorDiv(timestamp, kMicrosPerDay)));
  int64_t rest = FloorMod(timestamp, kMicrosPerDay);
  civil.hour = static_cast<int32_t>(rest / kMicrosPerHour);
  rest %= kMicrosPerHour;
  civil.minute = static_cast<int32_t>(rest / kMicrosPerMinute);
  rest %= kMicrosPerMinute;
  civil.second = static_cast<int32_t>(rest / kMicrosPerSecond);
  civil.microsecond = static_cast<int32_t>(rest % kMicrosPerSecond);
  return civil;
}

bool IsLeapYear(int32_t year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

int32_t DaysInMonth(int32_t year, int32_t month) {
  static constexpr int32_t kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && IsLeapYear(year) ? 29 : kDays[month - 1];
}

int32_t DayOfWeek(int32_t date) {
  // 2000-01-01 was a Saturday.
  return static_cast<int32_t>(FloorMod(int64_t{date} + 6, 7));
}

int32_t DayOfYear(const CivilTime& civil) {
  return static_cast<int32_t>(DaysFromCivil(civil.year, civil.month, civil.day) -
                              DaysFromCivil(civil.year, 1, 1)) +
         1;
}

namespace {

// The Monday of ISO week 1: the week that holds January 4.
int64_t IsoYearStart(int32_t year) {
  const int64_t fourth = DaysFromCivil(year, 1, 4);
  return fourth - (DayOfWeek(static_cast<int32_t>(fourth)) + 6) % 7;
}

}  // namespace

int32_t IsoYear(const CivilTime& civil) {
  const int64_t date = DaysFromCivil(civil.year, civil.month, civil.day);
  if (date < IsoYearStart(civil.year)) return civil.year - 1;
  return date >= IsoYearStart(civil.year + 1) ? civil.year + 1 : civil.year;
}

int32_t IsoWeek(const CivilTime& civil) {
  const int64_t date = DaysFromCivil(civil.year, civil.month, civil.day);
  return static_cast<int32_t>((date - IsoYearStart(IsoYear(civil))) / 7) + 1;
}

Result<int64_t> TimestampFromDate(int32_t date) {
  if (date == kDateInfinity) return kTimestampInfinity;
  if (date == kDateNegativeInfinity) return kTimestampNegativeInfinity;
  int64_t result;
  if (!Combine(date, 0, &result)) {
    return Error(ErrorCode::kDatetimeFieldOverflow).Message("date out of range for timestamp");
  }
  return result;
}

Result<int64_t> TimestamptzFromDate(int32_t date, const TimeZone& zone) {
  HELIOS_TRY(const int64_t local, TimestampFromDate(date));
  return TimestamptzFromTimestamp(local, zone);
}

int32_t DateFromTimestamp(int64_t timestamp) {
  if (timestamp == kTimestampInfinity) return kDateInfinity;
  if (timestamp == kTimestampNegativeInfinity) return kDateNegativeInfinity;
  return static_cast<int32_t>(FloorDiv(timestamp, kMicrosPerDay));
}

int32_t DateFromTimestamptz(int64_t timestamp, const TimeZone& zone) {
  if (!IsFiniteTimestamp(timestamp)) return DateFromTimestamp(timestamp);
  return DateFromTimestamp(LocalFromUtc(timestamp, zone));
}

Result<int64_t> TimestamptzFromTimestamp(int64_t local, const TimeZone& zone) {
  if (!IsFiniteTimestamp(local)) return local;
  const int64_t utc = local - zone.SecondsEastOfLocal(local) * kMicrosPerSecond;
  if (!IsValidTimestamp(utc)) return TimestampOutOfRange();
  return utc;
}

Result<int64_t> TimestampFromTimestamptz(int64_t utc, const TimeZone& zone) {
  if (!IsFiniteTimestamp(utc)) return utc;
  const int64_t local = LocalFromUtc(utc, zone);
  if (!IsValidTimestamp(local)) return TimestampOutOfRange();
  return local;
}

int64_t TimeOfTimestamp(int64_t timestamp) { return FloorMod(timestamp, kMicrosPerDay); }

TimeTz TimeTzOfTimestamptz(int64_t utc, const TimeZone& zone) {
  const int32_t east = zone.AtUtc(utc).seconds_east;
  return {FloorMod(utc + east * kMicrosPerSecond, kMicrosPerDay), -east, 0};
}

TimeTz TimeTzFromTime(int64_t time, const TimeZone& zone, int64_t now_us) {
  const int64_t today = FloorDiv(LocalFromUtc(now_us, zone), kMicrosPerDay);
  return {time, -zone.SecondsEastOfLocal(today * kMicrosPerDay + time), 0};
}

TimeTz TimeTzAtZone(TimeTz time, const TimeZone& zone, int64_t now_us) {
  return TimeTzAtOffset(time, -zone.AtUtc(now_us).seconds_east);
}

TimeTz TimeTzAtOffset(TimeTz time, int32_t zone_seconds_west) {
  const int64_t moved =
      time.microseconds + (int64_t{time.zone_seconds} - zone_seconds_west) * kMicrosPerSecond;
  return {FloorMod(moved, kMicrosPerDay), zone_seconds_west, 0};
}

Result<int32_t> AddDays(int32_t date, int32_t days) {
  if (!IsFiniteDate(date)) return date;
  int32_t result;
  if (__builtin_add_overflow(date, days, &result) || result < kDateMin || result >= kDateEnd) {
    return DateOutOfRange();
  }
  return result;
}

Result<int32_t> SubtractDates(int32_t left, int32_t right) {
  if (!IsFiniteDate(left) || !IsFiniteDate(right)) {
    return Error(ErrorCode::kDatetimeFieldOverflow).Message("cannot subtract infinite dates");
  }
  return left - right;
}

Result<int64_t> AddInterval(int64_t timestamp, const Interval& interval) {
  if (!IsFiniteTimestamp(timestamp)) return timestamp;
  HELIOS_TRY(int64_t moved, AddMonthsAndDays(timestamp, interval.months, interval.days));
  if (__builtin_add_overflow(moved, interval.microseconds, &moved) || !IsValidTimestamp(moved)) {
    return TimestampOutOfRange();
  }
  return moved;
}

Result<int64_t> AddIntervalZoned(int64_t utc, const Interval& interval, const TimeZone& zone) {
  if (!IsFiniteTimestamp(utc)) return utc;
  // Months and days move the clock on the wall; the rest is elapsed time.
  int64_t moved = utc;
  if (interval.months != 0) {
    HELIOS_TRY(const int64_t local,
               AddMonthsAndDays(LocalFromUtc(moved, zone), interval.months, 0));
    HELIOS_TRY(moved, TimestamptzFromTimestamp(local, zone));
  }
  if (interval.days != 0) {
    HELIOS_TRY(const int64_t local, AddMonthsAndDays(LocalFromUtc(moved, zone), 0, interval.days));
    HELIOS_TRY(moved, TimestamptzFromTimestamp(local, zone));
  }
  if (__builtin_add_overflow(moved, interval.microseconds, &moved) || !IsValidTimestamp(moved)) {
    return TimestampOutOfRange();
  }
  return moved;
}

Result<Interval> SubtractTimestamps(int64_t left, int64_t right) {
  if (!IsFiniteTimestamp(left) || !IsFiniteTimestamp(right)) {
    return Error(ErrorCode::kDatetimeFieldOverflow).Message("cannot subtract infinite timestamps");
  }
  int64_t difference;
  if (__builtin_sub_overflow(left, right, &difference)) {
    return Error(ErrorCode::kDatetimeFieldOverflow).Message("interval out of range");
  }
  return JustifyHours(Interval{difference, 0, 0});
}

int64_t AddIntervalToTime(int64_t time, const Interval& interval) {
  return FloorMod(time + interval.microseconds % kMicrosPerDay, kMicrosPerDay);
}

TimeTz AddIntervalToTimeTz(TimeTz time, const Interval& interval) {
  time.microseconds = AddIntervalToTime(time.microseconds, interval);
  return time;
}

namespace {

Status FieldOutOfRange(std::string_view message) {
  return Error(ErrorCode::kDatetimeFieldOverflow).Message("{}", message);
}

// The whole seconds of a double, rounded to microseconds; false when out of range.
bool MicrosFromSeconds(double seconds, int64_t* out) {
  const double micros = std::rint(seconds * kMicrosPerSecond);
  if (!(std::fabs(micros) < 9.2233720368547e18)) return false;
  *out = static_cast<int64_t>(micros);
  return true;
}

// Requires: in range checks are the caller's for the date part. Seconds may be 60.
bool TimeFromParts(int32_t hour, int32_t minute, double second, int64_t* out) {
  if (hour < 0 || minute < 0 || minute > 59 || !(second >= 0) || second > 60 || hour > 24) {
    return false;
  }
  if (hour == 24 && (minute > 0 || second > 0)) return false;
  int64_t micros;
  if (!MicrosFromSeconds(second, &micros)) return false;
  *out = hour * kMicrosPerHour + minute * kMicrosPerMinute + micros;
  return true;
}

bool DateFromParts(int32_t year, int32_t month, int32_t day, int64_t* out) {
  // Negative years are BC; there is no year 0.
  if (year == 0 || month < 1 || month > 12 || day < 1) return false;
  const int64_t astronomical = year < 0 ? int64_t{year} + 1 : year;
  if (astronomical < -4800 || astronomical > 6000000) return false;
  if (day > DaysInMonth(static_cast<int32_t>(astronomical), month)) return false;
  *out = DaysFromCivil(astronomical, month, day);
  return true;
}

}  // namespace

Result<int32_t> MakeDate(int32_t year, int32_t month, int32_t day) {
  int64_t date;
  if (!DateFromParts(year, month, day, &date)) {
    return FieldOutOfRange(
        fmt::format("date field value out of range: {}-{:02}-{:02}", year, month, day));
  }
  if (date < kDateMin || date >= kDateEnd) {
    return FieldOutOfRange(fmt::format("date out of range: {}-{:02}-{:02}", year, month, day));
  }
  return static_cast<int32_t>(date);
}

Result<int64_t> MakeTime(int32_t hour, int32_t minute, double second) {
  int64_t time;
  if (!TimeFromParts(hour, minute, second, &time)) {
    return FieldOutOfRange(fmt::format("time field value out of range: {}:{:02}:{}", hour, minute,
                                       fmt::format("{:02}", second)));
  }
  return time;
}

Result<int64_t> MakeTimestamp(int32_t year, int32_t month, int32_t day, int32_t hour,
                              int32_t minute, double second) {
  int64_t date;
  if (!DateFromParts(year, month, day, &date)) {
    return FieldOutOfRange(
        fmt::format("date field value out of range: {}-{:02}-{:02}", year, month, day));
  }
  int64_t time;
  if (!TimeFromParts(hour, minute, second, &time)) {
    return FieldOutOfRange(
        fmt::format("time field value out of range: {}:{:02}:{:02}", hour, minute, second));
  }
  int64_t result;
  if (!Combine(date, time, &result)) {
    return FieldOutOfRange(fmt::format("timestamp out of range: {}-{:02}-{:02} {}:{:02}:{:02}",
                                       year, month, day, hour, minute, second));
  }
  return result;
}

Result<int64_t> MakeTimestamptz(int32_t year, int32_t month, int32_t day, int32_t hour,
                                int32_t minute, double second, const TimeZone& zone) {
  HELIOS_TRY(const int64_t local, MakeTimestamp(year, month, day, hour, minute, second));
  return TimestamptzFromTimestamp(local, zone);
}

int64_t RoundTimestamp(int64_t timestamp, int32_t typmod) {
  if (typmod < 0 || typmod >= 6 || !IsFiniteTimestamp(timestamp)) return timestamp;
  return RoundTime(timestamp, typmod);
}

int64_t RoundTime(int64_t time, int32_t typmod) {
  static constexpr int64_t kUnits[] = {1000000, 100000, 10000, 1000, 100, 10};
  if (typmod < 0 || typmod >= 6) return time;
  const int64_t unit = kUnits[typmod];
  // Half away from zero.
  return time >= 0 ? (time + unit / 2) / unit * unit : -((-time + unit / 2) / unit * unit);
}

}  // namespace helios
