// to_char of dates, times and intervals.

#include <cstdio>
#include <cstdlib>
#include <optional>

#include "types/format.h"
#include "types/internal/datetime_template.h"
#include "types/time/zone.h"

namespace helios {

namespace {

constexpr std::string_view kMonths[] = {"January",   "February", "March",    "April",
                                        "May",       "June",     "July",     "August",
                                        "September", "October",  "November", "December"};
constexpr std::string_view kDays[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                      "Thursday", "Friday", "Saturday"};
constexpr std::string_view kRoman[] = {"I",   "II",   "III", "IV", "V",  "VI",
                                       "VII", "VIII", "IX",  "X",  "XI", "XII"};

// What the patterns show.
struct Moment {
  int64_t year = 0;
  int32_t month = 0, day = 0, minute = 0, second = 0, microsecond = 0;
  int64_t hour = 0;
  int32_t date = 0;
  int32_t day_of_year = 0;
  bool is_interval = false;
  std::optional<int32_t> seconds_east;
  std::string zone_name;
};

std::string WithCase(std::string_view text, LetterCase letters) {
  std::string out(text);
  for (size_t i = 0; i < out.size(); ++i) {
    const bool upper = letters == LetterCase::kUpper || (letters == LetterCase::kTitle && i == 0);
    if (upper && out[i] >= 'a' && out[i] <= 'z') out[i] = static_cast<char>(out[i] - 32);
    if (!upper && out[i] >= 'A' && out[i] <= 'Z') out[i] = static_cast<char>(out[i] + 32);
  }
  return out;
}

class Writer {
 public:
  explicit Writer(const Moment& moment) : moment_(moment) {}

  Result<std::string> Write(const std::vector<DateElement>& elements) {
    for (const DateElement& element : elements) HELIOS_TRY(WriteElement(element));
    return std::move(out_);
  }

 private:
  // A number, zero-padded unless FM; a minus takes one more column. Then its ordinal ending.
  void Number(const DateElement& element, int64_t value, int width) {
    char text[32];
    const int padded = element.fill ? 0 : (value >= 0 ? width : width + 1);
    std::snprintf(text, sizeof(text), "%0*lld", padded, static_cast<long long>(value));
    Ordinal(element, text);
  }

  void Ordinal(const DateElement& element, std::string_view digits) {
    out_.append(digits);
    if (!element.ordinal) return;
    const bool teen = digits.size() > 1 && digits[digits.size() - 2] == '1';
    std::string_view ending = "th";
    if (!teen && digits.back() == '1') ending = "st";
    if (!teen && digits.back() == '2') ending = "nd";
    if (!teen && digits.back() == '3') ending = "rd";
    out_.append(WithCase(ending, element.ordinal_upper ? LetterCase::kUpper : LetterCase::kLower));
  }

  void Name(const DateElement& element, std::string_view name, size_t width) {
    std::string text = WithCase(name, element.letters);
    if (!element.fill && text.size() < width) text.append(width - text.size(), ' ');
    out_.append(text);
  }

  // There is no year 0 in what a person reads.
  int64_t ShownYear(int64_t year) const {
    return moment_.is_interval || year > 0 ? year : 1 - year;
  }
  CivilTime Civil() const {
    CivilTime civil;
    civil.year = static_cast<int32_t>(moment_.year);
    civil.month = moment_.month;
    civil.day = moment_.day;
    return civil;
  }

  Status NoIntervalName() {
    return Error(ErrorCode::kInvalidDatetimeFormat)
        .Message("invalid format specification for an interval value")
        .Hint("Intervals are not tied to specific calendar dates.");
  }

  Status WriteElement(const DateElement& element) {
    switch (element.key) {
      case DateKey::kAd:
      case DateKey::kAdDots:
      case DateKey::kMonth:
      case DateKey::kMon:
      case DateKey::kDay:
      case DateKey::kDy:
      case DateKey::kD:
      case DateKey::kId:
      case DateKey::kIddd:
      case DateKey::kIw:
      case DateKey::kIyyy:
      case DateKey::kIyy:
      case DateKey::kIy:
      case DateKey::kI:
      case DateKey::kTz:
      case DateKey::kTzh:
      case DateKey::kTzm:
      case DateKey::kOf:
        if (moment_.is_interval) return NoIntervalName();
        break;
      default:
        break;
    }
    if (!WriteClock(element) && !WriteZone(element) && !WriteYear(element)) WriteDate(element);
    return Status::Ok();
  }

  bool WriteClock(const DateElement& element) {
    switch (element.key) {
      case DateKey::kAm:
      case DateKey::kAmDots: {
        const bool pm = moment_.hour % 24 >= 12;
        const bool dots = element.key == DateKey::kAmDots;
        out_.append(
            WithCase(pm ? (dots ? "P.M." : "PM") : (dots ? "A.M." : "AM"), element.letters));
        return true;
      }
      case DateKey::kHh24:
        Number(element, moment_.hour, 2);
        return true;
      case DateKey::kHh12:
        Number(element, moment_.hour % 12 == 0 ? 12 : moment_.hour % 12, 2);
        return true;
      case DateKey::kMi:
        Number(element, moment_.minute, 2);
        return true;
      case DateKey::kSs:
        Number(element, moment_.second, 2);
        return true;
      case DateKey::kMs:
        Fraction(element, 3);
        return true;
      case DateKey::kUs:
        Fraction(element, 6);
        return true;
      case DateKey::kFf:
        Fraction(element, element.digits);
        return true;
      case DateKey::kSssss: {
        const int64_t seconds = moment_.hour * 3600 + moment_.minute * 60 + moment_.second;
        Ordinal(element, std::to_string(seconds));
        return true;
      }
      default:
        return false;
    }
  }

  void Fraction(const DateElement& element, int digits) {
    char text[16];
    std::snprintf(text, sizeof(text), "%06d", std::abs(moment_.microsecond));
    Ordinal(element, std::string_view(text).substr(0, static_cast<size_t>(digits)));
  }

  bool WriteZone(const DateElement& element) {
    const int32_t east = moment_.seconds_east.value_or(0);
    const int32_t size = std::abs(east);
    char text[32];
    switch (element.key) {
      case DateKey::kTz:
        out_.append(WithCase(moment_.zone_name, element.letters));
        return true;
      case DateKey::kTzh:
        std::snprintf(text, sizeof(text), "%c%02d", east >= 0 ? '+' : '-', size / 3600);
        break;
      case DateKey::kTzm:
        std::snprintf(text, sizeof(text), "%02d", size % 3600 / 60);
        break;
      case DateKey::kOf:
        std::snprintf(text, sizeof(text), "%c%0*d", east >= 0 ? '+' : '-', element.fill ? 0 : 2,
                      size / 3600);
        out_.append(text);
        if (size % 3600 == 0) return true;
        std::snprintf(text, sizeof(text), ":%02d", size % 3600 / 60);
        break;
      default:
        return false;
    }
    out_.append(text);
    return true;
  }

  bool WriteYear(const DateElement& element) {
    switch (element.key) {
      case DateKey::kYyyy:
        Number(element, ShownYear(moment_.year), 4);
        return true;
      case DateKey::kYyy:
        Number(element, ShownYear(moment_.year) % 1000, 3);
        return true;
      case DateKey::kYy:
        Number(element, ShownYear(moment_.year) % 100, 2);
        return true;
      case DateKey::kY:
        Number(element, ShownYear(moment_.year) % 10, 1);
        return true;
      case DateKey::kIyyy:
        Number(element, ShownYear(IsoYear(Civil())), 4);
        return true;
      case DateKey::kIyy:
        Number(element, ShownYear(IsoYear(Civil())) % 1000, 3);
        return true;
      case DateKey::kIy:
        Number(element, ShownYear(IsoYear(Civil())) % 100, 2);
        return true;
      case DateKey::kI:
        Number(element, ShownYear(IsoYear(Civil())) % 10, 1);
        return true;
      case DateKey::kYComma: {
        const int64_t year = ShownYear(moment_.year);
        char text[32];
        std::snprintf(text, sizeof(text), "%lld,%03lld", static_cast<long long>(year / 1000),
                      static_cast<long long>(year % 1000));
        Ordinal(element, text);
        return true;
      }
      case DateKey::kCc: {
        const int64_t year = moment_.year;
        int64_t century = year / 100;
        if (!moment_.is_interval) century = year > 0 ? (year - 1) / 100 + 1 : year / 100 - 1;
        Number(element, century, 2);
        return true;
      }
      case DateKey::kAd:
      case DateKey::kAdDots: {
        const bool dots = element.key == DateKey::kAdDots;
        out_.append(WithCase(moment_.year <= 0 ? (dots ? "B.C." : "BC") : (dots ? "A.D." : "AD"),
                             element.letters));
        return true;
      }
      default:
        return false;
    }
  }

  void WriteDate(const DateElement& element) {
    const int32_t weekday = moment_.is_interval ? 0 : DayOfWeek(moment_.date);
    switch (element.key) {
      case DateKey::kMonth:
        if (moment_.month > 0) Name(element, kMonths[moment_.month - 1], 9);
        return;
      case DateKey::kMon:
        if (moment_.month > 0) Name(element, kMonths[moment_.month - 1].substr(0, 3), 0);
        return;
      case DateKey::kMm:
        return Number(element, moment_.month, 2);
      case DateKey::kRm:
        if (moment_.month > 0) Name(element, kRoman[moment_.month - 1], 4);
        return;
      case DateKey::kDay:
        return Name(element, kDays[weekday], 9);
      case DateKey::kDy:
        return Name(element, kDays[weekday].substr(0, 3), 0);
      case DateKey::kDdd:
        return Number(element, moment_.day_of_year, 3);
      case DateKey::kIddd:
        return Number(element, (IsoWeek(Civil()) - 1) * 7 + (weekday == 0 ? 7 : weekday), 3);
      case DateKey::kDd:
        // Days of negative intervals have no place for a sign of their own in PostgreSQL.
        return Number(element, moment_.day, moment_.day < 0 ? 1 : 2);
      case DateKey::kD:
        return Number(element, weekday + 1, 1);
      case DateKey::kId:
        return Number(element, weekday == 0 ? 7 : weekday, 1);
      case DateKey::kWw:
        return Number(element, (moment_.day_of_year - 1) / 7 + 1, 2);
      case DateKey::kIw:
        return Number(element, IsoWeek(Civil()), 2);
      case DateKey::kW:
        return Number(element, (moment_.day - 1) / 7 + 1, 1);
      case DateKey::kQ:
        if (moment_.month > 0) Number(element, (moment_.month - 1) / 3 + 1, 1);
        return;
      case DateKey::kJ:
        return Number(element, int64_t{moment_.date} + kEpochJulianDay, 1);
      case DateKey::kFx:
        return;
      default:
        out_.append(element.text);
    }
  }

  const Moment& moment_;
  std::string out_;
};

Moment MomentOf(int64_t local) {
  const CivilTime civil = CivilFromTimestamp(local);
  Moment moment;
  moment.year = civil.year;
  moment.month = civil.month;
  moment.day = civil.day;
  moment.hour = civil.hour;
  moment.minute = civil.minute;
  moment.second = civil.second;
  moment.microsecond = civil.microsecond;
  moment.date = DateFromTimestamp(local);
  moment.day_of_year = DayOfYear(civil);
  return moment;
}

}  // namespace

Result<std::string> TimestampToChar(int64_t timestamp, std::string_view format) {
  if (!IsFiniteTimestamp(timestamp)) return std::string();
  return Writer(MomentOf(timestamp)).Write(ParseDateTemplate(format));
}

Result<std::string> TimestamptzToChar(int64_t utc, std::string_view format, const TimeZone& zone) {
  if (!IsFiniteTimestamp(utc)) return std::string();
  const int32_t east = zone.AtUtc(utc).seconds_east;
  Moment moment = MomentOf(utc + east * kMicrosPerSecond);
  moment.seconds_east = east;
  moment.zone_name = zone.AbbreviationAtUtc(utc);
  return Writer(moment).Write(ParseDateTemplate(format));
}

Result<std::string> IntervalToChar(const Interval& interval, std::string_view format) {
  Moment moment;
  moment.is_interval = true;
  moment.year = interval.months / 12;
  moment.month = interval.months % 12;
  moment.day = interval.days;
  moment.hour = interval.microseconds / kMicrosPerHour;
  moment.minute = static_cast<int32_t>(interval.microseconds % kMicrosPerHour / kMicrosPerMinute);
  moment.second = static_cast<int32_t>(interval.microseconds % kMicrosPerMinute / kMicrosPerSecond);
  moment.microsecond = static_cast<int32_t>(interval.microseconds % kMicrosPerSecond);
  // A year has 12 months of 30 days here.
  moment.day_of_year = interval.months * 30 + interval.days;
  return Writer(moment).Write(ParseDateTemplate(format));
}

}  // namespace helios
