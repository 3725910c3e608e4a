// to_timestamp and to_date: text read by a template. Spaces and separators are lenient unless FX
// asks for exact columns; a number takes as many digits as its pattern has, or all when no digit
// pattern follows.

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>

#include "types/format.h"
#include "types/internal/datetime_template.h"
#include "types/internal/datetime_tokens.h"
#include "types/text.h"
#include "types/time/zone.h"

namespace helios {

namespace {

constexpr std::string_view kRoman[] = {"I",   "II",   "III", "IV", "V",  "VI",
                                       "VII", "VIII", "IX",  "X",  "XI", "XII"};

// What the text said; an absent field is not set.
struct Fields {
  std::optional<int64_t> year, century, julian;
  int32_t year_digits = 4;
  std::optional<int32_t> month, day, day_of_year, hour, minute, second, microsecond, seconds_of_day;
  std::optional<int32_t> weekday, iso_week, week, week_of_month;
  std::optional<int32_t> zone_hours, zone_minutes;
  bool zone_negative = false;
  bool twelve_hours = false;
  bool pm = false;
  bool bc = false;
  bool iso = false;
};

// Years of fewer than four digits are the ones nearest to 2020.
int64_t NearestYear(int64_t year) {
  if (year < 70) return year + 2000;
  if (year < 100) return year + 1900;
  if (year < 520) return year + 2000;
  if (year < 1000) return year + 1000;
  return year;
}

bool IsSeparator(char c) {
  return c > 0x20 && c < 0x7f && std::isalnum(static_cast<unsigned char>(c)) == 0;
}

class TextReader {
 public:
  TextReader(std::string_view text, const std::vector<DateElement>& elements)
      : text_(text), elements_(elements) {}

  Result<Fields> Read() {
    for (size_t i = 0; i < elements_.size() && at_ < text_.size(); ++i) {
      const DateElement& element = elements_[i];
      const bool is_pattern = element.key != DateKey::kLiteral && element.key != DateKey::kSpace &&
                              element.key != DateKey::kSeparator;
      if (!exact_ && (is_pattern || i == 0)) extra_spaces_ += SkipSpaces();
      if (element.key == DateKey::kFx) {
        exact_ = true;
        continue;
      }
      if (element.key == DateKey::kSpace || element.key == DateKey::kSeparator) {
        if (exact_) {
          SkipCharacter();
        } else {
          --extra_spaces_;
          if (at_ < text_.size() && (IsSpace(text_[at_]) || IsSeparator(text_[at_]))) {
            ++at_;
            ++extra_spaces_;
          }
        }
        continue;
      }
      if (!is_pattern) {
        if (!exact_ && extra_spaces_ > 0) {
          --extra_spaces_;
        } else {
          SkipCharacter();
        }
        continue;
      }
      HELIOS_TRY(ReadElement(element, NextIsSeparator(i)));
      if (!exact_) extra_spaces_ = SkipSpaces();
    }
    return fields_;
  }

 private:
  int SkipSpaces() {
    int count = 0;
    for (; at_ < text_.size() && IsSpace(text_[at_]); ++at_) ++count;
    return count;
  }
  void SkipCharacter() {
    if (at_ >= text_.size()) return;
    at_ = std::min(text_.size(), at_ + Utf8CharBytes(static_cast<unsigned char>(text_[at_])));
  }

  bool NextIsSeparator(size_t index) const {
    if (elements_[index].ordinal || index + 1 == elements_.size()) return true;
    const DateElement& next = elements_[index + 1];
    const bool is_literal = next.key == DateKey::kLiteral;
    if (is_literal) return !(next.text[0] >= '0' && next.text[0] <= '9');
    return !next.is_digit();
  }

  Status Invalid(const DateElement& element, std::string_view value, std::string detail) const {
    return Error(ErrorCode::kInvalidDatetimeFormat)
        .Message("invalid value \"{}\" for \"{}\"", value, element.text)
        .Detail("{}", detail);
  }

  // A number of up to `width` digits; all digits when nothing after them could be one.
  Result<int64_t> Number(const DateElement& element, size_t width, bool greedy) {
    SkipSpaces();
    const size_t begin = at_;
    size_t end = at_;
    const size_t limit =
        element.fill || greedy ? text_.size() : std::min(text_.size(), begin + width);
    if (end < limit && (text_[end] == '-' || text_[end] == '+')) ++end;
    const size_t digits_begin = end;
    while (end < limit && text_[end] >= '0' && text_[end] <= '9') ++end;
    if (end == digits_begin) {
      return Invalid(element, text_.substr(begin, width), "Value must be an integer.");
    }
    if (!(element.fill || greedy)) {
      if (text_.size() - begin < width) {
        return Error(ErrorCode::kInvalidDatetimeFormat)
            .Message("source string too short for \"{}\" formatting field", element.text)
            .Detail("Field requires {} characters, but only {} remain.", width,
                    text_.size() - begin)
            .Hint("If your source string is not fixed-width, try using the \"FM\" modifier.");
      }
      if (end - begin < width) {
        Status status = Invalid(element, text_.substr(begin, width),
                                fmt::format("Field requires {} characters, but only {} could be "
                                            "parsed.",
                                            width, end - begin));
        status.mutable_info().hint =
            "If your source string is not fixed-width, try using the \"FM\" modifier.";
        return status;
      }
    }
    int64_t value = 0;
    const char* first = text_.data() + begin + (text_[begin] == '+' ? 1 : 0);
    const auto parsed = std::from_chars(first, text_.data() + end, value);
    if (parsed.ec != std::errc() || value > INT32_MAX || value < INT32_MIN) {
      return Error(ErrorCode::kDatetimeFieldOverflow)
          .Message("value for \"{}\" in source string is out of range", element.text)
          .Detail("Value must be in the range {} to {}.", INT32_MIN, INT32_MAX);
    }
    at_ = end;
    if (element.ordinal) at_ = std::min(text_.size(), at_ + 2);
    return value;
  }

  template <typename T>
  Status Set(const DateElement& element, std::optional<T>* field, int64_t value) {
    if (field->has_value() && **field != value) {
      return Error(ErrorCode::kInvalidDatetimeFormat)
          .Message("conflicting values for \"{}\" field in formatting string", element.text)
          .Detail("This value contradicts a previous setting for the same field type.");
    }
    *field = static_cast<T>(value);
    return Status::Ok();
  }

  template <typename T>
  Status ReadInto(const DateElement& element, size_t width, bool greedy, std::optional<T>* field) {
    HELIOS_TRY(const int64_t value, Number(element, width, greedy));
    return Set(element, field, value);
  }

  // A fraction of a second: "5" of MS is 500 ms.
  Status ReadFraction(const DateElement& element, size_t width, bool greedy) {
    const size_t begin = at_;
    HELIOS_TRY(int64_t value, Number(element, width, true));
    size_t digits = at_ - begin;
    if (digits > width && !greedy) {
      at_ = begin + width;
      digits = width;
      std::from_chars(text_.data() + begin, text_.data() + at_, value);
    }
    for (; digits < 6; ++digits) value *= 10;
    for (; digits > 6; --digits) value /= 10;
    return Set(element, &fields_.microsecond, value);
  }

  // The longest of the words that the text starts with, ignoring case; -1: none.
  Result<int32_t> Word(const DateElement& element, DateTimeWord::Kind kind, bool full) {
    size_t length = 0;
    while (at_ + length < text_.size() &&
           std::isalpha(static_cast<unsigned char>(text_[at_ + length])) != 0) {
      ++length;
    }
    std::string lower(text_.substr(at_, length));
    for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    // Full names are taken whole, short ones are three letters.
    for (size_t take = full ? length : std::min<size_t>(3, length); take >= 3; --take) {
      const DateTimeWord word = FindDateTimeWord(std::string_view(lower).substr(0, take));
      const bool is_full = take > 3 || lower.substr(0, take) == "may";
      if (word.kind == kind && (full ? is_full : take == 3)) {
        at_ += take;
        return word.value;
      }
      if (!full) break;
    }
    size_t end = at_;
    while (end < text_.size() && !IsSpace(text_[end])) ++end;
    return Invalid(element, text_.substr(at_, end - at_),
                   "The given value did not match any of the allowed values for this field.");
  }

  Status ReadElement(const DateElement& element, bool greedy) {  // NOLINT: one case a key.
    switch (element.key) {
      case DateKey::kHh24:
        return ReadInto(element, 2, greedy, &fields_.hour);
      case DateKey::kHh12:
        fields_.twelve_hours = true;
        return ReadInto(element, 2, greedy, &fields_.hour);
      case DateKey::kMi:
        return ReadInto(element, 2, greedy, &fields_.minute);
      case DateKey::kSs:
        return ReadInto(element, 2, greedy, &fields_.second);
      case DateKey::kMs:
        return ReadFraction(element, 3, greedy);
      case DateKey::kUs:
        return ReadFraction(element, 6, greedy);
      case DateKey::kFf:
        return ReadFraction(element, static_cast<size_t>(element.digits), greedy);
      case DateKey::kSssss:
        return ReadInto(element, 5, greedy, &fields_.seconds_of_day);
      case DateKey::kAm:
      case DateKey::kAmDots:
      case DateKey::kAd:
      case DateKey::kAdDots:
        return ReadHalfOrEra(element);
      case DateKey::kMonth:
      case DateKey::kMon: {
        HELIOS_TRY(const int32_t month,
                   Word(element, DateTimeWord::Kind::kMonth, element.key == DateKey::kMonth));
        return Set(element, &fields_.month, month);
      }
      case DateKey::kMm:
        return ReadInto(element, 2, greedy, &fields_.month);
      case DateKey::kDay:
      case DateKey::kDy: {
        HELIOS_TRY(const int32_t day,
                   Word(element, DateTimeWord::Kind::kWeekday, element.key == DateKey::kDay));
        return Set(element, &fields_.weekday, day);
      }
      case DateKey::kDdd:
        return ReadInto(element, 3, greedy, &fields_.day_of_year);
      case DateKey::kIddd:
        fields_.iso = true;
        return ReadInto(element, 3, greedy, &fields_.day_of_year);
      case DateKey::kDd:
        return ReadInto(element, 2, greedy, &fields_.day);
      case DateKey::kD: {
        HELIOS_TRY(const int64_t day, Number(element, 1, greedy));
        return Set(element, &fields_.weekday, day - 1);
      }
      case DateKey::kId: {
        HELIOS_TRY(const int64_t day, Number(element, 1, greedy));
        return Set(element, &fields_.weekday, day == 7 ? 0 : day);
      }
      case DateKey::kWw:
        return ReadInto(element, 2, greedy, &fields_.week);
      case DateKey::kIw:
        fields_.iso = true;
        return ReadInto(element, 2, greedy, &fields_.iso_week);
      case DateKey::kW:
        return ReadInto(element, 1, greedy, &fields_.week_of_month);
      case DateKey::kCc:
        return ReadInto(element, 2, greedy, &fields_.century);
      case DateKey::kJ:
        return ReadInto(element, 7, true, &fields_.julian);
      case DateKey::kQ:
        return Number(element, 1, greedy).status();
      case DateKey::kRm:
        return ReadRoman(element);
      case DateKey::kTzh:
        return ReadZoneHours(element, greedy);
      case DateKey::kTzm:
        return ReadInto(element, 2, greedy, &fields_.zone_minutes);
      case DateKey::kTz:
      case DateKey::kOf:
        return Error(ErrorCode::kFeatureNotSupported)
            .Message("formatting field \"{}\" is only supported in to_char", element.text);
      default:
        return ReadYear(element, greedy);
    }
  }

  Status ReadYear(const DateElement& element, bool greedy) {
    size_t width = 4;
    switch (element.key) {
      case DateKey::kIyyy:
        fields_.iso = true;
        break;
      case DateKey::kYyy:
        width = 3;
        break;
      case DateKey::kIyy:
        fields_.iso = true;
        width = 3;
        break;
      case DateKey::kYy:
        width = 2;
        break;
      case DateKey::kIy:
        fields_.iso = true;
        width = 2;
        break;
      case DateKey::kY:
        width = 1;
        break;
      case DateKey::kI:
        fields_.iso = true;
        width = 1;
        break;
      case DateKey::kYComma:
        return ReadCommaYear(element);
      default:
        break;
    }
    const size_t begin = at_;
    HELIOS_TRY(int64_t year, Number(element, width, greedy));
    if (width < 4 && at_ - begin < 4) year = NearestYear(year);
    fields_.year_digits = static_cast<int32_t>(width);
    return Set(element, &fields_.year, year);
  }

  Status ReadCommaYear(const DateElement& element) {
    DateElement leading = element;
    leading.ordinal = false;
    HELIOS_TRY(const int64_t thousands, Number(leading, 1, true));
    if (at_ >= text_.size() || text_[at_] != ',') {
      return Error(ErrorCode::kInvalidDatetimeFormat).Message("invalid input string for \"Y,YYY\"");
    }
    ++at_;
    HELIOS_TRY(const int64_t rest, Number(element, 3, false));
    return Set(element, &fields_.year, thousands * 1000 + rest);
  }

  Status ReadHalfOrEra(const DateElement& element) {
    const bool dots = element.key == DateKey::kAmDots || element.key == DateKey::kAdDots;
    const bool is_half = element.key == DateKey::kAm || element.key == DateKey::kAmDots;
    const std::string_view first = is_half ? (dots ? "a.m." : "am") : (dots ? "a.d." : "ad");
    const std::string_view second = is_half ? (dots ? "p.m." : "pm") : (dots ? "b.c." : "bc");
    std::string lower(text_.substr(at_, first.size()));
    for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (lower != first && lower != second) {
      return Invalid(element, text_.substr(at_, first.size()),
                     "The given value did not match any of the allowed values for this field.");
    }
    at_ += first.size();
    if (is_half) {
      fields_.twelve_hours = true;
      fields_.pm = lower == second;
    } else {
      fields_.bc = lower == second;
    }
    return Status::Ok();
  }

  Status ReadRoman(const DateElement& element) {
    size_t length = 0;
    std::string upper;
    while (at_ + length < text_.size() &&
           std::string_view("IVXivx").find(text_[at_ + length]) != std::string_view::npos) {
      upper.push_back(
          static_cast<char>(std::toupper(static_cast<unsigned char>(text_[at_ + length++]))));
    }
    for (size_t month = 0; month < 12; ++month) {
      if (kRoman[month] != upper) continue;
      at_ += length;
      return Set(element, &fields_.month, static_cast<int64_t>(month) + 1);
    }
    return Invalid(element, text_.substr(at_, 4),
                   "The given value did not match any of the allowed values for this field.");
  }

  Status ReadZoneHours(const DateElement& element, bool greedy) {
    if (at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-' || text_[at_] == ' ')) {
      fields_.zone_negative = text_[at_] == '-';
      ++at_;
    } else if (extra_spaces_ > 0 && at_ > 0 && text_[at_ - 1] == '-') {
      fields_.zone_negative = true;  // Its sign went by as a separator.
    }
    return ReadInto(element, 2, greedy, &fields_.zone_hours);
  }

  const std::string_view text_;
  const std::vector<DateElement>& elements_;
  size_t at_ = 0;
  bool exact_ = false;
  int extra_spaces_ = 0;  // Blanks and separators that the template did not name.
  Fields fields_;
};

Status OutOfRange(std::string_view text) {
  return Error(ErrorCode::kDatetimeFieldOverflow)
      .Message("date/time field value out of range: \"{}\"", text);
}

Result<int64_t> ClockOf(const Fields& fields, std::string_view text) {
  int64_t hour = fields.hour.value_or(0);
  if (fields.twelve_hours) {
    // AM and PM without an hour say nothing.
    if (fields.hour.has_value()) {
      if (hour < 1 || hour > 12) {
        return Error(ErrorCode::kInvalidDatetimeFormat)
            .Message("hour \"{}\" is invalid for the 12-hour clock", hour)
            .Hint("Use the 24-hour clock, or give an hour between 1 and 12.");
      }
      hour = hour % 12 + (fields.pm ? 12 : 0);
    }
  }
  int64_t minute = fields.minute.value_or(0);
  int64_t second = fields.second.value_or(0);
  if (fields.seconds_of_day.has_value()) {
    const int64_t total = *fields.seconds_of_day;
    if (total < 0 || total >= 86400) return OutOfRange(text);
    if (!fields.hour.has_value()) hour = total / 3600;
    if (!fields.minute.has_value()) minute = total % 3600 / 60;
    if (!fields.second.has_value()) second = total % 60;
  }
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) {
    return OutOfRange(text);
  }
  return hour * kMicrosPerHour + minute * kMicrosPerMinute + second * kMicrosPerSecond +
         fields.microsecond.value_or(0);
}

Result<int64_t> DateOf(const Fields& fields, std::string_view text) {
  if (fields.julian.has_value()) return *fields.julian - kEpochJulianDay;
  int64_t year = fields.year.value_or(0);
  if (fields.century.has_value()) {
    const int64_t century = fields.bc ? -*fields.century : *fields.century;
    if (fields.year.has_value() && fields.year_digits <= 2) {
      int64_t in_century = year % 100;
      year = century >= 0 ? in_century + (in_century != 0 ? (century - 1) * 100 : century * 100)
                          : (century + 1) * 100 - in_century + 1;
    } else if (!fields.year.has_value()) {
      year = century >= 0 ? (century - 1) * 100 + 1 : century * 100 + 1;
    }
  } else if (fields.year.has_value()) {
    // "BC" of a year, and a negative year, count backwards; there is no year 0.
    if (fields.bc) year = -year;
    if (year < 0) ++year;
  }
  if (year < -4800 || year > 6000000) return OutOfRange(text);
  const auto shown_year = static_cast<int32_t>(year);
  if (fields.iso_week.has_value()) {
    const int64_t fourth = DaysFromCivil(year, 1, 4);
    const int64_t monday = fourth - (DayOfWeek(static_cast<int32_t>(fourth)) + 6) % 7;
    const int32_t weekday = fields.weekday.has_value() ? (*fields.weekday + 6) % 7 : 0;
    return monday + (int64_t{*fields.iso_week} - 1) * 7 + weekday;
  }
  if (fields.day_of_year.has_value() && !fields.month.has_value()) {
    if (fields.iso) {
      const int64_t fourth = DaysFromCivil(year, 1, 4);
      return fourth - (DayOfWeek(static_cast<int32_t>(fourth)) + 6) % 7 + *fields.day_of_year - 1;
    }
    const int32_t days = IsLeapYear(shown_year) ? 366 : 365;
    if (*fields.day_of_year < 1 || *fields.day_of_year > days) return OutOfRange(text);
    return DaysFromCivil(year, 1, 1) + *fields.day_of_year - 1;
  }
  if (fields.week.has_value()) return DaysFromCivil(year, 1, 1) + (int64_t{*fields.week} - 1) * 7;
  // A zero stands for a field that was not given.
  const int32_t month = fields.month.value_or(0) == 0 ? 1 : *fields.month;
  int32_t day = fields.day.value_or(0) == 0 ? 1 : *fields.day;
  if (fields.week_of_month.has_value()) day = (*fields.week_of_month - 1) * 7 + 1;
  if (month < 1 || month > 12 || day < 1 || day > DaysInMonth(shown_year, month)) {
    return OutOfRange(text);
  }
  return DaysFromCivil(year, month, day);
}

}  // namespace

Result<int64_t> ToTimestamp(std::string_view text, std::string_view format, const TimeZone& zone) {
  const std::vector<DateElement> elements = ParseDateTemplate(format);
  HELIOS_TRY(const Fields fields, TextReader(text, elements).Read());
  HELIOS_TRY(const int64_t date, DateOf(fields, text));
  HELIOS_TRY(const int64_t time, ClockOf(fields, text));
  int64_t local;
  if (__builtin_mul_overflow(date, kMicrosPerDay, &local) ||
      __builtin_add_overflow(local, time, &local)) {
    return Error(ErrorCode::kDatetimeFieldOverflow).Message("timestamp out of range");
  }
  int64_t east = 0;
  if (fields.zone_hours.has_value() || fields.zone_minutes.has_value()) {
    const int64_t hours = fields.zone_hours.value_or(0);
    const int64_t minutes = fields.zone_minutes.value_or(0);
    if (hours < 0 || hours > 15 || minutes < 0 || minutes > 59) return OutOfRange(text);
    east = (hours * 3600 + minutes * 60) * (fields.zone_negative ? -1 : 1);
  } else {
    east = zone.SecondsEastOfLocal(local);
  }
  int64_t utc;
  if (__builtin_sub_overflow(local, east * kMicrosPerSecond, &utc) || !IsValidTimestamp(utc)) {
    return Error(ErrorCode::kDatetimeFieldOverflow).Message("timestamp out of range");
  }
  return utc;
}

Result<int32_t> ToDate(std::string_view text, std::string_view format) {
  const std::vector<DateElement> elements = ParseDateTemplate(format);
  HELIOS_TRY(const Fields fields, TextReader(text, elements).Read());
  HELIOS_TRY(const int64_t date, DateOf(fields, text));
  HELIOS_TRY(ClockOf(fields, text));
  if (date < kDateMin || date >= kDateEnd) {
    return Error(ErrorCode::kDatetimeFieldOverflow).Message("date out of range: \"{}\"", text);
  }
  return static_cast<int32_t>(date);
}

}  // namespace helios
