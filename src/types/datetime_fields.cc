// EXTRACT, date_trunc and date_bin.

#include "types/datetime_fields.h"

#include <algorithm>
#include <cstdlib>

#include "types/io.h"
#include "types/time/zone.h"

namespace helios {

namespace {

using Field = DateTimeField;

struct NamedField {
  std::string_view name;
  Field field;
};
constexpr NamedField kFields[] = {
    {"c", Field::kCentury},
    {"cent", Field::kCentury},
    {"centuries", Field::kCentury},
    {"century", Field::kCentury},
    {"d", Field::kDay},
    {"day", Field::kDay},
    {"days", Field::kDay},
    {"dec", Field::kDecade},
    {"decade", Field::kDecade},
    {"decades", Field::kDecade},
    {"decs", Field::kDecade},
    {"dow", Field::kDayOfWeek},
    {"doy", Field::kDayOfYear},
    {"epoch", Field::kEpoch},
    {"h", Field::kHour},
    {"hour", Field::kHour},
    {"hours", Field::kHour},
    {"hr", Field::kHour},
    {"hrs", Field::kHour},
    {"isodow", Field::kIsoDayOfWeek},
    {"isoyear", Field::kIsoYear},
    {"j", Field::kJulian},
    {"jd", Field::kJulian},
    {"julian", Field::kJulian},
    {"m", Field::kMinute},
    {"microsecon", Field::kMicrosecond},
    {"microsecond", Field::kMicrosecond},
    {"microseconds", Field::kMicrosecond},
    {"mil", Field::kMillennium},
    {"millennia", Field::kMillennium},
    {"millennium", Field::kMillennium},
    {"millisecon", Field::kMillisecond},
    {"millisecond", Field::kMillisecond},
    {"milliseconds", Field::kMillisecond},
    {"mils", Field::kMillennium},
    {"min", Field::kMinute},
    {"mins", Field::kMinute},
    {"minute", Field::kMinute},
    {"minutes", Field::kMinute},
    {"mon", Field::kMonth},
    {"mons", Field::kMonth},
    {"month", Field::kMonth},
    {"months", Field::kMonth},
    {"ms", Field::kMillisecond},
    {"msec", Field::kMillisecond},
    {"mseconds", Field::kMillisecond},
    {"msecs", Field::kMillisecond},
    {"qtr", Field::kQuarter},
    {"quarter", Field::kQuarter},
    {"s", Field::kSecond},
    {"sec", Field::kSecond},
    {"second", Field::kSecond},
    {"seconds", Field::kSecond},
    {"secs", Field::kSecond},
    {"timezone", Field::kTimezone},
    {"timezone_h", Field::kTimezoneHour},
    {"timezone_hour", Field::kTimezoneHour},
    {"timezone_m", Field::kTimezoneMinute},
    {"timezone_minute", Field::kTimezoneMinute},
    {"us", Field::kMicrosecond},
    {"usec", Field::kMicrosecond},
    {"useconds", Field::kMicrosecond},
    {"usecs", Field::kMicrosecond},
    {"w", Field::kWeek},
    {"week", Field::kWeek},
    {"weeks", Field::kWeek},
    {"y", Field::kYear},
    {"year", Field::kYear},
    {"years", Field::kYear},
    {"yr", Field::kYear},
    {"yrs", Field::kYear},
};

std::string LowerCase(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

Status NotRecognized(std::string_view name, std::string_view type) {
  return Error(ErrorCode::kInvalidParameterValue)
      .Message("unit \"{}\" not recognized for type {}", LowerCase(name), type);
}
Status NotSupported(std::string_view name, std::string_view type) {
  return Error(ErrorCode::kFeatureNotSupported)
      .Message("unit \"{}\" not supported for type {}", LowerCase(name), type);
}

ExtractedField Number(__int128 value, int32_t scale = 0) {
  return {ExtractedField::Kind::kNumber, value, scale};
}

int64_t FloorDiv(int64_t value, int64_t divisor) {
  const int64_t quotient = value / divisor;
  return value % divisor < 0 ? quotient - 1 : quotient;
}

// Years as PostgreSQL counts them: there is no year 0.
int64_t ShownYear(int32_t year) { return year > 0 ? year : int64_t{year} - 1; }

int64_t Century(int32_t year) { return year > 0 ? (year + 99) / 100 : -((99 - (year - 1)) / 100); }
int64_t Millennium(int32_t year) {
  return year > 0 ? (year + 999) / 1000 : -((999 - (year - 1)) / 1000);
}
int64_t Decade(int32_t year) { return FloorDiv(year, 10); }

// Fields of the clock: `micros` of a minute, and the rest. False: not one of these.
bool ExtractClock(Field field, const CivilTime& civil, ExtractedField* out) {
  const int64_t micros = civil.second * kMicrosPerSecond + civil.microsecond;
  switch (field) {
    case Field::kMicrosecond:
      *out = Number(micros);
      return true;
    case Field::kMillisecond:
      *out = Number(micros, 3);
      return true;
    case Field::kSecond:
      *out = Number(micros, 6);
      return true;
    case Field::kMinute:
      *out = Number(civil.minute);
      return true;
    case Field::kHour:
      *out = Number(civil.hour);
      return true;
    default:
      return false;
  }
}

// Fields of the calendar.
bool ExtractCalendar(Field field, const CivilTime& civil, ExtractedField* out) {
  const int64_t date = DaysFromCivil(civil.year, civil.month, civil.day);
  switch (field) {
    case Field::kDay:
      *out = Number(civil.day);
      return true;
    case Field::kMonth:
      *out = Number(civil.month);
      return true;
    case Field::kQuarter:
      *out = Number((civil.month - 1) / 3 + 1);
      return true;
    case Field::kWeek:
      *out = Number(IsoWeek(civil));
      return true;
    case Field::kYear:
      *out = Number(ShownYear(civil.year));
      return true;
    case Field::kDecade:
      *out = Number(Decade(civil.year));
      return true;
    case Field::kCentury:
      *out = Number(Century(civil.year));
      return true;
    case Field::kMillennium:
      *out = Number(Millennium(civil.year));
      return true;
    case Field::kIsoYear:
      *out = Number(ShownYear(IsoYear(civil)));
      return true;
    case Field::kDayOfWeek:
      *out = Number(DayOfWeek(static_cast<int32_t>(date)));
      return true;
    case Field::kIsoDayOfWeek: {
      const int32_t day = DayOfWeek(static_cast<int32_t>(date));
      *out = Number(day == 0 ? 7 : day);
      return true;
    }
    case Field::kDayOfYear:
      *out = Number(DayOfYear(civil));
      return true;
    default:
      return false;
  }
}

// What EXTRACT gives for an infinite value: a field that grows without end is infinite, others are
// NULL.
ExtractedField OfInfinite(Field field, bool negative) {
  switch (field) {
    case Field::kYear:
    case Field::kDecade:
    case Field::kCentury:
    case Field::kMillennium:
    case Field::kJulian:
    case Field::kIsoYear:
    case Field::kEpoch:
      return {negative ? ExtractedField::Kind::kNegativeInfinity
                       : ExtractedField::Kind::kPositiveInfinity,
              0, 0};
    default:
      return {ExtractedField::Kind::kNull, 0, 0};
  }
}

constexpr int64_t kUnixEpochMicros = kUnixEpochDays * kMicrosPerDay;

// The Julian date with the time of day as a fraction.
ExtractedField Julian(int64_t local) {
  const int64_t date = FloorDiv(local, kMicrosPerDay);
  const int64_t time = local - date * kMicrosPerDay;
  // As PostgreSQL: the integer plus micros / 86400000000, a division of numerics.
  const Numeric fraction =
      Numeric::Divide(Numeric::FromInt64(time), Numeric::FromInt64(kMicrosPerDay)).value();
  const Numeric sum = Numeric::Add(Numeric::FromInt64(date + kEpochJulianDay), fraction).value();
  return Number(sum.small_coefficient(), sum.scale());
}

Result<ExtractedField> ExtractLocal(std::string_view name, int64_t local, std::string_view type) {
  Field field;
  if (!FindDateTimeField(name, &field)) return NotRecognized(name, type);
  const bool zoned =
      field == Field::kTimezone || field == Field::kTimezoneHour || field == Field::kTimezoneMinute;
  if (!IsFiniteTimestamp(local)) return OfInfinite(field, local < 0);
  if (zoned) return NotSupported(name, type);
  const CivilTime civil = CivilFromTimestamp(local);
  ExtractedField out;
  if (ExtractClock(field, civil, &out) || ExtractCalendar(field, civil, &out)) return out;
  if (field == Field::kJulian) return Julian(local);
  return Number(static_cast<__int128>(local) + kUnixEpochMicros, 6);
}

}  // namespace

bool FindDateTimeField(std::string_view name, DateTimeField* field) {
  const std::string lower = LowerCase(name);
  for (const NamedField& one : kFields) {
    if (one.name == lower) {
      *field = one.field;
      return true;
    }
  }
  return false;
}

Numeric ExtractedField::ToNumeric() const {
  if (kind != Kind::kNumber) return Numeric::Infinity(kind == Kind::kNegativeInfinity);
  return Numeric::FromParts(coefficient, scale);
}

double ExtractedField::ToDouble() const { return ToNumeric().ToDouble(); }

Result<ExtractedField> ExtractFromTimestamp(std::string_view name, int64_t timestamp) {
  return ExtractLocal(name, timestamp, "timestamp without time zone");
}

Result<ExtractedField> ExtractFromTimestamptz(std::string_view name, int64_t utc,
                                              const TimeZone& zone) {
  constexpr std::string_view kType = "timestamp with time zone";
  Field field;
  if (!FindDateTimeField(name, &field)) return NotRecognized(name, kType);
  if (!IsFiniteTimestamp(utc)) return OfInfinite(field, utc < 0);
  const int32_t east = zone.AtUtc(utc).seconds_east;
  switch (field) {
    case Field::kTimezone:
      return Number(east);
    case Field::kTimezoneHour:
      return Number(east / 3600);
    case Field::kTimezoneMinute:
      return Number(east % 3600 / 60);
    case Field::kEpoch:
      return Number(static_cast<__int128>(utc) + kUnixEpochMicros, 6);
    default:
      return ExtractLocal(name, utc + east * kMicrosPerSecond, kType);
  }
}

Result<ExtractedField> ExtractFromDate(std::string_view name, int32_t date) {
  constexpr std::string_view kType = "date";
  Field field;
  if (!FindDateTimeField(name, &field)) return NotRecognized(name, kType);
  switch (field) {
    case Field::kMicrosecond:
    case Field::kMillisecond:
    case Field::kSecond:
    case Field::kMinute:
    case Field::kHour:
    case Field::kTimezone:
    case Field::kTimezoneHour:
    case Field::kTimezoneMinute:
      return NotSupported(name, kType);
    default:
      break;
  }
  if (!IsFiniteDate(date)) return OfInfinite(field, date < 0);
  if (field == Field::kEpoch) return Number((int64_t{date} + kUnixEpochDays) * 86400);
  if (field == Field::kJulian) return Number(int64_t{date} + kEpochJulianDay);
  ExtractedField out;
  ExtractCalendar(field, CivilFromDays(date), &out);
  return out;
}

Result<ExtractedField> ExtractFromTime(std::string_view name, int64_t time) {
  constexpr std::string_view kType = "time without time zone";
  Field field;
  if (!FindDateTimeField(name, &field)) return NotRecognized(name, kType);
  CivilTime civil = CivilFromTimestamp(time % kMicrosPerDay);
  if (time == kMicrosPerDay) civil.hour = 24;
  ExtractedField out;
  if (ExtractClock(field, civil, &out)) return out;
  if (field == Field::kEpoch) return Number(time, 6);
  return NotSupported(name, kType);
}

Result<ExtractedField> ExtractFromTimeTz(std::string_view name, const TimeTz& time) {
  constexpr std::string_view kType = "time with time zone";
  Field field;
  if (!FindDateTimeField(name, &field)) return NotRecognized(name, kType);
  switch (field) {
    case Field::kTimezone:
      return Number(-time.zone_seconds);
    case Field::kTimezoneHour:
      return Number(-time.zone_seconds / 3600);
    case Field::kTimezoneMinute:
      return Number(-time.zone_seconds % 3600 / 60);
    case Field::kEpoch:
      return Number(time.microseconds + time.zone_seconds * kMicrosPerSecond, 6);
    default:
      break;
  }
  Result<ExtractedField> result = ExtractFromTime(name, time.microseconds);
  if (result.ok()) return result;
  return NotSupported(name, kType);
}

Result<ExtractedField> ExtractFromInterval(std::string_view name, const Interval& interval) {
  constexpr std::string_view kType = "interval";
  Field field;
  if (!FindDateTimeField(name, &field)) return NotRecognized(name, kType);
  const int32_t year = interval.months / 12;
  switch (field) {
    case Field::kMicrosecond:
      return Number(interval.microseconds % kMicrosPerMinute);
    case Field::kMillisecond:
      return Number(interval.microseconds % kMicrosPerMinute, 3);
    case Field::kSecond:
      return Number(interval.microseconds % kMicrosPerMinute, 6);
    case Field::kMinute:
      return Number(interval.microseconds % kMicrosPerHour / kMicrosPerMinute);
    case Field::kHour:
      return Number(interval.microseconds / kMicrosPerHour);
    case Field::kDay:
      return Number(interval.days);
    case Field::kMonth:
      return Number(interval.months % 12);
    case Field::kQuarter:
      return Number(interval.months % 12 / 3 + 1);
    case Field::kYear:
      return Number(year);
    case Field::kDecade:
      return Number(year / 10);
    case Field::kCentury:
      return Number(year / 100);
    case Field::kMillennium:
      return Number(year / 1000);
    case Field::kEpoch: {
      // A year has 365.25 days, a month 30.
      const __int128 quarter_days = static_cast<__int128>(year) * 1461 +
                                    static_cast<__int128>(interval.months % 12) * 120 +
                                    static_cast<__int128>(interval.days) * 4;
      return Number(quarter_days * (kMicrosPerDay / 4) + interval.microseconds, 6);
    }
    default:
      return NotSupported(name, kType);
  }
}

namespace {

// Names that EXTRACT knows and date_trunc does not even recognise.
bool IsExtractOnly(Field field) {
  switch (field) {
    case Field::kEpoch:
    case Field::kDayOfWeek:
    case Field::kIsoDayOfWeek:
    case Field::kDayOfYear:
    case Field::kIsoYear:
    case Field::kJulian:
      return true;
    default:
      return false;
  }
}

// The start of the field that holds a local timestamp; false for a field that cannot be truncated
// to.
bool TruncateLocal(Field field, int64_t local, int64_t* out) {
  const CivilTime civil = CivilFromTimestamp(local);
  const int64_t date = FloorDiv(local, kMicrosPerDay);
  const auto to_unit = [&](int64_t unit) { *out = FloorDiv(local, unit) * unit; };
  const auto to_year = [&](int64_t year) { *out = DaysFromCivil(year, 1, 1) * kMicrosPerDay; };
  switch (field) {
    case Field::kMicrosecond:
      *out = local;
      return true;
    case Field::kMillisecond:
      to_unit(1000);
      return true;
    case Field::kSecond:
      to_unit(kMicrosPerSecond);
      return true;
    case Field::kMinute:
      to_unit(kMicrosPerMinute);
      return true;
    case Field::kHour:
      to_unit(kMicrosPerHour);
      return true;
    case Field::kDay:
      to_unit(kMicrosPerDay);
      return true;
    case Field::kWeek:
      *out = (date - (DayOfWeek(static_cast<int32_t>(date)) + 6) % 7) * kMicrosPerDay;
      return true;
    case Field::kMonth:
      *out = DaysFromCivil(civil.year, civil.month, 1) * kMicrosPerDay;
      return true;
    case Field::kQuarter:
      *out = DaysFromCivil(civil.year, (civil.month - 1) / 3 * 3 + 1, 1) * kMicrosPerDay;
      return true;
    case Field::kYear:
      to_year(civil.year);
      return true;
    case Field::kDecade:
      to_year(FloorDiv(civil.year, 10) * 10);
      return true;
    // Centuries start in the year 1, 101, …
    case Field::kCentury:
      to_year(FloorDiv(civil.year - 1, 100) * 100 + 1);
      return true;
    case Field::kMillennium:
      to_year(FloorDiv(civil.year - 1, 1000) * 1000 + 1);
      return true;
    default:
      return false;
  }
}

}  // namespace

Result<int64_t> TruncateTimestamp(std::string_view name, int64_t timestamp) {
  constexpr std::string_view kType = "timestamp without time zone";
  if (!IsFiniteTimestamp(timestamp)) return timestamp;
  Field field;
  if (!FindDateTimeField(name, &field) || IsExtractOnly(field)) return NotRecognized(name, kType);
  int64_t result = timestamp;
  if (!TruncateLocal(field, timestamp, &result)) return NotSupported(name, kType);
  return result;
}

Result<int64_t> TruncateTimestamptz(std::string_view name, int64_t utc, const TimeZone& zone) {
  constexpr std::string_view kType = "timestamp with time zone";
  if (!IsFiniteTimestamp(utc)) return utc;
  Field field;
  if (!FindDateTimeField(name, &field) || IsExtractOnly(field)) return NotRecognized(name, kType);
  const int32_t east = zone.AtUtc(utc).seconds_east;
  int64_t local = utc + east * kMicrosPerSecond;
  if (!TruncateLocal(field, local, &local)) return NotSupported(name, kType);
  // Below a day the offset stays; a longer step may land on the other side of a change.
  const bool short_field = field == Field::kMicrosecond || field == Field::kMillisecond ||
                           field == Field::kSecond || field == Field::kMinute ||
                           field == Field::kHour;
  if (short_field) return local - east * kMicrosPerSecond;
  return TimestamptzFromTimestamp(local, zone);
}

Result<Interval> TruncateInterval(std::string_view name, const Interval& interval) {
  constexpr std::string_view kType = "interval";
  Field field;
  if (!FindDateTimeField(name, &field) || IsExtractOnly(field)) return NotRecognized(name, kType);
  Interval out = interval;
  const auto time_to = [&](int64_t unit) { out.microseconds -= out.microseconds % unit; };
  const auto months_to = [&](int32_t unit) { out = {0, 0, out.months - out.months % unit}; };
  switch (field) {
    case Field::kMicrosecond:
      return out;
    case Field::kMillisecond:
      time_to(1000);
      return out;
    case Field::kSecond:
      time_to(kMicrosPerSecond);
      return out;
    case Field::kMinute:
      time_to(kMicrosPerMinute);
      return out;
    case Field::kHour:
      time_to(kMicrosPerHour);
      return out;
    case Field::kDay:
      out.microseconds = 0;
      return out;
    case Field::kMonth:
      months_to(1);
      return out;
    case Field::kQuarter:
      months_to(3);
      return out;
    case Field::kYear:
      months_to(12);
      return out;
    case Field::kDecade:
      months_to(120);
      return out;
    case Field::kCentury:
      months_to(1200);
      return out;
    case Field::kMillennium:
      months_to(12000);
      return out;
    case Field::kWeek: {
      Status status = NotSupported(name, kType);
      status.mutable_info().detail = "Months usually have fractional weeks.";
      return status;
    }
    default:
      return NotSupported(name, kType);
  }
}

Result<int64_t> BinTimestamp(const Interval& stride, int64_t timestamp, int64_t origin) {
  if (!IsFiniteTimestamp(timestamp)) return timestamp;
  if (!IsFiniteTimestamp(origin)) {
    return Error(ErrorCode::kDatetimeFieldOverflow).Message("origin out of range");
  }
  if (stride.months != 0) {
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("timestamps cannot be binned into intervals containing months or years");
  }
  int64_t step;
  if (__builtin_mul_overflow(int64_t{stride.days}, kMicrosPerDay, &step) ||
      __builtin_add_overflow(step, stride.microseconds, &step)) {
    return Error(ErrorCode::kDatetimeFieldOverflow).Message("interval out of range");
  }
  if (step <= 0) {
    return Error(ErrorCode::kDatetimeFieldOverflow).Message("stride must be greater than zero");
  }
  int64_t distance;
  if (__builtin_sub_overflow(timestamp, origin, &distance)) {
    return Error(ErrorCode::kDatetimeFieldOverflow).Message("interval out of range");
  }
  const int64_t result = origin + FloorDiv(distance, step) * step;
  if (!IsValidTimestamp(result)) {
    return Error(ErrorCode::kDatetimeFieldOverflow).Message("timestamp out of range");
  }
  return result;
}

}  // namespace helios
