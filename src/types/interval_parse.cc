// Intervals from text: units ("1 year 2 days"), clocks ("1 02:03:04"), SQL ("1-2 3 4:05:06") and
// ISO 8601
// ("P1Y2M3DT4H5M6S", "P0001-02-03T04:05:06"). Tokens are read from right to left, because a number
// takes the unit behind it.

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <optional>

#include "types/datetime_io.h"
#include "types/internal/datetime_tokens.h"
#include "types/text.h"

namespace helios {

namespace {

enum class Unit : uint8_t {
  kNone,
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
  kAgo,
};
enum class Problem : uint8_t { kNone, kFormat, kOverflow };

struct NamedUnit {
  std::string_view name;
  Unit unit;
};
constexpr NamedUnit kUnits[] = {
    {"ago", Unit::kAgo},
    {"c", Unit::kCentury},
    {"cent", Unit::kCentury},
    {"centuries", Unit::kCentury},
    {"century", Unit::kCentury},
    {"d", Unit::kDay},
    {"day", Unit::kDay},
    {"days", Unit::kDay},
    {"dec", Unit::kDecade},
    {"decade", Unit::kDecade},
    {"decades", Unit::kDecade},
    {"decs", Unit::kDecade},
    {"h", Unit::kHour},
    {"hour", Unit::kHour},
    {"hours", Unit::kHour},
    {"hr", Unit::kHour},
    {"hrs", Unit::kHour},
    {"m", Unit::kMinute},
    {"microsecon", Unit::kMicrosecond},
    {"microsecond", Unit::kMicrosecond},
    {"microseconds", Unit::kMicrosecond},
    {"mil", Unit::kMillennium},
    {"millennia", Unit::kMillennium},
    {"millennium", Unit::kMillennium},
    {"millisecon", Unit::kMillisecond},
    {"millisecond", Unit::kMillisecond},
    {"milliseconds", Unit::kMillisecond},
    {"mils", Unit::kMillennium},
    {"min", Unit::kMinute},
    {"mins", Unit::kMinute},
    {"minute", Unit::kMinute},
    {"minutes", Unit::kMinute},
    {"mon", Unit::kMonth},
    {"mons", Unit::kMonth},
    {"month", Unit::kMonth},
    {"months", Unit::kMonth},
    {"ms", Unit::kMillisecond},
    {"msec", Unit::kMillisecond},
    {"mseconds", Unit::kMillisecond},
    {"msecs", Unit::kMillisecond},
    {"qtr", Unit::kQuarter},
    {"quarter", Unit::kQuarter},
    {"s", Unit::kSecond},
    {"sec", Unit::kSecond},
    {"second", Unit::kSecond},
    {"seconds", Unit::kSecond},
    {"secs", Unit::kSecond},
    {"us", Unit::kMicrosecond},
    {"usec", Unit::kMicrosecond},
    {"useconds", Unit::kMicrosecond},
    {"usecs", Unit::kMicrosecond},
    {"w", Unit::kWeek},
    {"week", Unit::kWeek},
    {"weeks", Unit::kWeek},
    {"y", Unit::kYear},
    {"year", Unit::kYear},
    {"years", Unit::kYear},
    {"yr", Unit::kYear},
    {"yrs", Unit::kYear},
};

std::optional<Unit> FindUnit(std::string_view name) {
  for (const NamedUnit& unit : kUnits) {
    if (unit.name == name) return unit.unit;
  }
  return std::nullopt;
}

// Field bits, as PostgreSQL numbers the fields.
constexpr int32_t kMonthBit = 1 << 1, kYearBit = 1 << 2, kDayBit = 1 << 3, kHourBit = 1 << 10,
                  kMinuteBit = 1 << 11, kSecondBit = 1 << 12;

// What a number without a unit counts under this typmod.
Unit DefaultUnit(int32_t range) {
  switch (range) {
    case kYearBit:
      return Unit::kYear;
    case kMonthBit:
    case kYearBit | kMonthBit:
      return Unit::kMonth;
    case kDayBit:
      return Unit::kDay;
    case kHourBit:
    case kDayBit | kHourBit:
      return Unit::kHour;
    case kMinuteBit:
    case kHourBit | kMinuteBit:
    case kDayBit | kHourBit | kMinuteBit:
      return Unit::kMinute;
    default:
      return Unit::kSecond;
  }
}

// Collects the parts with overflow checks.
struct Sum {
  int64_t months = 0;
  int64_t days = 0;
  int64_t micros = 0;
  bool overflow = false;

  void Months(int64_t count, int64_t unit) { Add(&months, count, unit); }
  void Days(int64_t count, int64_t unit) { Add(&days, count, unit); }
  void Micros(int64_t count, int64_t unit) { Add(&micros, count, unit); }
  void Add(int64_t* to, int64_t count, int64_t unit) {
    int64_t product;
    overflow |= __builtin_mul_overflow(count, unit, &product);
    overflow |= __builtin_add_overflow(*to, product, to);
  }
  void FractionOfMicros(double fraction, int64_t unit) {
    micros += static_cast<int64_t>(std::rint(fraction * static_cast<double>(unit)));
  }
  // A part of `unit_days` days: whole days, and the rest as time.
  void FractionOfDays(double fraction, int64_t unit_days) {
    fraction *= static_cast<double>(unit_days);
    const auto whole = static_cast<int64_t>(fraction);
    days += whole;
    FractionOfMicros(fraction - static_cast<double>(whole), kMicrosPerDay);
  }
  void FractionOfMonths(double fraction, int64_t unit_months) {
    months += static_cast<int64_t>(std::rint(fraction * static_cast<double>(unit_months)));
  }
  void Add(Unit unit, int64_t whole, double fraction) {
    switch (unit) {
      case Unit::kMicrosecond:
        Micros(whole, 1);
        FractionOfMicros(fraction, 1);
        break;
      case Unit::kMillisecond:
        Micros(whole, 1000);
        FractionOfMicros(fraction, 1000);
        break;
      case Unit::kSecond:
        Micros(whole, kMicrosPerSecond);
        FractionOfMicros(fraction, kMicrosPerSecond);
        break;
      case Unit::kMinute:
        Micros(whole, kMicrosPerMinute);
        FractionOfMicros(fraction, kMicrosPerMinute);
        break;
      case Unit::kHour:
        Micros(whole, kMicrosPerHour);
        FractionOfMicros(fraction, kMicrosPerHour);
        break;
      case Unit::kDay:
        Days(whole, 1);
        FractionOfMicros(fraction, kMicrosPerDay);
        break;
      case Unit::kWeek:
        Days(whole, 7);
        FractionOfDays(fraction, 7);
        break;
      case Unit::kMonth:
        Months(whole, 1);
        FractionOfDays(fraction, 30);
        break;
      default: {
        const int64_t unit_months = unit == Unit::kQuarter   ? 3
                                    : unit == Unit::kYear    ? 12
                                    : unit == Unit::kDecade  ? 120
                                    : unit == Unit::kCentury ? 1200
                                                             : 12000;
        Months(whole, unit_months);
        FractionOfMonths(fraction, unit_months);
      }
    }
  }
  void Negate() {
    months = -months;
    days = -days;
    micros = -micros;
  }
};

// "[+-]digits[.digits]": the whole part and the fraction, which has the whole's sign.
bool ReadDecimal(std::string_view text, int64_t* whole, double* fraction, bool* overflow) {
  bool negative = false;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  const size_t dot = text.find('.');
  const std::string_view digits = text.substr(0, dot);
  *whole = 0;
  *fraction = 0;
  if (!digits.empty()) {
    if (digits.find_first_not_of("0123456789") != std::string_view::npos) return false;
    const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), *whole);
    if (parsed.ec != std::errc()) *overflow = true;
  }
  if (dot != std::string_view::npos) {
    const std::string_view decimals = text.substr(dot + 1);
    if (decimals.find_first_not_of("0123456789") != std::string_view::npos) return false;
    if (digits.empty() && decimals.empty()) return false;
    *fraction = std::strtod(std::string("0.").append(decimals).c_str(), nullptr);
  } else if (digits.empty()) {
    return false;
  }
  if (negative) {
    *whole = -*whole;
    *fraction = -*fraction;
  }
  return true;
}

// Reads one interval text.
class Reader {
 public:
  Reader(int32_t range, IntervalStyle style) : range_(range), style_(style) {}

  Problem Read(std::string_view text, Sum* out) {
    const std::string_view body = TrimSpaces(text);
    if (!body.empty() && body[0] == 'P') {
      const Problem problem = ReadIso(body.substr(1));
      *out = sum_;
      return problem;
    }
    std::vector<DateTimeToken> tokens;
    if (!SplitDateTime(text, &tokens) || tokens.empty()) return Problem::kFormat;
    const Problem problem = ReadTokens(tokens);
    *out = sum_;
    return problem;
  }

 private:
  using Kind = DateTimeToken::Kind;

  Problem ReadTokens(const std::vector<DateTimeToken>& tokens) {
    // SQL: a leading sign counts for every part, unless another part has a sign of its own.
    if (style_ == IntervalStyle::kSqlStandard && tokens[0].text[0] == '-') {
      sql_negative_ = true;
      for (size_t i = 1; i < tokens.size(); ++i) {
        sql_negative_ &= tokens[i].text[0] != '-' && tokens[i].text[0] != '+';
      }
    }
    bool ago = false;
    for (size_t i = tokens.size(); i-- > 0;) {
      const DateTimeToken& token = tokens[i];
      Problem problem = Problem::kNone;
      if (token.kind == Kind::kWord) {
        const std::optional<Unit> unit = FindUnit(token.text);
        if (!unit.has_value()) return Problem::kFormat;
        if (*unit == Unit::kAgo) {
          ago = true;
        } else {
          unit_ = *unit;
        }
        continue;
      }
      switch (token.kind) {
        case Kind::kTime:
          problem = ReadClock(token.text);
          break;
        case Kind::kSigned:
          problem = token.text.find(':') != std::string::npos ? ReadClock(token.text)
                                                              : ReadNumber(token.text);
          break;
        case Kind::kNumber:
        case Kind::kDate:
          problem = ReadNumber(token.text);
          break;
        default:
          return Problem::kFormat;
      }
      if (problem != Problem::kNone) return problem;
      found_ = true;
    }
    if (!found_) return Problem::kFormat;
    if (ago) sum_.Negate();
    return Problem::kNone;
  }

  // "4:05:06", "4:05", "-4:05:06.7", "05:06.7"
  Problem ReadClock(std::string_view text) {
    bool negative = sql_negative_;
    if (text[0] == '-' || text[0] == '+') {
      negative |= text[0] == '-';
      text.remove_prefix(1);
    }
    std::string_view parts[3];
    size_t count = 0;
    while (true) {
      const size_t colon = text.find(':');
      if (count == 3) return Problem::kFormat;
      parts[count++] = text.substr(0, colon);
      if (colon == std::string_view::npos) break;
      text.remove_prefix(colon + 1);
    }
    const bool minutes_first = count == 2 && (parts[1].find('.') != std::string_view::npos ||
                                              range_ == (kMinuteBit | kSecondBit));
    int64_t value[3] = {0, 0, 0};
    double fraction = 0;
    bool overflow = false;
    for (size_t i = 0; i < count; ++i) {
      double part_fraction = 0;
      if (!ReadDecimal(parts[i], &value[i], &part_fraction, &overflow)) return Problem::kFormat;
      if (i + 1 < count && parts[i].find('.') != std::string_view::npos) return Problem::kFormat;
      fraction = part_fraction;
    }
    if (minutes_first) {
      value[2] = value[1];
      value[1] = value[0];
      value[0] = 0;
    }
    if (overflow || value[1] > 59 || value[2] > 60) return Problem::kOverflow;
    if (!Mark(Unit::kHour) || !Mark(Unit::kMinute) || !Mark(Unit::kSecond)) return Problem::kFormat;
    Sum clock;
    clock.Micros(value[0], kMicrosPerHour);
    clock.Micros(value[1], kMicrosPerMinute);
    clock.Add(Unit::kSecond, value[2], fraction);
    if (negative) clock.Negate();
    sum_.Micros(clock.micros, 1);
    sum_.overflow |= clock.overflow;
    unit_ = Unit::kDay;
    return Problem::kNone;
  }

  // A unit may come once.
  bool Mark(Unit unit) {
    const uint32_t bit = 1u << static_cast<uint32_t>(unit);
    const bool is_new = (seen_ & bit) == 0;
    seen_ |= bit;
    return is_new;
  }

  Problem ReadNumber(std::string_view text) {
    const Unit unit = unit_ == Unit::kNone ? DefaultUnit(range_) : unit_;
    const size_t dash = text.find('-', 1);
    int64_t whole = 0;
    double fraction = 0;
    bool overflow = false;
    if (dash != std::string_view::npos) {
      // SQL's years and months.
      int64_t months = 0;
      if (!ReadDecimal(text.substr(0, dash), &whole, &fraction, &overflow) || fraction != 0 ||
          text.substr(dash + 1).find_first_not_of("0123456789") != std::string_view::npos ||
          !ReadDecimal(text.substr(dash + 1), &months, &fraction, &overflow)) {
        return Problem::kFormat;
      }
      if (overflow || months > 11) return Problem::kOverflow;
      if (!Mark(Unit::kMonth)) return Problem::kFormat;
      Sum value;
      value.Months(whole, 12);
      value.Months(text[0] == '-' ? -months : months, 1);
      if (sql_negative_ && text[0] != '-') value.Negate();
      sum_.Months(value.months, 1);
      sum_.overflow |= value.overflow;
      return Problem::kNone;
    }
    if (!ReadDecimal(text, &whole, &fraction, &overflow)) return Problem::kFormat;
    if (overflow) return Problem::kOverflow;
    if (!Mark(unit)) return Problem::kFormat;
    if (sql_negative_ && text[0] != '-') {
      whole = -whole;
      fraction = -fraction;
    }
    sum_.Add(unit, whole, fraction);
    // In front of hours without a unit of their own stand days.
    if (unit == Unit::kHour) unit_ = Unit::kDay;
    return Problem::kNone;
  }

  // Behind the P.
  Problem ReadIso(std::string_view text) {
    bool in_time = false;
    bool found = false;
    if (text.empty()) return Problem::kFormat;
    while (!text.empty()) {
      if (text[0] == 'T') {
        in_time = true;
        text.remove_prefix(1);
        if (text.empty()) return Problem::kNone;
        continue;
      }
      size_t length = text[0] == '-' || text[0] == '+' ? 1 : 0;
      while (length < text.size() &&
             ((text[length] >= '0' && text[length] <= '9') || text[length] == '.')) {
        ++length;
      }
      int64_t whole;
      double fraction;
      bool overflow = false;
      if (!ReadDecimal(text.substr(0, length), &whole, &fraction, &overflow)) {
        return Problem::kFormat;
      }
      if (overflow) return Problem::kOverflow;
      const char unit = length < text.size() ? text[length] : '\0';
      if (unit == '\0' || unit == '-' || unit == ':' || unit == 'T') {
        return found && !in_time ? Problem::kFormat : ReadIsoAlternative(text, in_time);
      }
      text.remove_prefix(length + 1);
      const std::optional<Unit> known = IsoUnit(unit, in_time);
      if (!known.has_value()) return Problem::kFormat;
      sum_.Add(*known, whole, fraction);
      found = true;
    }
    return Problem::kNone;
  }

  static std::optional<Unit> IsoUnit(char unit, bool in_time) {
    if (in_time) {
      switch (unit) {
        case 'H':
          return Unit::kHour;
        case 'M':
          return Unit::kMinute;
        case 'S':
          return Unit::kSecond;
        default:
          return std::nullopt;
      }
    }
    switch (unit) {
      case 'Y':
        return Unit::kYear;
      case 'M':
        return Unit::kMonth;
      case 'W':
        return Unit::kWeek;
      case 'D':
        return Unit::kDay;
      default:
        return std::nullopt;
    }
  }

  // "0001-02-03T04:05:06"
  Problem ReadIsoAlternative(std::string_view text, bool in_time) {
    static constexpr Unit kDateUnits[] = {Unit::kYear, Unit::kMonth, Unit::kDay};
    static constexpr Unit kTimeUnits[] = {Unit::kHour, Unit::kMinute, Unit::kSecond};
    size_t index = 0;
    while (!text.empty()) {
      if (text[0] == 'T' && !in_time) {
        in_time = true;
        index = 0;
        text.remove_prefix(1);
        continue;
      }
      if (index == 3) return Problem::kFormat;
      size_t length = 1;
      while (length < text.size() && text[length] != '-' && text[length] != ':' &&
             text[length] != 'T') {
        ++length;
      }
      int64_t whole;
      double fraction;
      bool overflow = false;
      if (!ReadDecimal(text.substr(0, length), &whole, &fraction, &overflow)) {
        return Problem::kFormat;
      }
      if (overflow) return Problem::kOverflow;
      sum_.Add(in_time ? kTimeUnits[index] : kDateUnits[index], whole, fraction);
      ++index;
      text.remove_prefix(length);
      if (!text.empty() && (text[0] == '-' || text[0] == ':')) text.remove_prefix(1);
    }
    return Problem::kNone;
  }

  const int32_t range_;
  const IntervalStyle style_;
  Unit unit_ = Unit::kNone;
  bool sql_negative_ = false;
  bool found_ = false;
  uint32_t seen_ = 0;
  Sum sum_;
};

}  // namespace

Result<Interval> ParseInterval(std::string_view text, int32_t typmod, IntervalStyle style) {
  const int32_t range = typmod < 0 ? kIntervalFullRange : typmod >> 16 & kIntervalFullRange;
  Sum sum;
  const Problem problem = Reader(range, style).Read(text, &sum);
  if (problem == Problem::kFormat) {
    return Error(ErrorCode::kInvalidDatetimeFormat)
        .Message("invalid input syntax for type interval: \"{}\"", text);
  }
  // Months that only overflow when years are counted in months are found late, with another error.
  constexpr int64_t kMonthsOfYearsMax = int64_t{INT32_MAX} * 12 + 11;
  if (problem == Problem::kNone && !sum.overflow && std::llabs(sum.months) > INT32_MAX &&
      std::llabs(sum.months) <= kMonthsOfYearsMax) {
    return Error(ErrorCode::kDatetimeFieldOverflow).Message("interval out of range");
  }
  const bool fits = sum.months <= INT32_MAX && sum.months >= INT32_MIN && sum.days <= INT32_MAX &&
                    sum.days >= INT32_MIN && !sum.overflow;
  if (problem == Problem::kOverflow || !fits) {
    return Error(ErrorCode::kIntervalFieldOverflow)
        .Message("interval field value out of range: \"{}\"", text);
  }
  return ApplyIntervalTypmod(
      Interval{sum.micros, static_cast<int32_t>(sum.days), static_cast<int32_t>(sum.months)},
      typmod);
}

}  // namespace helios
