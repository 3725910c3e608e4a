#include "types/internal/datetime_reader.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "types/text.h"
#include "types/time/zone.h"

namespace helios {

namespace {

using Parsed = ParsedDateTime;
using Problem = DateTimeProblem;

bool IsDigits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

bool DigitsToInt(std::string_view digits, int32_t* out) {
  if (!IsDigits(digits)) return false;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), *out);
  return parsed.ec == std::errc();
}

bool FractionToMicros(std::string_view digits, int32_t* out) {
  if (digits.empty()) {
    *out = 0;
    return true;
  }
  if (!IsDigits(digits)) return false;
  int32_t value = 0;
  for (size_t i = 0; i < 6; ++i) value = value * 10 + (i < digits.size() ? digits[i] - '0' : 0);
  if (digits.size() > 6) {
    // Halves go to even, as rint() has it for the exact half.
    const std::string_view rest = digits.substr(6);
    const bool exact_half =
        rest[0] == '5' && rest.find_first_not_of('0', 1) == std::string_view::npos;
    if (rest[0] > '5' || (rest[0] == '5' && (!exact_half || value % 2 == 1))) ++value;
  }
  *out = value;
  return true;
}

namespace {

// "10", "10:30", "10:30:05.5" into the clock.
Problem ReadClock(std::string_view text, Parsed* out) {
  if (out->hour.has_value()) return Problem::kFormat;
  std::string_view fraction;
  const size_t dot = text.find('.');
  if (dot != std::string_view::npos) {
    fraction = text.substr(dot + 1);
    text = text.substr(0, dot);
  }
  int32_t parts[3] = {0, 0, 0};
  size_t count = 0;
  while (true) {
    const size_t colon = text.find(':');
    if (count == 3 || !DigitsToInt(text.substr(0, colon), &parts[count])) return Problem::kFormat;
    ++count;
    if (colon == std::string_view::npos) break;
    text.remove_prefix(colon + 1);
    if (text.empty() && count == 2) break;  // "10:30:" ends like "10:30".
  }
  if (dot != std::string_view::npos && count < 3) {
    if (count != 2) return Problem::kFormat;
    // "mm:ss.fff"
    parts[2] = parts[1];
    parts[1] = parts[0];
    parts[0] = 0;
  }
  if (!FractionToMicros(fraction, &out->microsecond)) return Problem::kFormat;
  out->hour = parts[0];
  out->minute = parts[1];
  out->second = parts[2];
  if (parts[1] > 59 || parts[2] > 60 || parts[0] > 24) return Problem::kFieldOverflow;
  return Problem::kNone;
}

// "+05", "-0530", "+05:30:15"
Problem ReadOffset(std::string_view text, int32_t* seconds_east) {
  const bool negative = text[0] == '-';
  text.remove_prefix(1);
  int32_t hours = 0, minutes = 0, seconds = 0;
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos) {
    int32_t value;
    if (!DigitsToInt(text, &value)) return Problem::kFormat;
    if (text.size() > 4) {
      hours = value / 10000;
      minutes = value / 100 % 100;
      seconds = value % 100;
    } else if (text.size() > 2) {
      hours = value / 100;
      minutes = value % 100;
    } else {
      hours = value;
    }
  } else {
    if (!DigitsToInt(text.substr(0, colon), &hours)) return Problem::kFormat;
    text.remove_prefix(colon + 1);
    const size_t second_colon = text.find(':');
    if (!DigitsToInt(text.substr(0, second_colon), &minutes)) return Problem::kFormat;
    if (second_colon != std::string_view::npos &&
        !DigitsToInt(text.substr(second_colon + 1), &seconds)) {
      return Problem::kFormat;
    }
  }
  if (hours > 15 || minutes > 59 || seconds > 59) return Problem::kZoneOverflow;
  const int32_t size = hours * 3600 + minutes * 60 + seconds;
  *seconds_east = negative ? -size : size;
  return Problem::kNone;
}

class Reader {
 public:
  Reader(DateOrder order, bool time_only, Parsed* out)
      : order_(order), time_only_(time_only), out_(*out) {}

  Problem Read(const std::vector<DateTimeToken>& tokens) {
    for (size_t i = 0; i < tokens.size(); ++i) {
      const Problem problem =
          ReadToken(tokens[i], i + 1 < tokens.size() ? &tokens[i + 1] : nullptr);
      if (problem != Problem::kNone) return problem;
    }
    return pending_julian_ ? Problem::kFormat : Problem::kNone;
  }

 private:
  Problem ReadToken(const DateTimeToken& token, const DateTimeToken* next) {
    if (pending_julian_) return ReadJulian(token.text);
    switch (token.kind) {
      case DateTimeToken::Kind::kDate:
        return ReadDateToken(token.text);
      case DateTimeToken::Kind::kTime:
        return ReadClock(token.text, &out_);
      case DateTimeToken::Kind::kSigned:
        return ReadOffsetToken(token.text);
      case DateTimeToken::Kind::kNumber:
        return ReadNumberToken(token.text);
      case DateTimeToken::Kind::kWord:
        return ReadWord(token.text, next);
      case DateTimeToken::Kind::kSignedWord:
        if (FindDateTimeWord(std::string_view(token.text).substr(1)).kind !=
            DateTimeWord::Kind::kInfinity) {
          return Problem::kFormat;
        }
        return SetSpecial(token.text[0] == '-' ? DateTimeWord::Kind::kNegativeInfinity
                                               : DateTimeWord::Kind::kInfinity);
    }
    return Problem::kFormat;
  }

  Problem SetSpecial(DateTimeWord::Kind kind) {
    if (out_.has_special()) return Problem::kFormat;
    out_.special = kind;
    return Problem::kNone;
  }

  Problem ReadJulian(std::string_view text) {
    pending_julian_ = false;
    const size_t dot = text.find('.');
    int32_t day;
    if (out_.has_date() || !DigitsToInt(text.substr(0, dot), &day)) return Problem::kFormat;
    out_.julian = day;
    if (dot == std::string_view::npos) return Problem::kNone;
    const double fraction = std::strtod(std::string("0").append(text.substr(dot)).c_str(), nullptr);
    const auto micros = static_cast<int64_t>(fraction * static_cast<double>(kMicrosPerDay));
    const CivilTime clock = CivilFromTimestamp(micros);
    out_.hour = clock.hour;
    out_.minute = clock.minute;
    out_.second = clock.second;
    out_.microsecond = clock.microsecond;
    return Problem::kNone;
  }

  Problem SetZone(const TimeZone* zone) {
    if (out_.zone != nullptr || out_.seconds_east.has_value()) return Problem::kFormat;
    out_.zone = zone;
    return Problem::kNone;
  }

  Problem ReadOffsetToken(std::string_view text) {
    if (out_.zone != nullptr || out_.seconds_east.has_value()) return Problem::kFormat;
    // "2020-01-05 -0500" without a time is no zone: the date must come with a clock or stand alone.
    int32_t east;
    const Problem problem = ReadOffset(text, &east);
    if (problem == Problem::kNone) out_.seconds_east = east;
    return problem;
  }

  Problem ReadDateToken(std::string_view text) {
    const bool starts_with_letter = text[0] < '0' || text[0] > '9';
    if (starts_with_letter) {
      const size_t separator = text.find_first_of("-/.");
      const DateTimeWord word = FindDateTimeWord(text.substr(0, separator));
      if (word.kind != DateTimeWord::Kind::kMonth || out_.has_date()) {
        const TimeZone* zone = TimeZone::Find(text);
        if (zone == nullptr) {
          out_.zone_name = text;
          return Problem::kZoneName;
        }
        return SetZone(zone);
      }
    }
    const bool clock_and_offset = text.find('-') == text.find_first_of("-/.") && time_only_ &&
                                  text.find('-') == text.rfind('-');
    if (out_.has_date() || clock_and_offset) {
      // "20011225-0800": after the date a number with an offset behind it is a time.
      const size_t dash = text.find('-');
      if (dash == std::string_view::npos || out_.hour.has_value()) return Problem::kFormat;
      const Problem problem = ReadDigits(text.substr(0, dash));
      return problem != Problem::kNone ? problem : ReadOffsetToken(text.substr(dash));
    }
    return ReadDateParts(text);
  }

  // Requires: nothing of a date is known, or a part of it.
  Problem ReadDateParts(std::string_view text) {
    std::vector<std::string_view> parts;
    size_t begin = 0;
    for (size_t i = 0; i <= text.size(); ++i) {
      if (i == text.size() || text[i] == '-' || text[i] == '/' || text[i] == '.') {
        if (i > begin) parts.push_back(text.substr(begin, i - begin));
        begin = i + 1;
      }
    }
    if (parts.size() > 3) return Problem::kFormat;
    for (std::string_view& part : parts) {
      const DateTimeWord word = FindDateTimeWord(part);
      if (word.kind == DateTimeWord::Kind::kUnknown) continue;
      if (word.kind != DateTimeWord::Kind::kMonth || out_.month.has_value())
        return Problem::kFormat;
      out_.month = word.value;
      out_.text_month = true;
      part = {};
    }
    for (std::string_view part : parts) {
      if (part.empty()) continue;
      const Problem problem = ReadDateNumber(part);
      if (problem != Problem::kNone) return problem;
    }
    return out_.has_date() ? Problem::kNone : Problem::kFormat;
  }

  Problem SetYear(std::string_view digits, int32_t value) {
    out_.year = value;
    out_.year_short = digits.size() <= 2;
    return Problem::kNone;
  }

  // One number of a date: which field it is depends on the fields before it.
  Problem ReadDateNumber(std::string_view digits) {
    int32_t value;
    if (!DigitsToInt(digits, &value)) return Problem::kFormat;
    const bool has_year = out_.year.has_value();
    const bool has_month = out_.month.has_value();
    const bool has_day = out_.day.has_value();
    if (digits.size() == 3 && has_year && !has_month && !has_day && value >= 1 && value <= 366) {
      out_.day_of_year = value;
      return Problem::kNone;
    }
    const bool wide = digits.size() >= 3 || order_ == DateOrder::kYmd;
    if (!has_year && !has_month && !has_day) {
      if (wide) return SetYear(digits, value);
      (order_ == DateOrder::kDmy ? out_.day : out_.month) = value;
    } else if (has_year && !has_month && !has_day) {
      out_.month = value;
    } else if (!has_year && has_month && !has_day) {
      if (out_.text_month && wide) return SetYear(digits, value);
      out_.day = value;
    } else if (has_year && has_month && !has_day) {
      if (out_.text_month && digits.size() >= 3 && out_.year_short) {
        // The first number was the day after all.
        out_.day = out_.year;
        return SetYear(digits, value);
      }
      out_.day = value;
    } else if (!has_year && !has_month && has_day) {
      out_.month = value;
    } else if (!has_year && has_month && has_day) {
      return SetYear(digits, value);
    } else {
      return Problem::kFormat;
    }
    return Problem::kNone;
  }

  // Digits run together: yyyymmdd, yymmdd, hhmmss or hhmm, with a fraction of a second perhaps.
  Problem ReadDigits(std::string_view text) {
    const size_t dot = text.find('.');
    const std::string_view digits = text.substr(0, dot);
    if (!IsDigits(digits)) return Problem::kFormat;
    const auto number = [&digits](size_t from, size_t length) {
      int32_t value = 0;
      DigitsToInt(digits.substr(from, length), &value);
      return value;
    };
    if (dot == std::string_view::npos && !out_.has_date() && !time_only_) {
      if (digits.size() < 6) return Problem::kFormat;
      const size_t year_digits = digits.size() - 4;
      if (!DigitsToInt(digits.substr(0, year_digits), &out_.year.emplace()))
        return Problem::kFieldOverflow;
      out_.year_short = year_digits == 2;
      out_.month = number(year_digits, 2);
      out_.day = number(year_digits + 2, 2);
      return Problem::kNone;
    }
    if (out_.hour.has_value()) return Problem::kFormat;
    if (dot != std::string_view::npos &&
        !FractionToMicros(text.substr(dot + 1), &out_.microsecond)) {
      return Problem::kFormat;
    }
    if (digits.size() != 6 && digits.size() != 4) return Problem::kFormat;
    out_.hour = number(0, 2);
    out_.minute = number(2, 2);
    out_.second = digits.size() == 6 ? number(4, 2) : 0;
    const bool overflow = *out_.hour > 24 || out_.minute > 59 || out_.second > 60;
    return overflow ? Problem::kFieldOverflow : Problem::kNone;
  }

  Problem ReadNumberToken(std::string_view text) {
    const size_t dot = text.find('.');
    const bool knows_date_part =
        out_.year.has_value() || out_.month.has_value() || out_.day.has_value();
    if (time_only_) return ReadDigits(text);
    if (dot != std::string_view::npos) {
      if (!knows_date_part && !out_.has_date()) return ReadDateParts(text);
      return dot > 2 ? ReadDigits(text) : Problem::kFormat;
    }
    if (text.size() >= 6 && (!knows_date_part || !out_.hour.has_value())) return ReadDigits(text);
    if (out_.has_date()) return out_.hour.has_value() ? Problem::kFormat : ReadDigits(text);
    return ReadDateNumber(text);
  }

  Problem ReadWord(const std::string& text, const DateTimeToken* next) {
    const DateTimeWord word = FindDateTimeWord(text);
    switch (word.kind) {
      case DateTimeWord::Kind::kMonth:
        return ReadMonth(word.value);
      case DateTimeWord::Kind::kWeekday:
      case DateTimeWord::Kind::kIgnored:
        return Problem::kNone;
      case DateTimeWord::Kind::kAm:
        out_.half = 1;
        return Problem::kNone;
      case DateTimeWord::Kind::kPm:
        out_.half = 2;
        return Problem::kNone;
      case DateTimeWord::Kind::kAd:
      case DateTimeWord::Kind::kBc:
        if (era_read_) return Problem::kFormat;
        era_read_ = true;
        out_.bc = word.kind == DateTimeWord::Kind::kBc;
        return Problem::kNone;
      case DateTimeWord::Kind::kDst:
        out_.dst = true;
        return Problem::kNone;
      case DateTimeWord::Kind::kJulian:
        pending_julian_ = true;
        return Problem::kNone;
      case DateTimeWord::Kind::kTimePrefix:
        return next != nullptr && (out_.has_date() || time_only_) ? Problem::kNone
                                                                  : Problem::kFormat;
      case DateTimeWord::Kind::kUnknown:
        return ReadZoneWord(text);
      default:
        return SetSpecial(word.kind);
    }
  }

  Problem ReadMonth(int32_t month) {
    if (out_.month.has_value()) {
      // "5 January 2020" in month-first order: the number before the name was the day.
      if (out_.text_month || out_.day.has_value()) return Problem::kFormat;
      out_.day = out_.month;
    }
    out_.month = month;
    out_.text_month = true;
    return Problem::kNone;
  }

  Problem ReadZoneWord(const std::string& text) {
    if (const TimeZone::Abbreviation* abbreviation = TimeZone::FindAbbreviation(text)) {
      if (out_.zone != nullptr || out_.seconds_east.has_value()) return Problem::kFormat;
      out_.seconds_east = abbreviation->seconds_east;
      return Problem::kNone;
    }
    const TimeZone* zone = TimeZone::Find(text);
    return zone == nullptr ? Problem::kFormat : SetZone(zone);
  }

  const DateOrder order_;
  const bool time_only_;
  Parsed& out_;
  bool pending_julian_ = false;
  bool era_read_ = false;  // AD or BC
};

}  // namespace

DateTimeProblem ReadDateTimeTokens(const std::vector<DateTimeToken>& tokens, DateOrder order,
                                   bool time_only, ParsedDateTime* out) {
  return Reader(order, time_only, out).Read(tokens);
}

}  // namespace helios
