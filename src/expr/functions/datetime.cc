// Arithmetic and conversions among date, time, timestamp and interval; overlaps; the clock.

#include <cmath>

#include "expr/internal/datetime_call.h"
#include "expr/internal/families.h"
#include "sys/clock.h"

namespace helios::expr {
namespace {

Result<Interval> Negated(const Interval& interval) { return NegateInterval(interval); }

// --- date ---

Result<int32_t> DateMinusDays(int32_t date, int32_t days) {
  if (days == INT32_MIN) {
    return Error(ErrorCode::kDatetimeFieldOverflow).Message("date out of range");
  }
  return AddDays(date, -days);
}
Result<int32_t> DaysPlusDate(int32_t days, int32_t date) { return AddDays(date, days); }
Result<int64_t> DatePlusInterval(int32_t date, const Interval& interval) {
  HELIOS_TRY(const int64_t timestamp, TimestampFromDate(date));
  return AddInterval(timestamp, interval);
}
Result<int64_t> IntervalPlusDate(const Interval& interval, int32_t date) {
  return DatePlusInterval(date, interval);
}
Result<int64_t> DateMinusInterval(int32_t date, const Interval& interval) {
  HELIOS_TRY(const Interval negated, Negated(interval));
  return DatePlusInterval(date, negated);
}
Result<int64_t> DatePlusTime(int32_t date, int64_t time) {
  HELIOS_TRY(const int64_t timestamp, TimestampFromDate(date));
  if (!IsFiniteTimestamp(timestamp)) return timestamp;
  if (!IsValidTimestamp(timestamp + time)) {
    return Error(ErrorCode::kDatetimeFieldOverflow).Message("timestamp out of range");
  }
  return timestamp + time;
}
Result<int64_t> TimePlusDate(int64_t time, int32_t date) { return DatePlusTime(date, time); }
Result<int64_t> DatePlusTimeZoned(FunctionCall& call, int32_t date, int64_t time) {
  HELIOS_TRY(const int64_t local, DatePlusTime(date, time));
  return TimestamptzFromTimestamp(local, ZoneOf(call));
}
Result<int64_t> DatePlusTimeTz(int32_t date, const TimeTz& time) {
  HELIOS_TRY(const int64_t local, DatePlusTime(date, time.microseconds));
  if (!IsFiniteTimestamp(local)) return local;
  return local + time.zone_seconds * kMicrosPerSecond;
}
Result<int64_t> TimeTzPlusDate(const TimeTz& time, int32_t date) {
  return DatePlusTimeTz(date, time);
}
Result<int64_t> DateToTimestamptz(FunctionCall& call, int32_t date) {
  return TimestamptzFromDate(date, ZoneOf(call));
}
int32_t TimestamptzToDate(FunctionCall& call, int64_t utc) {
  return DateFromTimestamptz(utc, ZoneOf(call));
}
bool DateIsFinite(int32_t date) { return IsFiniteDate(date); }

// --- time of day ---

int64_t TimePlusInterval(int64_t time, const Interval& interval) {
  return AddIntervalToTime(time, interval);
}
int64_t IntervalPlusTime(const Interval& interval, int64_t time) {
  return AddIntervalToTime(time, interval);
}
Interval OnlyMicroseconds(int64_t microseconds) { return {.microseconds = microseconds}; }
int64_t TimeMinusInterval(int64_t time, const Interval& interval) {
  return AddIntervalToTime(time, OnlyMicroseconds(-(interval.microseconds % kMicrosPerDay)));
}
TimeTz TimeTzPlusInterval(const TimeTz& time, const Interval& interval) {
  return AddIntervalToTimeTz(time, interval);
}
TimeTz IntervalPlusTimeTz(const Interval& interval, const TimeTz& time) {
  return AddIntervalToTimeTz(time, interval);
}
TimeTz TimeTzMinusInterval(const TimeTz& time, const Interval& interval) {
  return AddIntervalToTimeTz(time, OnlyMicroseconds(-(interval.microseconds % kMicrosPerDay)));
}
Interval TimeMinusTime(int64_t left, int64_t right) { return OnlyMicroseconds(left - right); }
Interval TimeToInterval(int64_t time) { return OnlyMicroseconds(time); }
int64_t IntervalToTime(const Interval& interval) { return AddIntervalToTime(0, interval); }
std::optional<int64_t> TimestampToTime(int64_t timestamp) {
  if (!IsFiniteTimestamp(timestamp)) return std::nullopt;
  return TimeOfTimestamp(timestamp);
}
Result<std::optional<int64_t>> TimestamptzToTime(FunctionCall& call, int64_t utc) {
  if (!IsFiniteTimestamp(utc)) return std::optional<int64_t>();
  HELIOS_TRY(const int64_t local, TimestampFromTimestamptz(utc, ZoneOf(call)));
  return std::optional<int64_t>(TimeOfTimestamp(local));
}
std::optional<TimeTz> TimestamptzToTimeTz(FunctionCall& call, int64_t utc) {
  if (!IsFiniteTimestamp(utc)) return std::nullopt;
  return TimeTzOfTimestamptz(utc, ZoneOf(call));
}
TimeTz TimeToTimeTz(FunctionCall& call, int64_t time) {
  return TimeTzFromTime(time, ZoneOf(call), call.context.transaction_start_us);
}
int64_t TimeTzToTime(const TimeTz& time) { return time.microseconds; }
int64_t ScaleTime(int64_t time, int32_t typmod) { return RoundTime(time, typmod); }
TimeTz ScaleTimeTz(TimeTz time, int32_t typmod) {
  time.microseconds = RoundTime(time.microseconds, typmod);
  return time;
}

// --- timestamp ---

Result<int64_t> IntervalPlusTimestamp(const Interval& interval, int64_t timestamp) {
  return AddInterval(timestamp, interval);
}
Result<int64_t> TimestampMinusInterval(int64_t timestamp, const Interval& interval) {
  HELIOS_TRY(const Interval negated, Negated(interval));
  return AddInterval(timestamp, negated);
}
Result<int64_t> TimestamptzPlusInterval(FunctionCall& call, int64_t utc, const Interval& interval) {
  return AddIntervalZoned(utc, interval, ZoneOf(call));
}
Result<int64_t> IntervalPlusTimestamptz(FunctionCall& call, const Interval& interval, int64_t utc) {
  return AddIntervalZoned(utc, interval, ZoneOf(call));
}
Result<int64_t> TimestamptzMinusInterval(FunctionCall& call, int64_t utc,
                                         const Interval& interval) {
  HELIOS_TRY(const Interval negated, Negated(interval));
  return AddIntervalZoned(utc, negated, ZoneOf(call));
}
Result<int64_t> LocalToUtc(FunctionCall& call, int64_t local) {
  return TimestamptzFromTimestamp(local, ZoneOf(call));
}
Result<int64_t> UtcToLocal(FunctionCall& call, int64_t utc) {
  return TimestampFromTimestamptz(utc, ZoneOf(call));
}
int64_t ScaleTimestamp(int64_t timestamp, int32_t typmod) {
  return RoundTimestamp(timestamp, typmod);
}
bool TimestampIsFinite(int64_t timestamp) { return IsFiniteTimestamp(timestamp); }
Result<Interval> AgeTimestamptz(FunctionCall& call, int64_t left, int64_t right) {
  return AgeZoned(left, right, ZoneOf(call));
}
Result<Interval> AgeOfTimestamptz(FunctionCall& call, int64_t utc) {
  const int32_t today = DateFromTimestamptz(call.context.transaction_start_us, ZoneOf(call));
  HELIOS_TRY(const int64_t midnight, TimestamptzFromDate(today, ZoneOf(call)));
  return AgeZoned(midnight, utc, ZoneOf(call));
}
Result<Interval> AgeOfTimestamp(FunctionCall& call, int64_t timestamp) {
  const int32_t today = DateFromTimestamptz(call.context.transaction_start_us, ZoneOf(call));
  HELIOS_TRY(const int64_t midnight, TimestampFromDate(today));
  return Age(midnight, timestamp);
}
Result<int64_t> FromUnixSeconds(double seconds) {
  if (std::isnan(seconds)) {
    return Error(ErrorCode::kDatetimeFieldOverflow).Message("timestamp cannot be NaN");
  }
  if (std::isinf(seconds)) return seconds < 0 ? kTimestampNegativeInfinity : kTimestampInfinity;
  const double micros = std::nearbyint((seconds - kUnixEpochDays * 86400.0) * 1e6);
  if (!(micros >= static_cast<double>(kTimestampMin) &&
        micros < static_cast<double>(kTimestampEnd))) {
    return Error(ErrorCode::kDatetimeFieldOverflow)
        .Message("timestamp out of range: \"{:g}\"", seconds);
  }
  return static_cast<int64_t>(micros);
}

// --- interval ---

Result<Interval> FactorTimesInterval(double factor, const Interval& interval) {
  return MultiplyInterval(interval, factor);
}
Result<Interval> ScaleInterval(const Interval& interval, int32_t typmod) {
  return ApplyIntervalTypmod(interval, typmod);
}
bool IntervalIsFinite(const Interval&) { return true; }

// --- the clock ---

int64_t TransactionStart(FunctionCall& call) { return call.context.transaction_start_us; }
int64_t StatementStart(FunctionCall& call) { return call.context.statement_start_us; }
int64_t ClockNow(FunctionCall& call) {
  const sys::Clock& clock =
      call.context.clock == nullptr ? sys::SystemClock() : *call.context.clock;
  return clock.UnixMicros() - kUnixEpochMicros;
}

// "Wed Feb 26 22:12:00.123456 2025 CET"
std::string TimeOfDay(FunctionCall& call) {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const int64_t utc = ClockNow(call);
  const TimeZone::Offset offset = ZoneOf(call).AtUtc(utc);
  const int64_t local = utc + offset.seconds_east * kMicrosPerSecond;
  const CivilTime civil = CivilFromTimestamp(local);
  return fmt::format("{} {} {:02} {:02}:{:02}:{:02}.{:06} {} {}",
                     kDays[DayOfWeek(DateFromTimestamp(local))], kMonths[civil.month - 1],
                     civil.day, civil.hour, civil.minute, civil.second, civil.microsecond,
                     civil.year, ZoneOf(call).AbbreviationAtUtc(utc));
}

// --- (start, end) OVERLAPS (start, end) ---

template <typename T>
bool Before(const T& a, const T& b) {
  if constexpr (std::is_same_v<T, TimeTz>)
    return CompareTimeTz(a, b) < 0;
  else
    return a < b;
}

// One side of OVERLAPS: an end before its start is swapped; one known bound stands for both.
template <typename T>
struct Period {
  std::optional<T> start;
  std::optional<T> end;

  void Normalize() {
    if (!start.has_value()) {
      start = end;
      end.reset();
    } else if (end.has_value() && Before(*end, *start)) {
      std::swap(start, end);
    }
  }
};
template <typename T>
std::optional<bool> PeriodsOverlap(Period<T> a, Period<T> b) {
  a.Normalize();
  b.Normalize();
  if (!a.start.has_value() || !b.start.has_value()) return std::nullopt;
  if (Before(*a.start, *b.start)) std::swap(a, b);
  if (Before(*b.start, *a.start)) {  // `b` starts first: does it last until `a` starts?
    if (!b.end.has_value()) return std::nullopt;
    if (Before(*a.start, *b.end)) return true;
    if (!a.end.has_value()) return std::nullopt;
    return false;
  }
  if (!a.end.has_value() || !b.end.has_value()) return std::nullopt;
  return true;
}

enum class EndKind { kPoint, kLength };

template <typename T>
Result<T> AddLength(FunctionCall& call, Oid type, const T& start, const Interval& length) {
  if constexpr (std::is_same_v<T, TimeTz>) {
    return AddIntervalToTimeTz(start, length);
  } else {
    if (type == type_oid::kTime) return T{AddIntervalToTime(start, length)};
    if (type == type_oid::kTimestamptz) return AddIntervalZoned(start, length, ZoneOf(call));
    return AddInterval(start, length);
  }
}

template <typename T, EndKind kFirst, EndKind kSecond>
Status Overlaps(FunctionCall& call, Arguments arguments, size_t row_count, Vector* out) {
  const auto load = [&](size_t index, EndKind kind, size_t row, Period<T>* period) -> Status {
    if (!arguments[index]->IsNull(row)) period->start = arguments[index]->At<T>(row);
    const Vector& end = *arguments[index + 1];
    if (end.IsNull(row)) return Status::Ok();
    if (kind == EndKind::kPoint) {
      if constexpr (sizeof(T) == 8) period->end = end.At<T>(row);
      if constexpr (sizeof(T) == 16) period->end = end.At<T>(row);
      return Status::Ok();
    }
    if (!period->start.has_value()) return Status::Ok();
    HELIOS_TRY(period->end, AddLength<T>(call, arguments[index]->type().oid, *period->start,
                                         end.At<Interval>(row)));
    return Status::Ok();
  };
  for (size_t row = 0; row < row_count; ++row) {
    Period<T> a;
    Period<T> b;
    HELIOS_TRY(load(0, kFirst, row, &a));
    HELIOS_TRY(load(2, kSecond, row, &b));
    HELIOS_TRY(StoreResult(PeriodsOverlap(a, b), out, row));
  }
  return Status::Ok();
}

constexpr EndKind kPoint = EndKind::kPoint;
constexpr EndKind kLength = EndKind::kLength;

constexpr KernelEntry kKernels[] = {
    {"date_pli", Map<AddDays>},
    {"sql_2550", Map<DaysPlusDate>},
    {"date_mii", Map<DateMinusDays>},
    {"date_mi", Map<SubtractDates>},
    {"date_pl_interval", Map<DatePlusInterval>},
    {"date_mi_interval", Map<DateMinusInterval>},
    {"sql_2546", Map<IntervalPlusDate>},
    {"datetime_timestamp", Map<DatePlusTime>},
    {"sql_1296", Map<TimePlusDate>},
    {"sql_1176", Map<DatePlusTimeZoned>},
    {"datetimetz_timestamptz", Map<DatePlusTimeTz>},
    {"sql_1298", Map<TimeTzPlusDate>},
    {"date_timestamp", Map<TimestampFromDate>},
    {"timestamp_date", Map<DateFromTimestamp>},
    {"date_timestamptz", Map<DateToTimestamptz>},
    {"timestamptz_date", Map<TimestamptzToDate>},
    {"date_finite", Map<DateIsFinite>},
    {"time_pl_interval", Map<TimePlusInterval>},
    {"time_mi_interval", Map<TimeMinusInterval>},
    {"sql_1848", Map<IntervalPlusTime>},
    {"timetz_pl_interval", Map<TimeTzPlusInterval>},
    {"timetz_mi_interval", Map<TimeTzMinusInterval>},
    {"sql_2547", Map<IntervalPlusTimeTz>},
    {"time_mi_time", Map<TimeMinusTime>},
    {"time_interval", Map<TimeToInterval>},
    {"interval_time", Map<IntervalToTime>},
    {"timestamp_time", Map<TimestampToTime>},
    {"timestamptz_time", Map<TimestamptzToTime>},
    {"timestamptz_timetz", Map<TimestamptzToTimeTz>},
    {"time_timetz", Map<TimeToTimeTz>},
    {"timetz_time", Map<TimeTzToTime>},
    {"time_scale", Map<ScaleTime>},
    {"timetz_scale", Map<ScaleTimeTz>},
    {"timestamp_pl_interval", Map<AddInterval>},
    {"timestamp_mi_interval", Map<TimestampMinusInterval>},
    {"sql_2548", Map<IntervalPlusTimestamp>},
    {"timestamptz_pl_interval", Map<TimestamptzPlusInterval>},
    {"timestamptz_mi_interval", Map<TimestamptzMinusInterval>},
    {"sql_2549", Map<IntervalPlusTimestamptz>},
    {"timestamp_mi", Map<SubtractTimestamps>},
    {"timestamp_timestamptz", Map<LocalToUtc>},
    {"timestamptz_timestamp", Map<UtcToLocal>},
    {"timestamp_scale", Map<ScaleTimestamp>},
    {"timestamptz_scale", Map<ScaleTimestamp>},
    {"timestamp_finite", Map<TimestampIsFinite>},
    {"timestamp_age", Map<Age>},
    {"timestamptz_age", Map<AgeTimestamptz>},
    {"sql_1386", Map<AgeOfTimestamptz>},
    {"sql_2059", Map<AgeOfTimestamp>},
    {"float8_timestamptz", Map<FromUnixSeconds>},
    {"interval_pl", Map<AddIntervals>},
    {"interval_mi", Map<SubtractIntervals>},
    {"interval_um", Map<Negated>},
    {"interval_mul", Map<MultiplyInterval>},
    {"mul_d_interval", Map<FactorTimesInterval>},
    {"interval_div", Map<DivideInterval>},
    {"interval_justify_hours", Map<JustifyHours>},
    {"interval_justify_days", Map<JustifyDays>},
    {"interval_justify_interval", Map<JustifyInterval>},
    {"interval_finite", Map<IntervalIsFinite>},
    {"interval_scale", Map<ScaleInterval>},
    {"now", Map<TransactionStart>},
    {"statement_timestamp", Map<StatementStart>},
    {"clock_timestamp", Map<ClockNow>},
    {"timeofday", Map<TimeOfDay>},
    {"overlaps_timestamp", Overlaps<int64_t, kPoint, kPoint>},
    {"overlaps_time", Overlaps<int64_t, kPoint, kPoint>},
    {"overlaps_timetz", Overlaps<TimeTz, kPoint, kPoint>},
    {"sql_1305", Overlaps<int64_t, kLength, kLength>},
    {"sql_1306", Overlaps<int64_t, kPoint, kLength>},
    {"sql_1307", Overlaps<int64_t, kLength, kPoint>},
    {"sql_1309", Overlaps<int64_t, kLength, kLength>},
    {"sql_1310", Overlaps<int64_t, kPoint, kLength>},
    {"sql_1311", Overlaps<int64_t, kLength, kPoint>},
    {"sql_2042", Overlaps<int64_t, kLength, kLength>},
    {"sql_2043", Overlaps<int64_t, kPoint, kLength>},
    {"sql_2044", Overlaps<int64_t, kLength, kPoint>},
};

}  // namespace

std::span<const KernelEntry> DateTimeKernels() { return kKernels; }

}  // namespace helios::expr
