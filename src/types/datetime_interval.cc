// Arithmetic of intervals, age() and interval typmods.

#include <algorithm>
#include <cmath>

#include "types/datetime.h"
#include "types/time/zone.h"

namespace helios {

namespace {

constexpr int32_t kDaysPerMonth = 30;
constexpr double kSecondsPerDay = 86400;

Status IntervalOutOfRange() {
  return Error(ErrorCode::kDatetimeFieldOverflow).Message("interval out of range");
}

// Rounds to microseconds, to hide what binary fractions add.
double RoundToMicros(double seconds) { return std::rint(seconds * 1e6) / 1e6; }

bool FitsInt32(double value) { return value >= INT32_MIN && value <= INT32_MAX; }

// An interval of fractional parts: fractions of months flow into days, fractions of days into time.
Result<Interval> Scale(double months, double days, double micros) {
  if (!FitsInt32(months) || !FitsInt32(days)) return IntervalOutOfRange();
  Interval result;
  result.months = static_cast<int32_t>(months);
  result.days = static_cast<int32_t>(days);
  const double month_rest = RoundToMicros((months - result.months) * kDaysPerMonth);
  const auto month_rest_days = static_cast<int32_t>(month_rest);
  double seconds =
      RoundToMicros((days - result.days + month_rest - month_rest_days) * kSecondsPerDay);
  int32_t carried = month_rest_days;
  if (std::fabs(seconds) >= kSecondsPerDay) {
    const auto whole = static_cast<int32_t>(seconds / kSecondsPerDay);
    carried += whole;
    seconds -= whole * kSecondsPerDay;
  }
  if (__builtin_add_overflow(result.days, carried, &result.days)) return IntervalOutOfRange();
  const double total = std::rint(micros + seconds * 1e6);
  if (!(total >= -9223372036854775808.0 && total < 9223372036854775808.0)) {
    return IntervalOutOfRange();
  }
  result.microseconds = static_cast<int64_t>(total);
  return result;
}

// Makes days and time agree in sign.
void AlignTimeSign(Interval* interval) {
  if (interval->days > 0 && interval->microseconds < 0) {
    interval->microseconds += kMicrosPerDay;
    --interval->days;
  } else if (interval->days < 0 && interval->microseconds > 0) {
    interval->microseconds -= kMicrosPerDay;
    ++interval->days;
  }
}

bool CarryHours(Interval* interval) {
  const auto days = static_cast<int32_t>(interval->microseconds / kMicrosPerDay);
  interval->microseconds -= days * kMicrosPerDay;
  return !__builtin_add_overflow(interval->days, days, &interval->days);
}

bool CarryDays(Interval* interval) {
  const int32_t months = interval->days / kDaysPerMonth;
  interval->days -= months * kDaysPerMonth;
  return !__builtin_add_overflow(interval->months, months, &interval->months);
}

// Field bits, as PostgreSQL numbers the fields.
constexpr int32_t kMonth = 1 << 1, kYear = 1 << 2, kDay = 1 << 3, kHour = 1 << 10,
                  kMinute = 1 << 11;

}  // namespace

Result<Interval> AddIntervals(const Interval& left, const Interval& right) {
  Interval sum;
  if (__builtin_add_overflow(left.months, right.months, &sum.months) ||
      __builtin_add_overflow(left.days, right.days, &sum.days) ||
      __builtin_add_overflow(left.microseconds, right.microseconds, &sum.microseconds)) {
    return IntervalOutOfRange();
  }
  return sum;
}

Result<Interval> SubtractIntervals(const Interval& left, const Interval& right) {
  Interval difference;
  if (__builtin_sub_overflow(left.months, right.months, &difference.months) ||
      __builtin_sub_overflow(left.days, right.days, &difference.days) ||
      __builtin_sub_overflow(left.microseconds, right.microseconds, &difference.microseconds)) {
    return IntervalOutOfRange();
  }
  return difference;
}

Result<Interval> NegateInterval(const Interval& interval) {
  return SubtractIntervals(Interval{}, interval);
}

Result<Interval> MultiplyInterval(const Interval& interval, double factor) {
  return Scale(interval.months * factor, interval.days * factor,
               static_cast<double>(interval.microseconds) * factor);
}

Result<Interval> DivideInterval(const Interval& interval, double divisor) {
  if (divisor == 0) return Error(ErrorCode::kDivisionByZero).Message("division by zero");
  return Scale(interval.months / divisor, interval.days / divisor,
               static_cast<double>(interval.microseconds) / divisor);
}

Result<Interval> JustifyHours(const Interval& interval) {
  Interval result = interval;
  if (!CarryHours(&result)) return IntervalOutOfRange();
  AlignTimeSign(&result);
  return result;
}

Result<Interval> JustifyDays(const Interval& interval) {
  Interval result = interval;
  if (!CarryDays(&result)) return IntervalOutOfRange();
  if (result.months > 0 && result.days < 0) {
    result.days += kDaysPerMonth;
    --result.months;
  } else if (result.months < 0 && result.days > 0) {
    result.days -= kDaysPerMonth;
    ++result.months;
  }
  return result;
}

Result<Interval> JustifyInterval(const Interval& interval) {
  Interval result = interval;
  // Days first when they and the time are both large, so that their sum does not overflow.
  if (((result.days > 0) == (result.microseconds > 0)) && !CarryDays(&result)) {
    return IntervalOutOfRange();
  }
  if (!CarryHours(&result) || !CarryDays(&result)) return IntervalOutOfRange();
  if (result.months > 0 && (result.days < 0 || (result.days == 0 && result.microseconds < 0))) {
    result.days += kDaysPerMonth;
    --result.months;
  } else if (result.months < 0 &&
             (result.days > 0 || (result.days == 0 && result.microseconds > 0))) {
    result.days -= kDaysPerMonth;
    ++result.months;
  }
  AlignTimeSign(&result);
  return result;
}

Result<Interval> Age(int64_t left, int64_t right) {
  if (!IsFiniteTimestamp(left) || !IsFiniteTimestamp(right)) {
    return Error(ErrorCode::kDatetimeFieldOverflow).Message("timestamp out of range");
  }
  const bool negative = left < right;
  const CivilTime later = CivilFromTimestamp(negative ? right : left);
  const CivilTime earlier = CivilFromTimestamp(negative ? left : right);
  int64_t time = (negative ? TimeOfTimestamp(right) - TimeOfTimestamp(left)
                           : TimeOfTimestamp(left) - TimeOfTimestamp(right));
  int32_t days = later.day - earlier.day;
  int32_t months = (later.year - earlier.year) * 12 + later.month - earlier.month;
  if (time < 0) {
    time += kMicrosPerDay;
    --days;
  }
  // A month borrowed has the length of the earlier date's month.
  while (days < 0) {
    days += DaysInMonth(earlier.year, earlier.month);
    --months;
  }
  if (negative) return Interval{-time, -days, -months};
  return Interval{time, days, months};
}

Result<Interval> AgeZoned(int64_t left_utc, int64_t right_utc, const TimeZone& zone) {
  HELIOS_TRY(const int64_t left, TimestampFromTimestamptz(left_utc, zone));
  HELIOS_TRY(const int64_t right, TimestampFromTimestamptz(right_utc, zone));
  return Age(left, right);
}

Result<Interval> MakeInterval(int32_t years, int32_t months, int32_t weeks, int32_t days,
                              int32_t hours, int32_t minutes, double seconds) {
  Interval result;
  const double micros = std::rint(seconds * 1e6);
  if (!(std::fabs(micros) < 9.2e18)) return IntervalOutOfRange();
  int32_t year_months;
  int32_t week_days;
  int64_t time = hours * kMicrosPerHour + minutes * kMicrosPerMinute;
  if (__builtin_mul_overflow(years, 12, &year_months) ||
      __builtin_add_overflow(year_months, months, &result.months) ||
      __builtin_mul_overflow(weeks, 7, &week_days) ||
      __builtin_add_overflow(week_days, days, &result.days) ||
      __builtin_add_overflow(time, static_cast<int64_t>(micros), &result.microseconds)) {
    return IntervalOutOfRange();
  }
  return result;
}

Result<Interval> ApplyIntervalTypmod(const Interval& interval, int32_t typmod) {
  if (typmod < 0) return interval;
  Interval result = interval;
  switch (typmod >> 16 & kIntervalFullRange) {
    case kYear:
      result = {0, 0, result.months / 12 * 12};
      break;
    case kMonth:
    case kYear | kMonth:
      result = {0, 0, result.months};
      break;
    case kDay:
      result.microseconds = 0;
      break;
    case kHour:
    case kDay | kHour:
      result.microseconds -= result.microseconds % kMicrosPerHour;
      break;
    case kMinute:
    case kDay | kHour | kMinute:
    case kHour | kMinute:
      result.microseconds -= result.microseconds % kMicrosPerMinute;
      break;
    default:
      break;
  }
  const int32_t precision = typmod & kIntervalFullPrecision;
  if (precision != kIntervalFullPrecision) {
    if (result.microseconds > INT64_MAX - kMicrosPerSecond ||
        result.microseconds < INT64_MIN + kMicrosPerSecond) {
      return IntervalOutOfRange();
    }
    result.microseconds = RoundTime(result.microseconds, precision);
  }
  return result;
}

}  // namespace helios
