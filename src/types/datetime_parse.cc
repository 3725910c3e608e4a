// Dates and times from text. A text that looks like ISO 8601 takes a short road; everything else is
// split into tokens, which are read from left to right; what a bare number means depends on what is
// known already and on the date order.

#include "types/datetime_io.h"
#include "types/internal/datetime_reader.h"
#include "types/text.h"
#include "types/time/zone.h"

namespace helios {

namespace {

using Target = DateTimeTarget;
using Problem = DateTimeProblem;
using Parsed = ParsedDateTime;

// Applies AM/PM and carries 60 seconds; the clock as microseconds of a day.
Problem FinishClock(const Parsed& parsed, int64_t* time) {
  int32_t hour = parsed.hour.value_or(0);
  if (parsed.half != 0) {
    if (hour > 12) return Problem::kFieldOverflow;
    if (hour == 12) hour = 0;
    if (parsed.half == 2) hour += 12;
  }
  *time = hour * kMicrosPerHour + parsed.minute * kMicrosPerMinute +
          parsed.second * kMicrosPerSecond + parsed.microsecond;
  return *time > kMicrosPerDay ? Problem::kFieldOverflow : Problem::kNone;
}

Problem FinishDate(const Parsed& parsed, int64_t* date) {
  if (parsed.julian.has_value()) {
    *date = int64_t{*parsed.julian} - kEpochJulianDay;
    return Problem::kNone;
  }
  int64_t year = *parsed.year;
  if (parsed.bc) {
    if (year <= 0) return Problem::kFieldOverflow;
    year = 1 - year;
  } else if (parsed.year_short) {
    year += year < 70 ? 2000 : 1900;
  } else if (year <= 0) {
    return Problem::kFieldOverflow;
  }
  if (parsed.day_of_year.has_value()) {
    *date = DaysFromCivil(year, 1, 1) + *parsed.day_of_year - 1;
    return Problem::kNone;
  }
  if (*parsed.month < 1 || *parsed.month > 12 || *parsed.day < 1 || *parsed.day > 31) {
    return Problem::kMonthDay;
  }
  if (year > 6000000) return Problem::kFieldOverflow;
  if (*parsed.day > DaysInMonth(static_cast<int32_t>(year), *parsed.month)) {
    return Problem::kFieldOverflow;
  }
  *date = DaysFromCivil(year, *parsed.month, *parsed.day);
  return Problem::kNone;
}

Status ToError(Problem problem, std::string_view type, std::string_view text,
               std::string_view zone_name) {
  switch (problem) {
    case Problem::kFieldOverflow:
      return Error(ErrorCode::kDatetimeFieldOverflow)
          .Message("date/time field value out of range: \"{}\"", text);
    case Problem::kMonthDay:
      return Error(ErrorCode::kDatetimeFieldOverflow)
          .Message("date/time field value out of range: \"{}\"", text)
          .Hint("Perhaps you need a different \"datestyle\" setting.");
    case Problem::kZoneOverflow:
      return Error(ErrorCode::kInvalidTimeZoneDisplacement)
          .Message("time zone displacement out of range: \"{}\"", text);
    case Problem::kZoneName:
      return Error(ErrorCode::kInvalidParameterValue)
          .Message("time zone \"{}\" not recognized", zone_name);
    default:
      return Error(ErrorCode::kInvalidDatetimeFormat)
          .Message("invalid input syntax for type {}: \"{}\"", type, text);
  }
}

std::string_view TypeNameOf(Target target) {
  switch (target) {
    case Target::kDate:
      return "date";
    case Target::kTime:
      return "time";
    case Target::kTimeTz:
      return "time with time zone";
    case Target::kTimestamp:
      return "timestamp";
    case Target::kTimestamptz:
      return "timestamp with time zone";
  }
  return "timestamp";
}

Status Parse(std::string_view text, Target target, const DateTimeContext& context, Parsed* out) {
  std::vector<DateTimeToken> tokens;
  Problem problem = Problem::kNone;
  if (!SplitDateTime(text, &tokens) || tokens.empty()) {
    problem = Problem::kFormat;
  } else {
    const bool time_only = target == Target::kTime || target == Target::kTimeTz;
    problem = ReadDateTimeTokens(tokens, context.order, time_only, out);
  }
  if (problem == Problem::kNone) return Status::Ok();
  return ToError(problem, TypeNameOf(target), text, out->zone_name);
}

const TimeZone& ZoneOf(const DateTimeContext& context) {
  return context.zone == nullptr ? TimeZone::Utc() : *context.zone;
}

int64_t LocalNow(const DateTimeContext& context) {
  return context.now_us + ZoneOf(context).AtUtc(context.now_us).seconds_east * kMicrosPerSecond;
}

// Local date and time of 'now', 'today', 'epoch' and the like. False: not a finite special.
bool SpecialLocal(const Parsed& parsed, const DateTimeContext& context, int64_t* date,
                  int64_t* time) {
  const int64_t now = LocalNow(context);
  *date = DateFromTimestamp(now);
  *time = 0;
  switch (parsed.special) {
    case DateTimeWord::Kind::kNow:
      *time = TimeOfTimestamp(now);
      return true;
    case DateTimeWord::Kind::kToday:
      return true;
    case DateTimeWord::Kind::kTomorrow:
      ++*date;
      return true;
    case DateTimeWord::Kind::kYesterday:
      --*date;
      return true;
    case DateTimeWord::Kind::kEpoch:
      *date = -kUnixEpochDays;
      return true;
    default:
      return false;
  }
}

struct LocalMoment {
  int64_t date = 0;
  int64_t time = 0;
  bool infinite = false;
  bool negative = false;
};

Result<LocalMoment> ParseMoment(std::string_view text, Target target,
                                const DateTimeContext& context, Parsed* parsed) {
  HELIOS_TRY(Parse(text, target, context, parsed));
  const auto fail = [&](Problem problem) { return ToError(problem, TypeNameOf(target), text, ""); };
  LocalMoment moment;
  if (parsed->has_special()) {
    if (parsed->has_date()) return fail(Problem::kFormat);
    if (parsed->special == DateTimeWord::Kind::kInfinity ||
        parsed->special == DateTimeWord::Kind::kNegativeInfinity) {
      moment.infinite = true;
      moment.negative = parsed->special == DateTimeWord::Kind::kNegativeInfinity;
      return moment;
    }
    if (!SpecialLocal(*parsed, context, &moment.date, &moment.time)) return fail(Problem::kFormat);
    if (parsed->hour.has_value()) {
      const Problem problem = FinishClock(*parsed, &moment.time);
      if (problem != Problem::kNone) return fail(problem);
    }
    return moment;
  }
  if (!parsed->has_date()) return fail(Problem::kFormat);
  Problem problem = FinishDate(*parsed, &moment.date);
  if (problem == Problem::kNone) problem = FinishClock(*parsed, &moment.time);
  if (problem != Problem::kNone) return fail(problem);
  return moment;
}

Status OutOfRangeText(std::string_view what, std::string_view text) {
  return Error(ErrorCode::kDatetimeFieldOverflow).Message("{} out of range: \"{}\"", what, text);
}

// "YYYY-MM-DD" exactly.
bool FastDate(std::string_view text, int64_t* date) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  int32_t value[3];
  if (!DigitsToInt(text.substr(0, 4), &value[0]) || !DigitsToInt(text.substr(5, 2), &value[1]) ||
      !DigitsToInt(text.substr(8, 2), &value[2])) {
    return false;
  }
  if (value[0] == 0 || value[1] < 1 || value[1] > 12 || value[2] < 1 ||
      value[2] > DaysInMonth(value[0], value[1])) {
    return false;
  }
  *date = DaysFromCivil(value[0], value[1], value[2]);
  return true;
}

// "YYYY-MM-DD HH:MM:SS[.ffffff]" exactly.
bool FastTimestamp(std::string_view text, int64_t* timestamp) {
  int64_t date;
  if (text.size() < 19 || text.size() > 26 || !FastDate(text.substr(0, 10), &date)) return false;
  if ((text[10] != ' ' && text[10] != 'T') || text[13] != ':' || text[16] != ':') return false;
  int32_t value[3];
  if (!DigitsToInt(text.substr(11, 2), &value[0]) || !DigitsToInt(text.substr(14, 2), &value[1]) ||
      !DigitsToInt(text.substr(17, 2), &value[2]) || value[0] > 23 || value[1] > 59 ||
      value[2] > 59) {
    return false;
  }
  int32_t micros = 0;
  if (text.size() > 19 && (text[19] != '.' || !FractionToMicros(text.substr(20), &micros)))
    return false;
  *timestamp = date * kMicrosPerDay + value[0] * kMicrosPerHour + value[1] * kMicrosPerMinute +
               value[2] * kMicrosPerSecond + micros;
  return true;
}

}  // namespace

Result<int32_t> ParseDate(std::string_view text, const DateTimeContext& context) {
  int64_t fast;
  if (FastDate(text, &fast)) return static_cast<int32_t>(fast);
  Parsed parsed;
  HELIOS_TRY(const LocalMoment moment, ParseMoment(text, Target::kDate, context, &parsed));
  if (moment.infinite) return moment.negative ? kDateNegativeInfinity : kDateInfinity;
  if (moment.date < kDateMin || moment.date >= kDateEnd) return OutOfRangeText("date", text);
  return static_cast<int32_t>(moment.date);
}

Result<int64_t> ParseTimestamp(std::string_view text, const DateTimeContext& context) {
  int64_t fast;
  if (FastTimestamp(text, &fast)) return fast;
  Parsed parsed;
  HELIOS_TRY(const LocalMoment moment, ParseMoment(text, Target::kTimestamp, context, &parsed));
  if (moment.infinite) return moment.negative ? kTimestampNegativeInfinity : kTimestampInfinity;
  int64_t result;
  if (__builtin_mul_overflow(moment.date, kMicrosPerDay, &result) ||
      __builtin_add_overflow(result, moment.time, &result) || !IsValidTimestamp(result)) {
    return OutOfRangeText("timestamp", text);
  }
  return result;
}

Result<int64_t> ParseTimestamptz(std::string_view text, const DateTimeContext& context) {
  Parsed parsed;
  int64_t local;
  if (!FastTimestamp(text, &local)) {
    HELIOS_TRY(const LocalMoment moment, ParseMoment(text, Target::kTimestamptz, context, &parsed));
    if (moment.infinite) return moment.negative ? kTimestampNegativeInfinity : kTimestampInfinity;
    if (parsed.special == DateTimeWord::Kind::kEpoch) return -kUnixEpochDays * kMicrosPerDay;
    if (parsed.special == DateTimeWord::Kind::kNow) return context.now_us;
    if (__builtin_mul_overflow(moment.date, kMicrosPerDay, &local) ||
        __builtin_add_overflow(local, moment.time, &local)) {
      return OutOfRangeText("timestamp", text);
    }
  }
  int32_t east = 0;
  if (parsed.seconds_east.has_value()) {
    east = *parsed.seconds_east + (parsed.dst ? 3600 : 0);
  } else {
    const TimeZone& zone = parsed.zone != nullptr ? *parsed.zone : ZoneOf(context);
    east = zone.SecondsEastOfLocal(local);
  }
  int64_t utc;
  if (__builtin_sub_overflow(local, east * kMicrosPerSecond, &utc) || !IsValidTimestamp(utc)) {
    return OutOfRangeText("timestamp", text);
  }
  return utc;
}

namespace {

// The clock of a time; a date before it is allowed and, for timetz, decides the zone's offset.
Result<TimeTz> ParseClock(std::string_view text, Target target, const DateTimeContext& context) {
  Parsed parsed;
  Status status = Parse(text, target, context, &parsed);
  if (!status.ok()) {
    // A text with a date in numbers reads as a timestamp.
    Parsed with_date;
    if (!Parse(text, Target::kTimestamptz, context, &with_date).ok() || !with_date.has_date()) {
      return status;
    }
    parsed = with_date;
  }
  const auto fail = [&](Problem problem) { return ToError(problem, TypeNameOf(target), text, ""); };
  const TimeZone& zone = parsed.zone != nullptr ? *parsed.zone : ZoneOf(context);
  int64_t date = DateFromTimestamp(LocalNow(context));
  // A zone whose offset changes in the year needs the date.
  constexpr int64_t kHalfYear = 182 * kMicrosPerDay;
  if (parsed.zone != nullptr && !parsed.has_date() &&
      zone.AtUtc(context.now_us).seconds_east !=
          zone.AtUtc(context.now_us + kHalfYear).seconds_east) {
    return fail(Problem::kFormat);
  }
  TimeTz time;
  if (parsed.special == DateTimeWord::Kind::kNow) {
    time.microseconds = TimeOfTimestamp(LocalNow(context));
  } else if (parsed.special == DateTimeWord::Kind::kAllBalls) {
    parsed.seconds_east = 0;
  } else if (parsed.has_special() || !parsed.hour.has_value()) {
    return fail(Problem::kFormat);
  } else {
    Problem problem = FinishClock(parsed, &time.microseconds);
    if (problem == Problem::kNone && parsed.has_date()) problem = FinishDate(parsed, &date);
    if (problem != Problem::kNone) return fail(problem);
  }
  const int32_t east = parsed.seconds_east.has_value()
                           ? *parsed.seconds_east + (parsed.dst ? 3600 : 0)
                           : zone.SecondsEastOfLocal(date * kMicrosPerDay + time.microseconds);
  time.zone_seconds = -east;
  return time;
}

}  // namespace

Result<int64_t> ParseTime(std::string_view text, const DateTimeContext& context) {
  HELIOS_TRY(const TimeTz time, ParseClock(text, Target::kTime, context));
  return time.microseconds;
}

Result<TimeTz> ParseTimeTz(std::string_view text, const DateTimeContext& context) {
  return ParseClock(text, Target::kTimeTz, context);
}

}  // namespace helios
