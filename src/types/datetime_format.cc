// Dates, times and intervals as text, in each DateStyle and IntervalStyle.

#include <cstdlib>

#include "types/datetime_io.h"
#include "types/io.h"
#include "types/text.h"
#include "types/time/zone.h"

namespace helios {

namespace {

constexpr std::string_view kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::string_view kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

void AppendPadded(int64_t value, size_t width, std::string* out) {
  std::string digits;
  FormatInt64(value, &digits);
  if (digits.size() < width) out->append(width - digits.size(), '0');
  out->append(digits);
}

void AppendTwo(int32_t value, std::string* out) {
  if (value >= 100) return FormatInt64(value, out);
  out->push_back(static_cast<char>('0' + value / 10));
  out->push_back(static_cast<char>('0' + value % 10));
}

// Seconds with as many decimals as needed.
void AppendSeconds(int32_t seconds, int32_t micros, bool pad, std::string* out) {
  if (pad) {
    AppendTwo(seconds, out);
  } else {
    FormatInt64(seconds, out);
  }
  if (micros == 0) return;
  char digits[6];
  for (int i = 5; i >= 0; --i, micros /= 10) digits[i] = static_cast<char>('0' + micros % 10);
  size_t length = 6;
  while (digits[length - 1] == '0') --length;
  out->push_back('.');
  out->append(digits, length);
}

void AppendYear(int32_t year, std::string* out) {
  AppendPadded(year > 0 ? year : 1 - int64_t{year}, 4, out);
}

void AppendEra(int32_t year, std::string* out) {
  if (year <= 0) out->append(" BC");
}

void AppendDate(const CivilTime& civil, DateStyle style, DateOrder order, std::string* out) {
  const auto pair = [out](int32_t first, int32_t second, char separator) {
    AppendTwo(first, out);
    out->push_back(separator);
    AppendTwo(second, out);
    out->push_back(separator);
  };
  const bool day_first = order == DateOrder::kDmy;
  switch (style) {
    case DateStyle::kIso:
      AppendYear(civil.year, out);
      out->push_back('-');
      AppendTwo(civil.month, out);
      out->push_back('-');
      AppendTwo(civil.day, out);
      return;
    case DateStyle::kSql:
      pair(day_first ? civil.day : civil.month, day_first ? civil.month : civil.day, '/');
      break;
    case DateStyle::kGerman:
      pair(civil.day, civil.month, '.');
      break;
    case DateStyle::kPostgres:
      pair(day_first ? civil.day : civil.month, day_first ? civil.month : civil.day, '-');
      break;
  }
  AppendYear(civil.year, out);
}

void AppendTimeOfDay(const CivilTime& civil, std::string* out) {
  AppendTwo(civil.hour, out);
  out->push_back(':');
  AppendTwo(civil.minute, out);
  out->push_back(':');
  AppendSeconds(civil.second, civil.microsecond, true, out);
}

void AppendOffset(int32_t seconds_east, std::string* out) {
  const int32_t size = std::abs(seconds_east);
  out->push_back(seconds_east < 0 ? '-' : '+');
  AppendTwo(size / 3600, out);
  if (size % 3600 == 0) return;
  out->push_back(':');
  AppendTwo(size / 60 % 60, out);
  if (size % 60 == 0) return;
  out->push_back(':');
  AppendTwo(size % 60, out);
}

// `zone_text` follows the time: an offset, " PST", or nothing.
void AppendTimestamp(int64_t local, DateStyle style, DateOrder order, std::string_view zone_text,
                     std::string* out) {
  const CivilTime civil = CivilFromTimestamp(local);
  if (style != DateStyle::kPostgres) {
    AppendDate(civil, style, order, out);
    out->push_back(' ');
    AppendTimeOfDay(civil, out);
    out->append(zone_text);
    AppendEra(civil.year, out);
    return;
  }
  out->append(kDays[DayOfWeek(DateFromTimestamp(local))]);
  out->push_back(' ');
  if (order == DateOrder::kDmy) {
    AppendTwo(civil.day, out);
    out->push_back(' ');
    out->append(kMonths[civil.month - 1]);
  } else {
    out->append(kMonths[civil.month - 1]);
    out->push_back(' ');
    AppendTwo(civil.day, out);
  }
  out->push_back(' ');
  AppendTimeOfDay(civil, out);
  out->push_back(' ');
  AppendYear(civil.year, out);
  out->append(zone_text);
  AppendEra(civil.year, out);
}

bool AppendInfinite(int64_t timestamp, std::string* out) {
  if (IsFiniteTimestamp(timestamp)) return false;
  out->append(timestamp > 0 ? "infinity" : "-infinity");
  return true;
}

// An interval's parts, each with the sign of its group.
struct IntervalParts {
  int32_t year, month, day;
  int64_t hour;
  int32_t minute, second, microsecond;

  explicit IntervalParts(const Interval& interval)
      : year(interval.months / 12),
        month(interval.months % 12),
        day(interval.days),
        hour(interval.microseconds / kMicrosPerHour),
        minute(static_cast<int32_t>(interval.microseconds % kMicrosPerHour / kMicrosPerMinute)),
        second(static_cast<int32_t>(interval.microseconds % kMicrosPerMinute / kMicrosPerSecond)),
        microsecond(static_cast<int32_t>(interval.microseconds % kMicrosPerSecond)) {}

  bool has_time() const { return hour != 0 || minute != 0 || second != 0 || microsecond != 0; }
  bool time_negative() const { return hour < 0 || minute < 0 || second < 0 || microsecond < 0; }
};

void AppendClock(const IntervalParts& parts, bool pad_hours, std::string* out) {
  if (pad_hours) {
    AppendPadded(std::llabs(parts.hour), 2, out);
  } else {
    FormatInt64(std::llabs(parts.hour), out);
  }
  out->push_back(':');
  AppendTwo(std::abs(parts.minute), out);
  out->push_back(':');
  AppendSeconds(std::abs(parts.second), std::abs(parts.microsecond), true, out);
}

void FormatPostgres(const IntervalParts& parts, std::string* out) {
  bool empty = true;
  bool after_negative = false;
  const auto part = [&](int64_t value, std::string_view unit) {
    if (value == 0) return;
    if (!empty) out->push_back(' ');
    if (after_negative && value > 0) out->push_back('+');
    FormatInt64(value, out);
    out->push_back(' ');
    out->append(unit);
    if (value != 1) out->push_back('s');
    after_negative = value < 0;
    empty = false;
  };
  part(parts.year, "year");
  part(parts.month, "mon");
  part(parts.day, "day");
  if (!empty && !parts.has_time()) return;
  if (!empty) out->push_back(' ');
  if (parts.time_negative()) {
    out->push_back('-');
  } else if (after_negative) {
    out->push_back('+');
  }
  AppendClock(parts, true, out);
}

void FormatVerbose(const IntervalParts& parts, std::string* out) {
  bool empty = true;
  bool ago = false;
  out->push_back('@');
  const auto part = [&](int64_t value, std::string_view unit) {
    if (value == 0) return;
    if (empty) {
      ago = value < 0;
      value = std::llabs(value);
    } else if (ago) {
      value = -value;
    }
    out->push_back(' ');
    FormatInt64(value, out);
    out->push_back(' ');
    out->append(unit);
    if (value != 1) out->push_back('s');
    empty = false;
  };
  part(parts.year, "year");
  part(parts.month, "mon");
  part(parts.day, "day");
  part(parts.hour, "hour");
  part(parts.minute, "min");
  if (parts.second != 0 || parts.microsecond != 0) {
    out->push_back(' ');
    const bool negative = parts.second < 0 || parts.microsecond < 0;
    if (negative && empty) {
      ago = true;
    } else if (negative != ago) {
      out->push_back('-');
    }
    AppendSeconds(std::abs(parts.second), std::abs(parts.microsecond), false, out);
    out->append(std::abs(parts.second) != 1 || parts.microsecond != 0 ? " secs" : " sec");
    empty = false;
  }
  if (empty) out->append(" 0");
  if (ago) out->append(" ago");
}

void FormatSqlStandard(const IntervalParts& parts, std::string* out) {
  const bool negative = parts.year < 0 || parts.month < 0 || parts.day < 0 || parts.time_negative();
  const bool positive = parts.year > 0 || parts.month > 0 || parts.day > 0 || parts.hour > 0 ||
                        parts.minute > 0 || parts.second > 0 || parts.microsecond > 0;
  const bool year_month = parts.year != 0 || parts.month != 0;
  const bool day_time = parts.day != 0 || parts.has_time();
  if (!negative && !positive) {
    out->push_back('0');
    return;
  }
  const auto append_year_month = [&] {
    FormatInt64(std::abs(parts.year), out);
    out->push_back('-');
    FormatInt64(std::abs(parts.month), out);
  };
  if ((negative && positive) || (year_month && day_time)) {
    // Mixed: every group shows its sign.
    out->push_back(parts.year < 0 || parts.month < 0 ? '-' : '+');
    append_year_month();
    out->append(parts.day < 0 ? " -" : " +");
    FormatInt64(std::llabs(parts.day), out);
    out->append(parts.time_negative() ? " -" : " +");
    AppendClock(parts, false, out);
    return;
  }
  if (negative) out->push_back('-');
  if (year_month) return append_year_month();
  if (parts.day != 0) {
    FormatInt64(std::llabs(parts.day), out);
    out->push_back(' ');
  }
  AppendClock(parts, false, out);
}

void FormatIso8601(const IntervalParts& parts, std::string* out) {
  const size_t begin = out->size();
  out->push_back('P');
  const auto part = [out](int64_t value, char unit) {
    if (value == 0) return;
    FormatInt64(value, out);
    out->push_back(unit);
  };
  part(parts.year, 'Y');
  part(parts.month, 'M');
  part(parts.day, 'D');
  if (parts.has_time()) {
    out->push_back('T');
    part(parts.hour, 'H');
    part(parts.minute, 'M');
    if (parts.second != 0 || parts.microsecond != 0) {
      if (parts.second < 0 || parts.microsecond < 0) out->push_back('-');
      AppendSeconds(std::abs(parts.second), std::abs(parts.microsecond), false, out);
      out->push_back('S');
    }
  }
  if (out->size() == begin + 1) out->append("T0S");
}

}  // namespace

void FormatDate(int32_t date, DateStyle style, DateOrder order, std::string* out) {
  if (!IsFiniteDate(date)) {
    out->append(date > 0 ? "infinity" : "-infinity");
    return;
  }
  const CivilTime civil = CivilFromDays(date);
  AppendDate(civil, style, order, out);
  AppendEra(civil.year, out);
}

void FormatTime(int64_t time, std::string* out) {
  CivilTime civil = CivilFromTimestamp(time % kMicrosPerDay);
  if (time == kMicrosPerDay) civil.hour = 24;
  AppendTimeOfDay(civil, out);
}

void FormatTimeTz(const TimeTz& time, DateStyle, std::string* out) {
  FormatTime(time.microseconds, out);
  AppendOffset(-time.zone_seconds, out);
}

void FormatTimestamp(int64_t timestamp, DateStyle style, DateOrder order, std::string* out) {
  if (AppendInfinite(timestamp, out)) return;
  AppendTimestamp(timestamp, style, order, "", out);
}

void FormatTimestamptz(int64_t utc, DateStyle style, DateOrder order, const TimeZone& zone,
                       std::string* out) {
  if (AppendInfinite(utc, out)) return;
  const int32_t seconds_east = zone.AtUtc(utc).seconds_east;
  std::string zone_text;
  if (style == DateStyle::kIso) {
    AppendOffset(seconds_east, &zone_text);
  } else {
    zone_text = " " + zone.AbbreviationAtUtc(utc);
  }
  AppendTimestamp(utc + seconds_east * kMicrosPerSecond, style, order, zone_text, out);
}

void FormatInterval(const Interval& interval, IntervalStyle style, std::string* out) {
  const IntervalParts parts(interval);
  switch (style) {
    case IntervalStyle::kPostgres:
      return FormatPostgres(parts, out);
    case IntervalStyle::kPostgresVerbose:
      return FormatVerbose(parts, out);
    case IntervalStyle::kSqlStandard:
      return FormatSqlStandard(parts, out);
    case IntervalStyle::kIso8601:
      return FormatIso8601(parts, out);
  }
}

namespace {

std::string LowerCase(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

}  // namespace

Status ParseDateStyle(std::string_view text, DateStyle* style, DateOrder* order) {
  DateStyle new_style = *style;
  DateOrder new_order = *order;
  std::string_view rest = text;
  bool has_order = false;
  while (true) {
    const size_t comma = rest.find(',');
    const std::string word = LowerCase(TrimSpaces(rest.substr(0, comma)));
    if (word == "iso") {
      new_style = DateStyle::kIso;
    } else if (word == "sql") {
      new_style = DateStyle::kSql;
    } else if (word.starts_with("postgres")) {
      new_style = DateStyle::kPostgres;
    } else if (word == "german") {
      new_style = DateStyle::kGerman;
      if (!has_order) new_order = DateOrder::kDmy;
    } else if (word == "ymd") {
      new_order = DateOrder::kYmd;
      has_order = true;
    } else if (word == "dmy" || word.starts_with("euro")) {
      new_order = DateOrder::kDmy;
      has_order = true;
    } else if (word == "mdy" || word == "us" || word.starts_with("noneuro")) {
      new_order = DateOrder::kMdy;
      has_order = true;
    } else if (word == "default") {
      new_style = DateStyle::kIso;
      new_order = DateOrder::kMdy;
    } else {
      return Error(ErrorCode::kInvalidParameterValue)
          .Message("invalid value for parameter \"DateStyle\": \"{}\"", text)
          .Detail("Unrecognized key word: \"{}\".", word);
    }
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
  }
  *style = new_style;
  *order = new_order;
  return Status::Ok();
}

std::string DateStyleName(DateStyle style, DateOrder order) {
  static constexpr std::string_view kStyles[] = {"ISO", "SQL", "Postgres", "German"};
  static constexpr std::string_view kOrders[] = {"YMD", "DMY", "MDY"};
  return fmt::format("{}, {}", kStyles[static_cast<size_t>(style)],
                     kOrders[static_cast<size_t>(order)]);
}

Result<IntervalStyle> ParseIntervalStyle(std::string_view text) {
  const std::string word = LowerCase(text);
  for (const IntervalStyle style : {IntervalStyle::kPostgres, IntervalStyle::kPostgresVerbose,
                                    IntervalStyle::kSqlStandard, IntervalStyle::kIso8601}) {
    if (word == IntervalStyleName(style)) return style;
  }
  return Error(ErrorCode::kInvalidParameterValue)
      .Message("invalid value for parameter \"IntervalStyle\": \"{}\"", text)
      .Hint("Available values: postgres, postgres_verbose, sql_standard, iso_8601.");
}

std::string_view IntervalStyleName(IntervalStyle style) {
  switch (style) {
    case IntervalStyle::kPostgres:
      return "postgres";
    case IntervalStyle::kPostgresVerbose:
      return "postgres_verbose";
    case IntervalStyle::kSqlStandard:
      return "sql_standard";
    case IntervalStyle::kIso8601:
      return "iso_8601";
  }
  return "postgres";
}

}  // namespace helios
